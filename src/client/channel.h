/* Thrift messages over one HTTP channel. Used by one thread at a time. */
#ifndef LDBX_CLIENT_CHANNEL_H
#define LDBX_CLIENT_CHANNEL_H

#include "client/caller.h"

typedef struct ldbx_channel ldbx_channel;

/* config and oauth are borrowed; oauth NULL: the configuration holds a token or a user. */
int ldbx_channel_new(const ldbx_config *config, ldbx_oauth *oauth, ldbx_channel **out, ldbx_error **error);
void ldbx_channel_destroy(ldbx_channel *channel);

/* An empty buffer for the next request and its sequence id. */
ldbx_buf *ldbx_channel_request(ldbx_channel *channel, int32_t *seqid);

/* Sends the request that was written, as ldbx_caller_send() does. LDBX_OK: response->body holds a Thrift message. */
int ldbx_channel_call(ldbx_channel *channel, const ldbx_call *call, ldbx_http_response *response, ldbx_error **error);

/* From now on these texts are hidden wherever they stand in an answer, and so in errors and log lines; borrowed until the next call. count 0: none. */
void ldbx_channel_hide(ldbx_channel *channel, const ldbx_secret *secrets, size_t count);

#endif
