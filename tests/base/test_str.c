#include "suite.h"

#include "base/str.h"

#define V(text) ((ldbx_view){text, sizeof(text) - 1})

START_TEST(test_views)
{
    const ldbx_view none = {NULL, 0};

    ck_assert_uint_eq(ldbx_view_of(NULL).size, 0);
    ck_assert_uint_eq(ldbx_view_of("abc").size, 3);
    ck_assert(ldbx_view_eq(none, ""));
    ck_assert(ldbx_view_eq(V("abc"), "abc"));
    ck_assert(!ldbx_view_eq(V("abc"), "abd"));
    ck_assert(!ldbx_view_eq(V("abc"), "ab"));
    ck_assert(!ldbx_view_eq(V("ab"), "abc"));
    ck_assert(!ldbx_view_eq(V("a\0b"), "a"));
    ck_assert(ldbx_view_ieq(V("Content-Type"), "content-TYPE"));
    ck_assert(ldbx_view_ieq(none, ""));
    ck_assert(!ldbx_view_ieq(V("@"), "`")); /* 0x40 and 0x60 differ by the case bit only */
    ck_assert(!ldbx_view_ieq(V("["), "{"));
    ck_assert(!ldbx_view_ieq(V("\xc3\x84"), "\xc3\xa4")); /* ASCII only */
    ck_assert(!ldbx_view_ieq(V("abc"), "abcd"));
    ck_assert(ldbx_str_ieq("ABC", "abc"));
    ck_assert(!ldbx_str_ieq("ABC", "ab"));
    ck_assert(ldbx_view_starts(V("https://x"), "https://"));
    ck_assert(ldbx_view_starts(V("x"), ""));
    ck_assert(ldbx_view_starts(none, ""));
    ck_assert(!ldbx_view_starts(V("htt"), "http"));
    ck_assert(!ldbx_view_starts(none, "a"));
}
END_TEST

START_TEST(test_trim)
{
    ck_assert(ldbx_view_eq(ldbx_view_trim(V(" \t\r\na b\n ")), "a b"));
    ck_assert(ldbx_view_eq(ldbx_view_trim(V(" \t\r\n")), ""));
    ck_assert(ldbx_view_eq(ldbx_view_trim(V("")), ""));
    ck_assert(ldbx_view_eq(ldbx_view_trim((ldbx_view){NULL, 0}), ""));
    ck_assert(ldbx_view_eq(ldbx_view_trim(V("\va\v")), "\va\v"));
}
END_TEST

START_TEST(test_find)
{
    ck_assert_int_eq(ldbx_view_find(V("abcabc"), "ca"), 2);
    ck_assert_int_eq(ldbx_view_find(V("abcabc"), "abc"), 0);
    ck_assert_int_eq(ldbx_view_find(V("abc"), "abcd"), -1);
    ck_assert_int_eq(ldbx_view_find(V("abc"), "x"), -1);
    ck_assert_int_eq(ldbx_view_find(V("a\0b"), "b"), 2);
    ck_assert_int_eq(ldbx_view_find((ldbx_view){"abc", 2}, "c"), -1);
    ck_assert_int_eq(ldbx_view_find(V("abc"), ""), 0);
    ck_assert_int_eq(ldbx_view_find((ldbx_view){NULL, 0}, ""), 0);
    ck_assert_int_eq(ldbx_view_find((ldbx_view){NULL, 0}, "a"), -1);
}
END_TEST

static const struct {
    const char *text;
    int64_t value;
} integers[] = {
    {"0", 0},
    {"-0", 0},
    {"007", 7},
    {"9223372036854775807", INT64_MAX},
    {"-9223372036854775808", INT64_MIN},
    {"0000000000000000000000000000001", 1},
};

START_TEST(test_parse_int64)
{
    int64_t value = 99;

    ck_assert(ldbx_parse_int64(ldbx_view_of(integers[_i].text), INT64_MIN, INT64_MAX, &value));
    ck_assert_int_eq(value, integers[_i].value);
}
END_TEST

static const char *const no_integers[] = {
    "",
    "-",
    "+",
    "+1",
    "--1",
    "1 ",
    " 1",
    "1.0",
    "1e3",
    "0x10",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999",
    "1\n",
    "\xd9\xa1",
};

START_TEST(test_parse_int64_refuses)
{
    int64_t value = 99;

    ck_assert_msg(!ldbx_parse_int64(ldbx_view_of(no_integers[_i]), INT64_MIN, INT64_MAX, &value), "\"%s\"",
                  no_integers[_i]);
    ck_assert_int_eq(value, 99);
}
END_TEST

