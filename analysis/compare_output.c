/* compare_output.c: a comparison as people read it, on a terminal or as Markdown. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/compare_parts.h"
#include "analysis/dominance.h"
#include "analysis/table.h"
#include "analysis/views.h"

const char *compare_verdict_name(enum compare_verdict verdict)
{
    static const char *const names[] = {"unchanged", "better", "worse", "changed"};
    return names[verdict];
}

const char *compare_place_name(const struct compare *compare, const struct compare_row *row)
{
    return compare->before->places[row->place_old].name;
}

const char *compare_arm_name(const struct compare *compare, const struct compare_row *row)
{
    return compare->before->arms[row->arm_old].arm->label;
}

/* How a page escapes names and sets itself out. */
struct page {
    const struct compare *compare;
    struct text text;
    bool markdown;
    bool few, open, coarse; /* footnotes that are due */
};

static void put_name(struct page *page, const char *name)
{
    (page->markdown ? text_markdown : text_terminal)(&page->text, name);
}

/* ---- cells ---------------------------------------------------------------------------------- */

/* "1.42 ms ± 4 %" */
static void cell_side(struct page *page, struct grid *grid, const struct compare_row *row,
                      const struct compare_side *side)
{
    char value[FORMAT_SIZE];
    views_value(value, row->metric, side->median);
    if (compare_is_counter(row) || isnan(side->half)) {
        grid_cell(grid, "%s", value);
    } else if (isinf(side->half)) {
        page->open = true;
        grid_cell(grid, "%s ± ∞", value);
    } else {
        grid_cell(grid, "%s ± %2.0f %%", value, 100 * side->half);
    }
}

/* "n=10+10", "n=20" */
static void print_n(char dst[64], const struct compare *compare, const struct compare_row *row)
{
    if (!compare->paired)
        (void)snprintf(dst, 64, "n=%zu+%zu", row->before.n, row->after.n);
    else
        (void)snprintf(dst, 64, "n=%zu", row->ratio.n ? row->ratio.n : row->after.n);
}

/* "p=0.002 n=10+10"; one table for everything is narrower and leaves n out. */
static void print_evidence(char dst[128], const struct page *page, const struct compare_row *row)
{
    char n[64], p[64] = "";
    print_n(n, page->compare, row);
    if (row->p_adjusted < 0.001)
        (void)snprintf(p, sizeof(p), "p<0.001");
    else if (!isnan(row->p_adjusted) && !row->too_few && !row->coarse)
        (void)snprintf(p, sizeof(p), "p=%.3f", row->p_adjusted);
    if (p[0] && page->compare->by_severity && !page->markdown)
        n[0] = '\0';
    (void)snprintf(dst, 128, "%s%s%s", p, p[0] && n[0] ? " " : "", n);
}

/* "-17.2 % (p=0.002 n=10+10)", "~ (p=0.421 n=10+10)", "equal (EXACT)" */
static void cell_change(struct page *page, struct grid *grid, const struct compare_row *row)
{
    char change[FORMAT_SIZE], evidence[128];
    const char *what = isfinite(row->change) ? text_change(change, row->change) : "from 0";
    if (compare_is_counter(row))
        what = row->verdict == COMPARE_SAME ? "equal" : what;
    else if (row->verdict == COMPARE_SAME)
        what = "~";
    print_evidence(evidence, page, row);
    if (row->label == CLAIM_EXACT)
        (void)snprintf(evidence, sizeof(evidence), "EXACT");
    page->few = page->few || row->too_few;
    page->coarse = page->coarse || row->coarse;
    grid_cell(grid, "%s (%s)%s", what, evidence, row->coarse ? " [3]" : row->too_few ? " [1]" : "");
}

/* "[-18.1, -16.0]", in per cent. */
static void cell_interval(struct grid *grid, const struct compare_row *row)
{
    char low[FORMAT_SIZE], high[FORMAT_SIZE];
    if (compare_is_counter(row) || !(row->ratio.low > 0) || !isfinite(row->ratio.high)) {
        grid_cell(grid, "%s", "");
        return;
    }
    text_change(low, row->ratio.low - 1);
    text_change(high, row->ratio.high - 1);
    low[strcspn(low, " ")] = '\0';
    high[strcspn(high, " ")] = '\0';
    grid_cell(grid, "[%s, %s]", low, high);
}

