#include "workloads/bounding.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/codec.h"
#include "engine/hash.h"
#include "engine/strongest.h"
#include "workloads/drawn.h"

/* At effort 1. */
#define CODEC_WORK   (4 * MIB)
#define PACK_LEN_TOP (4 * MIB)
#define PACK_LEN_12  (128 * MIB)
enum { PACK_LEVEL_MIDDLE = 12, SAVING_PART = 64, PLAIN_PART = 32, EASY_PART = 8 };

/* Bytes that are put somewhere, once however often. */
struct content {
    struct hash128 hash;
    uint64_t len, quick;    /* quick: under zstd 3 */
    uint64_t least;         /* under the best codec, or UINT64_MAX: not tried */
    uint32_t file, version; /* where they are generated */
    uint32_t held;          /* keys that hold them now */
};

/* One put. */
struct put {
    uint32_t content;
    uint32_t version; /* of the dataset */
    uint32_t highest; /* version of this file so far */
    uint32_t before;  /* the put of the same file before, or NO_PUT */
    uint64_t novel;   /* bytes new by the dataset's word, or UINT64_MAX */
};
#define NO_PUT UINT32_MAX

struct bounding {
    const struct record_manifest *manifest;
    const volatile sig_atomic_t *stop;
    struct err *err;
    double effort;
    struct dataset *dataset;
    struct drawn drawn;
    struct strongest *strongest;
    struct buf bytes;
    bool keep_history;

    struct content *contents; /* in the order of their first put */
    uint32_t content_count, content_cap;
    uint32_t *slots; /* content + 1, 0 is free; open addressing */
    size_t slot_count;
    struct put *puts; /* in order */
    uint32_t put_count, put_cap;
    uint32_t *newest; /* per file: its newest put, or NO_PUT */

    double rest; /* least / quick, of what was tried: stands for what was not */
    struct bounds *out;
};

static enum rc no_memory(struct bounding *b)
{
    return FAIL(b->err, RC_NOMEM, 0, "no memory to compute bounds");
}

static enum rc check_stop(const struct bounding *b)
{
    if (b->stop && *b->stop)
        return FAIL(b->err, RC_INTERRUPTED, 0, "interrupted while bounds were computed");
    return RC_OK;
}

/* Room for one more of `size` bytes in an array of `count`. */
static enum rc grow(struct bounding *b, void **items, uint32_t count, uint32_t *cap, size_t size)
{
    if (count < *cap)
        return RC_OK;
    uint32_t wanted = *cap ? *cap : 1024;
    if (*cap && *cap <= UINT32_MAX / 4)
        wanted = 2 * *cap;
    else if (*cap)
        return no_memory(b);
    void *grown = realloc(*items, wanted * size);
    if (!grown)
        return no_memory(b);
    *items = grown;
    *cap = wanted;
    return RC_OK;
}

/* ---- contents -------------------------------------------------------------------------------- */

static uint64_t hash_word(struct hash128 hash)
{
    uint64_t word = 0;
    for (size_t i = 0; i < 8; i++)
        word = word << 8 | hash.bytes[i];
    return word;
}

static enum rc grow_slots(struct bounding *b)
{
    size_t count = b->slot_count ? 2 * b->slot_count : 4096;
    uint32_t *slots = calloc(count, sizeof(*slots));
    if (!slots)
        return no_memory(b);
    for (uint32_t c = 0; c < b->content_count; c++) {
        size_t at = hash_word(b->contents[c].hash) & (count - 1);
        while (slots[at])
            at = (at + 1) & (count - 1);
        slots[at] = c + 1;
    }
    free(b->slots);
    b->slots = slots;
    b->slot_count = count;
    return RC_OK;
}

/* Which content the bytes are; a new one is judged by zstd 3. */
static enum rc find_content(struct bounding *b, uint32_t file, uint32_t version, uint32_t *out)
{
    struct hash128 hash = hash_xxh128(buf_span(&b->bytes));
    enum rc rc = RC_OK;
    if (2 * ((size_t)b->content_count + 1) > b->slot_count)
        rc = grow_slots(b);
    if (rc != RC_OK)
        return rc;
    size_t at = hash_word(hash) & (b->slot_count - 1);
    for (; b->slots[at]; at = (at + 1) & (b->slot_count - 1)) {
        const struct content *known = &b->contents[b->slots[at] - 1];
        if (hash128_equal(known->hash, hash) && known->len == b->bytes.len) {
            *out = b->slots[at] - 1;
            return RC_OK;
        }
    }
    struct content content = {
        .hash = hash,
        .len = b->bytes.len,
        .least = UINT64_MAX,
        .file = file,
        .version = version,
    };
    rc = strongest_quick(b->strongest, buf_span(&b->bytes), &content.quick, b->err);
    if (rc == RC_OK)
        rc = grow(b, (void **)&b->contents, b->content_count, &b->content_cap, sizeof(content));
    if (rc != RC_OK)
        return rc;
    *out = b->content_count;
    b->contents[b->content_count++] = content;
    b->slots[at] = b->content_count;
    return RC_OK;
}

