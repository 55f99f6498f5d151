#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lytics_dbx/runtime.h>

typedef enum option_id {
    OPTION_AUTH,
    OPTION_PROFILE,
    OPTION_LOG,
    OPTION_JSON,
    OPTION_PROGRESS,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_FORMAT,
    OPTION_STATE,
    OPTION_OUTPUT,
    OPTION_REPORT,
    OPTION_AGAIN,
    OPTION_RESET,
    OPTION_FROM,
    OPTION_COLUMNS,
    OPTION_STAGING,
    OPTION_GZIP,
    OPTION_PART_ROWS,
    OPTION_PART_BYTES,
    OPTION_KEEP_STAGED,
    OPTION_DISCARD
} option_id;

typedef struct option_spec {
    option_id id;
    const char *name;
    const char *value;       /* what it takes; NULL: nothing */
    const char *choices[5];  /* the only values, when there are such */
    const char *commands[4]; /* which take it; none: all */
    size_t needed;           /* by so many of them, the first ones */
    const char *help;
} option_spec;

static const option_spec specs[] = {
    {OPTION_FORMAT,
     "--format",
     "FORMAT",
     {"table", "csv", "json"},
     {"query"},
     0,
     "table, csv, or json (one object a line)"},
    {OPTION_FROM, "--from", "FILE", {0}, {"load"}, 1, "rows, a JSON object a line"},
    {OPTION_COLUMNS,
     "--columns",
     "LIST",
     {0},
     {"load"},
     1,
     "name:TYPE,..., all columns of the rows that are to be loaded"},
    {OPTION_STAGING, "--staging", "FILE", {0}, {"load", "check"}, 1, "where files wait to be loaded, as JSON"},
    {OPTION_STATE,
     "--state",
     "DIR",
     {0},
     {"run", "status", "load"},
     3,
     "folder that keeps where each job or load stands"},
    {OPTION_OUTPUT, "--output", "FILE", {0}, {"run"}, 0, "where events go; without it standard output"},
    {OPTION_REPORT,
     "--report",
     "FILE",
     {0},
     {"run", "load"},
     0,
     "what the run or load did, as JSON, also when it failed"},
    {OPTION_AGAIN, "--again", NULL, {0}, {"run"}, 0, "starts a completed one-time job over"},
    {OPTION_RESET, "--reset", NULL, {0}, {"run"}, 0, "forgets the job first: the run starts from the beginning"},
    {OPTION_GZIP, "--gzip", NULL, {0}, {"load"}, 0, "compresses what is staged"},
    {OPTION_PART_ROWS, "--part-rows", "N", {0}, {"load"}, 0, "rows of a staged file at most; 100,000 without it"},
    {OPTION_PART_BYTES, "--part-bytes", "N", {0}, {"load"}, 0, "bytes of one, before gzip; 1,000,000,000 without it"},
    {OPTION_KEEP_STAGED, "--keep-staged", NULL, {0}, {"load"}, 0, "leaves the staged files where they are"},
    {OPTION_DISCARD,
     "--discard",
     NULL,
     {0},
     {"load"},
     0,
     "gives up an interrupted load of the table: what it loaded stays"},
    {OPTION_AUTH, "--auth", "FILE", {0}, {0}, 0, "authorization file; without it and --profile DATABRICKS_* are read"},
    {OPTION_PROFILE, "--profile", "NAME", {0}, {0}, 0, "section of .databrickscfg"},
    {OPTION_JSON, "--json", NULL, {0}, {0}, 0, "output as JSON"},
    {OPTION_PROGRESS,
     "--progress",
     "WHEN",
     {"auto", "always", "never"},
     {0},
     0,
     "auto (on a terminal), always, or never"},
    {OPTION_LOG,
     "--log",
     "LEVEL",
     {"error", "warning", "info", "debug"},
     {0},
     0,
     "log on standard error: error, warning, info, or debug"},
    {OPTION_HELP, "--help", NULL, {0}, {0}, 0, "this text; behind a command, that of the command"},
    {OPTION_VERSION, "--version", NULL, {0}, {0}, 0, "version of program and library"},
};

