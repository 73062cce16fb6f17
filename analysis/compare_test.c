/* compare_test.c: the two sides of a row, and the unpaired test of two records. */
#include <math.h>
#include <stdlib.h>

#include "analysis/compare_parts.h"
#include "analysis/multiple.h"
#include "analysis/order.h"
#include "analysis/ranksum.h"

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory to test the differences");
}

/* Finite values over the rounds that count, in units of `control` where it is an arm; returns how
 * many.  *positive stays true when every one is above 0. */
static size_t take_values(const struct rounds *rounds, size_t arm, size_t control, size_t place,
                          enum metric metric, double *out, bool *positive)
{
    size_t n = 0;
    for (size_t r = 0; r < rounds->count; r++) {
        double value = rounds_value(rounds, arm, place, metric, r);
        double unit = control == SUMMARY_NONE ? 1 : rounds_value(rounds, control, place, metric, r);
        if (!isfinite(value) || !isfinite(unit))
            continue;
        *positive = *positive && value > 0 && unit > 0;
        out[n++] = unit == 0 ? 0 : value / unit;
    }
    return n;
}

/* ---- sides ---------------------------------------------------------------------------------- */

/* Of what is shown beside a median, whatever alpha the table is tested at. */
#define SIDE_CONFIDENCE 0.95

static enum rc fill_side(const struct rounds *rounds, size_t arm, size_t place, enum metric metric,
                         struct compare_side *side, struct err *err)
{
    struct order_interval order;
    bool positive = true;
    double *values = calloc(rounds->count + 1, sizeof(*values));
    if (values == NULL)
        return out_of_memory(err);
    enum rc rc = RC_OK;
    size_t n = take_values(rounds, arm, SUMMARY_NONE, place, metric, values, &positive);
    *side = (struct compare_side){.n = n, .median = NAN, .half = NAN};
    if (n != 0) {
        stats_sort(values, n);
        side->median = stats_median(values, n);
        rc = order_interval(values, n, 0.5, SIDE_CONFIDENCE, &order, err);
        if (rc == RC_OK)
            side->half = fabs((order.interval.high - order.interval.low) / 2 / side->median);
        if (metric_table[metric].kind == COUNTER || side->median == 0)
            side->half = 0;
    }
    free(values);
    return rc;
}

enum rc compare_sides(struct compare *compare, struct compare_row *row, struct err *err)
{
    const struct rounds *after = &compare->rounds[compare->paired ? 0 : 1];
    enum rc rc = fill_side(&compare->rounds[0], row->arm_old, row->place_old, row->metric,
                           &row->before, err);
    if (rc == RC_OK)
        rc = fill_side(after, row->arm_new, row->place_new, row->metric, &row->after, err);
    return rc;
}

/* ---- two records ---------------------------------------------------------------------------- */

/* The control whose rounds are the unit of this row, or SUMMARY_NONE: not for the control itself,
 * whose own row shows what the machine did, and not where a gate's builds have one each. */
static size_t unit_of(const struct summary *summary, const struct rounds *rounds, size_t arm,
                      size_t place, enum metric metric)
{
    size_t control = summary->control;
    if (control == SUMMARY_NONE || control == arm || !summary->arms[control].valid ||
        summary->record->manifest.build_count != 0)
        return SUMMARY_NONE;
    for (size_t r = 0; r < rounds->count; r++) {
        if (isfinite(rounds_value(rounds, control, place, metric, r)) &&
            isfinite(rounds_value(rounds, arm, place, metric, r)))
            return control;
    }
    return SUMMARY_NONE;
}

struct samples {
    double *x, *y; /* new, old */
    size_t m, n;
    bool logs;
};

static void take_samples(const struct compare *compare, struct compare_row *row,
                         struct samples *samples)
{
    const struct rounds *old = &compare->rounds[0], *new = &compare->rounds[1];
    size_t unit_old = unit_of(compare->before, old, row->arm_old, row->place_old, row->metric);
    size_t unit_new = unit_of(compare->after, new, row->arm_new, row->place_new, row->metric);
    if (unit_old == SUMMARY_NONE || unit_new == SUMMARY_NONE)
        unit_old = unit_new = SUMMARY_NONE;
    row->in_control_units = unit_old != SUMMARY_NONE;
    samples->logs = true;
    samples->m = take_values(new, row->arm_new, unit_new, row->place_new, row->metric, samples->x,
                             &samples->logs);
    samples->n = take_values(old, row->arm_old, unit_old, row->place_old, row->metric, samples->y,
                             &samples->logs);
    for (size_t i = 0; i < samples->m && samples->logs; i++)
        samples->x[i] = log(samples->x[i]);
    for (size_t i = 0; i < samples->n && samples->logs; i++)
        samples->y[i] = log(samples->y[i]);
}

