/**
 * @file store.h
 * @brief Where checkpoints live: hooks of the host, or the built-in directory and memory stores.
 *
 * A store holds one document under each key, with a revision that grows by one at each save. A save names the
 * revision that it replaces; a store whose document has another one refuses (LDBX_CONFLICT), which is how a
 * second runner of the same job is stopped.
 */
#ifndef LYTICS_DBX_STORE_H
#define LYTICS_DBX_STORE_H

#include <lytics_dbx/error.h>
#include <lytics_dbx/types.h>

LDBX_BEGIN_DECLS

/** A checkpoint store; opaque. */
typedef struct ldbx_store ldbx_store;

/**
 * @brief Takes a document while it is being loaded.
 * @param document Valid during the call.
 * @param revision At least 1.
 * @param context As given to load.
 * @return 0 to go on.
 * @since 0.1
 */
typedef int (*ldbx_store_take_fn)(ldbx_view document, int64_t revision, void *context);

/**
 * Hooks of a store. Each returns LDBX_OK or a status of its own choice below 0; `*message`, when set, is a
 * static or host-owned line for people that lives until the next call.
 */
typedef struct ldbx_store_ops {
    size_t size; /**< sizeof(ldbx_store_ops) */
    /** Calls take once with the document under key; LDBX_NOT_FOUND when there is none. */
    int (*load)(void *user, const char *key, ldbx_store_take_fn take, void *context, const char **message);
    /** Replaces the document if its revision is still `expected` (0: there is none yet), else LDBX_CONFLICT.
     * Durable when it returns. */
    int (*save)(void *user, const char *key, ldbx_view document, int64_t expected, const char **message);
    /** Removes the document; LDBX_OK also when there was none. */
    int (*remove)(void *user, const char *key, const char **message);
    /** Ends what user points to; may be NULL. */
    void (*destroy)(void *user);
} ldbx_store_ops;

/**
 * @brief Makes a store from hooks.
 * @param ops Copied.
 * @param user Handed to each hook.
 * @param out Receives the store, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_store_new(const ldbx_store_ops *ops, void *user, ldbx_store **out, ldbx_error **error);

/** How a directory store is opened. */
typedef enum ldbx_store_mode {
    LDBX_STORE_WRITE = 0, /**< makes the folder; the first call for a key locks it until the store is destroyed */
    LDBX_STORE_READ = 1   /**< takes no lock and writes nothing */
} ldbx_store_mode;

/**
 * @brief A store of one file a key in a folder: replaced atomically, durable (file and folder are
 * synchronised), checked by a checksum, locked.
 * @param path The folder.
 * @param mode How.
 * @param out Receives the store, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_IO, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_store_open_directory(const char *path, ldbx_store_mode mode, ldbx_store **out, ldbx_error **error);

/**
 * @brief A store that lives as long as its handle.
 * @param out Receives the store, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_store_new_memory(ldbx_store **out, ldbx_error **error);

/**
 * @brief Ends a store and gives its locks back.
 * @param store May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_store_destroy(ldbx_store *store);

LDBX_END_DECLS

#endif
