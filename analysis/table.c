#include "analysis/table.h"

#include <math.h>
#include <stdio.h>

#include "analysis/views.h"

/* Why rows show no numbers: once, below the table. */
static void put_invalid(const struct summary *summary, struct text *text)
{
    for (size_t a = 0; a < summary->arm_count; a++) {
        if (summary->arms[a].valid)
            continue;
        text_put(text, "  INVALID ");
        text_terminal(text, views_label(summary, a));
        text_put(text, ": ");
        text_terminal(text, summary->arms[a].reason);
        text_put(text, "\n");
    }
}

static enum rc put_grid(struct grid *grid, struct text *text)
{
    enum rc rc = text->rc;
    if (rc == RC_OK)
        rc = grid_text(grid, TABLE_WIDTH, text->out, text->err);
    grid_release(grid);
    return rc;
}

/* ---- phases --------------------------------------------------------------------------------- */

static enum rc put_phase(const struct summary *summary, size_t place, struct text *text)
{
    struct grid grid = {0};
    double ops;
    text_put(text, "\n");
    text_terminal(text, summary->places[place].name);
    text_put(text, "\n");
    views_phase(summary, place, false, &grid);
    enum rc rc = put_grid(&grid, text);
    if (rc == RC_OK && views_refused(summary, place, M_P95_NS, &ops))
        text_print(text, "  -  no p95 from %.0f operations a run: it takes 20\n", ops);
    return rc;
}

enum rc table_phases(const struct summary *summary, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    text_print(&text,
               "Latency and rate by phase: medians over rounds, n = rounds x operations "
               "a round (%s)\n",
               SUMMARY_CLAIMS);
    enum rc rc = text.rc;
    for (size_t p = 0; p < summary->place_count && rc == RC_OK; p++) {
        if (summary->places[p].scope == PHASE)
            rc = put_phase(summary, p, &text);
    }
    put_invalid(summary, &text);
    return rc == RC_OK ? text.rc : rc;
}

/* ---- storage -------------------------------------------------------------------------------- */

enum rc table_storage(const struct summary *summary, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    struct grid sizes = {0}, amplification = {0};
    size_t main = summary_main_snapshot(summary);
    text_put(&text, "Storage at rest (checkpointed, closed, all files of the store)\n\n");
    views_sizes(summary, &sizes);
    enum rc rc = put_grid(&sizes, &text);
    text_put(&text, "\nAmplification");
    if (main != SUMMARY_NONE) {
        text_put(&text, "; storage_amp is taken at ");
        text_terminal(&text, summary->places[main].name);
    }
    text_put(&text,
             ";\ngrowth amp = growth / bytes put, physical amp = bytes written / bytes put\n\n");
    if (rc == RC_OK)
        rc = text.rc;
    if (rc != RC_OK)
        return rc;
    views_amplification(summary, &amplification);
    return put_grid(&amplification, &text);
}

/* ---- frontier ------------------------------------------------------------------------------- */

/* "noise of this study (raw' against raw): ..." */
static void put_noise(const struct frontier *frontier, struct text *text)
{
    const struct summary *summary = frontier->summary;
    if (summary->control == SUMMARY_NONE || summary->control_again == SUMMARY_NONE)
        return;
    text_put(text, "\nNoise of this study, ");
    text_terminal(text, views_label(summary, summary->control_again));
    text_put(text, " against ");
    text_terminal(text, views_label(summary, summary->control));
    text_put(text, " (the same strategy twice):\n");
    for (size_t k = 0; k < frontier->key_count; k++) {
        char change[FORMAT_SIZE];
        text_print(text, "  %10s  ", text_change(change, frontier->keys[k].noise));
        text_terminal(text, frontier->keys[k].name);
        text_put(text, "\n");
    }
}

static void put_scope(const struct frontier *frontier, struct text *text)
{
    text_put(text, frontier->anywhere
                       ? "  Competing: every lane except floors.\n"
                       : "  Competing: strategies that keep everything in the SQL database; other "
                         "lanes are reference.\n");
    text_print(text,
               "  Guardrail: p95 at most %.4g %% above the control's; close: not to be told "
               "from noise.\n",
               100 * frontier->guardrail);
    for (size_t i = 0; i < frontier->note_count; i++) {
        text_put(text, "  Note: ");
        text_terminal(text, frontier->notes[i]);
        text_put(text, "\n");
    }
}

enum rc table_frontier(const struct frontier *frontier, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    struct grid keys = {0}, standing = {0};
    text_print(&text,
               "Frontier: medians of %u rounds and %% of the control (%s: no error bars in "
               "this release)\n\n",
               frontier->summary->rounds, SUMMARY_CLAIMS);
    views_keys(frontier, &keys);
    enum rc rc = put_grid(&keys, &text);
    text_put(&text, "\n");
    if (rc == RC_OK)
        rc = text.rc;
    if (rc != RC_OK)
        return rc;
    views_standing(frontier, 3, &standing);
    rc = put_grid(&standing, &text);
    put_scope(frontier, &text);
    put_noise(frontier, &text);
    text_put(&text, "\nRecommendation: ");
    text_terminal(&text, frontier->sentence);
    text_put(&text, "\n");
    return rc == RC_OK ? text.rc : rc;
}

enum rc table_study(const struct frontier *frontier, struct buf *out, struct err *err)
{
    enum rc rc = table_phases(frontier->summary, out, err);
    if (rc == RC_OK)
        rc = buf_append(out, span_of_str("\n"), err);
    if (rc == RC_OK)
        rc = table_storage(frontier->summary, out, err);
    if (rc == RC_OK)
        rc = buf_append(out, span_of_str("\n"), err);
    if (rc == RC_OK)
        rc = table_frontier(frontier, out, err);
    return rc;
}
