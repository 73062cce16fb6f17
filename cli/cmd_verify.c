/* verify: recheck a kept store byte by byte, or a record against its own rules.
 *
 * A store: every blob its contents.csv names is read and compared, nothing else may be found, the
 * strategy's invariants and SQLite's are checked.  A record: record_verify, the plan drew its runs,
 * raw latencies give its numbers, its looks say the same when taken again (verify.h), the derived
 * files are what the samples say, and every kept store is verified too.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analysis/analysis.h"
#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/verify.h"
#include "datasets/dataset.h"
#include "results/kept.h"
#include "strategies/strategies.h"
#include "workloads/plan.h"

/* ---- a store -------------------------------------------------------------------------------- */

struct verify_counts {
    uint64_t blobs, bytes, stores;
};

static enum rc verify_blob(struct store *store, const struct kept_blob *blob, struct buf *buf,
                           const char *folder, struct err *err)
{
    struct blob_key key = {.file_id = blob->file_id, .version = blob->version};
    enum rc rc = store_peek(store, key, buf);
    if (rc == RC_NOTFOUND)
        return FAIL(err, RC_CORRUPT, 0, "store \"%s\": blob \"%s\" version %u is missing",
                    Q(folder), blob->path, blob->version);
    if (rc != RC_OK)
        return FAIL(err, rc == RC_INVALID ? RC_CORRUPT : rc, 0,
                    "store \"%s\": blob \"%s\" version %u: %s", Q(folder), blob->path,
                    blob->version, store_error(store)->msg);
    if (buf->len != blob->bytes)
        return FAIL(err, RC_CORRUPT, 0,
                    "store \"%s\": blob \"%s\" version %u: expected %" PRIu64 " bytes, got %zu",
                    Q(folder), blob->path, blob->version, blob->bytes, buf->len);
    if (!hash128_equal(hash_xxh128(buf_span(buf)), blob->hash))
        return FAIL(err, RC_CORRUPT, 0,
                    "store \"%s\": blob \"%s\" version %u: content hash mismatch", Q(folder),
                    blob->path, blob->version);
    return RC_OK;
}

/* What the contents say of files; of those deleted they name none, so that ids have gaps. */
struct newest {
    uint64_t *version; /* [slots]: 1 + the newest version of a file, 0 for none */
    uint64_t slots, files;
};

static enum rc newest_versions(const struct kept *kept, struct newest *newest, const char *folder,
                               struct err *err)
{
    *newest = (struct newest){.slots = 1};
    for (size_t i = 0; i < kept->blob_count; i++) {
        uint64_t file_id = kept->blobs[i].file_id;
        if (file_id >= DATASET_FILES_MAX)
            return FAIL(err, RC_CORRUPT, 0,
                        "store \"%s\": contents.csv: file %" PRIu64 " (expected at most %u files)",
                        Q(folder), file_id, DATASET_FILES_MAX);
        newest->slots = file_id >= newest->slots ? file_id + 1 : newest->slots;
    }
    newest->version = calloc(newest->slots, sizeof(*newest->version));
    if (!newest->version)
        return FAIL(err, RC_NOMEM, 0, "no memory for %" PRIu64 " files", newest->slots);
    for (size_t i = 0; i < kept->blob_count; i++) {
        const struct kept_blob *blob = &kept->blobs[i];
        uint64_t *entry = &newest->version[blob->file_id];
        newest->files += *entry == 0;
        if (*entry <= blob->version)
            *entry = (uint64_t)blob->version + 1;
    }
    return RC_OK;
}

/* A scan must return the newest versions that the contents name, and nothing else. */
static enum rc verify_scan(struct store *store, const struct kept *kept, struct buf *buf,
                           const char *folder, struct err *err)
{
    struct newest newest;
    uint64_t found = 0;
    struct blob_key key;
    /* A scan of a caching strategy would fill its cache: verifying must not change the store. */
    if (!(store->ops->caps & CAP_SCAN) || (store->ops->caps & CAP_READ_WRITES))
        return RC_OK;
    enum rc rc = newest_versions(kept, &newest, folder, err);
    if (rc != RC_OK)
        goto out;
    rc = store_scan_begin(store, 0, INT64_MAX);
    while (rc == RC_OK && (rc = store_scan_next(store, &key, buf)) == RC_OK) {
        found++;
        if (key.file_id >= newest.slots ||
            newest.version[key.file_id] != (uint64_t)key.version + 1) {
            rc = FAIL(err, RC_CORRUPT, 0,
                      "store \"%s\": a scan finds file %" PRIu64 " version %u, which its contents "
                      "do not name as the newest",
                      Q(folder), key.file_id, key.version);
            goto out;
        }
    }
    if (rc == RC_NOTFOUND)
        rc = RC_OK;
    KEEP_FIRST(rc, store_scan_end(store));
    if (rc != RC_OK)
        rc = FAIL(err, RC_CORRUPT, 0, "store \"%s\": scan: %s", Q(folder), store_error(store)->msg);
    else if (found != newest.files)
        rc = FAIL(err, RC_CORRUPT, 0,
                  "store \"%s\": a scan finds %" PRIu64 " files, its contents name %" PRIu64,
                  Q(folder), found, newest.files);
out:
    free(newest.version);
    return rc;
}

