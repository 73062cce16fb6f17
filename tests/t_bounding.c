/* What is possible with constructed data, against known answers and an independent count. */
#include "workloads/bounding.h"

#include <brotli/encode.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "engine/rng.h"
#include "tests/support_fixture.h"
#include "workloads/drawn.h"
#include "workloads/plan.h"

#define OK(call)                                                  \
    do {                                                          \
        enum rc ok_ = (call);                                     \
        if (ok_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), err.msg); \
    } while (0)

/* ---- studies of files that a test makes ------------------------------------------------------ */

struct planned {
    struct arena arena;
    struct record_manifest manifest;
};

/* `workloads`: NULL-terminated; NULL: ingest alone. */
static void plan(struct planned *planned, const char *dataset, const char *const *workloads,
                 const char *retention)
{
    static const char *const specs[] = {"raw"}, *const alone[] = {"ingest", NULL};
    struct err err = {0};
    struct plan_request request = {
        .strategies = specs,
        .strategy_count = 1,
        .dataset = dataset,
        .workloads = workloads ? workloads : alone,
        .retention = retention,
        .out = "/nowhere",
        .guardrail = NAN,
        .dry = true,
    };
    while (request.workloads[request.workload_count])
        request.workload_count++;
    memset(planned, 0, sizeof(*planned));
    OK(plan_make(&request, &planned->arena, &planned->manifest, &err));
}

static void plan_free(struct planned *planned)
{
    arena_release(&planned->arena);
}

static void compute(const struct planned *planned, double effort, struct bounds *bounds)
{
    struct err err = {0};
    OK(bounding_compute(&planned->manifest, "/nowhere", effort, NULL, bounds, &err));
}

static void put_file(const char *dir, unsigned number, const void *bytes, size_t len)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "%02u.bin", number);
    fixture_write(dir, name, bytes, len);
}

static void fill_random(uint64_t seed, uint8_t *bytes, size_t len)
{
    struct rng rng = rng_stream(seed, "bounding", 0);
    rng_fill(&rng, bytes, len);
}

/* Files of `dir`, ingested. */
static void bound_files(const char *dir, double effort, struct planned *planned,
                        struct bounds *bounds)
{
    char spec[512];
    (void)snprintf(spec, sizeof(spec), "files:%s", dir);
    plan(planned, spec, NULL, NULL);
    compute(planned, effort, bounds);
    assert_int_equal(bounds->snapshot_count, 1);
    assert_int_equal(bounds->phase_count, 1);
}

enum { LEN = 4096 };

static void equal_files_are_held_once(void **state)
{
    struct planned planned;
    struct bounds bounds;
    uint8_t bytes[LEN];
    enum bound_kind by;
    fill_random(1, bytes, LEN);
    for (unsigned i = 0; i < 8; i++)
        put_file(*state, i, bytes, LEN);
    bound_files(*state, 1, &planned, &bounds);
    const struct bound *got = bounds_snapshot(&bounds, "after_ingest");
    assert_non_null(got);
    assert_int_equal(got->logical_bytes, 8 * LEN);
    assert_int_equal(got->contents, 1);
    assert_int_equal(got->kind[BOUND_WHOLE], LEN);
    assert_int_equal(got->kind[BOUND_CODEC], LEN);
    assert_true(got->kind[BOUND_NOVEL] == BOUND_UNKNOWN); /* nobody made them */
    assert_in_range(got->kind[BOUND_PACKED], LEN, LEN + 32);
    assert_int_equal(bound_least(got, &by), LEN);
    assert_int_equal(by, BOUND_WHOLE);
    assert_int_equal(bounds.compressible_bytes, 0);
    assert_false(bounds_estimated(&bounds));
    const struct bound *phase = bounds_phase(&bounds, "ingest_binary_cold");
    assert_int_equal(phase->logical_bytes, 8 * LEN);
    assert_int_equal(phase->kind[BOUND_WHOLE], LEN);
    assert_int_equal(phase->kind[BOUND_PACKED], got->kind[BOUND_PACKED]);
    bounds_release(&bounds);
    plan_free(&planned);
}

