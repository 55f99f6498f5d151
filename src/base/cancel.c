#include "base/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

struct ldbx_cancel {
    atomic_int triggered;
    int read_fd; /* the byte that trigger writes is never read, so it stays readable */
    int write_fd;
};

static int open_pipe(int fds[2])
{
#ifdef __linux__
    return pipe2(fds, O_CLOEXEC | O_NONBLOCK);
#else
    if (pipe(fds) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(fds[i], F_SETFD, FD_CLOEXEC);
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
#endif
}

int ldbx_cancel_new(ldbx_cancel **out, ldbx_error **error)
{
    ldbx_cancel *cancel;
    char reason[128];
    int fds[2];

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    cancel = ldbx_calloc(1, sizeof *cancel);
    if (cancel == NULL)
        return ldbx_fail_no_memory(error);
    if (open_pipe(fds) != 0) {
        ldbx_fail(error, LDBX_IO, "cancel token: %s", ldbx_errno_text(errno, reason));
        ldbx_free(cancel);
        return LDBX_IO;
    }
    atomic_init(&cancel->triggered, 0);
    cancel->read_fd = fds[0];
    cancel->write_fd = fds[1];
    *out = cancel;
    return LDBX_OK;
}

void ldbx_cancel_destroy(ldbx_cancel *cancel)
{
    if (cancel == NULL)
        return;
    close(cancel->read_fd);
    close(cancel->write_fd);
    ldbx_free(cancel);
}

void ldbx_cancel_trigger(ldbx_cancel *cancel)
{
    int saved = errno; /* the code that a signal interrupted may be about to read it */
    ssize_t written;

    if (cancel != NULL && atomic_exchange(&cancel->triggered, 1) == 0) {
        do
            written = write(cancel->write_fd, "!", 1);
        while (written < 0 && errno == EINTR);
    }
    errno = saved;
}

int ldbx_cancel_is_triggered(const ldbx_cancel *cancel)
{
    return cancel != NULL && atomic_load(&cancel->triggered);
}

int ldbx_cancel_fd(const ldbx_cancel *cancel)
{
    return cancel != NULL ? cancel->read_fd : -1;
}

int ldbx_cancel_check(const ldbx_cancel *cancel, ldbx_error **error)
{
    if (ldbx_cancel_is_triggered(cancel))
        return ldbx_fail(error, LDBX_CANCELLED, "cancelled");
    return LDBX_OK;
}
