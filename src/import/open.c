#include "import/importer.h"

#include <stdarg.h>
#include <string.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/str.h"
#include "client/server_error.h"
#include "client/sql.h"
#include "import/history.h"
#include "store/store.h"

#define OLDEST_OPTIONS sizeof(ldbx_import_options)
#define MAX_BATCH_SIZE 10000000
#define DEFAULT_WINDOW 5000000

void ldbx_import_options_init(ldbx_import_options *options, size_t size)
{
    ldbx_import_options defaults = {.size = size, .window_rows = DEFAULT_WINDOW, .verify = 1, .prefetch = 1};

    ldbx_options_default(options, size, &defaults, sizeof defaults);
}

static int check_range(const char *name, int64_t value, int64_t low, int64_t high, ldbx_error **error)
{
    if (value >= low && value <= high)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s must be from %lld to %lld", name, (long long)low,
                     (long long)high);
}

static int check_text(const char *name, const char *value, ldbx_error **error)
{
    if (value == NULL || value[0] == '\0')
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is required", name);
    return LDBX_OK;
}

static int check_options(const ldbx_import_options *options, ldbx_error **error)
{
    LDBX_TRY(check_text("database", options->database, error));
    LDBX_TRY(check_text("table", options->table, error));
    LDBX_TRY(check_text("timestamp_column", options->timestamp_column, error));
    LDBX_TRY(check_text("key", options->key, error));
    if (options->store == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "store is required");
    LDBX_TRY(check_range("batch_size", options->batch_size, 0, MAX_BATCH_SIZE, error));
    LDBX_TRY(check_range("window_rows", options->window_rows, 1, INT64_MAX, error));
    LDBX_TRY(check_range("row_limit", options->row_limit, 0, INT64_MAX, error));
    LDBX_TRY(check_range("query_timeout_s", options->query_timeout_s, 0, INT32_MAX, error));
    return check_range("upper_lag_s", options->upper_lag_s, 0, INT32_MAX, error);
}

static int parse_since(ldbx_import *import, ldbx_error **error)
{
    const char *text = import->options.since;

    if (text == NULL)
        return LDBX_OK;
    if (!ldbx_parse_timestamp(ldbx_view_of(text), &import->since.us))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "since '%s' is not a date 'yyyy-mm-dd' or 'yyyy-mm-dd HH:MM:SS'",
                         text);
    import->since.set = true;
    return LDBX_OK;
}

static int copy_options(ldbx_import *import, ldbx_connection *connection, ldbx_error **error)
{
    const ldbx_import_options *options = &import->options;
    ldbx_snapshot *snapshot = &import->snapshot;

    snapshot->connection = connection;
    ldbx_statement_options_init(&snapshot->statement, sizeof snapshot->statement);
    snapshot->statement.repeatable = 1;
    snapshot->statement.query_timeout_s = options->query_timeout_s;
    snapshot->statement.prefetch = options->prefetch;
    snapshot->statement.cancel = options->cancel;
    snapshot->statement.progress = options->progress;
    snapshot->statement.user = options->user;
    snapshot->database = ldbx_strdup(options->database);
    snapshot->table = ldbx_strdup(options->table);
    import->key = ldbx_strdup(options->key);
    import->ts_column = ldbx_strdup(options->timestamp_column);
    if (options->record_timestamp_column != NULL)
        import->record_column = ldbx_strdup(options->record_timestamp_column);
    if (snapshot->database == NULL || snapshot->table == NULL || import->key == NULL || import->ts_column == NULL ||
        (options->record_timestamp_column != NULL && import->record_column == NULL))
        return ldbx_fail_no_memory(error);
    return parse_since(import, error);
}

static int load_checkpoint(ldbx_import *import, ldbx_error **error)
{
    ldbx_error *failure = NULL;
    int status = ldbx_store_load(import->options.store, import->key, &import->document, &import->revision, &failure);

    if (status == LDBX_OK)
        return ldbx_checkpoint_read(ldbx_buf_get(&import->document), &import->saved, error);
    if (status != LDBX_NOT_FOUND)
        ldbx_error_move(error, &failure);
    ldbx_error_destroy(failure);
    import->revision = 0;
    return status == LDBX_NOT_FOUND ? LDBX_OK : status;
}

int ldbx_import_save(ldbx_import *import, ldbx_error **error)
{
    ldbx_buf_reset(&import->document);
    ldbx_checkpoint_write(&import->saved, &import->document);
    if (import->document.failed)
        return ldbx_fail_no_memory(error);
    return ldbx_store_save(import->options.store, import->key, ldbx_buf_get(&import->document), &import->revision,
                           error);
}

