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

static void drop(struct oracle *oracle, struct fact_of_blob *fact)
{
    fact->dropped = true;
    oracle->held--;
    oracle->history_bytes -= fact->len;
}

/* Where the links of a file's next fact lead.  Jumps are of lengths that let any version be reached
 * in a number of steps logarithmic in how far back it is (Myers, An applicative random-access
 * stack, 1983). */
static void link_back(struct oracle *oracle, struct fact_of_blob *fact, uint32_t older)
{
    const struct fact_of_blob *facts = oracle->facts;
    const struct fact_of_blob *back = &facts[older], *far = &facts[back->jump];
    CHECK(fact->version == back->version + 1);
    fact->older = older;
    fact->jump =
        back->version - far->version == far->version - facts[far->jump].version ? far->jump : older;
}

enum rc oracle_put(struct oracle *oracle, uint32_t file, uint32_t version, struct span bytes,
                   struct err *err)
{
    enum rc rc = oracle_reserve(oracle, file, err);
    if (rc != RC_OK)
        return rc;
    CHECK(oracle->count < UINT32_MAX);
    uint32_t index = (uint32_t)oracle->count;
    struct fact_of_blob *fact = &oracle->facts[index];
    *fact = (struct fact_of_blob){
        .file = file,
        .version = version,
        .older = index,
        .jump = index,
        .len = bytes.len,
        .hash = hash_xxh128(bytes),
    };
    if (file == oracle->file_count) {
        CHECK(version == 0);
        oracle->file_count++;
        oracle->live_files++;
    } else {
        struct fact_of_blob *older = &oracle->facts[oracle->newest[file]];
        link_back(oracle, fact, (uint32_t)oracle->newest[file]);
        oracle->live_files += older->dropped;
        oracle->live_bytes -= older->dropped ? 0 : older->len;
        if (!older->dropped && !oracle->keep_history)
            drop(oracle, older);
    }
    oracle->newest[file] = oracle->count++;
    oracle->held++;
    oracle->live_bytes += bytes.len;
    oracle->history_bytes += bytes.len;
    oracle->written_bytes += bytes.len;
    return RC_OK;
}

void oracle_delete(struct oracle *oracle, uint32_t file, uint32_t *from)
{
    CHECK(oracle_exists(oracle, file));
    struct fact_of_blob *fact = &oracle->facts[oracle->newest[file]];
    oracle->live_bytes -= fact->len;
    oracle->live_files--;
    /* Behind a fact that was dropped before all are. */
    for (;;) {
        drop(oracle, fact);
        *from = fact->version;
        if (fact->version == 0 || oracle->facts[fact->older].dropped)
            return;
        fact = &oracle->facts[fact->older];
    }
}

bool oracle_exists(const struct oracle *oracle, uint32_t file)
{
    return file < oracle->file_count && !oracle->facts[oracle->newest[file]].dropped;
}

size_t oracle_find(const struct oracle *oracle, uint32_t file, uint32_t version)
{
    const struct fact_of_blob *facts = oracle->facts;
    CHECK(file < oracle->file_count);
    size_t at = oracle->newest[file];
    CHECK(version <= facts[at].version);
    while (facts[at].version != version)
        at = facts[facts[at].jump].version >= version ? facts[at].jump : facts[at].older;
    return at;
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
