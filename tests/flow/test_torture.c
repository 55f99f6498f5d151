/*
 * Memory that runs out, once, at the n-th allocation: whatever the client was doing ends with an error or comes to its whole result, leaks nothing, and
 * works when it is called again. Run by tests/flow/test_flow.py, which starts the sandbox. LDBX_TORTURE_RUNS says how many of all n are tried in each sweep.
 *
 * First only the library's own allocations fail, then those of libcurl, cJSON, LZ4 and the C library too.
 */
#include "suite.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define ROWS        12000
#define IMPORT_ROWS 3000

/* Allocations of the whole process: functions of the C library may be replaced by the program. */

static atomic_long calls, fail_call;

#if REPLACES_MALLOC
static bool fails_now(void)
{
    long at = atomic_load_explicit(&fail_call, memory_order_relaxed);

    return at != 0 && atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) + 1 == at;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    return fails_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails_now() ? NULL : __libc_realloc(memory, size);
}
#endif

static ldbx_error *error;
static ldbx_connection *connection;
static ldbx_store *store;

static void arm(bool whole_process, long n)
{
    if (whole_process) {
        atomic_store(&calls, 0);
        atomic_store(&fail_call, n);
    } else {
        suite_fail_allocation(n);
    }
}

/* The allocations since arm() that were counted. */
static long disarm(bool whole_process, long before)
{
    atomic_store(&fail_call, 0);
    suite_fail_allocation(0);
    return whole_process ? atomic_load(&calls) : suite_allocations() - before;
}

/* What is tried. Nothing in them may be Check's, whose own allocations would fail as well. Each leaves its error in `error`. */

typedef int scenario(void);

static int open_and_close(void)
{
    ldbx_config *config = NULL;
    ldbx_connection *opened = NULL;
    int status;

    status = ldbx_config_new(&config, &error);
    if (status == LDBX_OK)
        status = ldbx_config_load_env(config, &error);
    if (status == LDBX_OK)
        status = ldbx_connection_open(config, NULL, &opened, &error);
    if (status == LDBX_OK)
        status = ldbx_connection_ping(opened, &error);
    ldbx_connection_destroy(opened);
    ldbx_config_destroy(config);
    return status;
}

/* Rows that were delivered wrongly, or too few of them, are LDBX_DONE: what no call here ends with. */
static int read_rows(ldbx_result *result, int64_t rows)
{
    const ldbx_batch *batch;
    ldbx_view text;
    int64_t seen = 0;
    int status;

    while ((status = ldbx_result_next(result, &batch, &error)) == LDBX_OK) {
        for (int64_t row = 0; row < ldbx_batch_rows(batch); row++)
            if (ldbx_batch_int64(batch, row, 0) != seen++)
                return LDBX_DONE;
        status = ldbx_batch_json(batch, &text, &error);
        if (status != LDBX_OK)
            return status;
    }
    if (status != LDBX_DONE)
        return status;
    return seen == rows ? LDBX_OK : LDBX_DONE;
}

static int query_with(int prefetch)
{
    ldbx_statement *statement = NULL;
    ldbx_result *result = NULL;
    ldbx_statement_options options;
    int status;

    ldbx_statement_options_init(&options, sizeof options);
    options.prefetch = prefetch;
    status = ldbx_statement_new(connection,
                                ldbx_view_of("SELECT id, CAST(id AS STRING) AS text, array(id) AS list, CAST(:d AS "
                                             "DECIMAL(10,2)) AS d FROM range(12000)"),
                                &options, &statement, &error);
    if (status == LDBX_OK)
        status = ldbx_statement_bind(statement, "d", "DECIMAL(10,2)", ldbx_view_of("1.50"), &error);
    if (status == LDBX_OK)
        status = ldbx_statement_execute(statement, &result, &error);
    if (status == LDBX_OK)
        status = read_rows(result, ROWS);
    ldbx_result_destroy(result);
    ldbx_statement_destroy(statement);
    return status;
}

static int query(void)
{
    return query_with(0);
}

static int query_ahead(void)
{
    return query_with(1);
}

static int browse(void)
{
    ldbx_browser *browser = NULL;
    const ldbx_entry *entry;
    int columns = 0;
    int status = ldbx_browse_columns(connection, "main", "default", "torture", &browser, &error);

    while (status == LDBX_OK && (status = ldbx_browser_next(browser, &entry, &error)) == LDBX_OK)
        columns++;
    ldbx_browser_destroy(browser);
    if (status != LDBX_DONE)
        return status;
    return columns == 2 ? LDBX_OK : LDBX_DONE;
}

