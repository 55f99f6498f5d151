/* The Authorization header, made anew for each attempt. Credentials that must be fetched first: oauth.h. */
#ifndef LDBX_NET_CREDENTIAL_H
#define LDBX_NET_CREDENTIAL_H

#include "base/buf.h"
#include "base/secret.h"

typedef struct ldbx_credential {
    ldbx_secret token; /* Bearer */
    char *username;    /* Basic, for open-source Spark */
    ldbx_secret password;
    char *client_id; /* OAuth client credentials of a service principal */
    ldbx_secret client_secret;
} ldbx_credential;

/* Whether a text can be a token: not empty, and of what a header can carry. */
bool ldbx_is_token(const char *text);

/* Writes the header's value from token or username, NUL-terminated; the caller wipes it. LDBX_INVALID_ARGUMENT when neither is set. */
int ldbx_credential_header(const ldbx_credential *credential, ldbx_buf *out, ldbx_error **error);

#endif
