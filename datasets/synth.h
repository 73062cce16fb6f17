/* synth.h: the parts of the factorial generator, dataset `synth`.
 *
 * Every factor has a random stream of its own: which sizes there are (synth_plan.c), which class a
 * content is of, which files are made from another one, where they lie, and what each version does
 * (synth_version.c).  So size never follows class, and neither follows duplication.
 *
 * A *content* is what one fresh fill gives; a *copy* is a base file made from another file's
 * content.  There are `contents` of them, numbered 0.., and `content_of` says whose each file is:
 * the first file of a content is its original, the others are copies.  Copies have their original's
 * class, and its size (forks: one edit more or less).
 *
 * Lineage is kept on the payload of the class (content_class.h): edits change the payload, and the
 * file is the payload, wrapped when the class is a container.
 */
#ifndef DATASETS_SYNTH_H
#define DATASETS_SYNTH_H

#include "datasets/content_class.h"
#include "datasets/dataset.h"
#include "datasets/geometry.h"

/* The asked share of duplicates is met this well, or refused. */
#define SYNTH_TOLERANCE   0.02
#define SYNTH_CLASSES_MAX 64

enum synth_sizes { SIZES_FIXED, SIZES_LOGNORMAL, SIZES_BIMODAL, SIZES_LADDER };
enum synth_dup { DUP_EXACT, DUP_SHIFTED, DUP_FORKS };
/* As listed in the option; the first six after mix are geometry.h's, in its order. */
enum synth_edit {
    EDIT_MIX,
    EDIT_OVERWRITE,
    EDIT_INSERT,
    EDIT_DELETE,
    EDIT_PREPEND,
    EDIT_APPEND,
    EDIT_TRUNCATE,
    EDIT_REWRITE,
    EDIT_REVERT,
    EDIT_COPY,
    EDIT_RENAME
};

/* What version 0 of a file is made of. */
struct synth_origin {
    enum synth_origin_kind { ORIGIN_FILL, ORIGIN_SHIFTED, ORIGIN_FORK } kind;
    bool known; /* the same bytes are another file's already */
    const struct content_class *class;
    uint64_t seed;  /* of the fill, and of the wrap */
    size_t size;    /* of the file that a fill makes */
    size_t payload; /* of that file's payload */
    uint32_t file;  /* shifted and fork: whose stream says how */
};

/* The payload last asked for, from which the next version is one step. */
struct synth_cache {
    bool valid;
    uint32_t file, version;
    struct synth_origin origin;
    struct buf payload;
    struct geometry_ranges fresh; /* bytes of the payload that no earlier one has */
};

struct synth {
    struct dataset base;
    /* as typed */
    uint64_t files, size, size_min, size_max, edit_size, edits;
    double spread, dup;
    int sizes, dup_kind, edit, locality;
    char class_text[OPT_TEXT_SIZE], saving_text[OPT_TEXT_SIZE];
    /* understood */
    double saving;
    const struct content_class *plain; /* of files too short for their class */
    const struct content_class *classes[SYNTH_CLASSES_MAX];
    size_t class_count;
    /* the plan */
    uint32_t contents;
    double copied;                   /* shifted: the share of a copy that is copied */
    uint32_t *content_of;            /* per file */
    uint32_t *original_of, *size_of; /* per content */
    uint8_t *class_of;
    /* at work */
    struct synth_cache cache;
    struct buf source;  /* what a shifted copy copies from */
    uint32_t *versions; /* to be applied, the newest first */
    size_t version_cap;
};

/* synth_plan.c: everything that open decides; also frees what was planned before. */
MUST_CHECK enum rc synth_plan(struct synth *synth);
void synth_plan_release(struct synth *synth);
struct synth_origin synth_origin(const struct synth *synth, uint32_t file);
/* The one edit that makes a fork out of `origin`'s fill. */
struct geometry_splice synth_fork(const struct synth *synth, const struct synth_origin *origin,
                                  struct rng *rng);

/* synth_version.c: fill the cache with this version.  After a failure it is not valid. */
MUST_CHECK enum rc synth_payload(struct synth *synth, uint32_t file, uint32_t version);
void synth_payload_release(struct synth *synth);

#endif
