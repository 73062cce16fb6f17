/* kernel.h: from "who is confirmed to dominate whom" to who stays.
 *
 * The relation need not be transitive and may even have cycles, among strategies equal in every
 * exact metric.  The frontier is the kernel of the digraph: strongly connected components (Tarjan,
 * SIAM J. Computing 1972) in topological order, dominators first; members of one component never
 * remove each other; a vertex leaves when a kept vertex of another component dominates it.  So no
 * kept vertex dominates another one outside its component, and every removed vertex names a kept
 * one: both are tested.
 */
#ifndef ANALYSIS_KERNEL_H
#define ANALYSIS_KERNEL_H

#include "engine/base.h"

#define KERNEL_NONE UINT32_MAX

/* dominates[a * count + b]: a is confirmed to dominate b.  kept[i], and dominator[i]: the kept
 * vertex with the smallest index among those that remove i, or KERNEL_NONE.  component[i] numbers
 * the strongly connected components; may be NULL. */
MUST_CHECK enum rc kernel_find(const bool *dominates, size_t count, bool *kept, uint32_t *dominator,
                               uint32_t *component, struct err *err);

#endif
