#include "workloads/latency_metrics.h"

#include <math.h>

#include "engine/quantile.h"

/* Where operations that took longer begin to count as stalls, in medians. */
enum { STALL_MEDIANS = 10 };

static const struct {
    enum metric metric;
    uint64_t above, most; /* bytes */
} strata[] = {
    {M_P95_4K_NS, 0, 4 * KIB},
    {M_P95_64K_NS, 4 * KIB, 64 * KIB},
    {M_P95_1M_NS, 64 * KIB, MIB},
    {M_P95_LARGE_NS, MIB, UINT64_MAX},
};

/* The latencies of items[from..to), sorted. */
static void take_range(double *out, const struct latency *items, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        out[i - from] = (double)items[i].ns;
    quantile_sort(out, to - from);
}

/* The latencies of blobs of one size class, sorted; how many there are. */
static size_t take_stratum(double *out, const struct latency *items, size_t count, size_t stratum)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        bool lowest = strata[stratum].above == 0; /* empty blobs, too */
        if (items[i].op != LATENCY_SCAN && items[i].op != LATENCY_OPEN &&
            items[i].bytes <= strata[stratum].most &&
            (lowest || items[i].bytes > strata[stratum].above))
            out[taken++] = (double)items[i].ns;
    }
    quantile_sort(out, taken);
    return taken;
}

/* Openings apart: how long they take is another question than how long operations do. */
static size_t take_opens(double *out, const struct latency *items, size_t count)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++)
        if (items[i].op == LATENCY_OPEN)
            out[taken++] = (double)items[i].ns;
    quantile_sort(out, taken);
    return taken;
}

static void whole(double *value, const double *sorted, size_t count)
{
    value[M_P50_NS] = quantile_harrell_davis(sorted, count, 0.50);
    value[M_MAX_NS] = sorted[count - 1];
    /* A higher percentile is not below a lower one, but for rounding. */
    if (count >= METRIC_P95_OPS)
        value[M_P95_NS] = fmax(quantile_harrell_davis(sorted, count, 0.95), value[M_P50_NS]);
    if (count >= METRIC_P99_OPS)
        value[M_P99_NS] = fmax(quantile_harrell_davis(sorted, count, 0.99), value[M_P95_NS]);
    double stall_ns = 0;
    for (size_t i = 0; i < count; i++)
        stall_ns += fmax(0, sorted[i] - STALL_MEDIANS * value[M_P50_NS]);
    value[M_STALL_NS] = stall_ns;
    if (value[M_WALL_NS] > 0)
        value[M_STALL_SHARE] = stall_ns / value[M_WALL_NS];
}

static void halves(double *value, const struct latency *items, size_t count, double *scratch)
{
    take_range(scratch, items, 0, count / 2);
    value[M_P50_FIRST_NS] = quantile_harrell_davis(scratch, count / 2, 0.50);
    take_range(scratch, items, count / 2, count);
    value[M_P50_SECOND_NS] = quantile_harrell_davis(scratch, count - count / 2, 0.50);
}

void latency_metrics(double *value, const struct latency *items, size_t count, double *scratch)
{
    double wall_ns = 0;
    for (size_t i = 0; i < count; i++)
        wall_ns += (double)items[i].ns;
    value[M_OPS] = (double)count;
    value[M_WALL_NS] = wall_ns;
    if (wall_ns > 0)
        value[M_OPS_PER_S] = (double)count * 1e9 / wall_ns;
    if (count > 0) {
        take_range(scratch, items, 0, count);
        whole(value, scratch, count);
    }
    if (count >= 2)
        halves(value, items, count, scratch);
    size_t opens = take_opens(scratch, items, count);
    if (opens > 0)
        value[M_OPEN_P50_NS] = quantile_harrell_davis(scratch, opens, 0.50);
    for (size_t i = 0; i < COUNT_OF(strata); i++) {
        size_t taken = take_stratum(scratch, items, count, i);
        if (taken >= METRIC_STRATUM_OPS && taken * METRIC_STRATUM_PART >= count)
            value[strata[i].metric] = quantile_harrell_davis(scratch, taken, 0.95);
    }
}

/* The median and p95 of one kind of operations. */
static void of_kind(double *value, const struct latency *items, size_t count, enum latency_op op,
                    double *scratch, enum metric p50, enum metric p95)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++)
        if (items[i].op == op)
            scratch[taken++] = (double)items[i].ns;
    quantile_sort(scratch, taken);
    if (taken > 0)
        value[p50] = quantile_harrell_davis(scratch, taken, 0.50);
    if (taken >= METRIC_P95_OPS)
        value[p95] = fmax(quantile_harrell_davis(scratch, taken, 0.95), value[p50]);
}

void latency_metrics_lanes(double *value, const struct latency *items, size_t count,
                           double *scratch)
{
    static const enum metric of_one_lane[] = {M_STALL_NS, M_STALL_SHARE, M_P50_FIRST_NS,
                                              M_P50_SECOND_NS};
    for (size_t i = 0; i < COUNT_OF(of_one_lane); i++)
        value[of_one_lane[i]] = NAN;
    of_kind(value, items, count, LATENCY_READ, scratch, M_READ_P50_NS, M_READ_P95_NS);
    of_kind(value, items, count, LATENCY_UPDATE, scratch, M_WRITE_P50_NS, M_WRITE_P95_NS);
}
