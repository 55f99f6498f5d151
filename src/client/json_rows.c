#include "client/json_rows.h"

#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/str.h"

#define LONGEST_SCALAR 112 /* a decimal of 96 bytes, quotes and room for a NUL */
#define MAX_JSON_DEPTH 128 /* of a nested type that came as text; native ones are bounded by wire/ */

static size_t put_word(char *out, const char *word)
{
    size_t size = strlen(word);

    memcpy(out, word, size);
    return size;
}

static size_t put_real(const ldbx_cells *cells, int64_t row, char *out)
{
    double value = 0;
    bool quoted;
    size_t size = 0;

    ldbx_cell_real(cells, row, &value);
    quoted = !isfinite(value);
    if (quoted)
        out[size++] = '"';
    if (cells->layout == LDBX_LAYOUT_FLOAT)
        size += ldbx_format_float(out + size, (float)value);
    else
        size += ldbx_format_double(out + size, value);
    if (quoted)
        out[size++] = '"';
    return size;
}

static size_t put_date(char *out, int64_t days)
{
    size_t size = 1 + ldbx_format_date(out + 1, days);

    out[0] = '"';
    out[size++] = '"';
    return size;
}

static size_t put_time(char *out, int64_t us, bool utc)
{
    size_t size = 1 + ldbx_format_timestamp(out + 1, us, utc);

    out[0] = '"';
    out[size++] = '"';
    return size;
}

/* Only units that Spark never uses can be out of the range of microseconds; such a value stays its number. */
static size_t put_timestamp(const ldbx_field *field, int64_t value, char *out)
{
    int64_t us;

    if (!ldbx_us_from_unit(value, field->format.unit, &us))
        return ldbx_format_int64(out, value);
    return put_time(out, us, field->type != LDBX_TYPE_TIMESTAMP_NTZ);
}

/* "1-2" and "-1-2": years and months, as Spark writes them. */
static size_t put_months(char *out, int64_t months)
{
    size_t size = 0;

    out[size++] = '"';
    if (months < 0)
        out[size++] = '-';
    months = months < 0 ? -months : months; /* of 32 bits */
    size += ldbx_format_int64(out + size, months / 12);
    out[size++] = '-';
    size += ldbx_format_int64(out + size, months % 12);
    out[size++] = '"';
    return size;
}

static size_t put_digits(char *out, uint64_t value, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return count;
}

/* "3 04:30:20.123000000" and with a minus: days and time, with the nine digits that Spark writes. */
static size_t put_duration(const ldbx_field *field, int64_t value, char *out)
{
    int64_t us;
    uint64_t rest, seconds;
    size_t size = 0;

    if (!ldbx_us_from_unit(value, field->format.unit, &us))
        return ldbx_format_int64(out, value);
    rest = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    seconds = rest / LDBX_US_PER_SECOND % 86400;
    out[size++] = '"';
    if (us < 0)
        out[size++] = '-';
    size += ldbx_format_int64(out + size, (int64_t)(rest / LDBX_US_PER_DAY));
    out[size++] = ' ';
    size += put_digits(out + size, seconds / 3600, 2);
    out[size++] = ':';
    size += put_digits(out + size, seconds / 60 % 60, 2);
    out[size++] = ':';
    size += put_digits(out + size, seconds % 60, 2);
    out[size++] = '.';
    size += put_digits(out + size, rest % LDBX_US_PER_SECOND * 1000, 9);
    out[size++] = '"';
    return size;
}

/* Spark has no unsigned integers, so this one may take the long way. */
static size_t put_uint64(const ldbx_cells *cells, int64_t row, char *out)
{
    uint64_t value = ((const uint64_t *)cells->values)[row + cells->offset];
    uint8_t wide[16] = {0};

    for (size_t i = 0; i < sizeof value; i++)
        wide[i] = (uint8_t)(value >> 8 * i);
    return ldbx_format_decimal128(out, wide, 0);
}

/* A cell of bounded length as JSON; 0: a layout of any length. out holds LONGEST_SCALAR bytes. */
static size_t put_scalar(const ldbx_cells *cells, int64_t row, char *out)
{
    int64_t value = 0;

    if (ldbx_cell_integer(cells, row, &value)) {
        switch (cells->layout) {
        case LDBX_LAYOUT_BOOL:
            return put_word(out, value ? "true" : "false");
        case LDBX_LAYOUT_DATE32:
            return put_date(out, value);
        case LDBX_LAYOUT_TIMESTAMP:
            return put_timestamp(cells->field, value, out);
        case LDBX_LAYOUT_MONTHS:
            return put_months(out, value);
        case LDBX_LAYOUT_DURATION:
            return put_duration(cells->field, value, out);
        default:
            return ldbx_format_int64(out, value);
        }
    }
    switch (cells->layout) {
    case LDBX_LAYOUT_FLOAT:
    case LDBX_LAYOUT_DOUBLE:
        return put_real(cells, row, out);
    case LDBX_LAYOUT_DECIMAL128:
        return ldbx_format_decimal128(out, (const uint8_t *)cells->values + 16 * (row + cells->offset),
                                      cells->field->format.scale);
    case LDBX_LAYOUT_UINT64:
        return put_uint64(cells, row, out);
    default:
        return 0;
    }
}

