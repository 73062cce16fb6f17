/* The verdict of a gate on records that were made up, and every form it is printed in. */
#include "analysis/gate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/gate_parts.h"
#include "engine/json.h"
#include "engine/rng.h"
#include "tests/support_record.h"
#include "workloads/gate_count.h"

/* ---- studies made up ------------------------------------------------------------------------- */

static const char *const phases[] = {"ingest_binary_cold", "read_point_binary"};
static const enum metric metrics[] = {M_P50_NS, M_CPU_NS};
enum { STRATEGIES = 2, PHASES = 2, METRICS = 2, CELLS = 8 };

/* What is wrong with the programs: factors of one cell. */
struct world {
    double cv;
    uint64_t seed;
    uint32_t rounds;
    int cell;            /* strategy * 4 + phase * 2 + metric */
    double next, again;  /* the candidate's factor there, and the baseline's own second arm's */
    bool only_dedup;     /* as a repeat of what dedup brought about */
    const char *invalid; /* reason of the candidate's last run, or NULL */
    double grain;        /* of the clock, ns; 0: fine */
};

static const struct world sound = {.cv = 0.02, .seed = 1, .rounds = 40, .cell = -1};

static double normal(struct rng *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rng_unit(rng);
    return sum;
}

static const char *const labels[STRATEGIES][3] = {{"raw@base", "raw@base'", "raw@new"},
                                                  {"dedup@base", "dedup@base'", "dedup@new"}};

static void fill_run(struct made *made, const struct world *world, size_t s, size_t program,
                     double block, struct rng *rng)
{
    for (size_t p = 0; p < PHASES; p++) {
        for (size_t m = 0; m < METRICS; m++) {
            double factor = 1;
            if (world->cell == (int)(s * 4 + p * 2 + m))
                factor = program == 2 ? world->next : program == 1 ? world->again : 1;
            double value = 50000 * exp(block + world->cv * normal(rng)) * (factor > 0 ? factor : 1);
            if (world->grain > 0)
                value = floor(value / world->grain) * world->grain;
            made_value(made, SAMPLE_PHASE, phases[p], metrics[m], floor(value));
        }
    }
}

static void make(struct made *made, const struct world *world)
{
    struct rng rng = rng_stream(world->seed, "gate", 0);
    uint32_t arms[STRATEGIES][3];
    made_init(made);
    for (size_t p = 0; p < PHASES; p++)
        made_phase(made, phases[p], p ? "read_point" : "ingest", "");
    for (size_t s = world->only_dedup; s < STRATEGIES; s++) {
        arms[s][0] = made_arm(made, labels[s][0], MADE_SQL | MADE_CONTROL);
        arms[s][1] = made_arm(made, labels[s][1], MADE_SQL | MADE_CONTROL_AGAIN);
        arms[s][2] = made_arm(made, labels[s][2], MADE_SQL);
        made->arms[arms[s][2]].build = 1;
    }
    for (uint32_t round = 0; round < world->rounds; round++) {
        double block = 0.1 * normal(&rng);
        for (size_t s = world->only_dedup; s < STRATEGIES; s++)
            for (size_t program = 0; program < 3; program++) {
                bool last = round + 1 == world->rounds && program == 2;
                made_run(made, arms[s][program], round);
                fill_run(made, world, s, program, block, &rng);
                made_end(made, last ? world->invalid : NULL);
            }
    }
}

static void gate_begin(struct gate *gate, const struct gate_limits *limits, uint32_t rounds)
{
    struct err err = {0};
    memset(gate, 0, sizeof(*gate));
    assert_int_equal(gate_settings_make(&gate->settings, rounds, limits, &err), RC_OK);
    gate->base = (struct gate_side){"HEAD~1", "0123456789abcdef", "aa", "gcc 12", 8, ""};
    gate->next = (struct gate_side){"HEAD", "", "bb", "gcc 12", 8, ""};
    gate->host = "a machine";
    gate->folder = gate->note = "";
    gate->exact.golden_path = gate->exact.golden_reason = gate->exact.noisy_first = "";
    gate->exact.done = gate->exact.against_baseline = true;
    gate->exact.baseline.compared = 312;
    gate->counts.limit = GATE_COUNT_LIMIT;
    gate->counts.counter = "callgrind";
    gate->counts.why_not = "";
    gate->timing.stores = "memory";
}

