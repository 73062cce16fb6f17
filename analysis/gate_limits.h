/* gate_limits.h: how much slower is too slow, per metric, as typed:
 *
 *   [STRATEGY/]METRIC[@PHASE]=RATE
 *
 *   cpu_ns=5%                     every CPU time
 *   p50_ns@read_point*=15%        median latency in phases that begin so
 *   dedup/p50_ns=20%              of one strategy
 *
 * STRATEGY, METRIC and PHASE are patterns: "*" is any text, "?" any character; what is left out is
 * any.  RATE is above what need not be noticed (2 %) and at most 1000 %.  The last limit that
 * matches a metric counts.  A limit that matches no timed metric is refused: it guards nothing.
 */
#ifndef ANALYSIS_GATE_LIMITS_H
#define ANALYSIS_GATE_LIMITS_H

#include "engine/base.h"

enum { GATE_LIMITS_MAX = 32, GATE_PATTERN_SIZE = 64 };
#define GATE_DELTA 0.02 /* what need not be noticed */

struct gate_limit {
    char strategy[GATE_PATTERN_SIZE], metric[GATE_PATTERN_SIZE], phase[GATE_PATTERN_SIZE];
    double margin;
    const char *text; /* as typed; borrowed */
};
struct gate_limits {
    struct gate_limit items[GATE_LIMITS_MAX];
    size_t count;
};

/* RC_USAGE: `--limit "TEXT": column N: expected ...`. */
MUST_CHECK enum rc gate_limits_add(struct gate_limits *limits, const char *text, struct err *err);
/* The margin of one metric: that of the last limit that matches, else `margin`. */
double gate_limits_margin(const struct gate_limits *limits, const char *strategy,
                          const char *metric, const char *phase, double margin);
bool gate_limit_matches(const struct gate_limit *limit, const char *strategy, const char *metric,
                        const char *phase);

#endif
