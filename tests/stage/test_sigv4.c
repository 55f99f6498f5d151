/* Signatures against the examples that AWS publishes, and against botocore's for odd keys, queries and headers (sigv4.json). */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "net/url.h"
#include "stage/sigv4.h"

static ldbx_error *error;
static ldbx_buf authorization;

static void start(void)
{
    error = NULL;
    ldbx_buf_init(&authorization, LDBX_MAX_ERROR);
}

static void stop(void)
{
    ldbx_buf_clear(&authorization);
    ldbx_error_destroy(error);
}

static void expect_signed(const ldbx_sigv4_request *request, const ldbx_sigv4_keys *keys, const char *expected)
{
    ldbx_buf_reset(&authorization);
    expect_ok(ldbx_sigv4_authorization(request, keys, &authorization, &error), error);
    ck_assert_str_eq(ldbx_buf_cstr(&authorization), expected);
}

#define EMPTY   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define WELCOME "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" /* "Welcome to Amazon S3." */

/* "Examples: Signature calculations" of the S3 API reference. */
static const struct example {
    const char *method, *path, *query, *hash;
    ldbx_http_header more;
    const char *names;
    const char *signature;
} examples[] = {
    {"GET",
     "/test.txt",
     "",
     EMPTY,
     {"Range", "bytes=0-9"},
     "host;range;x-amz-content-sha256;x-amz-date",
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"PUT",
     "/test%24file.text",
     "",
     WELCOME,
     {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"GET",
     "/",
     "lifecycle=",
     EMPTY,
     {NULL, NULL},
     "host;x-amz-content-sha256;x-amz-date",
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"GET",
     "/",
     "max-keys=2&prefix=J",
     EMPTY,
     {NULL, NULL},
     "host;x-amz-content-sha256;x-amz-date",
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

START_TEST(the_examples_of_aws)
{
    const struct example *us = &examples[_i];
    const ldbx_sigv4_keys keys = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
    ldbx_http_header headers[5] = {{"x-amz-date", "20130524T000000Z"},
                                   {"Host", "examplebucket.s3.amazonaws.com"},
                                   {"x-amz-content-sha256", us->hash}};
    ldbx_sigv4_request request = {us->method, us->path, us->query,   headers,
                                  3,          us->hash, "us-east-1", "20130524T000000Z"};
    char expected[400];

    if (us->more.name != NULL)
        headers[request.header_count++] = us->more;
    if (us->names[0] == 'd')
        headers[request.header_count++] = (ldbx_http_header){"Date", "Fri, 24 May 2013 00:00:00 GMT"};
    snprintf(expected, sizeof expected,
             "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=%s, "
             "Signature=%s",
             us->names, us->signature);
    expect_signed(&request, &keys, expected);
}
END_TEST

START_TEST(the_hash_of_a_payload)
{
    char hex[65];

    ck_assert(ldbx_sigv4_payload_hash(hex, ldbx_view_of("Welcome to Amazon S3.")));
    ck_assert_str_eq(hex, WELCOME);
    ck_assert(ldbx_sigv4_payload_hash(hex, (ldbx_view){NULL, 0}));
    ck_assert_str_eq(hex, EMPTY);
}
END_TEST

START_TEST(times_are_utc)
{
    char text[17];

    ldbx_sigv4_time(text, INT64_C(1369353600999999));
    ck_assert_str_eq(text, "20130524T000000Z");
    ldbx_sigv4_time(text, INT64_C(951782399000000)); /* the second before a leap day */
    ck_assert_str_eq(text, "20000228T235959Z");
}
END_TEST

/* A case of sigv4.json, with the texts that the request borrows. */
typedef struct vector {
    ldbx_http_header headers[LDBX_SIGV4_HEADERS];
    ldbx_sigv4_request request;
    ldbx_buf path, query;
    char hash[65];
} vector;

static void add_header(vector *us, const char *name, const char *value)
{
    us->headers[us->request.header_count++] = (ldbx_http_header){name, value};
}

static const char *member(const cJSON *pair, int n)
{
    return cJSON_GetStringValue(cJSON_GetArrayItem(pair, n));
}

static void read_query(vector *us, const cJSON *query)
{
    const cJSON *pair;

    cJSON_ArrayForEach(pair, query)
    {
        ldbx_buf_str(&us->query, us->query.size > 0 ? "&" : "");
        ldbx_url_encode(&us->query, ldbx_view_of(member(pair, 0)), "");
        ldbx_buf_byte(&us->query, '=');
        ldbx_url_encode(&us->query, ldbx_view_of(member(pair, 1)), "");
    }
}

static void check_vector(const cJSON *one)
{
    const ldbx_sigv4_keys keys = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    const char *token = ldbx_json_text(one, "token", NULL);
    const cJSON *pair;
    vector us = {.hash = LDBX_UNSIGNED_PAYLOAD};

    ldbx_buf_init(&us.path, LDBX_MAX_ERROR);
    ldbx_buf_init(&us.query, LDBX_MAX_ERROR);
    ldbx_buf_str(&us.path, ldbx_json_text(one, "base", NULL));
    ldbx_url_encode(&us.path, ldbx_view_of(ldbx_json_text(one, "key", NULL)), "/");
    ck_assert_str_eq(ldbx_buf_cstr(&us.path), ldbx_json_text(one, "path", NULL));
    read_query(&us, ldbx_json_get(one, "query"));
    if (!cJSON_IsTrue(ldbx_json_get(one, "unsigned")))
        ck_assert(ldbx_sigv4_payload_hash(us.hash, ldbx_view_of(ldbx_json_text(one, "body", NULL))));
    add_header(&us, "Host", ldbx_json_text(one, "host", NULL));
    add_header(&us, "x-amz-date", ldbx_json_text(one, "time", NULL));
    add_header(&us, "x-amz-content-sha256", us.hash);
    if (token != NULL)
        add_header(&us, "x-amz-security-token", token);
    cJSON_ArrayForEach(pair, ldbx_json_get(one, "headers")) add_header(&us, member(pair, 0), member(pair, 1));
    us.request.method = ldbx_json_text(one, "method", NULL);
    us.request.path = ldbx_buf_cstr(&us.path);
    us.request.query = ldbx_buf_cstr(&us.query);
    us.request.headers = us.headers;
    us.request.payload_hash = us.hash;
    us.request.region = ldbx_json_text(one, "region", NULL);
    us.request.time = ldbx_json_text(one, "time", NULL);
    expect_signed(&us.request, &keys, ldbx_json_text(one, "authorization", NULL));
    ldbx_buf_clear(&us.path);
    ldbx_buf_clear(&us.query);
}

START_TEST(the_signatures_of_botocore)
{
    char path[4096];
    ldbx_buf text;
    cJSON *cases = NULL;
    const cJSON *one;

    snprintf(path, sizeof path, "%s/tests/stage/sigv4.json", getenv("LDBX_SOURCE_ROOT"));
    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT);
    expect_ok(ldbx_file_read(path, &text, &error), error);
    expect_ok(ldbx_json_parse(ldbx_buf_get(&text), &cases, &error), error);
    ck_assert_int_ge(cJSON_GetArraySize(cases), 34);
    cJSON_ArrayForEach(one, cases) check_vector(one);
    cJSON_Delete(cases);
    ldbx_buf_clear(&text);
}
END_TEST

START_TEST(memory_may_run_out)
{
    const ldbx_http_header headers[] = {{"host", "h"}};
    const ldbx_sigv4_keys keys = {"id", "secret"};
    const ldbx_sigv4_request request = {"GET", "/", "", headers, 1, EMPTY, "r", "20130524T000000Z"};
    long failures = 0;
    int status;

    do {
        ldbx_buf_clear(&authorization);
        suite_fail_allocation(++failures);
        status = ldbx_sigv4_authorization(&request, &keys, &authorization, &error);
        ck_assert(status == LDBX_OK || status == LDBX_NO_MEMORY);
    } while (status != LDBX_OK);
    ck_assert_int_gt(failures, 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sigv4");
    TCase *vectors = suite_case(suite, "vectors");

    tcase_add_checked_fixture(vectors, start, stop);
    tcase_add_loop_test(vectors, the_examples_of_aws, 0, 4);
    tcase_add_test(vectors, the_hash_of_a_payload);
    tcase_add_test(vectors, times_are_utc);
    tcase_add_test(vectors, the_signatures_of_botocore);
    tcase_add_test(vectors, memory_may_run_out);
    return suite_run(suite);
}
