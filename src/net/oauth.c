#include "net/oauth.h"

#include <string.h>
#include <strings.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/retry.h"

#define TOKEN_PATH         "/oidc/v1/token"
#define TOKEN_REQUEST      "grant_type=client_credentials&scope=all-apis"
#define MAX_ANSWER         ((size_t)64 << 10)
#define MAX_EXCHANGE_MS    30000
#define USUAL_LIFETIME_S   3600  /* where the answer does not say */
#define LONGEST_LIFETIME_S 86400 /* a longer one is not believed */
#define EARLY_MS           300000
#define EARLY_PART         10    /* of short lives this part is left, not EARLY_MS */
#define POSTPONE_MS        30000 /* after an early renewal that failed */
#define LOOK_MS            50 /* how often a thread that waits for another's token looks at its own token of cancel */
#define MAX_REASON         300

typedef struct access_token {
    ldbx_secret text;
    int64_t renew_ms;   /* steady: from here on a new one is wanted */
    int64_t expires_ms; /* steady */
} access_token;

struct ldbx_oauth {
    const ldbx_credential *credential;
    char *url;
    int64_t exchange_ms;
    /* Of the thread that fetches. */
    ldbx_transport *transport;
    ldbx_http_response response;
    ldbx_buf authorization;

    ldbx_lock lock; /* guards what follows */
    bool fetching;
    access_token token;
    uint64_t serial; /* of the token */
};

int ldbx_oauth_new(const ldbx_host *host, int32_t port, const ldbx_credential *credential, ldbx_transport *transport,
                   int64_t request_timeout_ms, ldbx_oauth **out, ldbx_error **error)
{
    ldbx_oauth *oauth = ldbx_calloc(1, sizeof *oauth);

    *out = NULL;
    if (oauth == NULL) {
        ldbx_transport_destroy(transport);
        return ldbx_fail_no_memory(error);
    }
    oauth->transport = transport;
    oauth->credential = credential;
    oauth->exchange_ms = request_timeout_ms < MAX_EXCHANGE_MS ? request_timeout_ms : MAX_EXCHANGE_MS;
    ldbx_http_response_init(&oauth->response, MAX_ANSWER);
    ldbx_buf_init(&oauth->authorization, LDBX_MAX_ERROR);
    ldbx_lock_init(&oauth->lock);
    oauth->url = ldbx_url_format(host, port, TOKEN_PATH);
    /* All the room at once: a buffer that grows leaves its old memory behind, with a token in it. */
    if (oauth->url == NULL || ldbx_buf_reserve(&oauth->response.body, MAX_ANSWER) == NULL) {
        ldbx_oauth_destroy(oauth);
        return ldbx_fail_no_memory(error);
    }
    *out = oauth;
    return LDBX_OK;
}

void ldbx_oauth_destroy(ldbx_oauth *oauth)
{
    if (oauth == NULL)
        return;
    ldbx_transport_destroy(oauth->transport);
    ldbx_buf_wipe(&oauth->response.body);
    ldbx_buf_wipe(&oauth->authorization);
    ldbx_secret_clear(&oauth->token.text);
    ldbx_free(oauth->url);
    ldbx_lock_clear(&oauth->lock);
    ldbx_free(oauth);
}

/* Reading an answer. */

static int fail_answer(const ldbx_oauth *oauth, ldbx_status status, const char *what, ldbx_error **error)
{
    return ldbx_fail(error, status, "OAuth token endpoint %s: %s", oauth->url, what);
}

/*
 * As OAuth writes errors: {"error": "invalid_client", "error_description": "..."}. Where the body is something
 * else, a header may give a reason. What an endpoint or a gateway echoes must not bring our secrets back.
 */
