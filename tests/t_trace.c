/* t_trace: traces: every byte of a small one, random ones there and back, every damage refused. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/rng.h"
#include "tests/support_fixture.h"
#include "workloads/trace.h"

#define NAME "t.bft"

static void must(enum rc rc, const struct err *err)
{
    if (rc != RC_OK)
        fail_msg("%s: %s", rc_name(rc), err->msg);
}

/* ---- plans and operations made up ------------------------------------------------------------ */

static struct record_phase phases[] = {
    {.name = "first", .workload = "ingest", .options = "", .snapshot = "after_first"},
    {.name = "second", .workload = "mixed", .options = "ops=9", .snapshot = "", .reads_only = true},
};

static struct record_manifest make_manifest(size_t phase_count)
{
    return (struct record_manifest){
        .dataset_spec = "random:files=3",
        .seed = 300,
        .dataset_files = 3,
        .dataset_bytes = 70000,
        .retention = "history",
        .durability = "durable",
        .batch = 4,
        .phases = phases,
        .phase_count = phase_count,
    };
}

/* One of every kind, with all that is not as expected about them. */
static void draw_small(struct drawn *drawn, struct err *err)
{
    struct schedule *s = &drawn->schedule;
    *drawn = (struct drawn){.phase_count = 2, .phase_batch = {4, 7}, .phase_lanes = {0, 2}};
    schedule_init(s, err);
    must(schedule_insert(s), err);     /* 0 */
    must(schedule_insert(s), err);     /* 1 */
    must(schedule_update(s, 0), err);  /* file 0: a step of -1 */
    must(schedule_rewrite(s, 0), err); /* content 1 again, not 2 */
    drawn->phase_start[1] = s->count;
    must(schedule_read(s, 1), err);            /* the newest */
    must(schedule_read_version(s, 0, 0), err); /* two versions ago */
    s->ops[s->count - 1].lane = 2;
    must(schedule_read_at(s, 1, 300, 4096), err);
    must(schedule_scan(s), err);
    must(schedule_delete(s, 0), err);
    must(schedule_update(s, 0), err); /* comes back with content 2 */
    must(schedule_reopen(s), err);
    must(schedule_measure(s), err);
    drawn->phase_start[2] = s->count;
}

static void print_small(struct buf *out)
{
    struct err err = {0};
    struct record_manifest manifest = make_manifest(2);
    struct drawn drawn;
    struct trace trace;
    draw_small(&drawn, &err);
    trace_describe(&trace, &manifest, &drawn, NULL);
    memset(trace.dataset_hash.bytes, 0xab, sizeof(trace.dataset_hash.bytes));
    must(trace_print(&trace, &drawn, out, &err), &err);
    drawn_release(&drawn);
}

static enum rc read_bytes(const char *dir, struct span bytes, struct trace *trace,
                          struct drawn *drawn, struct err *err)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, NAME);
    /* Thousands are written: none is synced, nor truncated, which some file systems sync. */
    (void)remove(path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
    *drawn = (struct drawn){.phase_count = 0};
    schedule_init(&drawn->schedule, err);
    enum rc rc = trace_read(trace, path, err);
    return rc == RC_OK ? trace_draw(trace, trace->batch, drawn) : rc;
}

static bool same_op(const struct op *a, const struct op *b)
{
    return a->kind == b->kind && a->file == b->file && a->version == b->version &&
           a->content == b->content && a->at == b->at && a->len == b->len && a->lane == b->lane;
}

/* ---- the bytes ------------------------------------------------------------------------------- */

