/* Dominance: sweep and filter against every pair compared, on random integer sets full of ties. */
#include "analysis/pareto.h"
#include "analysis/plot_stairs.h"
#include "engine/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SETS = 12000, POINTS_MAX = 40, DIMS_MAX = 6, CROWD = 400 };

static void dominance_is_what_the_words_say(void **unused)
{
    (void)unused;
    const double a[] = {1, 2, 3}, b[] = {1, 2, 4}, c[] = {0, 9, 3};
    assert_true(pareto_dominates(a, b, 3));
    assert_false(pareto_dominates(b, a, 3));
    assert_false(pareto_dominates(a, a, 3)); /* equal points are one class */
    assert_false(pareto_dominates(a, c, 3));
    assert_false(pareto_dominates(c, a, 3));
    assert_false(pareto_dominates(a, b, 0));
}

/* The definition, pair by pair: nothing shared with the code under test. */
static bool dominated_by_definition(const double *points, size_t count, size_t dims, size_t point)
{
    for (size_t other = 0; other < count; other++) {
        bool no_worse = true, better = false;
        for (size_t d = 0; d < dims; d++) {
            double x = points[other * dims + d], y = points[point * dims + d];
            no_worse = no_worse && !(x > y);
            better = better || x < y;
        }
        if (no_worse && better)
            return true;
    }
    return false;
}

static void check_set(const double *points, size_t count, size_t dims)
{
    bool on[CROWD];
    uint32_t found[CROWD];
    struct err err = {0};
    assert_int_equal(pareto_frontier(points, count, dims, on, &err), RC_OK);
    for (size_t p = 0; p < count; p++) {
        bool dominated = dominated_by_definition(points, count, dims, p);
        assert_true(on[p] == !dominated);
        size_t dominators = pareto_dominators(points, count, dims, on, p, found);
        assert_true((dominators != 0) == dominated);
        for (size_t i = 0; i < dominators; i++) {
            assert_true(on[found[i]]);
            assert_true(pareto_dominates(points + found[i] * dims, points + p * dims, dims));
            assert_true(i == 0 || found[i - 1] < found[i]); /* in row order */
        }
    }
}

static void the_frontier_agrees_with_every_pair(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "pareto", 0);
    for (size_t set = 0; set < SETS; set++) {
        double points[POINTS_MAX * DIMS_MAX];
        size_t dims = 1 + set % DIMS_MAX; /* both methods, each on thousands of sets */
        size_t count = (size_t)rng_below(&rng, POINTS_MAX + 1);
        uint64_t range = 1 + rng_below(&rng, 8); /* few values: ties everywhere */
        for (size_t i = 0; i < count * dims; i++)
            points[i] = (double)rng_below(&rng, range) - 3;
        check_set(points, count, dims);
    }
}

/* Many points, from nearly all equal to nearly all different, on few and on many steps. */
static void crowds_agree_with_every_pair(void **unused)
{
    (void)unused;
    static double points[CROWD * DIMS_MAX];
    struct rng rng = rng_stream(1, "pareto", 1);
    for (size_t set = 0; set < 120; set++) {
        size_t dims = 1 + set % DIMS_MAX, count = CROWD - (size_t)rng_below(&rng, CROWD / 2);
        uint64_t range = UINT64_C(1) << rng_below(&rng, 30);
        for (size_t i = 0; i < count * dims; i++)
            points[i] = (double)rng_below(&rng, range) / 8 - 7;
        check_set(points, count, dims);
    }
}

/* Whole numbers of one sum: no point dominates another, many are equal; then one that dominates a
 * corner of them. */
static void a_frontier_of_everything(void **unused)
{
    (void)unused;
    static double points[CROWD * DIMS_MAX];
    struct rng rng = rng_stream(1, "pareto", 2);
    for (size_t dims = 1; dims <= DIMS_MAX; dims++) {
        bool on[CROWD];
        struct err err = {0};
        for (size_t i = 0; i < CROWD; i++) {
            double rest = 30;
            for (size_t d = 0; d + 1 < dims; d++) {
                points[i * dims + d] = (double)rng_below(&rng, (uint64_t)rest + 1);
                rest -= points[i * dims + d];
            }
            points[i * dims + dims - 1] = rest;
        }
        assert_int_equal(pareto_frontier(points, CROWD, dims, on, &err), RC_OK);
        for (size_t i = 0; i < CROWD; i++)
            assert_true(on[i]);
        points[dims - 1] -= 1;
        check_set(points, CROWD, dims);
    }
}

