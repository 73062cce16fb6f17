/* strategies.h: the registry, built from strategies.def; the only header here others include. */
#ifndef STRATEGIES_STRATEGIES_H
#define STRATEGIES_STRATEGIES_H

#include "engine/strategy.h"

struct strategy_row {
    const char *name;
    const char *summary;
    const struct strategy *ops; /* NULL when unavailable */
    const char *preset;         /* options applied before the user's, or NULL */
    const char *unavailable;    /* why there is no ops, or NULL */
};

size_t strategy_row_count(void);
const struct strategy_row *strategy_row_at(size_t index);
/* RC_USAGE with "did you mean" for unknown names, RC_UNSUPPORTED with the reason for rows that are
 * unavailable. */
MUST_CHECK enum rc strategy_row_find(const char *name, const struct strategy_row **out,
                                     struct err *err);
/* Every row is sound and names are unique; RC_BUG names the row and the defect. */
MUST_CHECK enum rc strategy_rows_validate(struct err *err);

/* A parsed "name:opt=value,...", whose options have been checked. */
struct strategy_spec {
    const struct strategy_row *row;
    const char *options; /* into the text given; "" when there are none */
    char label[128];     /* the text itself, how tables name it */
};
MUST_CHECK enum rc strategy_spec_parse(const char *text, struct strategy_spec *out,
                                       struct err *err);

#endif
