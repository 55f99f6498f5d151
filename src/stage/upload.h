/*
 * Parts on their way to a stager: their blocks go out on threads while the next ones are written.
 *
 * A part of one block is put in one call, a larger one is begun, sent and finished; both happen behind the writer.
 * The first failure stays: every call from then on reports it.
 */
#ifndef LDBX_STAGE_UPLOAD_H
#define LDBX_STAGE_UPLOAD_H

#include "stage/stager.h"

typedef struct ldbx_uploader ldbx_uploader;

/* A part as it was sent (after gzip). */
typedef struct ldbx_uploaded {
    int64_t bytes;
    uint32_t crc32;
} ldbx_uploaded;

/*
 * As many threads as the stager is parallel, started when there is work for them; with 1 all is done on the thread of
 * the caller, and there is none. Holds up to parallel + 1 blocks. stager and cancel (may be NULL) are borrowed.
 */
int ldbx_uploader_new(ldbx_stager *stager, ldbx_cancel *cancel, ldbx_uploader **out, ldbx_error **error);
/* Ends what is on its way, and abandons the transfers that are not finished. */
void ldbx_uploader_destroy(ldbx_uploader *uploader);

/* One part is written at a time; several may be on their way. */
int ldbx_uploader_begin(ldbx_uploader *uploader, const char *name, ldbx_error **error);
/*
 * Waits while all blocks are on their way. LDBX_INVALID_ARGUMENT when the stager takes no blocks and the part would be
 * larger than one.
 */
int ldbx_uploader_write(ldbx_uploader *uploader, ldbx_view bytes, ldbx_error **error);
/* The part is complete as written; its upload goes on behind. */
int ldbx_uploader_end(ldbx_uploader *uploader, ldbx_uploaded *out, ldbx_error **error);
/* Until all parts that were ended are finished, durably. */
int ldbx_uploader_wait(ldbx_uploader *uploader, ldbx_error **error);

#endif
