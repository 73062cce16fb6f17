#include "analysis/analysis.h"

#include <stdio.h>
#include <string.h>

#include "analysis/text.h"

enum rc analysis_build(struct analysis *analysis, const struct record *record,
                       const struct analysis_options *options, struct err *err)
{
    *analysis = (struct analysis){0};
    enum rc rc = summary_build(&analysis->summary, record, err);
    if (rc == RC_OK)
        rc = frontier_build(&analysis->frontier, &analysis->summary,
                            options == NULL ? NULL : &options->frontier, err);
    if (rc == RC_OK)
        rc = diagnosis_build(&analysis->diagnosis, &analysis->frontier, err);
    if (rc != RC_OK)
        analysis_release(analysis);
    return rc;
}

void analysis_release(struct analysis *analysis)
{
    diagnosis_release(&analysis->diagnosis);
    frontier_release(&analysis->frontier);
    summary_release(&analysis->summary);
}

/* ---- files ---------------------------------------------------------------------------------- */

static enum rc write_summary(const struct analysis *analysis, const char *dir, struct err *err)
{
    struct buf out = {0};
    enum rc rc = summary_json(&analysis->frontier, &analysis->diagnosis, &out, err);
    if (rc == RC_OK)
        rc = record_write_file(dir, "summary.json", buf_span(&out), err);
    buf_clear(&out);
    if (rc == RC_OK)
        rc = summary_csv(&analysis->frontier, &out, err);
    if (rc == RC_OK)
        rc = record_write_file(dir, "cells.csv", buf_span(&out), err);
    buf_release(&out);
    return rc;
}

static enum rc write_report(const struct analysis *analysis, const char *dir,
                            const struct plot_result *plots, struct err *err)
{
    struct buf out = {0};
    enum rc rc = report_markdown(&analysis->frontier, &analysis->diagnosis, plots, &out, err);
    if (rc == RC_OK)
        rc = record_write_file(dir, "report.md", buf_span(&out), err);
    buf_release(&out);
    return rc;
}

static enum rc sum_up(const struct analysis *analysis, struct analysis_result *result,
                      struct err *err)
{
    struct buf line = {0};
    enum rc rc = frontier_choice_print(&analysis->frontier, false, &line, err);
    char cut[sizeof(result->choice)];
    text_cut(cut, sizeof(cut), buf_str(&line), (sizeof(cut) - 1) / 4);
    /* A sentence with names of a sensible length fits; only a hostile record needs the cut. */
    snprintf(result->choice, sizeof(result->choice), "%s",
             line.len < sizeof(result->choice) ? buf_str(&line) : cut);
    buf_release(&line);
    result->replaces_control = analysis->frontier.choice != SUMMARY_NONE;
    result->invalid_arms = summary_invalid_arms(&analysis->summary);
    result->plots_drawn = result->plots.count != 0;
    return rc;
}

enum rc analysis_write_files(const struct analysis *analysis, const char *dir,
                             const struct analysis_options *options, struct analysis_result *result,
                             struct err *err)
{
    struct analysis_result unused;
    if (result == NULL)
        result = &unused;
    *result = (struct analysis_result){0};
    enum rc rc = write_summary(analysis, dir, err);
    if (rc == RC_OK && options != NULL && options->no_plots)
        snprintf(result->plots.note, sizeof(result->plots.note), "plots skipped: not asked for");
    else if (rc == RC_OK)
        rc = plot_write(&analysis->frontier, dir, &result->plots, err);
    if (rc == RC_OK)
        rc = write_report(analysis, dir, &result->plots, err);
    if (rc == RC_OK)
        rc = sum_up(analysis, result, err);
    return rc;
}

enum rc analysis_write(const struct record *record, const char *dir,
                       const struct analysis_options *options, struct analysis_result *result,
                       struct err *err)
{
    struct analysis analysis;
    enum rc rc = analysis_build(&analysis, record, options, err);
    if (rc != RC_OK)
        return rc;
    rc = analysis_write_files(&analysis, dir, options, result, err);
    analysis_release(&analysis);
    return rc;
}
