#include "wire/arrow_array.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

#define MAX_NODES      ((int64_t)1 << 24) /* children or buffers of one node that can be meant seriously */
#define MAX_FIELD_NAME 200                /* bytes of a name that an error shows */

/* Formats without parameters. */
static const struct {
    char format[4];
    ldbx_layout layout;
} plain_formats[] = {
    {"n", LDBX_LAYOUT_NULL},         {"b", LDBX_LAYOUT_BOOL},        {"c", LDBX_LAYOUT_INT8},
    {"C", LDBX_LAYOUT_UINT8},        {"s", LDBX_LAYOUT_INT16},       {"S", LDBX_LAYOUT_UINT16},
    {"i", LDBX_LAYOUT_INT32},        {"I", LDBX_LAYOUT_UINT32},      {"l", LDBX_LAYOUT_INT64},
    {"L", LDBX_LAYOUT_UINT64},       {"f", LDBX_LAYOUT_FLOAT},       {"g", LDBX_LAYOUT_DOUBLE},
    {"u", LDBX_LAYOUT_TEXT},         {"U", LDBX_LAYOUT_LARGE_TEXT},  {"z", LDBX_LAYOUT_BINARY},
    {"Z", LDBX_LAYOUT_LARGE_BINARY}, {"tdD", LDBX_LAYOUT_DATE32},    {"tiM", LDBX_LAYOUT_MONTHS},
    {"+l", LDBX_LAYOUT_LIST},        {"+L", LDBX_LAYOUT_LARGE_LIST}, {"+s", LDBX_LAYOUT_STRUCT},
    {"+m", LDBX_LAYOUT_MAP},
};

static bool parse_plain(const char *format, ldbx_format *out)
{
    for (size_t i = 0; i < sizeof plain_formats / sizeof plain_formats[0]; i++) {
        if (strcmp(format, plain_formats[i].format) == 0) {
            out->layout = plain_formats[i].layout;
            return true;
        }
    }
    return false;
}

/* "tsu:Etc/UTC", "tsu:", "tDu" */
static bool parse_timed(const char *format, ldbx_format *out)
{
    if (format[0] != 't' || (format[1] != 's' && format[1] != 'D') || format[2] == '\0' ||
        strchr("smun", format[2]) == NULL)
        return false;
    out->unit = format[2];
    if (format[1] == 'D') {
        out->layout = LDBX_LAYOUT_DURATION;
        return format[3] == '\0';
    }
    out->layout = LDBX_LAYOUT_TIMESTAMP;
    out->has_zone = format[3] == ':' && format[4] != '\0';
    return format[3] == ':';
}

/* "d:10,2" and "d:10,2,128" */
static bool parse_decimal(const char *format, ldbx_format *out)
{
    ldbx_view rest = ldbx_view_of(format);
    ldbx_view part;
    int64_t numbers[3] = {0, 0, 128};
    int64_t comma = 0;
    if (!ldbx_view_starts(rest, "d:"))
        return false;
    rest.data += 2;
    rest.size -= 2;
    for (int i = 0; i < 3 && comma >= 0; i++) {
        comma = ldbx_view_find(rest, ",");
        part.data = rest.data;
        part.size = comma >= 0 ? (size_t)comma : rest.size;
        if (!ldbx_parse_int64(part, -38, 128, &numbers[i]))
            return false;
        if (i == 0 && comma < 0)
            return false;
        rest.data += part.size + (comma >= 0);
        rest.size -= part.size + (comma >= 0);
    }
    out->layout = LDBX_LAYOUT_DECIMAL128;
    out->precision = (int)numbers[0];
    out->scale = (int)numbers[1];
    return comma < 0 && numbers[0] >= 1 && numbers[0] <= 38 && numbers[1] <= 38 && numbers[2] == 128;
}

bool ldbx_format_parse(const char *format, ldbx_format *out)
{
    memset(out, 0, sizeof *out);
    return parse_plain(format, out) || parse_timed(format, out) || parse_decimal(format, out);
}

static ldbx_view next_metadata_text(const char **at)
{
    int32_t size;
    ldbx_view text;
    memcpy(&size, *at, sizeof size);
    text.data = *at + sizeof size;
    text.size = (size_t)size;
    *at = text.data + text.size;
    return text;
}

ldbx_view ldbx_arrow_metadata(const struct ArrowSchema *field, const char *key)
{
    ldbx_view none = {NULL, 0};
    const char *at = field->metadata;
    int32_t count = 0;
    if (at == NULL)
        return none;
    memcpy(&count, at, sizeof count);
    at += sizeof count;
    for (int32_t i = 0; i < count; i++) {
        ldbx_view name = next_metadata_text(&at);
        ldbx_view value = next_metadata_text(&at);
        if (ldbx_view_eq(name, key))
            return value;
    }
    return none;
}

