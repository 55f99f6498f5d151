/*
 * Makes one call after the other as it is told on standard input, a line each, and answers each with a line of JSON. Run by tests/flow/test_faults.py,
 * which sets faults in a sandbox meanwhile. Waits between attempts are skipped: the clock jumps instead.
 *
 *   settings PORT REQUEST_TIMEOUT_MS QUERY_TIMEOUT_S
 *   open                                       a connection
 *   browse                                     ... and the tables of main.faults
 *   run REPEATABLE PREFETCH BATCHES STATEMENT  ... and a statement, of whose result at most BATCHES batches are read (0: all)
 *   import                                     ... and an import of main.faults.source, from the beginning
 *   next                                       goes on with that import, in the same handle if there is one
 *   load ROWS BYTES STAGING                    ... and a load of as many rows with texts of that length into main.faults.loaded, ten a file
 *   again                                      the same load once more, with what it has kept
 *   ping                                       whether the connection can be used
 *   end                                        everything is destroyed
 */
#include <lytics_dbx/lytics_dbx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

#define MAX_ROWS   10000
#define PAGE_ROWS  "1000"
#define BATCH_SIZE 1500
#define PART_ROWS  10
#define MAX_BYTES  (8 << 20)

typedef struct driver {
    int port;
    char request_timeout_ms[16];
    int64_t query_timeout_s;
    ldbx_connection *connection;
    ldbx_config *config; /* of the connection */
    ldbx_store *store;
    ldbx_import *import;
    int load_rows, load_bytes; /* of the load in work */
    char staging[512];
    char warning[512];
    /* What the call in work saw. */
    int64_t rows, sum;
    ldbx_error *error;
} driver;

/* How often each id was committed by the import in work. */
static int seen[MAX_ROWS];

static int connect_to(driver *self)
{
    int status;
    char host[64];
    ldbx_config *config = NULL;

    if (self->connection != NULL)
        return LDBX_OK;
    snprintf(host, sizeof host, "http://127.0.0.1:%d", self->port);
    ldbx_config_destroy(self->config);
    status = ldbx_config_new(&self->config, &self->error);
    config = self->config;
    if (status == LDBX_OK)
        status = ldbx_config_set(config, "host", host, &self->error);
    if (status == LDBX_OK)
        status = ldbx_config_set(config, "http_path", "/sql/1.0/warehouses/sandbox", &self->error);
    if (status == LDBX_OK)
        status = ldbx_config_set(config, "token", "sandbox", &self->error);
    if (status == LDBX_OK)
        status = ldbx_config_set(config, "page_rows", PAGE_ROWS, &self->error);
    if (status == LDBX_OK)
        status = ldbx_config_set(config, "request_timeout_ms", self->request_timeout_ms, &self->error);
    if (status == LDBX_OK)
        status = ldbx_connection_open(config, NULL, &self->connection, &self->error);
    return status;
}

static int browse(driver *self)
{
    int status;
    ldbx_browser *browser = NULL;
    const ldbx_entry *entry;

    status = connect_to(self);
    if (status == LDBX_OK)
        status = ldbx_browse_tables(self->connection, "main", "faults", &browser, &self->error);
    while (status == LDBX_OK) {
        status = ldbx_browser_next(browser, &entry, &self->error);
        self->rows += status == LDBX_OK;
    }
    ldbx_browser_destroy(browser);
    return status == LDBX_DONE ? LDBX_OK : status;
}

static int read_rows(driver *self, ldbx_result *result, int batches)
{
    const ldbx_batch *batch;

    for (int n = 0; batches == 0 || n < batches; n++) {
        int status = ldbx_result_next(result, &batch, &self->error);
        if (status != LDBX_OK)
            return status == LDBX_DONE ? LDBX_OK : status;
        self->rows += ldbx_batch_rows(batch);
        for (int64_t row = 0; row < ldbx_batch_rows(batch); row++)
            self->sum += ldbx_batch_int64(batch, row, 0);
    }
    return LDBX_OK;
}

