#include "workloads/study.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/host.h"
#include "results/kept.h"
#include "workloads/child.h"
#include "workloads/plan.h"
#include "workloads/run.h"

struct study {
    const char *dir;
    const struct study_callbacks *callbacks;
    const volatile sig_atomic_t *stop;
    struct study_outcome *outcome;
    struct err *err;
    struct record record;
    uint64_t start_ns;
    int lock;
};

/* ---- folders -------------------------------------------------------------------------------- */

static enum rc make_folder(const char *path, struct err *err)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return FAIL(err, RC_IO, errno, "cannot create the folder \"%s\"", Q(path));
    return RC_OK;
}

static enum rc work_path(const char *dir, uint32_t run, struct buf *out, struct err *err)
{
    buf_clear(out);
    return buf_printf(out, err, "%s/work/run-%04u.jsonl", dir, run);
}

/* <study>/stores/<run>-<arm>/: the label with everything but letters, digits, '-' and '.' as
 * '_'. */
static enum rc store_path(const char *dir, uint32_t run, const char *label, struct buf *out,
                          struct err *err)
{
    buf_clear(out);
    enum rc rc = buf_printf(out, err, "%s/stores/%04u-%s", dir, run, label);
    if (rc != RC_OK)
        return rc;
    for (size_t i = out->len - strlen(label); i < out->len; i++) {
        uint8_t c = out->ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.';
        if (!plain)
            out->ptr[i] = '_';
    }
    return RC_OK;
}

static enum rc make_folders(const char *dir, struct err *err)
{
    static const char *const names[] = {"work", "stores", "raw"};
    struct buf path = {0};
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < COUNT_OF(names); i++) {
        buf_clear(&path);
        rc = buf_printf(&path, err, "%s/%s", dir, names[i]);
        if (rc == RC_OK)
            rc = make_folder(buf_str(&path), err);
    }
    buf_release(&path);
    return rc;
}

/* ---- one run, in the child ------------------------------------------------------------------ */

static bool keeps_stores(const struct record_manifest *manifest)
{
    return strcmp(manifest->keep, "last") == 0;
}

static enum rc run_in(const char *dir, const char *store, const struct record_manifest *manifest,
                      uint32_t number, const volatile sig_atomic_t *stop, struct err *err)
{
    uint32_t arms = (uint32_t)manifest->arm_count;
    struct run_result *result = calloc(1, sizeof(*result));
    struct buf data = {0}, work = {0};
    if (!result)
        return FAIL(err, RC_NOMEM, 0, "no memory for a run");
    struct run_request request = {
        .manifest = manifest,
        .study_dir = dir,
        .run = number,
        .round = number / arms,
        .slot = number % arms,
        .arm = plan_arm_of(manifest, number),
        .stop = stop,
        .kept_dir = keeps_stores(manifest) ? store : NULL,
    };
    enum rc rc = buf_printf(&data, err, "%s/data", store);
    if (rc == RC_OK)
        rc = make_folder(store, err);
    if (rc == RC_OK)
        rc = make_folder(buf_str(&data), err);
    request.store_dir = rc == RC_OK ? buf_str(&data) : NULL;
    if (rc == RC_OK)
        rc = run_execute(&request, result, err);
    if (rc == RC_OK)
        rc = work_path(dir, number, &work, err);
    if (rc == RC_OK)
        rc = record_run_write(buf_str(&work), manifest, result->samples, result->sample_count, err);
    run_result_release(result);
    free(result);
    buf_release(&data);
    buf_release(&work);
    return rc;
}

enum rc study_run_one(const char *dir, uint32_t run, const volatile sig_atomic_t *stop,
                      struct err *err)
{
    struct record record = {0};
    struct buf store = {0};
    const struct record_manifest *manifest = &record.manifest;
    enum rc rc = record_load_plan(&record, dir, err);
    if (rc == RC_OK)
        rc = plan_check(manifest, err);
    if (rc == RC_OK)
        rc = store_path(dir, run, manifest->arms[plan_arm_of(manifest, run)].label, &store, err);
    if (rc == RC_OK)
        rc = run_in(dir, buf_str(&store), manifest, run, stop, err);
    buf_release(&store);
    record_release(&record);
    return rc;
}

