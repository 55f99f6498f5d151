#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "csv_of.h"

static ldbx_value integer(int64_t value)
{
    return (ldbx_value){LDBX_VALUE_INTEGER, {.integer = value}};
}

static ldbx_value real(double value)
{
    return (ldbx_value){LDBX_VALUE_REAL, {.real = value}};
}

static ldbx_value decimal(int64_t value, int32_t scale)
{
    return (ldbx_value){LDBX_VALUE_DECIMAL, {.decimal = {(uint64_t)value, value < 0 ? -1 : 0, scale}}};
}

static ldbx_value string(const char *text)
{
    return (ldbx_value){LDBX_VALUE_BYTES, {.bytes = ldbx_view_of(text)}};
}

static ldbx_value of_bytes(const char *data, size_t size)
{
    return (ldbx_value){LDBX_VALUE_BYTES, {.bytes = {data, size}}};
}

static const ldbx_value null = {LDBX_VALUE_NULL, {0}};

/* The text of a cell of one type, written beside a second one so that NULL is nothing; NULL: it was refused, and `why` has the message. */
static char why[200];

static const char *cell(const char *type, ldbx_value value)
{
    static char kept[1 << 12];
    const ldbx_load_column columns[] = {{"c", type}, {"d", "INT"}};
    ldbx_csv *csv = make_csv(columns, 2, false);
    ldbx_value row[] = {value, integer(7)};
    ldbx_error *error = NULL;
    ldbx_buf out;
    int status;

    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    ldbx_buf_str(&out, "before");
    status = ldbx_csv_row(csv, row, 2, &out, &error);
    if (status != LDBX_OK) {
        ck_assert_int_eq(status, LDBX_INVALID_DATA);
        ck_assert_uint_eq(out.size, 6);
        snprintf(why, sizeof why, "%s", ldbx_error_message(error));
        ck_assert(ldbx_view_starts(ldbx_view_of(why), "column c: "));
        ldbx_error_destroy(error);
    } else {
        ck_assert_uint_lt(out.size, sizeof kept);
        ck_assert_mem_eq(out.data + out.size - 3, ",7\n", 3);
        memcpy(kept, out.data + 6, out.size - 9);
        kept[out.size - 9] = '\0';
    }
    ldbx_buf_clear(&out);
    ldbx_csv_destroy(csv);
    return status == LDBX_OK ? kept : NULL;
}

static void expect_refused(const char *type, ldbx_value value, const char *reason)
{
    const char *got = cell(type, value);

    ck_assert_msg(got == NULL, "%s: written as %s", type, got);
    ck_assert_msg(strstr(why, reason) != NULL, "%s: %s", type, why);
}

static const struct {
    const char *type;
    int64_t low, high;
    const char *low_text, *high_text;
} ranges[] = {
    {"BOOLEAN", 0, 1, "false", "true"},
    {"TINYINT", -128, 127, "-128", "127"},
    {"SMALLINT", -32768, 32767, "-32768", "32767"},
    {"INT", INT32_MIN, INT32_MAX, "-2147483648", "2147483647"},
    {"BIGINT", INT64_MIN, INT64_MAX, "-9223372036854775808", "9223372036854775807"},
    {"DATE", -719162, 2932896, "0001-01-01", "9999-12-31"},
    {"TIMESTAMP", INT64_C(-62135596800000000), INT64_C(253402300799999999), "0001-01-01T00:00:00.000000Z",
     "9999-12-31T23:59:59.999999Z"},
    {"TIMESTAMP_NTZ", INT64_C(-62135596800000000), INT64_C(253402300799999999), "0001-01-01T00:00:00.000000",
     "9999-12-31T23:59:59.999999"},
};

