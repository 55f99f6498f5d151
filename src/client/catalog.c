#include <lytics_dbx/catalog.h>

#include <string.h>

#include <lytics_dbx/statement.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/describe.h"
#include "client/sql.h"

typedef enum listing {
    LIST_NAMES,  /* rows of a name */
    LIST_TABLES, /* rows of namespace, table, temporary: by position, since the names of the columns vary */
    LIST_COLUMNS
} listing;

/*
 * Where describing the columns does not tell their comments, DESCRIBE TABLE does: its first rows are the same
 * columns in the same order, and what follows them (blank rows, "# Partition Information") need not be
 * recognised, which could not be done safely: a column may be called so. information_schema is not there for
 * hive_metastore, and does not know views of a session.
 */
struct ldbx_browser {
    ldbx_connection *connection;
    listing listing;
    ldbx_buf sql;    /* the statement; of columns the one for their comments */
    ldbx_buf source; /* LIST_COLUMNS: the name of what has them */
    ldbx_statement *statement;
    ldbx_result *result;
    const ldbx_batch *batch;
    int64_t row; /* of the batch */
    ldbx_description description;
    size_t next_column;
    bool has_columns;
    ldbx_buf name;
    ldbx_entry entry;
};

static void init_options(ldbx_statement_options *options)
{
    ldbx_statement_options_init(options, sizeof *options);
    options->repeatable = 1;
    options->prefetch = 0; /* lists are short: not worth a thread */
}

static int run(ldbx_browser *browser, ldbx_error **error)
{
    ldbx_statement_options options;

    init_options(&options);
    browser->batch = NULL;
    if (browser->statement == NULL)
        LDBX_TRY(
            ldbx_statement_new(browser->connection, ldbx_buf_get(&browser->sql), &options, &browser->statement, error));
    return ldbx_statement_execute(browser->statement, &browser->result, error);
}

static void stop(ldbx_browser *browser)
{
    ldbx_result_destroy(browser->result);
    ldbx_statement_destroy(browser->statement);
    browser->result = NULL;
    browser->statement = NULL;
    browser->batch = NULL;
}

/* To the next row of the result, which has at least `columns` columns. */
static int next_row(ldbx_browser *browser, size_t columns, ldbx_error **error)
{
    if (ldbx_result_column_count(browser->result) < columns)
        return ldbx_fail(error, LDBX_PROTOCOL, "%s: the answer has %zu columns instead of %zu",
                         ldbx_buf_cstr(&browser->sql), ldbx_result_column_count(browser->result), columns);
    browser->row++;
    if (browser->batch != NULL && browser->row < ldbx_batch_rows(browser->batch))
        return LDBX_OK;
    browser->row = 0;
    return ldbx_result_next(browser->result, &browser->batch, error);
}

