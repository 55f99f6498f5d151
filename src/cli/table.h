/* Aligned columns of text. Widths come from the rows that are held; each flush writes those and goes on with
 * widths that only grow. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "output.h"
#include "terminal.h"

#define CLI_TABLE_ROWS 100 /* held before they are written */

typedef struct cli_table_column {
    size_t width;
    bool right; /* numbers */
} cli_table_column;

typedef struct cli_table_cell {
    size_t offset, size; /* in texts */
    size_t width;
    bool null;
} cli_table_cell;

typedef struct cli_table {
    size_t count; /* columns */
    cli_table_column *columns;
    cli_table_cell *cells; /* CLI_TABLE_ROWS + 1 rows of them: the names may be among them */
    size_t used;
    cli_text texts;
    size_t limit; /* columns of the terminal, 0: nothing is ever cut */
    bool begun;   /* the names are written */
    bool utf8;
    bool color;
} cli_table;

/* False when memory is short. Names come first, a cell each, then rows. */
bool cli_table_init(cli_table *table, size_t columns, const cli_terminal *terminal);
void cli_table_clear(cli_table *table);

void cli_table_right(cli_table *table, size_t column);
/* The next cell, from left to right. data NULL: SQL NULL. */
void cli_table_cell_add(cli_table *table, const char *data, size_t size);
bool cli_table_full(const cli_table *table);
/* Writes what is held. */
void cli_table_flush(cli_table *table, cli_output *out);

#endif
