/* profile_check.c: does a twin store like the real data?  The same study on both. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/profile_output.h"
#include "cli/scratch.h"
#include "results/metrics.h"
#include "workloads/plan.h"

static const char *const strategies[] = {"raw", "dedup", "dedup-zstd", "chunked"};

/* Where the data have a history it is replayed, elsewhere the script of edits goes on. */
static const struct step {
    const char *workloads[2], *phase, *snapshot;
} steps[] = {
    {{"ingest", "update"}, "update_binary_hot", "after_update"},
    {{"ingest", "history"}, "history", "after_history"},
};

/* What of a store is compared; shares are compared above a floor. */
static const struct {
    enum sample_kind kind;
    const char *place; /* NULL: of the second step */
    int metric;
    bool share;
} wanted[] = {
    {SAMPLE_SNAPSHOT, "after_ingest", M_TOTAL_BYTES, false},
    {SAMPLE_SNAPSHOT, "after_ingest", M_STORAGE_AMP, false},
    {SAMPLE_PHASE, "ingest_binary_cold", M_WRITE_AMP, false},
    {SAMPLE_PHASE, "ingest_binary_cold", M_WRITE_AMP_PHYSICAL, false},
    {SAMPLE_PHASE, "ingest_binary_cold", M_STORED_BYTES, false},
    {SAMPLE_PHASE, "ingest_binary_cold", M_UNIQUE_BYTES, false},
    {SAMPLE_PHASE, "ingest_binary_cold", M_DEDUP_RATIO, true},
    {SAMPLE_PHASE, "ingest_binary_cold", M_CHUNK_REUSE, true},
    {SAMPLE_SNAPSHOT, NULL, M_TOTAL_BYTES, false},
    {SAMPLE_SNAPSHOT, NULL, M_STORAGE_AMP, false},
    {SAMPLE_SNAPSHOT, NULL, M_STORAGE_AMP_HISTORY, false},
    {SAMPLE_PHASE, NULL, M_WRITE_AMP, false},
    {SAMPLE_PHASE, NULL, M_WRITE_AMP_PHYSICAL, false},
    {SAMPLE_PHASE, NULL, M_STORED_BYTES, false},
    {SAMPLE_PHASE, NULL, M_UNIQUE_BYTES, false},
    {SAMPLE_PHASE, NULL, M_DEDUP_RATIO, true},
    {SAMPLE_PHASE, NULL, M_CHUNK_REUSE, true},
};

static const char *place_of(size_t which, const struct step *step)
{
    if (wanted[which].place)
        return wanted[which].place;
    return wanted[which].kind == SAMPLE_PHASE ? step->phase : step->snapshot;
}

struct pair {
    const char *folder;
    const struct step *step;
    uint64_t seed;
};

static enum rc run_on(const struct pair *pair, const char *name, const char *spec,
                      struct record *record, struct err *err)
{
    struct arena arena = {0};
    struct record_manifest manifest;
    struct plan_request request = {
        .strategies = strategies,
        .strategy_count = COUNT_OF(strategies),
        .dataset = spec,
        .workloads = pair->step->workloads,
        .workload_count = COUNT_OF(pair->step->workloads),
        .seed = pair->seed,
        .seed_given = true,
        .rounds = 1,
        .durability = "none",
        .guardrail = NAN,
        .keep = "none",
        .out = pair->folder,
        .name = name,
    };
    enum rc rc = plan_make(&request, &arena, &manifest, err);
    if (rc == RC_OK)
        rc = scratch_study(pair->folder, &manifest, record, err);
    arena_release(&arena);
    return rc;
}

/* The value of the arm that runs `strategy`, NAN where there is none. */
static enum rc value_of(const struct record *record, size_t strategy, size_t which,
                        const char *place, double *out, struct err *err)
{
    for (uint32_t run = 0; run < record->run_count; run++) {
        const struct sample *all = record_find(record, run, SAMPLE_RUN, "");
        CHECK(all != NULL);
        if (strcmp(record->manifest.arms[all->arm].label, strategies[strategy]) != 0)
            continue;
        if (!all->valid)
            return FAIL(err, RC_INVALID, 0, "%s: %s", strategies[strategy], all->reason);
        const struct sample *sample = record_find(record, run, wanted[which].kind, place);
        *out = sample ? sample->value[wanted[which].metric] : NAN;
        return RC_OK;
    }
    return FAIL(err, RC_INVALID, 0, "no run of strategy \"%s\"", strategies[strategy]);
}

static enum rc compare(const struct record *real, const struct record *twin,
                       const struct step *step, struct profile_check *out, struct err *err)
{
    for (size_t s = 0; s < COUNT_OF(strategies); s++)
        for (size_t i = 0; i < COUNT_OF(wanted); i++) {
            const char *place = place_of(i, step);
            struct profile_figure figure = {
                strategies[s], place, metric_table[wanted[i].metric].name, NAN, NAN, NAN};
            enum rc rc = value_of(real, s, i, place, &figure.real, err);
            if (rc == RC_OK)
                rc = value_of(twin, s, i, place, &figure.twin, err);
            if (rc != RC_OK)
                return rc;
            if (isnan(figure.real) && isnan(figure.twin))
                continue; /* no metric of this strategy */
            double base = fabs(figure.real);
            if (wanted[i].share && base < PROFILE_SHARE_FLOOR)
                base = PROFILE_SHARE_FLOOR;
            figure.change = figure.twin == figure.real ? 0 : (figure.twin - figure.real) / base;
            CHECK(out->count < PROFILE_FIGURES_MAX);
            /* What is not finite is as wrong as can be. */
            if (!(fabs(figure.change) <= out->worst)) {
                out->worst = isfinite(figure.change) ? fabs(figure.change) : INFINITY;
                out->worst_index = out->count;
            }
            out->figures[out->count++] = figure;
        }
    return RC_OK;
}

enum rc profile_check_run(const char *parent, const struct profile_asked *asked,
                          struct span twin_text, struct profile_check *out, struct err *err)
{
    struct pair pair = {.step = &steps[asked->has_history], .seed = asked->seed};
    struct buf folder = {0}, path = {0}, twin_spec = {0};
    struct record real = {.dir = NULL}, twin = {.dir = NULL};
    *out = (struct profile_check){.count = 0};
    enum rc rc = scratch_make(&folder, parent, "profile", err);
    if (rc == RC_OK)
        rc = buf_printf(&path, err, "%s/twin.json", buf_str(&folder));
    if (rc == RC_OK)
        rc = print_to(buf_str(&path), twin_text, err);
    if (rc == RC_OK)
        rc = buf_printf(&twin_spec, err, "twin:%s", buf_str(&path));
    if (rc == RC_OK) {
        print_note("check: %zu strategies on the data and on its twin", COUNT_OF(strategies));
        pair.folder = buf_str(&folder);
        rc = run_on(&pair, "real", asked->spec, &real, err);
    }
    if (rc == RC_OK)
        rc = run_on(&pair, "twin", buf_str(&twin_spec), &twin, err);
    if (rc == RC_OK)
        rc = compare(&real, &twin, pair.step, out, err);
    record_release(&real);
    record_release(&twin);
    buf_release(&path);
    buf_release(&twin_spec);
    scratch_remove(&folder);
    return rc;
}
