/* Log lines. Nothing is formatted unless the sink wants the level; secrets are never arguments. */
#ifndef LDBX_BASE_LOG_H
#define LDBX_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

#include <lytics_dbx/runtime.h>

#include "base/buf.h"

void ldbx_log(ldbx_log_level level, const char *component, const char *format, ...) LDBX_PRINTF(3, 4);

/*
 * A warning about `key`, which is logged and kept for whoever reads a report: behind "; " in `kept`. What is there already is not said twice, and what finds no
 * room leaves what was said before.
 */
void ldbx_log_warning(ldbx_buf *kept, const char *component, const char *key, const char *format, va_list args)
    LDBX_PRINTF(4, 0);

#endif
