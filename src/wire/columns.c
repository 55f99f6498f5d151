#include "wire/columns.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "wire/arrow_array.h"
#include "wire/arrow_ipc.h"

#define BORDER           ((size_t)64) /* where buffers begin */
#define SQLNAME          "Spark:DataType:SqlName"
#define TIMESTAMP_FORMAT "tsu:UTC" /* the zone that every session is opened with */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers of the wire are turned round");

/* Members of the union TColumn. */
enum {
    KIND_BOOL = 1,
    KIND_BYTE = 2,
    KIND_I16 = 3,
    KIND_I32 = 4,
    KIND_I64 = 5,
    KIND_DOUBLE = 6,
    KIND_STRING = 7,
    KIND_BINARY = 8
};

/* What a Thrift type is in Arrow and in SQL; every other one is text. */
static const struct {
    int type;
    const char *format;       /* in column sets */
    const char *arrow_format; /* where the server makes Arrow of it without being asked for native types */
    const char *sql_name;
} types[] = {
    {LDBX_TTYPE_BOOLEAN, "b", "b", "BOOLEAN"},
    {LDBX_TTYPE_TINYINT, "c", "c", "TINYINT"},
    {LDBX_TTYPE_SMALLINT, "s", "s", "SMALLINT"},
    {LDBX_TTYPE_INT, "i", "i", "INT"},
    {LDBX_TTYPE_BIGINT, "l", "l", "BIGINT"},
    {LDBX_TTYPE_FLOAT, "f", "f", "FLOAT"},
    {LDBX_TTYPE_DOUBLE, "g", "g", "DOUBLE"},
    {LDBX_TTYPE_TIMESTAMP, "u", TIMESTAMP_FORMAT, "TIMESTAMP"},
    {LDBX_TTYPE_BINARY, "z", "z", "BINARY"},
    {LDBX_TTYPE_ARRAY, "u", "u", "ARRAY"},
    {LDBX_TTYPE_MAP, "u", "u", "MAP"},
    {LDBX_TTYPE_STRUCT, "u", "u", "STRUCT"},
    {LDBX_TTYPE_DECIMAL, "u", "u", "DECIMAL"},
    {LDBX_TTYPE_NULL, "n", "n", "VOID"},
    {LDBX_TTYPE_DATE, "u", "tdD", "DATE"},
    {LDBX_TTYPE_INTERVAL_YEAR_MONTH, "u", "u", "INTERVAL YEAR TO MONTH"},
    {LDBX_TTYPE_INTERVAL_DAY_TIME, "u", "u", "INTERVAL DAY TO SECOND"},
};

typedef enum row_form { COLUMN_SET, ARROW, ARROW_WITH_TEXT_TIMESTAMPS } row_form;

static const char *format_of(size_t type, row_form form)
{
    if (form == COLUMN_SET || (form == ARROW_WITH_TEXT_TIMESTAMPS && types[type].type == LDBX_TTYPE_TIMESTAMP))
        return types[type].format;
    return types[type].arrow_format;
}

static void describe(const ldbx_tcli_column *column, row_form form, const char **format, char sql_name[64])
{
    const char *name = "STRING";
    *format = "u";
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].type == column->type) {
            *format = format_of(i, form);
            name = types[i].sql_name;
        }
    }
    if (column->type == LDBX_TTYPE_DECIMAL && column->precision > 0)
        snprintf(sql_name, 64, "%s(%d,%d)", name, (int)column->precision, (int)column->scale);
    else
        snprintf(sql_name, 64, "%s", name);
}

/* One key and its value as the C data interface encodes metadata. */
static ldbx_view encode_metadata(char out[128], const char *key, const char *value)
{
    const int32_t count = 1;
    const int32_t key_size = (int32_t)strlen(key);
    const int32_t value_size = (int32_t)strlen(value);
    ldbx_view encoded = {out, 0};
    memcpy(out, &count, 4);
    memcpy(out + 4, &key_size, 4);
    memcpy(out + 8, key, (size_t)key_size);
    memcpy(out + 8 + key_size, &value_size, 4);
    memcpy(out + 12 + key_size, value, (size_t)value_size);
    encoded.size = 12 + (size_t)key_size + (size_t)value_size;
    return encoded;
}

