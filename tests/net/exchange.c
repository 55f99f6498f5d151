#include "exchange.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

exchange ex;

void exchange_open(const char *ca_file, const char *proxy, int64_t connect_timeout_ms)
{
    const ldbx_transport_settings settings = {
        .ca_file = ca_file, .proxy = proxy, .user_agent = "test/1", .connect_timeout_ms = connect_timeout_ms};

    ldbx_transport_destroy(ex.transport);
    ex.transport = NULL;
    expect_ok(ldbx_transport_new(&settings, &ex.transport, &ex.error), ex.error);
}

void exchange_start(void)
{
    memset(&ex, 0, sizeof ex);
    exchange_open(NULL, NULL, 20000);
    ldbx_http_response_init(&ex.response, 4 << 20);
}

void exchange_stop(void)
{
    ldbx_transport_destroy(ex.transport);
    ldbx_http_response_clear(&ex.response);
    ldbx_error_destroy(ex.error);
}

ldbx_http_request exchange_request(const char *url)
{
    return (ldbx_http_request){.method = "POST",
                               .url = url,
                               .content_type = "application/x-thrift",
                               .accept = "application/x-thrift",
                               .authorization = EXCHANGE_SECRET,
                               .body = ldbx_view_of("body!"),
                               .timeout_ms = 20000};
}

int exchange_send(const ldbx_http_request *request)
{
    return ldbx_transport_exchange(ex.transport, request, &ex.response, &ex.reach, &ex.error);
}

int exchange_send_to(http_server *server)
{
    ldbx_http_request request = exchange_request(http_server_url(server));

    return exchange_send(&request);
}

void expect_answer(int http_status, const char *body)
{
    ck_assert_int_eq(ex.reach, LDBX_REACH_ANSWER);
    ck_assert_int_eq(ex.response.status, http_status);
    ck_assert(ldbx_view_eq(ldbx_buf_get(&ex.response.body), body));
}

void expect_clean_error(int port, const char *says)
{
    const char *message = ldbx_error_message(ex.error);
    char peer[32];

    snprintf(peer, sizeof peer, "127.0.0.1:%d", port);
    ck_assert_msg(strstr(message, peer) != NULL, "%s", message);
    ck_assert_msg(strstr(message, says) != NULL, "%s", message);
    ck_assert_ptr_null(strstr(message, "dapi"));
    ck_assert_ptr_null(strstr(message, "body!"));
    ck_assert_ptr_null(strchr(message, '\n'));
    ck_assert_int_eq(ex.response.status, 0);
}

void expect_broken(http_server *server, int status)
{
    ck_assert_msg(status == LDBX_UNAVAILABLE, "%s: %s", ldbx_status_name(status), ldbx_error_message(ex.error));
    ck_assert_int_eq(ex.reach, LDBX_REACH_SENT);
    expect_clean_error(http_server_port(server), "broke");
}

int listen_anywhere(const char *scheme, char url[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, 64, "%s://127.0.0.1:%d/path", scheme, ntohs(address.sin_port));
    return fd;
}

int unused_port(char url[64])
{
    int port;

    close(listen_anywhere("http", url));
    ck_assert_int_eq(sscanf(url, "http://127.0.0.1:%d/", &port), 1);
    return port;
}

void forget_proxies(void)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "no_proxy",    "NO_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}
