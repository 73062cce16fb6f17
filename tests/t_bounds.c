/* bounds.json: what comes back, what a record gets from it, and that no damage passes. */
#include "results/bounds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support_fixture.h"

#define OK(call)                                                  \
    do {                                                          \
        enum rc ok_ = (call);                                     \
        if (ok_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(ok_), err.msg); \
    } while (0)

static struct bound snapshots[] = {
    {"after_ingest", 4000, 7, {3000, 2900, 2500, 2600}},
};
static struct bound phases[] = {
    {"ingest_binary_cold", 4000, 7, {3000, BOUND_UNKNOWN, 2500, BOUND_UNKNOWN}},
};

static struct bounds sample(void)
{
    return (struct bounds){
        .dataset_hash = fixture_manifest.dataset_hash,
        .effort = 1,
        .tried_bytes = 512,
        .compressible_bytes = 2048,
        .packed_level = 12,
        .zstd = "1.5.4",
        .brotli = "1.0.9",
        .snapshots = snapshots,
        .snapshot_count = COUNT_OF(snapshots),
        .phases = phases,
        .phase_count = COUNT_OF(phases),
    };
}

/* A study whose bounds those are; its folder. */
static const char *study_with(struct buf *dir, const char *parent, const struct bounds *bounds)
{
    struct err err = {0};
    const char *folder = fixture_make(dir, parent, 2);
    OK(bounds_write(bounds, folder, &err));
    return folder;
}

static void least_is_the_bound(void **unused)
{
    enum bound_kind by;
    (void)unused;
    assert_int_equal(bound_least(&snapshots[0], &by), 2500);
    assert_int_equal(by, BOUND_CODEC);
    struct bound first = {"x", 5, 1, {5, BOUND_UNKNOWN, 5, 5}};
    assert_int_equal(bound_least(&first, &by), 5);
    assert_int_equal(by, BOUND_WHOLE);
    struct bound nothing = {.name = "x"};
    assert_int_equal(bound_least(&nothing, NULL), 0);
    assert_string_equal(bound_kind_name(BOUND_NOVEL), "novel");
}

static void comes_back_as_it_was_written(void **state)
{
    struct bounds out = sample(), back;
    struct err err = {0};
    struct buf dir = {0}, text[2] = {{0}};
    char said[BOUNDS_SAID_SIZE];
    const char *folder = study_with(&dir, *state, &out);
    OK(bounds_read(&back, folder, &fixture_manifest, &err));
    OK(bounds_print(&out, &text[0], &err));
    OK(bounds_print(&back, &text[1], &err));
    assert_true(span_equal(buf_span(&text[0]), buf_span(&text[1])));
    assert_true(bounds_phase(&back, "ingest_binary_cold")->kind[BOUND_NOVEL] == BOUND_UNKNOWN);
    assert_int_equal(bounds_snapshot(&back, "after_ingest")->kind[BOUND_NOVEL], 2900);
    assert_null(bounds_snapshot(&back, "after_update"));
    assert_true(bounds_estimated(&back));
    assert_string_equal(bounds_said(said, &back), "codec: estimated from 512 B of 2.00 KiB");
    bounds_release(&back);
    buf_release(&text[0]);
    buf_release(&text[1]);
    buf_release(&dir);
}

static void a_record_has_the_distances(void **state)
{
    struct bounds out = sample();
    struct record record;
    struct buf dir = {0};
    size_t seen = 0;
    fixture_load(&record, fixture_make(&dir, *state, 2));
    assert_null(record.bounds);
    for (size_t i = 0; i < record.sample_count; i++)
        assert_true(isnan(record.samples[i].value[M_BOUND_AMP]));
    char folder[512];
    struct err err = {0};
    (void)snprintf(folder, sizeof(folder), "%s", record.dir);
    record_release(&record);
    OK(bounds_write(&out, folder, &err));
    fixture_load(&record, folder);
    assert_non_null(record.bounds);
    for (size_t i = 0; i < record.sample_count; i++) {
        const struct sample *at = &record.samples[i];
        if (at->kind == SAMPLE_SNAPSHOT && strcmp(at->name, "after_ingest") == 0) {
            assert_true(at->value[M_BOUND_AMP] == at->value[M_TOTAL_BYTES] / 2500);
            seen++;
        } else {
            assert_true(isnan(at->value[M_BOUND_AMP]));
        }
    }
    assert_int_equal(seen, 2);
    record_release(&record);
    buf_release(&dir);
}

/* A file that says something else is refused, by its own content or by its checksum; one that says
 * the same in other white space is not. */
