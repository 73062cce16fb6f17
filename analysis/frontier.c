#include "analysis/frontier.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/frontier_build.h"
#include "analysis/pareto.h"
#include "analysis/text.h"

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

/* ---- keys ----------------------------------------------------------------------------------- */

/* The control's second median against its first: what this study calls a difference of nothing. */
static double noise_of(const struct summary *summary, size_t place, enum metric metric)
{
    if (summary->control == SUMMARY_NONE || summary->control_again == SUMMARY_NONE)
        return NAN;
    double first = summary_median(summary, summary->control, place, metric);
    double again = summary_median(summary, summary->control_again, place, metric);
    return first != 0 ? again / first - 1 : NAN;
}

static bool competes(const struct frontier *frontier, size_t arm)
{
    const struct summary_arm *candidate = &frontier->summary->arms[arm];
    return candidate->valid && !candidate->arm->volatile_floor && !candidate->arm->control_again &&
           (candidate->arm->sql || frontier->anywhere);
}

static bool anyone_has(const struct frontier *frontier, size_t place, enum metric metric)
{
    for (size_t a = 0; a < frontier->arm_count; a++) {
        if (competes(frontier, a) && isfinite(summary_median(frontier->summary, a, place, metric)))
            return true;
    }
    return false;
}

/* A key somebody typed must exist; one of the default keys is left out where it does not. */
static enum rc add_key(struct frontier *frontier, const char *name, bool typed, struct err *err)
{
    const struct summary *summary = frontier->summary;
    const char *at = strchr(name, '@');
    char metric_name[64];
    if (at == NULL || at == name || at[1] == '\0' || (size_t)(at - name) >= sizeof(metric_name))
        return FAIL(err, RC_USAGE, 0,
                    "key metric: expected METRIC@PHASE or METRIC@SNAPSHOT, got \"%s\"", Q(name));
    snprintf(metric_name, sizeof(metric_name), "%.*s", (int)(at - name), name);
    enum metric metric = metric_by_name(metric_name);
    if (metric == METRIC_COUNT) {
        FAIL(err, RC_USAGE, 0, "key metric: there is no metric \"%s\"", Q(metric_name));
        err_hint(err, "see: blobfront list metrics");
        return err->rc;
    }
    for (size_t k = 0; k < frontier->key_count; k++) {
        if (strcmp(frontier->keys[k].name, name) == 0)
            return FAIL(err, RC_USAGE, 0, "key metric \"%s\" is given twice", Q(name));
    }
    if (metric_table[metric].better == NEITHER)
        return FAIL(err, RC_USAGE, 0, "key metric \"%s\": neither more nor less of it is better",
                    Q(name));
    size_t place = summary_place(summary, metric_table[metric].scope, at + 1);
    if (place == SUMMARY_NONE && typed)
        return FAIL(err, RC_USAGE, 0, "key metric \"%s\": the study has no %s \"%s\"", Q(name),
                    metric_table[metric].scope == PHASE ? "phase" : "snapshot", Q(at + 1));
    if (place == SUMMARY_NONE)
        return frontier_note(frontier, err, "key metric %s left out: the study has no %s", name,
                             at + 1);
    if (!anyone_has(frontier, place, metric))
        return frontier_note(frontier, err, "key metric %s left out: no competing arm has a value",
                             name);
    if (frontier->key_count == FRONTIER_KEYS_MAX)
        return FAIL(err, RC_USAGE, 0, "more than %d key metrics", FRONTIER_KEYS_MAX);
    const char *copy = arena_strdup(&frontier->arena, name);
    if (copy == NULL)
        return frontier_no_memory(err);
    frontier->keys[frontier->key_count++] =
        (struct frontier_key){metric, place, copy, noise_of(summary, place, metric)};
    return RC_OK;
}

static enum rc add_keys(struct frontier *frontier, const char *list, bool typed, struct err *err)
{
    char *names = arena_strdup(&frontier->arena, list);
    if (names == NULL)
        return frontier_no_memory(err);
    enum rc rc = RC_OK;
    for (char *name = names; rc == RC_OK && name != NULL;) {
        char *comma = strchr(name, ',');
        if (comma != NULL)
            *comma = '\0';
        rc = add_key(frontier, name, typed, err);
        name = comma == NULL ? NULL : comma + 1;
    }
    if (rc == RC_OK && frontier->key_count == 0)
        rc = frontier_note(frontier, err,
                           "no key metric is left: every competing arm stands on "
                           "the frontier");
    return rc;
}

/* ---- standing ------------------------------------------------------------------------------- */

static void fill_values(struct frontier *frontier)
{
    const struct summary *summary = frontier->summary;
    for (size_t k = 0; k < frontier->key_count; k++) {
        const struct frontier_key *key = &frontier->keys[k];
        double base = NAN;
        if (summary->control != SUMMARY_NONE && summary->arms[summary->control].valid)
            base = summary_median(summary, summary->control, key->place, key->metric);
        for (size_t a = 0; a < frontier->arm_count; a++) {
            double value = summary_median(summary, a, key->place, key->metric);
            frontier->arms[a].value[k] = value;
            frontier->arms[a].percent[k] = base > 0 ? 100 * value / base : NAN;
        }
    }
}

static void set_standing(struct frontier *frontier, size_t arm)
{
    const struct summary_arm *source = &frontier->summary->arms[arm];
    struct frontier_arm *target = &frontier->arms[arm];
    if (!source->valid)
        target->standing = STANDING_INVALID;
    else if (source->arm->control_again)
        target->standing = STANDING_CONTROL;
    else if (!competes(frontier, arm))
        target->standing = STANDING_REFERENCE;
    for (size_t k = 0; k < frontier->key_count && target->standing == STANDING_ON; k++) {
        if (!isfinite(target->value[k])) {
            target->standing = STANDING_INCOMPLETE;
            target->missing = frontier->keys[k].name;
        }
    }
    target->eligible = target->standing == STANDING_ON;
}

