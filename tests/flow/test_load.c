/*
 * The load as a library, against a sandbox and a folder: whatever fails, and wherever it is stopped, each row is in the table once. Run by
 * tests/flow/test_flow.py, which says in LDBX_TEST_STAGING where files may be staged.
 */
#include "flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "stage/stager.h"
#include "store/store.h"

#define ROWS 2500

static const ldbx_load_column columns[] = {{"id", "BIGINT"}, {"name", "string"}, {"price", "decimal(10, 2)"}};

static ldbx_store *store;
static ldbx_stager *stager;
static char folder[256];

static void execute(const char *sql)
{
    expect_ok(ldbx_execute(connection, ldbx_view_of(sql), NULL, NULL, &error), error);
}

static int64_t ask(const char *sql)
{
    return flow_sum(sql, 0);
}

static void set_up(void)
{
    static int count;

    flow_start();
    ldbx_clock_skip_sleeps(true);
    flow_open(NULL);
    expect_ok(ldbx_store_new_memory(&store, &error), error);
    snprintf(folder, sizeof folder, "%s/%d-%d", getenv("LDBX_TEST_STAGING"), (int)getpid(), count++);
    expect_ok(ldbx_stager_open_directory(folder, NULL, &stager, &error), error);
    execute("DROP TABLE IF EXISTS flow_load");
}

static void tear_down(void)
{
    ldbx_stager_destroy(stager);
    ldbx_store_destroy(store);
    flow_stop();
}

static ldbx_loader_options options_of(const char *source)
{
    ldbx_loader_options options;

    ldbx_loader_options_init(&options, sizeof options);
    options.database = "default";
    options.table = "flow_load";
    options.columns = columns;
    options.column_count = 3;
    options.part_rows = 1000;
    options.key = "Flow load";
    options.source = source;
    options.store = store;
    return options;
}

static int append_rows(ldbx_loader *loader, int64_t rows)
{
    int status = LDBX_OK;

    for (int64_t id = 0; status == LDBX_OK && id < rows; id++) {
        char name[32];
        ldbx_value values[3] = {{.kind = LDBX_VALUE_INTEGER, .as.integer = id}, {.kind = LDBX_VALUE_BYTES}, {0}};
        snprintf(name, sizeof name, "a \"%d\"\n", (int)id);
        values[1].as.bytes = id % 7 == 0 ? ldbx_view_of("") : ldbx_view_of(name);
        if (id % 5 != 0)
            values[2] = (ldbx_value){.kind = LDBX_VALUE_DECIMAL, .as.decimal = {.low = (uint64_t)id, .scale = 2}};
        status = ldbx_loader_append(loader, values, 3, &error);
    }
    return status;
}

/* As a host does it: opens, gives all rows if they are wanted, commits. */
static int load(const ldbx_loader_options *options, ldbx_load_result *result)
{
    ldbx_loader *loader = NULL;
    int status = ldbx_loader_open(connection, stager, options, &loader, &error);

    if (status == LDBX_OK) {
        status = append_rows(loader, ROWS);
        if (status == LDBX_OK)
            status = ldbx_loader_commit(loader, &error);
    }
    if (status >= LDBX_OK && result != NULL)
        ldbx_loader_result_get(loader, result);
    if (result != NULL) /* its texts go with the loader */
        result->run = result->warning = NULL;
    ldbx_loader_destroy(loader);
    return status;
}

static int staged_files(void)
{
    char command[320], line[32] = "";
    FILE *out;

    snprintf(command, sizeof command, "find '%s' -type f | wc -l", folder);
    out = popen(command, "r");
    ck_assert(out != NULL && fgets(line, sizeof line, out) != NULL);
    pclose(out);
    return atoi(line);
}

