#include "analysis/stats.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void stats_sort(double *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof(*values), by_value);
}

double stats_quantile(const double *sorted, size_t count, double q)
{
    if (count == 0 || !(q >= 0 && q <= 1))
        return NAN;
    double position = (double)(count - 1) * q;
    size_t below = (size_t)floor(position);
    double share = position - (double)below;
    /* At the last value, or exactly on one, nothing is mixed in: infinities stay themselves. */
    if (below + 1 >= count || share == 0)
        return sorted[below];
    return sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

double stats_median(const double *sorted, size_t count)
{
    return stats_quantile(sorted, count, 0.5);
}

double stats_mad(double *values, size_t count)
{
    stats_sort(values, count);
    double median = stats_median(values, count);
    for (size_t i = 0; i < count; i++)
        values[i] = fabs(values[i] - median);
    stats_sort(values, count);
    return stats_median(values, count);
}

struct stats stats_of(double *values, size_t count)
{
    if (count == 0)
        return (struct stats){ 0, NAN, NAN, NAN };
    stats_sort(values, count);
    return (struct stats){ count, stats_median(values, count), values[0], values[count - 1] };
}
