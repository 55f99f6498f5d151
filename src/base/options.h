/* The zero-tail rule for size-first option structs: an older library refuses a newer caller's option instead
 * of ignoring it. */
#ifndef LDBX_BASE_OPTIONS_H
#define LDBX_BASE_OPTIONS_H

#include <stddef.h>

#include <lytics_dbx/error.h>

#define LDBX_MAX_OPTIONS 4096 /* bytes of an option struct that can be meant seriously */

/*
 * Copies what the caller gave (given_size is its first member) over the defaults in `ours`. Refuses a size
 * below `oldest`, above LDBX_MAX_OPTIONS, and non-zero bytes behind what this library knows. `name` is the
 * struct's, for the error. given NULL leaves the defaults. The size member of `ours` ends as our_size.
 */
int ldbx_options_take(void *ours, size_t our_size, size_t oldest, const void *given, const char *name,
                      ldbx_error **error);

/*
 * For _init functions: writes the defaults, whose first member is the caller's size, to a struct of that size.
 * What a newer caller has behind them becomes zero, which ldbx_options_take lets pass.
 */
void ldbx_options_default(void *out, size_t size, const void *defaults, size_t our_size);

/* For output structs: bytes of a `size` caller that this library may write. */
size_t ldbx_options_span(size_t our_size, size_t size);

#endif
