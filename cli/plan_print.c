/* plan_print.c: the effective plan as a plan file: what was asked, every default spelled out. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan_studies.h"

struct printer {
    const struct plan_study *study;
    struct buf *out;
    struct err *err;
    enum rc rc; /* the first failure; later calls do nothing */
};

#define PUT(printer, ...)                                                            \
    do {                                                                             \
        if ((printer)->rc == RC_OK)                                                  \
            (printer)->rc = buf_printf((printer)->out, (printer)->err, __VA_ARGS__); \
    } while (0)

/* ---- values ---------------------------------------------------------------------------------- */

/* A value may have been typed that no line of a plan gives back. */
static bool is_plan_value(const char *value)
{
    size_t len = strlen(value);
    for (size_t i = 0, step; i < len; i += step) {
        step = utf8_sequence((const uint8_t *)value + i, len - i);
        if (step == 0 || (unsigned char)value[i] < 0x20 || value[i] == 0x7f)
            return false;
    }
    return len > 0 && value[0] != ' ' && value[len - 1] != ' ';
}

static void put_pair(struct printer *printer, int id, const char *value)
{
    if (printer->rc == RC_OK && !is_plan_value(value))
        printer->rc = FAIL(printer->err, RC_USAGE, 0, "%s: \"%s\" cannot be written in a plan",
                           plan_key_name(id), Q(value));
    PUT(printer, "%s = %s\n", plan_key_name(id), value);
}

