/* UTF-8 and what is written with it: JSON strings and lines for people. Declared in str.h. */
#include "base/str.h"

#include <string.h>

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

static uint64_t load_word(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

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
        if (left >= 8 && (load_word(at) & HIGHS) == 0)
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

/* Whether one of eight bytes may need an escape or is not ASCII. Borrows can raise a false alarm, never miss
 * one. */
static bool word_is_special(uint64_t word)
{
    uint64_t quote = word ^ (ONES * '"');
    uint64_t backslash = word ^ (ONES * '\\');

    return ((word | (word - ONES * ' ') | (quote - ONES) | (backslash - ONES)) & HIGHS) != 0;
}

static void put_escape(ldbx_buf *buf, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = "btn\0fr"; /* for 8 to 13 */
    char text[6] = {'\\', (char)byte, '0', '0', 0, 0};

    if (byte == '"' || byte == '\\') {
        ldbx_buf_append(buf, text, 2);
    } else if (byte >= 8 && byte <= 13 && byte != 11) {
        text[1] = letters[byte - 8];
        ldbx_buf_append(buf, text, 2);
    } else {
        text[1] = 'u';
        text[4] = digits[byte >> 4];
        text[5] = digits[byte & 15];
        ldbx_buf_append(buf, text, 6);
    }
}

/* Bytes from `at` that can be copied as they are. */
static size_t plain_run(const uint8_t *at, size_t left)
{
    size_t run = 0;

    while (run < left) {
        size_t length;
        if (left - run >= 8 && !word_is_special(load_word(at + run))) {
            run += 8;
            continue;
        }
        if (at[run] < ' ' || at[run] == '"' || at[run] == '\\')
            break;
        length = sequence_length(at + run, left - run);
        if (length == 0)
            break;
        run += length;
    }
    return run;
}

void ldbx_buf_json_string(ldbx_buf *buf, ldbx_view text)
{
    const uint8_t *at = (const uint8_t *)text.data;
    size_t left = text.size;

    ldbx_buf_byte(buf, '"');
    while (left > 0) {
        size_t run = plain_run(at, left);
        ldbx_buf_append(buf, at, run);
        at += run;
        left -= run;
        if (left == 0)
            break;
        if (*at < 0x80)
            put_escape(buf, *at);
        else
            ldbx_buf_str(buf, REPLACEMENT);
        at++;
        left--;
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
