/* answer.h: what a reader in a hurry wants, line by line, for terminal and report alike: the
 * choice, what was not decided and what deciding would cost, the state of the machine, the method.
 *
 * Every line about strategies is a claim and carries its label (claim.h).  Each function appends
 * lines that begin with `bullet` and end in a newline; names are escaped for the place.
 */
#ifndef ANALYSIS_ANSWER_H
#define ANALYSIS_ANSWER_H

#include "analysis/diagnosis.h"

struct answer {
    const struct frontier *frontier;
    const struct diagnosis *diagnosis;
    bool markdown;
    const char *bullet; /* "- ", "  " */
    struct text text;
};

/* The bytes behind the choice, exactly, and what is assumed; nothing without a choice. */
void answer_grounds(struct answer *answer);
/* What was not decided; at most `lines_max` claims, then how many are left out. */
void answer_open(struct answer *answer, size_t lines_max);
/* Stable or not, what could be resolved, what is red. */
void answer_environment(struct answer *answer);
/* One line: test, family, looks, levels, margins, n, seed, data, machine, program. */
void answer_method(struct answer *answer);

/* "45 s", "12 min", "3.4 h"; "-" for NaN. */
char *answer_duration(char dst[FORMAT_SIZE], double seconds);

#endif
