/* The transport against real sockets of this machine: what arrives, and what is never sent twice. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "exchange.h"

START_TEST(sends_what_the_protocol_asks_for)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    const char *text;

    expect_ok(exchange_send_to(server), ex.error);
    expect_answer(200, "ok");
    http_server_wait_requests(server, 1);
    text = http_server_request(server, 0);
    ck_assert_int_eq(strncmp(text, "POST /path HTTP/1.1\r\n", 21), 0);
    ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Type: application/x-thrift\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nAccept: application/x-thrift\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nAuthorization: " EXCHANGE_SECRET "\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nUser-Agent: test/1 lytics_dbx/" LDBX_VERSION_STRING "\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Length: 5\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\n\r\nbody!"));
    ck_assert_ptr_null(strcasestr(text, "expect:"));
    ck_assert_ptr_null(strcasestr(text, "accept-encoding:"));
    ck_assert_ptr_null(strcasestr(text, "cookie:"));
    http_server_stop(server);
}
END_TEST

START_TEST(leaves_out_what_is_not_given)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2}, {HTTP_SEND, HTTP_OK2}, {HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = {.method = "POST", .url = http_server_url(server)};

    expect_ok(exchange_send(&request), ex.error);
    request.method = "GET";
    expect_ok(exchange_send(&request), ex.error);
    request.method = "PUT";
    request.body = ldbx_view_of("put");
    expect_ok(exchange_send(&request), ex.error);
    http_server_wait_requests(server, 3);
    ck_assert_ptr_nonnull(strstr(http_server_request(server, 0), "\r\nContent-Length: 0\r\n"));
    ck_assert_int_eq(strncmp(http_server_request(server, 1), "GET /path HTTP/1.1\r\n", 20), 0);
    ck_assert_ptr_null(strcasestr(http_server_request(server, 1), "content-length:"));
    ck_assert_int_eq(strncmp(http_server_request(server, 2), "PUT /path HTTP/1.1\r\n", 20), 0);
    ck_assert_ptr_nonnull(strstr(http_server_request(server, 2), "\r\n\r\nput"));
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_null(strcasestr(http_server_request(server, i), "content-type:"));
        ck_assert_ptr_null(strcasestr(http_server_request(server, i), "accept:"));
        ck_assert_ptr_null(strcasestr(http_server_request(server, i), "authorization:"));
    }
    ck_assert_int_eq(http_server_connections(server), 1);
    http_server_stop(server);
}
END_TEST

START_TEST(sends_more_headers)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2}};
    static const ldbx_http_header headers[] = {
        {"Host", "elsewhere"}, {"x-amz-date", "20260101T000000Z"}, {"If-None-Match", "*"}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request(http_server_url(server));

    request.headers = headers;
    request.header_count = COUNT(headers);
    expect_ok(exchange_send(&request), ex.error);
    http_server_wait_requests(server, 1);
    ck_assert_ptr_nonnull(strstr(http_server_request(server, 0), "\r\nHost: elsewhere\r\n"));
    ck_assert_ptr_nonnull(strstr(http_server_request(server, 0), "\r\nx-amz-date: 20260101T000000Z\r\n"));
    ck_assert_ptr_nonnull(strstr(http_server_request(server, 0), "\r\nIf-None-Match: *\r\n"));
    ck_assert_ptr_null(strstr(http_server_request(server, 0), "Host: 127."));
    http_server_stop(server);
}
END_TEST

/* A HEAD announces a length, here one that no response holds, and sends nothing; all on one connection. */
START_TEST(methods_without_a_body)
{
    static const http_step script[] = {
        {HTTP_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n"},
        {HTTP_SEND, "HTTP/1.1 204 No Content\r\n\r\n"},
        {HTTP_SEND, HTTP_OK2},
        {HTTP_SEND, HTTP_OK2},
    };
    static const char *const methods[] = {"HEAD", "DELETE", "GET", "PUT"};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = {.url = http_server_url(server)};

    ldbx_http_response_keep_head(&ex.response);
    for (int i = 0; i < 4; i++) {
        request.method = methods[i];
        expect_ok(exchange_send(&request), ex.error);
        expect_answer(i == 1 ? 204 : 200, i < 2 ? "" : "ok");
        if (i == 0)
            ck_assert(ldbx_view_eq(ldbx_http_response_header(&ex.response, "content-length"), "5000000000"));
        http_server_wait_requests(server, i + 1);
        ck_assert_int_eq(strncmp(http_server_request(server, i), methods[i], strlen(methods[i])), 0);
        ck_assert((strcasestr(http_server_request(server, i), "content-length:") != NULL) == (i == 3));
    }
    ck_assert_uint_eq(ldbx_http_response_header(&ex.response, "x-amz-checksum-crc32").size, 0);
    ck_assert_int_eq(http_server_connections(server), 1);
    http_server_stop(server);
}
END_TEST

START_TEST(a_path_goes_out_as_it_is)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = {.method = "GET"};
    char url[128];

    snprintf(url, sizeof url, "http://127.0.0.1:%d/a//./../b%%2F%%c3%%BC?x=%%20", http_server_port(server));
    request.url = url;
    expect_ok(exchange_send(&request), ex.error);
    http_server_wait_requests(server, 1);
    ck_assert_ptr_eq(strstr(http_server_request(server, 0), "GET /a//./../b%2F%c3%BC?x=%20 HTTP/1.1\r\n"),
                     http_server_request(server, 0));
    http_server_stop(server);
}
END_TEST

