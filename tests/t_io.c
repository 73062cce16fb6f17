/* The file layer.  Every test runs on real files, on the memory back end and, last, on real files
 * with openat2 refused by the kernel, where names are walked component by component. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/io_memory.h"
#include "engine/rng.h"
#include "tests/support_tree.h"

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#define assert_ok(call)                                           \
    do {                                                          \
        enum rc rc_ = (call);                                     \
        if (rc_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(rc_), err.msg); \
    } while (0)
/* Expects a failure with this code and forgets it. */
#define assert_fails(code, call)                                                         \
    do {                                                                                 \
        enum rc rc_ = (call);                                                            \
        if (rc_ != (code))                                                               \
            fail_msg("%s: %s, not %s: %s", #call, rc_name(rc_), rc_name(code), err.msg); \
        if ((code) != RC_NOTFOUND)                                                       \
            assert_true(err.msg[0] != '\0');                                             \
        err_clear(&err);                                                                 \
    } while (0)

static int setup_posix(void **state)
{
    struct tree *tree = calloc(1, sizeof(*tree));

    tree_open(tree, true, false);
    *state = tree;
    return 0;
}

static int setup_memory(void **state)
{
    struct tree *tree = calloc(1, sizeof(*tree));

    tree_open(tree, false, true);
    *state = tree;
    return 0;
}

static int teardown(void **state)
{
    tree_close(*state);
    free(*state);
    return 0;
}

static void put(struct io *io, const char *name, const char *text)
{
    struct io_file file;
    struct err err = {0};

    assert_ok(io_file_open(io, name, IO_EXTERNAL, IO_CREATE, &file, NULL, &err));
    assert_ok(io_file_write(&file, text, strlen(text), 0, &err));
    assert_ok(io_file_close(&file, &err));
}

static void expect(struct io *io, const char *name, const char *text)
{
    struct io_file file;
    struct err err = {0};
    char got[256];
    size_t len;

    assert_ok(io_file_open(io, name, IO_EXTERNAL, IO_READ_ONLY, &file, NULL, &err));
    assert_ok(io_file_read(&file, got, sizeof(got), 0, &len, &err));
    assert_ok(io_file_close(&file, &err));
    assert_int_equal(len, strlen(text));
    assert_memory_equal(got, text, len);
}

/* ---- names ---------------------------------------------------------------------------------- */

static void test_names(void **state)
{
    static const char *const bad[] = {"",      "/",   "/abs", ".",  "..",  "a/..", "../a",
                                      "a/./b", "./a", "a//b", "a/", "//a", "lock", "a/../b"};
    static const char *const good[] = {"...",   "a\\b",      ".hidden",     "..a",
                                       "lock2", "a b\n\x01", "l\xc3\xa4nge"};
    struct io *io = &((struct tree *)*state)->io;
    char longest[IO_NAME_MAX + 1];
    const char cut[] = "cut\0/../off";
    struct io_file file;
    struct err err = {0};
    uint64_t size;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_fails(RC_USAGE, io_file_open(io, bad[i], IO_EXTERNAL, IO_CREATE, &file, NULL, &err));
        assert_null(file.handle);
        assert_fails(RC_USAGE, io_unlink(io, IO_EXTERNAL, bad[i], &err));
        assert_fails(RC_USAGE, io_rename(io, IO_EXTERNAL, bad[i], "x", &err));
        assert_fails(RC_USAGE, io_rename(io, IO_EXTERNAL, "x", bad[i], &err));
        assert_fails(RC_USAGE, io_link(io, IO_EXTERNAL, bad[i], "x", &err));
        assert_fails(RC_USAGE, io_link(io, IO_EXTERNAL, "x", bad[i], &err));
        assert_fails(RC_USAGE, io_mkdir(io, bad[i], NULL, &err));
        assert_fails(RC_USAGE, io_stat(io, bad[i], &size, &err));
        if (bad[i][0] != '\0')
            assert_fails(RC_USAGE, io_sync_dir(io, IO_EXTERNAL, bad[i], &err));
    }
    assert_fails(RC_USAGE, io_file_open(io, NULL, IO_EXTERNAL, 0, &file, NULL, &err));
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        put(io, good[i], "x");
        expect(io, good[i], "x");
    }
    put(io, cut, "a name ends at its first zero byte");
    expect(io, "cut", "a name ends at its first zero byte");
    memset(longest, 'n', sizeof(longest));
    longest[IO_NAME_MAX] = '\0';
    assert_fails(RC_USAGE, io_stat(io, longest, &size, &err));
    longest[IO_NAME_MAX - 1] = '\0';
    put(io, longest, "long");
    expect(io, longest, "long");
}

static enum rc count_visit(void *ctx, const char *name, uint64_t size, struct err *err)
{
    (void)name, (void)size, (void)err;
    ++*(size_t *)ctx;
    return RC_OK;
}

static void test_links_refused(void **state)
{
    struct tree *tree = *state;
    struct io *io = &tree->io;
    char path[512], outside[] = "/tmp/blobfront-outside-XXXXXX";
    struct io_file file;
    struct err err = {0};
    uint64_t size;
    size_t count = 0;
    int fd = mkstemp(outside);

    assert_true(fd >= 0);
    close(fd);
    tree_path(tree, "file", path);
    assert_int_equal(symlink(outside, path), 0);
    tree_path(tree, "dangling", path);
    assert_int_equal(symlink("/tmp/blobfront-nowhere", path), 0);
    tree_path(tree, "dir", path);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_fails(RC_CORRUPT, io_file_open(io, "file", IO_EXTERNAL, 0, &file, NULL, &err));
    assert_fails(RC_CORRUPT,
                 io_file_open(io, "file", IO_EXTERNAL, IO_READ_ONLY, &file, NULL, &err));
    assert_fails(RC_CORRUPT,
                 io_file_open(io, "dangling", IO_EXTERNAL, IO_CREATE, &file, NULL, &err));
    assert_int_equal(access("/tmp/blobfront-nowhere", F_OK), -1);
    assert_fails(RC_CORRUPT, io_stat(io, "file", &size, &err));
    assert_fails(RC_IO, io_mkdir(io, "dir", NULL, &err));
    assert_fails(RC_IO, io_sync_dir(io, IO_EXTERNAL, "dir", &err));
    snprintf(path, sizeof(path), "dir/%s", outside + strlen("/tmp/"));
    assert_int_not_equal(io_file_open(io, path, IO_EXTERNAL, 0, &file, NULL, &err), RC_OK);
    err_clear(&err);
    assert_fails(RC_IO, io_stat(io, path, &size, &err));
    assert_fails(RC_IO, io_unlink(io, IO_EXTERNAL, path, &err));
    assert_fails(RC_IO, io_rename(io, IO_EXTERNAL, path, "stolen", &err));
    assert_fails(RC_IO, io_link(io, IO_EXTERNAL, path, "stolen", &err));
    assert_fails(RC_IO, io_mkdir(io, "dir/sub", NULL, &err));
    assert_ok(io_list(io, "", count_visit, &count, &err));
    assert_int_equal(count, 0);
    assert_fails(RC_IO, io_list(io, "dir", count_visit, &count, &err));
    assert_int_equal(access(outside, F_OK), 0);
    /* Deleting a link deletes the link. */
    assert_ok(io_unlink(io, IO_EXTERNAL, "file", &err));
    assert_int_equal(unlink(outside), 0);
}

