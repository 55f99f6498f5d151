/* Access tokens: fetching, renewing, sharing, and all that an endpoint may answer. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "exchange.h"
#include "net/oauth.h"

#define SECRET "dose-very-secret"
#define PAIR   "bWUteXNlbGY6ZG9zZS12ZXJ5LXNlY3JldA==" /* "me-yself:" SECRET */

static http_server *server;
static ldbx_credential credential;
static ldbx_oauth *oauth;
static ldbx_error *error;
static uint64_t serial;

/* An answer with its length; there is room for 16 of them a test. */
static const char *answer(const char *status_and_headers, const char *body)
{
    static char made[16][2048];
    static int next;
    char *out = made[next++ % 16];

    snprintf(out, sizeof made[0], "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status_and_headers, strlen(body),
             body);
    return out;
}

static const char *token(const char *text, int lifetime_s)
{
    char body[256];

    snprintf(body, sizeof body,
             "{\"access_token\": \"%s\", \"token_type\": \"Bearer\", \"expires_in\": %d, \"scope\": \"all-apis\"}",
             text, lifetime_s);
    return answer("200 OK", body);
}

static void open_oauth(int port)
{
    ldbx_transport_settings settings = {.user_agent = "test/1", .connect_timeout_ms = 20000};
    ldbx_host host = {.plain = true};
    ldbx_transport *transport = NULL;
    char name[] = "127.0.0.1";

    host.name = name;
    expect_ok(ldbx_transport_new(&settings, &transport, &error), error);
    expect_ok(ldbx_oauth_new(&host, port, &credential, transport, 900000, &oauth, &error), error);
}

static void start_with(const http_step *script, size_t steps)
{
    server = http_server_start(script, steps);
    open_oauth(http_server_port(server));
}

static void start(void)
{
    credential.client_id = ldbx_strdup("me-yself");
    ck_assert(ldbx_secret_set(&credential.client_secret, ldbx_view_of(SECRET)));
    ldbx_clock_skip_sleeps(true);
}

static void stop(void)
{
    ldbx_oauth_destroy(oauth);
    if (server != NULL)
        http_server_stop(server);
    ldbx_free(credential.client_id);
    ldbx_secret_clear(&credential.client_secret);
    ldbx_error_destroy(error);
    oauth = NULL;
    server = NULL;
    credential = (ldbx_credential){0};
    error = NULL;
    ldbx_clock_skip_sleeps(false);
}

static int get(const ldbx_oauth_patience *patience, char out[256])
{
    static const ldbx_oauth_patience none;
    ldbx_buf header;
    int status;

    ldbx_buf_init(&header, LDBX_MAX_ERROR);
    status = ldbx_oauth_header(oauth, patience != NULL ? patience : &none, &header, &serial, &error);
    if (status == LDBX_OK)
        snprintf(out, 256, "%s", (const char *)header.data);
    ldbx_buf_wipe(&header);
    return status;
}

static void expect_header(const char *expected)
{
    char header[256];

    expect_ok(get(NULL, header), error);
    ck_assert_str_eq(header, expected);
}

