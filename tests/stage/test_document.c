#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "stage/stager.h"

#define SECRET "dose-of-a-key"
#define KEYS   "\"access_key_id\": \"AKIA1\", \"secret_access_key\": \"" SECRET "\""
#define PATH   "/Volumes/main/default/v"
#define LARGE  65536 /* bytes of the largest file */

static char folder[64];
static char file[128];
static ldbx_config *config;
static ldbx_stager *stager;
static ldbx_error *error;

static void start(void)
{
    snprintf(folder, sizeof folder, "/tmp/ldbx-document-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/staging.json", folder);
    expect_ok(ldbx_config_new(&config, &error), error);
    expect_ok(ldbx_config_set(config, "host", "example.com", &error), error);
    expect_ok(ldbx_config_set(config, "http_path", "/sql/1.0/warehouses/1", &error), error);
    expect_ok(ldbx_config_set(config, "token", "dose-token", &error), error);
}

static void stop(void)
{
    ldbx_stager_destroy(stager);
    ldbx_error_destroy(error);
    ldbx_config_destroy(config);
    stager = NULL;
    error = NULL;
    config = NULL;
    suite_remove_folder(folder);
}

static int open_json(const char *json)
{
    ldbx_stager_destroy(stager);
    stager = NULL;
    return ldbx_stager_open_json(ldbx_view_of(json), config, &stager, &error);
}

