#include "cli/verify.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/look.h"
#include "engine/hash.h"
#include "engine/host.h"
#include "workloads/latency_metrics.h"

/* ---- raw latencies -------------------------------------------------------------------------- */

/* A phase that was not measured to its end, in an INVALID run, or was left out has no latencies. */
static bool has_latencies(const struct record *record, const struct sample *sample)
{
    const struct sample *run = record_find(record, sample->run, SAMPLE_RUN, "");
    if (sample->unsupported[0] != '\0')
        return false;
    return sample->kind == SAMPLE_PHASE && !(isnan(sample->value[M_OPS]) && run && !run->valid);
}

static const enum metric from_latencies[] = {
    M_OPS,         M_WALL_NS,      M_OPS_PER_S,    M_P50_NS,       M_P95_NS,
    M_P99_NS,      M_MAX_NS,       M_P50_FIRST_NS, M_P95_4K_NS,    M_P95_64K_NS,
    M_P95_1M_NS,   M_P95_LARGE_NS, M_STALL_NS,     M_STALL_SHARE,  M_P50_SECOND_NS,
    M_OPEN_P50_NS, M_READ_P50_NS,  M_READ_P95_NS,  M_WRITE_P50_NS, M_WRITE_P95_NS,
};

/* In open loop these two are of the service, of several threads they are of the time these ran:
 * latencies alone do not tell. */
static bool is_service(const struct record *record, const struct sample *sample, enum metric metric)
{
    return (record_is_open_loop(&record->manifest) || sample->value[M_READERS] > 0) &&
           (metric == M_WALL_NS || metric == M_OPS_PER_S);
}

/* Equal, but for what another compiler may make of the same arithmetic. */
static bool about_equal(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static enum rc compare_values(const struct record *record, const struct sample *sample,
                              const char *name, const double *value, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(from_latencies); i++) {
        enum metric metric = from_latencies[i];
        if (is_service(record, sample, metric) || about_equal(sample->value[metric], value[metric]))
            continue;
        return FAIL(
            err, RC_CORRUPT, 0, "samples.jsonl:%u: \"%s\" is %.17g, the latencies in %s give %.17g",
            sample->line, metric_table[metric].name, sample->value[metric], name, value[metric]);
    }
    return RC_OK;
}

static enum rc check_items(const struct record *record, const struct sample *sample,
                           const char *name, const struct latency *items, size_t count,
                           struct err *err)
{
    double value[METRIC_COUNT];
    double *scratch = calloc(count + 1, sizeof(*scratch));
    if (!scratch)
        return FAIL(err, RC_NOMEM, 0, "no memory for %zu latencies", count);
    for (size_t m = 0; m < METRIC_COUNT; m++)
        value[m] = NAN;
    latency_metrics(value, items, count, scratch);
    if (sample->value[M_READERS] > 0)
        latency_metrics_lanes(value, items, count, scratch);
    free(scratch);
    return compare_values(record, sample, name, value, err);
}

static enum rc check_file(const struct record *record, const struct sample *sample,
                          struct buf *path, struct err *err)
{
    struct latency *items = NULL;
    size_t count = 0;
    char name[128];
    struct stat st;
    buf_clear(path);
    enum rc rc = buf_printf(path, err, "%s/%s", record->dir,
                            latencies_name(name, sample->run, sample->name));
    if (rc == RC_OK && stat(buf_str(path), &st) != 0)
        return FAIL(err, RC_CORRUPT, 0, "\"%s\" is missing, samples.jsonl:%u tells of it",
                    Q(buf_str(path)), sample->line);
    if (rc == RC_OK)
        rc = latencies_read(buf_str(path), &items, &count, err);
    if (rc == RC_OK && sample->value[M_OPS] >= 0 && (double)count != sample->value[M_OPS])
        rc = FAIL(err, RC_CORRUPT, 0, "%s: %zu latencies, samples.jsonl:%u says \"ops\" %.0f", name,
                  count, sample->line, sample->value[M_OPS]);
    if (rc == RC_OK)
        rc = check_items(record, sample, name, items, count, err);
    free(items);
    return rc;
}

