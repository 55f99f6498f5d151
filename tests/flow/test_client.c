/* The client against a sandbox over a socket: run by tests/flow/test_flow.py, which starts it and sets DATABRICKS_*. */
#include "suite.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

static ldbx_error *error;
static ldbx_connection *connection;

static void connect_with(ldbx_cancel *cancel)
{
    ldbx_config *config = NULL;
    ldbx_connection_options options;

    ldbx_connection_options_init(&options, sizeof options);
    options.cancel = cancel;
    expect_ok(ldbx_config_new(&config, &error), error);
    expect_ok(ldbx_config_load_env(config, &error), error);
    expect_ok(ldbx_config_set(config, "page_rows", "5000", &error), error);
    expect_ok(ldbx_connection_open(config, &options, &connection, &error), error);
    ldbx_config_destroy(config);
}

static void disconnect(void)
{
    ldbx_error_destroy(error);
    ldbx_connection_destroy(connection);
    error = NULL;
    connection = NULL;
}

/* Whether the server is open-source Spark: without parameters, and without counts of rows changed. */
static bool is_hive(void)
{
    return ldbx_connection_protocol(connection) < 0x1000;
}

typedef struct query {
    ldbx_statement *statement;
    ldbx_result *result;
} query;

static query begin(const char *sql, const ldbx_statement_options *options)
{
    query made = {0};

    expect_ok(ldbx_statement_new(connection, ldbx_view_of(sql), options, &made.statement, &error), error);
    return made;
}

static void end(query *done)
{
    ldbx_result_destroy(done->result);
    ldbx_statement_destroy(done->statement);
}

/* The rows of a statement as JSON lines must be `expected`. */
static void expect_rows(query *asked, const char *expected)
{
    ldbx_buf text;
    const ldbx_batch *batch;
    int status;

    ldbx_buf_init(&text, LDBX_MAX_TEXT);
    expect_ok(ldbx_statement_execute(asked->statement, &asked->result, &error), error);
    while ((status = ldbx_result_next(asked->result, &batch, &error)) == LDBX_OK) {
        ldbx_view lines;
        expect_ok(ldbx_batch_json(batch, &lines, &error), error);
        ldbx_buf_view(&text, lines);
    }
    expect_status(status, LDBX_DONE, error);
    ck_assert_str_eq(ldbx_buf_cstr(&text), expected);
    ldbx_buf_clear(&text);
}

static void expect_rows_of_parameters(query *asked, const char *expected)
{
    if (is_hive())
        expect_status(ldbx_statement_execute(asked->statement, &asked->result, &error), LDBX_UNSUPPORTED, error);
    else
        expect_rows(asked, expected);
}

static void expect_query(const char *sql, const char *expected)
{
    query asked = begin(sql, NULL);

    expect_rows(&asked, expected);
    end(&asked);
}

START_TEST(every_type_comes_out_the_same_in_every_form)
{
    connect_with(NULL);
    expect_query(
        "SELECT true AS b, CAST(-128 AS TINYINT) AS ti, CAST(-32768 AS SMALLINT) AS si, -2147483648 AS i, "
        "CAST(-9223372036854775807 AS BIGINT) AS bi, CAST(0.1 AS FLOAT) AS f, CAST(0.1 AS DOUBLE) AS d, "
        "CAST('NaN' AS DOUBLE) AS nan, CAST('-12345678901234567.890' AS DECIMAL(20,3)) AS de, 'a\"\\nü' AS s, "
        "X'00ff' AS bin, DATE '0001-01-01' AS da, TIMESTAMP '2024-02-29 12:34:56.123456Z' AS ts, "
        "CAST(NULL AS STRING) AS nothing",
        "{\"b\":true,\"ti\":-128,\"si\":-32768,\"i\":-2147483648,\"bi\":-9223372036854775807,\"f\":0.1,\"d\":0.1,"
        "\"nan\":\"NaN\",\"de\":-12345678901234567.890,\"s\":\"a\\\"\\nü\",\"bin\":\"AP8=\",\"da\":\"0001-01-01\","
        "\"ts\":\"2024-02-29T12:34:56.123456Z\",\"nothing\":null}\n");
    disconnect();
}
END_TEST

/* In a column set nothing tells a zoneless timestamp from one with a zone. */
START_TEST(zoneless_timestamps)
{
    query asked;
    bool known;

    connect_with(NULL);
    asked = begin("SELECT TIMESTAMP_NTZ '9999-12-31 23:59:59.999999' AS n", NULL);
    expect_ok(ldbx_statement_execute(asked.statement, &asked.result, &error), error);
    known = ldbx_result_column(asked.result, 0)->type == LDBX_TYPE_TIMESTAMP_NTZ;
    ldbx_result_destroy(asked.result);
    expect_rows(&asked,
                known ? "{\"n\":\"9999-12-31T23:59:59.999999\"}\n" : "{\"n\":\"9999-12-31T23:59:59.999999Z\"}\n");
    end(&asked);
    disconnect();
}
END_TEST