static void cell_verdict(const struct compare *compare, struct grid *grid,
                         const struct compare_row *row)
{
    const char *verdict = compare_verdict_name(row->verdict);
    if (!compare->paired || compare_is_counter(row) || row->label == CLAIM_DESCRIPTIVE)
        grid_cell(grid, "%s", row->verdict == COMPARE_SAME ? "" : verdict);
    else if (row->label == CLAIM_UNDECIDED && row->rounds_needed != SIZE_MAX)
        grid_cell(grid, "UNDECIDED ~%zu", row->rounds_needed);
    else
        grid_cell(grid, "%s", claim_label_name(row->label));
}

static void head_columns(const struct compare *compare, struct grid *grid)
{
    grid_column(grid, GRID_RIGHT, "old", "");
    grid_column(grid, GRID_RIGHT, "new", "");
    grid_column(grid, GRID_LEFT, "vs base", "");
    char interval[32];
    (void)snprintf(interval, sizeof(interval), "%.4g %% interval, %%", 100 * (1 - compare->alpha));
    grid_column(grid, GRID_LEFT, interval, "");
    grid_column(grid, GRID_LEFT, "", "");
}

static void fill_row(struct page *page, struct grid *grid, const struct compare_row *row)
{
    cell_side(page, grid, row, &row->before);
    cell_side(page, grid, row, &row->after);
    cell_change(page, grid, row);
    cell_interval(grid, row);
    cell_verdict(page->compare, grid, row);
}

static enum rc put_grid(struct page *page, struct grid *grid)
{
    enum rc rc = page->text.rc;
    if (rc == RC_OK)
        rc = page->markdown ? grid_markdown(grid, page->text.out, page->text.err)
                            : grid_text(grid, TABLE_WIDTH, page->text.out, page->text.err);
    grid_release(grid);
    return rc;
}

/* ---- tables --------------------------------------------------------------------------------- */

/* Rows from `first` on that belong to one arm and place; returns the row after them. */
static enum rc put_block(struct page *page, size_t *at)
{
    const struct compare *compare = page->compare;
    const struct compare_row *first = &compare->rows[*at];
    struct grid grid = {0};
    text_put(&page->text, page->markdown ? "\n## " : "\n");
    if (!compare->paired) {
        put_name(page, compare_arm_name(compare, first));
        text_put(&page->text, ": ");
    }
    put_name(page, compare_place_name(compare, first));
    text_put(&page->text, page->markdown ? "\n\n" : "\n");
    grid_column(&grid, GRID_LEFT, "metric", "");
    head_columns(compare, &grid);
    for (; *at < compare->row_count; (*at)++) {
        const struct compare_row *row = &compare->rows[*at];
        if (row->arm_old != first->arm_old || row->place_old != first->place_old)
            break;
        grid_cell(&grid, "%s", metric_table[row->metric].name);
        fill_row(page, &grid, row);
    }
    return put_grid(page, &grid);
}

/* One table: what a row is stands in three columns, so the interval gives way. */
static void sorted_row(struct page *page, struct grid *grid, const struct compare_row *row)
{
    enum { LABEL_WIDTH = 20 };
    char old[FORMAT_SIZE], new[FORMAT_SIZE], cut[4 * LABEL_WIDTH + 1];
    const char *label = compare_arm_name(page->compare, row);
    if (!page->compare->paired)
        grid_cell(grid, "%s",
                  page->markdown ? label : text_cut(cut, sizeof(cut), label, LABEL_WIDTH));
    grid_cell(grid, "%s", compare_place_name(page->compare, row));
    grid_cell(grid, "%s", metric_table[row->metric].name);
    grid_cell(grid, "%s", views_value(old, row->metric, row->before.median));
    grid_cell(grid, "%s", views_value(new, row->metric, row->after.median));
    cell_change(page, grid, row);
    cell_verdict(page->compare, grid, row);
}

static enum rc put_sorted(struct page *page)
{
    const struct compare *compare = page->compare;
    struct grid grid = {0};
    text_put(&page->text, "\n");
    if (!compare->paired)
        grid_column(&grid, GRID_LEFT, "strategy", "");
    grid_column(&grid, GRID_LEFT, "where", "");
    grid_column(&grid, GRID_LEFT, "metric", "");
    grid_column(&grid, GRID_RIGHT, "old", "");
    grid_column(&grid, GRID_RIGHT, "new", "");
    grid_column(&grid, GRID_LEFT, "vs base", "");
    grid_column(&grid, GRID_LEFT, "", "");
    for (size_t i = 0; i < compare->row_count; i++)
        sorted_row(page, &grid, &compare->rows[i]);
    return put_grid(page, &grid);
}

