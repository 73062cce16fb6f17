/* Reads wait for a tenth of their own time: what the timing of a gate must find. */
#include "tests/sabotage/sabotage.h"

static enum rc slow_get(struct store *st, struct blob_key key, struct buf *out)
{
    return sabotage_slow_get(st, key, out, 0.10);
}

const struct strategy strategy_dedup = SABOTAGED(dedup_init, dedup_put, slow_get);