static void judge(struct gate *gate, const struct world *world)
{
    struct made made;
    struct err err = {0};
    make(&made, world);
    if (gate_plan(gate, &made.record.manifest, &err) != RC_OK ||
        gate_judge(gate, &made.record, &err) != RC_OK)
        fail_msg("%s", err.msg);
    made_release(&made);
}

static void judge_again(struct gate *gate, const struct world *world)
{
    struct made made;
    struct err err = {0};
    make(&made, world);
    if (gate_judge_again(gate, &made.record, &err) != RC_OK)
        fail_msg("%s", err.msg);
    made_release(&made);
}

enum { SLOW_CELL = 6 }; /* dedup read_point_binary p50_ns */

static struct world slow(double factor, uint64_t seed)
{
    struct world world = sound;
    world.cell = SLOW_CELL;
    world.next = factor;
    world.seed = seed;
    return world;
}

/* ---- settings -------------------------------------------------------------------------------- */

static void looks_follow_the_rounds(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t rounds, count, looks[3];
    } rows[] = {{40, 3, {10, 20, 40}}, {60, 3, {15, 30, 60}}, {20, 2, {10, 20}},
                {39, 2, {19, 39}},     {19, 1, {19}},         {7, 1, {7}}};
    struct gate_settings settings;
    struct err err = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(gate_settings_make(&settings, rows[i].rounds, NULL, &err), RC_OK);
        assert_int_equal(settings.looks.count, rows[i].count);
        for (size_t k = 0; k < rows[i].count; k++)
            assert_int_equal(settings.looks.rounds[k], rows[i].looks[k]);
    }
    /* 2^-6 is above 1 %: six rounds can reject nothing. */
    for (uint32_t rounds = 0; rounds < 7; rounds++) {
        err_clear(&err);
        assert_int_equal(gate_settings_make(&settings, rounds, NULL, &err), RC_USAGE);
        assert_non_null(strstr(err.msg, "no claim can be made from"));
    }
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void equal_programs_pass(void **unused)
{
    (void)unused;
    struct gate gate;
    gate_begin(&gate, NULL, 40);
    judge(&gate, &sound);
    gate_conclude(&gate);
    assert_int_equal(gate.timing.cell_count, CELLS);
    assert_int_equal(gate.timing.rounds, 40);
    assert_int_equal(gate.pass, CELLS);
    assert_int_equal(gate.end, GATE_GREEN);
    for (size_t i = 0; i < CELLS; i++) {
        const struct gate_cell *cell = &gate.timing.cells[i];
        assert_true(fabs(cell->first.change.estimate - 1) < 0.03);
        assert_true(cell->first.change.low <= cell->first.change.estimate);
        assert_int_equal(cell->first.n, 40);
        assert_int_equal(cell->first.state.look, 1); /* CV 2 %: ten rounds do */
        /* sd of a difference of two: 2.8 %; found: 2 % + about 3.9 x 2.8 / sqrt(.955 x 40). */
        assert_true(cell->spread > 0.015 && cell->spread < 0.045);
        assert_true(cell->detectable > 0.025 && cell->detectable < 0.055);
    }
    assert_string_equal(gate.timing.cells[SLOW_CELL].strategy, "dedup");
    assert_string_equal(gate.timing.cells[SLOW_CELL].phase, "read_point_binary");
    assert_int_equal(gate.timing.cells[SLOW_CELL].metric, M_P50_NS);
    assert_true(gate_strategy_decided(&gate, "raw", false));
    assert_false(gate_strategy_suspect(&gate, "raw"));
    /* Eight cells, one per cent twice. */
    assert_true(fabs(gate_false_alarm_bound(&gate) - 8e-4) < 1e-12);
    gate_release(&gate);
}

