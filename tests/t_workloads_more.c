/* t_workloads_more: what delete_churn, ageing, growth and their like draw, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "workloads/ranges.h"
#include "workloads/workload.h"

struct draw {
    struct schedule schedule;
    struct err err;
    size_t start;
};

static enum rc add(struct draw *draw, const char *workload, const char *options, uint32_t files)
{
    const struct workload_env env = {.base_files = files, .base_bytes = files * (64 * KIB)};
    const struct workload *row = workload_by_name(workload);
    assert_non_null(row);
    draw->start = draw->schedule.count;
    return workload_plan(row, workload, options, 5, &env, &draw->schedule);
}

static void draw_one(struct draw *draw, const char *workload, const char *options, uint32_t files)
{
    *draw = (struct draw){0};
    schedule_init(&draw->schedule, &draw->err);
    if (add(draw, "ingest", "", files) != RC_OK || add(draw, workload, options, files) != RC_OK)
        fail_msg("%s:%s: %s", workload, options, draw->err.msg);
}

static void draw_free(struct draw *draw)
{
    schedule_release(&draw->schedule);
}

static const struct op *ops_of(const struct draw *draw)
{
    return draw->schedule.ops + draw->start;
}

static size_t count_of(const struct draw *draw, enum op_kind kind)
{
    size_t count = 0;
    for (size_t k = draw->start; k < draw->schedule.count; k++)
        count += draw->schedule.ops[k].kind == kind;
    return count;
}

/* ---- files that go and come ------------------------------------------------------------------ */

static void expect_churn(const char *options, size_t deletions, double revived)
{
    struct draw draw;
    draw_one(&draw, "delete_churn", options, 100);
    assert_int_equal(count_of(&draw, OP_DELETE), deletions);
    assert_int_equal(draw.schedule.count - draw.start, 2 * deletions);
    assert_int_equal(draw.schedule.live_count, 100);
    double updates = (double)count_of(&draw, OP_UPDATE);
    assert_true(updates >= (revived - 0.1) * (double)deletions &&
                updates <= (revived + 0.1) * (double)deletions);
    for (size_t k = 0; k < 2 * deletions; k += 2) {
        assert_int_equal(ops_of(&draw)[k].kind, OP_DELETE);
        assert_int_not_equal(ops_of(&draw)[k + 1].kind, OP_DELETE);
        /* What comes is not what just went. */
        assert_int_not_equal(ops_of(&draw)[k].file, ops_of(&draw)[k + 1].file);
    }
    draw_free(&draw);
}

static void test_churn(void **state)
{
    (void)state;
    expect_churn("", 100, 0.5);
    expect_churn("turnover=3", 300, 0.5);
    expect_churn("turnover=300%,revive=0", 300, 0);
    expect_churn("turnover=5,revive=100%", 500, 1);
    expect_churn("turnover=1000,max=700,revive=0.25", 700, 0.25);
    expect_churn("turnover=0.000001", 1, 0);
}

/* What an earlier phase deleted can come back in a later one. */
static void test_churn_goes_on(void **state)
{
    struct draw draw;
    (void)state;
    draw_one(&draw, "delete_churn", "revive=0,turnover=1", 50);
    assert_int_equal(add(&draw, "delete_churn", "revive=100%,turnover=1", 50), RC_OK);
    assert_int_equal(count_of(&draw, OP_INSERT), 0);
    assert_int_equal(count_of(&draw, OP_UPDATE), 50);
    draw_free(&draw);
}

static void test_ageing(void **state)
{
    static const struct {
        const char *options;
        size_t marks[12]; /* deletions before each measurement */
        size_t count;
    } cases[] = {
        {"", {0, 20, 40, 100}, 4},
        {"turnover=0", {0}, 1},
        {"turnover=1", {0, 20}, 2},
        {"turnover=1.5", {0, 20, 30}, 3},
        {"turnover=60", {0, 20, 40, 100, 200, 400, 1000, 1200}, 8},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct draw draw;
        size_t deletions = 0, points = 0, reads = 0;
        draw_one(&draw, "ageing", cases[i].options, 20);
        for (size_t k = 0; k < draw.schedule.count - draw.start; k++) {
            const struct op *op = &ops_of(&draw)[k];
            deletions += op->kind == OP_DELETE;
            reads += op->kind == OP_READ;
            if (op->kind != OP_MEASURE)
                continue;
            assert_true(points < cases[i].count);
            assert_int_equal(deletions, cases[i].marks[points]);
            assert_int_equal(reads, 100 * points);
            points++;
        }
        assert_int_equal(points, cases[i].count);
        assert_int_equal(reads, 100 * points);
        assert_int_equal(draw.schedule.live_count, 20);
        draw_free(&draw);
    }
}

