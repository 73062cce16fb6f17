#include "tests/planted/planted_store.h"

const struct strategy strategy_planted_sound =
    PLANTED("planted-sound", "the store that planted faults are made from, unbroken", NULL,
            planted_put, planted_get, planted_del, planted_scan_next);
