/* t_run: whole runs of every available strategy on small data, in this process.  What they report
 * must be complete, consistent in itself, equal where it must be equal, and true of the files. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "engine/quantile.h"
#include "results/kept.h"
#include "strategies/strategies.h"
#include "tests/support_fixture.h"
#include "workloads/plan.h"
#include "workloads/run.h"

enum { FILES = 12, BYTES = 3072 };

static const char *const small_options[] = {"read_point:ops=100", "mixed:ops=60",
                                            "update_point:ops=30"};

/* ---- a plan, and runs of it ------------------------------------------------------------------ */

struct study {
    const char *dir;
    struct arena arena;
    struct record_manifest manifest;
    uint32_t runs;
};

/* Every available strategy, or only `only`. */
static void study_make(struct study *study, const char *dir, struct plan_request request,
                       const char *only)
{
    const char *specs[PLAN_ARMS_MAX];
    struct err err = {0};
    size_t count = 0;
    for (size_t i = 0; only == NULL && i < strategy_row_count(); i++)
        if (strategy_row_at(i)->ops != NULL)
            specs[count++] = strategy_row_at(i)->name;
    if (only != NULL)
        specs[count++] = only;
    *study = (struct study){.dir = dir};
    request.strategies = specs;
    request.strategy_count = count;
    if (request.dataset == NULL)
        request.dataset = "random:files=12,size=3k";
    if (request.workload_options == NULL) {
        request.workload_options = small_options;
        request.workload_option_count = COUNT_OF(small_options);
    }
    request.guardrail = NAN;
    request.out = dir;
    if (plan_make(&request, &study->arena, &study->manifest, &err) != RC_OK)
        fail_msg("plan: %s", err.msg);
}

static void study_free(struct study *study)
{
    arena_release(&study->arena);
}

static uint32_t arm_by_label(const struct study *study, const char *label)
{
    for (uint32_t arm = 0; arm < study->manifest.arm_count; arm++)
        if (strcmp(study->manifest.arms[arm].label, label) == 0)
            return arm;
    fail_msg("no arm is labelled %s", label);
    return 0;
}

static enum rc execute(struct study *study, uint32_t arm, bool keep,
                       const volatile sig_atomic_t *stop, struct run_result **result,
                       struct err *err)
{
    char folder[512], data[600];
    uint32_t run = study->runs++;
    snprintf(folder, sizeof(folder), "%s/store-%u", study->dir, run);
    snprintf(data, sizeof(data), "%s/data", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkdir(data, 0700), 0);
    struct run_request request = {
        .manifest = &study->manifest,
        .study_dir = study->dir,
        .store_dir = data,
        .kept_dir = keep ? folder : NULL,
        .run = run,
        .round = run / 7,
        .slot = run % 7,
        .arm = arm,
        .stop = stop,
    };
    *result = calloc(1, sizeof(**result));
    assert_non_null(*result);
    return run_execute(&request, *result, err);
}

static void result_free(struct run_result *result)
{
    run_result_release(result);
    free(result);
}

static const struct sample *run_line_of(const struct run_result *result)
{
    return &result->samples[result->sample_count - 1];
}

static struct run_result *execute_valid(struct study *study, uint32_t arm)
{
    struct run_result *result;
    struct err err = {0};
    const char *label = study->manifest.arms[arm].label;
    if (execute(study, arm, false, NULL, &result, &err) != RC_OK)
        fail_msg("%s: %s", label, err.msg);
    const struct sample *line = run_line_of(result);
    if (!line->valid)
        fail_msg("%s: INVALID: %s", label, line->reason);
    assert_string_equal(line->reason, "");
    return result;
}

static const struct sample *find(const struct run_result *result, enum sample_kind kind,
                                 const char *name)
{
    for (size_t i = 0; i < result->sample_count; i++)
        if (result->samples[i].kind == kind && strcmp(result->samples[i].name, name) == 0)
            return &result->samples[i];
    fail_msg("no sample is named \"%s\"", name);
    return NULL;
}

