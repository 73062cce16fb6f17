#include "analysis/gate_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Append to a line; what does not fit is left out. */
static void PRINTF_LIKE(2, 3) add(char dst[GATE_LINE_SIZE], const char *fmt, ...)
{
    size_t used = strlen(dst);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(dst + used, GATE_LINE_SIZE - used, fmt, args);
    va_end(args);
}

char *gate_change(char dst[96], const struct interval *ratio)
{
    char estimate[FORMAT_SIZE], low[FORMAT_SIZE], high[FORMAT_SIZE];
    if (!isfinite(ratio->estimate))
        (void)snprintf(dst, 96, "-");
    else if (!isfinite(ratio->low) || !isfinite(ratio->high) || ratio->low <= 0)
        (void)snprintf(dst, 96, "%s", text_change(estimate, ratio->estimate - 1));
    else
        (void)snprintf(dst, 96, "%s [%s, %s]", text_change(estimate, ratio->estimate - 1),
                       text_change(low, ratio->low - 1), text_change(high, ratio->high - 1));
    return dst;
}

char *gate_cell_name(char dst[GATE_LINE_SIZE], const struct gate_cell *cell)
{
    (void)snprintf(dst, GATE_LINE_SIZE, "%.100s %.100s %s", cell->strategy, cell->phase,
                   metric_table[cell->metric].name);
    return dst;
}

static void add_pair(char dst[GATE_LINE_SIZE], const char *what, const struct gate_pair *pair)
{
    char change[96];
    add(dst, "%s%s %s, n %zu%s", dst[0] ? "; " : "", what, gate_change(change, &pair->change),
        pair->n, pair->coarse ? " (the clock is too coarse)" : "");
}

char *gate_cell_story(char dst[GATE_LINE_SIZE], const struct gate_cell *cell)
{
    char margin[FORMAT_SIZE];
    dst[0] = '\0';
    add_pair(dst, "change", &cell->first);
    if (cell->again.n)
        add_pair(dst, "measured again", &cell->again);
    if (cell->control.state.verdict == LOOKS_FAIL)
        add_pair(dst, "baseline against itself", &cell->control);
    if (cell->control_again.n && cell->control.state.verdict == LOOKS_FAIL)
        add_pair(dst, "and again", &cell->control_again);
    add(dst, "; margin %s", text_percent(margin, 100 * cell->margin));
    return dst;
}

char *gate_difference(char dst[GATE_LINE_SIZE], const struct golden_difference *difference)
{
    char want[FORMAT_SIZE], got[FORMAT_SIZE];
    (void)snprintf(dst, GATE_LINE_SIZE, "%.100s on %.60s, %.60s: ", difference->strategy,
                   difference->data, difference->place);
    text_value(want, difference->want);
    text_value(got, difference->got);
    /* Three digits may hide the difference of two ratios. */
    if (strcmp(want, got) == 0) {
        (void)snprintf(want, sizeof(want), "%.17g", difference->want);
        (void)snprintf(got, sizeof(got), "%.17g", difference->got);
    }
    if (difference->change == GOLDEN_NOISY)
        add(dst, "%s was %s and is not the same in two runs now", difference->metric, want);
    else if (difference->change == GOLDEN_MISSING)
        add(dst, "%s was %s and is gone", difference->metric, want);
    else if (difference->change == GOLDEN_ADDED)
        add(dst, "%s is new: %s", difference->metric, got);
    else if (strcmp(difference->metric, "verification") == 0)
        add(dst, "other bytes were read (verification hash)");
    else
        add(dst, "%s %s -> %s", difference->metric, want, got);
    return dst;
}

char *gate_count_line(char dst[GATE_LINE_SIZE], const struct gate *gate,
                      const struct gate_count *count)
{
    char base[FORMAT_SIZE], next[FORMAT_SIZE];
    (void)snprintf(dst, GATE_LINE_SIZE,
                   "instructions %.100s %.100s: %+.2f %% (limit +%.1f %%), %s -> %s",
                   count->strategy, count->phase, 100 * count->change, 100 * gate->counts.limit,
                   format_count(base, count->base), format_count(next, count->next));
    if (count->next_again && count->next_again != count->next)
        add(dst, ", %s when counted again", format_count(next, count->next_again));
    else if (count->next_again)
        add(dst, ", counted twice");
    return dst;
}

