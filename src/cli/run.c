#include <string.h>
#include <unistd.h>

#include "app.h"
#include "describe.h"
#include "output_file.h"
#include "report.h"

/* One `run`. */
typedef struct runner {
    cli_app *app;
    ldbx_job *job;
    ldbx_store *store;
    ldbx_connection *connection;
    cli_output_file output;
    int64_t began_ms;    /* connected by then: waiting for compute is not the pace of the run */
    const char *report;  /* borrowed from the job; NULL: it was not asked to run */
    ldbx_error *failure; /* why it was not */
} runner;

/* What can be seen without contacting anything. CLI_DONE, or an exit code, told. */
static int prepare(runner *run, bool *due)
{
    cli_app *app = run->app;
    ldbx_error *error = NULL;
    int ready = 1, status, code = CLI_DONE;

    status = ldbx_job_open_file(app->options.operand, &run->job, &error);
    if (status == LDBX_OK)
        status = ldbx_store_open_directory(app->options.state, LDBX_STORE_WRITE, &run->store, &error);
    if (status == LDBX_OK && app->options.reset)
        status = ldbx_job_reset(run->job, run->store, &error);
    if (status == LDBX_OK)
        status = ldbx_job_is_due(run->job, run->store, &ready, &error);
    if (status != LDBX_OK)
        code = cli_fail_early(app, error, NULL);
    run->failure = error;
    *due = ready != 0 || app->options.again;
    return code;
}

static int connect_run(runner *run)
{
    cli_app *app = run->app;
    ldbx_config *config = NULL;
    ldbx_error *error = NULL;
    cli_text hint = {0};
    int code = CLI_DONE;

    if (cli_read_config(app, &config, &hint, &error) != LDBX_OK)
        code = cli_fail_early(app, error, cli_text_get(&hint));
    else if (cli_open_session(app, config, &run->connection, &error) != LDBX_OK)
        code = cli_fail(app, error, NULL);
    cli_progress_erase(&app->progress);
    run->failure = error;
    ldbx_config_destroy(config);
    cli_text_clear(&hint);
    return code;
}

static void init_hooks(runner *run, ldbx_job_hooks *hooks)
{
    ldbx_job_hooks_init(hooks, sizeof *hooks);
    hooks->store = run->store;
    hooks->sink = &cli_output_file_ops;
    hooks->sink_user = &run->output;
    hooks->cancel = run->app->cancel;
    hooks->progress = cli_progress_report;
    hooks->user = &run->app->progress;
    hooks->again = run->app->options.again;
}

static int run_job(runner *run)
{
    cli_app *app = run->app;
    ldbx_error *error = NULL;
    ldbx_job_hooks hooks;
    int status, code = CLI_DONE;

    run->began_ms = cli_now_ms();
    init_hooks(run, &hooks);
    status = ldbx_job_run(run->job, run->connection, &hooks, &run->report, &error);
    cli_progress_erase(&app->progress);
    if (status != LDBX_OK)
        code = cli_fail(app, error, cli_hint_to_repeat(status, "run it again: it goes on after the last checkpoint"));
    ldbx_error_destroy(error);
    return code;
}

static void put_line(cli_text *text, const char *label, const cli_text *value)
{
    if (value->size > 0)
        cli_text_format(text, "  %-10s  %s\n", label, cli_text_get(value));
}

static void put_omitted(cli_text *text, const cJSON *omitted)
{
    const cJSON *reason = NULL;

    cJSON_ArrayForEach(reason, omitted)
    {
        if (!cJSON_IsNumber(reason) || reason->valuedouble <= 0)
            continue;
        cli_text_str(text, text->size > 0 ? ", " : "");
        cli_describe_value(text, reason);
        cli_text_format(text, " (%s)", reason->string);
    }
}

static void put_pace(cli_text *text, const runner *run, int64_t elapsed_ms)
{
    cli_text_seconds(text, elapsed_ms);
    if (run->output.rows > 0 && elapsed_ms > 0) {
        cli_text_str(text, ", ");
        cli_text_number(text, (int64_t)((double)run->output.rows * 1000.0 / (double)elapsed_ms));
        cli_text_str(text, " rows/s");
    }
}

/* rows, stream, watermark, time: what a person wants to know of a run that has ended well. */
static void put_summary(cli_text *text, runner *run, const cJSON *report)
{
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(report, "rows");
    const cJSON *watermark = cJSON_GetObjectItemCaseSensitive(report, "watermark");
    cli_text value = {0};

    cli_text_number(&value, run->output.rows);
    if (run->output.resumed) {
        cli_text_str(&value, " now, ");
        cli_describe_value(&value, cJSON_GetObjectItemCaseSensitive(rows, "delivered"));
        cli_text_str(&value, " in the whole run, which was resumed");
    }
    put_line(text, "rows", &value);
    cli_text_reset(&value);
    put_omitted(&value, cJSON_GetObjectItemCaseSensitive(rows, "omitted"));
    put_line(text, "left out", &value);
    put_line(text, "stream", &run->output.stream);
    cli_text_reset(&value);
    cli_describe_value(&value, watermark);
    put_line(text, "watermark", &value);
    cli_text_reset(&value);
    put_pace(&value, run, cli_now_ms() - run->began_ms);
    put_line(text, "time", &value);
    cli_text_clear(&value);
}

static void say_summary(runner *run)
{
    cli_app *app = run->app;
    const cJSON *warning = NULL;
    cJSON *report = cJSON_Parse(run->report);
    cli_text text = {0};

    put_summary(&text, run, report);
    cJSON_ArrayForEach(warning, cJSON_GetObjectItemCaseSensitive(report, "warnings"))
    {
        cli_text_str(&text, "  ");
        cli_styled(&text, app->terminal.color_error, CLI_YELLOW, "warning: ");
        cli_describe_value(&text, warning);
        cli_text_str(&text, "\n");
    }
    cli_say(app, "%s: done", ldbx_job_name(run->job));
    cli_write(STDERR_FILENO, cli_text_get(&text), text.size, NULL);
    cJSON_Delete(report);
    cli_text_clear(&text);
}

/* No session, no run: the library refuses to run without one and reports a job where nothing was done; the
 * reason is ours. */
static char *report_without_run(runner *run)
{
    const char *report = NULL;
    ldbx_job_hooks hooks;

    init_hooks(run, &hooks);
    ldbx_job_run(run->job, NULL, &hooks, &report, NULL);
    return cli_report_with(report, run->failure);
}

static int give_report(runner *run, int code)
{
    char *made = run->failure != NULL ? report_without_run(run) : NULL;

    code = cli_give_report(run->app, made != NULL ? made : run->report, run->output.path == NULL, code);
    cJSON_free(made);
    return code;
}

int cli_run(cli_app *app)
{
    runner run = {.app = app};
    bool due = false;
    int code;

    cli_output_file_init(&run.output, app);
    code = prepare(&run, &due);
    if (code == CLI_DONE && due)
        code = connect_run(&run);
    if (code == CLI_DONE)
        code = run_job(&run);
    if (code == CLI_DONE && !due)
        cli_say(app, "%s is completed already: nothing to do (--again starts it over)", ldbx_job_name(run.job));
    else if (code == CLI_DONE && !app->options.json)
        say_summary(&run);
    if (run.job != NULL && (run.report != NULL || run.failure != NULL))
        code = give_report(&run, code);
    cli_output_file_close(&run.output);
    ldbx_connection_destroy(run.connection);
    ldbx_store_destroy(run.store);
    ldbx_job_destroy(run.job);
    ldbx_error_destroy(run.failure);
    return code;
}