static void no_damage_passes(void **state)
{
    struct bounds out = sample(), back;
    struct err err = {0};
    struct buf dir = {0}, whole = {0}, print = {0};
    const char *folder = study_with(&dir, *state, &out);
    OK(bounds_print(&out, &print, &err));
    fixture_read(folder, BOUNDS_NAME, &whole);
    unsigned same = 0;
    for (size_t i = 0; i < whole.len; i++) {
        uint8_t was = whole.ptr[i];
        whole.ptr[i] ^= i % 3 == 0 ? 0x01 : i % 3 == 1 ? 0x20 : 0x80;
        fixture_write(folder, BOUNDS_NAME, whole.ptr, whole.len);
        enum rc rc = bounds_read(&back, folder, &fixture_manifest, &err);
        if (rc == RC_OK) {
            struct buf again = {0};
            OK(bounds_print(&back, &again, &err));
            assert_true(span_equal(buf_span(&again), buf_span(&print)));
            buf_release(&again);
            bounds_release(&back);
            same++;
        } else {
            assert_true(rc == RC_USAGE || rc == RC_MISMATCH);
            assert_non_null(strstr(err.msg, BOUNDS_NAME));
            assert_non_null(strstr(err.hint, "blobfront bounds"));
        }
        err_clear(&err);
        whole.ptr[i] = was;
    }
    assert_true(same < whole.len / 20);
    for (size_t len = 0; len + 1 < whole.len; len++) {
        fixture_write(folder, BOUNDS_NAME, whole.ptr, len);
        assert_int_equal(bounds_read(&back, folder, &fixture_manifest, &err), RC_USAGE);
        err_clear(&err);
    }
    buf_release(&print);
    buf_release(&whole);
    buf_release(&dir);
}

static void edits_are_named(void **state)
{
    static const struct fixture_edit edits[] = {
        {"blobfront/bounds/1", "blobfront/bounds/9", RC_MISMATCH, {"bounds.json", "schema"}},
        {"\"whole_bytes\": 3000", "\"whole_bytes\": 4001", RC_USAGE, {"whole_bytes", "logical"}},
        {"\"codec_bytes\": 2500", "\"codec_bytes\": 3001", RC_USAGE, {"codec_bytes", "whole"}},
        {"\"novel_bytes\": 2900", "\"novel_bytes\": 9999", RC_USAGE, {"novel_bytes", "logical"}},
        {"\"codec_bytes\": 2500", "\"codec_bytes\": -1", RC_USAGE, {"codec_bytes"}},
        {"\"bound_bytes\": 2500", "\"bound_bytes\": 2501", RC_USAGE, {"bound_bytes", "least"}},
        {"\"bound\": \"codec\"", "\"bound\": \"whole\"", RC_USAGE, {"bound", "least"}},
        {"\"packed_bytes\": 2600", "\"packed_bytes\": 2601", RC_USAGE, {"checksum"}},
        {"\"packed_bytes\": 2600", "\"packet_bytes\": 2600", RC_USAGE, {"packet_bytes"}},
        {"\"tried_bytes\": 512", "\"tried_bytes\": 4096", RC_USAGE, {"tried_bytes", "compress"}},
        {"\"effort\": 1", "\"effort\": \"1\"", RC_USAGE, {"effort"}},
        {"after_ingest", "after_lunch", RC_USAGE, {"checksum"}},
    };
    struct bounds out = sample();
    struct buf dir = {0};
    const char *folder = study_with(&dir, *state, &out);
    fixture_check_edits(folder, BOUNDS_NAME, edits, COUNT_OF(edits));
    buf_release(&dir);
}

static void bounds_of_something_else_are_refused(void **state)
{
    struct bounds out = sample(), back;
    struct bound others[] = {{"after_lunch", 1, 1, {1, 1, 1, 1}}};
    struct err err = {0};
    struct buf dir = {0};
    out.dataset_hash = "00112233445566778899aabbccddeeff";
    const char *folder = study_with(&dir, *state, &out);
    assert_int_equal(bounds_read(&back, folder, &fixture_manifest, &err), RC_MISMATCH);
    assert_non_null(strstr(err.msg, "00112233"));
    err_clear(&err);
    for (int phase = 0; phase < 2; phase++) {
        out = sample();
        if (phase)
            out.phases = others;
        else
            out.snapshots = others;
        OK(bounds_write(&out, folder, &err));
        assert_int_equal(bounds_read(&back, folder, &fixture_manifest, &err), RC_MISMATCH);
        assert_non_null(strstr(err.msg, "after_lunch"));
        err_clear(&err);
    }
    buf_release(&dir);
}

static void none_is_an_answer(void **state)
{
    struct bounds back;
    struct err err = {0};
    assert_int_equal(bounds_read(&back, *state, &fixture_manifest, &err), RC_NOTFOUND);
    assert_int_equal(bounds_read(&back, "/nowhere/at/all", &fixture_manifest, &err), RC_NOTFOUND);
    assert_string_equal(err.msg, "");
    struct buf path = {0};
    (void)fixture_join(&path, *state, BOUNDS_NAME);
    assert_int_equal(symlink("/dev/zero", buf_str(&path)), 0);
    assert_int_equal(bounds_read(&back, *state, &fixture_manifest, &err), RC_USAGE);
    buf_release(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_is_the_bound),
        cmocka_unit_test_setup_teardown(comes_back_as_it_was_written, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_record_has_the_distances, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(no_damage_passes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(edits_are_named, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(bounds_of_something_else_are_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(none_is_an_answer, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
