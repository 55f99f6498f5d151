/* The S3 stager against a scripted server: what it sends, what it does again, and what it says. */
#include "suite.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/str.h"
#include "http_server.h"
#include "staged.h"

#define SECRET  "wJalrXUtnFEMI-very-secret"
#define TOKEN   "FwoGZXIvYXdzE-very-secret"
#define ETAG    "200 OK\r\nETag: \"e\""
#define CONTENT "content\n"
#define OK_PUT  HTTP_ANSWER(ETAG, 0, "")

static http_server *server;
static ldbx_stager *stager;
static ldbx_error *error;
static ldbx_s3_options options;
static char endpoint[64];
static int asked;

/* Keys that the host gives: other ones each time. */
static int give_keys(void *user, ldbx_access *out, ldbx_error **failure)
{
    static char id[16];

    (void)user;
    if (++asked > 3)
        return ldbx_error_set(failure, LDBX_UNAVAILABLE, "the vault is closed");
    snprintf(id, sizeof id, "KEY%d", asked);
    out->access_key_id = id;
    out->secret_access_key = SECRET;
    out->session_token = TOKEN;
    return LDBX_OK;
}

static void start(void)
{
    server = NULL;
    stager = NULL;
    error = NULL;
    asked = 0;
    ldbx_clock_skip_sleeps(true);
    ldbx_s3_options_init(&options, sizeof options);
    options.bucket = "bucket";
    options.prefix = "pre fix/";
    options.access_key_id = "AKIDEXAMPLE";
    options.secret_access_key = SECRET;
    options.parallel = 1;
}

static void stop(void)
{
    ldbx_stager_destroy(stager);
    ldbx_error_destroy(error);
    if (server != NULL)
        http_server_stop(server);
    ldbx_clock_skip_sleeps(false);
}

#define SERVE(script) serve(script, (int)(sizeof(script) / sizeof((script)[0])))
static void serve(const http_step *script, int steps)
{
    server = http_server_start(script, (size_t)steps);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", http_server_port(server));
    options.endpoint = endpoint;
    expect_ok(ldbx_stager_open_s3(&options, &stager, &error), error);
}

static int put(const char *name)
{
    return staged_put(stager, name, CONTENT, &error);
}

static int check(const char *name)
{
    return staged_check(stager, name, CONTENT, &error);
}

/* The whole message; one line; and no secret in it. */
static void expect_message(const char *text)
{
    ck_assert_str_eq(ldbx_error_message(error), text);
    ck_assert_ptr_null(strstr(text, "very-secret"));
}

static void expect_part_of_message(const char *part)
{
    const char *text = ldbx_error_message(error);

    ck_assert_msg(strstr(text, part) != NULL, "%s", text);
    ck_assert_ptr_null(strstr(text, "very-secret"));
    ck_assert_ptr_null(strchr(text, '\n'));
}

/* What is sent. */

START_TEST(a_put_is_conditional_and_checked)
{
    static const http_step script[] = {{HTTP_SEND, OK_PUT}, {HTTP_SEND, OK_PUT}};
    char checksum[64];

    options.session_token = TOKEN;
    options.sign_payload = _i;
    options.user_agent = "host/1";
    SERVE(script);
    ck_assert_str_eq(ldbx_stager_url(stager), "s3://bucket/pre fix");
    expect_ok(put("job/1.csv"), error);
    expect_ok(put("job/2.csv"), error);
    http_server_expect_requests(server, 2);
    http_server_expect_in_request(server, 0, "PUT /bucket/pre%20fix/job/1.csv HTTP/1.1\r\n");
    http_server_expect_in_request(server, 0, "\r\nIf-None-Match: *\r\n");
    http_server_expect_in_request(server, 0, "\r\nUser-Agent: host/1 lytics_dbx/");
    http_server_expect_in_request(server, 0, "\r\nx-amz-security-token: " TOKEN "\r\n");
    http_server_expect_in_request(
        server, 0,
        "SignedHeaders=host;if-none-match;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;"
        "x-amz-security-token, Signature=");
    http_server_expect_in_request(server, 0, "Credential=AKIDEXAMPLE/");
    http_server_expect_in_request(server, 0, "/us-east-1/s3/aws4_request");
    snprintf(checksum, sizeof checksum, "\r\nx-amz-checksum-crc32: %s\r\n", staged_checksum(CONTENT));
    http_server_expect_in_request(server, 0, checksum);
    http_server_expect_in_request(server, 0,
                                  _i == 0 ? "x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n"
                                          : "x-amz-content-sha256: "
                                            "434728a410a78f56fc1b5899c3593436e61ab0c731e9072d95e96db290205e53\r\n");
    http_server_expect_in_request(server, 0, "\r\n\r\ncontent\n");
    ck_assert_ptr_null(strcasestr(http_server_request(server, 0), "\r\nexpect:"));
    ck_assert_int_eq(http_server_connections(server), 1);
}
END_TEST

