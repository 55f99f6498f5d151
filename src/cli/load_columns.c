#include "load_columns.h"

#include <stdlib.h>
#include <string.h>

#define FORM "NAME:TYPE,NAME:TYPE"

static char *skip_blanks(char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Ends the text at `end`, and blanks before it. */
static void cut(const char *start, char *end)
{
    while (end > start && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    *end = '\0';
}

/* Undoes the backticks of the name at `at`, in place; what follows behind the closing one, or NULL when it is not closed. */
static char *read_quoted(char *at, const char **name)
{
    char *to = at;

    *name = at++;
    for (; *at != '\0'; at++) {
        if (*at == '`' && *++at != '`') {
            *to = '\0';
            return at;
        }
        *to++ = *at;
    }
    return NULL;
}

/* Both read one part in place and return what follows it, or NULL with the problem named. */
static char *read_name(char *at, const char **name, cli_text *problem)
{
    char *end;

    at = skip_blanks(at);
    if (*at == '`') {
        char *behind = read_quoted(at, name);
        if (behind == NULL) {
            cli_text_str(problem, "a backtick is not closed");
            return NULL;
        }
        end = skip_blanks(behind);
    } else {
        *name = at;
        end = at + strcspn(at, ":,");
    }
    if (*end != ':') {
        cli_text_str(problem, "a colon and a type are expected behind its name: " FORM);
        return NULL;
    }
    if (*at != '`')
        cut(at, end);
    if (**name == '\0') {
        cli_text_str(problem, "its name is empty");
        return NULL;
    }
    return end + 1;
}

/* A comma inside parentheses or brackets (of types that are refused by name) belongs to the type, any other one says that there is more. */
static char *read_type(char *at, const char **type, bool *more, cli_text *problem)
{
    char *end = at = skip_blanks(at);
    int depth = 0;

    for (; *end != '\0' && (depth > 0 || *end != ','); end++)
        depth += (*end == '(' || *end == '<') - (*end == ')' || *end == '>');
    if (depth != 0) {
        cli_text_str(problem, "a parenthesis or bracket of its type has no counterpart");
        return NULL;
    }
    *more = *end == ',';
    cut(at, end);
    *type = at;
    if (*at == '\0') {
        cli_text_str(problem, "its type is missing: " FORM);
        return NULL;
    }
    return *more ? end + 1 : end;
}

static size_t count_commas(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

bool cli_load_columns_parse(const char *text, cli_load_columns *columns, cli_text *problem)
{
    cli_text reason = {0};
    char *at;
    bool more = true;

    *columns = (cli_load_columns){.texts = strdup(text)};
    columns->items = calloc(count_commas(text) + 1, sizeof *columns->items);
    if (columns->texts == NULL || columns->items == NULL) {
        cli_text_str(problem, "out of memory");
        return false;
    }
    for (at = columns->texts; at != NULL && more; columns->count++) {
        ldbx_load_column *column = &columns->items[columns->count];
        at = read_name(at, &column->name, &reason);
        at = at != NULL ? read_type(at, &column->type, &more, &reason) : NULL;
    }
    if (at == NULL)
        cli_text_format(problem, "--columns: column %zu: %s", columns->count, cli_text_get(&reason));
    cli_text_clear(&reason);
    return at != NULL;
}

void cli_load_columns_clear(cli_load_columns *columns)
{
    free(columns->items);
    free(columns->texts);
    *columns = (cli_load_columns){0};
}
