#include "suite.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const int64_t integers[] = {
    0,
    1,
    -1,
    9,
    10,
    11,
    99,
    100,
    101,
    999,
    1000,
    12345,
    -12345,
    99999999,
    100000000,
    INT64_MAX,
    INT64_MIN,
    INT64_MIN + 1,
    INT64_C(1000000000000000000),
    INT64_C(-999999999999999999),
};

START_TEST(test_int64)
{
    char text[21], expected[32];
    size_t size = ldbx_format_int64(text, integers[_i]);

    snprintf(expected, sizeof expected, "%" PRId64, integers[_i]);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(size, strlen(expected));
}
END_TEST

START_TEST(test_int64_range)
{
    char text[21], expected[32];

    for (int64_t value = -100100; value <= 100100; value += 7) {
        ldbx_format_int64(text, value);
        snprintf(expected, sizeof expected, "%" PRId64, value);
        ck_assert_str_eq(text, expected);
    }
}
END_TEST

static const struct {
    double value;
    const char *text;
} doubles[] = {
    {0.0, "0"},
    {-0.0, "-0"},
    {1, "1"},
    {-1.5, "-1.5"},
    {0.1, "0.1"},
    {0.3, "0.3"},
    {0.1 + 0.2, "0.30000000000000004"},
    {12.34, "12.34"},
    {100, "100"},
    {0.0001, "0.0001"},
    {0.00012345, "0.00012345"},
    {0.00001, "1e-05"},
    {-0.000012345, "-1.2345e-05"},
    {1e15, "1000000000000000"},
    {999999999999999.9, "999999999999999.9"},
    {1e16, "1e+16"},
    {9007199254740993.0, "9007199254740992"},
    {123456789012345678.0, "1.2345678901234568e+17"},
    {1e22, "1e+22"},
    {1e23, "1e+23"},
    {1e100, "1e+100"},
    {5e-324, "5e-324"},
    {DBL_MIN, "2.2250738585072014e-308"},
    {2.2250738585072011e-308, "2.225073858507201e-308"}, /* the largest below the normal range */
    {DBL_MAX, "1.7976931348623157e+308"},
    {-DBL_MAX, "-1.7976931348623157e+308"},
    {0x1p-44, "5.684341886080802e-14"},        /* the shortest is not the nearest of its length */
    {847254783909480.75, "847254783909480.8"}, /* two are as near: the even one */
    {183308215819830.375, "183308215819830.38"},
    {847254783909480.25, "847254783909480.2"},
    {1.0 / 3, "0.3333333333333333"},
    {2.0 / 3, "0.6666666666666666"},
    {-0.00012345678901234567, "-0.00012345678901234567"}, /* the longest plain text */
};

START_TEST(test_double)
{
    char text[32];
    size_t size = ldbx_format_double(text, doubles[_i].value);

    ck_assert_str_eq(text, doubles[_i].text);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert(strtod(text, NULL) == doubles[_i].value);
}
END_TEST

START_TEST(test_double_special)
{
    char text[32];

    ldbx_format_double(text, (double)NAN);
    ck_assert_str_eq(text, "NaN");
    ldbx_format_double(text, -(double)NAN);
    ck_assert_str_eq(text, "NaN");
    ldbx_format_double(text, (double)INFINITY);
    ck_assert_str_eq(text, "Infinity");
    ck_assert_uint_eq(ldbx_format_double(text, -(double)INFINITY), 9);
    ck_assert_str_eq(text, "-Infinity");
}
END_TEST

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t significant(const char *text)
{
    size_t count = 0, zeros = 0;

    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (count == 0 && *text == '0'))
            continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

/* Every text reads back, and is not longer than printf's shortest that does. */
static void check_double(double value)
{
    char text[32], other[40];
    int precision = 1;

    ck_assert_uint_lt(ldbx_format_double(text, value), sizeof text);
    ck_assert_msg(strtod(text, NULL) == value, "%a became %s", value, text);
    do
        snprintf(other, sizeof other, "%.*e", precision - 1, value);
    while (strtod(other, NULL) != value && ++precision < 17);
    ck_assert_msg(significant(text) <= (size_t)precision, "%s is longer than %s", text, other);
}

START_TEST(test_double_round_trip)
{
    uint64_t state = 88172645463325252;

    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&state);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            check_double(value);
        check_double((double)(int64_t)(bits >> 20) / 1e4);
        check_double((double)(bits >> 11) * 0x1p-53);
    }
    for (int exponent = -1074; exponent < 1024; exponent++)
        check_double(ldexp(1, exponent));
}
END_TEST

