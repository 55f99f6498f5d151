#include "wire/arrow_ipc.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "wire/arrow_array.h"
#include "wire/arrow_message.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "buffers are used in place, as the server wrote them");

#define MAX_LENGTH   (INT64_C(1) << 40) /* of an array: more than any body holds, little enough to be multiplied */
#define MAX_UNBACKED (INT64_C(1) << 24) /* elements of a batch without a byte behind them: a sender's for nothing */

enum { BATCH_LENGTH = 0, BATCH_NODES = 1, BATCH_BUFFERS = 2, BATCH_COMPRESSION = 3 };

typedef struct batch_reader {
    ldbx_bytes *bytes;
    ldbx_view body;
    ldbx_fb_vector nodes; /* of two numbers each: length and null count */
    size_t next_node;
    ldbx_fb_vector buffers; /* of two numbers each: offset in the body and size */
    size_t next_buffer;
    uint64_t taken;   /* bytes of the buffers so far */
    int64_t unbacked; /* elements of null arrays and of structs without members so far */
    bool no_memory;
    const char *bad; /* the first violation */
} batch_reader;

static bool violate(batch_reader *reader, const char *what)
{
    if (reader->bad == NULL)
        reader->bad = what;
    return false;
}

static bool take_node(batch_reader *reader, int64_t *length, int64_t *null_count)
{
    const size_t at = 2 * reader->next_node;
    if (reader->next_node == reader->nodes.count)
        return violate(reader, "fewer arrays than the schema has");
    reader->next_node++;
    *length = ldbx_fb_i64_at(&reader->nodes, at);
    *null_count = ldbx_fb_i64_at(&reader->nodes, at + 1);
    if (*length < 0 || *length > MAX_LENGTH || *null_count < 0 || *null_count > *length)
        return violate(reader, "impossible length");
    return true;
}

/* The next buffer, of at least `need` bytes. */
static bool take_buffer(batch_reader *reader, int64_t need, ldbx_view *out)
{
    const size_t at = 2 * reader->next_buffer;
    uint64_t offset, size;
    if (reader->next_buffer == reader->buffers.count)
        return violate(reader, "fewer buffers than the schema has");
    reader->next_buffer++;
    offset = (uint64_t)ldbx_fb_i64_at(&reader->buffers, at);
    size = (uint64_t)ldbx_fb_i64_at(&reader->buffers, at + 1);
    if (offset > reader->body.size || size > reader->body.size - offset)
        return violate(reader, "buffer outside the body");
    if (offset % 8 != 0)
        return violate(reader, "buffer not aligned");
    if (size < (uint64_t)need)
        return violate(reader, "buffer shorter than its array");
    if (size > reader->body.size - reader->taken) /* or a small body could be a large batch */
        return violate(reader, "buffers overlap");
    reader->taken += size;
    out->data = reader->body.data + offset;
    out->size = (size_t)size;
    return true;
}

/* A bitmap that says "no nulls" is left out, so that nobody looks at it. */
static bool take_validity(batch_reader *reader, struct ArrowArray *out)
{
    ldbx_view bits;
    if (!take_buffer(reader, out->null_count > 0 ? (out->length + 7) / 8 : 0, &bits))
        return false;
    out->buffers[0] = out->null_count > 0 ? bits.data : NULL;
    return true;
}

static bool ascending32(const int32_t *offsets, int64_t count, int64_t limit)
{
    bool down = false;
    for (int64_t i = 0; i < count; i++)
        down |= offsets[i] > offsets[i + 1];
    return !down && offsets[0] >= 0 && offsets[count] <= limit;
}

static bool ascending64(const int64_t *offsets, int64_t count, int64_t limit)
{
    bool down = false;
    for (int64_t i = 0; i < count; i++)
        down |= offsets[i] > offsets[i + 1];
    return !down && offsets[0] >= 0 && offsets[count] <= limit;
}

static bool take_offsets(batch_reader *reader, bool wide, struct ArrowArray *out)
{
    static const int64_t none = 0; /* an array of length 0 may come without its one offset */
    const int64_t width = wide ? 8 : 4;
    ldbx_view offsets;
    if (!take_buffer(reader, out->length > 0 ? (out->length + 1) * width : 0, &offsets))
        return false;
    out->buffers[1] = out->length > 0 ? (const void *)offsets.data : &none;
    return true;
}

