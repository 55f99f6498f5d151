/* Staged files in a bucket of S3: the handle, and objects that are put in one call. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/str.h"
#include "net/url.h"
#include "stage/s3.h"

#define OLDEST_OPTIONS sizeof(ldbx_s3_options)
#define LEAST_BLOCK    ((int64_t)5 << 20) /* the smallest part of a multipart upload */
#define MAX_BUCKET     63
#define MAX_REGION     63
#define PIECE          ((int64_t)1 << 19) /* bytes of an object in one answer, half of what one may have */
#define MAX_PREFIX     700                /* bytes: a key has 1024, a name of ours up to 300 */

void ldbx_s3_options_init(ldbx_s3_options *options, size_t size)
{
    ldbx_s3_options defaults = {.size = size,
                                .region = "us-east-1",
                                .path_style = -1,
                                .sign_payload = -1,
                                .access = LDBX_ACCESS_INLINE,
                                .block_bytes = LEAST_BLOCK,
                                .parallel = 4};

    ldbx_options_default(options, size, &defaults, sizeof defaults);
}

/* Objects. */

void ldbx_s3_checksum(char out[9], uint32_t crc32)
{
    const uint8_t bytes[] = {(uint8_t)(crc32 >> 24), (uint8_t)(crc32 >> 16), (uint8_t)(crc32 >> 8), (uint8_t)crc32};

    out[ldbx_format_base64(out, bytes, sizeof bytes)] = '\0';
}

static int fail_changed(const char *address, ldbx_error **error)
{
    return ldbx_fail(error, LDBX_INVALID_DATA, "%s: was changed (its checksum does not match)", address);
}

/* In pieces that an answer may have. */
static int read_piece(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, int64_t first, int64_t bytes,
                      ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_s3_call call = {
        .method = "GET", .name = name, .query = "", .header = "Content-Range", .raw = true, .cancel = cancel};
    char range[64], address[LDBX_S3_ADDRESS];

    snprintf(range, sizeof range, "bytes=%" PRId64 "-%" PRId64, first, first + bytes - 1);
    ldbx_s3_call_header(&call, "Range", range);
    LDBX_TRY(ldbx_s3_send(s3, channel, &call, error));
    if (channel->response.body.size == (size_t)bytes)
        return LDBX_OK;
    return ldbx_fail(error, LDBX_PROTOCOL, "%s: the answer to GET has %zu bytes instead of %" PRId64,
                     ldbx_s3_address(s3, name, address), channel->response.body.size, bytes);
}

/* Whoever replaces an object may give it no checksum, and not every server keeps them: then the bytes themselves are asked for. */
static int compare_bytes(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, int64_t bytes, uint32_t crc32,
                         ldbx_cancel *cancel, ldbx_error **error)
{
    char address[LDBX_S3_ADDRESS];
    uint32_t found = 0;

    for (int64_t at = 0; at < bytes; at += PIECE) {
        const ldbx_buf *body = &channel->response.body;
        LDBX_TRY(read_piece(s3, channel, name, at, bytes - at < PIECE ? bytes - at : PIECE, cancel, error));
        found = ldbx_crc32(found, body->data, body->size);
    }
    return found == crc32 ? LDBX_OK : fail_changed(ldbx_s3_address(s3, name, address), error);
}

int ldbx_s3_compare(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, int64_t bytes, uint32_t crc32,
                    ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_s3_call call = {
        .method = "HEAD", .name = name, .query = "", .takes = {404}, .header = "Content-Length", .cancel = cancel};
    char address[LDBX_S3_ADDRESS], checksum[9];
    ldbx_view length, found;
    int64_t bytes_now = -1;

    ldbx_s3_address(s3, name, address);
    ldbx_s3_call_header(&call, "x-amz-checksum-mode", "ENABLED");
    LDBX_TRY(ldbx_s3_send(s3, channel, &call, error));
    if (channel->response.status == 404)
        return ldbx_fail(error, LDBX_NOT_FOUND, "%s: it is not there", address);
    length = ldbx_http_response_header(&channel->response, "Content-Length");
    if (!ldbx_parse_int64(length, 0, INT64_MAX, &bytes_now) || bytes_now != bytes)
        return ldbx_fail(error, LDBX_INVALID_DATA, "%s: has %" PRId64 " bytes instead of %" PRId64, address, bytes_now,
                         bytes);
    found = ldbx_http_response_header(&channel->response, "x-amz-checksum-crc32");
    ldbx_s3_checksum(checksum, crc32);
    /* One of the checksums of parts, with their number behind a hyphen, says nothing of the whole. */
    if (found.size != strlen(checksum))
        return compare_bytes(s3, channel, name, bytes, crc32, cancel, error);
    return ldbx_view_eq(found, checksum) ? LDBX_OK : fail_changed(address, error);
}

