#define _GNU_SOURCE /* mkdtemp's friends: statfs */

#include "cli/gate_flow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/rng.h"
#include "workloads/study.h"
#include "workloads/tool.h"

/* ---- progress ------------------------------------------------------------------------------- */

void gate_say(struct gate_flow *flow, const char *fmt, ...)
{
    va_list args;
    if (flow->options->quiet || !isatty(STDERR_FILENO))
        return;
    (void)fputs("\r\033[K", stderr);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fflush(stderr);
    flow->line_open = true;
}

void gate_say_end(struct gate_flow *flow)
{
    if (flow->line_open)
        (void)fputs("\r\033[K", stderr);
    flow->line_open = false;
}

static void say_building(void *ctx, const char *what)
{
    gate_say(ctx, "%s", what);
}

/* ---- folders -------------------------------------------------------------------------------- */

static enum rc too_long(struct gate_flow *flow)
{
    return FAIL(flow->err, RC_USAGE, 0, "the gate's folder has too long a path");
}

static bool is_empty(const char *path)
{
    DIR *stream = opendir(path);
    bool empty = stream != NULL;
    for (const struct dirent *entry; empty && (entry = readdir(stream)) != NULL;)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (stream)
        (void)closedir(stream);
    return empty;
}

/* A folder of its own: a new one, or one that is empty. */
static enum rc make_folder(struct gate_flow *flow)
{
    char path[4096], stamp[32];
    const char *out = flow->options->out;
    time_t now = (time_t)clock_epoch_s();
    struct tm utc;
    CHECK(gmtime_r(&now, &utc) && strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &utc));
    int len = out ? snprintf(path, sizeof(path), "%s", out)
                  : snprintf(path, sizeof(path), GATE_DEFAULT_OUT "/%s-%ld", stamp, (long)getpid());
    if (len >= (int)sizeof(path))
        return too_long(flow);
    enum rc rc = record_folder_make(path, flow->err);
    if (rc != RC_OK)
        return rc;
    char *absolute = realpath(path, NULL);
    if (!absolute)
        return FAIL(flow->err, RC_IO, errno, "cannot find the folder \"%s\"", Q(path));
    bool fits = strlen(absolute) < sizeof(flow->folder) / 2;
    (void)snprintf(flow->folder, sizeof(flow->folder), "%s", absolute);
    free(absolute);
    if (!fits)
        return too_long(flow);
    if (!is_empty(flow->folder)) {
        /* Not ours to clean up. */
        FAIL(flow->err, RC_USAGE, 0, "--out: the folder \"%s\" is not empty", Q(flow->folder));
        flow->folder[0] = '\0';
        return RC_USAGE;
    }
    return gate_keep(&flow->gate, &flow->gate.folder, flow->folder, flow->err);
}

/* Memory that a gate which was killed still holds: ours, of no process, and an hour old (the
 * process may be in another container). */
static void sweep_memory(void)
{
    DIR *stream = opendir("/dev/shm");
    for (const struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        static const char prefix[] = "blobfront-gate-";
        char path[512];
        struct stat info;
        if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0)
            continue;
        long pid = strtol(entry->d_name + sizeof(prefix) - 1, NULL, 10);
        (void)snprintf(path, sizeof(path), "/dev/shm/%s", entry->d_name);
        bool dead = pid > 1 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
        if (dead && lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
            clock_epoch_s() - (int64_t)info.st_mtime > 3600)
            tool_remove(path);
    }
    if (stream)
        (void)closedir(stream);
}

/* Stores that are not on a disk do not wait for one, and do not share one with anybody. */
static bool memory_folder(char dst[2048])
{
    enum { TMPFS = 0x01021994 };
    struct statfs info;
    uint64_t free_bytes;
    sweep_memory();
    if (statfs("/dev/shm", &info) != 0 || (unsigned long)info.f_type != TMPFS ||
        !mul_u64((uint64_t)info.f_bavail, (uint64_t)info.f_bsize, &free_bytes) ||
        free_bytes < 96 * MIB)
        return false;
    (void)snprintf(dst, 2048, "/dev/shm/blobfront-gate-%ld-XXXXXX", (long)getpid());
    return mkdtemp(dst) != NULL;
}

static enum rc make_work(struct gate_flow *flow)
{
    flow->in_memory = memory_folder(flow->work);
    if (flow->in_memory)
        return RC_OK;
    if (snprintf(flow->work, sizeof(flow->work), "%s/work", flow->folder) >=
        (int)sizeof(flow->work))
        return too_long(flow);
    return record_folder_make(flow->work, flow->err);
}

