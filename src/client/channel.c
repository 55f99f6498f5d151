#include "client/channel.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/server_error.h"
#include "net/retry.h"

#define THRIFT_TYPE "application/x-thrift"
#define MAX_REFUSAL ((size_t)4096) /* bytes of an answer other than 200 that are looked at */

struct ldbx_channel {
    ldbx_caller caller;
    char *url;
    ldbx_buf request;
    int32_t seqid;
};

int ldbx_channel_new(const ldbx_config *config, ldbx_oauth *oauth, ldbx_channel **out, ldbx_error **error)
{
    int status;
    ldbx_channel *channel = ldbx_calloc(1, sizeof *channel);

    *out = NULL;
    if (channel == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_buf_init(&channel->request, LDBX_MAX_SQL + LDBX_MAX_ERROR);
    LDBX_GO(ldbx_caller_init(&channel->caller, config, oauth, error));
    channel->url = ldbx_url_format(&config->host, (int32_t)config->port, config->http_path);
    if (channel->url == NULL)
        LDBX_GO(ldbx_fail_no_memory(error));
    *out = channel;
    channel = NULL;
out:
    ldbx_channel_destroy(channel);
    return status;
}

void ldbx_channel_destroy(ldbx_channel *channel)
{
    if (channel == NULL)
        return;
    ldbx_caller_clear(&channel->caller);
    ldbx_free(channel->url);
    ldbx_buf_wipe(&channel->request);
    ldbx_free(channel);
}

ldbx_buf *ldbx_channel_request(ldbx_channel *channel, int32_t *seqid)
{
    channel->seqid = channel->seqid == INT32_MAX ? 1 : channel->seqid + 1;
    *seqid = channel->seqid;
    ldbx_buf_reset(&channel->request);
    return &channel->request;
}

void ldbx_channel_hide(ldbx_channel *channel, const ldbx_secret *secrets, size_t count)
{
    channel->caller.hidden = secrets;
    channel->caller.hidden_count = count;
}

/* A proxy that broke answers 200 with nothing or with a page: an empty answer may heal, a page will not. */
static int check_thrift(const ldbx_call *call, const ldbx_http_response *response, ldbx_error **error)
{
    const ldbx_buf *body = &response->body;

    if (body->size == 0)
        return ldbx_fail(error, LDBX_UNAVAILABLE, "%s: the answer is empty", call->name);
    if (body->size < 4 || body->data[0] != 0x80 || body->data[1] != 0x01)
        return ldbx_fail(error, LDBX_PROTOCOL, "%s: the answer is not Thrift (%s); check host and http path",
                         call->name, response->content_type[0] != '\0' ? response->content_type : "no content type");
    return LDBX_OK;
}

/* The reason stands in a header, or in the body, where a gateway writes it as JSON. */
static bool session_is_gone(const ldbx_http_response *response)
{
    ldbx_view body = ldbx_buf_get(&response->body);

    body.size = body.size < MAX_REFUSAL ? body.size : MAX_REFUSAL;
    return ldbx_says_session_is_gone(ldbx_view_of(response->reason)) || ldbx_says_session_is_gone(body);
}

static ldbx_status status_of_http(const ldbx_call *call, const ldbx_http_response *response)
{
    switch (response->status) {
    case 400:
        return session_is_gone(response) ? LDBX_SESSION_LOST : LDBX_PROTOCOL;
    case 401:
        return LDBX_UNAUTHENTICATED;
    case 403:
        return LDBX_FORBIDDEN;
    case 404:
        return call->in_session ? LDBX_SESSION_LOST : LDBX_NOT_FOUND;
    default:
        return ldbx_http_may_heal(response->status) ? LDBX_UNAVAILABLE : LDBX_PROTOCOL;
    }
}

static const char *hint_of_http(const ldbx_caller *caller, const ldbx_call *call, int http_status)
{
    if (http_status == 401)
        return ldbx_caller_hint_of_401(caller);
    if (http_status == 500 && caller->config->credential.username == NULL && !call->in_session)
        return "; open-source Spark answers a token so: give it a username and a password";
    if (http_status == 403)
        return "; the token is not allowed here";
    if (http_status == 404 && !call->in_session)
        return "; check the http path: no warehouse or cluster answers there";
    if (http_status >= 300 && http_status < 400)
        return "; a redirect means a wrong host or http path, or a missing ?o= workspace id";
    return "";
}

static int fail_http(const ldbx_caller *caller, const ldbx_call *call, const ldbx_http_response *response,
                     ldbx_error **error)
{
    ldbx_error_facts facts = {.http_status = response->status, .retry = -1, .statement_id = call->statement_id};
    bool has_reason = response->reason[0] != '\0';

    return ldbx_fail_facts(error, status_of_http(call, response), &facts, "%s: HTTP %d%s%s%s", call->name,
                           response->status, has_reason ? ": " : "", response->reason,
                           hint_of_http(caller, call, response->status));
}
/* What an answer is for a caller of Thrift. */
static int judge(const ldbx_caller *caller, const ldbx_call *call, const ldbx_http_response *response,
                 ldbx_error **error)
{
    return response->status == 200 ? check_thrift(call, response, error) : fail_http(caller, call, response, error);
}

int ldbx_channel_call(ldbx_channel *channel, const ldbx_call *call, ldbx_http_response *response, ldbx_error **error)
{
    ldbx_http_request request = {.method = "POST",
                                 .url = channel->url,
                                 .content_type = THRIFT_TYPE,
                                 .accept = THRIFT_TYPE,
                                 .body = ldbx_buf_get(&channel->request)};

    if (channel->request.failed && !channel->request.full)
        return ldbx_fail_no_memory(error);
    if (channel->request.failed)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s: the request is larger than %zu bytes", call->name,
                         channel->request.max);
    return ldbx_caller_send(&channel->caller, call, &request, judge, response, error);
}
