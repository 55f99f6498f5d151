/**
 * @file config.h
 * @brief An authorization: where the compute is and how to prove who we are.
 *
 * Every setter validates and names what is wrong. A configuration is copied when a connection is opened, so
 * it may be changed or destroyed afterwards. One thread at a time.
 */
#ifndef LYTICS_DBX_CONFIG_H
#define LYTICS_DBX_CONFIG_H

#include <lytics_dbx/error.h>
#include <lytics_dbx/types.h>

LDBX_BEGIN_DECLS

/** An authorization; opaque. */
typedef struct ldbx_config ldbx_config;

/**
 * @brief Makes an empty configuration with the defaults (port 443, TLS verified, 900 s for compute to start).
 * @param out Receives it, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_config_new(ldbx_config **out, ldbx_error **error);

/**
 * @brief Ends a configuration and wipes its secrets.
 * @param config May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_config_destroy(ldbx_config *config);

/**
 * @brief Sets one value by its key: the one table of all settings (docs/configuration.md lists them with
 * units and limits).
 * @param config The configuration.
 * @param key "host", "port", "http_path", "token", "client_id", "client_secret", "username", "password",
 * "label", "description", "catalog", "schema", "user_agent", "ca_file", "proxy", "connect_timeout_ms",
 * "request_timeout_ms", "start_timeout_ms", "page_rows", "page_bytes".
 * @param value Copied. A host may carry "https://" and slashes; "http://" is accepted for loopback addresses
 * only.
 * @param error May be NULL. Names the key and what would be right; a secret is never repeated.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_config_set(ldbx_config *config, const char *key, const char *value, ldbx_error **error);

/**
 * @brief Reads one value back as text.
 * @param config The configuration.
 * @param key As for ldbx_config_set().
 * @return Borrowed until the next set or destroy; NULL when not set, for an unknown key and for a secret,
 * which a proxy with a user and a password is too.
 * @since 0.1
 */
LDBX_API const char *ldbx_config_get(const ldbx_config *config, const char *key);

/**
 * @brief Takes a Lytics authorization: `{"label", "description", "type": "databricks", "config": {"host",
 * "port", "httppath", "token"}}`; instead of "token" "client_id" and "client_secret", or "username" and
 * "password".
 * @param config Receives the values; unchanged on failure.
 * @param json UTF-8, need not be NUL-terminated.
 * @param error May be NULL. Names every key that is wrong.
 * @return LDBX_OK, LDBX_INVALID_DATA or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_config_load_json(ldbx_config *config, ldbx_view json, ldbx_error **error);

/**
 * @brief As ldbx_config_load_json(), from a file.
 * @param config Receives the values; unchanged on failure.
 * @param path The file.
 * @param error May be NULL.
 * @return As ldbx_config_load_json(), or LDBX_IO.
 * @since 0.1
 */
LDBX_API int ldbx_config_load_file(ldbx_config *config, const char *path, ldbx_error **error);

/**
 * @brief Reads DATABRICKS_HOST, DATABRICKS_PORT, DATABRICKS_HTTP_PATH, DATABRICKS_TOKEN, DATABRICKS_CLIENT_ID,
 * DATABRICKS_CLIENT_SECRET, DATABRICKS_USERNAME and DATABRICKS_PASSWORD.
 * @param config Receives the values that are set.
 * @param error May be NULL. Names the variable.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_config_load_env(ldbx_config *config, ldbx_error **error);

/**
 * @brief Reads a profile of a .databrickscfg file: host, port, http_path, token, client_id, client_secret,
 * username, password.
 * @param config Receives the values; unchanged on failure.
 * @param path The file; NULL is DATABRICKS_CONFIG_FILE, else .databrickscfg in the home folder.
 * @param profile The section; NULL is "DEFAULT".
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_NOT_FOUND (file or section), LDBX_INVALID_DATA, LDBX_IO or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_config_load_profile(ldbx_config *config, const char *path, const char *profile, ldbx_error **error);

/**
 * @brief Whether enough is set to open a connection, and one kind of credential alone: token, client_id with
 * client_secret, or username with password.
 * @param config The configuration.
 * @param error May be NULL. Names every value that is missing, or the two that exclude each other.
 * @return LDBX_OK or LDBX_INVALID_ARGUMENT.
 * @since 0.1
 */
LDBX_API int ldbx_config_validate(const ldbx_config *config, ldbx_error **error);

LDBX_END_DECLS

#endif
