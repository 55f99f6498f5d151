/*
 * The transport over libcurl: an easy handle that lives as long as the channel, driven through a multi handle
 * so that every wait (name, connect, TLS, sending, receiving) is one poll that a cancel token can end.
 *
 * libcurl sends a request again by itself when a kept-alive connection dies before the first byte of an
 * answer. A statement that was received, run and lost its answer would run twice. Two things keep this away:
 * a connection that shows any sign of life or death while idle is not used again, and before_request() allows
 * one request an exchange.
 */
#include "net/transport.h"

#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <lytics_dbx/version.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#define MAX_IDLE_S       55L          /* load balancers drop silent connections after a minute */
#define KEEPALIVE_S      30L          /* silence before TCP asks whether the other side is there */
#define RECEIVE_BYTES    (256L << 10) /* of one read */
#define MAX_POLL_MS      60000
#define MAX_DETAIL_BYTES 512
#define HELD_FROM        ((size_t)16 << 10) /* one record of TLS: nothing more is on its way when an answer comes */
#define HOLD_MS          1000               /* for a refusal, where the request asks first */

struct ldbx_transport {
    CURLM *multi;
    CURL *easy;
    char *ca_file;
    curl_socket_t idle; /* of the connection that the last exchange left open, or CURL_SOCKET_BAD */
    /* Of the exchange in work. */
    ldbx_http_response *response;
    bool asked;       /* the request was let go */
    long sent_before; /* bytes counted before it: a proxy's CONNECT */
    bool head_whole;
    bool too_large;
    bool no_memory;
    bool barred;    /* by a proxy */
    bool holds;     /* the body is held back, behind its beginning */
    ldbx_view held; /* what is left of it */
    size_t held_size;
    int64_t hold_until_ms; /* steady; 0: it is not held yet */
    char detail[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_code;

static void init_curl(void)
{
    global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Bytes of the request that have left us. */
static long bytes_sent(const ldbx_transport *transport)
{
    long sent = 0;

    curl_easy_getinfo(transport->easy, CURLINFO_REQUEST_SIZE, &sent);
    return transport->asked ? sent - transport->sent_before : 0;
}

/* Called by libcurl when a connection is ready, each time before the request goes out. */
static int before_request(void *user, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    ldbx_transport *transport = user;

    (void)remote_ip;
    (void)local_ip;
    (void)remote_port;
    (void)local_port;
    if (bytes_sent(transport) > 0)
        return CURL_PREREQFUNC_ABORT;
    transport->asked = false;
    transport->sent_before = 0;
    curl_easy_getinfo(transport->easy, CURLINFO_REQUEST_SIZE, &transport->sent_before);
    transport->asked = true;
    return CURL_PREREQFUNC_OK;
}

static size_t on_head(char *data, size_t one, size_t size, void *user)
{
    ldbx_transport *transport = user;
    ldbx_view line = {data, size * one};

    if (ldbx_view_starts(line, "HTTP/"))
        transport->head_whole = false;
    else if (ldbx_view_trim(line).size == 0)
        transport->head_whole = true; /* and stays so: trailers of a chunked body come here too */
    ldbx_http_response_line(transport->response, line);
    transport->no_memory = transport->response->head.failed;
    return transport->no_memory ? 0 : size * one;
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
    ldbx_transport *transport = user;
    ldbx_buf *body = &transport->response->body;

    size *= one;
    transport->too_large = size > body->max - body->size;
    ldbx_buf_append(body, data, size);
    transport->no_memory = body->failed && !transport->too_large;
    return body->failed ? 0 : size;
}

/*
 * Gives the body of a request that asks first. Its beginning goes out with the head: there are servers that judge when they
 * have got some of the body, whatever the protocol says of "Expect: 100-continue".
 */
static size_t on_read(char *out, size_t one, size_t size, void *user)
{
    ldbx_transport *transport = user;

    if (transport->holds && transport->held.size < transport->held_size) {
        transport->hold_until_ms = ldbx_deadline_in(HOLD_MS);
        return CURL_READFUNC_PAUSE;
    }
    size = size * one < transport->held.size ? size * one : transport->held.size;
    if (transport->holds && size > HELD_FROM)
        size = HELD_FROM;
    memcpy(out, transport->held.data, size);
    transport->held.data += size;
    transport->held.size -= size;
    return size;
}

#define SET(option, value)                                                                                             \
    do {                                                                                                               \
        if (code == CURLE_OK)                                                                                          \
            code = curl_easy_setopt(easy, option, value);                                                              \
    } while (0)

static CURLcode set_connection(CURL *easy, const ldbx_transport_settings *settings)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_PROTOCOLS_STR, "https,http");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* a redirect is a wrong address, and would take the token along */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* a cancelled name lookup is left behind, not waited for */
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms);
    SET(CURLOPT_MAXAGE_CONN, MAX_IDLE_S);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    SET(CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
    SET(CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (settings->ca_file != NULL)
        SET(CURLOPT_CAINFO, settings->ca_file);
    SET(CURLOPT_PROXY, settings->proxy);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* the token is not for the proxy */
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return code;
}

static CURLcode set_user_agent(CURL *easy, const char *product)
{
    CURLcode code = CURLE_OK;
    ldbx_buf agent;

    ldbx_buf_init(&agent, LDBX_MAX_ERROR);
    if (product != NULL)
        ldbx_buf_printf(&agent, "%s ", product);
    ldbx_buf_str(&agent, "lytics_dbx/" LDBX_VERSION_STRING);
    if (ldbx_buf_cstr(&agent) == NULL)
        code = CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_USERAGENT, ldbx_buf_cstr(&agent));
    ldbx_buf_clear(&agent);
    return code;
}

static CURLcode set_callbacks(ldbx_transport *transport)
{
    CURL *easy = transport->easy;
    CURLcode code = CURLE_OK;

    SET(CURLOPT_ERRORBUFFER, transport->detail);
    SET(CURLOPT_PREREQFUNCTION, before_request);
    SET(CURLOPT_PREREQDATA, transport);
    SET(CURLOPT_HEADERFUNCTION, on_head);
    SET(CURLOPT_HEADERDATA, transport);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transport);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, transport);
    return code;
}

