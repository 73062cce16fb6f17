/* run-one: one run of a study, in a process of its own.  Internal: `run` and `resume` start it. */
#include <sys/prctl.h>

#include "cli/cli.h"
#include "workloads/study.h"

struct run_one_arguments {
    const char *dir;
    uint64_t run;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct run_one_arguments *to = ctx;
    (void)id;
    (void)value2;
    if (!to->dir) {
        to->dir = value;
        return RC_OK;
    }
    return parse_u64(value, 0, 1000000, "run number", &to->run, err);
}

static enum rc run_one(int argc, char **argv, struct err *err)
{
    static const struct arg none[] = {{.name = NULL}};
    struct run_one_arguments to = {0};
    struct args args = {
        .rows = none,
        .operands_min = 2,
        .operands_max = 2,
        .operands = "RUN NUMBER",
        .take = take,
        .ctx = &to,
    };
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc != RC_OK)
        return rc;
    /* A run must not go on measuring for a study that is gone. */
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    stop_on_signals();
    return study_run_one(to.dir, (uint32_t)to.run, &stop_signal, err);
}

const struct command command_run_one = {
    .name = "run-one",
    .summary = "one run of a study (internal)",
    .examples = "",
    .internal = true,
    .operands = "RUN NUMBER",
    .run = run_one,
};
