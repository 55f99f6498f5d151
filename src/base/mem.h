/* Memory: everything the library allocates goes through here, so that a host (or a test) can replace the
 * allocator. */
#ifndef LDBX_BASE_MEM_H
#define LDBX_BASE_MEM_H

#include <stddef.h>

#include <lytics_dbx/runtime.h>

/* All return NULL when memory is short; sizes are checked for overflow. A size of 0 allocates 1 byte. */
void *ldbx_alloc(size_t bytes);
void *ldbx_calloc(size_t count, size_t bytes);
void *ldbx_realloc(void *memory, size_t old_bytes, size_t bytes);
void ldbx_free(void *memory); /* NULL is fine */

char *ldbx_strdup(const char *text);
char *ldbx_strndup(const char *text, size_t size);

#endif