START_TEST(a_token_is_asked_for_as_the_service_wants_it)
{
    const http_step script[] = {{HTTP_SEND, token("eyJ1", 3600)}};
    const char *request;

    start_with(STEPS(script));
    ck_assert_int_eq(http_server_requests(server), 0); /* not before it is needed */
    expect_header("Bearer eyJ1");
    expect_header("Bearer eyJ1");
    http_server_expect_requests(server, 1);
    request = http_server_request(server, 0);
    ck_assert_ptr_nonnull(strstr(request, "POST /oidc/v1/token HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(request, "Authorization: Basic " PAIR "\r\n"));
    ck_assert_ptr_nonnull(strstr(request, "Content-Type: application/x-www-form-urlencoded\r\n"));
    ck_assert_ptr_nonnull(strstr(request, "\r\n\r\ngrant_type=client_credentials&scope=all-apis"));
    ck_assert_ptr_null(strstr(request, SECRET));
}
END_TEST

START_TEST(a_token_is_renewed_before_it_expires)
{
    const http_step script[] = {
        {HTTP_SEND, token("hour", 3600)}, {HTTP_SEND, token("minute", 60)}, {HTTP_SEND, token("next", 3600)}};

    start_with(STEPS(script));
    expect_header("Bearer hour");
    ldbx_sleep_ms(3290 * 1000, NULL);
    expect_header("Bearer hour");
    ldbx_sleep_ms(11 * 1000, NULL); /* 299 s are left */
    expect_header("Bearer minute");
    ldbx_sleep_ms(50 * 1000, NULL);
    expect_header("Bearer minute");
    ldbx_sleep_ms(5 * 1000, NULL); /* 5 s are left */
    expect_header("Bearer next");
    ck_assert_uint_eq(serial, 3);
}
END_TEST

START_TEST(an_early_renewal_may_fail)
{
    const http_step script[] = {{HTTP_SEND, token("old", 3600)},
                                {HTTP_SEND, HTTP_ANSWER("500 Oops", 0, "")},
                                {HTTP_SEND, HTTP_ANSWER("401 No", 0, "")},
                                {HTTP_SEND, HTTP_ANSWER("401 No", 0, "")}};
    char header[256];

    start_with(STEPS(script));
    expect_header("Bearer old");
    ldbx_sleep_ms(3400 * 1000, NULL);
    expect_header("Bearer old");
    http_server_expect_requests(server, 2); /* one attempt, without repeats */
    expect_header("Bearer old");
    http_server_expect_requests(server, 2); /* and half a minute of rest */
    ldbx_sleep_ms(31 * 1000, NULL);
    expect_header("Bearer old");
    http_server_expect_requests(server, 3);
    ldbx_sleep_ms(200 * 1000, NULL); /* expired */
    expect_status(get(NULL, header), LDBX_UNAUTHENTICATED, error);
}
END_TEST

/* Lifetimes that are none: a missing one is an hour, nothing and less serve one call. */
START_TEST(odd_lifetimes)
{
    const http_step script[] = {{HTTP_SEND, answer("200 OK", "{\"access_token\": \"a\"}")},
                                {HTTP_SEND, token("b", 0)},
                                {HTTP_SEND, token("c", -5)},
                                {HTTP_SEND, answer("200 OK", "{\"access_token\": \"d\", \"expires_in\": 9e15}")},
                                {HTTP_SEND, token("e", 3600)}};

    start_with(STEPS(script));
    expect_header("Bearer a");
    ldbx_sleep_ms(3200 * 1000, NULL);
    expect_header("Bearer a");
    ldbx_sleep_ms(200 * 1000, NULL);
    expect_header("Bearer b");
    ldbx_sleep_ms(1, NULL);
    expect_header("Bearer c");
    ldbx_sleep_ms(1, NULL);
    expect_header("Bearer d");
    ldbx_sleep_ms(86000 * 1000, NULL);
    expect_header("Bearer d");
    ldbx_sleep_ms(500 * 1000, NULL);
    expect_header("Bearer e");
}
END_TEST

START_TEST(a_refused_token_is_not_used_again)
{
    const http_step script[] = {{HTTP_SEND, token("first", 3600)}, {HTTP_SEND, token("second", 3600)}};
    uint64_t first;

    start_with(STEPS(script));
    expect_header("Bearer first");
    first = serial;
    ldbx_oauth_refuse(oauth, first);
    expect_header("Bearer second");
    ldbx_oauth_refuse(oauth, first); /* late news of another channel */
    expect_header("Bearer second");
    http_server_expect_requests(server, 2);
}
END_TEST

START_TEST(what_may_heal_is_tried_again)
{
    const http_step script[] = {{HTTP_SEND, HTTP_ANSWER("503 Busy\r\nRetry-After: 40", 0, "")},
                                {HTTP_RESET, NULL},
                                {HTTP_SEND, HTTP_ANSWER("429 Slow", 0, "")},
                                {HTTP_SEND, HTTP_ANSWER("200 OK", 0, "")},
                                {HTTP_SEND, token("at-last", 3600)}};
    int64_t before = ldbx_steady_ms();

    start_with(STEPS(script));
    expect_header("Bearer at-last");
    ck_assert_int_ge(ldbx_steady_ms() - before, 40 * 1000);
    http_server_expect_requests(server, 5);
}
END_TEST

/* Loop: also an answer that no standard knows, as gateways give. */
START_TEST(nothing_is_tried_for_ever)
{
    const char *bad = _i == 0 ? HTTP_ANSWER("502 Bad", 0, "") : HTTP_ANSWER("520 Odd", 0, "");
    const http_step script[8] = {
        {HTTP_SEND, bad}, {HTTP_SEND, bad}, {HTTP_SEND, bad}, {HTTP_SEND, bad}, {HTTP_SEND, bad}};
    char header[256];

    start_with(STEPS(script));
    expect_status(get(NULL, header), LDBX_UNAVAILABLE, error);
    http_server_expect_requests(server, 5);
    ck_assert_int_eq(ldbx_error_http_status(error), _i == 0 ? 502 : 520);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_SAFE);
}
END_TEST

static const struct {
    const char *head, *body;
    int status;
    const char *says;
} refusals[] = {
    {"401 Unauthorized", "{\"error\":\"invalid_client\",\"error_description\":\"Client authentication failed\"}",
     LDBX_UNAUTHENTICATED, "HTTP 401: invalid_client: Client authentication failed; check client_id and client_secret"},
    {"400 Bad Request", "{\"error\":\"invalid_client\"}", LDBX_UNAUTHENTICATED,
     "HTTP 400: invalid_client; check client_id"},
    {"401 Unauthorized", "", LDBX_UNAUTHENTICATED, "HTTP 401; check client_id and client_secret"},
    {"401 No\r\nx-databricks-reason-phrase: because", "<html>", LDBX_UNAUTHENTICATED, "HTTP 401: because; check"},
    {"401 No", "{\"error\":\"echo " SECRET " and " PAIR "\"}", LDBX_UNAUTHENTICATED, "HTTP 401: echo ******"},
    {"401 No", "{\"error\":\"a\\nb\"}", LDBX_UNAUTHENTICATED, "HTTP 401: a b; check"},
    {"401 No", "{\"error\":5,\"error_description\":[]}", LDBX_UNAUTHENTICATED, "HTTP 401; check"},
    {"403 Forbidden", "{\"error\":\"access_denied\"}", LDBX_FORBIDDEN,
     "HTTP 403: access_denied; the service principal is"},
    {"404 Not Found", "<html>", LDBX_PROTOCOL, "HTTP 404; check the host"},
    {"302 Found\r\nLocation: https://login.example/" SECRET, "", LDBX_PROTOCOL, "HTTP 302; check the host"},
    {"501 No", "", LDBX_PROTOCOL, "HTTP 501; check the host"},
    {"200 OK\r\nContent-Type: text/html", "<html>" SECRET "</html>", LDBX_PROTOCOL,
     "the answer is not JSON; check the host"},
    {"200 OK", "{\"access_token\": \"" SECRET "\"", LDBX_PROTOCOL, "the answer is not JSON"},
    {"200 OK", "{\"" SECRET "\": 1, \"" SECRET "\": 2}", LDBX_PROTOCOL, "the answer is not JSON"},
    {"200 OK", "[]", LDBX_PROTOCOL, "the answer has no access_token"},
    {"200 OK", "{\"access_token\": 7}", LDBX_PROTOCOL, "the answer has no access_token"},
    {"200 OK", "{\"access_token\": \"\"}", LDBX_PROTOCOL, "the access_token is empty or holds"},
    {"200 OK", "{\"access_token\": \"" SECRET "\\r\\nX-Evil: 1\"}", LDBX_PROTOCOL, "holds what no header can carry"},
    {"200 OK", "{\"access_token\": \"" SECRET "\\u00e4\"}", LDBX_PROTOCOL, "holds what no header can carry"},
    {"200 OK", "{\"access_token\": \"" SECRET "\", \"token_type\": \"mac\"}", LDBX_PROTOCOL,
     "token_type is not Bearer"},
};

START_TEST(what_will_not_heal_is_told_at_once)
{
    const http_step script[] = {{HTTP_SEND, answer(refusals[_i].head, refusals[_i].body)}};
    char header[256], endpoint[64];
    const char *message;

    start_with(STEPS(script));
    expect_status(get(NULL, header), refusals[_i].status, error);
    http_server_expect_requests(server, 1);
    message = ldbx_error_message(error);
    snprintf(endpoint, sizeof endpoint,
             "OAuth token endpoint http://127.0.0.1:%d/oidc/v1/token: ", http_server_port(server));
    ck_assert_msg(strncmp(message, endpoint, strlen(endpoint)) == 0, "%s", message);
    ck_assert_msg(strstr(message, refusals[_i].says) != NULL, "%s", message);
    ck_assert_msg(strstr(message, SECRET) == NULL && strstr(message, PAIR) == NULL && strchr(message, '\n') == NULL,
                  "%s", message);
    ck_assert_int_eq(ldbx_error_retry(error), LDBX_RETRY_NEVER);
}
END_TEST

START_TEST(an_oversized_answer_is_refused)
{
    const http_step script[] = {
        {HTTP_SEND_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n{\"access_token\""}};
    char header[256];

    start_with(STEPS(script));
    expect_status(get(NULL, header), LDBX_PROTOCOL, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "larger than 65536 bytes"));
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "/oidc/v1/token"));
    http_server_expect_requests(server, 1);
}
END_TEST