START_TEST(test_parse_int64_range)
{
    int64_t value = 99;

    ck_assert(!ldbx_parse_int64(V("0"), 1, 65535, &value));
    ck_assert(!ldbx_parse_int64(V("65536"), 1, 65535, &value));
    ck_assert(!ldbx_parse_int64(V("-1"), 0, 5, &value));
    ck_assert_int_eq(value, 99);
    ck_assert(ldbx_parse_int64(V("1"), 1, 65535, &value));
    ck_assert_int_eq(value, 1);
    ck_assert(ldbx_parse_int64(V("65535"), 1, 65535, &value));
    ck_assert_int_eq(value, 65535);
    ck_assert(!ldbx_parse_int64((ldbx_view){NULL, 0}, 0, 1, &value));
    ck_assert(!ldbx_parse_int64(V("1\0"), 0, 1, &value));
}
END_TEST

START_TEST(test_uuid)
{
    const uint8_t bytes[16] = {0x01, 0xef, 0xa1, 0xb2, 0xc3, 0xd4, 0x15, 0x26,
                               0x87, 0x98, 0x00, 0xff, 0x10, 0x20, 0x30, 0x4f};
    char text[37];

    ldbx_format_uuid(text, bytes);
    ck_assert_str_eq(text, "01efa1b2-c3d4-1526-8798-00ff1020304f");
}
END_TEST

static const char *const base64[][2] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xef\xfe", "/+/+"},
};

START_TEST(test_base64)
{
    ldbx_view from = ldbx_view_of(base64[_i][0]);
    ldbx_buf buf;

    ldbx_buf_init(&buf, 100);
    ldbx_buf_base64(&buf, (const uint8_t *)from.data, from.size);
    ck_assert_str_eq(ldbx_buf_cstr(&buf), base64[_i][1]);
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(base64_is_read_back)
{
    char place[16];
    size_t size = 99;
    ldbx_view text = ldbx_view_of(base64[_i][1]);

    memcpy(place, text.data, text.size);
    ck_assert(ldbx_parse_base64((ldbx_view){place, text.size}, (uint8_t *)place, &size)); /* over itself */
    ck_assert_uint_eq(size, strlen(base64[_i][0]));
    ck_assert_mem_eq(place, base64[_i][0], size);
}
END_TEST

static const char *const no_base64[] = {"Z",    "Zg",   "Zg=",  "Zh==",   "Zm9=",      "====", "Z===",   "Zg==Zg==",
                                        "Zg=a", "Zm9-", "Zm9_", "Zm9v\n", " Zm9vYmFy", "Zm 9", "Zm9\xff"};

START_TEST(what_is_no_base64_is_refused)
{
    uint8_t out[16];
    size_t size;

    ck_assert(!ldbx_parse_base64(ldbx_view_of(no_base64[_i]), out, &size));
}
END_TEST

START_TEST(views_are_ordered_without_case)
{
    static const char *const order[] = {"", "1", "_", "A", "aB", "ABC", "b", "\xc3\xbc"};
    const int count = sizeof order / sizeof order[0];

    ck_assert_int_eq(ldbx_view_icompare(ldbx_view_of("Ab"), ldbx_view_of("aB")), 0);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
            int got = ldbx_view_icompare(ldbx_view_of(order[i]), ldbx_view_of(order[j]));
            ck_assert_msg((got > 0) - (got < 0) == (i > j) - (i < j), "%s, %s", order[i], order[j]);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("str");
    TCase *tcase = suite_case(suite, "str");

    tcase_add_test(tcase, test_views);
    tcase_add_test(tcase, test_trim);
    tcase_add_test(tcase, test_find);
    tcase_add_loop_test(tcase, test_parse_int64, 0, sizeof integers / sizeof integers[0]);
    tcase_add_loop_test(tcase, test_parse_int64_refuses, 0, sizeof no_integers / sizeof no_integers[0]);
    tcase_add_test(tcase, test_parse_int64_range);
    tcase_add_test(tcase, test_uuid);
    tcase_add_loop_test(tcase, test_base64, 0, sizeof base64 / sizeof base64[0]);
    tcase_add_loop_test(tcase, base64_is_read_back, 0, sizeof base64 / sizeof base64[0]);
    tcase_add_loop_test(tcase, what_is_no_base64_is_refused, 0, sizeof no_base64 / sizeof no_base64[0]);
    tcase_add_test(tcase, views_are_ordered_without_case);
    return suite_run(suite);
}
