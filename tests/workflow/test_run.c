#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_import.h"

#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "workflow/document.h"

#define ONCE(members)                                                                                                  \
    "{\"type\":\"databricks-import\",\"name\":\"job\",\"config\":{\"database\":\"d\",\"source\":\"t\","                \
    "\"timestamp_field\":\"ts\"" members "}}"
#define REPEATED(members) ONCE(",\"continuous_update\":true" members)

static char folder[64];
static char output_path[96];
static char *connection_bytes; /* never looked into */
static ldbx_error *error;
static cJSON *report;

/* The output: a file that is cut at a resume, as the program's is. */
static struct {
    int fd;
    char position[32];
    int begin_status;
    int64_t write_fails_at; /* the write that would make the file longer than this; -1: none */
    int write_status;
    int position_status;

    int begun;
    int resumed;
    char run[64];
    char from[32];
    int writes;
    void (*on_write)(void);
} output;

/* The store: the directory store behind hooks, so that saves can be counted and refused. */
static struct {
    ldbx_store *directory;
    ldbx_error *last;
    int save_fails_at; /* the n-th save; 0: none */
    int save_status;
    int saves;
} kept;

static int refuse(int status, const char *reason, const char **message)
{
    *message = status == LDBX_OK ? NULL : reason;
    return status;
}

