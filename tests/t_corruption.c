/* t_corruption: damage done to a closed store through a stock SQLite connection, or to its files,
 * is found by check(), and a get gives an error or the exact bytes.
 *
 * The second part holds with `verify` on; without it a strategy may hand out damaged bytes, which
 * the driver sees because it compares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support_store.h"

enum { BIG = 100000, MIDDLE = 9000, SMALL = 500 };

struct sample {
    uint8_t *bytes;
    size_t len;
};

struct samples {
    struct sample text, noise, small, again;
};

static struct sample sample_new(enum bytes_kind kind, uint64_t seed, size_t len)
{
    return (struct sample){.bytes = bytes_new(kind, seed, len), .len = len};
}

static struct samples samples_new(void)
{
    return (struct samples){
        .text = sample_new(BYTES_TEXT, 1, BIG),
        .noise = sample_new(BYTES_RANDOM, 2, BIG),
        .small = sample_new(BYTES_TEXT, 3, SMALL),
        .again = sample_new(BYTES_REPEAT, 4, MIDDLE),
    };
}

static void samples_free(struct samples *samples)
{
    free(samples->text.bytes);
    free(samples->noise.bytes);
    free(samples->small.bytes);
    free(samples->again.bytes);
}

static struct span span_of_sample(struct sample sample)
{
    return span_of(sample.bytes, sample.len);
}

/* File n holds sample n; file 4 the same as file 0; file 5 is empty. */
static struct span wanted(const struct samples *samples, uint64_t file)
{
    switch (file) {
    case 0:
    case 4: return span_of_sample(samples->text);
    case 1: return span_of_sample(samples->noise);
    case 2: return span_of_sample(samples->small);
    case 3: return span_of_sample(samples->again);
    default: return span_of(NULL, 0);
    }
}
enum { FILES = 6 };

static void fill(struct rig *rig, const struct samples *samples)
{
    rig_begin(rig);
    for (uint64_t file = 0; file < FILES; file++)
        rig_put(rig, file, 0, wanted(samples, file));
    rig_commit(rig);
    for (uint64_t file = 0; file < FILES; file++)
        rig_expect(rig, file, 0, wanted(samples, file));
    rig_check(rig);
}

static void close_only(struct rig *rig)
{
    struct err err = {0};
    MUST(rig, store_settle(rig->st));
    assert_int_equal(store_close(rig->st, &err), RC_OK);
    rig->st = NULL;
    io_close(&rig->tree.io);
}

/* RC_OK with the store open, or why it does not open. */
static enum rc open_again(struct rig *rig, struct err *err)
{
    struct store_config config = {
        .io = &rig->tree.io,
        .durability = rig->subject->level,
        .preset = rig->spec.row->preset,
        .options = rig->spec.options,
        .label = rig->spec.label,
    };
    assert_int_equal(io_open_posix(&rig->tree.io, rig->tree.root, err), RC_OK);
    return store_open(&rig->st, rig->spec.row->ops, &config, err);
}

static void drop(struct rig *rig)
{
    struct err err = {0};
    if (rig->st != NULL) {
        enum rc rc = store_close(rig->st, &err);
        assert_true(rc == RC_OK || err.rc == rc);
        rig->st = NULL;
    }
}

/* Reads everything, from a store opened anew after each failure.  How many blobs were refused. */
static size_t read_all(struct rig *rig, const struct samples *samples, const char *damage)
{
    size_t refused = 0;
    for (uint64_t file = 0; file < FILES; file++) {
        struct err err = {0};
        if (rig->st == NULL) {
            tree_reopen(&rig->tree);
            io_close(&rig->tree.io);
            if (open_again(rig, &err) != RC_OK)
                return FILES;
        }
        enum rc rc = store_get(rig->st, (struct blob_key){file, 0}, &rig->out);
        if (rc == RC_OK) {
            if (!span_equal(buf_span(&rig->out), wanted(samples, file)))
                fail_msg("%s: %s: wrong bytes of file %u", rig->subject->spec, damage,
                         (unsigned)file);
            continue;
        }
        refused++;
        if (rc == RC_NOTFOUND)
            continue;
        if (rc != RC_CORRUPT)
            fail_msg("%s: %s: get: %s: %s", rig->subject->spec, damage, rc_name(rc),
                     store_error(rig->st)->msg);
        drop(rig);
    }
    return refused;
}

/* After the damage was done to the closed store. */
static void expect_found(struct rig *rig, const struct samples *samples, const char *damage,
                         bool readable)
{
    struct err err = {0};
    if (open_again(rig, &err) == RC_OK) {
        enum rc rc = store_check(rig->st);
        if (rc != RC_CORRUPT)
            fail_msg("%s: %s: check: %s: %s", rig->subject->spec, damage, rc_name(rc),
                     store_error(rig->st)->msg);
        assert_true(strlen(store_error(rig->st)->msg) > 10);
        drop(rig);
    } else {
        assert_int_equal(err.rc, RC_CORRUPT);
    }
    size_t refused = read_all(rig, samples, damage);
    if (readable && refused > 0)
        fail_msg("%s: %s: %zu blobs were refused", rig->subject->spec, damage, refused);
    drop(rig);
}

