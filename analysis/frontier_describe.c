/* frontier_describe.c: numbers about the frontier that are no tests: how stable it is when rounds
 * are drawn again, how much each strategy adds to it, where it bends. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/bootstrap.h"
#include "analysis/frontier_build.h"
#include "analysis/hypervolume.h"
#include "analysis/knee.h"

/* Arms that are looked at, as rows. */
struct rows {
    uint32_t *arm_of;
    size_t count;
    double *values;
    double *result; /* a number per row */
};

static bool rows_alloc(struct rows *rows, const struct frontier *frontier, size_t numbers)
{
    size_t arms = frontier->arm_count + 1; /* never an allocation of nothing */
    rows->arm_of = calloc(arms, sizeof(*rows->arm_of));
    rows->values = calloc(arms * (numbers + 1), sizeof(*rows->values));
    rows->result = calloc(arms, sizeof(*rows->result));
    return rows->arm_of != NULL && rows->values != NULL && rows->result != NULL;
}

static void rows_release(struct rows *rows)
{
    free(rows->result);
    free(rows->values);
    free(rows->arm_of);
}

/* ---- stability ------------------------------------------------------------------------------ */

/* Of arm, key and round with less being better; NaN where it is missing. */
static double key_value(const struct frontier *frontier, size_t arm, size_t k, size_t round)
{
    const struct frontier_key *key = &frontier->keys[k];
    double value = key->exact
                       ? frontier->arms[arm].value[k]
                       : rounds_value(&frontier->rounds, arm, key->place, key->metric, round);
    return metric_table[key->metric].better == HIGHER ? -value : value;
}

/* Every competing arm has every key: what resampling needs. */
static bool is_full(const struct frontier *frontier, size_t round)
{
    for (size_t a = 0; a < frontier->arm_count; a++) {
        for (size_t k = 0; k < frontier->key_count; k++) {
            if (frontier->arms[a].eligible && !isfinite(key_value(frontier, a, k, round)))
                return false;
        }
    }
    return true;
}

static enum rc describe_stability(struct frontier *frontier, struct err *err)
{
    size_t keys = frontier->key_count, full = 0;
    struct rows rows = {0};
    size_t *round_of = calloc(frontier->rounds.count + 1, sizeof(*round_of));
    enum rc rc = RC_OK;
    if (round_of == NULL || !rows_alloc(&rows, frontier, keys * frontier->rounds.count))
        rc = frontier_no_memory(err);
    for (size_t r = 0; r < frontier->rounds.count && rc == RC_OK; r++) {
        if (is_full(frontier, r))
            round_of[full++] = r;
    }
    for (size_t a = 0; a < frontier->arm_count && rc == RC_OK; a++) {
        double *row = &rows.values[rows.count * keys * full];
        if (!frontier->arms[a].eligible)
            continue;
        for (size_t i = 0; i < keys * full; i++)
            row[i] = key_value(frontier, a, i / full, round_of[i % full]);
        rows.arm_of[rows.count++] = (uint32_t)a;
    }
    bool enough = rc == RC_OK && full >= 2 && rows.count != 0 && keys != 0;
    if (enough)
        rc = bootstrap_membership(rows.values, rows.count, keys, full,
                                  frontier->summary->record->manifest.seed, BOOTSTRAP_DRAWS,
                                  rows.result, err);
    for (size_t row = 0; row < rows.count && enough && rc == RC_OK; row++)
        frontier->arms[rows.arm_of[row]].stability = rows.result[row];
    rows_release(&rows);
    free(round_of);
    return rc;
}

/* ---- hypervolume ---------------------------------------------------------------------------- */

/* Exact metrics up to 5 % above the control, timings up to the guardrail: what is worse than that
 * in any metric adds nothing. */
#define EXACT_REFERENCE 0.05

static bool log_ratios(const struct frontier *frontier, size_t arm, double *out)
{
    for (size_t k = 0; k < frontier->key_count; k++) {
        double ratio = frontier->arms[arm].percent[k] / 100;
        bool higher = metric_table[frontier->keys[k].metric].better == HIGHER;
        if (!(ratio > 0 && isfinite(ratio)))
            return false;
        out[k] = higher ? -log(ratio) : log(ratio);
    }
    return true;
}

