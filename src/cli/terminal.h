/* What the terminal can do, and how wide text is on it. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "text.h"

#define CLI_BOLD   "1"
#define CLI_DIM    "2"
#define CLI_RED    "31"
#define CLI_GREEN  "32"
#define CLI_YELLOW "33"
#define CLI_CYAN   "36"

typedef struct cli_terminal {
    bool utf8;      /* the locale's character set */
    bool out;       /* standard output is a terminal */
    bool error;     /* standard error is a terminal that can be redrawn */
    bool color_out; /* colours there: a terminal, and NO_COLOR is not set */
    bool color_error;
} cli_terminal;

void cli_terminal_detect(cli_terminal *terminal);
/* Columns of the terminal behind a descriptor; 80 when it does not say. */
size_t cli_terminal_columns(int fd);

/* Appends text in a style when `on`, else plain. */
void cli_styled(cli_text *text, bool on, const char *style, const char *words);

/* Columns that UTF-8 text takes. */
size_t cli_width(const char *data, size_t size);
/* Bytes of the longest start that takes at most `columns`; *used receives what it takes. */
size_t cli_cut(const char *data, size_t size, size_t columns, size_t *used);
/* Appends text with control characters and invalid bytes made visible, so that data cannot drive the terminal
 * or break a line. */
void cli_visible(cli_text *text, const char *data, size_t size);

#endif
