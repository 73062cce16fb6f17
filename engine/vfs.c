/* SQLite on io.h.  Written against the sqlite3_vfs and sqlite3_io_methods contracts of sqlite3.h
 * and, where those leave room, the behaviour of the library's os_unix.c (3.40).
 *
 * Differences from os_unix.c, all on purpose:
 *   - no locks between connections: the io is locked as a whole, and a database file that is open
 *     already is refused here, where two unlocked connections would corrupt it; a registration that
 *     shares has locks and shared memory in the heap (vfs_shared.h);
 *   - a failed sync of a directory is an error, not ignored;
 *   - mmap has no 2 GiB cap, and the mapping reaches beyond the end of the file (below).
 */
#include "engine/vfs.h"

#include "engine/vfs_shared.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VFS_SECTOR_SIZE 4096
#define VFS_NAME_SIZE   32
/* A corrupt page may make SQLite read a little past its end; os_unix.c keeps as much. */
#define VFS_MAP_SLACK 256
/* Mapped beyond the end of the file, so that a growing file is not mapped anew for every page.
 * Only bytes below the file's size are handed out. */
#define VFS_MAP_HEADROOM (64 * MIB)

struct vfs_file {
    sqlite3_file base; /* first: SQLite holds a pointer to it */
    struct vfs *vfs;
    struct io_file file;
    struct vfs_file *next; /* of the open databases */
    bool is_database;
    bool sync_dir; /* the directory entry may be new: sync it with the first sync */
    bool persist_wal, powersafe_overwrite;
    int lock;
    struct vfs_seat seat; /* a shared database: its locks */
    const uint8_t *map;
    uint64_t map_len, map_limit;
    uint64_t size;  /* of the file; kept only while mapped */
    size_t fetched; /* pages handed out by xFetch and not returned */
};

struct vfs {
    sqlite3_vfs base;
    sqlite3_vfs *system; /* the library's default: clocks, randomness, shared libraries */
    struct io *io;
    bool shared;
    struct vfs_file *databases;
    size_t open_files;
    unsigned serial;
    unsigned temp_count;
    char name[VFS_NAME_SIZE];
    struct err scratch; /* always clear between calls: saves clearing one per call */
    struct err last;
};

static struct vfs *vfs_of(sqlite3_vfs *base)
{
    return base->pAppData;
}

static struct vfs_file *vfs_file_of(sqlite3_file *base)
{
    /* base is the first member, and SQLite allocated szOsFile bytes for the whole. */
    return (struct vfs_file *)(void *)base;
}

/* The SQLite code for `rc`, keeping the message. */
static int vfs_result(struct vfs *vfs, enum rc rc, int code)
{
    if (rc == RC_OK)
        return SQLITE_OK;
    if (vfs->scratch.rc != RC_OK) {
        vfs->last = vfs->scratch;
        err_clear(&vfs->scratch);
    }
    if (rc == RC_FULL)
        return SQLITE_FULL;
    /* Descriptors that ran out are no memory to SQLite. */
    bool memory = rc == RC_NOMEM && vfs->last.sys != EMFILE && vfs->last.sys != ENFILE;
    return memory ? SQLITE_IOERR_NOMEM : code;
}

/* The directory of a name; "" is the root. */
static void vfs_parent(const char *name, char dir[IO_NAME_MAX])
{
    const char *slash = strrchr(name, '/');
    size_t len = slash ? (size_t)(slash - name) : 0;

    CHECK(len < IO_NAME_MAX);
    memcpy(dir, name, len);
    dir[len] = '\0';
}

/* ---- mapping -------------------------------------------------------------------------------- */

static void vfs_unmap(struct vfs_file *f)
{
    if (f->map)
        io_file_unmap(&f->file, f->map, f->map_len);
    f->map = NULL;
    f->map_len = 0;
}

/* Map up to the limit, or turn mapping off for this file: reads go through xRead then, and
 * PRAGMA mmap_size reads back as 0, so nobody records a setting that is not in force. */
