/*
 * Staging under measure: a table as gzip CSV in files of 100,000 rows.
 *
 *   load_measure TABLE compress        CSV and gzip, dropped
 *   load_measure TABLE upload          what compress makes, made before, into the bucket
 *   load_measure TABLE columns|rows    through a loader into the bucket, until all is staged and sealed; COPY INTO is not sent
 *   load_measure TABLE large           the same from columns, but one file of all rows, not compressed: blocks of a multipart upload
 *
 * DATABRICKS_* say where the warehouse is, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and BENCH_BUCKET where
 * the bucket is, BENCH_PARALLEL how many requests go out at once. Reading the table, and making rows of its columns, is
 * measured too, but for `upload`.
 */
#include <lytics_dbx/lytics_dbx.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arrow_table.h"
#include "load/gzip.h"
#include "report.h"
#include "stage/upload.h"

#define PART_ROWS   100000
#define LARGE_ROWS  1000000000
#define MAX_COLUMNS 64
#define MAX_PARTS   1024

static ldbx_error *error;

static void must(int status)
{
    table_must(status, error);
}

static ldbx_stager *open_bucket(void)
{
    const char *parallel = getenv("BENCH_PARALLEL");
    char prefix[64];
    ldbx_s3_options options;
    ldbx_stager *stager;

    snprintf(prefix, sizeof prefix, "ours/%lld", (long long)time(NULL));
    ldbx_s3_options_init(&options, sizeof options);
    options.bucket = getenv("BENCH_BUCKET");
    options.prefix = prefix;
    options.endpoint = getenv("AWS_ENDPOINT_URL");
    options.access_key_id = getenv("AWS_ACCESS_KEY_ID");
    options.secret_access_key = getenv("AWS_SECRET_ACCESS_KEY");
    if (parallel != NULL)
        options.parallel = atoi(parallel);
    must(ldbx_stager_open_s3(&options, &stager, &error));
    return stager;
}

/* CSV and gzip alone. */

typedef struct writer {
    ldbx_csv *csv;
    ldbx_gzip *gzip;
    ldbx_buf text;
    int64_t rows; /* of the part in work */
    ldbx_buf parts[MAX_PARTS];
    size_t part;
    bool keep;
    int64_t bytes;
} writer;

static void write_text(writer *out, bool finish)
{
    ldbx_buf *part = &out->parts[out->part];
    const size_t before = part->size;

    must(ldbx_gzip_write(out->gzip, ldbx_buf_get(&out->text), finish, part, &error));
    out->bytes += (int64_t)(part->size - before);
    ldbx_buf_reset(&out->text);
    if (!out->keep)
        ldbx_buf_reset(part);
    if (!finish)
        return;
    out->rows = 0;
    out->part += out->keep;
    table_check(out->part < MAX_PARTS, "the table has too many parts");
}

static int64_t compress_table(writer *out, table *in)
{
    int64_t rows = 0;

    while (table_next(in, false)) {
        if (out->rows == 0)
            must(ldbx_csv_header(out->csv, &out->text, &error));
        must(ldbx_csv_arrow(out->csv, &in->array, 0, in->array.length, &out->text, &error));
        rows += in->array.length;
        out->rows += in->array.length;
        write_text(out, out->rows >= PART_ROWS);
    }
    if (out->rows > 0)
        write_text(out, true);
    return rows;
}

static void writer_open(writer *out, const table *in, bool keep)
{
    *out = (writer){.csv = table_csv(in, "null_of_the_bench"), .keep = keep};
    ldbx_buf_init(&out->text, LDBX_MAX_TEXT);
    for (size_t i = 0; i < MAX_PARTS; i++)
        ldbx_buf_init(&out->parts[i], LDBX_MAX_TEXT);
    must(ldbx_gzip_new(&out->gzip, &error));
}

static void writer_close(writer *out)
{
    ldbx_csv_destroy(out->csv);
    ldbx_gzip_destroy(out->gzip);
    ldbx_buf_clear(&out->text);
    for (size_t i = 0; i < MAX_PARTS; i++)
        ldbx_buf_clear(&out->parts[i]);
}

static void send_parts(const writer *made, ldbx_stager *stager)
{
    ldbx_uploader *uploader;
    ldbx_uploaded sent;
    char name[32];

    must(ldbx_uploader_new(stager, NULL, &uploader, &error));
    for (size_t i = 0; i < made->part; i++) {
        snprintf(name, sizeof name, "upload/%zu.csv.gz", i);
        must(ldbx_uploader_begin(uploader, name, &error));
        must(ldbx_uploader_write(uploader, ldbx_buf_get(&made->parts[i]), &error));
        must(ldbx_uploader_end(uploader, &sent, &error));
    }
    must(ldbx_uploader_wait(uploader, &error));
    ldbx_uploader_destroy(uploader);
}