/* ---- consistency ----------------------------------------------------------------------------- */

static void expect_metric(const struct sample *sample, enum metric metric, double wanted)
{
    double got = sample->value[metric];
    if (isnan(wanted) ? !isnan(got) : !(fabs(got - wanted) <= 1e-12 * fabs(wanted)))
        fail_msg("%s: %s is %.17g, expected %.17g", sample->name, metric_table[metric].name, got,
                 wanted);
}

static double ratio(double value, double by)
{
    return by > 0 ? value / by : NAN;
}

/* The order samples come in, and which values each kind has. */
static void expect_complete(const struct study *study, uint32_t arm, uint32_t run,
                            const struct run_result *result)
{
    const struct record_manifest *manifest = &study->manifest;
    size_t at = 0;
    assert_string_equal(result->samples[at].name, RECORD_BASELINE);
    assert_int_equal(result->samples[at++].kind, SAMPLE_SNAPSHOT);
    for (size_t i = 0; i < manifest->phase_count; i++) {
        assert_string_equal(result->samples[at].name, manifest->phases[i].name);
        assert_int_equal(result->samples[at++].kind, SAMPLE_PHASE);
        if (manifest->phases[i].snapshot[0] == '\0')
            continue;
        assert_string_equal(result->samples[at].name, manifest->phases[i].snapshot);
        assert_int_equal(result->samples[at++].kind, SAMPLE_SNAPSHOT);
    }
    assert_int_equal(result->samples[at].kind, SAMPLE_RUN);
    assert_int_equal(result->sample_count, at + 1);
    static const enum metric_scope scopes[] = {
        [SAMPLE_PHASE] = PHASE, [SAMPLE_SNAPSHOT] = SNAPSHOT, [SAMPLE_RUN] = RUN};
    for (size_t i = 0; i < result->sample_count; i++) {
        const struct sample *sample = &result->samples[i];
        assert_int_equal(sample->run, run);
        assert_int_equal(sample->round, run / 7);
        assert_int_equal(sample->slot, run % 7);
        assert_int_equal(sample->arm, arm);
        for (size_t m = 0; m < METRIC_COUNT; m++) {
            double value = sample->value[m];
            if (metric_table[m].scope != scopes[sample->kind])
                assert_true(isnan(value));
            assert_true(isnan(value) || (isfinite(value) && value >= 0) || m == M_WRITE_AMP);
        }
    }
}

static void expect_latencies(const struct study *study, const struct sample *phase)
{
    char name[128];
    struct buf path = {0};
    struct err err = {0};
    struct latency *items = NULL;
    size_t count = 0;
    const double *value = phase->value;
    fixture_join(&path, study->dir, latencies_name(name, phase->run, phase->name));
    if (latencies_read(buf_str(&path), &items, &count, &err) != RC_OK)
        fail_msg("%s", err.msg);
    assert_true(value[M_OPS] == (double)count && count > 0);
    double *sorted = calloc(count, sizeof(*sorted)), wall_ns = 0;
    assert_non_null(sorted);
    for (size_t i = 0; i < count; i++) {
        assert_true(items[i].ns > 0 && items[i].bytes > 0);
        sorted[i] = (double)items[i].ns;
        wall_ns += sorted[i];
    }
    quantile_sort(sorted, count);
    expect_metric(phase, M_WALL_NS, wall_ns);
    expect_metric(phase, M_OPS_PER_S, (double)count * 1e9 / wall_ns);
    expect_metric(phase, M_P50_NS, quantile_harrell_davis(sorted, count, 0.50));
    expect_metric(phase, M_P95_NS, count < 400 ? NAN : quantile_harrell_davis(sorted, count, 0.95));
    expect_metric(phase, M_P99_NS,
                  count < 2000 ? NAN : quantile_harrell_davis(sorted, count, 0.99));
    assert_true(value[M_STALL_NS] >= 0 && value[M_STALL_NS] < wall_ns);
    expect_metric(phase, M_STALL_SHARE, value[M_STALL_NS] / wall_ns);
    assert_int_equal(isnan(value[M_P50_FIRST_NS]), count < 2);
    assert_int_equal(isnan(value[M_P50_SECOND_NS]), count < 2);
    expect_metric(phase, M_MAX_NS, sorted[count - 1]);
    assert_true(isnan(value[M_P95_NS]) || value[M_P50_NS] <= value[M_P95_NS]);
    assert_true(isnan(value[M_P99_NS]) || value[M_P95_NS] <= value[M_P99_NS]);
    assert_true(value[M_P50_NS] <= value[M_MAX_NS]);
    free(sorted);
    free(items);
    buf_release(&path);
}

