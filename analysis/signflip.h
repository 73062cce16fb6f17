/* signflip.h: Fisher's randomisation test of paired differences.
 *
 * Under the hypothesis every assignment of signs to |d_1|..|d_n| is equally likely; p is the share
 * with a sum at least as large as the observed one.  All 2^n sums are enumerated, as pairs of sums
 * of two halves.  Fisher, "The Design of Experiments", 1935.
 *
 * The reference the rank tests are held against, and the test where the mean is what counts.
 */
#ifndef ANALYSIS_SIGNFLIP_H
#define ANALYSIS_SIGNFLIP_H

#include "engine/base.h"

enum { SIGNFLIP_MAX = 24 };

struct signflip {
    size_t n;
    double sum;
    uint64_t assignments;     /* 2^n */
    uint64_t at_least, above; /* of them with a sum >= and > the observed one */
    double p;                 /* at_least / assignments */
};

/* RC_USAGE for n == 0 or n > SIGNFLIP_MAX.  Differences must be finite (CHECK).  Sums that differ
 * by no more than rounding can explain count as equal, which is conservative. */
MUST_CHECK enum rc signflip_test(const double *d, size_t n, struct signflip *out, struct err *err);

#endif
