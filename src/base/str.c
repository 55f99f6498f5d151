#include "base/str.h"

#include <string.h>

ldbx_view ldbx_view_of(const char *text)
{
    return (ldbx_view){text, text == NULL ? 0 : strlen(text)};
}

bool ldbx_view_eq(ldbx_view a, const char *b)
{
    size_t size = strlen(b);
    return a.size == size && (size == 0 || memcmp(a.data, b, size) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool ldbx_view_ieq(ldbx_view a, const char *b)
{
    if (a.size != strlen(b))
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b[i]))
            return false;
    return true;
}

int ldbx_view_icompare(ldbx_view a, ldbx_view b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++) {
        unsigned char left = (unsigned char)lower(a.data[i]), right = (unsigned char)lower(b.data[i]);
        if (left != right)
            return left < right ? -1 : 1;
    }
    return (a.size > b.size) - (a.size < b.size);
}

bool ldbx_is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool ldbx_str_ieq(const char *a, const char *b)
{
    return ldbx_view_ieq(ldbx_view_of(a), b);
}

bool ldbx_view_starts(ldbx_view text, const char *prefix)
{
    size_t size = strlen(prefix);
    return text.size >= size && (size == 0 || memcmp(text.data, prefix, size) == 0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

ldbx_view ldbx_view_trim(ldbx_view text)
{
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    while (text.size > 0 && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    return text;
}

int64_t ldbx_view_find(ldbx_view text, const char *needle)
{
    size_t size = strlen(needle);
    const char *found;

    if (size == 0)
        return 0;
    if (text.size < size)
        return -1;
    found = memmem(text.data, text.size, needle, size);
    return found == NULL ? -1 : found - text.data;
}

bool ldbx_parse_int64(ldbx_view text, int64_t low, int64_t high, int64_t *out)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    int64_t value = 0;

    if (text.size == (negative ? 1u : 0u))
        return false;
    /* Counted downwards, because INT64_MIN has no positive counterpart. */
    for (size_t i = negative; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, text.data[i] - '0', &value))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return false;
    if (value < low || value > high)
        return false;
    *out = value;
    return true;
}

void ldbx_format_uuid(char out[37], const uint8_t bytes[16])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

size_t ldbx_format_base64(char *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *to = out;

    for (size_t i = 0; i < size; i += 3, to += 4) {
        size_t left = size - i;
        uint32_t word = (uint32_t)data[i] << 16;
        if (left > 1)
            word |= (uint32_t)data[i + 1] << 8;
        if (left > 2)
            word |= data[i + 2];
        to[0] = digits[word >> 18];
        to[1] = digits[word >> 12 & 63];
        to[2] = left > 1 ? digits[word >> 6 & 63] : '=';
        to[3] = left > 2 ? digits[word & 63] : '=';
    }
    return (size_t)(to - out);
}

void ldbx_buf_base64(ldbx_buf *buf, const uint8_t *data, size_t size)
{
    char *to = (char *)ldbx_buf_reserve(buf, size / 3 * 4 + 4);

    if (to != NULL)
        buf->size += ldbx_format_base64(to, data, size);
}

/* Six bits, or -1. */
static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool ldbx_parse_base64(ldbx_view text, uint8_t *out, size_t *size)
{
    size_t padding = 0;

    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
        padding++;
    if (text.size % 4 != 0)
        return false;
    *size = text.size / 4 * 3 - padding;
    for (size_t i = 0; i < text.size; i += 4) {
        bool last = i + 4 == text.size;
        uint32_t word = 0;
        for (size_t j = 0; j < 4; j++) {
            int digit = last && j + padding >= 4 ? 0 : base64_digit(text.data[i + j]);
            if (digit < 0)
                return false;
            word = word << 6 | (uint32_t)digit;
        }
        if (last && (word & ((UINT32_C(1) << 8 * padding) - 1)) != 0)
            return false; /* bits that no byte keeps */
        for (size_t j = 0; j < (last ? 3 - padding : 3); j++)
            *out++ = (uint8_t)(word >> (16 - 8 * j));
    }
    return true;
}