static void expect_phase(const struct study *study, const struct record_phase *plan,
                         const struct sample *phase, bool caches)
{
    const double *v = phase->value;
    expect_latencies(study, phase);
    assert_true(v[M_CPU_NS] > 0);
    expect_metric(phase, M_CPU_MS_PER_MB,
                  v[M_CPU_NS] / 1e6 / ((v[M_BYTES_IN] + v[M_BYTES_OUT]) / 1e6));
    expect_metric(phase, M_WRITE_BYTES,
                  v[M_DB_WRITE_BYTES] + v[M_WAL_WRITE_BYTES] + v[M_JOURNAL_WRITE_BYTES] +
                      v[M_TEMP_WRITE_BYTES] + v[M_EXTERNAL_WRITE_BYTES]);
    expect_metric(phase, M_WRITE_AMP_PHYSICAL, ratio(v[M_WRITE_BYTES], v[M_BYTES_IN]));
    expect_metric(phase, M_BYTES_IN, v[M_UNIQUE_BYTES] + v[M_DUP_BYTES]);
    expect_metric(phase, M_DEDUP_RATIO, ratio(v[M_DUP_BYTES], v[M_BYTES_IN]));
    assert_true(v[M_COMMIT_SYNCS] <= v[M_SYNCS]);
    expect_metric(phase, M_BYTES_WRITTEN_BY_READS, plan->reads_only ? v[M_WRITE_BYTES] : NAN);
    if (!plan->reads_only)
        return;
    expect_metric(phase, M_COMMITS, 0);
    expect_metric(phase, M_BYTES_IN, 0);
    if (!caches) {
        expect_metric(phase, M_WRITE_BYTES, 0);
        expect_metric(phase, M_SYNCS, 0);
        expect_metric(phase, M_COMMIT_SYNCS_PER_COMMIT, NAN);
    }
}

static void expect_snapshot(const struct record_arm *arm, const struct sample *snapshot)
{
    const double *v = snapshot->value;
    double total = v[M_TOTAL_BYTES];
    expect_metric(snapshot, M_TOTAL_BYTES,
                  v[M_DB_FILE_BYTES] + v[M_SIDECAR_BYTES] + v[M_EXTERNAL_BYTES]);
    expect_metric(snapshot, M_SIDECAR_BYTES, 0); /* settled */
    expect_metric(snapshot, M_STORAGE_AMP, ratio(total, v[M_LIVE_BYTES]));
    expect_metric(snapshot, M_STORAGE_AMP_HISTORY, ratio(total, v[M_HISTORY_BYTES]));
    expect_metric(snapshot, M_STORAGE_AMP_WRITTEN, ratio(total, v[M_WRITTEN_BYTES]));
    assert_true(v[M_LIVE_BYTES] <= v[M_HISTORY_BYTES]);
    assert_true(v[M_HISTORY_BYTES] <= v[M_WRITTEN_BYTES]);
    if (!arm->sql) {
        expect_metric(snapshot, M_PAGE_SIZE, NAN);
        expect_metric(snapshot, M_DB_FILE_BYTES, 0);
        return;
    }
    expect_metric(snapshot, M_DB_BYTES, v[M_PAGE_SIZE] * v[M_PAGE_COUNT]);
    expect_metric(snapshot, M_DB_BYTES, v[M_DB_FILE_BYTES]);
    expect_metric(snapshot, M_DB_BYTES, v[M_TABLE_BYTES] + v[M_INDEX_BYTES] + v[M_FREE_BYTES]);
    assert_true(v[M_CACHE_TABLE_BYTES] <= v[M_TABLE_BYTES]);
}

