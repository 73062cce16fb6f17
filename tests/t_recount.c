/* The factors of dataset synth, recounted by a pass that knows nothing of the generator: it takes
 * contents, and finds whole files again by hash, parts of files by a rolling hash over windows of
 * 64 bytes, and savings by zstd. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "datasets/content_class.h"
#include "datasets/dataset.h"
#include "engine/rng.h"

#define assert_ok(call)                                           \
    do {                                                          \
        enum rc rc_ = (call);                                     \
        if (rc_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(rc_), err.msg); \
    } while (0)

/* ---- the recount ----------------------------------------------------------------------------- */

enum { WINDOW = 64, SLOTS_LOG = 19, SLOTS = 1 << SLOTS_LOG };
#define FACTOR UINT64_C(0x9E3779B97F4A7C15)

/* All contents seen so far, one after the other, and where each aligned window of them is. */
struct recount {
    struct buf all;
    struct slot {
        uint64_t hash;
        size_t at; /* in `all`, plus one; 0: free */
    } * slots;
    size_t used;
    uint64_t hints[SLOTS / 64]; /* a bit per hash that has a slot: most have none */
    bool flat[256];             /* there is a window of this byte alone */
    struct hash128 *files;
    size_t file_count, file_cap;
    uint64_t bytes, exact, windows; /* of all contents; repeated as files; repeated as parts */
    uint64_t whole, compressed;     /* of contents of 16 KiB and more */
};

static void recount_open(struct recount *r)
{
    *r = (struct recount){.slots = calloc(SLOTS, sizeof(struct slot))};
    assert_non_null(r->slots);
}

static void recount_close(struct recount *r)
{
    buf_release(&r->all);
    free(r->slots);
    free(r->files);
}

static uint64_t window_hash(const uint8_t *bytes)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < WINDOW; i++)
        hash = hash * FACTOR + bytes[i] + 1;
    return hash;
}

static uint64_t *hint(struct recount *r, uint64_t hash)
{
    return &r->hints[(hash >> 20) % (SLOTS / 64)];
}

static struct slot *find(const struct recount *r, uint64_t hash)
{
    size_t at = (size_t)((hash ^ hash >> 32) * FACTOR >> (64 - SLOTS_LOG));
    while (r->slots[at].at != 0 && r->slots[at].hash != hash)
        at = (at + 1) % SLOTS;
    return &r->slots[at];
}

/* A window of one repeated byte: where it is found says nothing about what follows, so it is looked
 * up by its byte alone and followed no further than the byte is repeated. */
static bool is_flat(const uint8_t *bytes)
{
    return bytes[0] == bytes[WINDOW - 1] && memcmp(bytes, bytes + 1, WINDOW - 1) == 0;
}

struct run {
    size_t start, end;
};

/* The run at or around `at`, which begins no earlier than `from`; empty when there is none. */
static struct run known_run(struct recount *r, struct span content, size_t at, size_t from,
                            uint64_t hash)
{
    struct run run = {at, at};
    const uint8_t *bytes = content.ptr;
    if (is_flat(bytes + at)) {
        while (r->flat[bytes[at]] && run.end < content.len && bytes[run.end] == bytes[at])
            run.end++;
        return run;
    }
    if ((*hint(r, hash) >> hash % 64 & 1) == 0)
        return run;
    const struct slot *slot = find(r, hash);
    const uint8_t *all = r->all.ptr;
    if (slot->at == 0 || memcmp(all + slot->at - 1, bytes + at, WINDOW) != 0)
        return run;
    size_t back = slot->at - 1, to = back + WINDOW;
    run.end += WINDOW;
    for (; run.start > from && back > 0 && all[back - 1] == bytes[run.start - 1]; back--)
        run.start--;
    for (; run.end < content.len && to < r->all.len && all[to] == bytes[run.end]; to++)
        run.end++;
    return run;
}

/* FACTOR to the power of WINDOW - 1. */
static uint64_t top_factor(void)
{
    uint64_t top = 1;
    for (size_t i = 1; i < WINDOW; i++)
        top *= FACTOR;
    return top;
}

