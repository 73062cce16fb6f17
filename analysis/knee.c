#include "analysis/knee.h"

/* Scaled distances below this are rounding: the point lies on the chord. */
static const double knee_on_chord = 1e-12;

/* Of two candidates the one with the smaller first coordinate, then the smaller second. */
static bool comes_first(double a1, double a2, double b1, double b2)
{
    return a1 < b1 || (!(b1 < a1) && a2 < b2);
}

size_t knee_find(const double *x, const double *y, size_t count, double *distance)
{
    if (count < 3)
        return KNEE_NONE;
    size_t left = 0, right = 0; /* the ends of the frontier: best in x, best in y */
    for (size_t i = 1; i < count; i++) {
        if (comes_first(x[i], y[i], x[left], y[left]))
            left = i;
        if (comes_first(y[i], x[i], y[right], x[right]))
            right = i;
    }
    double width = x[right] - x[left], height = y[left] - y[right];
    if (!(width > 0 && height > 0))
        return KNEE_NONE; /* one point is best in both */

    size_t knee = KNEE_NONE;
    double best = knee_on_chord;
    for (size_t i = 0; i < count; i++) {
        double below = 1 - (x[i] - x[left]) / width - (y[i] - y[right]) / height;
        if (below > best || (knee != KNEE_NONE && !(below < best) && x[i] < x[knee])) {
            knee = i;
            best = below;
        }
    }
    if (knee != KNEE_NONE && distance != NULL)
        *distance = best;
    return knee;
}

size_t knee_kneedle(const double *x, const double *y, size_t count, double *difference)
{
    if (count < 3)
        return KNEE_NONE;
    double x_min = x[0], x_max = x[0], y_min = y[0], y_max = y[0];
    for (size_t i = 1; i < count; i++) {
        x_min = x[i] < x_min ? x[i] : x_min;
        x_max = x[i] > x_max ? x[i] : x_max;
        y_min = y[i] < y_min ? y[i] : y_min;
        y_max = y[i] > y_max ? y[i] : y_max;
    }
    if (!(x_max > x_min && y_max > y_min))
        return KNEE_NONE;

    size_t knee = KNEE_NONE;
    double best = knee_on_chord;
    for (size_t i = 0; i < count; i++) {
        double above = (y[i] - y_min) / (y_max - y_min) - (x[i] - x_min) / (x_max - x_min);
        if (above > best) {
            knee = i;
            best = above;
        }
    }
    if (knee != KNEE_NONE && difference != NULL)
        *difference = best;
    return knee;
}
