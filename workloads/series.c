/* series.c: how a store grows within a phase: its sizes at the points the workload chose.
 *
 * The store is settled first, so that a point compares with a snapshot.  Neither that nor the
 * measuring is timed; what the checkpoint writes is in the phase's meters, as that at its end is,
 * but is not among the checkpoints that were due.
 */
#include <math.h>
#include <stdlib.h>

#include "engine/quantile.h"
#include "workloads/phase_parts.h"

static enum rc series_reserve(struct phase *phase)
{
    struct series *series = &phase->series;
    if (series->items)
        return RC_OK;
    size_t points = 0;
    for (size_t k = 0; k < phase->op_count; k++)
        points += phase->ops[k].kind == OP_MEASURE;
    series->items = arena_zalloc(&phase->run->result->arena, points, sizeof(*series->items));
    return series->items
               ? RC_OK
               : FAIL(phase->run->err, RC_NOMEM, 0, "no memory for %zu points of a series", points);
}

enum rc series_step(struct phase *phase)
{
    struct run *run = phase->run;
    const struct oracle *oracle = &run->oracle;
    struct file_sizes sizes = {0};
    enum rc rc = series_reserve(phase);
    if (rc != RC_OK)
        return rc;
    uint64_t checkpoints = store_commit_audit(run->store).checkpoints;
    rc = store_settle(run->store);
    if (rc != RC_OK)
        return phase_failed(phase, rc, phase->done);
    phase->base.audit.checkpoints += store_commit_audit(run->store).checkpoints - checkpoints;
    rc = snapshot_file_sizes(run, &sizes);
    if (rc != RC_OK)
        return rc;
    struct series *series = &phase->series;
    series->items[series->count++] = (struct series_point){
        .ops = phase->timed,
        .versions = oracle->count,
        .held = oracle->held,
        .written_bytes = oracle->written_bytes,
        .live_bytes = oracle->live_bytes,
        .history_bytes = oracle->history_bytes,
        .total_bytes = (uint64_t)sizes.total,
        .read_p50_ns = NAN,
    };
    phase->done++;
    return RC_OK;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

/* The median of the reads among items[from..to), or NaN. */
static double median_of_reads(const struct latency *items, size_t from, size_t to, double *scratch)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        if (items[i].op == LATENCY_READ || items[i].op == LATENCY_READ_AT)
            scratch[count++] = (double)items[i].ns;
    quantile_sort(scratch, count);
    return count > 0 ? quantile_harrell_davis(scratch, count, 0.50) : NAN;
}

static void take_reads(struct phase *phase, double *scratch)
{
    struct series *series = &phase->series;
    for (size_t i = 0; i < series->count; i++) {
        size_t to = i + 1 < series->count ? series->items[i + 1].ops : phase->timed;
        series->items[i].read_p50_ns =
            median_of_reads(phase->latencies, series->items[i].ops, to, scratch);
    }
}

/* The slope of the least squares line through points x, y, or NaN where all x are one. */
struct line {
    double n, x, y, xx, xy; /* sums; of deviations from the first point, which is exact */
    double x0, y0;
};

static void line_add(struct line *line, double x, double y)
{
    if (line->n == 0) {
        line->x0 = x;
        line->y0 = y;
    }
    x -= line->x0;
    y -= line->y0;
    line->n++;
    line->x += x;
    line->y += y;
    line->xx += x * x;
    line->xy += x * y;
}

static double line_slope(const struct line *line)
{
    double xx = line->xx - line->x * line->x / line->n;
    return xx > 0 ? (line->xy - line->x * line->y / line->n) / xx : NAN;
}

/* How much each version put costs; and whether each version held costs as much as those before it,
 * which can be asked only where more and more are held. */
static void take_slopes(const struct series *series, double *value)
{
    struct line sizes = {0}, logs = {0};
    for (size_t i = 0; i < series->count; i++) {
        const struct series_point *point = &series->items[i];
        line_add(&sizes, (double)point->versions, (double)point->total_bytes);
        if (point->held > 0 && point->total_bytes > 0)
            line_add(&logs, log((double)point->held), log((double)point->total_bytes));
    }
    value[M_GROWTH_BYTES_PER_VERSION] = line_slope(&sizes);
    if (series->items[series->count - 1].held > series->items[0].held && logs.n > 1)
        value[M_GROWTH_EXPONENT] = line_slope(&logs);
}

static double per_live_byte(const struct series_point *point)
{
    return point->live_bytes > 0 ? (double)point->total_bytes / (double)point->live_bytes : NAN;
}

static double positive_ratio(double value, double by)
{
    return by > 0 ? value / by : NAN;
}

enum rc series_measure(struct phase *phase)
{
    struct series *series = &phase->series;
    double *value = phase->sample->value;
    if (series->count == 0)
        return RC_OK;
    double *scratch = malloc((phase->timed ? phase->timed : 1) * sizeof(*scratch));
    if (!scratch)
        return FAIL(phase->run->err, RC_NOMEM, 0, "no memory for %zu latencies", phase->timed);
    take_reads(phase, scratch);
    free(scratch);
    phase->sample->series = *series;
    const struct series_point *first = &series->items[0], *last = &series->items[series->count - 1];
    /* A volatile store has no files, and nothing grows. */
    if (series->count < 2 || first->total_bytes == 0)
        return RC_OK;
    take_slopes(series, value);
    value[M_AGED_SIZE_RATIO] = positive_ratio(per_live_byte(last), per_live_byte(first));
    value[M_AGED_READ_RATIO] = positive_ratio(last->read_p50_ns, first->read_p50_ns);
    return RC_OK;
}