static void test_growth(void **state)
{
    struct draw draw;
    (void)state;
    draw_one(&draw, "growth", "versions=5,files=7", 20);
    assert_int_equal(count_of(&draw, OP_MEASURE), 6);
    assert_int_equal(count_of(&draw, OP_UPDATE), 35);
    assert_int_equal(ops_of(&draw)[0].kind, OP_MEASURE);
    for (size_t k = 1; k < 41; k++) {
        const struct op *op = &ops_of(&draw)[k];
        bool measures = k % 8 == 0;
        assert_int_equal(op->kind, measures ? OP_MEASURE : OP_UPDATE);
        if (!measures) {
            assert_int_equal(op->file, k % 8 - 1);
            assert_int_equal(op->version, 1 + k / 8);
        }
    }
    draw_free(&draw);
    draw_one(&draw, "growth", "versions=2", 20);
    assert_int_equal(count_of(&draw, OP_UPDATE), 40);
    draw_free(&draw);
}

/* ---- reads ----------------------------------------------------------------------------------- */

static void test_first_reads(void **state)
{
    struct draw cold, warm;
    uint32_t visits[20] = {0};
    (void)state;
    draw_one(&cold, "open_cold", "rounds=4,reads=10", 20);
    draw_one(&warm, "open_warm", "rounds=4,reads=10", 20);
    assert_int_equal(count_of(&cold, OP_REOPEN), 4);
    assert_int_equal(count_of(&warm, OP_REOPEN), 0);
    for (size_t k = 0, r = 0; k < 44; k++) {
        const struct op *op = &ops_of(&cold)[k];
        assert_int_equal(op->kind == OP_REOPEN, k % 11 == 0);
        if (op->kind == OP_REOPEN)
            continue;
        assert_int_equal(op->file, ops_of(&warm)[r++].file);
        visits[op->file]++;
    }
    for (size_t file = 0; file < COUNT_OF(visits); file++)
        assert_int_equal(visits[file], 2);
    draw_free(&cold);
    draw_free(&warm);
}

static void test_history_shares(void **state)
{
    static const struct {
        const char *options;
        double old;
    } cases[] = {{"ops=4000", 1}, {"ops=4000,old=0", 0}, {"ops=4000,old=30%", 0.3}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct draw draw;
        uint32_t by_version[4] = {0};
        draw_one(&draw, "update", "rounds=3", 20);
        assert_int_equal(add(&draw, "read_history", cases[i].options, 20), RC_OK);
        for (size_t k = 0; k < 4000; k++)
            by_version[ops_of(&draw)[k].version]++;
        double old = 4000.0 - by_version[3];
        assert_true(old > 4000 * (cases[i].old - 0.05) && old < 4000 * (cases[i].old + 0.05));
        for (size_t v = 0; v < 3; v++)
            assert_true(by_version[v] > old / 3 * 0.8 - 1 && by_version[v] < old / 3 * 1.2 + 1);
        draw_free(&draw);
    }
}

static void test_rewrite(void **state)
{
    struct draw draw;
    (void)state;
    draw_one(&draw, "rewrite", "ops=300", 20);
    for (size_t k = 0; k < 300; k++) {
        assert_int_equal(ops_of(&draw)[k].kind, OP_UPDATE);
        assert_int_equal(ops_of(&draw)[k].content, 0);
        assert_true(ops_of(&draw)[k].version > 0);
    }
    /* The next update goes on with the dataset's versions where they were left. */
    assert_int_equal(add(&draw, "update", "rounds=1", 20), RC_OK);
    for (size_t k = 0; k < 20; k++)
        assert_int_equal(ops_of(&draw)[k].content, 1);
    draw_free(&draw);
}

static void test_batches(void **state)
{
    struct draw draw;
    (void)state;
    draw_one(&draw, "ingest_batch", "files=30,batch=8", 20);
    assert_int_equal(draw.schedule.batch, 8);
    assert_int_equal(count_of(&draw, OP_INSERT), 30);
    assert_int_equal(add(&draw, "update", "", 20), RC_OK);
    assert_int_equal(draw.schedule.batch, 0);
    draw_free(&draw);
}

/* ---- parts of blobs -------------------------------------------------------------------------- */

static void test_ranges(void **state)
{
    static uint8_t bytes[10000];
    struct draw draw;
    struct ranges ranges;
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    draw_one(&draw, "read_range", "ops=500,len=100", 20);
    assert_int_equal(add(&draw, "read_range", "ops=3,where=start,len=5", 20), RC_OK);
    assert_int_equal(add(&draw, "read_range", "ops=3,where=end,len=5", 20), RC_OK);
    assert_int_equal(ranges_init(&ranges, &draw.schedule, &err), RC_OK);
    assert_int_equal(ranges.count, 506);
    for (uint32_t file = 0; file < 20; file++)
        ranges_put(&ranges, file, 0, span_of(bytes, 500 * file)); /* 0, 500... 9500 bytes */
    uint64_t lowest = UINT64_MAX, highest = 0;
    for (size_t k = 20; k < 526; k++) {
        const struct op *op = &draw.schedule.ops[k];
        const struct range *range = ranges_of(&ranges, op);
        uint64_t size = 500 * op->file, len = size < op->len ? size : op->len;
        assert_int_equal(range->len, len);
        assert_true(range->offset + len <= size);
        struct hash128 hash = hash_xxh128(span_of(bytes + range->offset, len));
        assert_true(hash128_equal(hash, range->hash));
        if (k < 520 && op->file == 19) {
            lowest = range->offset < lowest ? range->offset : lowest;
            highest = range->offset > highest ? range->offset : highest;
        }
        if (k >= 523)
            assert_int_equal(range->offset + len, size);
        else if (k >= 520)
            assert_int_equal(range->offset, 0);
    }
    assert_true(lowest < 2000 && highest > 7000);
    ranges_release(&ranges);
    draw_free(&draw);
}

