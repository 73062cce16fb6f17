#include "workloads/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/host.h"
#include "results/kept.h"
#include "workloads/effects.h"

struct sample *run_add_sample(struct run *run, enum sample_kind kind, const char *name)
{
    struct run_result *result = run->result;
    CHECK(result->sample_count < RUN_SAMPLES_MAX);
    struct sample *sample = &result->samples[result->sample_count++];
    sample_init(sample, kind);
    sample->run = run->request->run;
    sample->round = run->request->round;
    sample->slot = run->request->slot;
    sample->arm = run->request->arm;
    sample->name = name;
    return sample;
}

bool run_stopped(const struct run *run)
{
    return run->request->stop && *run->request->stop;
}

enum rc run_verify(struct run *run, const struct fact_of_blob *fact, struct span bytes,
                   const char *what, bool fold)
{
    enum rc rc = oracle_compare(fact, bytes, what, ranks_path(&run->ranks, fact->file), run->err);
    run->verified_blobs++;
    run->verified_bytes += bytes.len;
    if (fold)
        run->verification = hash128_fold(run->verification, fact->hash);
    return rc;
}

/* ---- the store ------------------------------------------------------------------------------ */

static bool is_environment_failure(enum rc rc)
{
    return rc == RC_FULL || rc == RC_NOMEM || rc == RC_INTERRUPTED;
}

enum rc run_blame(enum rc rc)
{
    return is_environment_failure(rc) ? rc : RC_INVALID;
}

struct store_config run_store_config(const struct run *run, struct io *io, bool shared)
{
    return (struct store_config){
        .io = io,
        .durability = run->durability,
        .preset = run->spec.row->preset,
        .options = run->spec.options,
        .label = run->arm->label,
        .shared = shared,
    };
}

enum rc run_open_store(struct run *run)
{
    struct err cause = {0};
    if (run->store)
        return RC_OK;
    struct store_config config = run_store_config(run, &run->io, run->sharing);
    enum rc rc = store_open(&run->store, run->spec.row->ops, &config, &cause);
    if (rc != RC_OK)
        rc = FAIL(run->err, run_blame(rc), 0, "opening the store: %s", cause.msg);
    return rc;
}

enum rc run_close_store(struct run *run)
{
    struct store *store = run->store;
    struct err cause = {0};
    enum rc rc = store_settle(store);
    if (rc != RC_OK)
        return FAIL(run->err, run_blame(rc), 0, "settling: %s", store_error(store)->msg);
    /* A volatile store has nothing to come back to: it stays open for the whole run. */
    if (run->arm->volatile_floor)
        return RC_OK;
    run->store = NULL;
    rc = store_close(store, &cause);
    if (rc != RC_OK)
        rc = FAIL(run->err, run_blame(rc), 0, "closing the store: %s", cause.msg);
    return rc;
}

struct warm {
    struct run *run;
    struct buf buf;
};

static enum rc warm_file(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct warm *warm = ctx;
    struct io_file file = {0};
    size_t got = 1;
    enum rc rc = io_file_open(&warm->run->io, name, IO_EXTERNAL, IO_READ_ONLY, &file, NULL, err);
    for (uint64_t offset = 0; rc == RC_OK && offset < size && got > 0; offset += got)
        rc = io_file_read(&file, warm->buf.ptr, warm->buf.cap, offset, &got, err);
    KEEP_FIRST(rc, io_file_close(&file, err));
    return rc;
}

enum rc run_warm(struct run *run)
{
    struct warm warm = {.run = run};
    enum rc rc = buf_reserve(&warm.buf, MIB, run->err);
    if (rc == RC_OK)
        rc = io_list(&run->io, "", warm_file, &warm, run->err);
    buf_release(&warm.buf);
    return rc;
}

/* ---- opening and closing a run -------------------------------------------------------------- */

