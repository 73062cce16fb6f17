/* geometry.h: what one edit does to the places of bytes: where, how many go, how many come.
 *
 * Every edit is a splice: `removed` bytes at `at` give way to `added` new ones.  What the new bytes
 * are is the caller's business.
 *
 *   overwrite  the length stays                   prepend   an insert at 0
 *   insert     what follows moves back            append    an insert at the end
 *   delete     what follows moves forward         truncate  a delete at the end
 *
 * Edits have the size that was asked for, except that an overwrite is cut to the content, a delete
 * or truncate takes at most half of it (so that content never dies out), an edit of content that is
 * too short for that (0 bytes; 1 byte for delete and truncate) is an append, and one that would
 * outgrow the limit is an overwrite.
 *
 * Locality says where overwrites, inserts and deletes fall: `uniform` anywhere; `head` and `tail`
 * begin in the first, end in the last eighth; `clustered` within an eighth around a place of the
 * file that stays (as a share of its length) from version to version.
 *
 * Pure functions over values; geometry_apply over the caller's buf.
 */
#ifndef DATASETS_GEOMETRY_H
#define DATASETS_GEOMETRY_H

#include "engine/buf.h"
#include "engine/rng.h"

enum geometry_kind {
    GEOMETRY_OVERWRITE,
    GEOMETRY_INSERT,
    GEOMETRY_DELETE,
    GEOMETRY_PREPEND,
    GEOMETRY_APPEND,
    GEOMETRY_TRUNCATE
};
enum geometry_locality { GEOMETRY_UNIFORM, GEOMETRY_HEAD, GEOMETRY_TAIL, GEOMETRY_CLUSTERED };

struct geometry_splice {
    size_t at, removed, added;
};

struct geometry {
    enum geometry_kind kind;
    enum geometry_locality locality;
    uint32_t centre; /* clustered: the place, in 2^-32 of the length */
    size_t size;     /* bytes per edit, at least 1 */
    size_t len_max;  /* of content afterwards */
};

/* The next edit of content of `len` bytes: at + removed <= len; len_max is kept if len kept it. */
struct geometry_splice geometry_draw(const struct geometry *geometry, struct rng *rng, size_t len);
size_t geometry_len(struct geometry_splice splice, size_t len);
/* Make the room: content[at..at+added) is unspecified afterwards, all else in its place.  After a
 * failure the content is unchanged. */
MUST_CHECK enum rc geometry_apply(struct geometry_splice splice, struct buf *content,
                                  struct err *err);

/* Which bytes of a content are new: ranges in ascending order, apart from each other. */
struct geometry_range {
    size_t start, end;
};
struct geometry_ranges {
    struct geometry_range *at;
    size_t count, cap;
};
/* Follow a splice: what it removed is gone, what it added is new, the rest moves. */
MUST_CHECK enum rc geometry_mark(struct geometry_splice splice, struct geometry_ranges *ranges,
                                 struct err *err);
void geometry_ranges_release(struct geometry_ranges *ranges);

#endif