/* The records stay, without stores and raw latencies. */
static void keep_records(struct gate_flow *flow)
{
    static const char *const studies[] = {"exact-copies", "exact-text", "timed", "timed-again"};
    static const char *const files[] = {"manifest.json", "samples.jsonl", "events.jsonl"};
    for (size_t i = 0; i < COUNT_OF(studies) * COUNT_OF(files); i++) {
        char from[4200], name[128];
        struct buf text = {0};
        struct err ignored = {0};
        const char *study = studies[i / COUNT_OF(files)], *file = files[i % COUNT_OF(files)];
        (void)snprintf(from, sizeof(from), "%s/%s", flow->work, study);
        (void)snprintf(name, sizeof(name), "%s/%s", study, file);
        if (record_read_file(from, file, 256 * MIB, &text, &ignored) == RC_OK)
            (void)!record_write_file(flow->folder, name, buf_span(&text), &ignored);
        buf_release(&text);
    }
}

static void clean_up(struct gate_flow *flow)
{
    char path[4200];
    if (flow->work[0]) {
        keep_records(flow);
        tool_remove(flow->work);
    }
    if (flow->folder[0]) {
        (void)snprintf(path, sizeof(path), "%s/programs", flow->folder);
        tool_remove(path);
    }
}

/* ---- programs ------------------------------------------------------------------------------- */

static enum rc describe(struct gate_flow *flow, const struct gate_program *program,
                        struct gate_side *side)
{
    side->orders = program->orders;
    enum rc rc = gate_keep(&flow->gate, &side->asked, program->asked, flow->err);
    if (rc == RC_OK)
        rc = gate_keep(&flow->gate, &side->revision, program->revision, flow->err);
    if (rc == RC_OK)
        rc = gate_keep(&flow->gate, &side->compiler, gate_program_version(program, "compiler"),
                       flow->err);
    if (rc == RC_OK)
        rc = gate_keep(&flow->gate, &side->note, program->note, flow->err);
    side->hash = "";
    return rc;
}

static enum rc get_programs(struct gate_flow *flow)
{
    struct gate_program_request request = {
        .asked = flow->options->candidate,
        .role = "candidate",
        .folder = flow->folder,
        .index = 1,
        .stop = &stop_signal,
        .say = say_building,
        .ctx = flow,
    };
    enum rc rc = gate_program_get(&request, &flow->next, flow->err);
    if (rc == RC_OK && flow->has_base) {
        request.asked = flow->options->baseline;
        request.role = "baseline";
        request.index = 0;
        rc = gate_program_get(&request, &flow->base, flow->err);
    }
    if (rc == RC_OK)
        rc = gate_programs_check(flow->has_base ? &flow->base : NULL, &flow->next, flow->err);
    if (rc == RC_OK)
        rc = describe(flow, &flow->next, &flow->gate.next);
    if (rc == RC_OK)
        rc = describe(flow, flow->has_base ? &flow->base : &flow->next, &flow->gate.base);
    if (rc != RC_OK)
        return rc;
    if (flow->has_base && strcmp(flow->gate.base.compiler, flow->gate.next.compiler) != 0)
        flow->gate.note = "the two programs were built by different compilers";
    const struct gate_program *first = flow->has_base ? &flow->base : &flow->next;
    flow->builds[0] = (struct record_build){
        .label = "base", .revision = first->revision, .programs = first->programs};
    flow->builds[1] = (struct record_build){
        .label = "new", .revision = flow->next.revision, .programs = flow->next.programs};
    return RC_OK;
}

/* ---- files that exist already ---------------------------------------------------------------- */

static enum rc read_files(struct gate_flow *flow)
{
    const struct gate_options *options = flow->options;
    struct gate_exact *exact = &flow->gate.exact;
    const char *golden = options->golden ? options->golden : GATE_DEFAULT_GOLDEN;
    bool there = access(golden, F_OK) == 0;
    enum rc rc = RC_OK;
    exact->golden_path = exact->golden_reason = exact->noisy_first = "";
    if (options->baseline_file) {
        rc = golden_read(options->baseline_file, true, &flow->stored, flow->err);
        flow->has_stored = rc == RC_OK;
    }
    if (rc != RC_OK || options->no_golden ||
        (!there && !options->golden && !options->update_golden))
        return rc;
    if (snprintf(flow->golden_path, sizeof(flow->golden_path), "%s", golden) >=
        (int)sizeof(flow->golden_path))
        return FAIL(flow->err, RC_USAGE, 0, "--golden: too long a path");
    /* What is about to be replaced need not be sound. */
    struct err why = {0};
    if (!there && options->update_golden)
        return RC_OK;
    rc = golden_read(golden, false, &flow->agreed, &why);
    flow->has_golden = rc == RC_OK;
    if (rc == RC_OK || options->update_golden)
        return RC_OK;
    *flow->err = why;
    return rc;
}

