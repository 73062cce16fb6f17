/* git.c: the history of a repository, read through the git command.
 *
 *   git:DIR[@REV][,commits=N]        the last N commits (100) up to REV (HEAD)
 *   git:DIR,REV1..REV2[,commits=N]   from REV1's files on, the commits REV2 has and REV1 has not
 * In DIR a `\` goes before `,`, `@` and `\`.
 *
 * Commits are those along first parents, oldest first.  The base files are the tree of the first
 * one that holds a regular file; every later commit is a group of events, the difference of its
 * tree to the one before: so a merge is one group, and a rename is a deletion and a creation.
 * Changes of modes alone are none.  Symbolic links and submodules are left out and counted.
 * Paths are raw bytes.  Version v of a file is the v-th distinct content that its path has had, so
 * what is changed back, or deleted and made again, is the version it was.
 *
 * DIR is the top folder of a work tree, or a bare repository; shallow clones are refused, their
 * history ends where nothing happened.  Contents come from one `git cat-file --batch` by object
 * id: no filter, no conversion of line ends.  The resolved commits are in the options text, and in
 * the spec that a study records: its runs replay them whatever is committed meanwhile.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/git_command.h"
#include "datasets/import.h"
#include "engine/arena.h"

/* A SHA-256 repository's. */
#define HEX_MAX         64
#define COMMITS_DEFAULT 100
#define COMMITS_MAX     10000

struct object {
    char id[HEX_MAX + 1];
};

struct commit {
    char id[HEX_MAX + 1], tree[HEX_MAX + 1];
};

struct git {
    struct import import;
    struct buf dir, from, to; /* as typed; from is empty without a range */
    uint64_t limit;           /* of commits; 0: not given */
    struct git_command command;
    struct coprocess cat; /* runs when cat.pid is not 0 */
    struct arena paths;
    struct object *objects; /* a content's handle is its place here */
    uint32_t *slots;        /* place + 1; open addressing by id */
    size_t count, cap, slot_count;
    struct commit *commits; /* newest first */
    size_t commit_count;
    bool more; /* there are older ones */
    uint64_t links, submodules;
    struct buf answer, question, pinned;
};

/* ---- what is asked for ---------------------------------------------------------------------- */

static enum rc fail_item(struct git *git, const char *item)
{
    return FAIL(git->import.base.err, RC_USAGE, 0,
                "dataset \"git\": expected REV1..REV2 or commits=N, got \"%s\"", Q(item));
}

static enum rc take_item(struct git *git, struct buf *item)
{
    const char *text = buf_str(item), *dots = strstr(text, "..");
    struct err *err = git->import.base.err;
    if (strncmp(text, "commits=", 8) == 0 && git->limit == 0)
        return parse_u64(text + 8, 1, COMMITS_MAX, "commits", &git->limit, err);
    if (!dots || dots == text || !dots[2] || dots[2] == '.' || git->to.len > 0)
        return fail_item(git, text);
    enum rc rc = buf_set(&git->from, span_of(text, (size_t)(dots - text)), err);
    return rc == RC_OK ? buf_set(&git->to, span_of_str(dots + 2), err) : rc;
}

static enum rc take_source(struct git *git)
{
    const struct dataset *ds = &git->import.base;
    const char *text = ds->source;
    struct buf item = {0};
    enum rc rc = import_take_part(&text, ",@", &git->dir, ds);
    if (rc == RC_OK && *text == '@') {
        text++;
        rc = import_take_part(&text, ",", &git->to, ds);
    }
    while (rc == RC_OK && *text) {
        text++;
        rc = import_take_part(&text, ",", &item, ds);
        if (rc == RC_OK)
            rc = take_item(git, &item);
    }
    buf_release(&item);
    return rc;
}

/* ---- commits -------------------------------------------------------------------------------- */

static bool is_id(const char *text, size_t len)
{
    return (len == 40 || len == 64) && strspn(text, "0123456789abcdef") >= len;
}

