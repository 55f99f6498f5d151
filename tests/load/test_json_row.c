#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "load/json_row.h"

#define V(text) ((ldbx_view){text, sizeof(text) - 1})

static const ldbx_load_column columns[] = {
    {"bool", "BOOLEAN"},  {"tiny", "TINYINT"},      {"big", "BIGINT"},        {"float", "FLOAT"},
    {"double", "DOUBLE"}, {"dec", "DECIMAL(10,2)"}, {"text", "STRING"},       {"bytes", "BINARY"},
    {"day", "DATE"},      {"at", "TIMESTAMP"},      {"ntz", "TIMESTAMP_NTZ"},
};
enum { BOOL, TINY, BIG, FLOAT, DOUBLE, DEC, TEXT, BYTES, DAY, AT, NTZ, COUNT };

static ldbx_csv *csv;
static ldbx_json_row *row;

static void setup(const ldbx_load_column *of, size_t count)
{
    ldbx_csv_options options = {.columns = of, .column_count = count, .null_value = "_null_"};
    ldbx_error *error = NULL;

    expect_ok(ldbx_csv_new(&options, &csv, &error), error);
    expect_ok(ldbx_json_row_new(csv, &row, &error), error);
}

static void teardown(void)
{
    ldbx_json_row_destroy(row);
    ldbx_csv_destroy(csv);
}

static const ldbx_value *read_row(ldbx_view object)
{
    const ldbx_value *values = NULL;
    ldbx_error *error = NULL;

    expect_ok(ldbx_json_row_read(row, object, &values, &error), error);
    return values;
}

static void expect_bytes(const ldbx_value *value, ldbx_view expected)
{
    ck_assert_int_eq(value->kind, LDBX_VALUE_BYTES);
    ck_assert_uint_eq(value->as.bytes.size, expected.size);
    ck_assert_mem_eq(value->as.bytes.data, expected.data, expected.size);
}

static void expect_integer(const ldbx_value *value, int64_t expected)
{
    ck_assert_int_eq(value->kind, LDBX_VALUE_INTEGER);
    ck_assert_int_eq(value->as.integer, expected);
}

START_TEST(each_type_takes_its_form)
{
    const ldbx_value *values;

    setup(columns, COUNT);
    values =
        read_row(V("{\"bool\":true,\"tiny\":-128,\"big\":9223372036854775807,\"float\":1.5e3,\"double\":\"-Infinity\","
                   "\"dec\":12.50,\"text\":\"a\\u0000\\n\",\"bytes\":\"Zm9v\\/+8=\",\"day\":\"2024-02-29\","
                   "\"at\":\"2024-02-29T12:34:56Z\",\"ntz\":\"2024-02-29T12:34:56\"}"));
    expect_integer(&values[BOOL], 1);
    expect_integer(&values[TINY], -128);
    expect_integer(&values[BIG], INT64_MAX);
    expect_bytes(&values[FLOAT], V("1.5e3"));
    expect_bytes(&values[DOUBLE], V("-Infinity"));
    expect_bytes(&values[DEC], V("12.50"));
    expect_bytes(&values[TEXT], V("a\0\n"));
    expect_bytes(&values[BYTES], V("foo\xff\xef"));
    expect_bytes(&values[DAY], V("2024-02-29"));
    expect_bytes(&values[AT], V("2024-02-29T12:34:56Z"));
    expect_bytes(&values[NTZ], V("2024-02-29T12:34:56"));
    values = read_row(V("{\"bool\":false,\"big\":-9223372036854775808,\"double\":0.1,\"dec\":\"-99999999.99\",\"text\":"
                        "\"\",\"bytes\":\"\"}"));
    expect_integer(&values[BOOL], 0);
    expect_integer(&values[BIG], INT64_MIN);
    expect_bytes(&values[DOUBLE], V("0.1"));
    expect_bytes(&values[DEC], V("-99999999.99"));
    expect_bytes(&values[TEXT], V(""));
    expect_bytes(&values[BYTES], V(""));
    teardown();
}
END_TEST

START_TEST(missing_and_null_are_null)
{
    const ldbx_value *values;

    setup(columns, COUNT);
    read_row(V("{\"bool\":true,\"text\":\"x\"}"));
    values = read_row(V("{\"bool\":null,\"day\":null,\"else\":{\"bool\":1}}"));
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(values[i].kind, LDBX_VALUE_NULL);
    ck_assert(ldbx_json_row_occurred(row, BOOL) && ldbx_json_row_occurred(row, DAY) &&
              ldbx_json_row_occurred(row, TEXT));
    ck_assert(!ldbx_json_row_occurred(row, TINY) && !ldbx_json_row_occurred(row, NTZ));
    teardown();
}
END_TEST

