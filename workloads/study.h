/* study.h: all rounds of a plan, on this machine, one process per run.
 *
 * Each round runs every arm once, in an order drawn afresh (plan_round_order), one after another: a
 * randomised complete block (Abedi & Brecht, ICPE 2017).  A run is a fresh process of the arm's
 * program (`blobfront run-one`, internal) on a fresh store below <study>/stores/; its samples are
 * appended to the record only when it finished, so a study can stop at any point and be resumed.
 * All runs of a round get the same number of bytes of environment, drawn per round, and its
 * program's link order is drawn likewise: layout is a block factor (Mytkowicz et al., ASPLOS 2009).
 *
 * Rounds are counted by those that count.  A round is voided, for all arms alike, when the machine
 * was not ours while it ran (watch.h) or one of its runs was ended from outside; that is decided by
 * rules fixed beforehand which look at nothing that was measured.  It stays in the record, is used
 * nowhere, and another round is run in its place; the rest of a round that lost a run is not run.
 * After rounds / 4 + 2 void rounds in one session the study stops with what it has.
 *
 * A study whose time budget is spent is over: it looks once more, early (record_look_early), which
 * is recorded and ends it.  One that stops for any other reason is not finished: it can be resumed,
 * and claims nothing beyond its last look until it is (record_claim_rounds).
 *
 * Looks.  After the protocol's numbers of rounds (or after every round from the 5th on, when the
 * study goes on until decided) the callback looks at the data; arms it drops run in no later round,
 * while the blocks stay complete for the rest.  Its answer is recorded as an event and honoured
 * when the study is resumed, not asked for again.  Without a callback nothing is looked at; a look
 * that was due before rounds which are there already ends the study (RC_USAGE).
 *
 * One process at a time works on a study; a second one is refused (RC_IO).  So is a program that is
 * not the one that began it, or whose builds have changed, another processor, file system or
 * library, and a record whose runs this plan did not draw (RC_MISMATCH): what would be run now
 * would not be comparable.  A build that cannot read the plan ends the study (RC_MISMATCH).
 *
 * Stops early, keeping what was recorded: a signal (RC_INTERRUPTED), the time budget, too many void
 * rounds, a look that leaves nothing to decide (RC_OK), an environment failure such as a full disk
 * (its code).  An INVALID run is recorded and the study goes on.
 */
#ifndef WORKLOADS_STUDY_H
#define WORKLOADS_STUDY_H

#include <signal.h>

#include "results/record.h"
#include "workloads/watch.h"

struct study_progress {
    uint32_t round, rounds; /* 1-based; rounds that count, and the most there can be */
    uint32_t look, looks;   /* the next of fixed looks, 1-based, and how many; 0: none is ahead */
    uint32_t look_rounds;   /* after how many rounds it is due */
    uint32_t runs_done, runs;
    const char *arm;              /* about to run */
    uint64_t elapsed_ns, left_ns; /* left: estimate, within the budget; 0 when unknown */
};

/* Every function may be NULL. */
struct study_callbacks {
    void (*progress)(void *ctx, const struct study_progress *progress);
    void (*invalid)(void *ctx, const struct record_arm *arm, uint32_t round, const char *reason);
    void (*voided)(void *ctx, uint32_t round, const char *reason);
    /* Look (the look-th, 1-based) at the first `valid_rounds` rounds that count of the record in
     * `dir`.  Set drop[arm] for arms that are to leave (those that have left already may be set
     * again; in a study without racing none leaves), *ends when nothing is left to decide; all are
     * false before.  `said` takes one line for people, which is recorded.  The control, its second
     * arm and floors leave only when the callback says so. */
    enum rc (*look)(void *ctx, const char *dir, uint32_t look, uint32_t valid_rounds,
                    bool *drop /*[arm_count]*/, bool *ends, struct buf *said, struct err *err);
    void *ctx;
    const struct watch_source *watch; /* NULL: this machine */
};

struct study_outcome {
    uint32_t runs_done, runs_invalid; /* in this session */
    uint32_t rounds_done;             /* that count, earlier sessions' included */
    uint32_t rounds_voided;           /* likewise */
    uint32_t arms_dropped;
    uint32_t look;     /* the last one taken; 0: none */
    bool decided;      /* a look ended the study before its last round */
    bool budget_spent; /* in this session, or in an earlier one, which ended the study */
    bool voids_spent;  /* too many void rounds in this session */
    char void_reason[WATCH_REASON_SIZE]; /* of the last one in this session, or "" */
    bool opened; /* the study is there and ours to go on with: what it holds stands */
};

/* The first look of a study that goes on until decided. */
enum { STUDY_UNTIL_FIRST = RECORD_UNTIL_FIRST };

/* Run (or go on with) the study in `dir`. */
MUST_CHECK enum rc study_run(const char *dir, const struct study_callbacks *callbacks,
                             const volatile sig_atomic_t *stop, struct study_outcome *outcome,
                             struct err *err);

/* One run of the study in `dir`, in this process: what `run-one` does.  Leaves its samples in
 * <dir>/work/run-NNNN.jsonl. */
MUST_CHECK enum rc study_run_one(const char *dir, uint32_t run, const volatile sig_atomic_t *stop,
                                 struct err *err);

#endif