static void read_reason(const ldbx_oauth *oauth, ldbx_buf *out)
{
    cJSON *answer = NULL;
    ldbx_buf text;

    ldbx_buf_init(&text, MAX_ANSWER);
    ldbx_buf_reserve(&text, MAX_ANSWER);
    if (ldbx_json_parse(ldbx_buf_get(&oauth->response.body), &answer, NULL) == LDBX_OK) {
        const char *words = ldbx_json_text(answer, "error_description", "");
        ldbx_buf_printf(&text, "%s%s%s", ldbx_json_text(answer, "error", ""), words[0] != '\0' ? ": " : "", words);
    } else {
        ldbx_buf_str(&text, oauth->response.reason);
    }
    if (text.size > 0 && ldbx_buf_cstr(&text) != NULL) {
        ldbx_secret_hide((char *)text.data, oauth->credential->client_secret.text);
        ldbx_secret_hide((char *)text.data, strchr((const char *)oauth->authorization.data, ' ') + 1);
        ldbx_buf_str(out, ": ");
        ldbx_buf_one_line(out, ldbx_buf_get(&text), MAX_REASON);
    }
    ldbx_buf_wipe(&text);
    ldbx_json_wipe(answer);
}

static ldbx_status status_of_http(int http_status, const char **hint)
{
    *hint = "";
    switch (http_status) {
    case 400:
    case 401:
        *hint = "; check client_id and client_secret";
        return LDBX_UNAUTHENTICATED;
    case 403:
        *hint = "; the service principal is not allowed here";
        return LDBX_FORBIDDEN;
    default:
        if (ldbx_http_may_heal(http_status))
            return LDBX_UNAVAILABLE;
        *hint = "; check the host";
        return LDBX_PROTOCOL;
    }
}

static int fail_http(const ldbx_oauth *oauth, ldbx_error **error)
{
    ldbx_error_facts facts = {.http_status = oauth->response.status, .retry = -1};
    const char *hint;
    ldbx_status status = status_of_http(oauth->response.status, &hint);
    ldbx_buf reason;
    const char *text;

    ldbx_buf_init(&reason, LDBX_MAX_ERROR);
    read_reason(oauth, &reason);
    text = ldbx_buf_cstr(&reason);
    ldbx_fail_facts(error, status, &facts, "OAuth token endpoint %s: HTTP %d%s%s", oauth->url, oauth->response.status,
                    text != NULL ? text : "", hint);
    ldbx_buf_clear(&reason);
    return status;
}

static void set_times(access_token *token, int64_t lifetime_s, int64_t asked_ms)
{
    int64_t lifetime_ms, early_ms;

    if (lifetime_s < 0)
        lifetime_s = 0;
    if (lifetime_s > LONGEST_LIFETIME_S)
        lifetime_s = LONGEST_LIFETIME_S;
    lifetime_ms = lifetime_s * 1000;
    early_ms = lifetime_ms / EARLY_PART < EARLY_MS ? lifetime_ms / EARLY_PART : EARLY_MS;
    token->expires_ms = asked_ms + lifetime_ms;
    token->renew_ms = token->expires_ms - early_ms;
}

static int take_token(const ldbx_oauth *oauth, const cJSON *answer, int64_t asked_ms, access_token *out,
                      ldbx_error **error)
{
    const char *text = ldbx_json_text(answer, "access_token", NULL);
    int64_t lifetime_s = USUAL_LIFETIME_S;

    if (text == NULL)
        return fail_answer(oauth, LDBX_PROTOCOL, "the answer has no access_token", error);
    if (!ldbx_is_token(text))
        return fail_answer(oauth, LDBX_PROTOCOL, "the access_token is empty or holds what no header can carry", error);
    if (strcasecmp(ldbx_json_text(answer, "token_type", "Bearer"), "Bearer") != 0)
        return fail_answer(oauth, LDBX_PROTOCOL, "the token_type is not Bearer", error);
    ldbx_json_int64(answer, "expires_in", &lifetime_s);
    if (!ldbx_secret_set(&out->text, ldbx_view_of(text)))
        return ldbx_fail_no_memory(error);
    set_times(out, lifetime_s, asked_ms);
    return LDBX_OK;
}

