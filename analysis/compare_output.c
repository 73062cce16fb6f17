/* compare_output.c: a comparison as text, Markdown, CSV and JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "analysis/table.h"
#include "analysis/views.h"
#include "engine/json.h"

static const char *verdict_name(enum compare_verdict verdict)
{
    static const char *const names[] = {"unchanged", "better", "worse", "changed"};
    return names[verdict];
}

static const struct stats *old_of(const struct compare *compare, const struct compare_row *row)
{
    return summary_cell(compare->before, row->arm_old, row->place_old, row->metric);
}

static const struct stats *new_of(const struct compare *compare, const struct compare_row *row)
{
    return summary_cell(compare->after, row->arm_new, row->place_new, row->metric);
}

static const char *place_of(const struct compare *compare, const struct compare_row *row)
{
    return compare->before->places[row->place_old].name;
}

/* What everyone wants to see; the rest is listed when it changed. */
static bool is_main(enum metric metric)
{
    static const enum metric main_metrics[] = {M_P50_NS,        M_P95_NS,      M_OPS_PER_S,
                                               M_CPU_MS_PER_MB, M_WRITE_BYTES, M_TOTAL_BYTES,
                                               M_PEAK_RSS_BYTES};
    for (size_t i = 0; i < COUNT_OF(main_metrics); i++) {
        if (main_metrics[i] == metric)
            return true;
    }
    return false;
}

static bool is_shown(const struct compare *compare, const struct compare_row *row)
{
    return compare->all || row->verdict != COMPARE_SAME || is_main(row->metric);
}

/* ---- grids ---------------------------------------------------------------------------------- */

/* "1.42 ms ± 4 %": the median and half the range over rounds as a share of it. */
static void cell_side(struct grid *grid, enum metric metric, const struct stats *cell)
{
    char value[FORMAT_SIZE];
    views_value(value, metric, cell->median);
    double half = (cell->max - cell->min) / 2 / cell->median;
    if (metric_table[metric].kind == COUNTER || cell->n < 2 || !isfinite(half))
        grid_cell(grid, "%s", value);
    else
        grid_cell(grid, "%s ± %2.0f %%", value, 100 * fabs(half));
}

static void cell_change(struct grid *grid, const struct compare_row *row)
{
    char change[FORMAT_SIZE];
    if (row->verdict == COMPARE_SAME)
        grid_cell(grid, "~");
    else if (!isfinite(row->change))
        grid_cell(grid, "from 0");
    else
        grid_cell(grid, "%s", text_change(change, row->change));
}

