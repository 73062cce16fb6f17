/* t_workloads: what is drawn before the clock starts.  Orders, shares, limits and seeds of every
 * workload; ranks of paths; the oracle's accounts; the order of arms in a round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/oracle.h"
#include "workloads/plan.h"
#include "workloads/ranks.h"
#include "workloads/run.h"
#include "workloads/shares.h"
#include "workloads/workload.h"

#define OK(call)                                                  \
    do {                                                          \
        enum rc ok_ = (call);                                     \
        if (ok_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), err.msg); \
    } while (0)

/* ---- planning -------------------------------------------------------------------------------- */

struct draw {
    struct schedule schedule;
    struct err err;
    size_t start; /* of the operations under test */
};

static enum rc add(struct draw *draw, const char *workload, const char *options, uint64_t seed,
                   const struct workload_env *env)
{
    const struct workload *row = workload_by_name(workload);
    assert_non_null(row);
    draw->start = draw->schedule.count;
    return workload_plan(row, workload, options, seed, env, &draw->schedule);
}

/* `files` files of 64 KiB ingested, then the workload. */
static void draw_one(struct draw *draw, const char *workload, const char *options, uint32_t files,
                     uint64_t seed)
{
    const struct workload_env env = {.base_files = files, .base_bytes = files * (64 * KIB)};
    *draw = (struct draw){0};
    schedule_init(&draw->schedule, &draw->err);
    if (add(draw, "ingest", "", seed, &env) != RC_OK ||
        add(draw, workload, options, seed, &env) != RC_OK)
        fail_msg("%s:%s: %s", workload, options, draw->err.msg);
}

static void draw_free(struct draw *draw)
{
    schedule_release(&draw->schedule);
}

static size_t ops_count(const struct draw *draw)
{
    return draw->schedule.count - draw->start;
}

static struct op op_at(const struct draw *draw, size_t k)
{
    assert_true(draw->start + k < draw->schedule.count);
    return draw->schedule.ops[draw->start + k];
}

static void expect_op(struct op op, enum op_kind kind, uint32_t file, uint32_t version)
{
    assert_int_equal(op.kind, kind);
    assert_int_equal(op.file, file);
    assert_int_equal(op.version, version);
}

static bool draws_equal(const struct draw *a, const struct draw *b)
{
    return a->schedule.count == b->schedule.count &&
           memcmp(a->schedule.ops, b->schedule.ops, a->schedule.count * sizeof(struct op)) == 0;
}

/* What exists, followed by hand. */
struct follow {
    uint32_t newest, oldest, content, last;
    bool exists;
};

static void expect_write(struct op op, struct follow *file)
{
    assert_int_equal(op.version, ++file->newest);
    if (!file->exists)
        file->oldest = op.version;
    assert_true(op.content <= file->last + 1 && op.content < DATASET_VERSIONS_MAX);
    file->content = op.content;
    if (op.content > file->last)
        file->last = op.content;
}

/* Every operation fits what exists when its turn comes. */
static void expect_sound(const struct schedule *schedule)
{
    struct follow *files = calloc(schedule->count + 1, sizeof(*files));
    uint32_t count = 0, live = 0;
    size_t crash = 0, dies = SIZE_MAX; /* the OP_CRASH last seen, and its last update */
    assert_non_null(files);
    for (size_t k = 0; k < schedule->count; k++) {
        struct op op = schedule->ops[k];
        assert_true(dies == SIZE_MAX || op.kind == OP_UPDATE);
        struct follow *file = &files[op.file];
        bool of_file = op.kind != OP_SCAN && op.kind != OP_REOPEN && op.kind != OP_MEASURE;
        assert_true(op.file < count || op.kind == OP_INSERT || !of_file);
        if (of_file && op.kind != OP_INSERT && op.kind != OP_UPDATE)
            assert_true(file->exists);
        switch (op.kind) {
        case OP_INSERT:
            expect_op(op, OP_INSERT, count++, 0);
            assert_int_equal(op.content, 0);
            break;
        case OP_UPDATE: expect_write(op, file); break;
        case OP_READ: assert_in_range(op.version, file->oldest, file->newest); break;
        case OP_READ_AT:
            assert_int_equal(op.version, file->newest);
            assert_true(op.len > 0);
            break;
        case OP_DELETE: assert_int_equal(op.version, file->newest); break;
        case OP_SCAN: assert_int_equal(op.version, live); break;
        case OP_CRASH:
            crash = k;
            dies = k + op.len;
            break;
        case OP_REOPEN:
        case OP_MEASURE: break;
        default: fail_msg("operation %zu of kind %d", k, (int)op.kind);
        }
        bool existed = file->exists;
        if (of_file)
            file->exists = op.kind != OP_DELETE;
        live = live + (of_file && file->exists && !existed) - (of_file && !file->exists);
        if (k != dies)
            continue;
        /* The update that is lost would have been the next of its file. */
        const struct op *lost = &schedule->ops[crash];
        assert_int_equal(lost->version, files[lost->file].newest + 1);
        assert_int_equal(lost->content, files[lost->file].last + 1);
        dies = SIZE_MAX;
    }
    assert_true(dies == SIZE_MAX);
    assert_int_equal(schedule->file_count, count);
    assert_int_equal(schedule->live_count, live);
    for (uint32_t file = 0; file < count; file++) {
        assert_int_equal(schedule->files[file].newest, files[file].newest);
        assert_int_equal(schedule->files[file].oldest, files[file].oldest);
        assert_int_equal(schedule->files[file].content, files[file].content);
        assert_int_equal(schedule->files[file].place != SCHEDULE_DELETED, files[file].exists);
    }
    for (uint32_t k = 0; k < schedule->live_count; k++)
        assert_int_equal(schedule->files[schedule->live[k]].place, k);
    free(files);
}

