/*
 * A folder with two files a key: KEY.json, one header line and the document, and KEY.lock, which the runner
 * holds.
 *
 * The header carries key, revision, length and a checksum over all of it, so that a file that was cut,
 * damaged, edited or renamed is told from a good one. Both lines are JSON, for jq and for eyes.
 */
#include <lytics_dbx/store.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define FORMAT       1
#define MAX_NAME     250 /* bytes of a file name on every file system we may meet, less those of .NAME.tmp */
#define HEADER_SPACE ((size_t)4096)

/* A lock is the open file; it goes with the store. */
typedef struct lock {
    struct lock *next;
    int fd;
    char key[];
} lock;

typedef struct directory {
    char *path;
    bool writable;
    lock *locks;
    ldbx_error *last; /* owns the message that a hook hands out */
} directory;

/* Bytes that a file system may treat specially, upper case among them, are percent-encoded. */
static void put_safe_name(ldbx_buf *name, const char *key)
{
    for (; *key != '\0'; key++)
        if ((*key >= 'a' && *key <= 'z') || (*key >= '0' && *key <= '9') || *key == '-' || *key == '_')
            ldbx_buf_byte(name, (uint8_t)*key);
        else
            ldbx_buf_printf(name, "%%%02x", (unsigned)(unsigned char)*key);
}

/* *out is freed by the caller. */
static int make_path(const directory *store, const char *key, const char *suffix, char **out, ldbx_error **error)
{
    size_t folder_size = strlen(store->path) + 1;
    ldbx_buf path;
    int status = LDBX_OK;

    *out = NULL;
    ldbx_buf_init(&path, LDBX_MAX_DOCUMENT);
    ldbx_buf_printf(&path, "%s/", store->path);
    put_safe_name(&path, key);
    ldbx_buf_str(&path, suffix);
    if (!path.failed && (*key == '\0' || path.size - folder_size > MAX_NAME)) {
        status = ldbx_fail(error, LDBX_INVALID_ARGUMENT, "key is empty or too long for a file name");
        goto out;
    }
    *out = ldbx_buf_detach(&path);
    if (*out == NULL)
        status = ldbx_fail_no_memory(error);
out:
    ldbx_buf_clear(&path);
    return status;
}

/* The number is that of the holder: destroy empties the file, and a new holder overwrites what a kill left. */
static int64_t read_holder(int fd)
{
    char text[32];
    ssize_t size = pread(fd, text, sizeof text, 0);
    int64_t pid = 0;

    if (size <= 0 || !ldbx_parse_int64(ldbx_view_trim((ldbx_view){text, (size_t)size}), 1, INT32_MAX, &pid))
        return 0;
    return pid;
}

static int fail_locked(int fd, const char *path, ldbx_error **error)
{
    int64_t pid = read_holder(fd);

    if (pid == getpid())
        return ldbx_fail(error, LDBX_CONFLICT, "another store of this process holds %s", path);
    if (pid > 0)
        return ldbx_fail(error, LDBX_CONFLICT, "another runner (process %" PRId64 ") holds %s", pid, path);
    return ldbx_fail(error, LDBX_CONFLICT, "another runner holds %s", path);
}

/* Who holds the lock, for people; 0: nobody. A full disk is told by the next save. */
static void note_holder(int fd, int64_t pid)
{
    char text[32];
    size_t size = pid == 0 ? 0 : ldbx_format_int64(text, pid);

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, size, 0) != (ssize_t)size)
        ldbx_log(LDBX_LOG_DEBUG, "store", "the holder of a lock could not be noted");
}

