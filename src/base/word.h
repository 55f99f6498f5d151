/* Eight bytes of text at a time. */
#ifndef LDBX_BASE_WORD_H
#define LDBX_BASE_WORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LDBX_WORD_ONES  UINT64_C(0x0101010101010101)
#define LDBX_WORD_HIGHS UINT64_C(0x8080808080808080) /* set in a word: one of its bytes is not ASCII */

static inline uint64_t ldbx_word_load(const void *from)
{
    uint64_t word;

    memcpy(&word, from, sizeof word);
    return word;
}

/* Not 0: one of the bytes is below `byte`, which is at most 128. The high bits of the first such byte and perhaps of ones above it are set. */
static inline uint64_t ldbx_word_below(uint64_t word, uint8_t byte)
{
    return (word - LDBX_WORD_ONES * byte) & ~word & LDBX_WORD_HIGHS;
}

/* Not 0: one of the bytes is `byte`. */
static inline uint64_t ldbx_word_has(uint64_t word, uint8_t byte)
{
    return ldbx_word_below(word ^ LDBX_WORD_ONES * byte, 1);
}

#endif