static const struct {
    float value;
    const char *text;
} floats[] = {
    {0.0f, "0"},
    {-0.0f, "-0"},
    {0.1f, "0.1"},
    {16777216.0f, "16777216"},
    {3.4028235e38f, "3.4028235e+38"},
    {1.1754944e-38f, "1.1754944e-38"},
    {1e-45f, "1e-45"},
    {-2.5f, "-2.5"},
    {9.5367431640625e-7f, "9.536743e-07"},
    {33554432.0f, "33554432"},
    {1.0f / 3, "0.33333334"},
};

START_TEST(test_float)
{
    char text[32];
    size_t size = ldbx_format_float(text, floats[_i].value);

    ck_assert_str_eq(text, floats[_i].text);
    ck_assert_uint_eq(size, strlen(text));
}
END_TEST

static void check_float(float value)
{
    char text[32], other[40];
    int precision = 1;

    ldbx_format_float(text, value);
    ck_assert_msg(strtof(text, NULL) == value, "%a became %s", (double)value, text);
    do
        snprintf(other, sizeof other, "%.*e", precision - 1, (double)value);
    while (strtof(other, NULL) != value && ++precision < 9);
    ck_assert_msg(significant(text) <= (size_t)precision, "%s is longer than %s", text, other);
}

START_TEST(test_float_round_trip)
{
    uint64_t state = 88172645463325252;
    char text[32];

    for (int i = 0; i < 20000; i++) {
        uint32_t bits = (uint32_t)next_random(&state);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            check_float(value);
        check_float((float)(bits >> 8) * 0x1p-14f);
    }
    for (int exponent = -149; exponent < 128; exponent++)
        check_float(ldexpf(1, exponent));
    ldbx_format_float(text, NAN);
    ck_assert_str_eq(text, "NaN");
    ldbx_format_float(text, -INFINITY);
    ck_assert_str_eq(text, "-Infinity");
}
END_TEST

/* A host may run under a locale that writes commas. */
START_TEST(test_locale)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    const char *set = NULL;
    char text[32];
    double value;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && set == NULL; i++)
        set = setlocale(LC_ALL, names[i]);
    if (set == NULL)
        puts("# no locale with a decimal comma here: checked with the C locale only");
    ldbx_format_double(text, 0.1 + 0.2);
    ck_assert_str_eq(text, "0.30000000000000004");
    ldbx_format_double(text, 1.5e300);
    ck_assert_str_eq(text, "1.5e+300");
    ldbx_format_float(text, 0.33333334f);
    ck_assert_str_eq(text, "0.33333334");
    ck_assert(ldbx_parse_double(ldbx_view_of("1.5"), &value) && value == 1.5);
    setlocale(LC_ALL, "C");
}
END_TEST

static const struct {
    int64_t high;
    uint64_t low;
    int scale;
    const char *text;
} decimals[] = {
    {0, 0, 0, "0"},
    {0, 0, 2, "0.00"},
    {0, 0, -5, "0"},
    {0, 1, 0, "1"},
    {-1, UINT64_MAX, 0, "-1"},
    {0, 12345, 2, "123.45"},
    {-1, (uint64_t)-12345, 2, "-123.45"},
    {0, 5, 3, "0.005"},
    {-1, (uint64_t)-5, 3, "-0.005"},
    {0, 100, 2, "1.00"},
    {0, 99, 2, "0.99"},
    {0, 7, -3, "7000"},
    {-1, (uint64_t)-7, -1, "-70"},
    {0, UINT64_MAX, 0, "18446744073709551615"},
    {1, 0, 0, "18446744073709551616"},
    {INT64_MAX, UINT64_MAX, 0, "170141183460469231731687303715884105727"},
    {INT64_MIN, 0, 0, "-170141183460469231731687303715884105728"},
    {INT64_MIN, 0, 38, "-1.70141183460469231731687303715884105728"},
    {INT64_MIN, 0, 39, "-0.170141183460469231731687303715884105728"},
    {INT64_MIN, 0, -38, "-17014118346046923173168730371588410572800000000000000000000000000000000000000"},
    {INT64_MIN, 0, 76, "-0.0000000000000000000000000000000000000170141183460469231731687303715884105728"},
    {0x4B3B4CA85A86C47A, 0x098A223FFFFFFFFF, 0, "99999999999999999999999999999999999999"}, /* DECIMAL(38) */
    {0x4B3B4CA85A86C47A, 0x098A224000000000, 0, "100000000000000000000000000000000000000"},
    {542101086, 4477988020393345024, 0, "10000000000000000000000000000"}, /* zeros between the pieces */
    {0, 1, 77, ""},
    {0, 1, -39, ""},
};

