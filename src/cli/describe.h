/* A JSON object for people: "key: value" lines, nested values indented. */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include <cjson/cJSON.h>

#include "text.h"

/* One value on one line: text without quotes, yes and no, "none" for null and what is empty. */
void cli_describe_value(cli_text *text, const cJSON *value);
/* Appends a line for each member, but for `skip` (may be NULL). */
void cli_describe(cli_text *text, const cJSON *object, const char *skip);

#endif
