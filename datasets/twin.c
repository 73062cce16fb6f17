/* twin.c: files made from a twin's description (twin.h): twin:FILE.
 *
 * File i is called NNNNNNN.ext, so that the order of paths is that of the description.
 */
#include "datasets/twin.h"

#include <inttypes.h>

struct twin_state {
    struct dataset base;
    struct twin twin;
};

static const struct twin *twin_of(const struct dataset *ds)
{
    return &((const struct twin_state *)ds)->twin;
}

static enum rc twin_open(struct dataset *ds)
{
    struct twin_state *state = (struct twin_state *)ds;
    enum rc rc = twin_read(&state->twin, ds->source, ds->err);
    if (rc != RC_OK)
        return rc;
    ds->file_count = state->twin.base_files;
    ds->event_count = state->twin.event_count;
    return RC_OK;
}

static void twin_close(struct dataset *ds)
{
    twin_release(&((struct twin_state *)ds)->twin);
}

static enum rc twin_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    const struct twin *twin = twin_of(ds);
    uint32_t like = file < twin->file_count ? file : file % twin->file_count;
    const struct twin_kind *kind = &twin->kinds[twin_row_of(twin, like)->kind];
    buf_clear(out);
    return buf_printf(out, ds->err, "%03" PRIu32 "/%07" PRIu32 ".%s", file / 1000, file,
                      kind->extension);
}

static enum rc twin_dataset_content(struct dataset *ds, uint32_t file, uint32_t version,
                                    struct buf *out)
{
    return twin_content(twin_of(ds), ds->seed, file, version, out, ds->err);
}

static enum rc twin_event(struct dataset *ds, uint64_t index, struct history_event *out)
{
    const struct twin_event *event = &twin_of(ds)->events[index];
    *out = (struct history_event){
        .kind = event->kind,
        .file = event->file,
        .version = event->version,
        .group = event->group,
    };
    return RC_OK;
}

static uint32_t twin_real_versions(struct dataset *ds, uint32_t file)
{
    const struct twin *twin = twin_of(ds);
    return file < twin->file_count ? twin_versions(twin, file) : 1;
}

const struct dataset_ops dataset_twin = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "twin",
    .summary = "made-up files that store like real ones, from what `blobfront profile` wrote",
    .warning = NULL,
    .needs_source = true,
    .form = "FILE",
    .state_size = sizeof(struct twin_state),
    .open = twin_open,
    .close = twin_close,
    .path = twin_path,
    .content = twin_dataset_content,
    .event = twin_event,
    .versions = twin_real_versions,
};
