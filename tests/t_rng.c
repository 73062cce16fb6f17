/* Randomness and time. */
#include "engine/clock.h"
#include "engine/rng.h"
#include "tests/support_abort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- rng ------------------------------------------------------------------------------------ */

static void splitmix_matches_the_published_stream(void **unused)
{
    (void)unused;
    /* Seed 1234567, as in the reference implementation and Rosetta Code. */
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317),  UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423),  UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821),
    };
    uint64_t state = 1234567;
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_true(mix64(state) == expected[i]);
        state += UINT64_C(0x9e3779b97f4a7c15);
    }
    assert_true(mix64(0) == UINT64_C(0xe220a8397b1dcdaf));
}

static void xoshiro_matches_the_published_stream(void **unused)
{
    (void)unused;
    /* State {1, 2, 3, 4}: the reference C code's output, as in rand_xoshiro's tests. */
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
        UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576),
    };
    struct rng rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        assert_true(rng_u64(&rng) == expected[i]);
}

static void streams_are_seeded_by_splitmix(void **unused)
{
    (void)unused;
    /* Four consecutive SplitMix64 outputs: each word is mix64 of a point one gamma further. */
    struct rng rng = rng_stream(42, "ops", 7);
    uint64_t x = mix64(42);
    x = mix64(x ^ 'o');
    x = mix64(x ^ 'p');
    x = mix64(x ^ 's');
    x = mix64(mix64(x) ^ 7);
    for (size_t i = 0; i < 4; i++)
        assert_true(rng.s[i] == mix64(x + i * UINT64_C(0x9e3779b97f4a7c15)));
}

static void streams_never_change(void **unused)
{
    (void)unused;
    /* Frozen: every dataset and operation list of every recorded study depends on these. */
    struct rng rng = rng_stream(1, "golden", 0);
    assert_true(rng_u64(&rng) == UINT64_C(1952077142959927838));
    assert_true(rng_u64(&rng) == UINT64_C(7144643680524077016));
    rng = rng_stream(UINT64_MAX, "", UINT64_MAX);
    assert_true(rng_u64(&rng) == UINT64_C(12057669138496138565));
    assert_true(rng_below(&rng, 1000000) == UINT64_C(809392));
    uint32_t order[8];
    rng_permutation(&rng, order, 8);
    static const uint32_t expected[8] = {3, 2, 5, 6, 7, 0, 1, 4};
    assert_memory_equal(order, expected, sizeof(order));
}

static void streams_differ_in_every_coordinate(void **unused)
{
    (void)unused;
    static const char *const names[] = {"", "a", "b", "aa", "ab", "ba"};
    enum { SEEDS = 4, INDICES = 64, COUNT = SEEDS * INDICES * (int)COUNT_OF(names) };
    static const uint64_t seeds[SEEDS] = {0, 1, 2, UINT64_MAX};
    uint64_t firsts[COUNT];
    size_t count = 0;
    for (size_t s = 0; s < SEEDS; s++) {
        for (size_t n = 0; n < COUNT_OF(names); n++) {
            for (uint64_t i = 0; i < INDICES; i++) {
                struct rng rng = rng_stream(seeds[s], names[n], i);
                firsts[count++] = rng_u64(&rng);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            assert_true(firsts[i] != firsts[j]);
    }
}

static void below_stays_below(void **unused)
{
    (void)unused;
    static const uint64_t bounds[] = {1, 2, 3, 10, 1000, UINT64_C(1) << 63, UINT64_MAX};
    struct rng rng = rng_stream(1, "below", 0);
    for (size_t b = 0; b < COUNT_OF(bounds); b++) {
        for (int i = 0; i < 1000; i++)
            assert_true(rng_below(&rng, bounds[b]) < bounds[b]);
    }
}

/* Bound 3 * 2^62: plain multiply-shift gives every third value twice, a plain remainder the lowest
 * quarter twice.  Both show as 1/2 instead of 1/3, some sixty standard deviations away. */
static void below_is_without_bias(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "bias", 0);
    unsigned residues[3] = {0}, thirds[3] = {0};
    for (int i = 0; i < 30000; i++) {
        uint64_t value = rng_below(&rng, UINT64_C(3) << 62);
        residues[value % 3]++;
        thirds[value >> 62]++;
    }
    for (size_t i = 0; i < 3; i++) {
        assert_in_range(residues[i], 9600, 10400);
        assert_in_range(thirds[i], 9600, 10400);
    }
}

static void below_zero(void)
{
    struct rng rng = rng_stream(1, "zero", 0);
    (void)rng_below(&rng, 0);
}

static void below_zero_is_our_own_mistake(void **unused)
{
    (void)unused;
    assert_aborts(below_zero, "check failed: bound >= 1");
}

static void unit_is_half_open_and_uniform(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "unit", 0);
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        double value = rng_unit(&rng);
        assert_true(value >= 0 && value < 1);
        sum += value;
    }
    assert_true(fabs(sum / 100000 - 0.5) < 0.005);
    /* All bits set is the largest result. */
    assert_true((double)(UINT64_MAX >> 11) * 0x1.0p-53 < 1);
}

