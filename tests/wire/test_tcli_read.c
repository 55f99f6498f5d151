#include <string.h>

#include "base/str.h"
#include "suite.h"
#include "wire/tcli.h"
#include "wire_support.h"

/* Replies are made by hand with the writer. */

static ldbx_buf begin_reply(const char *call, int32_t seqid)
{
    ldbx_buf reply;
    ldbx_buf_init(&reply, 1 << 20);
    ldbx_tw_message(&reply, call, LDBX_THRIFT_REPLY, seqid);
    ldbx_tw_struct(&reply, 0);
    return reply;
}

static void end_reply(ldbx_buf *reply)
{
    ldbx_tw_stop(reply);
    ldbx_tw_stop(reply);
    ck_assert(!reply->failed);
}

static void put_status(ldbx_buf *out, int16_t id, int32_t code)
{
    ldbx_tw_struct(out, id);
    ldbx_tw_i32(out, 1, code);
    ldbx_tw_stop(out);
}

/* We never write one; servers do. */
static void put_i16(ldbx_buf *out, int16_t id, uint8_t value)
{
    const uint8_t field[] = {LDBX_T_I16, (uint8_t)(id >> 8), (uint8_t)id, 0, value};
    ldbx_buf_append(out, field, sizeof field);
}

/* Fields that no public IDL has: one of each kind. */
static void put_unknown(ldbx_buf *out)
{
    ldbx_tw_bool(out, 3330, true);
    put_i16(out, 3331, 1);
    ldbx_tw_i64(out, 3332, 2);
    ldbx_tw_string(out, 3333, ldbx_view_of("internal"));
    ldbx_tw_list(out, 3334, LDBX_T_STRING, 1);
    ldbx_tw_raw_string(out, ldbx_view_of("x"));
    ldbx_tw_string_map(out, 3335, 1);
    ldbx_tw_raw_string(out, ldbx_view_of("k"));
    ldbx_tw_raw_string(out, ldbx_view_of("v"));
    ldbx_tw_struct(out, 3336);
    ldbx_tw_i32(out, 1, 1);
    ldbx_tw_stop(out);
}

static void put_handle(ldbx_buf *out, int16_t id, bool operation, size_t guid_size, size_t secret_size)
{
    char bytes[400];
    const ldbx_view guid = {bytes, guid_size};
    const ldbx_view secret = {bytes, secret_size};
    memset(bytes, 'h', sizeof bytes);
    ldbx_tw_struct(out, id);
    ldbx_tw_struct(out, 1);
    ldbx_tw_string(out, 1, guid);
    ldbx_tw_string(out, 2, secret);
    put_i16(out, 3329, 1);
    ldbx_tw_stop(out);
    if (operation) {
        ldbx_tw_i32(out, 2, 8);
        ldbx_tw_bool(out, 3, true);
    }
    ldbx_tw_i32(out, 3329, 42248);
    ldbx_tw_stop(out);
}

static void put_qualifier(ldbx_buf *out, const char *key, int32_t value)
{
    ldbx_tw_raw_string(out, ldbx_view_of(key));
    ldbx_tw_i32(out, 1, value);
    ldbx_tw_stop(out);
}

/* precision < 0: no qualifiers */
static void put_column_desc(ldbx_buf *out, const char *name, int32_t type, int32_t precision, int32_t scale)
{
    static const uint8_t map_of_two[] = {LDBX_T_MAP, 0, 1, LDBX_T_STRING, LDBX_T_STRUCT, 0, 0, 0, 2};
    ldbx_tw_string(out, 1, ldbx_view_of(name));
    ldbx_tw_struct(out, 2);
    ldbx_tw_list(out, 1, LDBX_T_STRUCT, 1);
    ldbx_tw_struct(out, 1);
    ldbx_tw_i32(out, 1, type);
    if (precision >= 0) {
        ldbx_tw_struct(out, 2);
        ldbx_buf_append(out, map_of_two, sizeof map_of_two);
        put_qualifier(out, "scale", scale);
        put_qualifier(out, "precision", precision);
        ldbx_tw_stop(out);
    }
    ldbx_tw_stop(out); /* primitive */
    ldbx_tw_stop(out); /* entry */
    ldbx_tw_stop(out); /* desc */
    ldbx_tw_i32(out, 3, 1);
    ldbx_tw_string(out, 4, ldbx_view_of("about it"));
    ldbx_tw_stop(out);
}

static void put_metadata_fields(ldbx_buf *out)
{
    put_status(out, 1, 0);
    ldbx_tw_struct(out, 2);
    ldbx_tw_list(out, 1, LDBX_T_STRUCT, 3);
    put_column_desc(out, "id", LDBX_TTYPE_BIGINT, -1, -1);
    put_column_desc(out, "amount", LDBX_TTYPE_DECIMAL, 10, 2);
    put_column_desc(out, "new", 99, -1, -1);
    ldbx_tw_stop(out);
    ldbx_tw_i32(out, 1281, 77);
    ldbx_tw_bool(out, 1282, true);
    ldbx_tw_string(out, 1283, ldbx_view_of("schema"));
    ldbx_tw_bool(out, 1287, true);
    put_unknown(out);
}