static bool offsets_within(batch_reader *reader, bool wide, const struct ArrowArray *array, int64_t limit)
{
    const void *offsets = array->buffers[1];
    bool fine = wide ? ascending64((const int64_t *)offsets, array->length, limit)
                     : ascending32((const int32_t *)offsets, array->length, limit);
    return fine || violate(reader, "offsets out of order");
}

static bool read_varied(batch_reader *reader, bool wide, struct ArrowArray *out)
{
    ldbx_view data;
    if (!take_validity(reader, out) || !take_offsets(reader, wide, out) || !take_buffer(reader, 0, &data))
        return false;
    out->buffers[2] = data.data;
    return offsets_within(reader, wide, out, (int64_t)data.size);
}

static bool read_fixed(batch_reader *reader, int64_t size, struct ArrowArray *out)
{
    ldbx_view data;
    if (!take_validity(reader, out) || !take_buffer(reader, size, &data))
        return false;
    out->buffers[1] = data.data;
    return true;
}

static bool read_array(batch_reader *reader, const struct ArrowSchema *field, struct ArrowArray *out);

static bool read_list(batch_reader *reader, const struct ArrowSchema *field, bool wide, struct ArrowArray *out)
{
    if (!take_validity(reader, out) || !take_offsets(reader, wide, out) ||
        !read_array(reader, field->children[0], out->children[0]))
        return false;
    return offsets_within(reader, wide, out, out->children[0]->length);
}

static bool take_unbacked(batch_reader *reader, int64_t length)
{
    if (length > MAX_UNBACKED - reader->unbacked)
        return violate(reader, "more than 16777216 elements without data");
    reader->unbacked += length;
    return true;
}

static bool read_struct(batch_reader *reader, const struct ArrowSchema *field, struct ArrowArray *out)
{
    if (!take_validity(reader, out) || (field->n_children == 0 && !take_unbacked(reader, out->length)))
        return false;
    for (int64_t i = 0; i < field->n_children; i++) {
        if (!read_array(reader, field->children[i], out->children[i]))
            return false;
        if (out->children[i]->length < out->length)
            return violate(reader, "child shorter than its parent");
    }
    return true;
}

/* Bytes of a cell of fixed width. */
static int64_t width_of(ldbx_layout layout)
{
    switch (layout) {
    case LDBX_LAYOUT_INT8:
    case LDBX_LAYOUT_UINT8:
        return 1;
    case LDBX_LAYOUT_INT16:
    case LDBX_LAYOUT_UINT16:
        return 2;
    case LDBX_LAYOUT_DECIMAL128:
        return 16;
    case LDBX_LAYOUT_INT64:
    case LDBX_LAYOUT_UINT64:
    case LDBX_LAYOUT_DOUBLE:
    case LDBX_LAYOUT_TIMESTAMP:
    case LDBX_LAYOUT_DURATION:
        return 8;
    default:
        return 4;
    }
}

static int64_t buffers_of(ldbx_layout layout)
{
    switch (layout) {
    case LDBX_LAYOUT_NULL:
        return 0;
    case LDBX_LAYOUT_STRUCT:
        return 1;
    case LDBX_LAYOUT_TEXT:
    case LDBX_LAYOUT_LARGE_TEXT:
    case LDBX_LAYOUT_BINARY:
    case LDBX_LAYOUT_LARGE_BINARY:
        return 3;
    default:
        return 2;
    }
}

static bool read_contents(batch_reader *reader, ldbx_layout layout, const struct ArrowSchema *field,
                          struct ArrowArray *out)
{
    switch (layout) {
    case LDBX_LAYOUT_NULL:
        return take_unbacked(reader, out->length);
    case LDBX_LAYOUT_BOOL:
        return read_fixed(reader, (out->length + 7) / 8, out);
    case LDBX_LAYOUT_TEXT:
    case LDBX_LAYOUT_BINARY:
        return read_varied(reader, false, out);
    case LDBX_LAYOUT_LARGE_TEXT:
    case LDBX_LAYOUT_LARGE_BINARY:
        return read_varied(reader, true, out);
    case LDBX_LAYOUT_LIST:
    case LDBX_LAYOUT_MAP:
        return read_list(reader, field, false, out);
    case LDBX_LAYOUT_LARGE_LIST:
        return read_list(reader, field, true, out);
    case LDBX_LAYOUT_STRUCT:
        return read_struct(reader, field, out);
    default:
        return read_fixed(reader, out->length * width_of(layout), out);
    }
}

