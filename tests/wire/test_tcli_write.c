#include <string.h>

#include "base/str.h"
#include "suite.h"
#include "wire/tcli.h"
#include "wire_support.h"

static ldbx_tcli_handle some_handle(void)
{
    ldbx_tcli_handle handle = {.secret_size = 16, .operation_type = 0, .has_result_set = true};
    for (uint8_t i = 0; i < 16; i++) {
        handle.guid[i] = i;
        handle.secret[i] = (uint8_t)(16 + i);
    }
    return handle;
}

#define HANDLE                                                                                                         \
    "1:{1:\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f\","           \
    "2:"                                                                                                               \
    "\"\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\"           \
    "u001e\\u001f\"}"
#define SESSION   "1:{" HANDLE "}"
#define OPERATION "1:{" HANDLE ",2:0i32,3:true}"

static void expect_hex(const ldbx_buf *message, const char *hex)
{
    ldbx_buf expected;
    ldbx_buf_init(&expected, 10000);
    unhex(&expected, hex);
    ck_assert_uint_eq(message->size, expected.size);
    ck_assert_mem_eq(message->data, expected.data, expected.size);
    ldbx_buf_clear(&expected);
}

/* Reads the message back: its head, and its arguments as text. Clears it. */
static void expect_request(ldbx_buf *message, const char *call, int32_t seqid, const char *expected)
{
    ldbx_tr reader;
    ldbx_buf text;
    ldbx_buf_init(&text, 10000);
    ck_assert(!message->failed);
    ldbx_tr_init(&reader, ldbx_buf_get(message));
    ck_assert_uint_eq((uint32_t)ldbx_tr_i32(&reader), 0x80010001);
    ck_assert(ldbx_view_eq(ldbx_tr_string(&reader), call));
    ck_assert_int_eq(ldbx_tr_i32(&reader), seqid);
    dump_thrift(&reader, LDBX_T_STRUCT, &text);
    ck_assert_ptr_null(reader.bad);
    ck_assert_ptr_eq(reader.at, reader.end);
    expect_text(&text, expected);
    ldbx_buf_clear(&text);
    ldbx_buf_clear(message);
}

START_TEST(open_session_is_the_known_message)
{
    const ldbx_tcli_pair configuration = {ldbx_view_of("ANSI_MODE"), ldbx_view_of("true")};
    const ldbx_tcli_open open = {&configuration, 1, "main", "default"};
    ldbx_buf message;
    ldbx_buf_init(&message, 1000);
    ldbx_tcli_write_open_session(&message, 1, &open);
    expect_hex(&message, "80010001 0000000b 4f70656e53657373696f6e 00000001 0c0001"
                         "0d0004 0b0b00000001 00000009 414e53495f4d4f4445 00000004 74727565"
                         "0a0502 000000000000a508"
                         "0c0504 0b0001 00000004 6d61696e 0b0002 00000007 64656661756c74 00"
                         "020505 01 00 00");
    ldbx_buf_clear(&message);
}
END_TEST

START_TEST(operation_status_is_the_known_message)
{
    const ldbx_tcli_handle operation = some_handle();
    ldbx_buf message;
    ldbx_buf_init(&message, 1000);
    ldbx_tcli_write_operation_status(&message, 2, &operation);
    expect_hex(&message, "80010001 00000012 4765744f7065726174696f6e537461747573 00000002 0c0001 0c0001 0c0001"
                         "0b0001 00000010 000102030405060708090a0b0c0d0e0f"
                         "0b0002 00000010 101112131415161718191a1b1c1d1e1f 00"
                         "080002 00000000 020003 01 00 00 00");
    ldbx_buf_clear(&message);
}
END_TEST

START_TEST(a_session_without_wishes_is_short)
{
    const ldbx_tcli_open nothing = {NULL, 0, NULL, NULL};
    const ldbx_tcli_open schema_only = {NULL, 0, NULL, "crm"};
    ldbx_buf message;
    ldbx_buf_init(&message, 1000);
    ldbx_tcli_write_open_session(&message, 5, &nothing);
    expect_request(&message, "OpenSession", 5, "{1:{1282:42248i64,1285:true}}");
    ldbx_tcli_write_open_session(&message, 6, &schema_only);
    expect_request(&message, "OpenSession", 6, "{1:{1282:42248i64,1284:{2:\"crm\"},1285:true}}");
}
END_TEST

