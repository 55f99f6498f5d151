/* OAuth credentials through the API, against a sandbox whose tokens are good for 300 s: run by tests/flow/test_flow.py. */
#include "flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define STARTING                                                                                                       \
    "{\"rpc\": \"OpenSession\", \"action\": \"status\", \"status\": 503, \"headers\": {\"Retry-After\": \"60\"}, "
#define EXPIRED "\"action\": \"expired_token\""

static int execute(const char *sql)
{
    return ldbx_execute(connection, ldbx_view_of(sql), NULL, NULL, &error);
}

START_TEST(one_token_serves_all_channels)
{
    flow_open(NULL);
    ck_assert_int_eq(flow_sum(FLOW_MANY, 1), FLOW_SUM);
    ck_assert_int_eq(flow_sum(FLOW_MANY, 0), FLOW_SUM);
    ck_assert_int_gt(flow_calls("FetchResults"), 20);
    ck_assert_int_eq(flow_calls("OAuthToken"), 1);
}
END_TEST

/* Loop: 0 without, 1 with a page fetched ahead, over a channel of its own: what that one has fetched serves the other. */
START_TEST(a_token_expires_between_two_pages)
{
    flow_open(NULL);
    flow_faults("[{\"rpc\": \"FetchResults\", \"skip\": 3, " EXPIRED "}]");
    ck_assert_int_eq(flow_sum(FLOW_MANY, _i), FLOW_SUM);
    expect_ok(ldbx_connection_ping(connection, &error), error);
    ck_assert_int_eq(flow_calls("OAuthToken"), 2);
}
END_TEST

/* 401 means that nothing was done: also what must not run twice is sent again, once. */
START_TEST(a_statement_is_repeated_once)
{
    flow_open(NULL);
    expect_ok(execute("CREATE OR REPLACE TABLE main.default.flow_oauth (id INT)"), error);
    flow_faults("[{\"statement\": \"VALUES (7)\", \"rpc\": \"ExecuteStatement\", " EXPIRED "}]");
    expect_ok(execute("INSERT INTO main.default.flow_oauth VALUES (7)"), error);
    ck_assert_int_eq(flow_sum("SELECT id FROM main.default.flow_oauth", 1), 7);
    ck_assert_int_eq(flow_calls("OAuthToken"), 2);

    flow_faults("[{\"statement\": \"VALUES (8)\", \"rpc\": \"ExecuteStatement\", \"times\": 2, " EXPIRED "}]");
    flow_forget_calls();
    expect_status(execute("INSERT INTO main.default.flow_oauth VALUES (8)"), LDBX_UNAUTHENTICATED, error);
    ck_assert_int_eq(ldbx_error_http_status(error), 401);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_NEVER);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "service principal"));
    ck_assert_int_eq(flow_calls("ExecuteStatement"), 2);
    ck_assert_int_eq(flow_calls("OAuthToken"), 1);
    ck_assert_int_eq(flow_sum("SELECT id FROM main.default.flow_oauth", 1), 7);
}
END_TEST

/* 8 minutes of a token that is good for 5: the header is made for each attempt. */
START_TEST(a_cold_start_outlives_a_token)
{
    char *log;
    const char *first, *renewed;

    ldbx_clock_skip_sleeps(true);
    flow_faults("[" STARTING "\"times\": 8}]");
    flow_open(NULL);
    log = flow_log();
    first = strstr(log, "OAuthToken OpenSession OpenSession");
    ck_assert_msg(first == log, "%s", log);
    renewed = strstr(first + 1, "OAuthToken");
    ck_assert_msg(renewed != NULL && strstr(renewed + 1, "OAuthToken") == NULL, "%s", log);
    ck_assert_int_eq(strncmp(renewed, "OAuthToken OpenSession ", 23), 0);
    ck_assert_int_eq(flow_calls("OpenSession"), 9);
    free(log);
}
END_TEST

