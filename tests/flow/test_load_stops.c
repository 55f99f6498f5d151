/*
 * Loads that are stopped at every save and every call of the stager, and whose statements fail in every way: the next one goes on, and each row is in the
 * table once. Run by tests/flow/test_flow.py.
 */
#include "loads.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "stage/stager.h"
#include "store/store.h"

/* A store over that in memory, whose n-th save fails. */

static int saves, failing_save; /* from 1; 0: none */
static bool keeps_it;           /* the document is saved, and only the answer is lost */

static int load_document(void *user, const char *key, ldbx_store_take_fn take, void *context, const char **message)
{
    ldbx_buf document;
    int64_t revision;
    int status;

    (void)user;
    (void)message;
    ldbx_buf_init(&document, LDBX_MAX_DOCUMENT);
    status = ldbx_store_load(loads_store, key, &document, &revision, NULL);
    if (status == LDBX_OK)
        take(ldbx_buf_get(&document), revision, context);
    ldbx_buf_clear(&document);
    return status;
}

static int save_document(void *user, const char *key, ldbx_view document, int64_t expected, const char **message)
{
    const bool fails = ++saves == failing_save;

    (void)user;
    *message = "stopped here";
    if (fails && !keeps_it)
        return LDBX_IO;
    if (ldbx_store_save(loads_store, key, document, &expected, NULL) != LDBX_OK) {
        *message = "another runner took over";
        return LDBX_CONFLICT;
    }
    return fails ? LDBX_IO : LDBX_OK;
}

static int remove_document(void *user, const char *key, const char **message)
{
    (void)user;
    (void)message;
    return ldbx_store_remove(loads_store, key, NULL);
}

static ldbx_store *new_store(void)
{
    const ldbx_store_ops ops = {sizeof ops, load_document, save_document, remove_document, NULL};
    ldbx_store *made = NULL;

    saves = 0;
    expect_ok(ldbx_store_new(&ops, NULL, &made, &error), error);
    return made;
}

/* A stager over the folder's, whose n-th call fails; from then on all do, if it `stays` so: as if the process were gone. */

static int calls, failing_call;
static bool stays;

static bool fails_now(ldbx_error **hook)
{
    calls++;
    if (failing_call == 0 || calls < failing_call || (calls > failing_call && !stays))
        return false;
    ldbx_error_set(hook, LDBX_UNAVAILABLE, "stopped here");
    return true;
}

static int put(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **hook)
{
    return fails_now(hook) ? LDBX_UNAVAILABLE : ldbx_stager_put(user, name, content, crc32, cancel, hook);
}

static int forget(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **hook)
{
    return fails_now(hook) ? LDBX_UNAVAILABLE : ldbx_stager_remove(user, name, cancel, hook);
}

static int check(void *user, const char *name, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **hook)
{
    return fails_now(hook) ? LDBX_UNAVAILABLE : ldbx_stager_check(user, name, bytes, crc32, cancel, hook);
}

static ldbx_stager *new_stager(void)
{
    const ldbx_stager_ops ops = {.size = sizeof ops, .put = put, .remove = forget, .check = check};
    ldbx_stager_options options;
    ldbx_stager *made = NULL;

    calls = 0;
    ldbx_stager_options_init(&options, sizeof options);
    options.url = ldbx_stager_url(loads_stager);
    options.block_bytes = 64 << 10; /* without blocks, parts end at it */
    expect_ok(ldbx_stager_new(&ops, &options, loads_stager, &made, &error), error);
    return made;
}

static void set_up(void)
{
    loads_set_up();
    failing_save = failing_call = 0;
}

/* One load that may fail where it is told to, then whatever it takes to have the rows in the table. */
static int try_twice(const char *source)
{
    ldbx_store *store = new_store();
    ldbx_stager *stager = new_stager();
    ldbx_loader_options options = loads_options(source);
    int status;

    options.store = store;
    options.gzip = 1;
    status = loads_run(stager, &options, NULL);
    ck_assert_int_le(status, LDBX_OK);
    failing_save = failing_call = 0;
    if (status != LDBX_OK) {
        ck_assert_msg(error != NULL && ldbx_error_status(error) == status, "no error for status %d", status);
        ck_assert_int_ge(loads_run(stager, &options, NULL), LDBX_OK);
    }
    ldbx_stager_destroy(stager);
    ldbx_store_destroy(store);
    return status;
}

