#include "results/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/json.h"
#include "results/record.h"

/* ---- writing -------------------------------------------------------------------------------- */

static enum rc write_description(const char *folder, const struct kept *kept, struct err *err)
{
    struct buf text = {0};
    struct json_writer json = json_begin(&text, false, err);
    json_open(&json, NULL, '{');
    json_string(&json, "schema", KEPT_SCHEMA);
    json_string(&json, "strategy", kept->spec);
    json_string(&json, "durability", kept->durability);
    json_string(&json, "retention", kept->retention);
    json_u64(&json, "blobs", kept->blob_count);
    json_close(&json, '}');
    enum rc rc = json_finish(&json);
    if (rc == RC_OK)
        rc = record_write_file(folder, "store.json", buf_span(&text), err);
    buf_release(&text);
    return rc;
}

static enum rc append_blob(struct buf *text, const struct kept_blob *blob, struct err *err)
{
    char hex[HEX_SIZE], path[QUOTE_SIZE];
    quote_str(path, sizeof(path), blob->path);
    return buf_printf(text, err, "%" PRIu64 ",%u,%" PRIu64 ",%s,\"%s\"\n", blob->file_id,
                      blob->version, blob->bytes,
                      hex_str(hex, span_of(blob->hash.bytes, sizeof(blob->hash.bytes))), path);
}

enum rc kept_write(const char *folder, const struct kept *kept, struct err *err)
{
    struct buf text = {0};
    char hex[HEX_SIZE];
    enum rc rc = buf_printf(&text, err, "file_id,version,bytes,xxh3_128,path\n");
    for (size_t i = 0; rc == RC_OK && i < kept->blob_count; i++)
        rc = append_blob(&text, &kept->blobs[i], err);
    struct hash128 hash = hash_xxh128(buf_span(&text));
    if (rc == RC_OK)
        rc = buf_printf(&text, err, "#,%zu,,%s,\n", kept->blob_count,
                        hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes))));
    if (rc == RC_OK)
        rc = record_write_file(folder, "contents.csv", buf_span(&text), err);
    if (rc == RC_OK)
        rc = write_description(folder, kept, err);
    buf_release(&text);
    return rc;
}

/* ---- reading -------------------------------------------------------------------------------- */

#define KEPT_FILE_MAX ((size_t)1 << 30)
/* Three digits, 32 of the hash, two quotes, four commas, a newline: no more memory is taken for a
 * count than the file could fill. */
#define LINE_LEN_MIN 42

static enum rc read_description(const char *folder, struct kept *kept, uint64_t *blobs,
                                struct err *err)
{
    struct buf text = {0};
    struct json *json = NULL;
    const char *schema, *spec, *durability, *retention;
    enum rc rc = record_read_file(folder, "store.json", KEPT_FILE_MAX, &text, err);
    if (rc == RC_OK)
        rc = json_parse(&json, buf_span(&text), "store.json", 0, err);
    if (rc != RC_OK)
        goto out;
    const struct json_node *root = json_root(json);
    rc = json_get_string(json, root, "schema", &schema, err);
    if (rc == RC_OK && strcmp(schema, KEPT_SCHEMA) != 0)
        rc = FAIL(err, RC_MISMATCH, 0, "store.json: schema \"%s\", this build reads \"%s\"",
                  Q(schema), KEPT_SCHEMA);
    if (rc == RC_OK)
        rc = json_get_string(json, root, "strategy", &spec, err);
    if (rc == RC_OK)
        rc = json_get_string(json, root, "durability", &durability, err);
    if (rc == RC_OK)
        rc = json_get_string(json, root, "retention", &retention, err);
    if (rc == RC_OK)
        rc = json_get_u64(json, root, "blobs", blobs, err);
    if (rc == RC_OK) {
        kept->spec = arena_strdup(&kept->arena, spec);
        kept->durability = arena_strdup(&kept->arena, durability);
        kept->retention = arena_strdup(&kept->arena, retention);
        if (!kept->spec || !kept->durability || !kept->retention)
            rc = FAIL(err, RC_NOMEM, 0, "no memory for store.json");
    }
out:
    json_free(json);
    buf_release(&text);
    return rc;
}

