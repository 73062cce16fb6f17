#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/record_parts.h"

static const char *label_of(const struct record *record, const struct sample *sample)
{
    return record->manifest.arms[sample->arm].label;
}

/* "samples.jsonl:12: ", or "" for what was not read from there.  Without the folder: what is said
 * here becomes part of reports, wherever the study stands. */
struct place {
    char text[32];
};

static struct place place_of(const struct sample *sample)
{
    struct place place = {""};
    if (sample->line != 0)
        (void)snprintf(place.text, sizeof(place.text), RECORD_SAMPLES_NAME ":%u: ", sample->line);
    return place;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Whether a dropped arm ran on: what it did then was not part of the plan any more. */
static enum rc check_dropped(const struct record *record, const struct sample *run, struct err *err)
{
    uint32_t from = record_dropped_from(record, run->arm);
    if (run->round < from)
        return RC_OK;
    return FAIL(err, RC_INVALID, 0,
                "%srun %" PRIu32 " is of round %" PRIu32
                ", and its arm \"%s\" was dropped after round "
                "%" PRIu32,
                place_of(run).text, run->run, run->round, Q(label_of(record, run)), from - 1);
}

/* One draw per round.  `before` is a valid run of the same round, or NULL. */
static enum rc check_padding(const struct sample *before, const struct sample *run, struct err *err)
{
    if (before == NULL || !run->valid || before->env_padding == run->env_padding)
        return RC_OK;
    return FAIL(err, RC_INVALID, 0,
                "%sruns %" PRIu32 " and %" PRIu32 " of round %" PRIu32
                " had other environments: %" PRIu32 " and %" PRIu32 " bytes of padding",
                place_of(run).text, before->run, run->run, run->round, before->env_padding,
                run->env_padding);
}

/* Every arm that takes part in it, but in a round that was voided. */
static enum rc check_complete(const struct record *record, uint32_t round,
                              const struct sample *const *runs, struct err *err)
{
    bool is_void = record_round_void(record, round);
    for (uint32_t i = 0; !is_void && i < record->manifest.arm_count; i++) {
        if (runs[i] != NULL || round >= record_dropped_from(record, i))
            continue;
        enum rc rc = FAIL(err, RC_INVALID, 0, "round %" PRIu32 " has no run of arm \"%s\"", round,
                          Q(record->manifest.arms[i].label));
        err_hint(err, "an interrupted study can be finished with \"blobfront resume\"");
        return rc;
    }
    return RC_OK;
}

static bool was_looked_at(const struct record *record, uint32_t rounds)
{
    for (size_t i = 0; i < record->event_count; i++)
        if (record->events[i].kind == EVENT_LOOK && record->events[i].rounds == rounds)
            return true;
    return false;
}

/* All rounds are complete.  A look is taken before the next round is begun: who looks later could
 * choose when. */
static enum rc check_looks(const struct record *record, uint32_t rounds, struct err *err)
{
    uint32_t counted = 0;
    for (uint32_t round = 0; round + 1 < rounds; round++) {
        if (record_round_void(record, round))
            continue;
        uint32_t look = record_look_due(&record->manifest.protocol, ++counted);
        if (look != 0 && !was_looked_at(record, counted))
            return FAIL(err, RC_INVALID, 0,
                        RECORD_EVENTS_NAME ": look %" PRIu32 " was due after round %" PRIu32
                                           " and is not there, later rounds are",
                        look, round);
    }
    return RC_OK;
}

/* `runs` and `slots` are scratch space, one per arm. */
static enum rc check_round(const struct record *record, uint32_t round, const struct sample **runs,
                           bool *slots, struct err *err)
{
    const struct sample *before = NULL;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < record->manifest.arm_count; i++) {
        runs[i] = NULL;
        slots[i] = false;
    }
    for (size_t i = 0; rc == RC_OK && i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind != SAMPLE_RUN || sample->round != round)
            continue;
        if (runs[sample->arm] != NULL)
            return FAIL(err, RC_INVALID, 0,
                        "%sround %" PRIu32 " has arm \"%s\" twice: runs %" PRIu32 " and %" PRIu32,
                        place_of(sample).text, round, Q(label_of(record, sample)),
                        runs[sample->arm]->run, sample->run);
        if (slots[sample->slot])
            return FAIL(err, RC_INVALID, 0, "round %" PRIu32 " has two runs in slot %" PRIu32,
                        round, sample->slot);
        runs[sample->arm] = sample;
        slots[sample->slot] = true;
        rc = check_dropped(record, sample, err);
        if (rc == RC_OK)
            rc = check_padding(before, sample, err);
        before = sample->valid ? sample : before;
    }
    return rc == RC_OK ? check_complete(record, round, runs, err) : rc;
}

