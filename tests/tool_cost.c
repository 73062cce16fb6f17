/* tool_cost: what the harness itself costs, against the least that does the same work.
 *
 *   1. strategy memory at 4 KiB against a loop of memcpy: nanoseconds per operation on top;
 *   2. strategy raw against SQLite written by hand (support_hand.h): the ratio of the two;
 *   3. contents of dataset synth, per class: bytes made in a second of one core.
 *
 * The engine's side runs the loop of the driver's timed window (phase.c): begin, put, commit or
 * get, the stored bytes noted, one clock read per operation.  The loop of memcpy reads no clock, so
 * what is on top of it includes measuring; SQLite by hand does, as any benchmark of it would.  Like
 * the driver, both sides get contents written just before the clock starts, read into memory that
 * is mapped already, and have what they read verified with the clock stopped.
 *
 * Each round runs both sides twice, A B B A or B A A B in turn, each time on a fresh store, and
 * gives one difference or ratio; printed are medians over rounds with (min-max).  Exit code 0
 * when it ran: the verdicts are text, so that noise fails nothing.  --check is for CI: 1 when a
 * median is beyond generous limits.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datasets/content_class.h"
#include "datasets/dataset.h"
#include "engine/clock.h"
#include "engine/quantile.h"
#include "strategies/strategies.h"
#include "tests/support_hand.h"

/* 500 reads at 4 KiB take half a millisecond, too little to compare: they are done ten times. */
enum { WINDOW_OPS = 256, STRIDE = 17, FIGURES = 4, POINT_READS = 500, READ_PASSES = 10 };
#define WINDOW_BYTES  ((size_t)1 << 20)
#define RESERVE_BYTES ((size_t)32 << 20)

/* Targets, and what --check tolerates. */
static const double target_ns = 250, limit_ns = 500;
static const double target_ratio = 1.03, limit_ratio = 1.10;
static const double target_rate = 1, limit_rate = 0.5;

static void must(enum rc rc, const struct err *err)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "tool_cost: %s\n", err->msg);
    exit(1);
}

static void *must_alloc(size_t count, size_t size)
{
    void *ptr = calloc(count, size);
    CHECK(ptr != NULL);
    return ptr;
}

/* ---- the work -------------------------------------------------------------------------------- */

struct content {
    struct buf bytes;
    struct hash128 hash;
};

/* `files` blobs, `rounds` updates of each, then reads of the newest versions. */
struct job {
    uint32_t files, rounds;
    size_t put_count, get_count, window_ops;
    struct content *contents; /* of put k: file k mod files, version k div files */
    const char *path;
    const struct handler *handler;

    /* the window */
    struct buf slots[WINDOW_OPS];
    struct put_request puts[WINDOW_OPS];
    struct blob_key gets[WINDOW_OPS];
    uint64_t ends_ns[WINDOW_OPS], stored_bytes[WINDOW_OPS];
};

static struct job *job_new(const char *dataset, uint32_t rounds, size_t get_count)
{
    struct err err = {0};
    struct dataset *ds;
    struct job *job = must_alloc(1, sizeof(*job));
    must(dataset_open(&ds, dataset, 1, &err), &err);
    job->files = ds->file_count;
    job->rounds = rounds;
    job->put_count = (size_t)job->files * (rounds + 1);
    job->get_count = get_count;
    job->contents = must_alloc(job->put_count, sizeof(*job->contents));
    job->path = "bench/file.bin";
    size_t longest = 1;
    for (size_t k = 0; k < job->put_count; k++) {
        struct content *content = &job->contents[k];
        must(dataset_content(ds, (uint32_t)(k % job->files), (uint32_t)(k / job->files),
                             &content->bytes),
             &err);
        content->hash = hash_xxh128(buf_span(&content->bytes));
        if (content->bytes.len > longest)
            longest = content->bytes.len;
    }
    job->handler = handler_match(span_of_str(job->path), buf_span(&job->contents[0].bytes));
    job->window_ops = WINDOW_BYTES / longest < WINDOW_OPS ? WINDOW_BYTES / longest : WINDOW_OPS;
    for (size_t i = 0; i < job->window_ops; i++) {
        must(buf_resize(&job->slots[i], longest, &err), &err);
        memset(job->slots[i].ptr, 0, longest);
    }
    dataset_close(ds);
    return job;
}

