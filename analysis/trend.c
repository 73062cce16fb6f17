#include "analysis/trend.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "analysis/keys.h"
#include "analysis/rounds.h"

enum { NOTES_MAX = 400 };

static enum rc out_of_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory for the history of the records");
}

enum rc trend_note(struct trend_history *trend, struct err *err, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (trend->notes == NULL)
        trend->notes = arena_zalloc(&trend->arena, NOTES_MAX, sizeof(*trend->notes));
    char *copy = arena_strdup(&trend->arena, line);
    if (copy == NULL || trend->notes == NULL)
        return out_of_memory(err);
    if (trend->note_count < NOTES_MAX)
        trend->notes[trend->note_count++] = copy;
    return RC_OK;
}

/* ---- which series --------------------------------------------------------------------------- */

static enum rc add_key(const struct trend_history *trend, struct key *keys, size_t *count,
                       struct key key, const char *name, struct err *err)
{
    if (key.place == SUMMARY_NONE)
        return FAIL(err, RC_USAGE, 0, "--metric %s: the last record, \"%s\", has no such value",
                    Q(name), Q(trend->last->record->manifest.id));
    for (size_t i = 0; i < *count; i++) {
        if (keys[i].metric == key.metric && keys[i].place == key.place)
            return FAIL(err, RC_USAGE, 0, "--metric %s: given twice", Q(name));
    }
    keys[(*count)++] = key;
    return RC_OK;
}

/* What was asked for, or the frontier's key metrics as far as they are there. */
static enum rc find_keys(struct trend_history *trend, struct key *keys, size_t *count,
                         struct err *err)
{
    enum rc rc = RC_OK;
    struct key key, known[KEYS_DEFAULT_MAX];
    const char *names[KEYS_DEFAULT_MAX];
    size_t known_count = keys_default(trend->last, known, names);
    *count = 0;
    for (size_t i = 0; i < trend->options.metric_count && rc == RC_OK; i++) {
        const char *text = trend->options.metrics[i];
        rc = key_parse(trend->last, text, "--metric", &key, err);
        if (rc == RC_OK)
            rc = add_key(trend, keys, count, key, text, err);
    }
    for (size_t i = 0; i < known_count && trend->options.metric_count == 0 && rc == RC_OK; i++) {
        if (known[i].place != SUMMARY_NONE)
            keys[(*count)++] = known[i];
        else
            rc = trend_note(trend, err, "%s: not in the last record", names[i]);
    }
    if (rc == RC_OK && *count == 0)
        rc = FAIL(err, RC_USAGE, 0, "\"%s\" has none of the key metrics: choose with --metric",
                  Q(trend->last->record->manifest.id));
    return rc;
}

static enum rc check_arm(const struct trend_history *trend, struct err *err)
{
    const char *labels[64];
    size_t count = 0;
    if (trend->options.arm == NULL)
        return RC_OK;
    for (size_t a = 0; a < trend->last->arm_count; a++) {
        const char *label = trend->last->arms[a].arm->label;
        if (strcmp(label, trend->options.arm) == 0)
            return RC_OK;
        if (count < COUNT_OF(labels))
            labels[count++] = label;
    }
    const char *near = nearest_word(trend->options.arm, labels, count);
    FAIL(err, RC_USAGE, 0, "--arm: the last record, \"%s\", has no strategy \"%s\"",
         Q(trend->last->record->manifest.id), Q(trend->options.arm));
    if (near)
        err_hint(err, "did you mean \"%s\"?", Q(near));
    return err->rc;
}

static bool is_wanted(const struct trend_history *trend, size_t arm)
{
    if (trend->options.arm)
        return strcmp(trend->last->arms[arm].arm->label, trend->options.arm) == 0;
    return !trend->last->arms[arm].arm->control_again;
}

