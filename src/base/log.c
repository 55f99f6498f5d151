#include "base/log.h"

#include <string.h>

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

void ldbx_log_warning(ldbx_buf *kept, const char *component, const char *key, const char *format, va_list args)
{
    const size_t before = kept->size;
    bool is_new = false;

    if (before > 0)
        ldbx_buf_str(kept, "; ");
    ldbx_buf_vprintf(kept, format, args);
    if (ldbx_buf_cstr(kept) != NULL) {
        const char *line = ldbx_buf_cstr(kept) + before + (before > 0 ? 2 : 0);
        ldbx_log(LDBX_LOG_WARNING, component, "%s: %s", key, line);
        is_new = strstr(ldbx_buf_cstr(kept), line) == line;
    }
    if (!is_new)
        ldbx_buf_cut(kept, before);
}
