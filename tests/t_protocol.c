/* t_protocol: the loop of a study: looks that drop arms, rounds that are voided, layout, programs
 * under test, all of it resumed.  This program is its own child: `t_protocol run-one -- DIR N`. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support_fixture.h"
#include "workloads/plan.h"
#include "workloads/study.h"

/* Runs this variable names end by SIGKILL, as the OOM killer would have it: "3,7,". */
#define KILL_NAME "T_PROTOCOL_KILL"

enum { RAW, RAW_AGAIN, MEMORY, DEDUP, CHUNKED, ARMS };
static const char *const strategies[] = {"memory", "dedup", "chunked"};
static const char *const workloads[] = {"read_point"};
static const char *const options[] = {"read_point:ops=20"};

/* ---- a study --------------------------------------------------------------------------------- */

struct fake {
    char dir[512];
    struct record_manifest manifest;
    struct arena arena;
    struct record record;
    struct study_outcome outcome;
    struct err err;
    volatile sig_atomic_t stop;

    /* What the fake analysis says, and what it was asked. */
    uint32_t drop_at, drop_arm, ends_at; /* look 1..; 0: never */
    bool drop_all;
    uint32_t asked[16], asked_rounds[16];
    size_t asked_count;

    /* What happens to the machine while it runs, and what was shown. */
    char stat[512], vmstat[512];
    struct watch_source watch;
    uint32_t swap_rounds;       /* bit per round counted from 1: swapped in while it runs */
    uint32_t stop_round, pages; /* ^C in that round */
    bool once;                  /* swap_rounds hold for one attempt */
    uint32_t progress_calls, voided_calls;
    struct study_progress last;
};

static void write_machine(struct fake *fake)
{
    char text[128];
    snprintf(text, sizeof(text), "cpu  100 0 0 100 0 0 0 0 0 0\n");
    fixture_write(fake->dir, "stat", text, strlen(text));
    snprintf(text, sizeof(text), "nr_free 1\npswpin %u\npswpout 0\n", fake->pages);
    fixture_write(fake->dir, "vmstat", text, strlen(text));
}

static void on_progress(void *ctx, const struct study_progress *progress)
{
    struct fake *fake = ctx;
    fake->progress_calls++;
    fake->last = *progress;
    assert_true(progress->runs_done < progress->runs);
    assert_true(progress->round >= 1 && progress->round <= progress->rounds);
    if (progress->round < 32 && (fake->swap_rounds >> progress->round & 1)) {
        if (fake->once)
            fake->swap_rounds &= ~(1u << progress->round);
        fake->pages++;
        write_machine(fake);
    }
    if (progress->round == fake->stop_round)
        fake->stop = SIGINT;
}

static void on_voided(void *ctx, uint32_t round, const char *reason)
{
    (void)round;
    ((struct fake *)ctx)->voided_calls++;
    assert_true(reason[0] != '\0');
}

static enum rc on_look(void *ctx, const char *dir, uint32_t look, uint32_t valid_rounds, bool *drop,
                       bool *ends, struct buf *said, struct err *err)
{
    struct fake *fake = ctx;
    assert_string_equal(dir + strlen(dir) - 5, "study");
    assert_true(fake->asked_count < 16);
    fake->asked[fake->asked_count] = look;
    fake->asked_rounds[fake->asked_count++] = valid_rounds;
    for (uint32_t arm = 0; arm < ARMS; arm++) {
        assert_false(drop[arm]);
        drop[arm] = (look == fake->drop_at && arm == fake->drop_arm) || fake->drop_all;
    }
    assert_false(*ends);
    *ends = look == fake->ends_at;
    return buf_printf(said, err, "look %u:\nof %u", look, valid_rounds);
}

static void fake_make(struct fake *fake, const char *dir, struct plan_request request)
{
    struct err err = {0};
    struct buf path = {0};
    *fake = (struct fake){.drop_arm = DEDUP};
    snprintf(fake->dir, sizeof(fake->dir), "%s", dir);
    snprintf(fake->stat, sizeof(fake->stat), "%s/stat", dir);
    snprintf(fake->vmstat, sizeof(fake->vmstat), "%s/vmstat", dir);
    fake->watch = (struct watch_source){fake->stat, fake->vmstat};
    write_machine(fake);
    if (request.strategy_count == 0) {
        request.strategies = strategies;
        request.strategy_count = COUNT_OF(strategies);
    }
    request.dataset = "random:files=4,size=2k";
    request.workloads = workloads;
    request.workload_count = COUNT_OF(workloads);
    request.workload_options = options;
    request.workload_option_count = COUNT_OF(options);
    request.durability = "none";
    request.guardrail = NAN;
    request.out = dir;
    request.name = "study";
    if (plan_make(&request, &fake->arena, &fake->manifest, &err) != RC_OK)
        fail_msg("plan: %s", err.msg);
    if (record_create(dir, &fake->manifest, &path, &err) != RC_OK)
        fail_msg("create: %s", err.msg);
    buf_release(&path);
}

static void fake_free(struct fake *fake)
{
    record_release(&fake->record);
    arena_release(&fake->arena);
}

