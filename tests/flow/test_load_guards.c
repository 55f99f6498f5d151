/*
 * What a load refuses to go on with, and what it keeps to itself: tables that do not fit, files that were changed, keys.
 * Run by tests/flow/test_flow.py.
 */
#include "loads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "stage/stager.h"
#include "store/store.h"

/* Tables that are there. */

static const struct {
    const char *made, *message;
} misfits[] = {
    {"TABLE flow_load (id BIGINT, name STRING)", "it has no column 'price'"},
    {"TABLE flow_load (id INT, name STRING, price DECIMAL(10,2))", "its column 'id' is INT, and the load has BIGINT"},
    {"TABLE flow_load (id BIGINT, name STRING, price DECIMAL(10,3))",
     "its column 'price' is DECIMAL(10,3), and the load has DECIMAL(10,2)"},
    {"TABLE flow_load (id BIGINT, name STRING, price DECIMAL(10,2), more INT NOT NULL)",
     "its column 'more' is NOT NULL, and the load does not have it"},
    {"VIEW flow_load AS SELECT 1 AS id", "table `main`.`default`.`flow_load`: "},
};

START_TEST(a_table_that_does_not_fit_is_refused_before_anything_is_staged)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;
    char sql[200];

    snprintf(sql, sizeof sql, "CREATE %s", misfits[_i].made);
    loads_execute(sql);
    ck_assert_int_lt(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), LDBX_OK);
    ck_assert_msg(strstr(ldbx_error_message(error), misfits[_i].message) != NULL, "%s", ldbx_error_message(error));
    ck_assert_ptr_null(loader);
    ck_assert_int_eq(loads_staged_files(), 0);
    if (strncmp(misfits[_i].made, "VIEW", 4) == 0)
        loads_execute("DROP VIEW flow_load");
}
END_TEST

START_TEST(a_table_may_have_more_columns_in_another_order)
{
    ldbx_loader_options options = loads_options("source");

    loads_execute("CREATE TABLE flow_load (more INT, PRICE DECIMAL(10,2), Id BIGINT, name STRING)");
    expect_ok(loads_run(loads_stager, &options, NULL), error);
    loads_expect_each_once();
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load WHERE more IS NULL"), LOADS_ROWS);
}
END_TEST

START_TEST(a_table_that_was_dropped_meanwhile_is_not_made_again)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    loads_execute("CREATE TABLE flow_load (id BIGINT, name STRING, price DECIMAL(10,2))");
    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    expect_ok(loads_append(loader, LOADS_ROWS), error);
    loads_execute("DROP TABLE flow_load");
    expect_status(ldbx_loader_commit(loader, &error), LDBX_NOT_FOUND, error);
    loads_execute("CREATE TABLE flow_load (id BIGINT, name STRING, price DECIMAL(10,2))");
    expect_ok(ldbx_loader_commit(loader, &error), error);
    ldbx_loader_destroy(loader);
    loads_expect_each_once();
}
END_TEST

START_TEST(a_table_that_was_made_anew_under_a_load_fails_it)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    loads_leave_sealed("source"); /* its COPY INTO was sent */
    loads_execute("DROP TABLE flow_load");
    loads_execute("CREATE TABLE flow_load (id BIGINT, name STRING, price DECIMAL(10,2))");
    for (int i = 0; i < 2; i++) { /* and stays so */
        expect_status(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), LDBX_INVALID_DATA, error);
        ck_assert_msg(strstr(ldbx_error_message(error), "made anew") != NULL, "%s", ldbx_error_message(error));
    }
    ck_assert_int_eq(loads_staged_files(), 3);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), 0);
}
END_TEST

/* Files that are changed behind our back. */

static void in_files(const char *command)
{
    char line[500];

    snprintf(line, sizeof line, "f=$(find '%s' -name '1-000002*') && %s", loads_folder(), command);
    ck_assert_int_eq(system(line), 0);
}

static const struct {
    const char *command;
    ldbx_status status;
} changes[] = {
    {"rm $f", LDBX_NOT_FOUND},
    {"truncate -s -1 $f", LDBX_INVALID_DATA},
    {"printf 1 | dd of=$f bs=1 seek=100 conv=notrunc status=none", LDBX_INVALID_DATA},
};

START_TEST(a_file_that_was_changed_is_named_and_nothing_is_loaded)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    loads_leave_sealed("source");
    in_files(changes[_i].command);
    expect_status(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), changes[_i].status, error);
    ck_assert_msg(strstr(ldbx_error_message(error), "1-000002.csv") != NULL, "%s", ldbx_error_message(error));
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), 0);
}
END_TEST
/* What passes over a missing file is seen by the count. */
START_TEST(fewer_rows_than_were_staged_fail_the_load_for_good)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_stager *stager = loads_plain_stager(NULL);
    ldbx_loader *loader = NULL;

    loads_leave_sealed("source");
    in_files("rm $f");
    for (int i = 0; i < 2; i++) {
        expect_status(ldbx_loader_open(connection, stager, &options, &loader, &error), LDBX_INVALID_DATA, error);
        ck_assert_msg(strstr(ldbx_error_message(error), "COPY INTO loaded 1500 rows of the 2500") != NULL, "%s",
                      ldbx_error_message(error));
    }
    ck_assert_int_eq(loads_staged_files(), 2);
    ldbx_stager_destroy(stager);
}
END_TEST

