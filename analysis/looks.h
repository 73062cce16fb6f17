/* looks.h: when data may be looked at, and how much of the error budget each look may spend.
 *
 * Bonferroni spending over fixed looks (measured in rounds): the shares 0.2, 0.3 and 0.5 of alpha,
 * so whatever is confirmed at any look is confirmed at alpha, exactly and without tables.  The
 * sequential verdict of one cell, SPEND-2B, has two bounds: FAIL when theta <= ln(1 + delta) is
 * rejected (the change is more than noticeable), PASS when theta >= ln(1 + margin) is (it is
 * certainly below the guardrail), each at the look's own level; UNDECIDED after the last look.
 */
#ifndef ANALYSIS_LOOKS_H
#define ANALYSIS_LOOKS_H

#include "engine/base.h"

enum { LOOKS_MAX = 8 };

struct looks {
    uint32_t rounds[LOOKS_MAX]; /* ascending */
    double share[LOOKS_MAX];    /* of alpha; sums to 1 */
    size_t count;
};

/* 10, 20, 40 rounds: a gate. */
struct looks looks_gate(void);
/* 16, 24, 40 rounds: the frontier of a study (the first look of 66 pairs needs 13). */
struct looks looks_study(void);
/* One look with everything. */
struct looks looks_fixed(uint32_t rounds);
/* Looks as typed, "10,20,40": shares 0.2, 0.3, 0.5 for three, equal for any other number.  RC_USAGE
 * unless ascending, 1..LOOKS_MAX numbers from 1 to 1000. */
MUST_CHECK enum rc looks_parse(const char *text, struct looks *looks, struct err *err);
/* The shares for looks that were read from a record. */
struct looks looks_of(const uint32_t *rounds, size_t count);

enum looks_verdict { LOOKS_CONTINUE, LOOKS_PASS, LOOKS_FAIL, LOOKS_UNDECIDED };
struct looks_bounds {
    double alpha;  /* of each of the two errors: 0.01 */
    double delta;  /* 0.02: what need not be noticed */
    double margin; /* 0.10: what must not be let through */
};
struct looks_state {
    enum looks_verdict verdict;
    size_t look;     /* at which it was reached, 1..; 0 for CONTINUE */
    uint32_t rounds; /* of that look; for CONTINUE all there are */
    double p_worse,
        p_better; /* of the last look taken: against <= delta, against >= margin; else NaN */
};
/* The verdict on paired log ratios d[0..n), lower is better, taking every look whose rounds are
 * there until one decides: a pure function of the rounds up to that look, what came later
 * changes nothing.  FAIL is asked first.  Before the first look: CONTINUE.  More than one fifth
 * of the rounds of a look exactly zero: RC_INVALID, the clock is too coarse for this metric. */
MUST_CHECK enum rc looks_judge(const struct looks *looks, const struct looks_bounds *bounds,
                               const double *d, size_t n, struct looks_state *out, struct err *err);
const char *looks_verdict_name(enum looks_verdict verdict); /* "PASS", "FAIL", ... */

#endif