/* One session; the record as it is afterwards. */
static enum rc fake_run(struct fake *fake, bool looks)
{
    char dir[600];
    struct err err = {0};
    struct study_callbacks callbacks = {
        .progress = on_progress,
        .voided = on_voided,
        .look = looks ? on_look : NULL,
        .ctx = fake,
        .watch = &fake->watch,
    };
    snprintf(dir, sizeof(dir), "%s/study", fake->dir);
    fake->stop = 0;
    fake->asked_count = 0;
    fake->progress_calls = fake->voided_calls = 0;
    fake->err = (struct err){0};
    enum rc rc = study_run(dir, &callbacks, &fake->stop, &fake->outcome, &fake->err);
    record_release(&fake->record);
    if (record_load(&fake->record, dir, &err) != RC_OK)
        fail_msg("load: %s", err.msg);
    return rc;
}

static void expect_ok(struct fake *fake, bool looks)
{
    struct err err = {0};
    if (fake_run(fake, looks) != RC_OK)
        fail_msg("study: %s", fake->err.msg);
    if (record_verify(&fake->record, &err) != RC_OK)
        fail_msg("verify: %s", err.msg);
}

static const struct sample *run_of(const struct fake *fake, uint32_t round, uint32_t arm)
{
    const struct record *record = &fake->record;
    return record_find(record, plan_run_of(&record->manifest, round, arm), SAMPLE_RUN, "");
}

/* Which arms ran in which rounds: a line of flags per round, "11101" without DEDUP. */
static void expect_rounds(const struct fake *fake, const char *const *rows, uint32_t rounds)
{
    uint32_t runs = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t arm = 0; arm < ARMS; arm++) {
            bool wanted = rows[round][arm] == '1';
            runs += wanted;
            if ((run_of(fake, round, arm) != NULL) != wanted)
                fail_msg("round %u, arm %u: %s", round, arm, wanted ? "is missing" : "was run");
        }
    }
    assert_int_equal(fake->record.run_count, runs);
}
#define EXPECT_ROUNDS(fake, ...)                              \
    expect_rounds((fake), (const char *const[]){__VA_ARGS__}, \
                  COUNT_OF(((const char *const[]){__VA_ARGS__})))

static void expect_event(const struct fake *fake, size_t index, enum event_kind kind,
                         uint32_t round, const char *reason)
{
    assert_true(index < fake->record.event_count);
    const struct record_event *event = &fake->record.events[index];
    assert_int_equal(event->kind, kind);
    assert_int_equal(event->round, round);
    if (strstr(event->reason, reason) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", event->reason, reason);
}

/* The stores that are kept: of the run numbers given, and no others. */
static void expect_store(const struct fake *fake, uint32_t round, uint32_t arm, bool wanted)
{
    static const char *const labels[] = {"raw", "raw_", "memory", "dedup", "chunked"};
    char path[700];
    struct stat info;
    snprintf(path, sizeof(path), "%s/study/stores/%04u-%s", fake->dir,
             plan_run_of(&fake->record.manifest, round, arm), labels[arm]);
    if ((stat(path, &info) == 0) != wanted)
        fail_msg("%s %s", path, wanted ? "is missing" : "was left");
}

static const uint32_t three_looks[] = {2, 3, 4};
#define LOOKS .looks = three_looks, .look_count = 3

/* ---- looks ----------------------------------------------------------------------------------- */

static void test_drop(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){LOOKS});
    assert_int_equal(fake.manifest.rounds, 4);
    assert_true(fake.manifest.protocol.racing);
    fake.drop_at = 1;
    expect_ok(&fake, true);
    EXPECT_ROUNDS(&fake, "11111", "11111", "11101", "11101");
    assert_int_equal(fake.asked_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(fake.asked[i], i + 1);
        assert_int_equal(fake.asked_rounds[i], three_looks[i]);
    }
    expect_event(&fake, 0, EVENT_LOOK, 1, "look 1: of 2");
    expect_event(&fake, 2, EVENT_LOOK, 3, "look 3: of 4");
    assert_int_equal(fake.record.events[0].dropped_count, 1);
    assert_int_equal(fake.record.events[0].dropped[0], DEDUP);
    assert_int_equal(fake.record.events[1].dropped_count, 0);
    assert_int_equal(record_dropped_from(&fake.record, DEDUP), 2);
    assert_int_equal(record_dropped_from(&fake.record, CHUNKED), UINT32_MAX);
    assert_int_equal(fake.outcome.rounds_done, 4);
    assert_int_equal(fake.outcome.arms_dropped, 1);
    assert_int_equal(fake.outcome.look, 3);
    assert_int_equal(fake.outcome.runs_done, 18);
    assert_false(fake.outcome.decided);
    /* The last run was announced as the last one, without those that do not run. */
    assert_int_equal(fake.last.runs, 18);
    assert_int_equal(fake.last.runs_done, 17);
    assert_int_equal(fake.last.look, 3);
    assert_int_equal(fake.last.looks, 3);
    assert_int_equal(fake.last.look_rounds, 4);
    /* The store of the last round an arm ran in. */
    expect_store(&fake, 1, DEDUP, true);
    expect_store(&fake, 1, CHUNKED, false);
    expect_store(&fake, 3, CHUNKED, true);
    expect_store(&fake, 3, RAW_AGAIN, true);
    expect_store(&fake, 3, MEMORY, false);
    /* Finished: nothing is asked or run again. */
    expect_ok(&fake, true);
    assert_int_equal(fake.asked_count, 0);
    assert_int_equal(fake.outcome.runs_done, 0);
    assert_int_equal(fake.outcome.rounds_done, 4);
    assert_int_equal(fake.outcome.arms_dropped, 1);
    EXPECT_ROUNDS(&fake, "11111", "11111", "11101", "11101");
    expect_store(&fake, 1, DEDUP, true);
    fake_free(&fake);
}

