/* Calls to S3: signed for each attempt, repeated, with clock and keys put right where the server says that they are wrong. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/retry.h"
#include "net/url.h"
#include "stage/s3.h"
#include "stage/sigv4.h"

#define MAX_ANSWER         ((size_t)1 << 20) /* errors, and lists of a hundred uploads */
#define MAX_ADDRESS        ((size_t)16 << 10)
#define CONNECT_MS         20000
#define ANSWER_MS          60000 /* for an answer, and with it a body: */
#define SLOWEST_BYTES_A_MS 32
#define ONCE_MS            3000
#define LARGE_BODY         ((size_t)64 << 10) /* a smaller one leaves us at once */
#define SKEWED_US          INT64_C(600000000) /* S3 lets pass 15 minutes */

void ldbx_s3_call_header(ldbx_s3_call *call, const char *name, const char *value)
{
    call->headers[call->header_count++] = (ldbx_http_header){name, value};
}

const char *ldbx_s3_address(const ldbx_s3 *s3, const char *name, char *out)
{
    snprintf(out, LDBX_S3_ADDRESS, "s3://%s%s%s%s%s", s3->bucket, s3->prefix[0] != '\0' ? "/" : "", s3->prefix,
             name != NULL ? "/" : "", name != NULL ? name : "");
    return out;
}

/* The pool. */

static void destroy_channel(ldbx_s3_channel *channel)
{
    ldbx_transport_destroy(channel->transport);
    ldbx_http_response_clear(&channel->response);
    ldbx_buf_clear(&channel->path);
    ldbx_buf_clear(&channel->url);
    ldbx_buf_wipe(&channel->authorization);
    ldbx_s3_keys_clear(&channel->keys);
    ldbx_free(channel);
}

void ldbx_s3_destroy_channels(ldbx_s3 *s3)
{
    while (s3->idle != NULL) {
        ldbx_s3_channel *gone = s3->idle;
        s3->idle = gone->next;
        destroy_channel(gone);
    }
}

static int make_channel(const ldbx_s3 *s3, ldbx_s3_channel **out, ldbx_error **error)
{
    ldbx_transport_settings settings = {s3->ca_file, s3->proxy, s3->user_agent, CONNECT_MS};
    ldbx_s3_channel *made = ldbx_calloc(1, sizeof *made);
    int status;

    if (made == NULL)
        return ldbx_fail_no_memory(error);
    ldbx_http_response_init(&made->response, MAX_ANSWER);
    ldbx_http_response_keep_head(&made->response);
    ldbx_buf_init(&made->path, MAX_ADDRESS);
    ldbx_buf_init(&made->url, MAX_ADDRESS);
    ldbx_buf_init(&made->authorization, LDBX_MAX_ERROR);
    status = ldbx_transport_new(&settings, &made->transport, error);
    if (status == LDBX_OK)
        *out = made;
    else
        destroy_channel(made);
    return status;
}

int ldbx_s3_take_channel(ldbx_s3 *s3, ldbx_s3_channel **out, ldbx_error **error)
{
    ldbx_lock_take(&s3->lock);
    *out = s3->idle;
    if (*out != NULL)
        s3->idle = (*out)->next;
    ldbx_lock_give(&s3->lock);
    return *out != NULL ? LDBX_OK : make_channel(s3, out, error);
}

void ldbx_s3_give_channel(ldbx_s3 *s3, ldbx_s3_channel *channel)
{
    if (channel == NULL)
        return;
    ldbx_lock_take(&s3->lock);
    channel->next = s3->idle;
    s3->idle = channel;
    ldbx_lock_give(&s3->lock);
}

/* One attempt. */

/* What is signed and sent, beside what the call has. */
typedef struct attempt {
    ldbx_http_header headers[LDBX_SIGV4_HEADERS];
    size_t count;
    char time[17];
    char hash[65];
    int64_t now_us; /* that was signed */
    bool ask_first;
} attempt;

