#include "analysis/multiple.h"

#include <math.h>
#include <stdlib.h>

struct ordered {
    double p;
    size_t at; /* where it stood */
};

static int by_p(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* The hypotheses of the family in ascending order of p; the others are copied to `adjusted` as they
 * are.  NULL with *hypotheses > 0 when there is no memory. */
static struct ordered *order_family(const double *p, size_t count, double *adjusted,
                                    size_t *hypotheses)
{
    *hypotheses = 0;
    for (size_t i = 0; i < count; i++) {
        CHECK(p[i] >= 0); /* not NaN either */
        *hypotheses += p[i] <= 1;
    }
    struct ordered *order = *hypotheses > 0 ? calloc(*hypotheses, sizeof(*order)) : NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (p[i] > 1)
            adjusted[i] = p[i];
        else if (order != NULL)
            order[kept++] = (struct ordered){p[i], i};
    }
    if (order != NULL)
        qsort(order, kept, sizeof(*order), by_p);
    return order;
}

enum rc multiple_holm(const double *p, size_t count, double *adjusted, struct err *err)
{
    size_t m;
    struct ordered *order = order_family(p, count, adjusted, &m);
    if (m > 0 && order == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory to order %zu p-values", m);
    double greatest = 0;
    for (size_t i = 0; i < m; i++) {
        greatest = fmax(greatest, fmin(1, (double)(m - i) * order[i].p));
        adjusted[order[i].at] = greatest;
    }
    free(order);
    return RC_OK;
}

enum rc multiple_benjamini_hochberg(const double *p, size_t count, double *adjusted,
                                    struct err *err)
{
    size_t m;
    struct ordered *order = order_family(p, count, adjusted, &m);
    if (m > 0 && order == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory to order %zu p-values", m);
    double smallest = 1;
    for (size_t i = m; i-- > 0;) {
        smallest = fmin(smallest, (double)m / (double)(i + 1) * order[i].p);
        adjusted[order[i].at] = smallest;
    }
    free(order);
    return RC_OK;
}
