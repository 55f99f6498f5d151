/* The progress display on standard error: a bar redrawn in place on a terminal, else (--progress always) a
 * line a second at most. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <lytics_dbx/types.h>

#include "options.h"
#include "terminal.h"

typedef struct cli_progress {
    bool enabled;
    bool query;    /* of one statement: there is nothing to plan, it runs */
    bool in_place; /* a terminal: redraw, else write lines */
    bool utf8;
    bool color;
    bool visible; /* something stands on the current line */
    unsigned frame;
    ldbx_phase phase;
    int64_t phase_ms; /* when the phase began, on the steady clock */
    int64_t line_ms;  /* when the last line was written; in_place false */
    int64_t rate_ms;  /* last measurement of the rate */
    int64_t rate_rows;
    double rate; /* rows a second, smoothed; below 0: not known */
} cli_progress;

/* rows_on_terminal: what is delivered goes to the same terminal, where a bar would get between the rows. */
void cli_progress_init(cli_progress *progress, cli_when when, const cli_terminal *terminal, bool rows_on_terminal);

/* An ldbx_progress_fn; user is the cli_progress. */
int cli_progress_report(const ldbx_progress *report, void *user);

/* Steady; the display's own clock. */
int64_t cli_now_ms(void);

/* Takes the bar off the line, so that something else can be written; the next report draws it again. */
void cli_progress_erase(cli_progress *progress);

/* What is drawn. Separate, so that it can be seen without a terminal. */
typedef struct cli_bar {
    const char *label;
    int64_t rows;
    int64_t total; /* -1: not known */
    double rate;   /* rows a second, below 0: not known */
    int64_t elapsed_ms;
    unsigned frame;
    bool utf8;
    bool color;
} cli_bar;

/* Appends the bar in at most `columns` columns: what does not fit is left out, the least important first. 0:
 * the words only, as a line. */
void cli_bar_render(cli_text *text, const cli_bar *bar, size_t columns);

#endif
