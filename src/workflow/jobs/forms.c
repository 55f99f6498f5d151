#include "workflow/jobs/forms.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/str.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"

bool ldbx_is_instant(const char *line)
{
    int64_t us;

    return ldbx_parse_timestamp(ldbx_view_of(line), &us) && us >= ldbx_days_from_civil(1, 1, 1) * LDBX_US_PER_DAY &&
           us < ldbx_days_from_civil(10000, 1, 1) * LDBX_US_PER_DAY;
}

bool ldbx_is_day_of_week(const char *line)
{
    static const char *const names[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (ldbx_str_ieq(line, names[i]))
            return true;
    return line[0] >= '0' && line[0] <= '6' && line[1] == '\0';
}

/* Two digits, or one where `short_form` allows it. */
static bool is_number(ldbx_view text, bool short_form, int64_t low, int64_t high)
{
    int64_t value;

    return (text.size == 2 || (text.size == 1 && short_form)) && text.data[0] >= '0' &&
           ldbx_parse_int64(text, low, high, &value);
}

bool ldbx_is_time_of_day(const char *line)
{
    const char *colon = strchr(line, ':');
    size_t hour_size = colon != NULL ? (size_t)(colon - line) : 0;
    const char *half;
    bool twelve;

    if (colon == NULL || strlen(colon) < 3)
        return false;
    half = colon + 3;
    twelve = ldbx_str_ieq(half, "am") || ldbx_str_ieq(half, "pm");
    return (twelve || *half == '\0') && is_number((ldbx_view){colon + 1, 2}, false, 0, 59) &&
           is_number((ldbx_view){line, hour_size}, twelve, twelve ? 1 : 0, twelve ? 12 : 23);
}

/* Nothing that could lead out of the folder. */
static bool is_zone_name(const char *line)
{
    for (const char *at = line; *at != '\0'; at++)
        if (!ldbx_is_alnum(*at) && strchr("_+-/", *at) == NULL)
            return false;
    return line[0] != '/' && strlen(line) < 64;
}

bool ldbx_is_time_zone(const char *line)
{
    char path[sizeof ZONE_FOLDER + 64] = ZONE_FOLDER;
    char magic[4];
    bool known;
    int fd;

    if (strcmp(line, "UTC") == 0)
        return true;
    if (!is_zone_name(line))
        return false;
    memcpy(path + sizeof ZONE_FOLDER - 1, line, strlen(line) + 1);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    known = read(fd, magic, sizeof magic) == (ssize_t)sizeof magic && memcmp(magic, "TZif", 4) == 0;
    close(fd);
    return known;
}