static int output_begin(void *user, const char *run, const char *position, int resumed, const char **message)
{
    ck_assert_ptr_eq(user, &output);
    fake_tick();
    output.begun++;
    output.resumed = resumed;
    snprintf(output.run, sizeof output.run, "%s", run);
    snprintf(output.from, sizeof output.from, "%s", position);
    if (output.begin_status != 0)
        return refuse(output.begin_status, "another file", message);
    output.fd = open(output_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ck_assert_int_ge(output.fd, 0);
    if (resumed)
        ck_assert_int_eq(ftruncate(output.fd, atoll(position)), 0);
    return LDBX_OK;
}

static int output_write(void *user, const ldbx_import_batch *batch, ldbx_view events, const char **message)
{
    size_t half = events.size / 2;
    struct stat facts;

    ck_assert_ptr_eq(user, &output);
    ck_assert_str_eq(batch->run, output.run);
    ck_assert_int_eq(fstat(output.fd, &facts), 0);
    if (output.write_fails_at >= 0 && facts.st_size + (int64_t)events.size > output.write_fails_at)
        return refuse(output.write_status, "no space left", message);
    output.writes++;
    if (output.on_write != NULL)
        output.on_write();
    fake_tick();
    ck_assert_int_eq(write(output.fd, events.data, half), half);
    fake_tick();
    ck_assert_int_eq(write(output.fd, events.data + half, events.size - half), events.size - half);
    fake_tick();
    return LDBX_OK;
}

static int output_position(void *user, const char **position, const char **message)
{
    struct stat facts;

    ck_assert_ptr_eq(user, &output);
    if (output.position_status != 0)
        return refuse(output.position_status, NULL, message);
    fake_tick();
    ck_assert_int_eq(fstat(output.fd, &facts), 0);
    snprintf(output.position, sizeof output.position, "%lld", (long long)facts.st_size);
    *position = output.position;
    return LDBX_OK;
}

static const ldbx_sink_ops sink = {sizeof sink, output_begin, output_write, output_position};

typedef struct handover {
    ldbx_store_take_fn take;
    void *context;
} handover;

static int kept_load(void *user, const char *key, ldbx_store_take_fn take, void *context, const char **message)
{
    int64_t revision;
    ldbx_buf document;
    int status;

    (void)user;
    ldbx_buf_init(&document, LDBX_MAX_DOCUMENT);
    status = ldbx_store_load(kept.directory, key, &document, &revision, &kept.last);
    *message = ldbx_error_message(kept.last);
    if (status == LDBX_OK)
        status = take(ldbx_buf_get(&document), revision, context);
    ldbx_buf_clear(&document);
    return status;
}

static int kept_save(void *user, const char *key, ldbx_view document, int64_t expected, const char **message)
{
    int status;

    (void)user;
    fake_tick();
    if (++kept.saves == kept.save_fails_at)
        return refuse(kept.save_status, "the store is full", message);
    status = ldbx_store_save(kept.directory, key, document, &expected, NULL);
    fake_tick();
    return status;
}

static int kept_remove(void *user, const char *key, const char **message)
{
    (void)user;
    (void)message;
    return ldbx_store_remove(kept.directory, key, NULL);
}

static void kept_destroy(void *user)
{
    (void)user;
    ldbx_store_destroy(kept.directory);
    ldbx_error_destroy(kept.last);
    kept.directory = NULL;
    kept.last = NULL;
}

static const ldbx_store_ops kept_ops = {sizeof kept_ops, kept_load, kept_save, kept_remove, kept_destroy};

static ldbx_store *open_store(void)
{
    ldbx_store *store = NULL;

    expect_ok(ldbx_store_open_directory(folder, LDBX_STORE_WRITE, &kept.directory, &error), error);
    expect_ok(ldbx_store_new(&kept_ops, NULL, &store, &error), error);
    return store;
}

static void begin(void)
{
    static char byte;

    snprintf(folder, sizeof folder, "/tmp/ldbx-run-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(output_path, sizeof output_path, "%s/output", folder);
    connection_bytes = &byte;
    memset(&fake, 0, sizeof fake);
    fake.rows = 10;
    fake.per_batch = 3;
    fake.fail_at = -1;
    memset(&output, 0, sizeof output);
    output.fd = -1;
    output.write_fails_at = -1;
    memset(&kept, 0, sizeof kept);
    report = NULL;
}

static void end(void)
{
    suite_remove_folder(folder);
    cJSON_Delete(report);
    ldbx_error_destroy(error);
    error = NULL;
}

static ldbx_job *open_job(const char *json)
{
    ldbx_job *job = NULL;

    expect_ok(ldbx_job_open(ldbx_view_of(json), &job, &error), error);
    return job;
}

/* One run by a program of its own: the job is read, the store opened, the report kept. */
static int run_with(const char *json, int again, bool connected)
{
    ldbx_connection *connection = connected ? (ldbx_connection *)connection_bytes : NULL;
    ldbx_job *job = open_job(json);
    ldbx_store *store = open_store();
    const char *text = "";
    ldbx_job_hooks hooks;
    int status;

    ldbx_error_destroy(error);
    error = NULL;
    ldbx_job_hooks_init(&hooks, sizeof hooks);
    hooks.store = store;
    hooks.sink = &sink;
    hooks.sink_user = &output;
    hooks.again = again;
    status = ldbx_job_run(job, connection, &hooks, &text, &error);
    ck_assert((status == LDBX_OK) == (error == NULL));
    cJSON_Delete(report);
    report = text != NULL ? cJSON_Parse(text) : NULL;
    if (output.fd >= 0)
        close(output.fd);
    output.fd = -1;
    ldbx_store_destroy(store);
    ldbx_job_destroy(job);
    return status;
}

static int run(const char *json)
{
    return run_with(json, 0, true);
}

/* A value of a JSON object by its path, "rows.delivered"; texts without quotes. */
static const char *at_path(const cJSON *json, const char *path)
{
    static char text[2000];
    char name[64];

    while (*path != '\0') {
        size_t size = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)size, path);
        json = cJSON_GetObjectItemCaseSensitive(json, name);
        ck_assert_msg(json != NULL, "no member %s", name);
        path += size + (path[size] == '.');
    }
    if (cJSON_IsString(json))
        snprintf(text, sizeof text, "%s", json->valuestring);
    else
        ck_assert(cJSON_PrintPreallocated((cJSON *)(uintptr_t)json, text, sizeof text, 0));
    return text;
}

#define expect_report(path, value) ck_assert_str_eq(at_path(report, path), value)

static cJSON *status_of(const char *json)
{
    ldbx_store *store = NULL;
    ldbx_job *job = open_job(json);
    const char *text = NULL;
    cJSON *parsed;

    expect_ok(ldbx_store_open_directory(folder, LDBX_STORE_READ, &store, &error), error);
    expect_ok(ldbx_job_status(job, store, &text, &error), error);
    parsed = cJSON_Parse(text);
    ck_assert_ptr_nonnull(parsed);
    ldbx_store_destroy(store);
    ldbx_job_destroy(job);
    return parsed;
}

static void expect_status_member(const char *json, const char *path, const char *value)
{
    cJSON *parsed = status_of(json);

    ck_assert_str_eq(at_path(parsed, path), value);
    cJSON_Delete(parsed);
}

