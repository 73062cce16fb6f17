/* gate_suite.h: what a gate asks of a program, as studies.
 *
 *   exact     two small datasets (one with copies, one of growing text), every phase, durable; two
 *             rounds, so that every program does everything at least twice
 *   counted   one smaller dataset, for the tools that count instructions; no rounds: each run is
 *             started by hand (gate_count.h)
 *   timed     one dataset, three phases, nothing synced: what is timed is the program, and not the
 *             disk under it
 *
 * All of it is fixed: what changes the work changes the suite's hash, and what was stored under
 * another hash is not comparable.
 */
#ifndef WORKLOADS_GATE_SUITE_H
#define WORKLOADS_GATE_SUITE_H

#include "workloads/plan.h"

enum { GATE_EXACT_PARTS = 2, GATE_STRATEGIES_MAX = 16 };

struct gate_suite {
    const char *const *strategies; /* specs; NULL: raw, dedup, dedup-zstd, chunked */
    size_t strategy_count;
};

/* The default strategies, and how many. */
const char *const *gate_suite_strategies(size_t *count);
/* "copies", "text": the name of an exact part. */
const char *gate_suite_data(size_t part);

/* Plans; `out` is the parent folder of the study, builds the programs (baseline first). */
MUST_CHECK enum rc gate_suite_exact(const struct gate_suite *suite, size_t part,
                                    const struct record_build builds[2], uint32_t rounds,
                                    const char *out, struct arena *arena,
                                    struct record_manifest *manifest, struct err *err);
/* Without builds: every program that counts is started by itself on a plan of its own. */
MUST_CHECK enum rc gate_suite_counted(const struct gate_suite *suite, const char *out,
                                      const char *name, struct arena *arena,
                                      struct record_manifest *manifest, struct err *err);
struct gate_suite_timing {
    const uint32_t *looks;
    size_t look_count;
    uint64_t seed;    /* of orders, padding, link orders: the data are the same for all seeds */
    const char *name; /* "timed", "timed-again" */
};
MUST_CHECK enum rc gate_suite_timed(const struct gate_suite *suite,
                                    const struct gate_suite_timing *timing,
                                    const struct record_build builds[2], const char *out,
                                    struct arena *arena, struct record_manifest *manifest,
                                    struct err *err);

/* Fold what a plan asks (data, seed, settings, strategies, phases) into `hash`; the suite's is that
 * of its exact parts, in order, then of the counted one. */
struct hash128;
MUST_CHECK enum rc gate_suite_fold(struct hash128 *hash, const struct record_manifest *manifest,
                                   struct err *err);

#endif