static int make_schema(const ldbx_tcli_column *columns, size_t count, row_form form, struct ArrowSchema *out,
                       ldbx_error **error)
{
    const ldbx_view none = {NULL, 0};
    bool fine = ldbx_arrow_schema_new(out, "+s", none, none, false, (int64_t)count);
    for (size_t i = 0; i < count && fine; i++) {
        const char *format = NULL;
        char sql_name[64];
        char metadata[128];
        describe(&columns[i], form, &format, sql_name);
        fine = ldbx_arrow_schema_new(out->children[i], format, columns[i].name,
                                     encode_metadata(metadata, SQLNAME, sql_name), true, 0);
    }
    if (fine)
        return LDBX_OK;
    ldbx_arrow_schema_release(out);
    return ldbx_fail_no_memory(error);
}

int ldbx_columns_schema(const ldbx_tcli_column *columns, size_t count, struct ArrowSchema *out, ldbx_error **error)
{
    return make_schema(columns, count, COLUMN_SET, out, error);
}

int ldbx_columns_arrow_schema(const ldbx_tcli_column *columns, size_t count, ldbx_view batch, struct ArrowSchema *out,
                              ldbx_error **error)
{
    size_t sent = 0;
    LDBX_TRY(make_schema(columns, count, ARROW, out, error));
    if (batch.size == 0 || ldbx_arrow_count_buffers(batch, &sent, NULL) != LDBX_OK ||
        sent <= ldbx_arrow_schema_buffers(out))
        return LDBX_OK; /* what is wrong with a batch is said when it is read */
    ldbx_arrow_schema_release(out);
    return make_schema(columns, count, ARROW_WITH_TEXT_TIMESTAMPS, out, error);
}

/* Reading. Everything is written into one allocation, which the arrays of all columns own together. */

typedef struct column_plan {
    ldbx_layout layout;
    int kind;         /* that the wire must have */
    size_t wire_size; /* of a value; 0: varies */
    size_t cell_size; /* in Arrow; 0: bits */
} column_plan;

static bool plan_column(const struct ArrowSchema *field, column_plan *out)
{
    static const column_plan plans[] = {
        {LDBX_LAYOUT_BOOL, KIND_BOOL, 1, 0},     {LDBX_LAYOUT_INT8, KIND_BYTE, 1, 1},
        {LDBX_LAYOUT_INT16, KIND_I16, 2, 2},     {LDBX_LAYOUT_INT32, KIND_I32, 4, 4},
        {LDBX_LAYOUT_INT64, KIND_I64, 8, 8},     {LDBX_LAYOUT_FLOAT, KIND_DOUBLE, 8, 4},
        {LDBX_LAYOUT_DOUBLE, KIND_DOUBLE, 8, 8}, {LDBX_LAYOUT_TEXT, KIND_STRING, 0, 4},
        {LDBX_LAYOUT_BINARY, KIND_BINARY, 0, 4},
    };
    ldbx_format format;
    if (!ldbx_format_parse(field->format, &format))
        return false;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        if (plans[i].layout == format.layout) {
            *out = plans[i];
            return true;
        }
    }
    return false;
}

static size_t rounded(size_t size)
{
    return (size + BORDER - 1) / BORDER * BORDER;
}

static bool is_null_type(const struct ArrowSchema *field)
{
    return strcmp(field->format, "n") == 0;
}

static size_t text_size(const ldbx_tcli_values *column)
{
    return column->values.size - 4 * (size_t)column->count; /* what is not sizes; checked before */
}

static size_t cells_size(const column_plan *plan, size_t count)
{
    if (plan->cell_size == 0)
        return (count + 7) / 8;
    return plan->cell_size * (plan->wire_size == 0 ? count + 1 : count);
}

/* Bytes of Arrow buffers for a column, or LDBX_PROTOCOL when it is not of the schema's kind and the others'
 * length. */
