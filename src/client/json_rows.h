/*
 * Cells as JSON and text, by type (behaviour 17): integers and decimals as exact numbers; floats shortest round trip, NaN and infinities as "NaN",
 * "Infinity", "-Infinity"; DATE "yyyy-mm-dd"; TIMESTAMP "yyyy-mm-ddThh:mm:ss.ffffffZ", NTZ without Z; BINARY base64; ARRAY and STRUCT as JSON, MAP as
 * an object with its keys as text; VARIANT as its JSON text in a string; intervals as text. Types that the server sent as text come out the
 * same way: a DECIMAL text as a number, a TIMESTAMP text in the form above, ARRAY, MAP and STRUCT text as JSON where it is JSON, else as a string.
 */
#ifndef LDBX_CLIENT_JSON_ROWS_H
#define LDBX_CLIENT_JSON_ROWS_H

#include "client/cell.h"

/* One cell as a JSON value; NULL is null. Failure (memory) is the buffer's. */
void ldbx_json_cell(const ldbx_cells *cells, int64_t row, ldbx_buf *out);

/* One row as a JSON object of its columns; with skip_nulls, columns that are NULL are left out. */
void ldbx_json_row(const ldbx_cells *columns, size_t count, int64_t row, bool skip_nulls, ldbx_buf *out);

/* One cell as text for people: as JSON, but a string without quotes and escapes. Appends nothing for NULL. */
void ldbx_text_cell(const ldbx_cells *cells, int64_t row, ldbx_buf *out);

/* DATE, TIMESTAMP or TIMESTAMP_NTZ cell in microseconds, also from text; false: NULL, another type, or no timestamp. */
bool ldbx_time_cell(const ldbx_cells *cells, int64_t row, int64_t *us);

#endif
