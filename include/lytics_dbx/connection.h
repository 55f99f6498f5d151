/**
 * @file connection.h
 * @brief A session on a SQL warehouse or cluster. One statement at a time, one thread at a time.
 */
#ifndef LYTICS_DBX_CONNECTION_H
#define LYTICS_DBX_CONNECTION_H

#include <lytics_dbx/cancel.h>
#include <lytics_dbx/config.h>
#include <lytics_dbx/error.h>
#include <lytics_dbx/types.h>

LDBX_BEGIN_DECLS

/** An open session; opaque. Ended with ldbx_connection_destroy(). */
typedef struct ldbx_connection ldbx_connection;

/** How to open a connection. Set up with ldbx_connection_options_init(). */
typedef struct ldbx_connection_options {
    size_t size;               /**< sizeof(ldbx_connection_options) */
    ldbx_cancel *cancel;       /**< optional; borrowed, serves the connection for its whole life */
    ldbx_progress_fn progress; /**< optional; told of CONNECT and START phases */
    void *user;                /**< handed to progress */
} ldbx_connection_options;

/**
 * @brief Fills in defaults.
 * @param options Receives them.
 * @param size sizeof(ldbx_connection_options) as the caller was compiled.
 * @since 0.1
 */
LDBX_API void ldbx_connection_options_init(ldbx_connection_options *options, size_t size);

/**
 * @brief Opens a session; waits for compute that is starting (start_timeout_ms, 900 s) and reports the wait
 * as progress.
 * @param config Copied.
 * @param options May be NULL.
 * @param out Receives the connection, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT (something is missing), LDBX_UNAUTHENTICATED, LDBX_FORBIDDEN,
 * LDBX_NOT_FOUND (http path), LDBX_UNAVAILABLE, LDBX_TIMEOUT, LDBX_CANCELLED, LDBX_PROTOCOL (not a Databricks
 * endpoint) or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_connection_open(const ldbx_config *config, const ldbx_connection_options *options,
                                  ldbx_connection **out, ldbx_error **error);

/**
 * @brief Closes the session (one short call to the server, at most 5 s, its outcome ignored) and ends the
 * handle. Statements, results and imports of the connection must be destroyed before.
 * @param connection May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_connection_destroy(ldbx_connection *connection);

/**
 * @brief Asks the server whether session and compute answer (`SELECT 1`).
 * @param connection The connection.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_SESSION_LOST, or what the statement came to.
 * @since 0.1
 */
LDBX_API int ldbx_connection_ping(ldbx_connection *connection, ldbx_error **error);

/**
 * @brief Protocol version that the server agreed to: 0xA501 and above on Databricks.
 * @param connection The connection.
 * @return The number.
 * @since 0.1
 */
LDBX_API int ldbx_connection_protocol(const ldbx_connection *connection);

/**
 * @brief Identifier of the session (8-4-4-4-12 hexadecimal digits).
 * @param connection The connection.
 * @return Borrowed for the life of the connection.
 * @since 0.1
 */
LDBX_API const char *ldbx_connection_session_id(const ldbx_connection *connection);

LDBX_END_DECLS

#endif
