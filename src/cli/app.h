/* What the commands share: the command line, the terminal, standard output, the progress display, and how a
 * failure is told. */
#ifndef CLI_APP_H
#define CLI_APP_H

#include <lytics_dbx/lytics_dbx.h>

#include "options.h"
#include "output.h"
#include "progress.h"
#include "terminal.h"

typedef enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,    /* usage or configuration, found before anything was contacted */
    CLI_UNKNOWN = 3,  /* a statement may have run */
    CLI_CONFLICT = 4, /* another runner holds the job or the output */
    CLI_CANCELLED = 130,
    CLI_PIPE = 141 /* the reader of the output went away: as if SIGPIPE had ended us */
} cli_exit;

typedef struct cli_app {
    cli_options options;
    cli_terminal terminal;
    cli_output out;
    cli_progress progress;
    ldbx_cancel *cancel;
} cli_app;

/* "lytics-dbx: ..." on standard error, a prefix each line; the progress display makes room. */
void cli_say(cli_app *app, const char *format, ...) LDBX_PRINTF(2, 3);

/* Tells an error, with `hint` in brackets behind it unless it is NULL or "". The exit code that its status
 * means. */
int cli_fail(cli_app *app, const ldbx_error *error, const char *hint);
/* As cli_fail, of something that is found before anything is contacted. */
int cli_fail_early(cli_app *app, const ldbx_error *error, const char *hint);
/* `hint` for a status after which the same command goes on where it was, NULL for others. */
const char *cli_hint_to_repeat(int status, const char *hint);
/* "SQLSTATE [CLASS] message" of an error. */
void cli_error_text(cli_text *text, const ldbx_error *error);

/* Flushes standard output; `code`, or what a failure to write makes of it. */
int cli_finish_output(cli_app *app, int code);

/* The authorization, from --auth, --profile or the environment, complete. CLI_DONE or CLI_USAGE, told. */
int cli_load_config(cli_app *app, ldbx_config **out);
/* The same without telling; hint receives what would help. */
int cli_read_config(cli_app *app, ldbx_config **out, cli_text *hint, ldbx_error **error);
/* An open session for it; LDBX_OK or a status, not told. */
int cli_open_session(cli_app *app, const ldbx_config *config, ldbx_connection **out, ldbx_error **error);
/* All of it for a command that needs a session. CLI_DONE, or an exit code, told. */
int cli_connect(cli_app *app, ldbx_connection **out);

/* What can be seen of the files on the command line before anything is contacted: those that are read are regular,
 * those that are written can be, no two are one. CLI_DONE or CLI_USAGE, told. */
int cli_check_files(cli_app *app);

/* The commands; each gives the exit code. */
int cli_check(cli_app *app);
int cli_catalogs(cli_app *app);
int cli_schemas(cli_app *app);
int cli_tables(cli_app *app);
int cli_columns(cli_app *app);
int cli_query(cli_app *app);
int cli_validate(cli_app *app);
int cli_status(cli_app *app);
int cli_run(cli_app *app);
int cli_load(cli_app *app);

#endif