/* ---- one run, seen from the parent ---------------------------------------------------------- */

static enum rc child_failed(struct study *study, int status, const char *message, const char *label)
{
    if (study->stop && *study->stop)
        return FAIL(study->err, RC_INTERRUPTED, 0, "interrupted");
    if (WIFSIGNALED(status))
        return FAIL(study->err, RC_IO, 0, "the run of %s was ended by signal %d%s%s", Q(label),
                    WTERMSIG(status), message[0] ? ": " : "", message);
    return FAIL(study->err, WEXITSTATUS(status) == 2 ? RC_USAGE : RC_IO, 0, "%s: %s", Q(label),
                message[0] ? message : "the run failed without a message");
}

static void count_run(struct study *study, const struct sample *line)
{
    const struct record_arm *arm = &study->record.manifest.arms[line->arm];
    study->outcome->runs_done++;
    study->outcome->runs_invalid += !line->valid;
    if (!line->valid && study->callbacks->invalid)
        study->callbacks->invalid(study->callbacks->ctx, arm, line->round, line->reason);
}

/* A strategy that crashes ends its run, not the study: the run is INVALID, and that is a result. */
static enum rc take_crash(struct study *study, uint32_t number, int status, const char *message)
{
    const struct record_manifest *manifest = &study->record.manifest;
    uint32_t arms = (uint32_t)manifest->arm_count;
    struct buf reason = {0};
    struct sample line;
    sample_init(&line, SAMPLE_RUN);
    line.run = number;
    line.round = number / arms;
    line.slot = number % arms;
    line.arm = plan_arm_of(manifest, number);
    enum rc rc = buf_printf(&reason, study->err, "the run was ended by signal %d%s%s",
                            WTERMSIG(status), message[0] ? ": " : "", Q(message));
    line.reason = buf_str(&reason);
    if (rc == RC_OK)
        rc = record_append(study->dir, manifest, &line, 1, study->err);
    if (rc == RC_OK)
        count_run(study, &line);
    buf_release(&reason);
    return rc;
}

static enum rc take_result(struct study *study, uint32_t number)
{
    struct buf path = {0};
    struct arena arena = {0};
    struct sample *samples = NULL;
    size_t count = 0;
    enum rc rc = work_path(study->dir, number, &path, study->err);
    if (rc == RC_OK)
        rc = record_run_read(buf_str(&path), &study->record.manifest, &arena, &samples, &count,
                             study->err);
    if (rc == RC_OK)
        rc = record_append(study->dir, &study->record.manifest, samples, count, study->err);
    if (rc == RC_OK) {
        (void)unlink(buf_str(&path));
        count_run(study, &samples[count - 1]);
    }
    arena_release(&arena);
    buf_release(&path);
    return rc;
}

static enum rc execute_run(struct study *study, uint32_t number, const char *label)
{
    char run[16], program[] = "blobfront", command[] = "run-one", operands[] = "--";
    struct child_end end;
    char *dir = strdup(study->dir);
    if (!dir)
        return FAIL(study->err, RC_NOMEM, 0, "no memory to start a run");
    char *argv[] = {program, command, operands, dir, run, NULL};
    (void)snprintf(run, sizeof(run), "%u", number);
    enum rc rc = child_run(argv, study->stop, &end, study->err);
    free(dir);
    if (rc != RC_OK)
        return rc;
    if (child_crashed(end.status))
        return take_crash(study, number, end.status, end.message);
    if (!WIFEXITED(end.status) || WEXITSTATUS(end.status) != 0)
        return child_failed(study, end.status, end.message, label);
    return take_result(study, number);
}

