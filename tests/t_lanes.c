/* t_lanes: readers beside a writer, for every strategy: what was done is what was asked, every byte
 * read is right, what counts is equal in every run, and what depends on turns is not given. */
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

#include "strategies/strategies.h"
#include "tests/support_fixture.h"
#include "workloads/drawn.h"
#include "workloads/plan.h"
#include "workloads/run.h"

#define OK(call)                                                  \
    do {                                                          \
        enum rc ok_ = (call);                                     \
        if (ok_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), err.msg); \
    } while (0)

struct study {
    const char *dir;
    struct arena arena;
    struct record_manifest manifest;
};

static void study_make(struct study *study, const char *dir, struct plan_request request,
                       const char *concurrent)
{
    static const char *const workloads[] = {"ingest", "concurrent"};
    const char *specs[PLAN_ARMS_MAX];
    struct err err = {0};
    size_t count = 0;
    if (request.strategy_count == 0) {
        for (size_t i = 0; i < strategy_row_count(); i++)
            if (strategy_row_at(i)->ops != NULL)
                specs[count++] = strategy_row_at(i)->name;
        request.strategies = specs;
        request.strategy_count = count;
    }
    request.workloads = workloads;
    request.workload_count = COUNT_OF(workloads);
    request.workload_options = &concurrent;
    request.workload_option_count = 1;
    request.guardrail = NAN;
    request.out = dir;
    *study = (struct study){.dir = dir};
    OK(plan_make(&request, &study->arena, &study->manifest, &err));
}

static struct run_result *execute(struct study *study, uint32_t arm)
{
    static unsigned number;
    char folder[512];
    struct err err = {0};
    snprintf(folder, sizeof(folder), "%s/store-%u", study->dir, number++);
    assert_int_equal(mkdir(folder, 0700), 0);
    struct run_request request = {
        .manifest = &study->manifest, .study_dir = study->dir, .store_dir = folder, .arm = arm};
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

static const double *phase_values(const struct run_result *result)
{
    for (size_t i = 0; i < result->sample_count; i++)
        if (strcmp(result->samples[i].name, "concurrent") == 0)
            return result->samples[i].value;
    fail_msg("the phase is missing");
    return NULL;
}

static bool equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void expect_phase(const struct study *study, uint32_t arm, const double *value, double ops,
                         double updates, double readers)
{
    static const enum metric absent[] = {M_BYTES_OUT, M_CPU_NS,   M_WRITE_BYTES, M_READ_BYTES,
                                         M_SYNCS,     M_STALL_NS, M_COMMIT_SYNCS};
    const struct record_arm *of = &study->manifest.arms[arm];
    bool timed = strstr(of->caps, "read-writes") == NULL;
    uint32_t batch = study->manifest.batch;
    assert_true(value[M_OPS] == (timed ? ops : 0));
    assert_true(value[M_READERS] == readers);
    assert_true(value[M_COMMITS] == ceil(updates / batch));
    assert_true(value[M_BYTES_IN] > 0);
    assert_true(value[M_UNIQUE_BYTES] + value[M_DUP_BYTES] == value[M_BYTES_IN]);
    for (size_t i = 0; i < COUNT_OF(absent); i++)
        assert_true(isnan(value[absent[i]]));
    if (!timed) {
        assert_true(isnan(value[M_HANDLES]) && isnan(value[M_READ_P50_NS]));
        return;
    }
    assert_true(value[M_HANDLES] == (of->sql ? readers + 1 : 1));
    assert_true(value[M_READ_P50_NS] > 0 && value[M_WRITE_P50_NS] > 0);
    assert_true(isnan(value[M_WRITE_P95_NS]) == (updates < METRIC_P95_OPS));
    assert_true(isnan(value[M_READ_P95_NS]) == (ops - updates < METRIC_P95_OPS));
    assert_true(value[M_MAX_NS] <= value[M_WALL_NS]);
    assert_true(fabs(value[M_OPS_PER_S] * value[M_WALL_NS] / 1e9 / ops - 1) < 1e-9);
}

/* Two runs of every strategy agree in everything that counts, and all of them in what they read. */
static void all_agree(const char *dir, const char *durability, const char *retention,
                      uint32_t batch)
{
    enum { OPS = 600, UPDATES = 90, READERS = 3 };
    struct study study;
    char verification[64] = "";
    study_make(&study, dir,
               (struct plan_request){.dataset = "random:files=10,size_min=1,size_max=20k",
                                     .durability = durability,
                                     .retention = retention,
                                     .batch = batch},
               "concurrent:ops=600,writes=15%,readers=3");
    for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
        struct run_result *one = execute(&study, arm), *two = execute(&study, arm);
        expect_phase(&study, arm, phase_values(one), OPS, UPDATES, READERS);
        assert_int_equal(one->sample_count, two->sample_count);
        for (size_t i = 0; i < one->sample_count; i++) {
            for (int m = 0; m < METRIC_COUNT; m++) {
                double a = one->samples[i].value[m], b = two->samples[i].value[m];
                if (metric_table[m].kind == COUNTER && !equal(a, b))
                    fail_msg("%s, %s: %s is %.0f, then %.0f", study.manifest.arms[arm].label,
                             one->samples[i].name, metric_table[m].name, a, b);
            }
        }
        const struct sample *line = &one->samples[one->sample_count - 1];
        if (arm == 0)
            snprintf(verification, sizeof(verification), "%s", line->verification);
        assert_string_equal(line->verification, verification);
        result_free(one);
        result_free(two);
    }
    arena_release(&study.arena);
}

