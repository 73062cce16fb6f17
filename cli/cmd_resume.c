/* resume: go on with a study that was interrupted. */
#include "cli/cli.h"
#include "cli/follow.h"

enum { RESUME_JSON, RESUME_NO_PLOTS, RESUME_NO_BOUNDS, RESUME_QUIET };

static const struct arg rows[] = {
    {RESUME_JSON, "--json", NULL, NULL, "print summary.json instead of tables"},
    {RESUME_NO_PLOTS, "--no-plots", NULL, NULL, "draw nothing"},
    {RESUME_NO_BOUNDS, "--no-bounds", NULL, NULL, "do not compute what is possible with the data"},
    {RESUME_QUIET, "--quiet", NULL, NULL, "no progress line"},
    {.name = NULL},
};

struct resume_arguments {
    const char *dir;
    struct follow_options follow;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct resume_arguments *to = ctx;
    (void)value2;
    (void)err;
    if (id == ARG_OPERAND)
        to->dir = value;
    to->follow.json |= id == RESUME_JSON;
    to->follow.no_plots |= id == RESUME_NO_PLOTS;
    to->follow.no_bounds |= id == RESUME_NO_BOUNDS;
    to->follow.quiet |= id == RESUME_QUIET;
    return RC_OK;
}

static enum rc resume(int argc, char **argv, struct err *err)
{
    struct resume_arguments to = {0};
    struct args args = {
        .rows = rows,
        .operands_min = 1,
        .operands_max = 1,
        .operands = "RUN",
        .take = take,
        .ctx = &to,
    };
    enum rc rc = args_parse(&args, argc, argv, err);
    return rc == RC_OK ? follow_study(to.dir, &to.follow, err) : rc;
}

const struct command command_resume = {
    .name = "resume",
    .summary = "go on with an interrupted study",
    .examples = "  blobfront resume results/runs/20261120-161300-lix-v1\n"
                "  blobfront resume --quiet results/runs/mine\n",
    .rows = rows,
    .operands = "RUN",
    .run = resume,
};
