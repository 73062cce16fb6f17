#include "datasets/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: what was a file a moment ago may be a FIFO now. */
#define FILE_FLAGS   (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* Linux cuts longer reads anyway. */
#define READ_LEN_MAX ((size_t)1 << 30)

/* A walk under way; `path` is that of the entry being looked at. */
struct walker {
    struct walk *walk;
    struct buf path;
    size_t files_max;
    struct err *err;
};

/* ---- walking -------------------------------------------------------------------------------- */

static enum rc fail_entry(struct walker *w, const char *what)
{
    /* What was listed and is not there any more has been taken away while we were at it. */
    int sys = errno;
    if (sys == ENOENT || sys == ELOOP || sys == ENOTDIR)
        what = "changed while in use";
    const char *path = w->path.len != 0 ? buf_str(&w->path) : ".";
    return FAIL(w->err, RC_IO, sys, "\"%s\": %s", Q(path), what);
}

static enum rc check_limits(struct walker *w, const struct stat *st)
{
    const char *path = buf_str(&w->path);
    if (w->walk->count >= w->files_max)
        return FAIL(w->err, RC_USAGE, 0, "\"%s\": there are more than %zu files", Q(path),
                    w->files_max);
    if (st->st_size < 0 || (uint64_t)st->st_size > BLOB_BYTES_MAX)
        return FAIL(w->err, RC_USAGE, 0, "\"%s\": %" PRId64 " bytes (at most %zu)", Q(path),
                    (int64_t)st->st_size, BLOB_BYTES_MAX);
    return RC_OK;
}

static enum rc add_file(struct walker *w, const struct stat *st)
{
    struct walk *walk = w->walk;
    enum rc rc = check_limits(w, st);
    if (rc != RC_OK)
        return rc;
    if (walk->count == walk->cap) {
        size_t cap = walk->cap != 0 ? 2 * walk->cap : 64;
        struct walk_file *files = realloc(walk->files, cap * sizeof(*files));
        if (files == NULL)
            return FAIL(w->err, RC_NOMEM, 0, "no memory for a list of %zu files", cap);
        walk->files = files;
        walk->cap = cap;
    }
    char *path = arena_strdup(&walk->paths, buf_str(&w->path));
    if (path == NULL)
        return FAIL(w->err, RC_NOMEM, 0, "no memory for a list of %zu files", walk->cap);
    walk->files[walk->count++] = (struct walk_file){
        .path = path,
        .size = (uint64_t)st->st_size,
        .modified = st->st_mtim,
        .device = st->st_dev,
        .inode = st->st_ino,
    };
    return RC_OK;
}

static enum rc visit_file(struct walker *w, int folder, const char *name)
{
    int fd = openat(folder, name, FILE_FLAGS);
    if (fd < 0)
        return fail_entry(w, "cannot open");
    struct stat st;
    enum rc rc;
    if (fstat(fd, &st) != 0)
        rc = fail_entry(w, "cannot examine");
    else if (!S_ISREG(st.st_mode))
        rc = FAIL(w->err, RC_IO, 0, "\"%s\": changed while in use (was a regular file)",
                  Q(buf_str(&w->path)));
    else
        rc = add_file(w, &st);
    close(fd);
    return rc;
}

static enum walk_skip skip_kind(mode_t mode)
{
    if (S_ISLNK(mode))
        return WALK_LINK;
    if (S_ISFIFO(mode))
        return WALK_FIFO;
    return S_ISSOCK(mode) ? WALK_SOCKET : WALK_DEVICE;
}

static enum rc visit_folder(struct walker *w, int fd, unsigned depth);

/* w->path is that of the entry. */
static enum rc visit_entry(struct walker *w, int folder, const char *name, unsigned depth)
{
    if (w->path.len > WALK_PATH_MAX)
        return FAIL(w->err, RC_USAGE, 0, "\"%s\": the path has %zu bytes (at most %zu)",
                    Q(buf_str(&w->path)), w->path.len, WALK_PATH_MAX);
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return fail_entry(w, "cannot examine");
    if (S_ISREG(st.st_mode))
        return visit_file(w, folder, name);
    if (!S_ISDIR(st.st_mode)) {
        w->walk->skipped[skip_kind(st.st_mode)]++;
        return RC_OK;
    }
    if (depth >= WALK_DEPTH_MAX)
        return FAIL(w->err, RC_USAGE, 0, "\"%s\": folders are nested deeper than %u",
                    Q(buf_str(&w->path)), WALK_DEPTH_MAX);
    int fd = openat(folder, name, FOLDER_FLAGS);
    if (fd < 0)
        return fail_entry(w, "cannot open the folder");
    return visit_folder(w, fd, depth + 1);
}

/* Takes over fd.  w->path is that of the folder, "" for the root; the same when done. */
static enum rc visit_folder(struct walker *w, int fd, unsigned depth)
{
    size_t len = w->path.len;
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        enum rc rc = fail_entry(w, "cannot list the folder");
        close(fd);
        return rc;
    }
    enum rc rc = RC_OK;
    while (rc == RC_OK) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            if (errno != 0)
                rc = fail_entry(w, "cannot list the folder");
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        rc = buf_printf(&w->path, w->err, "%s%s", len == 0 ? "" : "/", entry->d_name);
        if (rc == RC_OK)
            rc = visit_entry(w, fd, entry->d_name, depth);
        w->path.len = len;
    }
    closedir(stream);
    return rc;
}

