#include "load/json_row.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_reader.h"
#include "base/mem.h"
#include "base/str.h"
#include "load/csv_cell.h"
#include "wire/arrow_array.h"

typedef enum match { MATCH_NONE = 0, MATCH_FOLDED, MATCH_EXACT } match;

/* A column and what the object at hand has for it. */
typedef struct row_cell {
    const ldbx_csv_column *column;
    ldbx_view name;
    ldbx_json_value value;
    match match;
    bool occurred;          /* in any object */
    struct row_cell *after; /* what came behind it in the last object: the first to be tried */
} row_cell;

struct ldbx_json_row {
    size_t count;
    row_cell *cells;
    row_cell **sorted; /* by name, case ignored */
    row_cell *first;   /* of the last object */
    ldbx_value *values;
    ldbx_buf texts; /* of names and strings with escapes; never moves while an object is read */
};

static int compare_cells(const void *a, const void *b)
{
    return ldbx_view_icompare((*(row_cell *const *)a)->name, (*(row_cell *const *)b)->name);
}

int ldbx_json_row_new(const ldbx_csv *csv, ldbx_json_row **out, ldbx_error **error)
{
    ldbx_json_row *row = ldbx_calloc(1, sizeof *row);

    *out = row;
    if (row == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_buf_init(&row->texts, LDBX_MAX_RECORD);
    row->count = csv->count;
    row->cells = ldbx_calloc(row->count, sizeof *row->cells);
    row->sorted = ldbx_calloc(row->count, sizeof(row_cell *));
    row->values = ldbx_calloc(row->count, sizeof *row->values);
    if (row->cells == NULL || row->sorted == NULL || row->values == NULL) {
        ldbx_json_row_destroy(row);
        *out = NULL;
        return ldbx_fail_no_memory(error);
    }
    for (size_t i = 0; i < row->count; i++) {
        row->cells[i].column = &csv->columns[i];
        row->cells[i].name = ldbx_view_of(csv->columns[i].name);
        row->cells[i].after = &row->cells[(i + 1) % row->count];
        row->sorted[i] = &row->cells[i];
    }
    row->first = row->cells;
    qsort(row->sorted, row->count, sizeof(row_cell *), compare_cells);
    return LDBX_OK;
}

void ldbx_json_row_destroy(ldbx_json_row *row)
{
    if (row == NULL)
        return;
    ldbx_buf_clear(&row->texts);
    ldbx_free(row->values);
    ldbx_free(row->sorted);
    ldbx_free(row->cells);
    ldbx_free(row);
}

bool ldbx_json_row_occurred(const ldbx_json_row *row, size_t column)
{
    return row->cells[column].occurred;
}

static bool is_exact(ldbx_view a, ldbx_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* The cell that a member of this name goes to, `likely` if it is that; NULL: none. */
static row_cell *find_cell(const ldbx_json_row *row, ldbx_view name, row_cell *likely)
{
    size_t low = 0, high = row->count;

    if (is_exact(name, likely->name))
        return likely;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ldbx_view_icompare(name, row->sorted[middle]->name);
        if (order == 0)
            return row->sorted[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static int refuse(const row_cell *cell, const char *what, ldbx_error **error)
{
    return ldbx_arrow_fail(error, LDBX_INVALID_DATA, cell->name, "%s", what);
}

/* Gives a member to its cell, unless that has one of exactly its name already. */
static int keep(row_cell *cell, ldbx_view name, const ldbx_json_value *value, ldbx_error **error)
{
    match now = is_exact(name, cell->name) ? MATCH_EXACT : MATCH_FOLDED;

    if (cell->match == now)
        return refuse(cell,
                      now == MATCH_EXACT ? "it comes twice in the record"
                                         : "two members of the record differ from its name in case alone",
                      error);
    if (cell->match < now) {
        cell->value = *value;
        cell->match = now;
        cell->occurred = true;
    }
    return LDBX_OK;
}

static int read_members(ldbx_json_row *row, ldbx_view object, ldbx_error **error)
{
    ldbx_json_reader reader;
    ldbx_json_value name, value;
    row_cell **likely = &row->first;
    int status;

    LDBX_TRY(ldbx_json_reader_open(&reader, object, error));
    while ((status = ldbx_json_reader_next(&reader, &name, &value, error)) == LDBX_OK) {
        ldbx_view text = ldbx_json_unescape(&name, &row->texts);
        row_cell *found = find_cell(row, text, *likely);
        if (found == NULL)
            continue;
        LDBX_TRY(keep(found, text, &value, error));
        *likely = found;
        likely = &found->after;
    }
    return status == LDBX_DONE ? LDBX_OK : status;
}

/* What a type wants to see, for errors. */
static const char *expected_for(ldbx_type type)
{
    switch (type) {
    case LDBX_TYPE_BOOLEAN:
        return "true or false";
    case LDBX_TYPE_FLOAT:
    case LDBX_TYPE_DOUBLE:
        return "a number, \"NaN\", \"Infinity\" or \"-Infinity\"";
    case LDBX_TYPE_DECIMAL:
        return "a number, or one in a string";
    case LDBX_TYPE_STRING:
        return "a string";
    case LDBX_TYPE_BINARY:
        return "a string of base64";
    case LDBX_TYPE_DATE:
        return "a string like \"2024-02-29\"";
    case LDBX_TYPE_TIMESTAMP:
        return "a string like \"2024-02-29T12:34:56.123456Z\"";
    case LDBX_TYPE_TIMESTAMP_NTZ:
        return "a string like \"2024-02-29T12:34:56.123456\"";
    default:
        return "an integer";
    }
}

static int refuse_kind(const row_cell *cell, ldbx_error **error)
{
    static const char *const kinds[] = {
        [LDBX_JSON_NULL] = "null",       [LDBX_JSON_FALSE] = "false",     [LDBX_JSON_TRUE] = "true",
        [LDBX_JSON_NUMBER] = "a number", [LDBX_JSON_STRING] = "a string", [LDBX_JSON_ARRAY] = "an array",
        [LDBX_JSON_OBJECT] = "an object"};

    return ldbx_arrow_fail(error, LDBX_INVALID_DATA, cell->name, "%s, where %s takes %s", kinds[cell->value.kind],
                           cell->column->type_name, expected_for(cell->column->type));
}

/* Exact in the JSON text itself: 1.0 and 1e3 are refused, since who writes integers so has lost digits of others. */
static int read_integer(const row_cell *cell, ldbx_value *value, ldbx_error **error)
{
    value->kind = LDBX_VALUE_INTEGER;
    if (ldbx_parse_int64(cell->value.text, cell->column->low, cell->column->high, &value->as.integer))
        return LDBX_OK;
    return ldbx_arrow_fail(error, LDBX_INVALID_DATA, cell->name,
                           "%s takes integers from %" PRId64 " to %" PRId64 ", written without point and exponent",
                           cell->column->type_name, cell->column->low, cell->column->high);
}

/* Decoded over its own text where that is in our buffer, else into it: no longer than in the record either way. */
static int read_binary(const row_cell *cell, ldbx_buf *texts, ldbx_value *value, ldbx_error **error)
{
    ldbx_view text = ldbx_json_unescape(&cell->value, texts);
    uint8_t *to;
    size_t size;

    if (cell->value.escaped)
        texts->size -= text.size;
    to = ldbx_buf_reserve(texts, text.size);
    if (to == NULL)
        return ldbx_fail_no_memory(error);
    if (!ldbx_parse_base64(text, to, &size))
        return refuse(cell, "the text is no base64", error);
    texts->size += size;
    value->kind = LDBX_VALUE_BYTES;
    value->as.bytes = (ldbx_view){(const char *)to, size};
    return LDBX_OK;
}

static bool is_no_number(ldbx_view text)
{
    return ldbx_view_eq(text, "NaN") || ldbx_view_eq(text, "Infinity") || ldbx_view_eq(text, "-Infinity");
}

static bool takes_text(ldbx_type type, ldbx_json_kind kind, ldbx_view text)
{
    switch (type) {
    case LDBX_TYPE_FLOAT:
    case LDBX_TYPE_DOUBLE:
        return kind == LDBX_JSON_NUMBER || (kind == LDBX_JSON_STRING && is_no_number(text));
    case LDBX_TYPE_DECIMAL:
        return kind == LDBX_JSON_NUMBER || kind == LDBX_JSON_STRING;
    default:
        return kind == LDBX_JSON_STRING;
    }
}

static int read_cell(const row_cell *cell, ldbx_buf *texts, ldbx_value *value, ldbx_error **error)
{
    const ldbx_type type = cell->column->type;
    const ldbx_json_kind kind = cell->value.kind;

    value->kind = LDBX_VALUE_NULL;
    if (cell->match == MATCH_NONE || kind == LDBX_JSON_NULL)
        return LDBX_OK;
    if (type == LDBX_TYPE_BOOLEAN && (kind == LDBX_JSON_FALSE || kind == LDBX_JSON_TRUE)) {
        value->kind = LDBX_VALUE_INTEGER;
        value->as.integer = kind == LDBX_JSON_TRUE;
        return LDBX_OK;
    }
    if (type == LDBX_TYPE_BINARY && kind == LDBX_JSON_STRING)
        return read_binary(cell, texts, value, error);
    if (type >= LDBX_TYPE_TINYINT && type <= LDBX_TYPE_BIGINT && kind == LDBX_JSON_NUMBER)
        return read_integer(cell, value, error);
    if (type < LDBX_TYPE_FLOAT || type == LDBX_TYPE_BINARY || !takes_text(type, kind, cell->value.text))
        return refuse_kind(cell, error);
    value->kind = LDBX_VALUE_BYTES;
    value->as.bytes = kind == LDBX_JSON_STRING ? ldbx_json_unescape(&cell->value, texts) : cell->value.text;
    return LDBX_OK;
}

int ldbx_json_row_read(ldbx_json_row *row, ldbx_view object, const ldbx_value **values, ldbx_error **error)
{
    if (object.size > LDBX_MAX_RECORD)
        return ldbx_fail(error, LDBX_INVALID_DATA, "the record has %zu bytes, more than %zu", object.size,
                         LDBX_MAX_RECORD);
    ldbx_buf_reset(&row->texts);
    if (ldbx_buf_reserve(&row->texts, object.size) == NULL)
        return ldbx_fail_no_memory(error);
    for (size_t i = 0; i < row->count; i++)
        row->cells[i].match = MATCH_NONE;
    LDBX_TRY(read_members(row, object, error));
    for (size_t i = 0; i < row->count; i++)
        LDBX_TRY(read_cell(&row->cells[i], &row->texts, &row->values[i], error));
    *values = row->values;
    return LDBX_OK;
}
