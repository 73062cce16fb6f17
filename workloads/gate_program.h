/* gate_program.h: the two programs a gate compares: found, or exported from Git and built.
 *
 * What is asked for may be a program file, a folder of its link orders (blobfront-0, blobfront-1,
 * ...), a revision of the repository here, or nothing: this program.  A name that exists as a file
 * is one; everything else is a revision.
 *
 * A revision is exported with `git archive` into a private folder (the working tree and the
 * repository stay as they are) and built by its own Makefile with CONFIG=release: in eight link
 * orders when it has the target `link-orders`, else once.  The exported tree is removed when the
 * build succeeded.
 *
 * Programs are linked (or copied) to <folder>/programs/<index>/blobfront-<order>, so that the paths
 * of the two have one length and a rebuild meanwhile changes nothing.
 */
#ifndef WORKLOADS_GATE_PROGRAM_H
#define WORKLOADS_GATE_PROGRAM_H

#include <signal.h>

#include "engine/arena.h"
#include "engine/buf.h"
#include "results/record.h"

enum { GATE_ORDERS_MAX = 8, GATE_TEXT_SIZE = 64 };

struct gate_program {
    struct arena arena;
    const char *role;     /* "baseline", "candidate": for messages */
    const char *asked;    /* as typed, or the path of this program */
    const char *revision; /* the commit it stands for, or "" */
    const char *programs; /* absolute paths, separated by newlines */
    uint32_t orders;      /* of them */
    const char *note;     /* what a reader should know, or "" */
    /* What it says of itself: `blobfront --version`. */
    struct facts
        versions; /* "blobfront", "manifest", "sample", "sqlite", "compiler", "libc", ... */
};

struct gate_program_request {
    const char *asked; /* NULL: this program */
    const char *role;
    const char *folder; /* the gate's own, absolute, exists */
    unsigned index;     /* 0 the baseline, 1 the candidate */
    const volatile sig_atomic_t *stop;
    /* Called before what takes long: "building 1a2b3c4"; may be NULL. */
    void (*say)(void *ctx, const char *what);
    void *ctx;
};

/* RC_USAGE: neither file nor revision, no program.  RC_IO: it does not build (the message has the
 * last lines of the log and its name), or cannot be started. */
MUST_CHECK enum rc gate_program_get(const struct gate_program_request *request,
                                    struct gate_program *program, struct err *err);
void gate_program_release(struct gate_program *program);
/* "" when it does not say. */
const char *gate_program_version(const struct gate_program *program, const char *name);
/* Both write and read the records this program does: RC_MISMATCH names the schema and both
 * versions. */
MUST_CHECK enum rc gate_programs_check(const struct gate_program *base,
                                       const struct gate_program *next, struct err *err);

/* gate_build.c: export `revision` (as typed) and build it below request->folder.  `commit` gets the
 * full hash, `built` the folder or file to take programs from. */
MUST_CHECK enum rc gate_build(const struct gate_program_request *request,
                              char commit[GATE_TEXT_SIZE + 1], struct buf *built, struct err *err);
/* Remove the exported tree. */
void gate_build_remove(const struct gate_program_request *request);

#endif