static void without_dimensions_all_are_equal(void **unused)
{
    (void)unused;
    const double nothing[] = {0};
    bool on[3] = {false};
    struct err err = {0};
    assert_int_equal(pareto_frontier(nothing, 3, 0, on, &err), RC_OK);
    assert_true(on[0] && on[1] && on[2]);
    assert_int_equal(pareto_frontier(NULL, 0, 2, NULL, &err), RC_OK);
}

/* Sums that rounding or overflow makes equal must not let a dominated point pass. */
static void rounding_cannot_hide_a_dominator(void **unused)
{
    (void)unused;
    const double swallowed[] = {1e18, 2, 1e18, 1}; /* row 1 dominates row 0, both sum to 1e18 */
    const double overflow[] = {1e308, 1e308, 2, 1e308, 1e308, 1};
    const double negative[] = {-1e308, -1e308, 1, -1e308, -1e308, 0};
    check_set(swallowed, 2, 2);
    check_set(overflow, 2, 3);
    check_set(negative, 2, 3);
    const double swallowed4[] = {1e18, 2, 0, 0, 1e18, 1, 0, 0};
    const double overflow4[] = {1e308, 1e308, 2, 0, 1e308, 1e308, 1, 0};
    const double negative4[] = {-1e308, -1e308, 0, 1, -1e308, -1e308, 0, 0};
    check_set(swallowed4, 2, 4);
    check_set(overflow4, 2, 4);
    check_set(negative4, 2, 4);
    const double zeros[] = {0.0, -0.0, -0.0, 0.0};
    check_set(zeros, 2, 2);
    const double zeros4[] = {0.0, -0.0, -0.0, 0.0, -0.0, 0.0, 0.0, -0.0};
    check_set(zeros4, 2, 4);
}

static void ties_are_kept_together(void **unused)
{
    (void)unused;
    /* moocore's doctest: (1,1) (0,1) (1,0) (1,0). */
    const double points[] = {1, 1, 0, 1, 1, 0, 1, 0};
    bool on[4];
    struct err err = {0};
    assert_int_equal(pareto_frontier(points, 4, 2, on, &err), RC_OK);
    assert_true(!on[0] && on[1] && on[2] && on[3]);
    uint32_t found[4];
    assert_int_equal(pareto_dominators(points, 4, 2, on, 0, found), 3);
}

static void known_answer_in_three_dimensions(void **unused)
{
    (void)unused;
    /* Twenty integer points, computed with R's emoa: the non-dominated ones are 1, 5, 9, 10, 16. */
    static const double points[20][3] = {{4, 2, 19}, {7, 10, 10},  {1, 12, 6},   {2, 15, 14},
                                         {11, 1, 2}, {14, 20, 13}, {18, 3, 18},  {19, 6, 14},
                                         {1, 10, 6}, {10, 10, 1},  {14, 6, 19},  {10, 15, 19},
                                         {7, 20, 8}, {9, 20, 6},   {15, 12, 12}, {5, 6, 6},
                                         {9, 8, 8},  {14, 12, 7},  {5, 6, 11},   {5, 7, 17}};
    bool on[20];
    struct err err = {0};
    assert_int_equal(pareto_frontier(&points[0][0], 20, 3, on, &err), RC_OK);
    for (size_t i = 0; i < 20; i++)
        assert_true(on[i] == (i == 0 || i == 4 || i == 8 || i == 9 || i == 15));
}

/* ---- stairs --------------------------------------------------------------------------------- */

static void stairs_go_from_edge_to_edge(void **unused)
{
    (void)unused;
    struct err err = {0};
    double points[] = {3, 1, 3, 3, 1, 3, 2, 2, 2, 2}, corners[24];
    static const double expected[] = {1, 9, 1, 3, 2, 3, 2, 2, 2, 2, 2, 2, 3, 2, 3, 1, 8, 1};
    size_t count;
    assert_int_equal(plot_stairs_find(points, 5, 8, 9, corners, &count, &err), RC_OK);
    assert_int_equal(count, COUNT_OF(expected) / 2);
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        assert_true(corners[i] == expected[i]);
    assert_int_equal(plot_stairs_find(points, 0, 8, 9, corners, &count, &err), RC_OK);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dominance_is_what_the_words_say),
        cmocka_unit_test(the_frontier_agrees_with_every_pair),
        cmocka_unit_test(crowds_agree_with_every_pair),
        cmocka_unit_test(a_frontier_of_everything),
        cmocka_unit_test(without_dimensions_all_are_equal),
        cmocka_unit_test(rounding_cannot_hide_a_dominator),
        cmocka_unit_test(ties_are_kept_together),
        cmocka_unit_test(known_answer_in_three_dimensions),
        cmocka_unit_test(stairs_go_from_edge_to_edge),
    };
    return cmocka_run_group_tests_name("pareto", tests, NULL, NULL);
}