/* Text that came in place of a typed cell. */

typedef struct scan {
    const char *at;
    const char *end;
} scan;

static bool skip_char(scan *in, char wanted)
{
    if (in->at == in->end || *in->at != wanted)
        return false;
    in->at++;
    return true;
}

static void skip_blanks(scan *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
        in->at++;
}

static bool skip_digits(scan *in)
{
    const char *begin = in->at;

    while (in->at < in->end && *in->at >= '0' && *in->at <= '9')
        in->at++;
    return in->at > begin;
}

static bool skip_number(scan *in)
{
    skip_char(in, '-');
    if (!skip_char(in, '0') && !skip_digits(in))
        return false;
    if (skip_char(in, '.') && !skip_digits(in))
        return false;
    if (!skip_char(in, 'e') && !skip_char(in, 'E'))
        return true;
    if (!skip_char(in, '-'))
        skip_char(in, '+');
    return skip_digits(in);
}

static bool skip_escape(scan *in)
{
    if (in->at == in->end || strchr("\"\\/bfnrtu", *in->at) == NULL || *in->at == '\0')
        return false;
    if (*in->at++ != 'u')
        return true;
    for (int i = 0; i < 4; i++, in->at++)
        if (in->at == in->end || *in->at == '\0' || strchr("0123456789abcdefABCDEF", *in->at) == NULL)
            return false;
    return true;
}

static bool skip_string(scan *in)
{
    if (!skip_char(in, '"'))
        return false;
    while (in->at < in->end && *in->at != '"') {
        if ((unsigned char)*in->at < ' ')
            return false;
        if (*in->at++ == '\\' && !skip_escape(in))
            return false;
    }
    return skip_char(in, '"');
}

static bool skip_word(scan *in, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(in->end - in->at) < size || memcmp(in->at, word, size) != 0)
        return false;
    in->at += size;
    return true;
}

static bool skip_value(scan *in, int depth);

/* The elements of an array or the members of an object, with the bracket that ends them. */
static bool skip_elements(scan *in, char bracket, int depth)
{
    skip_blanks(in);
    if (skip_char(in, bracket))
        return true;
    do {
        skip_blanks(in);
        if (bracket == '}') {
            if (!skip_string(in))
                return false;
            skip_blanks(in);
            if (!skip_char(in, ':'))
                return false;
            skip_blanks(in);
        }
        if (!skip_value(in, depth))
            return false;
        skip_blanks(in);
    } while (skip_char(in, ','));
    return skip_char(in, bracket);
}

static bool skip_value(scan *in, int depth)
{
    if (in->at == in->end || depth == 0)
        return false;
    switch (*in->at) {
    case '{':
    case '[':
        return skip_elements(in, *in->at++ == '{' ? '}' : ']', depth - 1);
    case '"':
        return skip_string(in);
    case 't':
        return skip_word(in, "true");
    case 'f':
        return skip_word(in, "false");
    case 'n':
        return skip_word(in, "null");
    default:
        return skip_number(in);
    }
}

static bool is_number(ldbx_view text)
{
    scan in = {text.data, text.data + text.size};

    return skip_number(&in) && in.at == in.end;
}

static bool is_json(ldbx_view text)
{
    scan in = {text.data, text.data + text.size};

    skip_blanks(&in);
    if (!skip_value(&in, MAX_JSON_DEPTH))
        return false;
    skip_blanks(&in);
    return in.at == in.end && ldbx_utf8_valid(text);
}

/* A row is one line. In valid JSON a line end stands between tokens only, so it can go. */
static void put_json(ldbx_buf *out, ldbx_view json)
{
    const char *end = json.data + json.size;

    for (const char *at = json.data; at < end; at++) {
        const char *begin = at;
        while (at < end && *at != '\n' && *at != '\r')
            at++;
        ldbx_buf_append(out, begin, (size_t)(at - begin));
    }
}

/* A DATE, TIMESTAMP or TIMESTAMP_NTZ as JSON; 0: it is none. */
static size_t put_time_text(ldbx_type type, ldbx_view text, char *out)
{
    int64_t us;

    if (!ldbx_parse_timestamp(text, &us))
        return 0;
    if (type == LDBX_TYPE_DATE)
        return put_date(out, us / LDBX_US_PER_DAY - (us % LDBX_US_PER_DAY < 0));
    return put_time(out, us, type == LDBX_TYPE_TIMESTAMP);
}

