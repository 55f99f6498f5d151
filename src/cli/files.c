#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "replace_file.h"

typedef struct named_file {
    const char *option; /* "" for the job */
    const char *path;   /* NULL: none is given */
    bool written, replaced;
} named_file;

static bool takes_job(const cli_command *command)
{
    return command->run == cli_validate || command->run == cli_run || command->run == cli_status;
}

/* What is read whole must end: a pipe would be waited for, a device may never end. */
static bool is_readable(cli_app *app, const named_file *file)
{
    struct stat info;

    if (stat(file->path, &info) != 0 || S_ISREG(info.st_mode))
        return true; /* who opens it says what is missing */
    cli_say(app, "%s%s: is no regular file", file->option, file->path);
    return false;
}

static int can_make(const char *path)
{
    cli_text folder = {0};
    int failure;

    cli_folder_of(path, &folder);
    failure = access(cli_text_get(&folder), W_OK | X_OK) == 0 ? 0 : errno;
    cli_text_clear(&folder);
    return failure;
}

/* 0 or an errno. */
static int can_write(const named_file *file)
{
    struct stat info;
    bool append;
    char *real;
    int failure = 0;

    if (stat(file->path, &info) != 0)
        return errno == ENOENT ? can_make(file->path) : errno;
    if (S_ISDIR(info.st_mode))
        return EISDIR;
    append = S_ISREG(info.st_mode) && !file->replaced; /* its end is read as well */
    if (access(file->path, append ? R_OK | W_OK : W_OK) != 0)
        return errno;
    if (!file->replaced || !cli_is_replaced(file->path))
        return 0;
    real = realpath(file->path, NULL);
    failure = real != NULL ? can_make(real) : errno;
    free(real);
    return failure;
}

static bool is_writable(cli_app *app, const named_file *file)
{
    int failure = can_write(file);

    if (failure != 0)
        cli_say(app, "%s%s: %s", file->option, file->path, strerror(failure));
    return failure == 0;
}

/* False when there is none. */
static bool stat_folder(const char *path, struct stat *info)
{
    cli_text folder = {0};
    bool ok;

    cli_folder_of(path, &folder);
    ok = stat(cli_text_get(&folder), info) == 0;
    cli_text_clear(&folder);
    return ok;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* A terminal or /dev/null may well take both. Of files that are not there yet folder and name tell. */
static bool is_same(const char *a, const char *b)
{
    struct stat one, other;
    bool there = stat(a, &one) == 0;

    if (there != (stat(b, &other) == 0))
        return false;
    if (there && S_ISCHR(one.st_mode))
        return false;
    if (!there && (strcmp(last_part(a), last_part(b)) != 0 || !stat_folder(a, &one) || !stat_folder(b, &other)))
        return false;
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool are_apart(cli_app *app, const named_file *a, const named_file *b)
{
    if ((!a->written && !b->written) || !is_same(a->path, b->path))
        return true;
    cli_say(app, "%s%s and %s%s are one file", a->option, a->path, b->option, b->path);
    return false;
}

int cli_check_files(cli_app *app)
{
    const cli_options *options = &app->options;
    bool to_file = options->output != NULL && strcmp(options->output, "-") != 0;
    const named_file files[] = {
        {"", takes_job(options->command) ? options->operand : NULL, false, false},
        {"--auth ", options->auth, false, false},
        {"--from ", options->from, false, false},
        {"--staging ", options->staging, false, false},
        {"--output ", to_file ? options->output : NULL, true, false},
        {"--report ", options->report, true, true},
    };
    const size_t count = sizeof files / sizeof files[0];

    for (size_t i = 0; i < count; i++) {
        if (files[i].path == NULL)
            continue;
        for (size_t j = 0; j < i; j++)
            if (files[j].path != NULL && !are_apart(app, &files[j], &files[i]))
                return CLI_USAGE;
        if (!(files[i].written ? is_writable : is_readable)(app, &files[i]))
            return CLI_USAGE;
    }
    return CLI_DONE;
}
