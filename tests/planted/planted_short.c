#include "tests/planted/planted_store.h"

static enum rc short_put(struct store *st, const struct put_request *put)
{
    struct span bytes = put->bytes;
    if (bytes.len != 0 && bytes.len % 4096 == 0)
        bytes.len--;
    return planted_insert(st, put, bytes);
}

const struct strategy strategy_planted_short =
    PLANTED("planted-short", "the last byte is missing when the size is a multiple of 4096", NULL,
            short_put, planted_get, planted_del, planted_scan_next);
