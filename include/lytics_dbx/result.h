/**
 * @file result.h
 * @brief Rows of a statement: a pull cursor over batches of columns, held as Arrow C data.
 *
 * Rows come as the server sends them, a page ahead; memory is bounded by two pages. Every page is checked
 * against its declared start and row count: a short read is an error, never the end.
 */
#ifndef LYTICS_DBX_RESULT_H
#define LYTICS_DBX_RESULT_H

#include <lytics_dbx/arrow_c.h>
#include <lytics_dbx/error.h>
#include <lytics_dbx/types.h>

LDBX_BEGIN_DECLS

/** A cursor over rows; opaque. Must be destroyed before its statement. */
typedef struct ldbx_result ldbx_result;

/** Some rows of a result; opaque, borrowed from the result until the next ldbx_result_next() or destroy. */
typedef struct ldbx_batch ldbx_batch;

/** SQL type of a column. */
typedef enum ldbx_type {
    LDBX_TYPE_UNKNOWN = 0,
    LDBX_TYPE_BOOLEAN,
    LDBX_TYPE_TINYINT,
    LDBX_TYPE_SMALLINT,
    LDBX_TYPE_INT,
    LDBX_TYPE_BIGINT,
    LDBX_TYPE_FLOAT,
    LDBX_TYPE_DOUBLE,
    LDBX_TYPE_DECIMAL,
    LDBX_TYPE_STRING,
    LDBX_TYPE_BINARY,
    LDBX_TYPE_DATE,
    LDBX_TYPE_TIMESTAMP,
    LDBX_TYPE_TIMESTAMP_NTZ,
    LDBX_TYPE_INTERVAL,
    LDBX_TYPE_ARRAY,
    LDBX_TYPE_MAP,
    LDBX_TYPE_STRUCT,
    LDBX_TYPE_VARIANT,
    LDBX_TYPE_VOID
} ldbx_type;

/** A DECIMAL: (high * 2^64 + low) / 10^scale, as two's complement of 128 bits. */
typedef struct ldbx_decimal {
    uint64_t low;
    int64_t high;
    int32_t scale; /**< digits behind the point */
} ldbx_decimal;

/** A column of a result; borrowed from it. */
typedef struct ldbx_column {
    const char *name;     /**< as the server spells it */
    const char *sql_type; /**< full SQL type: "DECIMAL(10,2)", "ARRAY<STRING>" */
    ldbx_type type;
} ldbx_column;

/**
 * @brief Ends a result; the server is told to close it.
 * @param result May be NULL.
 * @since 0.1
 */
LDBX_API void ldbx_result_destroy(ldbx_result *result);

/**
 * @brief Number of columns.
 * @param result The result.
 * @return 0 for a statement without rows.
 * @since 0.1
 */
LDBX_API size_t ldbx_result_column_count(const ldbx_result *result);

/**
 * @brief One column.
 * @param result The result.
 * @param index From 0.
 * @return Borrowed for the life of the result; NULL when there is no such column.
 * @since 0.1
 */
LDBX_API const ldbx_column *ldbx_result_column(const ldbx_result *result, size_t index);

/**
 * @brief The columns as an Arrow schema (a struct of the columns).
 * @param result The result.
 * @return Borrowed for the life of the result; do not release it.
 * @since 0.1
 */
LDBX_API const struct ArrowSchema *ldbx_result_schema(const ldbx_result *result);

/**
 * @brief Moves to the next rows.
 * @param result The result.
 * @param out Receives the batch, borrowed until the next call; NULL at the end and on failure.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_DONE at the end, LDBX_PROTOCOL (a page is not what it declares), LDBX_SESSION_LOST,
 * LDBX_CANCELLED, LDBX_UNAVAILABLE or what the server answered. A result that failed stays so; the verdict of the
 * error is about its statement, which has run.
 * @since 0.1
 */
LDBX_API int ldbx_result_next(ldbx_result *result, const ldbx_batch **out, ldbx_error **error);

/**
 * @brief Rows changed by the statement.
 * @param result The result.
 * @return The number, -1 when the server did not say.
 * @since 0.1
 */
LDBX_API int64_t ldbx_result_modified_rows(const ldbx_result *result);

/**
 * @brief Identifier of the statement as query history shows it.
 * @param result The result.
 * @return Borrowed for the life of the result.
 * @since 0.1
 */
LDBX_API const char *ldbx_result_statement_id(const ldbx_result *result);