/* ---- through SQL ----------------------------------------------------------------------------- */

struct damage {
    const char *spec, *sql;
    bool readable; /* every blob can still be read */
};

/* Replace one byte of a blob column of the row `rowid`, in SQL. */
#define FLIP(column, at)                                                            \
    column "=CAST(substr(" column ",1," #at "-1)||CASE WHEN substr(" column "," #at \
           ",1)=x'55' THEN x'54' ELSE x'55' END||substr(" column "," #at "+1) AS BLOB)"

static const struct damage damages[] = {
    {"raw:verify=on", "UPDATE blob SET " FLIP("data", 1) " WHERE file_id=0", false},
    {"raw:verify=on", "UPDATE blob SET " FLIP("data", 90000) " WHERE file_id=1", false},
    {"raw:verify=on", "UPDATE blob SET " FLIP("data", 100) " WHERE file_id=2", false},
    {"raw:verify=on", "UPDATE blob SET data=substr(data,1,99) WHERE file_id=2", false},
    {"raw:verify=on", "UPDATE blob SET data=x'' WHERE file_id=0", false},
    {"raw:verify=on", "UPDATE blob SET " FLIP("hash", 3) " WHERE file_id=0", false},
    {"raw:verify=on", "UPDATE blob SET hash=x'' WHERE file_id=0", false},
    {"raw:verify=on", "UPDATE blob SET version=-1 WHERE file_id=0", false},
    {"raw:verify=on", "UPDATE blob SET version=4294967296 WHERE file_id=0", false},
    {"raw:verify=on",
     "UPDATE blob SET data=(SELECT data FROM blob WHERE file_id=1) WHERE file_id=0", false},
    {"naive", "UPDATE change SET " FLIP("data", 7) " WHERE file_id=1", true},
    {"naive", "UPDATE change SET " FLIP("hash", 7) " WHERE file_id=1", true},
    {"naive", "DELETE FROM change WHERE file_id=1", false},
    {"naive:read_cache=off", "DELETE FROM snapshot WHERE id=2", false},
    {"naive:read_cache=off", "INSERT INTO snapshot VALUES(99,x'00')", true},
    {"naive", "UPDATE file_data_cache SET version=3 WHERE file_id=1", true},
    {"naive", "INSERT INTO file_data_cache VALUES(77,0,x'00')", true},
    {"dedup:verify=on", "UPDATE body SET " FLIP("data", 5000) " WHERE id=1", false},
    {"dedup:verify=on", "UPDATE body SET data=substr(data,2) WHERE id=2", false},
    {"dedup:verify=on", "UPDATE body SET data=x'' WHERE id=3", false},
    {"dedup:verify=on", "UPDATE body SET plain_len=plain_len+1 WHERE id=1", false},
    {"dedup:verify=on", "UPDATE body SET plain_len=-1 WHERE id=1", false},
    {"dedup:verify=on", "UPDATE body SET plain_len=1000000001 WHERE id=1", false},
    {"dedup:verify=on", "UPDATE body SET codec=1 WHERE id=1", false},
    {"dedup:verify=on", "UPDATE body SET codec=3 WHERE id=1", false},
    {"dedup:verify=on", "UPDATE content SET " FLIP("hash", 32) " WHERE id=1", false},
    {"dedup", "UPDATE content SET refs=refs+1 WHERE id=1", true},
    {"dedup", "UPDATE content SET refs=refs-1 WHERE id=1", true},
    {"dedup", "UPDATE content SET refs=0 WHERE id=2", true},
    {"dedup", "DELETE FROM content WHERE id=2", true},
    {"dedup", "DELETE FROM body WHERE id=2", false},
    {"dedup", "DELETE FROM ref WHERE file_id=4", false},
    {"dedup", "DELETE FROM ref WHERE file_id=1", false},
    {"dedup", "UPDATE ref SET content_id=99 WHERE file_id=1", false},
    {"dedup", "INSERT INTO ref VALUES(50,0,1)", true},
    {"dedup", "INSERT INTO body VALUES(99,0,1,x'00')", true},
    {"dedup", "INSERT INTO content VALUES(99,0,x'00')", true},
    {"dedup", "DELETE FROM identity", false},
    {"dedup", "UPDATE identity SET kind=7", false},
    {"dedup-zstd:verify=on", "UPDATE body SET " FLIP("data", 1) " WHERE id=1", false},
    {"dedup-zstd:verify=on", "UPDATE body SET " FLIP("data", 900) " WHERE id=1", false},
    {"dedup-zstd:verify=on", "UPDATE body SET data=CAST(data||x'00' AS BLOB) WHERE id=1", false},
    {"dedup-zstd:verify=on", "UPDATE body SET data=substr(data,1,length(data)-1) WHERE id=1",
     false},
    {"dedup-zstd:verify=on", "UPDATE body SET codec=0 WHERE id=1", false},
    {"dedup-zstd:verify=on", "UPDATE body SET codec=2 WHERE id=1", false},
    {"dedup-zstd:verify=on", "UPDATE body SET plain_len=plain_len-1 WHERE id=1", false},
    {"dedup-zstd:verify=on", "UPDATE body SET plain_len=900000000 WHERE id=1", false},
    {"dedup-brotli:verify=on", "UPDATE body SET " FLIP("data", 500) " WHERE id=1", false},
    {"dedup-brotli:verify=on", "UPDATE body SET codec=1 WHERE id=1", false},
    {"dedup:identity=xxh3,verify=on", "UPDATE body SET " FLIP("data", 4) " WHERE id=1", false},
    {"chunked:verify=on", "UPDATE body SET " FLIP("data", 40) " WHERE id=1", false},
    {"chunked:verify=on", "UPDATE body SET " FLIP("data", 40), false},
    {"chunked:verify=on", "DELETE FROM body WHERE id=1", false},
    {"chunked:verify=on", "DELETE FROM content WHERE id=1", true},
    {"chunked:verify=on", "UPDATE content SET refs=refs+1 WHERE id=3", true},
    {"chunked:verify=on", "UPDATE content SET refs=1", true},
    {"chunked:verify=on", "UPDATE content SET " FLIP("hash", 1) " WHERE id=1", true},
    {"chunked:verify=on", "UPDATE body SET codec=0 WHERE id=1", false},
    {"chunked:verify=on", "UPDATE body SET plain_len=plain_len+1 WHERE id=1", false},
    {"chunked:verify=on", "UPDATE manifest SET " FLIP("chunks", 1) " WHERE file_id=0", false},
    {"chunked:verify=on", "UPDATE manifest SET " FLIP("chunks", 2) " WHERE file_id=1", false},
    {"chunked:verify=on",
     "UPDATE manifest SET chunks=substr(chunks,1,length(chunks)-1)"
     " WHERE file_id=1",
     false},
    {"chunked:verify=on",
     "UPDATE manifest SET chunks=CAST(chunks||x'0001' AS BLOB) WHERE file_id=2", false},
    {"chunked:verify=on", "UPDATE manifest SET chunks=x'ffffffffffffffffff7f01' WHERE file_id=2",
     false},
    {"chunked:verify=on", "UPDATE manifest SET chunks=x'ffffffffffffffffffffff' WHERE file_id=2",
     false},
    {"chunked:verify=on", "UPDATE manifest SET chunks=x'' WHERE file_id=1", false},
    {"chunked:verify=on",
     "UPDATE manifest SET chunks=(SELECT chunks FROM manifest WHERE file_id=1)"
     " WHERE file_id=0",
     false},
    {"chunked:verify=on", "UPDATE manifest SET total_len=total_len-1 WHERE file_id=0", false},
    {"chunked:verify=on", "UPDATE manifest SET total_len=total_len+1 WHERE file_id=5", false},
    {"chunked", "UPDATE manifest SET total_len=total_len+1 WHERE file_id=0", false},
    {"chunked", "UPDATE manifest SET total_len=total_len+1 WHERE file_id=5", false},
    {"chunked", "UPDATE manifest SET chunks=x'' WHERE file_id=1", false},
    {"chunked:verify=on", "UPDATE manifest SET total_len=-5 WHERE file_id=5", false},
    {"chunked:verify=on", "UPDATE manifest SET " FLIP("hash", 16) " WHERE file_id=0", false},
    {"chunked:verify=on", "DELETE FROM manifest WHERE file_id=3", false},
    {"chunked:verify=on",
     "INSERT INTO manifest SELECT 9,9,total_len,hash,chunks FROM manifest"
     " WHERE file_id=0",
     true},
    {"chunked:identity=xxh3,hash_bits=8,verify=on", "UPDATE body SET " FLIP("data", 40), false},
};

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    if (sqlite3_total_changes(db) == 0)
        fail_msg("%s: changed nothing", sql);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_sql(void **state)
{
    struct samples samples = samples_new();
    (void)state;
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct subject subject;
        struct rig rig;
        char path[512];
        rig_open(&rig, subject_set(&subject, damages[i].spec, DURABILITY_NONE, true));
        fill(&rig, &samples);
        close_only(&rig);
        tree_path(&rig.tree, DB_FILE_NAME, path);
        run_sql(path, damages[i].sql);
        expect_found(&rig, &samples, damages[i].sql, damages[i].readable);
        tree_close(&rig.tree);
        buf_release(&rig.out);
    }
    samples_free(&samples);
}

