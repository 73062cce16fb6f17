/* What happened to rounds as a whole: events are read back equal, whatever is wrong with one is
 * refused with its place, a crash leaves none half done, and record_verify knows which runs a study
 * with void rounds and dropped arms must have. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support_fixture.h"

#define NAME "events.jsonl"

static uint32_t second[] = {1};
static const struct record_event story[] = {
    {.kind = EVENT_VOID, .round = 1, .reason = "steal time 7.1 % (limit 5 %)"},
    {.kind = EVENT_LOOK, .round = 2, .reason = "nothing yet", .look = 1, .rounds = 2},
    {.kind = EVENT_VOID, .round = 3, .reason = "clock \"stepped\"\n"},
    {.kind = EVENT_LOOK,
     .round = 4,
     .reason = "",
     .look = 2,
     .rounds = 3,
     .dropped = second,
     .dropped_count = 1},
};

/* As many rounds as the story tells of, and those of a whole study. */
enum { ROUNDS = 5, RUNS = ROUNDS * FIXTURE_ARMS, LONG_RUNS = 10 * FIXTURE_ARMS };

static void append(const char *dir, const struct record_event *event)
{
    struct err err = {0};
    if (record_event_append(dir, &fixture_manifest, event, &err) != RC_OK)
        fail_msg("%s", err.msg);
}

/* A study below `parent` with `runs` runs and the first `count` events of the story. */
static const char *make(struct buf *dir, const char *parent, uint32_t runs, size_t count)
{
    fixture_make(dir, parent, runs);
    for (size_t i = 0; i < count; i++)
        append(buf_str(dir), &story[i]);
    return buf_str(dir);
}

static void assert_events_equal(const struct record_event *a, const struct record_event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->round, b->round);
    assert_string_equal(a->reason, b->reason);
    assert_int_equal(a->look, b->look);
    assert_int_equal(a->rounds, b->rounds);
    assert_int_equal(a->ends, b->ends);
    assert_int_equal(a->dropped_count, b->dropped_count);
    for (size_t i = 0; i < a->dropped_count; i++)
        assert_int_equal(a->dropped[i], b->dropped[i]);
}

static void test_round_trip(void **state)
{
    struct buf dir = {0}, path = {0}, text = {0};
    struct record record;
    struct err err = {0};
    const char *study = make(&dir, *state, LONG_RUNS, 0);
    /* No file, no events. */
    assert_int_equal(access(fixture_join(&path, study, NAME), F_OK), -1);
    fixture_load(&record, study);
    assert_int_equal(record.event_count, 0);
    assert_int_equal(record.warnings, 0);
    assert_false(record_round_void(&record, 0));
    assert_int_equal(record_dropped_from(&record, 1), UINT32_MAX);
    record_release(&record);

    for (size_t count = 1; count <= COUNT_OF(story); count++) {
        append(study, &story[count - 1]);
        fixture_load(&record, study);
        assert_int_equal(record.event_count, count);
        assert_int_equal(record.warnings, 0);
        for (size_t i = 0; i < count; i++)
            assert_events_equal(&record.events[i], &story[i]);
        assert_int_equal(record_round_void(&record, 1), 1);
        assert_int_equal(record_round_void(&record, 3), count >= 3);
        assert_false(record_round_void(&record, 2));
        assert_int_equal(record_dropped_from(&record, 0), UINT32_MAX);
        assert_int_equal(record_dropped_from(&record, 1), count >= 4 ? 5 : UINT32_MAX);
        record_release(&record);
    }
    /* A later look may name every arm that is gone; the first one counts. */
    const struct record_event again = {.kind = EVENT_LOOK,
                                       .round = 9,
                                       .reason = "",
                                       .look = 3,
                                       .rounds = 8,
                                       .ends = true,
                                       .dropped = (uint32_t[]){1, 0},
                                       .dropped_count = 2};
    append(study, &again);
    fixture_load(&record, study);
    assert_events_equal(&record.events[COUNT_OF(story)], &again);
    assert_int_equal(record_dropped_from(&record, 0), 10);
    assert_int_equal(record_dropped_from(&record, 1), 5);
    record_release(&record);
    fixture_read(study, NAME, &text);
    static const char first[] = "{\"schema\":\"blobfront/event/1\",\"kind\":\"void\",\"round\":1,"
                                "\"reason\":\"steal time 7.1 % (limit 5 %)\"}\n";
    assert_memory_equal(text.ptr, first, sizeof(first) - 1);
    assert_non_null(strstr(buf_str(&text), "\"dropped\":[\"chunked:avg=8k \\\"\xc3\xa9\\\"\"]}\n"));
    /* The plan alone does without. */
    fixture_write(study, NAME, "nonsense\n", 9);
    assert_int_equal(record_load_plan(&record, study, &err), RC_OK);
    assert_int_equal(record.event_count, 0);
    record_release(&record);
    buf_release(&dir);
    buf_release(&path);
    buf_release(&text);
}

