#include "analysis/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analysis/text.h"

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
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    char *copy = arena_strdup(&compare->arena, line);
    if (copy == NULL)
        return out_of_memory(err);
    if (compare->note_count < COMPARE_NOTES_MAX)
        compare->notes[compare->note_count++] = copy;
    return RC_OK;
}

/* ---- may they be compared? ------------------------------------------------------------------ */

struct field {
    const char *name;
    char before[256], after[256];
};

static const char *fact_value(const struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].name, name) == 0)
            return facts->items[i].value;
    }
    return "";
}

static void set_text(char dst[256], const char *value)
{
    snprintf(dst, 256, "%.250s", value);
}

enum { FIELDS = 8 };

static void read_fields(const struct record_manifest *manifest, struct field fields[FIELDS],
                        bool after)
{
    static const char *const names[FIELDS] = {"dataset hash", "seed",          "durability",
                                              "retention",    "batch",         "host cpu",
                                              "file system",  "SQLite version"};
    char values[FIELDS][256];
    set_text(values[0], manifest->dataset_hash);
    snprintf(values[1], sizeof(values[1]), "%" PRIu64, manifest->seed);
    set_text(values[2], manifest->durability);
    set_text(values[3], manifest->retention);
    snprintf(values[4], sizeof(values[4]), "%" PRIu32, manifest->batch);
    set_text(values[5], fact_value(&manifest->host, "cpu"));
    set_text(values[6], fact_value(&manifest->host, "filesystem"));
    set_text(values[7], fact_value(&manifest->libraries, "sqlite"));
    for (size_t i = 0; i < FIELDS; i++) {
        fields[i].name = names[i];
        set_text(after ? fields[i].after : fields[i].before, values[i]);
    }
}

