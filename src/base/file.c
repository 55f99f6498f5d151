#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/hash.h"
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

static int open_to_read(const char *path, int *fd, ldbx_error **error)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 && errno == ENOENT)
        return ldbx_fail(error, LDBX_NOT_FOUND, "%s: not found", path);
    return *fd >= 0 ? LDBX_OK : ldbx_file_fail(error, path, "opening");
}

int ldbx_file_read(const char *path, ldbx_buf *buf, ldbx_error **error)
{
    size_t old_size = buf->size;
    int status;
    int fd;

    if (buf->failed)
        return ldbx_fail_no_memory(error);
    LDBX_TRY(open_to_read(path, &fd, error));
    status = read_all(fd, path, buf, error);
    if (status != LDBX_OK)
        buf->size = old_size;
    close(fd);
    return status;
}

/* All the room is made before: a buffer that grows leaves its old memory behind, with the secrets in it. */
int ldbx_file_read_secret(const char *path, size_t max, ldbx_buf *buf, ldbx_error **error)
{
    ldbx_buf_init(buf, max);
    if (ldbx_buf_reserve(buf, max) == NULL)
        return ldbx_fail_no_memory(error);
    return ldbx_file_read(path, buf, error);
}

static int checksum(int fd, const char *path, uint8_t *space, const ldbx_cancel *cancel, int64_t *bytes,
                    uint32_t *crc32, ldbx_error **error)
{
    ssize_t count;

    *bytes = 0;
    *crc32 = 0;
    while ((count = read_some(fd, space, READ_SIZE)) > 0) {
        *bytes += count;
        *crc32 = ldbx_crc32(*crc32, space, (size_t)count);
        LDBX_TRY(ldbx_cancel_check(cancel, error));
    }
    return count == 0 ? LDBX_OK : ldbx_file_fail(error, path, "reading");
}

int ldbx_file_checksum(const char *path, const ldbx_cancel *cancel, int64_t *bytes, uint32_t *crc32, ldbx_error **error)
{
    uint8_t *space = NULL;
    int fd = -1;
    int status;

    LDBX_GO(open_to_read(path, &fd, error));
    space = ldbx_alloc(READ_SIZE);
    status = space == NULL ? ldbx_fail_no_memory(error) : checksum(fd, path, space, cancel, bytes, crc32, error);
out:
    ldbx_free(space);
    if (fd >= 0)
        close(fd);
    return status;
}

