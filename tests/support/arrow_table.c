#include "arrow_table.h"

#include <stdlib.h>
#include <string.h>

#include "client/cell.h"
#include "wire/arrow_ipc.h"
#include "wire/flatbuf.h"

void table_must(int status, const ldbx_error *error)
{
    table_check(status == LDBX_OK, ldbx_error_message(error));
}

void table_check(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static uint8_t *read_more(table *in, size_t size)
{
    size_t before = ldbx_bytes_size(in->message);

    table_check(ldbx_bytes_grow(in->message, before + size), "no memory");
    table_check(fread(ldbx_bytes_data(in->message) + before, 1, size, in->file) == size, "the table is cut short");
    ldbx_bytes_set_size(in->message, before + size);
    return ldbx_bytes_data(in->message) + before;
}

/* The length of what follows a flatbuffer is its fourth field; false: the end. */
static bool read_message(table *in)
{
    uint32_t head[2];
    ldbx_fb fb = {0};
    ldbx_fb_table root;

    ldbx_bytes_unref(in->message);
    in->message = ldbx_bytes_new(LDBX_MAX_BATCH);
    table_check(in->message != NULL, "no memory");
    memcpy(head, read_more(in, sizeof head), sizeof head);
    if (memcmp(head, "ARROW1\0\0", sizeof head) == 0) {
        ldbx_bytes_set_size(in->message, 0);
        memcpy(head, read_more(in, sizeof head), sizeof head);
    }
    table_check(head[0] == UINT32_MAX, "the table is not Arrow IPC");
    if (head[1] == 0)
        return false;
    fb.data = read_more(in, head[1]);
    fb.size = head[1];
    root = ldbx_fb_root(&fb);
    read_more(in, (size_t)ldbx_fb_i64(&root, 3, 0));
    return true;
}

static ldbx_view message_of(const table *in)
{
    return (ldbx_view){(const char *)ldbx_bytes_data(in->message), ldbx_bytes_size(in->message)};
}

static ldbx_value value_of(const ldbx_cells *cells, int64_t row)
{
    ldbx_value value = {.kind = LDBX_VALUE_INTEGER};

    if (ldbx_cell_is_null(cells, row)) {
        value.kind = LDBX_VALUE_NULL;
    } else if (ldbx_cell_real(cells, row, &value.as.real)) {
        value.kind = LDBX_VALUE_REAL;
    } else if (cells->layout == LDBX_LAYOUT_DECIMAL128) {
        value.kind = LDBX_VALUE_DECIMAL;
        memcpy(&value.as.decimal, (const uint8_t *)cells->values + 16 * (row + cells->offset), 16);
        value.as.decimal.scale = cells->field->format.scale;
    } else if (!ldbx_cell_integer(cells, row, &value.as.integer)) {
        value.kind = LDBX_VALUE_BYTES;
        value.as.bytes = ldbx_cell_bytes(cells, row);
    }
    return value;
}

static void make_values(table *in)
{
    size_t columns = in->shape.count;

    free(in->values);
    in->values = calloc((size_t)in->array.length * columns, sizeof *in->values);
    table_check(in->values != NULL, "no memory");
    for (size_t column = 0; column < columns; column++) {
        ldbx_cells cells = ldbx_cells_of(&in->shape.fields[column], in->array.children[column], in->array.offset);
        for (int64_t row = 0; row < in->array.length; row++)
            in->values[(size_t)row * columns + column] = value_of(&cells, row);
    }
}

/* The rows of a batch are told by its header's first field. */
bool table_next(table *in, bool rows)
{
    ldbx_fb fb = {0};
    ldbx_fb_table root, header;
    ldbx_error *error = NULL;
    uint32_t head[2];

    if (in->array.release != NULL)
        in->array.release(&in->array);
    if (!read_message(in))
        return false;
    memcpy(head, message_of(in).data, sizeof head);
    fb.data = ldbx_bytes_data(in->message) + sizeof head;
    fb.size = head[1];
    root = ldbx_fb_root(&fb);
    table_check(ldbx_fb_child(&root, 2, &header), "the table has no batch");
    table_must(ldbx_arrow_read_batch(&in->schema, in->message, ldbx_fb_i64(&header, 0, 0), &in->array, &error), error);
    if (rows)
        make_values(in);
    return true;
}

void table_open(table *in, const char *path)
{
    ldbx_error *error = NULL;

    *in = (table){.file = fopen(path, "rb")};
    table_check(in->file != NULL, "cannot open the table");
    table_check(read_message(in), "the table is empty");
    table_must(ldbx_arrow_read_schema(message_of(in), &in->schema, &error), error);
    table_must(ldbx_shape_make(&in->schema, NULL, 0, &in->shape, &error), error);
}

ldbx_csv *table_csv(const table *in, const char *null_value)
{
    ldbx_load_column *columns = calloc(in->shape.count, sizeof *columns);
    ldbx_csv_options options = {columns, in->shape.count, null_value, false};
    ldbx_csv *csv = NULL;
    ldbx_error *error = NULL;

    table_check(columns != NULL, "no memory");
    for (size_t i = 0; i < in->shape.count; i++)
        columns[i] = (ldbx_load_column){in->shape.columns[i].name, in->shape.columns[i].sql_type};
    table_must(ldbx_csv_new(&options, &csv, &error), error);
    table_must(ldbx_csv_bind(csv, &in->schema, &error), error);
    free(columns);
    return csv;
}

void table_close(table *in)
{
    if (in->array.release != NULL)
        in->array.release(&in->array);
    fclose(in->file);
    free(in->values);
    ldbx_bytes_unref(in->message);
    ldbx_shape_clear(&in->shape);
    in->schema.release(&in->schema);
}
