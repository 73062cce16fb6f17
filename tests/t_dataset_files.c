/* files:DIR on trees that are odd, that change under us, or that are refused; and the edits that
 * give imported files their history. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "datasets/dataset.h"
#include "datasets/edit.h"
#include "datasets/walk.h"

#define assert_ok(call)                                           \
    do {                                                          \
        enum rc rc_ = (call);                                     \
        if (rc_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(rc_), err.msg); \
    } while (0)

/* ---- a directory of the test's own ---------------------------------------------------------- */

static char home[32]; /* the tests run inside it */

static int enter_home(void **unused)
{
    (void)unused;
    snprintf(home, sizeof(home), "/tmp/bf-files-XXXXXX");
    if (mkdtemp(home) == NULL || chmod(home, 0755) != 0 || chdir(home) != 0)
        return -1;
    return mkdir("t", 0755);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int leave_home(void **unused)
{
    (void)unused;
    return chdir("/") != 0 ? -1 : nftw(home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Write `len` bytes of a pattern that differs from path to path. */
static void write_file(const char *path, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    struct buf bytes = {0};
    struct err err = {0};
    assert_ok(buf_resize(&bytes, len, &err));
    struct rng rng = rng_stream(len, path, 0);
    rng_fill(&rng, bytes.ptr, len);
    assert_int_equal(write(fd, bytes.ptr, len), len);
    buf_release(&bytes);
    close(fd);
}

/* All files get this modification time, so that a change of content alone leaves it as it was. */
static void set_time(const char *path, time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void make_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static struct dataset *opened(const char *spec, uint64_t seed, struct err *err)
{
    struct dataset *ds;
    if (dataset_open(&ds, spec, seed, err) != RC_OK)
        fail_msg("%s: %s", spec, err->msg);
    return ds;
}

static void assert_refused(const char *spec, enum rc rc, const char *message)
{
    struct err err = {0};
    struct dataset *ds;
    enum rc got = dataset_open(&ds, spec, 1, &err);
    if (got != rc || strstr(err.msg, message) == NULL)
        fail_msg("%s: %s, \"%s\" (expected %s, \"%s\")", spec, rc_name(got), err.msg, rc_name(rc),
                 message);
    assert_null(ds);
}

/* ---- what is listed ------------------------------------------------------------------------- */

static const char *const odd_paths[] = {
    "A", "a b\nc", "a.txt", "a/b/c/deep.bin", "a/empty", "a0", "name \"quoted\"", "\xff\xfe.raw",
};

static void make_odd_tree(void)
{
    assert_int_equal(mkdir("t/a", 0755), 0);
    assert_int_equal(mkdir("t/a/b", 0755), 0);
    assert_int_equal(mkdir("t/a/b/c", 0755), 0);
    assert_int_equal(mkdir("t/no files here", 0755), 0);
    for (size_t i = 0; i < COUNT_OF(odd_paths); i++) {
        char path[100];
        snprintf(path, sizeof(path), "t/%s", odd_paths[i]);
        write_file(path, strcmp(odd_paths[i], "a/empty") == 0 ? 0 : 100 + 977 * i);
    }
    assert_int_equal(symlink("a.txt", "t/link"), 0);
    assert_int_equal(symlink("a", "t/link to a folder"), 0);
    assert_int_equal(symlink("loop", "t/loop"), 0);
    assert_int_equal(symlink("nothing", "t/a/dangling"), 0);
    assert_int_equal(mkfifo("t/fifo", 0644), 0);
    assert_int_equal(mkfifo("t/a/fifo", 0644), 0);
    make_socket("t/socket");
}

static void regular_files_are_listed_in_byte_order(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf out = {0};
    make_odd_tree();
    struct dataset *ds = opened("files:t", 1, &err);
    assert_string_equal(ds->source, "t");
    assert_string_equal(dataset_options(ds), "t (skipped: 4 symbolic links, 2 FIFOs, 1 socket)");
    assert_int_equal(ds->file_count, COUNT_OF(odd_paths));
    for (uint32_t file = 0; file < ds->file_count; file++) {
        assert_ok(dataset_path(ds, file, &out));
        assert_string_equal(buf_str(&out), odd_paths[file]);
        assert_ok(dataset_content(ds, file, 0, &out));
        char path[100];
        snprintf(path, sizeof(path), "t/%s", odd_paths[file]);
        uint8_t bytes[10000];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(read(fd, bytes, sizeof(bytes)), out.len);
        assert_memory_equal(out.ptr, bytes, out.len);
        close(fd);
    }
    struct dataset_summary sum;
    assert_ok(dataset_summarise(ds, &sum));
    assert_int_equal(sum.smallest, 0);
    assert_int_equal(sum.largest, 100 + 977 * (COUNT_OF(odd_paths) - 1));
    dataset_close(ds);
    buf_release(&out);
}

static void a_link_may_name_the_directory(void **unused)
{
    (void)unused;
    struct err err = {0};
    write_file("t/x", 10);
    assert_int_equal(symlink("t", "here"), 0);
    struct dataset *ds = opened("files:here", 1, &err);
    assert_int_equal(ds->file_count, 1);
    assert_string_equal(dataset_options(ds), "here");
    dataset_close(ds);
    char spec[64];
    snprintf(spec, sizeof(spec), "files:%s/t/", home);
    dataset_close(opened(spec, 1, &err));
}

static void what_is_no_tree_of_files_is_refused(void **unused)
{
    (void)unused;
    assert_refused("files:missing", RC_USAGE, "cannot open directory \"missing\": No such file");
    assert_refused("files:t", RC_USAGE, "directory \"t\" holds no regular file");
    assert_int_equal(mkfifo("t/fifo", 0644), 0);
    assert_refused("files:t", RC_USAGE, "directory \"t\" holds no regular file");
    assert_refused("files:t/fifo", RC_USAGE, "Not a directory");
    assert_refused("files:/dev/zero", RC_USAGE, "Not a directory");
    write_file("t/x", 10);
    assert_refused("files:t/x", RC_USAGE, "cannot open directory \"t/x\": Not a directory");
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_refused("files:loop", RC_USAGE, "cannot open directory \"loop\"");
    char spec[6000];
    snprintf(spec, sizeof(spec), "files:%05000d", 0);
    assert_refused(spec, RC_USAGE, "File name too long");
}

static void limits_are_kept(void **unused)
{
    (void)unused;
    struct err err = {0};
    write_file("t/big", 0);
    assert_int_equal(truncate("t/big", (off_t)BLOB_BYTES_MAX), 0);
    dataset_close(opened("files:t", 1, &err));
    assert_int_equal(truncate("t/big", (off_t)BLOB_BYTES_MAX + 1), 0);
    assert_refused("files:t", RC_USAGE, "\"big\": 1000000001 bytes (at most 1000000000)");
    assert_int_equal(truncate("t/big", (off_t)1 << 40), 0);
    assert_refused("files:t", RC_USAGE, "\"big\": 1099511627776 bytes");
    write_file("t/big", 1);

    struct walk walk = {0};
    write_file("t/second", 1);
    assert_ok(walk_open(&walk, "t", 2, &err));
    walk_release(&walk);
    assert_int_equal(walk_open(&walk, "t", 1, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "there are more than 1 files"));
    walk_release(&walk);
    walk_release(&walk);
}

static void folders_nest_64_deep(void **unused)
{
    (void)unused;
    struct err err = {0};
    char path[200] = "t";
    for (unsigned depth = 0; depth < 64; depth++) {
        snprintf(path + 1 + 2 * depth, 3, "/d");
        assert_int_equal(mkdir(path, 0755), 0);
    }
    memcpy(path + 129, "/f", 3);
    write_file(path, 1);
    dataset_close(opened("files:t", 1, &err));
    memcpy(path + 129, "/e", 3);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_refused("files:t", RC_USAGE, "folders are nested deeper than 64");
}

static void long_paths_are_refused(void **unused)
{
    (void)unused;
    char name[251];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(chdir("t"), 0);
    for (unsigned depth = 0; depth < 15; depth++) {
        assert_int_equal(mkdir(name, 0755), 0);
        assert_int_equal(chdir(name), 0);
    }
    write_file(name, 1); /* 15 * 251 + 250 = 4,015 */
    assert_int_equal(chdir(home), 0);
    assert_refused("files:t", RC_USAGE, "the path has 4015 bytes (at most 4000)");
}

static void what_cannot_be_read_is_named(void **unused)
{
    (void)unused;
    /* Root reads everything: be somebody else for a moment. */
    bool root = geteuid() == 0;
    struct err err = {0};
    struct buf out = {0};
    assert_int_equal(mkdir("t/d", 0755), 0);
    write_file("t/d/secret", 10);
    struct dataset *ds = opened("files:t", 1, &err);
    assert_int_equal(chmod("t/d/secret", 0), 0);
    assert_int_equal(root ? seteuid(65534) : 0, 0);
    assert_refused("files:t", RC_IO, "\"d/secret\": cannot open: Permission denied");
    assert_int_equal(dataset_content(ds, 0, 0, &out), RC_IO);
    assert_non_null(strstr(err.msg, "\"d/secret\": cannot open: Permission denied"));
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_int_equal(chmod("t/d", 0), 0);
    assert_int_equal(root ? seteuid(65534) : 0, 0);
    assert_refused("files:t", RC_IO, "\"d\": cannot open the folder: Permission denied");
    assert_refused("files:t/d", RC_IO, "cannot open directory \"t/d\": Permission denied");
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_int_equal(chmod("t/d", 0755), 0);
    dataset_close(ds);
    buf_release(&out);
}

/* ---- what changes under us ------------------------------------------------------------------ */

static void vanish(void)
{
    assert_int_equal(unlink("t/d/f"), 0);
}

static void shrink(void)
{
    assert_int_equal(truncate("t/d/f", 999), 0);
}

static void grow(void)
{
    assert_int_equal(truncate("t/d/f", 1001), 0);
}

static void empty(void)
{
    assert_int_equal(truncate("t/d/f", 0), 0);
}

static void touch(void)
{
    set_time("t/d/f", 2000);
}

static void replace_by_equal_file(void)
{
    write_file("t/other", 1000);
    set_time("t/other", 1000);
    assert_int_equal(rename("t/other", "t/d/f"), 0);
}

static void replace_by_fifo(void)
{
    vanish();
    assert_int_equal(mkfifo("t/d/f", 0644), 0);
}

static void replace_by_link(void)
{
    assert_int_equal(rename("t/d/f", "t/moved"), 0);
    assert_int_equal(symlink("../moved", "t/d/f"), 0);
}

static void replace_folder_by_link(void)
{
    assert_int_equal(rename("t/d", "elsewhere"), 0);
    assert_int_equal(symlink("../elsewhere", "t/d"), 0);
}

static void replace_folder_by_file(void)
{
    assert_int_equal(rename("t/d", "elsewhere"), 0);
    write_file("t/d", 1000);
}

static void replace_by_folder(void)
{
    vanish();
    assert_int_equal(mkdir("t/d/f", 0755), 0);
}

static void a_changed_file_is_an_error(void **unused)
{
    static void (*const changes[])(void) = {
        vanish,
        shrink,
        grow,
        empty,
        touch,
        replace_by_equal_file,
        replace_by_fifo,
        replace_by_link,
        replace_folder_by_link,
        replace_folder_by_file,
        replace_by_folder,
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        struct err err = {0};
        struct buf out = {0};
        struct dataset_summary sum;
        assert_int_equal(mkdir("t/d", 0755), 0);
        write_file("t/d/f", 1000);
        set_time("t/d/f", 1000);
        struct dataset *ds = opened("files:t", 1, &err), *used = opened("files:t", 1, &err);
        assert_ok(dataset_content(used, 0, 0, &out));
        struct hash128 before = hash_xxh128(buf_span(&out));
        changes[i]();
        /* Version 0, later versions, forks and the summary all need the bytes. */
        for (unsigned ask = 0; ask < 4; ask++) {
            enum rc rc = ask < 3 ? dataset_content(ds, ask == 2 ? 1 : 0, ask == 1, &out)
                                 : dataset_summarise(ds, &sum);
            if (rc != RC_IO || strstr(err.msg, "\"d/f\": changed while in use (") == NULL)
                fail_msg("change %zu: %s: %s", i, rc_name(rc), err.msg);
            err_clear(&err);
        }
        /* Who has the content already may go on with it, unchanged. */
        assert_ok(dataset_content(used, 0, 0, &out));
        assert_true(hash128_equal(hash_xxh128(buf_span(&out)), before));
        dataset_close(ds);
        dataset_close(used);
        buf_release(&out);
        assert_int_equal(leave_home(unused), 0);
        assert_int_equal(enter_home(unused), 0);
    }
}

static void files_that_lie_about_their_size_are_an_error(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct dataset *ds;
    if (access("/proc/sys/kernel/random/uuid", R_OK) != 0)
        skip();
    if (dataset_open(&ds, "files:/proc/sys/kernel/random", 1, &err) != RC_OK)
        skip();
    struct buf out = {0};
    assert_int_equal(dataset_content(ds, 0, 0, &out), RC_IO);
    assert_non_null(strstr(err.msg, "changed while in use (it gives more than the 0 bytes"));
    dataset_close(ds);
    buf_release(&out);
}

/* ---- history and forks ---------------------------------------------------------------------- */

static void make_plain_tree(void)
{
    static const char *const names[] = {"one.txt", "two", ".hidden", "x/archive.tar.gz", "zero"};
    assert_int_equal(mkdir("t/x", 0755), 0);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[64];
        snprintf(path, sizeof(path), "t/%s", names[i]);
        write_file(path, i * 20011);
    }
    assert_int_equal(truncate("t/zero", 0), 0);
}

static struct hash128 content_hash(struct dataset *ds, uint32_t file, uint32_t version)
{
    struct buf out = {0};
    if (dataset_content(ds, file, version, &out) != RC_OK)
        fail_msg("%s", ds->err->msg);
    struct hash128 hash = hash_xxh128(buf_span(&out));
    buf_release(&out);
    return hash;
}

static void content_is_a_pure_function(void **unused)
{
    (void)unused;
    enum { FILES = 5 + 4, VERSIONS = 12, ASKED = FILES * VERSIONS };
    struct err err = {0};
    struct hash128 hashes[ASKED], fold = {0};
    uint32_t order[ASKED];
    char hex[HEX_SIZE];
    make_plain_tree();
    struct dataset *a = opened("files:t", 42, &err), *b = opened("files:t", 42, &err);
    struct dataset *other = opened("files:t", 43, &err);
    assert_int_equal(a->file_count, 5);
    for (uint32_t i = 0; i < ASKED; i++) {
        hashes[i] = content_hash(a, i / VERSIONS, i % VERSIONS);
        fold = hash128_fold(fold, hashes[i]);
        bool base = i % VERSIONS == 0 && i / VERSIONS < 5;
        struct hash128 elsewhere = content_hash(other, i / VERSIONS, i % VERSIONS);
        assert_int_equal(hash128_equal(hashes[i], elsewhere), base);
        if (i % VERSIONS != 0)
            assert_false(hash128_equal(hashes[i], hashes[i - 1]));
    }
    /* The edit script is pinned: a new value needs a reason in the commit. */
    assert_string_equal(hex_str(hex, span_of(fold.bytes, sizeof(fold.bytes))),
                        "8d25eebb3967f98e204266594a9b62b0");
    struct rng rng = rng_stream(3, "test.order", 0);
    rng_permutation(&rng, order, ASKED);
    for (uint32_t i = 0; i < ASKED; i++) {
        uint32_t file = order[i] / VERSIONS, version = order[i] % VERSIONS;
        assert_true(hash128_equal(content_hash(b, file, version), hashes[order[i]]));
        assert_true(hash128_equal(content_hash(a, file, version), hashes[order[i]]));
    }
    dataset_close(a);
    dataset_close(b);
    dataset_close(other);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void forks_have_names_of_their_own(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf out = {0};
    enum { FORKS = 300 };
    char *paths[4 + FORKS];
    write_file("t/a.b.txt", 10);
    write_file("t/.rc", 10);
    write_file("t/plain", 10);
    write_file("t/plain-fork0001", 10);
    struct dataset *ds = opened("files:t", 1, &err);
    assert_int_equal(ds->file_count, 4);
    unsigned named[3] = {0};
    for (uint32_t file = 0; file < COUNT_OF(paths); file++) {
        char mark[32], expected[3][64];
        snprintf(mark, sizeof(mark), "-fork%04" PRIu32, file - 3);
        snprintf(expected[0], sizeof(expected[0]), "a.b%s.txt", mark);
        snprintf(expected[1], sizeof(expected[1]), ".rc%s", mark);
        snprintf(expected[2], sizeof(expected[2]), "plain%s", mark);
        assert_ok(dataset_path(ds, file, &out));
        for (size_t i = 0; i < COUNT_OF(named); i++)
            named[i] += strcmp(buf_str(&out), expected[i]) == 0;
        paths[file] = strdup(buf_str(&out));
        assert_non_null(paths[file]);
    }
    for (size_t i = 0; i < COUNT_OF(named); i++)
        assert_in_range(named[i], 40, 110); /* 75 expected of 300 */
    qsort(paths, COUNT_OF(paths), sizeof(paths[0]), compare_texts);
    for (size_t i = 1; i < COUNT_OF(paths); i++)
        assert_string_not_equal(paths[i - 1], paths[i]);
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        free(paths[i]);
    dataset_close(ds);

    buf_release(&out);
}

static void forks_avoid_names_that_exist(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf out = {0};
    unsigned avoided = 0;
    write_file("t/p", 10);
    write_file("t/p-fork0001", 10);
    write_file("t/p-fork0001-copy", 10);
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct dataset *ds = opened("files:t", seed, &err);
        assert_ok(dataset_path(ds, 3, &out));
        avoided += strcmp(buf_str(&out), "p-fork0001-copy-copy") == 0;
        assert_true(strlen(buf_str(&out)) > strlen("p-fork0001-copy"));
        dataset_close(ds);
    }
    assert_in_range(avoided, 3, 20); /* 10 expected */
    buf_release(&out);
}

static void edits_follow_their_script(void **unused)
{
    (void)unused;
    enum { EDITS = 4000, LEN = 50000 };
    struct err err = {0};
    struct buf base = {0}, out = {0};
    unsigned same_length = 0, inserts = 0, appends = 0, deletes = 0, large = 0;
    assert_ok(buf_resize(&base, LEN, &err));
    for (size_t i = 0; i < LEN; i++)
        base.ptr[i] = (uint8_t)('a' + i * i % 23);
    for (uint32_t v = 1; v <= EDITS; v++) {
        struct rng rng = edit_stream(9, "test", 0, v);
        size_t head = 0, tail = 0;
        assert_ok(buf_set(&out, buf_span(&base), &err));
        assert_ok(edit_apply(&out, &rng, &err));
        while (head < LEN && head < out.len && out.ptr[head] == base.ptr[head])
            head++;
        while (tail < LEN - head && tail < out.len - head &&
               out.ptr[out.len - 1 - tail] == base.ptr[LEN - 1 - tail])
            tail++;
        for (size_t i = 0; i < out.len; i++)
            assert_true(out.ptr[i] >= 'a' && out.ptr[i] < 'a' + 23);
        if (out.len == LEN) {
            assert_in_range(LEN - head - tail, 900, LEN / 4);
            large += LEN - head - tail > 4096;
            same_length++;
        } else if (out.len < LEN) {
            assert_true(LEN - out.len <= 4096 && head + tail >= out.len);
            deletes++;
        } else if (head == LEN) {
            assert_in_range(out.len - LEN, 1, 16384);
            appends++;
        } else {
            assert_true(out.len - LEN <= 4096 && head + tail >= LEN);
            inserts++;
        }
    }
    assert_in_range(same_length, 1850, 2150); /* 45 % and 5 % of 4,000 */
    assert_in_range(large, 140, 260);
    assert_in_range(inserts, 700, 900);
    assert_in_range(appends, 700, 900);
    assert_in_range(deletes, 330, 470);
    buf_release(&base);
    buf_release(&out);
}

static void edits_keep_tiny_content_alive(void **unused)
{
    (void)unused;
    for (size_t len = 0; len <= 4; len++) {
        for (uint32_t v = 0; v < 500; v++) {
            struct err err = {0};
            struct buf out = {0};
            struct rng rng = edit_stream(9, "tiny", (uint32_t)len, v);
            assert_ok(buf_set(&out, span_of("abcd", len), &err));
            assert_ok(edit_apply(&out, &rng, &err));
            assert_true(len == 0 ? out.len >= 1024 : out.len >= 1);
            buf_release(&out);
        }
    }
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, enter_home, leave_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(regular_files_are_listed_in_byte_order),
        TREE_TEST(a_link_may_name_the_directory),
        TREE_TEST(what_is_no_tree_of_files_is_refused),
        TREE_TEST(limits_are_kept),
        TREE_TEST(folders_nest_64_deep),
        TREE_TEST(long_paths_are_refused),
        TREE_TEST(what_cannot_be_read_is_named),
        TREE_TEST(a_changed_file_is_an_error),
        cmocka_unit_test(files_that_lie_about_their_size_are_an_error),
        TREE_TEST(content_is_a_pure_function),
        TREE_TEST(forks_have_names_of_their_own),
        TREE_TEST(forks_avoid_names_that_exist),
        cmocka_unit_test(edits_follow_their_script),
        cmocka_unit_test(edits_keep_tiny_content_alive),
    };
    return cmocka_run_group_tests_name("dataset files", tests, NULL, NULL);
}
