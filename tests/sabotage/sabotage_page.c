/* One page more in every database: a table nobody needs. */
#include "tests/sabotage/sabotage.h"

static enum rc wasteful_init(struct store *st)
{
    enum rc rc = dedup_init(st);
    if (rc == RC_OK && st->created)
        rc = db_exec(st->db, "CREATE TABLE waste(x INTEGER) STRICT;", st->err);
    return rc;
}

const struct strategy strategy_dedup = SABOTAGED(wasteful_init, dedup_put, dedup_get);
