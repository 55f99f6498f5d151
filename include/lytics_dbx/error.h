/**
 * @file error.h
 * @brief Statuses and the error object.
 *
 * Every function that can fail returns an ldbx_status and takes an `ldbx_error **` last. It may be NULL.
 * Otherwise the pointer behind it must be NULL or hold the error of an earlier call, which is destroyed and
 * replaced; on success it is left alone. Branch on the status, show the message to people.
 */
#ifndef LYTICS_DBX_ERROR_H
#define LYTICS_DBX_ERROR_H

#include <lytics_dbx/export.h>

LDBX_BEGIN_DECLS

/** What a call came to: 0 is success, LDBX_DONE the end of a sequence, everything below 0 a failure. */
typedef enum ldbx_status {
#define X(name, value, text, retry) LDBX_##name = value,
#include <lytics_dbx/status.def>
#undef X
    LDBX_STATUS_LAST = LDBX_DONE
} ldbx_status;

/** Whether the same call may be made again. */
typedef enum ldbx_retry {
    LDBX_RETRY_NEVER = 0,  /**< it would fail again, or the caller must change something first */
    LDBX_RETRY_SAFE = 1,   /**< the server did nothing, or doing it twice does no harm */
    LDBX_RETRY_UNKNOWN = 2 /**< the statement may have run: look before you repeat it */
} ldbx_retry;

/** What went wrong; opaque. Owned by the caller, who ends it with ldbx_error_destroy(). */
typedef struct ldbx_error ldbx_error;

/**
 * @brief Ends an error and its causes.
 * @param error May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_error_destroy(ldbx_error *error);

/**
 * @brief Makes an error: for hooks that take an `ldbx_error **`.
 * @param error Replaced; NULL is fine.
 * @param status Below 0; anything else becomes LDBX_STOPPED.
 * @param message One line of UTF-8, copied: line ends and control characters become blanks; NULL: what the status means.
 * @return The status of the error, so that a hook can return it.
 * @since 0.1
 */
LDBX_API int ldbx_error_set(ldbx_error **error, int status, const char *message);

/**
 * @brief The status that the failing call returned.
 * @param error May be NULL, which is LDBX_OK.
 * @return The status.
 * @since 0.1
 */
LDBX_API ldbx_status ldbx_error_status(const ldbx_error *error);

/**
 * @brief One line of UTF-8 for people, without a final dot and without secrets.
 * @param error May be NULL, which is "".
 * @return Borrowed, valid until the error is destroyed or replaced.
 * @since 0.1
 */
LDBX_API const char *ldbx_error_message(const ldbx_error *error);

/**
 * @brief Five characters of SQLSTATE where the server gave them ("42P01").
 * @param error May be NULL.
 * @return Borrowed, or "" when there is none.
 * @since 0.1
 */
LDBX_API const char *ldbx_error_sqlstate(const ldbx_error *error);

/**
 * @brief The server's error class where it gave one ("TABLE_OR_VIEW_NOT_FOUND").
 * @param error May be NULL.
 * @return Borrowed, or "" when there is none.
 * @since 0.1
 */
LDBX_API const char *ldbx_error_class(const ldbx_error *error);

/**
 * @brief Identifier of the statement as query history shows it (8-4-4-4-12 hexadecimal digits).
 * @param error May be NULL.
 * @return Borrowed, or "" when no statement had begun.
 * @since 0.1
 */
LDBX_API const char *ldbx_error_statement_id(const ldbx_error *error);

/**
 * @brief HTTP status of the answer that caused the error.
 * @param error May be NULL.
 * @return The status, or 0 when no HTTP answer was the cause.
 * @since 0.1
 */
LDBX_API int ldbx_error_http_status(const ldbx_error *error);

/**
 * @brief Whether the failed call may be made again.
 * @param error May be NULL, which is LDBX_RETRY_NEVER.
 * @return The verdict.
 * @since 0.1
 */
LDBX_API ldbx_retry ldbx_error_retry(const ldbx_error *error);

/**
 * @brief The error below this one.
 * @param error May be NULL.
 * @return Borrowed, or NULL when there is none.
 * @since 0.1
 */
LDBX_API const ldbx_error *ldbx_error_cause(const ldbx_error *error);

/**
 * @brief Name of a status as it stands in the code ("SESSION_LOST").
 * @param status Any number.
 * @return A static string; "UNKNOWN" for a number that is no status.
 * @since 0.1
 */
LDBX_API const char *ldbx_status_name(int status);

/**
 * @brief What a status means, in a few words.
 * @param status Any number.
 * @return A static string.
 * @since 0.1
 */
LDBX_API const char *ldbx_status_text(int status);

LDBX_END_DECLS

#endif
