#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define COLUMN_LEAST 8 /* a column that is cut keeps that much */

bool cli_table_init(cli_table *table, size_t columns, const cli_terminal *terminal)
{
    *table = (cli_table){.count = columns, .utf8 = terminal->utf8, .color = terminal->color_out};
    if (terminal->out)
        table->limit = cli_terminal_columns(STDOUT_FILENO);
    table->columns = calloc(columns, sizeof *table->columns);
    table->cells = calloc(columns, (CLI_TABLE_ROWS + 1) * sizeof *table->cells);
    return table->columns != NULL && table->cells != NULL;
}

void cli_table_clear(cli_table *table)
{
    free(table->columns);
    free(table->cells);
    cli_text_clear(&table->texts);
    *table = (cli_table){0};
}

void cli_table_right(cli_table *table, size_t column)
{
    table->columns[column].right = true;
}

bool cli_table_full(const cli_table *table)
{
    return table->used >= table->count * CLI_TABLE_ROWS;
}

void cli_table_cell_add(cli_table *table, const char *data, size_t size)
{
    cli_table_cell *cell = &table->cells[table->used++];

    cell->null = data == NULL;
    cell->offset = table->texts.size;
    if (cell->null)
        cli_text_str(&table->texts, "NULL");
    else
        cli_visible(&table->texts, data, size);
    cell->size = table->texts.size - cell->offset;
    cell->width = cli_width(cli_text_get(&table->texts) + cell->offset, cell->size);
}

static size_t total_width(const cli_table *table)
{
    size_t total = 0;

    for (size_t i = 0; i < table->count; i++)
        total += table->columns[i].width + (i > 0 ? 2 : 0);
    return total;
}

/* Takes from the widest columns until the line fits the terminal, or nothing more may be taken. */
static void fit(cli_table *table)
{
    size_t over = total_width(table);

    over = table->limit > 0 && over > table->limit ? over - table->limit : 0;
    while (over > 0) {
        size_t first = 0, second = COLUMN_LEAST, cut;
        for (size_t i = 1; i < table->count; i++)
            if (table->columns[i].width > table->columns[first].width)
                first = i;
        if (table->columns[first].width <= COLUMN_LEAST)
            break;
        for (size_t i = 0; i < table->count; i++)
            if (i != first && table->columns[i].width > second)
                second = table->columns[i].width;
        cut = table->columns[first].width - second;
        cut = cut == 0 ? 1 : cut < over ? cut : over;
        table->columns[first].width -= cut;
        over -= cut;
    }
}

static void measure(cli_table *table)
{
    for (size_t i = 0; i < table->used; i++) {
        cli_table_column *column = &table->columns[i % table->count];
        if (table->cells[i].width > column->width)
            column->width = table->cells[i].width;
    }
    fit(table);
}

static void put_cell(const cli_table *table, size_t index, const char *style, cli_text *line)
{
    const cli_table_cell *cell = &table->cells[index];
    const cli_table_column *column = &table->columns[index % table->count];
    const char *data = cli_text_get(&table->texts) + cell->offset;
    bool cut = cell->width > column->width, last = index % table->count == table->count - 1;
    size_t width = cell->width, size = cell->size, pad;

    if (cut)
        size = cli_cut(data, size, column->width - 1, &width);
    pad = column->width - width - cut;
    if (column->right)
        cli_text_repeat(line, " ", pad);
    if (style != NULL && table->color)
        cli_text_format(line, "\033[%sm", style);
    cli_text_add(line, data, size);
    if (cut)
        cli_text_str(line, table->utf8 ? "…" : ">");
    if (style != NULL && table->color)
        cli_text_str(line, "\033[0m");
    if (!column->right && !last)
        cli_text_repeat(line, " ", pad);
    if (!last)
        cli_text_str(line, "  ");
}

static void put_rule(const cli_table *table, cli_text *line)
{
    for (size_t i = 0; i < table->count; i++) {
        cli_text_str(line, i > 0 ? "  " : "");
        cli_text_repeat(line, table->utf8 ? "─" : "-", table->columns[i].width);
    }
    cli_text_str(line, "\n");
}

/* The padding of columns that are followed by empty cells only. */
static void trim_blanks(cli_text *line)
{
    while (line->size > 0 && line->data[line->size - 1] == ' ')
        line->data[--line->size] = '\0';
}

void cli_table_flush(cli_table *table, cli_output *out)
{
    cli_text line = {0};

    measure(table);
    for (size_t i = 0; i < table->used; i++) {
        bool name = !table->begun && i < table->count;
        put_cell(table, i, name ? CLI_BOLD : table->cells[i].null ? CLI_DIM : NULL, &line);
        if ((i + 1) % table->count != 0)
            continue;
        trim_blanks(&line);
        cli_text_str(&line, "\n");
        if (name)
            put_rule(table, &line);
        cli_output_add(out, cli_text_get(&line), line.size);
        cli_text_reset(&line);
    }
    if (table->texts.failed || line.failed)
        out->error = ENOMEM;
    table->begun = true;
    table->used = 0;
    cli_text_reset(&table->texts);
    cli_text_clear(&line);
}
