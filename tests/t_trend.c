/* Histories: planted steps are found where they are, quiet ones stay quiet, strangers stay out. */
#include "analysis/frontier.h"
#include "analysis/keys.h"
#include "analysis/trend.h"
#include "engine/json.h"
#include "engine/rng.h"
#include "tests/support_record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS = 30, ROUNDS = 5 };

/* ---- a history in memory --------------------------------------------------------------------- */

struct night {
    struct made made;
    struct summary summary;
    char id[16], created[32];
};

struct history {
    struct night nights[RECORDS];
    struct trend_history trend;
    struct err err;
};

/* What a night measures: dedup's factor on the control's p95, its factor on bytes. */
struct plan {
    double p95, bytes;
};

static double wobble(struct rng *rng, double sd)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rng_unit(rng);
    return exp(sd * sum);
}

static void put(struct made *made, uint32_t arm, uint32_t round, double p95, double bytes)
{
    made_run(made, arm, round);
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_P95_NS, p95);
    made_value(made, SAMPLE_PHASE, "read_point_binary", M_OPS_PER_S, 1e9 / p95);
    made_value(made, SAMPLE_SNAPSHOT, "after_update", M_TOTAL_BYTES, bytes);
    made_value(made, SAMPLE_SNAPSHOT, "after_update", M_EXTERNAL_BYTES, bytes - 4096);
    made_end(made, NULL);
}

/* The machine is up to twice as slow on some nights as on others, all strategies alike. */
static void make_night(struct night *night, size_t number, uint64_t stream, struct plan plan)
{
    struct made *made = &night->made;
    struct rng rng = rng_stream(stream, "night", number);
    double day = 1 + rng_unit(&rng);
    memset(night, 0, sizeof(*night));
    made_init(made);
    snprintf(night->id, sizeof(night->id), "night-%02zu", number);
    snprintf(night->created, sizeof(night->created), "2026-%02zu-%02zuT01:00:00Z", 10 + number / 28,
             1 + number % 28);
    made->record.manifest.id = night->id;
    made->record.manifest.created = night->created;
    made_phase(made, "update_binary_hot", "update", "after_update");
    made_phase(made, "read_point_binary", "read_point", "");
    (void)made_arm(made, "raw", MADE_SQL | MADE_CONTROL);
    (void)made_arm(made, "raw'", MADE_SQL | MADE_CONTROL_AGAIN);
    (void)made_arm(made, "dedup", MADE_SQL);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        double here = 1e6 * day * wobble(&rng, 0.05);
        put(made, 0, round, here * wobble(&rng, 0.02), 8192);
        put(made, 1, round, here * wobble(&rng, 0.02), 8192);
        put(made, 2, round, here * plan.p95 * wobble(&rng, 0.02), 4096 * plan.bytes);
    }
}

static void history_begin(struct history *history, uint64_t stream, const struct plan *plans)
{
    memset(history, 0, sizeof(*history));
    for (size_t i = 0; i < RECORDS; i++)
        make_night(&history->nights[i], i, stream, plans ? plans[i] : (struct plan){1.2, 1});
}

static enum rc follow(struct history *history, const struct trend_options *options, size_t count)
{
    struct trend_options all = options ? *options : (struct trend_options){.arm = NULL};
    all.records = count;
    trend_release(&history->trend);
    err_clear(&history->err);
    for (size_t i = 0; i < count; i++) {
        summary_release(&history->nights[i].summary);
        assert_int_equal(summary_build(&history->nights[i].summary, &history->nights[i].made.record,
                                       &history->err),
                         RC_OK);
    }
    enum rc rc =
        trend_begin(&history->trend, &history->nights[count - 1].summary, &all, &history->err);
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        rc = trend_add(&history->trend, &history->nights[i].summary, &history->err);
    return rc == RC_OK ? trend_finish(&history->trend, &history->err) : rc;
}

static void history_end(struct history *history)
{
    trend_release(&history->trend);
    for (size_t i = 0; i < RECORDS; i++) {
        summary_release(&history->nights[i].summary);
        made_release(&history->nights[i].made);
    }
}

static const struct trend_series *series_of(const struct history *history, const char *arm,
                                            enum metric metric)
{
    for (size_t s = 0; s < history->trend.series_count; s++) {
        const struct trend_series *series = &history->trend.series[s];
        if (series->metric == metric && strcmp(series->arm, arm) == 0)
            return series;
    }
    fail_msg("there is no series %s %s", arm, metric_table[metric].name);
    return NULL;
}

