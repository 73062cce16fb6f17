/* files.c: one file per blob, named by its key, holding exactly its bytes: the device's own floor.
 *
 * Layout: DIR/FFFFFFFFFFFFFFFF-VVVVVVVV, file_id and version in fixed-width hexadecimal.  DIR has
 * `fanout` levels of two digits each, taken from bits 8..15 (and before them 16..23) of file_id,
 * so 256 neighbours share a directory, as the files of a real tree do, and a batch of neighbours
 * costs one directory sync.  A user can open every file; there is no header and no checksum, so
 * damage that keeps a file's size is not seen here, only by the driver, which compares bytes.
 *
 * Which versions exist is kept in memory (keymap.h), listed at open and maintained after.
 *
 * Commit (docs/durability.md): a put writes NAME.tmp, created exclusively, in the blob's own
 * directory.  Commit syncs every new file, renames it, syncs each touched directory once (with the
 * parents of directories that are not known to be durable), and only then unlinks what was
 * deleted and syncs those directories.  Open sweeps temporaries, then syncs the directories it
 * found, so a name that has been read once cannot vanish later.
 *
 * Levels.  `none` syncs nothing.  `consistent` and `durable-rollback` do what `durable` does:
 * without a journal there is no cheaper way to keep a prefix of the commits.
 * Limit: each blob is atomic, a transaction of several is not.  A crash inside commit may leave
 * some of its new blobs, and deleted ones beside them; what commit acknowledged is there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/keymap.h"

#define KEY_FMT       "file %" PRIu64 " version %" PRIu32
#define KEY_ARGS(key) (key).file_id, (key).version

enum {
    NAME_LEN = 16 + 1 + 8,
    OPEN_MAX = 64, /* files written but not closed: syncing them together at commit is cheaper */
    ROOT = 0,
    LEVEL_1 = 1,
    LEVEL_2 = LEVEL_1 + 256,
    DIR_COUNT = LEVEL_2 + 256 * 256
};
enum dir_flag {
    DIR_EXISTS = 1u << 0,
    DIR_DURABLE = 1u << 1, /* its entry in its parent is */
    DIR_TOUCHED = 1u << 2
};
enum blob_mark { COMMITTED = 0, PENDING = 1 /* still under its temporary name */ };

struct open_file {
    struct io_file file;
    struct blob_key key;
};

struct files {
    struct store st;
    uint64_t fanout;
    struct keymap map;
    struct open_file open[OPEN_MAX];
    size_t open_count;
    uint8_t dirs[DIR_COUNT]; /* enum dir_flag, by number */
    struct buf touched;      /* uint32_t numbers of directories to sync */
    struct buf sweep;        /* init: names of temporaries, each with its NUL */
};

static const struct opt files_opts[] = {
    {.name = "fanout",
     .type = OPT_COUNT,
     .offset = offsetof(struct files, fanout),
     .min = 0,
     .max = 2,
     .def = "1",
     .help = "levels of directories, 256 each"},
    {.name = NULL},
};

static struct files *files_of(struct store *st)
{
    return (struct files *)st;
}

static bool syncs(const struct files *self)
{
    return self->st.durability != DURABILITY_NONE;
}

/* ---- names ----------------------------------------------------------------------------------- */

static uint32_t dir_of(const struct files *self, uint64_t file_id)
{
    if (self->fanout == 0)
        return ROOT;
    return self->fanout == 1 ? LEVEL_1 + (uint32_t)(file_id >> 8 & 0xff)
                             : LEVEL_2 + (uint32_t)(file_id >> 8 & 0xffff);
}

static uint32_t parent_of(uint32_t dir)
{
    CHECK(dir != ROOT);
    return dir < LEVEL_2 ? ROOT : LEVEL_1 + (dir - LEVEL_2) / 256;
}

/* Without the final slash; "" for the root. */
static void dir_name(uint32_t dir, char name[IO_NAME_MAX])
{
    if (dir == ROOT)
        name[0] = '\0';
    else if (dir < LEVEL_2)
        snprintf(name, IO_NAME_MAX, "%02x", (unsigned)(dir - LEVEL_1));
    else
        snprintf(name, IO_NAME_MAX, "%02x/%02x", (unsigned)(dir - LEVEL_2) / 256,
                 (unsigned)(dir - LEVEL_2) % 256);
}

