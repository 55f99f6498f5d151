#include "net/message.h"

#include <curl/curl.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define LAST_DATE INT64_C(253402300799) /* the end of the year 9999, as an HTTP date has four digits */
#define NOT_GIVEN (-1)
#define MAX_HEAD  ((size_t)64 << 10) /* of a head that is kept: lines behind it are not found */

static const char *const reason_headers[] = {
    "x-databricks-reason-phrase",
    "x-thriftserver-error-message",
    "x-databricks-error-or-redirect-message",
};

static void forget_head(ldbx_http_response *response)
{
    response->status = 0;
    response->retry_after_ms = NOT_GIVEN;
    response->reason[0] = '\0';
    response->reason_rank = 0;
    response->content_type[0] = '\0';
    ldbx_buf_reset(&response->head);
}

void ldbx_http_response_init(ldbx_http_response *response, size_t max_body)
{
    memset(response, 0, sizeof *response);
    ldbx_buf_init(&response->head, MAX_HEAD);
    forget_head(response);
    ldbx_buf_init(&response->body, max_body);
}

void ldbx_http_response_keep_head(ldbx_http_response *response)
{
    response->keeps_head = true;
}

void ldbx_http_response_clear(ldbx_http_response *response)
{
    forget_head(response);
    ldbx_buf_clear(&response->head);
    ldbx_buf_clear(&response->body);
}

void ldbx_http_response_reset(ldbx_http_response *response)
{
    forget_head(response);
    ldbx_buf_reset(&response->body);
}

/* Short of memory the text is left out: it only explains. */
static void take_text(char *out, size_t size, ldbx_view value)
{
    ldbx_buf line;

    ldbx_buf_init(&line, size);
    ldbx_buf_one_line(&line, value, size - 1);
    if (!line.failed && line.size > 0)
        memcpy(out, line.data, line.size);
    out[line.failed ? 0 : line.size] = '\0';
    ldbx_buf_clear(&line);
}

static void take_reason(ldbx_http_response *response, int rank, ldbx_view value)
{
    if (response->reason_rank != 0 && response->reason_rank <= rank)
        return;
    response->reason_rank = rank;
    take_text(response->reason, sizeof response->reason, value);
}

/* curl_getdate() also takes much that is no date, but a date begins with its weekday. */
int64_t ldbx_http_date(ldbx_view value)
{
    char text[64];
    int64_t at;

    if (value.size == 0 || value.size >= sizeof text || value.data[0] < 'A' || value.data[0] > 'Z')
        return -1;
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    at = (int64_t)curl_getdate(text, NULL);
    return at <= LAST_DATE ? at : -1;
}

/* Whole seconds, or an HTTP date. */
static int64_t parse_retry_after(ldbx_view value)
{
    int64_t seconds, at;

    if (ldbx_parse_int64(value, 0, INT64_MAX / 1000, &seconds))
        return seconds * 1000;
    at = ldbx_http_date(value);
    if (at < 0)
        return NOT_GIVEN;
    seconds = at - ldbx_wall_us() / 1000000;
    return seconds > 0 ? seconds * 1000 : 0;
}

static void take_header(ldbx_http_response *response, ldbx_view name, ldbx_view value)
{
    if (value.size == 0)
        return;
    for (int i = 0; i < (int)(sizeof reason_headers / sizeof reason_headers[0]); i++)
        if (ldbx_view_ieq(name, reason_headers[i]))
            take_reason(response, i + 1, value);
    if (ldbx_view_ieq(name, "retry-after") && response->retry_after_ms == NOT_GIVEN)
        response->retry_after_ms = parse_retry_after(value);
    if (ldbx_view_ieq(name, "content-type") && response->content_type[0] == '\0')
        take_text(response->content_type, sizeof response->content_type, value);
}

/* "Name: value" taken apart, blanks cut; false: it is no header. */
static bool split_line(ldbx_view line, ldbx_view *name, ldbx_view *value)
{
    int64_t colon = ldbx_view_find(line, ":");

    if (colon < 0)
        return false;
    *name = (ldbx_view){line.data, (size_t)colon};
    *value = ldbx_view_trim((ldbx_view){line.data + colon + 1, line.size - (size_t)colon - 1});
    return true;
}

static void keep_line(ldbx_http_response *response, ldbx_view line)
{
    ldbx_buf *head = &response->head;

    line = ldbx_view_trim(line);
    if (line.size + 1 > head->max - head->size)
        return;
    ldbx_buf_view(head, line);
    ldbx_buf_byte(head, '\n');
}

void ldbx_http_response_line(ldbx_http_response *response, ldbx_view line)
{
    ldbx_view name, value;

    if (ldbx_view_starts(line, "HTTP/")) {
        forget_head(response);
        return;
    }
    if (!split_line(line, &name, &value))
        return;
    take_header(response, name, value);
    if (response->keeps_head)
        keep_line(response, line);
}

ldbx_view ldbx_http_response_header(const ldbx_http_response *response, const char *wanted)
{
    ldbx_view rest = ldbx_buf_get(&response->head);
    ldbx_view name, value;
    int64_t end;

    while ((end = ldbx_view_find(rest, "\n")) >= 0) {
        if (split_line((ldbx_view){rest.data, (size_t)end}, &name, &value) && ldbx_view_ieq(name, wanted))
            return value;
        rest.data += end + 1;
        rest.size -= (size_t)end + 1;
    }
    return (ldbx_view){"", 0};
}
