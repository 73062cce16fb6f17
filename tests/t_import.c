/* Real data with a history: pairs of releases and git repositories, replayed event by event against
 * what the test itself put there; names in archives; the program that is asked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "datasets/coprocess.h"
#include "datasets/import.h"
#include "datasets/packed_name.h"
#include "workloads/schedule.h"
#include "workloads/workload.h"

#define assert_ok(call)                                           \
    do {                                                          \
        enum rc rc_ = (call);                                     \
        if (rc_ != RC_OK)                                         \
            fail_msg("%s: %s: %s", #call, rc_name(rc_), err.msg); \
    } while (0)

extern char **environ;

/* ---- a directory of the test's own, and a shell in it --------------------------------------- */

static char home[32];

static int enter_home(void **unused)
{
    (void)unused;
    snprintf(home, sizeof(home), "/tmp/bf-import-XXXXXX");
    return mkdtemp(home) && chdir(home) == 0 ? 0 : -1;
}

static void start_shell(struct coprocess *co, const char *script)
{
    struct err err = {0};
    const char *const argv[] = {"/bin/sh", "-euc", script, NULL};
    assert_ok(coprocess_start(co, "sh", argv, environ, &err));
}

static void shell(const char *script)
{
    struct err err = {0};
    struct coprocess co;
    struct buf out = {0};
    char said[QUOTE_SIZE];
    int status = 0;
    start_shell(&co, script);
    assert_ok(coprocess_talk(&co, (struct span){0}, &out, 1 << 20, &status, &err));
    if (status != 0)
        fail_msg("%s: status %d: %s", script, status, coprocess_words(&co, said));
    coprocess_end(&co);
    buf_release(&out);
}

static int leave_home(void **unused)
{
    (void)unused;
    char script[64];
    snprintf(script, sizeof(script), "rm -rf %s", home);
    if (chdir("/") != 0)
        return -1;
    shell(script);
    return 0;
}

static void write_file(const char *path, struct span bytes)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        fail_msg("%s: %s", path, strerror(errno));
    assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static struct dataset *opened(const char *spec, struct err *err)
{
    struct dataset *ds;
    if (dataset_open(&ds, spec, 1, err) != RC_OK)
        fail_msg("%s: %s", spec, err->msg);
    return ds;
}

static void assert_refused(const char *spec, enum rc rc, const char *message)
{
    struct err err = {0};
    struct dataset *ds = NULL;
    enum rc got = dataset_open(&ds, spec, 1, &err);
    if (got != rc || !strstr(err.msg, message))
        fail_msg("%s: %s, \"%s\" (expected %s, \"%s\")", spec, rc_name(got), err.msg, rc_name(rc),
                 message);
    assert_null(ds);
}

/* ---- a model of a tree: path number -> content number --------------------------------------- */

enum { PATHS = 14, STEPS_MAX = 40 };

/* Names that trip people up; some would be folders of others. */
static const char *const names[PATHS] = {
    "a",
    "a.txt",
    "dir/a",
    "dir/b c",
    "dir.x",
    "dir/deep/er/x",
    "new\nline",
    "quote\"'`$x",
    "-dash",
    "\xff\xfe",
    "back\\slash,comma",
    "\xc3\xa9",
    "dir0",
    "tab\there",
};

struct tree {
    uint32_t content[PATHS]; /* 0: not there */
};

/* Content k: empty, one byte, text or binary. */
static void make_content(uint32_t k, struct buf *out)
{
    struct err err = {0};
    struct rng rng = rng_stream(k, "t_import", 0);
    size_t len = k % 5 == 0 ? 0 : k % 5 == 1 ? 1 : (size_t)rng_below(&rng, 5000);
    assert_ok(buf_resize(out, len, &err));
    rng_fill(&rng, out->ptr, len);
    /* What a filter for line ends would change. */
    for (size_t i = 0; k % 5 == 2 && i + 1 < len; i += 40)
        memcpy(out->ptr + i, "\r\n", 2);
    if (k % 5 == 1)
        out->ptr[0] = (uint8_t)k;
}

static void write_tree(const char *folder, const struct tree *tree)
{
    struct buf content = {0};
    char path[200];
    for (size_t i = 0; i < PATHS; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        if (!tree->content[i]) {
            (void)unlink(path);
            continue;
        }
        for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
            *slash = '\0';
            (void)mkdir(path, 0755);
            *slash = '/';
        }
        make_content(tree->content[i], &content);
        write_file(path, buf_span(&content));
    }
    buf_release(&content);
}

/* Some of: made, changed, changed back, deleted, deleted and made again, renamed. */
static void change_tree(struct rng *rng, const struct tree *before, struct tree *tree)
{
    for (unsigned k = 0; k < 4; k++) {
        size_t i = (size_t)rng_below(rng, PATHS), j = (size_t)rng_below(rng, PATHS);
        switch (rng_below(rng, 5)) {
        case 0: tree->content[i] = 0; break;
        case 1: tree->content[i] = before->content[i]; break;
        case 2:
            if (tree->content[i]) {
                tree->content[j] = tree->content[i];
                tree->content[i] = 0;
            }
            break;
        default: tree->content[i] = 1 + (uint32_t)rng_below(rng, 60); break;
        }
    }
    if (!tree->content[0])
        tree->content[0] = 7;
}