static void red_is_a_failure_that_repeats(void **unused)
{
    (void)unused;
    struct gate gate;
    struct world first = slow(1.10, 2), again = slow(1.10, 3), once = slow(1, 4);
    gate_begin(&gate, NULL, 40);
    judge(&gate, &first);
    assert_int_equal(gate.timing.cells[SLOW_CELL].first.state.verdict, LOOKS_FAIL);
    assert_true(gate_strategy_suspect(&gate, "dedup"));
    assert_false(gate_strategy_suspect(&gate, "raw"));
    assert_false(gate_strategy_decided(&gate, "dedup", true));
    assert_true(gate_strategy_decided(&gate, "raw", true));
    /* Before the repeat it is not red. */
    gate_conclude(&gate);
    assert_int_equal(gate.timing.cells[SLOW_CELL].verdict, GATE_UNDECIDED);
    assert_int_equal(gate.end, GATE_GREEN);
    again.only_dedup = true;
    judge_again(&gate, &again);
    assert_true(gate_strategy_decided(&gate, "dedup", true));
    gate_conclude(&gate);
    assert_int_equal(gate.fail, 1);
    assert_int_equal(gate.timing.cells[SLOW_CELL].verdict, GATE_FAIL);
    assert_int_equal(gate.end, GATE_RED);
    gate_release(&gate);

    gate_begin(&gate, NULL, 40);
    judge(&gate, &first);
    once.only_dedup = true;
    judge_again(&gate, &once);
    gate_conclude(&gate);
    assert_int_equal(gate.fail, 0);
    assert_int_equal(gate.timing.cells[SLOW_CELL].verdict, GATE_PASS);
    assert_int_equal(gate.end, GATE_GREEN);
    gate_release(&gate);
}

static void what_need_not_be_noticed_is_not(void **unused)
{
    (void)unused;
    struct gate gate;
    for (uint64_t seed = 10; seed < 20; seed++) {
        struct world world = slow(1.01, seed);
        gate_begin(&gate, NULL, 40);
        judge(&gate, &world);
        gate_conclude(&gate);
        assert_int_equal(gate.fail, 0);
        assert_int_equal(gate.end, GATE_GREEN);
        gate_release(&gate);
    }
    /* Faster is never red. */
    struct world faster = slow(0.7, 30);
    gate_begin(&gate, NULL, 40);
    judge(&gate, &faster);
    gate_conclude(&gate);
    assert_int_equal(gate.timing.cells[SLOW_CELL].verdict, GATE_PASS);
    gate_release(&gate);
}

static void an_unstable_baseline_makes_it_inconclusive(void **unused)
{
    (void)unused;
    static const double factors[] = {1.2, 1 / 1.2}; /* slower than itself, and faster */
    for (size_t i = 0; i < COUNT_OF(factors); i++) {
        struct gate gate;
        struct world world = sound;
        world.cell = SLOW_CELL;
        world.again = factors[i];
        gate_begin(&gate, NULL, 40);
        judge(&gate, &world);
        assert_true(gate_strategy_suspect(&gate, "dedup"));
        gate_conclude(&gate);
        assert_int_equal(gate.end, GATE_GREEN); /* once may be chance: it is measured again */
        assert_int_equal(gate.controls_failed, 1);
        world.seed = 7;
        world.only_dedup = true;
        assert_false(gate_strategy_decided(&gate, "dedup", true));
        judge_again(&gate, &world);
        gate_conclude(&gate);
        assert_int_equal(gate.unstable, 1);
        assert_int_equal(gate.end, GATE_INCONCLUSIVE);
        /* What needs no clock stays red. */
        gate.exact.baseline.count = 1;
        gate_conclude(&gate);
        assert_int_equal(gate.end, GATE_RED);
        gate.exact.baseline.count = 0;
        gate_release(&gate);
    }
}

static void a_slow_candidate_is_not_red_where_nothing_can_be_said(void **unused)
{
    (void)unused;
    struct gate gate;
    struct world world = slow(1.3, 5);
    world.again = 1.3; /* the baseline's second arm is as slow: the machine, not the program */
    gate_begin(&gate, NULL, 40);
    judge(&gate, &world);
    world.seed = 6;
    judge_again(&gate, &world);
    gate_conclude(&gate);
    assert_int_equal(gate.fail, 1);
    assert_int_equal(gate.end, GATE_INCONCLUSIVE);
    gate_release(&gate);
}

static void a_blind_gate_is_inconclusive(void **unused)
{
    (void)unused;
    struct gate gate;
    struct world noisy = sound;
    noisy.cv = 0.4;
    gate_begin(&gate, NULL, 40);
    judge(&gate, &noisy);
    gate_conclude(&gate);
    assert_true(gate.undecided > CELLS / 5);
    assert_true(gate.blind);
    assert_int_equal(gate.end, GATE_INCONCLUSIVE);
    gate.settings.allow_undecided = true;
    gate_conclude(&gate);
    assert_int_equal(gate.end, GATE_GREEN);
    gate_release(&gate);
    /* Before any look nothing is decided, and that is not a pass. */
    struct world early = sound;
    early.rounds = 5;
    gate_begin(&gate, NULL, 40);
    judge(&gate, &early);
    gate_conclude(&gate);
    assert_int_equal(gate.pass, 0);
    assert_int_equal(gate.end, GATE_INCONCLUSIVE);
    assert_false(gate_strategy_decided(&gate, "raw", false));
    gate_release(&gate);
}

