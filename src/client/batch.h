/* The inside of a batch. */
#ifndef LDBX_CLIENT_BATCH_H
#define LDBX_CLIENT_BATCH_H

#include <lytics_dbx/result.h>

#include "client/shape.h"

struct ldbx_batch {
    const struct ArrowArray *array; /* struct of the columns; rows = array->length */
    const ldbx_shape *shape;        /* may have fewer columns than the array: the first ones */
    ldbx_buf *text;                 /* what ldbx_batch_json and ldbx_batch_text write into; owned by the result */
};

#endif
