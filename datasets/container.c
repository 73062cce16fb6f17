#include "datasets/container.h"

#include <string.h>

#include "engine/rng.h"

/* How far from its first guess a length is looked for first. */
#define GUESS_SLACK ((size_t)32)

struct container_noise container_noise(uint64_t seed, const char *name)
{
    struct rng rng = rng_stream(seed, name, 0);
    return (struct container_noise){rng_u64(&rng)};
}

static inline uint64_t step(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t container_noise_u64(struct container_noise *noise)
{
    return step(&noise->state);
}

void container_noise_fill(struct container_noise *noise, uint8_t *dst, size_t len)
{
    uint64_t state = noise->state;
    for (; len >= 8; dst += 8, len -= 8)
        container_store(dst, step(&state));
    if (len > 0) {
        uint8_t last[8];
        container_store(last, step(&state));
        memcpy(dst, last, len);
    }
    noise->state = state;
}

size_t container_payload_len(size_t (*file_len)(size_t payload_len), size_t len)
{
    CHECK(file_len(0) <= len);
    size_t low = 0, high = len; /* a file is longer than its payload */
    size_t added = file_len(len) - len, guess = len > added + GUESS_SLACK ? len - added : 0;
    if (guess > 0 && file_len(guess - GUESS_SLACK) <= len)
        low = guess - GUESS_SLACK;
    if (guess > 0 && file_len(guess + GUESS_SLACK) > len)
        high = guess + GUESS_SLACK;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (file_len(middle) <= len)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ---- writing a file -------------------------------------------------------------------------- */

uint8_t *container_take(struct container_out *out, size_t len)
{
    CHECK(len <= (size_t)(out->end - out->at));
    uint8_t *at = out->at;
    out->at += len;
    return at;
}

void container_bytes(struct container_out *out, const void *bytes, size_t len)
{
    uint8_t *at = container_take(out, len);
    if (len > 0)
        memcpy(at, bytes, len);
}

void container_text(struct container_out *out, const char *text)
{
    container_bytes(out, text, strlen(text));
}

void container_fill(struct container_out *out, uint8_t value, size_t len)
{
    uint8_t *at = container_take(out, len);
    if (len > 0)
        memset(at, value, len);
}

void container_be(struct container_out *out, uint64_t value, size_t len)
{
    uint8_t *at = container_take(out, len);
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

void container_le(struct container_out *out, uint64_t value, size_t len)
{
    uint8_t *at = container_take(out, len);
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* The greatest power of two whose square is at most n. */
static size_t root_power(size_t n)
{
    size_t power = 1;
    while (n / 4 >= power * power)
        power *= 2;
    return power;
}

/* Newton's steps from above. */
size_t container_root(size_t n)
{
    if (n == 0)
        return 0;
    size_t x = 2 * root_power(n), next = (x + n / x) / 2;
    while (next < x) {
        x = next;
        next = (x + n / x) / 2;
    }
    return x;
}

/* The picture that has four times the square of one width is also one of the next, so that rounding
 * up never passes it. */
struct container_sides container_sides_above(size_t area)
{
    CHECK(area >= 1);
    size_t across = root_power(area);
    return (struct container_sides){across, (area + across - 1) / across};
}

struct container_sides container_sides_below(size_t area)
{
    CHECK(area >= 1);
    size_t across = root_power(area);
    return (struct container_sides){across, area / across};
}
