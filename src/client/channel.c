#include "client/channel.h"

#include <string.h>

#include <lytics_dbx/version.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/server_error.h"
#include "net/retry.h"
#include "net/transport.h"

#define THRIFT_TYPE "application/x-thrift"
#define MAX_REFUSAL ((size_t)4096) /* bytes of an answer other than 200 that are looked at */

struct ldbx_channel {
    const ldbx_config *config;
    ldbx_oauth *oauth;
    uint64_t token_serial; /* of the access token that was sent last */
    char *url;
    ldbx_transport *transport;
    ldbx_buf request;
    ldbx_buf authorization;
    int32_t seqid;
};

int ldbx_channel_transport(const ldbx_config *config, ldbx_transport **out, ldbx_error **error)
{
    ldbx_transport_settings settings = {config->ca_file, config->proxy, NULL, config->connect_timeout_ms};
    ldbx_buf agent;
    int status;

    *out = NULL;
    ldbx_buf_init(&agent, LDBX_MAX_ERROR);
    if (config->user_agent != NULL)
        ldbx_buf_printf(&agent, "%s ", config->user_agent);
    ldbx_buf_str(&agent, "lytics_dbx/" LDBX_VERSION_STRING);
    settings.user_agent = ldbx_buf_cstr(&agent);
    status = settings.user_agent != NULL ? ldbx_transport_new(&settings, out, error) : ldbx_fail_no_memory(error);
    ldbx_buf_clear(&agent);
    return status;
}

int ldbx_channel_new(const ldbx_config *config, ldbx_oauth *oauth, ldbx_channel **out, ldbx_error **error)
{
    int status;
    ldbx_channel *channel = ldbx_calloc(1, sizeof *channel);

    *out = NULL;
    if (channel == NULL)
        return ldbx_fail_no_memory(error);
    channel->config = config;
    channel->oauth = oauth;
    ldbx_buf_init(&channel->request, LDBX_MAX_SQL + LDBX_MAX_ERROR);
    ldbx_buf_init(&channel->authorization, LDBX_MAX_ERROR);
    channel->url = ldbx_url_format(&config->host, (int32_t)config->port, config->http_path);
    if (channel->url == NULL)
        LDBX_GO(ldbx_fail_no_memory(error));
    LDBX_GO(ldbx_channel_transport(config, &channel->transport, error));
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
    ldbx_transport_destroy(channel->transport);
    ldbx_free(channel->url);
    ldbx_buf_wipe(&channel->request);
    ldbx_buf_wipe(&channel->authorization);
    ldbx_free(channel);
}

ldbx_buf *ldbx_channel_request(ldbx_channel *channel, int32_t *seqid)
{
    channel->seqid = channel->seqid == INT32_MAX ? 1 : channel->seqid + 1;
    *seqid = channel->seqid;
    ldbx_buf_reset(&channel->request);
    return &channel->request;
}

/* The Authorization header is made for each attempt: a long wait for compute can outlive a token. */
static int authorize(ldbx_channel *channel, const ldbx_call *call, ldbx_error **error)
{
    ldbx_oauth_patience patience = {call->deadline_ms, call->cancel};
    ldbx_buf *out = &channel->authorization;

    ldbx_buf_reset(out);
    if (channel->oauth != NULL)
        return ldbx_oauth_header(channel->oauth, &patience, out, &channel->token_serial, error);
    return ldbx_credential_header(&channel->config->credential, out, error);
}

/* A gateway may echo what it was sent into its reason: our secrets must not come back in an error. */
static void hide_secrets(const ldbx_channel *channel, char *text)
{
    ldbx_secret_hide(text, strchr((const char *)channel->authorization.data, ' ') + 1); /* behind the scheme */
    ldbx_secret_hide(text, channel->config->credential.password.text);
}

