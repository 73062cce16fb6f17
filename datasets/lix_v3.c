/* lix_v3.c: the dataset of the founding project's history benchmark: lix-v2 with 8 files per class.
 *
 * Source: lix.h's, from 060eb7532 on.  Slots are shares of all slots, so this is no part of lix-v2:
 * the same seeds have other sizes.
 */
#include "datasets/lix.h"

static const struct opt lix_v3_opts[] = {
    {.name = "files_per_class",
     .type = OPT_COUNT,
     .offset = offsetof(struct lix_v2, files_per_class),
     .min = 1,
     .max = 1000000,
     .def = "8",
     .help = "files in each of the three classes"},
    {.name = NULL},
};

const struct dataset_ops dataset_lix_v3 = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "lix-v3",
    .summary = "the founding project's 24 files of its history benchmark, byte for byte",
    .warning = LIX_V2_WARNING,
    .state_size = sizeof(struct lix_v2),
    .opts = lix_v3_opts,
    .open = lix_v2_open,
    .path = lix_v2_path,
    .content = lix_v2_content,
    .novel = lix_v2_novel,
};
