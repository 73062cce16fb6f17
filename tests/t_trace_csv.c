/* t_trace_csv: operations seen elsewhere: what is accepted, line by line, and what is not; keys as
 * paths; bytes that are made. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/namemap.h"
#include "engine/rng.h"
#include "tests/support_fixture.h"
#include "workloads/trace_csv.h"

static void must(enum rc rc, const struct err *err)
{
    if (rc != RC_OK)
        fail_msg("%s: %s", rc_name(rc), err->msg);
}

static void write_plain(const char *path, struct span bytes)
{
    (void)remove(path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static enum rc import_bytes(const char *dir, struct span text, struct trace_csv_request *request,
                            struct buf *out, struct trace_csv_summary *summary, struct err *err)
{
    struct buf path = {0};
    request->path = fixture_join(&path, dir, "in.csv");
    if (!request->look)
        request->look = content_class_by_name("random");
    write_plain(request->path, text);
    enum rc rc = trace_csv_import(request, out, summary, err);
    buf_release(&path);
    return rc;
}

/* The trace of a text that is accepted. */
struct imported {
    struct trace trace;
    struct drawn drawn;
    struct trace_csv_summary summary;
    struct buf path;
};

static void import_open(struct imported *in, const char *dir, const char *text, struct err *err)
{
    struct trace_csv_request request = {.seed = 7};
    struct buf bytes = {0};
    *in = (struct imported){.path = {0}};
    must(import_bytes(dir, span_of_str(text), &request, &bytes, &in->summary, err), err);
    write_plain(fixture_join(&in->path, dir, "t.bft"), buf_span(&bytes));
    schedule_init(&in->drawn.schedule, err);
    must(trace_read(&in->trace, buf_str(&in->path), err), err);
    must(trace_draw(&in->trace, 1, &in->drawn), err);
    buf_release(&bytes);
}

static void import_close(struct imported *in)
{
    drawn_release(&in->drawn);
    trace_release(&in->trace);
    buf_release(&in->path);
}

/* ---- what is accepted ------------------------------------------------------------------------ */

static void test_operations(void **state)
{
    static const char text[] = "time_s,op,key,size,offset,length\n"
                               "1700000000.5,put,a,1000,,\n"
                               "1700000000.500000001,put,b/c,70000,,\n"
                               "1700000000.6,get,a,1000,,\n"
                               "1700000001,read,b/c,,4096,4096\n"
                               "1700000001,put,a,0,,\n"
                               "1700000002,scan,,,,\n"
                               "1700000003,delete,a,,,\n"
                               "1700000004,put,a,5,,\n"
                               "1700000004.25,get,a,,,"; /* no final newline */
    static const struct {
        struct op op;
        uint64_t time_ns;
    } want[] = {
        {{.kind = OP_INSERT}, 0},
        {{.kind = OP_INSERT, .file = 1}, 1},
        {{.kind = OP_READ}, 100000000},
        {{.kind = OP_READ_AT, .file = 1, .len = 4096}, 500000000},
        {{.kind = OP_UPDATE, .version = 1, .content = 1}, 500000000},
        {{.kind = OP_SCAN, .version = 2}, 1500000000},
        {{.kind = OP_DELETE, .version = 1}, 2500000000},
        {{.kind = OP_UPDATE, .version = 2, .content = 2}, 3500000000},
        {{.kind = OP_READ, .version = 2}, 3750000000},
    };
    struct err err = {0};
    struct imported in;
    import_open(&in, *state, text, &err);
    assert_int_equal(in.drawn.schedule.count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        struct op got = in.drawn.schedule.ops[i];
        if (got.kind == OP_READ_AT) {
            assert_int_equal(op_offset(&got, 70000), 4096);
            got.at = 0;
        }
        assert_memory_equal(&got, &want[i].op, sizeof(got));
        assert_int_equal(in.drawn.times_ns[i], want[i].time_ns);
    }
    assert_int_equal(in.summary.ops, 9);
    assert_int_equal(in.summary.puts, 4);
    assert_int_equal(in.summary.keys, 2);
    assert_int_equal(in.summary.put_bytes, 71005);
    assert_int_equal(in.summary.duration_ns, 3750000000);
    assert_true(in.summary.timed);
    assert_string_equal(in.trace.phases[0].workload, TRACE_WORKLOAD);
    static const uint32_t sizes[] = {1000, 0, 5, 70000};
    assert_memory_equal(in.trace.blobs.sizes, sizes, sizeof(sizes));
    import_close(&in);
}

