#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_reader.h"
#include "base/str.h"

#define S(text)                                                                                                        \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }
#define V(text) ((ldbx_view)S(text))

static const char *view_text(ldbx_view view)
{
    static char text[256];

    snprintf(text, sizeof text, "%.*s", (int)view.size, view.data);
    return text;
}

START_TEST(members_come_in_order_as_they_stand)
{
    static const struct {
        const char *name, *text;
        ldbx_json_kind kind;
    } expected[] = {
        {"s", "x", LDBX_JSON_STRING},
        {"big", "9223372036854775807", LDBX_JSON_NUMBER},
        {"exact", "-0.10000000000000000000000000000000000000001E+2", LDBX_JSON_NUMBER},
        {"", "null", LDBX_JSON_NULL},
        {"t", "true", LDBX_JSON_TRUE},
        {"f", "false", LDBX_JSON_FALSE},
        {"o", "{ \"a\" : [ ] }", LDBX_JSON_OBJECT},
        {"a", "[1, {\"b\":\"]\"}]", LDBX_JSON_ARRAY},
        {"s", "again", LDBX_JSON_STRING},
    };
    ldbx_view record =
        V(" {\"s\":\"x\", \"big\" : 9223372036854775807,\t"
          "\"exact\":-0.10000000000000000000000000000000000000001E+2,\"\":null\r\n,\"t\":true,\"f\":false,"
          "\"o\":{ \"a\" : [ ] }, \"a\":[1, {\"b\":\"]\"}],\"s\":\"again\" } \r\n");
    ldbx_json_reader reader;
    ldbx_json_value name, value;
    ldbx_error *error = NULL;

    expect_ok(ldbx_json_reader_open(&reader, record, &error), error);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        expect_ok(ldbx_json_reader_next(&reader, &name, &value, &error), error);
        ck_assert_str_eq(view_text(name.text), expected[i].name);
        ck_assert_str_eq(view_text(value.text), expected[i].text);
        ck_assert_int_eq(value.kind, expected[i].kind);
        ck_assert(!value.escaped && !name.escaped);
    }
    expect_status(ldbx_json_reader_next(&reader, &name, &value, &error), LDBX_DONE, error);
}
END_TEST

/* Reads a record to its end. */
static int read_whole(ldbx_view record, ldbx_error **error)
{
    ldbx_json_reader reader;
    ldbx_json_value name, value;
    int status = ldbx_json_reader_open(&reader, record, error);

    while (status == LDBX_OK)
        status = ldbx_json_reader_next(&reader, &name, &value, error);
    return status == LDBX_DONE ? LDBX_OK : status;
}

static const char *const good[] = {
    "{}",
    "\r\n\t {\r\n\t } \r\n\t",
    "{\"a\":0}",
    "{\"a\":-0}",
    "{\"a\":10.00e00}",
    "{\"a\":1E-400}",
    "{\"a\":[]}",
    "{\"a\":[[],{},[{}]]}",
    "{\"a\":[1,2.5,-3e7,\"x\",null,true,false]}",
    "{\"\\u0000\":\"\\u0000\"}",
    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
    "{\"a\":\"\\ud83d\\ude00\\uD83D\\uDE00\"}",
    "{\"a\":\"\xf0\x9f\x98\x80\x7f\xc3\xbc\"}",
    "{\"a\":1,\"a\":1}",
    "{\"a\":\"12345678\"}",
    "{\"a\":\"\\\\\",\"b\":\"1234567\\\\\"}",
};

START_TEST(valid_records_are_read)
{
    ldbx_error *error = NULL;

    expect_ok(read_whole(ldbx_view_of(good[_i]), &error), error);
}
END_TEST

