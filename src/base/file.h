/* Small files, read and written whole, and what else touches the file system. */
#ifndef LDBX_BASE_FILE_H
#define LDBX_BASE_FILE_H

#include "base/buf.h"

/* Appends the whole file to buf. LDBX_NOT_FOUND, LDBX_IO (also when it is larger than buf may hold); both
 * name the path. */
int ldbx_file_read(const char *path, ldbx_buf *buf, ldbx_error **error);
/*
 * Replaces path by content in one step: file beside it (.NAME.tmp, so NAME has at most 250 bytes), fsync,
 * rename, fsync of the folder. On failure the old file stands (only when the folder cannot be synced at the
 * end, the new one may). Callers hold a lock of their own; LDBX_CONFLICT: another caller held none.
 */
int ldbx_file_replace(const char *path, ldbx_view content, ldbx_error **error);
/* Makes durable what was created, renamed or removed in a folder. */
int ldbx_folder_sync(const char *path, ldbx_error **error);
/* LDBX_IO "PATH: ACTION: reason", the reason being that of errno. */
int ldbx_file_fail(ldbx_error **error, const char *path, const char *action);

#endif