static void expect_each_once(void)
{
    ck_assert_int_eq(ask("SELECT count(*) FROM flow_load"), ROWS);
    ck_assert_int_eq(ask("SELECT count(DISTINCT id) FROM flow_load"), ROWS);
    ck_assert_int_eq(ask("SELECT count(*) FROM flow_load WHERE price IS NULL"), ROWS / 5);
    ck_assert_int_eq(ask("SELECT count(*) FROM flow_load WHERE name = ''"), (ROWS + 6) / 7);
}

START_TEST(rows_are_in_the_table_once)
{
    ldbx_loader_options options = options_of("first");
    ldbx_load_result result = {.size = sizeof result};

    options.gzip = _i;
    expect_ok(load(&options, &result), error);
    ck_assert_int_eq(result.rows_staged, ROWS);
    ck_assert_int_eq(result.rows_loaded, ROWS);
    ck_assert_int_eq(result.files, 3);
    ck_assert_int_eq(result.version_before, 0);
    ck_assert_int_eq(result.version_after, 1);
    ck_assert_int_eq(result.attempts, 1);
    ck_assert_int_eq(result.statements, 1);
    ck_assert(result.complete && !result.already_loaded && !result.resumed);
    expect_each_once();
    ck_assert_int_eq(staged_files(), 0);
}
END_TEST

START_TEST(a_loaded_source_is_not_loaded_again)
{
    ldbx_loader_options options = options_of("first");
    ldbx_load_result result = {.size = sizeof result};

    expect_ok(load(&options, NULL), error);
    expect_status(load(&options, &result), LDBX_DONE, error);
    ck_assert(result.already_loaded && result.complete);
    ck_assert_int_eq(result.rows_loaded, ROWS);
    options.source = "second";
    expect_ok(load(&options, NULL), error);
    options.source = "first";
    expect_status(load(&options, NULL), LDBX_DONE, error);
    ck_assert_int_eq(ask("SELECT count(*) FROM flow_load"), 2 * ROWS);
}
END_TEST

START_TEST(rows_come_as_json)
{
    ldbx_loader_options options = options_of("json");
    ldbx_load_result result = {.size = sizeof result};
    ldbx_loader *loader = NULL;

    expect_ok(ldbx_loader_open(connection, stager, &options, &loader, &error), error);
    for (int id = 0; id < ROWS; id++) {
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
    ck_assert_int_eq(result.rows_loaded, ROWS);
    ck_assert_str_eq(result.warning, "column price is in none of the rows");
    expect_status(ldbx_loader_append_json(loader, ldbx_view_of("{}"), &error), LDBX_INVALID_ARGUMENT, error);
    ldbx_loader_destroy(loader);
    ck_assert_int_eq(ask("SELECT count(DISTINCT id) FROM flow_load WHERE name = concat('a \"', id, '\"\\n')"), ROWS);
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
    expect_status(ldbx_loader_check_columns(columns, 0, &error), LDBX_INVALID_ARGUMENT, error);
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
    ldbx_loader_options options = options_of(source);
    ldbx_loader *loader = NULL;

    memset(source, 'x', sizeof source - 1);
    source[ranges[_i].source] = '\0';
    options.part_rows = ranges[_i].part_rows;
    options.part_bytes = ranges[_i].part_bytes;
    expect_status(ldbx_loader_open(connection, stager, &options, &loader, &error),
                  ranges[_i].fine ? LDBX_OK : LDBX_INVALID_ARGUMENT, error);
    ck_assert_int_eq(loader != NULL, ranges[_i].fine);
    ldbx_loader_destroy(loader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load");
    TCase *tcase = suite_case(suite, "flow");

    tcase_set_timeout(tcase, 200);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, rows_are_in_the_table_once, 0, 2);
    tcase_add_test(tcase, a_loaded_source_is_not_loaded_again);
    tcase_add_test(tcase, rows_come_as_json);
    tcase_add_loop_test(tcase, columns_are_looked_at_without_a_server, 0, sizeof looked_at / sizeof looked_at[0]);
    tcase_add_loop_test(tcase, options_of_a_load_have_their_ranges, 0, sizeof ranges / sizeof ranges[0]);
    return suite_run(suite);
}
