/* phase_metrics.c: the numbers of a phase: differences of meters and counters, latencies, and the
 * checks without which they must not be used.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/lanes.h"
#include "workloads/latency_metrics.h"
#include "workloads/phase_parts.h"

void phase_baseline(struct phase *phase)
{
    phase->base.meter = phase->run->io.meter;
    phase_go_on(phase);
}

/* What the open store counted since it became the phase's, on top of what *sum holds. */
static void add_counted(const struct phase *phase, struct phase_baseline *sum)
{
    const struct store *store = phase->run->store;
    const struct phase_baseline *base = &phase->base;
    const struct codec_stats *codec = codec_set_stats(store->codecs);
    struct commit_audit audit = store_commit_audit(store);
    for (size_t i = 0; i < CTR_COUNT; i++)
        sum->counters[i] += store->counters[i] - base->counters[i];
    for (size_t i = 0; i < CODEC_OUTCOME_COUNT; i++)
        sum->codec.outcomes[i] += codec->outcomes[i] - base->codec.outcomes[i];
    sum->codec.rejected_bytes += codec->rejected_bytes - base->codec.rejected_bytes;
    sum->codec.rejected_ns += codec->rejected_ns - base->codec.rejected_ns;
    sum->audit.commits += audit.commits - base->audit.commits;
    sum->audit.syncs += audit.syncs - base->audit.syncs;
    sum->audit.checkpoints += audit.checkpoints - base->audit.checkpoints;
    sum->audit.violations += audit.violations - base->audit.violations;
    /* Of the whole life of the store that is open: for the message only. */
    sum->audit.min_syncs = audit.min_syncs;
    sum->audit.max_syncs = audit.max_syncs;
}

void phase_carry(struct phase *phase)
{
    add_counted(phase, &phase->carried);
}

void phase_go_on(struct phase *phase)
{
    const struct store *store = phase->run->store;
    phase->base.codec = *codec_set_stats(store->codecs);
    phase->base.audit = store_commit_audit(store);
    memcpy(phase->base.counters, store->counters, sizeof(phase->base.counters));
}

/* The audit is the caller's; everything else is the phase's. */
static struct commit_audit phase_take_deltas(struct phase *phase)
{
    struct phase_baseline sum = phase->carried;
    add_counted(phase, &sum);
    io_meter_delta(&phase->run->io.meter, &phase->base.meter, &phase->meter);
    memcpy(phase->counters, sum.counters, sizeof(phase->counters));
    phase->codec = sum.codec;
    for (size_t i = 0; i < CTR_COUNT; i++)
        phase->run->counters[i] += phase->counters[i];
    return sum.audit;
}

static void set_ratio(struct sample *sample, enum metric metric, double value, double by)
{
    if (by > 0)
        sample->value[metric] = value / by;
}

static enum rc phase_latency_metrics(struct phase *phase)
{
    double *scratch = malloc((phase->timed ? phase->timed : 1) * sizeof(*scratch));
    if (!scratch)
        return FAIL(phase->run->err, RC_NOMEM, 0, "no memory for %zu latencies", phase->timed);
    latency_metrics(phase->sample->value, phase->latencies, phase->timed, scratch);
    free(scratch);
    return RC_OK;
}

static void phase_io_metrics(struct phase *phase)
{
    struct sample *sample = phase->sample;
    const struct io_counts *kind = phase->meter.kind;
    double writes = 0, reads = 0;
    for (size_t k = 0; k < IO_KIND_COUNT; k++) {
        writes += (double)kind[k].calls[IO_OP_WRITE];
        reads += (double)(kind[k].calls[IO_OP_READ] + kind[k].calls[IO_OP_MAP]);
    }
    sample->value[M_WRITE_BYTES] = (double)io_meter_write_bytes(&phase->meter);
    sample->value[M_WRITE_CALLS] = writes;
    sample->value[M_READ_BYTES] = (double)io_meter_read_bytes(&phase->meter);
    sample->value[M_READ_CALLS] = reads;
    sample->value[M_SYNCS] = (double)io_meter_syncs(&phase->meter);
    sample->value[M_DB_WRITE_BYTES] = (double)kind[IO_DATABASE].write_bytes;
    sample->value[M_WAL_WRITE_BYTES] = (double)kind[IO_WAL].write_bytes;
    sample->value[M_JOURNAL_WRITE_BYTES] = (double)kind[IO_JOURNAL].write_bytes;
    sample->value[M_TEMP_WRITE_BYTES] = (double)kind[IO_TEMP].write_bytes;
    sample->value[M_EXTERNAL_WRITE_BYTES] = (double)kind[IO_EXTERNAL].write_bytes;
    if (phase->plan->reads_only)
        sample->value[M_BYTES_WRITTEN_BY_READS] = sample->value[M_WRITE_BYTES];
    set_ratio(sample, M_WRITE_AMP_PHYSICAL, sample->value[M_WRITE_BYTES], (double)phase->bytes_in);
}

static void phase_recovery_metrics(struct phase *phase)
{
    if (phase->recoveries > 0)
        phase->sample->value[M_RECOVERED_BYTES] = (double)phase->recovered_bytes;
}