static enum rc add_series(struct trend_history *trend, const struct key *keys, size_t count,
                          struct err *err)
{
    const struct summary *last = trend->last;
    trend->series =
        arena_zalloc(&trend->arena, last->arm_count * count + 1, sizeof(*trend->series));
    if (trend->series == NULL)
        return out_of_memory(err);
    for (size_t a = 0; a < last->arm_count; a++) {
        for (size_t k = 0; k < count && is_wanted(trend, a); k++) {
            if (summary_cell(last, a, keys[k].place, keys[k].metric)->n == 0)
                continue;
            struct trend_series *series = &trend->series[trend->series_count++];
            series->arm = arena_strdup(&trend->arena, last->arms[a].arm->label);
            series->place = arena_strdup(&trend->arena, last->places[keys[k].place].name);
            series->metric = keys[k].metric;
            series->place_in = keys[k].place;
            series->measured = a == last->control || last->control == SUMMARY_NONE;
            series->record =
                arena_zalloc(&trend->arena, trend->options.records, sizeof(*series->record));
            series->value =
                arena_zalloc(&trend->arena, trend->options.records, sizeof(*series->value));
            if (!series->arm || !series->place || !series->record || !series->value)
                return out_of_memory(err);
        }
    }
    return RC_OK;
}

enum rc trend_begin(struct trend_history *trend, const struct summary *last,
                    const struct trend_options *options, struct err *err)
{
    struct key keys[TREND_METRICS_MAX];
    size_t count;
    trend->last = last;
    trend->options = *options;
    if (!(trend->options.edivisive.max_p > 0))
        trend->options.edivisive.max_p = 0.001;
    if (trend->options.edivisive.window == 0)
        trend->options.edivisive.window = 50;
    CHECK(options->metric_count <= TREND_METRICS_MAX && options->records > 0);
    trend->records = arena_zalloc(&trend->arena, options->records, sizeof(*trend->records));
    enum rc rc = trend->records == NULL ? out_of_memory(err) : check_arm(trend, err);
    if (rc == RC_OK)
        rc = find_keys(trend, keys, &count, err);
    if (rc == RC_OK)
        rc = add_series(trend, keys, count, err);
    return rc;
}

/* ---- values --------------------------------------------------------------------------------- */

/* The median over rounds, as a ratio to the control's unless it is the control's own; NaN when the
 * record has no such value or its arm is INVALID. */
static double value_of(const struct trend_history *trend, const struct trend_series *series,
                       const struct rounds *rounds, double *scratch)
{
    const struct summary *summary = rounds->summary;
    size_t arm = summary_arm_named(summary, series->arm), control = summary->control, n = 0;
    size_t place = compare_place(trend->last, summary, series->place_in);
    if (arm == SUMMARY_NONE || place == SUMMARY_NONE || !summary->arms[arm].valid)
        return NAN;
    if (!series->measured && (control == SUMMARY_NONE || !summary->arms[control].valid))
        return NAN;
    for (size_t r = 0; r < rounds->count; r++) {
        double value = rounds_value(rounds, arm, place, series->metric, r);
        if (!series->measured)
            value /= rounds_value(rounds, control, place, series->metric, r);
        if (isfinite(value))
            scratch[n++] = value;
    }
    stats_sort(scratch, n);
    return stats_median(scratch, n);
}

static enum rc is_comparable(struct trend_history *trend, const struct record_manifest *manifest,
                             bool *comparable, struct err *err)
{
    struct compare_field field;
    size_t at = 0;
    *comparable = !compare_field_next(manifest, &trend->last->record->manifest, &at, &field);
    if (*comparable)
        return RC_OK;
    return trend_note(trend, err, "%s left out: %s is \"%s\", \"%s\" in the last record",
                      manifest->id, field.name, Q(field.before), Q(field.after));
}

static enum rc add_values(struct trend_history *trend, const struct rounds *rounds, struct err *err)
{
    const struct record_manifest *manifest = &rounds->summary->record->manifest;
    struct trend_record record = {arena_strdup(&trend->arena, manifest->id),
                                  arena_strdup(&trend->arena, manifest->created)};
    double *scratch = calloc(rounds->count + 1, sizeof(*scratch));
    enum rc rc = record.id && record.created && scratch ? RC_OK : out_of_memory(err);
    for (size_t s = 0; s < trend->series_count && rc == RC_OK; s++) {
        struct trend_series *series = &trend->series[s];
        double value = value_of(trend, series, rounds, scratch);
        if (isnan(value))
            continue;
        series->record[series->count] = trend->record_count;
        series->value[series->count++] = value;
    }
    if (rc == RC_OK)
        trend->records[trend->record_count++] = record;
    free(scratch);
    return rc;
}

