/* derive.h: what imported datasets do not have in reality: later versions, more files.
 *
 * A version behind a file's last real one is the version before it after one edit of edit.h's
 * script, drawn for (seed, file, version).  File `fork` behind the last real one is a fork: version
 * 0 of a base file chosen for it, after one edit, under that file's path with "-forkNNNN" (NNNN =
 * fork + 1) before the extension; it goes on as any file does.
 */
#ifndef DATASETS_DERIVE_H
#define DATASETS_DERIVE_H

#include "engine/buf.h"

/* The base file, of `base_count`, that a fork begins with. */
uint32_t derive_origin(uint64_t seed, uint32_t fork, uint32_t base_count);

/* Make version `to` of what is version `from` - 1 of the file: edits from..to. */
MUST_CHECK enum rc derive_content(struct buf *content, uint64_t seed, uint32_t file, uint32_t from,
                                  uint32_t to, struct err *err);

/* Replaces out.  `taken` says whether a real file has that path. */
MUST_CHECK enum rc derive_path(const char *origin, uint32_t fork,
                               bool (*taken)(const void *ctx, const char *path), const void *ctx,
                               struct buf *out, struct err *err);

#endif
