/* What the tests of wire share: fixtures, and Thrift messages and Arrow arrays as text, so that a test
 * compares one string. */
#ifndef LDBX_TESTS_WIRE_SUPPORT_H
#define LDBX_TESTS_WIRE_SUPPORT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "suite.h"
#include "wire/arrow_array.h"
#include "wire/thrift.h"

/* The repository's root: given by the test runner, else the current folder. */
static inline const char *source_root(void)
{
    const char *root = getenv("LDBX_SOURCE_ROOT");
    return root != NULL ? root : ".";
}

/* A whole file below the root; buf is initialised here. */
static inline void read_source_file(ldbx_buf *buf, const char *path)
{
    char full[1024];
    ldbx_error *error = NULL;
    snprintf(full, sizeof full, "%s/%s", source_root(), path);
    ldbx_buf_init(buf, LDBX_MAX_DOCUMENT);
    expect_ok(ldbx_file_read(full, buf, &error), error);
}

static inline void read_fixture(ldbx_buf *buf, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "tests/wire/fixtures/%s.bin", name);
    read_source_file(buf, path);
}

/* An owner of a copy of these bytes, as a decompressed batch is one. */
static inline ldbx_bytes *bytes_of(ldbx_view view)
{
    ldbx_bytes *bytes = ldbx_bytes_new(view.size + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert(ldbx_bytes_grow(bytes, view.size + 1));
    if (view.size > 0)
        memcpy(ldbx_bytes_data(bytes), view.data, view.size);
    ldbx_bytes_set_size(bytes, view.size);
    return bytes;
}

static inline void unhex(ldbx_buf *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        char pair[3] = {at[0], at[1], '\0'};
        if (*at == ' ' || *at == '\n')
            continue;
        ldbx_buf_byte(out, (uint8_t)strtoul(pair, NULL, 16));
        at++;
    }
}

static inline void put_hex(ldbx_buf *out, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ldbx_buf_printf(out, "%02x", ((const uint8_t *)data)[i]);
}

static inline void expect_text(ldbx_buf *buf, const char *expected)
{
    const char *text = ldbx_buf_cstr(buf);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
}

/* A Thrift value as text: {1:"text",2:[1,2],3:{"key"="value"}}, numbers with their width: 5i32. */
static inline void dump_thrift(ldbx_tr *reader, int type, ldbx_buf *out)
{
    int first, second;
    int16_t id;
    int32_t count;
    switch (type) {
    case LDBX_T_BOOL:
        ldbx_buf_str(out, ldbx_tr_bool(reader) ? "true" : "false");
        break;
    case LDBX_T_I32:
        ldbx_buf_printf(out, "%" PRId32 "i32", ldbx_tr_i32(reader));
        break;
    case LDBX_T_I64:
        ldbx_buf_printf(out, "%" PRId64 "i64", ldbx_tr_i64(reader));
        break;
    case LDBX_T_STRING:
        ldbx_buf_json_string(out, ldbx_tr_string(reader));
        break;
    case LDBX_T_LIST:
        count = ldbx_tr_list(reader, &first);
        ldbx_buf_byte(out, '[');
        for (int32_t i = 0; i < count; i++) {
            ldbx_buf_str(out, i > 0 ? "," : "");
            dump_thrift(reader, first, out);
        }
        ldbx_buf_byte(out, ']');
        break;
    case LDBX_T_MAP:
        count = ldbx_tr_map(reader, &first, &second);
        ldbx_buf_byte(out, '{');
        for (int32_t i = 0; i < count; i++) {
            ldbx_buf_str(out, i > 0 ? "," : "");
            dump_thrift(reader, first, out);
            ldbx_buf_byte(out, '=');
            dump_thrift(reader, second, out);
        }
        ldbx_buf_byte(out, '}');
        break;
    default:
        ck_assert_int_eq(type, LDBX_T_STRUCT);
        ldbx_buf_byte(out, '{');
        for (int i = 0; ldbx_tr_field(reader, &first, &id); i++) {
            ldbx_buf_printf(out, "%s%d:", i > 0 ? "," : "", id);
            dump_thrift(reader, first, out);
        }
        ldbx_buf_byte(out, '}');
    }
}

static inline int64_t arrow_offset(const struct ArrowArray *array, bool wide, int64_t index)
{
    return wide ? ((const int64_t *)array->buffers[1])[index] : ((const int32_t *)array->buffers[1])[index];
}

static inline void dump_cell(const struct ArrowSchema *field, const struct ArrowArray *array, int64_t row,
                             ldbx_buf *out);

static inline void dump_text(const struct ArrowArray *array, bool wide, bool binary, int64_t row, ldbx_buf *out)
{
    const char *data = (const char *)array->buffers[2];
    const int64_t from = arrow_offset(array, wide, row);
    const ldbx_view text = {data + from, (size_t)(arrow_offset(array, wide, row + 1) - from)};
    if (binary) {
        ldbx_buf_byte(out, 'x');
        put_hex(out, text.data, text.size);
    } else {
        ldbx_buf_json_string(out, text);
    }
}

static inline void dump_list(const struct ArrowSchema *field, const struct ArrowArray *array, bool wide, int64_t row,
                             ldbx_buf *out)
{
    const int64_t to = arrow_offset(array, wide, row + 1);
    ldbx_buf_byte(out, '[');
    for (int64_t i = arrow_offset(array, wide, row); i < to; i++) {
        dump_cell(field->children[0], array->children[0], i, out);
        ldbx_buf_str(out, i + 1 < to ? "," : "");
    }
    ldbx_buf_byte(out, ']');
}