static enum rc generate(struct bounding *b, const struct content *content)
{
    enum rc rc = check_stop(b);
    if (rc == RC_OK)
        rc = dataset_content(b->dataset, content->file, content->version, &b->bytes);
    if (rc == RC_OK && (b->bytes.len != content->len ||
                        !hash128_equal(hash_xxh128(buf_span(&b->bytes)), content->hash)))
        rc = FAIL(b->err, RC_IO, 0, "file %" PRIu32 " of the dataset changed while in use",
                  content->file);
    return rc;
}

/* ---- puts ------------------------------------------------------------------------------------ */

/* The put of this version of this file that was there already, or NO_PUT. */
static uint32_t same_put(const struct bounding *b, uint32_t file, uint32_t version)
{
    uint32_t at = b->newest[file];
    if (at != NO_PUT && version > b->puts[at].highest)
        return NO_PUT;
    while (at != NO_PUT && b->puts[at].version != version)
        at = b->puts[at].before;
    return at;
}

static enum rc take_put(struct bounding *b, const struct op *op)
{
    uint32_t before = b->newest[op->file], same = same_put(b, op->file, op->content);
    struct put put = {.version = op->content, .highest = op->content, .before = before};
    if (before != NO_PUT && b->puts[before].highest > put.highest)
        put.highest = b->puts[before].highest;
    enum rc rc = check_stop(b);
    if (same != NO_PUT)
        put.content = b->puts[same].content;
    else if (rc == RC_OK)
        rc = dataset_content(b->dataset, op->file, op->content, &b->bytes);
    if (rc == RC_OK && same == NO_PUT)
        rc = find_content(b, op->file, op->content, &put.content);
    if (rc == RC_OK && same == NO_PUT)
        rc = dataset_novel(b->dataset, op->file, op->content, &put.novel);
    if (rc == RC_OK && put.novel != UINT64_MAX && put.novel > b->contents[put.content].len)
        rc = FAIL(b->err, RC_BUG, 0,
                  "dataset \"%s\": %" PRIu64 " of the %" PRIu64 " bytes of file %" PRIu32
                  ", version %" PRIu32 ", are new",
                  b->dataset->ops->name, put.novel, b->contents[put.content].len, op->file,
                  op->content);
    if (rc == RC_OK)
        rc = grow(b, (void **)&b->puts, b->put_count, &b->put_cap, sizeof(put));
    if (rc != RC_OK)
        return rc;
    b->newest[op->file] = b->put_count;
    b->puts[b->put_count++] = put;
    return RC_OK;
}

static bool is_put(const struct op *op)
{
    return op->kind == OP_INSERT || op->kind == OP_UPDATE;
}

static void forget_files(struct bounding *b)
{
    for (uint32_t file = 0; file < b->drawn.schedule.file_count; file++)
        b->newest[file] = NO_PUT;
}

static enum rc take_puts(struct bounding *b)
{
    const struct schedule *schedule = &b->drawn.schedule;
    enum rc rc = RC_OK;
    b->newest = calloc((size_t)schedule->file_count + 1, sizeof(*b->newest));
    if (!b->newest)
        return no_memory(b);
    forget_files(b);
    for (size_t i = 0; rc == RC_OK && i < schedule->count; i++)
        if (is_put(&schedule->ops[i]))
            rc = take_put(b, &schedule->ops[i]);
    return rc;
}

/* ---- the best codec -------------------------------------------------------------------------- */

static bool is_compressible(const struct content *content)
{
    return content->quick < content->len - content->len / SAVING_PART;
}

/* What brotli 11 takes: 0.5 to 2 s per MB (bytes without and with repetitions in turn are worst),
 * but an eighth of that where nearly all is repetition. */
static double codec_work(const struct content *content)
{
    bool easy = content->quick < content->len / PLAIN_PART;
    return (double)content->len / (easy ? EASY_PART : 1);
}

struct trial {
    double share; /* of the contents that are tried */
    double quick, least;
};