static int run_statement(driver *self, const char *arguments)
{
    int status, batches, begin;
    ldbx_statement *statement = NULL;
    ldbx_result *result = NULL;
    ldbx_statement_options options;

    ldbx_statement_options_init(&options, sizeof options);
    if (sscanf(arguments, "%d %d %d %n", &options.repeatable, &options.prefetch, &batches, &begin) != 3)
        exit(2);
    options.query_timeout_s = self->query_timeout_s;
    status = connect_to(self);
    if (status == LDBX_OK)
        status =
            ldbx_statement_new(self->connection, ldbx_view_of(arguments + begin), &options, &statement, &self->error);
    if (status == LDBX_OK)
        status = ldbx_statement_execute(statement, &result, &self->error);
    if (status == LDBX_OK)
        status = read_rows(self, result, batches);
    ldbx_result_destroy(result);
    ldbx_statement_destroy(statement);
    return status;
}

static void end_import(driver *self)
{
    ldbx_import_destroy(self->import);
    ldbx_store_destroy(self->store);
    self->import = NULL;
    self->store = NULL;
}

static int open_import(driver *self)
{
    ldbx_import_options options;

    if (self->import != NULL)
        return LDBX_OK;
    ldbx_import_options_init(&options, sizeof options);
    options.catalog = "main";
    options.database = "faults";
    options.table = "source";
    options.timestamp_column = "ts";
    options.key = "faults";
    options.store = self->store;
    options.batch_size = BATCH_SIZE;
    options.query_timeout_s = self->query_timeout_s;
    return ldbx_import_open(self->connection, &options, &self->import, &self->error);
}

static int next_rows(driver *self)
{
    int status;
    const ldbx_import_batch *batch;

    status = connect_to(self);
    if (status == LDBX_OK)
        status = open_import(self);
    while (status == LDBX_OK) {
        status = ldbx_import_next(self->import, &batch, &self->error);
        for (int64_t row = 0; status == LDBX_OK && row < batch->count; row++)
            seen[ldbx_batch_int64(batch->rows, row, 0) % MAX_ROWS]++;
        if (status == LDBX_OK)
            status = ldbx_import_commit(self->import, &self->error);
    }
    for (int id = 0; id < MAX_ROWS; id++) { /* rows: ids that came, sum: how often all of them came */
        self->rows += seen[id] > 0;
        self->sum += seen[id];
    }
    return status == LDBX_DONE ? LDBX_OK : status;
}

static int begin_import(driver *self)
{
    int status;

    end_import(self);
    memset(seen, 0, sizeof seen);
    status = ldbx_store_new_memory(&self->store, &self->error);
    return status == LDBX_OK ? next_rows(self) : status;
}

static int give_rows(driver *self, ldbx_loader *loader)
{
    char *text = malloc(MAX_BYTES);
    int status = LDBX_OK;

    if (text == NULL)
        exit(2);
    memset(text, 'x', MAX_BYTES);
    for (int id = 0; status == LDBX_OK && id < self->load_rows; id++) {
        const ldbx_value values[] = {
            {.kind = LDBX_VALUE_INTEGER, .as.integer = id},
            {.kind = LDBX_VALUE_BYTES, .as.bytes = {text, (size_t)self->load_bytes % MAX_BYTES}}};
        status = ldbx_loader_append(loader, values, 2, &self->error);
    }
    free(text);
    return status == LDBX_OK ? ldbx_loader_commit(loader, &self->error) : status;
}

static int load(driver *self, ldbx_stager *stager)
{
    static const ldbx_load_column columns[] = {{"id", "BIGINT"}, {"name", "STRING"}};
    ldbx_load_result result = {.size = sizeof result};
    ldbx_loader_options options;
    ldbx_loader *loader = NULL;
    int status;

    ldbx_loader_options_init(&options, sizeof options);
    options.database = "faults";
    options.table = "loaded";
    options.columns = columns;
    options.column_count = sizeof columns / sizeof columns[0];
    options.part_rows = PART_ROWS;
    options.key = "faults";
    options.source = "rows";
    options.store = self->store;
    status = ldbx_loader_open(self->connection, stager, &options, &loader, &self->error);
    if (status == LDBX_OK)
        status = give_rows(self, loader);
    if (loader != NULL) {
        ldbx_loader_result_get(loader, &result);
        self->rows = result.rows_loaded;
        snprintf(self->warning, sizeof self->warning, "%s", result.warning);
    }
    ldbx_loader_destroy(loader);
    return status == LDBX_DONE ? LDBX_OK : status;
}

