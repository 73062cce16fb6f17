/* t_model: random histories of every strategy against an oracle in memory.
 *
 * 10,000 operations per subject: transactions of puts, updates and deletes that commit or roll
 * back, gets, range reads, scans, settling, reopening, and now and then everything compared.
 * Content repeats on purpose (equal blobs, edited blobs, repeated blocks), so that references are
 * shared and given up.  A history is a function of its seed, which is printed when it fails; run
 * one again with BLOBFRONT_TEST_SEED=n.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/rng.h"
#include "tests/support_store.h"

enum { OPS = 10000, FILES = 20, PINNED = 30, COMPARE_EVERY = 1000 };

struct version {
    uint32_t version;
    bool live;
    struct span bytes;
};

struct history {
    struct version *versions; /* ascending */
    size_t count, cap;
};

struct change {
    size_t file, at;
    bool put;
};

struct model {
    struct rig rig;
    struct rng rng;
    struct arena content; /* every blob ever put */
    struct history files[FILES];
    struct change *log; /* of the open transaction */
    size_t log_count, log_cap;
    struct span pinned[PINNED]; /* content that comes again */
    uint64_t seen[8];           /* per kind of operation, for the blind-spot check */
};
enum { SEEN_PUT, SEEN_DUP, SEEN_DEL, SEEN_ROLLBACK, SEEN_GET, SEEN_PART, SEEN_SCAN, SEEN_REOPEN };

/* ---- content --------------------------------------------------------------------------------- */

static size_t random_len(struct rng *rng)
{
    switch (rng_below(rng, 16)) {
    case 0: return (size_t)rng_below(rng, 3);
    case 1:
    case 2: return 3990 + (size_t)rng_below(rng, 120);
    case 3: return 65530 + (size_t)rng_below(rng, 12);
    case 4: return (size_t)rng_below(rng, 200000);
    default: return (size_t)rng_below(rng, 9000);
    }
}

static struct span keep(struct model *model, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = arena_alloc(&model->content, len);
    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, bytes, len);
    return span_of(copy, len);
}

/* Some bytes of `old` changed, inserted or cut: most of its chunks stay. */
static struct span edited(struct model *model, struct span old)
{
    size_t at = old.len > 0 ? (size_t)rng_below(&model->rng, old.len) : 0;
    size_t cut = (size_t)rng_below(&model->rng, old.len - at < 50 ? old.len - at + 1 : 50);
    size_t more = (size_t)rng_below(&model->rng, 50);
    uint8_t *bytes = arena_alloc(&model->content, old.len - cut + more);
    assert_non_null(bytes);
    if (old.len > 0) {
        memcpy(bytes, old.ptr, at);
        memcpy(bytes + at + more, old.ptr + at + cut, old.len - at - cut);
    }
    rng_fill(&model->rng, bytes + at, more);
    return span_of(bytes, old.len - cut + more);
}

static struct span random_content(struct model *model, struct span old)
{
    uint64_t pick = rng_below(&model->rng, 10);
    if (pick < 3) {
        struct span again = model->pinned[rng_below(&model->rng, PINNED)];
        if (again.ptr != NULL) {
            model->seen[SEEN_DUP]++;
            return again;
        }
    }
    struct span result;
    if (pick < 6 && old.ptr != NULL) {
        result = edited(model, old);
    } else {
        size_t len = random_len(&model->rng);
        uint8_t *bytes = bytes_new((enum bytes_kind)rng_below(&model->rng, BYTES_KIND_COUNT),
                                   rng_u64(&model->rng), len);
        result = keep(model, bytes, len);
        free(bytes);
    }
    if (rng_below(&model->rng, 8) == 0)
        model->pinned[rng_below(&model->rng, PINNED)] = result;
    return result;
}

/* ---- the oracle ------------------------------------------------------------------------------ */

static void note(struct model *model, size_t file, size_t at, bool put)
{
    if (model->log_count == model->log_cap) {
        model->log_cap = model->log_cap == 0 ? 64 : 2 * model->log_cap;
        model->log = realloc(model->log, model->log_cap * sizeof(*model->log));
        assert_non_null(model->log);
    }
    model->log[model->log_count++] = (struct change){.file = file, .at = at, .put = put};
}

static struct version *newest(struct model *model, size_t file)
{
    struct history *history = &model->files[file];
    for (size_t i = history->count; i > 0; i--) {
        if (history->versions[i - 1].live)
            return &history->versions[i - 1];
    }
    return NULL;
}

/* A rolled-back put is forgotten, so its key comes again. */
static void undo(struct model *model)
{
    while (model->log_count > 0) {
        struct change change = model->log[--model->log_count];
        struct history *history = &model->files[change.file];
        if (change.put) {
            assert_int_equal(change.at, history->count - 1);
            history->count--;
        } else {
            history->versions[change.at].live = true;
        }
    }
}

