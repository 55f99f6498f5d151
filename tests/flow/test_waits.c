/* Long waits through the API: compute that takes minutes to start, and consumers that sleep. Run by tests/flow/test_flow.py against a sandbox
 * that evicts results after 2 s without a call. */
#include "flow.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "client/config.h"

#define MINUTE INT64_C(60000)

/* `times` answers 503 to a call, each with that Retry-After. */
static void starting(const char *rpc, const char *retry_after, int times)
{
    char rules[512];

    snprintf(rules, sizeof rules,
             "[{\"rpc\": \"%s\", \"action\": \"status\", \"status\": 503, \"headers\": {\"Retry-After\": \"%s\"}, "
             "\"times\": %d}]",
             rpc, retry_after, times);
    flow_faults(rules);
    ldbx_clock_skip_sleeps(true);
}

typedef struct watch {
    int calls;
    int64_t elapsed_ms; /* the last one told */
    int attempt;
    int stop_after; /* calls; 0: never */
} watch;

static int on_progress(const ldbx_progress *progress, void *user)
{
    watch *seen = user;

    if (progress->phase != LDBX_PHASE_START)
        return 0;
    ck_assert_int_ge(progress->elapsed_ms, seen->elapsed_ms);
    ck_assert_int_ge(progress->attempt, seen->attempt);
    seen->elapsed_ms = progress->elapsed_ms;
    seen->attempt = progress->attempt;
    return ++seen->calls == seen->stop_after;
}

/* Opens, and says how long that took by the clock that jumps. */
static int open_watched(watch *seen, const char *start_timeout_ms, int64_t *took_ms)
{
    ldbx_config *config = flow_config();
    ldbx_connection_options options;
    int64_t before = ldbx_steady_ms();
    int status;

    ldbx_connection_options_init(&options, sizeof options);
    options.progress = on_progress;
    options.user = seen;
    if (start_timeout_ms != NULL)
        expect_ok(ldbx_config_set(config, "start_timeout_ms", start_timeout_ms, &error), error);
    status = ldbx_connection_open(config, &options, &connection, &error);
    *took_ms = ldbx_steady_ms() - before;
    ldbx_config_destroy(config);
    return status;
}

START_TEST(compute_that_is_there_after_fourteen_minutes)
{
    watch seen = {0};
    int64_t took_ms;

    starting("OpenSession", "30", 28);
    expect_ok(open_watched(&seen, NULL, &took_ms), error);
    ck_assert_int_ge(took_ms, 14 * MINUTE);
    ck_assert_int_lt(took_ms, 15 * MINUTE);
    ck_assert_int_ge(seen.calls, 14 * 60); /* each second */
    ck_assert_int_ge(seen.elapsed_ms, 14 * MINUTE - 1000);
    ck_assert_int_eq(seen.attempt, 28);
    ck_assert_int_eq(flow_calls("OpenSession"), 29);
    expect_ok(ldbx_connection_ping(connection, &error), error);
}
END_TEST

START_TEST(compute_that_never_comes)
{
    watch seen = {0};
    int64_t took_ms;

    starting("OpenSession", "50", 1000);
    expect_status(open_watched(&seen, NULL, &took_ms), LDBX_UNAVAILABLE, error);
    ck_assert_int_ge(took_ms, 15 * MINUTE);
    ck_assert_int_lt(took_ms, 16 * MINUTE); /* the last wait is cut at the budget */
    ck_assert_int_eq(ldbx_error_http_status(error), 503);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_SAFE);
    ck_assert_int_eq(flow_calls("OpenSession"), 1 + 18);
}
END_TEST

START_TEST(the_budget_is_a_setting)
{
    watch seen = {0};
    int64_t took_ms;

    starting("OpenSession", "7", 1000);
    expect_status(open_watched(&seen, "20000", &took_ms), LDBX_UNAVAILABLE, error);
    ck_assert_int_ge(took_ms, 20000);
    ck_assert_int_lt(took_ms, MINUTE);
    ck_assert_int_eq(flow_calls("OpenSession"), 1 + 3);
}
END_TEST

