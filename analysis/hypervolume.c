#include "analysis/hypervolume.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/pareto.h"

struct item {
    double key;
    const double *row;
};

struct corner {
    double x, y;
};

/* Room for every level of the recursion; a level is the number of dimensions still looked at.
 * Rows are `dims` wide on every level, so that a limit set can be made of another one. */
struct work {
    size_t dims, count;
    const double *reference;
    double *inside; /* the points better than the reference everywhere */
    size_t inside_count;
    size_t *source; /* which point of the caller each of them is */
    double *limits;
    struct item *order;
    struct corner *stair;
};

static void work_release(struct work *work)
{
    free(work->inside);
    free(work->source);
    free(work->limits);
    free(work->order);
    free(work->stair);
}

/* The levels above `dims` hold the limit sets of hypervolume_contributions. */
static size_t levels(size_t dims)
{
    return dims + 2;
}

static enum rc work_init(struct work *work, const double *points, size_t count, size_t dims,
                         const double *reference, struct err *err)
{
    CHECK(dims >= 1 && dims <= HYPERVOLUME_DIMS_MAX);
    *work = (struct work){.dims = dims, .count = count, .reference = reference};
    work->inside = calloc(count, dims * sizeof(double));
    work->source = calloc(count, sizeof(*work->source));
    work->limits = calloc(count, levels(dims) * dims * sizeof(double));
    work->order = calloc(count, levels(dims) * sizeof(*work->order));
    work->stair = calloc(count, sizeof(*work->stair));
    if (work->inside == NULL || work->source == NULL || work->limits == NULL ||
        work->order == NULL || work->stair == NULL) {
        work_release(work);
        return FAIL(err, RC_NOMEM, 0, "no memory for the hypervolume of %zu points", count);
    }
    for (size_t i = 0; i < count; i++) {
        const double *point = points + i * dims;
        bool better = true;
        for (size_t d = 0; d < dims; d++) {
            CHECK(isfinite(point[d]) && isfinite(reference[d]));
            better = better && point[d] < reference[d];
        }
        if (!better)
            continue;
        memcpy(work->inside + work->inside_count * dims, point, dims * sizeof(double));
        work->source[work->inside_count++] = i;
    }
    return RC_OK;
}

/* ---- two and three dimensions --------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Rows by one of their coordinates, into the level's place. */
static struct item *sort_rows(struct work *work, const double *rows, size_t count, size_t level,
                              size_t coordinate, double sign)
{
    struct item *order = work->order + level * work->count;
    for (size_t i = 0; i < count; i++) {
        const double *row = rows + i * work->dims;
        order[i] = (struct item){sign * row[coordinate], row};
    }
    qsort(order, count, sizeof(*order), ascending);
    return order;
}

/* The first corner whose x is not smaller. */
static size_t stair_place(const struct corner *stair, size_t count, double x)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stair[middle].x < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Add a corner to the staircase (ascending x, descending y) of the first two coordinates; returns
 * the area that was not dominated before.  Only sums of positive terms: nothing cancels. */
static double stair_add(struct work *work, size_t *count, double x, double y)
{
    struct corner *stair = work->stair;
    size_t first = stair_place(stair, *count, x), end = first;
    double edge = x, level = first > 0 ? stair[first - 1].y : work->reference[1], area = 0;
    if (level <= y || (first < *count && stair[first].x == x && stair[first].y <= y))
        return 0;
    for (; end < *count && stair[end].y >= y; end++) {
        area += (stair[end].x - edge) * (level - y);
        edge = stair[end].x;
        level = stair[end].y;
    }
    area += ((end < *count ? stair[end].x : work->reference[0]) - edge) * (level - y);
    memmove(stair + first + 1, stair + end, (*count - end) * sizeof(*stair));
    *count = *count - (end - first) + 1;
    stair[first] = (struct corner){x, y};
    return area;
}

static double sweep(struct work *work, const double *rows, size_t count, size_t level)
{
    struct item *order = sort_rows(work, rows, count, level, level == 2 ? 0 : level - 1, 1);
    if (level == 1)
        return work->reference[0] - order[0].key;
    size_t corners = 0;
    double area = 0, volume = 0;
    for (size_t i = 0; i < count; i++) {
        if (level == 3 && i > 0)
            volume += area * (order[i].key - order[i - 1].key);
        area += stair_add(work, &corners, order[i].row[0], order[i].row[1]);
    }
    return level == 2 ? area : volume + area * (work->reference[2] - order[count - 1].key);
}

/* ---- WFG ------------------------------------------------------------------------------------ */

static bool no_worse(const double *a, const double *b, size_t level)
{
    for (size_t d = 0; d < level; d++) {
        if (a[d] > b[d])
            return false;
    }
    return true;
}

static double box(const struct work *work, const double *point, size_t level)
{
    double volume = 1;
    for (size_t d = 0; d < level; d++)
        volume *= work->reference[d] - point[d];
    return volume;
}

/* What each of `others` dominates of the box of `point`, as points, the dominated ones among them
 * left out.  Returns their number, or `LIMIT_COVERED` when one of them dominates the whole box. */