/* ---- rounds --------------------------------------------------------------------------------- */

static void report_progress(struct study *study, uint32_t number, uint32_t rounds)
{
    const struct record_manifest *manifest = &study->record.manifest;
    uint32_t arms = (uint32_t)manifest->arm_count;
    struct study_progress progress = {
        .round = number / arms + 1,
        .rounds = rounds,
        .runs_done = number,
        .runs = rounds * arms,
        .elapsed_ns = clock_ns() - study->start_ns,
    };
    if (!study->callbacks->progress)
        return;
    progress.arm = manifest->arms[plan_arm_of(manifest, number)].label;
    if (study->outcome->runs_done)
        progress.left_ns =
            progress.elapsed_ns / study->outcome->runs_done * (progress.runs - progress.runs_done);
    uint64_t budget = manifest->budget_ns;
    uint64_t rest = budget > progress.elapsed_ns ? budget - progress.elapsed_ns : 0;
    if (budget && progress.left_ns > rest)
        progress.left_ns = rest;
    study->callbacks->progress(study->callbacks->ctx, &progress);
}

/* Would one more round end after the budget?  The first round of a session always runs; those of
 * earlier sessions say nothing about this one's time. */
static bool budget_is_spent(const struct study *study)
{
    const struct record_manifest *manifest = &study->record.manifest;
    uint32_t rounds = study->outcome->runs_done / (uint32_t)manifest->arm_count;
    uint64_t elapsed = clock_ns() - study->start_ns;
    if (manifest->budget_ns == 0 || rounds == 0)
        return false;
    return elapsed + elapsed / rounds > manifest->budget_ns;
}

static enum rc remove_store(struct study *study, uint32_t number, const char *label)
{
    struct buf path = {0};
    enum rc rc = store_path(study->dir, number, label, &path, study->err);
    if (rc == RC_OK)
        rc = kept_remove(buf_str(&path), study->err);
    buf_release(&path);
    return rc;
}

/* Artifacts of a round are kept until the next round has its own. */
static enum rc drop_older_store(struct study *study, uint32_t number)
{
    const struct record_manifest *manifest = &study->record.manifest;
    uint32_t round = number / (uint32_t)manifest->arm_count, index = plan_arm_of(manifest, number);
    const struct record_arm *arm = &manifest->arms[index];
    if (!keeps_stores(manifest) || arm->volatile_floor)
        return remove_store(study, number, arm->label);
    if (round == 0)
        return RC_OK;
    return remove_store(study, plan_run_of(manifest, round - 1, index), arm->label);
}

static enum rc study_one(struct study *study, uint32_t number, const char *label)
{
    /* What an interrupted attempt left. */
    enum rc rc = remove_store(study, number, label);
    if (rc == RC_OK)
        rc = execute_run(study, number, label);
    if (rc != RC_OK) {
        struct err ignored = {0};
        struct err *kept = study->err;
        study->err = &ignored;
        (void)!remove_store(study, number, label);
        study->err = kept;
    }
    return rc;
}

static enum rc study_round(struct study *study, uint32_t round, uint32_t rounds)
{
    const struct record_manifest *manifest = &study->record.manifest;
    uint32_t arms = (uint32_t)manifest->arm_count;
    enum rc rc = RC_OK;
    for (uint32_t number = round * arms; rc == RC_OK && number < (round + 1) * arms; number++) {
        if (!record_find(&study->record, number, SAMPLE_RUN, "")) {
            if (study->stop && *study->stop)
                return FAIL(study->err, RC_INTERRUPTED, 0, "interrupted");
            report_progress(study, number, rounds);
            rc = study_one(study, number, manifest->arms[plan_arm_of(manifest, number)].label);
        }
        /* Also of a run recorded before: its session may have ended between the two. */
        if (rc == RC_OK)
            rc = drop_older_store(study, number);
    }
    return rc;
}

