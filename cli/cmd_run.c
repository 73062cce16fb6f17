/* run: plan a study, carry it out, show what it says. */
#include <math.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/look.h"
#include "cli/plan_args.h"

enum { RUN_EXPORT = PLAN_ARG_COUNT, RUN_JSON, RUN_NO_PLOTS, RUN_QUIET, RUN_NO_COLOR };

static const struct arg rows[] = {
#define PLAN_ARG(id, name, value, help) {PLAN_ARG_##id, name, value, NULL, help},
#include "cli/plan_args.def"
#undef PLAN_ARG
    {RUN_EXPORT, "--export", "csv|json|markdown", "FILE", "also write the result; - is stdout"},
    {RUN_JSON, "--json", NULL, NULL, "print summary.json instead of tables"},
    {RUN_NO_PLOTS, "--no-plots", NULL, NULL, "draw nothing"},
    {RUN_QUIET, "--quiet", NULL, NULL, "no progress line"},
    {RUN_NO_COLOR, "--no-color", NULL, NULL, "accepted; nothing is coloured"},
    {.name = NULL},
};

struct run_arguments {
    struct plan_args plan;
    struct follow_options follow;
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
    case RUN_QUIET: to->follow.quiet = true; return RC_OK;
    case RUN_NO_COLOR: return RC_OK;
    default: return plan_args_take(&to->plan, id, value, err);
    }
}

static enum rc run(int argc, char **argv, struct err *err)
{
    struct run_arguments to = {.plan = PLAN_ARGS_EMPTY};
    struct args args = {
        .rows = rows,
        .lists = PLAN_ARG_LISTS,
        .operands = "",
        .take = take,
        .ctx = &to,
    };
    struct arena arena = {0};
    struct record_manifest manifest;
    struct buf dir = {0};
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK)
        rc = follow_options_check(&to.follow, err);
    if (rc == RC_OK)
        rc = plan_args_make(&to.plan, &arena, &manifest, err);
    const char *out = to.plan.request.out ? to.plan.request.out : PLAN_DEFAULT_OUT;
    if (rc == RC_OK)
        rc = record_create(out, &manifest, &dir, err);
    if (rc == RC_OK && !to.follow.quiet)
        look_foretell(&manifest);
    if (rc == RC_OK)
        rc = follow_study(buf_str(&dir), &to.follow, err);
    buf_release(&dir);
    plan_args_release(&to.plan);
    arena_release(&arena);
    return rc;
}

const struct command command_run = {
    .name = "run",
    .summary = "run a study: measure strategies on a dataset, verify, rank, report",
    .examples = "  blobfront run --profile full\n"
                "  blobfront run --data ~/photos --strategy dedup --strategy chunked:avg=16k\n",
    .rows = rows,
    .operands = "",
    .run = run,
};