static void random_files_are_what_they_are(void **state)
{
    struct planned planned;
    struct bounds bounds;
    uint8_t bytes[LEN];
    for (unsigned i = 0; i < 8; i++) {
        fill_random(i, bytes, LEN);
        put_file(*state, i, bytes, LEN - i);
    }
    bound_files(*state, 1, &planned, &bounds);
    const struct bound *got = &bounds.snapshots[0];
    assert_int_equal(got->contents, 8);
    assert_int_equal(got->kind[BOUND_WHOLE], got->logical_bytes);
    assert_int_equal(got->kind[BOUND_CODEC], got->logical_bytes);
    assert_in_range(got->kind[BOUND_PACKED], got->logical_bytes, got->logical_bytes + 64);
    bounds_release(&bounds);
    plan_free(&planned);
}

/* Whole files twice, and halves that only sharing of parts finds. */
static void duplicates_are_found_whole_and_in_part(void **state)
{
    struct planned planned;
    struct bounds bounds;
    uint8_t bytes[2 * LEN];
    for (unsigned i = 0; i < 8; i++) {
        fill_random(i / 2, bytes, LEN);
        put_file(*state, i, bytes, LEN);
    }
    bound_files(*state, 1, &planned, &bounds);
    assert_int_equal(bounds.snapshots[0].kind[BOUND_WHOLE], 4 * LEN);
    bounds_release(&bounds);
    plan_free(&planned);
    fill_random(99, bytes, LEN);
    for (unsigned i = 0; i < 8; i++) {
        fill_random(i + 10, bytes + LEN, LEN);
        put_file(*state, i, bytes, 2 * LEN);
    }
    bound_files(*state, 1, &planned, &bounds);
    assert_int_equal(bounds.snapshots[0].kind[BOUND_WHOLE], 16 * LEN);
    assert_in_range(bounds.snapshots[0].kind[BOUND_PACKED], 9 * LEN, 9 * LEN + 200);
    bounds_release(&bounds);
    plan_free(&planned);
}

static uint64_t strongest_of(const void *bytes, size_t len)
{
    size_t cap = ZSTD_compressBound(len) + 1024, small = cap;
    void *out = malloc(cap);
    assert_non_null(out);
    size_t zstd = ZSTD_compress(out, cap, bytes, len, 19);
    assert_false(ZSTD_isError(zstd));
    assert_true(BrotliEncoderCompress(11, 22, BROTLI_MODE_GENERIC, len, bytes, &small, out));
    free(out);
    uint64_t least = zstd < small ? zstd : small;
    return least < len ? least : len;
}

static void codecs_are_the_best_ones(void **state)
{
    struct planned planned;
    struct bounds bounds;
    uint64_t want = 0;
    for (unsigned i = 0; i < 4; i++) {
        char text[6000];
        size_t len = 0;
        struct rng rng = rng_stream(i, "words", 0);
        while (len + 20 < sizeof(text))
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %u ",
                                    i % 2 ? "a line of the log" : "value",
                                    (unsigned)rng_below(&rng, 1000));
        put_file(*state, i, text, len);
        want += strongest_of(text, len);
    }
    bound_files(*state, 1, &planned, &bounds);
    uint64_t got = bounds.snapshots[0].kind[BOUND_CODEC];
    assert_in_range(got, want - 12, want + 12); /* a frame may or may not say its length */
    assert_true(got < bounds.snapshots[0].kind[BOUND_WHOLE] / 2);
    assert_int_equal(bounds.packed_level, 19);
    assert_int_equal(bounds.tried_bytes, bounds.compressible_bytes);
    bounds_release(&bounds);
    plan_free(&planned);
}

