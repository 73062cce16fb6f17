/* arena.h: memory that is given back all at once.
 *
 * Blocks are chained, each at least twice as long as the one before; arena_reset keeps the newest.
 * So an arena that serves equal work again soon needs one block only and does not allocate.
 * Memory is not zeroed by arena_alloc.  Zero-initialised is empty and valid.
 * Threading: one owner.
 */
#ifndef ENGINE_ARENA_H
#define ENGINE_ARENA_H

#include "engine/base.h"

struct arena_block;
struct arena {
    struct arena_block *head;
    size_t block_len; /* least size of a block; 0 means 64 KiB */
};

/* `len` bytes aligned to 16, or NULL when memory is exhausted. */
void *arena_alloc(struct arena *arena, size_t len);
/* As arena_alloc, zeroed; NULL also when count * size overflows. */
void *arena_zalloc(struct arena *arena, size_t count, size_t size);
/* A terminated copy, or NULL. */
char *arena_strdup(struct arena *arena, const char *text);
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

#endif
