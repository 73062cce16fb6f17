#include "engine/keymap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rng.h"

enum { FIRST_CAP = 64 };

/* Room for one more element of `size` bytes in an array of `count`; false leaves it as it was. */
static bool grow(void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return true;
    size_t wanted = *cap == 0 ? FIRST_CAP : 2 * *cap;
    if (wanted > UINT32_MAX || wanted > SIZE_MAX / size)
        return false;
    void *old;
    memcpy(&old, array, sizeof(old));
    void *moved = realloc(old, wanted * size);
    if (moved == NULL)
        return false;
    memcpy(array, &moved, sizeof(moved));
    *cap = wanted;
    return true;
}

static enum rc no_memory(struct err *err)
{
    return FAIL(err, RC_NOMEM, 0, "no memory for the index of blobs");
}

/* ---- files ----------------------------------------------------------------------------------- */

static struct keymap_file *find_file(const struct keymap *map, uint64_t file_id)
{
    if (file_id < map->file_count && map->files[file_id].file_id == file_id)
        return &map->files[file_id];
    if (map->slot_count == 0)
        return NULL;
    size_t mask = map->slot_count - 1;
    for (size_t at = (size_t)mix64(file_id) & mask; map->slots[at] != 0; at = (at + 1) & mask) {
        struct keymap_file *file = &map->files[map->slots[at] - 1];
        if (file->file_id == file_id)
            return file;
    }
    return NULL;
}

static void take_slot(uint32_t *slots, size_t slot_count, uint64_t file_id, size_t position)
{
    size_t mask = slot_count - 1;
    size_t at = (size_t)mix64(file_id) & mask;
    while (slots[at] != 0)
        at = (at + 1) & mask;
    slots[at] = (uint32_t)position + 1;
}

/* The table is kept at most half full. */
static bool grow_slots(struct keymap *map)
{
    if (2 * (map->file_count + 1) <= map->slot_count)
        return true;
    size_t wanted = map->slot_count == 0 ? 2 * FIRST_CAP : 2 * map->slot_count;
    uint32_t *slots = calloc(wanted, sizeof(*slots));
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < map->file_count; i++)
        take_slot(slots, wanted, map->files[i].file_id, i);
    free(map->slots);
    map->slots = slots;
    map->slot_count = wanted;
    return true;
}

static struct keymap_file *add_file(struct keymap *map, uint64_t file_id)
{
    if (!grow(&map->files, map->file_count, &map->file_cap, sizeof(*map->files)) ||
        !grow_slots(map))
        return NULL;
    take_slot(map->slots, map->slot_count, file_id, map->file_count);
    struct keymap_file *file = &map->files[map->file_count++];
    *file = (struct keymap_file){.file_id = file_id};
    return file;
}

/* ---- versions -------------------------------------------------------------------------------- */

/* Where `version` is, or belongs.  Most files have one or two versions, and most of the rest are
 * complete, so the position relative to the first is tried before searching. */
