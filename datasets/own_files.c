/* own_files.c: real files of a directory, as version 0; later versions and inserted files by edits.
 *
 * Version 0 of file i is the i-th regular file of the walk (walk.h), read when it is asked for and
 * refused if it is not what was walked.  Everything else is derived (derive.h): real content,
 * deterministic history.
 */
#include "datasets/import.h"
#include "datasets/walk.h"

struct files {
    struct import import;
    struct walk walk;
};

static enum rc files_read(struct import *import, const char *path, uint64_t handle, struct buf *out)
{
    (void)path;
    struct files *files = (struct files *)import;
    return walk_read(&files->walk, (size_t)handle, out, import->base.err);
}

static enum rc files_open(struct dataset *ds)
{
    struct files *files = (struct files *)ds;
    uint32_t file;
    enum rc rc = walk_open(&files->walk, ds->source, DATASET_FILES_MAX, ds->err);
    for (size_t i = 0; rc == RC_OK && i < files->walk.count; i++)
        rc = import_add(&files->import, files->walk.files[i].path, i, &file);
    files->import.read = files_read;
    ds->folders[0] = ds->source;
    import_begin_history(&files->import);
    import_note_walk(&files->import, files->walk.skipped);
    return rc;
}

static void files_close(struct dataset *ds)
{
    struct files *files = (struct files *)ds;
    walk_release(&files->walk);
    import_release(&files->import);
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
    .path = import_path,
    .content = import_content,
    .versions = import_versions,
    .hash = import_hash,
};
