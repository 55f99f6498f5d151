#include "load/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "load/csv_cell.h"
#include "wire/arrow_array.h"

static int fail_name(const char *name, const char *what, ldbx_error **error)
{
    return ldbx_arrow_fail(error, LDBX_INVALID_ARGUMENT, ldbx_view_of(name), "%s", what);
}

static int check_name(const char *name, ldbx_error **error)
{
    if (name == NULL || name[0] == '\0')
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "a column has no name");
    if (!ldbx_utf8_valid(ldbx_view_of(name)))
        return fail_name(name, "the name is not valid UTF-8", error);
    if (strpbrk(name, " ,;{}()\n\t=") != NULL)
        return fail_name(name, "Delta takes no name with a blank, tab, line feed or one of ,;{}()=", error);
    return LDBX_OK;
}

static int make_column(const ldbx_load_column *given, ldbx_csv_column *out, ldbx_error **error)
{
    LDBX_TRY(check_name(given->name, error));
    if (!ldbx_csv_type_parse(ldbx_view_of(given->type), out))
        return fail_name(
            given->name,
            "the type must be BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL(p,s), STRING, "
            "BINARY, DATE, TIMESTAMP or TIMESTAMP_NTZ",
            error);
    out->name = ldbx_strdup(given->name);
    return out->name != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int compare_names(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_duplicates(const ldbx_csv *csv, ldbx_error **error)
{
    const char **names = ldbx_calloc(csv->count, sizeof *names);
    int status = LDBX_OK;

    if (names == NULL)
        return ldbx_fail_no_memory(error);
    for (size_t i = 0; i < csv->count; i++)
        names[i] = csv->columns[i].name;
    qsort(names, csv->count, sizeof *names, compare_names);
    for (size_t i = 1; i < csv->count && status == LDBX_OK; i++)
        if (strcasecmp(names[i - 1], names[i]) == 0)
            status = fail_name(names[i], "there are two of that name; case does not tell columns apart", error);
    ldbx_free(names);
    return status;
}

static int check_null_value(const char *text, ldbx_error **error)
{
    bool fine = text != NULL && strchr(text, '_') != NULL && strlen(text) <= LDBX_CSV_NULL;

    for (const char *c = text; fine && *c != '\0'; c++)
        fine = ldbx_is_alnum(*c) || *c == '_';
    if (!fine)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "the sentinel for NULL must be of letters, digits and at least one _");
    return LDBX_OK;
}

static int fill(ldbx_csv *csv, const ldbx_csv_options *options, ldbx_error **error)
{
    char *null_value = ldbx_strdup(options->null_value);

    csv->inferred = options->inferred;
    csv->null_value = ldbx_view_of(null_value);
    csv->columns = ldbx_calloc(options->column_count, sizeof *csv->columns);
    if (null_value == NULL || csv->columns == NULL)
        return ldbx_fail_no_memory(error);
    csv->count = options->column_count;
    for (size_t i = 0; i < csv->count; i++)
        LDBX_TRY(make_column(&options->columns[i], &csv->columns[i], error));
    return check_duplicates(csv, error);
}

int ldbx_csv_new(const ldbx_csv_options *options, ldbx_csv **out, ldbx_error **error)
{
    ldbx_csv *csv;
    int status;

    *out = NULL;
    if (options->column_count == 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "a load needs at least one column");
    if (options->column_count > LDBX_MAX_CSV_COLUMNS)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "a load has at most %d columns", LDBX_MAX_CSV_COLUMNS);
    LDBX_TRY(check_null_value(options->null_value, error));
    csv = ldbx_calloc(1, sizeof *csv);
    if (csv == NULL)
        return ldbx_fail_no_memory(error);
    status = fill(csv, options, error);
    if (status != LDBX_OK)
        ldbx_csv_destroy(csv);
    else
        *out = csv;
    return status;
}

void ldbx_csv_destroy(ldbx_csv *csv)
{
    if (csv == NULL)
        return;
    for (size_t i = 0; i < csv->count; i++)
        ldbx_free(csv->columns[i].name);
    ldbx_free(csv->columns);
    ldbx_free(csv->sources);
    ldbx_free((void *)(uintptr_t)csv->null_value.data);
    ldbx_free(csv);
}

const char *ldbx_csv_type(const ldbx_csv *csv, size_t column)
{
    return csv->columns[column].type_name;
}

