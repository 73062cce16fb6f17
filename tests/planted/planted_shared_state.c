/* Reads go through one buffer of the program's, not of the store's: right as long as one thread
 * reads. */
#include <sched.h>
#include <string.h>

#include "tests/planted/planted_store.h"

static struct {
    uint8_t bytes[1 << 16];
    size_t len;
} answer;

static enum rc shared_state_get(struct store *st, struct blob_key key, struct buf *out)
{
    enum rc rc = planted_get(st, key, out);
    if (rc != RC_OK || out->len > sizeof(answer.bytes))
        return rc;
    answer.len = out->len;
    if (out->len != 0)
        memcpy(answer.bytes, out->ptr, out->len);
    (void)sched_yield();
    return buf_set(out, span_of(answer.bytes, answer.len), st->err);
}

const struct strategy strategy_planted_shared_state =
    PLANTED("planted-shared-state", "all its stores read through one buffer", NULL, planted_put,
            shared_state_get, planted_del, planted_scan_next);
