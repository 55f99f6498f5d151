/* AWS Signature Version 4 for S3: the Authorization header of a request. Pure. */
#ifndef LDBX_STAGE_SIGV4_H
#define LDBX_STAGE_SIGV4_H

#include "base/buf.h"
#include "net/message.h"

#define LDBX_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

typedef struct ldbx_sigv4_keys {
    const char *access_key_id;
    const char *secret_access_key;
} ldbx_sigv4_keys;

/* All is signed as it is sent: path and query percent-encoded, the query's parameters by name and each with "=". */
typedef struct ldbx_sigv4_request {
    const char *method;
    const char *path;                /* begins with a slash */
    const char *query;               /* without the question mark; "": none */
    const ldbx_http_header *headers; /* all of them are signed; in any order, up to LDBX_SIGV4_HEADERS */
    size_t header_count;
    const char *payload_hash; /* SHA-256 in hexadecimal digits, or LDBX_UNSIGNED_PAYLOAD */
    const char *region;
    const char *time; /* as the header x-amz-date has it: "20130524T000000Z" */
} ldbx_sigv4_request;

#define LDBX_SIGV4_HEADERS 16

/* "20130524T000000Z" and a NUL, for microseconds since 1970. */
void ldbx_sigv4_time(char out[17], int64_t us);
/* 64 hexadecimal digits and a NUL; false: no memory. */
bool ldbx_sigv4_payload_hash(char out[65], ldbx_view payload);

/* Appends the value of the header. LDBX_NO_MEMORY. */
int ldbx_sigv4_authorization(const ldbx_sigv4_request *request, const ldbx_sigv4_keys *keys, ldbx_buf *out,
                             ldbx_error **error);

#endif
