/* The forms of dates, times and zones in a job file. */
#ifndef LDBX_WORKFLOW_JOBS_FORMS_H
#define LDBX_WORKFLOW_JOBS_FORMS_H

#include <stdbool.h>

bool ldbx_is_instant(const char *line);     /* date, or date and time */
bool ldbx_is_day_of_week(const char *line); /* English name in any case, or 0 to 6 with 0 = Sunday */
bool ldbx_is_time_of_day(const char *line); /* 17:30, or 5:30pm */
bool ldbx_is_time_zone(const char *line);   /* UTC, or what this machine's zone data knows */

#endif