/* ---- the last line -------------------------------------------------------------------------- */

enum { NAMED_MAX = 3 };

static double size_of(const struct compare_row *row)
{
    return isfinite(row->change) ? fabs(row->change) : 0;
}

/* The row of `verdict` with the largest change after `last`'s; equal changes in row order. */
static const struct compare_row *next_largest(const struct compare *compare,
                                              enum compare_verdict verdict,
                                              const struct compare_row *last)
{
    const struct compare_row *best = NULL;
    for (size_t i = 0; i < compare->row_count; i++) {
        const struct compare_row *row = &compare->rows[i];
        if (row->verdict != verdict)
            continue;
        if (last != NULL &&
            (size_of(row) > size_of(last) || (size_of(row) == size_of(last) && row <= last)))
            continue;
        if (best == NULL || size_of(row) > size_of(best))
            best = row;
    }
    return best;
}

static void put_names(struct page *page, enum compare_verdict verdict, size_t count)
{
    const struct compare *compare = page->compare;
    const struct compare_row *row = NULL;
    for (size_t i = 0; i < count && i < NAMED_MAX; i++) {
        row = next_largest(compare, verdict, row);
        if (row == NULL)
            break;
        text_put(&page->text, i == 0 ? " (" : ", ");
        if (!compare->paired) {
            put_name(page, compare_arm_name(compare, row));
            text_put(&page->text, " ");
        }
        put_name(page, compare_place_name(compare, row));
        text_print(&page->text, " %s", metric_table[row->metric].name);
    }
    if (row != NULL)
        text_put(&page->text, count > NAMED_MAX ? ", ...)" : ")");
}

static void put_count(struct page *page)
{
    const struct compare *compare = page->compare;
    char count[FORMAT_SIZE];
    size_t total = compare->same + compare->better + compare->worse + compare->changed;
    text_print(&page->text, "\n%s metrics: ", format_count(count, total));
    text_print(&page->text, "%s unchanged", format_count(count, compare->same));
    text_print(&page->text, ", %zu better", compare->better);
    put_names(page, COMPARE_BETTER, compare->better);
    text_print(&page->text, ", %zu worse", compare->worse);
    put_names(page, COMPARE_WORSE, compare->worse);
    if (compare->changed != 0)
        text_print(&page->text, ", %zu otherwise changed", compare->changed);
    text_put(&page->text, "\n");
}

/* ---- head and foot -------------------------------------------------------------------------- */

static void put_record(struct page *page, const char *which, const struct summary *summary,
                       uint32_t voided, size_t rounds)
{
    text_print(&page->text, "%s: ", which);
    put_name(page, summary->record->manifest.id);
    text_put(&page->text, " (");
    put_name(page, summary->record->manifest.created);
    text_print(&page->text, ", %zu round%s", rounds, rounds == 1 ? "" : "s");
    if (voided)
        text_print(&page->text, ", %u voided", voided);
    text_put(&page->text, page->markdown ? ")  \n" : ")\n");
}

static void put_head_records(struct page *page)
{
    const struct compare *compare = page->compare;
    size_t control = compare->before->control;
    const struct rounds *rounds = compare->rounds;
    put_record(page, "old", compare->before, rounds[0].voided, rounds[0].count);
    put_record(page, "new", compare->after, rounds[1].voided, rounds[1].count);
    text_put(
        &page->text,
        "\nDESCRIPTIVE: the records were measured one after the other.  Where a machine drifts, "
        "tests of such\nrecords err in 20 to 35 % of cases; `blobfront gate` runs both "
        "interleaved and gives a verdict.\n");
    if (control != SUMMARY_NONE && compare->after->control != SUMMARY_NONE) {
        text_put(&page->text, "Timings are compared in units of each record's own control ");
        put_name(page, compare->before->arms[control].arm->label);
        text_put(&page->text, ", round by round;\nthe control's own rows as measured.\n");
    } else {
        text_put(&page->text, "Timings are compared as measured: there is no control in both.\n");
    }
    text_print(&page->text,
               "~: no difference shown (exact rank-sum test, Holm over %zu timings, alpha %.4g).  "
               "±: half the 95 %%\ninterval of the median.  Counters are EXACT: equal, or "
               "changed.\n",
               compare->hypotheses, compare->alpha);
}

