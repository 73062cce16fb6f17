#include "analysis/frontier.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/frontier_build.h"

enum rc frontier_no_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory to compute the frontier");
}

enum rc frontier_note(struct frontier *frontier, struct err *err, const char *fmt, ...)
{
    enum { NOTES_MAX = 64 };
    char line[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (frontier->notes == NULL)
        frontier->notes = arena_zalloc(&frontier->arena, NOTES_MAX, sizeof(*frontier->notes));
    char *copy = arena_strdup(&frontier->arena, line);
    if (frontier->notes == NULL || copy == NULL)
        return frontier_no_memory(err);
    if (frontier->note_count < NOTES_MAX)
        frontier->notes[frontier->note_count++] = copy;
    return RC_OK;
}

const char *frontier_label(const struct frontier *frontier, size_t arm)
{
    return frontier->summary->arms[arm].arm->label;
}

enum rc frontier_keep_text(struct frontier *frontier, struct buf *line, const char **out,
                           struct err *err)
{
    *out = arena_strdup(&frontier->arena, buf_str(line));
    return *out == NULL ? frontier_no_memory(err) : RC_OK;
}

void frontier_claim_fit(struct claim *claim)
{
    const struct interval *ratio = &claim->ratio;
    bool tested = claim->label == CLAIM_CONFIRMED || claim->label == CLAIM_REFUTED;
    if (ratio->n == 0 || (tested && !(ratio->low > 0 && isfinite(ratio->high))))
        claim->label = CLAIM_DESCRIPTIVE;
}

/* ---- build ---------------------------------------------------------------------------------- */

static bool competes(const struct frontier *frontier, size_t arm)
{
    const struct summary_arm *candidate = &frontier->summary->arms[arm];
    return candidate->valid && !candidate->arm->volatile_floor && !candidate->arm->control_again &&
           (candidate->arm->sql || frontier->anywhere);
}

/* Before keys are known: who is in the race at all. */
static void set_lanes(struct frontier *frontier)
{
    for (size_t a = 0; a < frontier->arm_count; a++) {
        const struct summary_arm *source = &frontier->summary->arms[a];
        struct frontier_arm *arm = &frontier->arms[a];
        arm->eligible = competes(frontier, a);
        arm->standing = !source->valid               ? STANDING_INVALID
                        : source->arm->control_again ? STANDING_CONTROL
                        : !arm->eligible             ? STANDING_REFERENCE
                                                     : STANDING_ON;
        arm->dropped = record_dropped_from(frontier->summary->record, (uint32_t)a) != UINT32_MAX;
        arm->stability = arm->hypervolume = NAN;
    }
}

/* An arm without a key cannot be compared. */
static void set_missing(struct frontier *frontier)
{
    for (size_t a = 0; a < frontier->arm_count; a++) {
        struct frontier_arm *arm = &frontier->arms[a];
        for (size_t k = 0; k < frontier->key_count && arm->eligible; k++) {
            if (isfinite(arm->value[k]))
                continue;
            arm->standing = STANDING_INCOMPLETE;
            arm->missing = frontier->keys[k].name;
            arm->eligible = false;
        }
    }
}

/* What more rounds would cost: the time of a round's runs, whole. */
static void set_round_time(struct frontier *frontier)
{
    const struct summary *summary = frontier->summary;
    size_t place = summary_place(summary, RUN, "run");
    double sum = 0;
    for (size_t a = 0; a < frontier->arm_count; a++) {
        double run = summary_median(summary, a, place, M_RUN_NS);
        if (isfinite(run) && !frontier->arms[a].dropped)
            sum += run / 1e9;
    }
    frontier->round_seconds = sum > 0 ? sum : NAN;
}

/* What was chosen with the data at hand is no prediction: a reader must know. */
static enum rc note_changes(struct frontier *frontier, const struct frontier_options *options,
                            struct err *err)
{
    const struct record_manifest *manifest = &frontier->summary->record->manifest;
    enum rc rc = RC_OK;
    if (options->keys != NULL)
        rc = frontier_note(frontier, err,
                           "the key metrics were named after the data were there, not in the plan");
    if (rc == RC_OK && frontier->guardrail != manifest->guardrail)
        rc = frontier_note(frontier, err,
                           "the guardrail of %.4g %% was asked for after the data were there; the "
                           "plan's is %.4g %%",
                           100 * frontier->guardrail, 100 * manifest->guardrail);
    if (rc == RC_OK && frontier->anywhere != manifest->anywhere)
        rc = frontier_note(frontier, err,
                           "which lanes compete was changed after the data were there");
    return rc;
}

/* Who looked at any number of rounds and then went on could choose when to stop. */
static enum rc note_unfinished(struct frontier *frontier, struct err *err)
{
    size_t count = frontier->rounds.count;
    if (frontier->look_next == 0 || count == frontier->rounds_tested)
        return RC_OK;
    return frontier_note(frontier, err,
                         "the study is not finished: claims rest on %zu of %zu rounds, and on more "
                         "after %" PRIu32,
                         frontier->rounds_tested, count, frontier->look_next);
}

/* `keys` NULL: the default ones. */
static enum rc build(struct frontier *frontier, const struct frontier_options *options,
                     struct err *err)
{
    const struct record_protocol *protocol = &frontier->summary->record->manifest.protocol;
    frontier->arms =
        arena_zalloc(&frontier->arena, frontier->arm_count + 1, sizeof(*frontier->arms));
    if (frontier->arms == NULL)
        return frontier_no_memory(err);
    enum rc rc = rounds_build(&frontier->rounds, frontier->summary, err);
    if (rc != RC_OK)
        return rc;
    size_t count = frontier->rounds.count;
    if (options->rounds != 0 && options->rounds < count)
        count = options->rounds;
    count = record_claim_rounds(frontier->summary->record, (uint32_t)count, &frontier->look_next);
    frontier->schedule = dominance_schedule_of(protocol, count);
    if (frontier->schedule.count != 0)
        frontier->rounds_tested = frontier->schedule.looks[frontier->schedule.count - 1].rounds;
    set_lanes(frontier);
    set_round_time(frontier);
    rc = note_changes(frontier, options, err);
    if (rc == RC_OK)
        rc = note_unfinished(frontier, err);
    if (rc == RC_OK)
        rc = frontier_keys(frontier, options->keys, err);
    if (rc == RC_OK)
        rc = frontier_values(frontier, err);
    set_missing(frontier);
    if (rc == RC_OK)
        rc = frontier_place(frontier, err);
    if (rc == RC_OK)
        rc = frontier_guard(frontier, err);
    if (rc == RC_OK)
        rc = frontier_choose(frontier, err);
    return rc == RC_OK ? frontier_describe(frontier, err) : rc;
}

enum rc frontier_build(struct frontier *frontier, const struct summary *summary,
                       const struct frontier_options *options, struct err *err)
{
    const struct record_manifest *manifest = &summary->record->manifest;
    struct frontier_options planned = {0};
    if (options == NULL)
        options = &planned;
    *frontier = (struct frontier){
        .summary = summary,
        .arm_count = summary->arm_count,
        .guardrail = options->guardrail_set ? options->guardrail : manifest->guardrail,
        .anywhere = options->anywhere_set ? options->anywhere : manifest->anywhere,
        .storage_place = SUMMARY_NONE,
        .choice = SUMMARY_NONE,
        .hopeful = SUMMARY_NONE,
        .knee = SUMMARY_NONE,
        .sentence = "",
        .method = "",
        .guard_method = "",
    };
    enum rc rc;
    if (!(frontier->guardrail >= 0 && isfinite(frontier->guardrail)))
        rc = FAIL(err, RC_USAGE, 0, "guardrail: expected a share of at least 0, got %g",
                  frontier->guardrail);
    else
        rc = build(frontier, options, err);
    if (rc != RC_OK)
        frontier_release(frontier);
    return rc;
}

void frontier_release(struct frontier *frontier)
{
    rounds_release(&frontier->rounds);
    arena_release(&frontier->arena);
    *frontier = (struct frontier){0};
}

bool frontier_keeps(const struct frontier *frontier, size_t arm)
{
    enum frontier_standing standing = frontier->arms[arm].standing;
    return standing == STANDING_ON || standing == STANDING_UNDECIDED;
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *frontier_standing_name(enum frontier_standing standing)
{
    static const char *const names[] = {"on_frontier",   "dominated",  "undecided", "reference",
                                        "control_again", "incomplete", "invalid"};
    CHECK((size_t)standing < COUNT_OF(names));
    return names[standing];
}

const char *guardrail_state_name(enum guardrail_state state)
{
    static const char *const names[] = {"-", "HOLDS", "BROKEN", "UNDECIDED"};
    CHECK((size_t)state < COUNT_OF(names));
    return names[state];
}

static void print_dominators(const struct frontier *frontier, const struct frontier_arm *arm,
                             size_t names_max, struct text *text)
{
    size_t shown = arm->dominator_count < names_max ? arm->dominator_count : names_max;
    for (size_t i = 0; i < shown; i++) {
        text_put(text, i == 0 ? "dominated by " : ", ");
        text_put(text, frontier_label(frontier, arm->dominators[i]));
    }
    if (shown < arm->dominator_count)
        text_print(text, " +%zu", arm->dominator_count - shown);
}

static void print_undecided(const struct frontier *frontier, const struct frontier_arm *arm,
                            struct text *text)
{
    if (arm->rounds_needed == SIZE_MAX)
        text_put(text, "undecided, more rounds would not help");
    else
        text_print(text, "undecided, ~%zu more rounds",
                   arm->rounds_needed - frontier->rounds_tested);
}

enum rc frontier_standing_print(const struct frontier *frontier, size_t arm, size_t names_max,
                                struct buf *out, struct err *err)
{
    CHECK(arm < frontier->arm_count && names_max != 0);
    struct text text = text_to(out, err);
    const struct frontier_arm *placed = &frontier->arms[arm];
    switch (placed->standing) {
    case STANDING_ON: text_put(&text, "on frontier"); break;
    case STANDING_OUT: print_dominators(frontier, placed, names_max, &text); break;
    case STANDING_UNDECIDED: print_undecided(frontier, placed, &text); break;
    case STANDING_REFERENCE:
        text_put(&text, frontier->summary->arms[arm].arm->volatile_floor ? "reference lane (floor)"
                                                                         : "reference lane");
        break;
    case STANDING_CONTROL: text_put(&text, "control again (noise)"); break;
    case STANDING_INCOMPLETE:
        text_put(&text, "not placed: no ");
        text_put(&text, placed->missing);
        break;
    case STANDING_INVALID:
        text_put(&text, "INVALID: ");
        text_put(&text, frontier->summary->arms[arm].reason);
        break;
    }
    return text.rc;
}
