#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "app.h"
#include "describe.h"
#include "lines.h"
#include "load_columns.h"
#include "names.h"
#include "report.h"

#define KEY_NAME 120 /* bytes of the table's name in a key */
#define REPEAT   "run it again: nothing is loaded twice"

/* One `load`. */
typedef struct loading {
    cli_app *app;
    cli_names names;
    cli_text target; /* as it is shown */
    cli_load_columns columns;
    cli_lines lines;
    cli_text key, source; /* which load it is: the table's, and of it this one */
    ldbx_config *config;
    ldbx_stager *stager;
    ldbx_store *store;
    ldbx_connection *connection;
    ldbx_loader *loader;
    bool done; /* loaded already, or by finishing what was sealed */
    int64_t began_ms;
    ldbx_error *failure;
} loading;

/* What is wrong before anything is contacted, told. */
static int refuse(loading *load, const char *problem)
{
    cli_say(load->app, "%s", problem);
    return CLI_USAGE;
}

/* Both keep an error for the report, told; the second is of what is found before anything is contacted. */
static int fail(loading *load, ldbx_error *error, const char *hint)
{
    ldbx_error_destroy(load->failure);
    load->failure = error;
    return cli_fail(load->app, error, hint);
}

static int fail_early(loading *load, ldbx_error *error, const char *hint)
{
    ldbx_error_destroy(load->failure);
    load->failure = error;
    return cli_fail_early(load->app, error, hint);
}

/* As fail, of an error that begins with the line that it is about. */
static int fail_at_line(loading *load, int status, const char *message)
{
    ldbx_error *error = NULL;
    cli_text text = {0};

    cli_text_format(&text, "%s, line %" PRId64 ": %s", load->app->options.from, load->lines.number, message);
    ldbx_error_set(&error, status, cli_text_get(&text));
    cli_text_clear(&text);
    return fail(load, error, "nothing was loaded");
}

/* Of a failure to read the file. */
static int fail_lines(loading *load, cli_line result, int number)
{
    const char *path = load->app->options.from;
    ldbx_error *error = NULL;
    cli_text text = {0};
    int status = LDBX_IO;

    cli_text_format(&text, "%s: ", path);
    switch (result) {
    case CLI_LINES_CHANGED:
        cli_text_str(&text, "it was changed while it was read");
        break;
    case CLI_LINES_CANCELLED:
        cli_text_str(&text, "cancelled");
        status = LDBX_CANCELLED;
        break;
    default:
        cli_text_str(&text, strerror(number));
        break;
    }
    ldbx_error_set(&error, status, cli_text_get(&text));
    cli_text_clear(&text);
    return fail(load, error, status == LDBX_CANCELLED ? "nothing was loaded" : NULL);
}

static bool check_columns(const loading *load, cli_text *problem)
{
    ldbx_error *error = NULL;
    bool fine = ldbx_loader_check_columns(load->columns.items, load->columns.count, &error) == LDBX_OK;

    if (!fine)
        cli_text_format(problem, "--columns: %s", ldbx_error_message(error));
    ldbx_error_destroy(error);
    return fine;
}

static int read_arguments(loading *load)
{
    const cli_options *options = &load->app->options;
    cli_text problem = {0};
    int code = CLI_DONE;
    bool fine = strcmp(options->from, "-") != 0;

    if (!fine)
        cli_text_str(&problem, "--from -: a load is known by what is in its file, which is read before; standard input "
                               "could not be read again: write it to a file");
    fine = fine && cli_names_parse(options->operand, options->command->operand, &load->names, &problem) &&
           cli_load_columns_parse(options->columns, &load->columns, &problem) && check_columns(load, &problem);
    if (!fine)
        code = refuse(load, cli_text_get(&problem));
    for (size_t i = 0; i < load->names.count && code == CLI_DONE; i++) {
        cli_text_str(&load->target, i > 0 ? "." : "");
        cli_name_quoted(&load->target, cli_text_get(&load->names.part[i]));
    }
    cli_text_clear(&problem);
    return code;
}

/* Of the table, in bytes that any store takes. */
static void put_key(loading *load)
{
    cli_text folded = {0};

    for (const char *at = cli_text_get(&load->target); *at != '\0'; at++) {
        char c = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
        cli_text_add(&folded, &c, 1);
    }
    cli_text_str(&load->key, "load_");
    for (size_t i = 0; i < folded.size && i < KEY_NAME; i++)
        cli_text_add(&load->key,
                     strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", folded.data[i]) != NULL ? &folded.data[i] : "-",
                     1);
    cli_text_format(&load->key, "-%08" PRIx32,
                    (uint32_t)crc32_z(0, (const unsigned char *)cli_text_get(&folded), folded.size));
    cli_text_clear(&folded);
}

