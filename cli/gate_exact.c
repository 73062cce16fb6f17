/* gate_exact.c: the exact layers of a gate: counters and instructions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gate_flow.h"
#include "engine/hash.h"
#include "workloads/study.h"

/* ---- counters ------------------------------------------------------------------------------- */

static void on_progress(void *ctx, const struct study_progress *progress)
{
    gate_say(ctx, "exact counters: %u/%u", progress->runs_done, progress->runs);
}

static enum rc exact_part(struct gate_flow *flow, size_t part, struct hash128 *suite)
{
    struct record_manifest manifest;
    struct record record = {0};
    struct study_callbacks callbacks = {.progress = on_progress, .ctx = flow};
    const char *data = gate_suite_data(part);
    uint32_t next = flow->has_base ? 1 : 0;
    /* Without a baseline program one round has the candidate three times. */
    enum rc rc = gate_suite_exact(&flow->suite, part, flow->builds, flow->has_base ? 2 : 1,
                                  flow->work, &flow->arena, &manifest, flow->err);
    if (rc == RC_OK)
        rc = gate_suite_fold(suite, &manifest, flow->err);
    if (rc == RC_OK)
        rc = gate_study(flow, &manifest, &callbacks, &record);
    if (rc == RC_OK && flow->has_base)
        rc = golden_take(&flow->base_got, &record, 0, data, flow->err);
    if (rc == RC_OK)
        rc = golden_take(&flow->got, &record, next, data, flow->err);
    if (rc == RC_OK) {
        struct gate_side *sides[2] = {&flow->gate.base, &flow->gate.next};
        for (size_t i = 0; rc == RC_OK && i < 2; i++)
            rc = gate_keep(&flow->gate, &sides[i]->hash, manifest.builds[i].hash, flow->err);
    }
    record_release(&record);
    return rc;
}

/* The versions that shape the bytes are key to counters, the others to instructions. */
static enum rc take_versions(struct gate_flow *flow, const struct gate_program *program,
                             struct golden *golden)
{
    static const char *const names[] = {"sqlite",  "zstd",     "brotli", "xxhash",
                                        "openssl", "compiler", "libc"};
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < COUNT_OF(names); i++)
        rc = golden_set_version(golden, names[i], gate_program_version(program, names[i]),
                                flow->err);
    return rc == RC_OK ? golden_set_version(golden, "cpu", flow->cpu, flow->err) : rc;
}

static enum rc note_noisy(struct gate_flow *flow)
{
    struct gate_exact *exact = &flow->gate.exact;
    char first[512] = "";
    for (size_t r = 0; r < flow->got.run_count; r++) {
        const struct golden_run *run = &flow->got.runs[r];
        for (size_t p = 0; p < run->place_count; p++)
            for (enum metric m = 0; m < METRIC_COUNT; m++) {
                if (run->places[p].noisy[m] && exact->noisy++ == 0)
                    (void)snprintf(first, sizeof(first), "%.100s on %.60s, %.100s: %s",
                                   run->strategy, run->data, golden_place_name(&run->places[p]),
                                   metric_table[m].name);
            }
    }
    return gate_keep(&flow->gate, &exact->noisy_first, first, flow->err);
}

static enum rc compare_golden(struct gate_flow *flow)
{
    struct gate_exact *exact = &flow->gate.exact;
    bool update = flow->options->update_golden != NULL;
    enum rc rc = gate_keep(&flow->gate, &exact->golden_path, flow->golden_path, flow->err);
    if (rc != RC_OK)
        return rc;
    exact->golden_updated = update;
    exact->golden_reason = update ? flow->options->update_golden : flow->agreed.reason;
    if (!flow->has_golden)
        return RC_OK; /* it is about to be written for the first time */
    struct err why = {0};
    rc = golden_check_key(&flow->agreed, &flow->got, "the golden file", &why);
    if (rc != RC_OK && update)
        return RC_OK; /* another suite: nothing to compare */
    if (rc != RC_OK) {
        *flow->err = why;
        err_hint(flow->err, "--no-golden leaves it out, --update-golden \"reason\" writes it anew");
        return rc;
    }
    return golden_compare(&flow->agreed, &flow->got, &flow->gate.arena, &exact->golden, flow->err);
}

