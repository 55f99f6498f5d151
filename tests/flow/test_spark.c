/* The client against an open-source Spark Thrift Server: run by tests/spark, which starts it and sets DATABRICKS_*. */
#include "suite.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "client/connection.h"

#define SLEEP_A_MINUTE "SELECT java_method('java.lang.Thread', 'sleep', 60000L) AS s"
#define PROMPTLY_MS    20000 /* against a minute, on a machine that others use too */

static ldbx_error *error;
static ldbx_connection *connection;

static ldbx_connection *open_with(const char *key, const char *value, ldbx_cancel *cancel)
{
    ldbx_connection *opened = NULL;
    ldbx_config *config = NULL;
    ldbx_connection_options options;

    ldbx_connection_options_init(&options, sizeof options);
    options.cancel = cancel;
    expect_ok(ldbx_config_new(&config, &error), error);
    expect_ok(ldbx_config_load_env(config, &error), error);
    if (key != NULL)
        expect_ok(ldbx_config_set(config, key, value, &error), error);
    expect_ok(ldbx_connection_open(config, &options, &opened, &error), error);
    ldbx_config_destroy(config);
    return opened;
}

static void tear_down(void)
{
    ldbx_error_destroy(error);
    ldbx_connection_destroy(connection);
    error = NULL;
    connection = NULL;
}

static int run_on(ldbx_connection *where, const char *sql, const ldbx_statement_options *options)
{
    return ldbx_execute(where, ldbx_view_of(sql), options, NULL, &error);
}

typedef struct query {
    ldbx_statement *statement;
    ldbx_result *result;
} query;

static query ask(const char *sql, const ldbx_statement_options *options)
{
    query asked = {0};

    expect_ok(ldbx_statement_new(connection, ldbx_view_of(sql), options, &asked.statement, &error), error);
    expect_ok(ldbx_statement_execute(asked.statement, &asked.result, &error), error);
    return asked;
}

static void end(query *asked)
{
    ldbx_result_destroy(asked->result);
    ldbx_statement_destroy(asked->statement);
}

/* Loop: 0 without, 1 with a page fetched ahead. Pages begin small, and grow to what page_rows allows. */
START_TEST(many_pages_are_one_result)
{
    ldbx_statement_options options;
    const ldbx_batch *batch;
    int64_t rows = 0, sum = 0;
    int status;
    query asked;

    connection = open_with("page_rows", "997", NULL);
    ldbx_statement_options_init(&options, sizeof options);
    options.prefetch = _i;
    asked = ask("SELECT id, CASE WHEN id = 23456 THEN repeat('x', 1000000) END AS big FROM range(23457)", &options);
    while ((status = ldbx_result_next(asked.result, &batch, &error)) == LDBX_OK) {
        ck_assert_int_le(ldbx_batch_rows(batch), 997);
        for (int64_t row = 0; row < ldbx_batch_rows(batch); row++, rows++) {
            ck_assert_int_eq(ldbx_batch_int64(batch, row, 0), rows);
            sum += ldbx_batch_int64(batch, row, 0);
        }
    }
    expect_status(status, LDBX_DONE, error);
    ck_assert_int_eq(rows, 23457);
    ck_assert_int_eq(sum, INT64_C(23457) * 23456 / 2);
    expect_status(ldbx_result_next(asked.result, &batch, &error), LDBX_DONE, error);
    end(&asked);
}
END_TEST

/* The server knows no limit in bytes: rows that turn out to be large must come in small pages. */
START_TEST(pages_are_bounded_by_their_bytes)
{
    const ldbx_batch *batch;
    int64_t rows = 0;
    int status;
    query asked;

    connection = open_with("page_bytes", "1000000", NULL);
    asked = ask("SELECT repeat('x', 50000) AS s FROM range(500)", NULL);
    while ((status = ldbx_result_next(asked.result, &batch, &error)) == LDBX_OK) {
        if (rows > 0)
            ck_assert_int_le(ldbx_batch_rows(batch), 20);
        rows += ldbx_batch_rows(batch);
    }
    expect_status(status, LDBX_DONE, error);
    ck_assert_int_eq(rows, 500);
    end(&asked);
}
END_TEST