static enum rc fail_answer(struct git *git, const char *what)
{
    return FAIL(git->import.base.err, RC_IO, 0, "git %s of \"%s\" gave an answer not understood",
                what, Q(buf_str(&git->dir)));
}

/* Ask; a git that fails is an error with what it said. */
static enum rc ask(struct git *git, const char *const *words, struct span input)
{
    char said[QUOTE_SIZE];
    bool good = false;
    struct err *err = git->import.base.err;
    enum rc rc = git_command_ask(&git->command, words, input, &git->answer, &good, said, err);
    if (rc == RC_OK && !good)
        rc =
            FAIL(err, RC_IO, 0, "\"%s\": git %s failed: %s", Q(buf_str(&git->dir)), words[0], said);
    return rc;
}

static enum rc check_repository(struct git *git)
{
    static const char *const words[] = {"rev-parse", "--show-prefix", "--is-shallow-repository",
                                        NULL};
    struct err *err = git->import.base.err;
    const char *dir = buf_str(&git->dir);
    char said[QUOTE_SIZE];
    bool good = false;
    enum rc rc =
        git_command_ask(&git->command, words, (struct span){0}, &git->answer, &good, said, err);
    if (rc != RC_OK)
        return rc;
    if (!good)
        return FAIL(err, RC_USAGE, 0, "\"%s\" is no git repository: %s", Q(dir), said);
    if (span_equal(buf_span(&git->answer), span_of_str("\ntrue\n"))) {
        FAIL(err, RC_USAGE, 0, "\"%s\" is a shallow clone: its history is cut off", Q(dir));
        err_hint(err, "git -C DIR fetch --unshallow");
        return RC_USAGE;
    }
    if (!span_equal(buf_span(&git->answer), span_of_str("\nfalse\n")))
        return FAIL(err, RC_USAGE, 0,
                    "\"%s\" is a folder inside a git repository (expected its top folder)", Q(dir));
    return RC_OK;
}

static enum rc resolve(struct git *git, const char *revision, char id[HEX_MAX + 1])
{
    struct err *err = git->import.base.err;
    struct buf spec = {0};
    char said[QUOTE_SIZE];
    bool good = false;
    enum rc rc = buf_printf(&spec, err, "%s^{commit}", revision);
    if (rc == RC_OK) {
        const char *const words[] = {"rev-parse",        "--verify",     "--quiet",
                                     "--end-of-options", buf_str(&spec), NULL};
        rc =
            git_command_ask(&git->command, words, (struct span){0}, &git->answer, &good, said, err);
    }
    buf_release(&spec);
    if (rc != RC_OK)
        return rc;
    size_t len = strcspn(buf_str(&git->answer), "\n");
    if (!good && git->to.len == 0)
        return FAIL(err, RC_USAGE, 0, "the repository \"%s\" has no commit", Q(buf_str(&git->dir)));
    if (!good)
        return FAIL(err, RC_USAGE, 0, "the repository \"%s\" has no commit \"%s\"",
                    Q(buf_str(&git->dir)), Q(revision));
    if (!is_id(buf_str(&git->answer), len))
        return fail_answer(git, "rev-parse");
    (void)snprintf(id, HEX_MAX + 1, "%.*s", (int)len, buf_str(&git->answer));
    return RC_OK;
}

/* Append what rev-list answered: "commit ID\nTREE\n" each. */
static enum rc add_commits(struct git *git)
{
    const char *at = buf_str(&git->answer);
    while (*at) {
        struct commit *commit = &git->commits[git->commit_count];
        if (git->commit_count >= COMMITS_MAX + 2 || strncmp(at, "commit ", 7) != 0)
            return fail_answer(git, "rev-list");
        size_t len = strcspn(at += 7, "\n");
        if (!is_id(at, len) || at[len] != '\n')
            return fail_answer(git, "rev-list");
        (void)snprintf(commit->id, sizeof(commit->id), "%.*s", (int)len, at);
        at += len + 1;
        len = strcspn(at, "\n");
        if (!is_id(at, len) || at[len] != '\n')
            return fail_answer(git, "rev-list");
        (void)snprintf(commit->tree, sizeof(commit->tree), "%.*s", (int)len, at);
        at += len + 1;
        git->commit_count++;
    }
    return RC_OK;
}

