#define _GNU_SOURCE /* O_TMPFILE */

#include "datasets/packed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datasets/packed_name.h"
#include "datasets/packed_stream.h"

enum { STEP = 1 << 16, TAR_BLOCK = 512 };

/* An archive being unpacked. */
struct unpacking {
    struct packed *packed;
    const char *path;
    struct archive *archive;
    struct packed_stream stream; /* open when its block is */
    uint64_t size, entries;      /* of the archive's file; seen so far */
    struct buf name;             /* of the entry at hand */
    struct buf bytes;
    struct err *err;
};

bool packed_is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* ---- errors --------------------------------------------------------------------------------- */

static enum rc refuse(struct unpacking *to, const char *what)
{
    char quoted[QUOTE_SIZE];
    return FAIL(to->err, RC_USAGE, 0, "archive \"%s\": entry \"%s\": %s", Q(to->path),
                quote_bytes(quoted, sizeof(quoted), buf_span(&to->name)), what);
}

/* The library failed at the entry at hand; before the first one there is none. */
static enum rc fail_damaged(struct unpacking *to)
{
    char quoted[QUOTE_SIZE];
    const char *text = archive_error_string(to->archive);
    int sys = archive_errno(to->archive);
    /* Errors of formats come as numbers below 0 or as these, which say less than the text. */
    bool system = sys == ENOMEM || sys == EIO;
    if (to->stream.defect[0])
        return FAIL(to->err, RC_IO, 0, "archive \"%s\" is damaged: %s", Q(to->path),
                    Q(to->stream.defect));
    if (to->entries == 0)
        return FAIL(to->err, system ? RC_IO : RC_USAGE, system ? sys : 0,
                    "\"%s\" is no archive that can be read: %s", Q(to->path),
                    Q(text ? text : "no reason given"));
    return FAIL(to->err, RC_IO, system ? sys : 0,
                "archive \"%s\" is damaged at or behind entry \"%s\": %s", Q(to->path),
                quote_bytes(quoted, sizeof(quoted), buf_span(&to->name)),
                Q(text ? text : "no reason given"));
}

/* ---- contents ------------------------------------------------------------------------------- */

static enum rc open_spool(struct packed *packed, struct err *err)
{
    const char *dir = getenv("TMPDIR");
    char name[4096];
    if (!dir || !dir[0])
        dir = "/tmp";
    packed->spool = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    /* Not every file system makes files without a name. */
    if (packed->spool < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) &&
        snprintf(name, sizeof(name), "%s/blobfront-XXXXXX", dir) < (int)sizeof(name)) {
        packed->spool = mkostemp(name, O_CLOEXEC);
        if (packed->spool >= 0)
            (void)unlink(name);
    }
    packed->spool_open = packed->spool >= 0;
    return packed->spool_open
               ? RC_OK
               : FAIL(err, RC_IO, errno, "cannot create a temporary file in \"%s\"", Q(dir));
}

static enum rc spool(struct unpacking *to, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = pwrite(to->packed->spool, bytes.ptr, bytes.len, (off_t)to->packed->bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL(to->err, RC_IO, n < 0 ? errno : ENOSPC,
                        "cannot write the temporary file of archive \"%s\"", Q(to->path));
        to->packed->bytes += (size_t)n;
        bytes = span_of(bytes.ptr + n, bytes.len - (size_t)n);
    }
    return RC_OK;
}

/* What all entries together may become. */
static enum rc check_total(struct unpacking *to, uint64_t total)
{
    if (total > PACKED_BYTES_MAX)
        return refuse(to, "with it the archive holds more than 4 GiB");
    if (total > PACKED_RATIO_FROM && total / PACKED_RATIO > to->size)
        return refuse(to, "with it the archive holds more than 1000 times its own size");
    return RC_OK;
}

static enum rc copy_content(struct unpacking *to, uint64_t declared, bool is_declared)
{
    uint64_t done = 0;
    for (;;) {
        la_ssize_t n = archive_read_data(to->archive, to->bytes.ptr, STEP);
        if (n < 0)
            return fail_damaged(to);
        if (n == 0)
            break;
        done += (uint64_t)n;
        enum rc rc = RC_OK;
        if (done > BLOB_BYTES_MAX)
            rc = refuse(to, "it holds more than 1000000000 bytes");
        if (rc == RC_OK)
            rc = check_total(to, to->packed->bytes + (uint64_t)n);
        if (rc == RC_OK)
            rc = spool(to, span_of(to->bytes.ptr, (size_t)n));
        if (rc != RC_OK)
            return rc;
    }
    char quoted[QUOTE_SIZE];
    if (is_declared && done != declared)
        return FAIL(to->err, RC_IO, 0,
                    "archive \"%s\": entry \"%s\" holds %" PRIu64 " bytes, it says %" PRIu64,
                    Q(to->path), quote_bytes(quoted, sizeof(quoted), buf_span(&to->name)), done,
                    declared);
    return RC_OK;
}

