/* crash.c: the process that writes is killed, and its store opened again.
 *
 * The store is closed before a child is forked, so no handle of SQLite is ever seen by two
 * processes; the contents are generated before as well, since a dataset may read from a process of
 * its own.  The child opens the store, commits its updates, puts one more and raises SIGKILL: no
 * handler runs, nothing is flushed, what it counted stands in memory shared with the parent.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workloads/phase_parts.h"

/* A child that hangs is ended by an alarm. */
enum { CHILD_SECONDS = 600 };

/* Written by the child, read by the parent after its end. */
struct shared {
    struct phase_baseline carried; /* of the phase, what the child committed included */
    struct io_meter meter;
    bool ready; /* everything is done but the kill */
    enum rc rc;
    char msg[sizeof(((struct err *)0)->msg)];
    struct window_op items[]; /* the updates, each with the strategy's counter after it */
};

struct crash {
    struct phase *phase;
    const struct op *op;
    struct shared *shared;
    size_t shared_bytes;
    struct buf *contents; /* of the updates; then of the one that is lost; then the first read */
    struct put_request lost;
    uint32_t lost_deletes; /* 1: the version before goes with it */
};

static struct buf *lost_content(const struct crash *crash)
{
    return &crash->contents[crash->op->len];
}

static struct buf *first_read(const struct crash *crash)
{
    return &crash->contents[crash->op->len + 1];
}

/* ---- before ---------------------------------------------------------------------------------- */

static enum rc crash_init(struct crash *crash, struct phase *phase)
{
    *crash = (struct crash){.phase = phase, .op = &phase->ops[phase->done]};
    size_t updates = crash->op->len;
    crash->shared_bytes = sizeof(struct shared) + updates * sizeof(struct window_op);
    void *shared =
        mmap(NULL, crash->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    crash->contents = calloc(updates + 2, sizeof(*crash->contents));
    if (shared != MAP_FAILED)
        crash->shared = shared;
    if (!crash->shared || !crash->contents)
        return FAIL(phase->run->err, RC_NOMEM, 0, "no memory for %zu updates", updates);
    return RC_OK;
}

static void crash_release(struct crash *crash)
{
    for (size_t i = 0; crash->contents && i < crash->op->len + (size_t)2; i++)
        buf_release(&crash->contents[i]);
    free(crash->contents);
    if (crash->shared)
        (void)munmap(crash->shared, crash->shared_bytes);
}

/* The updates are committed, and the oracle knows them; of the last one it is told nothing. */
static enum rc crash_prepare(struct crash *crash)
{
    struct phase *phase = crash->phase;
    struct run *run = phase->run;
    const struct op *op = crash->op;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < op->len; i++) {
        CHECK(op[1 + i].kind == OP_UPDATE);
        crash->shared->items[i] = (struct window_op){.op = &op[1 + i]};
        rc = window_prepare_put(phase, &crash->shared->items[i], &crash->contents[i]);
    }
    if (rc == RC_OK)
        rc = dataset_content(run->dataset, op->file, op->content, lost_content(crash));
    if (rc != RC_OK)
        return rc;
    CHECK(oracle_newest(&run->oracle, op->file)->version + 1 == op->version);
    crash->lost = (struct put_request){
        .key = {.file_id = run->ranks.rank_of[op->file], .version = op->version},
        .path = span_of_str(ranks_path(&run->ranks, op->file)),
        .bytes = buf_span(lost_content(crash)),
    };
    crash->lost.handler = handler_match(crash->lost.path, crash->lost.bytes);
    crash->lost_deletes = !run->keep_history;
    return RC_OK;
}

/* ---- the process that dies ------------------------------------------------------------------- */

static enum rc crash_updates(struct crash *crash)
{
    struct phase *phase = crash->phase;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < crash->op->len; i++) {
        struct window_op *item = &crash->shared->items[i];
        rc = window_write(phase, item);
        item->stored_bytes = phase->run->store->counters[CTR_STORED_BYTES];
    }
    return rc;
}