static int fail_setup(CURLcode code, ldbx_error **error)
{
    if (code == CURLE_OUT_OF_MEMORY)
        return ldbx_fail_no_memory(error);
    return ldbx_fail(error, LDBX_UNSUPPORTED, "libcurl %s: %s", curl_version_info(CURLVERSION_NOW)->version,
                     curl_easy_strerror(code));
}

int ldbx_transport_new(const ldbx_transport_settings *settings, ldbx_transport **out, ldbx_error **error)
{
    ldbx_transport *transport = NULL;
    CURLcode code;
    int status;

    *out = NULL;
    pthread_once(&once, init_curl);
    if (global_code != CURLE_OK)
        return fail_setup(global_code, error);
    transport = ldbx_calloc(1, sizeof *transport);
    if (transport == NULL)
        return ldbx_fail_no_memory(error);
    transport->idle = CURL_SOCKET_BAD;
    transport->multi = curl_multi_init();
    transport->easy = curl_easy_init();
    transport->ca_file = settings->ca_file != NULL ? ldbx_strdup(settings->ca_file) : NULL;
    if (transport->multi == NULL || transport->easy == NULL ||
        (settings->ca_file != NULL && transport->ca_file == NULL)) {
        status = ldbx_fail_no_memory(error);
        goto out;
    }
    curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, 1L);
    code = set_connection(transport->easy, settings);
    if (code == CURLE_OK)
        code = set_user_agent(transport->easy, settings->user_agent);
    if (code == CURLE_OK)
        code = set_callbacks(transport);
    status = code == CURLE_OK ? LDBX_OK : fail_setup(code, error);
out:
    if (status == LDBX_OK)
        *out = transport;
    else
        ldbx_transport_destroy(transport);
    return status;
}

void ldbx_transport_destroy(ldbx_transport *transport)
{
    if (transport == NULL)
        return;
    curl_easy_cleanup(transport->easy);
    curl_multi_cleanup(transport->multi);
    ldbx_free(transport->ca_file);
    ldbx_free(transport);
}

/* value NULL: libcurl's own header of this name is left out. */
static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    struct curl_slist *longer = NULL;
    ldbx_buf line;

    ldbx_buf_init(&line, LDBX_MAX_ERROR);
    ldbx_buf_reserve(&line, strlen(name) + 2 + (value != NULL ? strlen(value) : 0));
    ldbx_buf_str(&line, name);
    ldbx_buf_str(&line, value != NULL ? ": " : ":");
    ldbx_buf_str(&line, value != NULL ? value : "");
    if (ldbx_buf_cstr(&line) != NULL)
        longer = curl_slist_append(*list, ldbx_buf_cstr(&line));
    ldbx_buf_wipe(&line);
    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

