/* Multipart uploads against a scripted server. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/str.h"
#include "http_server.h"
#include "staged.h"

#define BEGUN(id)                                                                                                      \
    "HTTP/1.1 200 OK\r\nx-amz-checksum-type: FULL_OBJECT\r\n\r\n<InitiateMultipartUploadResult><UploadId>" id          \
    "</UploadId></InitiateMultipartUploadResult>"
#define BLOCK(etag)                                                                                                    \
    {                                                                                                                  \
        HTTP_SEND, HTTP_ANSWER("200 OK\r\nETag: " etag, 0, "")                                                         \
    }
#define COMPLETE                                                                                                       \
    {                                                                                                                  \
        HTTP_SEND_CLOSE,                                                                                               \
            "HTTP/1.1 200 OK\r\n\r\n <CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"    \
    }
#define ERROR(code) "\r\n\r\n<?xml version=\"1.0\"?>\n<Error><Code>" code "</Code><Message>Words</Message></Error>"
#define ABORTED                                                                                                        \
    {                                                                                                                  \
        HTTP_SEND, "HTTP/1.1 204 No Content\r\n\r\n"                                                                   \
    }

static http_server *server;
static ldbx_stager *stager;
static ldbx_error *error;
static void *transfer;

static void start(void)
{
    server = NULL;
    stager = NULL;
    error = NULL;
    transfer = NULL;
    ldbx_clock_skip_sleeps(true);
}

static void stop(void)
{
    ldbx_stager_destroy(stager);
    ldbx_error_destroy(error);
    http_server_stop(server);
    ldbx_clock_skip_sleeps(false);
}

static int serve(const http_step *script, int steps)
{
    ldbx_s3_options options;
    char endpoint[64];

    server = http_server_start(script, (size_t)steps);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", http_server_port(server));
    ldbx_s3_options_init(&options, sizeof options);
    options.bucket = "bucket";
    options.prefix = "p&q";
    options.access_key_id = "id";
    options.secret_access_key = "very-secret";
    options.endpoint = endpoint;
    return ldbx_stager_open_s3(&options, &stager, &error);
}
#define SERVE(script) expect_ok(serve(script, (int)(sizeof(script) / sizeof((script)[0]))), error)

static int begin(void)
{
    return ldbx_stager_begin(stager, "a.csv", &transfer, NULL, &error);
}

static int block(int64_t index, const char *text)
{
    return ldbx_stager_block(stager, "a.csv", transfer, index, ldbx_view_of(text), ldbx_crc32(0, text, strlen(text)),
                             NULL, &error);
}

static int finish(void)
{
    return ldbx_stager_finish(stager, "a.csv", transfer, 8, ldbx_crc32(0, "onetwo..", 8), NULL, &error);
}

static int send_all(void)
{
    int status = begin();

    if (status == LDBX_OK)
        status = block(1, "two.");
    if (status == LDBX_OK)
        status = block(0, "one");
    if (status != LDBX_OK && transfer != NULL)
        ldbx_stager_abandon(stager, transfer);
    return status == LDBX_OK ? finish() : status;
}

static void expect_message(const char *text)
{
    ck_assert_str_eq(ldbx_error_message(error), text);
}

START_TEST(an_upload_in_blocks)
{
    static const http_step script[] = {
        {HTTP_SEND_CLOSE, BEGUN("u/1 &amp;=")}, BLOCK("\"e2\""), BLOCK("\"e<1&\""), COMPLETE};

    SERVE(script);
    expect_ok(send_all(), error);
    http_server_expect_requests(server, 4);
    http_server_expect_in_request(server, 0, "POST /bucket/p%26q/a.csv?uploads= HTTP/1.1\r\n");
    http_server_expect_in_request(server, 0,
                                  "\r\nx-amz-checksum-algorithm: CRC32\r\nx-amz-checksum-type: FULL_OBJECT\r\n");
    http_server_expect_in_request(server, 1,
                                  "PUT /bucket/p%26q/a.csv?partNumber=2&uploadId=u%2F1%20%26%3D HTTP/1.1\r\n");
    http_server_expect_in_request(server, 1, "\r\nx-amz-checksum-crc32: ");
    http_server_expect_in_request(server, 3, "POST /bucket/p%26q/a.csv?uploadId=u%2F1%20%26%3D HTTP/1.1\r\n");
    http_server_expect_in_request(server, 3, "\r\nIf-None-Match: *\r\n");
    http_server_expect_in_request(
        server, 3, "<Part><PartNumber>1</PartNumber><ETag>&quot;e&lt;1&amp;&quot;</ETag><ChecksumCRC32>");
    http_server_expect_in_request(server, 3,
                                  "<Part><PartNumber>2</PartNumber><ETag>&quot;e2&quot;</ETag><ChecksumCRC32>");
}
END_TEST

/* Which knows CRC-32 of parts only: that of the whole would be refused. */
START_TEST(a_server_without_checksums_of_the_whole)
{
    static const http_step script[] = {
        {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\n\r\n<R><UploadId>u</UploadId></R>"}, BLOCK("e"), BLOCK("e"), COMPLETE};

    SERVE(script);
    expect_ok(send_all(), error);
    ck_assert_ptr_null(strstr(http_server_request(server, 3), "x-amz-checksum-crc32"));
}
END_TEST

/* S3 may send the head before it knows, and the error in the body. */
START_TEST(an_error_may_come_with_200)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, BEGUN("u")},
                                       BLOCK("e"),
                                       BLOCK("e"),
                                       {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK" ERROR("InternalError")},
                                       {HTTP_SEND, HTTP_ANSWER("200 OK", 0, "")},
                                       COMPLETE};

    SERVE(script);
    expect_ok(send_all(), error);
    http_server_expect_requests(server, 6);
}
END_TEST

