#include "http_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 16
#define MAX_REQUESTS    64

struct http_server {
    http_step *script; /* a copy: the test may end, and its script with it, while a connection is closed */
    size_t steps;
    int listener;
    int port;
    int wake[2]; /* closing the second end stops the thread */
    char url[64];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int fds[MAX_CONNECTIONS]; /* the thread's; -1: free */
    /* Under the lock. */
    int connections;
    int closes;
    int requests;
    char *texts[MAX_REQUESTS];
};

static int listen_on_loopback(int *port, int backlog)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(fd, backlog), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void count(http_server *server, int *counter)
{
    pthread_mutex_lock(&server->lock);
    ++*counter;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void close_connection(http_server *server, int *fd)
{
    close(*fd);
    *fd = -1;
    count(server, &server->closes);
}

static void reset_connection(http_server *server, int *fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};

    setsockopt(*fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close_connection(server, fd);
}

/* Bytes that the request in `text` has with its body, or 0 while its head is not whole. */
static size_t whole_size(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\ncontent-length:");

    if (end == NULL)
        return 0;
    return (size_t)(end + 4 - text) + (length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

/* NULL: the client went away before the request was whole. Bodies may be binary; the text is cut at their
 * first NUL then. */
static char *read_request(int fd, bool head_only)
{
    size_t size = 0;
    size_t capacity = 4096;
    char *text = malloc(capacity + 1);

    while (text != NULL) {
        ssize_t got = recv(fd, text + size, capacity - size, 0);
        if (got <= 0)
            break;
        size += (size_t)got;
        text[size] = '\0';
        if (whole_size(text) > 0 && (head_only || size >= whole_size(text)))
            return text;
        if (size == capacity) {
            capacity *= 2;
            text = realloc(text, capacity + 1);
        }
    }
    free(text);
    return NULL;
}

static void send_all(int fd, const char *bytes)
{
    size_t size = bytes != NULL ? strlen(bytes) : 0;

    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        size -= (size_t)sent;
    }
}

static void serve(http_server *server, int *fd)
{
    static const http_step lost = {HTTP_SEND_CLOSE, HTTP_ANSWER("500 Script Is Over", 0, "")};
    size_t number = (size_t)server->requests; /* only this thread writes it */
    const http_step *step = number < server->steps ? &server->script[number] : &lost;
    char *text = read_request(*fd, step->kind == HTTP_EARLY);

    if (text == NULL || number >= MAX_REQUESTS) {
        free(text);
        close_connection(server, fd);
        return;
    }
    server->texts[number] = text;
    send_all(*fd, step->bytes);
    if (step->kind == HTTP_SEND_CLOSE || step->kind == HTTP_EARLY)
        close_connection(server, fd);
    else if (step->kind == HTTP_RESET)
        reset_connection(server, fd);
    count(server, &server->requests);
}

static void take_connection(http_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

    for (int i = 0; fd >= 0 && i < MAX_CONNECTIONS; i++) {
        if (server->fds[i] >= 0)
            continue;
        server->fds[i] = fd;
        count(server, &server->connections);
        return;
    }
    close(fd);
}

static void *run(void *user)
{
    http_server *server = user;
    struct pollfd wait[MAX_CONNECTIONS + 2];

    for (;;) {
        wait[0] = (struct pollfd){server->wake[0], POLLIN, 0};
        wait[1] = (struct pollfd){server->listener, POLLIN, 0};
        for (int i = 0; i < MAX_CONNECTIONS; i++)
            wait[i + 2] = (struct pollfd){server->fds[i], POLLIN, 0};
        if (poll(wait, MAX_CONNECTIONS + 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (wait[0].revents != 0)
            return NULL;
        for (int i = 0; i < MAX_CONNECTIONS; i++)
            if (server->fds[i] >= 0 && wait[i + 2].revents != 0)
                serve(server, &server->fds[i]);
        if (wait[1].revents != 0)
            take_connection(server);
    }
}

http_server *http_server_start(const http_step *script, size_t steps)
{
    http_server *server = calloc(1, sizeof *server);

    ck_assert_ptr_nonnull(server);
    server->script = calloc(steps + 1, sizeof *script);
    ck_assert_ptr_nonnull(server->script);
    if (steps > 0) /* script may be NULL then */
        memcpy(server->script, script, steps * sizeof *script);
    server->steps = steps;
    server->listener = listen_on_loopback(&server->port, 16);
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        server->fds[i] = -1;
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/path", server->port);
    ck_assert_int_eq(pipe(server->wake), 0);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, run, server), 0);
    return server;
}

void http_server_stop(http_server *server)
{
    close(server->wake[1]);
    pthread_join(server->thread, NULL);
    for (int i = 0; i < MAX_CONNECTIONS; i++)
        if (server->fds[i] >= 0)
            close(server->fds[i]);
    for (int i = 0; i < server->requests; i++)
        free(server->texts[i]);
    close(server->listener);
    close(server->wake[0]);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server->script);
    free(server);
}

int http_server_port(const http_server *server)
{
    return server->port;
}

const char *http_server_url(const http_server *server)
{
    return server->url;
}

static int read_counter(http_server *server, const int *counter)
{
    int value;

    pthread_mutex_lock(&server->lock);
    value = *counter;
    pthread_mutex_unlock(&server->lock);
    return value;
}

int http_server_connections(http_server *server)
{
    return read_counter(server, &server->connections);
}

int http_server_requests(http_server *server)
{
    return read_counter(server, &server->requests);
}

const char *http_server_request(http_server *server, int n)
{
    ck_assert_int_lt(n, read_counter(server, &server->requests));
    return server->texts[n];
}

static void wait_for(http_server *server, const int *counter, int wanted)
{
    pthread_mutex_lock(&server->lock);
    while (*counter < wanted)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

void http_server_wait_requests(http_server *server, int wanted)
{
    wait_for(server, &server->requests, wanted);
}

void http_server_wait_closes(http_server *server, int wanted)
{
    wait_for(server, &server->closes, wanted);
}

void http_server_expect_requests(http_server *server, int count)
{
    http_server_wait_requests(server, count);
    ck_assert_int_eq(http_server_requests(server), count);
}

void http_server_expect_in_request(http_server *server, int n, const char *text)
{
    ck_assert_msg(strstr(http_server_request(server, n), text) != NULL, "no '%s' in %s", text,
                  http_server_request(server, n));
}

void http_hole_open(http_hole *hole)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    hole->listener = listen_on_loopback(&hole->port, 0);
    address.sin_port = htons((uint16_t)hole->port);
    for (size_t i = 0; i < sizeof hole->clients / sizeof hole->clients[0]; i++) {
        hole->clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        ck_assert_int_ge(hole->clients[i], 0);
        if (connect(hole->clients[i], (struct sockaddr *)&address, sizeof address) != 0)
            ck_assert_int_eq(errno, EINPROGRESS);
    }
}

void http_hole_close(http_hole *hole)
{
    for (size_t i = 0; i < sizeof hole->clients / sizeof hole->clients[0]; i++)
        close(hole->clients[i]);
    close(hole->listener);
}
