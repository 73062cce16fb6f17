/* frontier.h: which strategies no other beats on every key metric, who beats the rest, what the
 * guardrails say, and the choice.
 *
 * Key metrics are "metric@place" ("p95_ns@read_point_binary", "peak_rss_bytes@run"); a key whose
 * place is not in the study, or that no arm has a value for, is dropped with a note.
 *
 * Who competes.  Valid arms that are neither a volatile floor nor the control's second run.  Unless
 * the study says `anywhere`, only arms that keep everything in the SQL database compete: a lane
 * outside SQL is measured and shown as a reference, and cannot push an eligible arm off the
 * frontier.
 *
 * Guardrails: in the phases that read single blobs and that update, p95 may be at most
 * (1 + guardrail) x the control's.  The choice is the arm on the frontier that stores the least
 * among those that save at least 1 % of the control's bytes and hold every guardrail.
 *
 * All of it compares medians over rounds: DESCRIPTIVE, no error bars.  How far the control's two
 * runs lie apart is given as this study's noise.
 */
#ifndef ANALYSIS_FRONTIER_H
#define ANALYSIS_FRONTIER_H

#include "analysis/summary.h"

#define FRONTIER_KEYS_DEFAULT                                                     \
    "total_bytes@after_update,p95_ns@read_point_binary,p95_ns@update_binary_hot," \
    "cpu_ms_per_mb@ingest_binary_cold"
enum { FRONTIER_KEYS_MAX = 12, FRONTIER_GUARDS_MAX = 8 };

/* Zeroed: as the study was planned. */
struct frontier_options {
    const char *keys; /* NULL: FRONTIER_KEYS_DEFAULT */
    bool guardrail_set, anywhere_set;
    double guardrail; /* 0.10: at most 10 % above the control */
    bool anywhere;
};

struct frontier_key {
    enum metric metric;
    size_t place;     /* in summary->places */
    const char *name; /* "p95_ns@read_point_binary" */
    double noise;     /* the control's second median / its first - 1; NaN when unknown */
};

struct frontier_guard {
    size_t place;
    double limit_ns; /* p95 may be at most this */
    double noise;
};

enum frontier_standing {
    STANDING_ON,         /* on the frontier */
    STANDING_DOMINATED,  /* see dominators */
    STANDING_REFERENCE,  /* outside SQL, or a floor: shown, not competing */
    STANDING_CONTROL,    /* the control's second run: the noise, not a candidate */
    STANDING_INCOMPLETE, /* lacks a key metric: cannot be placed */
    STANDING_INVALID
};

enum guardrail_state {
    GUARDRAIL_UNKNOWN, /* a p95 is missing, or not judged: the control itself, INVALID arms */
    GUARDRAIL_HOLDS,
    GUARDRAIL_BROKEN
};

struct frontier_arm {
    enum frontier_standing standing;
    bool eligible;                     /* may be chosen */
    double value[FRONTIER_KEYS_MAX];   /* medians; NaN when absent */
    double percent[FRONTIER_KEYS_MAX]; /* of the control's; NaN when either is absent or zero */
    uint32_t *dominators;              /* arms on the frontier, in table order */
    size_t dominator_count;
    const char *missing; /* STANDING_INCOMPLETE: the key it lacks */
    enum guardrail_state guardrail;
    double guard_percent[FRONTIER_GUARDS_MAX]; /* p95 as % of the control's */
    /* Too close to the limit to tell: the rounds lie on both sides of it, or the median is nearer
     * to it than the control's two medians are to each other. */
    bool guard_close[FRONTIER_GUARDS_MAX];
    bool close; /* the verdict is: one that holds, or all that are broken */
};

struct frontier {
    const struct summary *summary;
    struct frontier_key keys[FRONTIER_KEYS_MAX];
    size_t key_count;
    struct frontier_guard guards[FRONTIER_GUARDS_MAX];
    size_t guard_count;
    double guardrail;
    bool anywhere;
    size_t storage_place;      /* whose total_bytes decide, or SUMMARY_NONE */
    struct frontier_arm *arms; /* as summary->arms */
    size_t arm_count;
    size_t choice;        /* an arm that replaces the control; SUMMARY_NONE: keep the control */
    const char *sentence; /* the recommendation, one line; names in it are not escaped yet */
    const char **notes;   /* what was dropped and why; not escaped yet */
    size_t note_count;
    struct arena arena;
};

/* RC_USAGE for keys that name no metric, are not "metric@place" or come twice. */
MUST_CHECK enum rc frontier_build(struct frontier *frontier, const struct summary *summary,
                                  const struct frontier_options *options, struct err *err);
/* Accepts a zeroed frontier. */
void frontier_release(struct frontier *frontier);

/* "on frontier", "dominated by dedup, chunked", "reference lane", "INVALID: reason", ...; at most
 * `names_max` dominators are named, then "+2".  Appended, not escaped. */
MUST_CHECK enum rc frontier_standing_print(const struct frontier *frontier, size_t arm,
                                           size_t names_max, struct buf *out, struct err *err);
const char *frontier_standing_name(enum frontier_standing standing); /* "on_frontier", ... */
const char *guardrail_state_name(enum guardrail_state state);        /* "HOLDS", "BROKEN", "-" */

#endif
