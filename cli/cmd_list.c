/* list: what exists, with options, defaults and ranges, from the same rows that parse them. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "datasets/content_class.h"
#include "datasets/dataset.h"
#include "results/metrics.h"
#include "strategies/strategies.h"
#include "workloads/workload.h"

static enum rc list_strategies(struct buf *out, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < strategy_row_count(); i++) {
        const struct strategy_row *row = strategy_row_at(i);
        rc = buf_printf(out, err, "%-14s %s\n", row->name, row->summary);
        if (rc == RC_OK && row->unavailable)
            rc = buf_printf(out, err, "  unavailable: %s\n", row->unavailable);
        if (rc != RC_OK || !row->ops)
            continue;
        rc = buf_printf(out, err, "  capabilities: ");
        if (rc == RC_OK)
            rc = strategy_caps_print(row->ops->caps, out, err);
        if (rc == RC_OK)
            rc = row->preset ? buf_printf(out, err, "\n  preset: %s; options as %s\n", row->preset,
                                          row->ops->name)
                             : buf_printf(out, err, "\n");
        if (rc == RC_OK && row->ops->opts && !row->preset)
            rc = opt_help(row->ops->opts, out, err);
    }
    if (rc == RC_OK)
        rc = buf_printf(out, err, "\nEvery strategy with the capability sql also takes:\n");
    return rc == RC_OK ? opt_help(db_opts, out, err) : rc;
}

static enum rc list_datasets(struct buf *out, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < dataset_count(); i++) {
        const struct dataset_ops *row = dataset_at(i);
        const char *form = dataset_form(row);
        char typed[64];
        (void)snprintf(typed, sizeof(typed), "%s%s%s", row->name, form ? ":" : "",
                       form ? form : "");
        rc = buf_printf(out, err, "%-14s %s\n", typed, row->summary);
        if (rc == RC_OK && row->warning)
            rc = buf_printf(out, err, "  warning: %s\n", row->warning);
        if (rc == RC_OK && row->opts)
            rc = opt_help(row->opts, out, err);
    }
    return rc;
}

static enum rc list_classes(struct buf *out, struct err *err)
{
    enum rc rc = buf_printf(out, err, "%-8s %-7s %-8s %-11s %s\n", "class", "saves", "asked",
                            "from", "what it looks like");
    for (size_t i = 0; rc == RC_OK && i < content_class_count(); i++) {
        const struct content_class *row = content_class_at(i);
        char asked[FORMAT_SIZE] = "-", from[FORMAT_SIZE] = "";
        if (row->knob)
            (void)snprintf(asked, sizeof(asked), "%.2g..%.2g", row->saving_min, row->saving_max);
        rc = buf_printf(out, err, "%-8s %-7.2f %-8s %-11s %s\n", row->name, row->natural, asked,
                        format_size(from, row->len_min), row->summary);
    }
    if (rc == RC_OK)
        rc = buf_printf(out, err,
                        "\nsaves: what zstd level 3 saves of 64 KiB as they come; asked: what a "
                        "dataset may ask for\ninstead, met within 0.02 from 16 KiB on; from: the "
                        "shortest file, shorter ones are random.\n");
    return rc;
}

static enum rc list_workloads(struct buf *out, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < workload_count(); i++) {
        const struct workload *row = workload_at(i);
        rc = buf_printf(out, err, "%-14s %s\n", row->name, row->summary);
        if (rc == RC_OK && row->opts)
            rc = opt_help(row->opts, out, err);
    }
    if (rc == RC_OK)
        rc = buf_printf(
            out, err,
            "\nThe suite, in order (phase, workload, snapshot after it; * when asked for only):\n");
    for (size_t i = 0; rc == RC_OK && i < suite_count(); i++)
        rc = buf_printf(out, err, "%c %-20s %-12s %s\n", suite_at(i)->standard ? ' ' : '*',
                        suite_at(i)->phase, suite_at(i)->workload,
                        suite_at(i)->snapshot[0] ? suite_at(i)->snapshot : "-");
    return rc;
}

static const char *const scope_names[] = {
    [PHASE] = "phase", [SNAPSHOT] = "snapshot", [RUN] = "run"};
static const char *const kind_names[] = {[COUNTER] = "exact", [TIMING] = "timing"};
static const char *const better_names[] = {[LOWER] = "lower", [HIGHER] = "higher", [NEITHER] = "-"};

static enum rc list_metrics(struct buf *out, struct err *err)
{
    enum rc rc = buf_printf(out, err, "%-23s %-9s %-7s %-7s %-7s %s\n", "metric", "scope", "kind",
                            "better", "unit", "formula (where it is measured)");
    for (size_t i = 0; rc == RC_OK && i < METRIC_COUNT; i++) {
        const struct metric_info *info = &metric_table[i];
        rc = buf_printf(out, err, "%-23s %-9s %-7s %-7s %-7s %s (%s)\n", info->name,
                        scope_names[info->scope], kind_names[info->kind],
                        better_names[info->better], info->unit, info->formula, info->where);
    }
    return rc;
}

/* The table of docs/metrics.md. */
static enum rc list_metrics_markdown(struct buf *out, struct err *err)
{
    enum rc rc = RC_OK;
    for (int scope = PHASE; scope <= RUN; scope++) {
        if (rc == RC_OK)
            rc = buf_printf(out, err,
                            "%s### Per %s\n\n| metric | unit | kind | better | formula | measured "
                            "by |\n|---|---|---|---|---|---|\n",
                            scope == PHASE ? "" : "\n", scope_names[scope]);
        for (size_t i = 0; rc == RC_OK && i < METRIC_COUNT; i++) {
            const struct metric_info *info = &metric_table[i];
            if (info->scope == (enum metric_scope)scope)
                rc = buf_printf(out, err, "| `%s` | %s | %s | %s | %s | %s |\n", info->name,
                                info->unit, kind_names[info->kind], better_names[info->better],
                                info->formula, info->where);
        }
    }
    return rc;
}

