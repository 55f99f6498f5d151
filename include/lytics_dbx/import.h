/**
 * @file import.h
 * @brief Snapshot import of a table: every row once, in order, resumable.
 *
 * The table's version is pinned, rows are put into a total order (timestamp, then an ordering column over the
 * rest), and each batch ends at a key that is saved when the caller commits. A killed run goes on after the
 * last commit on the same snapshot. One thread at a time.
 */
#ifndef LYTICS_DBX_IMPORT_H
#define LYTICS_DBX_IMPORT_H

#include <lytics_dbx/connection.h>
#include <lytics_dbx/result.h>
#include <lytics_dbx/store.h>

LDBX_BEGIN_DECLS

/** An import; opaque. Must be destroyed before its connection and store. */
typedef struct ldbx_import ldbx_import;

/** What is imported and how. Set up with ldbx_import_options_init(). All text is copied. */
typedef struct ldbx_import_options {
    size_t size;                         /**< sizeof(ldbx_import_options) */
    const char *catalog;                 /**< NULL: the session's */
    const char *database;                /**< required */
    const char *table;                   /**< required */
    const char *timestamp_column;        /**< required: TIMESTAMP, TIMESTAMP_NTZ or DATE */
    const char *record_timestamp_column; /**< time of an event; NULL: the timestamp column */
    const char *stream;                  /**< NULL: databricks_{catalog}_{database}_{table} */
    const char *since;         /**< "yyyy-mm-dd HH:MM:SS" or "yyyy-mm-dd", UTC; rows strictly after it; NULL: all */
    int64_t batch_size;        /**< rows of one query, 1 to 10,000,000; 0: streamed as the server sends them */
    int64_t window_rows;       /**< streamed: rows of one query at most, 5,000,000 */
    int64_t row_limit;         /**< rows of this run at most; 0: all. A run that is cut moves no watermark */
    int64_t query_timeout_s;   /**< 0: none */
    int64_t upper_lag_s;       /**< the newest seconds are left for the next run; 0: none */
    int verify;                /**< 1 (default): rows delivered are checked against a count of the snapshot */
    int prefetch;              /**< 1 (default): as for a statement */
    ldbx_store *store;         /**< required; borrowed */
    const char *key;           /**< under which the store keeps this import; required */
    ldbx_cancel *cancel;       /**< optional; borrowed */
    ldbx_progress_fn progress; /**< optional */
    void *user;                /**< handed to progress */
} ldbx_import_options;

/** Rows of one batch with their identity; borrowed until the next call on the import. */
typedef struct ldbx_import_batch {
    const ldbx_batch *rows; /**< all columns of the table; the ordering column is not among them */
    const char *stream;     /**< where the events belong */
    const char *run;        /**< identifier of the run, the same after a resume */
    int64_t first; /**< ordinal of the first row in the run, from 0; (run, ordinal) names a row of a versioned source */
    int64_t count; /**< rows: those of one record batch of the server */
} ldbx_import_batch;

/** What an import has done. Set up by ldbx_import_summary_get(). */
typedef struct ldbx_import_summary {
    size_t size;             /**< sizeof(ldbx_import_summary) */
    int64_t delivered;       /**< rows committed in this run, all attempts together */
    int64_t total;           /**< rows of the snapshot, -1 before it is known */
    int64_t null_timestamps; /**< rows whose timestamp is NULL: never imported; -1 before it is known */
    int64_t version;         /**< pinned table version, -1: the source has none */
    int64_t attempts;        /**< 1, and one more for each resume */
    int64_t groups_streamed; /**< timestamps with so many rows that they were read by a query of their own */
    int resumed;             /**< this handle went on with an interrupted run */
    int limited;             /**< the run was cut by row_limit */
    int complete;            /**< all rows are delivered and committed */
    int has_watermark;       /**< watermark_us is set */
    int64_t watermark_us;    /**< greatest timestamp of a completed run, microseconds since 1970 */
    const char *run;         /**< borrowed from the import */
    const char *stream;      /**< borrowed from the import */
    const char *
        warning; /**< what a reader of the report should know: why there are no versions, or a new beginning; borrowed */
} ldbx_import_summary;

/**
 * @brief Fills in defaults.
 * @param options Receives them.
 * @param size sizeof(ldbx_import_options) as the caller was compiled.
 * @since 0.1
 */
LDBX_API void ldbx_import_options_init(ldbx_import_options *options, size_t size);

/**
 * @brief Begins a run, or goes on with the one that the store says was interrupted: reads the columns, pins
 * the version, makes the snapshot view. A session that is lost meanwhile is replaced by a new one, inside the call.
 * @param connection Borrowed.
 * @param options Copied.
 * @param out Receives the import, owned by the caller; NULL on failure.
 * @param error May be NULL. Names the table, column or key.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT, LDBX_NOT_FOUND (table or column), LDBX_INVALID_DATA (checkpoint, or
 * a column of a wrong type), LDBX_CONFLICT (another runner), or what a statement or the store came to.
 * @since 0.1
 */
LDBX_API int ldbx_import_open(ldbx_connection *connection, const ldbx_import_options *options, ldbx_import **out,
                              ldbx_error **error);

/**
 * @brief Delivers the next rows. A lost session is reopened inside the call: after the last row delivered, or, where
 * the source has no versions, after the last whole timestamp, so that rows may come twice (a warning says so).
 * @param import The import.
 * @param out Receives the batch, borrowed until the next call; NULL at the end and on failure.
 * @param error May be NULL.
 * @return LDBX_OK; LDBX_DONE when all rows are delivered, counted and the watermark is saved, provided that
 * all were committed before; LDBX_INVALID_DATA when the count differs, LDBX_SESSION_LOST when sessions are lost one
 * after the other and nothing is won, or what a statement or the store came to.
 * @since 0.1
 */
LDBX_API int ldbx_import_next(ldbx_import *import, const ldbx_import_batch **out, ldbx_error **error);

/**
 * @brief Declares that all rows delivered so far are the caller's: the checkpoint is saved, durably.
 * @param import The import.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_CONFLICT (another runner took over), or what the store came to.
 * @since 0.1
 */
LDBX_API int ldbx_import_commit(ldbx_import *import, ldbx_error **error);

/**
 * @brief The rows of a batch as events, one JSON object a line: `{"stream": ..., "ts": ..., "data": {...}}`,
 * NULLs left out.
 * @param import The import.
 * @param out Receives the text of the current batch, borrowed until the next call on the import.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT (no batch), LDBX_INVALID_DATA or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_import_events(ldbx_import *import, ldbx_view *out, ldbx_error **error);

/**
 * @brief What the import has done so far.
 * @param import The import.
 * @param summary Its size must be set; filled.
 * @since 0.1
 */
LDBX_API void ldbx_import_summary_get(const ldbx_import *import, ldbx_import_summary *summary);

/**
 * @brief Ends an import; what was not committed comes again in the next one.
 * @param import May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_import_destroy(ldbx_import *import);

LDBX_END_DECLS

#endif
