#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/str.h"
#include "client/connection.h"
#include "client/sql.h"
#include "load/loader.h"
#include "load/target.h"
#include "store/store.h"

#define OLDEST_OPTIONS sizeof(ldbx_loader_options)
#define MAX_PART_ROWS  INT64_C(1000000000)
#define MAX_PART_BYTES INT64_C(50000000000) /* 10,000 blocks of 5 MiB: what S3 takes */
#define MAX_SOURCE     4096

void ldbx_loader_options_init(ldbx_loader_options *options, size_t size)
{
    ldbx_loader_options defaults = {.size = size, .part_rows = 100000, .part_bytes = 1000000000};

    ldbx_options_default(options, size, &defaults, sizeof defaults);
}

static int check_text(const char *name, const char *value, size_t most, ldbx_error **error)
{
    if (value == NULL || value[0] == '\0')
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is required", name);
    if (strlen(value) > most)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is longer than %zu bytes", name, most);
    if (!ldbx_utf8_valid(ldbx_view_of(value)))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is not valid UTF-8", name);
    return LDBX_OK;
}

static int check_range(const char *name, int64_t value, int64_t high, ldbx_error **error)
{
    if (value >= 1 && value <= high)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s must be from 1 to %lld", name, (long long)high);
}

static int check_columns(const ldbx_load_column *columns, size_t count, ldbx_error **error)
{
    if (columns == NULL || count == 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "columns are required");
    return LDBX_OK;
}

static int check_options(const ldbx_loader_options *options, ldbx_error **error)
{
    if (options->catalog != NULL)
        LDBX_TRY(check_text("catalog", options->catalog, LDBX_MAX_ERROR, error));
    LDBX_TRY(check_text("database", options->database, LDBX_MAX_ERROR, error));
    LDBX_TRY(check_text("table", options->table, LDBX_MAX_ERROR, error));
    LDBX_TRY(check_text("key", options->key, LDBX_MAX_ERROR, error));
    LDBX_TRY(check_text("source", options->source, MAX_SOURCE, error));
    if (options->store == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "store is required");
    LDBX_TRY(check_columns(options->columns, options->column_count, error));
    if (options->schema != LDBX_SCHEMA_DECLARED && options->schema != LDBX_SCHEMA_INFERRED)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "schema is neither declared nor inferred");
    LDBX_TRY(check_range("part_rows", options->part_rows, MAX_PART_ROWS, error));
    return check_range("part_bytes", options->part_bytes, MAX_PART_BYTES, error);
}

/* The load that the options describe: `wanted`. */

