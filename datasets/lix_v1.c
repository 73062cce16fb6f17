/* lix_v1.c: the dataset behind the founding document's numbers, byte for byte.
 *
 * Source: opral/lix, packages/engine/benches/binary_storage.rs at c30668e2e.  All arithmetic is
 * modulo 2^64.
 *
 *   files      `files_per_class` random, then as many media, then append; index i restarts at 0
 *   seed       random 0xA11CE ^ i*0x9E3779B9, media 0xB10B ^ i*0x517CC1B7,
 *              append 0x5EED ^ i*0x6A09E667
 *   stream     s = seed + 0x9E3779B97F4A7C15; per byte s ^= s<<7, s ^= s>>9, s ^= s<<8, low byte
 *   random     stream(seed); update round r replaces it by stream(seed ^ (r+1)*0xFF51)
 *   media      stream(seed) under a magic; round r flips max(len/100, 32) bytes of the version
 *              before: step k xors byte (k*1103515245 + seed + r) mod len with (r+k+1) mod 251
 *   append     "record-" 16 hex digits of the seed "|" repeated; round r adds 4,096 bytes of the
 *              same with seed ^ r*0x9E37
 *
 * Version v is what round v-1 leaves.  Versions above 2 and inserted files are ours: the same rules
 * go on, inserted file k is of class k mod 3 with i = files_per_class + k/3.
 *
 * The content is published, so the study's seed does not enter it: every run sees these bytes.
 */
#include "datasets/dataset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "datasets/magic.h"

#define PATTERN_LEN  ((size_t)24)
#define APPEND_LEN   ((size_t)4096)
#define PATH_FOLDERS 16u

enum lix_class { LIX_RANDOM, LIX_MEDIA, LIX_APPEND, LIX_CLASSES };

static const struct {
    const char *name;
    uint64_t seed, stride;
} classes[LIX_CLASSES] = {
    [LIX_RANDOM] = {"random", 0xA11CE, 0x9E3779B9},
    [LIX_MEDIA] = {"media", 0xB10B, 0x517CC1B7},
    [LIX_APPEND] = {"append", 0x5EED, 0x6A09E667},
};

struct lix {
    struct dataset base;
    uint64_t files_per_class, size;
};

struct lix_file {
    enum lix_class class;
    uint32_t index;
    uint64_t seed;
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
    uint32_t per_class = (uint32_t)lix->files_per_class;
    struct lix_file f;
    if (file < lix->base.file_count) {
        f.class = (enum lix_class)(file / per_class);
        f.index = file % per_class;
    } else {
        uint32_t inserted = file - lix->base.file_count;
        f.class = (enum lix_class)(inserted % LIX_CLASSES);
        f.index = per_class + inserted / LIX_CLASSES;
    }
    f.seed = classes[f.class].seed ^ (uint64_t)f.index * classes[f.class].stride;
    return f;
}

static enum rc lix_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    struct lix_file f = locate((const struct lix *)ds, file);
    const char *extension = "bin";
    if (f.class == LIX_MEDIA)
        extension = magic_of(f.index)->extension;
    else if (f.class == LIX_APPEND)
        extension = "dat";
    buf_clear(out);
    return buf_printf(out, ds->err, "bench/%s/%02" PRIu32 "/file-%05" PRIu32 ".%s",
                      classes[f.class].name, f.index % PATH_FOLDERS, f.index, extension);
}

static void fill_stream(uint8_t *dst, size_t len, uint64_t seed)
{
    uint64_t s = seed + UINT64_C(0x9E3779B97F4A7C15);
    for (size_t i = 0; i < len; i++) {
        s ^= s << 7;
        s ^= s >> 9;
        s ^= s << 8;
        dst[i] = (uint8_t)s;
    }
}

static void fill_pattern(uint8_t *dst, size_t len, uint64_t seed)
{
    char pattern[PATTERN_LEN + 1];
    snprintf(pattern, sizeof(pattern), "record-%016" PRIx64 "|", seed);
    size_t done = len < PATTERN_LEN ? len : PATTERN_LEN;
    memcpy(dst, pattern, done);
    /* What is there is a whole number of periods: doubling it keeps the phase. */
    while (done < len) {
        size_t n = done < len - done ? done : len - done;
        memcpy(dst + done, dst, n);
        done += n;
    }
}

static void flip_bytes(uint8_t *bytes, size_t len, uint64_t seed, uint32_t round)
{
    size_t flips = len / 100 > 32 ? len / 100 : 32;
    for (size_t step = 0; step < flips; step++) {
        size_t at = (size_t)((step * UINT64_C(1103515245) + seed + round) % len);
        bytes[at] ^= (uint8_t)((round + step + 1) % 251);
    }
}

static enum rc random_content(const struct lix *lix, struct lix_file f, uint32_t version,
                              struct buf *out)
{
    enum rc rc = buf_resize(out, (size_t)lix->size, lix->base.err);
    if (rc == RC_OK)
        fill_stream(out->ptr, out->len, f.seed ^ version * UINT64_C(0xFF51));
    return rc;
}

static enum rc media_content(const struct lix *lix, struct lix_file f, uint32_t version,
                             struct buf *out)
{
    enum rc rc = buf_resize(out, (size_t)lix->size, lix->base.err);
    if (rc != RC_OK)
        return rc;
    fill_stream(out->ptr, out->len, f.seed);
    magic_write(magic_of(f.index), out->ptr, out->len);
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
    fill_pattern(out->ptr, (size_t)lix->size, f.seed);
    for (uint32_t round = 0; round < version; round++)
        fill_pattern(out->ptr + lix->size + round * APPEND_LEN, APPEND_LEN,
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
    .path = lix_path,
    .content = lix_content,
};
