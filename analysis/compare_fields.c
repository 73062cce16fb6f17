/* compare_fields.c: what must be equal for two records to be comparable. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"

typedef void field_print(const struct record_manifest *manifest, char dst[COMPARE_FIELD_SIZE]);

static void set_text(char dst[COMPARE_FIELD_SIZE], const char *value)
{
    (void)snprintf(dst, COMPARE_FIELD_SIZE, "%.250s", value);
}

static const char *fact_value(const struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].name, name) == 0)
            return facts->items[i].value;
    }
    return "";
}

static void print_dataset(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, m->dataset_hash);
}

static void print_seed(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    (void)snprintf(dst, COMPARE_FIELD_SIZE, "%" PRIu64, m->seed);
}

static void print_durability(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, m->durability);
}

static void print_retention(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, m->retention);
}

static void print_batch(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    (void)snprintf(dst, COMPARE_FIELD_SIZE, "%" PRIu32, m->batch);
}

static void print_open_loop(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    if (m->protocol.open_loop_per_s > 0)
        (void)snprintf(dst, COMPARE_FIELD_SIZE, "%.6g operations/s", m->protocol.open_loop_per_s);
    else if (m->trace.speed > 0)
        (void)snprintf(dst, COMPARE_FIELD_SIZE, "%.6g times the pace of the trace", m->trace.speed);
    else
        set_text(dst, "closed loop");
}

/* Recorded operations are those the workloads draw again, which the plan says; imported ones are in
 * the trace alone. */
static void print_operations(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, "the workloads'");
    for (size_t i = 0; i < m->phase_count; i++)
        if (record_has_trace(m) && strcmp(m->phases[i].workload, RECORD_TRACE_WORKLOAD) == 0)
            set_text(dst, m->trace.hash);
}

static void print_warmup(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    (void)snprintf(dst, COMPARE_FIELD_SIZE, "%" PRIu32 " operations or %.6g %%",
                   m->protocol.warmup_min, 100 * m->protocol.warmup_share);
}

/* What a build is called, not what is in it: another program is what is compared. */
static void print_builds(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    size_t used = 0;
    set_text(dst, m->build_count == 0 ? "none" : "");
    for (size_t i = 0; i < m->build_count && used + 1 < COMPARE_FIELD_SIZE; i++)
        used += (size_t)snprintf(dst + used, COMPARE_FIELD_SIZE - used, "%s%.60s", i ? ", " : "",
                                 m->builds[i].label);
}

static void print_cpu(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, fact_value(&m->host, "cpu"));
}

static void print_cores(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, fact_value(&m->host, "cores"));
}

static void print_memory(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, fact_value(&m->host, "memory"));
}

static void print_kernel(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, fact_value(&m->host, "kernel"));
}

static void print_governor(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, fact_value(&m->host, "governor"));
}

static void print_filesystem(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, fact_value(&m->host, "filesystem"));
}

static void print_sqlite(const struct record_manifest *m, char dst[COMPARE_FIELD_SIZE])
{
    set_text(dst, fact_value(&m->libraries, "sqlite"));
}

/* What a kernel reserves for itself moves the size of memory a little from boot to boot. */
static bool about_equal(const char *a, const char *b)
{
    double x = strtod(a, NULL), y = strtod(b, NULL);
    return x > 0 && y > 0 && fabs(x - y) <= 0.02 * fmax(x, y);
}

bool compare_field_next(const struct record_manifest *before, const struct record_manifest *after,
                        size_t *at, struct compare_field *field)
{
    static const struct {
        const char *name;
        field_print *print;
        bool about;
    } fields[] = {
        {"dataset hash", print_dataset, false},
        {"seed", print_seed, false},
        {"durability", print_durability, false},
        {"retention", print_retention, false},
        {"batch", print_batch, false},
        {"open loop", print_open_loop, false},
        {"operations", print_operations, false},
        {"warm-up", print_warmup, false},
        {"builds", print_builds, false},
        {"host cpu", print_cpu, false},
        {"host cores", print_cores, false},
        {"host memory", print_memory, true},
        {"host governor", print_governor, false},
        {"kernel", print_kernel, false},
        {"file system", print_filesystem, false},
        {"SQLite version", print_sqlite, false},
    };
    while (*at < COUNT_OF(fields)) {
        size_t i = (*at)++;
        field->name = fields[i].name;
        fields[i].print(before, field->before);
        fields[i].print(after, field->after);
        if (strcmp(field->before, field->after) != 0 &&
            !(fields[i].about && about_equal(field->before, field->after)))
            return true;
    }
    return false;
}

/* ---- places --------------------------------------------------------------------------------- */

/* How many phases, from the first on, do the same work in both. */
static size_t like_phases(const struct record_manifest *a, const struct record_manifest *b)
{
    size_t i = 0;
    while (i < a->phase_count && i < b->phase_count &&
           strcmp(a->phases[i].name, b->phases[i].name) == 0 &&
           strcmp(a->phases[i].workload, b->phases[i].workload) == 0 &&
           strcmp(a->phases[i].options, b->phases[i].options) == 0)
        i++;
    return i;
}

/* The number of phases that must be alike for `place` to be: itself and all before it. */
static size_t phases_until(const struct record_manifest *manifest,
                           const struct summary_place *place)
{
    if (place->scope == RUN)
        return manifest->phase_count;
    for (size_t i = 0; i < manifest->phase_count; i++) {
        const struct record_phase *phase = &manifest->phases[i];
        if (strcmp(place->scope == PHASE ? phase->name : phase->snapshot, place->name) == 0)
            return i + 1;
    }
    return 0; /* the snapshot before the first phase */
}

size_t compare_place(const struct summary *from, const struct summary *to, size_t place)
{
    const struct record_manifest *a = &from->record->manifest, *b = &to->record->manifest;
    const struct summary_place *what = &from->places[place];
    size_t alike = like_phases(a, b);
    if (alike < phases_until(a, what) || (what->scope == RUN && alike < b->phase_count))
        return SUMMARY_NONE;
    return summary_place(to, what->scope, what->name);
}
