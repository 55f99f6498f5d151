/*
 * The load as a library, against a sandbox and a folder. Run by tests/flow/test_flow.py.
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

START_TEST(rows_are_in_the_table_once)
{
    ldbx_loader_options options = loads_options("first");
    ldbx_load_result result = {.size = sizeof result};

    options.gzip = _i;
    expect_ok(loads_run(loads_stager, &options, &result), error);
    ck_assert_int_eq(result.rows_staged, LOADS_ROWS);
    ck_assert_int_eq(result.rows_loaded, LOADS_ROWS);
    ck_assert_int_eq(result.files, 3);
    ck_assert_int_eq(result.version_before, 0);
    ck_assert_int_eq(result.version_after, 1);
    ck_assert_int_eq(result.attempts, 1);
    ck_assert_int_eq(result.statements, 1);
    ck_assert(result.complete && !result.already_loaded && !result.resumed);
    loads_expect_each_once();
    ck_assert_int_eq(loads_staged_files(), 0);
}
END_TEST

START_TEST(a_loaded_source_is_not_loaded_again)
{
    ldbx_loader_options options = loads_options("first");
    ldbx_load_result result = {.size = sizeof result};

    expect_ok(loads_run(loads_stager, &options, NULL), error);
    expect_status(loads_run(loads_stager, &options, &result), LDBX_DONE, error);
    ck_assert(result.already_loaded && result.complete);
    ck_assert_int_eq(result.rows_loaded, LOADS_ROWS);
    options.source = "second";
    expect_ok(loads_run(loads_stager, &options, NULL), error);
    options.source = "first";
    expect_status(loads_run(loads_stager, &options, NULL), LDBX_DONE, error);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), 2 * LOADS_ROWS);
}
END_TEST

START_TEST(rows_come_as_json)
{
    ldbx_loader_options options = loads_options("json");
    ldbx_load_result result = {.size = sizeof result};
    ldbx_loader *loader = NULL;

    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    for (int id = 0; id < LOADS_ROWS; id++) {
        char object[96];
        int size =
            snprintf(object, sizeof object, "{\"ID\": %d, \"else\": [%d], \"name\": \"a \\\"%d\\\"\\n\"}", id, id, id);
        expect_ok(ldbx_loader_append_json(loader, (ldbx_view){object, (size_t)size}, &error), error);
    }
    expect_status(ldbx_loader_append_json(loader, ldbx_view_of("{\"id\": 1.0}"), &error), LDBX_INVALID_DATA, error);
    ck_assert_str_eq(ldbx_error_message(error), "column id: BIGINT takes integers from -9223372036854775808 to "
                                                "9223372036854775807, written without point and exponent");
    expect_status(ldbx_loader_append_json(loader, ldbx_view_of("{\"id\": 1"), &error), LDBX_INVALID_DATA, error);
    expect_ok(ldbx_loader_commit(loader, &error), error);
    ldbx_loader_result_get(loader, &result);
    ck_assert_int_eq(result.rows_loaded, LOADS_ROWS);
    ck_assert_str_eq(result.warning, "column price is in none of the rows");
    expect_status(ldbx_loader_append_json(loader, ldbx_view_of("{}"), &error), LDBX_INVALID_ARGUMENT, error);
    ldbx_loader_destroy(loader);
    ck_assert_int_eq(loads_ask("SELECT count(DISTINCT id) FROM flow_load WHERE name = concat('a \"', id, '\"\\n')"),
                     LOADS_ROWS);
}
END_TEST

static const struct {
    ldbx_load_column columns[2];
    int status;
} looked_at[] = {
    {{{"id", "BIGINT"}, {"price", "decimal( 38 , 38 )"}}, LDBX_OK},
    {{{"id", "BIGINT"}, {"ID", "INT"}}, LDBX_INVALID_ARGUMENT},
    {{{"id", "BIGINT"}, {"a b", "INT"}}, LDBX_INVALID_ARGUMENT},
    {{{"id", "BIGINT"}, {"tags", "ARRAY<INT>"}}, LDBX_INVALID_ARGUMENT},
};

START_TEST(columns_are_looked_at_without_a_server)
{
    expect_status(ldbx_loader_check_columns(looked_at[_i].columns, 2, &error), looked_at[_i].status, error);
    if (looked_at[_i].status != LDBX_OK)
        ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), looked_at[_i].columns[1].name));
    expect_status(ldbx_loader_check_columns(NULL, 2, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_loader_check_columns(looked_at[0].columns, 0, &error), LDBX_INVALID_ARGUMENT, error);
}
END_TEST

static const struct {
    int64_t part_rows, part_bytes;
    size_t source;
    bool fine;
} ranges[] = {
    {1, 1, 4096, true}, {1000000000, INT64_C(50000000000), 1, true}, {0, 1, 1, false}, {1000000001, 1, 1, false},
    {1, 0, 1, false},   {1, INT64_C(50000000001), 1, false},         {1, 1, 0, false}, {1, 1, 4097, false},
};

START_TEST(options_of_a_load_have_their_ranges)
{
    static char source[4098];
    ldbx_loader_options options = loads_options(source);
    ldbx_loader *loader = NULL;

    memset(source, 'x', sizeof source - 1);
    source[ranges[_i].source] = '\0';
    options.part_rows = ranges[_i].part_rows;
    options.part_bytes = ranges[_i].part_bytes;
    expect_status(ldbx_loader_open(connection, loads_stager, &options, &loader, &error),
                  ranges[_i].fine ? LDBX_OK : LDBX_INVALID_ARGUMENT, error);
    ck_assert_int_eq(loader != NULL, ranges[_i].fine);
    ldbx_loader_destroy(loader);
}
END_TEST

START_TEST(a_sealed_load_is_finished_without_its_rows)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};

    loads_leave_sealed("source");
    expect_status(loads_run(loads_stager, &options, &result), LDBX_DONE, error);
    ck_assert(result.resumed && result.complete && !result.already_loaded);
    ck_assert_int_eq(result.attempts, 2);
    ck_assert_int_eq(result.rows_loaded, LOADS_ROWS);
    loads_expect_each_once();
    ck_assert_int_eq(loads_staged_files(), 0);
}
END_TEST

START_TEST(a_sealed_load_of_another_source_is_finished_first)
{
    ldbx_loader_options options = loads_options("other");
    ldbx_load_result result = {.size = sizeof result};

    loads_leave_sealed("source");
    expect_ok(loads_run(loads_stager, &options, &result), error);
    ck_assert_int_eq(result.earlier_rows, LOADS_ROWS);
    ck_assert_int_eq(result.rows_loaded, LOADS_ROWS);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), 2 * LOADS_ROWS);
    options.source = "source";
    expect_status(loads_run(loads_stager, &options, &result), LDBX_DONE, error);
    ck_assert(result.already_loaded);
}
END_TEST

START_TEST(a_sealed_load_needs_its_own_staging)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_stager *other = NULL;
    ldbx_loader *loader = NULL;
    char path[300];

    loads_leave_sealed("source");
    snprintf(path, sizeof path, "%s/elsewhere", loads_folder());
    expect_ok(ldbx_stager_open_directory(path, NULL, &other, &error), error);
    expect_status(ldbx_loader_open(connection, other, &options, &loader, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "elsewhere"));
    ldbx_stager_destroy(other);
}
END_TEST

START_TEST(what_was_not_sealed_is_removed_and_begins_anew)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    expect_ok(loads_append(loader, 2000), error);
    ldbx_loader_destroy(loader);
    ck_assert_int_eq(loads_staged_files(), 0);
    expect_ok(loads_run(loads_stager, &options, NULL), error);
    loads_expect_each_once();
}
END_TEST

/* The second one takes over; the first one finds out at its next save and has loaded nothing. */
START_TEST(of_two_runners_one_stops)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *first = NULL, *second = NULL;

    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &first, &error), error);
    expect_ok(loads_append(first, LOADS_ROWS), error);
    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &second, &error), error);
    expect_ok(loads_append(second, LOADS_ROWS), error);
    expect_status(ldbx_loader_commit(first, &error), LDBX_CONFLICT, error);
    expect_ok(ldbx_loader_commit(second, &error), error);
    ldbx_loader_destroy(first);
    ldbx_loader_destroy(second);
    loads_expect_each_once();
}
END_TEST

