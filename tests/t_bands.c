/* The frontier from round to round: by hand, then against the record itself, in figure and report.
 */
#include "analysis/analysis.h"
#include "analysis/bands.h"
#include "analysis/plot_parts.h"
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

enum { ROUNDS_MAX = 41, POINTS_MAX = ROUNDS_MAX * MADE_ARMS_MAX };

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-8 * fmax(1, fabs(b)); /* CSV has nine digits */
}

/* ---- by hand -------------------------------------------------------------------------------- */

struct hand {
    struct made made;
    struct analysis analysis;
    struct bands bands;
    struct err err;
};

enum { RAW, RAW_AGAIN, SMALL, FAST, FILES, ARMS };

static void begin(struct hand *hand)
{
    memset(hand, 0, sizeof(*hand));
    made_init(&hand->made);
    hand->made.record.dir = strdup("/nonexistent");
    made_phase(&hand->made, "update_binary_hot", "update", "after_update");
    made_phase(&hand->made, "read_point_binary", "read_point", "");
    assert_int_equal(made_arm(&hand->made, "raw", MADE_SQL | MADE_CONTROL), RAW);
    assert_int_equal(made_arm(&hand->made, "raw'", MADE_SQL | MADE_CONTROL_AGAIN), RAW_AGAIN);
    assert_int_equal(made_arm(&hand->made, "small", MADE_SQL), SMALL);
    assert_int_equal(made_arm(&hand->made, "fast", MADE_SQL), FAST);
    assert_int_equal(made_arm(&hand->made, "files", 0), FILES);
}

static void run(struct hand *hand, uint32_t arm, uint32_t round, double bytes, double read)
{
    made_run(&hand->made, arm, round);
    made_value(&hand->made, SAMPLE_PHASE, "read_point_binary", M_P95_NS, read);
    made_value(&hand->made, SAMPLE_SNAPSHOT, "after_update", M_TOTAL_BYTES, bytes);
    made_end(&hand->made, NULL);
}

/* A negative p95: the arm had left. */
static void round_of(struct hand *hand, uint32_t round, double raw, double small, double fast)
{
    run(hand, RAW, round, 1000, raw);
    run(hand, RAW_AGAIN, round, 1000, raw);
    if (small > 0)
        run(hand, SMALL, round, 500, small);
    run(hand, FAST, round, 2000, fast);
    run(hand, FILES, round, 10, 1);
}

static void finish(struct hand *hand)
{
    if (analysis_build(&hand->analysis, &hand->made.record, NULL, &hand->err) != RC_OK ||
        bands_build(&hand->bands, &hand->analysis.frontier, &hand->err) != RC_OK)
        fail_msg("%s", hand->err.msg);
}

static void end(struct hand *hand)
{
    bands_release(&hand->bands);
    analysis_release(&hand->analysis);
    made_release(&hand->made);
}

static void assert_curve(const struct bands *bands, enum band band, size_t level,
                         const double (*corners)[2], size_t count)
{
    const struct band_curve *curve = &bands->curves[band];
    assert_int_equal(curve->level, level);
    assert_int_equal(curve->count, count);
    for (size_t i = 0; i < count; i++)
        assert_true(near(curve->corners[i].x, corners[i][0]) &&
                    near(curve->corners[i].y, corners[i][1]));
}

/* A round is held against its own control; void ones, those in which the control has no value, and
 * what does not compete are left out. */
static void two_rounds_by_hand(void **unused)
{
    (void)unused;
    static const double few[][2] = {{50, 200}, {100, 100}, {150, 50}};
    static const double most[][2] = {{100, 100}, {200, 50}};
    struct hand hand;
    begin(&hand);
    round_of(&hand, 0, 1000, 2000, 500);
    round_of(&hand, 1, 1000, 10, 10);
    round_of(&hand, 2, 2000, 3000, 2400);
    round_of(&hand, 3, NAN, 10, 10);
    made_void(&hand.made, 1, "steal time 7.1 % (limit 5 %)");
    finish(&hand);
    const struct bands *bands = &hand.bands;
    assert_null(bands->why);
    assert_int_equal(bands->rounds, 2);
    assert_true(bands->number[0] == 0 && bands->number[1] == 2);
    assert_int_equal(bands->start[2], 6);
    static const uint32_t arms[] = {RAW, SMALL, FAST, RAW, SMALL, FAST};
    for (size_t i = 0; i < COUNT_OF(arms); i++)
        assert_int_equal(bands->arm[i], arms[i]);
    assert_curve(bands, BAND_FEW, 1, few, COUNT_OF(few));
    assert_curve(bands, BAND_HALF, 1, few, COUNT_OF(few));
    assert_curve(bands, BAND_MOST, 2, most, COUNT_OF(most));
    assert_true(near(bands_reach(bands, BAND_FEW, 200), 50));
    assert_true(near(bands_reach(bands, BAND_FEW, 199), 100));
    assert_true(near(bands_reach(bands, BAND_MOST, 200), 100));
    assert_true(near(bands_reach(bands, BAND_MOST, 50), 200));
    assert_true(isnan(bands_reach(bands, BAND_MOST, 49)));
    end(&hand);
}

