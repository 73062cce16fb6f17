/* Reads take about a hundredth longer: what the timing of a gate must let through.  No clock is
 * read for that: reading it takes longer than a hundredth. */
#include "tests/sabotage/sabotage.h"

enum { STEPS = 10 }; /* 15 to 20 ns */

static enum rc slow_get(struct store *st, struct blob_key key, struct buf *out)
{
    sabotage_work(STEPS);
    return dedup_get(st, key, out);
}

const struct strategy strategy_dedup = SABOTAGED(dedup_init, dedup_put, slow_get);