/* The strongest codec on one content, or on what of it may be tried. */
static enum rc try_content(struct bounding *b, struct content *content, struct trial *trial)
{
    uint64_t quick = content->quick, least = 0;
    enum rc rc = generate(b, content);
    if (rc != RC_OK)
        return rc;
    bool whole = b->bytes.len <= STRONGEST_BYTES_MAX;
    struct span bytes = span_of(b->bytes.ptr, whole ? b->bytes.len : STRONGEST_BYTES_MAX);
    rc = strongest_least(b->strongest, bytes, &least, b->err);
    if (rc == RC_OK && !whole)
        rc = strongest_quick(b->strongest, bytes, &quick, b->err);
    if (rc != RC_OK)
        return rc;
    if (least > quick)
        least = quick;
    if (whole)
        content->least = least;
    trial->quick += (double)quick;
    trial->least += (double)least;
    b->out->tried_bytes += bytes.len;
    return RC_OK;
}

static enum rc try_codecs(struct bounding *b)
{
    struct trial trial = {.share = 0};
    double work = 0, allowed = (double)CODEC_WORK * b->effort;
    enum rc rc = RC_OK;
    for (uint32_t c = 0; c < b->content_count; c++)
        work += is_compressible(&b->contents[c]) ? codec_work(&b->contents[c]) : 0;
    trial.share = work > allowed ? allowed / work : 1;
    for (uint32_t c = 0; rc == RC_OK && c < b->content_count; c++) {
        struct content *content = &b->contents[c];
        if (!is_compressible(content)) {
            content->least = content->quick;
            continue;
        }
        b->out->compressible_bytes += content->len;
        if (trial.share >= 1 || (double)hash_word(content->hash) < trial.share * 0x1p64)
            rc = try_content(b, content, &trial);
    }
    b->rest = trial.quick > 0 ? trial.least / trial.quick : 1;
    return rc;
}

static double least_of(const struct bounding *b, const struct content *content)
{
    return content->least != UINT64_MAX ? (double)content->least : (double)content->quick * b->rest;
}

/* ---- the operations once more ---------------------------------------------------------------- */

/* The stream of all that is held, in the order first put.  Where nothing was removed the next one
 * begins with the last, and goes on. */
struct packing {
    bool dry; /* only count what would be packed */
    double len;
    uint32_t *seen; /* what is in the stream */
    uint32_t seen_count;
    bool whole; /* it was never begun again, so that it holds all that was ever put */
    uint64_t packed;
};

struct replay {
    struct packing *packing;
    uint32_t next_put, first_content; /* first_content: contents below were put in earlier phases */
    bool removed;                     /* something that was put is no longer held */
    uint64_t novel;                   /* of all puts; UINT64_MAX: not known */
    uint64_t live, history;
};

static enum rc pack_content(struct bounding *b, struct packing *packing, uint32_t index)
{
    const struct content *content = &b->contents[index];
    packing->seen[packing->seen_count++] = index;
    packing->len += (double)content->len;
    if (packing->dry)
        return RC_OK;
    enum rc rc = generate(b, content);
    return rc == RC_OK ? strongest_pack_add(b->strongest, buf_span(&b->bytes), b->err) : rc;
}

static bool goes_on(const struct bounding *b, const struct packing *packing)
{
    for (uint32_t i = 0; i < packing->seen_count; i++)
        if (b->contents[packing->seen[i]].held == 0)
            return false;
    uint32_t last = packing->seen_count ? packing->seen[packing->seen_count - 1] : 0, at = 0;
    for (uint32_t c = 0; packing->seen_count && c <= last; c++)
        at += b->contents[c].held > 0;
    return at == packing->seen_count;
}

static enum rc pack_held(struct bounding *b, struct packing *packing)
{
    enum rc rc = RC_OK;
    if (packing->seen_count && !goes_on(b, packing)) {
        packing->seen_count = 0;
        packing->whole = false;
    }
    if (packing->seen_count == 0 && !packing->dry)
        rc = strongest_pack_begin(b->strongest, (int)b->out->packed_level, b->err);
    uint32_t from = packing->seen_count ? packing->seen[packing->seen_count - 1] + 1 : 0;
    for (uint32_t c = from; rc == RC_OK && c < b->content_count; c++)
        if (b->contents[c].held)
            rc = pack_content(b, packing, c);
    packing->packed = 0;
    if (rc == RC_OK && packing->seen_count && !packing->dry)
        rc = strongest_pack_len(b->strongest, &packing->packed, b->err);
    return rc;
}

