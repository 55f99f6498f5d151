/*
 * A table (as tests/support/arrow_table.h says) as CSV to standard output: csv_driver TABLE SENTINEL columns|rows
 * With `select` or `options` in their place: the SELECT list or the options of a COPY INTO.
 */
#include <string.h>

#include "arrow_table.h"

static void write_batch(ldbx_csv *csv, const table *in, bool rows, ldbx_buf *out)
{
    size_t columns = in->shape.count;
    ldbx_error *error = NULL;

    if (!rows)
        table_must(ldbx_csv_arrow(csv, &in->array, 0, in->array.length, out, &error), error);
    for (int64_t row = 0; rows && row < in->array.length; row++)
        table_must(ldbx_csv_row(csv, in->values + (size_t)row * columns, columns, out, &error), error);
}

int main(int argc, char **argv)
{
    table in;
    ldbx_csv *csv;
    ldbx_buf out;
    ldbx_error *error = NULL;
    bool rows;

    if (argc != 4)
        return 2;
    rows = strcmp(argv[3], "rows") == 0;
    table_open(&in, argv[1]);
    csv = table_csv(&in, argv[2]);
    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    if (strcmp(argv[3], "select") == 0) {
        ldbx_csv_select(csv, &out);
    } else if (strcmp(argv[3], "options") == 0) {
        ldbx_csv_reader_options(argv[2], &out);
    } else {
        table_must(ldbx_csv_header(csv, &out, &error), error);
        while (table_next(&in, rows))
            write_batch(csv, &in, rows, &out);
    }
    table_check(fwrite(out.data, 1, out.size, stdout) == out.size && fflush(stdout) == 0, "cannot write");
    ldbx_buf_clear(&out);
    ldbx_csv_destroy(csv);
    table_close(&in);
    return 0;
}
