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

static enum rc out_of_memory(size_t count, struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory to rank %zu points", count);
}

/* ---- up to three dimensions: a sweep -------------------------------------------------------- */

enum { SWEEP_DIMS = 3 };

struct place {
    double at[SWEEP_DIMS]; /* missing coordinates are 0: equal for all */
    size_t row, rank;      /* rank: how many points have a smaller second coordinate */
};

static int lexicographic(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    for (size_t d = 0; d < SWEEP_DIMS; d++) {
        if (x->at[d] != y->at[d])
            return x->at[d] < y->at[d] ? -1 : 1;
    }
    return 0;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The first place in `sorted` that is not below `value`. */
static size_t rank_of(const double *sorted, size_t count, double value)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Fenwick's tree (1994) over the ranks, of minima instead of sums. */
static double least_up_to(const double *tree, size_t rank)
{
    double least = INFINITY;
    for (size_t i = rank + 1; i > 0; i &= i - 1)
        least = tree[i - 1] < least ? tree[i - 1] : least;
    return least;
}

static void enter(double *tree, size_t count, size_t rank, double value)
{
    for (size_t i = rank + 1; i <= count; i += i & (~i + 1))
        tree[i - 1] = value < tree[i - 1] ? value : tree[i - 1];
}

/* `tree` has room for 2 x count values. */
static void sweep(struct place *order, size_t count, double *tree, bool *on)
{
    double *sorted = tree + count;
    for (size_t i = 0; i < count; i++)
        sorted[i] = order[i].at[1];
    qsort(sorted, count, sizeof(*sorted), ascending);
    for (size_t i = 0; i < count; i++) {
        order[i].rank = rank_of(sorted, count, order[i].at[1]);
        tree[i] = INFINITY;
    }
    qsort(order, count, sizeof(*order), lexicographic);
    /* Whatever came before is no worse in the first coordinate, and not equal in all three: it
     * dominates when it is no worse in the other two. */
    for (size_t i = 0; i < count; i++) {
        const struct place *place = &order[i];
        if (i > 0 && lexicographic(place - 1, place) == 0) {
            on[place->row] = on[place[-1].row];
            continue;
        }
        on[place->row] = least_up_to(tree, place->rank) > place->at[2];
        enter(tree, count, place->rank, place->at[2]);
    }
}

static enum rc frontier_by_sweep(const double *points, size_t count, size_t dims, bool *on,
                                 struct err *err)
{
    struct place *order = calloc(count, sizeof(*order));
    double *tree = calloc(count, 2 * sizeof(*tree));
    enum rc rc = RC_OK;
    if (order == NULL || tree == NULL) {
        rc = out_of_memory(count, err);
        goto out;
    }
    for (size_t row = 0; row < count; row++) {
        order[row].row = row;
        for (size_t d = 0; d < dims; d++) {
            order[row].at[d] = points[row * dims + d];
            CHECK(isfinite(order[row].at[d]));
        }
    }
    sweep(order, count, tree, on);
out:
    free(order);
    free(tree);
    return rc;
}

/* ---- above: sort, then filter --------------------------------------------------------------- */

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

static enum rc frontier_by_filter(const double *points, size_t count, size_t dims, bool *on,
                                  struct err *err)
{
    struct ranked *order = calloc(count, sizeof(*order));
    if (order == NULL)
        return out_of_memory(count, err);
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

enum rc pareto_frontier(const double *points, size_t count, size_t dims, bool *on, struct err *err)
{
    if (count == 0)
        return RC_OK;
    if (dims <= SWEEP_DIMS)
        return frontier_by_sweep(points, count, dims, on, err);
    return frontier_by_filter(points, count, dims, on, err);
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
