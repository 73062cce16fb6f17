#include "workloads/effects.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/host.h"

/* One blob put, in the order of the oracle's facts. */
struct put {
    size_t older;     /* the put before it of the same file that is still there, + 1; 0: none */
    uint32_t content; /* the dataset's version */
    bool repeat;      /* the store held the same bytes */
    bool read;        /* whole, as the newest version */
};

/* How often the store holds the bytes with a hash. */
struct held {
    struct hash128 hash;
    uint64_t count;
    bool used;
};

struct history {
    const struct run *run;
    struct put *puts;
    size_t put_count;
    size_t *newest; /* per file: its newest put + 1; 0: there is none */
    struct held *held;
    size_t held_count; /* a power of two, at least twice the puts */
    uint64_t *lens;
    struct effect_facts *facts;
};

/* ---- going through the operations ------------------------------------------------------------ */

static struct held *history_held(struct history *history, const struct hash128 *hash)
{
    uint64_t at;
    memcpy(&at, hash->bytes, sizeof(at));
    for (;; at++) {
        struct held *held = &history->held[at & (history->held_count - 1)];
        if (!held->used)
            *held = (struct held){.hash = *hash, .used = true};
        if (hash128_equal(held->hash, *hash))
            return held;
    }
}

static const struct fact_of_blob *fact_at(const struct history *history, size_t put)
{
    CHECK(put < history->run->oracle.count);
    return &history->run->oracle.facts[put];
}

/* Every version of the file that is still there, from `put` back, is given up. */
static void history_drop(struct history *history, size_t put)
{
    for (; put != 0; put = history->puts[put - 1].older)
        history_held(history, &fact_at(history, put - 1)->hash)->count--;
}

static void history_put(struct history *history, const struct op *op)
{
    struct effect_facts *facts = history->facts;
    size_t index = history->put_count++;
    const struct fact_of_blob *fact = fact_at(history, index);
    CHECK(fact->file == op->file && fact->version == op->version);
    struct put *put = &history->puts[index];
    struct held *held = history_held(history, &fact->hash);
    size_t older = history->newest[op->file];
    *put = (struct put){.content = op->content, .repeat = held->count > 0};
    held->count++;
    history->lens[index] = fact->len;
    facts->bytes += fact->len;
    facts->largest = fact->len > facts->largest ? fact->len : facts->largest;
    facts->repeats += put->repeat;
    facts->repeat_bytes += put->repeat ? fact->len : 0;
    /* The older version goes after the newer one has come: equal bytes are shared. */
    if (history->run->keep_history)
        put->older = older;
    else
        history_drop(history, older);
    history->newest[op->file] = index + 1;
}

static void history_read(struct history *history, uint32_t file, uint32_t version)
{
    size_t newest = history->newest[file];
    if (newest == 0)
        return;
    /* Under retention `latest` every read is of the newest. */
    if (history->run->keep_history && fact_at(history, newest - 1)->version != version)
        return;
    history->facts->newest_reads++;
    history->facts->newest_rereads += history->puts[newest - 1].read;
    history->puts[newest - 1].read = true;
}

static void history_scan(struct history *history)
{
    for (uint32_t file = 0; file < history->run->drawn.schedule.file_count; file++)
        if (history->newest[file] != 0)
            history_read(history, file, fact_at(history, history->newest[file] - 1)->version);
}

/* Its updates are committed, then its file is read; the put that was lost never was. */
static void history_crash(struct history *history, const struct op *op)
{
    for (size_t i = 1; i <= op->len; i++)
        history_put(history, op + i);
    history_read(history, op->file, fact_at(history, history->newest[op->file] - 1)->version);
}

static void history_run(struct history *history)
{
    const struct drawn *drawn = &history->run->drawn;
    size_t count = drawn->phase_start[history->run->phases_done];
    for (size_t i = 0; i < count; i++) {
        const struct op *op = &drawn->schedule.ops[i];
        i += op->kind == OP_CRASH ? op->len : 0;
        switch (op->kind) {
        case OP_INSERT:
        case OP_UPDATE: history_put(history, op); break;
        case OP_READ:
            if (op->lane == 0) /* of which version another lane's is, is not known */
                history_read(history, op->file, op->version);
            break;
        case OP_SCAN: history_scan(history); break;
        case OP_CRASH: history_crash(history, op); break;
        case OP_DELETE:
            history_drop(history, history->newest[op->file]);
            history->newest[op->file] = 0;
            break;
        default: break;
        }
    }
    CHECK(history->put_count == history->run->oracle.count);
    for (size_t i = 0; i < history->run->oracle.count; i++)
        history->facts->kept += !history->run->oracle.facts[i].dropped;
}

static enum rc history_init(struct history *history, struct run *run, struct effect_facts *facts)
{
    size_t puts = run->oracle.count, files = run->drawn.schedule.file_count;
    *history = (struct history){.run = run, .facts = facts, .held_count = 16};
    while (history->held_count < 2 * puts)
        history->held_count *= 2;
    history->puts = calloc(puts + 1, sizeof(*history->puts));
    history->newest = calloc(files + 1, sizeof(*history->newest));
    history->held = calloc(history->held_count, sizeof(*history->held));
    history->lens = calloc(puts + 1, sizeof(*history->lens));
    if (history->puts && history->newest && history->held && history->lens)
        return RC_OK;
    return FAIL(&run->outside_err, RC_NOMEM, 0, "no memory to go through %zu puts again", puts);
}

