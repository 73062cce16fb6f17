/* hash.c: XXH3-128 through libxxhash's dispatcher and SHA-256 through libcrypto's EVP. */
#include "engine/hash.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#define HASH_X86                     1
#define XXH_DISPATCH_DISABLE_REPLACE /* call what is meant by name, not through macros */
#include <immintrin.h>
#include <xxh_x86dispatch.h>
#else
#define HASH_X86 0
#include <xxhash.h>
#endif

#if HASH_X86
/* Up to here XXH3 uses no vector longer than SSE's. */
enum { HASH_SHORT_BYTES = 240 };

/* libxxhash 0.8.1 returns from its AVX-512 code without VZEROUPPER.  Until somebody else executes
 * one, every SSE instruction of this thread carries the upper halves of its register along:
 * floating point took ten times as long, in whatever code came after a hash (tests/t_speed.c). */
__attribute__((target("avx"))) static void clear_upper_halves(void)
{
    _mm256_zeroupper();
}
#endif

struct hash128 hash_xxh128(struct span bytes)
{
#if HASH_X86
    XXH128_hash_t raw = XXH3_128bits_dispatch(bytes.ptr, bytes.len);
    if (bytes.len > HASH_SHORT_BYTES && __builtin_cpu_supports("avx"))
        clear_upper_halves();
#else
    XXH128_hash_t raw = XXH3_128bits(bytes.ptr, bytes.len);
#endif
    XXH128_canonical_t canonical;
    struct hash128 hash;

    XXH128_canonicalFromHash(&canonical, raw);
    memcpy(hash.bytes, canonical.digest, sizeof(hash.bytes));
    return hash;
}

/* libxxhash does not publish its choice.  These are the tests of XXH_featureTest in
 * xxh_x86dispatch.c 0.8.1; like them, the compiler's built-in counts a vector extension only when
 * the operating system saves its registers (XGETBV). */
const char *hash_xxh_level(void)
{
#if HASH_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        return "avx512";
    if (__builtin_cpu_supports("avx2"))
        return "avx2";
    if (__builtin_cpu_supports("sse2"))
        return "sse2";
#endif
    return "scalar";
}

bool hash128_equal(struct hash128 a, struct hash128 b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

struct hash128 hash128_fold(struct hash128 fold, struct hash128 item)
{
    uint8_t both[sizeof(fold.bytes) + sizeof(item.bytes)];

    memcpy(both, fold.bytes, sizeof(fold.bytes));
    memcpy(both + sizeof(fold.bytes), item.bytes, sizeof(item.bytes));
    return hash_xxh128(span_of(both, sizeof(both)));
}

/* libcrypto queues its errors per thread: take the newest as the reason and leave none behind. */
static enum rc crypto_fail(struct err *err, enum rc rc, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    FAIL(err, rc, 0, "sha-256: %s failed: %s", what, reason != NULL ? reason : "no reason given");
    ERR_clear_error();
    return err->rc;
}

enum rc sha256_init(struct sha256 *sha, struct err *err)
{
    *sha = (struct sha256){0};
    /* An explicit fetch once: EVP_sha256() would make libcrypto fetch again at every init. */
    sha->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (sha->md == NULL)
        return crypto_fail(err, RC_UNSUPPORTED, "EVP_MD_fetch");
    sha->ctx = EVP_MD_CTX_new();
    if (sha->ctx == NULL) {
        sha256_release(sha);
        return crypto_fail(err, RC_NOMEM, "EVP_MD_CTX_new");
    }
    return RC_OK;
}

enum rc sha256_digest(struct sha256 *sha, struct span bytes, struct digest256 *out, struct err *err)
{
    unsigned len = 0;

    CHECK(sha->md != NULL && sha->ctx != NULL);
    if (EVP_DigestInit_ex2(sha->ctx, sha->md, NULL) != 1)
        return crypto_fail(err, RC_NOMEM, "EVP_DigestInit_ex2");
    if (EVP_DigestUpdate(sha->ctx, bytes.ptr, bytes.len) != 1)
        return crypto_fail(err, RC_BUG, "EVP_DigestUpdate");
    if (EVP_DigestFinal_ex(sha->ctx, out->bytes, &len) != 1)
        return crypto_fail(err, RC_BUG, "EVP_DigestFinal_ex");
    CHECK(len == sizeof(out->bytes));
    return RC_OK;
}

void sha256_release(struct sha256 *sha)
{
    EVP_MD_CTX_free(sha->ctx);
    EVP_MD_free(sha->md);
    *sha = (struct sha256){0};
}

char *hex_str(char dst[HEX_SIZE], struct span bytes)
{
    static const char digits[] = "0123456789abcdef";

    CHECK(bytes.len <= (HEX_SIZE - 1) / 2);
    for (size_t i = 0; i < bytes.len; i++) {
        dst[2 * i] = digits[bytes.ptr[i] >> 4];
        dst[2 * i + 1] = digits[bytes.ptr[i] & 15];
    }
    dst[2 * bytes.len] = '\0';
    return dst;
}