static enum rc list_commits(struct git *git)
{
    struct err *err = git->import.base.err;
    char to[HEX_MAX + 1] = "", from[HEX_MAX + 2] = "^", count[32];
    bool range = git->from.len > 0;
    uint64_t limit = git->limit ? git->limit : range ? COMMITS_MAX : COMMITS_DEFAULT;
    git->commits = calloc(COMMITS_MAX + 2, sizeof(*git->commits));
    if (!git->commits)
        return FAIL(err, RC_NOMEM, 0, "no memory for a list of commits");
    enum rc rc = range ? resolve(git, buf_str(&git->from), from + 1) : RC_OK;
    if (rc == RC_OK)
        rc = resolve(git, git->to.len > 0 ? buf_str(&git->to) : "HEAD", to);
    /* One more, to know whether there is one. */
    (void)snprintf(count, sizeof(count), "--max-count=%" PRIu64, limit + 1);
    const char *const words[] = {"rev-list", "--first-parent",    "--format=%T", count,
                                 to,         range ? from : NULL, NULL};
    const char *const first[] = {"rev-list", "--max-count=1", "--format=%T", from + 1, NULL};
    if (rc == RC_OK)
        rc = ask(git, words, (struct span){0});
    if (rc == RC_OK)
        rc = add_commits(git);
    if (rc == RC_OK && range && git->commit_count < limit) {
        rc = ask(git, first, (struct span){0});
        if (rc == RC_OK)
            rc = add_commits(git);
    }
    git->more = git->commit_count > limit;
    if (git->more)
        git->commit_count = (size_t)limit;
    return rc == RC_OK && git->commit_count == 0 ? fail_answer(git, "rev-list") : rc;
}

/* ---- objects -------------------------------------------------------------------------------- */

static size_t slot_of(const struct git *git, const char *id)
{
    /* An id is a hash already. */
    char digits[16];
    (void)snprintf(digits, sizeof(digits), "%.15s", id);
    uint64_t bits = strtoull(digits, NULL, 16);
    size_t mask = git->slot_count - 1, at = (size_t)bits & mask;
    while (git->slots[at] && strcmp(git->objects[git->slots[at] - 1].id, id) != 0)
        at = (at + 1) & mask;
    return at;
}

static enum rc grow_objects(struct git *git)
{
    size_t cap = git->cap ? 2 * git->cap : 1024;
    struct object *objects = realloc(git->objects, cap * sizeof(*objects));
    if (objects)
        git->objects = objects;
    uint32_t *slots = objects && cap < IMPORT_NONE / 2 ? calloc(2 * cap, sizeof(*slots)) : NULL;
    if (!slots)
        return FAIL(git->import.base.err, RC_NOMEM, 0, "no memory for a list of %zu objects", cap);
    free(git->slots);
    git->slots = slots;
    git->slot_count = 2 * cap;
    git->cap = cap;
    for (size_t i = 0; i < git->count; i++)
        slots[slot_of(git, git->objects[i].id)] = (uint32_t)i + 1;
    return RC_OK;
}

/* The handle of an object. */
static enum rc intern(struct git *git, const char *id, uint64_t *handle)
{
    enum rc rc = git->count < git->cap ? RC_OK : grow_objects(git);
    if (rc != RC_OK)
        return rc;
    size_t slot = slot_of(git, id);
    if (!git->slots[slot]) {
        (void)snprintf(git->objects[git->count].id, sizeof(git->objects[0].id), "%s", id);
        git->slots[slot] = (uint32_t)++git->count;
    }
    *handle = git->slots[slot] - 1;
    return RC_OK;
}

/* ---- trees ---------------------------------------------------------------------------------- */

/* One side of a difference, or one line of a tree. */
struct entry {
    unsigned mode; /* 0: there is none */
    char id[HEX_MAX + 1];
};

static bool is_file(unsigned mode)
{
    return (mode & 0170000) == 0100000;
}

