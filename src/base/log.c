#include "base/log.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/str.h"

#define MAX_LINE 4096

static struct {
    ldbx_log_fn sink;
    ldbx_log_level level;
    void *user;
} target;

void ldbx_set_log_sink(ldbx_log_fn sink, ldbx_log_level level, void *user)
{
    target.sink = sink;
    target.level = level;
    target.user = user;
}

static bool is_wanted(ldbx_log_level level)
{
    return target.sink != NULL && level <= target.level;
}

void ldbx_log(ldbx_log_level level, const char *component, const char *format, ...)
{
    const char *text;
    ldbx_buf raw, line;
    va_list args;

    if (!is_wanted(level))
        return;
    ldbx_buf_init(&raw, SIZE_MAX); /* cut when it is cleaned */
    ldbx_buf_init(&line, MAX_LINE);
    va_start(args, format);
    ldbx_buf_vprintf(&raw, format, args);
    va_end(args);
    ldbx_buf_one_line(&line, ldbx_buf_get(&raw), MAX_LINE);
    text = raw.failed ? NULL : ldbx_buf_cstr(&line);
    target.sink(level, component, text != NULL ? text : "(line lost: out of memory)", target.user);
    ldbx_buf_clear(&line);
    ldbx_buf_clear(&raw);
}
