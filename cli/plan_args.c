#include "cli/plan_args.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strategies/strategies.h"

/* ---- values --------------------------------------------------------------------------------- */

static enum rc add_item(const char **list, size_t *count, const char *what, const char *value,
                        struct err *err)
{
    if (*count == PLAN_LIST_MAX)
        return FAIL(err, RC_USAGE, 0, "%s: given more than %d times", what, PLAN_LIST_MAX);
    list[(*count)++] = value;
    return RC_OK;
}

static enum rc take_data(struct plan_args *to, const char *value, struct err *err)
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

/* "16,24,40"; whether they ascend is for the plan to say. */
static enum rc take_looks(struct plan_args *to, const char *value, struct err *err)
{
    size_t *count = &to->request.look_count;
    enum rc rc = RC_OK;
    for (const char *text = value; rc == RC_OK && text; *count += 1) {
        char number[24];
        size_t len = strcspn(text, ",");
        if (*count == RECORD_LOOKS_MAX)
            return FAIL(err, RC_USAGE, 0, "--looks: expected at most %d numbers, got \"%s\"",
                        RECORD_LOOKS_MAX, Q(value));
        (void)snprintf(number, sizeof(number), "%.*s", (int)(len < 20 ? len : 20), text);
        rc = take_u32(number, PLAN_ROUNDS_MAX, "--looks", &to->looks[*count], err);
        text = text[len] ? text + len + 1 : NULL;
    }
    to->request.looks = to->looks;
    return rc;
}

/* Operations per second: 2000, 2000/s, 2k, 0.5/s. */
static enum rc take_open_loop(const char *value, double *out, struct err *err)
{
    char *end;
    size_t digits = strspn(value, "0123456789.");
    double rate = digits ? strtod(value, &end) : 0;
    if (rate > 0) {
        if (*end == 'k') {
            rate *= 1000;
            end++;
        }
        if (strcmp(end, "/s") == 0)
            end += 2;
    }
    if (!(rate >= 0.01 && rate <= 1e9) || *end || strchr(value, 'x'))
        return FAIL(err, RC_USAGE, 0,
                    "--open-loop: expected operations per second from 0.01 to 1e9 (2000, 2000/s, "
                    "2k), got \"%s\"",
                    Q(value));
    *out = rate;
    return RC_OK;
}

static enum rc take_alpha(const char *value, double *out, struct err *err)
{
    enum rc rc = parse_rate(value, 0, 0.5, "--alpha", out, err);
    if (rc == RC_OK && *out < 1e-9)
        rc = FAIL(err, RC_USAGE, 0, "--alpha: expected a rate above 0, got \"%s\"", Q(value));
    return rc;
}

static enum rc take_profile(struct plan_args *to, const char *value, struct err *err)
{
    to->full = strcmp(value, "full") == 0;
    if (!to->full && strcmp(value, "quick") != 0)
        return FAIL(err, RC_USAGE, 0, "--profile: expected quick or full, got \"%s\"", Q(value));
    return RC_OK;
}

/* ---- options -------------------------------------------------------------------------------- */

/* What is counted, measured or listed. */
static enum rc take_numbers(struct plan_args *to, int id, const char *value, struct err *err)
{
    struct plan_request *request = &to->request;
    switch (id) {
    case PLAN_ARG_STRATEGY:
        return add_item(to->strategies, &request->strategy_count, "--strategy", value, err);
    case PLAN_ARG_WORKLOAD:
        return add_item(to->workloads, &request->workload_count, "--workload", value, err);
    case PLAN_ARG_SET:
        return add_item(to->sets, &request->workload_option_count, "--set", value, err);
    case PLAN_ARG_DATASET:
        if (request->dataset)
            return FAIL(err, RC_USAGE, 0, "--data and --dataset: expected one of them, once");
        request->dataset = value;
        return RC_OK;
    case PLAN_ARG_DATA: return take_data(to, value, err);
    case PLAN_ARG_PROFILE: return take_profile(to, value, err);
    case PLAN_ARG_ROUNDS:
        return take_u32(value, PLAN_ROUNDS_MAX, "--rounds", &request->rounds, err);
    case PLAN_ARG_LOOKS: return take_looks(to, value, err);
    case PLAN_ARG_ALPHA: return take_alpha(value, &request->alpha, err);
    case PLAN_ARG_OPEN_LOOP: return take_open_loop(value, &request->open_loop_per_s, err);
    case PLAN_ARG_BUDGET: return take_budget(value, &request->budget_ns, err);
    case PLAN_ARG_SEED:
        request->seed_given = true;
        return parse_u64(value, 0, (uint64_t)1 << 53, "--seed", &request->seed, err);
    case PLAN_ARG_BATCH: return take_u32(value, 1000000, "--batch", &request->batch, err);
    case PLAN_ARG_GUARDRAIL:
        return parse_rate(value, 0, 100, "--guardrail", &request->guardrail, err);
    default:
        CHECK(false); /* an option without a handler */
        return RC_BUG;
    }
}

enum rc plan_args_take(struct plan_args *to, int id, const char *value, struct err *err)
{
    struct plan_request *request = &to->request;
    switch (id) {
    case PLAN_ARG_DURABILITY: request->durability = value; return RC_OK;
    case PLAN_ARG_RETENTION: request->retention = value; return RC_OK;
    case PLAN_ARG_UNTIL_DECIDED: request->until_decided = true; return RC_OK;
    case PLAN_ARG_NO_RACING: request->no_racing = true; return RC_OK;
    case PLAN_ARG_NO_LAYOUT: request->no_layout = true; return RC_OK;
    case PLAN_ARG_ANYWHERE: request->anywhere = true; return RC_OK;
    case PLAN_ARG_KEEP: request->keep = value; return RC_OK;
    case PLAN_ARG_OUT:
        request->out = value;
        return value[0] ? RC_OK : FAIL(err, RC_USAGE, 0, "--out: expected a folder, got \"\"");
    case PLAN_ARG_NAME: request->name = value; return RC_OK;
    default: return take_numbers(to, id, value, err);
    }
}

/* ---- the plan ------------------------------------------------------------------------------- */

/* Strategies and rounds a profile stands for, where none were named. */
static enum rc apply_profile(struct plan_args *to, struct err *err)
{
    static const uint32_t looks[] = {16, 24, 40};
    static const char *const core[] = {"raw", "memory", "dedup", "dedup-zstd", "chunked"};
    struct plan_request *request = &to->request;
    enum rc rc = RC_OK;
    if (request->rounds == 0 && request->look_count == 0 && !request->until_decided) {
        request->rounds = to->full ? 0 : 3;
        request->looks = looks;
        request->look_count = to->full ? COUNT_OF(looks) : 0;
    }
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

enum rc plan_args_make(struct plan_args *to, struct arena *arena, struct record_manifest *manifest,
                       struct err *err)
{
    to->request.strategies = to->strategies;
    to->request.workloads = to->workloads;
    to->request.workload_options = to->sets;
    enum rc rc = apply_profile(to, err);
    return rc == RC_OK ? plan_make(&to->request, arena, manifest, err) : rc;
}

void plan_args_release(struct plan_args *to)
{
    buf_release(&to->dataset);
}
