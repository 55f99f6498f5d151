#include "workflow/run.h"

#include "base/error.h"
#include "store/store.h"

int ldbx_run_sink_status(int status, const char *message, ldbx_error **error)
{
    ldbx_status failure = status > 0 ? LDBX_STOPPED : (ldbx_status)status;

    if (status == LDBX_OK)
        return LDBX_OK;
    return ldbx_fail(error, failure, "output: %s", message != NULL ? message : ldbx_status_text(failure));
}

int ldbx_run_ask_position(ldbx_run *run, const char **position, ldbx_error **error)
{
    const char *message = NULL;
    int status;

    *position = NULL;
    status = run->sink.position(run->hooks.sink_user, position, &message);
    if (status == LDBX_OK && *position == NULL)
        *position = "";
    return ldbx_run_sink_status(status, message, error);
}

static int import_load(void *user, const char *key, ldbx_store_take_fn take, void *context, const char **message)
{
    ldbx_run *run = user;

    (void)key;
    (void)message;
    if (run->document.import.size == 0)
        return LDBX_NOT_FOUND;
    return take(ldbx_buf_get(&run->document.import), run->import_revision, context) == 0 ? LDBX_OK : LDBX_STOPPED;
}

/* A run that has ended needs no position, and the job's state changes in the same save. */
static int change_document(ldbx_run *run, ldbx_view import, const char *position, ldbx_error **error)
{
    ldbx_document *document = &run->document;

    LDBX_TRY(ldbx_document_set_import(document, import, error));
    if (ldbx_document_run(document) == NULL) {
        document->state = run->job->import.continuous_update ? LDBX_JOB_SLEEPING : LDBX_JOB_COMPLETED;
        return ldbx_document_set_position(document, NULL, error);
    }
    document->state = LDBX_JOB_RUNNING;
    return position != NULL ? ldbx_document_set_position(document, position, error) : LDBX_OK;
}

/* The position is asked for at commits only: else rows may lie before it that the import would deliver again. */
static int save_import(ldbx_run *run, ldbx_view import, ldbx_error **error)
{
    const char *position = NULL;

    if (run->step == LDBX_STEP_COMMIT)
        LDBX_TRY(ldbx_run_ask_position(run, &position, error));
    run->unsaved = true;
    LDBX_TRY(change_document(run, import, position, error));
    LDBX_TRY(ldbx_document_save(&run->document, run->job, run->hooks.store, error));
    run->unsaved = false;
    return LDBX_OK;
}

/* The import adds words of its own to the message, so run.c puts run->refused in the place of what comes of it. */
static int answer(ldbx_run *run, int status, const char **message)
{
    if (status != LDBX_OK)
        *message = ldbx_error_message(run->refused);
    return status;
}

static int import_save(void *user, const char *key, ldbx_view document, int64_t expected, const char **message)
{
    ldbx_run *run = user;
    int status;

    (void)key;
    if (expected != run->import_revision)
        return LDBX_CONFLICT;
    status = save_import(run, document, &run->refused);
    if (status == LDBX_OK)
        run->import_revision++;
    return answer(run, status, message);
}

static int import_remove(void *user, const char *key, const char **message)
{
    ldbx_run *run = user;
    int status = ldbx_document_set_import(&run->document, (ldbx_view){0}, &run->refused);

    (void)key;
    run->import_revision = 0;
    if (status == LDBX_OK)
        status = ldbx_document_save(&run->document, run->job, run->hooks.store, &run->refused);
    return answer(run, status, message);
}

int ldbx_run_store_new(ldbx_run *run, ldbx_error **error)
{
    static const ldbx_store_ops ops = {sizeof ops, import_load, import_save, import_remove, NULL};

    run->import_revision = run->document.import.size > 0;
    return ldbx_store_new(&ops, run, &run->import_store, error);
}
