/* trend_output.c: a history as people read it, and as JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/grid.h"
#include "analysis/table.h"
#include "analysis/trend.h"
#include "analysis/views.h"
#include "engine/json.h"

static bool is_counter(const struct trend_series *series)
{
    return metric_table[series->metric].kind == COUNTER;
}

static const char *direction(const struct trend_series *series, const struct trend_alarm *alarm)
{
    const struct metric_info *info = &metric_table[series->metric];
    double now = series->value[alarm->point], before = series->value[alarm->point - 1];
    double change = isnan(alarm->change) ? now - before : alarm->change;
    if (info->better == NEITHER)
        return "changed";
    return (change < 0) == (info->better == LOWER) ? "better" : "worse";
}

static const struct trend_record *record_of(const struct trend_history *trend,
                                            const struct trend_series *series, size_t point)
{
    return &trend->records[series->record[point]];
}

/* ---- text ----------------------------------------------------------------------------------- */

/* "2026-11-03" of "2026-11-03T04:05:06Z". */
static void put_day(struct text *text, const char *created)
{
    char day[16];
    (void)snprintf(day, sizeof(day), "%.10s", created);
    text_terminal(text, day);
}

/* "dedup p95_ns@read_point_binary: +12.3 % from ID (2026-11-03), worse, p=0.0002" */
static void put_alarm(const struct trend_history *trend, const struct trend_series *series,
                      const struct trend_alarm *alarm, struct text *text)
{
    char change[FORMAT_SIZE];
    const struct trend_record *record = record_of(trend, series, alarm->point);
    text_terminal(text, series->arm);
    text_print(text, " %s@", metric_table[series->metric].name);
    text_terminal(text, series->place);
    text_print(text, ": %s from ",
               isnan(alarm->change) ? "no longer 0" : text_change(change, alarm->change));
    text_terminal(text, record->id);
    text_put(text, " (");
    put_day(text, record->created);
    text_print(text, "), %s, ", direction(series, alarm));
    if (is_counter(series))
        text_put(text, "EXACT\n");
    else
        text_print(text, "p=%.2g\n", alarm->p);
}

static void put_head(const struct trend_history *trend, struct text *text)
{
    text_print(text, "%zu comparable records, ", trend->record_count);
    text_terminal(text, trend->records[0].id);
    text_put(text, " (");
    put_day(text, trend->records[0].created);
    text_put(text, ") to ");
    text_terminal(text, trend->records[trend->record_count - 1].id);
    text_put(text, " (");
    put_day(text, trend->records[trend->record_count - 1].created);
    text_print(text,
               ")\nDESCRIPTIVE: alarms to look at, not verdicts (E-divisive means, Welch's test at "
               "%.4g, windows of %zu;\ncounters are EXACT).  Medians over rounds, in units of the "
               "control of the same round;\nthe control's own as measured.\n",
               trend->options.edivisive.max_p, trend->options.edivisive.window);
    for (size_t i = 0; i < trend->note_count; i++) {
        text_put(text, "note: ");
        text_terminal(text, trend->notes[i]);
        text_put(text, "\n");
    }
}

static void cell_value(struct grid *grid, const struct trend_series *series, size_t point)
{
    char value[FORMAT_SIZE];
    if (series->measured)
        grid_cell(grid, "%s", views_value(value, series->metric, series->value[point]));
    else
        grid_cell(grid, "x%s", format_sig3(value, series->value[point]));
}