static void fill_is_little_endian_and_exact(void **unused)
{
    (void)unused;
    for (size_t len = 0; len <= 40; len++) {
        struct rng filling = rng_stream(1, "fill", 0), drawing = filling;
        uint8_t bytes[41];
        memset(bytes, '#', sizeof(bytes));
        rng_fill(&filling, bytes, len);
        uint64_t draw = 0;
        for (size_t i = 0; i < len; i++) {
            if (i % 8 == 0)
                draw = rng_u64(&drawing);
            assert_int_equal(bytes[i], (draw >> (8 * (i % 8))) & 0xff);
        }
        assert_int_equal(bytes[len], '#');
        assert_true(rng_u64(&filling) == rng_u64(&drawing));
    }
}

static void permutations_hold_every_index_once(void **unused)
{
    (void)unused;
    static const uint32_t counts[] = {0, 1, 2, 3, 100, 1000};
    struct rng rng = rng_stream(1, "permutation", 0);
    for (size_t c = 0; c < COUNT_OF(counts); c++) {
        uint32_t order[1001];
        bool seen[1000] = {false};
        order[counts[c]] = 77;
        rng_permutation(&rng, order, counts[c]);
        for (uint32_t i = 0; i < counts[c]; i++) {
            assert_true(order[i] < counts[c]);
            assert_false(seen[order[i]]);
            seen[order[i]] = true;
        }
        assert_int_equal(order[counts[c]], 77);
    }
}

static void permutations_are_equally_likely(void **unused)
{
    (void)unused;
    enum { DRAWS = 24000, EXPECTED = DRAWS / 24 };
    struct rng rng = rng_stream(1, "fair", 0);
    unsigned seen[256] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint32_t order[4];
        rng_permutation(&rng, order, 4);
        seen[order[0] | order[1] << 2 | order[2] << 4 | order[3] << 6]++;
    }
    double chi_square = 0;
    unsigned kinds = 0;
    for (size_t i = 0; i < COUNT_OF(seen); i++) {
        if (seen[i] == 0)
            continue;
        kinds++;
        double off = (double)seen[i] - EXPECTED;
        chi_square += off * off / EXPECTED;
    }
    assert_int_equal(kinds, 24);
    /* 23 degrees of freedom: exceeded with probability 10^-3; the naive swap-with-any shuffle
     * reaches several hundred. */
    assert_true(chi_square < 49.7);
}

/* ---- clock ---------------------------------------------------------------------------------- */

static void clocks_advance(void **unused)
{
    (void)unused;
    uint64_t start = clock_ns(), before = start;
    struct cpu_time cpu_before = clock_cpu();
    for (int i = 0; i < 200000; i++) {
        uint64_t now = clock_ns();
        assert_true(now >= before);
        before = now;
    }
    assert_true(before > start);
    struct cpu_time cpu = clock_cpu();
    assert_true(cpu.total_ns > cpu_before.total_ns);
    assert_true(cpu.user_ns >= cpu_before.user_ns);
    assert_true(cpu.sys_ns >= cpu_before.sys_ns);
    /* 2020 to 2200: seconds, not milliseconds */
    assert_true(clock_epoch_s() > 1577836800 && clock_epoch_s() < 7258118400);
}

static void clock_cost_is_measured(void **unused)
{
    (void)unused;
    struct clock_cost cost = clock_measure();
    assert_true(cost.tick_ns >= 1 && cost.tick_ns <= 100000000);
    assert_true(cost.read_ns <= 16384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splitmix_matches_the_published_stream),
        cmocka_unit_test(xoshiro_matches_the_published_stream),
        cmocka_unit_test(streams_are_seeded_by_splitmix),
        cmocka_unit_test(streams_never_change),
        cmocka_unit_test(streams_differ_in_every_coordinate),
        cmocka_unit_test(below_stays_below),
        cmocka_unit_test(below_is_without_bias),
        cmocka_unit_test(below_zero_is_our_own_mistake),
        cmocka_unit_test(unit_is_half_open_and_uniform),
        cmocka_unit_test(fill_is_little_endian_and_exact),
        cmocka_unit_test(permutations_hold_every_index_once),
        cmocka_unit_test(permutations_are_equally_likely),
        cmocka_unit_test(clocks_advance),
        cmocka_unit_test(clock_cost_is_measured),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
