/* Addresses: what a user types into a host field, made exact. */
#ifndef LDBX_NET_URL_H
#define LDBX_NET_URL_H

#include "base/buf.h"

typedef struct ldbx_host {
    char *name;   /* without scheme, slashes and port; IPv6 keeps its brackets */
    bool plain;   /* http:// was given and the host is a loopback address */
    int32_t port; /* given behind the name, or 0 */
} ldbx_host;

/* "https://" and slashes may stand around the name; "http://" only with localhost, 127.0.0.0/8 or [::1].
 * LDBX_INVALID_ARGUMENT says what is wrong. */
int ldbx_host_parse(ldbx_view text, ldbx_host *out, ldbx_error **error);
void ldbx_host_clear(ldbx_host *host);

/* Leading slash added, trailing ones cut, "?o=..." kept; blanks and control characters are refused. */
int ldbx_http_path_parse(ldbx_view text, char **out, ldbx_error **error);

/* "https://name:port/path"; NULL: no memory. */
char *ldbx_url_format(const ldbx_host *host, int32_t port, const char *path);

/* Percent-encodes all but letters, digits and "-._~" (RFC 3986), and the bytes of `keep`. */
void ldbx_url_encode(ldbx_buf *out, ldbx_view text, const char *keep);

#endif