START_TEST(integers_have_the_range_of_their_type)
{
    ck_assert_str_eq(cell(ranges[_i].type, integer(ranges[_i].low)), ranges[_i].low_text);
    ck_assert_str_eq(cell(ranges[_i].type, integer(ranges[_i].high)), ranges[_i].high_text);
    ck_assert_str_eq(cell(ranges[_i].type, string(ranges[_i].low_text)), ranges[_i].low_text);
    ck_assert_str_eq(cell(ranges[_i].type, string(ranges[_i].high_text)), ranges[_i].high_text);
    if (ranges[_i].low != INT64_MIN) {
        expect_refused(ranges[_i].type, integer(ranges[_i].low - 1), "the integer is outside the range of ");
        expect_refused(ranges[_i].type, integer(ranges[_i].high + 1), ranges[_i].type);
        expect_refused(ranges[_i].type, integer(INT64_MIN), ranges[_i].type);
        expect_refused(ranges[_i].type, integer(INT64_MAX), ranges[_i].type);
    }
    expect_refused(ranges[_i].type, real(1), "a floating-point number is no value of ");
    expect_refused(ranges[_i].type, decimal(1, 0), "a decimal is no value of ");
    expect_refused(ranges[_i].type, string(""), "the text is no value of ");
    expect_refused(ranges[_i].type, (ldbx_value){(ldbx_value_kind)9, {0}}, "no such kind");
}
END_TEST