START_TEST(a_bucket_may_stand_in_the_host)
{
    static const http_step script[] = {{HTTP_SEND, OK_PUT}};
    char host[64];

    SERVE(script);
    ldbx_stager_destroy(stager);
    snprintf(endpoint, sizeof endpoint, "http://localhost:%d/base/", http_server_port(server));
    options.path_style = 0;
    options.prefix = NULL;
    expect_ok(ldbx_stager_open_s3(&options, &stager, &error), error);
    ck_assert_str_eq(ldbx_stager_url(stager), "s3://bucket");
    expect_ok(put("a"), error);
    http_server_expect_requests(server, 1);
    snprintf(host, sizeof host, "\r\nHost: bucket.localhost:%d\r\n", http_server_port(server));
    http_server_expect_in_request(server, 0, "PUT /base/a HTTP/1.1\r\n");
    http_server_expect_in_request(server, 0, host);
}
END_TEST

/* Where Amazon's buckets are, as a proxy is asked for them. */
static const struct amazon {
    const char *bucket, *region;
    int path_style;
    const char *connect;
} amazons[] = {
    {"bucket", "us-east-1", -1, "CONNECT bucket.s3.us-east-1.amazonaws.com:443 "},
    {"bucket", "eu-central-1", 0, "CONNECT bucket.s3.eu-central-1.amazonaws.com:443 "},
    {"bucket", "eu-west-1", 1, "CONNECT s3.eu-west-1.amazonaws.com:443 "},
    {"bucket.with.dots", "eu-west-1", -1, "CONNECT s3.eu-west-1.amazonaws.com:443 "},
    {"bucket", "cn-north-1", -1, "CONNECT bucket.s3.cn-north-1.amazonaws.com.cn:443 "},
};

START_TEST(buckets_of_amazon)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, HTTP_ANSWER("403 No", 0, "")}};

    SERVE(script);
    ldbx_stager_destroy(stager);
    options.bucket = amazons[_i].bucket;
    options.region = amazons[_i].region;
    options.path_style = amazons[_i].path_style;
    options.endpoint = NULL;
    options.proxy = endpoint;
    expect_ok(ldbx_stager_open_s3(&options, &stager, &error), error);
    expect_status(put("a"), LDBX_UNAVAILABLE, error);
    http_server_expect_requests(server, 1);
    ck_assert_int_eq(strncmp(http_server_request(server, 0), amazons[_i].connect, strlen(amazons[_i].connect)), 0);
    expect_part_of_message("the proxy answers HTTP 403");
}
END_TEST

/* Repeats. */

#define ERROR_BODY(code)                                                                                               \
    "<?xml version=\"1.0\"?>\n<Error><Code>" code "</Code><Message>Words &amp;\nmore</Message></Error>"

static const struct healing {
    http_step_kind kind;
    const char *answer;
} healings[] = {
    {HTTP_SEND_CLOSE, "HTTP/1.1 503 Slow Down\r\n\r\n" ERROR_BODY("SlowDown")},
    {HTTP_SEND_CLOSE, "HTTP/1.1 503 Slow Down\r\nRetry-After: 3\r\n\r\n" ERROR_BODY("SlowDown")},
    {HTTP_SEND, HTTP_ANSWER("500 Oh", 0, "")},
    {HTTP_SEND, HTTP_ANSWER("502 Bad Gateway", 3, "<p>")},
    {HTTP_SEND_CLOSE, "HTTP/1.1 400 Bad\r\n\r\n" ERROR_BODY("RequestTimeout")},
    {HTTP_SEND_CLOSE, "HTTP/1.1 400 Bad\r\n\r\n" ERROR_BODY("BadDigest")},
    {HTTP_SEND_CLOSE, "HTTP/1.1 409 Conflict\r\n\r\n" ERROR_BODY("OperationAborted")},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n" ERROR_BODY("InternalError")},
    {HTTP_SEND, HTTP_ANSWER("200 OK", 16, "<html>hi</html>\n")}, /* no ETag: no answer of S3 */
    {HTTP_RESET, NULL},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\n"},
};
#define HEALINGS (int)(sizeof healings / sizeof healings[0])

