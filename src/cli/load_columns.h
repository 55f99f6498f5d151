/* Columns as `load --columns` has them: name:TYPE,`odd,name`:DECIMAL(10,2). */
#ifndef CLI_LOAD_COLUMNS_H
#define CLI_LOAD_COLUMNS_H

#include <lytics_dbx/value.h>

#include "text.h"

typedef struct cli_load_columns {
    ldbx_load_column *items;
    size_t count;
    char *texts; /* of names and types */
} cli_load_columns;

/* False, with a reason in problem, when the text is something else. Types are taken as they stand. */
bool cli_load_columns_parse(const char *text, cli_load_columns *columns, cli_text *problem);
void cli_load_columns_clear(cli_load_columns *columns);

#endif