/* What a look said is honoured after a stop, not asked for again. */
static void test_resume(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){LOOKS});
    fake.drop_at = 1;
    fake.stop_round = 3;
    assert_int_equal(fake_run(&fake, true), RC_INTERRUPTED);
    assert_int_equal(fake.asked_count, 1);
    assert_int_equal(fake.outcome.rounds_done, 2);
    uint32_t before = fake.record.run_count;
    assert_true(before >= 10 && before < 14);
    fake.stop_round = 0;
    fake.drop_arm = CHUNKED; /* it would say something else now */
    expect_ok(&fake, true);
    assert_int_equal(fake.asked_count, 2);
    assert_int_equal(fake.asked[0], 2);
    EXPECT_ROUNDS(&fake, "11111", "11111", "11101", "11101");
    assert_int_equal(fake.outcome.runs_done, 18 - before);
    fake_free(&fake);
}

/* A session without a callback runs on; one that would look back is refused, for what a lost look
 * had dropped is not known. */
static void test_no_callback(void **state)
{
    struct fake fake;
    struct err err = {0};
    fake_make(&fake, *state, (struct plan_request){LOOKS});
    fake.stop_round = 3;
    assert_int_equal(fake_run(&fake, false), RC_INTERRUPTED);
    fake.stop_round = 0;
    fake.drop_at = 1;
    assert_int_equal(fake_run(&fake, false), RC_OK);
    EXPECT_ROUNDS(&fake, "11111", "11111", "11111", "11111");
    assert_int_equal(fake.record.event_count, 0);
    assert_int_equal(record_verify(&fake.record, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "look 1 was due after round 1 and is not there"));
    assert_int_equal(fake_run(&fake, true), RC_USAGE);
    assert_non_null(strstr(fake.err.msg, "events.jsonl: look 1 was due after round 1"));
    assert_int_equal(fake.asked_count, 0);
    assert_int_equal(fake.record.event_count, 0);
    fake_free(&fake);
}

/* What a look said is lost: nothing is run, nothing is looked at. */
static void test_look_lost(void **state)
{
    struct fake fake;
    char path[600];
    fake_make(&fake, *state, (struct plan_request){LOOKS});
    fake.drop_at = 1;
    fake.stop_round = 4;
    assert_int_equal(fake_run(&fake, true), RC_INTERRUPTED);
    uint32_t before = fake.record.run_count;
    assert_true(before >= 14);
    snprintf(path, sizeof(path), "%s/study/events.jsonl", fake.dir);
    assert_int_equal(unlink(path), 0);
    fake.stop_round = 0;
    assert_int_equal(fake_run(&fake, true), RC_USAGE);
    assert_int_equal(fake.record.run_count, before);
    assert_int_equal(fake.asked_count, 0);
    assert_int_equal(fake.record.event_count, 0);
    fake_free(&fake);
}

/* The time budget is spent after the first round: that is the end, with a look of its own. */
static void test_budget(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){.rounds = 3, .budget_ns = 1});
    expect_ok(&fake, true);
    EXPECT_ROUNDS(&fake, "11111");
    assert_true(fake.outcome.budget_spent);
    assert_false(fake.outcome.decided);
    assert_int_equal(fake.asked_count, 0); /* it asks nothing, it says what later claims rest on */
    assert_int_equal(fake.record.event_count, 1);
    expect_event(&fake, 0, EVENT_LOOK, 0, "the time budget was spent");
    assert_true(fake.record.events[0].ends);
    assert_int_equal(fake.record.events[0].look, 1);
    assert_int_equal(fake.record.events[0].rounds, 1);
    /* It is over: another budget would be another look. */
    expect_ok(&fake, true);
    EXPECT_ROUNDS(&fake, "11111");
    assert_int_equal(fake.outcome.runs_done, 0);
    assert_true(fake.outcome.budget_spent);
    assert_false(fake.outcome.decided);
    assert_int_equal(fake.record.event_count, 1);
    fake_free(&fake);
}

