/* One keep-alive HTTP channel over libcurl; used by one thread at a time. */
#ifndef LDBX_NET_TRANSPORT_H
#define LDBX_NET_TRANSPORT_H

#include "net/message.h"

typedef struct ldbx_transport ldbx_transport;

typedef struct ldbx_transport_settings {
    const char *ca_file;    /* NULL: the system's */
    const char *proxy;      /* NULL: from the environment */
    const char *user_agent; /* of the host, in front of our own; NULL: none */
    int64_t connect_timeout_ms;
} ldbx_transport_settings;

int ldbx_transport_new(const ldbx_transport_settings *settings, ldbx_transport **out, ldbx_error **error);
void ldbx_transport_destroy(ldbx_transport *transport);

/*
 * How far a failed exchange got, which decides whether it may be made again.
 */
typedef enum ldbx_reach {
    LDBX_REACH_NOTHING = 0, /* nothing of the request left us: name, connect, TLS */
    LDBX_REACH_SENT = 1,    /* some of it may have arrived */
    LDBX_REACH_ANSWER = 2,  /* an HTTP answer came, whole */
    LDBX_REACH_BARRED = 3   /* nothing left us, nor will it next time: a proxy refuses */
} ldbx_reach;

/*
 * Sends the request and takes the whole answer. (One that comes before the body is sent, with a close behind it, is nearly always
 * read; always where the request asks first.) Redirects are not followed. LDBX_OK for every whole HTTP
 * answer whatever its status; else LDBX_UNAVAILABLE, LDBX_TIMEOUT, LDBX_CANCELLED (within 200 ms),
 * LDBX_INVALID_DATA (certificate or CA file: not to be repeated), LDBX_PROTOCOL (answer larger than the
 * response may hold, or what answers cannot speak TLS with us), LDBX_INVALID_ARGUMENT (no address), LDBX_NO_MEMORY. Messages name the host, never the
 * request's content.
 */
int ldbx_transport_exchange(ldbx_transport *transport, const ldbx_http_request *request, ldbx_http_response *response,
                            ldbx_reach *reach, ldbx_error **error);

#endif
