/* run: plan a study, carry it out, show what it says. */
#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "strategies/strategies.h"
#include "workloads/plan.h"

enum {
    RUN_STRATEGY,
    RUN_DATASET,
    RUN_DATA,
    RUN_WORKLOAD,
    RUN_SET,
    RUN_PROFILE,
    RUN_ROUNDS,
    RUN_BUDGET,
    RUN_SEED,
    RUN_DURABILITY,
    RUN_RETENTION,
    RUN_BATCH,
    RUN_GUARDRAIL,
    RUN_ANYWHERE,
    RUN_KEEP,
    RUN_OUT,
    RUN_NAME,
    RUN_EXPORT,
    RUN_JSON,
    RUN_NO_PLOTS,
    RUN_QUIET,
    RUN_NO_COLOR
};

static const struct arg rows[] = {
    {RUN_STRATEGY, "--strategy", "S", NULL,
     "strategy or strategy:opt=value,...; repeatable (default: by profile; raw is always there)"},
    {RUN_DATASET, "--dataset", "D", NULL, "dataset or dataset:opt=value,... (default lix-v1)"},
    {RUN_DATA, "--data", "DIR", NULL, "your own files: the same as --dataset files:DIR"},
    {RUN_WORKLOAD, "--workload", "W", NULL,
     "only these phases, repeatable; ingest always runs (default: all)"},
    {RUN_SET, "--set", "W:opt=value", NULL, "options of a workload, as in update:rounds=4"},
    {RUN_PROFILE, "--profile", "quick|full", NULL,
     "quick: 3 rounds of the core strategies; full: 10 rounds of all (default quick)"},
    {RUN_ROUNDS, "--rounds", "N", NULL, "rounds: every strategy once in each, the control twice"},
    {RUN_BUDGET, "--budget", "TIME", NULL,
     "begin no round that would end later than this (30s, 5m); the first one always runs"},
    {RUN_SEED, "--seed", "N", NULL, "of all data, operations and orders (default 1)"},
    {RUN_DURABILITY, "--durability", "LEVEL", NULL,
     "none, consistent, durable (default) or durable-rollback"},
    {RUN_RETENTION, "--retention", "WHAT", NULL,
     "history (default): every version is kept; latest: an update deletes the old one"},
    {RUN_BATCH, "--batch", "N", NULL, "writes per transaction (default 1)"},
    {RUN_GUARDRAIL, "--guardrail", "RATE", NULL,
     "p95 of reads and updates may exceed the control's by this (default 10%)"},
    {RUN_ANYWHERE, "--anywhere", NULL, NULL,
     "recommend strategies that store outside the SQL database, too"},
    {RUN_KEEP, "--keep", "last|none", NULL, "stores of the last round stay (default) or not"},
    {RUN_OUT, "--out", "DIR", NULL, "where the study's folder is made (default results/runs)"},
    {RUN_NAME, "--name", "NAME", NULL, "the folder's name (default: time and dataset)"},
    {RUN_EXPORT, "--export", "csv|json|markdown", "FILE", "also write the result; - is stdout"},
    {RUN_JSON, "--json", NULL, NULL, "print summary.json instead of tables"},
    {RUN_NO_PLOTS, "--no-plots", NULL, NULL, "draw nothing"},
    {RUN_QUIET, "--quiet", NULL, NULL, "no progress line"},
    {RUN_NO_COLOR, "--no-color", NULL, NULL, "accepted; nothing is coloured"},
    {.name = NULL},
};

#define RUN_LIST_MAX 64
struct run_arguments {
    struct plan_request request;
    struct follow_options follow;
    const char *strategies[RUN_LIST_MAX], *workloads[RUN_LIST_MAX], *sets[RUN_LIST_MAX];
    bool full;
    struct buf dataset; /* "files:DIR" */
};

static enum rc add_item(const char **list, size_t *count, const char *what, const char *value,
                        struct err *err)
{
    if (*count == RUN_LIST_MAX)
        return FAIL(err, RC_USAGE, 0, "%s: given more than %d times", what, RUN_LIST_MAX);
    list[(*count)++] = value;
    return RC_OK;
}

static enum rc take_data(struct run_arguments *to, const char *value, struct err *err)
{
    if (to->request.dataset)
        return FAIL(err, RC_USAGE, 0, "--data and --dataset: expected one of them, once");
    if (!value[0])
        return FAIL(err, RC_USAGE, 0, "--data: expected a folder, got \"\"");
    enum rc rc = buf_printf(&to->dataset, err, "files:%s", value);
    to->request.dataset = rc == RC_OK ? buf_str(&to->dataset) : NULL;
    return rc;
}

static enum rc take_u32(const char *value, uint64_t max, const char *what, uint32_t *out,
                        struct err *err)
{
    uint64_t number = 0;
    enum rc rc = parse_u64(value, 1, max, what, &number, err);
    *out = (uint32_t)number;
    return rc;
}

static enum rc take_budget(const char *value, uint64_t *out_ns, struct err *err)
{
    enum rc rc = parse_duration(value, "--budget", out_ns, err);
    if (rc == RC_OK && *out_ns == 0)
        rc = FAIL(err, RC_USAGE, 0, "--budget: expected a time above 0, got \"%s\"", Q(value));
    return rc;
}