/* FOLDER/NAME gives FOLDER/.NAME.tmp. */
static int name_temporary(const char *path, char **out, ldbx_error **error)
{
    const char *slash = strrchr(path, '/');
    size_t folder_size = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    ldbx_buf name;

    ldbx_buf_init(&name, SIZE_MAX);
    ldbx_buf_append(&name, path, folder_size);
    ldbx_buf_byte(&name, '.');
    ldbx_buf_str(&name, path + folder_size);
    ldbx_buf_str(&name, ".tmp");
    *out = ldbx_buf_detach(&name);
    ldbx_buf_clear(&name);
    return *out != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int open_folder_of(const char *path, int *fd, ldbx_error **error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? ldbx_strdup(".") : ldbx_strndup(path, (size_t)(slash - path) + 1);

    if (folder == NULL)
        return ldbx_fail_no_memory(error);
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ldbx_free(folder);
    return *fd >= 0 ? LDBX_OK : ldbx_file_fail(error, path, "opening its folder");
}

/* Drafts. */

/*
 * The temporary name is always the same, so that a kill leaves at most one file a target and the next draft
 * removes it. Two who write a target are kept apart by a lock of theirs; without one the second takes the name away
 * from the first, which sees that it no longer names the file it wrote, and puts nothing in place (but for a
 * window of one system call, which is what the lock is for). The file stays open until then, or the second
 * could get its inode number.
 */
int ldbx_draft_open(ldbx_draft *draft, const char *path, mode_t mode, ldbx_error **error)
{
    *draft = (ldbx_draft){.fd = -1, .folder = -1};
    draft->path = ldbx_strdup(path);
    if (draft->path == NULL)
        return ldbx_fail_no_memory(error);
    LDBX_TRY(name_temporary(path, &draft->temporary, error));
    LDBX_TRY(open_folder_of(path, &draft->folder, error));
    unlink(draft->temporary);
    draft->fd = open(draft->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    return draft->fd >= 0 ? LDBX_OK : ldbx_file_fail(error, path, "creating a file beside it");
}

int ldbx_draft_write(ldbx_draft *draft, int64_t offset, ldbx_view content, ldbx_error **error)
{
    while (content.size > 0) {
        ssize_t count = pwrite(draft->fd, content.data, content.size, offset);
        if (count < 0 && errno != EINTR)
            return ldbx_file_fail(error, draft->path, "writing");
        if (count > 0) {
            content.data += count;
            content.size -= (size_t)count;
            offset += count;
        }
    }
    return LDBX_OK;
}

static bool is_name_of(const char *path, int fd)
{
    struct stat named, opened;

    return lstat(path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino &&
           named.st_dev == opened.st_dev;
}

/* A network file system may know only the second way. */
static int rename_to_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
        return -1;
    return link(from, to) == 0 ? unlink(from) : -1;
}

/* Some file systems cannot sync a folder; that is no failure of ours. */
static int sync_folder(int fd)
{
    return fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
}

int ldbx_draft_place(ldbx_draft *draft, bool replace, ldbx_error **error)
{
    const char *from = draft->temporary;
    const char *to = draft->path;

    if (fsync(draft->fd) != 0)
        return ldbx_file_fail(error, to, "writing");
    if (!is_name_of(from, draft->fd))
        return ldbx_fail(error, LDBX_CONFLICT, "%s: is being written by somebody else too", to);
    if ((replace ? rename(from, to) : rename_to_new(from, to)) != 0) {
        if (!replace && errno == EEXIST)
            return ldbx_fail(error, LDBX_CONFLICT, "%s: exists already", to);
        return ldbx_file_fail(error, to, replace ? "replacing" : "giving it its name");
    }
    if (sync_folder(draft->folder) != 0)
        return ldbx_file_fail(error, to, "it is there, but syncing its folder");
    return LDBX_OK;
}

void ldbx_draft_close(ldbx_draft *draft)
{
    if (draft->fd >= 0 && is_name_of(draft->temporary, draft->fd))
        unlink(draft->temporary);
    if (draft->fd >= 0)
        close(draft->fd); /* what it could report, fsync has reported */
    if (draft->folder >= 0)
        close(draft->folder);
    ldbx_free(draft->temporary);
    ldbx_free(draft->path);
    *draft = (ldbx_draft){.fd = -1, .folder = -1};
}

int ldbx_file_replace(const char *path, ldbx_view content, ldbx_error **error)
{
    ldbx_draft draft;
    int status;

    LDBX_GO(ldbx_draft_open(&draft, path, 0600, error));
    LDBX_GO(ldbx_draft_write(&draft, 0, content, error));
    LDBX_GO(ldbx_draft_place(&draft, true, error));
out:
    ldbx_draft_close(&draft);
    return status;
}

static int remove_one(const char *path, ldbx_error **error)
{
    if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
        return LDBX_OK;
    return ldbx_file_fail(error, path, "removing");
}

int ldbx_file_remove(const char *path, ldbx_error **error)
{
    char *temporary = NULL;
    int status;

    LDBX_GO(remove_one(path, error));
    LDBX_GO(name_temporary(path, &temporary, error));
    LDBX_GO(remove_one(temporary, error));
out:
    ldbx_free(temporary);
    return status;
}

/* Folders. */

/* One level; its parent is synced, or a crash of the machine could take the folder with all that is in it. */
static int make_level(ldbx_buf *path, ldbx_error **error)
{
    const char *text = ldbx_buf_cstr(path);
    size_t size = path->size;
    int status;

    if (text == NULL)
        return ldbx_fail_no_memory(error);
    if (mkdir(text, 0777) != 0)
        return errno == EEXIST ? LDBX_OK : ldbx_file_fail(error, text, "making the folder");
    ldbx_buf_str(path, "/..");
    text = ldbx_buf_cstr(path);
    status = text == NULL ? ldbx_fail_no_memory(error) : ldbx_folder_sync(text, error);
    path->size = size;
    return status;
}

int ldbx_folder_make(const char *path, ldbx_error **error)
{
    struct stat facts;
    ldbx_buf level;
    int status = LDBX_OK;

    ldbx_buf_init(&level, LDBX_MAX_DOCUMENT);
    for (const char *at = path; *at != '\0'; at++) {
        ldbx_buf_byte(&level, (uint8_t)*at);
        if (*at != '/' && (at[1] == '/' || at[1] == '\0'))
            LDBX_GO(make_level(&level, error));
    }
    if (stat(path, &facts) != 0)
        status = ldbx_file_fail(error, path, "looking at the folder");
    else if (!S_ISDIR(facts.st_mode))
        status = ldbx_fail(error, LDBX_IO, "%s: not a folder", path);
out:
    ldbx_buf_clear(&level);
    return status;
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
