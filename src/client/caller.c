#include "client/caller.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "net/retry.h"

#define SHORTEST_SECRET 4 /* of a statement: what is shorter hides nothing, and may be part of a message's numbers */

static int make_transport(const ldbx_config *config, ldbx_transport **out, ldbx_error **error)
{
    ldbx_transport_settings settings = {config->ca_file, config->proxy, config->user_agent, config->connect_timeout_ms};

    return ldbx_transport_new(&settings, out, error);
}

int ldbx_caller_oauth(const ldbx_config *config, ldbx_oauth **out, ldbx_error **error)
{
    ldbx_transport *transport;

    *out = NULL;
    if (config->credential.client_id == NULL)
        return LDBX_OK;
    LDBX_TRY(make_transport(config, &transport, error));
    return ldbx_oauth_new(&config->host, (int32_t)config->port, &config->credential, transport,
                          config->request_timeout_ms, out, error);
}

int ldbx_caller_init(ldbx_caller *caller, const ldbx_config *config, ldbx_oauth *oauth, ldbx_error **error)
{
    *caller = (ldbx_caller){.config = config, .oauth = oauth};
    ldbx_buf_init(&caller->authorization, LDBX_MAX_ERROR);
    return make_transport(config, &caller->transport, error);
}

void ldbx_caller_clear(ldbx_caller *caller)
{
    ldbx_transport_destroy(caller->transport);
    ldbx_buf_wipe(&caller->authorization);
}

/* The Authorization header is made for each attempt: a long wait for compute can outlive a token. */
static int authorize(ldbx_caller *caller, const ldbx_call *call, ldbx_error **error)
{
    ldbx_oauth_patience patience = {call->deadline_ms, call->cancel};
    ldbx_buf *out = &caller->authorization;

    ldbx_buf_reset(out);
    if (caller->oauth != NULL)
        return ldbx_oauth_header(caller->oauth, &patience, out, &caller->token_serial, error);
    return ldbx_credential_header(&caller->config->credential, out, error);
}

/* A gateway may echo what it was sent into its reason: our secrets must not come back in an error. */
void ldbx_caller_hide(const ldbx_caller *caller, char *text)
{
    ldbx_secret_hide(text, strchr((const char *)caller->authorization.data, ' ') + 1); /* behind the scheme */
    ldbx_secret_hide(text, caller->config->credential.password.text);
}

/* Longest first: where one secret is part of another, the rest of that one would stay. */
static void hide_statement(const ldbx_caller *caller, ldbx_http_response *response)
{
    size_t shorter;

    for (size_t length = SIZE_MAX; length >= SHORTEST_SECRET; length = shorter) {
        shorter = 0;
        for (size_t i = 0; i < caller->hidden_count; i++) {
            const char *text = caller->hidden[i].text;
            const size_t size = strlen(text);
            if (size == length) {
                ldbx_secret_hide(response->reason, text);
                ldbx_secret_hide_bytes(response->body.data, response->body.size, text);
            } else if (size < length && size > shorter) {
                shorter = size;
            }
        }
    }
}

static int exchange(ldbx_caller *caller, const ldbx_call *call, const ldbx_http_request *given,
                    ldbx_http_response *response, ldbx_reach *reach, ldbx_error **error)
{
    ldbx_http_request request = *given;
    int status;

    request.authorization = ldbx_buf_cstr(&caller->authorization);
    request.timeout_ms = caller->config->request_timeout_ms;
    request.deadline_ms = call->deadline_ms;
    request.cancel = call->cancel;
    status = ldbx_transport_exchange(caller->transport, &request, response, reach, error);
    ldbx_caller_hide(caller, response->reason);
    hide_statement(caller, response);
    if (response->status >= 300 && ldbx_buf_cstr(&response->body) != NULL)
        ldbx_caller_hide(caller, (char *)response->body.data);
    return status;
}

const char *ldbx_caller_hint_of_401(const ldbx_caller *caller)
{
    if (caller->oauth != NULL)
        return "; the service principal's access token is not accepted: is it assigned to this workspace?";
    if (caller->config->credential.username != NULL)
        return "; the user and password are not accepted";
    return "; the token is missing, wrong or expired";
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

int ldbx_call_doubt(const char *name, const char *statement_id, ldbx_error **error)
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

/* One attempt. decision: what may follow when it failed. */
static int try_once(ldbx_caller *caller, const ldbx_call *call, const ldbx_http_request *request, ldbx_judge_fn judge,
                    ldbx_http_response *response, ldbx_retry_state *retry, ldbx_retry_decision *decision,
                    ldbx_error **error)
{
    ldbx_reach reach = LDBX_REACH_NOTHING;
    int status, answered;

    *decision = (ldbx_retry_decision){LDBX_RETRY_STOP, 0, false};
    ldbx_http_response_reset(response);
    LDBX_TRY(authorize(caller, call, error));
    status = exchange(caller, call, request, response, &reach, error);
    answered = status;
    if (status != LDBX_OK) {
        restate(error, status, ldbx_error_retry(*error), call->statement_id, call->name, "");
    } else {
        status = judge(caller, call, response, error);
        answered = response->status == 200 ? status : LDBX_OK; /* else it is the HTTP status that decides */
        reach = LDBX_REACH_SENT;
    }
    ldbx_buf_wipe(&caller->authorization);
    if (status != LDBX_OK)
        *decision = ldbx_retry_decide(retry, call->idempotent, answered, reach, response->status,
                                      response->retry_after_ms, call->start_budget_ms, ldbx_steady_ms());
    return status;
}

int ldbx_caller_send(ldbx_caller *caller, const ldbx_call *call, const ldbx_http_request *request, ldbx_judge_fn judge,
                     ldbx_http_response *response, ldbx_error **error)
{
    ldbx_retry_state retry = {.jitter_seed = (uint32_t)ldbx_wall_us()};
    ldbx_error *local = NULL;
    bool renewed = false;
    int status;

    for (int attempt = 1;; attempt++) {
        ldbx_retry_decision decision;

        status = try_once(caller, call, request, judge, response, &retry, &decision, &local);
        if (status == LDBX_OK)
            break;
        if (response->status == 401 && caller->oauth != NULL && !renewed) {
            ldbx_oauth_refuse(caller->oauth, caller->token_serial);
            renewed = true;
            continue;
        }
        if (decision.action != LDBX_RETRY_AGAIN) {
            if (decision.action == LDBX_RETRY_AMBIGUOUS)
                status = ldbx_call_doubt(call->name, call->statement_id, &local);
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
