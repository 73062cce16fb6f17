/* walk.h: the regular files under a directory, as they were when it was walked.
 *
 * The walk never follows a symbolic link below the directory it was given, never opens anything
 * but directories and regular files, and lists files in byte order of their relative paths, so two
 * walks of equal trees give equal lists.  Symbolic links, FIFOs, sockets and devices are counted
 * and left out.  Every file is opened once, so that one that cannot be read is found at once.
 *
 * walk_read returns the content of a file only if the file is still the one that was walked: same
 * inode, size and modification time before and after reading, and exactly `size` bytes.  Each
 * folder of the path is opened anew without following links: a folder swapped for a link is seen.
 *
 * Errors: RC_USAGE when the directory does not exist, is none, holds no regular file or breaks a
 * limit below; RC_IO, naming the file, for what cannot be read or "changed while in use".
 */
#ifndef DATASETS_WALK_H
#define DATASETS_WALK_H

#include <sys/types.h>
#include <time.h>

#include "engine/arena.h"
#include "engine/buf.h"

#define WALK_DEPTH_MAX 64u
/* Room is left below dataset.h's 4,095 for suffixes of derived names. */
#define WALK_PATH_MAX ((size_t)4000)

struct walk_file {
    const char *path; /* relative, terminated */
    uint64_t size;
    struct timespec modified;
    dev_t device;
    ino_t inode;
};

enum walk_skip { WALK_LINK, WALK_FIFO, WALK_SOCKET, WALK_DEVICE, WALK_SKIPS };

struct walk {
    int root; /* valid when root_open */
    bool root_open;
    struct walk_file *files;
    size_t count, cap;
    uint64_t skipped[WALK_SKIPS];
    struct arena paths;
};

/* `walk` is zeroed; walk_release it also after a failure. */
MUST_CHECK enum rc walk_open(struct walk *walk, const char *directory, size_t files_max,
                             struct err *err);
/* Replaces out.  After a failure its content is unspecified. */
MUST_CHECK enum rc walk_read(const struct walk *walk, size_t file, struct buf *out,
                             struct err *err);
/* NULL when there is no file of that path. */
const struct walk_file *walk_find(const struct walk *walk, const char *path);
void walk_release(struct walk *walk);

#endif
