/* The calls about one operation on the server. A channel is given, since the next page is fetched over one of its own. */
#ifndef LDBX_CLIENT_OPERATION_H
#define LDBX_CLIENT_OPERATION_H

#include "client/channel.h"
#include "wire/tcli.h"

typedef struct ldbx_operation {
    ldbx_tcli_handle handle;
    char statement_id[37];
    bool open; /* the server has not closed it yet */
} ldbx_operation;

/* How a call about an operation is made. */
typedef struct ldbx_operation_call {
    ldbx_channel *channel;
    ldbx_http_response *response; /* receives the answer; the views of what is decoded lie in it */
    const ldbx_cancel *cancel;    /* NULL: none */
    int64_t deadline_ms;          /* steady clock; 0: none */
    bool once;                    /* no second attempt */
} ldbx_operation_call;

/* Failures name the statement. */
int ldbx_operation_status(const ldbx_operation *operation, const ldbx_operation_call *how,
                          ldbx_tcli_operation_status *out, ldbx_error **error);
int ldbx_operation_metadata(const ldbx_operation *operation, const ldbx_operation_call *how, ldbx_tcli_metadata *out,
                            ldbx_error **error);
int ldbx_operation_fetch(const ldbx_operation *operation, const ldbx_operation_call *how, const ldbx_tcli_fetch *fetch,
                         ldbx_tcli_rows *out, ldbx_error **error);

/* Told to the server once, for patience_ms at most, without caring for the outcome: what is not closed expires by itself. */
void ldbx_operation_cancel(const ldbx_operation *operation, ldbx_channel *channel, ldbx_http_response *response,
                           int64_t patience_ms);
void ldbx_operation_close(ldbx_operation *operation, ldbx_channel *channel, ldbx_http_response *response,
                          int64_t patience_ms);

#endif