#define SPEC_COUNT (sizeof specs / sizeof specs[0])
#define MOST_ROWS  INT64_C(1000000000) /* of a part, as ldbx_loader_options has it */
#define MOST_BYTES INT64_C(50000000000)
#define NEAR_BYTES 32 /* longer words are near to nothing */

/* Letters to put in, take out or change. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NEAR_BYTES + 1], n = strlen(a), m = strlen(b);

    if (n > NEAR_BYTES || m > NEAR_BYTES)
        return NEAR_BYTES;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

typedef struct nearest {
    const char *word; /* as the user typed it */
    const char *best;
    size_t distance;
} nearest;

static void consider(nearest *near, const char *candidate)
{
    size_t d = distance(near->word, candidate);

    if (near->best == NULL || d < near->distance) {
        near->best = candidate;
        near->distance = d;
    }
}

static bool takes(const option_spec *spec, const cli_command *command)
{
    if (spec->commands[0] == NULL)
        return true;
    for (size_t i = 0; spec->commands[i] != NULL; i++)
        if (strcmp(spec->commands[i], command->name) == 0)
            return true;
    return false;
}

static bool is_needed(const option_spec *spec, const cli_command *command)
{
    for (size_t i = 0; i < spec->needed; i++)
        if (strcmp(spec->commands[i], command->name) == 0)
            return true;
    return false;
}

static const cli_command *find_command(const char *name, cli_text *problem)
{
    nearest near = {name, NULL, 0};

    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
        consider(&near, command->name);
    }
    cli_text_format(problem, "unknown command %s; the nearest is %s (lytics-dbx --help lists all)", name, near.best);
    return NULL;
}

/* name ends at `size`: the rest may be "=value". */
static const option_spec *find_option(const char *name, size_t size, cli_text *problem)
{
    cli_text word = {0};
    nearest near = {0};
    const option_spec *found = NULL;

    cli_text_add(&word, name, size);
    near.word = cli_text_get(&word);
    for (size_t i = 0; i < SPEC_COUNT && found == NULL; i++) {
        if (strcmp(specs[i].name, near.word) == 0 || (specs[i].id == OPTION_HELP && strcmp(near.word, "-h") == 0))
            found = &specs[i];
        consider(&near, specs[i].name);
    }
    if (found == NULL && memchr(name, ' ', size) != NULL)
        cli_text_str(problem, "an argument that begins with - stands behind --: lytics-dbx query -- \"...\"");
    else if (found == NULL)
        cli_text_format(problem, "unknown option %s; the nearest is %s", near.word, near.best);
    cli_text_clear(&word);
    return found;
}

/* Which of the choices; -1, with the problem named, when it is none. */
static int choose(const option_spec *spec, const char *value, cli_text *problem)
{
    nearest near = {value, NULL, 0};

    for (int i = 0; spec->choices[i] != NULL; i++) {
        if (strcmp(spec->choices[i], value) == 0)
            return i;
        consider(&near, spec->choices[i]);
    }
    cli_text_format(problem, "%s: %s is none of ", spec->name, value);
    for (int i = 0; spec->choices[i] != NULL; i++)
        cli_text_format(problem, "%s%s", i > 0 ? ", " : "", spec->choices[i]);
    cli_text_format(problem, "; the nearest is %s", near.best);
    return -1;
}

static bool read_count(const option_spec *spec, const char *value, int64_t most, int64_t *out, cli_text *problem)
{
    char *end = NULL;
    long long number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno != 0 || value[0] < '0' || value[0] > '9' || *end != '\0' || number < 1 || number > most) {
        cli_text_format(problem, "%s: %s is no whole number from 1 to ", spec->name, value);
        cli_text_number(problem, most);
        return false;
    }
    *out = number;
    return true;
}

