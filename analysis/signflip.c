#include "analysis/signflip.h"

#include <float.h>
#include <math.h>

#include "engine/quantile.h"

enum { HALF_SUMS = 1 << (SIGNFLIP_MAX / 2) };

/* The sums of d[0..n-1] under all 2^n assignments of signs.  Returns how many. */
static size_t all_sums(const double *d, size_t n, double *sums)
{
    size_t count = 1;
    sums[0] = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < count; k++) {
            double before = sums[k];
            sums[k] = before + d[i];
            sums[count + k] = before - d[i];
        }
        count *= 2;
    }
    return count;
}

/* How many of the pairs sum to at least `bound`; both sides ascending. */
static uint64_t pairs_from(const double *left, size_t left_count, const double *right,
                           size_t right_count, double bound)
{
    uint64_t pairs = 0;
    size_t smaller = right_count; /* of `right` are too small; fewer as left grows */
    for (size_t i = 0; i < left_count; i++) {
        while (smaller > 0 && left[i] + right[smaller - 1] >= bound)
            smaller--;
        pairs += right_count - smaller;
    }
    return pairs;
}

enum rc signflip_test(const double *d, size_t n, struct signflip *out, struct err *err)
{
    if (n == 0 || n > SIGNFLIP_MAX)
        return FAIL(err, RC_USAGE, 0, "the sign-flip test takes 1 to %d pairs, not %zu",
                    SIGNFLIP_MAX, n);
    double sum = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        CHECK(isfinite(d[i]));
        sum += d[i];
        size += fabs(d[i]);
    }
    CHECK(isfinite(size));
    double left[HALF_SUMS], right[HALF_SUMS];
    size_t left_count = all_sums(d, n / 2, left);
    size_t right_count = all_sums(d + n / 2, n - n / 2, right);
    quantile_sort(left, left_count);
    quantile_sort(right, right_count);
    /* Each of two sums of n terms may be off by n / 2 units in the last place of `size`. */
    double rounding = (double)n * DBL_EPSILON * size;
    *out = (struct signflip){.n = n, .sum = sum, .assignments = (uint64_t)1 << n};
    out->at_least = pairs_from(left, left_count, right, right_count, sum - rounding);
    out->above =
        pairs_from(left, left_count, right, right_count, nextafter(sum + rounding, INFINITY));
    out->p = (double)out->at_least / (double)out->assignments;
    return RC_OK;
}
