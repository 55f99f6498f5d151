#include "wire/flatbuf.h"

/* Little-endian, wherever it lies; 0 after a violation. */
static uint64_t get(ldbx_fb *fb, size_t at, size_t width)
{
    uint64_t value = 0;
    if (fb->bad || at > fb->size || width > fb->size - at) {
        fb->bad = true;
        return 0;
    }
    for (size_t i = width; i > 0; i--)
        value = value << 8 | fb->data[at + i - 1];
    return value;
}

/* Follows an offset, which counts from where it stands. */
static size_t follow(ldbx_fb *fb, size_t at)
{
    size_t offset = (size_t)get(fb, at, 4);
    if (fb->bad || offset > fb->size - at) {
        fb->bad = true;
        return 0;
    }
    return at + offset;
}

static ldbx_fb_table open_table(ldbx_fb *fb, size_t at)
{
    ldbx_fb_table table = {fb, at, 0, 0, 0};
    const int64_t back = (int32_t)get(fb, at, 4);
    const int64_t vtable = (int64_t)at - back;
    size_t vtable_size, table_size;
    if (vtable < 0 || (uint64_t)vtable > fb->size)
        fb->bad = true;
    vtable_size = (size_t)get(fb, (size_t)vtable, 2);
    table_size = (size_t)get(fb, (size_t)vtable + 2, 2);
    if (fb->bad || vtable_size < 4 || vtable_size > fb->size - (size_t)vtable || table_size < 4 ||
        table_size > fb->size - at) {
        fb->bad = true;
        return table;
    }
    table.size = table_size;
    table.vtable = (size_t)vtable + 4;
    table.fields = (vtable_size - 4) / 2;
    return table;
}

ldbx_fb_table ldbx_fb_root(ldbx_fb *fb)
{
    return open_table(fb, follow(fb, 0));
}

/* Where a field of this width lies, or 0 when it was not written. */
static size_t find(const ldbx_fb_table *table, size_t field, size_t width)
{
    size_t offset;
    if (table->fb->bad || field >= table->fields)
        return 0;
    offset = (size_t)get(table->fb, table->vtable + 2 * field, 2);
    if (offset == 0)
        return 0;
    if (offset < 4 || offset > table->size || width > table->size - offset) {
        table->fb->bad = true;
        return 0;
    }
    return table->at + offset;
}

static uint64_t scalar(const ldbx_fb_table *table, size_t field, size_t width, uint64_t otherwise)
{
    size_t at = find(table, field, width);
    return at != 0 ? get(table->fb, at, width) : otherwise;
}

bool ldbx_fb_bool(const ldbx_fb_table *table, size_t field, bool otherwise)
{
    return scalar(table, field, 1, otherwise) != 0;
}

uint8_t ldbx_fb_u8(const ldbx_fb_table *table, size_t field, uint8_t otherwise)
{
    return (uint8_t)scalar(table, field, 1, otherwise);
}

int16_t ldbx_fb_i16(const ldbx_fb_table *table, size_t field, int16_t otherwise)
{
    return (int16_t)scalar(table, field, 2, (uint64_t)otherwise);
}

int32_t ldbx_fb_i32(const ldbx_fb_table *table, size_t field, int32_t otherwise)
{
    return (int32_t)scalar(table, field, 4, (uint64_t)otherwise);
}

int64_t ldbx_fb_i64(const ldbx_fb_table *table, size_t field, int64_t otherwise)
{
    return (int64_t)scalar(table, field, 8, (uint64_t)otherwise);
}

bool ldbx_fb_child(const ldbx_fb_table *table, size_t field, ldbx_fb_table *out)
{
    const ldbx_fb_table none = {table->fb, 0, 0, 0, 0};
    size_t at = find(table, field, 4);
    *out = at != 0 ? open_table(table->fb, follow(table->fb, at)) : none;
    return at != 0 && !table->fb->bad;
}

ldbx_fb_vector ldbx_fb_elements(const ldbx_fb_table *table, size_t field, size_t element_size)
{
    ldbx_fb_vector vector = {table->fb, 0, 0};
    ldbx_fb *fb = table->fb;
    size_t at = find(table, field, 4);
    size_t count;
    if (at == 0)
        return vector;
    at = follow(fb, at);
    count = (size_t)get(fb, at, 4);
    if (fb->bad || count > (fb->size - at - 4) / element_size) {
        fb->bad = true;
        return vector;
    }
    vector.at = at + 4;
    vector.count = count;
    return vector;
}

ldbx_view ldbx_fb_text(const ldbx_fb_table *table, size_t field)
{
    ldbx_fb_vector bytes = ldbx_fb_elements(table, field, 1);
    ldbx_view text = {NULL, 0};
    if (bytes.at != 0) {
        text.data = (const char *)table->fb->data + bytes.at;
        text.size = bytes.count;
    }
    return text;
}

ldbx_fb_table ldbx_fb_table_at(const ldbx_fb_vector *vector, size_t index)
{
    return open_table(vector->fb, follow(vector->fb, vector->at + 4 * index));
}

int64_t ldbx_fb_i64_at(const ldbx_fb_vector *vector, size_t index)
{
    return (int64_t)get(vector->fb, vector->at + 8 * index, 8);
}
