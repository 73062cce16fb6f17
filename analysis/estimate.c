#include "analysis/estimate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "analysis/dominance.h"
#include "analysis/planning.h"
#include "analysis/rounds.h"

const double estimate_changes[ESTIMATE_CHANGES] = {0.01, 0.02, 0.03, 0.05, 0.10};

enum { NOTES_MAX = 48, SURE_ROUNDS = 10 };

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory to estimate the study");
}

static enum rc PRINTF_LIKE(3, 4)
    add_note(struct estimate *estimate, struct err *err, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    char *copy = arena_strdup(&estimate->arena, line);
    if (copy == NULL)
        return out_of_memory(err);
    if (estimate->note_count < NOTES_MAX)
        estimate->notes[estimate->note_count++] = copy;
    return RC_OK;
}

/* ---- the plan alone ------------------------------------------------------------------------- */

static bool competes(const struct record_manifest *plan, const struct record_arm *arm)
{
    return !arm->control_again && !arm->volatile_floor && (arm->sql || plan->anywhere);
}

/* Alpha of one hypothesis at the last look that `rounds` rounds reach. */
static double level_at(const struct estimate *estimate, size_t rounds)
{
    struct dominance_schedule schedule = dominance_schedule_of(&estimate->plan->protocol, rounds);
    double alpha = schedule.count ? schedule.looks[schedule.count - 1].alpha : schedule.next;
    return alpha / (double)(estimate->hypotheses ? estimate->hypotheses : 1);
}

static void count_plan(struct estimate *estimate)
{
    const struct record_manifest *plan = estimate->plan;
    estimate->phases = plan->phase_count;
    estimate->runs_per_round = plan->arm_count;
    estimate->cells = plan->arm_count * plan->phase_count;
    estimate->rounds_most = plan->rounds;
    for (size_t a = 0; a < plan->arm_count; a++)
        estimate->competing += competes(plan, &plan->arms[a]);
    size_t n = estimate->competing;
    estimate->hypotheses = n > 1 ? n * (n - 1) : 0;
    estimate->rounds_least = estimate->hypotheses
                                 ? dominance_rounds_min(&plan->protocol, estimate->hypotheses)
                                 : SIZE_MAX;
    estimate->alpha = level_at(estimate, plan->rounds);
}

/* ---- time and bytes ------------------------------------------------------------------------- */

/* The largest its store was found at rest; NaN when it was never measured. */
static double store_bytes(const struct summary *summary, size_t arm)
{
    double most = NAN;
    for (size_t p = 0; p < summary->place_count; p++) {
        if (summary->places[p].scope == SNAPSHOT)
            most = fmax(most, summary_median(summary, arm, p, M_TOTAL_BYTES));
    }
    return most;
}

/* 16 bytes per operation and 32 around them, per phase (latencies_write). */
static double latency_bytes(const struct summary *summary, size_t arm)
{
    double bytes = 0;
    for (size_t p = 0; p < summary->place_count; p++) {
        double ops = summary_median(summary, arm, p, M_OPS);
        if (summary->places[p].scope == PHASE && isfinite(ops))
            bytes += 16 * ops + 32;
    }
    return bytes;
}

static void measure_cost(struct estimate *estimate)
{
    const struct summary *from = estimate->from;
    const struct record_manifest *plan = estimate->plan;
    size_t run = summary_place(from, RUN, "run"), known = 0;
    double seconds = 0, bytes = 0, most = 0, latencies = 0;
    for (size_t a = 0; a < plan->arm_count && run != SUMMARY_NONE; a++) {
        size_t arm = summary_arm_named(from, plan->arms[a].label);
        double took = arm == SUMMARY_NONE ? NAN : summary_median(from, arm, run, M_RUN_NS);
        if (!isfinite(took))
            continue;
        double store = store_bytes(from, arm);
        known++;
        seconds += took / 1e9;
        bytes += isfinite(store) ? store : 0;
        most = fmax(most, store);
        latencies += latency_bytes(from, arm);
    }
    estimate->arms_guessed = plan->arm_count - known;
    if (known == 0)
        return;
    double all = (double)plan->arm_count / (double)known;
    estimate->round_s = seconds * all;
    estimate->stores_bytes = strcmp(plan->keep, "last") == 0 ? bytes * all : most;
    estimate->latency_bytes = latencies * all * plan->rounds;
    if (plan->budget_ns && estimate->round_s > 0) {
        double rounds = floor((double)plan->budget_ns / 1e9 / estimate->round_s);
        double cap = fmin(fmax(rounds, 1), plan->rounds); /* the first one always runs */
        estimate->budget_rounds = (size_t)cap;
    }
}

/* ---- noise ---------------------------------------------------------------------------------- */

/* The median spread over the competing strategies that the record has, against its control; of the
 * control's second run where there is no other. */
static enum rc measure_spread(struct estimate *estimate, const struct rounds *rounds,
                              struct key key, struct estimate_metric *metric, struct err *err)
{
    const struct summary *from = estimate->from;
    const struct record_manifest *plan = estimate->plan;
    double *d = calloc(rounds->count + 1, sizeof(*d));
    double *spreads = calloc(plan->arm_count + 1, sizeof(*spreads));
    enum rc rc = d && spreads ? RC_OK : out_of_memory(err);
    size_t count = 0;
    for (int twin = 0; twin < 2 && count == 0; twin++) {
        for (size_t a = 0; a < plan->arm_count && rc == RC_OK; a++) {
            size_t arm = summary_arm_named(from, plan->arms[a].label);
            bool wanted = twin ? plan->arms[a].control_again : competes(plan, &plan->arms[a]);
            if (!wanted || arm == SUMMARY_NONE || arm == from->control || !from->arms[arm].valid)
                continue;
            size_t n =
                rounds_pair(rounds, arm, from->control, key.place, key.metric, rounds->count, d);
            if (n < 2)
                continue;
            rc = planning_spread(d, n, &spreads[count], err);
            count++;
        }
    }
    stats_sort(spreads, rc == RC_OK ? count : 0);
    metric->strategies = count;
    metric->spread = rc == RC_OK ? stats_median(spreads, count) : NAN;
    free(d);
    free(spreads);
    return rc;
}

