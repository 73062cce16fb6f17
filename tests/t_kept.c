/* t_kept: the description of a kept store is read back as it was written, every damage to it is
 * found, and removing one removes nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "results/kept.h"
#include "tests/support_fixture.h"

static struct kept_blob sample_blobs[] = {
    {.file_id = 0, .version = 0, .bytes = 0, .path = ""},
    {.file_id = 7, .version = 1, .bytes = 65536, .path = "bench/random/07/file-00007.bin"},
    {.file_id = 7, .version = 2, .bytes = 65537, .path = "bench/random/07/file-00007.bin"},
    {.file_id = INT64_MAX, .version = UINT32_MAX, .bytes = BLOB_BYTES_MAX, .path = "a,\"b\"\n\\c"},
};

static struct kept sample(void)
{
    for (size_t i = 0; i < COUNT_OF(sample_blobs); i++)
        sample_blobs[i].hash = hash_xxh128(span_of(&i, sizeof(i)));
    return (struct kept){
        .spec = "chunked:avg=8k,codec=zstd",
        .durability = "durable",
        .retention = "history",
        .blobs = sample_blobs,
        .blob_count = COUNT_OF(sample_blobs),
    };
}

static void write_sample(const char *folder)
{
    struct err err = {0};
    struct kept kept = sample();
    if (kept_write(folder, &kept, &err) != RC_OK)
        fail_msg("%s", err.msg);
}

/* The answer of kept_read, which must be one of the documented ones and come with a message. */
static enum rc read_back(const char *folder, char message[640])
{
    struct err err = {0};
    struct kept kept;
    enum rc rc = kept_read(folder, &kept, &err);
    assert_int_equal(rc, err.rc);
    if (rc != RC_OK)
        assert_true(strlen(err.msg) > 10);
    if (message != NULL)
        memcpy(message, err.msg, sizeof(err.msg));
    kept_release(&kept);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
    struct err err = {0};
    struct kept kept;
    write_sample(*state);
    assert_int_equal(kept_read(*state, &kept, &err), RC_OK);
    assert_string_equal(kept.spec, "chunked:avg=8k,codec=zstd");
    assert_string_equal(kept.durability, "durable");
    assert_string_equal(kept.retention, "history");
    assert_int_equal(kept.blob_count, COUNT_OF(sample_blobs));
    for (size_t i = 0; i < kept.blob_count; i++) {
        char path[QUOTE_SIZE];
        const struct kept_blob *wanted = &sample_blobs[i], *got = &kept.blobs[i];
        assert_true(got->file_id == wanted->file_id);
        assert_int_equal(got->version, wanted->version);
        assert_int_equal(got->bytes, wanted->bytes);
        assert_true(hash128_equal(got->hash, wanted->hash));
        assert_string_equal(got->path, quote_str(path, sizeof(path), wanted->path));
    }
    kept_release(&kept);

    struct kept empty = sample();
    empty.blob_count = 0;
    assert_int_equal(kept_write(*state, &empty, &err), RC_OK); /* replaces */
    assert_int_equal(kept_read(*state, &kept, &err), RC_OK);
    assert_int_equal(kept.blob_count, 0);
    kept_release(&kept);
}

