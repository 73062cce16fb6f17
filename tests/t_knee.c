/* Knees: the published example, a brute-force search, and what must not change the answer. */
#include "analysis/knee.h"
#include "engine/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { POINTS_MAX = 30 };

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-14 * fmax(1, fabs(b));
}

/* Satopaa et al. 2011, figure 2; digits from the test of Python's kneed. */
static void the_published_curve(void **unused)
{
    (void)unused;
    double x[10], y[10], down[10], difference = 0, distance = 0;
    for (size_t i = 0; i < 10; i++) {
        x[i] = (double)i / 9;
        y[i] = 5 - 1 / (x[i] + 0.1);
        down[i] = -y[i];
    }
    size_t knee = knee_kneedle(x, y, 10, &difference);
    assert_int_equal(knee, 2);
    assert_true(near(x[knee], 0.2222222222222222));
    assert_true(near(difference, 0.5363984674329503));
    /* The same curve as a frontier. */
    assert_int_equal(knee_find(x, down, 10, &distance), 2);
    assert_true(near(distance, 0.5363984674329503));
    assert_int_equal(knee_find(x, down, 10, NULL), 2);
    assert_int_equal(knee_kneedle(x, y, 10, NULL), 2);
}

static void a_frontier_by_hand(void **unused)
{
    (void)unused;
    /* Scaled: (0,1) (0.1,0.5) (0.25,0.2) (0.5,0.1) (1,0); 1 - x - y: 0 0.4 0.55 0.4 0. */
    const double x[] = {20, 10, 30, 12, 15}, y[] = {110, 200, 100, 150, 120};
    double distance = 0;
    assert_int_equal(knee_find(x, y, 5, &distance), 4);
    assert_true(near(distance, 0.55));
    /* A dominated point far away is not on the frontier and does not change its scale. */
    const double far_x[] = {20, 10, 30, 12, 15, 1000}, far_y[] = {110, 200, 100, 150, 120, 900};
    assert_int_equal(knee_find(far_x, far_y, 6, &distance), 4);
    assert_true(near(distance, 0.55));
    /* Two equally good: the smaller x, in either order. */
    const double tie_x[] = {0, 1, 2, 4}, tie_y[] = {4, 2, 1, 0};
    assert_int_equal(knee_find(tie_x, tie_y, 4, NULL), 1);
    const double back_x[] = {4, 2, 1, 0}, back_y[] = {0, 1, 2, 4};
    assert_int_equal(knee_find(back_x, back_y, 4, NULL), 2);
}

static void no_knee(void **unused)
{
    (void)unused;
    const double x[] = {0, 1, 2, 3}, chord[] = {3, 2, 1, 0}, above[] = {3, 2.9, 2.5, 0};
    double distance = 7;
    assert_int_equal(knee_find(x, chord, 0, &distance), KNEE_NONE);
    assert_int_equal(knee_find(x, chord, 2, &distance), KNEE_NONE);
    assert_int_equal(knee_find(x, chord, 4, &distance), KNEE_NONE);
    assert_int_equal(knee_find(x, above, 4, &distance), KNEE_NONE);
    const double one_best[] = {0, 1, 2, 3}; /* (0,0) dominates everything */
    assert_int_equal(knee_find(x, one_best, 4, &distance), KNEE_NONE);
    const double same[] = {5, 5, 5, 5};
    assert_int_equal(knee_find(same, same, 4, &distance), KNEE_NONE);
    assert_int_equal(knee_find(same, x, 4, &distance), KNEE_NONE);
    assert_int_equal(knee_kneedle(x, same, 4, &distance), KNEE_NONE);
    assert_int_equal(knee_kneedle(same, x, 4, &distance), KNEE_NONE);
    assert_int_equal(knee_kneedle(x, x, 4, &distance), KNEE_NONE);
    assert_int_equal(knee_kneedle(x, x, 2, &distance), KNEE_NONE);
    assert_true(distance == 7); /* untouched */
}

/* Points on a straight line in coordinates that are not exact: rounding makes no knee. */
static void rounding_makes_no_knee(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "knee", 0);
    for (size_t set = 0; set < 1000; set++) {
        double x[POINTS_MAX], y[POINTS_MAX], slope = 1e-3 + rng_unit(&rng);
        for (size_t i = 0; i < POINTS_MAX; i++) {
            x[i] = rng_unit(&rng);
            y[i] = 1 - slope * x[i];
        }
        assert_int_equal(knee_find(x, y, POINTS_MAX, NULL), KNEE_NONE);
    }
}

/* A frontier of distinct whole numbers: x ascending, y descending. */
static size_t draw_frontier(struct rng *rng, double *x, double *y)
{
    size_t count = 3 + (size_t)rng_below(rng, POINTS_MAX - 2);
    x[0] = y[count - 1] = 0;
    for (size_t i = 1; i < count; i++) {
        x[i] = x[i - 1] + 1 + (double)rng_below(rng, 20);
        y[count - 1 - i] = y[count - i] + 1 + (double)rng_below(rng, 20);
    }
    return count;
}

/* Distance by the cross product with the chord, in whole numbers: no scaling, no rounding. */
static double chord_distance(const double *x, const double *y, size_t count, size_t i)
{
    double dx = x[count - 1] - x[0], dy = y[count - 1] - y[0];
    return (x[i] - x[0]) * dy - (y[i] - y[0]) * dx;
}

static void the_farthest_point_in_any_order_and_scale(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "knee", 1);
    size_t knees = 0;
    for (size_t set = 0; set < 5000; set++) {
        double x[POINTS_MAX], y[POINTS_MAX], other_x[POINTS_MAX], other_y[POINTS_MAX];
        uint32_t to[POINTS_MAX];
        size_t count = draw_frontier(&rng, x, y);
        double best = 0, distance = 0;
        for (size_t i = 0; i < count; i++)
            best = fmax(best, chord_distance(x, y, count, i));
        size_t knee = knee_find(x, y, count, &distance);
        if (best <= 0) {
            assert_int_equal(knee, KNEE_NONE);
            continue;
        }
        knees++;
        assert_true(near(chord_distance(x, y, count, knee), best));
        assert_true(near(distance, best / (x[count - 1] * y[0])));
        rng_permutation(&rng, to, (uint32_t)count);
        for (size_t i = 0; i < count; i++) {
            other_x[to[i]] = 1024 * x[i] - 4096;
            other_y[to[i]] = y[i] / 64 + 32;
        }
        size_t other = knee_find(other_x, other_y, count, NULL);
        assert_true(other != KNEE_NONE);
        assert_true((other_x[other] + 4096) / 1024 == x[knee]);
    }
    assert_true(knees > 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_curve),
        cmocka_unit_test(a_frontier_by_hand),
        cmocka_unit_test(no_knee),
        cmocka_unit_test(rounding_makes_no_knee),
        cmocka_unit_test(the_farthest_point_in_any_order_and_scale),
    };
    return cmocka_run_group_tests_name("knee", tests, NULL, NULL);
}
