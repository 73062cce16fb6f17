/* record_events_check.c: what happened to rounds against the runs that are there.  A run's lines
 * are durable before an event that speaks of them is written, so no crash makes them contradict
 * each other: where they do, a file was edited, cut or is another study's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "results/record_parts.h"

struct tally {
    const struct record *record;
    uint64_t rounds;     /* every round an event may speak of has a lower number */
    uint32_t *runs;      /* per round: finished runs of arms that took part */
    uint32_t *left_from; /* per arm: the first round it took no part in */
    struct err *err;
};

static enum rc tally_make(struct tally *tally)
{
    const struct record *record = tally->record;
    size_t arms = record->manifest.arm_count;
    /* A round that counts has a run, one that does not has an event. */
    tally->rounds = (uint64_t)record->run_count + record->event_count;
    tally->runs = calloc(tally->rounds + 1, sizeof(*tally->runs));
    tally->left_from = calloc(arms + 1, sizeof(*tally->left_from));
    if (tally->runs == NULL || tally->left_from == NULL)
        return FAIL(tally->err, RC_NOMEM, 0, "no memory to check the events of a record");
    for (size_t i = 0; i < arms; i++)
        tally->left_from[i] = record_dropped_from(record, (uint32_t)i);
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *run = &record->samples[i];
        if (run->kind == SAMPLE_RUN && run->round < tally->rounds &&
            run->round < tally->left_from[run->arm])
            tally->runs[run->round]++;
    }
    return RC_OK;
}

static enum rc refuse(const struct tally *tally, const struct record_event *event, const char *key,
                      const char *what)
{
    return FAIL(tally->err, RC_USAGE, 0, "%s/%s:%u: \"%s\" %s", Q(tally->record->dir),
                RECORD_EVENTS_NAME, event->line, key, what);
}

static bool is_complete(const struct tally *tally, uint32_t round)
{
    uint32_t arms = 0;
    for (size_t i = 0; i < tally->record->manifest.arm_count; i++)
        arms += round < tally->left_from[i];
    return round < tally->rounds && tally->runs[round] >= arms &&
           !record_round_void(tally->record, round);
}

/* Rounds are begun one after the other. */
static enum rc check_void(const struct tally *tally, const struct record_event *event)
{
    char what[96];
    for (uint32_t round = 0; round < event->round; round++) {
        if (round < tally->rounds &&
            (tally->runs[round] > 0 || record_round_void(tally->record, round)))
            continue;
        (void)snprintf(what, sizeof(what),
                       "%" PRIu32 " is void, and round %" PRIu32 " before it was not begun",
                       event->round, round);
        return refuse(tally, event, "round", what);
    }
    return RC_OK;
}

static enum rc check_ended(const struct tally *tally, const struct record_event *event)
{
    const struct record *record = tally->record;
    char what[96];
    for (size_t i = 0; event->ends && i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->round <= event->round)
            continue;
        (void)snprintf(what, sizeof(what),
                       "is true, and run %" PRIu32 " of round %" PRIu32 " came after it",
                       sample->run, sample->round);
        return refuse(tally, event, "ends", what);
    }
    return RC_OK;
}

static enum rc check_look(const struct tally *tally, const struct record_event *event)
{
    uint32_t complete = 0;
    char what[128];
    for (uint32_t round = 0; round <= event->round && round < tally->rounds; round++)
        complete += is_complete(tally, round);
    if (!is_complete(tally, event->round)) {
        (void)snprintf(what, sizeof(what), "%" PRIu32 " was looked at, and is not complete",
                       event->round);
        return refuse(tally, event, "round", what);
    }
    if (complete != event->rounds) {
        (void)snprintf(what, sizeof(what),
                       "is %" PRIu32 ", and up to round %" PRIu32 " there are %" PRIu32
                       " complete rounds that count",
                       event->rounds, event->round, complete);
        return refuse(tally, event, "rounds", what);
    }
    return check_ended(tally, event);
}

enum rc record_events_check(const struct record *record, struct err *err)
{
    struct tally tally = {.record = record, .err = err};
    enum rc rc = record->event_count > 0 ? tally_make(&tally) : RC_OK;
    for (size_t i = 0; rc == RC_OK && i < record->event_count; i++) {
        const struct record_event *event = &record->events[i];
        rc = event->kind == EVENT_VOID ? check_void(&tally, event) : check_look(&tally, event);
    }
    free(tally.runs);
    free(tally.left_from);
    return rc;
}
