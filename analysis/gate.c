/* gate.c: judging the timed cells of a gate, and its verdict. */
#include "analysis/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/planning.h"
#include "analysis/rounds.h"

static const enum metric timed_metrics[] = {M_P50_NS, M_CPU_NS};

/* Confidence of the intervals shown beside a change. */
#define SHOWN_CONFIDENCE 0.95

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory for a gate");
}

void gate_release(struct gate *gate)
{
    arena_release(&gate->arena);
    *gate = (struct gate){0};
}

enum rc gate_keep(struct gate *gate, const char **out, const char *text, struct err *err)
{
    *out = arena_strdup(&gate->arena, text);
    return *out ? RC_OK : out_of_memory(err);
}

const char *gate_verdict_name(enum gate_verdict verdict)
{
    switch (verdict) {
    case GATE_PASS: return "pass";
    case GATE_UNDECIDED: return "undecided";
    case GATE_FAIL: return "FAIL";
    }
    return "";
}

/* ---- settings ------------------------------------------------------------------------------- */

enum rc gate_settings_make(struct gate_settings *settings, uint32_t rounds,
                           const struct gate_limits *limits, struct err *err)
{
    size_t fewest = signrank_pairs_min(1, GATE_ALPHA);
    *settings = (struct gate_settings){
        .bounds = {.alpha = GATE_ALPHA, .delta = GATE_DELTA, .margin = GATE_MARGIN},
        .limits = limits,
    };
    if (rounds < fewest)
        return FAIL(err, RC_USAGE, 0,
                    "--rounds: no claim can be made from %u rounds at an error of 1 %% (expected "
                    "at least %zu)",
                    rounds, fewest);
    uint32_t looks[3];
    size_t count = 0;
    if (rounds >= 40)
        looks[count++] = rounds / 4;
    if (rounds >= 20)
        looks[count++] = rounds / 2;
    looks[count++] = rounds;
    settings->looks = looks_of(looks, count);
    return RC_OK;
}

/* ---- the cells of a study ------------------------------------------------------------------- */

/* Where a strategy's programs stand among the arms of a study. */
struct trio {
    size_t base, again, next;
};

static bool same_strategy(const char *label, const char *strategy)
{
    size_t len = strcspn(label, "@");
    return strlen(strategy) == len && strncmp(label, strategy, len) == 0;
}

static struct trio find_trio(const struct record_manifest *manifest, const char *strategy)
{
    struct trio trio = {SUMMARY_NONE, SUMMARY_NONE, SUMMARY_NONE};
    for (size_t a = 0; a < manifest->arm_count; a++) {
        const struct record_arm *arm = &manifest->arms[a];
        if (!same_strategy(arm->label, strategy))
            continue;
        if (arm->build != 0)
            trio.next = a;
        else if (arm->control_again)
            trio.again = a;
        else
            trio.base = a;
    }
    return trio;
}

static bool is_complete(const struct trio *trio)
{
    return trio->base != SUMMARY_NONE && trio->again != SUMMARY_NONE && trio->next != SUMMARY_NONE;
}

static enum rc check_limits(const struct gate *gate, struct err *err)
{
    const struct gate_limits *limits = gate->settings.limits;
    for (size_t i = 0; limits && i < limits->count; i++) {
        const struct gate_limit *limit = &limits->items[i];
        bool found = false;
        for (size_t c = 0; c < gate->timing.cell_count && !found; c++) {
            const struct gate_cell *cell = &gate->timing.cells[c];
            found = gate_limit_matches(limit, cell->strategy, metric_table[cell->metric].name,
                                       cell->phase);
        }
        if (!found) {
            FAIL(err, RC_USAGE, 0, "--limit \"%s\" matches no timed metric", Q(limit->text));
            err_hint(err, "timed are p50_ns and cpu_ns of ingest_*, update_* and read_point_*");
            return RC_USAGE;
        }
    }
    return RC_OK;
}

