/* One statement and its rows, for the layers above. */
#ifndef LDBX_CLIENT_QUERY_H
#define LDBX_CLIENT_QUERY_H

#include <lytics_dbx/statement.h>

#include "base/buf.h"

typedef struct ldbx_query {
    ldbx_statement *statement;
    ldbx_result *result; /* NULL: none is open */
} ldbx_query;

/* Runs the text in sql. */
int ldbx_query_open(ldbx_connection *connection, const ldbx_buf *sql, const ldbx_statement_options *options,
                    ldbx_query *out, ldbx_error **error);
void ldbx_query_close(ldbx_query *query);

/* As open, for a query that must give exactly one row; *row is borrowed until the query is closed.
 * LDBX_PROTOCOL when it gives none. */
int ldbx_query_row(ldbx_connection *connection, const ldbx_buf *sql, const ldbx_statement_options *options,
                   ldbx_query *out, const ldbx_batch **row, ldbx_error **error);

/* As row, for a text that never changes: the first cell of its row as text, allocated; "" for NULL. */
int ldbx_query_text(ldbx_connection *connection, const char *sql, const ldbx_statement_options *options, char **out,
                    ldbx_error **error);

#endif
