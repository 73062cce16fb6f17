#include "tests/support_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/rng.h"

/* ---- value by value ------------------------------------------------------------------------- */

void made_init(struct made *made)
{
    memset(made, 0, sizeof(*made));
    struct record_manifest *manifest = &made->record.manifest;
    *manifest = (struct record_manifest){
        .id = "made-1",
        .tool_version = "0.1.0",
        .tool_hash = "00112233445566778899aabbccddeeff",
        .created = "2026-11-20T16:13:00Z",
        .plan_name = "made up for a test",
        .dataset_spec = "random",
        .dataset_name = "random",
        .dataset_options = "files=96",
        .dataset_hash = "0123456789abcdef0123456789abcdef",
        .dataset_warning = "",
        .dataset_files = 96,
        .dataset_bytes = 6291456,
        .seed = 1,
        .rounds = 1,
        .durability = "durable",
        .retention = "latest",
        .batch = 1,
        .clock_read_ns = 25,
        .clock_tick_ns = 1,
        .keep = "last",
        .guardrail = 0.10,
    };
    record_protocol_default(&manifest->protocol);
    manifest->arms = made->arms;
    manifest->phases = made->phases;
    made->record.events = made->events;
}

void made_release(struct made *made)
{
    free(made->record.samples);
    free(made->record.dir);
    arena_release(&made->record.arena);
    memset(made, 0, sizeof(*made));
}

uint32_t made_arm(struct made *made, const char *label, unsigned flags)
{
    size_t arm = made->record.manifest.arm_count++;
    CHECK(arm < MADE_ARMS_MAX);
    made->arms[arm] = (struct record_arm){
        .label = label,
        .spec = label,
        .options = "page_size=4096",
        .summary = "made up",
        .caps = (flags & MADE_SQL) != 0 ? "sql,delete,scan" : "delete,scan",
        .sql = (flags & MADE_SQL) != 0,
        .volatile_floor = (flags & MADE_FLOOR) != 0,
        .control = (flags & MADE_CONTROL) != 0,
        .control_again = (flags & MADE_CONTROL_AGAIN) != 0,
    };
    return (uint32_t)arm;
}

void made_phase(struct made *made, const char *name, const char *workload, const char *snapshot)
{
    size_t phase = made->record.manifest.phase_count++;
    CHECK(phase < MADE_PHASES_MAX);
    made->phases[phase] = (struct record_phase){
        .name = name,
        .workload = workload,
        .snapshot = snapshot,
        .options = "",
        .reads_only = strncmp(workload, "read", 4) == 0,
    };
}

static struct sample *add_sample(struct made *made, enum sample_kind kind, const char *name)
{
    struct record *record = &made->record;
    if (record->sample_count == made->sample_cap) {
        made->sample_cap = made->sample_cap == 0 ? 64 : 2 * made->sample_cap;
        record->samples = realloc(record->samples, made->sample_cap * sizeof(*record->samples));
        CHECK(record->samples != NULL);
    }
    struct sample *sample = &record->samples[record->sample_count++];
    *sample = (struct sample){.kind = kind,
                              .run = made->run,
                              .round = made->round,
                              .arm = made->arm,
                              .name = name,
                              .valid = true,
                              .reason = "",
                              .unsupported = "",
                              .verification = "",
                              .dataset_hash = ""};
    for (size_t m = 0; m < METRIC_COUNT; m++)
        sample->value[m] = NAN;
    return sample;
}

void made_run(struct made *made, uint32_t arm, uint32_t round)
{
    made->arm = arm;
    made->round = round;
    made->run = made->record.run_count++;
    made->run_start = made->record.sample_count;
    if (round >= made->record.manifest.rounds)
        made->record.manifest.rounds = round + 1;
}

void made_value(struct made *made, enum sample_kind kind, const char *name, enum metric metric,
                double value)
{
    struct sample *sample = NULL;
    for (size_t i = made->run_start; i < made->record.sample_count; i++) {
        struct sample *have = &made->record.samples[i];
        if (have->kind == kind && strcmp(have->name, name) == 0)
            sample = have;
    }
    if (sample == NULL)
        sample = add_sample(made, kind, name);
    sample->value[metric] = value;
}