static void test_special_files_refused(void **state)
{
    struct tree *tree = *state;
    struct io_file file;
    struct err err = {0};
    uint64_t size;
    char path[512];

    tree_path(tree, "fifo", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_fails(RC_CORRUPT,
                 io_file_open(&tree->io, "fifo", IO_EXTERNAL, IO_READ_ONLY, &file, NULL, &err));
    assert_fails(RC_CORRUPT, io_file_open(&tree->io, "fifo", IO_EXTERNAL, 0, &file, NULL, &err));
    assert_fails(RC_CORRUPT, io_stat(&tree->io, "fifo", &size, &err));
}

static void test_lock(void **state)
{
    struct tree *tree = *state;
    struct io second;
    struct err err = {0};

    assert_int_equal(io_open_posix(&second, tree->root, &err), RC_IO);
    assert_non_null(strstr(err.msg, "in use by another process"));
    err_clear(&err);
    assert_null(second.ops);
    io_close(&second);
    tree_reopen(tree);
    assert_fails(RC_IO, io_open_posix(&second, "/tmp/blobfront-nowhere", &err));
    assert_fails(RC_IO, io_open_posix(&second, "/dev/null", &err));
    io_close(&(struct io){0});
}

/* ---- content -------------------------------------------------------------------------------- */

static void test_content(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    struct err err = {0};
    struct io_file file;
    uint8_t buf[300];
    uint64_t size;
    size_t got;
    bool created;

    assert_ok(io_file_open(io, "f", IO_EXTERNAL, IO_CREATE | IO_EXCLUSIVE, &file, &created, &err));
    assert_true(created);
    assert_ok(io_file_read(&file, buf, 10, 0, &got, &err));
    assert_int_equal(got, 0);
    assert_ok(io_file_write(&file, "tail", 4, 200000, &err)); /* sparse */
    assert_ok(io_file_size(&file, &size, &err));
    assert_int_equal(size, 200004);
    memset(buf, 0xaa, sizeof(buf));
    assert_ok(io_file_read(&file, buf, sizeof(buf), 199990, &got, &err));
    assert_int_equal(got, 14);
    assert_memory_equal(buf, "\0\0\0\0\0\0\0\0\0\0tail", 14);
    assert_ok(io_file_read(&file, buf, sizeof(buf), 200004, &got, &err));
    assert_int_equal(got, 0);
    assert_ok(io_file_read(&file, buf, sizeof(buf), 1u << 30, &got, &err));
    assert_int_equal(got, 0);
    /* What a shrink cut off must not come back. */
    assert_ok(io_file_truncate(&file, 200001, &err));
    assert_ok(io_file_truncate(&file, 200004, &err));
    assert_ok(io_file_read(&file, buf, 4, 200000, &got, &err));
    assert_memory_equal(buf, "t\0\0\0", 4);
    assert_ok(io_file_truncate(&file, 0, &err));
    assert_ok(io_file_write(&file, "end", 3, 5, &err));
    assert_ok(io_file_read(&file, buf, sizeof(buf), 0, &got, &err));
    assert_int_equal(got, 8);
    assert_memory_equal(buf, "\0\0\0\0\0end", 8);
    assert_ok(io_file_write(&file, NULL, 0, 100, &err));
    assert_ok(io_file_size(&file, &size, &err));
    assert_int_equal(size, 8);
    assert_ok(io_file_sync(&file, true, &err));
    assert_ok(io_file_sync(&file, false, &err));
    assert_fails(RC_USAGE, io_file_write(&file, "x", 1, INT64_MAX, &err));
    assert_fails(RC_USAGE, io_file_read(&file, buf, 1, UINT64_MAX, &got, &err));
    assert_fails(RC_USAGE, io_file_truncate(&file, UINT64_MAX, &err));
    assert_ok(io_file_close(&file, &err));
    assert_ok(io_file_close(&file, &err)); /* closed already */
    assert_ok(io_file_close(&(struct io_file){0}, &err));
}

static void test_open_flags(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    struct err err = {0};
    struct io_file file;
    bool created = true;

    assert_fails(RC_NOTFOUND, io_file_open(io, "f", IO_EXTERNAL, 0, &file, &created, &err));
    assert_false(created);
    assert_fails(RC_NOTFOUND, io_file_open(io, "d/f", IO_EXTERNAL, 0, &file, NULL, &err));
    assert_fails(RC_IO, io_file_open(io, "d/f", IO_EXTERNAL, IO_CREATE, &file, &created, &err));
    assert_ok(io_file_open(io, "f", IO_EXTERNAL, IO_CREATE, &file, &created, &err));
    assert_true(created);
    assert_ok(io_file_write(&file, "abc", 3, 0, &err));
    assert_ok(io_file_close(&file, &err));
    assert_ok(io_file_open(io, "f", IO_EXTERNAL, IO_CREATE, &file, &created, &err));
    assert_false(created);
    assert_ok(io_file_close(&file, &err));
    assert_int_equal(
        io_file_open(io, "f", IO_EXTERNAL, IO_CREATE | IO_EXCLUSIVE, &file, &created, &err), RC_IO);
    assert_int_equal(err.sys, EEXIST);
    assert_non_null(strstr(err.msg, "\"f\""));
    err_clear(&err);
    assert_false(created);
    assert_ok(io_file_open(io, "f", IO_EXTERNAL, IO_READ_ONLY, &file, NULL, &err));
    assert_fails(RC_IO, io_file_write(&file, "x", 1, 0, &err));
    assert_fails(RC_IO, io_file_truncate(&file, 0, &err));
    assert_ok(io_file_close(&file, &err));
    expect(io, "f", "abc");
    assert_fails(RC_IO, io_file_open(io, "f/g", IO_EXTERNAL, IO_CREATE, &file, NULL, &err));
}

static void test_delete_on_close(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    const unsigned flags = IO_CREATE | IO_EXCLUSIVE | IO_DELETE_ON_CLOSE;
    struct err err = {0};
    struct io_file file;
    uint64_t size;
    char got[4];
    size_t len;

    assert_ok(io_mkdir(io, "d", NULL, &err));
    assert_ok(io_file_open(io, "d/t", IO_TEMP, flags, &file, NULL, &err));
    assert_ok(io_file_write(&file, "gone", 4, 0, &err));
    assert_ok(io_file_read(&file, got, 4, 0, &len, &err));
    assert_memory_equal(got, "gone", 4);
    assert_ok(io_file_close(&file, &err));
    assert_fails(RC_NOTFOUND, io_stat(io, "d/t", &size, &err));
}

/* ---- directory operations ------------------------------------------------------------------- */

static void test_rename_link_unlink(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    struct err err = {0};
    struct io_file old;
    uint64_t size;
    char got[8];
    size_t len;

    put(io, "a", "first");
    put(io, "b", "second");
    assert_ok(io_file_open(io, "b", IO_EXTERNAL, 0, &old, NULL, &err));
    assert_ok(io_rename(io, IO_EXTERNAL, "a", "b", &err));
    expect(io, "b", "first");
    assert_fails(RC_NOTFOUND, io_stat(io, "a", &size, &err));
    /* The replaced file lives on behind its handle. */
    assert_ok(io_file_read(&old, got, sizeof(got), 0, &len, &err));
    assert_int_equal(len, 6);
    assert_memory_equal(got, "second", 6);
    assert_ok(io_file_write(&old, "x", 1, 6, &err));
    assert_ok(io_file_close(&old, &err));

    assert_ok(io_link(io, IO_EXTERNAL, "b", "c", &err));
    expect(io, "c", "first");
    assert_int_equal(io_link(io, IO_EXTERNAL, "b", "c", &err), RC_IO);
    assert_int_equal(err.sys, EEXIST);
    err_clear(&err);
    assert_ok(io_rename(io, IO_EXTERNAL, "b", "c", &err)); /* one file: nothing happens */
    expect(io, "b", "first");
    expect(io, "c", "first");
    put(io, "b", "FIRST");
    expect(io, "c", "FIRST");
    assert_ok(io_unlink(io, IO_EXTERNAL, "b", &err));
    expect(io, "c", "FIRST");
    assert_ok(io_unlink(io, IO_EXTERNAL, "c", &err));
    assert_fails(RC_NOTFOUND, io_unlink(io, IO_EXTERNAL, "c", &err));
    assert_fails(RC_IO, io_rename(io, IO_EXTERNAL, "c", "d", &err));
    assert_fails(RC_IO, io_link(io, IO_EXTERNAL, "c", "d", &err));
}

static void test_directories(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    struct err err = {0};
    struct io_file file;
    uint64_t size;
    bool created;

    assert_ok(io_mkdir(io, "ab", &created, &err));
    assert_true(created);
    assert_ok(io_mkdir(io, "ab", &created, &err));
    assert_false(created);
    assert_fails(RC_IO, io_mkdir(io, "x/y", &created, &err));
    assert_ok(io_mkdir(io, "ab/cd", NULL, &err));
    put(io, "ab/cd/name", "deep");
    expect(io, "ab/cd/name", "deep");
    assert_ok(io_sync_dir(io, IO_EXTERNAL, "", &err));
    assert_ok(io_sync_dir(io, IO_EXTERNAL, "ab/cd", &err));
    assert_fails(RC_IO, io_sync_dir(io, IO_EXTERNAL, "nowhere", &err));
    assert_fails(RC_IO, io_sync_dir(io, IO_EXTERNAL, "ab/cd/name", &err));
    assert_fails(RC_IO, io_mkdir(io, "ab/cd/name", NULL, &err));
    assert_fails(RC_CORRUPT, io_stat(io, "ab", &size, &err));
    assert_ok(io_stat(io, "ab/cd/name", &size, &err));
    assert_int_equal(size, 4);
    assert_fails(RC_CORRUPT, io_file_open(io, "ab", IO_EXTERNAL, 0, &file, NULL, &err));
    assert_fails(RC_CORRUPT, io_file_open(io, "ab", IO_EXTERNAL, IO_READ_ONLY, &file, NULL, &err));
    assert_fails(RC_IO, io_unlink(io, IO_EXTERNAL, "ab", &err));
    assert_fails(RC_IO, io_rename(io, IO_EXTERNAL, "ab/cd/name", "ab", &err));
    assert_ok(io_rename(io, IO_EXTERNAL, "ab/cd/name", "ab/name", &err));
    assert_ok(io_link(io, IO_EXTERNAL, "ab/name", "ab/cd/other", &err));
    expect(io, "ab/cd/other", "deep");
    assert_ok(io_unlink(io, IO_EXTERNAL, "ab/cd/other", &err));
    expect(io, "ab/name", "deep");
}

static enum rc join_visit(void *ctx, const char *name, uint64_t size, struct err *err)
{
    return buf_printf(ctx, err, "%s:%" PRIu64 " ", name, size);
}

static enum rc stop_visit(void *ctx, const char *name, uint64_t size, struct err *err)
{
    (void)name, (void)size;
    if (++*(int *)ctx == 2)
        return FAIL(err, RC_INTERRUPTED, 0, "enough");
    return RC_OK;
}

static enum rc delete_visit(void *ctx, const char *name, uint64_t size, struct err *err)
{
    (void)size;
    return io_unlink(ctx, IO_EXTERNAL, name, err);
}

static void test_list(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    struct err err = {0};
    struct buf got = {0};
    size_t count = 0;
    int visits = 0;

    assert_ok(io_list(io, "", count_visit, &count, &err));
    assert_int_equal(count, 0);
    assert_ok(io_mkdir(io, "a", NULL, &err));
    assert_ok(io_mkdir(io, "a/sub", NULL, &err));
    assert_ok(io_mkdir(io, "ab", NULL, &err));
    put(io, "a/z", "1");
    put(io, "a-b", "22");
    put(io, "\xff", "");
    put(io, "ab/y", "333");
    put(io, "a/sub/x", "4444");
    put(io, "B", "");
    assert_ok(io_list(io, "", join_visit, &got, &err));
    assert_string_equal(buf_str(&got), "B:0 a-b:2 a/sub/x:4 a/z:1 ab/y:3 \xff:0 ");
    buf_clear(&got);
    assert_ok(io_list(io, "a", join_visit, &got, &err));
    assert_string_equal(buf_str(&got), "a/sub/x:4 a/z:1 ");
    assert_fails(RC_INTERRUPTED, io_list(io, "", stop_visit, &visits, &err));
    assert_int_equal(visits, 2);
    assert_fails(RC_IO, io_list(io, "missing", count_visit, &count, &err));
    assert_fails(RC_IO, io_list(io, "B", count_visit, &count, &err));
    assert_fails(RC_USAGE, io_list(io, "..", count_visit, &count, &err));
    assert_ok(io_list(io, "", delete_visit, io, &err)); /* the visitor may change the tree */
    assert_ok(io_list(io, "", count_visit, &count, &err));
    assert_int_equal(count, 0);
    buf_release(&got);
}

static void test_many_files(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    struct err err = {0};
    size_t count = 0;
    char name[32];
    uint64_t size;

    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        put(io, name, name);
    }
    for (int i = 0; i < 500; i += 2) {
        snprintf(name, sizeof(name), "file-%d", i);
        assert_ok(io_unlink(io, IO_EXTERNAL, name, &err));
    }
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        if (i % 2 == 1)
            expect(io, name, name);
        else
            assert_fails(RC_NOTFOUND, io_stat(io, name, &size, &err));
    }
    assert_ok(io_list(io, "", count_visit, &count, &err));
    assert_int_equal(count, 250);
}