/* Objects in every order of their members, one after the other, so that what was expected of each is wrong. */
START_TEST(members_come_in_any_order)
{
    static const ldbx_load_column three[] = {{"c", "INT"}, {"a", "INT"}, {"b", "INT"}};
    static const char *const orders[] = {"{\"a\":1,\"b\":2,\"c\":3}", "{\"c\":3,\"x\":[],\"b\":2,\"y\":{},\"a\":1}",
                                         "{\"b\":2,\"a\":1,\"c\":3}", "{\"B\":2,\"\\u0061\":1,\"C\":3,\"\":0}",
                                         "{\"b\":2,\"c\":3,\"a\":1,\"aa\":9}"};
    setup(three, 3);
    for (int round = 0; round < 100; round++) {
        const char *object = orders[(round * 7 + round / 5) % 5];
        const ldbx_value *values = read_row(ldbx_view_of(object));
        expect_integer(&values[0], 3);
        expect_integer(&values[1], 1);
        expect_integer(&values[2], 2);
    }
    teardown();
}
END_TEST

START_TEST(many_columns_are_found)
{
    enum { MANY = 500 };
    static ldbx_load_column many[MANY];
    static char names[MANY][8];
    const ldbx_value *values;
    ldbx_buf object;

    ldbx_buf_init(&object, 1 << 20);
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        many[i] = (ldbx_load_column){names[i], "INT"};
        ldbx_buf_printf(&object, "%c\"C%d\":%d", i == 0 ? '{' : ',', (i * 7 + 3) % MANY, i);
    }
    ldbx_buf_str(&object, "}");
    setup(many, MANY);
    values = read_row(ldbx_buf_get(&object));
    for (int i = 0; i < MANY; i++)
        expect_integer(&values[(i * 7 + 3) % MANY], i);
    ldbx_buf_clear(&object);
    teardown();
}
END_TEST

START_TEST(a_name_goes_before_one_in_another_case)
{
    static const ldbx_load_column two[] = {{"id", "INT"}, {"b", "INT"}};
    const ldbx_value *values;

    setup(two, 2);
    values = read_row(V("{\"ID\":{},\"id\":1,\"Id\":[]}"));
    expect_integer(&values[0], 1);
    values = read_row(V("{\"id\":2,\"ID\":\"left out\"}"));
    expect_integer(&values[0], 2);
    values = read_row(V("{\"ID\":3}"));
    expect_integer(&values[0], 3);
    teardown();
}
END_TEST

#define INTEGERS " takes integers from -128 to 127, written without point and exponent"
#define INSTANT  "a string like \"2024-02-29T12:34:56.123456"

static const struct {
    const char *object, *message;
} bad[] = {
    {"[]", "not valid JSON at byte 1: an object is expected"},
    {"{\"text\":\"x\"", "not valid JSON at byte 12: it ends too early"},
    {"{\"text\":\"x\",\"text\":\"x\"}", "column text: it comes twice in the record"},
    {"{\"TEXT\":\"x\",\"Text\":\"x\"}", "column text: two members of the record differ from its name in case alone"},
    {"{\"bool\":1}", "column bool: a number, where BOOLEAN takes true or false"},
    {"{\"bool\":\"true\"}", "column bool: a string, where BOOLEAN takes true or false"},
    {"{\"tiny\":128}", "column tiny: TINYINT" INTEGERS},
    {"{\"tiny\":-129}", "column tiny: TINYINT" INTEGERS},
    {"{\"tiny\":1.0}", "column tiny: TINYINT" INTEGERS},
    {"{\"tiny\":1e1}", "column tiny: TINYINT" INTEGERS},
    {"{\"tiny\":true}", "column tiny: true, where TINYINT takes an integer"},
    {"{\"tiny\":\"1\"}", "column tiny: a string, where TINYINT takes an integer"},
    {"{\"big\":9223372036854775808}", "column big: BIGINT takes integers from -9223372036854775808 to "
                                      "9223372036854775807, written without point and exponent"},
    {"{\"double\":\"1.5\"}",
     "column double: a string, where DOUBLE takes a number, \"NaN\", \"Infinity\" or \"-Infinity\""},
    {"{\"float\":\"nan\"}",
     "column float: a string, where FLOAT takes a number, \"NaN\", \"Infinity\" or \"-Infinity\""},
    {"{\"dec\":false}", "column dec: false, where DECIMAL(10,2) takes a number, or one in a string"},
    {"{\"text\":1}", "column text: a number, where STRING takes a string"},
    {"{\"text\":{\"a\":1}}", "column text: an object, where STRING takes a string"},
    {"{\"text\":[]}", "column text: an array, where STRING takes a string"},
    {"{\"bytes\":\"Zg\"}", "column bytes: the text is no base64"},
    {"{\"bytes\":\"Zg=\\u003d\\n\"}", "column bytes: the text is no base64"},
    {"{\"bytes\":1}", "column bytes: a number, where BINARY takes a string of base64"},
    {"{\"day\":20240229}", "column day: a number, where DATE takes a string like \"2024-02-29\""},
    {"{\"at\":1709210096}", "column at: a number, where TIMESTAMP takes " INSTANT "Z\""},
    {"{\"ntz\":{}}", "column ntz: an object, where TIMESTAMP_NTZ takes " INSTANT "\""},
};