/* Where the value of an option that is a text goes; NULL: it is something else. */
static const char **text_of(cli_options *options, option_id id)
{
    switch (id) {
    case OPTION_AUTH:
        return &options->auth;
    case OPTION_PROFILE:
        return &options->profile;
    case OPTION_STATE:
        return &options->state;
    case OPTION_OUTPUT:
        return &options->output;
    case OPTION_REPORT:
        return &options->report;
    case OPTION_FROM:
        return &options->from;
    case OPTION_COLUMNS:
        return &options->columns;
    case OPTION_STAGING:
        return &options->staging;
    default:
        return NULL;
    }
}

/* What an option sets that takes no value; NULL: it takes one. */
static bool *flag_of(cli_options *options, option_id id)
{
    switch (id) {
    case OPTION_JSON:
        return &options->json;
    case OPTION_HELP:
        return &options->help;
    case OPTION_VERSION:
        return &options->version;
    case OPTION_AGAIN:
        return &options->again;
    case OPTION_RESET:
        return &options->reset;
    case OPTION_GZIP:
        return &options->gzip;
    case OPTION_KEEP_STAGED:
        return &options->keep_staged;
    case OPTION_DISCARD:
        return &options->discard;
    default:
        return NULL;
    }
}

static bool set_choice(cli_options *options, const option_spec *spec, const char *value, cli_text *problem)
{
    int choice = choose(spec, value, problem);

    if (choice < 0)
        return false;
    if (spec->id == OPTION_LOG)
        options->log_level = choice;
    else if (spec->id == OPTION_PROGRESS)
        options->progress = (cli_when)choice;
    else
        options->format = (cli_format)choice;
    options->format_given |= spec->id == OPTION_FORMAT;
    return true;
}

static bool set_option(cli_options *options, const option_spec *spec, const char *value, cli_text *problem)
{
    const char **text = text_of(options, spec->id);
    bool *flag = flag_of(options, spec->id);

    if (text != NULL)
        *text = value;
    else if (flag != NULL)
        *flag = true;
    else if (spec->choices[0] != NULL)
        return set_choice(options, spec, value, problem);
    else if (spec->id == OPTION_PART_ROWS)
        return read_count(spec, value, MOST_ROWS, &options->part_rows, problem);
    else
        return read_count(spec, value, MOST_BYTES, &options->part_bytes, problem);
    return true;
}

/* Reads the option at argv[*at] and moves past its value. The spec, or NULL. */
static const option_spec *read_option(cli_options *options, int argc, char **argv, int *at, cli_text *problem)
{
    const char *word = argv[*at];
    const char *equals = strchr(word, '=');
    const option_spec *spec = find_option(word, equals != NULL ? (size_t)(equals - word) : strlen(word), problem);
    const char *value = equals != NULL ? equals + 1 : NULL;

    if (spec == NULL)
        return NULL;
    if (spec->value == NULL && value != NULL) {
        cli_text_format(problem, "%s takes no value", spec->name);
        return NULL;
    }
    if (spec->value != NULL && value == NULL && *at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0)
        value = argv[++*at];
    if (spec->value != NULL && (value == NULL || value[0] == '\0')) {
        cli_text_format(problem, "%s needs a value: %s %s", spec->name, spec->name, spec->value);
        return NULL;
    }
    return set_option(options, spec, value, problem) ? spec : NULL;
}

static bool read_operand(cli_options *options, const char *word, cli_text *problem)
{
    if (options->command == NULL) {
        options->command = find_command(word, problem);
        return options->command != NULL;
    }
    if (options->command->operand == NULL || options->operand != NULL) {
        cli_text_format(problem, "%s: one argument too many: %s", options->command->name, word);
        return false;
    }
    options->operand = word;
    return true;
}

