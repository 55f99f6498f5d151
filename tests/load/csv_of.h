/* The CSV writer of some columns, for the tests of it. */
#ifndef LDBX_TESTS_CSV_OF_H
#define LDBX_TESTS_CSV_OF_H

#include "suite.h"

#include "load/csv.h"

#define SENTINEL "null_0123456789abcdef"

static inline ldbx_csv *make_csv(const ldbx_load_column *columns, size_t count, bool inferred)
{
    ldbx_csv_options options = {columns, count, SENTINEL, inferred};
    ldbx_csv *csv = NULL;
    ldbx_error *error = NULL;

    expect_ok(ldbx_csv_new(&options, &csv, &error), error);
    return csv;
}

#endif
