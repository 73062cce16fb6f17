/* workload.h: a workload turns what exists into a list of operations, before the clock starts.
 *
 * `plan` draws from `rng` only (a stream of its own per phase), so the same seed gives the same
 * operations in every run of a study, for every strategy.
 *
 * Adding one: workloads/<name>.c defines `const struct workload workload_<name>`; one line in
 * workloads.def; a line in suite.def makes it a phase.
 */
#ifndef WORKLOADS_WORKLOAD_H
#define WORKLOADS_WORKLOAD_H

#include "engine/opt.h"
#include "workloads/schedule.h"

enum { WORKLOAD_ABI = 1, WORKLOAD_OPTIONS_MAX = 256 };

struct workload_env {
    uint32_t base_files; /* of the dataset */
    uint64_t base_bytes;
    struct dataset *dataset; /* for its own history only: operations never depend on contents */
    bool keep_history;       /* old versions stay readable */
};

struct workload {
    uint32_t abi, size;
    const char *name, *summary;
    bool reads_only;
    bool open_loop;         /* its operations may arrive at a rate of their own (pace.h) */
    bool needs_history;     /* replays the dataset's own: for datasets that have one */
    size_t options_size;    /* of the struct opts point into; at most WORKLOAD_OPTIONS_MAX */
    const struct opt *opts; /* or NULL */
    enum rc (*plan)(const void *options, const struct workload_env *env, struct rng *rng,
                    struct schedule *schedule);
};

size_t workload_count(void);
const struct workload *workload_at(size_t index);
/* NULL when there is no such name. */
const struct workload *workload_by_name(const char *name);
MUST_CHECK enum rc workload_rows_validate(struct err *err);

/* RC_USAGE, naming both, when the dataset lacks what the workload needs. */
MUST_CHECK enum rc workload_suits(const struct workload *workload, const struct dataset *dataset,
                                  struct err *err);
/* Parse options and append the operations.  `phase` names the random stream. */
MUST_CHECK enum rc workload_plan(const struct workload *workload, const char *phase,
                                 const char *options, uint64_t seed, const struct workload_env *env,
                                 struct schedule *schedule);
/* Check options; append the effective ones to *effective. */
MUST_CHECK enum rc workload_options_check(const struct workload *workload, const char *options,
                                          struct buf *effective, struct err *err);

struct suite_phase {
    const char *phase, *workload, *snapshot;
    bool standard; /* runs when no workload is asked for */
};
size_t suite_count(void);
const struct suite_phase *suite_at(size_t index);

#endif
