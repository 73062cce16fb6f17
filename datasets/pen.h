/* pen.h: writing made-up content fast: draws that do not wait for each other, pieces of 8 bytes.
 *
 * Everything is integer arithmetic and little-endian on every machine.  A pen_put writes eight
 * bytes whatever the piece's length: whoever calls leaves PEN_SLACK bytes behind the last piece.
 */
#ifndef DATASETS_PEN_H
#define DATASETS_PEN_H

#include <endian.h>
#include <string.h>

#include "engine/base.h"

#define PEN_SLACK 16u

/* SplitMix64 (as mix64 of engine/rng.h), inlined: its steps overlap, unlike xoshiro's. */
static inline uint64_t pen_draw(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline void pen_word(uint8_t *dst, uint64_t word)
{
    word = htole64(word);
    memcpy(dst, &word, sizeof(word));
}

/* A piece of up to seven bytes with its length in the top byte. */
static inline uint8_t *pen_piece(uint8_t *at, uint64_t piece)
{
    pen_word(at, piece);
    return at + (piece >> 56);
}

/* A literal; its length is known when compiling. */
#define PEN_TEXT(at, literal) pen_bytes((at), (literal), sizeof(literal) - 1)
static inline uint8_t *pen_bytes(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

#endif
