#include "output_file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "replace_file.h"

#define PENDING_BYTES ((size_t)1 << 20)     /* as much is written at once */
#define MARK          "user.lytics_dbx.run" /* extended attribute of a file: the run that appended last */
#define MARK_BYTES    256

void cli_output_file_init(cli_output_file *output, cli_app *app)
{
    *output = (cli_output_file){.app = app, .path = app->options.output, .fd = -1};
    if (output->path != NULL && strcmp(output->path, "-") == 0)
        output->path = NULL;
}

static void close_descriptor(cli_output_file *output)
{
    if (output->fd >= 0 && output->fd != STDOUT_FILENO)
        close(output->fd);
    output->fd = -1;
}

void cli_output_file_close(cli_output_file *output)
{
    close_descriptor(output);
    free(output->real);
    cli_text_clear(&output->pending);
    cli_text_clear(&output->run);
    cli_text_clear(&output->position);
    cli_text_clear(&output->message);
    cli_text_clear(&output->stream);
}

static const char *name_of(const cli_output_file *output)
{
    return output->path != NULL ? output->path : "standard output";
}

/* The status of a hook that failed with an errno; EINTR only comes from a wait that was cancelled, EWOULDBLOCK
 * from the lock. */
static int fail(cli_output_file *output, int number)
{
    const char *why = number == EINTR         ? "cancelled"
                      : number == EWOULDBLOCK ? "another run is writing to it"
                                              : strerror(number);

    cli_text_reset(&output->message);
    cli_text_format(&output->message, "%s: %s", name_of(output), why);
    switch (number) {
    case EINTR:
        return LDBX_CANCELLED;
    case EWOULDBLOCK:
        return LDBX_CONFLICT;
    case ENOMEM:
        return LDBX_NO_MEMORY;
    default:
        return LDBX_IO;
    }
}

/* Refuses to go on with this output; `why` is about the file that the run began with. */
static int refuse(cli_output_file *output, const char *began_with, const char *why)
{
    cli_text_reset(&output->message);
    cli_text_format(&output->message,
                    "%s is refused: the interrupted run writes to %s, %s; nothing was changed "
                    "(--reset forgets the run)",
                    output->real != NULL ? output->real : name_of(output), began_with, why);
    return LDBX_IO;
}

