/* What the values of a sample may be: the rules of metrics.def, applied when a sample is written
 * and again when it is read. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results/record_parts.h"

/* Whole numbers from here on are not exact as doubles. */
#define COUNTER_LIMIT 9007199254740992.0
/* A page of environment moves the stack by every offset within a page (Mytkowicz 2009). */
#define ENV_PADDING_MAX 4095
/* No quantity on this earth has this many ns or bytes (2^64). */
#define VALUE_LIMIT 18446744073709551616.0

static const enum metric_scope scope_of_kind[] = {
    [SAMPLE_PHASE] = PHASE,
    [SAMPLE_SNAPSHOT] = SNAPSHOT,
    [SAMPLE_RUN] = RUN,
};

/* The lower one can never exceed the other.  In open loop latencies count from the intended start:
 * the slowest operation may have waited for longer than all of them took. */
static const struct {
    enum metric low, high;
    bool closed_loop_only;
} ordered[] = {
    {M_P50_NS, M_P95_NS, false},       {M_P50_NS, M_P99_NS, false},
    {M_P50_NS, M_MAX_NS, false},       {M_P95_NS, M_P99_NS, false},
    {M_P95_NS, M_MAX_NS, false},       {M_P99_NS, M_MAX_NS, false},
    {M_P50_FIRST_NS, M_MAX_NS, false}, {M_P50_SECOND_NS, M_MAX_NS, false},
    {M_P95_4K_NS, M_MAX_NS, false},    {M_P95_64K_NS, M_MAX_NS, false},
    {M_P95_1M_NS, M_MAX_NS, false},    {M_P95_LARGE_NS, M_MAX_NS, false},
    {M_MAX_NS, M_WALL_NS, true},       {M_STALL_NS, M_WALL_NS, true},
};

/* Percentiles of fewer operations say nothing (metrics.def). */
static const struct {
    enum metric metric;
    double ops;
} least_ops[] = {
    {M_P50_NS, 1},
    {M_MAX_NS, 1},
    {M_P50_FIRST_NS, 2},
    {M_P50_SECOND_NS, 2},
    {M_P95_NS, METRIC_P95_OPS},
    {M_P99_NS, METRIC_P99_OPS},
    {M_P95_4K_NS, METRIC_STRATUM_OPS},
    {M_P95_64K_NS, METRIC_STRATUM_OPS},
    {M_P95_1M_NS, METRIC_STRATUM_OPS},
    {M_P95_LARGE_NS, METRIC_STRATUM_OPS},
    {M_STALL_NS, 1},
};

static void set_defect(struct value_defect *defect, enum metric metric, const char *what)
{
    defect->group = "values";
    defect->key = metric_table[metric].name;
    snprintf(defect->what, sizeof(defect->what), "%s", what);
}

/* Counters that were counted are whole; those derived from counters are ratios of whole numbers. */
static bool is_whole(const struct metric_info *info)
{
    return info->kind == COUNTER && strcmp(info->where, "derived") != 0;
}

static const char *value_defect(enum metric metric, double value)
{
    const struct metric_info *info = &metric_table[metric];
    if (!isfinite(value))
        return "is not finite";
    if (fabs(value) >= VALUE_LIMIT)
        return "is out of range";
    if (value < 0 && !metric_may_be_negative(metric))
        return "is negative";
    if (is_whole(info) && (value != floor(value) || value >= COUNTER_LIMIT))
        return "is a counter and not a whole number below 2^53";
    return NULL;
}

static bool check_values(const struct sample *sample, struct value_defect *defect)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        enum metric metric = (enum metric)i;
        double value = sample->value[i];
        if (isnan(value))
            continue;
        const char *what = value_defect(metric, value);
        if (metric_table[i].scope != scope_of_kind[sample->kind])
            what = "does not belong to a line of this kind";
        if (what != NULL) {
            set_defect(defect, metric, what);
            return false;
        }
    }
    return true;
}