/* The same where it is the server that says so, between two answers of a compute that starts. */
START_TEST(a_token_ends_during_a_cold_start)
{
    ldbx_clock_skip_sleeps(true);
    flow_faults("[" STARTING "\"times\": 2}, {\"rpc\": \"OpenSession\", " EXPIRED "}, " STARTING "\"times\": 1}]");
    flow_open(NULL);
    ck_assert_int_eq(flow_calls("OpenSession"), 5);
    ck_assert_int_eq(flow_calls("OAuthToken"), 2);
}
END_TEST

START_TEST(a_static_token_is_not_repeated)
{
    ldbx_config *config = NULL;

    flow_faults("[{\"rpc\": \"OpenSession\", " EXPIRED "}]");
    expect_ok(ldbx_config_new(&config, &error), error);
    expect_ok(ldbx_config_set(config, "host", getenv("DATABRICKS_HOST"), &error), error);
    expect_ok(ldbx_config_set(config, "http_path", getenv("DATABRICKS_HTTP_PATH"), &error), error);
    expect_ok(ldbx_config_set(config, "token", "sandbox", &error), error);
    expect_status(ldbx_connection_open(config, NULL, &connection, &error), LDBX_UNAUTHENTICATED, error);
    ck_assert_int_eq(ldbx_error_http_status(error), 401);
    ck_assert_int_eq(flow_calls("OpenSession"), 1);
    ck_assert_int_eq(flow_calls("OAuthToken"), 0);
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(a_wrong_secret_is_told)
{
    ldbx_config *config = flow_config();
    const char *message;

    expect_ok(ldbx_config_set(config, "client_secret", "dose-wrong-secret", &error), error);
    expect_status(ldbx_connection_open(config, NULL, &connection, &error), LDBX_UNAUTHENTICATED, error);
    message = ldbx_error_message(error);
    ck_assert_ptr_nonnull(strstr(message, "/oidc/v1/token"));
    ck_assert_ptr_nonnull(strstr(message, "invalid_client"));
    ck_assert_ptr_null(strstr(message, "dose-wrong"));
    ck_assert_int_eq(flow_calls("OAuthToken"), 1);
    ck_assert_int_eq(flow_calls("OpenSession"), 0);
    ldbx_config_destroy(config);
}
END_TEST

/* The endpoint fails when a token must be replaced: the statement was never sent, and a repeat is safe. */
START_TEST(the_endpoint_fails_in_the_middle)
{
    flow_open(NULL);
    expect_ok(execute("CREATE OR REPLACE TABLE main.default.flow_oauth (id INT)"), error);
    ldbx_clock_skip_sleeps(true);
    flow_faults("[{\"statement\": \"VALUES (9)\", \"rpc\": \"ExecuteStatement\", " EXPIRED "},"
                "{\"rpc\": \"OAuthToken\", \"action\": \"status\", \"status\": 503, \"times\": 5}]");
    expect_status(execute("INSERT INTO main.default.flow_oauth VALUES (9)"), LDBX_UNAVAILABLE, error);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_SAFE);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "/oidc/v1/token"));
    ck_assert_int_eq(flow_sum("SELECT count(*) FROM main.default.flow_oauth", 1), 0);
    expect_ok(execute("INSERT INTO main.default.flow_oauth VALUES (9)"), error);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oauth");
    TCase *tcase = suite_case(suite, "flow");

    tcase_add_checked_fixture(tcase, flow_start, flow_stop);
    tcase_add_test(tcase, one_token_serves_all_channels);
    tcase_add_loop_test(tcase, a_token_expires_between_two_pages, 0, 2);
    tcase_add_test(tcase, a_statement_is_repeated_once);
    tcase_add_test(tcase, a_cold_start_outlives_a_token);
    tcase_add_test(tcase, a_token_ends_during_a_cold_start);
    tcase_add_test(tcase, a_static_token_is_not_repeated);
    tcase_add_test(tcase, a_wrong_secret_is_told);
    tcase_add_test(tcase, the_endpoint_fails_in_the_middle);
    return suite_run(suite);
}