START_TEST(a_deadline_and_a_cancel_end_the_wait)
{
    const http_step script[] = {{HTTP_STALL, NULL}, {HTTP_STALL, NULL}, {HTTP_SEND, HTTP_ANSWER("503 Busy", 0, "")}};
    ldbx_oauth_patience patience = {0};
    ldbx_cancel *cancel = NULL;
    char header[256];

    start_with(STEPS(script));
    ldbx_clock_skip_sleeps(false);
    patience.deadline_ms = ldbx_deadline_in(100);
    expect_status(get(&patience, header), LDBX_TIMEOUT, error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(error), "/oidc/v1/token"));
    expect_ok(ldbx_cancel_new(&cancel, &error), error);
    ldbx_cancel_trigger(cancel);
    patience = (ldbx_oauth_patience){.cancel = cancel};
    expect_status(get(&patience, header), LDBX_CANCELLED, error);
    ldbx_cancel_destroy(cancel);
}
END_TEST

/* A deadline that the next attempt could not keep is not waited for. */
START_TEST(a_deadline_forbids_the_next_attempt)
{
    const http_step script[] = {{HTTP_SEND, HTTP_ANSWER("503 Busy\r\nRetry-After: 50", 0, "")}};
    ldbx_oauth_patience patience = {0};
    char header[256];
    int64_t before = ldbx_steady_ms();

    start_with(STEPS(script));
    patience.deadline_ms = ldbx_deadline_in(40000);
    expect_status(get(&patience, header), LDBX_TIMEOUT, error);
    ck_assert_int_lt(ldbx_steady_ms() - before, 40000);
}
END_TEST