/* ---- orders ---------------------------------------------------------------------------------- */

static void test_founding_order(void **state)
{
    struct draw draw;
    (void)state;
    draw_one(&draw, "update", "", 96, 1);
    for (uint32_t k = 0; k < 96; k++)
        expect_op(draw.schedule.ops[k], OP_INSERT, k, 0);
    assert_int_equal(ops_count(&draw), 192);
    for (uint32_t k = 0; k < 192; k++)
        expect_op(op_at(&draw, k), OP_UPDATE, k % 96, 1 + k / 96);

    const struct workload_env env = {.base_files = 96, .base_bytes = 96 * (64 * KIB)};
    assert_int_equal(add(&draw, "read_point", "", 1, &env), RC_OK);
    assert_int_equal(ops_count(&draw), 500);
    for (uint32_t k = 0; k < 500; k++)
        expect_op(op_at(&draw, k), OP_READ, 17 * k % 96, 2);
    assert_int_equal(add(&draw, "read_scan", "", 1, &env), RC_OK);
    assert_int_equal(ops_count(&draw), 8);
    for (uint32_t k = 0; k < 8; k++)
        expect_op(op_at(&draw, k), OP_SCAN, 0, 96);
    assert_int_equal(add(&draw, "mixed", "", 1, &env), RC_OK);
    assert_int_equal(ops_count(&draw), 500);
    expect_sound(&draw.schedule);
    draw_free(&draw);
}

/* stride: raised until it has no factor in common with the number of files. */
static void expect_stride(const char *options, uint32_t files, uint32_t stride)
{
    struct draw draw;
    uint32_t *visits = calloc(files, sizeof(*visits));
    assert_non_null(visits);
    draw_one(&draw, "read_point", options, files, 1);
    for (uint32_t k = 0; k < ops_count(&draw); k++) {
        struct op op = op_at(&draw, k);
        expect_op(op, OP_READ, (uint32_t)((uint64_t)k * stride % files), 0);
        visits[op.file]++;
    }
    for (uint32_t file = 1; file < files; file++) {
        int more = (int)visits[0] - (int)visits[file];
        assert_true(more == 0 || more == 1);
    }
    free(visits);
    draw_free(&draw);
}

static void test_stride(void **state)
{
    (void)state;
    expect_stride("", 96, 17);
    expect_stride("", 34, 19); /* 17 and 18 have factors in common with 34 */
    expect_stride("stride=32", 96, 35);
    expect_stride("stride=96,ops=1000", 96, 97);
    expect_stride("stride=1000000", 7, 1000000);
    expect_stride("", 1, 17);
    expect_stride("", 2, 17);
    expect_stride("ops=1", 17, 18);
}

