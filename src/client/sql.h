/* SQL text, safely: identifiers in doubled backticks, literals with backslash escapes only (databricks-protocol 7.5). */
#ifndef LDBX_CLIENT_SQL_H
#define LDBX_CLIENT_SQL_H

#include <lytics_dbx/result.h>

#include "base/buf.h"

void ldbx_sql_identifier(ldbx_buf *sql, const char *name);
/* `catalog`.`schema`.`table`; leading parts that are NULL are left out. */
void ldbx_sql_name(ldbx_buf *sql, const char *catalog, const char *schema, const char *table);
void ldbx_sql_string(ldbx_buf *sql, ldbx_view text);
/* TIMESTAMP '...Z', TIMESTAMP_NTZ '...' or DATE '...' for a column of that type. */
void ldbx_sql_time(ldbx_buf *sql, ldbx_type type, int64_t us);

#endif