static int compare_files(const void *a, const void *b)
{
    const struct walk_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static enum rc open_root(struct walk *walk, const char *directory, struct err *err)
{
    /* The user named it: here, and only here, a symbolic link is followed. */
    walk->root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    walk->root_open = walk->root >= 0;
    if (walk->root_open)
        return RC_OK;
    bool wrong = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG;
    return FAIL(err, wrong ? RC_USAGE : RC_IO, errno, "cannot open directory \"%s\"", Q(directory));
}

enum rc walk_open(struct walk *walk, const char *directory, size_t files_max, struct err *err)
{
    enum rc rc = open_root(walk, directory, err);
    if (rc != RC_OK)
        return rc;
    /* The stream closes its descriptor, ours stays. */
    int fd = openat(walk->root, ".", FOLDER_FLAGS);
    if (fd < 0)
        return FAIL(err, RC_IO, errno, "cannot open directory \"%s\"", Q(directory));
    struct walker w = {.walk = walk, .files_max = files_max, .err = err};
    rc = visit_folder(&w, fd, 0);
    buf_release(&w.path);
    if (rc != RC_OK)
        return rc;
    if (walk->count == 0)
        return FAIL(err, RC_USAGE, 0, "directory \"%s\" holds no regular file", Q(directory));
    /* strcmp orders by unsigned bytes, whatever the locale. */
    qsort(walk->files, walk->count, sizeof(walk->files[0]), compare_files);
    return RC_OK;
}

const struct walk_file *walk_find(const struct walk *walk, const char *path)
{
    struct walk_file key = {.path = path};
    return bsearch(&key, walk->files, walk->count, sizeof(key), compare_files);
}

void walk_release(struct walk *walk)
{
    if (walk->root_open)
        close(walk->root);
    free(walk->files);
    arena_release(&walk->paths);
    *walk = (struct walk){0};
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum rc fail_changed(const struct walk_file *file, int sys, const char *how, struct err *err)
{
    return FAIL(err, RC_IO, sys, "\"%s\": changed while in use (%s)", Q(file->path), how);
}

/* Open the file folder by folder; -1 and errno when that fails. */
static int open_path(const struct walk *walk, const char *path)
{
    int folder = walk->root;
    for (;;) {
        const char *slash = strchr(path, '/');
        char name[NAME_MAX + 1];
        size_t len = slash != NULL ? (size_t)(slash - path) : strlen(path);
        if (len > NAME_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, path, len);
        name[len] = '\0';
        int fd = openat(folder, name, slash != NULL ? FOLDER_FLAGS : FILE_FLAGS);
        if (folder != walk->root) {
            int sys = errno;
            close(folder);
            errno = sys;
        }
        if (fd < 0 || slash == NULL)
            return fd;
        folder = fd;
        path = slash + 1;
    }
}

static enum rc check_same(const struct walk_file *file, int fd, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return FAIL(err, RC_IO, errno, "\"%s\": cannot examine", Q(file->path));
    if (!S_ISREG(st.st_mode) || st.st_dev != file->device || st.st_ino != file->inode)
        return fail_changed(file, 0, "another file has taken its place", err);
    if (st.st_size < 0 || (uint64_t)st.st_size != file->size)
        return FAIL(err, RC_IO, 0,
                    "\"%s\": changed while in use (%" PRId64 " bytes, were %" PRIu64 ")",
                    Q(file->path), (int64_t)st.st_size, file->size);
    if (st.st_mtim.tv_sec != file->modified.tv_sec || st.st_mtim.tv_nsec != file->modified.tv_nsec)
        return fail_changed(file, 0, "its modification time is another", err);
    return RC_OK;
}

/* Up to len bytes: fewer only at the end of the file. */
static enum rc read_upto(const struct walk_file *file, int fd, uint8_t *dst, size_t len,
                         size_t *out_len, struct err *err)
{
    size_t done = 0;
    while (done < len) {
        size_t want = len - done < READ_LEN_MAX ? len - done : READ_LEN_MAX;
        ssize_t n = read(fd, dst + done, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAIL(err, RC_IO, errno, "\"%s\": cannot read", Q(file->path));
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *out_len = done;
    return RC_OK;
}

static enum rc read_whole(const struct walk_file *file, int fd, struct buf *out, struct err *err)
{
    size_t got = 0;
    /* One byte more than there should be: /proc says 0 and gives more. */
    enum rc rc = buf_resize(out, (size_t)file->size + 1, err);
    if (rc == RC_OK)
        rc = read_upto(file, fd, out->ptr, out->len, &got, err);
    if (rc != RC_OK)
        return rc;
    if (got != file->size)
        return FAIL(
            err, RC_IO, 0, "\"%s\": changed while in use (%s than the %" PRIu64 " bytes it said)",
            Q(file->path), got < file->size ? "it gave fewer" : "it gives more", file->size);
    out->len = got;
    return RC_OK;
}

enum rc walk_read(const struct walk *walk, size_t index, struct buf *out, struct err *err)
{
    CHECK(index < walk->count);
    const struct walk_file *file = &walk->files[index];
    int fd = open_path(walk, file->path);
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO)
            return fail_changed(file, errno, "it cannot be found", err);
        return FAIL(err, RC_IO, errno, "\"%s\": cannot open", Q(file->path));
    }
    enum rc rc = check_same(file, fd, err);
    if (rc == RC_OK)
        rc = read_whole(file, fd, out, err);
    if (rc == RC_OK)
        rc = check_same(file, fd, err);
    close(fd);
    return rc;
}