static enum rc compare_baseline(struct gate_flow *flow)
{
    struct gate_exact *exact = &flow->gate.exact;
    const struct golden *base = flow->has_stored ? &flow->stored : &flow->base_got;
    if (!flow->has_stored && !flow->has_base)
        return RC_OK;
    exact->against_baseline = true;
    enum rc rc = golden_check_key(base, &flow->got, "the baseline", flow->err);
    if (rc == RC_OK)
        rc = golden_compare(base, &flow->got, &flow->gate.arena, &exact->baseline, flow->err);
    return rc;
}

/* The counted plan is part of the suite whether it is counted or not. */
static enum rc fold_counted(struct gate_flow *flow, struct hash128 *suite)
{
    struct record_manifest manifest;
    enum rc rc =
        gate_suite_counted(&flow->suite, flow->work, "c", &flow->arena, &manifest, flow->err);
    return rc == RC_OK ? gate_suite_fold(suite, &manifest, flow->err) : rc;
}

static enum rc set_suite(struct gate_flow *flow, struct hash128 hash)
{
    char hex[HEX_SIZE];
    hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes)));
    enum rc rc = golden_set(&flow->got, &flow->got.suite, hex, flow->err);
    return rc == RC_OK ? golden_set(&flow->base_got, &flow->base_got.suite, hex, flow->err) : rc;
}

enum rc gate_exact_run(struct gate_flow *flow)
{
    struct hash128 suite = {{0}};
    enum rc rc = RC_OK;
    for (size_t part = 0; rc == RC_OK && part < GATE_EXACT_PARTS; part++)
        rc = exact_part(flow, part, &suite);
    if (rc == RC_OK)
        rc = fold_counted(flow, &suite);
    if (rc == RC_OK)
        rc = set_suite(flow, suite);
    if (rc == RC_OK)
        rc = take_versions(flow, &flow->next, &flow->got);
    if (rc == RC_OK && flow->has_base)
        rc = take_versions(flow, &flow->base, &flow->base_got);
    if (rc == RC_OK)
        rc = note_noisy(flow);
    if (rc == RC_OK && flow->golden_path[0])
        rc = compare_golden(flow);
    if (rc == RC_OK)
        rc = compare_baseline(flow);
    flow->gate.exact.done = rc == RC_OK;
    return rc;
}

/* ---- instructions --------------------------------------------------------------------------- */

struct counting {
    struct gate_flow *flow;
    struct record_manifest manifest;
    struct gate_count_request request;
    struct buf dirs[2], programs[2], log;
    bool *arms;
    uint64_t *counts, *again;
    char why[GATE_WHY_SIZE];
};

static uint64_t *count_at(const struct counting *to, uint64_t *counts, size_t program, size_t arm)
{
    return counts + (program * to->manifest.arm_count + arm) * gate_count_phases(&to->request);
}

/* One study per program, in folders whose names have one length.  One plan for both: a text in it
 * that is longer by a byte would move what is allocated after it. */
static enum rc make_studies(struct counting *to)
{
    static const char *const names[2] = {"count-0", "count-1"};
    struct gate_flow *flow = to->flow;
    const struct gate_program *programs[2] = {flow->has_base ? &flow->base : NULL, &flow->next};
    enum rc rc = gate_suite_counted(&flow->suite, flow->work, names[0], &flow->arena, &to->manifest,
                                    flow->err);
    to->request.manifest = &to->manifest;
    for (size_t i = 0; rc == RC_OK && i < 2; i++) {
        if (!programs[i])
            continue;
        to->manifest.id = names[i];
        rc = record_create(flow->work, &to->manifest, &to->dirs[i], flow->err);
        if (rc == RC_OK)
            rc = buf_append(&to->programs[i],
                            span_of(programs[i]->programs, strcspn(programs[i]->programs, "\n")),
                            flow->err);
        if (rc == RC_OK) {
            to->request.programs[i] = buf_str(&to->programs[i]);
            to->request.studies[i] = buf_str(&to->dirs[i]);
        }
    }
    return rc;
}