/* flock() belongs to the open file: it keeps out other stores of this process too. */
static int take_lock(int fd, const char *path, ldbx_error **error)
{
    int result;

    do
        result = flock(fd, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return errno == EWOULDBLOCK ? fail_locked(fd, path, error) : ldbx_file_fail(error, path, "locking");
    note_holder(fd, getpid());
    return LDBX_OK;
}

static int add_lock(directory *store, const char *key, ldbx_error **error)
{
    size_t size = strlen(key) + 1;
    lock *added = NULL;
    char *path = NULL;
    int status;

    LDBX_GO(make_path(store, key, ".lock", &path, error));
    added = ldbx_alloc(sizeof *added + size);
    if (added == NULL) {
        status = ldbx_fail_no_memory(error);
        goto out;
    }
    memcpy(added->key, key, size);
    added->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (added->fd < 0) {
        status = ldbx_file_fail(error, path, "opening");
        goto out;
    }
    status = take_lock(added->fd, path, error);
    if (status != LDBX_OK) {
        close(added->fd);
        goto out;
    }
    added->next = store->locks;
    store->locks = added;
    added = NULL;
out:
    ldbx_free(added);
    ldbx_free(path);
    return status;
}

static int lock_key(directory *store, const char *key, ldbx_error **error)
{
    for (const lock *held = store->locks; held != NULL; held = held->next)
        if (strcmp(held->key, key) == 0)
            return LDBX_OK;
    return add_lock(store, key, error);
}

static void put_header(ldbx_buf *header, const char *key, int64_t revision, ldbx_view document)
{
    ldbx_json_writer writer = {header, false};
    uint32_t crc;

    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_int(&writer, "format", FORMAT);
    ldbx_json_put_text(&writer, "key", key);
    ldbx_json_put_int(&writer, "revision", revision);
    ldbx_json_put_int(&writer, "bytes", (int64_t)document.size);
    crc = ldbx_crc32(ldbx_crc32(0, header->data, header->size), document.data, document.size);
    ldbx_buf_printf(header, ",\"crc32\":\"%08" PRIx32 "\"}\n", crc);
}

/* The digits behind a member's name. No parser is needed: the line is compared byte by byte afterwards. */
static bool find_number(ldbx_view line, const char *member, int64_t *out)
{
    int64_t at = ldbx_view_find(line, member);
    ldbx_view digits = {NULL, 0};

    if (at < 0)
        return false;
    digits.data = line.data + at + strlen(member);
    while (digits.data + digits.size < line.data + line.size && digits.data[digits.size] >= '0' &&
           digits.data[digits.size] <= '9')
        digits.size++;
    return ldbx_parse_int64(digits, 1, INT64_MAX, out);
}

static int fail_damaged(const char *path, ldbx_error **error)
{
    return ldbx_fail(error, LDBX_INVALID_DATA,
                     "%s: damaged or changed by hand (its checksum does not match): put a good copy back, or "
                     "remove it to start from the beginning",
                     path);
}

/* The line must be, byte for byte, the header that we would write for the document. */
static int check_header(ldbx_view line, const char *path, const char *key, int64_t revision, ldbx_view document,
                        ldbx_error **error)
{
    ldbx_buf expected;
    int status = LDBX_OK;

    ldbx_buf_init(&expected, HEADER_SPACE);
    put_header(&expected, key, revision, document);
    if (expected.failed)
        status = ldbx_fail_no_memory(error);
    else if (expected.size != line.size || memcmp(expected.data, line.data, line.size) != 0)
        status = fail_damaged(path, error);
    ldbx_buf_clear(&expected);
    return status;
}

/* *document lies inside text. */
static int check_file(const char *path, const char *key, ldbx_view text, ldbx_view *document, int64_t *revision,
                      ldbx_error **error)
{
    int64_t line_end = ldbx_view_find(text, "\n");
    ldbx_view line = {text.data, (size_t)(line_end + 1)};
    int64_t format;

    if (line_end < 0 || !find_number(line, "\"format\":", &format) || !find_number(line, "\"revision\":", revision))
        return fail_damaged(path, error);
    if (format > FORMAT)
        return ldbx_fail(error, LDBX_INVALID_DATA, "%s: written by a newer version of the library (format %" PRId64 ")",
                         path, format);
    *document = (ldbx_view){text.data + line.size, text.size - line.size};
    if (document->size == 0 || document->data[--document->size] != '\n')
        return fail_damaged(path, error);
    return check_header(line, path, key, *revision, *document, error);
}

/* *document lies inside text. LDBX_NOT_FOUND when there is no file. */
static int read_document(const char *path, const char *key, ldbx_buf *text, ldbx_view *document, int64_t *revision,
                         ldbx_error **error)
{
    LDBX_TRY(ldbx_file_read(path, text, error));
    return check_file(path, key, ldbx_buf_get(text), document, revision, error);
}

static int load(directory *store, const char *key, ldbx_store_take_fn take, void *context, ldbx_error **error)
{
    char *path = NULL;
    ldbx_view document;
    int64_t revision;
    ldbx_buf text;
    int status;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT + HEADER_SPACE);
    if (store->writable)
        LDBX_GO(lock_key(store, key, error));
    LDBX_GO(make_path(store, key, ".json", &path, error));
    LDBX_GO(read_document(path, key, &text, &document, &revision, error));
    if (take(document, revision, context) != 0)
        status = ldbx_fail(error, LDBX_STOPPED, "%s: not wanted", path);
out:
    ldbx_buf_clear(&text);
    ldbx_free(path);
    return status;
}

