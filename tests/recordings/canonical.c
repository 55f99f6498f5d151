#include "canonical.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT (((int64_t)1 << 53) - 1) /* integers up to it are exact in every JSON reader */

__extension__ typedef unsigned __int128 u128; /* not of ISO C */

static void put_cell(FILE *out, const struct ArrowSchema *field, const struct ArrowArray *array, int64_t row,
                     bool wide);

void canonical_string(FILE *out, const char *text, size_t size)
{
    static const char plain[] = "btn\0fr"; /* from \b to \r; \v has none */
    putc('"', out);
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c >= '\b' && c <= '\r' && c != '\v')
            fprintf(out, "\\%c", plain[c - '\b']);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            putc(c, out);
    }
    putc('"', out);
}

bool canonical_is_null(const struct ArrowSchema *field, const struct ArrowArray *array, int64_t row)
{
    const uint8_t *valid = array->n_buffers > 0 ? (const uint8_t *)array->buffers[0] : NULL;
    const int64_t at = row + array->offset;
    if (strcmp(field->format, "n") == 0)
        return true;
    return valid != NULL && !(valid[at / 8] >> (at % 8) & 1);
}

static void put_integer(FILE *out, int64_t value)
{
    const char *quote = value > EXACT || value < -EXACT ? "\"" : "";
    fprintf(out, "%s%" PRId64 "%s", quote, value, quote);
}

static void put_real(FILE *out, double value, int digits)
{
    if (isnan(value))
        fputs("\"NaN\"", out);
    else if (isinf(value))
        fputs(value > 0 ? "\"Infinity\"" : "\"-Infinity\"", out);
    else
        fprintf(out, "\"%.*g\"", digits, value);
}