static enum rc check_fields(struct compare *compare, bool allow, struct err *err)
{
    struct field fields[FIELDS] = {0};
    read_fields(&compare->before->record->manifest, fields, false);
    read_fields(&compare->after->record->manifest, fields, true);
    for (size_t i = 0; i < FIELDS; i++) {
        if (strcmp(fields[i].before, fields[i].after) == 0)
            continue;
        if (!allow) {
            FAIL(err, RC_MISMATCH, 0,
                 "not comparable: %s differs, \"%s\" in the first record and "
                 "\"%s\" in the second",
                 fields[i].name, Q(fields[i].before), Q(fields[i].after));
            err_hint(err, "--allow-mismatch compares them all the same");
            return err->rc;
        }
        enum rc rc = add_note(compare, err, "%s differs: \"%s\" and \"%s\"", fields[i].name,
                              Q(fields[i].before), Q(fields[i].after));
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

/* ---- pairs ---------------------------------------------------------------------------------- */

static size_t arm_named(const struct summary *summary, const char *label)
{
    for (size_t a = 0; a < summary->arm_count; a++) {
        if (strcmp(summary->arms[a].arm->label, label) == 0)
            return a;
    }
    return SUMMARY_NONE;
}

/* How many phases, from the first on, do the same work in both: what comes after runs on a store
 * that holds something else. */
static size_t like_phases(const struct record_manifest *a, const struct record_manifest *b)
{
    size_t i = 0;
    while (i < a->phase_count && i < b->phase_count &&
           strcmp(a->phases[i].name, b->phases[i].name) == 0 &&
           strcmp(a->phases[i].workload, b->phases[i].workload) == 0 &&
           strcmp(a->phases[i].options, b->phases[i].options) == 0)
        i++;
    return i;
}

/* The number of phases that must be alike for `place` to be: itself and all before it. */
static size_t phases_until(const struct record_manifest *manifest,
                           const struct summary_place *place)
{
    if (place->scope == RUN)
        return manifest->phase_count;
    for (size_t i = 0; i < manifest->phase_count; i++) {
        const struct record_phase *phase = &manifest->phases[i];
        if (strcmp(place->scope == PHASE ? phase->name : phase->snapshot, place->name) == 0)
            return i + 1;
    }
    return 0; /* the snapshot before the first phase */
}

static size_t place_like(const struct summary *from, const struct summary *to,
                         const struct summary_place *place)
{
    const struct record_manifest *a = &from->record->manifest, *b = &to->record->manifest;
    size_t alike = like_phases(a, b);
    if (alike < phases_until(a, place) || (place->scope == RUN && alike < b->phase_count))
        return SUMMARY_NONE;
    return summary_place(to, place->scope, place->name);
}

static enum compare_verdict judge(enum metric metric, const struct stats *before,
                                  const struct stats *after)
{
    const struct metric_info *info = &metric_table[metric];
    bool same;
    if (info->kind == COUNTER)
        same = before->median == after->median;
    else
        same = before->n < COMPARE_ROUNDS_MIN || after->n < COMPARE_ROUNDS_MIN ||
               (before->min <= after->max && after->min <= before->max);
    if (same)
        return COMPARE_SAME;
    if (info->better == NEITHER)
        return COMPARE_CHANGED;
    bool less = after->median < before->median;
    return less == (info->better == LOWER) ? COMPARE_BETTER : COMPARE_WORSE;
}

static void add_row(struct compare *compare, struct compare_row row)
{
    const struct stats *before =
        summary_cell(compare->before, row.arm_old, row.place_old, row.metric);
    const struct stats *after =
        summary_cell(compare->after, row.arm_new, row.place_new, row.metric);
    if (before->n == 0 || after->n == 0)
        return;
    row.verdict = judge(row.metric, before, after);
    row.change = before->median != 0 ? after->median / before->median - 1 : NAN;
    if (before->median == 0 && after->median == 0)
        row.change = 0;
    compare->rows[compare->row_count++] = row;
    compare->same += row.verdict == COMPARE_SAME;
    compare->better += row.verdict == COMPARE_BETTER;
    compare->worse += row.verdict == COMPARE_WORSE;
    compare->changed += row.verdict == COMPARE_CHANGED;
}

static void add_arm(struct compare *compare, size_t arm_old, size_t arm_new)
{
    for (size_t p = 0; p < compare->before->place_count; p++) {
        size_t like = place_like(compare->before, compare->after, &compare->before->places[p]);
        for (enum metric m = 0; m < METRIC_COUNT && like != SUMMARY_NONE; m++) {
            struct compare_row row = {.arm_old = arm_old,
                                      .arm_new = arm_new,
                                      .place_old = p,
                                      .place_new = like,
                                      .metric = m};
            add_row(compare, row);
        }
    }
}

static enum rc pair_arms(struct compare *compare, struct err *err)
{
    const struct summary *before = compare->before, *after = compare->after;
    enum rc rc = RC_OK;
    for (size_t a = 0; a < before->arm_count && rc == RC_OK; a++) {
        const struct record_arm *arm = before->arms[a].arm;
        size_t other = arm_named(after, arm->label);
        if (other == SUMMARY_NONE) {
            rc = add_note(compare, err, "%s: only in the first record", arm->label);
        } else if (!before->arms[a].valid || !after->arms[other].valid) {
            rc = add_note(compare, err, "%s: INVALID in the %s record, not compared", arm->label,
                          before->arms[a].valid ? "second" : "first");
        } else {
            if (strcmp(arm->options, after->arms[other].arm->options) != 0)
                rc = add_note(compare, err, "%s: options differ: %.300s | %.300s", arm->label,
                              arm->options, after->arms[other].arm->options);
            add_arm(compare, a, other);
        }
    }
    for (size_t a = 0; a < after->arm_count && rc == RC_OK; a++) {
        if (arm_named(before, after->arms[a].arm->label) == SUMMARY_NONE)
            rc = add_note(compare, err, "%s: only in the second record", after->arms[a].arm->label);
    }
    return rc;
}

static enum rc note_places(struct compare *compare, const struct summary *summary,
                           const struct summary *other, const char *which, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t p = 0; p < summary->place_count && rc == RC_OK; p++) {
        if (place_like(summary, other, &summary->places[p]) == SUMMARY_NONE)
            rc = add_note(compare, err, "%s: only in the %s record as it was set up there",
                          summary->places[p].name, which);
    }
    return rc;
}

enum rc compare_build(struct compare *compare, const struct summary *before,
                      const struct summary *after, const struct compare_options *options,
                      struct err *err)
{
    struct compare_options none = {0};
    if (options == NULL)
        options = &none;
    *compare = (struct compare){.before = before, .after = after, .all = options->all};
    compare->notes = arena_zalloc(&compare->arena, COMPARE_NOTES_MAX, sizeof(*compare->notes));
    compare->rows =
        arena_zalloc(&compare->arena, before->arm_count * before->place_count * METRIC_COUNT + 1,
                     sizeof(*compare->rows));
    enum rc rc = RC_OK;
    if (compare->notes == NULL || compare->rows == NULL)
        rc = out_of_memory(err);
    if (rc == RC_OK)
        rc = check_fields(compare, options->allow_mismatch, err);
    if (rc == RC_OK)
        rc = note_places(compare, before, after, "first", err);
    if (rc == RC_OK)
        rc = note_places(compare, after, before, "second", err);
    if (rc == RC_OK)
        rc = pair_arms(compare, err);
    if (rc != RC_OK)
        compare_release(compare);
    return rc;
}

void compare_release(struct compare *compare)
{
    arena_release(&compare->arena);
    *compare = (struct compare){0};
}