typedef struct user {
    pthread_t thread;
    ldbx_cancel *cancel;
    int status;
    char header[256];
    uint64_t serial;
} user;

static void *use(void *argument)
{
    user *who = argument;
    ldbx_oauth_patience patience = {.cancel = who->cancel};
    ldbx_buf header;

    ldbx_buf_init(&header, LDBX_MAX_ERROR);
    who->status = ldbx_oauth_header(oauth, &patience, &header, &who->serial, NULL);
    snprintf(who->header, sizeof who->header, "%s", who->status == LDBX_OK ? (const char *)header.data : "");
    ldbx_buf_wipe(&header);
    return NULL;
}

START_TEST(many_threads_fetch_once)
{
    const http_step script[] = {{HTTP_SEND, token("shared", 3600)}};
    user users[8] = {0};

    start_with(STEPS(script));
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        pthread_join(users[i].thread, NULL);
        ck_assert_str_eq(users[i].header, "Bearer shared");
    }
    http_server_expect_requests(server, 1);
}
END_TEST

/* The first thread's answer never comes: it is cancelled, and the second, which waited for it, fetches by itself. */
START_TEST(who_waits_takes_over_from_who_is_cancelled)
{
    const http_step script[] = {{HTTP_STALL, NULL}, {HTTP_SEND, token("second", 3600)}};
    user first = {0}, second = {0}, third = {0};

    start_with(STEPS(script));
    expect_ok(ldbx_cancel_new(&first.cancel, &error), error);
    expect_ok(ldbx_cancel_new(&third.cancel, &error), error);
    ck_assert_int_eq(pthread_create(&first.thread, NULL, use, &first), 0);
    http_server_wait_requests(server, 1);
    ck_assert_int_eq(pthread_create(&second.thread, NULL, use, &second), 0);
    ck_assert_int_eq(pthread_create(&third.thread, NULL, use, &third), 0);
    ldbx_cancel_trigger(third.cancel); /* who waits can be cancelled too */
    pthread_join(third.thread, NULL);
    ck_assert_int_eq(third.status, LDBX_CANCELLED);
    ldbx_cancel_trigger(first.cancel);
    pthread_join(first.thread, NULL);
    pthread_join(second.thread, NULL);
    ck_assert_int_eq(first.status, LDBX_CANCELLED);
    ck_assert_str_eq(second.header, "Bearer second");
    ldbx_cancel_destroy(first.cancel);
    ldbx_cancel_destroy(third.cancel);
}
END_TEST

