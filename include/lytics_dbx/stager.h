/**
 * @file stager.h
 * @brief Where a load puts its files before COPY INTO reads them: S3, a Unity Catalog volume, a directory, or
 * hooks of the host.
 *
 * An object is written once and never replaced: a name that exists already is refused. Small objects are put in
 * one call; larger ones are begun, sent block by block (several blocks at once where the stager allows it) and
 * finished, and are not visible before that.
 */
#ifndef LYTICS_DBX_STAGER_H
#define LYTICS_DBX_STAGER_H

#include <lytics_dbx/cancel.h>
#include <lytics_dbx/config.h>
#include <lytics_dbx/error.h>
#include <lytics_dbx/types.h>

LDBX_BEGIN_DECLS

/** A place for staged files; opaque. It must outlive the loaders that use it. */
typedef struct ldbx_stager ldbx_stager;

/** By which right COPY INTO reads what was staged. */
typedef enum ldbx_access_kind {
    LDBX_ACCESS_EXTERNAL = 0, /**< of the session: an external location or a volume covers the address */
    LDBX_ACCESS_NAMED = 1,    /**< of a storage credential, by its name */
    LDBX_ACCESS_INLINE = 2    /**< of AWS keys that are written into the statement when it is sent */
} ldbx_access_kind;

/** Rights for one COPY INTO. The texts are borrowed until the next call of the hook that gave them. */
typedef struct ldbx_access {
    size_t size; /**< sizeof(ldbx_access) */
    ldbx_access_kind kind;
    const char *credential;        /**< NAMED: its name */
    const char *access_key_id;     /**< INLINE */
    const char *secret_access_key; /**< INLINE; never logged nor kept */
    const char *session_token;     /**< INLINE, of temporary keys; NULL: none */
} ldbx_access;

/**
 * Hooks of a stager. Each returns LDBX_OK or a status of its own choice below 0, for which it may make an error by
 * ldbx_error_set(). They may be called on threads of the library, at most `parallel` at once and one at a time for
 * one transfer except `block`; with parallel = 1 all are called on the thread of the caller. Repeats after failures
 * that may heal are the stager's business. Names are relative, of the letters [A-Za-z0-9._-] and `/`; none of their
 * parts is empty or begins with `.` or `_`. `cancel` may be NULL.
 */
typedef struct ldbx_stager_ops {
    size_t size; /**< sizeof(ldbx_stager_ops) */
    /** Writes a whole object of up to block_bytes, durably. LDBX_CONFLICT: the name exists with other bytes. */
    int (*put)(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
               ldbx_error **error);
    /** Removes an object and what unfinished transfers of that name left; LDBX_OK also when there was none. */
    int (*remove)(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **error);
    /** Begins an object of several blocks. May be NULL, with block, finish and abandon: parts then end at
     * block_bytes. */
    int (*begin)(void *user, const char *name, void **transfer, ldbx_cancel *cancel, ldbx_error **error);
    /** Sends one block; `index` counts from 0; all but the last have block_bytes. May be called for several blocks
     * at once and in any order. */
    int (*block)(void *user, void *transfer, int64_t index, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                 ldbx_error **error);
    /** Makes the object visible, durably; all its blocks were sent. Ends the transfer, also on failure. */
    int (*finish)(void *user, void *transfer, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error);
    /** Ends a transfer whose object is not wanted any more, as far as that works at once. */
    void (*abandon)(void *user, void *transfer);
    /** Looks whether an object is still there with that length and checksum, before it is loaded: LDBX_NOT_FOUND,
     * LDBX_INVALID_DATA. May be NULL: not looked at, and since COPY INTO passes over a file that is not there, one that is
     * missing is found by counts alone; a COPY INTO of as many files and rows by somebody else could hide it. */
    int (*check)(void *user, const char *name, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error);
    /** Rights for the next COPY INTO; asked for before each. May be NULL, which is LDBX_ACCESS_EXTERNAL. */
    int (*access)(void *user, ldbx_access *out, ldbx_error **error);
    /** Ends what user points to; may be NULL. */
    void (*destroy)(void *user);
} ldbx_stager_ops;

