/* What latencies come to: percentiles against an oracle that integrates the weights itself, floors,
 * halves, size classes, stalls; and that whatever comes out, a record takes it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/quantile.h"
#include "engine/rng.h"
#include "tests/support_fixture.h"
#include "workloads/latency_metrics.h"

enum { MOST = 2600 };

struct values {
    double of[METRIC_COUNT];
};

static struct values metrics(const struct latency *items, size_t count)
{
    static double scratch[MOST];
    struct values values;
    assert_true(count <= MOST);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        values.of[i] = NAN;
    /* Nothing beyond `count` is touched. */
    double guard = count < MOST ? (scratch[count] = 4711) : 0;
    latency_metrics(values.of, items, count, scratch);
    assert_true(count == MOST || scratch[count] == guard);
    return values;
}

static void fill(struct latency *items, size_t count, uint64_t ns, uint32_t bytes)
{
    for (size_t i = 0; i < count; i++)
        items[i] = (struct latency){ns, bytes, LATENCY_READ};
}

/* Log-normal enough: exp of a sum of uniforms, with a slow one now and then. */
static void draw(struct latency *items, size_t count, struct rng *rng)
{
    for (size_t i = 0; i < count; i++) {
        double ns = 20000 * exp(rng_unit(rng) + rng_unit(rng) + rng_unit(rng));
        if (rng_unit(rng) < 0.02)
            ns *= 40;
        uint32_t bytes = (uint32_t)exp2(rng_unit(rng) * 22);
        items[i] = (struct latency){(uint64_t)ns, bytes, LATENCY_READ};
    }
}

/* ---- percentiles ----------------------------------------------------------------------------- */

/* Harrell & Davis by the book: each weight a Simpson integral of the beta density. */
static double oracle(const double *sorted, size_t count, double q)
{
    double n = (double)count, a = (n + 1) * q, b = (n + 1) * (1 - q), sum = 0, total = 0;
    for (size_t i = 0; i < count; i++) {
        enum { STEPS = 16 };
        double weight = 0;
        for (int k = 0; k <= STEPS; k++) {
            double x = ((double)i + (double)k / STEPS) / n;
            double inner = x > 0 && x < 1 ? (a - 1) * log(x) + (b - 1) * log1p(-x) : -INFINITY;
            double density = exp(inner + lgamma(a + b) - lgamma(a) - lgamma(b));
            weight += density * (k == 0 || k == STEPS ? 1 : k % 2 == 1 ? 4 : 2);
        }
        sum += weight * sorted[i];
        total += weight;
    }
    assert_true(fabs(total / n / 16 / 3 - 1) < 1e-6);
    return sum / total;
}

static void expect_near(double got, double expected, double share)
{
    if (!(fabs(got - expected) <= share * fabs(expected)))
        fail_msg("expected %.17g, got %.17g", expected, got);
}

static void sorted_ns(double *out, const struct latency *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (double)items[i].ns;
    quantile_sort(out, count);
}

static void test_percentiles(void **state)
{
    (void)state;
    static struct latency items[MOST];
    static double sorted[MOST];
    struct rng rng = rng_stream(1, "percentiles", 0);
    static const size_t counts[] = {400, 401, 1000, 2000, 2600};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        size_t count = counts[i];
        draw(items, count, &rng);
        sorted_ns(sorted, items, count);
        struct values v = metrics(items, count);
        expect_near(v.of[M_P50_NS], oracle(sorted, count, 0.50), 1e-7);
        expect_near(v.of[M_P95_NS], oracle(sorted, count, 0.95), 1e-7);
        if (count >= 2000)
            expect_near(v.of[M_P99_NS], oracle(sorted, count, 0.99), 1e-7);
        assert_true(v.of[M_MAX_NS] == sorted[count - 1]);
        assert_true(v.of[M_OPS] == (double)count);
    }
    /* 1..10 (a known answer: by symmetry). */
    for (size_t i = 0; i < 10; i++)
        items[i] = (struct latency){10 - i, 1, LATENCY_READ};
    struct values v = metrics(items, 10);
    expect_near(v.of[M_P50_NS], 5.5, 1e-12);
    assert_true(v.of[M_WALL_NS] == 55);
    expect_near(v.of[M_OPS_PER_S], 10 / 55e-9, 1e-12);
}

/* ---- floors ---------------------------------------------------------------------------------- */