/* While one thread renews ahead of time, the others go on with the old token. */
START_TEST(nobody_waits_for_an_early_renewal)
{
    const http_step script[] = {{HTTP_SEND, token("old", 3600)}, {HTTP_STALL, NULL}};
    user first = {0};

    start_with(STEPS(script));
    expect_header("Bearer old");
    ldbx_sleep_ms(3400 * 1000, NULL);
    expect_ok(ldbx_cancel_new(&first.cancel, &error), error);
    ck_assert_int_eq(pthread_create(&first.thread, NULL, use, &first), 0);
    http_server_wait_requests(server, 2);
    expect_header("Bearer old");
    ldbx_cancel_trigger(first.cancel);
    pthread_join(first.thread, NULL);
    ck_assert_int_eq(first.status, LDBX_CANCELLED);
    expect_header("Bearer old"); /* what a cancelled caller has to tell the server does not wait either */
    ldbx_cancel_destroy(first.cancel);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    http_step script[64];
    int status = LDBX_NO_MEMORY;
    char header[256];

    for (size_t i = 0; i < 64; i++)
        script[i] = (http_step){HTTP_SEND, token("x", 3600)};
    start_with(STEPS(script));
    for (long n = 1; status != LDBX_OK; n++) {
        ck_assert_int_lt(n, 60);
        suite_fail_allocation(n);
        status = get(NULL, header);
        suite_fail_allocation(0);
        ck_assert_msg(status == LDBX_OK || status == LDBX_NO_MEMORY, "%s", ldbx_error_message(error));
    }
    ck_assert_str_eq(header, "Bearer x");
}
END_TEST

/* Memory that the library gives back must hold neither secret nor token. */
static int leaks;

static void look(const void *memory, size_t size)
{
    leaks += memmem(memory, size, SECRET, sizeof SECRET - 1) != NULL || memmem(memory, size, PAIR, 16) != NULL ||
             memmem(memory, size, "tokenTOKEN", 10) != NULL;
}

static void *sized_allocate(size_t size, void *user_data)
{
    size_t *memory = calloc(1, size + 16);

    (void)user_data;
    *memory = size;
    return memory + 2;
}

static void sized_release(void *memory, void *user_data)
{
    (void)user_data;
    look(memory, *((size_t *)memory - 2));
    free((size_t *)memory - 2);
}

static void *sized_reallocate(void *memory, size_t old, size_t size, void *user_data)
{
    void *moved = sized_allocate(size, user_data);

    memcpy(moved, memory, old < size ? old : size);
    sized_release(memory, user_data);
    return moved;
}

START_TEST(secrets_are_wiped)
{
    const ldbx_allocator looking = {sizeof looking, sized_allocate, sized_reallocate, sized_release, NULL};
    const http_step script[] = {{HTTP_SEND, token("tokenTOKEN1", 3600)},
                                {HTTP_SEND, token("tokenTOKEN2", 3600)},
                                {HTTP_SEND, answer("401 No", "{\"error\": \"" SECRET " " PAIR "\"}")}};
    char header[256];

    stop();
    ck_assert_int_eq(ldbx_set_allocator(&looking), LDBX_OK);
    start();
    start_with(STEPS(script));
    expect_header("Bearer tokenTOKEN1");
    ldbx_oauth_refuse(oauth, serial);
    expect_header("Bearer tokenTOKEN2");
    ldbx_oauth_refuse(oauth, serial);
    expect_status(get(NULL, header), LDBX_UNAUTHENTICATED, error);
    stop();
    ck_assert_int_eq(leaks, 0);
    look("x" SECRET, sizeof SECRET + 1); /* the search itself finds */
    ck_assert_int_eq(leaks, 1);
    ck_assert_int_eq(ldbx_set_allocator(NULL), LDBX_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net/oauth");
    TCase *tcase = suite_case(suite, "oauth");

    forget_proxies();
    tcase_add_checked_fixture(tcase, start, stop);
    tcase_add_test(tcase, a_token_is_asked_for_as_the_service_wants_it);
    tcase_add_test(tcase, a_token_is_renewed_before_it_expires);
    tcase_add_test(tcase, an_early_renewal_may_fail);
    tcase_add_test(tcase, odd_lifetimes);
    tcase_add_test(tcase, a_refused_token_is_not_used_again);
    tcase_add_test(tcase, what_may_heal_is_tried_again);
    tcase_add_loop_test(tcase, nothing_is_tried_for_ever, 0, 2);
    tcase_add_loop_test(tcase, what_will_not_heal_is_told_at_once, 0, COUNT(refusals));
    tcase_add_test(tcase, an_oversized_answer_is_refused);
    tcase_add_test(tcase, a_deadline_and_a_cancel_end_the_wait);
    tcase_add_test(tcase, a_deadline_forbids_the_next_attempt);
    tcase_add_test(tcase, many_threads_fetch_once);
    tcase_add_test(tcase, who_waits_takes_over_from_who_is_cancelled);
    tcase_add_test(tcase, nobody_waits_for_an_early_renewal);
    tcase_add_test(tcase, every_allocation_may_fail);
    tcase_add_test(tcase, secrets_are_wiped);
    return suite_run(suite);
}
