/*
 * What an import keeps between runs and over a crash, as a JSON document. Instants are written as text, to
 * the microsecond: JSON numbers cannot hold them all.
 */
#ifndef LDBX_IMPORT_CHECKPOINT_H
#define LDBX_IMPORT_CHECKPOINT_H

#include "base/run_id.h"
#include "import/snapshot.h"

typedef struct ldbx_import_run {
    char id[LDBX_RUN_ID_SIZE]; /* "" : no run is unfinished */
    int64_t version;           /* -1: the source has none */
    int64_t version_us;        /* when it was committed */
    ldbx_bound lower;
    ldbx_bound upper;
    int64_t attempts;
    int64_t total;
    int64_t null_timestamps;
    int64_t delivered;
    int64_t groups_streamed;
    ldbx_key key;        /* last row delivered */
    ldbx_bound complete; /* greatest timestamp all of whose rows were delivered */
} ldbx_import_run;

typedef struct ldbx_import_checkpoint {
    char *catalog;        /* the session's, when the options name none; NULL: they do */
    char *source;         /* table and timestamp column; NULL: nothing was imported yet */
    ldbx_bound watermark; /* greatest timestamp of the last completed run */
    ldbx_import_run run;
} ldbx_import_checkpoint;

/* Both keep nothing of what they are given. LDBX_INVALID_DATA names the member that is wrong. */
int ldbx_checkpoint_read(ldbx_view document, ldbx_import_checkpoint *out, ldbx_error **error);
void ldbx_checkpoint_write(const ldbx_import_checkpoint *checkpoint, ldbx_buf *out);
void ldbx_checkpoint_clear(ldbx_import_checkpoint *checkpoint);

#endif
