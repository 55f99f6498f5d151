/* The transport where it does not get through: nobody there, proxies, time limits, cancelling at every stage.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "exchange.h"

/*
 * Name lookup with a brake: this program's getaddrinfo() comes before libc's, also for libcurl. The name
 * "slow.test" is not answered until the test lets it go, names under "invalid" are not there, and nobody
 * outside is asked for either.
 */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int asked;
    bool go;
    int done;
} lookup = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

typedef int (*lookup_fn)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    lookup_fn real = NULL;

    if (name != NULL && strstr(name, ".invalid") != NULL)
        return EAI_NONAME;
    if (name == NULL || strcmp(name, "slow.test") != 0) {
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        return real(name, service, hints, found);
    }
    pthread_mutex_lock(&lookup.lock);
    lookup.asked++;
    pthread_cond_broadcast(&lookup.changed);
    while (!lookup.go)
        pthread_cond_wait(&lookup.changed, &lookup.lock);
    lookup.done++;
    pthread_cond_broadcast(&lookup.changed);
    pthread_mutex_unlock(&lookup.lock);
    return EAI_NONAME;
}

static void wait_for_lookup(void)
{
    pthread_mutex_lock(&lookup.lock);
    while (lookup.asked == 0)
        pthread_cond_wait(&lookup.changed, &lookup.lock);
    pthread_mutex_unlock(&lookup.lock);
}

static void end_lookup(void)
{
    pthread_mutex_lock(&lookup.lock);
    lookup.go = true;
    pthread_cond_broadcast(&lookup.changed);
    while (lookup.done < lookup.asked)
        pthread_cond_wait(&lookup.changed, &lookup.lock);
    pthread_mutex_unlock(&lookup.lock);
}

START_TEST(connection_refused)
{
    char url[64];
    int port = unused_port(url);
    ldbx_http_request request = exchange_request(url);

    expect_status(exchange_send(&request), LDBX_UNAVAILABLE, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    expect_clean_error(port, "cannot reach");
}
END_TEST

START_TEST(name_not_found)
{
    ldbx_http_request request = exchange_request("https://no.such.name.invalid:443/path");

    expect_status(exchange_send(&request), LDBX_UNAVAILABLE, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(ex.error), "cannot reach no.such.name.invalid:443: "));
}
END_TEST

START_TEST(only_http_and_only_real_addresses)
{
    static const char *const urls[] = {"ftp://127.0.0.1:1/x", "file:///etc/passwd", "https://[zz]:443/", "https://"};
    ldbx_http_request request = exchange_request(urls[_i]);
    int status = exchange_send(&request);

    ck_assert(status == LDBX_UNAVAILABLE || status == LDBX_INVALID_ARGUMENT);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
}
END_TEST

START_TEST(messages_hide_what_an_address_holds)
{
    ldbx_http_request request = exchange_request("http://user:hunter2@127.0.0.1:1/link?signature=hunter2");

    expect_status(exchange_send(&request), LDBX_UNAVAILABLE, ex.error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(ex.error), "cannot reach 127.0.0.1:1: "));
    ck_assert_ptr_null(strstr(ldbx_error_message(ex.error), "hunter2"));
}
END_TEST

/* Time limits. */