enum rc trend_add(struct trend_history *trend, const struct summary *summary, struct err *err)
{
    struct rounds rounds = {0};
    bool comparable;
    const char *id = summary->record->manifest.id;
    CHECK(trend->record_count < trend->options.records);
    enum rc rc = is_comparable(trend, &summary->record->manifest, &comparable, err);
    if (rc != RC_OK || !comparable)
        return rc;
    rc = rounds_build(&rounds, summary, err);
    if (rc == RC_OK)
        rc = rounds.count == 0 ? trend_note(trend, err, "%s left out: no complete round", id)
                               : add_values(trend, &rounds, err);
    rounds_release(&rounds);
    return rc;
}

/* ---- change points -------------------------------------------------------------------------- */

static double change_of(double before, double after)
{
    return before == after ? 0 : before != 0 ? after / before - 1 : NAN;
}

/* Counters say it themselves.  Their ratio is that of two whole numbers: equal ones divide to
 * equal doubles. */
static void find_steps(struct trend_series *series)
{
    for (size_t i = 1; i < series->count; i++) {
        if (series->value[i] != series->value[i - 1])
            series->alarms[series->alarm_count++] =
                (struct trend_alarm){i, change_of(series->value[i - 1], series->value[i]), NAN};
    }
}

static enum rc find_changes(const struct trend_history *trend, struct trend_series *series,
                            struct err *err)
{
    size_t found = 0;
    double *logs = calloc(series->count + 1, sizeof(*logs));
    struct change_point *points = calloc(series->count + 1, sizeof(*points));
    enum rc rc = logs && points ? RC_OK : out_of_memory(err);
    bool positive = true;
    for (size_t i = 0; i < series->count && rc == RC_OK; i++) {
        positive = positive && series->value[i] > 0;
        logs[i] = positive ? log(series->value[i]) : 0;
    }
    if (rc == RC_OK && positive && series->count != 0)
        rc = edivisive_find(logs, series->count, &trend->options.edivisive, points, series->count,
                            &found, err);
    for (size_t i = 0; i < found && rc == RC_OK; i++)
        series->alarms[series->alarm_count++] = (struct trend_alarm){
            points[i].at, expm1(points[i].after - points[i].before), points[i].p};
    free(logs);
    free(points);
    return rc;
}

enum rc trend_finish(struct trend_history *trend, struct err *err)
{
    enum rc rc = RC_OK;
    if (trend->record_count < TREND_RECORDS_MIN) {
        FAIL(err, RC_INCONCLUSIVE, 0,
             "a history needs %d records comparable with the last one, \"%s\"; there are %zu",
             TREND_RECORDS_MIN, Q(trend->last->record->manifest.id), trend->record_count);
        if (trend->note_count)
            err_hint(err, "%.200s", Q(trend->notes[trend->note_count - 1]));
        return err->rc;
    }
    if (trend->record_count < TREND_TIMINGS_MIN)
        rc = trend_note(trend, err,
                        "fewer than %d records: no change of a timing can be seen yet, only of "
                        "counters",
                        TREND_TIMINGS_MIN);
    for (size_t s = 0; s < trend->series_count && rc == RC_OK; s++) {
        struct trend_series *series = &trend->series[s];
        series->alarms = arena_zalloc(&trend->arena, series->count + 1, sizeof(*series->alarms));
        if (series->alarms == NULL)
            rc = out_of_memory(err);
        else if (metric_table[series->metric].kind == COUNTER)
            find_steps(series);
        else
            rc = find_changes(trend, series, err);
        trend->alarm_count += series->alarm_count;
    }
    trend->last = NULL; /* it may go now */
    return rc;
}

void trend_release(struct trend_history *trend)
{
    arena_release(&trend->arena);
    *trend = (struct trend_history){.last = NULL};
}