/* The parser's own words are left out: they may repeat a part of the answer. */
static int read_answer(const ldbx_oauth *oauth, int64_t asked_ms, access_token *out, ldbx_error **error)
{
    cJSON *answer = NULL;
    int status;

    if (oauth->response.body.size == 0)
        return fail_answer(oauth, LDBX_UNAVAILABLE, "the answer is empty", error);
    status = ldbx_json_parse(ldbx_buf_get(&oauth->response.body), &answer, NULL);
    if (status == LDBX_NO_MEMORY)
        return ldbx_fail_no_memory(error);
    if (status != LDBX_OK)
        return fail_answer(oauth, LDBX_PROTOCOL, "the answer is not JSON; check the host", error);
    status = take_token(oauth, answer, asked_ms, out, error);
    ldbx_json_wipe(answer);
    return status;
}

/* Fetching; by one thread at a time, without the lock. */

static int exchange(ldbx_oauth *oauth, const ldbx_oauth_patience *patience, ldbx_reach *reach, ldbx_error **error)
{
    ldbx_credential client = {.username = oauth->credential->client_id, .password = oauth->credential->client_secret};
    ldbx_http_request request = {.method = "POST",
                                 .url = oauth->url,
                                 .content_type = "application/x-www-form-urlencoded",
                                 .accept = "application/json",
                                 .body = ldbx_view_of(TOKEN_REQUEST),
                                 .timeout_ms = oauth->exchange_ms,
                                 .deadline_ms = patience->deadline_ms,
                                 .cancel = patience->cancel};
    int status;

    *reach = LDBX_REACH_NOTHING;
    ldbx_buf_reset(&oauth->authorization);
    LDBX_TRY(ldbx_credential_header(&client, &oauth->authorization, error));
    request.authorization = ldbx_buf_cstr(&oauth->authorization);
    ldbx_http_response_reset(&oauth->response);
    status = ldbx_transport_exchange(oauth->transport, &request, &oauth->response, reach, error);
    if (status != LDBX_OK)
        ldbx_error_prefix(error, "OAuth token endpoint %s", oauth->url);
    return status;
}

static int wait_before_repeat(const ldbx_oauth *oauth, const ldbx_oauth_patience *patience, int64_t wait_ms,
                              ldbx_error **error)
{
    ldbx_log(LDBX_LOG_WARNING, "net", "again in %lld ms: %s", (long long)wait_ms, ldbx_error_message(*error));
    if (wait_ms > ldbx_deadline_left(patience->deadline_ms, wait_ms))
        return fail_answer(oauth, LDBX_TIMEOUT, "the deadline passes before the next attempt", error);
    if (ldbx_sleep_ms(wait_ms, patience->cancel) != LDBX_OK)
        return fail_answer(oauth, LDBX_CANCELLED, "cancelled", error);
    return LDBX_OK;
}

static int fetch(ldbx_oauth *oauth, const ldbx_oauth_patience *patience, bool once, access_token *out,
                 ldbx_error **error)
{
    ldbx_retry_state retry = {.jitter_seed = (uint32_t)ldbx_wall_us()};
    int status;

    for (;;) {
        ldbx_retry_decision decision;
        ldbx_reach reach;
        int64_t asked_ms = ldbx_steady_ms();

        status = exchange(oauth, patience, &reach, error);
        if (status == LDBX_OK && oauth->response.status == 200) {
            status = read_answer(oauth, asked_ms, out, error);
            if (status == LDBX_OK)
                return LDBX_OK;
            reach = LDBX_REACH_SENT;
        }
        decision = ldbx_retry_decide(&retry, true, status, reach, oauth->response.status,
                                     oauth->response.retry_after_ms, 0, ldbx_steady_ms());
        if (status == LDBX_OK)
            status = fail_http(oauth, error);
        if (once || decision.action != LDBX_RETRY_AGAIN)
            return status;
        LDBX_TRY(wait_before_repeat(oauth, patience, decision.wait_ms, error));
    }
}

/* The token that there is; with the lock. */

