/* summary_output.c: summary.json and cells.csv. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/frontier.h"
#include "analysis/text.h"
#include "engine/json.h"

static const char *scope_name(enum metric_scope scope)
{
    return scope == PHASE ? "phase" : scope == SNAPSHOT ? "snapshot" : "run";
}

static const char *kind_name(enum metric_kind kind)
{
    return kind == COUNTER ? "counter" : "timing";
}

static const char *better_name(enum metric_better better)
{
    return better == LOWER ? "lower" : better == HIGHER ? "higher" : "neither";
}

/* ---- summary.json --------------------------------------------------------------------------- */

/* What does not exist is absent, never 0. */
static void json_finite(struct json_writer *json, const char *key, double value)
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
    json_finite(json, "median", cell->median);
    json_finite(json, "min", cell->min);
    json_finite(json, "max", cell->max);
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

static void put_keys(struct json_writer *json, const struct frontier *frontier)
{
    json_open(json, "keys", '[');
    for (size_t k = 0; k < frontier->key_count; k++) {
        const struct frontier_key *key = &frontier->keys[k];
        json_open(json, NULL, '{');
        json_string(json, "name", frontier->summary->places[key->place].name);
        json_string(json, "metric", metric_table[key->metric].name);
        json_string(json, "unit", metric_table[key->metric].unit);
        json_string(json, "better", better_name(metric_table[key->metric].better));
        json_finite(json, "control_again_change", key->noise);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_guards(struct json_writer *json, const struct frontier *frontier)
{
    json_open(json, "guardrail", '{');
    json_double(json, "limit", frontier->guardrail);
    json_string(json, "metric", metric_table[M_P95_NS].name);
    json_open(json, "phases", '[');
    for (size_t g = 0; g < frontier->guard_count; g++) {
        const struct frontier_guard *guard = &frontier->guards[g];
        json_open(json, NULL, '{');
        json_string(json, "name", frontier->summary->places[guard->place].name);
        json_double(json, "limit_ns", guard->limit_ns);
        json_finite(json, "control_again_change", guard->noise);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void put_values(struct json_writer *json, const struct frontier *frontier,
                       const struct frontier_arm *arm)
{
    json_open(json, "values", '[');
    for (size_t k = 0; k < frontier->key_count; k++) {
        json_open(json, NULL, '{');
        json_string(json, "key", frontier->keys[k].name);
        json_finite(json, "median", arm->value[k]);
        json_finite(json, "percent_of_control", arm->percent[k]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "guards", '[');
    for (size_t g = 0; g < frontier->guard_count; g++) {
        json_open(json, NULL, '{');
        json_string(json, "phase", frontier->summary->places[frontier->guards[g].place].name);
        json_finite(json, "p95_percent_of_control", arm->guard_percent[g]);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_standings(struct json_writer *json, const struct frontier *frontier)
{
    const struct summary *summary = frontier->summary;
    json_open(json, "arms", '[');
    for (size_t a = 0; a < frontier->arm_count; a++) {
        const struct frontier_arm *arm = &frontier->arms[a];
        json_open(json, NULL, '{');
        json_string(json, "arm", summary->arms[a].arm->label);
        json_bool(json, "eligible", arm->eligible);
        json_bool(json, "on_frontier", arm->standing == STANDING_ON);
        json_string(json, "standing", frontier_standing_name(arm->standing));
        json_open(json, "dominated_by", '[');
        for (size_t i = 0; i < arm->dominator_count; i++)
            json_string(json, NULL, summary->arms[arm->dominators[i]].arm->label);
        json_close(json, ']');
        json_string(json, "guardrail", guardrail_state_name(arm->guardrail));
        put_values(json, frontier, arm);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_frontier(struct json_writer *json, const struct frontier *frontier)
{
    json_open(json, "frontier", '{');
    json_bool(json, "anywhere", frontier->anywhere);
    put_keys(json, frontier);
    put_guards(json, frontier);
    put_standings(json, frontier);
    json_string(json, "choice",
                frontier->choice == SUMMARY_NONE
                    ? ""
                    : frontier->summary->arms[frontier->choice].arm->label);
    json_string(json, "sentence", frontier->sentence);
    json_open(json, "notes", '[');
    for (size_t i = 0; i < frontier->note_count; i++)
        json_string(json, NULL, frontier->notes[i]);
    json_close(json, ']');
    json_close(json, '}');
}

enum rc summary_json(const struct summary *summary, const struct frontier *frontier,
                     struct buf *out, struct err *err)
{
    const struct record_manifest *manifest = &summary->record->manifest;
    struct json_writer json = json_begin(out, false, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", SUMMARY_SCHEMA);
    json_string(&json, "study", manifest->id);
    json_string(&json, "claims", SUMMARY_CLAIMS);
    json_string(&json, "dataset", manifest->dataset_spec);
    json_string(&json, "dataset_hash", manifest->dataset_hash);
    json_string(&json, "durability", manifest->durability);
    json_string(&json, "retention", manifest->retention);
    json_u64(&json, "rounds", summary->rounds);
    put_arms(&json, summary);
    put_cells(&json, summary);
    put_frontier(&json, frontier);
    json_close(&json, '}');
    return json_finish(&json);
}

/* ---- cells.csv ------------------------------------------------------------------------------ */

static void put_csv_cell(struct text *text, const struct summary *summary, size_t arm, size_t place,
                         enum metric metric)
{
    const struct stats *cell = summary_cell(summary, arm, place, metric);
    const struct metric_info *info = &metric_table[metric];
    char number[TEXT_NUMBER_SIZE];
    if (cell->n == 0)
        return;
    text_csv(text, summary->arms[arm].arm->label);
    text_put(text, summary->arms[arm].valid ? ",valid," : ",INVALID,");
    text_print(text, "%s,", scope_name(summary->places[place].scope));
    text_csv(text, summary->places[place].name);
    text_print(text, ",%s,%s,%s,%s,%zu", info->name, kind_name(info->kind), info->unit,
               better_name(info->better), cell->n);
    text_print(text, ",%s", text_number(number, cell->median));
    text_print(text, ",%s", text_number(number, cell->min));
    text_print(text, ",%s\n", text_number(number, cell->max));
}

enum rc summary_csv(const struct summary *summary, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    text_put(&text, "arm,state,scope,name,metric,kind,unit,better,n,median,min,max\n");
    for (size_t a = 0; a < summary->arm_count; a++) {
        for (size_t p = 0; p < summary->place_count; p++) {
            for (enum metric m = 0; m < METRIC_COUNT; m++)
                put_csv_cell(&text, summary, a, p, m);
        }
    }
    return text.rc;
}
