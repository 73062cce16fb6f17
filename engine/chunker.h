/* chunker.h: where to cut a byte string into chunks; a pure function of the bytes and parameters.
 *
 * fixed    cuts every `avg` bytes.
 * fastcdc  content-defined: Gear rolling hash, cut-point skipping to `min`, normalised chunking
 *          with two masks around `avg`, forced cut at `max`.
 *          Source: W. Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach
 *          for Data Deduplication", USENIX ATC 2016, sections 3.3-3.5 (normalisation level 1..3).
 *          The Gear table is ours: entry i is mix64 of a fixed seed plus i (chunker.c), so cuts are
 *          the same on every machine for ever; the published table is not needed for the method.
 *
 * Properties that tests hold: chunks concatenate to the input; every chunk but the last has
 * min <= len <= max; equal bytes give equal cuts; an edit moves only nearby cuts.
 */
#ifndef ENGINE_CHUNKER_H
#define ENGINE_CHUNKER_H

#include "engine/base.h"

enum chunker_kind { CHUNKER_FIXED, CHUNKER_FASTCDC };

struct chunker {
    enum chunker_kind kind;
    size_t min, avg, max;
    uint64_t mask_small, mask_large; /* before avg (more bits), after avg (fewer bits) */
};

/* Validates min <= avg <= max, 64 <= min, max <= 64 MiB, and for fastcdc avg a power of two of at
 * least 256.  `norm` is the normalisation level 0..3.  RC_USAGE names the parameter at fault. */
MUST_CHECK enum rc chunker_init(struct chunker *chunker, enum chunker_kind kind, size_t min,
                                size_t avg, size_t max, unsigned norm, struct err *err);
/* Length of the first chunk of `bytes`: 1..bytes.len; bytes.len >= 1. */
size_t chunker_next(const struct chunker *chunker, struct span bytes);

#endif