/* 64 files of 8 KiB, four bits in each byte: too much to try all of them. */
static void what_is_too_much_is_estimated(void **state)
{
    enum { SIZE = 8192, FILES = 64 };
    struct planned planned;
    struct bounds bounds;
    char said[BOUNDS_SAID_SIZE];
    uint8_t *bytes = malloc(SIZE);
    assert_non_null(bytes);
    for (unsigned i = 0; i < FILES; i++) {
        fill_random(i, bytes, SIZE);
        for (size_t at = 0; at < SIZE; at++)
            bytes[at] &= 15;
        put_file(*state, i, bytes, SIZE);
    }
    bound_files(*state, 0.06, &planned, &bounds);
    double want = (double)FILES * SIZE / 2, got = (double)bounds.snapshots[0].kind[BOUND_CODEC];
    assert_true(bounds_estimated(&bounds));
    assert_int_equal(bounds.compressible_bytes, (uint64_t)SIZE * FILES);
    assert_in_range(bounds.tried_bytes, bounds.compressible_bytes / 4,
                    bounds.compressible_bytes * 7 / 8);
    assert_true(fabs(got / want - 1) < 0.02);
    assert_non_null(strstr(bounds_said(said, &bounds), "estimated from "));
    bounds_release(&bounds);
    compute(&planned, 1, &bounds);
    assert_false(bounds_estimated(&bounds));
    assert_string_equal(bounds_said(said, &bounds), "");
    assert_true(fabs((double)bounds.snapshots[0].kind[BOUND_CODEC] / got - 1) < 0.01);
    bounds_release(&bounds);
    plan_free(&planned);
    free(bytes);
}

/* Of the one blob of 5 MiB that a codec makes smaller the first 4 MiB are tried. */
static void long_blobs_are_tried_in_part(void **unused)
{
    struct planned planned;
    struct bounds bounds;
    (void)unused;
    plan(&planned, "lix-v1:files_per_class=1,size=5m", NULL, NULL);
    compute(&planned, 1, &bounds);
    assert_int_equal(bounds.compressible_bytes, 5 * MIB);
    assert_int_equal(bounds.tried_bytes, 4 * MIB);
    assert_in_range(bounds.snapshots[0].kind[BOUND_CODEC], 10 * MIB, 10 * MIB + 64 * KIB);
    bounds_release(&bounds);
    plan_free(&planned);
}

/* ---- an independent count -------------------------------------------------------------------- */

struct kept_copy {
    uint32_t file;
    bool newest, held, fresh; /* fresh: equal to nothing that was put before */
    struct buf bytes;
};

struct counter {
    struct kept_copy *copies;
    size_t count;
};

/* Bytes against bytes, no hash: slow and simple. */
static bool same_bytes(const struct kept_copy *a, const struct kept_copy *b)
{
    return span_equal(buf_span(&a->bytes), buf_span(&b->bytes));
}

static void count_put(struct counter *counter, struct dataset *dataset, const struct op *op,
                      bool history)
{
    struct kept_copy *copy = &counter->copies[counter->count];
    *copy = (struct kept_copy){.file = op->file, .newest = true, .held = true, .fresh = true};
    assert_int_equal(dataset_content(dataset, op->file, op->content, &copy->bytes), RC_OK);
    for (size_t i = 0; i < counter->count; i++) {
        struct kept_copy *older = &counter->copies[i];
        if (same_bytes(older, copy))
            copy->fresh = false;
        if (older->file == op->file) {
            older->newest = false;
            older->held = older->held && history;
        }
    }
    counter->count++;
}

static void count_delete(struct counter *counter, uint32_t file)
{
    for (size_t i = 0; i < counter->count; i++)
        if (counter->copies[i].file == file)
            counter->copies[i].held = counter->copies[i].newest = false;
}

static uint64_t count_whole(const struct counter *counter, uint64_t *logical)
{
    uint64_t whole = 0;
    *logical = 0;
    for (size_t i = 0; i < counter->count; i++) {
        bool first = counter->copies[i].held;
        *logical += first ? counter->copies[i].bytes.len : 0;
        for (size_t j = 0; first && j < i; j++)
            if (counter->copies[j].held && same_bytes(&counter->copies[i], &counter->copies[j]))
                first = false;
        whole += first ? counter->copies[i].bytes.len : 0;
    }
    return whole;
}

