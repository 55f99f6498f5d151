#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#define CHUNK ((size_t)1 << 20) /* bytes that are read at once */

static cli_line read_chunk(cli_lines *lines, char *to, size_t room, cli_content *content, size_t *size)
{
    ssize_t got;

    do {
        if (ldbx_cancel_is_triggered(lines->cancel))
            return CLI_LINES_CANCELLED;
        got = read(lines->fd, to, room);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return CLI_LINES_FAILED;
    *size = (size_t)got;
    content->bytes += got;
    content->crc32 = (uint32_t)crc32_z(content->crc32, (const unsigned char *)to, (size_t)got);
    return CLI_LINE;
}

static void count_lines(cli_lines *lines, const char *at, size_t size)
{
    const char *end = at + size;

    for (; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lines->count++;
}

static cli_line read_first(cli_lines *lines)
{
    char last = '\n';

    for (;;) {
        size_t size = 0;
        cli_line result = read_chunk(lines, lines->buffer, lines->capacity, &lines->whole, &size);
        if (result != CLI_LINE)
            return result;
        if (size == 0)
            break;
        count_lines(lines, lines->buffer, size);
        last = lines->buffer[size - 1];
    }
    lines->count += last != '\n';
    return lseek(lines->fd, 0, SEEK_SET) == 0 ? CLI_LINE : CLI_LINES_FAILED;
}

cli_line cli_lines_open(cli_lines *lines, const char *path, const ldbx_cancel *cancel)
{
    *lines = (cli_lines){.fd = open(path, O_RDONLY | O_CLOEXEC), .cancel = cancel};
    if (lines->fd < 0)
        return CLI_LINES_FAILED;
    lines->buffer = malloc(CHUNK);
    if (lines->buffer == NULL)
        return CLI_LINES_FAILED;
    lines->capacity = CHUNK;
    return read_first(lines);
}

void cli_lines_close(cli_lines *lines)
{
    if (lines->fd >= 0)
        close(lines->fd);
    free(lines->buffer);
    *lines = (cli_lines){.fd = -1};
}

/* Room for a chunk behind what is not given yet. */
static bool make_room(cli_lines *lines)
{
    size_t kept = lines->end - lines->begin;
    char *larger;

    if (lines->begin > 0)
        memmove(lines->buffer, lines->buffer + lines->begin, kept);
    lines->begin = 0;
    lines->end = kept;
    if (lines->capacity - kept >= CHUNK / 2)
        return true;
    larger = realloc(lines->buffer, lines->capacity * 2);
    if (larger == NULL)
        return false;
    lines->buffer = larger;
    lines->capacity *= 2;
    return true;
}

/* The line that ends at `end`. */
static ldbx_view take_line(cli_lines *lines, size_t end)
{
    ldbx_view line = {lines->buffer + lines->begin, end - lines->begin};

    lines->begin = end < lines->end ? end + 1 : end; /* the line end too, where there is one */
    lines->searched = 0;
    lines->number++;
    return line;
}

/* Any next line. */
static cli_line next_line(cli_lines *lines, ldbx_view *line)
{
    for (;;) {
        char *from = lines->buffer + lines->begin + lines->searched;
        char *stop = memchr(from, '\n', lines->end - lines->begin - lines->searched);
        size_t size = (stop != NULL ? (size_t)(stop - lines->buffer) : lines->end) - lines->begin, got = 0;
        cli_line result;
        if (size > CLI_MAX_LINE) {
            lines->number++;
            return CLI_LINE_TOO_LONG;
        }
        if (stop != NULL || (lines->ended && size > 0)) {
            *line = take_line(lines, lines->begin + size);
            return CLI_LINE;
        }
        if (lines->ended)
            return CLI_LINES_END;
        lines->searched = size;
        if (!make_room(lines))
            return CLI_LINES_FAILED;
        result = read_chunk(lines, lines->buffer + lines->end, lines->capacity - lines->end, &lines->read, &got);
        if (result != CLI_LINE)
            return result;
        lines->end += got;
        lines->ended = got == 0;
    }
}

static bool is_blank(ldbx_view line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

cli_line cli_lines_next(cli_lines *lines, ldbx_view *line)
{
    cli_line result;

    do
        result = next_line(lines, line);
    while (result == CLI_LINE && is_blank(*line));
    if (result == CLI_LINES_END && (lines->read.bytes != lines->whole.bytes || lines->read.crc32 != lines->whole.crc32))
        return CLI_LINES_CHANGED;
    return result;
}