static size_t path_number(struct dataset *ds, uint32_t file)
{
    struct err err = {0};
    struct buf path = {0};
    size_t found = PATHS;
    assert_ok(dataset_path(ds, file, &path));
    for (size_t i = 0; i < PATHS; i++)
        if (span_equal(buf_span(&path), span_of_str(names[i])))
            found = i;
    if (found == PATHS)
        fail_msg("file %" PRIu32 " has the path \"%s\"", file, buf_str(&path));
    buf_release(&path);
    return found;
}

/* What a reader of the dataset knows of a path. */
struct seen {
    bool there;
    uint32_t file, version;
};

static void assert_tree(struct dataset *ds, const struct seen *seen, const struct tree *tree,
                        uint64_t group)
{
    struct err err = {0};
    struct buf want = {0}, got = {0};
    for (size_t i = 0; i < PATHS; i++) {
        if (seen[i].there != (tree->content[i] != 0))
            fail_msg("group %" PRIu64 ": path %zu is %s", group, i,
                     seen[i].there ? "there" : "not there");
        if (!seen[i].there)
            continue;
        make_content(tree->content[i], &want);
        assert_ok(dataset_content(ds, seen[i].file, seen[i].version, &got));
        if (!span_equal(buf_span(&want), buf_span(&got)))
            fail_msg("group %" PRIu64 ": path %zu has other bytes", group, i);
    }
    buf_release(&want);
    buf_release(&got);
}

/* Replay all events: after each group the tree is the one that was written. */
static void assert_history(struct dataset *ds, const struct tree *trees, size_t count)
{
    struct err err = {0};
    struct seen seen[PATHS] = {{0}};
    uint32_t next_file = ds->file_count;
    uint64_t group = 0;
    for (uint32_t file = 0; file < ds->file_count; file++)
        seen[path_number(ds, file)] = (struct seen){.there = true, .file = file};
    for (uint64_t k = 0; k < ds->event_count; k++) {
        struct history_event event;
        assert_ok(dataset_event(ds, k, &event));
        assert_true(event.group >= group && event.group < count);
        for (; group < event.group; group++)
            assert_tree(ds, seen, &trees[group], group);
        assert_true(event.file <= next_file);
        next_file += event.file == next_file;
        struct seen *at = &seen[path_number(ds, event.file)];
        assert_int_equal(at->there, event.kind != HISTORY_CREATE);
        if (event.kind != HISTORY_DELETE) {
            assert_true(event.version < dataset_versions(ds, event.file));
            assert_true(event.kind == HISTORY_CREATE || event.version != at->version);
        }
        *at = (struct seen){
            .there = event.kind != HISTORY_DELETE, .file = event.file, .version = event.version};
    }
    for (; group < count; group++)
        assert_tree(ds, seen, &trees[group], group);
}

/* The same from here on, whatever is asked first; what is behind the real versions is derived. */
static void assert_deterministic(const char *spec)
{
    struct err err = {0};
    struct dataset_summary one, two;
    struct buf first = {0}, second = {0};
    struct dataset *a = opened(spec, &err), *b = opened(spec, &err);
    uint32_t created = 0;
    assert_string_equal(dataset_options(a), dataset_options(b));
    for (uint64_t k = 0; k < a->event_count; k++) {
        struct history_event event;
        assert_ok(dataset_event(a, k, &event));
        created = event.file >= a->file_count + created ? event.file - a->file_count + 1 : created;
    }
    for (uint32_t k = 0; k < a->file_count + created + 5; k++) {
        uint32_t file = a->file_count + created + 4 - k;
        uint32_t real = dataset_versions(a, file);
        assert_ok(dataset_content(a, file, real + 1, &first));
        assert_ok(dataset_content(b, file, real - 1, &second));
        assert_ok(dataset_content(b, file, real + 1, &second));
        assert_true(span_equal(buf_span(&first), buf_span(&second)));
        assert_ok(dataset_path(a, file, &first));
        assert_int_equal(file >= a->file_count + created, strstr(buf_str(&first), "-fork") != NULL);
    }
    assert_ok(dataset_summarise(a, &one));
    assert_ok(dataset_summarise(b, &two));
    assert_true(hash128_equal(one.hash, two.hash));
    dataset_close(a);
    dataset_close(b);
    buf_release(&first);
    buf_release(&second);
}

/* ---- pairs ---------------------------------------------------------------------------------- */

