/* Staged files in a volume, by the Files API of a sandbox with an OAuth client: run by tests/flow/test_flow.py. */
#include "flow.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/str.h"
#include "stage/upload.h"
#include "staged.h"

#define NAME  "job-1/run-2/1-000001.csv"
#define BLOCK ((size_t)8 << 20)

static ldbx_stager *stager;
static int volumes; /* each test has a volume of its own */
static char volume[64];
static char path[96]; /* what an address needs escapes for is in it */

static void open_with(const ldbx_config *config, const char *where)
{
    ldbx_stager_destroy(stager);
    expect_ok(ldbx_stager_open_volume(config, where, &stager, &error), error);
}

static void open_volume(const char *where)
{
    ldbx_config *config = flow_config();

    open_with(config, where);
    ldbx_config_destroy(config);
}

static void start(void)
{
    flow_start();
    snprintf(volume, sizeof volume, "/Volumes/main/default/flow_%d_%d", (int)getpid(), volumes++);
    snprintf(path, sizeof path, "%s/a b/\xc3\xbc=%%2F+", volume);
    open_volume(path);
}

static void stop(void)
{
    ldbx_stager_destroy(stager);
    stager = NULL;
    flow_stop();
}

static int put(const char *name, const char *text)
{
    return staged_put(stager, name, text, &error);
}

static int check(const char *text)
{
    return staged_check(stager, NAME, text, &error);
}

static int drop(const char *name)
{
    return ldbx_stager_remove(stager, name, NULL, &error);
}

START_TEST(a_file_is_put_checked_and_removed)
{
    char *log;

    ck_assert_str_eq(ldbx_stager_url(stager), path);
    ck_assert_uint_eq(ldbx_stager_block_bytes(stager), BLOCK);
    ck_assert(!ldbx_stager_takes_blocks(stager));
    expect_status(check("a,b\n"), LDBX_NOT_FOUND, error);
    expect_in_message(error, "checking " NAME ": /Volumes/main/default/");
    expect_ok(put(NAME, "a,b\n"), error);
    expect_ok(check("a,b\n"), error);
    expect_status(check("a,b\nc"), LDBX_INVALID_DATA, error);
    expect_in_message(error, "it has 4 bytes instead of 5");
    expect_ok(check("a,c\n"), error); /* which only the length is looked at for */
    expect_ok(drop(NAME), error);
    expect_status(check("a,b\n"), LDBX_NOT_FOUND, error);
    expect_ok(drop(NAME), error);
    expect_ok(put("empty.csv", ""), error);
    log = flow_log();
    ck_assert_str_eq(
        log, "OAuthToken Files.Head Files.Put Files.Head Files.Head Files.Head Files.Delete Files.Head Files.Delete "
             "Files.Put ");
    free(log);
}
END_TEST

/* What COPY INTO reads is what was put, at the address as it is. */
START_TEST(the_warehouse_reads_it)
{
    ldbx_buf sql;

    flow_open(NULL);
    expect_ok(put(NAME, "id\n3\n4\n"), error);
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_printf(&sql,
                    "COPY INTO main.default.flow_volume FROM (SELECT CAST(id AS INT) AS id FROM '%s/job-1/run-2') "
                    "FILEFORMAT = CSV FILES = ('1-000001.csv') FORMAT_OPTIONS ('header' = 'true')",
                    ldbx_stager_url(stager));
    expect_ok(ldbx_execute(connection, ldbx_view_of("CREATE OR REPLACE TABLE main.default.flow_volume (id INT)"), NULL,
                           NULL, &error),
              error);
    expect_ok(ldbx_execute(connection, ldbx_buf_get(&sql), NULL, NULL, &error), error);
    ck_assert_int_eq(flow_sum("SELECT id FROM main.default.flow_volume", 1), 7);
    ldbx_buf_clear(&sql);
}
END_TEST

