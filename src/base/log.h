/* Log lines. Nothing is formatted unless the sink wants the level; secrets are never arguments. */
#ifndef LDBX_BASE_LOG_H
#define LDBX_BASE_LOG_H

#include <stdbool.h>

#include <lytics_dbx/runtime.h>

void ldbx_log(ldbx_log_level level, const char *component, const char *format, ...) LDBX_PRINTF(3, 4);

#endif