static void test_shapes(void **state)
{
    static const struct {
        const char *text;
        size_t ops;
        const char *key; /* of the first put */
        bool timed;
    } accepted[] = {
        {"0,put,k,1\n", 1, "k", true},
        {",put,k,1\n,get,k,\n", 2, "k", false},
        {"time_s,op,key,size\n0,put,k,1\n", 1, "k", true},
        {"0,put,\"a,b\",1\n0,get,\"a,b\",\n", 2, "a,b", true},
        {"0,put,\"say \"\"hi\"\"\",1\n", 1, "say \"hi\"", true},
        {"0,\"put\",\"k\",\"1\"\n", 1, "k", true},
        {"0,put, k ,1\n", 1, " k ", true},
        {"0,put,\xc3\xa4\xe2\x82\xac,1\n", 1, "\xc3\xa4\xe2\x82\xac", true},
        {"0,put,k,0001\n", 1, "k", true},
        {"8999999999.999999999,put,k,1\n", 1, "k", true},
        {"0,put,k,10,,\n0,get,k,10,9,1\n0,get,k,,0,10\n", 3, "k", true},
    };
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        struct err err = {0};
        struct imported in;
        import_open(&in, *state, accepted[i].text, &err);
        assert_int_equal(in.drawn.schedule.count, accepted[i].ops);
        assert_true(span_equal(in.trace.blobs.keys[0], span_of_str(accepted[i].key)));
        assert_int_equal(in.trace.timed, accepted[i].timed);
        import_close(&in);
    }
}

/* ---- what is not ----------------------------------------------------------------------------- */

struct refusal {
    const char *text;
    size_t len; /* 0: up to the NUL */
    const char *message;
    const char *hint;
};

