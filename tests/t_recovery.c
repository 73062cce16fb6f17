/* t_recovery: stores opened after the process that wrote was killed: what runs report of it, for
 * every strategy, level and retention, and that a lost update leaves nothing behind. */
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

#include "results/kept.h"
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

enum { CRASHES = 4, UPDATES = 5, FILES = 8 };

static const char *const workloads[] = {"ingest", "recovery", "read_point"};
static const char *const options[] = {"recovery:crashes=4,updates=5", "read_point:ops=40"};

struct study {
    const char *dir;
    struct arena arena;
    struct record_manifest manifest;
};

static void study_make(struct study *study, const char *dir, const char *durability,
                       const char *retention)
{
    const char *specs[PLAN_ARMS_MAX];
    struct err err = {0};
    size_t count = 0;
    for (size_t i = 0; i < strategy_row_count(); i++)
        if (strategy_row_at(i)->ops != NULL)
            specs[count++] = strategy_row_at(i)->name;
    struct plan_request request = {
        .strategies = specs,
        .strategy_count = count,
        .dataset = "random:files=8,size_min=1,size_max=40k",
        .workloads = workloads,
        .workload_count = COUNT_OF(workloads),
        .workload_options = options,
        .workload_option_count = COUNT_OF(options),
        .durability = durability,
        .retention = retention,
        .batch = 2,
        .guardrail = NAN,
        .out = dir,
    };
    *study = (struct study){.dir = dir};
    OK(plan_make(&request, &study->arena, &study->manifest, &err));
    /* The plan has the phases in the order of the suite. */
    assert_string_equal(study->manifest.phases[1].workload, "read_point");
    assert_string_equal(study->manifest.phases[2].workload, "recovery");
}

static struct run_result *execute(struct study *study, uint32_t arm)
{
    static unsigned number;
    char folder[512], data[600];
    struct err err = {0};
    snprintf(folder, sizeof(folder), "%s/store-%u", study->dir, number++);
    snprintf(data, sizeof(data), "%s/data", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkdir(data, 0700), 0);
    struct run_request request = {.manifest = &study->manifest,
                                  .study_dir = study->dir,
                                  .store_dir = data,
                                  .kept_dir = folder,
                                  .arm = arm};
    struct run_result *result = calloc(1, sizeof(*result));
    assert_non_null(result);
    OK(run_execute(&request, result, &err));
    const struct sample *line = &result->samples[result->sample_count - 1];
    if (!line->valid)
        fail_msg("%s: INVALID: %s", study->manifest.arms[arm].label, line->reason);
    return result;
}

static const struct sample *find(const struct run_result *result, const char *name)
{
    for (size_t i = 0; i < result->sample_count; i++)
        if (strcmp(result->samples[i].name, name) == 0)
            return &result->samples[i];
    fail_msg("no sample is named \"%s\"", name);
    return NULL;
}

/* By the operations and the dataset alone: bytes put by those who died, and bytes first read. */
struct expected {
    double bytes_in, bytes_out;
};

static struct expected expect(const struct study *study)
{
    struct expected expected = {0};
    struct drawn drawn;
    struct dataset *dataset;
    struct buf buf = {0};
    struct err err = {0};
    uint32_t content[FILES] = {0};
    OK(drawn_dataset_open(&study->manifest, study->dir, &dataset, &err));
    OK(drawn_make(&drawn, &study->manifest, study->dir, dataset, &err));
    for (size_t i = drawn.phase_start[2]; i < drawn.phase_start[3]; i++) {
        const struct op *op = &drawn.schedule.ops[i];
        assert_int_equal(op->kind, OP_CRASH);
        assert_int_equal(op->len, UPDATES);
        for (uint32_t k = 1; k <= op->len; k++) {
            OK(dataset_content(dataset, op[k].file, op[k].content, &buf));
            expected.bytes_in += (double)buf.len;
            content[op[k].file] = op[k].content;
        }
        OK(dataset_content(dataset, op->file, content[op->file], &buf));
        expected.bytes_out += (double)buf.len;
        i += op->len;
    }
    buf_release(&buf);
    drawn_release(&drawn);
    dataset_close(dataset);
    return expected;
}

