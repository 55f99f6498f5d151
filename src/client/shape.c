#include "client/shape.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/cell.h"

typedef struct known_type {
    const char *name;
    ldbx_type type;
} known_type;

static const known_type sql_names[] = {
    {"BOOLEAN", LDBX_TYPE_BOOLEAN},
    {"TINYINT", LDBX_TYPE_TINYINT},
    {"BYTE", LDBX_TYPE_TINYINT},
    {"SMALLINT", LDBX_TYPE_SMALLINT},
    {"SHORT", LDBX_TYPE_SMALLINT},
    {"INT", LDBX_TYPE_INT},
    {"INTEGER", LDBX_TYPE_INT},
    {"BIGINT", LDBX_TYPE_BIGINT},
    {"LONG", LDBX_TYPE_BIGINT},
    {"FLOAT", LDBX_TYPE_FLOAT},
    {"REAL", LDBX_TYPE_FLOAT},
    {"DOUBLE", LDBX_TYPE_DOUBLE},
    {"DECIMAL", LDBX_TYPE_DECIMAL},
    {"DEC", LDBX_TYPE_DECIMAL},
    {"NUMERIC", LDBX_TYPE_DECIMAL},
    {"STRING", LDBX_TYPE_STRING},
    {"VARCHAR", LDBX_TYPE_STRING},
    {"CHAR", LDBX_TYPE_STRING},
    {"CHARACTER", LDBX_TYPE_STRING},
    {"BINARY", LDBX_TYPE_BINARY},
    {"DATE", LDBX_TYPE_DATE},
    {"TIMESTAMP", LDBX_TYPE_TIMESTAMP},
    {"TIMESTAMP_LTZ", LDBX_TYPE_TIMESTAMP},
    {"TIMESTAMP_NTZ", LDBX_TYPE_TIMESTAMP_NTZ},
    {"INTERVAL", LDBX_TYPE_INTERVAL},
    {"ARRAY", LDBX_TYPE_ARRAY},
    {"MAP", LDBX_TYPE_MAP},
    {"STRUCT", LDBX_TYPE_STRUCT},
    {"VARIANT", LDBX_TYPE_VARIANT},
    {"VOID", LDBX_TYPE_VOID},
    {"NULL", LDBX_TYPE_VOID},
};

/* By TTypeId. */
static const char *const thrift_names[] = {
    [LDBX_TTYPE_BOOLEAN] = "BOOLEAN",
    [LDBX_TTYPE_TINYINT] = "TINYINT",
    [LDBX_TTYPE_SMALLINT] = "SMALLINT",
    [LDBX_TTYPE_INT] = "INT",
    [LDBX_TTYPE_BIGINT] = "BIGINT",
    [LDBX_TTYPE_FLOAT] = "FLOAT",
    [LDBX_TTYPE_DOUBLE] = "DOUBLE",
    [LDBX_TTYPE_STRING] = "STRING",
    [LDBX_TTYPE_TIMESTAMP] = "TIMESTAMP",
    [LDBX_TTYPE_BINARY] = "BINARY",
    [LDBX_TTYPE_ARRAY] = "ARRAY",
    [LDBX_TTYPE_MAP] = "MAP",
    [LDBX_TTYPE_STRUCT] = "STRUCT",
    [LDBX_TTYPE_UNION] = "UNION",
    [LDBX_TTYPE_USER_DEFINED] = "USER_DEFINED",
    [LDBX_TTYPE_DECIMAL] = "DECIMAL",
    [LDBX_TTYPE_NULL] = "VOID",
    [LDBX_TTYPE_DATE] = "DATE",
    [LDBX_TTYPE_VARCHAR] = "VARCHAR",
    [LDBX_TTYPE_CHAR] = "CHAR",
    [LDBX_TTYPE_INTERVAL_YEAR_MONTH] = "INTERVAL YEAR TO MONTH",
    [LDBX_TTYPE_INTERVAL_DAY_TIME] = "INTERVAL DAY TO SECOND",
};

static bool is_word_char(char c)
{
    return ldbx_is_alnum(c) || c == '_';
}

ldbx_type ldbx_type_from_sql(ldbx_view sql_type)
{
    ldbx_view word = ldbx_view_trim(sql_type);
    size_t size = 0;

    while (size < word.size && is_word_char(word.data[size]))
        size++;
    word.size = size;
    for (size_t i = 0; i < sizeof sql_names / sizeof sql_names[0]; i++)
        if (ldbx_view_ieq(word, sql_names[i].name))
            return sql_names[i].type;
    return LDBX_TYPE_UNKNOWN;
}

