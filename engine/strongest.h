/* strongest.h: how small bytes get: codecs at their strongest, for bounds and nothing else.
 *
 * Slow by nature (0.5 to 5 MB/s at the top levels) and never used while a clock runs.  Only lengths
 * come out.  Equal input gives equal lengths with the same versions of zstd and brotli, on every
 * machine.  Working memory is bounded: about 64 MiB, and 200 MiB while packing with its window of
 * 128 MiB.
 *
 * Threading: one owner.
 */
#ifndef ENGINE_STRONGEST_H
#define ENGINE_STRONGEST_H

#include "engine/base.h"

/* strongest_least takes no more. */
#define STRONGEST_BYTES_MAX ((size_t)(4 * MIB))

/* Of zstd; brotli's is 11.  Level 22 takes twice as long and saves another 0.01 % (logs of 4 MiB:
 * 577,471 bytes for 577,533). */
enum { STRONGEST_LEVEL = 19, STRONGEST_QUICK = 3 };

struct strongest;
MUST_CHECK enum rc strongest_new(struct strongest **out, struct err *err);
void strongest_free(struct strongest *strongest); /* accepts NULL */

/* Bytes under zstd 3, or as they are where that does not save: what a content is judged by. */
MUST_CHECK enum rc strongest_quick(struct strongest *strongest, struct span plain, uint64_t *len,
                                   struct err *err);
/* The least of plain, zstd 19 and brotli 11. */
MUST_CHECK enum rc strongest_least(struct strongest *strongest, struct span plain, uint64_t *len,
                                   struct err *err);

/* One zstd stream with long-distance matching over a window of 128 MiB: begin it, add contents, ask
 * how long it is so far (which ends a block), any number of times.  Beginning it starts afresh. */
MUST_CHECK enum rc strongest_pack_begin(struct strongest *strongest, int level, struct err *err);
MUST_CHECK enum rc strongest_pack_add(struct strongest *strongest, struct span plain,
                                      struct err *err);
MUST_CHECK enum rc strongest_pack_len(struct strongest *strongest, uint64_t *len, struct err *err);

#endif
