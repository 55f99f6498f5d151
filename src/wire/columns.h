/*
 * Column sets (TRowSet.columns) into Arrow C data. Text stays as delivered: DECIMAL, DATE, TIMESTAMP, intervals and nested types are utf8
 * whose SQL type stands in the field's metadata "Spark:DataType:SqlName".
 */
#ifndef LDBX_WIRE_COLUMNS_H
#define LDBX_WIRE_COLUMNS_H

#include <lytics_dbx/arrow_c.h>

#include "wire/tcli.h"

/* A schema from Thrift types, for answers that carry no Arrow schema; released by the caller. */
int ldbx_columns_schema(const ldbx_tcli_column *columns, size_t count, struct ArrowSchema *out, ldbx_error **error);

/*
 * The same for rows that come as Arrow without a schema, as runtimes before protocol V5 send them: DATE is date32, and TIMESTAMP a timestamp in UTC
 * unless the batch has the one buffer more for each that text needs. batch: the first one, not compressed, or empty.
 */
int ldbx_columns_arrow_schema(const ldbx_tcli_column *columns, size_t count, ldbx_view batch, struct ArrowSchema *out,
                              ldbx_error **error);

/* Copies the values of one row set; released by the caller. Columns must agree with the schema in number, kind and length. Zero columns: no rows. */
int ldbx_columns_read(const struct ArrowSchema *schema, const ldbx_tcli_values *columns, size_t count,
                      struct ArrowArray *out, ldbx_error **error);

#endif
