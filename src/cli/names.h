/* Names of catalogs, schemas and tables as people type and paste them: main.crm.contacts,
 * `my-catalog`.crm.`a``b`. */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "text.h"

#define CLI_NAME_PARTS 3

typedef struct cli_names {
    cli_text part[CLI_NAME_PARTS]; /* unquoted */
    size_t count;
} cli_names;

/* Exactly as many parts as `form` ("CATALOG.SCHEMA") has. False, with a reason in problem, when the text is
 * something else. */
bool cli_names_parse(const char *text, const char *form, cli_names *names, cli_text *problem);
void cli_names_clear(cli_names *names);

/* Appends a name, in backticks unless it can stand alone in SQL. */
void cli_name_quoted(cli_text *text, const char *name);

#endif