static int next_name(ldbx_browser *browser, ldbx_error **error)
{
    bool tables = browser->listing == LIST_TABLES;

    if (browser->result == NULL)
        LDBX_TRY(run(browser, error));
    do
        LDBX_TRY(next_row(browser, tables ? 3 : 1, error));
    while (tables && ldbx_batch_int64(browser->batch, browser->row, 2) != 0);
    ldbx_buf_reset(&browser->name);
    ldbx_buf_view(&browser->name, ldbx_batch_bytes(browser->batch, browser->row, tables ? 1 : 0));
    browser->entry = (ldbx_entry){ldbx_buf_cstr(&browser->name), "", "", -1};
    return browser->entry.name != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int copy_comments(ldbx_browser *browser, ldbx_error **error)
{
    for (size_t i = 0; i < browser->description.count; i++) {
        ldbx_described *column = &browser->description.columns[i];
        ldbx_view comment;
        int status = next_row(browser, 3, error);
        if (status != LDBX_OK)
            return status == LDBX_DONE ? LDBX_OK : status;
        comment = ldbx_batch_bytes(browser->batch, browser->row, 2);
        if (comment.size == 0 || !ldbx_view_eq(ldbx_batch_bytes(browser->batch, browser->row, 0), column->name))
            continue;
        column->comment = ldbx_strndup(comment.data, comment.size);
        if (column->comment == NULL)
            return ldbx_fail_no_memory(error);
    }
    return LDBX_OK;
}

static int find_comments(ldbx_browser *browser, ldbx_error **error)
{
    ldbx_error *refusal = NULL;
    int status = run(browser, &refusal);

    if (status == LDBX_OK)
        status = copy_comments(browser, &refusal);
    stop(browser);
    if (status == LDBX_SERVER || status == LDBX_FORBIDDEN || status == LDBX_NOT_FOUND)
        status = LDBX_OK; /* columns without comments are better than none */
    if (status != LDBX_OK)
        ldbx_error_move(error, &refusal);
    ldbx_error_destroy(refusal);
    return status;
}

static int find_columns(ldbx_browser *browser, ldbx_error **error)
{
    ldbx_statement_options options;

    init_options(&options);
    ldbx_description_clear(&browser->description);
    LDBX_TRY(
        ldbx_describe(browser->connection, ldbx_buf_get(&browser->source), &options, &browser->description, error));
    return browser->description.has_comments ? LDBX_OK : find_comments(browser, error);
}

static int next_column(ldbx_browser *browser, ldbx_error **error)
{
    const ldbx_described *column;

    if (!browser->has_columns)
        LDBX_TRY(find_columns(browser, error));
    browser->has_columns = true;
    if (browser->next_column == browser->description.count)
        return LDBX_DONE;
    column = &browser->description.columns[browser->next_column++];
    browser->entry = (ldbx_entry){column->name, column->sql_type, column->comment != NULL ? column->comment : "", -1};
    return LDBX_OK;
}

int ldbx_browser_next(ldbx_browser *browser, const ldbx_entry **out, ldbx_error **error)
{
    int status;

    if (out == NULL || browser == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", out == NULL ? "out" : "browser");
    *out = NULL;
    status = browser->listing == LIST_COLUMNS ? next_column(browser, error) : next_name(browser, error);
    if (status == LDBX_OK)
        *out = &browser->entry;
    return status;
}

void ldbx_browser_destroy(ldbx_browser *browser)
{
    if (browser == NULL)
        return;
    stop(browser);
    ldbx_description_clear(&browser->description);
    ldbx_buf_clear(&browser->sql);
    ldbx_buf_clear(&browser->source);
    ldbx_buf_clear(&browser->name);
    ldbx_free(browser);
}

static int check_arguments(ldbx_connection *connection, ldbx_browser **out, ldbx_error **error)
{
    if (out != NULL)
        *out = NULL;
    if (out == NULL || connection == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", out == NULL ? "out" : "connection");
    return LDBX_OK;
}

/* An empty name would quietly list another level. */
static int check_name(const char *what, const char *name, bool required, ldbx_error **error)
{
    if ((name == NULL && required) || (name != NULL && name[0] == '\0'))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s must not be empty", what);
    return LDBX_OK;
}

/* The words, then the name if it has any part. */
static void put_statement(ldbx_buf *sql, const char *words, const char *catalog, const char *schema, const char *table)
{
    ldbx_buf_str(sql, words);
    ldbx_sql_name(sql, catalog, schema, table);
}

static int open_browser(ldbx_connection *connection, listing what, ldbx_browser **out, ldbx_error **error)
{
    ldbx_browser *browser = ldbx_calloc(1, sizeof *browser);

    if (browser == NULL)
        return ldbx_fail_no_memory(error);
    browser->connection = connection;
    browser->listing = what;
    ldbx_buf_init(&browser->sql, LDBX_MAX_SQL);
    ldbx_buf_init(&browser->source, LDBX_MAX_SQL);
    ldbx_buf_init(&browser->name, LDBX_MAX_ERROR);
    *out = browser;
    return LDBX_OK;
}

/* Ends an opening: the statements are checked here, once. */
static int opened(ldbx_browser **out, ldbx_error **error)
{
    if (!(*out)->sql.failed && !(*out)->source.failed)
        return LDBX_OK;
    ldbx_browser_destroy(*out);
    *out = NULL;
    return ldbx_fail_no_memory(error);
}

int ldbx_browse_catalogs(ldbx_connection *connection, ldbx_browser **out, ldbx_error **error)
{
    LDBX_TRY(check_arguments(connection, out, error));
    LDBX_TRY(open_browser(connection, LIST_NAMES, out, error));
    put_statement(&(*out)->sql, "SHOW CATALOGS", NULL, NULL, NULL);
    return opened(out, error);
}

int ldbx_browse_schemas(ldbx_connection *connection, const char *catalog, ldbx_browser **out, ldbx_error **error)
{
    LDBX_TRY(check_arguments(connection, out, error));
    LDBX_TRY(check_name("catalog", catalog, false, error));
    LDBX_TRY(open_browser(connection, LIST_NAMES, out, error));
    put_statement(&(*out)->sql, catalog != NULL ? "SHOW SCHEMAS IN " : "SHOW SCHEMAS", catalog, NULL, NULL);
    return opened(out, error);
}

int ldbx_browse_tables(ldbx_connection *connection, const char *catalog, const char *schema, ldbx_browser **out,
                       ldbx_error **error)
{
    LDBX_TRY(check_arguments(connection, out, error));
    LDBX_TRY(check_name("catalog", catalog, false, error));
    LDBX_TRY(check_name("schema", schema, true, error));
    LDBX_TRY(open_browser(connection, LIST_TABLES, out, error));
    put_statement(&(*out)->sql, "SHOW TABLES IN ", catalog, schema, NULL);
    return opened(out, error);
}

int ldbx_browse_columns(ldbx_connection *connection, const char *catalog, const char *schema, const char *table,
                        ldbx_browser **out, ldbx_error **error)
{
    LDBX_TRY(check_arguments(connection, out, error));
    LDBX_TRY(check_name("catalog", catalog, false, error));
    LDBX_TRY(check_name("schema", schema, true, error));
    LDBX_TRY(check_name("table", table, true, error));
    LDBX_TRY(open_browser(connection, LIST_COLUMNS, out, error));
    put_statement(&(*out)->sql, "DESCRIBE TABLE ", catalog, schema, table);
    ldbx_sql_name(&(*out)->source, catalog, schema, table);
    return opened(out, error);
}
