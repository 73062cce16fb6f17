/* packed.h: the regular files of a tar or zip archive, unpacked once into a nameless file.
 *
 * Tar may be compressed with gzip, bzip2, xz or zstd.  Nothing is ever unpacked under a name: the
 * contents go into one temporary file without a name, in TMPDIR or /tmp, and names are only names.
 * Files are in byte order of their paths, whatever their order in the archive; a name is what is
 * left without parts "." and empty ones.  Folders are nothing; FIFOs, sockets and devices are
 * counted and left out; an archive in an archive is a file like any other.
 *
 * Refused, naming the entry (RC_USAGE): links of both kinds, encrypted entries, names that are
 * absolute, have a part "..", a backslash, a drive letter, control characters, marks that change
 * the direction of writing, or bytes that are no UTF-8; a name twice (names that differ in case
 * are two names; those that differ in how Unicode composes them are one where the archive says that
 * its names are Unicode: zip's flag, pax headers); files above BLOB_BYTES_MAX, more
 * than PACKED_BYTES_MAX bytes or PACKED_ENTRIES_MAX entries in all; more than PACKED_RATIO times
 * the archive's own size (beyond PACKED_RATIO_FROM bytes).  RC_IO: what cannot be read, is cut off
 * or damaged, or has another size than it says.
 */
#ifndef DATASETS_PACKED_H
#define DATASETS_PACKED_H

#include "datasets/walk.h"
#include "engine/arena.h"

#define PACKED_BYTES_MAX   (4 * GIB)
#define PACKED_RATIO       1000
#define PACKED_RATIO_FROM  (64 * MIB)
#define PACKED_ENTRIES_MAX ((uint64_t)4000000)

enum packed_format { PACKED_TAR = 1, PACKED_ZIP = 2 };

struct packed_file {
    const char *path;
    uint64_t size, at; /* in the temporary file */
};

struct packed {
    int spool; /* valid when spool_open */
    bool spool_open;
    struct packed_file *files;
    size_t count, cap;
    uint64_t bytes; /* in the temporary file */
    uint64_t skipped[WALK_SKIPS];
    struct arena paths;
};

/* `formats`: which are taken.  `packed` is zeroed; packed_release it also after a failure. */
MUST_CHECK enum rc packed_open(struct packed *packed, const char *path, unsigned formats,
                               struct err *err);
/* Replaces out. */
MUST_CHECK enum rc packed_read(const struct packed *packed, size_t file, struct buf *out,
                               struct err *err);
void packed_release(struct packed *packed); /* accepts a zeroed one */
/* There is something of that name, and it is no folder. */
bool packed_is_file(const char *path);

#endif