/* The file is read each time: the file system may know no locks, or somebody may have exchanged the file. */
static int check_revision(const char *path, const char *key, int64_t expected, ldbx_error **error)
{
    ldbx_error *missing = NULL;
    ldbx_view document;
    int64_t revision = 0;
    ldbx_buf text;
    int status;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT + HEADER_SPACE);
    status = read_document(path, key, &text, &document, &revision, &missing);
    if (status == LDBX_NOT_FOUND) {
        ldbx_error_destroy(missing);
        missing = NULL;
        status = LDBX_OK;
    }
    if (status == LDBX_OK && revision != expected)
        status = ldbx_fail(error, LDBX_CONFLICT,
                           "%s: saved by another runner in the meantime (revision %" PRId64 " instead of %" PRId64 ")",
                           path, revision, expected);
    ldbx_error_move(error, &missing);
    ldbx_buf_clear(&text);
    return status;
}

static int save(directory *store, const char *key, ldbx_view document, int64_t expected, ldbx_error **error)
{
    char *path = NULL;
    ldbx_buf text;
    int status;

    ldbx_buf_init(&text, LDBX_MAX_DOCUMENT + HEADER_SPACE);
    if (!store->writable)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s was opened for reading", store->path);
    LDBX_GO(lock_key(store, key, error));
    LDBX_GO(make_path(store, key, ".json", &path, error));
    LDBX_GO(check_revision(path, key, expected, error));
    put_header(&text, key, expected + 1, document);
    ldbx_buf_view(&text, document);
    ldbx_buf_byte(&text, '\n');
    if (text.failed) {
        status = ldbx_fail_no_memory(error);
        goto out;
    }
    status = ldbx_file_replace(path, ldbx_buf_get(&text), error);
    if (status == LDBX_NOT_FOUND) /* the folder is gone, which is not "no checkpoint" */
        status = LDBX_IO;
out:
    ldbx_buf_clear(&text);
    ldbx_free(path);
    return status;
}

static int remove_document(directory *store, const char *key, ldbx_error **error)
{
    char *path = NULL;
    int status;

    if (!store->writable)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s was opened for reading", store->path);
    LDBX_GO(lock_key(store, key, error));
    LDBX_GO(make_path(store, key, ".json", &path, error));
    LDBX_GO(ldbx_file_remove(path, error));
    status = ldbx_folder_sync(store->path, error);
out:
    ldbx_free(path);
    return status;
}

static int answer(const directory *store, int status, const char **message)
{
    *message = status == LDBX_OK ? NULL : ldbx_error_message(store->last);
    return status;
}

static int directory_load(void *user, const char *key, ldbx_store_take_fn take, void *context, const char **message)
{
    directory *store = user;

    return answer(store, load(store, key, take, context, &store->last), message);
}

static int directory_save(void *user, const char *key, ldbx_view document, int64_t expected, const char **message)
{
    directory *store = user;

    return answer(store, save(store, key, document, expected, &store->last), message);
}

static int directory_remove(void *user, const char *key, const char **message)
{
    directory *store = user;

    return answer(store, remove_document(store, key, &store->last), message);
}

static void directory_destroy(void *user)
{
    directory *store = user;

    if (store == NULL)
        return;
    while (store->locks != NULL) {
        lock *held = store->locks;
        store->locks = held->next;
        /* The file stays: who removes a lock file may remove the one that another runner has just taken. */
        note_holder(held->fd, 0);
        close(held->fd);
        ldbx_free(held);
    }
    ldbx_error_destroy(store->last);
    ldbx_free(store->path);
    ldbx_free(store);
}

int ldbx_store_open_directory(const char *path, ldbx_store_mode mode, ldbx_store **out, ldbx_error **error)
{
    static const ldbx_store_ops ops = {sizeof ops, directory_load, directory_save, directory_remove, directory_destroy};
    directory *store = NULL;
    int status = LDBX_OK;

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    if (path == NULL || *path == '\0')
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "path of the store is empty");
    if (mode != LDBX_STORE_WRITE && mode != LDBX_STORE_READ)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "mode of the store is %d", (int)mode);
    store = ldbx_calloc(1, sizeof *store);
    if (store == NULL)
        return ldbx_fail_no_memory(error);
    store->writable = mode == LDBX_STORE_WRITE;
    store->path = ldbx_strdup(path);
    if (store->path == NULL)
        LDBX_GO(ldbx_fail_no_memory(error));
    if (store->writable)
        LDBX_GO(ldbx_folder_make(path, error));
    LDBX_GO(ldbx_store_new(&ops, store, out, error));
    store = NULL;
out:
    directory_destroy(store);
    return status;
}
