/* Tables from outside for the programs of tests: Arrow IPC, as a stream or a file, not compressed, a batch at a time. What goes wrong ends the program. */
#ifndef LDBX_TESTS_ARROW_TABLE_H
#define LDBX_TESTS_ARROW_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "client/shape.h"
#include "load/csv.h"
#include "wire/bytes.h"

typedef struct table {
    FILE *file;
    struct ArrowSchema schema;
    ldbx_shape shape;
    ldbx_bytes *message; /* in work */
    struct ArrowArray array;
    ldbx_value *values; /* of the array, row by row, when they are wanted */
} table;

void table_open(table *in, const char *path);
/* The next batch is in `array`, with rows in `values` too; false: there is none. */
bool table_next(table *in, bool rows);
/* A CSV writer of its columns, bound to its schema. */
ldbx_csv *table_csv(const table *in, const char *null_value);
void table_close(table *in);

void table_must(int status, const ldbx_error *error);
void table_check(bool fine, const char *what);

#endif
