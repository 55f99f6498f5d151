#include "client/batch.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "client/json_rows.h"

void ldbx_batch_columns(const ldbx_shape *shape, const struct ArrowArray *array, ldbx_cells *out)
{
    for (size_t i = 0; i < shape->count; i++)
        out[i] = ldbx_cells_of(&shape->fields[i], array->children[i], array->offset);
}

static const ldbx_cells *column_of(const ldbx_batch *batch, int64_t row, size_t column)
{
    assert(row >= 0 && row < batch->array->length && column < batch->count);
    (void)row;
    return &batch->columns[column];
}

int64_t ldbx_batch_rows(const ldbx_batch *batch)
{
    return batch->array->length;
}

const struct ArrowArray *ldbx_batch_arrow(const ldbx_batch *batch)
{
    return batch->array;
}

int ldbx_batch_is_null(const ldbx_batch *batch, int64_t row, size_t column)
{
    const ldbx_cells *cells = column_of(batch, row, column);

    return ldbx_cell_is_null(cells, row);
}

static bool is_integer(ldbx_layout layout)
{
    return layout >= LDBX_LAYOUT_BOOL && layout <= LDBX_LAYOUT_UINT32;
}

int64_t ldbx_batch_int64(const ldbx_batch *batch, int64_t row, size_t column)
{
    const ldbx_cells *cells = column_of(batch, row, column);
    int64_t value = 0;

    if (is_integer(cells->layout) && !ldbx_cell_is_null(cells, row))
        ldbx_cell_integer(cells, row, &value);
    return value;
}

double ldbx_batch_double(const ldbx_batch *batch, int64_t row, size_t column)
{
    const ldbx_cells *cells = column_of(batch, row, column);
    double value = 0;

    if (ldbx_cell_is_null(cells, row))
        return 0;
    if (!ldbx_cell_real(cells, row, &value))
        value = (double)ldbx_batch_int64(batch, row, column);
    return value;
}

ldbx_view ldbx_batch_bytes(const ldbx_batch *batch, int64_t row, size_t column)
{
    const ldbx_cells *cells = column_of(batch, row, column);

    if ((!ldbx_layout_is_text(cells->layout) && !ldbx_layout_is_binary(cells->layout)) || ldbx_cell_is_null(cells, row))
        return (ldbx_view){NULL, 0};
    return ldbx_cell_bytes(cells, row);
}

int ldbx_batch_timestamp_us(const ldbx_batch *batch, int64_t row, size_t column, int64_t *out)
{
    const ldbx_cells *cells = column_of(batch, row, column);
    int64_t us;

    if (!ldbx_time_cell(cells, row, &us))
        return 0;
    *out = us;
    return 1;
}

int ldbx_batch_decimal(const ldbx_batch *batch, int64_t row, size_t column, ldbx_decimal *out)
{
    const ldbx_cells *cells = column_of(batch, row, column);
    uint8_t parsed[16];
    const uint8_t *bytes = parsed;
    int scale = cells->field->format.scale;

    if (ldbx_cell_is_null(cells, row) || cells->field->type != LDBX_TYPE_DECIMAL)
        return 0;
    if (cells->layout == LDBX_LAYOUT_DECIMAL128)
        bytes = (const uint8_t *)cells->values + 16 * (row + cells->offset);
    else if (!ldbx_layout_is_text(cells->layout) || !ldbx_parse_decimal128(ldbx_cell_bytes(cells, row), parsed, &scale))
        return 0;
    memcpy(&out->low, bytes, sizeof out->low);
    memcpy(&out->high, bytes + sizeof out->low, sizeof out->high);
    out->scale = scale;
    return 1;
}

static int take_text(ldbx_buf *text, ldbx_view *out, ldbx_error **error)
{
    if (text->full)
        return ldbx_fail(error, LDBX_NO_MEMORY, "the batch as text is larger than %zu bytes; ask for smaller pages",
                         text->max);
    if (text->failed)
        return ldbx_fail_no_memory(error);
    *out = ldbx_buf_get(text);
    return LDBX_OK;
}

int ldbx_batch_json(const ldbx_batch *batch, ldbx_view *out, ldbx_error **error)
{
    *out = (ldbx_view){NULL, 0};
    ldbx_buf_reset(batch->text);
    for (int64_t row = 0; row < batch->array->length && !batch->text->failed; row++) {
        ldbx_json_row(batch->columns, batch->count, row, false, batch->text);
        ldbx_buf_byte(batch->text, '\n');
    }
    return take_text(batch->text, out, error);
}

int ldbx_batch_text(const ldbx_batch *batch, int64_t row, size_t column, ldbx_view *out, ldbx_error **error)
{
    const ldbx_cells *cells = column_of(batch, row, column);

    *out = (ldbx_view){NULL, 0};
    ldbx_buf_reset(batch->text);
    if (ldbx_cell_is_null(cells, row))
        return LDBX_OK;
    ldbx_buf_reserve(batch->text, 1); /* so that the empty text is not NULL */
    ldbx_text_cell(cells, row, batch->text);
    return take_text(batch->text, out, error);
}
