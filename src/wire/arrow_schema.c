#include "wire/arrow_ipc.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "wire/arrow_array.h"
#include "wire/arrow_message.h"
#include "wire/tcli.h"

#define MAX_DEPTH  64
#define MAX_FORMAT 64 /* bytes of a format string: a time zone's name is the longest part */
#define MAX_REPEAT 4  /* times its size that a schema's names and metadata take: a flatbuffer may repeat them */

/* Fields of the flatbuffer tables, by position. */
enum { SCHEMA_ENDIANNESS = 0, SCHEMA_FIELDS = 1, SCHEMA_METADATA = 2 };
enum {
    FIELD_NAME = 0,
    FIELD_NULLABLE = 1,
    FIELD_TYPE_KIND = 2,
    FIELD_TYPE = 3,
    FIELD_DICTIONARY = 4,
    FIELD_CHILDREN = 5,
    FIELD_METADATA = 6
};

enum { /* the union Type */
       TYPE_NULL = 1,
       TYPE_INT = 2,
       TYPE_FLOAT = 3,
       TYPE_BINARY = 4,
       TYPE_UTF8 = 5,
       TYPE_BOOL = 6,
       TYPE_DECIMAL = 7,
       TYPE_DATE = 8,
       TYPE_TIMESTAMP = 10,
       TYPE_INTERVAL = 11,
       TYPE_LIST = 12,
       TYPE_STRUCT = 13,
       TYPE_MAP = 17,
       TYPE_DURATION = 18,
       TYPE_LARGE_BINARY = 19,
       TYPE_LARGE_UTF8 = 20,
       TYPE_LARGE_LIST = 21
};

typedef struct schema_reader {
    size_t fields; /* read so far, nested ones included */
    size_t text;   /* bytes copied so far */
    size_t max_text;
    ldbx_view column; /* name of the top field, for errors */
    ldbx_buf metadata;
    ldbx_error **error;
} schema_reader;

static const char *int_format(const ldbx_fb_table *type)
{
    const bool is_signed = ldbx_fb_bool(type, 1, false);
    switch (ldbx_fb_i32(type, 0, 0)) {
    case 8:
        return is_signed ? "c" : "C";
    case 16:
        return is_signed ? "s" : "S";
    case 32:
        return is_signed ? "i" : "I";
    case 64:
        return is_signed ? "l" : "L";
    default:
        return "";
    }
}

static const char *float_format(const ldbx_fb_table *type)
{
    const int16_t precision = ldbx_fb_i16(type, 0, 0);
    if (precision == 1)
        return "f";
    return precision == 2 ? "g" : "";
}

/* TimeUnit; a default of its own in each table that has one. */
static char unit_letter(const ldbx_fb_table *type, int16_t otherwise)
{
    const int16_t unit = ldbx_fb_i16(type, 0, otherwise);
    return unit >= 0 && unit <= 3 ? "smun"[unit] : '?';
}

static void timestamp_format(const ldbx_fb_table *type, char out[MAX_FORMAT])
{
    const ldbx_view zone = ldbx_fb_text(type, 1);
    out[0] = '\0';
    if (zone.size < MAX_FORMAT - 8)
        snprintf(out, MAX_FORMAT, "ts%c:%.*s", unit_letter(type, 0), (int)zone.size, zone.size > 0 ? zone.data : "");
}

static void decimal_format(const ldbx_fb_table *type, char out[MAX_FORMAT])
{
    out[0] = '\0';
    if (ldbx_fb_i32(type, 2, 128) == 128)
        snprintf(out, MAX_FORMAT, "d:%d,%d", (int)ldbx_fb_i32(type, 0, 0), (int)ldbx_fb_i32(type, 1, 0));
}

