/* What is wrong with the options of an S3 stager is said before anything is sent. */
#include "suite.h"

#include "stage/stager.h"

static ldbx_stager *stager;
static ldbx_error *error;
static ldbx_s3_options options;

static void start(void)
{
    stager = NULL;
    error = NULL;
    ldbx_s3_options_init(&options, sizeof options);
    options.bucket = "bucket";
    options.prefix = "pre fix/";
    options.access_key_id = "AKIDEXAMPLE";
    options.secret_access_key = "wJalrXUtnFEMI-very-secret";
    options.parallel = 1;
}

static void stop(void)
{
    ldbx_stager_destroy(stager);
    ldbx_error_destroy(error);
}

static void refused(const char *message)
{
    expect_status(ldbx_stager_open_s3(&options, &stager, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ck_assert_ptr_null(strstr(message, "very-secret"));
    ck_assert_ptr_null(stager);
    stop();
    start();
}

#define PREFIX "ldbx_s3_options: "

START_TEST(options_are_checked)
{
    options.bucket = NULL;
    refused(PREFIX "bucket must have 3 to 63 letters, digits, dots, hyphens or underscores");
    options.bucket = "a/b";
    refused(PREFIX "bucket must have 3 to 63 letters, digits, dots, hyphens or underscores");
    options.region = "eu west";
    refused(PREFIX "region must have 1 to 63 letters, digits or hyphens");
    options.path_style = 2;
    refused(PREFIX "path_style must be -1, 0 or 1");
    options.sign_payload = 7;
    refused(PREFIX "sign_payload must be -1, 0 or 1");
    options.block_bytes = 5242879;
    refused(PREFIX "block_bytes must be from 5242880 to 268435456");
    options.block_bytes = 268435457;
    refused(PREFIX "block_bytes must be from 5242880 to 268435456");
    options.parallel = 65;
    refused(PREFIX "parallel must be from 1 to 64");
    options.secret_access_key = NULL;
    refused(PREFIX "secret_access_key is missing, or holds what no header can carry");
    options.access_key_id = "a b";
    refused(PREFIX "access_key_id is missing, or holds what no header can carry");
    options.session_token = "";
    refused(PREFIX "session_token is missing, or holds what no header can carry");
    options.access = LDBX_ACCESS_NAMED;
    refused(PREFIX "credential is required with LDBX_ACCESS_NAMED");
    options.access = (ldbx_access_kind)9;
    refused(PREFIX "access is none of ldbx_access_kind");
    options.prefix = "a/*";
    refused(PREFIX "prefix: '*' is not allowed, since COPY INTO reads it as a pattern");
    options.prefix = "a//b";
    refused(PREFIX "prefix has a segment that is empty, \".\" or \"..\"");
    options.prefix = "a/../b";
    refused(PREFIX "prefix has a segment that is empty, \".\" or \"..\"");
    options.endpoint = "http://example.com";
    refused(PREFIX "endpoint: host with http:// must be localhost, 127.x.y.z or [::1]; others need https://");
    options.endpoint = "https://h/a b";
    refused(PREFIX "endpoint: http path holds a blank, a #, a control character or one that is not ASCII");
    options.endpoint = "https://h/a\"";
    refused(PREFIX "endpoint has a path with characters that are not percent-encoded");
    options.endpoint = "https://h?x=1";
    refused(PREFIX "endpoint has a query or a fragment, which must go: https://host[:port][/path]");
    options.endpoint = "https://h/a#b";
    refused(PREFIX "endpoint has a query or a fragment, which must go: https://host[:port][/path]");
    options.endpoint = "https://127.0.0.1";
    options.path_style = 0;
    refused(PREFIX "endpoint is a number, before which no bucket can stand (path_style 0)");
}
END_TEST

START_TEST(a_prefix_has_a_greatest_length)
{
    static char prefix[702];

    memset(prefix, 'p', 700);
    options.prefix = prefix;
    expect_ok(ldbx_stager_open_s3(&options, &stager, &error), error);
    ldbx_stager_destroy(stager);
    stager = NULL;
    prefix[700] = 'p';
    refused(PREFIX "prefix is longer than 700 bytes");
}
END_TEST

START_TEST(what_cannot_be_used_is_left_alone)
{
    ldbx_s3_options newer = options;

    expect_status(ldbx_stager_open_s3(&newer, NULL, &error), LDBX_INVALID_ARGUMENT, error);
    newer.size = 1;
    expect_status(ldbx_stager_open_s3(&newer, &stager, &error), LDBX_INVALID_ARGUMENT, error);
    options.bucket = "a.bucket";
    options.prefix = "//x//";
    options.endpoint = "https://[::1]:443/";
    expect_ok(ldbx_stager_open_s3(&options, &stager, &error), error);
    ck_assert_str_eq(ldbx_stager_url(stager), "s3://a.bucket/x");
    ck_assert_uint_eq(ldbx_stager_block_bytes(stager), 5 << 20);
    ck_assert_int_eq(ldbx_stager_parallel(stager), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("s3_options");
    TCase *tcase = suite_case(suite, "options");

    tcase_add_checked_fixture(tcase, start, stop);
    tcase_add_test(tcase, options_are_checked);
    tcase_add_test(tcase, a_prefix_has_a_greatest_length);
    tcase_add_test(tcase, what_cannot_be_used_is_left_alone);
    return suite_run(suite);
}
