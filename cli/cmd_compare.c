/* compare: two records side by side. */
#include <string.h>

#include "analysis/analysis.h"
#include "cli/cli.h"

enum { COMPARE_ALL, COMPARE_ALLOW, COMPARE_EXPORT };

static const struct arg rows[] = {
    {COMPARE_ALL, "--all", NULL, NULL, "every metric, not only the main and the changed ones"},
    {COMPARE_ALLOW, "--allow-mismatch", NULL, NULL,
     "compare records of other data, settings or machines all the same, and say so"},
    {COMPARE_EXPORT, "--export", "csv|json|markdown", "FILE", "also write the result; - is stdout"},
    {.name = NULL},
};

struct compare_arguments {
    const char *runs[2];
    size_t count;
    struct compare_options options;
    const char *export_format, *export_path;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct compare_arguments *to = ctx;
    if (id == ARG_OPERAND)
        to->runs[to->count++] = value;
    else if (id == COMPARE_ALL)
        to->options.all = true;
    else if (id == COMPARE_ALLOW)
        to->options.allow_mismatch = true;
    else if (strcmp(value, "csv") != 0 && strcmp(value, "json") != 0 &&
             strcmp(value, "markdown") != 0)
        return FAIL(err, RC_USAGE, 0, "--export: expected csv, json or markdown, got \"%s\"",
                    Q(value));
    if (id == COMPARE_EXPORT) {
        to->export_format = value;
        to->export_path = value2;
    }
    return RC_OK;
}

static enum rc export_compare(const struct compare_arguments *to, const struct compare *compare,
                              struct err *err)
{
    struct buf out = {0};
    enum rc rc = strcmp(to->export_format, "csv") == 0    ? compare_csv(compare, &out, err)
                 : strcmp(to->export_format, "json") == 0 ? compare_json(compare, &out, err)
                                                          : compare_markdown(compare, &out, err);
    if (rc == RC_OK)
        rc = print_to(to->export_path, buf_span(&out), err);
    buf_release(&out);
    return rc;
}

static enum rc print_compare(const struct compare_arguments *to, const struct compare *compare,
                             struct err *err)
{
    struct buf out = {0};
    enum rc rc = RC_OK;
    if (to->export_format)
        rc = export_compare(to, compare, err);
    if (rc == RC_OK && !(to->export_path && strcmp(to->export_path, "-") == 0)) {
        rc = compare_text(compare, &out, err);
        if (rc == RC_OK)
            rc = print_out(buf_span(&out), err);
    }
    buf_release(&out);
    return rc;
}

static enum rc compare(int argc, char **argv, struct err *err)
{
    struct compare_arguments to = {.count = 0};
    struct args args = {
        .rows = rows,
        .operands_min = 2,
        .operands_max = 2,
        .operands = "two records, A B",
        .take = take,
        .ctx = &to,
    };
    struct record records[2] = {{.dir = NULL}, {.dir = NULL}};
    struct analysis sides[2] = {0};
    struct compare result = {0};
    enum rc rc = args_parse(&args, argc, argv, err);
    for (size_t i = 0; rc == RC_OK && i < 2; i++) {
        rc = record_load(&records[i], to.runs[i], err);
        if (rc == RC_OK)
            rc = analysis_build(&sides[i], &records[i], NULL, err);
    }
    if (rc == RC_OK)
        rc = compare_build(&result, &sides[0].summary, &sides[1].summary, &to.options, err);
    if (rc == RC_OK)
        rc = print_compare(&to, &result, err);
    compare_release(&result);
    for (size_t i = 0; i < 2; i++) {
        analysis_release(&sides[i]);
        record_release(&records[i]);
    }
    return rc;
}

const struct command command_compare = {
    .name = "compare",
    .summary = "two records side by side: old, new, change",
    .examples = "  blobfront compare results/runs/before results/runs/after\n"
                "  blobfront compare --all --export markdown - A B\n",
    .rows = rows,
    .operands = "A B",
    .run = compare,
};
