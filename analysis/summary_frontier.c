/* summary_frontier.c: the frontier and the state of the machine as parts of summary.json. */
#include <math.h>

#include "analysis/summary_parts.h"

/* An estimate with its interval; absent without one, open bounds are absent. */
static void put_interval(struct json_writer *json, const char *key, const struct interval *interval)
{
    if (interval->n == 0)
        return;
    json_open(json, key, '{');
    summary_json_number(json, "estimate", interval->estimate);
    summary_json_number(json, "low", interval->low);
    summary_json_number(json, "high", interval->high);
    summary_json_number(json, "coverage", interval->coverage);
    json_u64(json, "n", interval->n);
    json_close(json, '}');
}

/* Rounds that no number of would do are absent. */
static void put_rounds(struct json_writer *json, const char *key, size_t rounds)
{
    if (rounds != 0 && rounds != SIZE_MAX)
        json_u64(json, key, rounds);
}

/* A label and the sentence it stands before, as printed, but with names as they are. */
static void put_claim(struct json_writer *json, const char *key, const struct claim *claim)
{
    if (claim->label == CLAIM_NONE)
        return;
    json_open(json, key, '{');
    json_string(json, "label", claim_label_name(claim->label));
    json_string(json, "sentence", claim->sentence);
    put_interval(json, "ratio", &claim->ratio);
    if (claim->look != 0)
        json_u64(json, "look", claim->look);
    if (claim->label == CLAIM_CONFIRMED || claim->label == CLAIM_REFUTED) {
        json_string(json, "method", claim->method);
        json_double(json, "alpha", claim->alpha);
    }
    if (claim->label == CLAIM_UNDECIDED)
        put_rounds(json, "rounds_needed", claim->rounds_needed);
    json_close(json, '}');
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
        json_string(json, "better", summary_better_name(metric_table[key->metric].better));
        json_bool(json, "exact", key->exact);
        json_double(json, "margin", expm1(key->margin));
        json_bool(json, "coarse", key->coarse);
        summary_json_number(json, "control_again_change", key->noise);
        put_interval(json, "control_again", &key->again);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_guards(struct json_writer *json, const struct frontier *frontier)
{
    json_open(json, "guardrail", '{');
    json_double(json, "limit", frontier->guardrail);
    json_string(json, "method", frontier->guard_method);
    json_open(json, "guards", '[');
    for (size_t g = 0; g < frontier->guard_count; g++) {
        const struct frontier_guard *guard = &frontier->guards[g];
        json_open(json, NULL, '{');
        json_string(json, "name", frontier->summary->places[guard->place].name);
        json_string(json, "metric", metric_table[guard->metric].name);
        json_double(json, "limit_ns", guard->limit_ns);
        summary_json_number(json, "control_again_change", guard->noise);
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
        summary_json_number(json, "median", arm->value[k]);
        summary_json_number(json, "percent_of_control", arm->percent[k]);
        put_interval(json, "ratio_to_control", &arm->versus[k]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "guards", '[');
    for (size_t g = 0; g < frontier->guard_count; g++) {
        json_open(json, NULL, '{');
        json_string(json, "phase", frontier->summary->places[frontier->guards[g].place].name);
        json_string(json, "metric", metric_table[frontier->guards[g].metric].name);
        summary_json_number(json, "percent_of_control", arm->guard_percent[g]);
        put_interval(json, "ratio_to_control", &arm->guard_ratio[g]);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_standing(struct json_writer *json, const struct frontier *frontier, size_t a)
{
    const struct summary *summary = frontier->summary;
    const struct frontier_arm *arm = &frontier->arms[a];
    json_open(json, NULL, '{');
    json_string(json, "arm", summary->arms[a].arm->label);
    json_bool(json, "eligible", arm->eligible);
    json_bool(json, "on_frontier", frontier_keeps(frontier, a));
    json_string(json, "standing", frontier_standing_name(arm->standing));
    json_open(json, "dominated_by", '[');
    for (size_t i = 0; i < arm->dominator_count; i++)
        json_string(json, NULL, summary->arms[arm->dominators[i]].arm->label);
    json_close(json, ']');
    json_bool(json, "dropped", arm->dropped);
    put_claim(json, "standing_claim", &arm->standing_claim);
    json_string(json, "guardrail", guardrail_state_name(arm->guardrail));
    put_claim(json, "guardrail_claim", &arm->guard_claim);
    put_values(json, frontier, arm);
    summary_json_number(json, "stability", arm->stability);
    summary_json_number(json, "hypervolume_share", arm->hypervolume);
    json_close(json, '}');
}

static void put_test(struct json_writer *json, const struct frontier *frontier)
{
    const struct dominance_schedule *schedule = &frontier->schedule;
    json_open(json, "test", '{');
    json_bool(json, "descriptive", frontier->descriptive);
    put_rounds(json, "rounds_min", frontier->rounds_min);
    json_u64(json, "rounds_tested", frontier->rounds_tested);
    json_string(json, "method", frontier->method);
    json_double(json, "alpha", schedule->alpha);
    json_u64(json, "hypotheses", frontier->hypotheses);
    json_open(json, "looks", '[');
    for (size_t k = 0; k < schedule->count; k++) {
        json_open(json, NULL, '{');
        json_u64(json, "rounds", schedule->looks[k].rounds);
        json_double(json, "alpha", schedule->looks[k].alpha);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

static const char *label_or_none(const struct frontier *frontier, size_t arm)
{
    return arm == SUMMARY_NONE ? "" : frontier_label(frontier, arm);
}

enum rc summary_json_frontier(struct json_writer *json, const struct frontier *frontier,
                              struct err *err)
{
    struct buf recommendation = {0};
    enum rc rc = frontier_choice_print(frontier, false, &recommendation, err);
    if (rc != RC_OK)
        return rc;
    json_open(json, "frontier", '{');
    json_bool(json, "anywhere", frontier->anywhere);
    put_test(json, frontier);
    put_keys(json, frontier);
    put_guards(json, frontier);
    json_open(json, "arms", '[');
    for (size_t a = 0; a < frontier->arm_count; a++)
        put_standing(json, frontier, a);
    json_close(json, ']');
    json_string(json, "choice", label_or_none(frontier, frontier->choice));
    put_claim(json, "choice_claim", &frontier->choice_claim);
    json_string(json, "sentence", frontier->sentence);
    json_string(json, "recommendation", buf_str(&recommendation));
    json_string(json, "hopeful", label_or_none(frontier, frontier->hopeful));
    put_rounds(json, "hopeful_rounds", frontier->hopeful_rounds);
    json_string(json, "knee", label_or_none(frontier, frontier->knee));
    summary_json_number(json, "round_seconds", frontier->round_seconds);
    json_open(json, "notes", '[');
    for (size_t i = 0; i < frontier->note_count; i++)
        json_string(json, NULL, frontier->notes[i]);
    json_close(json, ']');
    json_close(json, '}');
    buf_release(&recommendation);
    return RC_OK;
}

/* ---- environment ---------------------------------------------------------------------------- */

static void put_series(struct json_writer *json, const struct frontier *frontier,
                       const struct diagnosis_key *key)
{
    json_open(json, NULL, '{');
    json_string(json, "key", frontier->keys[key->key].name);
    json_u64(json, "n", key->n);
    json_string(json, "control_against_itself", looks_verdict_name(key->itself));
    put_interval(json, "control_again", &key->again);
    summary_json_number(json, "resolution", key->resolution);
    summary_json_number(json, "cv", key->cv);
    summary_json_number(json, "trend_tau", key->trend.tau);
    summary_json_number(json, "trend_p", key->trend.p);
    summary_json_number(json, "lag1", key->lag1);
    summary_json_number(json, "lag1_limit", key->lag1_limit);
    put_interval(json, "order_effect", &key->order);
    json_u64(json, "step_before_round", key->step);
    json_close(json, '}');
}

void summary_json_environment(struct json_writer *json, const struct diagnosis *diagnosis,
                              const struct frontier *frontier)
{
    json_open(json, "environment", '{');
    json_string(json, "state", diagnosis_state_name(diagnosis->state));
    json_u64(json, "rounds", diagnosis->rounds);
    json_u64(json, "rounds_voided", diagnosis->voided);
    json_u64(json, "rounds_partial", diagnosis->partial);
    summary_json_number(json, "clock_reads_per_operation", diagnosis->clock_ratio);
    json_open(json, "reasons", '[');
    for (size_t i = 0; i < diagnosis->reason_count; i++)
        json_string(json, NULL, diagnosis->reasons[i]);
    json_close(json, ']');
    json_open(json, "keys", '[');
    for (size_t k = 0; k < diagnosis->key_count; k++)
        put_series(json, frontier, &diagnosis->keys[k]);
    json_close(json, ']');
    json_open(json, "warm_up", '[');
    for (size_t w = 0; w < diagnosis->warmup_count; w++) {
        const struct diagnosis_warmup *warmup = &diagnosis->warmups[w];
        json_open(json, NULL, '{');
        json_string(json, "phase", frontier->summary->places[warmup->place].name);
        put_interval(json, "first_half_to_second", &warmup->ratio);
        json_bool(json, "red", warmup->red);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}