static void a_coarse_clock_is_undecided(void **unused)
{
    (void)unused;
    struct gate gate;
    struct world world = sound;
    world.cv = 0;
    world.grain = 1000;
    gate_begin(&gate, NULL, 40);
    judge(&gate, &world);
    gate_conclude(&gate);
    for (size_t i = 0; i < CELLS; i++)
        assert_true(gate.timing.cells[i].first.coarse);
    assert_int_equal(gate.pass, 0);
    assert_int_equal(gate.end, GATE_INCONCLUSIVE);
    gate_release(&gate);
}

static void an_invalid_run_has_no_verdict(void **unused)
{
    (void)unused;
    struct gate gate;
    struct made made;
    struct err err = {0};
    struct world world = sound;
    world.invalid = "read_point_binary: the bytes read are not the bytes put";
    gate_begin(&gate, NULL, 40);
    make(&made, &world);
    assert_int_equal(gate_plan(&gate, &made.record.manifest, &err), RC_OK);
    assert_int_equal(gate_judge(&gate, &made.record, &err), RC_INVALID);
    assert_non_null(strstr(err.msg, "@new is INVALID in round 40: read_point_binary: the bytes"));
    made_release(&made);
    gate_release(&gate);
}

static void limits_move_the_margin(void **unused)
{
    (void)unused;
    struct gate gate;
    struct gate_limits limits = {.count = 0};
    struct err err = {0};
    struct made made;
    struct world world = slow(1.12, 8);
    world.cv = 0.01;
    assert_int_equal(gate_limits_add(&limits, "p50_ns@read_point*=30%", &err), RC_OK);
    assert_int_equal(gate_limits_add(&limits, "raw/cpu_ns=5%", &err), RC_OK);
    gate_begin(&gate, &limits, 40);
    judge(&gate, &world);
    assert_true(gate.timing.cells[SLOW_CELL].margin == 0.30);
    assert_true(gate.timing.cells[0].margin == 0.10);
    assert_true(gate.timing.cells[1].margin == 0.05);
    /* FAIL is above 2 % whatever the margin: it says what may pass for certain. */
    assert_int_equal(gate.timing.cells[SLOW_CELL].first.state.verdict, LOOKS_FAIL);
    gate_release(&gate);
    assert_int_equal(gate_limits_add(&limits, "p99_ns=5%", &err), RC_OK);
    gate_begin(&gate, &limits, 40);
    make(&made, &world);
    assert_int_equal(gate_plan(&gate, &made.record.manifest, &err), RC_USAGE);
    assert_string_equal(err.msg, "--limit \"p99_ns=5%\" matches no timed metric");
    made_release(&made);
    gate_release(&gate);
}

/* ---- limits as typed ------------------------------------------------------------------------- */

static void limits_are_read(void **unused)
{
    (void)unused;
    struct gate_limits limits = {.count = 0};
    struct err err = {0};
    assert_int_equal(gate_limits_add(&limits, "cpu_ns=5%", &err), RC_OK);
    assert_int_equal(gate_limits_add(&limits, "dedup*/p?0_ns@read_*=0.2", &err), RC_OK);
    assert_int_equal(gate_limits_add(&limits, "*=25%", &err), RC_OK);
    assert_int_equal(limits.count, 3);
    limits.count = 2;
    assert_true(gate_limits_margin(&limits, "raw", "cpu_ns", "ingest", 0.1) == 0.05);
    assert_true(gate_limits_margin(&limits, "raw", "p50_ns", "read_point", 0.1) == 0.1);
    assert_true(gate_limits_margin(&limits, "dedup-zstd", "p50_ns", "read_point", 0.1) == 0.2);
    assert_true(gate_limits_margin(&limits, "dedup", "p50_ns", "ingest", 0.1) == 0.1);
    limits.count = 3; /* the last one that matches counts */
    assert_true(gate_limits_margin(&limits, "dedup", "p50_ns", "read_point", 0.1) == 0.25);
}