/* A cast would be another one, and a time another instant. */
START_TEST(a_session_with_other_settings_is_refused)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    loads_execute("SET TIMEZONE = 'Europe/Berlin'");
    expect_status(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), LDBX_INVALID_DATA, error);
    ck_assert_str_eq(ldbx_error_message(error), "TIMEZONE of the session is 'Europe/Berlin' instead of 'UTC'");
}
END_TEST

START_TEST(open_source_spark_is_refused)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    expect_status(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), LDBX_UNSUPPORTED, error);
    ck_assert_str_eq(ldbx_error_message(error), "COPY INTO is not there: the server is open-source Spark");
}
END_TEST

/* Rows. */

/* Loop: compressed or not. Without blocks an object holds 5 MiB, as sent. */
START_TEST(a_row_that_no_file_can_hold_is_left_out)
{
    enum { SIZE = 6 << 20 };
    ldbx_loader_options options = loads_options("source");
    ldbx_stager *stager = loads_plain_stager(NULL);
    char *text = malloc(SIZE);
    ldbx_value values[3] = {{.kind = LDBX_VALUE_INTEGER}, {.kind = LDBX_VALUE_BYTES, .as.bytes = {text, SIZE}}, {0}};
    ldbx_load_result result = {.size = sizeof result};
    ldbx_loader *loader = NULL;

    memset(text, 'x', SIZE);
    options.gzip = _i;
    expect_ok(ldbx_loader_open(connection, stager, &options, &loader, &error), error);
    expect_status(ldbx_loader_append(loader, values, 3, &error), LDBX_INVALID_DATA, error);
    values[1].as.bytes.size = 3 << 20;
    for (int i = 0; i < 4; i++)
        expect_ok(ldbx_loader_append(loader, values, 3, &error), error);
    expect_ok(ldbx_loader_commit(loader, &error), error);
    ldbx_loader_result_get(loader, &result);
    ck_assert_int_eq(result.files, _i == 0 ? 4 : 1); /* two do not fit, but compressed they are nothing */
    ldbx_loader_destroy(loader);
    ldbx_stager_destroy(stager);
    free(text);
    ck_assert_int_eq(loads_ask("SELECT sum(length(name)) FROM flow_load"), INT64_C(12) << 20);
}
END_TEST