START_TEST(a_name_is_never_replaced)
{
    expect_ok(put(NAME, "first"), error);
    expect_ok(put(NAME, "first"), error);
    expect_status(put(NAME, "other"), LDBX_CONFLICT, error);
    expect_in_message(error, "staging " NAME ": /Volumes/main/default/");
    expect_in_message(error, "exists already, with other bytes");
    expect_status(put(NAME, "longer"), LDBX_CONFLICT, error);
    expect_ok(check("first"), error);
    expect_status(put("job-1", "a folder is there"), LDBX_CONFLICT, error);
    expect_in_message(error, "[ALREADY_EXISTS]");
    ck_assert_str_eq(ldbx_error_class(error), "ALREADY_EXISTS");
    ck_assert_int_eq(ldbx_error_http_status(error), 409);
}
END_TEST

#define WAIT "\"action\": \"status\", \"status\": 503, \"headers\": {\"Retry-After\": \"7\"}"

static const char *const healing[] = {
    "\"action\": \"status\", \"status\": 503, \"times\": 4",
    WAIT ", \"times\": 4",
    "\"action\": \"status\", \"status\": 429, \"times\": 2",
    "\"action\": \"status\", \"status\": 500",
    "\"action\": \"reset_before\"",
    "\"action\": \"reset_after\"",
    "\"action\": \"cut\"",
    "\"action\": \"garbage\", \"body\": \"\"",
    "\"action\": \"expired_token\"",
};

#define HEALING (int)(sizeof healing / sizeof healing[0])

/* Loop: each fault on each call. */
START_TEST(what_may_heal_is_made_again)
{
    static const char *const calls[] = {"Put", "Head", "Get", "Delete"};
    const char *call = calls[_i / HEALING];
    char rules[256];

    ldbx_clock_skip_sleeps(true);
    snprintf(rules, sizeof rules, "[{\"rpc\": \"Files.%s\", %s}]", call, healing[_i % HEALING]);
    /* An empty answer of a read is an empty file, which the length tells apart. */
    if (strstr(rules, "garbage") != NULL && (strcmp(call, "Head") == 0 || strcmp(call, "Get") == 0))
        return;
    flow_faults(rules);
    expect_ok(put(NAME, "a,b\n"), error);
    expect_ok(put(NAME, "a,b\n"), error);
    expect_ok(check("a,b\n"), error);
    expect_ok(drop(NAME), error);
    snprintf(rules, sizeof rules, "Files.%s", call);
    ck_assert_int_ge(flow_calls(rules), 2);
    ck_assert_int_gt(flow_struck(), 0);
    expect_status(check("a,b\n"), LDBX_NOT_FOUND, error);
}
END_TEST

START_TEST(it_is_given_up_in_the_end)
{
    ldbx_clock_skip_sleeps(true);
    flow_faults("[{\"rpc\": \"Files.Put\", \"times\": 100, \"action\": \"status\", \"status\": 503}]");
    expect_status(put(NAME, "a,b\n"), LDBX_UNAVAILABLE, error);
    expect_in_message(error, "HTTP 503: [TEMPORARILY_UNAVAILABLE] The service");
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_SAFE);
    ck_assert_int_eq(flow_calls("Files.Put"), 5);
}
END_TEST

/* 401 twice: the new token is refused too. */
START_TEST(a_token_is_renewed_once)
{
    flow_faults("[{\"rpc\": \"Files.Put\", \"action\": \"expired_token\", \"times\": 2}]");
    expect_status(put(NAME, "a,b\n"), LDBX_UNAUTHENTICATED, error);
    expect_in_message(error, "the service principal's access token is not accepted");
    ck_assert_int_eq(flow_calls("Files.Put"), 2);
    ck_assert_int_eq(flow_calls("OAuthToken"), 2);
    expect_ok(put(NAME, "a,b\n"), error);
}
END_TEST

static ldbx_config *token_config(const char *token)
{
    ldbx_config *config = NULL;

    expect_ok(ldbx_config_new(&config, &error), error);
    expect_ok(ldbx_config_set(config, "host", getenv("DATABRICKS_HOST"), &error), error);
    expect_ok(ldbx_config_set(config, "http_path", getenv("DATABRICKS_HTTP_PATH"), &error), error);
    expect_ok(ldbx_config_set(config, "token", token, &error), error);
    return config;
}