static void a_pair_leads_from_old_to_new(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct err err = {0};
        struct rng rng = rng_stream(seed, "pair", 0);
        struct tree trees[2] = {{{1, 2, 3}}, {{0}}}, none = {{0}};
        for (unsigned k = 0; k < 4; k++)
            change_tree(&rng, &none, &trees[0]);
        trees[1] = trees[0];
        for (uint64_t k = seed % 4; k > 0; k--)
            change_tree(&rng, &none, &trees[1]);
        write_tree("old", &trees[0]);
        write_tree("new", &trees[1]);
        struct dataset *ds = opened("pair:old,new", &err);
        assert_int_equal(ds->event_count != 0, memcmp(&trees[0], &trees[1], sizeof(none)) != 0);
        struct tree after[2] = {trees[0], trees[1]};
        assert_history(ds, after, 2);
        dataset_close(ds);
        assert_deterministic("pair:old,new");
    }
}

static void names_of_places_are_escaped(void **unused)
{
    (void)unused;
    struct err err = {0};
    shell("mkdir 'a,b' 'c\\d'; echo 1 >'a,b/f'; echo 2 >'c\\d/f'");
    struct dataset *ds = opened("pair:a\\,b,c\\\\d", &err);
    assert_int_equal(ds->event_count, 1);
    assert_string_equal(ds->folders[0], "a,b");
    assert_string_equal(ds->folders[1], "c\\d");
    assert_string_equal(dataset_options(ds),
                        "a\\x5c,b,c\\x5c\\x5cd (0 created, 1 changed, 0 deleted)");
    dataset_close(ds);
    assert_refused("pair:a,b,c", RC_USAGE, "expected OLD,NEW, got \"a,b,c\"");
    assert_refused("pair:a", RC_USAGE, "expected OLD,NEW, got \"a\"");
    assert_refused("pair:a,", RC_USAGE, "a part is empty");
    assert_refused("pair:,a", RC_USAGE, "a part is empty");
    assert_refused("pair:", RC_USAGE, "no OLD,NEW is given");
    assert_refused("pair:a\\b,c", RC_USAGE, "before none of");
    assert_refused("pair:a,b\\", RC_USAGE, "before none of");
    assert_refused("pair:a,b", RC_USAGE, "cannot open directory \"a\": No such file");
    assert_refused("pair:c\\\\d,none", RC_USAGE, "cannot open directory \"none\"");
}

static void bytes_that_change_are_noticed(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf out = {0};
    struct dataset_summary before, after;
    shell("mkdir old new; echo one >old/f; echo two >new/f; touch -d @1000 old/f new/f");
    struct dataset *ds = opened("pair:old,new", &err);
    assert_ok(dataset_summarise(ds, &before));
    assert_ok(dataset_content(ds, 0, 1, &out));
    /* Same size, same time, same inode: only the bytes tell. */
    shell("printf 'TWO\\n' >new/f; touch -d @1000 new/f");
    assert_ok(dataset_content(ds, 0, 0, &out));
    assert_int_equal(dataset_content(ds, 0, 1, &out), RC_IO);
    assert_non_null(strstr(err.msg, "\"f\": changed while in use"));
    dataset_close(ds);
    err_clear(&err);
    /* Version 0 of everything is as it was: the history alone makes the hash another. */
    ds = opened("pair:old,new", &err);
    assert_ok(dataset_summarise(ds, &after));
    assert_int_equal(before.bytes, after.bytes);
    assert_false(hash128_equal(before.hash, after.hash));
    dataset_close(ds);
    buf_release(&out);
}

/* ---- git ------------------------------------------------------------------------------------ */

#define GIT                                                                                    \
    "export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org " \
    "GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.org "                                  \
    "GIT_AUTHOR_DATE='@1000 +0000' GIT_COMMITTER_DATE='@1000 +0000'; "

static void make_repository(void)
{
    shell(GIT "git init -q -b main r; git -C r config core.autocrlf false");
}

static void commit_all(const char *message)
{
    char script[800];
    snprintf(script, sizeof(script), GIT "cd r; git add -A; git commit -q --allow-empty -m %s",
             message);
    shell(script);
}

static void a_history_is_replayed_commit_by_commit(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct rng rng = rng_stream(1, "git", 0);
    struct tree trees[STEPS_MAX] = {{{1, 2, 3}}};
    make_repository();
    for (size_t i = 0; i < STEPS_MAX; i++) {
        if (i > 0) {
            trees[i] = trees[i - 1];
            /* Some commits change nothing. */
            if (i % 7 != 0)
                change_tree(&rng, &trees[i > 3 ? i - 3 : 0], &trees[i]);
        }
        write_tree("r", &trees[i]);
        commit_all("step");
    }
    struct dataset *ds = opened("git:r", &err);
    assert_true(ds->event_count > 50);
    assert_history(ds, trees, STEPS_MAX);
    dataset_close(ds);
    /* Later ones only; a range; packed; a bare clone: always the same files. */
    ds = opened("git:r,commits=10", &err);
    assert_history(ds, trees + STEPS_MAX - 10, 10);
    assert_non_null(strstr(dataset_options(ds), "(10 commits, the last of more: "));
    dataset_close(ds);
    ds = opened("git:r@main~10", &err);
    assert_history(ds, trees, STEPS_MAX - 10);
    dataset_close(ds);
    ds = opened("git:r,HEAD~20..HEAD~5", &err);
    assert_history(ds, trees + STEPS_MAX - 21, 16);
    assert_non_null(strstr(dataset_options(ds), "(16 commits: "));
    dataset_close(ds);
    ds = opened("git:r,main~20..main,commits=4", &err);
    assert_history(ds, trees + STEPS_MAX - 4, 4);
    dataset_close(ds);
    shell(GIT "git -C r gc -q; git clone -q --bare r bare@1,x");
    ds = opened("git:bare\\@1\\,x@HEAD", &err);
    assert_history(ds, trees, STEPS_MAX);
    dataset_close(ds);
    assert_deterministic("git:r");
}