/* ---- appending ------------------------------------------------------------------------------- */

static uint32_t twice[] = {0, 0}, none[] = {FIXTURE_ARMS};
static const struct {
    struct record_event event;
    enum rc rc;
    const char *part;
} wrong[] = {
    {{.kind = EVENT_VOID, .round = 5, .reason = ""}, RC_BUG, "voided without a reason"},
    {{.kind = EVENT_VOID, .round = 5}, RC_BUG, "voided without a reason"},
    {{.kind = EVENT_VOID, .round = 3, .reason = "x"}, RC_INVALID, "is voided already"},
    {{.kind = EVENT_VOID, .round = 2, .reason = "x"}, RC_INVALID, "was looked at already"},
    {{.kind = EVENT_LOOK, .round = 9, .look = 2, .rounds = 4}, RC_INVALID, "\"look\" is not abov"},
    {{.kind = EVENT_LOOK, .round = 3, .look = 3, .rounds = 3}, RC_INVALID, "\"round\" is not"},
    {{.kind = EVENT_LOOK, .round = 9, .look = 3, .rounds = 2},
     RC_INVALID,
     "\"rounds\" is not above"},
    {{.kind = EVENT_LOOK, .round = 9, .look = 3, .rounds = 9}, RC_INVALID, "than there are val"},
    {{.kind = EVENT_LOOK, .round = 9, .look = 3, .rounds = 8, .dropped = twice, .dropped_count = 2},
     RC_INVALID,
     "\"dropped\" names an arm twice"},
    {{.kind = EVENT_LOOK, .round = 9, .look = 3, .rounds = 8, .dropped = none, .dropped_count = 1},
     RC_BUG,
     "drops an arm the study does not have"},
};

static void test_append_refuses(void **state)
{
    struct buf dir = {0}, before = {0}, after = {0}, path = {0};
    const char *study = make(&dir, *state, 0, COUNT_OF(story));
    fixture_read(study, NAME, &before);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct err err = {0};
        enum rc rc = record_event_append(study, &fixture_manifest, &wrong[i].event, &err);
        if (rc != wrong[i].rc || strstr(err.msg, wrong[i].part) == NULL)
            fail_msg("%zu: expected \"%s\", got %s: %s", i, wrong[i].part, rc_name(rc), err.msg);
        fixture_read(study, NAME, &after);
        assert_true(span_equal(buf_span(&before), buf_span(&after)));
    }
    /* A file that would begin with it is not begun. */
    struct err err = {0};
    assert_int_equal(unlink(fixture_join(&path, study, NAME)), 0);
    const struct record_event look0 = {.kind = EVENT_LOOK, .round = 1, .rounds = 1};
    assert_int_equal(record_event_append(study, &fixture_manifest, &look0, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "\"look\" must be at least 1"));
    assert_int_equal(access(buf_str(&path), F_OK), -1);
    err_clear(&err);
    assert_int_equal(record_event_append(*state, &fixture_manifest, &story[0], &err), RC_OK);
    fixture_join(&path, *state, "none");
    assert_int_equal(record_event_append(buf_str(&path), &fixture_manifest, &story[0], &err),
                     RC_IO);
    buf_release(&dir);
    buf_release(&before);
    buf_release(&after);
    buf_release(&path);
}

