#include "wire/thrift.h"

#include "base/str.h"

#define STRICT_VERSION UINT32_C(0x80010000)
#define MAX_DEPTH      64

/* Writing. */

static void put(ldbx_buf *out, uint64_t value, size_t width)
{
    uint8_t *at = ldbx_buf_reserve(out, width);
    if (at == NULL)
        return;
    for (size_t i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    out->size += width;
}

static void put_field(ldbx_buf *out, int type, int16_t id)
{
    put(out, (uint64_t)type, 1);
    put(out, (uint16_t)id, 2);
}

void ldbx_tw_message(ldbx_buf *out, const char *name, int kind, int32_t seqid)
{
    put(out, STRICT_VERSION | (uint32_t)kind, 4);
    ldbx_tw_raw_string(out, ldbx_view_of(name));
    put(out, (uint32_t)seqid, 4);
}

void ldbx_tw_struct(ldbx_buf *out, int16_t id)
{
    put_field(out, LDBX_T_STRUCT, id);
}

void ldbx_tw_stop(ldbx_buf *out)
{
    put(out, LDBX_T_STOP, 1);
}

void ldbx_tw_bool(ldbx_buf *out, int16_t id, bool value)
{
    put_field(out, LDBX_T_BOOL, id);
    put(out, value, 1);
}

void ldbx_tw_i32(ldbx_buf *out, int16_t id, int32_t value)
{
    put_field(out, LDBX_T_I32, id);
    put(out, (uint32_t)value, 4);
}

void ldbx_tw_i64(ldbx_buf *out, int16_t id, int64_t value)
{
    put_field(out, LDBX_T_I64, id);
    put(out, (uint64_t)value, 8);
}

void ldbx_tw_string(ldbx_buf *out, int16_t id, ldbx_view value)
{
    put_field(out, LDBX_T_STRING, id);
    ldbx_tw_raw_string(out, value);
}

void ldbx_tw_list(ldbx_buf *out, int16_t id, int element, int32_t count)
{
    put_field(out, LDBX_T_LIST, id);
    put(out, (uint64_t)element, 1);
    put(out, (uint32_t)count, 4);
}

void ldbx_tw_string_map(ldbx_buf *out, int16_t id, int32_t count)
{
    put_field(out, LDBX_T_MAP, id);
    put(out, LDBX_T_STRING, 1);
    put(out, LDBX_T_STRING, 1);
    put(out, (uint32_t)count, 4);
}

void ldbx_tw_raw_string(ldbx_buf *out, ldbx_view value)
{
    if (value.size > INT32_MAX) {
        out->failed = true;
        return;
    }
    put(out, value.size, 4);
    ldbx_buf_view(out, value);
}

/* Reading. */

static void violate(ldbx_tr *reader, const char *what)
{
    if (reader->bad == NULL)
        reader->bad = what;
}

static size_t bytes_left(const ldbx_tr *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* The next bytes, or NULL after a violation. */
static const uint8_t *take(ldbx_tr *reader, size_t size)
{
    const uint8_t *at = reader->at;
    if (reader->bad != NULL)
        return NULL;
    if (size > bytes_left(reader)) {
        violate(reader, "cut short");
        return NULL;
    }
    reader->at += size;
    return at;
}

static uint64_t get(ldbx_tr *reader, size_t width)
{
    const uint8_t *at = take(reader, width);
    uint64_t value = 0;
    for (size_t i = 0; at != NULL && i < width; i++)
        value = value << 8 | at[i];
    return value;
}

void ldbx_tr_init(ldbx_tr *reader, ldbx_view bytes)
{
    static const uint8_t nothing = 0;
    reader->at = bytes.data != NULL ? (const uint8_t *)bytes.data : &nothing;
    reader->end = reader->at + bytes.size;
    reader->depth = 0;
    reader->bad = NULL;
}

int ldbx_tr_message(ldbx_tr *reader, const char *name, int32_t seqid)
{
    uint32_t version = (uint32_t)get(reader, 4);
    int kind = (int)(version & 0xff);
    ldbx_view sent_name;
    int32_t sent_seqid;
    if (reader->bad == NULL && (version & 0xffffff00) != STRICT_VERSION)
        violate(reader, "no Thrift message");
    sent_name = ldbx_tr_string(reader);
    sent_seqid = ldbx_tr_i32(reader);
    if (reader->bad == NULL && kind != LDBX_THRIFT_REPLY && kind != LDBX_THRIFT_EXCEPTION)
        violate(reader, "neither reply nor exception");
    if (reader->bad == NULL && !ldbx_view_eq(sent_name, name))
        violate(reader, "answer to another call");
    if (reader->bad == NULL && sent_seqid != seqid)
        violate(reader, "sequence number of another call");
    return reader->bad == NULL ? kind : 0;
}

bool ldbx_tr_field(ldbx_tr *reader, int *type, int16_t *id)
{
    *type = (int)get(reader, 1);
    *id = 0;
    if (*type == LDBX_T_STOP)
        return false;
    *id = (int16_t)get(reader, 2);
    return reader->bad == NULL;
}

/* Bytes of a value of fixed size, 0 for the other types. */
static size_t fixed_size(int type)
{
    switch (type) {
    case LDBX_T_BOOL:
    case LDBX_T_BYTE:
        return 1;
    case LDBX_T_I16:
        return 2;
    case LDBX_T_I32:
        return 4;
    case LDBX_T_DOUBLE:
    case LDBX_T_I64:
        return 8;
    default:
        return 0;
    }
}

void ldbx_tr_skip_elements(ldbx_tr *reader, int type, int32_t count)
{
    size_t size = fixed_size(type);
    if (size != 0) {
        take(reader, size * (size_t)count);
        return;
    }
    for (int32_t i = 0; i < count && reader->bad == NULL; i++)
        ldbx_tr_skip(reader, type);
}

static void skip_map(ldbx_tr *reader)
{
    int key, value;
    int32_t count = ldbx_tr_map(reader, &key, &value);
    for (int32_t i = 0; i < count && reader->bad == NULL; i++) {
        ldbx_tr_skip(reader, key);
        ldbx_tr_skip(reader, value);
    }
}

static void skip_struct(ldbx_tr *reader)
{
    int type;
    int16_t id;
    while (ldbx_tr_field(reader, &type, &id))
        ldbx_tr_skip(reader, type);
}

static void skip_nested(ldbx_tr *reader, int type)
{
    int element;
    int32_t count;
    if (!ldbx_tr_enter(reader))
        return;
    if (type == LDBX_T_STRUCT) {
        skip_struct(reader);
    } else if (type == LDBX_T_MAP) {
        skip_map(reader);
    } else {
        count = ldbx_tr_list(reader, &element);
        ldbx_tr_skip_elements(reader, element, count);
    }
    ldbx_tr_leave(reader);
}

void ldbx_tr_skip(ldbx_tr *reader, int type)
{
    switch (type) {
    case LDBX_T_BOOL:
    case LDBX_T_BYTE:
    case LDBX_T_DOUBLE:
    case LDBX_T_I16:
    case LDBX_T_I32:
    case LDBX_T_I64:
        take(reader, fixed_size(type));
        break;
    case LDBX_T_STRING:
        ldbx_tr_string(reader);
        break;
    case LDBX_T_STRUCT:
    case LDBX_T_MAP:
    case LDBX_T_SET:
    case LDBX_T_LIST:
        skip_nested(reader, type);
        break;
    default:
        violate(reader, "value of no known type");
    }
}

bool ldbx_tr_bool(ldbx_tr *reader)
{
    return get(reader, 1) != 0;
}

int32_t ldbx_tr_i32(ldbx_tr *reader)
{
    return (int32_t)get(reader, 4);
}

int64_t ldbx_tr_i64(ldbx_tr *reader)
{
    return (int64_t)get(reader, 8);
}

ldbx_view ldbx_tr_string(ldbx_tr *reader)
{
    ldbx_view view = {NULL, 0};
    int32_t size = ldbx_tr_i32(reader);
    if (size < 0)
        violate(reader, "negative size");
    view.data = (const char *)take(reader, size > 0 ? (size_t)size : 0);
    view.size = view.data != NULL ? (size_t)size : 0;
    return view;
}

/* `least` is the size of the smallest element: a count that cannot fit is refused before anybody allocates
 * for it. */
static int32_t checked_count(ldbx_tr *reader, size_t least)
{
    int32_t count = ldbx_tr_i32(reader);
    if (count < 0)
        violate(reader, "negative count");
    else if ((size_t)count > bytes_left(reader) / least)
        violate(reader, "cut short");
    return reader->bad == NULL ? count : 0;
}

int32_t ldbx_tr_list(ldbx_tr *reader, int *element)
{
    size_t size;
    *element = (int)get(reader, 1);
    size = fixed_size(*element);
    return checked_count(reader, size > 0 ? size : 1);
}

int32_t ldbx_tr_map(ldbx_tr *reader, int *key, int *value)
{
    *key = (int)get(reader, 1);
    *value = (int)get(reader, 1);
    return checked_count(reader, 2);
}

bool ldbx_tr_enter(ldbx_tr *reader)
{
    if (reader->bad == NULL && reader->depth >= MAX_DEPTH)
        violate(reader, "nested too deep");
    if (reader->bad != NULL)
        return false;
    reader->depth++;
    return true;
}

void ldbx_tr_leave(ldbx_tr *reader)
{
    reader->depth--;
}