/* As docs/traces.md spells it out. */
static void test_golden(void **state)
{
    static const uint8_t golden[] = {
        'B',  'F',  'T',  'R',  'A',  'C',  'E',  '\n', 1,    0,    0,    0, /* version 1 */
        0, /* no blobs of its own */
        14,   'r',  'a',  'n',  'd',  'o',  'm',  ':',  'f',  'i',  'l',  'e',
        's',  '=',  '3', /* dataset */
        0xac, 0x02,      /* seed 300 */
        0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
        0xab, 0xab, 0xab, 0xab,                            /* dataset hash */
        3,    0xf0, 0xa2, 0x04,                            /* files, bytes 70000 */
        0,                                                 /* retention: history */
        7,    'd',  'u',  'r',  'a',  'b',  'l',  'e',  4, /* durability, writes per transaction */
        0,                                                 /* flags: no times */
        2,                                                 /* phases */
        5,    'f',  'i',  'r',  's',  't',  6,    'i',  'n',  'g',  'e',  's',
        't',  0, /* name, workload, options */
        11,   'a',  'f',  't',  'e',  'r',  '_',  'f',  'i',  'r',  's',  't', /* snapshot */
        0,    0,    0,    4, /* flags, the study's batch, no lanes, operations */
        6,    's',  'e',  'c',  'o',  'n',  'd',  5,    'm',  'i',  'x',  'e',
        'd',                                   /* name, workload */
        5,    'o',  'p',  's',  '=',  '9',  0, /* options, no snapshot */
        1,    7,    2,    8,                   /* reads only, batch 7, two lanes, operations */
        0,    0,                               /* insert file 0, insert file 1 */
        1,    1,                               /* update, file 1 - 1: version 1, content 1 */
        0x11, 0,    1,                         /* update, the same file, content 2 - 1 */
        2,    2,                               /* read, file 0 + 1 */
        0x32, 2,    1,    2,                   /* read, in lane 2, file 1 - 1, version 2 - 2 */
        4,    2,    0xac, 2,    0x80, 0x20,    /* read_at, file 0 + 1, at 300, 4096 bytes */
        3,                                     /* scan */
        5,    1,                               /* delete, file 1 - 1 */
        1,    0,                               /* update, the same file: version 3, content 2 */
        6,    0,    0,    0,    0,    0,       /* reopen */
        8,    0,    0,    0,    0,    0,       /* measure */
    };
    struct buf out = {0};
    (void)state;
    print_small(&out);
    assert_int_equal(out.len, sizeof(golden) + 16);
    assert_memory_equal(out.ptr, golden, sizeof(golden));
    struct hash128 hash = hash_xxh128(span_of(golden, sizeof(golden)));
    assert_memory_equal(out.ptr + sizeof(golden), hash.bytes, 16);
    buf_release(&out);
}

/* What a reader makes of them. */
static void test_small(void **state)
{
    struct err err = {0};
    struct buf bytes = {0};
    struct trace trace;
    struct drawn drawn, want;
    print_small(&bytes);
    must(read_bytes(*state, buf_span(&bytes), &trace, &drawn, &err), &err);
    assert_string_equal(trace.dataset_spec, "random:files=3");
    assert_int_equal(trace.seed, 300);
    assert_int_equal(trace.dataset_files, 3);
    assert_int_equal(trace.dataset_bytes, 70000);
    assert_true(trace.keep_history && !trace.timed && !trace.blobs.look);
    assert_string_equal(trace.durability, "durable");
    assert_int_equal(trace.batch, 4);
    assert_int_equal(trace.op_count, 12);
    assert_string_equal(trace.phases[1].options, "ops=9");
    assert_true(trace.phases[1].reads_only && !trace.phases[0].reads_only);
    assert_string_equal(trace.phases[0].snapshot, "after_first");
    draw_small(&want, &err);
    assert_int_equal(drawn.schedule.count, want.schedule.count);
    for (size_t i = 0; i < want.schedule.count; i++)
        assert_true(same_op(&drawn.schedule.ops[i], &want.schedule.ops[i]));
    assert_memory_equal(drawn.phase_start, want.phase_start, 3 * sizeof(*want.phase_start));
    assert_memory_equal(drawn.phase_batch, want.phase_batch, 2 * sizeof(*want.phase_batch));
    assert_memory_equal(drawn.phase_lanes, want.phase_lanes, 2 * sizeof(*want.phase_lanes));
    assert_null(drawn.times_ns);
    drawn_release(&want);
    drawn_release(&drawn);
    trace_release(&trace);
    buf_release(&bytes);
}

