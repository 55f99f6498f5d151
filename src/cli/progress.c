#include "progress.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "output.h"

#define LINE_EVERY_MS  1000
#define RATE_EVERY_MS  250
#define RATE_SMOOTH_MS 4000.0 /* time constant: steady enough to read, quick enough to show a stall */

int64_t cli_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_progress_init(cli_progress *progress, cli_when when, const cli_terminal *terminal, bool rows_on_terminal)
{
    bool bar_is_wanted = terminal->error && !rows_on_terminal;

    *progress = (cli_progress){.in_place = terminal->error, .utf8 = terminal->utf8, .color = terminal->color_error};
    progress->enabled = when == CLI_ALWAYS || (when == CLI_AUTO && bar_is_wanted);
    progress->phase = (ldbx_phase)-1;
    progress->rate = -1;
    progress->line_ms = INT64_MIN / 2;
}

void cli_progress_erase(cli_progress *progress)
{
    static const char erase[] = "\r\033[K";

    if (progress->visible)
        cli_write(STDERR_FILENO, erase, sizeof erase - 1, NULL);
    progress->visible = false;
}

/* The rate is of what came since we looked: a resumed run starts with the rows of its earlier attempts. */
static void measure(cli_progress *progress, int64_t rows, int64_t now)
{
    int64_t span = now - progress->rate_ms;
    double current, weight;

    if (rows < progress->rate_rows || span < RATE_EVERY_MS)
        return;
    current = (double)(rows - progress->rate_rows) * 1000.0 / (double)span;
    weight = (double)span / ((double)span + RATE_SMOOTH_MS);
    progress->rate = progress->rate < 0 ? current : progress->rate + weight * (current - progress->rate);
    progress->rate_ms = now;
    progress->rate_rows = rows;
}

static void enter_phase(cli_progress *progress, const ldbx_progress *report, int64_t now)
{
    progress->phase = report->phase;
    progress->phase_ms = now;
    progress->rate_ms = now;
    progress->rate_rows = report->rows;
    progress->rate = -1;
    progress->line_ms = INT64_MIN / 2;
}

static void put_label(cli_text *label, const cli_progress *progress, const ldbx_progress *report)
{
    static const char *const names[] = {
        "connecting", "compute is starting", "planning", "reading", "counting", "staging", "loading"};
    bool running = progress->query && report->phase == LDBX_PHASE_PLAN;

    if (running)
        cli_text_str(label, "running");
    else
        cli_text_str(label, (size_t)report->phase < sizeof names / sizeof names[0] ? names[report->phase] : "working");
    if (running || report->phase == LDBX_PHASE_START)
        cli_text_format(label, " (%" PRId64 " s)", report->elapsed_ms / 1000);
}

static void draw(cli_progress *progress, const cli_bar *bar)
{
    cli_text text = {0};

    if (progress->in_place) {
        cli_text_str(&text, "\r");
        /* The last column stays free: some terminals wrap when it is written. */
        cli_bar_render(&text, bar, cli_terminal_columns(STDERR_FILENO) - 1);
        cli_text_str(&text, "\033[K");
        progress->visible = true;
    } else {
        cli_text_str(&text, "lytics-dbx: ");
        cli_bar_render(&text, bar, 0);
        cli_text_str(&text, "\n");
    }
    cli_write(STDERR_FILENO, cli_text_get(&text), text.size, NULL);
    cli_text_clear(&text);
}

int cli_progress_report(const ldbx_progress *report, void *user)
{
    cli_progress *progress = user;
    int64_t now = cli_now_ms();
    cli_text label = {0};
    cli_bar bar;
    bool counts;

    if (!progress->enabled)
        return 0;
    if (report->phase != progress->phase)
        enter_phase(progress, report, now);
    measure(progress, report->rows, now);
    if (!progress->in_place && now - progress->line_ms < LINE_EVERY_MS)
        return 0;
    progress->line_ms = now;
    put_label(&label, progress, report);
    counts = report->phase == LDBX_PHASE_READ || report->phase == LDBX_PHASE_STAGE || report->phase == LDBX_PHASE_LOAD;
    bar = (cli_bar){.label = cli_text_get(&label),
                    .rows = counts ? report->rows : -1,
                    .total = counts ? report->rows_total : -1,
                    .rate = progress->rate,
                    .elapsed_ms = now - progress->phase_ms,
                    .frame = progress->frame++,
                    .utf8 = progress->utf8,
                    .color = progress->color};
    draw(progress, &bar);
    cli_text_clear(&label);
    return 0;
}
