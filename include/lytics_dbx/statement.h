/**
 * @file statement.h
 * @brief A SQL text with its parameters and limits.
 */
#ifndef LYTICS_DBX_STATEMENT_H
#define LYTICS_DBX_STATEMENT_H

#include <lytics_dbx/connection.h>
#include <lytics_dbx/result.h>

LDBX_BEGIN_DECLS

/** A statement; opaque. Must be destroyed before its connection. */
typedef struct ldbx_statement ldbx_statement;

/** How a statement runs. Set up with ldbx_statement_options_init(). */
typedef struct ldbx_statement_options {
    size_t size;             /**< sizeof(ldbx_statement_options) */
    int64_t query_timeout_s; /**< the server stops the statement after it, and so do we; 0 is none */
    int repeatable;          /**< running it twice does no harm, so that it may be sent again after a lost answer */
    /**
     * 1 (default): a thread of the library fetches the next page while this one is read, and keeps the result alive on
     * the server while the caller is slow. 0: everything happens on the calling thread; a result that is left unread
     * for 20 minutes or more is then evicted by the server, and reading on ends with LDBX_SESSION_LOST.
     */
    int prefetch;
    ldbx_cancel *cancel;       /**< optional; in place of the connection's */
    ldbx_progress_fn progress; /**< optional; told while the statement runs */
    void *user;                /**< handed to progress */
} ldbx_statement_options;

/**
 * @brief Fills in defaults.
 * @param options Receives them.
 * @param size sizeof(ldbx_statement_options) as the caller was compiled.
 * @since 0.1
 */
LDBX_API void ldbx_statement_options_init(ldbx_statement_options *options, size_t size);

/**
 * @brief Makes a statement; nothing is sent.
 * @param connection Borrowed; must outlive the statement.
 * @param sql UTF-8, sent byte for byte.
 * @param options May be NULL; copied.
 * @param out Receives the statement, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_statement_new(ldbx_connection *connection, ldbx_view sql, const ldbx_statement_options *options,
                                ldbx_statement **out, ldbx_error **error);

/**
 * @brief Ends a statement. Its result, if any, must be destroyed before.
 * @param statement May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_statement_destroy(ldbx_statement *statement);

/**
 * @brief Binds a value to a marker: `:name`, or the next `?` when name is NULL. Never both kinds in one
 * statement.
 * @param statement The statement.
 * @param name Without the colon; NULL for a positional marker.
 * @param type SQL type name: "STRING", "BIGINT", "DECIMAL(10,2)", "TIMESTAMP", ...
 * @param value Text form of the value, copied; data NULL is SQL NULL.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT (over 255 markers, kinds mixed) or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_statement_bind(ldbx_statement *statement, const char *name, const char *type, ldbx_view value,
                                 ldbx_error **error);

/**
 * @brief Runs the statement and waits until its first rows are ready.
 * @param statement The statement; may be executed again after its result was destroyed.
 * @param out Receives the result, owned by the caller; NULL on failure.
 * @param error May be NULL; carries SQLSTATE, class and statement id.
 * @return LDBX_OK, LDBX_SERVER, LDBX_NOT_FOUND (table, schema), LDBX_FORBIDDEN, LDBX_TIMEOUT, LDBX_CANCELLED,
 * LDBX_SESSION_LOST, LDBX_OUTCOME_UNKNOWN (the answer was lost and the statement is not repeatable) or what
 * the connection came to.
 * @since 0.1
 */
LDBX_API int ldbx_statement_execute(ldbx_statement *statement, ldbx_result **out, ldbx_error **error);

/**
 * @brief Runs a statement whose rows are of no interest (DDL, DML, SET).
 * @param connection The connection.
 * @param sql UTF-8.
 * @param options May be NULL.
 * @param modified_rows Receives the number of rows changed, -1 when the server did not say; may be NULL.
 * @param error May be NULL.
 * @return As ldbx_statement_execute().
 * @since 0.1
 */
LDBX_API int ldbx_execute(ldbx_connection *connection, ldbx_view sql, const ldbx_statement_options *options,
                          int64_t *modified_rows, ldbx_error **error);

LDBX_END_DECLS

#endif