static void expect_event(struct dataset *ds, uint64_t index, enum history_kind kind, uint32_t file,
                         uint32_t version, uint64_t group)
{
    struct err err = {0};
    struct history_event event;
    assert_true(index < ds->event_count);
    assert_ok(dataset_event(ds, index, &event));
    assert_int_equal(event.kind, kind);
    assert_int_equal(event.file, file);
    if (kind != HISTORY_DELETE)
        assert_int_equal(event.version, version);
    assert_int_equal(event.group, group);
}

/* Known answers: what a commit does to a file is which event. */
static void events_are_as_documented(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf path = {0};
    make_repository();
    commit_all("nothing-yet");
    shell("cd r; echo 1 >a; echo 1 >b; echo 1 >keep; ln -s a link; ln -s a link2");
    commit_all("base");
    shell("cd r; echo 2 >a; chmod +x b; git mv keep moved"); /* group 1: mode of b is nothing */
    commit_all("one");
    shell("cd r; echo 1 >a; rm b; ln -s x b; rm link; echo file >link");
    commit_all("two");
    shell("cd r; rm b; echo 1 >b; echo 3 >keep; rm link2");
    commit_all("three");
    shell(
        GIT
        "cd r; git checkout -q -b side HEAD~1; echo s >side; git add side; git commit -q -m s;"
        " echo t >side; git commit -q -a -m t; git checkout -q main; git merge -q --no-edit side");
    shell(GIT "cd r; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub;"
              "git commit -q -m submodule");
    struct dataset *ds = opened("git:r", &err);
    assert_int_equal(ds->file_count, 3); /* a b keep: the first commit holds nothing */
    expect_event(ds, 0, HISTORY_CHANGE, 0, 1, 1);
    expect_event(ds, 1, HISTORY_DELETE, 2, 0, 1);
    expect_event(ds, 2, HISTORY_CREATE, 3, 0, 1); /* moved */
    expect_event(ds, 3, HISTORY_CHANGE, 0, 0, 2); /* back to what it was */
    expect_event(ds, 4, HISTORY_DELETE, 1, 0, 2); /* a link now */
    expect_event(ds, 5, HISTORY_CREATE, 4, 0, 2); /* was a link */
    expect_event(ds, 6, HISTORY_CREATE, 1, 0, 3); /* made again, as it was */
    expect_event(ds, 7, HISTORY_CREATE, 2, 1, 3); /* made again, another */
    expect_event(ds, 8, HISTORY_CREATE, 5, 0, 4); /* the merge: one group, its end only */
    assert_int_equal(ds->event_count, 9);
    assert_int_equal(dataset_versions(ds, 0), 2);
    assert_int_equal(dataset_versions(ds, 1), 1);
    assert_int_equal(dataset_versions(ds, 5), 1);
    assert_ok(dataset_content(ds, 5, 0, &path));
    assert_string_equal(buf_str(&path), "t\n");
    assert_ok(dataset_path(ds, 3, &path));
    assert_string_equal(buf_str(&path), "moved");
    assert_non_null(strstr(dataset_options(ds), "skipped: 3 symbolic links, 1 submodule)"));
    dataset_close(ds);
    buf_release(&path);
}

