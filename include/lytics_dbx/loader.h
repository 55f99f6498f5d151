/**
 * @file loader.h
 * @brief Rows into a Delta table, each exactly once: staged as files, sealed, loaded by COPY INTO, proven, removed.
 *
 * A load stands in a store under a key. Killed at any point, it is finished or begun anew by the next loader that is
 * opened with that key, and the table ends as if nothing had happened: as long as the load is not sealed, the rows are
 * the caller's and have to come again; once it is, exactly the files that were staged are loaded. One thread at a time.
 */
#ifndef LYTICS_DBX_LOADER_H
#define LYTICS_DBX_LOADER_H

#include <lytics_dbx/arrow_c.h>
#include <lytics_dbx/connection.h>
#include <lytics_dbx/stager.h>
#include <lytics_dbx/store.h>
#include <lytics_dbx/value.h>

LDBX_BEGIN_DECLS

/** A load; opaque. Must be destroyed before its connection, stager and store. */
typedef struct ldbx_loader ldbx_loader;

/** What is loaded and how. Set up with ldbx_loader_options_init(). All text is copied. */
typedef struct ldbx_loader_options {
    size_t size;                     /**< sizeof(ldbx_loader_options) */
    const char *catalog;             /**< NULL: the session's */
    const char *database;            /**< required */
    const char *table;               /**< required; made if it is not there, never altered */
    const ldbx_load_column *columns; /**< required; the table may have more, which are then NULL */
    size_t column_count;             /**< of them, 1 to 20,480 */
    ldbx_load_schema schema;         /**< default LDBX_SCHEMA_DECLARED */
    int gzip;                        /**< 1: files are compressed; default 0 */
    int64_t part_rows;               /**< rows of a file at most, 1 to 1,000,000,000; default 100,000 */
    int64_t part_bytes; /**< bytes of a file at most, before gzip, 1 to 50,000,000,000; default 1,000,000,000. A longer
                          row has a file of its own. A stager that takes no blocks may end a file earlier */
    int keep_staged;    /**< 1: the files stay after the load; default 0 */
    int discard;       /**< 1: a load that stands interrupted or failed under the key is dropped: its files are removed,
                          what it loaded stays in the table, and the sources loaded before stay known; default 0 */
    ldbx_store *store; /**< required; borrowed */
    const char *key;   /**< under which the store keeps the load; required. The names of staged files begin with it */
    const char *source;  /**< required, 1 to 4,096 bytes: tells these rows from others. What was loaded under the same
                          key, target and columns is not loaded again (the newest 10,000 are remembered) */
    ldbx_cancel *cancel; /**< optional; borrowed */
    ldbx_progress_fn progress; /**< optional */
    void *user;                /**< handed to progress */
} ldbx_loader_options;

/** What a load has done. Set up by ldbx_loader_result_get(). */
typedef struct ldbx_load_result {
    size_t size;            /**< sizeof(ldbx_load_result) */
    int64_t rows_staged;    /**< rows in files, of the attempt in work */
    int64_t rows_loaded;    /**< rows that are proven to be in the table */
    int64_t files;          /**< files staged; -1 where the load was done earlier */
    int64_t bytes;          /**< of the files, as sent; -1 where the load was done earlier */
    int64_t version_before; /**< of the table, before the first row; -1: not known */
    int64_t version_after;  /**< that the last COPY INTO made; -1: none, or not known */
    int64_t attempts;       /**< 1, and one more for each time that it had to be begun anew or gone on with */
    int64_t statements;     /**< COPY INTO statements that were sent */
    int64_t empty_as_null;  /**< inferred: empty strings that were staged as NULL */
    int complete;           /**< all rows are in the table */
    int already_loaded;     /**< the source had been loaded before: nothing was done */
    int resumed;            /**< a sealed load of this source was finished */
    int64_t
        earlier_rows; /**< rows of an interrupted load of another source, which was finished first; -1: there was none */
    const char *run;  /**< names the load in staged files and reports; borrowed from the loader */
    const char *warning; /**< what a reader of the report should know, "" for nothing; borrowed from the loader */
} ldbx_load_result;

/**
 * @brief Fills in defaults.
 * @param options Receives them.
 * @param size sizeof(ldbx_loader_options) as the caller was compiled.
 * @since 0.1
 */
LDBX_API void ldbx_loader_options_init(ldbx_loader_options *options, size_t size);