/* File ids of the oracle are spread, so that indexes cannot be dense. */
static uint64_t id_of(size_t file)
{
    return file < 10 ? file : (uint64_t)file * 1000003;
}

/* ---- operations ------------------------------------------------------------------------------ */

static void put(struct model *model, size_t file)
{
    struct history *history = &model->files[file];
    struct version *old = newest(model, file);
    struct span bytes = random_content(model, old != NULL ? old->bytes : (struct span){0});
    if (history->count == history->cap) {
        history->cap = history->cap == 0 ? 16 : 2 * history->cap;
        history->versions = realloc(history->versions, history->cap * sizeof(*history->versions));
        assert_non_null(history->versions);
    }
    uint32_t step = 1 + (uint32_t)(rng_below(&model->rng, 6) == 0);
    uint32_t version =
        history->count > 0 ? history->versions[history->count - 1].version + step : 0;
    note(model, file, history->count, true);
    history->versions[history->count++] =
        (struct version){.version = version, .live = true, .bytes = bytes};
    rig_put(&model->rig, id_of(file), version, bytes);
    model->seen[SEEN_PUT]++;
}

static void del(struct model *model, size_t file)
{
    struct history *history = &model->files[file];
    if (history->count == 0)
        return;
    size_t at = rng_below(&model->rng, 3) == 0 ? (size_t)rng_below(&model->rng, history->count)
                                               : history->count - 1;
    struct version *version = &history->versions[at];
    struct blob_key key = {id_of(file), version->version};
    if (!version->live) {
        assert_int_equal(store_del(model->rig.st, key), RC_NOTFOUND);
        return;
    }
    note(model, file, at, false);
    version->live = false;
    rig_del(&model->rig, key.file_id, key.version);
    model->seen[SEEN_DEL]++;
}

/* The retention `latest`: a new version, and the old one goes. */
static void replace(struct model *model, size_t file)
{
    put(model, file);
    struct history *history = &model->files[file];
    for (size_t at = 0; at + 1 < history->count; at++) {
        if (!history->versions[at].live)
            continue;
        note(model, file, at, false);
        history->versions[at].live = false;
        rig_del(&model->rig, id_of(file), history->versions[at].version);
        model->seen[SEEN_DEL]++;
    }
}

static void transaction(struct model *model)
{
    rig_begin(&model->rig);
    for (uint64_t left = 1 + rng_below(&model->rng, 6); left > 0; left--) {
        size_t file = (size_t)rng_below(&model->rng, FILES);
        uint64_t pick = rng_below(&model->rng, 10);
        if (pick < 5)
            replace(model, file);
        else if (pick < 8)
            put(model, file);
        else
            del(model, file);
    }
    if (rng_below(&model->rng, 8) == 0) {
        MUST(&model->rig, store_rollback(model->rig.st));
        undo(model);
        model->seen[SEEN_ROLLBACK]++;
        return;
    }
    MUST(&model->rig, store_commit(model->rig.st));
    model->log_count = 0;
    const uint64_t *ctr = model->rig.st->counters;
    assert_int_equal(ctr[CTR_PUT_BYTES], ctr[CTR_UNIQUE_BYTES] + ctr[CTR_DUP_BYTES]);
}

static void read_one(struct model *model, bool part)
{
    size_t file = (size_t)rng_below(&model->rng, FILES);
    struct history *history = &model->files[file];
    if (history->count == 0 || rng_below(&model->rng, 20) == 0) {
        rig_expect_absent(&model->rig, id_of(file), UINT32_MAX);
        return;
    }
    size_t at = rng_below(&model->rng, 2) == 0 ? history->count - 1
                                               : (size_t)rng_below(&model->rng, history->count);
    const struct version *version = &history->versions[at];
    if (!version->live) {
        rig_expect_absent(&model->rig, id_of(file), version->version);
    } else if (!part) {
        rig_expect(&model->rig, id_of(file), version->version, version->bytes);
        model->seen[SEEN_GET]++;
    } else {
        uint64_t offset = rng_below(&model->rng, version->bytes.len + 10);
        size_t len = (size_t)rng_below(&model->rng, version->bytes.len + 10);
        rig_expect_part(&model->rig, id_of(file), version->version, offset, len, version->bytes);
        model->seen[SEEN_PART]++;
    }
}

static void scan(struct model *model)
{
    struct rig *rig = &model->rig;
    uint64_t from = id_of((size_t)rng_below(&model->rng, FILES));
    uint64_t to =
        rng_below(&model->rng, 4) == 0 ? UINT64_MAX : id_of((size_t)rng_below(&model->rng, FILES));
    struct blob_key key;
    MUST(rig, store_scan_begin(rig->st, from, to));
    for (size_t file = 0; file < FILES; file++) {
        const struct version *version = newest(model, file);
        if (version == NULL || id_of(file) < from || id_of(file) >= to)
            continue;
        MUST(rig, store_scan_next(rig->st, &key, &rig->out));
        assert_int_equal(key.file_id, id_of(file));
        assert_int_equal(key.version, version->version);
        assert_true(span_equal(buf_span(&rig->out), version->bytes));
    }
    assert_int_equal(store_scan_next(rig->st, &key, &rig->out), RC_NOTFOUND);
    MUST(rig, store_scan_end(rig->st));
    model->seen[SEEN_SCAN]++;
}