static void what_cannot_be_replayed_is_refused(void **unused)
{
    (void)unused;
    assert_refused("git:none", RC_USAGE, "\"none\" is no git repository: fatal: cannot change to");
    shell("mkdir plain r2; echo >file");
    assert_refused("git:plain", RC_USAGE, "\"plain\" is no git repository: fatal: not a git");
    assert_refused("git:file", RC_USAGE, "\"file\" is no git repository");
    make_repository();
    assert_refused("git:r", RC_USAGE, "the repository \"r\" has no commit");
    assert_refused("git:r@main", RC_USAGE, "the repository \"r\" has no commit \"main\"");
    shell("ln -s nowhere r/link");
    commit_all("links-only");
    assert_refused("git:r", RC_USAGE, "no commit asked for of \"r\" holds a regular file");
    shell("mkdir r/sub; echo 1 >r/sub/f");
    commit_all("file");
    assert_refused("git:r/sub", RC_USAGE, "is a folder inside a git repository");
    assert_refused("git:r@nope", RC_USAGE, "has no commit \"nope\"");
    assert_refused("git:r@--help", RC_USAGE, "has no commit \"--help\"");
    assert_refused("git:r@HEAD:sub/f", RC_USAGE, "has no commit \"HEAD:sub/f\"");
    assert_refused("git:r,HEAD..nope", RC_USAGE, "has no commit \"nope\"");
    assert_refused("git:r,HEAD...HEAD", RC_USAGE, "expected REV1..REV2 or commits=N");
    assert_refused("git:r,HEAD", RC_USAGE, "expected REV1..REV2 or commits=N, got \"HEAD\"");
    assert_refused("git:r@HEAD,HEAD~1..HEAD", RC_USAGE, "expected REV1..REV2 or commits=N");
    assert_refused("git:r,commits=0", RC_USAGE, "commits");
    assert_refused("git:r,commits=10001", RC_USAGE, "commits");
    assert_refused("git:r,commits=x", RC_USAGE, "commits");
    assert_refused("git:r,commits=3,commits=4", RC_USAGE, "expected REV1..REV2");
    assert_refused("git:r,", RC_USAGE, "a part is empty");
    assert_refused("git:r@", RC_USAGE, "a part is empty");
    shell(GIT "git clone -q --depth 1 \"file://$PWD/r\" shallow");
    assert_refused("git:shallow", RC_USAGE, "\"shallow\" is a shallow clone");
}

static void hostile_trees_are_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *name, *message;
    } bad[] = {
        {"..", "has the path \"../f\": it leaves its folder"},
        {".", "has the path \"./f\": it has an empty part"},
    };
    make_repository();
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char script[700];
        snprintf(script, sizeof(script),
                 GIT "cd r; b=$(echo hi | git hash-object -w --stdin); "
                     "t=$(printf '100644 blob %%s\\tf\\n' $b | git mktree); "
                     "t=$(printf '040000 tree %%s\\t%s\\n' $t | git mktree); "
                     "git update-ref refs/heads/main $(git commit-tree -m x $t)",
                 bad[i].name);
        shell(script);
        assert_refused("git:r", RC_USAGE, bad[i].message);
    }
}

/* Damage under a repository: found when the content is asked for, and by the summary. */
static void damaged_objects_are_errors(void **unused)
{
    (void)unused;
    static const char *const damages[] = {"rm -f $o", "chmod u+w $o; : >$o",
                                          "chmod u+w $o; printf 'garbage garbage' >$o",
                                          "chmod u+w $o; head -c 20 $o >x; mv x $o"};
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct err err = {0};
        struct dataset_summary sum;
        char script[400];
        shell("rm -rf r");
        make_repository();
        shell("head -c 3000 /dev/urandom >r/good; head -c 3000 /dev/urandom >r/bad");
        commit_all("both");
        shell("echo changed >r/good");
        commit_all("history");
        struct dataset *ds = opened("git:r", &err);
        snprintf(script, sizeof(script),
                 "cd r; b=$(git rev-parse HEAD:bad); "
                 "o=.git/objects/$(echo $b | sed 's,^..,&/,'); test -f $o; %s",
                 damages[i]);
        shell(script);
        struct buf out = {0};
        assert_int_equal(dataset_content(ds, 0, 0, &out), RC_IO);
        if (!strstr(err.msg, "\"bad\": the repository does not give") &&
            !strstr(err.msg, "git cat-file ended"))
            fail_msg("damage %zu: %s", i, err.msg);
        err_clear(&err);
        /* The next one is not harmed by it. */
        assert_ok(dataset_content(ds, 1, 0, &out));
        assert_int_equal(out.len, 3000);
        assert_ok(dataset_content(ds, 1, 1, &out));
        assert_string_equal(buf_str(&out), "changed\n");
        assert_int_equal(dataset_summarise(ds, &sum), RC_IO);
        dataset_close(ds);
        buf_release(&out);
    }
}