START_TEST(types_are_described)
{
    static const ldbx_type expected[] = {LDBX_TYPE_BOOLEAN,   LDBX_TYPE_DECIMAL,  LDBX_TYPE_DATE,
                                         LDBX_TYPE_TIMESTAMP, LDBX_TYPE_INTERVAL, LDBX_TYPE_ARRAY};
    const ldbx_batch *batch;
    int64_t us = 0;
    query asked;

    connection = open_with(NULL, NULL, NULL);
    asked = ask("SELECT CAST(NULL AS BOOLEAN), 1.50, DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.999999Z', "
                "INTERVAL 1 DAY, array(1)",
                NULL);
    for (size_t i = 0; i < ldbx_result_column_count(asked.result); i++)
        ck_assert_int_eq(ldbx_result_column(asked.result, i)->type, expected[i]);
    ck_assert_str_eq(ldbx_result_column(asked.result, 1)->sql_type, "DECIMAL(3,2)");
    expect_ok(ldbx_result_next(asked.result, &batch, &error), error);
    ck_assert(ldbx_batch_is_null(batch, 0, 0));
    ck_assert_int_eq(ldbx_batch_int64(batch, 0, 0), 0); /* the slot of a NULL boolean holds true */
    ck_assert(ldbx_batch_timestamp_us(batch, 0, 2, &us) && us == -INT64_C(86400000000));
    ck_assert(ldbx_batch_timestamp_us(batch, 0, 3, &us) && us == -1);
    end(&asked);
}
END_TEST

START_TEST(a_statement_without_rows_has_no_columns)
{
    const ldbx_batch *batch;
    int64_t modified = 0;
    query asked;

    connection = open_with(NULL, NULL, NULL);
    asked = ask("CREATE OR REPLACE TEMPORARY VIEW empty AS SELECT 1 AS a", NULL);
    ck_assert_uint_eq(ldbx_result_column_count(asked.result), 0);
    expect_status(ldbx_result_next(asked.result, &batch, &error), LDBX_DONE, error);
    end(&asked);
    asked = ask("SELECT a FROM empty WHERE false", NULL);
    ck_assert_uint_eq(ldbx_result_column_count(asked.result), 1);
    expect_status(ldbx_result_next(asked.result, &batch, &error), LDBX_DONE, error);
    end(&asked);
    expect_ok(ldbx_execute(connection, ldbx_view_of("DROP VIEW empty"), NULL, &modified, &error), error);
    ck_assert_int_eq(modified, -1); /* the server does not count */
}
END_TEST

START_TEST(a_statement_may_be_large)
{
    ldbx_buf sql;

    connection = open_with(NULL, NULL, NULL);
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_str(&sql, "SELECT raise_error('cut') WHERE length('");
    for (int i = 0; i < 500000; i++)
        ldbx_buf_str(&sql, "0123456789");
    ldbx_buf_str(&sql, "') <> 5000000");
    expect_ok(run_on(connection, ldbx_buf_cstr(&sql), NULL), error);
    ldbx_buf_clear(&sql);
}
END_TEST

START_TEST(parameters_are_refused)
{
    ldbx_statement *statement = NULL;
    ldbx_result *result = NULL;

    connection = open_with(NULL, NULL, NULL);
    expect_ok(ldbx_statement_new(connection, ldbx_view_of("SELECT :a"), NULL, &statement, &error), error);
    expect_ok(ldbx_statement_bind(statement, "a", "INT", ldbx_view_of("1"), &error), error);
    expect_status(ldbx_statement_execute(statement, &result, &error), LDBX_UNSUPPORTED, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "parameters"));
    ldbx_statement_destroy(statement);
}
END_TEST

START_TEST(errors_carry_their_facts)
{
    connection = open_with(NULL, NULL, NULL);
    expect_status(run_on(connection, "SELECT * FROM nope", NULL), LDBX_NOT_FOUND, error);
    ck_assert_str_eq(ldbx_error_sqlstate(error), "42P01");
    ck_assert_str_eq(ldbx_error_class(error), "TABLE_OR_VIEW_NOT_FOUND");
    ck_assert_uint_eq(strlen(ldbx_error_statement_id(error)), 36);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_NEVER);
    expect_ok(ldbx_connection_ping(connection, &error), error);
}
END_TEST