/*
 * The server has seen enough, answers and closes while most of the body is still to come. What it said is lost when its close
 * is seen while sending; never where the request asks first.
 */
START_TEST(an_answer_before_the_body_is_sent_is_read)
{
    enum { TIMES = 20 };
    size_t size = 6000000;
    char *body = malloc(size);
    http_step script[TIMES];
    http_server *server;
    ldbx_http_request request;

    memset(body, 'b', size);
    for (int i = 0; i < TIMES; i++)
        script[i] = (http_step){HTTP_EARLY, HTTP_ANSWER("403 No", 7, "not you")};
    server = http_server_start(script, TIMES);
    request = exchange_request(http_server_url(server));
    request.method = "PUT";
    request.body = (ldbx_view){body, size};
    request.ask_first = _i == 1;
    for (int i = 0; i < TIMES; i++) {
        int status = exchange_send(&request);
        if (status == LDBX_OK || request.ask_first)
            expect_answer(403, "not you");
        else
            expect_broken(server, status);
    }
    http_server_expect_requests(server, TIMES);
    http_server_stop(server);
    free(body);
}
END_TEST

START_TEST(a_body_that_nobody_refuses_goes_out)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2}, {HTTP_SEND, HTTP_OK2}};
    size_t size = 300000;
    char *body = malloc(size + 1);
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request(http_server_url(server));

    memset(body, 'b', size);
    body[size] = '\0';
    request.method = "PUT";
    request.body = (ldbx_view){body, size};
    request.ask_first = true;
    expect_ok(exchange_send(&request), ex.error);
    expect_answer(200, "ok");
    request.ask_first = false; /* on the same connection */
    expect_ok(exchange_send(&request), ex.error);
    expect_answer(200, "ok");
    http_server_wait_requests(server, 2);
    for (int i = 0; i < 2; i++) {
        ck_assert_str_eq(strstr(http_server_request(server, i), "\r\n\r\n") + 4, body);
        ck_assert_ptr_nonnull(strstr(http_server_request(server, i), "\r\nContent-Length: 300000\r\n"));
        ck_assert_ptr_null(strcasestr(http_server_request(server, i), "expect:"));
    }
    ck_assert_int_eq(http_server_connections(server), 1);
    http_server_stop(server);
    free(body);
}
END_TEST

