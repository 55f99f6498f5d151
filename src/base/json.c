#include "base/json.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#define MAX_DEPTH     100
#define MAX_EXACT_INT 9007199254740992.0 /* 2^53: from here on doubles skip integers */

/* Messages name the line and never quote the text, which may be an authorization. */
static int fail_at(ldbx_error **error, ldbx_view text, const char *at, const char *what)
{
    size_t line = 1;

    for (const char *p = text.data; p < at; p++)
        line += *p == '\n';
    return ldbx_fail(error, LDBX_INVALID_DATA, "line %zu: %s", line, what);
}

/* Whether four hexadecimal digits stand behind the \u at `at`: cJSON takes whatever else does for 0000. */
static bool has_hex(const char *at, const char *end)
{
    int digits = 0;

    for (at += 2; at < end && digits < 4 && isxdigit((unsigned char)*at); at++)
        digits++;
    return digits == 4;
}

/*
 * The closing quote of the string that begins behind `at`, or the end of the text. What cJSON would let pass
 * wrongly (it cuts texts at \u0000) is named in *problem, and the place is returned.
 */
static const char *scan_string(const char *at, const char *end, const char **problem)
{
    for (at++; at < end && *at != '"'; at++) {
        if ((unsigned char)*at < ' ')
            *problem = "control character in a text";
        else if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0)
            *problem = "\\u0000 in a text";
        else if (end - at >= 2 && memcmp(at, "\\u", 2) == 0 && !has_hex(at, end))
            *problem = "no four hexadecimal digits behind \\u";
        if (*problem != NULL)
            break;
        if (*at == '\\' && end - at > 1)
            at++;
    }
    return at;
}

