#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "store/store.h"
#include "workflow/document.h"

#define JOB(members)                                                                                                   \
    "{\"type\":\"databricks-import\",\"name\":\"n\",\"config\":{\"database\":\"crm\",\"source\":\"t\","                \
    "\"timestamp_field\":\"ts\"" members "}}"

static ldbx_error *error;
static ldbx_store *store;
static ldbx_document document;
static ldbx_buf no_run; /* what an import saves at the end of a run ... */
static ldbx_buf in_run; /* ... and within one, with numbers that need all their digits */

static void write_imports(void)
{
    char catalog[] = "main";
    ldbx_import_checkpoint checkpoint = {.catalog = catalog, .watermark = {true, INT64_C(253402300799999999)}};

    ldbx_buf_init(&no_run, LDBX_MAX_DOCUMENT);
    ldbx_checkpoint_write(&checkpoint, &no_run);
    checkpoint = (ldbx_import_checkpoint){.run = {.id = "R1",
                                                  .version = 7,
                                                  .attempts = 1,
                                                  .total = INT64_C(9000000000000000),
                                                  .delivered = INT64_C(3000000000),
                                                  .key = {true, 1, 3}}};
    ldbx_buf_init(&in_run, LDBX_MAX_DOCUMENT);
    ldbx_checkpoint_write(&checkpoint, &in_run);
}

static void begin(void)
{
    expect_ok(ldbx_store_new_memory(&store, &error), error);
    ldbx_document_init(&document);
    write_imports();
}

static void end(void)
{
    ldbx_document_clear(&document);
    ldbx_buf_clear(&no_run);
    ldbx_buf_clear(&in_run);
    ldbx_store_destroy(store);
    ldbx_error_destroy(error);
    error = NULL;
}

static ldbx_job *open_job(const char *json)
{
    ldbx_job *job = NULL;

    expect_ok(ldbx_job_open(ldbx_view_of(json), &job, &error), error);
    return job;
}

static void put_raw(const ldbx_job *job, const char *text)
{
    int64_t revision = 0;

    expect_ok(ldbx_store_remove(store, job->key, &error), error);
    expect_ok(ldbx_store_save(store, job->key, ldbx_view_of(text), &revision, &error), error);
}

START_TEST(a_job_that_never_ran_is_new)
{
    ldbx_job *job = open_job(JOB(""));
    char watermark[48];

    expect_ok(ldbx_document_load(&document, job, store, &error), error);
    ck_assert_int_eq(document.state, LDBX_JOB_NEW);
    ck_assert_int_eq(document.revision, 0);
    ck_assert_ptr_null(document.position);
    ck_assert_ptr_null(ldbx_document_run(&document));
    ck_assert_ptr_null(ldbx_document_watermark(&document, watermark));
    expect_ok(ldbx_document_check(&document, job, &error), error);
    ck_assert(!ldbx_document_is_done(&document, job));
    ldbx_job_destroy(job);
}
END_TEST

START_TEST(all_of_it_comes_back)
{
    ldbx_job *job = open_job(JOB(",\"stream\":\"s\""));
    char watermark[48];

    document.state = LDBX_JOB_RUNNING;
    expect_ok(ldbx_document_set_position(&document, "/out \"x\":\n17", &error), error);
    expect_ok(ldbx_document_set_import(&document, ldbx_buf_get(&in_run), &error), error);
    ldbx_buf_str(&document.last_run, "{\"run\":\"R0\",\"error\":{\"message\":\"m\"}}");
    expect_ok(ldbx_document_save(&document, job, store, &error), error);
    ck_assert_int_eq(document.revision, 1);

    expect_ok(ldbx_document_load(&document, job, store, &error), error);
    ck_assert_int_eq(document.revision, 1);
    ck_assert_int_eq(document.state, LDBX_JOB_RUNNING);
    ck_assert_str_eq(document.position, "/out \"x\":\n17");
    ck_assert_str_eq(ldbx_buf_cstr(&document.last_run), "{\"run\":\"R0\",\"error\":{\"message\":\"m\"}}");
    ck_assert_str_eq(ldbx_document_run(&document), "R1");
    ck_assert_int_eq(document.progress.run.total, INT64_C(9000000000000000));
    ck_assert_int_eq(document.progress.run.delivered, INT64_C(3000000000));

    expect_ok(ldbx_document_set_import(&document, ldbx_buf_get(&no_run), &error), error);
    expect_ok(ldbx_document_set_position(&document, NULL, &error), error);
    expect_ok(ldbx_document_save(&document, job, store, &error), error);
    expect_ok(ldbx_document_load(&document, job, store, &error), error);
    ck_assert_int_eq(document.revision, 2);
    ck_assert_ptr_null(document.position);
    ck_assert_ptr_null(ldbx_document_run(&document));
    ck_assert_str_eq(ldbx_document_watermark(&document, watermark), "9999-12-31T23:59:59.999999Z");
    ldbx_job_destroy(job);
}
END_TEST

