/* frontier_guard.c: guardrails: which timings are held against the control's, and the verdicts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/eprocess.h"
#include "analysis/frontier_build.h"
#include "analysis/planning.h"

/* ---- what is guarded ------------------------------------------------------------------------ */

/* Critical operations: reading one blob and updating one. */
static bool is_guarded(const struct summary_place *place)
{
    if (place->scope != PHASE)
        return false;
    static const char *const workloads[] = {"read_point", "update_point", "update"};
    for (size_t i = 0; i < COUNT_OF(workloads); i++) {
        if (strcmp(place->phase->workload, workloads[i]) == 0)
            return true;
    }
    return false;
}

/* p95 over all operations, or over those on blobs of one class of sizes. */
static bool is_guarded_metric(enum metric metric)
{
    return metric == M_P95_NS || (metric_table[metric].scope == PHASE &&
                                  strncmp(metric_table[metric].name, "p95_", 4) == 0);
}

static enum rc add_guard(struct frontier *frontier, size_t place, enum metric metric,
                         struct err *err)
{
    const struct summary *summary = frontier->summary;
    double base = summary_median(summary, summary->control, place, metric);
    if (!(base > 0))
        return RC_OK;
    if (frontier->guard_count == FRONTIER_GUARDS_MAX)
        return FAIL(err, RC_USAGE, 0, "more than %d guarded timings", FRONTIER_GUARDS_MAX);
    double again = summary->control_again == SUMMARY_NONE
                       ? NAN
                       : summary_median(summary, summary->control_again, place, metric);
    frontier->guards[frontier->guard_count++] =
        (struct frontier_guard){metric, place, base * (1 + frontier->guardrail), again / base - 1};
    return RC_OK;
}

static enum rc add_guards(struct frontier *frontier, struct err *err)
{
    const struct summary *summary = frontier->summary;
    if (summary->control == SUMMARY_NONE || !summary->arms[summary->control].valid)
        return frontier_note(frontier, err,
                             "%s: nothing to hold guardrails against, no percentages",
                             summary->control == SUMMARY_NONE ? "the study has no control"
                                                              : "the control is INVALID");
    enum rc rc = RC_OK;
    for (size_t p = 0; p < summary->place_count && rc == RC_OK; p++) {
        if (!is_guarded(&summary->places[p]))
            continue;
        if (!(summary_median(summary, summary->control, p, M_P95_NS) > 0)) {
            rc = frontier_note(frontier, err, "no guardrail on %s: the control has no p95 there",
                               summary->places[p].name);
            continue;
        }
        for (enum metric m = 0; m < METRIC_COUNT && rc == RC_OK; m++) {
            if (is_guarded_metric(m))
                rc = add_guard(frontier, p, m, err);
        }
    }
    if (rc == RC_OK && frontier->guard_count == 0)
        rc = frontier_note(frontier, err,
                           "no guardrail could be checked: no phase that reads single "
                           "blobs or updates has a p95");
    return rc;
}

static const char *class_of(enum metric metric)
{
    switch (metric) {
    case M_P95_4K_NS: return " (blobs up to 4 KiB)";
    case M_P95_64K_NS: return " (blobs of 4 to 64 KiB)";
    case M_P95_1M_NS: return " (blobs of 64 KiB to 1 MiB)";
    case M_P95_LARGE_NS: return " (blobs above 1 MiB)";
    default: return "";
    }
}

static void put_guard(const struct frontier *frontier, size_t guard, struct text *text)
{
    const struct frontier_guard *info = &frontier->guards[guard];
    text_put(text, "p95 of ");
    text_put(text, frontier->summary->places[info->place].name);
    text_put(text, class_of(info->metric));
}

enum rc frontier_guard_print(const struct frontier *frontier, size_t guard, struct buf *out,
                             struct err *err)
{
    CHECK(guard < frontier->guard_count);
    struct text text = text_to(out, err);
    put_guard(frontier, guard, &text);
    return text.rc;
}

/* ---- by medians ----------------------------------------------------------------------------- */

