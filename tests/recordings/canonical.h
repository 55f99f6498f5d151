/*
 * A row as one line of JSON, in a form in which every decoder must come to the same bytes: numbers as C prints them, decimals with all digits of
 * their scale, times in UTC with six digits, bytes in hexadecimal, maps as lists of pairs. Works on Arrow C data alone.
 */
#ifndef LDBX_TESTS_CANONICAL_H
#define LDBX_TESTS_CANONICAL_H

#include <stdbool.h>
#include <stdio.h>

#include <lytics_dbx/arrow_c.h>

/* wide: FLOAT is printed as the double that the wire carried (column sets have no float). */
void canonical_row(FILE *out, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row, bool wide);

bool canonical_is_null(const struct ArrowSchema *field, const struct ArrowArray *array, int64_t row);

/* A JSON string with nothing escaped that need not be. */
void canonical_string(FILE *out, const char *text, size_t size);

#endif