/* ---- there and back -------------------------------------------------------------------------- */

static void draw_random_op(struct schedule *s, struct rng *rng, struct err *err)
{
    uint64_t kind = rng_below(rng, 13);
    if (s->live_count == 0 || kind == 0) {
        /* A deleted file comes back, or a new one is made. */
        uint32_t file = s->file_count ? (uint32_t)rng_below(rng, s->file_count) : 0;
        if (s->file_count > 0 && s->files[file].place == SCHEDULE_DELETED)
            must(schedule_write(s, file, (uint32_t)rng_below(rng, 500)), err);
        else
            must(schedule_insert(s), err);
        return;
    }
    uint32_t file = schedule_pick(s, rng);
    const struct schedule_file *known = &s->files[file];
    switch (kind) {
    case 1: must(schedule_update(s, file), err); break;
    case 2: must(schedule_rewrite(s, file), err); break;
    case 3: must(schedule_write(s, file, (uint32_t)rng_below(rng, 99999)), err); break;
    case 4: must(schedule_delete(s, file), err); break;
    case 5: must(schedule_scan(s), err); break;
    case 6: must(schedule_reopen(s), err); break;
    case 7: must(schedule_measure(s), err); break;
    case 8:
        must(schedule_read_at(s, file, (uint32_t)rng_u64(rng), 1 + (uint32_t)rng_below(rng, 9999)),
             err);
        break;
    case 9:
        must(schedule_read_version(s, file,
                                   known->oldest +
                                       (uint32_t)rng_below(rng, known->newest - known->oldest + 1)),
             err);
        break;
    case 10: {
        uint32_t files[4];
        size_t count = rng_below(rng, 5);
        for (size_t i = 0; i < count; i++)
            files[i] = schedule_pick(s, rng);
        must(schedule_crash(s, files, (uint32_t)count, file), err);
        break;
    }
    default: must(schedule_read(s, file), err); break;
    }
}

/* A crash keeps its updates. */
static void drop_op(struct schedule *s, size_t at)
{
    memmove(&s->ops[at], &s->ops[at + 1], (s->count - at - 1) * sizeof(*s->ops));
    s->count--;
}

/* Times only where every operation can have one. */
static void draw_random(struct drawn *drawn, struct rng *rng, bool timed, struct err *err)
{
    *drawn = (struct drawn){.phase_count = 2, .phase_batch = {4, 1}, .phase_lanes = {3, 0}};
    schedule_init(&drawn->schedule, err);
    for (size_t phase = 0; phase < 2; phase++) {
        size_t count = rng_below(rng, 400) + 1;
        for (size_t i = 0; i < count; i++) {
            struct schedule *s = &drawn->schedule;
            size_t first = s->count;
            draw_random_op(s, rng, err);
            struct op *op = &s->ops[first];
            if (timed && op->kind >= OP_REOPEN)
                drop_op(s, first);
            else if (phase == 0 && op->kind == OP_READ)
                op->lane = (uint32_t)rng_below(rng, 4);
        }
        drawn->phase_start[phase + 1] = drawn->schedule.count;
    }
    if (!timed)
        return;
    drawn->times_ns = calloc(drawn->schedule.count + 1, sizeof(*drawn->times_ns));
    assert_non_null(drawn->times_ns);
    for (size_t i = 0; i < drawn->schedule.count; i++)
        drawn->times_ns[i] = (i == 0 || i == drawn->phase_start[1] ? 0 : drawn->times_ns[i - 1]) +
                             rng_u64(rng) % ((uint64_t)1 << rng_below(rng, 40));
}

