/* t_record_series: points of a series and phases that were left out, written, read and damaged. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support_fixture.h"

enum { POINTS = 3, INGEST = 1, AFTER_INGEST = 2 };

static const struct series_point points[POINTS] = {
    {0, 96, 96, 5000, 4000, 5000, 8192, NAN},
    {10, 106, 100, 6000, 4000, 5500, 12288, 1500.25},
    {10, 206, 100, 9007199254740991, 4000, 5500, 12288, 0},
};

static void run_with_series(struct sample run[FIXTURE_LINES], uint32_t number,
                            struct series_point items[POINTS])
{
    fixture_run(run, number);
    memcpy(items, points, sizeof(points));
    run[INGEST].series = (struct series){items, POINTS};
}

static void expect_points(const struct series *series)
{
    assert_int_equal(series->count, POINTS);
    for (size_t i = 0; i < POINTS; i++) {
        const struct series_point *a = &series->items[i], *b = &points[i];
        assert_int_equal(a->ops, b->ops);
        assert_int_equal(a->versions, b->versions);
        assert_int_equal(a->held, b->held);
        assert_int_equal(a->written_bytes, b->written_bytes);
        assert_int_equal(a->live_bytes, b->live_bytes);
        assert_int_equal(a->history_bytes, b->history_bytes);
        assert_int_equal(a->total_bytes, b->total_bytes);
        assert_true(isnan(b->read_p50_ns) ? isnan(a->read_p50_ns)
                                          : a->read_p50_ns == b->read_p50_ns);
    }
}

static void test_round_trip(void **state)
{
    struct buf dir = {0};
    struct sample run[FIXTURE_LINES];
    struct series_point items[POINTS];
    struct record record;
    fixture_make(&dir, *state, 0);
    run_with_series(run, 0, items);
    fixture_append(buf_str(&dir), run);
    fixture_load(&record, buf_str(&dir));
    expect_points(&record.samples[INGEST].series);
    assert_int_equal(record.samples[AFTER_INGEST].series.count, 0);
    assert_int_equal(record.samples[3].series.count, 0);
    assert_int_equal(record.warnings, 0);
    record_release(&record);
    buf_release(&dir);
}

static const struct fixture_edit edits[] = {
    {"\"series\":[{", "\"series\":{\"a\":[{", RC_USAGE, {"samples.jsonl:2"}},
    {"\"ops\":0,\"versions\":96",
     "\"ops\":11,\"versions\":96",
     RC_USAGE,
     {"samples.jsonl:2", "\"series\" has a point that is before the one it follows"}},
    {"\"versions\":206", "\"versions\":105", RC_USAGE, {"\"series\" has a point that is before"}},
    {"\"written_bytes\":6000",
     "\"written_bytes\":4999",
     RC_USAGE,
     {"\"series\" has a point that is before"}},
    {"\"held\":96", "\"held\":97", RC_USAGE, {"\"series\" has a point that holds more"}},
    {"\"live_bytes\":4000",
     "\"live_bytes\":5001",
     RC_USAGE,
     {"\"series\" has a point that holds more than was written"}},
    {"\"history_bytes\":5500",
     "\"history_bytes\":6001",
     RC_USAGE,
     {"\"series\" has a point that holds more than was written"}},
    {"\"ops\":10,\"versions\":206",
     "\"ops\":2001,\"versions\":206",
     RC_USAGE,
     {"\"series\" has a point after the last operation"}},
    {"\"total_bytes\":8192", "\"total_bytes\":-1", RC_USAGE, {"samples.jsonl:2"}},
    {"\"total_bytes\":8192", "\"total_bytes\":1.5", RC_USAGE, {"samples.jsonl:2"}},
    {"\"total_bytes\":8192", "\"total_bytes\":9007199254740993", RC_USAGE, {"samples.jsonl:2"}},
    {"1500.25", "-1", RC_USAGE, {"\"series[1].read_p50_ns\" is negative"}},
    {"1500.25", "\"fast\"", RC_USAGE, {"samples.jsonl:2", "expected a number"}},
    {"1500.25", "1e999", RC_USAGE, {"samples.jsonl:2"}},
    {"\"ops\":0,\"versions\":96",
     "\"ops\":0,\"ops\":0,\"versions\":96",
     RC_USAGE,
     {"samples.jsonl:2"}},
};

static void test_damage(void **state)
{
    struct buf dir = {0};
    struct sample run[FIXTURE_LINES];
    struct series_point items[POINTS];
    fixture_make(&dir, *state, 0);
    run_with_series(run, 0, items);
    fixture_append(buf_str(&dir), run);
    fixture_check_edits(buf_str(&dir), "samples.jsonl", edits, COUNT_OF(edits));
    /* The last member of its object. */
    static const struct fixture_edit cut = {
        ",\"total_bytes\":8192}", "}", RC_USAGE, {"missing", "total_bytes"}};
    fixture_check_edits(buf_str(&dir), "samples.jsonl", &cut, 1);
    buf_release(&dir);
}

