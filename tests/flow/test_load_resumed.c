/*
 * Loads that were stopped behind their seal: what the table, its history and the staged files tell whoever goes on with them. Run by tests/flow/test_flow.py.
 */
#include "loads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "stage/stager.h"
#include "store/store.h"

#define COPY "{\"rpc\": \"ExecuteStatement\", \"statement\": \"COPY INTO\", \"action\": "

/* COPY INTO is carried out, but its answer is lost, and so is everything that is said of it afterwards. */
static void leave_unanswered(const char *source)
{
    ldbx_loader_options options = loads_options(source);

    flow_faults("[" COPY "\"reset_after\"}, " COPY "\"status\", \"status\": 403, \"times\": 100}]");
    ck_assert_int_lt(loads_run(loads_stager, &options, NULL), LDBX_OK);
    flow_faults(NULL);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load WHERE id >= 0"), LOADS_ROWS);
    loads_forget_error();
}

static void expect_unknown(const char *words)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    for (int i = 0; i < 2; i++) { /* and stays so */
        expect_status(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), LDBX_OUTCOME_UNKNOWN,
                      error);
        ck_assert_msg(strstr(ldbx_error_message(error), words) != NULL, "%s", ldbx_error_message(error));
    }
    ck_assert_int_eq(loads_staged_files(), 3);
}

static void expect_finished(void)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};

    expect_status(loads_run(loads_stager, &options, &result), LDBX_DONE, error);
    ck_assert(result.complete && result.resumed);
    ck_assert_int_eq(result.rows_loaded, LOADS_ROWS);
    ck_assert_int_eq(loads_staged_files(), 0);
}

START_TEST(rows_whose_answer_was_lost_are_counted)
{
    leave_unanswered("source");
    expect_finished();
    loads_expect_each_once();
}
END_TEST

/* Somebody cleans up the staging: the history alone tells. */
START_TEST(files_that_are_gone_do_not_matter_once_they_are_loaded)
{
    char command[300];

    if (_i == 0)
        leave_unanswered("source");
    else
        loads_leave_sealed("source");
    snprintf(command, sizeof command, "rm -r '%s'/*", loads_folder());
    ck_assert_int_eq(system(command), 0);
    if (_i == 0) {
        expect_finished();
        loads_expect_each_once();
    } else {
        ldbx_loader_options options = loads_options("source");
        expect_status(loads_run(loads_stager, &options, NULL), LDBX_NOT_FOUND, error);
        ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), 0);
    }
}
END_TEST

/* Histories that do not reach back to the load. */

static void cut_history(void)
{
    flow_cut_history("main.default.flow_load");
}

START_TEST(a_history_that_was_cut_counts_as_far_as_it_goes)
{
    loads_leave_sealed("source");
    loads_execute("INSERT INTO flow_load VALUES (-1, 'theirs', NULL)");
    leave_unanswered("source");
    cut_history();
    expect_finished();
    loads_execute("DELETE FROM flow_load WHERE id = -1");
    loads_expect_each_once();
}
END_TEST

START_TEST(a_history_that_was_cut_too_far_leaves_the_outcome_unknown)
{
    leave_unanswered("source");
    loads_execute("INSERT INTO flow_load VALUES (-1, 'theirs', NULL)");
    cut_history();
    expect_unknown("does not reach back");
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), LOADS_ROWS + 1);
}
END_TEST

/* Tables that others change. */

/* As with a server that tells no ids of tables. */
static void forget_table_id(void)
{
    ldbx_buf document;
    int64_t revision;
    char *id;

    ldbx_buf_init(&document, LDBX_MAX_DOCUMENT);
    expect_ok(ldbx_store_load(loads_store, "Flow load", &document, &revision, &error), error);
    id = strstr((char *)(uintptr_t)ldbx_buf_cstr(&document), "\"table_id\":\"");
    ck_assert_ptr_nonnull(id);
    id += strlen("\"table_id\":\"");
    ck_assert_uint_eq(strcspn(id, "\""), 36); /* the sandbox gives one */
    memmove(id, id + 36, strlen(id + 36) + 1);
    expect_ok(ldbx_store_save(loads_store, "Flow load", ldbx_view_of(ldbx_buf_cstr(&document)), &revision, &error),
              error);
    ldbx_buf_clear(&document);
}