static void vfs_map(struct vfs_file *f)
{
    struct vfs *vfs = f->vfs;
    enum rc rc = io_file_size(&f->file, &f->size, &vfs->scratch);
    uint64_t len;

    vfs_unmap(f);
    if (rc == RC_OK) {
        len = f->size + f->size / 2 + VFS_MAP_HEADROOM;
        if (len > f->map_limit)
            len = f->map_limit;
        rc = io_file_map(&f->file, len, &f->map, &vfs->scratch);
        if (rc == RC_OK)
            f->map_len = len;
    }
    if (vfs_result(vfs, rc, SQLITE_IOERR_MMAP) != SQLITE_OK)
        f->map_limit = 0;
}

static bool vfs_is_mapped(const struct vfs_file *f, uint64_t end)
{
    return f->map && end <= f->map_len && end <= f->size;
}

static int vfs_fetch(sqlite3_file *base, sqlite3_int64 offset, int len, void **out)
{
    struct vfs_file *f = vfs_file_of(base);
    uint64_t end = (uint64_t)offset + (uint64_t)len + VFS_MAP_SLACK;

    *out = NULL;
    if (f->map_limit == 0)
        return SQLITE_OK;
    /* A page in use pins the mapping, and a cursor keeps its leaf while it follows overflow pages:
     * so a mapping the file has outgrown is replaced at the first fetch that finds it free, whether
     * or not that page needs it.  Until then pages beyond it are read the ordinary way. */
    if (f->fetched == 0 && (!f->map || (f->size > f->map_len && f->map_len < f->map_limit)))
        vfs_map(f);
    if (!vfs_is_mapped(f, end))
        return SQLITE_OK;
    *out = (void *)(uintptr_t)(f->map + offset);
    f->fetched++;
    io_file_count_mapped(&f->file, (size_t)len);
    return SQLITE_OK;
}

static int vfs_unfetch(sqlite3_file *base, sqlite3_int64 offset, void *page)
{
    struct vfs_file *f = vfs_file_of(base);

    (void)offset;
    if (page) {
        CHECK(f->fetched > 0);
        f->fetched--;
    } else if (f->fetched == 0) {
        vfs_unmap(f);
    }
    return SQLITE_OK;
}

/* ---- file methods --------------------------------------------------------------------------- */

static void vfs_forget_database(struct vfs_file *f)
{
    struct vfs_file **link = &f->vfs->databases;

    while (*link != f)
        link = &(*link)->next;
    *link = f->next;
}

static int vfs_close(sqlite3_file *base)
{
    struct vfs_file *f = vfs_file_of(base);

    CHECK(f->fetched == 0);
    vfs_unmap(f);
    if (f->is_database)
        vfs_forget_database(f);
    vfs_seat_leave(&f->seat);
    f->vfs->open_files--;
    f->base.pMethods = NULL;
    return vfs_result(f->vfs, io_file_close(&f->file, &f->vfs->scratch), SQLITE_IOERR_CLOSE);
}

static int vfs_read(sqlite3_file *base, void *dst, int len, sqlite3_int64 offset)
{
    struct vfs_file *f = vfs_file_of(base);
    size_t got;
    enum rc rc;

    if (vfs_is_mapped(f, (uint64_t)offset + (uint64_t)len)) {
        memcpy(dst, f->map + offset, (size_t)len);
        io_file_count_mapped(&f->file, (size_t)len);
        return SQLITE_OK;
    }
    rc = io_file_read(&f->file, dst, (size_t)len, (uint64_t)offset, &got, &f->vfs->scratch);
    if (rc)
        return vfs_result(f->vfs, rc, SQLITE_IOERR_READ);
    if (got == (size_t)len)
        return SQLITE_OK;
    memset((uint8_t *)dst + got, 0, (size_t)len - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *base, const void *src, int len, sqlite3_int64 offset)
{
    struct vfs_file *f = vfs_file_of(base);
    uint64_t end = (uint64_t)offset + (uint64_t)len;
    enum rc rc = io_file_write(&f->file, src, (size_t)len, (uint64_t)offset, &f->vfs->scratch);

    if (rc == RC_OK && end > f->size)
        f->size = end;
    return vfs_result(f->vfs, rc, SQLITE_IOERR_WRITE);
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct vfs_file *f = vfs_file_of(base);
    enum rc rc = io_file_truncate(&f->file, (uint64_t)size, &f->vfs->scratch);

    if (rc == RC_OK)
        f->size = (uint64_t)size;
    return vfs_result(f->vfs, rc, SQLITE_IOERR_TRUNCATE);
}

/* fdatasync, as the library's unix VFS on Linux: it covers the file's size, and the entry in its
 * directory is synced apart. */
static int vfs_sync(sqlite3_file *base, int flags)
{
    struct vfs_file *f = vfs_file_of(base);
    enum rc rc = io_file_sync(&f->file, true, &f->vfs->scratch);
    char dir[IO_NAME_MAX];

    (void)flags;
    if (rc)
        return vfs_result(f->vfs, rc, SQLITE_IOERR_FSYNC);
    if (!f->sync_dir)
        return SQLITE_OK;
    vfs_parent(f->file.name, dir);
    rc = io_sync_dir(f->vfs->io, f->file.kind, dir, &f->vfs->scratch);
    if (rc == RC_OK)
        f->sync_dir = false;
    return vfs_result(f->vfs, rc, SQLITE_IOERR_DIR_FSYNC);
}

static int vfs_file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct vfs_file *f = vfs_file_of(base);
    uint64_t bytes = 0;
    enum rc rc = io_file_size(&f->file, &bytes, &f->vfs->scratch);

    *size = (sqlite3_int64)bytes;
    return vfs_result(f->vfs, rc, SQLITE_IOERR_FSTAT);
}

