/* multiple.h: p-values of a family, adjusted.
 *
 * Holm (Scandinavian J. Statistics 1979) bounds the probability of any false rejection, under any
 * dependence: it backs decisions.  Benjamini & Hochberg (JRSS B 1995) bounds the expected share of
 * false ones: for exploratory listings only, marked as such, and never on a table with the other.
 * Both reject where the adjusted p is at most alpha.  p above 1 (infinite: "cannot be") stays above
 * 1 and counts as no hypothesis.  adjusted may be p.
 */
#ifndef ANALYSIS_MULTIPLE_H
#define ANALYSIS_MULTIPLE_H

#include "engine/base.h"

MUST_CHECK enum rc multiple_holm(const double *p, size_t count, double *adjusted, struct err *err);
MUST_CHECK enum rc multiple_benjamini_hochberg(const double *p, size_t count, double *adjusted,
                                               struct err *err);

#endif
