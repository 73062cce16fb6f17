#include "analysis/attainment.h"

#include <math.h>
#include <stdlib.h>

struct visit {
    struct attainment_point point;
    size_t set;
};

static int by_x(const void *a, const void *b)
{
    const struct visit *p = a, *q = b;
    if (p->point.x != q->point.x)
        return p->point.x < q->point.x ? -1 : 1;
    if (p->point.y != q->point.y)
        return p->point.y < q->point.y ? -1 : 1;
    return (p->set > q->set) - (p->set < q->set);
}

/* One set's lowest y fell from `from` to `to`: keep the heights ascending. */
static void lower(double *heights, size_t sets, double from, double to)
{
    size_t place = 0;
    while (place < sets && heights[place] < from)
        place++;
    CHECK(place < sets);
    for (; place > 0 && heights[place - 1] > to; place--)
        heights[place] = heights[place - 1];
    heights[place] = to;
}

/* From left to right.  lowest[r]: the smallest y of set r so far; heights: the same, ascending; so
 * heights[level - 1] is how high one must be to be attained by `level` sets. */
static size_t sweep(const struct visit *visits, size_t total, size_t sets, size_t level,
                    double *lowest, double *heights, struct attainment_point *out)
{
    size_t count = 0;
    double curve = INFINITY;
    for (size_t r = 0; r < sets; r++)
        lowest[r] = heights[r] = INFINITY;
    for (size_t i = 0; i < total; i++) {
        const struct visit *visit = &visits[i];
        if (visit->point.y < lowest[visit->set]) {
            lower(heights, sets, lowest[visit->set], visit->point.y);
            lowest[visit->set] = visit->point.y;
        }
        bool more_here = i + 1 < total && !(visits[i + 1].point.x > visit->point.x);
        if (more_here || !(heights[level - 1] < curve))
            continue;
        curve = heights[level - 1];
        out[count++] = (struct attainment_point){visit->point.x, curve};
    }
    return count;
}

enum rc attainment_curve(const struct attainment_point *points, const size_t *start, size_t sets,
                         size_t level, struct attainment_point *out, size_t *count, struct err *err)
{
    CHECK(level >= 1 && level <= sets);
    const size_t total = start[sets];
    *count = 0;
    if (total == 0)
        return RC_OK;
    struct visit *visits = calloc(total, sizeof(*visits));
    double *heights = calloc(sets, 2 * sizeof(*heights));
    enum rc rc = RC_OK;
    if (visits == NULL || heights == NULL) {
        rc = FAIL(err, RC_NOMEM, 0, "no memory for the attainment of %zu points", total);
        goto out;
    }
    for (size_t r = 0; r < sets; r++) {
        CHECK(start[r] <= start[r + 1]);
        for (size_t i = start[r]; i < start[r + 1]; i++) {
            CHECK(isfinite(points[i].x) && isfinite(points[i].y));
            visits[i] = (struct visit){points[i], r};
        }
    }
    qsort(visits, total, sizeof(*visits), by_x);
    *count = sweep(visits, total, sets, level, heights + sets, heights, out);
out:
    free(visits);
    free(heights);
    return rc;
}

size_t attainment_count(const struct attainment_point *points, const size_t *start, size_t sets,
                        struct attainment_point at)
{
    size_t attained = 0;
    for (size_t r = 0; r < sets; r++) {
        for (size_t i = start[r]; i < start[r + 1]; i++) {
            if (points[i].x <= at.x && points[i].y <= at.y) {
                attained++;
                break;
            }
        }
    }
    return attained;
}