/* Secrets. */

static const char access_key[] = "AKIDEXAMPLE", secret_key[] = "wJalrXUt'nFEMI\\K7MDENG", token[] = "FwoGZXIvYXdzEBY==";

static int give_keys(void *user, ldbx_access *out, ldbx_error **hook)
{
    (void)user;
    (void)hook;
    out->kind = LDBX_ACCESS_INLINE;
    out->access_key_id = access_key;
    out->secret_access_key = secret_key;
    out->session_token = token;
    return LDBX_OK;
}

static ldbx_buf logged;

static void keep_line(ldbx_log_level level, const char *component, const char *message, void *user)
{
    (void)level;
    (void)component;
    (void)user;
    ldbx_buf_str(&logged, message);
    ldbx_buf_byte(&logged, '\n');
}

static void expect_no_secret(const char *where, const char *text)
{
    static const char *const parts[] = {access_key, secret_key, token, "wJalrXUt", "nFEMI", "K7MDENG"};

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        ck_assert_msg(strstr(text, parts[i]) == NULL, "%s in %s: %s", parts[i], where, text);
}

/* Loop: the server repeats the whole statement as an error, as the reason of a gateway, or in an error that is waited for. */
static const char *const echoes[] = {
    "[{\"statement\": \"COPY INTO\", \"action\": \"refuse\", \"class\": \"PARSE_SYNTAX_ERROR\", \"sqlstate\": "
    "\"42601\", "
    "\"message\": \"near: {statement}\"}]",
    "[{\"statement\": \"COPY INTO\", \"action\": \"refuse\", \"class\": \"DELTA_CONCURRENT_WRITE\", \"sqlstate\": "
    "\"2D521\", "
    "\"message\": \"near: {statement}\", \"times\": 100}]",
    "[{\"rpc\": \"ExecuteStatement\", \"statement\": \"COPY INTO\", \"action\": \"status\", \"status\": 503, "
    "\"times\": 1000, \"headers\": "
    "{\"x-databricks-reason-phrase\": \"AKIDEXAMPLE wJalrXUt'nFEMI\\\\K7MDENG FwoGZXIvYXdzEBY==\"}}]",
};

START_TEST(keys_are_seen_by_the_server_alone)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_stager *stager = loads_plain_stager(give_keys);
    ldbx_loader *loader = NULL;
    ldbx_buf document;
    int64_t revision;

    ldbx_buf_init(&logged, 1 << 20);
    ldbx_buf_init(&document, LDBX_MAX_DOCUMENT);
    ldbx_set_log_sink(keep_line, LDBX_LOG_DEBUG, NULL);
    flow_faults(echoes[_i]);
    expect_ok(ldbx_loader_open(connection, stager, &options, &loader, &error), error);
    expect_ok(loads_append(loader, LOADS_ROWS), error);
    ck_assert_int_lt(ldbx_loader_commit(loader, &error), LDBX_OK);
    ck_assert_msg(strstr(ldbx_error_message(error), "***") != NULL, "%s", ldbx_error_message(error));
    for (const ldbx_error *cause = error; cause != NULL; cause = ldbx_error_cause(cause))
        expect_no_secret("the error", ldbx_error_message(cause));
    expect_no_secret("the report", ldbx_loader_report(loader));
    expect_no_secret("the log", ldbx_buf_cstr(&logged));
    expect_ok(ldbx_store_load(loads_store, "Flow load", &document, &revision, &error), error);
    expect_no_secret("the checkpoint", ldbx_buf_cstr(&document));
    ldbx_set_log_sink(NULL, LDBX_LOG_ERROR, NULL);
    ldbx_loader_destroy(loader);
    ldbx_stager_destroy(stager);
    ldbx_buf_clear(&logged);
    ldbx_buf_clear(&document);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load_guards");
    TCase *tcase = suite_case(suite, "flow");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, loads_set_up, loads_tear_down);
    tcase_add_loop_test(tcase, a_table_that_does_not_fit_is_refused_before_anything_is_staged, 0, 5);
    tcase_add_test(tcase, a_table_may_have_more_columns_in_another_order);
    tcase_add_test(tcase, a_table_that_was_dropped_meanwhile_is_not_made_again);
    tcase_add_test(tcase, a_table_that_was_made_anew_under_a_load_fails_it);
    tcase_add_loop_test(tcase, a_file_that_was_changed_is_named_and_nothing_is_loaded, 0, 3);
    tcase_add_test(tcase, fewer_rows_than_were_staged_fail_the_load_for_good);
    tcase_add_loop_test(tcase, keys_are_seen_by_the_server_alone, 0, 3);
    return suite_run(suite);
}
