/* analysis.h: everything that is derived from a record, in one call.
 *
 *   rc = analysis_write(&record, dir, NULL, &result, err);        all derived files
 *
 * or in steps, to print what was decided:
 *
 *   struct analysis analysis = {0};
 *   rc = analysis_build(&analysis, &record, NULL, err);           numbers, frontier, choice
 *   rc = table_study(&analysis.frontier, &analysis.diagnosis, out, err);    for a terminal
 *   rc = analysis_write_files(&analysis, dir, NULL, &result, err);
 *   analysis_release(&analysis);
 *
 * Derived files: summary.json, cells.csv, report.md and plots/ below `dir` (the record's own folder
 * as a rule).  The same record analysed twice gives identical bytes.  Nothing here prints.
 */
#ifndef ANALYSIS_ANALYSIS_H
#define ANALYSIS_ANALYSIS_H

#include "analysis/compare.h"
#include "analysis/diagnosis.h"
#include "analysis/plot.h"
#include "analysis/report.h"
#include "analysis/table.h"

/* Zeroed (or NULL where a pointer is taken): as the study was planned, with plots. */
struct analysis_options {
    struct frontier_options frontier;
    bool no_plots;
};

struct analysis {
    struct summary summary;
    struct frontier frontier;
    struct diagnosis diagnosis;
};

/* The record must outlive the analysis, and the analysis must not move in memory between build and
 * release. */
MUST_CHECK enum rc analysis_build(struct analysis *analysis, const struct record *record,
                                  const struct analysis_options *options, struct err *err);
/* Accepts a zeroed analysis. */
void analysis_release(struct analysis *analysis);

struct analysis_result {
    char choice[640];         /* the recommendation with its label, safe to print */
    bool replaces_control;    /* the choice is a strategy other than the control */
    uint32_t invalid_arms;    /* that ran and are INVALID; exit code 1 when not 0 */
    bool plots_drawn;         /* at least one figure */
    struct plot_result plots; /* plots.note says why figures are missing, "" when all are there */
};

/* Write the derived files of an analysis.  `result` may be NULL. */
MUST_CHECK enum rc analysis_write_files(const struct analysis *analysis, const char *dir,
                                        const struct analysis_options *options,
                                        struct analysis_result *result, struct err *err);

/* Build and write in one: `blobfront report`, and the end of `blobfront run`. */
MUST_CHECK enum rc analysis_write(const struct record *record, const char *dir,
                                  const struct analysis_options *options,
                                  struct analysis_result *result, struct err *err);

#endif
