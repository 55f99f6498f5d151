/* An HTTP request and its answer. */
#ifndef LDBX_NET_MESSAGE_H
#define LDBX_NET_MESSAGE_H

#include <lytics_dbx/cancel.h>

#include "base/buf.h"

typedef struct ldbx_http_header {
    const char *name;
    const char *value; /* never logged */
} ldbx_http_header;

typedef struct ldbx_http_request {
    const char *method; /* "POST" */
    const char *url;
    const char *content_type;        /* NULL: none */
    const char *accept;              /* NULL: none */
    const char *authorization;       /* header value, or NULL; never logged */
    const ldbx_http_header *headers; /* more of them; a Host among them replaces the address's */
    size_t header_count;
    ldbx_view body;            /* not of GET, HEAD and DELETE */
    bool ask_first;            /* holds a large body back after its beginning, for a second: the server may refuse it */
    int64_t timeout_ms;        /* of this attempt; 0: none */
    int64_t deadline_ms;       /* on the steady clock; 0: none */
    const ldbx_cancel *cancel; /* NULL: none */
} ldbx_http_request;

typedef struct ldbx_http_response {
    int status;
    int64_t retry_after_ms; /* -1: header not there or not understood */
    char reason[512];       /* from the x-databricks-* and x-thriftserver-* headers, one line, or "" */
    int reason_rank;        /* of the header that reason came from, 1 is the best; 0: none */
    char content_type[128];
    bool keeps_head;
    ldbx_buf head; /* its lines, if it is kept */
    ldbx_buf body;
} ldbx_http_response;

void ldbx_http_response_init(ldbx_http_response *response, size_t max_body);
/* Keeps the heads of answers, for ldbx_http_response_header(). */
void ldbx_http_response_keep_head(ldbx_http_response *response);
void ldbx_http_response_clear(ldbx_http_response *response);
/* Empties it for the next attempt, keeps the body's memory. */
void ldbx_http_response_reset(ldbx_http_response *response);
/*
 * Takes one line of an answer's head. A status line forgets what earlier heads said (100 Continue, a
 * proxy's); of headers that come twice the first that says something counts.
 */
void ldbx_http_response_line(ldbx_http_response *response, ldbx_view line);
/* Value of the first header of that name in a head that was kept, without blanks around it; empty when there is none. Borrowed until the
 * next exchange. */
ldbx_view ldbx_http_response_header(const ldbx_http_response *response, const char *name);
/* Seconds since 1970 of an HTTP date, or -1. */
int64_t ldbx_http_date(ldbx_view value);

#endif