/* ---- hook and meter ------------------------------------------------------------------------- */

/* One call of every op; `only` selects which result is of interest.  Returns its rc. */
static enum rc run_op(struct io *io, enum io_op only, struct err *err)
{
    enum rc rc[IO_OP_COUNT] = {RC_OK};
    struct err ignored = {0};
    struct io_file file = {0};
    const uint8_t *map = NULL;
    char byte;
    size_t got;

#define ERR(op) ((op) == only ? err : &ignored)
    rc[IO_OP_OPEN] = io_file_open(io, "f", IO_EXTERNAL, IO_CREATE, &file, NULL, ERR(IO_OP_OPEN));
    if (rc[IO_OP_OPEN] == RC_OK) {
        rc[IO_OP_WRITE] = io_file_write(&file, "new", 3, 0, ERR(IO_OP_WRITE));
        rc[IO_OP_READ] = io_file_read(&file, &byte, 1, 0, &got, ERR(IO_OP_READ));
        rc[IO_OP_SYNC] = io_file_sync(&file, false, ERR(IO_OP_SYNC));
        rc[IO_OP_MAP] = io_file_map(&file, 1, &map, ERR(IO_OP_MAP));
        io_file_unmap(&file, map, 1);
        rc[IO_OP_TRUNCATE] = io_file_truncate(&file, 2, ERR(IO_OP_TRUNCATE));
        rc[IO_OP_CLOSE] = io_file_close(&file, ERR(IO_OP_CLOSE));
    }
    rc[IO_OP_MKDIR] = io_mkdir(io, "made", NULL, ERR(IO_OP_MKDIR));
    rc[IO_OP_LINK] = io_link(io, IO_EXTERNAL, "from", "linked", ERR(IO_OP_LINK));
    rc[IO_OP_RENAME] = io_rename(io, IO_EXTERNAL, "from", "renamed", ERR(IO_OP_RENAME));
    rc[IO_OP_UNLINK] = io_unlink(io, IO_EXTERNAL, "doomed", ERR(IO_OP_UNLINK));
    rc[IO_OP_SYNC_DIR] = io_sync_dir(io, IO_EXTERNAL, "", ERR(IO_OP_SYNC_DIR));
#undef ERR
    return rc[only];
}

