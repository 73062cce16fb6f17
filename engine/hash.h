/* hash.h: the two hashes blobfront uses, each for what it is good at.
 *
 * XXH3-128 (libxxhash, with the library's run-time CPU dispatch): verification, routing and
 * filters.  Fast, not collision resistant: never an identity without comparing bytes.
 * SHA-256 (libcrypto EVP): content identity.
 *
 * Threading: struct sha256 belongs to one thread; the XXH3 functions are pure.
 */
#ifndef ENGINE_HASH_H
#define ENGINE_HASH_H

#include "engine/base.h"

struct hash128 {
    uint8_t bytes[16]; /* canonical (big-endian) form, equal on every machine */
};
struct digest256 {
    uint8_t bytes[32];
};

struct hash128 hash_xxh128(struct span bytes);
/* The SIMD level libxxhash chose on this CPU ("avx512", "avx2", "sse2", "scalar"). */
const char *hash_xxh_level(void);
bool hash128_equal(struct hash128 a, struct hash128 b);

/* Running XXH3-128 fold for verification: order matters.  fold' = XXH3-128(fold || item). */
struct hash128 hash128_fold(struct hash128 fold, struct hash128 item);

/* A reusable SHA-256 context: fetched once, then allocation-free per digest. */
struct sha256 {
    void *md, *ctx;
};
MUST_CHECK enum rc sha256_init(struct sha256 *sha, struct err *err);
MUST_CHECK enum rc sha256_digest(struct sha256 *sha, struct span bytes, struct digest256 *out,
                                 struct err *err);
/* Accepts a zeroed or half-initialised context. */
void sha256_release(struct sha256 *sha);

#define HEX_SIZE 65
/* Lower-case hexadecimal of at most 32 bytes, terminated.  Returns dst. */
char *hex_str(char dst[HEX_SIZE], struct span bytes);

#endif
