#include "load/gzip.h"

#include <isa-l/igzip_lib.h>

#include "base/error.h"
#include "base/mem.h"

#define LEVEL  2 /* as fast as 1, and smaller */
#define OUTPUT ((size_t)64 << 10)
#define INPUT  ((size_t)1 << 30) /* that its counters hold */

struct ldbx_gzip {
    struct isal_zstream stream;
    uint8_t level_buffer[ISAL_DEF_LVL2_DEFAULT];
};

int ldbx_gzip_new(ldbx_gzip **out, ldbx_error **error)
{
    ldbx_gzip *gzip = ldbx_alloc(sizeof *gzip);

    *out = gzip;
    if (gzip == NULL)
        return ldbx_fail_no_memory(error);
    isal_deflate_init(&gzip->stream);
    gzip->stream.gzip_flag = IGZIP_GZIP;
    gzip->stream.level = LEVEL;
    gzip->stream.level_buf = gzip->level_buffer;
    gzip->stream.level_buf_size = sizeof gzip->level_buffer;
    return LDBX_OK;
}

void ldbx_gzip_destroy(ldbx_gzip *gzip)
{
    ldbx_free(gzip);
}

/* Until the input is taken and, at the end of a member, all has come out. */
static int deflate_all(struct isal_zstream *stream, ldbx_buf *out, ldbx_error **error)
{
    do {
        uint8_t *to = ldbx_buf_reserve(out, OUTPUT);
        if (to == NULL)
            return ldbx_fail_no_memory(error);
        stream->next_out = to;
        stream->avail_out = (uint32_t)OUTPUT;
        if (isal_deflate(stream) != COMP_OK)
            return ldbx_fail(error, LDBX_IO, "gzip: the compressor failed");
        out->size += OUTPUT - stream->avail_out;
    } while (stream->avail_out == 0 || stream->avail_in > 0);
    return LDBX_OK;
}

int ldbx_gzip_write(ldbx_gzip *gzip, ldbx_view input, bool finish, ldbx_buf *out, ldbx_error **error)
{
    struct isal_zstream *stream = &gzip->stream;

    for (;;) {
        size_t size = input.size < INPUT ? input.size : INPUT;
        stream->next_in = (uint8_t *)(uintptr_t)input.data;
        stream->avail_in = (uint32_t)size;
        stream->end_of_stream = finish && size == input.size;
        LDBX_TRY(deflate_all(stream, out, error));
        if (size == input.size)
            break;
        input = (ldbx_view){input.data + size, input.size - size};
    }
    if (finish) {
        isal_deflate_reset(stream);
        stream->gzip_flag = IGZIP_GZIP; /* it says by now that the header is written */
    }
    return LDBX_OK;
}