START_TEST(test_decimal128)
{
    uint8_t bytes[16];
    char text[96];
    size_t size;

    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(decimals[_i].low >> (8 * i));
        bytes[8 + i] = (uint8_t)((uint64_t)decimals[_i].high >> (8 * i));
    }
    size = ldbx_format_decimal128(text, bytes, decimals[_i].scale);
    ck_assert_str_eq(text, decimals[_i].text);
    ck_assert_uint_eq(size, strlen(text));
}
END_TEST

static const struct {
    const char *text;
    int scale; /* -1: refused */
    const char *written;
} decimal_texts[] = {
    {"0", 0, "0"},
    {"1.10", 2, "1.10"},
    {"-0.005", 3, "-0.005"},
    {"+12", 0, "12"},
    {"-0", 0, "0"},
    {"000000000000000000000000000000000000000000001", 0, "1"},
    {"99999999999999999999999999999999999999", 0, "99999999999999999999999999999999999999"},
    {"-9999999999999999999.9999999999999999999", 19, "-9999999999999999999.9999999999999999999"},
    {"999999999999999999999999999999999999990", -1, NULL},
    {"", -1, NULL},
    {"-", -1, NULL},
    {".", -1, NULL},
    {".5", -1, NULL},
    {"5.", -1, NULL},
    {"-.5", -1, NULL},
    {"1.2.3", -1, NULL},
    {"1e3", -1, NULL},
    {" 1", -1, NULL},
    {"--1", -1, NULL},
    {"NaN", -1, NULL},
};

START_TEST(test_parse_decimal128)
{
    uint8_t bytes[16];
    char text[96];
    int scale = -1;
    bool parsed = ldbx_parse_decimal128(ldbx_view_of(decimal_texts[_i].text), bytes, &scale);

    ck_assert_int_eq(parsed, decimal_texts[_i].scale >= 0);
    ck_assert_int_eq(scale, decimal_texts[_i].scale);
    if (!parsed)
        return;
    ldbx_format_decimal128(text, bytes, scale);
    ck_assert_str_eq(text, decimal_texts[_i].written);
}
END_TEST

static const struct {
    const char *text;
    int scale, precision;
    const char *written; /* NULL: not exactly */
} rescaled[] = {
    {"1.50", 1, 2, "1.5"},
    {"1.5", 3, 4, "1.500"},
    {"1.5", 3, 3, NULL},
    {"-1.5", 0, 38, NULL},
    {"-9.99", 2, 3, "-9.99"},
    {"10", 0, 1, NULL},
    {"0.00", 38, 38, "0.00000000000000000000000000000000000000"},
    {"1", 38, 38, NULL},
    {"99999999999999999999999999999999999999", 0, 38, "99999999999999999999999999999999999999"},
    {"99999999999999999999999999999999999999", 1, 38, NULL},
    {"-0.10000000000000000000000000000000000000", 1, 1, "-0.1"},
};

START_TEST(test_rescale_decimal128)
{
    uint8_t bytes[16];
    char text[96];
    int scale;

    ck_assert(ldbx_parse_decimal128(ldbx_view_of(rescaled[_i].text), bytes, &scale));
    ck_assert_int_eq(ldbx_rescale_decimal128(bytes, scale, rescaled[_i].scale, rescaled[_i].precision),
                     rescaled[_i].written != NULL);
    if (rescaled[_i].written == NULL)
        return;
    ldbx_format_decimal128(text, bytes, rescaled[_i].scale);
    ck_assert_str_eq(text, rescaled[_i].written);
}
END_TEST

START_TEST(test_rescale_far)
{
    uint8_t bytes[16] = {0};

    ck_assert(ldbx_rescale_decimal128(bytes, INT32_MIN, 0, 1));
    bytes[0] = 1;
    ck_assert(!ldbx_rescale_decimal128(bytes, INT32_MIN, 0, 38));
    ck_assert(!ldbx_rescale_decimal128(bytes, INT32_MAX, 0, 38));
    ck_assert(ldbx_rescale_decimal128(bytes, -37, 0, 38));
    bytes[0] = 0;
    bytes[15] = 0x80; /* the number that has no positive counterpart */
    ck_assert(!ldbx_rescale_decimal128(bytes, 0, 0, 38));
}
END_TEST

