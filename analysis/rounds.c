#include "analysis/rounds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory to align the rounds of the record");
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Round numbers of finished runs, ascending, each once. */
static size_t find_numbers(const struct record *record, uint32_t *numbers)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < record->sample_count; i++) {
        if (record->samples[i].kind == SAMPLE_RUN)
            numbers[count++] = record->samples[i].round;
    }
    if (count > 1)
        qsort(numbers, count, sizeof(*numbers), by_number);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || numbers[kept - 1] != numbers[i])
            numbers[kept++] = numbers[i];
    }
    return kept;
}

static size_t index_of(const uint32_t *numbers, size_t count, uint32_t number)
{
    const uint32_t *found =
        count == 0 ? NULL : bsearch(&number, numbers, count, sizeof(number), by_number);
    return found == NULL ? SUMMARY_NONE : (size_t)(found - numbers);
}

/* Leave the complete rounds that count in rounds->number; `ran` is [round][arm]. */
static enum rc select_rounds(struct rounds *rounds, uint32_t *numbers, size_t count, bool *ran,
                             struct err *err)
{
    const struct record *record = rounds->summary->record;
    size_t arms = rounds->summary->arm_count;
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind != SAMPLE_RUN)
            continue;
        CHECK(sample->arm < arms);
        ran[index_of(numbers, count, sample->round) * arms + sample->arm] = true;
    }
    rounds->number = arena_zalloc(&rounds->arena, count + 1, sizeof(*rounds->number));
    if (rounds->number == NULL)
        return out_of_memory(err);
    for (size_t r = 0; r < count; r++) {
        bool complete = true;
        for (size_t a = 0; a < arms && complete; a++)
            complete = ran[r * arms + a] || numbers[r] >= record_dropped_from(record, (uint32_t)a);
        if (record_round_void(record, numbers[r]))
            continue;
        if (!complete)
            rounds->partial++;
        else
            rounds->number[rounds->count++] = numbers[r];
    }
    return RC_OK;
}

static size_t cell_of(const struct rounds *rounds, size_t arm, size_t place, size_t round)
{
    const struct summary *summary = rounds->summary;
    CHECK(arm < summary->arm_count && place < summary->place_count && round < rounds->count);
    return (arm * summary->place_count + place) * rounds->count + round;
}

/* One run number belongs to one arm and round: a run's validity is its last line's. */
struct run_valid {
    uint32_t run;
    bool valid;
};

static int by_run(const void *a, const void *b)
{
    const struct run_valid *x = a, *y = b;
    return (x->run > y->run) - (x->run < y->run);
}

static size_t find_runs(const struct record *record, struct run_valid *runs)
{
    size_t count = 0;
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind == SAMPLE_RUN)
            runs[count++] = (struct run_valid){sample->run, sample->valid};
    }
    if (count > 1)
        qsort(runs, count, sizeof(*runs), by_run);
    return count;
}

static enum rc fill(struct rounds *rounds, const struct run_valid *runs, size_t run_count,
                    struct err *err)
{
    const struct summary *summary = rounds->summary;
    const struct record *record = summary->record;
    size_t cells = summary->arm_count * summary->place_count * rounds->count;
    rounds->at = arena_zalloc(&rounds->arena, cells + 1, sizeof(*rounds->at));
    if (rounds->at == NULL)
        return out_of_memory(err);
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        enum metric_scope scope = sample->kind == SAMPLE_PHASE      ? PHASE
                                  : sample->kind == SAMPLE_SNAPSHOT ? SNAPSHOT
                                                                    : RUN;
        size_t round = index_of(rounds->number, rounds->count, sample->round);
        size_t place = summary_place(summary, scope, sample->name);
        struct run_valid key = {sample->run, false};
        const struct run_valid *run =
            run_count == 0 ? NULL : bsearch(&key, runs, run_count, sizeof(key), by_run);
        if (round != SUMMARY_NONE && place != SUMMARY_NONE && run != NULL && run->valid)
            rounds->at[cell_of(rounds, sample->arm, place, round)] = sample;
    }
    return RC_OK;
}

enum rc rounds_build(struct rounds *rounds, const struct summary *summary, struct err *err)
{
    const struct record *record = summary->record;
    size_t samples = record->sample_count + 1; /* never an allocation of nothing */
    /* A void round may have no finished run at all: the events count them. */
    *rounds = (struct rounds){.summary = summary, .voided = summary->voided};
    uint32_t *numbers = calloc(samples, sizeof(*numbers));
    struct run_valid *runs = calloc(samples, sizeof(*runs));
    bool *ran = NULL;
    enum rc rc = numbers == NULL || runs == NULL ? out_of_memory(err) : RC_OK;
    if (rc == RC_OK) {
        size_t count = find_numbers(record, numbers);
        ran = calloc(count + 1, summary->arm_count + 1);
        rc = ran == NULL ? out_of_memory(err) : select_rounds(rounds, numbers, count, ran, err);
    }
    if (rc == RC_OK)
        rc = fill(rounds, runs, find_runs(record, runs), err);
    free(ran);
    free(runs);
    free(numbers);
    if (rc != RC_OK)
        rounds_release(rounds);
    return rc;
}

void rounds_release(struct rounds *rounds)
{
    arena_release(&rounds->arena);
    *rounds = (struct rounds){0};
}

const struct sample *rounds_sample(const struct rounds *rounds, size_t arm, size_t place,
                                   size_t round)
{
    return rounds->at[cell_of(rounds, arm, place, round)];
}

double rounds_value(const struct rounds *rounds, size_t arm, size_t place, enum metric metric,
                    size_t round)
{
    CHECK(metric < METRIC_COUNT);
    const struct sample *sample = rounds_sample(rounds, arm, place, round);
    return sample == NULL ? NAN : sample->value[metric];
}

size_t rounds_pair(const struct rounds *rounds, size_t a, size_t b, size_t place,
                   enum metric metric, size_t limit, double *d)
{
    size_t n = 0;
    for (size_t r = 0; r < rounds->count && r < limit; r++) {
        double x = rounds_value(rounds, a, place, metric, r);
        double y = rounds_value(rounds, b, place, metric, r);
        if (!(x > 0 && y > 0 && isfinite(x) && isfinite(y)))
            continue;
        /* A difference of logarithms, so that swapping a and b only turns the sign. */
        double ratio = log(x) - log(y);
        d[n++] = metric_table[metric].better == HIGHER ? -ratio : ratio;
    }
    return n;
}

double rounds_margin(const struct record_protocol *protocol, enum metric metric)
{
    CHECK(metric < METRIC_COUNT);
    const struct metric_info *info = &metric_table[metric];
    double margin = protocol->margin_cpu;
    if (info->kind == COUNTER)
        margin = protocol->margin_exact;
    else if (metric == M_OPS_PER_S)
        margin = protocol->margin_rate;
    else if (strncmp(info->name, "p50_", 4) == 0)
        margin = protocol->margin_p50;
    else if (strncmp(info->name, "p95_", 4) == 0)
        margin = protocol->margin_p95;
    return log1p(margin);
}
