#include "workflow/run.h"

#include <string.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/options.h"
#include "base/str.h"

#define COMMIT_ROWS 100000 /* a commit costs two syncs: seldom enough not to be felt, ... */
#define COMMIT_MS   1000   /* ... often enough that a crash repeats a second of work */

void ldbx_job_hooks_init(ldbx_job_hooks *hooks, size_t size)
{
    ldbx_job_hooks defaults = {.size = size};

    ldbx_options_default(hooks, size, &defaults, sizeof defaults);
}

static int take_hooks(ldbx_run *run, const ldbx_job_hooks *hooks, ldbx_error **error)
{
    LDBX_TRY(ldbx_options_take(&run->hooks, sizeof run->hooks, sizeof run->hooks, hooks, "ldbx_job_hooks", error));
    if (run->hooks.store == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "ldbx_job_hooks.store is required");
    LDBX_TRY(
        ldbx_options_take(&run->sink, sizeof run->sink, sizeof run->sink, run->hooks.sink, "ldbx_sink_ops", error));
    if (run->sink.begin == NULL || run->sink.write == NULL || run->sink.position == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "ldbx_sink_ops: begin, write and position are required");
    return LDBX_OK;
}

/* Where the job stands, and whether there is something to do. Nothing is contacted and nothing saved. */
static int prepare(ldbx_run *run, const ldbx_job_hooks *hooks, ldbx_connection *connection, ldbx_error **error)
{
    ldbx_document *document = &run->document;

    LDBX_TRY(take_hooks(run, hooks, error));
    LDBX_TRY(ldbx_document_load(document, run->job, run->hooks.store, error));
    run->loaded = true;
    LDBX_TRY(ldbx_document_check(document, run->job, error));
    if (document->state == LDBX_JOB_COMPLETED && run->hooks.again)
        ldbx_document_start_over(document);
    run->before = document->state;
    run->idle = ldbx_document_is_done(document, run->job);
    if (!run->idle && connection == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "a connection is required: the job is not completed");
    return LDBX_OK;
}

static int open_import(ldbx_run *run, ldbx_connection *connection, ldbx_error **error)
{
    ldbx_import_options options;

    LDBX_TRY(ldbx_run_store_new(run, error));
    ldbx_import_options_init(&options, sizeof options);
    ldbx_import_settings_apply(&run->job->import, &options);
    options.store = run->import_store;
    options.key = run->job->key;
    options.cancel = run->hooks.cancel;
    options.progress = run->hooks.progress;
    options.user = run->hooks.user;
    LDBX_TRY(ldbx_import_open(connection, &options, &run->import, error));
    if (run->document.progress.run.lower.set)
        ldbx_format_timestamp(run->window_from, run->document.progress.run.lower.us, true);
    ldbx_import_summary_get(run->import, &run->summary);
    return LDBX_OK;
}

/* A new run's place in the output is saved before its first byte, or a resume could not cut what was written. */
static int begin_output(ldbx_run *run, ldbx_error **error)
{
    ldbx_document *document = &run->document;
    const char *position = document->position;
    const char *message = NULL;
    int resumed = position != NULL;
    int status = run->sink.begin(run->hooks.sink_user, run->summary.run, resumed ? position : "", resumed, &message);

    LDBX_TRY(ldbx_run_sink_status(status, message, error));
    if (resumed)
        return LDBX_OK;
    LDBX_TRY(ldbx_run_ask_position(run, &position, error));
    LDBX_TRY(ldbx_document_set_position(document, position, error));
    return ldbx_document_save(document, run->job, run->hooks.store, error);
}

static int commit(ldbx_run *run, ldbx_error **error)
{
    run->step = LDBX_STEP_COMMIT;
    LDBX_TRY(ldbx_import_commit(run->import, error));
    run->step = LDBX_STEP_READ;
    run->uncommitted = 0;
    run->committed_ms = ldbx_steady_ms();
    return LDBX_OK;
}

static int write_batch(ldbx_run *run, const ldbx_import_batch *batch, ldbx_error **error)
{
    int64_t commit_rows = run->job->import.batch_size > 0 ? run->job->import.batch_size : COMMIT_ROWS;
    const char *message = NULL;
    ldbx_view events;
    int status;

    LDBX_TRY(ldbx_import_events(run->import, &events, error));
    status = run->sink.write(run->hooks.sink_user, batch, events, &message);
    LDBX_TRY(ldbx_run_sink_status(status, message, error));
    run->uncommitted += batch->count;
    if (run->uncommitted >= commit_rows || ldbx_steady_ms() - run->committed_ms >= COMMIT_MS)
        return commit(run, error);
    return LDBX_OK;
}

static int deliver(ldbx_run *run, ldbx_error **error)
{
    const ldbx_import_batch *batch;
    int status;

    run->committed_ms = ldbx_steady_ms();
    for (;;) {
        status = ldbx_import_next(run->import, &batch, error);
        if (status == LDBX_OK)
            LDBX_TRY(write_batch(run, batch, error));
        else if (status != LDBX_DONE)
            return status;
        else if (run->uncommitted > 0)
            LDBX_TRY(commit(run, error)); /* the import ends once all is committed */
        else
            return LDBX_OK;
    }
}