static void test_floors(void **state)
{
    (void)state;
    static struct latency items[MOST];
    static const size_t counts[] = {0, 1, 2, 3, 19, 20, 99, 100, 399, 400, 1999, 2000};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        size_t count = counts[i];
        fill(items, count, 1000, 100);
        struct values v = metrics(items, count);
        assert_true(v.of[M_OPS] == (double)count && v.of[M_WALL_NS] == 1000 * (double)count);
        assert_int_equal(isnan(v.of[M_P50_NS]), count < 1);
        assert_int_equal(isnan(v.of[M_MAX_NS]), count < 1);
        assert_int_equal(isnan(v.of[M_OPS_PER_S]), count < 1);
        assert_int_equal(isnan(v.of[M_STALL_NS]), count < 1);
        assert_int_equal(isnan(v.of[M_STALL_SHARE]), count < 1);
        assert_int_equal(isnan(v.of[M_P50_FIRST_NS]), count < 2);
        assert_int_equal(isnan(v.of[M_P50_SECOND_NS]), count < 2);
        assert_int_equal(isnan(v.of[M_P95_4K_NS]), count < 100);
        assert_int_equal(isnan(v.of[M_P95_NS]), count < 400);
        assert_int_equal(isnan(v.of[M_P99_NS]), count < 2000);
        /* Equal latencies: every percentile is that latency, to the last bit. */
        for (int m = 0; m < METRIC_COUNT; m++) {
            bool is_time = m == M_P50_NS || m == M_P95_NS || m == M_P99_NS || m == M_MAX_NS ||
                           m == M_P50_FIRST_NS || m == M_P50_SECOND_NS || m == M_P95_4K_NS;
            if (is_time && !isnan(v.of[m]))
                assert_true(v.of[m] == 1000);
        }
    }
}

/* ---- halves ---------------------------------------------------------------------------------- */

static void test_halves(void **state)
{
    (void)state;
    static struct latency items[401];
    fill(items, 200, 10, 1);
    fill(items + 200, 201, 30, 1);
    struct values v = metrics(items, 401);
    assert_true(v.of[M_P50_FIRST_NS] == 10);
    assert_true(v.of[M_P50_SECOND_NS] == 30);
    /* Three operations: one and two. */
    items[0].ns = 7;
    items[1].ns = 10;
    items[2].ns = 20;
    v = metrics(items, 3);
    assert_true(v.of[M_P50_FIRST_NS] == 7);
    expect_near(v.of[M_P50_SECOND_NS], 15, 1e-12);
}

/* Nothing but the halves knows the order, and times ten is times ten. */
static void test_invariance(void **state)
{
    (void)state;
    static struct latency items[MOST], other[MOST];
    struct rng rng = rng_stream(2, "invariance", 0);
    draw(items, MOST, &rng);
    for (size_t i = 0; i < MOST; i++)
        other[i] = items[MOST - 1 - i];
    struct values v = metrics(items, MOST), w = metrics(other, MOST);
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (m != M_P50_FIRST_NS && m != M_P50_SECOND_NS)
            assert_true(v.of[m] == w.of[m] || (isnan(v.of[m]) && isnan(w.of[m])));
    }
    assert_true(v.of[M_P50_FIRST_NS] == w.of[M_P50_SECOND_NS]);
    assert_true(v.of[M_P50_SECOND_NS] == w.of[M_P50_FIRST_NS]);
    assert_true(v.of[M_P50_FIRST_NS] != v.of[M_P50_SECOND_NS]);
    for (size_t i = 0; i < MOST; i++)
        other[i].ns *= 10;
    w = metrics(other, MOST);
    expect_near(w.of[M_P95_NS], 10 * v.of[M_P95_NS], 1e-12);
    expect_near(w.of[M_P95_64K_NS], 10 * v.of[M_P95_64K_NS], 1e-12);
    expect_near(w.of[M_STALL_NS], 10 * v.of[M_STALL_NS], 1e-9);
    expect_near(w.of[M_STALL_SHARE], v.of[M_STALL_SHARE], 1e-9);
}

/* ---- size classes ---------------------------------------------------------------------------- */

