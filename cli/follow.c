#include "cli/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "cli/look.h"
#include "cli/records.h"
#include "results/bounds.h"
#include "workloads/bounding.h"
#include "workloads/study.h"

/* ---- progress ------------------------------------------------------------------------------- */

struct progress_line {
    bool quiet;
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
    char bar[21], left[32], look[64] = "";
    if (!line->shown)
        return;
    unsigned share = progress->runs ? 100 * progress->runs_done / progress->runs : 0;
    for (size_t i = 0; i < sizeof(bar) - 1; i++)
        bar[i] = i < share / 5 ? '#' : '.';
    bar[sizeof(bar) - 1] = '\0';
    format_left(left, sizeof(left), progress->left_ns);
    if (progress->look)
        (void)snprintf(look, sizeof(look), " (look %u/%u after %u)", progress->look,
                       progress->looks, progress->look_rounds);
    (void)fprintf(stderr, "\r\033[Kround %u/%u%s  %-16s [%s] %u%%  ETA %s", progress->round,
                  progress->rounds, look, Q(progress->arm), bar, share, left);
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

static void on_voided(void *ctx, uint32_t round, const char *reason)
{
    end_line(ctx);
    print_note("round %" PRIu32 " is voided and will be run again: %s", round + 1, reason);
}

static enum rc on_look(void *ctx, const char *dir, uint32_t look, uint32_t valid_rounds, bool *drop,
                       bool *ends, struct buf *said, struct err *err)
{
    struct progress_line *line = ctx;
    end_line(line);
    enum rc rc = look_take(NULL, dir, look, valid_rounds, drop, ends, said, err);
    if (rc == RC_OK && !line->quiet)
        print_note("%s", buf_str(said));
    return rc;
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

/* "voided", how many rounds and why the last of them; "dropped", which arms and after which
 * look. */
static enum rc print_events(const struct record *record, struct buf *out, struct err *err)
{
    const struct record_event *last = NULL;
    uint32_t voided = 0;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < record->event_count; i++) {
        const struct record_event *event = &record->events[i];
        if (event->kind == EVENT_VOID) {
            voided++;
            last = event;
        }
        for (size_t k = 0; rc == RC_OK && k < event->dropped_count; k++)
            rc = buf_printf(out, err, "dropped: %s (look %" PRIu32 ", after %" PRIu32 " rounds)\n",
                            Q(record->manifest.arms[event->dropped[k]].label), event->look,
                            event->rounds);
    }
    if (rc == RC_OK && last)
        rc = buf_printf(out, err, "voided:  %" PRIu32 " more round%s (the last one: %s)\n", voided,
                        voided == 1 ? "" : "s", Q(last->reason));
    return rc;
}

static enum rc print_rounds(const struct study_outcome *outcome, const struct record *record,
                            struct buf *out, struct err *err)
{
    char decided[64];
    const char *why = "";
    (void)snprintf(decided, sizeof(decided), " (decided at look %" PRIu32 ")", outcome->look);
    if (outcome->decided)
        why = decided;
    else if (outcome->budget_spent)
        why = " (the time budget was spent)";
    else if (outcome->voids_spent)
        why = " (too many rounds were voided)";
    enum rc rc =
        buf_printf(out, err, "\n%" PRIu32 " of %s%" PRIu32 " rounds%s\n", outcome->rounds_done,
                   record->manifest.protocol.stopping == STOPPING_UNTIL ? "at most " : "",
                   record->manifest.rounds, why);
    return rc == RC_OK ? print_events(record, out, err) : rc;
}

static enum rc print_where(const char *dir, const struct analysis_result *result,
                           const struct study_outcome *outcome, const struct record *record,
                           struct buf *out, struct err *err)
{
    enum rc rc = print_rounds(outcome, record, out, err);
    if (rc == RC_OK)
        rc = buf_printf(out, err, "report:  %s/report.md\nrecord:  %s\n", Q(dir), Q(dir));
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
        rc = table_study(&analysis.frontier, &analysis.diagnosis, &out, err);
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

/* Tests put files of their own in place of the kernel's. */
struct watch_paths {
    struct watch_source source;
    char stat[512], vmstat[512];
};

static const struct watch_source *watch_paths(struct watch_paths *paths)
{
    const char *folder = getenv("BLOBFRONT_PROC");
    if (!folder || !folder[0])
        return NULL;
    (void)snprintf(paths->stat, sizeof(paths->stat), "%.480s/stat", folder);
    (void)snprintf(paths->vmstat, sizeof(paths->vmstat), "%.480s/vmstat", folder);
    paths->source = (struct watch_source){paths->stat, paths->vmstat};
    return &paths->source;
}

/* After the last round, when no clock runs any more.  Bounds are no part of what was measured:
 * where they cannot be computed the study stands without. */
static enum rc add_bounds(const char *dir, const struct record *record, struct progress_line *line,
                          struct err *err)
{
    struct bounds bounds = {.dataset_hash = NULL};
    struct err cause = {0};
    if (line->shown) {
        (void)fputs("\r\033[Kcomputing what is possible", stderr);
        (void)fflush(stderr);
        line->dirty = true;
    }
    enum rc rc = bounding_compute(&record->manifest, dir, 1, &stop_signal, &bounds, &cause);
    if (rc == RC_OK)
        rc = bounds_write(&bounds, dir, &cause);
    bounds_release(&bounds);
    end_line(line);
    if (rc == RC_INTERRUPTED || rc == RC_BUG) {
        *err = cause;
        return rc;
    }
    if (rc != RC_OK)
        print_note("warning: what is possible is not known: %s", cause.msg);
    return RC_OK;
}

/* The record, with its bounds. */
static enum rc load_study(const char *dir, const struct follow_options *options, bool finished,
                          struct progress_line *line, struct record *record, struct err *err)
{
    enum rc rc = record_load(record, dir, err);
    if (rc != RC_OK || !finished || options->no_bounds || record->bounds || !records_count(record))
        return rc;
    rc = add_bounds(dir, record, line, err);
    if (rc != RC_OK)
        return rc;
    record_release(record);
    return record_load(record, dir, err);
}

enum rc follow_study(const char *dir, const struct follow_options *options, struct err *err)
{
    struct progress_line line = {
        .quiet = options->quiet,
        .shown = !options->quiet && isatty(STDERR_FILENO) == 1,
    };
    struct watch_paths watch = {0};
    struct study_callbacks callbacks = {
        .progress = on_progress,
        .invalid = on_invalid,
        .voided = on_voided,
        .look = on_look,
        .ctx = &line,
        .watch = watch_paths(&watch),
    };
    struct study_outcome outcome;
    struct analysis_result result = {0};
    struct record record = {0};
    struct err stopped = {0};
    stop_on_signals();
    enum rc rc = study_run(dir, &callbacks, &stop_signal, &outcome, &stopped);
    end_line(&line);
    if (rc != RC_OK && rc != RC_INTERRUPTED) {
        *err = stopped;
        if (outcome.opened && !err->hint[0])
            err_hint(err, "what was recorded stands; go on with: blobfront resume %s", Q(dir));
        return rc;
    }
    enum rc shown = load_study(dir, options, rc == RC_OK, &line, &record, err);
    if (shown == RC_INTERRUPTED) {
        rc = RC_INTERRUPTED;
        shown = RC_OK;
        err_clear(err);
    }
    if (shown == RC_OK && record.warning[0])
        print_note("warning: %s", record.warning);
    if (shown == RC_OK && records_count(&record))
        shown = show_study(dir, options, &outcome, &record, &result, err);
    if (shown == RC_OK && rc == RC_OK && outcome.budget_spent && outcome.runs_done == 0)
        print_note("the study ended with its time budget; for more rounds begin a new one");
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
