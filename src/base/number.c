/* Numbers as text. Declared in str.h. */
#include "base/str.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "128-bit numbers are loaded as they lie");

__extension__ typedef unsigned __int128 uint128;

#define TEN_19 UINT64_C(10000000000000000000) /* the largest power of ten in 64 bits */

static const uint64_t powers[20] = {1,
                                    10,
                                    100,
                                    1000,
                                    10000,
                                    100000,
                                    1000000,
                                    10000000,
                                    100000000,
                                    1000000000,
                                    10000000000,
                                    100000000000,
                                    1000000000000,
                                    10000000000000,
                                    100000000000000,
                                    1000000000000000,
                                    10000000000000000,
                                    100000000000000000,
                                    1000000000000000000,
                                    TEN_19};

const char ldbx_digit_pairs[201] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                   "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                   "8081828384858687888990919293949596979899";

/* Decimal digits of a number, from 1 to 20: 1233/4096 is a little above log10(2). */
static size_t digit_count(uint64_t value)
{
    size_t count = (size_t)(64 - __builtin_clzll(value | 1)) * 1233 >> 12;

    return count + (value >= powers[count]) + (value == 0);
}

/* Writes the last `count` digits, with zeros in front where there are fewer. */
static void put_padded(char *out, uint64_t value, size_t count)
{
    for (; count >= 2; count -= 2, value /= 100)
        ldbx_put_two(out + count - 2, (unsigned)(value % 100));
    if (count > 0)
        *out = (char)('0' + value % 10);
}

static size_t put_unsigned(char *out, uint64_t value)
{
    size_t count = digit_count(value);

    put_padded(out, value, count);
    return count;
}

size_t ldbx_format_int64(char *out, int64_t value)
{
    bool negative = value < 0;
    size_t size = 0;

    if (negative)
        out[size++] = '-';
    size += put_unsigned(out + size, negative ? 0 - (uint64_t)value : (uint64_t)value);
    out[size] = '\0';
    return size;
}

/* A positive decimal number: digits * 10^exponent. */
typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

static decimal without_zeros(decimal number)
{
    while (number.digits % 10 == 0 && number.digits != 0) {
        number.digits /= 10;
        number.exponent++;
    }
    return number;
}

static size_t put_exponent(char *out, int exponent)
{
    size_t size = 0;

    out[size++] = 'e';
    out[size++] = exponent < 0 ? '-' : '+';
    exponent = abs(exponent);
    if (exponent < 10)
        out[size++] = '0';
    return size + put_unsigned(out + size, (uint64_t)exponent);
}

/* As most languages print: plain from 0.0001 to 16 digits before the point, with an exponent otherwise. */
static size_t put_decimal(char *out, decimal number)
{
    int count = (int)digit_count(number.digits);
    int point = count + number.exponent; /* digits before it */
    size_t size;

    if (point > 16 || point < -3) {
        size = 1 + put_unsigned(out + 1, number.digits);
        out[0] = out[1];
        out[1] = '.';
        return put_exponent(out + (count > 1 ? size : 1), point - 1) + (count > 1 ? size : 1);
    }
    if (point <= 0) {
        memcpy(out, "0.000", 5);
        size = (size_t)(2 - point);
        return size + put_unsigned(out + size, number.digits);
    }
    if (point >= count) {
        size = put_unsigned(out, number.digits);
        memset(out + size, '0', (size_t)(point - count));
        return (size_t)point;
    }
    size = 1 + put_unsigned(out + 1, number.digits);
    for (int i = 0; i < point; i++)
        out[i] = out[i + 1];
    out[point] = '.';
    return size;
}

/* Signs and what is no number; true when that was all. */
static bool put_special(char *out, double value, size_t *size)
{
    const char *name = "0";

    *size = 0;
    if (isnan(value))
        name = "NaN";
    else if (signbit(value))
        out[(*size)++] = '-';
    if (isinf(value))
        name = "Infinity";
    else if (!isnan(value) && value != 0)
        return false;
    memcpy(out + *size, name, strlen(name));
    *size += strlen(name);
    return true;
}

/* printf's digits of a positive value. Only digits are read, so the locale's decimal point does not matter.
 */