static void foresee(const struct estimate *estimate, struct estimate_metric *metric)
{
    for (size_t i = 0; i < ESTIMATE_ROUNDS; i++) {
        size_t rounds = estimate->rounds[i];
        metric->shows[i] =
            rounds == 0 ? NAN
                        : expm1(planning_detectable(metric->spread, rounds,
                                                    level_at(estimate, rounds), ESTIMATE_POWER));
    }
    for (size_t i = 0; i < ESTIMATE_CHANGES; i++) {
        size_t needed = planning_rounds(metric->spread, log1p(estimate_changes[i]), estimate->alpha,
                                        ESTIMATE_POWER);
        bool claim = estimate->rounds_least != SIZE_MAX;
        metric->needed[i] =
            claim && needed < estimate->rounds_least ? estimate->rounds_least : needed;
    }
}

static enum rc measure_noise(struct estimate *estimate, struct err *err)
{
    struct key keys[KEYS_DEFAULT_MAX];
    const char *names[KEYS_DEFAULT_MAX];
    struct rounds rounds = {0};
    size_t count = keys_default(estimate->from, keys, names), control = estimate->from->control;
    enum rc rc = rounds_build(&rounds, estimate->from, err);
    estimate->from_rounds = rounds.count;
    for (size_t k = 0; k < count && rc == RC_OK; k++) {
        struct estimate_metric metric = {.name = names[k], .spread = NAN};
        if (keys[k].place == SUMMARY_NONE) {
            rc = add_note(estimate, err, "%s: not in the record", names[k]);
            continue;
        }
        metric.exact = metric_table[keys[k].metric].kind == COUNTER;
        if (!metric.exact && (control == SUMMARY_NONE || !estimate->from->arms[control].valid))
            continue;
        if (!metric.exact)
            rc = measure_spread(estimate, &rounds, keys[k], &metric, err);
        if (rc == RC_OK && !metric.exact && metric.strategies == 0)
            continue;
        foresee(estimate, &metric);
        estimate->metrics[estimate->metric_count++] = metric;
    }
    rounds_release(&rounds);
    return rc;
}

/* ---- how far the record may be believed ----------------------------------------------------- */

static bool same_phases(const struct record_manifest *a, const struct record_manifest *b)
{
    if (a->phase_count != b->phase_count)
        return false;
    for (size_t i = 0; i < a->phase_count; i++) {
        if (strcmp(a->phases[i].name, b->phases[i].name) != 0 ||
            strcmp(a->phases[i].options, b->phases[i].options) != 0)
            return false;
    }
    return true;
}

static enum rc note_differences(struct estimate *estimate, struct err *err)
{
    const struct record_manifest *seen = &estimate->from->record->manifest;
    struct compare_field field;
    size_t at = 0;
    enum rc rc = RC_OK;
    while (rc == RC_OK && compare_field_next(seen, estimate->plan, &at, &field))
        rc = add_note(estimate, err,
                      "%s is \"%s\" in the record and \"%s\" here: its figures may "
                      "not hold",
                      field.name, Q(field.before), Q(field.after));
    if (rc == RC_OK && !same_phases(seen, estimate->plan))
        rc =
            add_note(estimate, err, "the record has other phases: its times and bytes do not hold");
    if (rc == RC_OK && estimate->arms_guessed)
        rc = add_note(estimate, err,
                      "%zu of %zu strategies are not in the record: counted like the mean of those "
                      "that are",
                      estimate->arms_guessed, estimate->runs_per_round);
    if (rc == RC_OK && estimate->from_rounds < SURE_ROUNDS)
        rc = add_note(estimate, err,
                      "spreads of %zu rounds are rough: the truth may be twice as much",
                      estimate->from_rounds);
    return rc;
}

enum rc estimate_build(struct estimate *estimate, const struct record_manifest *plan,
                       const struct summary *from, struct err *err)
{
    *estimate = (struct estimate){.plan = plan,
                                  .from = from,
                                  .round_s = NAN,
                                  .stores_bytes = NAN,
                                  .latency_bytes = NAN,
                                  .rounds = {16, 24, 40, 0}};
    estimate->notes = arena_zalloc(&estimate->arena, NOTES_MAX, sizeof(*estimate->notes));
    enum rc rc = estimate->notes ? RC_OK : out_of_memory(err);
    if (rc == RC_OK)
        count_plan(estimate);
    if (rc == RC_OK && plan->protocol.stopping == STOPPING_UNTIL)
        rc = add_note(estimate, err,
                      "a study until decided takes more rounds than these where effects are small "
                      "or tails heavy");
    if (rc == RC_OK && from) {
        measure_cost(estimate);
        estimate->rounds[ESTIMATE_ROUNDS - 1] = estimate->budget_rounds;
        rc = measure_noise(estimate, err);
        if (rc == RC_OK)
            rc = note_differences(estimate, err);
    }
    if (rc != RC_OK)
        estimate_release(estimate);
    return rc;
}

void estimate_release(struct estimate *estimate)
{
    arena_release(&estimate->arena);
    *estimate = (struct estimate){.plan = NULL};
}