START_TEST(an_answer_that_does_not_come_in_time)
{
    static const http_step script[] = {
        {HTTP_STALL, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"}, {HTTP_STALL, NULL}, {HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request(http_server_url(server));

    for (int i = 0; i < 2; i++) {
        int64_t before_ms = ldbx_steady_ms();
        request.timeout_ms = i == 0 ? 80 : 30000;
        request.deadline_ms = i == 0 ? 0 : before_ms + 80;
        expect_status(exchange_send(&request), LDBX_TIMEOUT, ex.error);
        ck_assert_int_ge(ldbx_steady_ms() - before_ms, 80);
        ck_assert_int_lt(ldbx_steady_ms() - before_ms, 5000);
        ck_assert_int_eq(ex.reach, LDBX_REACH_SENT);
        expect_clean_error(http_server_port(server), "time limit");
    }
    expect_ok(exchange_send_to(server), ex.error);
    expect_answer(200, "ok");
    ck_assert_int_eq(http_server_connections(server), 3);
    http_server_stop(server);
}
END_TEST

START_TEST(a_deadline_that_has_passed_contacts_nobody)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request(http_server_url(server));

    request.deadline_ms = ldbx_steady_ms();
    expect_status(exchange_send(&request), LDBX_TIMEOUT, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    expect_ok(exchange_send_to(server), ex.error);
    http_server_wait_requests(server, 1);
    ck_assert_int_eq(http_server_connections(server), 1);
    http_server_stop(server);
}
END_TEST

static void hole_url(http_hole *hole, char url[64], const char *scheme)
{
    http_hole_open(hole);
    snprintf(url, 64, "%s://127.0.0.1:%d/path", scheme, hole->port);
}

START_TEST(a_deadline_ends_connecting)
{
    http_hole hole;
    char url[64];
    ldbx_http_request request;

    hole_url(&hole, url, "http");
    request = exchange_request(url);
    request.timeout_ms = 80;
    expect_status(exchange_send(&request), LDBX_TIMEOUT, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    expect_clean_error(hole.port, "no connection");
    http_hole_close(&hole);
}
END_TEST

/* Not a deadline of the caller: it may be tried again. */
START_TEST(the_limit_of_connecting)
{
    http_hole hole;
    char url[64];
    ldbx_http_request request;

    exchange_open(NULL, NULL, 80);
    hole_url(&hole, url, "http");
    request = exchange_request(url);
    expect_status(exchange_send(&request), LDBX_UNAVAILABLE, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    expect_clean_error(hole.port, "cannot reach");
    http_hole_close(&hole);
}
END_TEST

/* Cancelling from another thread once something has happened. */

typedef struct canceller {
    pthread_t thread;
    ldbx_cancel *cancel;
    void (*wait)(void *what);
    void *what;
    int64_t triggered_ms;
} canceller;

static void *cancel_after(void *user)
{
    canceller *self = user;

    self->wait(self->what);
    self->triggered_ms = ldbx_steady_ms();
    ldbx_cancel_trigger(self->cancel);
    return NULL;
}

static void expect_cancelled(ldbx_http_request *request, void (*wait)(void *), void *what, ldbx_reach expected)
{
    canceller self = {.wait = wait, .what = what};

    expect_ok(ldbx_cancel_new(&self.cancel, &ex.error), ex.error);
    request->cancel = self.cancel;
    ck_assert_int_eq(pthread_create(&self.thread, NULL, cancel_after, &self), 0);
    expect_status(exchange_send(request), LDBX_CANCELLED, ex.error);
    pthread_join(self.thread, NULL);
    ck_assert_int_lt(ldbx_steady_ms() - self.triggered_ms, 1000);
    ck_assert_int_eq(ex.reach, expected);
    ldbx_cancel_destroy(self.cancel);
}

static void wait_for_second_request(void *server)
{
    http_server_wait_requests(server, 2);
}

/* On a kept connection, where no timer of connecting is left that could end the wait in place of the token.
 */
START_TEST(cancel_ends_waiting_for_an_answer)
{
    static const http_step stalls[] = {{HTTP_STALL, NULL},
                                       {HTTP_STALL, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"}};
    const http_step script[] = {{HTTP_SEND, HTTP_OK2}, stalls[_i], {HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request(http_server_url(server));

    expect_ok(exchange_send_to(server), ex.error);
    expect_cancelled(&request, wait_for_second_request, server, LDBX_REACH_SENT);
    expect_ok(exchange_send_to(server), ex.error);
    expect_answer(200, "ok");
    http_server_stop(server);
}
END_TEST

static void wait_for_name(void *unused)
{
    (void)unused;
    wait_for_lookup();
}

START_TEST(cancel_ends_looking_for_a_name)
{
    ldbx_http_request request = exchange_request("https://slow.test:443/path");

    expect_cancelled(&request, wait_for_name, NULL, LDBX_REACH_NOTHING);
    /* The lookup is still going on: neither another exchange nor the end of the transport waits for it. */
    request.cancel = NULL;
    request.timeout_ms = 80;
    expect_status(exchange_send(&request), LDBX_TIMEOUT, ex.error);
    ldbx_transport_destroy(ex.transport);
    ex.transport = NULL;
    end_lookup();
}
END_TEST

/* The first bytes of a TLS handshake have come and are not answered. */
static void wait_for_hello(void *listener)
{
    int fd = accept(*(int *)listener, NULL, NULL);
    char byte;

    ck_assert_int_eq(recv(fd, &byte, 1, MSG_PEEK), 1);
}

START_TEST(cancel_ends_a_handshake)
{
    char url[64];
    int listener = listen_anywhere("https", url);
    ldbx_http_request request = exchange_request(url);

    expect_cancelled(&request, wait_for_hello, &listener, LDBX_REACH_NOTHING);
    close(listener);
}
END_TEST

/* There is no event to see: the connection hangs, so the trigger comes while it does or just before. */
static void wait_for_nothing(void *unused)
{
    (void)unused;
}

START_TEST(cancel_ends_connecting)
{
    http_hole hole;
    char url[64];
    ldbx_http_request request;

    hole_url(&hole, url, "http");
    request = exchange_request(url);
    expect_cancelled(&request, wait_for_nothing, NULL, LDBX_REACH_NOTHING);
    http_hole_close(&hole);
}
END_TEST

/* A server that takes nothing: the request is larger than all buffers between. */
START_TEST(cancel_ends_sending)
{
    size_t size = (size_t)64 << 20;
    char *body = calloc(1, size);
    char url[64];
    int listener = listen_anywhere("http", url);
    ldbx_http_request request = exchange_request(url);

    request.body = (ldbx_view){body, size};
    expect_cancelled(&request, wait_for_hello, &listener, LDBX_REACH_SENT);
    close(listener);
    free(body);
}
END_TEST

START_TEST(a_triggered_token_contacts_nobody)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request(http_server_url(server));
    ldbx_cancel *cancel = NULL;

    expect_ok(ldbx_cancel_new(&cancel, &ex.error), ex.error);
    ldbx_cancel_trigger(cancel);
    request.cancel = cancel;
    expect_status(exchange_send(&request), LDBX_CANCELLED, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    expect_ok(exchange_send_to(server), ex.error);
    http_server_wait_requests(server, 1);
    ck_assert_int_eq(http_server_connections(server), 1);
    ldbx_cancel_destroy(cancel);
    http_server_stop(server);
}
END_TEST

/* Proxies. */

START_TEST(plain_text_never_goes_through_a_proxy)
{
    static const http_step script[] = {{HTTP_SEND, HTTP_OK2}, {HTTP_SEND, HTTP_OK2}};
    http_server *server = http_server_start(STEPS(script));
    char dead[64];

    unused_port(dead);
    setenv("http_proxy", dead, 1);
    setenv("all_proxy", dead, 1);
    expect_ok(exchange_send_to(server), ex.error);
    exchange_open(NULL, dead, 20000);
    expect_ok(exchange_send_to(server), ex.error);
    http_server_stop(server);
}
END_TEST

START_TEST(a_proxy_that_refuses)
{
    static const http_step script[] = {{HTTP_SEND_CLOSE, HTTP_ANSWER("403 No\r\nRetry-After: 5", 0, "")}};
    http_server *server = http_server_start(STEPS(script));
    ldbx_http_request request = exchange_request("https://workspace.example:443/path");
    char proxy[64];

    if (_i == 0) {
        snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", http_server_port(server));
        exchange_open(NULL, proxy, 20000);
    } else {
        snprintf(proxy, sizeof proxy, "http://me:hunter2@127.0.0.1:%d", http_server_port(server));
        setenv("https_proxy", proxy, 1);
    }
    expect_status(exchange_send(&request), LDBX_UNAVAILABLE, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_BARRED);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(ex.error), "cannot reach workspace.example:443: "));
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(ex.error), "403"));
    ck_assert_ptr_null(strstr(ldbx_error_message(ex.error), "hunter2"));
    ck_assert_int_eq(ex.response.retry_after_ms, -1);
    http_server_wait_requests(server, 1);
    ck_assert_int_eq(strncmp(http_server_request(server, 0), "CONNECT workspace.example:443 ", 30), 0);
    ck_assert_ptr_null(strstr(http_server_request(server, 0), "dapi"));
    http_server_stop(server);
}
END_TEST

START_TEST(messages_hide_the_password_of_a_proxy)
{
    static const char *const proxies[] = {"foo://me:hunter2@127.0.0.1:1", "http://me:hunter2@[zz]:1",
                                          "http://me:hunter2@127.0.0.1:1", "http://me:hunter2@no.such.invalid:1"};
    ldbx_http_request request = exchange_request("https://workspace.example:443/path");

    exchange_open(NULL, proxies[_i], 20000);
    expect_status(exchange_send(&request), LDBX_UNAVAILABLE, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    ck_assert_ptr_null(strstr(ldbx_error_message(ex.error), "hunter2"));
}
END_TEST

START_TEST(ca_file_that_is_not_there)
{
    char url[64];
    int listener = listen_anywhere("https", url);
    ldbx_http_request request = exchange_request(url);

    exchange_open("/no/such/file.pem", NULL, 20000);
    expect_status(exchange_send(&request), LDBX_INVALID_DATA, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(ex.error), "CA file /no/such/file.pem cannot be used"));
    ck_assert_ptr_null(strchr(ldbx_error_message(ex.error), '\n'));
    close(listener);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = suite_case(suite, name);

    tcase_add_checked_fixture(tcase, exchange_start, exchange_stop);
    return tcase;
}

static void add_reach(Suite *suite)
{
    TCase *tcase = add_case(suite, "not reached");

    tcase_add_test(tcase, connection_refused);
    tcase_add_test(tcase, name_not_found);
    tcase_add_loop_test(tcase, only_http_and_only_real_addresses, 0, 4);
    tcase_add_test(tcase, messages_hide_what_an_address_holds);
    tcase_add_test(tcase, ca_file_that_is_not_there);
    tcase_add_test(tcase, plain_text_never_goes_through_a_proxy);
    tcase_add_loop_test(tcase, a_proxy_that_refuses, 0, 2);
    tcase_add_loop_test(tcase, messages_hide_the_password_of_a_proxy, 0, 4);
}

static void add_time(Suite *suite)
{
    TCase *tcase = add_case(suite, "time");

    tcase_add_test(tcase, an_answer_that_does_not_come_in_time);
    tcase_add_test(tcase, a_deadline_that_has_passed_contacts_nobody);
    tcase_add_test(tcase, a_deadline_ends_connecting);
    tcase_add_test(tcase, the_limit_of_connecting);
    tcase_add_loop_test(tcase, cancel_ends_waiting_for_an_answer, 0, 2);
    tcase_add_test(tcase, cancel_ends_looking_for_a_name);
    tcase_add_test(tcase, cancel_ends_a_handshake);
    tcase_add_test(tcase, cancel_ends_connecting);
    tcase_add_test(tcase, cancel_ends_sending);
    tcase_add_test(tcase, a_triggered_token_contacts_nobody);
}

int main(void)
{
    Suite *suite = suite_create("net/transport_limits");

    forget_proxies();
    add_reach(suite);
    add_time(suite);
    return suite_run(suite);
}
