/* bounding.h: computes what results/bounds.h describes, from a study's data and operations.
 *
 * All contents that are ever put are generated, in the order of the operations, and told apart by
 * length and XXH3-128.  What must be held at a snapshot follows from the operations and the
 * retention; what a phase must write are the contents nobody put before.
 *
 * Work is bounded, and what is cut short is said in the result.  `effort` 1 takes seconds:
 *   codec   a content that zstd 3 makes less than 1/64 smaller is taken as it is; of the others
 *           every one is tried with zstd 19 and brotli 11 (their first 4 MiB), up to 4 MiB, of
 *           which those that zstd 3 makes 32 times smaller count an eighth; of more than that a
 *           share drawn by their hashes is tried, and what it saves over zstd 3 is taken for all:
 *           an estimate
 *   packed  zstd 19 up to 4 MiB of contents, 12 up to 128 MiB, and 3 beyond: exact at its level
 * and higher efforts multiply these.  Nothing depends on time, machine or a strategy.
 */
#ifndef WORKLOADS_BOUNDING_H
#define WORKLOADS_BOUNDING_H

#include <signal.h>

#include "results/bounds.h"

/* 1 as a rule; less than 1 is for tests. */
#define BOUNDING_EFFORT_MIN 0.001
#define BOUNDING_EFFORT_MAX 10000

/* RC_MISMATCH when the data are no longer those of the manifest, RC_INTERRUPTED when *stop (may be
 * NULL) is set meanwhile.  Names in *out are borrowed from the manifest; release it. */
MUST_CHECK enum rc bounding_compute(const struct record_manifest *manifest, const char *dir,
                                    double effort, const volatile sig_atomic_t *stop,
                                    struct bounds *out, struct err *err);

#endif
