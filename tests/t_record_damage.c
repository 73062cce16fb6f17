/* Damaged records: cut, flipped and edited files, and lines out of order.  What is wrong is refused
 * with its place, and what a crash leaves behind is never taken for a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support_fixture.h"

#define EXPECT_LOAD FIXTURE_EXPECT_LOAD

static void test_missing_files(void **state)
{
    struct buf dir = {0}, path = {0};
    EXPECT_LOAD(fixture_join(&path, *state, "nowhere"), RC_USAGE, "no study \"", "No such file");
    fixture_write(*state, "file", "x", 1);
    EXPECT_LOAD(fixture_join(&path, *state, "file"), RC_USAGE, "not a folder");
    EXPECT_LOAD(*state, RC_USAGE, "is not a study: it has no manifest.json");
    fixture_make(&dir, *state, 1);
    assert_int_equal(unlink(fixture_join(&path, buf_str(&dir), "samples.jsonl")), 0);
    EXPECT_LOAD(buf_str(&dir), RC_USAGE, "samples.jsonl", "No such file");
    assert_int_equal(mkfifo(buf_str(&path), 0600), 0);
    EXPECT_LOAD(buf_str(&dir), RC_USAGE, "samples.jsonl", "not a regular file");
    fixture_write(buf_str(&dir), "manifest.json", "", 0);
    EXPECT_LOAD(buf_str(&dir), RC_USAGE, "manifest.json:1:1: expected a JSON document");
    buf_release(&dir);
    buf_release(&path);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void test_manifest_truncated(void **state)
{
    struct buf dir = {0}, text = {0};
    fixture_make(&dir, *state, 1);
    fixture_read(buf_str(&dir), "manifest.json", &text);
    assert_int_equal(text.ptr[text.len - 1], '\n');
    for (size_t len = 0; len + 1 < text.len; len++) {
        fixture_write(buf_str(&dir), "manifest.json", text.ptr, len);
        EXPECT_LOAD(buf_str(&dir), RC_USAGE, "manifest.json:");
    }
    buf_release(&dir);
    buf_release(&text);
}

/* Cut anywhere, the file holds the runs whose run line is there with its newline: no more, no
 * less. */
static void test_samples_truncated(void **state)
{
    struct buf dir = {0}, text = {0};
    fixture_make(&dir, *state, FIXTURE_RUNS);
    fixture_read(buf_str(&dir), "samples.jsonl", &text);
    uint32_t whole = 0, lines = 0;
    for (size_t len = 0; len <= text.len; len++) {
        if (len > 0 && text.ptr[len - 1] == '\n')
            whole = ++lines / FIXTURE_LINES;
        bool torn = len > 0 && text.ptr[len - 1] != '\n';
        fixture_write(buf_str(&dir), "samples.jsonl", text.ptr, len);
        struct record record;
        fixture_load(&record, buf_str(&dir));
        assert_int_equal(record.run_count, whole);
        assert_int_equal(record.sample_count, whole * FIXTURE_LINES);
        assert_int_equal(record.warnings, (torn ? 1 : 0) + (lines % FIXTURE_LINES != 0 ? 1 : 0));
        assert_int_equal(record.warning[0] != '\0', record.warnings != 0);
        record_release(&record);
    }
    assert_int_equal(whole, FIXTURE_RUNS);
    buf_release(&dir);
    buf_release(&text);
}

/* After a cut anywhere, the next append gives exactly the bytes an undisturbed study has. */
static void test_append_after_cut(void **state)
{
    struct buf dir = {0}, text = {0}, now = {0};
    struct sample run[FIXTURE_LINES];
    fixture_make(&dir, *state, 2);
    fixture_read(buf_str(&dir), "samples.jsonl", &text);
    const uint8_t *first_end = text.ptr;
    for (int i = 0; i < FIXTURE_LINES; i++)
        first_end = (const uint8_t *)memchr(first_end, '\n', text.len) + 1;
    size_t first_len = (size_t)(first_end - text.ptr);
    fixture_run(run, 1);
    for (size_t len = first_len; len < text.len; len += len < first_len + 300 ? 1 : 13) {
        fixture_write(buf_str(&dir), "samples.jsonl", text.ptr, len);
        fixture_append(buf_str(&dir), run);
        fixture_read(buf_str(&dir), "samples.jsonl", &now);
        assert_true(span_equal(buf_span(&now), buf_span(&text)));
    }
    /* What is not ours is not cut off. */
    struct err err = {0};
    fixture_write(buf_str(&dir), "samples.jsonl", "{\"kind\":\"run\"}\nnotes\n", 21);
    assert_int_equal(record_append(buf_str(&dir), &fixture_manifest, run, FIXTURE_LINES, &err),
                     RC_USAGE);
    assert_non_null(strstr(err.msg, "samples.jsonl:2:1: expected a value"));
    fixture_read(buf_str(&dir), "samples.jsonl", &now);
    assert_string_equal(buf_str(&now), "{\"kind\":\"run\"}\nnotes\n");
    buf_release(&dir);
    buf_release(&text);
    buf_release(&now);
}

