/* Files that are read and written whole, drafts of files, and what else touches the file system. */
#ifndef LDBX_BASE_FILE_H
#define LDBX_BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include <lytics_dbx/cancel.h>

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
/* The same for a file with secrets of up to max bytes; buf is made here, and ended with ldbx_buf_wipe(), also on failure. */
int ldbx_file_read_secret(const char *path, size_t max, ldbx_buf *buf, ldbx_error **error);
/* Length and CRC-32 of a file, by reading it. LDBX_NOT_FOUND, LDBX_IO, LDBX_CANCELLED; cancel may be NULL. */
int ldbx_file_checksum(const char *path, const ldbx_cancel *cancel, int64_t *bytes, uint32_t *crc32,
                       ldbx_error **error);
/* Removes a file and what a kill left of its draft; LDBX_OK also when there is neither. The folder is not synced. */
int ldbx_file_remove(const char *path, ldbx_error **error);

/*
 * A file on its way: it is written beside its place under a temporary name (.NAME.tmp), and put there when it is whole
 * and durable.
 */
typedef struct ldbx_draft {
    char *path;
    char *temporary;
    int fd;
    int folder;
} ldbx_draft;

/* mode: as for open(). What an earlier draft left is removed. *draft is ended with ldbx_draft_close(), also on failure. */
int ldbx_draft_open(ldbx_draft *draft, const char *path, mode_t mode, ldbx_error **error);
/* Any part of the content, in any order, from several threads at once. */
int ldbx_draft_write(ldbx_draft *draft, int64_t offset, ldbx_view content, ldbx_error **error);
/* Syncs the file, gives it its name, and syncs the folder. LDBX_CONFLICT: without `replace`, the name exists; or another
 * draft of that name was opened since. Nothing may be written afterwards. */
int ldbx_draft_place(ldbx_draft *draft, bool replace, ldbx_error **error);
/* Ends it; what was not put in its place is removed. */
void ldbx_draft_close(ldbx_draft *draft);

/* Makes a folder durably, with those above it that are missing. LDBX_IO: also when the path is a file. */
int ldbx_folder_make(const char *path, ldbx_error **error);
/* Makes durable what was created, renamed or removed in a folder. */
int ldbx_folder_sync(const char *path, ldbx_error **error);
/* LDBX_IO "PATH: ACTION: reason", the reason being that of errno. */
int ldbx_file_fail(ldbx_error **error, const char *path, const char *action);

#endif
