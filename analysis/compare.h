/* compare.h: old, new, vs base, in benchstat's shape: two records, or two arms of one record.
 *
 * Two records were measured one after the other.  Whatever the machine did between them is in the
 * difference: with drift, a test that is right for interleaved runs errs in 20 to 35 % of cases
 * here.  So everything said about timings of two records is DESCRIPTIVE, and a verdict is the
 * business of a gate.  Most of the drift is taken out by expressing a timing in units of the
 * control of its own round and record, where both records have one.  The test is the exact rank-sum
 * test on logarithms, unpaired; "~" stands where Holm over the timings of the table shows no
 * difference at alpha; the change is the Hodges-Lehmann shift with its interval.
 *
 * Two arms of one record ran in the same rounds in random order.  Their timings are compared by the
 * signed-rank test on paired rounds at the looks the study planned (the e-process of a study that
 * ran until decided), Holm over the table within each look: CONFIRMED says that the second arm is
 * better, REFUTED that it is worse, at alpha for the table as a whole.
 *
 * Counters are EXACT in both cases: equal to the last digit, or changed.
 *
 * Two records are comparable when every field of compare_fields is equal; anything else is
 * RC_MISMATCH naming the field and both values, unless `allow_mismatch` (then each difference is a
 * note).  Arms are paired by label, phases and snapshots by name and by the work done up to them;
 * what only one side has is noted, and what is INVALID on either side is not compared.
 * Nothing that both have and may be compared: RC_MISMATCH, not an empty answer.
 */
#ifndef ANALYSIS_COMPARE_H
#define ANALYSIS_COMPARE_H

#include "analysis/claim.h"
#include "analysis/rounds.h"

#define COMPARE_SCHEMA "blobfront/compare/2"
#define COMPARE_ALPHA  0.05

/* Zeroed: all arms, the main metrics and the counters that changed, in the records' order. */
struct compare_options {
    bool allow_mismatch;
    bool all;            /* every metric: a larger family, so less is found */
    bool by_severity;    /* worse first, then better, each by size */
    double alpha;        /* 0: COMPARE_ALPHA, or what the study's protocol says */
    const char *arms[2]; /* labels, one per side: only these; NULL: every arm */
};

enum compare_verdict { COMPARE_SAME, COMPARE_BETTER, COMPARE_WORSE, COMPARE_CHANGED };
const char *compare_verdict_name(enum compare_verdict verdict); /* "unchanged", ... */

struct compare_side {
    size_t n;      /* rounds with a value */
    double median; /* as measured, never in units of the control */
    double half; /* half the median's 95 % interval / median; infinite when n < 6; 0 for counters */
};

struct compare_row {
    size_t arm_old, arm_new; /* in each side's summary */
    size_t place_old, place_new;
    enum metric metric;
    struct compare_side before, after;
    enum compare_verdict verdict; /* CHANGED: differs, and neither direction is better */
    enum claim_label label;
    double change;         /* new / old - 1: what is shown; NaN when old is 0 */
    struct interval ratio; /* timings: new / old with its interval; estimate NaN when unknown */
    bool in_control_units; /* ratio and p are */
    double p, p_adjusted;  /* two-sided; NaN for counters and where nothing could be tested */
    bool too_few;          /* so few rounds that no data could have shown a difference */
    bool coarse;           /* paired: more than a fifth of the rounds are equal: not tested */
    size_t look;           /* paired: the look that decided, or the last; 0: none */
    size_t rounds_needed;  /* UNDECIDED: about, in all; SIZE_MAX: no number would do */
};

struct compare {
    const struct summary *before, *after; /* the same one when paired */
    bool paired;
    double alpha;
    size_t hypotheses; /* the family: timings tested */
    /* The fewest rounds (a side) with which this family could show anything. */
    size_t rounds_least;
    struct compare_row *rows;
    size_t row_count;
    size_t same, better, worse, changed;
    const char **notes; /* not escaped yet */
    size_t note_count;
    bool all, by_severity;
    struct rounds rounds[2]; /* the second only when not paired */
    struct arena arena;
};

/* Paired when both sides are the same summary; `arms` must then name two arms.  RC_USAGE for an arm
 * that is not there or not valid.  The summaries must outlive it, and must not move in memory. */
MUST_CHECK enum rc compare_build(struct compare *compare, const struct summary *before,
                                 const struct summary *after, const struct compare_options *options,
                                 struct err *err);
/* Accepts a zeroed compare. */
void compare_release(struct compare *compare);

MUST_CHECK enum rc compare_text(const struct compare *compare, struct buf *out, struct err *err);
MUST_CHECK enum rc compare_markdown(const struct compare *compare, struct buf *out,
                                    struct err *err);
MUST_CHECK enum rc compare_csv(const struct compare *compare, struct buf *out, struct err *err);
/* COMPARE_SCHEMA */
MUST_CHECK enum rc compare_json(const struct compare *compare, struct buf *out, struct err *err);

/* ---- what must be equal ---------------------------------------------------------------------- */

enum { COMPARE_FIELD_SIZE = 256 };
struct compare_field {
    const char *name; /* "host cpu" */
    char before[COMPARE_FIELD_SIZE], after[COMPARE_FIELD_SIZE];
};
/* The first field from *at on that differs; *at is then the next one to ask for.  False when there
 * is none left. */
bool compare_field_next(const struct record_manifest *before, const struct record_manifest *after,
                        size_t *at, struct compare_field *field);
/* The place of `to` where the same work was done as at `place` of `from`, or SUMMARY_NONE: phases
 * that differ, or that follow one that differs, run on a store that holds something else. */
size_t compare_place(const struct summary *from, const struct summary *to, size_t place);

#endif