static const struct fixture_edit manifest_edits[] = {
    {"blobfront/manifest/2",
     "blobfront/manifest/1",
     RC_MISMATCH,
     {"manifest.json: unknown schema \"blobfront/manifest/1\" (expected blobfront/manifest/2)"}},
    {"blobfront/manifest/2",
     "blobfront/manifest/3",
     RC_MISMATCH,
     {"manifest.json: unknown schema \"blobfront/manifest/3\" (expected blobfront/manifest/2)"}},
    {"  \"schema\": \"blobfront/manifest/2\",\n",
     "",
     RC_USAGE,
     {"manifest.json:1: missing \"schema\""}},
    {"\"id\": \"20261120-a\"",
     "\"id\": 7",
     RC_USAGE,
     {"manifest.json:3: expected a string for \"id\", got number 7"}},
    {"\"id\": \"20261120-a\"",
     "\"id\": \"../x\"",
     RC_USAGE,
     {"manifest.json:3: \"id\" is not a folder's name"}},
    {"\"id\": \"20261120-a\"",
     "\"id\": \"\"",
     RC_USAGE,
     {"manifest.json:3: \"id\" must not be empty"}},
    {"\"created\":",
     "\"created\":null,\"x\":",
     RC_USAGE,
     {"manifest.json:4: expected a string for \"created\", got null"}},
    {"\"version\": \"0.1.0\"",
     "\"version\": {}",
     RC_USAGE,
     {"manifest.json:6: expected a string for \"tool.version\", got object"}},
    {"\"tool\": {", "\"tool\": [], \"x\": {", RC_USAGE, {"\"tool\", got array"}},
    {"\"seed\": \"18446744073709551614\"",
     "\"seed\": 5",
     RC_USAGE,
     {"expected a string for \"plan.seed\""}},
    {"\"seed\": \"18446744073709551614\"",
     "\"seed\": \"-1\"",
     RC_USAGE,
     {"manifest.json:11: \"plan.seed\" must be a string of decimal digits"}},
    {"\"seed\": \"18446744073709551614\"",
     "\"seed\": \"18446744073709551616\"",
     RC_USAGE,
     {"\"plan.seed\""}},
    {"\"rounds\": 2", "\"rounds\": 0", RC_USAGE, {":12: \"plan.rounds\" must be at least 1"}},
    {"\"rounds\": 2", "\"rounds\": -2", RC_USAGE, {":12: ", "\"plan.rounds\", got number -2"}},
    {"\"rounds\": 2", "\"rounds\": 2.5", RC_USAGE, {"\"plan.rounds\", got number 2.5"}},
    {"\"rounds\": 2", "\"rounds\": 4294967296", RC_USAGE, {"\"plan.rounds\" must be below 2^32"}},
    {"\"rounds\": 2", "\"rounds\": NaN", RC_USAGE, {"manifest.json:12:15: expected a value"}},
    {"\"rounds\": 2", "\"rounds\": 1e999", RC_USAGE, {":12:15: number is too large"}},
    {"\"rounds\": 2",
     "\"rounds\": 2, \"rounds\": 2",
     RC_USAGE,
     {":12: key \"plan.rounds\" is given twice"}},
    {"\"budget_ns\": 60000000000",
     "\"budget_ns\": 9007199254740992",
     RC_USAGE,
     {"\"plan.budget_ns\""}},
    {"\"batch\": 16", "\"batch\": 0", RC_USAGE, {":16: \"plan.batch\" must be at least 1"}},
    {"\"anywhere\": true",
     "\"anywhere\": 1",
     RC_USAGE,
     {"expected true or false for \"plan.anywhere\", got number 1"}},
    {"\"guardrail\": 0.1",
     "\"guardrail\": -0.1",
     RC_USAGE,
     {":19: \"plan.guardrail\" must not be negative"}},
    {"\"guardrail\": 0.1",
     "\"guardrail\": \"10%\"",
     RC_USAGE,
     {"expected a number for \"plan.guardrail\", got string \"10%\""}},
    {"\"files\": 4,", "", RC_USAGE, {": missing \"files\" in \"dataset\""}},
    {"\"read_ns\": 25", "\"read_ns\": \"25\"", RC_USAGE, {"\"clock.read_ns\""}},
    {"\"label\": \"chunked:avg=8k \\\"\xc3\xa9\\\"\"",
     "\"label\": \"raw\"",
     RC_USAGE,
     {"\"arms[1].label\" is given twice"}},
    {"\"label\": \"raw\"", "\"label\": \"\"", RC_USAGE, {"\"arms[0].label\" must not be empty"}},
    {"\"label\": \"raw\"", "\"lable\": \"raw\"", RC_USAGE, {"missing \"label\" in \"arms[0]\""}},
    {"\"control\": false",
     "\"control\": true",
     RC_USAGE,
     {"\"arms[1].control\" is true for two arms"}},
    {"\"sql\": true", "\"sql\": \"yes\"", RC_USAGE, {"\"arms[0].sql\", got string \"yes\""}},
    {"\"name\": \"read_point_binary\"",
     "\"name\": \"ingest_binary_cold\"",
     RC_USAGE,
     {"\"phases[1].name\" is given twice"}},
    {"\"name\": \"read_point_binary\"",
     "\"name\": \"a/b\"",
     RC_USAGE,
     {"\"phases[1].name\" is not a phase name"}},
    {"\"snapshot\": \"\"",
     "\"snapshot\": \"after_ingest\"",
     RC_USAGE,
     {"\"phases[1].snapshot\" is given twice"}},
    {"\"snapshot\": \"\"",
     "\"snapshot\": \"baseline\"",
     RC_USAGE,
     {"\"phases[1].snapshot\" is the name"}},
    {"\"protocol\":", "\"protokoll\":", RC_USAGE, {"manifest.json:1: missing \"protocol\""}},
    {"\"stopping\": \"looks\"",
     "\"stopping\": \"never\"",
     RC_USAGE,
     {":35: \"protocol.stopping\" is not fixed, looks or until-decided"}},
    {"\"stopping\": \"looks\"",
     "\"stopping\": \"fixed\"",
     RC_USAGE,
     {":36: \"protocol.looks\" must name rounds when \"stopping\" is \"looks\", and only then"}},
    {"\"looks\": [", "\"looks\": [], \"x\": [", RC_USAGE, {"\"protocol.looks\" must name rounds"}},
    {"\"looks\": [", "\"looks\": [3,", RC_USAGE, {"\"protocol.looks\" must be ascending"}},
    {"      8\n", "      2\n", RC_USAGE, {"\"protocol.looks\" must be ascending"}},
    {"      8\n",
     "      1001\n",
     RC_USAGE,
     {":39: \"protocol.looks[2]\" is not a number of rounds"}},
    {"      8\n",
     "      2.5\n",
     RC_USAGE,
     {":39: \"protocol.looks[2]\" is not a number of rounds"}},
    {"      8\n", "      \"8\"\n", RC_USAGE, {"expected a number for \"protocol.looks[2]\""}},
    {"      8\n", "      4,5,6,7,8,9,10\n", RC_USAGE, {"must not hold more than 8 looks"}},
    {"\"alpha\": 0.05", "\"alpha\": 0", RC_USAGE, {":48: \"protocol.alpha\" must be above 0 and"}},
    {"\"alpha\": 0.05", "\"alpha\": 0.51", RC_USAGE, {"\"protocol.alpha\" must be above 0 and"}},
    {"\"alpha\": 0.05", "\"alpha\": Infinity", RC_USAGE, {"manifest.json:48:14: expected a value"}},
    {"\"p50\": 0.03", "\"p50\": 0", RC_USAGE, {":42: \"protocol.margins.p50\" must be above 0"}},
    {"\"p95\": 0.05", "\"p95\": 1", RC_USAGE, {":43: \"protocol.margins.p95\" must be above 0"}},
    {"\"rate\": 0.03", "\"rate\": -0.1", RC_USAGE, {"\"protocol.margins.rate\" must not be neg"}},
    {"\"cpu\": 0.03", "\"cpu\": 5", RC_USAGE, {"\"protocol.margins.cpu\" must be above 0"}},
    {"\"exact\": 0.01", "\"exact\": 1", RC_USAGE, {"\"protocol.margins.exact\" must be from 0"}},
    {"\"racing\": true", "\"racing\": 1", RC_USAGE, {"\"protocol.racing\", got number 1"}},
    {"\"open_loop_per_s\": 0",
     "\"open_loop_per_s\": 1e10",
     RC_USAGE,
     {"\"protocol.open_loop_per_s\" must be from 0 to 1e9"}},
    {"\"warmup_min\": 50", "\"warmup_min\": 1.5", RC_USAGE, {"\"protocol.warmup_min\""}},
    {"\"warmup_share\": 0.05",
     "\"warmup_share\": 1.5",
     RC_USAGE,
     {"\"protocol.warmup_share\" must be from 0 to 1"}},
    {"\"build\": 0",
     "\"build\": 1",
     RC_USAGE,
     {"\"arms[0].build\" must be 0 in a study without builds"}},
    {"\"phases\": [",
     "\"builds\": {}, \"phases\": [",
     RC_USAGE,
     {"expected an array for \"builds\", got object"}},
    {"\"phases\": [",
     "\"builds\": [{\"label\": \"a\", \"revision\": \"\", \"hash\": \"\", \"programs\": \"\\n\"}],"
     " \"phases\": [",
     RC_USAGE,
     {"\"builds[0].programs\" must name a program file per line"}},
    {"\"kernel\": \"6.1\\n\"",
     "\"kernel\": 6.1",
     RC_USAGE,
     {"expected a string for \"host.kernel\", got number 6.0999999999999996"}},
    {"\"libraries\": {",
     "\"libraries\": 1, \"x\": {",
     RC_USAGE,
     {"expected an object for \"libraries\""}},
    {"\"phases\": [",
     "\"phases\": [1, ",
     RC_USAGE,
     {"expected an object for \"phases[0]\", got number 1"}},
    {"\"arms\": [", "\"arms\": [], \"x\": [", RC_USAGE, {"\"arms\" must not be empty"}},
    {"{\n  \"schema\"",
     "\xef\xbb\xbf{\n  \"schema\"",
     RC_USAGE,
     {"manifest.json:1:1: file begins with a byte-order mark"}},
};