START_TEST(gives_the_answer_whatever_its_status)
{
    static const http_step script[] = {
        {HTTP_SEND, HTTP_ANSWER("503 Wait\r\nRetry-After: 4\r\nX-Databricks-Reason-Phrase: starting\r\n"
                                "Content-Type: text/html",
                                3, "<p>")},
        {HTTP_SEND, HTTP_ANSWER("401 No\r\nWWW-Authenticate: Basic realm=\"x\"", 0, "")},
        {HTTP_SEND, HTTP_ANSWER("307 Elsewhere\r\nLocation: http://127.0.0.1:1/", 0, "")},
        {HTTP_SEND, "HTTP/1.1 204 Nothing\r\n\r\n"},
        {HTTP_SEND, "HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\n" HTTP_OK2},
        {HTTP_SEND, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Tail: 1\r\n\r\n"},
        {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\n\r\nuntil the end"},
    };
    static const struct {
        int http_status;
        const char *body;
        int64_t retry_after_ms;
    } expected[] = {
        {503, "<p>", 4000},        {401, "", -1}, {307, "", -1}, {204, "", -1}, {200, "ok", -1}, {200, "abcde", -1},
        {200, "until the end", -1}};
    http_server *server = http_server_start(STEPS(script));

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        expect_ok(exchange_send_to(server), ex.error);
        expect_answer(expected[i].http_status, expected[i].body);
        ck_assert_int_eq(ex.response.retry_after_ms, expected[i].retry_after_ms);
        ck_assert_str_eq(ex.response.reason, i == 0 ? "starting" : "");
        ck_assert_str_eq(ex.response.content_type, i == 0 ? "text/html" : "");
    }
    http_server_expect_requests(server, 7);
    ck_assert_int_eq(http_server_connections(server), 1);
    http_server_stop(server);
}
END_TEST

START_TEST(carries_a_large_body_both_ways)
{
    size_t size = 1500000; /* libcurl would ask "Expect: 100-continue" above 1 MiB */
    char *head = malloc(size + 200);
    char *body = malloc(size + 1);
    http_step script[] = {{HTTP_SEND, head}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request(http_server_url(server));
    size_t at = (size_t)snprintf(head, 200, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);

    for (size_t i = 0; i < size; i++)
        body[i] = (char)('a' + i % 23);
    body[size] = '\0';
    memcpy(head + at, body, size + 1);
    request.body = (ldbx_view){body, size};
    expect_ok(exchange_send(&request), ex.error);
    expect_answer(200, body);
    http_server_wait_requests(server, 1);
    ck_assert_str_eq(strstr(http_server_request(server, 0), "\r\n\r\n") + 4, body);
    ck_assert_ptr_null(strcasestr(http_server_request(server, 0), "expect:"));
    http_server_stop(server);
    free(head);
    free(body);
}
END_TEST

/* The heart of it: received, perhaps run, not answered. libcurl alone would send it again on a new
 * connection. */
START_TEST(a_request_on_a_kept_connection_is_never_sent_twice)
{
    static const http_step losses[] = {{HTTP_SEND_CLOSE, NULL}, {HTTP_RESET, NULL}};
    const http_step script[] = {{HTTP_SEND, HTTP_OK2}, losses[_i % 2], {HTTP_SEND, HTTP_OK2}, {HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request(http_server_url(server));
    int status;

    expect_ok(exchange_send_to(server), ex.error);
    request.body = _i < 2 ? ldbx_view_of("INSERT") : (ldbx_view){NULL, 0};
    request.method = _i < 4 ? "POST" : "GET";
    status = exchange_send(&request);
    expect_broken(server, status);
    http_server_wait_closes(server, 1);
    /* The transport is as good as new, and by now a second copy would have been counted. */
    expect_ok(exchange_send_to(server), ex.error);
    expect_answer(200, "ok");
    http_server_expect_requests(server, 3);
    ck_assert_ptr_nonnull(strstr(http_server_request(server, 2), "body!"));
    http_server_stop(server);
}
END_TEST

/* More than libcurl sends in one piece with the head. */
START_TEST(a_large_request_is_never_sent_twice)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2}, {HTTP_SEND_CLOSE, NULL}, {HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request(http_server_url(server));
    char *body = malloc(300000);

    memset(body, 'x', 300000);
    request.body = (ldbx_view){body, 300000};
    expect_ok(exchange_send_to(server), ex.error);
    expect_broken(server, exchange_send(&request));
    expect_ok(exchange_send_to(server), ex.error);
    http_server_expect_requests(server, 3);
    ck_assert_ptr_nonnull(strstr(http_server_request(server, 2), "body!"));
    http_server_stop(server);
    free(body);
}
END_TEST

START_TEST(a_lost_answer_on_a_new_connection)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, NULL}, {HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));

    expect_broken(server, exchange_send_to(server));
    expect_ok(exchange_send_to(server), ex.error);
    http_server_expect_requests(server, 2);
    http_server_stop(server);
}
END_TEST

START_TEST(a_connection_that_was_closed_while_idle_is_not_used)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, HTTP_OK2}, {HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));

    expect_ok(exchange_send_to(server), ex.error);
    http_server_wait_closes(server, 1);
    expect_ok(exchange_send_to(server), ex.error);
    http_server_wait_requests(server, 2);
    ck_assert_int_eq(http_server_connections(server), 2);
    http_server_stop(server);
}
END_TEST

