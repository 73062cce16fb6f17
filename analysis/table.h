/* table.h: the tables a terminal shows.
 *
 * At most TABLE_WIDTH columns wide, aligned by what a terminal displays (UTF-8, wide and combining
 * characters), names from outside escaped.  Every percentile stands beside its n; a refused
 * percentile is "-" with a footnote.  Nothing is coloured.  All functions append to `out`.
 */
#ifndef ANALYSIS_TABLE_H
#define ANALYSIS_TABLE_H

#include "analysis/diagnosis.h"

enum { TABLE_WIDTH = 110 };

/* One block per phase: p50, p95, ops/s, CPU ms/MB of every strategy. */
MUST_CHECK enum rc table_phases(const struct summary *summary, struct buf *out, struct err *err);
/* Bytes after each snapshot; amplification, dedup. */
MUST_CHECK enum rc table_storage(const struct summary *summary, struct buf *out, struct err *err);
/* What is possible and how far from it everybody is; nothing without bounds. */
MUST_CHECK enum rc table_bounds(const struct summary *summary, struct buf *out, struct err *err);
/* Key metrics with % of the control and intervals, standings, guardrails; then the recommendation
 * with its label, what was not decided, the state of the machine, the method. */
MUST_CHECK enum rc table_frontier(const struct frontier *frontier,
                                  const struct diagnosis *diagnosis, struct buf *out,
                                  struct err *err);
/* All four, in this order. */
MUST_CHECK enum rc table_study(const struct frontier *frontier, const struct diagnosis *diagnosis,
                               struct buf *out, struct err *err);

#endif
