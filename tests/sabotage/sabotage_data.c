/* A dataset of the gate's suite with other bytes: two programs that do not do the same work. */
#define dataset_append dataset_append_sound
#include "datasets/append.c"
#undef dataset_append

static enum rc other_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    enum rc rc = append_content(ds, file, version, out);
    if (rc == RC_OK && out->len > 0)
        out->ptr[0] ^= 1;
    return rc;
}

extern const struct dataset_ops dataset_append;
const struct dataset_ops dataset_append = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "append",
    .summary = "text logs that compress about five times; every version extends the one before",
    .warning = NULL,
    .state_size = sizeof(struct append),
    .opts = append_opts,
    .open = append_open,
    .path = append_path,
    .content = other_content,
};
