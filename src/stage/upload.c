#include "stage/upload.h"

#include <pthread.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/lock.h"
#include "base/mem.h"

#define LOOK_MS 50 /* how often a caller that waits for the threads looks at its token */

typedef enum part_state {
    PART_NEW,       /* the stager does not know it */
    PART_BEGINNING, /* a thread is about to get its transfer */
    PART_OPEN,      /* it has a transfer */
    PART_CLOSED     /* the stager has ended it, well or not */
} part_state;

typedef struct part {
    struct part *next; /* of those that are not finished */
    char *name;
    void *transfer;
    part_state state;
    int64_t blocks; /* handed out so far */
    int64_t sent;
    int64_t bytes; /* these two as far as it was handed out */
    uint32_t crc32;
    bool ended; /* no block will follow */
} part;

typedef struct block {
    struct block *next; /* of those that wait, or that are spare */
    part *part;
    int64_t index;
    uint32_t crc32;
    ldbx_buf bytes;
} block;

struct ldbx_uploader {
    ldbx_stager *stager;
    ldbx_cancel *cancel; /* the caller's */
    ldbx_cancel *halt;   /* ends what the threads do; NULL: without threads */
    int parallel;
    int threads; /* that were started */
    pthread_t *ids;
    block *blocks;
    part *writing; /* NULL: none */
    block *filling;

    ldbx_lock lock; /* guards what follows, and what parts and blocks on their way hold */
    block *spare;
    block *waiting; /* oldest first */
    part *parts;
    bool stop;
    int status; /* the first failure */
    ldbx_error *failure;
};

static ldbx_cancel *token_of(const ldbx_uploader *uploader)
{
    return uploader->halt != NULL ? uploader->halt : uploader->cancel;
}