static void put_link(ldbx_buf *out, int32_t headers)
{
    ldbx_tw_string(out, 1, ldbx_view_of("https://"));
    ldbx_tw_i64(out, 2, INT64_C(1743143928085));
    ldbx_tw_i64(out, 3, 122880);
    ldbx_tw_i64(out, 4, 24620);
    ldbx_tw_i64(out, 5, 4213728);
    ldbx_tw_string_map(out, 6, headers);
    for (int32_t i = 0; i < headers; i++) {
        ldbx_tw_raw_string(out, ldbx_view_of(i == 0 ? "x-first" : "x-second"));
        ldbx_tw_raw_string(out, ldbx_view_of(i == 0 ? "1" : "2"));
    }
    put_unknown(out);
    ldbx_tw_stop(out);
}

static void put_rows_fields(ldbx_buf *out)
{
    static const char values[] = {
        LDBX_T_STRUCT, 0, 4, LDBX_T_LIST, 0, 1, LDBX_T_I32, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 8,
        LDBX_T_STRING, 0, 2, 0,           0, 0, 1,          2, 0, 0};
    put_status(out, 1, 1);
    ldbx_tw_bool(out, 2, true);
    ldbx_tw_struct(out, 3);
    ldbx_tw_i64(out, 1, 7311);
    ldbx_tw_list(out, 2, LDBX_T_STRUCT, 0);
    ldbx_tw_list(out, 3, LDBX_T_STRUCT, 2);
    ldbx_buf_append(out, values, sizeof values);
    ldbx_tw_struct(out, 9); /* a kind of column that is not known */
    ldbx_tw_stop(out);
    ldbx_tw_stop(out);
    ldbx_tw_string(out, 4, ldbx_view_of(""));
    ldbx_tw_i32(out, 5, 2);
    ldbx_tw_list(out, 1281, LDBX_T_STRUCT, 2);
    for (int i = 0; i < 2; i++) {
        ldbx_tw_string(out, 1, ldbx_view_of(i == 0 ? "first" : "second"));
        ldbx_tw_i64(out, 2, 4096 + i);
        ldbx_tw_stop(out);
    }
    ldbx_tw_list(out, 1282, LDBX_T_STRUCT, 2);
    put_link(out, 0);
    put_link(out, 2);
    ldbx_tw_stop(out);
    ldbx_tw_struct(out, 1281);
    put_metadata_fields(out);
    ldbx_tw_stop(out);
    put_unknown(out);
}

static void put_operation_status_fields(ldbx_buf *out)
{
    put_status(out, 1, 0);
    ldbx_tw_i32(out, 2, 5);
    ldbx_tw_string(out, 3, ldbx_view_of("42P01"));
    ldbx_tw_i32(out, 4, 0);
    ldbx_tw_string(out, 5, ldbx_view_of("long text"));
    ldbx_tw_i64(out, 11, 42);
    ldbx_tw_string(out, 1281, ldbx_view_of("short text"));
    ldbx_tw_string(out, 1283, ldbx_view_of("{}"));
    put_unknown(out);
}

/* Each part of a reply that there is. */
static ldbx_buf full_execute_reply(void)
{
    ldbx_buf reply = begin_reply("ExecuteStatement", 3);
    put_status(&reply, 1, 0);
    put_handle(&reply, 2, true, 16, 16);
    ldbx_tw_struct(&reply, 1281);
    ldbx_tw_struct(&reply, 1);
    put_operation_status_fields(&reply);
    ldbx_tw_stop(&reply);
    ldbx_tw_struct(&reply, 2);
    put_metadata_fields(&reply);
    ldbx_tw_stop(&reply);
    ldbx_tw_struct(&reply, 3);
    put_rows_fields(&reply);
    ldbx_tw_stop(&reply);
    ldbx_tw_struct(&reply, 4);
    put_status(&reply, 1, 0);
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    put_unknown(&reply);
    end_reply(&reply);
    return reply;
}

static void expect_view(ldbx_view view, const char *text)
{
    ck_assert_msg(ldbx_view_eq(view, text), "\"%.*s\" instead of \"%s\"", (int)view.size, view.data, text);
}

