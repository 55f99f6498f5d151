#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"

static void *host_allocate(size_t bytes, void *user)
{
    (void)user;
    return malloc(bytes);
}

static void *host_reallocate(void *memory, size_t old_bytes, size_t bytes, void *user)
{
    (void)old_bytes;
    (void)user;
    return realloc(memory, bytes);
}

static void host_release(void *memory, void *user)
{
    (void)user;
    free(memory);
}

static const ldbx_allocator host = {sizeof host, host_allocate, host_reallocate, host_release, NULL};
static ldbx_allocator current = {sizeof current, host_allocate, host_reallocate, host_release, NULL};

int ldbx_set_allocator(const ldbx_allocator *allocator)
{
    ldbx_allocator taken = host;

    if (allocator != NULL)
        LDBX_TRY(ldbx_options_take(&taken, sizeof taken, sizeof taken, allocator, "ldbx_allocator", NULL));
    if (taken.allocate == NULL || taken.reallocate == NULL || taken.release == NULL)
        return LDBX_INVALID_ARGUMENT;
    current = taken;
    return LDBX_OK;
}

/* malloc(0) may return NULL, which would look like a failure. */
static size_t at_least_one(size_t bytes)
{
    return bytes == 0 ? 1 : bytes;
}

void *ldbx_alloc(size_t bytes)
{
    return current.allocate(at_least_one(bytes), current.user);
}

void *ldbx_calloc(size_t count, size_t bytes)
{
    void *memory;

    if (bytes != 0 && count > SIZE_MAX / bytes)
        return NULL;
    memory = ldbx_alloc(count * bytes);
    if (memory != NULL)
        memset(memory, 0, at_least_one(count * bytes));
    return memory;
}

void *ldbx_realloc(void *memory, size_t old_bytes, size_t bytes)
{
    if (memory == NULL)
        return ldbx_alloc(bytes);
    return current.reallocate(memory, at_least_one(old_bytes), at_least_one(bytes), current.user);
}

void ldbx_free(void *memory)
{
    if (memory != NULL)
        current.release(memory, current.user);
}

char *ldbx_strdup(const char *text)
{
    return ldbx_strndup(text, strlen(text));
}

char *ldbx_strndup(const char *text, size_t size)
{
    char *copy = size == SIZE_MAX ? NULL : ldbx_alloc(size + 1);

    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}
