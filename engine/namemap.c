#include "engine/namemap.h"

#include <stdlib.h>
#include <string.h>

#include "engine/hash.h"

static size_t slot_of(const struct namemap *map, struct span name)
{
    struct hash128 hash = hash_xxh128(name);
    size_t at = 0;
    memcpy(&at, hash.bytes, sizeof(at));
    for (at &= map->slot_count - 1; map->slots[at]; at = (at + 1) & (map->slot_count - 1))
        if (span_equal(map->names[map->slots[at] - 1], name))
            break;
    return at;
}

static enum rc grow(struct namemap *map, struct err *err)
{
    size_t cap = map->cap ? 2 * map->cap : 256;
    struct span *names = realloc(map->names, cap * sizeof(*names));
    if (names) {
        map->names = names;
        map->cap = cap;
    }
    uint32_t *slots = names ? calloc(2 * cap, sizeof(*slots)) : NULL;
    if (!slots) {
        map->cap = map->count; /* the slots are still those of before */
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu names", cap);
    }
    free(map->slots);
    map->slots = slots;
    map->slot_count = 2 * cap;
    for (size_t i = 0; i < map->count; i++)
        map->slots[slot_of(map, map->names[i])] = (uint32_t)i + 1;
    return RC_OK;
}

enum rc namemap_number(struct namemap *map, struct span name, uint32_t *number, bool *added,
                       struct err *err)
{
    enum rc rc = RC_OK;
    *added = false;
    if (map->count == map->cap)
        rc = grow(map, err);
    if (rc != RC_OK)
        return rc;
    size_t slot = slot_of(map, name);
    if (map->slots[slot]) {
        *number = map->slots[slot] - 1;
        return RC_OK;
    }
    if (map->count == NAMEMAP_MAX)
        return FAIL(err, RC_USAGE, 0, "more than %zu names", NAMEMAP_MAX);
    if (map->copies) {
        uint8_t *copy = arena_alloc(&map->arena, name.len ? name.len : 1);
        if (!copy)
            return FAIL(err, RC_NOMEM, 0, "no memory for a name of %zu bytes", name.len);
        if (name.len)
            memcpy(copy, name.ptr, name.len);
        name.ptr = copy;
    }
    *added = true;
    *number = (uint32_t)map->count;
    map->names[map->count++] = name;
    map->slots[slot] = (uint32_t)map->count;
    return RC_OK;
}

void namemap_release(struct namemap *map)
{
    free(map->names);
    free(map->slots);
    arena_release(&map->arena);
    *map = (struct namemap){0};
}
