/* packed_stream.h: the plain bytes of a compressed file, checked to the last.
 *
 * gzip, bzip2, xz and zstd.  An archive's reader stops where the archive ends, which is before the
 * checksums are: packed_stream_finish reads on to the end of the file.  gzip goes through zlib
 * because libarchive 3.6 does not compare its checksum.
 */
#ifndef DATASETS_PACKED_STREAM_H
#define DATASETS_PACKED_STREAM_H

#include <archive.h>

#include "engine/buf.h"

struct gzFile_s;
struct packed_stream {
    struct gzFile_s *gz;
    struct archive *raw;
    struct buf block;
    char defect[200]; /* why reading failed; "" when it did not */
};

/* Does the file begin as one of these does? */
bool packed_stream_suits(int fd);
/* `path` is for messages; fd stays the caller's, who closes it after packed_stream_release. */
MUST_CHECK enum rc packed_stream_open(struct packed_stream *stream, int fd, const char *path,
                                      struct err *err);
/* archive_read_callback; ctx is the stream. */
la_ssize_t packed_stream_read(struct archive *archive, void *ctx, const void **bytes);
/* Read what is left; false: `defect` says why that failed. */
bool packed_stream_finish(struct packed_stream *stream);
void packed_stream_release(struct packed_stream *stream); /* accepts a zeroed one */

#endif
