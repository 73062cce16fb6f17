/* replay: the operations of a trace, on any strategy. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/look.h"
#include "cli/plan_args.h"

enum {
    REPLAY_SPEED = PLAN_ARG_COUNT,
    REPLAY_EXPORT,
    REPLAY_JSON,
    REPLAY_NO_PLOTS,
    REPLAY_QUIET,
    REPLAY_NO_COLOR
};

static const struct arg rows[] = {
    {REPLAY_SPEED, "--speed", "X", NULL,
     "operations arrive at the trace's own times, X times as fast (2, 0.5)"},
#define PLAN_ARG(id, name, value, help) {PLAN_ARG_##id, name, value, NULL, help},
#include "cli/plan_args.def"
#undef PLAN_ARG
    {REPLAY_EXPORT, "--export", "csv|json|markdown", "FILE", "also write the result; - is stdout"},
    {REPLAY_JSON, "--json", NULL, NULL, "print summary.json instead of tables"},
    {REPLAY_NO_PLOTS, "--no-plots", NULL, NULL, "draw nothing"},
    {REPLAY_QUIET, "--quiet", NULL, NULL, "no progress line"},
    {REPLAY_NO_COLOR, "--no-color", NULL, NULL, "accepted; nothing is coloured"},
    {.name = NULL},
};

struct replay_arguments {
    struct plan_args plan;
    struct follow_options follow;
};

#define SPEED_MIN 1e-6
#define SPEED_MAX 1e6

static enum rc take_speed(const char *value, double *out, struct err *err)
{
    char *end = NULL;
    /* No sign, no blank, no hexadecimal, no "nan". */
    bool plain = value[0] && strspn(value, "0123456789.") == strlen(value);
    double speed = plain ? strtod(value, &end) : 0;
    if (!plain || *end || !(speed >= SPEED_MIN && speed <= SPEED_MAX))
        return FAIL(err, RC_USAGE, 0,
                    "--speed: expected a number from %g to %g (2: twice as fast), got \"%s\"",
                    SPEED_MIN, SPEED_MAX, Q(value));
    *out = speed;
    return RC_OK;
}

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct replay_arguments *to = ctx;
    switch (id) {
    case ARG_OPERAND: to->plan.request.trace = value; return RC_OK;
    case REPLAY_SPEED: return take_speed(value, &to->plan.request.speed, err);
    case REPLAY_EXPORT:
        to->follow.export_format = value;
        to->follow.export_path = value2;
        return export_format_check(value, err);
    case REPLAY_JSON: to->follow.json = true; return RC_OK;
    case REPLAY_NO_PLOTS: to->follow.no_plots = true; return RC_OK;
    case REPLAY_QUIET: to->follow.quiet = true; return RC_OK;
    case REPLAY_NO_COLOR: return RC_OK;
    default: return plan_args_take(&to->plan, id, value, err);
    }
}

static enum rc replay_trace(struct replay_arguments *to, struct err *err)
{
    struct arena arena = {0};
    struct record_manifest manifest;
    struct buf dir = {0};
    enum rc rc = follow_options_check(&to->follow, err);
    if (rc == RC_OK)
        rc = plan_args_make(&to->plan, &arena, &manifest, err);
    if (rc == RC_OK)
        rc = plan_create(&to->plan.request, &manifest, &dir, err);
    if (rc == RC_OK && !to->follow.quiet)
        look_foretell(&manifest);
    if (rc == RC_OK)
        rc = follow_study(buf_str(&dir), &to->follow, err);
    buf_release(&dir);
    arena_release(&arena);
    return rc;
}

static enum rc replay(int argc, char **argv, struct err *err)
{
    struct replay_arguments to = {.plan = PLAN_ARGS_EMPTY};
    struct args args = {
        .rows = rows,
        .lists = PLAN_ARG_LISTS,
        .operands_min = 1,
        .operands_max = 1,
        .operands = "TRACE",
        .take = take,
        .ctx = &to,
    };
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK)
        rc = replay_trace(&to, err);
    plan_args_release(&to.plan);
    return rc;
}

const struct command command_replay = {
    .name = "replay",
    .summary = "run the operations of a trace on any strategy, with the same bytes",
    .examples = "  blobfront replay mine.bft --strategy dedup --strategy chunked\n"
                "  blobfront replay requests.bft --strategy dedup-zstd --speed 2\n",
    .rows = rows,
    .operands = "TRACE",
    .run = replay,
};
