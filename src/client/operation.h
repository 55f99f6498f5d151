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

/* Each decodes into out, whose views lie in response; failures name the statement. */
int ldbx_operation_status(const ldbx_operation *operation, ldbx_channel *channel, const ldbx_cancel *cancel,
                          ldbx_http_response *response, ldbx_tcli_operation_status *out, ldbx_error **error);
int ldbx_operation_metadata(const ldbx_operation *operation, ldbx_channel *channel, const ldbx_cancel *cancel,
                            ldbx_http_response *response, ldbx_tcli_metadata *out, ldbx_error **error);
int ldbx_operation_fetch(const ldbx_operation *operation, ldbx_channel *channel, const ldbx_cancel *cancel,
                         const ldbx_tcli_fetch *fetch, ldbx_http_response *response, ldbx_tcli_rows *out,
                         ldbx_error **error);

/* Told to the server without waiting long and without caring for the outcome. */
void ldbx_operation_cancel(const ldbx_operation *operation, ldbx_channel *channel, ldbx_http_response *response);
void ldbx_operation_close(ldbx_operation *operation, ldbx_channel *channel, ldbx_http_response *response);

#endif