START_TEST(nested_types_come_out_the_same_in_every_form)
{
    connect_with(NULL);
    expect_query("SELECT array(1, NULL, 3) AS a, map('k', 1.5) AS m, struct(1 AS x, array('z') AS y) AS s",
                 "{\"a\":[1,null,3],\"m\":{\"k\":1.5},\"s\":{\"x\":1,\"y\":[\"z\"]}}\n");
    disconnect();
}
END_TEST

START_TEST(nulls_stand_where_they_stood)
{
    connect_with(NULL);
    expect_query(
        "SELECT id, CASE WHEN id % 3 = 0 THEN NULL ELSE id END AS n, CASE WHEN id % 2 = 0 THEN NULL ELSE 'x' END AS s "
        "FROM range(5) ORDER BY id",
        "{\"id\":0,\"n\":null,\"s\":null}\n{\"id\":1,\"n\":1,\"s\":\"x\"}\n{\"id\":2,\"n\":2,\"s\":null}\n"
        "{\"id\":3,\"n\":null,\"s\":\"x\"}\n{\"id\":4,\"n\":4,\"s\":null}\n");
    disconnect();
}
END_TEST

static int64_t sum_of(ldbx_result *result, int64_t *rows)
{
    const ldbx_batch *batch;
    int64_t sum = 0;
    int status;

    *rows = 0;
    while ((status = ldbx_result_next(result, &batch, &error)) == LDBX_OK) {
        for (int64_t row = 0; row < ldbx_batch_rows(batch); row++)
            sum += ldbx_batch_int64(batch, row, 0);
        *rows += ldbx_batch_rows(batch);
    }
    expect_status(status, LDBX_DONE, error);
    return sum;
}

/* Loop: 0 without, 1 with a page fetched ahead. */
START_TEST(many_pages_are_one_result)
{
    ldbx_statement_options options;
    query asked;
    int64_t rows;

    connect_with(NULL);
    ldbx_statement_options_init(&options, sizeof options);
    options.prefetch = _i;
    asked = begin("SELECT id FROM range(123457)", &options);
    expect_ok(ldbx_statement_execute(asked.statement, &asked.result, &error), error);
    ck_assert_int_eq(sum_of(asked.result, &rows), INT64_C(123457) * 123456 / 2);
    ck_assert_int_eq(rows, 123457);
    end(&asked);
    disconnect();
}
END_TEST

START_TEST(a_result_may_be_left_early)
{
    const ldbx_batch *batch;
    query asked;

    connect_with(NULL);
    for (int i = 0; i < 3; i++) {
        asked = begin("SELECT id FROM range(100000)", NULL);
        expect_ok(ldbx_statement_execute(asked.statement, &asked.result, &error), error);
        expect_ok(ldbx_result_next(asked.result, &batch, &error), error);
        end(&asked);
    }
    expect_query("SELECT 1 AS a", "{\"a\":1}\n");
    disconnect();
}
END_TEST

START_TEST(named_parameters)
{
    query asked;

    connect_with(NULL);
    asked = begin("SELECT :i + 1 AS i, :s AS s, :d AS d, :t AS t, :n AS n", NULL);
    expect_ok(ldbx_statement_bind(asked.statement, "i", "BIGINT", ldbx_view_of("41"), &error), error);
    expect_ok(ldbx_statement_bind(asked.statement, "s", "STRING", ldbx_view_of("it's \\ 'x'"), &error), error);
    expect_ok(ldbx_statement_bind(asked.statement, "d", "DECIMAL(10,2)", ldbx_view_of("1.50"), &error), error);
    expect_ok(ldbx_statement_bind(asked.statement, "t", "TIMESTAMP", ldbx_view_of("2024-01-01 00:00:00.000001+00:00"),
                                  &error),
              error);
    expect_ok(ldbx_statement_bind(asked.statement, "n", "STRING", (ldbx_view){0}, &error), error);
    expect_status(ldbx_statement_bind(asked.statement, "n", "STRING", ldbx_view_of("x"), &error), LDBX_INVALID_ARGUMENT,
                  error);
    expect_status(ldbx_statement_bind(asked.statement, NULL, "STRING", ldbx_view_of("x"), &error),
                  LDBX_INVALID_ARGUMENT, error);
    expect_rows_of_parameters(
        &asked, "{\"i\":42,\"s\":\"it's \\\\ 'x'\",\"d\":1.50,\"t\":\"2024-01-01T00:00:00.000001Z\",\"n\":null}\n");
    end(&asked);
    disconnect();
}
END_TEST

