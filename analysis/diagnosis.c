#include "analysis/diagnosis.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/looks.h"
#include "analysis/stats.h"
#include "analysis/text.h"
#include "engine/special.h"

/* Of each kind of test, over all metrics it is made of. */
#define ALPHA 0.01
/* The control against itself: a change of more than this would be a FAIL. */
#define SELF_DELTA 0.02
/* The first half of the reads may be this much slower or faster than the second. */
#define WARMUP_MARGIN 0.03
/* More voided rounds than this, per round that counts, are no accident. */
#define VOID_SHARE_MAX 0.25

struct builder {
    struct diagnosis *diagnosis;
    const struct frontier *frontier;
    double *d, *x;
    bool *first;
    size_t arm[2]; /* the control and its second run, or SUMMARY_NONE */
    struct err *err;
};

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory to diagnose the study");
}

static enum rc note_red(struct builder *builder, const char *fmt, ...) PRINTF_LIKE(2, 3);
static enum rc note_red(struct builder *builder, const char *fmt, ...)
{
    struct diagnosis *diagnosis = builder->diagnosis;
    char line[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    diagnosis->state = DIAGNOSIS_UNSTABLE;
    if (diagnosis->reason_count == DIAGNOSIS_REASONS_MAX)
        return RC_OK;
    char *copy = arena_strdup(&diagnosis->arena, line);
    if (copy == NULL)
        return out_of_memory(builder->err);
    diagnosis->reasons[diagnosis->reason_count++] = copy;
    return RC_OK;
}

/* ---- the control against itself ------------------------------------------------------------- */

static const struct frontier_key *info_of(const struct builder *builder,
                                          const struct diagnosis_key *key)
{
    return &builder->frontier->keys[key->key];
}

/* Either direction: the labels of the two are arbitrary. */
static enum rc judge_self(struct builder *builder, struct diagnosis_key *key)
{
    const struct looks looks = looks_fixed((uint32_t)key->n);
    double margin = builder->frontier->guardrail > SELF_DELTA ? builder->frontier->guardrail : 0.1;
    size_t keys = builder->diagnosis->key_count;
    struct looks_bounds bounds = {ALPHA / (2 * (double)keys), SELF_DELTA, margin};
    key->itself = LOOKS_UNDECIDED;
    for (int turn = 0; turn < 2 && key->itself != LOOKS_FAIL; turn++) {
        struct looks_state state;
        struct err found = {0};
        for (size_t i = 0; i < key->n && turn == 1; i++)
            builder->d[i] = -builder->d[i];
        enum rc rc = looks_judge(&looks, &bounds, builder->d, key->n, &state, &found);
        if (rc == RC_INVALID) { /* too coarse: said of the key already */
            key->itself = LOOKS_CONTINUE;
            break;
        }
        if (rc != RC_OK) {
            *builder->err = found;
            return rc;
        }
        if (turn == 0 || state.verdict != LOOKS_PASS)
            key->itself = state.verdict;
    }
    if (key->itself != LOOKS_FAIL)
        return RC_OK;
    char change[FORMAT_SIZE];
    return note_red(builder, "the control differs from itself in %s: %s",
                    info_of(builder, key)->name, text_change(change, key->again.estimate - 1));
}

static enum rc judge_order(struct builder *builder, struct diagnosis_key *key)
{
    size_t keys = builder->diagnosis->key_count;
    enum rc rc = drift_order_effect(builder->d, builder->first, key->n, 1 - ALPHA / (double)keys,
                                    &key->order, builder->err);
    if (rc != RC_OK || !(key->order.low > 0 || key->order.high < 0))
        return rc;
    char change[FORMAT_SIZE];
    return note_red(builder, "running first matters in %s: %s", info_of(builder, key)->name,
                    text_change(change, exp(key->order.estimate) - 1));
}

static enum rc judge_lag(struct builder *builder, struct diagnosis_key *key)
{
    double tail = ALPHA / (2 * (double)builder->diagnosis->key_count);
    key->lag1 = drift_lag1(builder->d, key->n);
    key->lag1_limit = special_normal_quantile(1 - tail) / sqrt((double)key->n);
    if (!(fabs(key->lag1) > key->lag1_limit))
        return RC_OK;
    return note_red(builder, "one round's noise goes on in the next in %s: correlation %.2f",
                    info_of(builder, key)->name, key->lag1);
}

static double value_of(const struct builder *builder, const struct diagnosis_key *key, size_t arm,
                       size_t round)
{
    const struct frontier_key *info = info_of(builder, key);
    return rounds_value(&builder->frontier->rounds, arm, info->place, info->metric, round);
}

/* Differences of the two in time order, and which of them ran first. */
static void pair_up(struct builder *builder, struct diagnosis_key *key)
{
    const struct rounds *rounds = &builder->frontier->rounds;
    size_t place = info_of(builder, key)->place, values = 0;
    key->n = 0;
    for (size_t r = 0; r < rounds->count && key->n < SIGNRANK_MAX; r++) {
        double mine = value_of(builder, key, builder->arm[0], r);
        double again = value_of(builder, key, builder->arm[1], r);
        if (mine > 0 && isfinite(mine))
            builder->x[values++] = mine;
        if (!(mine > 0 && again > 0 && isfinite(mine) && isfinite(again)))
            continue;
        builder->first[key->n] = rounds_sample(rounds, builder->arm[1], place, r)->slot <
                                 rounds_sample(rounds, builder->arm[0], place, r)->slot;
        builder->d[key->n++] = log(again) - log(mine);
    }
    key->cv = drift_sd(builder->x, values) / drift_mean(builder->x, values);
}

static enum rc judge_pair(struct builder *builder, struct diagnosis_key *key)
{
    key->again = info_of(builder, key)->again;
    key->resolution = NAN;
    if (builder->arm[0] == SUMMARY_NONE || builder->arm[1] == SUMMARY_NONE)
        return RC_OK;
    pair_up(builder, key);
    if (key->again.n != 0)
        key->resolution = sqrt(key->again.high / key->again.low) - 1;
    if (key->n < DIAGNOSIS_ROUNDS_MIN)
        return RC_OK;
    enum rc rc = judge_order(builder, key);
    if (rc == RC_OK)
        rc = judge_lag(builder, key);
    return rc == RC_OK ? judge_self(builder, key) : rc; /* turns d around: last */
}

/* ---- rounds in time ------------------------------------------------------------------------- */

/* The median over the arms that ran in every round of ln(value / the arm's own median). */
static size_t block_medians(struct builder *builder, const struct diagnosis_key *key)
{
    const struct frontier *frontier = builder->frontier;
    const struct frontier_key *info = info_of(builder, key);
    size_t n = 0;
    for (size_t r = 0; r < frontier->rounds.count; r++) {
        size_t arms = 0;
        for (size_t a = 0; a < frontier->arm_count; a++) {
            double median = summary_median(frontier->summary, a, info->place, info->metric);
            double value = value_of(builder, key, a, r);
            if (!frontier->summary->arms[a].valid || frontier->arms[a].dropped)
                continue;
            if (value > 0 && median > 0 && isfinite(value) && isfinite(median))
                builder->d[arms++] = log(value / median);
        }
        if (arms == 0)
            continue;
        stats_sort(builder->d, arms);
        builder->x[n++] = stats_median(builder->d, arms);
    }
    return n;
}

static enum rc judge_series(struct builder *builder, struct diagnosis_key *key)
{
    double alpha = ALPHA / (double)builder->diagnosis->key_count;
    size_t n = block_medians(builder, key);
    if (n < DIAGNOSIS_ROUNDS_MIN)
        return RC_OK;
    enum rc rc = drift_trend(builder->x, n, &key->trend, builder->err);
    if (rc == RC_OK)
        rc = drift_step(builder->x, n, &key->step, &key->step_p, builder->err);
    if (rc == RC_OK && key->trend.p <= alpha)
        rc = note_red(builder, "the rounds drift in %s: Kendall's tau %.2f, p %.2g",
                      info_of(builder, key)->name, key->trend.tau, key->trend.p);
    if (key->step_p > alpha)
        key->step = 0;
    if (rc == RC_OK && key->step != 0)
        rc = note_red(builder, "a step in %s before round %u", info_of(builder, key)->name,
                      builder->frontier->rounds.number[key->step] + 1);
    return rc;
}

static enum rc judge_keys(struct builder *builder)
{
    struct diagnosis *diagnosis = builder->diagnosis;
    for (size_t k = 0; k < builder->frontier->key_count; k++) {
        if (!builder->frontier->keys[k].exact)
            diagnosis->keys[diagnosis->key_count++] = (struct diagnosis_key){
                .key = k, .cv = NAN, .lag1 = NAN, .resolution = NAN, .step_p = 1, .trend.p = 1};
    }
    enum rc rc = RC_OK;
    for (size_t k = 0; k < diagnosis->key_count && rc == RC_OK; k++) {
        rc = judge_pair(builder, &diagnosis->keys[k]);
        if (rc == RC_OK)
            rc = judge_series(builder, &diagnosis->keys[k]);
    }
    return rc;
}

/* ---- warm-up, clock, voided rounds ---------------------------------------------------------- */

static enum rc judge_warmup(struct builder *builder, struct diagnosis_warmup *warmup, size_t all)
{
    const struct rounds *rounds = &builder->frontier->rounds;
    struct interval log_ratio;
    size_t n = 0;
    for (size_t r = 0; r < rounds->count && n < SIGNRANK_MAX; r++) {
        double first = rounds_value(rounds, builder->arm[0], warmup->place, M_P50_FIRST_NS, r);
        double second = rounds_value(rounds, builder->arm[0], warmup->place, M_P50_SECOND_NS, r);
        if (first > 0 && second > 0 && isfinite(first) && isfinite(second))
            builder->d[n++] = log(first) - log(second);
    }
    if (n == 0)
        return RC_OK;
    enum rc rc = signrank_interval(builder->d, n, 0.95, &log_ratio, builder->err);
    if (rc != RC_OK)
        return rc;
    warmup->ratio = (struct interval){exp(log_ratio.estimate), exp(log_ratio.low),
                                      exp(log_ratio.high), log_ratio.coverage, n};
    if (n < DIAGNOSIS_ROUNDS_MIN)
        return RC_OK;
    struct signrank slow, fast;
    rc = signrank_test(builder->d, n, log1p(WARMUP_MARGIN), &slow, builder->err);
    if (rc == RC_OK)
        rc = signrank_test(builder->d, n, -log1p(WARMUP_MARGIN), &fast, builder->err);
    double alpha = ALPHA / (2 * (double)all);
    warmup->red = rc == RC_OK && (slow.p_greater <= alpha || fast.p_less <= alpha);
    if (!warmup->red)
        return rc;
    char change[FORMAT_SIZE];
    return note_red(builder, "%s was not warm: the control's first half against the second: %s",
                    builder->frontier->summary->places[warmup->place].name,
                    text_change(change, warmup->ratio.estimate - 1));
}

/* Of the control only: a strategy that caches may well become faster as it reads. */
static enum rc judge_warmups(struct builder *builder)
{
    struct diagnosis *diagnosis = builder->diagnosis;
    const struct summary *summary = builder->frontier->summary;
    diagnosis->warmups =
        arena_zalloc(&diagnosis->arena, summary->place_count + 1, sizeof(*diagnosis->warmups));
    if (diagnosis->warmups == NULL)
        return out_of_memory(builder->err);
    for (size_t p = 0; p < summary->place_count && builder->arm[0] != SUMMARY_NONE; p++) {
        if (summary->places[p].scope == PHASE && summary->places[p].phase->reads_only &&
            isfinite(summary_median(summary, builder->arm[0], p, M_P50_FIRST_NS)))
            diagnosis->warmups[diagnosis->warmup_count++] = (struct diagnosis_warmup){.place = p};
    }
    enum rc rc = RC_OK;
    for (size_t w = 0; w < diagnosis->warmup_count && rc == RC_OK; w++)
        rc = judge_warmup(builder, &diagnosis->warmups[w], diagnosis->warmup_count);
    return rc;
}

static enum rc judge_clock(struct builder *builder)
{
    struct diagnosis *diagnosis = builder->diagnosis;
    const struct summary *summary = builder->frontier->summary;
    double cost = (double)summary->record->manifest.clock_read_ns;
    for (size_t a = 0; a < summary->arm_count && cost > 0; a++) {
        for (size_t p = 0; p < summary->place_count; p++) {
            double p50 = summary_median(summary, a, p, M_P50_NS);
            /* Floors are there to be nearly nothing. */
            if (!summary->arms[a].valid || summary->arms[a].arm->volatile_floor || !(p50 > 0) ||
                diagnosis->clock_ratio <= p50 / cost)
                continue;
            diagnosis->clock_ratio = p50 / cost;
            diagnosis->clock_arm = a;
            diagnosis->clock_place = p;
        }
    }
    if (!(diagnosis->clock_ratio < DIAGNOSIS_CLOCK_RATIO))
        return RC_OK;
    return note_red(builder,
                    "the clock is too slow for %s of %s: its median operation takes %.3g reads of "
                    "the clock, %d are needed",
                    summary->places[diagnosis->clock_place].name,
                    summary->arms[diagnosis->clock_arm].arm->label, diagnosis->clock_ratio,
                    DIAGNOSIS_CLOCK_RATIO);
}

static enum rc judge_voided(struct builder *builder)
{
    const struct diagnosis *diagnosis = builder->diagnosis;
    if ((double)diagnosis->voided <= VOID_SHARE_MAX * (double)diagnosis->rounds)
        return RC_OK;
    return note_red(builder, "%u rounds were voided, %zu count", diagnosis->voided,
                    diagnosis->rounds);
}

/* ---- build ---------------------------------------------------------------------------------- */

static size_t valid_arm(const struct summary *summary, size_t arm)
{
    return arm != SUMMARY_NONE && summary->arms[arm].valid ? arm : SUMMARY_NONE;
}

enum rc diagnosis_build(struct diagnosis *diagnosis, const struct frontier *frontier,
                        struct err *err)
{
    const struct summary *summary = frontier->summary;
    size_t rounds = frontier->rounds.count;
    *diagnosis = (struct diagnosis){.rounds = rounds,
                                    .voided = frontier->rounds.voided,
                                    .partial = frontier->rounds.partial,
                                    .clock_ratio = NAN};
    size_t most = rounds > frontier->arm_count ? rounds : frontier->arm_count;
    struct builder builder = {
        .diagnosis = diagnosis,
        .frontier = frontier,
        .d = calloc(most + 1, sizeof(double)),
        .x = calloc(most + 1, sizeof(double)),
        .first = calloc(most + 1, sizeof(bool)),
        .arm = {valid_arm(summary, summary->control), valid_arm(summary, summary->control_again)},
        .err = err};
    enum rc rc = RC_OK;
    if (builder.d == NULL || builder.x == NULL || builder.first == NULL)
        rc = out_of_memory(err);
    if (rc == RC_OK)
        rc = judge_keys(&builder);
    if (rc == RC_OK)
        rc = judge_warmups(&builder);
    if (rc == RC_OK)
        rc = judge_clock(&builder);
    if (rc == RC_OK)
        rc = judge_voided(&builder);
    if (rc == RC_OK && diagnosis->state == DIAGNOSIS_STABLE && rounds < DIAGNOSIS_ROUNDS_MIN)
        diagnosis->state = DIAGNOSIS_UNKNOWN;
    free(builder.first);
    free(builder.x);
    free(builder.d);
    if (rc != RC_OK)
        diagnosis_release(diagnosis);
    return rc;
}

void diagnosis_release(struct diagnosis *diagnosis)
{
    arena_release(&diagnosis->arena);
    *diagnosis = (struct diagnosis){0};
}

const char *diagnosis_state_name(enum diagnosis_state state)
{
    static const char *const names[] = {"STABLE", "UNSTABLE", "UNKNOWN"};
    CHECK((size_t)state < COUNT_OF(names));
    return names[state];
}
