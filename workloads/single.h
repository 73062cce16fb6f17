/* single.h: one operation of a study, alone: what it is, and what it takes.
 *
 * Operations and contents are pure functions of the plan, so any of them can be had again without
 * a trace: the store it finds is built by the writes before it, in their transactions, untimed; the
 * store is settled after each phase, and closed and opened where the study measured it.  Reads
 * before it are left out: they change no store but a cache.  Nor is anybody killed: after a crash
 * the store holds what was committed, but has not recovered from anything.
 *
 * A read is executed any number of times on one store; what changes it (writes, opening a store,
 * reads of a strategy whose reads write) once on each of as many stores.  Every byte read, and
 * after a write every byte it put, is compared with what the dataset says.
 */
#ifndef WORKLOADS_SINGLE_H
#define WORKLOADS_SINGLE_H

#include <signal.h>

#include "strategies/strategies.h"
#include "workloads/drawn.h"
#include "workloads/ranks.h"

#define SINGLE_REPEAT_MAX 100000u

struct single {
    const struct record_manifest *manifest;
    struct err *err;
    struct dataset *dataset;
    struct drawn drawn;
    struct ranks ranks;
    size_t phase, number; /* the operation; number over all phases */
};

/* Draw the operations of the study in `dir` (or of one that is planned: NULL).  Release it whatever
 * came of it. */
MUST_CHECK enum rc single_open(struct single *single, const struct record_manifest *manifest,
                               const char *dir, struct err *err);
void single_close(struct single *single);
/* "PHASE:INDEX", or the number over all phases; both count from 0. */
MUST_CHECK enum rc single_find(struct single *single, const char *text);

struct single_fact {
    const struct op *op;
    const char *phase; /* its name */
    size_t index;      /* within the phase */
    const char *path;  /* "" when it has no file */
    uint64_t key;      /* file_id */
    uint32_t version;  /* of the key, under the study's retention */
    uint32_t content;  /* the dataset's version */
    uint32_t deletes;  /* versions it deletes */
    uint64_t len;      /* of the blob; of the part, for a read of one */
    uint64_t offset;
    struct hash128 hash; /* of these bytes */
    bool begins, commits;
};
MUST_CHECK enum rc single_describe(struct single *single, struct single_fact *fact);

struct single_trial {
    const char *strategy; /* spec */
    const char *place;    /* an existing folder, for the stores */
    uint32_t repeat;      /* 1..SINGLE_REPEAT_MAX */
    const volatile sig_atomic_t *stop;
};
/* There is such a strategy, and the operation can be timed alone. */
MUST_CHECK enum rc single_check(struct single *single, const char *strategy);
/* What single_check accepts.  `ns` has room for `repeat` latencies.  RC_INVALID: a byte was
 * wrong. */
MUST_CHECK enum rc single_run(struct single *single, const struct single_trial *trial,
                              double *ns /*[repeat]*/);

/* ---- single.c and single_store.c ------------------------------------------------------------- */

bool single_writes(const struct op *op);
/* The write closes its transaction, which held `in_batch` writes before it. */
bool single_commits(const struct single *single, size_t phase, size_t number, uint32_t in_batch);
#endif
