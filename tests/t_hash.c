/* t_hash: published vectors, dispatch against the plain function, fold order, hexadecimal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xxhash.h>

#include "engine/hash.h"
#include "engine/rng.h"

static void assert_hex(struct span bytes, const char *expected)
{
    char hex[HEX_SIZE];

    assert_string_equal(hex_str(hex, bytes), expected);
}

static void assert_xxh(struct span bytes, const char *expected)
{
    struct hash128 hash = hash_xxh128(bytes);

    assert_hex(span_of(hash.bytes, sizeof(hash.bytes)), expected);
}

/* xxHash's own sanity table XSUM_XXH128_testdata (cli/xsum_sanity_check.c 0.8), seed 0, over its
 * own buffer; written here as canonical bytes, high half first. */
static void test_xxh_published(void **state)
{
    static const struct {
        size_t len;
        const char *hex;
    } rows[] = {
        {0, "99aa06d3014798d86001c324468d497f"},   {1, "a6cd5e9392000f6ac44bdff4074eecdb"},
        {6, "082afe0b8162d12a3e7039bdda43cfc6"},   {12, "6e3efd8fc7802b18061a192713f69ad9"},
        {24, "0ce966e4678d37611e7044d28b1b901d"},  {48, "a002ac4e5478227ef942219aed80f67b"},
        {512, "18d2d110dcc9bca1617e49599013cb6b"},
    };
    uint8_t bytes[512];
    uint64_t generator = 2654435761u;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(generator >> 56);
        generator *= 11400714785074694797u;
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_xxh(span_of(bytes, rows[i].len), rows[i].hex);
    assert_xxh((struct span){0}, rows[0].hex);
}

static void test_xxh_dispatch_equals_plain(void **state)
{
    enum { LEN_MAX = 5000 };
    uint8_t *bytes = malloc(LEN_MAX + 1);
    struct rng rng = rng_stream(1, "t_hash", 0);

    (void)state;
    assert_non_null(bytes);
    rng_fill(&rng, bytes, LEN_MAX + 1);
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (size_t shift = 0; shift < 2; shift++) { /* aligned and not */
            struct hash128 hash = hash_xxh128(span_of(bytes + shift, len));
            XXH128_canonical_t plain;

            XXH128_canonicalFromHash(&plain, XXH3_128bits(bytes + shift, len));
            assert_memory_equal(hash.bytes, plain.digest, sizeof(hash.bytes));
        }
    }
    free(bytes);
}

static void test_xxh_level_is_known(void **state)
{
    static const char *const known[] = {"avx512", "avx2", "sse2", "scalar"};
    size_t matches = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++)
        matches += strcmp(hash_xxh_level(), known[i]) == 0;
    assert_int_equal(matches, 1);
#if defined(__x86_64__)
    assert_string_not_equal(hash_xxh_level(), "scalar"); /* SSE2 is part of x86-64 */
#endif
}

static void test_equal_sees_every_byte(void **state)
{
    struct hash128 a = hash_xxh128(span_of_str("a"));

    (void)state;
    assert_true(hash128_equal(a, a));
    for (size_t i = 0; i < sizeof(a.bytes); i++) {
        struct hash128 b = a;

        b.bytes[i] ^= 1;
        assert_false(hash128_equal(a, b));
    }
}

static void test_fold(void **state)
{
    struct hash128 zero = {{0}};
    struct hash128 a = hash_xxh128(span_of_str("a"));
    struct hash128 b = hash_xxh128(span_of_str("b"));
    struct hash128 ab = hash128_fold(hash128_fold(zero, a), b);
    struct hash128 ba = hash128_fold(hash128_fold(zero, b), a);
    uint8_t joined[32];

    (void)state;
    assert_false(hash128_equal(ab, ba));
    assert_false(hash128_equal(hash128_fold(a, b), hash128_fold(b, a)));
    assert_false(hash128_equal(hash128_fold(zero, a), a));
    memcpy(joined, a.bytes, 16);
    memcpy(joined + 16, b.bytes, 16);
    assert_true(hash128_equal(hash128_fold(a, b), hash_xxh128(span_of(joined, 32))));
}

static void assert_sha(struct sha256 *sha, struct span bytes, const char *expected)
{
    struct err err = {0};
    struct digest256 digest;

    assert_int_equal(sha256_digest(sha, bytes, &digest, &err), RC_OK);
    assert_hex(span_of(digest.bytes, sizeof(digest.bytes)), expected);
}

/* FIPS 180-2 appendix B, and the empty string (NIST CAVP SHA256ShortMsg). */
static void test_sha_published(void **state)
{
    enum { MILLION = 1000000 };
    uint8_t *as = malloc(MILLION);
    struct err err = {0};
    struct sha256 sha;

    (void)state;
    assert_non_null(as);
    memset(as, 'a', MILLION);
    assert_int_equal(sha256_init(&sha, &err), RC_OK);
    for (int round = 0; round < 2; round++) { /* a reused context starts afresh */
        assert_sha(&sha, (struct span){0},
                   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_sha(&sha, span_of_str("abc"),
                   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_sha(&sha, span_of_str("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        assert_sha(&sha, span_of(as, MILLION),
                   "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
    sha256_release(&sha);
    free(as);
}

static void test_sha_release_accepts_anything(void **state)
{
    struct err err = {0};
    struct sha256 zero = {0};
    struct sha256 half = {0};
    struct sha256 full;

    (void)state;
    sha256_release(&zero);
    assert_int_equal(sha256_init(&full, &err), RC_OK);
    half.md = full.md; /* as if the context could not be made */
    full.md = NULL;
    sha256_release(&half);
    sha256_release(&full);
    assert_null(half.md);
    assert_null(full.ctx);
    sha256_release(&full);
}

static void test_hex(void **state)
{
    uint8_t bytes[32];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 8 + 7);
    assert_hex((struct span){0}, "");
    assert_hex(span_of("\x00\x0f\xf0\xff", 4), "000ff0ff");
    assert_hex(span_of(bytes, 32),
               "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xxh_published),
        cmocka_unit_test(test_xxh_dispatch_equals_plain),
        cmocka_unit_test(test_xxh_level_is_known),
        cmocka_unit_test(test_equal_sees_every_byte),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_sha_published),
        cmocka_unit_test(test_sha_release_accepts_anything),
        cmocka_unit_test(test_hex),
    };

    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
