/*
 * When an exchange is made again: the pure decision, without sleeping or sending.
 *
 * Two classes, as the newest official drivers have them: idempotent calls are repeated after everything that
 * may heal, others only when the server certainly did nothing (429, 503 with Retry-After, nothing sent). 503
 * with Retry-After is compute that is starting: who has a start_budget_ms waits for it that long. Everything
 * else, and that too without a budget, is limited by attempts and a minute of waiting.
 */
#ifndef LDBX_NET_RETRY_H
#define LDBX_NET_RETRY_H

#include "net/transport.h"

#define LDBX_RETRY_ATTEMPTS  5
#define LDBX_RETRY_WINDOW_MS 60000 /* from the first failure */

typedef struct ldbx_retry_state {
    int64_t first_failure_ms; /* steady; 0: none yet */
    int64_t start_since_ms;   /* steady: first answer that said "starting"; 0: none */
    int attempts;             /* failures so far, those of starting compute not counted */
    uint32_t jitter_seed;
} ldbx_retry_state;

typedef enum ldbx_retry_action {
    LDBX_RETRY_STOP,     /* report what there is */
    LDBX_RETRY_AGAIN,    /* wait, then send again */
    LDBX_RETRY_AMBIGUOUS /* report as outcome unknown: it may have run and must not be sent again */
} ldbx_retry_action;

typedef struct ldbx_retry_decision {
    ldbx_retry_action action;
    int64_t wait_ms;
    bool starting; /* compute is starting, and is waited for */
} ldbx_retry_decision;

/* Whether an answer with that status may be another one next time: LDBX_UNAVAILABLE, that is. */
bool ldbx_http_may_heal(int http_status);

/* status: of the exchange (LDBX_OK: an answer came, http_status and retry_after_ms hold). now_ms: steady. */
ldbx_retry_decision ldbx_retry_decide(ldbx_retry_state *state, bool idempotent, int status, ldbx_reach reach,
                                      int http_status, int64_t retry_after_ms, int64_t start_budget_ms, int64_t now_ms);

#endif