/* The io's lock file keeps other processes out and xOpen other connections, so a lock is only
 * remembered: SQLite asks for it back through xCheckReservedLock. */
static int vfs_lock(sqlite3_file *base, int level)
{
    struct vfs_file *f = vfs_file_of(base);

    if (level > f->lock)
        f->lock = level;
    return SQLITE_OK;
}

static int vfs_unlock(sqlite3_file *base, int level)
{
    struct vfs_file *f = vfs_file_of(base);

    if (level < f->lock)
        f->lock = level;
    return SQLITE_OK;
}

static int vfs_check_reserved_lock(sqlite3_file *base, int *out)
{
    *out = vfs_file_of(base)->lock >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

/* A value of -1 asks, 0 and 1 set; the answer goes back the same way. */
static void vfs_flag_control(int *value, bool *flag)
{
    if (*value < 0)
        *value = *flag;
    else
        *flag = *value != 0;
}

/* Sets the limit unless it is negative, and gives back the one that was in force. */
static void vfs_mmap_control(struct vfs_file *f, sqlite3_int64 *value)
{
    sqlite3_int64 wanted = *value;

    *value = (sqlite3_int64)f->map_limit;
    if (wanted < 0 || (uint64_t)wanted == f->map_limit || f->fetched > 0)
        return;
    vfs_unmap(f);
    f->map_limit = (uint64_t)wanted;
    if (f->map_limit > 0)
        vfs_map(f);
}

static int vfs_file_control(sqlite3_file *base, int op, void *arg)
{
    struct vfs_file *f = vfs_file_of(base);

    switch (op) {
    case SQLITE_FCNTL_MMAP_SIZE: vfs_mmap_control(f, arg); return SQLITE_OK;
    case SQLITE_FCNTL_SIZE_HINT:
    case SQLITE_FCNTL_CHUNK_SIZE:
        /* Advice about allocation, not taken: files hold exactly what was written to them. */
        return SQLITE_OK;
    case SQLITE_FCNTL_VFSNAME:
        *(char **)arg = sqlite3_mprintf("%s", f->vfs->name);
        return *(char **)arg ? SQLITE_OK : SQLITE_NOMEM;
    case SQLITE_FCNTL_PERSIST_WAL: vfs_flag_control(arg, &f->persist_wal); return SQLITE_OK;
    case SQLITE_FCNTL_POWERSAFE_OVERWRITE:
        vfs_flag_control(arg, &f->powersafe_overwrite);
        return SQLITE_OK;
    default: return SQLITE_NOTFOUND;
    }
}

static int vfs_sector_size(sqlite3_file *base)
{
    (void)base;
    return VFS_SECTOR_SIZE;
}

/* Not UNDELETABLE_WHEN_OPEN: on both back ends an open file can lose its name. */
static int vfs_device_characteristics(sqlite3_file *base)
{
    return vfs_file_of(base)->powersafe_overwrite ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0;
}

/* Version 3 without shared memory: xFetch is offered, and WAL works in exclusive locking mode,
 * where the pager keeps the WAL index in the heap and never calls xShm*. */
static const sqlite3_io_methods vfs_methods = {
    .iVersion = 3,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_file_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved_lock,
    .xFileControl = vfs_file_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_device_characteristics,
    .xFetch = vfs_fetch,
    .xUnfetch = vfs_unfetch,
};

/* ---- connections that share a database ------------------------------------------------------ */

/* Journals and temporary files belong to one connection: only databases have a seat. */
static int vfs_shared_lock(sqlite3_file *base, int level)
{
    struct vfs_file *f = vfs_file_of(base);

    return f->seat.shared ? vfs_seat_lock(&f->seat, level) : SQLITE_OK;
}

static int vfs_shared_unlock(sqlite3_file *base, int level)
{
    struct vfs_file *f = vfs_file_of(base);

    if (f->seat.shared)
        vfs_seat_unlock(&f->seat, level);
    return SQLITE_OK;
}

static int vfs_shared_reserved(sqlite3_file *base, int *out)
{
    struct vfs_file *f = vfs_file_of(base);

    *out = f->seat.shared && vfs_seat_reserved(&f->seat);
    return SQLITE_OK;
}

static int vfs_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out)
{
    return vfs_seat_shm_map(&vfs_file_of(base)->seat, region, size, extend != 0, out);
}

