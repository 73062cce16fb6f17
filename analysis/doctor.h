/* doctor.h: is a machine fit to measure on?  Facts in, grades out.
 *
 * Facts come as names with a number, a text or a series (engine/probe.h lists them); one that is
 * absent could not be read.  Each check looks at some of them and says what it found, what that
 * means for a study, and what to do:
 *
 *   good     nothing here disturbs a study
 *   usable   a study can be run; its numbers carry this, or it takes more rounds
 *   poor     mend this first: numbers would describe the disturbance
 *
 * The limits are judgements, written down beside each check (doctor_judge.c); the A/A spread is the
 * one that measures what they add up to.  The machine's grade is its worst check's.
 *
 * Ownership: everything a doctor says lives in its arena.  Zero-initialised is empty and valid.
 */
#ifndef ANALYSIS_DOCTOR_H
#define ANALYSIS_DOCTOR_H

#include "engine/arena.h"
#include "engine/buf.h"

#define DOCTOR_SCHEMA "blobfront/doctor/1"

enum doctor_grade { DOCTOR_GOOD, DOCTOR_USABLE, DOCTOR_POOR };
const char *doctor_grade_name(enum doctor_grade grade); /* "good", "usable", "poor" */

struct doctor_fact {
    const char *name;
    double number;        /* NaN unless it is one */
    const char *text;     /* NULL unless it is one */
    const double *series; /* NULL unless it is one */
    size_t count;         /* of the series */
};

struct doctor_check {
    const char *name; /* "clock" */
    enum doctor_grade grade;
    const char *found; /* one line; may hold text from outside, not escaped yet */
    const char *means; /* "" when good */
    const char *advice;
};

enum { DOCTOR_FACTS_MAX = 96, DOCTOR_CHECKS_MAX = 16 };

struct doctor {
    struct doctor_fact facts[DOCTOR_FACTS_MAX];
    size_t fact_count;
    struct doctor_check checks[DOCTOR_CHECKS_MAX];
    size_t check_count;
    enum doctor_grade grade;
    struct arena arena;
    bool full; /* out of memory or of room: doctor_judge fails */
};

/* Sinks for facts; the last of two with one name counts.  Names must stay where they are. */
void doctor_number(void *doctor, const char *name, double value);
void doctor_text(void *doctor, const char *name, const char *value);
void doctor_series(void *doctor, const char *name, const double *values, size_t count);
const struct doctor_fact *doctor_fact(const struct doctor *doctor, const char *name);

/* Fill `checks` and `grade`. */
MUST_CHECK enum rc doctor_judge(struct doctor *doctor, struct err *err);
/* Accepts a zeroed doctor. */
void doctor_release(struct doctor *doctor);

/* What people read. */
MUST_CHECK enum rc doctor_print(const struct doctor *doctor, struct buf *out, struct err *err);
/* DOCTOR_SCHEMA */
MUST_CHECK enum rc doctor_json(const struct doctor *doctor, struct buf *out, struct err *err);

#endif