static const struct {
    const char *name;
    enum rc (*print)(struct buf *out, struct err *err);
} lists[] = {
    {"strategies", list_strategies}, {"datasets", list_datasets}, {"classes", list_classes},
    {"workloads", list_workloads},   {"metrics", list_metrics},
};

enum { LIST_MARKDOWN };

static const struct arg rows[] = {
    {LIST_MARKDOWN, "--markdown", NULL, NULL, "metrics only: the tables of docs/metrics.md"},
    {.name = NULL},
};

struct list_arguments {
    const char *what;
    bool markdown;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct list_arguments *to = ctx;
    (void)value2;
    (void)err;
    if (id == LIST_MARKDOWN)
        to->markdown = true;
    else
        to->what = value;
    return RC_OK;
}

static enum rc unknown_list(const char *what, struct err *err)
{
    const char *names[COUNT_OF(lists)];
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        names[i] = lists[i].name;
    const char *near = nearest_word(what, names, COUNT_OF(lists));
    FAIL(err, RC_USAGE, 0,
         "list: expected strategies, datasets, classes, workloads or metrics, got \"%s\"", Q(what));
    if (near)
        err_hint(err, "did you mean \"%s\"?", near);
    return RC_USAGE;
}

static enum rc list(int argc, char **argv, struct err *err)
{
    struct list_arguments to = {.what = NULL};
    struct args args = {
        .rows = rows,
        .operands_min = 1,
        .operands_max = 1,
        .operands = "strategies, datasets, classes, workloads or metrics",
        .take = take,
        .ctx = &to,
    };
    struct buf out = {0};
    size_t i = 0;
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc != RC_OK)
        return rc;
    while (i < COUNT_OF(lists) && strcmp(to.what, lists[i].name) != 0)
        i++;
    if (i == COUNT_OF(lists))
        return unknown_list(to.what, err);
    if (to.markdown && lists[i].print != list_metrics)
        return FAIL(err, RC_USAGE, 0, "--markdown: expected with metrics only");
    rc = to.markdown ? list_metrics_markdown(&out, err) : lists[i].print(&out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}

const struct command command_list = {
    .name = "list",
    .summary = "list strategies, datasets, classes, workloads or metrics with their options",
    .examples = "  blobfront list strategies\n  blobfront list metrics\n",
    .rows = rows,
    .operands = "strategies|datasets|classes|workloads|metrics",
    .run = list,
};