static void test_uniform(void **state)
{
    struct draw draw;
    uint32_t visits[96] = {0};
    (void)state;
    draw_one(&draw, "read_point", "pick=uniform,ops=9600", 96, 1);
    assert_int_equal(ops_count(&draw), 9600);
    for (size_t k = 0; k < 9600; k++)
        visits[op_at(&draw, k).file]++;
    /* 100 expected, standard deviation 10. */
    for (size_t file = 0; file < COUNT_OF(visits); file++)
        assert_in_range(visits[file], 50, 150);
    expect_sound(&draw.schedule);
    draw_free(&draw);
}

/* ---- updates --------------------------------------------------------------------------------- */

static void test_update_cap(void **state)
{
    struct draw draw;
    (void)state;
    draw_one(&draw, "update", "rounds=3,max=250", 100, 1);
    assert_int_equal(ops_count(&draw), 250);
    bool in_order = true;
    for (size_t pass = 0; pass < 3; pass++) {
        bool seen[100] = {false};
        for (size_t k = 100 * pass; k < 250 && k < 100 * (pass + 1); k++) {
            struct op op = op_at(&draw, k);
            assert_false(seen[op.file]); /* without replacement */
            seen[op.file] = true;
            in_order = in_order && op.file == k % 100;
        }
    }
    assert_false(in_order);
    expect_sound(&draw.schedule);
    draw_free(&draw);

    /* Exactly the maximum is not above it. */
    draw_one(&draw, "update", "rounds=3,max=300", 100, 1);
    assert_int_equal(ops_count(&draw), 300);
    for (uint32_t k = 0; k < 300; k++)
        expect_op(op_at(&draw, k), OP_UPDATE, k % 100, 1 + k / 100);
    draw_free(&draw);
    draw_one(&draw, "update", "", 301, 1);
    assert_int_equal(ops_count(&draw), 600);
    draw_free(&draw);
}

/* ---- mixed ----------------------------------------------------------------------------------- */

static void expect_mix(const char *options, uint32_t reads, uint32_t updates, uint32_t inserts)
{
    struct draw draw;
    uint32_t kinds[OP_SCAN + 1] = {0};
    draw_one(&draw, "mixed", options, 96, 5);
    for (size_t k = 0; k < ops_count(&draw); k++)
        kinds[op_at(&draw, k).kind]++;
    assert_int_equal(kinds[OP_READ], reads);
    assert_int_equal(kinds[OP_UPDATE], updates);
    assert_int_equal(kinds[OP_INSERT], inserts);
    assert_int_equal(kinds[OP_SCAN], 0);
    assert_int_equal(draw.schedule.file_count, 96 + inserts);
    expect_sound(&draw.schedule);
    draw_free(&draw);
}

static void test_mixed_shares(void **state)
{
    (void)state;
    expect_mix("", 350, 100, 50);
    expect_mix("ops=7", 5, 1, 1);
    expect_mix("ops=1", 1, 0, 0);
    expect_mix("ops=1,read=0,update=50%,insert=50%", 0, 1, 0);
    expect_mix("read=100%,update=0,insert=0", 500, 0, 0);
    expect_mix("read=0,update=0,insert=1", 0, 0, 500);
    expect_mix("read=0.333,update=0.333,insert=0.334,ops=1000", 333, 333, 334);
}

static void expect_refused(const char *workload, const char *options, const char *part)
{
    struct draw draw;
    const struct workload_env env = {.base_files = 9, .base_bytes = 9};
    draw_one(&draw, "ingest", "", 9, 1);
    assert_int_equal(add(&draw, workload, options, 1, &env), RC_USAGE);
    assert_non_null(strstr(draw.err.msg, workload));
    if (strstr(draw.err.msg, part) == NULL)
        fail_msg("%s:%s: \"%s\" lacks \"%s\"", workload, options, draw.err.msg, part);
    draw_free(&draw);
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refused("mixed", "read=50%", "add up to 100 %, got 80 %");
    expect_refused("mixed", "read=100%", "got 130 %");
    expect_refused("mixed", "read=0,update=0,insert=0", "got 0 %");
    expect_refused("mixed", "read=110%,update=0,insert=0", "read");
    expect_refused("mixed", "ops=0", "ops");
    expect_refused("mixed", "ops=10000001", "ops");
    expect_refused("mixed", "writes=10%", "writes");
    expect_refused("update", "rounds=0", "rounds");
    expect_refused("update", "max=-1", "max");
    expect_refused("read_point", "pick=some", "pick");
    expect_refused("read_point", "stride=0", "stride");
    expect_refused("read_scan", "scans=0", "scans");
    expect_refused("ingest", "ops=1", "ops");
}