static int exchange(ldbx_channel *channel, const ldbx_call *call, ldbx_http_response *response, ldbx_reach *reach,
                    ldbx_error **error)
{
    int status;
    ldbx_http_request request = {.method = "POST",
                                 .url = channel->url,
                                 .content_type = THRIFT_TYPE,
                                 .accept = THRIFT_TYPE,
                                 .authorization = ldbx_buf_cstr(&channel->authorization),
                                 .body = ldbx_buf_get(&channel->request),
                                 .timeout_ms = channel->config->request_timeout_ms,
                                 .deadline_ms = call->deadline_ms,
                                 .cancel = call->cancel};

    ldbx_http_response_reset(response);
    status = ldbx_transport_exchange(channel->transport, &request, response, reach, error);
    hide_secrets(channel, response->reason);
    ldbx_buf_wipe(&channel->authorization);
    return status;
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

static const char *hint_of_http(const ldbx_channel *channel, const ldbx_call *call, int http_status)
{
    if (http_status == 401 && channel->oauth != NULL)
        return "; the service principal's access token is not accepted: is it assigned to this workspace?";
    if (http_status == 401 && channel->config->credential.username != NULL)
        return "; the user and password are not accepted";
    if (http_status == 500 && channel->config->credential.username == NULL && !call->in_session)
        return "; open-source Spark answers a token so: give it a username and a password";
    if (http_status == 401)
        return "; the token is missing, wrong or expired";
    if (http_status == 403)
        return "; the token is not allowed here";
    if (http_status == 404 && !call->in_session)
        return "; check the http path: no warehouse or cluster answers there";
    if (http_status >= 300 && http_status < 400)
        return "; a redirect means a wrong host or http path, or a missing ?o= workspace id";
    return "";
}

static int fail_http(const ldbx_channel *channel, const ldbx_call *call, const ldbx_http_response *response,
                     ldbx_error **error)
{
    ldbx_error_facts facts = {.http_status = response->status, .retry = -1, .statement_id = call->statement_id};
    bool has_reason = response->reason[0] != '\0';

    return ldbx_fail_facts(error, status_of_http(call, response), &facts, "%s: HTTP %d%s%s%s", call->name,
                           response->status, has_reason ? ": " : "", response->reason,
                           hint_of_http(channel, call, response->status));
}

/* Says more of an error, with another status and verdict; HTTP status and text stay. The call's name comes first, once. */
static int restate(ldbx_error **error, int status, ldbx_retry retry, const char *statement_id, const char *name,
                   const char *words)
{
    ldbx_error *cause = NULL;
    ldbx_error_facts facts = {.retry = (int)retry, .statement_id = statement_id};
    const char *text;
    size_t size = strlen(name);

    if (error == NULL)
        return status;
    ldbx_error_move(&cause, error);
    facts.http_status = ldbx_error_http_status(cause);
    text = ldbx_error_message(cause);
    if (strncmp(text, name, size) == 0 && strncmp(text + size, ": ", 2) == 0)
        text += size + 2;
    ldbx_fail_facts(error, (ldbx_status)status, &facts, "%s: %s%s", name, words, text);
    ldbx_error_destroy(cause);
    return status;
}

int ldbx_channel_doubt(const char *name, const char *statement_id, ldbx_error **error)
{
    return restate(error, LDBX_OUTCOME_UNKNOWN, LDBX_RETRY_UNKNOWN, statement_id, name,
                   "it may have been carried out: ");
}

/* Waits in slices, so that whoever watches sees that compute is still starting. */
static int wait_before_repeat(const ldbx_call *call, const ldbx_retry_decision *decision, const ldbx_retry_state *retry,
                              int attempt, ldbx_error **error)
{
    int64_t until = ldbx_steady_ms() + decision->wait_ms;

    if (call->deadline_ms != 0 && until > call->deadline_ms)
        return restate(error, LDBX_TIMEOUT, LDBX_RETRY_SAFE, call->statement_id, call->name,
                       "the deadline passes before the next attempt: ");
    for (int64_t left = decision->wait_ms; left > 0; left = until - ldbx_steady_ms()) {
        if (decision->starting && call->progress != NULL) {
            ldbx_progress progress = {.phase = LDBX_PHASE_START, .rows_total = -1, .attempt = attempt};
            progress.elapsed_ms = ldbx_steady_ms() - retry->start_since_ms;
            if (call->progress(&progress, call->user) != 0)
                return ldbx_fail(error, LDBX_STOPPED, "stopped by the progress callback while compute was starting");
        }
        if (ldbx_sleep_ms(left < 1000 ? left : 1000, call->cancel) != LDBX_OK)
            return ldbx_fail(error, LDBX_CANCELLED, "%s: cancelled", call->name);
    }
    return LDBX_OK;
}

int ldbx_channel_call(ldbx_channel *channel, const ldbx_call *call, ldbx_http_response *response, ldbx_error **error)
{
    ldbx_retry_state retry = {.jitter_seed = (uint32_t)ldbx_wall_us()};
    ldbx_error *local = NULL;
    bool renewed = false;
    int status;

    if (channel->request.failed && !channel->request.full)
        return ldbx_fail_no_memory(error);
    if (channel->request.failed)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "%s: the request is larger than %zu bytes", call->name,
                         channel->request.max);
    for (int attempt = 1;; attempt++) {
        ldbx_reach reach = LDBX_REACH_NOTHING;
        ldbx_retry_decision decision;
        int http_status;

        status = authorize(channel, call, &local);
        if (status != LDBX_OK)
            break;
        status = exchange(channel, call, response, &reach, &local);
        if (status != LDBX_OK)
            restate(&local, status, ldbx_error_retry(local), call->statement_id, call->name, "");
        http_status = response->status;
        if (status == LDBX_OK && http_status == 401 && channel->oauth != NULL && !renewed) {
            ldbx_oauth_refuse(channel->oauth, channel->token_serial);
            renewed = true;
            continue;
        }
        if (status == LDBX_OK && http_status == 200) {
            status = check_thrift(call, response, &local);
            if (status == LDBX_OK)
                break;
            reach = LDBX_REACH_SENT;
        }
        decision = ldbx_retry_decide(&retry, call->idempotent, status, reach, http_status, response->retry_after_ms,
                                     call->start_budget_ms, ldbx_steady_ms());
        if (status == LDBX_OK)
            status = fail_http(channel, call, response, &local);
        if (decision.action != LDBX_RETRY_AGAIN) {
            if (decision.action == LDBX_RETRY_AMBIGUOUS)
                status = ldbx_channel_doubt(call->name, call->statement_id, &local);
            break;
        }
        ldbx_log(LDBX_LOG_WARNING, "client", "%s, attempt %d, again in %lld ms: %s", call->name, attempt,
                 (long long)decision.wait_ms, ldbx_error_message(local));
        status = wait_before_repeat(call, &decision, &retry, attempt, &local);
        if (status != LDBX_OK)
            break;
    }
    if (status == LDBX_OK)
        ldbx_error_destroy(local); /* of an attempt that was made again */
    else
        ldbx_error_move(error, &local);
    return status;
}
