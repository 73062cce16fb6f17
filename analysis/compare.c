#include "analysis/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare_parts.h"

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory to compare the records");
}

enum { COMPARE_NOTES_MAX = 64 };

static enum rc PRINTF_LIKE(3, 4)
    add_note(struct compare *compare, struct err *err, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    char *copy = arena_strdup(&compare->arena, line);
    if (copy == NULL)
        return out_of_memory(err);
    if (compare->note_count < COMPARE_NOTES_MAX)
        compare->notes[compare->note_count++] = copy;
    return RC_OK;
}

/* ---- may they be compared? ------------------------------------------------------------------ */

static enum rc check_fields(struct compare *compare, bool allow, struct err *err)
{
    const struct record_manifest *a = &compare->before->record->manifest;
    const struct record_manifest *b = &compare->after->record->manifest;
    struct compare_field field;
    size_t at = 0;
    while (compare_field_next(a, b, &at, &field)) {
        if (!allow) {
            FAIL(err, RC_MISMATCH, 0,
                 "not comparable: %s differs, \"%s\" in the first record and "
                 "\"%s\" in the second",
                 field.name, Q(field.before), Q(field.after));
            err_hint(err, "--allow-mismatch compares them all the same");
            return err->rc;
        }
        enum rc rc = add_note(compare, err, "%s differs: \"%s\" and \"%s\"", field.name,
                              Q(field.before), Q(field.after));
        if (rc != RC_OK)
            return rc;
    }
    /* As a rule this is the point of comparing. */
    if (strcmp(a->tool_hash, b->tool_hash) != 0)
        return add_note(compare, err, "measured by two programs: %s (%.12s) and %s (%.12s)",
                        Q(a->tool_version), Q(a->tool_hash), Q(b->tool_version), Q(b->tool_hash));
    return RC_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* What everyone wants to see; counters beside these are listed when they changed. */
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

static enum compare_verdict direction(enum metric metric, double change)
{
    const struct metric_info *info = &metric_table[metric];
    if (change == 0)
        return COMPARE_SAME;
    if (info->better == NEITHER)
        return COMPARE_CHANGED;
    return (change < 0) == (info->better == LOWER) ? COMPARE_BETTER : COMPARE_WORSE;
}

/* Equal in every run of each side, to the last digit. */
static bool is_exact(const struct stats *old, const struct stats *new)
{
    return old->n >= 2 && new->n >= 2 && old->min == old->max &&new->min == new->max;
}

static enum rc add_row(struct compare *compare, struct compare_row row, struct err *err)
{
    const struct stats *old = summary_cell(compare->before, row.arm_old, row.place_old, row.metric);
    const struct stats *new = summary_cell(compare->after, row.arm_new, row.place_new, row.metric);
    bool counter = compare_is_counter(&row);
    if (old->n == 0 || new->n == 0 || (!counter && !compare->all && !is_main(row.metric)))
        return RC_OK;
    row.change = old->median != 0 ? new->median / old->median - 1 : NAN;
    if (old->median == 0 && new->median == 0)
        row.change = 0;
    row.p = row.p_adjusted = NAN;
    row.ratio = (struct interval){NAN, NAN, NAN, 0, 0};
    enum rc rc = compare_sides(compare, &row, err);
    if (rc != RC_OK || row.before.n == 0 || row.after.n == 0)
        return rc;
    if (counter) {
        double difference = new->median - old->median;
        row.verdict = direction(row.metric, difference);
        row.label = is_exact(old, new) ? CLAIM_EXACT : CLAIM_DESCRIPTIVE;
    }
    compare->rows[compare->row_count++] = row;
    return RC_OK;
}

static enum rc add_arm(struct compare *compare, size_t arm_old, size_t arm_new, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t p = 0; p < compare->before->place_count; p++) {
        size_t like = compare->paired ? p : compare_place(compare->before, compare->after, p);
        for (enum metric m = 0; m < METRIC_COUNT && like != SUMMARY_NONE && rc == RC_OK; m++) {
            struct compare_row row = {.arm_old = arm_old,
                                      .arm_new = arm_new,
                                      .place_old = p,
                                      .place_new = like,
                                      .metric = m};
            rc = add_row(compare, row, err);
        }
    }
    return rc;
}

/* ---- arms ----------------------------------------------------------------------------------- */

