/* The record of a study: what is written is read back equal, a write without room changes nothing,
 * and record_verify finds every inconsistency. */
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support_fixture.h"

/* ---- equality -------------------------------------------------------------------------------- */

static void assert_facts_equal(const struct facts *a, const struct facts *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->items[i].name, b->items[i].name);
        assert_string_equal(a->items[i].value, b->items[i].value);
    }
}

static void assert_shares_equal(const struct record_shares *a, const struct record_shares *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->items[i].name, b->items[i].name);
        assert_int_equal(a->items[i].blobs, b->items[i].blobs);
        assert_int_equal(a->items[i].logical_bytes, b->items[i].logical_bytes);
        assert_int_equal(a->items[i].stored_bytes, b->items[i].stored_bytes);
    }
}

static void assert_samples_equal(const struct sample *a, const struct sample *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->run, b->run);
    assert_int_equal(a->round, b->round);
    assert_int_equal(a->slot, b->slot);
    assert_int_equal(a->arm, b->arm);
    assert_string_equal(a->name, b->name);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        assert_true(a->value[i] == b->value[i] || (isnan(a->value[i]) && isnan(b->value[i])));
    assert_int_equal(a->env_padding, b->env_padding);
    assert_int_equal(a->link_order, b->link_order);
    assert_int_equal(a->valid, b->valid);
    assert_string_equal(a->reason, b->reason);
    assert_string_equal(a->verification, b->verification);
    assert_string_equal(a->dataset_hash, b->dataset_hash);
    assert_facts_equal(&a->pragmas, &b->pragmas);
    assert_shares_equal(&a->by_extension, &b->by_extension);
    assert_shares_equal(&a->by_handler, &b->by_handler);
    assert_int_equal(a->probes.count, b->probes.count);
    for (size_t i = 0; i < a->probes.count; i++) {
        const struct record_probe *x = &a->probes.items[i], *y = &b->probes.items[i];
        assert_string_equal(x->name, y->name);
        assert_string_equal(x->expected, y->expected);
        assert_string_equal(x->because, y->because);
        assert_int_equal(x->value, y->value);
        assert_int_equal(x->ok, y->ok);
    }
}

static void assert_arms_equal(const struct record_manifest *a, const struct record_manifest *b)
{
    assert_int_equal(a->arm_count, b->arm_count);
    for (size_t i = 0; i < a->arm_count; i++) {
        const struct record_arm *x = &a->arms[i], *y = &b->arms[i];
        assert_string_equal(x->label, y->label);
        assert_string_equal(x->spec, y->spec);
        assert_string_equal(x->options, y->options);
        assert_string_equal(x->summary, y->summary);
        assert_string_equal(x->caps, y->caps);
        assert_true(x->sql == y->sql && x->volatile_floor == y->volatile_floor);
        assert_true(x->control == y->control && x->control_again == y->control_again);
        assert_int_equal(x->build, y->build);
    }
    assert_int_equal(a->phase_count, b->phase_count);
    for (size_t i = 0; i < a->phase_count; i++) {
        const struct record_phase *x = &a->phases[i], *y = &b->phases[i];
        assert_string_equal(x->name, y->name);
        assert_string_equal(x->workload, y->workload);
        assert_string_equal(x->snapshot, y->snapshot);
        assert_string_equal(x->options, y->options);
        assert_int_equal(x->reads_only, y->reads_only);
    }
}

static void assert_protocols_equal(const struct record_protocol *a, const struct record_protocol *b)
{
    assert_int_equal(a->stopping, b->stopping);
    assert_int_equal(a->look_count, b->look_count);
    for (size_t i = 0; i < a->look_count; i++)
        assert_int_equal(a->looks[i], b->looks[i]);
    assert_true(a->alpha == b->alpha && a->margin_p50 == b->margin_p50);
    assert_true(a->margin_p95 == b->margin_p95 && a->margin_rate == b->margin_rate);
    assert_true(a->margin_cpu == b->margin_cpu && a->margin_exact == b->margin_exact);
    assert_true(a->racing == b->racing && a->env_padding == b->env_padding);
    assert_true(a->open_loop_per_s == b->open_loop_per_s && a->warmup_min == b->warmup_min);
    assert_true(a->warmup_share == b->warmup_share);
}

