#include "tests/support_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/rng.h"

/* ---- subjects -------------------------------------------------------------------------------- */

struct subject *subject_set(struct subject *out, const char *spec, enum durability level,
                            bool posix)
{
    *out = (struct subject){.level = level, .posix = posix};
    snprintf(out->spec, sizeof(out->spec), "%s", spec);
    snprintf(out->name, sizeof(out->name), "%s/%s/%s", spec, durability_name(level),
             posix ? "posix" : "memory");
    return out;
}

struct subject *subjects_all(size_t *count)
{
    size_t rows = strategy_row_count();
    struct subject *all = calloc(rows * DURABILITY_COUNT * 2, sizeof(*all));
    assert_non_null(all);
    *count = 0;
    for (size_t i = 0; i < rows; i++) {
        const struct strategy_row *row = strategy_row_at(i);
        if (row->ops == NULL)
            continue;
        for (int level = 0; level < DURABILITY_COUNT; level++) {
            for (int posix = 0; posix < 2; posix++) {
                /* Memory knows neither levels nor files. */
                if ((row->ops->caps & CAP_VOLATILE) && (level != DURABILITY_DURABLE || posix))
                    continue;
                subject_set(&all[(*count)++], row->name, (enum durability)level, posix);
            }
        }
    }
    return all;
}

/* ---- the rig --------------------------------------------------------------------------------- */

static void open_store(struct rig *rig)
{
    struct err err = {0};
    struct store_config config = {
        .io = &rig->tree.io,
        .durability = rig->subject->level,
        .preset = rig->spec.row->preset,
        .options = rig->spec.options,
        .label = rig->spec.label,
    };
    rig->st = NULL;
    if (store_open(&rig->st, rig->spec.row->ops, &config, &err) != RC_OK)
        fail_msg("%s: open: %s", rig->subject->name, err.msg);
}

static void close_store(struct rig *rig)
{
    struct err err = {0};
    enum rc rc = store_close(rig->st, &err);
    rig->st = NULL;
    if (rc != RC_OK)
        fail_msg("%s: close: %s", rig->subject->name, err.msg);
}

void rig_open(struct rig *rig, const struct subject *subject)
{
    struct err err = {0};
    *rig = (struct rig){.subject = subject};
    if (strategy_spec_parse(subject->spec, &rig->spec, &err) != RC_OK)
        fail_msg("%s: %s", subject->name, err.msg);
    tree_open(&rig->tree, subject->posix, false);
    open_store(rig);
}

void rig_reopen(struct rig *rig)
{
    close_store(rig);
    tree_reopen(&rig->tree);
    open_store(rig);
}

void rig_close(struct rig *rig)
{
    MUST(rig, store_settle(rig->st));
    close_store(rig);
    tree_close(&rig->tree);
    buf_release(&rig->out);
}

void rig_begin(struct rig *rig)
{
    MUST(rig, store_begin(rig->st));
}

static void conserved(const struct rig *rig)
{
    const uint64_t *ctr = rig->st->counters;
    uint32_t caps = rig->st->ops->caps;
    assert_int_equal(ctr[CTR_PUT_BYTES], ctr[CTR_UNIQUE_BYTES] + ctr[CTR_DUP_BYTES]);
    if (caps & CAP_DEDUP)
        assert_int_equal(ctr[CTR_PUTS], ctr[CTR_BLOBS_UNIQUE] + ctr[CTR_BLOBS_DUP]);
    else
        assert_int_equal(ctr[CTR_DUP_BYTES], 0);
    assert_true(ctr[CTR_CHUNKS_DUP] <= ctr[CTR_CHUNKS]);
    assert_int_equal(store_commit_audit(rig->st).violations, 0);
}

void rig_commit(struct rig *rig)
{
    MUST(rig, store_commit(rig->st));
    conserved(rig);
}

struct put_request put_of(uint64_t file_id, uint32_t version, struct span bytes)
{
    struct span path = span_of_str("some/path.dat");
    struct span head = span_of(bytes.ptr, bytes.len < 64 ? bytes.len : 64);
    return (struct put_request){
        .key = {.file_id = file_id, .version = version},
        .path = path,
        .handler = handler_match(path, head),
        .bytes = bytes,
    };
}

void rig_put(struct rig *rig, uint64_t file_id, uint32_t version, struct span bytes)
{
    struct put_request put = put_of(file_id, version, bytes);
    MUST(rig, store_put(rig->st, &put));
}

void rig_store(struct rig *rig, uint64_t file_id, uint32_t version, struct span bytes)
{
    rig_begin(rig);
    rig_put(rig, file_id, version, bytes);
    rig_commit(rig);
}

void rig_del(struct rig *rig, uint64_t file_id, uint32_t version)
{
    MUST(rig, store_del(rig->st, (struct blob_key){file_id, version}));
}

void rig_expect(struct rig *rig, uint64_t file_id, uint32_t version, struct span bytes)
{
    MUST(rig, store_get(rig->st, (struct blob_key){file_id, version}, &rig->out));
    if (!span_equal(buf_span(&rig->out), bytes))
        fail_msg("%s: file %llu version %u: wrong bytes (%zu, expected %zu)", rig->subject->name,
                 (unsigned long long)file_id, (unsigned)version, rig->out.len, bytes.len);
}

void rig_expect_absent(struct rig *rig, uint64_t file_id, uint32_t version)
{
    struct blob_key key = {file_id, version};
    assert_int_equal(store_get(rig->st, key, &rig->out), RC_NOTFOUND);
    assert_int_equal(store_read_at(rig->st, key, 0, 10, &rig->out), RC_NOTFOUND);
}

void rig_expect_part(struct rig *rig, uint64_t file_id, uint32_t version, uint64_t offset,
                     size_t len, struct span whole)
{
    MUST(rig, store_read_at(rig->st, (struct blob_key){file_id, version}, offset, len, &rig->out));
    struct span part = {0};
    if (offset < whole.len) {
        size_t rest = whole.len - (size_t)offset;
        part = span_of(whole.ptr + offset, len < rest ? len : rest);
    }
    if (!span_equal(buf_span(&rig->out), part))
        fail_msg("%s: file %llu: wrong bytes at %llu+%zu of %zu", rig->subject->name,
                 (unsigned long long)file_id, (unsigned long long)offset, len, whole.len);
}

void rig_check(struct rig *rig)
{
    MUST(rig, store_check(rig->st));
}

bool rig_volatile(const struct rig *rig)
{
    return rig->spec.row->ops->caps & CAP_VOLATILE;
}

/* ---- content --------------------------------------------------------------------------------- */

uint8_t *bytes_new(enum bytes_kind kind, uint64_t seed, size_t len)
{
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    struct rng rng = rng_stream(seed, "bytes", (uint64_t)kind);
    if (kind == BYTES_RANDOM) {
        rng_fill(&rng, bytes, len);
    } else if (kind == BYTES_TEXT) {
        static const char *const words[] = {"blob ", "version ", "of ", "a ", "file\n", "store "};
        for (size_t at = 0; at < len;) {
            const char *word = words[rng_below(&rng, COUNT_OF(words))];
            for (; *word != '\0' && at < len; word++)
                bytes[at++] = (uint8_t)*word;
        }
    } else {
        /* One incompressible block over and over: the same chunk many times in one blob. */
        uint8_t block[4096];
        rng_fill(&rng, block, sizeof(block));
        for (size_t at = 0; at < len; at++)
            bytes[at] = block[at % sizeof(block)];
    }
    return bytes;
}