static int vfs_shm_lock(sqlite3_file *base, int first, int count, int flags)
{
    return vfs_seat_shm_lock(&vfs_file_of(base)->seat, first, count, flags);
}

static void vfs_shm_barrier(sqlite3_file *base)
{
    vfs_seat_shm_barrier(&vfs_file_of(base)->seat);
}

/* The memory goes with its last user; there is no file to delete. */
static int vfs_shm_unmap(sqlite3_file *base, int delete_file)
{
    (void)delete_file;
    vfs_seat_shm_unmap(&vfs_file_of(base)->seat);
    return SQLITE_OK;
}

static const sqlite3_io_methods vfs_shared_methods = {
    .iVersion = 3,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_file_size,
    .xLock = vfs_shared_lock,
    .xUnlock = vfs_shared_unlock,
    .xCheckReservedLock = vfs_shared_reserved,
    .xFileControl = vfs_file_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_device_characteristics,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
    .xFetch = vfs_fetch,
    .xUnfetch = vfs_unfetch,
};

/* ---- VFS methods ---------------------------------------------------------------------------- */

static enum io_kind vfs_kind(int flags)
{
    if (flags & SQLITE_OPEN_MAIN_DB)
        return IO_DATABASE;
    if (flags & SQLITE_OPEN_WAL)
        return IO_WAL;
    if (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL))
        return IO_JOURNAL;
    return IO_TEMP;
}

static unsigned vfs_io_flags(int flags)
{
    unsigned out = 0;

    if (flags & SQLITE_OPEN_READONLY)
        out |= IO_READ_ONLY;
    if (flags & SQLITE_OPEN_CREATE)
        out |= IO_CREATE;
    if ((flags & SQLITE_OPEN_CREATE) && (flags & SQLITE_OPEN_EXCLUSIVE))
        out |= IO_EXCLUSIVE;
    if (flags & SQLITE_OPEN_DELETEONCLOSE)
        out |= IO_DELETE_ON_CLOSE;
    return out;
}

/* A temporary file under a name nobody has.  Names left by a process that was killed between
 * creating and unlinking are stepped over. */
static enum rc vfs_open_temp(struct vfs *vfs, struct io_file *out)
{
    const unsigned flags = IO_CREATE | IO_EXCLUSIVE | IO_DELETE_ON_CLOSE;
    char name[64];
    enum rc rc = RC_IO;

    for (int attempt = 0; attempt < 1000; attempt++) {
        err_clear(&vfs->scratch);
        snprintf(name, sizeof(name), "temp-%u-%u", vfs->serial, ++vfs->temp_count);
        rc = io_file_open(vfs->io, name, IO_TEMP, flags, out, NULL, &vfs->scratch);
        if (rc != RC_IO || vfs->scratch.sys != EEXIST)
            break;
    }
    return rc;
}