static enum rc run_begin(struct run *run)
{
    const struct record_manifest *manifest = run->manifest;
    enum rc rc = strategy_spec_parse(run->arm->spec, &run->spec, &run->outside_err);
    if (rc == RC_OK)
        rc = durability_parse(manifest->durability, &run->durability, &run->outside_err);
    run->keep_history = strcmp(manifest->retention, "history") == 0;
    run->batch = manifest->batch;
    oracle_init(&run->oracle, run->keep_history);
    run->by_extension.arena = &run->result->arena;
    run->by_handler.arena = &run->result->arena;
    if (rc == RC_OK)
        rc =
            drawn_dataset_open(manifest, run->request->study_dir, &run->dataset, &run->outside_err);
    if (rc == RC_OK)
        rc = drawn_make(&run->drawn, manifest, run->request->study_dir, run->dataset,
                        &run->outside_err);
    if (rc == RC_OK)
        rc = ranks_init(&run->ranks, run->dataset, run->drawn.schedule.file_count,
                        &run->outside_err);
    if (rc == RC_OK)
        rc = ranges_init(&run->ranges, &run->drawn.schedule, &run->outside_err);
    if (rc == RC_OK)
        rc = io_open_posix(&run->io, run->request->store_dir, &run->outside_err);
    if (rc == RC_OK)
        rc = run_open_store(run);
    return rc;
}

static void run_end(struct run *run)
{
    struct err ignored = {0};
    if (run->store && store_close(run->store, &ignored) != RC_OK)
        run->store = NULL;
    io_close(&run->io);
    window_free(run->window);
    ranks_release(&run->ranks);
    ranges_release(&run->ranges);
    drawn_release(&run->drawn);
    oracle_release(&run->oracle);
    dataset_close(run->dataset);
}

/* ---- the last word: everything that must be there is, everything that must not be is not ---- */

static enum rc sweep_fact(struct run *run, const struct fact_of_blob *fact, struct buf *buf)
{
    struct blob_key key = {.file_id = run->ranks.rank_of[fact->file], .version = fact->version};
    enum rc rc = store_peek(run->store, key, buf);
    const char *path = ranks_path(&run->ranks, fact->file);
    if (rc == RC_NOTFOUND && fact->dropped)
        return RC_OK;
    if (rc == RC_NOTFOUND)
        return FAIL(run->err, RC_INVALID, 0,
                    "final sweep: \"%s\" version %u was put and is not found", Q(path),
                    fact->version);
    if (rc == RC_OK && fact->dropped)
        return FAIL(run->err, RC_INVALID, 0,
                    "final sweep: \"%s\" version %u was deleted and is found", Q(path),
                    fact->version);
    if (rc != RC_OK)
        return FAIL(run->err, run_blame(rc), 0, "final sweep: \"%s\" version %u: %s", Q(path),
                    fact->version, store_error(run->store)->msg);
    return run_verify(run, fact, buf_span(buf), "final sweep", false);
}

/* One row of the scan, where the newest version of the file of that rank belongs. */
static enum rc sweep_row(struct run *run, uint32_t rank, struct buf *buf)
{
    const struct fact_of_blob *fact = oracle_newest(&run->oracle, run->ranks.file_at[rank]);
    const char *path = ranks_path(&run->ranks, fact->file);
    struct blob_key key;
    enum rc rc = store_scan_next(run->store, &key, buf);
    if (rc == RC_NOTFOUND)
        return FAIL(run->err, RC_INVALID, 0,
                    "final sweep: the scan ended before file %" PRIu32 " (\"%s\")", rank, Q(path));
    if (rc != RC_OK)
        return FAIL(run->err, run_blame(rc), 0, "final sweep: scan: %s",
                    store_error(run->store)->msg);
    if (key.file_id != rank || key.version != fact->version)
        return FAIL(run->err, RC_INVALID, 0,
                    "final sweep: scan expected file %u version %u, got file %" PRIu64
                    " version %u",
                    rank, fact->version, key.file_id, key.version);
    return oracle_compare(fact, buf_span(buf), "final sweep: scan", path, run->err);
}

/* Files put after the last timed scan stand between older ones: only now does order show.  Not of a
 * caching strategy: the scan would change the store that was measured. */
static enum rc sweep_scan(struct run *run, struct buf *buf)
{
    uint32_t caps = run->spec.row->ops->caps;
    struct blob_key key;
    if (!(caps & CAP_SCAN) || (caps & CAP_READ_WRITES))
        return RC_OK;
    enum rc rc = store_scan_begin(run->store, 0, run->ranks.count);
    for (uint32_t rank = 0; rc == RC_OK && rank < run->ranks.count; rank++) {
        if (oracle_exists(&run->oracle, run->ranks.file_at[rank]))
            rc = sweep_row(run, rank, buf);
        if (rc == RC_OK && rank % 64 == 0 && run_stopped(run))
            rc = FAIL(run->err, RC_INTERRUPTED, 0, "interrupted in the final sweep");
    }
    if (rc == RC_OK && (rc = store_scan_next(run->store, &key, buf)) == RC_OK)
        rc = FAIL(run->err, RC_INVALID, 0,
                  "final sweep: the scan returned file %" PRIu64 ", which should not exist",
                  key.file_id);
    if (rc == RC_NOTFOUND)
        rc = store_scan_end(run->store);
    if (rc != RC_OK && run->err->rc == RC_OK)
        rc =
            FAIL(run->err, run_blame(rc), 0, "final sweep: scan: %s", store_error(run->store)->msg);
    return rc;
}