START_TEST(people_can_read_it)
{
    ldbx_job *job = open_job(JOB(",\"since_date\":\"2024-01-01\""));
    char expected[1000];
    int64_t revision;
    ldbx_buf text;

    document.state = LDBX_JOB_SLEEPING;
    expect_ok(ldbx_document_set_import(&document, ldbx_buf_get(&no_run), &error), error);
    expect_ok(ldbx_document_save(&document, job, store, &error), error);
    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    expect_ok(ldbx_store_load(store, job->key, &text, &revision, &error), error);
    snprintf(expected, sizeof expected,
             "{\"format\":1,\"job\":\"n\",\"type\":\"databricks-import\",\"identity\":{\"catalog\":null,"
             "\"database\":\"crm\",\"source\":\"t\",\"timestamp_field\":\"ts\",\"record_timestamp\":null,"
             "\"since_date\":\"2024-01-01 00:00:00\",\"stream\":null},\"state\":\"sleeping\","
             "\"position\":null,\"last_run\":null,\"import\":%s}",
             ldbx_buf_cstr(&no_run));
    ck_assert_str_eq(ldbx_buf_cstr(&text), expected);
    ldbx_buf_clear(&text);
    ldbx_job_destroy(job);
}
END_TEST

/* A key that decides what is read or where it goes must not change; everything else may. */
static const struct {
    const char *before;
    const char *after;
    const char *message; /* NULL: the change is allowed */
} changes[] = {
    {JOB(""), JOB(",\"catalog\":\"main\""), "config.catalog is 'main', but the job began with not set"},
    {JOB(",\"catalog\":\"main\""), JOB(""), "config.catalog is not set, but the job began with 'main'"},
    {JOB(",\"stream\":\"a\""), JOB(",\"stream\":\"b\""), "config.stream is 'b', but the job began with 'a'"},
    {JOB(",\"since_date\":\"2024-01-01\""), JOB(",\"since_date\":\"2024-01-02\""),
     "config.since_date is '2024-01-02 00:00:00', but the job began with '2024-01-01 00:00:00'"},
    {JOB(",\"since_date\":\"2024-01-01\""), JOB(",\"since_date\":\"2024-01-01T00:00:00Z\""), NULL},
    {JOB(""), JOB(",\"record_timestamp\":\"r\""), "config.record_timestamp is 'r', but the job began with not set"},
    {JOB(""),
     "{\"type\":\"databricks-import\",\"name\":\"n\",\"config\":{\"database\":\"crm2\",\"source\":\"t\","
     "\"timestamp_field\":\"ts\"}}",
     "config.database is 'crm2', but the job began with 'crm'"},
    {JOB(""),
     "{\"type\":\"databricks-import\",\"name\":\"n\",\"config\":{\"database\":\"crm\",\"source\":\"T\","
     "\"timestamp_field\":\"ts\"}}",
     "config.source is 'T', but the job began with 't'"},
    {JOB(""),
     "{\"type\":\"databricks-import\",\"name\":\"n\",\"config\":{\"database\":\"crm\",\"source\":\"t\","
     "\"timestamp_field\":\"other\"}}",
     "config.timestamp_field is 'other', but the job began with 'ts'"},
    {JOB(""),
     JOB(",\"batch_size\":5,\"row_limit\":1,\"query_timeout\":1,\"continuous_update\":true,"
         "\"run_frequency\":\"daily\",\"time_of_day\":\"01:00\",\"timezone\":\"UTC\""),
     NULL},
    {JOB(""),
     "{\"type\":\"databricks-import\",\"name\":\"n\",\"description\":\"d\",\"aid\":7,\"auth_ids\":[\"a\"],"
     "\"config\":{\"database\":\"crm\",\"source\":\"t\",\"timestamp_field\":\"ts\"},"
     "\"options\":{\"verify\":false,\"upper_lag\":9}}",
     NULL},
};

