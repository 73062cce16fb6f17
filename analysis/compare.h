/* compare.h: two records side by side, in benchstat's shape: old, new, vs base.
 *
 * Two records are comparable when dataset hash, seed, durability, retention, batch, host CPU, file
 * system and SQLite version are equal; anything else is RC_MISMATCH naming the field and both
 * values, unless `allow_mismatch` (then each difference is a warning line in the output).
 *
 * This release knows no error bars: a timing is "~" (no difference shown) when its ranges over
 * rounds overlap or either side has fewer than COMPARE_ROUNDS_MIN rounds; a counter is "~" only
 * when equal.  Ranges of equal things part by chance in 2 of (2n choose n) cases (10 % for 3 rounds
 * a side, 0.8 % for 5): with hundreds of metrics some always will.
 *
 * Arms are paired by label, phases and snapshots by name; what only one side has is listed, and
 * what is INVALID on either side is not compared.
 */
#ifndef ANALYSIS_COMPARE_H
#define ANALYSIS_COMPARE_H

#include "analysis/summary.h"

enum { COMPARE_ROUNDS_MIN = 3 };

struct compare_options {
    bool allow_mismatch;
    bool all; /* list every metric, not only the main ones and those that changed */
};

enum compare_verdict { COMPARE_SAME, COMPARE_BETTER, COMPARE_WORSE, COMPARE_CHANGED };

struct compare_row {
    size_t arm_old, arm_new; /* in each side's summary */
    size_t place_old, place_new;
    enum metric metric;
    enum compare_verdict verdict; /* CHANGED: differs, and neither direction is better */
    double change;                /* new / old - 1; NaN when old is 0 */
};

struct compare {
    const struct summary *before, *after;
    struct compare_row *rows; /* every metric both sides have, by arm, place, metric */
    size_t row_count;
    size_t same, better, worse, changed;
    const char **notes; /* mismatches allowed, arms on one side only; not escaped yet */
    size_t note_count;
    bool all;
    struct arena arena;
};

MUST_CHECK enum rc compare_build(struct compare *compare, const struct summary *before,
                                 const struct summary *after, const struct compare_options *options,
                                 struct err *err);
/* Accepts a zeroed compare. */
void compare_release(struct compare *compare);

MUST_CHECK enum rc compare_text(const struct compare *compare, struct buf *out, struct err *err);
MUST_CHECK enum rc compare_markdown(const struct compare *compare, struct buf *out,
                                    struct err *err);
MUST_CHECK enum rc compare_csv(const struct compare *compare, struct buf *out, struct err *err);
/* "blobfront/compare/1" */
MUST_CHECK enum rc compare_json(const struct compare *compare, struct buf *out, struct err *err);

#endif