/** What a stager of the host is like. Set up with ldbx_stager_options_init(). */
typedef struct ldbx_stager_options {
    size_t size;         /**< sizeof(ldbx_stager_options) */
    const char *url;     /**< required: the address that COPY INTO reads; a name follows behind a slash. As it is, never
                          percent-encoded; none of `* ? [ ] { } \` nor control characters. Copied */
    int64_t block_bytes; /**< largest content of one call, 64 KiB to 256 MiB; default 5 MiB */
    int parallel;        /**< calls at once, 1 to 64; default 1: on the thread of the caller */
} ldbx_stager_options;

/**
 * @brief Fills in defaults.
 * @param options Receives them.
 * @param size sizeof(ldbx_stager_options) as the caller was compiled.
 * @since 0.1
 */
LDBX_API void ldbx_stager_options_init(ldbx_stager_options *options, size_t size);

/**
 * @brief Makes a stager from hooks.
 * @param ops Copied. put and remove are required; begin, block, finish and abandon only together.
 * @param options Copied.
 * @param user Handed to each hook; ended by the destroy hook, not when this call fails.
 * @param out Receives the stager, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_stager_new(const ldbx_stager_ops *ops, const ldbx_stager_options *options, void *user,
                             ldbx_stager **out, ldbx_error **error);

/**
 * @brief Makes a stager that puts its files into a directory, for a warehouse that sees the same disk. A file has its
 * name when it is whole and durable, not before; it is as readable as the umask lets it be.
 * @param path The directory; made if it is not there.
 * @param url Its address for COPY INTO; NULL: `file:` and the real path.
 * @param out Receives the stager, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT, LDBX_IO (cannot be made, is a file, may not be written to) or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_stager_open_directory(const char *path, const char *url, ldbx_stager **out, ldbx_error **error);

/** Where the files lie in S3, or in what speaks its protocol. Set up with ldbx_s3_options_init(); texts are copied. */
typedef struct ldbx_s3_options {
    size_t size;          /**< sizeof(ldbx_s3_options) */
    const char *bucket;   /**< required */
    const char *prefix;   /**< before the names of all files, segments with single slashes between; NULL: none */
    const char *region;   /**< default "us-east-1" */
    const char *endpoint; /**< NULL: Amazon's of the region; "https://host[:port][/path]", or "http://" of loopback */
    const char *access_key_id;     /**< required without `credentials`, with the next one */
    const char *secret_access_key; /**< never logged */
    const char *session_token;     /**< of temporary keys; NULL: none */
    int path_style;   /**< 1: the bucket stands in the path, 0: in the name of the host; default -1: in the path with an
                       endpoint, and where its name has a dot */
    int sign_payload; /**< 1: SHA-256 of what is sent is signed, 0: only CRC-32 protects it; default -1: signed where
                       neither TLS nor loopback protect it */
    ldbx_access_kind access; /**< how COPY INTO reads; default LDBX_ACCESS_INLINE with the same keys */
    const char *credential;  /**< LDBX_ACCESS_NAMED: name of the storage credential */
    int64_t block_bytes; /**< largest content of one request, 5 MiB (default) to 256 MiB; two or more of them are sent
                              as a multipart upload, which has at most 10,000 */
    int parallel;        /**< requests at once, 1 to 64; default 4 */
    const char *ca_file; /**< certificates of authorities; NULL: the system's */
    const char *proxy;   /**< as ldbx_config's; NULL: of the environment */
    const char *user_agent; /**< of the host; NULL: none */
    /**
     * Gives keys (access_key_id, secret_access_key, session_token of out). Called when they are first needed, before
     * each COPY INTO that reads with them, and when the server says that they have expired; on any thread, one call at
     * a time. NULL: the keys above are all there are.
     */
    int (*credentials)(void *user, ldbx_access *out, ldbx_error **error);
    void *user; /**< handed to `credentials` */
} ldbx_s3_options;