/**
 * @brief Hands the rest of the result over as an Arrow stream. The batches of the stream own their memory.
 * @param result Ended by the call, also on failure; do not use it afterwards. Its statement must outlive the
 * stream.
 * @param out Receives the stream; the caller releases it.
 * @param error May be NULL.
 * @return LDBX_OK, LDBX_INVALID_ARGUMENT or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_result_export_stream(ldbx_result *result, struct ArrowArrayStream *out, ldbx_error **error);

/**
 * @brief Rows in a batch.
 * @param batch The batch.
 * @return At least 1.
 * @since 0.1
 */
LDBX_API int64_t ldbx_batch_rows(const ldbx_batch *batch);

/**
 * @brief The batch as Arrow data (a struct array of the columns).
 * @param batch The batch.
 * @return Borrowed as the batch; do not release it.
 * @since 0.1
 */
LDBX_API const struct ArrowArray *ldbx_batch_arrow(const ldbx_batch *batch);

/**
 * @brief Whether a cell is NULL.
 * @param batch The batch.
 * @param row From 0; not checked beyond debug builds.
 * @param column From 0; as row.
 * @return 1 or 0.
 * @since 0.1
 */
LDBX_API int ldbx_batch_is_null(const ldbx_batch *batch, int64_t row, size_t column);

/**
 * @brief A cell of BOOLEAN, TINYINT, SMALLINT, INT or BIGINT.
 * @param batch The batch.
 * @param row From 0.
 * @param column From 0.
 * @return The value; 0 for NULL and for other types.
 * @since 0.1
 */
LDBX_API int64_t ldbx_batch_int64(const ldbx_batch *batch, int64_t row, size_t column);

/**
 * @brief A cell of FLOAT or DOUBLE, or of an integer type.
 * @param batch The batch.
 * @param row From 0.
 * @param column From 0.
 * @return The value; 0 for NULL and for other types.
 * @since 0.1
 */
LDBX_API double ldbx_batch_double(const ldbx_batch *batch, int64_t row, size_t column);

/**
 * @brief A cell of STRING or BINARY, or of a type that the server sent as text.
 * @param batch The batch.
 * @param row From 0.
 * @param column From 0.
 * @return Borrowed as the batch; {NULL, 0} for NULL and for other types.
 * @since 0.1
 */
LDBX_API ldbx_view ldbx_batch_bytes(const ldbx_batch *batch, int64_t row, size_t column);

/**
 * @brief A cell of TIMESTAMP, TIMESTAMP_NTZ or DATE as microseconds since 1970-01-01T00:00:00 (UTC for
 * TIMESTAMP), also when the server sent it as text.
 * @param batch The batch.
 * @param row From 0.
 * @param column From 0.
 * @param out Receives the microseconds; untouched unless 1 is returned.
 * @return 1, or 0 for NULL, other types, and text that is no timestamp.
 * @since 0.1
 */
LDBX_API int ldbx_batch_timestamp_us(const ldbx_batch *batch, int64_t row, size_t column, int64_t *out);

/**
 * @brief A cell of DECIMAL, exactly, also when the server sent it as text.
 * @param batch The batch.
 * @param row From 0.
 * @param column From 0.
 * @param out Receives the number; untouched unless 1 is returned.
 * @return 1, or 0 for NULL, other types, and text that is no decimal of up to 38 digits.
 * @since 0.1
 */
LDBX_API int ldbx_batch_decimal(const ldbx_batch *batch, int64_t row, size_t column, ldbx_decimal *out);

/**
 * @brief All rows as JSON objects, one a line, NULLs written as null.
 * @param batch The batch.
 * @param out Receives the text, borrowed until the batch moves on or the next call.
 * @param error May be NULL.
 * @return LDBX_OK or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_batch_json(const ldbx_batch *batch, ldbx_view *out, ldbx_error **error);

/**
 * @brief One cell as text for people: numbers, dates and timestamps as JSON has them but without quotes,
 * nested values as JSON. A STRING is as the server sent it, which should be UTF-8 but is not checked.
 * @param batch The batch.
 * @param row From 0.
 * @param column From 0.
 * @param out Receives the text, borrowed until the next call on this batch; {NULL, 0} for NULL.
 * @param error May be NULL.
 * @return LDBX_OK or LDBX_NO_MEMORY.
 * @since 0.1
 */
LDBX_API int ldbx_batch_text(const ldbx_batch *batch, int64_t row, size_t column, ldbx_view *out, ldbx_error **error);

LDBX_END_DECLS

#endif