void made_end(struct made *made, const char *reason)
{
    struct record *record = &made->record;
    size_t at = made->run_start;
    while (at < record->sample_count && record->samples[at].kind != SAMPLE_RUN)
        at++;
    if (at == record->sample_count)
        add_sample(made, SAMPLE_RUN, "");
    /* The run's own line is the last one. */
    struct sample *last = &record->samples[record->sample_count - 1];
    struct sample line = record->samples[at];
    record->samples[at] = *last;
    line.valid = reason == NULL;
    line.reason = reason == NULL ? "" : reason;
    line.verification = "fedcba9876543210fedcba9876543210";
    line.dataset_hash = record->manifest.dataset_hash;
    *last = line;
}

static struct record_event *add_event(struct made *made, enum event_kind kind, uint32_t round)
{
    CHECK(made->record.event_count < MADE_EVENTS_MAX);
    struct record_event *event = &made->events[made->record.event_count++];
    *event = (struct record_event){.kind = kind, .round = round, .reason = ""};
    return event;
}

void made_void(struct made *made, uint32_t round, const char *reason)
{
    add_event(made, EVENT_VOID, round)->reason = reason;
}

void made_look(struct made *made, uint32_t round, uint32_t look, uint32_t rounds, uint32_t dropped)
{
    struct record_event *event = add_event(made, EVENT_LOOK, round);
    event->look = look;
    event->rounds = rounds;
    if (dropped == UINT32_MAX)
        return;
    event->dropped = arena_zalloc(&made->record.arena, 1, sizeof(*event->dropped));
    CHECK(event->dropped != NULL);
    event->dropped[0] = dropped;
    event->dropped_count = 1;
}

/* ---- a whole study -------------------------------------------------------------------------- */

struct model {
    const char *label, *hostile;
    unsigned flags;
    double write, read, scan, cpu; /* times the control's */
    double size;                   /* stored bytes / history bytes */
    double dedup, tail;
};

static const struct model models[] = {
    {"raw", "raw", MADE_SQL | MADE_CONTROL, 1, 1, 1, 1, 1.04, 0, 1.9},
    {"raw'", "raw'", MADE_SQL | MADE_CONTROL_AGAIN, 1.012, 0.991, 1.004, 1.006, 1.04, 0, 1.9},
    {"memory", "=cmd|' /C calc'!A0", MADE_FLOOR, 0.01, 0.02, 0.03, 0.05, 0, 0, 1.3},
    {"files", "f`touch /tmp/blobfront-pwned`", 0, 2.1, 0.62, 0.7, 0.8, 1.09, 0, 2.6},
    {"naive", "na|ive\n# heading", MADE_SQL, 1.9, 1.22, 1.1, 1.7, 2.15, 0, 2.2},
    {"dedup", "<script>alert(1)</script>", MADE_SQL, 1.05, 1.03, 1.02, 1.6, 0.99, 0.06, 1.9},
    {"dedup-zstd", "'; system \"touch /tmp/blobfront-pwned\" #", MADE_SQL, 0.97, 1.07, 1.05, 2.4,
     0.68, 0.06, 1.8},
    {"dedup-brotli", "[x](javascript:alert(1)) **b**", MADE_SQL, 3.4, 1.31, 1.4, 21, 0.66, 0.06,
     1.5},
    {"chunked:avg=16k", "chunked\x1b[31m\xe2\x80\xae", MADE_SQL, 1.6, 1.16, 1.3, 3.1, 0.61, 0.22,
     2.1},
};

struct shape {
    const char *name, *workload, *snapshot;
    double ops, p50_ns, bytes_in, bytes_out;
};