static void assert_builds_equal(const struct record_manifest *a, const struct record_manifest *b)
{
    assert_int_equal(a->build_count, b->build_count);
    for (size_t i = 0; i < a->build_count; i++) {
        assert_string_equal(a->builds[i].label, b->builds[i].label);
        assert_string_equal(a->builds[i].revision, b->builds[i].revision);
        assert_string_equal(a->builds[i].hash, b->builds[i].hash);
        assert_string_equal(a->builds[i].programs, b->builds[i].programs);
    }
}

static void assert_manifests_equal(const struct record_manifest *a, const struct record_manifest *b)
{
    const char *const texts[][2] = {
        {a->id, b->id},
        {a->tool_version, b->tool_version},
        {a->tool_hash, b->tool_hash},
        {a->created, b->created},
        {a->plan_name, b->plan_name},
        {a->dataset_spec, b->dataset_spec},
        {a->dataset_name, b->dataset_name},
        {a->dataset_options, b->dataset_options},
        {a->dataset_hash, b->dataset_hash},
        {a->dataset_warning, b->dataset_warning},
        {a->durability, b->durability},
        {a->retention, b->retention},
        {a->keep, b->keep},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_string_equal(texts[i][0], texts[i][1]);
    assert_true(a->dataset_files == b->dataset_files && a->dataset_bytes == b->dataset_bytes);
    assert_true(a->seed == b->seed && a->rounds == b->rounds && a->budget_ns == b->budget_ns);
    assert_true(a->batch == b->batch && a->clock_read_ns == b->clock_read_ns);
    assert_true(a->clock_tick_ns == b->clock_tick_ns && a->anywhere == b->anywhere);
    assert_true(a->guardrail == b->guardrail);
    assert_protocols_equal(&a->protocol, &b->protocol);
    assert_builds_equal(a, b);
    assert_arms_equal(a, b);
    assert_facts_equal(&a->host, &b->host);
    assert_facts_equal(&a->libraries, &b->libraries);
    assert_facts_equal(&a->sqlite_options, &b->sqlite_options);
}

/* ---- whole records --------------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
    struct buf dir = {0}, parent = {0};
    struct record record;
    struct err err = {0};
    /* Missing folders above are made. */
    fixture_make(&dir, fixture_join(&parent, *state, "results/runs"), FIXTURE_RUNS);
    fixture_load(&record, buf_str(&dir));
    assert_string_equal(record.dir, buf_str(&dir));
    assert_manifests_equal(&record.manifest, &fixture_manifest);
    assert_int_equal(record.run_count, FIXTURE_RUNS);
    assert_int_equal(record.sample_count, FIXTURE_RUNS * FIXTURE_LINES);
    assert_int_equal(record.warnings, 0);
    assert_string_equal(record.warning, "");
    for (uint32_t i = 0; i < FIXTURE_RUNS; i++) {
        struct sample run[FIXTURE_LINES];
        fixture_run(run, i);
        for (size_t j = 0; j < FIXTURE_LINES; j++) {
            assert_samples_equal(&record.samples[i * FIXTURE_LINES + j], &run[j]);
            assert_ptr_equal(record_find(&record, i, run[j].kind, run[j].name),
                             &record.samples[i * FIXTURE_LINES + j]);
        }
        assert_null(record_find(&record, i, SAMPLE_PHASE, "after_ingest"));
    }
    assert_null(record_find(&record, FIXTURE_RUNS, SAMPLE_RUN, ""));
    assert_int_equal(record_verify(&record, &err), RC_OK);
    record_release(&record);
    record_release(&record);
    buf_release(&dir);
    buf_release(&parent);
}

