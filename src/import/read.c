#include "import/importer.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "client/connection.h"
#include "client/result.h"

#define MAX_REOPENS 5 /* sessions lost in a row without ground won in between, or while an import is opened */
#define PROGRESS_MS 200

static int report(ldbx_import *import, ldbx_phase phase, bool phase_ends, ldbx_error **error)
{
    int64_t now = ldbx_steady_ms();
    ldbx_progress progress = {.phase = phase,
                              .rows = import->run.delivered,
                              .rows_total = import->run.total,
                              .attempt = (int)import->run.attempts};

    if (import->options.progress == NULL || (!phase_ends && now - import->reported_ms < PROGRESS_MS))
        return LDBX_OK;
    import->reported_ms = now;
    progress.elapsed_ms = now - import->started_ms;
    progress.bytes = import->bytes + (import->query.result != NULL ? ldbx_result_bytes(import->query.result) : 0);
    if (import->options.progress(&progress, import->options.user) == 0)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_STOPPED, "stopped by the progress callback");
}

/* A query may run for long before its first row: whoever watches sees that rows are being read. */
static int report_running(const ldbx_progress *progress, void *import)
{
    (void)progress;
    return report(import, LDBX_PHASE_READ, false, NULL) == LDBX_OK ? 0 : 1;
}

/* Rows that may still be delivered; -1: no limit. The limit may have been lowered since the run began. */
static int64_t allowance(const ldbx_import *import)
{
    int64_t left = import->options.row_limit - import->run.delivered;

    if (import->options.row_limit == 0)
        return -1;
    return left > 0 ? left : 0;
}

static int open_query(ldbx_import *import, ldbx_error **error)
{
    int status;
    int64_t limit = import->bounds.limit;
    int64_t allowed = allowance(import);
    ldbx_statement_options options = import->snapshot.statement;
    ldbx_buf sql;

    if (allowed >= 0 && (limit == 0 || allowed < limit))
        limit = allowed;
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_snapshot_write_read(&import->snapshot, &import->run.key, &import->bounds.upto, limit, &sql);
    options.progress = report_running;
    options.user = import;
    status = ldbx_query_open(import->snapshot.connection, &sql, &options, &import->query, error);
    ldbx_buf_clear(&sql);
    LDBX_TRY(status);
    if (ldbx_result_column_count(import->query.result) != import->snapshot.column_count + 1)
        return ldbx_fail(error, LDBX_PROTOCOL, "the snapshot has %zu columns instead of %zu",
                         ldbx_result_column_count(import->query.result), import->snapshot.column_count + 1);
    for (size_t i = 0; import->snapshot.nested_as_json && i < import->snapshot.column_count; i++)
        LDBX_TRY(ldbx_result_retype(import->query.result, i, import->snapshot.sql_types[i], error));
    return LDBX_OK;
}

static int key_of(const ldbx_import *import, const ldbx_batch *rows, int64_t row, ldbx_key *key, ldbx_error **error)
{
    *key = (ldbx_key){.set = true};
    key->order = ldbx_batch_int64(rows, row, import->snapshot.column_count);
    if (key->order < 1 || !ldbx_batch_timestamp_us(rows, row, import->snapshot.ts_index, &key->us))
        return ldbx_fail(error, LDBX_PROTOCOL, "a row of the snapshot has no key: column '%s' cannot be read as a time",
                         import->snapshot.columns[import->snapshot.ts_index]);
    return LDBX_OK;
}

static bool is_behind(const ldbx_key *key, const ldbx_key *than)
{
    return !than->set || key->us > than->us || (key->us == than->us && key->order > than->order);
}

/* What delivering a batch moves. */
typedef struct advance {
    ldbx_key last;
    ldbx_bound complete;
} advance;

/*
 * The rows must go on where the last ones ended, in order: what a server delivers twice, or out of turn, must not become an event. A timestamp is
 * complete as soon as a later one comes.
 */