static bool is_time(ldbx_type type)
{
    return type == LDBX_TYPE_DATE || type == LDBX_TYPE_TIMESTAMP || type == LDBX_TYPE_TIMESTAMP_NTZ;
}

static void put_text(ldbx_type type, ldbx_view text, ldbx_buf *out)
{
    char time[LONGEST_SCALAR];
    size_t size = 0;

    switch (type) {
    case LDBX_TYPE_DATE:
    case LDBX_TYPE_TIMESTAMP:
    case LDBX_TYPE_TIMESTAMP_NTZ:
        size = put_time_text(type, text, time);
        if (size > 0)
            ldbx_buf_append(out, time, size);
        else
            ldbx_buf_json_string(out, text);
        return;
    case LDBX_TYPE_DECIMAL:
        if (is_number(text))
            ldbx_buf_view(out, text);
        else
            ldbx_buf_json_string(out, text);
        return;
    case LDBX_TYPE_ARRAY:
    case LDBX_TYPE_MAP:
    case LDBX_TYPE_STRUCT:
        if (is_json(text))
            put_json(out, text);
        else
            ldbx_buf_json_string(out, text);
        return;
    default:
        ldbx_buf_json_string(out, text);
    }
}

static void put_list(const ldbx_cells *cells, int64_t row, ldbx_buf *out)
{
    ldbx_cells items = ldbx_cells_of(&cells->field->children[0], cells->array->children[0], 0);
    int64_t begin, end;

    ldbx_cell_span(cells, row, &begin, &end);
    ldbx_buf_byte(out, '[');
    for (int64_t i = begin; i < end; i++) {
        if (i > begin)
            ldbx_buf_byte(out, ',');
        ldbx_json_cell(&items, i, out);
    }
    ldbx_buf_byte(out, ']');
}

static void put_struct(const ldbx_cells *cells, int64_t row, ldbx_buf *out)
{
    const ldbx_field *field = cells->field;

    ldbx_buf_byte(out, '{');
    for (size_t i = 0; i < field->child_count; i++) {
        ldbx_cells member = ldbx_cells_of(&field->children[i], cells->array->children[i], cells->offset);
        if (i > 0)
            ldbx_buf_byte(out, ',');
        ldbx_buf_append(out, field->children[i].name_json, field->children[i].name_json_size);
        ldbx_json_cell(&member, row, out);
    }
    ldbx_buf_byte(out, '}');
}

/* Makes a text of the JSON value from `begin` on, which is not one yet: a number, a boolean, or a nested key.
 */
static void quote_from(ldbx_buf *out, size_t begin)
{
    size_t size = out->size - begin;
    uint8_t first = out->data[begin];
    ldbx_buf copy;

    if (first != '[' && first != '{') { /* has nothing to escape */
        ldbx_buf_append(out, "\"\"", 2);
        if (out->failed)
            return;
        memmove(out->data + begin + 1, out->data + begin, size);
        out->data[begin] = '"';
        return;
    }
    ldbx_buf_init(&copy, size);
    ldbx_buf_append(&copy, out->data + begin, size);
    out->failed = copy.failed;
    out->size = begin;
    ldbx_buf_json_string(out, ldbx_buf_get(&copy));
    ldbx_buf_clear(&copy);
}

static void put_key(const ldbx_cells *cells, int64_t row, ldbx_buf *out)
{
    size_t begin = out->size;

    ldbx_json_cell(cells, row, out);
    if (!out->failed && out->data[begin] != '"')
        quote_from(out, begin);
}

static void put_map(const ldbx_cells *cells, int64_t row, ldbx_buf *out)
{
    const ldbx_field *entry = &cells->field->children[0];
    const struct ArrowArray *entries = cells->array->children[0];
    ldbx_cells keys = ldbx_cells_of(&entry->children[0], entries->children[0], entries->offset);
    ldbx_cells values = ldbx_cells_of(&entry->children[1], entries->children[1], entries->offset);
    int64_t begin, end;

    ldbx_cell_span(cells, row, &begin, &end);
    ldbx_buf_byte(out, '{');
    for (int64_t i = begin; i < end; i++) {
        if (i > begin)
            ldbx_buf_byte(out, ',');
        put_key(&keys, i, out);
        ldbx_buf_byte(out, ':');
        ldbx_json_cell(&values, i, out);
    }
    ldbx_buf_byte(out, '}');
}