static enum rc describe_hypervolume(struct frontier *frontier, struct err *err)
{
    size_t keys = frontier->key_count;
    double reference[FRONTIER_KEYS_MAX] = {0}, whole = 0;
    struct rows rows = {0};
    if (!rows_alloc(&rows, frontier, keys)) {
        rows_release(&rows);
        return frontier_no_memory(err);
    }
    for (size_t k = 0; k < keys; k++)
        reference[k] = log1p(frontier->keys[k].exact ? EXACT_REFERENCE : frontier->guardrail);
    for (size_t a = 0; a < frontier->arm_count; a++) {
        if (frontier_keeps(frontier, a) && log_ratios(frontier, a, &rows.values[rows.count * keys]))
            rows.arm_of[rows.count++] = (uint32_t)a;
    }
    enum rc rc = RC_OK;
    if (rows.count != 0 && keys != 0)
        rc = hypervolume(rows.values, rows.count, keys, reference, &whole, err);
    if (rc == RC_OK && whole > 0)
        rc = hypervolume_contributions(rows.values, rows.count, keys, reference, rows.result, err);
    for (size_t row = 0; row < rows.count && rc == RC_OK && whole > 0; row++)
        frontier->arms[rows.arm_of[row]].hypervolume = rows.result[row] / whole;
    rows_release(&rows);
    return rc;
}

/* ---- two keys: the knee --------------------------------------------------------------------- */

bool frontier_key_is(const struct frontier *frontier, size_t key, enum metric metric,
                     const char *workload)
{
    const struct summary_place *place = &frontier->summary->places[frontier->keys[key].place];
    return frontier->keys[key].metric == metric &&
           (workload == NULL ||
            (place->phase != NULL && strcmp(place->phase->workload, workload) == 0));
}

static size_t key_of(const struct frontier *frontier, enum metric metric, const char *workload)
{
    for (size_t k = 0; k < frontier->key_count; k++) {
        if (frontier_key_is(frontier, k, metric, workload))
            return k;
    }
    return SUMMARY_NONE;
}

bool frontier_plane(const struct frontier *frontier, size_t *x_key, size_t *y_key)
{
    size_t storage = key_of(frontier, M_TOTAL_BYTES, NULL);
    size_t read = key_of(frontier, M_P95_NS, "read_point");
    if (frontier->key_count < 2)
        return false;
    *y_key = storage != SUMMARY_NONE ? storage : read == 0 ? 1 : 0;
    *x_key = read != SUMMARY_NONE ? read : *y_key == 0 ? 1 : 0;
    return true;
}

/* Of the strategies kept, in bytes and the p95 of point reads alone. */
static enum rc describe_knee(struct frontier *frontier, struct err *err)
{
    size_t bytes = key_of(frontier, M_TOTAL_BYTES, NULL);
    size_t read = key_of(frontier, M_P95_NS, "read_point");
    struct rows rows = {0};
    if (bytes == SUMMARY_NONE || read == SUMMARY_NONE)
        return RC_OK;
    if (!rows_alloc(&rows, frontier, 1)) {
        rows_release(&rows);
        return frontier_no_memory(err);
    }
    for (size_t a = 0; a < frontier->arm_count; a++) {
        double x = log(frontier->arms[a].percent[bytes]), y = log(frontier->arms[a].percent[read]);
        if (!frontier_keeps(frontier, a) || !isfinite(x) || !isfinite(y))
            continue;
        rows.values[rows.count] = x;
        rows.result[rows.count] = y;
        rows.arm_of[rows.count++] = (uint32_t)a;
    }
    size_t found = knee_find(rows.values, rows.result, rows.count, NULL);
    if (found != KNEE_NONE)
        frontier->knee = rows.arm_of[found];
    rows_release(&rows);
    return RC_OK;
}

enum rc frontier_describe(struct frontier *frontier, struct err *err)
{
    enum rc rc = describe_stability(frontier, err);
    if (rc == RC_OK)
        rc = describe_hypervolume(frontier, err);
    return rc == RC_OK ? describe_knee(frontier, err) : rc;
}