enum rc verify_latencies(const struct record *record, struct err *err)
{
    struct buf path = {0};
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < record->sample_count; i++)
        if (has_latencies(record, &record->samples[i]))
            rc = check_file(record, &record->samples[i], &path, err);
    buf_release(&path);
    return rc;
}

/* ---- looks ---------------------------------------------------------------------------------- */

/* The record as the look found it: what was run until then, and the looks before.  `kept` has room
 * for all samples. */
static struct record record_then(const struct record *record, size_t index, struct sample *kept)
{
    struct record then = *record;
    then.samples = kept;
    then.sample_count = 0;
    then.run_count = 0;
    then.event_count = index;
    for (size_t i = 0; i < record->sample_count; i++) {
        const struct sample *sample = &record->samples[i];
        if (sample->round > record->events[index].round)
            continue;
        kept[then.sample_count++] = *sample;
        then.run_count += sample->kind == SAMPLE_RUN;
    }
    return then;
}

static bool names_arm(const struct record_event *event, uint32_t arm)
{
    for (size_t i = 0; i < event->dropped_count; i++)
        if (event->dropped[i] == arm)
            return true;
    return false;
}

static enum rc compare_look(const struct record *then, const struct record_event *event,
                            const bool *drop, bool ends, const char *said, struct err *err)
{
    const struct record_manifest *manifest = &then->manifest;
    for (uint32_t arm = 0; arm < manifest->arm_count; arm++) {
        bool left = record_dropped_from(then, arm) != UINT32_MAX;
        bool now = drop[arm] && !left && manifest->protocol.racing;
        if (names_arm(event, arm) != now && !left)
            return FAIL(err, RC_INVALID, 0,
                        "events.jsonl:%u: \"dropped\" %s \"%s\", taken again the look says \"%s\"",
                        event->line, now ? "lacks" : "names", Q(manifest->arms[arm].label),
                        Q(said));
    }
    if (event->ends != ends)
        return FAIL(err, RC_INVALID, 0,
                    "events.jsonl:%u: \"ends\" is %s, taken again the look says \"%s\"",
                    event->line, event->ends ? "true" : "false", Q(said));
    return RC_OK;
}

static enum rc take_again(const struct record *record, size_t index, struct sample *kept,
                          bool own_words, struct err *err)
{
    const struct record_event *event = &record->events[index];
    const struct record then = record_then(record, index, kept);
    bool *drop = calloc(record->manifest.arm_count, sizeof(*drop)), ends = false;
    struct buf said = {0};
    enum rc rc = drop ? RC_OK : FAIL(err, RC_NOMEM, 0, "no memory to look at a record again");
    if (rc == RC_OK)
        rc = look_at(&then, event->look, event->rounds, drop, &ends, &said, err);
    if (rc == RC_OK)
        rc = compare_look(&then, event, drop, ends, buf_str(&said), err);
    if (rc == RC_OK && own_words && strcmp(event->reason, buf_str(&said)) != 0)
        rc = FAIL(err, RC_INVALID, 0,
                  "events.jsonl:%u: \"reason\" is \"%s\", taken again it is \"%s\"", event->line,
                  Q(event->reason), Q(buf_str(&said)));
    buf_release(&said);
    free(drop);
    return rc;
}

enum rc verify_looks(const struct record *record, struct err *err)
{
    char hash[HEX_SIZE];
    if (record->manifest.build_count || record->event_count == 0)
        return RC_OK;
    enum rc rc = host_program_hash(hash, err);
    if (rc != RC_OK)
        return rc;
    bool own_words = strcmp(hash, record->manifest.tool_hash) == 0;
    struct sample *kept = calloc(record->sample_count + 1, sizeof(*kept));
    if (!kept)
        return FAIL(err, RC_NOMEM, 0, "no memory to look at a record again");
    for (size_t i = 0; rc == RC_OK && i < record->event_count; i++)
        if (record->events[i].kind == EVENT_LOOK &&
            !record_ends_early(&record->manifest, &record->events[i]))
            rc = take_again(record, i, kept, own_words, err);
    free(kept);
    return rc;
}