static void check_hook_op(bool posix, enum io_op op, enum io_verdict verdict)
{
    struct fault fault = {.ops = 1u << op, .verdict = verdict, .sys = EIO};
    struct tree tree;
    struct err err = {0};
    uint64_t size;
    bool failed;

    tree_open(&tree, posix, false);
    put(&tree.io, "from", "from");
    put(&tree.io, "doomed", "");
    fault_arm(&fault, &tree.io);
    failed = run_op(&tree.io, op, &err) != RC_OK;
    fault_disarm(&tree.io);
    if (op == IO_OP_MAP && !posix) {
        assert_int_equal(fault.fired, 0);
        assert_int_equal(err.rc, RC_UNSUPPORTED);
        tree_close(&tree);
        return;
    }
    assert_int_equal(fault.fired, 1);
    assert_int_equal(failed, verdict == IO_FAIL);
    if (failed) {
        assert_int_equal(err.rc, RC_IO);
        assert_int_equal(err.sys, EIO);
    }
    assert_int_equal(tree.io.meter.kind[IO_EXTERNAL].calls[op],
                     op == IO_OP_OPEN || op == IO_OP_WRITE || op == IO_OP_CLOSE ? 3 : 1);
    /* The effect is there exactly when the operation was let through. */
#define EXISTS(name) (io_stat(&tree.io, name, &size, &err) == RC_OK)
    if (op == IO_OP_LINK)
        assert_int_equal(EXISTS("linked"), verdict == IO_PASS);
    if (op == IO_OP_RENAME)
        assert_int_equal(EXISTS("renamed"), verdict == IO_PASS);
    if (op == IO_OP_UNLINK)
        assert_int_equal(EXISTS("doomed"), verdict != IO_PASS);
    if (op == IO_OP_TRUNCATE)
        assert_true(EXISTS("f") && size == (verdict == IO_PASS ? 2 : 3));
    if (op == IO_OP_OPEN && verdict == IO_FAIL)
        assert_false(EXISTS("f"));
#undef EXISTS
    if (op == IO_OP_MKDIR) {
        err_clear(&err);
        assert_int_equal(io_stat(&tree.io, "made", &size, &err),
                         verdict == IO_PASS ? RC_CORRUPT : RC_NOTFOUND);
    }
    tree_close(&tree);
}

