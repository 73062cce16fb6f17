/* chunk_list.h: the chunks of many contents, in order, and which of them occur before.
 *
 * A chunk is known by 64 bits of its XXH3-128: of 10^7 chunks two different ones are taken for
 * equal with a probability of 3 in a million, which statistics bear.
 */
#ifndef DATASETS_CHUNK_LIST_H
#define DATASETS_CHUNK_LIST_H

#include "engine/chunker.h"

#define CHUNK_LIST_MAX ((size_t)1 << 26)

struct chunk {
    uint64_t hash; /* 0: all its bytes are zero */
    uint32_t len, content;
};

struct chunk_list {
    struct chunker chunker;
    struct chunk *chunks;
    size_t count, cap;
};

/* fastcdc, bounds a quarter of and four times the average; `list` is zeroed. */
MUST_CHECK enum rc chunk_list_init(struct chunk_list *list, size_t average, struct err *err);
/* Cut and append; `content` is the caller's number for these bytes. */
MUST_CHECK enum rc chunk_list_add(struct chunk_list *list, struct span bytes, uint32_t content,
                                  struct err *err);
/* For every chunk the number, from 1, of the chunk that it equals, counting distinct chunks that
 * occur more than once in the order of their first; 0 for those that occur once.  `ids` has room
 * for all.  *distinct: how many numbers there are. */
MUST_CHECK enum rc chunk_list_ids(const struct chunk_list *list, uint32_t *ids, uint32_t *distinct,
                                  struct err *err);
void chunk_list_release(struct chunk_list *list);

#endif