static void wrong_limits_name_the_column(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "column 1: expected a metric or a strategy, got its end"},
        {"=5%", "column 1: expected a metric or a strategy, got \"=5%\""},
        {"p50_ns", "column 7: expected \"/\", \"@\" or \"=\", got its end"},
        {"p50 ns=5%", "column 4: expected"},
        {"a/b/c=5%", "column 4: expected"},
        {"p50_ns@=5%", "column 8: expected a phase"},
        {"p50_ns@read@x=5%", "column 12: expected \"=\""},
        {"p50_ns/=5%", "column 8: expected a metric"},
        {"p50_ns=", "column 8: expected a rate"},
        {"p50_ns=5", "column 8: expected a rate"},
        {"p50_ns=much", "column 8: expected a rate"},
        {"p50_ns=-5%", "column 8: expected a rate"},
        {"p50_ns=nan", "column 8: expected a rate"},
        {"p50_ns=2%", "column 8: expected a rate above 2 %"},
        {"p50_ns=5%%", "column 8: expected a rate"},
        {"p50_ns=5% ", "column 8: expected a rate"},
        {"p50_ns=1e400%", "column 8: expected a rate"},
        {"p50\x1b_ns=5%", "column 4: expected"},
    };
    struct gate_limits limits = {.count = 0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct err err = {0};
        if (gate_limits_add(&limits, rows[i].text, &err) != RC_USAGE)
            fail_msg("\"%s\" was taken", rows[i].text);
        if (!strstr(err.msg, rows[i].says))
            fail_msg("\"%s\": %s", rows[i].text, err.msg);
        assert_int_equal(limits.count, 0);
    }
    struct err err = {0};
    char longest[2 * GATE_PATTERN_SIZE];
    memset(longest, 'a', sizeof(longest));
    memcpy(longest + sizeof(longest) - 4, "=5%", 4);
    assert_int_equal(gate_limits_add(&limits, longest, &err), RC_USAGE);
    for (size_t i = 0; i < GATE_LIMITS_MAX; i++) {
        err_clear(&err);
        assert_int_equal(gate_limits_add(&limits, "*=5%", &err), RC_OK);
    }
    assert_int_equal(gate_limits_add(&limits, "*=5%", &err), RC_USAGE);
}

/* ---- instructions ---------------------------------------------------------------------------- */

static void set_count(struct gate *gate, uint64_t base, uint64_t next)
{
    static struct gate_count item;
    item = (struct gate_count){.strategy = "dedup", .phase = "read_point_binary"};
    item.base = base;
    item.next = next;
    gate->counts.items = &item;
    gate->counts.count = 1;
    gate_counts_judge(gate);
}

static void instructions_are_judged_one_sided(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t base, next;
        enum gate_verdict verdict;
    } rows[] = {
        {1000000, 1000000, GATE_PASS}, {1000000, 1002000, GATE_PASS},
        {1000000, 1002001, GATE_FAIL}, {1000000, 1031000, GATE_FAIL},
        {1000000, 1, GATE_PASS},       {(uint64_t)1 << 50, ((uint64_t)1 << 50) + 1, GATE_PASS},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct gate gate;
        gate_begin(&gate, NULL, 40);
        set_count(&gate, rows[i].base, rows[i].next);
        assert_int_equal(gate.counts.items[0].verdict, rows[i].verdict);
        gate_conclude(&gate);
        assert_int_equal(gate.end, rows[i].verdict == GATE_FAIL ? GATE_RED : GATE_GREEN);
        gate_release(&gate);
    }
}

static void totals_are_found_in_dumps(void **unused)
{
    (void)unused;
    static const char dump[] =
        "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\npid: 42\n"
        "cmd: blobfront totals: 7\npart: 1\n\ndesc: Trigger: --dump-after\n"
        "events: Ir\nsummary: 4547554\n\nfn=(1) window_run\n0 9 1\n"
        "totals: 4547554\n";
    static const char old[] = "version: 1\nsummary: 123\n";
    static const char *const none[] = {"",
                                       "totals: \n",
                                       "totals: x\n",
                                       "totals: 12",
                                       "total: 1\n",
                                       "totals: -4\n",
                                       "totals: 99999999999999999999999\n",
                                       "totals: 1 2\n"};
    uint64_t value = 0;
    assert_true(gate_callgrind_total(span_of_str(dump), &value));
    assert_true(value == 4547554);
    assert_true(gate_callgrind_total(span_of_str(old), &value));
    assert_true(value == 123);
    for (size_t i = 0; i < COUNT_OF(none); i++)
        if (gate_callgrind_total(span_of_str(none[i]), &value))
            fail_msg("\"%s\" has a total", none[i]);

    static const char perf[] = "# started on Fri Nov 20\n\n1234567,,instructions:u,1000,100.00,,\n";
    static const char *const no_perf[] = {"", "<not supported>,,instructions:u,0,100.00,,\n",
                                          "<not counted>,,instructions:u,0,100.00,,\n",
                                          "12,,cycles:u,0,100.00,,\n", "instructions:u\n"};
    assert_true(gate_perf_total(span_of_str(perf), &value));
    assert_true(value == 1234567);
    for (size_t i = 0; i < COUNT_OF(no_perf); i++)
        assert_false(gate_perf_total(span_of_str(no_perf[i]), &value));
}