static void test_many(void **state)
{
    enum { MANY = 20000 };
    struct err err = {0};
    struct kept kept = sample(), back;
    kept.blobs = calloc(MANY, sizeof(*kept.blobs));
    kept.blob_count = MANY;
    assert_non_null(kept.blobs);
    for (size_t i = 0; i < MANY; i++)
        kept.blobs[i] = (struct kept_blob){.file_id = i, .bytes = i, .path = "p"};
    assert_int_equal(kept_write(*state, &kept, &err), RC_OK);
    assert_int_equal(kept_read(*state, &back, &err), RC_OK);
    assert_int_equal(back.blob_count, MANY);
    assert_int_equal(back.blobs[MANY - 1].bytes, MANY - 1);
    kept_release(&back);
    free(kept.blobs);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static bool is_refusal(enum rc rc)
{
    return rc == RC_CORRUPT || rc == RC_USAGE || rc == RC_MISMATCH;
}

static void expect_refused(const char *folder, const char *name, const struct buf *bytes,
                           const char *what, size_t at)
{
    char message[640];
    fixture_write(folder, name, bytes->ptr, bytes->len);
    enum rc rc = read_back(folder, message);
    if (!is_refusal(rc))
        fail_msg("%s, %s at %zu: %s: %s", name, what, at, rc_name(rc), message);
}

static void test_truncated(void **state)
{
    static const char *const names[] = {"contents.csv", "store.json"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct buf bytes = {0};
        write_sample(*state);
        fixture_read(*state, names[i], &bytes);
        size_t len = bytes.len;
        for (bytes.len = 0; bytes.len < len; bytes.len++) {
            /* The newline after the closing brace means nothing. */
            if (i == 1 && bytes.len + 1 == len)
                continue;
            expect_refused(*state, names[i], &bytes, "cut", bytes.len);
        }
        buf_release(&bytes);
    }
}

/* No bit of contents.csv may change; in store.json a number or a name may become another, which
 * the seal of contents.csv or the reader's user finds. */
static void test_flipped(void **state)
{
    struct buf bytes = {0};
    write_sample(*state);
    fixture_read(*state, "contents.csv", &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes.ptr[i] ^= (uint8_t)(1u << bit);
            expect_refused(*state, "contents.csv", &bytes, "a flipped bit", i);
            bytes.ptr[i] ^= (uint8_t)(1u << bit);
        }
    }
    fixture_write(*state, "contents.csv", bytes.ptr, bytes.len);
    fixture_read(*state, "store.json", &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes.ptr[i] ^= (uint8_t)(1u << bit);
            fixture_write(*state, "store.json", bytes.ptr, bytes.len);
            bytes.ptr[i] ^= (uint8_t)(1u << bit);
            enum rc rc = read_back(*state, NULL);
            assert_true(rc == RC_OK || is_refusal(rc));
        }
    }
    buf_release(&bytes);
}

/* The lines of `text`, the one of number `line` left out (and appended `times` in its place). */
static void without_line(const struct buf *text, size_t line, size_t times, struct buf *out)
{
    struct err err = {0};
    const uint8_t *at = text->ptr, *end = text->ptr + text->len;
    buf_clear(out);
    for (size_t number = 0; at < end; number++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(newline);
        struct span whole = span_of(at, (size_t)(newline + 1 - at));
        for (size_t i = 0; i < (number == line ? times : 1); i++)
            assert_int_equal(buf_append(out, whole, &err), RC_OK);
        at = newline + 1;
    }
}

static void test_lines(void **state)
{
    enum { LINES = COUNT_OF(sample_blobs) + 2 };
    struct buf bytes = {0}, changed = {0};
    struct err err = {0};
    write_sample(*state);
    fixture_read(*state, "contents.csv", &bytes);
    for (size_t line = 0; line < LINES; line++) {
        without_line(&bytes, line, 0, &changed);
        expect_refused(*state, "contents.csv", &changed, "a missing line", line);
        without_line(&bytes, line, 2, &changed);
        expect_refused(*state, "contents.csv", &changed, "a doubled line", line);
    }
    assert_int_equal(buf_set(&changed, buf_span(&bytes), &err), RC_OK);
    assert_int_equal(buf_append(&changed, span_of("\n", 1), &err), RC_OK);
    expect_refused(*state, "contents.csv", &changed, "a line too many", LINES);
    buf_release(&bytes);
    buf_release(&changed);
}

/* A seal that fits, over lines that do not: whoever edits can hash. */
static void expect_line_refused(const char *folder, const char *line)
{
    struct err err = {0};
    struct buf text = {0};
    char hex[HEX_SIZE];
    assert_int_equal(buf_printf(&text, &err, "file_id,version,bytes,xxh3_128,path\n%s", line),
                     RC_OK);
    struct hash128 hash = hash_xxh128(buf_span(&text));
    hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes)));
    assert_int_equal(buf_printf(&text, &err, "#,1,,%s,\n", hex), RC_OK);
    expect_refused(folder, "contents.csv", &text, line, 0);
    buf_release(&text);
}