static void test_latest(void **state)
{
    all_agree(*state, "durable", "latest", 1);
}

static void test_history_in_batches(void **state)
{
    all_agree(*state, "none", "history", 4);
}

static void test_rollback_journal(void **state)
{
    all_agree(*state, "durable-rollback", "latest", 7);
}

/* More than one window of contents, most of them of one update; one reader and many. */
static void test_windows(void **state)
{
    static const char *const specs[] = {"raw", "files"};
    struct study study;
    study_make(&study, *state,
               (struct plan_request){.strategies = specs,
                                     .strategy_count = 2,
                                     .dataset = "random:files=4,size=20m",
                                     .durability = "none",
                                     .retention = "latest"},
               "concurrent:ops=16,writes=25%,readers=1");
    for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
        struct run_result *result = execute(&study, arm);
        expect_phase(&study, arm, phase_values(result), 16, 4, 1);
        result_free(result);
    }
    arena_release(&study.arena);
}

static void test_many_readers(void **state)
{
    struct study study;
    study_make(&study, *state,
               (struct plan_request){.dataset = "random:files=10,size=1k", .durability = "none"},
               "concurrent:ops=700,writes=0,readers=64");
    for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
        struct run_result *result = execute(&study, arm);
        expect_phase(&study, arm, phase_values(result), 700, 1, 64);
        result_free(result);
    }
    arena_release(&study.arena);
}

/* Nothing but updates: the readers have nothing to do. */
static void test_no_reads(void **state)
{
    static const char *const spec = "dedup";
    struct study study;
    study_make(&study, *state,
               (struct plan_request){
                   .strategies = &spec, .strategy_count = 1, .dataset = "random:files=10,size=1k"},
               "concurrent:ops=20,writes=100%,readers=2");
    struct run_result *result = execute(&study, 1);
    const double *value = phase_values(result);
    assert_true(value[M_OPS] == 20 && isnan(value[M_READ_P50_NS]) && value[M_HANDLES] == 3);
    result_free(result);
    arena_release(&study.arena);
}

/* Operations that come from outside: what lanes could not do is refused before anything runs. */
static void test_taken(void **state)
{
    static const struct {
        struct op ops[2];
        const char *defect;
    } rows[] = {
        {{{.kind = OP_UPDATE}, {.kind = OP_READ, .lane = 1}}, NULL},
        {{{.kind = OP_READ, .lane = 1}, {.kind = OP_READ, .lane = 2}}, NULL},
        {{{.kind = OP_READ, .lane = 1}, {.kind = OP_UPDATE}},
         "got update of the first as operation 1"},
        {{{.kind = OP_SCAN}, {.kind = OP_READ, .lane = 2}}, "got scan of the first as operation 0"},
        {{{.kind = OP_UPDATE}, {.kind = OP_READ}}, "got read of the first as operation 1"},
    };
    struct record_phase phase = {.name = "concurrent"};
    struct record_manifest manifest = {.phases = &phase, .phase_count = 1};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct err err = {0};
        struct op ops[2] = {rows[i].ops[0], rows[i].ops[1]};
        struct drawn drawn = {.schedule = {.ops = ops, .count = 2},
                              .phase_count = 1,
                              .phase_start = {0, 2},
                              .phase_lanes = {2}};
        assert_int_equal(drawn_check(&drawn, &manifest, &err), rows[i].defect ? RC_USAGE : RC_OK);
        if (rows[i].defect && !strstr(err.msg, rows[i].defect))
            fail_msg("row %zu: %s", i, err.msg);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_latest),       IN_FOLDER(test_history_in_batches),
        IN_FOLDER(test_windows),      IN_FOLDER(test_rollback_journal),
        cmocka_unit_test(test_taken), IN_FOLDER(test_no_reads),
        IN_FOLDER(test_many_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