START_TEST(what_does_not_fit_is_refused_by_column)
{
    const ldbx_value *values = NULL;
    ldbx_error *error = NULL;

    setup(columns, COUNT);
    expect_status(ldbx_json_row_read(row, ldbx_view_of(bad[_i].object), &values, &error), LDBX_INVALID_DATA, error);
    ck_assert_str_eq(ldbx_error_message(error), bad[_i].message);
    ck_assert_ptr_null(values);
    ldbx_error_destroy(error);
    expect_integer(&read_row(V("{\"tiny\":1}"))[TINY], 1); /* and the next one is read */
    teardown();
}
END_TEST

/* Escaped texts of a record lie in one buffer, which must not move. */
START_TEST(escaped_texts_stay_where_they_are)
{
    enum { TEXTS = 200 };
    static ldbx_load_column many[TEXTS];
    static char names[TEXTS][8];
    const ldbx_value *values;
    ldbx_buf object;

    ldbx_buf_init(&object, 1 << 20);
    for (int i = 0; i < TEXTS; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        many[i] = (ldbx_load_column){names[i], i % 2 ? "STRING" : "BINARY"};
        ldbx_buf_printf(&object, "%c\"\\u0063%d\":\"%s\"", i == 0 ? '{' : ',', i,
                        i % 2   ? "\\tx"
                        : i % 4 ? "Zg=="
                                : "Zg=\\u003d");
    }
    ldbx_buf_str(&object, "}");
    setup(many, TEXTS);
    values = read_row(ldbx_buf_get(&object));
    for (int i = 0; i < TEXTS; i++)
        expect_bytes(&values[i], i % 2 ? V("\tx") : V("f"));
    ldbx_buf_clear(&object);
    teardown();
}
END_TEST

START_TEST(a_record_has_a_greatest_size)
{
    char *object = malloc(LDBX_MAX_RECORD + 1);
    const ldbx_value *values = NULL;
    ldbx_error *error = NULL;

    memset(object, ' ', LDBX_MAX_RECORD + 1);
    memcpy(object, "{\"tiny\":1}", 10);
    setup(columns, COUNT);
    expect_integer(&read_row((ldbx_view){object, LDBX_MAX_RECORD})[TINY], 1);
    expect_status(ldbx_json_row_read(row, (ldbx_view){object, LDBX_MAX_RECORD + 1}, &values, &error), LDBX_INVALID_DATA,
                  error);
    ck_assert_str_eq(ldbx_error_message(error), "the record has 67108865 bytes, more than 67108864");
    ldbx_error_destroy(error);
    teardown();
    free(object);
}
END_TEST

START_TEST(memory_may_be_short)
{
    ldbx_csv_options options = {.columns = columns, .column_count = COUNT, .null_value = "_null_"};
    const ldbx_value *values;

    ck_assert_int_eq(ldbx_csv_new(&options, &csv, NULL), LDBX_OK);
    for (int n = 1; n <= 4; n++) {
        suite_fail_allocation(n);
        ck_assert_int_eq(ldbx_json_row_new(csv, &row, NULL), LDBX_NO_MEMORY);
        ck_assert_ptr_null(row);
    }
    suite_fail_allocation(0);
    ck_assert_int_eq(ldbx_json_row_new(csv, &row, NULL), LDBX_OK);
    suite_fail_allocation(1);
    ck_assert_int_eq(ldbx_json_row_read(row, V("{\"text\":\"a\"}"), &values, NULL), LDBX_NO_MEMORY);
    expect_bytes(&read_row(V("{\"text\":\"a\"}"))[TEXT], V("a"));
    teardown();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_row");
    TCase *tcase = suite_case(suite, "json_row");

    tcase_add_test(tcase, each_type_takes_its_form);
    tcase_add_test(tcase, missing_and_null_are_null);
    tcase_add_test(tcase, members_come_in_any_order);
    tcase_add_test(tcase, many_columns_are_found);
    tcase_add_test(tcase, a_name_goes_before_one_in_another_case);
    tcase_add_loop_test(tcase, what_does_not_fit_is_refused_by_column, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(tcase, escaped_texts_stay_where_they_are);
    tcase_add_test(tcase, a_record_has_a_greatest_size);
    tcase_add_test(tcase, memory_may_be_short);
    return suite_run(suite);
}
