/* rounds.h: a record as the tests need it: one value per arm and round, rounds aligned.
 *
 * A round counts when it was not voided and every arm that had not been dropped by then has a
 * finished run in it.  Rounds are numbered here from 0 without gaps, in the order they were run;
 * an arm dropped after a look simply has no values in later ones.
 */
#ifndef ANALYSIS_ROUNDS_H
#define ANALYSIS_ROUNDS_H

#include "analysis/summary.h"

struct rounds {
    const struct summary *summary;
    uint32_t *number;         /* of round i, as in the record */
    size_t count;             /* rounds that count */
    uint32_t voided;          /* rounds that were voided */
    uint32_t partial;         /* rounds that are not complete (interrupted), void ones apart */
    const struct sample **at; /* [arm][place][round]; use rounds_value */
    struct arena arena;
};

/* The summary must outlive it. */
MUST_CHECK enum rc rounds_build(struct rounds *rounds, const struct summary *summary,
                                struct err *err);
/* Accepts a zeroed one. */
void rounds_release(struct rounds *rounds);

/* NaN when the arm did not run, its run was invalid, or it has no such value. */
double rounds_value(const struct rounds *rounds, size_t arm, size_t place, enum metric metric,
                    size_t round);
/* The sample itself, or NULL. */
const struct sample *rounds_sample(const struct rounds *rounds, size_t arm, size_t place,
                                   size_t round);
/* d = ln(a / b) for every round of the first `limit` in which both have a positive value, turned so
 * that below 0 always means a is better.  d has room for `limit`; returns how many. */
size_t rounds_pair(const struct rounds *rounds, size_t a, size_t b, size_t place,
                   enum metric metric, size_t limit, double *d);
/* The noticeable difference of a metric, as a log ratio: the protocol's margin for it. */
double rounds_margin(const struct record_protocol *protocol, enum metric metric);

#endif
