/* support_record.h: records made up for tests of analysis/, in memory and without a driver.
 *
 * Either value by value (made_arm, made_phase, then made_run, made_value ..., made_end per run), or
 * a whole plausible study at once (made_study).  Everything is a pure function of its arguments.
 */
#ifndef TESTS_SUPPORT_RECORD_H
#define TESTS_SUPPORT_RECORD_H

#include "results/record.h"

enum { MADE_ARMS_MAX = 32, MADE_PHASES_MAX = 8, MADE_EVENTS_MAX = 16 };
enum made_flags {
    MADE_SQL = 1u << 0,
    MADE_FLOOR = 1u << 1,
    MADE_CONTROL = 1u << 2,
    MADE_CONTROL_AGAIN = 1u << 3
};

struct made {
    struct record record;
    struct record_arm arms[MADE_ARMS_MAX];
    struct record_phase phases[MADE_PHASES_MAX];
    struct record_event events[MADE_EVENTS_MAX];
    size_t sample_cap, run_start;
    uint32_t run, round, arm;
};

/* An empty study with a guardrail of 10 %; nothing in it is NULL. */
void made_init(struct made *made);
void made_release(struct made *made);
uint32_t made_arm(struct made *made, const char *label, unsigned flags);
void made_phase(struct made *made, const char *name, const char *workload, const char *snapshot);

void made_run(struct made *made, uint32_t arm, uint32_t round);
void made_value(struct made *made, enum sample_kind kind, const char *name, enum metric metric,
                double value);
/* `reason` NULL: the run is valid. */
void made_end(struct made *made, const char *reason);

/* Events: a round voided; a look after `round` at `rounds` rounds that dropped one arm (or none:
 * UINT32_MAX). */
void made_void(struct made *made, uint32_t round, const char *reason);
void made_look(struct made *made, uint32_t round, uint32_t look, uint32_t rounds, uint32_t dropped);

struct made_options {
    uint32_t rounds;
    const char *dir; /* the record's folder; raw latencies are written when raw is set */
    bool raw;
    bool hostile;            /* names that try to be markup, formulas and code */
    const char *invalid_arm; /* this arm's last run is INVALID; NULL: none */
    bool series;             /* the updates measured the store on their way: four points */
    unsigned more_arms;      /* further strategies, to crowd tables and figures */
    double slower;           /* timings times (1 + slower) */
};
/* Nine arms (control twice, a floor, a reference lane), the suite's five phases. */
void made_study(struct made *made, const struct made_options *options);

#endif
