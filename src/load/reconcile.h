/* Whether what was staged is what was loaded, by the history of the table. */
#ifndef LDBX_LOAD_RECONCILE_H
#define LDBX_LOAD_RECONCILE_H

#include "load/loader.h"

/* A COPY INTO that the history tells of. */
typedef struct ldbx_copied {
    int64_t version, files, rows;
} ldbx_copied;

typedef struct ldbx_copies {
    ldbx_copied *items; /* those above the version that was saved, the newest first */
    size_t count, capacity;
    bool same_table; /* it has gone on from that version; else it was made anew, and items are all since then */
    bool cut;        /* the server keeps its history no longer: there may have been more */
} ldbx_copies;

int ldbx_copies_read(ldbx_loader *loader, ldbx_copies *out, ldbx_error **error);
void ldbx_copies_clear(ldbx_copies *copies);

typedef enum ldbx_match {
    LDBX_MATCH_EVEN,   /* as many entries as groups */
    LDBX_MATCH_LESS,   /* a group is not there */
    LDBX_MATCH_UNTOLD, /* as LESS, but the history is cut */
    LDBX_MATCH_SURPLUS /* somebody loaded just as much, or a group was loaded twice */
} ldbx_match;

/*
 * A group is told from others by its numbers of files and rows alone. Compares the entries that have those of group `index` with the groups among the first
 * `groups` that have them; version, if not NULL, receives the newest of these entries.
 */
ldbx_match ldbx_reconcile(const ldbx_manifest *manifest, int64_t groups, int64_t index, const ldbx_copies *copies,
                          int64_t *version);

#endif
