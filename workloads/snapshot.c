/* snapshot.c: the store at rest: settled, closed, its files measured, reopened, its database asked.
 *
 * Everything read here is outside every metered window: phases take differences of the meters
 * between their own start and end.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "workloads/run.h"

static enum rc add_file(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct file_sizes *sizes = ctx;
    (void)err;
    sizes->total += (double)size;
    sizes->files++;
    if (strcmp(name, DB_FILE_NAME) == 0)
        sizes->database += (double)size;
    else if (strcmp(name, DB_FILE_NAME "-wal") == 0 || strcmp(name, DB_FILE_NAME "-journal") == 0 ||
             strcmp(name, DB_FILE_NAME "-shm") == 0)
        sizes->sidecar += (double)size;
    else
        sizes->external += (double)size;
    return RC_OK;
}

enum rc snapshot_file_sizes(struct run *run, struct file_sizes *sizes)
{
    *sizes = (struct file_sizes){0};
    return io_list(&run->io, "", add_file, sizes, run->err);
}

static enum rc measure_files(struct run *run, struct sample *sample)
{
    struct file_sizes sizes;
    enum rc rc = snapshot_file_sizes(run, &sizes);
    if (rc != RC_OK)
        return rc;
    sample->value[M_TOTAL_BYTES] = sizes.total;
    sample->value[M_DB_FILE_BYTES] = sizes.database;
    sample->value[M_SIDECAR_BYTES] = sizes.sidecar;
    sample->value[M_EXTERNAL_BYTES] = sizes.external;
    sample->value[M_FILE_COUNT] = sizes.files;
    /* The choice is made among those that keep everything in the database. */
    if (run->arm->sql && sizes.external > 0)
        return FAIL(run->err, RC_INVALID, 0,
                    "%s: %.0f bytes lie in files beside the SQL database, which is to hold all",
                    sample->name, sizes.external);
    return RC_OK;
}

/* One number from one row. */
static enum rc query_double(struct run *run, const char *sql, double *out)
{
    struct db *db = run->store->db;
    sqlite3_stmt *stmt = NULL;
    enum rc rc = db_prepare(db, sql, &stmt, run->err);
    if (rc == RC_OK)
        rc = db_step(db, stmt, run->err);
    if (rc == RC_OK)
        *out = sqlite3_column_double(stmt, 0);
    db_finalize(&stmt);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

/* Rows of all tables.  Counting walks the b-trees without touching overflow pages. */
static enum rc count_rows(struct run *run, double *rows)
{
    struct db *db = run->store->db;
    sqlite3_stmt *tables = NULL;
    enum rc rc = db_prepare(db,
                            "SELECT 'SELECT count(*) FROM \"' || replace(name, '\"', '\"\"') || "
                            "'\"' FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE "
                            "'sqlite_%' ORDER BY name",
                            &tables, run->err);
    *rows = 0;
    while (rc == RC_OK && (rc = db_step(db, tables, run->err)) == RC_OK) {
        double count = 0;
        rc = query_double(run, (const char *)sqlite3_column_text(tables, 0), &count);
        *rows += count;
    }
    db_finalize(&tables);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum rc measure_database(struct run *run, struct sample *sample)
{
    struct db_sizes sizes;
    double rows = 0, cache = 0;
    enum rc rc = db_measure(run->store->db, &sizes, run->err);
    if (rc == RC_OK)
        rc = count_rows(run, &rows);
    if (rc == RC_OK)
        rc = query_double(run,
                          "SELECT coalesce(sum(pgsize), 0) FROM dbstat "
                          "WHERE aggregate = TRUE AND name LIKE '%\\_cache' ESCAPE '\\'",
                          &cache);
    if (rc != RC_OK)
        return rc;
    sample->value[M_PAGE_SIZE] = (double)sizes.page_size;
    sample->value[M_PAGE_COUNT] = (double)sizes.page_count;
    sample->value[M_DB_BYTES] = (double)(sizes.page_size * sizes.page_count);
    sample->value[M_TABLE_BYTES] = (double)sizes.table_bytes;
    sample->value[M_INDEX_BYTES] = (double)sizes.index_bytes;
    sample->value[M_FREE_BYTES] = (double)(sizes.freelist_count * sizes.page_size);
    sample->value[M_ROWS] = rows;
    sample->value[M_CACHE_TABLE_BYTES] = cache;
    if (sample->value[M_DB_BYTES] != sample->value[M_DB_FILE_BYTES])
        return FAIL(run->err, RC_INVALID, 0,
                    "%s: page_size x page_count is %.0f bytes, the settled file is %.0f",
                    sample->name, sample->value[M_DB_BYTES], sample->value[M_DB_FILE_BYTES]);
    return RC_OK;
}

static void measure_amplification(struct run *run, struct sample *sample, struct sample *phase)
{
    const struct oracle *oracle = &run->oracle;
    double total = sample->value[M_TOTAL_BYTES];
    sample->value[M_LIVE_BYTES] = (double)oracle->live_bytes;
    sample->value[M_HISTORY_BYTES] = (double)oracle->history_bytes;
    sample->value[M_WRITTEN_BYTES] = (double)oracle->written_bytes;
    if (oracle->live_bytes)
        sample->value[M_STORAGE_AMP] = total / (double)oracle->live_bytes;
    if (oracle->history_bytes)
        sample->value[M_STORAGE_AMP_HISTORY] = total / (double)oracle->history_bytes;
    if (oracle->written_bytes)
        sample->value[M_STORAGE_AMP_WRITTEN] = total / (double)oracle->written_bytes;
    if (phase && phase->value[M_BYTES_IN] > 0 && !isnan(run->total_bytes_before))
        phase->value[M_WRITE_AMP] = (total - run->total_bytes_before) / phase->value[M_BYTES_IN];
    run->total_bytes_before = total;
}

enum rc snapshot_take(struct run *run, const char *name, struct sample *phase)
{
    struct sample *sample = run_add_sample(run, SAMPLE_SNAPSHOT, name);
    enum rc rc = run_close_store(run);
    if (rc == RC_OK)
        rc = measure_files(run, sample);
    if (rc == RC_OK)
        rc = run_open_store(run);
    if (rc == RC_OK && run->store->db)
        rc = measure_database(run, sample);
    if (rc == RC_OK)
        measure_amplification(run, sample, phase);
    return rc;
}