static void count_phase(const struct planned *planned, const struct bounds *bounds,
                        const struct drawn *drawn, size_t p, struct counter *counter)
{
    const struct record_phase *phase = &planned->manifest.phases[p];
    bool history = strcmp(planned->manifest.retention, "history") == 0;
    uint64_t in = 0, fresh = 0, logical, whole;
    for (size_t i = drawn->phase_start[p]; i < drawn->phase_start[p + 1]; i++) {
        const struct op *op = &drawn->schedule.ops[i];
        if (op->kind == OP_DELETE)
            count_delete(counter, op->file);
        if (op->kind != OP_INSERT && op->kind != OP_UPDATE)
            continue;
        count_put(counter, drawn->env.dataset, op, history);
        const struct kept_copy *copy = &counter->copies[counter->count - 1];
        in += copy->bytes.len;
        fresh += copy->fresh ? copy->bytes.len : 0;
    }
    const struct bound *of_phase = bounds_phase(bounds, phase->name);
    assert_int_equal(of_phase ? of_phase->logical_bytes : 0, in);
    assert_int_equal(of_phase ? of_phase->kind[BOUND_WHOLE] : 0, fresh);
    if (!phase->snapshot[0])
        return;
    whole = count_whole(counter, &logical);
    const struct bound *got = bounds_snapshot(bounds, phase->snapshot);
    assert_non_null(got);
    assert_int_equal(got->logical_bytes, logical);
    assert_int_equal(got->kind[BOUND_WHOLE], whole);
    assert_true(got->kind[BOUND_CODEC] <= whole);
}

static void count_again(const struct planned *planned, const struct bounds *bounds)
{
    struct err err = {0};
    struct dataset *dataset = NULL;
    struct drawn drawn = {0};
    struct counter counter = {0};
    OK(drawn_dataset_open(&planned->manifest, "/nowhere", &dataset, &err));
    OK(drawn_make(&drawn, &planned->manifest, "/nowhere", dataset, &err));
    counter.copies = calloc(drawn.schedule.count + 1, sizeof(*counter.copies));
    assert_non_null(counter.copies);
    for (size_t p = 0; p < planned->manifest.phase_count; p++)
        count_phase(planned, bounds, &drawn, p, &counter);
    for (size_t i = 0; i < counter.count; i++)
        buf_release(&counter.copies[i].bytes);
    free(counter.copies);
    drawn_release(&drawn);
    dataset_close(dataset);
}

static void equals_an_independent_count(void **unused)
{
    static const char *const standard[] = {"ingest", "update", "mixed", NULL};
    static const char *const churn[] = {"ingest", "update", "delete_churn", "rewrite", NULL};
    static const struct {
        const char *dataset, *retention;
        const char *const *workloads;
    } cases[] = {
        {"media:files=20,size=1k,duplicates=0.5", "history", standard},
        {"media:files=20,size=1k,duplicates=0.5", "latest", standard},
        {"random:files=20,size_min=1,size_max=4k", "history", churn},
        {"random:files=20,size_min=1,size_max=4k", "latest", churn},
        {"synth:files=24,size=2k,dup=40%", "history", churn},
        {"synth:files=24,size=2k,dup=40%", "latest", standard},
    };
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct planned planned;
        struct bounds bounds;
        plan(&planned, cases[i].dataset, cases[i].workloads, cases[i].retention);
        compute(&planned, 1, &bounds);
        count_again(&planned, &bounds);
        bounds_release(&bounds);
        plan_free(&planned);
    }
}

/* ---- what is known and what is not ----------------------------------------------------------- */

