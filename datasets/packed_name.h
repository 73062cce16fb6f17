/* packed_name.h: whether the name of an archive's entry can be trusted to be only a name. */
#ifndef DATASETS_PACKED_NAME_H
#define DATASETS_PACKED_NAME_H

#include "engine/buf.h"

/* NULL, or what is wrong with it (packed.h lists it). */
const char *packed_name_defect(const char *name);

/* Replaces out with the name without parts "." and empty ones; it may be empty then. */
MUST_CHECK enum rc packed_name_plain(const char *name, struct buf *out, struct err *err);

/* The names of a zip as they stand in its central directory: a library ends them at a NUL and
 * takes a backslash for a slash.  RC_USAGE naming the entry; RC_IO for what is no directory. */
MUST_CHECK enum rc packed_zip_names(int fd, uint64_t size, const char *path, struct err *err);

#endif
