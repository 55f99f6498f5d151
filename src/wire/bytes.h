/* A buffer with several owners: Arrow arrays point into it and keep it alive. */
#ifndef LDBX_WIRE_BYTES_H
#define LDBX_WIRE_BYTES_H

#include "base/buf.h"

typedef struct ldbx_bytes ldbx_bytes;

ldbx_bytes *ldbx_bytes_new(size_t max); /* one owner; NULL: no memory. The content begins at a 64-byte border. */
ldbx_bytes *ldbx_bytes_ref(ldbx_bytes *bytes);
void ldbx_bytes_unref(ldbx_bytes *bytes);        /* NULL is fine; safe on any thread */
bool ldbx_bytes_shared(const ldbx_bytes *bytes); /* more than one owner: the content must not be overwritten */

uint8_t *ldbx_bytes_data(ldbx_bytes *bytes);
size_t ldbx_bytes_size(const ldbx_bytes *bytes);
size_t ldbx_bytes_capacity(const ldbx_bytes *bytes);
size_t ldbx_bytes_max(const ldbx_bytes *bytes); /* as given to _new */
/* Room for `capacity` bytes in all, content kept; false: no memory or above the maximum. Only while not shared. */
bool ldbx_bytes_grow(ldbx_bytes *bytes, size_t capacity);
void ldbx_bytes_set_size(ldbx_bytes *bytes, size_t size);

#endif
