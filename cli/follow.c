#include "cli/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "workloads/study.h"

/* ---- progress ------------------------------------------------------------------------------- */

struct progress_line {
    bool shown; /* standard error is a terminal and --quiet was not given */
    bool dirty; /* the line must be ended before anything else is printed */
};

static void format_left(char *dst, size_t size, uint64_t ns)
{
    unsigned long seconds = (unsigned long)(ns / 1000000000);
    if (ns == 0)
        (void)snprintf(dst, size, "-");
    else if (seconds >= 60)
        (void)snprintf(dst, size, "%lum%02lus", seconds / 60, seconds % 60);
    else
        (void)snprintf(dst, size, "%lus", seconds);
}

static void on_progress(void *ctx, const struct study_progress *progress)
{
    struct progress_line *line = ctx;
    char bar[21], left[32];
    if (!line->shown)
        return;
    unsigned share = progress->runs ? 100 * progress->runs_done / progress->runs : 0;
    for (size_t i = 0; i < sizeof(bar) - 1; i++)
        bar[i] = i < share / 5 ? '#' : '.';
    bar[sizeof(bar) - 1] = '\0';
    format_left(left, sizeof(left), progress->left_ns);
    (void)fprintf(stderr, "\r\033[Kround %u/%u  %-16s [%s] %u%%  ETA %s", progress->round,
                  progress->rounds, Q(progress->arm), bar, share, left);
    (void)fflush(stderr);
    line->dirty = true;
}

static void end_line(struct progress_line *line)
{
    if (line->dirty)
        (void)fputs("\r\033[K", stderr);
    line->dirty = false;
}

static void on_invalid(void *ctx, const struct record_arm *arm, uint32_t round, const char *reason)
{
    end_line(ctx);
    print_note("INVALID: %s in round %u: %s", Q(arm->label), round + 1, reason);
}

/* ---- export --------------------------------------------------------------------------------- */

static const char *export_name(const char *format)
{
    if (strcmp(format, "csv") == 0)
        return "cells.csv";
    if (strcmp(format, "json") == 0)
        return "summary.json";
    if (strcmp(format, "markdown") == 0)
        return "report.md";
    return NULL;
}

enum rc export_format_check(const char *format, struct err *err)
{
    if (export_name(format))
        return RC_OK;
    return FAIL(err, RC_USAGE, 0, "--export: expected csv, json or markdown, got \"%s\"",
                Q(format));
}

static bool to_stdout(const struct follow_options *options)
{
    return options->export_path && strcmp(options->export_path, "-") == 0;
}

enum rc follow_options_check(const struct follow_options *options, struct err *err)
{
    const char *path = options->export_path;
    struct buf dir = {0};
    struct stat st;
    if (!path)
        return RC_OK;
    if (to_stdout(options))
        return options->json ? FAIL(err, RC_USAGE, 0,
                                    "--json and --export %s -: both want "
                                    "standard output",
                                    options->export_format)
                             : RC_OK;
    const char *slash = strrchr(path, '/');
    if (!path[0] || (slash && !slash[1]) || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
        FAIL(err, RC_USAGE, 0, "--export: expected a file, got \"%s\"", Q(path));
        err_hint(err, "- is standard output");
        return RC_USAGE;
    }
    /* A file is replaced, so its folder must let us; a device, pipe or link is written through. */
    bool through = lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
    enum rc rc =
        buf_append(&dir, slash ? span_of(path, (size_t)(slash - path) + 1) : span_of_str("."), err);
    if (rc == RC_OK && access(through ? path : buf_str(&dir), through ? W_OK : W_OK | X_OK) != 0)
        rc = FAIL(err, RC_USAGE, errno, "--export: cannot write \"%s\"", Q(path));
    buf_release(&dir);
    return rc;
}