static size_t fill_grid(const struct compare *compare, size_t arm, struct grid *grid)
{
    grid_column(grid, GRID_LEFT, "phase", "");
    grid_column(grid, GRID_LEFT, "metric", "");
    grid_column(grid, GRID_RIGHT, "old", "");
    grid_column(grid, GRID_RIGHT, "new", "");
    grid_column(grid, GRID_RIGHT, "vs base", "");
    grid_column(grid, GRID_LEFT, "", "");
    grid_column(grid, GRID_RIGHT, "n", "");
    for (size_t i = 0; i < compare->row_count; i++) {
        const struct compare_row *row = &compare->rows[i];
        if (row->arm_old != arm || !is_shown(compare, row))
            continue;
        const struct stats *before = old_of(compare, row), *after = new_of(compare, row);
        grid_cell(grid, "%s", place_of(compare, row));
        grid_cell(grid, "%s", metric_table[row->metric].name);
        cell_side(grid, row->metric, before);
        cell_side(grid, row->metric, after);
        cell_change(grid, row);
        grid_cell(grid, "%s", row->verdict == COMPARE_SAME ? "" : verdict_name(row->verdict));
        grid_cell(grid, "%zu+%zu", before->n, after->n);
    }
    return grid_rows(grid);
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

static void put_names(const struct compare *compare, enum compare_verdict verdict, size_t count,
                      struct text *text, void (*escape)(struct text *, const char *))
{
    const struct compare_row *row = NULL;
    for (size_t i = 0; i < count && i < NAMED_MAX; i++) {
        row = next_largest(compare, verdict, row);
        if (row == NULL)
            break;
        text_put(text, i == 0 ? " (" : ", ");
        escape(text, compare->before->arms[row->arm_old].arm->label);
        text_put(text, " ");
        escape(text, place_of(compare, row));
        text_print(text, " %s", metric_table[row->metric].name);
    }
    if (row != NULL)
        text_put(text, count > NAMED_MAX ? ", ...)" : ")");
}

static void put_count(const struct compare *compare, struct text *text,
                      void (*escape)(struct text *, const char *))
{
    char count[FORMAT_SIZE];
    text_print(text, "%s metrics: ", format_count(count, compare->row_count));
    text_print(text, "%s unchanged", format_count(count, compare->same));
    text_print(text, ", %zu better", compare->better);
    put_names(compare, COMPARE_BETTER, compare->better, text, escape);
    text_print(text, ", %zu worse", compare->worse);
    put_names(compare, COMPARE_WORSE, compare->worse, text, escape);
    if (compare->changed != 0)
        text_print(text, ", %zu otherwise changed", compare->changed);
    text_put(text, "\n");
}

/* ---- text and Markdown ---------------------------------------------------------------------- */

static void put_head(const struct compare *compare, struct text *text,
                     void (*escape)(struct text *, const char *), const char *bullet)
{
    text_put(text, "old: ");
    escape(text, compare->before->record->manifest.id);
    text_put(text, "\n");
    text_put(text, bullet[0] == '-' ? "\n" : "");
    text_put(text, "new: ");
    escape(text, compare->after->record->manifest.id);
    text_print(
        text,
        "\n%sMedians over rounds, ± half the range (%s: no p-values in this release).\n"
        "A timing is ~ when the ranges overlap or a side has fewer than %d rounds; a counter "
        "is ~ when equal.\n"
        "Ranges of equal things part by chance: 1 timing in 10 with 3 rounds a side, 1 in "
        "126 with 5.\n",
        bullet[0] == '-' ? "\n" : "", SUMMARY_CLAIMS, COMPARE_ROUNDS_MIN);
    if (compare->note_count != 0)
        text_put(text, "\n");
    for (size_t i = 0; i < compare->note_count; i++) {
        text_put(text, bullet);
        (bullet[0] == '-' ? text_markdown_line : escape)(text, compare->notes[i]);
        text_put(text, "\n");
    }
}

static bool has_rows(const struct compare *compare, size_t arm)
{
    for (size_t i = 0; i < compare->row_count; i++) {
        if (compare->rows[i].arm_old == arm && is_shown(compare, &compare->rows[i]))
            return true;
    }
    return false;
}

static enum rc put_arm(const struct compare *compare, size_t arm, bool markdown, struct text *text)
{
    struct grid grid = {0};
    text_put(text, markdown ? "\n## " : "\n");
    (markdown ? text_markdown : text_terminal)(text, compare->before->arms[arm].arm->label);
    text_put(text, markdown ? "\n\n" : "\n");
    enum rc rc = text->rc;
    fill_grid(compare, arm, &grid);
    if (rc == RC_OK)
        rc = markdown ? grid_markdown(&grid, text->out, text->err)
                      : grid_text(&grid, TABLE_WIDTH, text->out, text->err);
    grid_release(&grid);
    return rc;
}

static enum rc write_page(const struct compare *compare, bool markdown, struct buf *out,
                          struct err *err)
{
    struct text text = text_to(out, err);
    void (*escape)(struct text *, const char *) = markdown ? text_markdown : text_terminal;
    if (markdown)
        text_put(&text, "# Comparison\n\n");
    put_head(compare, &text, escape, markdown ? "- " : "note: ");
    enum rc rc = text.rc;
    for (size_t a = 0; a < compare->before->arm_count && rc == RC_OK; a++) {
        if (has_rows(compare, a))
            rc = put_arm(compare, a, markdown, &text);
    }
    text_put(&text, "\n");
    put_count(compare, &text, escape);
    return rc == RC_OK ? text.rc : rc;
}

enum rc compare_text(const struct compare *compare, struct buf *out, struct err *err)
{
    return write_page(compare, false, out, err);
}

enum rc compare_markdown(const struct compare *compare, struct buf *out, struct err *err)
{
    return write_page(compare, true, out, err);
}

/* ---- CSV and JSON --------------------------------------------------------------------------- */

static void csv_side(struct text *text, const struct stats *cell)
{
    char number[TEXT_NUMBER_SIZE];
    text_print(text, ",%zu", cell->n);
    text_print(text, ",%s", text_number(number, cell->median));
    text_print(text, ",%s", text_number(number, cell->min));
    text_print(text, ",%s", text_number(number, cell->max));
}

enum rc compare_csv(const struct compare *compare, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    text_put(&text, "arm,name,metric,unit,old_n,old_median,old_min,old_max,"
                    "new_n,new_median,new_min,new_max,change,verdict\n");
    for (size_t i = 0; i < compare->row_count; i++) {
        const struct compare_row *row = &compare->rows[i];
        char number[TEXT_NUMBER_SIZE];
        text_csv(&text, compare->before->arms[row->arm_old].arm->label);
        text_put(&text, ",");
        text_csv(&text, place_of(compare, row));
        text_print(&text, ",%s,%s", metric_table[row->metric].name, metric_table[row->metric].unit);
        csv_side(&text, old_of(compare, row));
        csv_side(&text, new_of(compare, row));
        text_print(&text, ",%s,%s\n", text_number(number, row->change), verdict_name(row->verdict));
    }
    return text.rc;
}

static void json_side(struct json_writer *json, const char *key, const struct stats *cell)
{
    json_open(json, key, '{');
    json_u64(json, "n", cell->n);
    json_double(json, "median", cell->median);
    json_double(json, "min", cell->min);
    json_double(json, "max", cell->max);
    json_close(json, '}');
}

static void json_row(struct json_writer *json, const struct compare *compare,
                     const struct compare_row *row)
{
    json_open(json, NULL, '{');
    json_string(json, "arm", compare->before->arms[row->arm_old].arm->label);
    json_string(json, "name", place_of(compare, row));
    json_string(json, "metric", metric_table[row->metric].name);
    json_string(json, "unit", metric_table[row->metric].unit);
    json_side(json, "old", old_of(compare, row));
    json_side(json, "new", new_of(compare, row));
    if (isfinite(row->change))
        json_double(json, "change", row->change);
    json_string(json, "verdict", verdict_name(row->verdict));
    json_close(json, '}');
}

enum rc compare_json(const struct compare *compare, struct buf *out, struct err *err)
{
    struct json_writer json = json_begin(out, false, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", "blobfront/compare/1");
    json_string(&json, "claims", SUMMARY_CLAIMS);
    json_string(&json, "old", compare->before->record->manifest.id);
    json_string(&json, "new", compare->after->record->manifest.id);
    json_u64(&json, "unchanged", compare->same);
    json_u64(&json, "better", compare->better);
    json_u64(&json, "worse", compare->worse);
    json_u64(&json, "changed", compare->changed);
    json_open(&json, "notes", '[');
    for (size_t i = 0; i < compare->note_count; i++)
        json_string(&json, NULL, compare->notes[i]);
    json_close(&json, ']');
    json_open(&json, "rows", '[');
    for (size_t i = 0; i < compare->row_count; i++)
        json_row(&json, compare, &compare->rows[i]);
    json_close(&json, ']');
    json_close(&json, '}');
    return json_finish(&json);
}
