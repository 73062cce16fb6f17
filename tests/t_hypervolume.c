/* Hypervolume: published digits, then unit cubes counted and inclusion-exclusion as oracles. */
#include "analysis/hypervolume.h"
#include "analysis/pareto.h"
#include "engine/rng.h"
#include "tests/support_abort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { POINTS_MAX = 24, DIMS_MAX = 6 };

static double volume(const double *points, size_t count, size_t dims, const double *reference)
{
    double out = -1;
    struct err err = {0};
    assert_int_equal(hypervolume(points, count, dims, reference, &out, &err), RC_OK);
    return out;
}

static bool near(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fabs(b);
}

/* ---- published values ----------------------------------------------------------------------- */

static void small_sets_by_hand(void **unused)
{
    (void)unused;
    const double points[] = {5, 5, 4, 6, 2, 7, 7, 4}, ten[] = {10, 10}, none[] = {0, 0};
    assert_true(volume(points, 4, 2, ten) == 38);
    double negated[8]; /* to be made large, from the origin */
    for (size_t i = 0; i < 8; i++)
        negated[i] = -points[i];
    assert_true(volume(negated, 4, 2, none) == 39);

    const double rotations[] = {1, 2, 3, 2, 3, 1, 3, 1, 2}, four[] = {4, 4, 4};
    assert_true(volume(rotations, 3, 3, four) == 13);
    const double cycle[] = {1, 2, 3, 4, 2, 3, 4, 1, 3, 4, 1, 2, 4, 1, 2, 3}, five[] = {5, 5, 5, 5};
    assert_true(volume(cycle, 4, 4, five) == 71);
    const double line[] = {3, 2, 7}, end[] = {6};
    assert_true(volume(line, 3, 1, end) == 4);
}

static void the_diagonal_in_closed_form(void **unused)
{
    (void)unused;
    for (size_t n = 1; n <= 100; n++) {
        double points[200], reference[] = {(double)n + 1, (double)n + 1};
        for (size_t i = 0; i < n; i++) {
            points[2 * i] = (double)(i + 1);
            points[2 * i + 1] = (double)(n - i);
        }
        assert_true(volume(points, n, 2, reference) == (double)(n * (n + 1)) / 2);
    }
}

static const double twenty[20][3] = {
    {4, 2, 19},   {7, 10, 10}, {1, 12, 6},  {2, 15, 14}, {11, 1, 2},   {14, 20, 13}, {18, 3, 18},
    {19, 6, 14},  {1, 10, 6},  {10, 10, 1}, {14, 6, 19}, {10, 15, 19}, {7, 20, 8},   {9, 20, 6},
    {15, 12, 12}, {5, 6, 6},   {9, 8, 8},   {14, 12, 7}, {5, 6, 11},   {5, 7, 17}};

/* R's emoa. */
static void twenty_points_of_three_dimensions(void **unused)
{
    (void)unused;
    const double reference[] = {21, 21, 21};
    assert_true(volume(&twenty[0][0], 20, 3, reference) == 6039);
    uint32_t ranks[20];
    struct err err = {0};
    assert_int_equal(hypervolume_ranks(&twenty[0][0], 20, 3, ranks, &err), RC_OK);
    for (size_t i = 0; i < 20; i++)
        assert_true((ranks[i] == 1) == (i == 0 || i == 4 || i == 8 || i == 9 || i == 15));
}

static void published_sets(void **unused)
{
    (void)unused;
    static const double richmond[][3] = {
#include "tests/data/spea2_richmond.def"
    };
    assert_int_equal(COUNT_OF(richmond), 166);
    double points[2 * COUNT_OF(richmond)];
    for (size_t i = 0; i < COUNT_OF(richmond); i++) {
        points[2 * i] = richmond[i][0];
        points[2 * i + 1] = -richmond[i][1]; /* to be made large */
    }
    const double reference[] = {250, 0};
    assert_true(near(volume(points, COUNT_OF(richmond), 2, reference), 7911375.6909999959, 1e-14));

    static const double duplicated[][6] = {
#include "tests/data/duplicated3.def"
    };
    assert_int_equal(COUNT_OF(duplicated), 306);
    const double corner[] = {-14324, -14906, -14500, -14654, -14232, -14093};
    double found = volume(&duplicated[0][0], 306, 6, corner);
    assert_true(near(found, 1.52890128312393e20, 5e-15)); /* half of the last digit printed */
}

/* moocore's documentation; there the first figures are 0 3 3 0 0 because dominated points are
 * taken away before. */