/* An arm that left after a look counts in the rounds it ran in, and those are still rounds. */
static void an_arm_that_left_is_in_its_rounds(void **unused)
{
    (void)unused;
    static const double half[][2] = {{50, 200}, {100, 100}, {200, 50}};
    static const double most[][2] = {{50, 200}, {100, 100}};
    struct hand hand;
    begin(&hand);
    round_of(&hand, 0, 1000, 2000, 500);
    round_of(&hand, 1, 1000, 2000, 500);
    made_look(&hand.made, 1, 1, 2, SMALL);
    round_of(&hand, 2, 1000, -1, 500);
    round_of(&hand, 3, 1000, -1, 500);
    finish(&hand);
    assert_int_equal(hand.bands.rounds, 4);
    assert_int_equal(hand.bands.start[4], 10);
    assert_curve(&hand.bands, BAND_HALF, 2, half, COUNT_OF(half));
    assert_curve(&hand.bands, BAND_MOST, 4, most, COUNT_OF(most));
    end(&hand);
}

/* ---- reasons -------------------------------------------------------------------------------- */

static void check_refused(struct hand *hand, const char *why)
{
    struct buf csv = {0}, gp = {0}, report = {0};
    char said[160] = "";
    finish(hand);
    assert_string_equal(hand->bands.why, why);
    struct plot_draft draft = {text_to(&csv, &hand->err), text_to(&gp, &hand->err), said};
    assert_int_equal(plot_attainment_draft(&hand->analysis.frontier, &draft), RC_OK);
    assert_string_equal(said, why);
    assert_true(csv.len == 0 && gp.len == 0);
    assert_int_equal(report_markdown(&hand->analysis.frontier, &hand->analysis.diagnosis, NULL,
                                     &report, &hand->err),
                     RC_OK);
    assert_null(strstr(buf_str(&report), "From round to round"));
    buf_release(&report);
    buf_release(&gp);
    buf_release(&csv);
    end(hand);
}

static void what_cannot_be_shown_says_why(void **unused)
{
    (void)unused;
    struct hand hand;
    begin(&hand);
    round_of(&hand, 0, 1000, 2000, 500);
    check_refused(&hand, "it takes two rounds in which the control has both key metrics");

    begin(&hand);
    for (uint32_t round = 0; round < 2; round++) {
        made_run(&hand.made, RAW, round);
        made_value(&hand.made, SAMPLE_SNAPSHOT, "after_update", M_TOTAL_BYTES, 1);
        made_end(&hand.made, NULL);
    }
    check_refused(&hand, "fewer than two key metrics");

    begin(&hand);
    round_of(&hand, 0, 1000, 2000, 500);
    round_of(&hand, 1, NAN, 2000, 500);
    run(&hand, RAW, 2, 1000, 1000);
    made_end(&hand.made, "file 7 version 1: 3 bytes differ");
    check_refused(&hand, "no control with both key metrics to compare with");
}

static void more_must_not_be_better(void **unused)
{
    (void)unused;
    struct made made;
    struct analysis analysis;
    struct bands bands;
    struct err err = {0};
    const struct analysis_options options = {
        .frontier.keys = "total_bytes@after_update,ops_per_s@read_point_binary"};
    made_study(&made, &(struct made_options){.rounds = 3});
    assert_int_equal(analysis_build(&analysis, &made.record, &options, &err), RC_OK);
    assert_int_equal(bands_build(&bands, &analysis.frontier, &err), RC_OK);
    assert_string_equal(bands.why, "of one of the two key metrics more is better");
    bands_release(&bands);
    analysis_release(&analysis);
    made_release(&made);
}

