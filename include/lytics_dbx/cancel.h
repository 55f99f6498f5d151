/**
 * @file cancel.h
 * @brief The one thing that may be called from another thread, and from a signal handler.
 *
 * A token is handed to calls that block. Once it is triggered they end with LDBX_CANCELLED within 200 ms, and
 * a statement that is running on the server is told to stop. A token stays triggered; make a new one for new
 * work.
 */
#ifndef LYTICS_DBX_CANCEL_H
#define LYTICS_DBX_CANCEL_H

#include <lytics_dbx/error.h>

LDBX_BEGIN_DECLS

/** A cancel token; opaque. It must outlive every handle that was opened with it. */
typedef struct ldbx_cancel ldbx_cancel;

/**
 * @brief Makes a token.
 * @param out Receives it, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_NO_MEMORY, or LDBX_IO when the process has no file descriptor left.
 * @since 0.1
 */
LDBX_API int ldbx_cancel_new(ldbx_cancel **out, ldbx_error **error);

/**
 * @brief Ends a token.
 * @param cancel May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_cancel_destroy(ldbx_cancel *cancel);

/**
 * @brief Triggers a token. Safe on any thread and in a signal handler.
 * @param cancel May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_cancel_trigger(ldbx_cancel *cancel);

/**
 * @brief Whether the token was triggered.
 * @param cancel May be NULL, which never was.
 * @return 1 or 0.
 * @since 0.1
 */
LDBX_API int ldbx_cancel_is_triggered(const ldbx_cancel *cancel);

LDBX_END_DECLS

#endif