static int check_order(const ldbx_import *import, const ldbx_batch *rows, advance *moved, ldbx_error **error)
{
    ldbx_key before = import->run.key;

    moved->complete = import->run.complete;
    for (int64_t row = 0; row < ldbx_batch_rows(rows); row++) {
        LDBX_TRY(key_of(import, rows, row, &moved->last, error));
        if (!is_behind(&moved->last, &before))
            return ldbx_fail(error, LDBX_PROTOCOL, "the server delivered rows of the snapshot out of order");
        if (before.set && moved->last.us > before.us)
            moved->complete = (ldbx_bound){true, before.us};
        before = moved->last;
    }
    return LDBX_OK;
}

/* Whether the rows in work are the first ones of a timestamp that is streamed: a group that is cut and read on stays one. */
static bool enters_giant(const ldbx_import *import)
{
    const ldbx_key *key = &import->run.key;

    return import->bounds.giant && import->options.batch_size > 0 && (!key->set || key->us != import->bounds.upto.us);
}

/* Whether a lost session no longer makes the import repeat what it repeated before: what has no versions goes back to the last whole timestamp. */
static bool wins_ground(const ldbx_import_run *run, const advance *moved)
{
    return run->version >= 0 || (moved->complete.set && (!run->complete.set || moved->complete.us > run->complete.us));
}

static void hand_out(ldbx_import *import, const ldbx_batch *rows, const advance *moved)
{
    ldbx_import_run *run = &import->run;
    size_t count = import->snapshot.column_count; /* the ordering column is the last one and never leaves here */

    import->array = *ldbx_batch_arrow(rows);
    import->array.n_children = (int64_t)count;
    import->array.release = NULL; /* borrowed: the result gives it back */
    import->rows = (ldbx_batch){&import->array, rows->columns, count, &import->text};
    import->batch = (ldbx_import_batch){&import->rows, import->stream, run->id, run->delivered, ldbx_batch_rows(rows)};
    run->groups_streamed += enters_giant(import);
    if (wins_ground(run, moved))
        import->reopens = 0;
    run->key = moved->last;
    run->complete = moved->complete;
    run->delivered += import->batch.count;
    import->query_rows += import->batch.count;
    import->has_batch = true;
}

static void close_query(ldbx_import *import)
{
    if (import->query.result != NULL)
        import->bytes += ldbx_result_bytes(import->query.result);
    ldbx_query_close(&import->query);
}

static void begin_query(ldbx_import *import)
{
    import->querying = true;
    import->query_rows = 0;
}

static int next_query(ldbx_import *import, ldbx_error **error)
{
    if (allowance(import) == 0)
        return LDBX_DONE;
    if (!import->querying) {
        if (!ldbx_page_plan_next(&import->plan, &import->bounds))
            return LDBX_DONE;
        begin_query(import);
    }
    return import->query.result == NULL ? open_query(import, error) : LDBX_OK;
}

/* Next rows of the query in work, or of the next one; LDBX_DONE when the plan is through. */
static int read_rows(ldbx_import *import, const ldbx_batch **rows, ldbx_error **error)
{
    for (;;) {
        int status;

        LDBX_TRY(report(import, LDBX_PHASE_READ, false, error));
        LDBX_TRY(next_query(import, error));
        status = ldbx_result_next(import->query.result, rows, error);
        if (status != LDBX_DONE)
            return status;
        close_query(import);
        import->querying = false;
        ldbx_page_plan_took(&import->plan, &import->bounds, import->query_rows);
    }
}

/* Nothing counts as delivered unless it is handed out. After a failure the query begins anew behind the last row that was. */
static int next_rows(ldbx_import *import, ldbx_error **error)
{
    const ldbx_batch *rows = NULL;
    advance moved;
    int status = read_rows(import, &rows, error);

    if (status == LDBX_OK)
        status = check_order(import, rows, &moved, error);
    if (status == LDBX_OK)
        hand_out(import, rows, &moved);
    else if (status != LDBX_DONE)
        close_query(import);
    return status;
}

