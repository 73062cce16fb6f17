/* single_store.c: the store an operation finds, and the operation on it, timed. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/clock.h"
#include "workloads/single.h"
#include "workloads/tool.h"

/* One store, as far as it is built. */
struct site {
    struct single *single;
    const struct single_trial *trial;
    struct err *err;
    struct strategy_spec spec;
    enum durability durability;
    struct buf folder, blob;
    struct io io;
    struct store *store;
    struct schedule state; /* what exists */
    uint32_t in_batch;
};

static bool has(const struct site *site, uint32_t cap)
{
    return (site->spec.row->ops->caps & cap) != 0;
}

/* The store's own words. */
static enum rc store_failed(struct site *site, enum rc rc, const char *what)
{
    const char *words = site->store ? store_error(site->store)->msg : "";
    if (rc == RC_OK || site->err->rc != RC_OK)
        return rc;
    return FAIL(site->err, rc == RC_FULL || rc == RC_NOMEM ? rc : RC_INVALID, 0, "%s: %s: %s",
                site->spec.label, what,
                rc == RC_NOTFOUND ? "a blob that was put is not found"
                : words[0]        ? words
                                  : rc_name(rc));
}

static struct blob_key key_of(const struct site *site, uint32_t file, uint32_t version)
{
    return (struct blob_key){.file_id = site->single->ranks.rank_of[file], .version = version};
}

/* ---- opening and closing --------------------------------------------------------------------- */

static enum rc site_store_open(struct site *site)
{
    struct store_config config = {
        .io = &site->io,
        .durability = site->durability,
        .preset = site->spec.row->preset,
        .options = site->spec.options,
        .label = site->spec.label,
    };
    return site->store ? RC_OK : store_open(&site->store, site->spec.row->ops, &config, site->err);
}

static enum rc site_store_close(struct site *site)
{
    struct store *store = site->store;
    enum rc rc = store_failed(site, store_settle(store), "settling");
    if (rc != RC_OK || has(site, CAP_VOLATILE))
        return rc;
    site->store = NULL;
    return store_close(store, site->err);
}

static enum rc site_open(struct site *site, struct single *single, const struct single_trial *trial)
{
    *site = (struct site){.single = single, .trial = trial, .err = single->err};
    schedule_init(&site->state, site->err);
    enum rc rc = strategy_spec_parse(trial->strategy, &site->spec, site->err);
    if (rc == RC_OK)
        rc = durability_parse(single->manifest->durability, &site->durability, site->err);
    if (rc == RC_OK)
        rc = buf_printf(&site->folder, site->err, "%s/store", trial->place);
    if (rc == RC_OK && mkdir(buf_str(&site->folder), 0700) != 0)
        rc = FAIL(site->err, RC_IO, errno, "cannot create the folder \"%s\"",
                  Q(buf_str(&site->folder)));
    if (rc == RC_OK)
        rc = io_open_posix(&site->io, buf_str(&site->folder), site->err);
    return rc == RC_OK ? site_store_open(site) : rc;
}

static void site_close(struct site *site)
{
    struct err ignored = {0};
    (void)!store_close(site->store, &ignored);
    io_close(&site->io);
    if (site->folder.len)
        tool_remove(buf_str(&site->folder));
    schedule_release(&site->state);
    buf_release(&site->folder);
    buf_release(&site->blob);
}

/* ---- writes ---------------------------------------------------------------------------------- */

/* A write, prepared with the clock stopped. */
struct write {
    struct put_request put; /* bytes.ptr NULL and len 0 for a delete, which does not use it */
    struct blob_key first;  /* of the versions it deletes */
    uint32_t deletes;
    bool puts, begins, commits;
};