static void test_manifest_fields(void **state)
{
    struct buf dir = {0};
    fixture_make(&dir, *state, 1);
    fixture_check_edits(buf_str(&dir), "manifest.json", manifest_edits, COUNT_OF(manifest_edits));
    buf_release(&dir);
}

static const struct fixture_edit sample_edits[] = {
    {"blobfront/sample/2",
     "blobfront/sample/1",
     RC_MISMATCH,
     {"samples.jsonl:1: unknown schema \"blobfront/sample/1\" (expected blobfront/sample/2)"}},
    {"blobfront/sample/2",
     "blobfront/manifest/2",
     RC_MISMATCH,
     {"samples.jsonl:1: unknown schema \"blobfront/manifest/2\""}},
    {"\"env_padding\":17",
     "\"env_padding\":4096",
     RC_USAGE,
     {"samples.jsonl:5: \"env_padding\" is above 4095 bytes"}},
    {"\"env_padding\":17", "\"env_padding\":-1", RC_USAGE, {"\"env_padding\", got number -1"}},
    {"\"env_padding\":17,", "", RC_USAGE, {"samples.jsonl:5: missing \"env_padding\""}},
    {"\"link_order\":0",
     "\"link_order\":1",
     RC_USAGE,
     {"samples.jsonl:5: \"link_order\" is not a program of the arm's build"}},
    {"\"kind\":\"phase\"",
     "\"kind\":\"face\"",
     RC_USAGE,
     {"samples.jsonl:2: \"kind\" is not phase, snapshot or run"}},
    {"\"run\":0", "\"run\":-1", RC_USAGE, {"samples.jsonl:1: ", "\"run\", got number -1"}},
    {"\"run\":0", "\"run\":4294967296", RC_USAGE, {"\"run\" must be below 2^32"}},
    {"\"slot\":0", "\"slot\":2", RC_USAGE, {"samples.jsonl:1: \"slot\" is not below"}},
    {"\"arm\":\"raw\"",
     "\"arm\":\"row\"",
     RC_USAGE,
     {"samples.jsonl:1: \"arm\" is not an arm of this study"}},
    {"\"arm\":\"raw\"", "\"arm\":0", RC_USAGE, {"samples.jsonl:1: expected a string for \"arm\""}},
    {"\"name\":\"ingest_binary_cold\"",
     "\"name\":\"ingest\"",
     RC_USAGE,
     {"samples.jsonl:2: \"name\" is not a phase of this study"}},
    {"\"name\":\"after_ingest\"",
     "\"name\":\"after\"",
     RC_USAGE,
     {"samples.jsonl:3: \"name\" is not a snapshot of this study"}},
    {"\"name\":\"after_ingest\"",
     "\"name\":\"\"",
     RC_USAGE,
     {"samples.jsonl:3: \"name\" is not a snapshot of this study"}},
    {"\"values\":{",
     "\"values\":[],\"v\":{",
     RC_USAGE,
     {"samples.jsonl:1: expected an object for \"values\", got array"}},
    {"\"ops\":2000",
     "\"ops\":\"many\"",
     RC_USAGE,
     {"samples.jsonl:2: expected a number for \"values.ops\", got string \"many\""}},
    {"\"ops\":2000", "\"ops\":null", RC_USAGE, {"\"values.ops\", got null"}},
    {"\"ops\":2000", "\"ops\":NaN", RC_USAGE, {"samples.jsonl:2:", "expected a value, got \"N\""}},
    {"\"ops\":2000", "\"ops\":1e999", RC_USAGE, {"samples.jsonl:2:", "number is too large"}},
    {"\"ops\":2000", "\"ops\":-2000", RC_USAGE, {"samples.jsonl:2: \"values.ops\" is negative"}},
    {"\"ops\":2000", "\"ops\":2000.5", RC_USAGE, {"\"values.ops\" is a counter and not a whole"}},
    {"\"ops\":2000", "\"ops\":1e16", RC_USAGE, {"\"values.ops\" is a counter and not a whole"}},
    {"\"ops\":2000", "\"ops\":0", RC_USAGE, {"\"values.p50_ns\" needs at least 1 operations"}},
    {"\"ops\":2000", "\"ops\":399", RC_USAGE, {"\"values.p95_ns\" needs at least 400 operations"}},
    {"\"ops\":2000",
     "\"ops\":1999",
     RC_USAGE,
     {"\"values.p99_ns\" needs at least 2000 operations"}},
    {"\"wall_ns\":1000000", "\"wall_ns\":0", RC_USAGE, {"\"values.max_ns\" is above \"wall_ns\""}},
    {"\"wall_ns\":1000000", "\"wall_ns\":-5", RC_USAGE, {"\"values.wall_ns\" is negative"}},
    {"\"wall_ns\":1000000", "\"wall_ns\":1e300", RC_USAGE, {"\"values.wall_ns\" is out of range"}},
    {"\"p50_ns\":4000.5",
     "\"p50_ns\":9001",
     RC_USAGE,
     {"samples.jsonl:2: \"values.p50_ns\" is above \"p95_ns\""}},
    {"\"p95_ns\":7000.25", "\"p95_ns\":9001", RC_USAGE, {"\"values.p95_ns\" is above \"p99_ns\""}},
    {"\"p99_ns\":9000", "\"p99_ns\":9501", RC_USAGE, {"\"values.p99_ns\" is above \"max_ns\""}},
    {"\"p50_first_ns\":4100",
     "\"p50_first_ns\":9501",
     RC_USAGE,
     {"samples.jsonl:2: \"values.p50_first_ns\" is above \"max_ns\""}},
    {"\"p50_second_ns\":3900",
     "\"p50_second_ns\":9501",
     RC_USAGE,
     {"\"values.p50_second_ns\" is above \"max_ns\""}},
    {"\"p95_64k_ns\":7500",
     "\"p95_64k_ns\":9501",
     RC_USAGE,
     {"\"values.p95_64k_ns\" is above \"max_ns\""}},
    {"\"p95_64k_ns\":7500",
     "\"p95_large_ns\":9501",
     RC_USAGE,
     {"\"values.p95_large_ns\" is above \"max_ns\""}},
    {"\"stall_ns\":2500", "\"stall_ns\":-1", RC_USAGE, {"\"values.stall_ns\" is negative"}},
    {"\"stall_ns\":2500",
     "\"stall_ns\":1e9",
     RC_USAGE,
     {"\"values.stall_ns\" is above \"wall_ns\""}},
    {"\"stall_share\":0.0025",
     "\"stall_share\":1.5",
     RC_USAGE,
     {"samples.jsonl:2: \"values.stall_share\" is above 1"}},
    {"\"p99_ns\":9000",
     "\"total_bytes\":9000",
     RC_USAGE,
     {"\"values.total_bytes\" does not belong"}},
    {"\"write_amp\":-",
     "\"ops\":2000,\"write_amp\":-",
     RC_USAGE,
     {"samples.jsonl:2: key \"values.ops\" is given twice"}},
    {"\"valid\":true",
     "\"valid\":1",
     RC_USAGE,
     {"samples.jsonl:5: expected true or false for \"valid\""}},
    {"\"valid\":true",
     "\"valid\":false",
     RC_USAGE,
     {"samples.jsonl:5: \"reason\" is missing for an invalid run"}},
    {"\"reason\":\"\"",
     "\"reason\":\"lost a blob\"",
     RC_USAGE,
     {"samples.jsonl:5: \"reason\" is given for a valid run"}},
    {"\"verification\":\"0123456789abcdef\"",
     "\"verification\":\"\"",
     RC_USAGE,
     {"samples.jsonl:5: \"verification\" is missing for a valid run"}},
    {"\"verification\":", "\"verifikation\":", RC_USAGE, {"missing \"verification\""}},
    {"\"journal_mode\":\"wal\"",
     "\"journal_mode\":[]",
     RC_USAGE,
     {"samples.jsonl:5: expected a string for \"pragmas.journal_mode\""}},
    {"\"name\":\"chunks\"", "\"name\":\"\"", RC_USAGE, {"\"probes[0].name\" must not be empty"}},
    {"\"value\":12", "\"value\":-12", RC_USAGE, {"\"probes[0].value\", got number -12"}},
    {"\"value\":12", "\"value\":1.5", RC_USAGE, {"\"probes[0].value\""}},
    {"\"expected\":\"at least 8\",", "", RC_USAGE, {"missing \"expected\" in \"probes[0]\""}},
    {"\"ok\":true", "\"ok\":1", RC_USAGE, {"expected true or false for \"probes[0].ok\""}},
    {"\"ok\":true",
     "\"ok\":false",
     RC_USAGE,
     {"samples.jsonl:5: \"probes\" has one that is not ok in a valid run"}},
    {"\"probes\":[", "\"probes\":{},\"x\":[", RC_USAGE, {"expected an array for \"probes\""}},
    {"\"by_extension\":[", "\"by_extension\":[\"png\",", RC_USAGE, {"\"by_extension[0]\""}},
    {"\"blobs\":3",
     "\"blobs\":4",
     RC_USAGE,
     {"samples.jsonl:5: \"by_handler\" does not add up to the same blobs"}},
    {"\"logical_bytes\":3000",
     "\"logical_bytes\":-1",
     RC_USAGE,
     {"\"by_extension[0].logical_bytes\", got number -1"}},
    {"{\"schema\"", "[\"schema\"", RC_USAGE, {"samples.jsonl:1:"}},
    {"{\"schema\"",
     "\n{\"schema\"",
     RC_USAGE,
     {"samples.jsonl:1:1: expected a JSON document, got nothing"}},
    {"\"arm\":\"raw\"",
     "\"arm\":\"chunked:avg=8k \\\"\xc3\xa9\\\"\"",
     RC_USAGE,
     {"samples.jsonl:2: ", "has another round, slot or arm", "(line 1)"}},
    {"\"round\":0",
     "\"round\":1",
     RC_USAGE,
     {"samples.jsonl:1: \"run\" is not \"round\" x the number of arms + \"slot\""}},
    {"\"run\":0", "\"run\":4294967295", RC_USAGE, {"samples.jsonl:1: \"run\" is not \"round\" x"}},
    {"\"round\":0", "\"round\":4294967295", RC_USAGE, {"samples.jsonl:1: \"run\" is not \"round"}},
    {"\"dataset_hash\":\"aa55\"",
     "\"dataset_hash\":\"aa56\"",
     RC_MISMATCH,
     {"samples.jsonl:5: \"dataset_hash\" is \"aa56\", the study is of other data (\"aa55\")"}},
};