static void expect_run_line(const struct study *study, const struct run_result *result,
                            const struct record_arm *arm)
{
    const struct sample *line = run_line_of(result);
    double bytes_in = 0;
    assert_string_equal(line->dataset_hash, study->manifest.dataset_hash);
    assert_int_equal(strlen(line->verification), 32);
    assert_int_equal(line->pragmas.count > 0, arm->sql);
    for (size_t i = 0; i < result->sample_count; i++)
        if (result->samples[i].kind == SAMPLE_PHASE)
            bytes_in += result->samples[i].value[M_BYTES_IN];
    const struct record_shares *all[] = {&line->by_extension, &line->by_handler};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        uint64_t bytes = 0;
        for (size_t k = 0; k < all[i]->count; k++)
            bytes += all[i]->items[k].logical_bytes;
        assert_true((double)bytes == bytes_in);
    }
    assert_true(line->value[M_PEAK_RSS_BYTES] > 1e6);
    assert_true(line->value[M_RUN_NS] > 0);
    assert_true(line->value[M_VERIFIED_BYTES] >= bytes_in || !study->manifest.retention[0]);
}

/* write_amp: what the files grew by between two snapshots, per byte put. */
static void expect_growth(const struct study *study, const struct run_result *result)
{
    double before = find(result, SAMPLE_SNAPSHOT, RECORD_BASELINE)->value[M_TOTAL_BYTES];
    for (size_t i = 0; i < study->manifest.phase_count; i++) {
        const struct record_phase *plan = &study->manifest.phases[i];
        const struct sample *phase = find(result, SAMPLE_PHASE, plan->name);
        if (plan->snapshot[0] == '\0') {
            expect_metric(phase, M_WRITE_AMP, NAN);
            continue;
        }
        double after = find(result, SAMPLE_SNAPSHOT, plan->snapshot)->value[M_TOTAL_BYTES];
        expect_metric(phase, M_WRITE_AMP, ratio(after - before, phase->value[M_BYTES_IN]));
        before = after;
    }
}

static void expect_consistent(const struct study *study, const struct run_result *result)
{
    uint32_t arm_index = run_line_of(result)->arm;
    const struct record_arm *arm = &study->manifest.arms[arm_index];
    bool caches = strncmp(arm->label, "naive", 5) == 0;
    expect_complete(study, arm_index, run_line_of(result)->run, result);
    for (size_t i = 0; i < study->manifest.phase_count; i++) {
        const struct record_phase *plan = &study->manifest.phases[i];
        expect_phase(study, plan, find(result, SAMPLE_PHASE, plan->name), caches);
    }
    for (size_t i = 0; i < result->sample_count; i++)
        if (result->samples[i].kind == SAMPLE_SNAPSHOT)
            expect_snapshot(arm, &result->samples[i]);
    expect_growth(study, result);
    expect_run_line(study, result, arm);
}