/* ---- scans ----------------------------------------------------------------------------------- */

static void expect_scans(const char *options, uint64_t base_bytes, size_t scans)
{
    struct draw draw;
    const struct workload_env env = {.base_files = 9, .base_bytes = base_bytes};
    draw_one(&draw, "ingest", "", 9, 1);
    assert_int_equal(add(&draw, "read_scan", options, 1, &env), RC_OK);
    assert_int_equal(ops_count(&draw), scans);
    expect_sound(&draw.schedule);
    draw_free(&draw);
}

static void test_scans(void **state)
{
    (void)state;
    expect_scans("", 6 * MIB, 8);
    expect_scans("", 128 * MIB, 8);
    expect_scans("", 128 * MIB + 1, 7);
    expect_scans("", 300 * MIB, 3);
    expect_scans("", 600 * MIB, 2);
    expect_scans("", 10 * GIB, 2); /* at least two */
    expect_scans("scans=1", 10 * GIB, 1);
    expect_scans("scans=20", 1, 20);
    expect_scans("max_bytes=2k", 1024, 2);
    expect_scans("max_bytes=5k", 1024, 5);
    expect_scans("", 0, 8); /* empty files cost nothing */
}

/* ---- seeds ----------------------------------------------------------------------------------- */

static void test_seeds(void **state)
{
    static const struct {
        const char *workload, *options;
        bool random;
    } cases[] = {
        {"ingest", "", false},
        {"update", "", false},
        {"update", "rounds=9,max=100", true},
        {"read_point", "", false},
        {"read_scan", "", false},
        {"read_point", "pick=uniform", true},
        {"mixed", "", true},
        {"delete_churn", "", true},
        {"ageing", "turnover=2", true},
        {"rewrite", "skew=zipf", true},
        {"read_range", "skew=hotspot", true},
        {"read_range", "where=end,skew=runs", true},
        {"read_history", "skew=latest", true},
        {"read_point", "skew=zipf", true},
        {"mixed", "skew=latest,theta=1", true},
        {"update_point", "skew=zipf,theta=1.2", true},
        {"growth", "versions=3", false},
        {"open_cold", "", false},
        {"open_warm", "", false},
        {"ingest_batch", "", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct draw first, again, other;
        draw_one(&first, cases[i].workload, cases[i].options, 96, 7);
        draw_one(&again, cases[i].workload, cases[i].options, 96, 7);
        draw_one(&other, cases[i].workload, cases[i].options, 96, 8);
        assert_true(draws_equal(&first, &again));
        assert_true(draws_equal(&first, &other) == !cases[i].random);
        expect_sound(&first.schedule);
        draw_free(&first);
        draw_free(&again);
        draw_free(&other);
    }
}

/* A phase draws from a stream of its own: another name, another order. */
static void test_phase_streams(void **state)
{
    struct draw first, other;
    const struct workload *mixed = workload_by_name("mixed");
    const struct workload_env env = {.base_files = 9, .base_bytes = 9};
    (void)state;
    draw_one(&first, "ingest", "", 9, 7);
    draw_one(&other, "ingest", "", 9, 7);
    assert_int_equal(workload_plan(mixed, "mixed", "", 7, &env, &first.schedule), RC_OK);
    assert_int_equal(workload_plan(mixed, "mixed_again", "", 7, &env, &other.schedule), RC_OK);
    assert_false(draws_equal(&first, &other));
    draw_free(&first);
    draw_free(&other);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void test_limits(void **state)
{
    struct err err = {0};
    struct schedule schedule;
    (void)state;
    schedule_init(&schedule, &err);
    OK(schedule_insert(&schedule));
    for (uint32_t version = 1; version < DATASET_VERSIONS_MAX; version++)
        OK(schedule_update(&schedule, 0));
    assert_int_equal(schedule_update(&schedule, 0), RC_USAGE);
    assert_non_null(strstr(err.msg, "more than 100000 versions"));
    err_clear(&err);
    OK(schedule_read(&schedule, 0));
    for (uint32_t file = 1; file < DATASET_FILES_MAX; file++)
        OK(schedule_insert(&schedule));
    assert_int_equal(schedule_insert(&schedule), RC_USAGE);
    assert_non_null(strstr(err.msg, "more than 4000000 files"));
    err_clear(&err);
    OK(schedule_scan(&schedule));
    schedule_release(&schedule);

    schedule_init(&schedule, &err);
    schedule.count = schedule.cap = SCHEDULE_OPS_MAX; /* as if they were there */
    assert_int_equal(schedule_scan(&schedule), RC_USAGE);
    assert_non_null(strstr(err.msg, "more than 100000000 operations"));
    schedule_release(&schedule);
}

static void test_rows(void **state)
{
    struct err err = {0};
    struct buf options = {0};
    (void)state;
    OK(workload_rows_validate(&err));
    assert_null(workload_by_name("absent"));
    assert_string_equal(suite_at(0)->workload, "ingest");
    size_t standard = 0;
    for (size_t i = 0; i < suite_count(); i++) {
        assert_int_equal(suite_at(i)->standard, i < 6); /* the founding document's come first */
        standard += suite_at(i)->standard;
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(suite_at(k)->phase, suite_at(i)->phase);
            assert_true(suite_at(i)->snapshot[0] == '\0' ||
                        strcmp(suite_at(k)->snapshot, suite_at(i)->snapshot) != 0);
        }
    }
    assert_int_equal(standard, 6);
    assert_true(suite_count() <= RUN_PHASES_MAX);
    for (size_t i = 0; i < workload_count(); i++)
        assert_ptr_equal(workload_by_name(workload_at(i)->name), workload_at(i));
    OK(workload_options_check(workload_by_name("mixed"), "ops=9", &options, &err));
    assert_string_equal(buf_str(&options), "ops=9,read=0.7,update=0.2,insert=0.1");
    buf_release(&options);
}

/* ---- ranks ----------------------------------------------------------------------------------- */

static void expect_ranks(const char *spec, uint32_t base_files, uint32_t files, bool interleave)
{
    struct err err = {0};
    struct dataset *ds = NULL;
    struct ranks ranks;
    struct buf path = {0};
    bool between = false;
    OK(dataset_open(&ds, spec, 1, &err));
    assert_int_equal(ds->file_count, base_files);
    OK(ranks_init(&ranks, ds, files, &err));
    for (uint32_t rank = 0; rank < files; rank++) {
        uint32_t file = ranks.file_at[rank];
        assert_int_equal(ranks.rank_of[file], rank);
        OK(dataset_path(ds, file, &path));
        assert_string_equal(buf_str(&path), ranks_path(&ranks, file));
        if (rank == 0)
            continue;
        uint32_t before = ranks.file_at[rank - 1];
        assert_true(strcmp(ranks_path(&ranks, before), ranks_path(&ranks, file)) < 0);
        between = between || (before >= base_files && file < base_files);
    }
    if (between != interleave)
        fail_msg("%s: inserted files %s older ones", spec, between ? "precede" : "follow all");
    buf_release(&path);
    ranks_release(&ranks);
    dataset_close(ds);
}

static void test_ranks(void **state)
{
    (void)state;
    expect_ranks("lix-v1", 96, 96, false);
    expect_ranks("lix-v1", 96, 146, true);
    expect_ranks("random:files=200", 200, 250, true);
    expect_ranks("media:files=100", 100, 120, true);
    expect_ranks("append:files=100", 100, 120, true);
    expect_ranks("random:files=1", 1, 1, false);
}

/* ---- the oracle ------------------------------------------------------------------------------ */

static void expect_accounts(const struct oracle *oracle, uint64_t live, uint64_t history,
                            uint64_t written)
{
    assert_int_equal(oracle->live_bytes, live);
    assert_int_equal(oracle->history_bytes, history);
    assert_int_equal(oracle->written_bytes, written);
}

static void test_oracle(void **state)
{
    static const uint8_t bytes[100] = {1, 2, 3};
    struct err err = {0};
    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        struct oracle oracle;
        oracle_init(&oracle, keep != 0);
        OK(oracle_put(&oracle, 0, 0, span_of(bytes, 10), &err));
        OK(oracle_put(&oracle, 1, 0, span_of(bytes, 20), &err));
        expect_accounts(&oracle, 30, 30, 30);
        OK(oracle_put(&oracle, 0, 1, span_of(bytes, 7), &err));
        expect_accounts(&oracle, 27, keep ? 37 : 27, 37);
        OK(oracle_put(&oracle, 0, 2, span_of(bytes, 0), &err));
        expect_accounts(&oracle, 20, keep ? 37 : 20, 37);
        assert_int_equal(oracle.facts[0].dropped, !keep);
        assert_int_equal(oracle.facts[2].dropped, !keep);
        assert_false(oracle.facts[1].dropped);
        assert_false(oracle.facts[3].dropped);
        assert_int_equal(oracle_newest(&oracle, 0)->version, 2);
        assert_int_equal(oracle_newest(&oracle, 1)->len, 20);
        for (uint32_t file = 2; file < 5000; file++) /* past its first arrays */
            OK(oracle_put(&oracle, file, 0, span_of(bytes, 1), &err));
        expect_accounts(&oracle, 5018, keep ? 5035 : 5018, 5035);
        assert_int_equal(oracle.count, 5002);
        assert_int_equal(oracle_newest(&oracle, 4999)->file, 4999);
        oracle_release(&oracle);
    }
}