static unsigned char seen[IMPORT_ROWS];

static void take(const ldbx_import_batch *batch)
{
    for (int64_t row = 0; row < batch->count; row++)
        seen[ldbx_batch_int64(batch->rows, row, 0)]++;
}

/* What a commit that fails has not delivered is committed again, as a host would; the rows count once. */
static int commit(ldbx_import *import, const ldbx_import_batch *batch)
{
    int status = ldbx_import_commit(import, &error);

    if (status != LDBX_OK) {
        ldbx_error_destroy(error);
        error = NULL;
        arm(true, 0);
        arm(false, 0);
        status = ldbx_import_commit(import, &error);
    }
    if (status == LDBX_OK)
        take(batch);
    return status;
}

static int import_to_the_end(void)
{
    ldbx_import_options options;
    const ldbx_import_batch *batch;
    ldbx_import *import = NULL;
    ldbx_view events;
    int status;

    ldbx_import_options_init(&options, sizeof options);
    options.catalog = "main";
    options.database = "default";
    options.table = "torture";
    options.timestamp_column = "ts";
    options.key = "torture";
    options.store = store;
    options.batch_size = 1000;
    status = ldbx_import_open(connection, &options, &import, &error);
    while (status == LDBX_OK && (status = ldbx_import_next(import, &batch, &error)) == LDBX_OK) {
        status = ldbx_import_events(import, &events, &error);
        if (status == LDBX_OK)
            status = commit(import, batch);
    }
    ldbx_import_destroy(import);
    return status == LDBX_DONE ? LDBX_OK : status;
}

#define LOADED_ROWS 3000

static ldbx_stager *stager;

/* A row at a time, in two files. */
static int append_rows(ldbx_loader *loader)
{
    int status = LDBX_OK;

    for (int64_t id = 0; status == LDBX_OK && id < LOADED_ROWS; id++) {
        const ldbx_value values[] = {{.kind = LDBX_VALUE_INTEGER, .as.integer = id},
                                     {.kind = LDBX_VALUE_BYTES, .as.bytes = {"\"text\"", 6}}};
        status = ldbx_loader_append(loader, values, 2, &error);
    }
    return status;
}

static int load_to_the_end(void)
{
    static const ldbx_load_column columns[] = {{"id", "BIGINT"}, {"text", "STRING"}};
    ldbx_loader_options options;
    ldbx_loader *loader = NULL;
    int status;

    ldbx_loader_options_init(&options, sizeof options);
    options.catalog = "main";
    options.database = "default";
    options.table = "torture_load";
    options.columns = columns;
    options.column_count = 2;
    options.part_rows = 2000;
    options.gzip = 1;
    options.key = options.source = "torture";
    options.store = store;
    status = ldbx_loader_open(connection, stager, &options, &loader, &error);
    if (status == LDBX_OK)
        status = append_rows(loader);
    if (status == LDBX_OK)
        status = ldbx_loader_commit(loader, &error);
    if (status == LDBX_OK && ldbx_loader_report(loader) == NULL)
        status = ldbx_error_set(&error, LDBX_NO_MEMORY, NULL);
    ldbx_loader_destroy(loader);
    return status == LDBX_DONE ? LDBX_OK : status;
}

static void expect_loaded(long n)
{
    int64_t rows = 0, ids = 0;
    ldbx_statement *statement = NULL;
    ldbx_result *result = NULL;
    const ldbx_batch *batch = NULL;

    expect_ok(ldbx_statement_new(connection,
                                 ldbx_view_of("SELECT count(*), count(DISTINCT id) FROM main.default.torture_load"),
                                 NULL, &statement, &error),
              error);
    expect_ok(ldbx_statement_execute(statement, &result, &error), error);
    expect_ok(ldbx_result_next(result, &batch, &error), error);
    rows = ldbx_batch_int64(batch, 0, 0);
    ids = ldbx_batch_int64(batch, 0, 1);
    ldbx_result_destroy(result);
    ldbx_statement_destroy(statement);
    ck_assert_msg(rows == LOADED_ROWS && ids == LOADED_ROWS, "allocation %ld failed: %d rows, %d ids", n, (int)rows,
                  (int)ids);
}

static void forget_error(void)
{
    ldbx_error_destroy(error);
    error = NULL;
}

static void connect_again(void)
{
    ldbx_config *config = NULL;

    ldbx_connection_destroy(connection);
    connection = NULL;
    expect_ok(ldbx_config_new(&config, &error), error);
    expect_ok(ldbx_config_load_env(config, &error), error);
    expect_ok(ldbx_config_set(config, "page_rows", "5000", &error), error);
    expect_ok(ldbx_connection_open(config, NULL, &connection, &error), error);
    ldbx_config_destroy(config);
}

