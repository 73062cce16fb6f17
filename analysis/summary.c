#include "analysis/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether a run counts, looked up by its number: numbers may have gaps.  Runs of void rounds are
 * not even in the list. */
struct run_state {
    uint32_t run;
    bool valid;
};

static int by_run(const void *a, const void *b)
{
    const struct run_state *x = a, *y = b;
    return (x->run > y->run) - (x->run < y->run);
}

struct builder {
    struct summary *summary;
    struct run_state *runs;
    size_t run_count;
    size_t *place_of; /* of each sample; SUMMARY_NONE when it does not count */
    double *values;   /* room for one value per sample */
    struct err *err;
};

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory to summarise the record");
}

static bool run_is_valid(const struct builder *builder, uint32_t run)
{
    struct run_state key = {run, false};
    const struct run_state *found =
        builder->run_count == 0
            ? NULL
            : bsearch(&key, builder->runs, builder->run_count, sizeof(key), by_run);
    return found != NULL && found->valid;
}

/* ---- arms ----------------------------------------------------------------------------------- */

static enum rc note_invalid(struct builder *builder, struct summary_arm *arm,
                            const struct sample *run)
{
    char reason[1024];
    snprintf(reason, sizeof(reason), "round %u: %s", run->round + 1,
             run->reason[0] == '\0' ? "no reason given" : run->reason);
    arm->reason = arena_strdup(&builder->summary->arena, reason);
    return arm->reason == NULL ? out_of_memory(builder->err) : RC_OK;
}

/* Each run may be right by itself and the arm wrong: a counter that differs is none. */
static enum rc check_arm(struct builder *builder, size_t index)
{
    struct summary_arm *arm = &builder->summary->arms[index];
    struct err found = {0};
    if (arm->runs == 0) {
        arm->valid = false;
        arm->reason = "no run finished";
    }
    enum rc rc = RC_OK;
    if (arm->valid)
        rc = record_verify_arm(builder->summary->record, (uint32_t)index, &found);
    if (rc == RC_INVALID) {
        arm->valid = false;
        arm->reason = arena_strdup(&builder->summary->arena, found.msg);
        return arm->reason == NULL ? out_of_memory(builder->err) : RC_OK;
    }
    if (rc != RC_OK)
        *builder->err = found;
    return rc;
}

/* Events of kind VOID name each round once: the reader holds them to it. */
static uint32_t count_voided(const struct record *record)
{
    uint32_t voided = 0;
    for (size_t i = 0; i < record->event_count; i++)
        voided += record->events[i].kind == EVENT_VOID;
    return voided;
}

static enum rc build_arms(struct builder *builder)
{
    struct summary *summary = builder->summary;
    const struct record *record = summary->record;
    for (size_t a = 0; a < summary->arm_count; a++) {
        const struct record_arm *arm = &record->manifest.arms[a];
        summary->arms[a] = (struct summary_arm){.arm = arm, .valid = true, .reason = ""};
        if (arm->control)
            summary->control = a;
        if (arm->control_again)
            summary->control_again = a;
    }
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind != SAMPLE_RUN)
            continue;
        CHECK(sample->arm < summary->arm_count);
        struct summary_arm *arm = &summary->arms[sample->arm];
        /* A void round's timings are; a blob lost in it is lost. */
        if (record_round_void(record, sample->round) && sample->valid)
            continue;
        builder->runs[builder->run_count++] = (struct run_state){sample->run, sample->valid};
        arm->runs++;
        if (sample->valid) {
            arm->valid_runs++;
            arm->last_run = sample;
        } else if (arm->valid) {
            arm->valid = false;
            enum rc rc = note_invalid(builder, arm, sample);
            if (rc != RC_OK)
                return rc;
        }
    }
    if (builder->run_count > 1)
        qsort(builder->runs, builder->run_count, sizeof(*builder->runs), by_run);
    for (size_t a = 0; a < summary->arm_count; a++) {
        enum rc rc = check_arm(builder, a);
        if (rc != RC_OK)
            return rc;
        if (summary->arms[a].valid_runs > summary->rounds)
            summary->rounds = summary->arms[a].valid_runs;
    }
    return RC_OK;
}

uint32_t summary_invalid_arms(const struct summary *summary)
{
    uint32_t count = 0;
    for (size_t a = 0; a < summary->arm_count; a++)
        count += summary->arms[a].runs != 0 && !summary->arms[a].valid;
    return count;
}

/* ---- places --------------------------------------------------------------------------------- */

size_t summary_arm_named(const struct summary *summary, const char *label)
{
    for (size_t a = 0; a < summary->arm_count; a++) {
        if (strcmp(summary->arms[a].arm->label, label) == 0)
            return a;
    }
    return SUMMARY_NONE;
}

size_t summary_place(const struct summary *summary, enum metric_scope scope, const char *name)
{
    for (size_t p = 0; p < summary->place_count; p++) {
        const struct summary_place *place = &summary->places[p];
        if (place->scope == scope && (scope == RUN || strcmp(place->name, name) == 0))
            return p;
    }
    return SUMMARY_NONE;
}