/* An answer that nobody asked for must not become the answer of the next request. */
START_TEST(a_connection_that_speaks_while_idle_is_not_used)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2 HTTP_ANSWER("408 Idle Too Long", 0, "")},
                                       {HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));

    expect_ok(exchange_send_to(server), ex.error);
    expect_answer(200, "ok");
    http_server_wait_requests(server, 1);
    expect_ok(exchange_send_to(server), ex.error);
    expect_answer(200, "ok");
    http_server_stop(server);
}
END_TEST

static const http_step broken_answers[] = {
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
    {HTTP_RESET, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n"},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nConte"},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r"},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200"},
    {HTTP_SEND_CLOSE, "HTT"},
    {HTTP_SEND_CLOSE, "HTTP/1.1 100 Continue\r\n\r\n"},
    {HTTP_SEND_CLOSE, "\x15\x03\x01 this is no HTTP at all\r\n\r\n"},
    {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: nonsense\r\n\r\nabcde"},
};

START_TEST(half_an_answer_is_none)
{
    const http_step script[] = {broken_answers[_i / 2], {HTTP_SEND, HTTP_OK2}};
    const http_step script_kept[] = {{HTTP_SEND, HTTP_OK2}, broken_answers[_i / 2], {HTTP_SEND, HTTP_OK2}};
    bool kept = _i % 2 != 0;
    http_server *server = kept ? http_server_start(STEPS(script_kept)) : http_server_start(STEPS(script));

    if (kept)
        expect_ok(exchange_send_to(server), ex.error);
    expect_broken(server, exchange_send_to(server));
    expect_ok(exchange_send_to(server), ex.error);
    expect_answer(200, "ok");
    http_server_stop(server);
}
END_TEST

START_TEST(an_answer_larger_than_the_response_holds)
{
    static const char *const answers[] = {
        HTTP_ANSWER("200 OK", 9, "123456789"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n4\r\n6789\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n123456789",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    };
    const http_step script[] = {{HTTP_SEND_CLOSE, answers[_i]}, {HTTP_SEND, HTTP_ANSWER("200 OK", 8, "12345678")}};
    http_server *server = http_server_start(STEPS(script));

    ldbx_http_response_clear(&ex.response);
    ldbx_http_response_init(&ex.response, 8);
    expect_status(exchange_send_to(server), LDBX_PROTOCOL, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_SENT);
    expect_clean_error(http_server_port(server), "larger than 8 bytes");
    expect_ok(exchange_send_to(server), ex.error);
    expect_answer(200, "12345678");
    http_server_stop(server);
}
END_TEST

/* Loop: 2 GB are refused by their announcement; as much as may come is awaited, but nothing is allocated before it comes. */
START_TEST(an_announced_length_costs_no_memory)
{
    static const struct {
        const char *answer;
        int status;
        const char *says;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\nabc", LDBX_PROTOCOL, "larger than 1073741824 bytes"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1073741825\r\n\r\nabc", LDBX_PROTOCOL, "larger than 1073741824 bytes"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nabc", LDBX_UNAVAILABLE,
         "broke before a whole answer came"},
    };
    const http_step script[] = {{HTTP_SEND_CLOSE, cases[_i].answer}};
    http_server *server = http_server_start(STEPS(script));
    size_t before;

    ldbx_http_response_clear(&ex.response);
    ldbx_http_response_init(&ex.response, LDBX_MAX_MESSAGE);
    before = suite_peak();
    expect_status(exchange_send_to(server), cases[_i].status, ex.error);
    expect_clean_error(http_server_port(server), cases[_i].says);
    ck_assert_uint_le(suite_peak(), before + 16384);
    http_server_stop(server);
}
END_TEST

/* Neither a line of a head nor all of it goes on for ever. */
START_TEST(an_endless_head_is_refused)
{
    const size_t size = (size_t)4 << 20;
    char *head = calloc(1, size + 1);
    const http_step script[] = {{HTTP_SEND_CLOSE, head}};
    http_server *server;

    memset(head, 'x', size);
    memcpy(head, "HTTP/1.1 200 OK\r\nA: ", 20);
    for (size_t at = 8192; _i == 1 && at + 8 < size; at += 8192) /* as many lines */
        memcpy(head + at, "\r\nA: ", 5);
    server = http_server_start(STEPS(script));
    suite_peak();
    ck_assert_int_lt(exchange_send_to(server), 0);
    ck_assert_uint_le(suite_peak(), 65536);
    http_server_stop(server);
    free(head);
}
END_TEST

/* A server that hangs up while a large request is on its way; a SIGPIPE would end this process. */
static void *hang_up(void *user)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    int fd = accept(*(int *)user, NULL, NULL);
    char byte;

    ck_assert_int_eq(recv(fd, &byte, 1, 0), 1);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    return NULL;
}

