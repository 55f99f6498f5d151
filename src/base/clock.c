#include "base/clock.h"

#include <poll.h>
#include <stdatomic.h>
#include <time.h>

#include "base/cancel.h"

#define SLICE_MS 60000 /* poll() takes an int */

static atomic_bool skipping;
static atomic_llong skipped_ms; /* slept without waiting: both clocks are ahead by it */

void ldbx_clock_skip_sleeps(bool skip)
{
    atomic_store(&skipping, skip);
}

int64_t ldbx_steady_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + atomic_load(&skipped_ms);
}

int64_t ldbx_wall_us(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + atomic_load(&skipped_ms) * 1000;
}

int64_t ldbx_deadline_in(int64_t ms)
{
    int64_t deadline;

    if (ms == 0)
        return 0;
    if (__builtin_add_overflow(ldbx_steady_ms(), ms, &deadline))
        return INT64_MAX;
    return deadline > 0 ? deadline : 1; /* 0 would mean none */
}

bool ldbx_deadline_passed(int64_t deadline_ms)
{
    return deadline_ms != 0 && ldbx_steady_ms() >= deadline_ms;
}

int64_t ldbx_deadline_left(int64_t deadline_ms, int64_t none)
{
    int64_t now;

    if (deadline_ms == 0)
        return none;
    now = ldbx_steady_ms();
    return deadline_ms > now ? deadline_ms - now : 0;
}

int64_t ldbx_deadline_min(int64_t a_ms, int64_t b_ms)
{
    if (a_ms == 0 || b_ms == 0)
        return a_ms == 0 ? b_ms : a_ms;
    return a_ms < b_ms ? a_ms : b_ms;
}

int ldbx_sleep_ms(int64_t ms, const ldbx_cancel *cancel)
{
    struct pollfd wait = {ldbx_cancel_fd(cancel), POLLIN, 0}; /* poll() skips a descriptor of -1 */
    int64_t until = ms > 0 ? ldbx_deadline_in(ms) : 1;
    int64_t left;

    if (atomic_load(&skipping) && ms > 0)
        atomic_fetch_add(&skipped_ms, ms);
    while ((left = ldbx_deadline_left(until, 0)) > 0 && !ldbx_cancel_is_triggered(cancel))
        poll(&wait, 1, (int)(left < SLICE_MS ? left : SLICE_MS));
    return ldbx_cancel_is_triggered(cancel) ? LDBX_CANCELLED : LDBX_OK;
}
