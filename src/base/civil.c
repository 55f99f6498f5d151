#include "base/civil.h"

#include "base/digits.h"
#include "base/str.h"

#define DAYS_PER_ERA   146097 /* 400 years, after which the calendar repeats */
#define EPOCH_DAYS     719468 /* from 0000-03-01 to 1970-01-01 */
#define MAX_YEAR       300000 /* a little more than microseconds can reach */
#define MAX_YEAR_DIGIT 9

__extension__ typedef __int128 wide;

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

static int64_t floor_mod(int64_t value, int64_t by)
{
    return value % by + (value % by < 0 ? by : 0);
}

/* Years begin in March here, so that the leap day is the last one. */
int64_t ldbx_days_from_civil(int64_t year, int month, int day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(shifted, 400);
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH_DAYS;
}

bool ldbx_us_from_unit(int64_t value, char unit, int64_t *us)
{
    switch (unit) {
    case 's':
        return !__builtin_mul_overflow(value, LDBX_US_PER_SECOND, us);
    case 'm':
        return !__builtin_mul_overflow(value, INT64_C(1000), us);
    case 'n':
        *us = floor_div(value, 1000);
        return true;
    default:
        *us = value;
        return true;
    }
}

/* Inside of an era 32 bits are enough, and divide faster. */
static ldbx_civil civil_from_days(int64_t days)
{
    ldbx_civil civil = {0};
    int64_t era = floor_div(days, DAYS_PER_ERA);
    uint32_t day = (uint32_t)floor_mod(days, DAYS_PER_ERA) + EPOCH_DAYS;
    uint32_t year_of_era, day_of_year, month;

    era += day / DAYS_PER_ERA;
    day %= DAYS_PER_ERA;
    year_of_era = (day - day / 1460 + day / 36524 - day / (DAYS_PER_ERA - 1)) / 365;
    day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153;
    civil.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    civil.month = (int)(month < 10 ? month + 3 : month - 9);
    civil.year = era * 400 + year_of_era + (civil.month <= 2);
    return civil;
}

ldbx_civil ldbx_civil_from_us(int64_t us)
{
    int64_t days = floor_div(us, LDBX_US_PER_DAY);
    int64_t rest = floor_mod(us, LDBX_US_PER_DAY);
    ldbx_civil civil = civil_from_days(days);
    uint32_t seconds = (uint32_t)(rest / LDBX_US_PER_SECOND);

    civil.micro = (int)(rest % LDBX_US_PER_SECOND);
    civil.hour = (int)(seconds / 3600);
    civil.minute = (int)(seconds / 60 % 60);
    civil.second = (int)(seconds % 60);
    return civil;
}

static char *put_two(char *out, int value)
{
    ldbx_put_two(out, (unsigned)value);
    return out + 2;
}

static char *put_date(char *out, const ldbx_civil *civil)
{
    int64_t year = civil->year < 0 ? -civil->year : civil->year;

    if (civil->year < 0)
        *out++ = '-';
    if (year > 9999)
        out += ldbx_format_int64(out, year);
    else
        out = put_two(put_two(out, (int)year / 100), (int)year % 100);
    *out++ = '-';
    out = put_two(out, civil->month);
    *out++ = '-';
    return put_two(out, civil->day);
}

size_t ldbx_format_date(char *out, int64_t days)
{
    ldbx_civil civil = civil_from_days(days);
    char *end = put_date(out, &civil);

    *end = '\0';
    return (size_t)(end - out);
}

size_t ldbx_format_timestamp(char *out, int64_t us, bool utc)
{
    ldbx_civil civil = ldbx_civil_from_us(us);
    char *end = put_date(out, &civil);

    *end++ = 'T';
    end = put_two(end, civil.hour);
    *end++ = ':';
    end = put_two(end, civil.minute);
    *end++ = ':';
    end = put_two(end, civil.second);
    *end++ = '.';
    end = put_two(put_two(put_two(end, civil.micro / 10000), civil.micro / 100 % 100), civil.micro % 100);
    if (utc)
        *end++ = 'Z';
    *end = '\0';
    return (size_t)(end - out);
}

/* Text that is eaten from the front. */
typedef struct reader {
    const char *at;
    const char *end;
} reader;

static bool take(reader *in, char wanted)
{
    if (in->at == in->end || *in->at != wanted)
        return false;
    in->at++;
    return true;
}

/* Reads up to `most` digits and returns how many there were. */
static int take_digits(reader *in, int most, int64_t *value)
{
    int count = 0;

    *value = 0;
    while (count < most && in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        *value = *value * 10 + (*in->at++ - '0');
        count++;
    }
    return count;
}

static bool take_two(reader *in, int low, int high, int *value)
{
    int64_t number;

    if (take_digits(in, 2, &number) != 2 || number < low || number > high)
        return false;
    *value = (int)number;
    return true;
}

static int month_length(int64_t year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return lengths[month - 1] + (month == 2 && leap);
}

static bool take_date(reader *in, ldbx_civil *civil)
{
    bool negative = take(in, '-');

    if (!negative)
        take(in, '+');
    if (take_digits(in, MAX_YEAR_DIGIT, &civil->year) < 4 || civil->year > MAX_YEAR)
        return false;
    if (negative)
        civil->year = -civil->year;
    return take(in, '-') && take_two(in, 1, 12, &civil->month) && take(in, '-') &&
           take_two(in, 1, month_length(civil->year, civil->month), &civil->day);
}

static bool take_fraction(reader *in, int *micro)
{
    int64_t value, nanos;
    int count = take_digits(in, 6, &value);

    if (count == 0)
        return false;
    for (; count < 6; count++)
        value *= 10;
    take_digits(in, 3, &nanos); /* cut off */
    *micro = (int)value;
    return true;
}

static bool take_time(reader *in, ldbx_civil *civil)
{
    if (!take_two(in, 0, 23, &civil->hour) || !take(in, ':') || !take_two(in, 0, 59, &civil->minute))
        return false;
    if (!take(in, ':'))
        return true;
    if (!take_two(in, 0, 59, &civil->second))
        return false;
    return !take(in, '.') || take_fraction(in, &civil->micro);
}

static bool take_zone(reader *in, int64_t *offset_us)
{
    int hours, minutes;
    int sign = 1;

    if (in->at == in->end || take(in, 'Z'))
        return true;
    if (take(in, '-'))
        sign = -1;
    else if (!take(in, '+'))
        return false;
    if (!take_two(in, 0, 23, &hours) || !take(in, ':') || !take_two(in, 0, 59, &minutes))
        return false;
    *offset_us = sign * (hours * INT64_C(3600) + minutes * INT64_C(60)) * LDBX_US_PER_SECOND;
    return true;
}

bool ldbx_parse_timestamp(ldbx_view text, int64_t *us)
{
    reader in = {text.data, text.size == 0 ? text.data : text.data + text.size};
    ldbx_civil civil = {0};
    int64_t offset = 0;
    wide result;

    if (!take_date(&in, &civil))
        return false;
    if (in.at < in.end && ((!take(&in, 'T') && !take(&in, ' ')) || !take_time(&in, &civil) || !take_zone(&in, &offset)))
        return false;
    if (in.at != in.end)
        return false;
    result = (wide)ldbx_days_from_civil(civil.year, civil.month, civil.day) * LDBX_US_PER_DAY - offset;
    result +=
        (civil.hour * INT64_C(3600) + civil.minute * INT64_C(60) + civil.second) * LDBX_US_PER_SECOND + civil.micro;
    if (result < INT64_MIN || result > INT64_MAX)
        return false;
    *us = (int64_t)result;
    return true;
}
