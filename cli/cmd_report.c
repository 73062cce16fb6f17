/* report: rebuild everything that is derived from a record: summary, CSV, report, plots. */
#include <stdio.h>

#include "analysis/analysis.h"
#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/records.h"

enum { REPORT_NO_PLOTS, REPORT_EXPORT };

static const struct arg rows[] = {
    {REPORT_NO_PLOTS, "--no-plots", NULL, NULL, "draw nothing"},
    {REPORT_EXPORT, "--export", "csv|json|markdown", "FILE",
     "also write the result; - is stdout (one RUN only)"},
    {.name = NULL},
};

enum { RUNS_MAX = 256 };
struct report_arguments {
    const char *runs[RUNS_MAX];
    size_t count;
    struct analysis_options options;
    const char *export_format, *export_path;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct report_arguments *to = ctx;
    if (id == ARG_OPERAND) {
        to->runs[to->count++] = value;
        return RC_OK;
    }
    if (id == REPORT_NO_PLOTS) {
        to->options.no_plots = true;
        return RC_OK;
    }
    to->export_format = value;
    to->export_path = value2;
    return export_format_check(value, err);
}

static enum rc report_one(const struct report_arguments *to, const char *dir, struct err *err)
{
    struct record record = {0};
    struct analysis_result result = {0};
    struct buf out = {0};
    enum rc rc = records_open(&record, dir, err);
    if (rc == RC_OK)
        rc = analysis_write(&record, dir, &to->options, &result, err);
    if (rc == RC_OK && to->export_format)
        rc = export_study(dir, to->export_format, to->export_path, err);
    if (rc == RC_OK && !(to->export_path && to->export_path[0] == '-' && !to->export_path[1])) {
        rc = buf_printf(&out, err, "%s/report.md\n%s\n%s%s", Q(dir), result.choice,
                        result.plots.note, result.plots.note[0] ? "\n" : "");
        if (rc == RC_OK)
            rc = print_out(buf_span(&out), err);
    }
    if (rc == RC_OK && result.invalid_arms)
        rc = FAIL(err, RC_INVALID, 0, "\"%s\": strategies that are INVALID: %u", Q(dir),
                  result.invalid_arms);
    buf_release(&out);
    record_release(&record);
    return rc;
}

static enum rc report(int argc, char **argv, struct err *err)
{
    struct report_arguments to = {.count = 0};
    struct args args = {
        .rows = rows,
        .operands_min = 1,
        .operands_max = RUNS_MAX,
        .operands = "RUN...",
        .take = take,
        .ctx = &to,
    };
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK && to.export_format && to.count != 1)
        rc = FAIL(err, RC_USAGE, 0, "--export: expected one RUN, got %zu", to.count);
    for (size_t i = 0; rc == RC_OK && i < to.count; i++)
        rc = report_one(&to, to.runs[i], err);
    return rc;
}

const struct command command_report = {
    .name = "report",
    .summary = "rebuild summary, CSV, report and plots from records",
    .examples = "  blobfront report results/runs/*\n"
                "  blobfront report --export csv - results/runs/mine\n",
    .rows = rows,
    .operands = "RUN...",
    .run = report,
};
