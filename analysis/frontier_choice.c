/* frontier_choice.c: the choice among those that are kept, its one sentence and its label. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/frontier_build.h"

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

/* ---- the smallest --------------------------------------------------------------------------- */

/* Less than this share of the control's bytes is no reason to change: bytes are exact, so any
 * difference can be shown, but not every one is worth having. */
#define SAVING_MIN 0.01

enum wanted {
    WANT_HELD, /* guardrails hold */
    WANT_OPEN, /* they hold, or may */
    WANT_ANY
};

static bool is_wanted(const struct frontier *frontier, size_t arm, enum wanted wanted)
{
    const struct frontier_arm *candidate = &frontier->arms[arm];
    double limit = storage_of(frontier, frontier->summary->control) * (1 - SAVING_MIN);
    limit *= 1 + 1e-12; /* the limit itself is enough, whatever the product was rounded to */
    if (!frontier_keeps(frontier, arm) || arm == frontier->summary->control ||
        !(storage_of(frontier, arm) <= limit))
        return false;
    return wanted == WANT_ANY || candidate->guardrail == GUARDRAIL_HOLDS ||
           (wanted == WANT_OPEN && candidate->guardrail == GUARDRAIL_UNDECIDED);
}

/* What the guarded timings may be at worst, as ratios to the control's: their upper bounds, or
 * their medians where there is nothing better. */
static double worst_guard(const struct frontier *frontier, size_t arm)
{
    double worst = 0;
    for (size_t g = 0; g < frontier->guard_count; g++) {
        const struct frontier_arm *judged = &frontier->arms[arm];
        worst = fmax(worst, frontier->descriptive ? judged->guard_percent[g] / 100
                                                  : judged->guard_ratio[g].high);
    }
    return worst;
}

/* Of equal bytes: the one whose guarded timings are surest to be low, then by name. */
static bool is_better_tie(const struct frontier *frontier, size_t arm, size_t best)
{
    double mine = worst_guard(frontier, arm), other = worst_guard(frontier, best);
    if (mine != other)
        return mine < other;
    return strcmp(frontier_label(frontier, arm), frontier_label(frontier, best)) < 0;
}

static size_t smallest(const struct frontier *frontier, enum wanted wanted)
{
    double margin = frontier->summary->record->manifest.protocol.margin_exact, least = INFINITY;
    size_t best = SUMMARY_NONE;
    for (size_t a = 0; a < frontier->arm_count; a++) {
        if (is_wanted(frontier, a, wanted))
            least = fmin(least, storage_of(frontier, a));
    }
    for (size_t a = 0; a < frontier->arm_count; a++) {
        if (!is_wanted(frontier, a, wanted) || storage_of(frontier, a) > least * (1 + margin))
            continue;
        if (best == SUMMARY_NONE || is_better_tie(frontier, a, best))
            best = a;
    }
    return best;
}

/* ---- sentences ------------------------------------------------------------------------------ */

/* "p95 of read_point_binary +4.10 %, of update_point_binary -2.00 %" */
static void say_guards(const struct frontier *frontier, size_t arm, struct text *text)
{
    const struct frontier_arm *judged = &frontier->arms[arm];
    bool first = true;
    for (size_t g = 0; g < frontier->guard_count; g++) {
        char change[FORMAT_SIZE];
        if (frontier->guards[g].metric != M_P95_NS)
            continue;
        bool tested = !frontier->descriptive && judged->guard_ratio[g].n != 0;
        double ratio = tested ? judged->guard_ratio[g].estimate : judged->guard_percent[g] / 100;
        text_put(text, first ? "p95 of " : ", of ");
        text_put(text, frontier->summary->places[frontier->guards[g].place].name);
        text_print(text, " %s", text_change(change, ratio - 1));
        first = false;
    }
}

/* What the ratio that follows a tested sentence is of. */
static void say_decides(const struct frontier *frontier, size_t arm, struct text *text)
{
    struct buf name = {0};
    if (frontier->descriptive || text->rc != RC_OK)
        return;
    text->rc = frontier_guard_print(frontier, frontier->arms[arm].guard_decides, &name, text->err);
    text_put(text, ", decided by ");
    text_put(text, buf_str(&name));
    buf_release(&name);
}

static void say_saving(const struct frontier *frontier, size_t arm, struct text *text)
{
    char change[FORMAT_SIZE];
    double base = storage_of(frontier, frontier->summary->control);
    text_print(text, "%s bytes", text_change(change, storage_of(frontier, arm) / base - 1));
}