static void contributions_as_published(void **unused)
{
    (void)unused;
    const double points[] = {5, 1, 1, 5, 4, 2, 4, 4, 5, 1}, six[] = {6, 6};
    const double expected[] = {0, 3, 2, 0, 0};
    double out[5];
    struct err err = {0};
    assert_int_equal(hypervolume_contributions(points, 5, 2, six, out, &err), RC_OK);
    assert_memory_equal(out, expected, sizeof(expected));
    const double frontier[] = {5, 1, 1, 5, 4, 2, 5, 1}, expected_frontier[] = {0, 3, 3, 0};
    assert_int_equal(hypervolume_contributions(frontier, 4, 2, six, out, &err), RC_OK);
    assert_memory_equal(out, expected_frontier, sizeof(expected_frontier));
}

static void ranks_as_published(void **unused)
{
    (void)unused;
    double points[27];
    const double base[] = {1, 2, 3, 3, 1, 2, 2, 3, 1};
    for (size_t i = 0; i < 27; i++)
        points[i] = base[i % 9] * (i < 9 ? 1 : i < 18 ? 10 : 100);
    uint32_t ranks[9];
    struct err err = {0};
    assert_int_equal(hypervolume_ranks(points, 9, 3, ranks, &err), RC_OK);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(ranks[i], 1 + i / 3);
}

/* Figure 6 of Zitzler et al., IEEE TEVC 7(2), 2003, and a test of moocore. */
static void factors_as_published(void **unused)
{
    (void)unused;
    const double a1[] = {9, 2, 8, 4, 7, 5, 5, 6, 4, 7}, *a2 = a1 + 2;
    const double a3[] = {10, 4, 9, 5, 8, 6, 7, 7, 6, 8};
    assert_true(hypervolume_epsilon(a1, 5, a3, 5, 2) == 0.9);
    assert_true(hypervolume_epsilon(a1, 5, a2, 4, 2) == 1);
    assert_true(hypervolume_epsilon(a2, 4, a1, 5, 2) == 2);
    const double ref[] = {10, 1, 6, 1, 2, 2, 1, 6, 1, 10}, set[] = {4, 2, 3, 3, 2, 4};
    assert_true(hypervolume_epsilon(set, 3, ref, 5, 2) == 2);
    assert_true(isinf(hypervolume_epsilon(NULL, 0, ref, 5, 2))); /* nothing dominates nothing */
    assert_true(hypervolume_epsilon(ref, 5, NULL, 0, 2) == 0);
}

/* ---- oracles -------------------------------------------------------------------------------- */

/* Unit cubes of [0, side)^dims whose lower corner some point dominates weakly. */
static double count_cubes(const double *points, size_t count, size_t dims, size_t side)
{
    size_t cubes = 1, dominated = 0;
    for (size_t d = 0; d < dims; d++)
        cubes *= side;
    for (size_t cube = 0; cube < cubes; cube++) {
        bool hit = false;
        for (size_t i = 0; i < count && !hit; i++) {
            size_t rest = cube;
            hit = true;
            for (size_t d = 0; d < dims; d++, rest /= side)
                hit = hit && points[i * dims + d] <= (double)(rest % side);
        }
        dominated += hit;
    }
    return (double)dominated;
}

static double inclusion_exclusion(const double *points, size_t count, size_t dims,
                                  const double *reference)
{
    double sum = 0;
    for (uint32_t set = 1; set < UINT32_C(1) << count; set++) {
        double box = 1, sign = -1;
        for (size_t i = 0; i < count; i++)
            sign = set >> i & 1 ? -sign : sign;
        for (size_t d = 0; d < dims; d++) {
            double worst = -INFINITY;
            for (size_t i = 0; i < count; i++)
                worst = set >> i & 1 ? fmax(worst, points[i * dims + d]) : worst;
            box *= fmax(0, reference[d] - worst);
        }
        sum += sign * box;
    }
    return sum;
}

/* Whole numbers in 0..side, the reference coordinate among them. */
static void draw(struct rng *rng, double *points, size_t count, size_t dims, size_t side)
{
    for (size_t i = 0; i < count * dims; i++)
        points[i] = (double)rng_below(rng, side + 1);
}

static void fill(double *reference, size_t dims, double value)
{
    for (size_t d = 0; d < dims; d++)
        reference[d] = value;
}

/* Whole numbers this small are exact in every order of summation. */
static void sweeps_and_recursion_agree_with_counting_cubes(void **unused)
{
    (void)unused;
    static const size_t sides[] = {0, 40, 16, 9, 5, 4, 3};
    struct rng rng = rng_stream(1, "hypervolume", 0);
    for (size_t set = 0; set < 10000; set++) {
        double points[POINTS_MAX * DIMS_MAX], reference[DIMS_MAX];
        size_t dims = 1 + set % DIMS_MAX, count = (size_t)rng_below(&rng, POINTS_MAX + 1);
        size_t side = sides[dims];
        draw(&rng, points, count, dims, side);
        fill(reference, dims, (double)side);
        assert_true(volume(points, count, dims, reference) ==
                    count_cubes(points, count, dims, side));
    }
}

