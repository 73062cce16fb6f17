/* estimate_output.c: an estimate as people read it, and as JSON. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/estimate.h"
#include "analysis/grid.h"
#include "analysis/table.h"
#include "engine/json.h"

/* "850 ms", "42 s", "3m05s", "1h24m". */
static char *print_time(char dst[FORMAT_SIZE], double seconds)
{
    if (!isfinite(seconds))
        (void)snprintf(dst, FORMAT_SIZE, "-");
    else if (seconds < 1)
        return format_ns(dst, seconds * 1e9);
    else if (seconds < 60)
        (void)snprintf(dst, FORMAT_SIZE, "%.3g s", seconds);
    else if (seconds < 3600)
        (void)snprintf(dst, FORMAT_SIZE, "%.0fm%02.0fs", floor(seconds / 60),
                       floor(fmod(seconds, 60)));
    else
        (void)snprintf(dst, FORMAT_SIZE, "%.0fh%02.0fm", floor(seconds / 3600),
                       floor(fmod(seconds, 3600) / 60));
    return dst;
}

/* ---- text: the plan ------------------------------------------------------------------------- */

static void put_stopping(const struct estimate *estimate, struct text *text)
{
    const struct record_protocol *protocol = &estimate->plan->protocol;
    if (protocol->stopping == STOPPING_UNTIL) {
        text_print(text, "rounds: until nothing is undecided, at most %" PRIu32 "\n",
                   estimate->rounds_most);
    } else if (protocol->stopping == STOPPING_FIXED) {
        text_print(text, "rounds: %" PRIu32 "\n", estimate->rounds_most);
    } else {
        text_put(text, "rounds: looks after");
        for (size_t i = 0; i < protocol->look_count; i++)
            text_print(text, "%s %" PRIu32, i ? "," : "", protocol->looks[i]);
        text_put(text, "\n");
    }
}

/* The first of the planned looks that can confirm anything; 0 when none can, or none is planned. */
static uint32_t first_look(const struct estimate *estimate)
{
    const struct record_protocol *protocol = &estimate->plan->protocol;
    for (size_t i = 0; i < protocol->look_count; i++) {
        if (protocol->looks[i] >= estimate->rounds_least)
            return protocol->looks[i];
    }
    return 0;
}

static void put_claims(const struct estimate *estimate, struct text *text)
{
    if (estimate->hypotheses == 0) {
        text_print(text, "claims: none: %zu strategies compete\n", estimate->competing);
        return;
    }
    text_print(text,
               "claims: %zu hypotheses (ordered pairs of %zu competing strategies), alpha %.4g: ",
               estimate->hypotheses, estimate->competing, estimate->plan->protocol.alpha);
    if (estimate->rounds_least == SIZE_MAX)
        text_put(text, "none can be confirmed\n");
    else if (estimate->rounds_least > estimate->rounds_most)
        text_print(text,
                   "it takes %zu rounds;\n        with %" PRIu32
                   " nothing can be confirmed, only described\n",
                   estimate->rounds_least, estimate->rounds_most);
    else if (first_look(estimate))
        text_print(text,
                   "the first\n        can be confirmed at the look after round %" PRIu32
                   " (it takes %zu)\n",
                   first_look(estimate), estimate->rounds_least);
    else
        text_print(text, "it takes %zu rounds\n", estimate->rounds_least);
}

static void put_plan(const struct estimate *estimate, struct text *text)
{
    const struct record_manifest *plan = estimate->plan;
    char count[FORMAT_SIZE], bytes[FORMAT_SIZE];
    text_put(text, "data:   ");
    text_terminal(text, plan->dataset_name);
    text_print(text, ", %s files, %s; ", format_count(count, plan->dataset_files),
               format_iec(bytes, (double)plan->dataset_bytes));
    text_terminal(text, plan->durability);
    text_put(text, ", ");
    text_terminal(text, plan->retention);
    text_print(text, "\ncells:  %zu runs a round x %zu phases = %zu:\n       ",
               estimate->runs_per_round, estimate->phases, estimate->cells);
    for (size_t a = 0; a < plan->arm_count; a++) {
        text_put(text, a ? ", " : " ");
        text_terminal(text, plan->arms[a].label);
    }
    text_put(text, "\n");
    put_stopping(estimate, text);
    put_claims(estimate, text);
}

/* ---- text: from the record ------------------------------------------------------------------ */

