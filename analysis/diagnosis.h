/* diagnosis.h: was the machine fit to measure on while the study ran?
 *
 * The control runs twice in every round; its two runs differ by nothing.  From them, and from the
 * rounds as a series in time: the verdict of the control against itself, which must not be FAIL,
 * and the width of its interval, which is what this machine could resolve; a trend of the rounds
 * (Mann & Kendall), correlation from one round to the next, an effect of which of the two ran
 * first, a step; whether reads were warm when the clock started; whether the clock is fine enough;
 * voided rounds.
 *
 * Red ones change no number: they label the study ENVIRONMENT: UNSTABLE and are named.  Each kind
 * of test is made at 1 % over all metrics, so a machine without fault is called UNSTABLE by about
 * one study in twenty.  With fewer than DIAGNOSIS_ROUNDS_MIN rounds nothing is judged: UNKNOWN.
 */
#ifndef ANALYSIS_DIAGNOSIS_H
#define ANALYSIS_DIAGNOSIS_H

#include "analysis/drift.h"
#include "analysis/frontier.h"

enum { DIAGNOSIS_ROUNDS_MIN = 8, DIAGNOSIS_REASONS_MAX = 48 };
/* The clock must be this much finer than what it times. */
enum { DIAGNOSIS_CLOCK_RATIO = 50 };

enum diagnosis_state { DIAGNOSIS_STABLE, DIAGNOSIS_UNSTABLE, DIAGNOSIS_UNKNOWN };

/* One noisy key metric. */
struct diagnosis_key {
    size_t key;                /* in frontier->keys */
    size_t n;                  /* rounds with both runs of the control */
    enum looks_verdict itself; /* the second run against the first, |change| > 2 % */
    struct interval again;     /* their ratio */
    double resolution;         /* half the width of that interval, as a share; NaN */
    double cv;                 /* of the control's runs over rounds */
    struct trend trend;        /* of the rounds' medians */
    double lag1, lag1_limit;   /* of the differences of the two */
    struct interval order;     /* log ratio: twin first, minus twin second */
    size_t step;               /* the first round after a step of the medians, or 0 */
    double step_p;
};

/* Reads of one phase by the control: first half over second half. */
struct diagnosis_warmup {
    size_t place;
    struct interval ratio;
    bool red; /* outside +-3 % for certain */
};

struct diagnosis {
    enum diagnosis_state state;
    size_t rounds; /* that count */
    uint32_t voided, partial;
    struct diagnosis_key keys[FRONTIER_KEYS_MAX];
    size_t key_count;
    struct diagnosis_warmup *warmups;
    size_t warmup_count;
    /* The shortest median operation, in reads of the clock; NaN when unknown. */
    double clock_ratio;
    size_t clock_arm, clock_place;
    const char *reasons[DIAGNOSIS_REASONS_MAX]; /* what is red, one line each; not escaped */
    size_t reason_count;
    struct arena arena;
};

/* The frontier must outlive it. */
MUST_CHECK enum rc diagnosis_build(struct diagnosis *diagnosis, const struct frontier *frontier,
                                   struct err *err);
/* Accepts a zeroed one. */
void diagnosis_release(struct diagnosis *diagnosis);
const char *diagnosis_state_name(enum diagnosis_state state); /* "STABLE", "UNSTABLE", ... */

#endif
