#include "wire/bytes.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"

#define ALIGNMENT ((size_t)64) /* what Arrow recommends for buffers */

struct ldbx_bytes {
    atomic_size_t owners;
    void *memory; /* as allocated; data is the first border inside */
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t max;
};

ldbx_bytes *ldbx_bytes_new(size_t max)
{
    ldbx_bytes *bytes = (ldbx_bytes *)ldbx_calloc(1, sizeof *bytes);
    if (bytes == NULL)
        return NULL;
    atomic_init(&bytes->owners, 1);
    bytes->max = max;
    return bytes;
}

ldbx_bytes *ldbx_bytes_ref(ldbx_bytes *bytes)
{
    if (bytes != NULL)
        atomic_fetch_add_explicit(&bytes->owners, 1, memory_order_relaxed);
    return bytes;
}

void ldbx_bytes_unref(ldbx_bytes *bytes)
{
    if (bytes == NULL || atomic_fetch_sub_explicit(&bytes->owners, 1, memory_order_acq_rel) != 1)
        return;
    ldbx_free(bytes->memory);
    ldbx_free(bytes);
}

bool ldbx_bytes_shared(const ldbx_bytes *bytes)
{
    /* acquire: what another owner read before it left must be over before the content is written again */
    return atomic_load_explicit(&bytes->owners, memory_order_acquire) > 1;
}

uint8_t *ldbx_bytes_data(ldbx_bytes *bytes)
{
    return bytes->data;
}

size_t ldbx_bytes_size(const ldbx_bytes *bytes)
{
    return bytes->size;
}

size_t ldbx_bytes_capacity(const ldbx_bytes *bytes)
{
    return bytes->capacity;
}

size_t ldbx_bytes_max(const ldbx_bytes *bytes)
{
    return bytes->max;
}

bool ldbx_bytes_grow(ldbx_bytes *bytes, size_t capacity)
{
    void *memory = NULL;
    uint8_t *data = NULL;
    if (capacity <= bytes->capacity)
        return true;
    if (capacity > bytes->max || capacity > SIZE_MAX - ALIGNMENT)
        return false;
    memory = ldbx_alloc(capacity + ALIGNMENT);
    if (memory == NULL)
        return false;
    data = (uint8_t *)memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT);
    if (bytes->size > 0)
        memcpy(data, bytes->data, bytes->size);
    ldbx_free(bytes->memory);
    bytes->memory = memory;
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

void ldbx_bytes_set_size(ldbx_bytes *bytes, size_t size)
{
    bytes->size = size <= bytes->capacity ? size : bytes->capacity;
}