/* Counters are exact or they are no counters. */
static void expect_equal_counters(const struct run_result *a, const struct run_result *b)
{
    assert_int_equal(a->sample_count, b->sample_count);
    for (size_t i = 0; i < a->sample_count; i++) {
        assert_string_equal(a->samples[i].name, b->samples[i].name);
        for (size_t m = 0; m < METRIC_COUNT; m++)
            if (metric_table[m].kind == COUNTER)
                expect_metric(&b->samples[i], (enum metric)m, a->samples[i].value[m]);
    }
    assert_string_equal(run_line_of(a)->verification, run_line_of(b)->verification);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void expect_small_work(const struct run_result *result)
{
    static const struct {
        const char *phase;
        double ops, commits, blobs_in, blobs_out;
    } wanted[] = {
        {"ingest_binary_cold", FILES, FILES, FILES, 0},
        {"update_binary_hot", 2 * FILES, 2 * FILES, 2 * FILES, 0},
        {"read_point_binary", 100, 0, 0, 100},
        {"read_scan_binary", 8, 0, 0, 8 * FILES},
        {"mixed", 60, 18, 18, 42},
        {"update_point_binary", 30, 30, 30, 0},
    };
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        const struct sample *phase = find(result, SAMPLE_PHASE, wanted[i].phase);
        expect_metric(phase, M_OPS, wanted[i].ops);
        expect_metric(phase, M_COMMITS, wanted[i].commits);
        expect_metric(phase, M_BYTES_IN, wanted[i].blobs_in * BYTES);
        expect_metric(phase, M_BYTES_OUT, wanted[i].blobs_out * BYTES);
    }
    const struct sample *end = find(result, SAMPLE_SNAPSHOT, "after_mixed");
    expect_metric(end, M_LIVE_BYTES, (FILES + 6) * BYTES);
    expect_metric(end, M_WRITTEN_BYTES, (3 * FILES + 18) * BYTES);
    double verified = 100 + 8 * FILES + 42 + 3 * FILES + 18 + 30;
    expect_metric(run_line_of(result), M_VERIFIED_BLOBS, verified);
    expect_metric(run_line_of(result), M_VERIFIED_BYTES, verified * BYTES);
}

/* Every strategy twice: valid, complete, consistent, the same work and the same bytes read. */
static void test_strategies(void **state)
{
    struct study study;
    char verification[HEX_SIZE] = "";
    study_make(&study, *state, (struct plan_request){0}, NULL);
    for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
        struct run_result *first = execute_valid(&study, arm);
        struct run_result *second = execute_valid(&study, arm);
        expect_consistent(&study, first);
        expect_consistent(&study, second);
        expect_equal_counters(first, second);
        expect_small_work(first);
        if (verification[0] == '\0')
            snprintf(verification, sizeof(verification), "%s", run_line_of(first)->verification);
        assert_string_equal(run_line_of(first)->verification, verification);
        result_free(first);
        result_free(second);
    }
    study_free(&study);
}

/* Only a strategy with a materialisation cache writes when it is read. */
static void test_reads_that_write(void **state)
{
    struct study study;
    study_make(&study, *state, (struct plan_request){0}, "naive");
    struct run_result *result = execute_valid(&study, arm_by_label(&study, "naive"));
    const struct sample *reads = find(result, SAMPLE_PHASE, "read_point_binary");
    assert_true(reads->value[M_BYTES_WRITTEN_BY_READS] >= (double)FILES * BYTES);
    expect_metric(reads, M_CACHE_MISSES, FILES);
    expect_metric(reads, M_CACHE_HITS, 100 - FILES);
    result_free(result);
    study_free(&study);
}

/* Retention `latest`: the version before goes in the same transaction. */
static void test_latest(void **state)
{
    struct study study, history;
    study_make(&study, *state, (struct plan_request){.retention = "latest"}, NULL);
    study_make(&history, *state, (struct plan_request){0}, "raw");
    history.runs = 100;
    struct run_result *whole = execute_valid(&history, 0);
    for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
        struct run_result *result = execute_valid(&study, arm);
        expect_consistent(&study, result);
        const struct sample *end = find(result, SAMPLE_SNAPSHOT, "after_mixed");
        expect_metric(end, M_HISTORY_BYTES, end->value[M_LIVE_BYTES]);
        expect_metric(end, M_LIVE_BYTES, (FILES + 6) * BYTES);
        assert_string_equal(run_line_of(result)->verification, run_line_of(whole)->verification);
        if (arm == 0)
            assert_true(end->value[M_ROWS] <
                        find(whole, SAMPLE_SNAPSHOT, "after_mixed")->value[M_ROWS]);
        result_free(result);
    }
    result_free(whole);
    study_free(&study);
    study_free(&history);
}

