#include "tests/planted/planted_store.h"

static enum rc lost_version_put(struct store *st, const struct put_request *put)
{
    enum rc rc = planted_put(st, put);
    struct blob_key older = {.file_id = put->key.file_id, .version = put->key.version - 1};
    if (rc == RC_OK && put->key.version > 0)
        rc = planted_del(st, older);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

const struct strategy strategy_planted_lost_version =
    PLANTED("planted-lost-version", "an update drops the version before", NULL, lost_version_put,
            planted_get, planted_del, planted_scan_next);
