/* What an answer of S3 means, and how it is told. */
#include <stdio.h>

#include "base/error.h"
#include "base/str.h"
#include "net/retry.h"
#include "stage/s3.h"
#include "stage/xml.h"

#define MAX_WORDS 300 /* bytes of S3's own words in an error */

/* words NULL: S3's own are fit to be shown. */
static const struct known {
    const char *code;
    ldbx_status status;
    const char *words;
} knowns[] = {
    {"NoSuchBucket", LDBX_NOT_FOUND, "the bucket does not exist"},
    {"NoSuchKey", LDBX_NOT_FOUND, "it is not there"},
    {"NoSuchUpload", LDBX_NOT_FOUND, "the multipart upload does not exist any more"},
    {"AccessDenied", LDBX_FORBIDDEN, NULL},
    {"InvalidAccessKeyId", LDBX_UNAUTHENTICATED, "the access key id is not known there"},
    {"XAdminUserNotFound", LDBX_UNAUTHENTICATED, "the access key id is not known there"}, /* versitygw's */
    /* Its own words repeat what was signed. */
    {"SignatureDoesNotMatch", LDBX_UNAUTHENTICATED, "the secret access key does not belong to the access key id"},
    {"ExpiredToken", LDBX_UNAUTHENTICATED, "the session token has expired"},
    {"InvalidToken", LDBX_UNAUTHENTICATED, "the session token is not accepted"},
    {"RequestTimeTooSkewed", LDBX_UNAUTHENTICATED, "the clocks of this machine and of the server are too far apart"},
    {"PreconditionFailed", LDBX_CONFLICT, "the name exists already"},
    {"ConditionalRequestConflict", LDBX_UNAVAILABLE, "another request writes the same object"},
};

/* What may heal although its HTTP status says otherwise. */
static const char *const healing[] = {"RequestTimeout", "BadDigest",         "XAmzContentSHA256Mismatch",
                                      "InternalError",  "OperationAborted",  "ConditionalRequestConflict",
                                      "SlowDown",       "ServiceUnavailable"};

static void read_element(const ldbx_http_response *response, const char *name, char *out, size_t size)
{
    ldbx_buf text, line;

    ldbx_buf_init(&text, response->body.max);
    ldbx_buf_init(&line, size);
    ldbx_xml_text(ldbx_buf_get(&response->body), name, &text);
    ldbx_buf_one_line(&line, ldbx_buf_get(&text), size - 1);
    snprintf(out, size, "%s", text.failed || ldbx_buf_cstr(&line) == NULL ? "" : ldbx_buf_cstr(&line));
    ldbx_buf_wipe(&text);
    ldbx_buf_clear(&line);
}

static bool is_error(const ldbx_http_response *response)
{
    ldbx_view body = ldbx_buf_get(&response->body);
    ldbx_view inside;

    return ldbx_xml_next(&body, "Error", &inside);
}

void ldbx_s3_code(const ldbx_http_response *response, char out[LDBX_S3_CODE])
{
    out[0] = '\0';
    if (is_error(response))
        read_element(response, "Code", out, LDBX_S3_CODE);
}

bool ldbx_s3_accepts(const ldbx_s3_call *call, const ldbx_http_response *response, const char *code)
{
    ldbx_view body = ldbx_buf_get(&response->body);
    ldbx_view inside;

    for (size_t i = 0; i < sizeof call->takes / sizeof call->takes[0]; i++)
        if (call->takes[i] == response->status)
            return true;
    if (response->status < 200 || response->status > 299 || code[0] != '\0')
        return false;
    if (call->header != NULL && ldbx_http_response_header(response, call->header).size == 0)
        return false;
    return call->element == NULL || ldbx_xml_next(&body, call->element, &inside);
}

int ldbx_s3_effective_status(const ldbx_http_response *response, const char *code)
{
    for (size_t i = 0; i < sizeof healing / sizeof healing[0]; i++)
        if (strcmp(code, healing[i]) == 0)
            return 503;
    if (response->status < 300) /* an error after a head that had to be sent early; or a page of a proxy */
        return code[0] != '\0' ? 400 : 502;
    return response->status;
}

