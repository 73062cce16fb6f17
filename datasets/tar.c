/* tar.c: the regular files of a tar archive, compressed or not, as files: has those of a folder.
 *
 * What is taken and what is refused: packed.h.  Everything but version 0 of the archive's files is
 * derived (derive.h).
 */
#include "datasets/import.h"
#include "datasets/packed.h"

struct tar {
    struct import import;
    struct packed packed;
};

static enum rc tar_read(struct import *import, const char *path, uint64_t handle, struct buf *out)
{
    struct tar *tar = (struct tar *)import;
    (void)path;
    return packed_read(&tar->packed, (size_t)handle, out, import->base.err);
}

static enum rc tar_open(struct dataset *ds)
{
    struct tar *tar = (struct tar *)ds;
    uint32_t file;
    tar->import.read = tar_read;
    enum rc rc = packed_open(&tar->packed, ds->source, PACKED_TAR, ds->err);
    for (size_t i = 0; rc == RC_OK && i < tar->packed.count; i++)
        rc = import_add(&tar->import, tar->packed.files[i].path, i, &file);
    import_begin_history(&tar->import);
    import_note_walk(&tar->import, tar->packed.skipped);
    return rc;
}

static void tar_close(struct dataset *ds)
{
    struct tar *tar = (struct tar *)ds;
    packed_release(&tar->packed);
    import_release(&tar->import);
}

const struct dataset_ops dataset_tar = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "tar",
    .summary = "the regular files of a tar archive, also gz, bz2, xz or zst; updates and forks as "
               "files: makes them",
    .needs_source = true,
    .form = "FILE",
    .state_size = sizeof(struct tar),
    .open = tar_open,
    .close = tar_close,
    .path = import_path,
    .content = import_content,
    .versions = import_versions,
    .hash = import_hash,
};
