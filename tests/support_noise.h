/* support_noise.h: studies of one pair of arms with known noise and a known slowdown, to count how
 * often the tests are wrong.
 *
 * A study is a series of slots, two for each round, in the order they were run.  The noise of a
 * slot is a factor on the run's time; in logarithms:
 *
 *   all models   a normal deviate of sd CV (the run-to-run CV of one build, a lognormal factor);
 *   heavy        in one run of ten also ln(1 + E), E exponential with mean 0.25: a run a quarter
 *                slower on average;
 *   drift        also a stationary AR(1) series over the slots, phi 0.95, its own sd 3 CV, and in
 *                half of the studies one step up or down by a tenth (ln 1.1 or ln 0.9, equally
 *                often) from a slot on that is drawn uniformly;
 *   heavy+drift  both.
 *
 * Which slot of a round the candidate had is the order's business; its slowdown is a factor as
 * well, so d_i = ln(candidate / baseline) = noise difference + ln(1 + slowdown).  This reading of
 * the design's model gives its power tables back within their sampling error (tests/t_size.c); what
 * it left open was decided by that: two slots a round (with three or four the drift between the two
 * arms is larger and power lower by up to 9 points), the slow run as a factor 1 + E rather than e^E
 * (up to 5 points), the AR(1) begun in its stationary law and its sd, not its innovations', 3 CV.
 *
 * Everything is a function of (model, cv, study, rounds): the same study has the same noise in
 * every order.
 */
#ifndef TESTS_SUPPORT_NOISE_H
#define TESTS_SUPPORT_NOISE_H

#include "engine/base.h"

enum noise_model { NOISE_IID, NOISE_HEAVY, NOISE_DRIFT, NOISE_HEAVY_DRIFT };
enum { NOISE_MODELS = 4, NOISE_ROUNDS_MAX = 40 };

struct noise {
    enum noise_model model;
    double cv;
    double place; /* ln of how much slower the second run of a round is, whichever arm it is */
};

enum noise_order {
    NOISE_FAIR,        /* each round by a fair coin: the harness's design */
    NOISE_ALTERNATING, /* A B A B ... */
    NOISE_SEQUENTIAL   /* all of A, then all of B */
};

const char *noise_name(enum noise_model model); /* "heavy+drift" */
/* Paired log ratios of `rounds` <= NOISE_ROUNDS_MAX rounds, slowdown 0; add log1p(slowdown). */
void noise_study(const struct noise *noise, uint64_t study, enum noise_order order, size_t rounds,
                 double *d);
/* How many simulated studies a figure rests on: BLOBFRONT_TEST_STUDIES, else 20,000. */
size_t noise_studies(void);

#endif