/* ---- what was agreed ------------------------------------------------------------------------- */

static void a_golden_file_agrees_to_a_difference(void **unused)
{
    (void)unused;
    struct golden_difference page = {GOLDEN_CHANGED, "copies", "dedup", "after_ingest",
                                     "page_count",   6,        7};
    struct gate gate;
    gate_begin(&gate, NULL, 40);
    gate.exact.baseline = (struct golden_comparison){&page, 1, 312, 0};
    gate_conclude(&gate);
    assert_int_equal(gate.end, GATE_RED);
    assert_int_equal(gate.exact_different, 1);
    /* The golden file says what the candidate does: the baseline may differ. */
    gate.exact.golden_path = "gate.json";
    gate.exact.golden = (struct golden_comparison){NULL, 0, 312, 0};
    gate_conclude(&gate);
    assert_int_equal(gate.end, GATE_GREEN);
    assert_int_equal(gate.exact_agreed, 1);
    /* It says something else: red, also where the baseline does as the candidate. */
    gate.exact.golden = (struct golden_comparison){&page, 1, 311, 0};
    gate.exact.baseline.count = 0;
    gate_conclude(&gate);
    assert_int_equal(gate.end, GATE_RED);
    gate.exact.golden_updated = true;
    gate_conclude(&gate);
    assert_int_equal(gate.end, GATE_GREEN);
    gate_release(&gate);
}

/* ---- what is printed ------------------------------------------------------------------------- */

/* A gate with something of everything, names that try to be markup included. */
static void red_gate(struct gate *gate)
{
    static struct golden_difference items[] = {
        {GOLDEN_CHANGED, "copies", "de<d>&\"up", "after_ingest", "page_count", 6, 7},
        {GOLDEN_CHANGED, "copies", "dedup", "run", "verification", NAN, NAN},
        {GOLDEN_MISSING, "text", "dedup", "mixed", "syncs", 3, NAN},
        {GOLDEN_ADDED, "text", "dedup", "mixed", "syncs", NAN, 4},
        {GOLDEN_NOISY, "text", "dedup", "mixed", "syncs", 3, NAN},
        {GOLDEN_CHANGED, "text", "dedup", "mixed", "write_amp", 1.00001, 1.00002},
    };
    struct world first = slow(1.10, 2), again = slow(1.10, 3);
    gate_begin(gate, NULL, 40);
    judge(gate, &first);
    again.only_dedup = true;
    judge_again(gate, &again);
    gate->timing.cells[0].strategy = "r<a>&w'\n|`";
    set_count(gate, 1000000, 1031000);
    gate->counts.items[0].next_again = 1031000;
    gate->exact.baseline = (struct golden_comparison){items, COUNT_OF(items), 312, 0};
    gate->base.asked = "feature/<x>&\x1b[31m";
    gate->seconds = 12.5;
    gate->seed = 42;
    gate_conclude(gate);
    assert_int_equal(gate->end, GATE_RED);
}

static void print(enum rc (*writer)(const struct gate *, struct buf *, struct err *),
                  const struct gate *gate, struct buf *out)
{
    struct err err = {0};
    buf_clear(out);
    if (writer(gate, out, &err) != RC_OK)
        fail_msg("%s", err.msg);
    (void)buf_str(out);
}

static void assert_has(const struct buf *out, const char *const *parts)
{
    for (; *parts; parts++)
        if (!strstr((const char *)out->ptr, *parts))
            fail_msg("\"%s\" is not in:\n%s", *parts, (const char *)out->ptr);
}
#define HAS(out, ...) assert_has((out), (const char *const[]){__VA_ARGS__, NULL})