static void compare_all(struct model *model)
{
    for (size_t file = 0; file < FILES; file++) {
        const struct history *history = &model->files[file];
        for (size_t at = 0; at < history->count; at++) {
            const struct version *version = &history->versions[at];
            if (version->live)
                rig_expect(&model->rig, id_of(file), version->version, version->bytes);
            else
                rig_expect_absent(&model->rig, id_of(file), version->version);
        }
    }
    rig_check(&model->rig);
    /* A transaction that deletes all it put leaves a strategy with its own files nothing to sync,
     * which the audit does not know. */
    if (model->rig.st->db != NULL)
        assert_int_equal(store_commit_audit(model->rig.st).violations, 0);
}

static void reopen(struct model *model)
{
    if (rig_volatile(&model->rig))
        return;
    rig_reopen(&model->rig);
    model->seen[SEEN_REOPEN]++;
}

static void step(struct model *model)
{
    uint64_t pick = rng_below(&model->rng, 1000);
    if (pick < 300)
        transaction(model);
    else if (pick < 650)
        read_one(model, false);
    else if (pick < 950)
        read_one(model, true);
    else if (pick < 985)
        scan(model);
    else if (pick < 995)
        MUST(&model->rig, store_settle(model->rig.st));
    else
        reopen(model);
}

/* ---- the test -------------------------------------------------------------------------------- */

static uint64_t first_seed;

static void test_model(void **state)
{
    const struct subject *subject = *state;
    struct model *model = calloc(1, sizeof(*model));
    assert_non_null(model);
    model->rng = rng_stream(first_seed, subject->name, 0);
    printf("[   seed   ] %llu: %s\n", (unsigned long long)first_seed, subject->name);
    rig_open(&model->rig, subject);
    for (size_t op = 1; op <= OPS; op++) {
        step(model);
        if (op % COMPARE_EVERY == 0)
            compare_all(model);
    }
    reopen(model);
    if (!rig_volatile(&model->rig))
        compare_all(model);
    for (size_t kind = 0; kind < COUNT_OF(model->seen); kind++) {
        if (kind != SEEN_REOPEN || !rig_volatile(&model->rig))
            assert_in_range(model->seen[kind], 20, UINT64_MAX);
    }
    rig_close(&model->rig);
    for (size_t file = 0; file < FILES; file++)
        free(model->files[file].versions);
    free(model->log);
    arena_release(&model->content);
    free(model);
}

/* Every row, at the level and on the back end where most can go wrong, and the options that change
 * what is stored. */
static const char *const variants[] = {
    "raw:verify=on,checkpoint=20",
    "naive:read_cache=off",
    "files:fanout=2",
    "dedup:identity=xxh3",
    "dedup:identity=xxh3,hash_bits=4,verify=on",
    "dedup:codec=brotli,level=1,margin=0",
    "chunked:chunker=fixed,avg=4k",
    "chunked:identity=xxh3,avg=1k",
    "chunked:identity=xxh3,hash_bits=4,avg=32k,verify=on",
    "chunked:codec=brotli,level=1",
    "chunked:codec=none,page_size=65536",
};

int main(void)
{
    size_t count = 0, room = strategy_row_count() + COUNT_OF(variants) + 2;
    struct subject *subjects = calloc(room, sizeof(*subjects));
    struct CMUnitTest *tests = calloc(room, sizeof(*tests));
    const char *seed = getenv("BLOBFRONT_TEST_SEED");
    if (subjects == NULL || tests == NULL)
        return 1;
    first_seed = seed != NULL ? strtoull(seed, NULL, 10) : 20250829;
    for (size_t i = 0; i < strategy_row_count(); i++) {
        if (strategy_row_at(i)->ops != NULL)
            subject_set(&subjects[count++], strategy_row_at(i)->name, DURABILITY_DURABLE, false);
    }
    for (size_t i = 0; i < COUNT_OF(variants); i++)
        subject_set(&subjects[count++], variants[i],
                    i % 2 == 0 ? DURABILITY_CONSISTENT : DURABILITY_DURABLE_ROLLBACK, false);
    subject_set(&subjects[count++], "files", DURABILITY_NONE, true);
    subject_set(&subjects[count++], "chunked", DURABILITY_NONE, true);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){
            .name = subjects[i].name, .test_func = test_model, .initial_state = &subjects[i]};
    int failed = _cmocka_run_group_tests("model", tests, count, NULL, NULL);
    free(tests);
    free(subjects);
    return failed;
}
