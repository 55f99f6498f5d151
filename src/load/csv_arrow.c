/* Arrow columns as CSV. */
#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/cell.h"
#include "load/csv_cell.h"

/* Where the cells of a column lie. */
struct ldbx_csv_source {
    ldbx_field field;     /* its format alone */
    ldbx_cells cells;     /* of the array in work */
    int64_t child;        /* of the struct */
    ldbx_value_kind kind; /* as which the cells are given */
};

static bool takes_layout(const ldbx_csv_column *column, const ldbx_format *format)
{
    switch (format->layout) {
    case LDBX_LAYOUT_NULL:
        return true;
    case LDBX_LAYOUT_BOOL:
        return column->type == LDBX_TYPE_BOOLEAN;
    case LDBX_LAYOUT_INT8:
    case LDBX_LAYOUT_INT16:
    case LDBX_LAYOUT_INT32:
    case LDBX_LAYOUT_INT64:
    case LDBX_LAYOUT_UINT8:
    case LDBX_LAYOUT_UINT16:
    case LDBX_LAYOUT_UINT32:
        return column->type >= LDBX_TYPE_TINYINT && column->type <= LDBX_TYPE_BIGINT;
    case LDBX_LAYOUT_FLOAT:
    case LDBX_LAYOUT_DOUBLE:
        return column->type == LDBX_TYPE_FLOAT || column->type == LDBX_TYPE_DOUBLE;
    case LDBX_LAYOUT_DECIMAL128:
        return column->type == LDBX_TYPE_DECIMAL;
    case LDBX_LAYOUT_TEXT:
    case LDBX_LAYOUT_LARGE_TEXT:
        return column->type != LDBX_TYPE_BINARY;
    case LDBX_LAYOUT_BINARY:
    case LDBX_LAYOUT_LARGE_BINARY:
        return column->type == LDBX_TYPE_BINARY;
    case LDBX_LAYOUT_DATE32:
        return column->type == LDBX_TYPE_DATE;
    case LDBX_LAYOUT_TIMESTAMP:
        return column->type == (format->has_zone ? LDBX_TYPE_TIMESTAMP : LDBX_TYPE_TIMESTAMP_NTZ);
    default:
        return false;
    }
}

static ldbx_value_kind kind_of(ldbx_layout layout)
{
    switch (layout) {
    case LDBX_LAYOUT_FLOAT:
    case LDBX_LAYOUT_DOUBLE:
        return LDBX_VALUE_REAL;
    case LDBX_LAYOUT_DECIMAL128:
        return LDBX_VALUE_DECIMAL;
    case LDBX_LAYOUT_TEXT:
    case LDBX_LAYOUT_LARGE_TEXT:
    case LDBX_LAYOUT_BINARY:
    case LDBX_LAYOUT_LARGE_BINARY:
        return LDBX_VALUE_BYTES;
    default:
        return LDBX_VALUE_INTEGER;
    }
}

static int fail_column(const char *name, const char *what, ldbx_error **error)
{
    return ldbx_arrow_fail(error, LDBX_INVALID_ARGUMENT, ldbx_view_of(name), "%s", what);
}

static bool is_named(const struct ArrowSchema *schema, int64_t child, const char *name)
{
    const struct ArrowSchema *field = schema->children[child];

    return field != NULL && field->name != NULL && ldbx_str_ieq(field->name, name);
}

/* Usually the columns are in order, so the search begins where the last one ended. */
static int64_t find_child(const struct ArrowSchema *schema, int64_t hint, const char *name)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        int64_t child = (hint + i) % schema->n_children;
        if (is_named(schema, child, name))
            return child;
    }
    return -1;
}

static int bind_column(const ldbx_csv_column *column, const struct ArrowSchema *schema, int64_t hint,
                       struct ldbx_csv_source *out, ldbx_error **error)
{
    const struct ArrowSchema *field;

    out->child = find_child(schema, hint, column->name);
    if (out->child < 0)
        return fail_column(column->name, "it is not among the Arrow columns", error);
    field = schema->children[out->child];
    if (field->dictionary != NULL)
        return fail_column(column->name, "Arrow dictionaries are not taken", error);
    if (!ldbx_format_parse(field->format, &out->field.format) || !takes_layout(column, &out->field.format))
        return ldbx_arrow_fail(error, LDBX_INVALID_ARGUMENT, ldbx_view_of(column->name),
                               "Arrow format %s is not taken for %s", field->format, column->type_name);
    out->kind = kind_of(out->field.format.layout);
    return LDBX_OK;
}

static int bind_columns(ldbx_csv *csv, const struct ArrowSchema *schema, ldbx_error **error)
{
    int64_t hint = 0;

    for (size_t i = 0; i < csv->count; i++) {
        LDBX_TRY(bind_column(&csv->columns[i], schema, hint, &csv->sources[i], error));
        hint = csv->sources[i].child + 1;
    }
    return LDBX_OK;
}

int ldbx_csv_bind(ldbx_csv *csv, const struct ArrowSchema *schema, ldbx_error **error)
{
    int status;

    ldbx_free(csv->sources);
    csv->sources = NULL;
    if (schema->format == NULL || strcmp(schema->format, "+s") != 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the Arrow schema is not a struct of columns");
    if (schema->n_children != (int64_t)csv->count)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%" PRId64 " Arrow columns where there are %zu columns",
                         schema->n_children, csv->count);
    csv->sources = ldbx_calloc(csv->count, sizeof *csv->sources);
    if (csv->sources == NULL)
        return ldbx_fail_no_memory(error);
    status = bind_columns(csv, schema, error);
    if (status != LDBX_OK) {
        ldbx_free(csv->sources);
        csv->sources = NULL;
    }
    return status;
}

