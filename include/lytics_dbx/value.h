/**
 * @file value.h
 * @brief Cells and columns of a load: what a host gives to have it in a table.
 */
#ifndef LYTICS_DBX_VALUE_H
#define LYTICS_DBX_VALUE_H

#include <lytics_dbx/result.h>
#include <lytics_dbx/types.h>

LDBX_BEGIN_DECLS

/** Which member of an ldbx_value counts; what it means says the type of its column. */
typedef enum ldbx_value_kind {
    LDBX_VALUE_NULL = 0, /**< no value, for every type */
    LDBX_VALUE_INTEGER =
        1, /**< BOOLEAN (0, 1), TINYINT to BIGINT, DATE (days since 1970-01-01), TIMESTAMP (microseconds since
                             1970-01-01T00:00:00 UTC), TIMESTAMP_NTZ (the same without a zone) */
    LDBX_VALUE_REAL = 2,    /**< FLOAT (rounded to it; refused when it is finite and too large), DOUBLE */
    LDBX_VALUE_DECIMAL = 3, /**< DECIMAL: must fit the column's precision and scale exactly */
    LDBX_VALUE_BYTES = 4 /**< STRING: UTF-8. BINARY: the bytes themselves. Any other type: its text, which is parsed and
                             checked: `true`, `-12`, `1.5e3`, `NaN`, `Infinity`, `2024-02-29`, `2024-02-29T12:34:56.123456Z` (up to nine
                             digits, cut to microseconds; without a zone it is UTC; TIMESTAMP_NTZ takes none) */
} ldbx_value_kind;

/** One cell of a row; bytes are borrowed for the call that takes it. */
typedef struct ldbx_value {
    ldbx_value_kind kind;
    union {
        int64_t integer;
        double real;
        ldbx_decimal decimal;
        ldbx_view bytes;
    } as;
} ldbx_value;

/**
 * A column of a load. Its name has at least one character and none of ` ,;{}()=`, tab and line feed, which Delta refuses; no two names of a table are
 * the same but for case.
 */
typedef struct ldbx_load_column {
    const char *name; /**< UTF-8 */
    const char
        *type; /**< SQL type: BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL(p,s), STRING, BINARY,
                       DATE, TIMESTAMP or TIMESTAMP_NTZ; case does not matter */
} ldbx_load_column;

/** Where the types of a table come from that a load creates. */
typedef enum ldbx_load_schema {
    LDBX_SCHEMA_DECLARED = 0, /**< from its columns; every value is cast to their types */
    LDBX_SCHEMA_INFERRED = 1  /**< from the text that was staged, by the warehouse; the empty string becomes NULL,
                                   and texts like "00501" become numbers where all of a column are */
} ldbx_load_schema;

LDBX_END_DECLS

#endif
