/* One sync more per write, outside the commit whose syncs the driver audits. */
#include "tests/sabotage/sabotage.h"

static enum rc synced_put(struct store *st, const struct put_request *put)
{
    enum rc rc = dedup_put(st, put);
    return rc == RC_OK ? io_sync_dir(st->io, IO_EXTERNAL, "", st->err) : rc;
}

const struct strategy strategy_dedup = SABOTAGED(dedup_init, synced_put, dedup_get);