START_TEST(what_may_heal_is_sent_again)
{
    const http_step once = {healings[_i].kind, healings[_i].answer};
    const http_step script[] = {once, once, once, once, {HTTP_SEND, OK_PUT}};

    SERVE(script);
    expect_ok(put("a"), error);
    http_server_expect_requests(server, 5);
    http_server_expect_in_request(server, 4, "\r\n\r\ncontent\n");
}
END_TEST

START_TEST(repeats_have_an_end)
{
    const http_step once = {healings[_i].kind, healings[_i].answer};
    const http_step script[] = {once, once, once, once, once, {HTTP_SEND, OK_PUT}};

    SERVE(script);
    ck_assert_int_lt(put("a"), 0);
    expect_part_of_message("staging a: s3://bucket/pre fix/a: ");
    http_server_expect_requests(server, 5);
}
END_TEST

/* The object is there, though nobody said so. */
START_TEST(an_answer_may_be_lost)
{
    const http_step script[] = {{HTTP_RESET, NULL},
                                {HTTP_SEND, HTTP_ANSWER("412 Precondition Failed", 0, "")},
                                {HTTP_SEND, staged_head(_i == 0 ? staged_checksum(CONTENT) : "AAAAAA==")}};

    SERVE(script);
    expect_status(put("a"), _i == 0 ? LDBX_OK : LDBX_CONFLICT, error);
    http_server_expect_requests(server, 3);
    http_server_expect_in_request(server, 2, "HEAD /bucket/pre%20fix/a HTTP/1.1\r\n");
    http_server_expect_in_request(server, 2, "\r\nx-amz-checksum-mode: ENABLED\r\n");
    if (_i == 1)
        expect_message("staging a: s3://bucket/pre fix/a: exists already, with other bytes");
}
END_TEST

/* Taken, and gone when it was looked at. */
START_TEST(a_taken_name_that_goes_is_still_a_conflict)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_ANSWER("412 Precondition Failed", 0, "")},
                                       {HTTP_SEND, "HTTP/1.1 404 Not Found\r\n\r\n"}};

    SERVE(script);
    expect_status(put("a"), LDBX_CONFLICT, error);
    expect_message("staging a: s3://bucket/pre fix/a: HTTP 412");
}
END_TEST

/* What is refused for what the head says is read, although the body is on its way; or a repeat asks first, which may lose the answer too. */
START_TEST(an_early_refusal_is_read)
{
    enum { STEPS = 15 }; /* attempts of three calls */
    http_step script[STEPS];
    size_t size = 6000000;
    char *content = calloc(1, size);

    /* With a length: a connection that is reset is no end of a body. */
    for (int i = 0; i < STEPS; i++)
        script[i] = (http_step){HTTP_EARLY, HTTP_ANSWER("403 No\r\nConnection: close", 97, ERROR_BODY("AccessDenied"))};
    serve(script, STEPS);
    for (int i = 0; i < 3; i++) {
        expect_status(ldbx_stager_put(stager, "a", (ldbx_view){content, size}, 1, NULL, &error), LDBX_FORBIDDEN, error);
        expect_message("staging a: s3://bucket/pre fix/a: HTTP 403 AccessDenied: Words & more");
    }
    free(content);
}
END_TEST

static void *cancel_soon(void *user)
{
    http_server_wait_requests(server, 1);
    ldbx_cancel_trigger(user);
    return NULL;
}