/* The file is its pages: SQLite does not look at what lies behind them. */
static enum rc verify_file_size(struct store *store, const char *folder, struct err *err)
{
    struct db_sizes sizes;
    uint64_t size = 0;
    if (!store->db)
        return RC_OK;
    enum rc rc = db_measure(store->db, &sizes, err);
    if (rc == RC_OK)
        rc = io_stat(store->io, DB_FILE_NAME, &size, err);
    if (rc == RC_OK && size != sizes.page_size * sizes.page_count)
        rc = FAIL(err, RC_CORRUPT, 0,
                  "store \"%s\": %s has %" PRIu64 " bytes, its pages are %" PRIu64, Q(folder),
                  DB_FILE_NAME, size, sizes.page_size * sizes.page_count);
    return rc;
}

static enum rc verify_contents(struct store *store, const struct kept *kept, const char *folder,
                               struct verify_counts *counts, struct err *err)
{
    struct buf buf = {0};
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < kept->blob_count; i++) {
        rc = verify_blob(store, &kept->blobs[i], &buf, folder, err);
        counts->blobs++;
        counts->bytes += kept->blobs[i].bytes;
    }
    if (rc == RC_OK)
        rc = verify_scan(store, kept, &buf, folder, err);
    if (rc == RC_OK)
        rc = store_check(store);
    if (rc == RC_OK)
        rc = verify_file_size(store, folder, err);
    if (rc != RC_OK && err->rc == RC_OK)
        rc = FAIL(err, rc, 0, "store \"%s\": %s", Q(folder), store_error(store)->msg);
    buf_release(&buf);
    return rc;
}

static enum rc open_kept(const struct kept *kept, const char *data, struct io *io,
                         struct store **store, struct err *err)
{
    struct strategy_spec spec;
    struct store_config config = {.io = io};
    struct stat st;
    if (stat(data, &st) != 0 || !S_ISDIR(st.st_mode))
        return FAIL(err, RC_CORRUPT, 0, "its folder data is missing");
    enum rc rc = strategy_spec_parse(kept->spec, &spec, err);
    if (rc == RC_OK)
        rc = durability_parse(kept->durability, &config.durability, err);
    if (rc == RC_OK)
        rc = io_open_posix(io, data, err);
    if (rc != RC_OK)
        return rc;
    config.preset = spec.row->preset;
    config.options = spec.options;
    config.label = spec.label;
    rc = store_open(store, spec.row->ops, &config, err);
    if (rc == RC_OK && (*store)->created)
        rc = FAIL(err, RC_CORRUPT, 0, "its files are missing");
    return rc;
}

static enum rc verify_store(const char *folder, struct verify_counts *counts, struct err *err)
{
    struct kept kept;
    struct io io = {0};
    struct store *store = NULL;
    struct buf data = {0};
    struct err cause = {0};
    enum rc rc = kept_read(folder, &kept, &cause);
    if (rc == RC_OK)
        rc = buf_printf(&data, &cause, "%s/data", folder);
    if (rc == RC_OK)
        rc = open_kept(&kept, buf_str(&data), &io, &store, &cause);
    if (rc != RC_OK)
        rc = FAIL(err, rc, 0, "store \"%s\": %s", Q(folder), cause.msg);
    else
        rc = verify_contents(store, &kept, folder, counts, err);
    if (store_close(store, &cause) != RC_OK && rc == RC_OK)
        rc = FAIL(err, cause.rc, 0, "store \"%s\": %s", Q(folder), cause.msg);
    counts->stores++;
    io_close(&io);
    buf_release(&data);
    kept_release(&kept);
    return rc;
}

/* ---- a record ------------------------------------------------------------------------------- */

static bool is_invalid(const struct record *record, uint32_t number)
{
    const struct sample *run = record_find(record, number, SAMPLE_RUN, "");
    return run && !run->valid;
}

static bool holds(const char *dir, const char *name)
{
    struct buf path = {0};
    struct err ignored = {0};
    struct stat st;
    bool found =
        buf_printf(&path, &ignored, "%s/%s", dir, name) == RC_OK && stat(buf_str(&path), &st) == 0;
    buf_release(&path);
    return found;
}

/* `name`, where it is there, says what `text` says. */
static enum rc verify_derived_file(const struct record *record, const char *name,
                                   const struct buf *text, struct err *err)
{
    struct buf file = {0};
    if (!holds(record->dir, name))
        return RC_OK;
    enum rc rc = record_read_file(record->dir, name, DERIVED_BYTES_MAX, &file, err);
    if (rc == RC_OK && !span_equal(buf_span(&file), buf_span(text))) {
        rc =
            FAIL(err, RC_INVALID, 0, "\"%s/%s\" is not what the samples say", Q(record->dir), name);
        err_hint(err,
                 "edited, or written by another version; it is made anew by: blobfront report %s",
                 Q(record->dir));
    }
    buf_release(&file);
    return rc;
}

