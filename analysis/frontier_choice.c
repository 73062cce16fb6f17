/* frontier_choice.c: guardrails, the choice among the frontier, and its one sentence. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/frontier_build.h"
#include "analysis/text.h"

/* ---- guardrails ----------------------------------------------------------------------------- */

/* Critical operations: reading one blob and updating one. */
static bool is_guarded(const struct summary_place *place)
{
    if (place->scope != PHASE)
        return false;
    return strcmp(place->phase->workload, "read_point") == 0 ||
           strcmp(place->phase->workload, "update") == 0;
}

static enum rc add_guards(struct frontier *frontier, struct err *err)
{
    const struct summary *summary = frontier->summary;
    if (summary->control == SUMMARY_NONE || !summary->arms[summary->control].valid)
        return frontier_note(frontier, err,
                             "%s: nothing to hold guardrails against, no percentages",
                             summary->control == SUMMARY_NONE ? "the study has no control"
                                                              : "the control is INVALID");
    enum rc rc = RC_OK;
    for (size_t p = 0; p < summary->place_count && rc == RC_OK; p++) {
        const struct summary_place *place = &summary->places[p];
        if (!is_guarded(place))
            continue;
        double base = summary_median(summary, summary->control, p, M_P95_NS);
        if (!(base > 0)) {
            rc = frontier_note(frontier, err, "no guardrail on %s: the control has no p95 there",
                               place->name);
        } else if (frontier->guard_count < FRONTIER_GUARDS_MAX) {
            double again = summary->control_again == SUMMARY_NONE
                               ? NAN
                               : summary_median(summary, summary->control_again, p, M_P95_NS);
            frontier->guards[frontier->guard_count++] =
                (struct frontier_guard){p, base * (1 + frontier->guardrail), again / base - 1};
        }
    }
    if (rc == RC_OK && frontier->guard_count == 0)
        rc = frontier_note(frontier, err,
                           "no guardrail could be checked: no phase that reads single "
                           "blobs or updates has a p95");
    return rc;
}

/* No test, only modesty: what one more round may turn over is said to be close. */
static bool is_close(const struct frontier *frontier, size_t arm,
                     const struct frontier_guard *guard, double base)
{
    const struct stats *p95 = summary_cell(frontier->summary, arm, guard->place, M_P95_NS);
    if (p95->n == 0 || arm == frontier->summary->control)
        return false;
    bool both_sides = p95->min <= guard->limit_ns && p95->max > guard->limit_ns;
    return both_sides || fabs(p95->median - guard->limit_ns) < base * fabs(guard->noise);
}

/* A verdict is close when what decides it is: any guardrail that holds by a hair, but of broken
 * ones all of them, because one broken for certain is enough. */
static bool verdict_is_close(const struct frontier *frontier, const struct frontier_arm *judged)
{
    bool any = false, certain = false;
    for (size_t g = 0; g < frontier->guard_count; g++) {
        bool broken = judged->guard_percent[g] > 100 * (1 + frontier->guardrail);
        any = any || judged->guard_close[g];
        certain = certain || (broken && !judged->guard_close[g]);
    }
    return judged->guardrail == GUARDRAIL_BROKEN ? any && !certain : any;
}

static void judge_arm(struct frontier *frontier, size_t arm)
{
    const struct summary *summary = frontier->summary;
    struct frontier_arm *judged = &frontier->arms[arm];
    enum guardrail_state state = frontier->guard_count == 0 ? GUARDRAIL_UNKNOWN : GUARDRAIL_HOLDS;
    for (size_t g = 0; g < frontier->guard_count; g++) {
        const struct frontier_guard *guard = &frontier->guards[g];
        double value = summary_median(summary, arm, guard->place, M_P95_NS);
        double base = summary_median(summary, summary->control, guard->place, M_P95_NS);
        judged->guard_percent[g] = 100 * value / base;
        judged->guard_close[g] = is_close(frontier, arm, guard, base);
        /* "At most" includes the limit itself, whatever 1 + guardrail was rounded to. */
        if (value > guard->limit_ns * (1 + 1e-12))
            state = GUARDRAIL_BROKEN;
        else if (!isfinite(value) && state == GUARDRAIL_HOLDS)
            state = GUARDRAIL_UNKNOWN;
    }
    if (summary->arms[arm].valid && arm != summary->control && arm != summary->control_again)
        judged->guardrail = state;
    if (judged->guardrail != GUARDRAIL_UNKNOWN)
        judged->close = verdict_is_close(frontier, judged);
}

enum rc frontier_guard(struct frontier *frontier, struct err *err)
{
    for (size_t a = 0; a < frontier->arm_count; a++) {
        for (size_t g = 0; g < FRONTIER_GUARDS_MAX; g++)
            frontier->arms[a].guard_percent[g] = NAN;
    }
    enum rc rc = add_guards(frontier, err);
    for (size_t a = 0; a < frontier->arm_count && rc == RC_OK; a++)
        judge_arm(frontier, a);
    return rc;
}

/* ---- choice --------------------------------------------------------------------------------- */

static size_t find_storage_place(const struct frontier *frontier)
{
    for (size_t k = 0; k < frontier->key_count; k++) {
        if (frontier->keys[k].metric == M_TOTAL_BYTES)
            return frontier->keys[k].place;
    }
    return summary_main_snapshot(frontier->summary);
}

