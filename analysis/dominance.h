/* dominance.h: which strategy is confirmed to dominate which, with an error budget.
 *
 * Metrics are turned so that less is better.  theta_m(a, b) = ln a_m - ln b_m.  Exact metrics are
 * compared as they are: no worse means not above, strictly better means below by more than the
 * margin.  Noisy ones have a margin delta_m, the difference nobody need notice:
 *
 *   a dominates b  iff  theta_m <= 0 on every exact metric, theta_m <= delta_m on every noisy one,
 *                       and one of them is strictly better: theta_m < -margin_m
 *
 * Without margins equal latencies could never be proven "no worse".  As a test (union-intersection
 * and intersection-union, arXiv 2307.00189), on the differences of paired rounds:
 *
 *   p_dom = max(max over noisy m of p(H0: theta_m >= delta_m), p_strict)
 *   p_strict = 0 when an exact metric is strictly better, else N x min of p(H0: theta_m >=
 *              -delta_m)
 *   p_not = N x min of p(H0: theta_m <= delta_m) when an exact metric is strictly better, else
 *           2 x min(that, max of p(H0: theta_m <= -delta_m)): worse somewhere, or no gain anywhere
 *
 * p_dom does not exist where an exact metric is worse: such a pair is NOT for certain.  Each of the
 * two is a family of its own over all ordered pairs, adjusted by Holm within each look at the
 * look's share of alpha, so the probability of any false YES is at most alpha whatever the looks;
 * so is that of any false NOT.  A pair decided at a look stays decided.
 *
 * Which pair dominates is not transitive (losses below the margin add up) and may have cycles among
 * strategies equal in every exact metric: see kernel.h.
 *
 * Everything is a pure function of its input: the looks are replayed on prefixes of the rounds.
 */
#ifndef ANALYSIS_DOMINANCE_H
#define ANALYSIS_DOMINANCE_H

#include "analysis/looks.h"
#include "results/record.h"

enum { DOMINANCE_DIMS_MAX = 12 };

/* The looks that were taken when `rounds` rounds are there, each with its alpha. */
struct dominance_schedule {
    struct {
        uint32_t rounds;
        double alpha;
    } looks[LOOKS_MAX];
    size_t count;  /* 0 without rounds */
    bool anytime;  /* one look, valid whenever it is taken: e-processes */
    double alpha;  /* of the whole study */
    double next;   /* alpha of the last look there may be */
    uint32_t last; /* rounds of that look; UINT32_MAX: as many as there are */
};
/* STOPPING_FIXED: one look at the rounds that are there, with all of alpha.  STOPPING_LOOKS: the
 * looks whose rounds are there; rounds beyond the last look that was reached get the next one's
 * share (a budget ended the study), rounds beyond the last look of all are not tested. */
struct dominance_schedule dominance_schedule_of(const struct record_protocol *protocol,
                                                size_t rounds);
/* The fewest rounds with which this protocol could confirm anything about `hypotheses` pairs. */
size_t dominance_rounds_min(const struct record_protocol *protocol, size_t hypotheses);

struct dominance_dim {
    bool exact, higher; /* higher: more of it is better */
    double margin;      /* log ratio */
};

struct dominance_input {
    /* [(arm * dims + dim) * rounds + round]: raw values, NaN where there is none; of an exact
     * metric the first finite one counts. */
    const double *values;
    size_t arms, dims, rounds;
    const struct dominance_dim *dim;
    struct dominance_schedule schedule;
};

enum dominance_state { DOMINANCE_UNDECIDED, DOMINANCE_YES, DOMINANCE_NOT };

struct dominance_pair {
    enum dominance_state state;
    bool exact;          /* exact metrics alone decided: no error is possible */
    bool gain;           /* the first is strictly better in an exact metric */
    uint32_t dim;        /* what decided (YES: the weakest link), or stands furthest from it */
    double p_dom, p_not; /* adjusted, of the look that decided or the last; 2: cannot be */
    uint32_t look;       /* 1.., that decided; 0: no look was needed, or none decided */
    uint32_t n;          /* rounds both arms have, of those seen by that or the last look */
};

struct dominance {
    size_t arms, dims;
    struct dominance_pair *pairs; /* [a * arms + b]: does a dominate b?  Of a == b: NOT */
    size_t hypotheses;            /* size of the family of p_dom: pairs where it exists */
    /* Of more than a fifth of some pair's rounds both values were equal: no test says anything
     * about this metric in such a pair, and none is made. */
    bool coarse[DOMINANCE_DIMS_MAX];
    size_t rounds_tested; /* of the last look taken */
};

/* dims at most DOMINANCE_DIMS_MAX. */
MUST_CHECK enum rc dominance_find(struct dominance *dominance, const struct dominance_input *input,
                                  struct err *err);
/* Accepts a zeroed one. */
void dominance_release(struct dominance *dominance);
const struct dominance_pair *dominance_at(const struct dominance *dominance, size_t a, size_t b);
const char *dominance_state_name(enum dominance_state state); /* "DOMINATES", "NOT", "UNDECIDED" */

/* ln(a / b) per round of the first `limit`, below 0: a is better.  d has room for `limit`. */
size_t dominance_differences(const struct dominance_input *input, size_t a, size_t b, size_t dim,
                             size_t limit, double *d);

/* About how many rounds in all it takes, with a power of 80 %, to confirm that a dominates b and
 * that it does not, if the estimates of now are right; SIZE_MAX where they say the opposite. */
struct dominance_need {
    size_t yes, no;
};
MUST_CHECK enum rc dominance_need(const struct dominance *dominance,
                                  const struct dominance_input *input, size_t a, size_t b,
                                  struct dominance_need *need, struct err *err);

#endif
