/* replay: the operations of a trace, on any strategy; or one operation of a study, alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/look.h"
#include "cli/plan_args.h"
#include "cli/replay_op.h"
#include "workloads/single.h"
#include "workloads/trace.h"

enum {
    REPLAY_SPEED = PLAN_ARG_COUNT,
    REPLAY_OP,
    REPLAY_REPEAT,
    REPLAY_SHOW,
    REPLAY_EXPORT,
    REPLAY_JSON,
    REPLAY_NO_PLOTS,
    REPLAY_QUIET,
    REPLAY_NO_COLOR
};

static const struct arg rows[] = {
    {REPLAY_SPEED, "--speed", "X", NULL,
     "operations arrive at the trace's own times, X times as fast (2, 0.5)"},
    {REPLAY_OP, "--op", "PHASE:INDEX", NULL,
     "only this operation (also: its number), on the store it finds"},
    {REPLAY_REPEAT, "--repeat", "N", NULL, "with --op: so often (default 10)"},
    {REPLAY_SHOW, "--show", NULL, NULL, "with --op: say what it is, run nothing"},
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
    const char *source; /* a trace, or with --op a study */
    struct replay_op op;
    const char *only_op; /* an option that goes with --op alone, as it was given */
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

static enum rc take_repeat(struct replay_arguments *to, const char *value, struct err *err)
{
    uint64_t repeat = 0;
    enum rc rc = parse_u64(value, 1, SINGLE_REPEAT_MAX, "--repeat", &repeat, err);
    to->op.repeat = (uint32_t)repeat;
    to->only_op = "--repeat";
    return rc;
}

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct replay_arguments *to = ctx;
    switch (id) {
    case ARG_OPERAND: to->source = value; return RC_OK;
    case REPLAY_OP: to->op.op = value; return RC_OK;
    case REPLAY_REPEAT: return take_repeat(to, value, err);
    case REPLAY_SHOW:
        to->only_op = "--show";
        to->op.show = true;
        return RC_OK;
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

/* ---- one operation --------------------------------------------------------------------------- */

/* The plan of the study in a folder. */
static enum rc op_of_study(struct replay_arguments *to, struct err *err)
{
    struct record record = {.dir = NULL};
    enum rc rc = record_load_plan(&record, to->source, err);
    if (rc == RC_OK)
        rc = plan_check(&record.manifest, err);
    if (rc == RC_OK)
        rc = replay_op_run(&to->op, &record.manifest, to->source, err);
    record_release(&record);
    return rc;
}

/* The plan the options make, around a trace or not. */
static enum rc op_of_plan(struct replay_arguments *to, struct err *err)
{
    struct arena arena = {0};
    struct record_manifest manifest;
    struct buf dir = {0};
    const char *slash = to->source ? strrchr(to->source, '/') : NULL;
    to->plan.request.dry = true;
    to->plan.request.trace = to->source;
    enum rc rc = plan_args_make(&to->plan, &arena, &manifest, err);
    /* As if the trace stood in the study's folder. */
    if (rc == RC_OK && slash)
        rc = buf_set(&dir, span_of(to->source, (size_t)(slash - to->source) + 1), err);
    else if (rc == RC_OK)
        rc = buf_set(&dir, span_of_str("."), err);
    if (rc == RC_OK && to->source)
        manifest.trace.path = slash ? slash + 1 : to->source;
    if (rc == RC_OK)
        rc = replay_op_run(&to->op, &manifest, buf_str(&dir), err);
    buf_release(&dir);
    arena_release(&arena);
    return rc;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum rc replay_op(struct replay_arguments *to, struct err *err)
{
    const struct plan_request *request = &to->plan.request;
    if (request->strategy_count > 1)
        return FAIL(err, RC_USAGE, 0, "--strategy: expected one beside --op, got %zu",
                    request->strategy_count);
    if (request->speed > 0 || request->open_loop_per_s > 0)
        return FAIL(err, RC_USAGE, 0, "%s: one operation alone has nothing to wait for",
                    request->speed > 0 ? "--speed" : "--open-loop");
    to->op.strategy = request->strategy_count ? to->plan.strategies[0] : "raw";
    to->op.repeat = to->op.repeat ? to->op.repeat : 10;
    to->op.out = request->out;
    return is_folder(to->source) ? op_of_study(to, err) : op_of_plan(to, err);
}

/* ---- the command ----------------------------------------------------------------------------- */

/* A folder is no trace, but has one in it. */
static enum rc refuse_folder(const char *source, struct err *err)
{
    FAIL(err, RC_USAGE, 0, "\"%s\" is a folder, expected a trace", Q(source));
    err_hint(err, "blobfront record makes a trace of a study; --op takes one operation of it");
    return RC_USAGE;
}

static enum rc replay(int argc, char **argv, struct err *err)
{
    struct replay_arguments to = {.plan = PLAN_ARGS_EMPTY};
    struct args args = {
        .rows = rows,
        .lists = PLAN_ARG_LISTS,
        .operands_max = 1,
        .operands = "TRACE",
        .take = take,
        .ctx = &to,
    };
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK && to.only_op && !to.op.op)
        rc = FAIL(err, RC_USAGE, 0, "%s: expected --op beside it", to.only_op);
    else if (rc == RC_OK && to.op.op)
        rc = replay_op(&to, err);
    else if (rc == RC_OK && !to.source)
        rc = FAIL(err, RC_USAGE, 0, "expected TRACE");
    else if (rc == RC_OK && is_folder(to.source))
        rc = refuse_folder(to.source, err);
    else if (rc == RC_OK) {
        to.plan.request.trace = to.source;
        rc = replay_trace(&to, err);
    }
    plan_args_release(&to.plan);
    return rc;
}

const struct command command_replay = {
    .name = "replay",
    .summary = "run the operations of a trace on any strategy; --op: one operation of a study",
    .examples = "  blobfront replay requests.bft --strategy dedup --strategy chunked --speed 2\n"
                "  blobfront replay results/runs/mine --op mixed:17 --strategy dedup-zstd\n",
    .rows = rows,
    .operands = "TRACE|RUN",
    .run = replay,
};