static enum rc write_prepare(struct site *site, size_t phase, size_t number, struct write *write)
{
    struct single *single = site->single;
    const struct op *op = &single->drawn.schedule.ops[number];
    bool keep_history = single->drawn.env.keep_history;
    const struct schedule_file *file = op->kind == OP_INSERT ? NULL : &site->state.files[op->file];
    bool exists = file && file->place != SCHEDULE_DELETED;
    enum rc rc = RC_OK;
    *write = (struct write){.puts = op->kind != OP_DELETE, .begins = site->in_batch == 0};
    if (exists && (op->kind == OP_DELETE || !keep_history)) {
        write->deletes = keep_history ? file->newest - file->oldest + 1 : 1;
        write->first = key_of(site, op->file, file->newest - write->deletes + 1);
    }
    write->commits = single_commits(single, phase, number, site->in_batch);
    site->in_batch = write->commits ? 0 : site->in_batch + 1;
    if (write->puts) {
        rc = dataset_content(single->dataset, op->file, op->content, &site->blob);
        write->put = (struct put_request){
            .key = key_of(site, op->file, op->version),
            .path = span_of_str(ranks_path(&single->ranks, op->file)),
            .bytes = buf_span(&site->blob),
        };
        write->put.handler = handler_match(write->put.path, write->put.bytes);
    }
    return rc;
}

static enum rc write_execute(struct store *store, const struct write *write)
{
    enum rc rc = write->begins ? store_begin(store) : RC_OK;
    if (rc == RC_OK && write->puts)
        rc = store_put(store, &write->put);
    for (uint32_t k = 0; rc == RC_OK && k < write->deletes; k++)
        rc = store_del(store, (struct blob_key){.file_id = write->first.file_id,
                                                .version = write->first.version + k});
    if (rc == RC_OK && write->commits)
        rc = store_commit(store);
    return rc;
}

/* What it put is there, what it deleted is not. */
static enum rc write_verify(struct site *site, const struct write *write)
{
    struct buf got = {0};
    enum rc rc = write->commits ? RC_OK : store_commit(site->store);
    if (rc == RC_OK && write->puts) {
        rc = store_peek(site->store, write->put.key, &got);
        if (rc == RC_OK && !span_equal(buf_span(&got), write->put.bytes))
            rc = FAIL(site->err, RC_INVALID, 0, "%s: the bytes read back are not the bytes put",
                      site->spec.label);
    }
    for (uint32_t k = 0; rc == RC_OK && k < write->deletes; k++) {
        struct blob_key key = {write->first.file_id, write->first.version + k};
        rc = store_peek(site->store, key, &got);
        if (rc == RC_OK)
            rc = FAIL(site->err, RC_INVALID, 0, "%s: version %" PRIu32 " was deleted and is found",
                      site->spec.label, key.version);
        else if (rc == RC_NOTFOUND)
            rc = RC_OK;
    }
    buf_release(&got);
    return store_failed(site, rc, "reading back");
}

/* ---- everything before it -------------------------------------------------------------------- */

static enum rc build_op(struct site *site, size_t phase, size_t number)
{
    const struct op *op = &site->single->drawn.schedule.ops[number];
    struct write write;
    enum rc rc = RC_OK;
    if (single_writes(op)) {
        rc = write_prepare(site, phase, number, &write);
        if (rc == RC_OK)
            rc = store_failed(site, write_execute(site->store, &write), "writing");
    } else if (op->kind == OP_REOPEN || op->kind == OP_CRASH) {
        /* Nobody is killed: what the writer committed are the operations that follow. */
        rc = site_store_close(site);
        if (rc == RC_OK)
            rc = site_store_open(site);
    } else if (op->kind == OP_MEASURE) {
        rc = store_failed(site, store_settle(site->store), "settling");
    }
    return rc;
}

/* As the study leaves a store after a phase. */
static enum rc build_phase_end(struct site *site, size_t phase)
{
    enum rc rc = store_failed(site, store_settle(site->store), "settling");
    if (rc == RC_OK && site->single->manifest->phases[phase].snapshot[0]) {
        rc = site_store_close(site);
        if (rc == RC_OK)
            rc = site_store_open(site);
    }
    return rc;
}