static enum rc crash_lose(struct crash *crash)
{
    struct store *store = crash->phase->run->store;
    struct blob_key before = crash->lost.key;
    before.version--;
    enum rc rc = store_begin(store);
    if (rc == RC_OK)
        rc = store_put(store, &crash->lost);
    if (rc == RC_OK && crash->lost_deletes)
        rc = store_del(store, before);
    return rc;
}

static _Noreturn void crash_child(struct crash *crash)
{
    struct phase *phase = crash->phase;
    struct run *run = phase->run;
    struct shared *shared = crash->shared;
    (void)signal(SIGALRM, SIG_DFL);
    (void)alarm(CHILD_SECONDS);
    enum rc rc = run_open_store(run);
    if (rc == RC_OK) {
        phase_go_on(phase);
        rc = crash_updates(crash);
    }
    if (rc == RC_OK) {
        phase_carry(phase);
        shared->carried = phase->carried;
        rc = crash_lose(crash);
    }
    shared->meter = run->io.meter;
    shared->ready = rc == RC_OK;
    if (rc == RC_OK)
        (void)kill(getpid(), SIGKILL);
    shared->rc = rc;
    (void)snprintf(shared->msg, sizeof(shared->msg), "%s",
                   run->store ? store_error(run->store)->msg : run->err->msg);
    _exit(1);
}

static enum rc crash_failed(const struct crash *crash, enum rc rc, const char *what)
{
    const struct phase *phase = crash->phase;
    return FAIL(phase->run->err, run_blame(rc), 0, "%s: operation %zu: %s", phase->plan->name,
                phase->done, what);
}

