#include "suite.h"

#include <string.h>

#include "base/civil.h"
#include "base/str.h"

static const struct {
    int64_t year;
    int month, day;
    int64_t days;
    const char *text;
} dates[] = {
    {1970, 1, 1, 0, "1970-01-01"},
    {1969, 12, 31, -1, "1969-12-31"},
    {2000, 2, 29, 11016, "2000-02-29"},
    {2000, 3, 1, 11017, "2000-03-01"},
    {1900, 2, 28, -25509, "1900-02-28"},
    {1900, 3, 1, -25508, "1900-03-01"}, /* no leap year */
    {2024, 2, 29, 19782, "2024-02-29"},
    {2024, 12, 31, 20088, "2024-12-31"},
    {1, 1, 1, -719162, "0001-01-01"},
    {0, 12, 31, -719163, "0000-12-31"},
    {0, 2, 29, -719469, "0000-02-29"},
    {0, 3, 1, -719468, "0000-03-01"},
    {-1, 12, 31, -719529, "-0001-12-31"},
    {-4, 2, 29, -720930, "-0004-02-29"},
    {9999, 12, 31, 2932896, "9999-12-31"},
    {10000, 1, 1, 2932897, "10000-01-01"},
    {-9999, 1, 1, -4371587, "-9999-01-01"},
    {300000, 1, 1, 108853222, "300000-01-01"},
    {-300000, 1, 1, -110292278, "-300000-01-01"},
};

START_TEST(test_date)
{
    char text[32];
    size_t size = ldbx_format_date(text, dates[_i].days);

    ck_assert_int_eq(ldbx_days_from_civil(dates[_i].year, dates[_i].month, dates[_i].day), dates[_i].days);
    ck_assert_str_eq(text, dates[_i].text);
    ck_assert_uint_eq(size, strlen(text));
}
END_TEST

START_TEST(test_extreme_days)
{
    char text[32];

    ldbx_format_date(text, INT64_MIN);
    ck_assert_str_eq(text, "-25252734927764585-06-07");
    ldbx_format_date(text, INT64_MAX);
    ck_assert_str_eq(text, "25252734927768524-07-27");
    ldbx_format_date(text, INT32_MIN);
    ck_assert_str_eq(text, "-5877641-06-23");
}
END_TEST

/* Every day of 1200 years, counted the way a calendar on the wall does. */
START_TEST(test_every_day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = ldbx_days_from_civil(-401, 1, 1);

    for (int64_t year = -401; year < 800; year++) {
        int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= lengths[month - 1] + (month == 2 && leap); day++) {
                ldbx_civil civil = ldbx_civil_from_us(days * LDBX_US_PER_DAY);
                ck_assert(civil.year == year && civil.month == month && civil.day == day);
                ck_assert(ldbx_days_from_civil(year, month, day) == days);
                days++;
            }
        }
    }
}
END_TEST

