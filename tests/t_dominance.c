/* Dominance as a test: cases known by hand, looks, size and power by simulation, invariances. */
#include "analysis/dominance.h"
#include "analysis/kernel.h"
#include "analysis/rounds.h"
#include "engine/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARMS_MAX = 6, ROUNDS_MAX = 64 };

static const struct record_protocol protocol = {.stopping = STOPPING_FIXED,
                                                .alpha = 0.05,
                                                .margin_p50 = 0.03,
                                                .margin_p95 = 0.05,
                                                .margin_rate = 0.03,
                                                .margin_cpu = 0.03,
                                                .margin_exact = 0.01};

/* One exact metric and three noisy ones, as a study has. */
static const struct dominance_dim study_dims[] = {
    {.exact = true, .margin = 0.00995033085316808},
    {.margin = 0.048790164169432}, /* ln 1.05 */
    {.margin = 0.048790164169432},
    {.margin = 0.0295588022415444}, /* ln 1.03 */
};

struct field {
    double values[ARMS_MAX * DOMINANCE_DIMS_MAX * ROUNDS_MAX];
    struct dominance_input input;
    struct dominance dominance;
    struct err err;
};

static void field_init(struct field *field, const struct dominance_dim *dims, size_t dim_count,
                       size_t arms, size_t rounds)
{
    memset(field, 0, sizeof(*field));
    for (size_t i = 0; i < COUNT_OF(field->values); i++)
        field->values[i] = 1;
    field->input = (struct dominance_input){.values = field->values,
                                            .arms = arms,
                                            .dims = dim_count,
                                            .rounds = rounds,
                                            .dim = dims,
                                            .schedule = dominance_schedule_of(&protocol, rounds)};
}

static double *cell(struct field *field, size_t arm, size_t dim, size_t round)
{
    return &field->values[(arm * field->input.dims + dim) * field->input.rounds + round];
}

static void find(struct field *field)
{
    dominance_release(&field->dominance);
    enum rc rc = dominance_find(&field->dominance, &field->input, &field->err);
    if (rc != RC_OK)
        fail_msg("%s", field->err.msg);
}

static enum dominance_state state(const struct field *field, size_t a, size_t b)
{
    return dominance_at(&field->dominance, a, b)->state;
}

/* About normal: the sum of twelve uniforms. */
static double noise(struct rng *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rng_unit(rng);
    return sum;
}

/* Value = exp(centre + block + cv x noise): blocks are shared by all arms of a round. */
static void fill(struct field *field, struct rng *rng, size_t dim, const double *centre, double cv)
{
    for (size_t r = 0; r < field->input.rounds; r++) {
        double block = 0.2 * noise(rng);
        for (size_t a = 0; a < field->input.arms; a++)
            *cell(field, a, dim, r) = exp(centre[a] + block + cv * noise(rng));
    }
}

static void fill_exact(struct field *field, size_t dim, const double *value)
{
    for (size_t a = 0; a < field->input.arms; a++) {
        for (size_t r = 0; r < field->input.rounds; r++)
            *cell(field, a, dim, r) = value[a];
    }
}

