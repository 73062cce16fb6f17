/* One copy is taken for new content, once per process: what a hash that misses a hit reports. */
#include "tests/sabotage/sabotage.h"

static bool lost;

static enum rc forgetful_put(struct store *st, const struct put_request *put)
{
    uint64_t *counters = st->counters, before = counters[CTR_BLOBS_DUP];
    enum rc rc = dedup_put(st, put);
    if (rc != RC_OK || lost || counters[CTR_BLOBS_DUP] == before)
        return rc;
    lost = true;
    counters[CTR_BLOBS_DUP]--;
    counters[CTR_BLOBS_UNIQUE]++;
    counters[CTR_DUP_BYTES] -= put->bytes.len;
    counters[CTR_UNIQUE_BYTES] += put->bytes.len;
    counters[CTR_STORED_BYTES] += put->bytes.len;
    return rc;
}

const struct strategy strategy_dedup = SABOTAGED(dedup_init, forgetful_put, dedup_get);
