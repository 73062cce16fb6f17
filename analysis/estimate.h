/* estimate.h: what a planned study will take and what it will be able to show, before it is run.
 *
 * Time, bytes and noise come from a record of the same strategies (an earlier study or a short
 * pilot); without one only what the plan itself says is known.  Nothing here is a claim: it is
 * arithmetic on what was seen there, and it says where the record is not like the plan.
 *
 * A claim of a study stands in a family of H hypotheses, the ordered pairs of competing strategies;
 * Holm's first step asks for alpha / H, at the alpha of the look.  The smallest change that shows
 * is the one a single such test finds with the power ESTIMATE_POWER (planning.h).  The spread of a
 * metric is the median over the competing strategies of the spread of ln(strategy / control).
 */
#ifndef ANALYSIS_ESTIMATE_H
#define ANALYSIS_ESTIMATE_H

#include "analysis/keys.h"

#define ESTIMATE_SCHEMA "blobfront/plan/1"
#define ESTIMATE_POWER  0.9

enum { ESTIMATE_ROUNDS = 4, ESTIMATE_CHANGES = 5 };
/* The changes rounds are counted for. */
extern const double estimate_changes[ESTIMATE_CHANGES]; /* 0.01 0.02 0.03 0.05 0.10 */

struct estimate_metric {
    const char *name;                /* "p95_ns@read_point_binary" */
    bool exact;                      /* any change shows, in two rounds; the rest is not filled */
    double spread;                   /* of log ratios */
    size_t strategies;               /* it is the median of */
    double shows[ESTIMATE_ROUNDS];   /* change, as a share; infinite: none, however large */
    size_t needed[ESTIMATE_CHANGES]; /* rounds; SIZE_MAX: never */
};

struct estimate {
    const struct record_manifest *plan;
    size_t phases, cells, runs_per_round;
    uint32_t rounds_most;
    size_t competing, hypotheses;
    size_t rounds_least; /* for any claim; SIZE_MAX: none can be made */
    double alpha;        /* of one hypothesis at the last look */

    const struct summary *from; /* or NULL: nothing below is known */
    size_t from_rounds;
    double round_s;       /* NaN when unknown */
    size_t arms_guessed;  /* strategies the record does not have: counted as the others' mean */
    double stores_bytes;  /* that are there at once; NaN when unknown */
    double latency_bytes; /* of all rounds */
    size_t budget_rounds; /* 0: no budget, or no time known */
    size_t rounds[ESTIMATE_ROUNDS]; /* 16 24 40 and the budget's, 0: none */
    struct estimate_metric metrics[KEYS_DEFAULT_MAX];
    size_t metric_count;
    const char **notes; /* not escaped yet */
    size_t note_count;
    struct arena arena;
};

/* `from` may be NULL; both must outlive the estimate. */
MUST_CHECK enum rc estimate_build(struct estimate *estimate, const struct record_manifest *plan,
                                  const struct summary *from, struct err *err);
/* Accepts a zeroed one. */
void estimate_release(struct estimate *estimate);

MUST_CHECK enum rc estimate_text(const struct estimate *estimate, struct buf *out, struct err *err);
/* ESTIMATE_SCHEMA */
MUST_CHECK enum rc estimate_json(const struct estimate *estimate, struct buf *out, struct err *err);

#endif