/* In open loop an operation may wait for longer than all of them take; in closed loop it cannot. */
static void test_open_loop(void **state)
{
    struct buf dir = {0};
    struct err err = {0};
    struct sample run[FIXTURE_LINES];
    struct record_manifest manifest = fixture_manifest;
    manifest.protocol.open_loop_per_s = 12.5;
    assert_int_equal(record_create(*state, &manifest, &dir, &err), RC_OK);
    fixture_run(run, 0);
    run[1].value[M_MAX_NS] = 1e9;
    assert_int_equal(record_append(buf_str(&dir), &manifest, run, FIXTURE_LINES, &err), RC_OK);
    manifest.protocol.open_loop_per_s = 0;
    fixture_run(run, 1);
    run[1].value[M_MAX_NS] = 1e9;
    assert_int_equal(record_append(buf_str(&dir), &manifest, run, FIXTURE_LINES, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "\"max_ns\" is above \"wall_ns\""));
    buf_release(&dir);
}

/* Every way to stop, and what a study starts from. */
static void test_protocols(void **state)
{
    struct record_manifest manifest = fixture_manifest;
    struct record_protocol *protocol = &manifest.protocol;
    struct err err = {0};
    record_protocol_default(protocol);
    assert_int_equal(protocol->stopping, STOPPING_FIXED);
    assert_int_equal(protocol->look_count, 0);
    assert_true(protocol->alpha == 0.05 && protocol->margin_p50 == 0.03);
    assert_true(protocol->margin_p95 == 0.05 && protocol->margin_exact == 0.01);
    assert_true(protocol->margin_rate == 0.03 && protocol->margin_cpu == 0.03);
    assert_true(!protocol->racing && protocol->env_padding && protocol->open_loop_per_s == 0);
    assert_true(protocol->warmup_min == 50 && protocol->warmup_share == 0.05);
    static const char *const ids[] = {"fixed", "looks", "until"};
    for (int i = STOPPING_FIXED; i <= STOPPING_UNTIL; i++) {
        struct buf dir = {0};
        struct record record;
        manifest.id = ids[i];
        protocol->stopping = (enum stopping)i;
        protocol->look_count = i == STOPPING_LOOKS ? RECORD_LOOKS_MAX : 0;
        for (uint32_t look = 0; look < RECORD_LOOKS_MAX; look++)
            protocol->looks[look] = 1000 - (RECORD_LOOKS_MAX - 1 - look) * 100;
        protocol->margin_exact = 0;
        assert_int_equal(record_create(*state, &manifest, &dir, &err), RC_OK);
        fixture_load(&record, buf_str(&dir));
        assert_manifests_equal(&record.manifest, &manifest);
        record_release(&record);
        buf_release(&dir);
    }
    /* A protocol nobody filled in is none. */
    struct buf dir = {0};
    manifest.id = "empty";
    *protocol = (struct record_protocol){0};
    assert_int_equal(record_create(*state, &manifest, &dir, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "\"protocol.alpha\" must be above 0"));
    err_clear(&err);
    record_protocol_default(protocol);
    protocol->margin_cpu = NAN;
    assert_int_equal(record_create(*state, &manifest, &dir, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "\"protocol.margins.cpu\" must be above 0"));
    buf_release(&dir);
}

static const struct fixture_edit build_edits[] = {
    {"\"label\": \"new\"", "\"label\": \"base\"", RC_USAGE, {"\"builds[1].label\" is given twice"}},
    {"\"label\": \"new\"", "\"label\": \"\"", RC_USAGE, {"\"builds[1].label\" must not be empty"}},
    {"\"programs\": \"a", "\"programs\": \"\", \"x\": \"", RC_USAGE, {"\"builds[0].programs\""}},
    {"\"spec\": \"chunked:avg=8k\"",
     "\"spec\": \"raw\"",
     RC_USAGE,
     {"\"arms[1].control\" is true for two arms"}},
    {"\"build\": 1", "\"build\": 2", RC_USAGE, {"\"arms[1].build\" is not below the number"}},
};

