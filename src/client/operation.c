#include "client/operation.h"

#include "base/clock.h"
#include "base/error.h"
#include "client/server_error.h"

/* A repeat is harmless in each of these calls: a fetch names its first row, and that of the answer is checked. */
static int exchange(const ldbx_operation *operation, const ldbx_operation_call *how, const char *name,
                    ldbx_error **error)
{
    ldbx_call call = {.name = name,
                      .idempotent = !how->once,
                      .in_session = true,
                      .deadline_ms = how->deadline_ms,
                      .cancel = how->cancel,
                      .statement_id = operation->statement_id};

    return ldbx_channel_call(how->channel, &call, how->response, error);
}

int ldbx_operation_status(const ldbx_operation *operation, const ldbx_operation_call *how,
                          ldbx_tcli_operation_status *out, ldbx_error **error)
{
    const char *name = "GetOperationStatus";
    int32_t seqid;
    ldbx_buf *request = ldbx_channel_request(how->channel, &seqid);

    ldbx_tcli_write_operation_status(request, seqid, &operation->handle);
    LDBX_TRY(exchange(operation, how, name, error));
    LDBX_TRY(ldbx_tcli_read_operation_status(ldbx_buf_get(&how->response->body), seqid, out, error));
    return ldbx_check_status(&out->status, name, operation->statement_id, error);
}

int ldbx_operation_metadata(const ldbx_operation *operation, const ldbx_operation_call *how, ldbx_tcli_metadata *out,
                            ldbx_error **error)
{
    const char *name = "GetResultSetMetadata";
    int32_t seqid;
    ldbx_buf *request = ldbx_channel_request(how->channel, &seqid);
    int status;

    ldbx_tcli_write_metadata(request, seqid, &operation->handle);
    LDBX_TRY(exchange(operation, how, name, error));
    LDBX_TRY(ldbx_tcli_read_metadata(ldbx_buf_get(&how->response->body), seqid, out, error));
    status = ldbx_check_ready(&out->status, name, operation->statement_id, error);
    if (status != LDBX_OK)
        ldbx_tcli_metadata_clear(out);
    return status;
}

int ldbx_operation_fetch(const ldbx_operation *operation, const ldbx_operation_call *how, const ldbx_tcli_fetch *fetch,
                         ldbx_tcli_rows *out, ldbx_error **error)
{
    const char *name = "FetchResults";
    int32_t seqid;
    ldbx_buf *request = ldbx_channel_request(how->channel, &seqid);
    int status;

    ldbx_tcli_write_fetch(request, seqid, &operation->handle, fetch);
    LDBX_TRY(exchange(operation, how, name, error));
    LDBX_TRY(ldbx_tcli_read_fetch(ldbx_buf_get(&how->response->body), seqid, out, error));
    status = ldbx_check_ready(&out->status, name, operation->statement_id, error);
    if (status != LDBX_OK)
        ldbx_tcli_rows_clear(out);
    return status;
}

static void tell(const ldbx_operation *operation, const char *name, ldbx_channel *channel, ldbx_http_response *response,
                 int64_t patience_ms)
{
    ldbx_operation_call how = {channel, response, NULL, ldbx_deadline_in(patience_ms), true};

    exchange(operation, &how, name, NULL);
}

void ldbx_operation_cancel(const ldbx_operation *operation, ldbx_channel *channel, ldbx_http_response *response,
                           int64_t patience_ms)
{
    int32_t seqid;
    ldbx_buf *request;

    if (!operation->open)
        return;
    request = ldbx_channel_request(channel, &seqid);
    ldbx_tcli_write_cancel_operation(request, seqid, &operation->handle);
    tell(operation, "CancelOperation", channel, response, patience_ms);
}

void ldbx_operation_close(ldbx_operation *operation, ldbx_channel *channel, ldbx_http_response *response,
                          int64_t patience_ms)
{
    int32_t seqid;
    ldbx_buf *request;

    if (!operation->open)
        return;
    operation->open = false;
    request = ldbx_channel_request(channel, &seqid);
    ldbx_tcli_write_close_operation(request, seqid, &operation->handle);
    tell(operation, "CloseOperation", channel, response, patience_ms);
}