START_TEST(a_wait_can_be_cancelled)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_ANSWER("503 No\r\nRetry-After: 50", 0, "")},
                                       {HTTP_STALL, NULL}};
    ldbx_cancel *cancel = NULL;
    pthread_t thread;

    ldbx_clock_skip_sleeps(_i == 1); /* in the wait, or in the second exchange */
    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    SERVE(script);
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
    expect_status(ldbx_stager_put(stager, "a", ldbx_view_of("x"), 1, cancel, &error), LDBX_CANCELLED, error);
    pthread_join(thread, NULL);
    ldbx_cancel_destroy(cancel);
}
END_TEST

/* Clock and keys. */

#define SKEWED(date) "HTTP/1.1 403 Forbidden\r\nDate: " date "\r\n\r\n" ERROR_BODY("RequestTimeTooSkewed")

START_TEST(the_clock_of_the_server_counts)
{
    static const http_step script[] = {
        {HTTP_SEND_CLOSE, SKEWED("Fri, 24 May 2013 00:00:00 GMT")}, {HTTP_SEND, OK_PUT}, {HTTP_SEND, OK_PUT}};

    SERVE(script);
    expect_ok(put("a"), error);
    expect_ok(put("b"), error);
    http_server_expect_requests(server, 3);
    http_server_expect_in_request(server, 1, "\r\nx-amz-date: 20130524T0000");
    http_server_expect_in_request(server, 2, "\r\nx-amz-date: 20130524T0000"); /* it is remembered */
}
END_TEST

START_TEST(the_clock_is_put_right_once)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, SKEWED("Fri, 24 May 2013 00:00:00 GMT")},
                                       {HTTP_SEND_CLOSE, SKEWED("Fri, 24 May 2019 00:00:00 GMT")},
                                       {HTTP_SEND_CLOSE, SKEWED("")}};

    SERVE(script);
    expect_status(put("a"), LDBX_UNAUTHENTICATED, error);
    expect_message("staging a: s3://bucket/pre fix/a: HTTP 403 RequestTimeTooSkewed: the clocks of this machine and of "
                   "the server are too far apart");
    expect_status(put("a"), LDBX_UNAUTHENTICATED, error); /* no date to go by */
    http_server_expect_requests(server, 3);
}
END_TEST

/* The answer to HEAD has no words. */
START_TEST(a_head_tells_the_clock_by_its_date)
{
    const http_step script[] = {
        {HTTP_SEND, "HTTP/1.1 403 Forbidden\r\nDate: Fri, 24 May 2013 00:00:00 GMT\r\nContent-Length: 7\r\n\r\n"},
        {HTTP_SEND, staged_head(staged_checksum(CONTENT))}};

    SERVE(script);
    expect_ok(check("a"), error);
    http_server_expect_requests(server, 2);
    http_server_expect_in_request(server, 1, "\r\nx-amz-date: 20130524T0000");
}
END_TEST

#define EXPIRED "HTTP/1.1 400 Bad Request\r\n\r\n" ERROR_BODY("ExpiredToken")

START_TEST(expired_keys_are_replaced_once)
{
    static const http_step script[] = {
        {HTTP_SEND_CLOSE, EXPIRED}, {HTTP_SEND, OK_PUT}, {HTTP_SEND_CLOSE, EXPIRED}, {HTTP_SEND_CLOSE, EXPIRED}};

    options.access_key_id = options.secret_access_key = NULL;
    options.credentials = give_keys;
    SERVE(script);
    ck_assert_int_eq(asked, 0);
    expect_ok(put("a"), error);
    http_server_expect_requests(server, 2);
    http_server_expect_in_request(server, 0, "Credential=KEY1/");
    http_server_expect_in_request(server, 1, "Credential=KEY2/");
    expect_status(put("b"), LDBX_UNAUTHENTICATED, error);
    expect_message("staging b: s3://bucket/pre fix/b: HTTP 400 ExpiredToken: the session token has expired");
    http_server_expect_requests(server, 4);
    ck_assert_int_eq(asked, 3);
}
END_TEST

START_TEST(keys_that_nobody_replaces_expire)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, EXPIRED}};

    SERVE(script);
    expect_status(put("a"), LDBX_UNAUTHENTICATED, error);
    http_server_expect_requests(server, 1);
}
END_TEST

