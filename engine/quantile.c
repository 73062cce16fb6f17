#include "engine/quantile.h"

#include <math.h>
#include <stdlib.h>

#include "engine/special.h"

/* ---- interpolated order statistics ----------------------------------------------------------- */

/* At index `h` of ascending values, counted from 0. */
static double interpolate(const double *values, size_t count, double h)
{
    if (h < 0)
        return values[0];
    size_t low = (size_t)h;
    if (low + 1 >= count)
        return values[count - 1];
    return values[low] + (h - (double)low) * (values[low + 1] - values[low]);
}

double quantile_type7(const double *values, size_t count, double q)
{
    CHECK(count >= 1 && q >= 0 && q <= 1);
    return interpolate(values, count, (double)(count - 1) * q);
}

double quantile_type8(const double *values, size_t count, double q)
{
    CHECK(count >= 1 && q >= 0 && q <= 1);
    return interpolate(values, count, ((double)count + 1.0 / 3) * q + 1.0 / 3 - 1);
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

static void swap(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

/* Hoare's selection; the pivot is the median of three, equal values go to either side. */
double quantile_select(double *values, size_t count, size_t rank)
{
    CHECK(rank < count);
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values[middle] < values[low])
            swap(&values[middle], &values[low]);
        if (values[high] < values[low])
            swap(&values[high], &values[low]);
        if (values[high] < values[middle])
            swap(&values[high], &values[middle]);
        double pivot = values[middle];
        size_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i > j)
                break;
            swap(&values[i], &values[j]);
            i++;
            if (j == 0)
                break;
            j--;
        }
        if (rank <= j)
            high = j;
        else if (rank >= i)
            low = i;
        else
            break;
    }
    return values[rank];
}

/* ---- beta weights ---------------------------------------------------------------------------- */

/* The probabilities of a Beta(a, b) variable over cells [i/n, (i+1)/n], 0 <= i < n, in order. */
struct weights {
    size_t cells;
    double a, b;
    size_t next, end; /* cells before the first next and from end on have no weight that shows */
    bool smooth;      /* the density is a polynomial of low degree over any one cell */
    double edge;      /* if not smooth: the probability up to the next cell, */
    bool upper;       /* or from there on */
};

static const double WEIGHT_NONE = 1e-30;
/* With both parameters above this, five Gauss points integrate a cell to 1e-16 of the whole. */
static const double SMOOTH_FROM = 100;
/* A parameter below this puts all weight into the cell at its end. */
static const double POINT_BELOW = 1e-290;

/* The probability below i/n, or above it: each to full relative accuracy where it is small. */
static double weights_tail(const struct weights *w, size_t i, bool upper)
{
    if (w->a < POINT_BELOW)
        return (i == 0) == upper;
    if (w->b < POINT_BELOW)
        return (i < w->cells) == upper;
    double x = (double)i / (double)w->cells, y = (double)(w->cells - i) / (double)w->cells;
    return upper ? special_beta_both(y, x, w->b, w->a) : special_beta_both(x, y, w->a, w->b);
}

static struct weights weights_start(size_t cells, double a, double b)
{
    struct weights w = {.cells = cells, .a = a, .b = b};
    size_t low = 0, high = cells - 1; /* the first cell whose upper edge has something below it */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (weights_tail(&w, middle + 1, false) > WEIGHT_NONE)
            high = middle;
        else
            low = middle + 1;
    }
    w.next = low;
    high = cells; /* the first cell whose lower edge has nothing above it */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (weights_tail(&w, middle, true) > WEIGHT_NONE)
            low = middle + 1;
        else
            high = middle;
    }
    w.end = low;
    w.smooth = a >= SMOOTH_FROM && b >= SMOOTH_FROM;
    w.edge = w.smooth ? 0 : weights_tail(&w, w.next, false);
    return w;
}

