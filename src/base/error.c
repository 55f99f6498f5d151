#include "base/error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

struct ldbx_error {
    ldbx_status status;
    ldbx_retry retry;
    int http_status;
    bool fixed; /* one of the static ones below */
    ldbx_error *cause;
    const char *message; /* this and the other texts lie behind the struct, in the same allocation */
    const char *sqlstate;
    const char *error_class;
    const char *statement_id;
};

typedef struct status_row {
    int value;
    ldbx_retry retry;
    const char *name;
    const char *text;
} status_row;

static const status_row rows[] = {
#define X(name, value, text, retry) {value, LDBX_RETRY_##retry, #name, text},
#include <lytics_dbx/status.def>
#undef X
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

/*
 * What stands in when there is no memory for an error: one for each status and verdict, because a verdict
 * that is lost could make a caller repeat a statement that has run.
 */
#define FIXED(name, text, verdict)                                                                                     \
    {                                                                                                                  \
        LDBX_##name, verdict, 0, true, NULL, text, "", "", ""                                                          \
    }
static const ldbx_error fixed_errors[ROW_COUNT][3] = {
#define X(name, value, text, retry)                                                                                    \
    {FIXED(name, text, LDBX_RETRY_NEVER), FIXED(name, text, LDBX_RETRY_SAFE), FIXED(name, text, LDBX_RETRY_UNKNOWN)},
#include <lytics_dbx/status.def>
#undef X
};

static const status_row *find_row(int status)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].value == status)
            return &rows[i];
    return NULL;
}

const char *ldbx_status_name(int status)
{
    const status_row *row = find_row(status);
    return row != NULL ? row->name : "UNKNOWN";
}

const char *ldbx_status_text(int status)
{
    const status_row *row = find_row(status);
    return row != NULL ? row->text : "unknown status";
}

static ldbx_retry default_retry(ldbx_status status)
{
    const status_row *row = find_row(status);
    return row != NULL ? row->retry : LDBX_RETRY_NEVER;
}

/* The const goes because owners hold errors by a plain pointer; `fixed` keeps everyone from writing to it. */
static ldbx_error *fixed_error(ldbx_status status, ldbx_retry retry)
{
    const status_row *row = find_row(status);
    size_t index = row != NULL ? (size_t)(row - rows) : 0;

    return (ldbx_error *)(uintptr_t)&fixed_errors[index][retry];
}

void ldbx_error_destroy(ldbx_error *error)
{
    while (error != NULL && !error->fixed) {
        ldbx_error *cause = error->cause;
        ldbx_free(error);
        error = cause;
    }
}

ldbx_status ldbx_error_status(const ldbx_error *error)
{
    return error != NULL ? error->status : LDBX_OK;
}

const char *ldbx_error_message(const ldbx_error *error)
{
    return error != NULL ? error->message : "";
}

const char *ldbx_error_sqlstate(const ldbx_error *error)
{
    return error != NULL ? error->sqlstate : "";
}

const char *ldbx_error_class(const ldbx_error *error)
{
    return error != NULL ? error->error_class : "";
}

const char *ldbx_error_statement_id(const ldbx_error *error)
{
    return error != NULL ? error->statement_id : "";
}

int ldbx_error_http_status(const ldbx_error *error)
{
    return error != NULL ? error->http_status : 0;
}

ldbx_retry ldbx_error_retry(const ldbx_error *error)
{
    return error != NULL ? error->retry : LDBX_RETRY_NEVER;
}

const ldbx_error *ldbx_error_cause(const ldbx_error *error)
{
    return error != NULL ? error->cause : NULL;
}

/* Cleans texts one behind the other into `texts`, each with its NUL; false: no memory. */
static bool gather_texts(ldbx_buf *texts, ldbx_view message, const ldbx_error_facts *facts)
{
    const char *const others[] = {facts->sqlstate, facts->error_class, facts->statement_id};

    ldbx_buf_lines(texts, message, LDBX_MAX_ERROR);
    ldbx_buf_byte(texts, '\0');
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        ldbx_buf_one_line(texts, ldbx_view_of(others[i]), 256);
        ldbx_buf_byte(texts, '\0');
    }
    return !texts->failed;
}

static const char *next_text(const char *text)
{
    return text + strlen(text) + 1;
}

/* NULL: no memory. facts->retry is a verdict here. */
static ldbx_error *make_error(ldbx_status status, const ldbx_error_facts *facts, ldbx_view message)
{
    ldbx_error *error = NULL;
    ldbx_buf texts;

    ldbx_buf_init(&texts, LDBX_MAX_ERROR + 1024);
    if (!gather_texts(&texts, message, facts))
        goto out;
    error = ldbx_calloc(1, sizeof *error + texts.size);
    if (error == NULL)
        goto out;
    memcpy(error + 1, texts.data, texts.size);
    error->status = status;
    error->retry = (ldbx_retry)facts->retry;
    error->http_status = facts->http_status;
    error->message = (const char *)(error + 1);
    error->sqlstate = next_text(error->message);
    error->error_class = next_text(error->sqlstate);
    error->statement_id = next_text(error->error_class);
out:
    ldbx_buf_clear(&texts);
    return error;
}