static int measure(const struct ArrowSchema *field, const ldbx_tcli_values *column, int32_t rows, size_t *total,
                   ldbx_error **error)
{
    const ldbx_view name = ldbx_view_of(field->name);
    const size_t count = (size_t)column->count;
    column_plan plan;
    bool fits;
    if (column->count < 0 || column->count != rows)
        return ldbx_arrow_fail(error, LDBX_PROTOCOL, name, "%d values where others have %d", (int)column->count,
                               (int)rows);
    if (is_null_type(field))
        return LDBX_OK;
    if (!plan_column(field, &plan) || (count > 0 && column->kind != plan.kind))
        return ldbx_arrow_fail(error, LDBX_PROTOCOL, name, "values of kind %d do not fit type %s", column->kind,
                               field->format);
    if (plan.wire_size > 0)
        fits = column->values.size == count * plan.wire_size;
    else
        fits = column->values.size >= 4 * count && text_size(column) <= INT32_MAX;
    if (!fits)
        return ldbx_arrow_fail(error, LDBX_PROTOCOL, name, "values of the wrong size");
    *total += rounded((count + 7) / 8) + rounded(cells_size(&plan, count));
    if (plan.wire_size == 0)
        *total += rounded(text_size(column));
    return LDBX_OK;
}

/* Thrift's null bits become Arrow's validity bits: inverted, and as many as there are rows. Returns the
 * number of nulls. */
static int64_t read_nulls(const ldbx_tcli_values *column, uint8_t *validity)
{
    const size_t count = (size_t)column->count;
    const size_t bytes = (count + 7) / 8;
    const uint8_t *nulls = (const uint8_t *)column->nulls.data;
    int64_t null_count = 0;
    memset(validity, 0xff, bytes);
    for (size_t i = 0; i < bytes && i < column->nulls.size; i++) {
        const size_t rest = count - 8 * i;
        const uint8_t inside = rest >= 8 ? 0xff : (uint8_t)((1u << rest) - 1);
        null_count += __builtin_popcount(nulls[i] & inside);
        validity[i] = (uint8_t)~nulls[i];
    }
    return null_count;
}

static uint16_t load16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return __builtin_bswap16(value);
}

static uint32_t load32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return __builtin_bswap32(value);
}

static uint64_t load64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return __builtin_bswap64(value);
}

static void read_bools(const uint8_t *in, size_t count, uint8_t *bits)
{
    memset(bits, 0, (count + 7) / 8);
    for (size_t i = 0; i < count; i++)
        bits[i / 8] |= (uint8_t)((in[i] != 0) << (i % 8));
}

/* A FLOAT travels as the double of the same value. */
static void read_floats(const uint8_t *in, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t bits = load64(in + 8 * i);
        double value;
        memcpy(&value, &bits, sizeof value);
        out[i] = (float)value;
    }
}

static void read_numbers(const uint8_t *in, size_t count, size_t width, void *out)
{
    switch (width) {
    case 2:
        for (size_t i = 0; i < count; i++)
            ((uint16_t *)out)[i] = load16(in + 2 * i);
        break;
    case 4:
        for (size_t i = 0; i < count; i++)
            ((uint32_t *)out)[i] = load32(in + 4 * i);
        break;
    case 8:
        for (size_t i = 0; i < count; i++)
            ((uint64_t *)out)[i] = load64(in + 8 * i);
        break;
    default:
        if (count > 0)
            memcpy(out, in, count);
    }
}

/* false: the sizes in front of the texts do not add up. */
static bool read_texts(const ldbx_tcli_values *column, int32_t *offsets, uint8_t *data)
{
    const uint8_t *in = (const uint8_t *)column->values.data;
    const size_t total = text_size(column);
    size_t used = 0;
    offsets[0] = 0;
    for (int32_t i = 0; i < column->count; i++) {
        const size_t size = load32(in);
        if (size > total - used)
            return false;
        if (size > 0)
            memcpy(data + used, in + 4, size);
        in += 4 + size;
        used += size;
        offsets[i + 1] = (int32_t)used;
    }
    return used == total;
}

