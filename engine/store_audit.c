/* store_audit.c: do the syncs of a commit fit the durability level that is claimed?
 *
 * SQLite, measured under locking_mode=EXCLUSIVE (t_strategy.c repeats it):
 *   WAL + OFF         none
 *   WAL + NORMAL      none; one for the header of a fresh WAL
 *   WAL + FULL        one; one more for the header of a fresh WAL
 *   TRUNCATE + FULL   four: journal content, journal header, database, journal after truncation;
 *                     at least that many when the cache spilled, which syncs the journal early
 * A strategy with an engine of its own syncs nothing at `none`; at every other level a commit that
 * put something syncs at least one file and one directory, for a blob whose name or bytes may
 * vanish is not committed; a commit of deletes alone syncs at least something.
 *
 * The window is the whole transaction: a spill writes, and syncs the header of, a fresh WAL before
 * the commit, and strategies may sync their files as they go.
 */
#include <string.h>

#include "engine/store_host.h"

enum { ROLLBACK_SYNCS = 4 };

static struct store_syncs syncs_of(const struct io_meter *meter)
{
    struct store_syncs syncs = {0};
    for (size_t kind = 0; kind < IO_KIND_COUNT; kind++) {
        const uint64_t *calls = meter->kind[kind].calls;
        syncs.dirs += calls[IO_OP_SYNC_DIR];
        if (kind == IO_EXTERNAL)
            syncs.external += calls[IO_OP_SYNC];
        else
            syncs.database += calls[IO_OP_SYNC];
    }
    return syncs;
}

static int cache_spills(const struct db *db)
{
    int spills = 0, highest = 0;
    int code = sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_SPILL, &spills, &highest, 0);
    CHECK(code == SQLITE_OK);
    return spills;
}

void store_audit_begin(struct store *st)
{
    struct store_host *host = st->host;
    host->changed = 0;
    host->puts = 0;
    host->last_put_valid = false;
    host->syncs_before = syncs_of(&st->io->meter);
    memcpy(host->counters_before, host->counters, sizeof host->counters);
    if (st->db != NULL) {
        host->fresh = st->db->wal_fresh;
        host->rows_before = sqlite3_total_changes64(st->db->handle);
        host->spills_before = cache_spills(st->db);
    }
}

bool store_audit_changed(const struct store *st)
{
    const struct store_host *host = st->host;
    return host->changed > 0 ||
           (st->db != NULL && sqlite3_total_changes64(st->db->handle) != host->rows_before);
}

static bool database_fits(const struct store *st, const struct store_syncs *seen)
{
    const struct store_host *host = st->host;
    switch (st->durability) {
    case DURABILITY_NONE: return seen->database + seen->external + seen->dirs == 0;
    case DURABILITY_CONSISTENT: return seen->database == (uint64_t)host->fresh;
    case DURABILITY_DURABLE: return seen->database == 1 + (uint64_t)host->fresh;
    default:
        if (cache_spills(st->db) != host->spills_before)
            return seen->database >= ROLLBACK_SYNCS;
        return seen->database == ROLLBACK_SYNCS;
    }
}

/* Files that the transaction put and that are there after it: a blob may be put and deleted again,
 * and what a delete met is not known here. */
static uint64_t files_due(const struct store_host *host)
{
    uint64_t deletes = host->changed - host->puts;
    return host->puts > deletes ? host->puts - deletes : 1;
}

static bool own_engine_fits(const struct store *st, const struct store_syncs *seen)
{
    const struct store_host *host = st->host;
    if (st->ops->caps & CAP_VOLATILE)
        return true;
    if (st->durability == DURABILITY_NONE)
        return seen->external + seen->dirs == 0;
    if (host->puts == 0)
        return seen->external + seen->dirs > 0;
    uint64_t due = st->ops->caps & CAP_FILE_PER_BLOB ? files_due(host) : 1;
    return seen->external >= due && seen->dirs > 0;
}

void store_audit_commit(struct store *st)
{
    struct store_host *host = st->host;
    struct commit_audit *audit = &host->audit;
    struct store_syncs now = syncs_of(&st->io->meter);
    struct store_syncs seen = {now.database - host->syncs_before.database,
                               now.external - host->syncs_before.external,
                               now.dirs - host->syncs_before.dirs};
    uint64_t total = seen.database + seen.external + seen.dirs;
    if (audit->commits == 0 || total < audit->min_syncs)
        audit->min_syncs = total;
    if (total > audit->max_syncs)
        audit->max_syncs = total;
    audit->commits++;
    audit->syncs += total;
    if (st->db != NULL && host->fresh)
        audit->restarts++;
    if (!(st->db != NULL ? database_fits(st, &seen) : own_engine_fits(st, &seen)))
        audit->violations++;
}

enum rc store_audit_checkpoint(struct store *st, bool due)
{
    struct commit_audit *audit = &st->host->audit;
    uint64_t syncs = io_meter_syncs(&st->io->meter);
    uint64_t checkpoints = st->db->checkpoints;
    enum rc rc = due ? db_checkpoint_if_due(st->db, st->err) : db_checkpoint(st->db, st->err);
    if (st->db->checkpoints != checkpoints) {
        audit->checkpoints++;
        audit->checkpoint_syncs += io_meter_syncs(&st->io->meter) - syncs;
    }
    return rc;
}
