/*
 * The transport over TLS, against tls_server.py with certificates made here: what is trusted, and that
 * nothing is sent twice where the end of a connection looks different.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exchange.h"

extern char **environ;

static const char make_certificates[] =
    "set -e; cd \"$LDBX_TEST_FOLDER\"\n"
    "key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n"
    "openssl req -x509 $key -keyout ca.key -out ca.pem -subj /CN=test-ca -days 2\n"
    "openssl req $key -keyout server.key -out server.csr -subj /CN=test-server\n"
    "echo subjectAltName=IP:127.0.0.1 >extensions\n"
    "sign='openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions'\n"
    "$sign -days 2 -out good.pem\n"
    "$sign -days -1 -out expired.pem\n";

static struct {
    char folder[64];
    char ca_file[80];
    pid_t pid;
    int to;   /* its standard input: closing it ends the server */
    int from; /* its standard output */
    int good, expired, proxy;
} server;

static int run_shell(const char *script)
{
    char command[2048];

    snprintf(command, sizeof command, "( %s ) >/dev/null 2>&1", script);
    return system(command);
}

static void read_line(char *line, size_t size)
{
    size_t at = 0;

    while (at + 1 < size && read(server.from, line + at, 1) == 1 && line[at] != '\n')
        at++;
    line[at] = '\0';
}

static void spawn_server(void)
{
    char name[] = "python3";
    char script[] = TLS_SERVER_SCRIPT;
    char *const arguments[] = {name, script, server.folder, NULL};
    posix_spawn_file_actions_t actions;
    int in[2];
    int out[2];

    ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    ck_assert_int_eq(posix_spawnp(&server.pid, name, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    server.to = in[1];
    server.from = out[0];
}

static void start_server(void)
{
    char line[64];

    strncpy(server.folder, "/tmp/ldbx-tls-XXXXXX", sizeof server.folder - 1);
    ck_assert_ptr_nonnull(mkdtemp(server.folder));
    snprintf(server.ca_file, sizeof server.ca_file, "%s/ca.pem", server.folder);
    setenv("LDBX_TEST_FOLDER", server.folder, 1);
    ck_assert_int_eq(run_shell(make_certificates), 0);
    spawn_server();
    read_line(line, sizeof line);
    ck_assert_int_eq(sscanf(line, "%d %d %d", &server.good, &server.expired, &server.proxy), 3);
}

static void stop_server(void)
{
    close(server.to);
    close(server.from);
    waitpid(server.pid, NULL, 0);
    run_shell("rm -r \"$LDBX_TEST_FOLDER\"");
}

static void start(void)
{
    exchange_start();
    exchange_open(server.ca_file, NULL, 20000);
}

static int post(const char *host, int port, const char *path)
{
    char url[128];
    ldbx_http_request request;

    snprintf(url, sizeof url, "https://%s:%d%s", host, port, path);
    request = exchange_request(url);
    return exchange_send(&request);
}

static void expect_body(int port, const char *path, const char *body)
{
    expect_ok(post("127.0.0.1", port, path), ex.error);
    expect_answer(200, body);
}

static void expect_lost(int port, const char *path)
{
    expect_status(post("127.0.0.1", port, path), LDBX_UNAVAILABLE, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_SENT);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(ex.error), "broke before a whole answer came"));
}

