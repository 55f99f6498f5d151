#include <string.h>

#include "progress.h"

#define BAR_LEAST 10
#define BAR_MOST  40

/* What stands right of the bar, from full to short. */
typedef enum detail { DETAIL_ALL = 0, DETAIL_NO_ETA, DETAIL_NO_PACE, DETAIL_PERCENT, DETAIL_LEVELS } detail;

static double fraction_of(const cli_bar *bar)
{
    double fraction = bar->total > 0 ? (double)bar->rows / (double)bar->total : 1.0;
    return fraction < 0 ? 0 : fraction > 1 ? 1 : fraction;
}

static void put_rows(cli_text *text, const cli_bar *bar)
{
    cli_text_number(text, bar->rows);
    if (bar->total >= 0) {
        cli_text_str(text, " of ");
        cli_text_number(text, bar->total);
    }
    cli_text_str(text, " rows");
}

static void put_pace(cli_text *text, const cli_bar *bar, detail level)
{
    if (bar->rate >= 0) {
        cli_text_str(text, "  ");
        cli_text_number(text, (int64_t)(bar->rate + 0.5));
        cli_text_str(text, " rows/s");
    }
    cli_text_str(text, "  ");
    cli_text_clock(text, bar->elapsed_ms);
    if (level == DETAIL_ALL && bar->total > bar->rows && bar->rate >= 1) {
        cli_text_str(text, "  ETA ");
        cli_text_clock(text, (int64_t)((double)(bar->total - bar->rows) * 1000.0 / bar->rate));
    }
}

/* Everything but label and bar. 100 % is for the end only. */
static void put_details(cli_text *text, const cli_bar *bar, detail level)
{
    if (bar->total >= 0)
        cli_text_format(text, "%3d %%", (int)(fraction_of(bar) * 100.0));
    if (level == DETAIL_PERCENT && bar->total >= 0)
        return;
    if (bar->total >= 0)
        cli_text_str(text, "  ");
    put_rows(text, bar);
    if (level < DETAIL_NO_PACE)
        put_pace(text, bar, level);
}

static void put_blocks(cli_text *text, const cli_bar *bar, size_t columns)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t units = (size_t)(fraction_of(bar) * (double)columns * 8.0), whole = units / 8;
    cli_text fill = {0};

    cli_text_repeat(&fill, "█", whole);
    cli_text_str(&fill, eighths[units % 8]);
    cli_styled(text, bar->color, CLI_DIM, "▕");
    cli_styled(text, bar->color, CLI_CYAN, cli_text_get(&fill));
    cli_text_repeat(text, " ", columns - whole - (units % 8 > 0));
    cli_styled(text, bar->color, CLI_DIM, "▏");
    cli_text_clear(&fill);
}

static void put_ascii(cli_text *text, const cli_bar *bar, size_t columns)
{
    size_t whole = (size_t)(fraction_of(bar) * (double)columns);

    cli_text_str(text, "[");
    cli_text_repeat(text, "#", whole);
    cli_text_repeat(text, "-", columns - whole);
    cli_text_str(text, "]");
}

static void put_spinner(cli_text *text, const cli_bar *bar)
{
    static const char *const round[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    static const char *const plain[] = {"-", "\\", "|", "/"};

    cli_styled(text, bar->color, CLI_CYAN, bar->utf8 ? round[bar->frame % 10] : plain[bar->frame % 4]);
    cli_text_str(text, " ");
}

/* Rows are not counted in this phase, or not yet. */
static void render_waiting(cli_text *text, const cli_bar *bar, size_t columns)
{
    cli_text details = {0};
    size_t room = columns > 2 ? columns - 2 : 0, used = 0;

    cli_text_str(&details, bar->label);
    if (bar->rows > 0) {
        cli_text_str(&details, "  ");
        put_details(&details, bar, DETAIL_ALL);
    } else if (strchr(bar->label, '(') == NULL) {
        cli_text_str(&details, "  ");
        cli_text_clock(&details, bar->elapsed_ms);
    }
    if (columns > 0)
        put_spinner(text, bar);
    cli_text_add(text, cli_text_get(&details),
                 columns > 0 ? cli_cut(cli_text_get(&details), details.size, room, &used) : details.size);
    cli_text_clear(&details);
}

/* The bar gets what label and details leave of the line; details are left out until that is enough. */
static void render_counted(cli_text *text, const cli_bar *bar, size_t columns)
{
    size_t label = strlen(bar->label), taken = 0, used = 0;
    cli_text details = {0};

    for (int level = DETAIL_ALL; level < DETAIL_LEVELS; level++) {
        cli_text_reset(&details);
        put_details(&details, bar, (detail)level);
        taken = label + details.size + 6; /* blanks and the ends of the bar */
        if (columns == 0 || taken + BAR_LEAST <= columns)
            break;
    }
    if (columns > 0 && taken + BAR_LEAST <= columns) {
        size_t room = columns - taken < BAR_MOST ? columns - taken : BAR_MOST;
        cli_text_format(text, "%s  ", bar->label);
        (bar->utf8 ? put_blocks : put_ascii)(text, bar, room);
        cli_text_format(text, "  %s", cli_text_get(&details));
    } else if (columns == 0) {
        cli_text_format(text, "%s  %s", bar->label, cli_text_get(&details));
    } else {
        cli_text_add(text, cli_text_get(&details), cli_cut(cli_text_get(&details), details.size, columns, &used));
    }
    cli_text_clear(&details);
}

void cli_bar_render(cli_text *text, const cli_bar *bar, size_t columns)
{
    if (bar->total >= 0)
        render_counted(text, bar, columns);
    else
        render_waiting(text, bar, columns);
}
