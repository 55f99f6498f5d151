/* Target of what is written for loads: rows as CSV, and the CSV read again by a strict reader of RFC 4180. */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/str.h"
#include "load/csv.h"

#define MAX_COLUMNS 6
#define SENTINEL    "_0"
#define ALLOWED     (4096 * FUZZ_KIB)

static const char *const types[] = {"BOOLEAN", "TINYINT", "SMALLINT",     "INT",           "BIGINT",
                                    "FLOAT",   "DOUBLE",  "DECIMAL(7,3)", "DECIMAL(38,0)", "DECIMAL(38,38)",
                                    "STRING",  "BINARY",  "DATE",         "TIMESTAMP",     "TIMESTAMP_NTZ"};

typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

static void take(input *in, void *to, size_t size)
{
    size_t here = size < in->left ? size : in->left;
    memset(to, 0, size);
    memcpy(to, in->at, here);
    in->at += here;
    in->left -= here;
}

static uint8_t take_byte(input *in)
{
    uint8_t byte;
    take(in, &byte, 1);
    return byte;
}

/* A cell of any kind, fitting its column or not; text as an exact copy. */
static ldbx_value take_value(input *in)
{
    ldbx_value value = {.kind = (ldbx_value_kind)(take_byte(in) % 5)};
    size_t size;
    switch (value.kind) {
    case LDBX_VALUE_NULL:
        break;
    case LDBX_VALUE_INTEGER:
        take(in, &value.as.integer, sizeof value.as.integer);
        value.as.integer >>= take_byte(in) % 64;
        break;
    case LDBX_VALUE_REAL:
        take(in, &value.as.real, sizeof value.as.real);
        break;
    case LDBX_VALUE_DECIMAL:
        take(in, &value.as.decimal.low, sizeof value.as.decimal.low);
        take(in, &value.as.decimal.high, sizeof value.as.decimal.high);
        value.as.decimal.high >>= take_byte(in) % 64;
        value.as.decimal.scale = (int8_t)take_byte(in);
        break;
    case LDBX_VALUE_BYTES:
        size = take_byte(in);
        size = size < in->left ? size : in->left;
        value.as.bytes = (ldbx_view){fuzz_copy((ldbx_view){(const char *)in->at, size}), size};
        in->at += size;
        in->left -= size;
        break;
    }
    return value;
}

/* One field: its text without quotes goes to `text`. Quotes stand around the whole or nowhere. */
static bool read_field(ldbx_view *rest, ldbx_buf *text, bool *quoted)
{
    size_t at = 0;
    ldbx_buf_reset(text);
    *quoted = rest->size > 0 && rest->data[0] == '"';
    for (at = *quoted; at < rest->size; at++) {
        const char c = rest->data[at];
        if (*quoted && c == '"' && (at + 1 == rest->size || rest->data[at + 1] != '"')) {
            at++;
            break;
        }
        if (!*quoted && (c == ',' || c == '\n'))
            break;
        must(*quoted || (c != '"' && c != '\r'));
        at += c == '"';
        ldbx_buf_byte(text, (uint8_t)c);
    }
    must(at < rest->size && (rest->data[at] == ',' || rest->data[at] == '\n'));
    *rest = (ldbx_view){rest->data + at, rest->size - at};
    return !*quoted && (text->size == 0 || ldbx_view_eq(ldbx_buf_get(text), SENTINEL));
}

static void check_real(const char *type, double given, ldbx_view text)
{
    double value = 0;
    float shorter = 0;
    if (strcmp(type, "DOUBLE") == 0) {
        must(ldbx_parse_double(text, &value));
        must(isnan(given) ? isnan(value) : memcmp(&value, &given, sizeof value) == 0);
    } else {
        const float nearest = (float)given;
        must(ldbx_parse_float(text, &shorter));
        must(isnan(given) ? isnan(shorter) : memcmp(&shorter, &nearest, sizeof shorter) == 0);
    }
}

static void check_integer(const char *type, int64_t given, ldbx_view text)
{
    int64_t value = 0;
    if (strcmp(type, "BOOLEAN") == 0) {
        must(ldbx_view_eq(text, given ? "true" : "false"));
    } else if (type[0] == 'D' || strncmp(type, "TIMESTAMP", 9) == 0) {
        must(ldbx_parse_timestamp(text, &value));
        must(value == (type[0] == 'D' ? given * LDBX_US_PER_DAY : given));
    } else {
        must(ldbx_parse_int64(text, INT64_MIN, INT64_MAX, &value) && value == given);
    }
}