static enum rc site_build(struct site *site)
{
    const struct drawn *drawn = &site->single->drawn;
    enum rc rc = RC_OK;
    for (size_t i = 0, phase = 0; rc == RC_OK; i++) {
        const char *defect = NULL;
        for (; i == drawn->phase_start[phase + 1] && rc == RC_OK; phase++)
            rc = build_phase_end(site, phase);
        if (i == site->single->number)
            break;
        if (rc == RC_OK && i % 64 == 0 && site->trial->stop && *site->trial->stop)
            rc = FAIL(site->err, RC_INTERRUPTED, 0, "interrupted");
        if (rc == RC_OK)
            rc = build_op(site, phase, i);
        site->state.lanes = drawn->phase_lanes[phase];
        if (rc == RC_OK)
            rc = schedule_take(&site->state, &drawn->schedule.ops[i], &defect);
        CHECK(!defect);
        site->state.count = 0;
    }
    return rc;
}

/* ---- the operation --------------------------------------------------------------------------- */

static enum rc time_write(struct site *site, double *ns)
{
    struct write write;
    enum rc rc = write_prepare(site, site->single->phase, site->single->number, &write);
    if (rc != RC_OK)
        return rc;
    uint64_t start = clock_ns();
    rc = write_execute(site->store, &write);
    *ns = (double)(clock_ns() - start);
    rc = store_failed(site, rc, "writing");
    return rc == RC_OK ? write_verify(site, &write) : rc;
}

static enum rc time_read(struct site *site, const struct single_fact *fact, double *ns)
{
    const struct op *op = fact->op;
    struct blob_key key = {.file_id = fact->key, .version = fact->version};
    bool part = op->kind == OP_READ_AT, whole = !part || !has(site, CAP_READ_AT);
    enum rc rc = dataset_content(site->single->dataset, op->file, fact->content, &site->blob);
    if (rc != RC_OK)
        return rc;
    /* The destination is mapped, and holds nothing a read that writes nothing could pass off. */
    memset(site->blob.ptr, 0xa5, site->blob.len);
    buf_clear(&site->blob);
    uint64_t start = clock_ns();
    rc = whole ? store_get(site->store, key, &site->blob)
               : store_read_at(site->store, key, fact->offset, op->len, &site->blob);
    *ns = (double)(clock_ns() - start);
    rc = store_failed(site, rc, "reading");
    struct span got = buf_span(&site->blob);
    if (rc == RC_OK && part && whole) {
        size_t from = fact->offset < got.len ? (size_t)fact->offset : got.len;
        size_t len = got.len - from < fact->len ? got.len - from : (size_t)fact->len;
        got = span_of(got.ptr + from, len);
    }
    if (rc == RC_OK && (got.len != fact->len || !hash128_equal(hash_xxh128(got), fact->hash)))
        rc = FAIL(site->err, RC_INVALID, 0, "%s: the %zu bytes read are not the %" PRIu64 " put",
                  site->spec.label, got.len, fact->len);
    return rc;
}

/* The next row, however the strategy gives it, held against what must be there. */
static enum rc scan_row(struct site *site, uint32_t file, struct buf *got, uint64_t *elapsed)
{
    struct single *single = site->single;
    uint32_t version = site->state.files[file].newest;
    uint32_t content = site->state.files[file].content;
    struct blob_key want = key_of(site, file, version), key = want;
    uint64_t start = clock_ns();
    enum rc rc = has(site, CAP_SCAN) ? store_scan_next(site->store, &key, got)
                                     : store_get(site->store, key, got);
    *elapsed += clock_ns() - start;
    if (rc == RC_OK)
        rc = dataset_content(single->dataset, file, content, &site->blob);
    if (rc == RC_OK && (key.file_id != want.file_id || key.version != want.version ||
                        !span_equal(buf_span(got), buf_span(&site->blob))))
        rc = FAIL(site->err, RC_INVALID, 0, "%s: the scan did not return \"%s\" version %" PRIu32,
                  site->spec.label, Q(ranks_path(&single->ranks, file)), version);
    return rc;
}