static void expect_metadata(const ldbx_tcli_metadata *metadata)
{
    ck_assert(metadata->present);
    ck_assert(metadata->status.present);
    ck_assert_uint_eq(metadata->column_count, 3);
    expect_view(metadata->columns[0].name, "id");
    expect_view(metadata->columns[0].comment, "about it");
    ck_assert_int_eq(metadata->columns[0].type, LDBX_TTYPE_BIGINT);
    ck_assert_int_eq(metadata->columns[0].precision, 0);
    ck_assert_int_eq(metadata->columns[1].type, LDBX_TTYPE_DECIMAL);
    ck_assert_int_eq(metadata->columns[1].precision, 10);
    ck_assert_int_eq(metadata->columns[1].scale, 2);
    ck_assert_int_eq(metadata->columns[2].type, 99);
    ck_assert_int_eq(metadata->format, 77);
    ck_assert(metadata->lz4);
    ck_assert(metadata->staging);
    expect_view(metadata->arrow_schema, "schema");
}

static void expect_rows(const ldbx_tcli_rows *rows)
{
    ck_assert(rows->present);
    ck_assert_int_eq(rows->status.code, LDBX_TSTATUS_SUCCESS_WITH_INFO);
    ck_assert(rows->has_more);
    ck_assert_int_eq(rows->start_row, 7311);
    ck_assert_uint_eq(rows->column_count, 2);
    ck_assert_int_eq(rows->columns[0].kind, 4);
    ck_assert_int_eq(rows->columns[0].count, 2);
    ck_assert_uint_eq(rows->columns[0].values.size, 8);
    ck_assert_int_eq(rows->columns[0].values.data[7], 8);
    ck_assert_uint_eq(rows->columns[0].nulls.size, 1);
    ck_assert_int_eq(rows->columns[0].nulls.data[0], 2);
    ck_assert_int_eq(rows->columns[1].kind, 0);
    ck_assert_uint_eq(rows->batch_count, 2);
    expect_view(rows->batches[0].bytes, "first");
    ck_assert_int_eq(rows->batches[0].rows, 4096);
    expect_view(rows->batches[1].bytes, "second");
    ck_assert_int_eq(rows->batches[1].rows, 4097);
    ck_assert_uint_eq(rows->link_count, 2);
    expect_view(rows->links[1].url, "https://");
    ck_assert_int_eq(rows->links[1].expires_ms, INT64_C(1743143928085));
    ck_assert_int_eq(rows->links[1].start_row, 122880);
    ck_assert_int_eq(rows->links[1].rows, 24620);
    ck_assert_int_eq(rows->links[1].bytes, 4213728);
    ck_assert_uint_eq(rows->links[0].header_count, 0);
    ck_assert_uint_eq(rows->links[1].header_count, 2);
    expect_view(rows->links[1].headers[0].key, "x-first");
    expect_view(rows->links[1].headers[1].value, "2");
    expect_metadata(&rows->metadata);
}

static void expect_operation_status(const ldbx_tcli_operation_status *status)
{
    ck_assert(status->present);
    ck_assert(status->status.present);
    ck_assert_int_eq(status->state, LDBX_TSTATE_ERROR);
    ck_assert_int_eq(status->modified_rows, 42);
    ck_assert(status->failure.present);
    expect_view(status->failure.sqlstate, "42P01");
    expect_view(status->failure.error_message, "long text");
    expect_view(status->failure.display_message, "short text");
    expect_view(status->failure.details_json, "{}");
}