static const struct shape shapes[] = {
    {"ingest_binary_cold", "ingest", "after_ingest", 480, 6.1e5, 6291456, 0},
    {"update_binary_hot", "update", "after_update", 960, 7.4e5, 12976128, 0},
    {"read_point_binary", "read_point", "", 2500, 2.4e4, 0, 34119680},
    {"read_scan_binary", "read_scan", "after_reads", 8, 3.1e6, 0, 52428800},
    {"mixed", "mixed", "after_mixed", 600, 3.9e4, 6553600, 14000000},
};

/* About normal: the sum of twelve uniforms. */
static double noise(struct rng *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rng_unit(rng);
    return sum;
}

static double factor(const struct model *model, const struct shape *shape)
{
    if (strcmp(shape->workload, "read_point") == 0)
        return model->read;
    return strcmp(shape->workload, "read_scan") == 0 ? model->scan : model->write;
}

static void made_raw(struct made *made, const struct shape *shape, double p50, double tail)
{
    struct rng rng = rng_stream(7, shape->name, made->run);
    struct latency *items = calloc((size_t)shape->ops, sizeof(*items));
    CHECK(items != NULL);
    for (size_t i = 0; i < (size_t)shape->ops; i++) {
        double spread = log(tail) / 1.645;
        items[i] =
            (struct latency){(uint64_t)(p50 * exp(spread * noise(&rng))), 65536, LATENCY_OTHER};
    }
    char name[128];
    struct buf path = {0};
    struct err err = {0};
    CHECK(buf_printf(&path, &err, "%s/%s", made->record.dir,
                     latencies_name(name, made->run, shape->name)) == RC_OK);
    CHECK(latencies_write(buf_str(&path), items, (size_t)shape->ops, &err) == RC_OK);
    buf_release(&path);
    free(items);
}

static void made_timings(struct made *made, const struct shape *shape, const struct model *model,
                         const struct made_options *options, struct rng *rng)
{
    double jitter = (1 + 0.012 * noise(rng)) * (1 + options->slower);
    double p50 = shape->p50_ns * factor(model, shape) * jitter;
    double p95 = p50 * model->tail * (1 + 0.02 * noise(rng));
    double wall = shape->ops * p50 * 1.15;
    double megabytes = (shape->bytes_in + shape->bytes_out) / 1e6;
    double cpu = 0.9e6 * megabytes * model->cpu * jitter * (shape->bytes_in > 0 ? 1 : 0.3);
    made_value(made, SAMPLE_PHASE, shape->name, M_OPS, shape->ops);
    made_value(made, SAMPLE_PHASE, shape->name, M_WALL_NS, wall);
    made_value(made, SAMPLE_PHASE, shape->name, M_P50_NS, p50);
    made_value(made, SAMPLE_PHASE, shape->name, M_MAX_NS, p95 * 2.4);
    if (shape->ops >= METRIC_P95_OPS)
        made_value(made, SAMPLE_PHASE, shape->name, M_P95_NS, p95);
    if (shape->ops >= METRIC_P99_OPS)
        made_value(made, SAMPLE_PHASE, shape->name, M_P99_NS, p95 * 1.5);
    made_value(made, SAMPLE_PHASE, shape->name, M_OPS_PER_S, shape->ops * 1e9 / wall);
    made_value(made, SAMPLE_PHASE, shape->name, M_CPU_NS, cpu);
    made_value(made, SAMPLE_PHASE, shape->name, M_CPU_MS_PER_MB, cpu / 1e6 / megabytes);
    if (options->raw)
        made_raw(made, shape, p50, model->tail);
}