static void check_read_back(uint64_t bits)
{
    double value, again = 0;
    float shorter, shorter_again = 0;
    uint32_t half = (uint32_t)bits;
    char text[32];

    memcpy(&value, &bits, sizeof value);
    ldbx_format_double(text, value);
    ck_assert_msg(ldbx_parse_double(ldbx_view_of(text), &again), "%s", text);
    ck_assert_msg(isnan(value) ? isnan(again) : memcmp(&value, &again, sizeof value) == 0, "%s", text);
    memcpy(&shorter, &half, sizeof shorter);
    ldbx_format_float(text, shorter);
    ck_assert_msg(ldbx_parse_float(ldbx_view_of(text), &shorter_again), "%s", text);
    ck_assert_msg(isnan(shorter) ? isnan(shorter_again) : memcmp(&shorter, &shorter_again, sizeof shorter) == 0, "%s",
                  text);
}

START_TEST(test_parse_reads_what_is_written)
{
    uint64_t state = 88172645463325252u;

    for (int i = 0; i < 100000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        check_read_back(state);
    }
}
END_TEST

static const struct {
    const char *text;
    double value; /* NaN: refused */
} numbers[] = {
    {"0", 0},
    {"+1", 1},
    {"-12.5", -12.5},
    {"007.50", 7.5},
    {"0.0001e4", 1},
    {"1E+2", 100},
    {"1e-00002", 0.01},
    {"9007199254740993", 9007199254740992.0},
    {"9007199254740992.99999999999999999999999999999999999999", 9007199254740992.0},
    {"9007199254740993.0000000000000000000000000000000000000001", 9007199254740994.0},
    {"0e999999999999999999999", 0},
    {"1e-999999999999999999999", 0},
    {"1e999999999999999999999", NAN},
    {"1e309", NAN},
    {"", NAN},
    {"-", NAN},
    {"+-1", NAN},
    {".5", NAN},
    {"5.", NAN},
    {"1.e1", NAN},
    {"1e", NAN},
    {"1e+", NAN},
    {"1e1.5", NAN},
    {"1 ", NAN},
    {" 1", NAN},
    {"1_0", NAN},
    {"0x1p3", NAN},
    {"1d", NAN},
    {"+Infinity", NAN},
    {"infinity", NAN},
    {"nan", NAN},
    {"-NaN", NAN},
};

START_TEST(test_parse_double)
{
    double value = 0;
    bool parsed = ldbx_parse_double(ldbx_view_of(numbers[_i].text), &value);

    ck_assert_msg(parsed == !isnan(numbers[_i].value), "%s", numbers[_i].text);
    ck_assert(!parsed || value == numbers[_i].value);
}
END_TEST

/* Texts of many digits: the last one decides. */
START_TEST(test_parse_long)
{
    enum { SIZE = 5000 };
    static char text[SIZE];
    const char half[] = "1.00000000000000011102230246251565404236316680908203125"; /* between 1 and the next number */
    ldbx_view view = {text, SIZE};
    double value;

    memset(text, '0', SIZE);
    memcpy(text, half, sizeof half - 1);
    ck_assert(ldbx_parse_double(view, &value) && value == 1);
    text[SIZE - 1] = '1';
    ck_assert(ldbx_parse_double(view, &value) && value == 1 + DBL_EPSILON);
    memset(text, '0', SIZE);
    text[SIZE - 1] = '7';
    ck_assert(ldbx_parse_double(view, &value) && value == 7);
    text[1] = '.';
    memcpy(text + SIZE - 7, "7e+4993", 7);
    ck_assert(ldbx_parse_double(view, &value) && value == 70);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("number");
    TCase *tcase = suite_case(suite, "number");

    tcase_add_loop_test(tcase, test_int64, 0, sizeof integers / sizeof integers[0]);
    tcase_add_test(tcase, test_int64_range);
    tcase_add_loop_test(tcase, test_double, 0, sizeof doubles / sizeof doubles[0]);
    tcase_add_test(tcase, test_double_special);
    tcase_add_test(tcase, test_double_round_trip);
    tcase_add_loop_test(tcase, test_float, 0, sizeof floats / sizeof floats[0]);
    tcase_add_test(tcase, test_float_round_trip);
    tcase_add_test(tcase, test_locale);
    tcase_add_loop_test(tcase, test_decimal128, 0, sizeof decimals / sizeof decimals[0]);
    tcase_add_loop_test(tcase, test_parse_decimal128, 0, sizeof decimal_texts / sizeof decimal_texts[0]);
    tcase_add_loop_test(tcase, test_rescale_decimal128, 0, sizeof rescaled / sizeof rescaled[0]);
    tcase_add_test(tcase, test_rescale_far);
    tcase_add_test(tcase, test_parse_reads_what_is_written);
    tcase_add_loop_test(tcase, test_parse_double, 0, sizeof numbers / sizeof numbers[0]);
    tcase_add_test(tcase, test_parse_long);
    return suite_run(suite);
}