static void recursion_agrees_with_inclusion_exclusion(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "hypervolume", 1);
    for (size_t set = 0; set < 600; set++) {
        double points[12 * DIMS_MAX], reference[DIMS_MAX];
        size_t dims = 4 + set % 3, count = (size_t)rng_below(&rng, 13);
        draw(&rng, points, count, dims, 50);
        for (size_t d = 0; d < dims; d++)
            reference[d] = (double)(30 + rng_below(&rng, 30));
        assert_true(volume(points, count, dims, reference) ==
                    inclusion_exclusion(points, count, dims, reference));
    }
}

/* Many dimensions, fractions, negative coordinates: to rounding. */
static void the_most_dimensions(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "hypervolume", 2);
    for (size_t set = 0; set < 20; set++) {
        double points[10 * HYPERVOLUME_DIMS_MAX], reference[HYPERVOLUME_DIMS_MAX];
        for (size_t i = 0; i < COUNT_OF(points); i++)
            points[i] = rng_unit(&rng) - 0.5;
        fill(reference, HYPERVOLUME_DIMS_MAX, 0.45);
        double expected = inclusion_exclusion(points, 10, HYPERVOLUME_DIMS_MAX, reference);
        double found = volume(points, 10, HYPERVOLUME_DIMS_MAX, reference);
        assert_true(fabs(found - expected) <= 1e-12 * fmax(1e-3, expected));
    }
}

static void a_point_more_never_makes_it_less(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "hypervolume", 3);
    for (size_t set = 0; set < 300; set++) {
        double points[POINTS_MAX * DIMS_MAX], reference[DIMS_MAX], before = 0;
        size_t dims = 1 + set % DIMS_MAX;
        draw(&rng, points, POINTS_MAX, dims, 20);
        fill(reference, dims, 18);
        for (size_t count = 1; count <= POINTS_MAX; count++) {
            double now = volume(points, count, dims, reference);
            assert_true(now >= before);
            before = now;
        }
    }
}

/* The order of the points and the scale of an axis are no argument. */
static void order_and_scale_do_not_matter(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "hypervolume", 4);
    for (size_t set = 0; set < 600; set++) {
        double points[POINTS_MAX * DIMS_MAX], other[POINTS_MAX * DIMS_MAX];
        double reference[DIMS_MAX], scaled[DIMS_MAX];
        uint32_t to[POINTS_MAX];
        size_t dims = 1 + set % DIMS_MAX, axis = (size_t)rng_below(&rng, dims);
        draw(&rng, points, POINTS_MAX, dims, 30);
        fill(reference, dims, 28);
        fill(scaled, dims, 28);
        scaled[axis] *= 8;
        rng_permutation(&rng, to, POINTS_MAX);
        for (size_t i = 0; i < POINTS_MAX; i++) {
            memcpy(other + to[i] * dims, points + i * dims, dims * sizeof(double));
            other[to[i] * dims + axis] *= 8;
        }
        assert_true(volume(other, POINTS_MAX, dims, scaled) ==
                    8 * volume(points, POINTS_MAX, dims, reference));
    }
}

static void contributions_are_what_deletion_loses(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "hypervolume", 5);
    for (size_t set = 0; set < 3000; set++) {
        double points[POINTS_MAX * DIMS_MAX], rest[POINTS_MAX * DIMS_MAX], reference[DIMS_MAX];
        double out[POINTS_MAX];
        struct err err = {0};
        size_t dims = 1 + set % DIMS_MAX, count = 1 + (size_t)rng_below(&rng, 16);
        draw(&rng, points, count, dims, 9);
        fill(reference, dims, 9);
        assert_int_equal(hypervolume_contributions(points, count, dims, reference, out, &err),
                         RC_OK);
        double all = volume(points, count, dims, reference);
        for (size_t i = 0; i < count; i++) {
            memcpy(rest, points, i * dims * sizeof(double));
            memcpy(rest + i * dims, points + (i + 1) * dims,
                   (count - 1 - i) * dims * sizeof(double));
            assert_true(out[i] == all - volume(rest, count - 1, dims, reference));
        }
    }
}

/* Fractions: a duplicate and a dominated point give exactly 0, not a rounding error. */
static void duplicates_and_dominated_points_contribute_nothing(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "hypervolume", 6);
    for (size_t set = 0; set < 600; set++) {
        double points[11 * DIMS_MAX], reference[DIMS_MAX], out[11];
        struct err err = {0};
        size_t dims = 1 + set % DIMS_MAX;
        for (size_t i = 0; i < 9 * dims; i++)
            points[i] = rng_unit(&rng);
        for (size_t d = 0; d < dims; d++) {
            points[9 * dims + d] = points[d];
            points[10 * dims + d] = points[dims + d] + (d == 0 ? 1e-9 : 0);
        }
        fill(reference, dims, 2);
        assert_int_equal(hypervolume_contributions(points, 11, dims, reference, out, &err), RC_OK);
        assert_true(out[0] == 0 && out[9] == 0 && out[10] == 0);
        double without_twins = volume(points, 9, dims, reference);
        assert_true(near(volume(points, 11, dims, reference), without_twins, 1e-14));
    }
}

