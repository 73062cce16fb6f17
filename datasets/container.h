/* container.h: what the classes of compressed media share: noise, headers, sides of a picture.
 *
 * Payloads of all of them are the noise made here, and so is what fills files up: bytes no codec
 * makes smaller, a pure function of (seed, class name), the same on every machine.  Container
 * files are written from front to back through a container_out, which holds the place of the next
 * byte and checks that nothing is written beyond the file's end.
 */
#ifndef DATASETS_CONTAINER_H
#define DATASETS_CONTAINER_H

#include "engine/base.h"

/* Eight bytes, little-endian.  Written out: compilers make one load or store of these, but none
 * of a loop over the bytes (gcc 12 at -O2; a factor of five in container_noise). */
static inline uint64_t container_load(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

static inline void container_store(uint8_t *p, uint64_t word)
{
    p[0] = (uint8_t)word;
    p[1] = (uint8_t)(word >> 8);
    p[2] = (uint8_t)(word >> 16);
    p[3] = (uint8_t)(word >> 24);
    p[4] = (uint8_t)(word >> 32);
    p[5] = (uint8_t)(word >> 40);
    p[6] = (uint8_t)(word >> 48);
    p[7] = (uint8_t)(word >> 56);
}

/* A stream of noise: SplitMix64 (see mix64), whose steps, unlike xoshiro's, do not wait for each
 * other.  `name` tells the streams of one seed apart. */
struct container_noise {
    uint64_t state;
};
struct container_noise container_noise(uint64_t seed, const char *name);
uint64_t container_noise_u64(struct container_noise *noise);
/* Streams of bytes have no memory of less than eight: what is left of the last draw is lost. */
void container_noise_fill(struct container_noise *noise, uint8_t *dst, size_t len);

/* The longest payload with file_len(payload) <= len, for a file_len that never falls; file_len(0)
 * <= len.  By bisection, fast where what files add to payloads changes little. */
size_t container_payload_len(size_t (*file_len)(size_t payload_len), size_t len);

/* ---- writing a file -------------------------------------------------------------------------- */

struct container_out {
    uint8_t *at, *end;
};

/* The next `len` bytes, for the caller to write. */
uint8_t *container_take(struct container_out *out, size_t len);
void container_bytes(struct container_out *out, const void *bytes, size_t len);
void container_text(struct container_out *out, const char *text);
void container_fill(struct container_out *out, uint8_t value, size_t len);
/* The low `len` bytes of value, most or least significant first. */
void container_be(struct container_out *out, uint64_t value, size_t len);
void container_le(struct container_out *out, uint64_t value, size_t len);

/* ---- pictures -------------------------------------------------------------------------------- */

/* The greatest number whose square is at most n. */
size_t container_root(size_t n);

/* Cells of a picture that is neither too long nor too wide: as wide as the greatest power of two
 * whose square is at most the area, and one to four times as long.  A width serves areas from its
 * square to four times that, so that pictures that grow a little keep theirs. */
struct container_sides {
    size_t across, down;
};
/* The least picture with at least `area` cells, and the greatest with at most that many; area >= 1.
 * What they differ from it by is less than its root. */
struct container_sides container_sides_above(size_t area);
struct container_sides container_sides_below(size_t area);

#endif
