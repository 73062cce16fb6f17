/* views.h: the tables that terminal and report have in common, as grids.
 *
 * Every view adds columns and rows to an empty grid.  An INVALID arm keeps its row and shows
 * INVALID instead of numbers: cells.csv has what its valid runs measured.
 */
#ifndef ANALYSIS_VIEWS_H
#define ANALYSIS_VIEWS_H

#include "analysis/frontier.h"
#include "analysis/grid.h"
#include "results/bounds.h"

/* A value in the unit people read: ns as time, B as IEC units, the rest in three digits. */
char *views_value(char dst[FORMAT_SIZE], enum metric metric, double value);
/* "dedup-zstd", "raw (control)". */
const char *views_label(const struct summary *summary, size_t arm);
/* value / control's; NaN when either is missing, zero, or of an INVALID arm. */
double views_ratio(const struct summary *summary, size_t arm, size_t place, enum metric metric);
/* All duplicate bytes found / all bytes put, over every phase; NaN without either. */
double views_dedup(const struct summary *summary, size_t arm);

/* A phase's latencies and rates.  `full`: with p99, the slowest, and min..max of p95. */
void views_phase(const struct summary *summary, size_t place, bool full, struct grid *grid);
/* True when some arm has no p95 at this phase; *ops is how many operations it has. */
bool views_refused(const struct summary *summary, size_t place, enum metric metric, double *ops);
/* Total bytes after each snapshot, and the main one as % of the control's. */
void views_sizes(const struct summary *summary, struct grid *grid);
/* Amplification by its three denominators, write amplification by both definitions, dedup. */
void views_amplification(const struct summary *summary, struct grid *grid);
/* views_bounds.c: the bounds of snapshots or phases, one row each. */
void views_bounds(const struct bounds *bounds, bool phases, struct grid *grid);
/* How they were computed, and what of them is an estimate, as part of a line. */
void views_bounds_said(const struct bounds *bounds, struct text *text);
/* Bytes stored and written, over their bounds: "x1.31"; no rows without bounds. */
void views_distances(const struct summary *summary, struct grid *grid);
/* "x1.31"; "-" for NaN. */
char *views_times(char dst[FORMAT_SIZE], double ratio);
/* Key metrics as value and % of the control's with its 95 % interval. */
void views_keys(const struct frontier *frontier, struct grid *grid);
/* Standing with its label, at most `names_max` dominators named, and guardrails.  `full`: with
 * stability and hypervolume. */
void views_standing(const struct frontier *frontier, size_t names_max, bool full,
                    struct grid *grid);
/* The guarded classes of sizes, % of the control's; a grid without rows when there are none. */
void views_classes(const struct frontier *frontier, struct grid *grid);

#define VIEWS_VERSUS_SIZE (3 * FORMAT_SIZE)
/* "104 % [102, 106]"; without a closed interval `percent` alone. */
char *views_versus(char dst[VIEWS_VERSUS_SIZE], const struct interval *ratio, double percent);
/* A last column that marks INVALID arms, where there are any. */
void views_head_state(const struct summary *summary, struct grid *grid);
void views_cell_state(const struct summary *summary, size_t arm, struct grid *grid);

#endif