static void assert_near(double have, double expected)
{
    if (!(fabs(have - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g is not %.17g", have, expected);
}

/* ---- exact metrics -------------------------------------------------------------------------- */

static void exact_metrics_need_no_test(void **unused)
{
    (void)unused;
    static const struct dominance_dim dims[] = {{.exact = true, .margin = 0.00995033085316808},
                                                {.exact = true, .higher = true, .margin = 0.01}};
    static const struct {
        double a[2], b[2];
        enum dominance_state ab, ba;
    } cases[] = {
        {{100, 5}, {102, 5}, DOMINANCE_YES, DOMINANCE_NOT},
        {{100, 5}, {100, 5}, DOMINANCE_NOT, DOMINANCE_NOT},
        {{100, 5}, {100.5, 5}, DOMINANCE_NOT, DOMINANCE_NOT}, /* below the margin */
        {{100, 6}, {100, 5}, DOMINANCE_YES, DOMINANCE_NOT},   /* more is better */
        {{100, 5}, {102, 5.001}, DOMINANCE_NOT, DOMINANCE_NOT},
        {{0, 5}, {1, 5}, DOMINANCE_YES, DOMINANCE_NOT},
        {{0, 5}, {0, 5}, DOMINANCE_NOT, DOMINANCE_NOT},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct field field;
        field_init(&field, dims, 2, 2, 3);
        for (size_t m = 0; m < 2; m++)
            fill_exact(&field, m, (double[]){cases[i].a[m], cases[i].b[m]});
        find(&field);
        assert_int_equal(state(&field, 0, 1), cases[i].ab);
        assert_int_equal(state(&field, 1, 0), cases[i].ba);
        assert_int_equal(state(&field, 0, 0), DOMINANCE_NOT);
        assert_true(dominance_at(&field.dominance, 0, 1)->exact);
        assert_int_equal(field.dominance.hypotheses, 0);
        dominance_release(&field.dominance);
    }
}

static void a_worse_exact_metric_is_not_for_certain(void **unused)
{
    (void)unused;
    struct field field;
    struct rng rng = rng_stream(1, "worse", 0);
    field_init(&field, study_dims, 4, 2, 16);
    fill_exact(&field, 0, (double[]){100, 100.0001});
    for (size_t m = 1; m < 4; m++)
        fill(&field, &rng, m, (double[]){1, 0}, 0.02); /* the smaller one is 2.7 times slower */
    find(&field);
    const struct dominance_pair *back = dominance_at(&field.dominance, 1, 0);
    assert_int_equal(back->state, DOMINANCE_NOT);
    assert_true(back->exact && back->look == 0 && back->dim == 0);
    assert_int_equal(field.dominance.hypotheses, 1);
    const struct dominance_pair *pair = dominance_at(&field.dominance, 0, 1);
    assert_int_equal(pair->state, DOMINANCE_NOT);
    assert_false(pair->exact);
    assert_int_equal(pair->look, 1);
    assert_int_equal(pair->n, 16);
    dominance_release(&field.dominance);
}

/* ---- noisy metrics: p by hand --------------------------------------------------------------- */

/* All differences on the better side of the boundary: p = 2^-n. */
static void p_values_by_hand(void **unused)
{
    (void)unused;
    struct field field;
    enum { N = 10 };
    field_init(&field, study_dims, 2, 2, N); /* bytes and one noisy metric */
    fill_exact(&field, 0, (double[]){90, 100});
    for (size_t r = 0; r < N; r++) {
        *cell(&field, 0, 1, r) = 100 + (double)r / 7;
        *cell(&field, 1, 1, r) = 100;
    }
    find(&field);
    const struct dominance_pair *pair = dominance_at(&field.dominance, 0, 1);
    assert_near(pair->p_dom, ldexp(1, -N)); /* one hypothesis: Holm changes nothing */
    assert_int_equal(pair->state, DOMINANCE_YES);
    assert_int_equal(pair->dim, 1);
    assert_true(pair->gain);

    dominance_release(&field.dominance);
    /* Equal bytes: strictly better must show in one of N = 2 noisy metrics, both directions and
     * both pairs are hypotheses. */
    field_init(&field, study_dims, 3, 2, N);
    for (size_t r = 0; r < N; r++) {
        *cell(&field, 0, 1, r) = 80 + (double)r / 7;
        *cell(&field, 1, 1, r) = 100;
        *cell(&field, 0, 2, r) = 100 + (double)r / 7;
        *cell(&field, 1, 2, r) = 100;
    }
    find(&field);
    pair = dominance_at(&field.dominance, 0, 1);
    assert_int_equal(field.dominance.hypotheses, 2);
    /* p_no_worse 2^-10 in both, p_strict 2 x 2^-10; Holm doubles it. */
    assert_near(pair->p_dom, 4 * ldexp(1, -N));
    assert_int_equal(pair->dim, 1);
    assert_int_equal(pair->state, DOMINANCE_YES);
    /* The other way: no gain in either, 2^-10, is stronger than worse in one of two; doubled for
     * having two ways, and by Holm. */
    pair = dominance_at(&field.dominance, 1, 0);
    assert_near(pair->p_not, 4 * ldexp(1, -N));
    assert_int_equal(pair->state, DOMINANCE_NOT);
    dominance_release(&field.dominance);
}

static void equal_strategies_are_confirmed_to_gain_nothing(void **unused)
{
    (void)unused;
    struct field field;
    struct rng rng = rng_stream(2, "equal", 0);
    field_init(&field, study_dims, 4, 2, 40);
    for (size_t m = 1; m < 4; m++)
        fill(&field, &rng, m, (double[]){0, 0}, 0.02);
    find(&field);
    assert_int_equal(state(&field, 0, 1), DOMINANCE_NOT);
    assert_int_equal(state(&field, 1, 0), DOMINANCE_NOT);
    dominance_release(&field.dominance);
}

static void more_may_be_better(void **unused)
{
    (void)unused;
    static const struct dominance_dim dims[] = {{.higher = true, .margin = 0.03}};
    struct field field;
    struct rng rng = rng_stream(3, "higher", 0);
    field_init(&field, dims, 1, 2, 20);
    fill(&field, &rng, 0, (double[]){0.2, 0}, 0.02);
    find(&field);
    assert_int_equal(state(&field, 0, 1), DOMINANCE_YES);
    assert_int_equal(state(&field, 1, 0), DOMINANCE_NOT);
    dominance_release(&field.dominance);
}

/* A clock too coarse gives equal values: nothing is claimed of that metric. */
static void a_coarse_metric_is_not_tested(void **unused)
{
    (void)unused;
    for (size_t zeros = 4; zeros <= 5; zeros++) {
        struct field field;
        enum { N = 20 };
        field_init(&field, study_dims, 2, 2, N);
        fill_exact(&field, 0, (double[]){90, 100});
        for (size_t r = 0; r < N; r++) {
            *cell(&field, 0, 1, r) = r < zeros ? 100 : 100 + (double)r / 19;
            *cell(&field, 1, 1, r) = 100;
        }
        find(&field);
        assert_int_equal(field.dominance.coarse[1], zeros == 5); /* 4 of 20 are a fifth */
        assert_int_equal(state(&field, 0, 1), zeros == 5 ? DOMINANCE_UNDECIDED : DOMINANCE_YES);
        dominance_release(&field.dominance);
    }
}

static void arms_that_stopped_use_the_rounds_they_share(void **unused)
{
    (void)unused;
    struct field field;
    struct rng rng = rng_stream(4, "stopped", 0);
    field_init(&field, study_dims, 2, 3, 24);
    fill_exact(&field, 0, (double[]){80, 90, 100});
    fill(&field, &rng, 1, (double[]){0, 0, 0}, 0.02);
    for (size_t r = 10; r < 24; r++)
        *cell(&field, 1, 1, r) = NAN;
    *cell(&field, 1, 1, 3) = 0; /* no ratio */
    find(&field);
    assert_int_equal(dominance_at(&field.dominance, 0, 1)->n, 9);
    assert_int_equal(dominance_at(&field.dominance, 1, 2)->n, 9);
    assert_int_equal(dominance_at(&field.dominance, 0, 2)->n, 24);
    assert_int_equal(state(&field, 0, 2), DOMINANCE_YES);
    dominance_release(&field.dominance);
}

/* ---- the smallest cycle --------------------------------------------------------------------- */

static void the_smallest_cycle_is_kept_whole(void **unused)
{
    (void)unused;
    static const struct dominance_dim dims[] = {
        {.exact = true, .margin = 0.01}, {.margin = 0.05}, {.margin = 0.05}, {.margin = 0.05}};
    /* theta(a, b), theta(b, c), theta(c, a) is a rotation of (-1.5, .75, .75) margins. */
    static const double centre[3][3] = {{0, 0.075, 0.0375}, {0.0375, 0, 0.075}, {0.075, 0.0375, 0}};
    struct field field;
    struct rng rng = rng_stream(5, "cycle", 0);
    field_init(&field, dims, 4, 3, 40);
    for (size_t m = 0; m < 3; m++)
        fill(&field, &rng, m + 1, centre[m], 0.005);
    /* Row m: arms a, b, c.  Check the rotation itself before trusting the test. */
    for (size_t m = 0; m < 3; m++) {
        double edges[3] = {centre[m][0] - centre[m][1], centre[m][1] - centre[m][2],
                           centre[m][2] - centre[m][0]};
        size_t strict = 0;
        for (size_t e = 0; e < 3; e++)
            strict += edges[e] < -0.05;
        assert_int_equal(strict, 1);
    }
    find(&field);
    assert_int_equal(state(&field, 0, 1), DOMINANCE_YES);
    assert_int_equal(state(&field, 1, 2), DOMINANCE_YES);
    assert_int_equal(state(&field, 2, 0), DOMINANCE_YES);
    bool dominates[9], kept[3];
    uint32_t dominator[3];
    for (size_t i = 0; i < 9; i++)
        dominates[i] = field.dominance.pairs[i].state == DOMINANCE_YES;
    assert_int_equal(kernel_find(dominates, 3, kept, dominator, NULL, &field.err), RC_OK);
    assert_true(kept[0] && kept[1] && kept[2]);
    dominance_release(&field.dominance);
}

/* ---- looks ---------------------------------------------------------------------------------- */

static void schedules(void **unused)
{
    (void)unused;
    struct record_protocol looks = protocol;
    looks.stopping = STOPPING_LOOKS;
    looks.looks[0] = 16;
    looks.looks[1] = 24;
    looks.looks[2] = 40;
    looks.look_count = 3;
    static const struct {
        size_t rounds, count;
        uint32_t at[3];
    } cases[] = {{0, 0, {0}},           {1, 1, {1}},           {15, 1, {15}},
                 {16, 1, {16}},         {20, 2, {16, 20}},     {24, 2, {16, 24}},
                 {25, 3, {16, 24, 25}}, {40, 3, {16, 24, 40}}, {99, 3, {16, 24, 40}}};
    static const double alphas[] = {0.01, 0.015, 0.025};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct dominance_schedule schedule = dominance_schedule_of(&looks, cases[i].rounds);
        assert_int_equal(schedule.count, cases[i].count);
        for (size_t k = 0; k < schedule.count; k++) {
            assert_int_equal(schedule.looks[k].rounds, cases[i].at[k]);
            assert_near(schedule.looks[k].alpha, alphas[k]);
        }
        assert_int_equal(schedule.last, 40);
    }
    struct dominance_schedule fixed = dominance_schedule_of(&protocol, 7);
    assert_int_equal(fixed.count, 1);
    assert_int_equal(fixed.looks[0].rounds, 7);
    assert_near(fixed.looks[0].alpha, 0.05);
    struct record_protocol until = protocol;
    until.stopping = STOPPING_UNTIL;
    assert_true(dominance_schedule_of(&until, 7).anytime);
    /* Design figures: 66 pairs need 11 rounds with all of alpha, 13 with a fifth of it. */
    assert_int_equal(dominance_rounds_min(&protocol, 66), 11);
    assert_int_equal(dominance_rounds_min(&looks, 66), 13);
    assert_int_equal(dominance_rounds_min(&until, 66), 11);
    assert_int_equal(dominance_rounds_min(&protocol, 1), 5);
    looks.alpha = 0;
    assert_int_equal(dominance_rounds_min(&looks, 1), SIZE_MAX);
}

/* What was decided at 16 rounds is not taken back at 24, whatever came after. */
static void a_decision_stays(void **unused)
{
    (void)unused;
    struct record_protocol looks = protocol;
    looks.stopping = STOPPING_LOOKS;
    looks.looks[0] = 16;
    looks.looks[1] = 24;
    looks.look_count = 2;
    struct field field;
    struct rng rng = rng_stream(6, "stays", 0);
    field_init(&field, study_dims, 2, 2, 24);
    fill_exact(&field, 0, (double[]){90, 100});
    fill(&field, &rng, 1, (double[]){0, 0}, 0.01);
    for (size_t r = 16; r < 24; r++)
        *cell(&field, 0, 1, r) *= 2;
    field.input.schedule = dominance_schedule_of(&looks, 24);
    find(&field);
    const struct dominance_pair *pair = dominance_at(&field.dominance, 0, 1);
    assert_int_equal(pair->state, DOMINANCE_YES);
    assert_int_equal(pair->look, 1);
    assert_int_equal(pair->n, 16);
    /* The same data with one look say nothing of the kind. */
    field.input.schedule = dominance_schedule_of(&protocol, 24);
    find(&field);
    assert_int_equal(state(&field, 0, 1), DOMINANCE_UNDECIDED);
    dominance_release(&field.dominance);
}

static void anytime_decides_later_and_the_same(void **unused)
{
    (void)unused;
    struct record_protocol until = protocol;
    until.stopping = STOPPING_UNTIL;
    struct field field;
    struct rng rng = rng_stream(7, "until", 0);
    field_init(&field, study_dims, 2, 3, 40);
    fill_exact(&field, 0, (double[]){80, 90, 100});
    fill(&field, &rng, 1, (double[]){0, 0.3, 0}, 0.02);
    size_t first[2] = {0, 0};
    for (size_t n = 1; n <= 40; n++) {
        for (size_t mode = 0; mode < 2; mode++) {
            field.input.schedule = dominance_schedule_of(mode == 0 ? &protocol : &until, n);
            find(&field);
            if (state(&field, 0, 2) == DOMINANCE_YES && first[mode] == 0)
                first[mode] = n;
            assert_int_not_equal(state(&field, 1, 2), DOMINANCE_YES);
        }
    }
    assert_true(first[0] >= 5 && first[0] <= 16);
    assert_true(first[1] >= first[0] && first[1] <= 40);
    assert_int_equal(state(&field, 1, 2), DOMINANCE_NOT);
    dominance_release(&field.dominance);
}

/* ---- size and power ------------------------------------------------------------------------- */

static bool any_out(struct field *field)
{
    bool dominates[ARMS_MAX * ARMS_MAX], kept[ARMS_MAX];
    uint32_t dominator[ARMS_MAX];
    size_t arms = field->input.arms;
    for (size_t i = 0; i < arms * arms; i++)
        dominates[i] = field->dominance.pairs[i].state == DOMINANCE_YES;
    assert_int_equal(kernel_find(dominates, arms, kept, dominator, NULL, &field->err), RC_OK);
    for (size_t a = 0; a < arms; a++) {
        if (!kept[a])
            return true;
    }
    return false;
}

/* Studies of six strategies none of which dominates another; share of those that lose one. */
static double false_out(const char *name, const double *bytes, const double *centre, int studies)
{
    struct record_protocol looks = protocol;
    looks.stopping = STOPPING_LOOKS;
    looks.looks[0] = 12;
    looks.looks[1] = 16;
    looks.looks[2] = 24;
    looks.look_count = 3;
    int wrong = 0;
    for (int i = 0; i < studies; i++) {
        struct field field;
        struct rng rng = rng_stream(8, name, (uint64_t)i);
        field_init(&field, study_dims, 4, 6, 24);
        field.input.schedule = dominance_schedule_of(&looks, 24);
        fill_exact(&field, 0, bytes);
        for (size_t m = 1; m < 4; m++)
            fill(&field, &rng, m, centre, 0.05);
        find(&field);
        wrong += any_out(&field);
        dominance_release(&field.dominance);
    }
    return (double)wrong / studies;
}

static void size_is_within_alpha(void **unused)
{
    (void)unused;
    static const double equal[6] = {100, 100, 100, 100, 100, 100}, none[6] = {0};
    assert_true(false_out("equal", equal, none, 2000) <= 0.05);
}

/* The boundary: each saves bytes and is slower by exactly the margin than the next larger. */
static void size_at_the_boundary(void **unused)
{
    (void)unused;
    static const double bytes[6] = {50, 60, 70, 80, 90, 100};
    double centre[6];
    for (size_t a = 0; a < 6; a++)
        centre[a] = (double)(5 - a) * 0.048790164169432;
    double share = false_out("boundary", bytes, centre, 1000);
    /* 0.05 plus three standard errors of 1000 studies. */
    assert_true(share <= 0.05 + 3.1 * sqrt(0.05 * 0.95 / 1000));
}

/* One pair on the boundary is the worst case there is: not above alpha, and near it. */
static void size_of_one_pair_is_alpha(void **unused)
{
    (void)unused;
    enum { STUDIES = 4000 };
    int wrong = 0;
    for (int i = 0; i < STUDIES; i++) {
        struct field field;
        struct rng rng = rng_stream(13, "one pair", (uint64_t)i);
        field_init(&field, study_dims, 2, 2, 20);
        fill_exact(&field, 0, (double[]){90, 100});
        fill(&field, &rng, 1, (double[]){study_dims[1].margin, 0}, 0.05);
        find(&field);
        wrong += state(&field, 0, 1) == DOMINANCE_YES;
        dominance_release(&field.dominance);
    }
    double share = (double)wrong / STUDIES;
    assert_true(share <= 0.05 + 3.1 * sqrt(0.05 * 0.95 / STUDIES));
    assert_true(share >= 0.035);
}

static void power_is_there(void **unused)
{
    (void)unused;
    int found = 0, confirmed = 0;
    enum { STUDIES = 200 };
    for (int i = 0; i < STUDIES; i++) {
        struct field field;
        struct rng rng = rng_stream(9, "power", (uint64_t)i);
        field_init(&field, study_dims, 4, 3, 24);
        fill_exact(&field, 0, (double[]){90, 100, 100});
        for (size_t m = 1; m < 4; m++)
            fill(&field, &rng, m, (double[]){0, 0, 0.2}, 0.02);
        find(&field);
        found += state(&field, 0, 1) == DOMINANCE_YES && state(&field, 0, 2) == DOMINANCE_YES;
        confirmed += state(&field, 2, 1) == DOMINANCE_NOT;
        dominance_release(&field.dominance);
    }
    assert_true(found >= STUDIES * 95 / 100);
    assert_true(confirmed >= STUDIES * 99 / 100);
}

/* ---- invariances ---------------------------------------------------------------------------- */

static void make_mixed(struct field *field, uint64_t seed, const uint32_t *order)
{
    static const double bytes[5] = {70, 80, 80, 95, 100};
    static const double centre[3][5] = {
        {0.1, 0, 0.02, -0.05, 0}, {0, 0.02, 0, 0.3, 0}, {0.3, 0, 0.1, 0, 0.02}};
    struct field plain;
    struct rng rng = rng_stream(10, "mixed", seed);
    field_init(&plain, study_dims, 4, 5, 20);
    fill_exact(&plain, 0, bytes);
    for (size_t m = 0; m < 3; m++)
        fill(&plain, &rng, m + 1, centre[m], 0.02);
    field_init(field, study_dims, 4, 5, 20);
    for (size_t a = 0; a < 5; a++)
        memcpy(cell(field, a, 0, 0), cell(&plain, order[a], 0, 0), 4 * 20 * sizeof(double));
}

static void relabelling_arms_permutes_the_answer(void **unused)
{
    (void)unused;
    static const uint32_t same[5] = {0, 1, 2, 3, 4};
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct field plain, mixed;
        uint32_t order[5];
        struct rng rng = rng_stream(11, "order", seed);
        rng_permutation(&rng, order, 5);
        make_mixed(&plain, seed, same);
        make_mixed(&mixed, seed, order);
        find(&plain);
        find(&mixed);
        for (size_t a = 0; a < 5; a++) {
            for (size_t b = 0; b < 5; b++) {
                const struct dominance_pair *x = dominance_at(&mixed.dominance, a, b);
                const struct dominance_pair *y = dominance_at(&plain.dominance, order[a], order[b]);
                assert_int_equal(x->state, y->state);
                assert_true(x->p_dom == y->p_dom && x->p_not == y->p_not);
            }
        }
        dominance_release(&plain.dominance);
        dominance_release(&mixed.dominance);
    }
}

static void units_do_not_matter(void **unused)
{
    (void)unused;
    static const uint32_t same[5] = {0, 1, 2, 3, 4};
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct field plain, scaled;
        make_mixed(&plain, seed, same);
        make_mixed(&scaled, seed, same);
        for (size_t i = 0; i < 5 * 4 * 20; i++)
            scaled.values[i] *= 1e6;
        find(&plain);
        find(&scaled);
        for (size_t i = 0; i < 25; i++) {
            const struct dominance_pair *x = &plain.dominance.pairs[i];
            const struct dominance_pair *y = &scaled.dominance.pairs[i];
            assert_int_equal(x->state, y->state);
            assert_true(fabs(x->p_dom - y->p_dom) < 1e-9);
        }
        dominance_release(&plain.dominance);
        dominance_release(&scaled.dominance);
    }
}