static void what_was_removed_is_not_known_to_be_new(void **unused)
{
    static const char *const both[] = {"ingest", "update", NULL};
    struct planned planned;
    struct bounds bounds;
    (void)unused;
    plan(&planned, "synth:files=12,size=4k,class=random", both, "history");
    compute(&planned, 1, &bounds);
    for (size_t i = 0; i < 2; i++) {
        const struct bound *got = &bounds.snapshots[i];
        assert_true(got->kind[BOUND_NOVEL] != BOUND_UNKNOWN);
        assert_true(got->kind[BOUND_NOVEL] <= got->kind[BOUND_WHOLE]);
        assert_true(bounds.phases[i].kind[BOUND_PACKED] != BOUND_UNKNOWN);
    }
    assert_int_equal(bounds.snapshots[1].kind[BOUND_NOVEL],
                     bounds.phases[0].kind[BOUND_NOVEL] + bounds.phases[1].kind[BOUND_NOVEL]);
    assert_int_equal(bounds.snapshots[1].kind[BOUND_PACKED],
                     bounds.phases[0].kind[BOUND_PACKED] + bounds.phases[1].kind[BOUND_PACKED]);
    bounds_release(&bounds);
    plan_free(&planned);
    plan(&planned, "synth:files=12,size=4k,class=random", both, "latest");
    compute(&planned, 1, &bounds);
    assert_true(bounds.snapshots[1].kind[BOUND_NOVEL] == BOUND_UNKNOWN);
    assert_true(bounds.snapshots[1].kind[BOUND_PACKED] != BOUND_UNKNOWN);
    assert_true(bounds.phases[1].kind[BOUND_PACKED] == BOUND_UNKNOWN);
    bounds_release(&bounds);
    plan_free(&planned);
    plan(&planned, "append:files=4,size=1k", NULL, NULL);
    compute(&planned, 1, &bounds);
    assert_true(bounds.snapshots[0].kind[BOUND_NOVEL] == BOUND_UNKNOWN);
    bounds_release(&bounds);
    plan_free(&planned);
}

static void the_same_every_time(void **unused)
{
    static const char *const both[] = {"ingest", "update", NULL};
    struct err err = {0};
    struct planned planned;
    struct buf text[2] = {{0}};
    (void)unused;
    plan(&planned, "synth:files=12,size=4k", both, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct bounds bounds;
        compute(&planned, 1, &bounds);
        OK(bounds_print(&bounds, &text[i], &err));
        bounds_release(&bounds);
    }
    assert_true(span_equal(buf_span(&text[0]), buf_span(&text[1])));
    buf_release(&text[0]);
    buf_release(&text[1]);
    plan_free(&planned);
}

static void refuses_other_data_and_stops_when_asked(void **state)
{
    const volatile sig_atomic_t stop = 2;
    struct planned planned;
    struct bounds bounds;
    struct err err = {0};
    char spec[512];
    put_file(*state, 0, "one", 3);
    put_file(*state, 1, "two", 3);
    (void)snprintf(spec, sizeof(spec), "files:%s", (const char *)*state);
    plan(&planned, spec, NULL, NULL);
    assert_int_equal(bounding_compute(&planned.manifest, "/nowhere", 1, &stop, &bounds, &err),
                     RC_INTERRUPTED);
    err_clear(&err);
    put_file(*state, 1, "TWO", 3);
    assert_int_equal(bounding_compute(&planned.manifest, "/nowhere", 1, NULL, &bounds, &err),
                     RC_MISMATCH);
    assert_non_null(strstr(err.msg, "they changed"));
    err_clear(&err);
    put_file(*state, 2, "three", 5);
    assert_int_equal(bounding_compute(&planned.manifest, "/nowhere", 1, NULL, &bounds, &err),
                     RC_IO);
    plan_free(&planned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_files_are_held_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(random_files_are_what_they_are, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(duplicates_are_found_whole_and_in_part, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(codecs_are_the_best_ones, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_too_much_is_estimated, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(long_blobs_are_tried_in_part),
        cmocka_unit_test(equals_an_independent_count),
        cmocka_unit_test(what_was_removed_is_not_known_to_be_new),
        cmocka_unit_test(the_same_every_time),
        cmocka_unit_test_setup_teardown(refuses_other_data_and_stops_when_asked, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