char *gate_exact_words(char dst[GATE_LINE_SIZE], const struct gate *gate)
{
    const struct gate_exact *exact = &gate->exact;
    size_t compared = exact->against_baseline ? exact->baseline.compared : exact->golden.compared;
    dst[0] = '\0';
    if (!exact->done) {
        add(dst, "exact: not checked");
        return dst;
    }
    if (compared == 0 && gate->exact_different == 0)
        add(dst, "exact: nothing to compare with");
    else if (gate->exact_different == 0)
        add(dst, "%zu exact: all equal", compared);
    else
        add(dst, "%zu exact: %zu DIFFER", compared, gate->exact_different);
    if (exact->noisy)
        add(dst, " (%zu noisy)", exact->noisy);
    if (gate->exact_agreed)
        add(dst, ", %zu agreed", gate->exact_agreed);
    if (exact->golden_updated)
        add(dst, ", golden file updated");
    return dst;
}

char *gate_count_words(char dst[GATE_LINE_SIZE], const struct gate *gate)
{
    const struct gate_counts *counts = &gate->counts;
    dst[0] = '\0';
    if (counts->count == 0)
        add(dst, "instructions: not checked");
    else if (gate->counts_fail == 0)
        add(dst, "instructions: %zu within +%.1f %%", counts->count, 100 * gate->counts.limit);
    else
        add(dst, "instructions: %zu of %zu ABOVE +%.1f %%", gate->counts_fail, counts->count,
            100 * gate->counts.limit);
    return dst;
}

static void add_failed(char dst[GATE_LINE_SIZE], const struct gate *gate)
{
    size_t listed = 0;
    char name[GATE_LINE_SIZE];
    for (size_t i = 0; i < gate->timing.cell_count; i++) {
        const struct gate_cell *cell = &gate->timing.cells[i];
        if (cell->verdict != GATE_FAIL)
            continue;
        if (listed++ < 3)
            add(dst, "%s%s", listed == 1 ? " (" : ", ", gate_cell_name(name, cell));
    }
    if (listed > 3)
        add(dst, ", %zu more", listed - 3);
    if (listed)
        add(dst, ")");
}

char *gate_timing_words(char dst[GATE_LINE_SIZE], const struct gate *gate)
{
    dst[0] = '\0';
    if (gate->timing.cell_count == 0) {
        add(dst, "timing: not measured");
        return dst;
    }
    add(dst, "%zu timed metrics: %zu pass, %zu undecided, %zu FAIL", gate->timing.cell_count,
        gate->pass, gate->undecided, gate->fail);
    add_failed(dst, gate);
    return dst;
}

const char *gate_end_name(enum gate_end end)
{
    switch (end) {
    case GATE_GREEN: return "green";
    case GATE_RED: return "red";
    case GATE_INCONCLUSIVE: return "inconclusive";
    }
    return "";
}

char *gate_doubt(char dst[GATE_LINE_SIZE], const struct gate *gate)
{
    dst[0] = '\0';
    if (gate->unstable)
        add(dst,
            "ENVIRONMENT: UNSTABLE: the baseline differs from itself, twice, in %zu of %zu timed "
            "metrics: the timing says nothing",
            gate->unstable, gate->timing.cell_count);
    else if (gate->blind)
        add(dst, "the gate is blind: %zu of %zu timed metrics are undecided (limit %.0f %%)",
            gate->undecided, gate->timing.cell_count, 100 * GATE_UNDECIDED_MAX);
    else if (gate->undecided)
        add(dst,
            "%zu of %zu timed metrics are undecided: neither above +2 %% nor below their margin",
            gate->undecided, gate->timing.cell_count);
    return dst;
}
