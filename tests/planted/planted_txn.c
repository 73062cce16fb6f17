#include "tests/planted/planted_store.h"

enum { LIE_AT = 10 };
enum { FAULT_COMMIT, FAULT_PRAGMA, FAULT_ROLLBACK, FAULT_ATTACH };

static const char *const faults[] = {"commit", "pragma", "rollback", "attach", NULL};

static const struct opt txn_opts[] = {
    {.name = "try",
     .type = OPT_CHOICE,
     .offset = offsetof(struct planted, fault),
     .def = "commit",
     .choices = faults,
     .help = "what is the engine's alone and is tried in a put"},
    {.name = NULL},
};

static enum rc txn_put(struct store *st, const struct put_request *put)
{
    static const char *const sql[] = {
        [FAULT_COMMIT] = "COMMIT",
        [FAULT_PRAGMA] = "PRAGMA synchronous=OFF",
        [FAULT_ROLLBACK] = "ROLLBACK",
        [FAULT_ATTACH] = "ATTACH ':memory:' AS fast",
    };
    struct planted *self = planted_of(st);
    if (++self->calls == LIE_AT) {
        enum rc rc = db_exec(st->db, sql[self->fault], st->err);
        if (rc != RC_OK)
            return rc;
    }
    return planted_put(st, put);
}

const struct strategy strategy_planted_txn =
    PLANTED("planted-txn", "does what only the engine may", txn_opts, txn_put, planted_get,
            planted_del, planted_scan_next);
