/* run: plan a study, carry it out, show what it says. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/look.h"
#include "cli/plan_studies.h"

enum {
    RUN_EXPORT = PLAN_ARG_COUNT,
    RUN_JSON,
    RUN_NO_PLOTS,
    RUN_QUIET,
    RUN_NO_COLOR,
    RUN_SECTION,
    RUN_PARSE_ONLY,
    RUN_NO_BOUNDS
};

static const struct arg rows[] = {
#define PLAN_ARG(id, name, value, help) {PLAN_ARG_##id, name, value, NULL, help},
#include "cli/plan_args.def"
#undef PLAN_ARG
    {RUN_SECTION, "--section", "NAME", NULL, "of the plan only this study, repeatable"},
    {RUN_PARSE_ONLY, "--parse-only", NULL, NULL, "print the effective plan and run nothing"},
    {RUN_EXPORT, "--export", "csv|json|markdown", "FILE", "also write the result; - is stdout"},
    {RUN_JSON, "--json", NULL, NULL, "print summary.json instead of tables"},
    {RUN_NO_PLOTS, "--no-plots", NULL, NULL, "draw nothing"},
    {RUN_NO_BOUNDS, "--no-bounds", NULL, NULL, "do not compute what is possible with the data"},
    {RUN_QUIET, "--quiet", NULL, NULL, "no progress line"},
    {RUN_NO_COLOR, "--no-color", NULL, NULL, "accepted; nothing is coloured"},
    {.name = NULL},
};

struct run_arguments {
    struct plan_asked asked;
    struct follow_options follow;
    bool parse_only;
};

static enum rc take_export(struct run_arguments *to, const char *format, const char *path,
                           struct err *err)
{
    to->follow.export_format = format;
    to->follow.export_path = path;
    return export_format_check(format, err);
}

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct run_arguments *to = ctx;
    switch (id) {
    case RUN_EXPORT: return take_export(to, value, value2, err);
    case RUN_JSON: to->follow.json = true; return RC_OK;
    case RUN_NO_PLOTS: to->follow.no_plots = true; return RC_OK;
    case RUN_NO_BOUNDS: to->follow.no_bounds = true; return RC_OK;
    case RUN_QUIET: to->follow.quiet = true; return RC_OK;
    case RUN_NO_COLOR: return RC_OK;
    case RUN_SECTION: return plan_asked_section(&to->asked, value, err);
    case RUN_PARSE_ONLY: to->parse_only = true; return RC_OK;
    case ARG_OPERAND: to->asked.path = value; return RC_OK;
    default: return plan_asked_take(&to->asked, id, value, err);
    }
}

/* ---- running --------------------------------------------------------------------------------- */

/* Before its table, where there is more than one. */
static enum rc show_section(const struct plan_study *study, const char *dir, struct err *err)
{
    struct buf out = {0};
    enum rc rc = buf_printf(&out, err, "\n[%s] %s\n", study->section->name, Q(dir));
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}

static enum rc run_study(const struct run_arguments *to, const struct plan_study *study,
                         bool several, struct err *err)
{
    struct buf dir = {0};
    enum rc rc = record_create(plan_study_out(study), &study->manifest, &dir, err);
    if (rc == RC_OK && several)
        rc = show_section(study, buf_str(&dir), err);
    if (rc == RC_OK && !to->follow.quiet)
        look_foretell(&study->manifest);
    if (rc == RC_OK)
        rc = follow_study(buf_str(&dir), &to->follow, err);
    buf_release(&dir);
    return rc;
}

/* Which studies of the plan are still to be run. */
static void say_left(const struct plan_studies *studies, size_t from)
{
    struct buf words = {0};
    struct err err = {0};
    enum rc rc = RC_OK;
    for (size_t i = from; rc == RC_OK && i < studies->count; i++)
        rc = buf_printf(&words, &err, " --section %s", studies->items[i].section->name);
    if (rc == RC_OK && words.len)
        print_note("not run yet: blobfront run %s%s", Q(studies->file.path), buf_str(&words));
    buf_release(&words);
}

/* One after another.  An INVALID cell is a result, so that the others go on; the first failure is
 * the one that is told at the end. */
static enum rc run_studies(const struct run_arguments *to, struct plan_studies *studies,
                           struct err *err)
{
    bool several = studies->count > 1;
    enum rc first = plan_studies_check_folders(studies, err);
    if (first == RC_OK)
        first = plan_studies_describe(studies, err);
    if (first != RC_OK)
        return first;
    for (size_t i = 0; i < studies->count; i++) {
        struct err cause = {0};
        enum rc rc = run_study(to, &studies->items[i], several, &cause);
        if (rc != RC_OK && first == RC_OK)
            first = plan_study_fail(&studies->items[i], &cause, err);
        if (rc == RC_OK || rc == RC_INVALID)
            continue;
        if (several)
            say_left(studies, i + 1);
        break;
    }
    return first;
}

static enum rc check_alone(const struct run_arguments *to, const struct plan_studies *studies,
                           struct err *err)
{
    if (studies->count > 1 && (to->follow.json || to->follow.export_path))
        return FAIL(err, RC_USAGE, 0,
                    "%s: expected one study, the plan has %zu (choose one with --section)",
                    to->follow.json ? "--json" : "--export", studies->count);
    return RC_OK;
}

static enum rc run(int argc, char **argv, struct err *err)
{
    struct run_arguments to = {.parse_only = false};
    struct args args = {
        .rows = rows,
        .lists = PLAN_ARG_LISTS | (uint64_t)1 << RUN_SECTION,
        .operands_max = 1,
        .operands = "[PLAN]",
        .take = take,
        .ctx = &to,
    };
    struct plan_studies studies = {.count = 0};
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK)
        rc = follow_options_check(&to.follow, err);
    if (rc == RC_OK)
        rc = plan_studies_choose(&studies, &to.asked, err);
    if (rc == RC_OK && !to.parse_only)
        rc = check_alone(&to, &studies, err);
    if (rc == RC_OK)
        rc = plan_studies_make(&studies, err);
    if (rc == RC_OK && to.parse_only)
        rc = plan_studies_show(&studies, err);
    else if (rc == RC_OK)
        rc = run_studies(&to, &studies, err);
    plan_studies_release(&studies);
    return rc;
}

const struct command command_run = {
    .name = "run",
    .summary = "run a study: measure strategies on a dataset, verify, rank, report",
    .examples = "  blobfront run --profile full\n"
                "  blobfront run --data ~/photos --strategy dedup --strategy chunked:avg=16k\n",
    .rows = rows,
    .operands = "[PLAN]",
    .run = run,
};