static void count_skipped(struct git *git, unsigned mode)
{
    git->links += (mode & 0170000) == 0120000;
    git->submodules += (mode & 0170000) == 0160000;
}

/* Move *at behind the field that ends with `end`; its length, or SIZE_MAX. */
static size_t take_field(const char **at, const char *stop, char end)
{
    const char *found = memchr(*at, end, (size_t)(stop - *at));
    size_t len = found ? (size_t)(found - *at) : SIZE_MAX;
    *at = found ? found + 1 : stop;
    return len;
}

static bool take_mode(const char **at, const char *stop, unsigned *mode)
{
    const char *text = *at;
    size_t len = take_field(at, stop, ' ');
    *mode = 0;
    for (size_t i = 0; len <= 6 && i < len; i++) {
        if (text[i] < '0' || text[i] > '7')
            return false;
        *mode = *mode * 8 + (unsigned)(text[i] - '0');
    }
    return len == 6;
}

static bool take_id(const char **at, const char *stop, char end, char id[HEX_MAX + 1])
{
    const char *text = *at;
    size_t len = take_field(at, stop, end);
    if (len > HEX_MAX || !is_id(text, len))
        return false;
    (void)snprintf(id, HEX_MAX + 1, "%.*s", (int)len, text);
    return true;
}

/* Of the file with this path; IMPORT_NONE while there is none. */
static enum rc find_file(struct git *git, const char *path, uint32_t *file)
{
    const char *defect = import_path_defect(span_of_str(path));
    *file = defect ? IMPORT_NONE : import_find(&git->import, path);
    return defect ? FAIL(git->import.base.err, RC_USAGE, 0,
                         "the repository \"%s\" has the path \"%s\": %s", Q(buf_str(&git->dir)),
                         Q(path), defect)
                  : RC_OK;
}

static enum rc add_file(struct git *git, const char *path, const char *id, uint32_t *file)
{
    uint64_t handle = 0;
    char *kept = arena_strdup(&git->paths, path);
    enum rc rc = kept ? intern(git, id, &handle)
                      : FAIL(git->import.base.err, RC_NOMEM, 0, "no memory for a list of files");
    return rc == RC_OK ? import_add(&git->import, kept, handle, file) : rc;
}

/* The files of a tree; `MODE TYPE ID\tPATH\0` each. */
static enum rc add_tree(struct git *git, const char *tree)
{
    const char *const words[] = {"ls-tree", "-r", "-z", "--full-tree", tree, NULL};
    enum rc rc = ask(git, words, (struct span){0});
    const char *at = buf_str(&git->answer), *stop = at + git->answer.len;
    while (rc == RC_OK && at < stop) {
        struct entry entry;
        uint32_t file;
        if (!take_mode(&at, stop, &entry.mode) || take_field(&at, stop, ' ') == SIZE_MAX ||
            !take_id(&at, stop, '\t', entry.id))
            return fail_answer(git, "ls-tree");
        const char *path = at;
        if (take_field(&at, stop, '\0') == SIZE_MAX)
            return fail_answer(git, "ls-tree");
        count_skipped(git, entry.mode);
        if (!is_file(entry.mode))
            continue;
        rc = find_file(git, path, &file);
        if (rc == RC_OK)
            rc = add_file(git, path, entry.id, &file);
    }
    return rc;
}

/* ---- differences ---------------------------------------------------------------------------- */

static enum rc add_change(struct git *git, const struct entry *old, const struct entry *new,
                          const char *path, uint64_t group)
{
    struct history_event event = {.group = group};
    uint64_t handle = 0;
    bool was = is_file(old->mode), is = is_file(new->mode);
    if ((new->mode & 0170000) != (old->mode & 0170000))
        count_skipped(git, new->mode);
    if ((!was && !is) || (was && is && strcmp(old->id, new->id) == 0))
        return RC_OK;
    enum rc rc = find_file(git, path, &event.file);
    if (rc != RC_OK)
        return rc;
    event.kind = !is ? HISTORY_DELETE : was ? HISTORY_CHANGE : HISTORY_CREATE;
    if (event.file == IMPORT_NONE && was)
        return fail_answer(git, "diff-tree");
    if (event.file == IMPORT_NONE) {
        rc = add_file(git, path, new->id, &event.file);
    } else if (is) {
        rc = intern(git, new->id, &handle);
        if (rc == RC_OK)
            rc = import_version(&git->import, event.file, handle, &event.version);
    }
    return rc == RC_OK ? import_add_event(&git->import, event) : rc;
}

