/* Staged files in a directory that the warehouse sees too. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "stage/stager.h"

#define BLOCK_BYTES ((int64_t)1 << 20) /* the disk is what is waited for: larger ones are not faster */
#define PARALLEL    2                  /* one writes while another waits for the disk */

typedef struct directory {
    char *path;        /* real, hence absolute */
    ldbx_lock folders; /* held where one is needed or goes: it must not go before the file is in it */
} directory;

/* *out is freed by the caller. */
static int path_of(const directory *us, const char *name, char **out, ldbx_error **error)
{
    ldbx_buf path;

    ldbx_buf_init(&path, LDBX_MAX_DOCUMENT);
    ldbx_buf_printf(&path, "%s/%s", us->path, name);
    *out = ldbx_buf_detach(&path);
    ldbx_buf_clear(&path);
    return *out != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int open_draft(directory *us, const char *name, ldbx_draft *draft, ldbx_error **error)
{
    char *path = NULL;
    char *slash;
    int status;

    *draft = (ldbx_draft){.fd = -1, .folder = -1};
    LDBX_TRY(path_of(us, name, &path, error));
    ldbx_lock_take(&us->folders);
    slash = strrchr(path, '/');
    *slash = '\0';
    LDBX_GO(ldbx_folder_make(path, error));
    *slash = '/';
    /* The warehouse reads it as another user. */
    status = ldbx_draft_open(draft, path, 0666, error);
out:
    ldbx_lock_give(&us->folders);
    ldbx_free(path);
    return status;
}

static int check_path(const char *path, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error)
{
    struct stat facts;
    int64_t bytes_now;
    uint32_t crc32_now;

    if (stat(path, &facts) == 0 && (int64_t)facts.st_size != bytes)
        return ldbx_fail(error, LDBX_INVALID_DATA, "%s: has %" PRId64 " bytes instead of %" PRId64, path,
                         (int64_t)facts.st_size, bytes);
    LDBX_TRY(ldbx_file_checksum(path, cancel, &bytes_now, &crc32_now, error));
    if (bytes_now != bytes || crc32_now != crc32)
        return ldbx_fail(error, LDBX_INVALID_DATA, "%s: was changed (its checksum does not match)", path);
    return LDBX_OK;
}

/* A name that exists with the same bytes is what an earlier call of the same left. */
static int compare(const char *path, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error)
{
    int status = check_path(path, bytes, crc32, cancel, error);

    if (status == LDBX_INVALID_DATA)
        return ldbx_fail(error, LDBX_CONFLICT, "%s: exists already, with other bytes", path);
    return status;
}

static int place(ldbx_draft *draft, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error)
{
    struct stat facts;
    ldbx_error *conflict = NULL;
    int status;

    if (fstat(draft->fd, &facts) != 0)
        return ldbx_file_fail(error, draft->path, "looking at its length");
    if ((int64_t)facts.st_size != bytes)
        return ldbx_fail(error, LDBX_INVALID_DATA, "%s: %" PRId64 " bytes were written instead of %" PRId64,
                         draft->path, (int64_t)facts.st_size, bytes);
    status = ldbx_draft_place(draft, false, &conflict);
    if (status == LDBX_CONFLICT && access(draft->path, F_OK) == 0) {
        ldbx_error_destroy(conflict);
        return compare(draft->path, bytes, crc32, cancel, error);
    }
    ldbx_error_move(error, &conflict);
    return status;
}

static int directory_put(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                         ldbx_error **error)
{
    ldbx_draft draft;
    int status;

    LDBX_GO(open_draft(user, name, &draft, error));
    LDBX_GO(ldbx_draft_write(&draft, 0, content, error));
    status = place(&draft, (int64_t)content.size, crc32, cancel, error);
out:
    ldbx_draft_close(&draft);
    return status;
}

static int directory_begin(void *user, const char *name, void **transfer, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_draft *draft = ldbx_alloc(sizeof *draft);
    int status;

    (void)cancel;
    if (draft == NULL)
        return ldbx_fail_no_memory(error);
    LDBX_GO(open_draft(user, name, draft, error));
    *transfer = draft;
    return LDBX_OK;
out:
    ldbx_draft_close(draft);
    ldbx_free(draft);
    return status;
}

static int directory_block(void *user, void *transfer, int64_t index, ldbx_view content, uint32_t crc32,
                           ldbx_cancel *cancel, ldbx_error **error)
{
    (void)user;
    (void)crc32;
    (void)cancel;
    return ldbx_draft_write(transfer, index * BLOCK_BYTES, content, error);
}

static void directory_abandon(void *user, void *transfer)
{
    (void)user;
    ldbx_draft_close(transfer);
    ldbx_free(transfer);
}

static int directory_finish(void *user, void *transfer, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel,
                            ldbx_error **error)
{
    int status = place(transfer, bytes, crc32, cancel, error);

    directory_abandon(user, transfer);
    return status;
}

/* path becomes that of the folder that stays, which is what must be synced. */
static void remove_empty_folders(const directory *us, char *path)
{
    char *slash = strrchr(path, '/');

    *slash = '\0';
    while (slash > path + strlen(us->path) && (rmdir(path) == 0 || errno == ENOENT || errno == ENOTDIR)) {
        slash = strrchr(path, '/');
        *slash = '\0';
    }
}

static int directory_remove(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **error)
{
    directory *us = user;
    char *path = NULL;
    int status;

    (void)cancel;
    LDBX_TRY(path_of(us, name, &path, error));
    ldbx_lock_take(&us->folders);
    LDBX_GO(ldbx_file_remove(path, error));
    remove_empty_folders(us, path);
    status = ldbx_folder_sync(path, error);
out:
    ldbx_lock_give(&us->folders);
    ldbx_free(path);
    return status;
}

static int directory_check(void *user, const char *name, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel,
                           ldbx_error **error)
{
    char *path = NULL;
    int status;

    LDBX_TRY(path_of(user, name, &path, error));
    status = check_path(path, bytes, crc32, cancel, error);
    ldbx_free(path);
    return status;
}

static void directory_destroy(void *user)
{
    directory *us = user;

    ldbx_lock_clear(&us->folders);
    ldbx_free(us->path);
    ldbx_free(us);
}

/* The real path, since links and the working folder may change; looked at now, not when hours of rows are there. */
static int find_root(const char *given, char **out, ldbx_error **error)
{
    char *real;

    LDBX_TRY(ldbx_folder_make(given, error));
    if (access(given, R_OK | W_OK | X_OK) != 0)
        return ldbx_file_fail(error, given, "writing to the folder");
    real = realpath(given, NULL);
    if (real == NULL)
        return ldbx_file_fail(error, given, "finding its real path");
    *out = ldbx_strdup(real);
    free(real);
    if (*out == NULL)
        return ldbx_fail_no_memory(error);
    if (strcmp(*out, "/") == 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s: the root of all files is no place for staged ones", given);
    return LDBX_OK;
}

static int make_stager(directory *us, const char *url, ldbx_stager **out, ldbx_error **error)
{
    static const ldbx_stager_ops ops = {.size = sizeof ops,
                                        .put = directory_put,
                                        .remove = directory_remove,
                                        .begin = directory_begin,
                                        .block = directory_block,
                                        .finish = directory_finish,
                                        .abandon = directory_abandon,
                                        .check = directory_check,
                                        .destroy = directory_destroy};
    ldbx_stager_options options;
    ldbx_buf address;
    int status;

    ldbx_buf_init(&address, LDBX_MAX_DOCUMENT);
    ldbx_buf_printf(&address, "file:%s", us->path);
    ldbx_stager_options_init(&options, sizeof options);
    options.url = url != NULL ? url : ldbx_buf_cstr(&address);
    options.block_bytes = BLOCK_BYTES;
    options.parallel = PARALLEL;
    status = address.failed ? ldbx_fail_no_memory(error) : ldbx_stager_new(&ops, &options, us, out, error);
    ldbx_buf_clear(&address);
    return status;
}

int ldbx_stager_open_directory(const char *path, const char *url, ldbx_stager **out, ldbx_error **error)
{
    directory *us = NULL;
    int status;

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    if (path == NULL || *path == '\0')
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "path of the stager is empty");
    us = ldbx_calloc(1, sizeof *us);
    if (us == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_lock_init(&us->folders);
    LDBX_GO(find_root(path, &us->path, error));
    LDBX_GO(make_stager(us, url, out, error));
    us = NULL;
out:
    if (us != NULL)
        directory_destroy(us);
    return status;
}
