/*
 * A growing byte buffer that is born with a maximum.
 *
 * Failure is sticky: once an append did not fit or memory was short, later appends do nothing and `failed`
 * stays set, so that a writer checks once, at its end. Text in a buffer is not NUL-terminated until
 * ldbx_buf_cstr().
 */
#ifndef LDBX_BASE_BUF_H
#define LDBX_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <lytics_dbx/error.h>
#include <lytics_dbx/types.h>

typedef struct ldbx_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t max; /* bytes that it may ever hold */
    bool failed;
    bool full; /* it failed at its maximum, not for want of memory */
} ldbx_buf;

/* Caps of the library's buffers, with their reasons. */
#define LDBX_MAX_MESSAGE  ((size_t)1 << 30)  /* one Thrift answer: official drivers ask for pages of 400 MB */
#define LDBX_MAX_BATCH    ((size_t)1 << 30)  /* one decompressed record batch */
#define LDBX_MAX_SQL      ((size_t)16 << 20) /* statement text: what Databricks documents for its REST interface */
#define LDBX_MAX_DOCUMENT ((size_t)64 << 20) /* checkpoints, jobs, authorizations, reports */
#define LDBX_MAX_TEXT     ((size_t)1 << 30)  /* rows as text of one batch */
#define LDBX_MAX_ERROR    ((size_t)64 << 10) /* error texts */

void ldbx_buf_init(ldbx_buf *buf, size_t max);
void ldbx_buf_clear(ldbx_buf *buf);            /* gives the memory back; usable again as after init */
void ldbx_buf_wipe(ldbx_buf *buf);             /* as clear, overwriting the content first */
void ldbx_buf_reset(ldbx_buf *buf);            /* empties it, keeps the memory, forgets a failure */
void ldbx_buf_cut(ldbx_buf *buf, size_t size); /* back to a size that it had, forgetting a failure since */

bool ldbx_buf_grow(ldbx_buf *buf, size_t extra); /* the rare half of ldbx_buf_reserve */

/* From here on inline, because the writers of rows call them for every cell. */

/* Room for `extra` more bytes; the place to write them, or NULL. `size` does not move. */
static inline uint8_t *ldbx_buf_reserve(ldbx_buf *buf, size_t extra)
{
    if (buf->failed || ((extra > buf->capacity - buf->size || buf->data == NULL) && !ldbx_buf_grow(buf, extra)))
        return NULL;
    return buf->data + buf->size;
}

static inline void ldbx_buf_append(ldbx_buf *buf, const void *data, size_t size)
{
    uint8_t *to;

    if (size == 0)
        return;
    to = ldbx_buf_reserve(buf, size);
    if (to == NULL)
        return;
    memcpy(to, data, size);
    buf->size += size;
}

static inline void ldbx_buf_byte(ldbx_buf *buf, uint8_t byte)
{
    if (!buf->failed && buf->size < buf->capacity)
        buf->data[buf->size++] = byte;
    else
        ldbx_buf_append(buf, &byte, 1);
}

void ldbx_buf_str(ldbx_buf *buf, const char *text);
void ldbx_buf_view(ldbx_buf *buf, ldbx_view view);
void ldbx_buf_printf(ldbx_buf *buf, const char *format, ...) LDBX_PRINTF(2, 3);
void ldbx_buf_vprintf(ldbx_buf *buf, const char *format, va_list args) LDBX_PRINTF(2, 0);
void ldbx_buf_int64(ldbx_buf *buf, int64_t value); /* decimal text */

/* The content with a NUL behind it, or NULL when the buffer has failed. Borrowed until the next append. */
const char *ldbx_buf_cstr(ldbx_buf *buf);

/* Hands the content over as an allocated, NUL-terminated text and leaves the buffer empty; NULL when it has
 * failed. */
char *ldbx_buf_detach(ldbx_buf *buf);

static inline ldbx_view ldbx_buf_get(const ldbx_buf *buf)
{
    ldbx_view view = {(const char *)buf->data, buf->size};
    return view;
}

#endif