/* The shortest that reads back equal. */
static void put_number(struct printer *printer, int id, double value)
{
    char text[FORMAT_SIZE];
    for (int digits = 6; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    put_pair(printer, id, text);
}

static void put_count(struct printer *printer, int id, uint64_t value)
{
    PUT(printer, "%s = %" PRIu64 "\n", plan_key_name(id), value);
}

static void put_switch(struct printer *printer, int id, bool value)
{
    put_pair(printer, id, value ? "on" : "off");
}

/* What has no default that could be written: as it was given, or that it was not. */
static void put_given(struct printer *printer, int id)
{
    const struct plan_study *study = printer->study;
    for (size_t i = 0; i < study->count; i++)
        if (study->entries[i].id == id) {
            put_pair(printer, id, study->entries[i].value);
            return;
        }
    if (plan_key_is_switch(id))
        put_switch(printer, id, false);
    else
        PUT(printer, "# %s: none\n", plan_key_name(id));
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* As typed, since tables call it by that; the control is in it whether it was asked for or not. */
static void put_strategies(struct printer *printer)
{
    const struct record_manifest *manifest = &printer->study->manifest;
    for (size_t i = 0; i < manifest->arm_count; i++) {
        const struct record_arm *arm = &manifest->arms[i];
        if (arm->control_again)
            continue;
        put_pair(printer, PLAN_ARG_STRATEGY, arm->spec);
        if (arm->options[0])
            PUT(printer, "#   %s\n", arm->options);
    }
}

static bool seen_before(const struct record_manifest *manifest, size_t phase)
{
    for (size_t i = 0; i < phase; i++)
        if (strcmp(manifest->phases[i].workload, manifest->phases[phase].workload) == 0)
            return true;
    return false;
}

static void put_workloads(struct printer *printer)
{
    const struct record_manifest *manifest = &printer->study->manifest;
    for (size_t i = 0; i < manifest->phase_count; i++)
        if (!seen_before(manifest, i))
            put_pair(printer, PLAN_ARG_WORKLOAD, manifest->phases[i].workload);
}

static void put_sets(struct printer *printer)
{
    const struct record_manifest *manifest = &printer->study->manifest;
    for (size_t i = 0; i < manifest->phase_count; i++)
        if (!seen_before(manifest, i) && manifest->phases[i].options[0])
            PUT(printer, "%s = %s:%s\n", plan_key_name(PLAN_ARG_SET), manifest->phases[i].workload,
                manifest->phases[i].options);
}

static void put_dataset(struct printer *printer)
{
    const struct record_manifest *manifest = &printer->study->manifest;
    put_pair(printer, PLAN_ARG_DATASET, manifest->dataset_spec);
    PUT(printer, "#   %s%s%" PRIu64 " files, %" PRIu64 " bytes, hash %s\n",
        manifest->dataset_options, manifest->dataset_options[0] ? "; " : "",
        manifest->dataset_files, manifest->dataset_bytes, manifest->dataset_hash);
}

/* When it stops: three keys, of which two go together at most. */
static void put_stopping(struct printer *printer)
{
    const struct record_manifest *manifest = &printer->study->manifest;
    const struct record_protocol *protocol = &manifest->protocol;
    if (protocol->stopping != STOPPING_LOOKS) {
        put_count(printer, PLAN_ARG_ROUNDS, manifest->rounds);
        put_switch(printer, PLAN_ARG_UNTIL_DECIDED, protocol->stopping == STOPPING_UNTIL);
        return;
    }
    PUT(printer, "%s =", plan_key_name(PLAN_ARG_LOOKS));
    for (size_t i = 0; i < protocol->look_count; i++)
        PUT(printer, "%s%" PRIu32, i ? "," : " ", protocol->looks[i]);
    PUT(printer, "\n");
}

/* ---- a study --------------------------------------------------------------------------------- */

static void put_key(struct printer *printer, int id)
{
    const struct plan_study *study = printer->study;
    const struct record_manifest *manifest = &study->manifest;
    switch (id) {
    case PLAN_ARG_NAME:    /* of the plan, not of a study */
    case PLAN_ARG_PROFILE: /* strategies and rounds say it */
    case PLAN_ARG_DATA:    /* a dataset */
    case PLAN_ARG_LOOKS:
    case PLAN_ARG_UNTIL_DECIDED: return;
    case PLAN_ARG_STRATEGY: put_strategies(printer); return;
    case PLAN_ARG_DATASET: put_dataset(printer); return;
    case PLAN_ARG_WORKLOAD: put_workloads(printer); return;
    case PLAN_ARG_SET: put_sets(printer); return;
    case PLAN_ARG_ROUNDS: put_stopping(printer); return;
    case PLAN_ARG_ALPHA: put_number(printer, id, manifest->protocol.alpha); return;
    case PLAN_ARG_SEED: put_count(printer, id, manifest->seed); return;
    case PLAN_ARG_DURABILITY: put_pair(printer, id, manifest->durability); return;
    case PLAN_ARG_RETENTION: put_pair(printer, id, manifest->retention); return;
    case PLAN_ARG_BATCH: put_count(printer, id, manifest->batch); return;
    case PLAN_ARG_GUARDRAIL: put_number(printer, id, manifest->guardrail); return;
    case PLAN_ARG_KEEP: put_pair(printer, id, manifest->keep); return;
    case PLAN_ARG_OUT: put_pair(printer, id, plan_study_out(study)); return;
    default: put_given(printer, id); return;
    }
}

enum rc plan_studies_print(const struct plan_studies *studies, struct buf *out, struct err *err)
{
    struct printer printer = {.out = out, .err = err};
    PUT(&printer,
        "# The effective plan, every default spelled out (blobfront " BLOBFRONT_VERSION
        ").\n[global]\nname = %s\n",
        studies->file.name   ? studies->file.name
        : studies->file.stem ? studies->file.stem
                             : "typed");
    for (size_t i = 0; i < studies->count; i++) {
        printer.study = &studies->items[i];
        PUT(&printer, "\n[%s]\n", printer.study->section ? printer.study->section->name : "study");
        for (int id = 0; id < PLAN_ARG_COUNT; id++)
            put_key(&printer, id);
    }
    return printer.rc;
}

enum rc plan_studies_show(const struct plan_studies *studies, struct err *err)
{
    struct buf out = {0};
    enum rc rc = plan_studies_print(studies, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    return rc;
}