/* The output holds the lines of rows [from, to) `times` times, one after the other, and nothing else. */
static void expect_rows(int from, int to, int times)
{
    ldbx_buf expected, found;

    ldbx_buf_init(&expected, LDBX_MAX_TEXT);
    ldbx_buf_init(&found, LDBX_MAX_TEXT);
    while (times-- > 0)
        for (int i = from; i < to; i++)
            ldbx_buf_printf(&expected, "row %d\n", i);
    expect_ok(ldbx_file_read(output_path, &found, &error), error);
    ck_assert_str_eq(ldbx_buf_cstr(&found), ldbx_buf_cstr(&expected));
    ldbx_buf_clear(&expected);
    ldbx_buf_clear(&found);
}

START_TEST(a_one_time_job_runs_once)
{
    expect_ok(run(ONCE("")), error);
    expect_rows(0, 10, 1);
    expect_report("state", "completed");
    expect_report("rows.delivered", "10");
    expect_status_member(ONCE(""), "state", "completed");
    expect_status_member(ONCE(""), "run", "null");
    expect_status_member(ONCE(""), "position", "null");
    expect_status_member(ONCE(""), "watermark", "1970-01-01T00:00:10.000000Z");

    fake.rows = 20;
    expect_ok(run_with(ONCE(""), 0, false), error);
    ck_assert_int_eq(fake.opened, 1);
    ck_assert_int_eq(output.begun, 1);
    expect_rows(0, 10, 1);

    expect_ok(run_with(ONCE(""), 1, true), error);
    expect_report("rows.delivered", "20");
    ck_assert_int_eq(output.resumed, 0);
    ck_assert_str_eq(output.from, "");
}
END_TEST

START_TEST(a_report_has_all_keys_when_nothing_is_done)
{
    char *text;

    expect_ok(run(ONCE("")), error);
    expect_ok(run_with(ONCE(""), 0, false), error);
    text = cJSON_PrintUnformatted(report);
    ck_assert_str_eq(text, "{\"run\":null,\"job\":\"job\",\"state\":\"completed\",\"started\":null,\"finished\":"
                           "null,\"window\":{\"from\":null,\"to\":null},\"source_position\":null,\"files\":[],"
                           "\"statements\":[],\"rows\":{\"delivered\":0,\"staged\":0,\"loaded\":0,\"omitted\":{},"
                           "\"groups_streamed\":0},\"limited\":false,\"versions\":{\"before\":null,\"after\":null}"
                           ",\"attempts\":0,\"watermark\":null,\"warnings\":[],\"error\":null}");
    cJSON_free(text);
}
END_TEST

START_TEST(a_report_tells_the_run)
{
    char run_id[64];
    int64_t started, finished;

    fake.version = 7;
    fake.null_timestamps = 2;
    expect_ok(run(ONCE(",\"day_of_week\":\"1\"")), error);
    snprintf(run_id, sizeof run_id, "%s", at_path(report, "run"));
    ck_assert_str_eq(run_id, output.run);
    expect_report("job", "job");
    expect_report("window.from", "null");
    expect_report("window.to", "1970-01-01T00:00:10.000000Z");
    expect_report("watermark", "1970-01-01T00:00:10.000000Z");
    expect_report("versions.before", "7");
    expect_report("rows.omitted.null_timestamp", "2");
    expect_report("attempts", "1");
    expect_report("limited", "false");
    expect_report("error", "null");
    expect_report("warnings", "[\"config.day_of_week: without effect unless config.continuous_update is true\"]");
    ck_assert(ldbx_parse_timestamp(ldbx_view_of(at_path(report, "started")), &started));
    ck_assert(ldbx_parse_timestamp(ldbx_view_of(at_path(report, "finished")), &finished));
    ck_assert_int_le(started, finished);
    expect_status_member(ONCE(""), "last_run.run", run_id);
    expect_status_member(ONCE(""), "last_run.delivered", "10");
    expect_status_member(ONCE(""), "last_run.error", "null");
}
END_TEST