static const struct refusal refusals[] = {
    {"", 0, "in.csv:1: expected operations, got an empty file", NULL},
    {"\xef\xbb\xbf"
     "0,put,k,1\n",
     0, ":1: expected text, got a byte order mark", NULL},
    {"0,put,k,1\r\n", 0, ":1: expected the line to end with LF, got CR LF", "tr -d"},
    {"0,put,k\r,1\n", 0, ":1: expected text, got \"\\x0d\" at byte 8", NULL},
    {"0,put,k\0,1\n", 11, ":1: expected text, got \"\\x00\" at byte 8", NULL},
    {"0,put,k\xff,1\n", 0, ":1: expected UTF-8, got \"\\xff\" at byte 8", NULL},
    {"0,put,\xed\xa0\x80,1\n", 0, ":1: expected UTF-8", NULL}, /* a surrogate */
    {"\x7f"
     "ELF\x02\x01\x01\0\0\0\0",
     11, ":1: expected text", NULL},
    {"0,put,k,1\n\n", 0, ":2: expected an operation, got an empty line", NULL},
    {"0,putt,k,1\n", 0, "unknown operation \"putt\" (expected put, get, delete, scan or read)",
     "did you mean \"put\"?"},
    {"0,PUT,k,1\n", 0, "unknown operation \"PUT\"", NULL},
    {"0,,k,1\n", 0, "unknown operation \"\"", NULL},
    {"0,put,k\n", 0, ":1: expected 4 or 6 fields (time_s,op,key,size[,offset,length]), got 3",
     NULL},
    {"0,put,k,1,\n", 0, ":1: expected 4 or 6 fields", NULL},
    {"0,put,k,1,,,\n", 0, ":1: expected at most 6 fields, got more", NULL},
    {"0,put,k,1\n0,get,k,,0,1\n", 0, ":2: expected 4 fields, as in line 1, got 6", NULL},
    {"0,put,k,1,,\n0,get,k,\n", 0, ":2: expected 6 fields, as in line 1, got 4", NULL},
    {"time_s,op,name,size\n", 0, ":1: expected the column \"key\", got \"name\"", NULL},
    {"time_s,op,key,size\n", 0, ":1: expected operations, got none", NULL},
    {"0,scan,,\n", 0, ":1: expected a put, got none", NULL},
    {"0,get,k,\n", 0, ":1: get of a key that was never put: \"k\"", NULL},
    {"0,put,k,1\n0,get,j,\n", 0, ":2: get of a key that was never put: \"j\"", NULL},
    {"0,put,k,1\n0,delete,j,\n", 0, ":2: delete of a key that was never put: \"j\"", NULL},
    {"0,put,k,1\n0,delete,k,\n0,get,k,\n", 0, ":3: get of a key that was deleted: \"k\"", NULL},
    {"0,put,k,1\n0,delete,k,\n0,delete,k,\n", 0, ":3: delete of a key that was deleted", NULL},
    {"0,put,k,1\n0,get,,\n", 0, ":2: get of a key that was never put: \"\"", NULL},
    {"0,put,,1\n", 0, ":1: key \"\" is empty", NULL},
    {"0,put,k,\n", 0, ":1: size: expected 0..1000000000, got \"\"", NULL},
    {"0,put,k,-1\n", 0, "size: expected 0..1000000000, got \"-1\"", NULL},
    {"0,put,k,+1\n", 0, "size: expected 0..1000000000, got \"+1\"", NULL},
    {"0,put,k, 1\n", 0, "size: expected 0..1000000000, got \" 1\"", NULL},
    {"0,put,k,1.5\n", 0, "got \"1.5\"", NULL},
    {"0,put,k,1e3\n", 0, "got \"1e3\"", NULL},
    {"0,put,k,0x10\n", 0, "got \"0x10\"", NULL},
    {"0,put,k,1000000000\n0,put,k,1000000001\n", 0,
     ":2: size: expected 0..1000000000,"
     " got \"1000000001\"",
     NULL},
    {"0,put,k,1000000001\n", 0, "got \"1000000001\"", NULL},
    {"0,put,k,99999999999999999999999\n", 0, "got \"99999999999999999999999\"", NULL},
    {"0,put,k,18446744073709551617\n", 0, "got \"18446744073709551617\"", NULL},
    {"0,put,k,1,0,1\n", 0, ":1: offset: expected nothing for put, got \"0\"", NULL},
    {"0,put,k,10,,\n0,get,k,11,,\n", 0, ":2: size: expected 10, what was put, got 11", NULL},
    {"0,put,k,10,,\n0,get,k,,5,\n", 0, ":2: expected offset and length, got one of them", NULL},
    {"0,put,k,10,,\n0,get,k,,,5\n", 0, ":2: expected offset and length, got one of them", NULL},
    {"0,put,k,10,,\n0,get,k,,5,6\n", 0, ":2: expected a part of the 10 bytes put, got 5+6", NULL},
    {"0,put,k,10,,\n0,get,k,,11,1\n", 0, "expected a part of the 10 bytes put, got 11+1", NULL},
    {"0,put,k,10,,\n0,get,k,,0,0\n", 0, ":2: length: expected 1..1000000000, got \"0\"", NULL},
    {"0,put,k,10,,\n0,get,k,,-1,1\n", 0, ":2: offset: expected 0..1000000000, got \"-1\"", NULL},
    {"0,put,k,10,,\n0,get,k,,9999999999999999999999,1\n", 0, ":2: offset: expected", NULL},
    {"0,put,k,0,,\n0,get,k,,0,1\n", 0, "expected a part of the 0 bytes put, got 0+1", NULL},
    {"0,put,k,1\n0,delete,k,1\n", 0, ":2: size: expected nothing for delete, got \"1\"", NULL},
    {"0,put,k,1\n0,scan,k,\n", 0, ":2: key: expected nothing for scan, got \"k\"", NULL},
    {"1,put,k,1\n0.999999999,get,k,\n", 0,
     ":2: time_s: expected no time before that of the line above, got \"0.999999999\"", NULL},
    {"-1,put,k,1\n", 0,
     "time_s: expected seconds below 9000000000 with at most 9 decimals, "
     "got \"-1\"",
     NULL},
    {"1e3,put,k,1\n", 0, "got \"1e3\"", NULL},
    {"nan,put,k,1\n", 0, "got \"nan\"", NULL},
    {"0x1,put,k,1\n", 0, "got \"0x1\"", NULL},
    {"1.,put,k,1\n", 0, "got \"1.\"", NULL},
    {".5,put,k,1\n", 0, "got \".5\"", NULL},
    {"1.2.3,put,k,1\n", 0, "got \"1.2.3\"", NULL},
    {"0.0000000001,put,k,1\n", 0, "got \"0.0000000001\"", NULL},
    {"9000000000,put,k,1\n", 0, "got \"9000000000\"", NULL},
    {"99999999999999999999999999,put,k,1\n", 0, "got \"99999999999999999999999999\"", NULL},
    {"0,put,k,1\n1000000000.000000001,get,k,\n", 0,
     ":2: time_s: expected at most 1000000000 s after the first", NULL},
    {"0,put,k,1\n,get,k,\n", 0, ":2: time_s: expected a time, as the lines before have", NULL},
    {",put,k,1\n0,get,k,\n", 0, ":2: time_s: expected none, as in the lines before, got \"0\"",
     NULL},
    {"0,put,\"k,1\n", 0, ":1: expected a closing quote, got the end of the line", NULL},
    {"0,put,\"k\"x,1\n", 0, ":1: expected a comma behind the closing quote", NULL},
    {"0,put,a\"k\",1\n", 0, ":1: expected quotes around the whole field, got \"a\\x22k\\x22\"",
     NULL},
};

