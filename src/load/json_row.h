/* A JSON object as the cells of a row: members go to the columns by name, others are left out, a missing one is NULL. */
#ifndef LDBX_LOAD_JSON_ROW_H
#define LDBX_LOAD_JSON_ROW_H

#include <stdbool.h>

#include <lytics_dbx/value.h>

#include "load/csv.h"

#define LDBX_MAX_RECORD ((size_t)64 << 20) /* bytes of an object: it is in memory as a whole */

typedef struct ldbx_json_row ldbx_json_row;

/* For the columns of a CSV text, which is borrowed. */
int ldbx_json_row_new(const ldbx_csv *csv, ldbx_json_row **out, ldbx_error **error);
void ldbx_json_row_destroy(ldbx_json_row *row); /* NULL is fine */

/*
 * Reads one object; *values receives a cell a column, borrowed until the next read and as long as the object. A member goes to the column of exactly its
 * name, else to the one that differs in case alone. LDBX_INVALID_DATA: it is no JSON object, two members go to one column, or a member is not
 * what its column takes (the column is named). Numbers and texts of other types than STRING are handed on as they are written, for the CSV to parse.
 */
int ldbx_json_row_read(ldbx_json_row *row, ldbx_view object, const ldbx_value **values, ldbx_error **error);

/* Whether any object so far had a member for the column. */
bool ldbx_json_row_occurred(const ldbx_json_row *row, size_t column);

#endif
