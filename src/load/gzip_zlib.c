#include "load/gzip.h"

#include <zlib.h>

#include "base/error.h"
#include "base/mem.h"

#define LEVEL  1
#define GZIP   (MAX_WBITS + 16)
#define MEMORY 8 /* zlib's own default */
#define OUTPUT ((size_t)64 << 10)
#define INPUT  ((size_t)1 << 30) /* that its counters hold */

struct ldbx_gzip {
    z_stream stream;
};

static void *allocate(void *user, unsigned count, unsigned bytes)
{
    (void)user;
    return ldbx_calloc(count, bytes);
}

static void release(void *user, void *memory)
{
    (void)user;
    ldbx_free(memory);
}

int ldbx_gzip_new(ldbx_gzip **out, ldbx_error **error)
{
    ldbx_gzip *gzip = ldbx_calloc(1, sizeof *gzip);

    *out = NULL;
    if (gzip == NULL)
        return ldbx_fail_no_memory(error);
    gzip->stream.zalloc = allocate;
    gzip->stream.zfree = release;
    if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        ldbx_free(gzip);
        return ldbx_fail_no_memory(error);
    }
    *out = gzip;
    return LDBX_OK;
}

void ldbx_gzip_destroy(ldbx_gzip *gzip)
{
    if (gzip != NULL)
        deflateEnd(&gzip->stream);
    ldbx_free(gzip);
}

/* Until the input is taken and, at the end of a member, all has come out. */
static int deflate_all(z_stream *stream, int flush, ldbx_buf *out, ldbx_error **error)
{
    do {
        uint8_t *to = ldbx_buf_reserve(out, OUTPUT);
        int answer;
        if (to == NULL)
            return ldbx_fail_no_memory(error);
        stream->next_out = to;
        stream->avail_out = (uInt)OUTPUT;
        answer = deflate(stream, flush);
        if (answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR) /* the last: there was nothing to do */
            return ldbx_fail(error, LDBX_IO, "gzip: the compressor failed");
        out->size += OUTPUT - stream->avail_out;
    } while (stream->avail_out == 0);
    return LDBX_OK;
}

int ldbx_gzip_write(ldbx_gzip *gzip, ldbx_view input, bool finish, ldbx_buf *out, ldbx_error **error)
{
    for (;;) {
        size_t size = input.size < INPUT ? input.size : INPUT;
        gzip->stream.next_in = (Bytef *)(uintptr_t)input.data;
        gzip->stream.avail_in = (uInt)size;
        LDBX_TRY(deflate_all(&gzip->stream, finish && size == input.size ? Z_FINISH : Z_NO_FLUSH, out, error));
        if (size == input.size)
            break;
        input = (ldbx_view){input.data + size, input.size - size};
    }
    if (finish)
        deflateReset(&gzip->stream);
    return LDBX_OK;
}
