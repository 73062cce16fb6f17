/* study_open.c: whether a study may be gone on with here: nobody else works on it, and what would
 * be run now is what was run before: the program, the machine, the libraries, the plan.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "engine/hash.h"
#include "engine/host.h"
#include "workloads/study_parts.h"

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

/* What cannot be read here or could not there says nothing. */
static enum rc compare_facts(struct study *study, const char *group, const struct facts *before,
                             const struct host_fact *now, size_t count)
{
    static const char unknown[] = "unknown";
    for (size_t i = 0; i < before->count; i++) {
        const struct fact *fact = &before->items[i];
        for (size_t k = 0; k < count; k++) {
            if (strcmp(fact->name, now[k].name) != 0 || strcmp(fact->value, now[k].value) == 0 ||
                strcmp(fact->value, unknown) == 0 || strcmp(now[k].value, unknown) == 0)
                continue;
            FAIL(study->err, RC_MISMATCH, 0,
                 "study \"%s\" was begun elsewhere: manifest.json says \"%s.%s\" is \"%s\", here "
                 "it is "
                 "\"%s\"",
                 Q(study->dir), group, Q(fact->name), Q(fact->value), Q(now[k].value));
            err_hint(study->err, "go on with it where it was begun, or begin a new study");
            return RC_MISMATCH;
        }
    }
    return RC_OK;
}

static enum rc check_machine(struct study *study)
{
    const struct record_manifest *manifest = &study->record.manifest;
    struct arena arena = {0};
    struct host_fact facts[HOST_FACTS_MAX];
    size_t count;
    enum rc rc = host_place(study->dir, &arena, facts, &count, study->err);
    if (rc == RC_OK)
        rc = compare_facts(study, "host", &manifest->host, facts, count);
    if (rc == RC_OK)
        rc = host_libraries(&arena, facts, &count, study->err);
    if (rc == RC_OK)
        rc = compare_facts(study, "libraries", &manifest->libraries, facts, count);
    arena_release(&arena);
    return rc;
}

/* What is there already can be appended to. */
static enum rc check_lines(struct study *study)
{
    if (!study->record.stray_line)
        return RC_OK;
    return FAIL(study->err, RC_USAGE, 0,
                "%s/samples.jsonl:%u: a run did not finish, and one after it did: nothing can be "
                "appended",
                Q(study->dir), study->record.stray_line);
}

enum rc study_open(struct study *study)
{
    enum rc rc = lock_study(study);
    if (rc == RC_OK)
        rc = record_load(&study->record, study->dir, study->err);
    if (rc == RC_OK)
        rc = check_program(study);
    if (rc == RC_OK)
        rc = check_machine(study);
    if (rc == RC_OK)
        rc = plan_record_check(&study->record, study->err);
    if (rc == RC_OK)
        rc = plan_builds_check(&study->record.manifest, study->err);
    if (rc == RC_OK)
        rc = plan_trace_check(&study->record.manifest, study->dir, study->err);
    return rc == RC_OK ? check_lines(study) : rc;
}

void study_close(struct study *study)
{
    record_release(&study->record);
    if (study->lock >= 0)
        (void)close(study->lock);
}
