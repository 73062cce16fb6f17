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
static const char *const workloads[] = {"ingest", "update"};

/* What of a store is compared; shares are compared above a floor. */
static const struct {
    enum sample_kind kind;
    const char *place;
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
    {SAMPLE_SNAPSHOT, "after_update", M_TOTAL_BYTES, false},
    {SAMPLE_SNAPSHOT, "after_update", M_STORAGE_AMP, false},
    {SAMPLE_SNAPSHOT, "after_update", M_STORAGE_AMP_HISTORY, false},
    {SAMPLE_PHASE, "update_binary_hot", M_WRITE_AMP, false},
    {SAMPLE_PHASE, "update_binary_hot", M_WRITE_AMP_PHYSICAL, false},
    {SAMPLE_PHASE, "update_binary_hot", M_STORED_BYTES, false},
    {SAMPLE_PHASE, "update_binary_hot", M_UNIQUE_BYTES, false},
    {SAMPLE_PHASE, "update_binary_hot", M_DEDUP_RATIO, true},
    {SAMPLE_PHASE, "update_binary_hot", M_CHUNK_REUSE, true},
};

static enum rc run_on(const char *folder, const char *name, const char *spec, uint64_t seed,
                      struct record *record, struct err *err)
{
    struct arena arena = {0};
    struct record_manifest manifest;
    struct plan_request request = {
        .strategies = strategies,
        .strategy_count = COUNT_OF(strategies),
        .dataset = spec,
        .workloads = workloads,
        .workload_count = COUNT_OF(workloads),
        .seed = seed,
        .seed_given = true,
        .rounds = 1,
        .durability = "none",
        .guardrail = NAN,
        .keep = "none",
        .out = folder,
        .name = name,
    };
    enum rc rc = plan_make(&request, &arena, &manifest, err);
    if (rc == RC_OK)
        rc = scratch_study(folder, &manifest, record, err);
    arena_release(&arena);
    return rc;
}

/* The value of the arm that runs `strategy`, NAN where there is none. */
static enum rc value_of(const struct record *record, size_t strategy, size_t which, double *out,
                        struct err *err)
{
    for (uint32_t run = 0; run < record->run_count; run++) {
        const struct sample *all = record_find(record, run, SAMPLE_RUN, "");
        CHECK(all != NULL);
        if (strcmp(record->manifest.arms[all->arm].label, strategies[strategy]) != 0)
            continue;
        if (!all->valid)
            return FAIL(err, RC_INVALID, 0, "%s: %s", strategies[strategy], all->reason);
        const struct sample *sample =
            record_find(record, run, wanted[which].kind, wanted[which].place);
        *out = sample ? sample->value[wanted[which].metric] : NAN;
        return RC_OK;
    }
    return FAIL(err, RC_INVALID, 0, "no run of strategy \"%s\"", strategies[strategy]);
}

static enum rc compare(const struct record *real, const struct record *twin,
                       struct profile_check *out, struct err *err)
{
    for (size_t s = 0; s < COUNT_OF(strategies); s++)
        for (size_t i = 0; i < COUNT_OF(wanted); i++) {
            struct profile_figure figure = {
                strategies[s], wanted[i].place, metric_table[wanted[i].metric].name, NAN, NAN, NAN};
            enum rc rc = value_of(real, s, i, &figure.real, err);
            if (rc == RC_OK)
                rc = value_of(twin, s, i, &figure.twin, err);
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

enum rc profile_check_run(const char *parent, const char *spec, struct span twin_text,
                          uint64_t seed, struct profile_check *out, struct err *err)
{
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
        rc = run_on(buf_str(&folder), "real", spec, seed, &real, err);
    }
    if (rc == RC_OK)
        rc = run_on(buf_str(&folder), "twin", buf_str(&twin_spec), seed, &twin, err);
    if (rc == RC_OK)
        rc = compare(&real, &twin, out, err);
    record_release(&real);
    record_release(&twin);
    buf_release(&path);
    buf_release(&twin_spec);
    scratch_remove(&folder);
    return rc;
}