static void test_round_trips(void **state)
{
    enum { TRACES = 60 };
    struct record_manifest manifest = make_manifest(2);
    for (uint64_t seed = 0; seed < TRACES; seed++) {
        struct err err = {0};
        struct rng rng = rng_stream(seed, "t_trace", 0);
        struct buf bytes = {0}, again = {0};
        struct drawn drawn, back;
        struct trace trace, read;
        manifest.retention = seed & 2 ? "history" : "latest";
        draw_random(&drawn, &rng, seed & 1, &err);
        trace_describe(&trace, &manifest, &drawn, NULL);
        must(trace_print(&trace, &drawn, &bytes, &err), &err);
        must(read_bytes(*state, buf_span(&bytes), &read, &back, &err), &err);
        assert_int_equal(back.schedule.count, drawn.schedule.count);
        for (size_t i = 0; i < drawn.schedule.count; i++)
            assert_true(same_op(&back.schedule.ops[i], &drawn.schedule.ops[i]));
        assert_true(!back.times_ns == !drawn.times_ns);
        if (drawn.times_ns)
            assert_memory_equal(back.times_ns, drawn.times_ns,
                                drawn.schedule.count * sizeof(*drawn.times_ns));
        /* What exists in the end is the same, too. */
        assert_int_equal(back.schedule.live_count, drawn.schedule.live_count);
        assert_memory_equal(back.schedule.files, drawn.schedule.files,
                            drawn.schedule.file_count * sizeof(*drawn.schedule.files));
        must(trace_print(&read, &back, &again, &err), &err);
        assert_true(span_equal(buf_span(&bytes), buf_span(&again)));
        /* "Compact": three bytes for all but parts, contents told and times. */
        if (!drawn.times_ns)
            assert_true(bytes.len < 200 + 8 * drawn.schedule.count);
        drawn_release(&drawn);
        drawn_release(&back);
        trace_release(&read);
        buf_release(&bytes);
        buf_release(&again);
    }
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void expect_refused(const char *dir, struct span bytes, enum rc least, const char *what)
{
    struct err err = {0};
    struct trace trace;
    struct drawn drawn;
    enum rc rc = read_bytes(dir, bytes, &trace, &drawn, &err);
    if (rc != RC_USAGE && rc != RC_CORRUPT)
        fail_msg("%s of %zu bytes: %s %s", what, bytes.len, rc_name(rc), err.msg);
    if (least != RC_OK)
        assert_int_equal(rc, least);
    assert_non_null(strstr(err.msg, NAME "\": byte "));
    assert_non_null(strstr(err.msg, "expected "));
    assert_non_null(strstr(err.msg, "got "));
    drawn_release(&drawn);
    trace_release(&trace);
}

static void test_damage(void **state)
{
    struct buf bytes = {0};
    struct err err = {0};
    print_small(&bytes);
    struct span whole = buf_span(&bytes);
    for (size_t len = 0; len < bytes.len; len++)
        expect_refused(*state, span_of(whole.ptr, len), len == 0 ? RC_USAGE : RC_CORRUPT, "a part");
    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes.ptr[i] ^= (uint8_t)(1u << bit);
            expect_refused(*state, whole, i < 12 ? RC_USAGE : RC_CORRUPT, "a flipped bit");
            bytes.ptr[i] ^= (uint8_t)(1u << bit);
        }
    }
    must(buf_append(&bytes, span_of("", 1), &err), &err);
    expect_refused(*state, buf_span(&bytes), RC_CORRUPT, "one byte more");
    static const uint8_t other[] = "SQLite format 3\0 and then pages of it";
    expect_refused(*state, span_of(other, sizeof(other)), RC_USAGE, "another format");
    buf_release(&bytes);
}

static void seal(struct buf *bytes)
{
    struct hash128 hash = hash_xxh128(span_of(bytes->ptr, bytes->len - 16));
    memcpy(bytes->ptr + bytes->len - 16, hash.bytes, 16);
}