/* The hash of the window one byte further on. */
static uint64_t rolled(uint64_t hash, const uint8_t *at, uint64_t top)
{
    return (hash - (at[0] + 1u) * top) * FACTOR + at[WINDOW] + 1;
}

/* Bytes of a content that lie in runs of at least 64 which occur in an earlier content. */
static uint64_t repeated(struct recount *r, struct span content)
{
    uint64_t sum = 0, top = top_factor();
    if (content.len < WINDOW)
        return 0;
    uint64_t hash = window_hash(content.ptr);
    size_t counted = 0, last = content.len - WINDOW; /* counted: looked at, and counted or not */
    for (size_t at = 0;;) {
        struct run run = known_run(r, content, at, counted, hash);
        if (run.end == run.start) {
            if (at == last)
                return sum;
            hash = rolled(hash, content.ptr + at, top);
            at++;
            continue;
        }
        sum += run.end - run.start;
        counted = at = run.end;
        if (at > last)
            return sum;
        hash = window_hash(content.ptr + at);
    }
}

static bool seen_as_file(struct recount *r, struct span content)
{
    struct hash128 hash = hash_xxh128(content);
    for (size_t i = 0; i < r->file_count; i++)
        if (hash128_equal(r->files[i], hash))
            return true;
    if (r->file_count == r->file_cap) {
        r->file_cap = r->file_cap * 2 + 64;
        r->files = realloc(r->files, r->file_cap * sizeof(*r->files));
        assert_non_null(r->files);
    }
    r->files[r->file_count++] = hash;
    return false;
}

static uint64_t compressed_len(struct span bytes)
{
    size_t cap = ZSTD_compressBound(bytes.len);
    void *dst = malloc(cap);
    assert_non_null(dst);
    size_t len = ZSTD_compress(dst, cap, bytes.ptr, bytes.len, 3);
    assert_false(ZSTD_isError(len));
    free(dst);
    return len;
}

/* Returns the bytes that no earlier content has. */
static uint64_t recount_add(struct recount *r, struct span content, bool compress)
{
    struct err err = {0};
    r->bytes += content.len;
    if (seen_as_file(r, content)) {
        r->exact += content.len;
        r->windows += content.len;
        return 0;
    }
    uint64_t parts = repeated(r, content);
    r->windows += parts;
    if (compress && content.len >= 16 * KIB) {
        r->whole += content.len;
        r->compressed += compressed_len(content);
    }
    size_t start = r->all.len;
    assert_ok(buf_append(&r->all, content, &err));
    for (size_t at = start; at + WINDOW <= r->all.len; at += WINDOW) {
        uint64_t hash = window_hash(r->all.ptr + at);
        struct slot *slot = find(r, hash);
        if (is_flat(r->all.ptr + at)) {
            r->flat[r->all.ptr[at]] = true;
        } else if (slot->at == 0) {
            *slot = (struct slot){hash, at + 1};
            *hint(r, hash) |= UINT64_C(1) << hash % 64;
            assert_true(++r->used < SLOTS / 2);
        }
    }
    return content.len - parts;
}

/* Known answers: the recount itself. */
static void the_recount_finds_what_is_there(void **unused)
{
    (void)unused;
    struct recount r;
    uint8_t bytes[5000], other[5000];
    struct rng rng = rng_stream(1, "test.recount", 0);
    rng_fill(&rng, bytes, sizeof(bytes));
    rng_fill(&rng, other, sizeof(other));
    recount_open(&r);
    assert_int_equal(recount_add(&r, span_of(bytes, 5000), false), 5000);
    assert_int_equal(recount_add(&r, span_of(bytes, 5000), false), 0);
    assert_int_equal(r.exact, 5000);
    /* Less than a window is never found again. */
    assert_int_equal(recount_add(&r, span_of(other, 63), false), 63);
    /* 1,000 bytes from place 777 at place 333, and the last 200 at the end. */
    memcpy(other + 333, bytes + 777, 1000);
    memcpy(other + 4800, bytes + 4800, 200);
    other[332] = (uint8_t)~bytes[776];
    other[1333] = (uint8_t)~bytes[1777];
    other[4799] = (uint8_t)~bytes[4799];
    assert_int_equal(recount_add(&r, span_of(other, 5000), false), 5000 - 1200);
    assert_int_equal(r.exact, 5000);
    recount_close(&r);
}