static void refused(const char *json, int expected, const char *message)
{
    expect_status(open_json(json), expected, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ck_assert_ptr_null(stager);
}

START_TEST(a_directory)
{
    char json[256], url[96];

    snprintf(json, sizeof json, "{\"type\": \"directory\", \"path\": \"%s/a/b\"}", folder);
    snprintf(url, sizeof url, "file:%s/a/b", folder);
    expect_ok(open_json(json), error);
    ck_assert_str_eq(ldbx_stager_url(stager), url);
    snprintf(json, sizeof json, "{\"type\": \"directory\", \"path\": \"%s/a\", \"url\": \"dbfs:/mnt/a\"}", folder);
    expect_ok(open_json(json), error);
    ck_assert_str_eq(ldbx_stager_url(stager), "dbfs:/mnt/a");
}
END_TEST

START_TEST(a_volume)
{
    expect_ok(open_json("{\"type\": \"volume\", \"path\": \"" PATH "/a b/\"}"), error);
    ck_assert_str_eq(ldbx_stager_url(stager), PATH "/a b");
}
END_TEST

START_TEST(a_volume_needs_an_authorization_of_its_kind)
{
    ldbx_config *with_token = config;

    config = NULL;
    refused("{\"type\": \"volume\", \"path\": \"" PATH "\"}", LDBX_INVALID_ARGUMENT, "config is NULL");
    expect_ok(ldbx_config_new(&config, &error), error);
    expect_status(open_json("{\"type\": \"volume\", \"path\": \"" PATH "\"}"), LDBX_INVALID_ARGUMENT, error);
    ldbx_config_destroy(config);
    config = with_token;
}
END_TEST

static ldbx_access access_of(const char *more)
{
    char json[512];
    ldbx_access access;

    snprintf(json, sizeof json, "{\"type\": \"s3\", \"bucket\": \"mine\", " KEYS "%s}", more);
    expect_ok(open_json(json), error);
    expect_ok(ldbx_stager_access(stager, &access, &error), error);
    return access;
}

START_TEST(a_bucket)
{
    ldbx_access access = access_of("");

    ck_assert_str_eq(ldbx_stager_url(stager), "s3://mine");
    ck_assert_int_eq(access.kind, LDBX_ACCESS_INLINE);
    ck_assert_str_eq(access.access_key_id, "AKIA1");
    ck_assert_str_eq(access.secret_access_key, SECRET);
    ck_assert_ptr_null(access.session_token);
    access = access_of(", \"prefix\": \"a/b c\", \"session_token\": \"t1\", \"credential\": \"inline\", \"region\": "
                       "\"eu-west-1\", \"endpoint\": \"http://127.0.0.1:7070/s3\"");
    ck_assert_str_eq(ldbx_stager_url(stager), "s3://mine/a/b c");
    ck_assert_str_eq(access.session_token, "t1");
    ck_assert_int_eq(access_of(", \"credential\": \"external\"").kind, LDBX_ACCESS_EXTERNAL);
    access = access_of(", \"credential\": \"named:my cred\"");
    ck_assert_int_eq(access.kind, LDBX_ACCESS_NAMED);
    ck_assert_str_eq(access.credential, "my cred");
    ldbx_config_destroy(config);
    config = NULL;
    ck_assert_int_eq(access_of("").kind, LDBX_ACCESS_INLINE); /* needs no authorization */
}
END_TEST

#define ADDRESS "text without * ? [ ] { } \\ and control characters, which COPY INTO would not take as they are"

START_TEST(what_is_wrong_is_told_at_once)
{
    refused("{\"type\": \"s3\", \"bucket\": 1, \"prefix\": \"a*\", \"acces_key_id\": \"AKIA1\", \"secret_access_key\": "
            "\"\", \"session_token\": [\"" SECRET "\"], \"credential\": \"named:\", \"colour\": \"red\"}",
            LDBX_INVALID_DATA,
            "bucket: must be text without control characters\n"
            "prefix: must be " ADDRESS "\n"
            "access_key_id: is required: text without control characters\n"
            "secret_access_key: is required: text without control characters\n"
            "session_token: must be text without control characters\n"
            "credential: must be inline, external or named:NAME\n"
            "acces_key_id: unknown key, did you mean access_key_id\n"
            "colour: unknown key");
    refused("{\"type\": \"volume\", \"path\": \"/Volumes/main/default\", \"url\": \"x\"}", LDBX_INVALID_DATA,
            "path: must be /Volumes/CATALOG/SCHEMA/VOLUME, perhaps with folders behind, in " ADDRESS "\n"
            "url: unknown key");
    refused("{\"type\": \"directory\", \"url\": \"file:/a?\", \"bucket\": \"b\"}", LDBX_INVALID_DATA,
            "path: is required: text without control characters\n"
            "url: must be " ADDRESS "\n"
            "bucket: unknown key");
}
END_TEST

#define S3(more) "{\"type\": \"s3\", " KEYS ", " more "}"

/* What only the stager itself looks at is told by the names of the keys, too. */
START_TEST(what_is_wrong_with_a_bucket_names_the_key)
{
    static const struct {
        const char *json, *message;
    } wrong[] = {
        {S3("\"bucket\": \"a/b\""), "bucket must have 3 to 63 letters, digits, dots, hyphens or underscores"},
        {S3("\"bucket\": \"mine\", \"region\": \"eu west\""), "region must have 1 to 63 letters, digits or hyphens"},
        {S3("\"bucket\": \"mine\", \"prefix\": \"a//b\""), "prefix has a segment that is empty, \".\" or \"..\""},
        {S3("\"bucket\": \"mine\", \"session_token\": \"a b\""),
         "session_token is missing, or holds what no header can carry"},
        {S3("\"bucket\": \"mine\", \"endpoint\": \"http://example.com\""),
         "endpoint: host with http:// must be localhost, 127.x.y.z or [::1]; others need https://"},
        {S3("\"bucket\": \"mine\", \"endpoint\": \"https://h?x=1\""),
         "endpoint has a query or a fragment, which must go: https://host[:port][/path]"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(wrong[i].json, LDBX_INVALID_ARGUMENT, wrong[i].message);
}
END_TEST

START_TEST(the_type_comes_first)
{
    refused("{}", LDBX_INVALID_DATA, "type: is required: one of s3, volume, directory");
    refused("{\"type\": \"S3\"}", LDBX_INVALID_DATA, "type: must be one of s3, volume, directory");
    refused("{\"type\": null}", LDBX_INVALID_DATA, "type: must be one of s3, volume, directory");
    refused("[]", LDBX_INVALID_DATA, "a staging must be a JSON object");
    expect_status(open_json("{\"type\": \"s3\", "), LDBX_INVALID_DATA, error);
    expect_status(open_json(""), LDBX_INVALID_DATA, error);
}
END_TEST

static void write_file(const char *json, size_t size)
{
    FILE *out = fopen(file, "wb");

    ck_assert_ptr_nonnull(out);
    fprintf(out, "%-*s", (int)size, json);
    ck_assert_int_eq(fclose(out), 0);
}

static int open_file(const char *path)
{
    ldbx_stager_destroy(stager);
    stager = NULL;
    return ldbx_stager_open_file(path, config, &stager, &error);
}

START_TEST(a_file_is_named_in_its_errors)
{
    write_file("{\"type\": \"volume\", \"path\": \"" PATH "\"}", 0);
    expect_ok(open_file(file), error);
    ck_assert_str_eq(ldbx_stager_url(stager), PATH);
    write_file("{\"type\": \"volume\"}", 0);
    expect_status(open_file(file), LDBX_INVALID_DATA, error);
    expect_in_message(error, "/staging.json: path: is required: ");
    unlink(file);
    expect_status(open_file(file), LDBX_IO, error);
    expect_in_message(error, "/staging.json: not found");
    expect_status(open_file(folder), LDBX_IO, error);
    expect_status(open_file(NULL), LDBX_INVALID_ARGUMENT, error);
    ck_assert_int_eq(ldbx_stager_open_file(file, config, NULL, NULL), LDBX_INVALID_ARGUMENT);
    ck_assert_int_eq(ldbx_stager_open_json(ldbx_view_of("{}"), config, NULL, NULL), LDBX_INVALID_ARGUMENT);
}
END_TEST

START_TEST(a_file_has_a_greatest_size)
{
    write_file("{\"type\": \"volume\", \"path\": \"" PATH "\"}", LARGE);
    expect_ok(open_file(file), error);
    write_file("{\"type\": \"volume\", \"path\": \"" PATH "\"}", LARGE + 1);
    expect_status(open_file(file), LDBX_IO, error);
    expect_in_message(error, "larger than 65536 bytes");
}
END_TEST

/* Loop: each type. */
START_TEST(memory_runs_out)
{
    char json[256];
    int status = LDBX_NO_MEMORY;

    if (_i == 0)
        snprintf(json, sizeof json, "{\"type\": \"directory\", \"path\": \"%s/a\"}", folder);
    else if (_i == 1)
        snprintf(json, sizeof json, "{\"type\": \"volume\", \"path\": \"" PATH "\"}");
    else
        snprintf(json, sizeof json, "{\"type\": \"s3\", \"bucket\": \"mine\", " KEYS "}");
    write_file(json, 0);
    for (long n = 1; status != LDBX_OK; n++) {
        suite_fail_allocation(n);
        status = open_file(file);
        suite_fail_allocation(0);
        ck_assert_msg(status == LDBX_OK || status == LDBX_NO_MEMORY, "%ld: %s", n, ldbx_error_message(error));
        ck_assert_int_lt(n, 1000);
    }
    ck_assert_ptr_nonnull(stager);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("document");
    TCase *tcase = suite_case(suite, "staging files");

    tcase_add_checked_fixture(tcase, start, stop);
    tcase_add_test(tcase, a_directory);
    tcase_add_test(tcase, a_volume);
    tcase_add_test(tcase, a_volume_needs_an_authorization_of_its_kind);
    tcase_add_test(tcase, a_bucket);
    tcase_add_test(tcase, what_is_wrong_is_told_at_once);
    tcase_add_test(tcase, what_is_wrong_with_a_bucket_names_the_key);
    tcase_add_test(tcase, the_type_comes_first);
    tcase_add_test(tcase, a_file_is_named_in_its_errors);
    tcase_add_test(tcase, a_file_has_a_greatest_size);
    tcase_add_loop_test(tcase, memory_runs_out, 0, 3);
    return suite_run(suite);
}