static void test_hook_every_op(void **state)
{
    bool posix = ((struct tree *)*state)->posix;

    for (int op = 0; op < IO_OP_COUNT; op++) {
        check_hook_op(posix, (enum io_op)op, IO_PASS);
        check_hook_op(posix, (enum io_op)op, IO_SKIP);
        check_hook_op(posix, (enum io_op)op, IO_FAIL);
    }
}

static void test_hook_write(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    struct fault fault = {.ops = 1u << IO_OP_WRITE, .verdict = IO_SKIP};
    struct err err = {0};
    struct io_file file;
    uint64_t size;
    char byte = 'x';
    size_t got;

    assert_ok(io_file_open(io, "f", IO_WAL, IO_CREATE, &file, NULL, &err));
    fault_arm(&fault, io);
    assert_ok(io_file_write(&file, "lost", 4, 0, &err)); /* a lying disk */
    fault_disarm(io);
    assert_ok(io_file_size(&file, &size, &err));
    assert_int_equal(size, 0);
    assert_int_equal(io->meter.kind[IO_WAL].write_bytes, 4);
    fault = (struct fault){.ops = 1u << IO_OP_WRITE, .verdict = IO_FAIL, .sys = ENOSPC};
    fault_arm(&fault, io);
    assert_int_equal(io_file_write(&file, "full", 4, 0, &err), RC_FULL);
    fault_disarm(io);
    assert_int_equal(err.sys, ENOSPC);
    assert_non_null(strstr(err.msg, "cannot write 4 bytes at 0 of wal file \"f\""));
    err_clear(&err);
    assert_int_equal(io->meter.kind[IO_WAL].write_bytes, 4);
    assert_int_equal(io->meter.kind[IO_WAL].calls[IO_OP_WRITE], 2);
    fault = (struct fault){.ops = 1u << IO_OP_READ, .verdict = IO_SKIP};
    fault_arm(&fault, io);
    assert_ok(io_file_read(&file, &byte, 1, 0, &got, &err));
    fault_disarm(io);
    assert_true(got == 1 && byte == 0);
    /* A hook that fails without a reason still fails. */
    fault = (struct fault){.verdict = IO_FAIL};
    fault_arm(&fault, io);
    assert_fails(RC_IO, io_file_sync(&file, true, &err));
    fault_disarm(io);
    assert_ok(io_file_close(&file, &err));
}

struct seen {
    struct io_event event[64];
    size_t count;
};

static enum io_verdict record_event(void *ctx, const struct io_event *event, int *sys)
{
    struct seen *seen = ctx;

    assert_int_equal(*sys, 0);
    assert_true(seen->count < COUNT_OF(seen->event));
    seen->event[seen->count++] = *event;
    return IO_PASS;
}

static void test_hook_events(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    static const enum io_op order[] = {IO_OP_OPEN,   IO_OP_WRITE,   IO_OP_READ, IO_OP_TRUNCATE,
                                       IO_OP_SYNC,   IO_OP_CLOSE,   IO_OP_OPEN, IO_OP_CLOSE,
                                       IO_OP_RENAME, IO_OP_SYNC_DIR};
    struct seen seen = {.count = 0};
    struct err err = {0};
    struct io_file file;
    char byte;
    size_t got;

    io->hook = (struct io_hook){.before = record_event, .ctx = &seen};
    assert_ok(io_file_open(io, "f", IO_JOURNAL, IO_CREATE, &file, NULL, &err));
    assert_ok(io_file_write(&file, "abc", 3, 7, &err));
    assert_ok(io_file_read(&file, &byte, 1, 8, &got, &err));
    assert_ok(io_file_truncate(&file, 2, &err));
    assert_ok(io_file_sync(&file, true, &err));
    assert_ok(io_file_close(&file, &err));
    assert_ok(io_file_open(io, "f", IO_JOURNAL, IO_CREATE, &file, NULL, &err));
    assert_ok(io_file_close(&file, &err));
    assert_ok(io_rename(io, IO_EXTERNAL, "f", "g", &err));
    assert_ok(io_sync_dir(io, IO_EXTERNAL, "", &err));
    io->hook = (struct io_hook){0};
    assert_int_equal(seen.count, COUNT_OF(order));
    for (size_t i = 0; i < COUNT_OF(order); i++)
        assert_string_equal(io_op_name(seen.event[i].op), io_op_name(order[i]));
    assert_true(seen.event[0].created && !seen.event[6].created);
    assert_int_equal(seen.event[1].kind, IO_JOURNAL);
    assert_int_equal(seen.event[1].offset, 7);
    assert_int_equal(seen.event[1].len, 3);
    assert_non_null(seen.event[1].bytes);
    assert_int_equal(seen.event[2].offset, 8);
    assert_int_equal(seen.event[3].offset, 2);
    assert_non_null(seen.event[8].name2);
    assert_null(seen.event[9].name2);
}

