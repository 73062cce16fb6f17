/* An in-memory file system: a hash table of full names, each a directory or a link to an inode.
 *
 * Errors are those of Linux for the same call, so that code behaves alike on both back ends.
 * Links are reference counts: an inode dies with its last name and last handle.
 */
#include "engine/io_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/io_backend.h"

/* A sparse file costs its full size here; a runaway offset is refused like a file size limit. */
#define IO_MEMORY_FILE_MAX ((uint64_t)1 << 40)
#define IO_MEMORY_CAP_MIN  ((size_t)4096)

struct io_memory_inode {
    uint64_t id;
    size_t links, handles;
    uint8_t *bytes;
    size_t size, cap;
};

struct io_memory_entry {
    struct io_memory_entry *next;
    struct io_memory_inode *inode; /* NULL: a directory */
    uint64_t hash;
    char name[];
};

struct io_memory_handle {
    struct io_memory_inode *inode;
    bool read_only;
};

struct io_memory {
    struct io_memory_entry **slots;
    size_t slot_count, entry_count; /* slot_count is a power of two */
    size_t open_files;
    uint64_t last_inode;
    bool tracing;
    struct io_trace_op *ops;
    size_t op_count, op_cap;
};

/* ---- trace ---------------------------------------------------------------------------------- */

const char *io_trace_kind_name(enum io_trace_kind kind)
{
    static const char *const names[IO_TRACE_KIND_COUNT] = {
        [IO_TRACE_CREATE] = "create",     [IO_TRACE_UNLINK] = "unlink",
        [IO_TRACE_RENAME] = "rename",     [IO_TRACE_LINK] = "link",
        [IO_TRACE_MKDIR] = "mkdir",       [IO_TRACE_WRITE] = "write",
        [IO_TRACE_TRUNCATE] = "truncate", [IO_TRACE_SYNC] = "sync",
        [IO_TRACE_SYNC_DIR] = "sync_dir", [IO_TRACE_MARK] = "mark",
    };
    CHECK((unsigned)kind < IO_TRACE_KIND_COUNT);
    return names[kind];
}

/* Each op owns one allocation: its bytes if it is a write, else its names, the first one first. */
static void io_memory_free_payload(struct io_trace_op *op)
{
    uintptr_t at = op->bytes ? (uintptr_t)op->bytes : (uintptr_t)op->name;

    free((void *)at);
}

static int io_memory_copy_payload(struct io_trace_op *op)
{
    if (op->kind == IO_TRACE_WRITE) {
        uint8_t *bytes = malloc(op->len ? op->len : 1);

        if (!bytes)
            return ENOMEM;
        if (op->len)
            memcpy(bytes, op->bytes, op->len);
        op->bytes = bytes;
    } else if (op->name) {
        size_t len = strlen(op->name) + 1, len2 = op->name2 ? strlen(op->name2) + 1 : 0;
        char *names = malloc(len + len2);

        if (!names)
            return ENOMEM;
        memcpy(names, op->name, len);
        op->name = names;
        if (op->name2) {
            memcpy(names + len, op->name2, len2);
            op->name2 = names + len;
        }
    }
    return 0;
}

/* Recorded before the change is made and taken back (io_memory_untrace) if that fails, so memory
 * running out never leaves a change without its entry. */
static int io_memory_record(struct io_memory *fs, struct io_trace_op op)
{
    if (!fs->tracing)
        return 0;
    if (fs->op_count == fs->op_cap) {
        size_t cap = fs->op_cap ? 2 * fs->op_cap : 256;
        struct io_trace_op *ops = realloc(fs->ops, cap * sizeof(*ops));

        if (!ops)
            return ENOMEM;
        fs->ops = ops;
        fs->op_cap = cap;
    }
    if (io_memory_copy_payload(&op))
        return ENOMEM;
    fs->ops[fs->op_count++] = op;
    return 0;
}

static void io_memory_untrace(struct io_memory *fs)
{
    if (fs->tracing)
        io_memory_free_payload(&fs->ops[--fs->op_count]);
}

/* ---- inodes --------------------------------------------------------------------------------- */

static void io_memory_reap(struct io_memory_inode *inode)
{
    if (inode->links == 0 && inode->handles == 0) {
        free(inode->bytes);
        free(inode);
    }
}

static void io_memory_drop_link(struct io_memory_inode *inode)
{
    inode->links--;
    io_memory_reap(inode);
}

