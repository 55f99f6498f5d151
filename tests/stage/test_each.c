#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/error.h"
#include "stage/each.h"

#define COUNT 1000

static atomic_int calls[COUNT];
static pthread_t caller;
static atomic_bool elsewhere;
static bool alone; /* nobody else will come */
static int64_t failing;

static int put(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error)
{
    (void)user, (void)name, (void)content, (void)crc32, (void)cancel, (void)error;
    return LDBX_OK;
}

static int forget(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **error)
{
    (void)user, (void)name, (void)cancel, (void)error;
    return LDBX_OK;
}

static ldbx_stager *new_stager(int parallel)
{
    const ldbx_stager_ops ops = {.size = sizeof ops, .put = put, .remove = forget};
    ldbx_stager_options options;
    ldbx_stager *stager = NULL;

    ldbx_stager_options_init(&options, sizeof options);
    options.url = "test://";
    options.parallel = parallel;
    ck_assert_int_eq(ldbx_stager_new(&ops, &options, NULL, &stager, NULL), LDBX_OK);
    return stager;
}

static int count_call(int64_t index, void *user, ldbx_error **error)
{
    ck_assert_ptr_eq(user, calls);
    atomic_fetch_add(&calls[index], 1);
    if (!pthread_equal(pthread_self(), caller))
        atomic_store(&elsewhere, true);
    while (!alone && !atomic_load(&elsewhere))
        sched_yield();
    return index == failing ? ldbx_fail(error, LDBX_NOT_FOUND, "number %d", (int)index) : LDBX_OK;
}

/* Loop: with one thread, some, and the most. */
START_TEST(each_is_called_once)
{
    static const int parallel[] = {1, 4, 64};
    ldbx_stager *stager = new_stager(parallel[_i]);
    ldbx_error *error = NULL;

    caller = pthread_self();
    alone = _i == 0;
    failing = -1;
    expect_ok(ldbx_stager_each(stager, COUNT, count_call, calls, &error), error);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(calls[i], 1);
    ck_assert_int_eq(elsewhere, !alone);
    expect_ok(ldbx_stager_each(stager, 0, count_call, calls, &error), error);
    ldbx_stager_destroy(stager);
}
END_TEST

START_TEST(a_failure_ends_it)
{
    ldbx_stager *stager = new_stager(_i == 0 ? 1 : 8);
    ldbx_error *error = NULL;
    int made = 0;

    alone = true;
    failing = 100;
    expect_status(ldbx_stager_each(stager, COUNT, count_call, calls, &error), LDBX_NOT_FOUND, error);
    ck_assert_str_eq(ldbx_error_message(error), "number 100");
    for (int i = 0; i < COUNT; i++)
        made += calls[i];
    if (_i == 0)
        ck_assert_int_eq(made, 101);
    ldbx_error_destroy(error);
    ldbx_stager_destroy(stager);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("each");
    TCase *tcase = suite_case(suite, "each");

    tcase_add_loop_test(tcase, each_is_called_once, 0, 3);
    tcase_add_loop_test(tcase, a_failure_ends_it, 0, 2);
    return suite_run(suite);
}