START_TEST(a_static_token_is_not_repeated)
{
    ldbx_config *config = token_config("dose-of-mine");

    open_with(config, path);
    expect_status(put(NAME, "a,b\n"), LDBX_UNAUTHENTICATED, error);
    expect_in_message(error, "the token is missing, wrong or expired");
    ck_assert_int_eq(flow_calls("Files.Put"), 1);
    ldbx_config_destroy(config);
    config = token_config("sandbox");
    open_with(config, path);
    expect_ok(put(NAME, "a,b\n"), error);
    ldbx_config_destroy(config);
}
END_TEST

START_TEST(what_is_sent_back_is_hidden)
{
    ldbx_config *config = token_config("sandbox");

    open_with(config, path);
    flow_faults(
        "[{\"rpc\": \"Files.Put\", \"action\": \"status\", \"status\": 400, "
        "\"body\": \"{\\\"error_code\\\": \\\"BAD\\\", \\\"message\\\": \\\"no Bearer sandbox\\\\nline\\\"}\"}]");
    expect_status(put(NAME, "a,b\n"), LDBX_INVALID_ARGUMENT, error);
    expect_in_message(error, "HTTP 400: [BAD] no Bearer ");
    ck_assert_ptr_null(strstr(ldbx_error_message(error), "sandbox"));
    ck_assert_ptr_null(strchr(ldbx_error_message(error), '\n'));
    ldbx_config_destroy(config);
}
END_TEST

/* JSON may write each byte in another way. */
START_TEST(what_is_sent_back_with_escapes_is_hidden_too)
{
    ldbx_config *config = token_config("sandbox");

    open_with(config, path);
    flow_faults(
        "[{\"rpc\": \"Files.Put\", \"action\": \"status\", \"status\": 403, \"body\": "
        "\"{\\\"error_code\\\": \\\"no-\\\\u0073andbox\\\", \\\"message\\\": \\\"not s\\\\u0061ndbox!\\\"}\"}]");
    expect_status(put(NAME, "a,b\n"), LDBX_FORBIDDEN, error);
    expect_in_message(error, "HTTP 403: [no-*******] not *******!");
    ck_assert_str_eq(ldbx_error_class(error), "no-*******");
    ldbx_config_destroy(config);
}
END_TEST

/* A gateway's page is neither consent nor content, and its 404 does not mean that the file is gone. */
START_TEST(a_gateway_is_not_the_service)
{
    flow_faults("[{\"rpc\": \"Files.*\", \"action\": \"garbage\", \"times\": 100}]");
    expect_status(put(NAME, "a,b\n"), LDBX_PROTOCOL, error);
    expect_in_message(error, "the answer is not that of the Files API (text/html)");
    expect_status(check("a,b\n"), LDBX_PROTOCOL, error);
    expect_status(drop(NAME), LDBX_PROTOCOL, error);
    flow_faults("[{\"rpc\": \"Files.*\", \"action\": \"status\", \"status\": 404, \"body\": \"<p>\", \"times\": 100}]");
    expect_status(drop(NAME), LDBX_NOT_FOUND, error);
    flow_faults("[{\"rpc\": \"Files.*\", \"action\": \"status\", \"status\": 404, \"times\": 100, "
                "\"body\": \"{\\\"error_code\\\": \\\"ENDPOINT_NOT_FOUND\\\"}\"}]");
    expect_status(drop(NAME), LDBX_NOT_FOUND, error);
}
END_TEST

START_TEST(a_volume_that_is_missing_or_barred)
{
    open_volume("/Volumes/main/default/missing_volume/a");
    expect_status(put(NAME, "a,b\n"), LDBX_NOT_FOUND, error);
    expect_in_message(error, "/Volumes/main/default/missing_volume: HTTP 404: [NOT_FOUND] Volume "
                             "'main.default.missing_volume' does not exist.");
    open_volume("/Volumes/main/default/readonly_volume");
    expect_status(put(NAME, "a,b\n"), LDBX_FORBIDDEN, error);
    expect_in_message(error, "[PERMISSION_DENIED]");
    expect_in_message(error, "staging needs WRITE VOLUME");
    expect_status(drop(NAME), LDBX_FORBIDDEN, error);
}
END_TEST

static void *trigger(void *user)
{
    while (flow_calls("Files.Put") == 0)
        ;
    ldbx_cancel_trigger(user);
    return NULL;
}