/* It ends right after a look that was planned: that one stands, and what was left may follow. */
static void test_budget_looks(void **state)
{
    static const uint32_t looks[] = {1, 3};
    struct fake fake;
    fake_make(&fake, *state,
              (struct plan_request){.looks = looks, .look_count = 2, .budget_ns = 1});
    expect_ok(&fake, true);
    EXPECT_ROUNDS(&fake, "11111");
    assert_int_equal(fake.asked_count, 1);
    assert_int_equal(fake.record.event_count, 1);
    assert_false(fake.record.events[0].ends);
    fake.drop_at = 2;
    expect_ok(&fake, true); /* another session, another budget: the second look comes early */
    EXPECT_ROUNDS(&fake, "11111", "11111");
    assert_int_equal(fake.asked_count, 0);
    assert_int_equal(fake.record.event_count, 2);
    expect_event(&fake, 1, EVENT_LOOK, 1, "the time budget was spent");
    assert_int_equal(fake.record.events[1].look, 2);
    assert_int_equal(fake.record.events[1].rounds, 2);
    assert_true(fake.record.events[1].ends);
    assert_int_equal(fake.outcome.arms_dropped, 0);
    fake_free(&fake);
}

/* A look at any time needs none at the end. */
static void test_budget_until(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){.until_decided = true, .budget_ns = 1});
    expect_ok(&fake, true);
    assert_int_equal(fake.outcome.rounds_done, 1);
    assert_true(fake.outcome.budget_spent);
    assert_int_equal(fake.record.event_count, 0);
    expect_ok(&fake, true); /* a session of its own, with a budget of its own */
    assert_int_equal(fake.outcome.rounds_done, 2);
    fake_free(&fake);
}

/* Nothing but void rounds: there is nothing to look at. */
static void test_budget_void(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){.rounds = 12, .budget_ns = 1});
    fake.swap_rounds = 1 << 1;
    assert_int_equal(fake_run(&fake, true), RC_IO);
    assert_non_null(strstr(fake.err.msg, "no round could be used, 1 were voided: "));
    assert_int_equal(fake.record.event_count, 1);
    expect_event(&fake, 0, EVENT_VOID, 0, "pages were swapped in");
    fake_free(&fake);
}

/* ---- what may not be gone on with ------------------------------------------------------------ */

/* Another machine, library or plan than what is recorded is of. */
static void test_elsewhere(void **state)
{
    static const struct {
        const char *find, *replace, *said;
    } rows[] = {
        {"\"cpu\": \"", "\"cpu\": \"Not a ", "\"host.cpu\" is \"Not a "},
        {"\"cores\": \"", "\"cores\": \"9", "\"host.cores\" is \"9"},
        {"\"filesystem\": \"", "\"filesystem\": \"x", "\"host.filesystem\" is \"x"},
        {"\"sqlite\": \"", "\"sqlite\": \"2.", "\"libraries.sqlite\" is \"2."},
        {"\"seed\": \"1\"", "\"seed\": \"2\"", "samples.jsonl:"},
        {"\"env_padding\": true", "\"env_padding\": false", "the plan draws 0 for run 0"},
        {"\"cpu\": \"", "\"cpu\": \"unknown\", \"nothing\": \"", NULL},
        {"\"kernel\": \"", "\"kernel\": \"an older ", NULL}, /* rounds are compared with rounds */
    };
    struct fake fake;
    struct buf text = {0}, changed = {0};
    char dir[600];
    fake_make(&fake, *state, (struct plan_request){.rounds = 2});
    fake.stop_round = 2;
    assert_int_equal(fake_run(&fake, false), RC_INTERRUPTED);
    fake.stop_round = 0;
    snprintf(dir, sizeof(dir), "%s/study", fake.dir);
    fixture_read(dir, "manifest.json", &text);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct fixture_edit edit = {rows[i].find, rows[i].replace, RC_OK, {NULL}};
        uint32_t before = fake.record.run_count;
        fixture_replaced(&changed, &text, &edit);
        fixture_write(dir, "manifest.json", changed.ptr, changed.len);
        enum rc rc = fake_run(&fake, false);
        if (rc != (rows[i].said ? RC_MISMATCH : RC_OK) ||
            (rows[i].said && !strstr(fake.err.msg, rows[i].said)))
            fail_msg("%s: %s: %s", rows[i].replace, rc_name(rc), fake.err.msg);
        assert_int_equal(fake.outcome.opened, rows[i].said == NULL);
        if (rows[i].said)
            assert_int_equal(fake.record.run_count, before);
    }
    fixture_write(dir, "manifest.json", text.ptr, text.len);
    expect_ok(&fake, false);
    assert_int_equal(fake.record.run_count, 2 * ARMS);
    buf_release(&text);
    buf_release(&changed);
    fake_free(&fake);
}

