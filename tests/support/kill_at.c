/*
 * Preloaded into a program: kills it at the n-th step (LDBX_KILL_AT, from 1) of its work on files. A step is half of a write,
 * and the moments before and after a file is given its name.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_due(void)
{
    static atomic_int steps;
    const char *wanted = getenv("LDBX_KILL_AT");

    return wanted != NULL && atomic_fetch_add(&steps, 1) + 1 == atoi(wanted);
}

static void die_if_due(void)
{
    if (is_due())
        raise(SIGKILL);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    if (is_due()) {
        syscall(SYS_pwrite64, fd, bytes, size / 2, offset);
        raise(SIGKILL);
    }
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    int result;

    die_if_due();
    result = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    die_if_due();
    return result;
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}
