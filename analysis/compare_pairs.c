/* compare_pairs.c: two arms of one record, round by round. */
#include <math.h>
#include <stdlib.h>

#include "analysis/compare_parts.h"
#include "analysis/dominance.h"
#include "analysis/eprocess.h"
#include "analysis/multiple.h"
#include "analysis/planning.h"

#define PLAN_POWER 0.8

struct pairs {
    struct compare *compare;
    struct dominance_schedule schedule; /* no look at all in a study that has not come to one */
    size_t rounds;                      /* that are there */
    double *d;                          /* of one row, below 0: the second arm is better */
    double *p, *last;                   /* per row: of one look; adjusted at the last one */
};

static size_t differences(const struct pairs *pairs, const struct compare_row *row, size_t limit)
{
    return rounds_pair(&pairs->compare->rounds[0], row->arm_new, row->arm_old, row->place_old,
                       row->metric, limit, pairs->d);
}

/* Of too many rounds both values are equal: the clock is too coarse for this metric. */
static bool is_coarse(const double *d, size_t n)
{
    size_t zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += d[i] == 0;
    return 5 * zeros > n;
}

/* Two-sided p of a row in the first `limit` rounds; 2 when there is nothing to test. */
static enum rc test_row(const struct pairs *pairs, struct compare_row *row, size_t limit, double *p,
                        struct err *err)
{
    struct signrank test;
    size_t n = differences(pairs, row, limit);
    *p = 2;
    if (n == 0)
        return RC_OK;
    row->coarse = is_coarse(pairs->d, n);
    if (row->coarse)
        return RC_OK;
    if (pairs->schedule.anytime) {
        *p = fmin(1, 2 * fmin(eprocess_p(pairs->d, n, 0, true), eprocess_p(pairs->d, n, 0, false)));
        return RC_OK;
    }
    enum rc rc = signrank_test(pairs->d, n, 0, &test, err);
    if (rc == RC_OK)
        *p = test.p_two;
    return rc;
}

/* One look: all rows, Holm, and what it decides. */
static enum rc take_look(struct pairs *pairs, size_t look, struct err *err)
{
    struct compare *compare = pairs->compare;
    enum rc rc = RC_OK;
    compare->hypotheses = 0;
    for (size_t i = 0; i < compare->row_count && rc == RC_OK; i++) {
        struct compare_row *row = &compare->rows[i];
        pairs->p[i] = 2;
        if (compare_is_counter(row))
            continue;
        rc = test_row(pairs, row, pairs->schedule.looks[look].rounds, &pairs->p[i], err);
        compare->hypotheses += pairs->p[i] <= 1;
    }
    if (rc == RC_OK)
        rc = multiple_holm(pairs->p, compare->row_count, pairs->last, err);
    for (size_t i = 0; i < compare->row_count && rc == RC_OK; i++) {
        struct compare_row *row = &compare->rows[i];
        if (compare_is_counter(row) || row->label == CLAIM_CONFIRMED || pairs->p[i] > 1)
            continue;
        row->p = pairs->p[i];
        row->p_adjusted = pairs->last[i];
        row->look = look + 1;
        if (row->p_adjusted <= pairs->schedule.looks[look].alpha)
            row->label = CLAIM_CONFIRMED; /* of a difference; estimate() says which way */
    }
    return rc;
}

/* Two one-sided tests per timing. */
static double family_of(const struct pairs *pairs)
{
    size_t count = pairs->compare->hypotheses;
    return 2 * (double)(count == 0 ? 1 : count);
}

/* Would the most extreme data have been enough at any look taken? */
static bool could_decide(const struct pairs *pairs, const struct compare_row *row)
{
    double family = family_of(pairs);
    for (size_t k = 0; k < pairs->schedule.count; k++) {
        size_t n = differences(pairs, row, pairs->schedule.looks[k].rounds);
        if (n >= signrank_pairs_min(family, pairs->schedule.looks[k].alpha))
            return true;
    }
    return false;
}

