/* The inside of the S3 stager: where the bucket is, by which keys, and calls to it. */
#ifndef LDBX_STAGE_S3_H
#define LDBX_STAGE_S3_H

#include "base/lock.h"
#include "base/secret.h"
#include "net/transport.h"
#include "stage/stager.h"

typedef struct ldbx_s3_keys {
    ldbx_secret access_key_id, secret_access_key, session_token;
    uint64_t serial; /* counts the times that keys came; 0: they did not yet */
} ldbx_s3_keys;

/* One connection, with what a call needs; used by one thread at a time. */
typedef struct ldbx_s3_channel {
    struct ldbx_s3_channel *next;
    ldbx_transport *transport;
    ldbx_http_response response;
    ldbx_buf path, url;
    ldbx_buf authorization;
    ldbx_s3_keys keys; /* that signed the last attempt */
} ldbx_s3_channel;

typedef struct ldbx_s3 {
    char *bucket, *prefix, *region; /* prefix: no slash at its ends; "" */
    char *credential;
    char *ca_file, *proxy, *user_agent;
    char *origin; /* "https://host:port" */
    char *host;   /* as the header has it */
    char *root;   /* path before a key: "/" or "/bucket/" */
    ldbx_access_kind access;
    bool sign_payload;
    int (*credentials)(void *user, ldbx_access *out, ldbx_error **error);
    void *user;
    ldbx_s3_keys lent; /* to who asked for the rights of COPY INTO */

    ldbx_lock lock; /* guards what follows */
    ldbx_s3_channel *idle;
    ldbx_s3_keys keys;
    bool asking;      /* a thread asks the host for keys */
    int64_t ahead_us; /* what the server's clock is ahead of ours */
    bool unlisted;    /* uploads may not be listed: they are not asked for again */
} ldbx_s3;

/* As ldbx_stager_open_s3(), with all options set; an error names the member alone. */
int ldbx_s3_open(const ldbx_s3_options *options, ldbx_stager **out, ldbx_error **error);

/* Keys. */

/* Copies the keys. Asks the host for others when it has a hook and theirs is not above `serial`; 0: when there are none yet. */
int ldbx_s3_keys_get(ldbx_s3 *s3, uint64_t serial, ldbx_s3_keys *out, ldbx_error **error);
bool ldbx_s3_keys_set(ldbx_s3_keys *keys, const char *access_key_id, const char *secret_access_key,
                      const char *session_token); /* false: no memory */
void ldbx_s3_keys_clear(ldbx_s3_keys *keys);
/* Whether they are there, and can stand in headers. */
int ldbx_s3_keys_check(const char *access_key_id, const char *secret_access_key, const char *session_token,
                       ldbx_error **error);

/* Calls. */

#define LDBX_S3_HEADERS 6

typedef struct ldbx_s3_call {
    const char *method;
    const char *name;  /* of the object; NULL: the bucket is asked */
    const char *query; /* as ldbx_sigv4_request has it */
    ldbx_http_header headers[LDBX_S3_HEADERS];
    size_t header_count;
    ldbx_view body;
    int takes[2];        /* HTTP statuses other than 2xx that the caller looks at itself; 0: none */
    const char *header;  /* without this one an answer of 2xx is not S3's; NULL: it may be */
    const char *element; /* the same, in the body */
    bool once;           /* no repeats, and little time */
    bool raw;            /* what succeeds answers with bytes of an object, which may look like anything */
    ldbx_cancel *cancel;
} ldbx_s3_call;

void ldbx_s3_call_header(ldbx_s3_call *call, const char *name, const char *value);

/* A channel of the pool; given back in any case (NULL: it was not taken). */
int ldbx_s3_take_channel(ldbx_s3 *s3, ldbx_s3_channel **out, ldbx_error **error);
void ldbx_s3_destroy_channels(ldbx_s3 *s3);
void ldbx_s3_give_channel(ldbx_s3 *s3, ldbx_s3_channel *channel);

/*
 * Makes the call until it succeeds or a repeat makes no sense any more; all calls of ours may be made again. LDBX_OK: the answer is in
 * the channel's response. Errors name the bucket and the object.
 */
int ldbx_s3_send(ldbx_s3 *s3, ldbx_s3_channel *channel, const ldbx_s3_call *call, ldbx_error **error);

/* "s3://bucket/prefix/name"; out holds what LDBX_S3_ADDRESS says. */
#define LDBX_S3_ADDRESS 1200
const char *ldbx_s3_address(const ldbx_s3 *s3, const char *name, char *out);

/* Answers. */

#define LDBX_S3_CODE 64

/* Code of the error in an answer ("SlowDown"), "" where it has none. */
void ldbx_s3_code(const ldbx_http_response *response, char out[LDBX_S3_CODE]);
/* Whether the answer is what the call is made for. */
bool ldbx_s3_accepts(const ldbx_s3_call *call, const ldbx_http_response *response, const char *code);
/* The HTTP status that decides on a repeat: S3 says some things that may heal with a 400, and some errors with a 200. */
int ldbx_s3_effective_status(const ldbx_http_response *response, const char *code);
/* The error that an answer is. */
int ldbx_s3_refused(const ldbx_s3 *s3, const ldbx_s3_channel *channel, const ldbx_s3_call *call, ldbx_error **error);

/* Objects. */

/* base64 of a CRC-32, as S3 writes it, and a NUL. */
void ldbx_s3_checksum(char out[9], uint32_t crc32);
/* LDBX_NOT_FOUND, or LDBX_INVALID_DATA when length or CRC-32 differ; an object whose CRC-32 the server does not keep is read back. */
int ldbx_s3_compare(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, int64_t bytes, uint32_t crc32,
                    ldbx_cancel *cancel, ldbx_error **error);
/*
 * After an answer that says that the name is taken, or the upload gone: LDBX_OK when the object is there as it should be, put by an
 * attempt whose answer was lost; else LDBX_CONFLICT, or the error that the answer is.
 */
int ldbx_s3_settle(ldbx_s3 *s3, ldbx_s3_channel *channel, const ldbx_s3_call *call, int64_t bytes, uint32_t crc32,
                   ldbx_error **error);

/* Hooks of objects of several blocks. */
int ldbx_s3_begin(void *user, const char *name, void **transfer, ldbx_cancel *cancel, ldbx_error **error);
int ldbx_s3_block(void *user, void *transfer, int64_t index, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                  ldbx_error **error);
int ldbx_s3_finish(void *user, void *transfer, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error);
void ldbx_s3_abandon(void *user, void *transfer);
/* Aborts all uploads of that name, as far as the keys and the server allow it. */
int ldbx_s3_abort_uploads(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, ldbx_cancel *cancel,
                          ldbx_error **error);

#endif
