#include "engine/quantile.h"

#include <stdlib.h>

double quantile_type7(const double *values, size_t count, double q)
{
    CHECK(count >= 1 && q >= 0 && q <= 1);
    double h = (double)(count - 1) * q;
    size_t low = (size_t)h;
    if (low + 1 >= count)
        return values[count - 1];
    return values[low] + (h - (double)low) * (values[low + 1] - values[low]);
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void quantile_sort(double *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof(*values), ascending);
}
