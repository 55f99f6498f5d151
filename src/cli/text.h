/* Text that grows, for what the program prints. Always NUL-terminated; a failed allocation leaves it short
 * and sets `failed`. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lytics_dbx/export.h>

typedef struct cli_text {
    char *data; /* NULL while empty: see cli_text_get() */
    size_t size;
    size_t capacity;
    bool failed;
} cli_text;

void cli_text_clear(cli_text *text); /* gives the memory back */
void cli_text_reset(cli_text *text); /* empties it */
const char *cli_text_get(const cli_text *text);

void cli_text_add(cli_text *text, const char *data, size_t size);
void cli_text_str(cli_text *text, const char *more);
void cli_text_repeat(cli_text *text, const char *piece, size_t times);
void cli_text_format(cli_text *text, const char *format, ...) LDBX_PRINTF(2, 3);
void cli_text_vformat(cli_text *text, const char *format, va_list args) LDBX_PRINTF(2, 0);

void cli_text_number(cli_text *text, int64_t value);   /* 1,234,567 */
void cli_text_clock(cli_text *text, int64_t ms);       /* 0:07, 12:05, 1:02:03 */
void cli_text_seconds(cli_text *text, int64_t ms);     /* 0.8 s, 12.5 s, 184 s */
void cli_text_json(cli_text *text, const char *value); /* a JSON string with its quotes */

#endif