/* The arguments may point into the old error, so it goes last. */
LDBX_PRINTF(4, 0)
static int replace_error(ldbx_error **error, ldbx_status status, const ldbx_error_facts *given, const char *format,
                         va_list args)
{
    ldbx_error_facts facts = *given;
    ldbx_error *made = NULL;
    ldbx_buf message;

    if (error == NULL)
        return status;
    if (facts.retry < LDBX_RETRY_NEVER || facts.retry > LDBX_RETRY_UNKNOWN)
        facts.retry = default_retry(status);
    ldbx_buf_init(&message, SIZE_MAX); /* cut when it is cleaned */
    ldbx_buf_vprintf(&message, format, args);
    if (!message.failed)
        made = make_error(status, &facts, ldbx_view_trim(ldbx_buf_get(&message)));
    if (made == NULL)
        made = fixed_error(status, (ldbx_retry)facts.retry);
    ldbx_buf_clear(&message);
    ldbx_error_destroy(*error);
    *error = made;
    return status;
}

int ldbx_fail(ldbx_error **error, ldbx_status status, const char *format, ...)
{
    const ldbx_error_facts facts = {.retry = -1};
    va_list args;

    va_start(args, format);
    replace_error(error, status, &facts, format, args);
    va_end(args);
    return status;
}

int ldbx_fail_facts(ldbx_error **error, ldbx_status status, const ldbx_error_facts *facts, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    replace_error(error, status, facts, format, args);
    va_end(args);
    return status;
}

int ldbx_error_set(ldbx_error **error, int status, const char *message)
{
    ldbx_status failure = find_row(status) != NULL && status < 0 ? (ldbx_status)status : LDBX_STOPPED;
    ldbx_buf line;

    ldbx_buf_init(&line, LDBX_MAX_ERROR);
    ldbx_buf_one_line(&line, ldbx_view_of(message != NULL ? message : ldbx_status_text(failure)), LDBX_MAX_ERROR - 1);
    if (ldbx_buf_cstr(&line) != NULL)
        ldbx_fail(error, failure, "%s", ldbx_buf_cstr(&line));
    else
        failure = ldbx_fail_no_memory(error);
    ldbx_buf_clear(&line);
    return failure;
}

int ldbx_error_of_hook(ldbx_error **error, int status)
{
    if (*error != NULL && (int)ldbx_error_status(*error) == status)
        return status;
    return ldbx_error_set(error, status, *error != NULL ? ldbx_error_message(*error) : NULL);
}

int ldbx_fail_no_memory(ldbx_error **error)
{
    if (error == NULL)
        return LDBX_NO_MEMORY;
    ldbx_error_destroy(*error);
    *error = fixed_error(LDBX_NO_MEMORY, LDBX_RETRY_NEVER);
    return LDBX_NO_MEMORY;
}

void ldbx_error_prefix(ldbx_error **error, const char *format, ...)
{
    ldbx_error *old = error != NULL ? *error : NULL;
    ldbx_error *made = NULL;
    ldbx_error_facts facts = {0};
    ldbx_buf message;
    va_list args;

    if (old == NULL)
        return;
    facts = (ldbx_error_facts){old->sqlstate, old->error_class, old->statement_id, old->http_status, old->retry};
    ldbx_buf_init(&message, SIZE_MAX);
    va_start(args, format);
    ldbx_buf_vprintf(&message, format, args);
    va_end(args);
    ldbx_buf_str(&message, ": ");
    ldbx_buf_str(&message, old->message);
    if (!message.failed)
        made = make_error(old->status, &facts, ldbx_buf_get(&message));
    ldbx_buf_clear(&message);
    if (made != NULL) { /* without memory the old error says enough */
        made->cause = old;
        *error = made;
    }
}

void ldbx_error_set_retry(ldbx_error **error, ldbx_retry retry)
{
    if (error == NULL || *error == NULL)
        return;
    if ((*error)->fixed)
        *error = fixed_error((*error)->status, retry);
    else
        (*error)->retry = retry;
}

void ldbx_error_move(ldbx_error **to, ldbx_error **from)
{
    if (from == NULL || *from == NULL || to == from)
        return;
    if (to == NULL) {
        ldbx_error_destroy(*from);
    } else {
        ldbx_error_destroy(*to);
        *to = *from;
    }
    *from = NULL;
}

const char *ldbx_errno_text(int number, char out[128])
{
#ifdef __GLIBC__
    const char *text = strerror_r(number, out, 128); /* the GNU form may return a text of its own */
    size_t size = strnlen(text, 127);

    memmove(out, text, size);
    out[size] = '\0';
#else
    if (strerror_r(number, out, 128) != 0)
        snprintf(out, 128, "error %d", number);
#endif
    return out;
}