static void blob_name(const struct files *self, struct blob_key key, const char *suffix,
                      char name[IO_NAME_MAX])
{
    char dir[IO_NAME_MAX];
    dir_name(dir_of(self, key.file_id), dir);
    snprintf(name, IO_NAME_MAX, "%.8s%s%016" PRIx64 "-%08" PRIx32 "%s", dir,
             dir[0] != '\0' ? "/" : "", key.file_id, key.version, suffix);
}

static bool parse_hex(const char *text, size_t len, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        else
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

enum name_kind { NAME_BLOB, NAME_TEMP, NAME_OTHER };

static enum name_kind parse_name(const char *path, struct blob_key *key)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    uint64_t file_id, version;
    if (strlen(base) < NAME_LEN || base[16] != '-' || !parse_hex(base, 16, &file_id) ||
        !parse_hex(base + 17, 8, &version) || file_id > INT64_MAX)
        return NAME_OTHER;
    *key = (struct blob_key){.file_id = file_id, .version = (uint32_t)version};
    if (base[NAME_LEN] == '\0')
        return NAME_BLOB;
    return strcmp(base + NAME_LEN, ".tmp") == 0 ? NAME_TEMP : NAME_OTHER;
}

static enum rc damaged(struct store *st, struct blob_key key, const char *what)
{
    return FAIL(st->err, RC_CORRUPT, 0, KEY_FMT ": %s", KEY_ARGS(key), what);
}

/* ---- directories ----------------------------------------------------------------------------- */

static enum rc make_dir(struct files *self, uint32_t dir)
{
    if (dir == ROOT || (self->dirs[dir] & DIR_EXISTS))
        return RC_OK;
    char name[IO_NAME_MAX];
    enum rc rc = make_dir(self, parent_of(dir));
    dir_name(dir, name);
    if (rc == RC_OK)
        rc = io_mkdir(self->st.io, name, NULL, self->st.err);
    if (rc == RC_OK)
        self->dirs[dir] |= DIR_EXISTS;
    return rc;
}

/* Its entries changed: sync it at the next sync_touched.  Whether a directory found existing was
 * made durable by whoever made it is not known, so its parent is synced once as well. */
static enum rc touch(struct files *self, uint32_t dir)
{
    for (;;) {
        if (!(self->dirs[dir] & DIR_TOUCHED)) {
            enum rc rc = buf_append(&self->touched, span_of(&dir, sizeof(dir)), self->st.err);
            if (rc != RC_OK)
                return rc;
            self->dirs[dir] |= DIR_TOUCHED;
        }
        if (dir == ROOT || (self->dirs[dir] & DIR_DURABLE))
            return RC_OK;
        dir = parent_of(dir);
    }
}

static uint32_t touched_at(const struct files *self, size_t index)
{
    uint32_t dir;
    memcpy(&dir, self->touched.ptr + index * sizeof(dir), sizeof(dir));
    return dir;
}

static enum rc sync_touched(struct files *self)
{
    size_t count = self->touched.len / sizeof(uint32_t);
    enum rc rc = RC_OK;
    for (size_t i = 0; i < count && rc == RC_OK && syncs(self); i++) {
        char name[IO_NAME_MAX];
        dir_name(touched_at(self, i), name);
        rc = io_sync_dir(self->st.io, IO_EXTERNAL, name, self->st.err);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t dir = touched_at(self, i);
        self->dirs[dir] &= (uint8_t)~DIR_TOUCHED;
        if (rc == RC_OK && syncs(self))
            self->dirs[dir] |= DIR_DURABLE;
    }
    buf_clear(&self->touched);
    return rc;
}

/* ---- open ------------------------------------------------------------------------------------ */

static enum rc note_file(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct files *self = ctx;
    struct blob_key key;
    char expected[IO_NAME_MAX];
    enum name_kind kind = parse_name(name, &key);
    if (kind == NAME_OTHER)
        return RC_OK;
    blob_name(self, key, kind == NAME_TEMP ? ".tmp" : "", expected);
    if (strcmp(name, expected) != 0)
        return FAIL(err, RC_MISMATCH, 0,
                    "\"%s\" does not lie where it belongs with fanout=%" PRIu64 " (\"%s\")",
                    Q(name), self->fanout, expected);
    uint32_t dir = dir_of(self, key.file_id);
    for (uint32_t at = dir; at != ROOT; at = parent_of(at))
        self->dirs[at] |= DIR_EXISTS;
    enum rc rc = touch(self, dir);
    if (rc != RC_OK)
        return rc;
    if (kind == NAME_TEMP)
        return buf_append(&self->sweep, span_of(name, strlen(name) + 1), err);
    struct keymap_blob blob = {.len = size, .version = key.version};
    rc = keymap_put(&self->map, key.file_id, blob, err);
    keymap_commit(&self->map);
    return rc;
}