START_TEST(positional_parameters)
{
    query asked;

    connect_with(NULL);
    asked = begin("SELECT ? AS a, ? AS b", NULL);
    expect_ok(ldbx_statement_bind(asked.statement, NULL, "INT", ldbx_view_of("1"), &error), error);
    expect_ok(ldbx_statement_bind(asked.statement, NULL, "STRING", ldbx_view_of("x"), &error), error);
    expect_rows_of_parameters(&asked, "{\"a\":1,\"b\":\"x\"}\n");
    end(&asked);
    disconnect();
}
END_TEST

START_TEST(an_error_carries_its_facts)
{
    query asked;

    connect_with(NULL);
    asked = begin("SELECT * FROM nope", NULL);
    expect_status(ldbx_statement_execute(asked.statement, &asked.result, &error), LDBX_NOT_FOUND, error);
    ck_assert_str_eq(ldbx_error_sqlstate(error), "42P01");
    ck_assert_str_eq(ldbx_error_class(error), "TABLE_OR_VIEW_NOT_FOUND");
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_NEVER);
    ck_assert_ptr_null(strchr(ldbx_error_message(error), '\n'));
    end(&asked);
    disconnect();
}
END_TEST

static void *trigger_later(void *token)
{
    usleep(150000);
    ldbx_cancel_trigger(token);
    return NULL;
}

/* `slow` is made slow by the fault script of the test that runs this program. */
static void cancel_while(const char *sql, bool in_fetch)
{
    ldbx_cancel *cancel = NULL;
    const ldbx_batch *batch;
    pthread_t thread;
    query asked;
    int64_t started;
    int status;

    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    connect_with(cancel);
    asked = begin(sql, NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, trigger_later, cancel), 0);
    started = ldbx_steady_ms();
    status = ldbx_statement_execute(asked.statement, &asked.result, &error);
    while (in_fetch && status == LDBX_OK)
        status = ldbx_result_next(asked.result, &batch, &error);
    expect_status(status, LDBX_CANCELLED, error);
    ck_assert_int_lt(ldbx_steady_ms() - started, 1500); /* of 20 s that it would take */
    pthread_join(thread, NULL);
    end(&asked);
    disconnect();
    ldbx_cancel_destroy(cancel);
}

START_TEST(cancel_while_the_statement_runs)
{
    cancel_while("SELECT 'slow statement' AS s", false);
}
END_TEST

START_TEST(cancel_while_a_page_comes)
{
    cancel_while("SELECT id, 'slow page' AS s FROM range(50000)", true);
}
END_TEST

/* A statement that takes 20 s ends with its timeout of 1 s, within `longest_ms`. */
static void expect_timeout(const char *sql, int64_t longest_ms)
{
    ldbx_statement_options options;
    query asked;
    int64_t started = ldbx_steady_ms();

    ldbx_statement_options_init(&options, sizeof options);
    options.query_timeout_s = 1;
    asked = begin(sql, &options);
    expect_status(ldbx_statement_execute(asked.statement, &asked.result, &error), LDBX_TIMEOUT, error);
    ck_assert_int_lt(ldbx_steady_ms() - started, longest_ms);
    end(&asked);
}

START_TEST(a_query_timeout_ends_a_hanging_answer)
{
    connect_with(NULL);
    expect_timeout("SELECT 'slow statement, hung status' AS s", 15000);
    disconnect();
}
END_TEST

START_TEST(a_result_can_be_dropped_while_a_page_comes)
{
    const ldbx_batch *batch;
    query asked;
    int64_t started;

    connect_with(NULL);
    asked = begin("SELECT id, 'slow second page' AS s FROM range(50000)", NULL);
    expect_ok(ldbx_statement_execute(asked.statement, &asked.result, &error), error);
    expect_ok(ldbx_result_next(asked.result, &batch, &error), error);
    started = ldbx_steady_ms();
    end(&asked);
    ck_assert_int_lt(ldbx_steady_ms() - started, 6000); /* of 20 s that the page takes */
    disconnect();
}
END_TEST

/* The statement was carried out but its metadata cannot be had: nobody may be told that a repeat is safe. */
START_TEST(a_statement_that_ran_is_not_called_safe_to_repeat)
{
    query asked;

    connect_with(NULL);
    asked = begin("INSERT INTO flow_ran SELECT 1 /* no metadata */", NULL);
    ck_assert_int_lt(ldbx_statement_execute(asked.statement, &asked.result, &error), 0);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_UNKNOWN);
    ck_assert_uint_eq(strlen(ldbx_error_statement_id(error)), 36);
    end(&asked);
    disconnect();
}
END_TEST

