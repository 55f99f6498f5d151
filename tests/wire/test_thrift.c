#include "wire/thrift.h"

#include <string.h>

#include "base/str.h"
#include "suite.h"
#include "wire_support.h"

static ldbx_view view_of(const void *data, size_t size)
{
    ldbx_view view = {(const char *)data, size};
    return view;
}

static void put_everything(ldbx_buf *out)
{
    ldbx_tw_message(out, "Call", LDBX_THRIFT_REPLY, 7);
    ldbx_tw_bool(out, 1, true);
    ldbx_tw_bool(out, -2, false);
    ldbx_tw_i32(out, 1281, INT32_MIN);
    ldbx_tw_i64(out, 32767, INT64_MIN);
    ldbx_tw_string(out, 5, ldbx_view_of("gr\xc3\xbc\xc3\x9f"));
    ldbx_tw_string(out, 6, ldbx_view_of(NULL));
    ldbx_tw_list(out, 7, LDBX_T_STRING, 2);
    ldbx_tw_raw_string(out, ldbx_view_of("a"));
    ldbx_tw_raw_string(out, ldbx_view_of("b"));
    ldbx_tw_string_map(out, 8, 1);
    ldbx_tw_raw_string(out, ldbx_view_of("k"));
    ldbx_tw_raw_string(out, ldbx_view_of("v"));
    ldbx_tw_struct(out, 9);
    ldbx_tw_i32(out, 1, -1);
    ldbx_tw_stop(out);
    ldbx_tw_stop(out);
}

START_TEST(what_is_written_is_read)
{
    ldbx_buf message, text;
    ldbx_tr reader;
    ldbx_buf_init(&message, 1000);
    ldbx_buf_init(&text, 1000);
    put_everything(&message);
    ldbx_tr_init(&reader, ldbx_buf_get(&message));
    ck_assert_int_eq(ldbx_tr_message(&reader, "Call", 7), LDBX_THRIFT_REPLY);
    dump_thrift(&reader, LDBX_T_STRUCT, &text);
    expect_text(&text, "{1:true,-2:false,1281:-2147483648i32,32767:-9223372036854775808i64,"
                       "5:\"gr\xc3\xbc\xc3\x9f\",6:\"\",7:[\"a\",\"b\"],8:{\"k\"=\"v\"},9:{1:-1i32}}");
    ck_assert_ptr_null(reader.bad);
    ck_assert_ptr_eq(reader.at, reader.end);
    ldbx_buf_clear(&message);
    ldbx_buf_clear(&text);
}
END_TEST

START_TEST(numbers_are_big_endian)
{
    ldbx_buf bytes;
    ldbx_buf text;
    ldbx_buf_init(&bytes, 100);
    ldbx_buf_init(&text, 1000);
    ldbx_tw_i64(&bytes, 0x501, 0x0102030405060708);
    ldbx_tw_i32(&bytes, 1, -2);
    put_hex(&text, bytes.data, bytes.size);
    expect_text(&text, "0a05010102030405060708080001fffffffe");
    ldbx_buf_clear(&bytes);
    ldbx_buf_clear(&text);
}
END_TEST

START_TEST(skipping_passes_over_the_same_bytes)
{
    ldbx_buf message;
    ldbx_tr reader;
    ldbx_buf_init(&message, 1000);
    put_everything(&message);
    ldbx_tr_init(&reader, ldbx_buf_get(&message));
    ck_assert_int_eq(ldbx_tr_message(&reader, "Call", 7), LDBX_THRIFT_REPLY);
    ldbx_tr_skip(&reader, LDBX_T_STRUCT);
    ck_assert_ptr_null(reader.bad);
    ck_assert_ptr_eq(reader.at, reader.end);
    ck_assert_int_eq(reader.depth, 0);
    ldbx_buf_clear(&message);
}
END_TEST