/* Both directions never hold, whatever the data. */
static void dominance_is_asymmetric(void **unused)
{
    (void)unused;
    static const uint32_t same[5] = {0, 1, 2, 3, 4};
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct field field;
        make_mixed(&field, seed, same);
        find(&field);
        for (size_t a = 0; a < 5; a++) {
            for (size_t b = 0; b < 5; b++)
                assert_false(state(&field, a, b) == DOMINANCE_YES &&
                             state(&field, b, a) == DOMINANCE_YES);
        }
        dominance_release(&field.dominance);
    }
}

/* ---- rounds needed -------------------------------------------------------------------------- */

static void needs_are_about_right(void **unused)
{
    (void)unused;
    struct field field;
    struct rng rng = rng_stream(12, "need", 0);
    struct dominance_need need;
    field_init(&field, study_dims, 2, 3, 8);
    fill_exact(&field, 0, (double[]){80, 100, 100});
    fill(&field, &rng, 1, (double[]){0, 0, 0.04}, 0.1);
    find(&field);
    assert_int_equal(state(&field, 0, 1), DOMINANCE_UNDECIDED);
    assert_int_equal(dominance_need(&field.dominance, &field.input, 0, 1, &need, &field.err),
                     RC_OK);
    assert_true(need.yes > 8 && need.yes < 2000);
    /* Decided pairs need nothing that rounds could give. */
    assert_int_equal(dominance_need(&field.dominance, &field.input, 1, 0, &need, &field.err),
                     RC_OK);
    assert_true(need.yes == SIZE_MAX && need.no == SIZE_MAX);
    dominance_release(&field.dominance);
}

