#include "analysis/pareto.h"

#include <math.h>
#include <stdlib.h>

bool pareto_dominates(const double *a, const double *b, size_t dims)
{
    bool better = false;
    for (size_t d = 0; d < dims; d++) {
        if (a[d] > b[d])
            return false;
        if (a[d] < b[d])
            better = true;
    }
    return better;
}

struct ranked {
    double sum;
    const double *point;
    size_t row, dims;
};

/* By sum, then lexicographically: a dominator always comes first.  Its sum is not greater (rounding
 * is monotone), and where rounding or overflow made the sums equal its first differing coordinate
 * is smaller. */
static int by_sum(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->sum != y->sum)
        return x->sum < y->sum ? -1 : 1;
    for (size_t d = 0; d < x->dims; d++) {
        if (x->point[d] != y->point[d])
            return x->point[d] < y->point[d] ? -1 : 1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

static struct ranked rank_point(const double *points, size_t row, size_t dims)
{
    struct ranked ranked = {0, points + row * dims, row, dims};
    for (size_t d = 0; d < dims; d++) {
        CHECK(isfinite(ranked.point[d]));
        ranked.sum += ranked.point[d];
    }
    return ranked;
}

enum rc pareto_frontier(const double *points, size_t count, size_t dims, bool *on, struct err *err)
{
    if (count == 0)
        return RC_OK;
    struct ranked *order = calloc(count, sizeof(*order));
    if (order == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory to rank %zu points", count);
    for (size_t row = 0; row < count; row++)
        order[row] = rank_point(points, row, dims);
    qsort(order, count, sizeof(*order), by_sum);

    /* The kept points gather at the front of `order` itself: never more than were visited. */
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct ranked candidate = order[i];
        bool dominated = false;
        for (size_t k = 0; k < kept && !dominated; k++)
            dominated = pareto_dominates(order[k].point, candidate.point, dims);
        on[candidate.row] = !dominated;
        if (!dominated)
            order[kept++] = candidate;
    }
    free(order);
    return RC_OK;
}

size_t pareto_dominators(const double *points, size_t count, size_t dims, const bool *on,
                         size_t point, uint32_t *out)
{
    size_t found = 0;
    for (size_t row = 0; row < count; row++) {
        if (on[row] && pareto_dominates(points + row * dims, points + point * dims, dims))
            out[found++] = (uint32_t)row;
    }
    return found;
}