static void made_counters(struct made *made, const struct shape *shape, const struct model *model)
{
    bool sql = (model->flags & MADE_SQL) != 0, codec = strchr(model->label, '-') != NULL;
    double in = shape->bytes_in;
    const char *name = shape->name;
    made_value(made, SAMPLE_PHASE, name, M_BYTES_IN, in);
    made_value(made, SAMPLE_PHASE, name, M_BYTES_OUT, shape->bytes_out);
    made_value(made, SAMPLE_PHASE, name, M_COMMITS, in > 0 ? shape->ops : 0);
    made_value(made, SAMPLE_PHASE, name, M_READ_BYTES, shape->bytes_out);
    made_value(made, SAMPLE_PHASE, name, M_WRITE_BYTES, floor(in * model->size * 2.1));
    made_value(made, SAMPLE_PHASE, name, M_SYNCS, in > 0 && sql ? shape->ops + 6 : 0);
    if (in == 0) {
        made_value(made, SAMPLE_PHASE, name, M_BYTES_WRITTEN_BY_READS,
                   strcmp(model->label, "naive") == 0 ? 6553600 : 0);
        return;
    }
    made_value(made, SAMPLE_PHASE, name, M_WRITE_AMP, model->size * 0.97);
    made_value(made, SAMPLE_PHASE, name, M_WRITE_AMP_PHYSICAL, model->size * 2.1);
    made_value(made, SAMPLE_PHASE, name, M_COMMIT_SYNCS, sql ? shape->ops : 2 * shape->ops);
    made_value(made, SAMPLE_PHASE, name, M_COMMIT_SYNCS_PER_COMMIT, sql ? 1 : 2);
    made_value(made, SAMPLE_PHASE, name, M_UNIQUE_BYTES, floor(in * (1 - model->dedup)));
    made_value(made, SAMPLE_PHASE, name, M_DUP_BYTES, in - floor(in * (1 - model->dedup)));
    made_value(made, SAMPLE_PHASE, name, M_STORED_BYTES, floor(in * model->size));
    made_value(made, SAMPLE_PHASE, name, M_DEDUP_RATIO, model->dedup);
    made_value(made, SAMPLE_PHASE, name, M_CODEC_NONE, codec ? shape->ops / 3 : shape->ops);
    made_value(made, SAMPLE_PHASE, name, M_CODEC_ZSTD, codec ? shape->ops / 3 : 0);
    made_value(made, SAMPLE_PHASE, name, M_CODEC_SKIPPED, codec ? shape->ops / 3 : 0);
    made_value(made, SAMPLE_PHASE, name, M_CODEC_REJECTED, codec ? shape->ops / 6 : 0);
    made_value(made, SAMPLE_PHASE, name, M_CODEC_REJECTED_BYTES, codec ? floor(in / 6) : 0);
    made_value(made, SAMPLE_PHASE, name, M_CODEC_REJECTED_NS, codec ? 3e6 * model->cpu : 0);
    if (strncmp(model->label, "chunked", 7) == 0) {
        made_value(made, SAMPLE_PHASE, name, M_CHUNKS, shape->ops * 4);
        made_value(made, SAMPLE_PHASE, name, M_CHUNK_REUSE, model->dedup);
    }
}

static void made_snapshot(struct made *made, const char *name, const struct model *model,
                          double history)
{
    bool sql = (model->flags & MADE_SQL) != 0;
    double pages = model->size == 0 ? 0 : floor(history * model->size / 4096) + 8;
    double total = 4096 * pages;
    made_value(made, SAMPLE_SNAPSHOT, name, M_TOTAL_BYTES, total);
    made_value(made, SAMPLE_SNAPSHOT, name, M_EXTERNAL_BYTES, sql ? 0 : total);
    made_value(made, SAMPLE_SNAPSHOT, name, M_FILE_COUNT, sql ? 1 : 97);
    made_value(made, SAMPLE_SNAPSHOT, name, M_HISTORY_BYTES, history);
    made_value(made, SAMPLE_SNAPSHOT, name, M_LIVE_BYTES, history < 6553600 ? history : 6553600);
    made_value(made, SAMPLE_SNAPSHOT, name, M_WRITTEN_BYTES, history * 1.4);
    if (history > 0) {
        double live = history < 6553600 ? history : 6553600;
        made_value(made, SAMPLE_SNAPSHOT, name, M_STORAGE_AMP, total / live);
        made_value(made, SAMPLE_SNAPSHOT, name, M_STORAGE_AMP_HISTORY, total / history);
        made_value(made, SAMPLE_SNAPSHOT, name, M_STORAGE_AMP_WRITTEN, total / history / 1.4);
    }
    if (!sql)
        return;
    double index = floor(pages / 9), free_pages = floor(pages / 14);
    made_value(made, SAMPLE_SNAPSHOT, name, M_DB_FILE_BYTES, total);
    made_value(made, SAMPLE_SNAPSHOT, name, M_DB_BYTES, total);
    made_value(made, SAMPLE_SNAPSHOT, name, M_PAGE_SIZE, 4096);
    made_value(made, SAMPLE_SNAPSHOT, name, M_PAGE_COUNT, pages);
    made_value(made, SAMPLE_SNAPSHOT, name, M_INDEX_BYTES, 4096 * index);
    made_value(made, SAMPLE_SNAPSHOT, name, M_FREE_BYTES, 4096 * free_pages);
    made_value(made, SAMPLE_SNAPSHOT, name, M_TABLE_BYTES, 4096 * (pages - index - free_pages));
    made_value(made, SAMPLE_SNAPSHOT, name, M_CACHE_TABLE_BYTES,
               strcmp(model->label, "naive") == 0 ? 4096 * floor(pages / 3) : 0);
}