static void test_oracle_compare(void **state)
{
    uint8_t bytes[100] = {1, 2, 3};
    struct err err = {0};
    struct oracle oracle;
    (void)state;
    oracle_init(&oracle, true);
    OK(oracle_put(&oracle, 0, 0, span_of(bytes, sizeof(bytes)), &err));
    const struct fact_of_blob *fact = oracle_newest(&oracle, 0);
    OK(oracle_compare(fact, span_of(bytes, sizeof(bytes)), "scan", "a/b", &err));
    assert_int_equal(oracle_compare(fact, span_of(bytes, 99), "scan", "a/b", &err), RC_INVALID);
    assert_string_equal(err.msg, "scan: \"a/b\" version 0: expected 100 bytes, got 99");
    err_clear(&err);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] ^= 0x80;
        assert_int_equal(oracle_compare(fact, span_of(bytes, sizeof(bytes)), "scan", "a\nb", &err),
                         RC_INVALID);
        assert_string_equal(err.msg, "scan: \"a\\x0ab\" version 0: the 100 bytes read are not the "
                                     "bytes put");
        err_clear(&err);
        bytes[i] ^= 0x80;
    }
    oracle_release(&oracle);
}

/* ---- shares ---------------------------------------------------------------------------------- */

static void test_shares(void **state)
{
    struct err err = {0};
    struct arena arena = {0};
    struct shares shares = {.arena = &arena};
    uint64_t blobs = 0, logical = 0, stored = 0;
    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "x%03u", (unsigned)(i % 100));
        OK(shares_add(&shares, span_of_str(name), 10, i % 100, &err));
    }
    shares_sort(&shares);
    assert_int_equal(shares.count, SHARES_MAX + 1);
    assert_string_equal(shares.items[0].name, "(other)");
    assert_int_equal(shares.items[0].blobs, 10 * (100 - SHARES_MAX));
    for (size_t i = 0; i < shares.count; i++) {
        blobs += shares.items[i].blobs;
        logical += shares.items[i].logical_bytes;
        stored += shares.items[i].stored_bytes;
        if (i > 0)
            assert_true(shares.items[i - 1].stored_bytes >= shares.items[i].stored_bytes);
    }
    assert_int_equal(blobs, 1000);
    assert_int_equal(logical, 10000);
    assert_int_equal(stored, 10 * (99 * 100 / 2));
    arena_release(&arena);

    struct arena few_arena = {0};
    struct shares few = {.arena = &few_arena};
    OK(shares_add(&few, span_of_str("b"), 1, 5, &err));
    OK(shares_add(&few, span_of(NULL, 0), 1, 5, &err));
    OK(shares_add(&few, span_of_str("a"), 1, 5, &err));
    shares_sort(&few);
    assert_int_equal(few.count, 3);
    assert_string_equal(few.items[0].name, "");
    assert_string_equal(few.items[1].name, "a");
    arena_release(&few_arena);
}