static void test_meter(void **state)
{
    struct tree *tree = *state;
    struct io *io = &tree->io;
    struct io_meter before, delta, zero = {0};
    struct err err = {0};
    struct io_file db, temp;
    char byte[8];
    uint64_t size;
    size_t got;

    put(io, "noise", "x");
    before = io->meter;
    assert_ok(io_file_open(io, "db", IO_DATABASE, IO_CREATE, &db, NULL, &err));
    assert_ok(io_file_open(io, "t", IO_TEMP, IO_CREATE, &temp, NULL, &err));
    assert_ok(io_file_write(&db, "12345678", 8, 0, &err));
    assert_ok(io_file_write(&temp, "123", 3, 0, &err));
    assert_ok(io_file_read(&db, byte, 8, 5, &got, &err)); /* three bytes are there */
    assert_ok(io_file_size(&db, &size, &err));
    assert_ok(io_file_sync(&db, false, &err));
    assert_ok(io_file_sync(&db, true, &err));
    assert_ok(io_sync_dir(io, IO_WAL, "", &err));
    io_file_count_mapped(&db, 100);
    assert_ok(io_mkdir(io, "d", NULL, &err));
    assert_fails(RC_NOTFOUND, io_unlink(io, IO_EXTERNAL, "missing", &err));
    assert_fails(RC_USAGE, io_unlink(io, IO_EXTERNAL, "..", &err));
    assert_ok(io_file_close(&temp, &err));
    assert_ok(io_file_close(&db, &err));
    io_meter_delta(&io->meter, &before, &delta);

    zero.kind[IO_DATABASE].calls[IO_OP_OPEN] = 1;
    zero.kind[IO_DATABASE].calls[IO_OP_WRITE] = 1;
    zero.kind[IO_DATABASE].calls[IO_OP_READ] = 1;
    zero.kind[IO_DATABASE].calls[IO_OP_SYNC] = 2;
    zero.kind[IO_DATABASE].calls[IO_OP_CLOSE] = 1;
    zero.kind[IO_DATABASE].read_bytes = 3;
    zero.kind[IO_DATABASE].mapped_bytes = 100;
    zero.kind[IO_DATABASE].write_bytes = 8;
    zero.kind[IO_TEMP].calls[IO_OP_OPEN] = 1;
    zero.kind[IO_TEMP].calls[IO_OP_WRITE] = 1;
    zero.kind[IO_TEMP].calls[IO_OP_CLOSE] = 1;
    zero.kind[IO_TEMP].write_bytes = 3;
    zero.kind[IO_WAL].calls[IO_OP_SYNC_DIR] = 1;
    zero.kind[IO_EXTERNAL].calls[IO_OP_MKDIR] = 1;
    zero.kind[IO_EXTERNAL].calls[IO_OP_UNLINK] = 1;
    assert_memory_equal(&delta, &zero, sizeof(zero));
    assert_int_equal(io_meter_syncs(&delta), 3);
    assert_int_equal(io_meter_write_bytes(&delta), 11);
    assert_int_equal(io_meter_read_bytes(&delta), 103);
}

static void test_map(void **state)
{
    struct tree *tree = *state;
    struct err err = {0};
    struct io_file file;
    const uint8_t *map;

    assert_ok(io_file_open(&tree->io, "m", IO_DATABASE, IO_CREATE, &file, NULL, &err));
    assert_ok(io_file_write(&file, "mapped", 6, 0, &err));
    if (!tree->posix) {
        assert_fails(RC_UNSUPPORTED, io_file_map(&file, 6, &map, &err));
    } else {
        assert_ok(io_file_map(&file, 6, &map, &err));
        assert_memory_equal(map, "mapped", 6);
        assert_ok(io_file_write(&file, "M", 1, 0, &err)); /* writes show through */
        assert_memory_equal(map, "Mapped", 6);
        io_file_unmap(&file, map, 6);
        assert_fails(RC_USAGE, io_file_map(&file, 0, &map, &err));
    }
    assert_null(tree->posix ? NULL : map);
    assert_ok(io_file_close(&file, &err));
}

/* A real refusal: the size limit cuts a write short, then refuses the rest. */
static void test_size_limit(void **state)
{
    struct tree *tree = *state;
    struct io *io = &tree->io;
    struct rlimit old, small;
    struct err err = {0};
    struct io_file file;
    char bytes[5000] = {0};
    uint64_t size;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    assert_ok(io_file_open(io, "f", IO_EXTERNAL, IO_CREATE, &file, NULL, &err));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(io_file_write(&file, bytes, sizeof(bytes), 0, &err), RC_FULL);
    assert_int_equal(err.sys, EFBIG);
    err_clear(&err);
    assert_fails(RC_FULL, io_file_truncate(&file, 8192, &err));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_ok(io_file_size(&file, &size, &err));
    assert_int_equal(size, 4096);
    assert_int_equal(io->meter.kind[IO_EXTERNAL].write_bytes, 0);
    assert_ok(io_file_write(&file, bytes, sizeof(bytes), 0, &err));
    assert_ok(io_file_close(&file, &err));
}

static void test_huge_offsets_memory(void **state)
{
    struct tree *tree = *state;
    struct err err = {0};
    struct io_file file;
    uint64_t size;

    assert_ok(io_file_open(&tree->io, "f", IO_EXTERNAL, IO_CREATE, &file, NULL, &err));
    assert_fails(RC_FULL, io_file_write(&file, "x", 1, (uint64_t)1 << 50, &err));
    assert_fails(RC_FULL, io_file_truncate(&file, (uint64_t)1 << 50, &err));
    assert_ok(io_file_size(&file, &size, &err));
    assert_int_equal(size, 0);
    assert_ok(io_file_close(&file, &err));
}

/* ---- trace ---------------------------------------------------------------------------------- */

static void print_trace(const struct io *io, struct buf *out)
{
    size_t count;
    const struct io_trace_op *op = io_memory_trace(io, &count);
    struct err err = {0};

    for (size_t i = 0; i < count; i++, op++) {
        assert_ok(buf_printf(out, &err, "%s", io_trace_kind_name(op->kind)));
        if (op->name)
            assert_ok(buf_printf(out, &err, " '%s'", op->name));
        if (op->name2)
            assert_ok(buf_printf(out, &err, " '%s'", op->name2));
        if (op->inode)
            assert_ok(buf_printf(out, &err, " #%" PRIu64, op->inode));
        if (op->kind == IO_TRACE_WRITE || op->kind == IO_TRACE_TRUNCATE ||
            op->kind == IO_TRACE_MARK)
            assert_ok(buf_printf(out, &err, " @%" PRIu64, op->offset));
        if (op->bytes)
            assert_ok(buf_printf(out, &err, " %.*s", (int)op->len, (const char *)op->bytes));
        assert_ok(buf_printf(out, &err, "%s\n", op->data_only ? " data" : ""));
    }
}

