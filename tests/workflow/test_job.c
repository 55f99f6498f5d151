#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "workflow/job.h"

#define CONFIG "\"config\":{\"database\":\"crm\",\"source\":\"contacts\",\"timestamp_field\":\"updated_at\"}"
#define JOB    "{\"type\":\"databricks-import\",\"name\":\"My job\"," CONFIG "}"

static ldbx_error *error;

static void drop_error(void)
{
    ldbx_error_destroy(error);
    error = NULL;
}

static ldbx_job *open_job(const char *json)
{
    ldbx_job *job = NULL;

    expect_ok(ldbx_job_open(ldbx_view_of(json), &job, &error), error);
    return job;
}

static void expect_refusal(const char *json, int status, const char *message)
{
    ldbx_job *job = (ldbx_job *)&job;

    expect_status(ldbx_job_open(ldbx_view_of(json), &job, &error), status, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ck_assert_ptr_null(job);
}

START_TEST(a_job_describes_itself)
{
    ldbx_job *job =
        open_job("{\"type\":\"databricks-import\",\"name\":\"My job\",\"description\":\"two\\nlines\",\"aid\":1234,"
                 "\"auth_ids\":[\"a\",\"b\"],\"config\":{\"catalog\":\"ma`in\",\"database\":\"crm\","
                 "\"source\":\"con tacts\",\"timestamp_field\":\"updated_at\",\"record_timestamp\":\"made_at\","
                 "\"since_date\":\"2024-01-01\",\"continuous_update\":true,\"time_of_day\":\"01:00\",\"batch_size\":"
                 "500,"
                 "\"query_timeout\":5},\"options\":{\"swap\":true,\"upper_lag\":30}}");

    ck_assert_str_eq(ldbx_job_name(job), "My job");
    ck_assert_str_eq(ldbx_job_describe(job),
                     "{\"type\":\"databricks-import\",\"name\":\"My job\",\"description\":\"two\\nlines\","
                     "\"source\":\"`ma``in`.`crm`.`con tacts`\",\"stream\":\"databricks_ma`in_crm_con tacts\","
                     "\"settings\":{\"timestamp_field\":\"updated_at\",\"record_timestamp\":\"made_at\","
                     "\"since_date\":\"2024-01-01 00:00:00\",\"continuous_update\":true,\"run_frequency\":\"daily\","
                     "\"day_of_week\":null,\"time_of_day\":\"01:00\",\"timezone\":\"UTC\",\"query_timeout\":5,"
                     "\"batch_size\":500,\"row_limit\":null,\"verify\":true,\"give_up_hours\":10,\"upper_lag\":30},"
                     "\"warnings\":[\"options.swap: without effect on an import\"]}");
    ldbx_job_destroy(job);
}
END_TEST

START_TEST(a_small_job_shows_the_defaults)
{
    ldbx_job *job = open_job(JOB);

    ck_assert_str_eq(ldbx_job_describe(job),
                     "{\"type\":\"databricks-import\",\"name\":\"My job\",\"description\":null,"
                     "\"source\":\"`crm`.`contacts`\",\"stream\":\"databricks_{catalog}_crm_contacts\","
                     "\"settings\":{\"timestamp_field\":\"updated_at\",\"record_timestamp\":\"updated_at\","
                     "\"since_date\":null,\"continuous_update\":false,\"run_frequency\":null,\"day_of_week\":null,"
                     "\"time_of_day\":null,\"timezone\":null,\"query_timeout\":null,\"batch_size\":null,\"row_limit\":"
                     "null,"
                     "\"verify\":true,\"give_up_hours\":10,\"upper_lag\":0},\"warnings\":[]}");
    ldbx_job_destroy(job);
}
END_TEST

START_TEST(warnings_are_a_list)
{
    ldbx_job *job = open_job("{\"type\":\"databricks-import\",\"name\":\"n\",\"config\":{\"database\":\"d\","
                             "\"source\":\"s\",\"timestamp_field\":\"t\",\"stream\":\"own\",\"day_of_week\":\"1\","
                             "\"run_frequency\":\"weekly\"}}");

    ck_assert_ptr_nonnull(strstr(ldbx_job_describe(job), "\"stream\":\"own\""));
    ck_assert_ptr_nonnull(
        strstr(ldbx_job_describe(job),
               "\"warnings\":[\"config.run_frequency: without effect unless config.continuous_update is true\","
               "\"config.day_of_week: without effect unless config.continuous_update is true\"]}"));
    ldbx_job_destroy(job);
}
END_TEST

#define TYPES                                                                                                          \
    "databricks-import, databricks-export, databricks-event-export, databricks-system-event-export, "                  \
    "databricks-audience-changes-export, databricks-metric-export"

static const struct {
    const char *json;
    int status;
    const char *message;
} refusals[] = {
    {"", LDBX_INVALID_DATA, "line 1: empty document"},
    {"{\n\"type\": }", LDBX_INVALID_DATA, "line 2: not valid JSON"},
    {"[]", LDBX_INVALID_DATA, "a job must be a JSON object"},
    {"{}", LDBX_INVALID_DATA,
     "type: is required: one of " TYPES "\nname: is required: text without control characters\nconfig: is "
     "required: an object"},
    {"{\"type\":\"databricks-import\",\"type\":\"databricks-import\"}", LDBX_INVALID_DATA,
     "key \"type\" appears twice in one object"},
    {"{\"type\":\"databricks\",\"name\":\"n\"," CONFIG "}", LDBX_INVALID_DATA, "type: must be one of " TYPES},
    {"{\"type\":\"databricks\",\"label\":\"n\",\"aid\":0," CONFIG ",\"options\":7}", LDBX_INVALID_DATA,
     "type: must be one of " TYPES "\nname: is required: text without control characters\n"
     "aid: must be an integer from 1 to 9,007,199,254,740,991\noptions: must be an object\nlabel: unknown key"},
    {"{\"type\":\"databricks-import\",\"name\":\"\"," CONFIG "}", LDBX_INVALID_DATA,
     "name: is required: text without control characters"},
    {"{\"type\":\"databricks-import\",\"name\":7," CONFIG "}", LDBX_INVALID_DATA,
     "name: must be text without control characters"},
    {"{\"type\":\"databricks-import\",\"name\":\"n\",\"config\":[]}", LDBX_INVALID_DATA, "config: must be an object"},
    {"{\"type\":\"databricks-import\",\"name\":\"n\",\"options\":7," CONFIG "}", LDBX_INVALID_DATA,
     "options: must be an object"},
    {"{\"type\":\"databricks-import\",\"name\":\"n\",\"aid\":\"12\"," CONFIG "}", LDBX_INVALID_DATA,
     "aid: must be an integer from 1 to 9,007,199,254,740,991"},
    {"{\"type\":\"databricks-import\",\"name\":\"n\",\"auth_ids\":[1]," CONFIG "}", LDBX_INVALID_DATA,
     "auth_ids: must be a list of texts"},
    {"{\"type\":\"databricks-import\",\"name\":\"n\",\"auth_ids\":\"a\"," CONFIG "}", LDBX_INVALID_DATA,
     "auth_ids: must be a list of texts"},
    {"{\"type\":\"databricks-import\",\"name\":\"n\",\"description\":7," CONFIG "}", LDBX_INVALID_DATA,
     "description: must be text"},
    {"{\"type\":\"databricks-import\",\"label\":\"n\",\"config\":{\"table\":\"t\"}}", LDBX_INVALID_DATA,
     "name: is required: text without control characters\nlabel: unknown key\n"
     "config.database: is required: text without control characters\n"
     "config.source: is required: text without control characters\n"
     "config.timestamp_field: is required: text without control characters\nconfig.table: unknown key"},
    {"{\"type\":\"databricks-export\",\"name\":\"n\",\"config\":{}}", LDBX_UNSUPPORTED,
     "type: databricks-export is not in this version of the library, only databricks-import is"},
    {"{\"type\":\"databricks-metric-export\",\"name\":\"n\",\"config\":{}}", LDBX_UNSUPPORTED,
     "type: databricks-metric-export is not in this version of the library, only databricks-import is"},
};

START_TEST(a_wrong_job_is_refused)
{
    expect_refusal(refusals[_i].json, refusals[_i].status, refusals[_i].message);
}
END_TEST

static void expect_key(const char *name, const char *key)
{
    char json[400];
    ldbx_job *job;

    snprintf(json, sizeof json, "{\"type\":\"databricks-import\",\"name\":\"%s\"," CONFIG "}", name);
    job = open_job(json);
    ck_assert_str_eq(job->key, key);
    ldbx_job_destroy(job);
}

START_TEST(the_key_is_the_name_and_its_hash)
{
    /* The digits are the head of `printf NAME | sha256sum`. */
    expect_key("abc", "abc-ba7816bf");
    expect_key("My job", "my-job-cc9c5cbc");
    expect_key("  My__job!! ", "my-job-f8175ba5");
    expect_key("\xC3\xBC\xC3\xBC", "acc58130");
    expect_key("an endless name that is cut after forty bytes of it",
               "an-endless-name-that-is-cut-after-forty-71de6a14");
}
END_TEST

START_TEST(a_file_is_named_in_its_errors)
{
    char path[] = "/tmp/ldbx-job-XXXXXX";
    char expected[100];
    ldbx_job *job = NULL;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, JOB, strlen(JOB)), strlen(JOB));
    expect_ok(ldbx_job_open_file(path, &job, &error), error);
    ck_assert_str_eq(ldbx_job_name(job), "My job");
    ldbx_job_destroy(job);
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    expect_status(ldbx_job_open_file(path, &job, &error), LDBX_INVALID_DATA, error);
    snprintf(expected, sizeof expected, "%s: line 1: empty document", path);
    ck_assert_str_eq(ldbx_error_message(error), expected);
    close(fd);
    unlink(path);
    expect_status(ldbx_job_open_file(path, &job, &error), LDBX_IO, error);
    expect_status(ldbx_job_open_file(path, &job, NULL), LDBX_IO, NULL);
    snprintf(expected, sizeof expected, "%s: no such file", path);
    ck_assert_str_eq(ldbx_error_message(error), expected);
    ck_assert_ptr_null(job);
}
END_TEST