/* 90 s from now, asked for twice: waits are cut to a minute, and what is left is waited for after it. */
START_TEST(a_date_to_come_back_at)
{
    watch seen = {0};
    char date[64];
    time_t at = (time_t)(ldbx_wall_us() / 1000000) + 90;
    struct tm utc;
    int64_t took_ms;

    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &utc));
    starting("OpenSession", date, 2);
    expect_ok(open_watched(&seen, NULL, &took_ms), error);
    ck_assert_int_ge(took_ms, 80000);
    ck_assert_int_lt(took_ms, 2 * MINUTE - 1);
    ck_assert_int_eq(flow_calls("OpenSession"), 3);
}
END_TEST

/* A server that asks for no wait is not hammered. */
START_TEST(a_date_that_has_passed)
{
    watch seen = {0};
    int64_t took_ms;

    starting("OpenSession", "Mon, 01 Jan 2024 00:00:00 GMT", 10);
    expect_ok(open_watched(&seen, NULL, &took_ms), error);
    ck_assert_int_ge(took_ms, 10000);
    ck_assert_int_eq(flow_calls("OpenSession"), 11);
}
END_TEST

START_TEST(who_watches_may_stop)
{
    watch seen = {.stop_after = 100};
    int64_t took_ms;

    starting("OpenSession", "60", 1000);
    expect_status(open_watched(&seen, NULL, &took_ms), LDBX_STOPPED, error);
    ck_assert_int_lt(took_ms, 2 * MINUTE);
    ck_assert_int_eq(flow_calls("OpenSession"), 2);
}
END_TEST

/* 503 with Retry-After was not executed: also what must not run twice is waited for, and runs once. */
START_TEST(a_statement_waits_for_compute)
{
    ldbx_statement_options options;
    watch seen = {0};
    int64_t before;

    flow_open(NULL);
    expect_ok(ldbx_execute(connection, ldbx_view_of("CREATE OR REPLACE TABLE main.default.flow_waits (id INT)"), NULL,
                           NULL, &error),
              error);
    starting("ExecuteStatement", "60", 10);
    before = ldbx_steady_ms();
    ldbx_statement_options_init(&options, sizeof options);
    options.progress = on_progress;
    options.user = &seen;
    expect_ok(ldbx_execute(connection, ldbx_view_of("INSERT INTO main.default.flow_waits VALUES (5)"), &options, NULL,
                           &error),
              error);
    ck_assert_int_ge(ldbx_steady_ms() - before, 10 * MINUTE);
    ck_assert_int_ge(seen.calls, 10 * 60);
    ck_assert_int_eq(flow_sum("SELECT id FROM main.default.flow_waits", 1), 5);
}
END_TEST

/* Consumers that sleep. */

#define HEARTBEAT_MS 300
#define SLEEP_US     3000000 /* the sandbox forgets a result after 2 s */

typedef struct reader {
    ldbx_connection *connection;
    ldbx_statement *statement;
    ldbx_result *result;
    int64_t sum;
} reader;

static reader open_reader(int prefetch)
{
    ldbx_config *config = flow_config();
    ldbx_statement_options options;
    reader made = {0};

    config->heartbeat_ms = HEARTBEAT_MS;
    expect_ok(ldbx_config_set(config, "page_rows", "5000", &error), error);
    expect_ok(ldbx_connection_open(config, NULL, &made.connection, &error), error);
    ldbx_config_destroy(config);
    ldbx_statement_options_init(&options, sizeof options);
    options.prefetch = prefetch;
    expect_ok(ldbx_statement_new(made.connection, ldbx_view_of(FLOW_MANY), &options, &made.statement, &error), error);
    expect_ok(ldbx_statement_execute(made.statement, &made.result, &error), error);
    return made;
}