/* Ratio new / old of d = +-ln of it. */
static struct interval ratio_of(struct interval d, bool higher)
{
    struct interval ratio = d;
    ratio.estimate = exp(higher ? -d.estimate : d.estimate);
    ratio.low = exp(higher ? -d.high : d.low);
    ratio.high = exp(higher ? -d.low : d.high);
    return ratio;
}

/* About how many rounds in all would decide the row, if its estimate of now is right. */
static enum rc plan_row(const struct pairs *pairs, struct compare_row *row, size_t n,
                        double distance, struct err *err)
{
    double spread, family = family_of(pairs);
    enum rc rc = planning_spread(pairs->d, n, &spread, err);
    if (rc != RC_OK)
        return rc;
    row->rounds_needed =
        planning_rounds(spread, fabs(distance), pairs->schedule.next / family, PLAN_POWER);
    if (row->rounds_needed < pairs->compare->rounds_least)
        row->rounds_needed = pairs->compare->rounds_least;
    /* Those there are did not do. */
    if (row->rounds_needed <= n)
        row->rounds_needed = n + 1;
    return RC_OK;
}

static enum rc estimate(const struct pairs *pairs, struct compare_row *row, struct err *err)
{
    const struct compare *compare = pairs->compare;
    struct interval d;
    bool decided = row->label == CLAIM_CONFIRMED;
    row->label = CLAIM_UNDECIDED;
    row->verdict = COMPARE_SAME;
    row->rounds_needed = SIZE_MAX;
    row->too_few = !could_decide(pairs, row);
    size_t look = row->look ? row->look : pairs->schedule.count;
    size_t n =
        differences(pairs, row, look ? pairs->schedule.looks[look - 1].rounds : pairs->rounds);
    if (n == 0) {
        row->label = CLAIM_DESCRIPTIVE; /* zeros, or rounds the two do not share: medians only */
        return RC_OK;
    }
    enum rc rc = pairs->schedule.anytime
                     ? eprocess_interval(pairs->d, n, 1 - compare->alpha, &d, err)
                     : signrank_interval(pairs->d, n, 1 - compare->alpha, &d, err);
    if (rc != RC_OK)
        return rc;
    row->ratio = ratio_of(d, metric_table[row->metric].better == HIGHER);
    row->change = row->ratio.estimate - 1;
    if (decided && d.estimate != 0) {
        row->label = d.estimate < 0 ? CLAIM_CONFIRMED : CLAIM_REFUTED;
        row->verdict = d.estimate < 0 ? COMPARE_BETTER : COMPARE_WORSE;
        return RC_OK;
    }
    if (row->coarse) {
        row->label = CLAIM_DESCRIPTIVE;
        return RC_OK;
    }
    return plan_row(pairs, row, n, d.estimate, err);
}

enum rc compare_test_arms(struct compare *compare, const struct record_protocol *protocol,
                          struct err *err)
{
    size_t rounds = compare->rounds[0].count, rows = compare->row_count;
    uint32_t next;
    struct pairs pairs = {
        .compare = compare,
        .schedule = dominance_schedule_of(
            protocol, record_claim_rounds(compare->before->record, (uint32_t)rounds, &next)),
        .rounds = rounds,
        .d = calloc(rounds + 1, sizeof(*pairs.d)),
        .p = calloc(rows + 1, sizeof(*pairs.p)),
        .last = calloc(rows + 1, sizeof(*pairs.last)),
    };
    enum rc rc = RC_OK;
    if (!pairs.d || !pairs.p || !pairs.last)
        rc = FAIL(err, RC_NOMEM, 0, "no memory to test the differences");
    for (size_t k = 0; k < pairs.schedule.count && rc == RC_OK; k++)
        rc = take_look(&pairs, k, err);
    if (rc == RC_OK)
        compare->rounds_least = dominance_rounds_min(protocol, 2 * compare->hypotheses);
    for (size_t i = 0; i < rows && rc == RC_OK; i++) {
        if (!compare_is_counter(&compare->rows[i]))
            rc = estimate(&pairs, &compare->rows[i], err);
    }
    free(pairs.d);
    free(pairs.p);
    free(pairs.last);
    return rc;
}