static enum rc verify_derived(const struct record *record, struct err *err)
{
    struct analysis analysis = {0};
    struct buf json = {0}, csv = {0};
    enum rc rc = analysis_build(&analysis, record, NULL, err);
    if (rc == RC_OK)
        rc = summary_json(&analysis.frontier, &analysis.diagnosis, &json, err);
    if (rc == RC_OK)
        rc = verify_derived_file(record, "summary.json", &json, err);
    if (rc == RC_OK)
        rc = summary_csv(&analysis.frontier, &csv, err);
    if (rc == RC_OK)
        rc = verify_derived_file(record, "cells.csv", &csv, err);
    buf_release(&json);
    buf_release(&csv);
    analysis_release(&analysis);
    return rc;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The store of an INVALID run is left as it was found, undescribed, for who wants to know why. */
static bool of_invalid_run(const struct record *record, const char *name)
{
    return name[0] >= '0' && name[0] <= '9' &&
           is_invalid(record, (uint32_t)strtoul(name, NULL, 10));
}

static enum rc verify_stores(const struct record *record, struct verify_counts *counts,
                             struct err *err)
{
    struct buf path = {0};
    struct dirent **names = NULL;
    enum rc rc = buf_printf(&path, err, "%s/stores", record->dir);
    int count = rc == RC_OK ? scandir(buf_str(&path), &names, NULL, by_name) : 0;
    if (count < 0 && errno != ENOENT)
        rc = FAIL(err, RC_IO, errno, "cannot read the folder \"%s\"", Q(buf_str(&path)));
    for (int i = 0; i < count; i++) {
        if (rc == RC_OK && names[i]->d_name[0] != '.') {
            buf_clear(&path);
            rc = buf_printf(&path, err, "%s/stores/%s", record->dir, names[i]->d_name);
            if (rc == RC_OK && of_invalid_run(record, names[i]->d_name) &&
                !holds(buf_str(&path), "store.json"))
                print_note("warning: \"%s\" is of an INVALID run: not verified", Q(buf_str(&path)));
            else if (rc == RC_OK)
                rc = verify_store(buf_str(&path), counts, err);
        }
        free(names[i]);
    }
    free(names);
    buf_release(&path);
    return rc;
}

static enum rc verify_record(const char *dir, struct verify_counts *counts, struct buf *out,
                             struct err *err)
{
    struct record record = {0};
    enum rc rc = record_load(&record, dir, err);
    if (rc == RC_OK && record.run_count == 0) {
        rc = FAIL(err, RC_INVALID, 0, "\"%s\": the record holds no finished run", Q(dir));
        err_hint(err, "an interrupted study is finished with: blobfront resume %s", Q(dir));
    }
    if (rc == RC_OK)
        rc = record_verify(&record, err);
    if (rc == RC_OK)
        rc = plan_record_check(&record, err);
    if (rc == RC_OK)
        rc = verify_latencies(&record, err);
    if (rc == RC_OK)
        rc = verify_looks(&record, err);
    if (rc == RC_OK)
        rc = verify_derived(&record, err);
    if (rc == RC_OK)
        rc = buf_printf(out, err, "record %s: %u runs consistent\n", Q(dir), record.run_count);
    if (rc == RC_OK && record.warning[0])
        print_note("warning: %s: %s", Q(dir), record.warning);
    if (rc == RC_OK)
        rc = verify_stores(&record, counts, err);
    record_release(&record);
    return rc;
}

/* ---- the command ---------------------------------------------------------------------------- */

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    (void)id;
    (void)value2;
    (void)err;
    *(const char **)ctx = value;
    return RC_OK;
}

static enum rc verify(int argc, char **argv, struct err *err)
{
    static const struct arg none[] = {{.name = NULL}};
    const char *dir = NULL;
    struct args args = {
        .rows = none,
        .operands_min = 1,
        .operands_max = 1,
        .operands = "a kept store or a record",
        .take = take,
        .ctx = &dir,
    };
    struct verify_counts counts = {0};
    struct buf out = {0};
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc != RC_OK)
        return rc;
    if (holds(dir, "manifest.json"))
        rc = verify_record(dir, &counts, &out, err);
    else if (holds(dir, "store.json"))
        rc = verify_store(dir, &counts, err);
    else
        rc = FAIL(err, RC_USAGE, 0,
                  "\"%s\": expected a study's folder (manifest.json) or a kept store (store.json)",
                  Q(dir));
    if (rc == RC_OK)
        rc = buf_printf(&out, err,
                        "%" PRIu64 " stores: %" PRIu64 " blobs, %" PRIu64
                        " bytes read back and equal, invariants hold\n",
                        counts.stores, counts.blobs, counts.bytes);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}

const struct command command_verify = {
    .name = "verify",
    .summary = "recheck every byte of a kept store, or the consistency of a record",
    .examples = "  blobfront verify results/runs/mine\n"
                "  blobfront verify results/runs/mine/stores/0090-chunked\n",
    .operands = "STORE|RUN",
    .run = verify,
};
