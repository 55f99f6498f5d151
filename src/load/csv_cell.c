#include "load/csv_cell.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/str.h"
#include "base/word.h"
#include "wire/arrow_array.h"

#define FIRST_DAY INT64_C(-719162) /* 0001-01-01 */
#define LAST_DAY  INT64_C(2932896) /* 9999-12-31 */
#define FIRST_US  (FIRST_DAY * LDBX_US_PER_DAY)
#define LAST_US   ((LAST_DAY + 1) * LDBX_US_PER_DAY - 1)

static const struct {
    const char *name;
    ldbx_type type;
    int64_t low, high;
} types[] = {
    {"BOOLEAN", LDBX_TYPE_BOOLEAN, 0, 1},
    {"TINYINT", LDBX_TYPE_TINYINT, INT8_MIN, INT8_MAX},
    {"SMALLINT", LDBX_TYPE_SMALLINT, INT16_MIN, INT16_MAX},
    {"INT", LDBX_TYPE_INT, INT32_MIN, INT32_MAX},
    {"BIGINT", LDBX_TYPE_BIGINT, INT64_MIN, INT64_MAX},
    {"FLOAT", LDBX_TYPE_FLOAT, 0, 0},
    {"DOUBLE", LDBX_TYPE_DOUBLE, 0, 0},
    {"STRING", LDBX_TYPE_STRING, 0, 0},
    {"BINARY", LDBX_TYPE_BINARY, 0, 0},
    {"DATE", LDBX_TYPE_DATE, FIRST_DAY, LAST_DAY},
    {"TIMESTAMP", LDBX_TYPE_TIMESTAMP, FIRST_US, LAST_US},
    {"TIMESTAMP_NTZ", LDBX_TYPE_TIMESTAMP_NTZ, FIRST_US, LAST_US},
};

/* "(10,2)", "(10)" or nothing, which is (10,0). */
static bool parse_precision(ldbx_view text, ldbx_csv_column *out)
{
    int64_t precision = 10, scale = 0;
    int64_t comma;

    if (text.size > 0) {
        if (text.size < 3 || text.data[0] != '(' || text.data[text.size - 1] != ')')
            return false;
        text = (ldbx_view){text.data + 1, text.size - 2};
        comma = ldbx_view_find(text, ",");
        if (comma >= 0) {
            ldbx_view behind = {text.data + comma + 1, text.size - (size_t)comma - 1};
            if (!ldbx_parse_int64(ldbx_view_trim(behind), 0, 38, &scale))
                return false;
            text.size = (size_t)comma;
        }
        if (!ldbx_parse_int64(ldbx_view_trim(text), 1, 38, &precision))
            return false;
    }
    out->type = LDBX_TYPE_DECIMAL;
    out->precision = (int)precision;
    out->scale = (int)scale;
    snprintf(out->type_name, sizeof out->type_name, "DECIMAL(%d,%d)", out->precision, out->scale);
    return scale <= precision;
}

bool ldbx_csv_type_parse(ldbx_view text, ldbx_csv_column *out)
{
    const size_t word = strlen("DECIMAL");

    text = ldbx_view_trim(text);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!ldbx_view_ieq(text, types[i].name))
            continue;
        out->type = types[i].type;
        out->low = types[i].low;
        out->high = types[i].high;
        snprintf(out->type_name, sizeof out->type_name, "%s", types[i].name);
        return true;
    }
    if (text.size < word || !ldbx_view_ieq((ldbx_view){text.data, word}, "DECIMAL"))
        return false;
    return parse_precision(ldbx_view_trim((ldbx_view){text.data + word, text.size - word}), out);
}

uint8_t *ldbx_csv_put_integer(const ldbx_csv_column *column, int64_t value, uint8_t *to)
{
    char *out = (char *)to;

    if (value < column->low || value > column->high)
        return NULL;
    switch (column->type) {
    case LDBX_TYPE_BOOLEAN:
        memcpy(to, value ? "true" : "false", 5);
        return to + 5 - value;
    case LDBX_TYPE_DATE:
        return to + ldbx_format_date(out, value);
    case LDBX_TYPE_TIMESTAMP:
        return to + ldbx_format_timestamp(out, value, true);
    case LDBX_TYPE_TIMESTAMP_NTZ:
        return to + ldbx_format_timestamp(out, value, false);
    default:
        return to + ldbx_format_int64(out, value);
    }
}