START_TEST(a_connection_that_breaks_while_sending)
{
    size_t size = (size_t)32 << 20;
    char *body = calloc(1, size);
    char url[64];
    int listener = listen_anywhere("http", url);
    ldbx_http_request request = exchange_request(url);
    pthread_t thread;

    request.body = (ldbx_view){body, size};
    ck_assert_int_eq(pthread_create(&thread, NULL, hang_up, &listener), 0);
    expect_status(exchange_send(&request), LDBX_UNAVAILABLE, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_SENT);
    pthread_join(thread, NULL);
    close(listener);
    free(body);
}
END_TEST

/* Every allocation of ours fails in turn; the transport works again right after. */
START_TEST(survives_no_memory)
{
    http_step script[40];
    http_server *server;
    int failures = 0;
    int status;

    for (size_t i = 0; i < 40; i++)
        script[i] = (http_step){HTTP_SEND, HTTP_ANSWER("503 No\r\nx-databricks-reason-phrase: r", 2, "ok")};
    server = http_server_start(script, 40);
    for (;;) {
        ldbx_buf_clear(&ex.response.body);
        suite_fail_allocation(failures + 1);
        status = exchange_send_to(server);
        if (status == LDBX_OK && ex.response.reason[0] != '\0')
            break;
        ck_assert(status == LDBX_NO_MEMORY || status == LDBX_OK);
        failures++;
    }
    ck_assert_int_ge(failures, 5);
    expect_answer(503, "ok");
    http_server_stop(server);
}
END_TEST

START_TEST(making_one_survives_no_memory)
{
    const ldbx_transport_settings settings = {.ca_file = "/x", .connect_timeout_ms = 1000};
    ldbx_transport *other = NULL;

    for (long n = 1; n <= 2; n++) {
        suite_fail_allocation(n);
        expect_status(ldbx_transport_new(&settings, &other, NULL), LDBX_NO_MEMORY, NULL);
        ck_assert_ptr_null(other);
    }
    ldbx_transport_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net/transport");
    TCase *tcase = suite_case(suite, "exchange");

    forget_proxies();
    tcase_add_checked_fixture(tcase, exchange_start, exchange_stop);
    tcase_add_test(tcase, sends_what_the_protocol_asks_for);
    tcase_add_test(tcase, leaves_out_what_is_not_given);
    tcase_add_test(tcase, sends_more_headers);
    tcase_add_test(tcase, methods_without_a_body);
    tcase_add_test(tcase, a_path_goes_out_as_it_is);
    tcase_add_loop_test(tcase, an_answer_before_the_body_is_sent_is_read, 0, 2);
    tcase_add_test(tcase, a_body_that_nobody_refuses_goes_out);
    tcase_add_test(tcase, gives_the_answer_whatever_its_status);
    tcase_add_test(tcase, carries_a_large_body_both_ways);
    tcase_add_loop_test(tcase, a_request_on_a_kept_connection_is_never_sent_twice, 0, 6);
    tcase_add_test(tcase, a_large_request_is_never_sent_twice);
    tcase_add_test(tcase, a_lost_answer_on_a_new_connection);
    tcase_add_test(tcase, a_connection_that_was_closed_while_idle_is_not_used);
    tcase_add_test(tcase, a_connection_that_speaks_while_idle_is_not_used);
    tcase_add_loop_test(tcase, half_an_answer_is_none, 0, 2 * COUNT(broken_answers));
    tcase_add_loop_test(tcase, an_answer_larger_than_the_response_holds, 0, 4);
    tcase_add_loop_test(tcase, an_announced_length_costs_no_memory, 0, 3);
    tcase_add_loop_test(tcase, an_endless_head_is_refused, 0, 2);
    tcase_add_test(tcase, a_connection_that_breaks_while_sending);
    tcase_add_test(tcase, survives_no_memory);
    tcase_add_test(tcase, making_one_survives_no_memory);
    return suite_run(suite);
}