static enum rc check_run_numbers(const struct record *record, struct err *err)
{
    uint32_t runs = 0;
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->arm >= record->manifest.arm_count || sample->slot >= record->manifest.arm_count)
            return FAIL(err, RC_INVALID, 0,
                        "run %" PRIu32 " is of an arm or slot the study does "
                        "not have",
                        sample->run);
        if (sample->kind != SAMPLE_RUN)
            continue;
        runs++;
        if (record_find(record, sample->run, SAMPLE_RUN, "") != sample)
            return FAIL(err, RC_INVALID, 0, "run %" PRIu32 " is recorded twice", sample->run);
    }
    if (runs != record->run_count)
        return FAIL(err, RC_INVALID, 0, "the record says %" PRIu32 " runs and holds %" PRIu32,
                    record->run_count, runs);
    return RC_OK;
}

static enum rc check_rounds(const struct record *record, struct err *err)
{
    /* Rounds that are not void have a run at least, so their numbers are below that of the runs and
     * events. */
    uint64_t most = (uint64_t)record->run_count + record->event_count;
    uint32_t rounds = 0;
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind == SAMPLE_RUN && sample->round >= rounds) {
            if (sample->round >= most)
                return FAIL(err, RC_INVALID, 0,
                            "%srun %" PRIu32 " is of round %" PRIu32 ", and there are %" PRIu32
                            " runs in all",
                            place_of(sample).text, sample->run, sample->round, record->run_count);
            rounds = sample->round + 1;
        }
    }
    const struct sample **runs = calloc(record->manifest.arm_count, sizeof(*runs));
    bool *slots = calloc(record->manifest.arm_count, sizeof(*slots));
    enum rc rc = RC_OK;
    if (runs == NULL || slots == NULL)
        rc = FAIL(err, RC_NOMEM, 0, "no memory to verify a record");
    for (uint32_t round = 0; rc == RC_OK && round < rounds; round++)
        rc = check_round(record, round, runs, slots, err);
    if (rc == RC_OK)
        rc = check_looks(record, rounds, err);
    free(runs);
    free(slots);
    return rc;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static enum rc missing_part(const struct record *record, const struct sample *run, const char *kind,
                            const char *name, struct err *err)
{
    return FAIL(err, RC_INVALID, 0, "%srun %" PRIu32 " (%s) counts as valid and has no %s \"%s\"",
                place_of(run).text, run->run, Q(label_of(record, run)), kind, Q(name));
}

/* A valid run did everything. */
static enum rc check_parts(const struct record *record, const struct sample *run, struct err *err)
{
    for (size_t i = 0; i < record->manifest.phase_count; i++) {
        const struct record_phase *phase = &record->manifest.phases[i];
        if (record_find(record, run->run, SAMPLE_PHASE, phase->name) == NULL)
            return missing_part(record, run, "phase", phase->name, err);
        if (phase->snapshot[0] != '\0' &&
            record_find(record, run->run, SAMPLE_SNAPSHOT, phase->snapshot) == NULL)
            return missing_part(record, run, "snapshot", phase->snapshot, err);
    }
    return RC_OK;
}

/* What makes a run invalid whatever its line says. */
static enum rc check_validity(const struct record *record, const struct sample *run,
                              struct err *err)
{
    if (!run->valid) {
        if (run->reason[0] == '\0')
            return FAIL(err, RC_INVALID, 0, "%srun %" PRIu32 " is INVALID without a reason",
                        place_of(run).text, run->run);
        return RC_OK;
    }
    struct value_defect defect;
    record_values_check(&record->manifest, run, &defect);
    if (defect.key != NULL)
        return FAIL(err, RC_INVALID, 0, "%srun %" PRIu32 " (%s): \"%s\" %s", place_of(run).text,
                    run->run, Q(label_of(record, run)), defect.key, defect.what);
    if (strcmp(run->dataset_hash, record->manifest.dataset_hash) != 0)
        return FAIL(err, RC_INVALID, 0,
                    "%srun %" PRIu32 " (%s) counts as valid and stored other "
                    "data: dataset hash %s, expected %s",
                    place_of(run).text, run->run, Q(label_of(record, run)), Q(run->dataset_hash),
                    Q(record->manifest.dataset_hash));
    return check_parts(record, run, err);
}

/* False for a run that left out phases its strategy does not support. */
static bool read_everything(const struct record *record, const struct sample *run)
{
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->run == run->run && sample->kind == SAMPLE_PHASE &&
            sample->unsupported[0] != '\0')
            return false;
    }
    return true;
}

/* Who left out phases read less; runs of one arm must be equal all the same. */
static enum rc check_verification(const struct record *record, const struct sample *first,
                                  const struct sample *run, struct err *err)
{
    if (strcmp(first->verification, run->verification) == 0)
        return RC_OK;
    if (first->arm != run->arm && !(read_everything(record, first) && read_everything(record, run)))
        return RC_OK;
    return FAIL(err, RC_INVALID, 0,
                "%sruns %" PRIu32 " (%s) and %" PRIu32 " (%s) read other bytes: "
                "\"verification\" %s and %s",
                place_of(run).text, first->run, Q(label_of(record, first)), run->run,
                Q(label_of(record, run)), Q(first->verification), Q(run->verification));
}

/* ---- counters -------------------------------------------------------------------------------- */

