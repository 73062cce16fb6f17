/* study_one.c: one run of a study: the process that carries it out, and the one that waits for it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "results/kept.h"
#include "workloads/child.h"
#include "workloads/run.h"
#include "workloads/study_parts.h"

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

enum rc study_folders_make(const char *dir, struct err *err)
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

/* The variable whose only use is its length. */
#define PADDING_NAME "BLOBFRONT_PADDING"

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
    const char *padding = getenv(PADDING_NAME);
    if (!result)
        return FAIL(err, RC_NOMEM, 0, "no memory for a run");
    struct run_request request = {
        .manifest = manifest,
        .study_dir = dir,
        .run = number,
        .round = number / arms,
        .slot = number % arms,
        .arm = plan_arm_of(manifest, number),
        .env_padding = padding ? (uint32_t)strlen(padding) : 0,
        .link_order = plan_link_order(manifest, number / arms, plan_arm_of(manifest, number)),
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

/* A run that ended without a result.  Of a study of several programs the message names which. */
static enum rc child_failed(struct study *study, uint32_t number, const struct child_end *end)
{
    const struct record_manifest *manifest = &study->record.manifest;
    const struct record_arm *arm = &manifest->arms[plan_arm_of(manifest, number)];
    int code = WEXITSTATUS(end->status);
    enum rc rc = code == CHILD_USAGE ? RC_USAGE : code == CHILD_MISMATCH ? RC_MISMATCH : RC_IO;
    const char *message = end->message[0] ? end->message : "the run failed without a message";
    if (manifest->build_count && rc != RC_IO)
        return FAIL(study->err, rc, 0, "build \"%s\" cannot carry out this study: %s",
                    Q(manifest->builds[arm->build].label), message);
    return FAIL(study->err, rc, 0, "%s: %s", Q(arm->label), message);
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
    line.env_padding = plan_env_padding(manifest, line.round);
    line.link_order = plan_link_order(manifest, line.round, line.arm);
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

/* The layout that was drawn is the layout that was measured. */
static enum rc check_layout(struct study *study, const struct sample *line)
{
    const struct record_manifest *manifest = &study->record.manifest;
    uint32_t padding = plan_env_padding(manifest, line->round);
    if (line->env_padding == padding)
        return RC_OK;
    return FAIL(study->err, RC_IO, 0,
                "the run of %s had %u bytes of environment padding, the plan is %u",
                Q(manifest->arms[line->arm].label), line->env_padding, padding);
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
        rc = check_layout(study, &samples[count - 1]);
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

/* "BLOBFRONT_PADDING=xxx...", also where nothing is drawn: what a user's environment happens to
 * hold by that name is not inherited. */
static enum rc padding_variable(const struct study *study, uint32_t round, struct buf *out)
{
    uint32_t padding = plan_env_padding(&study->record.manifest, round);
    enum rc rc = buf_printf(out, study->err, "%s=", PADDING_NAME);
    size_t name = out->len;
    if (rc == RC_OK)
        rc = buf_resize(out, name + padding, study->err);
    if (rc == RC_OK)
        memset(out->ptr + name, 'x', padding);
    return rc;
}

/* Start the arm's program on run `number` and wait for its end. */
static enum rc run_child(struct study *study, uint32_t number, struct child_end *end)
{
    const struct record_manifest *manifest = &study->record.manifest;
    uint32_t round = number / study_arms(study), arm = plan_arm_of(manifest, number);
    char run[16], name[] = "blobfront", command[] = "run-one", operands[] = "--";
    struct buf program = {0}, padding = {0};
    char *dir = strdup(study->dir);
    char *argv[] = {name, command, operands, dir, run, NULL};
    struct child_start start = {.argv = argv};
    (void)snprintf(run, sizeof(run), "%u", number);
    enum rc rc = dir ? RC_OK : FAIL(study->err, RC_NOMEM, 0, "no memory to start a run");
    if (rc == RC_OK && manifest->build_count)
        rc = plan_build_program(&manifest->builds[manifest->arms[arm].build],
                                plan_link_order(manifest, round, arm), &program, study->err);
    if (rc == RC_OK)
        rc = padding_variable(study, round, &padding);
    if (rc == RC_OK) {
        start.program = manifest->build_count ? buf_str(&program) : NULL;
        start.environment = buf_str(&padding);
        rc = child_run(&start, study->stop, end, study->err);
    }
    free(dir);
    buf_release(&program);
    buf_release(&padding);
    return rc;
}

static enum rc execute_run(struct study *study, uint32_t number, const char *label)
{
    struct child_end end;
    enum rc rc = run_child(study, number, &end);
    if (rc != RC_OK)
        return rc;
    if (child_crashed(end.status))
        return take_crash(study, number, end.status, end.message);
    if (WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0)
        return take_result(study, number);
    if (study->stop && *study->stop)
        return FAIL(study->err, RC_INTERRUPTED, 0, "interrupted");
    if (!child_ended_by(end.status))
        return child_failed(study, number, &end);
    (void)snprintf(study->void_reason, sizeof(study->void_reason),
                   "the run of %.60s was ended from outside by signal %d", Q(label),
                   child_ended_by(end.status));
    return RC_OK;
}

/* ---- stores ---------------------------------------------------------------------------------- */

static enum rc remove_store(struct study *study, uint32_t number, struct err *err)
{
    const struct record_manifest *manifest = &study->record.manifest;
    struct buf path = {0};
    enum rc rc = store_path(study->dir, number, manifest->arms[plan_arm_of(manifest, number)].label,
                            &path, err);
    if (rc == RC_OK)
        rc = kept_remove(buf_str(&path), err);
    buf_release(&path);
    return rc;
}

/* The artifact of an arm is kept until its next run has one; that may be several rounds later, or
 * never when the arm was dropped. */
enum rc study_store_keep(struct study *study, uint32_t number)
{
    const struct record_manifest *manifest = &study->record.manifest;
    uint32_t arm = plan_arm_of(manifest, number), before = study->kept_run[arm];
    if (!keeps_stores(manifest) || manifest->arms[arm].volatile_floor)
        return remove_store(study, number, study->err);
    study->kept_run[arm] = number;
    return before == STUDY_NO_RUN ? RC_OK : remove_store(study, before, study->err);
}

enum rc study_one(struct study *study, uint32_t number)
{
    const struct record_manifest *manifest = &study->record.manifest;
    const char *label = manifest->arms[plan_arm_of(manifest, number)].label;
    /* What an interrupted attempt left. */
    enum rc rc = remove_store(study, number, study->err);
    if (rc == RC_OK)
        rc = execute_run(study, number, label);
    if (rc != RC_OK || study->void_reason[0]) {
        struct err ignored = {0};
        (void)!remove_store(study, number, &ignored);
    }
    return rc;
}

/* ---- leftovers ------------------------------------------------------------------------------- */

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

void study_leftovers_remove(const char *dir)
{
    struct buf work = {0};
    struct err ignored = {0};
    sweep_folder(dir, "raw", is_temporary);
    sweep_folder(dir, "work", is_work);
    if (buf_printf(&work, &ignored, "%s/work", dir) == RC_OK)
        (void)rmdir(buf_str(&work));
    buf_release(&work);
}
