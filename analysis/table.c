#include "analysis/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/answer.h"
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
        text_print(text, "  -  no p95 from %.0f operations a run: it takes %d\n", ops,
                   METRIC_P95_OPS);
    return rc;
}

enum rc table_phases(const struct summary *summary, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    text_print(&text,
               "%s: latency and rate by phase, medians over rounds, n = rounds x operations "
               "a round\n",
               claim_label_name(CLAIM_DESCRIPTIVE));
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

enum rc table_bounds(const struct summary *summary, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    const struct bounds *bounds = summary->record->bounds;
    struct grid known = {0}, distances = {0};
    if (!bounds || bounds->snapshot_count + bounds->phase_count == 0)
        return RC_OK;
    text_put(&text, "\nWhat is possible (");
    views_bounds_said(bounds, &text);
    text_put(&text, ")\n\n");
    views_bounds(bounds, false, &known);
    enum rc rc = put_grid(&known, &text);
    text_put(&text, "\nDistance to it\n\n");
    if (rc == RC_OK)
        rc = text.rc;
    if (rc != RC_OK)
        return rc;
    views_distances(summary, &distances);
    return put_grid(&distances, &text);
}

/* ---- frontier ------------------------------------------------------------------------------- */

static void put_scope(const struct frontier *frontier, struct text *text)
{
    text_put(text, frontier->anywhere
                       ? "  Competing: every lane except floors.\n"
                       : "  Competing: strategies that keep everything in the SQL database; other "
                         "lanes are reference.\n");
    text_print(text, "  Guardrail: p95 at most %.4g %% above the control's%s.\n",
               100 * frontier->guardrail,
               frontier->descriptive ? "; close: not to be told from noise"
                                     : ", in every class of sizes");
    for (size_t i = 0; i < frontier->note_count; i++) {
        text_put(text, "  Note: ");
        text_terminal(text, frontier->notes[i]);
        text_put(text, "\n");
    }
}

/* More than this many open questions are for the report. */
enum { OPEN_LINES_MAX = 6 };

/* One line broken at spaces; what follows is indented by two more than it is. */
static void put_wrapped(struct text *text, char *line)
{
    size_t indent = strspn(line, " "), used = 0;
    for (char *word = line + indent; *word != '\0';) {
        char *end = word + strcspn(word, " ");
        bool last = *end == '\0';
        *end = '\0';
        size_t width = text_width(word);
        if (used != 0 && used + 1 + width > TABLE_WIDTH) {
            text_print(text, "\n%*s", (int)indent + 2, "");
            used = indent + 2;
        } else {
            text_print(text, "%*s", used == 0 ? (int)indent : 1, "");
            used += used == 0 ? indent : 1;
        }
        text_put(text, word);
        used += width;
        word = last ? end : end + 1;
    }
    text_put(text, "\n");
}

static void put_lines(struct text *text, char *lines)
{
    for (char *line = lines; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        char *next = *end == '\0' ? end : end + 1;
        *end = '\0';
        put_wrapped(text, line);
        line = next;
    }
}

static enum rc put_answer(const struct frontier *frontier, const struct diagnosis *diagnosis,
                          struct text *text)
{
    struct buf lines = {0};
    struct answer answer = {.frontier = frontier,
                            .diagnosis = diagnosis,
                            .bullet = "  ",
                            .text = text_to(&lines, text->err)};
    text_put(&answer.text, "Recommendation: ");
    if (answer.text.rc == RC_OK)
        answer.text.rc = frontier_choice_print(frontier, false, &lines, text->err);
    text_put(&answer.text, "\n");
    answer_grounds(&answer);
    text_put(&answer.text, "Not decided:\n");
    answer_open(&answer, OPEN_LINES_MAX);
    text_put(&answer.text, "How sure:\n");
    answer_environment(&answer);
    answer_method(&answer);
    text_put(text, "\n");
    (void)buf_str(&lines); /* terminated */
    if (answer.text.rc == RC_OK)
        put_lines(text, (char *)lines.ptr);
    buf_release(&lines);
    return answer.text.rc == RC_OK ? text->rc : answer.text.rc;
}

enum rc table_frontier(const struct frontier *frontier, const struct diagnosis *diagnosis,
                       struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    struct grid keys = {0}, standing = {0};
    text_print(&text, "Frontier: %s of %u rounds, and %% of the control%s\n\n",
               frontier->descriptive ? "DESCRIPTIVE, medians" : "medians",
               frontier->summary->rounds,
               frontier->descriptive ? "" : " with its 95 % interval over paired rounds");
    views_keys(frontier, &keys);
    enum rc rc = put_grid(&keys, &text);
    text_put(&text, "\n");
    if (rc == RC_OK)
        rc = text.rc;
    if (rc != RC_OK)
        return rc;
    views_standing(frontier, 3, false, &standing);
    rc = put_grid(&standing, &text);
    put_scope(frontier, &text);
    if (rc == RC_OK)
        rc = text.rc;
    return rc == RC_OK ? put_answer(frontier, diagnosis, &text) : rc;
}

enum rc table_study(const struct frontier *frontier, const struct diagnosis *diagnosis,
                    struct buf *out, struct err *err)
{
    enum rc rc = table_phases(frontier->summary, out, err);
    if (rc == RC_OK)
        rc = buf_append(out, span_of_str("\n"), err);
    if (rc == RC_OK)
        rc = table_storage(frontier->summary, out, err);
    if (rc == RC_OK)
        rc = table_bounds(frontier->summary, out, err);
    if (rc == RC_OK)
        rc = buf_append(out, span_of_str("\n"), err);
    if (rc == RC_OK)
        rc = table_frontier(frontier, diagnosis, out, err);
    return rc;
}