static void made_shares(struct made *made, const struct model *model)
{
    static const char *const plain[] = {"bin", "png", ""};
    static const char *const hostile[] = {"b|n", "<img src=x>", "=1+1"};
    struct sample *line = &made->record.samples[made->record.sample_count - 1];
    bool nasty = made->arms[2].label[0] == '=';
    struct record_share *items = arena_zalloc(&made->record.arena, 3, sizeof(*items));
    struct fact *pragmas = arena_zalloc(&made->record.arena, 2, sizeof(*pragmas));
    CHECK(items != NULL && pragmas != NULL);
    for (size_t i = 0; i < 3; i++)
        items[i] =
            (struct record_share){nasty ? hostile[i] : plain[i], 96 * (i + 1), 6291456 * (i + 1),
                                  (uint64_t)(6291456 * model->size * (double)(i + 1))};
    struct record_probe *probe = arena_zalloc(&made->record.arena, 1, sizeof(*probe));
    CHECK(probe != NULL);
    *probe = (struct record_probe){.name = nasty ? "=1|1" : "chunks",
                                   .expected = "at least 384",
                                   .because = nasty ? "<img src=x>" : "96 blobs above max",
                                   .value = 1234,
                                   .ok = true};
    line->probes = (struct record_probes){probe, 1};
    line->by_extension = (struct record_shares){items, 3};
    line->by_handler = (struct record_shares){items, 2};
    pragmas[0] = (struct fact){"journal_mode", "wal"};
    pragmas[1] = (struct fact){"synchronous", "2"};
    if ((model->flags & MADE_SQL) != 0)
        line->pragmas = (struct facts){pragmas, 2};
}

/* Sizes that grow by model->size MiB a step, of 96 versions. */
static void made_series(struct made *made, const char *name, const struct model *model)
{
    enum { POINTS = 4 };
    struct sample *samples = made->record.samples;
    struct series_point *items = arena_zalloc(&made->record.arena, POINTS, sizeof(*items));
    CHECK(items != NULL);
    for (size_t i = 0; i < POINTS; i++)
        items[i] = (struct series_point){
            .ops = 48 * i,
            .versions = 96 * (i + 1),
            .held = 96 * (i + 1),
            .written_bytes = 6553600 * (i + 1),
            .live_bytes = 6553600,
            .history_bytes = 6553600 * (i + 1),
            .total_bytes = (uint64_t)(model->size * 1048576 * (double)(i + 1)),
            .read_p50_ns = i == 0 ? (double)NAN : 1000 * (double)i + 100 * made->round,
        };
    for (size_t i = made->run_start; i < made->record.sample_count; i++)
        if (samples[i].kind == SAMPLE_PHASE && strcmp(samples[i].name, name) == 0)
            samples[i].series = (struct series){items, POINTS};
    if (model->size > 0)
        made_value(made, SAMPLE_PHASE, name, M_GROWTH_EXPONENT, 1);
}

