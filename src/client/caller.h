/* Calls to the host of a configuration: its transport, its credentials for each attempt, repeats by request class. Used by one thread at a time. */
#ifndef LDBX_CLIENT_CALLER_H
#define LDBX_CLIENT_CALLER_H

#include "client/config.h"
#include "net/oauth.h"

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

typedef struct ldbx_caller {
    const ldbx_config *config;
    ldbx_oauth *oauth;     /* NULL: the configuration holds a token or a user */
    uint64_t token_serial; /* of the access token that was sent last */
    ldbx_transport *transport;
    ldbx_buf authorization;
    const ldbx_secret *hidden; /* what is hidden in answers besides the credentials: borrowed */
    size_t hidden_count;
} ldbx_caller;

/* What an answer with any HTTP status means: LDBX_OK, or the error that it is. */
typedef int (*ldbx_judge_fn)(const ldbx_caller *caller, const ldbx_call *call, const ldbx_http_response *response,
                             ldbx_error **error);

/* Where access tokens come from; *out is NULL when the configuration needs none. config is borrowed. */
int ldbx_caller_oauth(const ldbx_config *config, ldbx_oauth **out, ldbx_error **error);

/* config and oauth are borrowed. The caller is ended with ldbx_caller_clear(), also on failure. */
int ldbx_caller_init(ldbx_caller *caller, const ldbx_config *config, ldbx_oauth *oauth, ldbx_error **error);
void ldbx_caller_clear(ldbx_caller *caller);

/*
 * Makes the request, whose authorization and times are filled in here, until judge says LDBX_OK of an answer, or a repeat
 * makes no sense any more: then the error of the last attempt, with its retry verdict; LDBX_OUTCOME_UNKNOWN when a call that
 * is not idempotent may have been carried out. An access token that is refused is replaced once, and the call repeated: it
 * was not carried out.
 */
int ldbx_caller_send(ldbx_caller *caller, const ldbx_call *call, const ldbx_http_request *request, ldbx_judge_fn judge,
                     ldbx_http_response *response, ldbx_error **error);

/* For a judge that decodes an answer: overwrites the credentials of this attempt in a text, since escapes may have hidden
 * them from what overwrites them in the bytes. */
void ldbx_caller_hide(const ldbx_caller *caller, char *text);

/* What to say of credentials that were refused with 401, behind what the server says. */
const char *ldbx_caller_hint_of_401(const ldbx_caller *caller);

/* Replaces the error of a call by LDBX_OUTCOME_UNKNOWN, which keeps its text and HTTP status. Returns that status. */
int ldbx_call_doubt(const char *name, const char *statement_id, ldbx_error **error);

#endif
