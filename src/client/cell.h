/*
 * Where the cells of an array lie in memory; the one place that reads Arrow buffers. Arrays were checked when they were made (wire/), so nothing is
 * checked again here.
 */
#ifndef LDBX_CLIENT_CELL_H
#define LDBX_CLIENT_CELL_H

#include "client/shape.h"

/* The cells of one field, laid open once for a batch, since each of them is looked at. */
typedef struct ldbx_cells {
    const ldbx_field *field;
    const struct ArrowArray *array; /* its children */
    const uint8_t *valid;           /* NULL: every cell is as all_null says */
    const void *values;             /* buffer 1: fixed values, or offsets */
    const char *bytes;              /* buffer 2 of text and binary */
    int64_t offset;                 /* of row 0 in the buffers */
    ldbx_layout layout;
    bool all_null;
} ldbx_cells;

/* first: the element of the array that is row 0. */
static inline ldbx_cells ldbx_cells_of(const ldbx_field *field, const struct ArrowArray *array, int64_t first)
{
    ldbx_cells cells = {
        .field = field, .array = array, .offset = array->offset + first, .layout = field->format.layout};

    cells.all_null = array->n_buffers == 0; /* the null type has no bitmap that would say so */
    cells.valid = array->n_buffers > 0 ? (const uint8_t *)array->buffers[0] : NULL;
    cells.values = array->n_buffers > 1 ? array->buffers[1] : NULL;
    cells.bytes = array->n_buffers > 2 ? (const char *)array->buffers[2] : NULL;
    return cells;
}

static inline bool ldbx_cell_is_null(const ldbx_cells *cells, int64_t row)
{
    int64_t at = row + cells->offset;

    if (cells->valid == NULL)
        return cells->all_null;
    return (cells->valid[at >> 3] >> (at & 7) & 1) == 0;
}

/* BOOL and integers up to 64 bits, signed, DATE32, TIMESTAMP, MONTHS and DURATION as stored; false: another
 * layout. */
static inline bool ldbx_cell_integer(const ldbx_cells *cells, int64_t row, int64_t *out)
{
    int64_t at = row + cells->offset;

    switch (cells->layout) {
    case LDBX_LAYOUT_BOOL:
        *out = ((const uint8_t *)cells->values)[at >> 3] >> (at & 7) & 1;
        return true;
    case LDBX_LAYOUT_INT8:
        *out = ((const int8_t *)cells->values)[at];
        return true;
    case LDBX_LAYOUT_INT16:
        *out = ((const int16_t *)cells->values)[at];
        return true;
    case LDBX_LAYOUT_INT32:
    case LDBX_LAYOUT_DATE32:
    case LDBX_LAYOUT_MONTHS:
        *out = ((const int32_t *)cells->values)[at];
        return true;
    case LDBX_LAYOUT_INT64:
    case LDBX_LAYOUT_TIMESTAMP:
    case LDBX_LAYOUT_DURATION:
        *out = ((const int64_t *)cells->values)[at];
        return true;
    case LDBX_LAYOUT_UINT8:
        *out = ((const uint8_t *)cells->values)[at];
        return true;
    case LDBX_LAYOUT_UINT16:
        *out = ((const uint16_t *)cells->values)[at];
        return true;
    case LDBX_LAYOUT_UINT32:
        *out = ((const uint32_t *)cells->values)[at];
        return true;
    default:
        return false;
    }
}

/* FLOAT and DOUBLE layouts; false: another layout. */
static inline bool ldbx_cell_real(const ldbx_cells *cells, int64_t row, double *out)
{
    int64_t at = row + cells->offset;

    if (cells->layout == LDBX_LAYOUT_FLOAT)
        *out = (double)((const float *)cells->values)[at];
    else if (cells->layout == LDBX_LAYOUT_DOUBLE)
        *out = ((const double *)cells->values)[at];
    else
        return false;
    return true;
}

/* First and past-the-last element of a list, map, text or binary cell. */
static inline void ldbx_cell_span(const ldbx_cells *cells, int64_t row, int64_t *begin, int64_t *end)
{
    int64_t at = row + cells->offset;

    if (cells->layout == LDBX_LAYOUT_LARGE_TEXT || cells->layout == LDBX_LAYOUT_LARGE_BINARY ||
        cells->layout == LDBX_LAYOUT_LARGE_LIST) {
        *begin = ((const int64_t *)cells->values)[at];
        *end = ((const int64_t *)cells->values)[at + 1];
    } else {
        *begin = ((const int32_t *)cells->values)[at];
        *end = ((const int32_t *)cells->values)[at + 1];
    }
}

static inline bool ldbx_layout_is_text(ldbx_layout layout)
{
    return layout == LDBX_LAYOUT_TEXT || layout == LDBX_LAYOUT_LARGE_TEXT;
}

static inline bool ldbx_layout_is_binary(ldbx_layout layout)
{
    return layout == LDBX_LAYOUT_BINARY || layout == LDBX_LAYOUT_LARGE_BINARY;
}

/* Of a text or binary layout. The data of an empty cell is "", never NULL, also where the array has no data
 * at all. */
static inline ldbx_view ldbx_cell_bytes(const ldbx_cells *cells, int64_t row)
{
    ldbx_view view = {"", 0};
    int64_t begin, end;

    ldbx_cell_span(cells, row, &begin, &end);
    if (end > begin) {
        view.data = cells->bytes + begin;
        view.size = (size_t)(end - begin);
    }
    return view;
}

#endif
