/* The reader of JSON records against cJSON: what each takes the other takes, and they read the same, where cJSON goes by the standard. */
#include "fuzz.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_reader.h"
#include "base/str.h"

#define LONGEST_NUMBER 63 /* cJSON cuts longer ones */

/* cJSON is content with numbers like 01, 1. and -.5, and takes any four characters behind \u. */
static bool is_number(const char *at, size_t size)
{
    const char *end = at + size;
    size_t whole, fraction = 1, exponent = 1;
    at += *at == '-';
    for (whole = 0; at < end && isdigit((unsigned char)*at); at++)
        whole++;
    if (whole == 0 || (whole > 1 && at[-(ptrdiff_t)whole] == '0'))
        return false;
    if (at < end && *at == '.')
        for (fraction = 0, at++; at < end && isdigit((unsigned char)*at); at++)
            fraction++;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at += end - at > 1 && (at[1] == '+' || at[1] == '-') ? 2 : 1;
        for (exponent = 0; at < end && isdigit((unsigned char)*at); at++)
            exponent++;
    }
    return at == end && fraction > 0 && exponent > 0;
}

static bool is_escape(const char *at, const char *end)
{
    if (end - at < 2 || at[1] != 'u')
        return true;
    for (int i = 2; i < 6; i++)
        if (end - at <= i || !isxdigit((unsigned char)at[i]))
            return false;
    return true;
}

/* Whether numbers and escapes of a text that cJSON takes are as the standard has them. */
static bool is_standard(ldbx_view text)
{
    const char *end = text.data + text.size;
    bool inside = false;
    for (const char *at = text.data; at < end; at++) {
        size_t size = 0;
        if (inside && *at == '\\') {
            if (!is_escape(at, end))
                return false;
            at++;
        } else if (*at == '"') {
            inside = !inside;
        } else if (!inside && (*at == '-' || isdigit((unsigned char)*at))) {
            while (at + size < end && at[size] != '\0' && strchr("0123456789+-.eE", at[size]) != NULL)
                size++;
            if (!is_number(at, size))
                return false;
            at += size - 1;
        }
    }
    return true;
}

/* Whether cJSON reads the record as it is meant: \u0000 and long numbers it does not. */
static bool is_comparable(ldbx_view text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        digits = text.data[i] != '\0' && strchr("0123456789+-.eE", text.data[i]) != NULL ? digits + 1 : 0;
        if (digits > LONGEST_NUMBER)
            return false;
    }
    return ldbx_view_find(text, "\\u0000") < 0;
}

static void compare_nested(const ldbx_json_value *value, const cJSON *item);

static void compare_text(const ldbx_json_value *value, const char *expected)
{
    ldbx_buf buf;
    ldbx_view text;
    ldbx_buf_init(&buf, LDBX_MAX_TEXT);
    text = ldbx_json_unescape(value, &buf);
    must(!buf.failed && text.size <= value->text.size && ldbx_utf8_valid(text));
    must(ldbx_view_eq(text, expected));
    ldbx_buf_clear(&buf);
}

/* Recursion is bounded by the reader's limit. */
static void compare(const ldbx_json_value *value, const cJSON *item)
{
    char number[LONGEST_NUMBER + 1] = "";
    switch (value->kind) {
    case LDBX_JSON_NULL:
        must(cJSON_IsNull(item) && ldbx_view_eq(value->text, "null"));
        break;
    case LDBX_JSON_FALSE:
        must(cJSON_IsFalse(item) && ldbx_view_eq(value->text, "false"));
        break;
    case LDBX_JSON_TRUE:
        must(cJSON_IsTrue(item) && ldbx_view_eq(value->text, "true"));
        break;
    case LDBX_JSON_NUMBER:
        must(cJSON_IsNumber(item) && value->text.size < sizeof number);
        memcpy(number, value->text.data, value->text.size);
        must(strtod(number, NULL) == item->valuedouble);
        break;
    case LDBX_JSON_STRING:
        must(cJSON_IsString(item));
        compare_text(value, item->valuestring);
        break;
    case LDBX_JSON_ARRAY:
    case LDBX_JSON_OBJECT:
        must(value->kind == LDBX_JSON_ARRAY ? cJSON_IsArray(item) : cJSON_IsObject(item));
        compare_nested(value, item);
        break;
    }
}

static void compare_nested(const ldbx_json_value *value, const cJSON *item)
{
    ldbx_json_reader reader;
    ldbx_json_value name, inner;
    const cJSON *child = item->child;
    ldbx_json_reader_enter(&reader, value);
    while (ldbx_json_reader_next(&reader, &name, &inner, NULL) == LDBX_OK) {
        must(child != NULL);
        if (value->kind == LDBX_JSON_OBJECT)
            compare_text(&name, child->string);
        compare(&inner, child);
        child = child->next;
    }
    must(child == NULL);
}

/* Compacted once, a value stays as it is and means the same. */
static void check_compact(const ldbx_json_value *value, const cJSON *item)
{
    ldbx_json_value again = *value;
    ldbx_buf once, twice;
    ldbx_buf_init(&once, LDBX_MAX_TEXT);
    ldbx_buf_init(&twice, LDBX_MAX_TEXT);
    ldbx_json_compact(&once, value);
    again.text = ldbx_buf_get(&once);
    ldbx_json_compact(&twice, &again);
    must(once.size <= value->text.size && once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    if (item != NULL)
        compare(&again, item);
    ldbx_buf_clear(&once);
    ldbx_buf_clear(&twice);
}

/* The record as one value, when it can be read. */
static bool read_record(ldbx_view text, ldbx_json_value *record)
{
    ldbx_json_reader reader;
    ldbx_json_value name, value;
    ldbx_error *error = NULL;
    int status = ldbx_json_reader_open(&reader, text, &error);
    while (status == LDBX_OK)
        status = ldbx_json_reader_next(&reader, &name, &value, &error);
    must(status == LDBX_DONE || status == LDBX_INVALID_DATA);
    fuzz_ok(status, error);
    *record = (ldbx_json_value){.kind = LDBX_JSON_OBJECT, .text = ldbx_view_trim(text)};
    return status == LDBX_DONE;
}

void fuzz_json_reader(const uint8_t *data, size_t size)
{
    const ldbx_view input = {(const char *)data, size};
    const ldbx_view text = {fuzz_copy(input), size};
    ldbx_json_value record;
    cJSON *root = NULL;
    fuzz_begin(1024 * FUZZ_KIB + 64 * size);
    if (read_record(text, &record)) {
        if (is_comparable(text))
            root = cJSON_ParseWithLength(text.data, text.size);
        must(root != NULL || !is_comparable(text));
        if (root != NULL)
            compare(&record, root);
        check_compact(&record, root);
        cJSON_Delete(root);
    } else if (ldbx_json_parse(text, &root, NULL) == LDBX_OK) {
        must(!cJSON_IsObject(root) || !is_standard(text) || ldbx_view_starts(text, "\xef\xbb\xbf"));
        cJSON_Delete(root);
    }
    fuzz_end();
    free((void *)(uintptr_t)text.data);
}