START_TEST(a_session_is_opened)
{
    ldbx_buf reply = begin_reply("OpenSession", 1);
    ldbx_tcli_open_reply out;
    ldbx_error *error = NULL;
    put_status(&reply, 1, 0);
    ldbx_tw_i32(&reply, 2, 42248);
    put_handle(&reply, 3, false, 16, 5);
    ldbx_tw_string_map(&reply, 4, 0);
    put_unknown(&reply);
    end_reply(&reply);
    expect_ok(ldbx_tcli_read_open_session(ldbx_buf_get(&reply), 1, &out, &error), error);
    ck_assert(out.status.present);
    ck_assert_int_eq(out.protocol, 42248);
    ck_assert(out.has_session);
    ck_assert_mem_eq(out.session.guid, "hhhhhhhhhhhhhhhh", 16);
    ck_assert_uint_eq(out.session.secret_size, 5);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(a_failed_status_is_read)
{
    ldbx_buf reply = begin_reply("OpenSession", 1);
    ldbx_tcli_open_reply out;
    ldbx_error *error = NULL;
    ldbx_tw_struct(&reply, 1);
    ldbx_tw_i32(&reply, 1, 3);
    ldbx_tw_list(&reply, 2, LDBX_T_STRING, 1);
    ldbx_tw_raw_string(&reply, ldbx_view_of("*stack"));
    ldbx_tw_string(&reply, 3, ldbx_view_of("XX000"));
    ldbx_tw_i32(&reply, 4, 0);
    ldbx_tw_string(&reply, 5, ldbx_view_of("error"));
    ldbx_tw_string(&reply, 6, ldbx_view_of("\nshown"));
    ldbx_tw_string(&reply, 1281, ldbx_view_of("{\"errorClass\":1}"));
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_ok(ldbx_tcli_read_open_session(ldbx_buf_get(&reply), 1, &out, &error), error);
    ck_assert_int_eq(out.status.code, LDBX_TSTATUS_ERROR);
    expect_view(out.status.sqlstate, "XX000");
    expect_view(out.status.error_message, "error");
    expect_view(out.status.display_message, "\nshown");
    expect_view(out.status.details_json, "{\"errorClass\":1}");
    ck_assert(!out.has_session);
    ck_assert_int_eq(out.protocol, -1);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(an_answer_with_all_direct_results_is_read)
{
    ldbx_buf reply = full_execute_reply();
    ldbx_tcli_execute_reply out;
    ldbx_error *error = NULL;
    expect_ok(ldbx_tcli_read_execute(ldbx_buf_get(&reply), 3, &out, &error), error);
    ck_assert(out.status.present);
    ck_assert(out.has_operation);
    ck_assert_int_eq(out.operation.operation_type, 8);
    ck_assert(out.operation.has_result_set);
    ck_assert_uint_eq(out.operation.secret_size, 16);
    expect_operation_status(&out.operation_status);
    expect_metadata(&out.metadata);
    expect_rows(&out.rows);
    ck_assert(out.closed);
    ldbx_tcli_execute_clear(&out);
    ck_assert(!out.has_operation);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(an_answer_without_direct_results_is_read)
{
    ldbx_buf reply = begin_reply("ExecuteStatement", 1);
    ldbx_tcli_execute_reply out;
    ldbx_error *error = NULL;
    put_status(&reply, 1, 2);
    put_handle(&reply, 2, true, 16, 256);
    end_reply(&reply);
    expect_ok(ldbx_tcli_read_execute(ldbx_buf_get(&reply), 1, &out, &error), error);
    ck_assert_int_eq(out.status.code, LDBX_TSTATUS_STILL_EXECUTING);
    ck_assert_uint_eq(out.operation.secret_size, 256);
    ck_assert(!out.operation_status.present);
    ck_assert(!out.metadata.present);
    ck_assert(!out.rows.present);
    ck_assert(!out.closed);
    ldbx_tcli_execute_clear(&out);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(an_operation_that_could_not_be_closed_is_open)
{
    ldbx_buf reply = begin_reply("ExecuteStatement", 1);
    ldbx_tcli_execute_reply out;
    ldbx_error *error = NULL;
    put_status(&reply, 1, 0);
    ldbx_tw_struct(&reply, 1281);
    ldbx_tw_struct(&reply, 4);
    put_status(&reply, 1, 3);
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_ok(ldbx_tcli_read_execute(ldbx_buf_get(&reply), 1, &out, &error), error);
    ck_assert(!out.closed);
    ldbx_tcli_execute_clear(&out);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(operation_status_is_read)
{
    ldbx_buf reply = begin_reply("GetOperationStatus", 8);
    ldbx_tcli_operation_status out;
    ldbx_error *error = NULL;
    put_operation_status_fields(&reply);
    end_reply(&reply);
    expect_ok(ldbx_tcli_read_operation_status(ldbx_buf_get(&reply), 8, &out, &error), error);
    expect_operation_status(&out);
    ldbx_buf_clear(&reply);
    reply = begin_reply("GetOperationStatus", 9);
    put_status(&reply, 1, 0);
    end_reply(&reply);
    expect_ok(ldbx_tcli_read_operation_status(ldbx_buf_get(&reply), 9, &out, &error), error);
    ck_assert_int_eq(out.state, -1);
    ck_assert_int_eq(out.modified_rows, -1);
    ck_assert(!out.failure.present);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(metadata_is_read)
{
    ldbx_buf reply = begin_reply("GetResultSetMetadata", 8);
    ldbx_tcli_metadata out;
    ldbx_error *error = NULL;
    put_metadata_fields(&reply);
    end_reply(&reply);
    expect_ok(ldbx_tcli_read_metadata(ldbx_buf_get(&reply), 8, &out, &error), error);
    expect_metadata(&out);
    ldbx_tcli_metadata_clear(&out);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(rows_are_read)
{
    ldbx_buf reply = begin_reply("FetchResults", 8);
    ldbx_tcli_rows out;
    ldbx_error *error = NULL;
    put_rows_fields(&reply);
    end_reply(&reply);
    expect_ok(ldbx_tcli_read_fetch(ldbx_buf_get(&reply), 8, &out, &error), error);
    expect_rows(&out);
    ldbx_tcli_rows_clear(&out);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(no_rows_at_all_is_fine)
{
    ldbx_buf reply = begin_reply("FetchResults", 8);
    ldbx_tcli_rows out;
    ldbx_error *error = NULL;
    put_status(&reply, 1, 0);
    end_reply(&reply);
    expect_ok(ldbx_tcli_read_fetch(ldbx_buf_get(&reply), 8, &out, &error), error);
    ck_assert(!out.has_more);
    ck_assert_uint_eq(out.batch_count, 0);
    ck_assert(!out.metadata.present);
    ldbx_tcli_rows_clear(&out);
    ldbx_buf_clear(&reply);
}
END_TEST

/* A column set of one column of each kind with `count` values, in a FetchResults reply. */
static ldbx_buf column_kinds(int32_t count)
{
    static const int elements[] = {LDBX_T_BOOL, LDBX_T_BYTE,   LDBX_T_I16,    LDBX_T_I32,
                                   LDBX_T_I64,  LDBX_T_DOUBLE, LDBX_T_STRING, LDBX_T_STRING};
    static const size_t sizes[] = {1, 1, 2, 4, 8, 8, 4, 4};
    ldbx_buf reply = begin_reply("FetchResults", 8);
    put_status(&reply, 1, 0);
    ldbx_tw_struct(&reply, 3);
    ldbx_tw_i64(&reply, 1, 0);
    ldbx_tw_list(&reply, 3, LDBX_T_STRUCT, 8);
    for (int16_t kind = 1; kind <= 8; kind++) {
        ldbx_tw_struct(&reply, kind);
        ldbx_tw_list(&reply, 1, elements[kind - 1], count);
        for (size_t i = 0; i < (size_t)count * sizes[kind - 1]; i++)
            ldbx_buf_byte(&reply, 0);
        ldbx_tw_string(&reply, 2, ldbx_view_of(""));
        ldbx_tw_stop(&reply);
        ldbx_tw_stop(&reply);
    }
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    return reply;
}

START_TEST(every_kind_of_column_is_read)
{
    static const size_t sizes[] = {1, 1, 2, 4, 8, 8, 4, 4};
    ldbx_buf reply = column_kinds(5);
    ldbx_tcli_rows out;
    ldbx_error *error = NULL;
    expect_ok(ldbx_tcli_read_fetch(ldbx_buf_get(&reply), 8, &out, &error), error);
    ck_assert_uint_eq(out.column_count, 8);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(out.columns[i].kind, i + 1);
        ck_assert_int_eq(out.columns[i].count, 5);
        ck_assert_uint_eq(out.columns[i].values.size, 5 * sizes[i]);
        ck_assert_uint_eq(out.columns[i].nulls.size, 0);
    }
    ldbx_tcli_rows_clear(&out);
    ldbx_buf_clear(&reply);
}
END_TEST

/* Reads as FetchResults 8 and wants LDBX_PROTOCOL with this complaint; clears the reply. */
static void expect_bad_fetch(ldbx_buf *reply, const char *complaint)
{
    ldbx_tcli_rows out;
    ldbx_error *error = NULL;
    char message[200];
    snprintf(message, sizeof message, "FetchResults: malformed answer (%s)", complaint);
    expect_status(ldbx_tcli_read_fetch(ldbx_buf_get(reply), 8, &out, &error), LDBX_PROTOCOL, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ldbx_error_destroy(error);
    ldbx_buf_clear(reply);
}

START_TEST(required_parts_must_be_there)
{
    ldbx_buf reply = begin_reply("FetchResults", 8);
    end_reply(&reply);
    expect_bad_fetch(&reply, "no status");
    reply = begin_reply("FetchResults", 8);
    ldbx_tw_struct(&reply, 1);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "status without code");
    ldbx_buf_init(&reply, 100);
    ldbx_tw_message(&reply, "FetchResults", LDBX_THRIFT_REPLY, 8);
    ldbx_tw_stop(&reply);
    expect_bad_fetch(&reply, "no result");
    reply = begin_reply("FetchResults", 8);
    put_status(&reply, 1, 0);
    ldbx_tw_struct(&reply, 3);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "row set without start");
    reply = begin_reply("FetchResults", 8);
    put_status(&reply, 1, 0);
    ldbx_tw_struct(&reply, 1281);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "no status");
}
END_TEST

static ldbx_buf row_set_reply(void)
{
    ldbx_buf reply = begin_reply("FetchResults", 8);
    put_status(&reply, 1, 0);
    ldbx_tw_struct(&reply, 3);
    ldbx_tw_i64(&reply, 1, 0);
    return reply;
}

START_TEST(batches_must_be_whole)
{
    ldbx_buf reply = row_set_reply();
    ldbx_tw_list(&reply, 1281, LDBX_T_STRUCT, 1);
    ldbx_tw_string(&reply, 1, ldbx_view_of("x"));
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "batch without row count");
    reply = row_set_reply();
    ldbx_tw_list(&reply, 1281, LDBX_T_STRUCT, 1);
    ldbx_tw_i64(&reply, 2, 1);
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "batch without bytes");
    reply = row_set_reply();
    ldbx_tw_list(&reply, 1281, LDBX_T_STRUCT, 1);
    ldbx_tw_string(&reply, 1, ldbx_view_of("x"));
    ldbx_tw_i64(&reply, 2, -1);
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "negative count");
}
END_TEST

START_TEST(links_must_be_whole)
{
    static const char *const complaints[] = {"link without address", "link without expiry", "link without start",
                                             "link without row count", "link without size"};
    for (int16_t missing = 1; missing <= 5; missing++) {
        ldbx_buf reply = row_set_reply();
        ldbx_tw_list(&reply, 1282, LDBX_T_STRUCT, 1);
        for (int16_t id = 1; id <= 5; id++) {
            if (id == 1 && id != missing)
                ldbx_tw_string(&reply, id, ldbx_view_of("https://"));
            else if (id != missing)
                ldbx_tw_i64(&reply, id, 1);
        }
        ldbx_tw_stop(&reply);
        ldbx_tw_stop(&reply);
        end_reply(&reply);
        expect_bad_fetch(&reply, complaints[missing - 1]);
    }
}
END_TEST

START_TEST(rows_in_forms_that_we_do_not_read_are_not_no_rows)
{
    ldbx_buf reply = row_set_reply();
    ldbx_tw_list(&reply, 2, LDBX_T_STRUCT, 1);
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "rows in row form");
    reply = row_set_reply();
    ldbx_tw_string(&reply, 4, ldbx_view_of("compact"));
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "columns in binary form");
}
END_TEST