/* The competitors' values, lower is better, and which arm each row is. */
struct field {
    double *points;
    uint32_t *arm_of, *found;
    bool *on;
    size_t count;
};

static bool field_make(struct field *field, struct frontier *frontier)
{
    size_t dims = frontier->key_count;
    field->points =
        arena_zalloc(&frontier->arena, frontier->arm_count + 1, (dims + 1) * sizeof(double));
    field->arm_of = arena_zalloc(&frontier->arena, frontier->arm_count + 1, sizeof(uint32_t));
    field->found = arena_zalloc(&frontier->arena, frontier->arm_count + 1, sizeof(uint32_t));
    field->on = arena_zalloc(&frontier->arena, frontier->arm_count + 1, sizeof(bool));
    if (field->points == NULL || field->arm_of == NULL || field->found == NULL || field->on == NULL)
        return false;
    for (size_t a = 0; a < frontier->arm_count; a++) {
        if (frontier->arms[a].standing != STANDING_ON)
            continue;
        for (size_t k = 0; k < dims; k++) {
            bool higher = metric_table[frontier->keys[k].metric].better == HIGHER;
            double value = frontier->arms[a].value[k];
            field->points[field->count * dims + k] = higher ? -value : value;
        }
        field->arm_of[field->count++] = (uint32_t)a;
    }
    return true;
}

static enum rc place_arms(struct frontier *frontier, struct err *err)
{
    struct field field = {0};
    if (!field_make(&field, frontier))
        return frontier_no_memory(err);
    enum rc rc = pareto_frontier(field.points, field.count, frontier->key_count, field.on, err);
    for (size_t row = 0; rc == RC_OK && row < field.count; row++) {
        struct frontier_arm *arm = &frontier->arms[field.arm_of[row]];
        if (field.on[row])
            continue;
        arm->standing = STANDING_DOMINATED;
        size_t count = pareto_dominators(field.points, field.count, frontier->key_count, field.on,
                                         row, field.found);
        CHECK(count != 0);
        arm->dominators = arena_zalloc(&frontier->arena, count, sizeof(*arm->dominators));
        if (arm->dominators == NULL)
            return frontier_no_memory(err);
        for (size_t i = 0; i < count; i++)
            arm->dominators[i] = field.arm_of[field.found[i]];
        arm->dominator_count = count;
    }
    return rc;
}

/* ---- build ---------------------------------------------------------------------------------- */

/* `keys` NULL: the default ones. */
static enum rc build(struct frontier *frontier, const char *keys, struct err *err)
{
    frontier->arms =
        arena_zalloc(&frontier->arena, frontier->arm_count + 1, sizeof(*frontier->arms));
    if (frontier->arms == NULL)
        return frontier_no_memory(err);
    enum rc rc = add_keys(frontier, keys != NULL ? keys : FRONTIER_KEYS_DEFAULT, keys != NULL, err);
    if (rc != RC_OK)
        return rc;
    fill_values(frontier);
    for (size_t a = 0; a < frontier->arm_count; a++)
        set_standing(frontier, a);
    rc = place_arms(frontier, err);
    if (rc == RC_OK)
        rc = frontier_guard(frontier, err);
    if (rc == RC_OK)
        rc = frontier_choose(frontier, err);
    return rc;
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
        .sentence = "",
    };
    enum rc rc;
    if (!(frontier->guardrail >= 0 && isfinite(frontier->guardrail)))
        rc = FAIL(err, RC_USAGE, 0, "guardrail: expected a share of at least 0, got %g",
                  frontier->guardrail);
    else
        rc = build(frontier, options->keys, err);
    if (rc != RC_OK)
        frontier_release(frontier);
    return rc;
}

void frontier_release(struct frontier *frontier)
{
    arena_release(&frontier->arena);
    *frontier = (struct frontier){0};
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *frontier_standing_name(enum frontier_standing standing)
{
    static const char *const names[] = {"on_frontier",   "dominated",  "reference",
                                        "control_again", "incomplete", "invalid"};
    CHECK((size_t)standing < COUNT_OF(names));
    return names[standing];
}

const char *guardrail_state_name(enum guardrail_state state)
{
    static const char *const names[] = {"-", "HOLDS", "BROKEN"};
    CHECK((size_t)state < COUNT_OF(names));
    return names[state];
}

static void print_dominators(const struct frontier *frontier, const struct frontier_arm *arm,
                             size_t names_max, struct text *text)
{
    size_t shown = arm->dominator_count < names_max ? arm->dominator_count : names_max;
    for (size_t i = 0; i < shown; i++) {
        text_put(text, i == 0 ? "dominated by " : ", ");
        text_put(text, frontier->summary->arms[arm->dominators[i]].arm->label);
    }
    if (shown < arm->dominator_count)
        text_print(text, " +%zu", arm->dominator_count - shown);
}

enum rc frontier_standing_print(const struct frontier *frontier, size_t arm, size_t names_max,
                                struct buf *out, struct err *err)
{
    CHECK(arm < frontier->arm_count && names_max != 0);
    struct text text = text_to(out, err);
    const struct frontier_arm *placed = &frontier->arms[arm];
    switch (placed->standing) {
    case STANDING_ON: text_put(&text, "on frontier"); break;
    case STANDING_DOMINATED: print_dominators(frontier, placed, names_max, &text); break;
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