static int stop_when_loaded(const ldbx_progress *progress, void *user)
{
    (void)user;
    return progress->phase == LDBX_PHASE_LOAD && progress->rows == progress->rows_total;
}

#define COLUMNS "(id BIGINT, name STRING, price DECIMAL(10,2))"

/* Loop: a history that begins anew, and one that goes on; of a server that gives tables ids, and of one that gives none. */
START_TEST(a_table_that_lost_the_rows_of_a_load_fails_it)
{
    static const char *const made_anew[] = {"DROP TABLE flow_load", "CREATE OR REPLACE TABLE flow_load " COLUMNS};
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    options.progress = stop_when_loaded;
    expect_status(loads_run(loads_stager, &options, NULL), LDBX_STOPPED, error);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), LOADS_ROWS);
    if (_i / 2 == 1)
        forget_table_id();
    loads_execute(made_anew[_i % 2]);
    loads_execute("CREATE TABLE IF NOT EXISTS flow_load " COLUMNS);
    options.progress = NULL;
    expect_status(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), LDBX_INVALID_DATA, error);
    ck_assert_msg(strstr(ldbx_error_message(error), "made anew") != NULL, "%s", ldbx_error_message(error));
}
END_TEST

/* Somebody else loads just as many files and rows into the same table. */
static void load_as_many(void)
{
    char text[1000];

    snprintf(text, sizeof text, "mkdir '%s-copy' && find '%s' -type f -exec cp {} '%s-copy/' ';'", loads_folder(),
             loads_folder(), loads_folder());
    ck_assert_int_eq(system(text), 0);
    snprintf(
        text, sizeof text,
        "COPY INTO flow_load FROM (SELECT CAST(id AS BIGINT) AS id, name, CAST(price AS DECIMAL(10,2)) AS price FROM "
        "'file:%s-copy/') FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true', 'quote' = '\"', 'escape' = '\"', "
        "'multiLine' = "
        "'true', 'lineSep' = '\\n', 'nullValue' = 'x_y')",
        loads_folder());
    loads_execute(text);
}

/* Loop: ours was refused, or came. The two cannot be told apart, so a person has to look; it is not sent more than once more. */
START_TEST(as_many_rows_of_somebody_else_leave_the_outcome_unknown)
{
    if (_i == 0)
        loads_leave_sealed("source");
    else
        leave_unanswered("source");
    load_as_many();
    expect_unknown("more entries");
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), 2 * LOADS_ROWS);
}
END_TEST

/* Giving up. */

/* Loop: one that is sealed, one whose rows are in the table, one that failed for good; each is followed by itself, or by other rows. */
static int leave(int kind)
{
    ldbx_loader_options options = loads_options("source");

    if (kind == 0) {
        loads_leave_sealed("source");
        return 0;
    }
    leave_unanswered("source");
    if (kind == 1)
        return LOADS_ROWS;
    loads_execute("CREATE OR REPLACE TABLE flow_load " COLUMNS);
    expect_status(loads_run(loads_stager, &options, NULL), LDBX_INVALID_DATA, error);
    expect_status(loads_run(loads_stager, &options, NULL), LDBX_INVALID_DATA, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "option discard"));
    loads_forget_error();
    return 0;
}

START_TEST(a_load_is_given_up_and_what_was_done_stays_known)
{
    ldbx_loader_options options = loads_options("before");
    ldbx_load_result result = {.size = sizeof result};
    ldbx_loader *loader = NULL;
    int64_t rows;

    expect_ok(loads_run(loads_stager, &options, NULL), error);
    loads_execute("DELETE FROM flow_load");
    rows = leave(_i / 2);
    options.source = _i % 2 == 0 ? "source" : "other";
    options.discard = 1;
    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    ck_assert_int_eq(loads_staged_files(), 0);
    expect_ok(loads_append(loader, LOADS_ROWS), error);
    expect_ok(ldbx_loader_commit(loader, &error), error);
    ldbx_loader_result_get(loader, &result);
    ck_assert_msg(
        strstr(result.warning,
               "was given up: of its 1 groups of files 0 are in table main.default.flow_load, and 1 more may be") !=
            NULL,
        "%s", result.warning);
    ck_assert_int_eq(result.earlier_rows, -1);
    ldbx_loader_destroy(loader);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), rows + LOADS_ROWS);
    options.source = "before";
    expect_status(loads_run(loads_stager, &options, NULL), LDBX_DONE, error);
    ck_assert_int_eq(loads_staged_files(), 0);
}
END_TEST