/* Room for `size` bytes; the file's own size is unchanged. */
static int io_memory_reserve(struct io_memory_inode *inode, uint64_t size)
{
    size_t cap = inode->cap ? inode->cap : IO_MEMORY_CAP_MIN;
    uint8_t *bytes;

    if (size > IO_MEMORY_FILE_MAX)
        return EFBIG;
    if (size <= inode->cap)
        return 0;
    while (cap < size)
        cap *= 2;
    bytes = realloc(inode->bytes, cap);
    if (!bytes)
        return ENOMEM;
    inode->bytes = bytes;
    inode->cap = cap;
    return 0;
}

/* Bytes past the size are not kept zero (a shrink leaves them), so growing clears them. */
static int io_memory_resize(struct io_memory_inode *inode, uint64_t size)
{
    int sys = io_memory_reserve(inode, size);

    if (sys)
        return sys;
    if (size > inode->size)
        memset(inode->bytes + inode->size, 0, (size_t)size - inode->size);
    inode->size = (size_t)size;
    return 0;
}

/* ---- the name table ------------------------------------------------------------------------- */

/* FNV-1a: names are ours and short, nobody floods this table. */
static uint64_t io_memory_hash(const char *name, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)name[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* The link that points, or would point, to the entry of this name. */
static struct io_memory_entry **io_memory_slot(struct io_memory *fs, const char *name, size_t len)
{
    uint64_t hash = io_memory_hash(name, len);
    struct io_memory_entry **slot = &fs->slots[hash & (fs->slot_count - 1)];

    while (*slot && ((*slot)->hash != hash || strncmp((*slot)->name, name, len) != 0 ||
                     (*slot)->name[len] != '\0'))
        slot = &(*slot)->next;
    return slot;
}

static struct io_memory_entry *io_memory_find(struct io_memory *fs, const char *name)
{
    return *io_memory_slot(fs, name, strlen(name));
}

/* 0 when every directory on the way to `name` exists. */
static int io_memory_check_path(struct io_memory *fs, const char *name)
{
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        struct io_memory_entry *entry = *io_memory_slot(fs, name, (size_t)(slash - name));

        if (!entry)
            return ENOENT;
        if (entry->inode)
            return ENOTDIR;
    }
    return 0;
}

/* An existing regular file, or the errno the system would give. */
static int io_memory_find_file(struct io_memory *fs, const char *name, struct io_memory_entry **out)
{
    int sys = io_memory_check_path(fs, name);

    if (sys)
        return sys;
    *out = io_memory_find(fs, name);
    if (!*out)
        return ENOENT;
    return (*out)->inode ? 0 : EISDIR;
}

static int io_memory_grow(struct io_memory *fs)
{
    size_t count = 2 * fs->slot_count;
    struct io_memory_entry **slots = calloc(count, sizeof(struct io_memory_entry *));

    if (!slots)
        return ENOMEM;
    for (size_t i = 0; i < fs->slot_count; i++) {
        struct io_memory_entry *entry = fs->slots[i], *next;

        for (; entry; entry = next) {
            struct io_memory_entry **slot = &slots[entry->hash & (count - 1)];

            next = entry->next;
            entry->next = *slot;
            *slot = entry;
        }
    }
    free(fs->slots);
    fs->slots = slots;
    fs->slot_count = count;
    return 0;
}

/* Add a name that is known to be free.  `inode` NULL makes a directory; links are not counted. */
static int io_memory_add(struct io_memory *fs, const char *name, struct io_memory_inode *inode)
{
    size_t len = strlen(name);
    struct io_memory_entry *entry, **slot;

    if (fs->entry_count >= fs->slot_count && io_memory_grow(fs))
        return ENOMEM;
    entry = malloc(sizeof(*entry) + len + 1);
    if (!entry)
        return ENOMEM;
    memcpy(entry->name, name, len + 1);
    entry->inode = inode;
    entry->hash = io_memory_hash(name, len);
    slot = &fs->slots[entry->hash & (fs->slot_count - 1)];
    entry->next = *slot;
    *slot = entry;
    fs->entry_count++;
    return 0;
}

