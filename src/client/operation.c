#include "client/operation.h"

#include "base/clock.h"
#include "base/error.h"
#include "client/connection.h"
#include "client/server_error.h"

static ldbx_call call_of(const char *name, const ldbx_cancel *cancel)
{
    return (ldbx_call){.name = name, .idempotent = true, .in_session = true, .cancel = cancel};
}

int ldbx_operation_status(const ldbx_operation *operation, ldbx_channel *channel, const ldbx_cancel *cancel,
                          ldbx_http_response *response, ldbx_tcli_operation_status *out, ldbx_error **error)
{
    ldbx_call call = call_of("GetOperationStatus", cancel);
    int32_t seqid;
    ldbx_buf *request;

    request = ldbx_channel_request(channel, &seqid);
    ldbx_tcli_write_operation_status(request, seqid, &operation->handle);
    LDBX_TRY(ldbx_channel_call(channel, &call, response, error));
    LDBX_TRY(ldbx_tcli_read_operation_status(ldbx_buf_get(&response->body), seqid, out, error));
    return ldbx_check_status(&out->status, call.name, operation->statement_id, error);
}

int ldbx_operation_metadata(const ldbx_operation *operation, ldbx_channel *channel, const ldbx_cancel *cancel,
                            ldbx_http_response *response, ldbx_tcli_metadata *out, ldbx_error **error)
{
    ldbx_call call = call_of("GetResultSetMetadata", cancel);
    int32_t seqid;
    ldbx_buf *request;
    int status;

    request = ldbx_channel_request(channel, &seqid);
    ldbx_tcli_write_metadata(request, seqid, &operation->handle);
    LDBX_TRY(ldbx_channel_call(channel, &call, response, error));
    LDBX_TRY(ldbx_tcli_read_metadata(ldbx_buf_get(&response->body), seqid, out, error));
    status = ldbx_check_status(&out->status, call.name, operation->statement_id, error);
    if (status != LDBX_OK)
        ldbx_tcli_metadata_clear(out);
    return status;
}

int ldbx_operation_fetch(const ldbx_operation *operation, ldbx_channel *channel, const ldbx_cancel *cancel,
                         const ldbx_tcli_fetch *fetch, ldbx_http_response *response, ldbx_tcli_rows *out,
                         ldbx_error **error)
{
    /* Repeating is harmless: the request names its first row, and the answer's is checked. */
    ldbx_call call = call_of("FetchResults", cancel);
    int32_t seqid;
    ldbx_buf *request;
    int status;

    request = ldbx_channel_request(channel, &seqid);
    ldbx_tcli_write_fetch(request, seqid, &operation->handle, fetch);
    LDBX_TRY(ldbx_channel_call(channel, &call, response, error));
    LDBX_TRY(ldbx_tcli_read_fetch(ldbx_buf_get(&response->body), seqid, out, error));
    status = ldbx_check_status(&out->status, call.name, operation->statement_id, error);
    if (status != LDBX_OK)
        ldbx_tcli_rows_clear(out);
    return status;
}

void ldbx_operation_cancel(const ldbx_operation *operation, ldbx_channel *channel, ldbx_http_response *response)
{
    ldbx_call call = call_of("CancelOperation", NULL);
    int32_t seqid;
    ldbx_buf *request;

    if (!operation->open)
        return;
    call.deadline_ms = ldbx_deadline_in(LDBX_GOODBYE_MS);
    request = ldbx_channel_request(channel, &seqid);
    ldbx_tcli_write_cancel_operation(request, seqid, &operation->handle);
    ldbx_channel_call(channel, &call, response, NULL);
}

void ldbx_operation_close(ldbx_operation *operation, ldbx_channel *channel, ldbx_http_response *response)
{
    ldbx_call call = call_of("CloseOperation", NULL);
    int32_t seqid;
    ldbx_buf *request;

    if (!operation->open)
        return;
    operation->open = false;
    call.deadline_ms = ldbx_deadline_in(LDBX_GOODBYE_MS);
    call.idempotent = false; /* one attempt: what is not closed expires by itself */
    request = ldbx_channel_request(channel, &seqid);
    ldbx_tcli_write_close_operation(request, seqid, &operation->handle);
    ldbx_channel_call(channel, &call, response, NULL);
}