/* "SAFE" once more would make a caller ask for ever. */
START_TEST(a_result_that_failed_is_not_asked_again)
{
    const ldbx_batch *batch;
    query asked;
    int status = LDBX_OK;

    connect_with(NULL);
    asked = begin("SELECT id, 'no page' AS s FROM range(50000)", NULL);
    expect_ok(ldbx_statement_execute(asked.statement, &asked.result, &error), error);
    while (status == LDBX_OK)
        status = ldbx_result_next(asked.result, &batch, &error);
    expect_status(status, LDBX_SESSION_LOST, error);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_UNKNOWN);
    expect_status(ldbx_result_next(asked.result, &batch, &error), LDBX_SESSION_LOST, error);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_NEVER);
    end(&asked);
    disconnect();
}
END_TEST

START_TEST(a_query_timeout_ends_the_statement)
{
    connect_with(NULL);
    expect_timeout("SELECT 'slow statement' AS s", 6000);
    expect_query("SELECT 1 AS a", "{\"a\":1}\n"); /* the session lives on */
    disconnect();
}
END_TEST

START_TEST(a_stream_owns_its_batches)
{
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray kept[100];
    size_t count = 0;
    int64_t rows = 0, sum = 0;
    query asked;

    connect_with(NULL);
    asked = begin("SELECT id, CAST(id AS STRING) AS text FROM range(60000)", NULL);
    expect_ok(ldbx_statement_execute(asked.statement, &asked.result, &error), error);
    expect_ok(ldbx_result_export_stream(asked.result, &stream, &error), error);
    asked.result = NULL;
    ck_assert_int_eq(stream.get_schema(&stream, &schema), 0);
    ck_assert_str_eq(schema.format, "+s");
    ck_assert_int_eq(schema.n_children, 2);
    ck_assert_str_eq(schema.children[0]->name, "id");
    for (;;) {
        ck_assert_uint_lt(count, 100);
        ck_assert_int_eq(stream.get_next(&stream, &kept[count]), 0);
        if (kept[count].release == NULL)
            break;
        rows += kept[count++].length;
    }
    ck_assert_int_eq(rows, 60000);
    stream.release(&stream);
    end(&asked);
    disconnect();
    for (size_t i = 0; i < count; i++) { /* the first batch is still whole after the last */
        const int64_t *ids = kept[i].children[0]->buffers[1];
        for (int64_t row = 0; row < kept[i].length; row++)
            sum += ids[row];
        kept[i].release(&kept[i]);
    }
    ck_assert_int_eq(sum, INT64_C(60000) * 59999 / 2);
    schema.release(&schema);
}
END_TEST

START_TEST(modified_rows_are_told)
{
    int64_t modified = 0;

    connect_with(NULL);
    expect_ok(ldbx_execute(connection, ldbx_view_of("CREATE OR REPLACE TABLE flow (id INT)"), NULL, NULL, &error),
              error);
    expect_ok(ldbx_execute(connection, ldbx_view_of("INSERT INTO flow VALUES (1), (2), (3)"), NULL, &modified, &error),
              error);
    ck_assert_int_eq(modified, is_hive() ? -1 : 3);
    expect_ok(ldbx_connection_ping(connection, &error), error);
    disconnect();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client");
    TCase *tcase = suite_case(suite, "flow");

    tcase_add_test(tcase, every_type_comes_out_the_same_in_every_form);
    tcase_add_test(tcase, zoneless_timestamps);
    tcase_add_test(tcase, nested_types_come_out_the_same_in_every_form);
    tcase_add_test(tcase, nulls_stand_where_they_stood);
    tcase_add_loop_test(tcase, many_pages_are_one_result, 0, 2);
    tcase_add_test(tcase, a_result_may_be_left_early);
    tcase_add_test(tcase, named_parameters);
    tcase_add_test(tcase, positional_parameters);
    tcase_add_test(tcase, an_error_carries_its_facts);
    tcase_add_test(tcase, cancel_while_the_statement_runs);
    tcase_add_test(tcase, cancel_while_a_page_comes);
    tcase_add_test(tcase, a_query_timeout_ends_a_hanging_answer);
    tcase_add_test(tcase, a_result_can_be_dropped_while_a_page_comes);
    tcase_add_test(tcase, a_statement_that_ran_is_not_called_safe_to_repeat);
    tcase_add_test(tcase, a_result_that_failed_is_not_asked_again);
    tcase_add_test(tcase, a_query_timeout_ends_the_statement);
    tcase_add_test(tcase, a_stream_owns_its_batches);
    tcase_add_test(tcase, modified_rows_are_told);
    return suite_run(suite);
}