static void add_known(uint64_t *sum, uint64_t more)
{
    *sum = *sum == BOUND_UNKNOWN || more == BOUND_UNKNOWN ? BOUND_UNKNOWN : *sum + more;
}

static void release_put(struct bounding *b, struct replay *replay, uint32_t at)
{
    struct content *content = &b->contents[b->puts[at].content];
    content->held--;
    replay->history -= content->len;
    replay->removed = true;
}

static void replay_put(struct bounding *b, struct replay *replay, uint32_t file)
{
    uint32_t at = replay->next_put++, before = b->newest[file];
    struct content *content = &b->contents[b->puts[at].content];
    if (before != NO_PUT) {
        replay->live -= b->contents[b->puts[before].content].len;
        if (!b->keep_history)
            release_put(b, replay, before);
    }
    content->held++;
    replay->live += content->len;
    replay->history += content->len;
    b->puts[at].before = before;
    b->newest[file] = at;
}

/* Every version goes: the first put after it begins a chain of its own (replay_put). */
static void replay_delete(struct bounding *b, struct replay *replay, uint32_t file)
{
    uint32_t at = b->newest[file];
    replay->live -= b->contents[b->puts[at].content].len;
    b->newest[file] = NO_PUT;
    for (; at != NO_PUT; at = b->keep_history ? b->puts[at].before : NO_PUT)
        release_put(b, replay, at);
}

/* What the phase put, as far as nobody had put it before. */
static void bound_phase(struct bounding *b, const struct replay *replay, uint64_t bytes_in,
                        uint64_t novel, uint32_t contents_to, uint64_t packed_before,
                        struct bound *out)
{
    double codec = 0;
    out->logical_bytes = bytes_in;
    out->kind[BOUND_WHOLE] = 0;
    for (uint32_t c = replay->first_content; c < contents_to; c++) {
        out->kind[BOUND_WHOLE] += b->contents[c].len;
        codec += least_of(b, &b->contents[c]);
    }
    out->contents = contents_to - replay->first_content;
    out->kind[BOUND_CODEC] = (uint64_t)codec;
    out->kind[BOUND_NOVEL] = novel;
    out->kind[BOUND_PACKED] = BOUND_UNKNOWN;
    if (replay->packing->whole)
        out->kind[BOUND_PACKED] = replay->packing->packed - packed_before;
}

static void bound_snapshot(struct bounding *b, const struct replay *replay, struct bound *out)
{
    double codec = 0;
    out->logical_bytes = b->keep_history ? replay->history : replay->live;
    out->kind[BOUND_WHOLE] = 0;
    for (uint32_t c = 0; c < b->content_count; c++) {
        if (b->contents[c].held == 0)
            continue;
        out->contents++;
        out->kind[BOUND_WHOLE] += b->contents[c].len;
        codec += least_of(b, &b->contents[c]);
    }
    out->kind[BOUND_CODEC] = (uint64_t)codec;
    out->kind[BOUND_NOVEL] = replay->removed ? BOUND_UNKNOWN : replay->novel;
    out->kind[BOUND_PACKED] = replay->packing->packed;
}

static enum rc replay_phase(struct bounding *b, struct replay *replay, size_t index)
{
    const struct record_phase *phase = &b->manifest->phases[index];
    const struct drawn *drawn = &b->drawn;
    uint64_t bytes_in = 0, novel = 0, packed_before = replay->packing->packed;
    uint32_t contents_to = replay->first_content, puts = replay->next_put;
    for (size_t i = drawn->phase_start[index]; i < drawn->phase_start[index + 1]; i++) {
        const struct op *op = &drawn->schedule.ops[i];
        if (op->kind == OP_DELETE)
            replay_delete(b, replay, op->file);
        if (!is_put(op))
            continue;
        const struct put *put = &b->puts[replay->next_put];
        bytes_in += b->contents[put->content].len;
        add_known(&novel, put->novel);
        if (put->content >= contents_to)
            contents_to = put->content + 1;
        replay_put(b, replay, op->file);
    }
    add_known(&replay->novel, novel);
    bool cut = replay->next_put > puts || phase->snapshot[0];
    enum rc rc = cut ? pack_held(b, replay->packing) : RC_OK;
    if (rc == RC_OK && !replay->packing->dry) {
        struct bounds *out = b->out;
        if (replay->next_put > puts) {
            struct bound *to = &out->phases[out->phase_count++];
            to->name = phase->name;
            bound_phase(b, replay, bytes_in, novel, contents_to, packed_before, to);
        }
        if (phase->snapshot[0]) {
            struct bound *to = &out->snapshots[out->snapshot_count++];
            to->name = phase->snapshot;
            bound_snapshot(b, replay, to);
        }
    }
    replay->first_content = contents_to;
    return rc;
}