static int make_address(const ldbx_s3 *s3, ldbx_s3_channel *channel, const ldbx_s3_call *call, ldbx_error **error)
{
    ldbx_buf *path = &channel->path;

    ldbx_buf_reset(path);
    ldbx_buf_reset(&channel->url);
    ldbx_buf_str(path, s3->root);
    if (call->name != NULL) {
        ldbx_url_encode(path, ldbx_view_of(s3->prefix), "/");
        ldbx_buf_str(path, s3->prefix[0] != '\0' ? "/" : "");
        ldbx_url_encode(path, ldbx_view_of(call->name), "/");
    }
    ldbx_buf_str(&channel->url, s3->origin);
    ldbx_buf_view(&channel->url, ldbx_buf_get(path));
    ldbx_buf_printf(&channel->url, "%s%s", call->query[0] != '\0' ? "?" : "", call->query);
    if (path->full || channel->url.full)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "an address of S3 is longer than %zu bytes", MAX_ADDRESS);
    if (ldbx_buf_cstr(path) == NULL || ldbx_buf_cstr(&channel->url) == NULL)
        return ldbx_fail_no_memory(error);
    return LDBX_OK;
}

static void add(attempt *us, const char *name, const char *value)
{
    us->headers[us->count++] = (ldbx_http_header){name, value};
}

static int sign(ldbx_s3 *s3, ldbx_s3_channel *channel, const ldbx_s3_call *call, attempt *us, ldbx_error **error)
{
    const ldbx_sigv4_keys keys = {channel->keys.access_key_id.text, channel->keys.secret_access_key.text};
    ldbx_sigv4_request request = {
        call->method, ldbx_buf_cstr(&channel->path), call->query, us->headers, 0, us->hash, s3->region, us->time};

    ldbx_lock_take(&s3->lock);
    us->now_us = ldbx_wall_us() + s3->ahead_us;
    ldbx_lock_give(&s3->lock);
    ldbx_sigv4_time(us->time, us->now_us);
    snprintf(us->hash, sizeof us->hash, LDBX_UNSIGNED_PAYLOAD);
    if (s3->sign_payload && !ldbx_sigv4_payload_hash(us->hash, call->body))
        return ldbx_fail_no_memory(error);
    us->count = 0;
    add(us, "Host", s3->host);
    add(us, "x-amz-content-sha256", us->hash);
    add(us, "x-amz-date", us->time);
    if (channel->keys.session_token.text != NULL)
        add(us, "x-amz-security-token", channel->keys.session_token.text);
    for (size_t i = 0; i < call->header_count; i++)
        add(us, call->headers[i].name, call->headers[i].value);
    request.header_count = us->count;
    ldbx_buf_reset(&channel->authorization);
    return ldbx_sigv4_authorization(&request, &keys, &channel->authorization, error);
}

static int exchange(ldbx_s3_channel *channel, const ldbx_s3_call *call, const attempt *us, ldbx_reach *reach,
                    ldbx_error **error)
{
    ldbx_http_request request = {.method = call->method,
                                 .url = ldbx_buf_cstr(&channel->url),
                                 .authorization = ldbx_buf_cstr(&channel->authorization),
                                 .headers = us->headers,
                                 .header_count = us->count,
                                 .body = call->body,
                                 .ask_first = us->ask_first,
                                 .timeout_ms = ANSWER_MS + (int64_t)(call->body.size / SLOWEST_BYTES_A_MS),
                                 .cancel = call->cancel};

    if (call->once)
        request.timeout_ms = ONCE_MS;
    if (request.authorization == NULL)
        return ldbx_fail_no_memory(error);
    return ldbx_transport_exchange(channel->transport, &request, &channel->response, reach, error);
}

/* Repeats. */

/* HEAD is refused without words: then the server's clock tells. */
static bool is_skewed(const ldbx_http_response *response, const char *code, int64_t date_us, int64_t signed_us)
{
    if (strcmp(code, "RequestTimeTooSkewed") == 0)
        return true;
    return response->status == 403 && response->body.size == 0 &&
           (date_us - signed_us > SKEWED_US || signed_us - date_us > SKEWED_US);
}

/* Signs with the server's clock from now on. false: the clock is not the trouble, or was put right already. */
static bool mend_clock(ldbx_s3 *s3, const ldbx_http_response *response, const char *code, const attempt *us)
{
    int64_t date_us = ldbx_http_date(ldbx_http_response_header(response, "Date")) * 1000000;

    if (date_us < 0 || !is_skewed(response, code, date_us, us->now_us))
        return false;
    ldbx_lock_take(&s3->lock);
    s3->ahead_us = date_us - ldbx_wall_us();
    ldbx_lock_give(&s3->lock);
    ldbx_log(LDBX_LOG_WARNING, "stage", "the clock of S3 is %" PRId64 " s ahead of ours, and is used",
             (date_us - us->now_us) / 1000000);
    return true;
}

