/* words.h: the vocabulary of made-up texts, as pieces for pen.h; the same in every process.
 *
 * Stems follow a Zipf-Mandelbrot law, their number per slot standing for their frequency: a uniform
 * slot is a word as often as it is met.  The commonest are English ones, the others are made of
 * syllables.
 *
 * Threading: built once, whoever asks first; constant afterwards.
 */
#ifndef DATASETS_WORDS_H
#define DATASETS_WORDS_H

#include "engine/base.h"

#define WORDS_STEMS   4096u
#define WORDS_ENDINGS 256u
#define WORDS_DIGITS  1000u
#define WORDS_SYMBOLS 4096u

/* In the sixth byte of an ending: xor it to the next word's first byte, which begins a sentence. */
#define WORDS_CAPITAL UINT64_C(0x20)

struct words {
    uint64_t stems[WORDS_STEMS];     /* 1..7 letters, length in the top byte */
    uint64_t endings[WORDS_ENDINGS]; /* suffix, mark and space: up to 5 bytes, then the sixth */
    uint32_t digits[WORDS_DIGITS];   /* three decimal digits */
    uint16_t symbols[WORDS_SYMBOLS]; /* two of base64's 64 */
    uint16_t hex[256];               /* two hexadecimal digits */
};

const struct words *words_get(void);

#endif
