/* compare_parts.h: what the files of compare share; for compare*.c only. */
#ifndef ANALYSIS_COMPARE_PARTS_H
#define ANALYSIS_COMPARE_PARTS_H

#include "analysis/compare.h"

static inline bool compare_is_counter(const struct compare_row *row)
{
    return metric_table[row->metric].kind == COUNTER;
}

/* compare_test.c: the sides, ratios and p-values of all timings; verdicts and labels. */
MUST_CHECK enum rc compare_sides(struct compare *compare, struct compare_row *row, struct err *err);
MUST_CHECK enum rc compare_test_records(struct compare *compare, struct err *err);
/* compare_pairs.c */
MUST_CHECK enum rc compare_test_arms(struct compare *compare,
                                     const struct record_protocol *protocol, struct err *err);

/* compare_output.c */
const char *compare_place_name(const struct compare *compare, const struct compare_row *row);
const char *compare_arm_name(const struct compare *compare, const struct compare_row *row);

#endif
