/* Two decimal digits at a time, for whatever writes numbers. */
#ifndef LDBX_BASE_DIGITS_H
#define LDBX_BASE_DIGITS_H

#include <string.h>

extern const char ldbx_digit_pairs[201]; /* "00" to "99" */

static inline void ldbx_put_two(char *out, unsigned value)
{
    memcpy(out, ldbx_digit_pairs + 2 * (size_t)value, 2);
}

#endif
