#include "analysis/frontier_look.h"

#include "analysis/frontier_build.h"

static bool may_leave(const struct frontier *frontier, size_t arm)
{
    const struct record_arm *info = frontier->summary->arms[arm].arm;
    return frontier->arms[arm].standing == STANDING_OUT && !info->control && !info->control_again;
}

struct counts {
    size_t out, standings, guardrails;
};

static struct counts count(const struct frontier *frontier)
{
    struct counts counts = {0, 0, 0};
    for (size_t a = 0; a < frontier->arm_count; a++) {
        const struct frontier_arm *arm = &frontier->arms[a];
        counts.out += arm->standing == STANDING_OUT;
        counts.standings += arm->standing == STANDING_UNDECIDED;
        counts.guardrails += frontier_keeps(frontier, a) && arm->guardrail == GUARDRAIL_UNDECIDED;
    }
    return counts;
}

static void say_out(const struct frontier *frontier, struct text *text)
{
    bool first = true;
    for (size_t a = 0; a < frontier->arm_count; a++) {
        const struct frontier_arm *arm = &frontier->arms[a];
        if (arm->standing != STANDING_OUT)
            continue;
        text_put(text, first ? "dominated: " : ", ");
        text_put(text, frontier_label(frontier, a));
        text_put(text, " (by ");
        text_put(text, frontier_label(frontier, arm->dominators[0]));
        text_put(text, ")");
        first = false;
    }
    text_put(text, first ? "nothing is dominated for certain" : "");
}

static void say(const struct frontier *frontier, const struct counts *counts, bool ends,
                struct text *text)
{
    if (frontier->descriptive && frontier->rounds_min == SIZE_MAX) {
        text_put(text, "the looks of this plan come too early to confirm anything");
        return;
    }
    if (frontier->descriptive) {
        text_print(text, "too few rounds to confirm anything, it takes %zu", frontier->rounds_min);
        return;
    }
    say_out(frontier, text);
    if (ends)
        text_put(text, "; nothing is left to decide");
    else
        text_print(text, "; undecided: %zu standing%s, %zu guardrail%s", counts->standings,
                   counts->standings == 1 ? "" : "s", counts->guardrails,
                   counts->guardrails == 1 ? "" : "s");
}

enum rc frontier_look(const struct record *record, uint32_t rounds, bool *drop, bool *ends,
                      struct buf *said, struct err *err)
{
    struct summary summary = {0};
    struct frontier frontier = {0};
    struct frontier_options options = {.rounds = rounds};
    struct text text = text_to(said, err);
    enum rc rc = summary_build(&summary, record, err);
    if (rc == RC_OK)
        rc = frontier_build(&frontier, &summary, &options, err);
    if (rc == RC_OK) {
        struct counts counts = count(&frontier);
        for (size_t a = 0; a < frontier.arm_count; a++)
            drop[a] = !frontier.descriptive && may_leave(&frontier, a);
        *ends = !frontier.descriptive && frontier.open_pairs == 0 && counts.guardrails == 0;
        say(&frontier, &counts, *ends, &text);
        rc = text.rc;
    }
    frontier_release(&frontier);
    summary_release(&summary);
    return rc;
}
