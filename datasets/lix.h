/* lix.h: what the three published datasets lix-v1, lix-v2 and lix-v3 have in common.
 *
 * Source: opral/lix, packages/engine/benches/binary_storage.rs.  All arithmetic is modulo 2^64.
 *
 *   files      `files_per_class` random, then as many media, then append; index i restarts at 0
 *   seed       random 0xA11CE ^ i*0x9E3779B9, media 0xB10B ^ i*0x517CC1B7,
 *              append 0x5EED ^ i*0x6A09E667
 *   stream     s = seed + 0x9E3779B97F4A7C15; per byte s ^= s<<7, s ^= s>>9, s ^= s<<8, low byte
 *   random     stream(seed)
 *   media      stream(seed) under a magic
 *   append     "record-" 16 hex digits of the seed "|" repeated
 *
 * Inserted files are ours: file k of them is of class k mod 3 with i = files_per_class + k/3.
 * The contents are published, so the study's seed does not enter them.
 */
#ifndef DATASETS_LIX_H
#define DATASETS_LIX_H

#include "datasets/dataset.h"

#define LIX_PERIOD ((size_t)24) /* of the pattern */

enum lix_class { LIX_RANDOM, LIX_MEDIA, LIX_APPEND, LIX_CLASSES };

struct lix_file {
    enum lix_class class;
    uint32_t index;
    uint64_t seed;
};

struct lix_file lix_locate(const struct dataset *ds, uint32_t files_per_class, uint32_t file);
MUST_CHECK enum rc lix_path(struct dataset *ds, struct lix_file f, struct buf *out);
void lix_stream(uint8_t *dst, size_t len, uint64_t seed);
void lix_pattern(uint8_t *dst, size_t len, uint64_t seed);
/* `len` bytes of the file's class from this seed. */
void lix_fill(struct lix_file f, uint8_t *dst, size_t len, uint64_t seed);

/* lix-v2's functions, which are lix-v3's too. */
struct lix_v2 {
    struct dataset base;
    uint64_t files_per_class;
};
MUST_CHECK enum rc lix_v2_open(struct dataset *ds);
MUST_CHECK enum rc lix_v2_path(struct dataset *ds, uint32_t file, struct buf *out);
MUST_CHECK enum rc lix_v2_content(struct dataset *ds, uint32_t file, uint32_t version,
                                  struct buf *out);
MUST_CHECK enum rc lix_v2_novel(struct dataset *ds, uint32_t file, uint32_t version,
                                uint64_t *bytes);

/* What is wrong with both. */
#define LIX_V2_WARNING                                                                           \
    "comparable with published numbers, not fit to decide anything: size and class are "         \
    "confounded, small files are random and large ones constant, so that 78 % of the bytes are " \
    "a 24-byte loop, and what is saved is saved there; media is random to every codec, no two "  \
    "files are equal and no version returns; an update keeps the length or appends, nothing is " \
    "ever inserted or removed; the seed changes nothing"

#endif
