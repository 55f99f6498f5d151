#include "import/history.h"

#include "base/error.h"
#include "client/server_error.h"

/* number -1: the newest. */
static int find(const ldbx_snapshot *snapshot, int64_t number, ldbx_version *out, ldbx_error **error)
{
    ldbx_history history;
    int status = ldbx_history_open(snapshot->connection, snapshot->catalog, snapshot->database, snapshot->table,
                                   &snapshot->statement, &history, error);

    *out = (ldbx_version){.number = -1};
    if (status == LDBX_OK)
        status = ldbx_history_find(&history, number, out, error);
    ldbx_history_close(&history);
    return status;
}

int ldbx_snapshot_newest_version(const ldbx_snapshot *snapshot, ldbx_version *out, ldbx_buf *reason, ldbx_error **error)
{
    ldbx_error *refusal = NULL;
    int status = find(snapshot, -1, out, &refusal);

    if (status == LDBX_OK && out->number < 0)
        ldbx_buf_str(reason, "its history is empty");
    if (ldbx_is_refusal(status, refusal)) {
        ldbx_buf_str(reason, ldbx_error_message(refusal));
        status = LDBX_OK;
    }
    if (status != LDBX_OK)
        ldbx_error_move(error, &refusal);
    ldbx_error_destroy(refusal);
    return status;
}

int ldbx_snapshot_has_version(const ldbx_snapshot *snapshot, const ldbx_version *version, bool *out, ldbx_error **error)
{
    ldbx_version found;
    int status = find(snapshot, version->number, &found, error);

    *out = found.number == version->number && found.committed_us == version->committed_us;
    return status;
}