static void test_strata(void **state)
{
    (void)state;
    static struct latency items[MOST];
    static const struct {
        uint32_t bytes;
        enum metric metric;
    } edges[] = {
        {0, M_P95_4K_NS},       {1, M_P95_4K_NS},          {4096, M_P95_4K_NS},
        {4097, M_P95_64K_NS},   {65536, M_P95_64K_NS},     {65537, M_P95_1M_NS},
        {1048576, M_P95_1M_NS}, {1048577, M_P95_LARGE_NS}, {UINT32_MAX, M_P95_LARGE_NS},
    };
    static const enum metric all[] = {M_P95_4K_NS, M_P95_64K_NS, M_P95_1M_NS, M_P95_LARGE_NS};
    for (size_t i = 0; i < COUNT_OF(edges); i++) {
        fill(items, 100, 77, edges[i].bytes);
        struct values v = metrics(items, 100);
        for (size_t k = 0; k < COUNT_OF(all); k++) {
            if (all[k] == edges[i].metric)
                assert_true(v.of[all[k]] == 77);
            else
                assert_true(isnan(v.of[all[k]]));
        }
    }
    /* 100 operations are enough when they are 5 %, and 99 never are. */
    fill(items, MOST, 5, 1);
    fill(items, 100, 900, 5000);
    struct values v = metrics(items, 2000);
    assert_true(v.of[M_P95_64K_NS] == 900 && v.of[M_P95_4K_NS] == 5);
    assert_true(isnan(v.of[M_P95_1M_NS]) && isnan(v.of[M_P95_LARGE_NS]));
    v = metrics(items, 2001);
    assert_true(isnan(v.of[M_P95_64K_NS]) && v.of[M_P95_4K_NS] == 5);
    items[0].bytes = 1;
    v = metrics(items, 1000);
    assert_true(isnan(v.of[M_P95_64K_NS]));
    /* A scan is no blob. */
    items[0].bytes = 5000;
    items[0].op = LATENCY_SCAN;
    v = metrics(items, 1000);
    assert_true(isnan(v.of[M_P95_64K_NS]) && v.of[M_P95_4K_NS] == 5);
}

/* A class is the percentile of its own operations and no others. */
static void test_strata_values(void **state)
{
    (void)state;
    static struct latency items[MOST], small[MOST];
    static double sorted[MOST];
    struct rng rng = rng_stream(3, "strata", 0);
    size_t count = 0;
    draw(items, MOST, &rng);
    for (size_t i = 0; i < MOST; i++) {
        if (items[i].bytes > 4096 && items[i].bytes <= 65536)
            small[count++] = items[i];
    }
    assert_true(count >= 400);
    sorted_ns(sorted, small, count);
    struct values all = metrics(items, MOST), own = metrics(small, count);
    expect_near(all.of[M_P95_64K_NS], oracle(sorted, count, 0.95), 1e-7);
    assert_true(all.of[M_P95_64K_NS] == own.of[M_P95_NS]);
    assert_true(all.of[M_P95_64K_NS] == own.of[M_P95_64K_NS]);
}

/* ---- stalls ---------------------------------------------------------------------------------- */

static void test_stalls(void **state)
{
    (void)state;
    static struct latency items[1000];
    fill(items, 1000, 10, 1);
    struct values v = metrics(items, 1000);
    assert_true(v.of[M_STALL_NS] == 0 && v.of[M_STALL_SHARE] == 0);
    items[17].ns = 100; /* ten medians are none yet */
    v = metrics(items, 1000);
    assert_true(v.of[M_P50_NS] == 10 && v.of[M_STALL_NS] == 0);
    items[17].ns = 101;
    items[400].ns = 5100;
    v = metrics(items, 1000);
    assert_true(v.of[M_STALL_NS] == 1 + 5000);
    expect_near(v.of[M_STALL_SHARE], 5001.0 / (998 * 10 + 101 + 5100), 1e-15);
}

/* ---- what a record takes --------------------------------------------------------------------- */

static void append(const char *dir, uint32_t number, const struct values *values)
{
    struct sample run[FIXTURE_LINES];
    fixture_run(run, number);
    memcpy(run[1].value, values->of, sizeof(values->of));
    fixture_append(dir, run);
}

static void test_record_takes_all(void **state)
{
    static struct latency items[MOST];
    struct buf dir = {0};
    struct rng rng = rng_stream(4, "record", 0);
    fixture_make(&dir, *state, 0);
    for (uint32_t round = 0; round < 60; round++) {
        size_t count = round < 10 ? round + 1 : rng_below(&rng, MOST) + 1;
        draw(items, count, &rng);
        /* Few different values: ties everywhere. */
        for (size_t i = 0; round % 2 == 1 && i < count; i++)
            items[i].ns = 1000 + items[i].ns % 3;
        struct values v = metrics(items, count);
        append(buf_str(&dir), round, &v);
    }
    struct record record;
    fixture_load(&record, buf_str(&dir));
    assert_int_equal(record.run_count, 60);
    assert_int_equal(record.warnings, 0);
    record_release(&record);
    buf_release(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_floors),
        cmocka_unit_test(test_halves),
        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_strata),
        cmocka_unit_test(test_strata_values),
        cmocka_unit_test(test_stalls),
        cmocka_unit_test_setup_teardown(test_record_takes_all, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
