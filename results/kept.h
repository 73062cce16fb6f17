/* kept.h: a kept artifact: a store folder that outlives its run and can be verified by itself.
 *
 *   <folder>/data/          the store's own files (blobs.db, ...)
 *   <folder>/store.json     which strategy and options wrote it, at which durability level
 *   <folder>/contents.csv   every blob it must hold: file_id,version,bytes,xxh3_128,path
 *
 * contents.csv ends with a line "#,<count>,,<hash of all preceding lines>,": a cut file is noticed.
 */
#ifndef RESULTS_KEPT_H
#define RESULTS_KEPT_H

#include "engine/arena.h"
#include "engine/buf.h"
#include "engine/hash.h"

#define KEPT_SCHEMA "blobfront/store/1"

struct kept_blob {
    uint64_t file_id;
    uint32_t version;
    uint64_t bytes;
    struct hash128 hash;
    const char *path; /* escaped as in messages; for people */
};

struct kept {
    struct arena arena; /* owns all strings */
    const char *spec, *durability, *retention;
    struct kept_blob *blobs;
    size_t blob_count;
};

MUST_CHECK enum rc kept_write(const char *folder, const struct kept *kept, struct err *err);
/* RC_USAGE when the folder is no kept store, RC_CORRUPT when its description is damaged. */
MUST_CHECK enum rc kept_read(const char *folder, struct kept *kept, struct err *err);
void kept_release(struct kept *kept);
/* Remove a store's folder and all below it; nothing happens when it is missing.  Refuses (RC_USAGE)
 * a folder that holds anything but what a store has: data/, store.json, contents.csv. */
MUST_CHECK enum rc kept_remove(const char *folder, struct err *err);

#endif
