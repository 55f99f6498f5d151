/* The inside of a connection. */
#ifndef LDBX_CLIENT_CONNECTION_H
#define LDBX_CLIENT_CONNECTION_H

#include <lytics_dbx/connection.h>

#include "client/channel.h"
#include "client/dialect.h"
#include "wire/tcli.h"

#define LDBX_GOODBYE_MS 5000 /* for calls whose outcome changes nothing: closing */
#define LDBX_CANCEL_MS  90   /* for each of the two calls behind a cancel, which must end within 200 ms */

struct ldbx_connection {
    ldbx_config *config;
    ldbx_oauth *oauth;           /* tokens for all channels; NULL: the configuration holds what is needed */
    ldbx_channel *channel;       /* of the calling thread */
    ldbx_http_response response; /* its answers */
    ldbx_tcli_handle session;
    bool has_session;  /* statements may be run in it */
    bool session_open; /* the server has not said yet that it closed it */
    char session_id[37];
    int32_t protocol;
    const ldbx_dialect *dialect; /* NULL before the first session */
    ldbx_cancel *cancel;
    ldbx_progress_fn progress;
    void *user;
};

/* Opens a new session in place of one that was lost; temporary views and settings of the old one are gone. cancel NULL: the connection's. */
int ldbx_connection_reopen(ldbx_connection *connection, ldbx_cancel *cancel, ldbx_error **error);

/*
 * Whether the session has what it was opened with: UTC and ANSI, without which a time means another instant and a bad cast is a silent NULL.
 * LDBX_INVALID_DATA names the setting.
 */
int ldbx_connection_verify(ldbx_connection *connection, ldbx_cancel *cancel, ldbx_error **error);

/* Tells the server to end the session, which also ends what runs in it. Without an answer, destroy tries again. */
void ldbx_connection_close_session(ldbx_connection *connection, int64_t patience_ms);

#endif