/* ---- a study -------------------------------------------------------------------------------- */

static enum rc keep_host(struct gate_flow *flow, const struct record_manifest *manifest)
{
    char line[512] = "";
    if (flow->gate.host)
        return RC_OK;
    for (size_t i = 0; i < manifest->host.count; i++) {
        const struct fact *fact = &manifest->host.items[i];
        size_t used = strlen(line);
        if (strcmp(fact->name, "cpu") == 0)
            (void)snprintf(flow->cpu, sizeof(flow->cpu), "%.200s", fact->value);
        if (strcmp(fact->name, "cpu") == 0 || strcmp(fact->name, "cores") == 0 ||
            strcmp(fact->name, "kernel") == 0)
            (void)snprintf(line + used, sizeof(line) - used, "%s%.120s%s", used ? ", " : "",
                           fact->value, strcmp(fact->name, "cores") == 0 ? " cores" : "");
    }
    return gate_keep(&flow->gate, &flow->gate.host, line, flow->err);
}

enum rc gate_study(struct gate_flow *flow, const struct record_manifest *manifest,
                   struct study_callbacks *callbacks, struct record *record)
{
    struct buf dir = {0};
    struct study_outcome outcome;
    enum rc rc = keep_host(flow, manifest);
    if (rc == RC_OK)
        rc = record_create(flow->work, manifest, &dir, flow->err);
    if (rc == RC_OK)
        rc = study_run(buf_str(&dir), callbacks, &stop_signal, &outcome, flow->err);
    /* A plan that a program does not understand is not the user's fault. */
    if (rc == RC_USAGE)
        rc = flow->err->rc = RC_MISMATCH;
    if (rc == RC_OK)
        rc = record_load(record, buf_str(&dir), flow->err);
    buf_release(&dir);
    return rc;
}

/* ---- what is said --------------------------------------------------------------------------- */

static bool is_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

typedef enum rc gate_writer(const struct gate *gate, struct buf *out, struct err *err);

static enum rc write_to(struct gate_flow *flow, const char *path, gate_writer *writer)
{
    struct buf out = {0};
    enum rc rc = writer(&flow->gate, &out, flow->err);
    if (rc == RC_OK)
        rc = print_to(path, buf_span(&out), flow->err);
    buf_release(&out);
    return rc;
}

/* GitHub's runner collects what is appended to this file. */
static enum rc append_summary(struct gate_flow *flow, const char *path)
{
    struct buf out = {0};
    enum rc rc = gate_markdown(&flow->gate, &out, flow->err);
    int fd = rc == RC_OK ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (rc == RC_OK && (fd < 0 || write(fd, out.ptr, out.len) != (ssize_t)out.len))
        rc =
            FAIL(flow->err, RC_IO, errno, "cannot append to \"%s\" (GITHUB_STEP_SUMMARY)", Q(path));
    if (fd >= 0)
        (void)close(fd);
    buf_release(&out);
    return rc;
}

static enum rc say_github(struct gate_flow *flow)
{
    const char *actions = getenv("GITHUB_ACTIONS"), *summary = getenv("GITHUB_STEP_SUMMARY");
    struct buf out = {0};
    if (!actions || strcmp(actions, "true") != 0)
        return RC_OK;
    enum rc rc = gate_annotations(&flow->gate, &out, flow->err);
    if (rc == RC_OK && !is_stdout(flow->options->json) && !is_stdout(flow->options->junit))
        rc = print_out(buf_span(&out), flow->err);
    else if (rc == RC_OK)
        (void)fputs(buf_str(&out), stderr); /* the runner reads both */
    buf_release(&out);
    if (rc == RC_OK && summary && summary[0])
        rc = append_summary(flow, summary);
    return rc;
}