/**
 * @brief Looks at the columns of a load without contacting anything.
 * @param columns What ldbx_loader_options would have.
 * @param count Of them.
 * @param error May be NULL. Names the column.
 * @return LDBX_OK; LDBX_INVALID_ARGUMENT, as ldbx_loader_open() would say; LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_loader_check_columns(const ldbx_load_column *columns, size_t count, ldbx_error **error);

/**
 * @brief Begins a load: finishes a sealed one that was interrupted, checks the session and the table, removes what an
 * attempt that died has staged.
 * @param connection Borrowed. A lost session is replaced by a new one, in all calls on the loader.
 * @param stager Borrowed. An interrupted load is finished with the stager whose address it has.
 * @param options Copied.
 * @param out Receives the loader, owned by the caller; NULL on failure.
 * @param error May be NULL. Names the option, the column, the file or the statement.
 * @return LDBX_OK: it takes rows. LDBX_DONE: the source is loaded, earlier or just now from its sealed files; the loader
 * answers for the result and the report alone. LDBX_INVALID_ARGUMENT; LDBX_INVALID_DATA (the table does not fit; the
 * checkpoint; an earlier load failed); LDBX_UNSUPPORTED (a server without COPY INTO, a column's type); LDBX_CONFLICT
 * (another runner); or what a statement, the stager or the store came to.
 * @since 0.1
 */
LDBX_API int ldbx_loader_open(ldbx_connection *connection, ldbx_stager *stager, const ldbx_loader_options *options,
                              ldbx_loader **out, ldbx_error **error);

/**
 * @brief Takes a row.
 * @param loader The loader.
 * @param values A cell for each column, in their order; borrowed for the call.
 * @param count Of them.
 * @param error May be NULL; names the column.
 * @return LDBX_OK; LDBX_INVALID_ARGUMENT (wrong number of cells), LDBX_INVALID_DATA (a value does not fit its column) or
 * LDBX_NO_MEMORY: the row is left out, and others may follow; if the load takes no more, each of them is
 * LDBX_INVALID_ARGUMENT, and so is the commit. After any other failure the load takes no more and is begun anew by the
 * next ldbx_loader_open(): LDBX_CANCELLED, LDBX_STOPPED, LDBX_CONFLICT, or what the stager or the store came to.
 * @since 0.1
 */
LDBX_API int ldbx_loader_append(ldbx_loader *loader, const ldbx_value *values, size_t count, ldbx_error **error);

/**
 * @brief Takes the rows of Arrow columns.
 * @param loader The loader.
 * @param schema A struct whose fields are found by name, whatever their case and order: one for each column of the load.
 * @param array A struct array of that schema; borrowed, not released.
 * @param error May be NULL; names column and row.
 * @return As ldbx_loader_append(), but after a value that does not fit the load takes no more either.
 * @since 0.1
 */
LDBX_API int ldbx_loader_append_arrow(ldbx_loader *loader, const struct ArrowSchema *schema,
                                      const struct ArrowArray *array, ldbx_error **error);

/**
 * @brief Takes a row that is a JSON object (RFC 8259, UTF-8, at most 67,108,864 bytes and 100 levels).
 *
 * A member goes to the column of its name, else to the one that differs in case alone; others are left out, a missing
 * one or null is NULL. BOOLEAN takes true and false; TINYINT to BIGINT numbers without point and exponent; FLOAT and
 * DOUBLE numbers, "NaN", "Infinity" and "-Infinity"; DECIMAL numbers, also in a string, exactly as written; STRING a
 * string; BINARY a string of base64; DATE, TIMESTAMP and TIMESTAMP_NTZ a string as for LDBX_VALUE_BYTES.
 * @param loader The loader.
 * @param object Borrowed for the call; blanks around it do no harm.
 * @param error May be NULL; names the column, or the byte where it is no JSON.
 * @return As ldbx_loader_append(). A column that was in none of the rows becomes a warning at the commit.
 * @since 0.1
 */
LDBX_API int ldbx_loader_append_json(ldbx_loader *loader, ldbx_view object, ldbx_error **error);

/**
 * @brief Seals the load, makes the table if it is not there, loads the files, proves that each row is in the table, and
 * removes the files. May be called again after a failure that may pass; the next ldbx_loader_open() goes on too.
 * @param loader The loader.
 * @param error May be NULL.
 * @return LDBX_OK also when all this was done before; LDBX_INVALID_DATA: what was loaded is not what was staged, or the
 * table changed meanwhile; LDBX_OUTCOME_UNKNOWN: the history of the table does not tell whether a statement was carried
 * out; LDBX_NOT_FOUND: a staged file or the table is gone; LDBX_CANCELLED, LDBX_STOPPED, LDBX_CONFLICT; or what a statement,
 * the stager or the store came to.
 * @since 0.1
 */
LDBX_API int ldbx_loader_commit(ldbx_loader *loader, ldbx_error **error);

/**
 * @brief What the load has done so far.
 * @param loader The loader.
 * @param result Its size must be set; filled.
 * @since 0.1
 */
LDBX_API void ldbx_loader_result_get(const ldbx_loader *loader, ldbx_load_result *result);

/**
 * @brief The report of the load, also after a failure.
 * @param loader The loader.
 * @return A JSON object, borrowed until the next call on the loader; NULL: no memory.
 * @since 0.1
 */
LDBX_API const char *ldbx_loader_report(ldbx_loader *loader);

/**
 * @brief Ends a loader. Files of a load that was not sealed are removed, as far as that works at once.
 * @param loader May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_loader_destroy(ldbx_loader *loader);

LDBX_END_DECLS

#endif