static void nothing_to_compare(void **unused)
{
    (void)unused;
    struct field field;
    field_init(&field, study_dims, 2, 2, 0);
    find(&field);
    assert_int_equal(state(&field, 0, 1), DOMINANCE_UNDECIDED);
    dominance_release(&field.dominance);
    field_init(&field, study_dims, 0, 3, 5);
    find(&field);
    assert_int_equal(state(&field, 0, 1), DOMINANCE_NOT); /* no metric: nobody is better */
    dominance_release(&field.dominance);
    field_init(&field, study_dims, 2, 0, 0);
    find(&field);
    dominance_release(&field.dominance);
    dominance_release(&field.dominance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_metrics_need_no_test),
        cmocka_unit_test(a_worse_exact_metric_is_not_for_certain),
        cmocka_unit_test(p_values_by_hand),
        cmocka_unit_test(equal_strategies_are_confirmed_to_gain_nothing),
        cmocka_unit_test(more_may_be_better),
        cmocka_unit_test(a_coarse_metric_is_not_tested),
        cmocka_unit_test(arms_that_stopped_use_the_rounds_they_share),
        cmocka_unit_test(the_smallest_cycle_is_kept_whole),
        cmocka_unit_test(schedules),
        cmocka_unit_test(a_decision_stays),
        cmocka_unit_test(anytime_decides_later_and_the_same),
        cmocka_unit_test(size_is_within_alpha),
        cmocka_unit_test(size_at_the_boundary),
        cmocka_unit_test(size_of_one_pair_is_alpha),
        cmocka_unit_test(power_is_there),
        cmocka_unit_test(relabelling_arms_permutes_the_answer),
        cmocka_unit_test(units_do_not_matter),
        cmocka_unit_test(dominance_is_asymmetric),
        cmocka_unit_test(needs_are_about_right),
        cmocka_unit_test(nothing_to_compare),
    };
    return cmocka_run_group_tests_name("dominance", tests, NULL, NULL);
}
