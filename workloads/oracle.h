/* oracle.h: what a correct store must hold at any moment; every byte read is held against it.
 *
 * One fact per blob put: its length and XXH3-128, taken from the bytes handed to the store, before
 * the clock starts.  Under retention `latest` a file's older fact is dropped by its successor; a
 * deletion drops every fact of its file that is left.
 */
#ifndef WORKLOADS_ORACLE_H
#define WORKLOADS_ORACLE_H

#include "engine/hash.h"

struct fact_of_blob {
    uint32_t file, version;
    /* The fact of the version before, and of one further back, by index; of version 0 itself. */
    uint32_t older, jump;
    size_t len;
    struct hash128 hash;
    bool dropped; /* deleted again: must not be found */
};

struct oracle {
    struct fact_of_blob *facts; /* in the order put */
    size_t count, cap;
    size_t *newest; /* per file: index of its newest fact */
    size_t file_count, file_cap;
    size_t live_files; /* of them, those not deleted */
    bool keep_history;
    uint64_t held;          /* facts not dropped */
    uint64_t live_bytes;    /* newest versions of the files that exist */
    uint64_t history_bytes; /* every fact not dropped */
    uint64_t written_bytes; /* every fact */
};

void oracle_init(struct oracle *oracle, bool keep_history);
void oracle_release(struct oracle *oracle);
/* Files appear in ascending order (file <= file_count), and the versions of each: 0, 1, 2... */
MUST_CHECK enum rc oracle_put(struct oracle *oracle, uint32_t file, uint32_t version,
                              struct span bytes, struct err *err);
/* Delete a file that exists: versions *from to that of its newest fact are dropped now. */
void oracle_delete(struct oracle *oracle, uint32_t file, uint32_t *from);
/* It was put and not deleted since. */
bool oracle_exists(const struct oracle *oracle, uint32_t file);
/* The newest fact of a file that was put. */
const struct fact_of_blob *oracle_newest(const struct oracle *oracle, uint32_t file);
/* The fact of a version that was put, by index. */
size_t oracle_find(const struct oracle *oracle, uint32_t file, uint32_t version);

/* RC_OK, or RC_INVALID saying how `bytes` differ from the fact.  `what` and `path` name the
 * blob. */
MUST_CHECK enum rc oracle_compare(const struct fact_of_blob *fact, struct span bytes,
                                  const char *what, const char *path, struct err *err);

#endif