static enum rc replay_all(struct bounding *b, struct packing *packing)
{
    struct replay replay = {.packing = packing};
    enum rc rc = RC_OK;
    packing->whole = true;
    packing->seen = calloc((size_t)b->content_count + 1, sizeof(*packing->seen));
    if (!packing->seen)
        return no_memory(b);
    for (uint32_t c = 0; c < b->content_count; c++)
        b->contents[c].held = 0;
    forget_files(b);
    for (size_t i = 0; rc == RC_OK && i < b->manifest->phase_count; i++)
        rc = replay_phase(b, &replay, i);
    free(packing->seen);
    packing->seen = NULL;
    return rc;
}

/* How much there is to pack says how hard that can be tried. */
static enum rc pack_all(struct bounding *b)
{
    struct packing plan = {.dry = true}, packing = {.dry = false};
    enum rc rc = replay_all(b, &plan);
    b->out->packed_level = STRONGEST_QUICK;
    if (plan.len <= (double)PACK_LEN_12 * b->effort)
        b->out->packed_level = PACK_LEVEL_MIDDLE;
    if (plan.len <= (double)PACK_LEN_TOP * b->effort)
        b->out->packed_level = STRONGEST_LEVEL;
    return rc == RC_OK ? replay_all(b, &packing) : rc;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum rc check_data(struct bounding *b)
{
    struct dataset_summary summary;
    char hex[HEX_SIZE];
    enum rc rc = dataset_summarise(b->dataset, &summary);
    if (rc != RC_OK)
        return rc;
    hex_str(hex, span_of(summary.hash.bytes, sizeof(summary.hash.bytes)));
    if (strcmp(hex, b->manifest->dataset_hash) != 0)
        return FAIL(b->err, RC_MISMATCH, 0,
                    "the data have the hash %s, those of the study had %s: they changed", hex,
                    Q(b->manifest->dataset_hash));
    return RC_OK;
}

static enum rc begin_out(struct bounding *b)
{
    struct bounds *out = b->out;
    char version[FORMAT_SIZE];
    size_t phases = b->manifest->phase_count + 1;
    out->dataset_hash = b->manifest->dataset_hash;
    out->effort = b->effort;
    out->snapshots = arena_zalloc(&out->arena, phases, sizeof(*out->snapshots));
    out->phases = arena_zalloc(&out->arena, phases, sizeof(*out->phases));
    out->zstd = arena_strdup(&out->arena, codec_version(CODEC_ZSTD, version));
    out->brotli = arena_strdup(&out->arena, codec_version(CODEC_BROTLI, version));
    return out->snapshots && out->phases && out->zstd && out->brotli ? RC_OK : no_memory(b);
}

static void end(struct bounding *b)
{
    drawn_release(&b->drawn);
    dataset_close(b->dataset);
    strongest_free(b->strongest);
    buf_release(&b->bytes);
    free(b->contents);
    free(b->slots);
    free(b->puts);
    free(b->newest);
}

enum rc bounding_compute(const struct record_manifest *manifest, const char *dir, double effort,
                         const volatile sig_atomic_t *stop, struct bounds *out, struct err *err)
{
    struct bounding b = {
        .manifest = manifest,
        .stop = stop,
        .err = err,
        .effort = effort,
        .keep_history = strcmp(manifest->retention, "history") == 0,
        .out = out,
    };
    CHECK(effort >= BOUNDING_EFFORT_MIN && effort <= BOUNDING_EFFORT_MAX);
    *out = (struct bounds){.dataset_hash = NULL};
    enum rc rc = begin_out(&b);
    if (rc == RC_OK)
        rc = strongest_new(&b.strongest, err);
    if (rc == RC_OK)
        rc = drawn_dataset_open(manifest, dir, &b.dataset, err);
    if (rc == RC_OK)
        rc = check_data(&b);
    if (rc == RC_OK)
        rc = drawn_make(&b.drawn, manifest, dir, b.dataset, err);
    if (rc == RC_OK)
        rc = take_puts(&b);
    if (rc == RC_OK)
        rc = try_codecs(&b);
    if (rc == RC_OK)
        rc = pack_all(&b);
    end(&b);
    if (rc != RC_OK)
        bounds_release(out);
    return rc;
}
