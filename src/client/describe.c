#include "client/describe.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/connection.h"

static bool copy(char **to, ldbx_view text)
{
    *to = ldbx_strndup(text.data != NULL ? text.data : "", text.size);
    return *to != NULL;
}

/* Names and types are those of an empty SELECT, which no name can confuse. */
static int take_columns(const ldbx_result *result, ldbx_description *out, ldbx_error **error)
{
    size_t count = ldbx_result_column_count(result);

    out->columns = ldbx_calloc(count, sizeof *out->columns);
    if (out->columns == NULL)
        return ldbx_fail_no_memory(error);
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        const ldbx_column *column = ldbx_result_column(result, i);
        if (!copy(&out->columns[i].name, ldbx_view_of(column->name)) ||
            !copy(&out->columns[i].sql_type, ldbx_view_of(column->sql_type)))
            return ldbx_fail_no_memory(error);
    }
    return LDBX_OK;
}

static int take_row(const ldbx_batch *rows, int64_t row, ldbx_described *out, ldbx_error **error)
{
    bool fine =
        copy(&out->name, ldbx_batch_bytes(rows, row, 0)) && copy(&out->sql_type, ldbx_batch_bytes(rows, row, 1));

    if (fine && !ldbx_batch_is_null(rows, row, 2))
        fine = copy(&out->comment, ldbx_batch_bytes(rows, row, 2));
    return fine ? LDBX_OK : ldbx_fail_no_memory(error);
}

/* Rows of name, type and comment. */
static int take_rows(ldbx_result *result, ldbx_description *out, ldbx_error **error)
{
    const ldbx_batch *rows;
    int status;

    if (ldbx_result_column_count(result) != 3)
        return ldbx_fail(error, LDBX_PROTOCOL, "DESCRIBE QUERY gave %zu columns instead of 3",
                         ldbx_result_column_count(result));
    out->has_comments = true;
    while ((status = ldbx_result_next(result, &rows, error)) == LDBX_OK) {
        size_t more = (size_t)ldbx_batch_rows(rows);
        ldbx_described *grown =
            ldbx_realloc(out->columns, out->count * sizeof *grown, (out->count + more) * sizeof *grown);
        if (grown == NULL)
            return ldbx_fail_no_memory(error);
        out->columns = grown;
        for (size_t i = 0; i < more; i++) {
            grown[out->count] = (ldbx_described){0};
            LDBX_TRY(take_row(rows, (int64_t)i, &grown[out->count++], error));
        }
    }
    return status == LDBX_DONE ? LDBX_OK : status;
}

int ldbx_describe(ldbx_connection *connection, ldbx_view source, const ldbx_statement_options *options,
                  ldbx_description *out, ldbx_error **error)
{
    bool by_metadata = connection->dialect->names_types;
    ldbx_statement *statement = NULL;
    ldbx_result *result = NULL;
    ldbx_buf sql;
    int status = LDBX_OK;

    *out = (ldbx_description){0};
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_str(&sql, by_metadata ? "SELECT * FROM " : "DESCRIBE QUERY SELECT * FROM ");
    ldbx_buf_view(&sql, source);
    ldbx_buf_str(&sql, by_metadata ? " LIMIT 0" : "");
    if (sql.failed)
        LDBX_GO(ldbx_fail_no_memory(error));
    LDBX_GO(ldbx_statement_new(connection, ldbx_buf_get(&sql), options, &statement, error));
    LDBX_GO(ldbx_statement_execute(statement, &result, error));
    status = by_metadata ? take_columns(result, out, error) : take_rows(result, out, error);
out:
    ldbx_result_destroy(result);
    ldbx_statement_destroy(statement);
    ldbx_buf_clear(&sql);
    if (status != LDBX_OK)
        ldbx_description_clear(out);
    return status;
}

void ldbx_description_clear(ldbx_description *description)
{
    for (size_t i = 0; i < description->count; i++) {
        ldbx_free(description->columns[i].name);
        ldbx_free(description->columns[i].sql_type);
        ldbx_free(description->columns[i].comment);
    }
    ldbx_free(description->columns);
    *description = (ldbx_description){0};
}