static void put_cost(const struct estimate *estimate, struct text *text)
{
    char a[FORMAT_SIZE], b[FORMAT_SIZE], c[FORMAT_SIZE];
    double round = estimate->round_s;
    text_print(text, "time:   a round takes about %s", print_time(a, round));
    for (size_t i = 0; i < estimate->plan->protocol.look_count; i++) {
        uint32_t rounds = estimate->plan->protocol.looks[i];
        text_print(text, "%s %" PRIu32 " rounds %s", i ? "," : ":", rounds,
                   print_time(a, rounds * round));
    }
    if (estimate->plan->protocol.look_count == 0)
        text_print(text, ": %" PRIu32 " rounds %s", estimate->rounds_most,
                   print_time(a, estimate->rounds_most * round));
    text_put(text, "\n");
    if (estimate->budget_rounds)
        text_print(text, "budget: %s is enough for %zu round%s\n",
                   print_time(a, (double)estimate->plan->budget_ns / 1e9), estimate->budget_rounds,
                   estimate->budget_rounds == 1 ? "" : "s");
    text_print(text, "disk:   about %s: stores %s, latencies of all rounds %s\n",
               format_iec(a, estimate->stores_bytes + estimate->latency_bytes),
               format_iec(b, estimate->stores_bytes), format_iec(c, estimate->latency_bytes));
}

static void cell_percent(struct grid *grid, double share)
{
    char percent[FORMAT_SIZE];
    grid_cell(grid, "%s", isfinite(share) ? text_percent(percent, 100 * share) : "-");
}

static void fill_shows(const struct estimate *estimate, struct grid *grid)
{
    char head[64];
    grid_column(grid, GRID_LEFT, "metric", "");
    grid_column(grid, GRID_RIGHT, "spread", "");
    for (size_t i = 0; i < ESTIMATE_ROUNDS; i++) {
        if (estimate->rounds[i] == 0)
            continue;
        (void)snprintf(head, sizeof(head), "%zu rounds%s", estimate->rounds[i],
                       i + 1 == ESTIMATE_ROUNDS ? " (budget)" : "");
        grid_column(grid, GRID_RIGHT, head, "");
    }
    for (size_t m = 0; m < estimate->metric_count; m++) {
        const struct estimate_metric *metric = &estimate->metrics[m];
        grid_cell(grid, "%s", metric->name);
        if (metric->exact)
            grid_cell(grid, "exact");
        else
            cell_percent(grid, metric->spread);
        for (size_t i = 0; i < ESTIMATE_ROUNDS; i++) {
            if (estimate->rounds[i] == 0)
                continue;
            if (metric->exact)
                grid_cell(grid, "any");
            else
                cell_percent(grid, metric->shows[i]);
        }
    }
}

static void fill_needed(const struct estimate *estimate, struct grid *grid)
{
    char text[FORMAT_SIZE], count[FORMAT_SIZE];
    grid_column(grid, GRID_LEFT, "metric", "");
    for (size_t i = 0; i < ESTIMATE_CHANGES; i++) {
        (void)snprintf(text, sizeof(text), "%.0f %%", 100 * estimate_changes[i]);
        grid_column(grid, GRID_RIGHT, text, "");
    }
    for (size_t m = 0; m < estimate->metric_count; m++) {
        const struct estimate_metric *metric = &estimate->metrics[m];
        if (metric->exact)
            continue;
        grid_cell(grid, "%s", metric->name);
        for (size_t i = 0; i < ESTIMATE_CHANGES; i++) {
            double needed = (double)metric->needed[i];
            if (metric->needed[i] == SIZE_MAX)
                grid_cell(grid, "never");
            else
                grid_cell(grid, "%s (%s)", format_count(count, metric->needed[i]),
                          print_time(text, needed * estimate->round_s));
        }
    }
}

static enum rc put_grids(const struct estimate *estimate, struct text *text)
{
    struct grid shows = {0}, needed = {0};
    text_print(text,
               "\nsmallest change against the control that shows (one hypothesis of %zu, power "
               "%.0f %%):\n",
               estimate->hypotheses ? estimate->hypotheses : 1, 100 * ESTIMATE_POWER);
    fill_shows(estimate, &shows);
    enum rc rc = text->rc;
    if (rc == RC_OK)
        rc = grid_text(&shows, TABLE_WIDTH, text->out, text->err);
    fill_needed(estimate, &needed);
    if (rc == RC_OK && grid_rows(&needed) != 0) {
        text_put(text, "\nrounds (and time) to show a change of\n");
        rc = text->rc == RC_OK ? grid_text(&needed, TABLE_WIDTH, text->out, text->err) : text->rc;
    }
    grid_release(&shows);
    grid_release(&needed);
    return rc;
}

