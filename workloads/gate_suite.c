#include "workloads/gate_suite.h"

#include <inttypes.h>
#include <math.h>

#include "engine/hash.h"

static const char *const default_strategies[] = {"raw", "dedup", "dedup-zstd", "chunked"};

/* Fixed: a stored value of an exact metric is one of this seed. */
#define GATE_DATA_SEED 1

static const struct {
    const char *name, *dataset;
} exact_parts[GATE_EXACT_PARTS] = {
    {"copies", "media:files=24,size=12k,duplicates=0.25"},
    {"text", "append:files=16,size=6k"},
};

const char *const *gate_suite_strategies(size_t *count)
{
    *count = COUNT_OF(default_strategies);
    return default_strategies;
}

const char *gate_suite_data(size_t part)
{
    CHECK(part < GATE_EXACT_PARTS);
    return exact_parts[part].name;
}

static struct plan_request request_of(const struct gate_suite *suite, const char *out,
                                      const char *name)
{
    return (struct plan_request){
        .strategies = suite->strategies ? suite->strategies : default_strategies,
        .strategy_count = suite->strategies ? suite->strategy_count : COUNT_OF(default_strategies),
        .seed = GATE_DATA_SEED,
        .seed_given = true,
        .guardrail = NAN,
        .keep = "none",
        .out = out,
        .name = name,
    };
}

enum rc gate_suite_exact(const struct gate_suite *suite, size_t part,
                         const struct record_build builds[2], uint32_t rounds, const char *out,
                         struct arena *arena, struct record_manifest *manifest, struct err *err)
{
    static const char *const names[GATE_EXACT_PARTS] = {"exact-copies", "exact-text"};
    static const char *const sets[] = {"update:rounds=2", "read_point:ops=48", "read_scan:scans=2",
                                       "mixed:ops=60", "update_point:ops=40"};
    CHECK(part < GATE_EXACT_PARTS);
    struct plan_request request = request_of(suite, out, names[part]);
    request.dataset = exact_parts[part].dataset;
    request.workload_options = sets;
    request.workload_option_count = COUNT_OF(sets);
    request.durability = "durable";
    request.rounds = rounds;
    request.builds = builds;
    request.build_count = 2;
    return plan_make(&request, arena, manifest, err);
}

enum rc gate_suite_counted(const struct gate_suite *suite, const char *out, const char *name,
                           struct arena *arena, struct record_manifest *manifest, struct err *err)
{
    static const char *const workloads[] = {"ingest", "update", "read_point"};
    static const char *const sets[] = {"update:rounds=1", "read_point:ops=60"};
    struct plan_request request = request_of(suite, out, name);
    request.dataset = "lix-v1:files_per_class=4,size=8k";
    request.workloads = workloads;
    request.workload_count = COUNT_OF(workloads);
    request.workload_options = sets;
    request.workload_option_count = COUNT_OF(sets);
    request.durability = "none";
    request.rounds = 1;
    request.no_layout = true;
    return plan_make(&request, arena, manifest, err);
}

enum rc gate_suite_timed(const struct gate_suite *suite, const struct gate_suite_timing *timing,
                         const struct record_build builds[2], const char *out, struct arena *arena,
                         struct record_manifest *manifest, struct err *err)
{
    static const char *const workloads[] = {"ingest", "update", "read_point"};
    static const char *const sets[] = {"update:rounds=2", "read_point:ops=2000"};
    struct plan_request request = request_of(suite, out, timing->name);
    /* Its bytes and operations do not depend on the seed, which may so be another in every gate. */
    request.dataset = "lix-v1:files_per_class=20,size=16k";
    request.seed = timing->seed;
    request.workloads = workloads;
    request.workload_count = COUNT_OF(workloads);
    request.workload_options = sets;
    request.workload_option_count = COUNT_OF(sets);
    request.durability = "none";
    request.looks = timing->looks;
    request.look_count = timing->look_count;
    request.alpha = 0.01;
    request.builds = builds;
    request.build_count = 2;
    return plan_make(&request, arena, manifest, err);
}

/* ---- the suite's hash ----------------------------------------------------------------------- */

static enum rc describe(const struct record_manifest *manifest, struct buf *text, struct err *err)
{
    enum rc rc =
        buf_printf(text, err, "%s %" PRIu64 " %s %s %" PRIu32 "\n", manifest->dataset_hash,
                   manifest->seed, manifest->durability, manifest->retention, manifest->batch);
    for (size_t i = 0; rc == RC_OK && i < manifest->arm_count; i++)
        if (!manifest->arms[i].control_again)
            rc = buf_printf(text, err, "arm %s\n", manifest->arms[i].spec);
    for (size_t i = 0; rc == RC_OK && i < manifest->phase_count; i++) {
        const struct record_phase *phase = &manifest->phases[i];
        rc = buf_printf(text, err, "phase %s %s %s %s\n", phase->name, phase->workload,
                        phase->options, phase->snapshot);
    }
    return rc;
}

enum rc gate_suite_fold(struct hash128 *hash, const struct record_manifest *manifest,
                        struct err *err)
{
    struct buf text = {0};
    enum rc rc = describe(manifest, &text, err);
    if (rc == RC_OK)
        *hash = hash128_fold(*hash, hash_xxh128(buf_span(&text)));
    buf_release(&text);
    return rc;
}
