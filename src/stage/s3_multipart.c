/* Objects of several blocks: multipart uploads. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"
#include "stage/s3.h"
#include "stage/xml.h"

#define MAX_PARTS     10000 /* S3's */
#define MAX_UPLOAD_ID 1024  /* bytes, of what the server calls an upload */
#define MAX_ETAG      256   /* bytes */
#define PAGE          "100" /* uploads of one name at once */
#define MAX_PAGES     10

typedef struct part {
    char *etag; /* NULL: it was not sent */
    uint32_t crc32;
} part;

typedef struct transfer {
    char *name;
    char *id;    /* of the upload, percent-encoded */
    bool whole;  /* the server takes the CRC-32 of the whole object */
    part *parts; /* under the lock of the stager, as the next */
    size_t count;
} transfer;

static void end_transfer(transfer *us)
{
    for (size_t i = 0; i < us->count; i++)
        ldbx_free(us->parts[i].etag);
    ldbx_free(us->parts);
    ldbx_free(us->name);
    ldbx_free(us->id);
    ldbx_free(us);
}

static char *encoded(ldbx_view text)
{
    ldbx_buf out;
    char *made;

    ldbx_buf_init(&out, 3 * MAX_UPLOAD_ID);
    ldbx_url_encode(&out, text, "");
    made = ldbx_buf_detach(&out);
    ldbx_buf_clear(&out);
    return made;
}

/* The id of the upload that an element names, percent-encoded. */
static int read_id(ldbx_view document, char **out, ldbx_error **error)
{
    ldbx_buf id;
    int status = LDBX_OK;

    ldbx_buf_init(&id, MAX_UPLOAD_ID);
    ldbx_xml_text(document, "UploadId", &id);
    if (id.full || (id.size == 0 && !id.failed))
        status =
            ldbx_fail(error, LDBX_PROTOCOL,
                      "the server gave no name for a multipart upload, or one longer than %d bytes", MAX_UPLOAD_ID);
    else if (id.failed || (*out = encoded(ldbx_buf_get(&id))) == NULL)
        status = ldbx_fail_no_memory(error);
    ldbx_buf_clear(&id);
    return status;
}

/* once: as far as that works at once. */
static int abort_upload(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, const char *id, bool once,
                        ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_s3_call call = {.method = "DELETE", .name = name, .takes = {404}, .once = once, .cancel = cancel};
    char query[3 * MAX_UPLOAD_ID + 64];

    snprintf(query, sizeof query, "uploadId=%s", id);
    call.query = query;
    return ldbx_s3_send(s3, channel, &call, error);
}

int ldbx_s3_begin(void *user, const char *name, void **out, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_s3 *s3 = user;
    ldbx_s3_call call = {.method = "POST", .name = name, .query = "uploads=", .element = "UploadId", .cancel = cancel};
    ldbx_s3_channel *channel = NULL;
    transfer *made = ldbx_calloc(1, sizeof *made);
    int status;

    if (made == NULL)
        return ldbx_fail_no_memory(error);
    made->name = ldbx_strdup(name);
    if (made->name == NULL)
        LDBX_GO(ldbx_fail_no_memory(error));
    ldbx_s3_call_header(&call, "x-amz-checksum-algorithm", "CRC32");
    ldbx_s3_call_header(&call, "x-amz-checksum-type", "FULL_OBJECT");
    LDBX_GO(ldbx_s3_take_channel(s3, &channel, error));
    LDBX_GO(ldbx_s3_send(s3, channel, &call, error));
    LDBX_GO(read_id(ldbx_buf_get(&channel->response.body), &made->id, error));
    made->whole = ldbx_view_eq(ldbx_http_response_header(&channel->response, "x-amz-checksum-type"), "FULL_OBJECT");
    *out = made;
    made = NULL;
out:
    ldbx_s3_give_channel(s3, channel);
    if (made != NULL)
        end_transfer(made);
    return status;
}