START_TEST(it_can_be_cancelled)
{
    ldbx_cancel *cancel = NULL;
    pthread_t thread;
    ldbx_view content = ldbx_view_of("a,b\n");

    flow_faults("[{\"rpc\": \"Files.Put\", \"action\": \"stall\"}]");
    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    ck_assert_int_eq(pthread_create(&thread, NULL, trigger, cancel), 0);
    expect_status(ldbx_stager_put(stager, NAME, content, 0, cancel, &error), LDBX_CANCELLED, error);
    pthread_join(thread, NULL);
    ldbx_cancel_destroy(cancel);
}
END_TEST

typedef struct stuck {
    ldbx_cancel *cancel;
    int status;
} stuck;

static void *put_stuck(void *user)
{
    stuck *us = user;

    us->status = ldbx_stager_put(stager, "job-1/stuck.csv", ldbx_view_of("a,b\n"), 0, us->cancel, NULL);
    return NULL;
}

START_TEST(a_look_does_not_wait_for_a_file_that_is_sent)
{
    stuck us = {0};
    pthread_t thread;

    expect_ok(put(NAME, "a,b\n"), error);
    flow_faults("[{\"rpc\": \"Files.Put\", \"action\": \"stall\"}]");
    expect_ok(ldbx_cancel_new(&us.cancel, &error), error);
    ck_assert_int_eq(pthread_create(&thread, NULL, put_stuck, &us), 0);
    while (flow_calls("Files.Put") == 0)
        ;
    expect_ok(check("a,b\n"), error);
    ldbx_cancel_trigger(us.cancel);
    pthread_join(thread, NULL);
    ck_assert_int_eq(us.status, LDBX_CANCELLED);
    ldbx_cancel_destroy(us.cancel);
}
END_TEST

/* Parts go out on threads, and a lost answer in between does not matter. */
START_TEST(parts_are_uploaded_beside_the_writing)
{
    ldbx_uploader *uploader = NULL;
    ldbx_uploaded sent[3];
    char *content = calloc(BLOCK, 1);
    char name[32];

    flow_faults("[{\"rpc\": \"Files.Put\", \"skip\": 1, \"action\": \"reset_after\"}]");
    expect_ok(ldbx_uploader_new(stager, NULL, &uploader, &error), error);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "job/run/1-%06d.csv", i);
        memset(content, 'a' + i, BLOCK);
        expect_ok(ldbx_uploader_begin(uploader, name, &error), error);
        expect_ok(ldbx_uploader_write(uploader, (ldbx_view){content, BLOCK - (size_t)i}, &error), error);
        expect_ok(ldbx_uploader_end(uploader, &sent[i], &error), error);
    }
    expect_ok(ldbx_uploader_wait(uploader, &error), error);
    ck_assert_int_eq(flow_struck(), 1);
    ldbx_uploader_destroy(uploader);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "job/run/1-%06d.csv", i);
        expect_ok(ldbx_stager_check(stager, name, (int64_t)BLOCK - i, sent[i].crc32, NULL, &error), error);
    }
    free(content);
}
END_TEST

