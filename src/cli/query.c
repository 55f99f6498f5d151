#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "app.h"
#include "table.h"

/* One query being printed. */
typedef struct printer {
    cli_app *app;
    ldbx_result *result;
    cli_table table; /* --format table */
    size_t columns;
    int64_t rows;
} printer;

static bool is_number(ldbx_type type)
{
    return type >= LDBX_TYPE_TINYINT && type <= LDBX_TYPE_DECIMAL;
}

static int begin_table(printer *print)
{
    if (!cli_table_init(&print->table, print->columns, &print->app->terminal))
        return LDBX_NO_MEMORY;
    for (size_t i = 0; i < print->columns; i++) {
        const ldbx_column *column = ldbx_result_column(print->result, i);
        if (is_number(column->type))
            cli_table_right(&print->table, i);
        cli_table_cell_add(&print->table, column->name, strlen(column->name));
    }
    return LDBX_OK;
}

static int print_table(printer *print, const ldbx_batch *batch, ldbx_error **error)
{
    for (int64_t row = 0; row < ldbx_batch_rows(batch) && print->app->out.error == 0; row++) {
        if (cli_table_full(&print->table))
            cli_table_flush(&print->table, &print->app->out);
        for (size_t i = 0; i < print->columns; i++) {
            ldbx_view cell = {NULL, 0};
            int status = LDBX_OK;
            if (!ldbx_batch_is_null(batch, row, i))
                status = ldbx_batch_text(batch, row, i, &cell, error);
            if (status != LDBX_OK)
                return status;
            if (cell.data == NULL && !ldbx_batch_is_null(batch, row, i))
                cell.data = "";
            cli_table_cell_add(&print->table, cell.data, cell.size);
        }
    }
    return LDBX_OK;
}

static bool needs_quotes(const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] == '"' || data[i] == ',' || data[i] == '\n' || data[i] == '\r')
            return true;
    return size == 0;
}

static void put_csv(cli_output *out, const char *data, size_t size)
{
    size_t plain = 0;

    if (!needs_quotes(data, size)) {
        cli_output_add(out, data, size);
        return;
    }
    cli_output_str(out, "\"");
    for (size_t i = 0; i < size; i++) {
        if (data[i] != '"')
            continue;
        cli_output_add(out, data + plain, i + 1 - plain);
        plain = i; /* the quote comes once more */
    }
    cli_output_add(out, data + plain, size - plain);
    cli_output_str(out, "\"");
}

static int begin_csv(printer *print)
{
    cli_output *out = &print->app->out;

    for (size_t i = 0; i < print->columns; i++) {
        const char *name = ldbx_result_column(print->result, i)->name;
        put_csv(out, name, strlen(name));
        cli_output_str(out, i + 1 < print->columns ? "," : "\n");
    }
    return LDBX_OK;
}

static int print_csv(printer *print, const ldbx_batch *batch, ldbx_error **error)
{
    cli_output *out = &print->app->out;

    for (int64_t row = 0; row < ldbx_batch_rows(batch) && out->error == 0; row++) {
        for (size_t i = 0; i < print->columns; i++) {
            ldbx_view cell = {NULL, 0};
            if (!ldbx_batch_is_null(batch, row, i)) {
                int status = ldbx_batch_text(batch, row, i, &cell, error);
                if (status != LDBX_OK)
                    return status;
                put_csv(out, cell.data, cell.size);
            }
            cli_output_str(out, i + 1 < print->columns ? "," : "\n");
        }
    }
    return LDBX_OK;
}

static int begin_json(printer *print)
{
    (void)print;
    return LDBX_OK;
}

static int print_json(printer *print, const ldbx_batch *batch, ldbx_error **error)
{
    ldbx_view text = {NULL, 0};
    int status = ldbx_batch_json(batch, &text, error);

    if (status == LDBX_OK)
        cli_output_add(&print->app->out, text.data, text.size);
    return status;
}

