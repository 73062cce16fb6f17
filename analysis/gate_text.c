/* gate_text.c: a gate's verdict for a terminal. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/gate_parts.h"

/* ---- the table ------------------------------------------------------------------------------ */

static void cut_name(char dst[160], const char *name, size_t width)
{
    char quoted[QUOTE_SIZE];
    text_cut(dst, 160, quote_str(quoted, sizeof(quoted), name), width);
    size_t used = text_width(dst), len = strlen(dst);
    for (; used < width && len < 159; used++)
        dst[len++] = ' ';
    dst[len] = '\0';
}

/* "+6.1 %": the slowdown that would have been found. */
static char *found_text(char dst[FORMAT_SIZE], double detectable)
{
    if (!isfinite(detectable))
        (void)snprintf(dst, FORMAT_SIZE, "-");
    else
        (void)snprintf(dst, FORMAT_SIZE, "+%.1f %%", 100 * detectable);
    return dst;
}

static void table(const struct gate *gate, struct text *text)
{
    if (gate->timing.cell_count == 0)
        return;
    text_print(text, "%-12s %-18s %-6s %9s %9s %28s %3s %8s  %s\n", "strategy", "phase", "metric",
               "base", "new", "change [95 % interval]", "n", "finds", "verdict");
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        char strategy[160], phase[160], base[FORMAT_SIZE], next[FORMAT_SIZE], change[96],
            finds[FORMAT_SIZE];
        cut_name(strategy, cell->strategy, 12);
        cut_name(phase, cell->phase, 18);
        text_print(text, "%s %s %-6s %9s %9s %28s %3zu %8s  %s%s\n", strategy, phase,
                   metric_table[cell->metric].name, format_ns(base, cell->base),
                   format_ns(next, cell->next), gate_change(change, &cell->first.change),
                   cell->first.n, found_text(finds, cell->detectable),
                   gate_verdict_name(cell->verdict), cell->unstable ? ", UNSTABLE" : "");
    }
    text_put(text, "\n");
}

/* ---- below it ------------------------------------------------------------------------------- */

static void line(struct text *text, const char *what, const char *raw)
{
    text_put(text, what);
    text_terminal(text, raw);
    text_put(text, "\n");
}

static void repeated(const struct gate *gate, struct text *text)
{
    char words[GATE_LINE_SIZE];
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        bool failed = cell->first.state.verdict == LOOKS_FAIL;
        if (!failed && cell->control.state.verdict != LOOKS_FAIL)
            continue;
        text_print(text, "%s: ", cell->unstable ? "UNSTABLE" : gate_verdict_name(cell->verdict));
        text_terminal(text, gate_cell_name(words, cell));
        line(text, ": ", gate_cell_story(words, cell));
    }
}

static void differences(const char *against, const struct golden_comparison *from,
                        struct text *text)
{
    char words[GATE_LINE_SIZE];
    for (size_t i = 0; i < from->count && i < GATE_LISTED_MAX; i++) {
        text_print(text, "%s: ", against);
        line(text, "", gate_difference(words, &from->items[i]));
    }
    if (from->count > GATE_LISTED_MAX)
        text_print(text, "%s: and %zu more differences\n", against,
                   from->count - (size_t)GATE_LISTED_MAX);
}

static void exact(const struct gate *gate, struct text *text)
{
    const struct gate_exact *from = &gate->exact;
    differences(from->golden_updated ? "golden, updated" : "DIFFERS from the golden file",
                &from->golden, text);
    differences(gate->exact_agreed ? "agreed, differs from the baseline"
                                   : "DIFFERS from the baseline",
                &from->baseline, text);
    if (from->noisy) {
        text_print(text, "noisy: %zu exact metrics are not equal in two runs of the candidate: ",
                   from->noisy);
        line(text, "", from->noisy_first);
    }
    if (from->golden_path[0]) {
        text_put(text, "golden file: ");
        text_terminal(text, from->golden_path);
        line(text, ", last changed: ", from->golden_reason);
    }
}