START_TEST(a_report_warns)
{
    fake.warning = "the table is a view\nwithout versions";
    fake.version = -1;
    fake.ahead_us = INT64_C(32503680000) * LDBX_US_PER_SECOND;
    expect_ok(run(ONCE("")), error);
    expect_report("versions.before", "null");
    expect_report("warnings",
                  "[\"the table is a view without versions\",\"watermark 3000-01-01T00:00:10.000000Z is "
                  "more than a day ahead of the clock: rows with earlier timestamps are not seen any more\"]");
}
END_TEST

START_TEST(a_limited_run_says_so)
{
    expect_ok(run(ONCE(",\"row_limit\":4")), error);
    expect_rows(0, 4, 1);
    expect_report("limited", "true");
    expect_report("window.to", "null");
    expect_report("watermark", "null");
    expect_report("state", "completed");
    expect_report("warnings", "[\"config.row_limit cut this run: the watermark stays where it was\"]");
    expect_status_member(ONCE(""), "last_run.limited", "true");
}
END_TEST

START_TEST(a_repeated_job_takes_what_is_new)
{
    expect_status_member(REPEATED(""), "state", "new");
    expect_status_member(REPEATED(""), "last_run", "null");
    expect_ok(run(REPEATED("")), error);
    expect_report("state", "sleeping");
    fake.rows = 15;
    expect_ok(run(REPEATED("")), error);
    expect_report("rows.delivered", "5");
    expect_report("window.from", "1970-01-01T00:00:10.000000Z");
    expect_report("window.to", "1970-01-01T00:00:15.000000Z");
    expect_ok(run(REPEATED("")), error);
    expect_report("rows.delivered", "0");
    expect_report("state", "sleeping");
    ck_assert_int_eq(output.begun, 3);
    ck_assert_int_eq(output.resumed, 0);
    expect_rows(0, 15, 1);

    expect_ok(run(ONCE("")), error);
    expect_report("state", "completed");
    fake.rows = 16;
    expect_ok(run(REPEATED("")), error);
    expect_rows(0, 16, 1);
}
END_TEST

START_TEST(an_empty_table_completes)
{
    fake.rows = 0;
    expect_ok(run(ONCE("")), error);
    expect_report("state", "completed");
    expect_report("watermark", "null");
    expect_rows(0, 0, 0);
}
END_TEST

/* Opening and the output's beginning take a save each, the end and the last run one each. */
START_TEST(batches_are_committed_one_by_one)
{
    expect_ok(run(ONCE(",\"batch_size\":4")), error);
    ck_assert_int_eq(output.writes, 3);
    ck_assert_int_eq(fake.commits, 3);
    ck_assert_int_eq(kept.saves, 2 + 3 + 2);
}
END_TEST

START_TEST(a_stream_is_committed_seldom)
{
    fake.rows = 250000;
    fake.per_batch = 30000;
    expect_ok(run(ONCE("")), error);
    ck_assert_int_eq(output.writes, 9);
    ck_assert_int_ge(fake.commits, 3); /* after 120,000 and 240,000 rows and at the end; a slow machine adds some */
    ck_assert_int_lt(fake.commits, 9);
    expect_rows(0, 250000, 1);
}
END_TEST

static void expect_saved_position(void)
{
    cJSON *parsed = status_of(ONCE(""));

    if (output.writes == 1)
        ck_assert_str_eq(at_path(parsed, "position"), "3");
    ck_assert_str_eq(at_path(parsed, "state"), "running");
    ck_assert_str_eq(at_path(parsed, "run"), output.run);
    cJSON_Delete(parsed);
}

START_TEST(the_output_is_known_before_its_first_byte)
{
    int fd = open(output_path, O_WRONLY | O_CREAT, 0600);

    ck_assert_int_eq(write(fd, "old", 3), 3);
    close(fd);
    output.on_write = expect_saved_position;
    expect_ok(run(ONCE("")), error);
    ck_assert_int_gt(output.writes, 1);
}
END_TEST

