#include "tests/planted/planted_store.h"

static enum rc wrong_byte_get(struct store *st, struct blob_key key, struct buf *out)
{
    enum rc rc = planted_get(st, key, out);
    if (rc == RC_OK && ++planted_of(st)->calls % 50 == 0 && out->len != 0)
        out->ptr[out->len / 2] ^= 1;
    return rc;
}

const struct strategy strategy_planted_wrong_byte =
    PLANTED("planted-wrong-byte", "one bit of every 50th read is another", NULL, planted_put,
            wrong_byte_get, planted_del, planted_scan_next);
