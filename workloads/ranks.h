/* ranks.h: file_id of every file of a run = rank of its path among all paths of the run.
 *
 * Key order is then path order, for every strategy alike, and files inserted late take their
 * place between older ones, as real paths do.
 */
#ifndef WORKLOADS_RANKS_H
#define WORKLOADS_RANKS_H

#include "datasets/dataset.h"

struct ranks {
    uint32_t count;
    uint32_t *rank_of;  /* file -> rank */
    uint32_t *file_at;  /* rank -> file */
    size_t *path_start; /* file -> offset into paths; terminated strings */
    struct buf paths;
};

MUST_CHECK enum rc ranks_init(struct ranks *ranks, struct dataset *ds, uint32_t file_count,
                              struct err *err);
void ranks_release(struct ranks *ranks);
const char *ranks_path(const struct ranks *ranks, uint32_t file);

#endif