START_TEST(arguments_are_checked)
{
    ldbx_job *job = NULL;

    expect_status(ldbx_job_open(ldbx_view_of(JOB), NULL, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_job_open_file(NULL, &job, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_job_open_file("x", NULL, &error), LDBX_INVALID_ARGUMENT, error);
    expect_status(ldbx_job_open((ldbx_view){NULL, 0}, &job, &error), LDBX_INVALID_DATA, error);
    ldbx_job_destroy(NULL);
}
END_TEST

START_TEST(memory_failure_is_clean)
{
    static const char json[] =
        "{\"type\":\"databricks-import\",\"name\":\"n\",\"config\":{\"database\":\"d\",\"source\":\"s\","
        "\"timestamp_field\":\"t\",\"day_of_week\":\"1\"},\"options\":{\"swap\":true}}";
    bool failed = true;
    int status;
    ldbx_job *job = NULL;
    long n = 0;

    while (failed) {
        long before = suite_allocations();
        suite_fail_allocation(++n);
        status = ldbx_job_open(ldbx_view_of(json), &job, &error);
        suite_fail_allocation(0);
        failed = suite_allocations() - before >= n;
        ck_assert_msg(status == LDBX_OK || status == LDBX_NO_MEMORY, "allocation %ld: %s", n,
                      ldbx_error_message(error));
        ck_assert(status == LDBX_OK || job == NULL);
    }
    ck_assert_int_gt(n, 5);
    ck_assert_ptr_nonnull(strstr(ldbx_job_describe(job), "options.swap: without effect"));
    ldbx_job_destroy(job);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job");
    TCase *jobs = suite_case(suite, "jobs");

    tcase_add_checked_fixture(jobs, NULL, drop_error);
    tcase_add_test(jobs, a_job_describes_itself);
    tcase_add_test(jobs, a_small_job_shows_the_defaults);
    tcase_add_test(jobs, warnings_are_a_list);
    tcase_add_loop_test(jobs, a_wrong_job_is_refused, 0, (int)(sizeof refusals / sizeof refusals[0]));
    tcase_add_test(jobs, the_key_is_the_name_and_its_hash);
    tcase_add_test(jobs, a_file_is_named_in_its_errors);
    tcase_add_test(jobs, arguments_are_checked);
    tcase_add_test(jobs, memory_failure_is_clean);
    return suite_run(suite);
}