static double storage_of(const struct frontier *frontier, size_t arm)
{
    return summary_median(frontier->summary, arm, frontier->storage_place, M_TOTAL_BYTES);
}

/* Equal bytes: the arm whose worst guarded p95 is lower, then the one that stands first. */
static double worst_guard(const struct frontier *frontier, size_t arm)
{
    double worst = 0;
    for (size_t g = 0; g < frontier->guard_count; g++)
        worst = fmax(worst, frontier->arms[arm].guard_percent[g]);
    return worst;
}

/* Less than this share of the control's bytes is no reason to change: bytes are exact, so any
 * difference can be shown, but not every one is worth having. */
#define SAVING_MIN 0.01

/* The smallest on the frontier that saves enough; `held`: only with guardrails held. */
static size_t smallest(const struct frontier *frontier, bool held)
{
    size_t best = SUMMARY_NONE;
    double limit = storage_of(frontier, frontier->summary->control) * (1 - SAVING_MIN);
    limit *= 1 + 1e-12; /* the limit itself is enough, whatever the product was rounded to */
    for (size_t a = 0; a < frontier->arm_count; a++) {
        const struct frontier_arm *arm = &frontier->arms[a];
        double size = storage_of(frontier, a);
        if (arm->standing != STANDING_ON || a == frontier->summary->control || !(size <= limit) ||
            (held && arm->guardrail != GUARDRAIL_HOLDS))
            continue;
        if (best == SUMMARY_NONE || size < storage_of(frontier, best) ||
            (size == storage_of(frontier, best) &&
             worst_guard(frontier, a) < worst_guard(frontier, best)))
            best = a;
    }
    return best;
}

static const char *label_of(const struct frontier *frontier, size_t arm)
{
    return frontier->summary->arms[arm].arm->label;
}

/* "p95 of read_point_binary +4.10 %, of update_binary_hot -2.00 %" */
static void say_guards(const struct frontier *frontier, size_t arm, struct text *text)
{
    for (size_t g = 0; g < frontier->guard_count; g++) {
        char change[FORMAT_SIZE];
        text_put(text, g == 0 ? "p95 of " : ", of ");
        text_put(text, frontier->summary->places[frontier->guards[g].place].name);
        text_print(text, " %s",
                   text_change(change, frontier->arms[arm].guard_percent[g] / 100 - 1));
    }
}

static void say_choice(const struct frontier *frontier, struct text *text)
{
    const struct summary *summary = frontier->summary;
    char change[FORMAT_SIZE];
    double share = storage_of(frontier, frontier->choice) / storage_of(frontier, summary->control);
    text_put(text, "use ");
    text_put(text, label_of(frontier, frontier->choice));
    text_print(text, ": %s bytes ", text_change(change, share - 1));
    text_put(text, summary->places[frontier->storage_place].name);
    text_put(text, " against ");
    text_put(text, label_of(frontier, summary->control));
    text_put(text, ", ");
    say_guards(frontier, frontier->choice, text);
    text_print(text, "; the guardrail of %.4g %% holds%s", 100 * frontier->guardrail,
               frontier->arms[frontier->choice].close ? ", but too closely to tell from noise"
                                                      : "");
}

static void say_keep(const struct frontier *frontier, struct text *text)
{
    char change[FORMAT_SIZE];
    size_t control = frontier->summary->control, almost = smallest(frontier, false);
    text_put(text, "keep ");
    text_put(text, label_of(frontier, control));
    if (almost == SUMMARY_NONE) {
        text_put(text, ": no eligible strategy on the frontier saves 1 % of its bytes");
        return;
    }
    double share = storage_of(frontier, almost) / storage_of(frontier, control);
    if (frontier->guard_count == 0) {
        text_put(text, ": no guardrail could be checked; smallest on the frontier: ");
    } else {
        text_print(text,
                   ": no smaller strategy on the frontier holds the guardrail of %.4g %%; "
                   "smallest: ",
                   100 * frontier->guardrail);
    }
    text_put(text, label_of(frontier, almost));
    text_print(text, " (%s bytes%s", text_change(change, share - 1),
               frontier->guard_count == 0 ? "" : ", ");
    say_guards(frontier, almost, text);
    text_put(text, ")");
}

enum rc frontier_choose(struct frontier *frontier, struct err *err)
{
    const struct summary *summary = frontier->summary;
    struct buf line = {0};
    struct text text = text_to(&line, err);
    frontier->storage_place = find_storage_place(frontier);
    if (summary->control == SUMMARY_NONE) {
        text_put(&text, "no choice: the study has no control to compare with");
    } else if (!summary->arms[summary->control].valid) {
        text_put(&text, "no choice: the control ");
        text_put(&text, label_of(frontier, summary->control));
        text_put(&text, " is INVALID");
    } else if (frontier->storage_place == SUMMARY_NONE ||
               !isfinite(storage_of(frontier, summary->control))) {
        text_put(&text, "no choice: the study took no snapshot of the control's size");
    } else {
        frontier->choice = smallest(frontier, true);
        if (frontier->choice != SUMMARY_NONE)
            say_choice(frontier, &text);
        else
            say_keep(frontier, &text);
    }
    frontier->sentence = arena_strdup(&frontier->arena, buf_str(&line));
    buf_release(&line);
    if (text.rc == RC_OK && frontier->sentence == NULL)
        return frontier_no_memory(err);
    return text.rc;
}
