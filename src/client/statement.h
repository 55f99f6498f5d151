/* A statement whose text has places for secrets. */
#ifndef LDBX_CLIENT_STATEMENT_H
#define LDBX_CLIENT_STATEMENT_H

#include <lytics_dbx/statement.h>

#define LDBX_STATEMENT_SECRETS 4 /* of one statement, at most */

/*
 * Each NUL in the text stands for one of these, in their order, and becomes a literal when the statement is sent: neither what is kept of the statement
 * nor an error or a log line has them, also not where the server repeats them. Copied, and wiped with the statement. LDBX_INVALID_ARGUMENT: another
 * number of places.
 */
int ldbx_statement_set_secrets(ldbx_statement *statement, const char *const *secrets, size_t count, ldbx_error **error);

#endif