START_TEST(a_session_begins_in_its_schema)
{
    ldbx_config *config = NULL;
    ldbx_connection *none = NULL;

    connection = open_with(NULL, NULL, NULL);
    expect_ok(run_on(connection, "CREATE SCHEMA IF NOT EXISTS `begins_here`", NULL), error);
    ldbx_connection_destroy(connection);
    connection = open_with("schema", "begins_here", NULL);
    expect_ok(run_on(connection, "SELECT raise_error('wrong schema') WHERE current_schema() <> 'begins_here'", NULL),
              error);
    expect_ok(run_on(connection, "DROP SCHEMA `begins_here`", NULL), error);
    expect_ok(ldbx_config_new(&config, &error), error);
    expect_ok(ldbx_config_load_env(config, &error), error);
    expect_ok(ldbx_config_set(config, "schema", "begins_here", &error), error);
    expect_status(ldbx_connection_open(config, NULL, &none, &error), LDBX_NOT_FOUND, error);
    ck_assert_str_eq(ldbx_error_class(error), "SCHEMA_NOT_FOUND");
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(temporary_views_stay_in_their_session)
{
    ldbx_connection *other = open_with(NULL, NULL, NULL);

    connection = open_with(NULL, NULL, NULL);
    expect_ok(run_on(connection, "CREATE TEMPORARY VIEW mine AS SELECT 1 AS a", NULL), error);
    expect_ok(run_on(connection, "SELECT * FROM mine", NULL), error);
    expect_status(run_on(other, "SELECT * FROM mine", NULL), LDBX_NOT_FOUND, error);
    ldbx_connection_destroy(other);
}
END_TEST

static void *cancel_soon(void *cancel)
{
    ldbx_sleep_ms(1000, NULL);
    ldbx_cancel_trigger(cancel);
    return NULL;
}

START_TEST(cancel_ends_a_statement_that_runs)
{
    ldbx_statement_options options;
    ldbx_cancel *cancel = NULL;
    int64_t began;
    pthread_t thread;

    connection = open_with(NULL, NULL, NULL);
    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    ldbx_statement_options_init(&options, sizeof options);
    options.cancel = cancel;
    began = ldbx_steady_ms();
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
    expect_status(run_on(connection, SLEEP_A_MINUTE, &options), LDBX_CANCELLED, error);
    ck_assert_int_lt(ldbx_steady_ms() - began, PROMPTLY_MS);
    pthread_join(thread, NULL);
    expect_ok(ldbx_connection_ping(connection, &error), error); /* the session lives on */
    ldbx_cancel_destroy(cancel);
}
END_TEST

START_TEST(a_query_timeout_ends_the_statement)
{
    ldbx_statement_options options;
    int64_t began = ldbx_steady_ms();

    connection = open_with(NULL, NULL, NULL);
    ldbx_statement_options_init(&options, sizeof options);
    options.query_timeout_s = 1;
    expect_status(run_on(connection, SLEEP_A_MINUTE, &options), LDBX_TIMEOUT, error);
    ck_assert_int_lt(ldbx_steady_ms() - began, PROMPTLY_MS);
    expect_ok(ldbx_connection_ping(connection, &error), error);
}
END_TEST

/* The server forgets sessions after a while: its word for that is an error without a handle. */
START_TEST(a_session_that_is_gone_is_told)
{
    const ldbx_batch *batch;
    query asked;

    connection = open_with("page_rows", "10", NULL);
    asked = ask("SELECT id FROM range(100000)", NULL);
    expect_ok(ldbx_result_next(asked.result, &batch, &error), error);
    ldbx_connection_close_session(connection, 10000);
    ck_assert(!connection->session_open);
    while (ldbx_result_next(asked.result, &batch, &error) == LDBX_OK) /* pages that were on their way */
        ;
    ck_assert_int_eq(ldbx_error_status(error), LDBX_SESSION_LOST);
    end(&asked);
    connection->has_session = true;
    expect_status(ldbx_connection_ping(connection, &error), LDBX_SESSION_LOST, error);
    expect_ok(ldbx_connection_reopen(connection, NULL, &error), error);
    expect_ok(run_on(connection, "SELECT raise_error('wrong zone') WHERE current_timezone() <> 'UTC'", NULL), error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spark");
    TCase *tcase = suite_case(suite, "flow");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_loop_test(tcase, many_pages_are_one_result, 0, 2);
    tcase_add_test(tcase, pages_are_bounded_by_their_bytes);
    tcase_add_test(tcase, types_are_described);
    tcase_add_test(tcase, a_statement_without_rows_has_no_columns);
    tcase_add_test(tcase, a_statement_may_be_large);
    tcase_add_test(tcase, parameters_are_refused);
    tcase_add_test(tcase, errors_carry_their_facts);
    tcase_add_test(tcase, a_session_begins_in_its_schema);
    tcase_add_test(tcase, temporary_views_stay_in_their_session);
    tcase_add_test(tcase, cancel_ends_a_statement_that_runs);
    tcase_add_test(tcase, a_query_timeout_ends_the_statement);
    tcase_add_test(tcase, a_session_that_is_gone_is_told);
    return suite_run(suite);
}