START_TEST(fields_of_other_types_are_refused)
{
    ldbx_buf reply = begin_reply("FetchResults", 8);
    ldbx_tw_i32(&reply, 1, 0);
    end_reply(&reply);
    expect_bad_fetch(&reply, "field of unexpected type");
    reply = begin_reply("FetchResults", 8);
    put_status(&reply, 1, 0);
    ldbx_tw_i32(&reply, 2, 1);
    end_reply(&reply);
    expect_bad_fetch(&reply, "field of unexpected type");
    reply = row_set_reply();
    ldbx_tw_list(&reply, 3, LDBX_T_STRUCT, 1);
    ldbx_tw_struct(&reply, 4);
    ldbx_tw_list(&reply, 1, LDBX_T_I64, 1); /* i64 in the column of i32 */
    ldbx_buf_append(&reply, "\0\0\0\0\0\0\0\0", 8);
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "list of unexpected type");
}
END_TEST

START_TEST(fields_sent_twice_are_refused)
{
    ldbx_buf reply = row_set_reply();
    for (int i = 0; i < 2; i++) {
        ldbx_tw_list(&reply, 1281, LDBX_T_STRUCT, 1);
        ldbx_tw_string(&reply, 1, ldbx_view_of("x"));
        ldbx_tw_i64(&reply, 2, 1);
        ldbx_tw_stop(&reply);
    }
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "field sent twice");
    reply = row_set_reply();
    ldbx_tw_list(&reply, 3, LDBX_T_STRUCT, 1);
    for (int16_t kind = 3; kind < 5; kind++) {
        ldbx_tw_struct(&reply, kind);
        ldbx_tw_list(&reply, 1, kind == 3 ? LDBX_T_I16 : LDBX_T_I32, 0);
        ldbx_tw_stop(&reply);
    }
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "column of two kinds");
}
END_TEST

