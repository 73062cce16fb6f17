/* plan_args.h: what the commands that plan a study share: its options, read into a request.
 *
 *   static const struct arg rows[] = {
 *   #define PLAN_ARG(id, name, value, help) {PLAN_ARG_##id, name, value, NULL, help},
 *   #include "cli/plan_args.def"
 *   #undef PLAN_ARG
 *       {OWN_OPTION, ...},              ids from PLAN_ARG_COUNT on
 *
 * with PLAN_ARG_LISTS in struct args, and plan_args_take for ids below PLAN_ARG_COUNT.
 */
#ifndef CLI_PLAN_ARGS_H
#define CLI_PLAN_ARGS_H

#include "cli/cli.h"
#include "workloads/plan.h"

enum {
#define PLAN_ARG(id, name, value, help) PLAN_ARG_##id,
#include "cli/plan_args.def"
#undef PLAN_ARG
    PLAN_ARG_COUNT
};

/* Those that may be given more than once. */
#define PLAN_ARG_LISTS                                                     \
    ((uint64_t)1 << PLAN_ARG_STRATEGY | (uint64_t)1 << PLAN_ARG_WORKLOAD | \
     (uint64_t)1 << PLAN_ARG_SET)

enum { PLAN_LIST_MAX = 64 };

/* Begin with PLAN_ARGS_EMPTY.  Must not move once options were taken. */
struct plan_args {
    struct plan_request request;
    const char *strategies[PLAN_LIST_MAX], *workloads[PLAN_LIST_MAX], *sets[PLAN_LIST_MAX];
    uint32_t looks[RECORD_LOOKS_MAX];
    bool full;
    struct buf dataset; /* "files:DIR" */
};
#define PLAN_ARGS_EMPTY          \
    {                            \
        .request.guardrail = NAN \
    }

MUST_CHECK enum rc plan_args_take(struct plan_args *to, int id, const char *value, struct err *err);
/* Fill in what the profile stands for, and plan: see plan_make. */
MUST_CHECK enum rc plan_args_make(struct plan_args *to, struct arena *arena,
                                  struct record_manifest *manifest, struct err *err);
void plan_args_release(struct plan_args *to);

#endif