/* What a baseline file says was counted; 0 when it does not. */
static uint64_t stored_count(const struct golden *stored, const char *strategy, const char *phase)
{
    for (size_t i = 0; i < stored->count_count; i++)
        if (strcmp(stored->counts[i].strategy, strategy) == 0 &&
            strcmp(stored->counts[i].phase, phase) == 0)
            return stored->counts[i].instructions;
    return 0;
}

/* Other compilers and processors execute other instructions. */
static void check_stored(struct counting *to)
{
    static const char *const names[] = {"compiler", "libc", "cpu", "xxhash", "openssl"};
    const struct golden *stored = &to->flow->stored, *got = &to->flow->got;
    for (size_t i = 0; i < COUNT_OF(names) && !to->why[0]; i++) {
        const char *was = golden_version(stored, names[i]), *is = golden_version(got, names[i]);
        if (strcmp(was, is) != 0)
            (void)snprintf(to->why, sizeof(to->why),
                           "the baseline file was written with %s \"%.100s\", this is \"%.100s\"",
                           names[i], was, is);
    }
    const char *counter = gate_counter_name(to->request.counter);
    if (!to->why[0] && strcmp(stored->counter, counter) != 0)
        (void)snprintf(to->why, sizeof(to->why),
                       "the baseline file's were counted by \"%.60s\", these by \"%s\"",
                       stored->counter, counter);
}

static enum rc add_counts(struct counting *to)
{
    struct gate_flow *flow = to->flow;
    struct gate_counts *out = &flow->gate.counts;
    size_t phases = gate_count_phases(&to->request);
    enum rc rc = RC_OK;
    out->items =
        arena_zalloc(&flow->gate.arena, to->manifest.arm_count * phases + 1, sizeof(*out->items));
    if (!out->items)
        return FAIL(flow->err, RC_NOMEM, 0, "no memory for counts of instructions");
    for (size_t a = 0; rc == RC_OK && a < to->manifest.arm_count; a++) {
        const char *strategy = to->manifest.arms[a].label;
        for (size_t p = 0; rc == RC_OK && to->arms[a] && p < phases; p++) {
            const char *phase = gate_count_phase_name(&to->request, p);
            uint64_t next = count_at(to, to->counts, 1, a)[p];
            uint64_t base = flow->has_stored ? stored_count(&flow->stored, strategy, phase)
                                             : count_at(to, to->counts, 0, a)[p];
            rc = golden_add_count(&flow->got, strategy, phase, next, flow->err);
            if (base == 0 || (!flow->has_stored && !flow->has_base))
                continue;
            struct gate_count *count = &out->items[out->count++];
            *count = (struct gate_count){.base = base, .next = next};
            if (rc == RC_OK)
                rc = gate_keep(&flow->gate, &count->strategy, strategy, flow->err);
            if (rc == RC_OK)
                rc = gate_keep(&flow->gate, &count->phase, phase, flow->err);
        }
    }
    return rc;
}

/* What is red is counted once more, so that nobody has to believe one count. */
static enum rc count_again(struct counting *to)
{
    struct gate_counts *out = &to->flow->gate.counts;
    size_t phases = gate_count_phases(&to->request);
    bool any = false;
    gate_counts_judge(&to->flow->gate);
    for (size_t a = 0; a < to->manifest.arm_count; a++) {
        bool red = false;
        for (size_t i = 0; to->arms[a] && i < out->count; i++)
            red = red || (out->items[i].verdict == GATE_FAIL &&
                          strcmp(out->items[i].strategy, to->manifest.arms[a].label) == 0);
        to->arms[a] = red;
        any = any || red;
    }
    if (!any)
        return RC_OK;
    to->request.programs[0] = NULL;
    gate_say(to->flow, "counting instructions again");
    enum rc rc = gate_count_run(&to->request, to->arms, to->again, to->why, to->flow->err);
    for (size_t a = 0; rc == RC_OK && a < to->manifest.arm_count; a++)
        for (size_t p = 0; to->arms[a] && p < phases; p++)
            for (size_t i = 0; i < out->count; i++)
                if (strcmp(out->items[i].strategy, to->manifest.arms[a].label) == 0 &&
                    strcmp(out->items[i].phase, gate_count_phase_name(&to->request, p)) == 0)
                    out->items[i].next_again = count_at(to, to->again, 1, a)[p];
    return rc;
}

