/*
 * Rows or Arrow columns as CSV text that Spark's reader takes back as the same values, and the SELECT list that casts them.
 *
 * RFC 4180: a header line, LF, UTF-8, commas; quotes around a text that holds a quote, a comma or a control character, the quotes inside doubled.
 * NULL is nothing at all and the empty string is `""`, which the reader tells apart only when it is given a sentinel (nullValue) of its own: no text may
 * be equal to that. A table of one column writes the sentinel for NULL, since the reader skips blank lines.
 */
#ifndef LDBX_LOAD_CSV_H
#define LDBX_LOAD_CSV_H

#include <stdbool.h>

#include <lytics_dbx/arrow_c.h>
#include <lytics_dbx/value.h>

#include "base/buf.h"

#define LDBX_MAX_CSV_COLUMNS 20480 /* Spark's reader takes no more (its maxColumns) */
#define LDBX_MAX_CSV_ROW                                                                                               \
    ((size_t)64 << 20) /* bytes of a row as text: it is in memory as a whole, here and in the readers */

typedef struct ldbx_csv ldbx_csv;

typedef struct ldbx_csv_options {
    const ldbx_load_column *columns; /* copied */
    size_t column_count;
    const char *
        null_value; /* the sentinel: letters, digits and at least one `_`, so that only a STRING can be equal to it; copied */
    bool inferred; /* the reader infers types: the empty string is written as nothing, and counted */
} ldbx_csv_options;

/* Refuses names that Delta refuses or that are equal but for case, and types other than those of ldbx_load_column. */
int ldbx_csv_new(const ldbx_csv_options *options, ldbx_csv **out, ldbx_error **error);
void ldbx_csv_destroy(ldbx_csv *csv); /* NULL is fine */

/* The type of a column as Databricks spells it: "DECIMAL(10,2)". */
const char *ldbx_csv_type(const ldbx_csv *csv, size_t column);

int ldbx_csv_header(const ldbx_csv *csv, ldbx_buf *out, ldbx_error **error);
/* One row. On failure nothing is appended; the error names the column. LDBX_INVALID_DATA: a value does not fit; LDBX_INVALID_ARGUMENT: wrong number
 * of cells. */
int ldbx_csv_row(ldbx_csv *csv, const ldbx_value *values, size_t count, ldbx_buf *out, ldbx_error **error);

/* Says which Arrow columns come (a struct of them): each column of the load under its name, case ignored, in any order, in a layout of its type or as text.
 * To be called before ldbx_csv_arrow; may be called again. */
int ldbx_csv_bind(ldbx_csv *csv, const struct ArrowSchema *schema, ldbx_error **error);
/* Rows [first, first + count) of such an array. On failure nothing is appended; the error names column and row (from 0, of the array). */
int ldbx_csv_arrow(ldbx_csv *csv, const struct ArrowArray *array, int64_t first, int64_t count, ldbx_buf *out,
                   ldbx_error **error);

/* Of an inferred load: empty strings that were written as nothing. */
int64_t ldbx_csv_empty_as_null(const ldbx_csv *csv);
/* Of an inferred load: whether all texts of a STRING column were numbers, so that an inferred type changes some ("00501"). */
bool ldbx_csv_changes_texts(const ldbx_csv *csv, size_t column);

/* The SELECT list of a COPY INTO over the columns as the reader has them, all STRING: "CAST(`a` AS INT) AS `a`, `b`, unbase64(`c`) AS `c`". */
void ldbx_csv_select(const ldbx_csv *csv, ldbx_buf *sql);

/* The FORMAT_OPTIONS that make the reader take the text as it is meant: "'header' = 'true', ..., 'nullValue' = '...'". */
void ldbx_csv_reader_options(const char *null_value, ldbx_buf *sql);

#endif