/*
 * Nodes. Each is one allocation that holds the places for its buffers and children too, and each owns the
 * bytes on its own account: a consumer may move a child out and release it after its parent.
 */

typedef struct array_node {
    ldbx_bytes *bytes;
    const void *buffers[];
} array_node;

static void release_array(struct ArrowArray *array)
{
    array_node *node = (array_node *)array->private_data;
    for (int64_t i = 0; i < array->n_children; i++)
        ldbx_arrow_array_release(array->children[i]);
    ldbx_bytes_unref(node->bytes);
    ldbx_free(node);
    array->release = NULL;
}

bool ldbx_arrow_array_new(struct ArrowArray *out, ldbx_bytes *bytes, int64_t length, int64_t n_buffers,
                          int64_t n_children)
{
    const size_t child_size = sizeof(struct ArrowArray *) + sizeof(struct ArrowArray);
    array_node *node = NULL;
    struct ArrowArray *child = NULL;
    memset(out, 0, sizeof *out);
    if (n_buffers > MAX_NODES || n_children > MAX_NODES)
        return false;
    node = (array_node *)ldbx_calloc(1, sizeof *node + (size_t)n_buffers * sizeof node->buffers[0] +
                                            (size_t)n_children * child_size);
    if (node == NULL)
        return false;
    node->bytes = ldbx_bytes_ref(bytes);
    out->length = length;
    out->n_buffers = n_buffers;
    out->n_children = n_children;
    out->buffers = node->buffers;
    out->children = (struct ArrowArray **)(void *)(node->buffers + n_buffers);
    child = (struct ArrowArray *)(void *)(out->children + n_children);
    for (int64_t i = 0; i < n_children; i++)
        out->children[i] = child + i;
    out->release = release_array;
    out->private_data = node;
    return true;
}

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        ldbx_arrow_schema_release(schema->children[i]);
    ldbx_free(schema->private_data);
    schema->release = NULL;
}

/* Copies text behind *at, with a NUL, and moves on. */
static const char *place(char **at, ldbx_view text)
{
    const char *placed = *at;
    if (text.size > 0)
        memcpy(*at, text.data, text.size);
    *at += text.size + 1;
    return placed;
}

bool ldbx_arrow_schema_new(struct ArrowSchema *out, const char *format, ldbx_view name, ldbx_view metadata,
                           bool nullable, int64_t n_children)
{
    const size_t child_size = sizeof(struct ArrowSchema *) + sizeof(struct ArrowSchema);
    const ldbx_view format_text = ldbx_view_of(format);
    const size_t limit = SIZE_MAX / 8;
    struct ArrowSchema *child = NULL;
    char *text = NULL;
    memset(out, 0, sizeof *out);
    if (n_children > MAX_NODES || name.size > limit || metadata.size > limit)
        return false;
    out->private_data =
        ldbx_calloc(1, (size_t)n_children * child_size + metadata.size + name.size + format_text.size + 3);
    if (out->private_data == NULL)
        return false;
    out->n_children = n_children;
    out->children = (struct ArrowSchema **)out->private_data;
    child = (struct ArrowSchema *)(void *)(out->children + n_children);
    for (int64_t i = 0; i < n_children; i++)
        out->children[i] = child + i;
    text = (char *)(child + n_children);
    if (metadata.size > 0)
        out->metadata = place(&text, metadata); /* first, because it holds numbers that want to be aligned */
    out->name = place(&text, name);
    out->format = place(&text, format_text);
    out->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
    out->release = release_schema;
    return true;
}

void ldbx_arrow_array_release(struct ArrowArray *array)
{
    if (array != NULL && array->release != NULL)
        array->release(array);
}

void ldbx_arrow_schema_release(struct ArrowSchema *schema)
{
    if (schema != NULL && schema->release != NULL)
        schema->release(schema);
}

int ldbx_arrow_fail(ldbx_error **error, ldbx_status status, ldbx_view column, const char *format, ...)
{
    ldbx_buf line;
    va_list arguments;
    char what[160];
    const char *text = NULL;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    ldbx_buf_init(&line, LDBX_MAX_ERROR);
    ldbx_buf_one_line(&line, column, MAX_FIELD_NAME);
    text = ldbx_buf_cstr(&line);
    if (text == NULL)
        status = (ldbx_status)ldbx_fail_no_memory(error);
    else
        ldbx_fail(error, status, "column %s: %s", text, what);
    ldbx_buf_clear(&line);
    return status;
}