/* No test, only modesty: what one more round may turn over is said to be close. */
static bool is_close(const struct frontier *frontier, size_t arm,
                     const struct frontier_guard *guard, double base)
{
    const struct stats *p95 = summary_cell(frontier->summary, arm, guard->place, guard->metric);
    if (p95->n == 0 || arm == frontier->summary->control)
        return false;
    bool both_sides = p95->min <= guard->limit_ns && p95->max > guard->limit_ns;
    return both_sides || fabs(p95->median - guard->limit_ns) < base * fabs(guard->noise);
}

/* A verdict is close when what decides it is: any guardrail that holds by a hair, but of broken
 * ones all of them, because one broken for certain is enough. */
static bool verdict_is_close(const struct frontier *frontier, const struct frontier_arm *judged)
{
    bool any = false, certain = false;
    for (size_t g = 0; g < frontier->guard_count; g++) {
        bool broken = judged->guard_percent[g] > 100 * (1 + frontier->guardrail);
        any = any || judged->guard_close[g];
        certain = certain || (broken && !judged->guard_close[g]);
    }
    return judged->guardrail == GUARDRAIL_BROKEN ? any && !certain : any;
}

/* Percentages always; the verdict of medians; the guard nearest to its limit, or furthest over. */
static enum guardrail_state judge_medians(struct frontier *frontier, size_t arm)
{
    const struct summary *summary = frontier->summary;
    struct frontier_arm *judged = &frontier->arms[arm];
    enum guardrail_state state = frontier->guard_count == 0 ? GUARDRAIL_UNKNOWN : GUARDRAIL_HOLDS;
    for (size_t g = 0; g < frontier->guard_count; g++) {
        const struct frontier_guard *guard = &frontier->guards[g];
        double value = summary_median(summary, arm, guard->place, guard->metric);
        double base = summary_median(summary, summary->control, guard->place, guard->metric);
        judged->guard_percent[g] = 100 * value / base;
        judged->guard_close[g] = is_close(frontier, arm, guard, base);
        /* "At most" includes the limit itself, whatever 1 + guardrail was rounded to. */
        if (value > guard->limit_ns * (1 + 1e-12))
            state = GUARDRAIL_BROKEN;
        else if (!isfinite(value) && state == GUARDRAIL_HOLDS)
            state = GUARDRAIL_UNKNOWN;
        if (judged->guard_percent[g] > judged->guard_percent[judged->guard_decides])
            judged->guard_decides = g;
    }
    return state;
}

/* ---- by test -------------------------------------------------------------------------------- */

struct judge {
    struct frontier *frontier;
    size_t arm;
    double limit; /* ln(1 + guardrail) */
    double *d;
    struct err *err;
};

struct guard_p {
    double below, above; /* p against theta >= limit, against theta <= limit */
    size_t n;
};

static enum rc test_guard(const struct judge *judge, size_t g, size_t rounds, struct guard_p *out)
{
    const struct frontier *frontier = judge->frontier;
    const struct frontier_guard *guard = &frontier->guards[g];
    size_t n = rounds_pair(&frontier->rounds, judge->arm, frontier->summary->control, guard->place,
                           guard->metric, rounds, judge->d);
    size_t zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += judge->d[i] == 0;
    *out = (struct guard_p){1, 1, n};
    if (n == 0 || 5 * zeros > n) /* nothing to test, or a clock too coarse to */
        return RC_OK;
    if (frontier->schedule.anytime) {
        out->below = eprocess_p(judge->d, n, judge->limit, false);
        out->above = eprocess_p(judge->d, n, judge->limit, true);
        return RC_OK;
    }
    struct signrank found;
    enum rc rc = signrank_test(judge->d, n, judge->limit, &found, judge->err);
    if (rc == RC_OK) {
        out->below = found.p_less;
        out->above = found.p_greater;
    }
    return rc;
}

