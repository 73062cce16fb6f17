/* growth_series.h: the series of a phase that measured the store on its way, arm by arm. */
#ifndef ANALYSIS_GROWTH_SERIES_H
#define ANALYSIS_GROWTH_SERIES_H

#include "analysis/summary.h"

/* Of the arm's first valid run, for all are equal; NULL when it has none there, or no files. */
const struct series *growth_series_of(const struct summary *summary, size_t arm, size_t place);
/* The median over the arm's valid runs of the reads' median at this point; NaN without reads. */
double growth_series_read_ns(const struct summary *summary, size_t arm, size_t place, size_t point);
/* True when some arm has a series there. */
bool growth_series_any(const struct summary *summary, size_t place);

#endif
