/* gate_parts.h: the words the outputs of a gate share; for gate_*.c only. */
#ifndef ANALYSIS_GATE_PARTS_H
#define ANALYSIS_GATE_PARTS_H

#include "analysis/gate.h"
#include "analysis/text.h"

enum { GATE_LINE_SIZE = 640, GATE_LISTED_MAX = 20 };

/* "+12.3 % [+11.0 %, +13.5 %]"; "-" when nothing was measured. */
char *gate_change(char dst[96], const struct interval *ratio);
/* Raw, one line; names are escaped where the line is used. */
char *gate_cell_name(char dst[GATE_LINE_SIZE], const struct gate_cell *cell);
/* "first +12.3 % [..], n 10; again +11.9 % [..], n 10; margin 10 %" */
char *gate_cell_story(char dst[GATE_LINE_SIZE], const struct gate_cell *cell);
/* "dedup on copies, after_update: db_bytes 40,960 -> 45,056" */
char *gate_difference(char dst[GATE_LINE_SIZE], const struct golden_difference *difference);
/* "dedup read_point_binary: +3.10 % (limit +0.2 %), 672,478 -> 693,324" */
char *gate_count_line(char dst[GATE_LINE_SIZE], const struct gate *gate,
                      const struct gate_count *count);
/* The exact layer's in a few words: "312 exact: all equal". */
char *gate_exact_words(char dst[GATE_LINE_SIZE], const struct gate *gate);
char *gate_count_words(char dst[GATE_LINE_SIZE], const struct gate *gate);
char *gate_timing_words(char dst[GATE_LINE_SIZE], const struct gate *gate);
const char *gate_end_name(enum gate_end end); /* "green", "red", "inconclusive" */
/* Why a gate is inconclusive, or a warning of a green one; "" when there is nothing to say. */
char *gate_doubt(char dst[GATE_LINE_SIZE], const struct gate *gate);

#endif