static enum rc add_cell(struct gate *gate, const char *label, const char *phase, enum metric metric,
                        struct err *err)
{
    struct gate_cell *cell = &gate->timing.cells[gate->timing.cell_count++];
    *cell = (struct gate_cell){.metric = metric, .verdict = GATE_UNDECIDED};
    char *strategy = arena_strdup(&gate->arena, label);
    if (!strategy)
        return out_of_memory(err);
    strategy[strcspn(strategy, "@")] = '\0';
    cell->strategy = strategy;
    cell->margin = GATE_MARGIN;
    if (gate->settings.limits)
        cell->margin = gate_limits_margin(gate->settings.limits, strategy,
                                          metric_table[metric].name, phase, GATE_MARGIN);
    return gate_keep(gate, &cell->phase, phase, err);
}

enum rc gate_plan(struct gate *gate, const struct record_manifest *manifest, struct err *err)
{
    CHECK(!gate->timing.cells);
    enum rc rc = RC_OK;
    gate->timing.cells = arena_zalloc(
        &gate->arena, manifest->arm_count * manifest->phase_count * COUNT_OF(timed_metrics) + 1,
        sizeof(*gate->timing.cells));
    if (!gate->timing.cells)
        return out_of_memory(err);
    for (size_t a = 0; a < manifest->arm_count; a++) {
        const struct record_arm *arm = &manifest->arms[a];
        for (size_t p = 0; arm->build != 0 && p < manifest->phase_count; p++)
            for (size_t m = 0; rc == RC_OK && m < COUNT_OF(timed_metrics); m++)
                rc = add_cell(gate, arm->label, manifest->phases[p].name, timed_metrics[m], err);
    }
    return rc == RC_OK ? check_limits(gate, err) : rc;
}

/* ---- judging -------------------------------------------------------------------------------- */

struct judge {
    struct gate *gate;
    const struct rounds *rounds;
    double *d; /* scratch, one per round */
    struct err *err;
};

/* The ratio other / base. */
static enum rc take_change(struct judge *to, size_t n, struct gate_pair *pair)
{
    enum rc rc = signrank_interval(to->d, n, SHOWN_CONFIDENCE, &pair->change, to->err);
    pair->change.estimate = exp(pair->change.estimate);
    pair->change.low = exp(pair->change.low);
    pair->change.high = exp(pair->change.high);
    return rc;
}

static enum rc judge_d(struct judge *to, size_t n, double margin, struct looks_state *state,
                       bool *coarse)
{
    struct looks_bounds bounds = to->gate->settings.bounds;
    struct err cause = {0};
    bounds.margin = margin;
    enum rc rc = looks_judge(&to->gate->settings.looks, &bounds, to->d, n, state, &cause);
    if (rc == RC_INVALID) { /* ties: the clock's fault */
        *coarse = true;
        *state = (struct looks_state){.verdict = LOOKS_UNDECIDED, .rounds = (uint32_t)n};
        return RC_OK;
    }
    if (rc != RC_OK)
        *to->err = cause;
    return rc;
}

static enum rc judge_pair(struct judge *to, size_t arm, size_t base, size_t place,
                          const struct gate_cell *cell, struct gate_pair *pair)
{
    size_t n = rounds_pair(to->rounds, arm, base, place, cell->metric, to->rounds->count, to->d);
    *pair = (struct gate_pair){.n = n, .change = {NAN, NAN, NAN, 0, n}};
    if (n == 0)
        return RC_OK;
    enum rc rc = take_change(to, n, pair);
    return rc == RC_OK ? judge_d(to, n, cell->margin, &pair->state, &pair->coarse) : rc;
}

