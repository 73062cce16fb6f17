#include "datasets/import.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/derive.h"

/* Longer contents are read again rather than held twice. */
#define CACHE_LEN_MAX ((size_t)64 * MIB)

/* Room for one more element; at most `limit` of them. */
static enum rc grow(void **items, size_t count, size_t *cap, size_t limit, size_t size,
                    const char *what, struct err *err)
{
    if (count >= limit)
        return FAIL(err, RC_USAGE, 0, "there are more than %zu %s", limit, what);
    if (count < *cap)
        return RC_OK;
    size_t next = *cap ? 2 * *cap : 64;
    void *grown = realloc(*items, next * size);
    if (!grown)
        return FAIL(err, RC_NOMEM, 0, "no memory for a list of %zu %s", next, what);
    *items = grown;
    *cap = next;
    return RC_OK;
}

/* ---- paths ---------------------------------------------------------------------------------- */

static size_t slot_of(const struct import *import, const char *path)
{
    struct hash128 hash = hash_xxh128(span_of_str(path));
    uint64_t bits;
    memcpy(&bits, hash.bytes, sizeof(bits));
    size_t mask = import->slot_count - 1, at = (size_t)bits & mask;
    while (import->slots[at] && strcmp(import->files[import->slots[at] - 1].path, path) != 0)
        at = (at + 1) & mask;
    return at;
}

uint32_t import_find(const struct import *import, const char *path)
{
    if (!import->slot_count)
        return IMPORT_NONE;
    uint32_t taken = import->slots[slot_of(import, path)];
    return taken ? taken - 1 : IMPORT_NONE;
}

/* The table is kept at most half full. */
static enum rc grow_slots(struct import *import)
{
    if (2 * (import->count + 1) <= import->slot_count)
        return RC_OK;
    size_t slot_count = import->slot_count ? 2 * import->slot_count : 256;
    uint32_t *slots = calloc(slot_count, sizeof(*slots));
    if (!slots)
        return FAIL(import->base.err, RC_NOMEM, 0, "no memory for an index of %zu files",
                    slot_count / 2);
    free(import->slots);
    import->slots = slots;
    import->slot_count = slot_count;
    for (size_t i = 0; i < import->count; i++)
        slots[slot_of(import, import->files[i].path)] = (uint32_t)i + 1;
    return RC_OK;
}

const char *import_path_defect(struct span path)
{
    if (path.len == 0)
        return "it is empty";
    if (path.len > WALK_PATH_MAX)
        return "it is longer than 4000 bytes";
    if (memchr(path.ptr, '\0', path.len))
        return "it holds a NUL";
    if (path.ptr[0] == '/')
        return "it is absolute";
    for (size_t start = 0, i = 0; i <= path.len; i++) {
        if (i < path.len && path.ptr[i] != '/')
            continue;
        struct span part = span_of(path.ptr + start, i - start);
        if (span_equal(part, span_of_str("..")))
            return "it leaves its folder by \"..\"";
        if (part.len == 0 || span_equal(part, span_of_str(".")))
            return "it has an empty part or a part \".\"";
        start = i + 1;
    }
    return NULL;
}

/* ---- filling -------------------------------------------------------------------------------- */

static enum rc add_content(struct import *import, uint64_t handle, uint32_t *index)
{
    void *contents = import->contents;
    enum rc rc = grow(&contents, import->content_count, &import->content_cap, IMPORT_NONE,
                      sizeof(*import->contents), "contents", import->base.err);
    import->contents = contents;
    if (rc != RC_OK)
        return rc;
    *index = (uint32_t)import->content_count++;
    import->contents[*index] = (struct import_content){.handle = handle, .next = IMPORT_NONE};
    return RC_OK;
}

