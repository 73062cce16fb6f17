/* lix_v1.c: the dataset behind the founding document's numbers, byte for byte.
 *
 * Source: lix.h's, at c30668e2e.  Every file has `size` bytes; update round r
 *
 *   random     replaces the content by stream(seed ^ (r+1)*0xFF51)
 *   media      flips max(len/100, 32) bytes of the version before: step k xors byte
 *              (k*1103515245 + seed + r) mod len with (r+k+1) mod 251
 *   append     adds 4,096 bytes of the pattern with seed ^ r*0x9E37
 *
 * Version v is what round v-1 leaves.  Versions above 2 are ours: the same rules go on.
 */
#include "datasets/lix.h"

#include <inttypes.h>

#define APPEND_LEN  ((size_t)4096)
#define FLIP_STRIDE UINT64_C(1103515245)

struct lix {
    struct dataset base;
    uint64_t files_per_class, size;
};

static const struct opt lix_opts[] = {
    {.name = "files_per_class",
     .type = OPT_COUNT,
     .offset = offsetof(struct lix, files_per_class),
     .min = 1,
     .max = 1000000,
     .def = "32",
     .help = "files in each of the three classes"},
    {.name = "size",
     .type = OPT_SIZE,
     .offset = offsetof(struct lix, size),
     .min = 1,
     .max = (double)BLOB_BYTES_MAX,
     .def = "64KiB",
     .help = "bytes of every file before updates"},
    {.name = NULL},
};

static enum rc lix_open(struct dataset *ds)
{
    struct lix *lix = (struct lix *)ds;
    ds->file_count = (uint32_t)lix->files_per_class * LIX_CLASSES;
    return RC_OK;
}

static struct lix_file locate(const struct lix *lix, uint32_t file)
{
    return lix_locate(&lix->base, (uint32_t)lix->files_per_class, file);
}

static enum rc path(struct dataset *ds, uint32_t file, struct buf *out)
{
    return lix_path(ds, locate((const struct lix *)ds, file), out);
}

static size_t flips_of(size_t len)
{
    return len / 100 > 32 ? len / 100 : 32;
}

static void flip_bytes(uint8_t *bytes, size_t len, uint64_t seed, uint32_t round)
{
    for (size_t step = 0; step < flips_of(len); step++) {
        size_t at = (size_t)((step * FLIP_STRIDE + seed + round) % len);
        bytes[at] ^= (uint8_t)((round + step + 1) % 251);
    }
}

static enum rc random_content(const struct lix *lix, struct lix_file f, uint32_t version,
                              struct buf *out)
{
    enum rc rc = buf_resize(out, (size_t)lix->size, lix->base.err);
    if (rc == RC_OK)
        lix_stream(out->ptr, out->len, f.seed ^ version * UINT64_C(0xFF51));
    return rc;
}

static enum rc media_content(const struct lix *lix, struct lix_file f, uint32_t version,
                             struct buf *out)
{
    enum rc rc = buf_resize(out, (size_t)lix->size, lix->base.err);
    if (rc != RC_OK)
        return rc;
    lix_fill(f, out->ptr, out->len, f.seed);
    for (uint32_t round = 0; round < version; round++)
        flip_bytes(out->ptr, out->len, f.seed, round);
    return RC_OK;
}

static enum rc append_content(const struct lix *lix, struct lix_file f, uint32_t version,
                              struct buf *out)
{
    uint64_t len = lix->size + (uint64_t)version * APPEND_LEN;
    if (len > BLOB_BYTES_MAX)
        return FAIL(lix->base.err, RC_USAGE, 0,
                    "lix-v1: version %" PRIu32 " of an append file has %" PRIu64
                    " bytes (at most %zu)",
                    version, len, BLOB_BYTES_MAX);
    enum rc rc = buf_resize(out, (size_t)len, lix->base.err);
    if (rc != RC_OK)
        return rc;
    lix_pattern(out->ptr, (size_t)lix->size, f.seed);
    for (uint32_t round = 0; round < version; round++)
        lix_pattern(out->ptr + lix->size + round * APPEND_LEN, APPEND_LEN,
                    f.seed ^ round * UINT64_C(0x9E37));
    return RC_OK;
}

static enum rc lix_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    const struct lix *lix = (const struct lix *)ds;
    struct lix_file f = locate(lix, file);
    switch (f.class) {
    case LIX_RANDOM: return random_content(lix, f, version, out);
    case LIX_MEDIA: return media_content(lix, f, version, out);
    case LIX_APPEND: return append_content(lix, f, version, out);
    case LIX_CLASSES: break;
    }
    CHECK(f.class < LIX_CLASSES);
    return RC_BUG;
}

/* Bytes that differ from the version before; 0, which is never too much, when steps may meet. */
static uint64_t bytes_flipped(size_t len, uint32_t round)
{
    uint64_t a = len, b = FLIP_STRIDE % len, changed = 0, places = len;
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    places /= a;
    for (size_t step = 0; step < flips_of(len) && flips_of(len) <= places; step++)
        changed += (round + step + 1) % 251 != 0;
    return changed;
}

/* A pattern is one period and copies of it; round 0 appends the one that is there. */
static uint64_t new_pattern(size_t len, uint32_t version)
{
    if (version == 1)
        return 0;
    return version == 0 && len < LIX_PERIOD ? len : LIX_PERIOD;
}

static enum rc lix_novel(struct dataset *ds, uint32_t file, uint32_t version, uint64_t *bytes)
{
    const struct lix *lix = (const struct lix *)ds;
    struct lix_file f = locate(lix, file);
    size_t len = (size_t)lix->size;
    *bytes = len;
    if (f.class == LIX_APPEND)
        *bytes = new_pattern(len, version);
    else if (f.class == LIX_MEDIA && version > 0)
        *bytes = bytes_flipped(len, version - 1);
    return RC_OK;
}

const struct dataset_ops dataset_lix_v1 = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "lix-v1",
    .summary = "the founding document's 96 files of 64 KiB, byte for byte: random, media, append",
    .warning = "comparable with published numbers, not fit to decide anything: no two versions or "
               "files are equal, so whole-blob dedup can save nothing; media is random to every "
               "codec, and an update flips a byte every 62 to 236, so no chunk survives; append "
               "is a 24-byte loop, not a log; all sizes are equal, no edit shifts anything, and "
               "the seed changes nothing",
    .state_size = sizeof(struct lix),
    .opts = lix_opts,
    .open = lix_open,
    .path = path,
    .content = lix_content,
    .novel = lix_novel,
};