static void phase_strategy_metrics(struct phase *phase)
{
    static const struct {
        enum metric metric;
        enum counter counter;
    } direct[] = {
        {M_UNIQUE_BYTES, CTR_UNIQUE_BYTES}, {M_DUP_BYTES, CTR_DUP_BYTES},
        {M_STORED_BYTES, CTR_STORED_BYTES}, {M_CHUNKS, CTR_CHUNKS},
        {M_COLLECTED, CTR_COLLECTED},       {M_CODEC_NONE, CTR_CODEC_NONE},
        {M_CODEC_ZSTD, CTR_CODEC_ZSTD},     {M_CODEC_BROTLI, CTR_CODEC_BROTLI},
        {M_CACHE_HITS, CTR_CACHE_HITS},     {M_CACHE_MISSES, CTR_CACHE_MISSES},
    };
    struct sample *sample = phase->sample;
    const uint64_t *ctr = phase->counters;
    for (size_t i = 0; i < COUNT_OF(direct); i++)
        sample->value[direct[i].metric] = (double)ctr[direct[i].counter];
    set_ratio(sample, M_DEDUP_RATIO, (double)ctr[CTR_DUP_BYTES], (double)phase->bytes_in);
    set_ratio(sample, M_CHUNK_REUSE, (double)ctr[CTR_CHUNKS_DUP], (double)ctr[CTR_CHUNKS]);
    sample->value[M_CODEC_SKIPPED] = (double)phase->codec.outcomes[CODEC_KEPT_HANDLER];
    sample->value[M_CODEC_REJECTED] = (double)phase->codec.outcomes[CODEC_KEPT_REJECTED];
    sample->value[M_CODEC_REJECTED_BYTES] = (double)phase->codec.rejected_bytes;
    sample->value[M_CODEC_REJECTED_NS] = (double)phase->codec.rejected_ns;
}

static void phase_time_metrics(struct phase *phase)
{
    struct sample *sample = phase->sample;
    double megabytes = (double)(phase->bytes_in + phase->bytes_out) / 1e6;
    sample->value[M_COMMITS] = (double)phase->commits;
    sample->value[M_BYTES_IN] = (double)phase->bytes_in;
    sample->value[M_BYTES_OUT] = (double)phase->bytes_out;
    sample->value[M_SETTLE_NS] = (double)phase->settle_ns;
    sample->value[M_CPU_NS] = (double)phase->cpu.total_ns;
    sample->value[M_CPU_USER_NS] = (double)phase->cpu.user_ns;
    sample->value[M_CPU_SYS_NS] = (double)phase->cpu.sys_ns;
    set_ratio(sample, M_CPU_MS_PER_MB, (double)phase->cpu.total_ns / 1e6, megabytes);
}

/* The durability claimed must be the durability delivered, and the strategy must have accounted for
 * every byte it was given. */
static enum rc phase_audit(struct phase *phase, const struct commit_audit *audit)
{
    struct run *run = phase->run;
    phase->sample->value[M_COMMIT_SYNCS] = (double)audit->syncs;
    phase->sample->value[M_CHECKPOINTS] = (double)phase->checkpoints;
    set_ratio(phase->sample, M_COMMIT_SYNCS_PER_COMMIT, (double)audit->syncs,
              (double)audit->commits);
    if (audit->violations > 0)
        return FAIL(run->err, RC_INVALID, 0,
                    "%s: %" PRIu64 " commits did not sync as durability level %s requires "
                    "(%" PRIu64 " to %" PRIu64 " syncs per commit seen)",
                    phase->plan->name, audit->violations, durability_name(run->durability),
                    audit->min_syncs, audit->max_syncs);
    const uint64_t *ctr = phase->counters;
    if (ctr[CTR_PUT_BYTES] != phase->bytes_in ||
        ctr[CTR_UNIQUE_BYTES] + ctr[CTR_DUP_BYTES] != phase->bytes_in)
        return FAIL(run->err, RC_INVALID, 0,
                    "%s: %" PRIu64 " bytes were put, the strategy accounts for %" PRIu64
                    " unique and %" PRIu64 " duplicate",
                    phase->plan->name, phase->bytes_in, ctr[CTR_UNIQUE_BYTES], ctr[CTR_DUP_BYTES]);
    return RC_OK;
}

static enum rc phase_keep_latencies(struct phase *phase)
{
    char name[128];
    struct buf path = {0};
    struct err *err = &phase->run->outside_err;
    enum rc rc = buf_printf(&path, err, "%s/%s", phase->run->request->study_dir,
                            latencies_name(name, phase->run->request->run, phase->plan->name));
    if (rc == RC_OK)
        rc = latencies_write(buf_str(&path), phase->latencies, phase->timed, err);
    buf_release(&path);
    return rc;
}

enum rc phase_measure(struct phase *phase)
{
    struct commit_audit audit = phase_take_deltas(phase);
    enum rc rc = phase_audit(phase, &audit);
    if (rc == RC_OK)
        rc = phase_latency_metrics(phase);
    if (rc != RC_OK)
        return rc;
    rc = series_measure(phase);
    if (rc != RC_OK)
        return rc;
    phase_time_metrics(phase);
    phase_io_metrics(phase);
    phase_strategy_metrics(phase);
    phase_recovery_metrics(phase);
    if (phase->lanes > 0)
        rc = lanes_metrics(phase);
    if (rc != RC_OK)
        return rc;
    return phase_keep_latencies(phase);
}