static uint8_t *put_float(float value, uint8_t *to)
{
    return to + ldbx_format_float((char *)to, value);
}

uint8_t *ldbx_csv_put_real(const ldbx_csv_column *column, double value, uint8_t *to)
{
    if (column->type == LDBX_TYPE_DOUBLE)
        return to + ldbx_format_double((char *)to, value);
    if (isfinite(value) && isinf((float)value))
        return NULL;
    return put_float((float)value, to);
}

uint8_t *ldbx_csv_put_decimal(const ldbx_csv_column *column, const uint8_t bytes[16], int64_t scale, uint8_t *to)
{
    uint8_t exact[16];

    memcpy(exact, bytes, sizeof exact);
    if (!ldbx_rescale_decimal128(exact, scale, column->scale, column->precision))
        return NULL;
    return to + ldbx_format_decimal128((char *)to, exact, column->scale);
}

/* "12.50" and "1.25e1". */
static uint8_t *put_decimal_text(const ldbx_csv_column *column, ldbx_view text, uint8_t *to)
{
    uint8_t bytes[16];
    int64_t exponent = 0;
    int scale;
    size_t at = 0;

    while (at < text.size && text.data[at] != 'e' && text.data[at] != 'E')
        at++;
    if (at < text.size) {
        ldbx_view behind = {text.data + at + 1, text.size - at - 1};
        if (behind.size > 1 && behind.data[0] == '+' && behind.data[1] != '-')
            behind = (ldbx_view){behind.data + 1, behind.size - 1};
        if (!ldbx_parse_int64(behind, -999, 999, &exponent))
            return NULL;
    }
    if (!ldbx_parse_decimal128((ldbx_view){text.data, at}, bytes, &scale))
        return NULL;
    return ldbx_csv_put_decimal(column, bytes, scale - exponent, to);
}

static uint8_t *put_boolean_text(ldbx_view text, uint8_t *to)
{
    const char *word = ldbx_view_ieq(text, "true") ? "true" : "false";

    if (!ldbx_view_ieq(text, word))
        return NULL;
    memcpy(to, word, text.size);
    return to + text.size;
}

static bool names_zone(ldbx_view text)
{
    const size_t shortest = strlen("2024-02-29 12:34+00:00");

    if (text.size == 0 || text.data[text.size - 1] == 'Z')
        return text.size > 0;
    return text.size >= shortest && (text.data[text.size - 6] == '+' || text.data[text.size - 6] == '-');
}

static uint8_t *put_time_text(const ldbx_csv_column *column, ldbx_view text, uint8_t *to)
{
    const bool is_date = column->type == LDBX_TYPE_DATE;
    int64_t us;

    if (!ldbx_parse_timestamp(text, &us) || (is_date && text.size != strlen("2024-02-29")))
        return NULL;
    if (column->type == LDBX_TYPE_TIMESTAMP_NTZ && names_zone(text))
        return NULL;
    if (is_date) /* of midnight: without a rest, also before 1970 */
        us /= LDBX_US_PER_DAY;
    return ldbx_csv_put_integer(column, us, to);
}

static uint8_t *put_text(const ldbx_csv_column *column, ldbx_view text, uint8_t *to)
{
    int64_t integer;
    double real;
    float shorter;

    switch (column->type) {
    case LDBX_TYPE_BOOLEAN:
        return put_boolean_text(text, to);
    case LDBX_TYPE_FLOAT:
        return ldbx_parse_float(text, &shorter) ? put_float(shorter, to) : NULL;
    case LDBX_TYPE_DOUBLE:
        return ldbx_parse_double(text, &real) ? ldbx_csv_put_real(column, real, to) : NULL;
    case LDBX_TYPE_DECIMAL:
        return put_decimal_text(column, text, to);
    case LDBX_TYPE_DATE:
    case LDBX_TYPE_TIMESTAMP:
    case LDBX_TYPE_TIMESTAMP_NTZ:
        return put_time_text(column, text, to);
    default:
        return ldbx_parse_int64(text, column->low, column->high, &integer) ? ldbx_csv_put_integer(column, integer, to)
                                                                           : NULL;
    }
}

/* What a text is made of: high bits of bytes, gathered over its words. */
typedef struct findings {
    uint64_t quoting; /* a comma, a quote or a control character (among them the line ends) */
    uint64_t bytes;   /* one that is not ASCII */
} findings;