static bool is_alive(const ldbx_oauth *oauth)
{
    return oauth->token.text.text != NULL && ldbx_steady_ms() < oauth->token.expires_ms;
}

static bool is_fresh(const ldbx_oauth *oauth)
{
    return is_alive(oauth) && ldbx_steady_ms() < oauth->token.renew_ms;
}

/* A renewal ahead of time may fail: the old token serves on, also for the calls that a cancelled caller still has to make. */
static int settle(ldbx_oauth *oauth, int status, access_token *fetched, ldbx_error **failure, ldbx_error **error)
{
    if (status == LDBX_OK) {
        ldbx_secret_clear(&oauth->token.text);
        oauth->token = *fetched;
        oauth->serial++;
        return LDBX_OK;
    }
    if (is_alive(oauth)) {
        oauth->token.renew_ms = ldbx_deadline_in(POSTPONE_MS);
        if (status != LDBX_CANCELLED) {
            ldbx_log(LDBX_LOG_WARNING, "net", "the access token is kept until it expires: %s",
                     ldbx_error_message(*failure));
            return LDBX_OK;
        }
    }
    ldbx_error_move(error, failure);
    return status;
}

static int renew(ldbx_oauth *oauth, const ldbx_oauth_patience *patience, ldbx_error **error)
{
    access_token fetched = {0};
    ldbx_error *failure = NULL;
    bool early = is_alive(oauth);
    int status;

    oauth->fetching = true;
    ldbx_lock_give(&oauth->lock);
    ldbx_log(LDBX_LOG_DEBUG, "net", "fetching an access token from %s", oauth->url);
    status = fetch(oauth, patience, early, &fetched, &failure);
    ldbx_wipe(oauth->response.body.data, oauth->response.body.size);
    ldbx_buf_wipe(&oauth->authorization);
    ldbx_lock_take(&oauth->lock);
    oauth->fetching = false;
    ldbx_lock_tell(&oauth->lock);
    status = settle(oauth, status, &fetched, &failure, error);
    ldbx_error_destroy(failure);
    return status;
}

/* A step of waiting for the thread that fetches. When that one is cancelled or fails, whoever waits fetches by itself. */
static int wait_for_other(ldbx_oauth *oauth, const ldbx_oauth_patience *patience, ldbx_error **error)
{
    LDBX_TRY(ldbx_cancel_check(patience->cancel, error));
    if (patience->deadline_ms != 0 && ldbx_deadline_passed(patience->deadline_ms))
        return fail_answer(oauth, LDBX_TIMEOUT, "no access token within the time limit", error);
    ldbx_lock_wait(&oauth->lock, LOOK_MS);
    return LDBX_OK;
}

static int get_token(ldbx_oauth *oauth, const ldbx_oauth_patience *patience, ldbx_error **error)
{
    while (!is_fresh(oauth)) {
        if (!oauth->fetching)
            return renew(oauth, patience, error); /* what has just been fetched is used, however short its life */
        if (is_alive(oauth))
            return LDBX_OK;
        LDBX_TRY(wait_for_other(oauth, patience, error));
    }
    return LDBX_OK;
}

int ldbx_oauth_header(ldbx_oauth *oauth, const ldbx_oauth_patience *patience, ldbx_buf *out, uint64_t *serial,
                      ldbx_error **error)
{
    int status;

    ldbx_lock_take(&oauth->lock);
    status = get_token(oauth, patience, error);
    if (status == LDBX_OK) {
        ldbx_credential bearer = {.token = oauth->token.text};
        *serial = oauth->serial;
        status = ldbx_credential_header(&bearer, out, error);
    }
    ldbx_lock_give(&oauth->lock);
    return status;
}

void ldbx_oauth_refuse(ldbx_oauth *oauth, uint64_t serial)
{
    ldbx_lock_take(&oauth->lock);
    if (serial == oauth->serial)
        ldbx_secret_clear(&oauth->token.text);
    ldbx_lock_give(&oauth->lock);
}
