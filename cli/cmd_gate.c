/* gate: may this program replace that one? */
#include <string.h>
#include <unistd.h>

#include "cli/gate_flow.h"

enum {
    GATE_BASELINE,
    GATE_CANDIDATE,
    GATE_GOLDEN,
    GATE_NO_GOLDEN,
    GATE_UPDATE_GOLDEN,
    GATE_BASELINE_FILE,
    GATE_SAVE_BASELINE,
    GATE_STRATEGY,
    GATE_ROUNDS,
    GATE_SEED,
    GATE_LIMIT_OPTION,
    GATE_ALLOW_UNDECIDED,
    GATE_NO_TIMING,
    GATE_INSTRUCTIONS,
    GATE_INSTRUCTION_LIMIT,
    GATE_OUT,
    GATE_JSON,
    GATE_JUNIT,
    GATE_QUIET,
    GATE_NO_COLOR
};

static const struct arg rows[] = {
    {GATE_BASELINE, "--baseline", "REV|PATH", NULL,
     "what to compare with: a Git revision, a program, a folder of link orders"},
    {GATE_CANDIDATE, "--candidate", "REV|PATH", NULL, "what is judged (default: this program)"},
    {GATE_GOLDEN, "--golden", "FILE", NULL,
     "agreed exact counters (default " GATE_DEFAULT_GOLDEN " where it exists)"},
    {GATE_NO_GOLDEN, "--no-golden", NULL, NULL, "leave the golden file out"},
    {GATE_UPDATE_GOLDEN, "--update-golden", "REASON", NULL,
     "write the golden file anew: what is different now is agreed"},
    {GATE_BASELINE_FILE, "--baseline-file", "FILE", NULL,
     "compare with what --save-baseline stored; timing is never compared with a file"},
    {GATE_SAVE_BASELINE, "--save-baseline", "FILE", NULL,
     "store the candidate's exact counters and instructions"},
    {GATE_STRATEGY, "--strategy", "S", NULL,
     "strategy, repeatable (default raw, dedup, dedup-zstd, chunked)"},
    {GATE_ROUNDS, "--rounds", "N", NULL, "timed rounds at most (default 40, at least 7)"},
    {GATE_SEED, "--seed", "N", NULL, "of orders and layouts (default: another every time)"},
    {GATE_LIMIT_OPTION, "--limit", "[S/]METRIC[@PHASE]=RATE", NULL,
     "what must not be let through, repeatable (default *=10%)"},
    {GATE_ALLOW_UNDECIDED, "--allow-undecided", NULL, NULL,
     "green although more than 20 % of the timed metrics are undecided"},
    {GATE_NO_TIMING, "--no-timing", NULL, NULL, "exact counters and instructions only"},
    {GATE_INSTRUCTIONS, "--instructions", "HOW", NULL, "auto (default), perf, callgrind or none"},
    {GATE_INSTRUCTION_LIMIT, "--instruction-limit", "RATE", NULL,
     "instructions that may be added (default 0.2%)"},
    {GATE_OUT, "--out", "DIR", NULL, "records and logs (default " GATE_DEFAULT_OUT "/TIME)"},
    {GATE_JSON, "--json", "FILE", NULL, "also write the verdict as JSON; - is stdout"},
    {GATE_JUNIT, "--junit", "FILE", NULL, "also write it as JUnit XML; - is stdout"},
    {GATE_QUIET, "--quiet", NULL, NULL, "no progress"},
    {GATE_NO_COLOR, "--no-color", NULL, NULL, "accepted; nothing is coloured"},
    {.name = NULL},
};

static enum rc take_file(const char *option, const char *value, const char **out, struct err *err)
{
    *out = value;
    return value[0] ? RC_OK : FAIL(err, RC_USAGE, 0, "%s: expected a file, got \"\"", option);
}

static enum rc take_strategy(struct gate_options *to, const char *value, struct err *err)
{
    if (to->strategy_count == GATE_STRATEGIES_MAX)
        return FAIL(err, RC_USAGE, 0, "--strategy: given more than %d times", GATE_STRATEGIES_MAX);
    to->strategies[to->strategy_count++] = value;
    return RC_OK;
}

static enum rc take_number(struct gate_options *to, int id, const char *value, struct err *err)
{
    uint64_t number = 0;
    if (id == GATE_SEED) {
        to->seed_given = true;
        return parse_u64(value, 0, (uint64_t)1 << 53, "--seed", &to->seed, err);
    }
    enum rc rc = parse_u64(value, 1, PLAN_ROUNDS_MAX, "--rounds", &number, err);
    to->rounds = (uint32_t)number;
    return rc;
}

