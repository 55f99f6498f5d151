#include "terminal.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

void cli_terminal_detect(cli_terminal *terminal)
{
    const char *term = getenv("TERM");
    bool dumb = term != NULL && strcmp(term, "dumb") == 0;
    bool color = !dumb && !is_set("NO_COLOR");

    terminal->utf8 = strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
    terminal->out = isatty(STDOUT_FILENO) == 1;
    terminal->error = isatty(STDERR_FILENO) == 1 && !dumb;
    terminal->color_out = terminal->out && color;
    terminal->color_error = terminal->error && color;
}

size_t cli_terminal_columns(int fd)
{
    struct winsize size = {0};

    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

void cli_styled(cli_text *text, bool on, const char *style, const char *words)
{
    if (on)
        cli_text_format(text, "\033[%sm%s\033[0m", style, words);
    else
        cli_text_str(text, words);
}

/* Bytes of the character at data, 0 when they are no UTF-8; *code receives it. */
static size_t decode(const char *data, size_t size, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)data[0];
    size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;

    if (length == 0 || length > size)
        return 0;
    *code = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)data[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | ((unsigned char)data[i] & 0x3f);
    }
    if (*code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
        return 0;
    return length;
}

/* The C library knows widths only of what the locale can show; everything else counts as one column. */
static size_t width_of(uint32_t code)
{
    int width = code < 0x80 ? 1 : wcwidth((wchar_t)code);
    return width < 0 ? 1 : (size_t)width;
}

size_t cli_cut(const char *data, size_t size, size_t columns, size_t *used)
{
    size_t at = 0, width = 0;

    while (at < size) {
        uint32_t code = 0;
        size_t length = decode(data + at, size - at, &code);
        size_t more = length > 0 ? width_of(code) : 1;
        if (width + more > columns)
            break;
        width += more;
        at += length > 0 ? length : 1;
    }
    *used = width;
    return at;
}

size_t cli_width(const char *data, size_t size)
{
    size_t width = 0;
    cli_cut(data, size, SIZE_MAX / 2, &width);
    return width;
}

/* Directional overrides and isolates reorder what stands around them; a byte order mark and joiners do no
 * harm. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

static void put_control(cli_text *text, uint32_t code)
{
    if (code == '\n')
        cli_text_str(text, "\\n");
    else if (code == '\t')
        cli_text_str(text, "\\t");
    else if (code == '\r')
        cli_text_str(text, "\\r");
    else
        cli_text_format(text, "\\u%04x", (unsigned)code);
}

void cli_visible(cli_text *text, const char *data, size_t size)
{
    size_t at = 0, plain = 0;

    while (at < size) {
        uint32_t code = 0;
        size_t length = decode(data + at, size - at, &code);
        if (length > 0 && !is_control(code)) {
            at += length;
            continue;
        }
        cli_text_add(text, data + plain, at - plain);
        if (length > 0)
            put_control(text, code);
        else
            cli_text_format(text, "\\x%02x", (unsigned char)data[at]);
        at += length > 0 ? length : 1;
        plain = at;
    }
    cli_text_add(text, data + plain, size - plain);
}