static void the_table_says_all_of_it(void **unused)
{
    (void)unused;
    struct gate gate;
    struct buf out = {0};
    red_gate(&gate);
    print(gate_text, &gate, &out);
    HAS(&out, "DIFFERS from the baseline: dedup on copies, run: other bytes were read",
        "dedup on text, mixed: syncs was 3 and is gone", "dedup on text, mixed: syncs is new: 4",
        "syncs was 3 and is not the same in two runs now",
        "write_amp 1.0000100000000001 -> 1.0000199999999999", "page_count 6 -> 7",
        "FAIL: instructions dedup read_point_binary: +3.10 % (limit +0.2 %), 1,000,000 -> 1,031,000"
        ", counted twice",
        "FAIL: dedup read_point_binary p50_ns: change +", "; measured again +", "verdict: red\n",
        "at most 8 x 1 %^2 = 0.08 % of gates are red by chance",
        "8 timed metrics: 7 pass, 0 undecided, 1 FAIL (dedup read_point_binary p50_ns); 312 exact: "
        "6 "
        "DIFFER; instructions: 1 of 1 ABOVE +0.2 %\n");
    assert_null(strchr((const char *)out.ptr, '\x1b'));
    for (const char *line = (const char *)out.ptr; *line; line += strcspn(line, "\n") + 1)
        if (strncmp(line, "raw", 3) == 0 || strncmp(line, "dedup", 5) == 0)
            assert_true(strcspn(line, "\n") <= 115);
    gate.unstable = 1;
    gate.end = GATE_INCONCLUSIVE;
    print(gate_text, &gate, &out);
    HAS(&out, "\nENVIRONMENT: UNSTABLE: the baseline differs from itself, twice, in 1 of 8",
        "verdict: inconclusive\n");
    buf_release(&out);
    gate_release(&gate);
}

static void an_empty_gate_says_so(void **unused)
{
    (void)unused;
    struct gate gate;
    struct buf out = {0};
    gate_begin(&gate, NULL, 40);
    gate.exact.done = false;
    gate.counts.why_not = "valgrind is not installed";
    gate_conclude(&gate);
    print(gate_text, &gate, &out);
    HAS(&out, "warning: instructions not checked: valgrind is not installed",
        "timing: not measured; exact: not checked; instructions: not checked\n");
    print(gate_json, &gate, &out);
    print(gate_junit, &gate, &out);
    HAS(&out, "<skipped message=\"valgrind is not installed\"/>",
        "<skipped message=\"not checked\"/>");
    print(gate_annotations, &gate, &out);
    HAS(&out, "::warning title=instructions not checked::valgrind is not installed\n");
    print(gate_markdown, &gate, &out);
    HAS(&out, "## blobfront gate: green");
    buf_release(&out);
    gate_release(&gate);
}