static void put_source(loading *load, const char *real_path)
{
    cli_text *text = &load->source;

    cli_text_str(text, "{\"path\": ");
    cli_text_json(text, real_path);
    cli_text_format(text, ", \"bytes\": %" PRId64 ", \"crc32\": \"%08" PRIx32 "\"}", load->lines.whole.bytes,
                    load->lines.whole.crc32);
}

/* Reads the file for the first time. */
static int identify(loading *load)
{
    const char *path = load->app->options.from;
    cli_line result = cli_lines_open(&load->lines, path, load->app->cancel);
    char *real;

    if (result == CLI_LINES_CANCELLED)
        return fail_lines(load, result, 0);
    real = result == CLI_LINE ? realpath(path, NULL) : NULL;
    if (real == NULL) {
        ldbx_error *error = NULL;
        cli_text text = {0};
        cli_text_format(&text, "--from %s: %s", path, strerror(errno));
        ldbx_error_set(&error, LDBX_IO, cli_text_get(&text));
        cli_text_clear(&text);
        return fail_early(load, error, NULL);
    }
    put_source(load, real);
    free(real);
    return CLI_DONE;
}

/* All that can be seen without contacting anything. */
static int prepare(loading *load)
{
    const cli_options *options = &load->app->options;
    ldbx_error *error = NULL;
    cli_text hint = {0};
    int code = CLI_DONE;

    put_key(load);
    if (cli_read_config(load->app, &load->config, &hint, &error) != LDBX_OK ||
        ldbx_stager_open_file(options->staging, load->config, &load->stager, &error) != LDBX_OK ||
        ldbx_store_open_directory(options->state, LDBX_STORE_WRITE, &load->store, &error) != LDBX_OK)
        code = fail_early(load, error, cli_text_get(&hint));
    cli_text_clear(&hint);
    return code == CLI_DONE ? identify(load) : code;
}

static int on_progress(const ldbx_progress *report, void *user)
{
    const loading *load = user;
    ldbx_progress counted = *report;

    if (report->phase == LDBX_PHASE_STAGE && report->rows_total < 0)
        counted.rows_total = load->lines.count;
    return cli_progress_report(&counted, &load->app->progress);
}

static void set_options(loading *load, ldbx_loader_options *options)
{
    const cli_options *given = &load->app->options;

    ldbx_loader_options_init(options, sizeof *options);
    options->catalog = cli_text_get(&load->names.part[0]);
    options->database = cli_text_get(&load->names.part[1]);
    options->table = cli_text_get(&load->names.part[2]);
    options->columns = load->columns.items;
    options->column_count = load->columns.count;
    options->gzip = given->gzip;
    options->part_rows = given->part_rows > 0 ? given->part_rows : options->part_rows;
    options->part_bytes = given->part_bytes > 0 ? given->part_bytes : options->part_bytes;
    options->keep_staged = given->keep_staged;
    options->discard = given->discard;
    options->store = load->store;
    options->key = cli_text_get(&load->key);
    options->source = cli_text_get(&load->source);
    options->cancel = load->app->cancel;
    options->progress = on_progress;
    options->user = load;
}

static int open_loader(loading *load)
{
    ldbx_loader_options options;
    ldbx_error *error = NULL;
    int status;

    if (cli_open_session(load->app, load->config, &load->connection, &error) != LDBX_OK)
        return fail(load, error, NULL);
    load->began_ms = cli_now_ms();
    set_options(load, &options);
    status = ldbx_loader_open(load->connection, load->stager, &options, &load->loader, &error);
    load->done = status == LDBX_DONE;
    return status == LDBX_OK || load->done ? CLI_DONE : fail(load, error, cli_hint_to_repeat(status, REPEAT));
}

static int send_rows(loading *load)
{
    ldbx_error *error = NULL;
    ldbx_view line;
    cli_line result;
    int status, code;

    while ((result = cli_lines_next(&load->lines, &line)) == CLI_LINE) {
        status = ldbx_loader_append_json(load->loader, line, &error);
        if (status == LDBX_OK)
            continue;
        if (status != LDBX_INVALID_DATA)
            return fail(load, error, cli_hint_to_repeat(status, REPEAT));
        code = fail_at_line(load, status, ldbx_error_message(error));
        ldbx_error_destroy(error);
        return code;
    }
    if (result == CLI_LINE_TOO_LONG)
        return fail_at_line(load, LDBX_INVALID_DATA, "it has more than 67,108,864 bytes");
    return result == CLI_LINES_END ? CLI_DONE : fail_lines(load, result, errno);
}

static int commit(loading *load)
{
    ldbx_error *error = NULL;
    int status = ldbx_loader_commit(load->loader, &error);

    return status == LDBX_OK ? CLI_DONE : fail(load, error, cli_hint_to_repeat(status, REPEAT));
}

