/* summary_output.c: summary.json and cells.csv. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/summary_parts.h"
#include "results/bounds.h"

static const char *scope_name(enum metric_scope scope)
{
    return scope == PHASE ? "phase" : scope == SNAPSHOT ? "snapshot" : "run";
}

static const char *kind_name(enum metric_kind kind)
{
    return kind == COUNTER ? "counter" : "timing";
}

const char *summary_better_name(enum metric_better better)
{
    return better == LOWER ? "lower" : better == HIGHER ? "higher" : "neither";
}

/* ---- summary.json --------------------------------------------------------------------------- */

/* What does not exist is absent, never 0. */
void summary_json_number(struct json_writer *json, const char *key, double value)
{
    if (isfinite(value))
        json_double(json, key, value);
}

static void put_arms(struct json_writer *json, const struct summary *summary)
{
    json_open(json, "arms", '[');
    for (size_t a = 0; a < summary->arm_count; a++) {
        const struct summary_arm *arm = &summary->arms[a];
        json_open(json, NULL, '{');
        json_string(json, "arm", arm->arm->label);
        json_string(json, "options", arm->arm->options);
        json_bool(json, "control", arm->arm->control);
        json_bool(json, "control_again", arm->arm->control_again);
        json_bool(json, "sql", arm->arm->sql);
        json_bool(json, "volatile", arm->arm->volatile_floor);
        json_bool(json, "valid", arm->valid);
        json_string(json, "reason", arm->reason);
        json_u64(json, "runs", arm->runs);
        json_u64(json, "valid_runs", arm->valid_runs);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_cell(struct json_writer *json, const struct summary *summary, size_t arm,
                     size_t place, enum metric metric)
{
    const struct stats *cell = summary_cell(summary, arm, place, metric);
    if (cell->n == 0)
        return;
    json_open(json, NULL, '{');
    json_string(json, "arm", summary->arms[arm].arm->label);
    json_string(json, "scope", scope_name(summary->places[place].scope));
    json_string(json, "name", summary->places[place].name);
    json_string(json, "metric", metric_table[metric].name);
    json_string(json, "kind", kind_name(metric_table[metric].kind));
    json_string(json, "unit", metric_table[metric].unit);
    json_u64(json, "n", cell->n);
    summary_json_number(json, "median", cell->median);
    summary_json_number(json, "min", cell->min);
    summary_json_number(json, "max", cell->max);
    json_close(json, '}');
}

static void put_cells(struct json_writer *json, const struct summary *summary)
{
    json_open(json, "cells", '[');
    for (size_t a = 0; a < summary->arm_count; a++) {
        for (size_t p = 0; p < summary->place_count; p++) {
            for (enum metric m = 0; m < METRIC_COUNT; m++)
                put_cell(json, summary, a, p, m);
        }
    }
    json_close(json, ']');
}

static void put_bound_rows(struct json_writer *json, const char *key, const struct bound *items,
                           size_t count)
{
    json_open(json, key, '[');
    for (size_t i = 0; i < count; i++) {
        enum bound_kind by;
        uint64_t least = bound_least(&items[i], &by);
        json_open(json, NULL, '{');
        json_string(json, "name", items[i].name);
        json_u64(json, "logical_bytes", items[i].logical_bytes);
        json_u64(json, "bound_bytes", least);
        json_string(json, "bound", bound_kind_name(by));
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* The distances to them are cells: bound_amp, write_bound_amp. */
static void put_bounds(struct json_writer *json, const struct bounds *bounds)
{
    if (!bounds)
        return;
    json_open(json, "bounds", '{');
    json_bool(json, "estimated", bounds_estimated(bounds));
    put_bound_rows(json, "snapshots", bounds->snapshots, bounds->snapshot_count);
    put_bound_rows(json, "phases", bounds->phases, bounds->phase_count);
    json_close(json, '}');
}

enum rc summary_json(const struct frontier *frontier, const struct diagnosis *diagnosis,
                     struct buf *out, struct err *err)
{
    const struct summary *summary = frontier->summary;
    const struct record_manifest *manifest = &summary->record->manifest;
    struct json_writer json = json_begin(out, false, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", SUMMARY_SCHEMA);
    json_string(&json, "study", manifest->id);
    json_string(&json, "dataset", manifest->dataset_spec);
    json_string(&json, "dataset_hash", manifest->dataset_hash);
    json_string(&json, "durability", manifest->durability);
    json_string(&json, "retention", manifest->retention);
    json_u64(&json, "rounds", summary->rounds);
    json_u64(&json, "rounds_voided", summary->voided);
    put_arms(&json, summary);
    put_cells(&json, summary);
    put_bounds(&json, summary->record->bounds);
    enum rc rc = summary_json_frontier(&json, frontier, err);
    summary_json_environment(&json, diagnosis, frontier);
    json_close(&json, '}');
    KEEP_FIRST(rc, json_finish(&json));
    return rc;
}

/* ---- cells.csv ------------------------------------------------------------------------------ */

/* A timing's ratio to the control's with its interval over paired rounds; a counter has none. */
static enum rc put_csv_ratio(struct text *text, const struct frontier *frontier, size_t arm,
                             size_t place, enum metric metric)
{
    const struct summary *summary = frontier->summary;
    struct interval ratio = {.estimate = NAN, .low = NAN, .high = NAN};
    char estimate[TEXT_NUMBER_SIZE], low[TEXT_NUMBER_SIZE], high[TEXT_NUMBER_SIZE];
    size_t control = summary->control;
    enum rc rc = RC_OK;
    if (control != SUMMARY_NONE && control != arm && summary->arms[control].valid &&
        summary->arms[arm].valid)
        rc = frontier_ratio(frontier, arm, control, place, metric, SIZE_MAX, &ratio, text->err);
    text_print(text, ",%s", text_number(estimate, ratio.estimate));
    text_print(text, ",%s", text_number(low, isfinite(ratio.low) ? ratio.low : NAN));
    text_print(text, ",%s\n", text_number(high, isfinite(ratio.high) ? ratio.high : NAN));
    return rc;
}

static enum rc put_csv_cell(struct text *text, const struct frontier *frontier, size_t arm,
                            size_t place, enum metric metric)
{
    const struct summary *summary = frontier->summary;
    const struct stats *cell = summary_cell(summary, arm, place, metric);
    const struct metric_info *info = &metric_table[metric];
    char number[TEXT_NUMBER_SIZE];
    if (cell->n == 0)
        return RC_OK;
    text_csv(text, summary->arms[arm].arm->label);
    text_put(text, summary->arms[arm].valid ? ",valid," : ",INVALID,");
    text_print(text, "%s,", scope_name(summary->places[place].scope));
    text_csv(text, summary->places[place].name);
    text_print(text, ",%s,%s,%s,%s,%zu", info->name, kind_name(info->kind), info->unit,
               summary_better_name(info->better), cell->n);
    text_print(text, ",%s", text_number(number, cell->median));
    text_print(text, ",%s", text_number(number, cell->min));
    text_print(text, ",%s", text_number(number, cell->max));
    return put_csv_ratio(text, frontier, arm, place, metric);
}

enum rc summary_csv(const struct frontier *frontier, struct buf *out, struct err *err)
{
    const struct summary *summary = frontier->summary;
    struct text text = text_to(out, err);
    enum rc rc = RC_OK;
    text_put(&text,
             "arm,state,scope,name,metric,kind,unit,better,n,median,min,max,ratio_to_control,"
             "ratio_low,ratio_high\n");
    for (size_t a = 0; a < summary->arm_count; a++) {
        for (size_t p = 0; p < summary->place_count; p++) {
            for (enum metric m = 0; m < METRIC_COUNT && rc == RC_OK; m++)
                rc = put_csv_cell(&text, frontier, a, p, m);
        }
    }
    return rc == RC_OK ? text.rc : rc;
}
