#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

#define V(text) ((ldbx_view){text, sizeof(text) - 1})

START_TEST(test_parse)
{
    cJSON *root = NULL;
    ldbx_error *error = NULL;
    int64_t number = 0;

    expect_ok(
        ldbx_json_parse(V(" {\"a\": \"x\\n\\u00e9\", \"n\": -12, \"t\": true, \"o\": {\"a\": []}} \n"), &root, &error),
        error);
    ck_assert_str_eq(ldbx_json_text(root, "a", "-"), "x\n\xc3\xa9");
    ck_assert_str_eq(ldbx_json_text(root, "A", "-"), "-"); /* names are exact */
    ck_assert_str_eq(ldbx_json_text(root, "n", "-"), "-");
    ck_assert_ptr_null(ldbx_json_text(root, "none", NULL));
    ck_assert(ldbx_json_int64(root, "n", &number));
    ck_assert_int_eq(number, -12);
    ck_assert(!ldbx_json_int64(root, "a", &number));
    ck_assert(!ldbx_json_int64(root, "none", &number));
    ck_assert_ptr_nonnull(ldbx_json_get(ldbx_json_get(root, "o"), "a"));
    ck_assert_ptr_null(ldbx_json_get(root, "none"));
    ck_assert_ptr_null(ldbx_json_get(NULL, "a"));
    ck_assert_ptr_null(ldbx_json_get(ldbx_json_get(root, "a"), "a"));
    cJSON_Delete(root);
}
END_TEST

static const char *const good[] = {
    "null",
    "0",
    "\"\"",
    "[]",
    "{}",
    "[{},{}]",
    "\xef\xbb\xbf{}",
    "{\"a\":1,\"A\":2}",
    "[\"a\",\"a\"]",
    "{\"a\":{\"b\":1},\"c\":{\"b\":1}}",
    "\"\\\\u0000\"",
    "\"\\\\\"",
    "\"[[[\"",
    "{\"\":1}",
    "\r\n\t[1]\r\n\t",
    "\"\\ud83d\\ude00\"",
};

START_TEST(test_good)
{
    cJSON *root = NULL;
    ldbx_error *error = NULL;

    expect_ok(ldbx_json_parse(ldbx_view_of(good[_i]), &root, &error), error);
    ck_assert_ptr_nonnull(root);
    cJSON_Delete(root);
}
END_TEST

static const struct {
    ldbx_view text;
    const char *message;
} bad[] = {
    {{NULL, 0}, "line 1: empty document"},
    {{" \n ", 3}, "line 1: empty document"},
    {{"{", 1}, "line 1: not valid JSON"},
    {{"{\n\"a\": 1,\n}", 11}, "line 3: not valid JSON"},
    {{"{\n\"a\": tru\n}", 12}, "line 2: not valid JSON"},
    {{"\n\n\"abc", 6}, "line 3: not valid JSON"},
    {{"\"abc\\", 5}, "line 1: not valid JSON"},
    {{"{} {}", 5}, "line 1: text behind the end of the document"},
    {{"{}\n\nx", 5}, "line 3: text behind the end of the document"},
    {{"1 2", 3}, "line 1: text behind the end of the document"},
    {{"{}\0", 3}, "line 1: control character"},
    {{"[\n\0]", 4}, "line 2: control character"},
    {{"[\v]", 3}, "line 1: control character"},
    {{"\"a\0b\"", 5}, "line 1: control character in a text"},
    {{"[\"a\nb\"]", 7}, "line 1: control character in a text"},
    {{"\"\\u0000\"", 8}, "line 1: \\u0000 in a text"},
    {{"[\n\"\\\\\\u0000\"]", 13}, "line 2: \\u0000 in a text"},
    {{"{\"a\\u0000b\":1}", 14}, "line 1: \\u0000 in a text"},
    {{"\"\\ud800\"", 8}, "line 1: not valid JSON"},
    {{"\"a\\uZZZZb\"", 10}, "line 1: no four hexadecimal digits behind \\u"},
    {{"\"\\u00g0\"", 8}, "line 1: no four hexadecimal digits behind \\u"},
    {{"[\n\"\\u12\"]", 8}, "line 2: no four hexadecimal digits behind \\u"},
    {{"\"\\u 123\"", 8}, "line 1: no four hexadecimal digits behind \\u"},
    {{"{\"\\u+001\":1}", 12}, "line 1: no four hexadecimal digits behind \\u"},
    {{"\"\\ud83d\\uzzzz\"", 14}, "line 1: no four hexadecimal digits behind \\u"},
    {{"[\n\"\xff\"]", 6}, "line 2: not valid UTF-8"},
    {{"{\"a\":1,\"a\":1}", 13}, "key \"a\" appears twice in one object"},
    {{"{\"\":1,\"\":1}", 11}, "key \"\" appears twice in one object"},
    {{"[1,{\"x\":{\"b\":1,\"c\":2,\"b\":null}}]", 32}, "key \"b\" appears twice in one object"},
    {{"{\"a\":1,\"\\u0061\":1}", 18}, "key \"a\" appears twice in one object"},
    {{"]", 1}, "line 1: not valid JSON"},
    {{"[1,]", 4}, "line 1: not valid JSON"},
    {{"{'a':1}", 7}, "line 1: not valid JSON"},
    {{"NaN", 3}, "line 1: not valid JSON"},
};