/* The format string of a type; one that ldbx_format_parse() refuses when we do not read it. */
static void read_format(uint8_t kind, const ldbx_fb_table *type, char out[MAX_FORMAT])
{
    const char *format = "";
    switch (kind) {
    case TYPE_NULL:
        format = "n";
        break;
    case TYPE_INT:
        format = int_format(type);
        break;
    case TYPE_FLOAT:
        format = float_format(type);
        break;
    case TYPE_BINARY:
        format = "z";
        break;
    case TYPE_UTF8:
        format = "u";
        break;
    case TYPE_BOOL:
        format = "b";
        break;
    case TYPE_DECIMAL:
        decimal_format(type, out);
        return;
    case TYPE_DATE:
        format = ldbx_fb_i16(type, 0, 1) == 0 ? "tdD" : "";
        break;
    case TYPE_TIMESTAMP:
        timestamp_format(type, out);
        return;
    case TYPE_INTERVAL:
        format = ldbx_fb_i16(type, 0, 0) == 0 ? "tiM" : "";
        break;
    case TYPE_LIST:
        format = "+l";
        break;
    case TYPE_STRUCT:
        format = "+s";
        break;
    case TYPE_MAP:
        format = "+m";
        break;
    case TYPE_DURATION:
        snprintf(out, MAX_FORMAT, "tD%c", unit_letter(type, 1));
        return;
    case TYPE_LARGE_BINARY:
        format = "Z";
        break;
    case TYPE_LARGE_UTF8:
        format = "U";
        break;
    case TYPE_LARGE_LIST:
        format = "+L";
        break;
    default:
        break;
    }
    snprintf(out, MAX_FORMAT, "%s", format);
}

static int fail_schema(schema_reader *reader, const char *what)
{
    return ldbx_fail(reader->error, LDBX_PROTOCOL, "Arrow schema: %s", what);
}

static void put_int(ldbx_buf *out, size_t value)
{
    const int32_t number = (int32_t)value;
    ldbx_buf_append(out, &number, sizeof number);
}

/* Counts what is about to be copied. */
static int take_text(schema_reader *reader, size_t size)
{
    if (size > reader->max_text - reader->text)
        return fail_schema(reader, "too much text");
    reader->text += size;
    return LDBX_OK;
}

/* The key-value pairs as the C data interface encodes them, into reader->metadata. */
static int read_metadata(schema_reader *reader, const ldbx_fb_table *table, size_t field)
{
    const ldbx_fb_vector pairs = ldbx_fb_elements(table, field, 4);
    ldbx_buf_reset(&reader->metadata);
    if (pairs.count == 0)
        return LDBX_OK;
    put_int(&reader->metadata, pairs.count);
    for (size_t i = 0; i < pairs.count && !table->fb->bad; i++) {
        const ldbx_fb_table pair = ldbx_fb_table_at(&pairs, i);
        const ldbx_view key = ldbx_fb_text(&pair, 0);
        const ldbx_view value = ldbx_fb_text(&pair, 1);
        LDBX_TRY(take_text(reader, key.size + value.size + 8));
        put_int(&reader->metadata, key.size);
        ldbx_buf_view(&reader->metadata, key);
        put_int(&reader->metadata, value.size);
        ldbx_buf_view(&reader->metadata, value);
    }
    return reader->metadata.failed ? ldbx_fail_no_memory(reader->error) : LDBX_OK;
}

/* How many children a layout has; -1: any number. */
static int64_t children_of(ldbx_layout layout)
{
    switch (layout) {
    case LDBX_LAYOUT_LIST:
    case LDBX_LAYOUT_LARGE_LIST:
    case LDBX_LAYOUT_MAP:
        return 1;
    case LDBX_LAYOUT_STRUCT:
        return -1;
    default:
        return 0;
    }
}