static void test_trace(void **state)
{
    struct io *io = &((struct tree *)*state)->io;
    struct fault fault = {.ops = 1u << IO_OP_WRITE, .verdict = IO_SKIP};
    struct io_file file, temp;
    struct err err = {0};
    struct buf text = {0};
    size_t count;

    assert_ok(io_mkdir(io, "d", NULL, &err));
    assert_ok(io_mkdir(io, "d", NULL, &err));
    assert_ok(io_file_open(io, "d/a", IO_EXTERNAL, IO_CREATE, &file, NULL, &err));
    assert_ok(io_file_write(&file, "hello", 5, 10, &err));
    assert_ok(io_memory_mark(io, 7, &err));
    assert_ok(io_file_truncate(&file, 3, &err));
    assert_ok(io_file_truncate(&file, 3, &err));
    assert_ok(io_file_sync(&file, true, &err));
    assert_ok(io_file_sync(&file, false, &err));
    fault_arm(&fault, io);
    assert_ok(io_file_write(&file, "lost", 4, 0, &err));
    fault_disarm(io);
    assert_ok(io_file_open(io, "t", IO_TEMP, IO_CREATE | IO_DELETE_ON_CLOSE, &temp, NULL, &err));
    assert_ok(io_file_write(&temp, "tmp", 3, 0, &err));
    assert_ok(io_link(io, IO_EXTERNAL, "d/a", "b", &err));
    assert_fails(RC_IO, io_link(io, IO_EXTERNAL, "d/a", "b", &err));
    assert_ok(io_rename(io, IO_EXTERNAL, "b", "c", &err));
    assert_ok(io_sync_dir(io, IO_EXTERNAL, "d", &err));
    assert_ok(io_sync_dir(io, IO_EXTERNAL, "", &err));
    assert_ok(io_unlink(io, IO_EXTERNAL, "d/a", &err));
    assert_ok(io_file_close(&temp, &err));
    assert_ok(io_file_close(&file, &err));
    print_trace(io, &text);
    assert_string_equal(buf_str(&text), "mkdir 'd'\n"
                                        "create 'd/a' #1\n"
                                        "write #1 @10 hello\n"
                                        "mark @7\n"
                                        "truncate #1 @3\n"
                                        "sync #1 data\n"
                                        "sync #1\n"
                                        "create 't' #2\n"
                                        "unlink 't' #2\n"
                                        "write #2 @0 tmp\n"
                                        "link 'd/a' 'b' #1\n"
                                        "rename 'b' 'c' #1\n"
                                        "sync_dir 'd'\n"
                                        "sync_dir ''\n"
                                        "unlink 'd/a' #1\n");
    io_memory_trace_clear(io);
    io_memory_trace(io, &count);
    assert_int_equal(count, 0);
    buf_release(&text);
}

/* ---- both back ends, and the trace, agree --------------------------------------------------- */

#define MODEL_HANDLES 3

struct model_run {
    struct io *io;
    struct io_file open[MODEL_HANDLES];
    char log[96]; /* the last outcome, in words */
};

static void model_outcome(struct model_run *run, const char *op, enum rc rc, struct err *err,
                          uint64_t value)
{
    snprintf(run->log, sizeof(run->log), "%s %s %d %" PRIu64, op, rc_name(rc), err->sys, value);
    err_clear(err);
}

/* Apply one random operation; equal streams give equal operations. */
static void model_step(struct model_run *run, struct rng *rng)
{
    static const char *const names[] = {"a", "b", "d/a", "d/b", "d/e/a", "e/a", "a/x", "d", "d/e"};
    const char *name = names[rng_below(rng, COUNT_OF(names))];
    const char *name2 = names[rng_below(rng, COUNT_OF(names) - 2)];
    struct io_file *file = &run->open[rng_below(rng, MODEL_HANDLES)];
    unsigned flags = (unsigned)rng_below(rng, 8), op = (unsigned)rng_below(rng, 12);
    uint64_t offset = rng_below(rng, 9000), value = 0;
    uint8_t bytes[4096];
    size_t len = rng_below(rng, sizeof(bytes)), got = 0;
    struct err err = {0};
    bool made = false, is_file;
    enum rc rc;

    rng_fill(rng, bytes, len);
    if (rng_below(rng, 8) == 0)
        flags |= IO_DELETE_ON_CLOSE;
    /* Directories are not renamed: see io_memory_rename. */
    is_file = io_stat(run->io, name, &value, &err) != RC_CORRUPT;
    err_clear(&err);
    if (op < 3) {
        rc = io_file_close(file, &err);
        if (rc == RC_OK)
            rc = io_file_open(run->io, name, IO_EXTERNAL, flags, file, &made, &err);
        model_outcome(run, "open", rc, &err, made);
    } else if (op < 8 && file->handle) {
        rc = RC_OK;
        if (op < 5)
            rc = io_file_write(file, bytes, len, offset, &err);
        else if (op == 5)
            rc = io_file_truncate(file, offset, &err);
        else if (op == 6)
            rc = io_file_sync(file, (flags & 1) != 0, &err);
        else
            rc = io_file_read(file, bytes, len, offset, &got, &err);
        model_outcome(run, "content", rc, &err, got);
    } else if (op == 8) {
        model_outcome(run, "mkdir", io_mkdir(run->io, flags & 1 ? "d" : "d/e", &made, &err), &err,
                      made);
    } else if (op == 9) {
        model_outcome(run, "unlink", io_unlink(run->io, IO_EXTERNAL, name, &err), &err, 0);
    } else if (op == 10 && is_file) {
        model_outcome(run, "rename", io_rename(run->io, IO_EXTERNAL, name, name2, &err), &err, 0);
    } else {
        model_outcome(run, "link", io_link(run->io, IO_EXTERNAL, name, name2, &err), &err, 0);
    }
}