/* The only one there is. */
static void kill_child(void)
{
    char name[64];
    long pid = 0;
    snprintf(name, sizeof(name), "/proc/self/task/%ld/children", (long)getpid());
    FILE *file = fopen(name, "r");
    if (!file)
        skip();
    assert_int_equal(fscanf(file, "%ld", &pid), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
}

/* A co-process that dies between two questions is started anew, or its end is an error. */
static void a_dead_git_is_no_silence(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct buf out = {0};
    make_repository();
    shell("echo 1 >r/a; echo 2 >r/b");
    commit_all("two");
    struct dataset *ds = opened("git:r", &err);
    assert_ok(dataset_content(ds, 0, 0, &out));
    kill_child();
    assert_int_equal(dataset_content(ds, 1, 0, &out), RC_IO);
    assert_non_null(strstr(err.msg, "git cat-file ended by signal 9 before it was done"));
    err_clear(&err);
    assert_ok(dataset_content(ds, 1, 0, &out));
    assert_string_equal(buf_str(&out), "2\n");
    dataset_close(ds);
    buf_release(&out);
}

/* What the environment says of another repository, filters and replaced objects mean nothing. */
static void the_environment_means_nothing(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct dataset_summary plain, dressed;
    struct buf out = {0};
    make_repository();
    shell("printf 'a\\r\\nb\\r\\n' >r/f; echo other >r/g");
    commit_all("two");
    struct dataset *ds = opened("git:r", &err);
    assert_ok(dataset_summarise(ds, &plain));
    dataset_close(ds);
    shell(GIT "cd r; echo '* text=auto eol=lf filter=x diff=x' >.git/info/attributes;"
              "git config filter.x.smudge 'tr a-z A-Z'; git config diff.x.textconv 'tr a-z A-Z';"
              "git config core.autocrlf true; git config core.fsmonitor 'touch ../monitored';"
              "git config diff.renames copies; git config core.pager 'touch ../paged';"
              "git replace $(git rev-parse HEAD:f) $(git rev-parse HEAD:g)");
    setenv("GIT_DIR", "/nowhere", 1);
    setenv("GIT_OBJECT_DIRECTORY", "/nowhere", 1);
    setenv("GIT_TRACE", "1", 1);
    ds = opened("git:r", &err);
    assert_ok(dataset_summarise(ds, &dressed));
    unsetenv("GIT_DIR");
    unsetenv("GIT_OBJECT_DIRECTORY");
    unsetenv("GIT_TRACE");
    assert_true(hash128_equal(plain.hash, dressed.hash));
    assert_ok(dataset_content(ds, 0, 0, &out));
    assert_string_equal(buf_str(&out), "a\r\nb\r\n");
    dataset_close(ds);
    assert_int_equal(access("monitored", F_OK), -1);
    assert_int_equal(access("paged", F_OK), -1);
    buf_release(&out);
}

static void without_git_there_is_no_history(void **unused)
{
    (void)unused;
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "relative::/nonexistent", 1);
    assert_refused("git:r", RC_UNSUPPORTED, "there is no program \"git\" in PATH");
    setenv("PATH", path, 1);
    free(path);
    /* A git that does not answer as git does. */
    shell("mkdir bin; printf '#!/bin/sh\\nexit 3\\n' >bin/git; chmod +x bin/git");
    char own[100];
    path = strdup(getenv("PATH"));
    snprintf(own, sizeof(own), "%s/bin", home);
    setenv("PATH", own, 1);
    assert_refused("git:r", RC_USAGE, "is no git repository");
    setenv("PATH", path, 1);
    free(path);
}

/* ---- the history workload ------------------------------------------------------------------- */

static void plan_history(struct dataset *ds, const char *options, bool mixed_before,
                         struct schedule *schedule, struct err *err)
{
    const struct workload_env env = {.base_files = ds->file_count, .dataset = ds};
    schedule_init(schedule, err);
    enum rc rc = workload_plan(workload_by_name("ingest"), "i", "", 1, &env, schedule);
    if (rc == RC_OK && mixed_before)
        rc = workload_plan(workload_by_name("mixed"), "m", "ops=50", 1, &env, schedule);
    if (rc == RC_OK)
        rc = workload_plan(workload_by_name("history"), "h", options, 1, &env, schedule);
    if (rc != RC_OK)
        fail_msg("%s", err->msg);
}

/* The content of every live file after the plan is what NEW holds. */
static void the_workload_does_what_the_events_say(void **unused)
{
    (void)unused;
    struct err err = {0};
    shell("mkdir old new; for f in a b c d; do echo $f >old/$f; done; cp old/b old/c new;"
          "echo B >new/b; echo e >new/e; echo f >new/f");
    struct dataset *ds = opened("pair:old,new", &err);
    struct schedule schedule;
    for (int mixed = 0; mixed < 2; mixed++) {
        plan_history(ds, "", mixed, &schedule, &err);
        struct err ignored = {0};
        struct buf path = {0};
        char live[8] = "";
        for (uint32_t file = 0; file < schedule.file_count; file++) {
            assert_ok(dataset_path(ds, file, &path));
            if (schedule.files[file].place == SCHEDULE_DELETED || path.len != 1)
                continue;
            strncat(live, buf_str(&path), 1);
            if (strchr("bef", path.ptr[0]) || !mixed)
                assert_int_equal(schedule.files[file].content, path.ptr[0] == 'b');
        }
        assert_string_equal(live, "bcef");
        (void)ignored;
        buf_release(&path);
        schedule_release(&schedule);
    }
    plan_history(ds, "max=2,batch=9", false, &schedule, &err);
    assert_int_equal(schedule.count, 6);
    assert_int_equal(schedule.batch, 9);
    assert_int_equal(schedule.ops[4].kind, OP_DELETE);
    assert_int_equal(schedule.ops[4].file, 0);
    assert_int_equal(schedule.ops[5].kind, OP_UPDATE);
    assert_int_equal(schedule.ops[5].content, 1);
    schedule_release(&schedule);
    dataset_close(ds);
}