static enum rc count_all(struct counting *to)
{
    struct gate_flow *flow = to->flow;
    size_t values;
    enum rc rc = make_studies(to);
    if (rc != RC_OK)
        return rc;
    values = 2 * to->manifest.arm_count * gate_count_phases(&to->request);
    to->arms = calloc(to->manifest.arm_count, sizeof(*to->arms));
    to->counts = calloc(values, sizeof(*to->counts));
    to->again = calloc(values, sizeof(*to->again));
    if (!to->arms || !to->counts || !to->again)
        return FAIL(flow->err, RC_NOMEM, 0, "no memory for counts of instructions");
    for (size_t a = 0; a < to->manifest.arm_count; a++)
        to->arms[a] = !to->manifest.arms[a].control_again;
    gate_say(flow, "counting instructions");
    rc = gate_count_run(&to->request, to->arms, to->counts, to->why, flow->err);
    if (rc == RC_OK && flow->has_stored && !to->why[0])
        check_stored(to);
    if (rc == RC_OK && !to->why[0])
        rc = add_counts(to);
    if (rc == RC_OK && !to->why[0])
        rc = count_again(to);
    return rc;
}

enum rc gate_count_layer(struct gate_flow *flow)
{
    struct gate_counts *out = &flow->gate.counts;
    struct counting to = {.flow = flow};
    to.request.stop = &stop_signal;
    enum rc rc = buf_printf(&to.log, flow->err, "%s/count.log", flow->folder);
    to.request.log = rc == RC_OK ? buf_str(&to.log) : NULL;
    if (rc == RC_OK)
        rc = gate_counter_choose(flow->options->instructions, flow->work, to.request.log,
                                 &stop_signal, &to.request.counter, to.why, flow->err);
    if (rc == RC_OK && to.request.counter != GATE_COUNTER_NONE)
        rc = count_all(&to);
    if (rc == RC_OK)
        rc =
            gate_keep(&flow->gate, &out->counter, gate_counter_name(to.request.counter), flow->err);
    if (rc == RC_OK)
        rc = gate_keep(&flow->gate, &out->why_not, to.why, flow->err);
    if (rc == RC_OK)
        rc = golden_set(&flow->got, &flow->got.counter, out->count ? out->counter : "", flow->err);
    if (rc == RC_OK && flow->got.count_count)
        flow->got.counter = out->counter;
    free(to.arms);
    free(to.counts);
    free(to.again);
    for (size_t i = 0; i < 2; i++) {
        buf_release(&to.dirs[i]);
        buf_release(&to.programs[i]);
    }
    buf_release(&to.log);
    return rc;
}

/* ---- files ---------------------------------------------------------------------------------- */

enum rc gate_exact_write(struct gate_flow *flow)
{
    const struct gate_options *options = flow->options;
    struct golden *got = &flow->got;
    enum rc rc = RC_OK;
    if (options->update_golden) {
        struct golden golden = *got;
        struct facts key = {got->versions.items, 3}; /* sqlite, zstd, brotli: see take_versions */
        golden.versions = key;
        golden.reason = options->update_golden;
        rc = golden_write(flow->golden_path, &golden, flow->err);
    }
    if (rc == RC_OK && options->save_baseline) {
        struct golden baseline = *got;
        baseline.baseline = true;
        baseline.reason = flow->next.asked;
        rc = golden_write(options->save_baseline, &baseline, flow->err);
    }
    return rc;
}