static enum rc dump_visit(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct {
        struct io *io;
        struct buf text;
    } *dump = ctx;
    struct io_file file;
    struct buf content = {0};
    uint64_t hash = 0;
    size_t got;

    if (buf_resize(&content, (size_t)size, err))
        return err->rc;
    if (io_file_open(dump->io, name, IO_EXTERNAL, IO_READ_ONLY, &file, NULL, err))
        return err->rc;
    assert_int_equal(io_file_read(&file, content.ptr, (size_t)size, 0, &got, err), RC_OK);
    assert_int_equal(got, size);
    for (size_t i = 0; i < got; i++)
        hash = mix64(hash ^ content.ptr[i]);
    buf_release(&content);
    if (io_file_close(&file, err))
        return err->rc;
    return buf_printf(&dump->text, err, "%s %" PRIu64 " %016" PRIx64 "\n", name, size, hash);
}

/* Every file with size and content, as text the caller releases. */
static struct buf dump_tree(struct io *io)
{
    struct {
        struct io *io;
        struct buf text;
    } dump = {.io = io};
    struct err err = {0};

    assert_ok(io_list(io, "", dump_visit, &dump, &err));
    return dump.text;
}

/* Rebuild a tree from a trace by public calls: inodes become open handles. */
static void replay(const struct io *from, struct io *to)
{
    size_t count;
    const struct io_trace_op *op = io_memory_trace(from, &count);
    struct io_file *file = calloc(count + 1, sizeof(*file));
    struct err err = {0};

    for (size_t i = 0; i < count; i++, op++) {
        if (op->kind == IO_TRACE_CREATE)
            assert_ok(io_file_open(to, op->name, IO_EXTERNAL, IO_CREATE | IO_EXCLUSIVE,
                                   &file[op->inode], NULL, &err));
        else if (op->kind == IO_TRACE_UNLINK)
            assert_ok(io_unlink(to, IO_EXTERNAL, op->name, &err));
        else if (op->kind == IO_TRACE_RENAME)
            assert_ok(io_rename(to, IO_EXTERNAL, op->name, op->name2, &err));
        else if (op->kind == IO_TRACE_LINK)
            assert_ok(io_link(to, IO_EXTERNAL, op->name, op->name2, &err));
        else if (op->kind == IO_TRACE_MKDIR)
            assert_ok(io_mkdir(to, op->name, NULL, &err));
        else if (op->kind == IO_TRACE_WRITE)
            assert_ok(io_file_write(&file[op->inode], op->bytes, op->len, op->offset, &err));
        else if (op->kind == IO_TRACE_TRUNCATE)
            assert_ok(io_file_truncate(&file[op->inode], op->offset, &err));
    }
    for (size_t i = 0; i <= count; i++)
        assert_ok(io_file_close(&file[i], &err));
    free(file);
}

static void test_back_ends_agree(void **state)
{
    struct tree real, memory, rebuilt;
    struct model_run runs[2];
    struct err err = {0};
    size_t text_len = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rng streams[2] = {rng_stream(seed, "t_io", 0), rng_stream(seed, "t_io", 0)};
        struct buf a, b, c;

        tree_open(&real, true, false);
        tree_open(&memory, false, true);
        tree_open(&rebuilt, false, false);
        memset(runs, 0, sizeof(runs));
        runs[0].io = &real.io;
        runs[1].io = &memory.io;
        for (int step = 0; step < 300; step++) {
            model_step(&runs[0], &streams[0]);
            model_step(&runs[1], &streams[1]);
            if (strcmp(runs[0].log, runs[1].log) != 0)
                fail_msg("seed %" PRIu64 " step %d: posix '%s', memory '%s'", seed, step,
                         runs[0].log, runs[1].log);
        }
        for (size_t i = 0; i < MODEL_HANDLES; i++) {
            assert_ok(io_file_close(&runs[0].open[i], &err));
            assert_ok(io_file_close(&runs[1].open[i], &err));
        }
        replay(&memory.io, &rebuilt.io);
        a = dump_tree(&real.io);
        b = dump_tree(&memory.io);
        c = dump_tree(&rebuilt.io);
        text_len += a.len;
        assert_string_equal(buf_str(&a), buf_str(&b));
        assert_string_equal(buf_str(&b), buf_str(&c));
        buf_release(&a);
        buf_release(&b);
        buf_release(&c);
        tree_close(&rebuilt);
        tree_close(&memory);
        tree_close(&real);
    }
    assert_true(text_len > 20 * 50); /* the streams do leave files to compare */
}

/* ---- groups --------------------------------------------------------------------------------- */

#define ON(backend, test) cmocka_unit_test_setup_teardown(test, setup_##backend, teardown)
#define COMMON_TESTS(backend)                                                                \
    ON(backend, test_names), ON(backend, test_content), ON(backend, test_open_flags),        \
        ON(backend, test_delete_on_close), ON(backend, test_rename_link_unlink),             \
        ON(backend, test_directories), ON(backend, test_list), ON(backend, test_many_files), \
        ON(backend, test_hook_every_op), ON(backend, test_hook_write),                       \
        ON(backend, test_hook_events), ON(backend, test_meter), ON(backend, test_map)
#define POSIX_TESTS                                                                             \
    ON(posix, test_links_refused), ON(posix, test_special_files_refused), ON(posix, test_lock), \
        ON(posix, test_size_limit), cmocka_unit_test(test_back_ends_agree)

/* From here on the kernel answers ENOSYS to openat2, as old kernels and sandboxes do.  Returns
 * non-zero where that cannot be arranged. */
static int refuse_openat2(void)
{
#ifdef SYS_openat2
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = COUNT_OF(code), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
#else
    return -1;
#endif
}

int main(void)
{
    const struct CMUnitTest posix[] = {COMMON_TESTS(posix), POSIX_TESTS};
    const struct CMUnitTest memory[] = {COMMON_TESTS(memory), ON(memory, test_trace),
                                        ON(memory, test_huge_offsets_memory)};
    const struct CMUnitTest walk[] = {COMMON_TESTS(posix), POSIX_TESTS};
    int failed = cmocka_run_group_tests_name("io posix", posix, NULL, NULL);

    failed += cmocka_run_group_tests_name("io memory", memory, NULL, NULL);
    if (refuse_openat2() == 0)
        failed += cmocka_run_group_tests_name("io posix without openat2", walk, NULL, NULL);
    else
        fprintf(stderr, "note: openat2 cannot be refused here; the walk was not tested\n");
    return failed != 0;
}
