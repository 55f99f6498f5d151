/* Making errors. Lower layers set, upper layers prefix only what they know in addition. */
#ifndef LDBX_BASE_ERROR_H
#define LDBX_BASE_ERROR_H

#include <stdbool.h>

#include <lytics_dbx/error.h>
#include <lytics_dbx/types.h>

/* What an error may carry besides status and message; unset members are NULL or 0. */
typedef struct ldbx_error_facts {
    const char *sqlstate;
    const char *error_class;
    const char *statement_id;
    int http_status;
    int retry; /* an ldbx_retry, or -1: the status's default */
} ldbx_error_facts;

/* Replaces *error (NULL is fine) and returns status, so that a caller can write `return ldbx_fail(error,
 * LDBX_IO, "...")`. */
int ldbx_fail(ldbx_error **error, ldbx_status status, const char *format, ...) LDBX_PRINTF(3, 4);
int ldbx_fail_facts(ldbx_error **error, ldbx_status status, const ldbx_error_facts *facts, const char *format, ...)
    LDBX_PRINTF(4, 5);
int ldbx_fail_no_memory(ldbx_error **error);

/* Puts "prefix: " in front of the message of *error, if there is one; it becomes the cause of the new one.
 * The status stays. */
void ldbx_error_prefix(ldbx_error **error, const char *format, ...) LDBX_PRINTF(2, 3);
/* Gives *error another retry verdict, if there is an error. */
void ldbx_error_set_retry(ldbx_error **error, ldbx_retry retry);
/* For a hook that failed with `status`, and may have made no error, or one of another status: *error becomes one of the
 * status that is returned. */
int ldbx_error_of_hook(ldbx_error **error, int status);
/* Moves an error from a local to the caller's slot; destroys it when there is no slot. */
void ldbx_error_move(ldbx_error **to, ldbx_error **from);
/* "file not found" and the like for an errno value, thread-safe; out is filled and returned. */
const char *ldbx_errno_text(int number, char out[128]);

/* Returns from the calling function when a status is not LDBX_OK. For functions that have nothing to release.
 */
#define LDBX_TRY(call)                                                                                                 \
    do {                                                                                                               \
        int ldbx_try_status = (call);                                                                                  \
        if (ldbx_try_status != LDBX_OK)                                                                                \
            return ldbx_try_status;                                                                                    \
    } while (0)

/* Goes to `out` when a status is not LDBX_OK; needs a local `int status` and a label. For functions that
 * release things. */
#define LDBX_GO(call)                                                                                                  \
    do {                                                                                                               \
        status = (call);                                                                                               \
        if (status != LDBX_OK)                                                                                         \
            goto out;                                                                                                  \
    } while (0)

#endif