START_TEST(an_interrupted_run_goes_on)
{
    char first_run[64];

    fake.fail_at = 7;
    fake.fail_status = LDBX_SERVER;
    expect_status(run(REPEATED(",\"batch_size\":2")), LDBX_SERVER, error);
    snprintf(first_run, sizeof first_run, "%s", output.run);
    ck_assert_str_eq(ldbx_error_message(error), "reading row 7 failed");
    expect_report("state", "running");
    expect_report("run", first_run);
    expect_report("rows.delivered", "6");
    expect_report("window.to", "null");
    expect_report("error.status", "SERVER");
    expect_report("error.message", "reading row 7 failed");
    expect_report("error.sqlstate", "42P01");
    expect_report("error.class", "TABLE_LOST");
    expect_report("error.statement_id", "statement-1");
    expect_report("error.retry", "safe");
    expect_status_member(REPEATED(""), "state", "running");
    expect_status_member(REPEATED(""), "run", first_run);
    expect_status_member(REPEATED(""), "position", "36");
    expect_status_member(REPEATED(""), "last_run.error.message", "reading row 7 failed");

    fake.fail_at = -1;
    expect_ok(run(REPEATED("")), error);
    ck_assert_str_eq(output.run, first_run);
    ck_assert_str_eq(output.from, "36");
    ck_assert_int_eq(output.resumed, 1);
    expect_report("run", first_run);
    expect_report("attempts", "2");
    expect_report("rows.delivered", "10");
    expect_report("state", "sleeping");
    expect_rows(0, 10, 1);
}
END_TEST

/* Rows that were written but not committed come again, so they must be cut. */
START_TEST(uncommitted_rows_are_cut)
{
    fake.fail_at = 7;
    fake.fail_status = LDBX_SESSION_LOST;
    expect_status(run(ONCE("")), LDBX_SESSION_LOST, error);
    expect_rows(0, 6, 1);
    expect_status_member(ONCE(""), "position", "0");
    fake.fail_at = -1;
    expect_ok(run(ONCE("")), error);
    ck_assert_int_eq(output.resumed, 1);
    expect_rows(0, 10, 1);
}
END_TEST

/* A save of the import that is no commit says nothing of the rows that were written since the last one. */
START_TEST(a_save_while_reading_keeps_the_position)
{
    fake.saves_while_reading = true;
    fake.fail_at = 7;
    fake.fail_status = LDBX_SERVER;
    expect_status(run(ONCE("")), LDBX_SERVER, error);
    expect_status_member(ONCE(""), "position", "0");
    fake.fail_at = -1;
    expect_ok(run(ONCE("")), error);
    expect_rows(0, 10, 1);
}
END_TEST

START_TEST(an_output_that_fails_is_named)
{
    output.write_fails_at = 20;
    output.write_status = LDBX_IO;
    expect_status(run(ONCE(",\"batch_size\":2")), LDBX_IO, error);
    ck_assert_str_eq(ldbx_error_message(error), "output: no space left");
    expect_status_member(ONCE(""), "last_run.error.message", "output: no space left");
    output.write_status = 7;
    expect_status(run(ONCE("")), LDBX_STOPPED, error);
    output.write_fails_at = -1;
    expect_ok(run(ONCE("")), error);
    expect_report("attempts", "3");
    expect_rows(0, 10, 1);
}
END_TEST

START_TEST(an_output_that_cannot_sync_commits_nothing)
{
    output.position_status = LDBX_FORBIDDEN;
    expect_status(run(ONCE("")), LDBX_FORBIDDEN, error);
    ck_assert_str_eq(ldbx_error_message(error), "output: permission denied");
    expect_rows(0, 0, 0);
    expect_status_member(ONCE(""), "position", "null");
    output.position_status = 0;
    fake.fail_at = 3;
    fake.fail_status = LDBX_SERVER;
    expect_status(run(ONCE(",\"batch_size\":3")), LDBX_SERVER, error);
    fake.fail_at = -1;
    output.position_status = LDBX_IO;
    expect_status(run(ONCE(",\"batch_size\":3")), LDBX_IO, error);
    ck_assert_str_eq(ldbx_error_message(error), "output: input or output failed");
    expect_report("rows.delivered", "3");
    expect_status_member(ONCE(""), "position", "18");
    expect_status_member(ONCE(""), "last_run.error.status", "IO");
    output.position_status = 0;
    expect_ok(run(ONCE("")), error);
    expect_rows(0, 10, 1);
}
END_TEST

START_TEST(an_output_may_refuse_to_begin)
{
    output.begin_status = LDBX_INVALID_ARGUMENT;
    expect_status(run(ONCE("")), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), "output: another file");
    ck_assert_int_eq(output.writes, 0);
    expect_status_member(ONCE(""), "state", "running");
    output.begin_status = 0;
    expect_ok(run(ONCE("")), error);
    ck_assert_int_eq(output.resumed, 0); /* nothing was written before */
    expect_rows(0, 10, 1);
}
END_TEST