/* NaN compares false throughout: absent values break no relation. */
static bool check_relations(const struct sample *sample, bool open_loop,
                            struct value_defect *defect)
{
    const double *value = sample->value;
    for (size_t i = 0; i < COUNT_OF(ordered); i++) {
        if (open_loop && ordered[i].closed_loop_only)
            continue;
        if (value[ordered[i].low] > value[ordered[i].high]) {
            char what[100];
            snprintf(what, sizeof(what), "is above \"%s\"", metric_table[ordered[i].high].name);
            set_defect(defect, ordered[i].low, what);
            return false;
        }
    }
    for (size_t i = 0; i < COUNT_OF(least_ops); i++) {
        if (!isnan(value[least_ops[i].metric]) && value[M_OPS] < least_ops[i].ops) {
            char what[100];
            snprintf(what, sizeof(what), "needs at least %.0f operations", least_ops[i].ops);
            set_defect(defect, least_ops[i].metric, what);
            return false;
        }
    }
    if (value[M_STALL_SHARE] > 1) {
        set_defect(defect, M_STALL_SHARE, "is above 1");
        return false;
    }
    if (value[M_OPS] > 0 && value[M_WALL_NS] <= 0) {
        set_defect(defect, M_WALL_NS, "is 0 although there were operations");
        return false;
    }
    return true;
}

struct share_sum {
    uint64_t blobs, logical_bytes;
    bool fits;
};

static struct share_sum sum_shares(const struct record_shares *shares)
{
    struct share_sum sum = {.fits = true};
    for (size_t i = 0; i < shares->count; i++) {
        sum.fits = sum.fits && add_u64(sum.blobs, shares->items[i].blobs, &sum.blobs) &&
                   add_u64(sum.logical_bytes, shares->items[i].logical_bytes, &sum.logical_bytes);
    }
    return sum;
}

/* A phase that was not run measured nothing. */
static bool check_phase(const struct sample *sample, struct value_defect *defect)
{
    const char *what = record_series_defect(sample);
    if (what != NULL) {
        defect->key = "series";
        snprintf(defect->what, sizeof(defect->what), "%s", what);
    }
    for (size_t i = 0;
         what == NULL && sample->unsupported != NULL && sample->unsupported[0] && i < METRIC_COUNT;
         i++)
        if (!isnan(sample->value[i])) {
            what = "is measured although the phase is unsupported";
            set_defect(defect, (enum metric)i, what);
        }
    return what == NULL;
}

/* A run whose options did nothing does not count. */
static bool probes_agree(const struct sample *sample)
{
    for (size_t i = 0; i < sample->probes.count; i++)
        if (sample->valid && !sample->probes.items[i].ok)
            return false;
    return true;
}

static void check_run(const struct sample *sample, struct value_defect *defect)
{
    bool reason = sample->reason != NULL && sample->reason[0] != '\0';
    bool verified = sample->verification != NULL && sample->verification[0] != '\0';
    struct share_sum by_extension = sum_shares(&sample->by_extension);
    struct share_sum by_handler = sum_shares(&sample->by_handler);
    bool both = sample->by_extension.count > 0 && sample->by_handler.count > 0;
    const char *what = NULL;
    if (sample->valid == reason) {
        defect->key = "reason";
        what = reason ? "is given for a valid run" : "is missing for an invalid run";
    } else if (sample->valid && !verified) {
        defect->key = "verification";
        what = "is missing for a valid run";
    } else if (sample->env_padding > ENV_PADDING_MAX) {
        defect->key = "env_padding";
        what = "is above 4095 bytes";
    } else if (!by_extension.fits || !by_handler.fits) {
        defect->key = by_extension.fits ? "by_handler" : "by_extension";
        what = "adds up to more than 64 bits hold";
    } else if (both && (by_extension.blobs != by_handler.blobs ||
                        by_extension.logical_bytes != by_handler.logical_bytes)) {
        defect->key = "by_handler";
        what = "does not add up to the same blobs and bytes as \"by_extension\"";
    }
    if (what == NULL && !probes_agree(sample)) {
        defect->key = "probes";
        what = "has one that is not ok in a valid run";
    }
    if (what != NULL)
        snprintf(defect->what, sizeof(defect->what), "%s", what);
}

void record_values_check(const struct record_manifest *manifest, const struct sample *sample,
                         struct value_defect *defect)
{
    *defect = (struct value_defect){0};
    if (!check_values(sample, defect) ||
        (sample->kind != SAMPLE_RUN && !check_phase(sample, defect)))
        return;
    if (sample->kind == SAMPLE_PHASE)
        (void)check_relations(sample, record_is_open_loop(manifest), defect);
    else if (sample->kind == SAMPLE_RUN)
        check_run(sample, defect);
}