/* ---- the grid -------------------------------------------------------------------------------- */

static const char *const sizes[] = {
    "files=120,size=16k",
    "files=120,sizes=lognormal,size=16k,size_max=256k",
    "files=120,sizes=bimodal,size_min=6k,size_max=64k",
    "files=120,sizes=ladder,size_min=1k,size_max=64k",
};
static const char *const kinds[] = {"exact", "shifted", "forks"};
static const double shares[] = {0, 0.25, 0.5, 0.9, 0.99};

static void recount_dataset(struct recount *r, const char *spec, bool compress)
{
    struct err err = {0};
    struct buf content = {0};
    struct dataset *ds;
    if (dataset_open(&ds, spec, 11, &err) != RC_OK)
        fail_msg("%s: %s", spec, err.msg);
    recount_open(r);
    for (uint32_t file = 0; file < ds->file_count; file++) {
        assert_ok(dataset_content(ds, file, 0, &content));
        recount_add(r, buf_span(&content), compress);
    }
    dataset_close(ds);
    buf_release(&content);
}

static double share_of(uint64_t part, uint64_t whole)
{
    return (double)part / (double)whole;
}

static unsigned missed; /* cells of the running test that are not as asked */

/* The share of a file that a container lets be found again when its whole payload is another one's,
 * shifted: framing that depends on its place is new, and what lies between is cut into pieces. */
static double framing(const struct content_class *class, double saving, size_t len)
{
    enum { SHIFTS = 16 };
    struct err err = {0};
    struct buf payload = {0}, file = {0};
    size_t half = class->payload_len(len), fresh = 0;
    assert_ok(buf_resize(&payload, 2 * half, &err));
    assert_ok(buf_resize(&file, len, &err));
    struct rng rng = rng_stream(1, "test.shift", 0);
    class->fill(1, saving, payload.ptr, half);
    memcpy(payload.ptr + half, payload.ptr, half);
    for (size_t i = 0; i < SHIFTS; i++) {
        struct recount r;
        recount_open(&r);
        class->wrap(1, span_of(payload.ptr, half), file.ptr, len);
        recount_add(&r, buf_span(&file), false);
        class->wrap(1, span_of(payload.ptr + rng_below(&rng, half), half), file.ptr, len);
        fresh += recount_add(&r, buf_span(&file), false);
        recount_close(&r);
    }
    buf_release(&payload);
    buf_release(&file);
    return 1 - (double)fresh / (double)len / SHIFTS;
}

/* `repeats`: the share that files of this class have in common without being asked to;
 * `found_again`: of what was asked to be in common, the share that two files let be found. */
static void check_cell(const char *class, const char *size, size_t kind, double share,
                       double saving, double repeats, double found_again)
{
    char spec[300], asked[32] = "natural";
    if (saving >= 0)
        snprintf(asked, sizeof(asked), "%.4f", saving);
    snprintf(spec, sizeof(spec), "synth:class=%s,%s,dup_kind=%s,dup=%.4f,saving=%s", class, size,
             kinds[kind], share, asked);
    struct recount r;
    recount_dataset(&r, spec, saving >= 0);
    double found = share_of(kind == 0 ? r.exact : r.windows, r.bytes);
    double most = kind == 0 ? share : share + (1 - share) * repeats;
    double least = kind == 0 ? share : share * found_again + (1 - share) * repeats;
    if (found < least - 0.02 || found > most + 0.02) {
        print_error("%s: %.4f of the bytes are duplicates (expected %.4f to %.4f)\n", spec, found,
                    least, most);
        missed++;
    }
    if (saving >= 0 && r.whole > 0) {
        double saved = 1 - share_of(r.compressed, r.whole);
        if (fabs(saved - saving) > 0.02) {
            print_error("%s: zstd saves %.4f (expected %.4f)\n", spec, saved, saving);
            missed++;
        }
    }
    recount_close(&r);
}

