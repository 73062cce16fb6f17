/* edit.h: random streams of datasets, and the edits that make a next version of any content.
 *
 * A stream belongs to (seed, name, file, version), so what is drawn for one version of one file
 * never depends on what was asked before.
 *
 * edit_apply is one edit out of the script that imported files go through.  Of 100 edits
 *   45  overwrite a window of 1..4 KiB
 *   20  insert 1 B..4 KiB, which shifts everything behind it
 *   20  append 1..16 KiB
 *   10  delete 1 B..4 KiB, at most half of the content
 *    5  overwrite a quarter of the content, its length unchanged
 * at uniform positions; windows are cut to the content.  Empty content is appended to, and content
 * that would outgrow BLOB_BYTES_MAX is overwritten instead.
 *
 * New bytes are drawn one by one from the content before the edit: they have its byte frequencies
 * (text stays letters, compressed data stays incompressible) and repeat no run of it, so an edit
 * neither invents nor destroys duplication.  Where there is nothing to draw from, they are letters.
 */
#ifndef DATASETS_EDIT_H
#define DATASETS_EDIT_H

#include "engine/buf.h"
#include "engine/rng.h"

struct rng edit_stream(uint64_t seed, const char *name, uint32_t file, uint32_t version);

/* A window inside `len` bytes: a uniform length in min..max, cut to len, at a uniform start. */
struct edit_window {
    size_t start, len;
};
struct edit_window edit_window_draw(struct rng *rng, size_t len, size_t min, size_t max);

/* Replace `content` by its next version.  After a failure the content is unspecified. */
MUST_CHECK enum rc edit_apply(struct buf *content, struct rng *rng, struct err *err);
/* The same edit, its new bytes drawn from `palette` (empty: from the content, as edit_apply). */
MUST_CHECK enum rc edit_apply_from(struct buf *content, struct rng *rng, struct span palette,
                                   struct err *err);

#endif
