/* The import as a library, against a sandbox: what a host does wrong, or stops, loses nothing. Run by tests/flow/test_flow.py. */
#include "flow.h"

#include <string.h>

#include "base/str.h"
#include "store/store.h"

#define ROWS 20000

static ldbx_store *store;

static void execute(const char *sql)
{
    expect_ok(ldbx_execute(connection, ldbx_view_of(sql), NULL, NULL, &error), error);
}

static void set_up(void)
{
    flow_open(NULL);
    expect_ok(ldbx_store_new_memory(&store, &error), error);
    execute("DROP TABLE IF EXISTS flow_import"); /* so that its history has one version */
    execute("CREATE TABLE flow_import AS SELECT id, timestamp_seconds(id DIV 7) AS ts FROM "
            "range(20000)");
}

static void tear_down(void)
{
    ldbx_store_destroy(store);
    flow_close();
}

static ldbx_import_options options_of(void)
{
    ldbx_import_options options;

    ldbx_import_options_init(&options, sizeof options);
    options.catalog = ldbx_connection_protocol(connection) < 0x1000 ? "spark_catalog" : "main"; /* open-source Spark */
    options.database = "default";
    options.table = "flow_import";
    options.timestamp_column = "ts";
    options.key = "flow";
    options.store = store;
    return options;
}

/* Every id that was delivered, counted. */
static int seen[ROWS];

static void take(const ldbx_import_batch *batch)
{
    for (int64_t row = 0; row < batch->count; row++)
        seen[ldbx_batch_int64(batch->rows, row, 0)]++;
}

static void read_to_the_end(ldbx_import *import)
{
    const ldbx_import_batch *batch;
    int status;

    while ((status = ldbx_import_next(import, &batch, &error)) == LDBX_OK) {
        take(batch);
        expect_ok(ldbx_import_commit(import, &error), error);
    }
    expect_status(status, LDBX_DONE, error);
}

static void expect_each_once(void)
{
    for (int id = 0; id < ROWS; id++)
        ck_assert_msg(seen[id] == 1, "row %d came %d times", id, seen[id]);
}

static int stop_at_third(const ldbx_progress *progress, void *calls)
{
    return progress->phase == LDBX_PHASE_READ && ++*(int *)calls == 3;
}

START_TEST(a_stop_between_batches_loses_nothing)
{
    ldbx_import_options options = options_of();
    const ldbx_import_batch *batch;
    ldbx_import *import = NULL;
    int calls = 0, status;

    options.batch_size = 1000;
    options.progress = stop_at_third;
    options.user = &calls;
    calls = -1000000; /* not while it opens */
    expect_ok(ldbx_import_open(connection, &options, &import, &error), error);
    calls = 2;
    while ((status = ldbx_import_next(import, &batch, &error)) == LDBX_OK)
        take(batch);
    expect_status(status, LDBX_STOPPED, error);
    expect_ok(ldbx_import_commit(import, &error), error);
    ldbx_import_destroy(import);
    options.progress = NULL;
    expect_ok(ldbx_import_open(connection, &options, &import, &error), error);
    read_to_the_end(import);
    ldbx_import_destroy(import);
    expect_each_once();
}
END_TEST

START_TEST(what_is_not_committed_comes_again)
{
    ldbx_import_options options = options_of();
    const ldbx_import_batch *batch;
    ldbx_import *import = NULL;
    ldbx_import_summary summary = {.size = sizeof summary};
    int64_t committed;

    options.batch_size = 1000;
    expect_ok(ldbx_import_open(connection, &options, &import, &error), error);
    expect_ok(ldbx_import_next(import, &batch, &error), error);
    take(batch);
    committed = batch->count;
    expect_ok(ldbx_import_commit(import, &error), error);
    expect_ok(ldbx_import_next(import, &batch, &error), error); /* dropped by the host */
    ldbx_import_destroy(import);
    expect_ok(ldbx_import_open(connection, &options, &import, &error), error);
    expect_ok(ldbx_import_next(import, &batch, &error), error);
    ck_assert_int_eq(batch->first, committed);
    take(batch);
    expect_ok(ldbx_import_commit(import, &error), error);
    read_to_the_end(import);
    ldbx_import_summary_get(import, &summary);
    ck_assert_int_eq(summary.delivered, ROWS);
    ck_assert_int_eq(summary.attempts, 2);
    ck_assert(summary.complete && summary.resumed && summary.has_watermark);
    ldbx_import_destroy(import);
    expect_each_once();
}
END_TEST

/* A store of the host whose saves fail while `broken`. */
static int broken;

static int load(void *inner, const char *key, ldbx_store_take_fn take_document, void *context, const char **message)
{
    ldbx_buf document;
    int64_t revision;
    int status;

    (void)message;
    ldbx_buf_init(&document, LDBX_MAX_DOCUMENT);
    status = ldbx_store_load(inner, key, &document, &revision, NULL);
    if (status == LDBX_OK)
        take_document(ldbx_buf_get(&document), revision, context);
    ldbx_buf_clear(&document);
    return status;
}