static void job_free(struct job *job)
{
    for (size_t k = 0; k < job->put_count; k++)
        buf_release(&job->contents[k].bytes);
    for (size_t i = 0; i < WINDOW_OPS; i++)
        buf_release(&job->slots[i]);
    free(job->contents);
    free(job);
}

static void fill_puts(struct job *job, size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct buf *bytes = &job->contents[first + i].bytes;
        memcpy(job->slots[i].ptr, bytes->ptr, bytes->len);
        job->puts[i] = (struct put_request){
            .key = {.file_id = (first + i) % job->files,
                    .version = (uint32_t)((first + i) / job->files)},
            .path = span_of_str(job->path),
            .handler = job->handler,
            .bytes = span_of(job->slots[i].ptr, bytes->len),
        };
    }
}

static void fill_gets(struct job *job, size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++)
        job->gets[i] =
            (struct blob_key){.file_id = (first + i) * STRIDE % job->files, .version = job->rounds};
}

static void verify_gets(const struct job *job, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t k = job->gets[i].version * job->files + job->gets[i].file_id;
        CHECK(hash128_equal(hash_xxh128(buf_span(&job->slots[i])), job->contents[k].hash));
    }
}

/* ---- the sides ------------------------------------------------------------------------------- */

struct side {
    void *(*open)(const struct job *job, const char *dir, enum durability level);
    void (*puts)(void *state, struct job *job, size_t count);
    void (*settle)(void *state);
    void (*gets)(void *state, struct job *job, size_t count);
    void (*close)(void *state);
};

struct engine {
    struct io io;
    struct store *st;
};

static void *engine_open(const char *name, const char *options, const char *dir,
                         enum durability level)
{
    struct err err = {0};
    struct engine *engine = must_alloc(1, sizeof(*engine));
    const struct strategy_row *row;
    must(strategy_row_find(name, &row, &err), &err);
    must(io_open_posix(&engine->io, dir, &err), &err);
    struct store_config config = {
        .io = &engine->io, .durability = level, .options = options, .label = name};
    must(store_open(&engine->st, row->ops, &config, &err), &err);
    must(store_settle(engine->st), store_error(engine->st));
    return engine;
}

static void *memory_open(const struct job *job, const char *dir, enum durability level)
{
    (void)job;
    return engine_open("memory", "reserve=32m", dir, level);
}

static void *raw_open(const struct job *job, const char *dir, enum durability level)
{
    (void)job;
    return engine_open("raw", NULL, dir, level);
}

static void engine_puts(void *state, struct job *job, size_t count)
{
    struct store *st = ((struct engine *)state)->st;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        rc = store_begin(st);
        if (rc == RC_OK)
            rc = store_put(st, &job->puts[i]);
        if (rc == RC_OK)
            rc = store_commit(st);
        job->stored_bytes[i] = st->counters[CTR_STORED_BYTES];
        job->ends_ns[i] = clock_ns();
    }
    must(rc, store_error(st));
}

static void engine_settle(void *state)
{
    struct store *st = ((struct engine *)state)->st;
    must(store_settle(st), store_error(st));
}

static void engine_gets(void *state, struct job *job, size_t count)
{
    struct store *st = ((struct engine *)state)->st;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        rc = store_get(st, job->gets[i], &job->slots[i]);
        job->stored_bytes[i] = st->counters[CTR_STORED_BYTES];
        job->ends_ns[i] = clock_ns();
    }
    must(rc, store_error(st));
}

static void engine_close(void *state)
{
    struct engine *engine = state;
    struct err err = {0};
    CHECK(store_commit_audit(engine->st).violations == 0);
    must(store_close(engine->st, &err), &err);
    io_close(&engine->io);
    free(engine);
}

static const struct side memory_side = {memory_open, engine_puts, engine_settle, engine_gets,
                                        engine_close};
static const struct side raw_side = {raw_open, engine_puts, engine_settle, engine_gets,
                                     engine_close};

/* The same copies, to as much memory that was touched before as memory_open asks to reserve. */
struct bare {
    uint8_t *copies;
    size_t done, files, len;
};