static const struct {
    const char *type, *given, *text; /* NULL: refused */
} texts[] = {
    {"BOOLEAN", "TRUE", "true"},
    {"BOOLEAN", "False", "false"},
    {"BOOLEAN", "t", NULL},
    {"BOOLEAN", "1", NULL},
    {"TINYINT", "128", NULL},
    {"TINYINT", "-129", NULL},
    {"INT", "-0", "0"},
    {"INT", "1.0", NULL},
    {"INT", " 1", NULL},
    {"INT", "2147483648", NULL},
    {"BIGINT", "9223372036854775808", NULL},
    {"BIGINT", "-9223372036854775809", NULL},
    {"DOUBLE", "1", "1"},
    {"DOUBLE", "-0", "-0"},
    {"DOUBLE", "0.1", "0.1"},
    {"DOUBLE", "1.5E3", "1500"},
    {"DOUBLE", "9007199254740993", "9007199254740992"},
    {"DOUBLE", "1e-400", "0"},
    {"DOUBLE", "1e400", NULL},
    {"DOUBLE", "-1.7976931348623159e308", NULL},
    {"DOUBLE", "1.7976931348623157e308", "1.7976931348623157e+308"},
    {"DOUBLE", "4.9e-324", "5e-324"},
    {"DOUBLE", "NaN", "NaN"},
    {"DOUBLE", "-Infinity", "-Infinity"},
    {"DOUBLE", "inf", NULL},
    {"DOUBLE", "nan", NULL},
    {"DOUBLE", ".5", NULL},
    {"DOUBLE", "5.", NULL},
    {"DOUBLE", "1e", NULL},
    {"DOUBLE", "0x10", NULL},
    {"DOUBLE", "1,5", NULL},
    {"FLOAT", "0.1", "0.1"},
    {"FLOAT", "16777217", "16777216"},
    {"FLOAT", "Infinity", "Infinity"},
    {"FLOAT", "3.5e38", NULL},
    {"FLOAT", "1.00000017881393432617187499", "1.0000001"}, /* a double between would round up */
    {"DECIMAL(10,2)", "12.5", "12.50"},
    {"DECIMAL(10,2)", "-0.01", "-0.01"},
    {"DECIMAL(10,2)", "12.500", "12.50"},
    {"DECIMAL(10,2)", "12.505", NULL},
    {"DECIMAL(10,2)", "99999999.99", "99999999.99"},
    {"DECIMAL(10,2)", "100000000", NULL},
    {"DECIMAL(10,2)", "1e3", "1000.00"},
    {"DECIMAL(10,2)", "1.5E+1", "15.00"},
    {"DECIMAL(10,2)", "125e-2", "1.25"},
    {"DECIMAL(10,2)", "1e99", NULL},
    {"DECIMAL(10,2)", "1e", NULL},
    {"DECIMAL(10,2)", "1e+-1", NULL},
    {"DECIMAL(10,2)", "NaN", NULL},
    {"DECIMAL(10,2)", "0e99", "0.00"},
    {"DECIMAL", "9999999999", "9999999999"},
    {"DECIMAL(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
    {"DECIMAL(38,38)", "-0.99999999999999999999999999999999999999", "-0.99999999999999999999999999999999999999"},
    {"DECIMAL(38,38)", "1", NULL},
    {"DATE", "2024-02-29", "2024-02-29"},
    {"DATE", "1969-12-31", "1969-12-31"},
    {"DATE", "2023-02-29", NULL},
    {"DATE", "2024-2-9", NULL},
    {"DATE", "2024-02-29T00:00:00Z", NULL},
    {"DATE", "0000-12-31", NULL},
    {"DATE", "+2024-02-29", NULL},
    {"TIMESTAMP", "2024-02-29T12:34:56.123456Z", "2024-02-29T12:34:56.123456Z"},
    {"TIMESTAMP", "2024-02-29 12:34:56.1234567+02:00", "2024-02-29T10:34:56.123456Z"},
    {"TIMESTAMP", "1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"},
    {"TIMESTAMP", "2024-02-29", "2024-02-29T00:00:00.000000Z"},
    {"TIMESTAMP", "2024-02-29 12:34", "2024-02-29T12:34:00.000000Z"},
    {"TIMESTAMP", "0001-01-01T00:00:00+00:01", NULL},
    {"TIMESTAMP", "10000-01-01T00:00:00", NULL},
    {"TIMESTAMP", "now", NULL},
    {"TIMESTAMP_NTZ", "2024-02-29 12:34:56", "2024-02-29T12:34:56.000000"},
    {"TIMESTAMP_NTZ", "2024-02-29", "2024-02-29T00:00:00.000000"},
    {"TIMESTAMP_NTZ", "2024-02-29T12:34:56Z", NULL},
    {"TIMESTAMP_NTZ", "2024-02-29T12:34-05:00", NULL},
    {"TIMESTAMP_NTZ", "2024-02-29T12:34:56.123456+02:00", NULL},
    {"STRING", "", "\"\""},
    {"STRING", "plain", "plain"},
    {"STRING", "a,b", "\"a,b\""},
    {"STRING", ",", "\",\""},
    {"STRING", "a\"b", "\"a\"\"b\""},
    {"STRING", "\"", "\"\"\"\""},
    {"STRING", "\"\"", "\"\"\"\"\"\""},
    {"STRING", "in the middle \" of words", "\"in the middle \"\" of words\""},
    {"STRING", "at the very end \"", "\"at the very end \"\"\""},
    {"STRING", "a\nb", "\"a\nb\""},
    {"STRING", "a\r\nb", "\"a\r\nb\""},
    {"STRING", "\r", "\"\r\""},
    {"STRING", "  lead and trail  ", "  lead and trail  "},
    {"STRING", "back\\slash\\", "back\\slash\\"},
    {"STRING", "NULL", "NULL"},
    {"STRING", "\xef\xbb\xbfmark", "\xef\xbb\xbfmark"},
    {"STRING", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    {"STRING", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac"},
    {"STRING", "\xff", NULL},
    {"STRING", "a long text with \xed\xa0\x80 inside", NULL},
    {"STRING", "cut \xe2\x82", NULL},
    {"STRING", SENTINEL, NULL},
    {"STRING", SENTINEL " ", SENTINEL " "},
    {"BINARY", "", "\"\""},
    {"BINARY", "a", "YQ=="},
    {"BINARY", "\xff\xfe", "//4="},
    {"BINARY", "abc", "YWJj"},
};

START_TEST(texts_are_checked)
{
    const char *got = cell(texts[_i].type, string(texts[_i].given));

    if (texts[_i].text == NULL)
        ck_assert_msg(got == NULL, "%s '%s' was written as %s", texts[_i].type, texts[_i].given, got);
    else
        ck_assert_msg(got != NULL && strcmp(got, texts[_i].text) == 0, "%s '%s': %s", texts[_i].type, texts[_i].given,
                      got != NULL ? got : why);
}
END_TEST

START_TEST(a_refusal_shows_the_form)
{
    expect_refused("DATE", string("2024-2-9"), "no value of DATE, which is written like 2024-02-29");
    expect_refused("TIMESTAMP", string("2024-02-29 12:00-0800"), "written like 2024-02-29T12:34:56.123456Z");
    expect_refused("TIMESTAMP_NTZ", string("2024-02-29T12:00:00Z"), "written like 2024-02-29T12:34:56.123456");
}
END_TEST

/* Every place of a text that decides about quotes, in texts of every length around the words that are looked at. */
START_TEST(every_byte_is_looked_at)
{
    static const char signs[] = {',', '"', '\n', '\r', '\t', '\0', 0x1f, ' ', '!', '#', '+', '-', 0x7f};
    char text[40], expected[90];

    for (size_t size = 1; size <= 34; size++) {
        for (size_t at = 0; at < size; at++) {
            for (size_t i = 0; i < sizeof signs; i++) {
                bool quoted = signs[i] == ',' || signs[i] == '"' || (signs[i] >= 0 && signs[i] < ' ');
                char *to = expected;
                const ldbx_load_column only = {"c", "STRING"};
                ldbx_csv *csv = make_csv(&only, 1, false);
                ldbx_value value = of_bytes(text, size);
                ldbx_error *error = NULL;
                ldbx_buf out;

                memset(text, 'x', sizeof text);
                text[at] = signs[i];
                if (quoted)
                    *to++ = '"';
                for (size_t k = 0; k < size; k++) {
                    *to++ = text[k];
                    if (text[k] == '"')
                        *to++ = '"';
                }
                if (quoted)
                    *to++ = '"';
                *to++ = '\n';
                ldbx_buf_init(&out, LDBX_MAX_TEXT);
                expect_ok(ldbx_csv_row(csv, &value, 1, &out, &error), error);
                ck_assert_uint_eq(out.size, (size_t)(to - expected));
                ck_assert_mem_eq(out.data, expected, out.size);
                text[at] = '\x80';
                expect_status(ldbx_csv_row(csv, &value, 1, &out, &error), LDBX_INVALID_DATA, error);
                ldbx_error_destroy(error);
                ldbx_buf_clear(&out);
                ldbx_csv_destroy(csv);
            }
        }
    }
}
END_TEST

START_TEST(numbers)
{
    ck_assert_str_eq(cell("DOUBLE", real(0.1)), "0.1");
    ck_assert_str_eq(cell("DOUBLE", real(-0.0)), "-0");
    ck_assert_str_eq(cell("DOUBLE", real((double)NAN)), "NaN");
    ck_assert_str_eq(cell("DOUBLE", real(-(double)INFINITY)), "-Infinity");
    ck_assert_str_eq(cell("DOUBLE", real(5e-324)), "5e-324");
    ck_assert_str_eq(cell("FLOAT", real(0.1)), "0.1");
    ck_assert_str_eq(cell("FLOAT", real((double)INFINITY)), "Infinity");
    ck_assert_str_eq(cell("FLOAT", real(3.4028234663852886e38)), "3.4028235e+38");
    expect_refused("FLOAT", real(3.5e38), "the number is too large for FLOAT");
    expect_refused("DOUBLE", integer(1), "an integer is no value of DOUBLE");
    expect_refused("STRING", integer(1), "an integer is no value of STRING");
    expect_refused("BINARY", integer(0), "an integer is no value of BINARY");
    ck_assert_str_eq(cell("DECIMAL(10,2)", decimal(-125, 1)), "-12.50");
    ck_assert_str_eq(cell("DECIMAL(10,2)", decimal(1250, 3)), "1.25");
    expect_refused("DECIMAL(10,2)", decimal(1251, 3), "does not fit exactly into DECIMAL(10,2)");
    expect_refused("DECIMAL(4,2)", decimal(10000, 2), "does not fit exactly into DECIMAL(4,2)");
    expect_refused("DECIMAL(4,2)", decimal(1, INT32_MIN), "DECIMAL(4,2)");
    ck_assert_str_eq(cell("DECIMAL(4,2)", decimal(0, INT32_MIN)), "0.00");
    expect_refused("DECIMAL(38,0)", (ldbx_value){LDBX_VALUE_DECIMAL, {.decimal = {0, INT64_MIN, 0}}}, "DECIMAL(38,0)");
    ck_assert_str_eq(cell("STRING", null), "");
    ck_assert_str_eq(cell("INT", null), "");
}
END_TEST

static void write_rows(ldbx_csv *csv, const ldbx_value *cells, size_t columns, size_t rows, const char *expected)
{
    ldbx_error *error = NULL;
    ldbx_buf out;

    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    expect_ok(ldbx_csv_header(csv, &out, &error), error);
    for (size_t i = 0; i < rows; i++)
        expect_ok(ldbx_csv_row(csv, cells + i * columns, columns, &out, &error), error);
    ck_assert_str_eq(ldbx_buf_cstr(&out), expected);
    ldbx_buf_clear(&out);
    ldbx_csv_destroy(csv);
}

START_TEST(null_and_empty)
{
    const ldbx_load_column two[] = {{"a", "STRING"}, {"b", "STRING"}};
    const ldbx_value cells[] = {null, null, string(""), null, null, string("")};
    ldbx_csv *csv = make_csv(two, 2, true);

    write_rows(make_csv(two, 2, false), cells, 2, 3, "a,b\n,\n\"\",\n,\"\"\n");
    write_rows(make_csv(two, 1, false), cells, 1, 3, "a\n" SENTINEL "\n" SENTINEL "\n\"\"\n");
    write_rows(make_csv(two, 1, true), cells, 1, 3, "a\n" SENTINEL "\n" SENTINEL "\n" SENTINEL "\n");
    for (int i = 0; i < 3; i++) {
        ldbx_error *error = NULL;
        ldbx_buf out;
        ldbx_buf_init(&out, LDBX_MAX_TEXT);
        expect_ok(ldbx_csv_row(csv, cells + 2, 2, &out, &error), error);
        ck_assert_str_eq(ldbx_buf_cstr(&out), ",\n");
        expect_status(ldbx_csv_row(csv, (ldbx_value[]){string(""), string("\xff")}, 2, &out, &error), LDBX_INVALID_DATA,
                      error);
        ldbx_error_destroy(error);
        ldbx_buf_clear(&out);
    }
    ck_assert_int_eq(ldbx_csv_empty_as_null(csv), 3);
    ldbx_csv_destroy(csv);
}
END_TEST

START_TEST(headers)
{
    const ldbx_load_column columns[] = {
        {"\xef\xbb\xbfmark", "INT"}, {"quo\"te", "INT"}, {"bl`ck", "STRING"}, {"\xc3\xbc", "INT"}};

    write_rows(make_csv(columns, 4, false), NULL, 4, 0, "\"\xef\xbb\xbfmark\",\"quo\"\"te\",bl`ck,\xc3\xbc\n");
}
END_TEST

START_TEST(a_row_has_a_cell_a_column)
{
    const ldbx_load_column columns[] = {{"a", "STRING"}, {"b", "STRING"}};
    ldbx_csv *csv = make_csv(columns, 2, false);
    ldbx_error *error = NULL;
    ldbx_buf out;

    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    expect_status(ldbx_csv_row(csv, &null, 1, &out, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), "a row of 1 cells where there are 2 columns");
    ldbx_error_destroy(error);
    ldbx_buf_clear(&out);
    ldbx_csv_destroy(csv);
}
END_TEST

START_TEST(what_copy_into_is_told)
{
    const ldbx_load_column columns[] = {
        {"a", "int"}, {"b`c", "string"}, {"c", " Decimal ( 10 , 2 ) "}, {"d", "BINARY"}, {"e", "timestamp_ntz"}};
    ldbx_csv *csv = make_csv(columns, 5, false);
    ldbx_buf sql;

    ldbx_buf_init(&sql, LDBX_MAX_SQL);
    ldbx_csv_select(csv, &sql);
    ck_assert_str_eq(ldbx_buf_cstr(&sql), "CAST(`a` AS INT) AS `a`, `b``c`, CAST(`c` AS DECIMAL(10,2)) AS `c`, "
                                          "unbase64(`d`) AS `d`, CAST(`e` AS TIMESTAMP_NTZ) AS `e`");
    ldbx_buf_reset(&sql);
    ldbx_csv_reader_options(SENTINEL, &sql);
    ck_assert_str_eq(
        ldbx_buf_cstr(&sql),
        "'header' = 'true', 'sep' = ',', 'quote' = '\"', 'escape' = '\"', 'charToEscapeQuoteEscaping' = '\"', "
        "'multiLine' = 'true', 'lineSep' = '\\n', 'encoding' = 'UTF-8', 'mode' = 'FAILFAST', "
        "'nullValue' = '" SENTINEL "'");
    ck_assert_str_eq(ldbx_csv_type(csv, 2), "DECIMAL(10,2)");
    ck_assert_str_eq(ldbx_csv_type(csv, 4), "TIMESTAMP_NTZ");
    ldbx_buf_clear(&sql);
    ldbx_csv_destroy(csv);
}
END_TEST

static const struct {
    const char *name, *type, *second, *reason;
} wrong_columns[] = {
    {"", "INT", "b", "a column has no name"},
    {NULL, "INT", "b", "a column has no name"},
    {"a b", "INT", "b", "column a b: Delta takes no name with"},
    {"a,b", "INT", "b", "column a,b: "},
    {"a=b", "INT", "b", "column a=b: "},
    {"a\tb", "INT", "b", "Delta takes no name with"},
    {"a\nb", "INT", "b", "Delta takes no name with"},
    {"{a}", "INT", "b", "column {a}: "},
    {"(a)", "INT", "b", "column (a): "},
    {"a;", "INT", "b", "column a;: "},
    {"\xff", "INT", "b", "the name is not valid UTF-8"},
    {"A", "INT", "a", "there are two of that name"},
    {"a", "INTEGER", "b", "column a: the type must be BOOLEAN"},
    {"a", "ARRAY<INT>", "b", "column a: the type must be BOOLEAN"},
    {"a", "VARCHAR(3)", "b", "column a: the type must be BOOLEAN"},
    {"a", "INT(3)", "b", "column a: the type must be BOOLEAN"},
    {"a", "DECIMAL(39,0)", "b", "column a: the type must be BOOLEAN"},
    {"a", "DECIMAL(2,3)", "b", "column a: the type must be BOOLEAN"},
    {"a", "DECIMAL(10,2", "b", "column a: the type must be BOOLEAN"},
    {"a", "DECIMAL()", "b", "column a: the type must be BOOLEAN"},
    {"a", "DECIMALS", "b", "column a: the type must be BOOLEAN"},
    {"a", "", "b", "column a: the type must be BOOLEAN"},
    {"a", NULL, "b", "column a: the type must be BOOLEAN"},
};

START_TEST(wrong_columns_are_refused)
{
    const ldbx_load_column columns[] = {{wrong_columns[_i].name, wrong_columns[_i].type},
                                        {wrong_columns[_i].second, "INT"}};
    ldbx_csv_options options = {columns, 2, SENTINEL, false};
    ldbx_csv *csv;
    ldbx_error *error = NULL;

    expect_status(ldbx_csv_new(&options, &csv, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_msg(strstr(ldbx_error_message(error), wrong_columns[_i].reason) != NULL, "%s", ldbx_error_message(error));
    ck_assert_ptr_null(csv);
    ldbx_error_destroy(error);
}
END_TEST

START_TEST(wrong_sentinels_are_refused)
{
    static const char *const wrong[] = {NULL, "", "abc", "a,_", "_\"", "_ ", "_\n"};
    const ldbx_load_column only = {"a", "INT"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ldbx_csv_options options = {&only, 1, wrong[i], false};
        ldbx_csv *csv;
        ldbx_error *error = NULL;
        expect_status(ldbx_csv_new(&options, &csv, &error), LDBX_INVALID_ARGUMENT, error);
        ldbx_error_destroy(error);
    }
}
END_TEST

START_TEST(number_of_columns)
{
    ldbx_load_column *columns = calloc(LDBX_MAX_CSV_COLUMNS + 1, sizeof *columns);
    char(*names)[8] = calloc(LDBX_MAX_CSV_COLUMNS + 1, sizeof *names);
    ldbx_csv_options options = {columns, LDBX_MAX_CSV_COLUMNS, SENTINEL, false};
    ldbx_csv *csv;
    ldbx_error *error = NULL;

    for (int i = 0; i <= LDBX_MAX_CSV_COLUMNS; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        columns[i] = (ldbx_load_column){names[i], "INT"};
    }
    expect_ok(ldbx_csv_new(&options, &csv, &error), error);
    ldbx_csv_destroy(csv);
    options.column_count++;
    expect_status(ldbx_csv_new(&options, &csv, &error), LDBX_INVALID_ARGUMENT, error);
    ck_assert_str_eq(ldbx_error_message(error), "a load has at most 20480 columns");
    ldbx_error_destroy(error);
    error = NULL;
    options.column_count = 0;
    expect_status(ldbx_csv_new(&options, &csv, &error), LDBX_INVALID_ARGUMENT, error);
    ldbx_error_destroy(error);
    free(names);
    free(columns);
}
END_TEST

START_TEST(text_of_a_row)
{
    const ldbx_load_column columns[] = {{"a", "STRING"}, {"b", "STRING"}};
    const size_t size = LDBX_MAX_CSV_ROW - 2; /* a comma and the line's end beside it */
    char *large = malloc(size + 1);
    ldbx_csv *csv = make_csv(columns, 2, false);
    ldbx_error *error = NULL;
    ldbx_buf out;

    memset(large, 'x', size + 1);
    ldbx_buf_init(&out, LDBX_MAX_TEXT);
    expect_ok(ldbx_csv_row(csv, (ldbx_value[]){of_bytes(large, size), null}, 2, &out, &error), error);
    ck_assert_uint_eq(out.size, LDBX_MAX_CSV_ROW);
    expect_status(ldbx_csv_row(csv, (ldbx_value[]){of_bytes(large, size + 1), null}, 2, &out, &error),
                  LDBX_INVALID_DATA, error);
    ck_assert_str_eq(ldbx_error_message(error), "a row has more than 67108864 bytes as text");
    ck_assert_uint_eq(out.size, LDBX_MAX_CSV_ROW);
    ldbx_error_destroy(error);
    error = NULL;
    expect_status(ldbx_csv_row(csv, (ldbx_value[]){of_bytes(large, SIZE_MAX), null}, 2, &out, &error),
                  LDBX_INVALID_DATA, error);
    ldbx_error_destroy(error);
    error = NULL;
    out.max =
        2 * LDBX_MAX_CSV_ROW; /* a row that the buffer has no room for is too long: memory is not what is missing */
    expect_status(ldbx_csv_row(csv, (ldbx_value[]){of_bytes(large, size / 2), of_bytes(large, size)}, 2, &out, &error),
                  LDBX_INVALID_DATA, error);
    ck_assert_uint_eq(out.size, LDBX_MAX_CSV_ROW);
    ldbx_error_destroy(error);
    ldbx_buf_clear(&out);
    ldbx_csv_destroy(csv);
    free(large);
}
END_TEST

static const struct {
    const char *first, *second;
    bool changes;
} numbers_as_texts[] = {
    {"00501", "10115", true}, {"+4930", "12", true}, {"1e5", "7", true},       {"2E+3", "-1.5", true},
    {"1.50", "2", true},      {".5", "1", true},     {"5.", "1", true},        {"0", "12", false},
    {"-7", "1.0", false},     {"0.25", "3", false},  {"00501", "x", false},    {"x", "00501", false},
    {"1e", "007", false},     {"+", "007", false},   {"+49 30", "007", false}, {"1.2.3", "007", false},
};

START_TEST(texts_that_an_inferred_type_changes_are_told)
{
    static const ldbx_load_column zip = {"zip", "STRING"};
    ldbx_error *error = NULL;

    for (int inferred = 0; inferred < 2; inferred++) {
        ldbx_csv *csv = make_csv(&zip, 1, inferred == 1);
        const char *both[] = {numbers_as_texts[_i].first, "", numbers_as_texts[_i].second};
        ldbx_buf out;
        ldbx_buf_init(&out, 1000);
        for (int i = 0; i < 3; i++) {
            const ldbx_value value = {.kind = LDBX_VALUE_BYTES, .as.bytes = ldbx_view_of(both[i])};
            expect_ok(ldbx_csv_row(csv, &value, 1, &out, &error), error);
        }
        ck_assert_int_eq(ldbx_csv_changes_texts(csv, 0), numbers_as_texts[_i].changes && inferred == 1);
        ldbx_buf_clear(&out);
        ldbx_csv_destroy(csv);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv");
    TCase *tcase = suite_case(suite, "cells");

    tcase_add_loop_test(tcase, integers_have_the_range_of_their_type, 0, sizeof ranges / sizeof ranges[0]);
    tcase_add_loop_test(tcase, texts_are_checked, 0, sizeof texts / sizeof texts[0]);
    tcase_add_test(tcase, a_refusal_shows_the_form);
    tcase_add_test(tcase, every_byte_is_looked_at);
    tcase_add_test(tcase, numbers);
    tcase_add_test(tcase, null_and_empty);
    tcase_add_test(tcase, headers);
    tcase_add_test(tcase, a_row_has_a_cell_a_column);
    tcase_add_test(tcase, what_copy_into_is_told);
    tcase_add_loop_test(tcase, wrong_columns_are_refused, 0, sizeof wrong_columns / sizeof wrong_columns[0]);
    tcase_add_test(tcase, wrong_sentinels_are_refused);
    tcase_add_test(tcase, number_of_columns);
    tcase_add_test(tcase, text_of_a_row);
    tcase_add_loop_test(tcase, texts_that_an_inferred_type_changes_are_told, 0,
                        sizeof numbers_as_texts / sizeof numbers_as_texts[0]);
    return suite_run(suite);
}
