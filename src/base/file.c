#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

#define READ_SIZE ((size_t)64 << 10)

int ldbx_file_fail(ldbx_error **error, const char *path, const char *action)
{
    char reason[128];

    return ldbx_fail(error, LDBX_IO, "%s: %s: %s", path, action, ldbx_errno_text(errno, reason));
}

/* -1: failed, errno says why. */
static ssize_t read_some(int fd, void *to, size_t size)
{
    ssize_t count;

    do
        count = read(fd, to, size);
    while (count < 0 && errno == EINTR);
    return count;
}

/* One byte beyond the room is asked for, so that a file of exactly the right size passes. */
static int read_all(int fd, const char *path, ldbx_buf *buf, ldbx_error **error)
{
    uint8_t surplus;
    ssize_t count;

    for (;;) {
        size_t room = buf->max - buf->size;
        size_t size = room < READ_SIZE ? room : READ_SIZE;
        uint8_t *to = size > 0 ? ldbx_buf_reserve(buf, size) : &surplus;
        if (to == NULL)
            return ldbx_fail_no_memory(error);
        count = read_some(fd, to, size > 0 ? size : 1);
        if (count < 0)
            return ldbx_file_fail(error, path, "reading");
        if (count == 0)
            return LDBX_OK;
        if (size == 0)
            return ldbx_fail(error, LDBX_IO, "%s: larger than %zu bytes", path, buf->max);
        buf->size += (size_t)count;
    }
}

int ldbx_file_read(const char *path, ldbx_buf *buf, ldbx_error **error)
{
    size_t old_size = buf->size;
    int status;
    int fd;

    if (buf->failed)
        return ldbx_fail_no_memory(error);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ldbx_fail(error, LDBX_NOT_FOUND, "%s: not found", path);
    if (fd < 0)
        return ldbx_file_fail(error, path, "opening");
    status = read_all(fd, path, buf, error);
    if (status != LDBX_OK)
        buf->size = old_size;
    close(fd);
    return status;
}

static int write_all(int fd, ldbx_view content)
{
    while (content.size > 0) {
        ssize_t count = write(fd, content.data, content.size);
        if (count < 0 && errno != EINTR)
            return -1;
        if (count > 0) {
            content.data += count;
            content.size -= (size_t)count;
        }
    }
    return 0;
}

static bool is_name_of(const char *path, int fd)
{
    struct stat named, opened;

    return lstat(path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}

/*
 * The temporary name is always the same, so that a kill leaves at most one file a target and the next replace
 * removes it. Two who replace a target are kept apart by its lock; without one the second takes the name away
 * from the first, which sees that it no longer names the file it wrote, and puts nothing in place (but for a
 * window of one system call, which is what the lock is for). The file stays open until then, or the second
 * could get its inode number.
 */
static int write_and_rename(const char *temporary, const char *path, ldbx_view content, ldbx_error **error)
{
    int status = LDBX_OK;
    int fd;

    unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ldbx_file_fail(error, path, "creating a file beside it");
    if (write_all(fd, content) != 0 || fsync(fd) != 0)
        status = ldbx_file_fail(error, path, "writing");
    else if (!is_name_of(temporary, fd))
        status = ldbx_fail(error, LDBX_CONFLICT, "%s: is being replaced by somebody else too", path);
    else if (rename(temporary, path) != 0)
        status = ldbx_file_fail(error, path, "replacing");
    if (status != LDBX_OK && is_name_of(temporary, fd))
        unlink(temporary);
    close(fd); /* what it could report, fsync has reported */
    return status;
}

/* FOLDER/NAME gives FOLDER/.NAME.tmp. */
static int name_temporary(const char *path, char **folder, char **temporary, ldbx_error **error)
{
    const char *slash = strrchr(path, '/');
    size_t folder_size = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    ldbx_buf name;

    *folder = slash == NULL ? ldbx_strdup(".") : ldbx_strndup(path, folder_size);
    ldbx_buf_init(&name, SIZE_MAX);
    ldbx_buf_append(&name, path, folder_size);
    ldbx_buf_byte(&name, '.');
    ldbx_buf_str(&name, path + folder_size);
    ldbx_buf_str(&name, ".tmp");
    *temporary = ldbx_buf_detach(&name);
    ldbx_buf_clear(&name);
    return *folder == NULL || *temporary == NULL ? ldbx_fail_no_memory(error) : LDBX_OK;
}

/* Some file systems cannot sync a folder; that is no failure of ours. */
static int sync_folder(int fd)
{
    return fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
}

int ldbx_folder_sync(const char *path, ldbx_error **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = LDBX_OK;

    if (fd < 0)
        return ldbx_file_fail(error, path, "opening");
    if (sync_folder(fd) != 0)
        status = ldbx_file_fail(error, path, "syncing");
    close(fd);
    return status;
}

int ldbx_file_replace(const char *path, ldbx_view content, ldbx_error **error)
{
    char *folder = NULL;
    char *temporary = NULL;
    int folder_fd = -1;
    int status;

    LDBX_GO(name_temporary(path, &folder, &temporary, error));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0) {
        status = ldbx_file_fail(error, path, "opening its folder");
        goto out;
    }
    LDBX_GO(write_and_rename(temporary, path, content, error));
    if (sync_folder(folder_fd) != 0)
        status = ldbx_file_fail(error, path, "replaced, but syncing its folder");
out:
    if (folder_fd >= 0)
        close(folder_fd);
    ldbx_free(temporary);
    ldbx_free(folder);
    return status;
}