static void history_release(struct history *history)
{
    free(history->puts);
    free(history->newest);
    free(history->held);
    free(history->lens);
}

/* ---- the sample ------------------------------------------------------------------------------ */

struct effects_sample {
    struct effect_blob blobs[EFFECTS_BLOBS];
    struct buf bytes[EFFECTS_BLOBS];
    size_t count;
};

static enum rc sample_add(struct effects_sample *sample, struct run *run, size_t put,
                          uint32_t content)
{
    const struct fact_of_blob *fact = &run->oracle.facts[put];
    struct buf *bytes = &sample->bytes[sample->count];
    const char *path = ranks_path(&run->ranks, fact->file);
    enum rc rc = dataset_content(run->dataset, fact->file, content, bytes);
    if (rc != RC_OK)
        return rc;
    if (!hash128_equal(hash_xxh128(buf_span(bytes)), fact->hash))
        return FAIL(&run->outside_err, RC_IO, 0,
                    "\"%s\" version %" PRIu32 " of the dataset changed while in use", Q(path),
                    content);
    sample->blobs[sample->count++] = (struct effect_blob){
        .bytes = buf_span(bytes),
        .precompressed = handler_match(span_of_str(path), buf_span(bytes))->precompressed,
        .kept = !fact->dropped,
        .file_id = run->ranks.rank_of[fact->file],
        .version = fact->version,
    };
    return RC_OK;
}

static enum rc sample_take(struct effects_sample *sample, struct run *run,
                           const struct history *history)
{
    size_t puts = run->oracle.count, at = 0;
    uint64_t bytes = 0;
    enum rc rc = RC_OK;
    for (size_t k = 0; rc == RC_OK && k < EFFECTS_BLOBS; k++) {
        size_t first = puts * k / EFFECTS_BLOBS, end = puts * (k + 1) / EFFECTS_BLOBS;
        for (at = first; at < end; at++) {
            uint64_t len = run->oracle.facts[at].len;
            bool fits = bytes + len <= EFFECTS_BYTES || (bytes == 0 && len <= EFFECTS_BLOB_MAX);
            if (len > 0 && fits && !history->puts[at].repeat)
                break;
        }
        if (at == end)
            continue;
        bytes += run->oracle.facts[at].len;
        rc = sample_add(sample, run, at, history->puts[at].content);
    }
    return rc;
}

static void sample_release(struct effects_sample *sample)
{
    for (size_t i = 0; i < EFFECTS_BLOBS; i++)
        buf_release(&sample->bytes[i]);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static enum rc count_file(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct effect_facts *facts = ctx;
    uint64_t depth = 0;
    (void)size, (void)err;
    for (; *name != '\0'; name++)
        depth += *name == '/';
    if (facts->files == 0 || depth < facts->depth_least)
        facts->depth_least = depth;
    if (depth > facts->depth_most)
        facts->depth_most = depth;
    facts->files++;
    return RC_OK;
}

static enum rc keep_probes(struct run *run, const struct effect *effect)
{
    struct arena *arena = &run->result->arena;
    struct record_probe *items = arena_zalloc(arena, effect->count + 1, sizeof(*items));
    bool copied = items != NULL;
    for (size_t i = 0; copied && i < effect->count; i++) {
        const struct effect_probe *probe = &effect->probes[i];
        char expected[EFFECT_TEXT_SIZE];
        items[i] = (struct record_probe){
            .name = probe->name,
            .expected = arena_strdup(arena, effect_expected(expected, probe)),
            .because = arena_strdup(arena, probe->because),
            .value = probe->value,
            .ok = effect_holds(probe),
        };
        copied = items[i].expected && items[i].because;
    }
    if (!copied)
        return FAIL(&run->outside_err, RC_NOMEM, 0, "no memory for the result");
    run->probes = (struct record_probes){items, effect->count};
    return RC_OK;
}

static enum rc ask(struct run *run, const struct effect_facts *facts)
{
    struct effect effect;
    enum rc rc = store_probe(run->store, facts, &effect);
    if (rc != RC_OK)
        return FAIL(run->err, run_blame(rc), 0, "probing the options' effect: %s",
                    store_error(run->store)->msg);
    rc = keep_probes(run, &effect);
    return rc == RC_OK ? effect_verdict(&effect, run->err) : rc;
}

enum rc effects_judge(struct run *run)
{
    struct effect_facts facts = {.counters = run->counters};
    struct effects_sample sample = {0};
    struct history history;
    run->peak_rss_bytes = host_peak_rss_bytes(); /* before this adds to it */
    enum rc rc = history_init(&history, run, &facts);
    if (rc == RC_OK) {
        history_run(&history);
        rc = sample_take(&sample, run, &history);
    }
    if (rc == RC_OK)
        rc = io_list(&run->io, "", count_file, &facts, &run->outside_err);
    if (rc == RC_OK) {
        facts.lens = history.lens;
        facts.blobs = history.put_count;
        facts.peak_rss_bytes = run->peak_rss_bytes;
        facts.sample = sample.blobs;
        facts.sample_count = sample.count;
        rc = ask(run, &facts);
    }
    history_release(&history);
    sample_release(&sample);
    return rc;
}