/* After a cut anywhere, the next append gives exactly the bytes an undisturbed file has. */
static void test_append_after_cut(void **state)
{
    struct buf dir = {0}, text = {0}, now = {0}, path = {0};
    struct err err = {0};
    const char *study = make(&dir, *state, 0, COUNT_OF(story));
    fixture_read(study, NAME, &text);
    size_t start = 0;
    for (size_t i = 0; i < COUNT_OF(story); i++) {
        size_t end =
            (size_t)(strchr((const char *)text.ptr + start, '\n') + 1 - (const char *)text.ptr);
        for (size_t len = start; len < end; len++) {
            fixture_write(study, NAME, text.ptr, len);
            append(study, &story[i]);
            fixture_read(study, NAME, &now);
            assert_true(span_equal(buf_span(&now), span_of(text.ptr, end)));
        }
        start = end;
    }
    assert_int_equal(start, text.len);
    /* What is not ours is not cut off. */
    fixture_write(study, NAME, "notes\n", 6);
    assert_int_equal(record_event_append(study, &fixture_manifest, &story[0], &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "events.jsonl:1:1: expected a value"));
    fixture_read(study, NAME, &now);
    assert_string_equal(buf_str(&now), "notes\n");
    /* Nor is what is no file written to. */
    err_clear(&err);
    assert_int_equal(unlink(fixture_join(&path, study, NAME)), 0);
    assert_int_equal(mkdir(buf_str(&path), 0777), 0);
    assert_int_equal(record_event_append(study, &fixture_manifest, &story[0], &err), RC_IO);
    FIXTURE_EXPECT_LOAD(study, RC_USAGE, NAME, "not a regular file");
    buf_release(&dir);
    buf_release(&text);
    buf_release(&now);
    buf_release(&path);
}