/* The control may not be slower, and not faster either. */
static enum rc judge_control(struct judge *to, const struct trio *trio, size_t place,
                             const struct gate_cell *cell, struct gate_pair *pair)
{
    struct looks_state turned;
    bool coarse = false;
    enum rc rc = judge_pair(to, trio->again, trio->base, place, cell, pair);
    if (rc != RC_OK || pair->n == 0 || pair->coarse)
        return rc;
    for (size_t i = 0; i < pair->n; i++)
        to->d[i] = -to->d[i];
    rc = judge_d(to, pair->n, cell->margin, &turned, &coarse);
    if (rc == RC_OK && turned.verdict == LOOKS_FAIL && pair->state.verdict != LOOKS_FAIL)
        pair->state = turned;
    return rc;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(struct judge *to, size_t arm, size_t place, enum metric metric)
{
    size_t n = 0;
    for (size_t r = 0; r < to->rounds->count; r++) {
        double value = rounds_value(to->rounds, arm, place, metric, r);
        if (!isnan(value))
            to->d[n++] = value;
    }
    if (n == 0)
        return NAN;
    qsort(to->d, n, sizeof(*to->d), by_value);
    return n % 2 ? to->d[n / 2] : (to->d[n / 2 - 1] + to->d[n / 2]) / 2;
}

/* What could have been found: the last look's share of the error, all rounds, this machine now. */
static enum rc take_detectable(struct judge *to, const struct trio *trio, size_t place,
                               struct gate_cell *cell)
{
    const struct looks *looks = &to->gate->settings.looks;
    double alpha = to->gate->settings.bounds.alpha * looks->share[looks->count - 1];
    size_t n = rounds_pair(to->rounds, trio->again, trio->base, place, cell->metric,
                           to->rounds->count, to->d);
    enum rc rc = planning_spread(to->d, n, &cell->spread, to->err);
    double distance =
        planning_detectable(cell->spread, looks->rounds[looks->count - 1], alpha, GATE_POWER);
    cell->detectable = n < 2 ? INFINITY : expm1(log1p(to->gate->settings.bounds.delta) + distance);
    return rc;
}

static enum rc judge_cell(struct judge *to, struct gate_cell *cell, bool again)
{
    const struct summary *summary = to->rounds->summary;
    struct trio trio = find_trio(&summary->record->manifest, cell->strategy);
    size_t place = summary_place(summary, PHASE, cell->phase);
    if (!is_complete(&trio) || place == SUMMARY_NONE)
        return RC_OK; /* a repeat has some strategies only */
    enum rc rc =
        judge_pair(to, trio.next, trio.base, place, cell, again ? &cell->again : &cell->first);
    if (rc == RC_OK)
        rc = judge_control(to, &trio, place, cell, again ? &cell->control_again : &cell->control);
    if (rc != RC_OK || again)
        return rc;
    cell->base = median_of(to, trio.base, place, cell->metric);
    cell->next = median_of(to, trio.next, place, cell->metric);
    return take_detectable(to, &trio, place, cell);
}

/* A run that is INVALID has no numbers: the gate ends. */
static enum rc check_valid(const struct record *record, struct err *err)
{
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind == SAMPLE_RUN && !sample->valid &&
            !record_round_void(record, sample->round))
            return FAIL(err, RC_INVALID, 0, "%s is INVALID in round %u: %s",
                        Q(record->manifest.arms[sample->arm].label), sample->round + 1,
                        Q(sample->reason));
    }
    return RC_OK;
}

static enum rc judge_record(struct gate *gate, const struct record *record, bool again,
                            struct err *err)
{
    struct summary summary = {0};
    struct rounds rounds = {0};
    struct judge to = {.gate = gate, .rounds = &rounds, .err = err};
    CHECK(gate->timing.cells);
    enum rc rc = check_valid(record, err);
    if (rc == RC_OK)
        rc = summary_build(&summary, record, err);
    if (rc == RC_OK)
        rc = rounds_build(&rounds, &summary, err);
    if (rc == RC_OK && !(to.d = calloc(rounds.count + 1, sizeof(*to.d))))
        rc = out_of_memory(err);
    for (size_t i = 0; rc == RC_OK && i < gate->timing.cell_count; i++)
        rc = judge_cell(&to, &gate->timing.cells[i], again);
    if (rc == RC_OK) {
        *(again ? &gate->timing.rounds_again : &gate->timing.rounds) = (uint32_t)rounds.count;
        *(again ? &gate->timing.voided_again : &gate->timing.voided) = rounds.voided;
    }
    free(to.d);
    rounds_release(&rounds);
    summary_release(&summary);
    return rc;
}

enum rc gate_judge(struct gate *gate, const struct record *record, struct err *err)
{
    return judge_record(gate, record, false, err);
}

