/* bounds: what is possible with a study's data and operations, computed from them alone. */
#include <inttypes.h>

#include "analysis/views.h"
#include "cli/cli.h"
#include "workloads/bounding.h"

enum { BOUNDS_EFFORT, BOUNDS_JSON };

static const struct arg rows[] = {
    {BOUNDS_EFFORT, "--effort", "N", NULL, "how much work they may take, 1 to 10000 (default 1)"},
    {BOUNDS_JSON, "--json", NULL, NULL, "print JSON (blobfront/bounds/1)"},
    {.name = NULL},
};

struct bounds_arguments {
    const char *dir;
    uint64_t effort;
    bool json;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct bounds_arguments *to = ctx;
    (void)value2;
    switch (id) {
    case BOUNDS_EFFORT:
        return parse_u64(value, 1, BOUNDING_EFFORT_MAX, "--effort", &to->effort, err);
    case BOUNDS_JSON: to->json = true; return RC_OK;
    default: to->dir = value; return RC_OK;
    }
}

static enum rc put_table(const struct bounds *bounds, bool phases, struct buf *out, struct err *err)
{
    struct grid grid = {0};
    views_bounds(bounds, phases, &grid);
    enum rc rc = grid_text(&grid, 110, out, err);
    if (rc == RC_OK)
        rc = buf_printf(out, err, "\n");
    grid_release(&grid);
    return rc;
}

static enum rc put_tables(const struct bounds *bounds, struct buf *out, struct err *err)
{
    struct text text = text_to(out, err);
    enum rc rc = put_table(bounds, false, out, err);
    if (rc == RC_OK)
        rc = put_table(bounds, true, out, err);
    views_bounds_said(bounds, &text);
    text_put(&text, "\n");
    return rc == RC_OK ? text.rc : rc;
}

static enum rc show(const struct bounds *bounds, bool json, struct err *err)
{
    struct buf out = {0};
    enum rc rc = json ? bounds_print(bounds, &out, err) : put_tables(bounds, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}

static enum rc bounds(int argc, char **argv, struct err *err)
{
    struct bounds_arguments to = {.effort = 1};
    struct args args = {
        .rows = rows,
        .operands_min = 1,
        .operands_max = 1,
        .operands = "RUN",
        .take = take,
        .ctx = &to,
    };
    struct record record = {.dir = NULL};
    struct bounds bounds = {.dataset_hash = NULL};
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK)
        rc = record_load_plan(&record, to.dir, err);
    if (rc == RC_OK) {
        stop_on_signals();
        rc = bounding_compute(&record.manifest, to.dir, (double)to.effort, &stop_signal, &bounds,
                              err);
    }
    if (rc == RC_OK)
        rc = bounds_write(&bounds, to.dir, err);
    if (rc == RC_OK)
        rc = show(&bounds, to.json, err);
    bounds_release(&bounds);
    record_release(&record);
    return rc;
}

const struct command command_bounds = {
    .name = "bounds",
    .summary = "in how few bytes a study's data can be held; recomputes bounds.json",
    .examples = "  blobfront bounds results/runs/mine\n"
                "  blobfront bounds --effort 100 results/runs/mine\n",
    .rows = rows,
    .operands = "RUN",
    .run = bounds,
};