START_TEST(a_row_that_does_not_fit_is_left_out)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_value values[3] = {{.kind = LDBX_VALUE_BYTES, .as.bytes = ldbx_view_of("12x")}, {0}, {0}};
    ldbx_loader *loader = NULL;

    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    expect_ok(loads_append(loader, 100), error);
    expect_status(ldbx_loader_append(loader, values, 3, &error), LDBX_INVALID_DATA, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "id"));
    expect_status(ldbx_loader_append(loader, values, 2, &error), LDBX_INVALID_ARGUMENT, error);
    expect_ok(ldbx_loader_commit(loader, &error), error);
    expect_status(ldbx_loader_append(loader, values, 3, &error), LDBX_INVALID_ARGUMENT, error);
    expect_ok(ldbx_loader_commit(loader, &error), error); /* all was done before */
    ldbx_loader_destroy(loader);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), 100);
}
END_TEST

START_TEST(no_rows_make_the_table_alone)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};
    ldbx_loader *loader = NULL;

    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    expect_ok(ldbx_loader_commit(loader, &error), error);
    ldbx_loader_result_get(loader, &result);
    ck_assert_int_eq(result.files, 0);
    ck_assert_int_eq(result.statements, 0);
    ck_assert(result.complete);
    ldbx_loader_destroy(loader);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), 0);
}
END_TEST