/* Every byte changed by somebody who seals the file again: refused, or another trace, which is
 * written as it was read: there is one way to write a trace only. */
static void test_sealed_changes(void **state)
{
    struct buf bytes = {0};
    size_t refused = 0, taken = 0;
    print_small(&bytes);
    for (size_t i = 12; i < bytes.len - 16; i++) {
        uint8_t was = bytes.ptr[i];
        for (unsigned value = 0; value < 256; value++) {
            struct err err = {0};
            struct trace trace;
            struct drawn drawn;
            struct buf again = {0};
            bytes.ptr[i] = (uint8_t)value;
            seal(&bytes);
            enum rc rc = read_bytes(*state, buf_span(&bytes), &trace, &drawn, &err);
            if (rc == RC_OK) {
                taken++;
                must(trace_print(&trace, &drawn, &again, &err), &err);
                if (!span_equal(buf_span(&again), buf_span(&bytes)))
                    fail_msg("byte %zu as %u is written otherwise", i, value);
            } else {
                refused++;
                assert_int_equal(rc, RC_USAGE);
                assert_non_null(strstr(err.msg, NAME "\": byte "));
            }
            drawn_release(&drawn);
            trace_release(&trace);
            buf_release(&again);
        }
        bytes.ptr[i] = was;
    }
    assert_true(refused > 10000 && taken > 4000);
    buf_release(&bytes);
}

/* ---- what cannot be -------------------------------------------------------------------------- */

/* A head as docs/traces.md has it, then `ops`. */
struct craft {
    const char *dataset, *phase, *workload;
    uint64_t phases, retention, flags, count, lanes;
    uint8_t ops[40];
    size_t len;
    const char *message;
};

static void craft_print(const struct craft *craft, struct buf *out, struct err *err)
{
    struct pack to = {.out = out, .err = err};
    static const uint8_t hash[16] = {0};
    trace_file_begin(&to);
    pack_number(&to, 0);
    pack_text(&to, span_of_str(craft->dataset ? craft->dataset : "lix-v1"));
    pack_number(&to, 1);
    pack_bytes(&to, span_of(hash, sizeof(hash)));
    pack_number(&to, 96);
    pack_number(&to, 6291456);
    pack_number(&to, craft->retention);
    pack_text(&to, span_of_str("durable"));
    pack_number(&to, 1);
    pack_number(&to, craft->flags);
    pack_number(&to, craft->phases ? craft->phases : 1);
    pack_text(&to, span_of_str(craft->phase ? craft->phase : "p"));
    pack_text(&to, span_of_str(craft->workload ? craft->workload : "trace"));
    pack_text(&to, span_of_str(""));
    pack_text(&to, span_of_str(""));
    pack_number(&to, 0);
    pack_number(&to, 0);
    pack_number(&to, craft->lanes);
    pack_number(&to, craft->count);
    pack_bytes(&to, span_of(craft->ops, craft->len));
    trace_file_end(&to);
    must(to.rc, err);
}