static void *bare_open(const struct job *job, const char *dir, enum durability level)
{
    (void)dir, (void)level;
    struct bare *bare = must_alloc(1, sizeof(*bare));
    *bare = (struct bare){.files = job->files, .len = job->contents[0].bytes.len};
    CHECK(job->put_count * bare->len <= RESERVE_BYTES);
    bare->copies = must_alloc(1, RESERVE_BYTES);
    memset(bare->copies, 1, RESERVE_BYTES);
    return bare;
}

static void bare_puts(void *state, struct job *job, size_t count)
{
    struct bare *bare = state;
    for (size_t i = 0; i < count; i++)
        memcpy(bare->copies + bare->done++ * bare->len, job->puts[i].bytes.ptr, bare->len);
}

static void bare_gets(void *state, struct job *job, size_t count)
{
    const struct bare *bare = state;
    for (size_t i = 0; i < count; i++) {
        size_t k = job->gets[i].version * bare->files + job->gets[i].file_id;
        memcpy(job->slots[i].ptr, bare->copies + k * bare->len, bare->len);
        job->slots[i].len = bare->len;
    }
}

static void bare_settle(void *state)
{
    (void)state;
}

static void bare_close(void *state)
{
    struct bare *bare = state;
    free(bare->copies);
    free(bare);
}

static const struct side bare_side = {bare_open, bare_puts, bare_settle, bare_gets, bare_close};

static void *by_hand_open(const struct job *job, const char *dir, enum durability level)
{
    (void)job;
    struct hand *hand = must_alloc(1, sizeof(*hand));
    hand_open(hand, dir, level == DURABILITY_DURABLE);
    return hand;
}

static void by_hand_puts(void *state, struct job *job, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hand_put(state, job->puts[i].key, job->puts[i].bytes);
        job->ends_ns[i] = clock_ns();
    }
}

static void by_hand_settle(void *state)
{
    hand_settle(state);
}

static void by_hand_gets(void *state, struct job *job, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hand_get(state, job->gets[i], &job->slots[i]);
        job->ends_ns[i] = clock_ns();
    }
}

static void by_hand_close(void *state)
{
    hand_close(state);
    free(state);
}

static const struct side hand_side = {by_hand_open, by_hand_puts, by_hand_settle, by_hand_gets,
                                      by_hand_close};

/* ---- measuring ------------------------------------------------------------------------------- */

/* Nanoseconds per operation. */
enum figure { PUT_CPU, PUT_WALL, GET_CPU, GET_WALL };
struct cost {
    double ns[FIGURES];
};