/* One look: all must be below the limit, or one of them above, of as many as there are. */
static enum rc judge_look(const struct judge *judge, size_t look, size_t *decided)
{
    struct frontier *frontier = judge->frontier;
    struct frontier_arm *judged = &frontier->arms[judge->arm];
    double bound = frontier->schedule.looks[look].alpha / (double)frontier->judged;
    double hold = 0, broken = 1;
    size_t weakest = 0, worst = 0;
    for (size_t g = 0; g < frontier->guard_count; g++) {
        struct guard_p p;
        enum rc rc = test_guard(judge, g, frontier->schedule.looks[look].rounds, &p);
        if (rc != RC_OK)
            return rc;
        /* Equally sure: the slower one is what a reader wants to see. */
        if (p.below > hold || (p.below == hold && judged->guard_ratio[g].estimate >
                                                      judged->guard_ratio[weakest].estimate)) {
            hold = p.below;
            weakest = g;
        }
        if (p.above < broken) {
            broken = p.above;
            worst = g;
        }
    }
    broken *= (double)frontier->guard_count;
    judged->guard_decides = broken < hold ? worst : weakest;
    if (hold <= bound || broken <= bound) {
        judged->guardrail = hold <= bound ? GUARDRAIL_HOLDS : GUARDRAIL_BROKEN;
        judged->guard_decides = hold <= bound ? weakest : worst;
        *decided = look + 1;
    }
    return RC_OK;
}

#define POWER 0.8

/* All below the limit: until the slowest of them is confirmed.  Else until one is above it. */
static enum rc guard_need(const struct judge *judge, struct err *err)
{
    struct frontier *frontier = judge->frontier;
    struct frontier_arm *judged = &frontier->arms[judge->arm];
    double alpha = frontier->schedule.next / (double)frontier->judged;
    size_t below = 0, above = SIZE_MAX, have = frontier->rounds_tested;
    for (size_t g = 0; g < frontier->guard_count; g++) {
        const struct frontier_guard *guard = &frontier->guards[g];
        size_t n = rounds_pair(&frontier->rounds, judge->arm, frontier->summary->control,
                               guard->place, guard->metric, have, judge->d);
        double spread = 0, away = NAN;
        if (n != 0) {
            struct interval centre;
            enum rc rc = signrank_interval(judge->d, n, 0.95, &centre, err);
            if (rc == RC_OK)
                rc = planning_spread(judge->d, n, &spread, err);
            if (rc != RC_OK)
                return rc;
            away = centre.estimate - judge->limit;
        }
        size_t hold = away < 0 ? planning_rounds(spread, -away, alpha, POWER) : SIZE_MAX;
        below = hold > below ? hold : below;
        if (away > 0) {
            size_t breaks =
                planning_rounds(spread, away, alpha / (double)frontier->guard_count, POWER);
            above = breaks < above ? breaks : above;
        }
    }
    size_t need = below < above ? below : above;
    size_t more = have + have / 4 + 1; /* what should be decided by now and is not */
    judged->guard_rounds_needed = need > more ? need : more;
    return RC_OK;
}

static enum rc judge_tested(struct judge *judge, size_t *look)
{
    struct frontier *frontier = judge->frontier;
    struct frontier_arm *judged = &frontier->arms[judge->arm];
    enum rc rc = RC_OK;
    judged->guardrail = GUARDRAIL_UNDECIDED;
    *look = 0;
    for (size_t k = 0; k < frontier->schedule.count && *look == 0 && rc == RC_OK; k++)
        rc = judge_look(judge, k, look);
    if (rc == RC_OK && *look == 0)
        rc = guard_need(judge, judge->err);
    return rc;
}

/* ---- claims --------------------------------------------------------------------------------- */

static enum rc say_guard(struct frontier *frontier, size_t arm, const char **out, struct err *err)
{
    struct buf line = {0};
    struct text text = text_to(&line, err);
    const struct frontier_arm *judged = &frontier->arms[arm];
    text_put(&text, judged->guardrail == GUARDRAIL_UNDECIDED ? "whether " : "");
    text_put(&text, frontier_label(frontier, arm));
    text_print(&text,
               frontier->descriptive ? ", by medians, %s the guardrail of %.4g %% on "
                                     : " %s the guardrail of %.4g %%; what decides is ",
               judged->guardrail == GUARDRAIL_BROKEN && frontier->descriptive ? "breaks" : "holds",
               100 * frontier->guardrail);
    put_guard(frontier, judged->guard_decides, &text);
    if (frontier->descriptive) {
        char percent[FORMAT_SIZE];
        text_print(&text, ", %s of the control's",
                   text_percent(percent, judged->guard_percent[judged->guard_decides]));
    }
    enum rc rc = text.rc;
    if (rc == RC_OK)
        rc = frontier_keep_text(frontier, &line, out, err);
    buf_release(&line);
    return rc;
}

