/* frontier_build.h: the parts of frontier_build, shared by its files only. */
#ifndef ANALYSIS_FRONTIER_BUILD_H
#define ANALYSIS_FRONTIER_BUILD_H

#include "analysis/frontier.h"
#include "analysis/text.h"

enum rc frontier_no_memory(struct err *err);
MUST_CHECK enum rc frontier_note(struct frontier *frontier, struct err *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* A sentence collected in `text` kept for good in the frontier's memory. */
MUST_CHECK enum rc frontier_keep_text(struct frontier *frontier, struct buf *line, const char **out,
                                      struct err *err);

/* A claim whose pair shares too few rounds for an interval (values may be missing) says no more
 * than it can pay for: DESCRIPTIVE. */
void frontier_claim_fit(struct claim *claim);

/* The parts, in this order. */
MUST_CHECK enum rc frontier_keys(struct frontier *frontier, const char *list, struct err *err);
MUST_CHECK enum rc frontier_values(struct frontier *frontier, struct err *err);
/* Standings by test, or by medians with too few rounds. */
MUST_CHECK enum rc frontier_place(struct frontier *frontier, struct err *err);
/* Fill guards and every arm's guardrail. */
MUST_CHECK enum rc frontier_guard(struct frontier *frontier, struct err *err);
/* Fill storage_place, choice and sentence; guardrails must be judged. */
MUST_CHECK enum rc frontier_choose(struct frontier *frontier, struct err *err);
/* Stability, hypervolume, knee. */
MUST_CHECK enum rc frontier_describe(struct frontier *frontier, struct err *err);

#endif
