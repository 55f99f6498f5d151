/* What the server says of a failure, as an error of ours. */
#ifndef LDBX_CLIENT_SERVER_ERROR_H
#define LDBX_CLIENT_SERVER_ERROR_H

#include "wire/tcli.h"

/* LDBX_OK when the status is a success; a missing one is LDBX_PROTOCOL. statement_id: NULL or "" when there is none. */
int ldbx_check_status(const ldbx_tcli_status *status, const char *call, const char *statement_id, ldbx_error **error);

/* As ldbx_check_status for calls whose answer must be there: a statement that is still running is LDBX_PROTOCOL. */
int ldbx_check_ready(const ldbx_tcli_status *status, const char *call, const char *statement_id, ldbx_error **error);

/* Whether a message says that the session or operation has gone; only its first line counts, the statement's echo follows behind. */
bool ldbx_says_session_is_gone(ldbx_view message);

/* The error of a statement that ended in ERROR, CANCELED, CLOSED or TIMEDOUT; LDBX_OK while it runs or when it has finished. */
int ldbx_check_operation(const ldbx_tcli_operation_status *operation, const char *statement_id, ldbx_error **error);

/*
 * The server refused the statement for what it asks, as it does where there are no versions. A connection that
 * failed, and a server that had no resources, was interrupted or broke inside, are another matter: the same
 * statement may go through later.
 */
bool ldbx_is_refusal(int status, const ldbx_error *error);

#endif