/* A field without its children, for which places are made. */
static int read_field_head(schema_reader *reader, const ldbx_fb_table *field, const ldbx_fb_vector *children,
                           struct ArrowSchema *out)
{
    const ldbx_view name = ldbx_fb_text(field, FIELD_NAME);
    const uint8_t kind = ldbx_fb_u8(field, FIELD_TYPE_KIND, 0);
    const bool nullable = ldbx_fb_bool(field, FIELD_NULLABLE, false);
    ldbx_fb_table type, dictionary;
    char text[MAX_FORMAT];
    ldbx_format format;
    int64_t wanted;
    ldbx_fb_child(field, FIELD_TYPE, &type);
    read_format(kind, &type, text);
    if (ldbx_fb_child(field, FIELD_DICTIONARY, &dictionary))
        return ldbx_arrow_fail(reader->error, LDBX_UNSUPPORTED, reader->column, "dictionary encoding");
    LDBX_TRY(read_metadata(reader, field, FIELD_METADATA));
    if (field->fb->bad)
        return fail_schema(reader, "malformed");
    if (!ldbx_format_parse(text, &format))
        return ldbx_arrow_fail(reader->error, LDBX_UNSUPPORTED, reader->column, "Arrow type %d%s%s", kind,
                               text[0] != '\0' ? " " : "", text);
    wanted = children_of(format.layout);
    if (wanted >= 0 && (int64_t)children->count != wanted)
        return ldbx_arrow_fail(reader->error, LDBX_PROTOCOL, reader->column, "wrong number of children");
    if (children->count > LDBX_MAX_COLUMNS - reader->fields)
        return fail_schema(reader, "too many fields");
    LDBX_TRY(take_text(reader, name.size));
    if (!ldbx_arrow_schema_new(out, text, name, ldbx_buf_get(&reader->metadata), nullable, (int64_t)children->count))
        return ldbx_fail_no_memory(reader->error);
    if (format.layout == LDBX_LAYOUT_MAP && ldbx_fb_bool(&type, 0, false))
        out->flags |= ARROW_FLAG_MAP_KEYS_SORTED;
    return LDBX_OK;
}

static int read_field(schema_reader *reader, const ldbx_fb_table *field, int depth, struct ArrowSchema *out)
{
    const ldbx_fb_vector children = ldbx_fb_elements(field, FIELD_CHILDREN, 4);
    const struct ArrowSchema *entries = NULL;
    if (depth > MAX_DEPTH)
        return fail_schema(reader, "nested too deep");
    if (++reader->fields > LDBX_MAX_COLUMNS)
        return fail_schema(reader, "too many fields");
    LDBX_TRY(read_field_head(reader, field, &children, out));
    for (size_t i = 0; i < children.count; i++) {
        const ldbx_fb_table child = ldbx_fb_table_at(&children, i);
        LDBX_TRY(read_field(reader, &child, depth + 1, out->children[i]));
    }
    if (strcmp(out->format, "+m") != 0)
        return LDBX_OK;
    entries = out->children[0];
    if (strcmp(entries->format, "+s") != 0 || entries->n_children != 2)
        return ldbx_arrow_fail(reader->error, LDBX_PROTOCOL, reader->column, "map without key and value");
    return LDBX_OK;
}

static int read_fields(schema_reader *reader, const ldbx_fb_table *schema, struct ArrowSchema *out)
{
    const ldbx_fb_vector fields = ldbx_fb_elements(schema, SCHEMA_FIELDS, 4);
    const ldbx_view no_name = {NULL, 0};
    if (ldbx_fb_i16(schema, SCHEMA_ENDIANNESS, 0) != 0)
        return ldbx_fail(reader->error, LDBX_UNSUPPORTED, "Arrow schema: big-endian data");
    LDBX_TRY(read_metadata(reader, schema, SCHEMA_METADATA));
    if (schema->fb->bad)
        return fail_schema(reader, "malformed");
    if (fields.count > LDBX_MAX_COLUMNS)
        return fail_schema(reader, "too many fields");
    if (!ldbx_arrow_schema_new(out, "+s", no_name, ldbx_buf_get(&reader->metadata), false, (int64_t)fields.count))
        return ldbx_fail_no_memory(reader->error);
    for (size_t i = 0; i < fields.count; i++) {
        const ldbx_fb_table field = ldbx_fb_table_at(&fields, i);
        reader->column = ldbx_fb_text(&field, FIELD_NAME);
        LDBX_TRY(read_field(reader, &field, 1, out->children[i]));
    }
    return LDBX_OK;
}

int ldbx_arrow_read_schema(ldbx_view message, struct ArrowSchema *out, ldbx_error **error)
{
    ldbx_arrow_message opened;
    schema_reader reader = {.max_text = MAX_REPEAT * message.size, .error = error};
    int status;
    memset(out, 0, sizeof *out);
    LDBX_TRY(ldbx_arrow_message_open(&opened, message, LDBX_ARROW_SCHEMA, error));
    ldbx_buf_init(&reader.metadata, reader.max_text + 4);
    status = read_fields(&reader, &opened.header, out);
    if (status != LDBX_OK)
        ldbx_arrow_schema_release(out);
    ldbx_buf_clear(&reader.metadata);
    return status;
}
