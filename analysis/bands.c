#include "analysis/bands.h"

#include <math.h>

const unsigned band_percent[BAND_COUNT] = {[BAND_FEW] = 5, [BAND_HALF] = 50, [BAND_MOST] = 95};

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory for the frontier of every round");
}

/* ---- the rounds ----------------------------------------------------------------------------- */

/* NaN when either has no value in this round. */
static double percent_of(const struct frontier *frontier, size_t arm, size_t k, size_t round)
{
    const struct frontier_key *key = &frontier->keys[k];
    double base =
        rounds_value(&frontier->rounds, frontier->summary->control, key->place, key->metric, round);
    double value = rounds_value(&frontier->rounds, arm, key->place, key->metric, round);
    return base > 0 ? 100 * value / base : NAN;
}

static void add_round(struct bands *bands, const struct frontier *frontier, size_t round)
{
    size_t count = bands->start[bands->rounds];
    for (size_t a = 0; a < frontier->arm_count; a++) {
        struct attainment_point point = {percent_of(frontier, a, bands->x_key, round),
                                         percent_of(frontier, a, bands->y_key, round)};
        if (!frontier->arms[a].eligible || !isfinite(point.x) || !isfinite(point.y))
            continue;
        bands->arm[count] = (uint32_t)a;
        bands->points[count++] = point;
    }
    /* A round in which the control has no value says nothing, which is not "attains nothing". */
    if (count == bands->start[bands->rounds])
        return;
    bands->number[bands->rounds] = frontier->rounds.number[round];
    bands->start[++bands->rounds] = count;
}

static enum rc gather(struct bands *bands, const struct frontier *frontier, struct err *err)
{
    size_t rounds = frontier->rounds.count;
    size_t most = rounds * frontier->arm_count + 1; /* never an allocation of nothing */
    bands->points = arena_zalloc(&bands->arena, most, sizeof(*bands->points));
    bands->arm = arena_zalloc(&bands->arena, most, sizeof(*bands->arm));
    bands->start = arena_zalloc(&bands->arena, rounds + 1, sizeof(*bands->start));
    bands->number = arena_zalloc(&bands->arena, rounds + 1, sizeof(*bands->number));
    if (bands->points == NULL || bands->arm == NULL || bands->start == NULL ||
        bands->number == NULL)
        return out_of_memory(err);
    for (size_t r = 0; r < rounds; r++)
        add_round(bands, frontier, r);
    return RC_OK;
}

/* ---- the levels ----------------------------------------------------------------------------- */

/* The fewest rounds that are at least `percent` of all. */
static size_t level_of(size_t rounds, unsigned percent)
{
    return (percent * rounds + 99) / 100;
}

static enum rc find_curve(struct bands *bands, enum band band, struct err *err)
{
    struct band_curve *curve = &bands->curves[band];
    size_t total = bands->start[bands->rounds];
    curve->level = level_of(bands->rounds, band_percent[band]);
    curve->corners = arena_zalloc(&bands->arena, total, sizeof(*curve->corners));
    if (curve->corners == NULL)
        return out_of_memory(err);
    return attainment_curve(bands->points, bands->start, bands->rounds, curve->level,
                            curve->corners, &curve->count, err);
}

static const char *refusal(struct bands *bands, const struct frontier *frontier)
{
    size_t control = frontier->summary->control;
    if (!frontier_plane(frontier, &bands->x_key, &bands->y_key))
        return "fewer than two key metrics";
    if (metric_table[frontier->keys[bands->x_key].metric].better == HIGHER ||
        metric_table[frontier->keys[bands->y_key].metric].better == HIGHER)
        return "of one of the two key metrics more is better";
    if (control == SUMMARY_NONE || !frontier->arms[control].eligible)
        return "no control with both key metrics to compare with";
    return NULL;
}

enum rc bands_build(struct bands *bands, const struct frontier *frontier, struct err *err)
{
    *bands = (struct bands){0};
    bands->why = refusal(bands, frontier);
    if (bands->why != NULL)
        return RC_OK;
    enum rc rc = gather(bands, frontier, err);
    if (rc == RC_OK && bands->rounds < 2)
        bands->why = "it takes two rounds in which the control has both key metrics";
    for (enum band band = 0; band < BAND_COUNT && rc == RC_OK && bands->why == NULL; band++)
        rc = find_curve(bands, band, err);
    if (rc != RC_OK)
        bands_release(bands);
    return rc;
}

void bands_release(struct bands *bands)
{
    arena_release(&bands->arena);
    *bands = (struct bands){0};
}

double bands_reach(const struct bands *bands, enum band band, double y)
{
    const struct band_curve *curve = &bands->curves[band];
    for (size_t i = 0; i < curve->count; i++) {
        if (curve->corners[i].y <= y)
            return curve->corners[i].x;
    }
    return NAN;
}
