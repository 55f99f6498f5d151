/*
 * CSV and gzip alone under measure: reads a table batch by batch and writes it to a file.
 *
 *   csv_measure TABLE columns FILE    from Arrow columns
 *   csv_measure TABLE rows FILE       row by row
 *   csv_measure TABLE gzip FILE       from Arrow columns, and gzip
 *
 * Reading the table (as tests/support/arrow_table.h says), and making rows of its columns, is not measured.
 */
#include <string.h>

#include "arrow_table.h"
#include "load/gzip.h"
#include "report.h"

#define BLOCK ((size_t)256 << 10) /* written at once */

typedef struct output {
    FILE *file;
    ldbx_csv *csv;
    ldbx_gzip *gzip; /* NULL: as it is */
    ldbx_buf text, packed;
    ldbx_error *error;
} output;

static void open_output(output *out, const table *in, const char *path, bool gzip)
{
    *out = (output){.file = fopen(path, "wb"), .csv = table_csv(in, "null_of_the_bench")};
    table_check(out->file != NULL, "cannot open the output");
    setvbuf(out->file, NULL, _IONBF, 0);
    ldbx_buf_init(&out->text, LDBX_MAX_TEXT);
    ldbx_buf_init(&out->packed, LDBX_MAX_TEXT);
    table_must(ldbx_csv_header(out->csv, &out->text, &out->error), out->error);
    if (gzip)
        table_must(ldbx_gzip_new(&out->gzip, &out->error), out->error);
}

static void flush(output *out, bool finish)
{
    ldbx_buf *ready = &out->text;

    if (out->gzip != NULL) {
        ready = &out->packed;
        table_must(ldbx_gzip_write(out->gzip, ldbx_buf_get(&out->text), finish, ready, &out->error), out->error);
    }
    table_check(fwrite(ready->data, 1, ready->size, out->file) == ready->size, "cannot write");
    ldbx_buf_reset(&out->text);
    ldbx_buf_reset(&out->packed);
}

static void write_batch(output *out, const table *in, bool rows)
{
    const ldbx_value *row = in->values;
    size_t columns = in->shape.count;

    if (!rows)
        table_must(ldbx_csv_arrow(out->csv, &in->array, 0, in->array.length, &out->text, &out->error), out->error);
    for (int64_t i = 0; rows && i < in->array.length; i++, row += columns)
        table_must(ldbx_csv_row(out->csv, row, columns, &out->text, &out->error), out->error);
    if (out->text.size >= BLOCK)
        flush(out, false);
}

static int64_t run(table *in, output *out, bool rows)
{
    int64_t count = 0;

    report_begin();
    for (;;) {
        bool more;
        report_pause();
        more = table_next(in, rows);
        report_go_on();
        if (!more)
            break;
        write_batch(out, in, rows);
        count += in->array.length;
    }
    flush(out, true);
    report_stop();
    return count;
}

int main(int argc, char **argv)
{
    table in;
    output out;

    if (argc != 4)
        return 2;
    table_open(&in, argv[1]);
    open_output(&out, &in, argv[3], strcmp(argv[2], "gzip") == 0);
    report_print(run(&in, &out, strcmp(argv[2], "rows") == 0));
    table_check(fclose(out.file) == 0, "cannot write");
    table_close(&in);
    ldbx_csv_destroy(out.csv);
    ldbx_gzip_destroy(out.gzip);
    ldbx_buf_clear(&out.text);
    ldbx_buf_clear(&out.packed);
    return 0;
}