#define HASH "00112233445566778899aabbccddeeff"

static void test_sealed_nonsense(void **state)
{
    static const char *const lines[] = {
        "",
        "\n",
        "1,2,3\n",
        "1,2,3,\n",
        "1,2,3," HASH "\n",
        "1,2,3," HASH ",\n",
        "1,2,3," HASH ",\"\n",
        "1,2,3," HASH ",path\n",
        "1,2,3," HASH ",\"path\n",
        "1,2,3," HASH ",path\"\n",
        "1,2,3,0011,\"path\"\n",
        "1,2,3," HASH "00,\"path\"\n",
        "1,2,3,00112233445566778899AABBCCDDEEFF,\"path\"\n",
        "-1,2,3," HASH ",\"path\"\n",
        "9223372036854775808,2,3," HASH ",\"path\"\n",
        "1,4294967296,3," HASH ",\"path\"\n",
        "1,2,1000000001," HASH ",\"path\"\n",
        "1,,3," HASH ",\"path\"\n",
        ",2,3," HASH ",\"path\"\n",
        "1,2,3," HASH ",\"path\"\n1,3,3," HASH ",\"path\"\n",
    };
    struct kept one = sample();
    struct err err = {0};
    one.blob_count = 1;
    assert_int_equal(kept_write(*state, &one, &err), RC_OK);
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        expect_line_refused(*state, lines[i]);
}

/* A count that fits the seal and nothing else takes no memory. */
static void test_sealed_count(void **state)
{
    static const char count[] = "9007199254740991",
                      header[] = "file_id,version,bytes,xxh3_128,path\n";
    struct err err = {0};
    struct buf text = {0};
    char hex[HEX_SIZE];
    struct hash128 hash = hash_xxh128(span_of_str(header));
    write_sample(*state);
    hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes)));
    assert_int_equal(buf_printf(&text, &err, "%s#,%s,,%s,\n", header, count, hex), RC_OK);
    fixture_write(*state, "contents.csv", text.ptr, text.len);
    buf_clear(&text);
    assert_int_equal(buf_printf(&text, &err,
                                "{\"schema\":\"" KEPT_SCHEMA "\",\"strategy\":\"raw\","
                                "\"durability\":\"none\",\"retention\":\"latest\",\"blobs\":%s}",
                                count),
                     RC_OK);
    fixture_write(*state, "store.json", text.ptr, text.len);
    assert_int_equal(read_back(*state, NULL), RC_CORRUPT);
    buf_release(&text);
}

static void expect_description_refused(const char *folder, const char *text)
{
    fixture_write(folder, "store.json", text, strlen(text));
    char message[640];
    enum rc rc = read_back(folder, message);
    if (!is_refusal(rc))
        fail_msg("%s: %s: %s", text, rc_name(rc), message);
}

#define STORE(schema, strategy, blobs)              \
    "{\"schema\":" schema ",\"strategy\":" strategy \
    ",\"durability\":\"durable\",\"retention\":\"history\",\"blobs\":" blobs "}\n"

static void test_descriptions(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"schema\":\"blobfront/store/1\"}",
        STORE("\"blobfront/store/2\"", "\"raw\"", "4"),
        STORE("1", "\"raw\"", "4"),
        STORE("\"blobfront/store/1\"", "7", "4"),
        STORE("\"blobfront/store/1\"", "\"raw\"", "-4"),
        STORE("\"blobfront/store/1\"", "\"raw\"", "4.5"),
        STORE("\"blobfront/store/1\"", "\"raw\"", "3"),
        STORE("\"blobfront/store/1\"", "\"raw\"", "5"),
        STORE("\"blobfront/store/1\"", "\"raw\"", "9007199254740991"),
        STORE("\"blobfront/store/1\"", "\"raw\"", "1e300"),
    };
    write_sample(*state);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        expect_description_refused(*state, texts[i]);
    static const char fits[] = STORE("\"blobfront/store/1\"", "\"raw\"", "4");
    fixture_write(*state, "store.json", fits, sizeof(fits) - 1);
    assert_int_equal(read_back(*state, NULL), RC_OK);
}

