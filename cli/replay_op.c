#include "cli/replay_op.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "engine/quantile.h"
#include "workloads/single.h"
#include "workloads/tool.h"

static enum rc print_bytes(const struct single_fact *fact, struct buf *out, struct err *err)
{
    char len[FORMAT_SIZE], offset[FORMAT_SIZE], hash[HEX_SIZE];
    enum rc rc = buf_printf(out, err, "  bytes     %s", format_count(len, fact->len));
    if (rc == RC_OK && fact->op->kind == OP_READ_AT)
        rc = buf_printf(out, err, " at %s", format_count(offset, fact->offset));
    if (rc == RC_OK)
        rc = buf_printf(out, err, "\n  XXH3-128  %s\n",
                        hex_str(hash, span_of(fact->hash.bytes, sizeof(fact->hash.bytes))));
    return rc;
}

static enum rc print_file(const struct single_fact *fact, struct buf *out, struct err *err)
{
    bool deletes = fact->op->kind == OP_DELETE;
    enum rc rc =
        buf_printf(out, err, "  path      \"%s\"\n  key       %" PRIu64 ", version %" PRIu32,
                   Q(fact->path), fact->key, fact->version);
    if (rc == RC_OK && !deletes)
        rc = buf_printf(out, err, " (file %" PRIu32 ", version %" PRIu32 " of the dataset)",
                        fact->op->file, fact->content);
    if (rc == RC_OK && fact->deletes)
        rc = buf_printf(out, err, "\n  deletes   %" PRIu32 " version%s", fact->deletes,
                        fact->deletes == 1 ? "" : "s");
    if (rc == RC_OK)
        rc = buf_printf(out, err, "\n");
    return rc == RC_OK && !deletes ? print_bytes(fact, out, err) : rc;
}

static enum rc print_fact(const struct single *single, const struct single_fact *fact,
                          struct buf *out, struct err *err)
{
    const struct op *op = fact->op;
    enum rc rc =
        buf_printf(out, err, "%s:%zu, operation %zu of %zu: %s\n", fact->phase, fact->index,
                   single->number, single->drawn.schedule.count, op_name(op->kind));
    if (rc == RC_OK && single_writes(op))
        rc = buf_printf(out, err, "  batch     %s, %s\n",
                        fact->begins ? "begins with it" : "began before it",
                        fact->commits ? "ends with it" : "goes on after it");
    if (rc == RC_OK && op->kind == OP_SCAN)
        rc = buf_printf(out, err, "  files     %" PRIu32 "\n", op->version);
    if (rc == RC_OK && (single_writes(op) || op->kind == OP_READ || op->kind == OP_READ_AT))
        rc = print_file(fact, out, err);
    if (rc == RC_OK && single->drawn.times_ns) {
        char due[FORMAT_SIZE];
        rc = buf_printf(out, err, "  time      %s after the phase's first\n",
                        format_ns(due, (double)single->drawn.times_ns[single->number]));
    }
    return rc;
}

static const char *verified_how(const struct op *op)
{
    switch (op->kind) {
    case OP_INSERT:
    case OP_UPDATE: return "read back, the bytes put";
    case OP_DELETE: return "looked for, not found any more";
    case OP_REOPEN: return "the store's own invariants hold";
    default: return "the bytes that were put";
    }
}

static enum rc print_latencies(const struct replay_op *request, const struct single_fact *fact,
                               double *ns, struct buf *out, struct err *err)
{
    char p50[FORMAT_SIZE], least[FORMAT_SIZE], most[FORMAT_SIZE];
    size_t n = request->repeat;
    quantile_sort(ns, n);
    return buf_printf(out, err, "  %s: n %zu, p50 %s, min %s, max %s; verified %zu of %zu: %s\n",
                      Q(request->strategy), n, format_ns(p50, quantile_type7(ns, n, 0.5)),
                      format_ns(least, ns[0]), format_ns(most, ns[n - 1]), n, n,
                      verified_how(fact->op));
}

/* Its stores lie below `out` while it runs. */
static enum rc run_trial(const struct replay_op *request, struct single *single, double *ns,
                         struct err *err)
{
    struct buf place = {0};
    struct single_trial trial = {
        .strategy = request->strategy,
        .repeat = request->repeat,
        .stop = &stop_signal,
    };
    stop_on_signals(); /* before there is a folder to leave behind */
    enum rc rc =
        buf_printf(&place, err, "%s/.blobfront-op-XXXXXX", request->out ? request->out : ".");
    if (rc == RC_OK && !mkdtemp((char *)place.ptr))
        rc = FAIL(err, RC_IO, errno, "cannot make a folder in \"%s\"",
                  Q(request->out ? request->out : "."));
    else if (rc == RC_OK) {
        trial.place = buf_str(&place);
        rc = single_run(single, &trial, ns);
        tool_remove(trial.place);
    }
    buf_release(&place);
    return rc;
}

enum rc replay_op_run(const struct replay_op *request, const struct record_manifest *manifest,
                      const char *dir, struct err *err)
{
    struct single single;
    struct single_fact fact;
    struct buf out = {0};
    double *ns = calloc(request->repeat, sizeof(*ns));
    enum rc rc = ns ? RC_OK : FAIL(err, RC_NOMEM, 0, "no memory for the latencies");
    if (rc != RC_OK)
        return rc;
    rc = single_open(&single, manifest, dir, err);
    if (rc == RC_OK)
        rc = single_find(&single, request->op);
    if (rc == RC_OK)
        rc = single_describe(&single, &fact);
    if (rc == RC_OK)
        rc = print_fact(&single, &fact, &out, err);
    if (rc == RC_OK && !request->show)
        rc = single_check(&single, request->strategy);
    if (rc == RC_OK && !request->show)
        rc = run_trial(request, &single, ns, err);
    if (rc == RC_OK && !request->show)
        rc = print_latencies(request, &fact, ns, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    single_close(&single);
    buf_release(&out);
    free(ns);
    return rc;
}