/* What an earlier session left unfinished. */
static enum rc sweep(struct files *self)
{
    enum rc rc = RC_OK;
    for (size_t at = 0; at < self->sweep.len && rc == RC_OK;) {
        const char *name = (const char *)self->sweep.ptr + at;
        rc = io_unlink(self->st.io, IO_EXTERNAL, name, self->st.err);
        at += strlen(name) + 1;
    }
    buf_release(&self->sweep);
    return rc;
}

static enum rc files_init(struct store *st)
{
    struct files *self = files_of(st);
    self->dirs[ROOT] = DIR_EXISTS | DIR_DURABLE;
    enum rc rc = io_list(st->io, "", note_file, self, st->err);
    if (rc == RC_OK)
        rc = sweep(self);
    return rc == RC_OK ? sync_touched(self) : rc;
}

/* ---- files being written --------------------------------------------------------------------- */

/* Sync and close every file written so far.  All are closed whatever happens. */
static enum rc finish_open(struct files *self)
{
    enum rc rc = RC_OK;
    while (self->open_count > 0) {
        struct io_file *file = &self->open[--self->open_count].file;
        if (rc == RC_OK && syncs(self))
            rc = io_file_sync(file, false, self->st.err);
        KEEP_FIRST(rc, io_file_close(file, self->st.err));
    }
    return rc;
}

static enum rc write_temp(struct files *self, const struct put_request *put)
{
    struct store *st = &self->st;
    char name[IO_NAME_MAX];
    if (self->open_count == OPEN_MAX) {
        enum rc finished = finish_open(self);
        if (finished != RC_OK)
            return finished;
    }
    struct open_file *open = &self->open[self->open_count];
    blob_name(self, put->key, ".tmp", name);
    enum rc rc = io_file_open(st->io, name, IO_EXTERNAL, IO_CREATE | IO_EXCLUSIVE, &open->file,
                              NULL, st->err);
    if (rc != RC_OK)
        return rc;
    self->open_count++;
    open->key = put->key;
    if (put->bytes.len != 0)
        rc = io_file_write(&open->file, put->bytes.ptr, put->bytes.len, 0, st->err);
    if (rc == RC_OK && !syncs(self))
        rc = finish_open(self);
    return rc;
}

static enum rc files_put(struct store *st, const struct put_request *put)
{
    struct files *self = files_of(st);
    if (keymap_find(&self->map, put->key) != NULL)
        return FAIL(st->err, RC_USAGE, 0, KEY_FMT " is stored already", KEY_ARGS(put->key));
    enum rc rc = make_dir(self, dir_of(self, put->key.file_id));
    if (rc == RC_OK)
        rc = write_temp(self, put);
    struct keymap_blob blob = {.len = put->bytes.len, .version = put->key.version, .mark = PENDING};
    if (rc == RC_OK)
        rc = keymap_put(&self->map, put->key.file_id, blob, st->err);
    if (rc != RC_OK)
        return rc;
    st->counters[CTR_UNIQUE_BYTES] += put->bytes.len;
    st->counters[CTR_STORED_BYTES] += put->bytes.len;
    return RC_OK;
}

/* A temporary that is not wanted any more. */
static enum rc drop_temp(struct files *self, struct blob_key key, struct err *err)
{
    char name[IO_NAME_MAX];
    enum rc rc = RC_OK;
    for (size_t i = 0; i < self->open_count; i++) {
        if (self->open[i].key.file_id != key.file_id || self->open[i].key.version != key.version)
            continue;
        rc = io_file_close(&self->open[i].file, err);
        self->open[i] = self->open[--self->open_count];
        break;
    }
    blob_name(self, key, ".tmp", name);
    enum rc unlinked = io_unlink(self->st.io, IO_EXTERNAL, name, err);
    return rc != RC_OK || unlinked == RC_NOTFOUND ? rc : unlinked;
}