static inline void find(findings *found, uint64_t word)
{
    found->quoting |= ldbx_word_below(word, ' ') | ldbx_word_has(word, ',') | ldbx_word_has(word, '"');
    found->bytes |= word & LDBX_WORD_HIGHS;
}

/* A text of less than eight bytes as a word, its bytes in any order and several times, so that all of them are seen. */
static inline uint64_t short_word(const uint8_t *from, size_t size)
{
    uint32_t first, last;

    if (size < 4) {
        uint64_t bytes = from[0] | (uint64_t)from[size / 2] << 8 | (uint64_t)from[size - 1] << 16;
        return bytes | LDBX_WORD_ONES * 'x' << 24;
    }
    memcpy(&first, from, sizeof first);
    memcpy(&last, from + size - sizeof last, sizeof last);
    return first | (uint64_t)last << 32;
}

/* Copies a text of at least one byte as it is, looking at it; the last word overlaps the one before. */
static findings copy_text(uint8_t *to, const uint8_t *from, size_t size)
{
    findings found = {0};
    uint64_t word;

    if (size < sizeof word) {
        find(&found, short_word(from, size));
        for (size_t i = 0; i < size; i++)
            to[i] = from[i];
        return found;
    }
    for (size_t at = 0; at + sizeof word < size; at += sizeof word) {
        word = ldbx_word_load(from + at);
        memcpy(to + at, &word, sizeof word);
        find(&found, word);
    }
    word = ldbx_word_load(from + size - sizeof word);
    memcpy(to + size - sizeof word, &word, sizeof word);
    find(&found, word);
    return found;
}

/* Words without a quote are copied as they are. */
static uint8_t *put_quoted(ldbx_view text, uint8_t *to)
{
    const uint8_t *at = (const uint8_t *)text.data;
    const uint8_t *end = at + text.size;

    *to++ = '"';
    while (at < end) {
        if (end - at >= 8) {
            uint64_t word = ldbx_word_load(at);
            if (ldbx_word_has(word, '"') == 0) {
                memcpy(to, &word, sizeof word);
                to += sizeof word;
                at += sizeof word;
                continue;
            }
        }
        *to++ = *at;
        if (*at++ == '"')
            *to++ = '"';
    }
    *to++ = '"';
    return to;
}

static bool is_sentinel(const ldbx_csv *csv, ldbx_view text)
{
    return text.size == csv->null_value.size && memcmp(text.data, csv->null_value.data, text.size) == 0;
}

static uint8_t *put_empty(ldbx_csv *csv, uint8_t *to)
{
    if (csv->inferred) {
        csv->empty_as_null++;
        return ldbx_csv_put_null(csv, to);
    }
    memcpy(to, "\"\"", 2);
    return to + 2;
}

static size_t count_digits(ldbx_view text, size_t from)
{
    size_t count = 0;

    while (from + count < text.size && text.data[from + count] >= '0' && text.data[from + count] <= '9')
        count++;
    return count;
}

/* What becomes of a text in a column that turns out to be of numbers: "00501", "+49", "1e5" and "1.50" are not written so again. */
static unsigned look_at_text(ldbx_view text)
{
    const size_t sign = text.data[0] == '+' || text.data[0] == '-';
    const size_t whole = count_digits(text, sign);
    size_t at = sign + whole, fraction = 0;
    bool changed = text.data[0] == '+' || (whole > 1 && text.data[sign] == '0');

    if (at < text.size && text.data[at] == '.') {
        fraction = count_digits(text, at + 1);
        at += 1 + fraction;
        changed |= whole == 0 || fraction == 0 || (fraction > 1 && text.data[at - 1] == '0');
    }
    if (whole + fraction > 0 && at < text.size && (text.data[at] | 0x20) == 'e') {
        const size_t begin = at + 1 + (at + 1 < text.size && (text.data[at + 1] == '+' || text.data[at + 1] == '-'));
        at = begin + count_digits(text, begin);
        changed = true;
        if (at == begin)
            return LDBX_CSV_TEXT_PLAIN;
    }
    if (at < text.size || whole + fraction == 0)
        return LDBX_CSV_TEXT_PLAIN;
    return changed ? LDBX_CSV_TEXT_CHANGED : 0;
}

