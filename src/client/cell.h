/*
 * Where a cell lies in memory; the one place that reads Arrow buffers. Rows count from the array's own
 * offset. Arrays were checked when they were made (wire/), so nothing is checked again here.
 */
#ifndef LDBX_CLIENT_CELL_H
#define LDBX_CLIENT_CELL_H

#include "client/shape.h"

/* Arrays of the null layout have no bitmap that would say so. */
static inline bool ldbx_cell_is_null(const ldbx_field *field, const struct ArrowArray *array, int64_t row)
{
    return field->format.layout == LDBX_LAYOUT_NULL || ldbx_arrow_is_null(array, row);
}

/* BOOL and integers up to 64 bits, signed, DATE32, TIMESTAMP, MONTHS and DURATION as stored; false: another
 * layout. */
static inline bool ldbx_cell_integer(ldbx_layout layout, const struct ArrowArray *array, int64_t row, int64_t *out)
{
    int64_t at = row + array->offset;

    switch (layout) {
    case LDBX_LAYOUT_BOOL:
        *out = ((const uint8_t *)array->buffers[1])[at >> 3] >> (at & 7) & 1;
        return true;
    case LDBX_LAYOUT_INT8:
        *out = ((const int8_t *)array->buffers[1])[at];
        return true;
    case LDBX_LAYOUT_INT16:
        *out = ((const int16_t *)array->buffers[1])[at];
        return true;
    case LDBX_LAYOUT_INT32:
    case LDBX_LAYOUT_DATE32:
    case LDBX_LAYOUT_MONTHS:
        *out = ((const int32_t *)array->buffers[1])[at];
        return true;
    case LDBX_LAYOUT_INT64:
    case LDBX_LAYOUT_TIMESTAMP:
    case LDBX_LAYOUT_DURATION:
        *out = ((const int64_t *)array->buffers[1])[at];
        return true;
    case LDBX_LAYOUT_UINT8:
        *out = ((const uint8_t *)array->buffers[1])[at];
        return true;
    case LDBX_LAYOUT_UINT16:
        *out = ((const uint16_t *)array->buffers[1])[at];
        return true;
    case LDBX_LAYOUT_UINT32:
        *out = ((const uint32_t *)array->buffers[1])[at];
        return true;
    default:
        return false;
    }
}

/* FLOAT and DOUBLE layouts; false: another layout. */
static inline bool ldbx_cell_real(ldbx_layout layout, const struct ArrowArray *array, int64_t row, double *out)
{
    int64_t at = row + array->offset;

    if (layout == LDBX_LAYOUT_FLOAT)
        *out = (double)((const float *)array->buffers[1])[at];
    else if (layout == LDBX_LAYOUT_DOUBLE)
        *out = ((const double *)array->buffers[1])[at];
    else
        return false;
    return true;
}

/* First and past-the-last element of a list, map, text or binary cell. */
static inline void ldbx_cell_span(ldbx_layout layout, const struct ArrowArray *array, int64_t row, int64_t *begin,
                                  int64_t *end)
{
    int64_t at = row + array->offset;

    if (layout == LDBX_LAYOUT_LARGE_TEXT || layout == LDBX_LAYOUT_LARGE_BINARY || layout == LDBX_LAYOUT_LARGE_LIST) {
        *begin = ((const int64_t *)array->buffers[1])[at];
        *end = ((const int64_t *)array->buffers[1])[at + 1];
    } else {
        *begin = ((const int32_t *)array->buffers[1])[at];
        *end = ((const int32_t *)array->buffers[1])[at + 1];
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
static inline ldbx_view ldbx_cell_bytes(ldbx_layout layout, const struct ArrowArray *array, int64_t row)
{
    ldbx_view view = {"", 0};
    int64_t begin, end;

    ldbx_cell_span(layout, array, row, &begin, &end);
    if (end > begin) {
        view.data = (const char *)array->buffers[2] + begin;
        view.size = (size_t)(end - begin);
    }
    return view;
}

#endif
