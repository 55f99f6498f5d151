#include "base/json_reader.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "base/word.h"

static int fail_at(const ldbx_json_reader *reader, const char *at, const char *what, ldbx_error **error)
{
    return ldbx_fail(error, LDBX_INVALID_DATA, "not valid JSON at byte %zu: %s", (size_t)(at - reader->start) + 1,
                     what);
}

/* What stands where something else should; the end gets a reason of its own. */
static int fail_expected(const ldbx_json_reader *reader, const char *what, ldbx_error **error)
{
    return fail_at(reader, reader->at, reader->at == reader->end ? "it ends too early" : what, error);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(ldbx_json_reader *reader)
{
    while (reader->at < reader->end && is_blank(*reader->at))
        reader->at++;
}

static bool take(ldbx_json_reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

/* High bits at quotes, backslashes and control characters of eight bytes: the lowest mark is right. */
static uint64_t specials(uint64_t word)
{
    return ldbx_word_below(word, ' ') | ldbx_word_has(word, '"') | ldbx_word_has(word, '\\');
}

/* The next quote, backslash or control character from `at` on, or the end. */
static const char *find_special(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t marks = specials(ldbx_word_load(at));
        if (marks != 0)
            return at + __builtin_ctzll(marks) / 8;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ')
        at++;
    return at;
}

/* The number of four hexadecimal digits, or -1. */
static int32_t read_hex(const char *at, const char *end)
{
    int32_t value = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = at[i] >= '0' && at[i] <= '9'   ? at[i] - '0'
                    : at[i] >= 'a' && at[i] <= 'f' ? at[i] - 'a' + 10
                    : at[i] >= 'A' && at[i] <= 'F' ? at[i] - 'A' + 10
                                                   : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The character of the \u at `at`, moved behind it, of two where they are surrogates; -1: no hexadecimal digits, -2: half a pair. */
static int32_t read_unicode(const char **at, const char *end)
{
    int32_t first = read_hex(*at + 2, end), second;

    if (first < 0)
        return -1;
    *at += 6;
    if (first < 0xD800 || first > 0xDFFF)
        return first;
    if (first > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return -2;
    second = read_hex(*at + 2, end);
    if (second < 0xDC00 || second > 0xDFFF)
        return -2;
    *at += 6;
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

/* Moves behind the escape at the reader's place. */
static int read_escape(ldbx_json_reader *reader, ldbx_error **error)
{
    const char *start = reader->at;
    int32_t character = 0;

    if (reader->end - start < 2)
        return fail_at(reader, reader->end, "it ends too early", error);
    if (start[1] == 'u')
        character = read_unicode(&reader->at, reader->end);
    else if (start[1] != '\0' && strchr("\"\\/bfnrt", start[1]) != NULL)
        reader->at += 2;
    else
        return fail_at(reader, start, "unknown escape", error);
    if (character == -1)
        return fail_at(reader, start, "four hexadecimal digits are expected behind \\u", error);
    return character < 0 ? fail_at(reader, start, "half of a surrogate pair", error) : LDBX_OK;
}

static int read_string(ldbx_json_reader *reader, ldbx_json_value *value, ldbx_error **error)
{
    const char *start = ++reader->at;

    value->kind = LDBX_JSON_STRING;
    value->escaped = false;
    for (;;) {
        reader->at = find_special(reader->at, reader->end);
        if (reader->at == reader->end)
            return fail_at(reader, reader->at, "a string is not closed", error);
        if (*reader->at == '"')
            break;
        if (*reader->at != '\\')
            return fail_at(reader, reader->at, "control character in a string", error);
        value->escaped = true;
        LDBX_TRY(read_escape(reader, error));
    }
    value->text = (ldbx_view){start, (size_t)(reader->at - start)};
    reader->at++;
    return LDBX_OK;
}

/* Digits at the reader's place; false: there is none. */
static bool skip_digits(ldbx_json_reader *reader)
{
    const char *start = reader->at;

    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return reader->at > start;
}

static int read_number(ldbx_json_reader *reader, ldbx_json_value *value, ldbx_error **error)
{
    const char *start = reader->at;
    bool fine;

    take(reader, '-');
    fine = take(reader, '0') || skip_digits(reader);
    if (fine && take(reader, '.'))
        fine = skip_digits(reader);
    if (fine && (take(reader, 'e') || take(reader, 'E'))) {
        if (!take(reader, '+'))
            take(reader, '-');
        fine = skip_digits(reader);
    }
    if (!fine)
        return fail_expected(reader, "a digit is expected", error);
    value->kind = LDBX_JSON_NUMBER;
    value->text = (ldbx_view){start, (size_t)(reader->at - start)};
    return LDBX_OK;
}

static int read_word(ldbx_json_reader *reader, const char *word, ldbx_json_kind kind, ldbx_json_value *value,
                     ldbx_error **error)
{
    ldbx_view rest = {reader->at, (size_t)(reader->end - reader->at)};

    if (!ldbx_view_starts(rest, word))
        return fail_expected(reader, "a value is expected", error);
    value->kind = kind;
    value->text = (ldbx_view){rest.data, strlen(word)};
    reader->at += value->text.size;
    return LDBX_OK;
}

static int read_nested(ldbx_json_reader *reader, ldbx_json_value *value, ldbx_error **error);

/* The value at the reader's place, moved behind it. */
static int read_value(ldbx_json_reader *reader, ldbx_json_value *value, ldbx_error **error)
{
    value->escaped = false;
    switch (reader->at < reader->end ? *reader->at : '\0') {
    case '"':
        return read_string(reader, value, error);
    case '{':
    case '[':
        return read_nested(reader, value, error);
    case 't':
        return read_word(reader, "true", LDBX_JSON_TRUE, value, error);
    case 'f':
        return read_word(reader, "false", LDBX_JSON_FALSE, value, error);
    case 'n':
        return read_word(reader, "null", LDBX_JSON_NULL, value, error);
    default:
        break;
    }
    if (reader->at < reader->end && (*reader->at == '-' || (*reader->at >= '0' && *reader->at <= '9')))
        return read_number(reader, value, error);
    return fail_expected(reader, "a value is expected", error);
}

/* Behind an opening bracket or a value: whether another value follows, or the closing bracket, which is taken. */
static int read_separator(ldbx_json_reader *reader, bool *more, ldbx_error **error)
{
    bool first = !reader->begun;

    reader->begun = true;
    skip_blanks(reader);
    *more = false;
    if (take(reader, reader->array ? ']' : '}'))
        return LDBX_OK;
    if (!first && !take(reader, ','))
        return fail_expected(reader, reader->array ? "a comma or ] is expected" : "a comma or } is expected", error);
    *more = true;
    skip_blanks(reader);
    return LDBX_OK;
}

static int read_name(ldbx_json_reader *reader, ldbx_json_value *name, ldbx_error **error)
{
    if (reader->at == reader->end || *reader->at != '"')
        return fail_expected(reader, "the name of a member is expected", error);
    LDBX_TRY(read_string(reader, name, error));
    skip_blanks(reader);
    if (!take(reader, ':'))
        return fail_expected(reader, "a colon is expected", error);
    skip_blanks(reader);
    return LDBX_OK;
}

/* One member or element; *more false: the end was there instead. */
static int read_item(ldbx_json_reader *reader, ldbx_json_value *name, ldbx_json_value *value, bool *more,
                     ldbx_error **error)
{
    LDBX_TRY(read_separator(reader, more, error));
    if (!*more)
        return LDBX_OK;
    if (!reader->array)
        LDBX_TRY(read_name(reader, name, error));
    return read_value(reader, value, error);
}

/* Recursion is bounded by LDBX_MAX_RECORD_DEPTH. */
static int read_nested(ldbx_json_reader *reader, ldbx_json_value *value, ldbx_error **error)
{
    ldbx_json_reader inner = *reader;
    ldbx_json_value name, item;
    bool more = true;

    if (reader->depth == LDBX_MAX_RECORD_DEPTH)
        return fail_at(reader, reader->at, "nested too deeply", error);
    inner.array = *inner.at++ == '[';
    inner.begun = false;
    inner.depth++;
    while (more)
        LDBX_TRY(read_item(&inner, &name, &item, &more, error));
    value->kind = inner.array ? LDBX_JSON_ARRAY : LDBX_JSON_OBJECT;
    value->text = (ldbx_view){reader->at, (size_t)(inner.at - reader->at)};
    reader->at = inner.at;
    return LDBX_OK;
}

int ldbx_json_reader_open(ldbx_json_reader *reader, ldbx_view record, ldbx_error **error)
{
    size_t valid = ldbx_utf8_valid_size(record);

    if (record.data == NULL)
        record.data = "";
    *reader = (ldbx_json_reader){.start = record.data, .at = record.data, .end = record.data + record.size, .depth = 1};
    if (valid < record.size)
        return fail_at(reader, record.data + valid, "not valid UTF-8", error);
    if (ldbx_view_starts(record, "\xef\xbb\xbf"))
        return fail_at(reader, record.data, "a byte order mark", error);
    skip_blanks(reader);
    if (!take(reader, '{'))
        return fail_expected(reader, "an object is expected", error);
    return LDBX_OK;
}

void ldbx_json_reader_enter(ldbx_json_reader *reader, const ldbx_json_value *value)
{
    *reader = (ldbx_json_reader){.start = value->text.data,
                                 .at = value->text.data + 1,
                                 .end = value->text.data + value->text.size,
                                 .depth = 1,
                                 .array = value->kind == LDBX_JSON_ARRAY};
}

int ldbx_json_reader_next(ldbx_json_reader *reader, ldbx_json_value *name, ldbx_json_value *value, ldbx_error **error)
{
    bool more;

    LDBX_TRY(read_item(reader, name, value, &more, error));
    if (more)
        return LDBX_OK;
    skip_blanks(reader);
    if (reader->at < reader->end)
        return fail_at(reader, reader->at, "something follows behind the object", error);
    return LDBX_DONE;
}

static char *put_utf8(char *to, int32_t character)
{
    if (character < 0x80) {
        *to++ = (char)character;
        return to;
    }
    if (character < 0x800) {
        *to++ = (char)(0xC0 | character >> 6);
    } else {
        if (character < 0x10000) {
            *to++ = (char)(0xE0 | character >> 12);
        } else {
            *to++ = (char)(0xF0 | character >> 18);
            *to++ = (char)(0x80 | (character >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (character >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (character & 0x3F));
    return to;
}

/* The escape at `at`, which is valid. */
static char *put_escape(char *to, const char **at, const char *end)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    char letter = (*at)[1];
    const char *found;

    if (letter == 'u')
        return put_utf8(to, read_unicode(at, end));
    found = strchr(letters, letter);
    *to++ = found != NULL ? meant[found - letters] : letter;
    *at += 2;
    return to;
}

ldbx_view ldbx_json_unescape(const ldbx_json_value *string, ldbx_buf *to)
{
    const char *at = string->text.data, *end = at + string->text.size;
    char *start, *put;

    if (!string->escaped)
        return string->text;
    start = put = (char *)ldbx_buf_reserve(to, string->text.size);
    if (start == NULL)
        return (ldbx_view){NULL, 0};
    while (at < end) {
        const char *stop = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((stop != NULL ? stop : end) - at);
        memcpy(put, at, plain);
        put += plain;
        at += plain;
        if (at < end)
            put = put_escape(put, &at, end);
    }
    to->size += (size_t)(put - start);
    return (ldbx_view){start, (size_t)(put - start)};
}

/* Behind the string that begins at `at`, which is valid. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; *at != '"'; at = find_special(at, end))
        at += *at == '\\' ? 2 : 0;
    return at + 1;
}

void ldbx_json_compact(ldbx_buf *to, const ldbx_json_value *value)
{
    const char *at = value->text.data, *end = at + value->text.size, *kept = at;

    if (value->kind == LDBX_JSON_STRING) {
        ldbx_buf_append(to, at - 1, value->text.size + 2); /* with its quotes */
        return;
    }
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
        } else if (is_blank(*at)) {
            ldbx_buf_append(to, kept, (size_t)(at - kept));
            kept = ++at;
        } else {
            at++;
        }
    }
    ldbx_buf_append(to, kept, (size_t)(end - kept));
}
