#include "client/query.h"

#include "base/error.h"

int ldbx_query_open(ldbx_connection *connection, const ldbx_buf *sql, const ldbx_statement_options *options,
                    ldbx_query *out, ldbx_error **error)
{
    int status;

    *out = (ldbx_query){0};
    if (sql->failed)
        return ldbx_fail_no_memory(error);
    LDBX_GO(ldbx_statement_new(connection, ldbx_buf_get(sql), options, &out->statement, error));
    LDBX_GO(ldbx_statement_execute(out->statement, &out->result, error));
out:
    if (status != LDBX_OK)
        ldbx_query_close(out);
    return status;
}

void ldbx_query_close(ldbx_query *query)
{
    ldbx_result_destroy(query->result);
    ldbx_statement_destroy(query->statement);
    *query = (ldbx_query){0};
}

int ldbx_query_row(ldbx_connection *connection, const ldbx_buf *sql, const ldbx_statement_options *options,
                   ldbx_query *out, const ldbx_batch **row, ldbx_error **error)
{
    int status;

    LDBX_TRY(ldbx_query_open(connection, sql, options, out, error));
    status = ldbx_result_next(out->result, row, error);
    if (status == LDBX_DONE)
        status = ldbx_fail(error, LDBX_PROTOCOL, "statement %s gave no row", ldbx_result_statement_id(out->result));
    if (status != LDBX_OK)
        ldbx_query_close(out);
    return status;
}