START_TEST(a_head_without_words_may_mean_expired_keys)
{
    const http_step script[] = {{HTTP_SEND, "HTTP/1.1 400 Bad Request\r\n\r\n"},
                                {HTTP_SEND, staged_head(staged_checksum(CONTENT))}};

    options.credentials = give_keys;
    SERVE(script);
    expect_ok(check("a"), error);
    http_server_expect_requests(server, 2);
    http_server_expect_in_request(server, 0, "Credential=AKIDEXAMPLE/");
    http_server_expect_in_request(server, 1, "Credential=KEY1/");
}
END_TEST

START_TEST(a_hook_may_fail)
{
    ldbx_access access;

    options.access_key_id = options.secret_access_key = NULL;
    options.credentials = give_keys;
    serve(NULL, 0);
    for (int i = 0; i < 3; i++)
        expect_ok(ldbx_stager_access(stager, &access, &error), error);
    ck_assert_str_eq(access.access_key_id, "KEY3");
    ck_assert_str_eq(access.secret_access_key, SECRET);
    ck_assert_str_eq(access.session_token, TOKEN);
    expect_status(ldbx_stager_access(stager, &access, &error), LDBX_UNAVAILABLE, error);
    expect_message("rights to the staging: keys of the host: the vault is closed");
}
END_TEST

START_TEST(rights_of_copy_into)
{
    ldbx_access access;

    serve(NULL, 0);
    expect_ok(ldbx_stager_access(stager, &access, &error), error);
    ck_assert_int_eq(access.kind, LDBX_ACCESS_INLINE);
    ck_assert_str_eq(access.access_key_id, "AKIDEXAMPLE");
    ck_assert_ptr_null(access.session_token);
    ldbx_stager_destroy(stager);
    options.access = LDBX_ACCESS_NAMED;
    options.credential = "cred";
    expect_ok(ldbx_stager_open_s3(&options, &stager, &error), error);
    expect_ok(ldbx_stager_access(stager, &access, &error), error);
    ck_assert_str_eq(access.credential, "cred");
    ck_assert_ptr_null(access.secret_access_key);
}
END_TEST

/* What is refused, and how it is told. */

static const struct refusal {
    const char *answer;
    int status;
    const char *message; /* behind the object */
} refusals[] = {
    {"404 Not Found\r\n\r\n" ERROR_BODY("NoSuchBucket"), LDBX_NOT_FOUND,
     "HTTP 404 NoSuchBucket: the bucket does not exist"},
    {"403 Forbidden\r\n\r\n" ERROR_BODY("AccessDenied"), LDBX_FORBIDDEN, "HTTP 403 AccessDenied: Words & more"},
    {"403 Forbidden\r\n\r\n" ERROR_BODY("InvalidAccessKeyId"), LDBX_UNAUTHENTICATED,
     "HTTP 403 InvalidAccessKeyId: the access key id is not known there"},
    {"403 Forbidden\r\n\r\n<Error><Code>SignatureDoesNotMatch</Code><Message>not " SECRET "</Message><StringToSign>AWS4"
     "</StringToSign></Error>",
     LDBX_UNAUTHENTICATED,
     "HTTP 403 SignatureDoesNotMatch: the secret access key does not belong to the access key id"},
    {"400 Bad\r\n\r\n<Error><Code>Odd</Code><Message>" SECRET " and " TOKEN "!</Message></Error>",
     LDBX_INVALID_ARGUMENT, "HTTP 400 Odd: ************************* and *************************!"},
    {"400 Bad\r\n\r\n<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
     LDBX_INVALID_ARGUMENT,
     "HTTP 400 AuthorizationHeaderMalformed: the bucket is in region eu-west-1, not in us-east-1"},
    {"301 Moved\r\nx-amz-bucket-region: eu-west-2\r\n\r\n" ERROR_BODY("PermanentRedirect"), LDBX_INVALID_ARGUMENT,
     "HTTP 301 PermanentRedirect: the bucket is in region eu-west-2, not in us-east-1"},
    {"307 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n" ERROR_BODY("TemporaryRedirect"), LDBX_INVALID_ARGUMENT,
     "HTTP 307 TemporaryRedirect: Words & more"},
    {"501 No\r\n\r\n" ERROR_BODY("NotImplemented"), LDBX_UNSUPPORTED, "HTTP 501 NotImplemented: Words & more"},
    {"404 Not Found\r\nContent-Type: text/html\r\n\r\n<html>", LDBX_NOT_FOUND,
     "HTTP 404: the answer is not one of S3 (text/html); check the endpoint"},
    {"418 Teapot\r\n\r\n", LDBX_PROTOCOL, "HTTP 418"},
};
#define REFUSALS (int)(sizeof refusals / sizeof refusals[0])

