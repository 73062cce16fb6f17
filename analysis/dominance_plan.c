/* dominance_plan.c: when the data are looked at, and how many rounds are still needed. */
#include <math.h>
#include <stdlib.h>

#include "analysis/dominance.h"
#include "analysis/planning.h"
#include "analysis/signrank.h"

/* ---- looks ---------------------------------------------------------------------------------- */

static void add_look(struct dominance_schedule *schedule, size_t rounds, double alpha)
{
    CHECK(schedule->count < LOOKS_MAX);
    schedule->looks[schedule->count].rounds = (uint32_t)rounds;
    schedule->looks[schedule->count++].alpha = alpha;
}

static void fill_looks(struct dominance_schedule *schedule, const struct record_protocol *protocol,
                       size_t rounds)
{
    struct looks looks =
        protocol->look_count == 0 ? looks_study() : looks_of(protocol->looks, protocol->look_count);
    schedule->last = looks.rounds[looks.count - 1];
    schedule->next = protocol->alpha * looks.share[looks.count - 1];
    for (size_t k = 0; k < looks.count; k++) {
        bool reached = looks.rounds[k] <= rounds;
        uint32_t before = k == 0 ? 0 : looks.rounds[k - 1];
        if (reached || rounds > before)
            add_look(schedule, reached ? looks.rounds[k] : rounds,
                     protocol->alpha * looks.share[k]);
    }
}

struct dominance_schedule dominance_schedule_of(const struct record_protocol *protocol,
                                                size_t rounds)
{
    struct dominance_schedule schedule = {.alpha = protocol->alpha,
                                          .next = protocol->alpha,
                                          .last = UINT32_MAX,
                                          .anytime = protocol->stopping == STOPPING_UNTIL};
    if (rounds > SIGNRANK_MAX)
        rounds = SIGNRANK_MAX;
    if (protocol->stopping == STOPPING_LOOKS)
        fill_looks(&schedule, protocol, rounds);
    else if (rounds != 0)
        add_look(&schedule, rounds, protocol->alpha);
    return schedule;
}

size_t dominance_rounds_min(const struct record_protocol *protocol, size_t hypotheses)
{
    if (!(protocol->alpha > 0))
        return SIZE_MAX;
    double count = hypotheses == 0 ? 1 : (double)hypotheses;
    for (size_t n = 1; n <= SIGNRANK_MAX; n++) {
        struct dominance_schedule schedule = dominance_schedule_of(protocol, n);
        for (size_t k = 0; k < schedule.count; k++) {
            if (schedule.looks[k].rounds >= signrank_pairs_min(count, schedule.looks[k].alpha))
                return n;
        }
    }
    return SIZE_MAX;
}

/* ---- rounds needed -------------------------------------------------------------------------- */

#define POWER 0.8

struct planner {
    const struct dominance_input *input;
    size_t a, b;
    double alpha; /* of one pair's test */
    double *d;
};

struct estimate {
    double centre, spread;
};

static size_t rounds_for(const struct estimate *estimate, double distance, double alpha)
{
    return distance > 0 ? planning_rounds(estimate->spread, distance, alpha, POWER) : SIZE_MAX;
}

static enum rc estimate_dim(const struct planner *planner, size_t dim, struct estimate *out,
                            bool *any, struct err *err)
{
    size_t n = dominance_differences(planner->input, planner->a, planner->b, dim,
                                     planner->input->rounds, planner->d);
    struct interval interval;
    *any = n != 0;
    if (n == 0)
        return RC_OK;
    enum rc rc = signrank_interval(planner->d, n, 0.95, &interval, err);
    if (rc == RC_OK)
        rc = planning_spread(planner->d, n, &out->spread, err);
    out->centre = interval.estimate;
    return rc;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The larger of both parts of a test, the smaller of both ways to fail it. */
struct tally {
    size_t no_worse, strict, worse, no_gain;
    size_t noisy;
};

static enum rc tally_dims(const struct planner *planner, struct tally *tally, struct err *err)
{
    const struct dominance_input *input = planner->input;
    for (size_t m = 0; m < input->dims; m++)
        tally->noisy += !input->dim[m].exact;
    double share = planner->alpha / (double)(tally->noisy == 0 ? 1 : tally->noisy);
    for (size_t m = 0; m < input->dims; m++) {
        struct estimate estimate;
        bool any;
        if (input->dim[m].exact)
            continue;
        enum rc rc = estimate_dim(planner, m, &estimate, &any, err);
        if (rc != RC_OK)
            return rc;
        double margin = input->dim[m].margin;
        size_t no_worse = SIZE_MAX, strict = SIZE_MAX, worse = SIZE_MAX, no_gain = SIZE_MAX;
        if (any) {
            no_worse = rounds_for(&estimate, margin - estimate.centre, planner->alpha);
            strict = rounds_for(&estimate, -margin - estimate.centre, share);
            worse = rounds_for(&estimate, estimate.centre - margin, share);
            no_gain = rounds_for(&estimate, estimate.centre + margin, planner->alpha / 2);
        }
        tally->no_worse = most(tally->no_worse, no_worse);
        tally->strict = least(tally->strict, strict);
        tally->worse = least(tally->worse, worse);
        tally->no_gain = most(tally->no_gain, no_gain);
    }
    return RC_OK;
}

/* What should be decided by now and is not takes some more. */
static size_t more_than(size_t rounds, size_t have)
{
    return rounds == SIZE_MAX ? rounds : most(rounds, have + have / 4 + 1);
}

enum rc dominance_need(const struct dominance *dominance, const struct dominance_input *input,
                       size_t a, size_t b, struct dominance_need *need, struct err *err)
{
    const struct dominance_pair *pair = dominance_at(dominance, a, b);
    *need = (struct dominance_need){SIZE_MAX, SIZE_MAX};
    if (pair->state != DOMINANCE_UNDECIDED)
        return RC_OK;
    /* What Holm would ask of the next pair: the decided ones are out of its way. */
    size_t open = 0;
    for (size_t i = 0; i < dominance->arms * dominance->arms; i++)
        open += dominance->pairs[i].state == DOMINANCE_UNDECIDED;
    struct planner planner = {input, a, b, input->schedule.next / (double)open,
                              calloc(input->rounds + 1, sizeof(double))};
    struct tally tally = {.strict = SIZE_MAX, .worse = SIZE_MAX};
    if (planner.d == NULL)
        return FAIL(err, RC_NOMEM, 0, "no memory to plan further rounds");
    enum rc rc = tally_dims(&planner, &tally, err);
    free(planner.d);
    if (rc != RC_OK)
        return rc;
    need->yes =
        more_than(pair->gain ? tally.no_worse : most(tally.no_worse, tally.strict), pair->n);
    need->no = more_than(pair->gain ? tally.worse : least(tally.worse, tally.no_gain), pair->n);
    return RC_OK;
}
