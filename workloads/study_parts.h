/* study_parts.h: a study being carried out; for study*.c only. */
#ifndef WORKLOADS_STUDY_PARTS_H
#define WORKLOADS_STUDY_PARTS_H

#include "workloads/plan.h"
#include "workloads/study.h"

#define STUDY_ARMS_MAX (PLAN_ARMS_MAX + 1)
#define STUDY_NO_RUN   UINT32_MAX

struct study {
    const char *dir;
    const struct study_callbacks *callbacks;
    const volatile sig_atomic_t *stop;
    struct study_outcome *outcome;
    struct err *err;
    struct record record; /* as it was when this session began */
    uint64_t start_ns;
    int lock;

    uint32_t last_round; /* that counts; valid when one does */
    uint32_t passed;     /* runs that are recorded, this session's included */
    uint32_t voids;      /* rounds voided in this session */
    bool ended;          /* by a look */
    bool dropped[STUDY_ARMS_MAX];
    uint32_t kept_run[STUDY_ARMS_MAX]; /* whose store is kept: the arm's newest, or STUDY_NO_RUN */
    char void_reason[WATCH_REASON_SIZE]; /* of the round that is running, "" while it counts */
};

static inline uint32_t study_arms(const struct study *study)
{
    return (uint32_t)study->record.manifest.arm_count;
}

/* ---- study_open.c: may it be gone on with? --------------------------------------------------- */

/* Lock it, read its record and compare: study.h says with what.  Close it whatever came of it. */
MUST_CHECK enum rc study_open(struct study *study);
void study_close(struct study *study);

/* ---- study_one.c: one run -------------------------------------------------------------------- */

MUST_CHECK enum rc study_folders_make(const char *dir, struct err *err);
void study_leftovers_remove(const char *dir);
/* Carry out run `number` in a process of its own and record it.  RC_OK with study->void_reason set
 * when it was ended from outside: then there is no run. */
MUST_CHECK enum rc study_one(struct study *study, uint32_t number);
/* Run `number` is recorded: its store takes the place of the one the arm kept before. */
MUST_CHECK enum rc study_store_keep(struct study *study, uint32_t number);

/* ---- study_look.c ---------------------------------------------------------------------------- */

uint32_t study_active_arms(const struct study *study);
/* After round `round`, which counts: honour the look recorded there, or take the one that is
 * due. */
MUST_CHECK enum rc study_look(struct study *study, uint32_t round);
/* The time is up: the look ahead is the last one, now.  It drops nothing and ends the study. */
MUST_CHECK enum rc study_look_early(struct study *study);
/* The look ahead, for progress lines. */
void study_look_ahead(const struct study *study, struct study_progress *progress);

#endif
