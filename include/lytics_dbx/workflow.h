/**
 * @file workflow.h
 * @brief Jobs: the Lytics job envelope, checked, run once, resumed, reported.
 */
#ifndef LYTICS_DBX_WORKFLOW_H
#define LYTICS_DBX_WORKFLOW_H

#include <lytics_dbx/cancel.h>
#include <lytics_dbx/config.h>
#include <lytics_dbx/import.h>
#include <lytics_dbx/store.h>

LDBX_BEGIN_DECLS

/** A job; opaque. */
typedef struct ldbx_job ldbx_job;

/**
 * Where events go. `begin` is called once before the first write, with what `position` last gave for an
 * interrupted run (which may have had to begin anew) or "" for a new one; what lies after that position was not committed and must be dropped. All hooks return
 * LDBX_OK or a status below 0; `*message` may name the reason.
 */
typedef struct ldbx_sink_ops {
    size_t size; /**< sizeof(ldbx_sink_ops) */
    /** Makes ready; `resumed` is 1 when a run goes on. */
    int (*begin)(void *user, const char *run, const char *position, int resumed, const char **message);
    /** Takes the rows of one batch; `events` is the batch as JSON lines. */
    int (*write)(void *user, const ldbx_import_batch *batch, ldbx_view events, const char **message);
    /** Makes all that was written durable and says where it ends: text that the checkpoint keeps, borrowed
     * until the next call. */
    int (*position)(void *user, const char **position, const char **message);
} ldbx_sink_ops;

/** What a run needs from its host. Set up with ldbx_job_hooks_init(). */
typedef struct ldbx_job_hooks {
    size_t size;               /**< sizeof(ldbx_job_hooks) */
    ldbx_store *store;         /**< required; borrowed */
    const ldbx_sink_ops *sink; /**< required for an import; borrowed */
    void *sink_user;           /**< handed to the sink */
    ldbx_cancel *cancel;       /**< optional; borrowed */
    ldbx_progress_fn progress; /**< optional */
    void *user;                /**< handed to progress */
    int again;                 /**< start over a job that is completed */
} ldbx_job_hooks;

/**
 * @brief Fills in defaults.
 * @param hooks Receives them.
 * @param size sizeof(ldbx_job_hooks) as the caller was compiled.
 * @since 0.1
 */
LDBX_API void ldbx_job_hooks_init(ldbx_job_hooks *hooks, size_t size);

/**
 * @brief Reads and checks a job; nothing is contacted.
 * @param json UTF-8, `{"type", "name", "description", "aid", "auth_ids", "config", "options"}`.
 * @param out Receives the job, owned by the caller; NULL on failure.
 * @param error May be NULL. Its message has a line for each thing that is wrong, naming the key and what
 * would be right.
 * @return LDBX_OK, LDBX_INVALID_DATA or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_job_open(ldbx_view json, ldbx_job **out, ldbx_error **error);

/**
 * @brief As ldbx_job_open(), from a file.
 * @param path The file.
 * @param out Receives the job, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return As ldbx_job_open(), or LDBX_IO.
 * @since 0.1
 */
LDBX_API int ldbx_job_open_file(const char *path, ldbx_job **out, ldbx_error **error);

/**
 * @brief Ends a job.
 * @param job May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_job_destroy(ldbx_job *job);

/**
 * @brief Name (Label) of the job.
 * @param job The job.
 * @return Borrowed.
 * @since 0.1
 */
LDBX_API const char *ldbx_job_name(const ldbx_job *job);

/**
 * @brief What the job will do, as one JSON object: type, name, source, stream, settings in force, warnings.
 * @param job The job.
 * @return Borrowed.
 * @since 0.1
 */
LDBX_API const char *ldbx_job_describe(const ldbx_job *job);

/**
 * @brief One run now: an interrupted run is finished, otherwise a new one starts. A completed one-time job
 * changes nothing.
 * @param job The job.
 * @param connection Borrowed; NULL is allowed when the job is completed already, which ldbx_job_is_due()
 * tells.
 * @param hooks Borrowed.
 * @param report Receives one JSON object (behaviour: report), borrowed until the next call on the job; set
 * also on failure; may be NULL.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_CONFLICT, LDBX_CANCELLED, LDBX_INVALID_DATA, LDBX_INVALID_ARGUMENT (the job's keys
 * differ from its checkpoint), or what the import came to.
 * @since 0.1
 */
LDBX_API int ldbx_job_run(ldbx_job *job, ldbx_connection *connection, const ldbx_job_hooks *hooks, const char **report,
                          ldbx_error **error);

/**
 * @brief Whether a run would do anything: 0 only for a one-time job that is completed.
 * @param job The job.
 * @param store Borrowed.
 * @param due Receives 1 or 0.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_CONFLICT, LDBX_INVALID_ARGUMENT (the job's keys differ from its checkpoint), LDBX_INVALID_DATA or LDBX_IO.
 * @since 0.1
 */
LDBX_API int ldbx_job_is_due(ldbx_job *job, ldbx_store *store, int *due, ldbx_error **error);

/**
 * @brief State, watermark and last run of the job, as one JSON object.
 * @param job The job.
 * @param store Borrowed.
 * @param status Receives the text, borrowed until the next call on the job.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_DATA or LDBX_IO.
 * @since 0.1
 */
LDBX_API int ldbx_job_status(ldbx_job *job, ldbx_store *store, const char **status, ldbx_error **error);

/**
 * @brief Forgets the job: its checkpoint is removed, the next run starts from the beginning.
 * @param job The job.
 * @param store Borrowed.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_CONFLICT or LDBX_IO.
 * @since 0.1
 */
LDBX_API int ldbx_job_reset(ldbx_job *job, ldbx_store *store, ldbx_error **error);

LDBX_END_DECLS

#endif