static decimal printed(double value, int count)
{
    char text[40];
    const char *at = text;
    decimal number = {0};

    snprintf(text, sizeof text, "%.*e", count - 1, value);
    for (; *at != 'e' && *at != '\0'; at++)
        if (*at >= '0' && *at <= '9')
            number.digits = number.digits * 10 + (uint64_t)(*at - '0');
    number.exponent = (int)strtol(at + 1, NULL, 10) - (count - 1);
    return number;
}

/* Text without a decimal point, for strtod() in any locale. */
static void put_for_reading(char out[32], decimal number)
{
    size_t size = put_unsigned(out, number.digits);

    size += put_exponent(out + size, number.exponent);
    out[size] = '\0';
}

static bool reads_as_double(decimal number, double value)
{
    char text[32];

    put_for_reading(text, number);
    return strtod(text, NULL) == value;
}

static bool reads_as_float(decimal number, float value)
{
    char text[32];

    put_for_reading(text, number);
    return strtof(text, NULL) == value;
}

/* The digits without the last `count` ones, by divisors that the compiler knows. */
static uint64_t shortened(uint64_t digits, int count)
{
    switch (count) {
    case 0:
        return digits;
    case 1:
        return digits / 10;
    case 2:
        return digits / 100;
    default:
        return digits / 1000;
    }
}

static uint128 power_of_ten(int exponent)
{
    return exponent < 20 ? powers[exponent] : (uint128)TEN_19 * powers[exponent - 19];
}

/*
 * Shortest decimal that reads back as mantissa * 2^-shift, in exact integers. The value is in [0.0001, 1e15) and the shift in [0, 66]: 128 bits are
 * enough, and no text lies exactly halfway between two numbers. Of each length from `least` on the nearest text is tried; of `least` digits there is
 * at most one text for a number, so that one with zeros at its end stands for all shorter ones. Below a power of two the gap is half as wide, which
 * changes nothing in this range (the tests try them all).
 */
static decimal shortest_exact(uint64_t mantissa, int shift, int least, int most)
{
    int magnitude = (64 - __builtin_clzll(mantissa) - shift) * 1233 >> 12; /* about log10 of the value */
    decimal number = {.exponent = magnitude + 1 - most};
    uint128 gap = power_of_ten(-number.exponent); /* the last bit of the mantissa, in the measure of `scaled` */
    uint128 scaled = mantissa * gap;              /* the value with `most` digits before the point, times 2^shift */
    uint64_t digits;

    if (scaled >> shift >= powers[most] || scaled >> shift < powers[most - 1]) {
        number.exponent += scaled >> shift >= powers[most] ? 1 : -1;
        gap = power_of_ten(-number.exponent);
        scaled = mantissa * gap;
    }
    digits = (uint64_t)(scaled >> shift);
    for (int count = least;; count++) {
        uint64_t unit = powers[most - count];
        uint128 whole = (uint128)unit << shift;
        uint64_t shorter = shortened(digits, most - count);
        uint128 below = scaled - ((uint128)(shorter * unit) << shift);
        bool down = below * 2 + shorter % 2 <= whole; /* of two that are as near, the even one */
        if ((down ? below : whole - below) * 2 < gap || count == most)
            return (decimal){shorter + !down, number.exponent + most - count};
    }
}

