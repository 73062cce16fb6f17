/* Real files below a directory descriptor.
 *
 * No symbolic link is ever followed, in any component: on Linux openat2 resolves a whole name in
 * one call under RESOLVE_NO_SYMLINKS; elsewhere, or where a sandbox refuses openat2, names are
 * walked component by component.  A handle is the descriptor plus one, so opening allocates
 * nothing.  Files are 0600 and directories 0700: a store is its owner's.
 */
#include "engine/io_backend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

_Static_assert(sizeof(off_t) == 8, "file offsets must be 64 bits wide");

/* Linux moves at most 0x7ffff000 bytes in one call; asking for more is undefined elsewhere. */
#define IO_POSIX_CALL_MAX  ((size_t)1 << 30)
#define IO_POSIX_DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct io_posix {
    int root, lock;
    bool has_openat2;
    size_t open_files;
};

static void *io_posix_handle(int fd)
{
    return (void *)((intptr_t)fd + 1);
}

static int io_posix_fd(void *handle)
{
    return (int)((intptr_t)handle - 1);
}

/* ---- resolving names ------------------------------------------------------------------------ */

static int io_posix_openat(int dir, const char *name, int flags, int *fd)
{
    do
        *fd = openat(dir, name, flags, (mode_t)0600);
    while (*fd < 0 && errno == EINTR);
    return *fd < 0 ? errno : 0;
}

#ifdef SYS_openat2
static int io_posix_openat2(int dir, const char *name, int flags, int *fd)
{
    struct open_how how = {.flags = (uint64_t)flags, .resolve = RESOLVE_NO_SYMLINKS};
    long got;

    if (flags & O_CREAT)
        how.mode = 0600;
    do
        got = syscall(SYS_openat2, dir, name, &how, sizeof(how));
    while (got < 0 && errno == EINTR);
    *fd = (int)got;
    return got < 0 ? errno : 0;
}
#else
static int io_posix_openat2(int dir, const char *name, int flags, int *fd)
{
    (void)dir, (void)name, (void)flags;
    *fd = -1;
    return ENOSYS;
}
#endif

/* Open the directory that holds the last component.  *dir is the root itself for flat names, else
 * a descriptor io_posix_leave closes.  *base points into `name`. */
static int io_posix_enter(struct io_posix *fs, const char *name, int *dir, const char **base)
{
    const char *slash = strrchr(name, '/');
    char part[IO_NAME_MAX];
    int sys = 0;

    *dir = fs->root;
    *base = slash ? slash + 1 : name;
    if (!slash)
        return 0;
    if (fs->has_openat2) {
        memcpy(part, name, (size_t)(slash - name));
        part[slash - name] = '\0';
        return io_posix_openat2(fs->root, part, IO_POSIX_DIR_FLAGS, dir);
    }
    while (sys == 0 && name != *base) {
        size_t len = strcspn(name, "/");
        int next;

        memcpy(part, name, len);
        part[len] = '\0';
        sys = io_posix_openat(*dir, part, IO_POSIX_DIR_FLAGS, &next);
        if (*dir != fs->root)
            close(*dir);
        *dir = next;
        name += len + 1;
    }
    return sys;
}

static void io_posix_leave(const struct io_posix *fs, int dir)
{
    if (dir != fs->root)
        close(dir);
}

