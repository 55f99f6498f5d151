/*
 * The one document of a job in its store: where the job stands, where its output ends, and the import's own
 * checkpoint, saved together, so that a crash never parts them.
 */
#ifndef LDBX_WORKFLOW_DOCUMENT_H
#define LDBX_WORKFLOW_DOCUMENT_H

#include "import/checkpoint.h"
#include "workflow/job.h"

typedef enum ldbx_job_state {
    LDBX_JOB_NEW, /* never ran */
    LDBX_JOB_RUNNING,
    LDBX_JOB_SLEEPING,
    LDBX_JOB_COMPLETED,
    LDBX_JOB_FAILED
} ldbx_job_state;

typedef struct ldbx_document {
    int64_t revision; /* in the store; 0: nothing is saved */
    cJSON *saved;     /* as it was loaded, or NULL */
    ldbx_job_state state;
    char *position;    /* where the output of the run in progress ends; NULL: it has none yet, or no run is in
                          progress */
    ldbx_buf last_run; /* JSON object; empty: none has ended */

    ldbx_buf import;                 /* the import's document; empty: none */
    ldbx_import_checkpoint progress; /* what it says */
} ldbx_document;

void ldbx_document_init(ldbx_document *document);
void ldbx_document_clear(ldbx_document *document);

/* LDBX_INVALID_DATA when it is not one of ours, or another job's. No document: the job is new. */
int ldbx_document_load(ldbx_document *document, const ldbx_job *job, ldbx_store *store, ldbx_error **error);
/* Whether the job still reads the same rows to the same place, if it ever began; LDBX_INVALID_ARGUMENT names the key that
 * differs. */
int ldbx_document_check(const ldbx_document *document, const ldbx_job *job, ldbx_error **error);
int ldbx_document_save(ldbx_document *document, const ldbx_job *job, ldbx_store *store, ldbx_error **error);

/* Takes over the import's document; empty: it has none any more. */
int ldbx_document_set_import(ldbx_document *document, ldbx_view import, ldbx_error **error);
/* NULL: none. */
int ldbx_document_set_position(ldbx_document *document, const char *position, ldbx_error **error);
/* As if the job had never run. */
void ldbx_document_start_over(ldbx_document *document);

/* A one-time job that is completed: another run would change nothing. */
bool ldbx_document_is_done(const ldbx_document *document, const ldbx_job *job);
/* Of the run in progress, or NULL. */
const char *ldbx_document_run(const ldbx_document *document);
/* Of the last completed run, as text; NULL: there is none. */
const char *ldbx_document_watermark(const ldbx_document *document, char out[48]);

const char *ldbx_job_state_name(ldbx_job_state state);

#endif
