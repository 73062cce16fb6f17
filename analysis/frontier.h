/* frontier.h: which strategies no other beats on every key metric, who beats the rest, what the
 * guardrails say, and the choice; each with the label that says how far it may be trusted.
 *
 * Key metrics are "metric@place" ("p95_ns@read_point_binary", "peak_rss_bytes@run"); a key whose
 * place is not in the study, or that no arm has a value for, is dropped with a note.
 *
 * Who competes.  Valid arms that are neither a volatile floor nor the control's second run.  Unless
 * the study says `anywhere`, only arms that keep everything in the SQL database compete: a lane
 * outside SQL is measured and shown as a reference, and cannot push an eligible arm off the
 * frontier.
 *
 * Standing.  Pairs of competing arms are tested (dominance.h); the frontier is the kernel of what
 * was confirmed (kernel.h).  OUT: a named arm on the frontier is confirmed to dominate it.  ON:
 * every other arm that is not OUT is confirmed not to.  UNDECIDED: kept, and neither is confirmed.
 * A strategy that truly belongs on the frontier leaves it only through a false OUT, so the arms
 * that are kept are a confidence set: all of the true frontier with probability 1 - alpha.
 *
 * Guardrails: in the phases that read single blobs and that update, p95 may be at most (1 +
 * guardrail) x the control's, over all blobs and in every class of sizes that has a p95.  HOLDS
 * when all of that is confirmed, BROKEN when the opposite of one is, each at alpha over the number
 * of arms judged, because the best of them is picked.  The choice is the arm that stores the least
 * among those kept that save at least 1 % of the control's bytes and HOLD.  Bytes are exact, so
 * picking the smallest flatters nobody.
 *
 * With too few rounds for any of that (rounds_min says how many it takes) all is DESCRIPTIVE:
 * standings, guardrails and choice compare medians, as `descriptive` says.
 */
#ifndef ANALYSIS_FRONTIER_H
#define ANALYSIS_FRONTIER_H

#include "analysis/claim.h"
#include "analysis/dominance.h"
#include "analysis/rounds.h"

#define FRONTIER_KEYS_DEFAULT                                                       \
    "total_bytes@after_update,p95_ns@read_point_binary,p95_ns@update_point_binary," \
    "cpu_ms_per_mb@ingest_binary_cold"
/* Where a study measures no store after updates, the last snapshot it has stands for the first. */
#define FRONTIER_KEY_SIZE "total_bytes@after_update"
/* Instead of the third where a study has no phase of single updates. */
#define FRONTIER_KEY_UPDATE     "p95_ns@update_point_binary"
#define FRONTIER_KEY_UPDATE_OLD "p95_ns@update_binary_hot"
enum { FRONTIER_KEYS_MAX = DOMINANCE_DIMS_MAX, FRONTIER_GUARDS_MAX = 80 };

/* Zeroed: as the study was planned. */
struct frontier_options {
    const char *keys; /* NULL: FRONTIER_KEYS_DEFAULT */
    bool guardrail_set, anywhere_set;
    double guardrail; /* 0.10: at most 10 % above the control */
    bool anywhere;
    uint32_t rounds; /* test the first so many rounds only; 0: all */
};

struct frontier_key {
    enum metric metric;
    size_t place;     /* in summary->places */
    const char *name; /* "p95_ns@read_point_binary" */
    bool exact;
    double margin;         /* log ratio nobody need notice */
    bool coarse;           /* too many equal values: not tested in some pair */
    double noise;          /* the control's second median / its first - 1; NaN when unknown */
    struct interval again; /* the same as a ratio of paired rounds; n 0 when unknown */
};

struct frontier_guard {
    enum metric metric; /* M_P95_NS, or one of its classes of sizes */
    size_t place;
    double limit_ns; /* it may be at most this: of the control's median */
    double noise;
};

enum frontier_standing {
    STANDING_ON,         /* on the frontier; confirmed unless descriptive */
    STANDING_OUT,        /* see dominators */
    STANDING_UNDECIDED,  /* kept on the frontier, not confirmed to belong there */
    STANDING_REFERENCE,  /* outside SQL, or a floor: shown, not competing */
    STANDING_CONTROL,    /* the control's second run: the noise, not a candidate */
    STANDING_INCOMPLETE, /* lacks a key metric: cannot be placed */
    STANDING_INVALID
};

enum guardrail_state {
    GUARDRAIL_UNKNOWN, /* a p95 is missing, or not judged: the control itself, INVALID arms */
    GUARDRAIL_HOLDS,
    GUARDRAIL_BROKEN,
    GUARDRAIL_UNDECIDED
};

struct frontier_arm {
    enum frontier_standing standing;
    bool eligible;                     /* may be chosen: it competes */
    double value[FRONTIER_KEYS_MAX];   /* medians; NaN when absent */
    double percent[FRONTIER_KEYS_MAX]; /* of the control's; NaN when either is absent or zero */
    /* The same as a ratio of paired rounds with its 95 % interval; n 0 when there is none. */
    struct interval versus[FRONTIER_KEYS_MAX];
    uint32_t *dominators; /* arms on the frontier; confirmed: the one the kernel names first */
    size_t dominator_count;
    const char *missing;         /* STANDING_INCOMPLETE: the key it lacks */
    size_t rounds_needed;        /* STANDING_UNDECIDED: in all, about; SIZE_MAX: none would do */
    struct claim standing_claim; /* of arms that compete */
    bool dropped;                /* the study stopped running it at a look */