/* Depth is the schema's, which has been checked. */
static bool read_array(batch_reader *reader, const struct ArrowSchema *field, struct ArrowArray *out)
{
    ldbx_format format;
    int64_t length = 0, null_count = 0;
    if (!ldbx_format_parse(field->format, &format))
        return violate(reader, "type that is not read");
    if (!take_node(reader, &length, &null_count))
        return false;
    if (!ldbx_arrow_array_new(out, reader->bytes, length, buffers_of(format.layout), field->n_children)) {
        reader->no_memory = true;
        return false;
    }
    out->null_count = format.layout == LDBX_LAYOUT_NULL ? length : null_count;
    return read_contents(reader, format.layout, field, out);
}

static int fail_batch(const batch_reader *reader, const struct ArrowSchema *field, ldbx_error **error)
{
    if (reader->no_memory)
        return ldbx_fail_no_memory(error);
    return ldbx_arrow_fail(error, LDBX_PROTOCOL, ldbx_view_of(field->name), "Arrow batch: %s", reader->bad);
}

static int read_columns(batch_reader *reader, const struct ArrowSchema *schema, struct ArrowArray *out,
                        ldbx_error **error)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *field = schema->children[i];
        if (!read_array(reader, field, out->children[i]))
            return fail_batch(reader, field, error);
        if (out->children[i]->length != out->length) {
            violate(reader, "length is not the batch's");
            return fail_batch(reader, field, error);
        }
    }
    if (reader->next_node != reader->nodes.count || reader->next_buffer != reader->buffers.count)
        return ldbx_fail(error, LDBX_PROTOCOL, "Arrow batch: more arrays or buffers than the schema has");
    return LDBX_OK;
}

int ldbx_arrow_read_batch(const struct ArrowSchema *schema, ldbx_bytes *bytes, int64_t rows, struct ArrowArray *out,
                          ldbx_error **error)
{
    const ldbx_view content = {(const char *)ldbx_bytes_data(bytes), ldbx_bytes_size(bytes)};
    batch_reader reader = {.bytes = bytes};
    ldbx_arrow_message message;
    ldbx_fb_table compression;
    int64_t length;
    int status;
    memset(out, 0, sizeof *out);
    LDBX_TRY(ldbx_arrow_message_open(&message, content, LDBX_ARROW_RECORD_BATCH, error));
    length = ldbx_fb_i64(&message.header, BATCH_LENGTH, 0);
    reader.body = message.body;
    reader.nodes = ldbx_fb_elements(&message.header, BATCH_NODES, 16);
    reader.buffers = ldbx_fb_elements(&message.header, BATCH_BUFFERS, 16);
    if (ldbx_fb_child(&message.header, BATCH_COMPRESSION, &compression))
        return ldbx_fail(error, LDBX_UNSUPPORTED, "Arrow batch: compressed body");
    if (message.fb.bad)
        return ldbx_fail(error, LDBX_PROTOCOL, "Arrow batch: malformed");
    if (length != rows)
        return ldbx_fail(error, LDBX_PROTOCOL, "Arrow batch: %lld rows where %lld were announced", (long long)length,
                         (long long)rows);
    if (!ldbx_arrow_array_new(out, bytes, rows, 1, schema->n_children))
        return ldbx_fail_no_memory(error);
    status = read_columns(&reader, schema, out, error);
    if (status != LDBX_OK)
        ldbx_arrow_array_release(out);
    return status;
}

int ldbx_arrow_count_buffers(ldbx_view bytes, size_t *out, ldbx_error **error)
{
    ldbx_arrow_message message;
    LDBX_TRY(ldbx_arrow_message_open(&message, bytes, LDBX_ARROW_RECORD_BATCH, error));
    *out = ldbx_fb_elements(&message.header, BATCH_BUFFERS, 16).count;
    return LDBX_OK;
}

size_t ldbx_arrow_schema_buffers(const struct ArrowSchema *schema)
{
    size_t count = 0;
    ldbx_format format;
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (ldbx_format_parse(schema->children[i]->format, &format))
            count += (size_t)buffers_of(format.layout);
        count += ldbx_arrow_schema_buffers(schema->children[i]);
    }
    return count;
}