/* `:MODE MODE ID ID STATUS\0PATH\0` */
static enum rc take_change(struct git *git, const char **at, const char *stop, uint64_t group)
{
    struct entry old, new;
    ++*at;
    bool good = take_mode(at, stop, &old.mode) && take_mode(at, stop, &new.mode) &&
                take_id(at, stop, ' ', old.id) && take_id(at, stop, ' ', new.id) &&
                take_field(at, stop, '\0') != SIZE_MAX;
    const char *path = *at;
    if (!good || take_field(at, stop, '\0') == SIZE_MAX)
        return fail_answer(git, "diff-tree");
    return add_change(git, &old, &new, path, group);
}

/* All differences from the `base`-th commit on by one process: `TREE TREE\n`, then the changes. */
static enum rc add_history(struct git *git, size_t base)
{
    static const char *const words[] = {"diff-tree", "--stdin",      "-r",          "-z",
                                        "--raw",     "--no-renames", "--no-abbrev", NULL};
    enum rc rc = RC_OK;
    buf_clear(&git->question);
    for (size_t i = base; i > 0 && rc == RC_OK; i--)
        rc = buf_printf(&git->question, git->import.base.err, "%s %s\n", git->commits[i].tree,
                        git->commits[i - 1].tree);
    if (rc == RC_OK && base > 0)
        rc = ask(git, words, buf_span(&git->question));
    if (rc != RC_OK || base == 0)
        return rc;
    const char *at = buf_str(&git->answer), *stop = at + git->answer.len;
    const char *asked = buf_str(&git->question);
    uint64_t group = 0;
    while (rc == RC_OK && at < stop) {
        if (*at == ':' && group > 0) {
            rc = take_change(git, &at, stop, group);
            continue;
        }
        size_t len = strcspn(asked, "\n") + 1;
        if ((size_t)(stop - at) < len || memcmp(at, asked, len) != 0)
            return fail_answer(git, "diff-tree");
        at += len;
        asked += len;
        group++;
    }
    return rc == RC_OK && *asked ? fail_answer(git, "diff-tree") : rc;
}

/* ---- the dataset ---------------------------------------------------------------------------- */

static void print_note(struct git *git, size_t base)
{
    import_note(&git->import, "%zu commit%s%s: %s..%s", base + 1, base == 0 ? "" : "s",
                git->more ? ", the last of more" : "", git->commits[base].id, git->commits[0].id);
    import_note_skipped(&git->import, git->links, "symbolic link", "symbolic links");
    import_note_skipped(&git->import, git->submodules, "submodule", "submodules");
}

/* The same commits for as long as the repository has them, wherever its branches go. */
static enum rc pin(struct git *git, size_t base)
{
    struct err *err = git->import.base.err;
    enum rc rc = buf_set(&git->pinned, span_of_str("git:"), err);
    for (const char *at = buf_str(&git->dir); *at && rc == RC_OK; at++)
        rc = buf_printf(&git->pinned, err, "%s%c", strchr(",@\\", *at) ? "\\" : "", *at);
    if (rc == RC_OK)
        rc = buf_printf(&git->pinned, err, ",%s..%s", git->commits[base].id, git->commits[0].id);
    git->import.base.pinned = buf_str(&git->pinned);
    return rc;
}

