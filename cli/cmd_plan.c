/* plan: what a study would take and could show, without running it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/estimate.h"
#include "cli/cli.h"
#include "cli/plan_studies.h"
#include "cli/scratch.h"

enum { PLAN_FROM = PLAN_ARG_COUNT, PLAN_PILOT, PLAN_JSON, PLAN_SECTION, PLAN_PARSE_ONLY };
enum { PILOT_ROUNDS = 3 };

static const struct arg rows[] = {
    {PLAN_FROM, "--from", "RECORD", NULL, "take time, bytes and noise from an earlier study"},
    {PLAN_PILOT, "--pilot", NULL, NULL, "measure them in three rounds that are not kept"},
    {PLAN_SECTION, "--section", "NAME", NULL, "of the plan only this study, repeatable"},
    {PLAN_PARSE_ONLY, "--parse-only", NULL, NULL, "print the effective plan"},
    {PLAN_JSON, "--json", NULL, NULL, "print JSON (blobfront/plan/1)"},
#define PLAN_ARG(id, name, value, help) {PLAN_ARG_##id, name, value, NULL, help},
#include "cli/plan_args.def"
#undef PLAN_ARG
    {.name = NULL},
};

struct plan_arguments {
    struct plan_asked asked;
    const char *from;
    bool pilot, json, parse_only;
};

static enum rc take(void *ctx, int id, const char *value, const char *value2, struct err *err)
{
    struct plan_arguments *to = ctx;
    (void)value2;
    switch (id) {
    case PLAN_FROM: to->from = value; return RC_OK;
    case PLAN_PILOT: to->pilot = true; return RC_OK;
    case PLAN_JSON: to->json = true; return RC_OK;
    case PLAN_SECTION: return plan_asked_section(&to->asked, value, err);
    case PLAN_PARSE_ONLY: to->parse_only = true; return RC_OK;
    case ARG_OPERAND: to->asked.path = value; return RC_OK;
    default: return plan_asked_take(&to->asked, id, value, err);
    }
}

/* ---- where ----------------------------------------------------------------------------------- */

/* The folder itself or the nearest one above it that is there: a plan makes none. */
static enum rc nearest_folder(const char *path, struct buf *out, struct err *err)
{
    struct stat st;
    enum rc rc = buf_set(out, span_of_str(path), err);
    while (rc == RC_OK && stat(buf_str(out), &st) != 0) {
        while (out->len > 0 && out->ptr[out->len - 1] == '/')
            out->len--;
        while (out->len > 0 && out->ptr[out->len - 1] != '/')
            out->len--;
        if (out->len == 0)
            return buf_set(out, span_of_str("."), err);
    }
    if (rc == RC_OK && !S_ISDIR(st.st_mode))
        rc = FAIL(err, RC_IO, ENOTDIR, "cannot use the folder \"%s\"", Q(buf_str(out)));
    return rc;
}

/* ---- the pilot ------------------------------------------------------------------------------- */

/* The same study in three rounds, in a folder of its own below `out`: on the file system that is
 * going to be used. */
static enum rc run_pilot(const struct plan_args *asked, const char *folder, struct record *record,
                         struct err *err)
{
    struct plan_args plan = *asked;
    struct plan_request *request = &plan.request;
    struct arena arena = {0};
    struct record_manifest manifest;
    request->dry = false;
    request->rounds = PILOT_ROUNDS;
    request->look_count = 0;
    request->until_decided = false;
    request->budget_ns = 0;
    request->keep = "none";
    request->name = "pilot";
    request->out = folder;
    enum rc rc = plan_args_make(&plan, &arena, &manifest, err);
    if (rc == RC_OK) {
        print_note("pilot: %d rounds of %zu runs", PILOT_ROUNDS, manifest.arm_count);
        rc = scratch_study(folder, &manifest, record, err);
    }
    arena_release(&arena);
    return rc;
}

