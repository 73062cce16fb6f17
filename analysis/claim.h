/* claim.h: a sentence about the data with the label that says how far it may be trusted.
 *
 *   EXACT         equal in at least two runs to the last digit; no error is possible but a defect
 *   CONFIRMED     a test at the stated level says so
 *   REFUTED       a test at the stated level says the opposite
 *   UNDECIDED     the data say neither; how many more rounds might is stated
 *   DESCRIPTIVE   a number without a test: a median, a bootstrap frequency, a knee
 *   ASSUMED       not measured here
 *
 * What a label owes: CONFIRMED and REFUTED owe estimate, interval, n, look, method and level;
 * UNDECIDED owes n, interval and the rounds needed; EXACT owes the number of runs.  claim_print
 * refuses (RC_BUG) a claim that does not pay, so no report can print one.
 */
#ifndef ANALYSIS_CLAIM_H
#define ANALYSIS_CLAIM_H

#include "analysis/signrank.h"
#include "analysis/text.h"

enum claim_label {
    CLAIM_NONE, /* refused */
    CLAIM_EXACT,
    CLAIM_CONFIRMED,
    CLAIM_REFUTED,
    CLAIM_UNDECIDED,
    CLAIM_DESCRIPTIVE,
    CLAIM_ASSUMED
};

struct claim {
    enum claim_label label;
    const char *sentence;  /* names not escaped */
    struct interval ratio; /* estimate and interval as ratios (1 = equal); n = rounds */
    size_t look;           /* 1.. */
    const char *method;    /* "signed-rank, Holm over 42 pairs" */
    double alpha;          /* of the family the claim belongs to */
    size_t rounds_needed;  /* UNDECIDED: in all, about; SIZE_MAX: no number would do */
};

const char *claim_label_name(enum claim_label label); /* "CONFIRMED" */
/* "CONFIRMED (95 %): SENTENCE, x1.05 [x1.03, x1.08], n 24, look 2, METHOD" with the sentence
 * escaped for the terminal or, `markdown`, for Markdown.  Nothing is written on failure. */
MUST_CHECK enum rc claim_print(const struct claim *claim, bool markdown, struct buf *out,
                               struct err *err);

#endif