/* Peeks, so that the kept artifact is the store the last phase left. */
static enum rc run_sweep(struct run *run)
{
    struct buf buf = {0};
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < run->oracle.count; i++) {
        rc = sweep_fact(run, &run->oracle.facts[i], &buf);
        if (rc == RC_OK && i % 64 == 0 && run_stopped(run))
            rc = FAIL(run->err, RC_INTERRUPTED, 0, "interrupted in the final sweep");
    }
    if (rc == RC_OK)
        rc = sweep_scan(run, &buf);
    buf_release(&buf);
    return rc;
}

static enum rc run_final_check(struct run *run)
{
    enum rc rc = run_close_store(run);
    if (rc == RC_OK)
        rc = run_open_store(run);
    if (rc == RC_OK)
        rc = run_sweep(run);
    if (rc == RC_OK)
        rc = store_check(run->store);
    if (rc != RC_OK && run->err->rc == RC_OK)
        rc = FAIL(run->err, run_blame(rc), 0, "final check: %s", store_error(run->store)->msg);
    return rc;
}

/* Describe the store so that it can be verified by itself. */
static enum rc run_keep(struct run *run)
{
    struct kept kept = {
        .spec = run->arm->spec,
        .durability = run->manifest->durability,
        .retention = run->manifest->retention,
    };
    const struct oracle *oracle = &run->oracle;
    kept.blobs = arena_zalloc(&kept.arena, oracle->count + 1, sizeof(*kept.blobs));
    if (!kept.blobs)
        return FAIL(&run->outside_err, RC_NOMEM, 0, "no memory for %zu blobs", oracle->count);
    for (size_t i = 0; i < oracle->count; i++) {
        const struct fact_of_blob *fact = &oracle->facts[i];
        if (fact->dropped)
            continue;
        kept.blobs[kept.blob_count++] = (struct kept_blob){
            .file_id = run->ranks.rank_of[fact->file],
            .version = fact->version,
            .bytes = fact->len,
            .hash = fact->hash,
            .path = ranks_path(&run->ranks, fact->file),
        };
    }
    enum rc rc = kept_write(run->request->kept_dir, &kept, &run->outside_err);
    kept_release(&kept);
    return rc;
}

/* The phase in the record, without having been run. */
static void leave_out(struct run *run, const struct record_phase *phase, const char *lacks)
{
    run_add_sample(run, SAMPLE_PHASE, phase->name)->unsupported = lacks;
    if (phase->snapshot[0])
        run_add_sample(run, SAMPLE_SNAPSHOT, phase->snapshot)->unsupported = lacks;
}

static enum rc run_phases(struct run *run)
{
    enum rc rc = snapshot_take(run, "baseline", NULL);
    const char *lacks = NULL;
    for (size_t i = 0; rc == RC_OK && i < run->manifest->phase_count; i++) {
        if (!lacks)
            lacks = phase_lacks(run, i);
        if (lacks)
            leave_out(run, &run->manifest->phases[i], lacks);
        else
            rc = phase_execute(run, run->phases_done++);
    }
    if (rc == RC_OK)
        rc = run_final_check(run);
    if (rc == RC_OK)
        rc = effects_judge(run);
    if (rc == RC_OK && run->request->kept_dir && !run->arm->volatile_floor)
        rc = run_keep(run);
    return rc;
}

/* ---- the run's own line --------------------------------------------------------------------- */

static enum rc copy_text(struct run *run, const char *text, const char **out)
{
    *out = arena_strdup(&run->result->arena, text);
    return *out ? RC_OK : FAIL(run->err, RC_NOMEM, 0, "no memory for the result");
}

static enum rc copy_pragmas(struct run *run, struct sample *sample)
{
    const struct db *db = run->store ? run->store->db : NULL;
    if (!db)
        return RC_OK;
    struct fact *facts = arena_zalloc(&run->result->arena, db->pragma_count + 1, sizeof(*facts));
    if (!facts)
        return FAIL(run->err, RC_NOMEM, 0, "no memory for the result");
    sample->pragmas = (struct facts){facts, db->pragma_count};
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < db->pragma_count; i++) {
        rc = copy_text(run, db->pragmas[i].name, &facts[i].name);
        if (rc == RC_OK)
            rc = copy_text(run, db->pragmas[i].value, &facts[i].value);
    }
    return rc;
}

