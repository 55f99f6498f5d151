#include "stage/each.h"

#include "base/error.h"
#include "base/lock.h"

typedef struct round_of_calls {
    int64_t count;
    ldbx_each_fn *call;
    void *user;
    ldbx_lock lock; /* of what follows */
    int64_t next;
    int status; /* of the first call that failed */
    ldbx_error *failure;
} round_of_calls;

/* -1: no more. */
static int64_t take(round_of_calls *round)
{
    int64_t index = -1;

    ldbx_lock_take(&round->lock);
    if (round->status == LDBX_OK && round->next < round->count)
        index = round->next++;
    ldbx_lock_give(&round->lock);
    return index;
}

static void *serve(void *user)
{
    round_of_calls *round = user;

    for (int64_t index = take(round); index >= 0; index = take(round)) {
        ldbx_error *failure = NULL;
        const int status = round->call(index, round->user, &failure);

        if (status == LDBX_OK)
            continue;
        ldbx_lock_take(&round->lock);
        if (round->status == LDBX_OK) {
            round->status = status;
            ldbx_error_move(&round->failure, &failure);
        }
        ldbx_lock_give(&round->lock);
        ldbx_error_destroy(failure);
    }
    return NULL;
}

/* A thread that cannot be started leaves its work to the others: the caller is one of them. */
int ldbx_stager_each(const ldbx_stager *stager, int64_t count, ldbx_each_fn *call, void *user, ldbx_error **error)
{
    round_of_calls round = {.count = count, .call = call, .user = user};
    const int64_t wanted = ldbx_stager_parallel(stager) < count ? ldbx_stager_parallel(stager) : count;
    pthread_t threads[LDBX_STAGER_MOST_PARALLEL];
    int started = 0;

    ldbx_lock_init(&round.lock);
    while (started + 1 < wanted && started < LDBX_STAGER_MOST_PARALLEL &&
           pthread_create(&threads[started], NULL, serve, &round) == 0)
        started++;
    serve(&round);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    ldbx_lock_clear(&round.lock);
    if (round.status != LDBX_OK)
        ldbx_error_move(error, &round.failure);
    return round.status;
}
