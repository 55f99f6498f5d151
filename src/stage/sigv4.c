#include "stage/sigv4.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/civil.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/secret.h"
#include "base/str.h"

#define ALGORITHM  "AWS4-HMAC-SHA256"
#define SERVICE    "s3"
#define SCOPE_END  "aws4_request"
#define DAY_DIGITS 8
#define MAX_SIGNED ((size_t)1 << 20) /* of a canonical request: an address and its headers, twice */

void ldbx_sigv4_time(char out[17], int64_t us)
{
    ldbx_civil at = ldbx_civil_from_us(us);

    snprintf(out, 17, "%04u%02u%02uT%02u%02u%02uZ", (unsigned)at.year % 10000, (unsigned)at.month % 100,
             (unsigned)at.day % 100, (unsigned)at.hour % 100, (unsigned)at.minute % 100, (unsigned)at.second % 100);
}

static void put_hex(char out[65], const uint8_t digest[32])
{
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

bool ldbx_sigv4_payload_hash(char out[65], ldbx_view payload)
{
    uint8_t digest[32];

    if (!ldbx_sha256(payload, digest))
        return false;
    put_hex(out, digest);
    return true;
}

/* Sorted by name, as the signature wants them. */
static size_t sort_headers(const ldbx_sigv4_request *request, const ldbx_http_header **sorted)
{
    size_t count = request->header_count < LDBX_SIGV4_HEADERS ? request->header_count : LDBX_SIGV4_HEADERS;

    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && strcasecmp(sorted[at - 1]->name, request->headers[i].name) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = &request->headers[i];
    }
    return count;
}

static void put_name(ldbx_buf *out, const char *name)
{
    for (; *name != '\0'; name++)
        ldbx_buf_byte(out, (uint8_t)tolower((unsigned char)*name));
}

/* Blanks at the ends are cut, several in a row are one. */
static void put_value(ldbx_buf *out, const char *value)
{
    ldbx_view text = ldbx_view_trim(ldbx_view_of(value));

    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != ' ' || text.data[i - 1] != ' ')
            ldbx_buf_byte(out, (uint8_t)text.data[i]);
}

static void put_signed_headers(ldbx_buf *out, const ldbx_http_header **headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            ldbx_buf_byte(out, ';');
        put_name(out, headers[i]->name);
    }
}

static void put_canonical_request(ldbx_buf *out, const ldbx_sigv4_request *request, const ldbx_http_header **headers,
                                  size_t count)
{
    ldbx_buf_printf(out, "%s\n%s\n%s\n", request->method, request->path, request->query);
    for (size_t i = 0; i < count; i++) {
        put_name(out, headers[i]->name);
        ldbx_buf_byte(out, ':');
        put_value(out, headers[i]->value);
        ldbx_buf_byte(out, '\n');
    }
    ldbx_buf_byte(out, '\n');
    put_signed_headers(out, headers, count);
    ldbx_buf_printf(out, "\n%s", request->payload_hash);
}

/* The key that belongs to a day, a region and a service, and with it the signature of a text. */
static bool sign(const ldbx_sigv4_request *request, const char *secret, ldbx_view text, uint8_t out[32])
{
    const ldbx_view steps[] = {{request->time, DAY_DIGITS},
                               ldbx_view_of(request->region),
                               ldbx_view_of(SERVICE),
                               ldbx_view_of(SCOPE_END),
                               text};
    ldbx_buf first;
    bool made;

    ldbx_buf_init(&first, LDBX_MAX_ERROR);
    ldbx_buf_reserve(&first, strlen(secret) + 5); /* at once: what a buffer outgrows is not wiped */
    ldbx_buf_str(&first, "AWS4");
    ldbx_buf_str(&first, secret);
    made = !first.failed && ldbx_hmac_sha256(ldbx_buf_get(&first), steps[0], out);
    for (size_t i = 1; i < sizeof steps / sizeof steps[0] && made; i++) {
        uint8_t key[32];
        memcpy(key, out, sizeof key);
        made = ldbx_hmac_sha256((ldbx_view){(const char *)key, sizeof key}, steps[i], out);
        ldbx_wipe(key, sizeof key);
    }
    ldbx_buf_wipe(&first);
    return made;
}

int ldbx_sigv4_authorization(const ldbx_sigv4_request *request, const ldbx_sigv4_keys *keys, ldbx_buf *out,
                             ldbx_error **error)
{
    const ldbx_http_header *headers[LDBX_SIGV4_HEADERS];
    size_t count = sort_headers(request, headers);
    uint8_t digest[32];
    char hex[65];
    ldbx_buf text, scope;
    bool made = false;

    ldbx_buf_init(&text, MAX_SIGNED);
    ldbx_buf_init(&scope, LDBX_MAX_ERROR);
    ldbx_buf_printf(&scope, "%.*s/%s/" SERVICE "/" SCOPE_END, DAY_DIGITS, request->time, request->region);
    put_canonical_request(&text, request, headers, count);
    if (text.failed || ldbx_buf_cstr(&scope) == NULL || !ldbx_sigv4_payload_hash(hex, ldbx_buf_get(&text)))
        goto out;
    ldbx_buf_reset(&text);
    ldbx_buf_printf(&text, ALGORITHM "\n%s\n%s\n%s", request->time, ldbx_buf_cstr(&scope), hex);
    if (text.failed || !sign(request, keys->secret_access_key, ldbx_buf_get(&text), digest))
        goto out;
    put_hex(hex, digest);
    ldbx_buf_printf(out, ALGORITHM " Credential=%s/%s, SignedHeaders=", keys->access_key_id, ldbx_buf_cstr(&scope));
    put_signed_headers(out, headers, count);
    ldbx_buf_printf(out, ", Signature=%s", hex);
    made = !out->failed;
out:
    ldbx_buf_wipe(&text);
    ldbx_buf_clear(&scope);
    return made ? LDBX_OK : ldbx_fail_no_memory(error);
}