static int read_batch(reader *of)
{
    const ldbx_batch *batch;
    int status = ldbx_result_next(of->result, &batch, &error);

    for (int64_t row = 0; status == LDBX_OK && row < ldbx_batch_rows(batch); row++)
        of->sum += ldbx_batch_int64(batch, row, 0);
    return status;
}

static int read_rest(reader *of)
{
    int status;

    do
        status = read_batch(of);
    while (status == LDBX_OK);
    return status;
}

static void close_reader(reader *of)
{
    ldbx_result_destroy(of->result);
    ldbx_statement_destroy(of->statement);
    ldbx_connection_destroy(of->connection);
}

/* Two results side by side: the one that is kept alive is whole, the other is lost, and says so. */
START_TEST(a_heartbeat_keeps_a_result_alive)
{
    reader kept = open_reader(1), alone = open_reader(0);
    int beats;

    expect_ok(read_batch(&kept), error);
    expect_ok(read_batch(&alone), error);
    usleep(SLEEP_US);
    ck_assert_int_ge(flow_calls("GetOperationStatus"), 3);
    expect_status(read_rest(&kept), LDBX_DONE, error);
    ck_assert_int_eq(kept.sum, FLOW_SUM);
    beats = flow_calls("GetOperationStatus");
    usleep(2 * HEARTBEAT_MS * 1000);
    ck_assert_int_eq(flow_calls("GetOperationStatus"), beats); /* at the end it stops, the result still being open */
    expect_status(read_rest(&alone), LDBX_SESSION_LOST, error);
    ck_assert_int_lt(alone.sum, FLOW_SUM);
    close_reader(&kept);
    close_reader(&alone);
}
END_TEST

static const char *const failures[] = {
    "\"action\": \"status\", \"status\": 500", "\"action\": \"garbage\"", "\"action\": \"reset_before\"",
    "\"action\": \"alter\", \"set\": {\"operationState\": 5}", /* "failed", which is not the heartbeat's to judge */
};

START_TEST(a_heartbeat_that_fails_does_no_harm)
{
    reader of;
    char rules[256];

    snprintf(rules, sizeof rules, "[{\"rpc\": \"GetOperationStatus\", \"times\": 1000, %s}]", failures[_i]);
    of = open_reader(1);
    flow_faults(rules);
    expect_ok(read_batch(&of), error);
    while (flow_calls("GetOperationStatus") == 0)
        usleep(50000);
    expect_status(read_rest(&of), LDBX_DONE, error);
    ck_assert_int_eq(of.sum, FLOW_SUM);
    close_reader(&of);
}
END_TEST

START_TEST(a_heartbeat_that_hangs_holds_nobody_up)
{
    reader of = open_reader(1);
    int64_t before;

    flow_faults("[{\"rpc\": \"GetOperationStatus\", \"times\": 1000, \"action\": \"stall\"}]");
    expect_ok(read_batch(&of), error);
    while (flow_calls("GetOperationStatus") == 0)
        usleep(50000);
    before = ldbx_steady_ms();
    close_reader(&of);
    ck_assert_int_lt(ldbx_steady_ms() - before, 3000); /* of the 30 s that a heartbeat has */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("waits");
    TCase *tcase = suite_case(suite, "flow");

    tcase_add_checked_fixture(tcase, flow_start, flow_stop);
    tcase_add_test(tcase, compute_that_is_there_after_fourteen_minutes);
    tcase_add_test(tcase, compute_that_never_comes);
    tcase_add_test(tcase, the_budget_is_a_setting);
    tcase_add_test(tcase, a_date_to_come_back_at);
    tcase_add_test(tcase, a_date_that_has_passed);
    tcase_add_test(tcase, who_watches_may_stop);
    tcase_add_test(tcase, a_statement_waits_for_compute);
    tcase_add_test(tcase, a_heartbeat_keeps_a_result_alive);
    tcase_add_loop_test(tcase, a_heartbeat_that_fails_does_no_harm, 0, 4);
    tcase_add_test(tcase, a_heartbeat_that_hangs_holds_nobody_up);
    return suite_run(suite);
}