START_TEST(containers_of_every_type_are_skipped)
{
    static const uint8_t types[] = {LDBX_T_BOOL, LDBX_T_BYTE, LDBX_T_DOUBLE, LDBX_T_I16, LDBX_T_I32, LDBX_T_I64};
    static const uint8_t sizes[] = {1, 1, 8, 2, 4, 8};
    for (size_t i = 0; i < sizeof types; i++) {
        uint8_t list[5 + 3 * 8] = {types[i], 0, 0, 0, 3};
        uint8_t map[6 + 2 * 9] = {types[i], LDBX_T_BOOL, 0, 0, 0, 2};
        ldbx_tr reader;
        ldbx_tr_init(&reader, view_of(list, sizeof list));
        ldbx_tr_skip(&reader, i % 2 == 0 ? LDBX_T_LIST : LDBX_T_SET);
        ck_assert_ptr_null(reader.bad);
        ck_assert_uint_eq((size_t)(reader.at - list), 5u + 3u * sizes[i]);
        ldbx_tr_init(&reader, view_of(map, sizeof map));
        ldbx_tr_skip(&reader, LDBX_T_MAP);
        ck_assert_ptr_null(reader.bad);
        ck_assert_uint_eq((size_t)(reader.at - map), 6u + 2u * (sizes[i] + 1u));
    }
}
END_TEST

static void expect_bad_message(const char *hex, const char *bad)
{
    ldbx_buf bytes;
    ldbx_tr reader;
    ldbx_buf_init(&bytes, 1000);
    unhex(&bytes, hex);
    ldbx_tr_init(&reader, ldbx_buf_get(&bytes));
    ck_assert_int_eq(ldbx_tr_message(&reader, "Call", 7), 0);
    ck_assert_str_eq(reader.bad, bad);
    ldbx_buf_clear(&bytes);
}

START_TEST(heads_of_other_messages_are_refused)
{
    expect_bad_message("", "cut short");
    expect_bad_message("80010002 00000004 43616c6c 000000", "cut short");
    expect_bad_message("00000004 43616c6c 02 00000007", "no Thrift message"); /* the old, unversioned head */
    expect_bad_message("3c68746d 6c3e3c62 6f64793e", "no Thrift message");    /* a proxy's page */
    expect_bad_message("80010001 00000004 43616c6c 00000007", "neither reply nor exception");
    expect_bad_message("80010004 00000004 43616c6c 00000007", "neither reply nor exception");
    expect_bad_message("80010002 00000004 43616c6d 00000007", "answer to another call");
    expect_bad_message("80010002 00000005 43616c6c6c 00000007", "answer to another call");
    expect_bad_message("80010002 00000004 43616c6c 00000008", "sequence number of another call");
    expect_bad_message("80010002 ffffffff 43616c6c 00000007", "negative size");
}
END_TEST

START_TEST(exceptions_are_told_apart)
{
    ldbx_buf bytes;
    ldbx_tr reader;
    ldbx_buf_init(&bytes, 1000);
    unhex(&bytes, "80010003 00000004 43616c6c 00000007");
    ldbx_tr_init(&reader, ldbx_buf_get(&bytes));
    ck_assert_int_eq(ldbx_tr_message(&reader, "Call", 7), LDBX_THRIFT_EXCEPTION);
    ldbx_buf_clear(&bytes);
}
END_TEST