/* Fork it and see it die as it should. */
static enum rc crash_happens(struct crash *crash)
{
    struct shared *shared = crash->shared;
    int status = 0;
    pid_t pid = fork(), ended;
    if (pid < 0)
        return FAIL(&crash->phase->run->outside_err, RC_NOMEM, 0,
                    "cannot fork the process that is to be killed");
    if (pid == 0)
        crash_child(crash);
    do
        ended = waitpid(pid, &status, 0);
    while (ended < 0);
    crash->phase->run->io.meter = shared->meter;
    if (shared->ready && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return RC_OK;
    if (shared->rc != RC_OK)
        return crash_failed(crash, shared->rc, shared->msg);
    char what[80];
    (void)snprintf(what, sizeof(what), "the process that was to be killed ended by signal %d",
                   WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return crash_failed(crash, RC_INVALID, what);
}

/* ---- after ----------------------------------------------------------------------------------- */

static const struct fact_of_blob *first_fact(const struct crash *crash)
{
    return oracle_newest(&crash->phase->run->oracle, crash->op->file);
}

/* Memory that holds nothing of what is to be read. */
static enum rc prepare_first_read(struct crash *crash)
{
    enum { STALE = 0xa5 };
    struct buf *slot = first_read(crash);
    size_t len = first_fact(crash)->len;
    enum rc rc = buf_reserve(slot, len ? len : 1, crash->phase->run->err);
    if (rc == RC_OK)
        memset(slot->ptr, STALE, slot->cap);
    return rc;
}

static enum rc read_first(struct crash *crash)
{
    struct run *run = crash->phase->run;
    struct blob_key key = crash->lost.key;
    key.version = first_fact(crash)->version;
    enum rc rc = store_get(run->store, key, first_read(crash));
    return rc == RC_OK ? rc : phase_failed(crash->phase, rc, crash->phase->done);
}

/* Bytes of logs that opening the store had to read. */
static uint64_t log_bytes(const struct io_meter *meter)
{
    return meter->kind[IO_WAL].read_bytes + meter->kind[IO_JOURNAL].read_bytes;
}

static enum rc recover(struct crash *crash)
{
    struct phase *phase = crash->phase;
    struct run *run = phase->run;
    uint64_t before_bytes = log_bytes(&run->io.meter);
    struct cpu_time before = clock_cpu();
    uint64_t start_ns = clock_ns();
    enum rc rc = run_open_store(run);
    if (rc == RC_OK) {
        phase_go_on(phase);
        rc = read_first(crash);
    }
    uint64_t elapsed_ns = clock_ns() - start_ns;
    phase_add_cpu(phase, before);
    if (rc != RC_OK)
        return rc;
    phase_add_latency(phase, elapsed_ns, first_fact(crash)->len, LATENCY_OPEN);
    phase->recoveries++;
    phase->recovered_bytes += log_bytes(&run->io.meter) - before_bytes;
    return RC_OK;
}

/* What was committed is there, of what was not there is nothing. */
static enum rc expect_committed(struct crash *crash, const struct window_op *item, struct buf *buf)
{
    struct run *run = crash->phase->run;
    const struct fact_of_blob *fact = &run->oracle.facts[item->fact];
    enum rc rc = store_peek(run->store, item->put.key, buf);
    if (rc == RC_NOTFOUND && fact->dropped)
        return RC_OK;
    if (rc == RC_OK && fact->dropped)
        return crash_failed(crash, RC_INVALID, "a version that was deleted came back");
    if (rc == RC_NOTFOUND)
        return crash_failed(crash, rc, "an update that was committed before the kill is missing");
    if (rc != RC_OK)
        return phase_failed(crash->phase, rc, crash->phase->done);
    return run_verify(run, fact, buf_span(buf), crash->phase->plan->name, false);
}

static enum rc expect_lost(struct crash *crash, struct buf *buf)
{
    enum rc rc = store_peek(crash->phase->run->store, crash->lost.key, buf);
    if (rc == RC_OK)
        return crash_failed(crash, RC_INVALID,
                            "an update that was not committed before the kill is there");
    return rc == RC_NOTFOUND ? RC_OK : phase_failed(crash->phase, rc, crash->phase->done);
}

/* Outside every clock and meter. */
static enum rc crash_verify(struct crash *crash)
{
    struct phase *phase = crash->phase;
    struct run *run = phase->run;
    struct io_meter meter = run->io.meter;
    struct buf buf = {0};
    uint64_t stored = 0;
    phase->bytes_out += first_fact(crash)->len;
    enum rc rc =
        run_verify(run, first_fact(crash), buf_span(first_read(crash)), phase->plan->name, true);
    for (size_t i = 0; rc == RC_OK && i < crash->op->len; i++) {
        const struct window_op *item = &crash->shared->items[i];
        phase->bytes_in += item->put.bytes.len;
        phase->commits += item->commits;
        rc = window_attribute(run, item, item->stored_bytes - stored);
        stored = item->stored_bytes;
        if (rc == RC_OK)
            rc = expect_committed(crash, item, &buf);
    }
    if (rc == RC_OK)
        rc = expect_lost(crash, &buf);
    if (rc == RC_OK && (rc = store_check(run->store)) != RC_OK)
        rc = phase_failed(phase, rc, phase->done);
    buf_release(&buf);
    run->io.meter = meter;
    return rc;
}

/* The same updates and the same read, of a store that would not outlive its process. */
static enum rc crash_spared(struct crash *crash)
{
    struct phase *phase = crash->phase;
    uint64_t stored = phase->run->store->counters[CTR_STORED_BYTES];
    enum rc rc = crash_updates(crash);
    for (size_t i = 0; i < crash->op->len; i++)
        crash->shared->items[i].stored_bytes -= stored;
    if (rc != RC_OK)
        return phase_failed(phase, rc, phase->done);
    return read_first(crash);
}

static enum rc crash_for_real(struct crash *crash)
{
    struct phase *phase = crash->phase;
    struct run *run = phase->run;
    phase_carry(phase);
    enum rc rc = run_close_store(run);
    if (rc == RC_OK)
        rc = crash_happens(crash);
    if (rc == RC_OK) {
        phase->carried = crash->shared->carried;
        rc = reopen_drop_files(run);
    }
    return rc == RC_OK ? recover(crash) : rc;
}

enum rc crash_step(struct phase *phase)
{
    struct crash crash;
    enum rc rc = crash_init(&crash, phase);
    if (rc == RC_OK)
        rc = crash_prepare(&crash);
    if (rc == RC_OK)
        rc = prepare_first_read(&crash);
    if (rc == RC_OK)
        rc = phase->run->arm->volatile_floor ? crash_spared(&crash) : crash_for_real(&crash);
    if (rc == RC_OK)
        rc = crash_verify(&crash);
    phase->done += 1 + (size_t)crash.op->len;
    crash_release(&crash);
    return rc;
}