static void test_batches(void **state)
{
    static const struct {
        uint32_t batch;
        double ingest, update;
    } cases[] = {{1, 12, 24}, {5, 3, 5}, {7, 2, 4}, {12, 1, 2}, {1000, 1, 1}};
    char verification[HEX_SIZE] = "";
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct study study;
        study_make(&study, *state, (struct plan_request){.batch = cases[i].batch}, NULL);
        study.runs = (uint32_t)(100 * i);
        for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
            struct run_result *result = execute_valid(&study, arm);
            expect_consistent(&study, result);
            expect_metric(find(result, SAMPLE_PHASE, "ingest_binary_cold"), M_COMMITS,
                          cases[i].ingest);
            expect_metric(find(result, SAMPLE_PHASE, "update_binary_hot"), M_COMMITS,
                          cases[i].update);
            if (verification[0] == '\0')
                snprintf(verification, sizeof(verification), "%s",
                         run_line_of(result)->verification);
            assert_string_equal(run_line_of(result)->verification, verification);
            result_free(result);
        }
        study_free(&study);
    }
}

static void test_durability(void **state)
{
    static const char *const levels[] = {"none", "consistent", "durable", "durable-rollback"};
    static const double syncs[] = {0, 0, 1, 4};
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        struct study study;
        study_make(&study, *state, (struct plan_request){.durability = levels[i]}, NULL);
        study.runs = (uint32_t)(100 * i);
        for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
            struct run_result *result = execute_valid(&study, arm);
            expect_consistent(&study, result);
            const struct sample *update = find(result, SAMPLE_PHASE, "update_binary_hot");
            expect_metric(update, M_CHECKPOINTS, 0); /* none was due */
            if (!study.manifest.arms[arm].sql) {
                result_free(result);
                continue;
            }
            /* After the snapshot's reopening, on top: WAL header and directory, or two directories
             * (each file syncs its entry with its first sync). */
            expect_metric(update, M_COMMIT_SYNCS,
                          update->value[M_COMMITS] * syncs[i] + (i == 0 ? 0 : 2));
            result_free(result);
        }
        study_free(&study);
    }
}