START_TEST(a_change_of_what_is_read_is_refused)
{
    ldbx_job *before = open_job(changes[_i].before);
    ldbx_job *after = open_job(changes[_i].after);
    int status;

    document.state = LDBX_JOB_SLEEPING;
    expect_ok(ldbx_document_save(&document, before, store, &error), error);
    expect_ok(ldbx_document_load(&document, after, store, &error), error);
    expect_ok(ldbx_document_check(&document, before, &error), error);
    status = ldbx_document_check(&document, after, &error);
    if (changes[_i].message == NULL) {
        expect_ok(status, error);
    } else {
        expect_status(status, LDBX_INVALID_ARGUMENT, error);
        ck_assert_msg(strstr(ldbx_error_message(error), changes[_i].message) == ldbx_error_message(error), "%s",
                      ldbx_error_message(error));
        ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "--reset"));
    }
    ldbx_job_destroy(before);
    ldbx_job_destroy(after);
}
END_TEST

START_TEST(a_job_that_never_began_may_change)
{
    ldbx_job *before = open_job(JOB(",\"stream\":\"a\""));
    ldbx_job *after = open_job(JOB(",\"stream\":\"b\""));

    document.state = LDBX_JOB_FAILED;
    expect_ok(ldbx_document_save(&document, before, store, &error), error);
    expect_ok(ldbx_document_load(&document, after, store, &error), error);
    expect_ok(ldbx_document_check(&document, after, &error), error);
    expect_ok(ldbx_document_set_position(&document, "12", &error), error); /* something was written */
    expect_status(ldbx_document_check(&document, after, &error), LDBX_INVALID_ARGUMENT, error);
    ldbx_job_destroy(before);
    ldbx_job_destroy(after);
}
END_TEST

START_TEST(done_is_a_completed_one_time_job)
{
    ldbx_job *once = open_job(JOB(""));
    ldbx_job *again = open_job(JOB(",\"continuous_update\":true"));
    const ldbx_job_state states[] = {LDBX_JOB_NEW, LDBX_JOB_RUNNING, LDBX_JOB_SLEEPING, LDBX_JOB_COMPLETED,
                                     LDBX_JOB_FAILED};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        document.state = states[i];
        ck_assert(ldbx_document_is_done(&document, once) == (states[i] == LDBX_JOB_COMPLETED));
        ck_assert(!ldbx_document_is_done(&document, again));
    }
    ldbx_job_destroy(once);
    ldbx_job_destroy(again);
}
END_TEST

START_TEST(starting_over_keeps_the_revision_only)
{
    char watermark[48];

    document.state = LDBX_JOB_COMPLETED;
    document.revision = 7;
    expect_ok(ldbx_document_set_position(&document, "p", &error), error);
    expect_ok(ldbx_document_set_import(&document, ldbx_buf_get(&no_run), &error), error);
    ldbx_document_start_over(&document);
    ck_assert_int_eq(document.revision, 7);
    ck_assert_int_eq(document.state, LDBX_JOB_NEW);
    ck_assert_ptr_null(document.position);
    ck_assert_uint_eq(document.import.size, 0);
    ck_assert_ptr_null(ldbx_document_watermark(&document, watermark));
}
END_TEST