static bool make_headers(const ldbx_http_request *request, struct curl_slist **list)
{
    bool made = add_header(list, "Content-Type", request->content_type) &&
                add_header(list, "Accept", request->accept) && add_header(list, "Expect", NULL) &&
                (request->authorization == NULL || add_header(list, "Authorization", request->authorization));

    for (size_t i = 0; i < request->header_count && made; i++)
        made = add_header(list, request->headers[i].name, request->headers[i].value);
    return made;
}

static void wipe_headers(struct curl_slist *list)
{
    for (struct curl_slist *at = list; at != NULL; at = at->next)
        ldbx_wipe(at->data, strlen(at->data));
    curl_slist_free_all(list);
}

static CURLcode set_request(CURL *easy, const ldbx_http_request *request, struct curl_slist *headers, size_t max_body)
{
    CURLcode code = CURLE_OK;
    /* Plain text goes to loopback only; a proxy of the environment would see the token. */
    bool plain = ldbx_view_starts(ldbx_view_of(request->url), "http:");
    bool is_head = strcmp(request->method, "HEAD") == 0; /* which announces the length of what it does not send */

    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_NOPROXY, plain ? "*" : NULL);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_MAXFILESIZE_LARGE, is_head ? 0 : (curl_off_t)max_body);
    if (is_head) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (strcmp(request->method, "GET") == 0 || strcmp(request->method, "DELETE") == 0) {
        SET(CURLOPT_HTTPGET, 1L);
    } else {
        SET(CURLOPT_POST, 1L);
        if (request->ask_first)
            SET(CURLOPT_POSTFIELDS, NULL);
        else
            SET(CURLOPT_POSTFIELDS, request->body.size > 0 ? request->body.data : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    }
    SET(CURLOPT_CUSTOMREQUEST, request->method);
    return code;
}

/*
 * Between answers HTTP/1.1 has nothing to say, so whatever can be read is the end of the connection. libcurl
 * looks too, but takes a TLS goodbye for life.
 */
static bool idle_is_stale(const ldbx_transport *transport)
{
    struct pollfd look = {.fd = transport->idle, .events = POLLIN};

    return transport->idle != CURL_SOCKET_BAD && poll(&look, 1, 0) != 0;
}

static int begin(ldbx_transport *transport, const ldbx_http_request *request, ldbx_http_response *response,
                 struct curl_slist *headers, ldbx_error **error)
{
    CURLcode code = set_request(transport->easy, request, headers, response->body.max);

    if (code == CURLE_OK)
        code = curl_easy_setopt(transport->easy, CURLOPT_FRESH_CONNECT, idle_is_stale(transport) ? 1L : 0L);
    if (code != CURLE_OK)
        return fail_setup(code, error);
    transport->response = response;
    transport->asked = false;
    transport->head_whole = false;
    transport->too_large = false;
    transport->no_memory = false;
    transport->barred = false;
    transport->held = request->body;
    transport->held_size = request->body.size;
    transport->holds = request->ask_first;
    transport->hold_until_ms = 0;
    transport->detail[0] = '\0';
    ldbx_http_response_reset(response);
    if (curl_multi_add_handle(transport->multi, transport->easy) != CURLM_OK)
        return ldbx_fail_no_memory(error);
    return LDBX_OK;
}

/* "name:port" of an address, for messages. */
static ldbx_view peer_of(const char *url)
{
    const char *name = strstr(url, "://");
    ldbx_view peer = ldbx_view_of(name != NULL ? name + 3 : url);
    const char *at;

    peer.size = strcspn(peer.data, "/?#");
    at = memchr(peer.data, '@', peer.size);
    if (at != NULL) {
        peer.size -= (size_t)(at + 1 - peer.data);
        peer.data = at + 1;
    }
    return peer;
}

#define PEER(request) (int)peer_of((request)->url).size, peer_of((request)->url).data

static int fail_late(const ldbx_transport *transport, const ldbx_http_request *request, ldbx_error **error)
{
    if (transport->asked)
        return ldbx_fail(error, LDBX_TIMEOUT, "%.*s gave no whole answer within the time limit", PEER(request));
    return ldbx_fail(error, LDBX_TIMEOUT, "no connection to %.*s within the time limit", PEER(request));
}

/* Lets go a body that is held back once the server has had its time, or has answered. Returns how long to wait for that, ms. */
static int64_t release_body(ldbx_transport *transport)
{
    if (!transport->holds || transport->hold_until_ms == 0)
        return MAX_POLL_MS;
    if (!transport->head_whole && !ldbx_deadline_passed(transport->hold_until_ms))
        return ldbx_deadline_left(transport->hold_until_ms, MAX_POLL_MS);
    transport->holds = false;
    curl_easy_pause(transport->easy, CURLPAUSE_CONT);
    return 0;
}

