/* About 3 % more work per operation: too little for a clock on a shared machine, plain to see for
 * whoever counts instructions. */
#include "tests/sabotage/sabotage.h"

enum { GET_STEPS = 100 };

static enum rc busy_put(struct store *st, const struct put_request *put)
{
    sabotage_work(put->bytes.len / 4);
    return dedup_put(st, put);
}

static enum rc busy_get(struct store *st, struct blob_key key, struct buf *out)
{
    sabotage_work(GET_STEPS);
    return dedup_get(st, key, out);
}

const struct strategy strategy_dedup = SABOTAGED(dedup_init, busy_put, busy_get);
