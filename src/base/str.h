/* Text and numbers, without locale. */
#ifndef LDBX_BASE_STR_H
#define LDBX_BASE_STR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

ldbx_view ldbx_view_of(const char *text); /* NULL is the empty view */
bool ldbx_view_eq(ldbx_view a, const char *b);
bool ldbx_view_ieq(ldbx_view a, const char *b);   /* ASCII case is ignored */
int ldbx_view_icompare(ldbx_view a, ldbx_view b); /* order by bytes, ASCII case ignored: below, at or above 0 */
bool ldbx_str_ieq(const char *a, const char *b);
bool ldbx_is_alnum(char c); /* an ASCII letter or digit, whatever the locale */
bool ldbx_view_starts(ldbx_view text, const char *prefix);
ldbx_view ldbx_view_trim(ldbx_view text); /* blanks, tabs and line ends at both ends */
/* First occurrence of needle, or -1. */
int64_t ldbx_view_find(ldbx_view text, const char *needle);

/* Whole text must be a decimal integer inside [low, high]. */
bool ldbx_parse_int64(ldbx_view text, int64_t low, int64_t high, int64_t *out);

/* Shortest text that reads back as the same value; NaN, Infinity, -Infinity by these names. Returns its
 * length; out holds 32 bytes. */
size_t ldbx_format_double(char *out, double value);
size_t ldbx_format_float(char *out, float value);
/* Returns its length; out holds 21 bytes. */
size_t ldbx_format_int64(char *out, int64_t value);
/* 128-bit little-endian two's complement with `scale` fraction digits, exact. Returns its length; out holds
 * 96 bytes; scale -38..76, outside: nothing. */
size_t ldbx_format_decimal128(char *out, const uint8_t bytes[16], int scale);
/*
 * "-12.50" as 128-bit little-endian two's complement and its number of fraction digits; the whole text must be a sign
 * or none, digits, and at most one point between digits: up to 38 behind leading zeros.
 */
bool ldbx_parse_decimal128(ldbx_view text, uint8_t bytes[16], int *scale);
/* Brings such a number from `from` fraction digits to `to`, exactly; false: that needs rounding, or more than `precision` digits (at most 38). */
bool ldbx_rescale_decimal128(uint8_t bytes[16], int64_t from, int to, int precision);

/* "-1.5e3", "NaN", "Infinity", "-Infinity"; digits on both sides of a point. The nearest number; false also for what would be infinite. */
bool ldbx_parse_double(ldbx_view text, double *out);
bool ldbx_parse_float(ldbx_view text, float *out);

/* 16 bytes as 8-4-4-4-12 hexadecimal digits and a NUL. */
void ldbx_format_uuid(char out[37], const uint8_t bytes[16]);

/* Returns its length, (size + 2) / 3 * 4; no NUL is written. */
size_t ldbx_format_base64(char *out, const uint8_t *data, size_t size);
/* Base64 of RFC 4648 with its padding, and nothing else. `out` takes three quarters of the text's size and may be where the text is. */
bool ldbx_parse_base64(ldbx_view text, uint8_t *out, size_t *size);
void ldbx_buf_base64(ldbx_buf *buf, const uint8_t *data, size_t size);
/* A JSON string with its quotes. Invalid UTF-8 becomes U+FFFD. */
void ldbx_buf_json_string(ldbx_buf *buf, ldbx_view text);

bool ldbx_utf8_valid(ldbx_view text);
size_t ldbx_utf8_valid_size(ldbx_view text); /* bytes before the first invalid one */
/* Text for one line of an error or log: control characters become blanks, cut at max bytes on a character
 * border. */
void ldbx_buf_one_line(ldbx_buf *buf, ldbx_view text, size_t max);
/* The same for text of several lines: line feeds stay. Both write invalid UTF-8 as U+FFFD. */
void ldbx_buf_lines(ldbx_buf *buf, ldbx_view text, size_t max);

#endif
