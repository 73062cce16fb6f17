/* summary_parts.h: the parts of summary.json; for summary_*.c only. */
#ifndef ANALYSIS_SUMMARY_PARTS_H
#define ANALYSIS_SUMMARY_PARTS_H

#include "analysis/diagnosis.h"
#include "engine/json.h"

/* What does not exist is absent, never 0. */
void summary_json_number(struct json_writer *json, const char *key, double value);
const char *summary_better_name(enum metric_better better);

MUST_CHECK enum rc summary_json_frontier(struct json_writer *json, const struct frontier *frontier,
                                         struct err *err);
void summary_json_environment(struct json_writer *json, const struct diagnosis *diagnosis,
                              const struct frontier *frontier);

#endif
