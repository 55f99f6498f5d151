#include "app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write for all lines, so that log lines of other threads cannot come between. */
static void say_lines(cli_app *app, const char *words)
{
    cli_text text = {0};

    cli_progress_erase(&app->progress);
    for (const char *at = words; *at != '\0';) {
        size_t size = strcspn(at, "\n");
        cli_styled(&text, app->terminal.color_error, CLI_DIM, "lytics-dbx: ");
        cli_visible(&text, at, size);
        cli_text_str(&text, "\n");
        at += size + (at[size] == '\n');
    }
    cli_write(STDERR_FILENO, cli_text_get(&text), text.size, NULL);
    cli_text_clear(&text);
}

void cli_say(cli_app *app, const char *format, ...)
{
    cli_text words = {0};
    va_list args;

    va_start(args, format);
    cli_text_vformat(&words, format, args);
    va_end(args);
    say_lines(app, cli_text_get(&words));
    cli_text_clear(&words);
}

void cli_error_text(cli_text *text, const ldbx_error *error)
{
    const char *state = ldbx_error_sqlstate(error), *class_name = ldbx_error_class(error);
    const char *message = ldbx_error_message(error);

    if (state[0] != '\0')
        cli_text_format(text, "%s ", state);
    if (class_name[0] != '\0')
        cli_text_format(text, "[%s] ", class_name);
    cli_text_str(text, message[0] != '\0' ? message : ldbx_status_text(ldbx_error_status(error)));
}

static void tell(cli_app *app, const ldbx_error *error, const char *hint)
{
    cli_text text = {0};

    cli_error_text(&text, error);
    if (hint != NULL && hint[0] != '\0')
        cli_text_format(&text, " (%s)", hint);
    say_lines(app, cli_text_get(&text));
    cli_text_clear(&text);
}

int cli_fail(cli_app *app, const ldbx_error *error, const char *hint)
{
    tell(app, error, hint);
    switch (ldbx_error_status(error)) {
    case LDBX_CANCELLED:
        return CLI_CANCELLED;
    case LDBX_CONFLICT:
        return CLI_CONFLICT;
    case LDBX_OUTCOME_UNKNOWN:
        return CLI_UNKNOWN;
    default:
        return CLI_FAILED;
    }
}

const char *cli_hint_to_repeat(int status, const char *hint)
{
    return status == LDBX_CANCELLED || status == LDBX_UNAVAILABLE || status == LDBX_SESSION_LOST ||
                   status == LDBX_TIMEOUT
               ? hint
               : NULL;
}

int cli_fail_early(cli_app *app, const ldbx_error *error, const char *hint)
{
    int code = cli_fail(app, error, hint);
    return code == CLI_FAILED && ldbx_error_status(error) != LDBX_NO_MEMORY ? CLI_USAGE : code;
}

int cli_finish_output(cli_app *app, int code)
{
    cli_output_flush(&app->out);
    if (app->out.error == 0)
        return code;
    if (app->out.error == EPIPE)
        return CLI_PIPE;
    if (app->out.error == EINTR)
        return CLI_CANCELLED;
    cli_say(app, "standard output: %s", strerror(app->out.error));
    return code != CLI_DONE ? code : CLI_FAILED;
}

static bool is_in_environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

/* What is not set in the environment, as a hint; "" when the environment is not the source or all is set. */
static void hint_environment(cli_text *hint)
{
    static const char *const variables[3][5] = {
        {"DATABRICKS_HOST", "DATABRICKS_HTTP_PATH", "DATABRICKS_TOKEN"},
        {"DATABRICKS_HOST", "DATABRICKS_HTTP_PATH", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"},
        {"DATABRICKS_HOST", "DATABRICKS_HTTP_PATH", "DATABRICKS_USERNAME", "DATABRICKS_PASSWORD"}};
    bool oauth = is_in_environment("DATABRICKS_CLIENT_ID") || is_in_environment("DATABRICKS_CLIENT_SECRET");
    bool basic = is_in_environment("DATABRICKS_USERNAME") || is_in_environment("DATABRICKS_PASSWORD");
    size_t missing = 0;

    for (const char *const *name = variables[oauth ? 1 : basic ? 2 : 0]; *name != NULL; name++)
        if (!is_in_environment(*name))
            cli_text_format(hint, "%s%s", missing++ == 0 ? "set " : ", ", *name);
    if (missing > 0)
        cli_text_str(hint, ", or give --auth FILE or --profile NAME");
}

int cli_read_config(cli_app *app, ldbx_config **out, cli_text *hint, ldbx_error **error)
{
    const cli_options *options = &app->options;
    const char *authorities = getenv("SSL_CERT_FILE"); /* the variable that other programs with TLS read */
    ldbx_config *config = NULL;
    int status = ldbx_config_new(&config, error);

    if (status == LDBX_OK && options->auth != NULL)
        status = ldbx_config_load_file(config, options->auth, error);
    else if (status == LDBX_OK && options->profile != NULL)
        status = ldbx_config_load_profile(config, NULL, options->profile, error);
    else if (status == LDBX_OK)
        status = ldbx_config_load_env(config, error);
    if (status == LDBX_OK && authorities != NULL && authorities[0] != '\0')
        status = ldbx_config_set(config, "ca_file", authorities, error);
    if (status == LDBX_OK)
        status = ldbx_config_validate(config, error);
    if (status != LDBX_OK) {
        if (options->auth == NULL && options->profile == NULL)
            hint_environment(hint);
        ldbx_config_destroy(config);
        config = NULL;
    }
    *out = config;
    return status;
}

int cli_load_config(cli_app *app, ldbx_config **out)
{
    cli_text hint = {0};
    ldbx_error *error = NULL;
    int code = CLI_DONE;

    if (cli_read_config(app, out, &hint, &error) != LDBX_OK)
        code = cli_fail_early(app, error, cli_text_get(&hint));
    ldbx_error_destroy(error);
    cli_text_clear(&hint);
    return code;
}

int cli_open_session(cli_app *app, const ldbx_config *config, ldbx_connection **out, ldbx_error **error)
{
    ldbx_connection_options options;

    ldbx_connection_options_init(&options, sizeof options);
    options.cancel = app->cancel;
    options.progress = cli_progress_report;
    options.user = &app->progress;
    return ldbx_connection_open(config, &options, out, error);
}

int cli_connect(cli_app *app, ldbx_connection **out)
{
    ldbx_config *config = NULL;
    ldbx_error *error = NULL;
    int code = cli_load_config(app, &config);

    *out = NULL;
    if (code == CLI_DONE && cli_open_session(app, config, out, &error) != LDBX_OK)
        code = cli_fail(app, error, NULL);
    cli_progress_erase(&app->progress);
    ldbx_error_destroy(error);
    ldbx_config_destroy(config);
    return code;
}