/* A run line was taken out between others: what would be appended could not be read any more. */
static void test_stray(void **state)
{
    struct fake fake;
    struct buf text = {0}, changed = {0};
    char dir[600];
    fake_make(&fake, *state, (struct plan_request){.rounds = 1});
    expect_ok(&fake, false);
    snprintf(dir, sizeof(dir), "%s/study", fake.dir);
    fixture_read(dir, "samples.jsonl", &text);
    const char *kind = strstr((const char *)text.ptr, "\"kind\":\"run\",\"run\":0,");
    assert_non_null(kind);
    const char *start = kind, *end = strchr(kind, '\n') + 1;
    while (start[-1] != '\n')
        start--;
    size_t head = (size_t)(start - (const char *)text.ptr);
    struct err err = {0};
    assert_int_equal(buf_append(&changed, span_of(text.ptr, head), &err), RC_OK);
    assert_int_equal(
        buf_append(&changed, span_of(end, text.len - (size_t)(end - (const char *)text.ptr)), &err),
        RC_OK);
    fixture_write(dir, "samples.jsonl", changed.ptr, changed.len);
    assert_int_equal(fake_run(&fake, false), RC_USAGE);
    assert_non_null(
        strstr(fake.err.msg, "samples.jsonl:1: a run did not finish, and one after it"));
    assert_int_equal(fake.record.run_count, ARMS - 1);
    fixture_read(dir, "samples.jsonl", &text);
    assert_true(span_equal(buf_span(&text), buf_span(&changed)));
    buf_release(&text);
    buf_release(&changed);
    fake_free(&fake);
}

/* ---- racing ---------------------------------------------------------------------------------- */

static void test_no_racing(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){LOOKS, .no_racing = true});
    assert_false(fake.manifest.protocol.racing);
    fake.drop_at = 1;
    expect_ok(&fake, true);
    EXPECT_ROUNDS(&fake, "11111", "11111", "11111", "11111");
    assert_int_equal(fake.asked_count, 3);
    assert_int_equal(fake.record.events[0].dropped_count, 0);
    fake_free(&fake);
}

static void test_ends(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){LOOKS});
    fake.ends_at = 2;
    expect_ok(&fake, true);
    EXPECT_ROUNDS(&fake, "11111", "11111", "11111");
    assert_true(fake.outcome.decided);
    assert_int_equal(fake.outcome.look, 2);
    assert_true(fake.record.events[1].ends);
    expect_ok(&fake, true);
    assert_true(fake.outcome.decided);
    assert_int_equal(fake.outcome.runs_done, 0);
    fake_free(&fake);
}

/* Nobody left: over. */
static void test_drop_all(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){LOOKS});
    fake.drop_all = true;
    expect_ok(&fake, true);
    EXPECT_ROUNDS(&fake, "11111", "11111");
    assert_true(fake.outcome.decided);
    fake_free(&fake);
}

static void test_until(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){.until_decided = true, .rounds = 9});
    assert_int_equal(fake.manifest.rounds, 9);
    fake.drop_at = 2;
    fake.ends_at = 3;
    expect_ok(&fake, true);
    EXPECT_ROUNDS(&fake, "11111", "11111", "11111", "11111", "11111", "11111", "11101");
    assert_int_equal(fake.asked_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(fake.asked_rounds[i], STUDY_UNTIL_FIRST + i);
    assert_true(fake.outcome.decided);
    fake_free(&fake);
}

/* ---- void rounds ----------------------------------------------------------------------------- */

static void test_void(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){LOOKS});
    fake.swap_rounds = 1u << 2;
    fake.once = true;
    fake.drop_at = 1;
    expect_ok(&fake, true);
    /* Round 1 stays in the record; the look is taken after two rounds that count. */
    EXPECT_ROUNDS(&fake, "11111", "11111", "11111", "11101", "11101");
    expect_event(&fake, 0, EVENT_VOID, 1, "1 pages were swapped in");
    expect_event(&fake, 1, EVENT_LOOK, 2, "look 1: of 2");
    assert_true(record_round_void(&fake.record, 1));
    assert_false(record_round_void(&fake.record, 2));
    assert_int_equal(fake.voided_calls, 1);
    assert_int_equal(fake.outcome.rounds_done, 4);
    assert_int_equal(fake.outcome.rounds_voided, 1);
    assert_int_equal(fake.asked_rounds[0], 2);
    assert_int_equal(fake.last.runs, 23);
    expect_ok(&fake, true);
    assert_int_equal(fake.outcome.runs_done, 0);
    assert_int_equal(fake.outcome.rounds_voided, 1);
    assert_int_equal(fake.voided_calls, 0);
    fake_free(&fake);
}

/* Cut by ^C when it was disturbed already: void, and not gone on with. */
static void test_void_when_stopped(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){.rounds = 2});
    fake.swap_rounds = 1u << 1;
    fake.stop_round = 1;
    assert_int_equal(fake_run(&fake, true), RC_INTERRUPTED);
    assert_true(record_round_void(&fake.record, 0));
    uint32_t before = fake.record.run_count;
    assert_true(before < ARMS);
    fake.swap_rounds = fake.stop_round = 0;
    expect_ok(&fake, true);
    assert_int_equal(fake.outcome.rounds_done, 2);
    assert_int_equal(fake.record.run_count, before + 2 * ARMS);
    fake_free(&fake);
}