/* The rows of a query, as Arrow, go into the table again. */
START_TEST(arrow_columns_are_loaded)
{
    static const ldbx_load_column wanted[] = {{"ID", "BIGINT"}, {"NAME", "STRING"}, {"price", "DECIMAL(10,2)"}};
    ldbx_loader_options options = loads_options("arrow");
    ldbx_statement *statement = NULL;
    ldbx_result *rows = NULL;
    const ldbx_batch *batch;
    ldbx_load_result result = {.size = sizeof result};
    ldbx_loader *loader = NULL;

    expect_ok(loads_run(loads_stager, &options, NULL), error);
    loads_execute("CREATE OR REPLACE TABLE flow_load_source AS SELECT price, name, id FROM flow_load");
    loads_execute("DROP TABLE flow_load");
    options.columns = wanted;
    options.source = "again";
    options.part_bytes = _i == 0 ? 1000000000 : 10000;
    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    expect_ok(ldbx_statement_new(connection, ldbx_view_of("SELECT * FROM flow_load_source"), NULL, &statement, &error),
              error);
    expect_ok(ldbx_statement_execute(statement, &rows, &error), error);
    while (ldbx_result_next(rows, &batch, &error) == LDBX_OK)
        expect_ok(ldbx_loader_append_arrow(loader, ldbx_result_schema(rows), ldbx_batch_arrow(batch), &error), error);
    ldbx_result_destroy(rows);
    ldbx_statement_destroy(statement);
    expect_ok(ldbx_loader_commit(loader, &error), error);
    ldbx_loader_result_get(loader, &result);
    ck_assert_int_ge(result.files, _i == 0 ? 3 : 5);
    ldbx_loader_destroy(loader);
    loads_expect_each_once();
}
END_TEST

START_TEST(parts_end_by_bytes)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};

    options.part_bytes = 1000;
    expect_ok(loads_run(loads_stager, &options, &result), error);
    ck_assert_int_ge(result.files, 40);
    loads_expect_each_once();
}
END_TEST

START_TEST(a_schema_that_is_not_there_is_named_before_anything_is_staged)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    options.catalog = _i == 0 ? "main" : "nowhere";
    options.database = "nothing";
    expect_status(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), LDBX_NOT_FOUND, error);
    ck_assert_msg(strstr(ldbx_error_message(error), _i == 0 ? "schema main.nothing" : "nowhere") != NULL, "%s",
                  ldbx_error_message(error));
}
END_TEST

/* Loop: no rows at all, and texts that an inferred type changes. */
START_TEST(an_inferred_load_tells_of_texts_that_change)
{
    static const ldbx_load_column texts[] = {{"zip", "STRING"}, {"phone", "STRING"}, {"count", "STRING"}};
    static const char *const rows[] = {"{\"zip\": \"00501\", \"phone\": \"+49 170\", \"count\": \"12\"}",
                                       "{\"zip\": \"10115\", \"phone\": \"+49170\", \"count\": \"1.5\"}"};
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};
    ldbx_loader *loader = NULL;

    options.schema = LDBX_SCHEMA_INFERRED;
    options.columns = texts;
    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    for (int i = 0; i < 2 * _i; i++)
        expect_ok(ldbx_loader_append_json(loader, ldbx_view_of(rows[i]), &error), error);
    expect_ok(ldbx_loader_commit(loader, &error), error);
    ldbx_loader_result_get(loader, &result);
    if (_i == 1) {
        ck_assert_ptr_nonnull(strstr(result.warning, "column zip: its texts are all numbers"));
        ck_assert_ptr_null(strstr(result.warning, "column phone"));
        ck_assert_ptr_null(strstr(result.warning, "column count"));
    }
    ldbx_loader_destroy(loader);
    if (_i == 0) {
        loads_execute("INSERT INTO flow_load VALUES ('00501', 'b', 'c')");
        ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load WHERE concat(zip, 'x') = '00501x'"), 1);
    }
}
END_TEST

START_TEST(an_inferred_load_makes_its_types)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};

    options.schema = LDBX_SCHEMA_INFERRED;
    options.gzip = 1;
    expect_ok(loads_run(loads_stager, &options, &result), error);
    ck_assert_int_eq(result.empty_as_null, (LOADS_ROWS + 6) / 7);
    ck_assert_int_eq(loads_ask("SELECT count(DISTINCT id + 1) FROM flow_load"), LOADS_ROWS);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load WHERE name IS NULL"), (LOADS_ROWS + 6) / 7);
}
END_TEST