static bool read_cells(const column_plan *plan, const ldbx_tcli_values *column, void *cells, uint8_t *data)
{
    const uint8_t *in = (const uint8_t *)column->values.data;
    const size_t count = (size_t)column->count;
    if (plan->wire_size == 0)
        return read_texts(column, (int32_t *)cells, data);
    if (plan->layout == LDBX_LAYOUT_BOOL)
        read_bools(in, count, (uint8_t *)cells);
    else if (plan->layout == LDBX_LAYOUT_FLOAT)
        read_floats(in, count, (float *)cells);
    else
        read_numbers(in, count, plan->cell_size, cells);
    return true;
}

/* A column that has been measured. Its buffers begin at *at, which moves on behind them. */
static int read_column(const struct ArrowSchema *field, const ldbx_tcli_values *column, ldbx_bytes *bytes, uint8_t **at,
                       struct ArrowArray *out, ldbx_error **error)
{
    const size_t count = (size_t)column->count;
    column_plan plan = {LDBX_LAYOUT_NULL, 0, 0, 0};
    uint8_t *validity = *at;
    uint8_t *cells = validity + rounded((count + 7) / 8);
    uint8_t *data = NULL;
    if (!plan_column(field, &plan)) {
        if (!ldbx_arrow_array_new(out, bytes, column->count, 0, 0))
            return ldbx_fail_no_memory(error);
        out->null_count = column->count;
        return LDBX_OK;
    }
    data = cells + rounded(cells_size(&plan, count));
    *at = data + (plan.wire_size == 0 ? rounded(text_size(column)) : 0);
    if (!ldbx_arrow_array_new(out, bytes, column->count, plan.wire_size == 0 ? 3 : 2, 0))
        return ldbx_fail_no_memory(error);
    out->null_count = read_nulls(column, validity);
    out->buffers[0] = out->null_count > 0 ? validity : NULL;
    out->buffers[1] = cells;
    if (plan.wire_size == 0)
        out->buffers[2] = data;
    if (!read_cells(&plan, column, cells, data))
        return ldbx_arrow_fail(error, LDBX_PROTOCOL, ldbx_view_of(field->name), "sizes of texts do not add up");
    return LDBX_OK;
}

int ldbx_columns_read(const struct ArrowSchema *schema, const ldbx_tcli_values *columns, size_t count,
                      struct ArrowArray *out, ldbx_error **error)
{
    const ldbx_tcli_values empty = {0}; /* stands for each column of a row set that has none */
    const int32_t rows = count > 0 ? columns[0].count : 0;
    ldbx_bytes *bytes = NULL;
    uint8_t *at = NULL;
    size_t total = BORDER; /* never nothing: empty columns want a place too */
    int status = LDBX_OK;
    memset(out, 0, sizeof *out);
    if (count > 0 && count != (size_t)schema->n_children)
        return ldbx_fail(error, LDBX_PROTOCOL, "row set of %zu columns where the schema has %lld", count,
                         (long long)schema->n_children);
    for (int64_t i = 0; i < schema->n_children; i++)
        LDBX_TRY(measure(schema->children[i], count > 0 ? &columns[i] : &empty, rows, &total, error));
    bytes = ldbx_bytes_new(total);
    if (bytes == NULL || !ldbx_bytes_grow(bytes, total) ||
        !ldbx_arrow_array_new(out, bytes, rows, 1, schema->n_children))
        LDBX_GO(ldbx_fail_no_memory(error));
    ldbx_bytes_set_size(bytes, total);
    at = ldbx_bytes_data(bytes);
    for (int64_t i = 0; i < schema->n_children; i++)
        LDBX_GO(
            read_column(schema->children[i], count > 0 ? &columns[i] : &empty, bytes, &at, out->children[i], error));
out:
    if (status != LDBX_OK)
        ldbx_arrow_array_release(out);
    ldbx_bytes_unref(bytes);
    return status;
}