int ldbx_import_in_session(ldbx_import *import, ldbx_import_step *step, ldbx_error **error)
{
    ldbx_error *failure = NULL;
    int status = step(import, &failure);

    while (status == LDBX_SESSION_LOST && import->reopens++ < MAX_REOPENS) {
        ldbx_log(LDBX_LOG_WARNING, "import", "%s: the session is lost, going on in a new one", import->key);
        import->has_view = false;
        status = ldbx_connection_reopen(import->snapshot.connection, import->options.cancel, &failure);
        if (status == LDBX_OK)
            status = step(import, &failure);
    }
    if (status == LDBX_SESSION_LOST)
        import->reopens = 0; /* who asks again gets as many */
    if (status < LDBX_OK)
        ldbx_error_move(error, &failure);
    ldbx_error_destroy(failure);
    return status;
}

/* In a new session: on the same snapshot, behind the last row that was delivered. */
static int next_rows_of_snapshot(ldbx_import *import, ldbx_error **error)
{
    if (!import->has_view)
        LDBX_TRY(ldbx_import_go_on(import, error));
    return next_rows(import, error);
}

static bool is_committed(const ldbx_import *import)
{
    return import->saved.run.delivered == import->run.delivered;
}

/* Rows that a server kept back at the end of its last answer are found by a new plan of what is left. */
static int verify(ldbx_import *import, ldbx_error **error)
{
    const ldbx_import_run *run = &import->run;

    if (!import->options.verify || import->limited || run->delivered == run->total)
        return LDBX_OK;
    if (run->version >= 0) {
        import->has_view = false;
        return ldbx_fail(error, LDBX_INVALID_DATA, "%lld rows were delivered but version %lld of the table has %lld",
                         (long long)run->delivered, (long long)run->version, (long long)run->total);
    }
    ldbx_import_warn(import, "the source has no versions and changed meanwhile: %lld rows were delivered, %lld counted",
                     (long long)run->delivered, (long long)run->total);
    return LDBX_OK;
}

/* The watermark moves here and nowhere else: only a whole run says that everything up to it was seen. */
static int finish(ldbx_import *import, ldbx_error **error)
{
    ldbx_import_checkpoint before = import->saved;
    int status;

    import->limited = import->options.row_limit > 0 && import->run.delivered >= import->options.row_limit &&
                      import->run.delivered < import->run.total;
    LDBX_TRY(report(import, LDBX_PHASE_READ, true, error));
    LDBX_TRY(verify(import, error));
    if (!import->limited && import->run.key.set)
        import->saved.watermark = (ldbx_bound){true, import->run.key.us};
    else if (!import->limited && import->run.complete.set) /* rewound, and nothing was left to read */
        import->saved.watermark = import->run.complete;
    import->saved.run = (ldbx_import_run){0};
    status = ldbx_import_save(import, error);
    if (status != LDBX_OK) {
        import->saved = before;
        return status;
    }
    import->complete = true;
    report(import, LDBX_PHASE_VERIFY, true, NULL); /* too late to stop anything */
    return LDBX_OK;
}

int ldbx_import_next(ldbx_import *import, const ldbx_import_batch **out, ldbx_error **error)
{
    int status;

    *out = NULL;
    import->has_batch = false;
    if (import->complete)
        return LDBX_DONE;
    status = ldbx_import_in_session(import, next_rows_of_snapshot, error);
    if (status == LDBX_OK)
        *out = &import->batch;
    if (status != LDBX_DONE || !is_committed(import))
        return status;
    LDBX_TRY(finish(import, error));
    return LDBX_DONE;
}

int ldbx_import_commit(ldbx_import *import, ldbx_error **error)
{
    ldbx_import_run before = import->saved.run;
    int status = LDBX_OK;

    if (is_committed(import))
        return LDBX_OK;
    import->saved.run = import->run;
    status = ldbx_import_save(import, error);
    if (status != LDBX_OK)
        import->saved.run = before;
    return status;
}