/* Of the null type there are no buffers; others have values, and text and binary bytes behind them, which may be missing when there are none. */
static int64_t buffers_of(ldbx_layout layout)
{
    if (layout == LDBX_LAYOUT_NULL)
        return 0;
    return ldbx_layout_is_text(layout) || ldbx_layout_is_binary(layout) ? 3 : 2;
}

/* What can be seen of an array without reading behind its end. */
static bool is_sound(const struct ArrowArray *array, ldbx_layout layout, int64_t rows)
{
    const int64_t buffers = buffers_of(layout);

    return array != NULL && array->offset >= 0 && array->length >= rows && array->n_buffers == buffers &&
           (buffers == 0 || rows == 0 || (array->buffers != NULL && array->buffers[1] != NULL));
}

static int open_array(ldbx_csv *csv, const struct ArrowArray *array, int64_t first, int64_t count, ldbx_error **error)
{
    if (csv->sources == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "no Arrow schema was given for the rows");
    if (array->n_children != (int64_t)csv->count || array->n_buffers != 1 || array->offset < 0 || first < 0 ||
        count < 0 || first > array->length - count)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "the Arrow array is not of its schema, or has fewer rows");
    for (size_t i = 0; i < csv->count; i++) {
        struct ldbx_csv_source *source = &csv->sources[i];
        const struct ArrowArray *child = array->children[source->child];
        if (!is_sound(child, source->field.format.layout, array->offset + first + count))
            return fail_column(csv->columns[i].name, "its Arrow array is not of its schema, or has fewer rows", error);
        source->cells = ldbx_cells_of(&source->field, child, array->offset);
    }
    return LDBX_OK;
}

/* Any layout of bounded length; NULL: the value does not fit. */
static uint8_t *put_scalar(const ldbx_csv_column *column, const ldbx_cells *cells, int64_t row, uint8_t *to)
{
    const ldbx_format *format = &cells->field->format;
    int64_t integer = 0;
    double real;

    if (ldbx_cell_integer(cells, row, &integer)) {
        if (cells->layout == LDBX_LAYOUT_TIMESTAMP && !ldbx_us_from_unit(integer, format->unit, &integer))
            return NULL;
        return ldbx_csv_put_integer(column, integer, to);
    }
    if (ldbx_cell_real(cells, row, &real))
        return ldbx_csv_put_real(column, real, to);
    return ldbx_csv_put_decimal(column, (const uint8_t *)cells->values + 16 * (row + cells->offset), format->scale, to);
}

static int put_cell(ldbx_csv *csv, const ldbx_csv_column *column, const struct ldbx_csv_source *source, int64_t row,
                    ldbx_buf *out, ldbx_error **error)
{
    const ldbx_cells *cells = &source->cells;
    const bool text = source->kind == LDBX_VALUE_BYTES;
    const bool null = ldbx_cell_is_null(cells, row);
    ldbx_view bytes = {NULL, 0};
    uint8_t *to, *end;

    if (text && !null)
        bytes = ldbx_cell_bytes(cells, row);
    if (bytes.size > LDBX_MAX_CSV_ROW)
        return ldbx_csv_fail_size(error);
    to = ldbx_buf_reserve(out, ldbx_csv_room(bytes.size));
    if (to == NULL)
        return ldbx_csv_fail_room(out, error);
    if (null)
        end = ldbx_csv_put_null(csv, to);
    else if (text)
        end = ldbx_csv_put_bytes(csv, column, bytes, to);
    else
        end = put_scalar(column, cells, row, to);
    if (end == NULL)
        return ldbx_csv_refuse(column, source->kind, bytes, error);
    ldbx_csv_end_cell(out, to, end);
    return LDBX_OK;
}

static int put_row(ldbx_csv *csv, const ldbx_cells *rows, int64_t row, ldbx_buf *out, ldbx_error **error)
{
    const size_t start = out->size;

    if (ldbx_cell_is_null(rows, row))
        return ldbx_fail(error, LDBX_INVALID_DATA, "the Arrow array has NULL in place of a row");
    for (size_t i = 0; i < csv->count; i++)
        LDBX_TRY(put_cell(csv, &csv->columns[i], &csv->sources[i], row, out, error));
    return ldbx_csv_end_row(out, start, error);
}

int ldbx_csv_arrow(ldbx_csv *csv, const struct ArrowArray *array, int64_t first, int64_t count, ldbx_buf *out,
                   ldbx_error **error)
{
    const size_t start = out->size;
    const int64_t empty_as_null = csv->empty_as_null;
    const ldbx_field field = {.format = {.layout = LDBX_LAYOUT_STRUCT}};
    const ldbx_cells rows = ldbx_cells_of(&field, array, 0);
    int status = open_array(csv, array, first, count, error);

    for (int64_t row = first; status == LDBX_OK && row < first + count; row++) {
        status = put_row(csv, &rows, row, out, error);
        if (status != LDBX_OK)
            ldbx_error_prefix(error, "row %" PRId64, row);
    }
    if (status != LDBX_OK) {
        ldbx_buf_cut(out, start);
        csv->empty_as_null = empty_as_null;
    }
    return status;
}
