/* zip.c: the regular files of a zip archive, as files: has those of a folder.
 *
 * What is taken and what is refused: packed.h.  Everything but version 0 of the archive's files is
 * derived (derive.h).
 */
#include "datasets/import.h"
#include "datasets/packed.h"

struct zip {
    struct import import;
    struct packed packed;
};

static enum rc zip_read(struct import *import, const char *path, uint64_t handle, struct buf *out)
{
    struct zip *zip = (struct zip *)import;
    (void)path;
    return packed_read(&zip->packed, (size_t)handle, out, import->base.err);
}

static enum rc zip_open(struct dataset *ds)
{
    struct zip *zip = (struct zip *)ds;
    uint32_t file;
    zip->import.read = zip_read;
    enum rc rc = packed_open(&zip->packed, ds->source, PACKED_ZIP, ds->err);
    for (size_t i = 0; rc == RC_OK && i < zip->packed.count; i++)
        rc = import_add(&zip->import, zip->packed.files[i].path, i, &file);
    import_begin_history(&zip->import);
    import_note_walk(&zip->import, zip->packed.skipped);
    return rc;
}

static void zip_close(struct dataset *ds)
{
    struct zip *zip = (struct zip *)ds;
    packed_release(&zip->packed);
    import_release(&zip->import);
}

const struct dataset_ops dataset_zip = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "zip",
    .summary = "the regular files of a zip archive; updates and forks as files: makes them",
    .needs_source = true,
    .form = "FILE",
    .state_size = sizeof(struct zip),
    .open = zip_open,
    .close = zip_close,
    .path = import_path,
    .content = import_content,
    .versions = import_versions,
    .hash = import_hash,
};