/* A run ended from outside takes its round with it; the rest of that round is not run. */
static void test_killed(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){.rounds = 3});
    const struct record_manifest *manifest = &fake.manifest;
    char text[16];
    uint32_t order[PLAN_ARMS_MAX + 1];
    snprintf(text, sizeof(text), "%u,", 1 * ARMS + 2);
    setenv(KILL_NAME, text, 1);
    expect_ok(&fake, true);
    unsetenv(KILL_NAME);
    plan_round_order(manifest, 1, order);
    for (uint32_t slot = 0; slot < ARMS; slot++)
        assert_int_equal(run_of(&fake, 1, order[slot]) != NULL, slot < 2);
    assert_int_equal(fake.record.run_count, 3 * ARMS + 2);
    expect_event(&fake, 0, EVENT_VOID, 1, "was ended from outside by signal 9");
    assert_int_equal(fake.outcome.rounds_done, 3);
    for (uint32_t arm = 0; arm < ARMS; arm++) {
        expect_store(&fake, 3, arm, arm != MEMORY);
        expect_store(&fake, 2, arm, false);
        expect_store(&fake, 1, arm, false);
        expect_store(&fake, 0, arm, false);
    }
    fake_free(&fake);
}

static void test_too_many_voids(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){.rounds = 8});
    fake.swap_rounds = 1u << 2;
    expect_ok(&fake, true);
    assert_true(fake.outcome.voids_spent);
    assert_int_equal(fake.outcome.rounds_done, 1);
    assert_int_equal(fake.outcome.rounds_voided, 4); /* 8 / 4 + 2 */
    assert_int_equal(fake.voided_calls, 4);
    assert_non_null(strstr(fake.outcome.void_reason, "swapped in"));
    /* Another day. */
    fake.swap_rounds = 0;
    expect_ok(&fake, true);
    assert_false(fake.outcome.voids_spent);
    assert_int_equal(fake.outcome.rounds_done, 8);
    assert_int_equal(fake.outcome.rounds_voided, 4);
    fake_free(&fake);
}

static void test_all_void(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){.rounds = 1});
    fake.swap_rounds = 1u << 1;
    assert_int_equal(fake_run(&fake, true), RC_IO);
    assert_non_null(strstr(fake.err.msg, "no round could be used, 2 were voided"));
    fake_free(&fake);
}

/* ---- layout ---------------------------------------------------------------------------------- */

static void test_padding(void **state)
{
    struct fake fake;
    uint32_t seen[3];
    fake_make(&fake, *state, (struct plan_request){.rounds = 3});
    setenv("BLOBFRONT_PADDING", "inherited", 1);
    expect_ok(&fake, true);
    for (uint32_t round = 0; round < 3; round++) {
        seen[round] = plan_env_padding(&fake.manifest, round);
        assert_true(seen[round] < PLAN_PADDING_MAX);
        for (uint32_t arm = 0; arm < ARMS; arm++) /* as the child measured it */
            assert_int_equal(run_of(&fake, round, arm)->env_padding, seen[round]);
    }
    assert_true(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != seen[2]);
    fake_free(&fake);
    unsetenv("BLOBFRONT_PADDING");
}

static void test_no_padding(void **state)
{
    struct fake fake;
    fake_make(&fake, *state, (struct plan_request){.rounds = 1, .no_layout = true});
    setenv("BLOBFRONT_PADDING", "inherited", 1);
    expect_ok(&fake, true);
    for (uint32_t arm = 0; arm < ARMS; arm++)
        assert_int_equal(run_of(&fake, 0, arm)->env_padding, 0);
    unsetenv("BLOBFRONT_PADDING");
    fake_free(&fake);
}

/* Uniform: over many rounds every eighth of the page is drawn about equally often. */
static void test_padding_spread(void **state)
{
    struct record_manifest manifest = {.seed = 5, .protocol.env_padding = true};
    unsigned eighths[8] = {0};
    (void)state;
    for (uint32_t round = 0; round < 8000; round++)
        eighths[plan_env_padding(&manifest, round) / (PLAN_PADDING_MAX / 8)]++;
    for (size_t i = 0; i < 8; i++)
        assert_in_range(eighths[i], 850, 1150); /* 5 standard deviations */
}

/* ---- programs under test --------------------------------------------------------------------- */

/* A program that notes its name and carries the run out with this one. */
static void make_program(const char *dir, const char *name, const char *body)
{
    struct buf text = {0}, path = {0};
    struct err err = {0};
    char self[512];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    assert_true(len > 0);
    self[len] = '\0';
    assert_int_equal(buf_printf(&text, &err, "#!/bin/sh\necho %s $4 >>%s/log\n%s\nexec %s \"$@\"\n",
                                name, dir, body, self),
                     RC_OK);
    fixture_write(dir, name, text.ptr, text.len);
    assert_int_equal(chmod(fixture_join(&path, dir, name), 0755), 0);
    buf_release(&text);
    buf_release(&path);
}

struct programs {
    char base[1200], new[1200];
    struct record_build builds[2];
};

static void make_programs(struct programs *programs, const char *dir)
{
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof(name), "base%d", i);
        make_program(dir, name, "");
        snprintf(name, sizeof(name), "new%d", i);
        make_program(dir, name, "");
    }
    snprintf(programs->base, sizeof(programs->base), "%s/base0\n%s/base1\n%s/base2", dir, dir, dir);
    snprintf(programs->new, sizeof(programs->new), "%s/new0\n%s/new1\n", dir, dir);
    programs->builds[0] = (struct record_build){"base", "HEAD~1", NULL, programs->base};
    programs->builds[1] = (struct record_build){"new", "", NULL, programs->new};
}