static enum rc take_path(struct gate_options *to, int id, const char *value, struct err *err)
{
    switch (id) {
    case GATE_GOLDEN: return take_file("--golden", value, &to->golden, err);
    case GATE_BASELINE_FILE: return take_file("--baseline-file", value, &to->baseline_file, err);
    case GATE_SAVE_BASELINE: return take_file("--save-baseline", value, &to->save_baseline, err);
    case GATE_OUT: return take_file("--out", value, &to->out, err);
    case GATE_JSON: return take_file("--json", value, &to->json, err);
    case GATE_JUNIT: return take_file("--junit", value, &to->junit, err);
    default:
        CHECK(false); /* an option without a handler */
        return RC_BUG;
    }
}

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct gate_options *to = ctx;
    (void)value2;
    switch (id) {
    case GATE_BASELINE: to->baseline = value; return RC_OK;
    case GATE_CANDIDATE: to->candidate = value; return RC_OK;
    case GATE_NO_GOLDEN: to->no_golden = true; return RC_OK;
    case GATE_UPDATE_GOLDEN: to->update_golden = value; return golden_reason_check(value, err);
    case GATE_STRATEGY: return take_strategy(to, value, err);
    case GATE_ROUNDS:
    case GATE_SEED: return take_number(to, id, value, err);
    case GATE_LIMIT_OPTION: return gate_limits_add(&to->limits, value, err);
    case GATE_ALLOW_UNDECIDED: to->allow_undecided = true; return RC_OK;
    case GATE_NO_TIMING: to->no_timing = true; return RC_OK;
    case GATE_INSTRUCTIONS: to->instructions = value; return RC_OK;
    case GATE_INSTRUCTION_LIMIT:
        return parse_rate(value, 0, 10, "--instruction-limit", &to->instruction_limit, err);
    case GATE_QUIET: to->quiet = true; return RC_OK;
    case GATE_NO_COLOR: return RC_OK;
    default: return take_path(to, id, value, err);
    }
}

static enum rc both_given(const char *a, const char *b, struct err *err)
{
    return FAIL(err, RC_USAGE, 0, "%s and %s: expected one of them", a, b);
}

static bool is_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static enum rc check(const struct gate_options *to, struct err *err)
{
    bool golden = !to->no_golden && (to->golden || access(GATE_DEFAULT_GOLDEN, F_OK) == 0);
    if (to->baseline && to->baseline_file)
        return both_given("--baseline", "--baseline-file", err);
    if (to->no_golden && to->golden)
        return both_given("--golden", "--no-golden", err);
    if (to->no_golden && to->update_golden)
        return both_given("--update-golden", "--no-golden", err);
    if (is_stdout(to->json) && is_stdout(to->junit))
        return FAIL(err, RC_USAGE, 0, "--json - and --junit -: both want standard output");
    if (to->limits.count && (!to->baseline || to->no_timing))
        return FAIL(err, RC_USAGE, 0, "--limit: nothing is timed without --baseline%s",
                    to->no_timing ? ", or with --no-timing" : "");
    if (!to->baseline && !to->baseline_file && !golden && !to->update_golden &&
        !to->save_baseline) {
        FAIL(err, RC_USAGE, 0,
             "nothing to compare with: expected --baseline, --baseline-file or a "
             "golden file");
        err_hint(err, "blobfront gate --baseline HEAD~1");
        return RC_USAGE;
    }
    return RC_OK;
}

static enum rc gate(int argc, char **argv, struct err *err)
{
    struct gate_options to = {
        .rounds = 40, .instructions = "auto", .instruction_limit = GATE_COUNT_LIMIT};
    struct args args = {
        .rows = rows,
        .lists = (uint64_t)1 << GATE_STRATEGY | (uint64_t)1 << GATE_LIMIT_OPTION,
        .operands = "",
        .take = take,
        .ctx = &to,
    };
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK)
        rc = check(&to, err);
    if (rc != RC_OK)
        return rc;
    stop_on_signals();
    return gate_flow_run(&to, err);
}

const struct command command_gate = {
    .name = "gate",
    .summary = "the CI verdict: may this program replace that one? exit code 3 says no",
    .examples = "  blobfront gate --baseline origin/main --junit gate.xml\n"
                "  blobfront gate --baseline old/blobfront --limit 'p50_ns@read_point*=15%'\n",
    .rows = rows,
    .operands = "",
    .run = gate,
};