static bool check_whole(const cli_options *options, const bool *seen, cli_text *problem)
{
    const cli_command *command = options->command;

    if (options->help || options->version)
        return true;
    if (command == NULL) {
        cli_text_str(problem, "no command given (lytics-dbx --help lists all)");
        return false;
    }
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        if (seen[i] && !takes(&specs[i], command)) {
            cli_text_format(problem, "%s does not take %s", command->name, specs[i].name);
            return false;
        }
        if (!seen[i] && is_needed(&specs[i], command)) {
            cli_text_format(problem, "%s needs %s %s", command->name, specs[i].name, specs[i].value);
            return false;
        }
    }
    if (command->operand != NULL && (options->operand == NULL || options->operand[0] == '\0')) {
        cli_text_format(problem, "%s needs an argument: lytics-dbx %s %s", command->name, command->name,
                        command->operand);
        return false;
    }
    if (options->auth != NULL && options->profile != NULL) {
        cli_text_str(problem, "--auth and --profile exclude each other");
        return false;
    }
    if (options->json && options->format_given && options->format != CLI_JSON) {
        cli_text_str(problem, "--json and --format contradict each other");
        return false;
    }
    return true;
}

bool cli_options_parse(cli_options *options, int argc, char **argv, cli_text *problem)
{
    bool seen[SPEC_COUNT] = {0}, ended = false;

    *options = (cli_options){.log_level = -1};
    for (int at = 1; at < argc; at++) {
        if (!ended && strcmp(argv[at], "--") == 0) {
            ended = true;
        } else if (!ended && argv[at][0] == '-' && argv[at][1] != '\0') {
            const option_spec *spec = read_option(options, argc, argv, &at, problem);
            if (spec == NULL)
                return false;
            seen[spec - specs] = true;
        } else if (!read_operand(options, argv[at], problem)) {
            return false;
        }
    }
    return check_whole(options, seen, problem);
}

static void help_option(cli_text *text, const option_spec *spec)
{
    size_t start = text->size;

    cli_text_format(text, "  %s%s%s", spec->name, spec->value != NULL ? " " : "",
                    spec->value != NULL ? spec->value : "");
    cli_text_repeat(text, " ", text->size - start < 20 ? 20 - (text->size - start) : 1);
    cli_text_format(text, "%s\n", spec->help);
}

static void help_command(cli_text *text, const cli_command *command)
{
    cli_text_format(text, "usage: lytics-dbx %s%s%s [options]\n\n%s\n\noptions:\n", command->name,
                    command->operand != NULL ? " " : "", command->operand != NULL ? command->operand : "",
                    command->summary);
    for (size_t i = 0; i < SPEC_COUNT; i++)
        if (takes(&specs[i], command))
            help_option(text, &specs[i]);
}

void cli_help(cli_text *text, const cli_command *command)
{
    if (command != NULL) {
        help_command(text, command);
        return;
    }
    cli_text_str(text, "usage: lytics-dbx COMMAND [argument] [options]\n\n"
                       "Rows of Databricks tables become Lytics events, and rows of Lytics become tables:\n"
                       "nothing lost, nothing twice.\n\ncommands:\n");
    for (const cli_command *each = cli_commands; each->name != NULL; each++) {
        size_t start = text->size;
        cli_text_format(text, "  %s%s%s", each->name, each->operand != NULL ? " " : "",
                        each->operand != NULL ? each->operand : "");
        cli_text_repeat(text, " ", text->size - start < 32 ? 32 - (text->size - start) : 1);
        cli_text_format(text, "%s\n", each->summary);
    }
    cli_text_str(text, "\noptions, before or behind the command (-- ends them):\n");
    for (size_t i = 0; i < SPEC_COUNT; i++)
        if (specs[i].commands[0] == NULL)
            help_option(text, &specs[i]);
    cli_text_str(text, "\noptions of single commands:\n");
    for (size_t i = 0; i < SPEC_COUNT; i++)
        if (specs[i].commands[0] != NULL)
            help_option(text, &specs[i]);
    cli_text_str(text, "\nexit: 0 done, 1 failed, 2 usage or configuration, 3 outcome unknown, 4 another runner holds\n"
                       "the job or its output, 130 cancelled, 141 the reader of its output went away\n");
}
