/*
 * A scripted HTTP server on a real socket of 127.0.0.1: each request that arrives whole is met with the next
 * step of the script, on whatever connection it came. Behind the script's end everything is answered 500.
 */
#ifndef LDBX_TESTS_HTTP_SERVER_H
#define LDBX_TESTS_HTTP_SERVER_H

#include <stddef.h>

typedef struct http_server http_server;

typedef enum http_step_kind {
    HTTP_SEND,       /* sends the bytes, the connection stays */
    HTTP_SEND_CLOSE, /* sends the bytes, then closes */
    HTTP_RESET,      /* sends the bytes, then closes with RST */
    HTTP_EARLY,      /* as soon as the head is there: sends the bytes and closes, whatever of the body is on its way */
    HTTP_STALL       /* sends the bytes, then nothing more until the server stops */
} http_step_kind;

typedef struct http_step {
    http_step_kind kind;
    const char *bytes; /* NULL: none */
} http_step;

/* A whole answer whose body is the given literal. */
#define HTTP_ANSWER(status_and_headers, length, body)                                                                  \
    "HTTP/1.1 " status_and_headers "\r\nContent-Length: " #length "\r\n\r\n" body
#define HTTP_OK2 HTTP_ANSWER("200 OK", 2, "ok")

/* The script is copied, but for its bytes. Fails the test when there is no socket. */
http_server *http_server_start(const http_step *script, size_t steps);
void http_server_stop(http_server *server);

int http_server_port(const http_server *server);
/* "http://127.0.0.1:PORT/path"; borrowed. */
const char *http_server_url(const http_server *server);

/* So far: connections taken, requests that arrived whole, connections that the server has closed. */
int http_server_connections(http_server *server);
int http_server_requests(http_server *server);
/* Bytes of the n-th request (from 0) as text; borrowed until the server stops. */
const char *http_server_request(http_server *server, int n);

/* Blocks until that many requests have arrived whole (and their steps were carried out), connections have
 * been closed. */
void http_server_wait_requests(http_server *server, int count);
void http_server_wait_closes(http_server *server, int count);
/* Waits for that many requests; fails the test when there are more. */
void http_server_expect_requests(http_server *server, int count);
/* Fails the test when `text` is not in the n-th request. */
void http_server_expect_in_request(http_server *server, int n, const char *text);

/*
 * A port of 127.0.0.1 where connecting neither succeeds nor fails: its queue is full and nobody takes from
 * it until http_hole_close().
 */
typedef struct http_hole {
    int port;
    int listener;
    int clients[8];
} http_hole;

void http_hole_open(http_hole *hole);
void http_hole_close(http_hole *hole);

#endif