enum rc gate_judge_again(struct gate *gate, const struct record *record, struct err *err)
{
    return judge_record(gate, record, true, err);
}

/* ---- what is still open --------------------------------------------------------------------- */

static bool failed(const struct gate_pair *pair)
{
    return pair->state.verdict == LOOKS_FAIL;
}

static bool decided(const struct gate_pair *pair)
{
    return pair->coarse || pair->state.verdict == LOOKS_PASS || failed(pair);
}

bool gate_strategy_decided(const struct gate *gate, const char *strategy, bool again)
{
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        if (strcmp(cell->strategy, strategy) != 0)
            continue;
        if (!again && !decided(&cell->first))
            return false;
        if (again && failed(&cell->first) && !decided(&cell->again))
            return false;
        if (again && failed(&cell->control) && !decided(&cell->control_again))
            return false;
    }
    return true;
}

bool gate_strategy_suspect(const struct gate *gate, const char *strategy)
{
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        if (strcmp(cell->strategy, strategy) == 0 &&
            (failed(&cell->first) || failed(&cell->control)))
            return true;
    }
    return false;
}

void gate_counts_judge(struct gate *gate)
{
    for (size_t i = 0; i < gate->counts.count; i++) {
        struct gate_count *count = &gate->counts.items[i];
        count->change = (double)count->next / (double)count->base - 1;
        /* Whole numbers: a product of doubles decides nothing that a reader could not. */
        bool above = (double)count->next > (double)count->base * (1 + gate->counts.limit);
        count->verdict = above ? GATE_FAIL : GATE_PASS;
    }
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static enum gate_verdict settle(const struct gate_cell *cell)
{
    if (cell->first.state.verdict == LOOKS_PASS)
        return GATE_PASS;
    if (!failed(&cell->first))
        return GATE_UNDECIDED;
    if (failed(&cell->again))
        return GATE_FAIL;
    return cell->again.state.verdict == LOOKS_PASS ? GATE_PASS : GATE_UNDECIDED;
}

/* What the golden file says was agreed on, with a reason: then the baseline may differ. */
static void count_exact(struct gate *gate)
{
    const struct gate_exact *exact = &gate->exact;
    bool golden = exact->golden_path[0] != '\0';
    gate->exact_agreed =
        golden && (exact->golden_updated || exact->golden.count == 0) ? exact->baseline.count : 0;
    gate->exact_different = exact->baseline.count - gate->exact_agreed;
    if (!exact->golden_updated)
        gate->exact_different += exact->golden.count;
}

void gate_timing_drop(struct gate *gate)
{
    gate->timing = (struct gate_timing){0};
}

void gate_conclude(struct gate *gate)
{
    gate->pass = gate->undecided = gate->fail = gate->unstable = gate->controls_failed = 0;
    count_exact(gate);
    gate->counts_fail = 0;
    for (size_t i = 0; i < gate->counts.count; i++)
        gate->counts_fail += gate->counts.items[i].verdict == GATE_FAIL;
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        struct gate_cell *cell = &gate->timing.cells[i];
        cell->verdict = settle(cell);
        cell->unstable = failed(&cell->control) && failed(&cell->control_again);
        gate->pass += cell->verdict == GATE_PASS;
        gate->undecided += cell->verdict == GATE_UNDECIDED;
        gate->fail += cell->verdict == GATE_FAIL;
        gate->unstable += cell->unstable;
        gate->controls_failed += failed(&cell->control);
    }
    gate->blind = (double)gate->undecided > GATE_UNDECIDED_MAX * (double)gate->timing.cell_count;
    bool inconclusive = gate->unstable > 0 || (gate->blind && !gate->settings.allow_undecided);
    if (gate->exact_different || gate->counts_fail || (gate->fail && !gate->unstable))
        gate->end = GATE_RED;
    else
        gate->end = inconclusive ? GATE_INCONCLUSIVE : GATE_GREEN;
}

double gate_false_alarm_bound(const struct gate *gate)
{
    double twice = gate->settings.bounds.alpha * gate->settings.bounds.alpha;
    double all = (double)gate->timing.cell_count * twice;
    return all < 1 ? all : 1;
}