#define LIMIT_COVERED SIZE_MAX
static size_t limit_set(const struct work *work, const double *point, const struct item *others,
                        size_t count, size_t level, double *limits)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const double *other = others[i].row;
        if (no_worse(other, point, level))
            return LIMIT_COVERED;
        double limit[HYPERVOLUME_DIMS_MAX];
        for (size_t d = 0; d < level; d++)
            limit[d] = other[d] > point[d] ? other[d] : point[d];
        bool dominated = false;
        for (size_t k = 0; k < kept && !dominated; k++)
            dominated = no_worse(limits + k * work->dims, limit, level);
        if (dominated)
            continue;
        for (size_t k = 0; k < kept;) {
            double *row = limits + k * work->dims;
            if (no_worse(limit, row, level))
                memcpy(row, limits + --kept * work->dims, level * sizeof(double));
            else
                k++;
        }
        memcpy(limits + kept++ * work->dims, limit, level * sizeof(double));
    }
    return kept;
}

/* Worst last coordinate first: what the later points leave of a point's box then has one depth in
 * that coordinate, and one dimension less is to be measured. */
static double volume_of(struct work *work, const double *rows, size_t count, size_t level)
{
    if (count == 0)
        return 0;
    if (level <= 3)
        return sweep(work, rows, count, level);
    struct item *order = sort_rows(work, rows, count, level, level - 1, -1);
    double *limits = work->limits + level * work->count * work->dims;
    double volume = 0;
    for (size_t i = 0; i < count; i++) {
        const double *point = order[i].row;
        size_t kept = limit_set(work, point, order + i + 1, count - i - 1, level - 1, limits);
        if (kept == LIMIT_COVERED)
            continue;
        double alone = box(work, point, level - 1) - volume_of(work, limits, kept, level - 1);
        volume += alone * (work->reference[level - 1] - point[level - 1]);
    }
    return volume;
}

enum rc hypervolume(const double *points, size_t count, size_t dims, const double *reference,
                    double *out, struct err *err)
{
    *out = 0;
    if (count == 0)
        return RC_OK;
    struct work work;
    enum rc rc = work_init(&work, points, count, dims, reference, err);
    if (rc != RC_OK)
        return rc;
    *out = volume_of(&work, work.inside, work.inside_count, dims);
    work_release(&work);
    return RC_OK;
}

/* The point's box less what the others dominate of it: more exact than the difference of two whole
 * volumes. */
static double contribution(struct work *work, size_t index)
{
    const size_t level = work->dims + 1;
    struct item *others = work->order + level * work->count;
    size_t count = 0;
    for (size_t i = 0; i < work->inside_count; i++) {
        if (i != index)
            others[count++].row = work->inside + i * work->dims;
    }
    const double *point = work->inside + index * work->dims;
    double *limits = work->limits + level * work->count * work->dims;
    size_t kept = limit_set(work, point, others, count, work->dims, limits);
    if (kept == LIMIT_COVERED)
        return 0;
    double alone = box(work, point, work->dims) - volume_of(work, limits, kept, work->dims);
    return alone > 0 ? alone : 0; /* rounding */
}

enum rc hypervolume_contributions(const double *points, size_t count, size_t dims,
                                  const double *reference, double *out, struct err *err)
{
    if (count == 0)
        return RC_OK;
    struct work work;
    enum rc rc = work_init(&work, points, count, dims, reference, err);
    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; i < count; i++)
        out[i] = 0;
    for (size_t i = 0; i < work.inside_count; i++)
        out[work.source[i]] = contribution(&work, i);
    work_release(&work);
    return RC_OK;
}

/* ---- ranks and factors ---------------------------------------------------------------------- */

struct place {
    const double *row;
    size_t dims, index;
};

static int lexicographic(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    for (size_t d = 0; d < x->dims; d++) {
        if (x->row[d] != y->row[d])
            return x->row[d] < y->row[d] ? -1 : 1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

enum rc hypervolume_ranks(const double *points, size_t count, size_t dims, uint32_t *ranks,
                          struct err *err)
{
    if (count == 0)
        return RC_OK;
    CHECK(count < UINT32_MAX);
    struct place *order = calloc(count, sizeof(*order));
    if (order == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory to rank %zu points", count);
    for (size_t i = 0; i < count; i++)
        order[i] = (struct place){points + i * dims, dims, i};
    qsort(order, count, sizeof(*order), lexicographic);
    /* A dominator is lexicographically smaller.  Peeling frontiers off gives each point the length
     * of the longest chain of dominators that ends at it. */
    for (size_t i = 0; i < count; i++) {
        uint32_t rank = 1;
        for (size_t k = 0; k < i; k++) {
            uint32_t above = ranks[order[k].index];
            if (above >= rank && pareto_dominates(order[k].row, order[i].row, dims))
                rank = above + 1;
        }
        ranks[order[i].index] = rank;
    }
    free(order);
    return RC_OK;
}

double hypervolume_epsilon(const double *a, size_t a_count, const double *b, size_t b_count,
                           size_t dims)
{
    double factor = 0;
    for (size_t i = 0; i < b_count; i++) {
        double best = INFINITY;
        for (size_t k = 0; k < a_count; k++) {
            double worst = 0;
            for (size_t d = 0; d < dims; d++)
                worst = fmax(worst, a[k * dims + d] / b[i * dims + d]);
            best = fmin(best, worst);
        }
        factor = fmax(factor, best);
    }
    return factor;
}