static void test_sample_fields(void **state)
{
    struct buf dir = {0};
    fixture_make(&dir, *state, 2);
    fixture_check_edits(buf_str(&dir), "samples.jsonl", sample_edits, COUNT_OF(sample_edits));
    buf_release(&dir);
}

/* Any byte of a run's lines flipped: loads or is refused, and never crashes. */
static void test_samples_flipped(void **state)
{
    struct buf dir = {0}, text = {0};
    fixture_make(&dir, *state, 1);
    fixture_read(buf_str(&dir), "samples.jsonl", &text);
    for (size_t i = 0; i < text.len; i++) {
        text.ptr[i] ^= 0x15;
        fixture_write(buf_str(&dir), "samples.jsonl", text.ptr, text.len);
        text.ptr[i] ^= 0x15;
        struct record record;
        struct err err = {0};
        enum rc rc = record_load(&record, buf_str(&dir), &err);
        assert_true(rc == RC_OK || rc == RC_USAGE || rc == RC_MISMATCH);
        record_release(&record);
    }
    buf_release(&dir);
    buf_release(&text);
}

static void test_unknown_keys(void **state)
{
    struct buf dir = {0}, text = {0}, changed = {0};
    static const struct fixture_edit edits[] = {
        {"\"arm\":\"raw\"", "\"arm\":\"raw\",\"colour\":\"red\"", RC_OK, {"colour"}},
        {"\"ops\":2000", "\"ops\":2000,\"joules\":5", RC_OK, {"joules"}},
        {"\"blobs\":3", "\"blobs\":3,\"shape\":[{}]", RC_OK, {"shape"}},
    };
    fixture_make(&dir, *state, 1);
    fixture_read(buf_str(&dir), "samples.jsonl", &text);
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        fixture_replaced(&changed, &text, &edits[i]);
        fixture_write(buf_str(&dir), "samples.jsonl", changed.ptr, changed.len);
        struct record record;
        fixture_load(&record, buf_str(&dir));
        assert_int_equal(record.warnings, 1);
        assert_non_null(strstr(record.warning, "unknown key"));
        assert_non_null(strstr(record.warning, edits[i].parts[0]));
        assert_int_equal(record.run_count, 1);
        record_release(&record);
    }
    buf_release(&dir);
    buf_release(&text);
    buf_release(&changed);
}

