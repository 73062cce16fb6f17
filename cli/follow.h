/* follow.h: what `run` and `resume` share: carry a study through, show it, say where it is. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include "cli/cli.h"

struct follow_options {
    bool quiet, json, no_plots, no_bounds;
    const char *export_format, *export_path; /* NULL: none */
};

/* Before anything runs: the export has a place to go, and standard output one use. */
MUST_CHECK enum rc follow_options_check(const struct follow_options *options, struct err *err);

/* Run (the rest of) the study in `dir`, compute what is possible with its data unless that is there
 * or not wanted, write everything derived from it, print tables and
 * choice. RC_INVALID when a cell is INVALID, RC_INTERRUPTED when stopped; the record stands in
 * both cases. */
MUST_CHECK enum rc follow_study(const char *dir, const struct follow_options *options,
                                struct err *err);

/* No file that is derived from a record is larger. */
#define DERIVED_BYTES_MAX GIB
/* "csv", "json" or "markdown". */
MUST_CHECK enum rc export_format_check(const char *format, struct err *err);
/* A derived file of a study, to `path` or "-". */
MUST_CHECK enum rc export_study(const char *dir, const char *format, const char *path,
                                struct err *err);

#endif