static const struct {
    const char *record;
    int byte;
    const char *what;
} bad[] = {
    {"", 1, "it ends too early"},
    {" \n", 3, "it ends too early"},
    {"[]", 1, "an object is expected"},
    {"1", 1, "an object is expected"},
    {"\xef\xbb\xbf{}", 1, "a byte order mark"},
    {"{", 2, "it ends too early"},
    {"{\"a\"", 5, "it ends too early"},
    {"{\"a\":", 6, "it ends too early"},
    {"{\"a\":1", 7, "it ends too early"},
    {"{\"a\":[1", 8, "it ends too early"},
    {"{\"a", 4, "a string is not closed"},
    {"{\"a\\", 5, "it ends too early"},
    {"{a:1}", 2, "the name of a member is expected"},
    {"{1:1}", 2, "the name of a member is expected"},
    {"{,}", 2, "the name of a member is expected"},
    {"{\"a\" 1}", 6, "a colon is expected"},
    {"{\"a\":}", 6, "a value is expected"},
    {"{\"a\":1,}", 8, "the name of a member is expected"},
    {"{\"a\":[1,]}", 9, "a value is expected"},
    {"{\"a\":[,1]}", 7, "a value is expected"},
    {"{\"a\":[1 2]}", 9, "a comma or ] is expected"},
    {"{\"a\":[1}}", 8, "a comma or ] is expected"},
    {"{\"a\":{\"b\":1]}", 12, "a comma or } is expected"},
    {"{\"a\":1 \"b\":2}", 8, "a comma or } is expected"},
    {"{\"a\":tru}", 6, "a value is expected"},
    {"{\"a\":True}", 6, "a value is expected"},
    {"{\"a\":nul", 6, "a value is expected"},
    {"{\"a\":NaN}", 6, "a value is expected"},
    {"{\"a\":Infinity}", 6, "a value is expected"},
    {"{\"a\":'x'}", 6, "a value is expected"},
    {"{\"a\":+1}", 6, "a value is expected"},
    {"{\"a\":.5}", 6, "a value is expected"},
    {"{\"a\":-}", 7, "a digit is expected"},
    {"{\"a\":-.5}", 7, "a digit is expected"},
    {"{\"a\":1.}", 8, "a digit is expected"},
    {"{\"a\":1.e5}", 8, "a digit is expected"},
    {"{\"a\":1e}", 8, "a digit is expected"},
    {"{\"a\":1e+}", 9, "a digit is expected"},
    {"{\"a\":1e+-2}", 9, "a digit is expected"},
    {"{\"a\":01}", 7, "a comma or } is expected"},
    {"{\"a\":-01}", 8, "a comma or } is expected"},
    {"{\"a\":0x1}", 7, "a comma or } is expected"},
    {"{\"a\":\"\n\"}", 7, "control character in a string"},
    {"{\"a\":\"12345678\x1f\"}", 15, "control character in a string"},
    {"{\"a\":\"\\x\"}", 7, "unknown escape"},
    {"{\"a\":\"\\'\"}", 7, "unknown escape"},
    {"{\"a\":\"\\u12\"}", 7, "four hexadecimal digits are expected behind \\u"},
    {"{\"a\":\"\\u 123\"}", 7, "four hexadecimal digits are expected behind \\u"},
    {"{\"a\":\"\\u12", 7, "four hexadecimal digits are expected behind \\u"},
    {"{\"a\":\"\\ud800\"}", 7, "half of a surrogate pair"},
    {"{\"a\":\"\\udc00\\ud800\"}", 7, "half of a surrogate pair"},
    {"{\"a\":\"\\ud800\\u0041\"}", 7, "half of a surrogate pair"},
    {"{\"a\":\"\\ud800\\n\"}", 7, "half of a surrogate pair"},
    {"{\"a\":\"\xff\"}", 7, "not valid UTF-8"},
    {"{\"a\":\"\xed\xa0\x80\"}", 7, "not valid UTF-8"},
    {"{\"a\":\"\xc0\x80\"}", 7, "not valid UTF-8"},
    {"{}}", 3, "something follows behind the object"},
    {"{} {}", 4, "something follows behind the object"},
    {"{\"a\":1}\v", 8, "something follows behind the object"},
    {"{\"a\":\xc2\xa0"
     "1}",
     6, "a value is expected"},
};