static bool has_note(const struct history *history, const char *part)
{
    for (size_t i = 0; i < history->trend.note_count; i++) {
        if (strstr(history->trend.notes[i], part))
            return true;
    }
    return false;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void planted_steps_are_found(void **state)
{
    static struct history history;
    struct plan plans[RECORDS];
    struct buf out = {0};
    (void)state;
    for (size_t i = 0; i < RECORDS; i++)
        plans[i] = (struct plan){i < 10 ? 1.2 : i < 20 ? 1.35 : 1.1, i < 17 ? 1 : 1.5};
    history_begin(&history, 1, plans);
    assert_int_equal(follow(&history, NULL, RECORDS), RC_OK);
    const struct trend_series *p95 = series_of(&history, "dedup", M_P95_NS);
    assert_int_equal(p95->count, RECORDS);
    assert_int_equal(p95->alarm_count, 2);
    assert_true(p95->alarms[0].point == 10 && p95->alarms[1].point == 20);
    assert_true(fabs(p95->alarms[0].change - 0.125) < 0.02);
    assert_true(fabs(p95->alarms[1].change - (1.1 / 1.35 - 1)) < 0.02);
    assert_true(p95->alarms[0].p < 0.001);
    const struct trend_series *bytes = series_of(&history, "dedup", M_TOTAL_BYTES);
    assert_int_equal(bytes->alarm_count, 1);
    assert_int_equal(bytes->alarms[0].point, 17);
    assert_true(bytes->alarms[0].change == 0.5 && isnan(bytes->alarms[0].p));
    /* The control's own series is as measured: nights differ by a factor of two, by chance. */
    assert_int_equal(series_of(&history, "raw", M_P95_NS)->alarm_count, 0);
    assert_true(series_of(&history, "raw", M_P95_NS)->measured);
    assert_true(series_of(&history, "raw", M_TOTAL_BYTES)->value[3] == 8192);
    assert_int_equal(trend_text(&history.trend, &out, &history.err), RC_OK);
    assert_non_null(strstr(buf_str(&out), "dedup total_bytes@after_update: +50.0 % from night-17 "
                                          "(2026-10-18), worse, EXACT\n"));
    assert_non_null(strstr(buf_str(&out), " from night-10 (2026-10-11), worse, p="));
    assert_non_null(strstr(buf_str(&out), " from night-20 (2026-10-21), better, p="));
    assert_non_null(strstr(buf_str(&out), "\n3 alarms in 4 series\n"));
    assert_non_null(strstr(buf_str(&out), "DESCRIPTIVE: alarms to look at, not verdicts"));
    buf_release(&out);
    history_end(&history);
}

static void rates_turn_the_direction(void **state)
{
    static struct history history;
    static const char *const metrics[] = {"ops_per_s@read_point_binary",
                                          "external_bytes@after_update"};
    struct trend_options options = {.metrics = metrics, .metric_count = 2, .arm = "dedup"};
    struct plan plans[RECORDS];
    struct buf out = {0};
    (void)state;
    for (size_t i = 0; i < RECORDS; i++)
        plans[i] = (struct plan){i < 12 ? 1.2 : 1.5, i < 25 ? 1 : 2};
    history_begin(&history, 12, plans);
    assert_int_equal(follow(&history, &options, RECORDS), RC_OK);
    assert_int_equal(history.trend.series_count, 2);
    const struct trend_series *rate = series_of(&history, "dedup", M_OPS_PER_S);
    assert_int_equal(rate->alarm_count, 1);
    assert_int_equal(rate->alarms[0].point, 12);
    assert_true(fabs(rate->alarms[0].change - (1.2 / 1.5 - 1)) < 0.02);
    assert_int_equal(trend_text(&history.trend, &out, &history.err), RC_OK);
    assert_non_null(strstr(buf_str(&out), "(2026-10-13), worse, p="));
    /* From nothing there is no ratio. */
    const struct trend_series *bytes = series_of(&history, "dedup", M_EXTERNAL_BYTES);
    assert_int_equal(bytes->alarm_count, 1);
    assert_true(isnan(bytes->alarms[0].change));
    assert_non_null(
        strstr(buf_str(&out), ": no longer 0 from night-25 (2026-10-26), worse, EXACT"));
    buf_release(&out);
    history_end(&history);
}

static void quiet_histories_are_quiet(void **state)
{
    static struct history history;
    size_t alarms = 0, series = 0;
    (void)state;
    for (uint64_t stream = 100; stream < 160; stream++) {
        history_begin(&history, stream, NULL);
        assert_int_equal(follow(&history, NULL, RECORDS), RC_OK);
        assert_int_equal(series_of(&history, "dedup", M_TOTAL_BYTES)->alarm_count, 0);
        alarms += series_of(&history, "dedup", M_P95_NS)->alarm_count != 0;
        series++;
        history_end(&history);
    }
    /* One of 50 points in thirty has an alarm by chance (edivisive.h); 8 of 60 are beyond it. */
    assert_true(alarms < 8);
    assert_int_equal(series, 60);
}

/* ---- what takes part ------------------------------------------------------------------------- */

static void strangers_are_left_out(void **state)
{
    static struct history history;
    static struct fact host[] = {{"cpu", "Another CPU"}};
    struct plan plans[RECORDS];
    (void)state;
    for (size_t i = 0; i < RECORDS; i++)
        plans[i] = (struct plan){i < 10 ? 2 : 1.2, 1}; /* on another machine */
    history_begin(&history, 3, plans);
    for (size_t i = 0; i < 10; i++)
        history.nights[i].made.record.manifest.host = (struct facts){host, 1};
    history.nights[12].made.record.manifest.dataset_hash = "ffff";
    for (uint32_t round = 0; round < ROUNDS; round++)
        made_void(&history.nights[13].made, round, "steal time 9 %");
    assert_int_equal(follow(&history, NULL, RECORDS), RC_OK);
    assert_int_equal(history.trend.record_count, RECORDS - 12);
    assert_int_equal(series_of(&history, "dedup", M_P95_NS)->count, RECORDS - 12);
    assert_int_equal(series_of(&history, "dedup", M_P95_NS)->alarm_count, 0);
    assert_true(has_note(&history,
                         "night-00 left out: host cpu is \"Another CPU\", \"\" in the last "
                         "record"));
    assert_true(has_note(&history, "night-12 left out: dataset hash is \"ffff\""));
    assert_true(has_note(&history, "night-13 left out: no complete round"));
    history_end(&history);
}

static void gaps_keep_their_place(void **state)
{
    static struct history history;
    struct plan plans[RECORDS];
    (void)state;
    for (size_t i = 0; i < RECORDS; i++)
        plans[i] = (struct plan){i < 15 ? 1.2 : 1.5, 1};
    history_begin(&history, 4, plans);
    /* dedup was called otherwise for five nights, and was INVALID in one. */
    for (size_t i = 3; i < 8; i++)
        history.nights[i].made.arms[2].label = "other";
    struct made *made = &history.nights[20].made;
    made_run(made, 2, ROUNDS);
    made_end(made, "blob 3 is gone");
    assert_int_equal(follow(&history, NULL, RECORDS), RC_OK);
    const struct trend_series *p95 = series_of(&history, "dedup", M_P95_NS);
    assert_int_equal(p95->count, RECORDS - 6);
    assert_int_equal(p95->alarm_count, 1);
    assert_string_equal(history.trend.records[p95->record[p95->alarms[0].point]].id, "night-15");
    assert_int_equal(series_of(&history, "raw", M_P95_NS)->count, RECORDS);
    history_end(&history);
}

static void a_history_needs_four(void **state)
{
    static struct history history;
    (void)state;
    history_begin(&history, 5, NULL);
    for (size_t count = 1; count < 4; count++) {
        assert_int_equal(follow(&history, NULL, count), RC_INCONCLUSIVE);
        char want[96];
        snprintf(want, sizeof(want),
                 "needs 4 records comparable with the last one, \"night-%02zu\"; "
                 "there are %zu",
                 count - 1, count);
        assert_non_null(strstr(history.err.msg, want));
    }
    assert_int_equal(follow(&history, NULL, 4), RC_OK);
    assert_true(has_note(&history, "fewer than 6 records: no change of a timing can be seen yet"));
    assert_int_equal(follow(&history, NULL, 6), RC_OK);
    assert_false(has_note(&history, "fewer than 6 records"));
    /* Others do not help. */
    for (size_t i = 0; i < 3; i++)
        history.nights[i].made.record.manifest.seed = 99;
    assert_int_equal(follow(&history, NULL, 6), RC_INCONCLUSIVE);
    assert_non_null(strstr(history.err.hint, "seed is"));
    history_end(&history);
}

/* ---- what is asked for ----------------------------------------------------------------------- */

static void wrong_questions_are_refused(void **state)
{
    static struct history history;
    static const struct {
        const char *metrics[2], *arm, *message, *hint;
    } cases[] = {
        {{"p95_n@read_point_binary"}, NULL, "there is no metric \"p95_n\"", "p95_ns"},
        {{"p95_ns"}, NULL, "expected METRIC@PLACE, got \"p95_ns\"", ""},
        {{""}, NULL, "expected METRIC@PLACE, got \"\"", ""},
        {{"@"}, NULL, "expected METRIC@PLACE, got \"@\"", ""},
        {{"p95_ns@"}, NULL, "expected METRIC@PLACE, got \"p95_ns@\"", ""},
        {{"p95_ns@nowhere"}, NULL, "--metric p95_ns@nowhere: the last record, \"night-29\"", ""},
        {{"p95_ns@after_update"}, NULL, "has no such value", ""},
        {{"p99_ns@read_point_binary"}, NULL, "has no such value", ""},
        {{"p95_ns@read_point_binary", "p95_ns@read_point_binary"}, NULL, "given twice", ""},
        {{NULL}, "dedpu", "has no strategy \"dedpu\"", "dedup"},
        {{NULL}, "\033[31m", "has no strategy \"\\x1b[31m\"", ""},
    };
    (void)state;
    history_begin(&history, 6, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct trend_options options = {.metrics = cases[i].metrics,
                                        .metric_count = cases[i].metrics[1]   ? 2
                                                        : cases[i].metrics[0] ? 1
                                                                              : 0,
                                        .arm = cases[i].arm};
        assert_int_equal(follow(&history, &options, RECORDS), RC_USAGE);
        if (!strstr(history.err.msg, cases[i].message) || !strstr(history.err.hint, cases[i].hint))
            fail_msg("%s | %s", history.err.msg, history.err.hint);
    }
    history_end(&history);
}

static void default_metrics_are_the_frontiers(void **state)
{
    static struct history history;
    struct key keys[KEYS_DEFAULT_MAX];
    const char *names[KEYS_DEFAULT_MAX];
    char list[512] = "";
    (void)state;
    history_begin(&history, 9, NULL);
    assert_int_equal(
        summary_build(&history.nights[0].summary, &history.nights[0].made.record, &history.err),
        RC_OK);
    /* No phase of single updates, and the other has no p95: the first name stands. */
    size_t count = keys_default(&history.nights[0].summary, keys, names);
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof(list) - used, "%s%s", i ? "," : "", names[i]);
    }
    assert_string_equal(list, FRONTIER_KEYS_DEFAULT);
    history_end(&history);
}

