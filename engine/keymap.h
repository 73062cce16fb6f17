/* keymap.h: an in-memory map from blob keys to where their bytes are, with undo.
 *
 * For strategies that keep their own index (memory, files): constant-time find, the newest version
 * of a file, files in key order, and a log of the changes since the last keymap_commit, from which
 * a transaction is undone or carried out.
 *
 * Layout: files in the order they were first seen, found at position file_id when ids are dense
 * (they are ranks) and through a hash table of positions otherwise; versions of a file in
 * ascending order in one array.  Nothing is allocated per key once the arrays have their size.
 *
 * State after failure (RC_NOMEM): unchanged.  Zero-initialised is empty and valid.
 * Threading: one owner.
 */
#ifndef ENGINE_KEYMAP_H
#define ENGINE_KEYMAP_H

#include "engine/strategy.h"

struct keymap_blob {
    const uint8_t *ptr; /* the owner's: the bytes, or NULL */
    uint64_t len;
    uint32_t version;
    uint32_t mark; /* the owner's */
};

struct keymap_file {
    uint64_t file_id;
    struct keymap_blob *blobs; /* ascending by version */
    uint32_t count, cap;
};

struct keymap_change {
    struct blob_key key;
    struct keymap_blob blob;
    bool deleted;
};

struct keymap_rank {
    uint64_t file_id;
    uint32_t file; /* position in files */
};

struct keymap {
    struct keymap_file *files;
    size_t file_count, file_cap;
    uint32_t *slots; /* position + 1, 0 is free; open addressing */
    size_t slot_count;
    struct arena arrays; /* blobs of all files */

    struct keymap_change *log; /* since the last commit or rollback, in order */
    size_t log_count, log_cap;

    struct keymap_rank *ranks; /* files in key order, brought up to date by keymap_scan */
    size_t rank_count, rank_cap, scan_at;
    uint64_t scan_to;

    uint64_t blob_count, blob_bytes; /* of what is in the map */
};

/* RC_USAGE when the key is in the map already. */
MUST_CHECK enum rc keymap_put(struct keymap *map, uint64_t file_id, struct keymap_blob blob,
                              struct err *err);
/* RC_NOTFOUND when the key is not in the map. */
MUST_CHECK enum rc keymap_del(struct keymap *map, struct blob_key key, struct err *err);
/* NULL when there is none.  Valid until the next put, del or rollback; `mark` may be changed. */
struct keymap_blob *keymap_find(const struct keymap *map, struct blob_key key);

void keymap_commit(struct keymap *map);
void keymap_rollback(struct keymap *map);

/* The newest version of each file with from <= file_id < to, in key order.  keymap_next gives
 * NULL at the end.  No put or del between the two. */
MUST_CHECK enum rc keymap_scan(struct keymap *map, uint64_t from, uint64_t to, struct err *err);
const struct keymap_blob *keymap_next(struct keymap *map, struct blob_key *key);

/* NULL, or which invariant of the map itself does not hold. */
const char *keymap_defect(const struct keymap *map);
void keymap_release(struct keymap *map);

#endif
