/* record: the operations of a study, or of one that is only planned, as a trace. */
#include <math.h>

#include "cli/cli.h"
#include "cli/plan_args.h"
#include "workloads/trace.h"

enum { RECORD_TRACE = PLAN_ARG_COUNT };

/* Of the options a study is planned by those that decide what it does. */
static const struct arg rows[] = {
    {RECORD_TRACE, "--out", "TRACE", NULL, "the trace to write; - is stdout"},
    {PLAN_ARG_DATASET, "--dataset", "D", NULL, "without RUN: dataset or dataset:opt=value,..."},
    {PLAN_ARG_DATA, "--data", "DIR", NULL, "without RUN: the same as --dataset files:DIR"},
    {PLAN_ARG_WORKLOAD, "--workload", "W", NULL, "without RUN: only these phases, repeatable"},
    {PLAN_ARG_SET, "--set", "W:opt=value", NULL, "without RUN: options of a workload"},
    {PLAN_ARG_SEED, "--seed", "N", NULL, "without RUN: of all data and operations (default 1)"},
    {PLAN_ARG_DURABILITY, "--durability", "LEVEL", NULL, "without RUN: as `run` has it"},
    {PLAN_ARG_RETENTION, "--retention", "WHAT", NULL, "without RUN: history (default) or latest"},
    {PLAN_ARG_BATCH, "--batch", "N", NULL, "without RUN: writes per transaction (default 1)"},
    {.name = NULL},
};

struct record_arguments {
    struct plan_args plan;
    const char *run, *out;
    const char *planned; /* an option that plans, as it was given */
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct record_arguments *to = ctx;
    (void)value2;
    if (id == ARG_OPERAND) {
        to->run = value;
        return RC_OK;
    }
    if (id == RECORD_TRACE) {
        to->out = value;
        return value[0] ? RC_OK : FAIL(err, RC_USAGE, 0, "--out: expected a file, got \"\"");
    }
    for (const struct arg *row = rows; row->name; row++)
        if (row->id == id)
            to->planned = row->name;
    return plan_args_take(&to->plan, id, value, err);
}

static enum rc print_summary(const char *path, const struct trace *trace, size_t bytes,
                             struct err *err)
{
    char ops[FORMAT_SIZE], size[FORMAT_SIZE];
    struct buf out = {0};
    enum rc rc = buf_printf(&out, err, "%s: %s operations in %zu phases on \"%s\", %s bytes\n",
                            Q(path), format_count(ops, trace->op_count), trace->phase_count,
                            trace->dataset_spec[0] ? Q(trace->dataset_spec) : "blobs of its own",
                            format_count(size, bytes));
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}

/* The study's plan, or the one the options make; of strategies only the control is needed. */
static enum rc load_plan(struct record_arguments *to, struct arena *arena, struct record *record,
                         struct record_manifest *planned, const struct record_manifest **manifest,
                         struct err *err)
{
    enum rc rc;
    if (to->run) {
        *manifest = &record->manifest;
        rc = record_load_plan(record, to->run, err);
        return rc == RC_OK ? plan_check(&record->manifest, err) : rc;
    }
    *manifest = planned;
    to->plan.strategies[to->plan.request.strategy_count++] = "raw";
    to->plan.request.dry = true;
    return plan_args_make(&to->plan, arena, planned, err);
}

static enum rc record(int argc, char **argv, struct err *err)
{
    struct record_arguments to = {.plan = PLAN_ARGS_EMPTY};
    struct args args = {
        .rows = rows,
        .lists = PLAN_ARG_LISTS,
        .operands_max = 1,
        .operands = "RUN",
        .take = take,
        .ctx = &to,
    };
    struct arena arena = {0};
    struct record record = {.dir = NULL};
    struct record_manifest planned;
    const struct record_manifest *manifest = NULL;
    struct buf out = {0};
    struct trace trace;
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK && !to.out)
        rc = FAIL(err, RC_USAGE, 0, "expected --out TRACE");
    if (rc == RC_OK && to.run && to.planned)
        rc =
            FAIL(err, RC_USAGE, 0, "%s: the operations are those of \"%s\"", to.planned, Q(to.run));
    if (rc == RC_OK)
        rc = load_plan(&to, &arena, &record, &planned, &manifest, err);
    if (rc == RC_OK)
        rc = trace_record(manifest, to.run, &out, &trace, err);
    if (rc == RC_OK)
        rc = print_to(to.out, buf_span(&out), err);
    if (rc == RC_OK && !(to.out[0] == '-' && to.out[1] == '\0'))
        rc = print_summary(to.out, &trace, out.len, err);
    buf_release(&out);
    record_release(&record);
    plan_args_release(&to.plan);
    arena_release(&arena);
    return rc;
}

const struct command command_record = {
    .name = "record",
    .summary = "write the operations of a study as a trace, for `replay`",
    .examples = "  blobfront record results/runs/mine --out mine.bft\n"
                "  blobfront record --dataset random:files=200 --workload mixed --out mixed.bft\n",
    .rows = rows,
    .operands = "[RUN]",
    .run = record,
};