static enum rc show(struct gate_flow *flow)
{
    const struct gate_options *options = flow->options;
    enum rc rc = say_github(flow);
    if (rc == RC_OK && options->junit)
        rc = write_to(flow, options->junit, gate_junit);
    if (rc == RC_OK && options->json)
        rc = write_to(flow, options->json, gate_json);
    if (rc == RC_OK && !is_stdout(options->json) && !is_stdout(options->junit))
        rc = write_to(flow, "-", gate_text);
    return rc;
}

static enum rc verdict(struct gate_flow *flow)
{
    struct buf sentence = {0};
    enum rc rc = RC_OK;
    if (flow->gate.end != GATE_GREEN)
        rc = gate_sentence(&flow->gate, &sentence, flow->err);
    if (rc == RC_OK && flow->gate.end == GATE_RED)
        rc = FAIL(flow->err, RC_REGRESSION, 0, "regression: %s", buf_str(&sentence));
    else if (rc == RC_OK && flow->gate.end == GATE_INCONCLUSIVE)
        rc = FAIL(flow->err, RC_INCONCLUSIVE, 0, "inconclusive: %s", buf_str(&sentence));
    buf_release(&sentence);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* A run that is INVALID ends a gate, but not one that is red already: what is known is told. */
static enum rc time_it(struct gate_flow *flow)
{
    enum rc rc = gate_timing_run(flow);
    if (rc != RC_INVALID)
        return rc;
    gate_timing_drop(&flow->gate);
    gate_conclude(&flow->gate);
    if (flow->gate.end != GATE_RED)
        return rc;
    char note[700];
    (void)snprintf(note, sizeof(note), "timing not measured: %s", flow->err->msg);
    err_clear(flow->err);
    return gate_keep(&flow->gate, &flow->gate.note, note, flow->err);
}

static enum rc steps(struct gate_flow *flow)
{
    const struct gate_options *options = flow->options;
    bool timed = flow->has_base && !options->no_timing;
    enum rc rc =
        gate_settings_make(&flow->gate.settings, options->rounds, &options->limits, flow->err);
    flow->gate.settings.allow_undecided = options->allow_undecided;
    if (rc == RC_OK)
        rc = read_files(flow);
    if (rc == RC_OK)
        rc = make_folder(flow);
    if (rc == RC_OK)
        rc = make_work(flow);
    if (rc == RC_OK)
        rc = get_programs(flow);
    if (rc == RC_OK && timed)
        rc = gate_timing_plan(flow);
    if (rc == RC_OK)
        rc = gate_exact_run(flow);
    if (rc == RC_OK && (flow->has_base || flow->has_stored || options->save_baseline))
        rc = gate_count_layer(flow);
    if (rc == RC_OK && timed)
        rc = time_it(flow);
    gate_say_end(flow);
    if (rc != RC_OK)
        return rc;
    flow->gate.seconds = (double)(clock_ns() - flow->start_ns) / 1e9;
    flow->gate.base_is_file = flow->has_stored;
    gate_conclude(&flow->gate);
    return gate_exact_write(flow);
}

static void release(struct gate_flow *flow)
{
    golden_release(&flow->got);
    golden_release(&flow->base_got);
    golden_release(&flow->agreed);
    golden_release(&flow->stored);
    gate_program_release(&flow->base);
    gate_program_release(&flow->next);
    gate_release(&flow->gate);
    arena_release(&flow->arena);
}

enum rc gate_flow_run(const struct gate_options *options, struct err *err)
{
    struct gate_flow *flow = calloc(1, sizeof(*flow));
    if (!flow)
        return FAIL(err, RC_NOMEM, 0, "no memory for a gate");
    flow->options = options;
    flow->err = err;
    flow->start_ns = clock_ns();
    flow->has_base = options->baseline != NULL;
    flow->suite = (struct gate_suite){options->strategy_count ? options->strategies : NULL,
                                      options->strategy_count};
    /* 53 bits: what a manifest's reader in any language can hold. */
    flow->gate.seed =
        options->seed_given ? options->seed : mix64(clock_ns() ^ (uint64_t)getpid() << 40) >> 11;
    flow->gate.note = flow->gate.counts.counter = flow->gate.counts.why_not = "";
    flow->gate.counts.limit = options->instruction_limit;
    enum rc rc = steps(flow);
    if (rc == RC_OK)
        rc = show(flow);
    clean_up(flow);
    if (rc == RC_OK)
        rc = verdict(flow);
    release(flow);
    free(flow);
    return rc;
}