static enum rc claim_guard(struct frontier *frontier, size_t arm, size_t look, struct err *err)
{
    struct frontier_arm *judged = &frontier->arms[arm];
    const struct frontier_guard *guard = &frontier->guards[judged->guard_decides];
    size_t limit = look == 0 ? frontier->rounds_tested : frontier->schedule.looks[look - 1].rounds;
    judged->guard_claim =
        (struct claim){.label = frontier->descriptive                   ? CLAIM_DESCRIPTIVE
                                : judged->guardrail == GUARDRAIL_HOLDS  ? CLAIM_CONFIRMED
                                : judged->guardrail == GUARDRAIL_BROKEN ? CLAIM_REFUTED
                                                                        : CLAIM_UNDECIDED,
                       .look = look,
                       .method = frontier->guard_method,
                       .alpha = frontier->schedule.alpha,
                       .rounds_needed = judged->guard_rounds_needed};
    enum rc rc = frontier_ratio(frontier, arm, frontier->summary->control, guard->place,
                                guard->metric, limit, &judged->guard_claim.ratio, err);
    frontier_claim_fit(&judged->guard_claim);
    return rc == RC_OK ? say_guard(frontier, arm, &judged->guard_claim.sentence, err) : rc;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static enum rc fill_ratios(struct frontier *frontier, size_t arm, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t g = 0; g < frontier->guard_count && rc == RC_OK; g++)
        rc = frontier_ratio(frontier, arm, frontier->summary->control, frontier->guards[g].place,
                            frontier->guards[g].metric, SIZE_MAX,
                            &frontier->arms[arm].guard_ratio[g], err);
    return rc;
}

static enum rc judge_arm(struct judge *judge, size_t arm)
{
    struct frontier *frontier = judge->frontier;
    const struct summary *summary = frontier->summary;
    enum guardrail_state state = judge_medians(frontier, arm);
    struct frontier_arm *judged = &frontier->arms[arm];
    size_t look = 0;
    if (!summary->arms[arm].valid || arm == summary->control)
        return RC_OK;
    enum rc rc = fill_ratios(frontier, arm, judge->err);
    if (rc != RC_OK || arm == summary->control_again || state == GUARDRAIL_UNKNOWN)
        return rc;
    judge->arm = arm;
    if (frontier->descriptive) {
        judged->guardrail = state;
        judged->close = verdict_is_close(frontier, judged);
    } else if (judged->eligible) {
        rc = judge_tested(judge, &look);
    }
    if (rc == RC_OK && judged->guardrail != GUARDRAIL_UNKNOWN)
        rc = claim_guard(frontier, arm, look, judge->err);
    return rc;
}

enum rc frontier_guard(struct frontier *frontier, struct err *err)
{
    for (size_t a = 0; a < frontier->arm_count; a++) {
        for (size_t g = 0; g < FRONTIER_GUARDS_MAX; g++)
            frontier->arms[a].guard_percent[g] = NAN;
    }
    enum rc rc = add_guards(frontier, err);
    struct judge judge = {.frontier = frontier,
                          .limit = log1p(frontier->guardrail),
                          .d = calloc(frontier->rounds.count + 1, sizeof(double)),
                          .err = err};
    if (rc == RC_OK && judge.d == NULL)
        rc = frontier_no_memory(err);
    for (size_t a = 0; a < frontier->arm_count && rc == RC_OK && frontier->guard_count != 0; a++)
        rc = judge_arm(&judge, a);
    free(judge.d);
    return rc;
}