enum rc import_add(struct import *import, const char *path, uint64_t handle, uint32_t *file)
{
    struct err *err = import->base.err;
    void *files = import->files;
    uint32_t content = 0;
    if (import_find(import, path) != IMPORT_NONE)
        return FAIL(err, RC_USAGE, 0, "\"%s\": the name is there twice", Q(path));
    enum rc rc = grow(&files, import->count, &import->cap, DATASET_FILES_MAX,
                      sizeof(*import->files), "files", err);
    import->files = files;
    if (rc == RC_OK)
        rc = grow_slots(import);
    if (rc == RC_OK)
        rc = add_content(import, handle, &content);
    if (rc != RC_OK)
        return rc;
    import->slots[slot_of(import, path)] = (uint32_t)import->count + 1;
    *file = (uint32_t)import->count++;
    import->files[*file] =
        (struct import_file){.path = path, .first = content, .last = content, .count = 1};
    return RC_OK;
}

void import_begin_history(struct import *import)
{
    import->base.file_count = (uint32_t)import->count;
}

enum rc import_version(struct import *import, uint32_t file, uint64_t handle, uint32_t *version)
{
    struct import_file *entry = &import->files[file];
    *version = 0;
    for (uint32_t at = entry->first; at != IMPORT_NONE; at = import->contents[at].next) {
        if (import->contents[at].handle == handle)
            return RC_OK;
        ++*version;
    }
    if (entry->count >= DATASET_VERSIONS_MAX)
        return FAIL(import->base.err, RC_USAGE, 0,
                    "\"%s\": there are more than %" PRIu32 " versions", Q(entry->path),
                    DATASET_VERSIONS_MAX);
    uint32_t index = 0;
    enum rc rc = add_content(import, handle, &index);
    if (rc != RC_OK)
        return rc;
    import->contents[entry->last].next = index;
    entry->last = index;
    entry->count++;
    return RC_OK;
}

enum rc import_add_event(struct import *import, struct history_event event)
{
    void *events = import->events;
    enum rc rc = grow(&events, (size_t)import->base.event_count, &import->event_cap,
                      IMPORT_EVENTS_MAX, sizeof(event), "events", import->base.err);
    import->events = events;
    if (rc == RC_OK)
        import->events[import->base.event_count++] = event;
    return rc;
}

void import_note(struct import *import, const char *fmt, ...)
{
    size_t at = strlen(import->note);
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(import->note + at, sizeof(import->note) - at, fmt, args);
    va_end(args);
    CHECK(len >= 0 && (size_t)len < sizeof(import->note) - at);
    import->base.note = import->note;
}

void import_note_skipped(struct import *import, uint64_t count, const char *one, const char *many)
{
    if (count == 0)
        return;
    const char *lead = strstr(import->note, "skipped: ") ? ", "
                       : import->note[0]                 ? "; skipped: "
                                                         : "skipped: ";
    import_note(import, "%s%" PRIu64 " %s", lead, count, count == 1 ? one : many);
}

void import_note_walk(struct import *import, const uint64_t skipped[WALK_SKIPS])
{
    static const char *const names[WALK_SKIPS][2] = {
        [WALK_LINK] = {"symbolic link", "symbolic links"},
        [WALK_FIFO] = {"FIFO", "FIFOs"},
        [WALK_SOCKET] = {"socket", "sockets"},
        [WALK_DEVICE] = {"device", "devices"},
    };
    for (size_t i = 0; i < WALK_SKIPS; i++)
        import_note_skipped(import, skipped[i], names[i][0], names[i][1]);
}

void import_release(struct import *import)
{
    free(import->files);
    free(import->contents);
    free(import->events);
    free(import->slots);
    buf_release(&import->cached);
}

/* ---- asking --------------------------------------------------------------------------------- */

static bool is_taken(const void *ctx, const char *path)
{
    return import_find(ctx, path) != IMPORT_NONE;
}

/* The real file that `file` is, or was forked from. */
static uint32_t origin_of(const struct import *import, uint32_t file)
{
    return file < import->count ? file
                                : derive_origin(import->base.seed, file - (uint32_t)import->count,
                                                import->base.file_count);
}

enum rc import_path(struct dataset *ds, uint32_t file, struct buf *out)
{
    struct import *import = (struct import *)ds;
    const char *path = import->files[origin_of(import, file)].path;
    if (file < import->count)
        return buf_set(out, span_of_str(path), ds->err);
    return derive_path(path, file - (uint32_t)import->count, is_taken, import, out, ds->err);
}

