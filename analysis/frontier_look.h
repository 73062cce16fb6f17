/* frontier_look.h: what a study that is still running asks of its data at a look. */
#ifndef ANALYSIS_FRONTIER_LOOK_H
#define ANALYSIS_FRONTIER_LOOK_H

#include "engine/buf.h"
#include "results/record.h"

/* Looks at the first `rounds` rounds that count.  drop[arm] (arm_count entries, all set): confirmed
 * to be dominated, so later rounds can do without it; never the control, its second arm or a
 * reference lane.  *ends: no pair of those that are kept is undecided, nor is a guardrail of one.
 * `said` gets one line for people, not escaped.  Too few rounds to confirm anything: nothing is
 * dropped and nothing ends. */
MUST_CHECK enum rc frontier_look(const struct record *record, uint32_t rounds, bool *drop,
                                 bool *ends, struct buf *said, struct err *err);

#endif