static enum rc add_file(struct unpacking *to, struct archive_entry *entry)
{
    struct packed *packed = to->packed;
    bool is_declared = archive_entry_size_is_set(entry) != 0;
    int64_t declared = is_declared ? archive_entry_size(entry) : 0;
    if (declared < 0)
        return refuse(to, "its size is negative");
    if ((uint64_t)declared > BLOB_BYTES_MAX)
        return refuse(to, "it holds more than 1000000000 bytes");
    if (to->name.len == 0)
        return refuse(to, "it has no name");
    enum rc rc = check_total(to, packed->bytes + (uint64_t)declared);
    if (rc != RC_OK)
        return rc;
    if (packed->count == packed->cap) {
        size_t cap = packed->cap ? 2 * packed->cap : 64;
        struct packed_file *files = realloc(packed->files, cap * sizeof(*files));
        if (!files)
            return FAIL(to->err, RC_NOMEM, 0, "no memory for a list of %zu files", cap);
        packed->files = files;
        packed->cap = cap;
    }
    struct packed_file file = {.path = arena_strdup(&packed->paths, buf_str(&to->name)),
                               .at = packed->bytes};
    if (!file.path)
        return FAIL(to->err, RC_NOMEM, 0, "no memory for a list of %zu files", packed->cap);
    rc = copy_content(to, (uint64_t)declared, is_declared);
    file.size = packed->bytes - file.at;
    if (rc == RC_OK)
        packed->files[packed->count++] = file;
    return rc;
}

/* ---- entries -------------------------------------------------------------------------------- */

static enum rc take_name(struct unpacking *to, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    enum rc rc = buf_set(&to->name, span_of_str(name ? name : ""), to->err);
    if (rc != RC_OK)
        return rc;
    const char *defect = name ? packed_name_defect(name) : "its name cannot be read";
    return defect ? refuse(to, defect) : packed_name_plain(name, &to->name, to->err);
}

static enum rc take_entry(struct unpacking *to, struct archive_entry *entry)
{
    if (to->entries++ >= PACKED_ENTRIES_MAX)
        return refuse(to, "there are more than 4000000 entries");
    enum rc rc = take_name(to, entry);
    if (rc != RC_OK)
        return rc;
    if (archive_entry_hardlink(entry))
        return refuse(to, "it is a hard link");
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG: break;
    case AE_IFDIR: return RC_OK;
    case AE_IFLNK: return refuse(to, "it is a symbolic link");
    case AE_IFIFO: to->packed->skipped[WALK_FIFO]++; return RC_OK;
    case AE_IFSOCK: to->packed->skipped[WALK_SOCKET]++; return RC_OK;
    default: to->packed->skipped[WALK_DEVICE]++; return RC_OK;
    }
    if (archive_entry_is_encrypted(entry))
        return refuse(to, "it is encrypted");
    return add_file(to, entry);
}

static bool is_format(const struct unpacking *to, int format)
{
    return (archive_format(to->archive) & ARCHIVE_FORMAT_BASE_MASK) == format;
}