/* Loop: the save is lost, or only its answer. */
START_TEST(stopped_at_every_save_it_goes_on)
{
    for (int n = 1;; n++) {
        loads_execute("DROP TABLE IF EXISTS flow_load");
        loads_forget_error();
        ldbx_store_remove(loads_store, "Flow load", NULL);
        failing_save = n;
        keeps_it = _i % 2 == 1;
        if (try_twice("source") == LDBX_OK) {
            ck_assert_int_eq(saves, n - 1);
            ck_assert_int_ge(n, 7);
            break;
        }
        loads_expect_each_once();
        ck_assert_int_eq(loads_staged_files(), 0);
    }
}
END_TEST

START_TEST(stopped_at_every_call_of_the_stager_it_goes_on)
{
    for (int n = 1;; n++) {
        loads_execute("DROP TABLE IF EXISTS flow_load");
        loads_forget_error();
        ldbx_store_remove(loads_store, "Flow load", NULL);
        failing_call = n;
        stays = _i == 1;
        try_twice("source");
        loads_expect_each_once();
        if (calls < n)
            break;
        if (loads_staged_files() == 0)
            continue;
        try_twice("another"); /* removes what the clean-up left */
        ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), 2 * LOADS_ROWS);
        ck_assert_int_eq(loads_staged_files(), 0);
    }
}
END_TEST

/* Statements that fail. Waits are skipped, so that the budget of 15 minutes passes at once. */

#define REFUSED(class, state)                                                                                          \
    "\"action\": \"refuse\", \"class\": \"" class "\", \"sqlstate\": \"" state                                         \
                                                  "\", \"message\": \"not now\", \"times\": 3"

static const struct {
    const char *statement, *fault;
} failing[] = {
    {"COPY INTO", "\"action\": \"reset_after\""},
    {"COPY INTO", "\"action\": \"reset_before\", \"times\": 7"},
    {"COPY INTO", "\"action\": \"status\", \"status\": 503, \"times\": 8"},
    {"COPY INTO", "\"action\": \"status\", \"status\": 503, \"headers\": {\"Retry-After\": \"7\"}, \"times\": 2"},
    {"COPY INTO", "\"action\": \"status\", \"status\": 429, \"headers\": {\"Retry-After\": \"1\"}, \"times\": 12"},
    {"COPY INTO", "\"action\": \"lost_session\", \"times\": 2"},
    {"COPY INTO", "\"action\": \"cut\""},
    {"COPY INTO", REFUSED("DELTA_CONCURRENT_APPEND.WHOLE_TABLE_READ", "2D521")},
    {"COPY INTO", REFUSED("DELTA_METADATA_CHANGED", "2D521")},
    {"COPY INTO", REFUSED("COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED", "25000")},
    {"CREATE TABLE", "\"action\": \"reset_after\""},
    {"CREATE TABLE", "\"action\": \"lost_session\""},
    {"CREATE TABLE", REFUSED("DELTA_METADATA_CHANGED", "2D521")},
    {"DESCRIBE HISTORY", "\"action\": \"reset_after\", \"skip\": 1"},
    {"DESCRIBE HISTORY", "\"action\": \"lost_session\""},
    {"DESCRIBE DETAIL", "\"action\": \"status\", \"status\": 503, \"times\": 8"},
    {"DESCRIBE DETAIL", "\"action\": \"lost_session\", \"skip\": 1"},
    {"SELECT * FROM", "\"action\": \"lost_session\""},
    {"SELECT * FROM", "\"action\": \"cut\""},
    {"current_catalog", "\"action\": \"lost_session\""},
    {"SET ", "\"action\": \"lost_session\""},
};

#define FAILING (int)(sizeof failing / sizeof failing[0])