static uint8_t *put_string(ldbx_csv *csv, const ldbx_csv_column *column, ldbx_view text, uint8_t *to)
{
    unsigned *texts = &csv->columns[column - csv->columns].texts;
    findings found;

    if (text.size == 0)
        return put_empty(csv, to);
    if (csv->inferred && (*texts & LDBX_CSV_TEXT_PLAIN) == 0)
        *texts |= look_at_text(text);
    found = copy_text(to, (const uint8_t *)text.data, text.size);
    if ((found.bytes != 0 && !ldbx_utf8_valid(text)) || is_sentinel(csv, text))
        return NULL;
    return found.quoting != 0 ? put_quoted(text, to) : to + text.size;
}

static uint8_t *put_binary(ldbx_csv *csv, ldbx_view bytes, uint8_t *to)
{
    if (bytes.size == 0)
        return put_empty(csv, to);
    return to + ldbx_format_base64((char *)to, (const uint8_t *)bytes.data, bytes.size);
}

uint8_t *ldbx_csv_put_bytes(ldbx_csv *csv, const ldbx_csv_column *column, ldbx_view bytes, uint8_t *to)
{
    if (column->type == LDBX_TYPE_STRING)
        return put_string(csv, column, bytes, to);
    if (column->type == LDBX_TYPE_BINARY)
        return put_binary(csv, bytes, to);
    return put_text(column, bytes, to);
}

/* A byte order mark at the begin of a file is dropped by readers, so a name that begins with one is quoted. */
uint8_t *ldbx_csv_put_name(ldbx_view name, uint8_t *to)
{
    findings found = copy_text(to, (const uint8_t *)name.data, name.size);

    return found.quoting != 0 || ldbx_view_starts(name, "\xef\xbb\xbf") ? put_quoted(name, to) : to + name.size;
}

bool ldbx_csv_takes(const ldbx_csv_column *column, ldbx_value_kind kind)
{
    switch (kind) {
    case LDBX_VALUE_NULL:
    case LDBX_VALUE_BYTES:
        return true;
    case LDBX_VALUE_INTEGER:
        return column->low != column->high;
    case LDBX_VALUE_REAL:
        return column->type == LDBX_TYPE_FLOAT || column->type == LDBX_TYPE_DOUBLE;
    case LDBX_VALUE_DECIMAL:
        return column->type == LDBX_TYPE_DECIMAL;
    }
    return false;
}

static int fail(const ldbx_csv_column *column, const char *what, const char *type, ldbx_error **error)
{
    return ldbx_arrow_fail(error, LDBX_INVALID_DATA, ldbx_view_of(column->name), "%s%s", what, type);
}

/* What stands behind "no value of TYPE" where its form is easily missed. */
static const char *example_of(ldbx_type type)
{
    switch (type) {
    case LDBX_TYPE_DATE:
        return ", which is written like 2024-02-29";
    case LDBX_TYPE_TIMESTAMP:
        return ", which is written like 2024-02-29T12:34:56.123456Z";
    case LDBX_TYPE_TIMESTAMP_NTZ:
        return ", which is written like 2024-02-29T12:34:56.123456";
    default:
        return "";
    }
}

static int fail_bytes(const ldbx_csv_column *column, ldbx_view bytes, ldbx_error **error)
{
    if (column->type == LDBX_TYPE_STRING && ldbx_utf8_valid(bytes))
        return fail(column, "the text is the one that stands for NULL in this load", "", error);
    if (column->type == LDBX_TYPE_STRING)
        return fail(column, "the text is not valid UTF-8", "", error);
    return ldbx_arrow_fail(error, LDBX_INVALID_DATA, ldbx_view_of(column->name), "the text is no value of %s%s",
                           column->type_name, example_of(column->type));
}

int ldbx_csv_refuse(const ldbx_csv_column *column, ldbx_value_kind kind, ldbx_view bytes, ldbx_error **error)
{
    const bool takes = ldbx_csv_takes(column, kind);

    switch (kind) {
    case LDBX_VALUE_INTEGER:
        return fail(column, takes ? "the integer is outside the range of " : "an integer is no value of ",
                    column->type_name, error);
    case LDBX_VALUE_REAL:
        return fail(column, takes ? "the number is too large for " : "a floating-point number is no value of ",
                    column->type_name, error);
    case LDBX_VALUE_DECIMAL:
        return fail(column, takes ? "the number does not fit exactly into " : "a decimal is no value of ",
                    column->type_name, error);
    case LDBX_VALUE_BYTES:
        return fail_bytes(column, bytes, error);
    default:
        return fail(column, "there is no such kind of value", "", error);
    }
}