static void json_is_json(void **unused)
{
    (void)unused;
    struct gate gate;
    struct buf out = {0};
    struct json *json = NULL;
    struct err err = {0};
    const char *text;
    const struct json_node *node, *cells;
    red_gate(&gate);
    print(gate_json, &gate, &out);
    if (json_parse(&json, buf_span(&out), "gate", 0, &err) != RC_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(json_get_string(json, json_root(json), "schema", &text, &err), RC_OK);
    assert_string_equal(text, GATE_SCHEMA);
    assert_int_equal(json_get_string(json, json_root(json), "verdict", &text, &err), RC_OK);
    assert_string_equal(text, "red");
    assert_int_equal(json_get_object(json, json_root(json), "timing", &node, &err), RC_OK);
    assert_int_equal(json_get_array(json, node, "cells", &cells, &err), RC_OK);
    size_t count = 0;
    for (node = NULL; (node = json_next(cells, node)) != NULL;)
        count++;
    assert_int_equal(count, CELLS);
    json_free(json);
    buf_release(&out);
    gate_release(&gate);
}

/* Well-formed as far as a test without a parser can say: tests/cli/gate.sh uses one. */
static void junit_is_escaped(void **unused)
{
    (void)unused;
    struct gate gate;
    struct buf out = {0};
    red_gate(&gate);
    gate.counts.items[0].strategy = "\x01\xff\xef\xbf\xbe\xc3\xa4]]>";
    print(gate_junit, &gate, &out);
    HAS(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>",
        "name=\"r&lt;a&gt;&amp;w&apos;&#10;|` ingest_binary_cold p50_ns\"",
        "baseline: de&lt;d&gt;&amp;&quot;up after_ingest page_count",
        "name=\"???\xc3\xa4]]&gt; read_point_binary\"",
        "<testsuite name=\"blobfront gate: timing\" tests=\"8\" failures=\"1\" errors=\"0\" "
        "skipped=\"0\">",
        "<testsuite name=\"blobfront gate: exact\" tests=\"7\" failures=\"6\" errors=\"0\" "
        "skipped=\"0\">",
        "</testsuites>\n");
    gate.unstable = 1;
    gate.end = GATE_INCONCLUSIVE;
    print(gate_junit, &gate, &out);
    HAS(&out, "failures=\"0\" errors=\"0\" skipped=\"1\">",
        "<failure message=\"ENVIRONMENT: UNSTABLE");
    buf_release(&out);
    gate_release(&gate);
}

static void workflow_commands_are_escaped(void **unused)
{
    (void)unused;
    struct gate gate;
    struct buf out = {0};
    red_gate(&gate);
    gate.timing.cells[SLOW_CELL].strategy = "a:b,c%\r\nd";
    print(gate_annotations, &gate, &out);
    HAS(&out,
        "::error title=exact%3A not as the baseline::de<d>&\"up on copies, after_ingest: "
        "page_count 6 -> 7\n",
        "::error title=slower%3A a%3Ab%2Cc%25%0D%0Ad read_point_binary p50_ns::change +",
        "::error title=more instructions::instructions dedup read_point_binary: +3.10 %25 (limit "
        "+0.2 %25)");
    /* Every line is a command: nothing broke one in two. */
    for (const char *line = (const char *)out.ptr; *line; line += strcspn(line, "\n") + 1)
        assert_int_equal(strncmp(line, "::", 2), 0);
    print(gate_markdown, &gate, &out);
    HAS(&out, "## blobfront gate: red", "**FAIL**", "| `p50_ns` |");
    assert_null(strstr((const char *)out.ptr, "<a>"));
    assert_null(strstr((const char *)out.ptr, "<d>"));
    buf_release(&out);
    gate_release(&gate);
}

/* ---- all of it on null studies --------------------------------------------------------------- */

/* Two equal programs, 300 gates of 8 cells: the first FAIL of a cell is rare, a red gate unseen. */
static void null_gates_are_not_red(void **unused)
{
    (void)unused;
    enum { GATES = 300 };
    size_t failed = 0, red = 0, passed = 0;
    for (uint64_t i = 0; i < GATES; i++) {
        struct gate gate;
        struct world world = sound;
        world.cv = 0.05;
        world.seed = 1000 + 2 * i;
        gate_begin(&gate, NULL, 40);
        judge(&gate, &world);
        for (size_t c = 0; c < CELLS; c++)
            failed += gate.timing.cells[c].first.state.verdict == LOOKS_FAIL;
        world.seed++;
        if (gate_strategy_suspect(&gate, "raw") || gate_strategy_suspect(&gate, "dedup"))
            judge_again(&gate, &world);
        gate_conclude(&gate);
        passed += gate.pass;
        red += gate.end == GATE_RED;
        gate_release(&gate);
    }
    assert_int_equal(red, 0);
    assert_true(failed <= 10); /* 2400 cells, 0.1 % at most expected at CV 5 % */
    assert_true(passed >= (size_t)(0.98 * GATES * CELLS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_follow_the_rounds),
        cmocka_unit_test(equal_programs_pass),
        cmocka_unit_test(red_is_a_failure_that_repeats),
        cmocka_unit_test(what_need_not_be_noticed_is_not),
        cmocka_unit_test(an_unstable_baseline_makes_it_inconclusive),
        cmocka_unit_test(a_slow_candidate_is_not_red_where_nothing_can_be_said),
        cmocka_unit_test(a_blind_gate_is_inconclusive),
        cmocka_unit_test(a_coarse_clock_is_undecided),
        cmocka_unit_test(an_invalid_run_has_no_verdict),
        cmocka_unit_test(limits_move_the_margin),
        cmocka_unit_test(limits_are_read),
        cmocka_unit_test(wrong_limits_name_the_column),
        cmocka_unit_test(instructions_are_judged_one_sided),
        cmocka_unit_test(totals_are_found_in_dumps),
        cmocka_unit_test(a_golden_file_agrees_to_a_difference),
        cmocka_unit_test(the_table_says_all_of_it),
        cmocka_unit_test(an_empty_gate_says_so),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(junit_is_escaped),
        cmocka_unit_test(workflow_commands_are_escaped),
        cmocka_unit_test(null_gates_are_not_red),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
