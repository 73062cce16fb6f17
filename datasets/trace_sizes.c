/* trace_sizes.c: the blobs a trace brings along: its keys, its sizes, bytes that are made. */
#include <inttypes.h>
#include <stdio.h>

#include "datasets/trace_file.h"

struct trace_sizes {
    struct dataset base;
    struct trace_file_blobs blobs;
    struct buf file; /* keys point into it */
    char note[120];
};

static enum rc trace_open(struct dataset *ds)
{
    struct trace_sizes *trace = (struct trace_sizes *)ds;
    struct hash128 hash;
    struct unpack body;
    enum rc rc = trace_file_read(ds->source, &trace->file, &hash, &body, ds->err);
    if (rc == RC_OK)
        rc = trace_file_blobs_read(&body, &trace->blobs);
    if (rc != RC_OK)
        return rc;
    ds->file_count = trace->blobs.file_count;
    if (ds->file_count == 0) {
        FAIL(ds->err, RC_USAGE, 0, "\"%s\": the trace brings no blobs along", Q(ds->source));
        err_hint(ds->err, "it was recorded on another dataset; replay it, or run on that");
        return RC_USAGE;
    }
    (void)snprintf(trace->note, sizeof(trace->note), "%zu puts of %" PRIu32 " keys, class %s",
                   trace->blobs.first[ds->file_count], ds->file_count, trace->blobs.look->name);
    ds->note = trace->note;
    return RC_OK;
}

static void trace_close(struct dataset *ds)
{
    struct trace_sizes *trace = (struct trace_sizes *)ds;
    trace_file_blobs_release(&trace->blobs);
    buf_release(&trace->file);
}

static enum rc trace_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    return trace_file_path(&((struct trace_sizes *)ds)->blobs, file, out, ds->err);
}

static enum rc trace_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    return trace_file_content(&((struct trace_sizes *)ds)->blobs, ds->seed, file, version, out,
                              ds->err);
}

/* Nothing is shared between puts. */
static enum rc trace_novel(struct dataset *ds, uint32_t file, uint32_t version, uint64_t *bytes)
{
    *bytes = trace_file_size(&((struct trace_sizes *)ds)->blobs, file, version);
    return RC_OK;
}

static uint32_t trace_versions(struct dataset *ds, uint32_t file)
{
    const struct trace_file_blobs *blobs = &((struct trace_sizes *)ds)->blobs;
    if (file >= ds->file_count)
        return 1;
    return (uint32_t)(blobs->first[file + 1] - blobs->first[file]);
}

const struct dataset_ops dataset_trace_sizes = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "trace",
    .summary = "the keys and sizes of an imported trace, bytes of its content class",
    .needs_source = true,
    .state_size = sizeof(struct trace_sizes),
    .open = trace_open,
    .close = trace_close,
    .path = trace_path,
    .content = trace_content,
    .novel = trace_novel,
    .versions = trace_versions,
};
