/**
 * @file runtime.h
 * @brief The two global settings: allocator and log sink. Set them before the first other call.
 */
#ifndef LYTICS_DBX_RUNTIME_H
#define LYTICS_DBX_RUNTIME_H

#include <lytics_dbx/error.h>
#include <lytics_dbx/types.h>

LDBX_BEGIN_DECLS

/** Memory functions of the host. They must be safe on any thread. */
typedef struct ldbx_allocator {
    size_t size; /**< sizeof(ldbx_allocator) */
    void *(*allocate)(size_t bytes, void *user);
    /** old_bytes is what was asked for before; behaves as realloc(). */
    void *(*reallocate)(void *memory, size_t old_bytes, size_t bytes, void *user);
    void (*release)(void *memory, void *user); /**< never called with NULL */
    void *user;
} ldbx_allocator;

/**
 * @brief Replaces the allocator. Call it before any handle exists, from one thread.
 * @param allocator Copied; NULL brings malloc() back.
 * @return LDBX_OK, or LDBX_INVALID_ARGUMENT when a function is missing or the size is not known.
 * @since 0.1
 */
LDBX_API int ldbx_set_allocator(const ldbx_allocator *allocator);

/** How much a log line matters. */
typedef enum ldbx_log_level {
    LDBX_LOG_ERROR = 0,
    LDBX_LOG_WARNING = 1,
    LDBX_LOG_INFO = 2,
    LDBX_LOG_DEBUG = 3
} ldbx_log_level;

/**
 * @brief Takes one log line: UTF-8, no line end, no secrets. May be called on any thread.
 * @param level How much it matters.
 * @param component Which part speaks ("net", "client", "import", ...).
 * @param line Valid during the call.
 * @param user The pointer that was given with the sink.
 * @since 0.1
 */
typedef void (*ldbx_log_fn)(ldbx_log_level level, const char *component, const char *line, void *user);

/**
 * @brief Sets the log sink. Nothing is logged until then.
 * @param sink NULL turns logging off.
 * @param level The least important level that is passed on.
 * @param user Handed to the sink.
 * @since 0.1
 */
LDBX_API void ldbx_set_log_sink(ldbx_log_fn sink, ldbx_log_level level, void *user);

LDBX_END_DECLS

#endif
