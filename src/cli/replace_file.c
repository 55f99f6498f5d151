#include "replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

void cli_folder_of(const char *path, cli_text *folder)
{
    const char *slash = strrchr(path, '/');

    if (slash != NULL)
        cli_text_add(folder, path, (size_t)(slash - path) + 1);
    cli_text_str(folder, ".");
}

/* Creates, fills and closes. */
static int write_file(const char *path, int flags, const cli_text *content)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
    int failure = fd < 0 ? errno : cli_write(fd, cli_text_get(content), content->size, NULL);

    if (failure == 0 && fsync(fd) != 0 && errno != EINVAL)
        failure = errno;
    if (fd >= 0 && close(fd) != 0 && failure == 0)
        failure = errno;
    return failure;
}

int cli_sync_folder(const char *path)
{
    cli_text folder = {0};
    int fd, failure = 0;

    cli_folder_of(path, &folder);
    fd = open(cli_text_get(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        failure = errno;
    if (fd >= 0)
        close(fd);
    cli_text_clear(&folder);
    return failure;
}

static int replace(const char *path, const cli_text *content)
{
    cli_text temporary = {0};
    int failure;

    cli_text_format(&temporary, "%s.%ld.tmp", path, (long)getpid());
    if (temporary.failed)
        return ENOMEM;
    unlink(cli_text_get(&temporary)); /* of a process that had our number and was killed */
    failure = write_file(cli_text_get(&temporary), O_CREAT | O_EXCL, content);
    if (failure == 0 && rename(cli_text_get(&temporary), path) != 0)
        failure = errno;
    if (failure != 0)
        unlink(cli_text_get(&temporary));
    else
        failure = cli_sync_folder(path);
    cli_text_clear(&temporary);
    return failure;
}

/* /dev/stdout may lead to a regular file, which others are writing to as well. */
bool cli_is_replaced(const char *path)
{
    struct stat info;
    return strncmp(path, "/dev/", 5) != 0 && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
}

int cli_replace_file(const char *path, const cli_text *content)
{
    char *real;
    int failure;

    if (content->failed)
        return ENOMEM;
    if (!cli_is_replaced(path))
        return write_file(path, O_APPEND, content);
    real = realpath(path, NULL); /* a link stays one; NULL: there is no such file yet */
    failure = replace(real != NULL ? real : path, content);
    free(real);
    return failure;
}