/* Whichever save fails, the next run ends with each row once. */
START_TEST(a_store_that_fails_is_named_once)
{
    int status = LDBX_IO;
    int n = 0;

    while (status != LDBX_OK) {
        memset(&kept, 0, sizeof kept);
        kept.save_fails_at = ++n;
        kept.save_status = LDBX_IO;
        status = run(ONCE(",\"batch_size\":2"));
        if (status != LDBX_OK) {
            expect_status(status, LDBX_IO, error);
            ck_assert_str_eq(ldbx_error_message(error), "checkpoint job-5e8c9902: the store is full");
        }
        memset(&kept, 0, sizeof kept);
        expect_ok(run(ONCE(",\"batch_size\":2")), error);
        expect_rows(0, 10, 1);
        end();
        begin();
    }
    ck_assert_int_eq(n, 2 + 5 + 2 + 1);
}
END_TEST

START_TEST(a_second_runner_changes_nothing)
{
    ldbx_store *first = NULL;
    ldbx_job *job = open_job(ONCE(""));
    int due = 0;

    expect_ok(ldbx_store_open_directory(folder, LDBX_STORE_WRITE, &first, &error), error);
    expect_ok(ldbx_job_is_due(job, first, &due, &error), error);
    ck_assert_int_eq(due, 1);
    ldbx_job_destroy(job);
    expect_status(run(ONCE("")), LDBX_CONFLICT, error);
    expect_report("state", "null");
    expect_report("error.status", "CONFLICT");
    ck_assert_int_eq(fake.opened, 0);
    ck_assert_int_eq(output.begun, 0);
    expect_status_member(ONCE(""), "state", "new");
    ldbx_store_destroy(first);
}
END_TEST

START_TEST(a_runner_that_was_overtaken_keeps_quiet)
{
    kept.save_fails_at = _i;
    kept.save_status = LDBX_CONFLICT;
    expect_status(run(ONCE(",\"batch_size\":2")), LDBX_CONFLICT, error);
    ck_assert_int_eq(kept.saves, _i);
    expect_status_member(ONCE(""), "last_run", "null");
}
END_TEST

