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

static struct {
    char folder[64];
    char ca_file[80];
    pid_t pid;
    int to;   /* its standard input: closing it ends the server */
    int from; /* its standard output */
    char names[512];
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
    strncpy(server.folder, "/tmp/ldbx-tls-XXXXXX", sizeof server.folder - 1);
    ck_assert_ptr_nonnull(mkdtemp(server.folder));
    snprintf(server.ca_file, sizeof server.ca_file, "%s/ca.pem", server.folder);
    setenv("LDBX_TEST_FOLDER", server.folder, 1);
    spawn_server();
    read_line(server.names + 1, sizeof server.names - 1);
    server.names[0] = ' ';
}

/* The port of one of the servers. */
static int port_of(const char *name)
{
    char sought[32];
    const char *at;

    snprintf(sought, sizeof sought, " %s=", name);
    at = strstr(server.names, sought);
    ck_assert_msg(at != NULL, "no %s in \"%s\"", name, server.names);
    return atoi(at + strlen(sought));
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

/* credentials: "user:password@" or "". */
static void through(const char *proxy, const char *credentials)
{
    char url[128];

    snprintf(url, sizeof url, "http://%s127.0.0.1:%d", credentials, port_of(proxy));
    exchange_open(server.ca_file, url, 20000);
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
    expect_body(port_of("good"), "/ok", "ok");
    expect_body(port_of("good"), "/ok", "ok");
}
END_TEST

static const struct {
    const char *server, *host, *reason;
    bool system; /* trusting the system's authorities alone */
} untrusted[] = {{"expired", "127.0.0.1", "expired", false},  {"future", "127.0.0.1", "not yet valid", false},
                 {"self", "127.0.0.1", "self-signed", false}, {"good", "localhost", "localhost", false},
                 {"good", "127.0.0.1", "issuer", true},       {"proxy", "localhost", "localhost", false}};

START_TEST(refuses_what_it_cannot_trust)
{
    if (untrusted[_i].system)
        exchange_open(NULL, NULL, 20000);
    if (strcmp(untrusted[_i].server, "proxy") == 0)
        through("proxy", "");
    expect_untrusted(untrusted[_i].host, port_of(untrusted[_i].server), untrusted[_i].reason);
}
END_TEST

/* What the other side speaks will be the same next time; a connection that breaks, or an error inside of it, need not. */
static const struct {
    const char *server;
    int status;
    const char *says;
} handshakes[] = {{"old", LDBX_PROTOCOL, "needs TLS 1.2 or later"},
                  {"plain", LDBX_PROTOCOL, "no TLS connection"},
                  {"eof", LDBX_UNAVAILABLE, "handshake broke off"},
                  {"reset", LDBX_UNAVAILABLE, "handshake broke off"},
                  {"upset", LDBX_UNAVAILABLE, "handshake broke off"}};

START_TEST(handshakes_that_fail)
{
    int port = port_of(handshakes[_i].server);

    expect_status(post("127.0.0.1", port, "/ok"), handshakes[_i].status, ex.error);
    ck_assert_int_eq(ex.reach, LDBX_REACH_NOTHING);
    expect_clean_error(port, handshakes[_i].says);
}
END_TEST

/* The number of requests for /lost* that the server has read is the proof. */
START_TEST(a_request_is_never_sent_twice)
{
    static const char *const paths[] = {"/lost", "/lost-bye"};
    char before[16];
    char after[16];

    expect_body(port_of("good"), "/ok", "ok");
    expect_ok(post("127.0.0.1", port_of("good"), "/count"), ex.error);
    snprintf(before, sizeof before, "%s", ldbx_buf_cstr(&ex.response.body));
    expect_lost(port_of("good"), paths[_i]);
    snprintf(after, sizeof after, "%d", atoi(before) + 1);
    expect_body(port_of("good"), "/count", after);
    /* And on a connection that is new. */
    exchange_open(server.ca_file, NULL, 20000);
    expect_lost(port_of("good"), paths[_i]);
    snprintf(after, sizeof after, "%d", atoi(before) + 2);
    expect_body(port_of("good"), "/count", after);
}
END_TEST

/* libcurl takes a connection on which a TLS goodbye waits to be read for a live one. */
START_TEST(a_connection_that_was_closed_while_idle_is_not_used)
{
    static const char *const paths[] = {"/bye", "/leave"};
    char line[16];

    expect_body(port_of("good"), paths[_i], "ok");
    read_line(line, sizeof line);
    ck_assert_str_eq(line, "closed");
    expect_body(port_of("good"), "/ok", "ok");
    expect_body(port_of("good"), "/ok", "ok");
}
END_TEST

/* Loop: without and with credentials; in each the token is for the server alone. */
START_TEST(goes_through_a_proxy)
{
    static const char *const credentials[] = {"", "user:pass%20word@"};
    const char *seen;

    through(_i == 0 ? "proxy" : "strict", credentials[_i]);
    expect_ok(post("127.0.0.1", 9, "/seen"), ex.error);
    seen = ldbx_buf_cstr(&ex.response.body);
    ck_assert_msg(strstr(seen, "CONNECT 127.0.0.1:9 HTTP/1.1\r\n") == seen, "%s", seen);
    ck_assert_ptr_null(strstr(seen, "dapi"));
    ck_assert_int_eq(strstr(seen, "Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n") != NULL, _i);
    ck_assert_ptr_null(strstr(seen, "\r\nAuthorization"));
}
END_TEST

static const struct {
    const char *proxy, *credentials;
    ldbx_reach reach;
    int retry;
    const char *says;
} refusals[] = {
    {"strict", "", LDBX_REACH_BARRED, LDBX_RETRY_NEVER,
     "the proxy answers HTTP 407; its user name or password is missing"},
    {"strict", "user:hunter2@", LDBX_REACH_BARRED, LDBX_RETRY_NEVER, "the proxy answers HTTP 407"},
    {"closed", "", LDBX_REACH_BARRED, LDBX_RETRY_NEVER, "the proxy answers HTTP 403"},
    {"broken", "", LDBX_REACH_NOTHING, LDBX_RETRY_SAFE, "the proxy answers HTTP 502"},
    {"dying", "", LDBX_REACH_NOTHING, LDBX_RETRY_SAFE, "cannot reach"},
    {"dead", "", LDBX_REACH_NOTHING, LDBX_RETRY_SAFE, "handshake broke off"},
};

START_TEST(a_proxy_that_fails)
{
    through(refusals[_i].proxy, refusals[_i].credentials);
    expect_status(post("127.0.0.1", 9, "/ok"), LDBX_UNAVAILABLE, ex.error);
    ck_assert_int_eq(ex.reach, refusals[_i].reach);
    ck_assert_int_eq(ldbx_error_retry(ex.error), refusals[_i].retry);
    expect_clean_error(9, refusals[_i].says);
    ck_assert_ptr_null(strstr(ldbx_error_message(ex.error), "hunter2"));
}
END_TEST

START_TEST(a_proxy_that_is_not_there_is_named)
{
    char url[64], place[64];

    snprintf(place, sizeof place, "(proxy 127.0.0.1:%d)", unused_port(url));
    exchange_open(server.ca_file, url, 20000);
    expect_status(post("127.0.0.1", 9, "/ok"), LDBX_UNAVAILABLE, ex.error);
    expect_clean_error(9, place);
    exchange_open(server.ca_file, NULL, 20000);
    expect_status(post("127.0.0.1", 9, "/ok"), LDBX_UNAVAILABLE, ex.error);
    ck_assert_ptr_null(strstr(ldbx_error_message(ex.error), "proxy"));
}
END_TEST

/* The environment's proxy, and what it does not apply to. Each test is a process of its own. */
START_TEST(the_environment_chooses_the_proxy)
{
    char proxy[64];

    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", port_of("closed"));
    setenv("HTTPS_PROXY", proxy, 1);
    expect_status(post("127.0.0.1", port_of("good"), "/ok"), LDBX_UNAVAILABLE, ex.error);
    ck_assert_ptr_nonnull(strstr(ldbx_error_message(ex.error), "the proxy answers HTTP 403"));
    setenv("NO_PROXY", "example.com,127.0.0.1", 1);
    expect_body(port_of("good"), "/ok", "ok");
    through("closed", ""); /* a proxy that is set by name is bound by it too */
    expect_body(port_of("good"), "/ok", "ok");
}
END_TEST

START_TEST(a_request_through_a_proxy_is_never_sent_twice)
{
    char after[16];

    through("proxy", "");
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
    tcase_add_loop_test(tcase, refuses_what_it_cannot_trust, 0, COUNT(untrusted));
    tcase_add_loop_test(tcase, handshakes_that_fail, 0, COUNT(handshakes));
    tcase_add_loop_test(tcase, a_request_is_never_sent_twice, 0, 2);
    tcase_add_loop_test(tcase, a_connection_that_was_closed_while_idle_is_not_used, 0, 2);
    tcase_add_loop_test(tcase, goes_through_a_proxy, 0, 2);
    tcase_add_loop_test(tcase, a_proxy_that_fails, 0, COUNT(refusals));
    tcase_add_test(tcase, a_proxy_that_is_not_there_is_named);
    tcase_add_test(tcase, the_environment_chooses_the_proxy);
    tcase_add_test(tcase, a_request_through_a_proxy_is_never_sent_twice);
    return suite_run(suite);
}