static int copy_text(char **to, const char *text, ldbx_error **error)
{
    *to = ldbx_strdup(text);
    return *to != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int ask_catalog(ldbx_loader *loader, void *context, ldbx_error **error)
{
    return ldbx_query_text(loader->connection, "SELECT current_catalog()", &loader->statement, context, error);
}

/* 128 random bits: no text is equal to it by accident. */
static int choose_null_value(char out[LDBX_NULL_VALUE_SIZE], ldbx_error **error)
{
    uint8_t random[16];
    int size = snprintf(out, LDBX_NULL_VALUE_SIZE, "ldbx_");

    if (!ldbx_random(random, sizeof random))
        return ldbx_fail(error, LDBX_IO, "the system gave no random bytes");
    for (size_t i = 0; i < sizeof random; i++)
        size += snprintf(out + size, LDBX_NULL_VALUE_SIZE - (size_t)size, "%02x", random[i]);
    return LDBX_OK;
}

/* Checks the columns, and takes their types as Databricks spells them. */
static int take_columns(ldbx_manifest *wanted, const ldbx_loader_options *options, ldbx_error **error)
{
    const ldbx_csv_options csv_options = {.columns = options->columns,
                                          .column_count = options->column_count,
                                          .null_value = wanted->null_value,
                                          .inferred = options->schema == LDBX_SCHEMA_INFERRED};
    ldbx_load_column *columns = NULL;
    ldbx_csv *csv = NULL;
    int status;

    LDBX_GO(ldbx_csv_new(&csv_options, &csv, error));
    columns = ldbx_calloc(options->column_count, sizeof *columns);
    if (columns == NULL)
        LDBX_GO(ldbx_fail_no_memory(error));
    for (size_t i = 0; i < options->column_count; i++)
        columns[i] = (ldbx_load_column){options->columns[i].name, ldbx_csv_type(csv, i)};
    status = ldbx_manifest_set_columns(wanted, columns, options->column_count, error);
out:
    ldbx_free(columns);
    ldbx_csv_destroy(csv);
    return status;
}

int ldbx_loader_check_columns(const ldbx_load_column *columns, size_t count, ldbx_error **error)
{
    const ldbx_csv_options options = {.columns = columns, .column_count = count, .null_value = "ldbx_"};
    ldbx_csv *csv = NULL;
    int status = check_columns(columns, count, error);

    if (status == LDBX_OK)
        status = ldbx_csv_new(&options, &csv, error);
    ldbx_csv_destroy(csv);
    return status;
}

/* Case tells neither tables nor columns apart. */
static void fold(ldbx_buf *text)
{
    for (size_t i = 0; i < text->size; i++)
        if (text->data[i] >= 'A' && text->data[i] <= 'Z')
            text->data[i] |= 0x20;
}

/* What makes a load the same load: where it goes, its columns, its source. */
static int identify(ldbx_manifest *wanted, ldbx_error **error)
{
    uint8_t hash[32];
    ldbx_buf text;
    bool fine;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    ldbx_target_name(wanted, &text);
    ldbx_buf_str(&text, wanted->schema == LDBX_SCHEMA_INFERRED ? " inferred" : " declared");
    for (size_t i = 0; i < wanted->column_count; i++) {
        ldbx_buf_byte(&text, ' ');
        ldbx_sql_identifier(&text, wanted->columns[i].name);
        ldbx_buf_printf(&text, " %s", wanted->columns[i].type);
    }
    fold(&text);
    ldbx_buf_printf(&text, "\n%s", wanted->source);
    fine = !text.failed && ldbx_sha256(ldbx_buf_get(&text), hash);
    for (size_t i = 0; fine && i < LDBX_IDENTITY_SIZE / 2; i++)
        snprintf(wanted->identity + 2 * i, 3, "%02x", hash[i]);
    ldbx_buf_clear(&text);
    return fine ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int describe_load(ldbx_loader *loader, const ldbx_loader_options *options, ldbx_manifest *wanted,
                         ldbx_error **error)
{
    wanted->state = LDBX_LOAD_STAGING;
    wanted->schema = options->schema;
    wanted->attempt = (ldbx_attempt){.number = 1, .gzip = options->gzip != 0};
    LDBX_TRY(ldbx_run_id_make(wanted->attempt.run, error));
    LDBX_TRY(choose_null_value(wanted->null_value, error));
    LDBX_TRY(take_columns(wanted, options, error));
    LDBX_TRY(copy_text(&wanted->url, ldbx_stager_url(loader->stager), error));
    LDBX_TRY(copy_text(&wanted->source, options->source, error));
    LDBX_TRY(copy_text(&wanted->database, options->database, error));
    LDBX_TRY(copy_text(&wanted->table, options->table, error));
    if (options->catalog != NULL)
        LDBX_TRY(copy_text(&wanted->catalog, options->catalog, error));
    else
        LDBX_TRY(ldbx_load_patiently(loader, ask_catalog, &wanted->catalog, error));
    return identify(wanted, error);
}

/* What an earlier loader left. */

static int load_document(ldbx_loader *loader, ldbx_error **error)
{
    ldbx_error *failure = NULL;
    ldbx_buf text;
    int status;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    status = ldbx_store_load(loader->store, loader->key, &text, &loader->revision, &failure);
    if (status == LDBX_OK)
        status = ldbx_load_document_read(ldbx_buf_get(&text), loader->job, &loader->document, &failure);
    else if (status == LDBX_NOT_FOUND)
        status = LDBX_OK;
    if (status == LDBX_INVALID_DATA) /* the store may advise to remove it */
        ldbx_error_prefix(&failure, "checkpoint of loads; without it, all that was loaded before can be loaded again");
    if (status != LDBX_OK)
        ldbx_error_move(error, &failure);
    ldbx_error_destroy(failure);
    ldbx_buf_clear(&text);
    return status;
}

static int fail_failed(const ldbx_loader *loader, ldbx_error **error)
{
    const ldbx_manifest *load = &loader->document.load;

    return ldbx_fail(error, LDBX_INVALID_DATA,
                     "load %s failed, and is kept until it is given up (option discard): %s; its files are in %s/%s/%s",
                     load->attempt.run, load->failure, load->url, loader->job, load->attempt.run);
}

/* The report of the load that comes next says nothing of what this one did. */
static void forget_earlier(ldbx_loader *loader)
{
    loader->earlier_rows = loader->last.rows;
    loader->complete = false;
    ldbx_buf_reset(&loader->warning);
    ldbx_buf_reset(&loader->statements);
}

/* Exactly the files that were sealed, wherever they are; those that are loaded may be anywhere. */
static int finish_earlier(ldbx_loader *loader, const ldbx_manifest *wanted, ldbx_error **error)
{
    ldbx_manifest *load = &loader->document.load;
    const bool same = strcmp(load->identity, wanted->identity) == 0;
    int status;

    if (strcmp(load->url, wanted->url) != 0 && load->state != LDBX_LOAD_RECONCILED)
        return ldbx_fail(
            error, LDBX_INVALID_ARGUMENT,
            "load %s of key '%s' is not finished (the option discard gives it up): its files are in %s, and "
            "this stager's address is %s",
            load->attempt.run, loader->key, load->url, wanted->url);
    load->resumed++;
    loader->resumed = same;
    ldbx_log(LDBX_LOG_INFO, "load", "%s: going on with load %s, which is %s", loader->key, load->attempt.run,
             ldbx_load_state_name(load->state));
    status = ldbx_load_finish(loader, error);
    if (status != LDBX_OK && !same)
        ldbx_error_prefix(error,
                          "load %s of other rows was interrupted, and comes first (the option discard gives it up)",
                          load->attempt.run);
    LDBX_TRY(status);
    if (same)
        return LDBX_DONE;
    forget_earlier(loader);
    return LDBX_OK;
}

/* A load that was not sealed begins anew: its names are never used again. */
static int begin_anew(ldbx_loader *loader, ldbx_manifest *wanted, ldbx_error **error)
{
    const ldbx_manifest *old = &loader->document.load;

    LDBX_TRY(ldbx_load_bury(loader, old, error));
    if (strcmp(old->identity, wanted->identity) == 0) {
        memcpy(wanted->attempt.run, old->attempt.run, sizeof wanted->attempt.run);
        memcpy(wanted->null_value, old->null_value, sizeof wanted->null_value);
        wanted->attempt.number = old->attempt.number + 1;
        wanted->table_seen = old->table_seen;
    }
    return LDBX_OK;
}

/* Somebody has decided that it is not wanted any more. What it loaded stays in the table. */
static int discard(ldbx_loader *loader, ldbx_error **error)
{
    const ldbx_manifest *old = &loader->document.load;

    ldbx_load_warn(
        loader,
        "load %s of %lld rows was given up: of its %lld groups of files %lld are in table %s.%s.%s, and %lld "
        "more may be",
        old->attempt.run, (long long)old->rows, (long long)ldbx_manifest_groups(old), (long long)old->loaded,
        old->catalog, old->database, old->table, (long long)(old->started - old->loaded));
    return ldbx_load_bury(loader, old, error);
}

static int settle_earlier(ldbx_loader *loader, ldbx_manifest *wanted, bool discards, ldbx_error **error)
{
    const ldbx_load_state state = loader->document.load.state;

    if (discards && (state == LDBX_LOAD_SEALED || state == LDBX_LOAD_PREPARED || state == LDBX_LOAD_FAILED))
        return discard(loader, error);
    switch (state) {
    case LDBX_LOAD_NONE:
        return LDBX_OK;
    case LDBX_LOAD_STAGING:
        return begin_anew(loader, wanted, error);
    case LDBX_LOAD_FAILED:
        return fail_failed(loader, error);
    default:
        return finish_earlier(loader, wanted, error);
    }
}

static int begin(ldbx_loader *loader, ldbx_manifest *wanted, ldbx_error **error)
{
    ldbx_target target;

    LDBX_TRY(ldbx_target_look(loader, wanted, &target, error));
    if (!target.is_there)
        LDBX_TRY(ldbx_target_check_schema(loader, wanted, error));
    wanted->table_seen |= target.is_there;
    ldbx_manifest_clear(&loader->document.load);
    loader->document.load = *wanted;
    *wanted = (ldbx_manifest){0};
    LDBX_TRY(ldbx_load_save(loader, &loader->document.load, error));
    ldbx_load_remove_dead(loader);
    return LDBX_OK;
}

static int verify_session(ldbx_loader *loader, void *context, ldbx_error **error)
{
    (void)context;
    return ldbx_connection_verify(loader->connection, loader->statement.cancel, error);
}

static int open_load(ldbx_loader *loader, const ldbx_loader_options *options, ldbx_manifest *wanted, ldbx_error **error)
{
    if (loader->connection->dialect != NULL && !loader->connection->dialect->copies_into)
        return ldbx_fail(error, LDBX_UNSUPPORTED, "COPY INTO is not there: the server is open-source Spark");
    LDBX_TRY(ldbx_job_folder(loader->key, loader->job, error));
    LDBX_TRY(load_document(loader, error));
    LDBX_TRY(describe_load(loader, options, wanted, error));
    loader->earlier = ldbx_load_document_find_done(&loader->document, wanted->identity);
    if (loader->earlier != NULL)
        return LDBX_DONE;
    LDBX_TRY(ldbx_load_patiently(loader, verify_session, NULL, error));
    LDBX_TRY(settle_earlier(loader, wanted, options->discard != 0, error));
    LDBX_TRY(begin(loader, wanted, error));
    return ldbx_load_begin_parts(loader, options->part_rows, options->part_bytes, error);
}

static int new_loader(ldbx_connection *connection, ldbx_stager *stager, const ldbx_loader_options *options,
                      ldbx_loader **out, ldbx_error **error)
{
    ldbx_loader *loader = ldbx_calloc(1, sizeof *loader);

    *out = loader;
    if (loader == NULL)
        return ldbx_fail_no_memory(error);
    loader->connection = connection;
    loader->stager = stager;
    loader->store = options->store;
    loader->progress = options->progress;
    loader->user = options->user;
    loader->keep_staged = options->keep_staged != 0;
    loader->earlier_rows = -1;
    loader->started_us = ldbx_wall_us();
    loader->started_ms = ldbx_steady_ms();
    ldbx_manifest_clear(&loader->document.load);
    ldbx_manifest_clear(&loader->last);
    ldbx_buf_init(&loader->warning, LDBX_MAX_ERROR);
    ldbx_buf_init(&loader->statements, LDBX_MAX_DOCUMENT);
    ldbx_buf_init(&loader->failure, LDBX_MAX_DOCUMENT);
    ldbx_buf_init(&loader->report, LDBX_MAX_DOCUMENT);
    ldbx_statement_options_init(&loader->statement, sizeof loader->statement);
    loader->statement.repeatable = 1;
    loader->statement.prefetch = 0;
    loader->statement.cancel = options->cancel;
    return copy_text(&loader->key, options->key, error);
}

int ldbx_loader_open(ldbx_connection *connection, ldbx_stager *stager, const ldbx_loader_options *options,
                     ldbx_loader **out, ldbx_error **error)
{
    ldbx_loader_options ours;
    ldbx_manifest wanted = {.before.number = -1, .after = -1};
    ldbx_loader *loader = NULL;
    int status;

    if (out != NULL)
        *out = NULL;
    if (out == NULL || connection == NULL || stager == NULL || options == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL",
                         out == NULL          ? "out"
                         : connection == NULL ? "connection"
                         : stager == NULL     ? "stager"
                                              : "options");
    ldbx_loader_options_init(&ours, sizeof ours);
    LDBX_TRY(ldbx_options_take(&ours, sizeof ours, OLDEST_OPTIONS, options, "ldbx_loader_options", error));
    LDBX_TRY(check_options(&ours, error));
    LDBX_GO(new_loader(connection, stager, &ours, &loader, error));
    LDBX_GO(open_load(loader, &ours, &wanted, error));
out:
    ldbx_manifest_clear(&wanted);
    if (status >= LDBX_OK)
        *out = loader;
    else
        ldbx_loader_destroy(loader);
    return status;
}