static void counts(const struct gate *gate, struct text *text)
{
    char words[GATE_LINE_SIZE];
    for (size_t i = 0; i < gate->counts.count; i++) {
        const struct gate_count *count = &gate->counts.items[i];
        if (count->verdict == GATE_FAIL || count->change < -gate->counts.limit)
            line(text, count->verdict == GATE_FAIL ? "FAIL: " : "better: ",
                 gate_count_line(words, gate, count));
    }
    if (gate->counts.why_not[0])
        line(text, "warning: instructions not checked: ", gate->counts.why_not);
}

static void side(const char *what, const struct gate_side *from, struct text *text)
{
    text_print(text, "%s ", what);
    text_terminal(text, from->asked);
    if (from->revision[0])
        text_print(text, " (%.12s)", from->revision);
    text_print(text, ", program %.12s, %" PRIu32 " link order%s", from->hash, from->orders,
               from->orders == 1 ? "" : "s");
    if (from->compiler[0]) {
        text_put(text, ", ");
        text_terminal(text, from->compiler);
    }
    text_put(text, "\n");
    if (from->note[0]) {
        text_print(text, "warning: %s: ", what);
        line(text, "", from->note);
    }
}

static void looks(const struct gate *gate, struct text *text)
{
    const struct looks *looks = &gate->settings.looks;
    for (size_t i = 0; i < looks->count; i++)
        text_print(text, "%s%" PRIu32, i ? "/" : "", looks->rounds[i]);
}

static void how(const struct gate *gate, struct text *text)
{
    const struct gate_timing *timing = &gate->timing;
    if (timing->cell_count) {
        text_print(text, "timing: %" PRIu32 " rounds (looks ", timing->rounds);
        looks(gate, text);
        text_print(text, ")");
        if (timing->rounds_again)
            text_print(text, ", then %" PRIu32 " of what failed", timing->rounds_again);
        if (timing->voided + timing->voided_again)
            text_print(text, ", %" PRIu32 " voided", timing->voided + timing->voided_again);
        text_print(text, "; stores in ");
        line(text, "", timing->stores);
        text_print(text,
                   "errors: at most %zu x 1 %%^2 = %.2f %% of gates are red by chance; here the "
                   "baseline against itself failed %zu of %zu times\n",
                   timing->cell_count, 100 * gate_false_alarm_bound(gate), gate->controls_failed,
                   timing->cell_count);
    }
    if (gate->base_is_file)
        text_put(text, "timing is never compared with a stored file: other minutes, another "
                       "machine\n");
    text_print(text, "seed %" PRIu64 ", %.1f s, on ", gate->seed, gate->seconds);
    line(text, "", gate->host);
    if (gate->folder[0])
        line(text, "records: ", gate->folder);
}

/* ---- all of it ------------------------------------------------------------------------------ */

enum rc gate_sentence(const struct gate *gate, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    char timing[GATE_LINE_SIZE], equal[GATE_LINE_SIZE], count[GATE_LINE_SIZE];
    text_terminal(&text, gate_timing_words(timing, gate));
    text_print(&text, "; %s; %s", gate_exact_words(equal, gate), gate_count_words(count, gate));
    return text.rc;
}

enum rc gate_text(const struct gate *gate, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    char doubt[GATE_LINE_SIZE];
    table(gate, &text);
    repeated(gate, &text);
    exact(gate, &text);
    counts(gate, &text);
    side("baseline", &gate->base, &text);
    side("candidate", &gate->next, &text);
    how(gate, &text);
    if (gate->note[0])
        line(&text, "note: ", gate->note);
    if (gate_doubt(doubt, gate)[0])
        line(&text, gate->end == GATE_INCONCLUSIVE || gate->unstable ? "" : "warning: ", doubt);
    text_print(&text, "verdict: %s\n", gate_end_name(gate->end));
    enum rc rc = text.rc;
    if (rc == RC_OK)
        rc = gate_sentence(gate, out, err);
    return rc == RC_OK ? buf_append(out, span_of_str("\n"), err) : rc;
}