static const struct {
    int (*begin)(printer *print);
    int (*batch)(printer *print, const ldbx_batch *batch, ldbx_error **error);
} formats[] = {[CLI_TABLE] = {begin_table, print_table},
               [CLI_CSV] = {begin_csv, print_csv},
               [CLI_JSON] = {begin_json, print_json}};

/* Rows are on their way to the reader batch by batch, so that `| head` sees the first ones at once. */
static int print_rows(printer *print, ldbx_error **error)
{
    cli_app *app = print->app;
    cli_format format = app->options.json ? CLI_JSON : app->options.format;
    const ldbx_batch *batch = NULL;
    int status = formats[format].begin(print);

    while (status == LDBX_OK && app->out.error == 0) {
        ldbx_progress report = {.phase = LDBX_PHASE_READ, .rows_total = -1, .attempt = 1};
        status = ldbx_result_next(print->result, &batch, error);
        if (status != LDBX_OK)
            break;
        if (app->terminal.out)
            cli_progress_erase(&app->progress);
        status = formats[format].batch(print, batch, error);
        print->rows += ldbx_batch_rows(batch);
        report.rows = print->rows;
        if (!app->terminal.out)
            cli_progress_report(&report, &app->progress);
        if (format != CLI_TABLE)
            cli_output_flush(&app->out);
    }
    cli_progress_erase(&app->progress);
    if (format == CLI_TABLE)
        cli_table_flush(&print->table, &app->out);
    return status == LDBX_DONE ? LDBX_OK : status;
}

static void say_changed(cli_app *app, int64_t modified)
{
    cli_text text = {0};

    if (modified >= 0) {
        cli_text_number(&text, modified);
        cli_text_str(&text, modified == 1 ? " row modified" : " rows modified");
    } else {
        cli_text_str(&text, "done");
    }
    cli_say(app, "%s", cli_text_get(&text));
    cli_text_clear(&text);
}

static int print_result(printer *print, ldbx_error **error)
{
    int status, code;

    print->columns = ldbx_result_column_count(print->result);
    if (print->columns == 0) {
        cli_progress_erase(&print->app->progress);
        say_changed(print->app, ldbx_result_modified_rows(print->result));
        return CLI_DONE;
    }
    status = print_rows(print, error);
    code = cli_finish_output(print->app, CLI_DONE);
    if (code != CLI_DONE || status == LDBX_OK)
        return code;
    return *error != NULL ? cli_fail(print->app, *error, NULL) : CLI_FAILED;
}

static int run_query(cli_app *app, ldbx_connection *connection, ldbx_error **error)
{
    ldbx_view sql = {app->options.operand, strlen(app->options.operand)};
    ldbx_statement_options options;
    ldbx_statement *statement = NULL;
    printer print = {.app = app};
    int status, code;

    ldbx_statement_options_init(&options, sizeof options);
    app->progress.query = true;
    options.progress = cli_progress_report;
    options.user = &app->progress;
    status = ldbx_statement_new(connection, sql, &options, &statement, error);
    if (status == LDBX_OK)
        status = ldbx_statement_execute(statement, &print.result, error);
    code = status == LDBX_OK ? print_result(&print, error) : cli_fail(app, *error, NULL);
    cli_table_clear(&print.table);
    ldbx_result_destroy(print.result);
    ldbx_statement_destroy(statement);
    return code;
}

int cli_query(cli_app *app)
{
    ldbx_connection *connection = NULL;
    ldbx_error *error = NULL;
    int code;

    if (app->options.operand[strspn(app->options.operand, " \t\r\n")] == '\0') {
        cli_say(app, "query: the statement is empty");
        return CLI_USAGE;
    }
    code = cli_connect(app, &connection);
    if (code == CLI_DONE)
        code = run_query(app, connection, &error);
    ldbx_error_destroy(error);
    ldbx_connection_destroy(connection);
    return code;
}