static void expect_untrusted(const char *host, int port, const char *reason)
{
    const char *message;
    char peer[64];

    expect_status(post(host, port, "/ok"), LDBX_INVALID_DATA, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    message = ldbx_error_message(ex.error);
    snprintf(peer, sizeof peer, "the certificate of %s:%d is not accepted: ", host, port);
    ck_assert_msg(strstr(message, peer) != NULL, "%s", message);
    ck_assert_msg(strstr(message, reason) != NULL, "%s", message);
    ck_assert_ptr_null(strstr(message, "dapi"));
}

START_TEST(trusts_the_ca_file)
{
    expect_body(server.good, "/ok", "ok");
    expect_body(server.good, "/ok", "ok");
}
END_TEST

START_TEST(refuses_what_it_cannot_trust)
{
    expect_untrusted("127.0.0.1", server.expired, "expired");
    expect_untrusted("localhost", server.good, "localhost");
    exchange_open(NULL, NULL, 20000);
    expect_untrusted("127.0.0.1", server.good, "issuer");
}
END_TEST

/* The number of requests for /lost* that the server has read is the proof. */
START_TEST(a_request_is_never_sent_twice)
{
    static const char *const paths[] = {"/lost", "/lost-bye"};
    char before[16];
    char after[16];

    expect_body(server.good, "/ok", "ok");
    expect_ok(post("127.0.0.1", server.good, "/count"), ex.error);
    snprintf(before, sizeof before, "%s", ldbx_buf_cstr(&ex.response.body));
    expect_lost(server.good, paths[_i]);
    snprintf(after, sizeof after, "%d", atoi(before) + 1);
    expect_body(server.good, "/count", after);
    /* And on a connection that is new. */
    exchange_open(server.ca_file, NULL, 20000);
    expect_lost(server.good, paths[_i]);
    snprintf(after, sizeof after, "%d", atoi(before) + 2);
    expect_body(server.good, "/count", after);
}
END_TEST

/* libcurl takes a connection on which a TLS goodbye waits to be read for a live one. */
START_TEST(a_connection_that_was_closed_while_idle_is_not_used)
{
    static const char *const paths[] = {"/bye", "/leave"};
    char line[16];

    expect_body(server.good, paths[_i], "ok");
    read_line(line, sizeof line);
    ck_assert_str_eq(line, "closed");
    expect_body(server.good, "/ok", "ok");
    expect_body(server.good, "/ok", "ok");
}
END_TEST

START_TEST(goes_through_a_proxy)
{
    char proxy[64];
    char head[64];
    const char *seen;

    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.proxy);
    exchange_open(server.ca_file, proxy, 20000);
    expect_ok(post("127.0.0.1", 9, "/seen"), ex.error);
    snprintf(head, sizeof head, "CONNECT 127.0.0.1:%d HTTP/1.1\r\n", 9);
    seen = ldbx_buf_cstr(&ex.response.body);
    ck_assert_int_eq(strncmp(seen, head, strlen(head)), 0);
    ck_assert_ptr_null(strstr(seen, "dapi"));
    ck_assert_ptr_null(strcasestr(seen, "\r\nauthorization"));
}
END_TEST

START_TEST(a_request_through_a_proxy_is_never_sent_twice)
{
    char proxy[64];
    char after[16];

    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.proxy);
    exchange_open(server.ca_file, proxy, 20000);
    expect_ok(post("127.0.0.1", 9, "/count"), ex.error);
    snprintf(after, sizeof after, "%d", atoi(ldbx_buf_cstr(&ex.response.body)) + 1);
    expect_lost(9, "/lost");
    expect_body(9, "/count", after);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net/tls");
    TCase *tcase = suite_case(suite, "tls");

    if (run_shell("command -v openssl && command -v python3") != 0) {
        puts("1..0 # SKIP openssl and python3 are needed");
        return EXIT_SUCCESS;
    }
    forget_proxies();
    tcase_add_unchecked_fixture(tcase, start_server, stop_server);
    tcase_add_checked_fixture(tcase, start, exchange_stop);
    tcase_add_test(tcase, trusts_the_ca_file);
    tcase_add_test(tcase, refuses_what_it_cannot_trust);
    tcase_add_loop_test(tcase, a_request_is_never_sent_twice, 0, 2);
    tcase_add_loop_test(tcase, a_connection_that_was_closed_while_idle_is_not_used, 0, 2);
    tcase_add_test(tcase, goes_through_a_proxy);
    tcase_add_test(tcase, a_request_through_a_proxy_is_never_sent_twice);
    return suite_run(suite);
}