START_TEST(test_bad)
{
    cJSON *root = (cJSON *)&root;
    ldbx_error *error = NULL;

    expect_status(ldbx_json_parse(bad[_i].text, &root, &error), LDBX_INVALID_DATA, error);
    ck_assert_str_eq(ldbx_error_message(error), bad[_i].message);
    ck_assert_ptr_null(root);
    ldbx_error_destroy(error);
}
END_TEST

/* Every cut of a document ends in an error, never in a read behind its end. */
START_TEST(test_cut)
{
    const char text[] = "{\"a\": [1, -2.5e3, \"\\u00e9\\\\\"], \"b\": {\"c\": null, \"d\": false}}";

    for (size_t size = 0; size < sizeof text - 1; size++) {
        char *part = malloc(size); /* so that the sanitizer sees the end */
        cJSON *root = NULL;
        memcpy(part, text, size);
        ck_assert_int_eq(ldbx_json_parse((ldbx_view){part, size}, &root, NULL), LDBX_INVALID_DATA);
        ck_assert_ptr_null(root);
        free(part);
    }
}
END_TEST

static int parse_nested(int depth, char open, char close)
{
    cJSON *root = NULL;
    ldbx_buf buf;
    int status;

    ldbx_buf_init(&buf, 1 << 20);
    for (int i = 0; i < depth; i++)
        ldbx_buf_byte(&buf, (uint8_t)open);
    for (int i = 0; i < depth; i++)
        ldbx_buf_byte(&buf, (uint8_t)close);
    status = ldbx_json_parse(ldbx_buf_get(&buf), &root, NULL);
    cJSON_Delete(root);
    ldbx_buf_clear(&buf);
    return status;
}

START_TEST(test_depth)
{
    ck_assert_int_eq(parse_nested(100, '[', ']'), LDBX_OK);
    ck_assert_int_eq(parse_nested(101, '[', ']'), LDBX_INVALID_DATA);
    ck_assert_int_eq(parse_nested(500000, '[', ']'), LDBX_INVALID_DATA);
    ck_assert_int_eq(parse_nested(500000, '{', '}'), LDBX_INVALID_DATA);
}
END_TEST

