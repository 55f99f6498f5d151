/* A file of lines, read twice: once to know which file it is and how much there is to do, once line by line. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <lytics_dbx/cancel.h>
#include <lytics_dbx/types.h>

#include "text.h"

#define CLI_MAX_LINE ((size_t)64 << 20) /* bytes of a line without its end: it is in memory as a whole */

/* What tells two contents of a file apart. */
typedef struct cli_content {
    int64_t bytes;
    uint32_t crc32;
} cli_content;

typedef struct cli_lines {
    int fd;
    const ldbx_cancel *cancel;
    cli_content whole; /* by the first reading */
    int64_t count;     /* lines, by the first reading */
    cli_content read;  /* so far, by the second one */
    int64_t number;    /* of the last line given, from 1 */
    char *buffer;
    size_t capacity, begin, end; /* what was read and not given yet */
    size_t searched;             /* bytes of it without a line end */
    bool ended;
} cli_lines;

typedef enum cli_line {
    CLI_LINE = 0,
    CLI_LINES_END,     /* and the file is the one that was read first */
    CLI_LINES_CHANGED, /* it is not */
    CLI_LINE_TOO_LONG, /* the next one, whose number is `number` */
    CLI_LINES_CANCELLED,
    CLI_LINES_FAILED /* see errno */
} cli_line;

/* Opens a regular file and reads it to its end for the first time; a CLI_LINE says that it is ready for the second. */
cli_line cli_lines_open(cli_lines *lines, const char *path, const ldbx_cancel *cancel);
/* The next line, without its end, that holds more than blanks; borrowed until the next call. The last line needs no end. */
cli_line cli_lines_next(cli_lines *lines, ldbx_view *line);
void cli_lines_close(cli_lines *lines);

#endif