/* ---- order of lines -------------------------------------------------------------------------- */

/* The file's lines in the order given, -1 ends it. */
static void write_lines(const char *dir, const struct buf *text, const int *order)
{
    const char *lines[FIXTURE_RUNS * FIXTURE_LINES + 1];
    struct buf out = {0};
    struct err err = {0};
    lines[0] = (const char *)text->ptr;
    for (size_t i = 1; i <= FIXTURE_RUNS * FIXTURE_LINES; i++)
        lines[i] = strchr(lines[i - 1], '\n') + 1;
    for (; *order >= 0; order++) {
        size_t len = (size_t)(lines[*order + 1] - lines[*order]);
        assert_int_equal(buf_append(&out, span_of(lines[*order], len), &err), RC_OK);
    }
    fixture_write(dir, "samples.jsonl", out.ptr, out.len);
    buf_release(&out);
}

/* A round has every arm once, in whatever order its runs stand. */
static void test_arm_twice(void **state)
{
    struct buf dir = {0}, parent = {0};
    struct sample run[FIXTURE_LINES];
    static const uint32_t numbers[][3] = {{0, 1, 2}, {3, 0, 2}};
    for (size_t n = 0; n < COUNT_OF(numbers); n++) {
        fixture_make(&dir, fixture_join(&parent, *state, n == 0 ? "a" : "b"), 0);
        for (size_t i = 0; i < COUNT_OF(numbers[n]); i++) {
            fixture_run(run, numbers[n][i]);
            for (size_t k = 0; k < FIXTURE_LINES; k++)
                run[k].arm = 1;
            fixture_append(buf_str(&dir), run);
        }
        EXPECT_LOAD(buf_str(&dir), RC_USAGE,
                    n == 0 ? "samples.jsonl:10: \"arm\" \"chunked"
                           : "samples.jsonl:15: \"arm\" \"chunked",
                    n == 0 ? "has a run in round 0 already, line 5"
                           : "has a run in round 1 already, line 5");
    }
    buf_release(&dir);
    buf_release(&parent);
}