START_TEST(bytes_behind_the_end_are_refused)
{
    ldbx_buf reply = begin_reply("FetchResults", 8);
    put_status(&reply, 1, 0);
    end_reply(&reply);
    ldbx_buf_byte(&reply, 0);
    expect_bad_fetch(&reply, "bytes behind its end");
}
END_TEST

START_TEST(handles_have_their_size)
{
    static const size_t sizes[][2] = {{15, 16}, {17, 16}, {0, 16}, {16, 257}};
    for (size_t i = 0; i < 4; i++) {
        ldbx_buf reply = begin_reply("OpenSession", 1);
        ldbx_tcli_open_reply out;
        ldbx_error *error = NULL;
        put_status(&reply, 1, 0);
        put_handle(&reply, 3, false, sizes[i][0], sizes[i][1]);
        end_reply(&reply);
        expect_status(ldbx_tcli_read_open_session(ldbx_buf_get(&reply), 1, &out, &error), LDBX_PROTOCOL, error);
        ck_assert_str_eq(ldbx_error_message(error), "OpenSession: malformed answer (handle of unexpected size)");
        ldbx_error_destroy(error);
        ldbx_buf_clear(&reply);
    }
}
END_TEST

START_TEST(columns_have_a_limit)
{
    ldbx_buf reply = row_set_reply();
    ldbx_tw_list(&reply, 3, LDBX_T_STRUCT, LDBX_MAX_COLUMNS + 1);
    for (int i = 0; i <= LDBX_MAX_COLUMNS; i++)
        ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "too many columns");
    reply = begin_reply("FetchResults", 8);
    put_status(&reply, 1, 0);
    ldbx_tw_struct(&reply, 1281);
    put_status(&reply, 1, 0);
    ldbx_tw_struct(&reply, 2);
    ldbx_tw_list(&reply, 1, LDBX_T_STRUCT, LDBX_MAX_COLUMNS + 1);
    for (int i = 0; i <= LDBX_MAX_COLUMNS; i++)
        ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    ldbx_tw_stop(&reply);
    end_reply(&reply);
    expect_bad_fetch(&reply, "too many columns");
}
END_TEST

