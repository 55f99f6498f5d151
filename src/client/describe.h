/* The columns that a table or view has, without its rows. */
#ifndef LDBX_CLIENT_DESCRIBE_H
#define LDBX_CLIENT_DESCRIBE_H

#include <stdbool.h>

#include <lytics_dbx/statement.h>

typedef struct ldbx_described {
    char *name;
    char *sql_type;
    char *comment; /* NULL: none, or not told here */
} ldbx_described;

typedef struct ldbx_description {
    ldbx_described *columns;
    size_t count;
    bool has_comments; /* comments were told */
} ldbx_description;

/* source: what stands behind FROM. options: of the statement. */
int ldbx_describe(ldbx_connection *connection, ldbx_view source, const ldbx_statement_options *options,
                  ldbx_description *out, ldbx_error **error);
void ldbx_description_clear(ldbx_description *description);

#endif
