/* random.c: incompressible bytes without structure; updates touch a window or everything.
 *
 * No codec and no chunker can save anything within or between files: what a strategy costs here
 * is its overhead, and what it saves it saves between versions.
 *
 * Sizes are `size` for all files, or log-uniform in size_min..size_max when both are given: each
 * doubling is equally likely, and sizes are uniform within one.
 * Version 0 is one stream.  Update v replaces all bytes with probability 1/8, else a window of
 * 1/64..1/8 of the file (at least 1 B); the length never changes.  To make version v, only the
 * updates since the last replacement are needed.
 */
#include "datasets/dataset.h"
#include "datasets/edit.h"

#include <inttypes.h>

#define PATH_FOLDERS   64u
#define REWRITE_ONE_IN 8u

struct random {
    struct dataset base;
    uint64_t files, size, size_min, size_max;
};

static const struct opt random_opts[] = {
    {.name = "files",
     .type = OPT_COUNT,
     .offset = offsetof(struct random, files),
     .min = 1,
     .max = (double)DATASET_FILES_MAX,
     .def = "96",
     .help = "files before inserts"},
    {.name = "size",
     .type = OPT_SIZE,
     .offset = offsetof(struct random, size),
     .min = 0,
     .max = (double)BLOB_BYTES_MAX,
     .def = "64KiB",
     .help = "bytes of every file, unless size_min and size_max are given"},
    {.name = "size_min",
     .type = OPT_SIZE,
     .offset = offsetof(struct random, size_min),
     .min = 0,
     .max = (double)BLOB_BYTES_MAX,
     .def = "0",
     .help = "smallest file of a log-uniform range; 0 with size_max=0: all have size"},
    {.name = "size_max",
     .type = OPT_SIZE,
     .offset = offsetof(struct random, size_max),
     .min = 0,
     .max = (double)BLOB_BYTES_MAX,
     .def = "0",
     .help = "largest file of a log-uniform range"},
    {.name = NULL},
};

static enum rc random_open(struct dataset *ds)
{
    struct random *random = (struct random *)ds;
    bool range = random->size_min != 0 || random->size_max != 0;
    if (range && (random->size_min < 1 || random->size_min > random->size_max))
        return FAIL(ds->err, RC_USAGE, 0,
                    "random: size_min=%" PRIu64 ",size_max=%" PRIu64
                    " is not a range (expected 1 <= size_min <= size_max)",
                    random->size_min, random->size_max);
    ds->file_count = (uint32_t)random->files;
    return RC_OK;
}

/* log2 of x >= 1 with 32 binary digits, linear between powers of two: exact in integers, where the
 * C library's logarithm may differ between machines. */
static uint64_t log2_fixed(uint64_t x)
{
    unsigned whole = 0;
    while (x >> whole > 1)
        whole++;
    return ((uint64_t)whole << 32) + (((x - (UINT64_C(1) << whole)) << 32) >> whole);
}

static uint64_t exp2_fixed(uint64_t log)
{
    unsigned whole = (unsigned)(log >> 32);
    return (UINT64_C(1) << whole) + (((log & UINT32_MAX) << whole) >> 32);
}

static size_t file_size(const struct random *random, uint32_t file)
{
    if (random->size_max == 0)
        return (size_t)random->size;
    struct rng rng = edit_stream(random->base.seed, "random.size", file, 0);
    uint64_t low = log2_fixed(random->size_min), high = log2_fixed(random->size_max);
    uint64_t size = exp2_fixed(low + rng_below(&rng, high - low + 1));
    /* Rounding down twice may end one below size_min. */
    return (size_t)(size < random->size_min ? random->size_min : size);
}

static enum rc random_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, ds->err, "random/%02" PRIu32 "/file-%07" PRIu32 ".bin",
                      file % PATH_FOLDERS, file);
}

static bool is_rewrite(struct rng *rng)
{
    return rng_below(rng, REWRITE_ONE_IN) == 0;
}

/* Of an update that is no replacement; len >= 1. */
static struct edit_window draw_window(struct rng *rng, size_t len)
{
    size_t most = len / 8 > 0 ? len / 8 : 1;
    size_t least = len / 64 > 0 ? len / 64 : 1;
    return edit_window_draw(rng, len, least, most);
}

/* The newest version <= `version` that shares nothing with the one before. */
static uint32_t last_rewrite(const struct random *random, uint32_t file, uint32_t version)
{
    for (; version > 0; version--) {
        struct rng rng = edit_stream(random->base.seed, "random.update", file, version);
        if (is_rewrite(&rng))
            break;
    }
    return version;
}

static enum rc random_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    const struct random *random = (const struct random *)ds;
    enum rc rc = buf_resize(out, file_size(random, file), ds->err);
    if (rc != RC_OK || out->len == 0)
        return rc;
    uint32_t start = last_rewrite(random, file, version);
    struct rng bytes = edit_stream(ds->seed, "random.bytes", file, start);
    rng_fill(&bytes, out->ptr, out->len);
    for (uint32_t v = start + 1; v <= version; v++) {
        struct rng rng = edit_stream(ds->seed, "random.update", file, v);
        CHECK(!is_rewrite(&rng));
        struct edit_window window = draw_window(&rng, out->len);
        rng_fill(&rng, out->ptr + window.start, window.len);
    }
    return RC_OK;
}

static enum rc random_novel(struct dataset *ds, uint32_t file, uint32_t version, uint64_t *bytes)
{
    const struct random *random = (const struct random *)ds;
    size_t len = file_size(random, file);
    struct rng rng = edit_stream(ds->seed, "random.update", file, version);
    *bytes = len;
    if (len > 0 && version > 0 && !is_rewrite(&rng))
        *bytes = draw_window(&rng, len).len;
    return RC_OK;
}

const struct dataset_ops dataset_random = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "random",
    .summary = "incompressible files of one size or a log-uniform range; updates overwrite windows",
    .warning = "nothing compresses and no two files share anything: it shows overhead and what is "
               "shared between versions, not savings",
    .state_size = sizeof(struct random),
    .opts = random_opts,
    .open = random_open,
    .path = random_path,
    .content = random_content,
    .novel = random_novel,
};