static bool hex_digit(char c, uint8_t *value)
{
    if (c >= '0' && c <= '9')
        *value = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *value = (uint8_t)(c - 'a' + 10);
    else
        return false;
    return true;
}

static bool parse_hash(const char *text, struct hash128 *out)
{
    for (size_t i = 0; i < sizeof(out->bytes); i++) {
        uint8_t high, low;
        if (!hex_digit(text[2 * i], &high) || !hex_digit(text[2 * i + 1], &low))
            return false;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* A decimal number up to the next comma. */
static bool parse_field(char **at, uint64_t max, uint64_t *out)
{
    char *comma = strchr(*at, ',');
    struct err ignored = {0};
    if (!comma)
        return false;
    *comma = '\0';
    enum rc rc = parse_u64(*at, 0, max, "field", out, &ignored);
    *at = comma + 1;
    return rc == RC_OK;
}

static bool parse_blob(char *line, struct kept *kept, struct kept_blob *blob)
{
    uint64_t version;
    size_t len;
    if (!parse_field(&line, INT64_MAX, &blob->file_id) ||
        !parse_field(&line, UINT32_MAX, &version) ||
        !parse_field(&line, BLOB_BYTES_MAX, &blob->bytes) || !parse_hash(line, &blob->hash))
        return false;
    line += 2 * sizeof(blob->hash.bytes);
    len = strlen(line);
    if (len < 3 || line[0] != ',' || line[1] != '"' || line[len - 1] != '"')
        return false;
    line[len - 1] = '\0';
    blob->version = (uint32_t)version;
    blob->path = arena_strdup(&kept->arena, line + 2);
    return blob->path != NULL;
}

/* The last line seals what precedes it. */
static enum rc check_seal(struct span text, uint64_t blobs, size_t *body_len, struct err *err)
{
    char hex[HEX_SIZE], seal[128];
    size_t start = text.len;
    if (start > 0 && text.ptr[start - 1] == '\n')
        start--;
    while (start > 0 && text.ptr[start - 1] != '\n')
        start--;
    struct hash128 hash = hash_xxh128(span_of(text.ptr, start));
    int len = snprintf(seal, sizeof(seal), "#,%" PRIu64 ",,%s,\n", blobs,
                       hex_str(hex, span_of(hash.bytes, sizeof(hash.bytes))));
    *body_len = start;
    if (text.len - start != (size_t)len || memcmp(text.ptr + start, seal, (size_t)len) != 0)
        return FAIL(err, RC_CORRUPT, 0,
                    "contents.csv: its last line does not seal what precedes it (cut or edited)");
    return RC_OK;
}

static enum rc parse_contents(struct buf *text, uint64_t blobs, struct kept *kept, struct err *err)
{
    size_t body_len;
    enum rc rc = check_seal(buf_span(text), blobs, &body_len, err);
    if (rc != RC_OK)
        return rc;
    if (blobs > body_len / LINE_LEN_MIN)
        return FAIL(err, RC_CORRUPT, 0,
                    "contents.csv: %" PRIu64 " blobs are said to be in %zu bytes", blobs, body_len);
    kept->blobs = arena_zalloc(&kept->arena, blobs ? blobs : 1, sizeof(*kept->blobs));
    if (!kept->blobs)
        return FAIL(err, RC_NOMEM, 0, "no memory for %" PRIu64 " blobs", blobs);
    char *line = (char *)text->ptr, *end = line + body_len;
    for (size_t number = 1; line < end; number++) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        if (!newline)
            return FAIL(err, RC_CORRUPT, 0, "contents.csv:%zu: the line does not end", number);
        *newline = '\0';
        if (number > 1 && (kept->blob_count == blobs ||
                           !parse_blob(line, kept, &kept->blobs[kept->blob_count++])))
            return FAIL(err, RC_CORRUPT, 0, "contents.csv:%zu: malformed line", number);
        line = newline + 1;
    }
    if (kept->blob_count != blobs)
        return FAIL(err, RC_CORRUPT, 0, "contents.csv: %zu blobs, store.json says %" PRIu64,
                    kept->blob_count, blobs);
    return RC_OK;
}

enum rc kept_read(const char *folder, struct kept *kept, struct err *err)
{
    struct buf text = {0};
    uint64_t blobs = 0;
    *kept = (struct kept){0};
    enum rc rc = read_description(folder, kept, &blobs, err);
    if (rc == RC_OK)
        rc = record_read_file(folder, "contents.csv", KEPT_FILE_MAX, &text, err);
    if (rc == RC_OK)
        rc = parse_contents(&text, blobs, kept, err);
    buf_release(&text);
    return rc;
}

void kept_release(struct kept *kept)
{
    arena_release(&kept->arena);
    *kept = (struct kept){0};
}

/* ---- removing ------------------------------------------------------------------------------- */

enum { REMOVE_DEPTH_MAX = 8 };

/* Remove everything below an open folder, never following a link.  Closes `fd`. */
static enum rc remove_below(int fd, int depth, const char *name, struct err *err)
{
    DIR *dir = fdopendir(fd);
    enum rc rc = RC_OK;
    if (!dir) {
        (void)close(fd);
        return FAIL(err, RC_IO, errno, "cannot read the folder \"%s\"", Q(name));
    }
    for (struct dirent *entry; rc == RC_OK && (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0) == 0)
            continue;
        int sys = errno; /* of a file; a folder's opening says more */
        int below =
            depth < REMOVE_DEPTH_MAX
                ? openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                : -1;
        if (below < 0)
            rc = FAIL(err, RC_IO, errno == ENOTDIR ? sys : errno, "cannot remove \"%s\"",
                      Q(entry->d_name));
        else
            rc = remove_below(below, depth + 1, entry->d_name, err);
        if (rc == RC_OK && unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) != 0)
            rc = FAIL(err, RC_IO, errno, "cannot remove \"%s\"", Q(entry->d_name));
    }
    (void)closedir(dir);
    return rc;
}