static enum rc differing_counter(const struct record *record, const struct sample *first,
                                 const struct sample *other, size_t metric, struct err *err)
{
    char place[QUOTE_SIZE];
    quote_str(place, sizeof(place), first->kind == SAMPLE_RUN ? "run" : first->name);
    return FAIL(err, RC_INVALID, 0,
                "%sarm \"%s\", %s: counter \"%s\" is %.17g in run %" PRIu32
                " and %.17g in run %" PRIu32,
                place_of(other).text, Q(label_of(record, first)), place, metric_table[metric].name,
                first->value[metric], first->run, other->value[metric], other->run);
}

/* A counter absent in one is a difference too. */
static enum rc compare_counters(const struct record *record, const struct sample *first,
                                const struct sample *other, struct err *err)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (metric_table[i].kind != COUNTER)
            continue;
        double a = first->value[i], b = other->value[i];
        if (a != b && !(isnan(a) && isnan(b)))
            return differing_counter(record, first, other, i, err);
    }
    return RC_OK;
}

/* What a strategy supports and how its store grows is as exact as a counter. */
static enum rc compare_series(const struct record *record, const struct sample *first,
                              const struct sample *other, struct err *err)
{
    const struct series *a = &first->series, *b = &other->series;
    bool equal = a->count == b->count && strcmp(first->unsupported, other->unsupported) == 0;
    for (size_t i = 0; equal && i < a->count; i++) {
        const struct series_point *x = &a->items[i], *y = &b->items[i];
        equal = x->ops == y->ops && x->versions == y->versions && x->held == y->held &&
                x->written_bytes == y->written_bytes && x->live_bytes == y->live_bytes &&
                x->history_bytes == y->history_bytes && x->total_bytes == y->total_bytes;
    }
    if (equal)
        return RC_OK;
    return FAIL(err, RC_INVALID, 0,
                "%sarm \"%s\", %s: the series of run %" PRIu32 " is not that of run %" PRIu32,
                place_of(other).text, Q(label_of(record, first)), Q(first->name), first->run,
                other->run);
}

/* Every line of run `other` against the same line of run `first`. */
static enum rc compare_runs(const struct record *record, uint32_t first, uint32_t other,
                            struct err *err)
{
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->run != first && sample->run != other)
            continue;
        const struct sample *twin =
            record_find(record, sample->run == first ? other : first, sample->kind, sample->name);
        if (twin == NULL)
            return FAIL(err, RC_INVALID, 0,
                        "%s%s \"%s\" is in run %" PRIu32 " and not in run %" PRIu32
                        " of the same arm",
                        place_of(sample).text, sample_kind_name(sample->kind), Q(sample->name),
                        sample->run, sample->run == first ? other : first);
        enum rc rc = sample->run == first ? compare_counters(record, sample, twin, err) : RC_OK;
        if (rc == RC_OK && sample->kind == SAMPLE_PHASE)
            rc = compare_series(record, sample, twin, err);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

/* The first valid run of the arm, before `run` or `run` itself. */
static const struct sample *first_valid_run(const struct record *record, uint32_t arm)
{
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind == SAMPLE_RUN && sample->valid && sample->arm == arm)
            return sample;
    }
    return NULL;
}

/* The run the others are held against: the control's, where it has a valid one. */
static const struct sample *reference_run(const struct record *record, uint32_t arm)
{
    const struct sample *run = NULL;
    for (uint32_t i = 0; i < record->manifest.arm_count && run == NULL; i++)
        if (record->manifest.arms[i].control)
            run = first_valid_run(record, i);
    return run != NULL ? run : first_valid_run(record, arm);
}

enum rc record_verify_arm(const struct record *record, uint32_t arm, struct err *err)
{
    const struct sample *reference = reference_run(record, arm);
    const struct sample *twin = first_valid_run(record, arm);
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < record->sample_count; i++) {
        const struct sample *run = &record->samples[i];
        if (run->kind != SAMPLE_RUN || !run->valid || run->arm != arm)
            continue;
        rc = check_verification(record, reference, run, err);
        if (rc == RC_OK)
            rc = check_dropped(record, run, err);
        if (rc == RC_OK && twin != run)
            rc = compare_runs(record, twin->run, run->run, err);
    }
    return rc;
}

/* Timings of a void round are used nowhere; its runs are finished runs all the same, and what they
 * stored and counted is held to the same rules. */
enum rc record_verify(const struct record *record, struct err *err)
{
    enum rc rc = check_run_numbers(record, err);
    const struct sample *first = NULL;
    for (size_t i = 0; rc == RC_OK && i < record->sample_count; i++) {
        const struct sample *run = &record->samples[i];
        if (run->kind != SAMPLE_RUN)
            continue;
        rc = check_validity(record, run, err);
        if (rc != RC_OK || !run->valid)
            continue;
        if (first == NULL && read_everything(record, run))
            first = run;
        const struct sample *twin = first_valid_run(record, run->arm);
        if (first != NULL)
            rc = check_verification(record, first, run, err);
        if (rc == RC_OK)
            rc = check_verification(record, twin, run, err);
        if (rc == RC_OK && twin != run)
            rc = compare_runs(record, twin->run, run->run, err);
    }
    return rc == RC_OK ? check_rounds(record, err) : rc;
}