static enum rc study_rounds(struct study *study)
{
    uint32_t rounds = study->record.manifest.rounds;
    for (uint32_t round = 0; round < rounds; round++) {
        if (budget_is_spent(study)) {
            study->outcome->budget_spent = true;
            break;
        }
        enum rc rc = study_round(study, round, rounds);
        if (rc != RC_OK)
            return rc;
        study->outcome->rounds_done = round + 1;
    }
    return RC_OK;
}

static bool is_work(const char *name)
{
    return strncmp(name, "run-", 4) == 0;
}

static bool is_temporary(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".tmp") == 0;
}

/* What runs that were killed left: a result taken but not removed, half a file. */
static void sweep_folder(const char *dir, const char *folder, bool (*is_left)(const char *name))
{
    struct buf path = {0};
    struct err ignored = {0};
    DIR *stream = NULL;
    if (buf_printf(&path, &ignored, "%s/%s", dir, folder) == RC_OK)
        stream = opendir(buf_str(&path));
    for (const struct dirent *entry; stream && (entry = readdir(stream)) != NULL;)
        if (is_left(entry->d_name))
            (void)unlinkat(dirfd(stream), entry->d_name, 0);
    if (stream)
        (void)closedir(stream);
    buf_release(&path);
}

static void remove_leftovers(const char *dir)
{
    struct buf work = {0};
    struct err ignored = {0};
    sweep_folder(dir, "raw", is_temporary);
    sweep_folder(dir, "work", is_work);
    if (buf_printf(&work, &ignored, "%s/work", dir) == RC_OK)
        (void)rmdir(buf_str(&work));
    buf_release(&work);
}

/* Held by this process and, inherited, by the run it started: that one may outlive a killed parent,
 * but not its next window, which is worth a short wait.  Where folders cannot be locked there is no
 * protection; where there is no folder the reader of the record says so. */
static enum rc lock_study(struct study *study)
{
    const struct timespec nap = {.tv_nsec = 50 * 1000 * 1000};
    study->lock = open(study->dir, O_RDONLY | O_DIRECTORY);
    if (study->lock < 0)
        return RC_OK;
    for (int tries = 0; flock(study->lock, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK)
            return RC_OK;
        if (tries == 40)
            return FAIL(study->err, RC_IO, 0, "study \"%s\" is in use by another process",
                        Q(study->dir));
        (void)nanosleep(&nap, NULL);
    }
    return RC_OK;
}

static enum rc check_program(struct study *study)
{
    char hash[HEX_SIZE];
    enum rc rc = host_program_hash(hash, study->err);
    if (rc != RC_OK || strcmp(hash, study->record.manifest.tool_hash) == 0)
        return rc;
    FAIL(study->err, RC_MISMATCH, 0,
         "study \"%s\" was begun by another build of blobfront (program hash %s, this one's is %s)",
         Q(study->dir), Q(study->record.manifest.tool_hash), hash);
    err_hint(study->err, "go on with the program that began it, or begin a new study");
    return RC_MISMATCH;
}

enum rc study_run(const char *dir, const struct study_callbacks *callbacks,
                  const volatile sig_atomic_t *stop, struct study_outcome *outcome, struct err *err)
{
    *outcome = (struct study_outcome){0};
    struct study study = {
        .dir = dir,
        .callbacks = callbacks,
        .stop = stop,
        .outcome = outcome,
        .err = err,
        .start_ns = clock_ns(),
    };
    enum rc rc = lock_study(&study);
    if (rc == RC_OK)
        rc = record_load(&study.record, dir, err);
    if (rc == RC_OK)
        rc = check_program(&study);
    if (rc == RC_OK)
        rc = plan_check(&study.record.manifest, err);
    if (rc == RC_OK) {
        outcome->opened = true;
        rc = make_folders(dir, err);
        if (rc == RC_OK)
            rc = study_rounds(&study);
        remove_leftovers(dir);
    }
    record_release(&study.record);
    if (study.lock >= 0)
        (void)close(study.lock);
    return rc;
}
