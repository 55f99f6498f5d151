/* Staged files in a Unity Catalog volume, through the Files API: each file is one request. */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/caller.h"
#include "net/retry.h"
#include "stage/stager.h"

#define FILES        "/api/2.0/fs/files"
#define ROOT         "/Volumes/"
#define BLOCK_BYTES  ((int64_t)8 << 20) /* of a file: it is held until it has arrived */
#define PARALLEL     2                  /* calls at once, beside the file that is written */
#define MAX_REFUSAL  ((size_t)64 << 10) /* bytes of an answer that are taken for an explanation */
#define MAX_REASON   ((size_t)1024)
#define VOLUME_PARTS 3

/* One connection; used by one thread at a time. */
typedef struct channel {
    struct channel *next;
    ldbx_caller caller;
    ldbx_http_response response;
} channel;

typedef struct volume {
    ldbx_config *config;
    ldbx_oauth *oauth;
    char *path;  /* /Volumes/catalog/schema/volume, and a prefix */
    char *label; /* /Volumes/catalog/schema/volume, for errors */

    ldbx_lock lock; /* guards what follows */
    channel *idle;
} volume;

/* The pool. */

static void destroy_channel(channel *gone)
{
    ldbx_caller_clear(&gone->caller);
    ldbx_http_response_clear(&gone->response);
    ldbx_free(gone);
}

