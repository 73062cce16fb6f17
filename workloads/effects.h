/* effects.h: did the options take effect?  The facts of a finished run, and the strategy's own
 * statement about itself held against them (engine/effect.h).
 *
 * The facts come from the schedule and the oracle, not from the strategy: the operations are gone
 * through once more with the hashes of what was put, so it is known which put repeated what the
 * store held at that moment.  A sample of the contents is generated again, at most EFFECTS_BLOBS
 * blobs and EFFECTS_BYTES bytes (but one blob, when it is not larger than EFFECTS_BLOB_MAX), spread
 * evenly over the puts that repeated nothing.  All of it after the last clock.
 */
#ifndef WORKLOADS_EFFECTS_H
#define WORKLOADS_EFFECTS_H

#include "workloads/run.h"

#define EFFECTS_BLOBS    16
#define EFFECTS_BYTES    MIB
#define EFFECTS_BLOB_MAX (64 * MIB)

/* Ask the strategy of run->store and keep its answers in run->probes.  RC_INVALID when an option
 * did nothing. */
MUST_CHECK enum rc effects_judge(struct run *run);

#endif
