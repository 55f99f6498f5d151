/**
 * @file types.h
 * @brief Views, progress and the callback contract that all headers share.
 *
 * Callbacks take their user pointer first or last as declared, are called on the thread that made the
 * blocking call, never with a lock held, and return 0 to go on; any other value ends the call with
 * LDBX_STOPPED.
 */
#ifndef LYTICS_DBX_TYPES_H
#define LYTICS_DBX_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include <lytics_dbx/export.h>

LDBX_BEGIN_DECLS

/** Borrowed bytes; text is UTF-8 and is not NUL-terminated. */
typedef struct ldbx_view {
    const char *data; /**< may be NULL when size is 0 */
    size_t size;      /**< bytes */
} ldbx_view;

/** What a long call is doing. */
typedef enum ldbx_phase {
    LDBX_PHASE_CONNECT = 0, /**< opening a session */
    LDBX_PHASE_START = 1,   /**< compute is starting */
    LDBX_PHASE_PLAN = 2,    /**< snapshot and boundaries */
    LDBX_PHASE_READ = 3,    /**< rows are coming */
    LDBX_PHASE_VERIFY = 4,  /**< counting */
    LDBX_PHASE_STAGE = 5,   /**< rows are written to the staging */
    LDBX_PHASE_LOAD = 6     /**< COPY INTO */
} ldbx_phase;

/** One progress report, at most every 200 ms and once at the end of each phase. */
typedef struct ldbx_progress {
    ldbx_phase phase;
    int64_t rows;       /**< rows done so far in this run */
    int64_t rows_total; /**< rows to do, -1 when not known */
    int64_t bytes;      /**< bytes received so far */
    int64_t elapsed_ms; /**< since the call began */
    int attempt;        /**< 1 for the first */
} ldbx_progress;

/**
 * @brief Takes a progress report.
 * @param progress Valid during the call.
 * @param user The pointer that was given with the callback.
 * @return 0 to go on, anything else to stop.
 * @since 0.1
 */
typedef int (*ldbx_progress_fn)(const ldbx_progress *progress, void *user);

LDBX_END_DECLS

#endif