/* Files of another address stay listed until somebody comes with its stager. */
START_TEST(files_that_are_elsewhere_are_told_until_they_are_removed)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};
    ldbx_stager *other = NULL;
    ldbx_loader *loader = NULL;
    char path[300];

    loads_leave_sealed("source");
    snprintf(path, sizeof path, "%s-elsewhere", loads_folder());
    expect_ok(ldbx_stager_open_directory(path, NULL, &other, &error), error);
    options.discard = 1;
    for (int i = 0; i < 2; i++) {
        options.source = i == 0 ? "source" : "another";
        expect_ok(ldbx_loader_open(connection, other, &options, &loader, &error), error);
        expect_ok(ldbx_loader_commit(loader, &error), error);
        ldbx_loader_result_get(loader, &result);
        ck_assert_msg(strstr(result.warning, ldbx_stager_url(loads_stager)) != NULL, "%s", result.warning);
        ldbx_loader_destroy(loader);
        ck_assert_int_eq(loads_staged_files(), 3);
    }
    options.source = "third";
    expect_ok(loads_run(loads_stager, &options, NULL), error);
    ck_assert_int_eq(loads_staged_files(), 0);
    ldbx_stager_destroy(other);
}
END_TEST

START_TEST(a_report_says_nothing_of_the_load_that_came_before)
{
    ldbx_loader_options options = loads_options("other");
    ldbx_loader *loader = NULL;
    cJSON *report = NULL;

    loads_leave_sealed("source");
    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    expect_ok(ldbx_json_parse(ldbx_view_of(ldbx_loader_report(loader)), &report, &error), error);
    ck_assert_int_eq(cJSON_GetArraySize(loads_member(report, "statements")), 0);
    ck_assert_int_eq(cJSON_GetArraySize(loads_member(report, "warnings")), 0);
    cJSON_Delete(report);
    ldbx_loader_destroy(loader);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), LOADS_ROWS);
}
END_TEST

/* The store's own message may say that it can be removed. */
START_TEST(a_damaged_checkpoint_tells_what_goes_with_it)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;
    int64_t revision = 0;

    expect_ok(ldbx_store_save(loads_store, "Flow load", ldbx_view_of("{}"), &revision, &error), error);
    expect_status(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), LDBX_INVALID_DATA, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "all that was loaded before can be loaded again"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load resumed");
    TCase *tcase = suite_case(suite, "flow");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, loads_set_up, loads_tear_down);
    tcase_add_test(tcase, rows_whose_answer_was_lost_are_counted);
    tcase_add_loop_test(tcase, files_that_are_gone_do_not_matter_once_they_are_loaded, 0, 2);
    tcase_add_test(tcase, a_history_that_was_cut_counts_as_far_as_it_goes);
    tcase_add_test(tcase, a_history_that_was_cut_too_far_leaves_the_outcome_unknown);
    tcase_add_loop_test(tcase, a_table_that_lost_the_rows_of_a_load_fails_it, 0, 4);
    tcase_add_loop_test(tcase, as_many_rows_of_somebody_else_leave_the_outcome_unknown, 0, 2);
    tcase_add_loop_test(tcase, a_load_is_given_up_and_what_was_done_stays_known, 0, 6);
    tcase_add_test(tcase, files_that_are_elsewhere_are_told_until_they_are_removed);
    tcase_add_test(tcase, a_report_says_nothing_of_the_load_that_came_before);
    tcase_add_test(tcase, a_damaged_checkpoint_tells_what_goes_with_it);
    return suite_run(suite);
}