static enum rc append_with_room(const char *study, rlim_t bytes, struct err *err)
{
    struct rlimit saved, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    limit = saved;
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    enum rc rc = record_event_append(study, &fixture_manifest, &story[1], err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
    return rc;
}

static void test_disk_full(void **state)
{
    struct buf dir = {0}, before = {0}, after = {0}, path = {0};
    const char *study = make(&dir, *state, 0, 1);
    fixture_read(study, NAME, &before);
    signal(SIGXFSZ, SIG_IGN);
    const rlim_t room[] = {0, 1, 60};
    for (size_t i = 0; i < COUNT_OF(room); i++) {
        struct err err = {0};
        assert_int_equal(append_with_room(study, before.len + room[i], &err), RC_FULL);
        assert_non_null(strstr(err.msg, NAME));
        fixture_read(study, NAME, &after);
        assert_true(span_equal(buf_span(&before), buf_span(&after)));
    }
    struct err err = {0};
    assert_int_equal(unlink(fixture_join(&path, study, NAME)), 0);
    assert_int_equal(append_with_room(study, 5, &err), RC_FULL);
    assert_int_equal(access(buf_str(&path), F_OK), -1);
    signal(SIGXFSZ, SIG_DFL);
    buf_release(&dir);
    buf_release(&before);
    buf_release(&after);
    buf_release(&path);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void test_truncated(void **state)
{
    struct buf dir = {0}, text = {0};
    const char *study = make(&dir, *state, RUNS, COUNT_OF(story));
    fixture_read(study, NAME, &text);
    size_t whole = 0;
    for (size_t len = 0; len <= text.len; len++) {
        if (len > 0 && text.ptr[len - 1] == '\n')
            whole++;
        bool torn = len > 0 && text.ptr[len - 1] != '\n';
        fixture_write(study, NAME, text.ptr, len);
        struct record record;
        fixture_load(&record, study);
        assert_int_equal(record.event_count, whole);
        assert_int_equal(record.warnings, torn);
        if (torn)
            assert_non_null(strstr(record.warning, "last line is torn and is ignored"));
        record_release(&record);
    }
    assert_int_equal(whole, COUNT_OF(story));
    buf_release(&dir);
    buf_release(&text);
}

static const struct fixture_edit edits[] = {
    {"blobfront/event/1",
     "blobfront/event/2",
     RC_MISMATCH,
     {"events.jsonl:1: unknown schema \"blobfront/event/2\" (expected blobfront/event/1)"}},
    {"\"kind\":\"void\"",
     "\"kind\":\"viod\"",
     RC_USAGE,
     {"events.jsonl:1: \"kind\" is not void or"}},
    {"\"kind\":\"void\"", "\"kind\":0", RC_USAGE, {"expected a string for \"kind\", got number 0"}},
    {"\"round\":1", "\"round\":-1", RC_USAGE, {"events.jsonl:1: ", "\"round\", got number -1"}},
    {"\"round\":1", "\"round\":NaN", RC_USAGE, {"events.jsonl:1:", "expected a value, got \"N\""}},
    {"\"round\":1", "\"round\":Infinity", RC_USAGE, {"events.jsonl:1:", "got \"I\""}},
    {"\"round\":1", "\"round\":4294967296", RC_USAGE, {"\"round\" must be below 2^32"}},
    {"\"round\":1,", "\"round\":1,\"round\":1,", RC_USAGE, {"key \"round\" is given twice"}},
    {"\"round\":1,", "", RC_USAGE, {"events.jsonl:1: missing \"round\""}},
    {"steal time 7.1 % (limit 5 %)",
     "",
     RC_USAGE,
     {"events.jsonl:1: \"reason\" must not be empty"}},
    {"\"round\":3", "\"round\":1", RC_USAGE, {"events.jsonl:3: \"round\" is voided already"}},
    {"\"round\":3", "\"round\":2", RC_USAGE, {"events.jsonl:3: \"round\" was looked at already"}},
    {"\"look\":1", "\"look\":0", RC_USAGE, {"events.jsonl:2: \"look\" must be at least 1"}},
    {"\"look\":2", "\"look\":1", RC_USAGE, {"events.jsonl:4: \"look\" is not above that of"}},
    {"\"look\":1",
     "\"look\":3",
     RC_USAGE,
     {"events.jsonl:2: \"rounds\" is not what was planned for this look"}},
    {"\"look\":2",
     "\"look\":4",
     RC_USAGE,
     {"events.jsonl:4: \"look\" is above the number of looks"}},
    {"\"rounds\":2", "\"rounds\":0", RC_USAGE, {"events.jsonl:2: \"rounds\" must be at least 1"}},
    {"\"rounds\":2",
     "\"rounds\":3",
     RC_USAGE,
     {"events.jsonl:2: \"rounds\" is more than there are"}},
    {"\"rounds\":3", "\"rounds\":1", RC_USAGE, {"events.jsonl:4: \"rounds\" is not above that"}},
    {"\"rounds\":3", "\"rounds\":2", RC_USAGE, {"events.jsonl:4: \"rounds\" is not above that"}},
    {"\"rounds\":2", "\"rounds\":1", RC_USAGE, {"events.jsonl:2: \"rounds\" is not what was"}},
    {"\"round\":4", "\"round\":2", RC_USAGE, {"events.jsonl:4: \"round\" is not above that"}},
    /* Against the samples: rounds 0 to 4 are there, 1 and 3 void. */
    {"\"round\":2", "\"round\":3", RC_USAGE, {"events.jsonl:3: \"round\" was looked at already"}},
    {"\"round\":4",
     "\"round\":5",
     RC_USAGE,
     {"events.jsonl:4: \"round\" 5 was looked at, and is not complete"}},
    {"\"round\":3",
     "\"round\":5",
     RC_USAGE,
     {"events.jsonl:4: \"rounds\" is 3, and up to round 4 there are 4 complete rounds that count"}},
    {"\"round\":1",
     "\"round\":4294967295",
     RC_USAGE,
     {"events.jsonl:1: \"round\" 4294967295 is void, and round 5 before it was not begun"}},
    {"\"ends\":false",
     "\"ends\":true",
     RC_USAGE,
     {"events.jsonl:3: \"kind\" comes after a look that ended the study"}},
    {"\"ends\":false", "\"ends\":\"no\"", RC_USAGE, {"events.jsonl:2: expected true or false"}},
    {"\"dropped\":[]", "\"dropped\":null", RC_USAGE, {"events.jsonl:2: expected an array"}},
    {"\"dropped\":[]",
     "\"dropped\":[\"row\"]",
     RC_USAGE,
     {"events.jsonl:2: \"dropped[0]\" is not an arm of this study"}},
    {"\"dropped\":[]",
     "\"dropped\":[1]",
     RC_USAGE,
     {"events.jsonl:2: expected a string for \"dropped[0]\", got number 1"}},
    {"\"dropped\":[]",
     "\"dropped\":[\"raw\",\"raw\"]",
     RC_USAGE,
     {"events.jsonl:2: \"dropped\" names an arm twice"}},
    {"{\"schema\"", "\n{\"schema\"", RC_USAGE, {"events.jsonl:1:1: expected a JSON document"}},
    {"{\"schema\"", "[\"schema\"", RC_USAGE, {"events.jsonl:1:"}},
};

static void test_fields(void **state)
{
    struct buf dir = {0}, text = {0}, changed = {0};
    const char *study = make(&dir, *state, RUNS, COUNT_OF(story));
    fixture_check_edits(study, NAME, edits, COUNT_OF(edits));
    fixture_read(study, NAME, &text);
    static const struct fixture_edit unknown = {
        "\"round\":1", "\"round\":1,\"mood\":\"bad\"", RC_OK, {NULL}};
    fixture_replaced(&changed, &text, &unknown);
    fixture_write(study, NAME, changed.ptr, changed.len);
    struct record record;
    fixture_load(&record, study);
    assert_int_equal(record.warnings, 1);
    assert_non_null(strstr(record.warning, "events.jsonl:1: unknown key \"mood\" is ignored"));
    assert_int_equal(record.event_count, COUNT_OF(story));
    record_release(&record);
    buf_release(&dir);
    buf_release(&text);
    buf_release(&changed);
}

/* Events of another study than the samples are of. */
static void test_samples_cut(void **state)
{
    struct buf dir = {0}, text = {0};
    struct record record;
    const char *study = make(&dir, *state, RUNS, COUNT_OF(story));
    fixture_read(study, "samples.jsonl", &text);
    const uint8_t *end = text.ptr;
    for (size_t line = 0; line < RUNS * FIXTURE_LINES; line++) {
        fixture_write(study, "samples.jsonl", text.ptr, (size_t)(end - text.ptr));
        if (line < FIXTURE_LINES) /* no run of round 0 */
            FIXTURE_EXPECT_LOAD(study, RC_USAGE,
                                "events.jsonl:1: \"round\" 1 is void, and round 0");
        else if (line < 6 * FIXTURE_LINES)
            FIXTURE_EXPECT_LOAD(study, RC_USAGE, "events.jsonl:2: \"round\" 2 was looked at");
        else
            FIXTURE_EXPECT_LOAD(study, RC_USAGE, "events.jsonl:4: \"round\" 4 was looked at");
        end = (const uint8_t *)memchr(end, '\n', text.len) + 1;
    }
    fixture_write(study, "samples.jsonl", text.ptr, text.len);
    fixture_load(&record, study);
    record_release(&record);
    /* A run after the study had ended. */
    fixture_read(study, NAME, &text);
    static const struct fixture_edit ends = {
        "\"rounds\":3,\"ends\":false", "\"rounds\":3,\"ends\":true", RC_OK, {NULL}};
    struct buf changed = {0};
    fixture_replaced(&changed, &text, &ends);
    fixture_write(study, NAME, changed.ptr, changed.len);
    fixture_load(&record, study);
    assert_true(record.events[3].ends);
    record_release(&record);
    struct sample run[FIXTURE_LINES];
    fixture_run(run, RUNS);
    fixture_append(study, run);
    FIXTURE_EXPECT_LOAD(study, RC_USAGE,
                        "events.jsonl:4: \"ends\" is true, and run 10 of round 5 came after it");
    buf_release(&dir);
    buf_release(&text);
    buf_release(&changed);
}

/* Looks and drops are those of the plan. */
static void test_unplanned(void **state)
{
    struct buf dir = {0};
    const char *study = make(&dir, *state, 0, 0);
    struct record_manifest plan = fixture_manifest;
    struct record_event look = {.kind = EVENT_LOOK, .round = 1, .look = 1, .rounds = 2};
    struct err err = {0};
    plan.protocol = (struct record_protocol){.stopping = STOPPING_FIXED};
    assert_int_equal(record_event_append(study, &plan, &look, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "\"look\" is there, and \"stopping\" is \"fixed\""));
    plan.protocol.stopping = STOPPING_UNTIL;
    err_clear(&err);
    assert_int_equal(record_event_append(study, &plan, &look, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "\"rounds\" is not what was planned for this look"));
    look.round = 6;
    look.rounds = 6;
    look.look = 2;
    look.dropped = second;
    look.dropped_count = 1;
    err_clear(&err);
    assert_int_equal(record_event_append(study, &plan, &look, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "\"dropped\" names arms in a study without racing"));
    plan.protocol.racing = true;
    assert_int_equal(record_event_append(study, &plan, &look, &err), RC_OK);
    buf_release(&dir);
}

static void test_due(void **state)
{
    static const struct {
        enum stopping stopping;
        uint32_t rounds, look;
    } rows[] = {
        {STOPPING_FIXED, 2, 0}, {STOPPING_LOOKS, 1, 0}, {STOPPING_LOOKS, 2, 1},
        {STOPPING_LOOKS, 3, 2}, {STOPPING_LOOKS, 7, 0}, {STOPPING_LOOKS, 8, 3},
        {STOPPING_LOOKS, 9, 0}, {STOPPING_UNTIL, 4, 0}, {STOPPING_UNTIL, 5, 1},
        {STOPPING_UNTIL, 9, 5},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct record_protocol protocol = fixture_manifest.protocol;
        protocol.stopping = rows[i].stopping;
        assert_int_equal(record_look_due(&protocol, rows[i].rounds), rows[i].look);
    }
}

/* The look that is taken when a time budget ends a study: the next one, early. */
static void test_early(void **state)
{
    static const struct {
        enum stopping stopping;
        uint32_t rounds, look;
    } rows[] = {
        {STOPPING_FIXED, 0, 0},  {STOPPING_FIXED, 1, 1}, {STOPPING_FIXED, 11, 1},
        {STOPPING_FIXED, 12, 0}, {STOPPING_LOOKS, 1, 1}, {STOPPING_LOOKS, 2, 0},
        {STOPPING_LOOKS, 3, 0},  {STOPPING_LOOKS, 4, 3}, {STOPPING_LOOKS, 7, 3},
        {STOPPING_LOOKS, 8, 0},  {STOPPING_LOOKS, 9, 0}, {STOPPING_UNTIL, 3, 0},
        {STOPPING_UNTIL, 9, 0},
    };
    struct buf dir = {0};
    struct record_manifest plan = fixture_manifest;
    plan.rounds = 12;
    const char *study = make(&dir, *state, 0, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        plan.protocol.stopping = rows[i].stopping;
        assert_int_equal(record_look_early(&plan, rows[i].rounds), rows[i].look);
        /* Only so, and only at the end. */
        for (uint32_t look = 1; look <= 3 && rows[i].rounds > 0; look++) {
            struct record_event event = {.kind = EVENT_LOOK,
                                         .round = rows[i].rounds,
                                         .look = look,
                                         .rounds = rows[i].rounds};
            struct err err = {0};
            bool planned = record_look_due(&plan.protocol, rows[i].rounds) == look;
            struct buf path = {0};
            fixture_join(&path, study, NAME);
            (void)unlink(buf_str(&path));
            assert_int_equal(record_event_append(study, &plan, &event, &err),
                             planned ? RC_OK : RC_INVALID);
            (void)unlink(buf_str(&path));
            event.ends = true;
            err_clear(&err);
            assert_int_equal(record_ends_early(&plan, &event), rows[i].look == look);
            assert_int_equal(record_event_append(study, &plan, &event, &err),
                             planned || rows[i].look == look ? RC_OK : RC_INVALID);
            buf_release(&path);
        }
    }
    buf_release(&dir);
}

static void test_claim_rounds(void **state)
{
    static const struct {
        enum stopping stopping;
        uint32_t counted, ended, claims, next; /* ended: by a look after so many, 0: not */
    } rows[] = {
        {STOPPING_FIXED, 0, 0, 0, 12},
        {STOPPING_FIXED, 11, 0, 0, 12},
        {STOPPING_FIXED, 11, 11, 11, 0},
        {STOPPING_FIXED, 12, 0, 12, 0},
        {STOPPING_LOOKS, 1, 0, 0, 2},
        {STOPPING_LOOKS, 2, 0, 2, 3},
        {STOPPING_LOOKS, 5, 0, 3, 8},
        {STOPPING_LOOKS, 5, 5, 5, 0},
        {STOPPING_LOOKS, 3, 3, 3, 0},
        {STOPPING_LOOKS, 8, 0, 8, 0},
        /* What is asked of a part of it: as it was then. */
        {STOPPING_LOOKS, 2, 5, 2, 3},
        {STOPPING_UNTIL, 4, 0, 4, 0},
        {STOPPING_UNTIL, 7, 0, 7, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct record_event end = {.kind = EVENT_LOOK, .ends = true, .rounds = rows[i].ended};
        struct record record = {.manifest = fixture_manifest, .events = &end};
        uint32_t next = 99;
        record.manifest.rounds = 12;
        record.manifest.protocol.stopping = rows[i].stopping;
        record.manifest.protocol.look_count = rows[i].stopping == STOPPING_LOOKS ? 3 : 0;
        record.event_count = rows[i].ended > 0;
        assert_int_equal(record_claim_rounds(&record, rows[i].counted, &next), rows[i].claims);
        assert_int_equal(next, rows[i].next);
    }
}

/* Any byte flipped: loads or is refused, and never crashes. */
static void test_flipped(void **state)
{
    struct buf dir = {0}, text = {0};
    const char *study = make(&dir, *state, RUNS, COUNT_OF(story));
    fixture_read(study, NAME, &text);
    size_t refused = 0;
    for (size_t i = 0; i < text.len; i++) {
        text.ptr[i] ^= 0x15;
        fixture_write(study, NAME, text.ptr, text.len);
        text.ptr[i] ^= 0x15;
        struct record record;
        struct err err = {0};
        enum rc rc = record_load(&record, study, &err);
        assert_true(rc == RC_OK || rc == RC_USAGE || rc == RC_MISMATCH);
        refused += rc != RC_OK;
        record_release(&record);
    }
    assert_true(refused > text.len / 2);
    buf_release(&dir);
    buf_release(&text);
}

/* ---- which runs a study must have ------------------------------------------------------------ */

static void load_study(struct record *record, const char *parent, const char *name)
{
    struct buf dir = {0}, path = {0};
    make(&dir, fixture_join(&path, parent, name), RUNS, COUNT_OF(story));
    fixture_load(record, buf_str(&dir));
    buf_release(&dir);
    buf_release(&path);
}

static void expect(const struct record *record, const char *part)
{
    struct err err = {0};
    enum rc rc = record_verify(record, &err);
    if (part == NULL ? rc != RC_OK : rc != RC_INVALID || strstr(err.msg, part) == NULL)
        fail_msg("expected \"%s\", got %s: %s", part == NULL ? "" : part, rc_name(rc), err.msg);
}

/* Take the lines of a run away. */
static void remove_run(struct record *record, uint32_t round, uint32_t arm)
{
    size_t kept = 0;
    for (size_t i = 0; i < record->sample_count; i++) {
        if (record->samples[i].round != round || record->samples[i].arm != arm)
            record->samples[kept++] = record->samples[i];
    }
    assert_int_equal(kept + FIXTURE_LINES, record->sample_count);
    record->sample_count = kept;
    record->run_count--;
}

static struct sample *run_line(struct record *record, uint32_t round, uint32_t arm)
{
    for (size_t i = 0; i < record->sample_count; i++) {
        struct sample *sample = &record->samples[i];
        if (sample->kind == SAMPLE_RUN && sample->round == round && sample->arm == arm)
            return sample;
    }
    fail_msg("no such run");
    return NULL;
}

static void test_void_rounds(void **state)
{
    struct record record;
    load_study(&record, *state, "a");
    expect(&record, NULL);
    /* A void round may be complete or not; the others may not. */
    remove_run(&record, 1, 0);
    remove_run(&record, 3, 1);
    expect(&record, NULL);
    remove_run(&record, 3, 0);
    expect(&record, NULL);
    record.event_count = 2;
    expect(&record, "round 3 has no run of arm \"raw\"");
    record.event_count = 0;
    expect(&record, "round 1 has no run of arm \"raw\"");
    record.event_count = COUNT_OF(story);
    /* What ran in it is a run like any other, but for its timings. */
    run_line(&record, 1, 1)->round = 2;
    expect(&record, "round 2 has arm \"chunked:avg=8k \\x22\xc3\xa9\\x22\" twice");
    record_release(&record);

    load_study(&record, *state, "b");
    struct sample *line = run_line(&record, 1, 1);
    line->slot = 1;
    expect(&record, "round 1 has two runs in slot 1");
    line->slot = 0;
    line->verification = "00";
    expect(&record, "read other bytes");
    line->verification = "0123456789abcdef";
    line->value[M_VERIFIED_BLOBS] = 9;
    expect(&record, "counter \"verified_blobs\" is 8 in run 1 and 9 in run 2");
    line->value[M_VERIFIED_BLOBS] = 8;
    expect(&record, NULL);
    record_release(&record);
}

static void test_dropped_arms(void **state)
{
    struct record record;
    struct err err = {0};
    static const struct record_event early[] = {
        {.kind = EVENT_LOOK,
         .round = 1,
         .reason = "",
         .look = 1,
         .rounds = 2,
         .dropped = second,
         .dropped_count = 1},
        {.kind = EVENT_LOOK, .round = 2, .reason = "", .look = 2, .rounds = 3}};
    load_study(&record, *state, "a");
    /* The story drops the second arm after the last round: nothing is wrong. */
    expect(&record, NULL);
    record.events = (struct record_event *)(void *)(uintptr_t)early;
    record.event_count = COUNT_OF(early);
    expect(&record, "run 4 is of round 2, and its arm \"chunked:avg=8k \\x22\xc3\xa9\\x22\" was "
                    "dropped after round 1");
    assert_int_equal(record_verify_arm(&record, 0, &err), RC_OK);
    assert_int_equal(record_verify_arm(&record, 1, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "was dropped after round 1"));
    for (uint32_t round = 2; round < ROUNDS; round++)
        remove_run(&record, round, 1);
    /* Slots keep their numbers, so there are gaps. */
    assert_int_equal(run_line(&record, 3, 0)->slot, 1);
    expect(&record, NULL);
    record.event_count = 1;
    expect(&record,
           "events.jsonl: look 2 was due after round 2 and is not there, later rounds are");
    record.event_count = COUNT_OF(early);
    err_clear(&err);
    assert_int_equal(record_verify_arm(&record, 1, &err), RC_OK);
    remove_run(&record, 1, 1);
    expect(&record, "round 1 has no run of arm \"chunked:avg=8k");
    remove_run(&record, 3, 0);
    record.event_count = 0;
    expect(&record, "round 1 has no run of arm \"chunked:avg=8k");
    record_release(&record);

    /* A round missing between others. */
    load_study(&record, *state, "b");
    record.events = (struct record_event *)(void *)(uintptr_t)early;
    record.event_count = COUNT_OF(early);
    for (uint32_t round = 2; round < ROUNDS; round++)
        remove_run(&record, round, 1);
    remove_run(&record, 3, 0);
    expect(&record, "round 3 has no run of arm \"raw\"");
    record_release(&record);
}

/* Valid runs of a round share its environment; a run that crashed may not know. */
static void test_padding(void **state)
{
    struct record record;
    load_study(&record, *state, "a");
    struct sample *line = run_line(&record, 0, 1);
    line->env_padding = 0;
    expect(&record, "of round 0 had other environments: 17 and 0 bytes of padding");
    line->valid = false;
    line->reason = "ended by signal 11";
    expect(&record, NULL);
    record_release(&record);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_round_trip),        FOLDER_TEST(test_append_refuses),
        FOLDER_TEST(test_append_after_cut),  FOLDER_TEST(test_disk_full),
        FOLDER_TEST(test_truncated),         FOLDER_TEST(test_fields),
        FOLDER_TEST(test_flipped),           FOLDER_TEST(test_void_rounds),
        FOLDER_TEST(test_dropped_arms),      FOLDER_TEST(test_padding),
        FOLDER_TEST(test_samples_cut),       FOLDER_TEST(test_unplanned),
        cmocka_unit_test(test_due),          FOLDER_TEST(test_early),
        cmocka_unit_test(test_claim_rounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
