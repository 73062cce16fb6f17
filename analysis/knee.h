/* knee.h: where a two-dimensional frontier bends most.  DESCRIPTIVE: shown beside a choice, never
 * instead of one.
 *
 * The point of largest distance below the chord between the extremes, both axes scaled to 0..1 (Das
 * 1999); on an increasing curve the same as Kneedle (Satopaa et al. 2011).
 */
#ifndef ANALYSIS_KNEE_H
#define ANALYSIS_KNEE_H

#include "engine/base.h"

#define KNEE_NONE ((size_t)-1)

/* Both coordinates to be made small; in any order.  KNEE_NONE with fewer than three points or none
 * below the chord.  *distance (may be NULL) is the scaled vertical difference. */
size_t knee_find(const double *x, const double *y, size_t count, double *distance);
/* Kneedle's difference curve of an increasing concave curve: the index where scaled y - scaled x is
 * largest, and that difference. */
size_t knee_kneedle(const double *x, const double *y, size_t count, double *difference);

#endif