START_TEST(what_is_wrong_is_named_with_its_byte)
{
    char expected[128];
    ldbx_error *error = NULL;

    snprintf(expected, sizeof expected, "not valid JSON at byte %d: %s", bad[_i].byte, bad[_i].what);
    expect_status(read_whole(ldbx_view_of(bad[_i].record), &error), LDBX_INVALID_DATA, error);
    ck_assert_str_eq(ldbx_error_message(error), expected);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(a_nul_is_no_blank)
{
    ck_assert_int_eq(read_whole(V("{\"a\":1\0}"), NULL), LDBX_INVALID_DATA);
    ck_assert_int_eq(read_whole(V("{\"a\":\"\0\"}"), NULL), LDBX_INVALID_DATA);
    ck_assert_int_eq(read_whole(V("{\"a\":\"\\\0\"}"), NULL), LDBX_INVALID_DATA);
    ck_assert_int_eq(read_whole(V("{}\0"), NULL), LDBX_INVALID_DATA);
    ck_assert_int_eq(read_whole((ldbx_view){NULL, 0}, NULL), LDBX_INVALID_DATA);
}
END_TEST

/* Every cut of a record ends in an error, never in a read behind its end. */
START_TEST(a_cut_record_is_refused)
{
    const char text[] = "{\"a\": [1, -2.5e3, \"\\ud83d\\ude00\\\\\"], \"long enough\": {\"c\": null, \"d\": false}}";

    for (size_t size = 0; size < sizeof text - 1; size++) {
        char *part = malloc(size); /* so that the sanitizer sees the end */
        memcpy(part, text, size);
        ck_assert_int_eq(read_whole((ldbx_view){part, size}, NULL), LDBX_INVALID_DATA);
        free(part);
    }
}
END_TEST

/* Strings of every length and place of what ends or breaks them: eight bytes are looked at at once. */
START_TEST(every_place_in_a_word_is_looked_at)
{
    for (size_t size = 0; size < 40; size++)
        for (size_t at = 0; at < size; at++)
            for (int byte = 0; byte < 256; byte++) {
                char text[64] = "{\"a\":\"", *string = text + 6;
                bool fine = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
                memset(string, 'x', size);
                string[at] = (char)byte;
                memcpy(string + size, "\"}", 2);
                if (read_whole((ldbx_view){text, size + 8}, NULL) != (fine ? LDBX_OK : LDBX_INVALID_DATA))
                    ck_abort_msg("byte %d at %zu of %zu", byte, at, size);
            }
}
END_TEST

static int read_nested(size_t depth, const char *open, const char *close)
{
    ldbx_buf buf;
    int status;

    ldbx_buf_init(&buf, 4 << 20);
    ldbx_buf_str(&buf, "{\"a\":");
    for (size_t i = 1; i < depth; i++)
        ldbx_buf_str(&buf, open);
    ldbx_buf_str(&buf, "0");
    for (size_t i = 1; i < depth; i++)
        ldbx_buf_str(&buf, close);
    ldbx_buf_str(&buf, "}");
    status = read_whole(ldbx_buf_get(&buf), NULL);
    ldbx_buf_clear(&buf);
    return status;
}

START_TEST(nesting_of_a_record_has_a_limit)
{
    ck_assert_int_eq(read_nested(LDBX_MAX_RECORD_DEPTH, "[", "]"), LDBX_OK);
    ck_assert_int_eq(read_nested(LDBX_MAX_RECORD_DEPTH + 1, "[", "]"), LDBX_INVALID_DATA);
    ck_assert_int_eq(read_nested(LDBX_MAX_RECORD_DEPTH, "{\"a\":", "}"), LDBX_OK);
    ck_assert_int_eq(read_nested(LDBX_MAX_RECORD_DEPTH + 1, "{\"a\":", "}"), LDBX_INVALID_DATA);
    ck_assert_int_eq(read_nested(500000, "[", "]"), LDBX_INVALID_DATA);
}
END_TEST

static ldbx_json_value only_value(ldbx_view record)
{
    ldbx_json_reader reader;
    ldbx_json_value name, value = {0};
    ldbx_error *error = NULL;

    expect_ok(ldbx_json_reader_open(&reader, record, &error), error);
    expect_ok(ldbx_json_reader_next(&reader, &name, &value, &error), error);
    expect_status(ldbx_json_reader_next(&reader, &name, &name, &error), LDBX_DONE, error);
    return value;
}

START_TEST(arrays_and_objects_are_entered)
{
    ldbx_json_value value = only_value(V("{\"a\":[ 1,[] , {\"x\":\"y\" , \"z\":null} ]}")), name, inner;
    ldbx_json_reader reader, members;

    ldbx_json_reader_enter(&reader, &value);
    ck_assert_int_eq(ldbx_json_reader_next(&reader, NULL, &inner, NULL), LDBX_OK);
    ck_assert_str_eq(view_text(inner.text), "1");
    ck_assert_int_eq(ldbx_json_reader_next(&reader, NULL, &inner, NULL), LDBX_OK);
    ldbx_json_reader_enter(&members, &inner);
    ck_assert_int_eq(ldbx_json_reader_next(&members, NULL, &inner, NULL), LDBX_DONE);
    ck_assert_int_eq(ldbx_json_reader_next(&reader, NULL, &inner, NULL), LDBX_OK);
    ldbx_json_reader_enter(&members, &inner);
    ck_assert_int_eq(ldbx_json_reader_next(&members, &name, &inner, NULL), LDBX_OK);
    ck_assert_str_eq(view_text(name.text), "x");
    ck_assert_str_eq(view_text(inner.text), "y");
    ck_assert_int_eq(ldbx_json_reader_next(&members, &name, &inner, NULL), LDBX_OK);
    ck_assert_int_eq(ldbx_json_reader_next(&members, &name, &inner, NULL), LDBX_DONE);
    ck_assert_int_eq(ldbx_json_reader_next(&reader, NULL, &inner, NULL), LDBX_DONE);
}
END_TEST

static const struct {
    ldbx_view record, text;
} strings[] = {
    {S("{\"a\":\"\"}"), S("")},
    {S("{\"a\":\"plain \xc3\xbc\"}"), S("plain \xc3\xbc")},
    {S("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"), S("\"\\/\b\f\n\r\t")},
    {S("{\"a\":\"a\\u0000b\"}"), S("a\0b")},
    {S("{\"a\":\"\\u007f\\u0080\\u07ff\\u0800\\uffff\\uFFFD\"}"),
     S("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xef\xbf\xbd")},
    {S("{\"a\":\"\\ud800\\udc00 \\uD83D\\ude00 \\udbff\\udfff\"}"),
     S("\xf0\x90\x80\x80 \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf")},
    {S("{\"a\":\"before\\nbehind\"}"), S("before\nbehind")},
    {S("{\"a\":\"\\\\u0041\"}"), S("\\u0041")},
};

START_TEST(strings_are_unescaped)
{
    ldbx_json_value value = only_value(strings[_i].record);
    ldbx_view text, expected = strings[_i].text;
    ldbx_buf buf;

    ldbx_buf_init(&buf, 1000);
    ldbx_buf_str(&buf, "kept");
    text = ldbx_json_unescape(&value, &buf);
    ck_assert_uint_eq(text.size, expected.size);
    ck_assert_mem_eq(text.data, expected.data, expected.size);
    ck_assert_uint_eq(buf.size, 4 + (value.escaped ? text.size : 0));
    ck_assert(!value.escaped == (text.data == value.text.data));
    ck_assert_mem_eq(buf.data, "kept", 4);
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(a_full_buffer_gives_the_empty_text)
{
    ldbx_json_value value = only_value(V("{\"a\":\"abc\\n\"}"));
    ldbx_buf buf;

    ldbx_buf_init(&buf, 2);
    ck_assert_uint_eq(ldbx_json_unescape(&value, &buf).size, 0);
    ck_assert(buf.failed);
    ldbx_buf_clear(&buf);
}
END_TEST

static const struct {
    const char *record, *compact;
} compacts[] = {
    {"{\"a\" : { \"b\" : [ 1.50 , 9223372036854775808 ,\t\"x y\\u0000 \\\" z\" ] , \"\" : { } }\r\n}",
     "{\"b\":[1.50,9223372036854775808,\"x y\\u0000 \\\" z\"],\"\":{}}"},
    {"{\"a\": \"\\\\ \\\" \"}", "\"\\\\ \\\" \""},
    {"{\"a\": \"\"}", "\"\""},
    {"{\"a\": [\"\", \"\\\\\", \"12345678\\\\\", \"[ ]\"]}", "[\"\",\"\\\\\",\"12345678\\\\\",\"[ ]\"]"},
    {"{\"a\": 1e5 }", "1e5"},
    {"{\"a\": null }", "null"},
    {"{\"a\":[1,2]}", "[1,2]"},
};

START_TEST(values_are_compacted_and_else_kept)
{
    ldbx_json_value value = only_value(ldbx_view_of(compacts[_i].record));
    ldbx_buf buf;

    ldbx_buf_init(&buf, 1000);
    ldbx_json_compact(&buf, &value);
    ck_assert_str_eq(ldbx_buf_cstr(&buf), compacts[_i].compact);
    ldbx_buf_clear(&buf);
}
END_TEST

#define LOOP(test, table) tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof(table)[0])

int main(void)
{
    Suite *suite = suite_create("json_reader");
    TCase *tcase = suite_case(suite, "json_reader");

    tcase_add_test(tcase, members_come_in_order_as_they_stand);
    LOOP(valid_records_are_read, good);
    LOOP(what_is_wrong_is_named_with_its_byte, bad);
    tcase_add_test(tcase, a_nul_is_no_blank);
    tcase_add_test(tcase, a_cut_record_is_refused);
    tcase_add_test(tcase, every_place_in_a_word_is_looked_at);
    tcase_add_test(tcase, nesting_of_a_record_has_a_limit);
    tcase_add_test(tcase, arrays_and_objects_are_entered);
    LOOP(strings_are_unescaped, strings);
    tcase_add_test(tcase, a_full_buffer_gives_the_empty_text);
    LOOP(values_are_compacted_and_else_kept, compacts);
    return suite_run(suite);
}