/* Two programs under test; the second has one link order, the first two. */
static void test_builds(void **state)
{
    struct buf dir = {0};
    struct err err = {0};
    struct record_build builds[] = {
        {"base", "HEAD~1", "00ff", "a/one\na/two\n"},
        {"new", "", "0100", "b/blobfront"},
    };
    struct record_arm arms[FIXTURE_ARMS];
    struct record_manifest manifest = fixture_manifest;
    memcpy(arms, fixture_manifest.arms, sizeof(arms));
    arms[1].build = 1;
    /* A control per strategy. */
    arms[1].control = true;
    arms[1].control_again = false;
    manifest.arms = arms;
    manifest.builds = builds;
    manifest.build_count = COUNT_OF(builds);
    assert_int_equal(record_create(*state, &manifest, &dir, &err), RC_OK);
    struct sample run[FIXTURE_LINES];
    fixture_run(run, 0);
    run[4].link_order = 1;
    assert_int_equal(record_append(buf_str(&dir), &manifest, run, FIXTURE_LINES, &err), RC_OK);
    fixture_run(run, 1);
    run[4].link_order = 1;
    assert_int_equal(record_append(buf_str(&dir), &manifest, run, FIXTURE_LINES, &err), RC_BUG);
    assert_non_null(strstr(err.msg, "link order"));
    struct record record;
    fixture_load(&record, buf_str(&dir));
    assert_manifests_equal(&record.manifest, &manifest);
    assert_int_equal(record.samples[4].link_order, 1);
    record_release(&record);
    fixture_check_edits(buf_str(&dir), "manifest.json", build_edits, COUNT_OF(build_edits));
    buf_release(&dir);
}

static void test_create_refuses(void **state)
{
    struct buf dir = {0}, again = {0};
    struct err err = {0};
    fixture_make(&dir, *state, 1);
    assert_int_equal(record_create(*state, &fixture_manifest, &again, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "exists already"));
    struct record record;
    fixture_load(&record, buf_str(&dir));
    assert_int_equal(record.run_count, 1);
    record_release(&record);
    static const char *const ids[] = {"", ".", "..", "a/b", "../x", "a\nb", ".hidden"};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct record_manifest bad = fixture_manifest;
        bad.id = ids[i];
        err_clear(&err);
        assert_int_equal(record_create(*state, &bad, &again, &err), RC_USAGE);
    }
    struct record_manifest bad = fixture_manifest;
    struct fact twice[] = {{"cpu", "a"}, {"cpu", "b"}};
    bad.id = "other";
    bad.host = (struct facts){twice, 2};
    err_clear(&err);
    assert_int_equal(record_create(*state, &bad, &again, &err), RC_BUG);
    /* A name that is not UTF-8 cannot be read back, so it is not written. */
    bad = fixture_manifest;
    bad.id = "other";
    bad.dataset_spec = "directory:/data/caf\xe9";
    err_clear(&err);
    assert_int_equal(record_create(*state, &bad, &again, &err), RC_USAGE);
    struct buf path = {0};
    assert_int_equal(access(fixture_join(&path, *state, "other"), F_OK), -1);
    buf_release(&path);
    buf_release(&dir);
    buf_release(&again);
}

