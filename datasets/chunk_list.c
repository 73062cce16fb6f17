#include "datasets/chunk_list.h"

#include <stdlib.h>
#include <string.h>

#include "engine/hash.h"

enum rc chunk_list_init(struct chunk_list *list, size_t average, struct err *err)
{
    return chunker_init(&list->chunker, CHUNKER_FASTCDC, average / 4, average, 4 * average, 2, err);
}

void chunk_list_release(struct chunk_list *list)
{
    free(list->chunks);
    *list = (struct chunk_list){.count = 0};
}

static bool is_zeros(struct span bytes)
{
    return bytes.ptr[0] == 0 && memcmp(bytes.ptr, bytes.ptr + 1, bytes.len - 1) == 0;
}

static uint64_t hash_of(struct span bytes)
{
    struct hash128 hash = hash_xxh128(bytes);
    uint64_t word = 0;
    if (is_zeros(bytes))
        return 0;
    for (unsigned i = 0; i < 8; i++)
        word = word << 8 | hash.bytes[i];
    return word != 0 ? word : 1;
}

static enum rc append(struct chunk_list *list, struct chunk chunk, struct err *err)
{
    if (list->count == list->cap) {
        size_t cap = list->cap != 0 ? 2 * list->cap : 1024;
        struct chunk *chunks =
            cap <= CHUNK_LIST_MAX ? realloc(list->chunks, cap * sizeof(*chunks)) : NULL;
        if (!chunks)
            return FAIL(err, RC_NOMEM, 0, "no memory for a list of %zu chunks", cap);
        list->chunks = chunks;
        list->cap = cap;
    }
    list->chunks[list->count++] = chunk;
    return RC_OK;
}

enum rc chunk_list_add(struct chunk_list *list, struct span bytes, uint32_t content,
                       struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t at = 0, len; rc == RC_OK && at < bytes.len; at += len) {
        len = chunker_next(&list->chunker, span_of(bytes.ptr + at, bytes.len - at));
        struct chunk chunk = {hash_of(span_of(bytes.ptr + at, len)), (uint32_t)len, content};
        rc = append(list, chunk, err);
    }
    return rc;
}

/* ---- which are equal ------------------------------------------------------------------------- */

struct place {
    uint64_t hash;
    uint32_t len, index;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static bool same(const struct place *a, const struct place *b)
{
    return a->hash == b->hash && a->len == b->len;
}

enum rc chunk_list_ids(const struct chunk_list *list, uint32_t *ids, uint32_t *distinct,
                       struct err *err)
{
    struct place *places = malloc((list->count + 1) * sizeof(*places));
    if (!places)
        return FAIL(err, RC_NOMEM, 0, "no memory to compare %zu chunks", list->count);
    for (size_t i = 0; i < list->count; i++)
        places[i] = (struct place){list->chunks[i].hash, list->chunks[i].len, (uint32_t)i};
    qsort(places, list->count, sizeof(*places), compare_places);
    /* For now the place of the first occurrence, plus one. */
    for (size_t i = 0, first = 0; i < list->count; i++) {
        if (!same(&places[first], &places[i]))
            first = i;
        bool twice = i != first || (i + 1 < list->count && same(&places[i], &places[i + 1]));
        ids[places[i].index] = twice ? places[first].index + 1 : 0;
    }
    free(places);
    *distinct = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (ids[i] == i + 1)
            ids[i] = ++*distinct;
        else if (ids[i] != 0)
            ids[i] = ids[ids[i] - 1];
    }
    return RC_OK;
}