static enum rc vfs_open_named(struct vfs *vfs, const char *name, int flags, struct io_file *out)
{
    if (flags & SQLITE_OPEN_MAIN_DB) {
        for (const struct vfs_file *f = vfs->databases; f; f = f->next)
            if (strcmp(f->file.name, name) == 0)
                return FAIL(&vfs->scratch, RC_USAGE, 0, "database \"%s\" is open already", Q(name));
    }
    return io_file_open(vfs->io, name, vfs_kind(flags), vfs_io_flags(flags), out, NULL,
                        &vfs->scratch);
}

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags,
                    int *out_flags)
{
    struct vfs *vfs = vfs_of(base);
    struct vfs_file *f = vfs_file_of(file);
    enum rc rc;

    memset(f, 0, sizeof(*f));
    rc = name ? vfs_open_named(vfs, name, flags, &f->file) : vfs_open_temp(vfs, &f->file);
    if (rc)
        return vfs_result(vfs, rc, SQLITE_CANTOPEN);
    f->vfs = vfs;
    f->powersafe_overwrite = true;
    /* As os_unix.c does for journals, whenever the file might have been created: it may have been,
     * by a process that was killed before its own first sync. */
    f->sync_dir = (flags & SQLITE_OPEN_CREATE) && f->file.kind != IO_TEMP;
    f->is_database = name && (flags & SQLITE_OPEN_MAIN_DB);
    if (f->is_database && vfs->shared && !vfs_seat_take(&f->seat, vfs->io->family, name)) {
        struct err ignored = {0}; /* there is no memory, whatever closing says */
        enum rc closed = io_file_close(&f->file, &ignored);
        (void)closed;
        return SQLITE_NOMEM;
    }
    if (f->is_database) {
        f->next = vfs->databases;
        vfs->databases = f;
    }
    vfs->open_files++;
    f->base.pMethods = vfs->shared ? &vfs_shared_methods : &vfs_methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static bool vfs_ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);

    return len >= suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

/* xDelete is told a name only; SQLite names its files after the database. */
static enum io_kind vfs_kind_of_name(const char *name)
{
    if (vfs_ends_with(name, "-wal"))
        return IO_WAL;
    if (vfs_ends_with(name, "-journal") || strstr(name, "-mj"))
        return IO_JOURNAL;
    return IO_DATABASE;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync_dir)
{
    struct vfs *vfs = vfs_of(base);
    enum io_kind kind = vfs_kind_of_name(name);
    enum rc rc = io_unlink(vfs->io, kind, name, &vfs->scratch);
    char dir[IO_NAME_MAX];

    if (rc == RC_NOTFOUND)
        return SQLITE_IOERR_DELETE_NOENT;
    if (rc)
        return vfs_result(vfs, rc, SQLITE_IOERR_DELETE);
    if (!sync_dir)
        return SQLITE_OK;
    vfs_parent(name, dir);
    rc = io_sync_dir(vfs->io, kind, dir, &vfs->scratch);
    return vfs_result(vfs, rc, SQLITE_IOERR_DIR_FSYNC);
}

/* As in os_unix.c an empty file does not "exist": an empty journal is not a hot one. */
static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *out)
{
    struct vfs *vfs = vfs_of(base);
    uint64_t size = 0;
    enum rc rc = io_stat(vfs->io, name, &size, &vfs->scratch);

    *out = 0;
    if (rc == RC_NOTFOUND)
        return SQLITE_OK;
    if (rc == RC_CORRUPT) { /* something is there, and opening it will say what */
        err_clear(&vfs->scratch);
        *out = 1;
        return SQLITE_OK;
    }
    if (rc)
        return vfs_result(vfs, rc, SQLITE_IOERR_ACCESS);
    *out = flags != SQLITE_ACCESS_EXISTS || size > 0;
    return SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *base, const char *name, int size, char *out)
{
    size_t len = strlen(name);

    (void)base;
    if (size <= 0 || len >= (size_t)size)
        return SQLITE_CANTOPEN;
    memcpy(out, name, len + 1);
    return SQLITE_OK;
}

