/* What is sent again, what is not, and how long to wait. */
#include "net/retry.h"
#include "suite.h"

#define NOW    INT64_C(5000000)
#define BUDGET INT64_C(900000)
#define NONE   (-1)

enum { STOP = LDBX_RETRY_STOP, AGAIN = LDBX_RETRY_AGAIN, OPEN = LDBX_RETRY_AMBIGUOUS };

typedef struct row {
    int status;
    int reach;
    int http_status;
    int64_t retry_after_ms;
    int idempotent;     /* what becomes of an idempotent call */
    int not_idempotent; /* and of another */
} row;

static const row rows[] = {
    /* Answers. */
    {LDBX_OK, LDBX_REACH_ANSWER, 200, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 204, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 301, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 302, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 307, 1000, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 400, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 401, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 403, 1000, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 404, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 405, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 407, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 408, NONE, AGAIN, OPEN},
    {LDBX_OK, LDBX_REACH_ANSWER, 409, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 410, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 411, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 412, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 413, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 414, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 415, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 416, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 422, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 429, NONE, AGAIN, AGAIN},
    {LDBX_OK, LDBX_REACH_ANSWER, 429, 2000, AGAIN, AGAIN},
    {LDBX_OK, LDBX_REACH_ANSWER, 500, NONE, AGAIN, OPEN},
    {LDBX_OK, LDBX_REACH_ANSWER, 500, 2000, AGAIN, OPEN},
    {LDBX_OK, LDBX_REACH_ANSWER, 501, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 502, NONE, AGAIN, OPEN},
    {LDBX_OK, LDBX_REACH_ANSWER, 503, NONE, AGAIN, OPEN},
    {LDBX_OK, LDBX_REACH_ANSWER, 503, 0, AGAIN, AGAIN},
    {LDBX_OK, LDBX_REACH_ANSWER, 503, 5000, AGAIN, AGAIN},
    {LDBX_OK, LDBX_REACH_ANSWER, 504, NONE, AGAIN, OPEN},
    {LDBX_OK, LDBX_REACH_ANSWER, 504, 5000, AGAIN, OPEN},
    {LDBX_OK, LDBX_REACH_ANSWER, 505, NONE, STOP, STOP},
    {LDBX_OK, LDBX_REACH_ANSWER, 520, NONE, AGAIN, OPEN},
    /* No answer. The delay of a head whose body broke off does not count. */
    {LDBX_UNAVAILABLE, LDBX_REACH_NOTHING, 0, NONE, AGAIN, AGAIN},
    {LDBX_UNAVAILABLE, LDBX_REACH_BARRED, 0, NONE, STOP, STOP},
    {LDBX_UNAVAILABLE, LDBX_REACH_SENT, 0, NONE, AGAIN, OPEN},
    {LDBX_UNAVAILABLE, LDBX_REACH_SENT, 503, 5000, AGAIN, OPEN},
    {LDBX_TIMEOUT, LDBX_REACH_NOTHING, 0, NONE, STOP, STOP},
    {LDBX_TIMEOUT, LDBX_REACH_SENT, 0, NONE, STOP, OPEN},
    {LDBX_CANCELLED, LDBX_REACH_NOTHING, 0, NONE, STOP, STOP},
    {LDBX_CANCELLED, LDBX_REACH_SENT, 0, NONE, STOP, STOP},
    {LDBX_INVALID_DATA, LDBX_REACH_NOTHING, 0, NONE, STOP, STOP},
    {LDBX_INVALID_DATA, LDBX_REACH_SENT, 0, NONE, STOP, OPEN},
    {LDBX_INVALID_ARGUMENT, LDBX_REACH_NOTHING, 0, NONE, STOP, STOP},
    {LDBX_PROTOCOL, LDBX_REACH_SENT, 0, NONE, STOP, OPEN},
    {LDBX_NO_MEMORY, LDBX_REACH_NOTHING, 0, NONE, STOP, STOP},
    {LDBX_NO_MEMORY, LDBX_REACH_SENT, 0, NONE, STOP, OPEN},
};

static ldbx_retry_decision decide_row(const row *given, bool idempotent)
{
    ldbx_retry_state state = {0};

    return ldbx_retry_decide(&state, idempotent, given->status, (ldbx_reach)given->reach, given->http_status,
                             given->retry_after_ms, BUDGET, NOW);
}