static void test_not_a_store(void **state)
{
    struct buf path = {0};
    assert_int_equal(read_back(*state, NULL), RC_USAGE);
    assert_int_equal(read_back("/nonexistent/folder", NULL), RC_USAGE);
    fixture_write(*state, "file", "x", 1);
    assert_int_equal(read_back(fixture_join(&path, *state, "file"), NULL), RC_USAGE);
    write_sample(*state);
    assert_int_equal(remove(fixture_join(&path, *state, "contents.csv")), 0);
    assert_int_equal(read_back(*state, NULL), RC_USAGE);
    assert_int_equal(mkdir(fixture_join(&path, *state, "contents.csv"), 0700), 0);
    assert_int_equal(read_back(*state, NULL), RC_USAGE);
    assert_int_equal(rmdir(buf_str(&path)), 0);
    assert_int_equal(mkfifo(buf_str(&path), 0600), 0); /* must not wait for a writer */
    assert_int_equal(read_back(*state, NULL), RC_USAGE);
    buf_release(&path);
}

/* ---- removing -------------------------------------------------------------------------------- */

static bool exists(const char *dir, const char *name)
{
    struct stat st;
    struct buf path = {0};
    bool found = lstat(fixture_join(&path, dir, name), &st) == 0;
    buf_release(&path);
    return found;
}

static void make_folder(const char *dir, const char *name)
{
    struct buf path = {0};
    assert_int_equal(mkdir(fixture_join(&path, dir, name), 0700), 0);
    buf_release(&path);
}

static void make_link(const char *to, const char *dir, const char *name)
{
    struct buf path = {0};
    assert_int_equal(symlink(to, fixture_join(&path, dir, name)), 0);
    buf_release(&path);
}

/* A whole store as dir/store: data/ with files and a folder in it. */
static void make_store(const char *dir, struct buf *store)
{
    make_folder(dir, "store");
    make_folder(dir, "store/data");
    make_folder(dir, "store/data/00");
    fixture_write(dir, "store/data/blobs.db", "x", 1);
    fixture_write(dir, "store/data/lock", "", 0);
    fixture_write(dir, "store/data/00/blob", "x", 1);
    write_sample(fixture_join(store, dir, "store"));
}

static void test_remove(void **state)
{
    struct buf store = {0};
    struct err err = {0};
    make_store(*state, &store);
    assert_int_equal(kept_remove(buf_str(&store), &err), RC_OK);
    assert_false(exists(*state, "store"));
    assert_int_equal(kept_remove(buf_str(&store), &err), RC_OK); /* it is missing */
    make_folder(*state, "store");
    fixture_write(buf_str(&store), "store.json.123.tmp", "x", 1); /* killed while writing */
    fixture_write(buf_str(&store), "contents.csv.123.tmp", "x", 1);
    assert_int_equal(buf_append(&store, span_of("//", 2), &err), RC_OK);
    assert_int_equal(kept_remove(buf_str(&store), &err), RC_OK);
    assert_false(exists(*state, "store"));
    store.len -= 2;
    make_folder(*state, "store");
    assert_int_equal(kept_remove(buf_str(&store), &err), RC_OK);
    assert_false(exists(*state, "store"));
    buf_release(&store);
}