static void io_memory_remove(struct io_memory *fs, const char *name)
{
    struct io_memory_entry **slot = io_memory_slot(fs, name, strlen(name));
    struct io_memory_entry *entry = *slot;

    *slot = entry->next;
    free(entry);
    fs->entry_count--;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int io_memory_create(struct io_memory *fs, const char *name, struct io_memory_inode **out)
{
    struct io_memory_inode *inode = calloc(1, sizeof(*inode));
    int sys;

    if (!inode)
        return ENOMEM;
    inode->id = fs->last_inode + 1;
    sys = io_memory_record(
        fs, (struct io_trace_op){.kind = IO_TRACE_CREATE, .inode = inode->id, .name = name});
    if (sys == 0) {
        sys = io_memory_add(fs, name, inode);
        if (sys)
            io_memory_untrace(fs);
    }
    if (sys) {
        free(inode);
        return sys;
    }
    fs->last_inode++;
    inode->links = 1;
    *out = inode;
    return 0;
}

static int io_memory_unlink(void *state, const char *name)
{
    struct io_memory *fs = state;
    struct io_memory_entry *entry;
    struct io_memory_inode *inode;
    int sys = io_memory_find_file(fs, name, &entry);

    if (sys)
        return sys;
    inode = entry->inode;
    sys = io_memory_record(
        fs, (struct io_trace_op){.kind = IO_TRACE_UNLINK, .inode = inode->id, .name = name});
    if (sys)
        return sys;
    io_memory_remove(fs, name);
    io_memory_drop_link(inode);
    return 0;
}

/* The inode to open: the existing one or a new one. */
static int io_memory_find_or_create(struct io_memory *fs, const char *name, unsigned flags,
                                    struct io_memory_inode **inode, bool *made)
{
    struct io_memory_entry *entry = NULL;
    int sys = io_memory_check_path(fs, name);

    *made = false;
    if (sys)
        return sys;
    entry = io_memory_find(fs, name);
    if (entry && (flags & IO_CREATE) && (flags & IO_EXCLUSIVE))
        return EEXIST;
    if (entry && !entry->inode)
        return EISDIR;
    if (entry) {
        *inode = entry->inode;
        return 0;
    }
    if (!(flags & IO_CREATE))
        return ENOENT;
    *made = true;
    return io_memory_create(fs, name, inode);
}

static int io_memory_open(void *state, const char *name, unsigned flags, void **handle,
                          bool *created)
{
    struct io_memory *fs = state;
    struct io_memory_handle *open_file = calloc(1, sizeof(*open_file));
    struct io_memory_inode *inode = NULL;
    bool made;
    int sys;

    if (!open_file)
        return ENOMEM;
    sys = io_memory_find_or_create(fs, name, flags, &inode, &made);
    if (sys) {
        free(open_file);
        return sys;
    }
    inode->handles++;
    if (flags & IO_DELETE_ON_CLOSE)
        sys = io_memory_unlink(fs, name);
    if (sys) {
        inode->handles--;
        free(open_file);
        return sys;
    }
    open_file->inode = inode;
    open_file->read_only = (flags & IO_READ_ONLY) != 0;
    fs->open_files++;
    *handle = open_file;
    if (created)
        *created = made;
    return 0;
}

static int io_memory_close(void *state, void *handle)
{
    struct io_memory *fs = state;
    struct io_memory_handle *open_file = handle;

    open_file->inode->handles--;
    io_memory_reap(open_file->inode);
    free(open_file);
    fs->open_files--;
    return 0;
}

static int io_memory_read(void *state, void *handle, void *dst, size_t len, uint64_t offset,
                          size_t *got)
{
    const struct io_memory_inode *inode = ((struct io_memory_handle *)handle)->inode;

    (void)state;
    if (offset >= inode->size || len == 0)
        return 0;
    *got = inode->size - (size_t)offset;
    if (*got > len)
        *got = len;
    memcpy(dst, inode->bytes + offset, *got);
    return 0;
}

static int io_memory_write(void *state, void *handle, const void *src, size_t len, uint64_t offset)
{
    struct io_memory *fs = state;
    struct io_memory_handle *open_file = handle;
    struct io_memory_inode *inode = open_file->inode;
    int sys;

    if (open_file->read_only)
        return EBADF;
    if (len == 0)
        return 0;
    sys = io_memory_reserve(inode, offset + len);
    if (sys)
        return sys;
    sys = io_memory_record(fs, (struct io_trace_op){.kind = IO_TRACE_WRITE,
                                                    .inode = inode->id,
                                                    .offset = offset,
                                                    .bytes = src,
                                                    .len = len});
    if (sys)
        return sys;
    if (offset > inode->size)
        memset(inode->bytes + inode->size, 0, (size_t)offset - inode->size);
    memcpy(inode->bytes + offset, src, len);
    if (offset + len > inode->size)
        inode->size = (size_t)offset + len;
    return 0;
}

static int io_memory_truncate(void *state, void *handle, uint64_t size)
{
    struct io_memory *fs = state;
    struct io_memory_handle *open_file = handle;
    int sys;

    if (open_file->read_only)
        return EINVAL;
    if (size == open_file->inode->size)
        return 0;
    sys = io_memory_record(fs, (struct io_trace_op){.kind = IO_TRACE_TRUNCATE,
                                                    .inode = open_file->inode->id,
                                                    .offset = size});
    if (sys)
        return sys;
    sys = io_memory_resize(open_file->inode, size);
    if (sys)
        io_memory_untrace(fs);
    return sys;
}

static int io_memory_sync(void *state, void *handle, bool data_only)
{
    const struct io_memory_inode *inode = ((struct io_memory_handle *)handle)->inode;

    return io_memory_record(
        state,
        (struct io_trace_op){.kind = IO_TRACE_SYNC, .inode = inode->id, .data_only = data_only});
}

static int io_memory_size(void *state, void *handle, uint64_t *size)
{
    (void)state;
    *size = ((struct io_memory_handle *)handle)->inode->size;
    return 0;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* `to` exists and is another file: it is replaced, its inode loses this name. */
static void io_memory_replace(struct io_memory *fs, const char *from, struct io_memory_entry *to,
                              struct io_memory_inode *inode)
{
    struct io_memory_inode *old = to->inode;

    to->inode = inode;
    io_memory_remove(fs, from);
    io_memory_drop_link(old);
}

/* Both directories are looked up before either name, as the system does. */
static int io_memory_check_paths(struct io_memory *fs, const char *from, const char *to)
{
    int sys = io_memory_check_path(fs, from);

    return sys ? sys : io_memory_check_path(fs, to);
}

/* Files only: no store renames directories. */
static int io_memory_rename(void *state, const char *from, const char *to)
{
    struct io_memory *fs = state;
    struct io_memory_entry *source, *target;
    struct io_memory_inode *inode;
    int sys = io_memory_check_paths(fs, from, to);

    if (sys == 0)
        sys = io_memory_find_file(fs, from, &source);
    if (sys)
        return sys;
    inode = source->inode;
    target = io_memory_find(fs, to);
    if (target && !target->inode)
        return EISDIR;
    if (target && target->inode == inode) /* POSIX: two names of one file stay as they are */
        return 0;
    sys = io_memory_record(
        fs, (struct io_trace_op){
                .kind = IO_TRACE_RENAME, .inode = inode->id, .name = from, .name2 = to});
    if (sys)
        return sys;
    if (target) {
        io_memory_replace(fs, from, target, inode);
        return 0;
    }
    sys = io_memory_add(fs, to, inode);
    if (sys)
        io_memory_untrace(fs);
    else
        io_memory_remove(fs, from);
    return sys;
}

static int io_memory_link(void *state, const char *from, const char *to)
{
    struct io_memory *fs = state;
    struct io_memory_entry *source;
    int sys = io_memory_check_paths(fs, from, to);

    if (sys)
        return sys;
    source = io_memory_find(fs, from);
    if (!source)
        return ENOENT;
    if (io_memory_find(fs, to))
        return EEXIST;
    if (!source->inode)
        return EPERM;
    sys = io_memory_record(
        fs, (struct io_trace_op){
                .kind = IO_TRACE_LINK, .inode = source->inode->id, .name = from, .name2 = to});
    if (sys)
        return sys;
    sys = io_memory_add(fs, to, source->inode);
    if (sys)
        io_memory_untrace(fs);
    else
        source->inode->links++;
    return sys;
}

static int io_memory_mkdir(void *state, const char *name)
{
    struct io_memory *fs = state;
    struct io_memory_entry *entry;
    int sys = io_memory_check_path(fs, name);

    if (sys)
        return sys;
    entry = io_memory_find(fs, name);
    if (entry)
        return entry->inode ? ENOTDIR : EEXIST;
    sys = io_memory_record(fs, (struct io_trace_op){.kind = IO_TRACE_MKDIR, .name = name});
    if (sys)
        return sys;
    sys = io_memory_add(fs, name, NULL);
    if (sys)
        io_memory_untrace(fs);
    return sys;
}

static int io_memory_check_dir(struct io_memory *fs, const char *name)
{
    struct io_memory_entry *entry;
    int sys;

    if (name[0] == '\0')
        return 0;
    sys = io_memory_check_path(fs, name);
    if (sys)
        return sys;
    entry = io_memory_find(fs, name);
    if (!entry)
        return ENOENT;
    return entry->inode ? ENOTDIR : 0;
}

static int io_memory_sync_dir(void *state, const char *name)
{
    struct io_memory *fs = state;
    int sys = io_memory_check_dir(fs, name);

    if (sys)
        return sys;
    return io_memory_record(fs, (struct io_trace_op){.kind = IO_TRACE_SYNC_DIR, .name = name});
}

static int io_memory_stat(void *state, const char *name, uint64_t *size)
{
    struct io_memory_entry *entry;
    int sys = io_memory_find_file(state, name, &entry);

    if (sys)
        return sys;
    *size = entry->inode->size;
    return 0;
}

static int io_memory_list(void *state, const char *dir,
                          int (*visit)(void *ctx, const char *name, uint64_t size), void *ctx)
{
    struct io_memory *fs = state;
    size_t len = strlen(dir);
    int sys = io_memory_check_dir(fs, dir);

    for (size_t i = 0; sys == 0 && i < fs->slot_count; i++) {
        struct io_memory_entry *entry = fs->slots[i];

        for (; sys == 0 && entry; entry = entry->next)
            if (entry->inode &&
                (len == 0 || (strncmp(entry->name, dir, len) == 0 && entry->name[len] == '/')))
                sys = visit(ctx, entry->name, entry->inode->size);
    }
    return sys;
}

/* ---- the tree ------------------------------------------------------------------------------- */

static void io_memory_clear(struct io_memory *fs)
{
    for (size_t i = 0; i < fs->op_count; i++)
        io_memory_free_payload(&fs->ops[i]);
    fs->op_count = 0;
}

static void io_memory_release(void *state)
{
    struct io_memory *fs = state;

    CHECK(fs->open_files == 0);
    io_memory_clear(fs);
    free(fs->ops);
    for (size_t i = 0; i < fs->slot_count; i++) {
        struct io_memory_entry *entry = fs->slots[i], *next;

        for (; entry; entry = next) {
            next = entry->next;
            if (entry->inode)
                io_memory_drop_link(entry->inode);
            free(entry);
        }
    }
    free(fs->slots);
    free(fs);
}

static const struct io_backend io_memory_backend = {
    .name = "memory",
    .release = io_memory_release,
    .open = io_memory_open,
    .close = io_memory_close,
    .read = io_memory_read,
    .write = io_memory_write,
    .truncate = io_memory_truncate,
    .sync = io_memory_sync,
    .size = io_memory_size,
    .map = NULL,
    .unmap = NULL,
    .rename = io_memory_rename,
    .link = io_memory_link,
    .unlink = io_memory_unlink,
    .mkdir = io_memory_mkdir,
    .sync_dir = io_memory_sync_dir,
    .stat = io_memory_stat,
    .list = io_memory_list,
};

enum rc io_open_memory(struct io *io, bool trace, struct err *err)
{
    struct io_memory *fs = calloc(1, sizeof(*fs));

    memset(io, 0, sizeof(*io));
    if (fs) {
        fs->slot_count = 64;
        fs->slots = calloc(fs->slot_count, sizeof(struct io_memory_entry *));
        fs->tracing = trace;
    }
    if (!fs || !fs->slots) {
        free(fs);
        return FAIL(err, RC_NOMEM, 0, "out of memory creating an in-memory tree");
    }
    io->ops = &io_memory_backend;
    io->state = fs;
    return RC_OK;
}

static struct io_memory *io_memory_of(const struct io *io)
{
    CHECK(io->ops == &io_memory_backend);
    return io->state;
}

const struct io_trace_op *io_memory_trace(const struct io *io, size_t *count)
{
    const struct io_memory *fs = io_memory_of(io);

    *count = fs->op_count;
    return fs->ops;
}

enum rc io_memory_mark(struct io *io, uint64_t value, struct err *err)
{
    if (io_memory_record(io_memory_of(io),
                         (struct io_trace_op){.kind = IO_TRACE_MARK, .offset = value}))
        return FAIL(err, RC_NOMEM, 0, "out of memory keeping the trace");
    return RC_OK;
}

void io_memory_trace_clear(struct io *io)
{
    io_memory_clear(io_memory_of(io));
}
