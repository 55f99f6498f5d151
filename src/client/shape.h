/* The columns of a result, described once: what each is called, which SQL type it has and how its cells lie in memory. */
#ifndef LDBX_CLIENT_SHAPE_H
#define LDBX_CLIENT_SHAPE_H

#include <lytics_dbx/arrow_c.h>
#include <lytics_dbx/result.h>

#include "wire/arrow_array.h"
#include "wire/tcli.h"

#define LDBX_NAME_PAD 16 /* names are copied in blocks of so many bytes */

/* A column or a nested value below one. */
typedef struct ldbx_field {
    ldbx_format format;
    ldbx_type type;  /* of nested values too: a list element that is a timestamp, ... */
    char *name_json; /* the name as a JSON string with a colon behind: "\"id\":"; LDBX_NAME_PAD zeros follow */
    size_t name_json_size;
    struct ldbx_field *children;
    size_t child_count;
} ldbx_field;

typedef struct ldbx_shape {
    ldbx_column *columns; /* names and SQL types owned */
    ldbx_field *fields;   /* one a column */
    size_t count;
} ldbx_shape;

/*
 * From the Arrow schema of a result (a struct of its columns). `described` are the Thrift columns, or NULL: their names win (links' and cached
 * schemas can be stale) and their types serve where the Arrow field has no "Spark:DataType:SqlName". LDBX_UNSUPPORTED names a column whose layout
 * we cannot read.
 */
int ldbx_shape_make(const struct ArrowSchema *schema, const ldbx_tcli_column *described, size_t described_count,
                    ldbx_shape *out, ldbx_error **error);

/* The type of a column whose wire form says less. Text of a nested type or VARIANT is JSON then, and comes out as such. */
int ldbx_shape_retype(ldbx_shape *shape, size_t column, const char *sql_type, ldbx_error **error);
void ldbx_shape_clear(ldbx_shape *shape);

/* "DECIMAL(10,2)" -> LDBX_TYPE_DECIMAL, "STRUCT<a: INT>" -> LDBX_TYPE_STRUCT, "INTERVAL DAY" -> LDBX_TYPE_INTERVAL, case ignored. */
ldbx_type ldbx_type_from_sql(ldbx_view sql_type);

#endif