static enum rc test_row(const struct compare *compare, struct compare_row *row,
                        struct samples *samples, struct err *err)
{
    struct ranksum test;
    struct interval shift;
    take_samples(compare, row, samples);
    row->label = CLAIM_DESCRIPTIVE;
    if (samples->m == 0 || samples->n == 0)
        return RC_OK;
    enum rc rc = ranksum_test(samples->x, samples->m, samples->y, samples->n, &test, err);
    if (rc != RC_OK)
        return rc;
    row->p = test.p_two;
    if (!samples->logs)
        return RC_OK; /* zeros have no ratio: the change of the medians stays */
    rc = ranksum_interval(samples->x, samples->m, samples->y, samples->n, 1 - compare->alpha,
                          &shift, err);
    if (rc == RC_OK) {
        row->ratio = (struct interval){exp(shift.estimate), exp(shift.low), exp(shift.high),
                                       shift.coverage, shift.n};
        row->change = expm1(shift.estimate);
    }
    return rc;
}

/* ln of the smallest two-sided p that m + n values can give: one of the two extreme orders. */
static double least_log_p(size_t m, size_t n)
{
    double x = (double)m, y = (double)n;
    return log(2) - (lgamma(x + y + 1) - lgamma(x + 1) - lgamma(y + 1));
}

static void decide(struct compare *compare)
{
    double limit = compare->hypotheses ? log(compare->alpha / (double)compare->hypotheses) : 0;
    compare->rounds_least = 1;
    while (compare->rounds_least < RANKSUM_MAX / 2 &&
           least_log_p(compare->rounds_least, compare->rounds_least) > limit)
        compare->rounds_least++;
    for (size_t i = 0; i < compare->row_count; i++) {
        struct compare_row *row = &compare->rows[i];
        if (compare_is_counter(row))
            continue;
        row->too_few = isnan(row->p) || least_log_p(row->after.n, row->before.n) > limit;
        if (!(row->p_adjusted <= compare->alpha) || isnan(row->change) || row->change == 0)
            row->verdict = COMPARE_SAME;
        else if (metric_table[row->metric].better == NEITHER)
            row->verdict = COMPARE_CHANGED;
        else
            row->verdict = (row->change < 0) == (metric_table[row->metric].better == LOWER)
                               ? COMPARE_BETTER
                               : COMPARE_WORSE;
    }
}

enum rc compare_test_records(struct compare *compare, struct err *err)
{
    size_t most = compare->rounds[0].count > compare->rounds[1].count ? compare->rounds[0].count
                                                                      : compare->rounds[1].count;
    struct samples samples = {.x = calloc(most + 1, sizeof(double)),
                              .y = calloc(most + 1, sizeof(double))};
    double *p = calloc(compare->row_count + 1, sizeof(*p));
    enum rc rc = samples.x && samples.y && p ? RC_OK : out_of_memory(err);
    for (size_t i = 0; i < compare->row_count && rc == RC_OK; i++) {
        struct compare_row *row = &compare->rows[i];
        p[i] = 2; /* no hypothesis */
        if (compare_is_counter(row))
            continue;
        rc = test_row(compare, row, &samples, err);
        if (!isnan(row->p)) {
            p[i] = row->p;
            compare->hypotheses++;
        }
    }
    if (rc == RC_OK)
        rc = multiple_holm(p, compare->row_count, p, err);
    for (size_t i = 0; i < compare->row_count && rc == RC_OK; i++) {
        if (p[i] <= 1)
            compare->rows[i].p_adjusted = p[i];
    }
    if (rc == RC_OK)
        decide(compare);
    free(samples.x);
    free(samples.y);
    free(p);
    return rc;
}