/* A whole name, or "<name>.<process>.tmp", which record_write_file leaves when it is killed. */
static bool is_ours(const char *name)
{
    static const char *const ours[] = {".", "..", "data", "store.json", "contents.csv"};
    size_t len = strlen(name);
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        size_t own = strlen(ours[i]);
        if (strcmp(name, ours[i]) == 0)
            return true;
        if (i > 2 && strncmp(name, ours[i], own) == 0 && name[own] == '.' && len > own + 4 &&
            strcmp(name + len - 4, ".tmp") == 0)
            return true;
    }
    return false;
}

static enum rc refuse_strangers(const char *folder, int fd, struct err *err)
{
    DIR *dir = fdopendir(fd);
    enum rc rc = RC_OK;
    if (!dir) {
        (void)close(fd);
        return FAIL(err, RC_IO, errno, "cannot read the folder \"%s\"", Q(folder));
    }
    for (struct dirent *entry; rc == RC_OK && (entry = readdir(dir)) != NULL;) {
        if (!is_ours(entry->d_name))
            rc = FAIL(err, RC_USAGE, 0,
                      "\"%s\" holds \"%s\", which no store of ours has: not removed", Q(folder),
                      Q(entry->d_name));
    }
    (void)closedir(dir);
    return rc;
}

/* `folder` without the slash at its end that would have a link followed. */
static enum rc remove_store(const char *folder, struct err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return RC_OK;
    if (fd < 0)
        return FAIL(err, RC_IO, errno, "cannot open the folder \"%s\"", Q(folder));
    int again = dup(fd);
    enum rc rc = again < 0 ? FAIL(err, RC_IO, errno, "cannot open the folder \"%s\"", Q(folder))
                           : refuse_strangers(folder, again, err);
    if (rc != RC_OK) {
        (void)close(fd);
        return rc;
    }
    if (lseek(fd, 0, SEEK_SET) != 0) {
        rc = FAIL(err, RC_IO, errno, "cannot read the folder \"%s\"", Q(folder));
        (void)close(fd);
        return rc;
    }
    rc = remove_below(fd, 0, folder, err);
    if (rc == RC_OK && rmdir(folder) != 0)
        rc = FAIL(err, RC_IO, errno, "cannot remove the folder \"%s\"", Q(folder));
    return rc;
}

enum rc kept_remove(const char *folder, struct err *err)
{
    struct buf path = {0};
    enum rc rc = buf_append(&path, span_of_str(folder), err);
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    if (rc == RC_OK)
        rc = remove_store(buf_str(&path), err);
    buf_release(&path);
    return rc;
}