/* ---- plans that were read back --------------------------------------------------------------- */

static void test_plan_limits(void **state)
{
    struct record_manifest manifest = {.arm_count = PLAN_ARMS_MAX + 1,
                                       .phase_count = RUN_PHASES_MAX};
    struct err err = {0};
    (void)state;
    assert_int_equal(plan_check(&manifest, &err), RC_OK);
    manifest.arm_count++;
    assert_int_equal(plan_check(&manifest, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "66 arms (expected at most 65)"));
    err_clear(&err);
    manifest.arm_count = 2;
    manifest.phase_count++;
    assert_int_equal(plan_check(&manifest, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "33 phases (expected at most 32)"));
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void test_round_order(void **state)
{
    enum { ARMS = 4, ORDERS = 24, ROUNDS = 2400 };
    struct record_manifest manifest = {.seed = 3, .arm_count = ARMS}, other = manifest;
    uint32_t seen[256] = {0}, orders = 0, repeats = 0, last = 256, same = 0;
    (void)state;
    other.seed = 4;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t order[ARMS], again[ARMS], code = 0, arms = 0;
        plan_round_order(&manifest, round, order);
        plan_round_order(&manifest, round, again);
        assert_memory_equal(order, again, sizeof(order));
        plan_round_order(&other, round, again);
        same += memcmp(order, again, sizeof(order)) == 0;
        for (size_t slot = 0; slot < ARMS; slot++) {
            assert_true(order[slot] < ARMS);
            assert_int_equal(plan_arm_of(&manifest, round * ARMS + (uint32_t)slot), order[slot]);
            assert_int_equal(plan_run_of(&manifest, round, order[slot]), round * ARMS + slot);
            code = code * ARMS + order[slot];
            arms |= 1u << order[slot];
        }
        assert_int_equal(arms, (1u << ARMS) - 1); /* each arm once */
        orders += seen[code]++ == 0;
        repeats += code == last;
        last = code;
    }
    assert_int_equal(orders, ORDERS);
    /* Fair: each order about 100 times, following itself as often as any other does. */
    for (size_t code = 0; code < COUNT_OF(seen); code++)
        assert_true(seen[code] == 0 || (seen[code] > 50 && seen[code] < 150));
    assert_in_range(repeats, 50, 150);
    assert_in_range(same, 50, 150);
}