static void the_workload_needs_a_history(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct schedule schedule;
    shell("mkdir old new gone; echo a >old/a; echo a >new/a");
    static const char *const specs[] = {"random:files=3", "pair:old,new"};
    for (size_t i = 0; i < COUNT_OF(specs); i++) {
        struct dataset *ds = opened(specs[i], &err);
        const struct workload_env env = {.base_files = ds->file_count, .dataset = ds};
        schedule_init(&schedule, &err);
        assert_int_equal(workload_plan(workload_by_name("history"), "h", "", 1, &env, &schedule),
                         RC_USAGE);
        assert_non_null(strstr(err.msg, "has no history of its own"));
        assert_non_null(strstr(err.msg, ds->ops->name));
        assert_non_null(strstr(err.hint, "pair, git"));
        err_clear(&err);
        schedule_release(&schedule);
        dataset_close(ds);
    }
}

/* ---- names of archives' entries ------------------------------------------------------------- */

static void hostile_names_have_a_defect(void **unused)
{
    (void)unused;
    static const struct {
        const char *name, *defect;
    } cases[] = {
        {"a", NULL},
        {"./a/b.c", NULL},
        {"a..b/..c/d..", NULL},
        {"CON", NULL},
        {"ab:c", NULL},
        {"\xe6\x97\xa5\xe6\x9c\xac", NULL},
        {"/a", "absolute"},
        {"//a", "absolute"},
        {"..", "\"..\""},
        {"../a", "\"..\""},
        {"a/../b", "\"..\""},
        {"a/..", "\"..\""},
        {"C:a", "drive letter"},
        {"a:b", "drive letter"},
        {"c:/a", "drive letter"},
        {"a\\b", "backslash"},
        {"..\\b", "backslash"},
        {"a\nb", "control"},
        {"a\x1b[31m", "control"},
        {"a\x7f", "control"},
        {"a\xc2\x9b", "control"},
        {"a\xe2\x80\xa8", "control"},
        {"a\xe2\x80\xae"
         "txt.exe",
         "direction"},
        {"a\xe2\x81\xa6", "direction"},
        {"a\xd8\x9c", "direction"},
        {"a\xff", "UTF-8"},
        {"a\xc0\xaf", "UTF-8"},
        {"a\xed\xa0\x80", "UTF-8"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *defect = packed_name_defect(cases[i].name);
        if (!defect != !cases[i].defect || (defect && !strstr(defect, cases[i].defect)))
            fail_msg("case %zu: %s", i, defect ? defect : "accepted");
    }
    char deep[400] = "", *at = deep;
    for (unsigned i = 0; i < 65; i++)
        at += snprintf(at, 3, "d/");
    at[-1] = '\0';
    assert_null(packed_name_defect(deep));
    memcpy(at - 1, "/d", 3);
    assert_non_null(strstr(packed_name_defect(deep), "deeper than 64"));
    char *lengthy = calloc(1, 4002);
    memset(lengthy, 'x', 4000);
    assert_null(packed_name_defect(lengthy));
    lengthy[4000] = 'x';
    assert_non_null(strstr(packed_name_defect(lengthy), "4000"));
    free(lengthy);
}

static void names_are_plain(void **unused)
{
    (void)unused;
    static const char *const cases[][2] = {{"a", "a"},         {"./a", "a"}, {"a//b/", "a/b"},
                                           {"a/./b/.", "a/b"}, {"./", ""},   {".a/b.", ".a/b."}};
    struct err err = {0};
    struct buf out = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_ok(packed_name_plain(cases[i][0], &out, &err));
        assert_string_equal(buf_str(&out), cases[i][1]);
    }
    buf_release(&out);
}

