/* lix_v2.c: the dataset of the founding project's second campaign ("4 MiB profile"), byte for byte.
 *
 * Source: lix.h's, from 30992a752 on.  mix is SplitMix64 (engine/rng.h's mix64).
 *
 *   size       by slot, counted over all classes, as a share of all slots:
 *              < 0.20  8 KiB..64 KiB        salt 0xA11CEA55
 *              < 0.55  64 KiB+1..256 KiB    salt 0xB10BCAFE
 *              < 0.85  256 KiB+1..1 MiB     salt 0x5EEDFACE
 *              else    1 MiB+1..4 MiB       salt 0xC0DE4D2B
 *              low + mix(seed ^ salt) mod (high - low + 1)
 *   update     op = r*files + slot in round r;
 *              mix(seed ^ (r+1)*0x9E3779B97F4A7C15 ^ op*0xBF58476D1CE4E5B9) mod 100:
 *              < 60    localized: a window of 4..64 KiB is xored with a stream of mixes
 *              < 85    append: 32..256 KiB more, at most 4 MiB in all; localized when full
 *              else    rewrite: other content of the same length
 *
 * Version v is what round v-1 leaves.  Inserted files and versions above 2 are ours: the same rules
 * go on, and an inserted file takes the slot of the base file of its class and index modulo
 * files_per_class, so that it is as large as its class.
 */
#include "datasets/lix.h"

#include "engine/rng.h"

#define FILE_LEN_MAX    ((size_t)(4 * MIB))
#define WINDOW_LEN_MIN  ((size_t)(4 * KIB))
#define WINDOW_LEN_MAX  ((size_t)(64 * KIB))
#define APPEND_LEN_MIN  ((size_t)(32 * KIB))
#define APPEND_LEN_MAX  ((size_t)(256 * KIB))
#define MEDIA_APPEND    UINT64_C(0xA24B1C62)
#define PERCENT_WINDOW  60u
#define PERCENT_REPLACE 85u

static const struct opt lix_v2_opts[] = {
    {.name = "files_per_class",
     .type = OPT_COUNT,
     .offset = offsetof(struct lix_v2, files_per_class),
     .min = 1,
     .max = 1000000,
     .def = "32",
     .help = "files in each of the three classes"},
    {.name = NULL},
};

/* A file, its place among all slots and its first length. */
struct slot {
    struct lix_file f;
    uint64_t number, slots;
    size_t len;
};

enum update { UPDATE_WINDOW, UPDATE_APPEND, UPDATE_REWRITE };

/* One update of content of `len` bytes. */
struct step {
    enum update kind;
    size_t start, len; /* the bytes that differ afterwards: a window, the suffix or everything */
    uint64_t seed;     /* of those bytes */
};

enum rc lix_v2_open(struct dataset *ds)
{
    ds->file_count = (uint32_t)((const struct lix_v2 *)ds)->files_per_class * LIX_CLASSES;
    return RC_OK;
}

static size_t sample(size_t low, size_t high, uint64_t seed)
{
    return low + (size_t)(mix64(seed) % (high - low + 1));
}

static size_t first_len(uint64_t seed, uint64_t slot, uint64_t slots)
{
    double share = (double)slot / (double)slots;
    if (share < 0.20)
        return sample(8 * KIB, 64 * KIB, seed ^ 0xA11CEA55);
    if (share < 0.55)
        return sample(64 * KIB + 1, 256 * KIB, seed ^ 0xB10BCAFE);
    if (share < 0.85)
        return sample(256 * KIB + 1, MIB, seed ^ 0x5EEDFACE);
    return sample(MIB + 1, FILE_LEN_MAX, seed ^ 0xC0DE4D2B);
}

static struct slot slot_of(const struct lix_v2 *lix, uint32_t file)
{
    uint32_t per_class = (uint32_t)lix->files_per_class;
    struct slot slot = {.f = lix_locate(&lix->base, per_class, file)};
    slot.slots = lix->base.file_count;
    slot.number = (uint64_t)slot.f.class * per_class + slot.f.index % per_class;
    slot.len = first_len(slot.f.seed, slot.number, slot.slots);
    return slot;
}

static struct step window_step(uint64_t seed, uint64_t round, size_t len)
{
    size_t least = len < WINDOW_LEN_MIN ? len : WINDOW_LEN_MIN;
    size_t most = len < WINDOW_LEN_MAX ? len : WINDOW_LEN_MAX;
    struct step step = {.kind = UPDATE_WINDOW};
    step.len = sample(least, most, seed ^ round * UINT64_C(0x94D049BB133111EB));
    step.start = sample(0, len - step.len, seed ^ round * UINT64_C(0xD2B74407B1CE6E93));
    step.seed = mix64(seed ^ (round + 1) * UINT64_C(0x9E3779B9));
    return step;
}