static const struct {
    int64_t us;
    const char *text;
} timestamps[] = {
    {0, "1970-01-01T00:00:00.000000"},
    {1, "1970-01-01T00:00:00.000001"},
    {-1, "1969-12-31T23:59:59.999999"},
    {INT64_C(1709210096789012), "2024-02-29T12:34:56.789012"},
    {INT64_C(-62135596800000000), "0001-01-01T00:00:00.000000"},
    {INT64_C(-62167219200000001), "-0001-12-31T23:59:59.999999"},
    {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999"},
    {INT64_C(253402300800000000), "10000-01-01T00:00:00.000000"},
    {INT64_MAX, "294247-01-10T04:00:54.775807"},
    {INT64_MIN, "-290308-12-21T19:59:05.224192"},
};

START_TEST(test_timestamp)
{
    char text[48];
    int64_t us = 99;
    size_t size = ldbx_format_timestamp(text, timestamps[_i].us, false);

    ck_assert_str_eq(text, timestamps[_i].text);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert(ldbx_parse_timestamp(ldbx_view_of(text), &us));
    ck_assert_int_eq(us, timestamps[_i].us);
    size = ldbx_format_timestamp(text, timestamps[_i].us, true);
    ck_assert_int_eq(text[size - 1], 'Z');
    ck_assert_uint_eq(size, strlen(text));
    us = 99;
    ck_assert(ldbx_parse_timestamp(ldbx_view_of(text), &us));
    ck_assert_int_eq(us, timestamps[_i].us);
}
END_TEST

static const struct {
    const char *text;
    int64_t us;
} parsed[] = {
    {"1970-01-01", 0},
    {"1970-01-02 00:00", INT64_C(86400000000)},
    {"1970-01-01T00:01", 60000000},
    {"1970-01-01 00:00:07", 7000000},
    {"1970-01-01 00:00:00.1", 100000},
    {"1970-01-01 00:00:00.000001", 1},
    {"1970-01-01 00:00:00.000001999", 1},
    {"1969-12-31 23:59:59.999999999", -1}, /* towards the past */
    {"1970-01-01 00:00:00.123456789Z", 123456},
    {"1970-01-01T02:00:00+02:00", 0},
    {"1969-12-31T22:30-01:30", 0},
    {"1970-01-01T00:00:00-00:00", 0},
    {"1970-01-01T00:00Z", 0},
    {"+1970-01-01", 0},
    {"0001970-01-01", 0},
    {"-0001-12-31", INT64_C(-719529) * 86400000000},
    {"+10000-01-01", INT64_C(253402300800000000)},
    {"2024-02-29", INT64_C(19782) * 86400000000},
    {"2000-02-29", INT64_C(11016) * 86400000000},
    {"-0004-02-29", INT64_C(-720930) * 86400000000},
    /* The offset brings the first and the last microsecond back into range. */
    {"294247-01-11T03:00:54.775807+23:00", INT64_MAX},
    {"-290308-12-20T20:59:05.224192-23:00", INT64_MIN},
};

START_TEST(test_parse)
{
    int64_t us = 99;

    ck_assert_msg(ldbx_parse_timestamp(ldbx_view_of(parsed[_i].text), &us), "%s", parsed[_i].text);
    ck_assert_int_eq(us, parsed[_i].us);
}
END_TEST

static const char *const refused[] = {
    "",
    "1970",
    "1970-01",
    "1970-1-1",
    "970-01-01",
    "70-01-01",
    "-970-01-01",
    "--1970-01-01",
    "+-1970-01-01",
    "1970/01/01",
    "19700101",
    "1970-00-01",
    "1970-13-01",
    "1970-01-00",
    "1970-01-32",
    "1970-04-31",
    "1970-02-29",
    "1900-02-29",
    "2100-02-29",
    "-0001-02-29",
    "1970-01-01 ",
    " 1970-01-01",
    "1970-01-01T",
    "1970-01-01Z",
    "1970-01-01+01:00",
    "1970-01-01 00",
    "1970-01-01 0:00",
    "1970-01-01 24:00",
    "1970-01-01 00:60",
    "1970-01-01 00:00:60",
    "1970-01-01 00:00:",
    "1970-01-01 00:00:0",
    "1970-01-01 00:00:00.",
    "1970-01-01 00:00:00.Z",
    "1970-01-01 00:00:00,5",
    "1970-01-01 00:00.5",
    "1970-01-01 00:00:00.1234567890",
    "1970-01-01  00:00",
    "1970-01-01 00:00 Z",
    "1970-01-01t00:00",
    "1970-01-01T00:00z",
    "1970-01-01T00:00+01",
    "1970-01-01T00:00+0100",
    "1970-01-01T00:00+24:00",
    "1970-01-01T00:00+01:60",
    "1970-01-01T00:00+01:00Z",
    "1970-01-01T00:00ZZ",
    "1970-01-01T00:00 UTC",
    "1970-01-01x00:00",
    "294247-01-10T04:00:54.775808",
    "-290308-12-21T19:59:05.224191",
    "294248-01-01",
    "300000-01-01",
    "999999999-01-01",
    "1000000000-01-01",
    "99999999999999999999-01-01",
    "197\xd9\xa0-01-01",
};

START_TEST(test_parse_refuses)
{
    int64_t us = 99;

    ck_assert_msg(!ldbx_parse_timestamp(ldbx_view_of(refused[_i]), &us), "%s", refused[_i]);
    ck_assert_int_eq(us, 99);
}
END_TEST

START_TEST(test_parse_is_bounded)
{
    const char text[] = "1970-01-01 00:00:00";
    int64_t us = 99;

    ck_assert(!ldbx_parse_timestamp((ldbx_view){NULL, 0}, &us));
    ck_assert(ldbx_parse_timestamp((ldbx_view){text, 10}, &us)); /* reads no byte more */
    ck_assert_int_eq(us, 0);
    ck_assert(!ldbx_parse_timestamp((ldbx_view){"1970-01-01\0", 11}, &us));
}
END_TEST

START_TEST(test_units)
{
    int64_t us = 99;

    ck_assert(ldbx_us_from_unit(-2, 's', &us) && us == -2000000);
    ck_assert(ldbx_us_from_unit(-2, 'm', &us) && us == -2000);
    ck_assert(ldbx_us_from_unit(INT64_MIN, 'u', &us) && us == INT64_MIN);
    ck_assert(ldbx_us_from_unit(1999, 'n', &us) && us == 1);
    ck_assert(ldbx_us_from_unit(-1, 'n', &us) && us == -1);
    ck_assert(!ldbx_us_from_unit(INT64_MAX, 's', &us));
    ck_assert(!ldbx_us_from_unit(INT64_MIN, 'm', &us));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("civil");
    TCase *tcase = suite_case(suite, "civil");

    tcase_add_loop_test(tcase, test_date, 0, sizeof dates / sizeof dates[0]);
    tcase_add_test(tcase, test_extreme_days);
    tcase_add_test(tcase, test_every_day);
    tcase_add_loop_test(tcase, test_timestamp, 0, sizeof timestamps / sizeof timestamps[0]);
    tcase_add_loop_test(tcase, test_parse, 0, sizeof parsed / sizeof parsed[0]);
    tcase_add_loop_test(tcase, test_parse_refuses, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tcase, test_parse_is_bounded);
    tcase_add_test(tcase, test_units);
    return suite_run(suite);
}