START_TEST(follows_the_table)
{
    const row *given = &rows[_i];
    ldbx_retry_decision safe = decide_row(given, true);
    ldbx_retry_decision unsafe = decide_row(given, false);
    bool starting = given->status == LDBX_OK && given->http_status == 503 && given->retry_after_ms >= 0;

    ck_assert_msg((int)safe.action == given->idempotent, "row %d, idempotent: %d", _i, (int)safe.action);
    ck_assert_msg((int)unsafe.action == given->not_idempotent, "row %d, other: %d", _i, (int)unsafe.action);
    ck_assert_int_eq(safe.starting, starting);
    ck_assert_int_eq(unsafe.starting, starting);
    if (safe.action != LDBX_RETRY_AGAIN)
        ck_assert_int_eq(safe.wait_ms, 0);
    if (unsafe.action != LDBX_RETRY_AGAIN)
        ck_assert_int_eq(unsafe.wait_ms, 0);
}
END_TEST

static ldbx_retry_decision decide(ldbx_retry_state *state, int http_status, int64_t retry_after_ms, int64_t now_ms)
{
    return ldbx_retry_decide(state, false, LDBX_OK, LDBX_REACH_ANSWER, http_status, retry_after_ms, BUDGET, now_ms);
}

START_TEST(waits_twice_as_long_each_time_and_gives_up)
{
    ldbx_retry_state state = {.jitter_seed = (uint32_t)_i * 2654435761U};
    int64_t base = 1000;

    for (int attempt = 1; attempt < LDBX_RETRY_ATTEMPTS; attempt++, base *= 2) {
        ldbx_retry_decision found = decide(&state, 429, NONE, NOW);
        ck_assert_int_eq(found.action, LDBX_RETRY_AGAIN);
        ck_assert_int_ge(found.wait_ms, base + base * 5 / 100);
        ck_assert_int_le(found.wait_ms, base + base * 25 / 100);
    }
    ck_assert_int_eq(decide(&state, 429, NONE, NOW).action, LDBX_RETRY_STOP);
}
END_TEST

START_TEST(the_jitter_spreads)
{
    int64_t least = INT64_MAX;
    int64_t most = 0;

    for (uint32_t seed = 0; seed < 1000; seed++) {
        ldbx_retry_state state = {.jitter_seed = seed * 2654435761U};
        int64_t wait_ms = decide(&state, 429, NONE, NOW).wait_ms;
        least = wait_ms < least ? wait_ms : least;
        most = wait_ms > most ? wait_ms : most;
    }
    ck_assert_int_lt(least, 1060);
    ck_assert_int_gt(most, 1240);
}
END_TEST

START_TEST(does_what_the_server_asks_within_bounds)
{
    static const int64_t asked[][2] = {{0, 0}, {250, 250}, {7000, 7000}, {60000, 60000}, {INT64_MAX, 60000}};

    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        ldbx_retry_state state = {0};
        ck_assert_int_eq(decide(&state, 429, asked[i][0], NOW).wait_ms, asked[i][1]);
    }
}
END_TEST

START_TEST(stops_a_minute_after_the_first_failure)
{
    ldbx_retry_state state = {0};
    ldbx_retry_decision found;

    ck_assert_int_eq(decide(&state, 429, NONE, NOW).action, LDBX_RETRY_AGAIN);
    found = decide(&state, 429, 30000, NOW + LDBX_RETRY_WINDOW_MS - 10000);
    ck_assert_int_eq(found.action, LDBX_RETRY_AGAIN);
    ck_assert_int_eq(found.wait_ms, 10000);
    found = decide(&state, 429, NONE, NOW + LDBX_RETRY_WINDOW_MS);
    ck_assert_int_eq(found.action, LDBX_RETRY_STOP);
    ck_assert_int_eq(found.wait_ms, 0);
}
END_TEST

START_TEST(waits_for_compute_by_time_not_by_attempts)
{
    ldbx_retry_state state = {0};
    int64_t now = NOW;
    int answers = 0;

    for (;; answers++) {
        ldbx_retry_decision found = decide(&state, 503, 7000, now);
        ck_assert(found.starting);
        if (found.action == LDBX_RETRY_STOP)
            break;
        ck_assert_int_eq(found.wait_ms, now + 7000 <= NOW + BUDGET ? 7000 : NOW + BUDGET - now);
        now += found.wait_ms;
    }
    ck_assert_int_eq(now, NOW + BUDGET);
    ck_assert_int_eq(answers, 129); /* 128 times 7 s, then the 4 s that are left */
}
END_TEST