/* What cJSON does not refuse by itself. */
static int check_text(ldbx_view text, ldbx_error **error)
{
    const char *end = text.data + text.size;
    const char *problem = NULL;
    int depth = 0;

    for (const char *at = text.data; at < end; at++) {
        if (*at == '"')
            at = scan_string(at, end, &problem);
        else if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        else if ((unsigned char)*at < ' ' && *at != '\t' && *at != '\r' && *at != '\n')
            problem = "control character";
        if (depth > MAX_DEPTH)
            problem = "nested too deeply";
        if (problem != NULL)
            return fail_at(error, text, at, problem);
        if (at == end)
            break;
    }
    return LDBX_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, because comparing all pairs of a large object would take minutes. */
static int check_names(const cJSON *object, ldbx_error **error)
{
    size_t count = (size_t)cJSON_GetArraySize(object);
    const char **names;
    const char *twice = NULL;
    size_t used = 0;
    int status = LDBX_OK;

    if (count < 2)
        return LDBX_OK;
    names = ldbx_calloc(count, sizeof *names);
    if (names == NULL)
        return ldbx_fail_no_memory(error);
    for (const cJSON *member = object->child; member != NULL; member = member->next)
        names[used++] = member->string;
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count && twice == NULL; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            twice = names[i];
    if (twice != NULL)
        status = ldbx_fail(error, LDBX_INVALID_DATA, "key \"%s\" appears twice in one object", twice);
    ldbx_free(names);
    return status;
}

/* Recursion is bounded by MAX_DEPTH. */
static int check_tree(const cJSON *item, ldbx_error **error)
{
    if (cJSON_IsObject(item))
        LDBX_TRY(check_names(item, error));
    for (const cJSON *child = item->child; child != NULL; child = child->next)
        LDBX_TRY(check_tree(child, error));
    return LDBX_OK;
}

int ldbx_json_parse(ldbx_view text, cJSON **out, ldbx_error **error)
{
    const char *stop = text.data;
    cJSON *root = NULL;
    ldbx_view rest;
    int status;

    *out = NULL;
    if (ldbx_view_trim(text).size == 0)
        return ldbx_fail(error, LDBX_INVALID_DATA, "line 1: empty document");
    if (!ldbx_utf8_valid(text))
        return fail_at(error, text, text.data + ldbx_utf8_valid_size(text), "not valid UTF-8");
    LDBX_TRY(check_text(text, error));
    root = cJSON_ParseWithLengthOpts(text.data, text.size, &stop, 0);
    if (root == NULL)
        return fail_at(error, text, stop, "not valid JSON");
    rest = ldbx_view_trim((ldbx_view){stop, (size_t)(text.data + text.size - stop)});
    if (rest.size != 0) {
        status = fail_at(error, text, rest.data, "text behind the end of the document");
        goto out;
    }
    LDBX_GO(check_tree(root, error));
    *out = root;
    root = NULL;
out:
    ldbx_json_wipe(root);
    return status;
}

/* Recursion is bounded by MAX_DEPTH. */
static void wipe_texts(cJSON *item)
{
    if (item->valuestring != NULL)
        ldbx_wipe(item->valuestring, strlen(item->valuestring));
    for (cJSON *child = item->child; child != NULL; child = child->next)
        wipe_texts(child);
}

void ldbx_json_wipe(cJSON *document)
{
    if (document != NULL)
        wipe_texts(document);
    cJSON_Delete(document);
}

const cJSON *ldbx_json_get(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *ldbx_json_text(const cJSON *object, const char *name, const char *otherwise)
{
    const cJSON *member = ldbx_json_get(object, name);
    return cJSON_IsString(member) ? member->valuestring : otherwise;
}

bool ldbx_json_int64(const cJSON *object, const char *name, int64_t *out)
{
    const cJSON *member = ldbx_json_get(object, name);
    double value;

    if (!cJSON_IsNumber(member))
        return false;
    value = member->valuedouble;
    /* 2^53 itself is refused: the text may have been 2^53 + 1. */
    if (!(fabs(value) < MAX_EXACT_INT) || value != floor(value))
        return false;
    *out = (int64_t)value;
    return true;
}

static void begin_member(ldbx_json_writer *writer, const char *name)
{
    if (writer->comma)
        ldbx_buf_byte(writer->buf, ',');
    if (name != NULL) {
        ldbx_buf_json_string(writer->buf, ldbx_view_of(name));
        ldbx_buf_byte(writer->buf, ':');
    }
    writer->comma = true;
}

static void begin_nested(ldbx_json_writer *writer, const char *name, char bracket)
{
    begin_member(writer, name);
    ldbx_buf_byte(writer->buf, (uint8_t)bracket);
    writer->comma = false;
}

static void end_nested(ldbx_json_writer *writer, char bracket)
{
    ldbx_buf_byte(writer->buf, (uint8_t)bracket);
    writer->comma = true;
}

void ldbx_json_begin_object(ldbx_json_writer *writer, const char *name)
{
    begin_nested(writer, name, '{');
}

void ldbx_json_end_object(ldbx_json_writer *writer)
{
    end_nested(writer, '}');
}

void ldbx_json_begin_array(ldbx_json_writer *writer, const char *name)
{
    begin_nested(writer, name, '[');
}

void ldbx_json_end_array(ldbx_json_writer *writer)
{
    end_nested(writer, ']');
}

void ldbx_json_put_text(ldbx_json_writer *writer, const char *name, const char *value)
{
    if (value == NULL) {
        ldbx_json_put_null(writer, name);
        return;
    }
    begin_member(writer, name);
    ldbx_buf_json_string(writer->buf, ldbx_view_of(value));
}

void ldbx_json_put_int(ldbx_json_writer *writer, const char *name, int64_t value)
{
    begin_member(writer, name);
    ldbx_buf_int64(writer->buf, value);
}

void ldbx_json_put_bool(ldbx_json_writer *writer, const char *name, bool value)
{
    begin_member(writer, name);
    ldbx_buf_str(writer->buf, value ? "true" : "false");
}

void ldbx_json_put_null(ldbx_json_writer *writer, const char *name)
{
    begin_member(writer, name);
    ldbx_buf_str(writer->buf, "null");
}

void ldbx_json_put_raw(ldbx_json_writer *writer, const char *name, ldbx_view json)
{
    begin_member(writer, name);
    ldbx_buf_view(writer->buf, json);
}

void ldbx_json_put_any(ldbx_json_writer *writer, const char *name, const char *value)
{
    ldbx_json_put_text(writer, name, value != NULL && *value != '\0' ? value : NULL);
}

void ldbx_json_put_instant(ldbx_json_writer *writer, const char *name, int64_t us)
{
    char text[48];

    if (us != 0)
        ldbx_format_timestamp(text, us, true);
    ldbx_json_put_text(writer, name, us != 0 ? text : NULL);
}

void ldbx_json_put_error(ldbx_json_writer *writer, const char *name, const ldbx_error *error)
{
    static const char *const verdicts[] = {
        [LDBX_RETRY_NEVER] = "never", [LDBX_RETRY_SAFE] = "safe", [LDBX_RETRY_UNKNOWN] = "unknown"};

    if (error == NULL) {
        ldbx_json_put_null(writer, name);
        return;
    }
    ldbx_json_begin_object(writer, name);
    ldbx_json_put_text(writer, "status", ldbx_status_name(ldbx_error_status(error)));
    ldbx_json_put_text(writer, "message", ldbx_error_message(error));
    ldbx_json_put_any(writer, "sqlstate", ldbx_error_sqlstate(error));
    ldbx_json_put_any(writer, "class", ldbx_error_class(error));
    ldbx_json_put_any(writer, "statement_id", ldbx_error_statement_id(error));
    ldbx_json_put_text(writer, "retry", verdicts[ldbx_error_retry(error)]);
    ldbx_json_end_object(writer);
}