static void window_time(struct cost *cost, enum figure cpu, const struct side *side, void *state,
                        struct job *job, size_t count)
{
    uint64_t cpu_ns = clock_cpu().total_ns, wall_ns = clock_ns();
    (cpu == PUT_CPU ? side->puts : side->gets)(state, job, count);
    wall_ns = clock_ns() - wall_ns;
    cpu_ns = clock_cpu().total_ns - cpu_ns;
    size_t ops = cpu == PUT_CPU ? job->put_count : job->get_count;
    cost->ns[cpu] += (double)cpu_ns / (double)ops;
    cost->ns[cpu + 1] += (double)wall_ns / (double)ops;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

/* One run of one side on a fresh store below `base`, added to *cost. */
static void side_run(struct cost *cost, const struct side *side, struct job *job, const char *base,
                     enum durability level)
{
    char dir[4096];
    int len = snprintf(dir, sizeof(dir), "%s/store", base);
    CHECK(len > 0 && (size_t)len < sizeof(dir) && mkdir(dir, 0700) == 0);
    void *state = side->open(job, dir, level);
    for (size_t first = 0; first < job->put_count; first += job->window_ops) {
        size_t count = least(job->window_ops, job->put_count - first);
        fill_puts(job, first, count);
        window_time(cost, PUT_CPU, side, state, job, count);
    }
    side->settle(state);
    for (size_t first = 0; first < job->get_count; first += job->window_ops) {
        size_t count = least(job->window_ops, job->get_count - first);
        fill_gets(job, first, count);
        window_time(cost, GET_CPU, side, state, job, count);
        verify_gets(job, count);
    }
    side->close(state);
    CHECK(nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

/* Per round and figure: side a, side b, and a - b or a / b. */
struct series {
    double *a[FIGURES], *b[FIGURES], *between[FIGURES];
    size_t rounds;
};

static struct series compare(const struct side *a, const struct side *b, struct job *job,
                             const char *base, enum durability level, size_t rounds, bool ratio)
{
    struct series series = {.rounds = rounds};
    for (int f = 0; f < FIGURES; f++) {
        series.a[f] = must_alloc(rounds, sizeof(double));
        series.b[f] = must_alloc(rounds, sizeof(double));
        series.between[f] = must_alloc(rounds, sizeof(double));
    }
    for (size_t round = 0; round < rounds; round++) {
        struct cost of_a = {{0}}, of_b = {{0}};
        for (size_t turn = 0; turn < 4; turn++) {
            bool outer = turn == 0 || turn == 3;
            bool is_a = outer == (round % 2 == 0);
            side_run(is_a ? &of_a : &of_b, is_a ? a : b, job, base, level);
        }
        for (int f = 0; f < FIGURES; f++) {
            series.a[f][round] = of_a.ns[f] / 2;
            series.b[f][round] = of_b.ns[f] / 2;
            series.between[f][round] =
                ratio ? of_a.ns[f] / of_b.ns[f] : (of_a.ns[f] - of_b.ns[f]) / 2;
        }
    }
    for (int f = 0; f < FIGURES; f++) {
        quantile_sort(series.a[f], rounds);
        quantile_sort(series.b[f], rounds);
        quantile_sort(series.between[f], rounds);
    }
    return series;
}

static void series_free(struct series *series)
{
    for (int f = 0; f < FIGURES; f++) {
        free(series->a[f]);
        free(series->b[f]);
        free(series->between[f]);
    }
}

/* ---- reporting ------------------------------------------------------------------------------- */

static const char *const figure_names[FIGURES] = {"put CPU", "put wall", "get CPU", "get wall"};

/* false: beyond what --check tolerates. */
static bool report(const struct series *series, enum figure figure, bool ratio, bool judged)
{
    size_t n = series->rounds;
    const double *a = series->a[figure], *b = series->b[figure], *d = series->between[figure];
    double median = quantile_type7(d, n, 0.5);
    double target = ratio ? target_ratio : target_ns, limit = ratio ? limit_ratio : limit_ns;
    printf("  %-8s  %9.0f (%.0f-%.0f)  %9.0f (%.0f-%.0f)  ", figure_names[figure],
           quantile_type7(a, n, 0.5), a[0], a[n - 1], quantile_type7(b, n, 0.5), b[0], b[n - 1]);
    printf(ratio ? "x%.3f (%.3f-%.3f)" : "%+.0f (%+.0f to %+.0f)", median, d[0], d[n - 1]);
    if (judged)
        printf(ratio ? "  target x%.2f: %s" : "  target %.0f ns: %s", target,
               median <= target ? "within" : "EXCEEDED");
    printf("\n");
    return !judged || median <= limit;
}

static bool compare_memory(const char *base, size_t rounds)
{
    struct job *job = job_new("random:files=768,size=4k", 2, 9216);
    printf("\nmemory at 4 KiB, a loop of memcpy, what is on top: ns per operation\n");
    struct series series =
        compare(&memory_side, &bare_side, job, base, DURABILITY_NONE, rounds, false);
    bool ok = report(&series, PUT_CPU, false, true);
    ok = report(&series, PUT_WALL, false, false) && ok;
    ok = report(&series, GET_CPU, false, true) && ok;
    ok = report(&series, GET_WALL, false, false) && ok;
    series_free(&series);
    job_free(job);
    return ok;
}

static bool compare_raw(const char *base, size_t rounds, const char *dataset, enum durability level)
{
    struct job *job = job_new(dataset, 2, POINT_READS * READ_PASSES);
    bool durable = level == DURABILITY_DURABLE;
    printf("\nraw, SQLite by hand, ratio: %s, durability %s: ns per operation\n", dataset,
           durability_name(level));
    struct series series = compare(&raw_side, &hand_side, job, base, level, rounds, true);
    bool ok = report(&series, PUT_CPU, true, true);
    /* Waiting for the disk is the disk's cost, and varies tenfold. */
    ok = report(&series, PUT_WALL, true, !durable) && ok;
    ok = report(&series, GET_CPU, true, true) && ok;
    ok = report(&series, GET_WALL, true, true) && ok;
    series_free(&series);
    job_free(job);
    return ok;
}

/* ---- contents -------------------------------------------------------------------------------- */

/* Files of 1 MiB, each asked for once, as before a phase; the best of the rounds, since whatever
 * disturbs makes it slower only. */
static double contents_per_second(const char *class, size_t rounds)
{
    enum { FILES = 64 };
    struct err err = {0};
    struct dataset *ds;
    struct buf content = {0};
    char spec[128];
    snprintf(spec, sizeof(spec), "synth:class=%s,files=%d,size=1M", class, FILES);
    must(dataset_open(&ds, spec, 1, &err), &err);
    double best = 0;
    for (size_t round = 0; round < rounds; round++) {
        uint64_t bytes = 0, cpu_ns = clock_cpu().total_ns;
        for (uint32_t file = 0; file < FILES; file++) {
            must(dataset_content(ds, file, 0, &content), &err);
            bytes += content.len;
        }
        double rate = (double)bytes / (double)(clock_cpu().total_ns - cpu_ns);
        best = rate > best ? rate : best;
    }
    dataset_close(ds);
    buf_release(&content);
    return best;
}

static bool report_contents(size_t rounds)
{
    bool ok = true;
    printf("\ncontents of 1 MiB, dataset synth: GB per second of one core, target %.2f\n",
           target_rate);
    for (size_t i = 0; i < content_class_count(); i++) {
        const char *class = content_class_at(i)->name;
        double rate = contents_per_second(class, rounds < 5 ? rounds : 5);
        printf("  %-8s  %6.2f  %s\n", class, rate, rate >= target_rate ? "reached" : "MISSED");
        ok = ok && rate >= limit_rate;
    }
    return ok;
}

/* ---- the command line ------------------------------------------------------------------------ */

struct request {
    bool check;
    size_t rounds;
    const char *dir;
};

static bool parse(int argc, char **argv, struct request *request)
{
    struct err err = {0};
    for (int i = 1; i < argc; i++) {
        uint64_t rounds;
        if (strcmp(argv[i], "--check") == 0) {
            request->check = true;
        } else if (strncmp(argv[i], "--dir=", 6) == 0) {
            request->dir = argv[i] + 6;
        } else if (strncmp(argv[i], "--rounds=", 9) == 0) {
            if (parse_u64(argv[i] + 9, 1, 10000, "--rounds", &rounds, &err) != RC_OK)
                return false;
            request->rounds = (size_t)rounds;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    const char *tmp = getenv("TMPDIR");
    struct request request = {.rounds = 31, .dir = tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp"};
    char base[4096];
    if (!parse(argc, argv, &request)) {
        fprintf(stderr, "usage: tool_cost [--check] [--rounds=N] [--dir=DIR]\n");
        return 2;
    }
    int len = snprintf(base, sizeof(base), "%s/blobfront-cost-XXXXXX", request.dir);
    if (len < 0 || (size_t)len >= sizeof(base) || mkdtemp(base) == NULL) {
        fprintf(stderr, "tool_cost: cannot create a folder in \"%s\"\n", request.dir);
        return 2;
    }
    printf("what the harness itself costs: medians of %zu rounds (min-max), %s; one clock read "
           "%llu ns\n",
           request.rounds, base, (unsigned long long)clock_measure().read_ns);
    bool ok = compare_memory(base, request.rounds);
    static const char *const datasets[] = {"lix-v1", "random:files=96,size=4k"};
    for (size_t i = 0; i < COUNT_OF(datasets); i++) {
        ok = compare_raw(base, request.rounds, datasets[i], DURABILITY_NONE) && ok;
        ok = compare_raw(base, request.rounds, datasets[i], DURABILITY_DURABLE) && ok;
    }
    ok = report_contents(request.rounds) && ok;
    CHECK(rmdir(base) == 0);
    if (request.check)
        printf("\ncheck: %s\n", ok ? "within the limits" : "LIMITS EXCEEDED");
    return request.check && !ok ? 1 : 0;
}
