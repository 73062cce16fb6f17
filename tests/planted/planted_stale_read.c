#include "tests/planted/planted_store.h"

static enum rc stale_get(struct store *st, struct blob_key key, struct buf *out)
{
    if (key.version > 0)
        key.version--;
    return planted_get(st, key, out);
}

const struct strategy strategy_planted_stale_read =
    PLANTED("planted-stale-read", "a read returns the version before", NULL, planted_put, stale_get,
            planted_del, planted_scan_next);
