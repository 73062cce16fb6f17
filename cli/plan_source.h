/* plan_source.h: the files a plan is read from, and their lines.
 *
 * A plan may name other files only below its own folder: relative, without ".." and through no
 * link, so that a plan from elsewhere cannot reach what its author does not have.  A file is
 * regular, of at most 1 MiB, and text: valid UTF-8 in lines of at most 64 KiB that end in LF,
 * without byte-order mark, NUL or other control bytes than tabs.  Whatever is not is RC_USAGE and
 * names file and line.
 */
#ifndef CLI_PLAN_SOURCE_H
#define CLI_PLAN_SOURCE_H

#include <sys/types.h>

#include "engine/buf.h"

#define PLAN_SOURCE_BYTES_MAX ((size_t)MIB)
#define PLAN_SOURCE_LINE_MAX  ((size_t)(64 * KIB))

/* One file, read whole.  Zero-initialised is closed and may be released. */
struct plan_source {
    const char *path; /* as messages name it; borrowed */
    unsigned line;    /* the one plan_source_next gave last, from 1 */
    dev_t device;     /* which file it is, whatever it is called */
    ino_t inode;
    struct buf text;
    size_t at;
};

/* The plan itself, by any path, links included: the user named it. */
MUST_CHECK enum rc plan_source_open(struct plan_source *source, const char *path, struct err *err);
/* A file below `folder`: `name` as the plan gives it, `path` for messages. */
MUST_CHECK enum rc plan_source_open_below(struct plan_source *source, const char *folder,
                                          const char *name, const char *path, struct err *err);
/* The next line, without its end and without white space around it; RC_NOTFOUND after the last. */
MUST_CHECK enum rc plan_source_next(struct plan_source *source, struct span *line, struct err *err);
void plan_source_release(struct plan_source *source);

#endif