/* Values of another type, which STRICT tables refuse to take and a damaged page does not. */
static void test_types(void **state)
{
    static const struct damage loose[] = {
        {"raw", "UPDATE blob SET data=NULL WHERE file_id=2", false},
        {"raw", "UPDATE blob SET data=5000 WHERE file_id=2", false},
        {"raw", "UPDATE blob SET data='text' WHERE file_id=0", false},
        {"dedup", "UPDATE body SET data=NULL WHERE id=1", false},
        {"dedup", "UPDATE body SET codec='zstd' WHERE id=1", false},
        {"dedup", "UPDATE content SET refs='many' WHERE id=1", true},
        {"naive:read_cache=off", "UPDATE snapshot SET data=17 WHERE id=2", false},
        {"chunked", "UPDATE body SET plain_len=NULL WHERE id=2", false},
        {"chunked", "UPDATE body SET data=123456 WHERE id=2", false},
    };
    struct samples samples = samples_new();
    (void)state;
    for (size_t i = 0; i < COUNT_OF(loose); i++) {
        struct subject subject;
        struct rig rig;
        char path[512];
        rig_open(&rig, subject_set(&subject, loose[i].spec, DURABILITY_NONE, true));
        fill(&rig, &samples);
        close_only(&rig);
        tree_path(&rig.tree, DB_FILE_NAME, path);
        run_sql(path, "PRAGMA writable_schema=ON;"
                      "UPDATE sqlite_schema SET sql=replace(replace(replace(sql,"
                      "' NOT NULL',''),', STRICT',''),' STRICT','') WHERE type='table'");
        run_sql(path, loose[i].sql);
        expect_found(&rig, &samples, loose[i].sql, loose[i].readable);
        tree_close(&rig.tree);
        buf_release(&rig.out);
    }
    samples_free(&samples);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void write_file(const char *path, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
}

/* While the store is open: what it knows is in memory. */
static void test_files(void **state)
{
    enum { SHORTER, LONGER, EMPTY, GONE, STRANGER, LEFT_OVER, CASES };
    struct samples samples = samples_new();
    (void)state;
    for (int damage = 0; damage < CASES; damage++) {
        struct subject subject;
        struct rig rig;
        char path[512];
        rig_open(&rig, subject_set(&subject, "files", DURABILITY_NONE, true));
        fill(&rig, &samples);
        tree_path(&rig.tree, "00/0000000000000001-00000000", path);
        if (damage == SHORTER)
            write_file(path, BIG - 1);
        else if (damage == LONGER)
            write_file(path, BIG + 1);
        else if (damage == EMPTY)
            write_file(path, 0);
        else if (damage == GONE)
            assert_int_equal(remove(path), 0);
        tree_path(&rig.tree,
                  damage == STRANGER ? "00/0000000000000001-00000007"
                                     : "00/0000000000000001-00000007.tmp",
                  path);
        if (damage >= STRANGER)
            write_file(path, 10);
        assert_int_equal(store_check(rig.st), RC_CORRUPT);
        drop(&rig);
        tree_reopen(&rig.tree);
        io_close(&rig.tree.io);
        struct err err = {0};
        assert_int_equal(open_again(&rig, &err), RC_OK);
        if (damage == LEFT_OVER) /* swept */
            MUST(&rig, store_check(rig.st));
        if (damage == GONE)
            rig_expect_absent(&rig, 1, 0);
        rig_expect(&rig, 0, 0, wanted(&samples, 0));
        rig_close(&rig);
    }
    samples_free(&samples);
}

/* A get of a file that was changed under the open store. */
static void test_files_get(void **state)
{
    struct samples samples = samples_new();
    (void)state;
    for (size_t len = 0; len < 3; len++) {
        struct subject subject;
        struct rig rig;
        char path[512];
        rig_open(&rig, subject_set(&subject, "files", DURABILITY_NONE, true));
        fill(&rig, &samples);
        tree_path(&rig.tree, "00/0000000000000001-00000000", path);
        if (len == 0)
            assert_int_equal(remove(path), 0);
        else
            write_file(path, len == 1 ? BIG - 1 : BIG + 1);
        assert_int_equal(store_get(rig.st, (struct blob_key){1, 0}, &rig.out), RC_CORRUPT);
        assert_non_null(strstr(store_error(rig.st)->msg, "file 1 version 0"));
        assert_true(store_poisoned(rig.st));
        drop(&rig);
        tree_close(&rig.tree);
        buf_release(&rig.out);
    }
    samples_free(&samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sql),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_files_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
