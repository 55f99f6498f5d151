/* The inside of an import. open.c makes one, read.c delivers and commits rows, events.c turns them into
 * events. */
#ifndef LDBX_IMPORT_IMPORTER_H
#define LDBX_IMPORT_IMPORTER_H

#include <lytics_dbx/import.h>

#include "client/batch.h"
#include "client/query.h"
#include "import/checkpoint.h"
#include "import/page_plan.h"
#include "import/snapshot.h"

struct ldbx_import {
    ldbx_import_options options; /* its texts point into the copies below */
    char *key, *stream, *ts_column, *record_column;
    ldbx_snapshot snapshot;
    size_t record_index;
    bool has_record;

    ldbx_buf document; /* of the checkpoint */
    int64_t revision;
    ldbx_import_checkpoint saved; /* what the store has, and what the next save writes */
    ldbx_import_run run;          /* where delivery stands: ahead of saved.run until the commit */
    ldbx_bound since;
    bool resumed, limited, complete;
    ldbx_buf warning; /* what a reader of the report should know */

    ldbx_page_plan plan;
    ldbx_page_bounds bounds; /* of the query in work */
    ldbx_query query;
    bool querying;
    int64_t query_rows;
    int reopens;
    bool has_view; /* the session has the view of the run */

    struct ArrowArray array; /* the result's without its last column; borrows its members */
    ldbx_batch rows;
    ldbx_import_batch batch;
    bool has_batch;
    ldbx_buf text; /* events and JSON of the current batch */

    int64_t started_ms, reported_ms;
    int64_t bytes; /* of queries that are done */
};

/* Saves `saved` as the next revision. */
int ldbx_import_save(ldbx_import *import, ldbx_error **error);

typedef int ldbx_import_step(ldbx_import *import, ldbx_error **error);

/* Does a step; once more in a new session when the session is lost meanwhile. */
int ldbx_import_in_session(ldbx_import *import, ldbx_import_step *step, ldbx_error **error);

/* Makes the view of the run in a new session, and the plan of what is left; a source without versions is rewound. */
int ldbx_import_go_on(ldbx_import *import, ldbx_error **error);

/* Adds a line to what a reader of the report should know, and logs it. */
void ldbx_import_warn(ldbx_import *import, const char *format, ...) LDBX_PRINTF(2, 3);

#endif
