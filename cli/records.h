/* records.h: the record a command is about, opened the same way by all that only read it. */
#ifndef CLI_RECORDS_H
#define CLI_RECORDS_H

#include "results/record.h"

/* Load it and say what its reader warns of.  RC_USAGE when it holds no run of a round that counts:
 * nothing can be said about such a study; RC_MISMATCH when the plan drew other runs than are there:
 * all tests rest on the order having been drawn. */
MUST_CHECK enum rc records_open(struct record *record, const char *dir, struct err *err);
/* Whether it holds any. */
bool records_count(const struct record *record);

#endif