/* The kernel and file names may say anything: they are kept, escaped. */
static void test_foreign_text(void **state)
{
    struct buf dir = {0};
    struct err err = {0};
    struct record_manifest foreign = fixture_manifest;
    struct fact odd[] = {{"mount", "/mnt/caf\xe9"}};
    struct record_share share[] = {{"x\xff", 4, 3100, 1}};
    foreign.host = (struct facts){odd, 1};
    assert_int_equal(record_create(*state, &foreign, &dir, &err), RC_OK);
    struct sample run[FIXTURE_LINES];
    fixture_run(run, 0);
    run[4].by_extension = (struct record_shares){share, 1};
    run[4].valid = false;
    run[4].reason = "read back \xff";
    fixture_append(buf_str(&dir), run);
    struct record record;
    fixture_load(&record, buf_str(&dir));
    assert_string_equal(record.manifest.host.items[0].value, "/mnt/caf\\xe9");
    assert_string_equal(record.samples[4].by_extension.items[0].name, "x\\xff");
    assert_string_equal(record.samples[4].reason, "read back \\xff");
    record_release(&record);
    buf_release(&dir);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void expect_append(const char *dir, const struct sample *run, size_t count, enum rc rc,
                          const char *part)
{
    struct err err = {0};
    assert_int_equal(record_append(dir, &fixture_manifest, run, count, &err), rc);
    if (strstr(err.msg, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, err.msg);
}

static void test_append_refuses(void **state)
{
    struct buf dir = {0}, text = {0};
    struct sample run[FIXTURE_LINES];
    fixture_make(&dir, *state, 0);
    const char *study = buf_str(&dir);
    fixture_run(run, 0);
    expect_append(study, run, FIXTURE_LINES - 1, RC_BUG, "must end with its run line");
    expect_append(study, run, 0, RC_BUG, "must end with its run line");
    run[1].value[M_P50_NS] = 9001;
    expect_append(study, run, FIXTURE_LINES, RC_INVALID, "\"p50_ns\" is above \"p95_ns\"");
    run[1].value[M_P50_NS] = INFINITY;
    expect_append(study, run, FIXTURE_LINES, RC_INVALID, "\"p50_ns\" is not finite");
    fixture_run(run, 0);
    run[1].value[M_OPS] = 200.5;
    expect_append(study, run, FIXTURE_LINES, RC_INVALID, "\"ops\" is a counter");
    fixture_run(run, 0);
    run[1].value[M_P99_NS] = NAN;
    run[1].value[M_OPS] = 399;
    expect_append(study, run, FIXTURE_LINES, RC_INVALID,
                  "\"p95_ns\" needs at least 400 operations");
    run[1].value[M_P95_NS] = NAN;
    run[1].value[M_OPS] = 99;
    expect_append(study, run, FIXTURE_LINES, RC_INVALID, "\"p95_64k_ns\" needs at least 100 opera");
    run[1].value[M_P95_64K_NS] = NAN;
    run[1].value[M_OPS] = 1;
    expect_append(study, run, FIXTURE_LINES, RC_INVALID, "\"p50_first_ns\" needs at least 2 opera");
    fixture_run(run, 0);
    run[1].name = "unknown";
    expect_append(study, run, FIXTURE_LINES, RC_BUG, "\"unknown\"");
    fixture_run(run, 0);
    run[2].run = 1;
    expect_append(study, run, FIXTURE_LINES, RC_BUG, "is of another run");
    fixture_run(run, 0);
    run[3].name = "ingest_binary_cold";
    expect_append(study, run, FIXTURE_LINES, RC_BUG, "is there twice");
    fixture_run(run, 0);
    run[4].valid = false;
    expect_append(study, run, FIXTURE_LINES, RC_INVALID, "\"reason\" is missing");
    /* What a reader would refuse for other reasons than its values. */
    fixture_run(run, 0);
    run[4].dataset_hash = "aa56";
    expect_append(study, run, FIXTURE_LINES, RC_INVALID, "is of other data: aa56, not aa55");
    fixture_run(run, 0);
    expect_append(study, run + 2, FIXTURE_LINES - 2, RC_BUG,
                  "run 0 counts as valid and has no phase \"ingest_binary_cold\"");
    run[2] = run[3];
    run[3] = run[4];
    expect_append(study, run, FIXTURE_LINES - 1, RC_BUG, "has no snapshot \"after_ingest\"");
    fixture_run(run, 0);
    for (size_t i = 0; i < FIXTURE_LINES; i++)
        run[i].run = FIXTURE_ARMS;
    expect_append(study, run, FIXTURE_LINES, RC_BUG, "run 2 is not that of slot 0 of round 0");
    fixture_read(study, "samples.jsonl", &text);
    assert_int_equal(text.len, 0);
    buf_release(&dir);
    buf_release(&text);
}

static void test_run_file(void **state)
{
    struct buf path = {0}, text = {0};
    struct arena arena = {0};
    struct err err = {0};
    struct sample run[FIXTURE_LINES], *samples = NULL;
    size_t count = 0;
    fixture_run(run, 3);
    fixture_join(&path, *state, "run.jsonl");
    const char *file = buf_str(&path);
    assert_int_equal(record_run_write(file, &fixture_manifest, run, FIXTURE_LINES, &err), RC_OK);
    assert_int_equal(record_run_read(file, &fixture_manifest, &arena, &samples, &count, &err),
                     RC_OK);
    assert_int_equal(count, FIXTURE_LINES);
    for (size_t i = 0; i < FIXTURE_LINES; i++)
        assert_samples_equal(&samples[i], &run[i]);
    fixture_read(*state, "run.jsonl", &text);
    for (size_t len = 0; len < text.len; len++) {
        fixture_write(*state, "run.jsonl", text.ptr, len);
        err_clear(&err);
        assert_int_equal(record_run_read(file, &fixture_manifest, &arena, &samples, &count, &err),
                         RC_USAGE);
        assert_non_null(strstr(err.msg, "run.jsonl:"));
        arena_reset(&arena);
    }
    /* Two runs are not one, and this file has one author: nothing in it is unknown. */
    err_clear(&err);
    assert_int_equal(buf_append(&text, buf_span(&text), &err), RC_OK);
    fixture_write(*state, "run.jsonl", text.ptr, text.len);
    assert_int_equal(record_run_read(file, &fixture_manifest, &arena, &samples, &count, &err),
                     RC_USAGE);
    arena_release(&arena);
    buf_release(&path);
    buf_release(&text);
}

static void test_write_file(void **state)
{
    struct buf text = {0}, path = {0};
    struct err err = {0};
    assert_int_equal(record_write_file(*state, "a.txt", span_of_str("one"), &err), RC_OK);
    assert_int_equal(record_write_file(*state, "a.txt", span_of_str("two"), &err), RC_OK);
    assert_int_equal(record_write_file(*state, "plots/b.svg", span_of_str(""), &err), RC_OK);
    fixture_read(*state, "a.txt", &text);
    assert_string_equal(buf_str(&text), "two");
    static const char *const names[] = {"", "/etc/x", "../x", "a/../../x", "a/", "./x", "a//b"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        err_clear(&err);
        assert_int_equal(record_write_file(*state, names[i], span_of_str("x"), &err), RC_USAGE);
    }
    err_clear(&err);
    const char *none = fixture_join(&path, *state, "none");
    assert_int_equal(record_write_file(none, "x", span_of_str("x"), &err), RC_IO);
    err_clear(&err);
    assert_int_equal(mkfifo(fixture_join(&path, *state, "fifo"), 0600), 0);
    assert_int_equal(record_write_file(*state, "fifo", span_of_str("x"), &err), RC_USAGE);
    struct stat info;
    assert_int_equal(stat(buf_str(&path), &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    buf_release(&text);
    buf_release(&path);
}

static int count_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)ftw;
    return type == FTW_F && strstr(path, ".tmp") != NULL;
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Without room, each write fails as a whole: earlier content stays and no temporary file does. */
static void test_disk_full(void **state)
{
    struct buf dir = {0}, before = {0}, after = {0}, path = {0}, again = {0};
    struct err err = {0};
    struct sample run[FIXTURE_LINES];
    static uint8_t big[8192];
    struct latency items[600] = {{0}};
    fixture_make(&dir, *state, 1);
    const char *study = buf_str(&dir);
    assert_int_equal(record_write_file(study, "summary.json", span_of_str("old"), &err), RC_OK);
    fixture_read(study, "samples.jsonl", &before);
    fixture_run(run, 1);
    struct rlimit saved;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    signal(SIGXFSZ, SIG_IGN);

    /* Room for nothing, for one byte, for all but one byte of the appended lines. */
    const rlim_t room[] = {0, 1, 500, (rlim_t)before.len - 1};
    for (size_t i = 0; i < COUNT_OF(room); i++) {
        err_clear(&err);
        limit_file_size(before.len + room[i]);
        enum rc rc = record_append(study, &fixture_manifest, run, FIXTURE_LINES, &err);
        limit_file_size(saved.rlim_max);
        assert_int_equal(rc, RC_FULL);
        assert_non_null(strstr(err.msg, "samples.jsonl"));
        fixture_read(study, "samples.jsonl", &after);
        assert_true(span_equal(buf_span(&before), buf_span(&after)));
    }
    err_clear(&err);
    limit_file_size(1000);
    enum rc file_rc = record_write_file(study, "summary.json", span_of(big, sizeof(big)), &err);
    struct err other = {0}, third = {0};
    fixture_join(&path, study, "raw/x.lat");
    enum rc lat_rc = latencies_write(buf_str(&path), items, COUNT_OF(items), &other);
    struct record_manifest second = fixture_manifest;
    second.id = "second";
    enum rc create_rc = record_create(*state, &second, &again, &third);
    limit_file_size(saved.rlim_max);
    assert_int_equal(file_rc, RC_FULL);
    assert_int_equal(lat_rc, RC_FULL);
    assert_int_equal(create_rc, RC_FULL);
    fixture_read(study, "summary.json", &after);
    assert_string_equal(buf_str(&after), "old");
    assert_int_equal(access(fixture_join(&path, study, "raw/x.lat"), F_OK), -1);
    assert_int_equal(access(fixture_join(&path, *state, "second"), F_OK), -1);
    assert_int_equal(nftw(*state, count_entry, 8, FTW_PHYS), 0);
    fixture_append(study, run);
    struct record record;
    fixture_load(&record, study);
    assert_int_equal(record.run_count, 2);
    assert_int_equal(record.warnings, 0);
    record_release(&record);
    signal(SIGXFSZ, SIG_DFL);
    buf_release(&dir);
    buf_release(&before);
    buf_release(&after);
    buf_release(&path);
    buf_release(&again);
}

/* ---- verification ---------------------------------------------------------------------------- */

/* A loaded record of FIXTURE_RUNS runs to spoil. */
static void load_study(struct record *record, const char *parent)
{
    struct buf dir = {0};
    fixture_make(&dir, parent, FIXTURE_RUNS);
    fixture_load(record, buf_str(&dir));
    buf_release(&dir);
}

static void expect_violation(const struct record *record, const char *part)
{
    struct err err = {0};
    enum rc rc = record_verify(record, &err);
    if (rc != RC_INVALID || strstr(err.msg, part) == NULL)
        fail_msg("expected \"%s\", got %s: %s", part, rc_name(rc), err.msg);
}

static struct sample *line(struct record *record, uint32_t run, size_t index)
{
    return &record->samples[run * FIXTURE_LINES + index];
}

static void test_verify_rounds(void **state)
{
    struct record record;
    struct err err = {0};
    load_study(&record, *state);
    assert_int_equal(record_verify(&record, &err), RC_OK);

    /* Files name the line. */
    line(&record, 3, 4)->env_padding--;
    expect_violation(&record, "samples.jsonl:20: runs 2 and 3 of round 1 had other environments");
    line(&record, 3, 4)->env_padding++;

    /* The last run is missing: its round lacks an arm, and the hint says how to go on. */
    record.sample_count -= FIXTURE_LINES;
    record.run_count--;
    expect_violation(&record, "round 1 has no run of arm \"raw\"");
    assert_int_equal(record_verify(&record, &err), RC_INVALID);
    assert_non_null(strstr(err.hint, "resume"));
    record.sample_count += FIXTURE_LINES;
    record.run_count++;

    /* An empty record is consistent. */
    struct record empty = record;
    empty.sample_count = 0;
    empty.run_count = 0;
    err_clear(&err);
    assert_int_equal(record_verify(&empty, &err), RC_OK);

    for (size_t i = 0; i < FIXTURE_LINES; i++)
        line(&record, 3, i)->round = 0;
    expect_violation(&record, "round 0 has arm \"raw\" twice: runs 0 and 3");
    for (size_t i = 0; i < FIXTURE_LINES; i++)
        line(&record, 3, i)->round = 1;

    line(&record, 3, 4)->slot = 0;
    expect_violation(&record, "round 1 has two runs in slot 0");
    line(&record, 3, 4)->slot = 1;

    for (size_t i = 0; i < FIXTURE_LINES; i++)
        line(&record, 3, i)->run = 2;
    expect_violation(&record, "run 2 is recorded twice");
    for (size_t i = 0; i < FIXTURE_LINES; i++)
        line(&record, 3, i)->run = 3;

    line(&record, 3, 4)->env_padding--;
    expect_violation(&record,
                     "runs 2 and 3 of round 1 had other environments: 4095 and 4094 bytes");
    line(&record, 3, 4)->env_padding++;

    line(&record, 3, 4)->round = 4000000000;
    expect_violation(&record, "run 3 is of round 4000000000");
    line(&record, 3, 4)->round = 1;
    record.run_count = 3;
    expect_violation(&record, "the record says 3 runs and holds 4");
    record_release(&record);
}

static void test_verify_runs(void **state)
{
    struct record record;
    struct err err = {0};
    load_study(&record, *state);

    struct sample *total = line(&record, 3, 2), *end = line(&record, 2, 4);
    total->value[M_TOTAL_BYTES]++;
    expect_violation(&record, "arm \"raw\", after_ingest: counter \"total_bytes\" is 8192 in run 0 "
                              "and 8193 in run 3");
    total->value[M_TOTAL_BYTES] = NAN;
    expect_violation(&record, "counter \"total_bytes\" is 8192 in run 0 and nan in run 3");
    total->value[M_TOTAL_BYTES] = 8192;
    line(&record, 3, 1)->value[M_P50_NS] = 5000;
    assert_int_equal(record_verify(&record, &err), RC_OK);

    end->verification = "fedcba9876543210";
    expect_violation(&record, "read other bytes: \"verification\" 0123456789abcdef and "
                              "fedcba9876543210");
    /* An INVALID run proves nothing and breaks nothing. */
    end->valid = false;
    end->reason = "a blob read back differs";
    assert_int_equal(record_verify(&record, &err), RC_OK);
    end->reason = "";
    expect_violation(&record, "run 2 is INVALID without a reason");
    end->valid = true;
    end->verification = "";
    expect_violation(&record, "\"verification\" is missing for a valid run");
    end->verification = "0123456789abcdef";

    end->dataset_hash = "aa56";
    expect_violation(&record, "run 2 (chunked:avg=8k \\x22\xc3\xa9\\x22) counts as valid and "
                              "stored other data: dataset hash aa56, expected aa55");
    end->dataset_hash = "aa55";

    line(&record, 2, 3)->kind = SAMPLE_SNAPSHOT;
    expect_violation(&record, "counts as valid and has no phase \"read_point_binary\"");
    line(&record, 2, 3)->kind = SAMPLE_PHASE;
    line(&record, 2, 2)->name = "x";
    expect_violation(&record, "counts as valid and has no snapshot \"after_ingest\"");
    line(&record, 2, 2)->name = "after_ingest";
    line(&record, 2, 0)->name = "other";
    expect_violation(&record, "of the same arm");
    line(&record, 2, 0)->name = RECORD_BASELINE;
    assert_int_equal(record_verify(&record, &err), RC_OK);
    record_release(&record);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_round_trip),     FOLDER_TEST(test_protocols),
        FOLDER_TEST(test_open_loop),      FOLDER_TEST(test_builds),
        FOLDER_TEST(test_create_refuses), FOLDER_TEST(test_foreign_text),
        FOLDER_TEST(test_append_refuses), FOLDER_TEST(test_run_file),
        FOLDER_TEST(test_write_file),     FOLDER_TEST(test_disk_full),
        FOLDER_TEST(test_verify_rounds),  FOLDER_TEST(test_verify_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