/* Every offset that leaves room for the part, the first and the last among them, and none more. */
static void test_offsets(void **state)
{
    (void)state;
    for (uint32_t len = 1; len <= 9; len++)
        for (uint64_t size = 0; size <= 40; size++) {
            uint64_t last = size > len ? size - len : 0;
            bool seen[64] = {false};
            for (uint64_t at = 0; at < 4096; at++) {
                struct op op = {.at = (uint32_t)(at << 20), .len = len};
                uint64_t offset = op_offset(&op, size);
                assert_true(offset <= last);
                seen[offset] = true;
            }
            struct op op = {.at = UINT32_MAX, .len = len};
            assert_int_equal(op_offset(&op, size), last);
            for (uint64_t offset = 0; offset <= last; offset++)
                assert_true(seen[offset]);
        }
    struct op op = {.at = UINT32_MAX, .len = 1};
    assert_true(op_offset(&op, UINT64_C(1) << 40) < UINT64_C(1) << 40);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void expect_refused(const char *workload, const char *options, uint32_t files,
                           const char *part)
{
    struct draw draw;
    draw_one(&draw, "ingest", "", files);
    clock_t before = clock();
    size_t cap = draw.schedule.cap;
    assert_int_equal(add(&draw, workload, options, files), RC_USAGE);
    if (strstr(draw.err.msg, part) == NULL)
        fail_msg("%s:%s: \"%s\" lacks \"%s\"", workload, options, draw.err.msg, part);
    /* At once: nothing was drawn, no memory taken. */
    assert_true(clock() - before < CLOCKS_PER_SEC / 2);
    assert_int_equal(draw.schedule.cap, cap);
    draw_free(&draw);
}

static void test_refusals(void **state)
{
    static const char *const with_ops[] = {"rewrite", "read_range", "read_history"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(with_ops); i++) {
        expect_refused(with_ops[i], "ops=0", 9, "ops");
        expect_refused(with_ops[i], "ops=1000000000", 9, "ops");
        expect_refused(with_ops[i], "ops=-1", 9, "ops");
    }
    expect_refused("open_cold", "rounds=1000000,reads=1000000", 9,
                   "more than 100000000 operations");
    expect_refused("open_warm", "rounds=1000000,reads=101", 9, "more than 100000000 operations");
    expect_refused("open_cold", "rounds=0", 9, "rounds");
    expect_refused("growth", "versions=999", 200000, "more than 100000000 operations");
    expect_refused("growth", "versions=1000000000", 9, "versions");
    expect_refused("growth", "versions=1", 9, "versions");
    expect_refused("ageing", "turnover=1000,max=8999", 9,
                   "replaces 18000 files, more than max=8999");
    expect_refused("ageing", "turnover=-1", 9, "turnover");
    expect_refused("ageing", "turnover=nan", 9, "turnover");
    expect_refused("delete_churn", "turnover=0", 9, "turnover");
    expect_refused("delete_churn", "revive=1.5", 9, "revive");
    expect_refused("delete_churn", "max=1000000000", 9, "max");
    expect_refused("read_range", "len=0", 9, "len");
    expect_refused("read_range", "where=middle", 9, "where");
    expect_refused("read_history", "old=2", 9, "old");
    expect_refused("ingest_batch", "batch=0", 9, "batch");
    expect_refused("ingest_batch", "files=5000000", 9, "files");
}

/* Nothing is left to work on: said, and no division by it. */
static void test_no_files(void **state)
{
    static const char *const workloads[] = {
        "update",     "read_point",   "mixed",     "update_point", "delete_churn", "rewrite",
        "read_range", "read_history", "open_cold", "open_warm",    "ageing",       "growth",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(workloads); i++) {
        struct draw draw = {0};
        schedule_init(&draw.schedule, &draw.err);
        assert_int_equal(schedule_insert(&draw.schedule), RC_OK);
        assert_int_equal(schedule_delete(&draw.schedule, 0), RC_OK);
        assert_int_equal(add(&draw, workloads[i], "", 1), RC_USAGE);
        assert_non_null(strstr(draw.err.msg, "no file is left to work on"));
        draw_free(&draw);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_churn),       cmocka_unit_test(test_churn_goes_on),
        cmocka_unit_test(test_ageing),      cmocka_unit_test(test_growth),
        cmocka_unit_test(test_first_reads), cmocka_unit_test(test_history_shares),
        cmocka_unit_test(test_rewrite),     cmocka_unit_test(test_batches),
        cmocka_unit_test(test_ranges),      cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_no_files),
    };
    return cmocka_run_group_tests_name("t_workloads_more", tests, NULL, NULL);
}
