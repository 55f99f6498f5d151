#include "import/history.h"

#include "base/error.h"
#include "base/str.h"
#include "client/query.h"
#include "client/sql.h"

static int open_history(const ldbx_snapshot *snapshot, const char *limit, ldbx_query *query, ldbx_error **error)
{
    int status;
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_buf_str(&sql, "DESCRIBE HISTORY ");
    ldbx_sql_name(&sql, snapshot->catalog, snapshot->database, snapshot->table);
    ldbx_buf_str(&sql, limit);
    status = ldbx_query_open(snapshot->connection, &sql, &snapshot->statement, query, error);
    ldbx_buf_clear(&sql);
    return status;
}

static int find_column(const ldbx_result *result, const char *name, size_t *index, ldbx_error **error)
{
    for (*index = 0; *index < ldbx_result_column_count(result); ++*index)
        if (ldbx_str_ieq(ldbx_result_column(result, *index)->name, name))
            return LDBX_OK;
    return ldbx_fail(error, LDBX_PROTOCOL, "DESCRIBE HISTORY gave no column '%s'", name);
}

/* The version with that number, or, for -1, the newest, which comes first; out->number stays -1 when it is not there. */
static int find_version(const ldbx_query *query, int64_t number, ldbx_version *out, ldbx_error **error)
{
    const ldbx_batch *rows;
    size_t numbers, times;
    int status;

    *out = (ldbx_version){.number = -1};
    LDBX_TRY(find_column(query->result, "version", &numbers, error));
    LDBX_TRY(find_column(query->result, "timestamp", &times, error));
    while ((status = ldbx_result_next(query->result, &rows, error)) == LDBX_OK) {
        for (int64_t row = 0; row < ldbx_batch_rows(rows); row++) {
            if (number >= 0 && ldbx_batch_int64(rows, row, numbers) != number)
                continue;
            out->number = ldbx_batch_int64(rows, row, numbers);
            ldbx_batch_timestamp_us(rows, row, times, &out->committed_us);
            return LDBX_OK;
        }
    }
    return status == LDBX_DONE ? LDBX_OK : status;
}

int ldbx_history_newest(const ldbx_snapshot *snapshot, ldbx_version *out, ldbx_buf *reason, ldbx_error **error)
{
    ldbx_error *refusal = NULL;
    ldbx_query query;
    int status = open_history(snapshot, " LIMIT 1", &query, &refusal);

    *out = (ldbx_version){.number = -1};
    if (status == LDBX_OK)
        status = find_version(&query, -1, out, &refusal);
    if (status == LDBX_OK && out->number < 0)
        ldbx_buf_str(reason, "its history is empty");
    if (ldbx_snapshot_is_refusal(status, refusal)) {
        ldbx_buf_str(reason, ldbx_error_message(refusal));
        status = LDBX_OK;
    }
    if (status != LDBX_OK)
        ldbx_error_move(error, &refusal);
    ldbx_error_destroy(refusal);
    ldbx_query_close(&query);
    return status;
}

int ldbx_history_has(const ldbx_snapshot *snapshot, const ldbx_version *version, bool *out, ldbx_error **error)
{
    ldbx_version found = {.number = -1};
    ldbx_query query;
    int status = open_history(snapshot, "", &query, error);

    if (status == LDBX_OK)
        status = find_version(&query, version->number, &found, error);
    ldbx_query_close(&query);
    *out = found.number == version->number && found.committed_us == version->committed_us;
    return status;
}
