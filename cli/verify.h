/* verify.h: what `verify` holds a record against beyond its own rules (record_verify) and its
 * plan: the raw latencies its numbers come from, and what its looks would say today.
 *
 * Everything is read and recomputed, nothing written.
 */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "results/record.h"

/* The raw latencies are there, whole, and give the percentiles and times of the samples:
 * RC_CORRUPT when not. */
MUST_CHECK enum rc verify_latencies(const struct record *record, struct err *err);
/* Each look, taken again at the data it had, drops the same arms and ends the study or not, and
 * says the same if this program took it: RC_INVALID when not.  Looks of studies with builds are
 * the gate's, which asks something else, and one at the end of a time budget asks nothing: they are
 * not taken again. */
MUST_CHECK enum rc verify_looks(const struct record *record, struct err *err);

#endif