static void test_refusals(void **state)
{
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        const struct refusal *want = &refusals[i];
        struct trace_csv_request request = {.seed = 1};
        struct trace_csv_summary summary;
        struct err err = {0};
        struct buf out = {0};
        size_t len = want->len ? want->len : strlen(want->text);
        enum rc rc = import_bytes(*state, span_of(want->text, len), &request, &out, &summary, &err);
        if (rc != RC_USAGE || !strstr(err.msg, want->message))
            fail_msg("%zu: expected \"%s\", got %s: %s", i, want->message, rc_name(rc), err.msg);
        if (want->hint && !strstr(err.hint, want->hint))
            fail_msg("%zu: expected the hint \"%s\", got \"%s\"", i, want->hint, err.hint);
        buf_release(&out);
    }
}

static void expect(const char *dir, struct buf *text, size_t ops_max, const char *message)
{
    struct trace_csv_request request = {.seed = 1, .ops_max = ops_max};
    struct trace_csv_summary summary;
    struct err err = {0};
    struct buf out = {0};
    enum rc rc = import_bytes(dir, buf_span(text), &request, &out, &summary, &err);
    if (!message)
        must(rc, &err);
    else if (rc != RC_USAGE || !strstr(err.msg, message))
        fail_msg("expected \"%s\", got %s: %s", message, rc_name(rc), err.msg);
    buf_release(&out);
}

/* At each limit, and one beyond. */
static void test_limits(void **state)
{
    struct err err = {0};
    struct buf text = {0};
    char key[1026];
    memset(key, 'k', sizeof(key));
    for (size_t len = 1024; len <= 1025; len++) {
        buf_clear(&text);
        must(buf_printf(&text, &err, "0,put,%.*s,1\n", (int)len, key), &err);
        expect(*state, &text, 0, len > 1024 ? "has more than 1024 bytes" : NULL);
    }
    buf_clear(&text);
    must(buf_resize(&text, TRACE_CSV_LINE_MAX + 1, &err), &err);
    memset(text.ptr, 'x', text.len);
    expect(*state, &text, 0, ":1: expected at most 65536 bytes, got 65537");
    text.len--;
    expect(*state, &text, 0, ":1: expected 4 or 6 fields");
    buf_clear(&text);
    for (size_t i = 0; i < 5; i++)
        must(buf_printf(&text, &err, "0,put,%zu,1\n", i), &err);
    expect(*state, &text, 5, NULL);
    expect(*state, &text, 4, ":5: expected at most 4 operations");
    buf_clear(&text);
    for (size_t i = 0; i <= DATASET_VERSIONS_MAX; i++)
        must(buf_printf(&text, &err, "0,put,k,0\n"), &err);
    expect(*state, &text, 0, ":100001: expected at most 100000 puts of a key");
    text.len -= strlen("0,put,k,0\n");
    expect(*state, &text, 0, NULL);
    buf_release(&text);
}

/* ---- keys as paths --------------------------------------------------------------------------- */

static void test_paths(void **state)
{
    static const struct {
        const char *key, *path;
    } cases[] = {
        {"a/b.txt", "a/b.txt"},
        {"/a", "%2Fa"},
        {"a/", "a%2F"},
        {"a//b", "a%2F%2Fb"},
        {"/", "%2F"},
        {"//", "%2F%2F"},
        {".", "%2E"},
        {"..", "%2E%2E"},
        {"a/../b", "a/%2E%2E/b"},
        {"./a", "%2E/a"},
        {"...", "..."},
        {"a/.b/..c", "a/.b/..c"},
        {"50%", "50%25"},
        {"%2Fa", "%252Fa"},
        {"%new/00001", "%25new/00001"},
        {"a\tb", "a\tb"},
        {"\xc3\xa4", "\xc3\xa4"},
    };
    struct span keys[COUNT_OF(cases)];
    struct trace_file_blobs blobs = {.keys = keys, .file_count = COUNT_OF(cases)};
    struct buf path = {0};
    struct err err = {0};
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        keys[i] = span_of_str(cases[i].key);
        must(trace_file_path(&blobs, i, &path, &err), &err);
        assert_string_equal(buf_str(&path), cases[i].path);
    }
    must(trace_file_path(&blobs, COUNT_OF(cases), &path, &err), &err);
    assert_string_equal(buf_str(&path), "%new/00001");
    buf_release(&path);
}