static enum rc find_arm(const struct summary *summary, const char *label, size_t *arm,
                        struct err *err)
{
    const char *labels[64];
    size_t count = 0;
    *arm = summary_arm_named(summary, label);
    if (*arm == SUMMARY_NONE) {
        for (size_t a = 0; a < summary->arm_count && count < COUNT_OF(labels); a++)
            labels[count++] = summary->arms[a].arm->label;
        const char *near = nearest_word(label, labels, count);
        FAIL(err, RC_USAGE, 0, "\"%s\" has no strategy \"%s\"", Q(summary->record->manifest.id),
             Q(label));
        if (near)
            err_hint(err, "did you mean \"%s\"?", Q(near));
        return err->rc;
    }
    if (!summary->arms[*arm].valid)
        return FAIL(err, RC_USAGE, 0, "\"%s\" is INVALID in \"%s\": %.200s", Q(label),
                    Q(summary->record->manifest.id), Q(summary->arms[*arm].reason));
    return RC_OK;
}

static enum rc note_options(struct compare *compare, size_t old, size_t new, struct err *err)
{
    const struct record_arm *a = compare->before->arms[old].arm;
    const struct record_arm *b = compare->after->arms[new].arm;
    if (compare->paired || strcmp(a->label, b->label) != 0 || strcmp(a->options, b->options) == 0)
        return RC_OK;
    return add_note(compare, err, "%s: options differ: %.300s | %.300s", a->label, a->options,
                    b->options);
}

static enum rc pair_two(struct compare *compare, const char *const labels[2], struct err *err)
{
    size_t arms[2];
    enum rc rc = find_arm(compare->before, labels[0], &arms[0], err);
    if (rc == RC_OK)
        rc = find_arm(compare->after, labels[1], &arms[1], err);
    if (rc == RC_OK && compare->paired && arms[0] == arms[1])
        rc = FAIL(err, RC_USAGE, 0, "\"%s\" against itself: expected two strategies", Q(labels[0]));
    if (rc == RC_OK)
        rc = note_options(compare, arms[0], arms[1], err);
    return rc == RC_OK ? add_arm(compare, arms[0], arms[1], err) : rc;
}

static enum rc pair_all(struct compare *compare, struct err *err)
{
    const struct summary *before = compare->before, *after = compare->after;
    enum rc rc = RC_OK;
    for (size_t a = 0; a < before->arm_count && rc == RC_OK; a++) {
        const struct record_arm *arm = before->arms[a].arm;
        size_t other = summary_arm_named(after, arm->label);
        if (other == SUMMARY_NONE) {
            rc = add_note(compare, err, "%s: only in the first record", arm->label);
        } else if (!before->arms[a].valid || !after->arms[other].valid) {
            rc = add_note(compare, err, "%s: INVALID in the %s record, not compared", arm->label,
                          before->arms[a].valid ? "second" : "first");
        } else {
            rc = note_options(compare, a, other, err);
            if (rc == RC_OK)
                rc = add_arm(compare, a, other, err);
        }
    }
    for (size_t a = 0; a < after->arm_count && rc == RC_OK; a++) {
        if (summary_arm_named(before, after->arms[a].arm->label) == SUMMARY_NONE)
            rc = add_note(compare, err, "%s: only in the second record", after->arms[a].arm->label);
    }
    return rc;
}

static enum rc note_places(struct compare *compare, const struct summary *summary,
                           const struct summary *other, const char *which, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t p = 0; p < summary->place_count && rc == RC_OK; p++) {
        if (compare_place(summary, other, p) == SUMMARY_NONE)
            rc = add_note(compare, err, "%s: only in the %s record as it was set up there",
                          summary->places[p].name, which);
    }
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Worse, better, changed, the rest; by size, then in the records' order. */
static int by_severity(const void *a, const void *b)
{
    static const int weight[] = {
        [COMPARE_WORSE] = 0, [COMPARE_BETTER] = 1, [COMPARE_CHANGED] = 2, [COMPARE_SAME] = 3};
    const struct compare_row *x = a, *y = b;
    if (weight[x->verdict] != weight[y->verdict])
        return weight[x->verdict] - weight[y->verdict];
    /* From nothing is more than any ratio. */
    double dx = isnan(x->change) ? INFINITY : fabs(x->change);
    double dy = isnan(y->change) ? INFINITY : fabs(y->change);
    if (dx != dy)
        return dx > dy ? -1 : 1;
    if (x->arm_old != y->arm_old)
        return x->arm_old < y->arm_old ? -1 : 1;
    if (x->place_old != y->place_old)
        return x->place_old < y->place_old ? -1 : 1;
    return (int)x->metric - (int)y->metric;
}