/* Programs compared: a strategy's arms side by side, strategies and programs in every order. */
static void test_round_order_of_builds(void **state)
{
    enum { STRATEGIES = 3, PROGRAMS = 3, ARMS = 9, ROUNDS = 3600 };
    struct record_manifest manifest = {.seed = 5, .arm_count = ARMS, .build_count = 2};
    uint32_t inner[STRATEGIES][PROGRAMS * PROGRAMS * PROGRAMS] = {0}, outer[64] = {0};
    uint32_t order[ARMS], first[STRATEGIES];
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t arms = 0;
        plan_round_order(&manifest, round, order);
        for (size_t s = 0; s < STRATEGIES; s++) {
            uint32_t code = 0;
            first[s] = order[s * PROGRAMS] / PROGRAMS;
            for (size_t p = 0; p < PROGRAMS; p++) {
                uint32_t arm = order[s * PROGRAMS + p];
                assert_int_equal(arm / PROGRAMS, first[s]);
                code = code * PROGRAMS + arm % PROGRAMS;
                arms |= 1u << arm;
            }
            inner[first[s]][code]++;
        }
        assert_int_equal(arms, (1u << ARMS) - 1);
        outer[first[0] * 16 + first[1] * 4 + first[2]]++;
    }
    /* Each of the six orders about 600 times: five standard deviations are 112. */
    size_t orders = 0;
    for (size_t code = 0; code < COUNT_OF(outer); code++) {
        orders += outer[code] > 0;
        assert_true(outer[code] == 0 || (outer[code] > 488 && outer[code] < 712));
    }
    assert_int_equal(orders, 6);
    for (size_t s = 0; s < STRATEGIES; s++)
        for (size_t code = 0; code < COUNT_OF(inner[s]); code++)
            assert_true(inner[s][code] == 0 || (inner[s][code] > 488 && inner[s][code] < 712));
    /* Arms that are no strategies times programs (a record by hand): all in one order. */
    manifest.arm_count = 4;
    plan_round_order(&manifest, 0, order);
    assert_int_equal(1u << order[0] | 1u << order[1] | 1u << order[2] | 1u << order[3], 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_founding_order), cmocka_unit_test(test_stride),
        cmocka_unit_test(test_uniform),        cmocka_unit_test(test_update_cap),
        cmocka_unit_test(test_mixed_shares),   cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_scans),          cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_phase_streams),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_oracle),         cmocka_unit_test(test_oracle_compare),
        cmocka_unit_test(test_plan_limits),    cmocka_unit_test(test_shares),
        cmocka_unit_test(test_round_order),    cmocka_unit_test(test_round_order_of_builds),
    };
    return cmocka_run_group_tests_name("t_workloads", tests, NULL, NULL);
}
