/* Claims to keep what it was given, makes the syncs that a store would make, and holds all of it in
 * memory: gone at close. */
#include <string.h>

#include "engine/keymap.h"

#define JOURNAL "journal"

struct not_durable {
    struct store st;
    struct arena bytes;
    struct keymap map;
    struct io_file journal;
    uint64_t commits;
};

static struct not_durable *not_durable_of(struct store *st)
{
    return (struct not_durable *)st;
}

static enum rc not_durable_init(struct store *st)
{
    return io_file_open(st->io, JOURNAL, IO_EXTERNAL, IO_CREATE, &not_durable_of(st)->journal, NULL,
                        st->err);
}

static void not_durable_deinit(struct store *st)
{
    struct not_durable *self = not_durable_of(st);
    struct err ignored = {0};
    enum rc rc = io_file_close(&self->journal, &ignored);
    (void)rc;
    arena_release(&self->bytes);
    keymap_release(&self->map);
}

static enum rc not_durable_put(struct store *st, const struct put_request *put)
{
    struct not_durable *self = not_durable_of(st);
    uint8_t *copy = arena_alloc(&self->bytes, put->bytes.len);
    if (copy == NULL)
        return FAIL(st->err, RC_NOMEM, 0, "no memory for a blob");
    if (put->bytes.len != 0)
        memcpy(copy, put->bytes.ptr, put->bytes.len);
    st->counters[CTR_UNIQUE_BYTES] += put->bytes.len;
    st->counters[CTR_STORED_BYTES] += put->bytes.len;
    struct keymap_blob blob = {.ptr = copy, .len = put->bytes.len, .version = put->key.version};
    return keymap_put(&self->map, put->key.file_id, blob, st->err);
}

static enum rc not_durable_get(struct store *st, struct blob_key key, struct buf *out)
{
    const struct keymap_blob *blob = keymap_find(&not_durable_of(st)->map, key);
    if (blob == NULL)
        return RC_NOTFOUND;
    return buf_set(out, span_of(blob->ptr, (size_t)blob->len), st->err);
}

static enum rc not_durable_begin(struct store *st)
{
    (void)st;
    return RC_OK;
}

static enum rc not_durable_flush(struct store *st)
{
    (void)st;
    return RC_OK;
}

static enum rc not_durable_check(struct store *st)
{
    (void)st;
    return RC_OK;
}

static enum rc not_durable_commit(struct store *st)
{
    struct not_durable *self = not_durable_of(st);
    self->commits++;
    enum rc rc = io_file_write(&self->journal, &self->commits, sizeof(self->commits), 0, st->err);
    if (rc == RC_OK)
        rc = io_file_sync(&self->journal, true, st->err);
    if (rc == RC_OK)
        rc = io_sync_dir(st->io, IO_EXTERNAL, "", st->err);
    keymap_commit(&self->map);
    return rc;
}

static enum rc not_durable_rollback(struct store *st)
{
    keymap_rollback(&not_durable_of(st)->map);
    return RC_OK;
}

const struct strategy strategy_planted_not_durable = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "planted-not-durable",
    .summary = "everything is lost at close",
    .caps = CAP_TRANSACTION,
    .state_size = sizeof(struct not_durable),
    .init = not_durable_init,
    .deinit = not_durable_deinit,
    .put = not_durable_put,
    .get = not_durable_get,
    .flush = not_durable_flush,
    .check = not_durable_check,
    .begin = not_durable_begin,
    .commit = not_durable_commit,
    .rollback = not_durable_rollback,
};
