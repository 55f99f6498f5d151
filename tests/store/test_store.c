#include "suite.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "store/store.h"

/* A host's store whose answers are set by the test. */
typedef struct host {
    int status;
    const char *message;
    int deliveries;
    int64_t revision;
    ldbx_view document;
    int64_t expected; /* what the last save named */
    int took;         /* what the library answered to the last delivery */
    int destroyed;
} host;

static int host_load(void *user, const char *key, ldbx_store_take_fn take, void *context, const char **message)
{
    host *us = user;

    ck_assert_str_eq(key, "job");
    for (int i = 0; i < us->deliveries; i++)
        us->took = take(us->document, us->revision, context);
    *message = us->message;
    return us->status;
}

static int host_save(void *user, const char *key, ldbx_view document, int64_t expected, const char **message)
{
    host *us = user;

    ck_assert_str_eq(key, "job");
    us->document = document;
    us->expected = expected;
    *message = us->message;
    return us->status;
}

static int host_remove(void *user, const char *key, const char **message)
{
    host *us = user;

    ck_assert_str_eq(key, "job");
    *message = us->message;
    return us->status;
}

static void host_destroy(void *user)
{
    ((host *)user)->destroyed++;
}

static const ldbx_store_ops host_ops = {sizeof host_ops, host_load, host_save, host_remove, host_destroy};

static ldbx_store *store_of(host *us)
{
    ldbx_error *error = NULL;
    ldbx_store *store = NULL;

    expect_ok(ldbx_store_new(&host_ops, us, &store, &error), error);
    return store;
}