/* ---- against the record --------------------------------------------------------------------- */

/* Every round's points, taken from the record's lines by a way of its own. */
struct oracle {
    struct attainment_point points[POINTS_MAX], curve[POINTS_MAX];
    size_t start[ROUNDS_MAX + 1];
};

static double value_of(const struct made *made, uint32_t arm, uint32_t round, const char *name,
                       enum metric metric)
{
    for (size_t i = 0; i < made->record.sample_count; i++) {
        const struct sample *sample = &made->record.samples[i];
        if (sample->arm == arm && sample->round == round && strcmp(sample->name, name) == 0)
            return sample->value[metric];
    }
    return NAN;
}

static void find_oracle(const struct made *made, struct oracle *oracle)
{
    const struct record_manifest *manifest = &made->record.manifest;
    size_t count = 0;
    oracle->start[0] = 0;
    for (uint32_t round = 0; round < manifest->rounds; round++) {
        double bytes = value_of(made, 0, round, "after_update", M_TOTAL_BYTES);
        double read = value_of(made, 0, round, "read_point_binary", M_P95_NS);
        for (uint32_t a = 0; a < manifest->arm_count; a++) {
            if (!made->arms[a].sql || made->arms[a].control_again)
                continue;
            oracle->points[count++] = (struct attainment_point){
                100 * value_of(made, a, round, "read_point_binary", M_P95_NS) / read,
                100 * value_of(made, a, round, "after_update", M_TOTAL_BYTES) / bytes};
        }
        oracle->start[round + 1] = count;
    }
}

/* The start of a block's rows. */
static const char *block_of(const char *csv, size_t block)
{
    for (size_t i = 0; i < block; i++) {
        csv = strstr(csv, "\n\n\n");
        assert_non_null(csv);
        csv += 3;
    }
    csv = strchr(csv, '\n');
    assert_non_null(csv);
    return csv + 1;
}

/* Of a level's rows those that are corners are attainment_curve's; the others join them. */
static void check_level(const char *csv, enum band band, size_t rounds, struct oracle *oracle)
{
    static const size_t percent[] = {5, 50, 95};
    size_t level = 1, count = 0, seen = 0;
    struct err err = {0};
    while (100 * level < percent[band] * rounds)
        level++;
    assert_int_equal(
        attainment_curve(oracle->points, oracle->start, rounds, level, oracle->curve, &count, &err),
        RC_OK);
    for (const char *row = block_of(csv, 2 + (size_t)band); *row != '\n';
         row = strchr(row, '\n') + 1) {
        double x, y;
        int corner;
        size_t share, said;
        assert_int_equal(sscanf(row, "%lf,%lf,%d,%zu,%zu\n", &x, &y, &corner, &share, &said), 5);
        assert_int_equal(share, percent[band]);
        assert_int_equal(said, level);
        if (corner == 0) {
            assert_true(seen == 0 || near(y, oracle->curve[seen - 1].y));
            assert_true(seen == count || near(x, oracle->curve[seen].x));
            continue;
        }
        assert_true(seen < count);
        assert_true(near(x, oracle->curve[seen].x) && near(y, oracle->curve[seen].y));
        seen++;
    }
    assert_int_equal(seen, count);
    assert_true(count != 0);
}

/* Every corner is attained by so many rounds, and no place before or below it is. */
static void check_counts(const struct bands *bands, const struct oracle *oracle, size_t rounds)
{
    for (enum band band = 0; band < BAND_COUNT; band++) {
        const struct band_curve *curve = &bands->curves[band];
        for (size_t i = 0; i < curve->count; i++) {
            struct attainment_point at = curve->corners[i];
            struct attainment_point here = {at.x * (1 + 1e-9), at.y * (1 + 1e-9)};
            struct attainment_point left = {at.x * (1 - 1e-9), here.y};
            struct attainment_point below = {here.x, at.y * (1 - 1e-9)};
            assert_true(attainment_count(oracle->points, oracle->start, rounds, here) >=
                        curve->level);
            assert_true(attainment_count(oracle->points, oracle->start, rounds, left) <
                        curve->level);
            assert_true(attainment_count(oracle->points, oracle->start, rounds, below) <
                        curve->level);
            assert_true(!(bands_reach(bands, band, here.y) > at.x));
        }
    }
}