static struct plan_request builds_request(const struct programs *programs)
{
    static const char *const two[] = {"raw", "dedup"};
    return (struct plan_request){
        .strategies = two,
        .strategy_count = 2,
        .rounds = 4,
        .builds = programs->builds,
        .build_count = 2,
    };
}

static void test_builds(void **state)
{
    static const char *const labels[] = {"raw@base",   "raw@base'",   "raw@new",
                                         "dedup@base", "dedup@base'", "dedup@new"};
    struct programs programs;
    struct fake fake;
    struct buf log = {0};
    unsigned orders = 0;
    make_programs(&programs, *state);
    fake_make(&fake, *state, builds_request(&programs));
    expect_ok(&fake, true);
    fixture_read(fake.dir, "log", &log);
    const struct record_manifest *manifest = &fake.record.manifest;
    assert_int_equal(manifest->arm_count, COUNT_OF(labels));
    assert_int_equal(manifest->build_count, 2);
    assert_int_equal(strlen(manifest->builds[1].hash), 32);
    for (uint32_t arm = 0; arm < COUNT_OF(labels); arm++) {
        const struct record_arm *at = &manifest->arms[arm];
        assert_string_equal(at->label, labels[arm]);
        assert_string_equal(at->spec, arm < 3 ? "raw" : "dedup");
        assert_int_equal(at->build, arm % 3 == 2);
        assert_int_equal(at->control, arm % 3 == 0);
        assert_int_equal(at->control_again, arm % 3 == 1);
        for (uint32_t round = 0; round < 4; round++) {
            const struct sample *run = run_of(&fake, round, arm);
            char line[64];
            assert_int_equal(run->link_order, plan_link_order(manifest, round, arm));
            assert_in_range(run->link_order, 0, arm % 3 == 2 ? 1 : 2);
            orders |= 1u << run->link_order;
            snprintf(line, sizeof(line), "%s%u %u\n", arm % 3 == 2 ? "new" : "base",
                     run->link_order, run->run);
            if (strstr(buf_str(&log), line) == NULL)
                fail_msg("no program noted \"%s\"", line);
        }
    }
    assert_true((orders & (orders - 1)) != 0); /* more than one was drawn */
    buf_release(&log);
    fake_free(&fake);
}

/* A build that cannot read the plan, or has no such strategy, ends the study by name. */
static void test_foreign_build(void **state)
{
    static const struct {
        const char *body;
        enum rc rc;
        const char *part;
    } cases[] = {
        {"echo 'blobfront: error: unknown schema' >&2; exit 5", RC_MISMATCH,
         "build \"new\" cannot carry out this study: unknown schema"},
        {"echo 'blobfront: error: no such strategy' >&2; exit 2", RC_USAGE,
         "build \"new\" cannot carry out this study: no such strategy"},
        {"exit 1", RC_IO, "the run failed without a message"},
    };
    struct programs programs;
    make_programs(&programs, *state);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fake fake;
        char path[600];
        make_program(*state, "new0", cases[i].body);
        make_program(*state, "new1", cases[i].body);
        fake_make(&fake, *state, builds_request(&programs));
        assert_int_equal(fake_run(&fake, true), cases[i].rc);
        if (strstr(fake.err.msg, cases[i].part) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", fake.err.msg, cases[i].part);
        assert_int_equal(fake.record.event_count, 0);
        fake_free(&fake);
        snprintf(path, sizeof(path), "%s/study", (const char *)*state);
        char aside[640];
        snprintf(aside, sizeof(aside), "%s-%zu", path, i);
        assert_int_equal(rename(path, aside), 0);
    }
}

static void test_changed_build(void **state)
{
    struct programs programs;
    struct fake fake;
    make_programs(&programs, *state);
    fake_make(&fake, *state, builds_request(&programs));
    make_program(*state, "new0", "true");
    assert_int_equal(fake_run(&fake, true), RC_MISMATCH);
    assert_non_null(strstr(fake.err.msg, "build \"new\" is not the program the study began with"));
    assert_int_equal(fake.record.run_count, 0);
    fake_free(&fake);
}

static void expect_refused(struct plan_request request, const char *part)
{
    struct arena arena = {0};
    struct record_manifest manifest;
    struct err err = {0};
    request.dataset = "random:files=4,size=2k";
    request.guardrail = NAN;
    request.out = "/tmp";
    if (request.strategy_count == 0) {
        request.strategies = strategies;
        request.strategy_count = 1;
    }
    enum rc rc = plan_make(&request, &arena, &manifest, &err);
    if (rc != RC_USAGE || strstr(err.msg, part) == NULL)
        fail_msg("%s: \"%s\" lacks \"%s\"", rc_name(rc), err.msg, part);
    arena_release(&arena);
}