int ldbx_uploader_new(ldbx_stager *stager, ldbx_cancel *cancel, ldbx_uploader **out, ldbx_error **error)
{
    ldbx_uploader *uploader = ldbx_calloc(1, sizeof *uploader);
    int status = LDBX_OK;

    *out = NULL;
    if (uploader == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_lock_init(&uploader->lock);
    uploader->stager = stager;
    uploader->cancel = cancel;
    uploader->parallel = ldbx_stager_parallel(stager);
    uploader->ids = ldbx_calloc((size_t)uploader->parallel, sizeof *uploader->ids);
    uploader->blocks = ldbx_calloc((size_t)uploader->parallel + 1, sizeof *uploader->blocks);
    if (uploader->ids == NULL || uploader->blocks == NULL)
        status = ldbx_fail_no_memory(error);
    if (status == LDBX_OK && uploader->parallel > 1)
        status = ldbx_cancel_new(&uploader->halt, error);
    if (status != LDBX_OK) {
        ldbx_uploader_destroy(uploader);
        return status;
    }
    for (int i = 0; i <= uploader->parallel; i++) {
        ldbx_buf_init(&uploader->blocks[i].bytes, ldbx_stager_block_bytes(stager));
        uploader->blocks[i].next = uploader->spare;
        uploader->spare = &uploader->blocks[i];
    }
    *out = uploader;
    return LDBX_OK;
}

static void stop_threads(ldbx_uploader *uploader)
{
    ldbx_lock_take(&uploader->lock);
    uploader->stop = true;
    ldbx_lock_tell(&uploader->lock);
    ldbx_lock_give(&uploader->lock);
    ldbx_cancel_trigger(uploader->halt);
    for (int i = 0; i < uploader->threads; i++)
        pthread_join(uploader->ids[i], NULL);
}

static void drop_part(part *gone)
{
    ldbx_free(gone->name);
    ldbx_free(gone);
}

void ldbx_uploader_destroy(ldbx_uploader *uploader)
{
    if (uploader == NULL)
        return;
    stop_threads(uploader);
    while (uploader->parts != NULL) {
        part *open = uploader->parts;
        uploader->parts = open->next;
        if (open->state == PART_OPEN)
            ldbx_stager_abandon(uploader->stager, open->transfer);
        drop_part(open);
    }
    for (int i = 0; uploader->blocks != NULL && i <= uploader->parallel; i++)
        ldbx_buf_clear(&uploader->blocks[i].bytes);
    ldbx_cancel_destroy(uploader->halt);
    ldbx_error_destroy(uploader->failure);
    ldbx_lock_clear(&uploader->lock);
    ldbx_free(uploader->blocks);
    ldbx_free(uploader->ids);
    ldbx_free(uploader);
}

/* Failures. The first one stays; what is still on its way is told to end. */

static void fail_locked(ldbx_uploader *uploader, int status, ldbx_error **failure)
{
    if (uploader->status == LDBX_OK) {
        uploader->status = status;
        ldbx_error_move(&uploader->failure, failure);
        ldbx_cancel_trigger(uploader->halt);
    }
    ldbx_error_destroy(*failure);
    *failure = NULL;
    ldbx_lock_tell(&uploader->lock);
}

static void fail(ldbx_uploader *uploader, int status, ldbx_error **failure)
{
    ldbx_lock_take(&uploader->lock);
    fail_locked(uploader, status, failure);
    ldbx_lock_give(&uploader->lock);
}

/* LDBX_OK, or the failure once more: the caller owns the errors that it gets. */
static int report(ldbx_uploader *uploader, ldbx_error **error)
{
    const ldbx_error *failure;
    ldbx_error_facts facts;
    int status;

    ldbx_lock_take(&uploader->lock);
    status = uploader->status;
    failure = uploader->failure;
    ldbx_lock_give(&uploader->lock);
    if (status == LDBX_OK)
        return LDBX_OK;
    facts = (ldbx_error_facts){.sqlstate = ldbx_error_sqlstate(failure),
                               .error_class = ldbx_error_class(failure),
                               .http_status = ldbx_error_http_status(failure),
                               .retry = (int)ldbx_error_retry(failure)};
    return ldbx_fail_facts(error, (ldbx_status)status, &facts, "%s", ldbx_error_message(failure));
}

/* Sending; on the threads, or on the caller's where there are none. The lock is given during calls of the stager. */

/* The oldest block that can go out now: those of a part that is being begun wait for it. */
static block *next_block_locked(ldbx_uploader *uploader)
{
    for (block **at = &uploader->waiting; *at != NULL && uploader->status == LDBX_OK; at = &(*at)->next) {
        block *found = *at;
        if (found->part->state == PART_BEGINNING)
            continue;
        *at = found->next;
        return found;
    }
    return NULL;
}

static int begin_locked(ldbx_uploader *uploader, part *one, ldbx_error **error)
{
    int status;

    one->state = PART_BEGINNING;
    ldbx_lock_give(&uploader->lock);
    status = ldbx_stager_begin(uploader->stager, one->name, &one->transfer, token_of(uploader), error);
    ldbx_lock_take(&uploader->lock);
    one->state = status == LDBX_OK ? PART_OPEN : PART_CLOSED;
    ldbx_lock_tell(&uploader->lock);
    return status;
}

static int send_locked(ldbx_uploader *uploader, const block *sent, bool whole, ldbx_error **error)
{
    const part *one = sent->part;
    ldbx_view bytes = ldbx_buf_get(&sent->bytes);
    int status;

    ldbx_lock_give(&uploader->lock);
    if (whole)
        status = ldbx_stager_put(uploader->stager, one->name, bytes, sent->crc32, token_of(uploader), error);
    else
        status = ldbx_stager_block(uploader->stager, one->name, one->transfer, sent->index, bytes, sent->crc32,
                                   token_of(uploader), error);
    ldbx_lock_take(&uploader->lock);
    return status;
}

static int finish_locked(ldbx_uploader *uploader, part *one, ldbx_error **error)
{
    int status;

    one->state = PART_CLOSED;
    ldbx_lock_give(&uploader->lock);
    status = ldbx_stager_finish(uploader->stager, one->name, one->transfer, one->bytes, one->crc32, token_of(uploader),
                                error);
    ldbx_lock_take(&uploader->lock);
    return status;
}

static void forget_part_locked(ldbx_uploader *uploader, part *done)
{
    part **at = &uploader->parts;

    while (*at != done)
        at = &(*at)->next;
    *at = done->next;
    drop_part(done);
}

static void spare_locked(ldbx_uploader *uploader, block *used)
{
    ldbx_buf_reset(&used->bytes);
    used->next = uploader->spare;
    uploader->spare = used;
}

static void serve_locked(ldbx_uploader *uploader, block *one)
{
    part *of = one->part;
    bool whole = of->ended && of->blocks == 1; /* block 0 goes out when its end has come, or more than it holds */
    ldbx_error *failure = NULL;
    int status = LDBX_OK;

    if (!whole && of->state == PART_NEW)
        status = begin_locked(uploader, of, &failure);
    if (status == LDBX_OK)
        status = send_locked(uploader, one, whole, &failure);
    spare_locked(uploader, one);
    of->sent += status == LDBX_OK;
    if (status == LDBX_OK && of->ended && of->sent == of->blocks) {
        if (!whole)
            status = finish_locked(uploader, of, &failure);
        if (status == LDBX_OK)
            forget_part_locked(uploader, of);
    }
    if (status != LDBX_OK)
        fail_locked(uploader, status, &failure);
    ldbx_lock_tell(&uploader->lock);
}

static void *serve_all(void *argument)
{
    ldbx_uploader *uploader = argument;

    ldbx_lock_take(&uploader->lock);
    while (!uploader->stop) {
        block *one = next_block_locked(uploader);
        if (one != NULL)
            serve_locked(uploader, one);
        else
            ldbx_lock_wait(&uploader->lock, -1);
    }
    ldbx_lock_give(&uploader->lock);
    return NULL;
}

/* Another thread while there may be work for it; with parallel 1 the work itself. */
static void send_on(ldbx_uploader *uploader)
{
    ldbx_error *failure = NULL;
    block *one;

    if (uploader->parallel == 1) {
        ldbx_lock_take(&uploader->lock);
        while ((one = next_block_locked(uploader)) != NULL)
            serve_locked(uploader, one);
        ldbx_lock_give(&uploader->lock);
        return;
    }
    if (uploader->threads == uploader->parallel)
        return;
    if (pthread_create(&uploader->ids[uploader->threads], NULL, serve_all, uploader) != 0) {
        int status = ldbx_fail(&failure, LDBX_IO, "a thread for staging could not be started");
        fail(uploader, status, &failure);
        return;
    }
    uploader->threads++;
}

/* Writing. */

static void look_at_token_locked(ldbx_uploader *uploader)
{
    ldbx_error *failure = NULL;

    if (ldbx_cancel_check(uploader->cancel, &failure) != LDBX_OK)
        fail_locked(uploader, LDBX_CANCELLED, &failure);
}

int ldbx_uploader_begin(ldbx_uploader *uploader, const char *name, ldbx_error **error)
{
    part *made;

    LDBX_TRY(report(uploader, error));
    if (uploader->writing != NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is still being written", uploader->writing->name);
    made = ldbx_calloc(1, sizeof *made);
    if (made != NULL)
        made->name = ldbx_strdup(name);
    if (made == NULL || made->name == NULL) {
        ldbx_free(made);
        return ldbx_fail_no_memory(error);
    }
    ldbx_lock_take(&uploader->lock);
    made->next = uploader->parts;
    uploader->parts = made;
    ldbx_lock_give(&uploader->lock);
    uploader->writing = made;
    return LDBX_OK;
}

/* Hands out the block that was filled. end: it is the part's last; receives what the part has become. */
static void hand_out(ldbx_uploader *uploader, ldbx_uploaded *end)
{
    part *of = uploader->writing;
    block *full = uploader->filling;
    block **last = &uploader->waiting;

    full->part = of;
    full->next = NULL;
    full->crc32 = ldbx_crc32(0, full->bytes.data, full->bytes.size);
    uploader->filling = NULL;
    ldbx_lock_take(&uploader->lock);
    full->index = of->blocks++;
    of->bytes += (int64_t)full->bytes.size;
    of->crc32 = ldbx_crc32_combine(of->crc32, full->crc32, (int64_t)full->bytes.size);
    if (end != NULL) {
        of->ended = true;
        *end = (ldbx_uploaded){of->bytes, of->crc32};
        uploader->writing = NULL;
    }
    while (*last != NULL)
        last = &(*last)->next;
    *last = full;
    ldbx_lock_tell(&uploader->lock);
    ldbx_lock_give(&uploader->lock);
    send_on(uploader);
}

/* A block to fill; waits until one is spare. */
static void take_spare(ldbx_uploader *uploader)
{
    ldbx_lock_take(&uploader->lock);
    look_at_token_locked(uploader);
    while (uploader->spare == NULL && uploader->status == LDBX_OK) {
        ldbx_lock_wait(&uploader->lock, LOOK_MS);
        look_at_token_locked(uploader);
    }
    if (uploader->status == LDBX_OK) {
        uploader->filling = uploader->spare;
        uploader->spare = uploader->filling->next;
    }
    ldbx_lock_give(&uploader->lock);
}

/* Room for at least one byte of the part that is being written. */
static int make_room(ldbx_uploader *uploader, ldbx_error **error)
{
    size_t most = ldbx_stager_block_bytes(uploader->stager);

    if (uploader->filling != NULL && uploader->filling->bytes.size < most)
        return report(uploader, error);
    if (uploader->filling != NULL) {
        if (!ldbx_stager_takes_blocks(uploader->stager))
            return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "staging %s: the stager takes no more than %zu bytes",
                             uploader->writing->name, most);
        hand_out(uploader, NULL);
    }
    take_spare(uploader);
    return report(uploader, error);
}

int ldbx_uploader_write(ldbx_uploader *uploader, ldbx_view bytes, ldbx_error **error)
{
    while (bytes.size > 0) {
        ldbx_buf *to;
        size_t size;

        LDBX_TRY(make_room(uploader, error));
        to = &uploader->filling->bytes;
        size = bytes.size < to->max - to->size ? bytes.size : to->max - to->size;
        ldbx_buf_append(to, bytes.data, size);
        if (to->failed) {
            ldbx_error *failure = NULL;
            fail(uploader, ldbx_fail_no_memory(&failure), &failure);
            return report(uploader, error);
        }
        bytes.data += size;
        bytes.size -= size;
    }
    return LDBX_OK;
}

int ldbx_uploader_end(ldbx_uploader *uploader, ldbx_uploaded *out, ldbx_error **error)
{
    if (uploader->filling == NULL)
        take_spare(uploader); /* of an empty part */
    LDBX_TRY(report(uploader, error));
    hand_out(uploader, out);
    return report(uploader, error);
}

int ldbx_uploader_wait(ldbx_uploader *uploader, ldbx_error **error)
{
    LDBX_TRY(report(uploader, error));
    if (uploader->writing != NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is still being written", uploader->writing->name);
    ldbx_lock_take(&uploader->lock);
    look_at_token_locked(uploader);
    while (uploader->parts != NULL && uploader->status == LDBX_OK) {
        ldbx_lock_wait(&uploader->lock, LOOK_MS);
        look_at_token_locked(uploader);
    }
    ldbx_lock_give(&uploader->lock);
    return report(uploader, error);
}
