/**
 * @file catalog.h
 * @brief Browsing: catalogs, schemas, tables and columns as lazy cursors.
 *
 * Nothing is sent before the first next. An entry is valid until the next call. One cursor is open on a
 * connection at a time.
 */
#ifndef LYTICS_DBX_CATALOG_H
#define LYTICS_DBX_CATALOG_H

#include <lytics_dbx/connection.h>

LDBX_BEGIN_DECLS

/** A cursor over names; opaque. Must be destroyed before its connection. */
typedef struct ldbx_browser ldbx_browser;

/** A catalog, schema, table or column; borrowed until the next call on its cursor. */
typedef struct ldbx_entry {
    const char *name;    /**< as it is, not quoted */
    const char *type;    /**< of a column: its SQL type; otherwise "" */
    const char *comment; /**< of a column: its comment, or ""; otherwise "" */
    int nullable;        /**< of a column: 1 or 0, -1 when the server did not say; otherwise -1 */
} ldbx_entry;

/**
 * @brief Lists catalogs that the authorization may see.
 * @param connection Borrowed.
 * @param out Receives the cursor, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_browse_catalogs(ldbx_connection *connection, ldbx_browser **out, ldbx_error **error);

/**
 * @brief Lists schemas (databases) of a catalog.
 * @param connection Borrowed.
 * @param catalog NULL is the session's.
 * @param out Receives the cursor, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_browse_schemas(ldbx_connection *connection, const char *catalog, ldbx_browser **out,
                                 ldbx_error **error);

/**
 * @brief Lists tables and views of a schema, without the session's temporary ones.
 * @param connection Borrowed.
 * @param catalog NULL is the session's.
 * @param schema The schema.
 * @param out Receives the cursor, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_browse_tables(ldbx_connection *connection, const char *catalog, const char *schema,
                                ldbx_browser **out, ldbx_error **error);

/**
 * @brief Lists columns of a table in their order.
 * @param connection Borrowed.
 * @param catalog NULL is the session's.
 * @param schema The schema.
 * @param table The table or view.
 * @param out Receives the cursor, owned by the caller; NULL on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_browse_columns(ldbx_connection *connection, const char *catalog, const char *schema,
                                 const char *table, ldbx_browser **out, ldbx_error **error);

/**
 * @brief Moves to the next entry.
 * @param browser The cursor.
 * @param out Receives the entry, borrowed until the next call; NULL at the end and on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_DONE at the end, LDBX_NOT_FOUND (no such catalog, schema or table), LDBX_FORBIDDEN,
 * or what the statement came to.
 * @since 0.1
 */
LDBX_API int ldbx_browser_next(ldbx_browser *browser, const ldbx_entry **out, ldbx_error **error);

/**
 * @brief Ends a cursor.
 * @param browser May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_browser_destroy(ldbx_browser *browser);

LDBX_END_DECLS

#endif