static void *vfs_dl_open(sqlite3_vfs *base, const char *name)
{
    sqlite3_vfs *system = vfs_of(base)->system;

    return system->xDlOpen(system, name);
}

static void vfs_dl_error(sqlite3_vfs *base, int size, char *out)
{
    sqlite3_vfs *system = vfs_of(base)->system;

    system->xDlError(system, size, out);
}

static void (*vfs_dl_sym(sqlite3_vfs *base, void *library, const char *symbol))(void)
{
    sqlite3_vfs *system = vfs_of(base)->system;

    return system->xDlSym(system, library, symbol);
}

static void vfs_dl_close(sqlite3_vfs *base, void *library)
{
    sqlite3_vfs *system = vfs_of(base)->system;

    system->xDlClose(system, library);
}

static int vfs_randomness(sqlite3_vfs *base, int size, char *out)
{
    sqlite3_vfs *system = vfs_of(base)->system;

    return system->xRandomness(system, size, out);
}

static int vfs_sleep(sqlite3_vfs *base, int microseconds)
{
    sqlite3_vfs *system = vfs_of(base)->system;

    return system->xSleep(system, microseconds);
}

static int vfs_current_time(sqlite3_vfs *base, double *days)
{
    sqlite3_vfs *system = vfs_of(base)->system;

    return system->xCurrentTime(system, days);
}

static int vfs_current_time_int64(sqlite3_vfs *base, sqlite3_int64 *milliseconds)
{
    sqlite3_vfs *system = vfs_of(base)->system;

    return system->xCurrentTimeInt64(system, milliseconds);
}

/* The message as text, the errno as the value (sqlite3_system_errno). */
static int vfs_get_last_error(sqlite3_vfs *base, int size, char *out)
{
    const struct vfs *vfs = vfs_of(base);

    if (out && size > 0)
        snprintf(out, (size_t)size, "%s", vfs->last.msg);
    return vfs->last.sys;
}

/* ---- registration --------------------------------------------------------------------------- */

/* Names must differ among the registrations of one process, whatever the thread. */
static atomic_uint vfs_serial;

static void vfs_fill(struct vfs *vfs)
{
    vfs->serial = atomic_fetch_add(&vfs_serial, 1) + 1;
    snprintf(vfs->name, sizeof(vfs->name), "blobfront-%u", vfs->serial);
    vfs->base = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct vfs_file),
        .mxPathname = IO_NAME_MAX,
        .zName = vfs->name,
        .pAppData = vfs,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_pathname,
        .xDlOpen = vfs_dl_open,
        .xDlError = vfs_dl_error,
        .xDlSym = vfs_dl_sym,
        .xDlClose = vfs_dl_close,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_current_time,
        .xGetLastError = vfs_get_last_error,
        .xCurrentTimeInt64 = vfs_current_time_int64,
    };
}

enum rc vfs_register(struct io *io, bool shared, struct vfs **out, struct err *err)
{
    struct vfs *vfs;

    *out = NULL;
    /* Before sqlite3_vfs_find: it may initialise the library, and with it the default VFS. */
    if (sqlite3_initialize() != SQLITE_OK)
        return FAIL(err, RC_IO, 0, "SQLite does not initialise");
    vfs = calloc(1, sizeof(*vfs));
    if (!vfs)
        return FAIL(err, RC_NOMEM, 0, "out of memory registering an SQLite file system");
    vfs->io = io;
    vfs->shared = shared;
    vfs->system = sqlite3_vfs_find(NULL);
    vfs_fill(vfs);
    if (!vfs->system || vfs->system->iVersion < 2 ||
        sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK) {
        free(vfs);
        return FAIL(err, RC_IO, 0, "SQLite refuses another file system");
    }
    *out = vfs;
    return RC_OK;
}

const char *vfs_name(const struct vfs *vfs)
{
    return vfs->name;
}

void vfs_unregister(struct vfs *vfs)
{
    if (!vfs)
        return;
    CHECK(vfs->open_files == 0);
    sqlite3_vfs_unregister(&vfs->base);
    free(vfs);
}

const struct err *vfs_last_error(const struct vfs *vfs)
{
    return &vfs->last;
}