int ldbx_s3_settle(ldbx_s3 *s3, ldbx_s3_channel *channel, const ldbx_s3_call *call, int64_t bytes, uint32_t crc32,
                   ldbx_error **error)
{
    char address[LDBX_S3_ADDRESS];
    ldbx_error *refusal = NULL;
    int refused = ldbx_s3_refused(s3, channel, call, &refusal);
    int status = ldbx_s3_compare(s3, channel, call->name, bytes, crc32, call->cancel, error);

    if (status == LDBX_INVALID_DATA)
        status = ldbx_fail(error, LDBX_CONFLICT, "%s: exists already, with other bytes",
                           ldbx_s3_address(s3, call->name, address));
    if (status == LDBX_NOT_FOUND) {
        status = refused;
        ldbx_error_move(error, &refusal);
    }
    ldbx_error_destroy(refusal);
    return status;
}

static int s3_put(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                  ldbx_error **error)
{
    ldbx_s3 *s3 = user;
    ldbx_s3_call call = {.method = "PUT",
                         .name = name,
                         .query = "",
                         .body = content,
                         .takes = {412},
                         .header = "ETag",
                         .cancel = cancel};
    ldbx_s3_channel *channel = NULL;
    char checksum[9];
    int status;

    ldbx_s3_checksum(checksum, crc32);
    ldbx_s3_call_header(&call, "If-None-Match", "*");
    ldbx_s3_call_header(&call, "x-amz-checksum-crc32", checksum);
    LDBX_GO(ldbx_s3_take_channel(s3, &channel, error));
    LDBX_GO(ldbx_s3_send(s3, channel, &call, error));
    if (channel->response.status == 412)
        status = ldbx_s3_settle(s3, channel, &call, (int64_t)content.size, crc32, error);
out:
    ldbx_s3_give_channel(s3, channel);
    return status;
}

static int s3_remove(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_s3 *s3 = user;
    ldbx_s3_call call = {.method = "DELETE", .name = name, .query = "", .cancel = cancel};
    ldbx_s3_channel *channel = NULL;
    int status;

    LDBX_GO(ldbx_s3_take_channel(s3, &channel, error));
    LDBX_GO(ldbx_s3_send(s3, channel, &call, error));
    status = ldbx_s3_abort_uploads(s3, channel, name, cancel, error);
out:
    ldbx_s3_give_channel(s3, channel);
    return status;
}

static int s3_check(void *user, const char *name, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel,
                    ldbx_error **error)
{
    ldbx_s3 *s3 = user;
    ldbx_s3_channel *channel = NULL;
    int status = ldbx_s3_take_channel(s3, &channel, error);

    if (status == LDBX_OK)
        status = ldbx_s3_compare(s3, channel, name, bytes, crc32, cancel, error);
    ldbx_s3_give_channel(s3, channel);
    return status;
}

/* COPY INTO gets the freshest keys that there are: it reads for longer than a request of ours takes. */
static int s3_access(void *user, ldbx_access *out, ldbx_error **error)
{
    ldbx_s3 *s3 = user;

    out->kind = s3->access;
    out->credential = s3->credential;
    if (s3->access != LDBX_ACCESS_INLINE)
        return LDBX_OK;
    LDBX_TRY(ldbx_s3_keys_get(s3, UINT64_MAX, &s3->lent, error));
    out->access_key_id = s3->lent.access_key_id.text;
    out->secret_access_key = s3->lent.secret_access_key.text;
    out->session_token = s3->lent.session_token.text;
    return LDBX_OK;
}

static void s3_destroy(void *user)
{
    ldbx_s3 *s3 = user;

    ldbx_s3_destroy_channels(s3);
    ldbx_s3_keys_clear(&s3->keys);
    ldbx_s3_keys_clear(&s3->lent);
    ldbx_lock_clear(&s3->lock);
    ldbx_free(s3->bucket);
    ldbx_free(s3->prefix);
    ldbx_free(s3->region);
    ldbx_free(s3->credential);
    ldbx_free(s3->ca_file);
    ldbx_free(s3->proxy);
    ldbx_free(s3->user_agent);
    ldbx_free(s3->origin);
    ldbx_free(s3->host);
    ldbx_free(s3->root);
    ldbx_free(s3);
}

static const ldbx_stager_ops s3_ops = {sizeof s3_ops,  s3_put,          s3_remove, ldbx_s3_begin, ldbx_s3_block,
                                       ldbx_s3_finish, ldbx_s3_abandon, s3_check,  s3_access,     s3_destroy};

/* Opening. */

static int wrong(ldbx_error **error, const char *member, const char *what)
{
    return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s %s", member, what);
}

/* Whether a text is of letters, digits and `others`. */
static bool is_of(const char *text, const char *others)
{
    for (; *text != '\0'; text++)
        if (!ldbx_is_alnum(*text) && strchr(others, *text) == NULL)
            return false;
    return true;
}

