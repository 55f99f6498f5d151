/* Text that is wiped when it goes. Never an argument of a log line or an error. */
#ifndef LDBX_BASE_SECRET_H
#define LDBX_BASE_SECRET_H

#include <stdbool.h>

#include <lytics_dbx/types.h>

typedef struct ldbx_secret {
    char *text; /* NUL-terminated, NULL when not set */
} ldbx_secret;

bool ldbx_secret_set(ldbx_secret *secret, ldbx_view text); /* false: no memory; the old value stays */
bool ldbx_secret_copy(ldbx_secret *to, const ldbx_secret *from);
void ldbx_secret_clear(ldbx_secret *secret);
void ldbx_wipe(void *memory, size_t size); /* is not optimised away */
/* Overwrites a secret wherever it stands in a text that came from outside, also where the text was cut inside of it: what was sent may come back.
 * NULL: nothing. */
void ldbx_secret_hide(char *text, const char *secret);
/* The same in any bytes, but only as a whole. */
void ldbx_secret_hide_bytes(void *bytes, size_t size, const char *secret);

#endif