static decimal shortest_double(double value)
{
    decimal number;
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    if (value >= 1e-4 && value < 1e15)
        return shortest_exact((bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52, 1075 - (int)(bits >> 52), 15, 17);
    /* Below the normal range there are fewer digits than usual to begin with. */
    for (int count = value < DBL_MIN ? 1 : 15; count < 17; count++) {
        number = printed(value, count);
        if (reads_as_double(number, value))
            return number;
    }
    /* Above a power of two the gap is twice as wide as below it, and the next text up may be inside. */
    if (bits << 12 == 0) {
        number.digits++;
        if (reads_as_double(number, value))
            return number;
    }
    return printed(value, 17);
}

static decimal shortest_float(float value)
{
    decimal number = {0};
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    if (value >= 1e-4f && value < 1e7f)
        return shortest_exact((bits & ((UINT32_C(1) << 23) - 1)) | UINT32_C(1) << 23, 150 - (int)(bits >> 23), 6, 9);
    for (int count = value < FLT_MIN ? 1 : 6; count < 9; count++) {
        number = printed((double)value, count);
        if (reads_as_float(number, value))
            return number;
        number.digits++;
        if (bits << 9 == 0 && reads_as_float(number, value))
            return number;
    }
    return printed((double)value, 9);
}

size_t ldbx_format_double(char *out, double value)
{
    size_t size;

    if (!put_special(out, value, &size))
        size += put_decimal(out + size, without_zeros(shortest_double(fabs(value))));
    out[size] = '\0';
    return size;
}

size_t ldbx_format_float(char *out, float value)
{
    size_t size;

    if (!put_special(out, (double)value, &size))
        size += put_decimal(out + size, without_zeros(shortest_float(fabsf(value))));
    out[size] = '\0';
    return size;
}

/* Decimal digits of a 128-bit number, at most 39. */
static size_t put_uint128(char *out, uint128 value)
{
    size_t size;

    if (value <= UINT64_MAX)
        return put_unsigned(out, (uint64_t)value);
    size = put_uint128(out, value / TEN_19);
    put_padded(out + size, (uint64_t)(value % TEN_19), 19);
    return size + 19;
}

/* Of 64 bits: the fraction is cut off by divisors that the compiler knows. */
static size_t put_short_decimal(char *out, uint64_t value, size_t scale)
{
    size_t count = digit_count(value);
    size_t whole = count > scale ? count - scale : 1;
    size_t at = whole + scale;

    for (; at - whole >= 2; at -= 2, value /= 100)
        ldbx_put_two(out + at - 1, (unsigned)(value % 100));
    if (at > whole) {
        out[at] = (char)('0' + value % 10);
        value /= 10;
    }
    put_padded(out, value, whole);
    if (scale == 0)
        return whole;
    out[whole] = '.';
    return whole + 1 + scale;
}

size_t ldbx_format_decimal128(char *out, const uint8_t bytes[16], int scale)
{
    bool negative = (bytes[15] & 0x80) != 0;
    uint128 value;
    char digits[40];
    size_t count, whole, zeros;
    size_t size = 0;

    out[0] = '\0';
    if (scale < -38 || scale > 76)
        return 0;
    memcpy(&value, bytes, sizeof value);
    value = negative ? 0 - value : value;
    if (negative)
        out[size++] = '-';
    if (value <= UINT64_MAX && scale >= 0) {
        size += put_short_decimal(out + size, (uint64_t)value, (size_t)scale);
        out[size] = '\0';
        return size;
    }
    count = put_uint128(digits, value);
    whole = scale < 0 ? count : count > (size_t)scale ? count - (size_t)scale : 0;
    if (whole == 0)
        out[size++] = '0';
    memcpy(out + size, digits, whole);
    size += whole;
    zeros = scale < 0 && value != 0 ? (size_t)-scale : 0;
    if (scale > 0) {
        out[size++] = '.';
        zeros = (size_t)scale - (count - whole);
    }
    memset(out + size, '0', zeros);
    size += zeros;
    memcpy(out + size, digits + whole, count - whole);
    size += count - whole;
    out[size] = '\0';
    return size;
}

#define MAX_DECIMAL_DIGITS 38

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ldbx_parse_decimal128(ldbx_view text, uint8_t bytes[16], int *scale)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t first = negative || (text.size > 0 && text.data[0] == '+') ? 1 : 0;
    size_t point = text.size;
    uint128 value = 0;
    int digits = 0;

    for (size_t i = first; i < text.size; i++) {
        if (text.data[i] == '.' && point == text.size) {
            point = i;
            continue;
        }
        if (!is_digit(text.data[i]) || digits == MAX_DECIMAL_DIGITS)
            return false;
        value = value * 10 + (uint128)(text.data[i] - '0');
        digits += value != 0;
    }
    if (point == first || point + 1 == text.size) /* a digit on both sides */
        return false;
    *scale = point < text.size ? (int)(text.size - point - 1) : 0;
    value = negative ? 0 - value : value;
    memcpy(bytes, &value, sizeof value);
    return true;
}

bool ldbx_rescale_decimal128(uint8_t bytes[16], int64_t from, int to, int precision)
{
    bool negative = (bytes[15] & 0x80) != 0;
    int64_t more = to - from;
    uint128 value;

    memcpy(&value, bytes, sizeof value);
    value = negative ? 0 - value : value;
    if (more != 0 && value != 0) {
        if (more < -MAX_DECIMAL_DIGITS || more > MAX_DECIMAL_DIGITS)
            return false;
        if (more < 0 && value % power_of_ten((int)-more) != 0)
            return false;
        if (more < 0)
            value /= power_of_ten((int)-more);
        else if (__builtin_mul_overflow(value, power_of_ten((int)more), &value))
            return false;
    }
    if (value >= power_of_ten(precision))
        return false;
    value = negative ? 0 - value : value;
    memcpy(bytes, &value, sizeof value);
    return true;
}

