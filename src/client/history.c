#include "client/history.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "client/sql.h"

#define ABSENT SIZE_MAX

static size_t find_column(const ldbx_result *result, const char *name)
{
    for (size_t i = 0; i < ldbx_result_column_count(result); i++)
        if (ldbx_str_ieq(ldbx_result_column(result, i)->name, name))
            return i;
    return ABSENT;
}

static int need_column(const ldbx_result *result, const char *name, size_t *index, ldbx_error **error)
{
    *index = find_column(result, name);
    if (*index != ABSENT)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_PROTOCOL, "DESCRIBE HISTORY gave no column '%s'", name);
}

int ldbx_history_open(ldbx_connection *connection, const char *catalog, const char *database, const char *table,
                      const ldbx_statement_options *options, ldbx_history *out, ldbx_error **error)
{
    int status;
    ldbx_buf sql;

    *out = (ldbx_history){0};
    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_str(&sql, "DESCRIBE HISTORY ");
    ldbx_sql_name(&sql, catalog, database, table);
    LDBX_GO(ldbx_query_open(connection, &sql, options, &out->query, error));
    LDBX_GO(need_column(out->query.result, "version", &out->versions, error));
    LDBX_GO(need_column(out->query.result, "timestamp", &out->times, error));
    out->operations = find_column(out->query.result, "operation");
    out->metrics = find_column(out->query.result, "operationMetrics");
out:
    ldbx_buf_clear(&sql);
    if (status != LDBX_OK)
        ldbx_history_close(out);
    return status;
}

void ldbx_history_close(ldbx_history *history)
{
    ldbx_query_close(&history->query);
    history->rows = NULL;
}

int ldbx_history_next(ldbx_history *history, ldbx_version *out, ldbx_error **error)
{
    *out = (ldbx_version){.number = -1};
    if (history->rows != NULL && history->row + 1 < ldbx_batch_rows(history->rows)) {
        history->row++;
    } else {
        history->row = 0;
        LDBX_TRY(ldbx_result_next(history->query.result, &history->rows, error));
    }
    out->number = ldbx_batch_int64(history->rows, history->row, history->versions);
    ldbx_batch_timestamp_us(history->rows, history->row, history->times, &out->committed_us);
    return LDBX_OK;
}

ldbx_view ldbx_history_operation(const ldbx_history *history)
{
    if (history->operations == ABSENT)
        return (ldbx_view){NULL, 0};
    return ldbx_batch_bytes(history->rows, history->row, history->operations);
}

/* Metrics are a map of texts. */
int ldbx_history_metric(const ldbx_history *history, const char *name, int64_t *out, ldbx_error **error)
{
    ldbx_view text = {NULL, 0};
    cJSON *metrics = NULL;

    *out = -1;
    if (history->metrics != ABSENT)
        LDBX_TRY(ldbx_batch_text(history->rows, history->row, history->metrics, &text, error));
    if (text.size == 0)
        return LDBX_OK;
    LDBX_TRY(ldbx_json_parse(text, &metrics, error));
    if (!ldbx_parse_int64(ldbx_view_of(ldbx_json_text(metrics, name, NULL)), 0, INT64_MAX, out))
        *out = -1;
    cJSON_Delete(metrics);
    return LDBX_OK;
}

int ldbx_history_find(ldbx_history *history, int64_t number, ldbx_version *out, ldbx_error **error)
{
    int status;

    while ((status = ldbx_history_next(history, out, error)) == LDBX_OK)
        if (number < 0 || out->number == number)
            return LDBX_OK;
    *out = (ldbx_version){.number = -1};
    return status == LDBX_DONE ? LDBX_OK : status;
}
