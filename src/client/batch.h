/* The inside of a batch. */
#ifndef LDBX_CLIENT_BATCH_H
#define LDBX_CLIENT_BATCH_H

#include <lytics_dbx/result.h>

#include "client/cell.h"

struct ldbx_batch {
    const struct ArrowArray *array; /* struct of the columns; rows = array->length */
    const ldbx_cells *columns;      /* of the array, laid open */
    size_t count;                   /* of them; the array may have more */
    ldbx_buf *text;                 /* what ldbx_batch_json and ldbx_batch_text write into; owned by the result */
};

/* Lays open the columns of an array: one place in `out` for each field of the shape. */
void ldbx_batch_columns(const ldbx_shape *shape, const struct ArrowArray *array, ldbx_cells *out);

#endif
