/* shares.h: how what was put divides by a name (extension or handler). */
#ifndef WORKLOADS_SHARES_H
#define WORKLOADS_SHARES_H

#include "engine/arena.h"
#include "results/record.h"

/* More names than this are added up under "(other)": extensions come from outside. */
#define SHARES_MAX ((size_t)64)

struct shares {
    struct record_share items[SHARES_MAX + 1];
    size_t count;
    struct arena *arena; /* names are copied here */
};

MUST_CHECK enum rc shares_add(struct shares *shares, struct span name, uint64_t logical_bytes,
                              uint64_t stored_bytes, struct err *err);
/* Largest stored bytes first, then by name. */
void shares_sort(struct shares *shares);

#endif
