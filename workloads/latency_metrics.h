/* latency_metrics.h: what the latencies of a phase's operations come to (results/metrics.def).
 *
 * Percentiles are Harrell & Davis' (engine/quantile.h).  p95 and p99 need 20 operations beyond
 * them; size classes, by each blob's own length, need METRIC_STRATUM_OPS operations and a twentieth
 * of the phase; a scan reads many blobs and is in no class.  What there are too few operations for
 * is left as it is.
 *
 * Pure function, called with the clock stopped.
 */
#ifndef WORKLOADS_LATENCY_METRICS_H
#define WORKLOADS_LATENCY_METRICS_H

#include "results/record.h"

/* `items` in the order they were executed; `scratch` has room for `count` numbers.  Sets ops,
 * wall_ns (the sum), ops_per_s and everything else that is a function of latencies in `value`
 * (METRIC_COUNT). */
void latency_metrics(double *value, const struct latency *items, size_t count, double *scratch);
/* Then, where the operations are those of several threads: reads and updates apart; what supposes
 * that one came after the other is taken back.  wall_ns and ops_per_s are not known from here. */
void latency_metrics_lanes(double *value, const struct latency *items, size_t count,
                           double *scratch);

#endif