static void say_choice(const struct frontier *frontier, struct text *text)
{
    const struct frontier_arm *chosen = &frontier->arms[frontier->choice];
    text_put(text, "use ");
    text_put(text, frontier_label(frontier, frontier->choice));
    text_put(text, ": ");
    say_saving(frontier, frontier->choice, text);
    text_put(text, " ");
    text_put(text, frontier->summary->places[frontier->storage_place].name);
    text_put(text, " against ");
    text_put(text, frontier_label(frontier, frontier->summary->control));
    text_put(text, ", ");
    say_guards(frontier, frontier->choice, text);
    text_print(text, "; the guardrail of %.4g %% holds%s", 100 * frontier->guardrail,
               chosen->close ? ", but too closely to tell from noise" : "");
    say_decides(frontier, frontier->choice, text);
}

static void say_smallest(const struct frontier *frontier, size_t arm, struct text *text)
{
    text_put(text, frontier_label(frontier, arm));
    text_put(text, " (");
    say_saving(frontier, arm, text);
    text_put(text, frontier->guard_count == 0 ? "" : ", ");
    say_guards(frontier, arm, text);
    text_put(text, ")");
}

static void say_keep(const struct frontier *frontier, struct text *text)
{
    size_t almost = smallest(frontier, WANT_ANY);
    text_put(text, "keep ");
    text_put(text, frontier_label(frontier, frontier->summary->control));
    if (almost == SUMMARY_NONE) {
        text_put(text, ": no eligible strategy on the frontier saves 1 % of its bytes");
    } else if (frontier->guard_count == 0) {
        text_put(text, ": no guardrail could be checked; smallest on the frontier: ");
        say_smallest(frontier, almost, text);
    } else if (frontier->hopeful != SUMMARY_NONE) {
        text_print(text,
                   " for now: no smaller strategy is confirmed to hold the guardrail of %.4g %%; "
                   "best not excluded: ",
                   100 * frontier->guardrail);
        say_smallest(frontier, frontier->hopeful, text);
        say_decides(frontier, frontier->hopeful, text);
    } else {
        text_print(text,
                   ": no smaller strategy on the frontier holds the guardrail of %.4g %%; "
                   "smallest: ",
                   100 * frontier->guardrail);
        say_smallest(frontier, almost, text);
        if (frontier->arms[almost].guardrail == GUARDRAIL_BROKEN)
            say_decides(frontier, almost, text);
    }
}

/* ---- labels --------------------------------------------------------------------------------- */

/* What stands behind the sentence: the guardrail test of the arm it turns on. */
static struct claim choice_claim(const struct frontier *frontier)
{
    size_t control = frontier->summary->control, almost = smallest(frontier, WANT_ANY);
    struct claim claim = {.label = CLAIM_DESCRIPTIVE};
    if (frontier->descriptive)
        return claim;
    if (frontier->choice != SUMMARY_NONE)
        return frontier->arms[frontier->choice].guard_claim;
    if (almost == SUMMARY_NONE) {
        claim.label = CLAIM_EXACT;
        claim.ratio.n = frontier->summary->arms[control].valid_runs;
        return claim;
    }
    if (frontier->hopeful != SUMMARY_NONE)
        return frontier->arms[frontier->hopeful].guard_claim;
    if (frontier->arms[almost].guard_claim.label != CLAIM_REFUTED)
        return claim;
    /* That it holds is refuted, so the sentence, which says that it does not, is confirmed. */
    claim = frontier->arms[almost].guard_claim;
    claim.label = CLAIM_CONFIRMED;
    return claim;
}

static void decide(struct frontier *frontier, struct text *text)
{
    frontier->choice = smallest(frontier, WANT_HELD);
    frontier->hopeful = smallest(frontier, WANT_OPEN);
    if (frontier->hopeful == frontier->choice)
        frontier->hopeful = SUMMARY_NONE;
    if (frontier->hopeful != SUMMARY_NONE)
        frontier->hopeful_rounds = frontier->arms[frontier->hopeful].guard_rounds_needed;
    if (frontier->choice != SUMMARY_NONE)
        say_choice(frontier, text);
    else
        say_keep(frontier, text);
    frontier->choice_claim = choice_claim(frontier);
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
        text_put(&text, frontier_label(frontier, summary->control));
        text_put(&text, " is INVALID");
    } else if (frontier->storage_place == SUMMARY_NONE ||
               !isfinite(storage_of(frontier, summary->control))) {
        text_put(&text, "no choice: the study took no snapshot of the control's size");
    } else {
        decide(frontier, &text);
    }
    enum rc rc = text.rc;
    if (rc == RC_OK)
        rc = frontier_keep_text(frontier, &line, &frontier->sentence, err);
    frontier->choice_claim.sentence = frontier->sentence;
    buf_release(&line);
    return rc;
}

enum rc frontier_choice_print(const struct frontier *frontier, bool markdown, struct buf *out,
                              struct err *err)
{
    if (frontier->choice_claim.label != CLAIM_NONE)
        return claim_print(&frontier->choice_claim, markdown, out, err);
    struct text text = text_to(out, err);
    if (markdown)
        text_markdown(&text, frontier->sentence);
    else
        text_terminal(&text, frontier->sentence);
    return text.rc;
}
