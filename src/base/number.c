/* Numbers as text. Declared in str.h. */
#include "base/str.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

#define TEN_19 UINT64_C(10000000000000000000) /* the largest power of ten in 64 bits */

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                            "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

/* Writes the digits so that they end before `end`; returns the first. */
static char *put_backwards(char *end, uint64_t value)
{
    while (value >= 100) {
        end -= 2;
        memcpy(end, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        end -= 2;
        memcpy(end, pairs + value * 2, 2);
        return end;
    }
    *--end = (char)('0' + value);
    return end;
}

static size_t put_unsigned(char *out, uint64_t value)
{
    char text[20];
    char *begin = put_backwards(text + sizeof text, value);
    size_t size = (size_t)(text + sizeof text - begin);

    memcpy(out, begin, size);
    return size;
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
    char digits[20];
    int count = (int)put_unsigned(digits, number.digits);
    int point = count + number.exponent; /* digits before it */
    size_t size = 0;

    if (point > 16 || point < -3) {
        out[size++] = digits[0];
        if (count > 1) {
            out[size++] = '.';
            memcpy(out + size, digits + 1, (size_t)count - 1);
            size += (size_t)count - 1;
        }
        return size + put_exponent(out + size, point - 1);
    }
    if (point <= 0) {
        memcpy(out, "0.000", 5);
        size = (size_t)(2 - point);
        memcpy(out + size, digits, (size_t)count);
        return size + (size_t)count;
    }
    for (int i = 0; i < count || i < point; i++) {
        if (i == point)
            out[size++] = '.';
        out[size++] = i < count ? digits[i] : '0';
    }
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

/*
 * Most numbers of real tables have few digits: digits / 10^k is rounded as reading the text would be while
 * both are exact, so the first k that gives the value back is the answer, without printf. Values are in
 * [0.0001, 1e15).
 */
static bool few_digits(double value, decimal *number)
{
    double power = 1;

    for (int k = 0; k <= 19 && value * power < 1e15; k++) {
        double digits = nearbyint(value * power);
        if (digits / power == value) {
            *number = (decimal){(uint64_t)digits, -k};
            return true;
        }
        power *= 10;
    }
    return false;
}

/*
 * Shortest decimal that reads back as mantissa * 2^-shift, in exact integers: `scaled` is the value with the
 * decimal point behind digit `most`, times 2^shift. Of each length from `least` on the nearest text is tried.
 * The value is in [0.0001, 1e15) and the shift in [0, 66]: 128 bits are enough, and no text lies exactly
 * halfway between two numbers. Below a power of two the gap is half as wide, which changes nothing in this
 * range (the tests try them all).
 */
static decimal shortest_exact(uint64_t mantissa, int shift, int least, int most)
{
    uint128 scaled = (uint128)mantissa * 100;
    uint128 gap = 100; /* the last bit of the mantissa, in the same measure */
    uint128 unit = (uint128)1 << shift;
    uint64_t smallest = 1;
    decimal number = {0, -2};

    for (int i = 1; i < most; i++)
        smallest *= 10;
    for (; scaled >> shift < smallest; number.exponent--) {
        scaled *= 10;
        gap *= 10;
    }
    for (int i = least; i < most; i++) {
        unit *= 10;
        number.exponent++;
    }
    for (;; unit /= 10, number.exponent--) {
        uint128 below = scaled % unit;
        uint64_t digits = (uint64_t)(scaled / unit);
        bool down = below * 2 + digits % 2 <= unit; /* of two that are as near, the even one */
        number.digits = digits + !down;
        if ((down ? below : unit - below) * 2 < gap)
            return number;
    }
}

static decimal shortest_double(double value)
{
    decimal number;
    int exponent;
    double fraction = frexp(value, &exponent);

    if (value >= 1e-4 && value < 1e15) {
        if (few_digits(value, &number))
            return number;
        return shortest_exact((uint64_t)ldexp(fraction, DBL_MANT_DIG), DBL_MANT_DIG - exponent, 16, 17);
    }
    /* Below the normal range there are fewer digits than usual to begin with. */
    for (int count = value < DBL_MIN ? 1 : 15; count < 17; count++) {
        number = printed(value, count);
        if (reads_as_double(number, value))
            return number;
    }
    /* Above a power of two the gap is twice as wide as below it, and the next text up may be inside. */
    if (fraction == 0.5) {
        number.digits++;
        if (reads_as_double(number, value))
            return number;
    }
    return printed(value, 17);
}

static decimal shortest_float(float value)
{
    decimal number = {0};
    int exponent;
    float fraction = frexpf(value, &exponent);

    if (value >= 1e-4f && value < 1e7f)
        return shortest_exact((uint64_t)ldexpf(fraction, FLT_MANT_DIG), FLT_MANT_DIG - exponent, 6, 9);
    for (int count = value < FLT_MIN ? 1 : 6; count < 9; count++) {
        number = printed((double)value, count);
        if (reads_as_float(number, value))
            return number;
        number.digits++;
        if (fraction == 0.5f && reads_as_float(number, value))
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
    char text[40];
    char *end = text + sizeof text;
    char *begin = end;
    size_t size;

    while (value > UINT64_MAX) {
        uint64_t low = (uint64_t)(value % TEN_19);
        char *next = put_backwards(begin, low);
        while (next > begin - 19)
            *--next = '0';
        begin -= 19;
        value /= TEN_19;
    }
    begin = put_backwards(begin, (uint64_t)value);
    size = (size_t)(end - begin);
    memcpy(out, begin, size);
    return size;
}

static uint128 load_uint128(const uint8_t bytes[16])
{
    uint128 value = 0;

    for (int i = 15; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

size_t ldbx_format_decimal128(char *out, const uint8_t bytes[16], int scale)
{
    uint128 value = load_uint128(bytes);
    bool negative = (bytes[15] & 0x80) != 0;
    char digits[40];
    size_t count, whole, zeros;
    size_t size = 0;

    out[0] = '\0';
    if (scale < -38 || scale > 76)
        return 0;
    count = put_uint128(digits, negative ? 0 - value : value);
    if (negative)
        out[size++] = '-';
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