static double repeats_of(const char *class, const char *size, double saving)
{
    char spec[300], asked[32] = "natural";
    if (saving >= 0)
        snprintf(asked, sizeof(asked), "%.4f", saving);
    snprintf(spec, sizeof(spec), "synth:class=%s,%s,saving=%s", class, size, asked);
    struct recount r;
    recount_dataset(&r, spec, false);
    double repeats = share_of(r.windows, r.bytes);
    assert_int_equal(r.exact, 0);
    recount_close(&r);
    return repeats;
}

static void every_share_is_met_for_every_size(void **unused)
{
    (void)unused;
    missed = 0;
    for (size_t s = 0; s < COUNT_OF(sizes); s++)
        for (size_t k = 0; k < COUNT_OF(kinds); k++)
            for (size_t d = 0; d < COUNT_OF(shares); d++)
                check_cell("random", sizes[s], k, shares[d], -1, 0, 1);
    assert_int_equal(missed, 0);
}

/* Every class with every share and kind; sizes and savings take turns.  Parts of containers are
 * shared as far as their framing lets them be: in small pictures rows are shorter than a window, so
 * those are looked at in larger files. */
static void every_share_is_met_for_every_class(void **unused)
{
    (void)unused;
    missed = 0;
    size_t turn = 0;
    for (size_t c = 0; c < content_class_count(); c++, turn++) {
        const struct content_class *class = content_class_at(c);
        for (size_t k = 0; k < COUNT_OF(kinds); k++, turn++) {
            const char *size = sizes[turn % COUNT_OF(sizes)];
            if (class->wrap != NULL && k > 0)
                size = "files=60,size=128k";
            double saving = -1, span = class->saving_max - class->saving_min;
            if (class->knob && k > 0)
                saving = class->saving_min + span * (k == 1 ? 0.3 : 0.8);
            double repeats = repeats_of(class->name, size, saving), found_again = 1;
            if (class->wrap != NULL && k > 0)
                found_again = framing(class, saving, 128 * KIB);
            assert_true(found_again > 0.75);
            if (class->wrap != NULL && k == 1)
                print_message("%s: %.3f of a shifted payload is found\n", class->name, found_again);
            for (size_t d = 1; d < COUNT_OF(shares); d++)
                check_cell(class->name, size, k, shares[d], saving, repeats, found_again);
        }
    }
    assert_int_equal(missed, 0);
}

static void every_saving_is_met(void **unused)
{
    (void)unused;
    missed = 0;
    for (size_t c = 0; c < content_class_count(); c++) {
        const struct content_class *class = content_class_at(c);
        for (int step = 0; class->knob && step <= 4; step++)
            check_cell(class->name, "files=12,size=64k", 0, 0,
                       class->saving_min + (class->saving_max - class->saving_min) * step / 4, 0,
                       1);
        if (class->knob)
            check_cell(class->name, "files=12,size=64k", 0, 0, class->natural, 0, 1);
    }
    assert_int_equal(missed, 0);
}

/* ---- versions -------------------------------------------------------------------------------- */

static const char *const edits[] = {"mix",     "overwrite", "insert",   "delete",
                                    "prepend", "append",    "truncate", "rewrite",
                                    "revert",  "copy",      "rename"};