/* Unsigned integers do not come from Spark; each stands as the signed type that holds it. */
static const char *name_of_format(const ldbx_format *format)
{
    switch (format->layout) {
    case LDBX_LAYOUT_NULL:
        return "VOID";
    case LDBX_LAYOUT_BOOL:
        return "BOOLEAN";
    case LDBX_LAYOUT_INT8:
        return "TINYINT";
    case LDBX_LAYOUT_INT16:
    case LDBX_LAYOUT_UINT8:
        return "SMALLINT";
    case LDBX_LAYOUT_INT32:
    case LDBX_LAYOUT_UINT16:
        return "INT";
    case LDBX_LAYOUT_INT64:
    case LDBX_LAYOUT_UINT32:
        return "BIGINT";
    case LDBX_LAYOUT_UINT64:
        return "DECIMAL(20,0)";
    case LDBX_LAYOUT_DECIMAL128:
        return "DECIMAL";
    case LDBX_LAYOUT_FLOAT:
        return "FLOAT";
    case LDBX_LAYOUT_DOUBLE:
        return "DOUBLE";
    case LDBX_LAYOUT_TEXT:
    case LDBX_LAYOUT_LARGE_TEXT:
        return "STRING";
    case LDBX_LAYOUT_BINARY:
    case LDBX_LAYOUT_LARGE_BINARY:
        return "BINARY";
    case LDBX_LAYOUT_DATE32:
        return "DATE";
    case LDBX_LAYOUT_TIMESTAMP:
        return format->has_zone ? "TIMESTAMP" : "TIMESTAMP_NTZ";
    case LDBX_LAYOUT_MONTHS:
        return "INTERVAL YEAR TO MONTH";
    case LDBX_LAYOUT_DURATION:
        return "INTERVAL DAY TO SECOND";
    case LDBX_LAYOUT_LIST:
    case LDBX_LAYOUT_LARGE_LIST:
        return "ARRAY";
    case LDBX_LAYOUT_STRUCT:
        return "STRUCT";
    case LDBX_LAYOUT_MAP:
        return "MAP";
    }
    return "STRING";
}

/*
 * Text carries many types: there the Thrift type says more. Every other layout names its SQL type itself,
 * also what Thrift has no word for (TIMESTAMP_NTZ, intervals as STRING).
 */
static bool thrift_says_more(ldbx_layout layout, const ldbx_tcli_column *described)
{
    return ldbx_layout_is_text(layout) && described != NULL && described->type >= 0 &&
           (size_t)described->type < sizeof thrift_names / sizeof thrift_names[0];
}

/* NULL: no memory. */
static char *make_sql_type(const ldbx_format *format, ldbx_view sql_name, const ldbx_tcli_column *described)
{
    const char *name = name_of_format(format);
    int precision = format->precision;
    int scale = format->scale;
    ldbx_buf text;
    char *made;

    if (sql_name.size > 0)
        return ldbx_strndup(sql_name.data, sql_name.size);
    if (thrift_says_more(format->layout, described)) {
        name = thrift_names[described->type];
        precision = described->precision;
        scale = described->scale;
    }
    ldbx_buf_init(&text, LDBX_MAX_ERROR);
    ldbx_buf_str(&text, name);
    if (precision > 0 && strcmp(name, "DECIMAL") == 0)
        ldbx_buf_printf(&text, "(%d,%d)", precision, scale);
    made = ldbx_buf_detach(&text);
    ldbx_buf_clear(&text);
    return made;
}

static bool name_as_json(ldbx_field *field, ldbx_view name)
{
    ldbx_buf json;

    ldbx_buf_init(&json, LDBX_MAX_DOCUMENT);
    ldbx_buf_json_string(&json, name);
    ldbx_buf_byte(&json, ':');
    field->name_json_size = json.size;
    ldbx_buf_append(&json, (const char[LDBX_NAME_PAD]){0}, LDBX_NAME_PAD);
    field->name_json = ldbx_buf_detach(&json);
    ldbx_buf_clear(&json);
    return field->name_json != NULL;
}

static int make_field(const struct ArrowSchema *schema, ldbx_view name, ldbx_field *out, ldbx_error **error);

