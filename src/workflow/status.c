/* What can be asked of a job without running it. */
#include "workflow/document.h"

#include "base/error.h"
#include "store/store.h"

static int check_arguments(const ldbx_job *job, const ldbx_store *store, const void *out, ldbx_error **error)
{
    if (job != NULL && store != NULL && out != NULL)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL",
                     job == NULL     ? "job"
                     : store == NULL ? "store"
                                     : "the result");
}

/* A job that differs from its checkpoint is refused here too: a host asks before it contacts anything. */
int ldbx_job_is_due(ldbx_job *job, ldbx_store *store, int *due, ldbx_error **error)
{
    ldbx_document document;
    int status;

    LDBX_TRY(check_arguments(job, store, due, error));
    ldbx_document_init(&document);
    LDBX_GO(ldbx_document_load(&document, job, store, error));
    LDBX_GO(ldbx_document_check(&document, job, error));
    *due = !ldbx_document_is_done(&document, job);
out:
    ldbx_document_clear(&document);
    return status;
}

static void write_status(const ldbx_job *job, const ldbx_document *document, ldbx_buf *out)
{
    ldbx_json_writer writer = {out, false};
    char watermark[48];

    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_text(&writer, "job", job->name);
    ldbx_json_put_text(&writer, "type", job->type);
    ldbx_json_put_text(&writer, "state", ldbx_job_state_name(document->state));
    ldbx_json_put_text(&writer, "watermark", ldbx_document_watermark(document, watermark));
    ldbx_json_put_text(&writer, "run", ldbx_document_run(document));
    ldbx_json_put_text(&writer, "position", document->position);
    if (document->last_run.size > 0)
        ldbx_json_put_raw(&writer, "last_run", ldbx_buf_get(&document->last_run));
    else
        ldbx_json_put_null(&writer, "last_run");
    ldbx_json_put_null(&writer, "next_due");
    ldbx_json_end_object(&writer);
}

int ldbx_job_status(ldbx_job *job, ldbx_store *store, const char **status_text, ldbx_error **error)
{
    ldbx_document document;
    int status;

    LDBX_TRY(check_arguments(job, store, status_text, error));
    *status_text = NULL;
    ldbx_document_init(&document);
    LDBX_GO(ldbx_document_load(&document, job, store, error));
    ldbx_buf_reset(&job->answer);
    write_status(job, &document, &job->answer);
    *status_text = ldbx_buf_cstr(&job->answer);
    if (*status_text == NULL)
        status = ldbx_fail_no_memory(error);
out:
    ldbx_document_clear(&document);
    return status;
}

int ldbx_job_reset(ldbx_job *job, ldbx_store *store, ldbx_error **error)
{
    LDBX_TRY(check_arguments(job, store, job, error));
    return ldbx_store_remove(store, job->key, error);
}
