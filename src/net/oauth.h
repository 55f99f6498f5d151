/*
 * Access tokens of a service principal (OAuth client credentials), fetched when they are needed and shared by the channels of a connection.
 *
 * A token is renewed before it expires. While one thread fetches, the others go on with the token that there is, or wait for the new one;
 * nobody holds a lock during an exchange.
 */
#ifndef LDBX_NET_OAUTH_H
#define LDBX_NET_OAUTH_H

#include "net/credential.h"
#include "net/transport.h"
#include "net/url.h"

typedef struct ldbx_oauth ldbx_oauth;

/* How long a caller waits for a token. */
typedef struct ldbx_oauth_patience {
    int64_t deadline_ms;       /* steady clock; 0: none */
    const ldbx_cancel *cancel; /* NULL: none */
} ldbx_oauth_patience;

/*
 * credential (client_id and client_secret) is borrowed. transport becomes the new object's, also on failure.
 * request_timeout_ms: of one exchange, which has half a minute at most.
 */
int ldbx_oauth_new(const ldbx_host *host, int32_t port, const ldbx_credential *credential, ldbx_transport *transport,
                   int64_t request_timeout_ms, ldbx_oauth **out, ldbx_error **error);
void ldbx_oauth_destroy(ldbx_oauth *oauth);

/*
 * Writes the value of the Authorization header, NUL-terminated; the caller wipes it. *serial says which token it
 * is. What the endpoint refuses is LDBX_UNAUTHENTICATED or LDBX_FORBIDDEN; LDBX_PROTOCOL when what answers is no
 * token endpoint; else as a transport fails, after repeats as for idempotent calls. Errors name the endpoint,
 * and hold neither secret nor token.
 */
int ldbx_oauth_header(ldbx_oauth *oauth, const ldbx_oauth_patience *patience, ldbx_buf *out, uint64_t *serial,
                      ldbx_error **error);

/* The server did not accept the token of that serial: it is not used again. */
void ldbx_oauth_refuse(ldbx_oauth *oauth, uint64_t serial);

#endif