static struct step step_of(const struct slot *slot, uint64_t round, size_t len)
{
    uint64_t seed = slot->f.seed, op = round * slot->slots + slot->number;
    uint64_t kind = mix64(seed ^ (round + 1) * UINT64_C(0x9E3779B97F4A7C15) ^
                          op * UINT64_C(0xBF58476D1CE4E5B9)) %
                    100;
    if (kind >= PERCENT_REPLACE)
        return (struct step){
            .kind = UPDATE_REWRITE, .len = len, .seed = seed ^ (round + 1) * UINT64_C(0xFF511AFD)};
    if (kind < PERCENT_WINDOW || len >= FILE_LEN_MAX)
        return window_step(seed, round, len);
    struct step step = {.kind = UPDATE_APPEND, .start = len};
    step.seed = mix64(seed ^ (round + 1) * UINT64_C(0x8CB92BA7));
    step.len = APPEND_LEN_MIN + (size_t)(step.seed % (APPEND_LEN_MAX - APPEND_LEN_MIN + 1));
    if (step.len > FILE_LEN_MAX - len)
        step.len = FILE_LEN_MAX - len;
    return step;
}

static size_t len_after(struct step step, size_t len)
{
    return step.kind == UPDATE_APPEND ? len + step.len : len;
}

static void step_apply(const struct slot *slot, struct step step, uint8_t *content)
{
    uint8_t *at = content + step.start;
    uint64_t state = step.seed;
    switch (step.kind) {
    case UPDATE_WINDOW:
        for (size_t i = 0; i < step.len; i++) {
            state = mix64(state ^ i);
            at[i] ^= (uint8_t)state;
        }
        break;
    case UPDATE_APPEND:
        /* A suffix has no magic of its own. */
        if (slot->f.class == LIX_APPEND)
            lix_pattern(at, step.len, step.seed);
        else
            lix_stream(at, step.len,
                       slot->f.class == LIX_MEDIA ? step.seed ^ MEDIA_APPEND : step.seed);
        break;
    case UPDATE_REWRITE: lix_fill(slot->f, at, step.len, step.seed); break;
    }
}

enum rc lix_v2_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    const struct lix_v2 *lix = (const struct lix_v2 *)ds;
    return lix_path(ds, lix_locate(ds, (uint32_t)lix->files_per_class, file), out);
}

enum rc lix_v2_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    struct slot slot = slot_of((const struct lix_v2 *)ds, file);
    size_t len = slot.len, start = 0;
    uint64_t seed = slot.f.seed;
    uint32_t from = 0; /* the first update after the last rewrite: nothing before it remains */
    for (uint32_t round = 0; round < version; round++) {
        struct step step = step_of(&slot, round, len);
        if (step.kind == UPDATE_REWRITE) {
            seed = step.seed;
            from = round + 1;
            start = len;
        }
        len = len_after(step, len);
    }
    enum rc rc = buf_resize(out, len, ds->err);
    if (rc != RC_OK)
        return rc;
    len = from == 0 ? slot.len : start;
    lix_fill(slot.f, out->ptr, len, seed);
    for (uint32_t round = from; round < version; round++) {
        struct step step = step_of(&slot, round, len);
        step_apply(&slot, step, out->ptr);
        len = len_after(step, len);
    }
    CHECK(len == out->len);
    return RC_OK;
}

/* A pattern is one period and copies of it. */
static uint64_t fresh(enum lix_class class, size_t len)
{
    return class == LIX_APPEND && len > LIX_PERIOD ? LIX_PERIOD : len;
}

enum rc lix_v2_novel(struct dataset *ds, uint32_t file, uint32_t version, uint64_t *bytes)
{
    struct slot slot = slot_of((const struct lix_v2 *)ds, file);
    size_t len = slot.len;
    *bytes = fresh(slot.f.class, len);
    for (uint32_t round = 0; round < version; round++) {
        struct step step = step_of(&slot, round, len);
        /* A window over a pattern is random bytes like any other. */
        *bytes = step.kind == UPDATE_WINDOW ? step.len : fresh(slot.f.class, step.len);
        len = len_after(step, len);
    }
    return RC_OK;
}

const struct dataset_ops dataset_lix_v2 = {
    .abi = DATASET_ABI,
    .size = sizeof(struct dataset_ops),
    .name = "lix-v2",
    .summary = "the founding project's 96 files of 8 KiB to 4 MiB, byte for byte",
    .warning = LIX_V2_WARNING,
    .state_size = sizeof(struct lix_v2),
    .opts = lix_v2_opts,
    .open = lix_v2_open,
    .path = lix_v2_path,
    .content = lix_v2_content,
    .novel = lix_v2_novel,
};
