/* frontier_build.h: the parts of frontier_build, shared by its files only. */
#ifndef ANALYSIS_FRONTIER_BUILD_H
#define ANALYSIS_FRONTIER_BUILD_H

#include "analysis/frontier.h"

enum rc frontier_no_memory(struct err *err);
MUST_CHECK enum rc frontier_note(struct frontier *frontier, struct err *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Fill guards and every arm's guardrail; arms must be placed. */
MUST_CHECK enum rc frontier_guard(struct frontier *frontier, struct err *err);
/* Fill storage_place, choice and sentence; guardrails must be judged. */
MUST_CHECK enum rc frontier_choose(struct frontier *frontier, struct err *err);

#endif
