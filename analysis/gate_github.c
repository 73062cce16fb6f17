/* gate_github.c: a gate on GitHub Actions: workflow commands, and a step summary in Markdown. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/gate_parts.h"

/* GitHub shows ten annotations of a kind per step. */
enum { ANNOTATIONS_MAX = 10 };

/* ---- workflow commands ---------------------------------------------------------------------- */

/* What would end the line or the property is %-escaped, as the runner undoes it. */
static void escaped(struct text *text, const char *raw, bool property)
{
    for (const char *p = raw; *p; p++) {
        if (*p == '%')
            text_put(text, "%25");
        else if (*p == '\r')
            text_put(text, "%0D");
        else if (*p == '\n')
            text_put(text, "%0A");
        else if (property && *p == ':')
            text_put(text, "%3A");
        else if (property && *p == ',')
            text_put(text, "%2C");
        else
            text_put(text, (char[]){(unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, '\0'});
    }
}

static void command(struct text *text, const char *kind, const char *title, const char *message)
{
    text_print(text, "::%s title=", kind);
    escaped(text, title, true);
    text_put(text, "::");
    escaped(text, message, false);
    text_put(text, "\n");
}

static void annotate_differences(struct text *text, const char *title,
                                 const struct golden_comparison *from)
{
    char words[GATE_LINE_SIZE];
    for (size_t i = 0; i < from->count && i < ANNOTATIONS_MAX; i++)
        command(text, "error", title, gate_difference(words, &from->items[i]));
}

enum rc gate_annotations(const struct gate *gate, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    char words[GATE_LINE_SIZE], title[GATE_LINE_SIZE];
    if (!gate->exact.golden_updated)
        annotate_differences(&text, "exact: not as the golden file says", &gate->exact.golden);
    if (!gate->exact_agreed)
        annotate_differences(&text, "exact: not as the baseline", &gate->exact.baseline);
    for (size_t i = 0; i < gate->counts.count; i++)
        if (gate->counts.items[i].verdict == GATE_FAIL)
            command(&text, "error", "more instructions",
                    gate_count_line(words, gate, &gate->counts.items[i]));
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        if (cell->verdict != GATE_FAIL)
            continue;
        (void)snprintf(title, sizeof(title), "slower: %.600s", gate_cell_name(words, cell));
        command(&text, gate->unstable ? "warning" : "error", title, gate_cell_story(words, cell));
    }
    if (gate_doubt(words, gate)[0])
        command(&text, gate->end == GATE_INCONCLUSIVE ? "error" : "warning", "blobfront gate",
                words);
    if (gate->counts.why_not[0])
        command(&text, "warning", "instructions not checked", gate->counts.why_not);
    return text.rc;
}

/* ---- the summary ---------------------------------------------------------------------------- */

static void item(struct text *text, const char *what, const char *raw)
{
    text_print(text, "- %s: ", what);
    text_markdown(text, raw);
    text_put(text, "\n");
}

static void cells(struct text *text, const struct gate *gate)
{
    char base[FORMAT_SIZE], next[FORMAT_SIZE], change[96];
    if (gate->timing.cell_count == 0)
        return;
    text_put(text, "\n| strategy | phase | metric | base | new | change (95 % interval) | rounds | "
                   "finds | verdict |\n|---|---|---|--:|--:|--:|--:|--:|---|\n");
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        text_put(text, "| ");
        text_markdown(text, cell->strategy);
        text_put(text, " | ");
        text_markdown(text, cell->phase);
        text_print(text, " | `%s` | %s | %s | %s | %zu | ", metric_table[cell->metric].name,
                   format_ns(base, cell->base), format_ns(next, cell->next),
                   gate_change(change, &cell->first.change), cell->first.n);
        if (isfinite(cell->detectable))
            text_print(text, "+%.1f %%", 100 * cell->detectable);
        text_print(text, " | %s%s%s%s |\n", cell->verdict == GATE_FAIL ? "**" : "",
                   gate_verdict_name(cell->verdict), cell->unstable ? ", unstable" : "",
                   cell->verdict == GATE_FAIL ? "**" : "");
    }
}

static void list(struct text *text, const struct gate *gate)
{
    char words[GATE_LINE_SIZE], name[GATE_LINE_SIZE];
    const struct golden_comparison *golden = &gate->exact.golden, *base = &gate->exact.baseline;
    text_put(text, "\n");
    for (size_t i = 0; i < golden->count && i < GATE_LISTED_MAX; i++)
        item(text, gate->exact.golden_updated ? "golden file updated" : "not as the golden file",
             gate_difference(words, &golden->items[i]));
    for (size_t i = 0; i < base->count && i < GATE_LISTED_MAX; i++)
        item(text, gate->exact_agreed ? "agreed, not as the baseline" : "not as the baseline",
             gate_difference(words, &base->items[i]));
    for (size_t i = 0; i < gate->counts.count; i++)
        if (gate->counts.items[i].verdict == GATE_FAIL)
            item(text, "more instructions", gate_count_line(words, gate, &gate->counts.items[i]));
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        if (cell->verdict == GATE_FAIL)
            item(text, gate_cell_name(name, cell), gate_cell_story(words, cell));
    }
    if (gate_doubt(words, gate)[0])
        item(text, "note", words);
    if (gate->counts.why_not[0])
        item(text, "instructions not checked", gate->counts.why_not);
}

enum rc gate_markdown(const struct gate *gate, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    char timing[GATE_LINE_SIZE], equal[GATE_LINE_SIZE], count[GATE_LINE_SIZE];
    text_print(&text, "## blobfront gate: %s\n\n", gate_end_name(gate->end));
    text_markdown_line(&text, gate_timing_words(timing, gate));
    text_put(&text, "; ");
    text_markdown(&text, gate_exact_words(equal, gate));
    text_put(&text, "; ");
    text_markdown(&text, gate_count_words(count, gate));
    text_put(&text, ".\n");
    list(&text, gate);
    cells(&text, gate);
    text_put(&text, "\nBaseline ");
    text_markdown(&text, gate->base.asked);
    text_put(&text, ", candidate ");
    text_markdown(&text, gate->next.asked);
    text_print(&text, ", %.0f s on ", gate->seconds);
    text_markdown(&text, gate->host);
    text_put(&text, ".\n");
    return text.rc;
}
