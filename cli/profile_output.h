/* profile_output.h: a profile and what became of its twin, for people and as JSON. */
#ifndef CLI_PROFILE_OUTPUT_H
#define CLI_PROFILE_OUTPUT_H

#include "datasets/profile.h"
#include "engine/json.h"

#define PROFILE_SCHEMA "blobfront/profile/1"

/* A storage metric of one strategy, measured on both. */
struct profile_figure {
    const char *strategy, *place, *metric; /* place: phase or snapshot */
    double real, twin;
    double change; /* twin against real, a share; see profile_change_of */
};
enum { PROFILE_FIGURES_MAX = 96 };
struct profile_check {
    struct profile_figure figures[PROFILE_FIGURES_MAX];
    size_t count;
    double worst; /* the largest |change|; */
    size_t worst_index;
};

/* What a twin should stay within. */
#define PROFILE_TWIN_GOAL 0.10
/* Shares below this are compared with it, since a ratio of two tiny shares says nothing. */
#define PROFILE_SHARE_FLOOR 0.10

MUST_CHECK enum rc profile_text(const struct profile *profile, const char *spec,
                                const struct profile_check *check, struct buf *out,
                                struct err *err);
MUST_CHECK enum rc profile_json(const struct profile *profile, const char *spec,
                                const struct profile_check *check, struct buf *out,
                                struct err *err);

/* ---- the check (profile_check.c) ------------------------------------------------------------- */

struct profile_asked {
    const char *spec;
    uint64_t seed;
    bool has_history;
};

/* Run raw, dedup, dedup-zstd and chunked once on both, below a folder in `parent` that is removed
 * again: ingest, then the history where there is one, else update.  `twin_text`: the twin's
 * description. */
MUST_CHECK enum rc profile_check_run(const char *parent, const struct profile_asked *asked,
                                     struct span twin_text, struct profile_check *out,
                                     struct err *err);

#endif
