#include "tests/planted/planted_store.h"

/* A file's versions are deleted one after the other, oldest first: the last of several stays. */
static enum rc half_delete_del(struct store *st, struct blob_key key)
{
    struct planted *planted = planted_of(st);
    bool follows = key.file_id == planted->last.file_id && key.version == planted->last.version + 1;
    planted->last = key;
    return follows ? RC_OK : planted_del(st, key);
}

const struct strategy strategy_planted_half_delete =
    PLANTED("planted-half-delete", "of several versions deleted one stays", NULL, planted_put,
            planted_get, half_delete_del, planted_scan_next);