static size_t largest;

static void *noting_allocate(size_t bytes, void *user)
{
    (void)user;
    largest = bytes > largest ? bytes : largest;
    return malloc(bytes);
}

static void *noting_reallocate(void *memory, size_t old_bytes, size_t bytes, void *user)
{
    (void)old_bytes;
    (void)user;
    largest = bytes > largest ? bytes : largest;
    return realloc(memory, bytes);
}

static void noting_release(void *memory, void *user)
{
    (void)user;
    free(memory);
}

START_TEST(announced_counts_cost_nothing)
{
    const ldbx_allocator noting = {sizeof noting, noting_allocate, noting_reallocate, noting_release, NULL};
    ldbx_buf reply = row_set_reply();
    ldbx_view copy = {NULL, 0};
    ldbx_tcli_rows out;
    ldbx_error *error = NULL;
    ldbx_tw_list(&reply, 1281, LDBX_T_STRUCT, 100000); /* fits the bytes left, but not as batches */
    for (int i = 0; i < 100000; i++)
        ldbx_tw_stop(&reply);
    end_reply(&reply);
    copy.size = reply.size;
    copy.data = memcpy(malloc(reply.size), reply.data, reply.size);
    ldbx_buf_clear(&reply);
    ck_assert_int_eq(ldbx_set_allocator(&noting), LDBX_OK); /* from here to the end of the test */
    expect_status(ldbx_tcli_read_fetch(copy, 8, &out, &error), LDBX_PROTOCOL, error);
    ldbx_error_destroy(error);
    ck_assert_uint_gt(largest, 0);
    ck_assert_uint_le(largest, 2000);
    free((void *)(uintptr_t)copy.data);
}
END_TEST

static void expect_exception(const char *text, const char *message)
{
    ldbx_buf reply;
    ldbx_tcli_operation_status out;
    ldbx_error *error = NULL;
    ldbx_buf_init(&reply, 1 << 20);
    ldbx_tw_message(&reply, "GetOperationStatus", LDBX_THRIFT_EXCEPTION, 8);
    if (text != NULL) {
        ldbx_tw_string(&reply, 1, ldbx_view_of(text));
        ldbx_tw_i32(&reply, 2, 6);
        ldbx_tw_stop(&reply);
    }
    expect_status(ldbx_tcli_read_operation_status(ldbx_buf_get(&reply), 8, &out, &error), LDBX_PROTOCOL, error);
    ck_assert_str_eq(ldbx_error_message(error), message);
    ldbx_error_destroy(error);
    ldbx_buf_clear(&reply);
}

START_TEST(exceptions_become_errors)
{
    char text[1000];
    char message[700];
    expect_exception(
        "Required field 'client_protocol'\nis unset!",
        "GetOperationStatus: the server answered with exception 6: Required field 'client_protocol' is unset!");
    expect_exception(NULL, "GetOperationStatus: the server answered with exception 0: no text");
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    snprintf(message, sizeof message, "GetOperationStatus: the server answered with exception 6: %.500s", text);
    expect_exception(text, message);
}
END_TEST