static void test_bad_builds(void **state)
{
    struct programs programs;
    const char *many[22];
    char names[22][32];
    make_programs(&programs, *state);
    struct plan_request request = builds_request(&programs);
    request.build_count = 1;
    expect_refused(request, "expected a baseline and at least one program");
    request.build_count = 2;
    programs.builds[1].label = "base";
    expect_refused(request, "two builds are labelled \"base\"");
    programs.builds[1].label = "new one";
    expect_refused(request, "got \"new one\"");
    programs.builds[1].label = "";
    expect_refused(request, "got \"\"");
    programs.builds[1].label = "new";
    programs.builds[1].programs = "/nonexistent/program";
    expect_refused(request, "build \"new\": cannot execute \"/nonexistent/program\"");
    programs.builds[1].programs = "";
    expect_refused(request, "build \"new\": cannot execute \"\"");
    programs.builds[1].programs = programs.new;
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        snprintf(names[i], sizeof(names[i]), "dedup-zstd:level=%d", (int)i - 7);
        many[i] = names[i];
    }
    request.strategies = many;
    request.strategy_count = COUNT_OF(many);
    expect_refused(request, "are more than 64 arms");
}

/* ---- plans ----------------------------------------------------------------------------------- */

static void test_bad_protocols(void **state)
{
    static const uint32_t falling[] = {3, 2}, twice[] = {3, 3}, none[] = {0, 2}, huge[] = {5, 1001};
    static const uint32_t many[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    (void)state;
    expect_refused((struct plan_request){LOOKS, .rounds = 4}, "--rounds and --looks");
    expect_refused((struct plan_request){LOOKS, .until_decided = true}, "--until-decided");
    expect_refused((struct plan_request){.looks = falling, .look_count = 2}, "got 2 after 3");
    expect_refused((struct plan_request){.looks = twice, .look_count = 2}, "got 3 after 3");
    expect_refused((struct plan_request){.looks = none, .look_count = 2}, "got 0 after 0");
    expect_refused((struct plan_request){.looks = huge, .look_count = 2}, "got 1001 after 5");
    expect_refused((struct plan_request){.looks = many, .look_count = 9}, "at most 8 numbers");
    expect_refused((struct plan_request){.rounds = 1001}, "--rounds: expected at most 1000");
    expect_refused((struct plan_request){.alpha = 1}, "--alpha");
    expect_refused((struct plan_request){.alpha = -0.1}, "--alpha");
    expect_refused((struct plan_request){.alpha = NAN}, "--alpha");
    expect_refused((struct plan_request){.open_loop_per_s = -1}, "--open-loop");
    expect_refused((struct plan_request){.open_loop_per_s = INFINITY}, "--open-loop");
}

static void test_plan_check(void **state)
{
    struct fake fake;
    struct err err = {0};
    fake_make(&fake, *state, (struct plan_request){LOOKS});
    struct record_manifest *manifest = &fake.manifest;
    assert_int_equal(plan_check(manifest, &err), RC_OK);
    manifest->rounds = 5;
    assert_int_equal(plan_check(manifest, &err), RC_USAGE);
    err = (struct err){0};
    manifest->rounds = 4;
    manifest->protocol.stopping = STOPPING_FIXED;
    manifest->rounds = PLAN_ROUNDS_MAX + 1;
    err = (struct err){0};
    assert_int_equal(plan_check(manifest, &err), RC_USAGE);
    fake_free(&fake);
}

/* ---- this program as the child --------------------------------------------------------------- */

static int run_one(const char *dir, const char *number)
{
    struct err err = {0};
    const char *kill_runs = getenv(KILL_NAME);
    char wanted[16];
    snprintf(wanted, sizeof(wanted), "%s,", number);
    if (kill_runs != NULL && strcmp(kill_runs, wanted) == 0)
        raise(SIGKILL);
    enum rc rc = study_run_one(dir, (uint32_t)strtoul(number, NULL, 10), NULL, &err);
    if (rc != RC_OK)
        fprintf(stderr, "blobfront: error: %s\n", err.msg);
    return rc == RC_OK ? 0 : 1;
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_drop),
        IN_FOLDER(test_resume),
        IN_FOLDER(test_no_callback),
        IN_FOLDER(test_look_lost),
        IN_FOLDER(test_budget),
        IN_FOLDER(test_budget_looks),
        IN_FOLDER(test_budget_until),
        IN_FOLDER(test_budget_void),
        IN_FOLDER(test_elsewhere),
        IN_FOLDER(test_stray),
        IN_FOLDER(test_no_racing),
        IN_FOLDER(test_ends),
        IN_FOLDER(test_drop_all),
        IN_FOLDER(test_until),
        IN_FOLDER(test_void),
        IN_FOLDER(test_void_when_stopped),
        IN_FOLDER(test_killed),
        IN_FOLDER(test_too_many_voids),
        IN_FOLDER(test_all_void),
        IN_FOLDER(test_padding),
        IN_FOLDER(test_no_padding),
        cmocka_unit_test(test_padding_spread),
        IN_FOLDER(test_builds),
        IN_FOLDER(test_foreign_build),
        IN_FOLDER(test_changed_build),
        IN_FOLDER(test_bad_builds),
        cmocka_unit_test(test_bad_protocols),
        IN_FOLDER(test_plan_check),
    };
    if (argc == 5 && strcmp(argv[1], "run-one") == 0)
        return run_one(argv[3], argv[4]);
    return cmocka_run_group_tests_name("t_protocol", tests, NULL, NULL);
}