static void test_line_order(void **state)
{
    struct buf dir = {0}, text = {0};
    struct record record;
    struct err err = {0};
    fixture_make(&dir, *state, FIXTURE_RUNS);
    const char *study = buf_str(&dir);
    fixture_read(study, "samples.jsonl", &text);

    /* Within a run the order does not matter as long as the run line is last. */
    write_lines(study, &text, (const int[]){3, 2, 0, 1, 4, 5, 6, 7, 8, 9, -1});
    fixture_load(&record, study);
    assert_int_equal(record.run_count, 2);
    assert_int_equal(record.warnings, 0);
    assert_int_equal(record_verify(&record, &err), RC_OK);
    record_release(&record);

    /* Interleaved runs, and runs out of order. */
    write_lines(study, &text, (const int[]){5,  0,  6,  1,  7,  2,  8,  3,  9,  4, 15,
                                            16, 17, 18, 19, 10, 11, 12, 13, 14, -1});
    fixture_load(&record, study);
    assert_int_equal(record.run_count, FIXTURE_RUNS);
    assert_int_equal(record.warnings, 0);
    assert_int_equal(record.samples[0].run, 1);
    for (uint32_t i = 0; i < FIXTURE_RUNS; i++)
        assert_int_equal(record_find(&record, i, SAMPLE_RUN, "")->run, i);
    assert_int_equal(record_verify(&record, &err), RC_OK);
    record_release(&record);

    /* A run without its run line is ignored, also between others. */
    write_lines(study, &text, (const int[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, -1});
    fixture_load(&record, study);
    assert_int_equal(record.run_count, 2);
    assert_int_equal(record.sample_count, 2 * FIXTURE_LINES);
    assert_int_equal(record.warnings, 1);
    assert_non_null(strstr(record.warning, "samples.jsonl:6: run 1 did not finish"));
    assert_null(record_find(&record, 1, SAMPLE_PHASE, "ingest_binary_cold"));
    assert_int_equal(record.stray_line, 6); /* no crash leaves that */
    record_release(&record);
    write_lines(study, &text, (const int[]){0, 1, 2, 3, 4, 5, 6, 7, 8, -1});
    fixture_load(&record, study);
    assert_int_equal(record.warnings, 1);
    assert_int_equal(record.stray_line, 0); /* but this one does */
    record_release(&record);

    write_lines(study, &text, (const int[]){0, 1, 2, 3, 4, 4, -1});
    EXPECT_LOAD(study, RC_USAGE, "samples.jsonl:6: \"run\" 0 is recorded already", "line 5");
    write_lines(study, &text, (const int[]){1, 2, 3, 4, 0, -1});
    EXPECT_LOAD(study, RC_USAGE, "samples.jsonl:5: \"run\" 0 is recorded already", "line 4");
    /* A run that counts as valid did everything. */
    write_lines(study, &text, (const int[]){0, 1, 2, 4, 5, 6, 7, 8, 9, -1});
    EXPECT_LOAD(study, RC_USAGE,
                "samples.jsonl:4: \"valid\" is true, and run 0 has no phase "
                "\"read_point_binary\"");
    write_lines(study, &text, (const int[]){5, 7, 8, 9, -1});
    EXPECT_LOAD(study, RC_USAGE, "samples.jsonl:4:", "run 1 has no phase \"ingest_binary_cold\"");
    write_lines(study, &text, (const int[]){0, 1, 3, 4, -1});
    EXPECT_LOAD(study, RC_USAGE, "samples.jsonl:4:", "run 0 has no snapshot \"after_ingest\"");
    write_lines(study, &text, (const int[]){0, 1, 1, 2, 3, 4, -1});
    EXPECT_LOAD(study, RC_USAGE,
                "samples.jsonl:3: phase line \"ingest_binary_cold\" is there twice", "(line 2)");
    buf_release(&dir);
    buf_release(&text);
}

#define FOLDER_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_missing_files),     FOLDER_TEST(test_manifest_truncated),
        FOLDER_TEST(test_samples_truncated), FOLDER_TEST(test_append_after_cut),
        FOLDER_TEST(test_manifest_fields),   FOLDER_TEST(test_sample_fields),
        FOLDER_TEST(test_samples_flipped),   FOLDER_TEST(test_unknown_keys),
        FOLDER_TEST(test_line_order),        FOLDER_TEST(test_arm_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