static const struct craft crafts[] = {
    {.count = 1, .ops = {0}, .len = 1},
    {.count = 1, .ops = {0, 0}, .len = 2, .message = "expected the end, got 1 more bytes"},
    {.count = 2, .ops = {0}, .len = 1, .message = "operations: expected 2, got 1 bytes"},
    {.count = 0, .len = 0, .message = "operations: expected at least one"},
    {.count = 1,
     .ops = {1, 0},
     .len = 2,
     .message = "update of file 0 version 0 is of a file "
                "that was never inserted"},
    {.count = 2, .ops = {0, 2, 2}, .len = 3, .message = "file: expected 0..0, got 0+1"},
    {.count = 2, .ops = {0, 2, 1}, .len = 3, .message = "file: expected 0..0, got 0-1"},
    {.count = 2,
     .ops = {0, 0x12, 0, 1},
     .len = 4,
     .message = "is of a version that is not "
                "there"},
    {.count = 2, .ops = {0, 0x12, 0, 0}, .len = 4, .message = "age: expected 1..1, got 0"},
    {.count = 4,
     .ops = {0, 5, 0, 1, 0, 0x12, 0, 1},
     .len = 8,
     .message = "operation 3: read of file 0 version 0 is of a version that is not there"},
    {.count = 3, .ops = {0, 5, 0, 2, 0}, .len = 5, .message = "is of a file that was deleted"},
    {.count = 3, .ops = {0, 5, 0, 5, 0}, .len = 5, .message = "is of a file that was deleted"},
    {.count = 2,
     .ops = {0, 4, 0, 0, 0},
     .len = 5,
     .message = "length: expected 1..1000000000, "
                "got 0"},
    {.count = 1, .ops = {9}, .len = 1, .message = "operation: expected a known kind, got 9"},
    {.count = 1, .ops = {0x40}, .len = 1, .message = "operation: expected 0..63, got 64"},
    {.count = 2, .ops = {0, 0x15, 0}, .len = 3, .message = "operation: expected a known kind"},
    {.count = 2,
     .ops = {0, 0x11, 0, 0},
     .len = 4,
     .message = "content: expected another than "
                "1"},
    {.count = 2,
     .ops = {0, 0x22, 1, 0},
     .len = 4,
     .message = "is of a lane its phase does not "
                "have"},
    {.count = 2, .lanes = 1, .ops = {0, 0x22, 1, 0}, .len = 4},
    {.count = 1,
     .flags = 1,
     .ops = {6, 0, 0, 0, 0, 0, 0},
     .len = 7,
     .message = "is of a kind that has no time"},
    {.count = 1,
     .flags = 1,
     .ops = {0},
     .len = 1,
     .message = "time: expected a number, got "
                "the end"},
    {.count = 1,
     .flags = 1,
     .ops = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
     .len = 11,
     .message = "time: expected 0..1000000000000000000, got 18446744073709551615"},
    {.count = 1,
     .flags = 1,
     .ops = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2},
     .len = 11,
     .message = "time: expected a number in its shortest form, below 2^64"},
    {.count = 1,
     .flags = 1,
     .ops = {0, 0x80, 0},
     .len = 3,
     .message = "time: expected a number in its shortest form"},
    {.count = 1, .flags = 2, .ops = {0}, .len = 1, .message = "flags: expected 0..1, got 2"},
    {.count = 1, .retention = 2, .ops = {0}, .len = 1, .message = "retention: expected 0..1"},
    {.count = 1,
     .phases = 33,
     .ops = {0},
     .len = 1,
     .message = "phases: expected 1..32, got "
                "33"},
    {.count = 1, .phases = 2, .ops = {0}, .len = 1, .message = "phase: expected"},
    {.count = 1,
     .phase = "../x",
     .ops = {0},
     .len = 1,
     .message = "phase: expected printable "
                "ASCII"},
    {.count = 1, .phase = "a b", .ops = {0}, .len = 1, .message = "got \"a b\""},
    {.count = 1,
     .workload = "absent",
     .ops = {0},
     .len = 1,
     .message = "workload: expected one of this build or \"trace\", got \"absent\""},
    {.count = 1, .dataset = "", .ops = {0}, .len = 1, .message = "dataset: expected one, got"},
    {.count = 2, .ops = {0, 7, 0, 1, 1, 0, 0}, .len = 7},
    {.count = 3, .ops = {0, 7, 0, 2, 2, 0, 1, 1, 0}, .len = 9},
    {.count = 2,
     .ops = {0, 7, 0, 2, 1, 0, 0},
     .len = 7,
     .message = "is not of the next version after its updates"},
    {.count = 2,
     .ops = {0, 7, 0, 1, 2, 0, 0},
     .len = 7,
     .message = "is not of the next content after its updates"},
    {.count = 2, .ops = {0, 7, 0, 1, 1, 5, 0}, .len = 7, .message = "has a place in a blob"},
    {.count = 2,
     .ops = {0, 7, 1, 1, 1, 0, 0},
     .len = 7,
     .message = "crash of file 1 version 1 is of a file that does not exist"},
    {.count = 3,
     .ops = {0, 7, 0, 3, 3, 0, 2, 1, 0},
     .len = 9,
     .message = "has more updates than its phase has operations"},
    {.count = 3,
     .ops = {0, 7, 0, 2, 2, 0, 1, 2, 0},
     .len = 9,
     .message = "operation 2: read of file 0 version 0 is not one of the updates of the crash"},
    {.count = 1,
     .ops = {6, 0, 1, 0, 0, 0},
     .len = 6,
     .message = "reopen of file 0 version 1 "
                "has a file"},
    {.count = 100000001, .ops = {0}, .len = 1, .message = "operations: expected 0..100000000"},
};