START_TEST(an_error_with_200_may_be_final)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, BEGUN("u")},
                                       BLOCK("e"),
                                       BLOCK("e"),
                                       {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK" ERROR("InvalidPart")},
                                       ABORTED};

    SERVE(script);
    expect_status(send_all(), LDBX_INVALID_ARGUMENT, error);
    expect_message("staging a.csv: s3://bucket/p&q/a.csv: HTTP 200 InvalidPart: Words");
    http_server_expect_requests(server, 5);
    http_server_expect_in_request(server, 4, "DELETE /bucket/p%26q/a.csv?uploadId=u HTTP/1.1\r\n");
}
END_TEST

/* It had completed: a repeat finds the upload gone, or the name taken. */
START_TEST(the_answer_to_complete_may_be_lost)
{
    const http_step script[] = {{HTTP_SEND_CLOSE, BEGUN("u")},
                                BLOCK("e"),
                                BLOCK("e"),
                                {HTTP_RESET, NULL},
                                {HTTP_SEND_CLOSE, _i == 0 ? "HTTP/1.1 404 Not Found" ERROR("NoSuchUpload")
                                                          : "HTTP/1.1 412 No" ERROR("PreconditionFailed")},
                                {HTTP_SEND, staged_head(staged_checksum("onetwo.."))},
                                ABORTED};

    SERVE(script);
    expect_ok(send_all(), error);
    http_server_expect_requests(server, 7);
}
END_TEST

START_TEST(an_upload_may_be_gone)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, BEGUN("u")},
                                       BLOCK("e"),
                                       BLOCK("e"),
                                       {HTTP_SEND_CLOSE, "HTTP/1.1 404 Not Found" ERROR("NoSuchUpload")},
                                       {HTTP_SEND, "HTTP/1.1 404 Not Found\r\n\r\n"},
                                       ABORTED};

    SERVE(script);
    expect_status(send_all(), LDBX_NOT_FOUND, error);
    expect_message("staging a.csv: s3://bucket/p&q/a.csv: HTTP 404 NoSuchUpload: the multipart upload does not exist "
                   "any more");
}
END_TEST

START_TEST(a_block_is_sent_again_by_itself)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, BEGUN("u")},
                                       {HTTP_SEND, HTTP_ANSWER("503 Slow", 0, "")},
                                       BLOCK("e"),
                                       {HTTP_RESET, NULL},
                                       BLOCK("e"),
                                       COMPLETE};

    SERVE(script);
    expect_ok(send_all(), error);
    http_server_expect_requests(server, 6);
}
END_TEST

START_TEST(an_abandoned_upload_is_aborted)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, BEGUN("u")}, {HTTP_SEND, HTTP_ANSWER("503 Slow", 0, "")}};

    SERVE(script);
    expect_ok(begin(), error);
    ldbx_stager_abandon(stager, transfer); /* tried once */
    http_server_expect_requests(server, 2);
    http_server_expect_in_request(server, 1, "DELETE /bucket/p%26q/a.csv?uploadId=u HTTP/1.1\r\n");
}
END_TEST