static void put_decimal(FILE *out, const uint64_t halves[2], int scale)
{
    char digits[48];
    size_t at = sizeof digits;
    const bool negative = halves[1] >> 63;
    u128 value = (u128)halves[1] << 64 | halves[0];
    if (negative)
        value = -value;
    for (int n = 0; value > 0 || n <= scale; n++) {
        if (n > 0 && n == scale)
            digits[--at] = '.';
        digits[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    }
    fprintf(out, "\"%s%.*s\"", negative ? "-" : "", (int)(sizeof digits - at), digits + at);
}

/* Days since 1970 as a date of the proleptic Gregorian calendar, in years that begin in March. */
static void put_date(FILE *out, int64_t days)
{
    const int64_t from = days + 719468; /* 0000-03-01 */
    const int64_t era = (from >= 0 ? from : from - 146096) / 146097;
    const int64_t of_era = from - era * 146097;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int64_t month = (5 * of_year + 2) / 153;
    const int64_t shown = year + era * 400 + (month >= 10 ? 1 : 0);
    fprintf(out, "%s%04" PRId64 "-%02d-%02d", shown < 0 ? "-" : "", shown < 0 ? -shown : shown,
            (int)(month < 10 ? month + 3 : month - 9), (int)(of_year - (153 * month + 2) / 5 + 1));
}

static void put_timestamp(FILE *out, int64_t us, bool has_zone)
{
    const int64_t day = INT64_C(86400000000);
    const int64_t days = us / day - (us % day < 0 ? 1 : 0);
    const int64_t rest = us - days * day;
    const int seconds = (int)(rest / 1000000);
    putc('"', out);
    put_date(out, days);
    fprintf(out, "T%02d:%02d:%02d.%06d%s\"", seconds / 3600, seconds / 60 % 60, seconds % 60, (int)(rest % 1000000),
            has_zone ? "Z" : "");
}

/* Where the value of a row begins and ends: offsets of texts, lists and maps, of 4 or 8 bytes. */
static void range_of(const struct ArrowArray *array, int64_t at, bool large, int64_t *from, int64_t *to)
{
    const void *offsets = array->buffers[1];
    *from = large ? ((const int64_t *)offsets)[at] : ((const int32_t *)offsets)[at];
    *to = large ? ((const int64_t *)offsets)[at + 1] : ((const int32_t *)offsets)[at + 1];
}

static void put_bytes(FILE *out, const struct ArrowArray *array, int64_t at, bool large, bool binary)
{
    const char *data = (const char *)array->buffers[2];
    int64_t from, to;
    range_of(array, at, large, &from, &to);
    if (!binary) {
        canonical_string(out, data + from, (size_t)(to - from));
        return;
    }
    putc('"', out);
    for (int64_t i = from; i < to; i++)
        fprintf(out, "%02x", (unsigned char)data[i]);
    putc('"', out);
}

static void put_list(FILE *out, const struct ArrowSchema *field, const struct ArrowArray *array, int64_t at, bool large,
                     bool wide)
{
    int64_t from, to;
    range_of(array, at, large, &from, &to);
    putc('[', out);
    for (int64_t i = from; i < to; i++) {
        fputs(i > from ? "," : "", out);
        put_cell(out, field->children[0], array->children[0], i, wide);
    }
    putc(']', out);
}

static void put_map(FILE *out, const struct ArrowSchema *field, const struct ArrowArray *array, int64_t at, bool wide)
{
    const struct ArrowSchema *pair = field->children[0];
    const struct ArrowArray *pairs = array->children[0];
    int64_t from, to;
    range_of(array, at, false, &from, &to);
    putc('[', out);
    for (int64_t i = from; i < to; i++) {
        fputs(i > from ? ",[" : "[", out);
        put_cell(out, pair->children[0], pairs->children[0], i + pairs->offset, wide);
        putc(',', out);
        put_cell(out, pair->children[1], pairs->children[1], i + pairs->offset, wide);
        putc(']', out);
    }
    putc(']', out);
}

static void put_struct(FILE *out, const struct ArrowSchema *field, const struct ArrowArray *array, int64_t at,
                       bool wide)
{
    putc('{', out);
    for (int64_t i = 0; i < field->n_children; i++) {
        const char *name = field->children[i]->name;
        fputs(i > 0 ? "," : "", out);
        canonical_string(out, name, strlen(name));
        putc(':', out);
        put_cell(out, field->children[i], array->children[i], at, wide);
    }
    putc('}', out);
}

/* Formats that begin with a letter that says it all. */
static bool put_plain(FILE *out, const struct ArrowSchema *field, const struct ArrowArray *array, int64_t at, bool wide)
{
    const void *values = array->n_buffers > 1 ? array->buffers[1] : NULL;
    switch (field->format[0]) {
    case 'b':
        fputs(((const uint8_t *)values)[at / 8] >> (at % 8) & 1 ? "true" : "false", out);
        return true;
    case 'c':
        put_integer(out, ((const int8_t *)values)[at]);
        return true;
    case 's':
        put_integer(out, ((const int16_t *)values)[at]);
        return true;
    case 'i':
        put_integer(out, ((const int32_t *)values)[at]);
        return true;
    case 'l':
        put_integer(out, ((const int64_t *)values)[at]);
        return true;
    case 'f':
        put_real(out, ((const float *)values)[at], wide ? 17 : 9);
        return true;
    case 'g':
        put_real(out, ((const double *)values)[at], 17);
        return true;
    case 'u':
    case 'U':
        put_bytes(out, array, at, field->format[0] == 'U', false);
        return true;
    case 'z':
    case 'Z':
        put_bytes(out, array, at, field->format[0] == 'Z', true);
        return true;
    case 'd':
        put_decimal(out, (const uint64_t *)values + 2 * at, atoi(strchr(field->format, ',') + 1));
        return true;
    default:
        return false;
    }
}

static void put_cell(FILE *out, const struct ArrowSchema *field, const struct ArrowArray *array, int64_t row, bool wide)
{
    const char *format = field->format;
    const int64_t at = row + array->offset;
    if (canonical_is_null(field, array, row)) {
        fputs("null", out);
    } else if (strcmp(format, "tdD") == 0) {
        putc('"', out);
        put_date(out, ((const int32_t *)array->buffers[1])[at]);
        putc('"', out);
    } else if (strncmp(format, "tsu:", 4) == 0) {
        put_timestamp(out, ((const int64_t *)array->buffers[1])[at], format[4] != '\0');
    } else if (strcmp(format, "tDu") == 0) {
        fprintf(out, "%" PRId64, ((const int64_t *)array->buffers[1])[at]);
    } else if (strcmp(format, "tiM") == 0) {
        fprintf(out, "%" PRId32, ((const int32_t *)array->buffers[1])[at]);
    } else if (strcmp(format, "+l") == 0 || strcmp(format, "+L") == 0) {
        put_list(out, field, array, at, format[1] == 'L', wide);
    } else if (strcmp(format, "+m") == 0) {
        put_map(out, field, array, at, wide);
    } else if (strcmp(format, "+s") == 0) {
        put_struct(out, field, array, at, wide);
    } else if (!put_plain(out, field, array, at, wide)) {
        fprintf(stderr, "no canonical form for Arrow format %s\n", format);
        exit(1);
    }
}

void canonical_row(FILE *out, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row, bool wide)
{
    putc('[', out);
    for (int64_t i = 0; i < schema->n_children; i++) {
        fputs(i > 0 ? "," : "", out);
        put_cell(out, schema->children[i], array->children[i], row + array->offset, wide);
    }
    fputs("]\n", out);
}
