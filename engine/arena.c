#include "engine/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN       ((size_t)16)
#define BLOCK_LEN_DEFAULT ((size_t)64 * 1024)

struct arena_block {
    struct arena_block *next; /* the one before it */
    size_t len, used;
    alignas(16) uint8_t data[];
};
_Static_assert(alignof(max_align_t) >= 16, "malloc aligns blocks to 16");

static struct arena_block *block_new(size_t len)
{
    if (len > SIZE_MAX - sizeof(struct arena_block))
        return NULL;
    struct arena_block *block = malloc(sizeof(*block) + len);
    if (block != NULL) {
        block->next = NULL;
        block->len = len;
        block->used = 0;
    }
    return block;
}

/* Each block at least doubles the one before, and reset keeps the newest: work that repeats soon
 * fits one block, however many the first time took. */
static bool add_block(struct arena *arena, size_t need)
{
    size_t ample = arena->block_len != 0 ? arena->block_len : BLOCK_LEN_DEFAULT;
    if (arena->head != NULL && arena->head->len <= SIZE_MAX / 2 && ample < 2 * arena->head->len)
        ample = 2 * arena->head->len;
    struct arena_block *block = ample > need ? block_new(ample) : NULL;
    if (block == NULL)
        block = block_new(need);
    if (block == NULL)
        return false;
    block->next = arena->head;
    arena->head = block;
    return true;
}

void *arena_alloc(struct arena *arena, size_t len)
{
    if (len > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    /* Nothing is rounded up to something, so that every pointer is its own. */
    size_t need = len == 0 ? ARENA_ALIGN : (len + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    if (arena->head == NULL || arena->head->len - arena->head->used < need) {
        if (!add_block(arena, need))
            return NULL;
    }
    void *ptr = arena->head->data + arena->head->used;
    arena->head->used += need;
    return ptr;
}

void *arena_zalloc(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    void *ptr = arena_alloc(arena, count * size);
    if (ptr != NULL)
        memset(ptr, 0, count * size);
    return ptr;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_alloc(arena, size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static void free_chain(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_reset(struct arena *arena)
{
    if (arena->head == NULL)
        return;
    free_chain(arena->head->next);
    arena->head->next = NULL;
    arena->head->used = 0;
}

void arena_release(struct arena *arena)
{
    free_chain(arena->head);
    arena->head = NULL;
}
