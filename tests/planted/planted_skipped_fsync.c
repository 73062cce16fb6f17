/* One file per blob, right in every way but that nothing is ever synced, or (fault=most) only the
 * first file of each transaction and the folder.
 *
 * A file is named by its key, so it is found by opening it; the newest version of each file is
 * what io_list says, in key order since names have a fixed width. */
#include <inttypes.h>
#include <stdio.h>

#include "engine/strategy.h"

struct skipped_fsync {
    struct store st;
    int fault;
    bool synced;     /* a file of the open transaction was */
    struct buf keys; /* of the open scan: struct blob_key, newest versions */
    size_t at;
    uint64_t from, to;
};

enum { ALL, MOST };
static const char *const faults[] = {"all", "most", NULL};
static const struct opt skipped_fsync_opts[] = {
    {.name = "fault",
     .type = OPT_CHOICE,
     .offset = offsetof(struct skipped_fsync, fault),
     .choices = faults,
     .def = "all",
     .help = "which syncs are left out"},
    {.name = NULL},
};

static struct skipped_fsync *skipped_fsync_of(struct store *st)
{
    return (struct skipped_fsync *)st;
}

static void name_of(struct blob_key key, char name[IO_NAME_MAX])
{
    snprintf(name, IO_NAME_MAX, "%016" PRIx64 "-%08" PRIx32, key.file_id, key.version);
}

static enum rc skipped_fsync_nothing(struct store *st)
{
    (void)st;
    return RC_OK;
}

static void skipped_fsync_deinit(struct store *st)
{
    buf_release(&skipped_fsync_of(st)->keys);
}

static enum rc skipped_fsync_put(struct store *st, const struct put_request *put)
{
    struct io_file file = {0};
    char name[IO_NAME_MAX];
    name_of(put->key, name);
    enum rc rc =
        io_file_open(st->io, name, IO_EXTERNAL, IO_CREATE | IO_EXCLUSIVE, &file, NULL, st->err);
    if (rc == RC_OK)
        rc = io_file_write(&file, put->bytes.ptr, put->bytes.len, 0, st->err);
    if (rc == RC_OK && skipped_fsync_of(st)->fault == MOST && !skipped_fsync_of(st)->synced) {
        rc = io_file_sync(&file, false, st->err);
        skipped_fsync_of(st)->synced = true;
    }
    KEEP_FIRST(rc, io_file_close(&file, st->err));
    st->counters[CTR_UNIQUE_BYTES] += put->bytes.len;
    st->counters[CTR_STORED_BYTES] += put->bytes.len;
    return rc;
}

static enum rc skipped_fsync_get(struct store *st, struct blob_key key, struct buf *out)
{
    struct io_file file = {0};
    char name[IO_NAME_MAX];
    uint64_t size = 0;
    size_t got = 0;
    name_of(key, name);
    enum rc rc = io_file_open(st->io, name, IO_EXTERNAL, IO_READ_ONLY, &file, NULL, st->err);
    if (rc != RC_OK)
        return rc;
    rc = io_file_size(&file, &size, st->err);
    if (rc == RC_OK)
        rc = buf_resize(out, (size_t)size, st->err);
    if (rc == RC_OK)
        rc = io_file_read(&file, out->ptr, out->len, 0, &got, st->err);
    KEEP_FIRST(rc, io_file_close(&file, st->err));
    return rc;
}

static enum rc skipped_fsync_del(struct store *st, struct blob_key key)
{
    char name[IO_NAME_MAX];
    name_of(key, name);
    return io_unlink(st->io, IO_EXTERNAL, name, st->err);
}

/* Names come in ascending order: a later version of the same file replaces the one before. */
static enum rc note_key(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct skipped_fsync *self = ctx;
    struct blob_key key;
    (void)size;
    if (sscanf(name, "%16" SCNx64 "-%8" SCNx32, &key.file_id, &key.version) != 2)
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" is no blob", Q(name));
    if (key.file_id < self->from || key.file_id >= self->to)
        return RC_OK;
    if (self->keys.len != 0) {
        struct blob_key *last =
            (struct blob_key *)(void *)(self->keys.ptr + self->keys.len - sizeof(key));
        if (last->file_id == key.file_id) {
            *last = key;
            return RC_OK;
        }
    }
    return buf_append(&self->keys, span_of(&key, sizeof(key)), err);
}

static enum rc skipped_fsync_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    struct skipped_fsync *self = skipped_fsync_of(st);
    buf_clear(&self->keys);
    self->at = 0;
    self->from = from;
    self->to = to;
    return io_list(st->io, "", note_key, self, st->err);
}

static enum rc skipped_fsync_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    struct skipped_fsync *self = skipped_fsync_of(st);
    if (self->at == self->keys.len)
        return RC_NOTFOUND;
    *key = *(const struct blob_key *)(const void *)(self->keys.ptr + self->at);
    self->at += sizeof(*key);
    return skipped_fsync_get(st, *key, out);
}

static void skipped_fsync_scan_end(struct store *st)
{
    (void)st;
}

static enum rc skipped_fsync_commit(struct store *st)
{
    struct skipped_fsync *self = skipped_fsync_of(st);
    self->synced = false;
    return self->fault == MOST ? io_sync_dir(st->io, IO_EXTERNAL, "", st->err) : RC_OK;
}

static enum rc skipped_fsync_probe(struct store *st, const struct effect_facts *facts,
                                   struct effect *out)
{
    (void)st;
    effect_expect(out, "puts", facts->counters[CTR_PUTS], facts->blobs, facts->blobs,
                  "%zu blobs were put", facts->blobs);
    return RC_OK;
}

const struct strategy strategy_planted_skipped_fsync = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "planted-skipped-fsync",
    .summary = "one file per blob, never synced",
    .caps = CAP_TRANSACTION | CAP_DELETE | CAP_SCAN | CAP_FILE_PER_BLOB,
    .state_size = sizeof(struct skipped_fsync),
    .opts = skipped_fsync_opts,
    .init = skipped_fsync_nothing,
    .deinit = skipped_fsync_deinit,
    .put = skipped_fsync_put,
    .get = skipped_fsync_get,
    .flush = skipped_fsync_nothing,
    .check = skipped_fsync_nothing,
    .probe = skipped_fsync_probe,
    .del = skipped_fsync_del,
    .scan_begin = skipped_fsync_scan_begin,
    .scan_next = skipped_fsync_scan_next,
    .scan_end = skipped_fsync_scan_end,
    .begin = skipped_fsync_nothing,
    .commit = skipped_fsync_commit,
    .rollback = skipped_fsync_nothing,
};
