/* look.h: what `run` and `resume` do at the looks of a study, and what they say beforehand. */
#ifndef CLI_LOOK_H
#define CLI_LOOK_H

#include "cli/cli.h"
#include "results/record.h"

/* Look (the look-th) at the first `rounds` rounds of `record` that count: as frontier_look, and
 * `said` begins with which look it is. */
MUST_CHECK enum rc look_at(const struct record *record, uint32_t look, uint32_t rounds, bool *drop,
                           bool *ends, struct buf *said, struct err *err);
/* Study_callbacks' look, on the record in `dir`; the context is not used. */
MUST_CHECK enum rc look_take(void *ctx, const char *dir, uint32_t look, uint32_t valid_rounds,
                             bool *drop, bool *ends, struct buf *said, struct err *err);

/* Before the first run: the fewest rounds after which anything can be confirmed, as a note. */
void look_foretell(const struct record_manifest *manifest);

#endif
