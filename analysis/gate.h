/* gate.h: the verdict of a gate: may this candidate replace that baseline?
 *
 * Three layers, each with its own certainty:
 *
 *   exact          counters of the candidate against those of the baseline and of a golden file:
 *                  equal or red, in both directions.  No error is possible but a defect.  What the
 *                  golden file says was agreed on: where the candidate is as it says, the baseline
 *                  may differ.
 *   instructions   executed in the timed operations, one-sided: red above the baseline's + 0.2 %.
 *   timing         per cell (strategy x phase x metric) the paired log ratio new / base of every
 *                  round, judged by SPEND-2B (looks.h) at 1 % per error; a cell that FAILs is
 *                  measured again, independently, and is red when it FAILs again.  The baseline
 *                  against itself (base' / base) is judged the same way, in both directions: where
 *                  that fails twice the environment is unstable and the timing says nothing.
 *
 * The verdict is red (a regression), green, or inconclusive: timing unstable, or more than a fifth
 * of its cells undecided ("the gate is blind").  An exact difference is red whatever timing says.
 *
 * The record of a timed study names its arms STRATEGY@base, STRATEGY@base', STRATEGY@new; build 0
 * is the baseline, the arm of build 0 with control_again its negative control.
 *
 * A gate borrows everything it is given (records excepted: their texts are copied) and owns the
 * rest in one arena; gate_release accepts a zeroed one.
 */
#ifndef ANALYSIS_GATE_H
#define ANALYSIS_GATE_H

#include "analysis/gate_limits.h"
#include "analysis/looks.h"
#include "analysis/signrank.h"
#include "results/golden.h"

#define GATE_SCHEMA        "blobfront/gate/1"
#define GATE_ALPHA         0.01
#define GATE_MARGIN        0.10
#define GATE_COUNT_LIMIT   0.002 /* instructions: what may be added, unless asked otherwise */
#define GATE_UNDECIDED_MAX 0.20  /* of the timed cells; above it the gate is blind */
#define GATE_POWER         0.90  /* "smallest change that is found": with this probability */

enum gate_verdict { GATE_PASS, GATE_UNDECIDED, GATE_FAIL };
const char *gate_verdict_name(enum gate_verdict verdict); /* "pass", "undecided", "FAIL" */

/* ---- timing ---------------------------------------------------------------------------------- */

/* One comparison in one study: the candidate with the baseline, or the baseline with itself. */
struct gate_pair {
    size_t n;               /* rounds */
    struct interval change; /* of the ratio other / base: 1 is equal; NaN when n is 0 */
    struct looks_state state;
    bool coarse; /* too many rounds without any difference: cannot be judged */
};

struct gate_cell {
    const char *strategy, *phase;
    enum metric metric;
    double margin;
    double base, next; /* medians over the rounds of the first study */
    double spread;     /* of base' / base, log, as planning_spread gives it */
    double detectable; /* slowdown found with GATE_POWER in all rounds; share; inf: none */
    struct gate_pair first, again; /* candidate; again.n is 0 unless it was repeated */
    struct gate_pair control, control_again;
    enum gate_verdict verdict;
    bool unstable; /* the control failed twice */
};

struct gate_settings {
    struct looks looks;
    struct looks_bounds bounds; /* margin: the default, overridden by limits */
    const struct gate_limits *limits;
    bool allow_undecided;
};
/* `rounds` at most: looks after a quarter, a half and all of 40 or more, after half and all of 20
 * or more, else one.  RC_USAGE when no claim could be made with so few. */
MUST_CHECK enum rc gate_settings_make(struct gate_settings *settings, uint32_t rounds,
                                      const struct gate_limits *limits, struct err *err);

struct gate_timing {
    struct gate_cell *cells;
    size_t cell_count;
    uint32_t rounds, rounds_again; /* done; 0: was not asked for */
    uint32_t voided, voided_again;
    const char *stores; /* where they were: "/dev/shm, in memory" */
};

/* ---- instructions ---------------------------------------------------------------------------- */

struct gate_count {
    const char *strategy, *phase;
    uint64_t base, next;
    uint64_t next_again; /* counted again because it was red; 0: it was not */
    double change;       /* share */
    enum gate_verdict verdict;
};
struct gate_counts {
    double limit;        /* what may be added, share: GATE_COUNT_LIMIT as a rule */
    const char *counter; /* "callgrind", "perf (whole runs)"; "" when nothing counted */
    const char *why_not; /* "" or why the layer was not checked: a warning */
    struct gate_count *items;
    size_t count;
};

