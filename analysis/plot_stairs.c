#include "analysis/plot_stairs.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/pareto.h"

static int by_x(const void *a, const void *b)
{
    const double *p = a, *q = b;
    if (p[0] != q[0])
        return p[0] < q[0] ? -1 : 1;
    return (p[1] > q[1]) - (p[1] < q[1]);
}

struct stairs {
    double *corners;
    size_t count;
};

static void add_corner(struct stairs *stairs, double x, double y)
{
    stairs->corners[2 * stairs->count] = x;
    stairs->corners[2 * stairs->count++ + 1] = y;
}

enum rc plot_stairs_find(double *points, size_t count, double x_edge, double y_edge,
                         double *corners, size_t *corner_count, struct err *err)
{
    struct stairs stairs = {corners, 0};
    size_t kept = 0;
    *corner_count = 0;
    bool *on = calloc(count + 1, sizeof(*on));
    if (on == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory for a figure");
    enum rc rc = pareto_frontier(points, count, 2, on, err);
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        if (on[i])
            memmove(&points[2 * kept++], &points[2 * i], 2 * sizeof(*points));
    }
    free(on);
    if (rc != RC_OK || kept == 0)
        return rc;
    qsort(points, kept, 2 * sizeof(*points), by_x);
    add_corner(&stairs, points[0], y_edge);
    for (size_t i = 0; i < kept; i++) {
        if (i != 0)
            add_corner(&stairs, points[2 * i], points[2 * i - 1]);
        add_corner(&stairs, points[2 * i], points[2 * i + 1]);
    }
    add_corner(&stairs, x_edge, points[2 * kept - 1]);
    *corner_count = stairs.count;
    return RC_OK;
}
