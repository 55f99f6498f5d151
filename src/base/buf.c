#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#define FIRST_CAPACITY 64

void ldbx_buf_init(ldbx_buf *buf, size_t max)
{
    memset(buf, 0, sizeof *buf);
    buf->max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2; /* so that doubling and the NUL never overflow */
}

void ldbx_buf_clear(ldbx_buf *buf)
{
    ldbx_free(buf->data);
    ldbx_buf_init(buf, buf->max);
}

void ldbx_buf_wipe(ldbx_buf *buf)
{
    /* All of it: an earlier, longer content may lie behind `size`. */
    ldbx_wipe(buf->data, buf->capacity);
    ldbx_buf_clear(buf);
}

void ldbx_buf_reset(ldbx_buf *buf)
{
    ldbx_buf_cut(buf, 0);
}

void ldbx_buf_cut(ldbx_buf *buf, size_t size)
{
    buf->size = size;
    buf->failed = false;
    buf->full = false;
}

/* One byte more than the capacity is allocated, for the NUL. */
static bool reallocate(ldbx_buf *buf, size_t extra)
{
    size_t capacity = buf->capacity * 2;
    void *data;

    if (extra > buf->max - buf->size) {
        buf->full = true;
        return false;
    }
    if (capacity < buf->size + extra)
        capacity = buf->size + extra;
    if (capacity < FIRST_CAPACITY)
        capacity = FIRST_CAPACITY;
    if (capacity > buf->max)
        capacity = buf->max;
    data = ldbx_realloc(buf->data, buf->capacity + 1, capacity + 1);
    if (data == NULL)
        return false;
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

bool ldbx_buf_grow(ldbx_buf *buf, size_t extra)
{
    buf->failed = !reallocate(buf, extra);
    return !buf->failed;
}

void ldbx_buf_str(ldbx_buf *buf, const char *text)
{
    ldbx_buf_append(buf, text, strlen(text));
}

void ldbx_buf_view(ldbx_buf *buf, ldbx_view view)
{
    ldbx_buf_append(buf, view.data, view.size);
}

void ldbx_buf_vprintf(ldbx_buf *buf, const char *format, va_list args)
{
    char *to = (char *)ldbx_buf_reserve(buf, 0);
    va_list again;
    int length;

    if (to == NULL)
        return;
    va_copy(again, args);
    length = vsnprintf(to, buf->capacity - buf->size + 1, format, args);
    if (length < 0)
        buf->failed = true;
    else if ((size_t)length > buf->capacity - buf->size) {
        to = (char *)ldbx_buf_reserve(buf, (size_t)length);
        if (to != NULL)
            vsnprintf(to, (size_t)length + 1, format, again);
    }
    if (!buf->failed)
        buf->size += (size_t)length;
    va_end(again);
}

void ldbx_buf_printf(ldbx_buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    ldbx_buf_vprintf(buf, format, args);
    va_end(args);
}

void ldbx_buf_int64(ldbx_buf *buf, int64_t value)
{
    char text[21];

    ldbx_buf_append(buf, text, ldbx_format_int64(text, value));
}

const char *ldbx_buf_cstr(ldbx_buf *buf)
{
    uint8_t *end = ldbx_buf_reserve(buf, 0);

    if (end == NULL)
        return NULL;
    *end = '\0';
    return (const char *)buf->data;
}

char *ldbx_buf_detach(ldbx_buf *buf)
{
    char *text = NULL;

    if (ldbx_buf_cstr(buf) == NULL)
        return NULL;
    text = (char *)buf->data;
    ldbx_buf_init(buf, buf->max);
    return text;
}