/* A cell of any length. */
static void put_long(const ldbx_cells *cells, int64_t row, ldbx_buf *out)
{
    ldbx_view bytes;

    switch (cells->layout) {
    case LDBX_LAYOUT_TEXT:
    case LDBX_LAYOUT_LARGE_TEXT:
        put_text(cells->field->type, ldbx_cell_bytes(cells, row), out);
        return;
    case LDBX_LAYOUT_BINARY:
    case LDBX_LAYOUT_LARGE_BINARY:
        bytes = ldbx_cell_bytes(cells, row);
        ldbx_buf_byte(out, '"');
        ldbx_buf_base64(out, (const uint8_t *)bytes.data, bytes.size);
        ldbx_buf_byte(out, '"');
        return;
    case LDBX_LAYOUT_STRUCT:
        put_struct(cells, row, out);
        return;
    case LDBX_LAYOUT_MAP:
        put_map(cells, row, out);
        return;
    default:
        put_list(cells, row, out);
    }
}

/* Into LONGEST_SCALAR bytes that are reserved, as far as they suffice. */
static void put_value(const ldbx_cells *cells, int64_t row, bool null, ldbx_buf *out)
{
    char *to = (char *)out->data + out->size;
    size_t size = null ? put_word(to, "null") : put_scalar(cells, row, to);

    if (size > 0)
        out->size += size;
    else
        put_long(cells, row, out);
}

void ldbx_json_cell(const ldbx_cells *cells, int64_t row, ldbx_buf *out)
{
    if (ldbx_buf_reserve(out, LONGEST_SCALAR) != NULL)
        put_value(cells, row, ldbx_cell_is_null(cells, row), out);
}

/* In blocks: a name is short, and a call of memcpy() would cost more than it copies. The place is larger by the value that follows. */
static void put_name(uint8_t *to, const ldbx_field *field)
{
    for (size_t i = 0; i < field->name_json_size; i += LDBX_NAME_PAD)
        memcpy(to + i, field->name_json + i, LDBX_NAME_PAD);
}

/* One reservation a column, for its name and, as a rule, its value. */
void ldbx_json_row(const ldbx_cells *columns, size_t count, int64_t row, bool skip_nulls, ldbx_buf *out)
{
    char before = '{';

    for (size_t i = 0; i < count; i++) {
        const ldbx_field *field = columns[i].field;
        bool null = ldbx_cell_is_null(&columns[i], row);
        uint8_t *to;

        if (null && skip_nulls)
            continue;
        to = ldbx_buf_reserve(out, 1 + field->name_json_size + LONGEST_SCALAR);
        if (to == NULL)
            return;
        *to = (uint8_t)before;
        put_name(to + 1, field);
        out->size += 1 + field->name_json_size;
        before = ',';
        put_value(&columns[i], row, null, out);
    }
    ldbx_buf_str(out, before == '{' ? "{}" : "}");
}

void ldbx_text_cell(const ldbx_cells *cells, int64_t row, ldbx_buf *out)
{
    ldbx_type type = cells->field->type;
    char scalar[LONGEST_SCALAR];
    size_t size;
    ldbx_view text;

    if (ldbx_cell_is_null(cells, row))
        return;
    size = put_scalar(cells, row, scalar);
    if (size == 0 && ldbx_layout_is_text(cells->layout)) {
        text = ldbx_cell_bytes(cells, row);
        size = is_time(type) ? put_time_text(type, text, scalar) : 0;
        if (size == 0)
            ldbx_buf_view(out, text);
    } else if (size == 0 && ldbx_layout_is_binary(cells->layout)) {
        text = ldbx_cell_bytes(cells, row);
        ldbx_buf_base64(out, (const uint8_t *)text.data, text.size);
    } else if (size == 0) {
        put_long(cells, row, out);
    }
    if (size > 0 && scalar[0] == '"')
        ldbx_buf_append(out, scalar + 1, size - 2);
    else if (size > 0)
        ldbx_buf_append(out, scalar, size);
}

bool ldbx_time_cell(const ldbx_cells *cells, int64_t row, int64_t *us)
{
    int64_t value = 0;

    if (ldbx_cell_is_null(cells, row))
        return false;
    if (cells->layout == LDBX_LAYOUT_DATE32)
        return ldbx_cell_integer(cells, row, &value) && !__builtin_mul_overflow(value, LDBX_US_PER_DAY, us);
    if (cells->layout == LDBX_LAYOUT_TIMESTAMP)
        return ldbx_cell_integer(cells, row, &value) && ldbx_us_from_unit(value, cells->field->format.unit, us);
    return ldbx_layout_is_text(cells->layout) && is_time(cells->field->type) &&
           ldbx_parse_timestamp(ldbx_cell_bytes(cells, row), us);
}