static void paths_of_trees_have_defects(void **unused)
{
    (void)unused;
    static const struct {
        const char *path;
        bool good;
    } cases[] = {{"a/b", true},   {"", false},      {"/a", false},    {"a//b", false},
                 {"a/", false},   {".", false},     {"a/./b", false}, {"..", false},
                 {"a/..", false}, {"..a/b..", true}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(import_path_defect(span_of_str(cases[i].path)) == NULL, cases[i].good);
    assert_non_null(import_path_defect(span_of("a\0b", 3)));
}

/* ---- the program that is asked -------------------------------------------------------------- */

static void much_in_and_much_out_is_no_deadlock(void **unused)
{
    (void)unused;
    struct err err = {0};
    struct coprocess co;
    struct buf in = {0}, out = {0};
    int status = -1;
    assert_ok(buf_resize(&in, 5 * MIB, &err));
    struct rng rng = rng_stream(1, "coprocess", 0);
    rng_fill(&rng, in.ptr, in.len);
    /* Everything comes back, and it complains more than any pipe holds. */
    start_shell(&co, "head -c 1000000 /dev/zero | tr '\\0' x >&2; exec cat");
    assert_ok(coprocess_talk(&co, buf_span(&in), &out, 6 * MIB, &status, &err));
    assert_int_equal(status, 0);
    assert_true(span_equal(buf_span(&in), buf_span(&out)));
    coprocess_end(&co);
    start_shell(&co, "exec cat");
    assert_int_equal(coprocess_talk(&co, buf_span(&in), &out, MIB, &status, &err), RC_USAGE);
    assert_non_null(strstr(err.msg, "sh answered with more than 1048576 bytes"));
    coprocess_end(&co);
    buf_release(&in);
    buf_release(&out);
}

/* Nothing that was started holds the FIFO open any more: it has ended, reaped or not. */
static void assert_nobody_writes(int fifo)
{
    char byte;
    for (int i = 0; i < 500; i++) {
        if (read(fifo, &byte, 1) == 0)
            return;
        (void)poll(NULL, 0, 10);
    }
    fail_msg("a process is left behind");
}

static void silence_has_an_end(void **unused)
{
    (void)unused;
    static const char *const scripts[] = {
        "exec 9>fifo; exec sleep 1000",
        "exec 9>fifo; trap '' TERM HUP INT; sleep 1000 & wait",
        "exec 9>fifo; exec 1>&- 0<&-; exec sleep 1000",
    };
    assert_int_equal(mkfifo("fifo", 0600), 0);
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        struct err err = {0};
        struct coprocess co;
        struct buf out = {0};
        char line[10];
        int status = 0, fifo = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        start_shell(&co, scripts[i]);
        co.idle_ms = 200;
        enum rc rc = i == 0 ? coprocess_line(&co, line, sizeof(line), &err)
                            : coprocess_talk(&co, (struct span){0}, &out, 10, &status, &err);
        if (i < 2) {
            assert_int_equal(rc, RC_IO);
            assert_non_null(strstr(err.msg, "sh gave no sign of life for 200 ms"));
        } else {
            assert_ok(rc);
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        }
        coprocess_end(&co);
        assert_nobody_writes(fifo);
        close(fifo);
        buf_release(&out);
    }
}

static void an_end_too_early_is_told(void **unused)
{
    (void)unused;
    static const struct {
        const char *script, *message;
    } cases[] = {
        {"echo 'fatal: all is lost' >&2; echo advice >&2; exit 7",
         "sh ended with exit code 7 before it was done: fatal: all is lost"},
        {"kill -9 $$", "sh ended by signal 9 before it was done"},
        {"printf 12345", "sh ended with exit code 0 before it was done"},
        {"printf '\\033[31mred\\n' >&2; exit 1", "exit code 1 before it was done: \\x1b[31mred"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        struct coprocess co;
        uint8_t bytes[6];
        start_shell(&co, cases[i].script);
        assert_int_equal(coprocess_take(&co, bytes, sizeof(bytes), &err), RC_IO);
        if (!strstr(err.msg, cases[i].message))
            fail_msg("case %zu: %s", i, err.msg);
        coprocess_end(&co);
        coprocess_end(&co);
    }
    struct err err = {0};
    struct coprocess co;
    char line[4];
    start_shell(&co, "echo longer than that; cat");
    assert_int_equal(coprocess_line(&co, line, sizeof(line), &err), RC_CORRUPT);
    coprocess_end(&co);
    err_clear(&err);
    const char *const argv[] = {"/nonexistent/program", NULL};
    assert_int_equal(coprocess_start(&co, "program", argv, environ, &err), RC_IO);
    assert_non_null(strstr(err.msg, "cannot start program: No such file"));
    coprocess_end(&co);
}

#define HOMELY(test) cmocka_unit_test_setup_teardown(test, enter_home, leave_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOMELY(a_pair_leads_from_old_to_new),
        HOMELY(names_of_places_are_escaped),
        HOMELY(bytes_that_change_are_noticed),
        HOMELY(a_history_is_replayed_commit_by_commit),
        HOMELY(events_are_as_documented),
        HOMELY(what_cannot_be_replayed_is_refused),
        HOMELY(hostile_trees_are_refused),
        HOMELY(damaged_objects_are_errors),
        HOMELY(a_dead_git_is_no_silence),
        HOMELY(the_environment_means_nothing),
        HOMELY(without_git_there_is_no_history),
        HOMELY(the_workload_does_what_the_events_say),
        HOMELY(the_workload_needs_a_history),
        cmocka_unit_test(hostile_names_have_a_defect),
        cmocka_unit_test(names_are_plain),
        cmocka_unit_test(paths_of_trees_have_defects),
        cmocka_unit_test(much_in_and_much_out_is_no_deadlock),
        HOMELY(silence_has_an_end),
        cmocka_unit_test(an_end_too_early_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