static int make_children(const struct ArrowSchema *schema, ldbx_field *out, ldbx_error **error)
{
    size_t count = (size_t)schema->n_children;

    if (count == 0)
        return LDBX_OK;
    out->children = ldbx_calloc(count, sizeof *out->children);
    if (out->children == NULL)
        return ldbx_fail_no_memory(error);
    out->child_count = count;
    for (size_t i = 0; i < count; i++)
        LDBX_TRY(make_field(schema->children[i], ldbx_view_of(schema->children[i]->name), &out->children[i], error));
    return LDBX_OK;
}

/*
 * Fills out as far as it comes; the caller clears it, also after a failure. Nesting and the number of
 * children were checked by wire/.
 */
static int make_field(const struct ArrowSchema *schema, ldbx_view name, ldbx_field *out, ldbx_error **error)
{
    ldbx_view sql_name = ldbx_arrow_metadata(schema, "Spark:DataType:SqlName");

    if (!ldbx_format_parse(schema->format, &out->format))
        return ldbx_arrow_fail(error, LDBX_UNSUPPORTED, name, "Arrow format %s cannot be read", schema->format);
    if (sql_name.size == 0)
        sql_name = ldbx_view_of(name_of_format(&out->format));
    out->type = ldbx_type_from_sql(sql_name);
    if (!name_as_json(out, name))
        return ldbx_fail_no_memory(error);
    return make_children(schema, out, error);
}

static void clear_field(ldbx_field *field)
{
    for (size_t i = 0; i < field->child_count; i++)
        clear_field(&field->children[i]);
    ldbx_free(field->children);
    ldbx_free(field->name_json);
}

static int make_column(const struct ArrowSchema *schema, const ldbx_tcli_column *described, ldbx_field *field,
                       ldbx_column *column, ldbx_error **error)
{
    ldbx_view name = described != NULL ? described->name : ldbx_view_of(schema->name);

    LDBX_TRY(make_field(schema, name, field, error));
    column->name = ldbx_strndup(name.data, name.size);
    column->sql_type = make_sql_type(&field->format, ldbx_arrow_metadata(schema, "Spark:DataType:SqlName"), described);
    if (column->name == NULL || column->sql_type == NULL)
        return ldbx_fail_no_memory(error);
    column->type = ldbx_type_from_sql(ldbx_view_of(column->sql_type));
    field->type = column->type;
    return LDBX_OK;
}

int ldbx_shape_make(const struct ArrowSchema *schema, const ldbx_tcli_column *described, size_t described_count,
                    ldbx_shape *out, ldbx_error **error)
{
    size_t count = (size_t)schema->n_children;
    int status = LDBX_OK;

    *out = (ldbx_shape){0};
    if (count != described_count) /* statements without rows describe a column that Arrow does not have */
        described = NULL;
    out->columns = ldbx_calloc(count, sizeof *out->columns);
    out->fields = ldbx_calloc(count, sizeof *out->fields);
    if (out->columns == NULL || out->fields == NULL) {
        status = ldbx_fail_no_memory(error);
        goto out;
    }
    out->count = count;
    for (size_t i = 0; i < count; i++)
        LDBX_GO(make_column(schema->children[i], described != NULL ? &described[i] : NULL, &out->fields[i],
                            &out->columns[i], error));
out:
    if (status != LDBX_OK)
        ldbx_shape_clear(out);
    return status;
}

/* The texts of a column are const for its readers only. */
static void free_text(const char *text)
{
    ldbx_free((void *)(uintptr_t)text);
}

int ldbx_shape_retype(ldbx_shape *shape, size_t column, const char *sql_type, ldbx_error **error)
{
    ldbx_column *retyped = &shape->columns[column];
    char *copy = ldbx_strdup(sql_type);

    if (copy == NULL)
        return ldbx_fail_no_memory(error);
    free_text(retyped->sql_type);
    retyped->sql_type = copy;
    retyped->type = ldbx_type_from_sql(ldbx_view_of(copy));
    shape->fields[column].type = retyped->type == LDBX_TYPE_VARIANT ? LDBX_TYPE_STRUCT : retyped->type;
    return LDBX_OK;
}

void ldbx_shape_clear(ldbx_shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        clear_field(&shape->fields[i]);
        free_text(shape->columns[i].name);
        free_text(shape->columns[i].sql_type);
    }
    ldbx_free(shape->fields);
    ldbx_free(shape->columns);
    *shape = (ldbx_shape){0};
}
