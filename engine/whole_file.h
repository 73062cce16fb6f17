/* whole_file.h: a file as it is, all at once: records, traces, descriptions.
 *
 * Not for stores and not for data: those go through io.h and walk.h.
 */
#ifndef ENGINE_WHOLE_FILE_H
#define ENGINE_WHOLE_FILE_H

#include "engine/buf.h"

/* Replace out by the bytes of a regular file of at most `max`.  RC_USAGE for what is missing, no
 * regular file or too large: the user named it; RC_IO when it cannot be read, or became shorter. */
MUST_CHECK enum rc whole_file_read(const char *path, uint64_t max, struct buf *out,
                                   struct err *err);

#endif