START_TEST(a_statement_that_fails_is_repeated)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};
    char rules[512];
    int status;

    snprintf(rules, sizeof rules, "[{\"rpc\": \"ExecuteStatement\", \"statement\": \"%s\", %s}]", failing[_i].statement,
             failing[_i].fault);
    flow_faults(rules);
    status = loads_run(loads_stager, &options, &result);
    ck_assert_msg(status == LDBX_OK, "%s: %s", rules, ldbx_error_message(error));
    ck_assert_int_gt(flow_struck(), 0);
    flow_faults(NULL);
    loads_expect_each_once();
    ck_assert_int_eq(result.version_after, 1);
    ck_assert_int_eq(loads_staged_files(), 0);
}
END_TEST

static const char *const running[] = {
    /* lost while it runs, in the middle of the polls */
    "[{\"rpc\": \"ExecuteStatement\", \"statement\": \"COPY INTO\", \"action\": \"run\", \"polls\": 3}, "
    "{\"rpc\": \"GetOperationStatus\", \"statement\": \"COPY INTO\", \"action\": \"lost_session\"}]",
    "[{\"rpc\": \"ExecuteStatement\", \"statement\": \"COPY INTO\", \"action\": \"run\", \"polls\": 3}, "
    "{\"rpc\": \"GetOperationStatus\", \"statement\": \"COPY INTO\", \"action\": \"evicted\"}]",
    /* it goes on without its client, and keeps its files meanwhile */
    "[{\"rpc\": \"ExecuteStatement\", \"statement\": \"COPY INTO\", \"action\": \"run\", \"seconds\": 0.05, "
    "\"loading\": true}, "
    "{\"rpc\": \"ExecuteStatement\", \"statement\": \"COPY INTO\", \"action\": \"reset_after\"}]",
};

START_TEST(a_statement_that_goes_on_without_us_is_waited_for)
{
    ldbx_loader_options options = loads_options("source");

    options.progress = loads_wait_really;
    flow_faults(running[_i]);
    expect_ok(loads_run(loads_stager, &options, NULL), error);
    ck_assert_int_gt(flow_struck(), 0);
    flow_faults(NULL);
    loads_expect_each_once();
}
END_TEST

/* What does not pass within the budget is the caller's to repeat: nothing is lost. */
START_TEST(a_refusal_that_stays_is_told_and_can_be_repeated)
{
    ldbx_loader_options options = loads_options("source");
    const int64_t before = ldbx_steady_ms();

    flow_faults("[{\"rpc\": \"ExecuteStatement\", \"statement\": \"COPY INTO\", \"action\": \"status\", \"status\": "
                "503, \"headers\": "
                "{\"Retry-After\": \"1\"}, \"times\": 1000000}]");
    expect_status(loads_run(loads_stager, &options, NULL), LDBX_UNAVAILABLE, error);
    ck_assert_int_ge(ldbx_steady_ms() - before, 700000);
    flow_faults(NULL);
    expect_status(loads_run(loads_stager, &options, NULL), LDBX_DONE, error);
    loads_expect_each_once();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load stops");
    TCase *tcase = suite_case(suite, "flow");

    TCase *scale = suite_case(suite, "scale"); /* what takes long, and shows little more */

    tcase_set_timeout(tcase, 200);
    tcase_set_timeout(scale, 200);
    tcase_add_checked_fixture(tcase, set_up, loads_tear_down);
    tcase_add_checked_fixture(scale, set_up, loads_tear_down);
    tcase_add_loop_test(tcase, stopped_at_every_save_it_goes_on, 0, 2);
    tcase_add_loop_test(tcase, stopped_at_every_call_of_the_stager_it_goes_on, 1, 2);
    tcase_add_loop_test(scale, stopped_at_every_call_of_the_stager_it_goes_on, 0, 1);
    tcase_add_loop_test(tcase, a_statement_that_fails_is_repeated, 0, FAILING);
    tcase_add_loop_test(tcase, a_statement_that_goes_on_without_us_is_waited_for, 0, 3);
    tcase_add_test(tcase, a_refusal_that_stays_is_told_and_can_be_repeated);
    return suite_run(suite);
}