#define BODY(format, job, state, last_run, import)                                                                     \
    "{\"format\":" format ",\"job\":\"" job "\",\"type\":\"databricks-import\",\"identity\":{},\"state\":"             \
    "\"" state "\",\"position\":null,\"last_run\":" last_run ",\"import\":" import "}"

static const struct {
    const char *text;
    const char *message;
} wrong[] = {
    {"", "line 1: empty document"},
    {"{", "line 1: not valid JSON"},
    {"{}", "corrupt: 'format' is missing or wrong"},
    {"[1]", "corrupt: 'format' is missing or wrong"},
    {BODY("0", "n", "new", "null", "null"), "corrupt: 'format' is missing or wrong"},
    {BODY("2", "n", "new", "null", "null"), "written by a newer version of the library (format 2)"},
    {BODY("1", "m", "new", "null", "null"), "it belongs to another job, 'm'"},
    {BODY("1", "n", "tired", "null", "null"), "corrupt: 'state' is missing or wrong"},
    {BODY("1", "n", "new", "7", "null"), "corrupt: 'last_run' is missing or wrong"},
    {BODY("1", "n", "new", "null", "\"{}\""), "corrupt: 'import' is missing or wrong"},
    {BODY("1", "n", "new", "null", "{}"), "the import's checkpoint is corrupt: 'format' is missing or wrong"},
};

START_TEST(a_wrong_document_is_refused)
{
    ldbx_job *job = open_job(JOB(""));
    char expected[200];

    put_raw(job, wrong[_i].text);
    expect_status(ldbx_document_load(&document, job, store, &error), LDBX_INVALID_DATA, error);
    snprintf(expected, sizeof expected, "checkpoint %s: %s", job->key, wrong[_i].message);
    ck_assert_str_eq(ldbx_error_message(error), expected);
    put_raw(job, BODY("1", "n", "new", "null", "null"));
    expect_ok(ldbx_document_load(&document, job, store, &error), error);
    ldbx_job_destroy(job);
}
END_TEST

START_TEST(memory_failure_is_clean)
{
    ldbx_job *job = open_job(JOB(""));
    bool failed = true;
    int status;
    long n = 0;

    expect_ok(ldbx_document_set_position(&document, "p", &error), error);
    ldbx_buf_str(&document.last_run, "{\"run\":\"R0\"}");
    expect_ok(ldbx_document_set_import(&document, ldbx_buf_get(&no_run), &error), error);
    expect_ok(ldbx_document_save(&document, job, store, &error), error);
    while (failed) {
        long before = suite_allocations();
        suite_fail_allocation(++n);
        status = ldbx_document_load(&document, job, store, &error);
        if (status == LDBX_OK)
            status = ldbx_document_save(&document, job, store, &error);
        suite_fail_allocation(0);
        failed = suite_allocations() - before >= n;
        ck_assert_msg(status == LDBX_OK || status == LDBX_NO_MEMORY, "allocation %ld: %s", n,
                      ldbx_error_message(error));
    }
    ck_assert_int_gt(n, 5);
    ck_assert_str_eq(ldbx_buf_cstr(&document.import), ldbx_buf_cstr(&no_run));
    ldbx_job_destroy(job);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

int main(void)
{
    Suite *suite = suite_create("document");
    TCase *documents = suite_case(suite, "documents");

    tcase_add_checked_fixture(documents, begin, end);
    tcase_add_test(documents, a_job_that_never_ran_is_new);
    tcase_add_test(documents, all_of_it_comes_back);
    tcase_add_test(documents, people_can_read_it);
    tcase_add_loop_test(documents, a_change_of_what_is_read_is_refused, 0, COUNT(changes));
    tcase_add_test(documents, a_job_that_never_began_may_change);
    tcase_add_test(documents, done_is_a_completed_one_time_job);
    tcase_add_test(documents, starting_over_keeps_the_revision_only);
    tcase_add_loop_test(documents, a_wrong_document_is_refused, 0, COUNT(wrong));
    tcase_add_test(documents, memory_failure_is_clean);
    return suite_run(suite);
}