START_TEST(new_checks_its_hooks)
{
    ldbx_error *error = NULL;
    ldbx_store *store = NULL;
    ldbx_store_ops ops = host_ops;

    ops.save = NULL;
    expect_status(ldbx_store_new(&ops, NULL, &store, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), "ldbx_store_ops: load, save and remove are required");
    ops = host_ops;
    ops.size = 8;
    expect_status(ldbx_store_new(&ops, NULL, &store, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_store_new(NULL, NULL, &store, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_store_new(&host_ops, NULL, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_ptr_null(store);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(new_refuses_hooks_of_a_newer_library)
{
    struct {
        ldbx_store_ops known;
        void *later;
    } ops = {host_ops, NULL};
    ldbx_error *error = NULL;
    ldbx_store *store = NULL;
    host us = {0};

    ops.known.size = sizeof ops;
    expect_ok(ldbx_store_new(&ops.known, &us, &store, &error), error);
    ldbx_store_destroy(store);
    ops.later = &us;
    expect_status(ldbx_store_new(&ops.known, &us, &store, &error), LDBX_INVALID_ARGUMENT, error);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(destroy_tells_the_host)
{
    ldbx_store_ops quiet = host_ops;
    ldbx_error *error = NULL;
    ldbx_store *store = NULL;
    host us = {0};

    ldbx_store_destroy(store_of(&us));
    ck_assert_int_eq(us.destroyed, 1);
    ldbx_store_destroy(NULL);
    quiet.destroy = NULL;
    expect_ok(ldbx_store_new(&quiet, &us, &store, &error), error);
    ldbx_store_destroy(store);
    ck_assert_int_eq(us.destroyed, 1);
}
END_TEST

START_TEST(load_replaces_what_the_buffer_held)
{
    host us = {.deliveries = 1, .revision = 7, .document = {"{\"a\":1}", 7}};
    ldbx_store *store = store_of(&us);
    ldbx_error *error = NULL;
    ldbx_buf document;
    int64_t revision = -1;

    ldbx_buf_init(&document, 100);
    ldbx_buf_str(&document, "old");
    expect_ok(ldbx_store_load(store, "job", &document, &revision, &error), error);
    ck_assert_str_eq(ldbx_buf_cstr(&document), "{\"a\":1}");
    ck_assert_int_eq(revision, 7);
    ck_assert_int_eq(us.took, 0);
    ldbx_buf_clear(&document);
    ldbx_store_destroy(store);
}
END_TEST

/* What a host may get wrong, and what comes of it. */
START_TEST(load_trusts_no_host)
{
    static const struct {
        host answer;
        int status;
        const char *message;
    } cases[] = {
        {{.status = LDBX_NOT_FOUND}, LDBX_NOT_FOUND, "checkpoint job: not found"},
        {{.status = LDBX_IO, .message = "no cable"}, LDBX_IO, "checkpoint job: no cable"},
        {{.status = LDBX_IO, .deliveries = 1, .revision = 1}, LDBX_IO, "checkpoint job: input or output failed"},
        {{.status = LDBX_DONE}, LDBX_IO, "checkpoint job: input or output failed"},
        {{.status = LDBX_OK}, LDBX_INVALID_DATA, "checkpoint job: the store found it but gave nothing"},
        {{.deliveries = 1, .revision = 0},
         LDBX_INVALID_DATA,
         "checkpoint job: the store gave no single document with a revision"},
        {{.deliveries = 2, .revision = 3},
         LDBX_INVALID_DATA,
         "checkpoint job: the store gave no single document with a revision"},
        {{.deliveries = 1, .revision = 1, .document = {"0123456789", 10}},
         LDBX_INVALID_DATA,
         "checkpoint job: larger than a checkpoint may be (64 MiB)"},
    };
    host us = cases[_i].answer;
    ldbx_store *store = store_of(&us);
    ldbx_error *error = NULL;
    ldbx_buf document;
    int64_t revision = -1;

    ldbx_buf_init(&document, 9);
    expect_status(ldbx_store_load(store, "job", &document, &revision, &error), cases[_i].status, error);
    ck_assert_str_eq(ldbx_error_message(error), cases[_i].message);
    ck_assert_int_eq(revision, 0);
    ldbx_error_destroy(error);
    ldbx_buf_clear(&document);
    ldbx_store_destroy(store);
}
END_TEST
#define LOAD_CASES 8

START_TEST(save_counts_up_only_on_success)
{
    host us = {0};
    ldbx_store *store = store_of(&us);
    ldbx_error *error = NULL;
    int64_t revision = 4;

    expect_ok(ldbx_store_save(store, "job", ldbx_view_of("x"), &revision, &error), error);
    ck_assert_int_eq(us.expected, 4);
    ck_assert_int_eq(revision, 5);
    us.status = LDBX_CONFLICT;
    expect_status(ldbx_store_save(store, "job", ldbx_view_of("x"), &revision, &error), LDBX_CONFLICT, error);
    ck_assert_int_eq(revision, 5);
    ck_assert_str_eq(ldbx_error_message(error), "checkpoint job: another runner holds it");
    expect_status(ldbx_store_save(store, "job", (ldbx_view){"x", LDBX_MAX_DOCUMENT + 1}, &revision, &error),
                  LDBX_INVALID_ARGUMENT, error);
    us.status = LDBX_FORBIDDEN;
    us.message = "not yours";
    expect_status(ldbx_store_remove(store, "job", &error), LDBX_FORBIDDEN, error);
    ck_assert_str_eq(ldbx_error_message(error), "checkpoint job: not yours");
    us.status = LDBX_OK;
    expect_ok(ldbx_store_remove(store, "job", &error), error);
    ldbx_error_destroy(error);
    ldbx_store_destroy(store);
}
END_TEST

START_TEST(memory_compares_revisions)
{
    ldbx_error *error = NULL;
    ldbx_store *store = NULL;
    int64_t revision = 0, stale = 0, other = 0, read = 0;
    ldbx_buf document;

    ldbx_buf_init(&document, 100);
    expect_ok(ldbx_store_new_memory(&store, &error), error);
    expect_status(ldbx_store_load(store, "a", &document, &read, &error), LDBX_NOT_FOUND, error);
    expect_ok(ldbx_store_save(store, "a", ldbx_view_of("one"), &revision, &error), error);
    expect_ok(ldbx_store_save(store, "a", ldbx_view_of("two"), &revision, &error), error);
    expect_ok(ldbx_store_save(store, "b", ldbx_view_of("other"), &other, &error), error);
    expect_status(ldbx_store_save(store, "a", ldbx_view_of("three"), &stale, &error), LDBX_CONFLICT, error);
    ck_assert_str_eq(ldbx_error_message(error), "checkpoint a: saved by another runner in the meantime");
    expect_ok(ldbx_store_load(store, "a", &document, &read, &error), error);
    ck_assert_int_eq(read, 2);
    ck_assert_str_eq(ldbx_buf_cstr(&document), "two");
    expect_ok(ldbx_store_remove(store, "a", &error), error);
    expect_ok(ldbx_store_remove(store, "a", &error), error);
    expect_status(ldbx_store_load(store, "a", &document, &read, &error), LDBX_NOT_FOUND, error);
    expect_status(ldbx_store_save(store, "a", ldbx_view_of("x"), &revision, &error), LDBX_CONFLICT, error);
    expect_ok(ldbx_store_save(store, "a", ldbx_view_of("anew"), &stale, &error), error);
    expect_ok(ldbx_store_load(store, "b", &document, &read, &error), error);
    ck_assert_str_eq(ldbx_buf_cstr(&document), "other");
    ldbx_error_destroy(error);
    ldbx_buf_clear(&document);
    ldbx_store_destroy(store);
}
END_TEST

/* Ends with the first n at which nothing fails; before, the last good document must stand. */
START_TEST(memory_failure_leaves_the_old_document)
{
    ldbx_error *error = NULL;
    ldbx_buf document;
    bool failed = true;
    int status;
    long n = 0;

    ldbx_buf_init(&document, 100);
    while (failed) {
        long before = suite_allocations();
        ldbx_store *store = NULL;
        int64_t revision = 0, read = 0;
        suite_fail_allocation(++n);
        status = ldbx_store_new_memory(&store, &error);
        if (status == LDBX_OK)
            status = ldbx_store_save(store, "key", ldbx_view_of("one"), &revision, &error);
        if (status == LDBX_OK)
            status = ldbx_store_save(store, "key", ldbx_view_of("two"), &revision, &error);
        suite_fail_allocation(0);
        failed = suite_allocations() - before >= n;
        ck_assert(status == LDBX_OK || status == LDBX_NO_MEMORY);
        if (revision > 0) {
            expect_ok(ldbx_store_load(store, "key", &document, &read, &error), error);
            ck_assert_int_eq(read, revision);
            ck_assert_str_eq(ldbx_buf_cstr(&document), revision == 1 ? "one" : "two");
        }
        ldbx_store_destroy(store);
    }
    ck_assert_int_gt(n, 4);
    ldbx_error_destroy(error);
    ldbx_buf_clear(&document);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *hooks = suite_case(suite, "hooks");
    TCase *memory = suite_case(suite, "memory");

    tcase_add_test(hooks, new_checks_its_hooks);
    tcase_add_test(hooks, new_refuses_hooks_of_a_newer_library);
    tcase_add_test(hooks, destroy_tells_the_host);
    tcase_add_test(hooks, load_replaces_what_the_buffer_held);
    tcase_add_loop_test(hooks, load_trusts_no_host, 0, LOAD_CASES);
    tcase_add_test(hooks, save_counts_up_only_on_success);
    tcase_add_test(memory, memory_compares_revisions);
    tcase_add_test(memory, memory_failure_leaves_the_old_document);
    return suite_run(suite);
}
