/* bands.h: a study's frontier from round to round, in two key metrics.
 *
 * Each round gives a set of points: the competing strategies that ran in it, both values in % of
 * the control's in the same round (what a noisy machine does to a whole round cancels).  A round
 * attains a place when one of its points is at most so far in both metrics.  Three levels of that
 * are kept (attainment.h): places that at least 5 %, 50 % and 95 % of the rounds attain; of few
 * rounds that is one, half and all of them.  DESCRIPTIVE: frequencies in the rounds there are.
 */
#ifndef ANALYSIS_BANDS_H
#define ANALYSIS_BANDS_H

#include "analysis/attainment.h"
#include "analysis/frontier.h"

enum band { BAND_FEW, BAND_HALF, BAND_MOST, BAND_COUNT };
extern const unsigned band_percent[BAND_COUNT]; /* 5, 50, 95 */

struct band_curve {
    size_t level;                     /* rounds that attain it, at least */
    struct attainment_point *corners; /* ascending x, descending y */
    size_t count;
};

struct bands {
    const char *why;     /* there are none: the reason; NULL otherwise */
    size_t x_key, y_key; /* frontier_plane */
    size_t rounds;       /* that have points; others are left out */
    struct attainment_point *points;
    uint32_t *arm;    /* of each point */
    size_t *start;    /* round r has points[start[r]..start[r + 1]) */
    uint32_t *number; /* of round r, as in the record */
    struct band_curve curves[BAND_COUNT];
    struct arena arena;
};

/* The frontier must outlive it.  Two rounds at least, or bands->why is set. */
MUST_CHECK enum rc bands_build(struct bands *bands, const struct frontier *frontier,
                               struct err *err);
/* Accepts zeroed ones. */
void bands_release(struct bands *bands);

/* The least x that the level attains at height y; NaN when it does not come down to y. */
double bands_reach(const struct bands *bands, enum band band, double y);

#endif