static void fill_series(const struct trend_history *trend, struct grid *grid)
{
    grid_column(grid, GRID_LEFT, "strategy", "");
    grid_column(grid, GRID_LEFT, "metric", "");
    grid_column(grid, GRID_RIGHT, "n", "");
    grid_column(grid, GRID_RIGHT, "first", "");
    grid_column(grid, GRID_RIGHT, "last", "");
    grid_column(grid, GRID_RIGHT, "changes", "");
    for (size_t s = 0; s < trend->series_count; s++) {
        const struct trend_series *series = &trend->series[s];
        grid_cell(grid, "%s", series->arm);
        grid_cell(grid, "%s@%s", metric_table[series->metric].name, series->place);
        grid_cell(grid, "%zu", series->count);
        if (series->count == 0) {
            grid_cell(grid, "-");
            grid_cell(grid, "-");
        } else {
            cell_value(grid, series, 0);
            cell_value(grid, series, series->count - 1);
        }
        grid_cell(grid, "%zu", series->alarm_count);
    }
}

enum rc trend_text(const struct trend_history *trend, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    struct grid grid = {0};
    put_head(trend, &text);
    text_put(&text, "\n");
    fill_series(trend, &grid);
    enum rc rc = text.rc == RC_OK ? grid_text(&grid, TABLE_WIDTH, out, err) : text.rc;
    grid_release(&grid);
    if (rc != RC_OK)
        return rc;
    if (trend->alarm_count != 0)
        text_put(&text, "\n");
    for (size_t s = 0; s < trend->series_count; s++) {
        const struct trend_series *series = &trend->series[s];
        for (size_t a = 0; a < series->alarm_count; a++)
            put_alarm(trend, series, &series->alarms[a], &text);
    }
    text_print(&text, "\n%zu alarm%s in %zu series\n", trend->alarm_count,
               trend->alarm_count == 1 ? "" : "s", trend->series_count);
    return text.rc;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void json_alarm(struct json_writer *json, const struct trend_history *trend,
                       const struct trend_series *series, const struct trend_alarm *alarm)
{
    json_open(json, NULL, '{');
    json_string(json, "from", record_of(trend, series, alarm->point)->id);
    json_u64(json, "point", alarm->point);
    if (isfinite(alarm->change))
        json_double(json, "change", alarm->change);
    json_string(json, "direction", direction(series, alarm));
    json_string(json, "label", is_counter(series) ? "EXACT" : "DESCRIPTIVE");
    if (isfinite(alarm->p))
        json_double(json, "p", alarm->p);
    json_close(json, '}');
}

static void json_series(struct json_writer *json, const struct trend_history *trend,
                        const struct trend_series *series)
{
    json_open(json, NULL, '{');
    json_string(json, "arm", series->arm);
    json_string(json, "metric", metric_table[series->metric].name);
    json_string(json, "name", series->place);
    json_string(json, "unit", series->measured ? metric_table[series->metric].unit : "ratio");
    json_open(json, "points", '[');
    for (size_t i = 0; i < series->count; i++) {
        json_open(json, NULL, '{');
        json_string(json, "id", record_of(trend, series, i)->id);
        json_double(json, "value", series->value[i]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "alarms", '[');
    for (size_t a = 0; a < series->alarm_count; a++)
        json_alarm(json, trend, series, &series->alarms[a]);
    json_close(json, ']');
    json_close(json, '}');
}

enum rc trend_json(const struct trend_history *trend, struct buf *out, struct err *err)
{
    struct json_writer json = json_begin(out, false, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", TREND_SCHEMA);
    json_double(&json, "max_p", trend->options.edivisive.max_p);
    json_u64(&json, "window", trend->options.edivisive.window);
    json_u64(&json, "alarms", trend->alarm_count);
    json_open(&json, "notes", '[');
    for (size_t i = 0; i < trend->note_count; i++)
        json_string(&json, NULL, trend->notes[i]);
    json_close(&json, ']');
    json_open(&json, "records", '[');
    for (size_t i = 0; i < trend->record_count; i++) {
        json_open(&json, NULL, '{');
        json_string(&json, "id", trend->records[i].id);
        json_string(&json, "created", trend->records[i].created);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_open(&json, "series", '[');
    for (size_t s = 0; s < trend->series_count; s++)
        json_series(&json, trend, &trend->series[s]);
    json_close(&json, ']');
    json_close(&json, '}');
    return json_finish(&json);
}
