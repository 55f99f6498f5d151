#include "wire/tcli.h"

#include "base/str.h"
#include "wire/thrift.h"

#define FETCH_NEXT 0 /* TFetchOrientation */

/* Every request is a struct with one field, `req`, which is a struct again. */
static void begin(ldbx_buf *out, const char *call, int32_t seqid)
{
    ldbx_tw_message(out, call, LDBX_THRIFT_CALL, seqid);
    ldbx_tw_struct(out, 1);
}

static void end(ldbx_buf *out)
{
    ldbx_tw_stop(out);
    ldbx_tw_stop(out);
}

/* The two identifying parts, which stand in a struct of their own inside the handle. */
static void put_identifier(ldbx_buf *out, const ldbx_tcli_handle *handle)
{
    const ldbx_view guid = {(const char *)handle->guid, sizeof handle->guid};
    const ldbx_view secret = {(const char *)handle->secret, handle->secret_size};
    ldbx_tw_struct(out, 1);
    ldbx_tw_string(out, 1, guid);
    ldbx_tw_string(out, 2, secret);
    ldbx_tw_stop(out);
}

static void put_session(ldbx_buf *out, const ldbx_tcli_handle *session)
{
    ldbx_tw_struct(out, 1);
    put_identifier(out, session);
    ldbx_tw_stop(out);
}

static void put_operation(ldbx_buf *out, const ldbx_tcli_handle *operation)
{
    ldbx_tw_struct(out, 1);
    put_identifier(out, operation);
    ldbx_tw_i32(out, 2, operation->operation_type);
    ldbx_tw_bool(out, 3, operation->has_result_set);
    ldbx_tw_stop(out);
}

/* A count of the caller's as Thrift has it; what does not fit fails the message. */
static int32_t wire_count(ldbx_buf *out, size_t count)
{
    if (count <= INT32_MAX)
        return (int32_t)count;
    out->failed = true;
    return 0;
}

static void put_configuration(ldbx_buf *out, const ldbx_tcli_open *open)
{
    if (open->configuration_count == 0)
        return;
    ldbx_tw_string_map(out, 4, wire_count(out, open->configuration_count));
    for (size_t i = 0; i < open->configuration_count && !out->failed; i++) {
        ldbx_tw_raw_string(out, open->configuration[i].key);
        ldbx_tw_raw_string(out, open->configuration[i].value);
    }
}

static void put_namespace(ldbx_buf *out, const ldbx_tcli_open *open)
{
    if (open->catalog == NULL && open->schema == NULL)
        return;
    ldbx_tw_struct(out, 1284);
    if (open->catalog != NULL)
        ldbx_tw_string(out, 1, ldbx_view_of(open->catalog));
    if (open->schema != NULL)
        ldbx_tw_string(out, 2, ldbx_view_of(open->schema));
    ldbx_tw_stop(out);
}

void ldbx_tcli_write_open_session(ldbx_buf *out, int32_t seqid, const ldbx_tcli_open *open)
{
    begin(out, "OpenSession", seqid);
    put_configuration(out, open);
    ldbx_tw_i64(out, 1282, LDBX_PROTOCOL_V8);
    put_namespace(out, open);
    ldbx_tw_bool(out, 1285, true); /* canUseMultipleCatalogs */
    end(out);
}

void ldbx_tcli_write_close_session(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *session)
{
    begin(out, "CloseSession", seqid);
    put_session(out, session);
    end(out);
}

static void put_direct_results(ldbx_buf *out, const ldbx_tcli_execute *execute)
{
    ldbx_tw_struct(out, 1281);
    ldbx_tw_i64(out, 1, execute->max_rows);
    if (execute->max_bytes > 0)
        ldbx_tw_i64(out, 2, execute->max_bytes);
    ldbx_tw_stop(out);
}

static void put_native_types(ldbx_buf *out)
{
    ldbx_tw_struct(out, 1286);
    ldbx_tw_bool(out, 1, true);  /* timestamps */
    ldbx_tw_bool(out, 2, true);  /* decimals */
    ldbx_tw_bool(out, 3, true);  /* nested types */
    ldbx_tw_bool(out, 4, false); /* intervals: as text they read like SQL */
    ldbx_tw_bool(out, 5, true);  /* void */
    ldbx_tw_stop(out);
}

static void put_parameter(ldbx_buf *out, const ldbx_tcli_parameter *parameter, int32_t ordinal)
{
    if (parameter->name != NULL)
        ldbx_tw_string(out, 2, ldbx_view_of(parameter->name));
    else
        ldbx_tw_i32(out, 1, ordinal);
    ldbx_tw_string(out, 3, ldbx_view_of(parameter->type));
    if (parameter->value.data != NULL) {
        ldbx_tw_struct(out, 4);
        ldbx_tw_string(out, 1, parameter->value);
        ldbx_tw_stop(out);
    }
    ldbx_tw_stop(out);
}

static void put_parameters(ldbx_buf *out, const ldbx_tcli_execute *execute)
{
    int32_t count = wire_count(out, execute->parameter_count);
    if (count == 0)
        return;
    ldbx_tw_list(out, 1288, LDBX_T_STRUCT, count);
    for (int32_t i = 0; i < count; i++)
        put_parameter(out, &execute->parameters[i], i + 1);
}

void ldbx_tcli_write_execute(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *session,
                             const ldbx_tcli_execute *execute)
{
    begin(out, "ExecuteStatement", seqid);
    put_session(out, session);
    ldbx_tw_string(out, 2, execute->statement);
    ldbx_tw_bool(out, 4, true); /* runAsync: a long statement must not hold one HTTP call */
    if (execute->query_timeout_s > 0)
        ldbx_tw_i64(out, 5, execute->query_timeout_s);
    put_direct_results(out, execute);
    ldbx_tw_bool(out, 1282, execute->arrow);
    ldbx_tw_bool(out, 1283, false); /* no links to cloud storage */
    ldbx_tw_bool(out, 1284, execute->arrow);
    if (execute->arrow)
        put_native_types(out);
    put_parameters(out, execute);
    if (execute->max_bytes > 0)
        ldbx_tw_i64(out, 1289, execute->max_bytes);
    end(out);
}

static void put_operation_call(ldbx_buf *out, const char *call, int32_t seqid, const ldbx_tcli_handle *operation)
{
    begin(out, call, seqid);
    put_operation(out, operation);
    end(out);
}

void ldbx_tcli_write_operation_status(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation)
{
    put_operation_call(out, "GetOperationStatus", seqid, operation);
}

void ldbx_tcli_write_metadata(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation)
{
    put_operation_call(out, "GetResultSetMetadata", seqid, operation);
}

void ldbx_tcli_write_fetch(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation,
                           const ldbx_tcli_fetch *fetch)
{
    begin(out, "FetchResults", seqid);
    put_operation(out, operation);
    ldbx_tw_i32(out, 2, FETCH_NEXT);
    ldbx_tw_i64(out, 3, fetch->max_rows);
    if (fetch->max_bytes > 0)
        ldbx_tw_i64(out, 1281, fetch->max_bytes);
    ldbx_tw_i64(out, 1282, fetch->start_row);
    ldbx_tw_bool(out, 1283, fetch->include_metadata);
    end(out);
}

void ldbx_tcli_write_close_operation(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation)
{
    put_operation_call(out, "CloseOperation", seqid, operation);
}

void ldbx_tcli_write_cancel_operation(ldbx_buf *out, int32_t seqid, const ldbx_tcli_handle *operation)
{
    put_operation_call(out, "CancelOperation", seqid, operation);
}
