/* compare_export.c: a comparison as CSV and JSON. */
#include <math.h>
#include <string.h>

#include "analysis/compare_parts.h"
#include "analysis/text.h"
#include "engine/json.h"

static void csv_number(struct text *text, double value)
{
    char number[TEXT_NUMBER_SIZE];
    text_print(text, ",%s", isfinite(value) ? text_number(number, value) : "");
}

static void csv_side(struct text *text, const struct compare_side *side)
{
    text_print(text, ",%zu", side->n);
    csv_number(text, side->median);
    csv_number(text, side->half);
}

enum rc compare_csv(const struct compare *compare, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    text_put(&text, "arm_old,arm_new,name,metric,unit,old_n,old_median,old_half_width,new_n,"
                    "new_median,new_half_width,change,ratio,ratio_low,ratio_high,p,p_adjusted,"
                    "label,verdict\n");
    for (size_t i = 0; i < compare->row_count; i++) {
        const struct compare_row *row = &compare->rows[i];
        text_csv(&text, compare_arm_name(compare, row));
        text_put(&text, ",");
        text_csv(&text, compare->after->arms[row->arm_new].arm->label);
        text_put(&text, ",");
        text_csv(&text, compare_place_name(compare, row));
        text_print(&text, ",%s,%s", metric_table[row->metric].name, metric_table[row->metric].unit);
        csv_side(&text, &row->before);
        csv_side(&text, &row->after);
        csv_number(&text, row->change);
        csv_number(&text, row->ratio.estimate);
        csv_number(&text, row->ratio.low);
        csv_number(&text, row->ratio.high);
        csv_number(&text, row->p);
        csv_number(&text, row->p_adjusted);
        text_print(&text, ",%s,%s\n", claim_label_name(row->label),
                   compare_verdict_name(row->verdict));
    }
    return text.rc;
}

/* What does not exist is absent, never 0. */
static void json_finite(struct json_writer *json, const char *key, double value)
{
    if (isfinite(value))
        json_double(json, key, value);
}

static void json_side(struct json_writer *json, const char *key, const struct compare_side *side)
{
    json_open(json, key, '{');
    json_u64(json, "n", side->n);
    json_finite(json, "median", side->median);
    json_finite(json, "half_width", side->half);
    json_close(json, '}');
}

static void json_record(struct json_writer *json, const char *key, const struct summary *summary,
                        const struct rounds *rounds)
{
    json_open(json, key, '{');
    json_string(json, "id", summary->record->manifest.id);
    json_string(json, "created", summary->record->manifest.created);
    json_u64(json, "rounds", rounds->count);
    json_u64(json, "voided", rounds->voided);
    json_close(json, '}');
}

static void json_timing(struct json_writer *json, const struct compare_row *row)
{
    if (isfinite(row->ratio.estimate)) {
        json_open(json, "ratio", '{');
        json_double(json, "estimate", row->ratio.estimate);
        json_finite(json, "low", row->ratio.low);
        json_finite(json, "high", row->ratio.high);
        json_finite(json, "coverage", row->ratio.coverage);
        json_bool(json, "in_control_units", row->in_control_units);
        json_close(json, '}');
    }
    json_finite(json, "p", row->p);
    json_finite(json, "p_adjusted", row->p_adjusted);
    json_bool(json, "too_few_rounds", row->too_few);
    json_bool(json, "clock_too_coarse", row->coarse);
    if (row->look)
        json_u64(json, "look", row->look);
    if (row->label == CLAIM_UNDECIDED && row->rounds_needed != SIZE_MAX)
        json_u64(json, "rounds_needed", row->rounds_needed);
}

static void json_row(struct json_writer *json, const struct compare *compare,
                     const struct compare_row *row)
{
    json_open(json, NULL, '{');
    json_string(json, "arm_old", compare_arm_name(compare, row));
    json_string(json, "arm_new", compare->after->arms[row->arm_new].arm->label);
    json_string(json, "name", compare_place_name(compare, row));
    json_string(json, "metric", metric_table[row->metric].name);
    json_string(json, "unit", metric_table[row->metric].unit);
    json_side(json, "old", &row->before);
    json_side(json, "new", &row->after);
    json_finite(json, "change", row->change);
    json_string(json, "verdict", compare_verdict_name(row->verdict));
    json_string(json, "label", claim_label_name(row->label));
    if (!compare_is_counter(row))
        json_timing(json, row);
    json_close(json, '}');
}

enum rc compare_json(const struct compare *compare, struct buf *out, struct err *err)
{
    struct json_writer json = json_begin(out, false, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", COMPARE_SCHEMA);
    json_string(&json, "design", compare->paired ? "paired" : "sequential");
    json_double(&json, "alpha", compare->alpha);
    json_u64(&json, "hypotheses", compare->hypotheses);
    json_u64(&json, "rounds_least", compare->rounds_least);
    json_record(&json, "old", compare->before, &compare->rounds[0]);
    json_record(&json, "new", compare->after, &compare->rounds[compare->paired ? 0 : 1]);
    json_u64(&json, "unchanged", compare->same);
    json_u64(&json, "better", compare->better);
    json_u64(&json, "worse", compare->worse);
    json_u64(&json, "changed", compare->changed);
    json_open(&json, "notes", '[');
    for (size_t i = 0; i < compare->note_count; i++)
        json_string(&json, NULL, compare->notes[i]);
    json_close(&json, ']');
    json_open(&json, "rows", '[');
    for (size_t i = 0; i < compare->row_count; i++)
        json_row(&json, compare, &compare->rows[i]);
    json_close(&json, ']');
    json_close(&json, '}');
    return json_finish(&json);
}
