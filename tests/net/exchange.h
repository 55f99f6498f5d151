/*
 * What the tests of the transport share: one transport, one response and one error for each test, and
 * requests that carry a secret which must not turn up anywhere.
 */
#ifndef LDBX_TESTS_EXCHANGE_H
#define LDBX_TESTS_EXCHANGE_H

#include "http_server.h"
#include "net/transport.h"
#include "suite.h"

#define EXCHANGE_SECRET "Bearer dapi-very-secret"

typedef struct exchange {
    ldbx_transport *transport;
    ldbx_http_response response;
    ldbx_reach reach;
    ldbx_error *error;
} exchange;

extern exchange ex;

/* The fixture: a transport with default settings, a response of 4 MiB. */
void exchange_start(void);
void exchange_stop(void);
/* Replaces the transport; NULL: as it may be. The user agent is "test/1". */
void exchange_open(const char *ca_file, const char *proxy, int64_t connect_timeout_ms);

ldbx_http_request exchange_request(const char *url);
int exchange_send(const ldbx_http_request *request);
int exchange_send_to(http_server *server);

void expect_answer(int http_status, const char *body);
/* The message names 127.0.0.1:port, says `says`, is one line, and holds nothing of the request. */
void expect_clean_error(int port, const char *says);
/* Sent, but no whole answer came. */
void expect_broken(http_server *server, int status);

/* A listener on a free port of 127.0.0.1 that answers nobody, and its address with the scheme; the caller
 * closes it. */
int listen_anywhere(const char *scheme, char url[64]);
/* A port that nobody listens on. */
int unused_port(char url[64]);

/* The environment of whoever runs the tests must not send them elsewhere. */
void forget_proxies(void);

#define STEPS(script) script, sizeof(script) / sizeof((script)[0])
#define COUNT(array)  (int)(sizeof(array) / sizeof((array)[0]))

#endif
