/* Versions of a snapshot's table. */
#ifndef LDBX_IMPORT_HISTORY_H
#define LDBX_IMPORT_HISTORY_H

#include "client/history.h"
#include "import/snapshot.h"

/*
 * The newest version of the snapshot's table. A source without versions (a view, a foreign table, no
 * privilege for its history) gives -1 and the server's words in reason; only failures of the connection are
 * failures.
 */
int ldbx_snapshot_newest_version(const ldbx_snapshot *snapshot, ldbx_version *out, ldbx_buf *reason,
                                 ldbx_error **error);

/* Whether the history still has that very version. */
int ldbx_snapshot_has_version(const ldbx_snapshot *snapshot, const ldbx_version *version, bool *out,
                              ldbx_error **error);

#endif
