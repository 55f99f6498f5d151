#include "base/run_id.h"

#include <stdio.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"

int ldbx_run_id_make(char out[LDBX_RUN_ID_SIZE], ldbx_error **error)
{
    ldbx_civil now = ldbx_civil_from_us(ldbx_wall_us());
    uint8_t random[4];

    if (!ldbx_random(random, sizeof random))
        return ldbx_fail(error, LDBX_IO, "the system gave no random bytes");
    snprintf(out, LDBX_RUN_ID_SIZE, "%04lld%02d%02dT%02d%02d%02dZ-%02x%02x%02x%02x", (long long)now.year, now.month,
             now.day, now.hour, now.minute, now.second, random[0], random[1], random[2], random[3]);
    return LDBX_OK;
}