/* Every point of every round is a row of the figure. */
static void check_dots(const char *csv, const struct oracle *oracle, size_t rounds)
{
    const char *row = block_of(csv, 5);
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = oracle->start[r]; i < oracle->start[r + 1]; i++) {
            double x, y;
            unsigned said;
            assert_int_equal(sscanf(row, "%lf,%lf,%*d,%*u,\"%*[^\"]\",%u", &x, &y, &said), 3);
            assert_true(near(x, oracle->points[i].x) && near(y, oracle->points[i].y));
            assert_int_equal(said, r);
            row = strchr(row, '\n') + 1;
        }
    }
    assert_int_equal(*row, '\n');
}

/* The median's corners are the rows of the report's table. */
static void check_report(const struct analysis *analysis, const struct bands *bands)
{
    struct buf out = {0};
    struct err err = {0};
    assert_int_equal(report_markdown(&analysis->frontier, &analysis->diagnosis, NULL, &out, &err),
                     RC_OK);
    char words[64];
    const char *at = strstr(buf_str(&out), "### From round to round\n\nDESCRIPTIVE: ");
    assert_non_null(at);
    snprintf(words, sizeof(words), "in at least %zu rounds;", bands->curves[BAND_HALF].level);
    assert_non_null(strstr(at, words));
    at = strstr(at, "\n|---:|---:|---|---:|---:|\n");
    assert_non_null(at);
    at = strchr(at + 1, '\n') + 1;
    for (size_t i = 0; i < bands->curves[BAND_HALF].count; i++) {
        double x, y;
        assert_int_equal(sscanf(at, "| %lf %% | %lf %% | ", &y, &x), 2);
        assert_true(fabs(x - bands->curves[BAND_HALF].corners[i].x) <= 0.051);
        assert_true(fabs(y - bands->curves[BAND_HALF].corners[i].y) <= 0.051);
        at = strchr(at, '\n') + 1;
    }
    assert_int_equal(*at, '\n');
    buf_release(&out);
}

static void check_study(const struct made *made, const struct analysis *analysis,
                        struct oracle *oracle)
{
    struct bands bands;
    struct buf csv = {0}, gp = {0};
    struct err err = {0};
    char why[160] = "";
    size_t rounds = made->record.manifest.rounds;
    find_oracle(made, oracle);
    assert_int_equal(bands_build(&bands, &analysis->frontier, &err), RC_OK);
    assert_int_equal(bands.rounds, rounds);
    assert_int_equal(bands.start[rounds], oracle->start[rounds]);
    struct plot_draft draft = {text_to(&csv, &err), text_to(&gp, &err), why};
    assert_int_equal(plot_attainment_draft(&analysis->frontier, &draft), RC_OK);
    assert_string_equal(why, "");
    assert_non_null(strstr(buf_str(&csv), "\"DESCRIPTIVE: the frontier over "));
    for (enum band band = 0; band < BAND_COUNT; band++)
        check_level(buf_str(&csv), band, rounds, oracle);
    check_dots(buf_str(&csv), oracle, rounds);
    check_counts(&bands, oracle, rounds);
    check_report(analysis, &bands);
    buf_release(&gp);
    buf_release(&csv);
    bands_release(&bands);
}

static void figure_and_report_match_the_record(void **unused)
{
    (void)unused;
    static const uint32_t rounds[] = {2, 3, 20, ROUNDS_MAX};
    struct oracle *oracle = calloc(1, sizeof(*oracle));
    assert_non_null(oracle);
    for (size_t i = 0; i < COUNT_OF(rounds); i++) {
        struct made made;
        struct analysis analysis;
        struct err err = {0};
        made_study(&made, &(struct made_options){.rounds = rounds[i], .more_arms = 3});
        assert_int_equal(analysis_build(&analysis, &made.record, NULL, &err), RC_OK);
        check_study(&made, &analysis, oracle);
        analysis_release(&analysis);
        made_release(&made);
    }
    free(oracle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_rounds_by_hand),
        cmocka_unit_test(an_arm_that_left_is_in_its_rounds),
        cmocka_unit_test(what_cannot_be_shown_says_why),
        cmocka_unit_test(more_must_not_be_better),
        cmocka_unit_test(figure_and_report_match_the_record),
    };
    return cmocka_run_group_tests_name("bands", tests, NULL, NULL);
}