/* Open by a validated relative name, following no link. */
static int io_posix_resolve(struct io_posix *fs, const char *name, int flags, int *fd)
{
    const char *base;
    int dir, sys;

    flags |= O_NOFOLLOW | O_CLOEXEC;
    if (!strchr(name, '/'))
        return io_posix_openat(fs->root, name, flags, fd);
    if (fs->has_openat2)
        return io_posix_openat2(fs->root, name, flags, fd);
    sys = io_posix_enter(fs, name, &dir, &base);
    if (sys)
        return sys;
    sys = io_posix_openat(dir, base, flags, fd);
    io_posix_leave(fs, dir);
    return sys;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int io_posix_unlink(void *state, const char *name)
{
    struct io_posix *fs = state;
    const char *base;
    int dir, sys = io_posix_enter(fs, name, &dir, &base);

    if (sys)
        return sys;
    sys = unlinkat(dir, base, 0) ? errno : 0;
    io_posix_leave(fs, dir);
    return sys;
}

/* open(2) does not tell whether it created the file.  Callers who must know pay a second call,
 * and only when the file was missing. */
static int io_posix_open_or_create(struct io_posix *fs, const char *name, int mode, int *fd,
                                   bool *created)
{
    int sys = EEXIST;

    /* Again only if somebody else creates and deletes the same file in between. */
    for (int attempt = 0; sys == EEXIST && attempt < 8; attempt++) {
        sys = io_posix_resolve(fs, name, mode, fd);
        if (sys != ENOENT)
            return sys;
        sys = io_posix_resolve(fs, name, mode | O_CREAT | O_EXCL, fd);
        *created = sys == 0;
    }
    return sys;
}

static int io_posix_check_regular(int fd)
{
    struct stat st;

    if (fstat(fd, &st))
        return errno;
    return S_ISREG(st.st_mode) ? 0 : EISDIR;
}

static int io_posix_open(void *state, const char *name, unsigned flags, void **handle,
                         bool *created)
{
    struct io_posix *fs = state;
    /* O_NONBLOCK: a FIFO planted under our name must not hang us before fstat refuses it. */
    int mode = (flags & IO_READ_ONLY ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_NOCTTY;
    int fd = -1, sys;

    if ((flags & IO_CREATE) && (flags & IO_EXCLUSIVE)) {
        sys = io_posix_resolve(fs, name, mode | O_CREAT | O_EXCL, &fd);
        if (created)
            *created = sys == 0;
    } else if ((flags & IO_CREATE) && created) {
        sys = io_posix_open_or_create(fs, name, mode, &fd, created);
    } else {
        sys = io_posix_resolve(fs, name, flags & IO_CREATE ? mode | O_CREAT : mode, &fd);
    }
    if (sys)
        return sys;
    sys = io_posix_check_regular(fd);
    /* Unlinked at once: a killed process leaves no temporary file behind. */
    if (sys == 0 && (flags & IO_DELETE_ON_CLOSE))
        sys = io_posix_unlink(fs, name);
    if (sys) {
        close(fd);
        return sys;
    }
    *handle = io_posix_handle(fd);
    fs->open_files++;
    return 0;
}

static int io_posix_close(void *state, void *handle)
{
    struct io_posix *fs = state;

    fs->open_files--;
    /* After EINTR the descriptor is gone on Linux; closing again could hit a stranger's. */
    if (close(io_posix_fd(handle)) && errno != EINTR)
        return errno;
    return 0;
}

static int io_posix_read(void *state, void *handle, void *dst, size_t len, uint64_t offset,
                         size_t *got)
{
    uint8_t *to = dst;

    (void)state;
    while (len > 0) {
        size_t want = len < IO_POSIX_CALL_MAX ? len : IO_POSIX_CALL_MAX;
        ssize_t n = pread(io_posix_fd(handle), to + *got, want, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return 0;
        *got += (size_t)n;
        offset += (size_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static int io_posix_write(void *state, void *handle, const void *src, size_t len, uint64_t offset)
{
    const uint8_t *from = src;

    (void)state;
    while (len > 0) {
        size_t want = len < IO_POSIX_CALL_MAX ? len : IO_POSIX_CALL_MAX;
        ssize_t n = pwrite(io_posix_fd(handle), from, want, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0) /* never for regular files; must not loop forever */
            return EIO;
        from += n;
        offset += (size_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static int io_posix_truncate(void *state, void *handle, uint64_t size)
{
    int failed;

    (void)state;
    do
        failed = ftruncate(io_posix_fd(handle), (off_t)size);
    while (failed && errno == EINTR);
    return failed ? errno : 0;
}

static int io_posix_sync_fd(int fd, bool data_only)
{
    int failed;

    do
        failed = data_only ? fdatasync(fd) : fsync(fd);
    while (failed && errno == EINTR);
    return failed ? errno : 0;
}

static int io_posix_sync(void *state, void *handle, bool data_only)
{
    (void)state;
    return io_posix_sync_fd(io_posix_fd(handle), data_only);
}

static int io_posix_size(void *state, void *handle, uint64_t *size)
{
    struct stat st;

    (void)state;
    if (fstat(io_posix_fd(handle), &st))
        return errno;
    *size = (uint64_t)st.st_size;
    return 0;
}

static int io_posix_map(void *state, void *handle, uint64_t len, const uint8_t **ptr)
{
    void *at = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, io_posix_fd(handle), 0);

    (void)state;
    if (at == MAP_FAILED)
        return errno;
    *ptr = at;
    return 0;
}

static void io_posix_unmap(void *state, const uint8_t *ptr, uint64_t len)
{
    (void)state;
    /* The integer takes off the const that munmap's prototype does not accept. */
    CHECK(munmap((void *)(uintptr_t)ptr, (size_t)len) == 0);
}

/* ---- names ---------------------------------------------------------------------------------- */

/* `call` is renameat or a linkat that does not follow links. */
static int io_posix_two_names(struct io_posix *fs, const char *from, const char *to,
                              int (*call)(int, const char *, int, const char *))
{
    const char *from_base, *to_base;
    int from_dir, to_dir, sys = io_posix_enter(fs, from, &from_dir, &from_base);

    if (sys)
        return sys;
    sys = io_posix_enter(fs, to, &to_dir, &to_base);
    if (sys == 0) {
        sys = call(from_dir, from_base, to_dir, to_base) ? errno : 0;
        io_posix_leave(fs, to_dir);
    }
    io_posix_leave(fs, from_dir);
    return sys;
}

static int io_posix_linkat(int from_dir, const char *from, int to_dir, const char *to)
{
    return linkat(from_dir, from, to_dir, to, 0);
}

static int io_posix_rename(void *state, const char *from, const char *to)
{
    return io_posix_two_names(state, from, to, renameat);
}

static int io_posix_link(void *state, const char *from, const char *to)
{
    return io_posix_two_names(state, from, to, io_posix_linkat);
}

static int io_posix_mkdir(void *state, const char *name)
{
    struct io_posix *fs = state;
    const char *base;
    struct stat st;
    int dir, sys = io_posix_enter(fs, name, &dir, &base);

    if (sys)
        return sys;
    sys = mkdirat(dir, base, 0700) ? errno : 0;
    if (sys == EEXIST && fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode))
        sys = ENOTDIR;
    io_posix_leave(fs, dir);
    return sys;
}

static int io_posix_sync_dir(void *state, const char *name)
{
    struct io_posix *fs = state;
    int fd, sys;

    if (name[0] == '\0')
        return io_posix_sync_fd(fs->root, false);
    sys = io_posix_resolve(fs, name, O_RDONLY | O_DIRECTORY, &fd);
    if (sys)
        return sys;
    sys = io_posix_sync_fd(fd, false);
    if (close(fd) && sys == 0 && errno != EINTR)
        sys = errno;
    return sys;
}

/* Only pages that are clean can be dropped. */
static int io_posix_drop_cache(void *state, const char *name)
{
    struct io_posix *fs = state;
    int fd, sys = io_posix_resolve(fs, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd);

    if (sys)
        return sys;
    sys = io_posix_check_regular(fd);
    if (sys == 0)
        sys = io_posix_sync_fd(fd, true);
#ifdef POSIX_FADV_DONTNEED
    /* Advice: a file system that takes none is none that could be asked. */
    if (sys == 0)
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
#endif
    if (close(fd) && sys == 0 && errno != EINTR)
        sys = errno;
    return sys;
}

static int io_posix_stat(void *state, const char *name, uint64_t *size)
{
    struct io_posix *fs = state;
    const char *base;
    struct stat st;
    int dir, sys = io_posix_enter(fs, name, &dir, &base);

    if (sys)
        return sys;
    sys = fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) ? errno : 0;
    io_posix_leave(fs, dir);
    if (sys)
        return sys;
    if (!S_ISREG(st.st_mode))
        return EISDIR;
    *size = (uint64_t)st.st_size;
    return 0;
}

/* ---- list ----------------------------------------------------------------------------------- */

struct io_posix_walk {
    int (*visit)(void *ctx, const char *name, uint64_t size);
    void *ctx;
    char name[IO_NAME_MAX]; /* of the directory being read, then of the entry */
};

static int io_posix_walk_dir(struct io_posix_walk *walk, int fd, size_t len);

static int io_posix_walk_entry(struct io_posix_walk *walk, int dir, const char *entry, size_t len)
{
    size_t entry_len = strlen(entry), total = len + (len > 0) + entry_len;
    struct stat st;
    int fd, sys;

    if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0)
        return 0;
    if (total >= IO_NAME_MAX)
        return ENAMETOOLONG;
    if (len > 0)
        walk->name[len] = '/';
    memcpy(walk->name + total - entry_len, entry, entry_len + 1);
    if (fstatat(dir, entry, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 0 : errno;
    if (S_ISREG(st.st_mode))
        return walk->visit(walk->ctx, walk->name, (uint64_t)st.st_size);
    if (!S_ISDIR(st.st_mode))
        return 0;
    sys = io_posix_openat(dir, entry, IO_POSIX_DIR_FLAGS, &fd);
    return sys ? sys : io_posix_walk_dir(walk, fd, total);
}

/* Takes over `fd`.  Depth is bounded by IO_NAME_MAX / 2 components. */
static int io_posix_walk_dir(struct io_posix_walk *walk, int fd, size_t len)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int sys = 0;

    if (!dir) {
        sys = errno;
        close(fd);
        return sys;
    }
    for (;;) {
        errno = 0;
        entry = readdir(dir);
        if (!entry) {
            sys = errno;
            break;
        }
        sys = io_posix_walk_entry(walk, dirfd(dir), entry->d_name, len);
        if (sys)
            break;
    }
    closedir(dir);
    return sys;
}

static int io_posix_list(void *state, const char *dir,
                         int (*visit)(void *ctx, const char *name, uint64_t size), void *ctx)
{
    struct io_posix *fs = state;
    struct io_posix_walk walk = {.visit = visit, .ctx = ctx};
    size_t len = strlen(dir);
    int fd, sys;

    memcpy(walk.name, dir, len + 1);
    if (len == 0)
        sys = io_posix_openat(fs->root, ".", IO_POSIX_DIR_FLAGS, &fd);
    else
        sys = io_posix_resolve(fs, dir, O_RDONLY | O_DIRECTORY, &fd);
    return sys ? sys : io_posix_walk_dir(&walk, fd, len);
}

/* ---- the tree ------------------------------------------------------------------------------- */

static void io_posix_release(void *state)
{
    struct io_posix *fs = state;

    CHECK(fs->open_files == 0);
    /* The lock file stays: deleting it would let two openers hold locks on different files. */
    if (fs->lock >= 0)
        close(fs->lock);
    if (fs->root >= 0)
        close(fs->root);
    free(fs);
}

static const struct io_backend io_posix_backend = {
    .name = "posix",
    .release = io_posix_release,
    .open = io_posix_open,
    .close = io_posix_close,
    .read = io_posix_read,
    .write = io_posix_write,
    .truncate = io_posix_truncate,
    .sync = io_posix_sync,
    .size = io_posix_size,
    .map = io_posix_map,
    .unmap = io_posix_unmap,
    .rename = io_posix_rename,
    .link = io_posix_link,
    .unlink = io_posix_unlink,
    .mkdir = io_posix_mkdir,
    .sync_dir = io_posix_sync_dir,
    .drop_cache = io_posix_drop_cache,
    .stat = io_posix_stat,
    .list = io_posix_list,
};

static enum rc io_posix_take_lock(struct io_posix *fs, const char *root, struct err *err)
{
    int failed,
        sys = io_posix_openat(fs->root, IO_LOCK_NAME,
                              O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, &fs->lock);

    if (sys)
        return FAIL(err, RC_IO, sys, "cannot create the lock file of directory \"%s\"", Q(root));
    do
        failed = flock(fs->lock, LOCK_EX | LOCK_NB);
    while (failed && errno == EINTR);
    if (!failed)
        return RC_OK;
    if (errno == EWOULDBLOCK)
        return FAIL(err, RC_IO, 0, "directory \"%s\" is in use by another process", Q(root));
    return FAIL(err, RC_IO, errno, "cannot lock directory \"%s\"", Q(root));
}

static bool io_posix_probe_openat2(int root)
{
    int fd;

    if (io_posix_openat2(root, ".", IO_POSIX_DIR_FLAGS, &fd))
        return false;
    close(fd);
    return true;
}

enum rc io_open_posix(struct io *io, const char *root, struct err *err)
{
    struct io_posix *fs = calloc(1, sizeof(*fs));
    enum rc rc;
    int sys;

    memset(io, 0, sizeof(*io));
    if (!fs)
        return FAIL(err, RC_NOMEM, 0, "out of memory opening directory \"%s\"", Q(root));
    fs->lock = -1;
    /* The root itself may be reached through links: it is the user's word, not a stored name. */
    sys = io_posix_openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC, &fs->root);
    if (sys)
        rc = FAIL(err, RC_IO, sys, "cannot open directory \"%s\"", Q(root));
    else
        rc = io_posix_take_lock(fs, root, err);
    if (rc) {
        io_posix_release(fs);
        return rc;
    }
    fs->has_openat2 = io_posix_probe_openat2(fs->root);
    io->ops = &io_posix_backend;
    io->state = fs;
    io->family = fs;
    return RC_OK;
}

enum rc io_open_shared(struct io *io, const struct io *owner, struct err *err)
{
    const struct io_posix *theirs = owner->state;
    struct io_posix *fs;

    memset(io, 0, sizeof(*io));
    if (owner->ops != &io_posix_backend)
        return FAIL(err, RC_UNSUPPORTED, 0, "only a tree of real files can be shared");
    fs = calloc(1, sizeof(*fs));
    if (!fs)
        return FAIL(err, RC_NOMEM, 0, "out of memory sharing a directory");
    *fs = (struct io_posix){.lock = -1, .has_openat2 = theirs->has_openat2};
    fs->root = fcntl(theirs->root, F_DUPFD_CLOEXEC, 0);
    if (fs->root < 0) {
        enum rc rc = FAIL(err, RC_IO, errno, "cannot share a directory");
        io_posix_release(fs);
        return rc;
    }
    io->ops = &io_posix_backend;
    io->state = fs;
    io->family = owner->family;
    return RC_OK;
}
