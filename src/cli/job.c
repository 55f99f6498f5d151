#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "app.h"
#include "describe.h"

/* Prints an object that the library made: as it is with --json, else for people, the warnings last. */
static int print_object(cli_app *app, const char *json)
{
    const cJSON *warning = NULL;
    cli_text text = {0};
    cJSON *object = NULL;

    if (app->options.json) {
        cli_output_str(&app->out, json);
        cli_output_str(&app->out, "\n");
        return cli_finish_output(app, CLI_DONE);
    }
    object = cJSON_Parse(json);
    cli_describe(&text, object, "warnings");
    cJSON_ArrayForEach(warning, cJSON_GetObjectItemCaseSensitive(object, "warnings"))
    {
        cli_styled(&text, app->terminal.color_out, CLI_YELLOW, "warning: ");
        cli_describe_value(&text, warning);
        cli_text_str(&text, "\n");
    }
    cli_output_add(&app->out, cli_text_get(&text), text.size);
    cJSON_Delete(object);
    cli_text_clear(&text);
    return cli_finish_output(app, CLI_DONE);
}

int cli_validate(cli_app *app)
{
    ldbx_job *job = NULL;
    ldbx_error *error = NULL;
    int code = CLI_DONE;

    if (ldbx_job_open_file(app->options.operand, &job, &error) == LDBX_OK)
        code = print_object(app, ldbx_job_describe(job));
    else
        code = cli_fail_early(app, error, NULL);
    ldbx_error_destroy(error);
    ldbx_job_destroy(job);
    return code;
}

/* A folder that is not there yet holds no job: an empty store says the same of each. */
static int open_for_reading(const char *folder, ldbx_store **out, ldbx_error **error)
{
    struct stat info;

    if (stat(folder, &info) != 0 && errno == ENOENT)
        return ldbx_store_new_memory(out, error);
    return ldbx_store_open_directory(folder, LDBX_STORE_READ, out, error);
}

int cli_status(cli_app *app)
{
    ldbx_job *job = NULL;
    ldbx_store *store = NULL;
    ldbx_error *error = NULL;
    const char *json = NULL;
    int code, status = ldbx_job_open_file(app->options.operand, &job, &error);

    if (status == LDBX_OK)
        status = open_for_reading(app->options.state, &store, &error);
    if (status == LDBX_OK)
        status = ldbx_job_status(job, store, &json, &error);
    code = status == LDBX_OK ? print_object(app, json) : cli_fail_early(app, error, NULL);
    ldbx_error_destroy(error);
    ldbx_job_destroy(job);
    ldbx_store_destroy(store);
    return code;
}