/* Blobs larger than a window, empty ones, and several windows per phase. */
static void test_shapes(void **state)
{
    static const struct {
        const char *dataset, *options[3];
    } cases[] = {
        {"random:files=3,size=3m", {"read_point:ops=20", "mixed:ops=20", "update_point:ops=30"}},
        {"random:files=9,size_min=1,size_max=200k",
         {"read_point:ops=600", "mixed:ops=300", "update_point:ops=30"}},
        {"lix-v1:files_per_class=3,size=10k",
         {"read_point:ops=20", "mixed:ops=100", "update_point:ops=30"}},
        {"random:files=1,size=1", {"read_point:ops=30", "mixed:ops=30", "update_point:ops=30"}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct study study;
        char verification[HEX_SIZE] = "";
        struct plan_request request = {
            .dataset = cases[i].dataset,
            .workload_options = cases[i].options,
            .workload_option_count = 3,
            .durability = "none",
            .seed = 11 + i,
            .seed_given = true,
        };
        study_make(&study, *state, request, NULL);
        study.runs = (uint32_t)(100 * i);
        for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
            struct run_result *result = execute_valid(&study, arm);
            expect_consistent(&study, result);
            if (verification[0] == '\0')
                snprintf(verification, sizeof(verification), "%s",
                         run_line_of(result)->verification);
            assert_string_equal(run_line_of(result)->verification, verification);
            result_free(result);
        }
        study_free(&study);
    }
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static void test_kept(void **state)
{
    static const char *const retentions[] = {"history", "latest"};
    for (size_t i = 0; i < COUNT_OF(retentions); i++) {
        struct study study;
        struct run_result *result;
        struct kept kept;
        struct err err = {0};
        char folder[512];
        study_make(&study, *state, (struct plan_request){.retention = retentions[i]}, "dedup");
        study.runs = (uint32_t)(100 * i);
        uint32_t arm = arm_by_label(&study, "dedup");
        assert_int_equal(execute(&study, arm, true, NULL, &result, &err), RC_OK);
        assert_true(run_line_of(result)->valid);
        snprintf(folder, sizeof(folder), "%s/store-%u", study.dir, study.runs - 1);
        assert_int_equal(kept_read(folder, &kept, &err), RC_OK);
        assert_string_equal(kept.spec, "dedup");
        assert_string_equal(kept.durability, "durable");
        assert_string_equal(kept.retention, retentions[i]);
        double bytes = 0;
        for (size_t k = 0; k < kept.blob_count; k++)
            bytes += (double)kept.blobs[k].bytes;
        /* The last phase has no snapshot: what it put is on top. */
        if (i == 0)
            bytes -= find(result, SAMPLE_PHASE, "update_point_binary")->value[M_BYTES_IN];
        expect_metric(find(result, SAMPLE_SNAPSHOT, "after_mixed"), M_HISTORY_BYTES, bytes);
        kept_release(&kept);
        assert_int_equal(kept_remove(folder, &err), RC_OK);
        result_free(result);
        study_free(&study);
    }
}

/* ---- no result ------------------------------------------------------------------------------- */

static void expect_no_result(struct study *study, uint32_t arm, const volatile sig_atomic_t *stop,
                             enum rc rc, const char *part)
{
    struct run_result *result;
    struct err err = {0};
    assert_int_equal(execute(study, arm, false, stop, &result, &err), rc);
    if (strstr(err.msg, part) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", err.msg, part);
    for (size_t i = 0; i < result->sample_count; i++)
        assert_int_not_equal(result->samples[i].kind, SAMPLE_RUN);
    result_free(result);
}

static void test_no_result(void **state)
{
    struct study study;
    volatile sig_atomic_t stop = 1;
    study_make(&study, *state, (struct plan_request){0}, "raw");
    expect_no_result(&study, 0, &stop, RC_INTERRUPTED, "interrupted");
    study_free(&study);
}

/* The data is not what the study began with. */
static void test_changed_data(void **state)
{
    struct study study;
    study_make(&study, *state, (struct plan_request){0}, "raw");
    const char *hash = study.manifest.dataset_hash;
    study.manifest.dataset_hash = "00000000000000000000000000000000";
    expect_no_result(&study, 0, NULL, RC_IO, "the dataset changed while in use");
    study.manifest.dataset_hash = hash;
    study.manifest.dataset_files++;
    expect_no_result(&study, 0, NULL, RC_IO, "it changed while in use");
    study.manifest.dataset_files--;
    const char *spec = study.manifest.arms[0].spec;
    study.manifest.arms[0].spec = "absent";
    expect_no_result(&study, 0, NULL, RC_USAGE, "absent");
    study.manifest.arms[0].spec = spec;
    const char *workload = study.manifest.phases[0].workload;
    study.manifest.phases[0].workload = "absent";
    expect_no_result(&study, 0, NULL, RC_USAGE, "absent");
    study.manifest.phases[0].workload = workload;
    study_free(&study);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_strategies), IN_FOLDER(test_reads_that_write), IN_FOLDER(test_latest),
        IN_FOLDER(test_batches),    IN_FOLDER(test_durability),       IN_FOLDER(test_shapes),
        IN_FOLDER(test_kept),       IN_FOLDER(test_no_result),        IN_FOLDER(test_changed_data),
    };
    return cmocka_run_group_tests_name("t_run", tests, NULL, NULL);
}