START_TEST(other_calls_answers_are_refused)
{
    ldbx_buf reply = begin_reply("GetOperationStatus", 8);
    ldbx_tcli_operation_status out;
    ldbx_tcli_rows rows;
    ldbx_error *error = NULL;
    put_status(&reply, 1, 0);
    end_reply(&reply);
    expect_status(ldbx_tcli_read_fetch(ldbx_buf_get(&reply), 8, &rows, &error), LDBX_PROTOCOL, error);
    ck_assert_str_eq(ldbx_error_message(error), "FetchResults: malformed answer (answer to another call)");
    expect_status(ldbx_tcli_read_operation_status(ldbx_buf_get(&reply), 9, &out, &error), LDBX_PROTOCOL, error);
    ck_assert_str_eq(ldbx_error_message(error),
                     "GetOperationStatus: malformed answer (sequence number of another call)");
    ldbx_error_destroy(error);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(an_answer_cut_anywhere_is_refused)
{
    ldbx_buf reply = full_execute_reply();
    for (size_t size = 0; size < reply.size; size++) {
        /* on its own heap block, so that a read behind the end is seen */
        char *cut = malloc(size > 0 ? size : 1);
        const ldbx_view view = {cut, size};
        ldbx_tcli_execute_reply out;
        ldbx_error *error = NULL;
        memcpy(cut, reply.data, size);
        expect_status(ldbx_tcli_read_execute(view, 3, &out, &error), LDBX_PROTOCOL, error);
        ldbx_error_destroy(error);
        free(cut);
    }
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(flipped_bits_do_no_harm)
{
    ldbx_buf reply = full_execute_reply();
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * reply.size; bit++) {
        ldbx_tcli_execute_reply out;
        ldbx_error *error = NULL;
        int status;
        reply.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        status = ldbx_tcli_read_execute(ldbx_buf_get(&reply), 3, &out, &error);
        reply.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        if (status == LDBX_OK)
            ldbx_tcli_execute_clear(&out);
        else
            ck_assert_int_eq(status, LDBX_PROTOCOL);
        refused += status != LDBX_OK;
        ldbx_error_destroy(error);
    }
    ck_assert_uint_gt(refused, 1000);
    ldbx_buf_clear(&reply);
}
END_TEST

START_TEST(memory_may_be_short_anywhere)
{
    ldbx_buf reply = full_execute_reply();
    ldbx_buf exception;
    int status = LDBX_NO_MEMORY;
    ldbx_buf_init(&exception, 1000);
    ldbx_tw_message(&exception, "ExecuteStatement", LDBX_THRIFT_EXCEPTION, 3);
    ldbx_tw_string(&exception, 1, ldbx_view_of("no"));
    ldbx_tw_stop(&exception);
    for (long n = 1; status != LDBX_OK; n++) {
        ldbx_tcli_execute_reply out;
        ldbx_error *error = NULL;
        suite_fail_allocation(n);
        status = ldbx_tcli_read_execute(ldbx_buf_get(&reply), 3, &out, &error);
        suite_fail_allocation(0);
        ck_assert_int_eq(status, status == LDBX_OK ? LDBX_OK : LDBX_NO_MEMORY);
        if (status == LDBX_OK)
            ldbx_tcli_execute_clear(&out);
        ldbx_error_destroy(error);
        ck_assert_int_lt(n, 20);
    }
    for (long n = 1; n < 4; n++) {
        ldbx_tcli_execute_reply out;
        ldbx_error *error = NULL;
        suite_fail_allocation(n);
        status = ldbx_tcli_read_execute(ldbx_buf_get(&exception), 3, &out, &error);
        suite_fail_allocation(0);
        ck_assert(status == LDBX_NO_MEMORY || status == LDBX_PROTOCOL);
        ldbx_error_destroy(error);
    }
    ldbx_buf_clear(&exception);
    ldbx_buf_clear(&reply);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tcli_read");
    TCase *tcase = suite_case(suite, "replies");
    tcase_add_test(tcase, a_session_is_opened);
    tcase_add_test(tcase, a_failed_status_is_read);
    tcase_add_test(tcase, an_answer_with_all_direct_results_is_read);
    tcase_add_test(tcase, an_answer_without_direct_results_is_read);
    tcase_add_test(tcase, an_operation_that_could_not_be_closed_is_open);
    tcase_add_test(tcase, operation_status_is_read);
    tcase_add_test(tcase, metadata_is_read);
    tcase_add_test(tcase, rows_are_read);
    tcase_add_test(tcase, no_rows_at_all_is_fine);
    tcase_add_test(tcase, every_kind_of_column_is_read);
    tcase = suite_case(suite, "refused");
    tcase_add_test(tcase, required_parts_must_be_there);
    tcase_add_test(tcase, batches_must_be_whole);
    tcase_add_test(tcase, links_must_be_whole);
    tcase_add_test(tcase, rows_in_forms_that_we_do_not_read_are_not_no_rows);
    tcase_add_test(tcase, fields_of_other_types_are_refused);
    tcase_add_test(tcase, fields_sent_twice_are_refused);
    tcase_add_test(tcase, bytes_behind_the_end_are_refused);
    tcase_add_test(tcase, handles_have_their_size);
    tcase_add_test(tcase, columns_have_a_limit);
    tcase_add_test(tcase, exceptions_become_errors);
    tcase_add_test(tcase, other_calls_answers_are_refused);
    tcase = suite_case(suite, "hostile");
    tcase_add_test(tcase, announced_counts_cost_nothing);
    tcase_add_test(tcase, an_answer_cut_anywhere_is_refused);
    tcase_add_test(tcase, flipped_bits_do_no_harm);
    tcase_add_test(tcase, memory_may_be_short_anywhere);
    return suite_run(suite);
}