/* An entity tag stands in XML later. */
static int keep_part(ldbx_s3 *s3, transfer *us, size_t index, ldbx_view etag, uint32_t crc32, ldbx_error **error)
{
    part *parts;
    char *copy;

    if (etag.size > MAX_ETAG)
        return ldbx_fail(error, LDBX_PROTOCOL, "the server gave an entity tag longer than %d bytes", MAX_ETAG);
    copy = ldbx_strndup(etag.data, etag.size);
    if (copy == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_lock_take(&s3->lock);
    if (index >= us->count) {
        parts = ldbx_realloc(us->parts, us->count * sizeof *parts, (index + 1) * sizeof *parts);
        if (parts != NULL) {
            memset(parts + us->count, 0, (index + 1 - us->count) * sizeof *parts);
            us->parts = parts;
            us->count = index + 1;
        }
    }
    if (index < us->count) {
        ldbx_free(us->parts[index].etag);
        us->parts[index] = (part){copy, crc32};
        copy = NULL;
    }
    ldbx_lock_give(&s3->lock);
    ldbx_free(copy);
    return copy == NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

int ldbx_s3_block(void *user, void *begun, int64_t index, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                  ldbx_error **error)
{
    ldbx_s3 *s3 = user;
    transfer *us = begun;
    ldbx_s3_call call = {.method = "PUT", .name = us->name, .body = content, .header = "ETag", .cancel = cancel};
    ldbx_s3_channel *channel = NULL;
    char checksum[9], query[3 * MAX_UPLOAD_ID + 64];
    int status;

    if (index >= MAX_PARTS)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "S3 takes no more than %d blocks of an object; make them larger",
                         MAX_PARTS);
    snprintf(query, sizeof query, "partNumber=%d&uploadId=%s", (int)index + 1, us->id);
    call.query = query;
    ldbx_s3_checksum(checksum, crc32);
    ldbx_s3_call_header(&call, "x-amz-checksum-crc32", checksum);
    LDBX_GO(ldbx_s3_take_channel(s3, &channel, error));
    LDBX_GO(ldbx_s3_send(s3, channel, &call, error));
    status = keep_part(s3, us, (size_t)index, ldbx_http_response_header(&channel->response, "ETag"), crc32, error);
out:
    ldbx_s3_give_channel(s3, channel);
    return status;
}

static int put_parts(const transfer *us, ldbx_buf *out, ldbx_error **error)
{
    char checksum[9];

    ldbx_buf_str(out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < us->count; i++) {
        if (us->parts[i].etag == NULL)
            return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "block %zu was not sent", i);
        ldbx_s3_checksum(checksum, us->parts[i].crc32);
        ldbx_buf_printf(out, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
        ldbx_xml_escape(out, ldbx_view_of(us->parts[i].etag));
        ldbx_buf_printf(out, "</ETag><ChecksumCRC32>%s</ChecksumCRC32></Part>", checksum);
    }
    ldbx_buf_str(out, "</CompleteMultipartUpload>");
    return out->failed ? ldbx_fail_no_memory(error) : LDBX_OK;
}

int ldbx_s3_finish(void *user, void *begun, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_s3 *s3 = user;
    transfer *us = begun;
    ldbx_s3_call call = {.method = "POST", .name = us->name, .takes = {404, 412}, .element = "ETag", .cancel = cancel};
    ldbx_s3_channel *channel = NULL;
    char checksum[9], query[3 * MAX_UPLOAD_ID + 64];
    bool complete = false;
    ldbx_buf parts;
    int status;

    ldbx_buf_init(&parts, LDBX_MAX_DOCUMENT);
    snprintf(query, sizeof query, "uploadId=%s", us->id);
    call.query = query;
    ldbx_s3_checksum(checksum, crc32);
    ldbx_s3_call_header(&call, "If-None-Match", "*");
    if (us->whole) {
        ldbx_s3_call_header(&call, "x-amz-checksum-crc32", checksum);
        ldbx_s3_call_header(&call, "x-amz-checksum-type", "FULL_OBJECT");
    }
    LDBX_GO(put_parts(us, &parts, error));
    call.body = ldbx_buf_get(&parts);
    LDBX_GO(ldbx_s3_take_channel(s3, &channel, error));
    LDBX_GO(ldbx_s3_send(s3, channel, &call, error));
    complete = channel->response.status < 300;
    if (!complete)
        status = ldbx_s3_settle(s3, channel, &call, bytes, crc32, error);
out:
    if (!complete && channel != NULL)
        abort_upload(s3, channel, us->name, us->id, true, cancel, NULL);
    ldbx_s3_give_channel(s3, channel);
    ldbx_buf_clear(&parts);
    end_transfer(us);
    return status;
}

void ldbx_s3_abandon(void *user, void *begun)
{
    ldbx_s3 *s3 = user;
    transfer *us = begun;
    ldbx_s3_channel *channel = NULL;

    if (ldbx_s3_take_channel(s3, &channel, NULL) == LDBX_OK)
        abort_upload(s3, channel, us->name, us->id, true, NULL, NULL);
    ldbx_s3_give_channel(s3, channel);
    end_transfer(us);
}

/* Whether a key of the bucket is that of the object. */
static bool is_key(const ldbx_s3 *s3, const char *name, ldbx_view key)
{
    size_t prefix = strlen(s3->prefix);

    if (prefix > 0) {
        if (!ldbx_view_starts(key, s3->prefix) || key.size == prefix || key.data[prefix] != '/')
            return false;
        key = (ldbx_view){key.data + prefix + 1, key.size - prefix - 1};
    }
    return ldbx_view_eq(key, name);
}

/* Aborts the uploads of this name in a list, which may have others that begin so. */
static int abort_listed(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, ldbx_view list, int *aborted,
                        ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_view upload;

    while (ldbx_xml_next(&list, "Upload", &upload)) {
        int status = LDBX_OK;
        char *id = NULL;
        ldbx_buf key;

        ldbx_buf_init(&key, LDBX_MAX_ERROR);
        ldbx_xml_text(upload, "Key", &key);
        if (key.failed && !key.full)
            status = ldbx_fail_no_memory(error);
        else if (is_key(s3, name, ldbx_buf_get(&key))) {
            status = read_id(upload, &id, error);
            if (status == LDBX_OK)
                status = abort_upload(s3, channel, name, id, false, cancel, error);
            ++*aborted;
        }
        ldbx_free(id);
        ldbx_buf_clear(&key);
        LDBX_TRY(status);
    }
    return LDBX_OK;
}

static int list_uploads(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, ldbx_cancel *cancel,
                        ldbx_error **error)
{
    ldbx_s3_call call = {.method = "GET", .element = "ListMultipartUploadsResult", .cancel = cancel};
    ldbx_buf query;
    int status;

    ldbx_buf_init(&query, LDBX_MAX_ERROR);
    ldbx_buf_str(&query, "max-uploads=" PAGE "&prefix=");
    ldbx_url_encode(&query, ldbx_view_of(s3->prefix), "");
    ldbx_buf_str(&query, s3->prefix[0] != '\0' ? "%2F" : "");
    ldbx_url_encode(&query, ldbx_view_of(name), "");
    ldbx_buf_str(&query, "&uploads=");
    call.query = ldbx_buf_cstr(&query);
    status = call.query != NULL ? ldbx_s3_send(s3, channel, &call, error) : ldbx_fail_no_memory(error);
    ldbx_buf_clear(&query);
    return status;
}

/* Those of the name itself come first in a list, so its first page is looked at until it has none. */
static int abort_all(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, ldbx_cancel *cancel, ldbx_error **error)
{
    int aborted = 1;

    for (int i = 0; i < MAX_PAGES && aborted > 0; i++) {
        ldbx_buf list;
        int status;

        LDBX_TRY(list_uploads(s3, channel, name, cancel, error));
        list = channel->response.body; /* the next answer must not overwrite it */
        ldbx_buf_init(&channel->response.body, list.max);
        aborted = 0;
        status = abort_listed(s3, channel, name, ldbx_buf_get(&list), &aborted, cancel, error);
        ldbx_buf_clear(&list);
        LDBX_TRY(status);
    }
    return LDBX_OK;
}

int ldbx_s3_abort_uploads(ldbx_s3 *s3, ldbx_s3_channel *channel, const char *name, ldbx_cancel *cancel,
                          ldbx_error **error)
{
    ldbx_error *failure = NULL;
    bool told;
    int status;

    ldbx_lock_take(&s3->lock);
    told = s3->unlisted;
    ldbx_lock_give(&s3->lock);
    if (told)
        return LDBX_OK;
    status = abort_all(s3, channel, name, cancel, &failure);
    if (status != LDBX_FORBIDDEN && status != LDBX_UNSUPPORTED) {
        ldbx_error_move(error, &failure);
        return status;
    }
    ldbx_lock_take(&s3->lock);
    told = s3->unlisted;
    s3->unlisted = true;
    ldbx_lock_give(&s3->lock);
    if (!told)
        ldbx_log(LDBX_LOG_WARNING, "stage", "multipart uploads that were cut off stay: %s",
                 ldbx_error_message(failure));
    ldbx_error_destroy(failure);
    return LDBX_OK;
}
