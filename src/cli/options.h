/* The command line: commands and options from two tables, which also make the help. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "text.h"

struct cli_app;

typedef struct cli_command {
    const char *name;
    const char *operand; /* what stands behind the name; NULL: nothing */
    const char *summary;
    int (*run)(struct cli_app *app); /* gives the exit code */
} cli_command;

/* In main.c; ends with a NULL name. */
extern const cli_command cli_commands[];

typedef enum cli_when { CLI_AUTO = 0, CLI_ALWAYS, CLI_NEVER } cli_when;
typedef enum cli_format { CLI_TABLE = 0, CLI_CSV, CLI_JSON } cli_format;

/* Texts are borrowed from argv. */
typedef struct cli_options {
    const cli_command *command;
    const char *operand;
    const char *auth, *profile;
    const char *state, *output, *report;
    const char *from, *columns, *staging;
    int64_t part_rows, part_bytes; /* 0: not given */
    int log_level;                 /* an ldbx_log_level, -1: no log */
    cli_when progress;
    cli_format format;
    bool format_given;
    bool json, again, reset, gzip, keep_staged, discard, help, version;
} cli_options;

/* False, with one line in problem, when the command line is not right. */
bool cli_options_parse(cli_options *options, int argc, char **argv, cli_text *problem);

/* The whole help, or that of one command. */
void cli_help(cli_text *text, const cli_command *command);

#endif