/* The reader of COPY INTO takes an address for a path, in which such segments disappear. */
static int check_prefix(const char *prefix, ldbx_error **error)
{
    size_t size = strlen(prefix);

    if (size > MAX_PREFIX)
        return wrong(error, "prefix", "is longer than 700 bytes");
    for (const char *segment = prefix; segment < prefix + size; segment += strcspn(segment, "/") + 1) {
        size_t length = strcspn(segment, "/");
        if (length == 0 || (segment[0] == '.' && (length == 1 || (length == 2 && segment[1] == '.'))))
            return wrong(error, "prefix", "has a segment that is empty, \".\" or \"..\"");
    }
    return LDBX_OK;
}

static int check_rights(const ldbx_s3_options *options, ldbx_error **error)
{
    if (options->access != LDBX_ACCESS_EXTERNAL && options->access != LDBX_ACCESS_NAMED &&
        options->access != LDBX_ACCESS_INLINE)
        return wrong(error, "access", "is none of ldbx_access_kind");
    if (options->access == LDBX_ACCESS_NAMED && (options->credential == NULL || options->credential[0] == '\0'))
        return wrong(error, "credential", "is required with LDBX_ACCESS_NAMED");
    if (options->credentials == NULL || options->access_key_id != NULL)
        return ldbx_s3_keys_check(options->access_key_id, options->secret_access_key, options->session_token, error);
    return LDBX_OK;
}

static int check_options(const ldbx_s3_options *options, ldbx_error **error)
{
    size_t size = options->bucket != NULL ? strlen(options->bucket) : 0;

    if (size < 3 || size > MAX_BUCKET || !is_of(options->bucket, ".-_"))
        return wrong(error, "bucket", "must have 3 to 63 letters, digits, dots, hyphens or underscores");
    if (options->region == NULL || options->region[0] == '\0' || strlen(options->region) > MAX_REGION ||
        !is_of(options->region, "-"))
        return wrong(error, "region", "must have 1 to 63 letters, digits or hyphens");
    if (options->path_style < -1 || options->path_style > 1)
        return wrong(error, "path_style", "must be -1, 0 or 1");
    if (options->sign_payload < -1 || options->sign_payload > 1)
        return wrong(error, "sign_payload", "must be -1, 0 or 1");
    if (options->block_bytes < LEAST_BLOCK || options->block_bytes > LDBX_STAGER_LARGEST_BLOCK)
        return wrong(error, "block_bytes", "must be from 5242880 to 268435456");
    if (options->parallel < 1 || options->parallel > LDBX_STAGER_MOST_PARALLEL)
        return wrong(error, "parallel", "must be from 1 to 64");
    LDBX_TRY(check_rights(options, error));
    return options->prefix != NULL ? ldbx_stager_check_address("prefix", options->prefix, error) : LDBX_OK;
}