START_TEST(bounds_the_wait_for_compute)
{
    ldbx_retry_state state = {0};

    ck_assert_int_eq(decide(&state, 503, 0, NOW).wait_ms, 1000);
    ck_assert_int_eq(decide(&state, 503, 999, NOW).wait_ms, 1000);
    ck_assert_int_eq(decide(&state, 503, INT64_MAX, NOW).wait_ms, 60000);
}
END_TEST

/* 503 for a call that does not wait for compute, of either class. */
static ldbx_retry_decision decide_without_budget(ldbx_retry_state *state, bool idempotent, int64_t retry_after_ms,
                                                 int64_t now_ms)
{
    return ldbx_retry_decide(state, idempotent, LDBX_OK, LDBX_REACH_ANSWER, 503, retry_after_ms, 0, now_ms);
}

START_TEST(without_a_budget_does_not_wait_for_compute)
{
    ldbx_retry_state state = {0};

    for (int attempt = 1; attempt < LDBX_RETRY_ATTEMPTS; attempt++) {
        ldbx_retry_decision found = decide_without_budget(&state, _i != 0, 5000 * attempt, NOW);
        ck_assert_int_eq(found.action, LDBX_RETRY_AGAIN);
        ck_assert_int_eq(found.wait_ms, 5000 * attempt);
        ck_assert(!found.starting);
    }
    ck_assert_int_eq(decide_without_budget(&state, _i != 0, 5000, NOW).action, LDBX_RETRY_STOP);
    ck_assert_int_eq(state.start_since_ms, 0);
}
END_TEST

START_TEST(without_a_budget_stops_after_a_minute)
{
    ldbx_retry_state state = {0};

    ck_assert_int_eq(decide_without_budget(&state, _i != 0, 40000, NOW).wait_ms, 40000);
    ck_assert_int_eq(decide_without_budget(&state, _i != 0, 40000, NOW + 40000).wait_ms, 20000);
    ck_assert_int_eq(decide_without_budget(&state, _i != 0, 0, NOW + LDBX_RETRY_WINDOW_MS).action, LDBX_RETRY_STOP);
}
END_TEST

START_TEST(trouble_before_and_during_the_start_is_counted_apart)
{
    ldbx_retry_state state = {0};

    for (int i = 1; i < LDBX_RETRY_ATTEMPTS; i++)
        ck_assert_int_eq(decide(&state, 429, NONE, NOW).action, LDBX_RETRY_AGAIN);
    ck_assert_int_eq(decide(&state, 503, 5000, NOW + 70000).action, LDBX_RETRY_AGAIN);
    for (int i = 1; i < LDBX_RETRY_ATTEMPTS; i++)
        ck_assert_int_eq(decide(&state, 429, NONE, NOW + 300000).action, LDBX_RETRY_AGAIN);
    ck_assert_int_eq(decide(&state, 429, NONE, NOW + 300000).action, LDBX_RETRY_STOP);
    /* The budget counts from the first answer that said "starting". */
    ck_assert_int_eq(decide(&state, 503, 5000, NOW + 70000 + BUDGET).action, LDBX_RETRY_STOP);
}
END_TEST

START_TEST(an_open_outcome_stays_open_after_harmless_failures)
{
    ldbx_retry_state state = {0};

    ck_assert_int_eq(decide(&state, 503, 5000, NOW).action, LDBX_RETRY_AGAIN);
    ck_assert_int_eq(decide(&state, 429, NONE, NOW).action, LDBX_RETRY_AGAIN);
    ck_assert_int_eq(decide(&state, 502, NONE, NOW).action, LDBX_RETRY_AMBIGUOUS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net/retry");
    TCase *tcase = suite_case(suite, "retry");

    tcase_add_loop_test(tcase, follows_the_table, 0, (int)(sizeof rows / sizeof rows[0]));
    tcase_add_loop_test(tcase, waits_twice_as_long_each_time_and_gives_up, 0, 8);
    tcase_add_test(tcase, the_jitter_spreads);
    tcase_add_test(tcase, does_what_the_server_asks_within_bounds);
    tcase_add_test(tcase, stops_a_minute_after_the_first_failure);
    tcase_add_test(tcase, waits_for_compute_by_time_not_by_attempts);
    tcase_add_test(tcase, bounds_the_wait_for_compute);
    tcase_add_loop_test(tcase, without_a_budget_does_not_wait_for_compute, 0, 2);
    tcase_add_loop_test(tcase, without_a_budget_stops_after_a_minute, 0, 2);
    tcase_add_test(tcase, trouble_before_and_during_the_start_is_counted_apart);
    tcase_add_test(tcase, an_open_outcome_stays_open_after_harmless_failures);
    return suite_run(suite);
}
