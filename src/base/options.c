#include "base/options.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"

int ldbx_options_take(void *ours, size_t our_size, size_t oldest, const void *given, const char *name,
                      ldbx_error **error)
{
    const uint8_t *bytes = given;
    size_t size;

    if (given == NULL)
        return LDBX_OK;
    memcpy(&size, given, sizeof size);
    if (size < oldest || size < sizeof size || size > LDBX_MAX_OPTIONS)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s.size is %zu: call its _init function first", name, size);
    for (size_t i = our_size; i < size; i++)
        if (bytes[i] != 0)
            return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                             "%s sets an option that this version of the library does not know (byte %zu)", name, i);
    memcpy(ours, given, ldbx_options_span(our_size, size));
    memcpy(ours, &our_size, sizeof our_size);
    return LDBX_OK;
}

void ldbx_options_default(void *out, size_t size, const void *defaults, size_t our_size)
{
    memset(out, 0, size < LDBX_MAX_OPTIONS ? size : LDBX_MAX_OPTIONS);
    memcpy(out, defaults, ldbx_options_span(our_size, size));
}

size_t ldbx_options_span(size_t our_size, size_t size)
{
    return size < our_size ? size : our_size;
}