/* What the generator says is new is what is new: versions of all files, round by round. */
static void new_bytes_are_what_was_told(void **unused)
{
    (void)unused;
    enum { FILES = 12, ROUNDS = 8, EDITS = 3 };
    for (size_t e = 0; e < COUNT_OF(edits); e++) {
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
            char spec[200];
            snprintf(spec, sizeof(spec),
                     "synth:class=random,files=%d,size=24k,dup=50%%,dup_kind=%s,edit=%s,edits=%d,"
                     "edit_size=1000",
                     FILES, kinds[k], edits[e], EDITS);
            struct err err = {0};
            struct buf content = {0};
            struct recount r;
            struct dataset *ds;
            if (dataset_open(&ds, spec, 5, &err) != RC_OK)
                fail_msg("%s: %s", spec, err.msg);
            recount_open(&r);
            for (uint32_t i = 0; i < FILES * (ROUNDS + 1) + FILES; i++) {
                /* At the end, inserted files. */
                uint32_t version = i / FILES > ROUNDS ? 0 : i / FILES;
                uint32_t file = i / FILES > ROUNDS ? FILES + i % FILES : i % FILES;
                uint64_t told;
                assert_ok(dataset_content(ds, file, version, &content));
                assert_ok(dataset_novel(ds, file, version, &told));
                uint64_t found = recount_add(&r, buf_span(&content), false);
                /* The byte next to an edit may be equal by chance; and less than two windows
                 * between two edits are not found. */
                if (found + 8 < told || found > told + (EDITS + 1) * 2 * WINDOW)
                    fail_msg("%s: file %" PRIu32 " version %" PRIu32 ": %" PRIu64
                             " bytes are new (expected %" PRIu64 ")",
                             spec, file, version, found, told);
            }
            recount_close(&r);
            dataset_close(ds);
            buf_release(&content);
        }
    }
}

/* What is told is never more than there is; the recount may miss less than a window at each edit.
 * Returns told / found. */
static double told_of_found(const char *spec)
{
    struct err err = {0};
    struct buf content = {0};
    struct recount r;
    struct dataset *ds;
    if (dataset_open(&ds, spec, 5, &err) != RC_OK)
        fail_msg("%s: %s", spec, err.msg);
    recount_open(&r);
    uint64_t all_told = 0, all_found = 0;
    for (uint32_t i = 0; i < ds->file_count * 6; i++) {
        uint32_t file = i % ds->file_count, version = i / ds->file_count;
        uint64_t told;
        assert_ok(dataset_content(ds, file, version, &content));
        assert_ok(dataset_novel(ds, file, version, &told));
        uint64_t found = recount_add(&r, buf_span(&content), false);
        /* Padding is repeated, and the first eight bytes of a repetition are told. */
        if (found + 16 + told / 20 < told)
            fail_msg("%s: file %" PRIu32 " version %" PRIu32 ": %" PRIu64 " bytes are new (%" PRIu64
                     " were told)",
                     spec, file, version, found, told);
        all_told += told;
        all_found += found;
    }
    recount_close(&r);
    dataset_close(ds);
    buf_release(&content);
    return (double)all_told / (double)all_found;
}

static void new_bytes_are_no_more_than_there_are(void **unused)
{
    (void)unused;
    assert_true(told_of_found("random:files=8,size_min=1,size_max=40k") > 0.97);
    assert_true(told_of_found("media:files=12,size=20k,duplicates=40%") > 0.97);
    /* A byte is flipped here and there: what lies between is not found again. */
    assert_true(told_of_found("lix-v1:files_per_class=4,size=30000") > 0.3);
    for (size_t c = 0; c < content_class_count(); c++) {
        char spec[200];
        snprintf(spec, sizeof(spec), "synth:class=%s,files=8,size=32k,edits=2,edit_size=3000",
                 content_class_at(c)->name);
        double told = told_of_found(spec);
        print_message("%s: of what is new %.3f is told\n", content_class_at(c)->name, told);
        assert_true(told < 1.01);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recount_finds_what_is_there),
        cmocka_unit_test(every_share_is_met_for_every_size),
        cmocka_unit_test(every_share_is_met_for_every_class),
        cmocka_unit_test(every_saving_is_met),
        cmocka_unit_test(new_bytes_are_what_was_told),
        cmocka_unit_test(new_bytes_are_no_more_than_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