static bool have_expired(const ldbx_http_response *response, const char *code)
{
    bool no_words = code[0] == '\0' && response->body.size == 0;

    return strcmp(code, "ExpiredToken") == 0 || (no_words && (response->status == 400 || response->status == 403));
}

/* What was put right, which is done once in a call each. */
typedef struct remedies {
    bool clock;
    bool keys;
    uint64_t refused; /* serial of keys that are not used any more */
} remedies;

static bool mend(ldbx_s3 *s3, const ldbx_s3_channel *channel, const char *code, const attempt *us, remedies *used)
{
    if (!used->clock && mend_clock(s3, &channel->response, code, us)) {
        used->clock = true;
        return true;
    }
    if (!used->keys && s3->credentials != NULL && have_expired(&channel->response, code)) {
        used->keys = true;
        used->refused = channel->keys.serial;
        return true;
    }
    return false;
}

static int try_once(ldbx_s3 *s3, ldbx_s3_channel *channel, const ldbx_s3_call *call, attempt *us, uint64_t refused,
                    ldbx_reach *reach, ldbx_error **error)
{
    *reach = LDBX_REACH_NOTHING;
    LDBX_TRY(ldbx_s3_keys_get(s3, refused, &channel->keys, error));
    LDBX_TRY(sign(s3, channel, call, us, error));
    return exchange(channel, call, us, reach, error);
}

static int wait_before_repeat(const ldbx_s3_call *call, int64_t wait_ms, ldbx_error **error)
{
    ldbx_log(LDBX_LOG_WARNING, "stage", "again in %lld ms: %s", (long long)wait_ms, ldbx_error_message(*error));
    if (ldbx_sleep_ms(wait_ms, call->cancel) != LDBX_OK)
        return ldbx_fail(error, LDBX_CANCELLED, "cancelled");
    return LDBX_OK;
}

static void read_code(const ldbx_s3_call *call, const ldbx_http_response *response, char out[LDBX_S3_CODE])
{
    out[0] = '\0';
    if (!call->raw || response->status < 200 || response->status > 299)
        ldbx_s3_code(response, out);
}

int ldbx_s3_send(ldbx_s3 *s3, ldbx_s3_channel *channel, const ldbx_s3_call *call, ldbx_error **error)
{
    ldbx_retry_state retry = {.jitter_seed = (uint32_t)ldbx_wall_us()};
    remedies used = {0};
    attempt us = {0};
    char address[LDBX_S3_ADDRESS], code[LDBX_S3_CODE] = "";

    LDBX_TRY(make_address(s3, channel, call, error));
    for (;;) {
        ldbx_retry_decision decision;
        ldbx_reach reach;
        int http_status = 0;
        int status = try_once(s3, channel, call, &us, used.refused, &reach, error);

        if (status == LDBX_OK) {
            read_code(call, &channel->response, code);
            if (ldbx_s3_accepts(call, &channel->response, code))
                return LDBX_OK;
            if (mend(s3, channel, code, &us, &used))
                continue;
            http_status = ldbx_s3_effective_status(&channel->response, code);
        }
        /* An attempt that took too long may do better: who waits has a token, not a deadline. */
        decision = ldbx_retry_decide(&retry, true, status == LDBX_TIMEOUT ? LDBX_UNAVAILABLE : status, reach,
                                     http_status, channel->response.retry_after_ms, 0, ldbx_steady_ms());
        if (status == LDBX_OK)
            status = ldbx_s3_refused(s3, channel, call, error);
        else
            ldbx_error_prefix(error, "%s", ldbx_s3_address(s3, call->name, address));
        if (call->once || decision.action != LDBX_RETRY_AGAIN)
            return status;
        LDBX_TRY(wait_before_repeat(call, decision.wait_ms, error));
        /* It may have been refused while it was being sent, and the answer lost. */
        us.ask_first = call->body.size > LARGE_BODY && reach == LDBX_REACH_SENT;
    }
}
