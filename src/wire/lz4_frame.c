#include "wire/lz4_frame.h"

#include <string.h>

#include <lz4frame.h>

#include "base/error.h"
#include "base/mem.h"

#define SMALLEST_GUESS ((size_t)64 << 10)
#define MAX_RATIO      255 /* one byte of LZ4 gives at most so many */

/* The frame's header without optional members: magic number, flags, block size, checksum of these. */
#define HEADER_SIZE      7
#define CONTENT_CHECKSUM 0x04 /* of the flags */
#define TRAILER_SIZE     4    /* the checksum of the content */

struct ldbx_lz4 {
    LZ4F_dctx *context;
    size_t trailer; /* bytes behind the frame in work that liblz4 is not shown */
    size_t block;   /* room that lets liblz4 decompress in place, not by way of a buffer of its own; 0: not worth it */
};

ldbx_lz4 *ldbx_lz4_new(void)
{
    ldbx_lz4 *lz4 = (ldbx_lz4 *)ldbx_calloc(1, sizeof *lz4);
    if (lz4 == NULL)
        return NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&lz4->context, LZ4F_VERSION))) {
        ldbx_free(lz4);
        return NULL;
    }
    return lz4;
}

void ldbx_lz4_destroy(ldbx_lz4 *lz4)
{
    if (lz4 == NULL)
        return;
    LZ4F_freeDecompressionContext(lz4->context);
    ldbx_free(lz4);
}

static int fail_lz4(size_t code, ldbx_error **error)
{
    const char *name = LZ4F_getErrorName(code);
    if (strcmp(name, "ERROR_allocation_failed") == 0) /* its number is not public */
        return ldbx_fail_no_memory(error);
    return ldbx_fail(error, LDBX_PROTOCOL, "LZ4 frame: %s", name);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t block_size(LZ4F_blockSizeID_t id)
{
    return id >= LZ4F_max64KB && id <= LZ4F_max4MB ? (size_t)1 << (8 + 2 * (int)id) : (size_t)1 << 16;
}

/*
 * A frame may carry two checksums, one of its blocks and one of its content, as those of warehouses do. liblz4 checks both or none, and
 * hashing what was decompressed costs as much as decompressing it. So it is given a header that tells of the first alone; the other is stepped over.
 */
static bool begin_once_checked(ldbx_lz4 *lz4, const LZ4F_frameInfo_t *info, const char *given)
{
    /* Of blocks of 64 KB to 4 MB, and of linked ones. */
    static const uint8_t header_checksums[2][4] = {{0xad, 0x84, 0x33, 0x72}, {0xc0, 0x2b, 0x68, 0x81}};
    uint8_t header[HEADER_SIZE];
    size_t used = sizeof header;
    size_t none = 0;
    memcpy(header, given, sizeof header);
    header[4] &= (uint8_t)~CONTENT_CHECKSUM;
    header[6] = header_checksums[info->blockMode == LZ4F_blockLinked][info->blockSizeID - LZ4F_max64KB];
    LZ4F_resetDecompressionContext(lz4->context);
    return !LZ4F_isError(LZ4F_decompress(lz4->context, NULL, &none, header, &used, NULL));
}

/* Reads the header of a frame. Where it says how large the content is, room for that much, within what its bytes can hold; else a guess. */
static int begin_frame(ldbx_lz4 *lz4, ldbx_view *in, ldbx_bytes *out, ldbx_error **error)
{
    LZ4F_frameInfo_t info = {0};
    size_t used = in->size;
    size_t code = LZ4F_getFrameInfo(lz4->context, &info, in->data, &used);
    size_t want = in->size > SMALLEST_GUESS / 4 ? 4 * in->size : SMALLEST_GUESS;
    if (LZ4F_isError(code))
        return fail_lz4(code, error);
    if (info.contentSize > 0 && info.contentSize <= (unsigned long long)in->size * MAX_RATIO)
        want = (size_t)info.contentSize;
    lz4->block = in->size > SMALLEST_GUESS / 4 ? block_size(info.blockSizeID) : 0;
    lz4->trailer = 0;
    if (used == HEADER_SIZE && info.blockChecksumFlag && info.contentChecksumFlag) {
        if (!begin_once_checked(lz4, &info, in->data))
            return ldbx_fail(error, LDBX_PROTOCOL, "LZ4 frame: header");
        lz4->trailer = TRAILER_SIZE;
    }
    in->data += used;
    in->size -= used;
    if (ldbx_bytes_size(out) > 0) /* a later frame: what is missing grows with it */
        return LDBX_OK;
    want = smaller(want + lz4->block, ldbx_bytes_max(out));
    return ldbx_bytes_grow(out, want) ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int end_frame(const ldbx_lz4 *lz4, ldbx_view *in, ldbx_error **error)
{
    if (in->size < lz4->trailer)
        return ldbx_fail(error, LDBX_PROTOCOL, "LZ4 frame: cut short");
    in->data += lz4->trailer;
    in->size -= lz4->trailer;
    return LDBX_OK;
}

/* At the maximum there is no more room, which is fine while only the frame's end is left to be read. */
static int make_room(const ldbx_lz4 *lz4, ldbx_bytes *out, ldbx_error **error)
{
    size_t capacity = ldbx_bytes_capacity(out);
    size_t max = ldbx_bytes_max(out);
    size_t room = capacity - ldbx_bytes_size(out);
    if ((room > 0 && room >= lz4->block) || capacity == max)
        return LDBX_OK;
    capacity = capacity > SMALLEST_GUESS ? 2 * capacity : 2 * SMALLEST_GUESS;
    return ldbx_bytes_grow(out, smaller(capacity, max)) ? LDBX_OK : ldbx_fail_no_memory(error);
}

/* One step: some input into some output. `*open` says whether the frame is not over. */
static int step(ldbx_lz4 *lz4, ldbx_view *in, ldbx_bytes *out, bool *open, ldbx_error **error)
{
    size_t size = ldbx_bytes_size(out);
    size_t room = ldbx_bytes_capacity(out) - size;
    size_t given = room;
    size_t used = in->size;
    size_t code = LZ4F_decompress(lz4->context, ldbx_bytes_data(out) + size, &given, in->data, &used, NULL);
    if (LZ4F_isError(code))
        return fail_lz4(code, error);
    in->data += used;
    in->size -= used;
    ldbx_bytes_set_size(out, size + given);
    *open = code != 0;
    if (!*open || used > 0 || given > 0)
        return LDBX_OK;
    if (room > 0)
        return ldbx_fail(error, LDBX_PROTOCOL, "LZ4 frame: cut short");
    return ldbx_fail(error, LDBX_PROTOCOL, "LZ4 frame: more than %zu bytes when decompressed", ldbx_bytes_max(out));
}

static int read_frame(ldbx_lz4 *lz4, ldbx_view *in, ldbx_bytes *out, ldbx_error **error)
{
    bool open = true;
    LDBX_TRY(begin_frame(lz4, in, out, error));
    while (open) {
        LDBX_TRY(make_room(lz4, out, error));
        LDBX_TRY(step(lz4, in, out, &open, error));
    }
    return end_frame(lz4, in, error);
}

int ldbx_lz4_read(ldbx_lz4 *lz4, ldbx_view in, ldbx_bytes *out, ldbx_error **error)
{
    ldbx_bytes_set_size(out, 0);
    LZ4F_resetDecompressionContext(lz4->context);
    if (in.size == 0)
        return ldbx_fail(error, LDBX_PROTOCOL, "LZ4 frame: empty");
    while (in.size > 0)
        LDBX_TRY(read_frame(lz4, &in, out, error));
    return LDBX_OK;
}
