/* support_media.h: small readers of media files, written against the formats and not against what
 * writes them here: other tables, other checksums, no shared code.
 */
#ifndef TESTS_SUPPORT_MEDIA_H
#define TESTS_SUPPORT_MEDIA_H

#include "engine/base.h"

/* What is wrong with a file of that class ("png", ...), whose payload this is; NULL: nothing.
 * Structure, lengths, checksums and offsets are checked throughout, and that the payload can be
 * read back as far as the format keeps it: GIF masks some of it, and only its pixels are counted.
 */
const char *media_defect(const char *class_name, struct span file, struct span payload);

#endif
