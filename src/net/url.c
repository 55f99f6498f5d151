#include "net/url.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

#define MAX_NAME  253 /* of a DNS name */
#define MAX_LABEL 63

static ldbx_view skip(ldbx_view text, size_t count)
{
    return (ldbx_view){text.data + count, text.size - count};
}

/* Position of the last `wanted`, or -1. */
static int64_t find_last(ldbx_view text, char wanted)
{
    for (size_t at = text.size; at > 0; at--)
        if (text.data[at - 1] == wanted)
            return (int64_t)at - 1;
    return -1;
}

static ldbx_view cut_slashes(ldbx_view text)
{
    while (text.size > 0 && text.data[text.size - 1] == '/')
        text.size--;
    return text;
}

/* What a request line cannot carry. Other bytes above ASCII are refused too: neither names nor paths of
 * Databricks have them. */
static bool has_unprintable(ldbx_view text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 127)
            return true;
    return false;
}

static int take_scheme(ldbx_view *text, bool *plain, ldbx_error **error)
{
    int64_t end = ldbx_view_find(*text, "://");
    ldbx_view scheme;

    *plain = false;
    if (end < 0)
        return LDBX_OK;
    scheme = (ldbx_view){text->data, (size_t)end};
    if (ldbx_view_ieq(scheme, "http"))
        *plain = true;
    else if (!ldbx_view_ieq(scheme, "https"))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "host begins with a scheme that is not https://");
    *text = skip(*text, (size_t)end + 3);
    return LDBX_OK;
}

/* Cuts ":port" off; a colon inside the brackets of an IPv6 address is none. */
static int take_port(ldbx_view *text, int32_t *port, ldbx_error **error)
{
    int64_t colon = find_last(*text, ':');
    int64_t number = 0;

    *port = 0;
    if (colon < find_last(*text, ']') || colon < 0)
        return LDBX_OK;
    if (!ldbx_parse_int64(skip(*text, (size_t)colon + 1), 1, 65535, &number))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "host has a port that is not a number from 1 to 65535 (an IPv6 address stands in [ ])");
    *port = (int32_t)number;
    text->size = (size_t)colon;
    return LDBX_OK;
}

static bool is_name_char(char c)
{
    return ldbx_is_alnum(c) || c == '-' || c == '_';
}

static bool is_name(ldbx_view text)
{
    size_t label = 0;

    if (text.size == 0 || text.size > MAX_NAME)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        bool dot = text.data[i] == '.';
        if (dot ? label == 0 : !is_name_char(text.data[i]) || label == MAX_LABEL)
            return false;
        label = dot ? 0 : label + 1;
    }
    return label > 0;
}

static bool is_bracketed_ipv6(ldbx_view text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;

    if (text.size < 4 || text.size - 2 >= sizeof address || text.data[0] != '[' || text.data[text.size - 1] != ']')
        return false;
    memcpy(address, text.data + 1, text.size - 2);
    address[text.size - 2] = '\0';
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

/* By the whole address, so that 127.example.com is none. */
static bool is_loopback(ldbx_view name)
{
    char address[INET_ADDRSTRLEN];
    struct in_addr parsed;

    if (ldbx_view_ieq(name, "localhost") || ldbx_view_eq(name, "[::1]"))
        return true;
    if (name.size >= sizeof address)
        return false;
    memcpy(address, name.data, name.size);
    address[name.size] = '\0';
    return inet_pton(AF_INET, address, &parsed) == 1 && ntohl(parsed.s_addr) >> 24 == 127;
}

/* Messages never repeat the text: somebody may have put a password into it. */
static int check_form(ldbx_view text, ldbx_error **error)
{
    if (text.size == 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "host is empty");
    if (memchr(text.data, '@', text.size) != NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "host must not hold a user name or password");
    if (has_unprintable(text))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "host holds a blank, a control character or one that is not ASCII");
    if (memchr(text.data, '/', text.size) != NULL || memchr(text.data, '?', text.size) != NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "host must not hold a path; that is the http path");
    return LDBX_OK;
}

int ldbx_host_parse(ldbx_view text, ldbx_host *out, ldbx_error **error)
{
    ldbx_host host = {0};

    memset(out, 0, sizeof *out);
    LDBX_TRY(take_scheme(&text, &host.plain, error));
    while (text.size > 0 && text.data[0] == '/')
        text = skip(text, 1);
    text = cut_slashes(text);
    LDBX_TRY(check_form(text, error));
    LDBX_TRY(take_port(&text, &host.port, error));
    if (!is_name(text) && !is_bracketed_ipv6(text))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "host is neither a host name nor an IP address (IPv6 stands in [ ])");
    if (host.plain && !is_loopback(text))
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "host with http:// must be localhost, 127.x.y.z or [::1]; others need https://");
    host.name = ldbx_strndup(text.data, text.size);
    if (host.name == NULL)
        return ldbx_fail_no_memory(error);
    *out = host;
    return LDBX_OK;
}

void ldbx_host_clear(ldbx_host *host)
{
    ldbx_free(host->name);
    memset(host, 0, sizeof *host);
}

int ldbx_http_path_parse(ldbx_view text, char **out, ldbx_error **error)
{
    ldbx_buf path;
    const char *mark;
    ldbx_view query = {NULL, 0};

    *out = NULL;
    if (text.size == 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT, "http path is empty");
    if (has_unprintable(text) || memchr(text.data, '#', text.size) != NULL)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "http path holds a blank, a #, a control character or one that is not ASCII");
    mark = memchr(text.data, '?', text.size);
    if (mark != NULL) {
        query = skip(text, (size_t)(mark - text.data));
        text.size -= query.size;
    }
    if (ldbx_view_find(text, "://") >= 0)
        return ldbx_fail(error, LDBX_INVALID_ARGUMENT,
                         "http path is a whole address; give what stands behind the host");
    while (text.size > 0 && text.data[0] == '/')
        text = skip(text, 1);
    ldbx_buf_init(&path, LDBX_MAX_ERROR);
    ldbx_buf_byte(&path, '/');
    ldbx_buf_view(&path, cut_slashes(text));
    ldbx_buf_view(&path, query);
    *out = ldbx_buf_detach(&path);
    ldbx_buf_clear(&path);
    return *out != NULL ? LDBX_OK : ldbx_fail_no_memory(error);
}

char *ldbx_url_format(const ldbx_host *host, int32_t port, const char *path)
{
    ldbx_buf url;
    char *text;

    ldbx_buf_init(&url, LDBX_MAX_ERROR);
    ldbx_buf_printf(&url, "%s://%s:%d%s", host->plain ? "http" : "https", host->name, (int)port, path);
    text = ldbx_buf_detach(&url);
    ldbx_buf_clear(&url);
    return text;
}

void ldbx_url_encode(ldbx_buf *out, ldbx_view text, const char *keep)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];

        if (ldbx_is_alnum(byte) || (byte != '\0' && (strchr("-._~", byte) != NULL || strchr(keep, byte) != NULL)))
            ldbx_buf_byte(out, (uint8_t)byte);
        else
            ldbx_buf_printf(out, "%%%02X", (unsigned)(unsigned char)byte);
    }
}