START_TEST(refusals_are_told)
{
    char answer[1000], message[400];
    const http_step script[] = {{HTTP_SEND_CLOSE, answer}};

    snprintf(answer, sizeof answer, "HTTP/1.1 %s", refusals[_i].answer);
    snprintf(message, sizeof message, "staging a: s3://bucket/pre fix/a: %s", refusals[_i].message);
    options.session_token = TOKEN;
    SERVE(script);
    expect_status(put("a"), refusals[_i].status, error);
    expect_message(message);
    http_server_expect_requests(server, 1);
}
END_TEST

/* Loop: of keys without a session token, and of such with one. */
START_TEST(a_refusal_without_words_is_explained)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, "HTTP/1.1 403 Forbidden\r\n\r\n"},
                                       {HTTP_SEND_CLOSE, "HTTP/1.1 400 Bad Request\r\n\r\n"}};

    options.session_token = _i == 1 ? TOKEN : NULL;
    SERVE(script);
    expect_status(check("a"), LDBX_FORBIDDEN, error);
    expect_message("checking a: s3://bucket/pre fix/a: HTTP 403: no reason is given: the keys may lack s3:GetObject on "
                   "it; to keys without s3:ListBucket an object that is not there looks the same");
    expect_status(check("a"), _i == 1 ? LDBX_UNAUTHENTICATED : LDBX_PROTOCOL, error);
    expect_message(_i == 1
                       ? "checking a: s3://bucket/pre fix/a: HTTP 400: no reason is given, which is how S3 refuses a "
                         "session token that has expired"
                       : "checking a: s3://bucket/pre fix/a: HTTP 400");
}
END_TEST

#define BUSY "HTTP/1.1 409 Conflict\r\n\r\n" ERROR_BODY("ConditionalRequestConflict")

/* Another attempt of ours, whose answer was lost, may still be at it. */
START_TEST(a_conflicting_write_is_waited_for)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, BUSY}, {HTTP_SEND_CLOSE, BUSY}, {HTTP_SEND_CLOSE, OK_PUT},
                                       {HTTP_SEND_CLOSE, BUSY}, {HTTP_SEND_CLOSE, BUSY}, {HTTP_SEND_CLOSE, BUSY},
                                       {HTTP_SEND_CLOSE, BUSY}, {HTTP_SEND_CLOSE, BUSY}};

    SERVE(script);
    expect_ok(put("a"), error);
    expect_status(put("b"), LDBX_UNAVAILABLE, error);
    expect_message("staging b: s3://bucket/pre fix/b: HTTP 409 ConditionalRequestConflict: another request writes the "
                   "same object");
    http_server_expect_requests(server, 8);
}
END_TEST

#define PIECE(bytes) "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-7/8\r\nContent-Length: 8\r\n\r\n" bytes

