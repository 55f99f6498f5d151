/* Thrift messages over one HTTP channel, with repeats by request class. Used by one thread at a time. */
#ifndef LDBX_CLIENT_CHANNEL_H
#define LDBX_CLIENT_CHANNEL_H

#include "client/config.h"
#include "net/oauth.h"

typedef struct ldbx_channel ldbx_channel;

/* How one call is made. */
typedef struct ldbx_call {
    const char *name;          /* "FetchResults" */
    bool idempotent;           /* may be sent again after an answer was lost */
    bool in_session;           /* names a session: 404 then means that it, or the operation, is gone */
    int64_t start_budget_ms;   /* waiting for compute that is starting; 0: not at all */
    int64_t deadline_ms;       /* steady clock; 0: none */
    const ldbx_cancel *cancel; /* NULL: none */
    ldbx_progress_fn progress; /* told while compute starts; NULL: nobody */
    void *user;
    const char *statement_id; /* for errors; NULL: none */
} ldbx_call;

/* A transport as the configuration wants it. */
int ldbx_channel_transport(const ldbx_config *config, ldbx_transport **out, ldbx_error **error);

/* config and oauth are borrowed; oauth NULL: the configuration holds a token or a user. */
int ldbx_channel_new(const ldbx_config *config, ldbx_oauth *oauth, ldbx_channel **out, ldbx_error **error);
void ldbx_channel_destroy(ldbx_channel *channel);

/* An empty buffer for the next request and its sequence id. */
ldbx_buf *ldbx_channel_request(ldbx_channel *channel, int32_t *seqid);

/*
 * Sends the request that was written. LDBX_OK: response->body holds a Thrift message. Otherwise the error of the HTTP or network level, with its
 * retry verdict; LDBX_OUTCOME_UNKNOWN when a call that is not idempotent may have been carried out. An access token that is
 * refused is replaced once, and the call repeated: it was not carried out.
 */
int ldbx_channel_call(ldbx_channel *channel, const ldbx_call *call, ldbx_http_response *response, ldbx_error **error);

/* Replaces the error of a call that is not idempotent by LDBX_OUTCOME_UNKNOWN, which keeps its text and HTTP status. Returns that status. */
int ldbx_channel_doubt(const char *name, const char *statement_id, ldbx_error **error);

#endif