static void default_metrics_that_are_missing_are_noted(void **state)
{
    static struct history history;
    (void)state;
    history_begin(&history, 7, NULL);
    assert_int_equal(follow(&history, NULL, RECORDS), RC_OK);
    assert_true(has_note(&history, "cpu_ms_per_mb@ingest_binary_cold: not in the last record"));
    assert_int_equal(history.trend.series_count, 4); /* raw and dedup, two metrics */
    /* The control's second run is a series when asked for. */
    assert_int_equal(follow(&history, &(struct trend_options){.arm = "raw'"}, RECORDS), RC_OK);
    assert_int_equal(history.trend.series_count, 2);
    assert_true(fabs(series_of(&history, "raw'", M_P95_NS)->value[0] - 1) < 0.1);
    history_end(&history);
}

/* ---- output ---------------------------------------------------------------------------------- */

static void output_is_harmless_and_complete(void **state)
{
    static struct history history;
    struct buf out = {0};
    struct json *json = NULL;
    const struct json_node *list, *series = NULL, *points;
    uint64_t alarms;
    (void)state;
    history_begin(&history, 8, NULL);
    for (size_t i = 0; i < RECORDS; i++)
        history.nights[i].made.arms[2].label = "de\033[31m\"dup";
    history.nights[0].made.record.manifest.id = "a\nb\xe2\x80\xae";
    assert_int_equal(follow(&history, NULL, RECORDS), RC_OK);
    assert_int_equal(trend_text(&history.trend, &out, &history.err), RC_OK);
    assert_null(strchr(buf_str(&out), '\033'));
    assert_null(strstr(buf_str(&out), "a\nb"));
    buf_clear(&out);
    assert_int_equal(trend_json(&history.trend, &out, &history.err), RC_OK);
    assert_int_equal(json_parse(&json, buf_span(&out), "trend", 0, &history.err), RC_OK);
    assert_int_equal(json_get_u64(json, json_root(json), "alarms", &alarms, &history.err), RC_OK);
    assert_int_equal(alarms, history.trend.alarm_count);
    assert_int_equal(json_get_array(json, json_root(json), "series", &list, &history.err), RC_OK);
    for (size_t s = 0; s < history.trend.series_count; s++) {
        size_t count = 0;
        series = json_next(list, series);
        assert_int_equal(json_get_array(json, series, "points", &points, &history.err), RC_OK);
        for (const struct json_node *p = json_next(points, NULL); p; p = json_next(points, p))
            count++;
        assert_int_equal(count, history.trend.series[s].count);
    }
    json_free(json);
    buf_release(&out);
    history_end(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_steps_are_found),
        cmocka_unit_test(rates_turn_the_direction),
        cmocka_unit_test(quiet_histories_are_quiet),
        cmocka_unit_test(strangers_are_left_out),
        cmocka_unit_test(gaps_keep_their_place),
        cmocka_unit_test(a_history_needs_four),
        cmocka_unit_test(wrong_questions_are_refused),
        cmocka_unit_test(default_metrics_are_the_frontiers),
        cmocka_unit_test(default_metrics_that_are_missing_are_noted),
        cmocka_unit_test(output_is_harmless_and_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