static int make_channel(const volume *us, channel **out, ldbx_error **error)
{
    channel *made = ldbx_calloc(1, sizeof *made);
    int status;

    if (made == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_http_response_init(&made->response, (size_t)BLOCK_BYTES);
    ldbx_http_response_keep_head(&made->response);
    status = ldbx_caller_init(&made->caller, us->config, us->oauth, error);
    if (status == LDBX_OK)
        *out = made;
    else
        destroy_channel(made);
    return status;
}

static int take_channel(volume *us, channel **out, ldbx_error **error)
{
    ldbx_lock_take(&us->lock);
    *out = us->idle;
    if (*out != NULL)
        us->idle = (*out)->next;
    ldbx_lock_give(&us->lock);
    return *out != NULL ? LDBX_OK : make_channel(us, out, error);
}

/* What was read back is not kept. */
static void give_channel(volume *us, channel *with)
{
    ldbx_buf_clear(&with->response.body);
    ldbx_lock_take(&us->lock);
    with->next = us->idle;
    us->idle = with;
    ldbx_lock_give(&us->lock);
}

/* Answers. */

static ldbx_status status_of_http(int http_status)
{
    switch (http_status) {
    case 400:
        return LDBX_INVALID_ARGUMENT;
    case 401:
        return LDBX_UNAUTHENTICATED;
    case 403:
        return LDBX_FORBIDDEN;
    case 404:
        return LDBX_NOT_FOUND;
    case 409:
        return LDBX_CONFLICT;
    default:
        return ldbx_http_may_heal(http_status) ? LDBX_UNAVAILABLE : LDBX_PROTOCOL;
    }
}

static const char *hint_of_http(const ldbx_caller *caller, int http_status)
{
    if (http_status == 401)
        return ldbx_caller_hint_of_401(caller);
    if (http_status == 403)
        return "; staging needs WRITE VOLUME on it, loading READ VOLUME, both USE CATALOG and USE SCHEMA";
    return "";
}

/* A text of an answer, without our credentials, which it may repeat. */
static const char *told(const ldbx_caller *caller, const cJSON *answer, const char *name, const char *fallback)
{
    const cJSON *text = ldbx_json_get(answer, name);

    if (cJSON_IsString(text))
        ldbx_caller_hide(caller, text->valuestring);
    return ldbx_json_text(answer, name, fallback);
}

/* {"error_code": "NOT_FOUND", "message": "..."}, or whatever a gateway says. */
static int fail_http(const ldbx_caller *caller, const ldbx_call *call, const ldbx_http_response *response,
                     ldbx_error **error)
{
    ldbx_error_facts facts = {.http_status = response->status, .retry = -1};
    const char *reason;
    cJSON *answer = NULL;
    ldbx_buf line;
    int status;

    ldbx_buf_init(&line, LDBX_MAX_ERROR);
    if (response->body.size <= MAX_REFUSAL)
        ldbx_json_parse(ldbx_buf_get(&response->body), &answer, NULL);
    facts.error_class = told(caller, answer, "error_code", NULL);
    if (facts.error_class != NULL)
        ldbx_buf_printf(&line, ": [%s]", facts.error_class);
    reason = told(caller, answer, "message", response->reason);
    if (reason[0] != '\0') {
        ldbx_buf_str(&line, facts.error_class != NULL ? " " : ": ");
        ldbx_buf_one_line(&line, ldbx_view_of(reason), MAX_REASON);
    }
    ldbx_buf_str(&line, hint_of_http(caller, response->status));
    if (ldbx_buf_cstr(&line) != NULL)
        status = ldbx_fail_facts(error, status_of_http(response->status), &facts, "%s: HTTP %d%s", call->name,
                                 response->status, ldbx_buf_cstr(&line));
    else
        status = ldbx_fail_no_memory(error);
    cJSON_Delete(answer);
    ldbx_buf_clear(&line);
    return status;
}

/* What a gateway answers instead of the service must not pass for its consent. */
static int fail_foreign(const ldbx_call *call, const ldbx_http_response *response, ldbx_error **error)
{
    return ldbx_fail(error, LDBX_PROTOCOL, "%s: the answer is not that of the Files API (%s); check the host",
                     call->name, response->content_type[0] != '\0' ? response->content_type : "no content type");
}

static int judge_change(const ldbx_caller *caller, const ldbx_call *call, const ldbx_http_response *response,
                        ldbx_error **error)
{
    if (response->status == 204)
        return LDBX_OK;
    if (response->status != 200)
        return fail_http(caller, call, response, error);
    if (response->body.size == 0)
        return ldbx_fail(error, LDBX_UNAVAILABLE, "%s: the answer is empty", call->name);
    return fail_foreign(call, response, error);
}

static int judge_look(const ldbx_caller *caller, const ldbx_call *call, const ldbx_http_response *response,
                      ldbx_error **error)
{
    if (response->status != 200)
        return fail_http(caller, call, response, error);
    return ldbx_view_starts(ldbx_view_of(response->content_type), "text/html") ? fail_foreign(call, response, error)
                                                                               : LDBX_OK;
}

/* Requests. */

static char *url_of(const volume *us, const char *name, const char *query)
{
    char *url = NULL;
    ldbx_buf path;

    ldbx_buf_init(&path, LDBX_MAX_ERROR);
    ldbx_buf_str(&path, FILES);
    ldbx_url_encode(&path, ldbx_view_of(us->path), "/");
    ldbx_buf_byte(&path, '/');
    ldbx_url_encode(&path, ldbx_view_of(name), "/");
    ldbx_buf_str(&path, query);
    if (ldbx_buf_cstr(&path) != NULL)
        url = ldbx_url_format(&us->config->host, (int32_t)us->config->port, ldbx_buf_cstr(&path));
    ldbx_buf_clear(&path);
    return url;
}

static int send(const volume *us, channel *with, const char *method, const char *name, ldbx_view content,
                ldbx_cancel *cancel, ldbx_error **error)
{
    bool puts = strcmp(method, "PUT") == 0;
    bool changes = puts || strcmp(method, "DELETE") == 0;
    char *url = url_of(us, name, puts ? "?overwrite=false" : "");
    ldbx_http_request request = {.method = method, .url = url, .body = content};
    /* A change may be made again: what a lost one left is recognised. */
    ldbx_call call = {.name = us->label, .idempotent = true, .cancel = cancel};
    int status;

    if (url == NULL)
        return ldbx_fail_no_memory(error);
    if (puts)
        request.content_type = "application/octet-stream";
    status =
        ldbx_caller_send(&with->caller, &call, &request, changes ? judge_change : judge_look, &with->response, error);
    ldbx_free(url);
    return status;
}

/* The Files API tells nothing else of a file that could be compared. */
static int compare_length(const volume *us, channel *with, const char *name, int64_t bytes, ldbx_cancel *cancel,
                          ldbx_error **error)
{
    int64_t bytes_now;
    int status = send(us, with, "HEAD", name, (ldbx_view){NULL, 0}, cancel, error);

    if (status == LDBX_NOT_FOUND)
        return ldbx_fail(error, status, "%s: it is not there", us->label);
    LDBX_TRY(status);
    if (!ldbx_parse_int64(ldbx_http_response_header(&with->response, "content-length"), 0, INT64_MAX, &bytes_now))
        return ldbx_fail(error, LDBX_PROTOCOL, "%s: the answer has no length", us->label);
    if (bytes_now != bytes)
        return ldbx_fail(error, LDBX_INVALID_DATA, "%s: it has %" PRId64 " bytes instead of %" PRId64, us->label,
                         bytes_now, bytes);
    return LDBX_OK;
}

/* Of a file that one call has put. */
static int compare_content(const volume *us, channel *with, const char *name, ldbx_view content, uint32_t crc32,
                           ldbx_cancel *cancel, ldbx_error **error)
{
    const ldbx_buf *body = &with->response.body;

    LDBX_TRY(compare_length(us, with, name, (int64_t)content.size, cancel, error));
    LDBX_TRY(send(us, with, "GET", name, (ldbx_view){NULL, 0}, cancel, error));
    if (body->size != content.size || ldbx_crc32(0, body->data, body->size) != crc32)
        return ldbx_fail(error, LDBX_INVALID_DATA, "%s: its checksum does not match", us->label);
    return LDBX_OK;
}

/* A name that exists with the same bytes is what an earlier attempt left, whose answer was lost. */
static int put(const volume *us, channel *with, const char *name, ldbx_view content, uint32_t crc32,
               ldbx_cancel *cancel, ldbx_error **error)
{
    ldbx_error *refusal = NULL;
    int status = send(us, with, "PUT", name, content, cancel, &refusal);

    if (status == LDBX_CONFLICT) {
        int found = compare_content(us, with, name, content, crc32, cancel, error);
        if (found == LDBX_INVALID_DATA)
            status = ldbx_fail(error, LDBX_CONFLICT, "%s: it exists already, with other bytes", us->label);
        else if (found != LDBX_NOT_FOUND)
            status = found;
        if (found != LDBX_NOT_FOUND) {
            ldbx_error_destroy(refusal);
            return status;
        }
    }
    ldbx_error_move(error, &refusal);
    return status;
}

/* Whether it is the service that says so: a gateway, or a host without volumes, has no files to be gone. */
static bool is_gone(const ldbx_error *refusal)
{
    const char *class = ldbx_error_class(refusal);

    return ldbx_error_status(refusal) == LDBX_NOT_FOUND && class[0] != '\0' && strcmp(class, "ENDPOINT_NOT_FOUND") != 0;
}

/* Hooks. */

static int volume_put(void *user, const char *name, ldbx_view content, uint32_t crc32, ldbx_cancel *cancel,
                      ldbx_error **error)
{
    volume *us = user;
    channel *with = NULL;
    int status;

    LDBX_TRY(take_channel(us, &with, error));
    status = put(us, with, name, content, crc32, cancel, error);
    give_channel(us, with);
    return status;
}

static int volume_remove(void *user, const char *name, ldbx_cancel *cancel, ldbx_error **error)
{
    volume *us = user;
    channel *with = NULL;
    ldbx_error *refusal = NULL;
    int status;

    LDBX_TRY(take_channel(us, &with, error));
    status = send(us, with, "DELETE", name, (ldbx_view){NULL, 0}, cancel, &refusal);
    give_channel(us, with);
    if (status != LDBX_OK && is_gone(refusal)) {
        ldbx_error_destroy(refusal);
        return LDBX_OK;
    }
    ldbx_error_move(error, &refusal);
    return status;
}

/* Reading gigabytes back would cost more than the load. */
static int volume_check(void *user, const char *name, int64_t bytes, uint32_t crc32, ldbx_cancel *cancel,
                        ldbx_error **error)
{
    volume *us = user;
    channel *with = NULL;
    int status;

    (void)crc32;
    LDBX_TRY(take_channel(us, &with, error));
    status = compare_length(us, with, name, bytes, cancel, error);
    give_channel(us, with);
    return status;
}

static void volume_destroy(void *user)
{
    volume *us = user;

    while (us->idle != NULL) {
        channel *gone = us->idle;
        us->idle = gone->next;
        destroy_channel(gone);
    }
    ldbx_oauth_destroy(us->oauth);
    ldbx_config_destroy(us->config);
    ldbx_lock_clear(&us->lock);
    ldbx_free(us->label);
    ldbx_free(us->path);
    ldbx_free(us);
}

/* Opening. */

static ldbx_view cut_slashes(ldbx_view path)
{
    while (path.size > 0 && path.data[path.size - 1] == '/')
        path.size--;
    return path;
}

size_t ldbx_volume_root(const char *path)
{
    ldbx_view whole = cut_slashes(ldbx_view_of(path));
    const char *end = whole.data + whole.size;
    size_t root = 0;
    int parts = 0;

    if (!ldbx_view_starts(whole, ROOT))
        return 0;
    for (const char *at = whole.data + strlen(ROOT); at <= end; at++) {
        ldbx_view part = {at, strcspn(at, "/")};
        if (part.size == 0 || ldbx_view_eq(part, ".") || ldbx_view_eq(part, ".."))
            return 0;
        at += part.size;
        if (++parts == VOLUME_PARTS)
            root = (size_t)(at - path);
    }
    return root;
}

static int read_path(volume *us, const char *path, ldbx_error **error)
{
    size_t root = ldbx_volume_root(path);
    ldbx_view whole = cut_slashes(ldbx_view_of(path));

    if (root == 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "path must be /Volumes/CATALOG/SCHEMA/VOLUME, folders may follow; it is '%s'", path);
    us->path = ldbx_strndup(whole.data, whole.size);
    us->label = ldbx_strndup(path, root);
    return us->path != NULL && us->label != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

static int set_up(volume *us, const ldbx_config *config, const char *path, ldbx_error **error)
{
    LDBX_TRY(ldbx_stager_check_address("path", path, error));
    LDBX_TRY(read_path(us, path, error));
    LDBX_TRY(ldbx_config_validate(config, error));
    if (config->credential.username != NULL)
        return ldbx_fail(
            error, LDBX_INVALID_ARGUMENT,
            "a volume needs a token, or client_id and client_secret: username and password are those of an "
            "open-source Spark, which has no volumes");
    LDBX_TRY(ldbx_config_clone(config, &us->config, error));
    LDBX_TRY(ldbx_caller_oauth(us->config, &us->oauth, error));
    return make_channel(us, &us->idle, error); /* a certificate file that cannot be read is told now */
}

int ldbx_stager_open_volume(const ldbx_config *config, const char *path, ldbx_stager **out, ldbx_error **error)
{
    static const ldbx_stager_ops ops = {.size = sizeof ops,
                                        .put = volume_put,
                                        .remove = volume_remove,
                                        .check = volume_check,
                                        .destroy = volume_destroy};
    ldbx_stager_options options;
    volume *us;
    int status;

    if (out == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "out is NULL");
    *out = NULL;
    if (config == NULL || path == NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s is NULL", config == NULL ? "config" : "path");
    us = ldbx_calloc(1, sizeof *us);
    if (us == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_lock_init(&us->lock);
    LDBX_GO(set_up(us, config, path, error));
    ldbx_stager_options_init(&options, sizeof options);
    options.url = us->path;
    options.block_bytes = BLOCK_BYTES;
    options.parallel = PARALLEL;
    LDBX_GO(ldbx_stager_new(&ops, &options, us, out, error));
    us = NULL;
out:
    if (us != NULL)
        volume_destroy(us);
    return status;
}