/* The session's catalog is read once and kept: a later session with another default must not import another
 * table under the same key. */
static int settle_catalog(ldbx_import *import, ldbx_error **error)
{
    const char *catalog = import->options.catalog;

    if (catalog == NULL && import->saved.catalog == NULL)
        LDBX_TRY(ldbx_query_text(import->snapshot.connection, "SELECT current_catalog()", &import->snapshot.statement,
                                 &import->saved.catalog, error));
    import->snapshot.catalog = ldbx_strdup(catalog != NULL ? catalog : import->saved.catalog);
    return import->snapshot.catalog != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

/* A key belongs to one table and one order: another one under the same key would be read from the wrong watermark. */
static int settle_source(ldbx_import *import, ldbx_error **error)
{
    const ldbx_snapshot *snapshot = &import->snapshot;
    int status = LDBX_OK;
    char *source;
    ldbx_buf text;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    ldbx_sql_name(&text, snapshot->catalog, snapshot->database, snapshot->table);
    ldbx_buf_str(&text, " by ");
    ldbx_sql_identifier(&text, import->ts_column);
    source = ldbx_buf_detach(&text);
    if (source == NULL)
        return ldbx_fail_no_memory(error);
    if (import->saved.source == NULL) {
        import->saved.source = source;
        return LDBX_OK;
    }
    if (strcmp(import->saved.source, source) != 0)
        status = ldbx_fail(error, LDBX_INVALID_ARGUMENT, "key '%s' keeps the import of %s, not of %s", import->key,
                           import->saved.source, source);
    ldbx_free(source);
    return status;
}

static int settle_stream(ldbx_import *import, ldbx_error **error)
{
    const ldbx_snapshot *snapshot = &import->snapshot;
    ldbx_buf name;

    ldbx_buf_init(&name, LDBX_MAX_DOCUMENT);
    if (import->options.stream != NULL && import->options.stream[0] != '\0')
        ldbx_buf_str(&name, import->options.stream);
    else
        ldbx_buf_printf(&name, "databricks_%s_%s_%s", snapshot->catalog, snapshot->database, snapshot->table);
    import->stream = ldbx_buf_detach(&name);
    return import->stream != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int find_time_columns(ldbx_import *import, ldbx_error **error)
{
    ldbx_snapshot *snapshot = &import->snapshot;
    ldbx_type type;

    LDBX_TRY(ldbx_snapshot_time_column(snapshot, import->ts_column, "timestamp column", &snapshot->ts_index,
                                       &snapshot->ts_type, error));
    if (snapshot->ts_type == LDBX_TYPE_DATE)
        ldbx_import_warn(import,
                         "timestamp column %s is a DATE: rows that come later on the day of the watermark are not seen",
                         import->ts_column);
    import->has_record = import->record_column != NULL;
    if (!import->has_record)
        return LDBX_OK;
    return ldbx_snapshot_time_column(snapshot, import->record_column, "record timestamp column", &import->record_index,
                                     &type, error);
}

static int name_view(ldbx_import *import, ldbx_error **error)
{
    ldbx_buf name;

    ldbx_buf_init(&name, 128);
    ldbx_buf_printf(&name, "ldbx_snapshot_%s", import->run.id);
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == '-')
            name.data[i] = '_';
    ldbx_free(import->snapshot.view);
    import->snapshot.view = ldbx_buf_detach(&name);
    return import->snapshot.view != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static void lower_to(ldbx_bound *bound, int64_t us)
{
    if (!bound->set || us < bound->us)
        *bound = (ldbx_bound){true, us};
}

static void apply_run_to_snapshot(ldbx_import *import)
{
    import->snapshot.version = import->run.version;
    import->snapshot.lower = import->run.lower;
    import->snapshot.upper = import->run.upper;
}

/* A server that shows a history but refuses to read a version has no versions for us. */
static int read_columns(ldbx_import *import, ldbx_error **error)
{
    ldbx_error *refusal = NULL;
    int status = ldbx_snapshot_describe(&import->snapshot, &refusal);

    if (import->run.version >= 0 && ldbx_is_refusal(status, refusal)) {
        import->run.version = -1;
        ldbx_import_warn(import, "the source has no versions: %s", ldbx_error_message(refusal));
        apply_run_to_snapshot(import);
        status = ldbx_snapshot_describe(&import->snapshot, &refusal);
    }
    if (status != LDBX_OK)
        ldbx_error_move(error, &refusal);
    ldbx_error_destroy(refusal);
    return status;
}

static ldbx_bound later_of(ldbx_bound a, ldbx_bound b)
{
    return !a.set || (b.set && b.us > a.us) ? b : a;
}

/* The newest version of the table, or why there is none. */
static int pin_version(ldbx_import *import, ldbx_version *version, ldbx_error **error)
{
    ldbx_buf reason;
    int status;

    ldbx_buf_init(&reason, LDBX_MAX_ERROR);
    status = ldbx_snapshot_newest_version(&import->snapshot, version, &reason, error);
    if (status == LDBX_OK && version->number < 0)
        ldbx_import_warn(import, "the source has no versions: %s", reason.failed ? "" : ldbx_buf_cstr(&reason));
    ldbx_buf_clear(&reason);
    return status;
}

/*
 * What has no versions is bounded by the greatest timestamp that it had when the run began. Counting comes after pinning, so that it counts the
 * same rows that will be read.
 */
static int begin_run(ldbx_import *import, ldbx_error **error)
{
    ldbx_import_run *run = &import->run;
    ldbx_version version;
    ldbx_bound newest = {0};

    *run = (ldbx_import_run){.attempts = 1, .version = -1};
    LDBX_TRY(ldbx_run_id_make(run->id, error));
    run->lower = later_of(import->saved.watermark, import->since);
    if (import->options.upper_lag_s > 0)
        lower_to(&run->upper, ldbx_wall_us() - import->options.upper_lag_s * LDBX_US_PER_SECOND);
    LDBX_TRY(pin_version(import, &version, error));
    run->version = version.number;
    run->version_us = version.committed_us;
    apply_run_to_snapshot(import);
    LDBX_TRY(read_columns(import, error));
    LDBX_TRY(find_time_columns(import, error));
    LDBX_TRY(ldbx_snapshot_count(&import->snapshot, &run->total, &newest, &run->null_timestamps, error));
    if (run->version < 0 && newest.set)
        lower_to(&run->upper, newest.us);
    return ldbx_import_go_on(import, error);
}

/*
 * Without versions the rows may have changed since: the timestamp that was in work is read again, whole. What was delivered stays counted, and what
 * will come is counted anew.
 */
static int rewind_unversioned(ldbx_import *import, ldbx_error **error)
{
    ldbx_import_run *run = &import->run;
    ldbx_bound newest;
    int64_t rows;

    if (run->complete.set)
        run->lower = run->complete;
    apply_run_to_snapshot(import);
    LDBX_TRY(ldbx_snapshot_count(&import->snapshot, &rows, &newest, &run->null_timestamps, error));
    run->total = run->delivered + rows;
    run->key = (ldbx_key){0};
    ldbx_import_warn(import, "the timestamp that was in work was read again and may have come twice");
    return LDBX_OK;
}

int ldbx_import_go_on(ldbx_import *import, ldbx_error **error)
{
    const ldbx_import_run *run = &import->run;
    int64_t left;

    if (run->version < 0 && run->key.set)
        LDBX_TRY(rewind_unversioned(import, error));
    apply_run_to_snapshot(import);
    LDBX_TRY(name_view(import, error));
    LDBX_TRY(ldbx_snapshot_create_view(&import->snapshot, error));
    ldbx_page_plan_clear(&import->plan);
    import->querying = false;
    left = run->total > run->delivered ? run->total - run->delivered : 0;
    LDBX_TRY(ldbx_page_plan_make(&import->snapshot, &run->key, left, import->options.batch_size,
                                 import->options.window_rows, &import->plan, error));
    import->has_view = true;
    return LDBX_OK;
}

/* A refusal while looking for something says that it is not there. */
static int settle_look(int status, bool *is_there, ldbx_error **refusal, ldbx_error **error)
{
    if (ldbx_is_refusal(status, *refusal)) {
        *is_there = false;
        status = LDBX_OK;
    }
    if (status != LDBX_OK)
        ldbx_error_move(error, refusal);
    ldbx_error_destroy(*refusal);
    *refusal = NULL;
    return status;
}

/*
 * Whether the version that an interrupted run began with can still be read. The history may list one whose files were vacuumed: only counting tells,
 * and a version with another count is another version.
 */
static int look_for_version(ldbx_import *import, bool *is_there, ldbx_error **error)
{
    const ldbx_import_run *run = &import->run;
    ldbx_version pinned = {run->version, run->version_us};
    ldbx_error *refusal = NULL;
    ldbx_bound newest;
    int64_t rows = -1, nulls;
    int status = ldbx_snapshot_has_version(&import->snapshot, &pinned, is_there, &refusal);

    if (status == LDBX_OK && *is_there)
        status = ldbx_snapshot_describe(&import->snapshot, &refusal);
    LDBX_TRY(settle_look(status, is_there, &refusal, error));
    if (!*is_there)
        return LDBX_OK;
    LDBX_TRY(find_time_columns(import, error));
    status = ldbx_snapshot_count(&import->snapshot, &rows, &newest, &nulls, &refusal);
    LDBX_TRY(settle_look(status, is_there, &refusal, error));
    *is_there = *is_there && rows == run->total;
    return LDBX_OK;
}

static int look_for_source(ldbx_import *import, ldbx_error **error)
{
    ldbx_version ignored;

    LDBX_TRY(pin_version(import, &ignored, error)); /* for the reason why there is none */
    LDBX_TRY(ldbx_snapshot_describe(&import->snapshot, error));
    return find_time_columns(import, error);
}

static int resume_run(ldbx_import *import, ldbx_error **error)
{
    import->run.attempts++;
    import->resumed = true;
    return ldbx_import_go_on(import, error);
}

/* Rather twice than lost, and said aloud. */
static int begin_anew(ldbx_import *import, ldbx_error **error)
{
    ldbx_import_warn(
        import,
        "version %lld of the table is gone, so the run begins anew behind the last watermark: rows may come twice",
        (long long)import->saved.run.version);
    return begin_run(import, error);
}

static int start(ldbx_import *import, ldbx_error **error)
{
    bool is_there = true;

    ldbx_buf_reset(&import->warning); /* of a start that a lost session cut short */
    if (import->saved.run.id[0] == '\0')
        return begin_run(import, error);
    import->run = import->saved.run;
    apply_run_to_snapshot(import);
    if (import->run.version >= 0)
        LDBX_TRY(look_for_version(import, &is_there, error));
    else
        LDBX_TRY(look_for_source(import, error));
    return is_there ? resume_run(import, error) : begin_anew(import, error);
}

static int open_import(ldbx_import *import, ldbx_connection *connection, ldbx_error **error)
{
    LDBX_TRY(copy_options(import, connection, error));
    LDBX_TRY(load_checkpoint(import, error));
    LDBX_TRY(ldbx_import_in_session(import, settle_catalog, error));
    LDBX_TRY(settle_source(import, error));
    LDBX_TRY(settle_stream(import, error));
    LDBX_TRY(ldbx_import_in_session(import, start, error));
    import->reopens = 0;
    import->saved.run = import->run;
    LDBX_TRY(ldbx_import_save(import, error));
    ldbx_log(LDBX_LOG_INFO, "import", "run %s: version %lld, %lld rows, %lld delivered before", import->run.id,
             (long long)import->run.version, (long long)import->run.total, (long long)import->run.delivered);
    return LDBX_OK;
}

int ldbx_import_open(ldbx_connection *connection, const ldbx_import_options *options, ldbx_import **out,
                     ldbx_error **error)
{
    int status;
    ldbx_import *import = NULL;

    if (out != NULL)
        *out = NULL;
    if (out == NULL || connection == NULL || options == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL",
                         out == NULL          ? "out"
                         : connection == NULL ? "connection"
                                              : "options");
    import = ldbx_calloc(1, sizeof *import);
    if (import == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_import_options_init(&import->options, sizeof import->options);
    ldbx_buf_init(&import->document, LDBX_MAX_DOCUMENT);
    ldbx_buf_init(&import->warning, LDBX_MAX_ERROR);
    ldbx_buf_init(&import->text, LDBX_MAX_TEXT);
    import->started_ms = ldbx_steady_ms();
    LDBX_GO(ldbx_options_take(&import->options, sizeof import->options, OLDEST_OPTIONS, options, "ldbx_import_options",
                              error));
    LDBX_GO(check_options(&import->options, error));
    LDBX_GO(open_import(import, connection, error));
    *out = import;
    import = NULL;
out:
    ldbx_import_destroy(import);
    return status;
}

void ldbx_import_destroy(ldbx_import *import)
{
    if (import == NULL)
        return;
    ldbx_query_close(&import->query);
    ldbx_page_plan_clear(&import->plan);
    ldbx_checkpoint_clear(&import->saved);
    ldbx_snapshot_clear(&import->snapshot);
    ldbx_buf_clear(&import->document);
    ldbx_buf_clear(&import->warning);
    ldbx_buf_clear(&import->text);
    ldbx_free(import->key);
    ldbx_free(import->stream);
    ldbx_free(import->ts_column);
    ldbx_free(import->record_column);
    ldbx_free(import);
}

void ldbx_import_warn(ldbx_import *import, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    ldbx_log_warning(&import->warning, "import", import->key, format, args);
    va_end(args);
}