static int save(void *inner, const char *key, ldbx_view document, int64_t expected, const char **message)
{
    *message = "the disk is full";
    return broken ? LDBX_IO : ldbx_store_save(inner, key, document, &expected, NULL);
}

static int forget(void *inner, const char *key, const char **message)
{
    (void)message;
    return ldbx_store_remove(inner, key, NULL);
}

START_TEST(a_store_that_fails_for_a_while_loses_nothing)
{
    const ldbx_store_ops ops = {sizeof ops, load, save, forget, NULL};
    ldbx_import_options options = options_of();
    const ldbx_import_batch *batch;
    ldbx_import *import = NULL;
    int status;

    expect_ok(ldbx_store_new(&ops, store, &options.store, &error), error);
    expect_ok(ldbx_import_open(connection, &options, &import, &error), error);
    while ((status = ldbx_import_next(import, &batch, &error)) == LDBX_OK) {
        take(batch);
        broken = 1;
        expect_status(ldbx_import_commit(import, &error), LDBX_IO, error);
        ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "the disk is full"));
        broken = 0;
        expect_ok(ldbx_import_commit(import, &error), error);
        broken = 1; /* the last save is that of the end */
    }
    expect_status(status, LDBX_IO, error);
    broken = 0;
    expect_status(ldbx_import_next(import, &batch, &error), LDBX_DONE, error);
    ldbx_import_destroy(import);
    ldbx_store_destroy(options.store);
    expect_each_once();
}
END_TEST

START_TEST(options_of_a_newer_caller_are_refused_only_when_set)
{
    struct {
        ldbx_import_options known;
        int64_t unknown[2];
    } newer;
    ldbx_import *import = NULL;

    memset(&newer, 0xff, sizeof newer);
    ldbx_import_options_init(&newer.known, sizeof newer);
    newer.known = options_of();
    newer.known.size = sizeof newer;
    expect_ok(ldbx_import_open(connection, &newer.known, &import, &error), error);
    ldbx_import_destroy(import);
    newer.unknown[1] = 1;
    expect_status(ldbx_import_open(connection, &newer.known, &import, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_ptr_null(import);
}
END_TEST

/*
 * What has no versions is read again from the timestamp in work when the session is lost. Where each session is lost inside of one timestamp,
 * that could go on for ever, with rows that come again and again.
 */
START_TEST(a_timestamp_that_outlasts_every_session_is_given_up)
{
    ldbx_import_options options = options_of();
    const ldbx_import_batch *batch;
    ldbx_import_summary summary = {.size = sizeof summary};
    ldbx_import *import = NULL;
    int batches = 0, status;

    execute("CREATE OR REPLACE VIEW flow_import_view AS SELECT id, timestamp_seconds(7) AS ts FROM flow_import");
    options.table = "flow_import_view";
    expect_ok(ldbx_import_open(connection, &options, &import, &error), error);
    while ((status = ldbx_import_next(import, &batch, &error)) == LDBX_OK && ++batches < 100)
        flow_faults("[{\"rpc\": \"FetchResults\", \"action\": \"lost_session\"}]");
    flow_faults(NULL);
    expect_status(status, LDBX_SESSION_LOST, error);
    ldbx_import_summary_get(import, &summary);
    ck_assert_msg(strstr(strstr(summary.warning, "may have come twice") + 1, "may have come twice") == NULL, "%s",
                  summary.warning);
    ldbx_import_destroy(import);
}
END_TEST

/* Reading goes on, bounded by time; why the version could not be pinned must stand in the report. */
START_TEST(an_empty_history_is_told)
{
    ldbx_import_options options = options_of();
    ldbx_import_summary summary = {.size = sizeof summary};
    ldbx_import *import = NULL;

    flow_faults("[{\"rpc\": \"ExecuteStatement\", \"statement\": \"DESCRIBE HISTORY\", \"action\": \"short_page\"},"
                " {\"rpc\": \"FetchResults\", \"statement\": \"DESCRIBE HISTORY\", \"action\": \"short_page\"}]");
    expect_ok(ldbx_import_open(connection, &options, &import, &error), error);
    flow_faults(NULL);
    ldbx_import_summary_get(import, &summary);
    ck_assert_int_eq(summary.version, -1);
    ck_assert_str_eq(summary.warning, "the source has no versions: its history is empty");
    read_to_the_end(import);
    ldbx_import_destroy(import);
    expect_each_once();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("import");
    TCase *tcase = suite_case(suite, "flow");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_stop_between_batches_loses_nothing);
    tcase_add_test(tcase, what_is_not_committed_comes_again);
    tcase_add_test(tcase, a_store_that_fails_for_a_while_loses_nothing);
    tcase_add_test(tcase, options_of_a_newer_caller_are_refused_only_when_set);
    tcase_add_test(tcase, a_timestamp_that_outlasts_every_session_is_given_up);
    tcase_add_test(tcase, an_empty_history_is_told);
    return suite_run(suite);
}
