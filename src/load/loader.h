/*
 * The inside of a load. open.c makes one and settles what an earlier one left, loader.c takes rows, finish.c goes from
 * sealed files to a table that has them; the other files do one step each.
 */
#ifndef LDBX_LOAD_LOADER_H
#define LDBX_LOAD_LOADER_H

#include <lytics_dbx/loader.h>

#include "client/query.h"
#include "load/json_row.h"
#include "load/manifest.h"
#include "load/parts.h"

struct ldbx_loader {
    ldbx_connection *connection;
    ldbx_stager *stager;
    ldbx_store *store;
    ldbx_statement_options statement; /* for every statement of the load: all are repeatable */
    ldbx_progress_fn progress;
    void *user;
    bool keep_staged;
    char *key;
    char job[LDBX_JOB_FOLDER_SIZE];

    int64_t revision;
    ldbx_load_document document; /* document.load is the load in work */
    ldbx_manifest last;          /* the load that is done, for result and report */
    ldbx_parts *parts;           /* while rows are taken */
    ldbx_json_row *json;         /* of the parts' columns, once rows came as JSON */
    bool seal_tried;             /* the files may be those of a sealed load, whatever became of its save */
    bool resumed, complete;
    const ldbx_load_done *earlier; /* the source had been loaded before */
    int64_t earlier_rows;

    ldbx_buf warning;
    ldbx_buf statements; /* elements of a JSON array */
    ldbx_buf failure;    /* the last error as JSON; empty: none */
    ldbx_buf report;
    int64_t started_us, finished_us;
    int64_t started_ms, reported_ms;
};

/* Saves the document as its next revision; on failure the load in work is put back to what it was before. */
int ldbx_load_save(ldbx_loader *loader, const ldbx_manifest *before, ldbx_error **error);

/* From now on the load in work takes rows. */
int ldbx_load_begin_parts(ldbx_loader *loader, int64_t part_rows, int64_t part_bytes, ldbx_error **error);

/* Adds a line to what a reader of the report should know, and logs it. */
void ldbx_load_warn(ldbx_loader *loader, const char *format, ...) LDBX_PRINTF(2, 3);

/* Tells whoever watches, at most every 200 ms and when a phase ends; LDBX_STOPPED when they want no more. */
int ldbx_load_tell(ldbx_loader *loader, ldbx_phase phase, bool phase_ends, ldbx_error **error);

/* Removes files 1 to attempt->parts, as far as that works. */
int ldbx_load_remove(ldbx_loader *loader, const ldbx_attempt *attempt, ldbx_error **error);

/* The files of that load's attempt are nobody's any more; they go once that has been saved. */
int ldbx_load_bury(ldbx_loader *loader, const ldbx_manifest *load, ldbx_error **error);
/* Removes the files of dead attempts once, as far as that works. The save comes first: it stops whoever still writes them. */
void ldbx_load_remove_dead(ldbx_loader *loader);
/* Removes them once more, and forgets the attempts. Those of another address, or that cannot be removed now, stay listed and are told. */
void ldbx_load_forget_dead(ldbx_loader *loader);

/* A sealed load, to its end. */
int ldbx_load_finish(ldbx_loader *loader, ldbx_error **error);

/* The load in work, or the one that is done. */
const ldbx_manifest *ldbx_load_shown(const ldbx_loader *loader);

/* What may be done again at will. */
typedef int ldbx_load_step(ldbx_loader *loader, void *context, ldbx_error **error);

/*
 * Does a step: again in a new session when the session is lost, and again after a while, up to 15 minutes in all, when
 * the server refused it for what will pass.
 */
int ldbx_load_patiently(ldbx_loader *loader, ldbx_load_step *step, void *context, ldbx_error **error);
/* Throttling, a concurrent change, an earlier COPY INTO of the same files that is still running. */
bool ldbx_load_may_pass(int status, const ldbx_error *error);

/* Runs a statement that changes something, and notes it for the report. secrets as for ldbx_statement_set_secrets(). */
int ldbx_load_execute(ldbx_loader *loader, const char *kind, const ldbx_buf *sql, const char *const *secrets,
                      size_t secret_count, ldbx_query *out, ldbx_error **error);
void ldbx_load_note_statement(ldbx_loader *loader, const char *kind, const char *id, const char *sqlstate);

/* Keeps what an error says for the report, and hands it over; returns the status. */
int ldbx_load_settle(ldbx_loader *loader, int status, ldbx_error **failure, ldbx_error **error);

#endif
