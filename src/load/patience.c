#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "client/connection.h"
#include "client/statement.h"
#include "load/loader.h"

#define MAX_REOPENS   5      /* sessions lost in a row in one step */
#define FIRST_WAIT_MS 15000  /* doubling ... */
#define LAST_WAIT_MS  240000 /* ... to this */
#define BUDGET_MS     900000 /* of all waits of a step */
#define SLICE_MS      1000

/* Error classes of what passes: an earlier COPY INTO that is still running, and others who write to the same table. */
static const char *const passing_classes[] = {
    "COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED",
    "TRANSACTION_CONCURRENT_COPY_INTO",
    "DELTA_CONCURRENT_",
    "DELTA_METADATA_CHANGED",
    "DELTA_PROTOCOL_CHANGED",
};

/* SQLSTATEs of the same: connection, conflict, resources, and Delta's concurrent changes. */
static const char *const passing_states[] = {"08", "40", "53", "2D521"};

static bool starts_with_any(const char *text, const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ldbx_view_starts(ldbx_view_of(text), prefixes[i]))
            return true;
    return false;
}

bool ldbx_load_may_pass(int status, const ldbx_error *error)
{
    if (status == LDBX_UNAVAILABLE || status == LDBX_TIMEOUT)
        return ldbx_error_retry(error) == LDBX_RETRY_SAFE;
    if (status != LDBX_SERVER)
        return false;
    return starts_with_any(ldbx_error_class(error), passing_classes,
                           sizeof passing_classes / sizeof passing_classes[0]) ||
           starts_with_any(ldbx_error_sqlstate(error), passing_states,
                           sizeof passing_states / sizeof passing_states[0]);
}

/* What is left for one step. */
typedef struct patience {
    int reopens;
    int64_t wait_ms, waited_ms;
} patience;

/* In slices, so that whoever watches sees that it goes on. */
static int wait_a_while(ldbx_loader *loader, patience *left, const ldbx_error *reason, ldbx_error **error)
{
    ldbx_log(LDBX_LOG_WARNING, "load", "%s: again in %lld s: %s", loader->key, (long long)left->wait_ms / 1000,
             ldbx_error_message(reason));
    for (int64_t slept = 0; slept < left->wait_ms; slept += SLICE_MS) {
        LDBX_TRY(ldbx_load_tell(loader, LDBX_PHASE_LOAD, false, error));
        if (ldbx_sleep_ms(SLICE_MS, loader->statement.cancel) != LDBX_OK)
            return ldbx_fail(error, LDBX_CANCELLED, "cancelled while waiting");
    }
    left->waited_ms += left->wait_ms;
    left->wait_ms = left->wait_ms * 2 < LAST_WAIT_MS ? left->wait_ms * 2 : LAST_WAIT_MS;
    return LDBX_OK;
}

static int reopen(ldbx_loader *loader, patience *left, ldbx_error **error)
{
    left->reopens++;
    ldbx_log(LDBX_LOG_WARNING, "load", "%s: the session is lost, going on in a new one", loader->key);
    return ldbx_connection_reopen(loader->connection, loader->statement.cancel, error);
}

int ldbx_load_patiently(ldbx_loader *loader, ldbx_load_step *step, void *context, ldbx_error **error)
{
    patience left = {.wait_ms = FIRST_WAIT_MS};
    ldbx_error *failure = NULL;
    int status;

    for (;;) {
        status = step(loader, context, &failure);
        while (status == LDBX_SESSION_LOST && left.reopens < MAX_REOPENS) {
            status = reopen(loader, &left, &failure);
            if (status == LDBX_OK)
                status = step(loader, context, &failure);
        }
        if (!ldbx_load_may_pass(status, failure) || left.waited_ms + left.wait_ms > BUDGET_MS)
            break;
        status = wait_a_while(loader, &left, failure, &failure);
        if (status != LDBX_OK)
            break;
    }
    if (status != LDBX_OK)
        ldbx_error_move(error, &failure);
    ldbx_error_destroy(failure);
    return status;
}

int ldbx_load_execute(ldbx_loader *loader, const char *kind, const ldbx_buf *sql, const char *const *secrets,
                      size_t secret_count, ldbx_query *out, ldbx_error **error)
{
    ldbx_error *failure = NULL;
    int status;

    *out = (ldbx_query){0};
    if (sql->failed)
        return sql->full ? ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is longer than a statement may be", kind)
                         : ldbx_fail_no_memory(error);
    LDBX_GO(ldbx_statement_new(loader->connection, ldbx_buf_get(sql), &loader->statement, &out->statement, &failure));
    LDBX_GO(ldbx_statement_set_secrets(out->statement, secrets, secret_count, &failure));
    LDBX_GO(ldbx_statement_execute(out->statement, &out->result, &failure));
    ldbx_load_note_statement(loader, kind, ldbx_result_statement_id(out->result), "");
out:
    if (status != LDBX_OK) {
        if (ldbx_error_statement_id(failure)[0] != '\0' || ldbx_error_sqlstate(failure)[0] != '\0')
            ldbx_load_note_statement(loader, kind, ldbx_error_statement_id(failure), ldbx_error_sqlstate(failure));
        ldbx_error_move(error, &failure);
        ldbx_query_close(out);
    }
    return status;
}