static void test_impossible(void **state)
{
    for (size_t i = 0; i < COUNT_OF(crafts); i++) {
        struct err err = {0};
        struct buf bytes = {0};
        struct trace trace;
        struct drawn drawn;
        craft_print(&crafts[i], &bytes, &err);
        enum rc rc = read_bytes(*state, buf_span(&bytes), &trace, &drawn, &err);
        if (!crafts[i].message)
            must(rc, &err);
        else if (rc != RC_USAGE || !strstr(err.msg, crafts[i].message))
            fail_msg("%zu: expected \"%s\", got %s: %s", i, crafts[i].message, rc_name(rc),
                     err.msg);
        drawn_release(&drawn);
        trace_release(&trace);
        buf_release(&bytes);
    }
}

/* Who writes operations that cannot be is told at once. */
static void test_writer_refuses(void **state)
{
    struct err err = {0};
    struct record_manifest manifest = make_manifest(1);
    struct drawn drawn = {.phase_count = 1, .phase_batch = {1}};
    struct trace trace;
    struct buf out = {0};
    (void)state;
    schedule_init(&drawn.schedule, &err);
    must(schedule_insert(&drawn.schedule), &err);
    must(schedule_read(&drawn.schedule, 0), &err);
    drawn.schedule.ops[1].version = 3;
    drawn.phase_start[1] = 2;
    trace_describe(&trace, &manifest, &drawn, NULL);
    assert_int_equal(trace_print(&trace, &drawn, &out, &err), RC_BUG);
    assert_non_null(strstr(err.msg, "operation 1 (read) is of a version that is not there"));
    err_clear(&err);
    buf_clear(&out);
    drawn.schedule.ops[1].file = 7;
    assert_int_equal(trace_print(&trace, &drawn, &out, &err), RC_BUG);
    buf_release(&out);
    drawn_release(&drawn);
}

/* ---- places in blobs ------------------------------------------------------------------------- */

/* An offset becomes a share of the blob and comes back exactly, at the edges and at random. */
static void test_places(void **state)
{
    static const uint64_t lens[] = {1, 2, 3, 4096, 65535, 1000003, BLOB_BYTES_MAX};
    struct rng rng = rng_stream(1, "t_trace.places", 0);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        for (size_t k = 0; k < 20000; k++) {
            uint32_t len = 1 + (uint32_t)rng_below(&rng, k & 1 ? lens[i] : 1);
            uint64_t most = lens[i] - len;
            uint64_t offset = k < 4 ? most : k < 8 ? 0 : rng_below(&rng, most + 1);
            struct op op = {.len = len, .at = op_place(offset, len, lens[i])};
            assert_int_equal(op_offset(&op, lens[i]), offset);
        }
    }
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),         IN_FOLDER(test_small),
        IN_FOLDER(test_round_trips),           IN_FOLDER(test_damage),
        IN_FOLDER(test_sealed_changes),        IN_FOLDER(test_impossible),
        cmocka_unit_test(test_writer_refuses), cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