/* Would take minutes if every pair of names were compared. */
START_TEST(test_large_object)
{
    cJSON *root = NULL;
    ldbx_error *error = NULL;
    ldbx_buf buf;

    ldbx_buf_init(&buf, 16 << 20);
    ldbx_buf_byte(&buf, '{');
    for (int i = 0; i < 200000; i++)
        ldbx_buf_printf(&buf, "\"key%d\":1,", i);
    ldbx_buf_str(&buf, "\"key777\":2}");
    expect_status(ldbx_json_parse(ldbx_buf_get(&buf), &root, &error), LDBX_INVALID_DATA, error);
    ck_assert_str_eq(ldbx_error_message(error), "key \"key777\" appears twice in one object");
    buf.data[buf.size - 5] = 'x';
    expect_ok(ldbx_json_parse(ldbx_buf_get(&buf), &root, &error), error);
    cJSON_Delete(root);
    ldbx_error_destroy(error);
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(test_no_memory)
{
    cJSON *root = NULL;
    ldbx_error *error = NULL;

    suite_fail_allocation(1);
    expect_status(ldbx_json_parse(V("{\"a\":1,\"b\":2}"), &root, &error), LDBX_NO_MEMORY, error);
    ck_assert_ptr_null(root);
    ldbx_error_destroy(error);
}
END_TEST

static const struct {
    const char *text;
    bool fits;
    int64_t value;
} integers[] = {
    {"0", true, 0},
    {"-0", true, 0},
    {"9007199254740991", true, INT64_C(9007199254740991)},
    {"-9007199254740991", true, INT64_C(-9007199254740991)},
    {"9007199254740992", false, 0},
    {"9007199254740993", false, 0},
    {"-9007199254740993", false, 0},
    {"9223372036854775807", false, 0},
    {"1e3", true, 1000},
    {"1.0", true, 1},
    {"1.5", false, 0},
    {"1e300", false, 0},
    {"1e999", false, 0},
    {"\"1\"", false, 0},
    {"true", false, 0},
    {"null", false, 0},
};

START_TEST(test_int64)
{
    char text[64];
    cJSON *root = NULL;
    int64_t value = 99;

    snprintf(text, sizeof text, "{\"n\":%s}", integers[_i].text);
    ck_assert_int_eq(ldbx_json_parse(ldbx_view_of(text), &root, NULL), LDBX_OK);
    ck_assert(ldbx_json_int64(root, "n", &value) == integers[_i].fits);
    ck_assert_int_eq(value, integers[_i].fits ? integers[_i].value : 99);
    cJSON_Delete(root);
}
END_TEST

START_TEST(test_writer)
{
    ldbx_buf buf;
    ldbx_json_writer writer = {&buf, false};

    ldbx_buf_init(&buf, 1000);
    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_text(&writer, "a\"b", "x\ny");
    ldbx_json_put_text(&writer, "none", NULL);
    ldbx_json_put_int(&writer, "big", INT64_MAX);
    ldbx_json_put_int(&writer, "small", INT64_MIN);
    ldbx_json_begin_array(&writer, "list");
    ldbx_json_put_bool(&writer, NULL, true);
    ldbx_json_put_bool(&writer, NULL, false);
    ldbx_json_put_null(&writer, NULL);
    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_end_object(&writer);
    ldbx_json_begin_array(&writer, NULL);
    ldbx_json_end_array(&writer);
    ldbx_json_put_raw(&writer, NULL, V("{\"r\":1}"));
    ldbx_json_end_array(&writer);
    ldbx_json_begin_object(&writer, "o");
    ldbx_json_put_raw(&writer, "r", V("1.50"));
    ldbx_json_end_object(&writer);
    ldbx_json_end_object(&writer);
    ck_assert_str_eq(ldbx_buf_cstr(&buf),
                     "{\"a\\\"b\":\"x\\ny\",\"none\":null,\"big\":9223372036854775807,"
                     "\"small\":-9223372036854775808,\"list\":[true,false,null,{},[],{\"r\":1}],\"o\":{\"r\":1.50}}");
    ldbx_buf_clear(&buf);
}
END_TEST

START_TEST(test_writer_too_long)
{
    ldbx_buf buf;
    ldbx_json_writer writer = {&buf, false};

    ldbx_buf_init(&buf, 10);
    ldbx_json_begin_object(&writer, NULL);
    ldbx_json_put_text(&writer, "name", "value");
    ldbx_json_end_object(&writer);
    ck_assert_ptr_null(ldbx_buf_cstr(&buf));
    ldbx_buf_clear(&buf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tcase = suite_case(suite, "json");

    tcase_add_test(tcase, test_parse);
    tcase_add_loop_test(tcase, test_good, 0, sizeof good / sizeof good[0]);
    tcase_add_loop_test(tcase, test_bad, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(tcase, test_cut);
    tcase_add_test(tcase, test_depth);
    tcase_add_test(tcase, test_large_object);
    tcase_add_test(tcase, test_no_memory);
    tcase_add_loop_test(tcase, test_int64, 0, sizeof integers / sizeof integers[0]);
    tcase_add_test(tcase, test_writer);
    tcase_add_test(tcase, test_writer_too_long);
    return suite_run(suite);
}
