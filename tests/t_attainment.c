/* Attainment levels: R's eaf on a published data set, then every place of a grid counted. */
#include "analysis/attainment.h"
#include "analysis/pareto.h"
#include "engine/rng.h"
#include "tests/support_abort.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SETS_MAX = 8, SET_POINTS_MAX = 6, POINTS_MAX = SETS_MAX * SET_POINTS_MAX, SIDE = 7 };

/* ---- known answers -------------------------------------------------------------------------- */

static const double richmond[][3] = {
#include "tests/data/spea2_richmond.def"
};
enum { RICHMOND_SETS = 15 };

static size_t richmond_curve(size_t level, struct attainment_point *out)
{
    struct attainment_point points[COUNT_OF(richmond)];
    size_t start[RICHMOND_SETS + 1] = {0}, count = 0;
    for (size_t i = 0; i < COUNT_OF(richmond); i++) {
        points[i] = (struct attainment_point){richmond[i][0], -richmond[i][1]};
        start[(size_t)richmond[i][2]] = i + 1;
    }
    struct err err = {0};
    assert_int_equal(attainment_curve(points, start, RICHMOND_SETS, level, out, &count, &err),
                     RC_OK);
    return count;
}

/* eaf 2.4: eafs(cbind(V1, -V2), set, percentiles = 100 * level / 15). */
static void levels_match_r_eaf(void **unused)
{
    (void)unused;
    static const double median[][2] = {
        {104.200, -597},   {105.311, -1080},  {106.767, -1096},  {107.678, -1126},
        {108.096, -3059},  {108.519, -3960},  {108.641, -7560},  {108.896, -11576},
        {109.625, -16532}, {110.328, -17747}, {111.226, -23797}, {112.349, -25251},
        {113.994, -29971}, {115.773, -30541}, {116.250, -30886}, {117.096, -31063},
        {117.690, -31153}, {119.242, -31350}, {120.119, -36159}, {122.168, -43696},
        {123.561, -46340}, {123.944, -46903}, {126.024, -46909}, {199.078, -46910},
        {209.084, -50641}, {213.549, -55033}, {213.807, -56198}, {221.445, -57781},
        {222.804, -59568}, {234.755, -61200}, {239.044, -68760}, {248.344, -86400}};
    static const double all[][2] = {
        {110.431, -518},   {110.881, -1126},  {111.620, -2044},  {112.038, -4515},
        {116.417, -6247},  {117.765, -6346},  {118.546, -12266}, {118.821, -15227},
        {118.900, -20656}, {121.319, -22117}, {122.168, -22712}, {123.780, -25999},
        {135.288, -44056}, {159.390, -46576}, {159.654, -46903}, {199.315, -46909}};
    struct attainment_point out[COUNT_OF(richmond)];
    assert_int_equal(richmond_curve(1, out), 16);
    assert_int_equal(richmond_curve(4, out), 30);
    assert_int_equal(richmond_curve(8, out), COUNT_OF(median));
    for (size_t i = 0; i < COUNT_OF(median); i++)
        assert_true(out[i].x == median[i][0] && out[i].y == median[i][1]);
    assert_int_equal(richmond_curve(15, out), COUNT_OF(all));
    for (size_t i = 0; i < COUNT_OF(all); i++)
        assert_true(out[i].x == all[i][0] && out[i].y == all[i][1]);
}

static void two_rounds_by_hand(void **unused)
{
    (void)unused;
    const struct attainment_point points[] = {{1, 3}, {3, 1}, {2, 2}};
    const size_t start[] = {0, 2, 3};
    struct attainment_point out[3];
    size_t count;
    struct err err = {0};
    assert_int_equal(attainment_curve(points, start, 2, 1, out, &count, &err), RC_OK);
    assert_int_equal(count, 3); /* all three points are non-dominated */
    assert_int_equal(attainment_curve(points, start, 2, 2, out, &count, &err), RC_OK);
    assert_int_equal(count, 2);
    assert_true(out[0].x == 2 && out[0].y == 3 && out[1].x == 3 && out[1].y == 2);
    assert_int_equal(attainment_count(points, start, 2, (struct attainment_point){2, 3}), 2);
    assert_int_equal(attainment_count(points, start, 2, (struct attainment_point){2, 2}), 1);
    assert_int_equal(attainment_count(points, start, 2, (struct attainment_point){2, 1}), 0);
}

static void empty_rounds_attain_nothing(void **unused)
{
    (void)unused;
    const struct attainment_point points[] = {{1, 1}};
    const size_t start[] = {0, 0, 1, 1}, nothing[] = {0, 0};
    struct attainment_point out[1];
    size_t count = 9;
    struct err err = {0};
    assert_int_equal(attainment_curve(points, start, 3, 1, out, &count, &err), RC_OK);
    assert_int_equal(count, 1);
    assert_int_equal(attainment_curve(points, start, 3, 2, out, &count, &err), RC_OK);
    assert_int_equal(count, 0);
    count = 9;
    assert_int_equal(attainment_curve(NULL, nothing, 1, 1, out, &count, &err), RC_OK);
    assert_int_equal(count, 0);
}

/* ---- properties ----------------------------------------------------------------------------- */

struct rounds {
    struct attainment_point points[POINTS_MAX];
    size_t start[SETS_MAX + 1], sets;
};