static enum rc pilot(const struct plan_args *asked, const char *out, struct record *record,
                     struct err *err)
{
    struct buf folder = {0};
    enum rc rc = scratch_make(&folder, out, "pilot", err);
    if (rc == RC_OK)
        rc = run_pilot(asked, buf_str(&folder), record, err);
    scratch_remove(&folder);
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static enum rc print_estimate(const struct plan_arguments *to, const struct record_manifest *plan,
                              const struct record *record, struct err *err)
{
    struct summary summary = {.record = NULL};
    struct estimate estimate = {.plan = NULL};
    struct buf out = {0};
    enum rc rc = record ? summary_build(&summary, record, err) : RC_OK;
    if (rc == RC_OK && record && record->run_count == 0)
        rc = FAIL(err, RC_USAGE, 0, "\"%s\": the record holds no finished run", Q(record->dir));
    if (rc == RC_OK)
        rc = estimate_build(&estimate, plan, record ? &summary : NULL, err);
    if (rc == RC_OK)
        rc = to->json ? estimate_json(&estimate, &out, err) : estimate_text(&estimate, &out, err);
    if (rc == RC_OK)
        rc = print_out(buf_span(&out), err);
    buf_release(&out);
    estimate_release(&estimate);
    summary_release(&summary);
    return rc;
}

static enum rc estimate_study(const struct plan_arguments *to, const struct plan_study *study,
                              const struct record *from, bool several, struct err *err)
{
    struct record seen = {.dir = NULL};
    struct buf head = {0};
    enum rc rc = RC_OK;
    if (to->pilot) {
        rc = pilot(&study->args, plan_study_out(study), &seen, err);
        from = &seen;
    }
    if (rc == RC_OK && several) {
        rc = buf_printf(&head, err, "\n[%s]\n", study->section->name);
        if (rc == RC_OK)
            rc = print_out(buf_span(&head), err);
    }
    if (rc == RC_OK)
        rc = print_estimate(to, &study->manifest, from, err);
    buf_release(&head);
    record_release(&seen);
    return rc;
}

static enum rc estimate_studies(const struct plan_arguments *to, struct plan_studies *studies,
                                struct err *err)
{
    struct record record = {.dir = NULL};
    bool several = studies->count > 1;
    enum rc rc = RC_OK;
    if (several && to->json)
        rc = FAIL(err, RC_USAGE, 0,
                  "--json: expected one study, the plan has %zu (choose one with --section)",
                  studies->count);
    if (rc == RC_OK)
        rc = plan_studies_describe(studies, err);
    if (rc == RC_OK && to->from)
        rc = record_load(&record, to->from, err);
    for (size_t i = 0; rc == RC_OK && i < studies->count; i++) {
        struct err cause = {0};
        rc = estimate_study(to, &studies->items[i], record.dir ? &record : NULL, several, &cause);
        if (rc != RC_OK)
            rc = plan_study_fail(&studies->items[i], &cause, err);
    }
    record_release(&record);
    return rc;
}

/* Where the studies would be written, as far as that is there: a plan makes no folder. */
static enum rc find_folders(struct plan_studies *studies, struct buf *folders, struct err *err)
{
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < studies->count; i++) {
        rc = nearest_folder(plan_study_out(&studies->items[i]), &folders[i], err);
        if (rc == RC_OK)
            studies->items[i].args.request.out = buf_str(&folders[i]);
    }
    return rc;
}

static enum rc plan(int argc, char **argv, struct err *err)
{
    struct plan_arguments to = {.from = NULL};
    struct args args = {
        .rows = rows,
        .lists = PLAN_ARG_LISTS | (uint64_t)1 << PLAN_SECTION,
        .operands_max = 1,
        .operands = "[PLAN]",
        .take = take,
        .ctx = &to,
    };
    struct plan_studies studies = {.count = 0};
    struct buf folders[PLAN_SECTIONS_MAX] = {{0}};
    enum rc rc = args_parse(&args, argc, argv, err);
    if (rc == RC_OK && to.from && to.pilot)
        rc = FAIL(err, RC_USAGE, 0, "--from and --pilot: expected one of them");
    if (rc == RC_OK)
        rc = plan_studies_choose(&studies, &to.asked, err);
    if (rc == RC_OK && !to.parse_only)
        rc = find_folders(&studies, folders, err);
    if (rc == RC_OK)
        rc = plan_studies_make(&studies, err);
    if (rc == RC_OK)
        rc =
            to.parse_only ? plan_studies_show(&studies, err) : estimate_studies(&to, &studies, err);
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        buf_release(&folders[i]);
    plan_studies_release(&studies);
    return rc;
}

const struct command command_plan = {
    .name = "plan",
    .summary = "what a study would take and could show: cells, time, disk, smallest change",
    .examples = "  blobfront plan --profile full --pilot\n"
                "  blobfront plan --looks 16,24,40 --budget 10m --from results/runs/mine\n",
    .rows = rows,
    .operands = "[PLAN]",
    .run = plan,
};
