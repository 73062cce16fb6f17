#include "analysis/stats.h"

#include <math.h>

#include "engine/quantile.h"

void stats_sort(double *values, size_t count)
{
    quantile_sort(values, count);
}

double stats_quantile(const double *sorted, size_t count, double q)
{
    return count == 0 || !(q >= 0 && q <= 1) ? NAN : quantile_type7(sorted, count, q);
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
        return (struct stats){0, NAN, NAN, NAN};
    stats_sort(values, count);
    return (struct stats){count, stats_median(values, count), values[0], values[count - 1]};
}
