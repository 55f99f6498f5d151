/*
 * What no client can beat: asks for the same pages, one after the other on one connection, and drops what comes.
 *
 *   floor SQL ROWS ROWS-A-PAGE
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report.h"
#include "wire/tcli.h"

static char received[16 << 10], dropped[256 << 10];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int connect_to(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("floor: cannot connect");
    return fd;
}

static void post(int fd, const ldbx_buf *body)
{
    char head[256];
    int size = snprintf(head, sizeof head,
                        "POST /sql/1.0/warehouses/sandbox HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n",
                        body->size);

    if (send(fd, head, (size_t)size, MSG_MORE) != size || send(fd, body->data, body->size, 0) != (ssize_t)body->size)
        fail("floor: cannot send");
}

/* Reads one answer; its beginning, as far as it came with the head, stays in `received`. */
static ldbx_view drain(int fd)
{
    ssize_t got = 0, more;
    const char *end, *length;
    size_t left;

    do {
        more = recv(fd, received + got, sizeof received - 1 - (size_t)got, 0);
        if (more <= 0)
            fail("floor: cannot receive");
        got += more;
        received[got] = '\0';
    } while ((end = strstr(received, "\r\n\r\n")) == NULL);
    length = strstr(received, "Content-Length: ");
    if (strncmp(received, "HTTP/1.1 200", 12) != 0 || length == NULL)
        fail("floor: a bad answer");
    left = strtoul(length + 16, NULL, 10);
    end += 4;
    ldbx_view body = {end, (size_t)(received + got - end)};
    for (left -= body.size; left > 0; left -= (size_t)more) {
        more = recv(fd, dropped, left < sizeof dropped ? left : sizeof dropped, 0);
        if (more <= 0)
            fail("floor: cannot receive");
    }
    return body;
}

/* The server's handles: 16 bytes after this mark's begin, and a secret that it does not look at. */
static void find_operation(ldbx_view answer, ldbx_tcli_handle *out)
{
    const char *at = memmem(answer.data, answer.size, "canned@", 7);

    if (at == NULL)
        fail("floor: no operation in the answer");
    *out = (ldbx_tcli_handle){.secret_size = 16, .has_result_set = true};
    memcpy(out->guid, at, sizeof out->guid);
}

int main(int argc, char **argv)
{
    ldbx_tcli_execute execute = {.arrow = true};
    ldbx_tcli_handle handle = {.secret_size = 16};
    ldbx_buf request;
    const char *port = getenv("DATABRICKS_PORT");
    int fd;
    long rows, step;

    if (argc != 4 || port == NULL)
        return 2;
    fd = connect_to(port);
    rows = strtol(argv[2], NULL, 10);
    step = strtol(argv[3], NULL, 10);
    execute.max_rows = step;
    execute.statement = (ldbx_view){argv[1], strlen(argv[1])};
    ldbx_buf_init(&request, LDBX_MAX_SQL);
    report_begin();
    ldbx_tcli_write_execute(&request, 1, &handle, &execute);
    post(fd, &request);
    find_operation(drain(fd), &handle);
    for (long row = step; row < rows; row += step) {
        ldbx_tcli_fetch fetch = {.max_rows = step, .start_row = row};
        ldbx_buf_reset(&request);
        ldbx_tcli_write_fetch(&request, 1, &handle, &fetch);
        post(fd, &request);
        drain(fd);
    }
    report_stop();
    report_print(rows);
    ldbx_buf_clear(&request);
    close(fd);
    return 0;
}