static enum rc time_scan(struct site *site, double *ns)
{
    const struct ranks *ranks = &site->single->ranks;
    struct buf got = {0};
    struct blob_key key;
    uint64_t elapsed = 0, start = clock_ns();
    bool scans = has(site, CAP_SCAN);
    enum rc rc = scans ? store_scan_begin(site->store, 0, ranks->count) : RC_OK;
    elapsed += clock_ns() - start;
    for (uint32_t rank = 0; rank < ranks->count && rc == RC_OK; rank++) {
        uint32_t file = ranks->file_at[rank];
        if (file < site->state.file_count && site->state.files[file].place != SCHEDULE_DELETED)
            rc = scan_row(site, file, &got, &elapsed);
    }
    start = clock_ns();
    if (rc == RC_OK && scans && (rc = store_scan_next(site->store, &key, &got)) == RC_OK)
        rc = FAIL(site->err, RC_INVALID, 0, "%s: the scan returned too many files",
                  site->spec.label);
    else if (rc == RC_NOTFOUND)
        rc = store_scan_end(site->store);
    elapsed += clock_ns() - start;
    *ns = (double)elapsed;
    buf_release(&got);
    return store_failed(site, rc, "scanning");
}

static enum rc drop_file(void *ctx, const char *name, uint64_t size, struct err *err)
{
    struct site *site = ctx;
    (void)size;
    return io_drop_cache(&site->io, name, err);
}

/* As reopen.c has it. */
static enum rc time_reopen(struct site *site, double *ns)
{
    enum rc rc = site_store_close(site);
    if (rc == RC_OK)
        rc = io_list(&site->io, "", drop_file, site, site->err);
    uint64_t start = clock_ns();
    if (rc == RC_OK)
        rc = site_store_open(site);
    *ns = (double)(clock_ns() - start);
    return rc == RC_OK ? store_failed(site, store_check(site->store), "checking") : rc;
}

static enum rc time_op(struct site *site, const struct single_fact *fact, double *ns)
{
    switch (fact->op->kind) {
    case OP_INSERT:
    case OP_UPDATE:
    case OP_DELETE: return time_write(site, ns);
    case OP_READ:
    case OP_READ_AT: return time_read(site, fact, ns);
    case OP_SCAN: return time_scan(site, ns);
    case OP_REOPEN: return time_reopen(site, ns);
    case OP_CRASH:
    case OP_MEASURE: break;
    }
    CHECK(false); /* single_check */
    return RC_BUG;
}

/* Whether the operation leaves the store as it was. */
static bool repeats_in_place(const struct site *site, const struct op *op)
{
    return !single_writes(op) && op->kind != OP_REOPEN && !has(site, CAP_READ_WRITES);
}

enum rc single_check(struct single *single, const char *strategy)
{
    const struct op *op = &single->drawn.schedule.ops[single->number];
    struct strategy_spec spec;
    if (op->kind == OP_MEASURE || op->kind == OP_CRASH)
        return FAIL(single->err, RC_USAGE, 0,
                    "--op: operation %zu (%s) cannot be timed alone: only --show has it",
                    single->number, op_name(op->kind));
    return strategy_spec_parse(strategy, &spec, single->err);
}

enum rc single_run(struct single *single, const struct single_trial *trial, double *ns)
{
    struct single_fact fact;
    enum rc rc = single_describe(single, &fact);
    for (uint32_t done = 0; done < trial->repeat && rc == RC_OK;) {
        struct site site;
        rc = site_open(&site, single, trial);
        if (rc == RC_OK)
            rc = site_build(&site);
        do {
            if (rc == RC_OK && trial->stop && *trial->stop)
                rc = FAIL(single->err, RC_INTERRUPTED, 0, "interrupted");
            if (rc == RC_OK)
                rc = time_op(&site, &fact, &ns[done++]);
        } while (rc == RC_OK && done < trial->repeat && repeats_in_place(&site, fact.op));
        site_close(&site);
    }
    return rc;
}
