#include "datasets/lix.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "datasets/magic.h"

#define PATH_FOLDERS 16u

static const struct {
    const char *name;
    uint64_t seed, stride;
} classes[LIX_CLASSES] = {
    [LIX_RANDOM] = {"random", 0xA11CE, 0x9E3779B9},
    [LIX_MEDIA] = {"media", 0xB10B, 0x517CC1B7},
    [LIX_APPEND] = {"append", 0x5EED, 0x6A09E667},
};

struct lix_file lix_locate(const struct dataset *ds, uint32_t files_per_class, uint32_t file)
{
    struct lix_file f;
    if (file < ds->file_count) {
        f.class = (enum lix_class)(file / files_per_class);
        f.index = file % files_per_class;
    } else {
        uint32_t inserted = file - ds->file_count;
        f.class = (enum lix_class)(inserted % LIX_CLASSES);
        f.index = files_per_class + inserted / LIX_CLASSES;
    }
    f.seed = classes[f.class].seed ^ (uint64_t)f.index * classes[f.class].stride;
    return f;
}

enum rc lix_path(struct dataset *ds, struct lix_file f, struct buf *out)
{
    const char *extension = "bin";
    if (f.class == LIX_MEDIA)
        extension = magic_of(f.index)->extension;
    else if (f.class == LIX_APPEND)
        extension = "dat";
    buf_clear(out);
    return buf_printf(out, ds->err, "bench/%s/%02" PRIu32 "/file-%05" PRIu32 ".%s",
                      classes[f.class].name, f.index % PATH_FOLDERS, f.index, extension);
}

void lix_stream(uint8_t *dst, size_t len, uint64_t seed)
{
    uint64_t s = seed + UINT64_C(0x9E3779B97F4A7C15);
    for (size_t i = 0; i < len; i++) {
        s ^= s << 7;
        s ^= s >> 9;
        s ^= s << 8;
        dst[i] = (uint8_t)s;
    }
}

void lix_pattern(uint8_t *dst, size_t len, uint64_t seed)
{
    char pattern[LIX_PERIOD + 1];
    snprintf(pattern, sizeof(pattern), "record-%016" PRIx64 "|", seed);
    size_t done = len < LIX_PERIOD ? len : LIX_PERIOD;
    memcpy(dst, pattern, done);
    /* What is there is a whole number of periods: doubling it keeps the phase. */
    while (done < len) {
        size_t n = done < len - done ? done : len - done;
        memcpy(dst + done, dst, n);
        done += n;
    }
}

void lix_fill(struct lix_file f, uint8_t *dst, size_t len, uint64_t seed)
{
    if (f.class == LIX_APPEND) {
        lix_pattern(dst, len, seed);
        return;
    }
    lix_stream(dst, len, seed);
    if (f.class == LIX_MEDIA)
        magic_write(magic_of(f.index), dst, len);
}
