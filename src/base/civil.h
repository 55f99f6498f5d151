/* Dates and timestamps of the proleptic Gregorian calendar, microseconds since 1970-01-01T00:00:00. */
#ifndef LDBX_BASE_CIVIL_H
#define LDBX_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include <lytics_dbx/types.h>

#define LDBX_US_PER_SECOND INT64_C(1000000)
#define LDBX_US_PER_DAY    INT64_C(86400000000)

typedef struct ldbx_civil {
    int64_t year;
    int month, day, hour, minute, second, micro;
} ldbx_civil;

int64_t ldbx_days_from_civil(int64_t year, int month, int day);
ldbx_civil ldbx_civil_from_us(int64_t us);

/* Seconds ('s'), milli- ('m'), micro- ('u') or nanoseconds ('n') as microseconds, cut towards the past; false: out of their range. */
bool ldbx_us_from_unit(int64_t value, char unit, int64_t *us);

/* "yyyy-mm-dd"; years above 9999 and below 0 keep all their digits, the latter with a minus. Returns the
 * length; out holds 32 bytes. */
size_t ldbx_format_date(char *out, int64_t days);
/* "yyyy-mm-ddThh:mm:ss.ffffff" and, with utc, "Z". Returns the length; out holds 48 bytes. */
size_t ldbx_format_timestamp(char *out, int64_t us, bool utc);

/*
 * "yyyy-mm-dd", "yyyy-mm-dd hh:mm[:ss[.f{1,9}]]" with blank or T between, and optionally Z or +hh:mm behind;
 * nanoseconds are cut towards the past. A sign before the year and more than four digits are read. The whole
 * text must match and be a real date.
 */
bool ldbx_parse_timestamp(ldbx_view text, int64_t *us);

#endif