static void test_remove_refuses(void **state)
{
    static const char *const strangers[] = {
        "notes.txt",      "blobs.db",           "data2",      "STORE.JSON",     "store",
        ".git",           ".store.json",        "data.1.tmp", "store.json.tmp", "store.jsonx.1.tmp",
        "contents.csv.1", "x.store.json.1.tmp",
    };
    struct buf store = {0}, path = {0};
    make_store(*state, &store);
    for (size_t i = 0; i < COUNT_OF(strangers); i++) {
        struct err err = {0};
        fixture_write(buf_str(&store), strangers[i], "mine", 4);
        assert_int_equal(kept_remove(buf_str(&store), &err), RC_USAGE);
        assert_non_null(strstr(err.msg, strangers[i]));
        assert_true(exists(buf_str(&store), "store.json"));
        assert_true(exists(buf_str(&store), "data/blobs.db"));
        assert_int_equal(remove(fixture_join(&path, buf_str(&store), strangers[i])), 0);
    }
    /* The folder above is no store. */
    struct err err = {0};
    assert_int_equal(kept_remove(*state, &err), RC_USAGE);
    assert_true(exists(*state, "store/data/blobs.db"));
    /* Nor is a file. */
    err_clear(&err);
    assert_int_equal(kept_remove(fixture_join(&path, buf_str(&store), "store.json"), &err), RC_IO);
    assert_true(exists(buf_str(&store), "store.json"));
    buf_release(&path);
    buf_release(&store);
}

/* Links are removed, not what they lead to. */
static void test_remove_links(void **state)
{
    struct buf store = {0}, outside = {0}, link = {0};
    struct err err = {0};
    make_store(*state, &store);
    make_folder(*state, "outside");
    fixture_write(*state, "outside/precious", "x", 1);
    fixture_join(&outside, *state, "outside");
    make_link(buf_str(&outside), *state, "store/data/folder");
    make_link("../../outside/precious", *state, "store/data/00/file");
    make_link("nowhere", *state, "store/data/dangling");
    /* The store itself is a link: nothing happens. */
    make_link("store", *state, "alias");
    assert_int_equal(kept_remove(fixture_join(&link, *state, "alias"), &err), RC_IO);
    assert_true(exists(*state, "store/store.json"));
    assert_true(exists(*state, "alias"));
    /* Also when its name ends as a folder's. */
    err_clear(&err);
    assert_int_equal(kept_remove(fixture_join(&link, *state, "alias/"), &err), RC_IO);
    assert_true(exists(*state, "store/store.json"));
    err_clear(&err);
    assert_int_equal(kept_remove(buf_str(&store), &err), RC_OK);
    assert_false(exists(*state, "store"));
    assert_true(exists(*state, "outside/precious"));

    /* data/ as a link. */
    make_folder(*state, "store");
    make_link(buf_str(&outside), *state, "store/data");
    assert_int_equal(kept_remove(buf_str(&store), &err), RC_OK);
    assert_false(exists(*state, "store"));
    assert_true(exists(*state, "outside/precious"));
    buf_release(&store);
    buf_release(&outside);
    buf_release(&link);
}

/* No strategy nests folders deeply: what does is not ours to remove whole. */
static void test_remove_depth(void **state)
{
    struct buf store = {0}, deep = {0};
    struct err err = {0};
    make_store(*state, &store);
    assert_int_equal(buf_printf(&deep, &err, "store/data"), RC_OK);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(buf_printf(&deep, &err, "/d"), RC_OK);
        make_folder(*state, buf_str(&deep));
    }
    assert_int_equal(kept_remove(buf_str(&store), &err), RC_IO);
    assert_true(exists(*state, buf_str(&deep)));
    buf_release(&store);
    buf_release(&deep);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_round_trip),     IN_FOLDER(test_many),
        IN_FOLDER(test_truncated),      IN_FOLDER(test_flipped),
        IN_FOLDER(test_lines),          IN_FOLDER(test_sealed_nonsense),
        IN_FOLDER(test_sealed_count),   IN_FOLDER(test_descriptions),
        IN_FOLDER(test_not_a_store),    IN_FOLDER(test_remove),
        IN_FOLDER(test_remove_refuses), IN_FOLDER(test_remove_links),
        IN_FOLDER(test_remove_depth),
    };
    return cmocka_run_group_tests_name("t_kept", tests, NULL, NULL);
}
