#include "tests/planted/planted_store.h"

/* A put of the bytes that are there already keeps no reference of its own: the version before
 * stands for both, and when that goes so do they. */
static enum rc lost_rewrite_put(struct store *st, const struct put_request *put)
{
    struct planted *planted = planted_of(st);
    struct blob_key before = put->key;
    if (before.version == 0)
        return planted_put(st, put);
    before.version--;
    enum rc rc = planted_get(st, before, &planted->bytes);
    if (rc == RC_NOTFOUND || (rc == RC_OK && !span_equal(buf_span(&planted->bytes), put->bytes)))
        return planted_put(st, put);
    if (rc == RC_OK)
        st->counters[CTR_DUP_BYTES] += put->bytes.len;
    return rc;
}

static enum rc lost_rewrite_get(struct store *st, struct blob_key key, struct buf *out)
{
    enum rc rc = planted_get(st, key, out);
    while (rc == RC_NOTFOUND && key.version > 0) {
        key.version--;
        rc = planted_get(st, key, out);
    }
    return rc;
}

const struct strategy strategy_planted_lost_rewrite =
    PLANTED("planted-lost-rewrite", "a put of equal bytes keeps no reference", NULL,
            lost_rewrite_put, lost_rewrite_get, planted_del, planted_scan_next);
