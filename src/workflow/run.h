/* One run of a job, while it lasts. */
#ifndef LDBX_WORKFLOW_RUN_H
#define LDBX_WORKFLOW_RUN_H

#include "workflow/document.h"

/* Which call of ours the import is in when it saves. */
typedef enum ldbx_run_step {
    LDBX_STEP_READ,  /* opening or reading: rows may be written that the import does not count yet */
    LDBX_STEP_COMMIT /* all that is written is the import's */
} ldbx_run_step;

typedef struct ldbx_run {
    ldbx_job *job;
    ldbx_job_hooks hooks;
    ldbx_sink_ops sink;
    ldbx_document document;
    ldbx_job_state before; /* the job's state when the run came */
    bool loaded;           /* the document is known */
    bool idle;             /* there is nothing to do */

    ldbx_import *import;
    ldbx_import_summary summary; /* borrows from the import; all 0 before there is one */
    ldbx_store *import_store;    /* what the import saves to: run_store.c */
    int64_t import_revision;     /* as the import counts its saves */
    ldbx_run_step step;
    bool unsaved;        /* the document is ahead of what the store has: a save failed */
    ldbx_error *refused; /* why output or store did not take a save of the import; says more than the import's
                            own error */

    int64_t uncommitted; /* rows written since the last commit */
    int64_t committed_ms;
    int64_t started_us;
    int64_t finished_us;  /* 0: not yet */
    char window_from[48]; /* "" : from the beginning */
    ldbx_buf warnings;    /* of this run, a line each */
} ldbx_run;

/* run_store.c: a store for the import; its saves are saves of the whole document, at commits with the position. */
int ldbx_run_store_new(ldbx_run *run, ldbx_error **error);
/* Makes the output durable and asks where it ends: never NULL on success, borrowed until the sink's next call. */
int ldbx_run_ask_position(ldbx_run *run, const char **position, ldbx_error **error);
/* LDBX_OK, or the failure of a sink hook as "output: message". */
int ldbx_run_sink_status(int status, const char *message, ldbx_error **error);

/* report.c */
void ldbx_report_write(const ldbx_run *run, const ldbx_error *failure, ldbx_buf *out);
/* The short form that the checkpoint keeps and status shows. */
void ldbx_report_write_last_run(const ldbx_run *run, const ldbx_error *failure, ldbx_buf *out);

#endif
