/* bounds.h: what is possible: bounds.json of a study, "blobfront/bounds/1"; the only writer and the
 * only reader.
 *
 * For every snapshot the plan takes, in how few bytes its contents can be held; for every phase
 * that puts, how few bytes it has to write.  Computed from data and operations alone
 * (workloads/bounding.h): no strategy has a part in it, and every machine with the same versions of
 * zstd and brotli gets the same.  Four kinds, of which the least counts:
 *
 *   whole    each distinct content once, as it is: perfect deduplication of whole blobs
 *   novel    the bytes that the dataset's generator knows to be new: perfect sharing of parts
 *   codec    each distinct content once, alone, under the codec that makes it smallest
 *   packed   all distinct contents, one behind the other, in one zstd stream (window of 128 MiB)
 *
 * None is a theorem: the first three are what perfect sharing or the best codec reach alone, and
 * `packed` what no strategy does that gives back one blob without unpacking the others.  A strategy
 * below the bound shares and compresses at once, and better than that stream.
 *
 * The file is derived, can be missing, and is whole or refused: a checksum over its content finds
 * what was changed by hand (RC_USAGE); bounds of other data or another plan than the record's are
 * RC_MISMATCH.
 */
#ifndef RESULTS_BOUNDS_H
#define RESULTS_BOUNDS_H

#include "results/record.h"

#define BOUNDS_SCHEMA "blobfront/bounds/1"
#define BOUNDS_NAME   "bounds.json"
#define BOUND_UNKNOWN UINT64_MAX

enum bound_kind { BOUND_WHOLE, BOUND_NOVEL, BOUND_CODEC, BOUND_PACKED, BOUND_KINDS };

struct bound {
    const char *name;           /* of the snapshot or phase */
    uint64_t logical_bytes;     /* that must be held; of a phase: that are put */
    uint64_t contents;          /* distinct ones held; of a phase: put for the first time */
    uint64_t kind[BOUND_KINDS]; /* bytes, or BOUND_UNKNOWN; whole and codec are always known */
};

struct bounds {
    struct arena arena;       /* of what was read */
    const char *dataset_hash; /* of the data, as in the manifest */
    double effort;            /* how much work they may take: see bounding.h */
    /* Of the contents that a codec makes smaller, how many bytes were tried with the strongest; the
     * rest is estimated from them when tried < compressible. */
    uint64_t tried_bytes, compressible_bytes;
    uint32_t packed_level;     /* of zstd */
    const char *zstd, *brotli; /* versions: sizes are theirs */
    struct bound *snapshots, *phases;
    size_t snapshot_count, phase_count;
};

const char *bound_kind_name(enum bound_kind kind);
/* The least; `by` (or NULL) says which it is. */
uint64_t bound_least(const struct bound *bound, enum bound_kind *by);
/* NULL when there is none of that name. */
const struct bound *bounds_snapshot(const struct bounds *bounds, const char *name);
const struct bound *bounds_phase(const struct bounds *bounds, const char *name);
bool bounds_estimated(const struct bounds *bounds);
/* "estimated from 7.00 MiB of 3.10 GiB", or "" for exact ones. */
#define BOUNDS_SAID_SIZE 128
char *bounds_said(char dst[BOUNDS_SAID_SIZE], const struct bounds *bounds);

/* RC_NOTFOUND when the study in `dir` has none. */
MUST_CHECK enum rc bounds_read(struct bounds *bounds, const char *dir,
                               const struct record_manifest *manifest, struct err *err);
MUST_CHECK enum rc bounds_print(const struct bounds *bounds, struct buf *out, struct err *err);
/* Whole or not at all. */
MUST_CHECK enum rc bounds_write(const struct bounds *bounds, const char *dir, struct err *err);
void bounds_release(struct bounds *bounds);

#endif