static void made_one_run(struct made *made, uint32_t arm, uint32_t round,
                         const struct made_options *options)
{
    /* Further arms are variations on the last three. */
    size_t kind = arm < COUNT_OF(models) ? arm : COUNT_OF(models) - 3 + arm % 3;
    struct model model = models[kind];
    struct rng rng = rng_stream(3, "made", round * 100 + arm);
    if (arm >= COUNT_OF(models)) {
        model.read *= 1 + 0.07 * (double)(arm - COUNT_OF(models));
        model.size *= 1 - 0.03 * (double)(arm - COUNT_OF(models));
    }
    double history = 0;
    made_run(made, arm, round);
    made_snapshot(made, "baseline", &model, 0);
    for (size_t s = 0; s < COUNT_OF(shapes); s++) {
        made_timings(made, &shapes[s], &model, options, &rng);
        made_counters(made, &shapes[s], &model);
        if (options->series && strcmp(shapes[s].workload, "update") == 0)
            made_series(made, shapes[s].name, &model);
        history += shapes[s].bytes_in;
        if (shapes[s].snapshot[0] != '\0')
            made_snapshot(made, shapes[s].snapshot, &model, history);
    }
    made_value(made, SAMPLE_RUN, "", M_PEAK_RSS_BYTES, 2.1e7 + 1e5 * noise(&rng));
    bool invalid = options->invalid_arm != NULL && round + 1 == options->rounds &&
                   arm < COUNT_OF(models) && strcmp(model.label, options->invalid_arm) == 0;
    made_end(made, invalid ? "file 7 version 1: 3 bytes differ" : NULL);
    made_shares(made, &model);
}

static void made_arms(struct made *made, const struct made_options *options)
{
    static const char *const extra[] = {"dedup-zstd:level=1",  "dedup-zstd:level=9",
                                        "dedup-zstd:level=19", "chunked:avg=4k",
                                        "chunked:avg=64k",     "chunked:avg=256k,min=64k,max=1m",
                                        "tiered:inline=4k",    "tiered:inline=64k"};
    for (size_t m = 0; m < COUNT_OF(models); m++)
        made_arm(made, options->hostile ? models[m].hostile : models[m].label, models[m].flags);
    for (unsigned i = 0; i < options->more_arms; i++)
        made_arm(made, extra[i % COUNT_OF(extra)], MADE_SQL);
}

void made_study(struct made *made, const struct made_options *options)
{
    static struct fact host[] = {
        {"cpu", "AMD EPYC 7B13"}, {"kernel", "Linux 6.1.0"}, {"filesystem", "ext4"}};
    static struct fact hostile_host[] = {{"cpu", "x | y </td><script>`"}};
    static struct fact libraries[] = {{"sqlite", "3.40.1"}, {"zstd", "1.5.4"}};
    made_init(made);
    struct record_manifest *manifest = &made->record.manifest;
    manifest->dataset_spec = manifest->dataset_name = "lix-v1";
    manifest->dataset_warning = "no two files are identical and media is random: dedup can save "
                                "nothing here by construction";
    manifest->host = options->hostile ? (struct facts){hostile_host, 1} : (struct facts){host, 3};
    manifest->libraries = (struct facts){libraries, 2};
    made->record.dir = strdup(options->dir == NULL ? "/nonexistent" : options->dir);
    CHECK(made->record.dir != NULL);
    if (options->raw) {
        char raw[512];
        snprintf(raw, sizeof(raw), "%s/raw", options->dir);
        mkdir(raw, 0777);
    }
    made_arms(made, options);
    for (size_t s = 0; s < COUNT_OF(shapes); s++)
        made_phase(made, shapes[s].name, shapes[s].workload, shapes[s].snapshot);
    for (uint32_t round = 0; round < options->rounds; round++) {
        for (uint32_t arm = 0; arm < manifest->arm_count; arm++)
            made_one_run(made, arm, round, options);
    }
}
