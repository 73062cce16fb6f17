#include "tests/support_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a folder per test ----------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

int fixture_setup(void **state)
{
    char *dir = strdup("/tmp/blobfront-fixture-XXXXXX");
    assert_non_null(dir);
    assert_non_null(mkdtemp(dir));
    *state = dir;
    return 0;
}

int fixture_teardown(void **state)
{
    char *dir = *state;
    assert_int_equal(nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(dir);
    return 0;
}

const char *fixture_join(struct buf *path, const char *dir, const char *name)
{
    struct err err = {0};
    buf_clear(path);
    assert_int_equal(buf_printf(path, &err, "%s/%s", dir, name), RC_OK);
    return buf_str(path);
}

void fixture_write(const char *dir, const char *name, const void *bytes, size_t len)
{
    struct buf path = {0};
    int fd = open(fixture_join(&path, dir, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    buf_release(&path);
}

void fixture_read(const char *dir, const char *name, struct buf *out)
{
    struct buf path = {0};
    struct err err = {0};
    struct stat info;
    int fd = open(fixture_join(&path, dir, name), O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(buf_resize(out, (size_t)info.st_size, &err), RC_OK);
    assert_int_equal(read(fd, out->ptr, out->len), (ssize_t)out->len);
    close(fd);
    (void)buf_str(out);
    buf_release(&path);
}

/* ---- a synthetic study: two arms, two phases, two rounds ------------------------------------- */

static struct record_arm arms[FIXTURE_ARMS] = {
    {.label = "raw",
     .spec = "raw",
     .options = "inline=4KiB",
     .summary = "one row per blob",
     .caps = "sql,delete,scan",
     .sql = true,
     .control = true},
    {.label = "chunked:avg=8k \"\xc3\xa9\"",
     .spec = "chunked:avg=8k",
     .options = "avg=8KiB,codec=zstd",
     .summary = "",
     .caps = "sql",
     .volatile_floor = true,
     .control_again = true},
};
static struct record_phase phases[] = {
    {.name = "ingest_binary_cold",
     .workload = "ingest",
     .snapshot = "after_ingest",
     .options = "n=10"},
    {.name = "read_point_binary",
     .workload = "read_point",
     .snapshot = "",
     .options = "",
     .reads_only = true},
};
static struct fact host[] = {{"cpu", "Some CPU \\ \"x\""}, {"kernel", "6.1\n"}};
static struct fact libraries[] = {{"sqlite", "3.40.1"}};
static struct fact pragmas[] = {{"journal_mode", "wal"}, {"synchronous", "2"}};
static struct record_share extensions[] = {
    {"png", 3, 3000, 2900},
    {"", 1, 100, 90},
};
static struct record_probe probes[] = {
    {"chunks", "at least 8", "4 blobs, 2 above max", 12, true},
    {"codec_zstd", "anything", "", 0, true},
};
static struct record_share handlers[] = {{"image", 4, 3100, 2990}};

const struct record_manifest fixture_manifest = {
    .id = "20261120-a",
    .tool_version = "0.1.0",
    .tool_hash = "00ff",
    .created = "2026-11-20T16:13:00Z",
    .plan_name = "a plan",
    .dataset_spec = "synthetic:files=4",
    .dataset_name = "synthetic",
    .dataset_options = "files=4",
    .dataset_hash = "aa55",
    .dataset_warning = "",
    .dataset_files = 4,
    .dataset_bytes = 3100,
    .seed = UINT64_MAX - 1,
    .rounds = 2,
    .budget_ns = 60000000000,
    .durability = "durable",
    .retention = "history",
    .batch = 16,
    .clock_read_ns = 25,
    .clock_tick_ns = 1,
    .keep = "last",
    .anywhere = true,
    .guardrail = 0.1,
    .arms = arms,
    .arm_count = FIXTURE_ARMS,
    .protocol = {.stopping = STOPPING_LOOKS,
                 .looks = {2, 3, 8},
                 .look_count = 3,
                 .alpha = 0.05,
                 .margin_p50 = 0.03,
                 .margin_p95 = 0.05,
                 .margin_rate = 0.03,
                 .margin_cpu = 0.03,
                 .margin_exact = 0.01,
                 .racing = true,
                 .env_padding = true,
                 .open_loop_per_s = 0,
                 .warmup_min = 50,
                 .warmup_share = 0.05},
    .phases = phases,
    .phase_count = COUNT_OF(phases),
    .host = {host, COUNT_OF(host)},
    .libraries = {libraries, COUNT_OF(libraries)},
};

static void place(struct sample *sample, enum sample_kind kind, const char *name, uint32_t run)
{
    sample_init(sample, kind);
    sample->name = name;
    sample->run = run;
    sample->round = run / FIXTURE_ARMS;
    sample->slot = run % FIXTURE_ARMS;
    /* The second round runs in the other order. */
    sample->arm = sample->round == 0 ? sample->slot : FIXTURE_ARMS - 1 - sample->slot;
}

void fixture_run(struct sample run[FIXTURE_LINES], uint32_t number)
{
    place(&run[0], SAMPLE_SNAPSHOT, RECORD_BASELINE, number);
    run[0].value[M_TOTAL_BYTES] = 4096;
    place(&run[1], SAMPLE_PHASE, "ingest_binary_cold", number);
    run[1].value[M_OPS] = METRIC_P99_OPS;
    run[1].value[M_WALL_NS] = 1e6 + number;
    run[1].value[M_P50_NS] = 4000.5;
    run[1].value[M_P95_NS] = 7000.25 + number;
    run[1].value[M_P99_NS] = 9000;
    run[1].value[M_MAX_NS] = 9500;
    run[1].value[M_P50_FIRST_NS] = 4100;
    run[1].value[M_P50_SECOND_NS] = 3900;
    run[1].value[M_P95_64K_NS] = 7500;
    run[1].value[M_STALL_NS] = 2500;
    run[1].value[M_STALL_SHARE] = 0.0025;
    run[1].value[M_WRITE_AMP] = -1.0 / 3;
    place(&run[2], SAMPLE_SNAPSHOT, "after_ingest", number);
    run[2].value[M_TOTAL_BYTES] = 8192 * (1 + run[2].arm);
    run[2].value[M_STORAGE_AMP] = 8192.0 / 3100;
    place(&run[3], SAMPLE_PHASE, "read_point_binary", number);
    run[3].value[M_OPS] = 0;
    run[3].value[M_BYTES_WRITTEN_BY_READS] = 0;
    place(&run[4], SAMPLE_RUN, "", number);
    run[4].value[M_RUN_NS] = 5e9;
    run[4].value[M_VERIFIED_BLOBS] = 8;
    /* One draw per round. */
    run[4].env_padding = run[4].round == 0 ? 17 : 4096 - run[4].round;
    run[4].valid = true;
    run[4].verification = "0123456789abcdef";
    run[4].dataset_hash = "aa55";
    run[4].pragmas = (struct facts){pragmas, COUNT_OF(pragmas)};
    run[4].by_extension = (struct record_shares){extensions, COUNT_OF(extensions)};
    run[4].probes = (struct record_probes){probes, COUNT_OF(probes)};
    run[4].by_handler = (struct record_shares){handlers, COUNT_OF(handlers)};
}

void fixture_append(const char *dir, const struct sample *run)
{
    struct err err = {0};
    if (record_append(dir, &fixture_manifest, run, FIXTURE_LINES, &err) != RC_OK)
        fail_msg("%s", err.msg);
}

/* The study's folder, with `runs` runs in it. */
const char *fixture_make(struct buf *dir, const char *parent, uint32_t runs)
{
    struct err err = {0};
    if (record_create(parent, &fixture_manifest, dir, &err) != RC_OK)
        fail_msg("%s", err.msg);
    for (uint32_t i = 0; i < runs; i++) {
        struct sample run[FIXTURE_LINES];
        fixture_run(run, i);
        fixture_append(buf_str(dir), run);
    }
    return buf_str(dir);
}

void fixture_load(struct record *record, const char *dir)
{
    struct err err = {0};
    if (record_load(record, dir, &err) != RC_OK)
        fail_msg("%s", err.msg);
}

void fixture_expect_load(const char *dir, enum rc rc, const char *const *parts)
{
    struct record record;
    struct err err = {0};
    enum rc got = record_load(&record, dir, &err);
    if (got != rc)
        fail_msg("expected %s, got %s: %s", rc_name(rc), rc_name(got), err.msg);
    for (; *parts != NULL; parts++) {
        if (strstr(err.msg, *parts) == NULL)
            fail_msg("\"%s\" is not in: %s", *parts, err.msg);
    }
    /* Nothing is left behind by a failure. */
    assert_null(record.samples);
    assert_null(record.dir);
}

void fixture_replaced(struct buf *out, const struct buf *text, const struct fixture_edit *edit)
{
    struct err err = {0};
    const char *from = (const char *)text->ptr, *at = strstr(from, edit->find);
    if (at == NULL)
        fail_msg("\"%s\" is not in the file", edit->find);
    buf_clear(out);
    assert_int_equal(buf_printf(out, &err, "%.*s%s%s", (int)(at - from), from, edit->replace,
                                at + strlen(edit->find)),
                     RC_OK);
}

void fixture_check_edits(const char *dir, const char *name, const struct fixture_edit *edits,
                         size_t count)
{
    struct buf text = {0}, changed = {0};
    fixture_read(dir, name, &text);
    for (size_t i = 0; i < count; i++) {
        fixture_replaced(&changed, &text, &edits[i]);
        fixture_write(dir, name, changed.ptr, changed.len);
        FIXTURE_EXPECT_LOAD(dir, edits[i].rc, edits[i].parts[0], edits[i].parts[1],
                            edits[i].parts[2]);
    }
    fixture_write(dir, name, text.ptr, text.len);
    buf_release(&text);
    buf_release(&changed);
}
