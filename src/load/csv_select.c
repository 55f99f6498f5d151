/* How COPY INTO makes values of the text that csv.c writes. */
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
