#include "workloads/oracle.h"

#include <stdlib.h>

void oracle_init(struct oracle *oracle, bool keep_history)
{
    *oracle = (struct oracle){.keep_history = keep_history};
}

void oracle_release(struct oracle *oracle)
{
    free(oracle->facts);
    free(oracle->newest);
    *oracle = (struct oracle){0};
}

static enum rc oracle_reserve(struct oracle *oracle, uint32_t file, struct err *err)
{
    if (oracle->count == oracle->cap) {
        size_t cap = oracle->cap ? 2 * oracle->cap : 1024;
        void *facts = realloc(oracle->facts, cap * sizeof(*oracle->facts));
        if (!facts)
            return FAIL(err, RC_NOMEM, 0, "no memory for %zu expected blobs", cap);
        oracle->facts = facts;
        oracle->cap = cap;
    }
    CHECK(file <= oracle->file_count);
    if (file == oracle->file_cap) {
        size_t cap = oracle->file_cap ? 2 * oracle->file_cap : 1024;
        void *newest = realloc(oracle->newest, cap * sizeof(*oracle->newest));
        if (!newest)
            return FAIL(err, RC_NOMEM, 0, "no memory for %zu expected files", cap);
        oracle->newest = newest;
        oracle->file_cap = cap;
    }
    return RC_OK;
}

enum rc oracle_put(struct oracle *oracle, uint32_t file, uint32_t version, struct span bytes,
                   struct err *err)
{
    enum rc rc = oracle_reserve(oracle, file, err);
    if (rc != RC_OK)
        return rc;
    if (file == oracle->file_count) {
        oracle->file_count++;
    } else {
        struct fact_of_blob *older = &oracle->facts[oracle->newest[file]];
        oracle->live_bytes -= older->len;
        if (!oracle->keep_history) {
            older->dropped = true;
            oracle->history_bytes -= older->len;
        }
    }
    oracle->newest[file] = oracle->count;
    oracle->facts[oracle->count++] = (struct fact_of_blob){
        .file = file,
        .version = version,
        .len = bytes.len,
        .hash = hash_xxh128(bytes),
    };
    oracle->live_bytes += bytes.len;
    oracle->history_bytes += bytes.len;
    oracle->written_bytes += bytes.len;
    return RC_OK;
}

const struct fact_of_blob *oracle_newest(const struct oracle *oracle, uint32_t file)
{
    CHECK(file < oracle->file_count);
    return &oracle->facts[oracle->newest[file]];
}

enum rc oracle_compare(const struct fact_of_blob *fact, struct span bytes, const char *what,
                       const char *path, struct err *err)
{
    if (bytes.len != fact->len)
        return FAIL(err, RC_INVALID, 0, "%s: \"%s\" version %u: expected %zu bytes, got %zu", what,
                    Q(path), fact->version, fact->len, bytes.len);
    if (!hash128_equal(hash_xxh128(bytes), fact->hash))
        return FAIL(err, RC_INVALID, 0,
                    "%s: \"%s\" version %u: the %zu bytes read are not the bytes put", what,
                    Q(path), fact->version, fact->len);
    return RC_OK;
}
