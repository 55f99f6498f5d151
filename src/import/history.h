/* Versions of a table. A version is its number and its commit time: a table that was dropped and made again
 * counts from 0 anew. */
#ifndef LDBX_IMPORT_HISTORY_H
#define LDBX_IMPORT_HISTORY_H

#include "import/snapshot.h"

typedef struct ldbx_version {
    int64_t number;       /* -1: the source has no versions */
    int64_t committed_us; /* 0 where the server did not say */
} ldbx_version;

/*
 * The newest version of the snapshot's table. A source without versions (a view, a foreign table, no
 * privilege for its history) gives -1 and the server's words in reason; only failures of the connection are
 * failures.
 */
int ldbx_history_newest(const ldbx_snapshot *snapshot, ldbx_version *out, ldbx_buf *reason, ldbx_error **error);

/* Whether the history still has that very version. */
int ldbx_history_has(const ldbx_snapshot *snapshot, const ldbx_version *version, bool *out, ldbx_error **error);

#endif
