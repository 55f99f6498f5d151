#include "output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES ((size_t)64 << 10)

/* A pipe may have been made non-blocking by whoever shares it; polling also lets a signal end the wait. */
static int wait_for_reader(int fd, const ldbx_cancel *cancel)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

    while (poll(&poll_fd, 1, 200) <= 0)
        if (ldbx_cancel_is_triggered(cancel))
            return EINTR;
    return 0;
}

int cli_write(int fd, const char *data, size_t size, const ldbx_cancel *cancel)
{
    int failure = 0;

    while (size > 0 && failure == 0) {
        ssize_t written = write(fd, data, size);
        if (written >= 0) {
            data += written;
            size -= (size_t)written;
            if (size > 0 && ldbx_cancel_is_triggered(cancel))
                failure = EINTR; /* a signal cut the write short; the rest would wait again */
        } else if (errno == EAGAIN) {
            failure = wait_for_reader(fd, cancel);
        } else if (errno != EINTR || ldbx_cancel_is_triggered(cancel)) {
            failure = errno;
        }
    }
    return failure;
}

void cli_output_flush(cli_output *output)
{
    if (output->error == 0 && output->buffer.failed)
        output->error = ENOMEM;
    if (output->error == 0)
        output->error = cli_write(output->fd, cli_text_get(&output->buffer), output->buffer.size, output->cancel);
    cli_text_reset(&output->buffer);
}

void cli_output_add(cli_output *output, const char *data, size_t size)
{
    cli_text_add(&output->buffer, data, size);
    if (output->buffer.size >= BUFFER_BYTES || output->buffer.failed)
        cli_output_flush(output);
}

void cli_output_str(cli_output *output, const char *text)
{
    cli_output_add(output, text, strlen(text));
}

void cli_output_clear(cli_output *output)
{
    cli_text_clear(&output->buffer);
}
