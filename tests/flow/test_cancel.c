/*
 * Cancel from another thread, in every phase that a call can be in: it ends within 200 ms, and the server is told. Run by tests/flow/test_flow.py, with OAuth
 * credentials. The time that each took is printed; what is asserted leaves room for a machine that is busy.
 */
#include "flow.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "http_server.h"

#define BOUND_MS   1000 /* 200 is promised */
#define STALL(rpc) "{\"rpc\": \"" rpc "\", \"action\": \"stall\"}"

static ldbx_cancel *cancel;

/* Triggers the token when the sandbox has seen a call, or after 300 ms where none can be seen. */
typedef struct trigger {
    pthread_t thread;
    const char *rpc; /* NULL: none */
    int64_t at_ms;
} trigger;

static trigger pulled;

static void wait_for_call(const char *rpc)
{
    for (int looks = 0; flow_calls(rpc) == 0; looks++) {
        ck_assert_msg(looks < 2000, "%s was never called", rpc);
        usleep(10000);
    }
}

static void *pull(void *unused)
{
    (void)unused;
    if (pulled.rpc != NULL)
        wait_for_call(pulled.rpc);
    usleep(pulled.rpc != NULL ? 50000 : 300000);
    pulled.at_ms = ldbx_steady_ms();
    ldbx_cancel_trigger(cancel);
    return NULL;
}

static void pull_later(const char *rpc)
{
    pulled.rpc = rpc;
    ck_assert_int_eq(pthread_create(&pulled.thread, NULL, pull, NULL), 0);
}

/* The call that has just ended was cancelled, and in time. */
static void expect_cancelled(int status, const char *phase)
{
    int64_t took_ms = ldbx_steady_ms();

    pthread_join(pulled.thread, NULL);
    took_ms -= pulled.at_ms;
    expect_status(status, LDBX_CANCELLED, error);
    ck_assert_int_eq(ldbx_error_retry(error) == LDBX_RETRY_SAFE, 0);
    printf("# cancel took %lld ms: %s\n", (long long)took_ms, phase);
    ck_assert_int_lt(took_ms, BOUND_MS);
}

static void start(void)
{
    flow_start();
    expect_ok(ldbx_cancel_new(&cancel, &error), error);
}

static void stop(void)
{
    flow_stop();
    ldbx_cancel_destroy(cancel);
}

static int open_at(const char *host)
{
    ldbx_config *config = flow_config();
    ldbx_connection_options options;
    int status;

    ldbx_connection_options_init(&options, sizeof options);
    options.cancel = cancel;
    if (host != NULL)
        expect_ok(ldbx_config_set(config, "host", host, &error), error);
    expect_ok(ldbx_config_set(config, "page_rows", "5000", &error), error);
    status = ldbx_connection_open(config, &options, &connection, &error);
    ldbx_config_destroy(config);
    return status;
}

/* Opening: there is no session yet that anybody could be told of. (Looking up a name: tests/net/test_transport_limits.c.) */

START_TEST(while_connecting)
{
    http_hole hole;
    char host[64];

    http_hole_open(&hole);
    snprintf(host, sizeof host, "http://127.0.0.1:%d", hole.port);
    pull_later(NULL);
    expect_cancelled(open_at(host), "connecting");
    http_hole_close(&hole);
}
END_TEST

START_TEST(in_the_handshake)
{
    http_server *silent = http_server_start(NULL, 0); /* waits for a request, which a handshake is not */
    char host[64];

    snprintf(host, sizeof host, "https://127.0.0.1:%d", http_server_port(silent));
    pull_later(NULL);
    expect_cancelled(open_at(host), "TLS handshake");
    http_server_stop(silent);
}
END_TEST

static const struct {
    const char *phase, *rules, *rpc;
} openings[] = {
    {"token", "[" STALL("OAuthToken") "]", "OAuthToken"},
    {"repeat of a token",
     "[{\"rpc\": \"OAuthToken\", \"action\": \"status\", \"status\": 503, \"headers\": {\"Retry-After\": \"60\"}}]",
     "OAuthToken"},
    {"OpenSession in flight", "[" STALL("OpenSession") "]", "OpenSession"},
    {"compute starting",
     "[{\"rpc\": \"OpenSession\", \"action\": \"cold_start\", \"seconds\": 600, \"retry_after\": 60}]", "OpenSession"},
};

