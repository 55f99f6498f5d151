#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cli_text_clear(cli_text *text)
{
    free(text->data);
    *text = (cli_text){0};
}

void cli_text_reset(cli_text *text)
{
    text->size = 0;
    text->failed = false;
    if (text->data != NULL)
        text->data[0] = '\0';
}

const char *cli_text_get(const cli_text *text)
{
    return text->data != NULL ? text->data : "";
}

static bool make_room(cli_text *text, size_t more)
{
    size_t needed, capacity = text->capacity > 0 ? text->capacity : 256;
    char *data;

    if (text->failed || more > SIZE_MAX / 4 - text->size) {
        text->failed = true;
        return false;
    }
    needed = text->size + more + 1;
    if (needed <= text->capacity)
        return true;
    while (capacity < needed)
        capacity *= 2;
    data = realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void cli_text_add(cli_text *text, const char *data, size_t size)
{
    if (!make_room(text, size))
        return;
    if (size > 0)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void cli_text_str(cli_text *text, const char *more)
{
    cli_text_add(text, more, strlen(more));
}

void cli_text_repeat(cli_text *text, const char *piece, size_t times)
{
    while (times-- > 0)
        cli_text_str(text, piece);
}

void cli_text_vformat(cli_text *text, const char *format, va_list args)
{
    va_list again;
    int size;

    va_copy(again, args);
    size = vsnprintf(NULL, 0, format, args);
    if (size >= 0 && make_room(text, (size_t)size)) {
        vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
        text->size += (size_t)size;
    }
    va_end(again);
}

void cli_text_format(cli_text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    cli_text_vformat(text, format, args);
    va_end(args);
}

void cli_text_number(cli_text *text, int64_t value)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, value);
    int first = digits[0] == '-' ? 1 : 0;

    for (int i = 0; i < size; i++) {
        if (i > first && (size - i) % 3 == 0)
            cli_text_add(text, ",", 1);
        cli_text_add(text, digits + i, 1);
    }
}

void cli_text_clock(cli_text *text, int64_t ms)
{
    int64_t seconds = ms / 1000;

    if (seconds >= 3600)
        cli_text_format(text, "%" PRId64 ":%02d:%02d", seconds / 3600, (int)(seconds / 60 % 60), (int)(seconds % 60));
    else
        cli_text_format(text, "%d:%02d", (int)(seconds / 60), (int)(seconds % 60));
}

void cli_text_seconds(cli_text *text, int64_t ms)
{
    if (ms < 100000)
        cli_text_format(text, "%.1f s", (double)ms / 1000.0);
    else
        cli_text_format(text, "%" PRId64 " s", ms / 1000);
}

void cli_text_json(cli_text *text, const char *value)
{
    cli_text_str(text, "\"");
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;
        if (byte == '"' || byte == '\\')
            cli_text_format(text, "\\%c", byte);
        else if (byte == '\n')
            cli_text_str(text, "\\n");
        else if (byte < 0x20 || byte == 0x7f)
            cli_text_format(text, "\\u%04x", byte);
        else
            cli_text_add(text, value, 1);
    }
    cli_text_str(text, "\"");
}