static void refused(const char *where, const char *part)
{
    ldbx_config *config = flow_config();
    ldbx_stager *none = NULL;

    expect_status(ldbx_stager_open_volume(config, where, &none, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_ptr_null(none);
    expect_in_message(error, part);
    ldbx_config_destroy(config);
}

START_TEST(a_wrong_path_is_refused)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "/Volumes",
                                      "/Volumes/",
                                      "/Volumes/main/default",
                                      "/Volumes/main/default/",
                                      "/Volumes/main//v",
                                      "/Volumes/main/default/v//a",
                                      "/Volumes/main/default/v/../../other/w",
                                      "/Volumes/main/default/v/.",
                                      "Volumes/main/default/v",
                                      "/volumes/main/default/v",
                                      "dbfs:/Volumes/main/default/v"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(bad[i], "path must be /Volumes/CATALOG/SCHEMA/VOLUME");
    refused("/Volumes/main/default/v/a*", "path: '*' is not allowed");
    refused("/Volumes/main/default/v/{a}", "path: '{' is not allowed");
    refused("/Volumes/main/default/v/\n", "path: control characters");
    refused(NULL, "path is NULL");
    open_volume("/Volumes/main/default/v///");
    ck_assert_str_eq(ldbx_stager_url(stager), "/Volumes/main/default/v");
}
END_TEST

START_TEST(a_wrong_configuration_is_refused)
{
    ldbx_config *config = NULL;
    ldbx_stager *none = NULL;

    expect_ok(ldbx_config_new(&config, &error), error);
    expect_status(ldbx_stager_open_volume(config, volume, &none, &error), LDBX_INVALID_ARGUMENT, error);
    expect_ok(ldbx_config_set(config, "host", "example.com", &error), error);
    expect_ok(ldbx_config_set(config, "http_path", "/x", &error), error);
    expect_ok(ldbx_config_set(config, "username", "me", &error), error);
    expect_ok(ldbx_config_set(config, "password", "dose", &error), error);
    expect_status(ldbx_stager_open_volume(config, volume, &none, &error), LDBX_INVALID_ARGUMENT, error);
    expect_in_message(error, "a volume needs a token, or client_id and client_secret");
    expect_status(ldbx_stager_open_volume(NULL, volume, &none, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_int_eq(ldbx_stager_open_volume(config, volume, NULL, NULL), LDBX_INVALID_ARGUMENT);
    ck_assert_ptr_null(none);
    ldbx_config_destroy(config);
}
END_TEST

static int stage_all(const ldbx_config *config)
{
    ldbx_stager *made = NULL;
    ldbx_view content = ldbx_view_of("a,b\n");
    uint32_t crc32 = ldbx_crc32(0, content.data, content.size);
    int status = ldbx_stager_open_volume(config, path, &made, &error);

    if (status == LDBX_OK)
        status = ldbx_stager_put(made, NAME, content, crc32, NULL, &error);
    if (status == LDBX_OK)
        status = ldbx_stager_check(made, NAME, 4, crc32, NULL, &error);
    if (status == LDBX_OK && ldbx_stager_put(made, NAME, content, crc32 + 1, NULL, &error) != LDBX_CONFLICT)
        status = ldbx_error_status(error);
    if (status == LDBX_OK)
        status = ldbx_stager_remove(made, NAME, NULL, &error);
    ldbx_stager_destroy(made);
    return status;
}

START_TEST(memory_runs_out)
{
    ldbx_config *config = flow_config();
    int status = LDBX_NO_MEMORY;

    for (long n = 1; status != LDBX_OK; n++) {
        suite_fail_allocation(n);
        status = stage_all(config);
        suite_fail_allocation(0);
        ck_assert_msg(status == LDBX_OK || status == LDBX_NO_MEMORY, "%ld: %s", n, ldbx_error_message(error));
        ck_assert_int_lt(n, 1000);
    }
    ldbx_config_destroy(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("volume");
    TCase *tcase = suite_case(suite, "flow");

    tcase_add_checked_fixture(tcase, start, stop);
    tcase_add_test(tcase, a_file_is_put_checked_and_removed);
    tcase_add_test(tcase, the_warehouse_reads_it);
    tcase_add_test(tcase, a_name_is_never_replaced);
    tcase_add_loop_test(tcase, what_may_heal_is_made_again, 0, 4 * HEALING);
    tcase_add_test(tcase, it_is_given_up_in_the_end);
    tcase_add_test(tcase, a_token_is_renewed_once);
    tcase_add_test(tcase, a_static_token_is_not_repeated);
    tcase_add_test(tcase, what_is_sent_back_is_hidden);
    tcase_add_test(tcase, what_is_sent_back_with_escapes_is_hidden_too);
    tcase_add_test(tcase, a_gateway_is_not_the_service);
    tcase_add_test(tcase, a_volume_that_is_missing_or_barred);
    tcase_add_test(tcase, it_can_be_cancelled);
    tcase_add_test(tcase, a_look_does_not_wait_for_a_file_that_is_sent);
    tcase_add_test(tcase, parts_are_uploaded_beside_the_writing);
    tcase_add_test(tcase, a_wrong_path_is_refused);
    tcase_add_test(tcase, a_wrong_configuration_is_refused);
    tcase_add_test(tcase, memory_runs_out);
    return suite_run(suite);
}
