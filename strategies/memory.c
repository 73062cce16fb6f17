/* memory.c: bytes kept in the process's memory: the cost of the harness itself.
 *
 * Every other strategy's times are read against this floor, so it does the least that an honest
 * store can do: one copy in, one copy out, a constant-time index, and a rollback that undoes.
 * Nothing is hashed and nothing survives the process.
 *
 * Layout: blobs lie one after another in big blocks (struct arena) and never move; the index
 * (keymap.h) holds pointer and length.  Space of deleted blobs is accounted, not used again: the
 * bookkeeping would cost more than the copy that is to be measured.
 *
 * Memory is touched once at open, `reserve` bytes of it: the first write to a page makes the kernel
 * fetch and clear one, which costs several times the copy (measured: 35 against 10 microseconds for
 * 64 KiB).  What is stored beyond the reserve pays for that.
 */
#include <inttypes.h>
#include <string.h>

#include "engine/keymap.h"

struct memory {
    struct store st;
    uint64_t reserve;
    struct arena bytes;
    struct keymap map;
    uint64_t taken_bytes; /* of `bytes`, by blobs */
    uint64_t dead_bytes;  /* of those, not in `map` any more */
};

static const struct opt memory_opts[] = {
    {.name = "reserve",
     .type = OPT_SIZE,
     .offset = offsetof(struct memory, reserve),
     .min = 0,
     .max = 64.0 * 1024 * 1024 * 1024,
     .def = "32m",
     .help = "bytes of memory touched at open"},
    {.name = NULL},
};

static struct memory *memory_of(struct store *st)
{
    return (struct memory *)st;
}

static enum rc memory_init(struct store *st)
{
    struct memory *self = memory_of(st);
    self->bytes.block_len = (size_t)(4 * MIB);
    if (self->reserve == 0)
        return RC_OK;
    void *block = arena_alloc(&self->bytes, (size_t)self->reserve);
    if (block == NULL)
        return FAIL(st->err, RC_NOMEM, 0, "no memory to reserve %" PRIu64 " bytes", self->reserve);
    memset(block, 0, (size_t)self->reserve);
    arena_reset(&self->bytes);
    return RC_OK;
}

static void memory_deinit(struct store *st)
{
    struct memory *self = memory_of(st);
    arena_release(&self->bytes);
    keymap_release(&self->map);
}

static enum rc memory_put(struct store *st, const struct put_request *put)
{
    struct memory *self = memory_of(st);
    uint8_t *copy = arena_alloc(&self->bytes, put->bytes.len);
    if (copy == NULL)
        return FAIL(st->err, RC_NOMEM, 0, "no memory for a blob of %zu bytes", put->bytes.len);
    self->taken_bytes += put->bytes.len;
    if (put->bytes.len != 0)
        memcpy(copy, put->bytes.ptr, put->bytes.len);
    struct keymap_blob blob = {.ptr = copy, .len = put->bytes.len, .version = put->key.version};
    enum rc rc = keymap_put(&self->map, put->key.file_id, blob, st->err);
    if (rc != RC_OK) {
        self->dead_bytes += put->bytes.len;
        return rc;
    }
    st->counters[CTR_UNIQUE_BYTES] += put->bytes.len;
    st->counters[CTR_STORED_BYTES] += put->bytes.len;
    return RC_OK;
}

static enum rc memory_get(struct store *st, struct blob_key key, struct buf *out)
{
    const struct keymap_blob *blob = keymap_find(&memory_of(st)->map, key);
    if (blob == NULL)
        return RC_NOTFOUND;
    return buf_set(out, span_of(blob->ptr, (size_t)blob->len), st->err);
}

static enum rc memory_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                              struct buf *out)
{
    const struct keymap_blob *blob = keymap_find(&memory_of(st)->map, key);
    if (blob == NULL)
        return RC_NOTFOUND;
    if (offset > blob->len)
        offset = blob->len;
    if (len > blob->len - offset)
        len = (size_t)(blob->len - offset);
    return buf_set(out, span_of(blob->ptr + offset, len), st->err);
}

static enum rc memory_del(struct store *st, struct blob_key key)
{
    return keymap_del(&memory_of(st)->map, key, st->err);
}

static enum rc memory_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    return keymap_scan(&memory_of(st)->map, from, to, st->err);
}

static enum rc memory_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    const struct keymap_blob *blob = keymap_next(&memory_of(st)->map, key);
    if (blob == NULL)
        return RC_NOTFOUND;
    return buf_set(out, span_of(blob->ptr, (size_t)blob->len), st->err);
}

static void memory_scan_end(struct store *st)
{
    (void)st;
}

static enum rc memory_begin(struct store *st)
{
    CHECK(memory_of(st)->map.log_count == 0);
    return RC_OK;
}

static enum rc memory_flush(struct store *st)
{
    (void)st;
    return RC_OK;
}

static enum rc memory_commit(struct store *st)
{
    struct memory *self = memory_of(st);
    for (size_t i = 0; i < self->map.log_count; i++) {
        if (self->map.log[i].deleted)
            self->dead_bytes += self->map.log[i].blob.len;
    }
    keymap_commit(&self->map);
    return RC_OK;
}

static enum rc memory_rollback(struct store *st)
{
    struct memory *self = memory_of(st);
    for (size_t i = 0; i < self->map.log_count; i++) {
        if (!self->map.log[i].deleted)
            self->dead_bytes += self->map.log[i].blob.len;
    }
    keymap_rollback(&self->map);
    return RC_OK;
}

/* Between transactions every byte taken is either live or accounted as dead. */
static enum rc memory_check(struct store *st)
{
    const struct memory *self = memory_of(st);
    const char *defect = keymap_defect(&self->map);
    if (defect != NULL)
        return FAIL(st->err, RC_CORRUPT, 0, "%s", defect);
    uint64_t known = self->map.blob_bytes + self->dead_bytes;
    if (self->map.log_count == 0 && self->taken_bytes != known)
        return FAIL(st->err, RC_CORRUPT, 0,
                    "%" PRIu64 " bytes were stored, but %" PRIu64 " live and %" PRIu64
                    " deleted ones are accounted for",
                    self->taken_bytes, self->map.blob_bytes, self->dead_bytes);
    return RC_OK;
}

/* What was reserved has been touched, so it is, or was, resident. */
static enum rc memory_probe(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    uint64_t reserve = facts->peak_rss_bytes != 0 ? memory_of(st)->reserve : 0;
    effect_expect(out, "peak_rss_bytes", facts->peak_rss_bytes, reserve, EFFECT_NO_LIMIT,
                  "reserve=%" PRIu64 " bytes were touched at open", memory_of(st)->reserve);
    return RC_OK;
}

const struct strategy strategy_memory = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "memory",
    .summary = "bytes in the process's memory: the harness's own cost; nothing survives",
    .caps = CAP_TRANSACTION | CAP_VOLATILE | CAP_DELETE | CAP_READ_AT | CAP_SCAN,
    .state_size = sizeof(struct memory),
    .opts = memory_opts,
    .init = memory_init,
    .deinit = memory_deinit,
    .put = memory_put,
    .get = memory_get,
    .flush = memory_flush,
    .check = memory_check,
    .probe = memory_probe,
    .del = memory_del,
    .read_at = memory_read_at,
    .scan_begin = memory_scan_begin,
    .scan_next = memory_scan_next,
    .scan_end = memory_scan_end,
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
};