static enum rc files_del(struct store *st, struct blob_key key)
{
    struct files *self = files_of(st);
    const struct keymap_blob *blob = keymap_find(&self->map, key);
    if (blob == NULL)
        return RC_NOTFOUND;
    enum rc rc = blob->mark == PENDING ? drop_temp(self, key, st->err) : RC_OK;
    return rc == RC_OK ? keymap_del(&self->map, key, st->err) : rc;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static enum rc files_begin(struct store *st)
{
    CHECK(files_of(st)->map.log_count == 0);
    return RC_OK;
}

static enum rc files_flush(struct store *st)
{
    return finish_open(files_of(st));
}

static enum rc rename_new(struct files *self)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; i < self->map.log_count && rc == RC_OK; i++) {
        struct blob_key key = self->map.log[i].key;
        struct keymap_blob *blob = keymap_find(&self->map, key);
        if (blob == NULL || blob->mark != PENDING)
            continue;
        char from[IO_NAME_MAX], to[IO_NAME_MAX];
        blob_name(self, key, ".tmp", from);
        blob_name(self, key, "", to);
        rc = io_rename(self->st.io, IO_EXTERNAL, from, to, self->st.err);
        blob->mark = COMMITTED;
        if (rc == RC_OK)
            rc = touch(self, dir_of(self, key.file_id));
    }
    return rc;
}

static enum rc unlink_deleted(struct files *self)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; i < self->map.log_count && rc == RC_OK; i++) {
        const struct keymap_change *change = &self->map.log[i];
        if (!change->deleted || change->blob.mark == PENDING ||
            keymap_find(&self->map, change->key) != NULL)
            continue;
        char name[IO_NAME_MAX];
        blob_name(self, change->key, "", name);
        rc = io_unlink(self->st.io, IO_EXTERNAL, name, self->st.err);
        if (rc == RC_NOTFOUND)
            rc = damaged(&self->st, change->key, "its file has gone");
        if (rc == RC_OK)
            rc = touch(self, dir_of(self, change->key.file_id));
    }
    return rc;
}

static enum rc files_commit(struct store *st)
{
    struct files *self = files_of(st);
    enum rc rc = rename_new(self);
    if (rc == RC_OK)
        rc = sync_touched(self);
    if (rc == RC_OK)
        rc = unlink_deleted(self);
    if (rc == RC_OK)
        rc = sync_touched(self);
    if (rc == RC_OK)
        keymap_commit(&self->map);
    return rc;
}

/* Remove what the open transaction wrote. */
static enum rc abandon(struct files *self, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; i < self->map.log_count; i++) {
        const struct keymap_change *change = &self->map.log[i];
        if (!change->deleted)
            KEEP_FIRST(rc, drop_temp(self, change->key, err));
    }
    keymap_rollback(&self->map);
    return rc;
}

static enum rc files_rollback(struct store *st)
{
    return abandon(files_of(st), st->err);
}

static void files_deinit(struct store *st)
{
    struct files *self = files_of(st);
    struct err ignored = {0}; /* the next open sweeps what cannot be removed now */
    enum rc rc = abandon(self, &ignored);
    while (self->open_count > 0)
        KEEP_FIRST(rc, io_file_close(&self->open[--self->open_count].file, &ignored));
    keymap_release(&self->map);
    buf_release(&self->touched);
    buf_release(&self->sweep);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Bytes [offset, offset + len) of a committed blob of `total` bytes.  Reading one byte too many
 * where the end is asked for shows a file that has grown. */
static enum rc read_file(struct store *st, struct blob_key key, uint64_t total, uint64_t offset,
                         size_t len, struct buf *out)
{
    struct io_file file = {0};
    char name[IO_NAME_MAX];
    size_t got = 0, extra = offset + len == total;
    blob_name(files_of(st), key, "", name);
    enum rc rc = buf_resize(out, len + extra, st->err);
    if (rc == RC_OK)
        rc = io_file_open(st->io, name, IO_EXTERNAL, IO_READ_ONLY, &file, NULL, st->err);
    if (rc == RC_NOTFOUND)
        return damaged(st, key, "its file has gone");
    if (rc == RC_OK)
        rc = io_file_read(&file, out->ptr, len + extra, offset, &got, st->err);
    if (rc == RC_OK && got != len)
        rc = damaged(st, key, "its file has another size than was stored");
    KEEP_FIRST(rc, io_file_close(&file, st->err));
    if (rc == RC_OK)
        out->len = len;
    return rc;
}

static enum rc files_get(struct store *st, struct blob_key key, struct buf *out)
{
    const struct keymap_blob *blob = keymap_find(&files_of(st)->map, key);
    if (blob == NULL)
        return RC_NOTFOUND;
    return read_file(st, key, blob->len, 0, (size_t)blob->len, out);
}

static enum rc files_read_at(struct store *st, struct blob_key key, uint64_t offset, size_t len,
                             struct buf *out)
{
    const struct keymap_blob *blob = keymap_find(&files_of(st)->map, key);
    if (blob == NULL)
        return RC_NOTFOUND;
    if (offset > blob->len)
        offset = blob->len;
    if (len > blob->len - offset)
        len = (size_t)(blob->len - offset);
    return read_file(st, key, blob->len, offset, len, out);
}

static enum rc files_scan_begin(struct store *st, uint64_t from, uint64_t to)
{
    return keymap_scan(&files_of(st)->map, from, to, st->err);
}

static enum rc files_scan_next(struct store *st, struct blob_key *key, struct buf *out)
{
    const struct keymap_blob *blob = keymap_next(&files_of(st)->map, key);
    if (blob == NULL)
        return RC_NOTFOUND;
    return read_file(st, *key, blob->len, 0, (size_t)blob->len, out);
}

static void files_scan_end(struct store *st)
{
    (void)st;
}

/* ---- check ----------------------------------------------------------------------------------- */

struct file_count {
    const struct files *self;
    uint64_t count;
};

static enum rc check_file(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct file_count *files = ctx;
    struct blob_key key;
    enum name_kind kind = parse_name(name, &key);
    if (kind == NAME_OTHER)
        return RC_OK;
    if (kind == NAME_TEMP)
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" was left by an unfinished transaction", Q(name));
    const struct keymap_blob *blob = keymap_find(&files->self->map, key);
    if (blob == NULL)
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" is a blob that was never stored", Q(name));
    if (blob->len != size)
        return FAIL(err, RC_CORRUPT, 0,
                    KEY_FMT ": its file has %" PRIu64 " bytes where %" PRIu64 " were stored",
                    KEY_ARGS(key), size, blob->len);
    files->count++;
    return RC_OK;
}