static void beyond_the_reference_nothing_counts(void **unused)
{
    (void)unused;
    const double points[] = {1, 4, 4, 1, 2, 5, 9, 9, 3, 3.5}, reference[] = {4, 4};
    assert_true(volume(points, 4, 2, reference) == 0);
    assert_true(volume(points, 0, 2, reference) == 0);
    assert_true(volume(points, 5, 2, reference) == 0.5);
    double out[5];
    struct err err = {0};
    assert_int_equal(hypervolume_contributions(points, 5, 2, reference, out, &err), RC_OK);
    for (size_t i = 0; i < 5; i++)
        assert_true(out[i] == (i == 4 ? 0.5 : 0));
    assert_int_equal(hypervolume_contributions(points, 0, 2, reference, out, &err), RC_OK);
    assert_int_equal(hypervolume_ranks(points, 0, 2, NULL, &err), RC_OK);
}

/* Peeling: each rank is the frontier of what the smaller ones leave. */
static void ranks_peel_frontiers_off(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "hypervolume", 7);
    for (size_t set = 0; set < 2000; set++) {
        double points[POINTS_MAX * DIMS_MAX], rest[POINTS_MAX * DIMS_MAX];
        uint32_t ranks[POINTS_MAX], left[POINTS_MAX];
        struct err err = {0};
        size_t dims = 1 + set % DIMS_MAX, remaining = POINTS_MAX;
        draw(&rng, points, POINTS_MAX, dims, 5);
        assert_int_equal(hypervolume_ranks(points, POINTS_MAX, dims, ranks, &err), RC_OK);
        for (uint32_t i = 0; i < POINTS_MAX; i++)
            left[i] = i;
        for (uint32_t rank = 1; remaining > 0; rank++) {
            bool on[POINTS_MAX];
            size_t next = 0;
            for (size_t i = 0; i < remaining; i++)
                memcpy(rest + i * dims, points + left[i] * dims, dims * sizeof(double));
            assert_int_equal(pareto_frontier(rest, remaining, dims, on, &err), RC_OK);
            for (size_t i = 0; i < remaining; i++) {
                assert_true(on[i] == (ranks[left[i]] == rank));
                if (!on[i])
                    left[next++] = left[i];
            }
            remaining = next;
        }
    }
}

/* ---- what callers must not do --------------------------------------------------------------- */

static void no_dimension(void)
{
    double one = 1, out;
    struct err err = {0};
    (void)!hypervolume(&one, 1, 0, &one, &out, &err);
}

static void too_many_dimensions(void)
{
    double many[HYPERVOLUME_DIMS_MAX + 1] = {0}, out;
    struct err err = {0};
    (void)!hypervolume(many, 1, HYPERVOLUME_DIMS_MAX + 1, many, &out, &err);
}

static void not_a_number(void)
{
    const double points[] = {1, NAN}, reference[] = {2, 2};
    double out;
    struct err err = {0};
    (void)!hypervolume(points, 1, 2, reference, &out, &err);
}

static void misuse_is_our_own_mistake(void **unused)
{
    (void)unused;
    assert_aborts(no_dimension, "dims >= 1");
    assert_aborts(too_many_dimensions, "dims <= HYPERVOLUME_DIMS_MAX");
    assert_aborts(not_a_number, "isfinite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_sets_by_hand),
        cmocka_unit_test(the_diagonal_in_closed_form),
        cmocka_unit_test(twenty_points_of_three_dimensions),
        cmocka_unit_test(published_sets),
        cmocka_unit_test(contributions_as_published),
        cmocka_unit_test(ranks_as_published),
        cmocka_unit_test(factors_as_published),
        cmocka_unit_test(sweeps_and_recursion_agree_with_counting_cubes),
        cmocka_unit_test(recursion_agrees_with_inclusion_exclusion),
        cmocka_unit_test(the_most_dimensions),
        cmocka_unit_test(a_point_more_never_makes_it_less),
        cmocka_unit_test(order_and_scale_do_not_matter),
        cmocka_unit_test(contributions_are_what_deletion_loses),
        cmocka_unit_test(duplicates_and_dominated_points_contribute_nothing),
        cmocka_unit_test(beyond_the_reference_nothing_counts),
        cmocka_unit_test(ranks_peel_frontiers_off),
        cmocka_unit_test(misuse_is_our_own_mistake),
    };
    return cmocka_run_group_tests_name("hypervolume", tests, NULL, NULL);
}
