#include "tests/planted/planted_store.h"

/* The least a strategy can be: no deletes, no scans, no reads of parts. */
const struct strategy strategy_planted_bare = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy),
    .name = "planted-bare",
    .summary = "sound, and offers nothing but put and get",
    .caps = CAP_SQL,
    .state_size = sizeof(struct planted),
    .init = planted_init,
    .deinit = planted_deinit,
    .put = planted_put,
    .get = planted_get,
    .flush = planted_flush,
    .check = planted_check,
    .probe = planted_probe,
};
