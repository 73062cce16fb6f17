/* A counter that is another number in every run is no counter. */
#include <unistd.h>

#include "tests/planted/planted_store.h"

static enum rc drift_put(struct store *st, const struct put_request *put)
{
    st->counters[CTR_STORED_BYTES] += (uint64_t)getpid();
    return planted_put(st, put);
}

const struct strategy strategy_planted_drift =
    PLANTED("planted-drift", "counts stored bytes by the process's number", NULL, drift_put,
            planted_get, planted_del, planted_scan_next);
