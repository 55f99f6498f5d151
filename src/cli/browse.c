#include <string.h>

#include "app.h"
#include "names.h"
#include "table.h"

/* How one kind of list is opened and printed. */
typedef struct listing {
    int (*open)(ldbx_connection *connection, const cli_names *names, ldbx_browser **out, ldbx_error **error);
    bool columns; /* a table of columns, not a name a line */
} listing;

static int open_catalogs(ldbx_connection *connection, const cli_names *names, ldbx_browser **out, ldbx_error **error)
{
    (void)names;
    return ldbx_browse_catalogs(connection, out, error);
}

static int open_schemas(ldbx_connection *connection, const cli_names *names, ldbx_browser **out, ldbx_error **error)
{
    return ldbx_browse_schemas(connection, cli_text_get(&names->part[0]), out, error);
}

static int open_tables(ldbx_connection *connection, const cli_names *names, ldbx_browser **out, ldbx_error **error)
{
    return ldbx_browse_tables(connection, cli_text_get(&names->part[0]), cli_text_get(&names->part[1]), out, error);
}

static int open_columns(ldbx_connection *connection, const cli_names *names, ldbx_browser **out, ldbx_error **error)
{
    return ldbx_browse_columns(connection, cli_text_get(&names->part[0]), cli_text_get(&names->part[1]),
                               cli_text_get(&names->part[2]), out, error);
}

static const char *nullable_text(const ldbx_entry *entry, bool json)
{
    if (entry->nullable < 0)
        return json ? "null" : "";
    if (json)
        return entry->nullable ? "true" : "false";
    return entry->nullable ? "yes" : "no";
}

static void put_json(cli_app *app, const listing *list, const ldbx_entry *entry, size_t index)
{
    cli_text line = {0};

    cli_text_str(&line, index == 0 ? "[\n  {\"name\": " : ",\n  {\"name\": ");
    cli_text_json(&line, entry->name);
    if (list->columns) {
        cli_text_str(&line, ", \"type\": ");
        cli_text_json(&line, entry->type);
        cli_text_format(&line, ", \"nullable\": %s, \"comment\": ", nullable_text(entry, true));
        cli_text_json(&line, entry->comment);
    }
    cli_text_str(&line, "}");
    cli_output_add(&app->out, cli_text_get(&line), line.size);
    cli_text_clear(&line);
}

static void put_name(cli_app *app, const ldbx_entry *entry)
{
    cli_text name = {0}, line = {0};

    cli_name_quoted(&name, entry->name);
    cli_visible(&line, cli_text_get(&name), name.size);
    cli_text_str(&line, "\n");
    cli_output_add(&app->out, cli_text_get(&line), line.size);
    cli_text_clear(&name);
    cli_text_clear(&line);
}

static void add(cli_table *table, const char *text)
{
    cli_table_cell_add(table, text, strlen(text));
}

static void put_column(cli_app *app, cli_table *table, const ldbx_entry *entry)
{
    cli_text name = {0};

    if (cli_table_full(table))
        cli_table_flush(table, &app->out);
    cli_name_quoted(&name, entry->name);
    add(table, cli_text_get(&name));
    add(table, entry->type);
    add(table, nullable_text(entry, false));
    add(table, entry->comment);
    cli_text_clear(&name);
}

static void put_entry(cli_app *app, const listing *list, cli_table *table, const ldbx_entry *entry, size_t index)
{
    if (app->options.json)
        put_json(app, list, entry, index);
    else if (list->columns)
        put_column(app, table, entry);
    else
        put_name(app, entry);
}

static void put_end(cli_app *app, const listing *list, cli_table *table, size_t entries)
{
    if (app->options.json)
        cli_output_str(&app->out, entries == 0 ? "[]\n" : "\n]\n");
    else if (list->columns)
        cli_table_flush(table, &app->out);
}

/* Entries are written as they come; nothing is, when the first cannot be had. */
static int print_all(cli_app *app, const listing *list, ldbx_browser *browser, ldbx_error **error)
{
    static const char *const titles[] = {"name", "type", "nullable", "comment"};
    const ldbx_entry *entry = NULL;
    cli_table table = {0};
    size_t entries = 0;
    int status = LDBX_NO_MEMORY;

    if (cli_table_init(&table, 4, &app->terminal)) {
        for (size_t i = 0; i < 4; i++)
            add(&table, titles[i]);
        while ((status = ldbx_browser_next(browser, &entry, error)) == LDBX_OK && app->out.error == 0)
            put_entry(app, list, &table, entry, entries++);
    }
    if (status == LDBX_DONE || entries > 0)
        put_end(app, list, &table, entries);
    cli_table_clear(&table);
    return status == LDBX_DONE ? LDBX_OK : status;
}

static int run_listing(cli_app *app, const listing *list, const cli_names *names)
{
    ldbx_connection *connection = NULL;
    ldbx_browser *browser = NULL;
    ldbx_error *error = NULL;
    int code = cli_connect(app, &connection);

    if (code == CLI_DONE) {
        int status = list->open(connection, names, &browser, &error);
        if (status == LDBX_OK)
            status = print_all(app, list, browser, &error);
        code = cli_finish_output(app, CLI_DONE);
        if (status != LDBX_OK && code == CLI_DONE)
            code = cli_fail(app, error, NULL);
    }
    ldbx_error_destroy(error);
    ldbx_browser_destroy(browser);
    ldbx_connection_destroy(connection);
    return code;
}

static int list_names(cli_app *app, const listing *list)
{
    cli_names names = {0};
    cli_text problem = {0};
    const char *form = app->options.command->operand;
    int code;

    if (form == NULL || cli_names_parse(app->options.operand, form, &names, &problem)) {
        code = run_listing(app, list, &names);
    } else {
        cli_say(app, "%s: %s", app->options.operand, cli_text_get(&problem));
        code = CLI_USAGE;
    }
    cli_names_clear(&names);
    cli_text_clear(&problem);
    return code;
}

int cli_catalogs(cli_app *app)
{
    return list_names(app, &(listing){open_catalogs, false});
}

int cli_schemas(cli_app *app)
{
    return list_names(app, &(listing){open_schemas, false});
}

int cli_tables(cli_app *app)
{
    return list_names(app, &(listing){open_tables, false});
}

int cli_columns(cli_app *app)
{
    return list_names(app, &(listing){open_columns, true});
}
