/* Small files, read and written whole. */
#ifndef LDBX_BASE_FILE_H
#define LDBX_BASE_FILE_H

#include "base/buf.h"

/* Appends the whole file to buf. LDBX_NOT_FOUND, LDBX_IO (also when it is larger than buf may hold); both
 * name the path. */
int ldbx_file_read(const char *path, ldbx_buf *buf, ldbx_error **error);
/* Replaces path by content in one step: temporary file beside it, fsync, rename, fsync of the folder. On
 * failure the old file stands (only when the folder cannot be synced at the end, the new one may). */
int ldbx_file_replace(const char *path, ldbx_view content, ldbx_error **error);

#endif