START_TEST(a_check_sees_what_changed)
{
    const http_step script[] = {
        {HTTP_SEND, "HTTP/1.1 404 Not Found\r\n\r\n"},
        {HTTP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"},
        {HTTP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n"},
        {HTTP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"}, /* a server without checksums */
        {HTTP_SEND, PIECE("content\n")},
        {HTTP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nx-amz-checksum-crc32: AAAAAA==-2\r\n\r\n"}, /* of parts */
        {HTTP_SEND, PIECE("content\n")},
        {HTTP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"},
        {HTTP_SEND, PIECE("contents")},
        {HTTP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"},
        {HTTP_SEND, "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-3/8\r\nContent-Length: 4\r\n\r\ncont"},
    };

    SERVE(script);
    expect_status(check("a"), LDBX_NOT_FOUND, error);
    expect_message("checking a: s3://bucket/pre fix/a: it is not there");
    expect_status(check("a"), LDBX_INVALID_DATA, error);
    expect_message("checking a: s3://bucket/pre fix/a: has 9 bytes instead of 8");
    expect_status(check("a"), LDBX_INVALID_DATA, error);
    expect_message("checking a: s3://bucket/pre fix/a: was changed (its checksum does not match)");
    expect_ok(check("a"), error);
    expect_ok(check("a"), error);
    expect_status(check("a"), LDBX_INVALID_DATA, error);
    expect_message("checking a: s3://bucket/pre fix/a: was changed (its checksum does not match)");
    expect_status(check("a"), LDBX_PROTOCOL, error);
    expect_message("checking a: s3://bucket/pre fix/a: the answer to GET has 4 bytes instead of 8");
}
END_TEST

/* Memory. */

START_TEST(memory_may_run_out)
{
    const http_step once[] = {{HTTP_SEND, HTTP_ANSWER("503 No", 0, "")},
                              {HTTP_SEND, HTTP_ANSWER("412 No", 0, "")},
                              {HTTP_SEND, staged_head(staged_checksum(CONTENT))}};
    http_step script[60];
    int failures = 0;

    for (int n = 1;; n++) {
        int status;

        for (int i = 0; i < 60; i++)
            script[i] = once[i % 3];
        server = http_server_start(script, 60);
        snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", http_server_port(server));
        options.endpoint = endpoint;
        options.session_token = TOKEN;
        suite_fail_allocation(n);
        status = ldbx_stager_open_s3(&options, &stager, &error);
        if (status == LDBX_OK)
            status = put("a");
        suite_fail_allocation(0);
        if (status == LDBX_OK)
            break;
        /* Where texts of errors alone fail, the error stands without them. */
        ck_assert_msg(status == LDBX_NO_MEMORY || status == LDBX_CONFLICT, "%s: %s", ldbx_status_name(status),
                      ldbx_error_message(error));
        failures++;
        stop();
        start();
    }
    ck_assert_int_gt(failures, 30);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("s3");
    TCase *sent = suite_case(suite, "sent");
    TCase *repeats = suite_case(suite, "repeats");
    TCase *told = suite_case(suite, "told");

    tcase_add_checked_fixture(sent, start, stop);
    tcase_add_loop_test(sent, a_put_is_conditional_and_checked, 0, 2);
    tcase_add_test(sent, a_bucket_may_stand_in_the_host);
    tcase_add_loop_test(sent, buckets_of_amazon, 0, (int)(sizeof amazons / sizeof amazons[0]));
    tcase_add_checked_fixture(repeats, start, stop);
    tcase_add_loop_test(repeats, what_may_heal_is_sent_again, 0, HEALINGS);
    tcase_add_loop_test(repeats, repeats_have_an_end, 0, HEALINGS);
    tcase_add_loop_test(repeats, an_answer_may_be_lost, 0, 2);
    tcase_add_test(repeats, a_taken_name_that_goes_is_still_a_conflict);
    tcase_add_test(repeats, an_early_refusal_is_read);
    tcase_add_loop_test(repeats, a_wait_can_be_cancelled, 0, 2);
    tcase_add_test(repeats, the_clock_of_the_server_counts);
    tcase_add_test(repeats, the_clock_is_put_right_once);
    tcase_add_test(repeats, a_head_tells_the_clock_by_its_date);
    tcase_add_test(repeats, expired_keys_are_replaced_once);
    tcase_add_test(repeats, keys_that_nobody_replaces_expire);
    tcase_add_test(repeats, a_head_without_words_may_mean_expired_keys);
    tcase_add_test(repeats, a_hook_may_fail);
    tcase_add_test(repeats, rights_of_copy_into);
    tcase_add_checked_fixture(told, start, stop);
    tcase_add_loop_test(told, refusals_are_told, 0, REFUSALS);
    tcase_add_loop_test(told, a_refusal_without_words_is_explained, 0, 2);
    tcase_add_test(told, a_conflicting_write_is_waited_for);
    tcase_add_test(told, a_check_sees_what_changed);
    tcase_add_test(told, memory_may_run_out);
    return suite_run(suite);
}