/* More files than one statement takes: two groups, the second one lost on its way once. */
START_TEST(groups_of_files_are_loaded_one_after_the_other)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};

    options.part_rows = 2;
    options.progress = loads_wait_really;
    flow_faults(
        "[{\"rpc\": \"ExecuteStatement\", \"statement\": \"COPY INTO\", \"skip\": 1, \"action\": \"reset_after\"}]");
    expect_ok(loads_run(loads_stager, &options, &result), error);
    ck_assert_int_eq(result.files, LOADS_ROWS / 2);
    ck_assert_int_eq(result.version_after, 2);
    loads_expect_each_once();
    ck_assert_int_eq(loads_staged_files(), 0);
}
END_TEST

/* More files than can be named are still one statement, since each statement would infer for itself; its answer is lost once. */
START_TEST(an_inferred_load_of_many_files_is_one_statement)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_load_result result = {.size = sizeof result};

    options.schema = LDBX_SCHEMA_INFERRED;
    options.part_rows = 2;
    options.progress = loads_wait_really;
    flow_faults("[{\"rpc\": \"ExecuteStatement\", \"statement\": \"COPY INTO\", \"action\": \"reset_after\"}]");
    expect_ok(loads_run(loads_stager, &options, &result), error);
    ck_assert_int_eq(result.files, LOADS_ROWS / 2);
    ck_assert_int_eq(result.version_after, 1);
    ck_assert_int_eq(loads_ask("SELECT count(DISTINCT id + 1) FROM flow_load"), LOADS_ROWS);
    ck_assert_int_eq(loads_ask("SELECT count(*) FROM flow_load"), LOADS_ROWS);
}
END_TEST

/* What a host sees: progress and report. */

static int phases[8];

static int count_phases(const ldbx_progress *progress, void *user)
{
    (void)user;
    phases[progress->phase]++;
    ck_assert(progress->rows_total < 0 || progress->rows <= progress->rows_total);
    return 0;
}

START_TEST(the_report_tells_files_statements_and_versions)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;
    cJSON *report = NULL;

    options.progress = count_phases;
    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    expect_ok(loads_append(loader, LOADS_ROWS), error);
    flow_faults("[{\"statement\": \"COPY INTO\", \"action\": \"refuse\", \"class\": \"PERMISSION_DENIED\", "
                "\"sqlstate\": \"42501\", "
                "\"message\": \"no\"}]");
    expect_status(ldbx_loader_commit(loader, &error), LDBX_FORBIDDEN, error);
    expect_ok(ldbx_json_parse(ldbx_view_of(ldbx_loader_report(loader)), &report, &error), error);
    ck_assert_str_eq(ldbx_json_text(report, "state", ""), "prepared");
    ck_assert_str_eq(ldbx_json_text(loads_member(report, "error"), "status", ""), "FORBIDDEN");
    cJSON_Delete(report);
    expect_ok(ldbx_loader_commit(loader, &error), error);
    expect_ok(ldbx_json_parse(ldbx_view_of(ldbx_loader_report(loader)), &report, &error), error);
    ck_assert_str_eq(ldbx_json_text(report, "state", ""), "done");
    ck_assert_str_eq(ldbx_json_text(report, "job", ""), "Flow load");
    ck_assert(cJSON_IsNull(loads_member(report, "error")));
    ck_assert_int_eq(cJSON_GetArraySize(loads_member(report, "files")), 3);
    ck_assert_str_eq(ldbx_json_text(loads_member(report, "statements")->child->next, "sqlstate", ""), "42501");
    ck_assert_int_eq(cJSON_GetArraySize(loads_member(report, "statements")), 3); /* CREATE, and COPY INTO twice */
    ck_assert_int_eq(loads_member(loads_member(report, "versions"), "after")->valueint, 1);
    ck_assert_int_eq(loads_member(loads_member(report, "rows"), "loaded")->valueint, LOADS_ROWS);
    cJSON_Delete(report);
    ldbx_loader_destroy(loader);
    ck_assert(phases[LDBX_PHASE_STAGE] > 0 && phases[LDBX_PHASE_LOAD] > 0 && phases[LDBX_PHASE_VERIFY] > 0);
}
END_TEST

static int stop_in_phase(const ldbx_progress *progress, void *user)
{
    return progress->phase == *(ldbx_phase *)user;
}