/* What could not be read back is not written. */
static void test_not_written(void **state)
{
    struct buf dir = {0};
    struct sample run[FIXTURE_LINES];
    struct series_point items[POINTS];
    struct err err = {0};
    fixture_make(&dir, *state, 0);
    run_with_series(run, 0, items);
    items[1].held = items[1].versions + 1;
    assert_int_equal(record_append(buf_str(&dir), &fixture_manifest, run, FIXTURE_LINES, &err),
                     RC_INVALID);
    assert_non_null(strstr(err.msg, "\"series\" has a point that holds more than was written"));
    err_clear(&err);
    struct series_point *many = calloc(RECORD_SERIES_MAX + 1, sizeof(*many));
    assert_non_null(many);
    run[INGEST].series = (struct series){many, RECORD_SERIES_MAX + 1};
    assert_int_equal(record_append(buf_str(&dir), &fixture_manifest, run, FIXTURE_LINES, &err),
                     RC_INVALID);
    assert_non_null(strstr(err.msg, "more than 1000 points"));
    free(many);
    buf_release(&dir);
}

/* ---- left out -------------------------------------------------------------------------------- */

static void leave_out(struct sample *sample)
{
    for (size_t m = 0; m < METRIC_COUNT; m++)
        sample->value[m] = NAN;
    sample->unsupported = "delete";
}

static void test_unsupported(void **state)
{
    struct buf dir = {0};
    struct sample run[FIXTURE_LINES];
    struct err err = {0};
    struct record record;
    fixture_make(&dir, *state, 0);
    fixture_run(run, 0);
    run[INGEST].unsupported = "delete";
    assert_int_equal(record_append(buf_str(&dir), &fixture_manifest, run, FIXTURE_LINES, &err),
                     RC_INVALID);
    assert_non_null(strstr(err.msg, "is measured although the phase is unsupported"));
    leave_out(&run[INGEST]);
    leave_out(&run[AFTER_INGEST]);
    fixture_append(buf_str(&dir), run);
    fixture_load(&record, buf_str(&dir));
    assert_string_equal(record.samples[INGEST].unsupported, "delete");
    assert_string_equal(record.samples[AFTER_INGEST].unsupported, "delete");
    assert_string_equal(record.samples[3].unsupported, "");
    record_release(&record);
    static const struct fixture_edit wrong[] = {
        {"\"unsupported\":\"delete\"", "\"unsupported\":\"\"", RC_USAGE, {"must not be empty"}},
        {"\"unsupported\":\"delete\"", "\"unsupported\":1", RC_USAGE, {"expected a string"}},
    };
    fixture_check_edits(buf_str(&dir), "samples.jsonl", wrong, COUNT_OF(wrong));
    buf_release(&dir);
}

/* Runs of one arm must agree; who left out phases read less than the others, and may. */
static void test_verify(void **state)
{
    struct buf dir = {0};
    struct record record;
    struct err err = {0};
    fixture_make(&dir, *state, FIXTURE_RUNS);
    fixture_load(&record, buf_str(&dir));
    assert_int_equal(record_verify(&record, &err), RC_OK);
    struct sample *all = record.samples;
    struct series_point items[FIXTURE_RUNS][POINTS];
    for (size_t run = 0; run < FIXTURE_RUNS; run++) {
        memcpy(items[run], points, sizeof(points));
        all[run * FIXTURE_LINES + INGEST].series = (struct series){items[run], POINTS};
    }
    assert_int_equal(record_verify(&record, &err), RC_OK);
    items[FIXTURE_RUNS - 1][1].total_bytes++;
    assert_int_equal(record_verify(&record, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "the series of run"));
    err_clear(&err);
    items[FIXTURE_RUNS - 1][1].total_bytes--;
    items[FIXTURE_RUNS - 1][1].read_p50_ns++; /* a timing */
    assert_int_equal(record_verify(&record, &err), RC_OK);

    uint32_t arm = all[FIXTURE_LINES].arm == 1 ? 1 : 0;
    for (size_t i = 0; i < record.sample_count; i++)
        if (all[i].arm == arm && all[i].kind == SAMPLE_RUN)
            all[i].verification = "aaaa";
    assert_int_equal(record_verify(&record, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "read other bytes"));
    err_clear(&err);
    for (size_t i = 0; i < record.sample_count; i++)
        if (all[i].arm == arm && i % FIXTURE_LINES == 3)
            leave_out(&all[i]);
    assert_int_equal(record_verify(&record, &err), RC_OK);
    /* But its own runs still have to agree. */
    for (size_t i = record.sample_count; i-- > 0;)
        if (all[i].arm == arm && all[i].kind == SAMPLE_RUN) {
            all[i].verification = "bbbb";
            break;
        }
    assert_int_equal(record_verify(&record, &err), RC_INVALID);
    record_release(&record);
    buf_release(&dir);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_round_trip),  FOLDER_TEST(test_damage), FOLDER_TEST(test_not_written),
        FOLDER_TEST(test_unsupported), FOLDER_TEST(test_verify),
    };
    return cmocka_run_group_tests_name("t_record_series", tests, NULL, NULL);
}
