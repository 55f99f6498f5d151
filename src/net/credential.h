/* The Authorization header, made anew for each attempt. */
#ifndef LDBX_NET_CREDENTIAL_H
#define LDBX_NET_CREDENTIAL_H

#include "base/buf.h"
#include "base/secret.h"

typedef struct ldbx_credential {
    ldbx_secret token; /* Bearer */
    char *username;    /* Basic, for open-source Spark */
    ldbx_secret password;
} ldbx_credential;

/* Writes the header's value, NUL-terminated; the caller wipes it. LDBX_INVALID_ARGUMENT when nothing is set.
 */
int ldbx_credential_header(const ldbx_credential *credential, ldbx_buf *out, ldbx_error **error);

#endif