static void expect_phase(const struct study *study, uint32_t arm, const struct run_result *result,
                         struct expected expected)
{
    const struct record_arm *of = &study->manifest.arms[arm];
    const double *value = find(result, "recovery")->value;
    assert_true(value[M_BYTES_IN] == expected.bytes_in);
    assert_true(value[M_BYTES_OUT] == expected.bytes_out);
    /* Batches of two, and what is left over. */
    assert_true(value[M_COMMITS] == CRASHES * ((UPDATES + 1) / 2));
    if (of->volatile_floor) {
        assert_true(value[M_OPS] == 0);
        assert_true(isnan(value[M_RECOVERED_BYTES]) && isnan(value[M_P50_NS]));
        return;
    }
    assert_true(value[M_OPS] == CRASHES);
    assert_true(value[M_P50_NS] > 0);
    /* The log of the one that died is read, and nothing but the log. */
    assert_true(of->sql ? value[M_RECOVERED_BYTES] > 0 : value[M_RECOVERED_BYTES] == 0);
    assert_true(value[M_RECOVERED_BYTES] <= value[M_READ_BYTES]);
    /* What the dying process wrote is counted. */
    if (of->sql && strcmp(study->manifest.durability, "durable-rollback") != 0)
        assert_true(value[M_WAL_WRITE_BYTES] > value[M_BYTES_IN] / 100);
    else if (of->sql)
        assert_true(value[M_JOURNAL_WRITE_BYTES] > 0);
    else
        assert_true(value[M_WRITE_BYTES] >= expected.bytes_in);
}

/* One study: all arms agree in what they read, and a second run agrees in every counter. */
static void recover_all(const char *dir, const char *durability, const char *retention)
{
    struct study study;
    study_make(&study, dir, durability, retention);
    struct expected expected = expect(&study);
    char verification[64] = "";
    for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
        struct run_result *result = execute(&study, arm);
        const struct sample *line = &result->samples[result->sample_count - 1];
        expect_phase(&study, arm, result, expected);
        if (arm == 0)
            snprintf(verification, sizeof(verification), "%s", line->verification);
        assert_string_equal(line->verification, verification);
        run_result_release(result);
        free(result);
    }
    arena_release(&study.arena);
}

static void test_levels(void **state)
{
    static const char *const levels[] = {"none", "consistent", "durable", "durable-rollback"};
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        recover_all(*state, levels[i], "latest");
        recover_all(*state, levels[i], "history");
    }
}

static void test_counters_repeat(void **state)
{
    struct study study;
    study_make(&study, *state, "durable", "latest");
    for (uint32_t arm = 0; arm < study.manifest.arm_count; arm++) {
        struct run_result *one = execute(&study, arm), *two = execute(&study, arm);
        assert_int_equal(one->sample_count, two->sample_count);
        for (size_t i = 0; i < one->sample_count; i++) {
            for (int m = 0; m < METRIC_COUNT; m++) {
                double a = one->samples[i].value[m], b = two->samples[i].value[m];
                if (metric_table[m].kind == COUNTER && !(a == b || (isnan(a) && isnan(b))))
                    fail_msg("%s, %s: %s is %.0f, then %.0f", study.manifest.arms[arm].label,
                             one->samples[i].name, metric_table[m].name, a, b);
            }
        }
        run_result_release(one);
        run_result_release(two);
        free(one);
        free(two);
    }
    arena_release(&study.arena);
}

/* The limit of versions holds for the one that is lost, too. */
static void test_limits(void **state)
{
    struct schedule schedule;
    struct err err = {0};
    const uint32_t files[] = {0, 0};
    (void)state;
    schedule_init(&schedule, &err);
    OK(schedule_insert(&schedule));
    OK(schedule_crash(&schedule, files, 2, 0));
    assert_int_equal(schedule.count, 4);
    assert_int_equal(schedule.ops[1].kind, OP_CRASH);
    assert_int_equal(schedule.ops[1].len, 2);
    assert_int_equal(schedule.ops[1].version, 3);
    assert_int_equal(schedule.ops[1].content, 3);
    assert_int_equal(schedule.ops[3].version, 2);
    assert_int_equal(schedule.files[0].newest, 2);
    OK(schedule_crash(&schedule, NULL, 0, 0)); /* nothing but the lost one */
    assert_int_equal(schedule.ops[4].version, 3);
    OK(schedule_update(&schedule, 0)); /* its version is free still */
    assert_int_equal(schedule.ops[5].version, 3);
    for (uint32_t version = 4; version < DATASET_VERSIONS_MAX; version++)
        OK(schedule_update(&schedule, 0));
    assert_int_equal(schedule_crash(&schedule, NULL, 0, 0), RC_USAGE);
    assert_non_null(strstr(err.msg, "more than 100000 versions of a file"));
    schedule_release(&schedule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_levels, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_counters_repeat, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