/* Keys of two characters out of those that matter: all paths are relative, and all different. */
static void test_paths_differ(void **state)
{
    static const char letters[] = "a./%2";
    enum { LETTERS = 5, KEYS = LETTERS + LETTERS * LETTERS + LETTERS * LETTERS * LETTERS };
    struct namemap seen = {.copies = true};
    struct err err = {0};
    struct buf path = {0};
    size_t count = 0;
    (void)state;
    for (size_t len = 1, all = LETTERS; len <= 3; len++, all *= LETTERS) {
        for (size_t code = 0; code < all; code++) {
            char text[4] = "";
            size_t rest = code;
            for (size_t i = 0; i < len; i++, rest /= LETTERS)
                text[i] = letters[rest % LETTERS];
            struct span key = span_of(text, len);
            struct trace_file_blobs blobs = {.keys = &key, .file_count = 1};
            uint32_t number;
            bool added;
            must(trace_file_path(&blobs, 0, &path, &err), &err);
            must(namemap_number(&seen, buf_span(&path), &number, &added, &err), &err);
            assert_true(added);
            assert_int_equal(number, count++);
            const char *p = buf_str(&path);
            assert_true(p[0] != '/' && !strstr(p, "//") && p[path.len - 1] != '/');
            assert_true(strcmp(p, ".") != 0 && strcmp(p, "..") != 0 && strncmp(p, "../", 3) != 0);
            assert_null(strstr(p, "/../"));
        }
    }
    assert_int_equal(count, KEYS);
    namemap_release(&seen);
    buf_release(&path);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Every class, exactly the size that was asked; the same again, another for another put; and the
 * dataset is what the trace says. */
static void test_contents(void **state)
{
    static const char text[] = "0,put,a,0\n0,put,a,1\n0,put,b,777\n0,put,a,100000\n0,put,b,65536\n";
    static const size_t sizes[2][3] = {{0, 1, 100000}, {777, 65536, 0}};
    struct buf path = {0}, spec = {0}, bytes = {0}, one = {0}, two = {0};
    for (size_t i = 0; i < content_class_count(); i++) {
        struct err err = {0};
        struct trace_csv_request request = {.seed = 3, .look = content_class_at(i)};
        struct trace_csv_summary summary;
        struct dataset *ds;
        struct dataset_summary sum;
        struct trace trace;
        buf_clear(&bytes);
        must(import_bytes(*state, span_of_str(text), &request, &bytes, &summary, &err), &err);
        buf_clear(&path);
        write_plain(fixture_join(&path, *state, "t.bft"), buf_span(&bytes));
        buf_clear(&spec);
        must(buf_printf(&spec, &err, "trace:%s", buf_str(&path)), &err);
        must(dataset_open(&ds, buf_str(&spec), 3, &err), &err);
        assert_int_equal(ds->file_count, 2);
        for (uint32_t file = 0; file < 2; file++) {
            uint32_t versions = dataset_versions(ds, file);
            assert_int_equal(versions, file == 0 ? 3 : 2);
            for (uint32_t v = 0; v < versions; v++) {
                uint64_t novel;
                must(dataset_content(ds, file, v, &one), &err);
                must(dataset_content(ds, file, v, &two), &err);
                assert_int_equal(one.len, sizes[file][v]);
                assert_true(span_equal(buf_span(&one), buf_span(&two)));
                must(dataset_novel(ds, file, v, &novel), &err);
                assert_int_equal(novel, one.len);
                must(dataset_content(ds, file, v + versions, &two), &err);
                assert_int_equal(two.len, one.len); /* beyond the last: the sizes again */
                if (one.len > 16)
                    assert_false(span_equal(buf_span(&one), buf_span(&two)));
            }
        }
        must(dataset_path(ds, 2, &one), &err); /* another workload's insert */
        assert_string_equal(buf_str(&one), "%new/00001");
        must(dataset_content(ds, 2, 0, &one), &err);
        assert_int_equal(one.len, 0);
        /* The hash in the trace is the dataset's own. */
        must(dataset_summarise(ds, &sum), &err);
        must(trace_read(&trace, buf_str(&path), &err), &err);
        assert_true(hash128_equal(sum.hash, trace.dataset_hash));
        assert_int_equal(sum.bytes, trace.dataset_bytes);
        trace_release(&trace);
        dataset_close(ds);
    }
    buf_release(&path);
    buf_release(&spec);
    buf_release(&bytes);
    buf_release(&one);
    buf_release(&two);
}

/* Tables of blobs that cannot be, sealed by somebody. */
static void test_bad_blobs(void **state)
{
    static const struct {
        uint8_t bytes[24];
        size_t len;
        const char *message;
    } bad[] = {
        {{0}, 1, "the trace brings no blobs along"},
        {{1, 3, 'p', 'n', 'q', 1, 'a', 1, 5}, 9, "content class: expected one of this build"},
        {{1, 6, 'r', 'a', 'n', 'd', 'o', 'm', 0, 1, 5}, 11, "key of file 0 is empty"},
        {{1, 6, 'r', 'a', 'n', 'd', 'o', 'm', 1, 0xff, 1, 5}, 12, "is not valid UTF-8"},
        {{1, 6, 'r', 'a', 'n', 'd', 'o', 'm', 1, 0, 1, 5}, 12, "holds a NUL"},
        {{2, 6, 'r', 'a', 'n', 'd', 'o', 'm', 1, 'a', 1, 5, 1, 'a', 1, 5},
         16,
         "key of file 1 is the one of file 0"},
        {{1, 6, 'r', 'a', 'n', 'd', 'o', 'm', 1, 'a', 0}, 11, "versions of a file: expected 1"},
        {{1, 6, 'r', 'a', 'n', 'd', 'o', 'm', 1, 'a', 9, 5}, 12, "expected as many sizes"},
        {{1, 6, 'r', 'a', 'n', 'd', 'o', 'm', 1, 'a', 1, 0x81, 0x94, 0xeb, 0xdc, 3},
         16,
         "size: expected 0..1000000000, got 1000000001"},
        {{100, 6, 'r', 'a', 'n', 'd', 'o', 'm', 1, 'a', 1, 5}, 12, "keys: expected 100 of them"},
    };
    struct buf path = {0}, spec = {0}, out = {0};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = {0};
        struct pack to = {.out = &out, .err = &err};
        struct dataset *ds;
        buf_clear(&out);
        trace_file_begin(&to);
        pack_bytes(&to, span_of(bad[i].bytes, bad[i].len));
        trace_file_end(&to);
        must(to.rc, &err);
        buf_clear(&path);
        write_plain(fixture_join(&path, *state, "t.bft"), buf_span(&out));
        buf_clear(&spec);
        must(buf_printf(&spec, &err, "trace:%s", buf_str(&path)), &err);
        assert_int_equal(dataset_open(&ds, buf_str(&spec), 1, &err), RC_USAGE);
        if (!strstr(err.msg, bad[i].message))
            fail_msg("%zu: expected \"%s\", got %s", i, bad[i].message, err.msg);
    }
    buf_release(&path);
    buf_release(&spec);
    buf_release(&out);
}

