/* What tests of stagers share: small texts as staged files, and how an S3 server tells their checksums. */
#ifndef LDBX_TESTS_STAGED_H
#define LDBX_TESTS_STAGED_H

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"
#include "stage/stager.h"

static inline int staged_put(ldbx_stager *stager, const char *name, const char *text, ldbx_error **failure)
{
    return ldbx_stager_put(stager, name, ldbx_view_of(text), ldbx_crc32(0, text, strlen(text)), NULL, failure);
}

static inline int staged_check(ldbx_stager *stager, const char *name, const char *text, ldbx_error **failure)
{
    return ldbx_stager_check(stager, name, (int64_t)strlen(text), ldbx_crc32(0, text, strlen(text)), NULL, failure);
}

/* base64 of the CRC-32, big-endian; in static memory. */
static inline const char *staged_checksum(const char *text)
{
    static char out[9];
    uint32_t crc32 = ldbx_crc32(0, text, strlen(text));
    const uint8_t bytes[] = {(uint8_t)(crc32 >> 24), (uint8_t)(crc32 >> 16), (uint8_t)(crc32 >> 8), (uint8_t)crc32};

    out[ldbx_format_base64(out, bytes, 4)] = '\0';
    return out;
}

/* The answer to HEAD of an object of 8 bytes; in static memory. */
static inline const char *staged_head(const char *checksum)
{
    static char out[200];

    snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nx-amz-checksum-crc32: %s\r\n\r\n", checksum);
    return out;
}

#endif
