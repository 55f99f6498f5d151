/* sandbox-canned FOLDER PORT PORT-FILE LATENCY MBPS FORM: started by `scripts/sandbox --canned`, which explains the options. */
#include "canned.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static answers all;
static pace how;

static void *serve(void *argument)
{
    connection_serve((int)(intptr_t)argument, &all, &how);
    return NULL;
}

static int listen_on(int port, int *got)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("sandbox-canned: cannot listen");
        exit(1);
    }
    *got = ntohs(address.sin_port);
    return fd;
}

/* Renamed into place, so that whoever sees the file can read the number. */
static void announce(const char *path, int port)
{
    char partial[4096];
    FILE *file;

    snprintf(partial, sizeof partial, "%s.partial", path);
    file = fopen(partial, "w");
    if (file == NULL || fprintf(file, "%d", port) < 0 || fclose(file) != 0 || rename(partial, path) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int listener, port;

    if (argc != 7) {
        fprintf(stderr, "usage: sandbox-canned FOLDER PORT PORT-FILE LATENCY MBPS FORM\n");
        return 2;
    }
    answers_load(&all, argv[1], argv[6]);
    how = (pace){strtol(argv[4], NULL, 10), strtol(argv[5], NULL, 10) * 1000000};
    listener = listen_on(atoi(argv[2]), &port);
    printf("sandbox ready at http://127.0.0.1:%d/sql/1.0/warehouses/sandbox (canned)\n", port);
    fflush(stdout);
    if (argv[3][0] != '\0')
        announce(argv[3], port);
    for (;;) {
        int on = 1, fd = accept(listener, NULL, NULL);
        pthread_t thread;
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
        else
            close(fd);
    }
}
