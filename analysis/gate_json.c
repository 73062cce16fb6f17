/* gate_json.c: a gate's verdict for programs: "blobfront/gate/1". */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "analysis/gate_parts.h"
#include "engine/json.h"

/* A number that does not exist is absent. */
static void number(struct json_writer *json, const char *key, double value)
{
    if (isfinite(value))
        json_double(json, key, value);
}

/* Texts from outside need not be UTF-8. */
static void text(struct json_writer *json, const char *key, const char *value)
{
    json_string(json, key, json_is_text(value) ? value : Q(value));
}

static void side(struct json_writer *json, const char *key, const struct gate_side *from)
{
    json_open(json, key, '{');
    text(json, "asked", from->asked);
    text(json, "revision", from->revision);
    text(json, "hash", from->hash);
    text(json, "compiler", from->compiler);
    json_u64(json, "link_orders", from->orders);
    text(json, "note", from->note);
    json_close(json, '}');
}

static void settings(struct json_writer *json, const struct gate *gate)
{
    const struct gate_settings *from = &gate->settings;
    json_open(json, "settings", '{');
    json_double(json, "alpha", from->bounds.alpha);
    json_double(json, "delta", from->bounds.delta);
    json_double(json, "margin", from->bounds.margin);
    json_open(json, "looks", '[');
    for (size_t i = 0; i < from->looks.count; i++)
        json_u64(json, NULL, from->looks.rounds[i]);
    json_close(json, ']');
    json_open(json, "limits", '[');
    for (size_t i = 0; from->limits && i < from->limits->count; i++)
        text(json, NULL, from->limits->items[i].text);
    json_close(json, ']');
    json_bool(json, "allow_undecided", from->allow_undecided);
    json_double(json, "instruction_limit", gate->counts.limit);
    json_close(json, '}');
}

static void pair(struct json_writer *json, const char *key, const struct gate_pair *from)
{
    if (from->n == 0)
        return;
    json_open(json, key, '{');
    json_u64(json, "rounds", from->n);
    number(json, "ratio", from->change.estimate);
    number(json, "low", from->change.low);
    number(json, "high", from->change.high);
    json_string(json, "verdict", looks_verdict_name(from->state.verdict));
    json_u64(json, "look", from->state.look);
    number(json, "p_worse", from->state.p_worse);
    number(json, "p_better", from->state.p_better);
    json_bool(json, "clock_too_coarse", from->coarse);
    json_close(json, '}');
}

static void cells(struct json_writer *json, const struct gate *gate)
{
    const struct gate_timing *timing = &gate->timing;
    json_open(json, "timing", '{');
    json_u64(json, "rounds", timing->rounds);
    json_u64(json, "rounds_again", timing->rounds_again);
    json_u64(json, "voided", timing->voided + timing->voided_again);
    text(json, "stores", timing->stores ? timing->stores : "");
    number(json, "false_alarm_bound", gate_false_alarm_bound(gate));
    json_u64(json, "controls_failed", gate->controls_failed);
    json_open(json, "cells", '[');
    for (size_t i = 0; i < timing->cell_count; i++) {
        const struct gate_cell *cell = &timing->cells[i];
        json_open(json, NULL, '{');
        text(json, "strategy", cell->strategy);
        text(json, "phase", cell->phase);
        json_string(json, "metric", metric_table[cell->metric].name);
        json_double(json, "margin", cell->margin);
        number(json, "base", cell->base);
        number(json, "new", cell->next);
        number(json, "spread", cell->spread);
        number(json, "detectable", cell->detectable);
        pair(json, "first", &cell->first);
        pair(json, "again", &cell->again);
        pair(json, "control", &cell->control);
        pair(json, "control_again", &cell->control_again);
        json_string(json, "verdict", gate_verdict_name(cell->verdict));
        json_bool(json, "unstable", cell->unstable);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void comparison(struct json_writer *json, const char *key,
                       const struct golden_comparison *from)
{
    static const char *const changes[] = {"changed", "missing", "added", "noisy"};
    json_open(json, key, '{');
    json_u64(json, "compared", from->compared);
    json_u64(json, "noisy", from->noisy);
    json_open(json, "differences", '[');
    for (size_t i = 0; i < from->count; i++) {
        const struct golden_difference *item = &from->items[i];
        json_open(json, NULL, '{');
        text(json, "data", item->data);
        text(json, "strategy", item->strategy);
        text(json, "place", item->place);
        text(json, "metric", item->metric);
        json_string(json, "change", changes[item->change]);
        number(json, "was", item->want);
        number(json, "is", item->got);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void exact(struct json_writer *json, const struct gate *gate)
{
    const struct gate_exact *from = &gate->exact;
    json_open(json, "exact", '{');
    json_bool(json, "done", from->done);
    json_u64(json, "different", gate->exact_different);
    json_u64(json, "agreed", gate->exact_agreed);
    json_u64(json, "noisy", from->noisy);
    text(json, "golden_file", from->golden_path);
    text(json, "golden_reason", from->golden_reason);
    json_bool(json, "golden_updated", from->golden_updated);
    if (from->golden_path[0])
        comparison(json, "golden", &from->golden);
    if (from->against_baseline)
        comparison(json, "baseline", &from->baseline);
    json_close(json, '}');
}

static void counts(struct json_writer *json, const struct gate *gate)
{
    const struct gate_counts *from = &gate->counts;
    json_open(json, "instructions", '{');
    text(json, "counter", from->counter);
    text(json, "not_checked", from->why_not);
    json_open(json, "counts", '[');
    for (size_t i = 0; i < from->count; i++) {
        const struct gate_count *count = &from->items[i];
        json_open(json, NULL, '{');
        text(json, "strategy", count->strategy);
        text(json, "phase", count->phase);
        json_u64(json, "base", count->base);
        json_u64(json, "new", count->next);
        if (count->next_again)
            json_u64(json, "new_again", count->next_again);
        number(json, "change", count->change);
        json_string(json, "verdict", gate_verdict_name(count->verdict));
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

enum rc gate_json(const struct gate *gate, struct buf *out, struct err *err)
{
    char seed[24];
    struct buf sentence = {0};
    enum rc rc = gate_sentence(gate, &sentence, err);
    if (rc != RC_OK)
        return rc;
    struct json_writer json = json_begin(out, false, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", GATE_SCHEMA);
    json_string(&json, "verdict", gate_end_name(gate->end));
    text(&json, "sentence", buf_str(&sentence));
    side(&json, "baseline", &gate->base);
    side(&json, "candidate", &gate->next);
    json_bool(&json, "baseline_is_file", gate->base_is_file);
    text(&json, "host", gate->host);
    (void)snprintf(seed, sizeof(seed), "%" PRIu64, gate->seed);
    json_string(&json, "seed", seed);
    json_double(&json, "seconds", gate->seconds);
    settings(&json, gate);
    exact(&json, gate);
    counts(&json, gate);
    cells(&json, gate);
    text(&json, "note", gate->note);
    json_bool(&json, "environment_unstable", gate->unstable > 0);
    json_bool(&json, "blind", gate->blind);
    json_close(&json, '}');
    buf_release(&sentence);
    return json_finish(&json);
}