/* The integral of the density over cell i, up to a factor common to all cells. */
static double weights_integral(const struct weights *w, size_t i)
{
    static const double point[] = {0.5, 0.23076534494715845448, 0.76923465505284154552,
                                   0.04691007703066800360, 0.95308992296933199640};
    static const double share[] = {0.28444444444444444444, 0.23931433524968323402,
                                   0.23931433524968323402, 0.11846344252809454376,
                                   0.11846344252809454376};
    double n = (double)w->cells, a = w->a - 1, b = w->b - 1, sum = 0;
    for (size_t k = 0; k < COUNT_OF(point); k++) {
        double x = ((double)i + point[k]) / n, y = ((double)(w->cells - i) - point[k]) / n;
        double exponent = special_deviance(a, (a + b) * x) + special_deviance(b, (a + b) * y);
        sum += share[k] * exp(-exponent);
    }
    return sum;
}

/* The weight of the next cell, w->next < w->end; of smooth ones up to a common factor. */
static double weights_take(struct weights *w)
{
    size_t i = w->next++;
    if (w->smooth)
        return weights_integral(w, i);
    /* Above the mean differences of upper tails keep their digits. */
    if (!w->upper && (double)(i + 1) * (w->a + w->b) > (double)w->cells * w->a) {
        w->upper = true;
        w->edge = weights_tail(w, i, true);
    }
    double before = w->edge;
    w->edge = weights_tail(w, i + 1, w->upper);
    return fmax(w->upper ? before - w->edge : w->edge - before, 0);
}

/* ---- Harrell & Davis, Maritz & Jarrett ------------------------------------------------------- */

double quantile_harrell_davis(const double *values, size_t count, double q)
{
    CHECK(count >= 1 && q >= 0 && q <= 1);
    double n = (double)count + 1;
    struct weights w = weights_start(count, n * q, n * (1 - q));
    /* Around a value of the middle: sums of small numbers round less. */
    double centre = values[w.next + (w.end - w.next) / 2], sum = 0, total = 0;
    while (w.next < w.end) {
        double value = values[w.next], weight = weights_take(&w);
        sum += weight * (value - centre);
        total += weight;
    }
    return fmin(fmax(centre + sum / total, values[0]), values[count - 1]);
}

/* Mean and sum of squares around it, of weighted values one after the other (West, CACM 1979). */
struct spread {
    double weight, mean, squares;
};

static void spread_add(struct spread *s, double weight, double value)
{
    if (!(weight > 0))
        return;
    if (s->weight == 0)
        s->mean = value; /* equal values have no spread, not even of rounding */
    double before = s->weight, difference = value - s->mean;
    s->weight += weight;
    s->mean += difference * weight / s->weight;
    s->squares += difference * difference * weight * before / s->weight;
}

double quantile_harrell_davis_se(const double *values, size_t count, double q)
{
    CHECK(count >= 1 && q >= 0 && q <= 1);
    if (count < 2)
        return NAN;
    /* The estimate without value k, minus the one without the first, steps by one weight from k to
     * k + 1: w_k (x_k - x_(k+1)). */
    double n = (double)count;
    struct weights w = weights_start(count - 1, n * q, n * (1 - q));
    double change = 0, total = 0;
    struct spread spread = {0, 0, 0};
    spread_add(&spread, (double)w.next + 1, 0);
    while (w.next < w.end) {
        size_t k = w.next;
        double weight = weights_take(&w);
        total += weight;
        change += weight * (values[k] - values[k + 1]);
        spread_add(&spread, 1, change);
    }
    spread_add(&spread, n - 1 - (double)w.end, change);
    return sqrt(spread.squares * (n - 1) / n) / total;
}

double quantile_maritz_jarrett(const double *values, size_t count, double q)
{
    CHECK(count >= 1 && q >= 0 && q <= 1);
    size_t m = (size_t)((double)count * q + 0.5);
    if (m <= 1 || m >= count)
        return NAN;
    struct weights w = weights_start(count, (double)(m - 1), (double)(count - m));
    struct spread spread = {0, 0, 0};
    while (w.next < w.end) {
        double value = values[w.next], weight = weights_take(&w);
        spread_add(&spread, weight, value);
    }
    return sqrt(spread.squares / spread.weight);
}
