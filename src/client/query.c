#include "client/query.h"

#include "base/error.h"
#include "base/mem.h"

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

int ldbx_query_text(ldbx_connection *connection, const char *sql, const ldbx_statement_options *options, char **out,
                    ldbx_error **error)
{
    int status;
    ldbx_query query = {0};
    const ldbx_batch *row = NULL;
    ldbx_view text;
    ldbx_buf copy;

    *out = NULL;
    ldbx_buf_init(&copy, LDBX_MAX_SQL);
    ldbx_buf_str(&copy, sql);
    LDBX_GO(ldbx_query_row(connection, &copy, options, &query, &row, error));
    text = ldbx_batch_bytes(row, 0, 0);
    *out = ldbx_strndup(text.data != NULL ? text.data : "", text.size);
    if (*out == NULL)
        LDBX_GO(ldbx_fail_no_memory(error));
out:
    ldbx_query_close(&query);
    ldbx_buf_clear(&copy);
    return status;
}
