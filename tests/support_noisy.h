/* support_noisy.h: noisy studies of strategies whose true ratios are known, for tests of claims.
 *
 * Every round's timings share a block factor and have noise of their own: what a real study looks
 * like to a test over paired rounds.  A pure function of the seed.  Failures end the test.
 */
#ifndef TESTS_SUPPORT_NOISY_H
#define TESTS_SUPPORT_NOISY_H

#include "analysis/frontier.h"
#include "tests/support_record.h"

/* A strategy: bytes, and how many times the control's its p95 of reads and updates and its CPU. */
struct noisy_model {
    const char *label;
    unsigned flags;
    double bytes, read, update, cpu;
};
enum {
    NOISY_SQL = MADE_SQL,
    NOISY_CONTROL = MADE_SQL | MADE_CONTROL,
    NOISY_AGAIN = MADE_SQL | MADE_CONTROL_AGAIN
};

/* raw, raw', small (holds the guardrail), slow (breaks it), worst (dominated). */
enum { NOISY_CLEAR = 5 };
extern const struct noisy_model noisy_clear[NOISY_CLEAR];

struct noisy {
    struct made made;
    struct summary summary;
    struct frontier frontier;
    struct err err;
    const struct noisy_model *models;
    size_t arms;
    double cv;
    uint64_t seed;
};

/* Phases ingest_binary_cold, update_point_binary, read_point_binary; no runs yet. */
void noisy_begin(struct noisy *study, const struct noisy_model *models, size_t arms, double cv,
                 uint64_t seed);
/* Rounds from..to-1 of every arm but `without` (SIZE_MAX: of all). */
void noisy_rounds(struct noisy *study, uint32_t from, uint32_t to, size_t without);
/* Looks after these rounds, with racing. */
void noisy_looks(struct noisy *study, const uint32_t *at, size_t count);
/* Summary and frontier; undone by noisy_unfinish, everything by noisy_end. */
void noisy_finish(struct noisy *study, const struct frontier_options *options);
void noisy_unfinish(struct noisy *study);
void noisy_end(struct noisy *study);

const struct frontier_arm *noisy_arm(const struct noisy *study, size_t arm);
/* The claim has the label and prints, with `words` in it. */
void noisy_assert_claim(struct noisy *study, const struct claim *claim, enum claim_label label,
                        const char *words);
/* The standing as printed begins with `expected`. */
void noisy_assert_standing(struct noisy *study, size_t arm, const char *expected);
bool noisy_noted(const struct noisy *study, const char *words);

#endif
