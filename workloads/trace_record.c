/* trace_record.c: the trace of a study, from its plan alone. */
#include <string.h>

#include "workloads/trace.h"

/* The data are those the study was planned on. */
static enum rc check_dataset(const struct record_manifest *manifest, struct dataset *dataset,
                             struct hash128 *hash, struct err *err)
{
    struct dataset_summary summary = {0};
    char hex[HEX_SIZE];
    enum rc rc = dataset_summarise(dataset, &summary);
    if (rc != RC_OK)
        return rc;
    *hash = summary.hash;
    if (strcmp(hex_str(hex, span_of(hash->bytes, sizeof(hash->bytes))), manifest->dataset_hash))
        return FAIL(err, RC_MISMATCH, 0,
                    "the data changed: \"%s\" has the dataset hash %s, the study began with %s",
                    Q(manifest->dataset_spec), hex, Q(manifest->dataset_hash));
    return RC_OK;
}

/* The blobs a study brings along are those of the trace it replays. */
static enum rc find_blobs(const struct record_manifest *manifest, const char *dir, struct buf *path,
                          struct trace *source, struct err *err)
{
    bool own = record_has_trace(manifest) &&
               strcmp(manifest->dataset_spec, TRACE_DATASET ":" TRACE_NAME) == 0;
    if (!own)
        return RC_OK;
    enum rc rc = buf_printf(path, err, "%s/%s", dir, manifest->trace.path);
    return rc == RC_OK ? trace_read(source, buf_str(path), err) : rc;
}

enum rc trace_record(const struct record_manifest *manifest, const char *dir, struct buf *out,
                     struct trace *head, struct err *err)
{
    struct dataset *dataset = NULL;
    struct drawn drawn = {.phase_count = 0};
    struct trace source = {.path = NULL};
    struct buf path = {0};
    struct hash128 hash;
    enum rc rc = drawn_dataset_open(manifest, dir, &dataset, err);
    if (rc == RC_OK)
        rc = check_dataset(manifest, dataset, &hash, err);
    if (rc == RC_OK)
        rc = drawn_make(&drawn, manifest, dir, dataset, err);
    if (rc == RC_OK)
        rc = find_blobs(manifest, dir, &path, &source, err);
    if (rc == RC_OK) {
        trace_describe(head, manifest, &drawn, source.path ? &source.blobs : NULL);
        head->dataset_hash = hash;
        rc = trace_print(head, &drawn, out, err);
        head->blobs = (struct trace_file_blobs){.look = NULL}; /* the source's */
    }
    trace_release(&source);
    drawn_release(&drawn);
    dataset_close(dataset);
    buf_release(&path);
    return rc;
}