/* Counters that nobody asked for and that did not change are counted and not listed. */
static void finish_rows(struct compare *compare)
{
    size_t kept = 0;
    for (size_t i = 0; i < compare->row_count; i++) {
        const struct compare_row *row = &compare->rows[i];
        compare->same += row->verdict == COMPARE_SAME;
        compare->better += row->verdict == COMPARE_BETTER;
        compare->worse += row->verdict == COMPARE_WORSE;
        compare->changed += row->verdict == COMPARE_CHANGED;
        if (compare->all || row->verdict != COMPARE_SAME || is_main(row->metric))
            compare->rows[kept++] = *row;
    }
    compare->row_count = kept;
    if (compare->by_severity && kept > 1)
        qsort(compare->rows, kept, sizeof(*compare->rows), by_severity);
}

static enum rc check_rounds(const struct compare *compare, struct err *err)
{
    for (size_t i = 0; i < (compare->paired ? 1u : 2u); i++) {
        const struct summary *summary = i == 0 ? compare->before : compare->after;
        if (compare->rounds[i].count == 0)
            return FAIL(err, RC_USAGE, 0, "\"%s\" holds no complete round: nothing to compare",
                        Q(summary->record->manifest.id));
    }
    return RC_OK;
}

/* An answer of no rows would read as "nothing changed". */
static enum rc check_any(const struct compare *compare, struct err *err)
{
    if (compare->row_count > 0)
        return RC_OK;
    const char *why = compare->note_count > 0 ? compare->notes[0] : "they share no metric";
    return FAIL(err, RC_MISMATCH, 0, "nothing to compare: %.400s", Q(why));
}

static enum rc build_rows(struct compare *compare, const struct compare_options *options,
                          struct err *err)
{
    const struct summary *before = compare->before, *after = compare->after;
    enum rc rc = rounds_build(&compare->rounds[0], before, err);
    if (rc == RC_OK && !compare->paired)
        rc = rounds_build(&compare->rounds[1], after, err);
    if (rc == RC_OK)
        rc = check_rounds(compare, err);
    if (rc == RC_OK && !compare->paired)
        rc = check_fields(compare, options->allow_mismatch, err);
    if (rc == RC_OK && !compare->paired)
        rc = note_places(compare, before, after, "first", err);
    if (rc == RC_OK && !compare->paired)
        rc = note_places(compare, after, before, "second", err);
    if (rc == RC_OK)
        rc = options->arms[0] ? pair_two(compare, options->arms, err) : pair_all(compare, err);
    return rc == RC_OK ? check_any(compare, err) : rc;
}

enum rc compare_build(struct compare *compare, const struct summary *before,
                      const struct summary *after, const struct compare_options *options,
                      struct err *err)
{
    struct compare_options none = {0};
    if (options == NULL)
        options = &none;
    *compare = (struct compare){.before = before,
                                .after = after,
                                .paired = before == after,
                                .all = options->all,
                                .by_severity = options->by_severity};
    CHECK((options->arms[0] != NULL) == (options->arms[1] != NULL));
    CHECK(!compare->paired || options->arms[0] != NULL);
    struct record_protocol protocol = before->record->manifest.protocol;
    if (options->alpha > 0)
        protocol.alpha = options->alpha;
    compare->alpha = options->alpha > 0 ? options->alpha : COMPARE_ALPHA;
    if (compare->paired)
        compare->alpha = protocol.alpha;
    compare->notes = arena_zalloc(&compare->arena, COMPARE_NOTES_MAX, sizeof(*compare->notes));
    compare->rows =
        arena_zalloc(&compare->arena, before->arm_count * before->place_count * METRIC_COUNT + 1,
                     sizeof(*compare->rows));
    enum rc rc = RC_OK;
    if (compare->notes == NULL || compare->rows == NULL)
        rc = out_of_memory(err);
    if (rc == RC_OK)
        rc = build_rows(compare, options, err);
    if (rc == RC_OK)
        rc = compare->paired ? compare_test_arms(compare, &protocol, err)
                             : compare_test_records(compare, err);
    if (rc == RC_OK)
        finish_rows(compare);
    else
        compare_release(compare);
    return rc;
}

void compare_release(struct compare *compare)
{
    rounds_release(&compare->rounds[0]);
    rounds_release(&compare->rounds[1]);
    arena_release(&compare->arena);
    *compare = (struct compare){0};
}
