#include "net/retry.h"

#define FIRST_WAIT_MS   1000
#define MAX_WAIT_MS     30000
#define MAX_ASKED_MS    60000 /* of a Retry-After */
#define MIN_STARTING_MS 1000  /* a server that is starting and asks for 0 would be hammered */

typedef enum verdict {
    FINAL,    /* the same would come again */
    HARMLESS, /* the server did nothing: anything may be sent again */
    OPEN,     /* it may have done it, and may heal */
    DONE_FOR  /* it may have done it, and will not heal */
} verdict;

bool ldbx_http_may_heal(int http_status)
{
    return http_status == 408 || http_status == 429 || (http_status >= 500 && http_status != 501 && http_status != 505);
}

static bool is_starting(int status, int http_status, int64_t retry_after_ms)
{
    return status == LDBX_OK && http_status == 503 && retry_after_ms >= 0;
}

static verdict judge_answer(int http_status)
{
    if (!ldbx_http_may_heal(http_status))
        return FINAL;
    return http_status == 429 ? HARMLESS : OPEN;
}

static verdict judge(int status, ldbx_reach reach, int http_status)
{
    if (reach == LDBX_REACH_BARRED)
        return FINAL;
    switch (status) {
    case LDBX_OK:
        return judge_answer(http_status);
    case LDBX_UNAVAILABLE:
        return reach == LDBX_REACH_NOTHING ? HARMLESS : OPEN;
    case LDBX_CANCELLED:
        return FINAL; /* who cancels is told so, and knows */
    default:
        return reach == LDBX_REACH_NOTHING ? FINAL : DONE_FOR;
    }
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    if (value < low)
        return low;
    return value < high ? value : high;
}

/* 5 to 25 % on top, so that many clients do not come back together. */
static int64_t with_jitter(ldbx_retry_state *state, int64_t wait_ms)
{
    state->jitter_seed = state->jitter_seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return wait_ms + wait_ms * (500 + (int64_t)(state->jitter_seed >> 16) % 2001) / 10000;
}

static ldbx_retry_decision again_within(int64_t wait_ms, int64_t left_ms, bool starting)
{
    ldbx_retry_decision decision = {LDBX_RETRY_STOP, 0, starting};

    if (left_ms > 0) {
        decision.action = LDBX_RETRY_AGAIN;
        decision.wait_ms = wait_ms < left_ms ? wait_ms : left_ms;
    }
    return decision;
}

static ldbx_retry_decision wait_for_start(ldbx_retry_state *state, int64_t asked_ms, int64_t budget_ms, int64_t now_ms)
{
    if (state->start_since_ms == 0)
        state->start_since_ms = now_ms;
    /* Something answers: failures before it and after it are separate troubles. */
    state->attempts = 0;
    state->first_failure_ms = 0;
    return again_within(clamp(asked_ms, MIN_STARTING_MS, MAX_ASKED_MS), budget_ms - (now_ms - state->start_since_ms),
                        true);
}

static ldbx_retry_decision wait_for_healing(ldbx_retry_state *state, int64_t asked_ms, int64_t now_ms)
{
    int64_t wait_ms;

    if (state->first_failure_ms == 0)
        state->first_failure_ms = now_ms;
    if (++state->attempts >= LDBX_RETRY_ATTEMPTS)
        return (ldbx_retry_decision){LDBX_RETRY_STOP, 0, false};
    if (asked_ms >= 0)
        wait_ms = clamp(asked_ms, 0, MAX_ASKED_MS);
    else
        wait_ms = with_jitter(state, clamp((int64_t)FIRST_WAIT_MS << (state->attempts - 1), 0, MAX_WAIT_MS));
    return again_within(wait_ms, LDBX_RETRY_WINDOW_MS - (now_ms - state->first_failure_ms), false);
}

ldbx_retry_decision ldbx_retry_decide(ldbx_retry_state *state, bool idempotent, int status, ldbx_reach reach,
                                      int http_status, int64_t retry_after_ms, int64_t start_budget_ms, int64_t now_ms)
{
    bool starting = is_starting(status, http_status, retry_after_ms);
    verdict found = starting ? HARMLESS : judge(status, reach, http_status);

    if (starting && start_budget_ms > 0)
        return wait_for_start(state, retry_after_ms, start_budget_ms, now_ms);
    if (!idempotent && (found == OPEN || found == DONE_FOR))
        return (ldbx_retry_decision){LDBX_RETRY_AMBIGUOUS, 0, false};
    if (found == FINAL || found == DONE_FOR)
        return (ldbx_retry_decision){LDBX_RETRY_STOP, 0, false};
    return wait_for_healing(state, status == LDBX_OK ? retry_after_ms : -1, now_ms);
}
