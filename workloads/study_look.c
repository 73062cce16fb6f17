/* study_look.c: looks at the data of a study that is running, and the arms they drop.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/study_parts.h"

uint32_t study_active_arms(const struct study *study)
{
    uint32_t count = 0;
    for (uint32_t arm = 0; arm < study_arms(study); arm++)
        count += !study->dropped[arm];
    return count;
}

void study_look_ahead(const struct study *study, struct study_progress *progress)
{
    const struct record_protocol *protocol = &study->record.manifest.protocol;
    if (protocol->stopping != STOPPING_LOOKS || !study->callbacks->look)
        return;
    for (size_t i = 0; i < protocol->look_count && !progress->look; i++) {
        if (protocol->looks[i] < progress->round)
            continue;
        progress->look = (uint32_t)i + 1;
        progress->looks = (uint32_t)protocol->look_count;
        progress->look_rounds = protocol->looks[i];
    }
}

static void apply_look(struct study *study, const struct record_event *event)
{
    for (size_t i = 0; i < event->dropped_count; i++) {
        CHECK(event->dropped[i] < study_arms(study));
        study->outcome->arms_dropped += !study->dropped[event->dropped[i]];
        study->dropped[event->dropped[i]] = true;
    }
    study->outcome->look = event->look;
    study->outcome->budget_spent = record_ends_early(&study->record.manifest, event);
    study->ended = event->ends || study_active_arms(study) == 0;
}

static const struct record_event *recorded_look(const struct study *study, uint32_t round)
{
    for (size_t i = 0; i < study->record.event_count; i++) {
        const struct record_event *event = &study->record.events[i];
        if (event->kind == EVENT_LOOK && event->round == round)
            return event;
    }
    return NULL;
}

/* Rounds ran on without a look, or what it said is lost: to take it now would drop arms from rounds
 * they are in, and not to take it might run those it dropped. */
static bool is_too_late(const struct study *study, uint32_t round)
{
    for (size_t i = 0; i < study->record.sample_count; i++)
        if (study->record.samples[i].round > round)
            return true;
    return false;
}

/* What the record says in place of nothing. */
static enum rc finish_said(struct buf *said, struct err *err)
{
    for (size_t i = 0; i < said->len; i++)
        if (said->ptr[i] < 0x20 || said->ptr[i] == 0x7f)
            said->ptr[i] = ' ';
    return said->len ? RC_OK : buf_append(said, span_of_str("nothing was dropped"), err);
}

static enum rc take_look(struct study *study, uint32_t round, uint32_t look)
{
    const struct study_callbacks *callbacks = study->callbacks;
    const struct record_manifest *manifest = &study->record.manifest;
    bool drop[STUDY_ARMS_MAX] = {false}, ends = false;
    uint32_t dropped[STUDY_ARMS_MAX];
    struct buf said = {0};
    struct record_event event = {
        .kind = EVENT_LOOK,
        .round = round,
        .look = look,
        .rounds = study->outcome->rounds_done,
        .dropped = dropped,
    };
    enum rc rc = callbacks->look(callbacks->ctx, study->dir, look, event.rounds, drop, &ends, &said,
                                 study->err);
    for (uint32_t arm = 0; manifest->protocol.racing && arm < study_arms(study); arm++)
        if (drop[arm] && !study->dropped[arm])
            dropped[event.dropped_count++] = arm;
    event.ends = ends;
    if (rc == RC_OK)
        rc = finish_said(&said, study->err);
    event.reason = buf_str(&said);
    if (rc == RC_OK)
        rc = record_event_append(study->dir, manifest, &event, study->err);
    if (rc == RC_OK)
        apply_look(study, &event);
    buf_release(&said);
    return rc;
}

enum rc study_look(struct study *study, uint32_t round)
{
    uint32_t look = record_look_due(&study->record.manifest.protocol, study->outcome->rounds_done);
    const struct record_event *recorded = recorded_look(study, round);
    if (recorded) {
        apply_look(study, recorded);
        return RC_OK;
    }
    if (!look || !study->callbacks->look)
        return RC_OK;
    if (is_too_late(study, round)) {
        FAIL(study->err, RC_USAGE, 0,
             "%s/events.jsonl: look %" PRIu32 " was due after round %" PRIu32
             " and is not there, later rounds are",
             Q(study->dir), look, round);
        err_hint(study->err, "is the file lost or cut? begin a new study");
        return RC_USAGE;
    }
    return take_look(study, round, look);
}

enum rc study_look_early(struct study *study)
{
    const struct record_manifest *manifest = &study->record.manifest;
    struct record_event event = {
        .kind = EVENT_LOOK,
        .round = study->last_round,
        .reason = "the time budget was spent",
        .rounds = study->outcome->rounds_done,
        .look = record_look_early(manifest, study->outcome->rounds_done),
        .ends = true,
    };
    if (!event.look || !study->callbacks->look)
        return RC_OK;
    enum rc rc = record_event_append(study->dir, manifest, &event, study->err);
    if (rc == RC_OK)
        apply_look(study, &event);
    return rc;
}