static enum rc copy_shares(struct run *run, struct shares *shares, struct record_shares *out)
{
    shares_sort(shares);
    out->items = arena_zalloc(&run->result->arena, shares->count + 1, sizeof(*out->items));
    out->count = shares->count;
    if (!out->items)
        return FAIL(run->err, RC_NOMEM, 0, "no memory for the result");
    memcpy(out->items, shares->items, shares->count * sizeof(*out->items));
    return RC_OK;
}

static enum rc run_line(struct run *run, bool valid, const char *reason)
{
    char hex[HEX_SIZE];
    uint64_t peak_rss = run->peak_rss_bytes ? run->peak_rss_bytes : host_peak_rss_bytes();
    struct sample *sample = run_add_sample(run, SAMPLE_RUN, "");
    sample->valid = valid;
    sample->env_padding = run->request->env_padding;
    sample->link_order = run->request->link_order;
    sample->probes = run->probes;
    enum rc rc = copy_text(run, reason, &sample->reason);
    if (rc == RC_OK)
        rc = copy_text(run, hex_str(hex, span_of(run->verification.bytes, 16)),
                       &sample->verification);
    if (rc == RC_OK)
        rc = copy_text(run, hex_str(hex, span_of(run->dataset_hash.bytes, 16)),
                       &sample->dataset_hash);
    if (rc == RC_OK)
        rc = copy_pragmas(run, sample);
    if (rc == RC_OK)
        rc = copy_shares(run, &run->by_extension, &sample->by_extension);
    if (rc == RC_OK)
        rc = copy_shares(run, &run->by_handler, &sample->by_handler);
    if (peak_rss)
        sample->value[M_PEAK_RSS_BYTES] = (double)peak_rss;
    sample->value[M_RUN_NS] = (double)(clock_ns() - run->start_ns);
    sample->value[M_VERIFIED_BLOBS] = (double)run->verified_blobs;
    sample->value[M_VERIFIED_BYTES] = (double)run->verified_bytes;
    return rc;
}

/* Same bytes as the manifest's dataset hash, or the data changed under the study.  A history of its
 * own counts whether or not a phase has replayed it. */
static enum rc check_dataset_hash(struct run *run)
{
    char hex[HEX_SIZE];
    enum rc rc = dataset_fold_history(run->dataset, &run->dataset_hash);
    if (rc != RC_OK)
        return rc;
    hex_str(hex, span_of(run->dataset_hash.bytes, 16));
    if (strcmp(hex, run->manifest->dataset_hash) == 0)
        return RC_OK;
    /* Another program's plan: then it is the programs that differ. */
    if (run->manifest->build_count)
        return FAIL(&run->outside_err, RC_MISMATCH, 0,
                    "it makes other data of \"%s\": dataset hash %s, expected %s",
                    Q(run->manifest->dataset_spec), hex, run->manifest->dataset_hash);
    return FAIL(&run->outside_err, RC_IO, 0,
                "the dataset changed while in use: its hash was %s when the study began, is %s",
                run->manifest->dataset_hash, hex);
}

enum rc run_execute(const struct run_request *request, struct run_result *result, struct err *err)
{
    CHECK(request->arm < request->manifest->arm_count);
    struct err cause = {0};
    struct run run = {
        .request = request,
        .manifest = request->manifest,
        .arm = &request->manifest->arms[request->arm],
        .result = result,
        .err = &cause,
        .start_ns = clock_ns(),
    };
    enum rc rc = run_begin(&run);
    if (rc == RC_OK)
        rc = run_phases(&run);
    if (rc == RC_OK)
        rc = check_dataset_hash(&run);
    if (run.outside_err.rc != RC_OK) {
        *err = run.outside_err;
        rc = run.outside_err.rc;
    } else if (is_environment_failure(rc)) {
        *err = cause;
    } else {
        char reason[sizeof(cause.msg)];
        memcpy(reason, cause.msg, sizeof(reason));
        err_clear(&cause);
        rc = run_line(&run, rc == RC_OK, reason);
        if (rc != RC_OK)
            *err = cause;
    }
    run_end(&run);
    return rc;
}

void run_result_release(struct run_result *result)
{
    arena_release(&result->arena);
    *result = (struct run_result){0};
}