static enum rc ask_for(struct git *git, const char *path, const struct object *object,
                       uint64_t *size)
{
    static const char *const words[] = {"cat-file", "--batch", NULL};
    struct err *err = git->import.base.err;
    char line[HEX_MAX + 2];
    char answer[200];
    enum rc rc = RC_OK;
    if (git->cat.pid == 0)
        rc = git_command_start(&git->command, "git cat-file", words, &git->cat, err);
    int len = snprintf(line, sizeof(line), "%s\n", object->id);
    if (rc == RC_OK)
        rc = coprocess_send(&git->cat, span_of(line, (size_t)len), err);
    if (rc == RC_OK)
        rc = coprocess_line(&git->cat, answer, sizeof(answer), err);
    if (rc != RC_OK)
        return rc;
    size_t id_len = (size_t)len - 1;
    if (strncmp(answer, object->id, id_len) != 0 || strncmp(answer + id_len, " blob ", 6) != 0)
        return FAIL(err, RC_IO, 0, "\"%s\": the repository does not give its content: \"%s\"",
                    Q(path), Q(answer));
    return parse_u64(answer + id_len + 6, 0, UINT64_MAX, "git cat-file: a size", size, err);
}

static enum rc git_read(struct import *import, const char *path, uint64_t handle, struct buf *out)
{
    struct git *git = (struct git *)import;
    struct err *err = import->base.err;
    uint64_t size = 0;
    uint8_t end = 0;
    enum rc rc = ask_for(git, path, &git->objects[handle], &size);
    if (rc == RC_OK && size > BLOB_BYTES_MAX)
        rc = FAIL(err, RC_USAGE, 0, "\"%s\": %" PRIu64 " bytes (at most %zu)", Q(path), size,
                  BLOB_BYTES_MAX);
    if (rc == RC_OK)
        rc = buf_resize(out, (size_t)size, err);
    if (rc == RC_OK)
        rc = coprocess_take(&git->cat, out->ptr, out->len, err);
    if (rc == RC_OK)
        rc = coprocess_take(&git->cat, &end, 1, err);
    if (rc == RC_OK && end != '\n')
        rc = fail_answer(git, "cat-file");
    /* What it would say next is nobody's answer. */
    if (rc != RC_OK)
        coprocess_end(&git->cat);
    return rc;
}

static enum rc git_open(struct dataset *ds)
{
    struct git *git = (struct git *)ds;
    git->import.read = git_read;
    enum rc rc = take_source(git);
    if (rc == RC_OK)
        rc = git_command_open(&git->command, buf_str(&git->dir), ds->err);
    if (rc == RC_OK)
        rc = check_repository(git);
    if (rc == RC_OK)
        rc = list_commits(git);
    size_t base = git->commit_count;
    while (rc == RC_OK && base > 0 && git->import.count == 0) {
        git->links = git->submodules = 0;
        rc = add_tree(git, git->commits[--base].tree);
    }
    if (rc == RC_OK && git->import.count == 0)
        rc = FAIL(ds->err, RC_USAGE, 0, "no commit asked for of \"%s\" holds a regular file",
                  Q(buf_str(&git->dir)));
    import_begin_history(&git->import);
    if (rc == RC_OK)
        rc = add_history(git, base);
    if (rc == RC_OK)
        print_note(git, base);
    return rc == RC_OK ? pin(git, base) : rc;
}

static void git_close(struct dataset *ds)
{
    struct git *git = (struct git *)ds;
    coprocess_end(&git->cat);
    git_command_release(&git->command);
    arena_release(&git->paths);
    free(git->objects);
    free(git->slots);
    free(git->commits);
    buf_release(&git->dir);
    buf_release(&git->from);
    buf_release(&git->to);
    buf_release(&git->answer);
    buf_release(&git->question);
    buf_release(&git->pinned);
    import_release(&git->import);
}

const struct dataset_ops dataset_git = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "git",
    .summary = "the history of a repository: commits as creations, changes and deletions",
    .needs_source = true,
    .form = "DIR[@REV|,REV1..REV2]",
    .state_size = sizeof(struct git),
    .open = git_open,
    .close = git_close,
    .path = import_path,
    .content = import_content,
    .event = import_event,
    .versions = import_versions,
    .hash = import_hash,
};