/* Loop: a host that stops while rows are staged, and while they are loaded. */
START_TEST(a_load_that_is_stopped_can_be_gone_on_with)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_phase phase = _i == 0 ? LDBX_PHASE_STAGE : LDBX_PHASE_LOAD;

    options.progress = stop_in_phase;
    options.user = &phase;
    expect_status(loads_run(loads_stager, &options, NULL), LDBX_STOPPED, error);
    options.progress = NULL;
    ck_assert_int_ge(loads_run(loads_stager, &options, NULL), LDBX_OK);
    loads_expect_each_once();
    ck_assert_int_eq(loads_staged_files(), 0);
}
END_TEST

START_TEST(a_load_that_is_cancelled_can_be_gone_on_with)
{
    ldbx_loader_options options = loads_options("source");
    ldbx_loader *loader = NULL;

    expect_ok(ldbx_cancel_new(&options.cancel, &error), error);
    expect_ok(ldbx_loader_open(connection, loads_stager, &options, &loader, &error), error);
    expect_ok(loads_append(loader, 2000), error);
    ldbx_cancel_trigger(options.cancel);
    expect_status(ldbx_loader_commit(loader, &error), LDBX_CANCELLED, error);
    ldbx_loader_destroy(loader);
    ldbx_cancel_destroy(options.cancel);
    options.cancel = NULL;
    expect_ok(loads_run(loads_stager, &options, NULL), error);
    loads_expect_each_once();
    ck_assert_int_eq(loads_staged_files(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load");
    TCase *tcase = suite_case(suite, "flow");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, loads_set_up, loads_tear_down);
    tcase_add_loop_test(tcase, rows_are_in_the_table_once, 0, 2);
    tcase_add_test(tcase, a_loaded_source_is_not_loaded_again);
    tcase_add_test(tcase, rows_come_as_json);
    tcase_add_loop_test(tcase, columns_are_looked_at_without_a_server, 0, sizeof looked_at / sizeof looked_at[0]);
    tcase_add_loop_test(tcase, options_of_a_load_have_their_ranges, 0, sizeof ranges / sizeof ranges[0]);
    tcase_add_test(tcase, a_sealed_load_is_finished_without_its_rows);
    tcase_add_test(tcase, a_sealed_load_of_another_source_is_finished_first);
    tcase_add_test(tcase, a_sealed_load_needs_its_own_staging);
    tcase_add_test(tcase, what_was_not_sealed_is_removed_and_begins_anew);
    tcase_add_test(tcase, of_two_runners_one_stops);
    tcase_add_test(tcase, a_session_with_other_settings_is_refused);
    tcase_add_test(tcase, a_row_that_does_not_fit_is_left_out);
    tcase_add_loop_test(tcase, a_row_that_no_file_can_hold_is_left_out, 0, 2);
    tcase_add_test(tcase, no_rows_make_the_table_alone);
    tcase_add_loop_test(tcase, arrow_columns_are_loaded, 0, 2);
    tcase_add_test(tcase, parts_end_by_bytes);
    tcase_add_test(tcase, an_inferred_load_makes_its_types);
    tcase_add_loop_test(tcase, an_inferred_load_tells_of_texts_that_change, 0, 2);
    tcase_add_loop_test(tcase, a_schema_that_is_not_there_is_named_before_anything_is_staged, 0, 2);
    tcase_add_test(tcase, the_report_tells_files_statements_and_versions);
    tcase_add_loop_test(tcase, a_load_that_is_stopped_can_be_gone_on_with, 0, 2);
    tcase_add_test(tcase, a_load_that_is_cancelled_can_be_gone_on_with);
    tcase = suite_case(suite, "scale"); /* by CK_RUN_CASE; a thousand files take their time to be durable */
    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, loads_set_up, loads_tear_down);
    tcase_add_test(tcase, groups_of_files_are_loaded_one_after_the_other);
    tcase_add_test(tcase, an_inferred_load_of_many_files_is_one_statement);
    tcase = suite_case(suite, "hive"); /* on its own server */
    tcase_add_checked_fixture(tcase, loads_set_up, loads_tear_down);
    tcase_add_test(tcase, open_source_spark_is_refused);
    return suite_run(suite);
}
