/* Arrow arrays made by hand, in memory that lives as long as the test program: what wire/ would have read
 * from a server. */
#ifndef LDBX_TESTS_ARRAYS_H
#define LDBX_TESTS_ARRAYS_H

#include <stdarg.h>
#include <string.h>

#include "client/json_rows.h"
#include "client/shape.h"
#include "suite.h"

typedef struct column {
    struct ArrowSchema schema;
    struct ArrowArray array;
} column;

static inline void *keep(const void *data, size_t size)
{
    static _Alignas(16) unsigned char arena[4 << 20];
    static size_t used;
    unsigned char *at = arena + used;

    used += (size + 15) & ~(size_t)15;
    ck_assert_msg(used <= sizeof arena, "the arena is full");
    if (data != NULL && size > 0)
        memcpy(at, data, size);
    return at;
}

/* sql: the field's "Spark:DataType:SqlName", NULL: it has none. children end with NULL, buffers are set
 * later. */
static inline column *make(const char *format, const char *name, const char *sql, int64_t length, int64_t children, ...)
{
    static const char key[] = "Spark:DataType:SqlName";
    column *made = keep(NULL, sizeof *made);
    va_list args;

    memset(made, 0, sizeof *made);
    made->schema.format = keep(format, strlen(format) + 1);
    made->schema.name = keep(name, strlen(name) + 1);
    if (sql != NULL) {
        const int32_t head[] = {1, sizeof key - 1};
        const int32_t size = (int32_t)strlen(sql);
        char *metadata = keep(NULL, 12 + sizeof key + (size_t)size);
        memcpy(metadata, head, 8);
        memcpy(metadata + 8, key, sizeof key - 1);
        memcpy(metadata + 8 + sizeof key - 1, &size, 4);
        memcpy(metadata + 12 + sizeof key - 1, sql, (size_t)size);
        made->schema.metadata = metadata;
    }
    made->schema.n_children = made->array.n_children = children;
    made->schema.children = keep(NULL, (size_t)children * sizeof(void *));
    made->array.children = keep(NULL, (size_t)children * sizeof(void *));
    va_start(args, children);
    for (int64_t i = 0; i < children; i++) {
        column *child = va_arg(args, column *);
        made->schema.children[i] = &child->schema;
        made->array.children[i] = &child->array;
    }
    va_end(args);
    made->array.length = length;
    made->array.buffers = keep(NULL, 3 * sizeof(void *));
    memset(made->array.buffers, 0, 3 * sizeof(void *));
    made->array.n_buffers = strcmp(format, "n") == 0 ? 0 : strcmp(format, "+s") == 0 ? 1 : 2;
    return made;
}

/* "10" says: the first row has a value, the second is NULL. */
static inline column *with_nulls(column *made, const char *valid)
{
    unsigned char *bits = keep(NULL, strlen(valid) / 8 + 1);

    memset(bits, 0, strlen(valid) / 8 + 1);
    for (size_t i = 0; valid[i] != '\0'; i++)
        bits[i / 8] |= (unsigned char)((valid[i] == '1') << i % 8);
    made->array.buffers[0] = bits;
    made->array.null_count = 1;
    return made;
}

static inline column *values(const char *format, const char *sql, const void *data, size_t size, int64_t length)
{
    column *made = make(format, "c", sql, length, 0);

    made->array.buffers[1] = keep(data, size);
    return made;
}

/* A column of one value. */
#define VALUE(format, sql, type, ...) values(format, sql, &(const type){__VA_ARGS__}, sizeof(type), 1)

/* utf8 and binary ("u", "z"), also with 64-bit offsets ("U", "Z"). */
static inline column *bytes_of(const char *format, const char *sql, size_t count, const ldbx_view *cells)
{
    column *made = make(format, "c", sql, (int64_t)count, 0);
    bool large = format[0] == 'U' || format[0] == 'Z';
    int32_t *small = keep(NULL, (count + 1) * sizeof *small);
    int64_t *wide = keep(NULL, (count + 1) * sizeof *wide);
    char valid[64] = {0};
    char *data = keep(NULL, 0);
    int64_t at = 0;

    for (size_t i = 0; i < count; i++) {
        small[i] = (int32_t)at;
        wide[i] = at;
        valid[i] = cells[i].data != NULL ? '1' : '0';
        at += (int64_t)cells[i].size;
    }
    small[count] = (int32_t)at;
    wide[count] = at;
    data = keep(NULL, (size_t)at);
    for (size_t i = 0; i < count; i++)
        if (cells[i].size > 0)
            memcpy(data + wide[i], cells[i].data, cells[i].size);
    made->array.n_buffers = 3;
    made->array.buffers[1] = large ? (void *)wide : (void *)small;
    made->array.buffers[2] = at > 0 ? data : NULL;
    return with_nulls(made, valid);
}

static inline column *text(const char *sql, const char *cell)
{
    ldbx_view view = {cell, strlen(cell)};

    return bytes_of("u", sql, 1, &view);
}

static inline column *offsets(column *made, const int32_t *ends, size_t count)
{
    made->array.buffers[1] = keep(ends, count * sizeof *ends);
    return made;
}

#define OFFSETS(made, ...)                                                                                             \
    offsets(made, (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

static inline column *named(column *made, const char *name)
{
    made->schema.name = keep(name, strlen(name) + 1);
    return made;
}

/* The column's shape alone; cleared by the caller. */
static inline ldbx_shape shape_of(column *batch)
{
    ldbx_shape shape;
    ldbx_error *error = NULL;

    expect_ok(ldbx_shape_make(&batch->schema, NULL, 0, &shape, &error), error);
    return shape;
}

typedef void (*cell_writer)(const ldbx_cells *cells, int64_t row, ldbx_buf *out);

static inline const char *written(cell_writer write, column *cell, int64_t row)
{
    ldbx_shape shape = shape_of(make("+s", "", NULL, 1, 1, cell));
    ldbx_cells cells = ldbx_cells_of(&shape.fields[0], &cell->array, 0);
    ldbx_buf out;
    const char *copy;

    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    write(&cells, row, &out);
    ck_assert(!out.failed);
    copy = keep(ldbx_buf_cstr(&out), out.size + 1);
    ldbx_buf_clear(&out);
    ldbx_shape_clear(&shape);
    return copy;
}

#define json_at(cell, row) written(ldbx_json_cell, cell, row)
#define text_at(cell, row) written(ldbx_text_cell, cell, row)

#endif
