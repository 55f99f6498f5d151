/* Making a result from the answer to a statement. */
#ifndef LDBX_CLIENT_RESULT_H
#define LDBX_CLIENT_RESULT_H

#include <lytics_dbx/result.h>

#include "client/connection.h"
#include "client/operation.h"
#include "client/pages.h"
#include "client/shape.h"
#include "wire/tcli.h"

typedef struct ldbx_result_source {
    ldbx_connection *connection;
    ldbx_operation operation;
    const ldbx_tcli_metadata *metadata; /* borrowed during the call */
    int64_t modified_rows;
    bool repeatable; /* the statement may be run again */
    bool prefetch;
    const ldbx_cancel *cancel;
} ldbx_result_source;

/* first moves into the result, also on failure; the operation is closed on failure. */
int ldbx_result_new(const ldbx_result_source *source, ldbx_page *first, ldbx_result **out, ldbx_error **error);

/* As ldbx_shape_retype(), which comes before the first batch. */
int ldbx_result_retype(ldbx_result *result, size_t column, const char *sql_type, ldbx_error **error);
/* Moves the array of the current batch out; the batch is gone then. */
void ldbx_result_take(ldbx_result *result, struct ArrowArray *out);
/* Bytes of answers so far. */
int64_t ldbx_result_bytes(const ldbx_result *result);

#endif
