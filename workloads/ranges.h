/* ranges.h: what reads of parts of blobs must return.
 *
 * The oracle keeps a hash of each whole blob, which says nothing about a part of it.  All
 * operations are drawn before the first is executed, so the parts that will be read of a blob are
 * known when it is put, and are hashed then, from the bytes handed to the store, with the clock
 * stopped.
 */
#ifndef WORKLOADS_RANGES_H
#define WORKLOADS_RANGES_H

#include "engine/hash.h"
#include "workloads/schedule.h"

struct range {
    uint32_t op;            /* index into the schedule */
    uint32_t file, version; /* of the blob */
    uint64_t offset;        /* this and what follows: once the blob was put */
    size_t len;
    struct hash128 hash;
};

struct ranges {
    struct range *items; /* by file, version, operation */
    size_t count;
    const struct op *ops;
};

/* The reads of parts among all operations of a run; `schedule` must stay as it is. */
MUST_CHECK enum rc ranges_init(struct ranges *ranges, const struct schedule *schedule,
                               struct err *err);
void ranges_release(struct ranges *ranges);
/* The blob is put: fill in what will be read of it. */
void ranges_put(struct ranges *ranges, uint32_t file, uint32_t version, struct span bytes);
/* What the OP_READ_AT `op` of the schedule must return; its blob was put. */
const struct range *ranges_of(const struct ranges *ranges, const struct op *op);

#endif