static int read_and_write(ldbx_run *run, ldbx_connection *connection, ldbx_error **error)
{
    int status;

    run->started_us = ldbx_wall_us();
    status = open_import(run, connection, error);
    if (status == LDBX_OK)
        status = begin_output(run, error);
    if (status == LDBX_OK)
        status = deliver(run, error);
    if (run->refused != NULL && status != LDBX_OK) {
        ldbx_error_move(error, &run->refused);
        status = ldbx_error_status(*error);
    }
    return status;
}

static void warn(ldbx_run *run)
{
    const ldbx_import_summary *summary = &run->summary;
    char watermark[48];

    if (summary->warning[0] != '\0') {
        ldbx_buf_one_line(&run->warnings, ldbx_view_of(summary->warning), LDBX_MAX_ERROR);
        ldbx_buf_byte(&run->warnings, '\n');
    }
    if (summary->limited)
        ldbx_buf_str(&run->warnings, "config.row_limit cut this run: the watermark stays where it was\n");
    if (summary->has_watermark && summary->watermark_us > ldbx_wall_us() + LDBX_US_PER_DAY) {
        ldbx_format_timestamp(watermark, summary->watermark_us, true);
        ldbx_buf_printf(&run->warnings,
                        "watermark %s is more than a day ahead of the clock: rows with earlier timestamps are "
                        "not seen any more\n",
                        watermark);
    }
}

/* When no run came about, the job stays what it was. */
static void settle_state(ldbx_run *run)
{
    ldbx_document *document = &run->document;

    if (ldbx_document_run(document) != NULL)
        document->state = LDBX_JOB_RUNNING;
    else
        document->state = run->before == LDBX_JOB_NEW ? LDBX_JOB_FAILED : run->before;
}

/* Whether the store will take, and should keep, what became of a run that failed. */
static bool is_worth_keeping(const ldbx_run *run, int status)
{
    bool began = ldbx_document_run(&run->document) != NULL || run->before != LDBX_JOB_NEW;

    return !run->unsaved && status != LDBX_CONFLICT && (began || status != LDBX_CANCELLED);
}

static int keep(ldbx_run *run, int status, const ldbx_error *failure, ldbx_error **error)
{
    if (status != LDBX_OK && !is_worth_keeping(run, status))
        return LDBX_OK;
    if (status != LDBX_OK)
        settle_state(run);
    ldbx_buf_reset(&run->document.last_run);
    ldbx_report_write_last_run(run, failure, &run->document.last_run);
    return ldbx_document_save(&run->document, run->job, run->hooks.store, error);
}

/* What a failed run leaves is kept as far as that is possible; its own failure is what is returned. */
static int do_run(ldbx_run *run, ldbx_connection *connection, ldbx_error **error)
{
    int status = read_and_write(run, connection, error);

    run->finished_us = ldbx_wall_us();
    if (run->import != NULL) {
        ldbx_import_summary_get(run->import, &run->summary);
        warn(run);
    }
    if (status == LDBX_OK)
        return keep(run, LDBX_OK, NULL, error);
    keep(run, status, *error, NULL);
    return status;
}

static void clear_run(ldbx_run *run)
{
    ldbx_import_destroy(run->import);
    ldbx_store_destroy(run->import_store);
    ldbx_error_destroy(run->refused);
    ldbx_document_clear(&run->document);
    ldbx_buf_clear(&run->warnings);
}

/* Writes the report; a run that went well fails when there is no memory for it. */
static int tell(ldbx_run *run, int status, const char **report, ldbx_error **error)
{
    ldbx_buf *answer = &run->job->answer;

    ldbx_buf_reset(answer);
    ldbx_report_write(run, status == LDBX_OK ? NULL : *error, answer);
    *report = ldbx_buf_cstr(answer);
    if (*report == NULL && status == LDBX_OK)
        return ldbx_fail_no_memory(error);
    return status;
}

int ldbx_job_run(ldbx_job *job, ldbx_connection *connection, const ldbx_job_hooks *hooks, const char **report,
                 ldbx_error **error)
{
    ldbx_run run = {.job = job, .summary = {.size = sizeof run.summary}};
    ldbx_error *failure = NULL;
    int status;

    if (report != NULL)
        *report = NULL;
    if (job == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "job is NULL");
    ldbx_document_init(&run.document);
    ldbx_buf_init(&run.warnings, LDBX_MAX_DOCUMENT);
    status = prepare(&run, hooks, connection, &failure);
    if (status == LDBX_OK && !run.idle)
        status = do_run(&run, connection, &failure);
    if (report != NULL)
        status = tell(&run, status, report, &failure);
    if (status != LDBX_OK)
        ldbx_error_move(error, &failure);
    ldbx_error_destroy(failure);
    clear_run(&run);
    return status;
}
