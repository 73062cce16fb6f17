#include "datasets/packed_name.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "datasets/walk.h"

/* ---- what a name may be --------------------------------------------------------------------- */

static uint32_t code_point(const uint8_t *p, size_t len)
{
    if (len == 1)
        return p[0];
    uint32_t code = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        code = code << 6 | (p[i] & 0x3fu);
    return code;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

/* Unicode's Bidi_Control. */
static bool turns_writing(uint32_t code)
{
    return code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static const char *text_defect(const char *name)
{
    const uint8_t *p = (const uint8_t *)name;
    for (size_t left = strlen(name), len; left > 0; p += len, left -= len) {
        len = utf8_sequence(p, left);
        if (len == 0)
            return "its name is not valid UTF-8";
        uint32_t code = code_point(p, len);
        if (is_control(code))
            return "its name has a control character";
        if (turns_writing(code))
            return "its name has a mark that turns the direction of writing";
    }
    return NULL;
}

const char *packed_name_defect(const char *name)
{
    bool letter = (name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z');
    unsigned depth = 0;
    if (name[0] == '/')
        return "its name is an absolute path";
    if (letter && name[1] == ':')
        return "its name begins with a drive letter";
    if (strchr(name, '\\'))
        return "its name has a backslash";
    if (strlen(name) > WALK_PATH_MAX)
        return "its name has more than 4000 bytes";
    for (const char *part = name; *part;) {
        size_t len = strcspn(part, "/");
        if (len == 2 && part[0] == '.' && part[1] == '.')
            return "its name has a part \"..\"";
        depth++;
        part += len + (part[len] == '/');
    }
    if (depth > WALK_DEPTH_MAX + 1)
        return "its folders are nested deeper than 64";
    return text_defect(name);
}

enum rc packed_name_plain(const char *name, struct buf *out, struct err *err)
{
    enum rc rc = RC_OK;
    buf_clear(out);
    for (const char *part = name; *part && rc == RC_OK;) {
        size_t len = strcspn(part, "/");
        if (len > 0 && !(len == 1 && part[0] == '.')) {
            if (out->len > 0)
                rc = buf_append(out, span_of_str("/"), err);
            if (rc == RC_OK)
                rc = buf_append(out, span_of(part, len), err);
        }
        part += len + (part[len] == '/');
    }
    return rc;
}

/* ---- a zip's own list (PKWARE, .ZIP File Format Specification 6.3.9, 4.3.12 to 4.3.16) ------- */

enum {
    END_LEN = 22,     /* end of central directory record, without its comment */
    END64_LEN = 56,   /* the same, zip64 */
    LOCATOR_LEN = 20, /* of the zip64 one */
    HEADER_LEN = 46,  /* of an entry, without its name */
    COMMENT_MAX = 65535
};

static uint64_t little(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = bytes; i > 0; i--)
        value = value << 8 | p[i - 1];
    return value;
}

static bool read_at(int fd, void *dst, size_t len, uint64_t at)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, (uint8_t *)dst + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* Where the list begins and ends. */
struct list {
    uint64_t at, end;
};

static bool find_list(int fd, uint64_t size, uint8_t *tail, struct list *list)
{
    uint64_t len = size < END_LEN + COMMENT_MAX ? size : END_LEN + COMMENT_MAX;
    if (len < END_LEN || !read_at(fd, tail, (size_t)len, size - len))
        return false;
    size_t at = (size_t)len - END_LEN;
    while (little(tail + at, 4) != 0x06054b50)
        if (at-- == 0)
            return false;
    uint64_t bytes = little(tail + at + 12, 4), offset = little(tail + at + 16, 4);
    uint8_t locator[LOCATOR_LEN], end[END64_LEN];
    list->end = size - len + at;
    if (bytes == UINT32_MAX || offset == UINT32_MAX || little(tail + at + 10, 2) == UINT16_MAX) {
        if (list->end >= LOCATOR_LEN &&
            read_at(fd, locator, sizeof(locator), list->end - LOCATOR_LEN) &&
            little(locator, 4) == 0x07064b50) {
            if (!read_at(fd, end, sizeof(end), little(locator + 8, 8)) ||
                little(end, 4) != 0x06064b50)
                return false;
            list->end = little(locator + 8, 8);
            bytes = little(end + 40, 8);
        }
    }
    /* Whatever was put before the archive moves its offsets, but not this distance. */
    list->at = list->end - bytes;
    return bytes <= list->end;
}

enum rc packed_zip_names(int fd, uint64_t size, const char *path, struct err *err)
{
    struct buf work = {0};
    struct list list = {0};
    char quoted[QUOTE_SIZE];
    enum rc rc = buf_resize(&work, END_LEN + COMMENT_MAX, err);
    if (rc == RC_OK && !find_list(fd, size, work.ptr, &list))
        rc = FAIL(err, RC_USAGE, 0, "\"%s\" is no zip archive, or its end is missing", Q(path));
    while (rc == RC_OK && list.at < list.end) {
        uint8_t header[HEADER_LEN];
        if (!read_at(fd, header, sizeof(header), list.at) || little(header, 4) != 0x02014b50) {
            rc = FAIL(err, RC_IO, 0, "archive \"%s\": its list of entries is damaged", Q(path));
            break;
        }
        uint64_t name = little(header + 28, 2);
        uint64_t next =
            list.at + HEADER_LEN + name + little(header + 30, 2) + little(header + 32, 2);
        rc = buf_resize(&work, (size_t)name, err);
        if (rc == RC_OK && !read_at(fd, work.ptr, work.len, list.at + HEADER_LEN))
            rc = FAIL(err, RC_IO, 0, "archive \"%s\": its list of entries is damaged", Q(path));
        const char *defect = memchr(work.ptr, '\0', work.len)   ? "NUL"
                             : memchr(work.ptr, '\\', work.len) ? "backslash"
                                                                : NULL;
        if (rc == RC_OK && defect)
            rc = FAIL(err, RC_USAGE, 0, "archive \"%s\": entry \"%s\": its name has a %s", Q(path),
                      quote_bytes(quoted, sizeof(quoted), buf_span(&work)), defect);
        list.at = next;
    }
    buf_release(&work);
    return rc;
}
