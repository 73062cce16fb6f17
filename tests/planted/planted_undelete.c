#include "tests/planted/planted_store.h"

static enum rc undelete_del(struct store *st, struct blob_key key)
{
    (void)st;
    (void)key;
    return RC_OK;
}

const struct strategy strategy_planted_undelete =
    PLANTED("planted-undelete", "a delete does nothing", NULL, planted_put, planted_get,
            undelete_del, planted_scan_next);
