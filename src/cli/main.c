#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "app.h"

const cli_command cli_commands[] = {
    {"check", NULL, "connects, and names what is missing: token, path, host, privilege", cli_check},
    {"catalogs", NULL, "lists catalogs", cli_catalogs},
    {"schemas", "CATALOG", "lists schemas (databases) of a catalog", cli_schemas},
    {"tables", "CATALOG.SCHEMA", "lists tables and views of a schema", cli_tables},
    {"columns", "CATALOG.SCHEMA.TABLE", "lists columns of a table", cli_columns},
    {"query", "SQL", "runs one statement, rows to standard output", cli_query},
    {"validate", "JOB.json", "checks a job file and says what the job will do; contacts nothing", cli_validate},
    {"run", "JOB.json", "one run now: finishes an interrupted one, else starts a new one", cli_run},
    {"status", "JOB.json", "says where a job stands; contacts nothing", cli_status},
    {"load", "CATALOG.SCHEMA.TABLE", "loads rows from a file into a table, each exactly once", cli_load},
    {NULL, NULL, NULL, NULL},
};

/* What a signal handler can reach. */
static ldbx_cancel *volatile signal_cancel;
static volatile sig_atomic_t signal_count;

/* The first signal asks for a clean stop, the second does not wait for it. */
static void on_signal(int number)
{
    (void)number;
    if (signal_count++ > 0)
        _exit(CLI_CANCELLED);
    ldbx_cancel_trigger(signal_cancel);
}

/* No SA_RESTART: a wait for the reader of our output must end. */
static void catch_signals(ldbx_cancel *cancel)
{
    struct sigaction stop = {.sa_handler = on_signal};

    signal_cancel = cancel;
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
}

/* Writing to a closed pipe or over a limit is an error to tell, not a death. */
static void ignore_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
}

/* A descriptor that we were started without would be given to the next socket. Opened the wrong way round,
 * its use fails as it should. */
static void keep_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return;
}

static void write_log(ldbx_log_level level, const char *component, const char *line, void *user)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    const cli_terminal *terminal = user;
    cli_text text = {0};

    cli_text_format(&text, "%slytics-dbx: %s: %s: ", terminal->error ? "\r\033[K" : "", levels[level], component);
    cli_visible(&text, line, strlen(line));
    cli_text_str(&text, "\n");
    cli_write(STDERR_FILENO, cli_text_get(&text), text.size, NULL);
    cli_text_clear(&text);
}

/* Events and rows on the same terminal leave no place for a bar. */
static bool rows_on_terminal(const cli_app *app)
{
    const char *output = app->options.output;
    bool to_file = app->options.command->run == cli_run && output != NULL && strcmp(output, "-") != 0;

    return app->options.command->run == cli_run && !to_file && app->terminal.out;
}

static int run_command(cli_app *app)
{
    ldbx_error *error = NULL;
    int code;

    if (app->options.log_level >= 0)
        ldbx_set_log_sink(write_log, (ldbx_log_level)app->options.log_level, &app->terminal);
    cli_progress_init(&app->progress, app->options.progress, &app->terminal, rows_on_terminal(app));
    if (ldbx_cancel_new(&app->cancel, &error) != LDBX_OK) {
        code = cli_fail(app, error, NULL);
        ldbx_error_destroy(error);
        return code;
    }
    app->out.cancel = app->cancel;
    catch_signals(app->cancel);
    code = cli_check_files(app);
    if (code == CLI_DONE)
        code = app->options.command->run(app);
    cli_progress_erase(&app->progress);
    signal_cancel = NULL;
    ldbx_cancel_destroy(app->cancel);
    return code;
}

static int print_help(cli_app *app)
{
    cli_text text = {0};

    if (app->options.help)
        cli_help(&text, app->options.command);
    else
        cli_text_format(&text, "lytics-dbx %s\n", ldbx_version_string());
    cli_output_add(&app->out, cli_text_get(&text), text.size);
    cli_text_clear(&text);
    return cli_finish_output(app, CLI_DONE);
}

int main(int argc, char **argv)
{
    cli_app app = {.out = {.fd = STDOUT_FILENO}};
    cli_text problem = {0};
    int code;

    keep_standard_descriptors();
    ignore_signals();
    setlocale(LC_CTYPE, "");
    cli_terminal_detect(&app.terminal);
    if (!cli_options_parse(&app.options, argc, argv, &problem)) {
        cli_say(&app, "%s", cli_text_get(&problem));
        code = CLI_USAGE;
    } else if (app.options.help || app.options.version) {
        code = print_help(&app);
    } else {
        code = run_command(&app);
    }
    cli_text_clear(&problem);
    cli_output_clear(&app.out);
    return code;
}
