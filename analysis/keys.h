/* keys.h: a metric and where it is taken, as people write it: "p95_ns@read_point_binary". */
#ifndef ANALYSIS_KEYS_H
#define ANALYSIS_KEYS_H

#include "analysis/summary.h"

struct key {
    enum metric metric;
    size_t place; /* in the summary; SUMMARY_NONE: no arm has such a value */
};

/* RC_USAGE, naming `what` ("--metric"), when the text is not of that form or there is no such
 * metric; a place that is not there is none. */
MUST_CHECK enum rc key_parse(const struct summary *summary, const char *text, const char *what,
                             struct key *out, struct err *err);

enum { KEYS_DEFAULT_MAX = 8 };
/* The frontier's key metrics as they are or, for those that are not there, with place SUMMARY_NONE;
 * names are static.  Returns how many. */
size_t keys_default(const struct summary *summary, struct key keys[KEYS_DEFAULT_MAX],
                    const char *names[KEYS_DEFAULT_MAX]);

#endif
