#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define T(text)                                                                                                        \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }
#define V(text) ((ldbx_view)T(text))

static const ldbx_view valid[] = {
    T(""),
    T("plain"),
    T("a\0b"),
    T("\x7f"),
    T("\xc2\x80"),
    T("\xdf\xbf"),
    T("\xe0\xa0\x80"),
    T("\xed\x9f\xbf"),
    T("\xee\x80\x80"),
    T("\xef\xbf\xbf"),
    T("\xf0\x90\x80\x80"),
    T("\xf4\x8f\xbf\xbf"),
    T("12345678\xc3\xa9"),
    T("1234567\xc3\xa9"
      "12345678"),
};

static const ldbx_view invalid[] = {
    T("\x80"), /* a tail alone */
    T("\xbf"),
    T("\xc0\x80"), /* overlong */
    T("\xc1\xbf"),
    T("\xe0\x9f\xbf"),
    T("\xf0\x8f\xbf\xbf"),
    T("\xed\xa0\x80"), /* surrogates */
    T("\xed\xbf\xbf"),
    T("\xf4\x90\x80\x80"), /* above U+10FFFF */
    T("\xf5\x80\x80\x80"),
    T("\xff"),
    T("\xfe"),
    T("\xc3"), /* cut */
    T("\xe2\x82"),
    T("\xf0\x9f\x98"),
    T("\xc3("), /* a tail that is none */
    T("\xe2(\xa1"),
    T("\xe2\x82("),
    T("\xf0(\x8c\xbc"),
    T("\xf0\x90(\xbc"),
    T("\xf0\x28\x8c("),
    T("12345678\xc3"),
    T("1234567\xc3"
      "12345678"),
};

START_TEST(test_utf8_valid)
{
    ck_assert(ldbx_utf8_valid(valid[_i]));
    ck_assert_uint_eq(ldbx_utf8_valid_size(valid[_i]), valid[_i].size);
}
END_TEST

START_TEST(test_utf8_invalid)
{
    ck_assert(!ldbx_utf8_valid(invalid[_i]));
}
END_TEST

START_TEST(test_utf8_valid_size)
{
    ck_assert(ldbx_utf8_valid((ldbx_view){NULL, 0}));
    ck_assert_uint_eq(ldbx_utf8_valid_size(V("12345678ab\xc3\xa9\xff.")), 12);
}
END_TEST

/* The JSON string of a text; the caller frees it with free(). */
static char *json(ldbx_view text)
{
    ldbx_buf buf;
    char *copy;

    ldbx_buf_init(&buf, 100000);
    ldbx_buf_json_string(&buf, text);
    copy = strdup(ldbx_buf_cstr(&buf));
    ldbx_buf_clear(&buf);
    return copy;
}

static const struct {
    ldbx_view text;
    const char *json;
} strings[] = {
    {{NULL, 0}, "\"\""},
    {T("abc"), "\"abc\""},
    {T("\"\\/"), "\"\\\"\\\\/\""},
    {T("\b\t\n\v\f\r"), "\"\\b\\t\\n\\u000b\\f\\r\""},
    {T("\0\x01\x07\x0e\x1f\x20\x7f"), "\"\\u0000\\u0001\\u0007\\u000e\\u001f \x7f\""},
    {T("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\""},
    {T("a\xff"
       "b"),
     "\"a\xef\xbf\xbd"
     "b\""},
    {T("12345678\xc3"), "\"12345678\xef\xbf\xbd\""},
    {T("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};

START_TEST(test_json_string)
{
    char *text = json(strings[_i].text);

    ck_assert_str_eq(text, strings[_i].json);
    free(text);
}
END_TEST

/* Every byte that needs care at every place of the words that are looked at at once. */
START_TEST(test_json_string_positions)
{
    for (int byte = 0; byte < 128; byte++) {
        for (size_t place = 0; place < 19; place++) {
            char raw[19], expected[64], *text;
            const char *escape = byte == '"' ? "\\\"" : byte == '\\' ? "\\\\" : NULL;
            char unicode[8] = {(char)byte};
            memset(raw, 'x', sizeof raw);
            raw[place] = (char)byte;
            if (byte < 32)
                snprintf(unicode, sizeof unicode, "\\u%04x", (unsigned)byte);
            if (byte == 8 || byte == 9 || byte == 10 || byte == 12 || byte == 13)
                snprintf(unicode, sizeof unicode, "\\%c", "btn?fr"[byte - 8]);
            snprintf(expected, sizeof expected, "\"%.*s%s%.*s\"", (int)place, "xxxxxxxxxxxxxxxxxx",
                     escape != NULL ? escape : unicode, (int)(18 - place), "xxxxxxxxxxxxxxxxxx");
            text = json((ldbx_view){raw, sizeof raw});
            ck_assert_str_eq(text, expected);
            free(text);
        }
    }
}
END_TEST

START_TEST(test_json_string_too_long)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 4);
    ldbx_buf_json_string(&buf, V("abc"));
    ck_assert(buf.failed);
    ldbx_buf_clear(&buf);
}
END_TEST

static const struct {
    ldbx_view text;
    size_t max;
    const char *line;
} lines[] = {
    {T("plain"), 100, "plain"},
    {T("a\r\nb\tc\0d\x7f"
       "e"),
     100, "a  b c d e"},
    {T("a\xc2\x9b"
       "b\xc2\xa0"
       "c"),
     100,
     "a b\xc2\xa0"
     "c"},
    {T("abcdef"), 3, "abc"},
    {T("ab\xc3\xa9"), 3, "ab"},
    {T("ab\xc3\xa9"), 4, "ab\xc3\xa9"},
    {T("a\xff"), 3, "a"},
    {T("a\xff"), 4, "a\xef\xbf\xbd"},
    {T("abc"), 0, ""},
    {{NULL, 0}, 5, ""},
};

START_TEST(test_one_line)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 100);
    ldbx_buf_one_line(&buf, lines[_i].text, lines[_i].max);
    ck_assert_str_eq(ldbx_buf_cstr(&buf), lines[_i].line);
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(test_lines)
{
    ldbx_buf buf;

    ldbx_buf_init(&buf, 100);
    ldbx_buf_lines(&buf, V("one\ntwo\r\n\x1bthree\xff"), 100);
    ck_assert_str_eq(ldbx_buf_cstr(&buf), "one\ntwo \n three\xef\xbf\xbd");
    ldbx_buf_clear(&buf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = suite_case(suite, "text");

    tcase_add_loop_test(tcase, test_utf8_valid, 0, sizeof valid / sizeof valid[0]);
    tcase_add_loop_test(tcase, test_utf8_invalid, 0, sizeof invalid / sizeof invalid[0]);
    tcase_add_test(tcase, test_utf8_valid_size);
    tcase_add_loop_test(tcase, test_json_string, 0, sizeof strings / sizeof strings[0]);
    tcase_add_test(tcase, test_json_string_positions);
    tcase_add_test(tcase, test_json_string_too_long);
    tcase_add_loop_test(tcase, test_one_line, 0, sizeof lines / sizeof lines[0]);
    tcase_add_test(tcase, test_lines);
    return suite_run(suite);
}