/* Whole numbers below SIDE: ties within and between sets, empty sets among them. */
static struct rounds draw_rounds(struct rng *rng)
{
    struct rounds rounds = {.sets = 1 + (size_t)rng_below(rng, SETS_MAX)};
    for (size_t r = 0; r < rounds.sets; r++) {
        size_t end = rounds.start[r] + (size_t)rng_below(rng, SET_POINTS_MAX + 1);
        for (size_t i = rounds.start[r]; i < end; i++) {
            rounds.points[i].x = (double)rng_below(rng, SIDE);
            rounds.points[i].y = (double)rng_below(rng, SIDE);
        }
        rounds.start[r + 1] = end;
    }
    return rounds;
}

/* attained[x][y] by marking, set by set, the quarter plane of each point. */
static void mark(const struct rounds *rounds, size_t attained[SIDE][SIDE])
{
    for (size_t x = 0; x < SIDE; x++) {
        for (size_t y = 0; y < SIDE; y++) {
            attained[x][y] = 0;
            for (size_t r = 0; r < rounds->sets; r++) {
                bool hit = false;
                for (size_t i = rounds->start[r]; i < rounds->start[r + 1]; i++)
                    hit = hit || (!(rounds->points[i].x > (double)x) &&
                                  !(rounds->points[i].y > (double)y));
                attained[x][y] += hit;
            }
        }
    }
}

static void check_level(const struct rounds *rounds, size_t level, size_t attained[SIDE][SIDE])
{
    struct attainment_point out[POINTS_MAX];
    size_t count = 0;
    struct err err = {0};
    assert_int_equal(
        attainment_curve(rounds->points, rounds->start, rounds->sets, level, out, &count, &err),
        RC_OK);
    assert_true(count <= rounds->start[rounds->sets]);
    for (size_t i = 1; i < count; i++)
        assert_true(out[i - 1].x < out[i].x && out[i - 1].y > out[i].y);
    for (size_t x = 0; x < SIDE; x++) {
        for (size_t y = 0; y < SIDE; y++) {
            bool below = false;
            for (size_t i = 0; i < count; i++)
                below = below || (out[i].x <= (double)x && out[i].y <= (double)y);
            assert_true(below == (attained[x][y] >= level));
        }
    }
}

static void every_place_is_counted(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "attainment", 0);
    for (size_t set = 0; set < 5000; set++) {
        struct rounds rounds = draw_rounds(&rng);
        size_t attained[SIDE][SIDE];
        mark(&rounds, attained);
        for (size_t level = 1; level <= rounds.sets; level++)
            check_level(&rounds, level, attained);
        for (size_t x = 0; x < SIDE; x++) {
            for (size_t y = 0; y < SIDE; y++)
                assert_int_equal(attainment_count(rounds.points, rounds.start, rounds.sets,
                                                  (struct attainment_point){(double)x, (double)y}),
                                 attained[x][y]);
        }
    }
}

/* What one round at least attains is the frontier of all points together. */
static void the_first_level_is_the_frontier_of_all(void **unused)
{
    (void)unused;
    struct rng rng = rng_stream(1, "attainment", 1);
    for (size_t set = 0; set < 2000; set++) {
        struct rounds rounds = draw_rounds(&rng);
        size_t total = rounds.start[rounds.sets], count = 0, found = 0;
        struct attainment_point out[POINTS_MAX];
        double flat[2 * POINTS_MAX];
        bool on[POINTS_MAX];
        struct err err = {0};
        for (size_t i = 0; i < total; i++) {
            flat[2 * i] = rounds.points[i].x;
            flat[2 * i + 1] = rounds.points[i].y;
        }
        assert_int_equal(pareto_frontier(flat, total, 2, on, &err), RC_OK);
        assert_int_equal(
            attainment_curve(rounds.points, rounds.start, rounds.sets, 1, out, &count, &err),
            RC_OK);
        for (size_t c = 0; c < count; c++) {
            bool known = false;
            for (size_t i = 0; i < total; i++)
                known = known || (on[i] && flat[2 * i] == out[c].x && flat[2 * i + 1] == out[c].y);
            found += known;
        }
        assert_int_equal(found, count);
    }
}

/* ---- what callers must not do --------------------------------------------------------------- */

static void level(size_t which, double x)
{
    const struct attainment_point points[] = {{x, 1}};
    const size_t start[] = {0, 1};
    struct attainment_point out[1];
    size_t count;
    struct err err = {0};
    (void)!attainment_curve(points, start, 1, which, out, &count, &err);
}

static void level_zero(void)
{
    level(0, 1);
}

static void level_beyond(void)
{
    level(2, 1);
}

static void not_a_number(void)
{
    level(1, NAN);
}

static void misuse_is_our_own_mistake(void **unused)
{
    (void)unused;
    assert_aborts(level_zero, "level >= 1");
    assert_aborts(level_beyond, "level <= sets");
    assert_aborts(not_a_number, "isfinite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_match_r_eaf),
        cmocka_unit_test(two_rounds_by_hand),
        cmocka_unit_test(empty_rounds_attain_nothing),
        cmocka_unit_test(every_place_is_counted),
        cmocka_unit_test(the_first_level_is_the_frontier_of_all),
        cmocka_unit_test(misuse_is_our_own_mistake),
    };
    return cmocka_run_group_tests_name("attainment", tests, NULL, NULL);
}