static int load_again(driver *self)
{
    ldbx_stager *stager = NULL;
    int status = connect_to(self);

    if (status == LDBX_OK)
        status = ldbx_stager_open_file(self->staging, self->config, &stager, &self->error);
    if (status == LDBX_OK)
        status = load(self, stager);
    ldbx_stager_destroy(stager);
    return status;
}

static int begin_load(driver *self, const char *arguments)
{
    int status;

    if (sscanf(arguments, "%d %d %511s", &self->load_rows, &self->load_bytes, self->staging) != 3)
        exit(2);
    end_import(self);
    status = ldbx_store_new_memory(&self->store, &self->error);
    return status == LDBX_OK ? load_again(self) : status;
}

static int end(driver *self)
{
    end_import(self);
    ldbx_connection_destroy(self->connection);
    ldbx_config_destroy(self->config);
    self->connection = NULL;
    self->config = NULL;
    return LDBX_OK;
}

static int obey(driver *self, const char *line)
{
    if (strcmp(line, "open") == 0)
        return connect_to(self);
    if (strcmp(line, "browse") == 0)
        return browse(self);
    if (strncmp(line, "run ", 4) == 0)
        return run_statement(self, line + 4);
    if (strcmp(line, "import") == 0)
        return begin_import(self);
    if (strcmp(line, "next") == 0)
        return next_rows(self);
    if (strncmp(line, "load ", 5) == 0)
        return begin_load(self, line + 5);
    if (strcmp(line, "again") == 0)
        return load_again(self);
    if (strcmp(line, "ping") == 0)
        return ldbx_connection_ping(self->connection, &self->error);
    if (strcmp(line, "end") == 0)
        return end(self);
    if (sscanf(line, "settings %d %15s %ld", &self->port, self->request_timeout_ms, &self->query_timeout_s) == 3)
        return LDBX_OK;
    fprintf(stderr, "what is '%s'?\n", line);
    exit(2);
}

static const char *warning_of(const driver *self)
{
    ldbx_import_summary summary = {.size = sizeof summary};

    if (self->import != NULL)
        ldbx_import_summary_get(self->import, &summary);
    return summary.warning != NULL ? summary.warning : self->warning;
}

static void answer(const driver *self, int status)
{
    static const char *const verdicts[] = {"never", "safe", "unknown"};
    ldbx_buf text;
    ldbx_json_writer writer = {.buf = &text};

    ldbx_buf_init(&text, LDBX_MAX_TEXT);
    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_text(&writer, "status", ldbx_status_name(status));
    ldbx_json_put_text(&writer, "verdict", status != LDBX_OK ? verdicts[ldbx_error_retry(self->error)] : "");
    ldbx_json_put_int(&writer, "http", ldbx_error_http_status(self->error));
    ldbx_json_put_text(&writer, "message", ldbx_error_message(self->error));
    ldbx_json_put_text(&writer, "statement_id", ldbx_error_statement_id(self->error));
    ldbx_json_put_text(&writer, "warning", warning_of(self));
    ldbx_json_put_int(&writer, "rows", self->rows);
    ldbx_json_put_int(&writer, "sum", self->sum);
    ldbx_json_end_object(&writer);
    puts(ldbx_buf_cstr(&text));
    fflush(stdout);
    ldbx_buf_clear(&text);
}

int main(void)
{
    driver self = {0};
    char line[1024];

    ldbx_clock_skip_sleeps(true);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        self.rows = self.sum = 0;
        self.warning[0] = '\0';
        answer(&self, obey(&self, line));
        ldbx_error_destroy(self.error);
        self.error = NULL;
    }
    end(&self);
    return 0;
}