static void set_up(void)
{
    expect_ok(ldbx_stager_open_directory(getenv("LDBX_TEST_STAGING"), NULL, &stager, &error), error);
    ldbx_clock_skip_sleeps(true);
    connect_again();
    expect_ok(ldbx_execute(connection,
                           ldbx_view_of("CREATE OR REPLACE TABLE main.default.torture AS SELECT id, "
                                        "timestamp_seconds(id DIV 7) AS ts FROM range(3000)"),
                           NULL, NULL, &error),
              error);
}

static void tear_down(void)
{
    forget_error();
    ldbx_connection_destroy(connection);
    connection = NULL;
    ldbx_stager_destroy(stager);
    ldbx_clock_skip_sleeps(false);
}

/* Failures of the library's own are told as such; where a library that it uses fails, that one's words are passed on. */
static void expect_told(bool whole_process, long n, int status)
{
    ck_assert_msg(status != LDBX_DONE, "allocation %ld failed, and a short result was called a success", n);
    if (status == LDBX_OK)
        return;
    ck_assert_msg(error != NULL && ldbx_error_status(error) == status, "allocation %ld: no error for status %d", n,
                  status);
    if (!whole_process)
        ck_assert_msg(status == LDBX_NO_MEMORY || ldbx_error_retry(error) == LDBX_RETRY_UNKNOWN, "allocation %ld: %s",
                      n, ldbx_error_message(error));
}

/* One run with the n-th allocation failing, then one that must succeed. Returns the allocations that were counted. */
static long try_once(scenario *run, bool whole_process, long n)
{
    const long before = suite_allocations();
    int status;
    long made;

    memset(seen, 0, sizeof seen);
    if (run == import_to_the_end || run == load_to_the_end)
        expect_ok(ldbx_store_new_memory(&store, &error), error);
    if (run == load_to_the_end)
        expect_ok(ldbx_execute(connection, ldbx_view_of("DROP TABLE IF EXISTS main.default.torture_load"), NULL, NULL,
                               &error),
                  error);
    arm(whole_process, n);
    status = run();
    made = disarm(whole_process, before);
    expect_told(whole_process, n, status);
    forget_error();
    if (status != LDBX_OK) {
        if (ldbx_connection_ping(connection, NULL) != LDBX_OK) /* a failure may have cost the session */
            connect_again();
        expect_ok(run(), error);
    }
    if (run == import_to_the_end) {
        for (int id = 0; id < IMPORT_ROWS; id++)
            ck_assert_msg(seen[id] == 1, "allocation %ld failed: row %d came %d times", n, id, seen[id]);
    }
    if (run == load_to_the_end)
        expect_loaded(n);
    ldbx_store_destroy(store);
    store = NULL;
    return made;
}

static const struct {
    const char *name;
    scenario *run;
} scenarios[] = {
    {"open", open_and_close},      {"query", query},          {"query ahead", query_ahead}, {"browse", browse},
    {"import", import_to_the_end}, {"load", load_to_the_end},
};

#define COUNT (int)(sizeof scenarios / sizeof scenarios[0])

/* Loop: a scenario, first of the library alone, then of the whole process. */
START_TEST(memory_may_run_out_anywhere)
{
    const bool whole_process = _i >= COUNT;
    const int which = _i % COUNT;
    const char *runs = getenv("LDBX_TORTURE_RUNS");
    int64_t limit = 3;
    long all, tried = 0, step;

    if (whole_process && !REPLACES_MALLOC)
        return;
    ck_assert(runs == NULL || ldbx_parse_int64(ldbx_view_of(runs), 1, 1000000, &limit));
    try_once(scenarios[which].run, whole_process, 1000000000); /* fills what is kept from run to run */
    all = try_once(scenarios[which].run, whole_process, 1000000000);
    ck_assert_int_gt(all, 10);
    step = all / (long)limit + 1;
    for (long n = 1; n <= all; n += step, tried++)
        try_once(scenarios[which].run, whole_process, n);
    fprintf(stderr, "torture: %s: %ld of %ld allocations of %s\n", scenarios[which].name, tried, all,
            whole_process ? "the process" : "the library");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("torture");
    TCase *tcase = suite_case(suite, "flow");

    tcase_set_timeout(tcase, 500);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, memory_may_run_out_anywhere, 0, 2 * COUNT);
    return suite_run(suite);
}
