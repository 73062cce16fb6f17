#include <stdlib.h>

#include "tests/planted/planted_store.h"

enum { LIE_AT = 10 };

static enum rc crash_put(struct store *st, const struct put_request *put)
{
    if (++planted_of(st)->calls == LIE_AT)
        abort();
    return planted_put(st, put);
}

const struct strategy strategy_planted_crash =
    PLANTED("planted-crash", "the process dies in a put", NULL, crash_put, planted_get, planted_del,
            planted_scan_next);
