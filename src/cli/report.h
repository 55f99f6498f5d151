/* Reports of what a command did: JSON, where --json and --report want it. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <cjson/cJSON.h>

#include "app.h"

/* An error as reports show it. */
cJSON *cli_error_object(const ldbx_error *error);
/* Puts an error of ours into a report, a JSON object or NULL, in place of what it says; freed with cJSON_free. */
char *cli_report_with(const char *report, const ldbx_error *error);
/*
 * Writes the report where it is wanted; with rows_on_stdout the place of --json is standard error. Gives the exit code: what
 * the report cannot be written to is a failure of its own, but hides no earlier one.
 */
int cli_give_report(cli_app *app, const char *report, bool rows_on_stdout, int code);

#endif