/* ---- the map of keys ------------------------------------------------------------------------- */

/* Against the numbers themselves: each name once more, in another order. */
static void test_namemap(void **state)
{
    enum { NAMES = 5000 };
    struct namemap map = {.copies = true};
    struct err err = {0};
    uint32_t order[NAMES], number;
    struct rng rng = rng_stream(1, "t_trace_csv.names", 0);
    bool added;
    (void)state;
    for (uint32_t i = 0; i < NAMES; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "%" PRIu32, i);
        must(namemap_number(&map, span_of_str(name), &number, &added, &err), &err);
        assert_true(added && number == i);
    }
    rng_permutation(&rng, order, NAMES);
    for (uint32_t i = 0; i < NAMES; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "%" PRIu32, order[i]);
        must(namemap_number(&map, span_of_str(name), &number, &added, &err), &err);
        assert_true(!added && number == order[i]);
    }
    must(namemap_number(&map, span_of(NULL, 0), &number, &added, &err), &err);
    assert_true(added && number == NAMES);
    namemap_release(&map);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_operations),     IN_FOLDER(test_shapes),
        IN_FOLDER(test_refusals),       IN_FOLDER(test_limits),
        cmocka_unit_test(test_paths),   cmocka_unit_test(test_paths_differ),
        IN_FOLDER(test_contents),       IN_FOLDER(test_bad_blobs),
        cmocka_unit_test(test_namemap),
    };
    return cmocka_run_group_tests_name("trace_csv", tests, NULL, NULL);
}