static enum rc name_missing(struct files *self)
{
    for (size_t i = 0; i < self->map.file_count; i++) {
        const struct keymap_file *file = &self->map.files[i];
        for (uint32_t v = 0; v < file->count; v++) {
            struct blob_key key = {.file_id = file->file_id, .version = file->blobs[v].version};
            char name[IO_NAME_MAX];
            uint64_t size;
            blob_name(self, key, "", name);
            enum rc rc = io_stat(self->st.io, name, &size, self->st.err);
            if (rc == RC_NOTFOUND)
                return damaged(&self->st, key, "its file has gone");
            if (rc != RC_OK)
                return rc;
        }
    }
    return FAIL(self->st.err, RC_CORRUPT, 0, "files appeared or vanished during the check");
}

/* Every stored blob has its file, of its size, and there is no other.  Contents are not checked:
 * nothing is recorded about them. */
static enum rc files_check(struct store *st)
{
    struct files *self = files_of(st);
    struct file_count files = {.self = self};
    const char *defect = keymap_defect(&self->map);
    if (defect != NULL)
        return FAIL(st->err, RC_CORRUPT, 0, "%s", defect);
    enum rc rc = io_list(st->io, "", check_file, &files, st->err);
    if (rc == RC_OK && files.count != self->map.blob_count)
        rc = name_missing(self);
    return rc;
}

static enum rc files_probe(struct store *st, const struct effect_facts *facts, struct effect *out)
{
    uint64_t fanout = facts->files != 0 ? files_of(st)->fanout : 0;
    effect_expect(out, "files", facts->files, facts->kept, facts->kept,
                  "%" PRIu64 " blobs are kept, one file each", facts->kept);
    effect_expect(out, "folders above the shallowest file", facts->depth_least, fanout, fanout,
                  "fanout=%" PRIu64, files_of(st)->fanout);
    effect_expect(out, "folders above the deepest file", facts->depth_most, fanout, fanout,
                  "fanout=%" PRIu64, files_of(st)->fanout);
    return RC_OK;
}

const struct strategy strategy_files = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "files",
    .summary = "one file per blob: the device's own cost",
    .caps = CAP_TRANSACTION | CAP_DELETE | CAP_READ_AT | CAP_SCAN | CAP_FILE_PER_BLOB,
    .state_size = sizeof(struct files),
    .opts = files_opts,
    .init = files_init,
    .deinit = files_deinit,
    .put = files_put,
    .get = files_get,
    .flush = files_flush,
    .check = files_check,
    .probe = files_probe,
    .del = files_del,
    .read_at = files_read_at,
    .scan_begin = files_scan_begin,
    .scan_next = files_scan_next,
    .scan_end = files_scan_end,
    .begin = files_begin,
    .commit = files_commit,
    .rollback = files_rollback,
};
