/* LZ4 frames, several in a row, with or without checksums. */
#ifndef LDBX_WIRE_LZ4_FRAME_H
#define LDBX_WIRE_LZ4_FRAME_H

#include "base/buf.h"
#include "wire/bytes.h"

typedef struct ldbx_lz4 ldbx_lz4; /* the decompressor's own state, kept from batch to batch */

ldbx_lz4 *ldbx_lz4_new(void); /* NULL: no memory */
void ldbx_lz4_destroy(ldbx_lz4 *lz4);

/* Replaces the content of out (which is not shared) by the frames of `in`, all of them. LDBX_PROTOCOL for anything that is not whole frames. */
int ldbx_lz4_read(ldbx_lz4 *lz4, ldbx_view in, ldbx_bytes *out, ldbx_error **error);

#endif