/**
 * @brief Fills in defaults.
 * @param options Receives them.
 * @param size sizeof(ldbx_s3_options) as the caller was compiled.
 * @since 0.1
 */
LDBX_API void ldbx_s3_options_init(ldbx_s3_options *options, size_t size);

/**
 * @brief Makes a stager that puts its files into a bucket of S3. Nothing is sent before the first file.
 *
 * Objects are created on condition that their name is free, with a CRC-32 that the server verifies. What fails and may
 * heal is repeated, block by block: up to five attempts in a minute. A clock that differs from the server's is made up
 * for. Needed rights: s3:PutObject, s3:GetObject, s3:DeleteObject, s3:AbortMultipartUpload, and
 * s3:ListBucketMultipartUploads, without which uploads that a kill cut off stay for a lifecycle rule of the bucket.
 * @param options What is said of each member above.
 * @param out Receives the stager, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT (names the member) or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_stager_open_s3(const ldbx_s3_options *options, ldbx_stager **out, ldbx_error **error);

/**
 * @brief Makes a stager that puts its files into a volume of Unity Catalog, by the Files API, one request a file of up to
 * 8 MiB. Nothing is contacted yet. Folders that become empty stay. Before a load the length of a file is looked at, which is all
 * that the service tells.
 * @param config Copied: where the workspace is, with a token or an OAuth client (no username).
 * @param path `/Volumes/CATALOG/SCHEMA/VOLUME`, folders may follow; as it is, never percent-encoded.
 * @param out Receives the stager, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_stager_open_volume(const ldbx_config *config, const char *path, ldbx_stager **out,
                                     ldbx_error **error);

/**
 * @brief Makes the stager that a JSON document describes: `{"type": "s3", "bucket", "prefix", "region", "endpoint",
 * "access_key_id", "secret_access_key", "session_token", "credential": "inline" | "external" | "named:NAME"}`,
 * `{"type": "volume", "path"}` or `{"type": "directory", "path", "url"}`, as docs/staging.md has it.
 * @param json UTF-8, need not be NUL-terminated.
 * @param config The authorization, which a volume is reached with; its ca_file, proxy and user_agent serve S3 too. May be
 * NULL but for a volume.
 * @param out Receives the stager, owned by the caller; NULL on failure.
 * @param error May be NULL. Names every key that is wrong, a line each.
 * @return LDBX_OK, LDBX_INVALID_DATA (the document), LDBX_NO_MEMORY, or as the stager's own function.
 * @since 0.1
 */
LDBX_API int ldbx_stager_open_json(ldbx_view json, const ldbx_config *config, ldbx_stager **out, ldbx_error **error);

/**
 * @brief As ldbx_stager_open_json(), from a file.
 * @param path The file, of up to 64 KiB.
 * @param config As there.
 * @param out As there.
 * @param error May be NULL. Names the file.
 * @return As ldbx_stager_open_json(), or LDBX_IO.
 * @since 0.1
 */
LDBX_API int ldbx_stager_open_file(const char *path, const ldbx_config *config, ldbx_stager **out, ldbx_error **error);

/**
 * @brief Sees whether a stager can do its work: puts a small object `ldbx-probe-...` and removes it.
 * @param stager The stager.
 * @param cancel May be NULL.
 * @param error May be NULL. Names the object, and what is wrong.
 * @return LDBX_OK, or what the stager came to: LDBX_UNAUTHENTICATED, LDBX_FORBIDDEN, LDBX_NOT_FOUND, LDBX_IO, ...
 * @since 0.1
 */
LDBX_API int ldbx_stager_probe(ldbx_stager *stager, ldbx_cancel *cancel, ldbx_error **error);

/**
 * @brief Ends a stager and wipes its secrets; what it staged stays.
 * @param stager May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_stager_destroy(ldbx_stager *stager);

LDBX_END_DECLS

#endif
