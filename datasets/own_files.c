/* own_files.c: real files of a directory, as version 0; later versions and inserted files by edits.
 *
 * Version 0 of file i is the i-th regular file of the walk (walk.h), read when it is asked for and
 * refused if it is not what was walked.  Version v is version v-1 after one edit of edit.h's
 * script, drawn for (seed, file, v): real content, deterministic history.
 * Inserted file k is a fork: the base content of a file chosen for k, after one edit, under that
 * file's path with "-forkNNNN" (NNNN = k+1) before the extension; it goes on as any file does.
 */
#include "datasets/dataset.h"
#include "datasets/edit.h"
#include "datasets/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Larger files are read again rather than held twice. */
#define CACHE_LEN_MAX ((uint64_t)64 * MIB)

struct files {
    struct dataset base;
    struct walk walk;
    char note[160];
    struct buf cached; /* content of file `cached_index` */
    uint32_t cached_index;
    bool cached_valid;
};

/* "skipped: 2 symbolic links, 1 FIFO", or nothing. */
static void print_note(struct files *files)
{
    static const char *const names[WALK_SKIPS][2] = {
        [WALK_LINK] = {"symbolic link", "symbolic links"},
        [WALK_FIFO] = {"FIFO", "FIFOs"},
        [WALK_SOCKET] = {"socket", "sockets"},
        [WALK_DEVICE] = {"device", "devices"},
    };
    size_t at = 0;
    for (size_t i = 0; i < WALK_SKIPS; i++) {
        uint64_t count = files->walk.skipped[i];
        if (count == 0)
            continue;
        int len = snprintf(files->note + at, sizeof(files->note) - at, "%s%" PRIu64 " %s",
                           at == 0 ? "skipped: " : ", ", count, names[i][count != 1]);
        CHECK(len > 0 && (size_t)len < sizeof(files->note) - at);
        at += (size_t)len;
    }
    files->base.note = at != 0 ? files->note : NULL;
}

static enum rc files_open(struct dataset *ds)
{
    struct files *files = (struct files *)ds;
    enum rc rc = walk_open(&files->walk, ds->source, DATASET_FILES_MAX, ds->err);
    if (rc != RC_OK)
        return rc;
    ds->file_count = (uint32_t)files->walk.count;
    print_note(files);
    return RC_OK;
}

static void files_close(struct dataset *ds)
{
    struct files *files = (struct files *)ds;
    walk_release(&files->walk);
    buf_release(&files->cached);
}

/* The walked file that `file` is, or was forked from. */
static uint32_t origin_of(const struct files *files, uint32_t file)
{
    uint32_t count = files->base.file_count;
    if (file < count)
        return file;
    struct rng rng = rng_stream(files->base.seed, "files.fork", file - count);
    return (uint32_t)rng_below(&rng, count);
}

static enum rc fork_path(struct files *files, const char *path, uint32_t number, struct buf *out)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    /* A leading dot hides a file, it does not begin an extension. */
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - path) : strlen(path);
    char mark[64];
    int len = snprintf(mark, sizeof(mark), "-fork%04" PRIu32, number);
    /* The number tells forks apart; a walked file may have that very name. */
    for (;;) {
        buf_clear(out);
        enum rc rc = buf_append(out, span_of(path, stem), files->base.err);
        if (rc == RC_OK)
            rc = buf_printf(out, files->base.err, "%s%s", mark, path + stem);
        if (rc != RC_OK || walk_find(&files->walk, buf_str(out)) == NULL)
            return rc;
        int more = snprintf(mark + len, sizeof(mark) - (size_t)len, "-copy");
        if (more < 0 || (size_t)more >= sizeof(mark) - (size_t)len)
            return FAIL(files->base.err, RC_USAGE, 0, "\"%s\": no free name is left for a copy",
                        Q(path));
        len += more;
    }
}

static enum rc files_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    struct files *files = (struct files *)ds;
    const char *path = files->walk.files[origin_of(files, file)].path;
    if (file < ds->file_count)
        return buf_set(out, span_of_str(path), ds->err);
    return fork_path(files, path, file - ds->file_count + 1, out);
}

static enum rc base_content(struct files *files, uint32_t file, struct buf *out)
{
    struct err *err = files->base.err;
    if (files->walk.files[file].size > CACHE_LEN_MAX)
        return walk_read(&files->walk, file, out, err);
    if (!files->cached_valid || files->cached_index != file) {
        files->cached_valid = false;
        enum rc rc = walk_read(&files->walk, file, &files->cached, err);
        if (rc != RC_OK)
            return rc;
        files->cached_index = file;
        files->cached_valid = true;
    }
    return buf_set(out, buf_span(&files->cached), err);
}

static enum rc files_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    struct files *files = (struct files *)ds;
    enum rc rc = base_content(files, origin_of(files, file), out);
    /* A fork is edited once to become version 0. */
    for (uint32_t v = file < ds->file_count ? 1 : 0; v <= version && rc == RC_OK; v++) {
        struct rng rng = edit_stream(ds->seed, "files.edit", file, v);
        rc = edit_apply(out, &rng, ds->err);
    }
    return rc;
}

const struct dataset_ops dataset_own_files = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "files",
    .summary = "the regular files under DIR; updates and forks by a deterministic edit script",
    .warning = NULL,
    .needs_source = true,
    .state_size = sizeof(struct files),
    .open = files_open,
    .close = files_close,
    .path = files_path,
    .content = files_content,
};
