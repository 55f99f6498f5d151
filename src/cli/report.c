#include "report.h"

#include <string.h>
#include <unistd.h>

#include "replace_file.h"

static cJSON *text_or_null(const char *text)
{
    return text[0] != '\0' ? cJSON_CreateString(text) : cJSON_CreateNull();
}

cJSON *cli_error_object(const ldbx_error *error)
{
    static const char *const verdicts[] = {
        [LDBX_RETRY_NEVER] = "never", [LDBX_RETRY_SAFE] = "safe", [LDBX_RETRY_UNKNOWN] = "unknown"};
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "status", ldbx_status_name(ldbx_error_status(error)));
    cJSON_AddStringToObject(object, "message", ldbx_error_message(error));
    cJSON_AddItemToObject(object, "sqlstate", text_or_null(ldbx_error_sqlstate(error)));
    cJSON_AddItemToObject(object, "class", text_or_null(ldbx_error_class(error)));
    cJSON_AddItemToObject(object, "statement_id", text_or_null(ldbx_error_statement_id(error)));
    cJSON_AddStringToObject(object, "retry", verdicts[ldbx_error_retry(error)]);
    return object;
}

char *cli_report_with(const char *report, const ldbx_error *error)
{
    cJSON *json = cJSON_Parse(report != NULL ? report : "{}");
    char *text;

    cJSON_DeleteItemFromObjectCaseSensitive(json, "error");
    cJSON_AddItemToObject(json, "error", cli_error_object(error));
    text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

int cli_give_report(cli_app *app, const char *report, bool rows_on_stdout, int code)
{
    const cli_options *options = &app->options;
    cli_text text = {0};
    int failure = 0;

    cli_text_format(&text, "%s\n", report != NULL ? report : "null");
    if (options->json && rows_on_stdout)
        cli_write(STDERR_FILENO, cli_text_get(&text), text.size, NULL);
    else if (options->json)
        cli_output_add(&app->out, cli_text_get(&text), text.size);
    if (options->report != NULL)
        failure = cli_replace_file(options->report, &text);
    if (failure != 0) {
        cli_say(app, "--report %s: %s", options->report, strerror(failure));
        code = code == CLI_DONE ? CLI_FAILED : code;
    }
    cli_text_clear(&text);
    return cli_finish_output(app, code);
}
