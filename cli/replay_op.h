/* replay_op.h: one operation of a study alone, for people: what `replay --op` prints. */
#ifndef CLI_REPLAY_OP_H
#define CLI_REPLAY_OP_H

#include "results/record.h"

struct replay_op {
    const char *op;       /* "PHASE:INDEX" or "NUMBER" */
    const char *strategy; /* spec */
    const char *out;      /* folder whose file system the store is on; "." when NULL */
    uint32_t repeat;
    bool show; /* only say what it is */
};

/* `dir` is the study's folder, or NULL for one that is only planned. */
MUST_CHECK enum rc replay_op_run(const struct replay_op *request,
                                 const struct record_manifest *manifest, const char *dir,
                                 struct err *err);

#endif