/* LDBX_OK: libcurl is done, well or not. */
static int drive(ldbx_transport *transport, const ldbx_http_request *request, int64_t deadline_ms, ldbx_error **error)
{
    struct curl_waitfd wake = {.fd = ldbx_cancel_fd(request->cancel), .events = CURL_WAIT_POLLIN};
    CURLMcode code = CURLM_OK;

    while (code == CURLM_OK) {
        int running = 0;
        int64_t left_ms = ldbx_deadline_left(deadline_ms, MAX_POLL_MS), hold_ms;

        LDBX_TRY(ldbx_cancel_check(request->cancel, error));
        if (left_ms == 0)
            return fail_late(transport, request, error);
        code = curl_multi_perform(transport->multi, &running);
        if (code == CURLM_OK && running == 0)
            return LDBX_OK;
        hold_ms = release_body(transport);
        left_ms = left_ms < hold_ms ? left_ms : hold_ms;
        if (code == CURLM_OK)
            code = curl_multi_poll(transport->multi, &wake, wake.fd >= 0, (int)left_ms, NULL);
    }
    if (code == CURLM_OUT_OF_MEMORY)
        return ldbx_fail_no_memory(error);
    return ldbx_fail(error, LDBX_UNAVAILABLE, "%.*s: libcurl: %s", PEER(request), curl_multi_strerror(code));
}

static CURLcode result_of(ldbx_transport *transport)
{
    int left;
    const CURLMsg *message = curl_multi_info_read(transport->multi, &left);

    return message != NULL ? message->data.result : CURLE_GOT_NOTHING;
}

/*
 * libcurl names the place that it could not connect to, which is the proxy's where there is one. (An IPv6
 * address it writes in another way than we do.)
 */
static void name_proxy(const ldbx_transport *transport, const ldbx_http_request *request, ldbx_buf *line)
{
    char name[256], place[300];
    int port;

    if (sscanf(transport->detail, "Failed to connect to %255s port %d", name, &port) != 2 || strchr(name, ':') != NULL)
        return;
    snprintf(place, sizeof place, "%s:%d", name, port);
    if (!ldbx_view_eq(peer_of(request->url), place))
        ldbx_buf_printf(line, " (proxy %s)", place);
}

/* What libcurl says about a failure, one line. It may repeat a proxy's address with its password: then its
 * general text. */
static void describe(const ldbx_transport *transport, const ldbx_http_request *request, CURLcode code, ldbx_buf *line)
{
    bool usable =
        transport->detail[0] != '\0' && strchr(transport->detail, '@') == NULL && code != CURLE_ABORTED_BY_CALLBACK;
    char reason[128];
    long number = 0;

    curl_easy_getinfo(transport->easy, CURLINFO_OS_ERRNO, &number);
    if (code == CURLE_COULDNT_CONNECT && number != 0) { /* libcurl's words do not tell a refusal from a missing route */
        ldbx_buf_str(line, ldbx_errno_text((int)number, reason));
        name_proxy(transport, request, line);
    } else if (code == CURLE_OK || code == CURLE_ABORTED_BY_CALLBACK)
        ldbx_buf_str(line, "it was closed");
    else
        ldbx_buf_one_line(line, ldbx_view_of(usable ? transport->detail : curl_easy_strerror(code)), MAX_DETAIL_BYTES);
}

/*
 * Whether a handshake failed because the two sides cannot agree, and not because the connection broke or the
 * other side had a trouble of its own. libcurl has one code for all; OpenSSL and GnuTLS give their reasons in words.
 */
static bool cannot_agree(const char *detail)
{
    static const char *const broken[] = {"eof",           "EOF",           "terminated",
                                         "pull function", "push function", "internal error"};

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        if (strstr(detail, broken[i]) != NULL)
            return false;
    return strstr(detail, "error:") != NULL || strstr(detail, "gnutls_handshake") != NULL;
}

/* What a proxy answered to CONNECT. Who is refused there will be refused again. */
static int fail_at_proxy(ldbx_transport *transport, const ldbx_http_request *request, long http_status,
                         ldbx_error **error)
{
    const char *hint = http_status == 407 ? "; its user name or password is missing or wrong" : "";
    ldbx_error_facts facts = {.retry = -1};

    transport->barred = http_status >= 400 && http_status < 500 && http_status != 408 && http_status != 429;
    if (transport->barred)
        facts.retry = LDBX_RETRY_NEVER;
    return ldbx_fail_facts(error, LDBX_UNAVAILABLE, &facts, "cannot reach %.*s: the proxy answers HTTP %ld%s",
                           PEER(request), http_status, hint);
}