static inline void dump_struct(const struct ArrowSchema *field, const struct ArrowArray *array, int64_t row,
                               ldbx_buf *out)
{
    ldbx_buf_byte(out, '{');
    for (int64_t i = 0; i < field->n_children; i++) {
        ldbx_buf_printf(out, "%s%s:", i > 0 ? "," : "", field->children[i]->name);
        dump_cell(field->children[i], array->children[i], row, out);
    }
    ldbx_buf_byte(out, '}');
}

static inline void dump_number(const ldbx_format *format, const void *cells, int64_t row, ldbx_buf *out)
{
    char text[96];
    switch (format->layout) {
    case LDBX_LAYOUT_BOOL:
        ldbx_buf_str(out, ((const uint8_t *)cells)[row / 8] >> (row % 8) & 1 ? "true" : "false");
        break;
    case LDBX_LAYOUT_INT8:
        ldbx_buf_int64(out, ((const int8_t *)cells)[row]);
        break;
    case LDBX_LAYOUT_UINT8:
        ldbx_buf_int64(out, ((const uint8_t *)cells)[row]);
        break;
    case LDBX_LAYOUT_INT16:
        ldbx_buf_int64(out, ((const int16_t *)cells)[row]);
        break;
    case LDBX_LAYOUT_UINT16:
        ldbx_buf_int64(out, ((const uint16_t *)cells)[row]);
        break;
    case LDBX_LAYOUT_INT32:
    case LDBX_LAYOUT_DATE32:
    case LDBX_LAYOUT_MONTHS:
        ldbx_buf_int64(out, ((const int32_t *)cells)[row]);
        break;
    case LDBX_LAYOUT_UINT32:
        ldbx_buf_int64(out, ((const uint32_t *)cells)[row]);
        break;
    case LDBX_LAYOUT_UINT64:
        ldbx_buf_printf(out, "%" PRIu64, ((const uint64_t *)cells)[row]);
        break;
    case LDBX_LAYOUT_FLOAT:
        text[ldbx_format_float(text, ((const float *)cells)[row])] = '\0';
        ldbx_buf_str(out, text);
        break;
    case LDBX_LAYOUT_DOUBLE:
        text[ldbx_format_double(text, ((const double *)cells)[row])] = '\0';
        ldbx_buf_str(out, text);
        break;
    case LDBX_LAYOUT_DECIMAL128:
        text[ldbx_format_decimal128(text, (const uint8_t *)cells + 16 * row, format->scale)] = '\0';
        ldbx_buf_str(out, text);
        break;
    default:
        ldbx_buf_int64(out, ((const int64_t *)cells)[row]);
    }
}

static inline bool is_null_at(const struct ArrowArray *array, int64_t row)
{
    const uint8_t *valid = array->n_buffers > 0 ? (const uint8_t *)array->buffers[0] : NULL;
    const int64_t at = row + array->offset;
    return array->n_buffers == 0 || (valid != NULL && !(valid[at >> 3] >> (at & 7) & 1));
}

/* Looks at every byte that the array claims to have for this cell. */
static inline void dump_cell(const struct ArrowSchema *field, const struct ArrowArray *array, int64_t row,
                             ldbx_buf *out)
{
    ldbx_format format;
    /* not by ck_assert, which costs a system call also when all is well */
    if (!ldbx_format_parse(field->format, &format) || array->offset != 0 || row >= array->length)
        ck_abort_msg("column %s is no whole array", field->name);
    if (is_null_at(array, row)) {
        ldbx_buf_str(out, "null");
        return;
    }
    switch (format.layout) {
    case LDBX_LAYOUT_TEXT:
    case LDBX_LAYOUT_LARGE_TEXT:
    case LDBX_LAYOUT_BINARY:
    case LDBX_LAYOUT_LARGE_BINARY:
        dump_text(array, format.layout == LDBX_LAYOUT_LARGE_TEXT || format.layout == LDBX_LAYOUT_LARGE_BINARY,
                  format.layout == LDBX_LAYOUT_BINARY || format.layout == LDBX_LAYOUT_LARGE_BINARY, row, out);
        break;
    case LDBX_LAYOUT_LIST:
    case LDBX_LAYOUT_LARGE_LIST:
    case LDBX_LAYOUT_MAP:
        dump_list(field, array, format.layout == LDBX_LAYOUT_LARGE_LIST, row, out);
        break;
    case LDBX_LAYOUT_STRUCT:
        dump_struct(field, array, row, out);
        break;
    default:
        dump_number(&format, array->buffers[1], row, out);
    }
}

/* A column a line: "name: cell cell cell". */
static inline void dump_columns(const struct ArrowSchema *schema, const struct ArrowArray *array, ldbx_buf *out)
{
    ck_assert_int_eq(schema->n_children, array->n_children);
    for (int64_t i = 0; i < schema->n_children; i++) {
        ldbx_buf_printf(out, "%s:", schema->children[i]->name);
        for (int64_t row = 0; row < array->length; row++) {
            ldbx_buf_byte(out, ' ');
            dump_cell(schema->children[i], array->children[i], row, out);
        }
        ldbx_buf_byte(out, '\n');
    }
}

#endif