START_TEST(execute_offers_arrow)
{
    const ldbx_tcli_handle session = some_handle();
    const ldbx_tcli_parameter parameters[] = {
        {NULL, "INT", ldbx_view_of("7")}, {"name", "STRING", {NULL, 0}}, {NULL, "STRING", ldbx_view_of("")}};
    const ldbx_tcli_execute execute = {ldbx_view_of("SELECT ?"), 30, 100000, 1 << 20, true, parameters, 3};
    ldbx_buf message;
    ldbx_buf_init(&message, 10000);
    ldbx_tcli_write_execute(&message, -1, &session, &execute);
    expect_request(&message, "ExecuteStatement", -1,
                   "{1:{" SESSION ",2:\"SELECT ?\",4:true,5:30i64,1281:{1:100000i64,2:1048576i64},"
                   "1282:true,1283:false,1284:true,1286:{1:true,2:true,3:true,4:false,5:true},"
                   "1288:[{1:1i32,3:\"INT\",4:{1:\"7\"}},{2:\"name\",3:\"STRING\"},{1:3i32,3:\"STRING\",4:{1:\"\"}}],"
                   "1289:1048576i64}}");
}
END_TEST

START_TEST(execute_asks_for_column_sets)
{
    const ldbx_tcli_handle session = some_handle();
    const ldbx_tcli_execute execute = {ldbx_view_of("SHOW TABLES"), 0, 10, 0, false, NULL, 0};
    ldbx_buf message;
    ldbx_buf_init(&message, 10000);
    ldbx_tcli_write_execute(&message, 3, &session, &execute);
    expect_request(&message, "ExecuteStatement", 3,
                   "{1:{" SESSION ",2:\"SHOW TABLES\",4:true,1281:{1:10i64},1282:false,1283:false,1284:false}}");
}
END_TEST

START_TEST(fetch_names_its_first_row)
{
    const ldbx_tcli_handle operation = some_handle();
    const ldbx_tcli_fetch all = {100, 4096, 7311, true};
    const ldbx_tcli_fetch least = {100, 0, 0, false};
    ldbx_buf message;
    ldbx_buf_init(&message, 10000);
    ldbx_tcli_write_fetch(&message, 4, &operation, &all);
    expect_request(&message, "FetchResults", 4,
                   "{1:{" OPERATION ",2:0i32,3:100i64,1281:4096i64,1282:7311i64,1283:true}}");
    ldbx_tcli_write_fetch(&message, 4, &operation, &least);
    expect_request(&message, "FetchResults", 4, "{1:{" OPERATION ",2:0i32,3:100i64,1282:0i64,1283:false}}");
}
END_TEST

START_TEST(short_calls_carry_their_handle)
{
    ldbx_tcli_handle handle = some_handle();
    ldbx_buf message;
    ldbx_buf_init(&message, 10000);
    ldbx_tcli_write_close_session(&message, 9, &handle);
    expect_request(&message, "CloseSession", 9, "{1:{" SESSION "}}");
    ldbx_tcli_write_metadata(&message, 10, &handle);
    expect_request(&message, "GetResultSetMetadata", 10, "{1:{" OPERATION "}}");
    ldbx_tcli_write_close_operation(&message, 11, &handle);
    expect_request(&message, "CloseOperation", 11, "{1:{" OPERATION "}}");
    ldbx_tcli_write_cancel_operation(&message, 12, &handle);
    expect_request(&message, "CancelOperation", 12, "{1:{" OPERATION "}}");
    handle.operation_type = 8;
    handle.has_result_set = false;
    handle.secret_size = 0;
    memset(handle.guid, 'g', sizeof handle.guid);
    ldbx_tcli_write_cancel_operation(&message, 13, &handle);
    expect_request(&message, "CancelOperation", 13, "{1:{1:{1:{1:\"gggggggggggggggg\",2:\"\"},2:8i32,3:false}}}");
}
END_TEST

START_TEST(a_full_buffer_is_a_failed_one)
{
    const ldbx_tcli_handle session = some_handle();
    const ldbx_tcli_execute execute = {ldbx_view_of("SELECT 1"), 0, 10, 0, true, NULL, 0};
    ldbx_buf message;
    ldbx_buf_init(&message, 100);
    ldbx_tcli_write_execute(&message, 1, &session, &execute);
    ck_assert(message.failed);
    ldbx_buf_clear(&message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tcli_write");
    TCase *tcase = suite_case(suite, "requests");
    tcase_add_test(tcase, open_session_is_the_known_message);
    tcase_add_test(tcase, operation_status_is_the_known_message);
    tcase_add_test(tcase, a_session_without_wishes_is_short);
    tcase_add_test(tcase, execute_offers_arrow);
    tcase_add_test(tcase, execute_asks_for_column_sets);
    tcase_add_test(tcase, fetch_names_its_first_row);
    tcase_add_test(tcase, short_calls_carry_their_handle);
    tcase_add_test(tcase, a_full_buffer_is_a_failed_one);
    return suite_run(suite);
}