/* Keeps other runs out until the file is closed. 0, or an errno: EWOULDBLOCK when one is at work. */
static int lock_file(const cli_output_file *output)
{
    int result;

    do
        result = flock(output->fd, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    return result == 0 || errno == ENOTSUP ? 0 : errno;
}

/* What is open now. A file is measured once nobody else can lengthen it any more. */
static int learn(cli_output_file *output)
{
    struct stat info;
    int failure = 0;

    if (fstat(output->fd, &info) != 0)
        return errno;
    output->file = S_ISREG(info.st_mode);
    if (output->file)
        failure = lock_file(output);
    if (failure != 0)
        return failure;
    if (fstat(output->fd, &info) != 0)
        return errno;
    output->device = info.st_dev;
    output->inode = info.st_ino;
    output->start = output->length = info.st_size;
    return 0;
}

/* Opens the path and learns what it is. A pipe waits here for its reader, until a signal comes. */
static int open_path(cli_output_file *output, bool create)
{
    struct stat info;
    bool exists = stat(output->path, &info) == 0;
    bool regular = exists ? S_ISREG(info.st_mode) : true;
    int flags = (regular ? O_RDWR | O_APPEND : O_WRONLY) | O_CLOEXEC | (create ? O_CREAT : 0);
    int failure;

    do {
        output->fd = open(output->path, flags, 0666);
    } while (output->fd < 0 && errno == EINTR && !ldbx_cancel_is_triggered(output->app->cancel));
    failure = output->fd < 0 ? errno : learn(output);
    if (failure != 0)
        return failure;
    free(output->real);
    output->real = realpath(output->path, NULL);
    if (output->real == NULL && !output->file)
        output->real = strdup(output->path); /* /dev/stdout leads to a pipe without a name */
    if (output->real == NULL)
        return errno;
    return exists || !output->file ? 0 : cli_sync_folder(output->real);
}

static int open_output(cli_output_file *output, bool create)
{
    if (output->path != NULL)
        return open_path(output, create);
    output->fd = STDOUT_FILENO;
    output->file = false;
    return 0;
}

/* What an interrupted write of somebody else left at the end of the file must not swallow our first event. */
static int look_at_end(cli_output_file *output)
{
    char last = '\n';

    errno = 0;
    if (output->file && output->length > 0 && pread(output->fd, &last, 1, (off_t)output->length - 1) != 1)
        return errno != 0 ? errno : EIO;
    output->line_end = last != '\n';
    return 0;
}

/* Says on the file who appends now, so that an older run that is resumed does not cut it. A file system
 * without attributes has to do without; a file that may only grow (EPERM) is never cut. */
static int mark(cli_output_file *output, const char *run)
{
    cli_text_reset(&output->run);
    cli_text_str(&output->run, run);
    if (output->run.failed)
        return ENOMEM;
    if (!output->file || fsetxattr(output->fd, MARK, run, output->run.size, 0) == 0 || errno == ENOTSUP ||
        errno == EPERM)
        return 0;
    return errno;
}

/* Whether the file names a run that is not this one. */
static bool is_marked_by_another(const cli_output_file *output, const char *run)
{
    char marked[MARK_BYTES];
    ssize_t size = fgetxattr(output->fd, MARK, marked, sizeof marked);

    if (size < 0)
        return errno == ERANGE;
    return (size_t)size != strlen(run) || memcmp(marked, run, (size_t)size) != 0;
}

static int begin_new(cli_output_file *output, const char *run)
{
    int failure = open_output(output, true);

    if (failure == 0)
        failure = look_at_end(output);
    if (failure == 0)
        failure = mark(output, run);
    return failure == 0 ? LDBX_OK : fail(output, failure);
}

/* What the checkpoint says of the output. */
typedef struct saved_position {
    const char *path; /* NULL: standard output */
    const char *run;  /* that began there; the import may have begun anew as another one since */
    bool file;
    uint64_t device, inode;
    int64_t start, length;
} saved_position;

/* Numbers are kept as text: a JSON number loses digits of an inode. */
static bool read_number(const cJSON *json, const char *name, uint64_t *out)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
    char *end = NULL;

    if (text == NULL || text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *out = strtoumax(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool read_length(const cJSON *json, const char *name, int64_t *out)
{
    uint64_t number = 0;
    bool ok = read_number(json, name, &number) && number <= INT64_MAX;

    *out = (int64_t)number;
    return ok;
}

static bool read_position(const cJSON *json, saved_position *saved)
{
    saved->path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "path"));
    saved->file = cJSON_GetObjectItemCaseSensitive(json, "length") != NULL;
    if (!saved->file)
        return cJSON_IsObject(json);
    saved->run = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "run"));
    return saved->path != NULL && saved->run != NULL && read_number(json, "device", &saved->device) &&
           read_number(json, "inode", &saved->inode) && read_length(json, "start", &saved->start) &&
           read_length(json, "length", &saved->length) && saved->start <= saved->length;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* LDBX_OK when the output that is open is the one the run began with, as far as it had come. */
static int compare(cli_output_file *output, const saved_position *saved)
{
    const char *began_with = saved->path != NULL ? saved->path : "standard output";
    cli_text why = {0};
    int status = LDBX_OK;

    if (saved->file != output->file || !same_text(saved->path, output->real)) {
        cli_text_str(&why, "which is another output");
    } else if (saved->file && (saved->device != output->device || saved->inode != output->inode)) {
        cli_text_format(&why, "which has been replaced by another file since");
    } else if (saved->file && output->length < saved->length) {
        cli_text_format(&why, "which had %" PRId64 " bytes at the last checkpoint and has %" PRId64 " now",
                        saved->length, output->length);
    } else if (saved->file && is_marked_by_another(output, saved->run)) {
        cli_text_str(&why, "to which another run has appended since");
    }
    if (why.size > 0)
        status = refuse(output, began_with, cli_text_get(&why));
    cli_text_clear(&why);
    return status;
}

/* Drops what was written after the checkpoint. */
static int cut_back(cli_output_file *output, const saved_position *saved)
{
    int64_t more = output->length - saved->length;
    int failure = 0;

    if (!output->file) {
        cli_say(output->app, "%s cannot be cut: events written after the last checkpoint come again", name_of(output));
        return LDBX_OK;
    }
    if (more > 0 && (ftruncate(output->fd, (off_t)saved->length) != 0 || fsync(output->fd) != 0))
        return fail(output, errno);
    output->start = saved->start;
    output->length = saved->length;
    failure = look_at_end(output);
    if (failure == 0)
        failure = mark(output, saved->run);
    if (failure != 0)
        return fail(output, failure);
    if (more > 0)
        cli_say(output->app, "%s: cut by %" PRId64 " bytes, to the last checkpoint", name_of(output), more);
    return LDBX_OK;
}