static uint32_t version_place(const struct keymap_file *file, uint32_t version)
{
    if (file->count == 0 || version > file->blobs[file->count - 1].version)
        return file->count;
    uint32_t guess = version - file->blobs[0].version;
    if (guess < file->count && file->blobs[guess].version == version)
        return guess;
    uint32_t low = 0, high = file->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (file->blobs[middle].version < version)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool grow_blobs(struct keymap *map, struct keymap_file *file)
{
    if (file->count < file->cap)
        return true;
    if (file->cap > UINT32_MAX / 2)
        return false;
    uint32_t cap = file->cap == 0 ? 2 : 2 * file->cap;
    struct keymap_blob *blobs = arena_alloc(&map->arrays, cap * sizeof(*blobs));
    if (blobs == NULL)
        return false;
    if (file->count != 0)
        memcpy(blobs, file->blobs, file->count * sizeof(*blobs));
    file->blobs = blobs;
    file->cap = cap;
    return true;
}

static void insert_at(struct keymap *map, struct keymap_file *file, uint32_t place,
                      struct keymap_blob blob)
{
    CHECK(file->count < file->cap);
    struct keymap_blob *at = file->blobs + place;
    memmove(at + 1, at, (file->count - place) * sizeof(*at));
    *at = blob;
    file->count++;
    map->blob_count++;
    map->blob_bytes += blob.len;
}

static void remove_at(struct keymap *map, struct keymap_file *file, uint32_t place)
{
    struct keymap_blob *at = file->blobs + place;
    map->blob_count--;
    map->blob_bytes -= at->len;
    file->count--;
    memmove(at, at + 1, (file->count - place) * sizeof(*at));
}

struct keymap_blob *keymap_find(const struct keymap *map, struct blob_key key)
{
    const struct keymap_file *file = find_file(map, key.file_id);
    if (file == NULL)
        return NULL;
    uint32_t place = version_place(file, key.version);
    if (place == file->count || file->blobs[place].version != key.version)
        return NULL;
    return &file->blobs[place];
}

enum rc keymap_put(struct keymap *map, uint64_t file_id, struct keymap_blob blob, struct err *err)
{
    struct keymap_file *file = find_file(map, file_id);
    uint32_t place = file != NULL ? version_place(file, blob.version) : 0;
    if (file != NULL && place < file->count && file->blobs[place].version == blob.version)
        return FAIL(err, RC_USAGE, 0, "file %" PRIu64 " version %" PRIu32 " is stored already",
                    file_id, blob.version);
    if (!grow(&map->log, map->log_count, &map->log_cap, sizeof(*map->log)))
        return no_memory(err);
    if (file == NULL)
        file = add_file(map, file_id);
    if (file == NULL || !grow_blobs(map, file))
        return no_memory(err);
    insert_at(map, file, place, blob);
    map->log[map->log_count++] =
        (struct keymap_change){.key = {.file_id = file_id, .version = blob.version}, .blob = blob};
    return RC_OK;
}

enum rc keymap_del(struct keymap *map, struct blob_key key, struct err *err)
{
    struct keymap_file *file = find_file(map, key.file_id);
    uint32_t place = file != NULL ? version_place(file, key.version) : 0;
    if (file == NULL || place == file->count || file->blobs[place].version != key.version)
        return RC_NOTFOUND;
    if (!grow(&map->log, map->log_count, &map->log_cap, sizeof(*map->log)))
        return no_memory(err);
    map->log[map->log_count++] =
        (struct keymap_change){.key = key, .blob = file->blobs[place], .deleted = true};
    remove_at(map, file, place);
    return RC_OK;
}

void keymap_commit(struct keymap *map)
{
    map->log_count = 0;
}

/* Backwards, so an array has the room that it had before the deletion being undone. */
void keymap_rollback(struct keymap *map)
{
    while (map->log_count > 0) {
        const struct keymap_change *change = &map->log[--map->log_count];
        struct keymap_file *file = find_file(map, change->key.file_id);
        CHECK(file != NULL);
        uint32_t place = version_place(file, change->key.version);
        if (change->deleted) {
            insert_at(map, file, place, change->blob);
        } else {
            CHECK(place < file->count && file->blobs[place].version == change->key.version);
            remove_at(map, file, place);
        }
    }
}

/* ---- order ----------------------------------------------------------------------------------- */

static int rank_order(const void *a, const void *b)
{
    const struct keymap_rank *x = a, *y = b;
    return (x->file_id > y->file_id) - (x->file_id < y->file_id);
}

static bool rank_files(struct keymap *map)
{
    bool ascending = true;
    while (map->rank_count < map->file_count) {
        if (!grow(&map->ranks, map->rank_count, &map->rank_cap, sizeof(*map->ranks))) {
            map->rank_count = 0; /* half-ranked is not ranked */
            return false;
        }
        uint64_t file_id = map->files[map->rank_count].file_id;
        if (map->rank_count > 0 && map->ranks[map->rank_count - 1].file_id > file_id)
            ascending = false;
        map->ranks[map->rank_count] =
            (struct keymap_rank){.file_id = file_id, .file = (uint32_t)map->rank_count};
        map->rank_count++;
    }
    if (!ascending)
        qsort(map->ranks, map->rank_count, sizeof(*map->ranks), rank_order);
    return true;
}

enum rc keymap_scan(struct keymap *map, uint64_t from, uint64_t to, struct err *err)
{
    if (!rank_files(map))
        return no_memory(err);
    size_t low = 0, high = map->rank_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->ranks[middle].file_id < from)
            low = middle + 1;
        else
            high = middle;
    }
    map->scan_at = low;
    map->scan_to = to;
    return RC_OK;
}

const struct keymap_blob *keymap_next(struct keymap *map, struct blob_key *key)
{
    while (map->scan_at < map->rank_count && map->ranks[map->scan_at].file_id < map->scan_to) {
        const struct keymap_file *file = &map->files[map->ranks[map->scan_at++].file];
        if (file->count == 0)
            continue;
        const struct keymap_blob *newest = &file->blobs[file->count - 1];
        *key = (struct blob_key){.file_id = file->file_id, .version = newest->version};
        return newest;
    }
    return NULL;
}

/* ---- the map itself -------------------------------------------------------------------------- */

const char *keymap_defect(const struct keymap *map)
{
    uint64_t blob_count = 0, blob_bytes = 0;
    for (size_t i = 0; i < map->file_count; i++) {
        const struct keymap_file *file = &map->files[i];
        if (find_file(map, file->file_id) != file)
            return "a file of the index cannot be found in it";
        for (uint32_t v = 0; v < file->count; v++) {
            if (v > 0 && file->blobs[v - 1].version >= file->blobs[v].version)
                return "versions of a file are not ascending in the index";
            blob_bytes += file->blobs[v].len;
        }
        blob_count += file->count;
    }
    if (blob_count != map->blob_count || blob_bytes != map->blob_bytes)
        return "the totals of the index differ from its entries";
    return NULL;
}

void keymap_release(struct keymap *map)
{
    free(map->files);
    free(map->slots);
    free(map->log);
    free(map->ranks);
    arena_release(&map->arrays);
    *map = (struct keymap){0};
}
