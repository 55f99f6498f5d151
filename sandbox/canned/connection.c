#include "canned.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_REQUEST (1 << 20)
#define PACED_BYTES ((size_t)64 << 10) /* sent at once when the pace is limited */

typedef struct connection {
    int fd;
    const answers *all;
    const pace *pace;
    char *bytes; /* of the request in work, and what follows it */
    size_t size;
} connection;

static void sleep_until(struct timespec at, int64_t us)
{
    at.tv_sec += us / 1000000;
    at.tv_nsec += us % 1000000 * 1000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static struct timespec now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return at;
}

static bool receive(connection *client)
{
    ssize_t got;

    if (client->size >= MAX_REQUEST)
        return false;
    do
        got = recv(client->fd, client->bytes + client->size, MAX_REQUEST - client->size, 0);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    client->size += (size_t)got;
    client->bytes[client->size] = '\0';
    return true;
}

/* Sizes of the next request's head and body. */
static bool await_request(connection *client, size_t *head, size_t *body)
{
    const char *end, *length;

    while ((end = strstr(client->bytes, "\r\n\r\n")) == NULL)
        if (!receive(client))
            return false;
    *head = (size_t)(end - client->bytes) + 4;
    length = strcasestr(client->bytes, "\r\nContent-Length:");
    *body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    if (*body >= MAX_REQUEST - *head)
        return false;
    while (client->size < *head + *body)
        if (!receive(client))
            return false;
    return true;
}

static bool send_bytes(int fd, const void *data, size_t size, int flags)
{
    const char *at = data;

    while (size > 0) {
        ssize_t sent = send(fd, at, size, flags | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* The rest of an answer, straight from the file; with a pace, in small parts that keep to it from the first byte on. */
static bool send_file(const connection *client, const answer *from)
{
    struct timespec began = now();
    off_t at = HEAD_BYTES;

    while ((size_t)at < from->size) {
        size_t part = from->size - (size_t)at;
        ssize_t sent;
        if (client->pace->bytes_per_s > 0) {
            part = part < PACED_BYTES ? part : PACED_BYTES;
            sleep_until(began, (int64_t)((uint64_t)at * 1000000 / (uint64_t)client->pace->bytes_per_s));
        }
        sent = sendfile(client->fd, from->fd, &at, part);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
    }
    return true;
}

static void put(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

static void fill_in(const reply *what, int32_t seqid, uint8_t *head)
{
    const answer *from = what->from;

    put(head + from->seqid_at, (uint32_t)seqid, 4);
    if (from->operation_at > 0)
        put(head + from->operation_at, what->operation, 6);
    if (from->start_at > 0) {
        put(head + from->start_at, (uint64_t)what->start, 8);
        head[from->start_at - 7] = what->more; /* before it: two field headers of three bytes */
    }
}

static bool send_reply(const connection *client, const reply *what, int32_t seqid)
{
    char bytes[256 + HEAD_BYTES];
    size_t in_head = what->from->size < HEAD_BYTES ? what->from->size : HEAD_BYTES;
    bool all = in_head == what->from->size;
    int size = snprintf(
        bytes, 256,
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift; protocol=TBINARY\r\nContent-Length: %zu\r\n\r\n",
        what->from->size);
    uint8_t *head = (uint8_t *)bytes + size;

    memcpy(head, what->from->head, in_head);
    fill_in(what, seqid, head);
    return send_bytes(client->fd, bytes, (size_t)size + in_head, all ? 0 : MSG_MORE) &&
           (all || send_file(client, what->from));
}

static bool refuse(const connection *client, const char *status)
{
    char text[256];
    int size = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);

    return send_bytes(client->fd, text, (size_t)size, 0);
}

/* Clusters are told from warehouses by their path, as in the sandbox: they send frames without checksums. */
static bool answer_request(const connection *client, size_t head, size_t body)
{
    bool cluster = strncmp(client->bytes, "POST /sql/protocolv1/", 21) == 0;
    ldbx_view thrift = {client->bytes + head, body};
    request asked;
    reply what;

    if (!cluster && strncmp(client->bytes, "POST /sql/1.0/", 14) != 0)
        return refuse(client, "404 Not Found");
    if (!request_read(thrift, &asked))
        return refuse(client, "400 Bad Request");
    asked.cluster = cluster;
    if (client->pace->latency_ms > 0)
        sleep_until(now(), client->pace->latency_ms * 1000);
    /* An answer made up here would be measured as if the service had given it. */
    if (!service_answer(client->all, &asked, &what)) {
        fprintf(stderr, "sandbox-canned: nothing is prepared for %.*s %.*s\n", (int)asked.call.size, asked.call.data,
                (int)asked.text.size, asked.text.data != NULL ? asked.text.data : "");
        return refuse(client, "501 Not Implemented");
    }
    return send_reply(client, &what, asked.seqid);
}

void connection_serve(int fd, const answers *all, const pace *how)
{
    connection client = {.fd = fd, .all = all, .pace = how, .bytes = calloc(1, MAX_REQUEST + 1)};
    size_t head, body;

    while (client.bytes != NULL && await_request(&client, &head, &body) && answer_request(&client, head, body)) {
        client.size -= head + body;
        memmove(client.bytes, client.bytes + head + body, client.size + 1);
    }
    free(client.bytes);
    close(fd);
}