/* ---- exact ----------------------------------------------------------------------------------- */

struct gate_exact {
    bool done;
    const char *golden_path; /* "" : no golden file */
    const char *golden_reason;
    bool golden_updated;
    struct golden_comparison golden, baseline;
    bool against_baseline;
    size_t noisy;            /* metrics of the candidate that were not equal in its own runs */
    const char *noisy_first; /* "dedup on \"copies\": ingest_binary_cold syncs", or "" */
};

/* ---- all ------------------------------------------------------------------------------------- */

enum gate_end { GATE_GREEN, GATE_RED, GATE_INCONCLUSIVE };

struct gate_side {
    const char *asked, *revision; /* "origin/main", commit or "" */
    const char *hash, *compiler;
    uint32_t orders;
    const char *note; /* or "" */
};

struct gate {
    struct arena arena;
    struct gate_settings settings;
    struct gate_side base, next;
    const char *host; /* one line: CPU, kernel */
    uint64_t seed;
    bool base_is_file; /* a stored baseline: no timing */
    struct gate_exact exact;
    struct gate_counts counts;
    struct gate_timing timing;
    double seconds;
    const char *folder; /* where its records are */
    const char *note;   /* or "" */

    /* gate_conclude fills the rest. */
    enum gate_end end;
    size_t pass, undecided, fail, unstable;
    size_t controls_failed; /* cells whose control failed once or twice */
    size_t exact_different; /* that are red */
    size_t exact_agreed;    /* from the baseline, as the golden file says */
    size_t counts_fail;
    bool blind;
};
void gate_release(struct gate *gate);
/* Verdicts of the counts, from their numbers and the limit. */
void gate_counts_judge(struct gate *gate);
/* A copy in the gate's arena. */
MUST_CHECK enum rc gate_keep(struct gate *gate, const char **out, const char *text,
                             struct err *err);

/* The cells of a timed plan: strategies x phases x {p50_ns, cpu_ns}.  RC_USAGE when a limit matches
 * none of them.  Once, before anything is judged. */
MUST_CHECK enum rc gate_plan(struct gate *gate, const struct record_manifest *manifest,
                             struct err *err);
/* Judge them over the rounds there are: a pure function of the record. */
MUST_CHECK enum rc gate_judge(struct gate *gate, const struct record *record, struct err *err);
/* A repeat: fills `again` and `control_again` of the cells of its strategies. */
MUST_CHECK enum rc gate_judge_again(struct gate *gate, const struct record *record,
                                    struct err *err);
/* Nothing of the strategy needs further rounds: every cell of it was decided.  In a repeat, every
 * cell that is the reason for it. */
bool gate_strategy_decided(const struct gate *gate, const char *strategy, bool again);
/* A cell of it, or its control, failed the first time. */
bool gate_strategy_suspect(const struct gate *gate, const char *strategy);
/* Forget the timing: it could not be finished, and the gate is red without it. */
void gate_timing_drop(struct gate *gate);
/* Settle every verdict and count. */
void gate_conclude(struct gate *gate);
/* The probability that a gate is red by timing though nothing got slower by more than 2 %: at most
 * this, by design. */
double gate_false_alarm_bound(const struct gate *gate);

/* gate_text.c.  The table and its last lines; the last one alone. */
MUST_CHECK enum rc gate_text(const struct gate *gate, struct buf *out, struct err *err);
MUST_CHECK enum rc gate_sentence(const struct gate *gate, struct buf *out, struct err *err);
/* gate_json.c: "blobfront/gate/1", results/schema/gate.schema.json. */
MUST_CHECK enum rc gate_json(const struct gate *gate, struct buf *out, struct err *err);
/* gate_junit.c: one test case per cell, exact layer and count, as CI servers read it. */
MUST_CHECK enum rc gate_junit(const struct gate *gate, struct buf *out, struct err *err);
/* gate_github.c: workflow commands (::error ...), and a step summary in Markdown. */
MUST_CHECK enum rc gate_annotations(const struct gate *gate, struct buf *out, struct err *err);
MUST_CHECK enum rc gate_markdown(const struct gate *gate, struct buf *out, struct err *err);

#endif