static int begin_again(cli_output_file *output, const char *position)
{
    cJSON *json = cJSON_Parse(position);
    saved_position saved = {0};
    int failure, status;

    if (!read_position(json, &saved)) {
        cli_text_reset(&output->message);
        cli_text_str(&output->message, "the checkpoint's position of the output is damaged");
        status = LDBX_INVALID_DATA;
        goto out;
    }
    failure = open_output(output, false);
    if (failure == ENOENT)
        status = refuse(output, saved.path != NULL ? saved.path : "standard output", "and this one does not exist");
    else
        status = failure != 0 ? fail(output, failure) : compare(output, &saved);
    if (status == LDBX_OK)
        status = cut_back(output, &saved);
out:
    cJSON_Delete(json);
    return status;
}

static int sink_begin(void *user, const char *run, const char *position, int resumed, const char **message)
{
    cli_output_file *output = user;
    bool again = resumed && position != NULL && position[0] != '\0';
    int status;

    close_descriptor(output);
    cli_text_reset(&output->pending);
    output->resumed = resumed != 0;
    status = again ? begin_again(output, position) : begin_new(output, run);
    if (status != LDBX_OK) {
        close_descriptor(output);
        *message = cli_text_get(&output->message);
    }
    return status;
}

static int write_out(cli_output_file *output, const char *data, size_t size)
{
    int failure = cli_write(output->fd, data, size, output->app->cancel);

    if (failure != 0)
        return fail(output, failure);
    output->length += (int64_t)size;
    return LDBX_OK;
}

static int flush(cli_output_file *output)
{
    int status = output->pending.failed ? fail(output, ENOMEM)
                                        : write_out(output, cli_text_get(&output->pending), output->pending.size);
    cli_text_reset(&output->pending);
    return status;
}

static int take(cli_output_file *output, ldbx_view events)
{
    int status = LDBX_OK;

    if (output->line_end)
        cli_text_str(&output->pending, "\n");
    output->line_end = false;
    if (output->pending.size + events.size > PENDING_BYTES)
        status = flush(output);
    if (status != LDBX_OK)
        return status;
    if (events.size > PENDING_BYTES)
        return write_out(output, events.data, events.size);
    cli_text_add(&output->pending, events.data, events.size);
    return LDBX_OK;
}

static int sink_write(void *user, const ldbx_import_batch *batch, ldbx_view events, const char **message)
{
    cli_output_file *output = user;
    int status = take(output, events);

    output->rows += batch->count;
    if (output->stream.size == 0)
        cli_text_str(&output->stream, batch->stream);
    if (status != LDBX_OK)
        *message = cli_text_get(&output->message);
    return status;
}

static void put_position(cli_output_file *output)
{
    cli_text *text = &output->position;

    cli_text_reset(text);
    cli_text_str(text, "{");
    if (output->path != NULL) {
        cli_text_str(text, "\"path\": ");
        cli_text_json(text, output->real);
    }
    if (output->file) {
        cli_text_str(text, ", \"run\": ");
        cli_text_json(text, cli_text_get(&output->run));
        cli_text_format(text,
                        ", \"device\": \"%" PRIu64 "\", \"inode\": \"%" PRIu64 "\", \"start\": \"%" PRId64
                        "\", \"length\": \"%" PRId64 "\"",
                        (uint64_t)output->device, (uint64_t)output->inode, output->start, output->length);
    }
    cli_text_str(text, "}");
}

static int sink_position(void *user, const char **position, const char **message)
{
    cli_output_file *output = user;
    int status = flush(output);

    if (status == LDBX_OK && output->file && fdatasync(output->fd) != 0)
        status = fail(output, errno);
    if (status == LDBX_OK)
        put_position(output);
    if (status == LDBX_OK && output->position.failed)
        status = fail(output, ENOMEM);
    if (status == LDBX_OK)
        *position = cli_text_get(&output->position);
    else
        *message = cli_text_get(&output->message);
    return status;
}

const ldbx_sink_ops cli_output_file_ops = {sizeof(ldbx_sink_ops), sink_begin, sink_write, sink_position};