START_TEST(the_name_of_an_upload_has_a_greatest_length)
{
    char answers[2][1200];
    const http_step script[] = {{HTTP_SEND_CLOSE, answers[0]},
                                {HTTP_SEND, HTTP_ANSWER("204 No", 0, "")},
                                {HTTP_SEND_CLOSE, answers[1]},
                                {HTTP_SEND_CLOSE, BEGUN("")}};
    char id[1026];

    memset(id, 'u', sizeof id);
    snprintf(answers[0], sizeof answers[0], "HTTP/1.1 200 OK\r\n\r\n<R><UploadId>%.1024s</UploadId></R>", id);
    snprintf(answers[1], sizeof answers[1], "HTTP/1.1 200 OK\r\n\r\n<R><UploadId>%.1025s</UploadId></R>", id);
    SERVE(script);
    expect_ok(begin(), error);
    ldbx_stager_abandon(stager, transfer);
    expect_status(begin(), LDBX_PROTOCOL, error);
    expect_message("staging a.csv: the server gave no name for a multipart upload, or one longer than 1024 bytes");
    expect_status(begin(), LDBX_PROTOCOL, error);
}
END_TEST

START_TEST(a_tag_has_a_greatest_length)
{
    char answers[2][400];
    const http_step script[] = {
        {HTTP_SEND_CLOSE, BEGUN("u")}, {HTTP_SEND, answers[0]}, {HTTP_SEND, answers[1]}, ABORTED};
    char tag[257];

    memset(tag, 't', sizeof tag);
    snprintf(answers[0], sizeof answers[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: %.256s\r\n\r\n", tag);
    snprintf(answers[1], sizeof answers[1], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: %.257s\r\n\r\n", tag);
    SERVE(script);
    expect_ok(begin(), error);
    expect_ok(block(0, "x"), error);
    expect_status(block(1, "x"), LDBX_PROTOCOL, error);
    expect_message("staging a.csv: the server gave an entity tag longer than 256 bytes");
    ldbx_stager_abandon(stager, transfer);
}
END_TEST

START_TEST(an_object_has_10000_blocks)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, BEGUN("u")}, BLOCK("e"), ABORTED};

    SERVE(script);
    expect_ok(begin(), error);
    expect_ok(block(9999, "x"), error);
    http_server_expect_in_request(server, 1, "?partNumber=10000&");
    expect_status(block(10000, "x"), LDBX_INVALID_ARGUMENT, error);
    expect_message("staging a.csv: S3 takes no more than 10000 blocks of an object; make them larger");
    expect_status(finish(), LDBX_INVALID_ARGUMENT, error);
    expect_message("staging a.csv: block 0 was not sent");
}
END_TEST

/* _i: 0 at the cap, 1 a byte above it. */
START_TEST(an_answer_has_a_largest_size)
{
    static const char upload[] = "<R><UploadId>u</UploadId></R>";
    size_t size = ((size_t)1 << 20) + (size_t)_i;
    char *answer = malloc(size + 100);
    const http_step script[] = {{HTTP_SEND, answer}, ABORTED};
    size_t head = (size_t)snprintf(answer, 100, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);

    memset(answer + head, ' ', size);
    memcpy(answer + head, upload, strlen(upload));
    answer[head + size] = '\0';
    SERVE(script);
    if (_i == 0) {
        expect_ok(begin(), error);
        ldbx_stager_abandon(stager, transfer);
    } else {
        expect_status(begin(), LDBX_PROTOCOL, error);
        ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "is larger than 1048576 bytes"));
    }
    http_server_wait_requests(server, 2 - _i);
    free(answer);
}
END_TEST

