#include "base/secret.h"

#include <string.h>

#include "base/mem.h"

#define SHORTEST_PART 4 /* of a secret that was cut: less of it tells nothing */

bool ldbx_secret_set(ldbx_secret *secret, ldbx_view text)
{
    char *copy = ldbx_strndup(text.data, text.size);

    if (copy == NULL)
        return false;
    ldbx_secret_clear(secret);
    secret->text = copy;
    return true;
}

bool ldbx_secret_copy(ldbx_secret *to, const ldbx_secret *from)
{
    if (from->text != NULL)
        return ldbx_secret_set(to, (ldbx_view){from->text, strlen(from->text)});
    ldbx_secret_clear(to);
    return true;
}

void ldbx_secret_clear(ldbx_secret *secret)
{
    if (secret->text != NULL)
        ldbx_wipe(secret->text, strlen(secret->text));
    ldbx_free(secret->text);
    secret->text = NULL;
}

void ldbx_wipe(void *memory, size_t size)
{
    if (size == 0)
        return;
    memset(memory, 0, size);
    /* The compiler must assume that this reads the memory, so the memset stays. */
    __asm__ volatile("" : : "r"(memory) : "memory");
}

void ldbx_secret_hide(char *text, const char *secret)
{
    const size_t size = strlen(text), length = secret != NULL ? strlen(secret) : 0;

    ldbx_secret_hide_bytes(text, size, secret);
    for (size_t part = length; part > SHORTEST_PART; part--)
        if (part - 1 <= size && memcmp(text + size - (part - 1), secret, part - 1) == 0) {
            memset(text + size - (part - 1), '*', part - 1);
            break;
        }
}

void ldbx_secret_hide_bytes(void *bytes, size_t size, const char *secret)
{
    const size_t length = secret != NULL ? strlen(secret) : 0;
    char *at = bytes, *end = at + size;

    while (length > 0 && at != NULL && (at = memmem(at, (size_t)(end - at), secret, length)) != NULL) {
        memset(at, '*', length);
        at += length;
    }
}
