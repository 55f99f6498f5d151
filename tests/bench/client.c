/*
 * The library under measure, through its public functions alone. The environment says where the server is.
 *
 *   client batches SQL     every batch as Arrow C data, borrowed
 *   client stream SQL      every batch through the Arrow C stream, released before the next
 *   client cells SQL       every cell through the getter of its type
 *   client text SQL        every row as JSON
 *   client trips COUNT     SELECT 1, one after the other
 *   client import FILE     the import of main.bench.events, each row an event
 */
#include <lytics_dbx/lytics_dbx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static ldbx_error *error;

/* Whatever is read ends up here, so that no compiler leaves the reading out. */
static volatile int64_t sink;

static void must(int status)
{
    if (status >= LDBX_OK)
        return;
    fprintf(stderr, "client: %s\n", ldbx_error_message(error));
    exit(1);
}

static ldbx_connection *connect_to_server(void)
{
    ldbx_config *config;
    ldbx_connection *connection;

    must(ldbx_config_new(&config, &error));
    must(ldbx_config_load_env(config, &error));
    must(ldbx_connection_open(config, NULL, &connection, &error));
    ldbx_config_destroy(config);
    return connection;
}

typedef void (*reader)(const ldbx_result *result, const ldbx_batch *batch);

static void read_arrow(const ldbx_result *result, const ldbx_batch *batch)
{
    const struct ArrowArray *array = ldbx_batch_arrow(batch);

    (void)result;
    sink += array->length + array->n_children;
}

static void read_text(const ldbx_result *result, const ldbx_batch *batch)
{
    ldbx_view text;

    (void)result;
    must(ldbx_batch_json(batch, &text, &error));
    sink += (int64_t)text.size;
}

/* Of the getters those tell a NULL themselves that can. */
static int64_t read_cell(const ldbx_batch *batch, int64_t row, size_t column, ldbx_type type)
{
    ldbx_decimal decimal = {0};
    ldbx_view text;
    int64_t value = 1;

    switch (type) {
    case LDBX_TYPE_STRING:
        text = ldbx_batch_bytes(batch, row, column);
        return text.data != NULL ? (int64_t)text.size + text.data[0] : 1;
    case LDBX_TYPE_TIMESTAMP:
        ldbx_batch_timestamp_us(batch, row, column, &value);
        return value;
    case LDBX_TYPE_DECIMAL:
        ldbx_batch_decimal(batch, row, column, &decimal);
        return (int64_t)decimal.low;
    case LDBX_TYPE_DOUBLE:
        return ldbx_batch_is_null(batch, row, column) ? 1 : ldbx_batch_double(batch, row, column) > 0;
    default:
        return ldbx_batch_is_null(batch, row, column) ? 1 : ldbx_batch_int64(batch, row, column);
    }
}

static void read_cells(const ldbx_result *result, const ldbx_batch *batch)
{
    int64_t rows = ldbx_batch_rows(batch), sum = 0;
    size_t columns = ldbx_result_column_count(result);
    ldbx_type types[16];

    for (size_t column = 0; column < columns; column++)
        types[column] = ldbx_result_column(result, column)->type;
    for (int64_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            sum += read_cell(batch, row, column, types[column]);
    sink += sum;
}

static int64_t query(ldbx_connection *connection, const char *sql, reader read)
{
    ldbx_view text = {sql, strlen(sql)};
    ldbx_statement *statement;
    ldbx_result *result;
    const ldbx_batch *batch;
    int64_t rows = 0;
    int status;

    must(ldbx_statement_new(connection, text, NULL, &statement, &error));
    must(ldbx_statement_execute(statement, &result, &error));
    if (ldbx_result_column_count(result) > 16)
        exit(1);
    while ((status = ldbx_result_next(result, &batch, &error)) == LDBX_OK) {
        rows += ldbx_batch_rows(batch);
        read(result, batch);
    }
    must(status);
    report_stop();
    ldbx_result_destroy(result);
    ldbx_statement_destroy(statement);
    return rows;
}

static int64_t stream(ldbx_connection *connection, const char *sql)
{
    ldbx_view text = {sql, strlen(sql)};
    ldbx_statement *statement;
    ldbx_result *result;
    struct ArrowArrayStream batches;
    struct ArrowArray batch;
    int64_t rows = 0;

    must(ldbx_statement_new(connection, text, NULL, &statement, &error));
    must(ldbx_statement_execute(statement, &result, &error));
    must(ldbx_result_export_stream(result, &batches, &error));
    while (batches.get_next(&batches, &batch) == 0 && batch.release != NULL) {
        rows += batch.length;
        batch.release(&batch);
    }
    if (batches.get_last_error(&batches) != NULL)
        exit(1);
    report_stop();
    batches.release(&batches);
    ldbx_statement_destroy(statement);
    return rows;
}

static int64_t trips(ldbx_connection *connection, long count)
{
    int64_t rows = 0;

    for (long i = 0; i < count; i++)
        rows += query(connection, "SELECT 1", read_cells);
    return rows;
}

static int64_t import(ldbx_connection *connection, const char *path)
{
    FILE *file = fopen(path, "w");
    ldbx_store *store;
    ldbx_import *import;
    ldbx_import_options options;
    const ldbx_import_batch *batch;
    ldbx_view events;
    int64_t rows = 0;
    int status;

    if (file == NULL)
        exit(1);
    must(ldbx_store_new_memory(&store, &error));
    ldbx_import_options_init(&options, sizeof options);
    options.catalog = "main", options.database = "bench", options.table = "events", options.timestamp_column = "ts";
    options.key = "bench", options.store = store;
    must(ldbx_import_open(connection, &options, &import, &error));
    while ((status = ldbx_import_next(import, &batch, &error)) == LDBX_OK) {
        must(ldbx_import_events(import, &events, &error));
        if (fwrite(events.data, 1, events.size, file) != events.size)
            exit(1);
        must(ldbx_import_commit(import, &error));
        rows += batch->count;
    }
    must(status);
    if (fclose(file) != 0)
        exit(1);
    report_stop();
    ldbx_import_destroy(import);
    ldbx_store_destroy(store);
    return rows;
}

static int64_t run(const char *what, ldbx_connection *connection, const char *argument)
{
    if (strcmp(what, "batches") == 0)
        return query(connection, argument, read_arrow);
    if (strcmp(what, "cells") == 0)
        return query(connection, argument, read_cells);
    if (strcmp(what, "text") == 0)
        return query(connection, argument, read_text);
    if (strcmp(what, "stream") == 0)
        return stream(connection, argument);
    if (strcmp(what, "trips") == 0)
        return trips(connection, strtol(argument, NULL, 10));
    if (strcmp(what, "import") == 0)
        return import(connection, argument);
    return -1;
}

int main(int argc, char **argv)
{
    ldbx_connection *connection;
    int64_t rows;

    if (argc != 3)
        return 2;
    connection = connect_to_server();
    report_begin();
    rows = run(argv[1], connection, argv[2]);
    report_print(rows);
    ldbx_connection_destroy(connection);
    return rows >= 0 ? 0 : 1;
}