START_TEST(a_changed_job_is_refused_before_anything)
{
    ldbx_job *changed = open_job(ONCE(",\"stream\":\"other\""));
    ldbx_store *store;
    int due = 7;

    expect_ok(run(ONCE("")), error);
    expect_status(run_with(ONCE(",\"stream\":\"other\""), 1, true), LDBX_INVALID_ARGUMENT, error);
    ck_assert_int_eq(fake.opened, 1);
    expect_report("state", "completed");
    store = open_store();
    expect_status(ldbx_job_is_due(changed, store, &due, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_int_eq(due, 7);
    expect_ok(ldbx_job_reset(changed, store, &error), error);
    expect_ok(ldbx_job_is_due(changed, store, &due, &error), error);
    ck_assert_int_eq(due, 1);
    ldbx_store_destroy(store);
    ldbx_job_destroy(changed);
    expect_ok(run(ONCE(",\"stream\":\"other\"")), error);
    expect_rows(0, 10, 2);
}
END_TEST

START_TEST(due_is_all_but_a_completed_one_time_job)
{
    ldbx_job *once = open_job(ONCE(""));
    ldbx_job *repeated = open_job(REPEATED(""));
    ldbx_store *store;
    int due = 7;

    expect_ok(run(ONCE("")), error);
    store = open_store();
    expect_ok(ldbx_job_is_due(once, store, &due, &error), error);
    ck_assert_int_eq(due, 0);
    expect_ok(ldbx_job_is_due(repeated, store, &due, &error), error);
    ck_assert_int_eq(due, 1);
    ldbx_store_destroy(store);
    ldbx_job_destroy(once);
    ldbx_job_destroy(repeated);
}
END_TEST

START_TEST(a_run_that_does_not_come_about_leaves_the_job_as_it_was)
{
    fake.open_status = LDBX_CANCELLED;
    expect_status(run(REPEATED("")), LDBX_CANCELLED, error);
    expect_status_member(REPEATED(""), "state", "new");
    fake.open_status = LDBX_NOT_FOUND;
    expect_status(run(REPEATED("")), LDBX_NOT_FOUND, error);
    expect_report("state", "failed");
    expect_report("run", "null");
    expect_status_member(REPEATED(""), "state", "failed");
    expect_status_member(REPEATED(""), "last_run.error.status", "NOT_FOUND");
    fake.open_status = 0;
    expect_ok(run(REPEATED("")), error);
    fake.open_status = LDBX_UNAVAILABLE;
    expect_status(run(REPEATED("")), LDBX_UNAVAILABLE, error);
    expect_report("state", "sleeping");
    expect_status_member(REPEATED(""), "state", "sleeping");
    expect_status_member(REPEATED(""), "watermark", "1970-01-01T00:00:10.000000Z");
    expect_rows(0, 10, 1);
}
END_TEST

START_TEST(a_run_that_fails_right_after_it_was_saved_goes_on)
{
    fake.opened_status = LDBX_UNAVAILABLE;
    expect_status(run(ONCE("")), LDBX_UNAVAILABLE, error);
    expect_report("state", "running");
    ck_assert_str_ne(at_path(report, "run"), "null");
    fake.opened_status = 0;
    fake.open_status = LDBX_UNAVAILABLE;
    expect_status(run(ONCE("")), LDBX_UNAVAILABLE, error);
    expect_report("state", "running");
    fake.open_status = 0;
    expect_ok(run(ONCE("")), error);
    expect_report("attempts", "2");
    expect_rows(0, 10, 1);
}
END_TEST

START_TEST(hooks_are_checked)
{
    ldbx_connection *connection = (ldbx_connection *)connection_bytes;
    ldbx_sink_ops half = sink;
    ldbx_store *store = open_store();
    ldbx_job *job = open_job(ONCE(""));
    ldbx_job_hooks hooks;
    const char *text = NULL;

    ldbx_job_hooks_init(&hooks, sizeof hooks);
    expect_status(ldbx_job_run(job, connection, &hooks, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), "ldbx_job_hooks.store is required");
    hooks.store = store;
    expect_status(ldbx_job_run(job, connection, &hooks, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    half.position = NULL;
    hooks.sink = &half;
    expect_status(ldbx_job_run(job, connection, &hooks, &text, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_ptr_nonnull(strstr(text, "begin, write and position are required"));
    hooks.sink = &sink;
    hooks.size = 3;
    expect_status(ldbx_job_run(job, connection, &hooks, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_job_run(job, connection, NULL, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_job_run(NULL, connection, &hooks, &text, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_ptr_null(text);
    hooks.size = sizeof hooks;
    expect_status(ldbx_job_run(job, NULL, &hooks, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), "a connection is required: the job is not completed");
    expect_status(ldbx_job_status(job, NULL, &text, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_job_status(NULL, store, &text, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_job_is_due(job, store, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_job_reset(job, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_int_eq(fake.opened, 0);
    ldbx_store_destroy(store);
    ldbx_job_destroy(job);
}
END_TEST

START_TEST(a_damaged_checkpoint_stops_the_job)
{
    char path[120];
    int fd;

    expect_ok(run(REPEATED("")), error);
    snprintf(path, sizeof path, "%s/job-5e8c9902.json", folder);
    fd = open(path, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, "X", 1, 100), 1);
    close(fd);
    expect_status(run(REPEATED("")), LDBX_INVALID_DATA, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), path));
    expect_report("state", "null");
    ck_assert_int_eq(fake.opened, 1);
}
END_TEST

static int ticks_left;

static void die_when_due(void)
{
    if (--ticks_left == 0)
        _exit(9);
}

/* Runs the job in a process that dies at tick n; whether it did. */
static bool run_and_die(const char *json, int n)
{
    pid_t child = fork();
    int outcome;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        ticks_left = n;
        fake.tick = die_when_due;
        _exit(run(json) == LDBX_OK ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &outcome, 0), child);
    ck_assert(WIFEXITED(outcome));
    ck_assert_int_ne(WEXITSTATUS(outcome), 1);
    return WEXITSTATUS(outcome) == 9;
}

static const char *const crash_jobs[] = {ONCE(",\"batch_size\":2"), ONCE(""), REPEATED(",\"batch_size\":3")};

/* Killed at any point, once or once more in the resume, the output holds each row once. */
START_TEST(killed_anywhere_nothing_is_lost_or_doubled)
{
    const char *json = crash_jobs[_i];
    bool died = true;
    int n;

    for (n = 1; died; n++) {
        died = run_and_die(json, n);
        run_and_die(json, n / 2 + 1);
        expect_ok(run(json), error);
        expect_rows(0, 10, 1);
        expect_status_member(json, "state", _i == 2 ? "sleeping" : "completed");
        expect_status_member(json, "watermark", "1970-01-01T00:00:10.000000Z");
        end();
        begin();
    }
    ck_assert_int_gt(n, 15);
}
END_TEST

START_TEST(memory_failure_is_clean)
{
    ldbx_connection *connection = (ldbx_connection *)connection_bytes;
    bool failed = true;
    long n = 0;

    while (failed) {
        ldbx_job *job = open_job(ONCE(",\"batch_size\":4"));
        ldbx_store *store = open_store();
        const char *text = NULL;
        ldbx_job_hooks hooks;
        long before;
        int status;
        ldbx_job_hooks_init(&hooks, sizeof hooks);
        hooks.store = store;
        hooks.sink = &sink;
        hooks.sink_user = &output;
        before = suite_allocations();
        suite_fail_allocation(++n);
        status = ldbx_job_run(job, connection, &hooks, &text, &error);
        suite_fail_allocation(0);
        failed = suite_allocations() - before >= n;
        ck_assert_msg(status == LDBX_OK || status == LDBX_NO_MEMORY, "allocation %ld: %s: %s", n,
                      ldbx_status_name(status), ldbx_error_message(error));
        close(output.fd);
        expect_ok(ldbx_job_run(job, connection, &hooks, &text, &error), error);
        expect_rows(0, 10, 1);
        ldbx_store_destroy(store);
        ldbx_job_destroy(job);
        close(output.fd);
        end();
        begin();
    }
    ck_assert_int_gt(n, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run");
    TCase *runs = suite_case(suite, "runs");
    TCase *failures = suite_case(suite, "failures");
    TCase *crashes = suite_case(suite, "crashes");

    tcase_add_checked_fixture(runs, begin, end);
    tcase_add_checked_fixture(failures, begin, end);
    tcase_add_checked_fixture(crashes, begin, end);
    tcase_add_test(runs, a_one_time_job_runs_once);
    tcase_add_test(runs, a_report_has_all_keys_when_nothing_is_done);
    tcase_add_test(runs, a_report_tells_the_run);
    tcase_add_test(runs, a_report_warns);
    tcase_add_test(runs, a_limited_run_says_so);
    tcase_add_test(runs, a_repeated_job_takes_what_is_new);
    tcase_add_test(runs, an_empty_table_completes);
    tcase_add_test(runs, batches_are_committed_one_by_one);
    tcase_add_test(runs, a_stream_is_committed_seldom);
    tcase_add_test(runs, the_output_is_known_before_its_first_byte);
    tcase_add_test(runs, due_is_all_but_a_completed_one_time_job);
    tcase_add_test(failures, an_interrupted_run_goes_on);
    tcase_add_test(failures, uncommitted_rows_are_cut);
    tcase_add_test(failures, a_save_while_reading_keeps_the_position);
    tcase_add_test(failures, an_output_that_fails_is_named);
    tcase_add_test(failures, an_output_that_cannot_sync_commits_nothing);
    tcase_add_test(failures, an_output_may_refuse_to_begin);
    tcase_add_test(failures, a_store_that_fails_is_named_once);
    tcase_add_test(failures, a_second_runner_changes_nothing);
    tcase_add_loop_test(failures, a_runner_that_was_overtaken_keeps_quiet, 1, 6);
    tcase_add_test(failures, a_changed_job_is_refused_before_anything);
    tcase_add_test(failures, a_run_that_does_not_come_about_leaves_the_job_as_it_was);
    tcase_add_test(failures, a_run_that_fails_right_after_it_was_saved_goes_on);
    tcase_add_test(failures, hooks_are_checked);
    tcase_add_test(failures, a_damaged_checkpoint_stops_the_job);
    tcase_add_loop_test(crashes, killed_anywhere_nothing_is_lost_or_doubled, 0,
                        (int)(sizeof crash_jobs / sizeof crash_jobs[0]));
    tcase_add_test(crashes, memory_failure_is_clean);
    return suite_run(suite);
}
