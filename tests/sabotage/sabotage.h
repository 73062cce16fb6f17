/* sabotage.h: the strategy dedup with one small defect, as a commit might bring it.
 *
 * Each sabotage_NAME.c is linked in place of strategies/dedup.c into a program of its own,
 * build/<config>/tests/blobfront-NAME, which so has a worse `dedup` and `dedup-zstd` under the same
 * names; tests/cli/gate_sabotage.sh demands that `blobfront gate` finds each of them by the layer
 * that can see it, and lets through what must not be noticed.
 */
#ifndef TESTS_SABOTAGE_H
#define TESTS_SABOTAGE_H

/* The sound strategy, under another name, with everything that is static in it. */
#define strategy_dedup strategy_dedup_sound
#include "strategies/dedup.c"
#undef strategy_dedup

#include "engine/clock.h"

#define SABOTAGED(init_slot, put_slot, get_slot)                                                  \
    {                                                                                             \
        .abi = STRATEGY_ABI, .size = sizeof(struct strategy), .name = "dedup",                    \
        .summary = "each distinct blob once, optionally compressed, with counted references",     \
        .caps = CAP_SQL | CAP_DELETE | CAP_READ_AT | CAP_SCAN | CAP_DEDUP,                        \
        .state_size = sizeof(struct dedup), .opts = dedup_opts, .init = (init_slot),              \
        .deinit = dedup_deinit, .put = (put_slot), .get = (get_slot), .flush = dedup_flush,       \
        .check = dedup_check, .probe = dedup_probe, .del = dedup_del, .read_at = dedup_read_at,   \
        .scan_begin = dedup_scan_begin, .scan_next = dedup_scan_next, .scan_end = dedup_scan_end, \
    }

extern const struct strategy strategy_dedup;

/* What reading the clock three times adds by itself, about. */
enum { SABOTAGE_CLOCK_NS = 35 };

/* A get that takes `share` longer than it did. */
static inline enum rc sabotage_slow_get(struct store *st, struct blob_key key, struct buf *out,
                                        double share)
{
    uint64_t start_ns = clock_ns();
    enum rc rc = dedup_get(st, key, out);
    uint64_t own_ns = clock_ns() - start_ns;
    uint64_t until_ns = start_ns + own_ns + (uint64_t)((double)own_ns * share) - SABOTAGE_CLOCK_NS;
    while (clock_ns() < until_ns)
        ;
    return rc;
}

/* Work that a compiler cannot leave out: `steps` additions and multiplications. */
static inline void sabotage_work(size_t steps)
{
    volatile uint64_t sink;
    uint64_t x = steps;
    for (size_t i = 0; i < steps; i++) {
        x = x * UINT64_C(6364136223846793005) + i;
        __asm__ volatile("" : "+r"(x));
    }
    sink = x;
    (void)sink;
}

#endif