enum rc export_study(const char *dir, const char *format, const char *path, struct err *err)
{
    struct buf text = {0};
    enum rc rc = record_read_file(dir, export_name(format), DERIVED_BYTES_MAX, &text, err);
    if (rc == RC_OK)
        rc = print_to(path, buf_span(&text), err);
    buf_release(&text);
    return rc;
}

/* ---- showing -------------------------------------------------------------------------------- */

static enum rc print_where(const char *dir, const struct analysis_result *result,
                           const struct study_outcome *outcome, const struct record *record,
                           struct buf *out, struct err *err)
{
    uint32_t rounds =
        record->manifest.arm_count ? record->run_count / (uint32_t)record->manifest.arm_count : 0;
    enum rc rc =
        buf_printf(out, err, "\n%u of %u rounds%s\nreport:  %s/report.md\nrecord:  %s\n", rounds,
                   record->manifest.rounds,
                   outcome->budget_spent ? " (the time budget was spent)" : "", Q(dir), Q(dir));
    if (rc == RC_OK && strcmp(record->manifest.keep, "last") == 0)
        rc = buf_printf(out, err, "stores:  %s/stores (kept; check one with `blobfront verify`)\n",
                        Q(dir));
    if (rc == RC_OK && result->plots.note[0])
        rc = buf_printf(out, err, "%s\n", result->plots.note);
    return rc;
}

static enum rc show_study(const char *dir, const struct follow_options *options,
                          const struct study_outcome *outcome, const struct record *record,
                          struct analysis_result *result, struct err *err)
{
    struct analysis analysis = {0};
    struct analysis_options how = {.no_plots = options->no_plots};
    struct buf out = {0};
    enum rc rc = analysis_build(&analysis, record, &how, err);
    if (rc == RC_OK)
        rc = analysis_write_files(&analysis, dir, &how, result, err);
    if (rc == RC_OK && options->export_format)
        rc = export_study(dir, options->export_format, options->export_path, err);
    if (rc == RC_OK && options->json) {
        rc = export_study(dir, "json", "-", err);
    } else if (rc == RC_OK && !to_stdout(options)) {
        rc = table_study(&analysis.frontier, &out, err);
        if (rc == RC_OK)
            rc = print_where(dir, result, outcome, record, &out, err);
        if (rc == RC_OK)
            rc = print_out(buf_span(&out), err);
    }
    buf_release(&out);
    analysis_release(&analysis);
    return rc;
}

static enum rc say_invalid(const struct analysis_result *result, struct err *err)
{
    if (result->invalid_arms == 0)
        return RC_OK;
    return FAIL(err, RC_INVALID, 0, "strategies that are INVALID and ranked nowhere: %u",
                result->invalid_arms);
}

enum rc follow_study(const char *dir, const struct follow_options *options, struct err *err)
{
    struct progress_line line = {.shown = !options->quiet && isatty(STDERR_FILENO) == 1};
    struct study_callbacks callbacks = {on_progress, on_invalid, &line};
    struct study_outcome outcome;
    struct analysis_result result = {0};
    struct record record = {0};
    struct err stopped = {0};
    stop_on_signals();
    enum rc rc = study_run(dir, &callbacks, &stop_signal, &outcome, &stopped);
    end_line(&line);
    if (rc != RC_OK && rc != RC_INTERRUPTED) {
        *err = stopped;
        if (outcome.opened)
            err_hint(err, "what was recorded stands; go on with: blobfront resume %s", Q(dir));
        return rc;
    }
    enum rc shown = record_load(&record, dir, err);
    if (shown == RC_OK && record.run_count > 0)
        shown = show_study(dir, options, &outcome, &record, &result, err);
    uint32_t recorded = record.run_count;
    record_release(&record);
    if (shown != RC_OK)
        return shown;
    if (rc == RC_INTERRUPTED) {
        FAIL(err, RC_INTERRUPTED, 0, "interrupted; %u runs are recorded", recorded);
        err_hint(err, "go on with: blobfront resume %s", Q(dir));
        return RC_INTERRUPTED;
    }
    return say_invalid(&result, err);
}
