/*
 * One cell of a CSV text. Each writer puts the cell at `to`, where there is room for it, and returns its end, or NULL when the value does not fit the
 * column; ldbx_csv_refuse then says why.
 */
#ifndef LDBX_LOAD_CSV_CELL_H
#define LDBX_LOAD_CSV_CELL_H

#include "load/csv.h"

#define LDBX_CSV_SCALAR 104 /* room for a cell of any type but STRING and BINARY, and a comma: a decimal takes 96 */
#define LDBX_CSV_NULL   (LDBX_CSV_SCALAR - 8) /* bytes that the sentinel may have */

#define LDBX_CSV_TEXT_PLAIN   1u /* no number: the column stays STRING */
#define LDBX_CSV_TEXT_CHANGED 2u /* a number that is written otherwise */

typedef struct ldbx_csv_column {
    char *name;
    char type_name[16]; /* "DECIMAL(38,38)" */
    ldbx_type type;
    int precision, scale; /* DECIMAL */
    int64_t low, high;    /* what an integer, day or microsecond may be */
    unsigned texts;       /* LDBX_CSV_TEXT_... of those that came for a STRING of an inferred load */
} ldbx_csv_column;

/* Where the cells of a column lie in the Arrow arrays that were bound, and how they become text. */
struct ldbx_csv_source;

struct ldbx_csv {
    ldbx_csv_column *columns;
    size_t count;
    ldbx_view null_value; /* owned */
    bool inferred;
    int64_t empty_as_null;
    struct ldbx_csv_source *sources; /* one a column; NULL before the first bind */
};

/* Parses a type text; false: none that a load takes. */
bool ldbx_csv_type_parse(ldbx_view text, ldbx_csv_column *out);

/* BOOLEAN, integers, DATE and timestamps. */
uint8_t *ldbx_csv_put_integer(const ldbx_csv_column *column, int64_t value, uint8_t *to);
uint8_t *ldbx_csv_put_real(const ldbx_csv_column *column, double value, uint8_t *to);
/* 128 bits, little-endian two's complement. */
uint8_t *ldbx_csv_put_decimal(const ldbx_csv_column *column, const uint8_t bytes[16], int64_t scale, uint8_t *to);
/* What counts as bytes: a STRING, a BINARY, or the text of any other type. Counts the empty ones of an inferred load. */
uint8_t *ldbx_csv_put_bytes(ldbx_csv *csv, const ldbx_csv_column *column, ldbx_view bytes, uint8_t *to);

/* A column's name in the header. */
uint8_t *ldbx_csv_put_name(ldbx_view name, uint8_t *to);

/* Nothing, except where the line would be blank. */
static inline uint8_t *ldbx_csv_put_null(const ldbx_csv *csv, uint8_t *to)
{
    if (csv->count > 1)
        return to;
    memcpy(to, csv->null_value.data, csv->null_value.size);
    return to + csv->null_value.size;
}

/* Room for a cell of that many bytes and the comma behind it, whatever it is. Of a STRING every byte may be a quote. */
static inline size_t ldbx_csv_room(size_t bytes)
{
    return 2 * bytes + LDBX_CSV_SCALAR;
}

/* Whether a column takes values of that kind at all. */
bool ldbx_csv_takes(const ldbx_csv_column *column, ldbx_value_kind kind);

/* The error for a value that did not fit; `bytes` counts for texts alone. Returns LDBX_INVALID_DATA. */
int ldbx_csv_refuse(const ldbx_csv_column *column, ldbx_value_kind kind, ldbx_view bytes, ldbx_error **error);

int ldbx_csv_fail_size(ldbx_error **error);
/* When `out` gave no room for a cell: the row is too long, or there is no memory. */
int ldbx_csv_fail_room(const ldbx_buf *out, ldbx_error **error);

/* A cell that was written at `to`, with the comma behind it. */
static inline void ldbx_csv_end_cell(ldbx_buf *out, const uint8_t *to, uint8_t *end)
{
    *end = ',';
    out->size += (size_t)(end + 1 - to);
}

/* The row that began at `start`: its last comma becomes the line's end. */
int ldbx_csv_end_row(ldbx_buf *out, size_t start, ldbx_error **error);

#endif