int64_t ldbx_csv_empty_as_null(const ldbx_csv *csv)
{
    return csv->empty_as_null;
}

bool ldbx_csv_changes_texts(const ldbx_csv *csv, size_t column)
{
    return csv->columns[column].texts == LDBX_CSV_TEXT_CHANGED;
}

int ldbx_csv_fail_size(ldbx_error **error)
{
    return ldbx_fail(error, LDBX_INVALID_DATA, "a row has more than %zu bytes as text", LDBX_MAX_CSV_ROW);
}

int ldbx_csv_fail_room(const ldbx_buf *out, ldbx_error **error)
{
    return out->full ? ldbx_csv_fail_size(error) : ldbx_fail_no_memory(error);
}

int ldbx_csv_end_row(ldbx_buf *out, size_t start, ldbx_error **error)
{
    if (out->failed)
        return ldbx_csv_fail_room(out, error);
    if (out->size - start > LDBX_MAX_CSV_ROW)
        return ldbx_csv_fail_size(error);
    out->data[out->size - 1] = '\n';
    return LDBX_OK;
}

int ldbx_csv_header(const ldbx_csv *csv, ldbx_buf *out, ldbx_error **error)
{
    const size_t start = out->size;
    int status;

    for (size_t i = 0; i < csv->count; i++) {
        ldbx_view name = ldbx_view_of(csv->columns[i].name);
        uint8_t *to = ldbx_buf_reserve(out, ldbx_csv_room(name.size));
        if (to == NULL)
            break;
        ldbx_csv_end_cell(out, to, ldbx_csv_put_name(name, to));
    }
    status = ldbx_csv_end_row(out, start, error);
    if (status != LDBX_OK)
        ldbx_buf_cut(out, start);
    return status;
}

/* NULL: it does not fit. */
static uint8_t *put_value(ldbx_csv *csv, const ldbx_csv_column *column, const ldbx_value *value, uint8_t *to)
{
    uint8_t bytes[16];

    switch (value->kind) {
    case LDBX_VALUE_NULL:
        return ldbx_csv_put_null(csv, to);
    case LDBX_VALUE_INTEGER:
        return ldbx_csv_put_integer(column, value->as.integer, to);
    case LDBX_VALUE_REAL:
        return ldbx_csv_put_real(column, value->as.real, to);
    case LDBX_VALUE_DECIMAL:
        memcpy(bytes, &value->as.decimal.low, 8);
        memcpy(bytes + 8, &value->as.decimal.high, 8);
        return ldbx_csv_put_decimal(column, bytes, value->as.decimal.scale, to);
    case LDBX_VALUE_BYTES:
        return ldbx_csv_put_bytes(csv, column, value->as.bytes, to);
    }
    return NULL;
}

static int put_cell(ldbx_csv *csv, const ldbx_csv_column *column, const ldbx_value *value, ldbx_buf *out,
                    ldbx_error **error)
{
    size_t bytes = value->kind == LDBX_VALUE_BYTES ? value->as.bytes.size : 0;
    uint8_t *to, *end;

    if (bytes > LDBX_MAX_CSV_ROW)
        return ldbx_csv_fail_size(error);
    to = ldbx_buf_reserve(out, ldbx_csv_room(bytes));
    if (to == NULL)
        return ldbx_csv_fail_room(out, error);
    end = ldbx_csv_takes(column, value->kind) ? put_value(csv, column, value, to) : NULL;
    if (end == NULL)
        return ldbx_csv_refuse(column, value->kind, value->as.bytes, error);
    ldbx_csv_end_cell(out, to, end);
    return LDBX_OK;
}

int ldbx_csv_row(ldbx_csv *csv, const ldbx_value *values, size_t count, ldbx_buf *out, ldbx_error **error)
{
    const size_t start = out->size;
    const int64_t empty_as_null = csv->empty_as_null;
    int status = LDBX_OK;

    if (count != csv->count)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "a row of %zu cells where there are %zu columns", count,
                         csv->count);
    for (size_t i = 0; i < count; i++)
        LDBX_GO(put_cell(csv, &csv->columns[i], &values[i], out, error));
    status = ldbx_csv_end_row(out, start, error);
out:
    if (status != LDBX_OK) {
        ldbx_buf_cut(out, start);
        csv->empty_as_null = empty_as_null;
    }
    return status;
}