static void check_decimal(const ldbx_decimal *given, ldbx_view text)
{
    uint8_t bytes[16], again[16];
    int scale = 0;
    must(ldbx_parse_decimal128(text, bytes, &scale));
    memcpy(again, &given->low, 8);
    memcpy(again + 8, &given->high, 8);
    must(ldbx_rescale_decimal128(again, given->scale, scale, 38));
    must(memcmp(bytes, again, sizeof bytes) == 0);
}

static void check_bytes(const char *type, ldbx_view given, ldbx_view text)
{
    uint8_t bytes[256];
    size_t size = 0;
    if (strcmp(type, "STRING") == 0)
        must(text.size == given.size && (text.size == 0 || memcmp(text.data, given.data, text.size) == 0) &&
             ldbx_utf8_valid(text));
    else if (strcmp(type, "BINARY") == 0)
        must(ldbx_parse_base64(text, bytes, &size) && size == given.size &&
             (size == 0 || memcmp(bytes, given.data, size) == 0));
    else
        must(text.size > 0);
}

static void check_field(const char *type, const ldbx_value *given, bool null, ldbx_view text, bool inferred)
{
    const bool empty = given->kind == LDBX_VALUE_BYTES && given->as.bytes.size == 0;
    must(null == (given->kind == LDBX_VALUE_NULL || (inferred && empty)));
    if (null)
        return;
    switch (given->kind) {
    case LDBX_VALUE_INTEGER:
        check_integer(type, given->as.integer, text);
        break;
    case LDBX_VALUE_REAL:
        check_real(type, given->as.real, text);
        break;
    case LDBX_VALUE_DECIMAL:
        check_decimal(&given->as.decimal, text);
        break;
    default:
        check_bytes(type, given->as.bytes, text);
    }
}

static void check_row(ldbx_view row, const ldbx_csv_options *options, const ldbx_value *given)
{
    ldbx_buf text;
    bool quoted;
    must(row.size > 1 && row.data[0] != '\n'); /* a blank line is no row */
    ldbx_buf_init(&text, FUZZ_MAX_JSON);
    for (size_t i = 0; i < options->column_count; i++) {
        const bool null = read_field(&row, &text, &quoted);
        const bool last = i + 1 == options->column_count;
        check_field(options->columns[i].type, &given[i], null, ldbx_buf_get(&text), options->inferred);
        must(row.data[0] == (last ? '\n' : ','));
        row = (ldbx_view){row.data + 1, row.size - 1};
    }
    must(row.size == 0);
    ldbx_buf_clear(&text);
}

static void write_row(ldbx_csv *csv, const ldbx_csv_options *options, input *in, ldbx_buf *out)
{
    ldbx_value values[MAX_COLUMNS];
    ldbx_error *error = NULL;
    const size_t start = out->size;
    for (size_t i = 0; i < options->column_count; i++)
        values[i] = take_value(in);
    if (fuzz_ok(ldbx_csv_row(csv, values, options->column_count, out, &error), error))
        check_row((ldbx_view){(const char *)out->data + start, out->size - start}, options, values);
    else
        must(out->size == start);
    for (size_t i = 0; i < options->column_count; i++)
        if (values[i].kind == LDBX_VALUE_BYTES)
            free((void *)(uintptr_t)values[i].as.bytes.data);
}

/* The first byte: how many columns, whether they are inferred; a byte a column: its type; then cells, row by row. */
void fuzz_csv(const uint8_t *data, size_t size)
{
    static const char *const names[MAX_COLUMNS] = {"a", "b", "c", "d", "e", "f"};
    ldbx_load_column columns[MAX_COLUMNS];
    input in = {data, size};
    const uint8_t form = take_byte(&in);
    const ldbx_csv_options options = {columns, 1 + form % MAX_COLUMNS, SENTINEL, form >= 128};
    ldbx_csv *csv = NULL;
    ldbx_error *error = NULL;
    ldbx_buf out;
    for (size_t i = 0; i < options.column_count; i++)
        columns[i] = (ldbx_load_column){names[i], types[take_byte(&in) % (sizeof types / sizeof types[0])]};
    fuzz_begin(ALLOWED);
    must(fuzz_ok(ldbx_csv_new(&options, &csv, &error), error));
    ldbx_buf_init(&out, FUZZ_MAX_JSON);
    while (in.left > 0)
        write_row(csv, &options, &in, &out);
    ldbx_buf_clear(&out);
    ldbx_csv_destroy(csv);
    fuzz_end();
}
