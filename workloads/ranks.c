#include "workloads/ranks.h"

#include <stdlib.h>
#include <string.h>

struct ranked {
    const char *path;
    uint32_t file;
};

static int by_path(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static enum rc ranks_read_paths(struct ranks *ranks, struct dataset *ds, struct err *err)
{
    struct buf path = {0};
    enum rc rc = RC_OK;
    for (uint32_t file = 0; rc == RC_OK && file < ranks->count; file++) {
        rc = dataset_path(ds, file, &path);
        ranks->path_start[file] = ranks->paths.len;
        if (rc == RC_OK)
            rc = buf_append(&ranks->paths, buf_span(&path), err);
        if (rc == RC_OK)
            rc = buf_append(&ranks->paths, span_of("", 1), err);
    }
    buf_release(&path);
    return rc;
}

enum rc ranks_init(struct ranks *ranks, struct dataset *ds, uint32_t file_count, struct err *err)
{
    *ranks = (struct ranks){.count = file_count};
    struct ranked *sorted = malloc(file_count * sizeof(*sorted));
    ranks->rank_of = malloc(file_count * sizeof(*ranks->rank_of));
    ranks->file_at = malloc(file_count * sizeof(*ranks->file_at));
    ranks->path_start = malloc(file_count * sizeof(*ranks->path_start));
    enum rc rc = RC_OK;
    if (!sorted || !ranks->rank_of || !ranks->file_at || !ranks->path_start)
        rc = FAIL(err, RC_NOMEM, 0, "no memory for %u paths", file_count);
    if (rc == RC_OK)
        rc = ranks_read_paths(ranks, ds, err);
    if (rc != RC_OK)
        goto out;
    for (uint32_t file = 0; file < file_count; file++)
        sorted[file] = (struct ranked){ranks_path(ranks, file), file};
    qsort(sorted, file_count, sizeof(*sorted), by_path);
    for (uint32_t rank = 0; rank < file_count; rank++) {
        ranks->file_at[rank] = sorted[rank].file;
        ranks->rank_of[sorted[rank].file] = rank;
        if (rank > 0 && strcmp(sorted[rank - 1].path, sorted[rank].path) == 0)
            rc = FAIL(err, RC_BUG, 0, "the dataset names two files \"%s\"", Q(sorted[rank].path));
    }
out:
    free(sorted);
    return rc;
}

void ranks_release(struct ranks *ranks)
{
    free(ranks->rank_of);
    free(ranks->file_at);
    free(ranks->path_start);
    buf_release(&ranks->paths);
    *ranks = (struct ranks){0};
}

const char *ranks_path(const struct ranks *ranks, uint32_t file)
{
    CHECK(file < ranks->count);
    return (const char *)ranks->paths.ptr + ranks->path_start[file];
}