static int64_t alone(table *in, bool upload)
{
    static writer out;
    ldbx_stager *stager = upload ? open_bucket() : NULL;
    int64_t rows;

    writer_open(&out, in, upload);
    report_begin();
    rows = compress_table(&out, in);
    if (upload) {
        report_begin();
        send_parts(&out, stager);
    }
    report_stop();
    report_bytes(out.bytes);
    writer_close(&out);
    ldbx_stager_destroy(stager);
    return rows;
}

/* Through a loader. Its store knows when all is staged: what is saved then is called sealed, and the load is stopped there. */

static int64_t revision;

static int load_none(void *user, const char *key, ldbx_store_take_fn take, void *context, const char **message)
{
    (void)user, (void)key, (void)take, (void)context, (void)message;
    return LDBX_NOT_FOUND;
}

static int save(void *user, const char *key, ldbx_view document, int64_t expected, const char **message)
{
    static const char sealed[] = "\"state\":\"sealed\"";
    (void)user, (void)key;

    table_check(expected == revision++, "the store was saved out of order");
    if (memmem(document.data, document.size, sealed, sizeof sealed - 1) == NULL)
        return LDBX_OK;
    report_stop();
    *message = "all is staged";
    return LDBX_STOPPED;
}

static int remove_none(void *user, const char *key, const char **message)
{
    (void)user, (void)key, (void)message;
    return LDBX_OK;
}

static ldbx_loader *open_loader(const table *in, ldbx_connection *connection, ldbx_stager *stager, ldbx_store *store,
                                bool large)
{
    ldbx_load_column columns[MAX_COLUMNS];
    ldbx_loader_options options;
    ldbx_loader *loader;

    table_check(in->shape.count <= MAX_COLUMNS, "the table has too many columns");
    for (size_t i = 0; i < in->shape.count; i++)
        columns[i] = (ldbx_load_column){in->shape.columns[i].name, in->shape.columns[i].sql_type};
    ldbx_loader_options_init(&options, sizeof options);
    options.database = "default", options.table = "bench", options.columns = columns,
    options.column_count = in->shape.count;
    options.gzip = !large, options.part_rows = large ? LARGE_ROWS : PART_ROWS;
    options.store = store, options.key = "bench", options.source = "the table";
    must(ldbx_loader_open(connection, stager, &options, &loader, &error));
    return loader;
}

static int64_t append_table(ldbx_loader *loader, table *in, bool rows)
{
    const size_t columns = in->shape.count;
    int64_t count = 0;

    while (table_next(in, rows)) {
        if (!rows)
            must(ldbx_loader_append_arrow(loader, &in->schema, &in->array, &error));
        for (int64_t row = 0; rows && row < in->array.length; row++)
            must(ldbx_loader_append(loader, in->values + (size_t)row * columns, columns, &error));
        count += in->array.length;
    }
    return count;
}

static int64_t load(table *in, bool rows, bool large)
{
    static const ldbx_store_ops ops = {.size = sizeof ops, .load = load_none, .save = save, .remove = remove_none};
    ldbx_config *config;
    ldbx_connection *connection;
    ldbx_stager *stager = open_bucket();
    ldbx_store *store;
    ldbx_loader *loader;
    ldbx_load_result result = {.size = sizeof result};
    int64_t count;

    must(ldbx_config_new(&config, &error));
    must(ldbx_config_load_env(config, &error));
    must(ldbx_connection_open(config, NULL, &connection, &error));
    must(ldbx_store_new(&ops, NULL, &store, &error));
    loader = open_loader(in, connection, stager, store, large);
    report_begin();
    count = append_table(loader, in, rows);
    table_check(ldbx_loader_commit(loader, &error) == LDBX_STOPPED, "the load was not stopped when it was sealed");
    ldbx_loader_result_get(loader, &result);
    report_bytes(result.bytes);
    ldbx_error_destroy(error);
    ldbx_loader_destroy(loader);
    ldbx_store_destroy(store);
    ldbx_stager_destroy(stager);
    ldbx_connection_destroy(connection);
    ldbx_config_destroy(config);
    return count;
}

int main(int argc, char **argv)
{
    table in = {0};
    bool upload, rows;

    if (argc != 3)
        return 2;
    table_open(&in, argv[1]);
    upload = strcmp(argv[2], "upload") == 0;
    rows = strcmp(argv[2], "rows") == 0;
    report_print(upload || strcmp(argv[2], "compress") == 0 ? alone(&in, upload)
                                                            : load(&in, rows, strcmp(argv[2], "large") == 0));
    table_close(&in);
    return 0;
}
