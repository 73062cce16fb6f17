/* frontier: who dominates whom, the guardrails, the choice. */
#include <inttypes.h>

#include "analysis/analysis.h"
#include "cli/cli.h"
#include "cli/records.h"

enum { FRONTIER_KEYS, FRONTIER_GUARDRAIL, FRONTIER_ANYWHERE };

static const struct arg rows[] = {
    {FRONTIER_KEYS, "--keys", "METRIC@PLACE,...", NULL,
     "what to rank by (default: storage, p95 of reads and updates, CPU of ingest)"},
    {FRONTIER_GUARDRAIL, "--guardrail", "RATE", NULL,
     "p95 of reads and updates may exceed the control's by this (default: as planned)"},
    {FRONTIER_ANYWHERE, "--anywhere", NULL, NULL,
     "let strategies compete that store outside the SQL database"},
    {.name = NULL},
};

enum { RUNS_MAX = 256 };
struct frontier_arguments {
    const char *runs[RUNS_MAX];
    size_t count;
    struct analysis_options options;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct frontier_arguments *to = ctx;
    struct frontier_options *options = &to->options.frontier;
    (void)value2;
    switch (id) {
    case FRONTIER_KEYS: options->keys = value; return RC_OK;
    case FRONTIER_GUARDRAIL:
        options->guardrail_set = true;
        return parse_rate(value, 0, 100, "--guardrail", &options->guardrail, err);
    case FRONTIER_ANYWHERE: options->anywhere_set = options->anywhere = true; return RC_OK;
    default: to->runs[to->count++] = value; return RC_OK;
    }
}

static enum rc frontier_one(const struct frontier_arguments *to, const char *dir, struct err *err)
{
    struct record record = {0};
    struct analysis analysis = {0};
    struct buf out = {0};
    enum rc rc = records_open(&record, dir, err);
    if (rc == RC_OK)
        rc = analysis_build(&analysis, &record, &to->options, err);
    if (rc == RC_OK && to->count > 1)
        rc = buf_printf(&out, err, "%s\n", Q(dir));
    if (rc == RC_OK)
        rc = table_frontier(&analysis.frontier, &analysis.diagnosis, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    uint32_t invalid = rc == RC_OK ? summary_invalid_arms(&analysis.summary) : 0;
    if (invalid > 0)
        rc = FAIL(err, RC_INVALID, 0, "\"%s\": strategies that are INVALID: %" PRIu32, Q(dir),
                  invalid);
    buf_release(&out);
    analysis_release(&analysis);
    record_release(&record);
    return rc;
}

static enum rc frontier(int argc, char **argv, struct err *err)
{
    struct frontier_arguments to = {.count = 0};
    struct args args = {
        .rows = rows,
        .operands_min = 1,
        .operands_max = RUNS_MAX,
        .operands = "RUN...",
        .take = take,
        .ctx = &to,
    };
    enum rc rc = args_parse(&args, argc, argv, err);
    for (size_t i = 0; rc == RC_OK && i < to.count; i++)
        rc = frontier_one(&to, to.runs[i], err);
    return rc;
}

const struct command command_frontier = {
    .name = "frontier",
    .summary = "the Pareto frontier of a record, dominators by name, guardrails, choice",
    .examples = "  blobfront frontier results/runs/mine\n"
                "  blobfront frontier --guardrail 25% --anywhere results/runs/mine\n",
    .rows = rows,
    .operands = "RUN...",
    .run = frontier,
};