enum rc estimate_text(const struct estimate *estimate, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    put_plan(estimate, &text);
    if (!estimate->from) {
        text_put(&text, "time:   unknown; --pilot measures three rounds, --from RECORD takes an "
                        "earlier study's\n");
    } else if (isnan(estimate->round_s)) {
        text_put(&text, "time:   unknown: the record has none of these strategies\n");
    } else {
        put_cost(estimate, &text);
        text_put(&text, "from:   ");
        text_terminal(&text, estimate->from->record->manifest.id);
        text_print(&text, ", %zu rounds\n", estimate->from_rounds);
    }
    for (size_t i = 0; i < estimate->note_count; i++) {
        text_put(&text, "note: ");
        text_terminal(&text, estimate->notes[i]);
        text_put(&text, "\n");
    }
    return text.rc == RC_OK && estimate->metric_count ? put_grids(estimate, &text) : text.rc;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void json_finite(struct json_writer *json, const char *key, double value)
{
    if (isfinite(value))
        json_double(json, key, value);
}

static void json_count(struct json_writer *json, const char *key, size_t value)
{
    if (value != SIZE_MAX)
        json_u64(json, key, value);
}

static void json_metric(struct json_writer *json, const struct estimate *estimate,
                        const struct estimate_metric *metric)
{
    json_open(json, NULL, '{');
    json_string(json, "metric", metric->name);
    json_bool(json, "exact", metric->exact);
    if (!metric->exact) {
        json_finite(json, "spread", metric->spread);
        json_u64(json, "strategies", metric->strategies);
        json_open(json, "shows", '[');
        for (size_t i = 0; i < ESTIMATE_ROUNDS; i++) {
            if (estimate->rounds[i] == 0)
                continue;
            json_open(json, NULL, '{');
            json_u64(json, "rounds", estimate->rounds[i]);
            json_finite(json, "change", metric->shows[i]);
            json_close(json, '}');
        }
        json_close(json, ']');
        json_open(json, "needed", '[');
        for (size_t i = 0; i < ESTIMATE_CHANGES; i++) {
            json_open(json, NULL, '{');
            json_double(json, "change", estimate_changes[i]);
            json_count(json, "rounds", metric->needed[i]);
            json_close(json, '}');
        }
        json_close(json, ']');
    }
    json_close(json, '}');
}

static void json_plan(struct json_writer *json, const struct estimate *estimate)
{
    const struct record_manifest *plan = estimate->plan;
    json_string(json, "dataset", plan->dataset_spec);
    json_open(json, "arms", '[');
    for (size_t a = 0; a < plan->arm_count; a++)
        json_string(json, NULL, plan->arms[a].label);
    json_close(json, ']');
    json_open(json, "phases", '[');
    for (size_t p = 0; p < plan->phase_count; p++)
        json_string(json, NULL, plan->phases[p].name);
    json_close(json, ']');
    json_u64(json, "cells", estimate->cells);
    json_u64(json, "rounds_most", estimate->rounds_most);
    json_open(json, "looks", '[');
    for (size_t i = 0; i < plan->protocol.look_count; i++)
        json_u64(json, NULL, plan->protocol.looks[i]);
    json_close(json, ']');
    json_double(json, "alpha", plan->protocol.alpha);
    json_u64(json, "competing", estimate->competing);
    json_u64(json, "hypotheses", estimate->hypotheses);
    json_count(json, "rounds_least", estimate->rounds_least);
}

enum rc estimate_json(const struct estimate *estimate, struct buf *out, struct err *err)
{
    struct json_writer json = json_begin(out, false, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", ESTIMATE_SCHEMA);
    json_plan(&json, estimate);
    if (estimate->from) {
        json_open(&json, "from", '{');
        json_string(&json, "id", estimate->from->record->manifest.id);
        json_u64(&json, "rounds", estimate->from_rounds);
        json_close(&json, '}');
        json_finite(&json, "round_s", estimate->round_s);
        json_finite(&json, "stores_bytes", estimate->stores_bytes);
        json_finite(&json, "latency_bytes", estimate->latency_bytes);
        if (estimate->budget_rounds)
            json_u64(&json, "budget_rounds", estimate->budget_rounds);
    }
    json_open(&json, "metrics", '[');
    for (size_t m = 0; m < estimate->metric_count; m++)
        json_metric(&json, estimate, &estimate->metrics[m]);
    json_close(&json, ']');
    json_open(&json, "notes", '[');
    for (size_t i = 0; i < estimate->note_count; i++)
        json_string(&json, NULL, estimate->notes[i]);
    json_close(&json, ']');
    json_close(&json, '}');
    return json_finish(&json);
}
