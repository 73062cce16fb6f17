/* study.c: rounds: which of them count, in what order, until when.
 */
#include "workloads/study.h"

#include <stdio.h>

#include "engine/clock.h"
#include "workloads/study_parts.h"

/* ---- how far it is --------------------------------------------------------------------------- */

/* `left`: runs of the round that are still to be done, this one included. */
static void report_progress(struct study *study, uint32_t number, uint32_t left)
{
    const struct record_manifest *manifest = &study->record.manifest;
    const struct study_outcome *outcome = study->outcome;
    uint32_t rounds_left = manifest->rounds - outcome->rounds_done - 1;
    struct study_progress progress = {
        .round = outcome->rounds_done + 1,
        .rounds = manifest->rounds,
        .runs_done = study->passed,
        .runs = study->passed + left + rounds_left * study_active_arms(study),
        .arm = manifest->arms[plan_arm_of(manifest, number)].label,
        .elapsed_ns = clock_ns() - study->start_ns,
    };
    if (!study->callbacks->progress)
        return;
    study_look_ahead(study, &progress);
    if (outcome->runs_done)
        progress.left_ns =
            progress.elapsed_ns / outcome->runs_done * (progress.runs - progress.runs_done);
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
    uint64_t budget_ns = study->record.manifest.budget_ns,
             elapsed_ns = clock_ns() - study->start_ns;
    uint32_t runs = study->outcome->runs_done, arms = study_active_arms(study);
    if (budget_ns == 0 || runs < arms)
        return false;
    return elapsed_ns + elapsed_ns / runs * arms > budget_ns;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static bool is_recorded(const struct study *study, uint32_t number)
{
    return record_find(&study->record, number, SAMPLE_RUN, "") != NULL;
}

static uint32_t runs_left(const struct study *study, uint32_t round)
{
    uint32_t arms = study_arms(study), left = 0, order[STUDY_ARMS_MAX];
    plan_round_order(&study->record.manifest, round, order);
    for (uint32_t slot = 0; slot < arms; slot++)
        left += !study->dropped[order[slot]] && !is_recorded(study, round * arms + slot);
    return left;
}

/* A round of an earlier session that was voided: nothing of it is done again. */
static enum rc pass_void_round(struct study *study, uint32_t round)
{
    uint32_t arms = study_arms(study);
    enum rc rc = RC_OK;
    study->outcome->rounds_voided++;
    for (uint32_t number = round * arms; rc == RC_OK && number < (round + 1) * arms; number++) {
        if (!is_recorded(study, number))
            continue;
        study->passed++;
        rc = study_store_keep(study, number);
    }
    return rc;
}

/* Every arm that has not been dropped, once; ends early when a run is lost. */
static enum rc run_round(struct study *study, uint32_t round, uint32_t left)
{
    uint32_t arms = study_arms(study), order[STUDY_ARMS_MAX];
    enum rc rc = RC_OK;
    plan_round_order(&study->record.manifest, round, order);
    for (uint32_t slot = 0; rc == RC_OK && slot < arms; slot++) {
        uint32_t number = round * arms + slot;
        if (study->dropped[order[slot]])
            continue;
        if (!is_recorded(study, number)) {
            if (study->stop && *study->stop)
                return FAIL(study->err, RC_INTERRUPTED, 0, "interrupted");
            report_progress(study, number, left--);
            rc = study_one(study, number);
        }
        if (study->void_reason[0])
            break;
        study->passed += rc == RC_OK;
        /* Also of a run recorded before: its session may have ended between the two. */
        if (rc == RC_OK)
            rc = study_store_keep(study, number);
    }
    return rc;
}

static enum rc void_round(struct study *study, uint32_t round)
{
    struct study_outcome *outcome = study->outcome;
    struct record_event event = {
        .kind = EVENT_VOID,
        .round = round,
        .reason = study->void_reason,
    };
    enum rc rc = record_event_append(study->dir, &study->record.manifest, &event, study->err);
    if (rc != RC_OK)
        return rc;
    study->voids++;
    outcome->rounds_voided++;
    (void)snprintf(outcome->void_reason, sizeof(outcome->void_reason), "%s", study->void_reason);
    if (study->callbacks->voided)
        study->callbacks->voided(study->callbacks->ctx, round, study->void_reason);
    return RC_OK;
}

/* A round cut by a signal is gone on with later, unless the machine was not ours already. */
static enum rc study_round(struct study *study, uint32_t round)
{
    struct watch_reading before, after;
    if (record_round_void(&study->record, round))
        return pass_void_round(study, round);
    uint32_t left = runs_left(study, round);
    study->void_reason[0] = '\0';
    watch_read(study->callbacks->watch, &before);
    enum rc rc = run_round(study, round, left);
    if (left && (rc == RC_OK || rc == RC_INTERRUPTED) && !study->void_reason[0]) {
        watch_read(study->callbacks->watch, &after);
        (void)watch_disturbed(&before, &after, study->void_reason);
    }
    if (study->void_reason[0]) {
        enum rc voided = void_round(study, round);
        return rc == RC_OK ? voided : rc;
    }
    if (rc != RC_OK)
        return rc;
    study->outcome->rounds_done++;
    study->last_round = round;
    return study_look(study, round);
}

/* The session ends early.  What it has stands, unless it has nothing. */
static enum rc end_early(struct study *study)
{
    if (study->outcome->rounds_done > 0)
        return RC_OK;
    FAIL(study->err, RC_IO, 0, "no round could be used, %u were voided: %s",
         study->outcome->rounds_voided, study->outcome->void_reason);
    err_hint(study->err, "is the machine short of CPU time or memory?");
    return RC_IO;
}

static enum rc study_rounds(struct study *study)
{
    const struct record_manifest *manifest = &study->record.manifest;
    struct study_outcome *outcome = study->outcome;
    enum rc rc = RC_OK;
    for (uint32_t round = 0; rc == RC_OK && outcome->rounds_done < manifest->rounds; round++) {
        if (study->ended) {
            outcome->decided = !outcome->budget_spent;
            break;
        }
        if (budget_is_spent(study)) {
            outcome->budget_spent = true;
            rc = end_early(study);
            return rc == RC_OK ? study_look_early(study) : rc;
        }
        if (study->voids >= manifest->rounds / 4 + 2) {
            outcome->voids_spent = true;
            return end_early(study);
        }
        rc = study_round(study, round);
    }
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------- */

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
    for (size_t i = 0; i < STUDY_ARMS_MAX; i++)
        study.kept_run[i] = STUDY_NO_RUN;
    enum rc rc = study_open(&study);
    if (rc == RC_OK) {
        outcome->opened = true;
        rc = study_folders_make(dir, err);
        if (rc == RC_OK)
            rc = study_rounds(&study);
        study_leftovers_remove(dir);
    }
    study_close(&study);
    return rc;
}