static void put_looks(struct page *page)
{
    const struct record_protocol *protocol = &page->compare->before->record->manifest.protocol;
    uint32_t next, rounds = (uint32_t)page->compare->rounds[0].count;
    if (protocol->stopping == STOPPING_UNTIL)
        text_put(&page->text, "E-processes on paired rounds, valid whenever one looks");
    else
        text_put(&page->text, "Exact signed-rank test on paired rounds");
    text_print(&page->text, ", Holm over %zu timings, alpha %.4g", page->compare->hypotheses,
               page->compare->alpha);
    if (protocol->stopping == STOPPING_LOOKS)
        text_print(&page->text, " over the planned looks (%zu taken)",
                   dominance_schedule_of(
                       protocol, record_claim_rounds(page->compare->before->record, rounds, &next))
                       .count);
    text_put(&page->text, ".\n");
}

static void put_head_arms(struct page *page)
{
    const struct compare *compare = page->compare;
    const struct compare_row *row = compare->rows;
    put_record(page, "record", compare->before, compare->rounds[0].voided,
               compare->rounds[0].count);
    if (compare->row_count != 0) {
        text_put(&page->text, "old: ");
        put_name(page, compare->before->arms[row->arm_old].arm->label);
        text_put(&page->text, ", new: ");
        put_name(page, compare->after->arms[row->arm_new].arm->label);
        text_put(&page->text, "\n");
    }
    text_put(&page->text,
             "\nCONFIRMED: new is better; REFUTED: new is worse; UNDECIDED ~N: neither; "
             "about N rounds in all might tell.\n");
    put_looks(page);
    text_put(&page->text, "±: half the 95 % interval of the median.  Counters are EXACT: equal, or "
                          "changed.\n");
}

static void put_notes(struct page *page)
{
    const struct compare *compare = page->compare;
    if (compare->note_count != 0)
        text_put(&page->text, "\n");
    for (size_t i = 0; i < compare->note_count; i++) {
        text_put(&page->text, page->markdown ? "- " : "note: ");
        (page->markdown ? text_markdown_line : text_terminal)(&page->text, compare->notes[i]);
        text_put(&page->text, "\n");
    }
}

static void put_footnotes(struct page *page)
{
    const struct compare *compare = page->compare;
    size_t old = compare->rounds[0].count, new = compare->rounds[1].count;
    double least = compare->paired ? exp2(1 - (double)old)
                                   : 2 * exp(lgamma((double)old + 1) + lgamma((double)new + 1) -
                                             lgamma((double)(old + new) + 1));
    const char *end = page->markdown ? "  \n" : "\n";
    if (page->few || page->open || page->coarse)
        text_put(&page->text, "\n");
    if (page->few)
        text_print(&page->text,
                   "[1] n too small: needs >= %zu rounds%s for %zu timings (the smallest p these "
                   "records can give is %.2g)%s",
                   compare->rounds_least, compare->paired ? "" : " a side", compare->hypotheses,
                   fmin(1, least), end);
    if (page->open)
        text_print(&page->text, "[2] ± ∞: a 95 %% interval of a median needs >= 6 rounds%s", end);
    if (page->coarse)
        text_print(&page->text,
                   "[3] the clock is too coarse: more than a fifth of the rounds are equal%s", end);
}

static enum rc write_page(const struct compare *compare, bool markdown, struct buf *out,
                          struct err *err)
{
    struct page page = {.compare = compare, .text = text_to(out, err), .markdown = markdown};
    enum rc rc = RC_OK;
    if (markdown)
        text_put(&page.text, "# Comparison\n\n");
    if (compare->paired)
        put_head_arms(&page);
    else
        put_head_records(&page);
    put_notes(&page);
    if (compare->by_severity && compare->row_count != 0)
        rc = put_sorted(&page);
    for (size_t at = 0; !compare->by_severity && at < compare->row_count && rc == RC_OK;)
        rc = put_block(&page, &at);
    put_footnotes(&page);
    put_count(&page);
    return rc == RC_OK ? page.text.rc : rc;
}

enum rc compare_text(const struct compare *compare, struct buf *out, struct err *err)
{
    return write_page(compare, false, out, err);
}

enum rc compare_markdown(const struct compare *compare, struct buf *out, struct err *err)
{
    return write_page(compare, true, out, err);
}