static uint32_t content_of(const struct import *import, uint32_t file, uint32_t version)
{
    uint32_t at = import->files[file].first;
    while (version-- > 0)
        at = import->contents[at].next;
    return at;
}

/* Replaces out; what was read before reads the same. */
static enum rc read_content(struct import *import, uint32_t file, uint32_t index, struct buf *out)
{
    struct import_content *content = &import->contents[index];
    enum rc rc = import->read(import, import->files[file].path, content->handle, out);
    if (rc != RC_OK)
        return rc;
    struct hash128 hash = hash_xxh128(buf_span(out));
    if (content->known && !hash128_equal(hash, content->hash))
        return FAIL(import->base.err, RC_IO, 0,
                    "\"%s\": changed while in use (its bytes are others than before)",
                    Q(import->files[file].path));
    content->hash = hash;
    content->known = true;
    return RC_OK;
}

static enum rc real_content(struct import *import, uint32_t file, uint32_t version, struct buf *out)
{
    uint32_t index = content_of(import, file, version);
    if (import->cached_valid && import->cached_index == index)
        return buf_set(out, buf_span(&import->cached), import->base.err);
    enum rc rc = read_content(import, file, index, out);
    if (rc != RC_OK || out->len > CACHE_LEN_MAX)
        return rc;
    import->cached_valid = false;
    rc = buf_set(&import->cached, buf_span(out), import->base.err);
    import->cached_index = index;
    import->cached_valid = rc == RC_OK;
    return rc;
}

enum rc import_content(struct dataset *ds, uint32_t file, uint32_t version, struct buf *out)
{
    struct import *import = (struct import *)ds;
    uint32_t origin = origin_of(import, file);
    /* A fork is edited once to become version 0. */
    uint32_t real = file == origin ? import->files[file].count : 0;
    uint32_t begin = file == origin ? (version < real ? version : real - 1) : 0;
    enum rc rc = real_content(import, origin, begin, out);
    return rc == RC_OK ? derive_content(out, ds->seed, file, real, version, ds->err) : rc;
}

enum rc import_hash(struct dataset *ds, uint32_t file, uint32_t version, struct hash128 *out)
{
    struct import *import = (struct import *)ds;
    CHECK(file < import->count && version < import->files[file].count);
    uint32_t index = content_of(import, file, version);
    enum rc rc = RC_OK;
    if (!import->contents[index].known) {
        import->cached_valid = false;
        rc = read_content(import, file, index, &import->cached);
    }
    *out = import->contents[index].hash;
    return rc;
}

enum rc import_event(struct dataset *ds, uint64_t index, struct history_event *out)
{
    *out = ((struct import *)ds)->events[index];
    return RC_OK;
}

uint32_t import_versions(struct dataset *ds, uint32_t file)
{
    const struct import *import = (const struct import *)ds;
    return file < import->count ? import->files[file].count : 1;
}

/* ---- places, as typed ----------------------------------------------------------------------- */

enum rc import_take_part(const char **text, const char *stops, struct buf *out,
                         const struct dataset *ds)
{
    enum rc rc = RC_OK;
    buf_clear(out);
    while (rc == RC_OK && **text && !strchr(stops, **text)) {
        if (**text == '\\') {
            ++*text;
            if (!**text || (**text != '\\' && !strchr(stops, **text)))
                return FAIL(ds->err, RC_USAGE, 0,
                            "dataset \"%s\": a \"\\\" before none of \"%s\\\" in \"%s\"",
                            ds->ops->name, stops, Q(ds->source));
        }
        rc = buf_append(out, span_of(*text, 1), ds->err);
        ++*text;
    }
    if (rc == RC_OK && out->len == 0)
        return FAIL(ds->err, RC_USAGE, 0, "dataset \"%s\": a part is empty in \"%s\"",
                    ds->ops->name, Q(ds->source));
    return rc;
}