static ldbx_status status_of_http(const ldbx_http_response *response, const char *code)
{
    if (ldbx_http_may_heal(ldbx_s3_effective_status(response, code)))
        return response->status < 300 && code[0] == '\0' ? LDBX_PROTOCOL : LDBX_UNAVAILABLE;
    switch (response->status) {
    case 401:
    case 403:
        return LDBX_FORBIDDEN;
    case 404:
        return LDBX_NOT_FOUND;
    case 412:
        return LDBX_CONFLICT;
    case 405:
    case 501:
        return LDBX_UNSUPPORTED;
    default:
        return code[0] != '\0' ? LDBX_INVALID_ARGUMENT : LDBX_PROTOCOL;
    }
}

static const struct known *find_known(const char *code)
{
    for (size_t i = 0; i < sizeof knowns / sizeof knowns[0]; i++)
        if (strcmp(code, knowns[i].code) == 0)
            return &knowns[i];
    return NULL;
}

/* The words of S3, or of who answers in its place. Nothing that was sent in confidence may come back in them. */
static void read_words(const ldbx_s3_channel *channel, const char *code, char *out, size_t size)
{
    const ldbx_http_response *response = &channel->response;
    const char *signature = strstr(ldbx_buf_get(&channel->authorization).data, "Signature=");

    out[0] = '\0';
    if (code[0] != '\0')
        read_element(response, "Message", out, size);
    else if (response->body.size > 0 || response->status < 400)
        snprintf(out, size, "the answer is not one of S3 (%s); check the endpoint",
                 response->content_type[0] != '\0' ? response->content_type : "no content type");
    ldbx_secret_hide(out, channel->keys.secret_access_key.text);
    ldbx_secret_hide(out, channel->keys.session_token.text);
    ldbx_secret_hide(out, signature != NULL ? signature + strlen("Signature=") : NULL);
}

/* Where the bucket is, when the answer says that it is elsewhere. */
static bool read_region(const ldbx_s3 *s3, const ldbx_http_response *response, char *out, size_t size)
{
    ldbx_view named = ldbx_http_response_header(response, "x-amz-bucket-region");

    if (response->status >= 300 && response->status != 301 && response->status != 307 && response->status != 400)
        return false;
    read_element(response, "Region", out, size);
    if (out[0] == '\0' && named.size > 0 && named.size < size)
        snprintf(out, size, "%.*s", (int)named.size, named.data);
    return out[0] != '\0' && strcmp(out, s3->region) != 0;
}

/* HEAD is refused without words: what its status may mean. */
static const struct known *find_silent(const ldbx_s3_channel *channel, const ldbx_s3_call *call)
{
    static const struct known expired = {
        "", LDBX_UNAUTHENTICATED, "no reason is given, which is how S3 refuses a session token that has expired"};
    static const struct known barred = {
        "", LDBX_FORBIDDEN,
        "no reason is given: the keys may lack s3:GetObject on it; to keys without s3:ListBucket an object that is not "
        "there looks the same"};

    if (strcmp(call->method, "HEAD") != 0 || channel->response.body.size > 0)
        return NULL;
    if (channel->response.status == 400 && channel->keys.session_token.text != NULL)
        return &expired;
    return channel->response.status == 403 ? &barred : NULL;
}

int ldbx_s3_refused(const ldbx_s3 *s3, const ldbx_s3_channel *channel, const ldbx_s3_call *call, ldbx_error **error)
{
    const ldbx_http_response *response = &channel->response;
    char code[LDBX_S3_CODE], address[LDBX_S3_ADDRESS], words[MAX_WORDS], region[64];
    const struct known *known;
    ldbx_error_facts facts = {.error_class = code, .http_status = response->status, .retry = -1};
    ldbx_status status;

    ldbx_s3_code(response, code);
    ldbx_s3_address(s3, call->name, address);
    if (read_region(s3, response, region, sizeof region))
        return ldbx_fail_facts(error, LDBX_INVALID_ARGUMENT, &facts,
                               "%s: HTTP %d %s: the bucket is in region %s, not in %s", address, response->status, code,
                               region, s3->region);
    known = code[0] != '\0' ? find_known(code) : find_silent(channel, call);
    status = known != NULL ? known->status : status_of_http(response, code);
    if (known != NULL && known->words != NULL)
        snprintf(words, sizeof words, "%s", known->words);
    else
        read_words(channel, code, words, sizeof words);
    return ldbx_fail_facts(error, status, &facts, "%s: HTTP %d%s%s%s%s", address, response->status,
                           code[0] != '\0' ? " " : "", code, words[0] != '\0' ? ": " : "", words);
}