static int copy_text(char **out, const char *text, ldbx_error **error)
{
    *out = text != NULL ? ldbx_strdup(text) : NULL;
    return text == NULL || *out != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int copy_prefix(ldbx_s3 *s3, const char *prefix, ldbx_error **error)
{
    size_t size;

    prefix = prefix != NULL ? prefix + strspn(prefix, "/") : "";
    size = strlen(prefix);
    while (size > 0 && prefix[size - 1] == '/')
        size--;
    s3->prefix = ldbx_strndup(prefix, size);
    return s3->prefix != NULL ? check_prefix(s3->prefix, error) : ldbx_fail_no_memory(error);
}

/* What addresses begin with, on `host`, where `base` is the path of the endpoint. */
static int make_places(ldbx_s3 *s3, const ldbx_host *host, const char *base, bool path_style, ldbx_error **error)
{
    int32_t usual = host->plain ? 80 : 443; /* which no Host header names */
    ldbx_buf text;

    ldbx_buf_init(&text, LDBX_MAX_ERROR);
    ldbx_buf_printf(&text, "%s%s%s", path_style ? "" : s3->bucket, path_style ? "" : ".", host->name);
    if (host->port != 0 && host->port != usual)
        ldbx_buf_printf(&text, ":%d", (int)host->port);
    s3->host = ldbx_buf_detach(&text);
    ldbx_buf_printf(&text, "%s://%s", host->plain ? "http" : "https", s3->host != NULL ? s3->host : "");
    s3->origin = ldbx_buf_detach(&text);
    ldbx_buf_printf(&text, "%s/%s%s", base, path_style ? s3->bucket : "", path_style ? "/" : "");
    s3->root = ldbx_buf_detach(&text);
    ldbx_buf_clear(&text);
    if (s3->host == NULL || s3->origin == NULL || s3->root == NULL)
        return ldbx_fail_no_memory(error);
    return LDBX_OK;
}

static bool is_number(const ldbx_host *host)
{
    return host->name[0] == '[' || strspn(host->name, "0123456789.") == strlen(host->name);
}

static int use_endpoint(ldbx_s3 *s3, const ldbx_s3_options *options, ldbx_error **error)
{
    const char *scheme = strstr(options->endpoint, "://");
    const char *name = scheme != NULL ? scheme + 3 : options->endpoint;
    size_t size = (size_t)(name - options->endpoint) + strcspn(name, "/");
    const char *path = options->endpoint + size;
    ldbx_host host = {0};
    char *base = NULL;
    int status;

    if (strpbrk(options->endpoint, "?#") != NULL)
        return wrong(error, "endpoint", "has a query or a fragment, which must go: https://host[:port][/path]");
    status = ldbx_host_parse((ldbx_view){options->endpoint, size}, &host, error);
    if (status == LDBX_OK)
        status = ldbx_http_path_parse(ldbx_view_of(path[0] != '\0' ? path : "/"), &base, error);
    if (status != LDBX_OK) {
        ldbx_error_prefix(error, "endpoint");
        goto out;
    }
    if (!is_of(base, "/-._~%"))
        LDBX_GO(wrong(error, "endpoint", "has a path with characters that are not percent-encoded"));
    if (options->path_style == 0 && is_number(&host))
        LDBX_GO(wrong(error, "endpoint", "is a number, before which no bucket can stand (path_style 0)"));
    status = make_places(s3, &host, base[1] != '\0' ? base : "", options->path_style != 0, error);
out:
    ldbx_host_clear(&host);
    ldbx_free(base);
    return status;
}

static int use_amazon(ldbx_s3 *s3, const ldbx_s3_options *options, ldbx_error **error)
{
    bool china = strncmp(s3->region, "cn-", 3) == 0;
    /* No certificate of theirs is for a bucket with a dot. */
    bool path_style = options->path_style == 1 || (options->path_style == -1 && strchr(s3->bucket, '.') != NULL);
    ldbx_host host = {0};
    char name[128];

    snprintf(name, sizeof name, "s3.%s.amazonaws.com%s", s3->region, china ? ".cn" : "");
    host.name = name;
    return make_places(s3, &host, "", path_style, error);
}

static int fill(ldbx_s3 *s3, const ldbx_s3_options *options, ldbx_error **error)
{
    s3->access = options->access;
    s3->sign_payload = options->sign_payload == 1; /* plain text goes to loopback only */
    s3->credentials = options->credentials;
    s3->user = options->user;
    LDBX_TRY(copy_text(&s3->bucket, options->bucket, error));
    LDBX_TRY(copy_text(&s3->region, options->region, error));
    LDBX_TRY(copy_text(&s3->credential, options->credential, error));
    LDBX_TRY(copy_text(&s3->ca_file, options->ca_file, error));
    LDBX_TRY(copy_text(&s3->proxy, options->proxy, error));
    LDBX_TRY(copy_text(&s3->user_agent, options->user_agent, error));
    LDBX_TRY(copy_prefix(s3, options->prefix, error));
    if (options->access_key_id != NULL) {
        s3->keys.serial = 1;
        if (!ldbx_s3_keys_set(&s3->keys, options->access_key_id, options->secret_access_key, options->session_token))
            return ldbx_fail_no_memory(error);
    }
    return options->endpoint != NULL ? use_endpoint(s3, options, error) : use_amazon(s3, options, error);
}

int ldbx_s3_open(const ldbx_s3_options *options, ldbx_stager **out, ldbx_error **error)
{
    ldbx_stager_options common;
    char url[LDBX_S3_ADDRESS];
    ldbx_s3 *s3;
    int status;

    LDBX_TRY(check_options(options, error));
    s3 = ldbx_calloc(1, sizeof *s3);
    if (s3 == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_lock_init(&s3->lock);
    LDBX_GO(fill(s3, options, error));
    ldbx_stager_options_init(&common, sizeof common);
    common.url = ldbx_s3_address(s3, NULL, url);
    common.block_bytes = options->block_bytes;
    common.parallel = options->parallel;
    status = ldbx_stager_new(&s3_ops, &common, s3, out, error);
out:
    if (status != LDBX_OK)
        s3_destroy(s3);
    return status;
}

int ldbx_stager_open_s3(const ldbx_s3_options *given, ldbx_stager **out, ldbx_error **error)
{
    ldbx_s3_options options;
    int status;

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    ldbx_s3_options_init(&options, sizeof options);
    LDBX_TRY(ldbx_options_take(&options, sizeof options, OLDEST_OPTIONS, given, "ldbx_s3_options", error));
    status = ldbx_s3_open(&options, out, error);
    if (status != LDBX_OK)
        ldbx_error_prefix(error, "ldbx_s3_options");
    return status;
}
