/* Building and reading Arrow C data. */
#ifndef LDBX_WIRE_ARROW_ARRAY_H
#define LDBX_WIRE_ARROW_ARRAY_H

#include <lytics_dbx/arrow_c.h>
#include <lytics_dbx/result.h>

#include "base/buf.h"
#include "wire/bytes.h"

/* How the cells of an array lie in memory: the Arrow format string, parsed once. */
typedef enum ldbx_layout {
    LDBX_LAYOUT_NULL,
    LDBX_LAYOUT_BOOL,
    LDBX_LAYOUT_INT8,
    LDBX_LAYOUT_INT16,
    LDBX_LAYOUT_INT32,
    LDBX_LAYOUT_INT64,
    LDBX_LAYOUT_UINT8,
    LDBX_LAYOUT_UINT16,
    LDBX_LAYOUT_UINT32,
    LDBX_LAYOUT_UINT64,
    LDBX_LAYOUT_FLOAT,
    LDBX_LAYOUT_DOUBLE,
    LDBX_LAYOUT_DECIMAL128,
    LDBX_LAYOUT_TEXT, /* utf8 */
    LDBX_LAYOUT_LARGE_TEXT,
    LDBX_LAYOUT_BINARY,
    LDBX_LAYOUT_LARGE_BINARY,
    LDBX_LAYOUT_DATE32,
    LDBX_LAYOUT_TIMESTAMP, /* int64, unit and zone beside */
    LDBX_LAYOUT_MONTHS,    /* int32 */
    LDBX_LAYOUT_DURATION,  /* int64, unit beside */
    LDBX_LAYOUT_LIST,
    LDBX_LAYOUT_LARGE_LIST,
    LDBX_LAYOUT_STRUCT,
    LDBX_LAYOUT_MAP
} ldbx_layout;

typedef struct ldbx_format {
    ldbx_layout layout;
    int precision, scale; /* decimals */
    char unit;            /* 's', 'm' (milli), 'u', 'n' of timestamps and durations */
    bool has_zone;        /* timestamps */
} ldbx_format;

/* false: a format that arrow_ipc does not read. */
bool ldbx_format_parse(const char *format, ldbx_format *out);

/* Value of one key of a field's metadata, e.g. "Spark:DataType:SqlName"; {NULL, 0} when it is not there. */
ldbx_view ldbx_arrow_metadata(const struct ArrowSchema *field, const char *key);

/*
 * A new array whose buffers lie in `bytes` (one more owner of it; NULL is fine): n_buffers and n_children
 * places, all NULL, for the caller to fill in; children are allocated too. NULL-safe release frees the lot.
 * false: no memory.
 */
bool ldbx_arrow_array_new(struct ArrowArray *out, ldbx_bytes *bytes, int64_t length, int64_t n_buffers,
                          int64_t n_children);

/* A new schema node with copied strings; metadata is the encoded form or empty. Children are allocated and zeroed. false: no memory. */
bool ldbx_arrow_schema_new(struct ArrowSchema *out, const char *format, ldbx_view name, ldbx_view metadata,
                           bool nullable, int64_t n_children);

void ldbx_arrow_array_release(struct ArrowArray *array);    /* also NULL and released ones */
void ldbx_arrow_schema_release(struct ArrowSchema *schema); /* as above */

/* An error "column NAME: ...", the server's name made fit for one line. Returns status. */
int ldbx_arrow_fail(ldbx_error **error, ldbx_status status, ldbx_view column, const char *format, ...)
    LDBX_PRINTF(4, 5);

#endif
