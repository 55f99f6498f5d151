/* UTF-8 and what is written with it: JSON strings and lines for people. Declared in str.h. */
#include "base/str.h"

#include <string.h>

#include "base/word.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool is_tail(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/*
 * Length of the UTF-8 sequence at `at`, or 0 when it is not valid. The second byte's range shuts out overlong
 * forms (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4).
 */
static size_t sequence_length(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];

    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4 || left < 2)
        return 0;
    if (first < 0xE0)
        return is_tail(at[1]) ? 2 : 0;
    if (left < 3 || !is_tail(at[1]) || !is_tail(at[2]))
        return 0;
    if (first < 0xF0)
        return (first == 0xE0 && at[1] < 0xA0) || (first == 0xED && at[1] > 0x9F) ? 0 : 3;
    if (left < 4 || !is_tail(at[3]))
        return 0;
    return (first == 0xF0 && at[1] < 0x90) || (first == 0xF4 && at[1] > 0x8F) ? 0 : 4;
}

bool ldbx_utf8_valid(ldbx_view text)
{
    return ldbx_utf8_valid_size(text) == text.size;
}

size_t ldbx_utf8_valid_size(ldbx_view text)
{
    const uint8_t *at = (const uint8_t *)text.data;
    size_t left = text.size;

    while (left > 0) {
        size_t length;
        if (left >= 8 && (ldbx_word_load(at) & LDBX_WORD_HIGHS) == 0)
            length = 8;
        else
            length = sequence_length(at, left);
        if (length == 0)
            break;
        at += length;
        left -= length;
    }
    return text.size - left;
}

/* Whether one of eight bytes needs an escape or is not ASCII. */
static bool word_is_special(uint64_t word)
{
    return ((word & LDBX_WORD_HIGHS) | ldbx_word_below(word, ' ') | ldbx_word_has(word, '"') |
            ldbx_word_has(word, '\\')) != 0;
}

#define LONGEST_ESCAPE 6
#define CHUNK          256 /* bytes of a text for which room is made at once */

static uint8_t *put_escape(uint8_t *to, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = "btn\0fr"; /* for 8 to 13 */

    *to++ = '\\';
    if (byte == '"' || byte == '\\') {
        *to++ = byte;
    } else if (byte >= 8 && byte <= 13 && byte != 11) {
        *to++ = (uint8_t)letters[byte - 8];
    } else {
        memcpy(to, "u00", 3);
        to[3] = (uint8_t)digits[byte >> 4];
        to[4] = (uint8_t)digits[byte & 15];
        to += 5;
    }
    return to;
}

/* One character, or one byte that belongs to none. */
static uint8_t *put_character(uint8_t *to, const uint8_t **at, size_t left)
{
    size_t length = sequence_length(*at, left);

    if (length == 0) {
        memcpy(to, REPLACEMENT, 3);
        to += 3;
    } else if (length == 1 && (**at < ' ' || **at == '"' || **at == '\\')) {
        to = put_escape(to, **at);
    } else {
        for (size_t i = 0; i < length; i++)
            *to++ = (*at)[i];
    }
    *at += length > 0 ? length : 1;
    return to;
}

/* At least `chunk` bytes of the text: as many whole words as need no escape, else characters. There is room for all their escapes and a word. */
static uint8_t *put_chunk(uint8_t *to, const uint8_t **at, size_t chunk, const uint8_t *end)
{
    const uint8_t *enough = *at + chunk;

    while (*at < enough) {
        if (end - *at >= 8) {
            uint64_t word = ldbx_word_load(*at);
            if (!word_is_special(word)) {
                memcpy(to, &word, sizeof word);
                to += sizeof word;
                *at += sizeof word;
                continue;
            }
        }
        do
            to = put_character(to, at, (size_t)(end - *at));
        while (*at < enough && **at >= 0x80);
    }
    return to;
}

void ldbx_buf_json_string(ldbx_buf *buf, ldbx_view text)
{
    const uint8_t *at = (const uint8_t *)text.data;
    const uint8_t *end = at + text.size;

    ldbx_buf_byte(buf, '"');
    while (at < end) {
        size_t chunk = (size_t)(end - at) < CHUNK ? (size_t)(end - at) : CHUNK;
        uint8_t *to = ldbx_buf_reserve(buf, (chunk + sizeof(uint64_t)) * LONGEST_ESCAPE);
        if (to == NULL)
            return;
        buf->size += (size_t)(put_chunk(to, &at, chunk, end) - to);
    }
    ldbx_buf_byte(buf, '"');
}

/* C0, DEL and C1 controls: a terminal would obey them. */
static bool is_control(const uint8_t *at, size_t length)
{
    return *at < ' ' || *at == 0x7F || (length == 2 && at[0] == 0xC2 && at[1] < 0xA0);
}

static void put_clean(ldbx_buf *buf, ldbx_view text, size_t max, bool keep_lines)
{
    const uint8_t *at = (const uint8_t *)text.data;
    size_t left = text.size;

    while (left > 0) {
        size_t length = sequence_length(at, left);
        ldbx_view piece = {(const char *)at, length};
        if (length == 0)
            piece = ldbx_view_of(REPLACEMENT);
        else if (is_control(at, length) && !(keep_lines && *at == '\n'))
            piece = ldbx_view_of(" ");
        if (piece.size > max)
            return;
        ldbx_buf_view(buf, piece);
        max -= piece.size;
        length = length == 0 ? 1 : length;
        at += length;
        left -= length;
    }
}

void ldbx_buf_one_line(ldbx_buf *buf, ldbx_view text, size_t max)
{
    put_clean(buf, text, max, false);
}

void ldbx_buf_lines(ldbx_buf *buf, ldbx_view text, size_t max)
{
    put_clean(buf, text, max, true);
}
