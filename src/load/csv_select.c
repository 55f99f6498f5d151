/* How COPY INTO makes values of the text that csv.c writes. */
#include "base/str.h"
#include "client/sql.h"
#include "load/csv_cell.h"

static void put_column(const ldbx_csv_column *column, ldbx_buf *sql)
{
    switch (column->type) {
    case LDBX_TYPE_STRING:
        ldbx_sql_identifier(sql, column->name);
        return;
    case LDBX_TYPE_BINARY:
        ldbx_buf_str(sql, "unbase64(");
        ldbx_sql_identifier(sql, column->name);
        ldbx_buf_str(sql, ") AS ");
        break;
    default:
        ldbx_buf_str(sql, "CAST(");
        ldbx_sql_identifier(sql, column->name);
        ldbx_buf_printf(sql, " AS %s) AS ", column->type_name);
    }
    ldbx_sql_identifier(sql, column->name);
}

void ldbx_csv_select(const ldbx_csv *csv, ldbx_buf *sql)
{
    for (size_t i = 0; i < csv->count; i++) {
        if (i > 0)
            ldbx_buf_str(sql, ", ");
        put_column(&csv->columns[i], sql);
    }
}

/*
 * escape: quotes are doubled. lineSep: otherwise line ends inside of quotes are changed to the one that the reader found first. charToEscapeQuoteEscaping: it
 * is NUL otherwise, and a text that holds a quote loses its NULs.
 */
static const char *const reader_options[][2] = {
    {"header", "true"},
    {"sep", ","},
    {"quote", "\""},
    {"escape", "\""},
    {"charToEscapeQuoteEscaping", "\""},
    {"multiLine", "true"},
    {"lineSep", "\n"},
    {"encoding", "UTF-8"},
    {"mode", "FAILFAST"},
};

static void put_option(const char *name, ldbx_view value, ldbx_buf *sql)
{
    ldbx_sql_string(sql, ldbx_view_of(name));
    ldbx_buf_str(sql, " = ");
    ldbx_sql_string(sql, value);
}

void ldbx_csv_reader_options(const char *null_value, ldbx_buf *sql)
{
    for (size_t i = 0; i < sizeof reader_options / sizeof reader_options[0]; i++) {
        put_option(reader_options[i][0], ldbx_view_of(reader_options[i][1]), sql);
        ldbx_buf_str(sql, ", ");
    }
    put_option("nullValue", ldbx_view_of(null_value), sql);
}
