#include "base/hash.h"

#include <sys/random.h>
#include <unistd.h>

#include <mbedtls/md.h>
#include <mbedtls/sha256.h>
#include <zlib.h>

#define MAX_ENTROPY 256 /* what getentropy() gives at once */

uint32_t ldbx_crc32(uint32_t so_far, const void *data, size_t size)
{
    /* zlib takes a NULL for the question of the initial value. */
    return size == 0 ? so_far : (uint32_t)crc32_z(so_far, data, size);
}

uint32_t ldbx_crc32_combine(uint32_t first, uint32_t second, int64_t size)
{
    return (uint32_t)crc32_combine(first, second, (z_off_t)size);
}

bool ldbx_sha256(ldbx_view data, uint8_t out[32])
{
    return mbedtls_sha256_ret((const unsigned char *)data.data, data.size, out, 0) == 0;
}

bool ldbx_hmac_sha256(ldbx_view key, ldbx_view data, uint8_t out[32])
{
    return mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), (const unsigned char *)key.data, key.size,
                           (const unsigned char *)data.data, data.size, out) == 0;
}

bool ldbx_random(uint8_t *out, size_t size)
{
    while (size > 0) {
        size_t part = size < MAX_ENTROPY ? size : MAX_ENTROPY;
        if (getentropy(out, part) != 0)
            return false;
        out += part;
        size -= part;
    }
    return true;
}
