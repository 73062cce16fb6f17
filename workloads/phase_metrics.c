/* phase_metrics.c: the numbers of a phase: differences of meters and counters, latencies, and the
 * checks without which they must not be used.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/latency_metrics.h"
#include "workloads/phase_parts.h"

void phase_baseline(const struct run *run, struct phase_baseline *base)
{
    base->meter = run->io.meter;
    base->codec = *codec_set_stats(run->store->codecs);
    base->audit = store_commit_audit(run->store);
    memcpy(base->counters, run->store->counters, sizeof(base->counters));
}

static void phase_take_deltas(struct phase *phase, const struct phase_baseline *base)
{
    struct run *run = phase->run;
    const struct codec_stats *codec = codec_set_stats(run->store->codecs);
    io_meter_delta(&run->io.meter, &base->meter, &phase->meter);
    for (size_t i = 0; i < CTR_COUNT; i++) {
        phase->counters[i] = run->store->counters[i] - base->counters[i];
        run->counters[i] += phase->counters[i];
    }
    for (size_t i = 0; i < CODEC_OUTCOME_COUNT; i++)
        phase->codec.outcomes[i] = codec->outcomes[i] - base->codec.outcomes[i];
    phase->codec.rejected_bytes = codec->rejected_bytes - base->codec.rejected_bytes;
    phase->codec.rejected_ns = codec->rejected_ns - base->codec.rejected_ns;
}

static void set_ratio(struct sample *sample, enum metric metric, double value, double by)
{
    if (by > 0)
        sample->value[metric] = value / by;
}

static enum rc phase_latency_metrics(struct phase *phase)
{
    double *scratch = malloc((phase->op_count ? phase->op_count : 1) * sizeof(*scratch));
    if (!scratch)
        return FAIL(phase->run->err, RC_NOMEM, 0, "no memory for %zu latencies", phase->op_count);
    latency_metrics(phase->sample->value, phase->latencies, phase->op_count, scratch);
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
static enum rc phase_audit(struct phase *phase, const struct commit_audit *before)
{
    struct run *run = phase->run;
    struct commit_audit now = store_commit_audit(run->store);
    uint64_t syncs = now.syncs - before->syncs;
    phase->sample->value[M_COMMIT_SYNCS] = (double)syncs;
    phase->sample->value[M_CHECKPOINTS] = (double)phase->checkpoints;
    set_ratio(phase->sample, M_COMMIT_SYNCS_PER_COMMIT, (double)syncs,
              (double)(now.commits - before->commits));
    if (now.violations != before->violations)
        return FAIL(run->err, RC_INVALID, 0,
                    "%s: %" PRIu64 " commits did not sync as durability level %s requires "
                    "(%" PRIu64 " to %" PRIu64 " syncs per commit seen)",
                    phase->plan->name, now.violations - before->violations,
                    durability_name(run->durability), now.min_syncs, now.max_syncs);
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
        rc = latencies_write(buf_str(&path), phase->latencies, phase->op_count, err);
    buf_release(&path);
    return rc;
}

enum rc phase_measure(struct phase *phase, const struct phase_baseline *base)
{
    phase_take_deltas(phase, base);
    enum rc rc = phase_audit(phase, &base->audit);
    if (rc == RC_OK)
        rc = phase_latency_metrics(phase);
    if (rc != RC_OK)
        return rc;
    phase_time_metrics(phase);
    phase_io_metrics(phase);
    phase_strategy_metrics(phase);
    return phase_keep_latencies(phase);
}