/* Between two numbers lies none whose decimal text has more digits; what comes behind them can only say that there is more. */
#define ENOUGH_DIGITS 780
#define MAX_EXPONENT  INT64_C(1000000000) /* more than a text in memory can make up for by its zeros */
#define END_EXPONENT  99999               /* beyond every number of so many digits */

/* A number's text taken apart: digits without a point, and an exponent. */
typedef struct number_text {
    char digits[ENOUGH_DIGITS + 32]; /* a sign in front; an exponent follows */
    size_t size;
    int64_t exponent;
    bool rest; /* something other than 0 came behind the digits that were kept */
} number_text;

/* Returns how many digits there were; those in front of the first other than 0 are not kept. */
static size_t take_number_digits(ldbx_view text, size_t at, number_text *out)
{
    size_t first = at;

    for (; at < text.size && is_digit(text.data[at]); at++) {
        bool leading = text.data[at] == '0' && out->size == 1;
        if (out->size <= ENOUGH_DIGITS && !leading) {
            out->digits[out->size++] = text.data[at];
        } else if (!leading) {
            out->rest |= text.data[at] != '0';
            out->exponent++;
        }
    }
    return at - first;
}

static bool take_exponent(ldbx_view text, size_t at, number_text *out)
{
    bool negative = at < text.size && text.data[at] == '-';
    int64_t exponent = 0;

    if (at < text.size && (text.data[at] == '-' || text.data[at] == '+'))
        at++;
    if (at == text.size)
        return false;
    for (; at < text.size && is_digit(text.data[at]); at++)
        exponent = exponent < MAX_EXPONENT ? exponent * 10 + (text.data[at] - '0') : exponent;
    out->exponent += negative ? -exponent : exponent;
    return at == text.size;
}

/* "12.5e1" as "+125e+00", which strtod() reads in any locale. */
static bool without_point(ldbx_view text, number_text *out)
{
    size_t at = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    size_t count;

    *out = (number_text){.digits = {at == 1 ? text.data[0] : '+'}, .size = 1};
    count = take_number_digits(text, at, out);
    at += count;
    if (count > 0 && at < text.size && text.data[at] == '.') {
        count = take_number_digits(text, at + 1, out);
        at += 1 + count;
        out->exponent -= (int64_t)count;
    }
    if (count == 0)
        return false;
    if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E')) {
        if (!take_exponent(text, at + 1, out))
            return false;
        at = text.size;
    }
    if (out->size == 1)
        out->digits[out->size++] = '0';
    if (out->rest) {
        out->digits[out->size++] = '1';
        out->exponent--;
    }
    if (out->exponent > END_EXPONENT || out->exponent < -END_EXPONENT)
        out->exponent = out->exponent > 0 ? END_EXPONENT : -END_EXPONENT;
    out->size += put_exponent(out->digits + out->size, (int)out->exponent);
    out->digits[out->size] = '\0';
    return at == text.size;
}

/* NaN and the infinities by the names that are written; true when it was one. */
static bool parse_special(ldbx_view text, double *out)
{
    bool negative = ldbx_view_starts(text, "-");

    if (ldbx_view_eq(text, "NaN"))
        *out = (double)NAN;
    else if (ldbx_view_eq(text, negative ? "-Infinity" : "Infinity"))
        *out = negative ? -(double)INFINITY : (double)INFINITY;
    else
        return false;
    return true;
}

bool ldbx_parse_double(ldbx_view text, double *out)
{
    number_text number;

    if (parse_special(text, out))
        return true;
    if (!without_point(text, &number))
        return false;
    *out = strtod(number.digits, NULL);
    return isfinite(*out);
}

/* Not by way of a double, which would round twice. */
bool ldbx_parse_float(ldbx_view text, float *out)
{
    number_text number;
    double special;

    if (parse_special(text, &special)) {
        *out = (float)special;
        return true;
    }
    if (!without_point(text, &number))
        return false;
    *out = strtof(number.digits, NULL);
    return isfinite(*out);
}