static enum rc take_profile(struct run_arguments *to, const char *value, struct err *err)
{
    to->full = strcmp(value, "full") == 0;
    if (!to->full && strcmp(value, "quick") != 0)
        return FAIL(err, RC_USAGE, 0, "--profile: expected quick or full, got \"%s\"", Q(value));
    return RC_OK;
}

static enum rc take_export(struct run_arguments *to, const char *format, const char *path,
                           struct err *err)
{
    to->follow.export_format = format;
    to->follow.export_path = path;
    return export_format_check(format, err);
}

/* What the plan is made of. */
static enum rc take_plan(struct run_arguments *to, int id, const char *value, struct err *err)
{
    struct plan_request *request = &to->request;
    switch (id) {
    case RUN_STRATEGY:
        return add_item(to->strategies, &request->strategy_count, "--strategy", value, err);
    case RUN_WORKLOAD:
        return add_item(to->workloads, &request->workload_count, "--workload", value, err);
    case RUN_SET: return add_item(to->sets, &request->workload_option_count, "--set", value, err);
    case RUN_DATASET:
        if (request->dataset)
            return FAIL(err, RC_USAGE, 0, "--data and --dataset: expected one of them, once");
        request->dataset = value;
        return RC_OK;
    case RUN_DATA: return take_data(to, value, err);
    case RUN_PROFILE: return take_profile(to, value, err);
    case RUN_ROUNDS: return take_u32(value, PLAN_ROUNDS_MAX, "--rounds", &request->rounds, err);
    case RUN_BUDGET: return take_budget(value, &request->budget_ns, err);
    case RUN_SEED:
        request->seed_given = true;
        return parse_u64(value, 0, (uint64_t)1 << 53, "--seed", &request->seed, err);
    case RUN_BATCH: return take_u32(value, 1000000, "--batch", &request->batch, err);
    case RUN_GUARDRAIL: return parse_rate(value, 0, 100, "--guardrail", &request->guardrail, err);
    default:
        CHECK(false); /* an option without a handler */
        return RC_BUG;
    }
}

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct run_arguments *to = ctx;
    switch (id) {
    case RUN_DURABILITY: to->request.durability = value; return RC_OK;
    case RUN_RETENTION: to->request.retention = value; return RC_OK;
    case RUN_ANYWHERE: to->request.anywhere = true; return RC_OK;
    case RUN_KEEP: to->request.keep = value; return RC_OK;
    case RUN_OUT:
        to->request.out = value;
        return value[0] ? RC_OK : FAIL(err, RC_USAGE, 0, "--out: expected a folder, got \"\"");
    case RUN_NAME: to->request.name = value; return RC_OK;
    case RUN_EXPORT: return take_export(to, value, value2, err);
    case RUN_JSON: to->follow.json = true; return RC_OK;
    case RUN_NO_PLOTS: to->follow.no_plots = true; return RC_OK;
    case RUN_QUIET: to->follow.quiet = true; return RC_OK;
    case RUN_NO_COLOR: return RC_OK;
    default: return take_plan(to, id, value, err);
    }
}

/* Strategies and rounds a profile stands for, where none were named. */
static enum rc apply_profile(struct run_arguments *to, struct err *err)
{
    static const char *const core[] = {"raw", "memory", "dedup", "dedup-zstd", "chunked"};
    struct plan_request *request = &to->request;
    enum rc rc = RC_OK;
    if (request->rounds == 0)
        request->rounds = to->full ? 10 : 3;
    if (request->strategy_count > 0)
        return RC_OK;
    for (size_t i = 0; !to->full && rc == RC_OK && i < COUNT_OF(core); i++)
        rc = add_item(to->strategies, &request->strategy_count, "--strategy", core[i], err);
    for (size_t i = 0; to->full && rc == RC_OK && i < strategy_row_count(); i++)
        if (strategy_row_at(i)->ops)
            rc = add_item(to->strategies, &request->strategy_count, "--strategy",
                          strategy_row_at(i)->name, err);
    return rc;
}

static enum rc run(int argc, char **argv, struct err *err)
{
    struct run_arguments to = {.request.guardrail = NAN};
    struct args args = {
        .rows = rows,
        .lists = 1u << RUN_STRATEGY | 1u << RUN_WORKLOAD | 1u << RUN_SET,
        .operands = "",
        .take = take,
        .ctx = &to,
    };
    struct arena arena = {0};
    struct record_manifest manifest;
    struct buf dir = {0};
    enum rc rc = args_parse(&args, argc, argv, err);
    to.request.strategies = to.strategies;
    to.request.workloads = to.workloads;
    to.request.workload_options = to.sets;
    if (rc == RC_OK)
        rc = follow_options_check(&to.follow, err);
    if (rc == RC_OK)
        rc = apply_profile(&to, err);
    if (rc == RC_OK)
        rc = plan_make(&to.request, &arena, &manifest, err);
    if (rc == RC_OK)
        rc =
            record_create(to.request.out ? to.request.out : PLAN_DEFAULT_OUT, &manifest, &dir, err);
    if (rc == RC_OK)
        rc = follow_study(buf_str(&dir), &to.follow, err);
    buf_release(&dir);
    buf_release(&to.dataset);
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