    enum guardrail_state guardrail;
    double guard_percent[FRONTIER_GUARDS_MAX]; /* medians as % of the control's */
    struct interval guard_ratio[FRONTIER_GUARDS_MAX];
    size_t guard_decides; /* the guard that broke, or that holds or stands least surely */
    size_t guard_rounds_needed;
    struct claim guard_claim; /* of arms that are judged */
    /* Descriptive only.  Too close to the limit to tell: the rounds lie on both sides of it, or the
     * median is nearer to it than the control's two medians are to each other. */
    bool guard_close[FRONTIER_GUARDS_MAX];
    bool close; /* the verdict is: one that holds, or all that are broken */

    double stability;   /* share of resampled studies with it on the frontier of medians; NaN */
    double hypervolume; /* share of the frontier's hypervolume lost without it; NaN */
};

struct frontier {
    const struct summary *summary;
    struct rounds rounds;
    struct frontier_key keys[FRONTIER_KEYS_MAX];
    size_t key_count;
    struct frontier_guard guards[FRONTIER_GUARDS_MAX];
    size_t guard_count;
    double guardrail;
    bool anywhere;
    bool descriptive;     /* too few rounds to confirm anything */
    size_t rounds_min;    /* that it takes */
    size_t rounds_tested; /* the last look's */
    uint32_t look_next;   /* rounds after which the next look is due; 0: the study is over */
    struct dominance_schedule schedule;
    size_t hypotheses;  /* pairs in the family */
    size_t open_pairs;  /* pairs of arms that are kept of which nothing is confirmed */
    size_t judged;      /* arms held to the guardrails */
    const char *method; /* of standings, "UI-IU signed-rank test, Holm over 42 pairs" */
    const char *guard_method;
    double round_seconds; /* a round takes about so long; NaN when unknown */

    size_t storage_place;      /* whose total_bytes decide, or SUMMARY_NONE */
    struct frontier_arm *arms; /* as summary->arms */
    size_t arm_count;
    size_t choice;  /* an arm that replaces the control; SUMMARY_NONE: keep the control */
    size_t hopeful; /* the best not yet excluded: what more rounds might choose; or SUMMARY_NONE */
    size_t hopeful_rounds;     /* in all, about; SIZE_MAX: none would do */
    const char *sentence;      /* the recommendation, one line; names in it are not escaped yet */
    struct claim choice_claim; /* its label; CLAIM_NONE where there is nothing to recommend */
    size_t knee;               /* of bytes against the p95 of point reads, or SUMMARY_NONE */
    const char **notes;        /* what was dropped and why; not escaped yet */
    size_t note_count;
    struct arena arena;
};

/* RC_USAGE for keys that name no metric, are not "metric@place" or come twice.  Keys, a guardrail
 * or lanes other than the plan's get a note: they were asked for when the data were there. */
MUST_CHECK enum rc frontier_build(struct frontier *frontier, const struct summary *summary,
                                  const struct frontier_options *options, struct err *err);
/* Accepts a zeroed frontier. */
void frontier_release(struct frontier *frontier);

/* The label of an arm, not escaped. */
const char *frontier_label(const struct frontier *frontier, size_t arm);

/* a's values over b's as a ratio of paired rounds, of the first `limit`, in the metric's own
 * direction, with its 95 % interval; with too few rounds that is open: 0 or infinite.  Exact
 * metrics: the ratio itself.  n 0 when there is no pair. */
MUST_CHECK enum rc frontier_ratio(const struct frontier *frontier, size_t a, size_t b, size_t place,
                                  enum metric metric, size_t limit, struct interval *out,
                                  struct err *err);
/* Kept: on the frontier, or not confirmed to be off it. */
bool frontier_keeps(const struct frontier *frontier, size_t arm);
/* A key of this metric, in a phase of this workload; NULL: wherever. */
bool frontier_key_is(const struct frontier *frontier, size_t key, enum metric metric,
                     const char *workload);
/* The two keys that figures show: upwards storage, sideways the p95 of point reads; else the first
 * two of the study.  False with fewer. */
bool frontier_plane(const struct frontier *frontier, size_t *x_key, size_t *y_key);
/* "on frontier", "dominated by dedup", "undecided, ~12 more rounds", "reference lane", "INVALID:
 * reason", ...; at most `names_max` dominators are named, then "+2".  Appended, not escaped. */
MUST_CHECK enum rc frontier_standing_print(const struct frontier *frontier, size_t arm,
                                           size_t names_max, struct buf *out, struct err *err);
const char *frontier_standing_name(enum frontier_standing standing); /* "on_frontier", ... */
const char *guardrail_state_name(enum guardrail_state state);        /* "HOLDS", "UNDECIDED", "-" */
/* "p95 of read_point_binary", "p95 of read_point_binary (blobs up to 4 KiB)"; not escaped. */
MUST_CHECK enum rc frontier_guard_print(const struct frontier *frontier, size_t guard,
                                        struct buf *out, struct err *err);
/* The recommendation with its label, as claim_print; the plain sentence where there is none. */
MUST_CHECK enum rc frontier_choice_print(const struct frontier *frontier, bool markdown,
                                         struct buf *out, struct err *err);

#endif
