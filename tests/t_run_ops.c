/* t_run_ops: runs of workloads that delete, read parts and old versions, put bytes again, reopen
 * and measure, by every available strategy, held against a model that shares nothing with the
 * driver but the list of operations and the dataset. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "engine/hash.h"
#include "strategies/strategies.h"
#include "tests/support_fixture.h"
#include "workloads/plan.h"
#include "workloads/run.h"

#define OK(call)                                                  \
    do {                                                          \
        enum rc ok_ = (call);                                     \
        if (ok_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), err.msg); \
    } while (0)

enum { FILES_MAX = 256, VERSIONS_MAX = 64, POINTS_MAX = 64 };

/* ---- a plan ---------------------------------------------------------------------------------- */

struct study {
    const char *dir;
    struct arena arena;
    struct record_manifest manifest;
    uint32_t runs;
};

/* Phases of the default suite come first in a plan; here they stand where `workloads` has them. */
static void order_phases(struct record_manifest *manifest, const char *const *workloads,
                         size_t count)
{
    struct record_phase phases[RUN_PHASES_MAX];
    size_t filled = 0;
    assert_int_equal(manifest->phase_count, count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            if (strcmp(manifest->phases[k].workload, workloads[i]) == 0)
                phases[filled++] = manifest->phases[k];
    assert_int_equal(filled, count);
    memcpy(manifest->phases, phases, count * sizeof(*phases));
}

static void study_make(struct study *study, const char *dir, struct plan_request request)
{
    const char *specs[PLAN_ARMS_MAX];
    struct err err = {0};
    size_t count = 0;
    for (size_t i = 0; i < strategy_row_count(); i++)
        if (strategy_row_at(i)->ops != NULL)
            specs[count++] = strategy_row_at(i)->name;
    *study = (struct study){.dir = dir};
    request.strategies = specs;
    request.strategy_count = count;
    if (request.dataset == NULL)
        request.dataset = "random:files=12,size_min=1,size_max=9k";
    request.guardrail = NAN;
    request.out = dir;
    OK(plan_make(&request, &study->arena, &study->manifest, &err));
    order_phases(&study->manifest, request.workloads, request.workload_count);
}

static struct run_result *execute_valid(struct study *study, uint32_t arm)
{
    char folder[512], data[600];
    struct err err = {0};
    uint32_t run = study->runs++;
    snprintf(folder, sizeof(folder), "%s/store-%u", study->dir, run);
    snprintf(data, sizeof(data), "%s/data", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkdir(data, 0700), 0);
    struct run_request request = {
        .manifest = &study->manifest,
        .study_dir = study->dir,
        .store_dir = data,
        .kept_dir = folder,
        .run = run,
        .arm = arm,
    };
    struct run_result *result = calloc(1, sizeof(*result));
    assert_non_null(result);
    OK(run_execute(&request, result, &err));
    const struct sample *line = &result->samples[result->sample_count - 1];
    if (!line->valid)
        fail_msg("%s: INVALID: %s", study->manifest.arms[arm].label, line->reason);
    return result;
}

static void result_free(struct run_result *result)
{
    run_result_release(result);
    free(result);
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

/* ---- the model ------------------------------------------------------------------------------- */

struct model_blob {
    uint64_t len;
    uint32_t content;
    bool there;
};
struct model_phase {
    uint64_t ops, opens, commits, bytes_in, bytes_out, deletes;
    uint64_t live, history, written, versions; /* at its end */
    struct series_point points[POINTS_MAX];
    size_t point_count;
};
struct model {
    struct dataset *ds;
    bool history;
    char paths[FILES_MAX][128];
    uint32_t order[FILES_MAX]; /* files by path */
    struct model_blob blobs[FILES_MAX][VERSIONS_MAX];
    uint32_t newest[FILES_MAX];
    bool exists[FILES_MAX];
    uint32_t files;
    uint64_t written, versions;
    struct hash128 read; /* fold of all that was read */
    struct buf bytes;
    struct model_phase phases[RUN_PHASES_MAX];
};

static struct span model_content(struct model *model, uint32_t file, uint32_t version)
{
    struct err err = {0};
    OK(dataset_content(model->ds, file, model->blobs[file][version].content, &model->bytes));
    return buf_span(&model->bytes);
}

static void model_accounts(const struct model *model, uint64_t *live, uint64_t *history)
{
    *live = *history = 0;
    for (uint32_t file = 0; file < model->files; file++) {
        for (uint32_t version = 0; version <= model->newest[file]; version++)
            *history += model->blobs[file][version].there ? model->blobs[file][version].len : 0;
        if (model->exists[file])
            *live += model->blobs[file][model->newest[file]].len;
    }
}

static void model_put(struct model *model, struct model_phase *phase, const struct op *op)
{
    struct err err = {0};
    assert_true(op->file < FILES_MAX && op->version < VERSIONS_MAX);
    struct model_blob *blobs = model->blobs[op->file];
    if (op->kind == OP_INSERT) {
        assert_int_equal(op->file, model->files);
        assert_int_equal(op->version, 0);
        model->files++;
    } else {
        assert_int_equal(op->version, model->newest[op->file] + 1);
        if (!model->history && blobs[op->version - 1].there) {
            blobs[op->version - 1].there = false;
            phase->deletes++;
        }
    }
    OK(dataset_content(model->ds, op->file, op->content, &model->bytes));
    blobs[op->version] =
        (struct model_blob){.len = model->bytes.len, .content = op->content, .there = true};
    model->newest[op->file] = op->version;
    model->exists[op->file] = true;
    phase->bytes_in += model->bytes.len;
    model->written += model->bytes.len;
    model->versions++;
}

static void model_delete(struct model *model, struct model_phase *phase, const struct op *op)
{
    assert_true(op->file < model->files && model->exists[op->file]);
    for (uint32_t version = 0; version <= model->newest[op->file]; version++) {
        phase->deletes += model->blobs[op->file][version].there;
        model->blobs[op->file][version].there = false;
    }
    model->exists[op->file] = false;
}

static void model_read(struct model *model, struct model_phase *phase, uint32_t file,
                       uint32_t version, const struct op *part)
{
    assert_true(model->exists[file]);
    assert_true(version <= model->newest[file]);
    assert_true(model->blobs[file][version].there);
    struct span bytes = model_content(model, file, version);
    if (part != NULL) {
        /* Offsets 0..len-part inclusive, the share at / 2^32 of them. */
        uint64_t places = bytes.len > part->len ? bytes.len - part->len + 1 : 1;
        size_t from = (size_t)((double)part->at / 4294967296.0 * (double)places);
        size_t left = bytes.len - from;
        bytes = span_of(bytes.ptr + from, left < part->len ? left : part->len);
    }
    phase->bytes_out += bytes.len;
    model->read = hash128_fold(model->read, hash_xxh128(bytes));
}

static void model_scan(struct model *model, struct model_phase *phase, const struct op *op,
                       uint32_t files_ever)
{
    uint32_t seen = 0;
    for (uint32_t rank = 0; rank < files_ever; rank++) {
        uint32_t file = model->order[rank];
        if (file >= model->files || !model->exists[file])
            continue;
        model_read(model, phase, file, model->newest[file], NULL);
        seen++;
    }
    assert_int_equal(seen, op->version);
}

static struct model *sorting;
static int by_path(const void *a, const void *b)
{
    return strcmp(sorting->paths[*(const uint32_t *)a], sorting->paths[*(const uint32_t *)b]);
}

static void model_paths(struct model *model, uint32_t files)
{
    struct err err = {0};
    struct buf path = {0};
    assert_true(files <= FILES_MAX);
    for (uint32_t file = 0; file < files; file++) {
        OK(dataset_path(model->ds, file, &path));
        snprintf(model->paths[file], sizeof(model->paths[file]), "%s", buf_str(&path));
        model->order[file] = file;
    }
    sorting = model;
    qsort(model->order, files, sizeof(*model->order), by_path);
    buf_release(&path);
}

static bool writes(const struct op *op)
{
    return op->kind == OP_INSERT || op->kind == OP_UPDATE || op->kind == OP_DELETE;
}

static void model_phase(struct model *model, struct model_phase *phase, const struct op *ops,
                        size_t count, uint32_t batch, uint32_t files_ever)
{
    uint32_t open = 0;
    for (size_t k = 0; k < count; k++) {
        const struct op *op = &ops[k];
        switch (op->kind) {
        case OP_INSERT:
        case OP_UPDATE: model_put(model, phase, op); break;
        case OP_DELETE: model_delete(model, phase, op); break;
        case OP_READ:
            model_read(model, phase, op->file,
                       model->history ? op->version : model->newest[op->file], NULL);
            break;
        case OP_READ_AT: model_read(model, phase, op->file, op->version, op); break;
        case OP_SCAN: model_scan(model, phase, op, files_ever); break;
        case OP_REOPEN: phase->opens++; break;
        case OP_MEASURE:
            assert_true(phase->point_count < POINTS_MAX);
            struct series_point *point = &phase->points[phase->point_count++];
            point->ops = phase->ops;
            point->versions = model->versions;
            point->written_bytes = model->written;
            model_accounts(model, &point->live_bytes, &point->history_bytes);
            for (uint32_t file = 0; file < model->files; file++)
                for (uint32_t version = 0; version <= model->newest[file]; version++)
                    point->held += model->blobs[file][version].there;
            continue;
        default: fail_msg("operation of kind %d", (int)op->kind);
        }
        phase->ops++;
        open += writes(op);
        if (writes(op) && (open == batch || k + 1 == count || !writes(&ops[k + 1]))) {
            phase->commits++;
            open = 0;
        }
    }
    model_accounts(model, &phase->live, &phase->history);
    phase->written = model->written;
    phase->versions = model->versions;
}

static struct model *model_run(const struct record_manifest *manifest)
{
    struct err err = {0};
    struct model *model = calloc(1, sizeof(*model));
    struct schedule schedule;
    size_t start[RUN_PHASES_MAX + 1] = {0};
    uint32_t batch[RUN_PHASES_MAX];
    assert_non_null(model);
    model->history = strcmp(manifest->retention, "history") == 0;
    schedule_init(&schedule, &err);
    OK(dataset_open(&model->ds, manifest->dataset_spec, manifest->seed, &err));
    struct workload_env env = {
        .base_files = model->ds->file_count,
        .base_bytes = manifest->dataset_bytes,
        .dataset = model->ds,
        .keep_history = model->history,
    };
    for (size_t i = 0; i < manifest->phase_count; i++) {
        const struct record_phase *phase = &manifest->phases[i];
        OK(workload_plan(workload_by_name(phase->workload), phase->name, phase->options,
                         manifest->seed, &env, &schedule));
        start[i + 1] = schedule.count;
        batch[i] = schedule.batch > 0 ? schedule.batch : manifest->batch;
    }
    model_paths(model, schedule.file_count);
    for (size_t i = 0; i < manifest->phase_count; i++)
        model_phase(model, &model->phases[i], schedule.ops + start[i], start[i + 1] - start[i],
                    batch[i], schedule.file_count);
    schedule_release(&schedule);
    return model;
}

static void model_free(struct model *model)
{
    dataset_close(model->ds);
    buf_release(&model->bytes);
    free(model);
}

/* ---- a run against the model ----------------------------------------------------------------- */

static void expect_metric(const struct record_arm *arm, const struct sample *sample,
                          enum metric metric, uint64_t wanted)
{
    if (sample->value[metric] != (double)wanted)
        fail_msg("%s, %s: %s is %.17g, expected %llu", arm->label, sample->name,
                 metric_table[metric].name, sample->value[metric], (unsigned long long)wanted);
}

static void expect_series(const struct record_arm *arm, const struct sample *sample,
                          const struct model_phase *model)
{
    assert_int_equal(sample->series.count, model->point_count);
    for (size_t i = 0; i < model->point_count; i++) {
        const struct series_point *got = &sample->series.items[i], *wanted = &model->points[i];
        assert_int_equal(got->ops, wanted->ops);
        assert_int_equal(got->versions, wanted->versions);
        assert_int_equal(got->held, wanted->held);
        assert_int_equal(got->written_bytes, wanted->written_bytes);
        assert_int_equal(got->live_bytes, wanted->live_bytes);
        assert_int_equal(got->history_bytes, wanted->history_bytes);
        assert_int_equal(got->total_bytes > 0, !arm->volatile_floor);
    }
}

static void expect_phase(const struct record_arm *arm, const struct sample *sample,
                         const struct model_phase *model)
{
    expect_metric(arm, sample, M_OPS, model->ops - (arm->volatile_floor ? model->opens : 0));
    expect_metric(arm, sample, M_COMMITS, model->commits);
    expect_metric(arm, sample, M_BYTES_IN, model->bytes_in);
    expect_metric(arm, sample, M_BYTES_OUT, model->bytes_out);
    assert_true(sample->value[M_UNIQUE_BYTES] + sample->value[M_DUP_BYTES] ==
                (double)model->bytes_in);
    if (model->bytes_in < MIB) /* none was due, and those of measurements do not count */
        expect_metric(arm, sample, M_CHECKPOINTS, 0);
    expect_series(arm, sample, model);
}

static void expect_snapshot(const struct record_arm *arm, const struct sample *sample,
                            const struct model_phase *model, const struct sample *phase)
{
    expect_metric(arm, sample, M_LIVE_BYTES, model->live);
    expect_metric(arm, sample, M_HISTORY_BYTES, model->history);
    expect_metric(arm, sample, M_WRITTEN_BYTES, model->written);
    /* Where the last operation was a measurement, it saw what the snapshot sees. */
    size_t points = phase->series.count;
    if (points > 0 && phase->series.items[points - 1].versions == model->versions &&
        phase->series.items[points - 1].live_bytes == model->live)
        expect_metric(arm, sample, M_TOTAL_BYTES, phase->series.items[points - 1].total_bytes);
}

static void expect_run(struct study *study, uint32_t arm_index, const struct model *model)
{
    const struct record_arm *arm = &study->manifest.arms[arm_index];
    struct run_result *result = execute_valid(study, arm_index);
    char hex[HEX_SIZE];
    for (size_t i = 0; i < study->manifest.phase_count; i++) {
        const struct record_phase *plan = &study->manifest.phases[i];
        const struct sample *phase = find(result, SAMPLE_PHASE, plan->name);
        expect_phase(arm, phase, &model->phases[i]);
        if (plan->snapshot[0] != '\0')
            expect_snapshot(arm, find(result, SAMPLE_SNAPSHOT, plan->snapshot), &model->phases[i],
                            phase);
    }
    assert_string_equal(result->samples[result->sample_count - 1].verification,
                        hex_str(hex, span_of(model->read.bytes, 16)));
    result_free(result);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static const char *const all_workloads[] = {
    "ingest",     "update",       "delete_churn", "read_scan",    "rewrite",
    "read_range", "read_history", "open_cold",    "open_warm",    "read_point",
    "ageing",     "mixed",        "growth",       "ingest_batch", "update_point",
};
static const char *const all_options[] = {
    "update:rounds=2",
    "delete_churn:turnover=1.5,revive=40%",
    "read_scan:scans=2",
    "rewrite:ops=20,skew=zipf",
    "read_range:ops=60,len=700,skew=hotspot",
    "read_history:ops=60,old=70%,skew=latest",
    "open_cold:rounds=3,reads=5",
    "open_warm:rounds=3,reads=5",
    "read_point:ops=20,skew=runs,run=4",
    "ageing:turnover=2.5,reads=9,revive=30%",
    "mixed:ops=60,skew=zipf,theta=1",
    "growth:versions=3,files=7",
    "ingest_batch:files=23,batch=5",
    "update_point:ops=20",
};

static void expect_all(const char *dir, struct plan_request request, uint32_t first_run)
{
    struct study study;
    request.workloads = all_workloads;
    request.workload_count = COUNT_OF(all_workloads);
    request.workload_options = all_options;
    request.workload_option_count = COUNT_OF(all_options);
    study_make(&study, dir, request);
    study.runs = first_run;
    struct model *model = model_run(&study.manifest);
    for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++)
        expect_run(&study, arm, model);
    model_free(model);
    arena_release(&study.arena);
}

static void test_history(void **state)
{
    expect_all(*state, (struct plan_request){.durability = "none"}, 0);
    expect_all(*state, (struct plan_request){.batch = 7, .durability = "consistent"}, 100);
}

static void test_latest(void **state)
{
    expect_all(*state, (struct plan_request){.retention = "latest", .durability = "none"}, 0);
    expect_all(*state, (struct plan_request){.retention = "latest", .batch = 7}, 100);
}

static void test_rollback_journal(void **state)
{
    expect_all(*state, (struct plan_request){.durability = "durable-rollback", .batch = 3}, 0);
}

static void test_other_data(void **state)
{
    expect_all(*state,
               (struct plan_request){.dataset = "append:files=5,size=20k", .durability = "none"},
               0);
    expect_all(*state,
               (struct plan_request){.dataset = "lix-v1:files_per_class=1,size=100k",
                                     .durability = "none",
                                     .retention = "latest",
                                     .seed = 9,
                                     .seed_given = true},
               100);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_history),
        IN_FOLDER(test_latest),
        IN_FOLDER(test_rollback_journal),
        IN_FOLDER(test_other_data),
    };
    return cmocka_run_group_tests_name("t_run_ops", tests, NULL, NULL);
}