START_TEST(sizes_are_not_believed)
{
    static const uint8_t huge_string[] = {0x7f, 0xff, 0xff, 0xff, 'a'};
    static const uint8_t huge_list[] = {LDBX_T_I64, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const uint8_t huge_map[] = {LDBX_T_STRING, LDBX_T_STRING, 0x7f, 0xff, 0xff, 0xff, 0, 0};
    static const uint8_t negative[] = {LDBX_T_I32, 0xff, 0xff, 0xff, 0xff};
    ldbx_tr reader;
    int type, other;
    ldbx_tr_init(&reader, view_of(huge_string, sizeof huge_string));
    ck_assert_uint_eq(ldbx_tr_string(&reader).size, 0);
    ck_assert_str_eq(reader.bad, "cut short");
    ldbx_tr_init(&reader, view_of(huge_list, sizeof huge_list));
    ck_assert_int_eq(ldbx_tr_list(&reader, &type), 0);
    ck_assert_str_eq(reader.bad, "cut short");
    ldbx_tr_init(&reader, view_of(huge_map, sizeof huge_map));
    ck_assert_int_eq(ldbx_tr_map(&reader, &type, &other), 0);
    ck_assert_str_eq(reader.bad, "cut short");
    ldbx_tr_init(&reader, view_of(negative, sizeof negative));
    ck_assert_int_eq(ldbx_tr_list(&reader, &type), 0);
    ck_assert_str_eq(reader.bad, "negative count");
}
END_TEST

START_TEST(failure_is_sticky)
{
    static const uint8_t bytes[] = {0, 0, 0, 1};
    ldbx_tr reader;
    int type;
    int16_t id;
    ldbx_tr_init(&reader, view_of(bytes, sizeof bytes));
    ck_assert_int_eq(ldbx_tr_i64(&reader), 0);
    ck_assert_str_eq(reader.bad, "cut short");
    ck_assert_int_eq(ldbx_tr_i32(&reader), 0); /* would fit */
    ck_assert(!ldbx_tr_bool(&reader));
    ck_assert(!ldbx_tr_field(&reader, &type, &id));
    ck_assert(!ldbx_tr_enter(&reader));
    ldbx_tr_skip(&reader, 99);
    ck_assert_str_eq(reader.bad, "cut short");
}
END_TEST

START_TEST(unknown_types_are_a_violation)
{
    ldbx_tr reader;
    ldbx_tr_init(&reader, view_of("abcdefgh", 8));
    ldbx_tr_skip(&reader, 16);
    ck_assert_str_eq(reader.bad, "value of no known type");
    ldbx_tr_init(&reader, view_of(NULL, 0));
    ldbx_tr_skip(&reader, LDBX_T_STRUCT);
    ck_assert_str_eq(reader.bad, "cut short");
}
END_TEST

/* `depth` structs (or lists) inside each other. */
static const char *skip_nested(int type, int depth)
{
    uint8_t bytes[2000] = {0};
    size_t size = 0;
    ldbx_tr reader;
    for (int i = 1; i < depth; i++) {
        bytes[size] = (uint8_t)type;
        size += type == LDBX_T_STRUCT ? 3 : 5;
        bytes[size - 1] = 1; /* field 1, or one element */
    }
    ldbx_tr_init(&reader, view_of(bytes, sizeof bytes));
    ldbx_tr_skip(&reader, type);
    return reader.bad;
}

START_TEST(nesting_has_a_limit)
{
    ck_assert_ptr_null(skip_nested(LDBX_T_STRUCT, 64));
    ck_assert_str_eq(skip_nested(LDBX_T_STRUCT, 65), "nested too deep");
    ck_assert_ptr_null(skip_nested(LDBX_T_LIST, 64));
    ck_assert_str_eq(skip_nested(LDBX_T_LIST, 65), "nested too deep");
}
END_TEST

START_TEST(writing_stops_at_the_buffers_maximum)
{
    ldbx_buf out;
    ldbx_buf_init(&out, 40);
    put_everything(&out);
    ck_assert(out.failed);
    ck_assert_uint_le(out.size, 40);
    ldbx_buf_clear(&out);
    ldbx_buf_init(&out, 40);
    ldbx_tw_raw_string(&out, view_of("x", (size_t)INT32_MAX + 1)); /* never looked at */
    ck_assert(out.failed);
    ldbx_buf_clear(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("thrift");
    TCase *tcase = suite_case(suite, "thrift");
    tcase_add_test(tcase, what_is_written_is_read);
    tcase_add_test(tcase, numbers_are_big_endian);
    tcase_add_test(tcase, skipping_passes_over_the_same_bytes);
    tcase_add_test(tcase, containers_of_every_type_are_skipped);
    tcase_add_test(tcase, heads_of_other_messages_are_refused);
    tcase_add_test(tcase, exceptions_are_told_apart);
    tcase_add_test(tcase, sizes_are_not_believed);
    tcase_add_test(tcase, failure_is_sticky);
    tcase_add_test(tcase, unknown_types_are_a_violation);
    tcase_add_test(tcase, nesting_has_a_limit);
    tcase_add_test(tcase, writing_stops_at_the_buffers_maximum);
    return suite_run(suite);
}