static enum rc build_places(struct builder *builder)
{
    struct summary *summary = builder->summary;
    const struct record *record = summary->record;
    const struct record_manifest *manifest = &record->manifest;
    /* Every phase, the run, and at most one snapshot per snapshot line. */
    size_t most = manifest->phase_count + 1;
    for (size_t i = 0; i < record->sample_count; i++)
        most += record->samples[i].kind == SAMPLE_SNAPSHOT;
    summary->places = arena_zalloc(&summary->arena, most, sizeof(*summary->places));
    if (summary->places == NULL)
        return out_of_memory(builder->err);
    for (size_t p = 0; p < manifest->phase_count; p++) {
        const struct record_phase *phase = &manifest->phases[p];
        summary->places[summary->place_count++] = (struct summary_place){PHASE, phase->name, phase};
    }
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->kind == SAMPLE_SNAPSHOT &&
            summary_place(summary, SNAPSHOT, sample->name) == SUMMARY_NONE)
            summary->places[summary->place_count++] =
                (struct summary_place){SNAPSHOT, sample->name, NULL};
    }
    summary->places[summary->place_count++] = (struct summary_place){RUN, "run", NULL};
    return RC_OK;
}

static size_t place_of_sample(const struct builder *builder, const struct sample *sample)
{
    if (!run_is_valid(builder, sample->run))
        return SUMMARY_NONE;
    enum metric_scope scope = sample->kind == SAMPLE_PHASE      ? PHASE
                              : sample->kind == SAMPLE_SNAPSHOT ? SNAPSHOT
                                                                : RUN;
    return summary_place(builder->summary, scope, sample->name);
}

/* ---- cells ---------------------------------------------------------------------------------- */

static struct stats *cell_at(const struct summary *summary, size_t arm, size_t place,
                             enum metric metric)
{
    CHECK(arm < summary->arm_count && place < summary->place_count && metric < METRIC_COUNT);
    return &summary->cells[(arm * summary->place_count + place) * METRIC_COUNT + metric];
}

static void build_metrics(struct builder *builder, size_t arm, size_t place,
                          const struct sample *const *samples, size_t count)
{
    for (enum metric m = 0; m < METRIC_COUNT; m++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            double value = samples[i]->value[m];
            if (value == value) /* NaN: absent */
                builder->values[n++] = value;
        }
        *cell_at(builder->summary, arm, place, m) = stats_of(builder->values, n);
    }
}

static enum rc build_cells(struct builder *builder)
{
    struct summary *summary = builder->summary;
    const struct record *record = summary->record;
    size_t cells = summary->arm_count * summary->place_count;
    summary->cells = arena_zalloc(&summary->arena, cells * METRIC_COUNT, sizeof(*summary->cells));
    const struct sample **group = calloc(record->sample_count + 1, sizeof(*group));
    if (summary->cells == NULL || group == NULL) {
        free(group);
        return out_of_memory(builder->err);
    }
    for (size_t i = 0; i < record->sample_count; i++)
        builder->place_of[i] = place_of_sample(builder, &record->samples[i]);
    for (size_t cell = 0; cell < cells; cell++) {
        size_t arm = cell / summary->place_count, place = cell % summary->place_count, count = 0;
        for (size_t i = 0; i < record->sample_count; i++) {
            if (builder->place_of[i] == place && record->samples[i].arm == arm)
                group[count++] = &record->samples[i];
        }
        build_metrics(builder, arm, place, group, count);
    }
    free(group);
    return RC_OK;
}

enum rc summary_build(struct summary *summary, const struct record *record, struct err *err)
{
    *summary = (struct summary){.record = record,
                                .arm_count = record->manifest.arm_count,
                                .control = SUMMARY_NONE,
                                .control_again = SUMMARY_NONE};
    summary->voided = count_voided(record);
    size_t samples = record->sample_count + 1; /* never an allocation of nothing */
    struct builder builder = {.summary = summary,
                              .runs = calloc(samples, sizeof(struct run_state)),
                              .place_of = calloc(samples, sizeof(size_t)),
                              .values = calloc(samples, sizeof(double)),
                              .err = err};
    enum rc rc = RC_OK;
    summary->arms = arena_zalloc(&summary->arena, summary->arm_count + 1, sizeof(*summary->arms));
    if (builder.runs == NULL || builder.place_of == NULL || builder.values == NULL ||
        summary->arms == NULL)
        rc = out_of_memory(err);
    if (rc == RC_OK)
        rc = build_arms(&builder);
    if (rc == RC_OK)
        rc = build_places(&builder);
    if (rc == RC_OK)
        rc = build_cells(&builder);
    free(builder.values);
    free(builder.place_of);
    free(builder.runs);
    if (rc != RC_OK)
        summary_release(summary);
    return rc;
}

void summary_release(struct summary *summary)
{
    arena_release(&summary->arena);
    *summary = (struct summary){0};
}

/* ---- asking --------------------------------------------------------------------------------- */

const struct stats *summary_cell(const struct summary *summary, size_t arm, size_t place,
                                 enum metric metric)
{
    return cell_at(summary, arm, place, metric);
}

double summary_median(const struct summary *summary, size_t arm, size_t place, enum metric metric)
{
    return cell_at(summary, arm, place, metric)->median;
}

bool summary_has(const struct summary *summary, size_t place, enum metric metric)
{
    for (size_t a = 0; a < summary->arm_count; a++) {
        if (cell_at(summary, a, place, metric)->n != 0)
            return true;
    }
    return false;
}

size_t summary_main_snapshot(const struct summary *summary)
{
    size_t best = summary_place(summary, SNAPSHOT, "after_update");
    for (size_t p = 0; p < summary->place_count && best == SUMMARY_NONE; p++) {
        size_t at = summary->place_count - 1 - p;
        if (summary->places[at].scope == SNAPSHOT)
            best = at;
    }
    return best;
}