static int fail_transfer(ldbx_transport *transport, const ldbx_http_request *request, CURLcode code, const char *detail,
                         ldbx_error **error)
{
    long connect_status = 0;

    curl_easy_getinfo(transport->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    if (!transport->asked && connect_status >= 300)
        return fail_at_proxy(transport, request, connect_status, error);
    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return ldbx_fail_no_memory(error);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return ldbx_fail(error, LDBX_INVALID_DATA, "the certificate of %.*s is not accepted: %s", PEER(request),
                         detail);
    case CURLE_SSL_CACERT_BADFILE:
        return ldbx_fail(error, LDBX_INVALID_DATA, "CA file %s cannot be used: %s",
                         transport->ca_file != NULL ? transport->ca_file : "of the system", detail);
    case CURLE_SSL_CONNECT_ERROR:
        if (cannot_agree(detail))
            return ldbx_fail(error, LDBX_PROTOCOL, "no TLS connection to %.*s, which needs TLS 1.2 or later: %s",
                             PEER(request), detail);
        return ldbx_fail(error, LDBX_UNAVAILABLE, "cannot reach %.*s: the TLS handshake broke off: %s", PEER(request),
                         detail);
    case CURLE_URL_MALFORMAT:
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "address of %.*s: %s", PEER(request), detail);
    default:
        if (transport->asked)
            return ldbx_fail(error, LDBX_UNAVAILABLE, "the connection to %.*s broke before a whole answer came: %s",
                             PEER(request), detail);
        return ldbx_fail(error, LDBX_UNAVAILABLE, "cannot reach %.*s: %s", PEER(request), detail);
    }
}

static int finish(ldbx_transport *transport, const ldbx_http_request *request, ldbx_error **error)
{
    CURLcode code = result_of(transport);
    long http_status = 0;
    ldbx_buf line;
    int status;

    curl_easy_getinfo(transport->easy, CURLINFO_RESPONSE_CODE, &http_status);
    /* libcurl takes a head that breaks off for a whole one. */
    if (code == CURLE_OK && transport->head_whole && http_status >= 200) {
        curl_easy_getinfo(transport->easy, CURLINFO_ACTIVESOCKET, &transport->idle);
        transport->response->status = (int)http_status;
        return LDBX_OK;
    }
    if (transport->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return ldbx_fail(error, LDBX_PROTOCOL, "the answer of %.*s is larger than %zu bytes", PEER(request),
                         transport->response->body.max);
    if (transport->no_memory)
        return ldbx_fail_no_memory(error);
    ldbx_buf_init(&line, MAX_DETAIL_BYTES);
    describe(transport, request, code, &line);
    status = fail_transfer(transport, request, code, line.failed ? "" : ldbx_buf_cstr(&line), error);
    ldbx_buf_clear(&line);
    return status;
}

int ldbx_transport_exchange(ldbx_transport *transport, const ldbx_http_request *request, ldbx_http_response *response,
                            ldbx_reach *reach, ldbx_error **error)
{
    int64_t started_ms = ldbx_steady_ms();
    int64_t deadline_ms = ldbx_deadline_min(ldbx_deadline_in(request->timeout_ms), request->deadline_ms);
    struct curl_slist *headers = NULL;
    int status = LDBX_OK;

    *reach = LDBX_REACH_NOTHING;
    if (!make_headers(request, &headers)) {
        status = ldbx_fail_no_memory(error);
        goto out;
    }
    LDBX_GO(begin(transport, request, response, headers, error));
    transport->idle = CURL_SOCKET_BAD;
    status = drive(transport, request, deadline_ms, error);
    if (status == LDBX_OK)
        status = finish(transport, request, error);
    if (status == LDBX_OK)
        *reach = LDBX_REACH_ANSWER;
    else if (transport->barred)
        *reach = LDBX_REACH_BARRED;
    else if (bytes_sent(transport) > 0)
        *reach = LDBX_REACH_SENT;
    curl_multi_remove_handle(transport->multi, transport->easy);
    ldbx_log(LDBX_LOG_DEBUG, "net", "%s %.*s: HTTP %d, %zu bytes, %lld ms", request->method, PEER(request),
             response->status, response->body.size, (long long)(ldbx_steady_ms() - started_ms));
out:
    curl_easy_setopt(transport->easy, CURLOPT_HTTPHEADER, NULL);
    wipe_headers(headers);
    return status;
}
