#include "analysis/kernel.h"

#include <stdlib.h>

/* Tarjan's search with its own stack: a chain of a few thousand vertices must not cost as many
 * frames.  All arrays have `count` items. */
struct search {
    const bool *dominates;
    size_t count;
    uint32_t *number;  /* order of discovery from 1; 0: not seen yet */
    uint32_t *low;     /* smallest number on the stack known to be reachable */
    uint32_t *pending; /* found, component not complete */
    uint32_t *path;    /* the vertices whose edges are being walked */
    uint32_t *edge;    /* the next one to look at, per vertex of the path */
    uint32_t *component;
    size_t pending_count, path_count;
    uint32_t numbers, components;
};

static bool search_init(struct search *search, const bool *dominates, size_t count)
{
    enum { ARRAYS = 6 };
    uint32_t *block = calloc(count, ARRAYS * sizeof(*block));
    if (block == NULL)
        return false;
    *search = (struct search){.dominates = dominates,
                              .count = count,
                              .number = block,
                              .low = block + count,
                              .pending = block + 2 * count,
                              .path = block + 3 * count,
                              .edge = block + 4 * count,
                              .component = block + 5 * count};
    for (size_t i = 0; i < count; i++)
        search->component[i] = KERNEL_NONE;
    return true;
}

static void search_release(struct search *search)
{
    free(search->number); /* the block they all are in */
}

static void discover(struct search *search, uint32_t vertex)
{
    search->number[vertex] = search->low[vertex] = ++search->numbers;
    search->pending[search->pending_count++] = vertex;
    search->edge[vertex] = 0;
    search->path[search->path_count++] = vertex;
}

/* Walk the edges of `vertex` until one leads to a new vertex, which is returned. */
static uint32_t next_undiscovered(struct search *search, uint32_t vertex)
{
    const bool *row = search->dominates + vertex * search->count;
    while (search->edge[vertex] < search->count) {
        uint32_t to = search->edge[vertex]++;
        if (!row[to])
            continue;
        if (search->number[to] == 0)
            return to;
        bool complete = search->component[to] != KERNEL_NONE;
        if (!complete && search->number[to] < search->low[vertex])
            search->low[vertex] = search->number[to];
    }
    return KERNEL_NONE;
}

/* All edges of the path's last vertex were walked. */
static void leave(struct search *search)
{
    uint32_t vertex = search->path[--search->path_count];
    if (search->low[vertex] == search->number[vertex]) {
        uint32_t member = KERNEL_NONE;
        while (member != vertex) {
            member = search->pending[--search->pending_count];
            search->component[member] = search->components;
        }
        search->components++;
    }
    if (search->path_count > 0) {
        uint32_t parent = search->path[search->path_count - 1];
        if (search->low[vertex] < search->low[parent])
            search->low[parent] = search->low[vertex];
    }
}

static void find_components(struct search *search)
{
    for (uint32_t root = 0; root < search->count; root++) {
        if (search->number[root] != 0)
            continue;
        discover(search, root);
        while (search->path_count > 0) {
            uint32_t next = next_undiscovered(search, search->path[search->path_count - 1]);
            if (next == KERNEL_NONE)
                leave(search);
            else
                discover(search, next);
        }
    }
    /* Tarjan completes the dominated first; whoever reads the numbers wants dominators first. */
    for (size_t i = 0; i < search->count; i++)
        search->component[i] = search->components - 1 - search->component[i];
}

/* The vertices by ascending component, into search->pending, which is free again. */
static void order_by_component(struct search *search)
{
    uint32_t *start = search->low; /* free as well */
    for (size_t c = 0; c < search->count; c++)
        start[c] = 0;
    for (size_t i = 0; i < search->count; i++) {
        if (search->component[i] + 1 < search->components)
            start[search->component[i] + 1]++;
    }
    for (size_t c = 1; c < search->components; c++)
        start[c] += start[c - 1];
    for (uint32_t i = 0; i < search->count; i++)
        search->pending[start[search->component[i]]++] = i;
}

static uint32_t first_kept_dominator(const struct search *search, const bool *kept, uint32_t vertex)
{
    for (uint32_t by = 0; by < search->count; by++) {
        if (search->dominates[by * search->count + vertex] && kept[by] &&
            search->component[by] != search->component[vertex])
            return by;
    }
    return KERNEL_NONE;
}

enum rc kernel_find(const bool *dominates, size_t count, bool *kept, uint32_t *dominator,
                    uint32_t *component, struct err *err)
{
    if (count == 0)
        return RC_OK;
    CHECK(count < KERNEL_NONE);
    struct search search;
    if (!search_init(&search, dominates, count))
        return FAIL(err, RC_NOMEM, 0, "no memory to order %zu strategies by dominance", count);
    find_components(&search);
    order_by_component(&search);
    /* A dominator in another component has a smaller number: it is decided already. */
    for (size_t i = 0; i < count; i++)
        kept[i] = false;
    for (size_t i = 0; i < count; i++) {
        uint32_t vertex = search.pending[i];
        dominator[vertex] = first_kept_dominator(&search, kept, vertex);
        kept[vertex] = dominator[vertex] == KERNEL_NONE;
    }
    if (component != NULL) {
        for (size_t i = 0; i < count; i++)
            component[i] = search.component[i];
    }
    search_release(&search);
    return RC_OK;
}