#define LIST(uploads)                                                                                                  \
    {                                                                                                                  \
        HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\n\r\n<ListMultipartUploadsResult>" uploads "</ListMultipartUploadsResult>" \
    }
#define UPLOAD(key, id) "<Upload><Key>" key "</Key><UploadId>" id "</UploadId></Upload>"

/* Also of longer names that begin so, which stay. */
START_TEST(removing_aborts_uploads_of_that_name)
{
    static const http_step script[] = {
        ABORTED,
        LIST(UPLOAD("p&amp;q/a.csv", "1") UPLOAD("p&amp;q/a.csv", "2") UPLOAD("p&amp;q/a.csv.gz", "3")),
        ABORTED,
        {HTTP_SEND_CLOSE, "HTTP/1.1 404 Not Found" ERROR("NoSuchUpload")},
        LIST(UPLOAD("p&amp;q/a.csv.gz", "3") UPLOAD("p&amp;q-a.csv", "4") UPLOAD("p", "5"))};

    SERVE(script);
    expect_ok(ldbx_stager_remove(stager, "a.csv", NULL, &error), error);
    http_server_expect_requests(server, 5);
    http_server_expect_in_request(server, 0, "DELETE /bucket/p%26q/a.csv HTTP/1.1\r\n");
    http_server_expect_in_request(server, 1, "GET /bucket/?max-uploads=100&prefix=p%26q%2Fa.csv&uploads= HTTP/1.1\r\n");
    http_server_expect_in_request(server, 2, "DELETE /bucket/p%26q/a.csv?uploadId=1 HTTP/1.1\r\n");
    http_server_expect_in_request(server, 3, "DELETE /bucket/p%26q/a.csv?uploadId=2 HTTP/1.1\r\n");
}
END_TEST

static int warnings;

static void count(ldbx_log_level level, const char *component, const char *message, void *user)
{
    (void)user;
    (void)component;
    warnings += level == LDBX_LOG_WARNING && strstr(message, "uploads that were cut off stay: s3://") != NULL;
}

/* Loop: who may not list uploads, or asks a server that has no such list, may still load, and is told so once. */
START_TEST(removing_does_not_need_the_list)
{
    static const char *const refusals[] = {"HTTP/1.1 403 No" ERROR("AccessDenied"), "HTTP/1.1 403 No\r\n\r\n",
                                           "HTTP/1.1 405 No" ERROR("MethodNotAllowed"), "HTTP/1.1 405 No\r\n\r\n",
                                           "HTTP/1.1 501 No" ERROR("NotImplemented")};
    const http_step script[] = {ABORTED, {HTTP_SEND_CLOSE, refusals[_i]}, ABORTED, ABORTED};

    SERVE(script);
    warnings = 0;
    ldbx_set_log_sink(count, LDBX_LOG_WARNING, NULL);
    for (int i = 0; i < 3; i++)
        expect_ok(ldbx_stager_remove(stager, "a.csv", NULL, &error), error);
    ldbx_set_log_sink(NULL, LDBX_LOG_ERROR, NULL);
    http_server_expect_requests(server, 4);
    ck_assert_int_eq(warnings, 1);
}
END_TEST

START_TEST(a_list_that_fails_counts)
{
    static const http_step script[] = {ABORTED, {HTTP_SEND_CLOSE, "HTTP/1.1 404 No" ERROR("NoSuchBucket")}};

    SERVE(script);
    expect_status(ldbx_stager_remove(stager, "a.csv", NULL, &error), LDBX_NOT_FOUND, error);
}
END_TEST

/* An earlier attempt of the same call may still be at it. */
START_TEST(a_conflict_of_complete_is_waited_for)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, BEGUN("u")},
                                       BLOCK("e"),
                                       BLOCK("e"),
                                       {HTTP_SEND_CLOSE, "HTTP/1.1 409 No" ERROR("ConditionalRequestConflict")},
                                       COMPLETE};

    SERVE(script);
    expect_ok(send_all(), error);
    http_server_expect_requests(server, 5);
}
END_TEST

START_TEST(memory_may_run_out)
{
    const http_step script[] = {{HTTP_SEND_CLOSE, BEGUN("u")},      BLOCK("e"), BLOCK("e"), COMPLETE, ABORTED,
                                LIST(UPLOAD("p&amp;q/a.csv", "1")), ABORTED,    LIST("")};
    int failures = 0;

    for (int n = 1;; n++) {
        int status;

        suite_fail_allocation(0);
        expect_ok(serve(script, 8), error);
        suite_fail_allocation(n);
        status = send_all();
        if (status == LDBX_OK)
            status = ldbx_stager_remove(stager, "a.csv", NULL, &error);
        suite_fail_allocation(0);
        if (status == LDBX_OK)
            break;
        expect_status(status, LDBX_NO_MEMORY, error);
        failures++;
        stop();
        start();
    }
    ck_assert_int_gt(failures, 60);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("s3_multipart");
    TCase *uploads = suite_case(suite, "uploads");

    tcase_add_checked_fixture(uploads, start, stop);
    tcase_add_test(uploads, an_upload_in_blocks);
    tcase_add_test(uploads, a_server_without_checksums_of_the_whole);
    tcase_add_test(uploads, an_error_may_come_with_200);
    tcase_add_test(uploads, an_error_with_200_may_be_final);
    tcase_add_loop_test(uploads, the_answer_to_complete_may_be_lost, 0, 2);
    tcase_add_test(uploads, an_upload_may_be_gone);
    tcase_add_test(uploads, a_block_is_sent_again_by_itself);
    tcase_add_test(uploads, an_abandoned_upload_is_aborted);
    tcase_add_test(uploads, the_name_of_an_upload_has_a_greatest_length);
    tcase_add_test(uploads, a_tag_has_a_greatest_length);
    tcase_add_test(uploads, an_object_has_10000_blocks);
    tcase_add_loop_test(uploads, an_answer_has_a_largest_size, 0, 2);
    tcase_add_test(uploads, removing_aborts_uploads_of_that_name);
    tcase_add_loop_test(uploads, removing_does_not_need_the_list, 0, 5);
    tcase_add_test(uploads, a_list_that_fails_counts);
    tcase_add_test(uploads, a_conflict_of_complete_is_waited_for);
    tcase_add_test(uploads, memory_may_run_out);
    return suite_run(suite);
}