static void put_line(cli_text *text, const char *label, const cli_text *value)
{
    cli_text_format(text, "  %-10s  %s\n", label, cli_text_get(value));
}

static void put_summary(cli_text *text, const loading *load, const ldbx_load_result *result)
{
    int64_t elapsed_ms = cli_now_ms() - load->began_ms;
    cli_text value = {0};

    cli_text_number(&value, result->rows_loaded);
    put_line(text, "rows", &value);
    cli_text_reset(&value);
    cli_text_number(&value, result->files);
    cli_text_str(&value, ", ");
    cli_text_number(&value, result->bytes);
    cli_text_str(&value, " bytes");
    put_line(text, "files", &value);
    cli_text_reset(&value);
    cli_text_format(&value, "%" PRId64, result->version_after);
    if (result->version_after >= 0)
        put_line(text, "version", &value);
    cli_text_reset(&value);
    cli_text_seconds(&value, elapsed_ms);
    put_line(text, "time", &value);
    cli_text_clear(&value);
}

static void put_warnings(cli_text *text, const loading *load)
{
    const cJSON *warning = NULL;
    cJSON *report = cJSON_Parse(ldbx_loader_report(load->loader));

    cJSON_ArrayForEach(warning, cJSON_GetObjectItemCaseSensitive(report, "warnings"))
    {
        cli_text_str(text, "  ");
        cli_styled(text, load->app->terminal.color_error, CLI_YELLOW, "warning: ");
        cli_describe_value(text, warning);
        cli_text_str(text, "\n");
    }
    cJSON_Delete(report);
}

static void say_summary(loading *load)
{
    cli_app *app = load->app;
    ldbx_load_result result = {.size = sizeof result};
    cli_text text = {0};

    ldbx_loader_result_get(load->loader, &result);
    if (result.earlier_rows >= 0)
        cli_say(app, "an interrupted load of other rows into this table was finished first: %" PRId64 " rows",
                result.earlier_rows);
    if (result.already_loaded) {
        cli_say(app, "%s: %s is loaded already, nothing to do", cli_text_get(&load->target), app->options.from);
        return;
    }
    put_summary(&text, load, &result);
    put_warnings(&text, load);
    cli_say(app, "%s: %s", cli_text_get(&load->target), result.resumed ? "an interrupted load is finished" : "loaded");
    cli_write(STDERR_FILENO, cli_text_get(&text), text.size, NULL);
    cli_text_clear(&text);
}

/* What the loader would say that could not be opened. */
static void put_empty_report(cli_text *text, const loading *load)
{
    cli_text_str(text, "{\"run\":null,\"job\":");
    cli_text_json(text, cli_text_get(&load->key));
    cli_text_str(text, ",\"state\":null,\"started\":null,\"finished\":null,\"files\":[],\"statements\":[],"
                       "\"rows\":{\"staged\":0,\"loaded\":0,\"empty_as_null\":0},"
                       "\"versions\":{\"before\":null,\"after\":null},\"attempts\":0,\"warnings\":[]}");
}

static int give_report(loading *load, int code)
{
    cli_text empty = {0};
    const char *report;
    char *made = NULL;

    put_empty_report(&empty, load);
    report = load->loader != NULL ? ldbx_loader_report(load->loader) : cli_text_get(&empty);
    if (load->failure != NULL)
        made = cli_report_with(report, load->failure);
    code = cli_give_report(load->app, made != NULL ? made : report, false, code);
    cJSON_free(made);
    cli_text_clear(&empty);
    return code;
}

static void clear(loading *load)
{
    ldbx_loader_destroy(load->loader);
    ldbx_connection_destroy(load->connection);
    ldbx_store_destroy(load->store);
    ldbx_stager_destroy(load->stager);
    ldbx_config_destroy(load->config);
    ldbx_error_destroy(load->failure);
    cli_lines_close(&load->lines);
    cli_load_columns_clear(&load->columns);
    cli_names_clear(&load->names);
    cli_text_clear(&load->target);
    cli_text_clear(&load->key);
    cli_text_clear(&load->source);
}

int cli_load(cli_app *app)
{
    loading load = {.app = app, .lines = {.fd = -1}};
    int code = read_arguments(&load);
    bool readable = code == CLI_DONE;

    if (code == CLI_DONE)
        code = prepare(&load);
    if (code == CLI_DONE)
        code = open_loader(&load);
    if (code == CLI_DONE && !load.done)
        code = send_rows(&load);
    if (code == CLI_DONE && !load.done)
        code = commit(&load);
    cli_progress_erase(&app->progress);
    if (code == CLI_DONE && !app->options.json)
        say_summary(&load);
    if (readable)
        code = give_report(&load, code);
    clear(&load);
    return code;
}