static enum rc take_entries(struct unpacking *to)
{
    struct archive_entry *entry = NULL;
    enum rc rc = RC_OK;
    while (rc == RC_OK) {
        int64_t before = archive_filter_bytes(to->archive, 0);
        int got = archive_read_next_header(to->archive, &entry);
        if (got == ARCHIVE_EOF && is_format(to, ARCHIVE_FORMAT_TAR) &&
            archive_filter_bytes(to->archive, 0) < before + TAR_BLOCK) {
            char quoted[QUOTE_SIZE];
            return FAIL(to->err, RC_IO, 0,
                        "archive \"%s\" is cut off: no end of the archive behind entry \"%s\"",
                        Q(to->path), quote_bytes(quoted, sizeof(quoted), buf_span(&to->name)));
        }
        if (got == ARCHIVE_EOF)
            break;
        rc = got == ARCHIVE_OK ? take_entry(to, entry) : fail_damaged(to);
    }
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int compare_files(const void *a, const void *b)
{
    const struct packed_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static enum rc sort_files(struct unpacking *to)
{
    struct packed *packed = to->packed;
    if (packed->count == 0)
        return FAIL(to->err, RC_USAGE, 0, "archive \"%s\" holds no regular file", Q(to->path));
    qsort(packed->files, packed->count, sizeof(packed->files[0]), compare_files);
    for (size_t i = 1; i < packed->count; i++)
        if (strcmp(packed->files[i - 1].path, packed->files[i].path) == 0)
            return FAIL(to->err, RC_USAGE, 0, "archive \"%s\": entry \"%s\" is there twice",
                        Q(to->path), Q(packed->files[i].path));
    return RC_OK;
}

static bool take_formats(struct archive *archive, unsigned formats)
{
    return (!(formats & PACKED_TAR) || archive_read_support_format_tar(archive) == ARCHIVE_OK) &&
           (!(formats & PACKED_ZIP) ||
            archive_read_support_format_zip_seekable(archive) == ARCHIVE_OK);
}

/* Compressed files come through a stream of their own, which only a tar can be read from. */
static enum rc open_archive(struct unpacking *to, int fd, unsigned formats)
{
    bool is_stream = (formats & PACKED_TAR) && packed_stream_suits(fd);
    to->archive = archive_read_new();
    if (!to->archive || !take_formats(to->archive, is_stream ? PACKED_TAR : formats))
        return FAIL(to->err, RC_NOMEM, 0, "cannot prepare to read archive \"%s\"", Q(to->path));
    if (!is_stream)
        return archive_read_open_fd(to->archive, fd, STEP) == ARCHIVE_OK ? RC_OK : fail_damaged(to);
    enum rc rc = packed_stream_open(&to->stream, fd, to->path, to->err);
    if (rc == RC_OK &&
        archive_read_open(to->archive, &to->stream, NULL, packed_stream_read, NULL) != ARCHIVE_OK)
        rc = fail_damaged(to);
    return rc;
}

static enum rc unpack(struct unpacking *to, int fd, unsigned formats)
{
    enum rc rc = open_spool(to->packed, to->err);
    if (rc == RC_OK)
        rc = buf_resize(&to->bytes, STEP, to->err);
    if (rc == RC_OK)
        rc = open_archive(to, fd, formats);
    if (rc == RC_OK)
        rc = take_entries(to);
    if (rc == RC_OK && to->stream.block.ptr && !packed_stream_finish(&to->stream))
        rc = FAIL(to->err, RC_IO, 0, "archive \"%s\" is damaged: %s", Q(to->path),
                  Q(to->stream.defect));
    if (rc == RC_OK && is_format(to, ARCHIVE_FORMAT_ZIP))
        rc = packed_zip_names(fd, to->size, to->path, to->err);
    return rc == RC_OK ? sort_files(to) : rc;
}

static enum rc open_file(const char *path, int *fd, uint64_t *size, struct err *err)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool wrong = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG;
    if (*fd < 0)
        return FAIL(err, wrong ? RC_USAGE : RC_IO, errno, "cannot open archive \"%s\"", Q(path));
    if (fstat(*fd, &st) != 0)
        return FAIL(err, RC_IO, errno, "cannot examine archive \"%s\"", Q(path));
    if (!S_ISREG(st.st_mode))
        return FAIL(err, RC_USAGE, 0, "archive \"%s\" is no regular file", Q(path));
    *size = (uint64_t)st.st_size;
    return RC_OK;
}

enum rc packed_open(struct packed *packed, const char *path, unsigned formats, struct err *err)
{
    struct unpacking to = {.packed = packed, .path = path, .err = err};
    int fd = -1;
    enum rc rc = open_file(path, &fd, &to.size, err);
    if (rc == RC_OK) {
        /* Names are UTF-8, whatever the user's language is; the C locale has no such names. */
        locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
        rc = unpack(&to, fd, formats);
        if (to.archive)
            (void)archive_read_free(to.archive);
        packed_stream_release(&to.stream);
        if (utf8) {
            (void)uselocale(before);
            freelocale(utf8);
        }
    }
    if (fd >= 0)
        (void)close(fd);
    buf_release(&to.name);
    buf_release(&to.bytes);
    return rc;
}

enum rc packed_read(const struct packed *packed, size_t file, struct buf *out, struct err *err)
{
    CHECK(file < packed->count);
    const struct packed_file *entry = &packed->files[file];
    enum rc rc = buf_resize(out, (size_t)entry->size, err);
    for (size_t done = 0; rc == RC_OK && done < out->len;) {
        ssize_t n =
            pread(packed->spool, out->ptr + done, out->len - done, (off_t)(entry->at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FAIL(err, RC_IO, n < 0 ? errno : 0, "\"%s\": cannot read its temporary file",
                        Q(entry->path));
        done += (size_t)n;
    }
    return rc;
}

void packed_release(struct packed *packed)
{
    if (packed->spool_open)
        (void)close(packed->spool);
    free(packed->files);
    arena_release(&packed->paths);
    *packed = (struct packed){0};
}
