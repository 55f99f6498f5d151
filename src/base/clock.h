/* Time. Deadlines count on the steady clock in milliseconds; 0 means none. */
#ifndef LDBX_BASE_CLOCK_H
#define LDBX_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <lytics_dbx/cancel.h>

int64_t ldbx_steady_ms(void);
int64_t ldbx_wall_us(void); /* microseconds since 1970, UTC */

/* steady now + ms; 0 stays "none". */
int64_t ldbx_deadline_in(int64_t ms);
bool ldbx_deadline_passed(int64_t deadline_ms);
/* What is left, at least 0; `none` when there is no deadline. */
int64_t ldbx_deadline_left(int64_t deadline_ms, int64_t none);
/* The earlier of two; 0 is later than everything. */
int64_t ldbx_deadline_min(int64_t a_ms, int64_t b_ms);

/* Sleeps unless cancelled: LDBX_OK or LDBX_CANCELLED. cancel may be NULL. */
int ldbx_sleep_ms(int64_t ms, const ldbx_cancel *cancel);

/* For tests of long waits: from here on a sleep does not wait, it moves both clocks ahead instead. */
void ldbx_clock_skip_sleeps(bool skip);

#endif
