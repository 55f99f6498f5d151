/* Using a stager, whoever implements it: every failure names the object. Safe on any thread, as the stager's `parallel` allows. */
#ifndef LDBX_STAGE_STAGER_H
#define LDBX_STAGE_STAGER_H

#include <stdbool.h>

#include <lytics_dbx/stager.h>

#include "base/buf.h"

#define LDBX_STAGER_LARGEST_BLOCK ((int64_t)256 << 20)
#define LDBX_STAGER_MOST_PARALLEL 64

/* What a stager is like. */
const char *ldbx_stager_url(const ldbx_stager *stager);
size_t ldbx_stager_block_bytes(const ldbx_stager *stager);
int ldbx_stager_parallel(const ldbx_stager *stager);
bool ldbx_stager_takes_blocks(const ldbx_stager *stager); /* else an object is at most one block */

/* As the hooks of the same names. A name that leads out of the staging, or is hidden from COPY INTO, is
 * LDBX_INVALID_ARGUMENT. */
int ldbx_stager_put(ldbx_stager *stager, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                    ldbx_error **error);
int ldbx_stager_remove(ldbx_stager *stager, const char *name, ldbx_cancel *cancel, ldbx_error **error);
int ldbx_stager_begin(ldbx_stager *stager, const char *name, void **transfer, ldbx_cancel *cancel, ldbx_error **error);
int ldbx_stager_block(ldbx_stager *stager, const char *name, void *transfer, int64_t index, ldbx_view content,
                      uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error);
int ldbx_stager_finish(ldbx_stager *stager, const char *name, void *transfer, int64_t bytes, uint32_t crc32,
                       ldbx_cancel *cancel, ldbx_error **error);
void ldbx_stager_abandon(ldbx_stager *stager, void *transfer);
/* LDBX_OK also where the stager does not look. */
int ldbx_stager_check(ldbx_stager *stager, const char *name, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel,
                      ldbx_error **error);
int ldbx_stager_access(ldbx_stager *stager, ldbx_access *out, ldbx_error **error);

/*
 * Whether COPY INTO reads the text as an address and not as a pattern; LDBX_INVALID_ARGUMENT names `what` and the
 * character (behaviour: staged loads).
 */
int ldbx_stager_check_address(const char *what, const char *text, ldbx_error **error);

/* Length of /Volumes/CATALOG/SCHEMA/VOLUME in front of a path; 0: it is no path of a volume. */
size_t ldbx_volume_root(const char *path);

#endif
