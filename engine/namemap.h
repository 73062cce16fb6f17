/* namemap.h: texts of any bytes, each with the number it got when it was first seen: 0, 1, 2, ...
 *
 * The texts are borrowed or copied, as the caller says; a zeroed map is empty and valid.
 * Threading: one owner.
 */
#ifndef ENGINE_NAMEMAP_H
#define ENGINE_NAMEMAP_H

#include "engine/arena.h"

struct namemap {
    bool copies; /* set before the first name: keep copies, not what the caller holds */
    struct span *names;
    size_t count, cap;
    uint32_t *slots; /* number + 1, 0 is free; open addressing, at most half full */
    size_t slot_count;
    struct arena arena;
};

#define NAMEMAP_MAX ((size_t)100000000)

/* The name's number, given now when it is new: then *added.  RC_USAGE beyond NAMEMAP_MAX names. */
MUST_CHECK enum rc namemap_number(struct namemap *map, struct span name, uint32_t *number,
                                  bool *added, struct err *err);
void namemap_release(struct namemap *map);

#endif
