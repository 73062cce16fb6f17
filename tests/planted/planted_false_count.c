#include "tests/planted/planted_store.h"

static enum rc false_count_put(struct store *st, const struct put_request *put)
{
    enum rc rc = planted_put(st, put);
    if (rc == RC_OK && ++planted_of(st)->calls % 20 == 0)
        st->counters[CTR_UNIQUE_BYTES]--;
    return rc;
}

const struct strategy strategy_planted_false_count =
    PLANTED("planted-false-count", "unique and duplicate bytes do not add up", NULL,
            false_count_put, planted_get, planted_del, planted_scan_next);
