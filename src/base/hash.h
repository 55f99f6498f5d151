/* Checksums (zlib), digests and random bytes (mbedTLS). */
#ifndef LDBX_BASE_HASH_H
#define LDBX_BASE_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include <lytics_dbx/types.h>

uint32_t ldbx_crc32(uint32_t so_far, const void *data, size_t size); /* begin with 0 */
/* Of two texts, one behind the other; size is the second one's. */
uint32_t ldbx_crc32_combine(uint32_t first, uint32_t second, int64_t size);
/* These two: false is no memory. */
bool ldbx_sha256(ldbx_view data, uint8_t out[32]);
bool ldbx_hmac_sha256(ldbx_view key, ldbx_view data, uint8_t out[32]);
bool ldbx_random(uint8_t *out, size_t size);

#endif