START_TEST(while_opening)
{
    flow_faults(openings[_i].rules);
    pull_later(openings[_i].rpc);
    expect_cancelled(open_at(NULL), openings[_i].phase);
}
END_TEST

/* Statements. What the server must have been told of at the end, and what not: the session goes only where there is no handle. */

static const struct {
    const char *phase, *rules, *rpc, *told;
} statements[] = {
    {"ExecuteStatement in flight",
     "[{\"rpc\": \"ExecuteStatement\", \"action\": \"run\", \"seconds\": 60},"
     "{\"rpc\": \"ExecuteStatement\", \"action\": \"stall\", \"executed\": true}]",
     "ExecuteStatement", "CloseSession"},
    {"statement polled", "[{\"rpc\": \"ExecuteStatement\", \"action\": \"run\", \"seconds\": 60}]",
     "GetOperationStatus", "CancelOperation"},
    {"poll in flight",
     "[{\"rpc\": \"ExecuteStatement\", \"action\": \"run\", \"seconds\": 60}," STALL("GetOperationStatus") "]",
     "GetOperationStatus", "CancelOperation"},
    {"metadata in flight",
     "[{\"rpc\": \"ExecuteStatement\", \"action\": \"run\", \"polls\": 1}," STALL("GetResultSetMetadata") "]",
     "GetResultSetMetadata", "CancelOperation"},
};

START_TEST(while_a_statement_runs)
{
    expect_ok(open_at(NULL), error);
    flow_faults(statements[_i].rules);
    pull_later(statements[_i].rpc);
    expect_cancelled(ldbx_execute(connection, ldbx_view_of("SELECT 1 AS a"), NULL, NULL, &error), statements[_i].phase);
    wait_for_call(statements[_i].told);
    if (strcmp(statements[_i].told, "CancelOperation") == 0) {
        wait_for_call("CloseOperation");
        ck_assert_int_eq(flow_calls("CloseSession"), 0);
    }
}
END_TEST

/* Pages, with (odd) and without one fetched ahead. */

static const struct {
    const char *phase, *rules, *rpc;
} pages[] = {
    {"page in flight", "[" STALL("FetchResults") "]", "FetchResults"},
    {"repeat of a page",
     "[{\"rpc\": \"FetchResults\", \"action\": \"status\", \"status\": 503, \"times\": 9, "
     "\"headers\": {\"Retry-After\": \"60\"}}]",
     "FetchResults"},
    {"token for a page", "[{\"rpc\": \"FetchResults\", \"action\": \"expired_token\"}," STALL("OAuthToken") "]",
     "OAuthToken"},
};

START_TEST(while_a_page_comes)
{
    ldbx_statement_options options;
    ldbx_statement *statement = NULL;
    ldbx_result *result = NULL;
    const ldbx_batch *batch;
    char phase[64];
    int64_t before;
    int status;

    expect_ok(open_at(NULL), error);
    flow_forget_calls();
    flow_faults(pages[_i / 2].rules);
    ldbx_statement_options_init(&options, sizeof options);
    options.prefetch = _i % 2;
    expect_ok(ldbx_statement_new(connection, ldbx_view_of(FLOW_MANY), &options, &statement, &error), error);
    expect_ok(ldbx_statement_execute(statement, &result, &error), error);
    pull_later(pages[_i / 2].rpc);
    do
        status = ldbx_result_next(result, &batch, &error);
    while (status == LDBX_OK);
    snprintf(phase, sizeof phase, "%s%s", pages[_i / 2].phase, options.prefetch ? ", fetched ahead" : "");
    expect_cancelled(status, phase);
    before = ldbx_steady_ms();
    ldbx_result_destroy(result);
    ck_assert_int_lt(ldbx_steady_ms() - before, BOUND_MS);
    wait_for_call("CancelOperation");
    wait_for_call("CloseOperation");
    ldbx_statement_destroy(statement);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cancel");
    TCase *tcase = suite_case(suite, "flow");

    tcase_add_checked_fixture(tcase, start, stop);
    tcase_add_test(tcase, while_connecting);
    tcase_add_test(tcase, in_the_handshake);
    tcase_add_loop_test(tcase, while_opening, 0, 4);
    tcase_add_loop_test(tcase, while_a_statement_runs, 0, 4);
    tcase_add_loop_test(tcase, while_a_page_comes, 0, 6);
    return suite_run(suite);
}
